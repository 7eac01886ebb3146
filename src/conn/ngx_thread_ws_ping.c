
/*
 * Pings and the answers to them.  Any byte of a client's is an answer; one that
 * is still busy with what came before the ping has more time.
 */


#include "conn/ngx_thread_ws_conn.h"
#include "conn/ngx_thread_ws_output.h"

#if (NGX_LINUX)
#include <linux/sockios.h>
#endif


static void ngx_thread_ws_ping_timer(ngx_thread_ws_conn_t *conn);
static size_t ngx_thread_ws_ping_unacked(ngx_thread_ws_conn_t *conn);


void
ngx_thread_ws_ping_start(ngx_thread_ws_conn_t *conn)
{
    conn->ping_at = ngx_current_msec + conn->conf->ping_interval;

    ngx_thread_ws_ping_timer(conn);
}


/* the next ping, or the end of the time for one that was sent, if sooner */

static void
ngx_thread_ws_ping_timer(ngx_thread_ws_conn_t *conn)
{
    ngx_uint_t      use;
    ngx_msec_int_t  left, pong;

    use = NGX_THREAD_WS_TIMER_PING;
    left = (ngx_msec_int_t) (conn->ping_at - ngx_current_msec);

    if (conn->pinged) {
        pong = (ngx_msec_int_t) (conn->pong_at - ngx_current_msec);

        if (pong <= left) {
            use = NGX_THREAD_WS_TIMER_PONG;
            left = pong;
        }
    }

    ngx_thread_ws_conn_timer(conn, use, ngx_max(left, 0));
}


void
ngx_thread_ws_ping_send(ngx_thread_ws_conn_t *conn)
{
    size_t      unacked;
    ngx_uint_t  missing;

    conn->ping_at = ngx_current_msec + conn->conf->ping_interval;

    missing = conn->pinged && !conn->heard;
    unacked = ngx_thread_ws_ping_unacked(conn);

    /*
     * Where output waits thread_ws_send_timeout watches over the client; and
     * what waits behind an unanswered ping has no other way than this.
     */

    if (conn->out == NULL && (!missing || unacked == 0)) {

        ngx_thread_ws_output_frame(conn, NGX_THREAD_WS_OP_PING, NULL, 0);

        conn->handlers->look(conn);

        if (!missing && conn->conf->pong_timeout) {
            conn->pinged = 1;
            conn->heard = 0;
            conn->unacked = unacked;
            conn->pong_at = ngx_current_msec + conn->conf->pong_timeout;
        }
    }

    ngx_thread_ws_ping_timer(conn);
}


void
ngx_thread_ws_ping_missed(ngx_thread_ws_conn_t *conn)
{
    size_t  unacked;

    conn->pinged = 0;

    if (!conn->heard && conn->out == NULL && !conn->paused) {

        unacked = ngx_thread_ws_ping_unacked(conn);

        if (unacked == 0 || unacked >= conn->unacked) {
            ngx_log_error(NGX_LOG_INFO, conn->connection->log, 0,
                          "client answers no ping");
            conn->connection->timedout = 1;
            conn->error = 1;
            return;
        }

        /* the ping still waits behind what a slow client is taking */

        conn->pinged = 1;
        conn->unacked = unacked;
        conn->pong_at = ngx_current_msec + conn->conf->pong_timeout;
    }

    ngx_thread_ws_ping_timer(conn);
}


/* bytes that the system holds for the peer, as far as it tells */

static size_t
ngx_thread_ws_ping_unacked(ngx_thread_ws_conn_t *conn)
{
#if (NGX_LINUX)
    int  n;

    if (ioctl(conn->connection->fd, SIOCOUTQ, &n) == 0 && n > 0) {
        return (size_t) n;
    }
#endif

    return 0;
}
