
/*
 * A pool's hosts: names become addresses, at configuration by the system, and
 * the lists that libpq takes are made, one for each host that may come first.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "pg/ngx_thread_ws_pg_private.h"


#define NGX_THREAD_WS_PG_PORT  "5432"


typedef struct {
    char   *host;
    char   *hostaddr;
    char   *port;
} ngx_thread_ws_pg_host_t;


static ngx_array_t *ngx_thread_ws_pg_split(ngx_conf_t *cf, const char *list);
static char *ngx_thread_ws_pg_literal(char *host);
static ngx_int_t ngx_thread_ws_pg_resolve(ngx_conf_t *cf,
    ngx_thread_ws_pg_name_t *name);
static ngx_int_t ngx_thread_ws_pg_rotate(ngx_thread_ws_pg_t *pg,
    ngx_pool_t *pool, ngx_array_t *hosts);


ngx_int_t
ngx_thread_ws_pg_hosts(ngx_thread_ws_pg_list_t *list)
{
    char                     **hosts, **addrs, **ports;
    ngx_conf_t                *cf;
    ngx_uint_t                 i, n;
    ngx_array_t               *host, *addr, *port;
    ngx_thread_ws_pg_name_t   *name;

    cf = list->cf;

    host = ngx_thread_ws_pg_split(cf, list->host ? list->host
                                                 : list->hostaddr);
    addr = ngx_thread_ws_pg_split(cf, list->hostaddr ? list->hostaddr : "");
    port = ngx_thread_ws_pg_split(cf, list->port ? list->port
                                                 : NGX_THREAD_WS_PG_PORT);

    if (host == NULL || addr == NULL || port == NULL) {
        return NGX_ERROR;
    }

    n = host->nelts;

    if ((list->hostaddr && addr->nelts != n)
        || (port->nelts != 1 && port->nelts != n))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "as many hosts, addresses and ports must be given "
                           "in \"%V\"", ngx_thread_ws_pg_directive(cf));
        return NGX_ERROR;
    }

    hosts = host->elts;
    addrs = addr->elts;
    ports = port->elts;

    name = ngx_pcalloc(cf->pool, n * sizeof(ngx_thread_ws_pg_name_t));
    if (name == NULL) {
        return NGX_ERROR;
    }

    list->pg->names = name;
    list->pg->nnames = n;

    for (i = 0; i < n; i++) {
        name[i].pg = list->pg;
        name[i].host = hosts[i];
        name[i].port = ports[port->nelts == 1 ? 0 : i];
        name[i].addr = (list->hostaddr && *addrs[i]) ? addrs[i] : NULL;

        if (ngx_thread_ws_pg_resolve(cf, &name[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_thread_ws_pg_lists(list->pg, cf->pool);
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


/* a directory of sockets, or an address; NULL: a name */

static char *
ngx_thread_ws_pg_literal(char *host)
{
    if (*host == '/' || *host == '@' || *host == '\0') {
        return "";
    }

    if (ngx_strchr(host, ':')
        || ngx_inet_addr((u_char *) host, ngx_strlen(host)) != INADDR_NONE)
    {
        return host;
    }

    return NULL;
}


/* a name that the system does not know may be known to a resolver */

static ngx_int_t
ngx_thread_ws_pg_resolve(ngx_conf_t *cf, ngx_thread_ws_pg_name_t *name)
{
    ngx_url_t    u;
    ngx_uint_t   i;

    if (name->addr == NULL) {
        name->addr = ngx_thread_ws_pg_literal(name->host);
    }

    if (name->addr) {
        return NGX_OK;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url.data = (u_char *) name->host;
    u.url.len = ngx_strlen(name->host);
    u.default_port = 5432;

    name->file = cf->conf_file->file.name;
    name->line = cf->conf_file->line;
    name->directive = *ngx_thread_ws_pg_directive(cf);

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {

        if (u.err && ngx_strcmp(u.err, "host not found") == 0) {
            return NGX_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"%V\" host \"%V\"",
                           u.err ? u.err : "no memory",
                           ngx_thread_ws_pg_directive(cf), &u.url);
        return NGX_ERROR;
    }

    name->addrs = ngx_palloc(cf->pool, u.naddrs * sizeof(char *));
    if (name->addrs == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < u.naddrs; i++) {
        name->addrs[i] = ngx_thread_ws_pg_address(cf->pool,
                                                  u.addrs[i].sockaddr);
        if (name->addrs[i] == NULL) {
            return NGX_ERROR;
        }
    }

    name->naddrs = u.naddrs;

    return NGX_OK;
}


/* a name becomes as many hosts as it has addresses */

ngx_int_t
ngx_thread_ws_pg_lists(ngx_thread_ws_pg_t *pg, ngx_pool_t *pool)
{
    ngx_uint_t                i, k, n;
    ngx_array_t               hosts;
    ngx_thread_ws_pg_host_t  *h;
    ngx_thread_ws_pg_name_t  *name;

    if (ngx_array_init(&hosts, pool, 4, sizeof(ngx_thread_ws_pg_host_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < pg->nnames; i++) {
        name = &pg->names[i];
        n = name->addr ? 1 : name->naddrs;

        for (k = 0; k < n; k++) {
            h = ngx_array_push(&hosts);
            if (h == NULL) {
                return NGX_ERROR;
            }

            h->host = name->host;
            h->hostaddr = name->addr ? name->addr : name->addrs[k];
            h->port = *name->port ? name->port : NGX_THREAD_WS_PG_PORT;
        }
    }

    return ngx_thread_ws_pg_rotate(pg, pool, &hosts);
}


/* the lists as libpq takes them, once for each host that may come first */

static ngx_int_t
ngx_thread_ws_pg_rotate(ngx_thread_ws_pg_t *pg, ngx_pool_t *pool,
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

    if (ngx_array_init(&pg->hosts, pool, ngx_max(n, 1),
                       sizeof(ngx_thread_ws_pg_hosts_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {

        for (k = 0; k < NGX_THREAD_WS_PG_HOSTS; k++) {
            p[k] = ngx_pnalloc(pool, len);
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
