
/*
 * What a client sends: bytes to messages, and to whom these go.
 */


#include "conn/ngx_thread_ws_conn.h"
#include "conn/ngx_thread_ws_output.h"


static ngx_int_t ngx_thread_ws_input_pause(ngx_thread_ws_conn_t *conn,
    u_char *pos, u_char *last);
static ngx_int_t ngx_thread_ws_input_begin(ngx_thread_ws_conn_t *conn);
static ngx_int_t ngx_thread_ws_input_no_memory(ngx_thread_ws_conn_t *conn);
static ngx_uint_t ngx_thread_ws_input_full(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_input_message(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_input_close(ngx_thread_ws_conn_t *conn,
    ngx_uint_t code);


ngx_int_t
ngx_thread_ws_input_feed(ngx_thread_ws_conn_t *conn, u_char *data, size_t len)
{
    u_char                   *pos, *last;
    ngx_thread_ws_message_t  *in;

    if (ngx_thread_ws_input_begin(conn) != NGX_OK) {
        return NGX_ERROR;
    }

    in = &conn->input->message;
    pos = data;
    last = data + len;

    while (!conn->close_received && !conn->deaf) {

        if (pos != last && ngx_thread_ws_input_full(conn)) {
            return ngx_thread_ws_input_pause(conn, pos, last);
        }

        in->closing = conn->close_sent;

        switch (ngx_thread_ws_message_parse(in, &pos, last)) {

        case NGX_OK:
            ngx_thread_ws_input_message(conn);
            break;

        case NGX_AGAIN:

            if (ngx_thread_ws_message_between(in)) {
                ngx_thread_ws_input_free(conn);
            }

            return NGX_OK;

        case NGX_DECLINED:

            /*
             * RFC 6455 section 7.1.7.  A close frame may be lost in what is
             * left of this one: our half is closed without waiting for it.
             */

            ngx_thread_ws_conn_close(conn, in->code, in->reason);
            conn->deaf = 1;
            return NGX_OK;

        default:
            return ngx_thread_ws_input_no_memory(conn);
        }
    }

    if (conn->close_received && pos != last) {

        /* whoever speaks after a close may go on, and is not to be reset */

        conn->deaf = 1;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_input_pause(ngx_thread_ws_conn_t *conn, u_char *pos,
    u_char *last)
{
    conn->paused = 1;

    /* for the memory of what was taken last */

    (void) ngx_thread_ws_message_parse(&conn->input->message, &pos, pos);

    return ngx_thread_ws_input_keep(conn, pos, last - pos);
}


/* a connection that says nothing has no decoder */

static ngx_int_t
ngx_thread_ws_input_begin(ngx_thread_ws_conn_t *conn)
{
    ngx_thread_ws_input_t  *input;

    if (conn->input) {
        return NGX_OK;
    }

    input = ngx_calloc(sizeof(ngx_thread_ws_input_t), conn->connection->log);
    if (input == NULL) {
        return NGX_ERROR;
    }

    ngx_thread_ws_message_init(&input->message, conn->conf->max_message_size,
                               conn->handlers->binary, conn->deflate);

    conn->input = input;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_input_keep(ngx_thread_ws_conn_t *conn, u_char *data, size_t len)
{
    if (ngx_thread_ws_input_begin(conn) != NGX_OK) {
        return NGX_ERROR;
    }

    return (ngx_thread_ws_bytes_add(&conn->input->unread, data, len) == NGX_OK)
           ? NGX_OK : ngx_thread_ws_input_no_memory(conn);
}


ngx_int_t
ngx_thread_ws_input_resume(ngx_thread_ws_conn_t *conn)
{
    ngx_int_t              rc;
    ngx_thread_ws_bytes_t  unread;

    if (conn->input == NULL || conn->input->unread.len == 0) {
        return NGX_OK;
    }

    unread = conn->input->unread;
    ngx_memzero(&conn->input->unread, sizeof(ngx_thread_ws_bytes_t));

    rc = ngx_thread_ws_input_feed(conn, unread.data, unread.len);

    ngx_thread_ws_bytes_free(&unread);

    return rc;
}


void
ngx_thread_ws_input_free(ngx_thread_ws_conn_t *conn)
{
    if (conn->input) {
        ngx_thread_ws_message_free(&conn->input->message);
        ngx_thread_ws_bytes_free(&conn->input->unread);

        ngx_free(conn->input);
        conn->input = NULL;
    }
}


static ngx_int_t
ngx_thread_ws_input_no_memory(ngx_thread_ws_conn_t *conn)
{
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

    in = &conn->input->message;

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
