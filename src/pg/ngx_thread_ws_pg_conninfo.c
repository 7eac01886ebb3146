
/*
 * A pool's settings, at configuration.
 *
 * All that libpq would look up by itself is looked up here: what the
 * environment and a service file say, which a worker does not see, and the
 * addresses of host names, which libpq would wait for in a worker.  A worker
 * gives libpq a complete list.
 *
 * No message of libpq is shown here: about a malformed string it quotes what
 * may be a part of a password.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <pwd.h>
#include "pg/ngx_thread_ws_pg_private.h"


#define NGX_THREAD_WS_PG_OWN    8          /* settings added below */


typedef struct {
    const char  *keyword;
    const char  *value;
} ngx_thread_ws_pg_setting_t;


/* unless the user says otherwise: a dead server is noticed within a minute */

static ngx_thread_ws_pg_setting_t  ngx_thread_ws_pg_defaults[] = {
    { "fallback_application_name", "nginx" },
    { "keepalives_idle", "30" },
    { "keepalives_interval", "10" },
    { "keepalives_count", "3" },
    { NULL, NULL }
};


static PQconninfoOption *ngx_thread_ws_pg_given(ngx_conf_t *cf,
    ngx_str_t *conninfo);
static char *ngx_thread_ws_pg_value(PQconninfoOption *options,
    const char *keyword);
static ngx_int_t ngx_thread_ws_pg_service(ngx_conf_t *cf, const char *service);
static PQconninfoOption *ngx_thread_ws_pg_environment(const char *service);
static ngx_uint_t ngx_thread_ws_pg_is_user(const char *value);
static ngx_int_t ngx_thread_ws_pg_settings(ngx_thread_ws_pg_list_t *list,
    PQconninfoOption *given, PQconninfoOption *env);
static ngx_int_t ngx_thread_ws_pg_setting(ngx_thread_ws_pg_list_t *list,
    const char *keyword, char *value);
static ngx_int_t ngx_thread_ws_pg_limit(ngx_thread_ws_pg_list_t *list,
    const char *keyword, char *value);
static ngx_int_t ngx_thread_ws_pg_own(ngx_thread_ws_pg_list_t *list,
    PQconninfoOption *given);
static ngx_int_t ngx_thread_ws_pg_name(ngx_thread_ws_pg_list_t *list);


ngx_int_t
ngx_thread_ws_pg_conninfo(ngx_conf_t *cf, ngx_thread_ws_pg_t *pg,
    ngx_str_t *conninfo)
{
    char                     *service;
    ngx_int_t                 rc;
    PQconninfoOption         *given, *env;
    ngx_thread_ws_pg_list_t   list;

    given = ngx_thread_ws_pg_given(cf, conninfo);
    if (given == NULL) {
        return NGX_ERROR;
    }

    service = ngx_thread_ws_pg_value(given, "service");

    if (ngx_thread_ws_pg_service(cf, service) != NGX_OK) {
        PQconninfoFree(given);
        return NGX_ERROR;
    }

    env = ngx_thread_ws_pg_environment(service);

    if (env == NULL) {
        PQconninfoFree(given);
        return NGX_ERROR;
    }

    ngx_memzero(&list, sizeof(ngx_thread_ws_pg_list_t));

    list.cf = cf;
    list.pg = pg;

    pg->connect_timeout = ngx_min(pg->timeout, 2000);

    rc = ngx_thread_ws_pg_settings(&list, given, env);

    PQconninfoFree(given);
    PQconninfoFree(env);

    if (rc != NGX_OK
        || ngx_thread_ws_pg_name(&list) != NGX_OK
        || ngx_thread_ws_pg_check_ports(cf, list.port) != NGX_OK
        || ngx_thread_ws_pg_check_settings(&list) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (list.host == NULL && list.hostaddr == NULL) {

        /* libpq's own directory of sockets */

        pg->values[2] = list.port;
        return NGX_OK;
    }

    return ngx_thread_ws_pg_hosts(&list);
}


static PQconninfoOption *
ngx_thread_ws_pg_given(ngx_conf_t *cf, ngx_str_t *conninfo)
{
    char              *text;
    PQconninfoOption  *given;

    if (ngx_thread_ws_pg_check_uri(cf, conninfo) != NGX_OK) {
        return NULL;
    }

    text = ngx_thread_ws_pg_copy(cf, (char *) conninfo->data, conninfo->len);
    if (text == NULL) {
        return NULL;
    }

    given = PQconninfoParse(text, NULL);

    if (given == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid connection string in \"%V\"",
                           ngx_thread_ws_pg_directive(cf));
    }

    return given;
}


static char *
ngx_thread_ws_pg_value(PQconninfoOption *options, const char *keyword)
{
    PQconninfoOption  *o;

    for (o = options; o->keyword; o++) {
        if (ngx_strcmp(o->keyword, keyword) == 0) {
            return (o->val && *o->val) ? o->val : NULL;
        }
    }

    return NULL;
}


/*
 * A service that is not there is no error of PQconndefaults(), but one of a
 * connection: that has no database then.  The other one fails, too, and before
 * it begins, by its sslmode.
 */

static ngx_int_t
ngx_thread_ws_pg_service(ngx_conf_t *cf, const char *service)
{
    PGconn      *conn;
    ngx_uint_t   found;

    static const char  *keywords[] = { "service", "dbname", "sslmode", NULL };
    const char         *values[] = { service, "any", "none", NULL };

    if (service == NULL) {
        service = getenv("PGSERVICE");
    }

    conn = PQconnectStartParams(keywords, values, 0);
    if (conn == NULL) {
        return NGX_ERROR;
    }

    found = (PQdb(conn) != NULL);

    PQfinish(conn);

    if (!found) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" has a service "
                           "\"%s\" that no service file defines",
                           ngx_thread_ws_pg_directive(cf),
                           service ? service : "");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* libpq reads a service file by the name in the environment alone */

static PQconninfoOption *
ngx_thread_ws_pg_environment(const char *service)
{
    char              *saved;
    PQconninfoOption  *env;

    if (service == NULL) {
        return PQconndefaults();
    }

    saved = getenv("PGSERVICE");

    if (saved) {
        saved = strdup(saved);
        if (saved == NULL) {
            return NULL;
        }
    }

    (void) setenv("PGSERVICE", service, 1);

    env = PQconndefaults();

    if (saved) {
        (void) setenv("PGSERVICE", saved, 1);
        free(saved);

    } else {
        (void) unsetenv("PGSERVICE");
    }

    return env;
}


/* libpq's last resort for a user is who it runs as: that is the worker's */

static ngx_uint_t
ngx_thread_ws_pg_is_user(const char *value)
{
    struct passwd  *pwd;

    if (getenv("PGUSER")) {
        return 0;
    }

    pwd = getpwuid(geteuid());

    return pwd && ngx_strcmp(pwd->pw_name, value) == 0;
}


static ngx_int_t
ngx_thread_ws_pg_settings(ngx_thread_ws_pg_list_t *list,
    PQconninfoOption *given, PQconninfoOption *env)
{
    char                *value;
    ngx_uint_t           n;
    PQconninfoOption    *o;
    ngx_thread_ws_pg_t  *pg;

    pg = list->pg;

    for (n = 0, o = env; o->keyword; o++) {
        n++;
    }

    n += NGX_THREAD_WS_PG_HOSTS + NGX_THREAD_WS_PG_OWN + 1;

    pg->keywords = ngx_pcalloc(list->cf->pool, n * sizeof(char *));
    pg->values = ngx_pcalloc(list->cf->pool, n * sizeof(char *));

    if (pg->keywords == NULL || pg->values == NULL) {
        return NGX_ERROR;
    }

    pg->keywords[0] = "host";
    pg->keywords[1] = "hostaddr";
    pg->keywords[2] = "port";

    list->n = NGX_THREAD_WS_PG_HOSTS;

    for (o = env; o->keyword; o++) {
        value = ngx_thread_ws_pg_value(given, o->keyword);

        if (value == NULL) {
            value = o->val;

            if (value == NULL || *value == '\0'
                || (ngx_strcmp(o->keyword, "user") == 0
                    && ngx_thread_ws_pg_is_user(value)))
            {
                continue;
            }
        }

        value = ngx_thread_ws_pg_copy(list->cf, value, ngx_strlen(value));
        if (value == NULL) {
            return NGX_ERROR;
        }

        if (ngx_thread_ws_pg_setting(list, o->keyword, value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_thread_ws_pg_own(list, given);
}


static ngx_int_t
ngx_thread_ws_pg_setting(ngx_thread_ws_pg_list_t *list, const char *keyword,
    char *value)
{
    if (ngx_strcmp(keyword, "host") == 0) {
        list->host = value;
        return NGX_OK;
    }

    if (ngx_strcmp(keyword, "hostaddr") == 0) {
        list->hostaddr = value;
        return NGX_OK;
    }

    if (ngx_strcmp(keyword, "port") == 0) {
        list->port = value;
        return NGX_OK;
    }

    if (ngx_strcmp(keyword, "connect_timeout") == 0) {

        return ngx_thread_ws_pg_limit(list, keyword, value);
    }

    /* of these the first has been followed, the others are set below */

    if (ngx_strcmp(keyword, "service") == 0
        || ngx_strcmp(keyword, "gssencmode") == 0
        || ngx_strcmp(keyword, "client_encoding") == 0)
    {
        return NGX_OK;
    }

    if (ngx_strcmp(keyword, "dbname") == 0) {
        list->dbname = value;
    }

    list->pg->keywords[list->n] = keyword;
    list->pg->values[list->n++] = value;

    return NGX_OK;
}


/* the loop is ours, and so is the timer; below 0 is as 0 to libpq */

static ngx_int_t
ngx_thread_ws_pg_limit(ngx_thread_ws_pg_list_t *list, const char *keyword,
    char *value)
{
    ngx_int_t   seconds;
    ngx_uint_t  sign;

    sign = (*value == '-');
    seconds = ngx_atoi((u_char *) value + sign, ngx_strlen(value) - sign);

    if (seconds == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, list->cf, 0,
                           "\"%V\" has an invalid value of \"%s\"",
                           ngx_thread_ws_pg_directive(list->cf), keyword);
        return NGX_ERROR;
    }

    if (seconds > 0 && !sign) {
        list->pg->connect_timeout = (ngx_msec_t) seconds * 1000;
        list->pg->connect_limit = 1;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_pg_own(ngx_thread_ws_pg_list_t *list, PQconninfoOption *given)
{
    char                        *value;
    u_char                       buf[NGX_INT_T_LEN + 1];
    ngx_thread_ws_pg_t          *pg;
    ngx_thread_ws_pg_setting_t  *s;

    pg = list->pg;

    for (s = ngx_thread_ws_pg_defaults; s->keyword; s++) {
        if (ngx_thread_ws_pg_value(given, s->keyword) == NULL) {
            pg->keywords[list->n] = s->keyword;
            pg->values[list->n++] = s->value;
        }
    }

    if (ngx_thread_ws_pg_value(given, "tcp_user_timeout") == NULL) {
        value = ngx_thread_ws_pg_copy(list->cf, (char *) buf,
                                  ngx_sprintf(buf, "%M", pg->timeout) - buf);
        if (value == NULL) {
            return NGX_ERROR;
        }

        pg->keywords[list->n] = "tcp_user_timeout";
        pg->values[list->n++] = value;
    }

    /* negotiating GSSAPI asks a key server, and waits for it */

    pg->keywords[list->n] = "gssencmode";
    pg->values[list->n++] = "disable";

    pg->keywords[list->n] = "client_encoding";
    pg->values[list->n++] = "UTF8";

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_pg_name(ngx_thread_ws_pg_list_t *list)
{
    u_char      *p;
    size_t       len;
    const char  *host, *colon, *port, *dbname;

    host = list->host ? list->host : list->hostaddr;
    host = host ? host : "local";
    colon = list->port ? ":" : "";
    port = list->port ? list->port : "";
    dbname = list->dbname ? list->dbname : "";

    len = ngx_strlen(host) + ngx_strlen(port) + ngx_strlen(dbname)
          + sizeof("\":/\"") - 1;

    p = ngx_pnalloc(list->cf->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    list->pg->name.data = p;
    list->pg->name.len = ngx_sprintf(p, "\"%s%s%s/%s\"", host, colon, port,
                                     dbname)
                         - p;

    return NGX_OK;
}


char *
ngx_thread_ws_pg_copy(ngx_conf_t *cf, const char *s, size_t len)
{
    char  *p;

    p = ngx_pnalloc(cf->pool, len + 1);

    if (p) {
        ngx_memcpy(p, s, len);
        p[len] = '\0';
    }

    return p;
}
