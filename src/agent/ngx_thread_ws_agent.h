
/*
 * A run's own request through the agent location.  It is to the WebSocket what
 * an HTTP/2 or QUIC stream is to its connection: a connection slot that shares
 * the socket, a request with a pool of its own, all of nginx's phases.  The
 * one place that builds an ngx_http_request_t or touches an
 * ngx_http_upstream_t.
 */


#ifndef _NGX_THREAD_WS_AGENT_H_INCLUDED_
#define _NGX_THREAD_WS_AGENT_H_INCLUDED_


#include "ngx_thread_ws.h"


/* What is known of the agent's answer with its header. */

typedef struct {
    ngx_uint_t   status;        /* HTTP */
    ngx_msec_t   retry_after;   /* ms, 0: not told */
    unsigned     own:1;         /* nginx itself said so, not the agent */
    unsigned     stream:1;      /* Content-Type: text/event-stream */
    unsigned     encoded:1;     /* compressed, unasked */
} ngx_thread_ws_agent_header_t;


/* how a request ended without its answer being whole */

typedef enum {
    NGX_THREAD_WS_AGENT_CUT = 0,
    NGX_THREAD_WS_AGENT_TIMEOUT,
    NGX_THREAD_WS_AGENT_EXIT     /* worker_shutdown_timeout has run out */
} ngx_thread_ws_agent_end_e;


/*
 * Sends the run's request: a POST to the location that conn->pass names.  The
 * answer comes back through the run's functions below, perhaps before this
 * returns, when the run may be gone.
 *
 *   NGX_OK     under way; run->agent is set until ngx_thread_ws_run_gone()
 *   NGX_ERROR  out of memory or of connections (logged): nothing was called
 */

ngx_int_t ngx_thread_ws_agent_start(ngx_thread_ws_run_t *run);

/*
 * Ends the request at once: the upstream's connection is closed when this
 * returns, the run is told nothing but ngx_thread_ws_run_gone().  From within
 * one of the run's functions it only marks the request, which ends as soon as
 * that returns.
 */

void ngx_thread_ws_agent_stop(ngx_thread_ws_agent_t *agent);

/* ends all requests that use a connection which is about to close */

void ngx_thread_ws_agent_stop_all(ngx_thread_ws_conn_t *conn);

/* goes on reading what waits, since the client has taken some */

void ngx_thread_ws_agent_resume(ngx_thread_ws_conn_t *conn);

/* the run that a request (or a subrequest of it) belongs to; NULL: no run's */

ngx_thread_ws_run_t *ngx_thread_ws_agent_run(ngx_http_request_t *r);

/* ... and its connection, which outlives the request; NULL: no run's */

ngx_thread_ws_conn_t *ngx_thread_ws_agent_conn(ngx_http_request_t *r);

ngx_int_t ngx_thread_ws_agent_init(ngx_conf_t *cf);

/*
 * Whether this nginx is built as the module takes it to be: a connection that
 * is marked as shared leaves its descriptor open.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_agent_check(ngx_cycle_t *cycle);


/*
 * What the run is asked and told, in this order.  Those that return NGX_ERROR
 * end the request; none of them may free the connection.
 *
 * ngx_thread_ws_run_prompt() gives the request's body, in JSON, from run->pool.
 * Settings with variables are evaluated in r, the run's own request.
 */

ngx_int_t ngx_thread_ws_run_prompt(ngx_thread_ws_run_t *run,
    ngx_http_request_t *r, ngx_chain_t **body, off_t *size);

ngx_int_t ngx_thread_ws_run_header(ngx_thread_ws_run_t *run,
    ngx_thread_ws_agent_header_t *header);
/*
 * NGX_DONE: the stream's own end mark was seen, and nothing more is wanted; the
 * answer is whole, however long the agent leaves its body open.
 */

ngx_int_t ngx_thread_ws_run_body(ngx_thread_ws_run_t *run, u_char *pos,
    u_char *last);
void ngx_thread_ws_run_whole(ngx_thread_ws_run_t *run);

/*
 * ... or this: the answer breaks off, which ends the run.  end is of
 * ngx_thread_ws_agent_end_e.
 */

void ngx_thread_ws_run_cut(ngx_thread_ws_run_t *run, ngx_uint_t end);

/*
 * The request is gone, and the agent with it.  whole: ngx_thread_ws_run_whole()
 * was called before.  The run may be freed by this.
 */

void ngx_thread_ws_run_gone(ngx_thread_ws_run_t *run, ngx_uint_t whole,
    ngx_uint_t end);


#endif /* _NGX_THREAD_WS_AGENT_H_INCLUDED_ */
