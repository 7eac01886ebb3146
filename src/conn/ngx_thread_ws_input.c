
/*
 * What a client sends: bytes to messages, and to whom these go.
 */


#include "conn/ngx_thread_ws_conn.h"
#include "conn/ngx_thread_ws_output.h"


static ngx_uint_t ngx_thread_ws_input_full(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_input_message(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_input_close(ngx_thread_ws_conn_t *conn,
    ngx_uint_t code);


ngx_int_t
ngx_thread_ws_conn_feed(ngx_thread_ws_conn_t *conn, u_char *data, size_t len)
{
    u_char                   *pos, *last;
    ngx_thread_ws_message_t  *in;

    in = &conn->in;
    pos = data;
    last = data + len;

    while (!conn->close_received && !conn->deaf) {

        if (pos != last && ngx_thread_ws_input_full(conn)) {
            conn->paused = 1;

            /* for the memory of what was taken last */

            (void) ngx_thread_ws_message_parse(in, &pos, pos);

            if (ngx_thread_ws_bytes_add(&conn->unread, pos, last - pos)
                != NGX_OK)
            {
                goto failed;
            }

            return NGX_OK;
        }

        in->closing = conn->close_sent;

        switch (ngx_thread_ws_message_parse(in, &pos, last)) {

        case NGX_OK:
            ngx_thread_ws_input_message(conn);
            break;

        case NGX_AGAIN:
            return NGX_OK;

        case NGX_DECLINED:

            /*
             * RFC 6455 section 7.1.7.  The frame may be in the middle, and a
             * close frame that comes is lost in it: our half is closed without
             * waiting for one.
             */

            ngx_thread_ws_conn_close(conn, in->code, in->reason);
            conn->deaf = 1;
            return NGX_OK;

        default:
            goto failed;
        }
    }

    if (conn->close_received && pos != last) {

        /* whoever speaks after a close may go on, and is not to be reset */

        conn->deaf = 1;
    }

    return NGX_OK;

failed:

    ngx_log_error(NGX_LOG_EMERG, conn->connection->log, ngx_errno,
                  "no memory for what the client sends");

    return NGX_ERROR;
}


/*
 * Replies to what the client sends (pongs, errors, echoes) may go beyond
 * thread_ws_output_buffer, so that a cancel gets through to a run that waits
 * for a slow client; but not without end.
 */

static ngx_uint_t
ngx_thread_ws_input_full(ngx_thread_ws_conn_t *conn)
{
    return conn->out_size > NGX_THREAD_WS_OUTPUT_MAX(conn);
}


static void
ngx_thread_ws_input_message(ngx_thread_ws_conn_t *conn)
{
    ngx_thread_ws_message_t  *in;

    in = &conn->in;

    switch (in->type) {

    case NGX_THREAD_WS_OP_PING:

        if (!conn->close_sent) {
            ngx_thread_ws_output_frame(conn, NGX_THREAD_WS_OP_PONG, in->data,
                                       in->len);
        }

        break;

    case NGX_THREAD_WS_OP_PONG: /* any byte is a sign of life */
        break;

    case NGX_THREAD_WS_OP_CLOSE:
        ngx_thread_ws_input_close(conn, in->code);
        break;

    default:
        conn->handlers->message(conn, in->type, in->data, in->len);
        break;
    }
}


static void
ngx_thread_ws_input_close(ngx_thread_ws_conn_t *conn, ngx_uint_t code)
{
    conn->close_received = 1;

    if (conn->close_sent) {
        return;
    }

    conn->close_code = code;

    ngx_thread_ws_conn_close(conn, code, "");
}
