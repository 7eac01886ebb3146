
/*
 * The move is made twice by the same functions: the first time without a pool,
 * when nothing is copied and only sizes are added up.
 */


#include "conn/ngx_thread_ws_compact.h"
#include "conn/ngx_thread_ws_conn.h"


typedef struct {
    ngx_pool_t                *pool;     /* NULL: sizes are added up */
    size_t                     size;
    ngx_str_t                  line;     /* the request line before ... */
    u_char                    *moved;    /* ... and after its move */
    ngx_thread_ws_compact_variable_t  *variables;
    ngx_uint_t                 nvariables;
} ngx_thread_ws_compact_t;


static ngx_uint_t ngx_thread_ws_compact_fit(ngx_thread_ws_conn_t *conn);
static ngx_uint_t ngx_thread_ws_compact_done(char *name);
static ngx_int_t ngx_thread_ws_compact_move(ngx_thread_ws_compact_t *move,
    ngx_http_request_t *from, ngx_http_request_t *r);
static void *ngx_thread_ws_compact_alloc(ngx_thread_ws_compact_t *move,
    size_t size);
static ngx_int_t ngx_thread_ws_compact_text(ngx_thread_ws_compact_t *move,
    u_char **data, size_t len);
static ngx_int_t ngx_thread_ws_compact_strings(ngx_thread_ws_compact_t *move,
    ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_compact_headers(ngx_thread_ws_compact_t *move,
    ngx_list_t *from, ngx_list_t *list, void *table, size_t size,
    ngx_uint_t lowcase);
static ngx_table_elt_t *ngx_thread_ws_compact_header(ngx_list_t *from,
    ngx_list_t *list, void *p);
static ngx_int_t ngx_thread_ws_compact_variables(
    ngx_thread_ws_compact_t *move, ngx_http_request_t *r);
#if (NGX_PCRE)
static ngx_int_t ngx_thread_ws_compact_captures(ngx_thread_ws_compact_t *move,
    ngx_http_request_t *r);
#endif
static void ngx_thread_ws_compact_free(ngx_http_request_t *r);

#if (nginx_version < 1023000)
static ngx_int_t ngx_thread_ws_compact_array(ngx_thread_ws_compact_t *move,
    ngx_list_t *from, ngx_list_t *list, ngx_array_t *array);
#endif


/* modules whose contexts are of no use once a request has been answered */

static char  *ngx_thread_ws_compact_modules[] = {
    "ngx_http_auth_request_module",
    "ngx_http_copy_filter_module",
    "ngx_http_header_count_module",
    NULL
};


void
ngx_thread_ws_compact(ngx_thread_ws_conn_t *conn)
{
    ngx_pool_t               *pool;
    ngx_connection_t         *c;
    ngx_http_request_t       *r, *from, measured;
    ngx_http_log_ctx_t       *ctx;
    ngx_thread_ws_compact_t   move;

    if (!ngx_thread_ws_compact_fit(conn)) {
        return;
    }

    c = conn->connection;
    from = conn->request;

    ngx_memzero(&move, sizeof(ngx_thread_ws_compact_t));

    measured = *from;
    (void) ngx_thread_ws_compact_move(&move, from, &measured);

    pool = ngx_create_pool(ngx_align(sizeof(ngx_pool_t)
                                     + sizeof(ngx_http_request_t)
                                     + sizeof(ngx_http_cleanup_t)
                                     + move.size,
                                     NGX_POOL_ALIGNMENT),
                           c->log);
    if (pool == NULL) {
        return;
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

    if (ngx_thread_ws_compact_move(&move, from, r) != NGX_OK
        || ngx_thread_ws_conn_attach(conn, r) != NGX_OK)
    {
        goto failed;
    }

    r->ctx = NULL;
    r->variables = NULL;

    conn->variables = move.variables;
    conn->nvariables = move.nvariables;

    ctx = c->log->data;
    ctx->request = r;
    ctx->current_request = r;

    ngx_thread_ws_compact_free(from);
    r->header_in = c->buffer;

    return;

failed:

    ngx_destroy_pool(pool);
}


/* whether nobody but core and this module knows the request */

static ngx_uint_t
ngx_thread_ws_compact_fit(ngx_thread_ws_conn_t *conn)
{
    ngx_uint_t           i;
    ngx_http_cleanup_t  *cln;
    ngx_http_request_t  *r;

    r = conn->request;

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
        if (cln->handler && cln->data != conn) {
            return 0;
        }
    }

    for (i = 0; ngx_cycle->modules[i]; i++) {

        if (ngx_cycle->modules[i]->type == NGX_HTTP_MODULE
            && r->ctx[ngx_cycle->modules[i]->ctx_index]
            && ngx_cycle->modules[i] != &ngx_thread_ws_module
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


ngx_int_t
ngx_thread_ws_compact_undo(ngx_thread_ws_conn_t *conn)
{
    void                      **ctx;
    ngx_uint_t                  i;
    ngx_http_request_t         *r;
    ngx_http_variable_value_t  *v;
    ngx_http_core_main_conf_t  *cmcf;

    r = conn->request;

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

    for (i = 0; i < conn->nvariables; i++) {
        v[conn->variables[i].index] = conn->variables[i].value;
    }

    r->variables = v;
    r->ctx = ctx;

    ngx_http_set_ctx(r, conn, ngx_thread_ws_module);

    return NGX_OK;
}


/* r is a copy of the request, to be made independent of it */

static ngx_int_t
ngx_thread_ws_compact_move(ngx_thread_ws_compact_t *move,
    ngx_http_request_t *from, ngx_http_request_t *r)
{
    if (ngx_thread_ws_compact_headers(move, &from->headers_in.headers,
                                      &r->headers_in.headers, &r->headers_in,
                                      sizeof(ngx_http_headers_in_t), 1)
        != NGX_OK
        || ngx_thread_ws_compact_headers(move, &from->headers_out.headers,
                                         &r->headers_out.headers,
                                         &r->headers_out,
                                         sizeof(ngx_http_headers_out_t), 0)
           != NGX_OK
        || ngx_thread_ws_compact_headers(move, &from->headers_out.trailers,
                                         &r->headers_out.trailers, NULL, 0, 0)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

#if (nginx_version < 1023000)

    if (ngx_thread_ws_compact_array(move, &from->headers_in.headers,
                                    &r->headers_in.headers,
                                    &r->headers_in.cookies)
        != NGX_OK
        || ngx_thread_ws_compact_array(move, &from->headers_out.headers,
                                       &r->headers_out.headers,
                                       &r->headers_out.cache_control)
           != NGX_OK
        || ngx_thread_ws_compact_array(move, &from->headers_out.headers,
                                       &r->headers_out.headers,
                                       &r->headers_out.link)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

#if (NGX_HTTP_X_FORWARDED_FOR)
    if (ngx_thread_ws_compact_array(move, &from->headers_in.headers,
                                    &r->headers_in.headers,
                                    &r->headers_in.x_forwarded_for)
        != NGX_OK)
    {
        return NGX_ERROR;
    }
#endif

#endif

    if (ngx_thread_ws_compact_strings(move, r) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_thread_ws_compact_variables(move, r);
}


/* NULL also without a pool */

static void *
ngx_thread_ws_compact_alloc(ngx_thread_ws_compact_t *move, size_t size)
{
    if (move->pool) {
        return ngx_palloc(move->pool, size);
    }

    move->size += ngx_align(size, NGX_ALIGNMENT);

    return NULL;
}


static ngx_int_t
ngx_thread_ws_compact_text(ngx_thread_ws_compact_t *move, u_char **data,
    size_t len)
{
    u_char  *p;

    if (*data == NULL || len == 0) {
        return NGX_OK;
    }

    if (*data >= move->line.data
        && *data + len <= move->line.data + move->line.len)
    {
        /* most of the request's strings are parts of its first line */

        if (move->pool) {
            *data = move->moved + (*data - move->line.data);
        }

        return NGX_OK;
    }

    if (move->pool == NULL) {
        move->size += len;
        return NGX_OK;
    }

    p = ngx_pnalloc(move->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, *data, len);
    *data = p;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_compact_strings(ngx_thread_ws_compact_t *move,
    ngx_http_request_t *r)
{
    ngx_str_t   line, *strings[13];
    ngx_uint_t  i;

    line = r->request_line;

    if (ngx_thread_ws_compact_text(move, &r->request_line.data, line.len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    move->line = line;
    move->moved = r->request_line.data;

    strings[0] = &r->unparsed_uri;
    strings[1] = &r->uri;
    strings[2] = &r->args;
    strings[3] = &r->exten;
    strings[4] = &r->method_name;
    strings[5] = &r->http_protocol;
    strings[6] = &r->schema;
    strings[7] = &r->headers_in.user;
    strings[8] = &r->headers_in.passwd;
    strings[9] = &r->headers_in.server;
    strings[10] = &r->headers_out.content_type;
    strings[11] = &r->headers_out.charset;
    strings[12] = &r->headers_out.status_line;

    for (i = 0; i < 13; i++) {
        if (ngx_thread_ws_compact_text(move, &strings[i]->data,
                                       strings[i]->len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * A list of headers becomes one part.  The pointers into it, in the structure
 * that holds the list, are whatever words there are addresses of headers: which
 * members those are differs from version to version.  Only a client's headers
 * have names in lower case.
 */

static ngx_int_t
ngx_thread_ws_compact_headers(ngx_thread_ws_compact_t *move, ngx_list_t *from,
    ngx_list_t *list, void *table, size_t size, ngx_uint_t lowcase)
{
    void             **word;
    ngx_uint_t         i, n;
    ngx_list_part_t   *part;
    ngx_table_elt_t   *h, *e, *old, measured;

    n = 0;

    for (part = &from->part; part; part = part->next) {
        n += part->nelts;
    }

    /* a list that is pushed to needs room for one */

    h = ngx_thread_ws_compact_alloc(move,
                                 ngx_max(n, 1) * sizeof(ngx_table_elt_t));

    if (move->pool) {

        if (h == NULL) {
            return NGX_ERROR;
        }

        list->part.elts = h;
        list->part.nelts = n;
        list->part.next = NULL;
        list->last = &list->part;
        list->nalloc = ngx_max(n, 1);
        list->pool = move->pool;
    }

    for (part = &from->part; part; part = part->next) {
        old = part->elts;

        for (i = 0; i < part->nelts; i++) {
            e = h ? h++ : &measured;
            *e = old[i];

            if (ngx_thread_ws_compact_text(move, &e->key.data, e->key.len)
                != NGX_OK
                || ngx_thread_ws_compact_text(move, &e->value.data,
                                              e->value.len)
                   != NGX_OK
                || (lowcase
                    && ngx_thread_ws_compact_text(move, &e->lowcase_key,
                                                  e->key.len)
                       != NGX_OK))
            {
                return NGX_ERROR;
            }
        }
    }

    if (move->pool == NULL) {
        return NGX_OK;
    }

#if (nginx_version >= 1023000)

    h = list->part.elts;

    for (i = 0; i < n; i++) {
        h[i].next = ngx_thread_ws_compact_header(from, list, h[i].next);
    }

#endif

    word = table;

    for (i = 0; i < size / sizeof(void *); i++) {
        h = ngx_thread_ws_compact_header(from, list, word[i]);

        if (h) {
            word[i] = h;
        }
    }

    return NGX_OK;
}


/* where a header of the old list stands now, NULL if it is none */

static ngx_table_elt_t *
ngx_thread_ws_compact_header(ngx_list_t *from, ngx_list_t *list, void *p)
{
    ngx_uint_t        n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *old;

    h = list->part.elts;
    n = 0;

    for (part = &from->part; part; part = part->next) {
        old = part->elts;

        if ((ngx_table_elt_t *) p >= old
            && (ngx_table_elt_t *) p < old + part->nelts)
        {
            return h + n + ((ngx_table_elt_t *) p - old);
        }

        n += part->nelts;
    }

    return NULL;
}


#if (nginx_version < 1023000)

static ngx_int_t
ngx_thread_ws_compact_array(ngx_thread_ws_compact_t *move, ngx_list_t *from,
    ngx_list_t *list, ngx_array_t *array)
{
    ngx_uint_t         i;
    ngx_table_elt_t  **h, **old;

    if (array->nelts == 0) {
        return NGX_OK;
    }

    h = ngx_thread_ws_compact_alloc(move,
                                    array->nelts * sizeof(ngx_table_elt_t *));

    if (move->pool == NULL) {
        return NGX_OK;
    }

    if (h == NULL) {
        return NGX_ERROR;
    }

    old = array->elts;

    for (i = 0; i < array->nelts; i++) {
        h[i] = ngx_thread_ws_compact_header(from, list, old[i]);
    }

    array->elts = h;
    array->nalloc = array->nelts;
    array->pool = move->pool;

    return NGX_OK;
}

#endif


/* those that have a value */

static ngx_int_t
ngx_thread_ws_compact_variables(ngx_thread_ws_compact_t *move,
    ngx_http_request_t *r)
{
    ngx_uint_t                         i, n;
    ngx_http_variable_value_t          value;
    ngx_http_core_main_conf_t         *cmcf;
    ngx_thread_ws_compact_variable_t  *v;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    n = 0;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        n += (r->variables[i].valid || r->variables[i].not_found);
    }

    v = NULL;

    if (n) {
        v = ngx_thread_ws_compact_alloc(move,
                                n * sizeof(ngx_thread_ws_compact_variable_t));

        if (move->pool && v == NULL) {
            return NGX_ERROR;
        }
    }

    move->variables = v;
    move->nvariables = n;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        value = r->variables[i];

        if (!value.valid && !value.not_found) {
            continue;
        }

        if (value.valid
            && ngx_thread_ws_compact_text(move, &value.data, value.len)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (v) {
            v->index = i;
            v->value = value;
            v++;
        }
    }

#if (NGX_PCRE)
    return ngx_thread_ws_compact_captures(move, r);
#else
    return NGX_OK;
#endif
}


#if (NGX_PCRE)

/* what the last regular expression captured */

static ngx_int_t
ngx_thread_ws_compact_captures(ngx_thread_ws_compact_t *move,
    ngx_http_request_t *r)
{
    int                        *captures;
    ngx_int_t                   len;
    ngx_uint_t                  i;
    ngx_http_core_main_conf_t  *cmcf;

    if (r->captures == NULL) {
        return NGX_OK;
    }

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    len = 0;

    for (i = 0; i < r->ncaptures; i++) {
        len = ngx_max(len, r->captures[i]);
    }

    captures = ngx_thread_ws_compact_alloc(move,
                                           cmcf->ncaptures * sizeof(int));

    if (move->pool) {

        if (captures == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(captures, r->captures, r->ncaptures * sizeof(int));
        r->captures = captures;
    }

    return ngx_thread_ws_compact_text(move, &r->captures_data, len);
}

#endif


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
