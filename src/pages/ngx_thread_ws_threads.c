
/*
 * The location of thread_ws_threads: one operation of the store for each
 * request.
 */


#include "ngx_thread_ws.h"
#include "pages/ngx_thread_ws_threads.h"
#include "pages/ngx_thread_ws_page.h"
#include "base/ngx_thread_ws_response.h"
#include "base/ngx_thread_ws_string.h"
#include "conf/ngx_thread_ws_settings.h"
#include "conn/ngx_thread_ws_identity.h"
#include "thread/ngx_thread_ws_thread.h"


#define NGX_THREAD_WS_THREADS_LIMIT  100
#define NGX_THREAD_WS_THREADS_MAX    1000

#define NGX_THREAD_WS_THREADS_BODY   8192


typedef struct {
    ngx_http_request_t          *request;
    ngx_thread_ws_store_op_t     op;
    ngx_thread_ws_store_list_t   list;
    unsigned                     active:1;     /* the op is under way */
} ngx_thread_ws_threads_t;


static ngx_int_t ngx_thread_ws_threads_handler(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_threads_whose(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_threads_arguments(ngx_http_request_t *r,
    ngx_thread_ws_store_op_t *op);
static ngx_uint_t ngx_thread_ws_threads_cursor(ngx_str_t *cursor);
static void ngx_thread_ws_threads_body(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_threads_title(ngx_http_request_t *r,
    ngx_thread_ws_threads_t *threads);
static ngx_int_t ngx_thread_ws_threads_parse(ngx_http_request_t *r,
    ngx_str_t *body, ngx_str_t *title);
static ngx_int_t ngx_thread_ws_threads_call(ngx_thread_ws_threads_t *threads);
static void ngx_thread_ws_threads_store_handler(ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_threads_done(ngx_thread_ws_threads_t *threads);
static json_t *ngx_thread_ws_threads_json(ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_threads_cleanup(void *data);


char *
ngx_thread_ws_threads_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_thread_ws_settings_handler(cf, ngx_thread_ws_threads_handler);
}


ngx_int_t
ngx_thread_ws_threads_check(ngx_conf_t *cf, ngx_thread_ws_loc_conf_t *tlcf)
{
    if (tlcf->handler != ngx_thread_ws_threads_handler) {
        return NGX_OK;
    }

    if (tlcf->user == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"thread_ws_threads\" needs \"thread_ws_user\": "
                      "threads that nobody owns are everybody's, in %V:%ui",
                      &tlcf->place.file, tlcf->place.line);
        return NGX_ERROR;
    }

    if (!tlcf->store->shared) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0, "\"thread_ws_threads\" "
                      "will find no thread: \"thread_ws_store\" is neither "
                      "\"memory\" nor PostgreSQL there, in %V:%ui",
                      &tlcf->place.file, tlcf->place.line);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_threads_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_cleanup_t        *cln;
    ngx_thread_ws_threads_t   *threads;
    ngx_thread_ws_loc_conf_t  *conf;

    static ngx_str_t  allowed = ngx_string("GET, HEAD, PATCH, DELETE");

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_PATCH
                       |NGX_HTTP_DELETE)))
    {
        return (ngx_thread_ws_response_add(r, "Allow", &allowed) == NGX_OK)
               ? NGX_HTTP_NOT_ALLOWED : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_thread_ws_module);

    cln = ngx_http_cleanup_add(r, sizeof(ngx_thread_ws_threads_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    threads = cln->data;
    ngx_memzero(threads, sizeof(ngx_thread_ws_threads_t));

    cln->handler = ngx_thread_ws_threads_cleanup;

    threads->request = r;
    threads->op.list = &threads->list;

    rc = ngx_thread_ws_threads_whose(r, conf, &threads->op);

    if (rc != NGX_OK) {
        return rc;
    }

    if (r->method == NGX_HTTP_PATCH) {
        rc = ngx_http_read_client_request_body(r, ngx_thread_ws_threads_body);

        return (rc >= NGX_HTTP_SPECIAL_RESPONSE) ? rc : NGX_DONE;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_thread_ws_threads_call(threads);

    if (rc == NGX_AGAIN) {
        r->main->count++;
        return NGX_DONE;
    }

    return rc;
}


/* all are meant unless one is named: a name that is none is a mistake */

static ngx_int_t
ngx_thread_ws_threads_whose(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_thread_ws_store_op_t *op)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    rc = ngx_thread_ws_identity(r, conf, &op->thread_id, &op->owner);

    if (rc != NGX_OK && rc != NGX_DECLINED) {
        return rc;
    }

    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        return ngx_thread_ws_threads_arguments(r, op);
    }

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    if (r->method == NGX_HTTP_PATCH) {
        return NGX_HTTP_NOT_FOUND;
    }

    ngx_str_null(&value);

    if (conf->thread_id) {
        if (ngx_http_complex_value(r, conf->thread_id, &value) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

    } else if (ngx_http_arg(r, (u_char *) "threadId", sizeof("threadId") - 1,
                            &value)
               == NGX_OK)
    {
        return NGX_HTTP_NOT_FOUND;
    }

    return value.len ? NGX_HTTP_NOT_FOUND : NGX_OK;
}


static ngx_int_t
ngx_thread_ws_threads_arguments(ngx_http_request_t *r,
    ngx_thread_ws_store_op_t *op)
{
    ngx_int_t  limit;
    ngx_str_t  value;

    op->limit = NGX_THREAD_WS_THREADS_LIMIT;

    if (ngx_http_arg(r, (u_char *) "limit", sizeof("limit") - 1, &value)
        == NGX_OK)
    {
        limit = ngx_atoi(value.data, value.len);

        if (limit < 1) {
            return NGX_HTTP_BAD_REQUEST;
        }

        op->limit = ngx_min(limit, NGX_THREAD_WS_THREADS_MAX);
    }

    if (ngx_http_arg(r, (u_char *) "before", sizeof("before") - 1, &value)
        == NGX_OK)
    {
        if (!ngx_thread_ws_threads_cursor(&value)) {
            return NGX_HTTP_BAD_REQUEST;
        }

        op->list->cursor = value;
    }

    return NGX_OK;
}


/* two numbers, of which each fits 63 bits */

static ngx_uint_t
ngx_thread_ws_threads_cursor(ngx_str_t *cursor)
{
    u_char  *p, *dash, *last;

    last = cursor->data + cursor->len;
    dash = ngx_strlchr(cursor->data, last, '-');

    if (dash == NULL || dash == cursor->data || dash == last - 1
        || dash - cursor->data > 18 || last - dash > 19)
    {
        return 0;
    }

    for (p = cursor->data; p < last; p++) {
        if (p != dash && (*p < '0' || *p > '9')) {
            return 0;
        }
    }

    return 1;
}


static void
ngx_thread_ws_threads_body(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_http_cleanup_t       *cln;
    ngx_thread_ws_threads_t  *threads;

    for (cln = r->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_thread_ws_threads_cleanup) {
            break;
        }
    }

    threads = cln->data;

    rc = ngx_thread_ws_threads_title(r, threads);

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_threads_call(threads);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


/* what does not fit the buffer for bodies is no title */

static ngx_int_t
ngx_thread_ws_threads_title(ngx_http_request_t *r,
    ngx_thread_ws_threads_t *threads)
{
    u_char       *p;
    size_t        len, size;
    ngx_str_t     body;
    ngx_chain_t  *cl;

    if (r->request_body == NULL || r->request_body->bufs == NULL) {
        return NGX_HTTP_BAD_REQUEST;
    }

    if (r->request_body->temp_file) {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    len = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    if (len > NGX_THREAD_WS_THREADS_BODY) {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    p = ngx_pnalloc(r->pool, len + 1);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.data = p;
    body.len = len;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size = ngx_buf_size(cl->buf);
        p = ngx_cpymem(p, cl->buf->pos, size);
    }

    return ngx_thread_ws_threads_parse(r, &body, &threads->list.title);
}


/* {"title": "…"}; null takes it away */

static ngx_int_t
ngx_thread_ws_threads_parse(ngx_http_request_t *r, ngx_str_t *body,
    ngx_str_t *title)
{
    json_t     *root, *value;
    ngx_int_t   rc;
    ngx_str_t   text;

    root = json_loadb((char *) body->data, body->len, JSON_REJECT_DUPLICATES,
                      NULL);
    value = json_object_get(root, "title");

    rc = NGX_HTTP_BAD_REQUEST;

    if (json_object_size(root) != 1) {
        goto done;
    }

    if (json_is_null(value)) {
        ngx_str_null(title);
        rc = NGX_OK;
        goto done;
    }

    if (!json_is_string(value)
        || json_string_length(value) > NGX_THREAD_WS_STORE_TITLE)
    {
        goto done;
    }

    text.data = (u_char *) json_string_value(value);
    text.len = json_string_length(value);

    rc = (ngx_thread_ws_string_dup(r->pool, title, &text) == NGX_OK)
         ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;

done:

    json_decref(root);

    return rc;
}


/* NGX_AGAIN, or what a content handler returns */

static ngx_int_t
ngx_thread_ws_threads_call(ngx_thread_ws_threads_t *threads)
{
    ngx_int_t                  rc;
    ngx_http_request_t        *r;
    ngx_thread_ws_store_op_t  *op;
    ngx_thread_ws_loc_conf_t  *conf;

    r = threads->request;
    op = &threads->op;

    conf = ngx_http_get_module_loc_conf(r, ngx_thread_ws_module);

    op->pool = r->pool;
    op->log = r->connection->log;
    op->handler = ngx_thread_ws_threads_store_handler;
    op->data = threads;

    if (r->method == NGX_HTTP_PATCH) {
        rc = ngx_thread_ws_store_entitle(conf->store, op);

    } else if (r->method != NGX_HTTP_DELETE) {
        rc = ngx_thread_ws_store_list(conf->store, op);

    } else if (op->thread_id.len) {
        rc = ngx_thread_ws_store_remove(conf->store, op);

    } else {
        rc = ngx_thread_ws_store_erase(conf->store, op);
    }

    if (rc == NGX_OK) {
        return ngx_thread_ws_threads_done(threads);
    }

    /* a client that goes takes its request along */

    threads->active = 1;

    r->read_event_handler = ngx_http_test_reading;

    return NGX_AGAIN;
}


static void
ngx_thread_ws_threads_store_handler(ngx_thread_ws_store_op_t *op)
{
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_thread_ws_threads_t  *threads;

    threads = op->data;
    threads->active = 0;

    r = threads->request;
    c = r->connection;

    ngx_http_finalize_request(r, ngx_thread_ws_threads_done(threads));

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_thread_ws_threads_done(ngx_thread_ws_threads_t *threads)
{
    ngx_http_request_t        *r;
    ngx_thread_ws_store_op_t  *op;

    r = threads->request;
    op = &threads->op;

    if (op->status != NGX_OK && op->status != NGX_DECLINED) {
        return ngx_thread_ws_page_unavailable(r);
    }

    if (r->method == NGX_HTTP_DELETE) {

        /* a first run is not stored yet, but its thread is deleted */

        if (op->thread_id.len) {
            ngx_thread_ws_thread_delete(op->store, &op->owner, &op->thread_id,
                                        op->status == NGX_DECLINED);

        } else {
            ngx_thread_ws_thread_erase(op->store, &op->owner);
        }
    }

    if (op->status == NGX_DECLINED) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (r->method & (NGX_HTTP_PATCH|NGX_HTTP_DELETE)) {
        return ngx_thread_ws_page_done(r);
    }

    return ngx_thread_ws_page_json(r, ngx_thread_ws_threads_json(op));
}


/* a page that is full has another after it, perhaps an empty one */

static json_t *
ngx_thread_ws_threads_json(ngx_thread_ws_store_op_t *op)
{
    u_char                         buf[NGX_THREAD_WS_PAGE_TIME];
    json_t                        *root, *array;
    ngx_str_t                     *title;
    ngx_uint_t                     i, n;
    ngx_thread_ws_store_thread_t  *thread;

    static ngx_str_t  file = ngx_string("File");

    array = json_array();
    thread = op->list->threads.elts;
    n = op->list->threads.nelts;

    for (i = 0; i < n; i++) {
        title = &thread[i].title;

        if (title->len == 0) {

            /* its first message has no text */

            title = &file;
        }

        if (json_array_append_new(array,
                json_pack("{s:s%, s:s%, s:s, s:I}",
                          "threadId", thread[i].id.data, thread[i].id.len,
                          "title", title->data, title->len,
                          "updatedAt",
                          ngx_thread_ws_page_time(buf, thread[i].updated),
                          "runs", (json_int_t) thread[i].nruns))
            != 0)
        {
            json_decref(array);
            return NULL;
        }
    }

    root = json_pack("{s:o}", "threads", array);

    if (root && n && n == op->limit) {
        thread = &thread[n - 1];

        if (json_object_set_new(root, "before",
                                json_stringn((char *) thread->cursor.data,
                                             thread->cursor.len))
            != 0)
        {
            json_decref(root);
            return NULL;
        }
    }

    return root;
}


static void
ngx_thread_ws_threads_cleanup(void *data)
{
    ngx_thread_ws_threads_t *threads = data;

    if (threads->active) {
        threads->active = 0;
        ngx_thread_ws_store_abandon(&threads->op);
    }
}
