
/*
 * What happens to connections and runs, told to whoever watches: metrics, the
 * event log, traces, nginx's own error log.  Called once for each happening,
 * by the connection and the run; nothing here changes either of them.
 */


#ifndef _NGX_THREAD_WS_OBSERVE_H_INCLUDED_
#define _NGX_THREAD_WS_OBSERVE_H_INCLUDED_


#include "ngx_thread_ws.h"


/* a connection, after the 101; and at its end, close_code says how */

void ngx_thread_ws_observe_connected(ngx_thread_ws_conn_t *conn);
void ngx_thread_ws_observe_closed(ngx_thread_ws_conn_t *conn);

/* a message that is accepted: a run begins, or waits behind another */

void ngx_thread_ws_observe_message(ngx_thread_ws_run_t *run);
void ngx_thread_ws_observe_queued(ngx_thread_ws_run_t *run);

/* a command that is answered by an error without a run; id may be empty */

void ngx_thread_ws_observe_rejected(ngx_thread_ws_conn_t *conn,
    ngx_str_t *request_id, ngx_uint_t code);

/* the agent is asked: before its request is made */

void ngx_thread_ws_observe_asked(ngx_thread_ws_run_t *run);

void ngx_thread_ws_observe_first_token(ngx_thread_ws_run_t *run);

/* a run is about to be cancelled: before its upstream request is ended */

void ngx_thread_ws_observe_cancel(ngx_thread_ws_run_t *run);

/*
 * A run's end, result filled in, after it was stored.
 * Called when a cancelled run's upstream request is gone already.
 */

void ngx_thread_ws_observe_ended(ngx_thread_ws_run_t *run);

/* an operation of the store took so many ms; status as in its op */

void ngx_thread_ws_observe_store(char *operation, ngx_msec_t duration,
    ngx_int_t status);

/* the store "memory" gave up a thread for another */

void ngx_thread_ws_observe_evicted(ngx_str_t *thread_id, ngx_uint_t runs);


#endif /* _NGX_THREAD_WS_OBSERVE_H_INCLUDED_ */
