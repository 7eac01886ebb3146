
/*
 * What a client sends: frames to messages, messages to commands.
 */


#include "conn/ngx_thread_ws_conn.h"
#include "observe/ngx_thread_ws_observe.h"
#include "conn/ngx_thread_ws_output.h"
#include "run/ngx_thread_ws_run.h"


static void ngx_thread_ws_input_fail(ngx_thread_ws_conn_t *conn,
    ngx_uint_t code, char *reason);
static ngx_int_t ngx_thread_ws_input_control(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_input_close(ngx_thread_ws_conn_t *conn,
    u_char *data, size_t len);
static ngx_int_t ngx_thread_ws_input_data(ngx_thread_ws_conn_t *conn);
static ngx_int_t ngx_thread_ws_input_inflate(ngx_thread_ws_conn_t *conn,
    ngx_uint_t whole);
static ngx_int_t ngx_thread_ws_input_text(ngx_thread_ws_conn_t *conn,
    u_char *data, size_t len);
static ngx_int_t ngx_thread_ws_input_sink(void *data, u_char *p, size_t len);
static ngx_int_t ngx_thread_ws_input_message(ngx_thread_ws_conn_t *conn,
    u_char *data, size_t len);
static ngx_uint_t ngx_thread_ws_input_full(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_input_refuse(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command);
static void ngx_thread_ws_input_pong(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command);


ngx_int_t
ngx_thread_ws_conn_feed(ngx_thread_ws_conn_t *conn, u_char *data, size_t len)
{
    u_char                 *pos, *last;
    ngx_int_t               rc;
    ngx_thread_ws_frame_t  *f;

    f = &conn->frame;
    pos = data;
    last = data + len;

    while (pos != last && !conn->close_received && !conn->deaf) {

        if (ngx_thread_ws_input_full(conn)) {
            conn->paused = 1;
            return ngx_thread_ws_bytes_add(&conn->unread, pos, last - pos);
        }

        rc = ngx_thread_ws_frame_parse(f, &pos, last);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_DECLINED) {

            ngx_thread_ws_input_fail(conn, f->close_code,
                                     (f->close_code
                                      == NGX_THREAD_WS_CLOSE_TOO_BIG)
                                     ? "message too large"
                                     : "protocol error");
            return NGX_OK;
        }

        if (f->opcode >= NGX_THREAD_WS_OP_CLOSE) {
            rc = ngx_thread_ws_input_control(conn);

        } else if (!conn->close_sent) {
            rc = ngx_thread_ws_input_data(conn);

        } else {
            rc = NGX_OK;
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (conn->close_received && pos != last) {

        /* whoever speaks after a close may go on, and is not to be reset */

        conn->deaf = 1;
    }

    return NGX_OK;
}


/*
 * RFC 6455 section 7.1.7.  Nothing can be told from the bytes that follow: the
 * frame may be in the middle, and a close frame that comes is lost in it.  So
 * our half is closed without waiting for one.
 */

static void
ngx_thread_ws_input_fail(ngx_thread_ws_conn_t *conn, ngx_uint_t code,
    char *reason)
{
    ngx_thread_ws_conn_close(conn, code, reason);
    conn->deaf = 1;
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


static ngx_int_t
ngx_thread_ws_input_control(ngx_thread_ws_conn_t *conn)
{
    u_char                 *data;
    size_t                  len;
    ngx_thread_ws_frame_t  *f;

    f = &conn->frame;
    data = f->data;
    len = f->len;

    if (!f->first || !f->last) {

        if (ngx_thread_ws_bytes_add(&conn->control, data, len) != NGX_OK) {
            return NGX_ERROR;
        }

        if (!f->last) {
            return NGX_OK;
        }

        data = conn->control.data;
        len = conn->control.len;
    }

    switch (f->opcode) {

    case NGX_THREAD_WS_OP_PING:
        if (!conn->close_sent) {
            ngx_thread_ws_output_frame(conn, NGX_THREAD_WS_OP_PONG, data, len);
        }
        break;

    case NGX_THREAD_WS_OP_CLOSE:
        ngx_thread_ws_input_close(conn, data, len);
        break;

    default: /* a pong: any byte is a sign of life */
        break;
    }

    ngx_thread_ws_bytes_free(&conn->control);

    return NGX_OK;
}


static void
ngx_thread_ws_input_close(ngx_thread_ws_conn_t *conn, u_char *data, size_t len)
{
    ngx_uint_t  code;

    conn->close_received = 1;

    if (conn->close_sent) {
        return;
    }

    if (ngx_thread_ws_frame_close(data, len, &code) == NGX_OK) {
        conn->close_code = code;
    }

    ngx_thread_ws_conn_close(conn, code, "");
}


static ngx_int_t
ngx_thread_ws_input_data(ngx_thread_ws_conn_t *conn)
{
    u_char                 *data;
    size_t                  len;
    ngx_int_t               rc;
    ngx_uint_t              whole;
    ngx_thread_ws_frame_t  *f;

    f = &conn->frame;
    whole = f->last && f->fin;

    if (f->type == NGX_THREAD_WS_OP_BINARY && !conn->echo) {
        ngx_thread_ws_input_fail(conn, NGX_THREAD_WS_CLOSE_UNSUPPORTED,
                                 "binary messages are not understood");
        return NGX_OK;
    }

    if (f->compressed) {
        rc = ngx_thread_ws_input_inflate(conn, whole);

    } else {
        rc = ngx_thread_ws_input_text(conn, f->data, f->len);
    }

    if (rc != NGX_OK || conn->close_sent) {
        return rc;
    }

    if (whole && conn->message.len == 0 && !f->compressed) {

        /* the usual case: no copy */

        data = f->data;
        len = f->len;

    } else {
        if (!f->compressed
            && ngx_thread_ws_bytes_add(&conn->message, f->data, f->len)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (!whole) {
            return NGX_OK;
        }

        data = conn->message.data;
        len = conn->message.len;
    }

    rc = ngx_thread_ws_input_message(conn, data, len);

    ngx_thread_ws_bytes_free(&conn->message);

    return rc;
}


static ngx_int_t
ngx_thread_ws_input_inflate(ngx_thread_ws_conn_t *conn, ngx_uint_t whole)
{
    ngx_thread_ws_frame_t  *f;

    f = &conn->frame;

    switch (ngx_thread_ws_inflate(conn->deflate, f->data, f->len, whole,
                                  ngx_thread_ws_input_sink, conn))
    {
    case NGX_OK:
    case NGX_ABORT:     /* the sink has closed the connection */
        return NGX_OK;

    case NGX_DECLINED:
        ngx_thread_ws_input_fail(conn, NGX_THREAD_WS_CLOSE_INVALID,
                                 "not compressed by deflate");
        return NGX_OK;

    default:
        return NGX_ERROR;
    }
}


static ngx_int_t
ngx_thread_ws_input_sink(void *data, u_char *p, size_t len)
{
    ngx_thread_ws_conn_t *conn = data;

    size_t  limit;

    limit = conn->conf->max_message_size;

    if (limit && len > limit - conn->message.len) {
        ngx_thread_ws_input_fail(conn, NGX_THREAD_WS_CLOSE_TOO_BIG,
                                 "message too large");
        return NGX_ABORT;
    }

    if (ngx_thread_ws_input_text(conn, p, len) != NGX_OK) {
        return NGX_ERROR;
    }

    if (conn->close_sent) {
        return NGX_ABORT;
    }

    return ngx_thread_ws_bytes_add(&conn->message, p, len);
}


/* fails at the first bad byte, before the message is whole */

static ngx_int_t
ngx_thread_ws_input_text(ngx_thread_ws_conn_t *conn, u_char *data, size_t len)
{
    if (conn->frame.type == NGX_THREAD_WS_OP_TEXT
        && ngx_thread_ws_utf8_check(&conn->utf8, data, len) != NGX_OK)
    {
        ngx_thread_ws_input_fail(conn, NGX_THREAD_WS_CLOSE_INVALID,
                                 "invalid UTF-8");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_input_message(ngx_thread_ws_conn_t *conn, u_char *data,
    size_t len)
{
    if (conn->utf8 != NGX_THREAD_WS_UTF8_COMPLETE) {
        ngx_thread_ws_input_fail(conn, NGX_THREAD_WS_CLOSE_INVALID,
                                 "invalid UTF-8");
        return NGX_OK;
    }

    if (conn->echo) {
        ngx_thread_ws_output_frame(conn, conn->frame.type, data, len);
        return NGX_OK;
    }

    ngx_thread_ws_conn_command(conn, data, len);

    return NGX_OK;
}


void
ngx_thread_ws_conn_command(ngx_thread_ws_conn_t *conn, u_char *data,
    size_t len)
{
    ngx_int_t                rc;
    ngx_thread_ws_command_t  command;

    rc = ngx_thread_ws_command_parse(&command, data, len);

    if (rc == NGX_ERROR) {
        ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_INTERNAL,
                                 "out of memory");
        return;
    }

    if (rc == NGX_DECLINED) {
        ngx_thread_ws_input_refuse(conn, &command);
        ngx_thread_ws_command_free(&command);
        return;
    }

    switch (command.type) {

    case NGX_THREAD_WS_COMMAND_MESSAGE:

        if (command.thread_id.len != conn->thread_id.len
            || ngx_memcmp(command.thread_id.data, conn->thread_id.data,
                          conn->thread_id.len)
               != 0)
        {
            ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_POLICY,
                                     "threadId is not this connection's");
            break;
        }

        ngx_thread_ws_run_submit(conn, &command);
        break;

    case NGX_THREAD_WS_COMMAND_CANCEL:
        ngx_thread_ws_run_cancel(conn, &command.request_id);
        break;

    case NGX_THREAD_WS_COMMAND_PING:
        ngx_thread_ws_input_pong(conn, &command);
        break;
    }

    ngx_thread_ws_command_free(&command);
}


static void
ngx_thread_ws_input_refuse(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    ngx_str_t  id, text;

    id = command->request_id;

    if (id.len && ngx_thread_ws_run_find(conn, &id)) {

        /* or the client would take a run that goes on for ended */

        id.len = 0;
    }

    text.data = (u_char *) command->reason;
    text.len = ngx_strlen(command->reason);

    ngx_thread_ws_run_error(conn, &id, command->code, &text, 0);
    ngx_thread_ws_observe_rejected(conn, &id, command->code);
}


static void
ngx_thread_ws_input_pong(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    char       *json;
    u_char     *p;
    ngx_str_t   t;

    json = NULL;
    ngx_str_null(&t);

    if (command->t) {
        json = json_dumps(command->t, JSON_COMPACT|JSON_ENCODE_ANY);
        if (json == NULL) {
            return;
        }

        t.data = (u_char *) json;
        t.len = ngx_strlen(json);
    }

    p = ngx_thread_ws_output_text(conn, ngx_thread_ws_event_pong_size(&t));
    if (p) {
        ngx_thread_ws_output_text_end(conn, p,
                                      ngx_thread_ws_event_pong(p, &t));
    }

    if (json) {
        free(json);
    }
}
