
/*
 * Host names in a worker: nginx's resolver is asked for their addresses again
 * and again, as long as each answer is valid.  A connection to an address that
 * a name has no more gets through what it has, and goes.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "pg/ngx_thread_ws_pg_private.h"


/* between two questions at least, ms */

#define NGX_THREAD_WS_PG_ASK  1000


static ngx_thread_ws_pg_resolver_t *ngx_thread_ws_pg_resolver(
    ngx_thread_ws_pg_t *pg);
static void ngx_thread_ws_pg_names_ask(ngx_event_t *ev);
static void ngx_thread_ws_pg_names_answer(ngx_resolver_ctx_t *ctx);
static ngx_int_t ngx_thread_ws_pg_names_take(ngx_thread_ws_pg_name_t *name,
    ngx_resolver_ctx_t *ctx);
static ngx_int_t ngx_thread_ws_pg_names_same(ngx_thread_ws_pg_name_t *name,
    char **addrs, ngx_uint_t n);


ngx_int_t
ngx_thread_ws_pg_follow(ngx_conf_t *cf, ngx_thread_ws_pg_t *pg,
    ngx_resolver_t **resolver, ngx_msec_t *timeout)
{
    ngx_thread_ws_pg_resolver_t  *r;

    if (pg->resolvers.elts == NULL
        && ngx_array_init(&pg->resolvers, cf->pool, 1,
                          sizeof(ngx_thread_ws_pg_resolver_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    r = ngx_array_push(&pg->resolvers);
    if (r == NULL) {
        return NGX_ERROR;
    }

    r->resolver = resolver;
    r->timeout = timeout;

    return NGX_OK;
}


/* core makes one without servers where there is none */

static ngx_thread_ws_pg_resolver_t *
ngx_thread_ws_pg_resolver(ngx_thread_ws_pg_t *pg)
{
    ngx_uint_t                    i;
    ngx_thread_ws_pg_resolver_t  *r;

    r = pg->resolvers.elts;

    for (i = 0; i < pg->resolvers.nelts; i++) {
        if (*r[i].resolver && (*r[i].resolver)->connections.nelts) {
            return &r[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_thread_ws_pg_check(ngx_conf_t *cf, ngx_thread_ws_pg_t *pg)
{
    ngx_uint_t                i;
    ngx_thread_ws_pg_name_t  *name;

    if (ngx_thread_ws_pg_resolver(pg)) {
        return NGX_OK;
    }

    for (i = 0; i < pg->nnames; i++) {
        name = &pg->names[i];

        if (name->addr == NULL && name->naddrs == 0) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "host not found in \"%V\" host \"%s\", and there is "
                          "no \"resolver\" in %V:%ui", &name->directive,
                          name->host, &name->file, name->line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_thread_ws_pg_names_start(ngx_thread_ws_pg_t *pg)
{
    ngx_uint_t                i;
    ngx_thread_ws_pg_name_t  *name;

    if (ngx_thread_ws_pg_resolver(pg) == NULL) {
        return;
    }

    for (i = 0; i < pg->nnames; i++) {
        name = &pg->names[i];

        if (name->addr) {
            continue;
        }

        ngx_memzero(&name->timer, sizeof(ngx_event_t));

        name->timer.handler = ngx_thread_ws_pg_names_ask;
        name->timer.data = name;
        name->timer.log = pg->log;
        name->timer.cancelable = 1;

        ngx_add_timer(&name->timer, 1);
    }
}


void
ngx_thread_ws_pg_names_stop(ngx_thread_ws_pg_t *pg)
{
    ngx_uint_t                i;
    ngx_thread_ws_pg_name_t  *name;

    for (i = 0; i < pg->nnames; i++) {
        name = &pg->names[i];

        if (name->timer.timer_set) {
            ngx_del_timer(&name->timer);
        }

        if (name->ctx) {
            ngx_resolve_name_done(name->ctx);
            name->ctx = NULL;
        }

        if (name->pool) {
            ngx_destroy_pool(name->pool);
            name->pool = NULL;
            name->naddrs = 0;
        }
    }

    if (pg->pool) {
        ngx_destroy_pool(pg->pool);
        pg->pool = NULL;
        pg->hosts.nelts = 0;
    }
}


static void
ngx_thread_ws_pg_names_ask(ngx_event_t *ev)
{
    ngx_resolver_ctx_t           *ctx;
    ngx_thread_ws_pg_name_t      *name;
    ngx_thread_ws_pg_resolver_t  *r;

    name = ev->data;
    r = ngx_thread_ws_pg_resolver(name->pg);

    ctx = ngx_resolve_start(*r->resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_add_timer(&name->timer, NGX_THREAD_WS_PG_ASK);
        return;
    }

    ctx->name.data = (u_char *) name->host;
    ctx->name.len = ngx_strlen(name->host);
    ctx->handler = ngx_thread_ws_pg_names_answer;
    ctx->data = name;
    ctx->timeout = (*r->timeout == NGX_CONF_UNSET_MSEC) ? 30000 : *r->timeout;
    ctx->cancelable = 1;

    name->ctx = ctx;

    /* it may answer at once, or fail, and frees the context then */

    if (ngx_resolve_name(ctx) != NGX_OK) {
        name->ctx = NULL;
        ngx_add_timer(&name->timer, NGX_THREAD_WS_PG_ASK);
    }
}


static void
ngx_thread_ws_pg_names_answer(ngx_resolver_ctx_t *ctx)
{
    time_t                    valid;
    ngx_int_t                 rc;
    ngx_uint_t                level;
    ngx_thread_ws_pg_t       *pg;
    ngx_thread_ws_pg_name_t  *name;

    name = ctx->data;
    pg = name->pg;

    rc = NGX_DECLINED;
    valid = 0;

    if (ctx->state == NGX_OK) {
        valid = ctx->valid - ngx_time();
        rc = ngx_thread_ws_pg_names_take(name, ctx);

    } else {
        level = name->naddrs ? NGX_LOG_INFO : NGX_LOG_ERR;

        ngx_log_error(level, pg->log, 0,
                      "PostgreSQL host \"%s\" could not be resolved (%i: %s)",
                      name->host, ctx->state,
                      ngx_resolver_strerror(ctx->state));
    }

    ngx_resolve_name_done(ctx);
    name->ctx = NULL;

    ngx_add_timer(&name->timer, (ngx_msec_t) ngx_max(valid, 1)
                                * NGX_THREAD_WS_PG_ASK);

    if (rc == NGX_OK) {
        pg->handlers->moved(pg);
    }
}


/* NGX_OK: there are others now; NGX_DECLINED: they are as they were */

static ngx_int_t
ngx_thread_ws_pg_names_take(ngx_thread_ws_pg_name_t *name,
    ngx_resolver_ctx_t *ctx)
{
    char                **addrs, **former;
    ngx_uint_t            i, nformer;
    ngx_pool_t           *pool, *lists;
    ngx_array_t           hosts;
    ngx_thread_ws_pg_t   *pg;

    pg = name->pg;

    pool = ngx_create_pool(512, pg->log);
    if (pool == NULL) {
        return NGX_DECLINED;
    }

    lists = NULL;

    addrs = ngx_palloc(pool, ctx->naddrs * sizeof(char *));
    if (addrs == NULL) {
        goto failed;
    }

    for (i = 0; i < ctx->naddrs; i++) {
        addrs[i] = ngx_thread_ws_pg_address(pool, ctx->addrs[i].sockaddr);
        if (addrs[i] == NULL) {
            goto failed;
        }
    }

    if (ngx_thread_ws_pg_names_same(name, addrs, ctx->naddrs)) {
        goto failed;
    }

    lists = ngx_create_pool(1024, pg->log);
    if (lists == NULL) {
        goto failed;
    }

    former = name->addrs;
    nformer = name->naddrs;
    hosts = pg->hosts;

    name->addrs = addrs;
    name->naddrs = ctx->naddrs;

    if (ngx_thread_ws_pg_lists(pg, lists) != NGX_OK) {
        name->addrs = former;
        name->naddrs = nformer;
        pg->hosts = hosts;
        goto failed;
    }

    if (pg->pool) {
        ngx_destroy_pool(pg->pool);
    }

    if (name->pool) {
        ngx_destroy_pool(name->pool);
    }

    pg->pool = lists;
    pg->host = 0;
    name->pool = pool;

    return NGX_OK;

failed:

    if (lists) {
        ngx_destroy_pool(lists);
    }

    ngx_destroy_pool(pool);

    return NGX_DECLINED;
}


/* in whatever order: a server may turn it each time */

static ngx_int_t
ngx_thread_ws_pg_names_same(ngx_thread_ws_pg_name_t *name, char **addrs,
    ngx_uint_t n)
{
    ngx_uint_t  i, k;

    if (n != name->naddrs) {
        return 0;
    }

    for (i = 0; i < n; i++) {

        for (k = 0; k < n; k++) {
            if (ngx_strcmp(addrs[i], name->addrs[k]) == 0) {
                break;
            }
        }

        if (k == n) {
            return 0;
        }
    }

    return 1;
}


ngx_uint_t
ngx_thread_ws_pg_names_left(ngx_thread_ws_pg_conn_t *pc)
{
    char                     *host, *addr;
    ngx_uint_t                i, k, left;
    ngx_thread_ws_pg_t       *pg;
    ngx_thread_ws_pg_name_t  *name;

    pg = pc->pg;

    host = PQhost(pc->pgconn);
    addr = PQhostaddr(pc->pgconn);

    /* as long as nothing has changed, neither has that */

    if (pg->pool == NULL || host == NULL || addr == NULL) {
        return 0;
    }

    left = 0;

    for (i = 0; i < pg->nnames; i++) {
        name = &pg->names[i];

        if (name->addr || ngx_strcmp(name->host, host) != 0) {
            continue;
        }

        left = 1;

        for (k = 0; k < name->naddrs; k++) {
            if (ngx_strcmp(name->addrs[k], addr) == 0) {
                return 0;
            }
        }
    }

    return left;
}


/* as libpq writes addresses: nginx shortens some that are of IPv6 otherwise */

char *
ngx_thread_ws_pg_address(ngx_pool_t *pool, struct sockaddr *sockaddr)
{
    char        *text;
    const void  *addr;

    text = ngx_palloc(pool, NGX_SOCKADDR_STRLEN + 1);
    if (text == NULL) {
        return NULL;
    }

#if (NGX_HAVE_INET6)
    addr = (sockaddr->sa_family == AF_INET6)
           ? (void *) &((struct sockaddr_in6 *) sockaddr)->sin6_addr
           : (void *) &((struct sockaddr_in *) sockaddr)->sin_addr;
#else
    addr = &((struct sockaddr_in *) sockaddr)->sin_addr;
#endif

    return (char *) inet_ntop(sockaddr->sa_family, addr, text,
                              NGX_SOCKADDR_STRLEN);
}
