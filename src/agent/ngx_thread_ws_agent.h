
/*
 * A run's own request through the agent location.  It is to its run what an
 * HTTP/2 or QUIC stream is to its connection: a connection slot on a descriptor
 * of the worker's own, a request with a pool of its own, all of nginx's phases.
 * The one room that builds an ngx_http_request_t or touches an
 * ngx_http_upstream_t.  It knows no run: what it finds out it tells by the
 * handlers that it is given.
 */


#ifndef _NGX_THREAD_WS_AGENT_H_INCLUDED_
#define _NGX_THREAD_WS_AGENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "agent/ngx_thread_ws_caller.h"
#include "base/ngx_thread_ws_near.h"


typedef struct ngx_thread_ws_agent_s  ngx_thread_ws_agent_t;


/* What is known of the agent's answer with its header. */

typedef struct {
    ngx_str_t    name;          /* of the location that it came from */
    ngx_str_t    uri;           /* as it was there */
    ngx_uint_t   status;        /* HTTP */
    ngx_list_t  *fields;        /* what the agent sent; NULL: nothing */
    ngx_str_t    type;          /* Content-Type; empty: none */
    ngx_str_t    location;      /* of a redirection */
    ngx_str_t    encoding;      /* Content-Encoding */
    unsigned     own:1;         /* nginx itself said so, not the agent */
    unsigned     kept:1;        /* the agent's was 200, but error_page keeps
                                   that of the error: it lacks a "=" */
    unsigned     stream:1;      /* an event stream, by the type */
    unsigned     encoded:1;     /* compressed, unasked */
} ngx_thread_ws_agent_header_t;


/* how a request ended without its answer being whole */

typedef enum {
    NGX_THREAD_WS_AGENT_CUT = 0,
    NGX_THREAD_WS_AGENT_TIMEOUT,
    NGX_THREAD_WS_AGENT_EXIT     /* worker_shutdown_timeout has run out */
} ngx_thread_ws_agent_end_e;


/* what was found in the answer's body so far */

typedef struct {
    ngx_uint_t   deltas;
    ngx_uint_t   finished;      /* not 0: the agent has said how its answer
                                   ended, but nothing tells that nothing
                                   follows; changes with all that does */
} ngx_thread_ws_agent_heard_t;


/*
 * What whoever asks is asked and told, in this order; data is the call's.
 * Those that return NGX_ERROR end the request.
 */

typedef struct {

    /*
     * Gives the request's body, JSON, in memory that lives until "gone".
     * Settings with variables are evaluated in r, the request.
     */

    ngx_int_t  (*prompt)(void *data, ngx_http_request_t *r,
                         ngx_chain_t **body, off_t *size);

    ngx_int_t  (*header)(void *data, ngx_thread_ws_agent_header_t *header);

    /*
     * Some of the answer's body; heard is brought up to date.  NGX_OK, or
     * NGX_DONE: the answer's own end mark was seen, and nothing more is wanted,
     * however long the agent leaves its body open.
     */

    ngx_int_t  (*body)(void *data, u_char *pos, u_char *last,
                       ngx_thread_ws_agent_heard_t *heard);

    /*
     * All that one read brought was given.  more: the next read follows in this
     * turn of the event loop.  NGX_OK, or NGX_AGAIN when nobody has room for
     * more: the agent is not read until ngx_thread_ws_agent_resume().
     */

    ngx_int_t  (*flush)(void *data, ngx_uint_t more);

    /* the answer is whole ... */

    void       (*whole)(void *data);

    /* ... or this: it breaks off.  end is of ngx_thread_ws_agent_end_e */

    void       (*cut)(void *data, ngx_uint_t end);

    /* the request is gone, and the agent with it; told of no cut before */

    void       (*gone)(void *data, ngx_uint_t whole, ngx_uint_t end);

    /* adds to a line of the error log, as ngx_log_t's handler does */

    u_char    *(*log)(void *data, u_char *buf, size_t len);

} ngx_thread_ws_agent_handlers_t;


/* by the worker's load: see ngx_thread_ws_agent_call_t */

#define NGX_THREAD_WS_AGENT_GATHER  ((ngx_msec_t) -2)


typedef struct {
    ngx_thread_ws_agent_handlers_t  *handlers;
    void                            *data;
    ngx_msec_t                       gather; /* ms that a fast agent's bytes
                                                may wait for more, 0: none */
    ngx_thread_ws_caller_t          *caller; /* outlives the agent */
    ngx_log_t                       *log;    /* for what is wrong before */
    ngx_str_t                        pass;   /* the location's URI */
    ngx_array_t                     *headers;    /* of ngx_keyval_t: more of
                                                    them; NULL: none */
    unsigned                         bare:1; /* the location's limits and access
                                                rules alone: its content is
                                                left, a 204 says that all let
                                                it through */
    unsigned                         get:1;  /* a GET: it has no prompt */
} ngx_thread_ws_agent_call_t;


/*
 * An agent that is not asked yet, NULL without memory or connections (logged).
 * It ends by ngx_thread_ws_agent_ask(), whatever that returns.
 */

ngx_thread_ws_agent_t *ngx_thread_ws_agent_create(
    ngx_thread_ws_agent_call_t *call);

/*
 * Sends the request to the call's location, a POST or a GET.  The answer comes
 * through the call's handlers, perhaps before this returns, when the agent may
 * be gone.
 *
 *   NGX_OK     under way until "gone"
 *   NGX_ERROR  out of memory (logged): the agent is freed, nothing was told
 */

ngx_int_t ngx_thread_ws_agent_ask(ngx_thread_ws_agent_t *agent);

/*
 * Ends the request at once: the upstream's connection is closed when this
 * returns, nothing is told but "gone".  From within one of the handlers it only
 * marks the request, which ends as soon as that returns.
 */

void ngx_thread_ws_agent_stop(ngx_thread_ws_agent_t *agent);

/*
 * What bytes of the answer will be taken into: so many pieces, zero at first,
 * which are the caller's to name and are fetched whenever some are read.
 */

#define NGX_THREAD_WS_AGENT_NEAR  9

ngx_thread_ws_near_t *ngx_thread_ws_agent_near(ngx_thread_ws_agent_t *agent);

/* goes on reading after a flush that found no room */

void ngx_thread_ws_agent_resume(ngx_thread_ws_agent_t *agent);


/* the call's data and caller where r is an agent's request, else NULL */

void *ngx_thread_ws_agent_data(ngx_http_request_t *r);
ngx_thread_ws_caller_t *ngx_thread_ws_agent_caller(ngx_http_request_t *r);


/*
 * The filters, in postconfiguration; and when all others are there, the first
 * of them, by which an answer that passes them as it is goes past.
 */

ngx_int_t ngx_thread_ws_agent_init(ngx_conf_t *cf);
void ngx_thread_ws_agent_init_module(void);

/*
 * At a worker's start: makes its descriptor, and looks whether this nginx is
 * built as the module takes it to be: a connection that is marked as shared
 * leaves its descriptor open.  NGX_OK or NGX_ERROR (logged).
 */

ngx_int_t ngx_thread_ws_agent_init_process(ngx_cycle_t *cycle);
void ngx_thread_ws_agent_exit_process(void);


#endif /* _NGX_THREAD_WS_AGENT_H_INCLUDED_ */
