
/*
 * A connection's events: what is read, what is written, and what follows each
 * of them.
 */


#include "conn/ngx_thread_ws_conn_private.h"
#include "conn/ngx_thread_ws_chats.h"
#include "conn/ngx_thread_ws_output.h"
#include "thread/ngx_thread_ws_thread.h"


/* reads of one event before others have their turn */

#define NGX_THREAD_WS_READS          8


static void ngx_thread_ws_conn_read_handler(ngx_event_t *rev);
static void ngx_thread_ws_conn_write_handler(ngx_event_t *wev);
static void ngx_thread_ws_conn_read(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_conn_write(ngx_thread_ws_conn_t *conn,
    ngx_event_t *wev);
static ngx_int_t ngx_thread_ws_conn_receive(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_conn_shut(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_conn_shrink(ngx_thread_ws_conn_t *conn);


/* of this worker */

static u_char  ngx_thread_ws_scratch[NGX_THREAD_WS_READ_SIZE];


/* core still holds the request until the handler that took it has returned */

void
ngx_thread_ws_conn_first_handler(ngx_event_t *ev)
{
    ngx_connection_t      *c;
    ngx_http_request_t    *r;
    ngx_thread_ws_conn_t  *conn;

    c = ev->data;
    r = c->data;

    conn = ngx_http_get_module_ctx(r, ngx_thread_ws_module);

    if (r->count == 1) {

        /* no mirror, no update of a cache: nobody looks for the request */

        c->data = conn;

        c->read->handler = ngx_thread_ws_conn_read_handler;
        c->write->handler = ngx_thread_ws_conn_write_handler;
    }

    if (ev->write) {
        ngx_thread_ws_conn_write(conn, ev);

    } else {
        ngx_thread_ws_conn_read(conn);
    }
}


static void
ngx_thread_ws_conn_read_handler(ngx_event_t *rev)
{
    ngx_connection_t  *c;

    c = rev->data;

    ngx_thread_ws_conn_read(c->data);
}


static void
ngx_thread_ws_conn_read(ngx_thread_ws_conn_t *conn)
{
    ngx_connection_t  *c;

    c = conn->connection;

    if (c->error && c->close && !conn->error) {

        /* worker_shutdown_timeout has run out: what can be said is said now */

        ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_RESTART,
                                 "the server is restarting");
        (void) ngx_thread_ws_conn_flush(conn);
    }

    if (c->error) {
        conn->error = 1;
    }

    if (c->close && !conn->leaving) {
        ngx_thread_ws_conn_leave(conn);
    }

    if (!conn->error && ngx_thread_ws_conn_receive(conn) != NGX_OK) {

        /* who has only ended its own half can still read what is queued */

        (void) ngx_thread_ws_conn_flush(conn);
        conn->error = 1;
    }

    ngx_thread_ws_conn_step(conn);
}


static void
ngx_thread_ws_conn_write_handler(ngx_event_t *wev)
{
    ngx_connection_t  *c;

    c = wev->data;

    ngx_thread_ws_conn_write(c->data, wev);
}


static void
ngx_thread_ws_conn_write(ngx_thread_ws_conn_t *conn, ngx_event_t *wev)
{
    ngx_connection_t  *c;

    c = conn->connection;

    if (wev->timedout) {
        wev->timedout = 0;

        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "client takes nothing");
        c->timedout = 1;
        conn->error = 1;
    }

    ngx_thread_ws_conn_step(conn);
}


/* what follows every event; the connection may be gone afterwards */

void
ngx_thread_ws_conn_step(ngx_thread_ws_conn_t *conn)
{
    ngx_int_t  rc;

    rc = ngx_thread_ws_conn_flush(conn);

    /* once the end of what it waits for is written, which may have been now */

    if (conn->leaving && !conn->close_sent
        && conn->timer_use != NGX_THREAD_WS_TIMER_LEAVE)
    {
        ngx_thread_ws_conn_leave(conn);
    }

    if (rc != NGX_ERROR && !conn->error && !conn->close_sent) {

        /* what is left of one answer makes room for the next */

        if (conn->chats) {
            ngx_thread_ws_chats_drained(conn);

        } else {
            ngx_thread_ws_follower_drained(&conn->follower);
            ngx_thread_ws_thread_next(&conn->follower);
        }
    }

    /*
     * Both have said goodbye; but a close with bytes unread would reset the
     * connection and could take our close frame with it.
     */

    if (rc == NGX_ERROR || conn->error
        || (rc == NGX_OK && conn->close_sent && conn->close_received
            && !conn->deaf && !conn->connection->read->ready))
    {
        ngx_thread_ws_conn_finalize(conn);
        return;
    }

    if (rc == NGX_OK && conn->close_sent && conn->deaf && !conn->shut) {
        ngx_thread_ws_conn_shut(conn);
    }

    if (conn->paused && conn->out_size <= NGX_THREAD_WS_OUTPUT_MAX(conn) / 2) {
        conn->paused = 0;
        ngx_thread_ws_conn_wake(conn);
    }

    /* a timer may come before the first handler, which wants the request */

    if (conn->conf->compact && conn->upgraded && !conn->compact
        && conn->connection->data == conn)
    {
        ngx_thread_ws_conn_shrink(conn);
    }
}


/*
 * A close now, with bytes unread, would reset the connection and take the close
 * frame with it: the peer's end is waited for.
 */

static void
ngx_thread_ws_conn_shut(ngx_thread_ws_conn_t *conn)
{
    conn->shut = 1;

#if (NGX_HTTP_SSL)
    if (conn->connection->ssl) {
        (void) SSL_shutdown(conn->connection->ssl->connection);
        ERR_clear_error();
    }
#endif

    (void) ngx_shutdown_socket(conn->connection->fd, NGX_WRITE_SHUTDOWN);
}


static void
ngx_thread_ws_conn_shrink(ngx_thread_ws_conn_t *conn)
{
    ngx_http_request_t  *r;

    conn->compact = 1;

    r = ngx_thread_ws_compact(conn->request, &conn->saved,
                              ngx_thread_ws_conn_cleanup, conn);
    if (r) {
        conn->request = r;
    }
}


ngx_int_t
ngx_thread_ws_conn_flush(ngx_thread_ws_conn_t *conn)
{
    ngx_int_t            rc, left;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = conn->connection;
    r = conn->request;

    if (!conn->upgraded && !conn->error) {

        /* the 101 may not have left in one piece */

        if (c->buffered && ngx_http_write_filter(r, NULL) == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (c->buffered) {

            if (!c->write->timer_set) {
                ngx_add_timer(c->write, conn->conf->send_timeout);
            }

            return (ngx_handle_write_event(c->write, 0) == NGX_OK) ? NGX_AGAIN
                                                                 : NGX_ERROR;
        }

        conn->upgraded = 1;
    }

    for ( ;; ) {

        left = (conn->close_sent || conn->error) ? NGX_OK
               : conn->chats ? ngx_thread_ws_chats_take(conn, 0)
               : ngx_thread_ws_follower_take(&conn->follower, 0);

        rc = ngx_thread_ws_output_flush(conn);

        if (rc != NGX_OK || left != NGX_AGAIN) {
            return rc;
        }
    }
}


/* NGX_OK, or NGX_ERROR when the socket is of no use any more */

static ngx_int_t
ngx_thread_ws_conn_receive(ngx_thread_ws_conn_t *conn)
{
    ssize_t            n;
    ngx_uint_t         i;
    ngx_event_t       *rev;
    ngx_connection_t  *c;

    c = conn->connection;
    rev = c->read;

    if (!conn->paused && ngx_thread_ws_input_resume(conn) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; rev->ready && !conn->paused && !conn->error; i++) {

        if (i == NGX_THREAD_WS_READS) {
            ngx_post_event(rev, &ngx_posted_next_events);
            return NGX_OK;
        }

        n = c->recv(c, ngx_thread_ws_scratch, NGX_THREAD_WS_READ_SIZE);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {

            if (!conn->close_sent) {
                ngx_log_error(NGX_LOG_INFO, c->log, 0,
                              "client closed connection without a close frame");
            }

            return NGX_ERROR;
        }

        conn->totals.bytes_in += n;
        conn->heard = 1;

        if (ngx_thread_ws_input_feed(conn, ngx_thread_ws_scratch, n)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_handle_read_event(rev, 0);
}
