
/*
 * A pool's hosts, at configuration: names become addresses, and the lists that
 * libpq takes are made, one for each host that may come first.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "pg/ngx_thread_ws_pg_private.h"


#define NGX_THREAD_WS_PG_PORT  "5432"


typedef struct {
    char   *host;
    char   *hostaddr;                      /* empty: a socket in a directory */
    char   *port;
} ngx_thread_ws_pg_host_t;


static ngx_array_t *ngx_thread_ws_pg_split(ngx_conf_t *cf, const char *list);
static ngx_int_t ngx_thread_ws_pg_resolve(ngx_conf_t *cf, ngx_array_t *hosts,
    char *host, char *port);
static ngx_int_t ngx_thread_ws_pg_add_host(ngx_array_t *hosts, char *host,
    char *hostaddr, char *port);
static ngx_int_t ngx_thread_ws_pg_rotate(ngx_conf_t *cf,
    ngx_thread_ws_pg_t *pg, ngx_array_t *hosts);


ngx_int_t
ngx_thread_ws_pg_hosts(ngx_thread_ws_pg_list_t *list)
{
    char         **names, **addrs, **ports, *p;
    ngx_int_t      rc;
    ngx_conf_t    *cf;
    ngx_uint_t     i, n;
    ngx_array_t   *name, *addr, *port, hosts;

    cf = list->cf;

    name = ngx_thread_ws_pg_split(cf, list->host ? list->host
                                                 : list->hostaddr);
    addr = ngx_thread_ws_pg_split(cf, list->hostaddr ? list->hostaddr : "");
    port = ngx_thread_ws_pg_split(cf, list->port ? list->port
                                                 : NGX_THREAD_WS_PG_PORT);

    if (name == NULL || addr == NULL || port == NULL
        || ngx_array_init(&hosts, cf->pool, 4,
                          sizeof(ngx_thread_ws_pg_host_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    n = name->nelts;

    if ((list->hostaddr && addr->nelts != n)
        || (port->nelts != 1 && port->nelts != n))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "as many hosts, addresses and ports must be given "
                           "in \"%V\"", ngx_thread_ws_pg_directive(cf));
        return NGX_ERROR;
    }

    names = name->elts;
    addrs = addr->elts;
    ports = port->elts;

    for (i = 0; i < n; i++) {
        p = ports[port->nelts == 1 ? 0 : i];

        if (*p == '\0') {
            p = NGX_THREAD_WS_PG_PORT;
        }

        if (list->hostaddr && *addrs[i]) {
            rc = ngx_thread_ws_pg_add_host(&hosts, names[i], addrs[i], p);

        } else if (names[i][0] == '/' || names[i][0] == '@'
                   || names[i][0] == '\0')
        {
            rc = ngx_thread_ws_pg_add_host(&hosts, names[i], "", p);

        } else {
            rc = ngx_thread_ws_pg_resolve(cf, &hosts, names[i], p);
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_thread_ws_pg_rotate(cf, list->pg, &hosts);
}


static ngx_array_t *
ngx_thread_ws_pg_split(ngx_conf_t *cf, const char *list)
{
    char         **word;
    const char    *end;
    ngx_array_t   *words;

    words = ngx_array_create(cf->pool, 4, sizeof(char *));
    if (words == NULL) {
        return NULL;
    }

    for ( ;; ) {
        word = ngx_array_push(words);
        if (word == NULL) {
            return NULL;
        }

        end = list + strcspn(list, ",");

        *word = ngx_thread_ws_pg_copy(cf, list, end - list);
        if (*word == NULL) {
            return NULL;
        }

        if (*end == '\0') {
            return words;
        }

        list = end + 1;
    }
}


/* a name becomes as many hosts as it has addresses */

static ngx_int_t
ngx_thread_ws_pg_resolve(ngx_conf_t *cf, ngx_array_t *hosts, char *host,
    char *port)
{
    char        *addr;
    size_t       len;
    u_char       buf[NGX_SOCKADDR_STRLEN];
    ngx_url_t    u;
    ngx_uint_t   i;

    if (ngx_strchr(host, ':')) {
        return ngx_thread_ws_pg_add_host(hosts, host, host, port);
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url.data = (u_char *) host;
    u.url.len = ngx_strlen(host);
    u.default_port = 5432;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"%V\" host \"%V\"",
                           u.err ? u.err : "no memory",
                           ngx_thread_ws_pg_directive(cf), &u.url);
        return NGX_ERROR;
    }

    for (i = 0; i < u.naddrs; i++) {
        len = ngx_sock_ntop(u.addrs[i].sockaddr, u.addrs[i].socklen, buf,
                            NGX_SOCKADDR_STRLEN, 0);

        addr = ngx_thread_ws_pg_copy(cf, (char *) buf, len);

        if (addr == NULL
            || ngx_thread_ws_pg_add_host(hosts, host, addr, port) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_pg_add_host(ngx_array_t *hosts, char *host, char *hostaddr,
    char *port)
{
    ngx_thread_ws_pg_host_t  *h;

    h = ngx_array_push(hosts);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->host = host;
    h->hostaddr = hostaddr;
    h->port = port;

    return NGX_OK;
}


/* the lists as libpq takes them, once for each host that may come first */

static ngx_int_t
ngx_thread_ws_pg_rotate(ngx_conf_t *cf, ngx_thread_ws_pg_t *pg,
    ngx_array_t *hosts)
{
    size_t                     len;
    u_char                    *p[NGX_THREAD_WS_PG_HOSTS];
    ngx_uint_t                 i, k, n;
    ngx_thread_ws_pg_host_t   *h;
    ngx_thread_ws_pg_hosts_t  *lists;

    h = hosts->elts;
    n = hosts->nelts;
    len = 0;

    for (i = 0; i < n; i++) {
        len += ngx_strlen(h[i].host) + ngx_strlen(h[i].hostaddr)
               + ngx_strlen(h[i].port) + 1;
    }

    if (ngx_array_init(&pg->hosts, cf->pool, n,
                       sizeof(ngx_thread_ws_pg_hosts_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {

        for (k = 0; k < NGX_THREAD_WS_PG_HOSTS; k++) {
            p[k] = ngx_pnalloc(cf->pool, len);
            if (p[k] == NULL) {
                return NGX_ERROR;
            }
        }

        lists = ngx_array_push(&pg->hosts);

        lists->host = (char *) p[0];
        lists->hostaddr = (char *) p[1];
        lists->port = (char *) p[2];

        for (k = i; k < i + n; k++) {
            p[0] = ngx_sprintf(p[0], "%s,", h[k % n].host);
            p[1] = ngx_sprintf(p[1], "%s,", h[k % n].hostaddr);
            p[2] = ngx_sprintf(p[2], "%s,", h[k % n].port);
        }

        for (k = 0; k < NGX_THREAD_WS_PG_HOSTS; k++) {
            *(p[k] - 1) = '\0';
        }
    }

    return NGX_OK;
}
