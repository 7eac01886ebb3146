
/*
 * A twin's events over HTTP/1.1, where no filter has anything to do with them
 * but to put a chunk around and to write it: that is done at once, in one piece
 * of memory, since each block has room for it.  Anything else goes on through
 * nginx's filters.
 */


#include "twin/ngx_thread_ws_twin_private.h"
#include "conn/ngx_thread_ws_block.h"


static ngx_int_t ngx_thread_ws_twin_first_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_thread_ws_twin_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_uint_t ngx_thread_ws_twin_plain(ngx_http_request_t *r,
    ngx_chain_t *in, ngx_uint_t passes);
static ngx_int_t ngx_thread_ws_twin_write(ngx_http_request_t *r,
    ngx_chain_t *in);
static void ngx_thread_ws_twin_chunk(ngx_buf_t *b);


static ngx_http_output_body_filter_pt  ngx_http_next_body_filter;
static ngx_http_output_body_filter_pt  ngx_http_first_body_filter;


/* before all others, where they are known to do nothing */

static ngx_int_t
ngx_thread_ws_twin_first_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    return ngx_thread_ws_twin_plain(r, in, 1)
           ? ngx_thread_ws_twin_write(r, in)
           : ngx_http_first_body_filter(r, in);
}


/* after those that change bodies, which may have left this one as it is */

static ngx_int_t
ngx_thread_ws_twin_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    return ngx_thread_ws_twin_plain(r, in, 0)
           ? ngx_thread_ws_twin_write(r, in)
           : ngx_http_next_body_filter(r, in);
}


/*
 * It is one block of the twin's, whole, and nothing is before it; and none of
 * the filters that are left out would have anything to do: subrequests, an
 * encoding for the client.
 */

static ngx_uint_t
ngx_thread_ws_twin_plain(ngx_http_request_t *r, ngx_chain_t *in,
    ngx_uint_t passes)
{
    ngx_buf_t              *b;
    ngx_connection_t       *c;
    ngx_thread_ws_twin_t   *twin;
    ngx_thread_ws_block_t  *block;

    if (in == NULL || r->write_event_handler != ngx_thread_ws_twin_writer) {
        return 0;
    }

    twin = ngx_http_get_module_ctx(r, ngx_thread_ws_module);
    c = r->connection;

    if (twin->passes < passes || in != twin->busy || in->next
        || c->data != r || r->postponed
        || !r->chunked || r->http_version != NGX_HTTP_VERSION_11
        || r->headers_out.content_encoding || r->out || r->buffered
        || c->buffered || c->error || !c->write->ready || c->write->delayed)
    {
        return 0;
    }

    b = in->buf;
    block = (ngx_thread_ws_block_t *) b->start;

    return b->pos == block->pos && b->last == block->last;
}


static ngx_int_t
ngx_thread_ws_twin_write(ngx_http_request_t *r, ngx_chain_t *in)
{
    ssize_t            n;
    ngx_buf_t         *b;
    ngx_connection_t  *c;

    c = r->connection;
    b = in->buf;

    ngx_thread_ws_twin_chunk(b);

    n = c->send(c, b->pos, b->last - b->pos);

    if (n == NGX_ERROR) {
        c->error = 1;
        return NGX_ERROR;
    }

    if (n > 0) {
        b->pos += n;
    }

    /* the rest waits where all that is to be written does */

    return (b->pos == b->last) ? NGX_OK : ngx_http_write_filter(r, in);
}


static void
ngx_thread_ws_twin_chunk(ngx_buf_t *b)
{
    size_t  size;

    static u_char  hex[] = "0123456789abcdef";

    size = b->last - b->pos;

    *b->last++ = CR;
    *b->last++ = LF;

    *--b->pos = LF;
    *--b->pos = CR;

    do {
        *--b->pos = hex[size & 0xf];
        size >>= 4;
    } while (size);
}


ngx_int_t
ngx_thread_ws_twin_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_thread_ws_twin_body_filter;

    return NGX_OK;
}


void
ngx_thread_ws_twin_init_module(void)
{
    ngx_http_first_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_thread_ws_twin_first_filter;
}
