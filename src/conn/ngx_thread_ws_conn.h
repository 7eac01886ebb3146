
/*
 * A connection: one upgraded WebSocket, its read and write handlers, messages
 * out of frames, pings, closing.  It refers to its thread by a follower.  Lives
 * in the pool of nginx's connection, from the 101 to the clean-up of the
 * upgrade request.
 */


#ifndef _NGX_THREAD_WS_CONN_H_INCLUDED_
#define _NGX_THREAD_WS_CONN_H_INCLUDED_


#include "ngx_thread_ws.h"
#include "base/ngx_thread_ws_bytes.h"
#include "conn/ngx_thread_ws_block.h"
#include "conn/ngx_thread_ws_compact.h"
#include "observe/ngx_thread_ws_subject.h"
#include "thread/ngx_thread_ws_follower.h"
#include "wire/ngx_thread_ws_choice.h"
#include "wire/ngx_thread_ws_command.h"
#include "ws/ngx_thread_ws_deflate.h"
#include "ws/ngx_thread_ws_message.h"


#define NGX_THREAD_WS_READ_SIZE  16384

/* queued bytes beyond which nothing more is read from the client */

#define NGX_THREAD_WS_OUTPUT_MAX(conn)                                        \
    (2 * (conn)->conf->output_buffer + 4 * NGX_THREAD_WS_READ_SIZE)


/*
 * What a connection is for, chosen by its location: a thread, or the echo.  All
 * of them are there, and none frees the connection.
 */

typedef struct {
    ngx_uint_t  binary;      /* unsigned  binary:1;  messages of that type are
                                taken, else they close with 1003 */

    /*
     * Fills in whose connection it is to be, before there is a 101; conn and
     * what its strings point to are copied later.  NGX_OK, with a close_code
     * where it is to be closed at once for a threadId, or an HTTP status.
     */

    ngx_int_t  (*bind)(ngx_http_request_t *r, ngx_thread_ws_loc_conf_t *conf,
                       ngx_thread_ws_conn_t *conn, ngx_uint_t *close_code);

    /* a bound connection that will be opened: NGX_OK, or an HTTP status */

    ngx_int_t  (*open)(ngx_thread_ws_conn_t *conn);

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

} ngx_thread_ws_conn_handlers_t;

/* those of a thread's connections */

extern ngx_thread_ws_conn_handlers_t  ngx_thread_ws_conn_chat;

/* how a connection follows */

extern ngx_thread_ws_follower_handlers_t  ngx_thread_ws_conn_follower;


typedef enum {
    NGX_THREAD_WS_TIMER_NONE = 0,
    NGX_THREAD_WS_TIMER_PING,                /* until the next ping */
    NGX_THREAD_WS_TIMER_PONG,                /* until the pong is missed */
    NGX_THREAD_WS_TIMER_LEAVE,               /* until 1012 is due */
    NGX_THREAD_WS_TIMER_CLOSE                /* until a close is missed */
} ngx_thread_ws_timer_e;


/* What comes in. */

typedef struct {
    ngx_thread_ws_message_t    message;      /* frames to messages */
    ngx_thread_ws_bytes_t      unread;       /* taken from the socket, waiting
                                                until output has drained */
} ngx_thread_ws_input_t;


/* what each token of its runs looks at stands at the beginning */

struct ngx_thread_ws_conn_s {
    ngx_connection_t          *connection;
    ngx_http_request_t        *request;      /* the upgrade's */
    ngx_thread_ws_loc_conf_t  *conf;
    ngx_thread_ws_conn_handlers_t  *handlers;    /* what it is for */

    /* what goes out */

    ngx_thread_ws_block_t     *out;
    ngx_thread_ws_block_t     *out_last;
    size_t                     out_size;
    ngx_thread_ws_deflate_t   *deflate;

    unsigned                   timer_use:3;  /* ngx_thread_ws_timer_e */
    unsigned                   close_code:16;    /* for variables and logs */
    unsigned                   upgraded:1;   /* the 101 is written out */
    unsigned                   compact:1;    /* the request was made small */
    unsigned                   pinged:1;     /* pong_at stands */
    unsigned                   heard:1;      /* a byte came since the ping */
    unsigned                   paused:1;     /* input waits for output */
    unsigned                   leaving:1;    /* the worker is */
    unsigned                   late:1;       /* ... and took a message yet */
    unsigned                   close_sent:1;
    unsigned                   close_received:1;
    unsigned                   deaf:1;       /* the peer broke the framing */
    unsigned                   shut:1;       /* our half is closed */
    unsigned                   error:1;      /* the socket is of no use */
    unsigned                   counted:1;    /* in the metrics */
    unsigned                   chats:1;      /* it has several threads, each
                                                with a follower of its own */

    ngx_thread_ws_follower_t   follower;     /* of its thread */
    ngx_thread_ws_totals_t     totals;

    ngx_thread_ws_compact_t    saved;        /* the request's, while it is
                                                compact */

    ngx_thread_ws_subject_t    subject;
    ngx_str_t                  pass;         /* the agent location's URI */

    ngx_thread_ws_input_t     *input;        /* NULL: nothing is under way */
    size_t                     closing_size; /* out_size at the last look */
    ngx_event_t                timer;
    ngx_msec_t                 ping_at;      /* ngx_current_msec, the next */
    ngx_msec_t                 pong_at;      /* ... when one is missed */
    size_t                     unacked;      /* bytes before the ping */

    ngx_thread_ws_result_t     last;         /* of the last run that ended */
};


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

/*
 * A run's arguments out of a message: whose strings and whose choice, which is
 * what it says beside its text, live as long.
 */

void ngx_thread_ws_conn_args(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_subject_t *subject, ngx_thread_ws_command_t *command,
    ngx_thread_ws_choice_t *choice, ngx_thread_ws_run_args_t *args);

/* names what each token looks at, as a follower's handler does */

void ngx_thread_ws_conn_near(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_near_t *near);

/* has the connection look at what there is to do, later in this turn */

void ngx_thread_ws_conn_wake(ngx_thread_ws_conn_t *conn);

/*
 * Writes what its runs have said, and sends what the socket takes.
 *
 *   NGX_OK     all is sent
 *   NGX_AGAIN  some is left
 *   NGX_ERROR  the connection is broken
 */

ngx_int_t ngx_thread_ws_conn_flush(ngx_thread_ws_conn_t *conn);

/*
 * Ends the runs and begins the close handshake: a close frame, then the peer's
 * is waited for.  The first code stands.
 */

void ngx_thread_ws_conn_close(ngx_thread_ws_conn_t *conn, ngx_uint_t code,
    char *reason);

/*
 * The same with 1008, and a line in the log that says why, with the value that
 * was wrong: at warn once a minute and reason, which told is for, else at info.
 */

void ngx_thread_ws_conn_refuse(ngx_thread_ws_conn_t *conn, char *reason,
    ngx_str_t *value, time_t *told);

/* ... the line alone */

void ngx_thread_ws_conn_blame(ngx_log_t *log, char *reason, ngx_str_t *value,
    time_t *told);

/* has the system take no more of its output than is under way */

void ngx_thread_ws_conn_lowat(ngx_thread_ws_conn_t *conn);

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
 * Takes bytes through frames to messages, and what is kept before them; what
 * waits for output is kept, or with the second function whatever there is.
 * NGX_OK, or NGX_ERROR without memory (logged).
 */

ngx_int_t ngx_thread_ws_input_feed(ngx_thread_ws_conn_t *conn, u_char *data,
    size_t len);
ngx_int_t ngx_thread_ws_input_keep(ngx_thread_ws_conn_t *conn, u_char *data,
    size_t len);

/* ... once there is room again for what is kept */

ngx_int_t ngx_thread_ws_input_resume(ngx_thread_ws_conn_t *conn);

void ngx_thread_ws_input_free(ngx_thread_ws_conn_t *conn);


#endif /* _NGX_THREAD_WS_CONN_H_INCLUDED_ */
