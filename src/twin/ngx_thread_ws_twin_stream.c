
/*
 * The life of a twin's response: it begins, goes on by events, and ends when
 * its run has, or with its client, its thread or its worker.
 */


#include "twin/ngx_thread_ws_twin_private.h"
#include "base/ngx_thread_ws_response.h"
#include "base/ngx_thread_ws_string.h"
#include "conn/ngx_thread_ws_upgrade.h"
#include "observe/ngx_thread_ws_observe.h"
#include "thread/ngx_thread_ws_thread.h"
#include "wire/ngx_thread_ws_event.h"
#include "ws/ngx_thread_ws_frame.h"


/* how long, in ms, a client waits before it comes back to another worker */

#define NGX_THREAD_WS_TWIN_RETRY  "retry: 1000\n\n"

/* ... and, in ms, between two looks at whether a run's end was heard */

#define NGX_THREAD_WS_TWIN_AGAIN  500


static ngx_int_t ngx_thread_ws_twin_header(ngx_thread_ws_twin_t *twin);
static ngx_int_t ngx_thread_ws_twin_add(ngx_http_request_t *r, char *name,
    char *text);
static ngx_uint_t ngx_thread_ws_twin_over(ngx_thread_ws_twin_t *twin);
static void ngx_thread_ws_twin_end(ngx_thread_ws_twin_t *twin, ngx_int_t rc);
static void ngx_thread_ws_twin_farewell(ngx_thread_ws_twin_t *twin);
static void ngx_thread_ws_twin_timer_handler(ngx_event_t *ev);
static void ngx_thread_ws_twin_ping(ngx_thread_ws_twin_t *twin);
static void ngx_thread_ws_twin_release(ngx_thread_ws_twin_t *twin);


ngx_int_t
ngx_thread_ws_twin_open(ngx_thread_ws_twin_t *twin)
{
    ngx_int_t              rc;
    ngx_connection_t      *c;
    ngx_http_request_t    *r;
    ngx_thread_ws_conn_t  *conn;

    conn = &twin->conn;
    c = conn->connection;
    r = conn->request;

    rc = ngx_thread_ws_twin_header(twin);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return NGX_ERROR;
    }

    /* a token is not to wait for the acknowledgement of the one before */

    (void) ngx_tcp_nodelay(c);

    if (r->http_version < NGX_HTTP_VERSION_20) {
        ngx_thread_ws_conn_lowat(conn);
    }

    c->log->action = "streaming to client";

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_thread_ws_twin_writer;

    conn->timer.handler = ngx_thread_ws_twin_timer_handler;
    conn->timer.data = twin;
    conn->timer.log = c->log;

    ngx_thread_ws_twin_pass(twin);
    twin->open = 1;

    if (conn->conf->ping_interval) {
        ngx_thread_ws_conn_timer(conn, NGX_THREAD_WS_TIMER_PING,
                                 conn->conf->ping_interval);
    }

    /* who takes any end for the answer's stays until that */

    if (conn->conf->resume && !ngx_thread_ws_twin_wire(twin)->chats
        && ngx_thread_ws_twin_list(twin) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* it may be gone already */

    if (c->read->ready) {
        ngx_post_event(c->read, &ngx_posted_events);
    }

    ngx_thread_ws_twin_post(twin);

    return NGX_DONE;
}


static ngx_int_t
ngx_thread_ws_twin_header(ngx_thread_ws_twin_t *twin)
{
    ngx_http_request_t  *r;

    r = twin->conn.request;

    /* another nginx in front would wait until its buffers are full */

    if (ngx_thread_ws_twin_add(r, "Cache-Control", "no-store") != NGX_OK
        || ngx_thread_ws_twin_add(r, "X-Accel-Buffering", "no") != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* it is nobody's script */

    if (ngx_thread_ws_twin_add(r, "X-Content-Type-Options", "nosniff")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_thread_ws_twin_wire(twin) == &ngx_thread_ws_wire_ai_sdk
        && ngx_thread_ws_twin_add(r, "X-Vercel-AI-UI-Message-Stream", "v1")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_set(&r->headers_out.content_type, "text/event-stream");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);

#if (NGX_HTTP_GZIP)

    /* small pieces, each of which has to leave at once */

    r->gzip_tested = 1;
    r->gzip_ok = 0;
#endif

    /* core would hold the connection's write event back */

    r->limit_rate = 0;
    r->limit_rate_set = 1;

    return ngx_http_send_header(r);
}


static ngx_int_t
ngx_thread_ws_twin_add(ngx_http_request_t *r, char *name, char *text)
{
    ngx_str_t  value;

    value.data = (u_char *) text;
    value.len = ngx_strlen(text);

    return ngx_thread_ws_response_add(r, name, &value);
}


void
ngx_thread_ws_twin_writer(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_event_t           *wev;
    ngx_thread_ws_conn_t  *conn;
    ngx_thread_ws_twin_t  *twin;

    twin = ngx_http_get_module_ctx(r, ngx_thread_ws_module);
    conn = &twin->conn;
    wev = r->connection->write;

    if (wev->timedout) {
        wev->timedout = 0;

        ngx_log_error(NGX_LOG_INFO, r->connection->log, NGX_ETIMEDOUT,
                      "client takes nothing");
        r->connection->timedout = 1;
        ngx_thread_ws_twin_end(twin, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    rc = ngx_thread_ws_twin_flush(twin);

    if (rc == NGX_ERROR) {
        ngx_thread_ws_twin_end(twin, NGX_ERROR);
        return;
    }

    if (twin->deleted) {
        ngx_thread_ws_twin_farewell(twin);
        return;
    }

    /* what is left of one answer makes room for the next */

    ngx_thread_ws_follower_drained(&conn->follower);
    ngx_thread_ws_thread_next(&conn->follower);

    if (rc == NGX_OK && ngx_thread_ws_twin_over(twin)) {

        if (!conn->follower.told) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "a run was lost that the client hears");
        }

        conn->close_code = NGX_THREAD_WS_CLOSE_NORMAL;
        ngx_thread_ws_twin_end(twin, conn->follower.told ? NGX_OK : NGX_ERROR);
    }
}


/* all that it is to hear is said, and on its way */

static ngx_uint_t
ngx_thread_ws_twin_over(ngx_thread_ws_twin_t *twin)
{
    return twin->alone && twin->conn.out == NULL
           && ngx_queue_empty(&twin->conn.follower.readers);
}


/*
 * The one way out but for the client's own end: with NGX_OK what is queued is
 * sent, and the end of the body; with anything else the connection is cut,
 * which no client takes for an end.
 */

static void
ngx_thread_ws_twin_end(ngx_thread_ws_twin_t *twin, ngx_int_t rc)
{
    ngx_http_request_t  *r;

    r = twin->conn.request;

    if (rc == NGX_OK) {
        twin->done = 1;
        rc = ngx_thread_ws_twin_finish(twin);
    }

    if (rc != NGX_ERROR) {

        /* core sends the rest: nothing is to come in between */

        ngx_thread_ws_twin_release(twin);
    }

    ngx_http_finalize_request(r, rc);
}


/* the thread was deleted, and with it what is heard */

static void
ngx_thread_ws_twin_farewell(ngx_thread_ws_twin_t *twin)
{
    u_char                 *p;
    ngx_int_t               rc;
    ngx_thread_ws_code_t   *code;
    ngx_thread_ws_error_t   error;

    twin->conn.close_code = NGX_THREAD_WS_CLOSE_POLICY;

    if (ngx_thread_ws_twin_wire(twin)->chats) {
        rc = ngx_thread_ws_follower_fail(&twin->conn.follower,
                                         NGX_THREAD_WS_THREAD_DELETED);

        ngx_thread_ws_twin_end(twin, (rc == NGX_OK
                                      && twin->conn.follower.told)
                                     ? NGX_OK : NGX_ERROR);
        return;
    }

    if (!twin->alone || !twin->conn.follower.told) {
        code = &ngx_thread_ws_codes[NGX_THREAD_WS_THREAD_DELETED];

        error.request_id = twin->request_id;
        error.message = code->text;
        error.code = code->name;
        error.retryable = code->retryable;
        error.retry_after = 0;

        p = ngx_thread_ws_twin_follower.out.room(twin,
                                       ngx_thread_ws_event_error_size(&error));
        if (p) {
            ngx_thread_ws_twin_follower.out.event(twin, p,
                                        ngx_thread_ws_event_error(p, &error));
        }
    }

    ngx_thread_ws_follower_deafen(&twin->conn.follower);
    ngx_thread_ws_twin_end(twin, NGX_OK);
}


void
ngx_thread_ws_twin_leave(ngx_thread_ws_twin_t *twin)
{
    ngx_msec_t  spread;

    twin->leaving = 1;

    spread = twin->conn.conf->shutdown_spread;

    ngx_thread_ws_conn_timer(&twin->conn, NGX_THREAD_WS_TIMER_LEAVE,
                             spread ? ngx_random() % (spread + 1) : 0);
}


static void
ngx_thread_ws_twin_timer_handler(ngx_event_t *ev)
{
    ngx_connection_t      *c;
    ngx_thread_ws_twin_t  *twin;

    twin = ev->data;
    c = twin->conn.connection;

    ngx_http_set_log_request(c->log, twin->conn.request);

    if (twin->conn.timer_use == NGX_THREAD_WS_TIMER_PING) {
        ngx_thread_ws_twin_ping(twin);

    } else if (!ngx_thread_ws_thread_passed_on()
               && !ngx_queue_empty(&twin->conn.follower.readers))
    {
        /* NGX_THREAD_WS_TIMER_LEAVE, and nobody else has the rest */

        ngx_thread_ws_conn_timer(&twin->conn, NGX_THREAD_WS_TIMER_LEAVE,
                                 NGX_THREAD_WS_TWIN_AGAIN);

    } else {

        /* the rest is heard from another worker */

        (void) ngx_thread_ws_twin_flush(twin);

        ngx_thread_ws_twin_remark(twin, NGX_THREAD_WS_TWIN_RETRY);
        twin->conn.close_code = NGX_THREAD_WS_CLOSE_RESTART;

        ngx_thread_ws_follower_deafen(&twin->conn.follower);
        ngx_thread_ws_twin_end(twin, NGX_OK);
    }

    ngx_http_run_posted_requests(c);
}


/* a comment is a sign of life, and the way to learn that the client is gone */

static void
ngx_thread_ws_twin_ping(ngx_thread_ws_twin_t *twin)
{
    if (!twin->spoke && ngx_thread_ws_twin_queued(twin) == 0) {
        ngx_thread_ws_twin_remark(twin, ":\n\n");
        ngx_thread_ws_twin_post(twin);
    }

    twin->spoke = 0;

    ngx_thread_ws_thread_watch(twin->conn.follower.thread);
    ngx_thread_ws_conn_tell(&twin->conn);

    ngx_thread_ws_conn_timer(&twin->conn, NGX_THREAD_WS_TIMER_PING,
                             twin->conn.conf->ping_interval);
}


/* hears nothing any more, and waits for nothing */

static void
ngx_thread_ws_twin_release(ngx_thread_ws_twin_t *twin)
{
    ngx_thread_ws_twin_find_free(twin);
    ngx_thread_ws_thread_leave(&twin->conn.follower);
    ngx_thread_ws_twin_unlist(twin);

    if (twin->conn.timer.timer_set) {
        ngx_del_timer(&twin->conn.timer);
    }
}


/* also after its own end, and before there was a response */

void
ngx_thread_ws_twin_cleanup(void *data)
{
    ngx_thread_ws_twin_t *twin = data;

    ngx_uint_t                going;
    ngx_connection_t         *c;
    ngx_thread_ws_conn_t     *conn;
    ngx_thread_ws_verdict_t   verdict;

    conn = &twin->conn;
    c = conn->connection;

    if (conn->close_code == 0) {
        conn->close_code = NGX_THREAD_WS_CLOSE_ABNORMAL;
    }

    conn->error = 1;

    if (conn->follower.thread) {

        /* by worker_shutdown_timeout the worker goes, not the client */

        going = c->error && c->close;

        if (twin->asker && conn->conf->http_abort && !going) {
            (void) ngx_thread_ws_thread_cancel(&conn->follower,
                                               &twin->request_id);
        }

        ngx_memzero(&verdict, sizeof(ngx_thread_ws_verdict_t));
        verdict.code = NGX_THREAD_WS_SHUTTING_DOWN;

        ngx_thread_ws_thread_disconnect(&conn->follower, conn->close_code,
                                        going ? &verdict : NULL);
    }

    ngx_thread_ws_twin_release(twin);

    if (conn->counted) {
        ngx_thread_ws_conn_tell(conn);
        ngx_thread_ws_observe_closed(&conn->subject, &conn->totals,
                                     conn->close_code);
    }

    ngx_thread_ws_twin_forget(twin);
    ngx_thread_ws_bytes_free(&twin->body);
}
