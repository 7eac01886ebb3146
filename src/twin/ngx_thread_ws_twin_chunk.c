
/*
 * A twin's events over HTTP/1.1, where no filter has anything to do with them
 * but to put a chunk around and to write it: that is done at once, in one piece
 * of memory, since each block has room for it.  Anything else goes on through
 * nginx's filters.
 */


#include "twin/ngx_thread_ws_twin_private.h"
#include "base/ngx_thread_ws_modules.h"
#include "conn/ngx_thread_ws_block.h"


/* bytes of core's request, from its output on, to its last flag */

#define NGX_THREAD_WS_TWIN_REQUEST  192


static ngx_uint_t ngx_thread_ws_twin_plain(ngx_thread_ws_twin_t *twin);
static ngx_int_t ngx_thread_ws_twin_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ssize_t ngx_thread_ws_twin_write(ngx_connection_t *c,
    ngx_thread_ws_block_t *block);


static ngx_http_output_body_filter_pt  ngx_http_next_body_filter;


void
ngx_thread_ws_twin_pass(ngx_thread_ws_twin_t *twin)
{
    ngx_http_request_t  *r;

    r = twin->conn.request;

    twin->passes = ngx_thread_ws_modules_pass(r);
    twin->chunks = (r->chunked && r->http_version == NGX_HTTP_VERSION_11
                    && r->headers_out.content_encoding == NULL);
}


void
ngx_thread_ws_twin_near(void *data, ngx_thread_ws_near_t *near)
{
    ngx_thread_ws_twin_t *twin = data;

    ngx_thread_ws_conn_near(&twin->conn, near);

    near[3].at = &twin->busy;
    near[3].size = sizeof(ngx_thread_ws_twin_t)
                   - offsetof(ngx_thread_ws_twin_t, busy);

    near[4].at = &twin->conn.request->out;
    near[4].size = NGX_THREAD_WS_TWIN_REQUEST;
}


/* before all filters, where they are known to do nothing */

ngx_int_t
ngx_thread_ws_twin_direct(ngx_thread_ws_twin_t *twin)
{
    ssize_t                 n;
    ngx_chain_t            *rest;
    ngx_thread_ws_conn_t   *conn;
    ngx_thread_ws_block_t  *block;

    conn = &twin->conn;
    block = conn->out;

    if (!twin->passes || block->next || twin->busy
        || !ngx_thread_ws_twin_plain(twin))
    {
        return NGX_DECLINED;
    }

    n = ngx_thread_ws_twin_write(conn->connection, block);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (block->pos == block->last) {
        conn->out = NULL;
        conn->out_last = NULL;
        conn->out_size = 0;

        ngx_thread_ws_block_put(block);

        return NGX_OK;
    }

    /* the rest waits where all that is to be written does */

    rest = NULL;

    return (ngx_thread_ws_twin_chain(twin, &rest) == NGX_OK)
           ? ngx_http_write_filter(conn->request, rest) : NGX_ERROR;
}


/* after those that change bodies, which may have left this one as it is */

static ngx_int_t
ngx_thread_ws_twin_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ssize_t                 n;
    ngx_buf_t              *b;
    ngx_thread_ws_twin_t   *twin;
    ngx_thread_ws_block_t  *block;

    if (in == NULL || r->write_event_handler != ngx_thread_ws_twin_writer) {
        return ngx_http_next_body_filter(r, in);
    }

    twin = ngx_http_get_module_ctx(r, ngx_thread_ws_module);
    b = in->buf;
    block = (ngx_thread_ws_block_t *) b->start;

    /* one block of the twin's, whole, and nothing is before it */

    if (in != twin->busy || in->next
        || b->pos != block->pos || b->last != block->last
        || !ngx_thread_ws_twin_plain(twin))
    {
        return ngx_http_next_body_filter(r, in);
    }

    n = ngx_thread_ws_twin_write(r->connection, block);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    b->pos = block->pos;
    b->last = block->last;

    return (b->pos == b->last) ? NGX_OK : ngx_http_write_filter(r, in);
}


/*
 * None of the filters that are left out would have anything to do: subrequests,
 * an encoding for the client, bytes before these.
 */

static ngx_uint_t
ngx_thread_ws_twin_plain(ngx_thread_ws_twin_t *twin)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = twin->conn.connection;
    r = twin->conn.request;

    return twin->chunks
           && c->data == r && r->postponed == NULL
           && r->out == NULL && !r->buffered
           && !c->buffered && !c->error
           && c->write->ready && !c->write->delayed;
}


/*
 * What the socket takes of the block as a chunk, as c->send() says it.
 *
 * What OpenSSL could not write it wants again from the same place, which is
 * core's buffer: nothing is written there but by that.
 */

static ssize_t
ngx_thread_ws_twin_write(ngx_connection_t *c, ngx_thread_ws_block_t *block)
{
    size_t   size;
    ssize_t  n;

    static u_char  hex[] = "0123456789abcdef";

    size = block->last - block->pos;

    *block->last++ = CR;
    *block->last++ = LF;

    *--block->pos = LF;
    *--block->pos = CR;

    do {
        *--block->pos = hex[size & 0xf];
        size >>= 4;
    } while (size);

#if (NGX_HTTP_SSL)

    if (c->ssl) {
        return NGX_AGAIN;
    }

#endif

    n = c->send(c, block->pos, block->last - block->pos);

    if (n == NGX_ERROR) {
        c->error = 1;

    } else if (n > 0) {
        block->pos += n;
    }

    return n;
}


ngx_int_t
ngx_thread_ws_twin_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_thread_ws_twin_body_filter;

    return NGX_OK;
}
