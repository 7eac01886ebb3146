
/*
 * What is looked for in a pool's settings beforehand: libpq would say it when a
 * worker connects, and might quote a part of a password.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/ngx_thread_ws_string.h"
#include "pg/ngx_thread_ws_pg_private.h"


/* one that is none: libpq looks at it last, before it does anything */

#define NGX_THREAD_WS_PG_NO_PORT  "70007"


static ngx_uint_t ngx_thread_ws_pg_takes(ngx_thread_ws_pg_list_t *list,
    const char **keywords, const char **values, ngx_uint_t n);


/*
 * libpq takes the first "@" for the end of the password, and a "/" for the end
 * of the hosts: what is left of a password is a host, a port or a database.
 */

ngx_int_t
ngx_thread_ws_pg_check_uri(ngx_conf_t *cf, ngx_str_t *conninfo)
{
    u_char  *p, *at, *slash, *end, *last;

    if (!ngx_thread_ws_string_begins(conninfo, "postgres://")
        && !ngx_thread_ws_string_begins(conninfo, "postgresql://"))
    {
        return NGX_OK;
    }

    last = conninfo->data + conninfo->len;
    p = ngx_strlchr(conninfo->data, last, ':') + 3;

    at = ngx_strlchr(p, last, '@');
    slash = ngx_strlchr(p, last, '/');

    if (at && (slash == NULL || at < slash)) {
        p = at + 1;
    }

    end = ngx_strlchr(p, last, '?');

    if (ngx_strlchr(p, end ? end : last, '@') == NULL) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" has an \"@\" in its URI where none can be: in "
                       "a user and a password \"@\" is written \"%%40\", "
                       "\"/\" is \"%%2F\"", ngx_thread_ws_pg_directive(cf));

    return NGX_ERROR;
}


ngx_int_t
ngx_thread_ws_pg_check_ports(ngx_conf_t *cf, char *ports)
{
    u_char     *p, *end, *last;
    ngx_int_t   n;

    if (ports == NULL) {
        return NGX_OK;
    }

    last = (u_char *) ports + ngx_strlen(ports);

    for (p = (u_char *) ports; p <= last; p = end + 1) {

        end = ngx_strlchr(p, last, ',');
        end = end ? end : last;

        n = ngx_atoi(p, end - p);

        if (p != end && (n < 1 || n > 65535)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" has an invalid port",
                               ngx_thread_ws_pg_directive(cf));
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* which of them it is, each alone tells; or it is one beside another */

ngx_int_t
ngx_thread_ws_pg_check_settings(ngx_thread_ws_pg_list_t *list)
{
    ngx_uint_t           i, n;
    const char         **keywords, **values;
    ngx_thread_ws_pg_t  *pg;

    pg = list->pg;
    n = list->n - NGX_THREAD_WS_PG_HOSTS;

    keywords = &pg->keywords[NGX_THREAD_WS_PG_HOSTS];
    values = &pg->values[NGX_THREAD_WS_PG_HOSTS];

    if (ngx_thread_ws_pg_takes(list, keywords, values, n)) {
        return NGX_OK;
    }

    for (i = 0; i < n; i++) {
        if (!ngx_thread_ws_pg_takes(list, &keywords[i], &values[i], 1)) {
            ngx_conf_log_error(NGX_LOG_EMERG, list->cf, 0,
                               "\"%V\" has an invalid value of \"%s\"",
                               ngx_thread_ws_pg_directive(list->cf),
                               keywords[i]);
            return NGX_ERROR;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, list->cf, 0,
                       "\"%V\" has settings of libpq that do not go together",
                       ngx_thread_ws_pg_directive(list->cf));

    return NGX_ERROR;
}


/*
 * Whether libpq takes these n settings as far as its own checks go: it comes to
 * the port then.  A password keeps it from looking for one in a file.
 */

static ngx_uint_t
ngx_thread_ws_pg_takes(ngx_thread_ws_pg_list_t *list, const char **keywords,
    const char **values, ngx_uint_t n)
{
    PGconn       *conn;
    const char  **k, **v;
    ngx_uint_t    takes;

    static const char  *own[] = { "host", "hostaddr", "port", "password" };
    static const char  *none[] = { "localhost", "127.0.0.1",
                                   NGX_THREAD_WS_PG_NO_PORT, "none" };

    k = ngx_pcalloc(list->cf->temp_pool, (n + 5) * sizeof(char *));
    v = ngx_pcalloc(list->cf->temp_pool, (n + 5) * sizeof(char *));

    if (k == NULL || v == NULL) {
        return 0;
    }

    ngx_memcpy(k, keywords, n * sizeof(char *));
    ngx_memcpy(v, values, n * sizeof(char *));
    ngx_memcpy(&k[n], own, sizeof(own));
    ngx_memcpy(&v[n], none, sizeof(none));

    conn = PQconnectStartParams(k, v, 0);
    if (conn == NULL) {
        return 0;
    }

    takes = (ngx_strstr(PQerrorMessage(conn), NGX_THREAD_WS_PG_NO_PORT)
             != NULL);

    PQfinish(conn);

    return takes;
}
