
/*
 * What a request must be to be moved, the move as a whole, and its end.
 */


#include "conn/ngx_thread_ws_compact_private.h"


static ngx_uint_t ngx_thread_ws_compact_fit(ngx_http_request_t *r,
    ngx_http_cleanup_pt handler, void *data);
static ngx_uint_t ngx_thread_ws_compact_done(char *name);
static ngx_http_request_t *ngx_thread_ws_compact_copy(ngx_http_request_t *from,
    ngx_thread_ws_compact_t *saved, ngx_http_cleanup_pt handler, void *data);
static void ngx_thread_ws_compact_free(ngx_http_request_t *r);


/* modules whose contexts are not moved: nobody wants them any more */

static char  *ngx_thread_ws_compact_modules[] = {
    "ngx_http_auth_request_module",
    "ngx_http_copy_filter_module",
    "ngx_http_header_count_module",
    "ngx_thread_ws_module",     /* its user sets it again */
    NULL
};


ngx_http_request_t *
ngx_thread_ws_compact(ngx_http_request_t *from, ngx_thread_ws_compact_t *saved,
    ngx_http_cleanup_pt handler, void *data)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;
    ngx_http_log_ctx_t  *ctx;

    if (!ngx_thread_ws_compact_fit(from, handler, data)) {
        return NULL;
    }

    r = ngx_thread_ws_compact_copy(from, saved, handler, data);
    if (r == NULL) {
        return NULL;
    }

    c = r->connection;

    ctx = c->log->data;
    ctx->request = r;
    ctx->current_request = r;

    ngx_thread_ws_compact_free(from);
    r->header_in = c->buffer;

    return r;
}


/* whether nobody but core and its one user knows the request */

static ngx_uint_t
ngx_thread_ws_compact_fit(ngx_http_request_t *r,
    ngx_http_cleanup_pt handler, void *data)
{
    ngx_uint_t           i;
    ngx_http_cleanup_t  *cln;

    if (r->count != 1 || r->blocked || r->aio || r->upstream || r->out
        || r->postponed || r->posted_requests || r->upstream_states
        || r->request_body || r->buffered || r->pool->cleanup
        || r->headers_out.trailers.part.nelts)
    {
        return 0;
    }

#if (NGX_HTTP_CACHE)
    if (r->cache) {
        return 0;
    }
#endif

    for (cln = r->cleanup; cln; cln = cln->next) {
        if (cln->handler
            && (cln->handler != handler || cln->data != data))
        {
            return 0;
        }
    }

    for (i = 0; ngx_cycle->modules[i]; i++) {

        if (ngx_cycle->modules[i]->type == NGX_HTTP_MODULE
            && r->ctx[ngx_cycle->modules[i]->ctx_index]
            && !ngx_thread_ws_compact_done(ngx_cycle->modules[i]->name))
        {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_thread_ws_compact_done(char *name)
{
    char  **module;

    for (module = ngx_thread_ws_compact_modules; *module; module++) {
        if (ngx_strcmp(*module, name) == 0) {
            return 1;
        }
    }

    return 0;
}


static ngx_http_request_t *
ngx_thread_ws_compact_copy(ngx_http_request_t *from,
    ngx_thread_ws_compact_t *saved, ngx_http_cleanup_pt handler, void *data)
{
    ngx_pool_t                    *pool;
    ngx_http_cleanup_t            *cln;
    ngx_http_request_t            *r, measured;
    ngx_thread_ws_compact_move_t   move;

    ngx_memzero(&move, sizeof(ngx_thread_ws_compact_move_t));

    measured = *from;
    (void) ngx_thread_ws_compact_move(&move, from, &measured);

    /* a byte less, and the pool would double */

    (void) ngx_thread_ws_compact_alloc(&move, sizeof(ngx_http_cleanup_t));

    pool = ngx_create_pool(ngx_align(sizeof(ngx_pool_t)
                                     + sizeof(ngx_http_request_t) + move.size,
                                     NGX_POOL_ALIGNMENT),
                           from->connection->log);
    if (pool == NULL) {
        return NULL;
    }

    r = ngx_palloc(pool, sizeof(ngx_http_request_t));
    if (r == NULL) {
        goto failed;
    }

    move.pool = pool;
    ngx_str_null(&move.line);

    *r = *from;
    r->pool = pool;
    r->main = r;
    r->cleanup = NULL;

    if (ngx_thread_ws_compact_move(&move, from, r) != NGX_OK) {
        goto failed;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        goto failed;
    }

    cln->handler = handler;
    cln->data = data;

    r->ctx = NULL;
    r->variables = NULL;

    *saved = move.saved;

    return r;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


ngx_int_t
ngx_thread_ws_compact_undo(ngx_http_request_t *r,
    ngx_thread_ws_compact_t *saved)
{
    void                      **ctx;
    ngx_uint_t                  i;
    ngx_http_variable_value_t  *v;
    ngx_http_core_main_conf_t  *cmcf;

    if (r->ctx) {
        return NGX_OK;
    }

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    ctx = ngx_pcalloc(r->pool, ngx_http_max_module * sizeof(void *));
    v = ngx_pcalloc(r->pool, cmcf->variables.nelts
                             * sizeof(ngx_http_variable_value_t));

    if (ctx == NULL || v == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < saved->nvariables; i++) {
        v[saved->variables[i].index] = saved->variables[i].value;
    }

    r->variables = v;
    r->ctx = ctx;

    return NGX_OK;
}


/* what the request had, and what its head was read into */

static void
ngx_thread_ws_compact_free(ngx_http_request_t *r)
{
    ngx_buf_t              *b;
    ngx_chain_t            *cl;
    ngx_connection_t       *c;
    ngx_http_connection_t  *hc;

    c = r->connection;
    hc = r->http_connection;
    b = c->buffer;

    for (cl = hc->busy; cl; cl = cl->next) {

        if (cl->buf != b) {
            (void) ngx_pfree(c->pool, cl->buf->start);
            cl->buf->start = NULL;
            cl->buf->pos = cl->buf->last = cl->buf->end = NULL;
        }
    }

    hc->busy = NULL;
    hc->nbusy = 0;

    for (cl = hc->free; cl; cl = cl->next) {
        (void) ngx_pfree(c->pool, cl->buf->start);
    }

    hc->free = NULL;

    if (b && b->start && ngx_pfree(c->pool, b->start) == NGX_OK) {
        b->start = NULL;
        b->pos = b->last = b->end = NULL;
    }

    ngx_destroy_pool(r->pool);
}
