
/*
 * The shared types: configuration, connection, run.
 *
 * A connection is one upgraded WebSocket, bound to one thread for its whole
 * life.  A run is one user message and the agent's answer to it.  Calls go
 * down: connection, run, agent and store.
 */


#ifndef _NGX_THREAD_WS_H_INCLUDED_
#define _NGX_THREAD_WS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <jansson.h>

#include "base/ngx_thread_ws_bytes.h"
#include "wire/ngx_thread_ws_code.h"
#include "conn/ngx_thread_ws_compact.h"
#include "wire/ngx_thread_ws_command.h"
#include "ws/ngx_thread_ws_deflate.h"
#include "dialect/ngx_thread_ws_dialect.h"
#include "wire/ngx_thread_ws_event.h"
#include "ws/ngx_thread_ws_frame.h"
#include "ws/ngx_thread_ws_handshake.h"
#include "json/ngx_thread_ws_json.h"
#include "ws/ngx_thread_ws_message.h"
#include "dialect/ngx_thread_ws_sse.h"
#include "ws/ngx_thread_ws_utf8.h"
#include "observe/ngx_thread_ws_subject.h"
#include "zone/ngx_thread_ws_registry.h"
#include "store/ngx_thread_ws_store.h"
#include "store/ngx_thread_ws_store_drivers.h"
#include "zone/ngx_thread_ws_zone.h"


typedef struct ngx_thread_ws_conn_s   ngx_thread_ws_conn_t;
typedef struct ngx_thread_ws_run_s    ngx_thread_ws_run_t;
typedef struct ngx_thread_ws_agent_s  ngx_thread_ws_agent_t;
typedef struct ngx_thread_ws_block_s  ngx_thread_ws_block_t;
typedef struct ngx_thread_ws_handlers_s  ngx_thread_ws_handlers_t;


/* configuration */


typedef enum {
    NGX_THREAD_WS_BUSY_INTERRUPT = 0,
    NGX_THREAD_WS_BUSY_QUEUE,
    NGX_THREAD_WS_BUSY_REJECT
} ngx_thread_ws_busy_e;


typedef struct {
    ngx_str_t                  pattern;
#if (NGX_PCRE)
    ngx_regex_t               *regex;        /* NULL: an origin */
#endif
} ngx_thread_ws_origin_t;


typedef struct {
    ngx_flag_t                 enable;
    ngx_int_t                  level;
    ngx_uint_t                 window;       /* bits */
    ngx_uint_t                 context;      /* kept between messages */
    size_t                     min_length;   /* shorter ones go as they are */
} ngx_thread_ws_deflate_conf_t;


typedef struct {
    ngx_uint_t                 runs;
    size_t                     bytes;
} ngx_thread_ws_context_t;


typedef struct {
    ngx_array_t                stores;       /* of PostgreSQL's settings */
    ngx_array_t               *logs;         /* of ngx_thread_ws_lines_t * */
    ngx_array_t               *exporters;    /* of ngx_thread_ws_exporter_t * */
    ngx_uint_t                 compact_told; /* unsigned  compact_told:1;
                                                that it is off, and why */
} ngx_thread_ws_main_conf_t;


typedef struct {
    ngx_array_t               *names;        /* of ngx_http_server_name_t:
                                                core forgets its own after the
                                                start */
} ngx_thread_ws_srv_conf_t;


typedef struct {
    ngx_http_handler_pt        handler;      /* the location's, if ours */
    ngx_http_complex_value_t  *pass;
    ngx_thread_ws_dialect_t   *dialect;
    ngx_http_complex_value_t  *thread_id;    /* NULL: $arg_threadId */
    ngx_http_complex_value_t  *user;         /* NULL: nobody owns threads */
    ngx_http_complex_value_t  *model;
    ngx_http_complex_value_t  *system_prompt;
    json_t                    *parameters;

    ngx_uint_t                 busy;         /* ngx_thread_ws_busy_e */
    ngx_uint_t                 queue;        /* messages that may wait */

    size_t                     max_message_size;
    size_t                     max_response_size;
    size_t                     output_buffer;
    ngx_msec_t                 send_timeout;
    ngx_msec_t                 run_timeout;
    ngx_msec_t                 ping_interval;    /* 0: no pings */
    ngx_msec_t                 pong_timeout;     /* 0: pongs are not missed */

    ngx_uint_t                 origins_mode;
    ngx_array_t               *origins;      /* of ngx_thread_ws_origin_t */
    ngx_array_t               *subprotocols; /* of ngx_str_t */
    ngx_thread_ws_deflate_conf_t  deflate;

    ngx_flag_t                 compact;      /* requests are moved */
    ngx_int_t                  connections_warn;
    ngx_msec_t                 shutdown_spread;

    ngx_thread_ws_store_t     *store;
    ngx_thread_ws_context_t    context;
    ngx_str_t                  history;      /* where the agent's server is
                                                asked for it; empty: not */

    ngx_msec_t                 demo_delay;   /* between two deltas */

    ngx_thread_ws_lines_t     *log;          /* the event log, NULL: off */
    ngx_thread_ws_trace_conf_t  *trace;      /* NULL: off */
} ngx_thread_ws_loc_conf_t;


/* connection */


/*
 * A completed run that the connection remembers; one piece of malloc's.  Texts
 * are kept escaped, as the inside of JSON strings: they only ever go into
 * prompts and events.
 */

typedef struct {
    ngx_queue_t                queue;
    ngx_str_t                  request_id;
    ngx_str_t                  content;      /* escaped */
    ngx_str_t                  answer;       /* escaped */
    size_t                     size;         /* of both, unescaped */
    ngx_str_t                  finish_reason;
    ngx_int_t                  input_tokens;     /* -1: not told */
    ngx_int_t                  output_tokens;
    ngx_msec_t                 latency;
} ngx_thread_ws_recent_t;


typedef enum {
    NGX_THREAD_WS_TIMER_NONE = 0,
    NGX_THREAD_WS_TIMER_PING,                /* until the next ping */
    NGX_THREAD_WS_TIMER_PONG,                /* until the pong is missed */
    NGX_THREAD_WS_TIMER_LEAVE,               /* until 1012 is due */
    NGX_THREAD_WS_TIMER_CLOSE                /* until a close is missed */
} ngx_thread_ws_timer_e;


struct ngx_thread_ws_conn_s {
    ngx_connection_t          *connection;
    ngx_http_request_t        *request;      /* the upgrade's */
    ngx_thread_ws_loc_conf_t  *conf;
    ngx_thread_ws_handlers_t  *handlers;     /* what it is for */

    ngx_thread_ws_compact_t    saved;        /* the request's, while it is
                                                compact */

    ngx_thread_ws_subject_t    subject;
    ngx_str_t                  pass;         /* the agent location's URI */

    /* what comes in */

    ngx_thread_ws_message_t    in;           /* frames to messages */
    ngx_thread_ws_bytes_t      unread;       /* taken from the socket, waiting
                                                until output has drained */

    /* what goes out */

    ngx_thread_ws_block_t     *out;
    ngx_thread_ws_block_t     *out_last;
    size_t                     out_size;
    ngx_thread_ws_deflate_t   *deflate;

    /* runs */

    ngx_thread_ws_run_t       *run;          /* the active one */
    ngx_queue_t                waiting;      /* of runs */
    ngx_uint_t                 nwaiting;
    size_t                     waiting_size;
    ngx_queue_t                agents;       /* all requests that use our fd */

    /* what it remembers of the thread */

    ngx_queue_t                history;      /* of ngx_thread_ws_recent_t */
    ngx_uint_t                 nhistory;
    size_t                     history_size;
    uint64_t                   seq;          /* the last one seen */
    uint64_t                   generation;   /* 0: not known yet */
    void                      *watch;        /* a look at the generation */

    ngx_event_t                timer;
    ngx_uint_t                 timer_use;    /* ngx_thread_ws_timer_e */
    ngx_uint_t                 close_code;   /* for variables and logs */
    ngx_msec_t                 ping_at;      /* ngx_current_msec, the next */
    ngx_msec_t                 pong_at;      /* ... when one is missed */
    size_t                     unacked;      /* bytes before the ping */

    ngx_thread_ws_totals_t     totals;
    ngx_thread_ws_result_t     last;         /* of the last run that ended */

    unsigned                   upgraded:1;   /* the 101 is written out */
    unsigned                   compact:1;    /* the request was made small */
    unsigned                   pinged:1;     /* pong_at stands */
    unsigned                   heard:1;      /* a byte came since the ping */
    unsigned                   paused:1;     /* input waits for output */
    unsigned                   leaving:1;    /* the worker is */
    unsigned                   close_sent:1;
    unsigned                   close_received:1;
    unsigned                   deaf:1;       /* the peer broke the framing */
    unsigned                   shut:1;       /* our half is closed */
    unsigned                   error:1;      /* the socket is of no use */
    unsigned                   counted:1;    /* in the metrics */
};


/* run */


typedef enum {
    NGX_THREAD_WS_WAITING = 0,
    NGX_THREAD_WS_LOADING,
    NGX_THREAD_WS_STREAMING,
    NGX_THREAD_WS_STORING,
    NGX_THREAD_WS_ENDED
} ngx_thread_ws_state_e;


struct ngx_thread_ws_run_s {
    ngx_pool_t                *pool;         /* the run's own; holds it, too */
    ngx_queue_t                queue;        /* while it waits */
    ngx_thread_ws_subject_t    subject;

    ngx_thread_ws_conn_t      *conn;         /* NULL once the client is gone */
    ngx_thread_ws_agent_t     *agent;        /* NULL while there is none */
    ngx_thread_ws_loc_conf_t  *conf;
    ngx_uint_t                 state;        /* ngx_thread_ws_state_e */

    ngx_str_t                  content;
    ngx_str_t                  model;
    ngx_msec_t                 started;      /* ngx_current_msec, message */
    uint64_t                   cancelled;    /* us, monotonic; 0: it is not */

    ngx_event_t                timer;        /* thread_ws_run_timeout */
    ngx_thread_ws_claim_t      claim;
    ngx_thread_ws_store_op_t   op;

    /* the answer */

    ngx_uint_t                 status;       /* HTTP, of the agent */
    ngx_uint_t                 refusal;      /* ngx_thread_ws_code_e: what a
                                                status but 200 means */
    ngx_msec_t                 retry_after;
    ngx_thread_ws_sse_t        sse;
    ngx_thread_ws_reply_t      reply;
    ngx_str_t                  head;         /* of the token event */
    ngx_thread_ws_bytes_t      answer;       /* escaped; an error's body */
    size_t                     answer_size;  /* unescaped */

    ngx_thread_ws_result_t     result;

    unsigned                   replayed:1;   /* answered from the store */
    unsigned                   took_over:1;  /* from an older connection */
    unsigned                   asked:1;      /* the agent was */
    unsigned                   op_active:1;  /* the store works for it */
};


extern ngx_module_t  ngx_thread_ws_module;


#endif /* _NGX_THREAD_WS_H_INCLUDED_ */
