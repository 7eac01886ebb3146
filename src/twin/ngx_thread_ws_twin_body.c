
/*
 * The body of a POST, as it comes: it never goes through a file, and is no
 * larger than a message may be.
 */


#include "twin/ngx_thread_ws_twin_private.h"


static void ngx_thread_ws_twin_body(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_twin_body_take(ngx_thread_ws_twin_t *twin,
    ngx_uint_t *more);


ngx_int_t
ngx_thread_ws_twin_read(ngx_thread_ws_twin_t *twin)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = twin->conn.request;
    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, ngx_thread_ws_twin_body);

    return (rc >= NGX_HTTP_SPECIAL_RESPONSE) ? rc : NGX_DONE;
}


/* first, and whenever there is more */

static void
ngx_thread_ws_twin_body(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_uint_t             more;
    ngx_thread_ws_twin_t  *twin;

    twin = ngx_http_get_module_ctx(r, ngx_thread_ws_module);

    r->read_event_handler = ngx_thread_ws_twin_body;

    more = 1;

    while (ngx_thread_ws_twin_body_take(twin, &more) == NGX_OK) {

        if (!r->reading_body) {
            rc = ngx_thread_ws_twin_submit(twin);

            if (rc != NGX_DONE) {
                ngx_http_finalize_request(r, rc);
            }

            return;
        }

        if (!more) {
            return;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            ngx_http_finalize_request(r, rc);
            return;
        }

        more = 0;
    }

    r->read_event_handler = ngx_http_block_reading;

    ngx_http_finalize_request(r, ngx_thread_ws_twin_too_large(r));
}


/*
 * What has come: NGX_OK, and more is set if it was anything; or NGX_DECLINED
 * when it is too much.
 */

static ngx_int_t
ngx_thread_ws_twin_body_take(ngx_thread_ws_twin_t *twin, ngx_uint_t *more)
{
    size_t                    len;
    ngx_buf_t                *b;
    ngx_chain_t              *cl, *next;
    ngx_http_request_t       *r;
    ngx_http_request_body_t  *rb;

    r = twin->conn.request;
    rb = r->request_body;

    for (cl = rb->bufs; cl; cl = next) {
        next = cl->next;
        b = cl->buf;
        len = ngx_buf_in_memory(b) ? (size_t) (b->last - b->pos) : 0;

        if (len > twin->conn.conf->max_message_size - twin->body.len
            || ngx_thread_ws_bytes_add(&twin->body, b->pos, len) != NGX_OK)
        {
            return NGX_DECLINED;
        }

        b->pos += len;
        *more = 1;

        ngx_free_chain(r->pool, cl);
    }

    rb->bufs = NULL;

    return NGX_OK;
}
