
/*
 * A connection: its read and write handlers, messages out of frames, pings,
 * closing.  Lives in the upgrade request's pool, from the 101 to the clean-up
 * of that request.
 */


#ifndef _NGX_THREAD_WS_CONN_H_INCLUDED_
#define _NGX_THREAD_WS_CONN_H_INCLUDED_


#include "ngx_thread_ws.h"


#define NGX_THREAD_WS_READ_SIZE  16384

/* queued bytes beyond which nothing more is read from the client */

#define NGX_THREAD_WS_OUTPUT_MAX(conn)                                        \
    (2 * (conn)->conf->output_buffer + 4 * NGX_THREAD_WS_READ_SIZE)


/*
 * What a connection is for, chosen by its location: a thread, or the echo.  All
 * of them are there, and none frees the connection.
 */

struct ngx_thread_ws_handlers_s {
    ngx_uint_t  binary;      /* unsigned  binary:1;  messages of that type are
                                taken, else they close with 1003 */

    /*
     * Fills in whose connection it is to be, before there is a 101; conn and
     * what its strings point to are copied later.  NGX_OK, with a close_code
     * where it is to be closed at once for a threadId, or an HTTP status.
     */

    ngx_int_t  (*bind)(ngx_http_request_t *r, ngx_thread_ws_loc_conf_t *conf,
                       ngx_thread_ws_conn_t *conn, ngx_uint_t *close_code);

    /* with its opening, and with each ping to the client */

    void       (*look)(ngx_thread_ws_conn_t *conn);

    /* a whole message, TEXT or BINARY; the bytes are the caller's */

    void       (*message)(ngx_thread_ws_conn_t *conn, ngx_uint_t type,
                          u_char *data, size_t len);

    /* before a close frame is sent; at the end, whatever ends it */

    void       (*closing)(ngx_thread_ws_conn_t *conn);
    void       (*closed)(ngx_thread_ws_conn_t *conn);

    /* what lines of the error log say of it; gives the position after that */

    u_char    *(*log)(ngx_thread_ws_conn_t *conn, u_char *buf, size_t len);
};

extern ngx_thread_ws_handlers_t  ngx_thread_ws_thread_handlers;


/*
 * Takes the connection of an attached request over, after the 101 was sent:
 * from here on its events are the WebSocket's.  A close_code but 0 closes it at
 * once, for the reason.  The content handler then returns NGX_DONE.
 */

void ngx_thread_ws_conn_open(ngx_thread_ws_conn_t *conn, ngx_uint_t close_code,
    char *reason);

/*
 * Makes r the connection's request: when it ends, whatever ends it, so do the
 * connection's runs, and what the connection holds is freed.  NGX_OK or
 * NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_conn_attach(ngx_thread_ws_conn_t *conn,
    ngx_http_request_t *r);

/* the connection whose request r is, NULL if it is nobody's */

ngx_thread_ws_conn_t *ngx_thread_ws_conn_of(ngx_http_request_t *r);

/* has the connection look at what there is to do, later in this turn */

void ngx_thread_ws_conn_wake(ngx_thread_ws_conn_t *conn);

/*
 * Ends the runs and begins the close handshake: a close frame, then the peer's
 * is waited for.  The first code stands.
 */

void ngx_thread_ws_conn_close(ngx_thread_ws_conn_t *conn, ngx_uint_t code,
    char *reason);

/*
 * The thread's generation, as the store knows it: NGX_OK, or NGX_DECLINED when
 * the thread was deleted, and the connection is closing for that.
 */

ngx_int_t ngx_thread_ws_conn_generation(ngx_thread_ws_conn_t *conn,
    uint64_t generation);
void ngx_thread_ws_conn_deleted(ngx_thread_ws_conn_t *conn);


/* the connection's one timer, ms, and what it is for */

void ngx_thread_ws_conn_timer(ngx_thread_ws_conn_t *conn, ngx_uint_t use,
    ngx_msec_t timeout);

/*
 * Pings: the first is due in an interval; one is; the time for the answer to
 * one is over, after which conn->error may be set.
 */

void ngx_thread_ws_ping_start(ngx_thread_ws_conn_t *conn);
void ngx_thread_ws_ping_send(ngx_thread_ws_conn_t *conn);
void ngx_thread_ws_ping_missed(ngx_thread_ws_conn_t *conn);


/* tells the metrics of the bytes since the last time */

void ngx_thread_ws_conn_tell(ngx_thread_ws_conn_t *conn);


/*
 * Reading: takes what the socket (or unread) holds through frames to messages.
 * NGX_OK, or NGX_ERROR when the socket is of no use any more.
 */

ngx_int_t ngx_thread_ws_conn_receive(ngx_thread_ws_conn_t *conn);

/* takes bytes that were read before the connection was ours */

ngx_int_t ngx_thread_ws_conn_feed(ngx_thread_ws_conn_t *conn, u_char *data,
    size_t len);


/*
 * Looks whether the thread was deleted meanwhile; forgets the look at the
 * connection's end.
 */

void ngx_thread_ws_watch(ngx_thread_ws_conn_t *conn);
void ngx_thread_ws_watch_free(ngx_thread_ws_conn_t *conn);


#endif /* _NGX_THREAD_WS_CONN_H_INCLUDED_ */
