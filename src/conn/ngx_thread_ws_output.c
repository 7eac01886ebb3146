
/*
 * The output queue.
 */


#include "conn/ngx_thread_ws_output.h"
#include "conn/ngx_thread_ws_block.h"


static u_char *ngx_thread_ws_output_reserve(ngx_thread_ws_conn_t *conn,
    size_t size);
static void ngx_thread_ws_output_commit(ngx_thread_ws_conn_t *conn,
    u_char *last);
static ngx_int_t ngx_thread_ws_output_deflate(ngx_thread_ws_conn_t *conn,
    ngx_uint_t opcode, u_char *data, size_t len);
static ngx_int_t ngx_thread_ws_output_sink(void *data, u_char *p, size_t len);
static ngx_int_t ngx_thread_ws_output_send(ngx_thread_ws_conn_t *conn);
static ngx_int_t ngx_thread_ws_output_fail(ngx_thread_ws_conn_t *conn);


/* a compressed message; its length comes before it in the frame */

static ngx_thread_ws_bytes_t   ngx_thread_ws_deflated;


/*
 * Room for size contiguous bytes at the end of the queue, NULL without memory
 * (conn->error is set then).  What was written there is taken in by
 * ngx_thread_ws_output_commit() with the position after it, before anything
 * else is reserved.
 */

static u_char *
ngx_thread_ws_output_reserve(ngx_thread_ws_conn_t *conn, size_t size)
{
    ngx_thread_ws_block_t  *block;

    block = conn->out_last;

    if (block && (size_t) (block->end - block->last) >= size) {
        return block->last;
    }

    block = ngx_thread_ws_block_add(&conn->out, &conn->out_last, size);
    if (block == NULL) {
        (void) ngx_thread_ws_output_fail(conn);
        return NULL;
    }

    return block->last;
}


static void
ngx_thread_ws_output_commit(ngx_thread_ws_conn_t *conn, u_char *last)
{
    conn->out_size += last - conn->out_last->last;
    conn->out_last->last = last;
}


u_char *
ngx_thread_ws_output_text(ngx_thread_ws_conn_t *conn, size_t size)
{
    u_char  *p;

    p = ngx_thread_ws_output_reserve(conn,
                                 ngx_thread_ws_frame_header_size(size) + size);
    if (p == NULL) {
        return NULL;
    }

    return p + ngx_thread_ws_frame_header_size(size);
}


void
ngx_thread_ws_output_text_end(ngx_thread_ws_conn_t *conn, u_char *payload,
    u_char *last)
{
    u_char  *p;
    size_t   len;

    len = last - payload;

    if (conn->deflate && len >= conn->conf->deflate.min_length) {

        if (ngx_thread_ws_output_deflate(conn, NGX_THREAD_WS_OP_TEXT, payload,
                                         len)
            != NGX_OK)
        {
            conn->error = 1;
        }

        return;
    }

    p = conn->out_last->last;
    p = ngx_thread_ws_frame_header(p, NGX_THREAD_WS_FIN
                                      | NGX_THREAD_WS_OP_TEXT, len);

    if (p != payload) {

        /* the bound promised a longer header than the text needs */

        ngx_memmove(p, payload, len);
    }

    ngx_thread_ws_output_commit(conn, p + len);
}


void
ngx_thread_ws_output_frame(ngx_thread_ws_conn_t *conn, ngx_uint_t opcode,
    u_char *data, size_t len)
{
    u_char  *p;

    if (conn->deflate
        && opcode <= NGX_THREAD_WS_OP_BINARY
        && len >= conn->conf->deflate.min_length)
    {
        if (ngx_thread_ws_output_deflate(conn, opcode, data, len) != NGX_OK) {
            conn->error = 1;
        }

        return;
    }

    p = ngx_thread_ws_output_reserve(conn,
                                     NGX_THREAD_WS_FRAME_HEADER_MAX + len);
    if (p == NULL) {
        return;
    }

    p = ngx_thread_ws_frame_header(p, NGX_THREAD_WS_FIN | opcode, len);

    if (len) {
        p = ngx_cpymem(p, data, len);
    }

    ngx_thread_ws_output_commit(conn, p);
}


static ngx_int_t
ngx_thread_ws_output_deflate(ngx_thread_ws_conn_t *conn, ngx_uint_t opcode,
    u_char *data, size_t len)
{
    u_char                 *p;
    ngx_thread_ws_bytes_t  *out;

    out = &ngx_thread_ws_deflated;
    out->len = 0;

    if (ngx_thread_ws_deflate(conn->deflate, data, len,
                              ngx_thread_ws_output_sink, out)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_output_reserve(conn,
                                     NGX_THREAD_WS_FRAME_HEADER_MAX + out->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_frame_header(p, NGX_THREAD_WS_FIN | NGX_THREAD_WS_RSV1
                                      | opcode, out->len);
    p = ngx_cpymem(p, out->data, out->len);

    ngx_thread_ws_output_commit(conn, p);

    if (out->size > 16 * NGX_THREAD_WS_BLOCK_SIZE) {
        ngx_thread_ws_bytes_free(out);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_output_sink(void *data, u_char *p, size_t len)
{
    return ngx_thread_ws_bytes_add(data, p, len);
}


ngx_int_t
ngx_thread_ws_output_flush(ngx_thread_ws_conn_t *conn)
{
    ngx_event_t       *wev;
    ngx_connection_t  *c;

    c = conn->connection;
    wev = c->write;

    if (conn->error) {
        return NGX_ERROR;
    }

    if (!conn->upgraded) {
        return NGX_AGAIN;
    }

    if (ngx_thread_ws_output_send(conn) != NGX_OK) {
        return ngx_thread_ws_output_fail(conn);
    }

    /* with nothing to write poll() and select() would ask again */

    if (conn->out == NULL && !(ngx_event_flags & NGX_USE_LEVEL_EVENT)) {
        return NGX_OK;
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        return ngx_thread_ws_output_fail(conn);
    }

    if (conn->out == NULL) {
        return NGX_OK;
    }

    if (!wev->timer_set) {
        ngx_add_timer(wev, conn->conf->send_timeout);
    }

    return NGX_AGAIN;
}


/* what the socket takes of what there is: NGX_OK or NGX_ERROR */

static ngx_int_t
ngx_thread_ws_output_send(ngx_thread_ws_conn_t *conn)
{
    ssize_t                 n;
    ngx_event_t            *wev;
    ngx_connection_t       *c;
    ngx_thread_ws_block_t  *block;

    c = conn->connection;
    wev = c->write;

    while (wev->ready && (block = conn->out) != NULL) {

        n = c->send(c, block->pos, block->last - block->pos);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (n == NGX_AGAIN || n == 0) {
            break;
        }

        block->pos += n;
        conn->out_size -= n;
        conn->totals.bytes_out += n;

        if (wev->timer_set) {
            ngx_del_timer(wev);
        }

        if (block->pos == block->last) {
            conn->out = block->next;

            if (conn->out == NULL) {
                conn->out_last = NULL;
            }

            ngx_thread_ws_block_put(block);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_output_fail(ngx_thread_ws_conn_t *conn)
{
    conn->error = 1;
    ngx_post_event(conn->connection->read, &ngx_posted_events);

    return NGX_ERROR;
}


void
ngx_thread_ws_output_free(ngx_thread_ws_conn_t *conn)
{
    ngx_thread_ws_block_t  *block, *next;

    for (block = conn->out; block; block = next) {
        next = block->next;
        ngx_thread_ws_block_put(block);
    }

    conn->out = NULL;
    conn->out_last = NULL;
    conn->out_size = 0;
}
