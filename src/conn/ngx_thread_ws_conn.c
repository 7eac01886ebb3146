
/*
 * The connection's life: opening, timers, closing.  It is freed in one place,
 * by finalizing the upgrade request, and only from its own event handlers:
 * whoever finds it broken elsewhere marks it and wakes it.
 */


#include "conn/ngx_thread_ws_conn_private.h"
#include "conn/ngx_thread_ws_chats.h"
#include "base/ngx_thread_ws_string.h"
#include "conn/ngx_thread_ws_compact.h"
#include "observe/ngx_thread_ws_observe.h"
#include "conn/ngx_thread_ws_output.h"
#include "thread/ngx_thread_ws_thread.h"
#include "ws/ngx_thread_ws_frame.h"


/*
 * How long, in ms, the peer's close frame is waited for, or anything that goes
 * before ours stands still.
 */

#define NGX_THREAD_WS_CLOSE_TIMEOUT  5000

/* ... and between two looks at whether a run's end was heard, in ms */

#define NGX_THREAD_WS_LEAVE_AGAIN    500

/* bytes that the system may have beside those under way */

#define NGX_THREAD_WS_LOWAT          16384

/* bytes of a value in the log; seconds between two warnings of one kind */

#define NGX_THREAD_WS_CONN_QUOTE     128
#define NGX_THREAD_WS_CONN_TELL      60


static void ngx_thread_ws_conn_take(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_conn_early(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_conn_linger(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_conn_timer_handler(ngx_event_t *ev);
static void ngx_thread_ws_conn_count(ngx_thread_ws_conn_t *conn);


/* of this worker */

static ngx_int_t  ngx_thread_ws_nconnections;

void
ngx_thread_ws_conn_open(ngx_thread_ws_conn_t *conn, ngx_uint_t close_code,
    char *reason)
{
    conn->totals.opened = ngx_current_msec;
    conn->timer.handler = ngx_thread_ws_conn_timer_handler;
    conn->timer.data = conn;
    conn->timer.log = conn->connection->log;
    conn->close_code = 0;

    ngx_thread_ws_conn_take(conn);

    ngx_thread_ws_conn_count(conn);
    ngx_thread_ws_observe_connected(&conn->subject, conn->request);

    if (close_code) {
        ngx_thread_ws_conn_close(conn, close_code, reason);

    } else {
        if (conn->conf->ping_interval) {
            ngx_thread_ws_ping_start(conn);
        }

        conn->handlers->look(conn);
    }

    ngx_thread_ws_conn_early(conn);

    if (ngx_exiting) {
        ngx_thread_ws_conn_leave(conn);
    }

    conn->request->main->count++;

    ngx_thread_ws_conn_wake(conn);
}


/* core's connection and request are ours from here on */

static void
ngx_thread_ws_conn_take(ngx_thread_ws_conn_t *conn)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = conn->request;
    c = conn->connection;

    /* a token is not to wait for the acknowledgement of the one before */

    (void) ngx_tcp_nodelay(c);
    ngx_thread_ws_conn_lowat(conn);

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    c->read->handler = ngx_thread_ws_conn_first_handler;
    c->write->handler = ngx_thread_ws_conn_first_handler;
    c->log->action = "serving websocket";

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;
    r->keepalive = 0;

    /* core tells idle connections when the worker is to leave */

    c->idle = 1;
}


/*
 * The system would take megabytes for a client that reads nothing, and an agent
 * be paid for them: beyond what can be under way, it takes no more than we do.
 */

void
ngx_thread_ws_conn_lowat(ngx_thread_ws_conn_t *conn)
{
#if (NGX_LINUX && defined TCP_NOTSENT_LOWAT)

    int  size;

    size = ngx_min(conn->conf->output_buffer, NGX_THREAD_WS_LOWAT);

    /* no TCP: then this fails, and nothing is lost by it */

    (void) setsockopt(conn->connection->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
                      (const void *) &size, sizeof(int));
#endif
}


/* what came together with the upgrade request */

static void
ngx_thread_ws_conn_early(ngx_thread_ws_conn_t *conn)
{
    ngx_buf_t  *b;

    b = conn->request->header_in;

    if (b->pos == b->last) {
        return;
    }

    conn->totals.bytes_in += b->last - b->pos;

    if (ngx_thread_ws_input_keep(conn, b->pos, b->last - b->pos) != NGX_OK) {
        conn->error = 1;
    }

    b->pos = b->last;
}


ngx_thread_ws_conn_t *
ngx_thread_ws_conn_of(ngx_http_request_t *r)
{
    return r->ctx ? ngx_http_get_module_ctx(r, ngx_thread_ws_module)
                  : r->connection->data;
}


ngx_int_t
ngx_thread_ws_conn_attach(ngx_thread_ws_conn_t *conn, ngx_http_request_t *r)
{
    ngx_http_cleanup_t  *cln;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_thread_ws_conn_cleanup;
    cln->data = conn;

    conn->request = r;

    return NGX_OK;
}


void
ngx_thread_ws_conn_tell(ngx_thread_ws_conn_t *conn)
{
    ngx_thread_ws_totals_t  *totals;

    totals = &conn->totals;

    ngx_thread_ws_observe_bytes(totals->bytes_in - totals->told_in,
                                totals->bytes_out - totals->told_out);

    totals->told_in = totals->bytes_in;
    totals->told_out = totals->bytes_out;
}


/* more connections than that are served, but the operator hears of it */

static void
ngx_thread_ws_conn_count(ngx_thread_ws_conn_t *conn)
{
    conn->counted = 1;

    if (++ngx_thread_ws_nconnections == conn->conf->connections_warn + 1
        && conn->conf->connections_warn > 0)
    {
        ngx_log_error(NGX_LOG_WARN, conn->connection->log, 0,
                      "more than %i connections are open "
                      "(thread_ws_connections_warn)",
                      conn->conf->connections_warn);
    }
}


void
ngx_thread_ws_conn_wake(ngx_thread_ws_conn_t *conn)
{
    ngx_post_event(conn->connection->read, &ngx_posted_events);
}


void
ngx_thread_ws_conn_close(ngx_thread_ws_conn_t *conn, ngx_uint_t code,
    char *reason)
{
    size_t  len;
    u_char  payload[NGX_THREAD_WS_CONTROL_MAX];

    if (conn->close_sent) {
        return;
    }

    conn->handlers->closing(conn);

    /* what was said before goes before */

    (void) (conn->chats ? ngx_thread_ws_chats_take(conn, 1)
                        : ngx_thread_ws_follower_take(&conn->follower, 1));

    if (code == NGX_THREAD_WS_CLOSE_NO_STATUS) {
        len = 0;

    } else {
        payload[0] = (u_char) (code >> 8);
        payload[1] = (u_char) code;
        len = ngx_snprintf(payload + 2, sizeof(payload) - 2, "%s", reason)
              - payload;
    }

    ngx_thread_ws_output_frame(conn, NGX_THREAD_WS_OP_CLOSE, payload, len);

    conn->close_sent = 1;

    if (conn->close_code == 0) {
        conn->close_code = code;
    }

    ngx_thread_ws_conn_linger(conn);
    ngx_thread_ws_conn_wake(conn);
}


void
ngx_thread_ws_conn_refuse(ngx_thread_ws_conn_t *conn, char *reason,
    ngx_str_t *value, time_t *told)
{
    if (conn->close_sent) {
        return;
    }

    ngx_thread_ws_conn_blame(conn->connection->log, reason, value, told);
    ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_POLICY, reason);
}


void
ngx_thread_ws_conn_blame(ngx_log_t *log, char *reason, ngx_str_t *value,
    time_t *told)
{
    u_char      *last, quote[4 * NGX_THREAD_WS_CONN_QUOTE];
    size_t       len;
    ngx_uint_t   level;

    level = NGX_LOG_INFO;

    if (*told == 0 || ngx_time() - *told >= NGX_THREAD_WS_CONN_TELL) {
        *told = ngx_time();
        level = NGX_LOG_WARN;
    }

    len = ngx_min(value->len, NGX_THREAD_WS_CONN_QUOTE);
    last = ngx_thread_ws_string_quote(quote, value->data, len);

    ngx_log_error(level, log, 0, "connection closed with 1008: %s: \"%*s\"",
                  reason, (size_t) (last - quote), quote);
}


/* looks again in so long whether anything has moved */

static void
ngx_thread_ws_conn_linger(ngx_thread_ws_conn_t *conn)
{
    conn->closing_size = conn->out_size;

    ngx_thread_ws_conn_timer(conn, NGX_THREAD_WS_TIMER_CLOSE,
                             NGX_THREAD_WS_CLOSE_TIMEOUT);
}


/*
 * The worker is leaving: what is under way is finished, then the client is
 * sent away, at a moment of its own so that not all come back at once.
 */

void
ngx_thread_ws_conn_leave(ngx_thread_ws_conn_t *conn)
{
    ngx_msec_t  spread;

    conn->leaving = 1;

    if (conn->close_sent) {
        return;
    }

    if (ngx_thread_ws_conn_hears(conn)) {

        if (!conn->follower.follows) {
            return;
        }

        /* its run may be another worker's, and only this keep ours */

        if (conn->timer.timer_set) {
            conn->timer.cancelable = 0;

        } else {
            ngx_thread_ws_conn_timer(conn, NGX_THREAD_WS_TIMER_LEAVE,
                                     NGX_THREAD_WS_LEAVE_AGAIN);
        }

        return;
    }

    spread = conn->late ? 0 : conn->conf->shutdown_spread;

    ngx_thread_ws_conn_timer(conn, NGX_THREAD_WS_TIMER_LEAVE,
                             spread ? ngx_random() % (spread + 1) : 0);
}


ngx_uint_t
ngx_thread_ws_conn_hears(ngx_thread_ws_conn_t *conn)
{
    if (conn->follower.follows && ngx_thread_ws_thread_passed_on()) {
        return 0;
    }

    return !conn->error
           && (conn->chats ? ngx_thread_ws_chats_hear(conn)
                           : !ngx_queue_empty(&conn->follower.readers));
}


void
ngx_thread_ws_conn_timer(ngx_thread_ws_conn_t *conn, ngx_uint_t use,
    ngx_msec_t timeout)
{
    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    conn->timer_use = use;

    /* a worker that leaves waits for what is under way, not for pings */

    conn->timer.cancelable = (use == NGX_THREAD_WS_TIMER_PING
                              || use == NGX_THREAD_WS_TIMER_PONG)
                             && !(conn->leaving && conn->follower.follows);

    ngx_add_timer(&conn->timer, timeout);
}


static void
ngx_thread_ws_conn_timer_handler(ngx_event_t *ev)
{
    ngx_thread_ws_conn_t  *conn = ev->data;

    switch (conn->timer_use) {

    case NGX_THREAD_WS_TIMER_PING:
        ngx_thread_ws_ping_send(conn);
        break;

    case NGX_THREAD_WS_TIMER_PONG:
        ngx_thread_ws_ping_missed(conn);
        break;

    case NGX_THREAD_WS_TIMER_LEAVE:

        if (!ngx_thread_ws_conn_hears(conn)) {
            ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_RESTART,
                                     "the server is restarting");
        }

        conn->timer_use = conn->close_sent ? conn->timer_use
                                           : NGX_THREAD_WS_TIMER_NONE;
        break;

    default: /* NGX_THREAD_WS_TIMER_CLOSE */

        if (conn->out_size < conn->closing_size) {

            /* what goes before the close frame is on its way */

            ngx_thread_ws_conn_linger(conn);
            return;
        }

        conn->error = 1;
        break;
    }

    ngx_thread_ws_conn_step(conn);
}


/* the one way out: core frees the request, its clean-up ends the rest */

void
ngx_thread_ws_conn_finalize(ngx_thread_ws_conn_t *conn)
{
    ngx_uint_t           timedout;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = conn->connection;
    r = conn->request;

    if (!conn->close_sent && conn->close_code == 0) {
        conn->close_code = NGX_THREAD_WS_CLOSE_ABNORMAL;
    }

    /* our own close handshake is over: nothing to linger for */

    c->read->eof = 1;

#if (NGX_HTTP_SSL)
    if (c->ssl && conn->error) {
        c->ssl->no_send_shutdown = 1;
    }
#endif

    if (r->count > 1) {

        /*
         * With what it has begun and nobody waits for.  Core takes this for a
         * client that timed out, which it may reset.
         */

        timedout = c->timedout;

        c->error = 0;
        ngx_http_finalize_request(r, NGX_HTTP_CLOSE);
        c->timedout = timedout;

        ngx_http_run_posted_requests(c);
        return;
    }

    if (ngx_thread_ws_compact_undo(r, &conn->saved) == NGX_OK) {
        ngx_http_set_ctx(r, conn, ngx_thread_ws_module);
        c->data = r;

    } else {

        /* without memory: core frees it all the same, but cannot log it */

        r->logged = 1;
    }

    ngx_http_finalize_request(r, NGX_DONE);
}


void
ngx_thread_ws_conn_cleanup(void *data)
{
    ngx_thread_ws_conn_t  *conn = data;

    if (conn->close_code == 0) {
        conn->close_code = NGX_THREAD_WS_CLOSE_ABNORMAL;
    }

    conn->error = 1;
    conn->connection->idle = 0;

    conn->handlers->closed(conn);

    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    if (conn->counted) {
        ngx_thread_ws_conn_tell(conn);
        ngx_thread_ws_observe_closed(&conn->subject, &conn->totals,
                                     conn->close_code);
        ngx_thread_ws_nconnections--;
    }

    ngx_thread_ws_output_free(conn);
    ngx_thread_ws_input_free(conn);

    if (conn->deflate) {
        ngx_thread_ws_deflate_free(conn->deflate);
        conn->deflate = NULL;
    }
}


void
ngx_thread_ws_conn_near(ngx_thread_ws_conn_t *conn, ngx_thread_ws_near_t *near)
{
    near[0].at = conn;
    near[0].size = offsetof(ngx_thread_ws_conn_t, saved);

    near[1].at = conn->connection;
    near[1].size = sizeof(ngx_connection_t);

    near[2].at = conn->connection->write;
    near[2].size = sizeof(ngx_event_t);
}
