
/*
 * What the two halves of an agent share: the one that makes and ends its
 * request, and the filters that take the answer.
 */


#ifndef _NGX_THREAD_WS_AGENT_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_AGENT_PRIVATE_H_INCLUDED_


#include "agent/ngx_thread_ws_agent.h"


/* what is known of the pace at which an agent's bytes come */

typedef struct {
    size_t                       lowat;      /* bytes waited for; 0: none */
    off_t                        received;   /* until the last read */
    ngx_msec_t                   longest[2]; /* ms of a wait; in a busy worker;
                                                0: none */
    ngx_uint_t                   counted;    /* deltas until then */
    ngx_msec_t                   read_at;
    ngx_msec_t                   since;      /* then without a pause came */
    ngx_uint_t                   deltas;     /* ... so many */
    ngx_http_upstream_handler_pt read;       /* core's; NULL: in its place */
    unsigned                     over:1;     /* this read is by the timer */
    unsigned                     bursts:1;   /* what comes next may be more */
    ngx_event_t                  event;      /* the wait is over */
} ngx_thread_ws_agent_gather_t;


/*
 * What each read looks at stands together: with many streams none of it is in
 * the processor's caches.
 */

struct ngx_thread_ws_agent_s {
    ngx_http_connection_t        hc;         /* first: r->http_connection is
                                                how a filter finds us */

    unsigned                     header:1;   /* it was told of */
    unsigned                     whole:1;    /* the answer is */
    unsigned                     stopped:1;  /* no more is wanted */
    unsigned                     busy:1;     /* inside one of the handlers */
    unsigned                     waiting:1;  /* does not read the upstream */
    unsigned                     passes:1;   /* other filters, unchanged */

    ngx_thread_ws_near_t         near[NGX_THREAD_WS_AGENT_NEAR];

    ngx_connection_t            *connection;
    ngx_http_request_t          *request;
    ngx_chain_t                 *held;       /* not taken yet */
    off_t                        received;   /* bytes of the answer's body */
    off_t                        turn_from;  /* ... when this turn began */
    ngx_thread_ws_agent_heard_t  heard;
    ngx_uint_t                   finished;   /* the answer may have ended */
    ngx_recv_pt                  recv;       /* the upstream's; NULL: in its
                                                place */
    ngx_thread_ws_agent_call_t   call;
    ngx_thread_ws_agent_gather_t gather;

    ngx_event_t                  turn;       /* posted for the next turn */
    size_t                       surplus;    /* bytes after the answer */
    ngx_event_t                  linger;     /* the time for them is over, or
                                                that for the answer's end */

    ngx_http_handler_pt          content;    /* the location's */
    ngx_int_t                  (*reinit)(ngx_http_request_t *r);
    ngx_int_t                  (*process)(ngx_http_request_t *r);

    void                       (*finalize)(ngx_http_request_t *r,
                                           ngx_int_t rc);
    ngx_http_log_handler_pt      log_handler;    /* core's */
    ngx_uint_t                  *gone;       /* told when the agent is freed */
    ngx_uint_t                   end;

    ngx_http_log_ctx_t           log_ctx;
    ngx_log_t                    log;
    ngx_buf_t                    buffer;
};


/*
 * A connection for the agent's request, NULL without memory or connections
 * (logged).  Until it has a request it is closed by the second function, then
 * by core.
 */

ngx_connection_t *ngx_thread_ws_agent_connection(
    ngx_thread_ws_agent_call_t *call);
void ngx_thread_ws_agent_close(ngx_connection_t *sc);

/* what marks such a connection; the agent of a request on one */

ssize_t ngx_thread_ws_agent_recv(ngx_connection_t *c, u_char *buf,
    size_t size);

#define ngx_thread_ws_agent_of(r)                                             \
    ((ngx_thread_ws_agent_t *) (r)->main->http_connection)

/* ends the request from outside any of the handlers; it may be gone then */

void ngx_thread_ws_agent_leave(ngx_thread_ws_agent_t *agent);

/*
 * For a request whose location is found: interim responses, 100 to 199 but for
 * 101, will do no harm, whatever nginx makes of them.
 */

void ngx_thread_ws_agent_interim(ngx_http_request_t *r);

/* fills header in with what r's says */

void ngx_thread_ws_agent_describe(ngx_http_request_t *r,
    ngx_thread_ws_agent_header_t *header);

/* the turn after a hold; the end of the time for what follows the answer */

void ngx_thread_ws_agent_turn_handler(ngx_event_t *ev);
void ngx_thread_ws_agent_linger_handler(ngx_event_t *ev);

/*
 * All that the upstream had is read: decides whether what it has next is read
 * at once, or how much of it is waited for, and how long.
 */

void ngx_thread_ws_agent_gather(ngx_thread_ws_agent_t *agent);

/*
 * Nothing is waited for any more: to be called when the answer is whole, and
 * before the upstream's connection is given back.
 */

void ngx_thread_ws_agent_gather_end(ngx_thread_ws_agent_t *agent);

/* the upstream is known whose answer is about to come */

void ngx_thread_ws_agent_gather_begin(ngx_thread_ws_agent_t *agent);

void ngx_thread_ws_agent_gather_handler(ngx_event_t *ev);

/*
 * Core reads its upstream as long as the buffer that it reads into is free,
 * which it is at once where another module's filter copies what is in it: while
 * the agent waits, nothing more is read.  To be ended before the upstream's
 * connection is given back.
 */

void ngx_thread_ws_agent_gate(ngx_thread_ws_agent_t *agent);
void ngx_thread_ws_agent_gate_end(ngx_thread_ws_agent_t *agent);

/* what it does in core's phases, in postconfiguration */

ngx_int_t ngx_thread_ws_agent_phases(ngx_conf_t *cf);


#endif /* _NGX_THREAD_WS_AGENT_PRIVATE_H_INCLUDED_ */
