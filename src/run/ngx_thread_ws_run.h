
/*
 * A run: one message, from the command to its one terminal event.
 *
 *   waiting -> loading -> streaming -> storing -> ended
 *
 * A run that a cancel, an error or a lost client ends goes to "ended" from
 * wherever it is, but for "storing", where it is too late.
 */


#ifndef _NGX_THREAD_WS_RUN_H_INCLUDED_
#define _NGX_THREAD_WS_RUN_H_INCLUDED_


#include "ngx_thread_ws.h"


/*
 * A message command: it is answered by an event at once, waits, or begins, as
 * the state of the connection and thread_ws_busy say.
 */

void ngx_thread_ws_run_submit(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command);

/* a cancel command: of what neither is active nor waits, it does nothing */

void ngx_thread_ws_run_cancel(ngx_thread_ws_conn_t *conn,
    ngx_str_t *request_id);

/* begins the next one that waits, if nothing is active */

void ngx_thread_ws_run_next(ngx_thread_ws_conn_t *conn);

/* the connection is about to close: whatever is not being stored ends */

void ngx_thread_ws_run_disconnect(ngx_thread_ws_conn_t *conn);

/* the active or waiting run of that id, NULL if there is none */

ngx_thread_ws_run_t *ngx_thread_ws_run_find(ngx_thread_ws_conn_t *conn,
    ngx_str_t *request_id);

/* a command that is refused: an error event; the id may be empty */

void ngx_thread_ws_run_error(ngx_thread_ws_conn_t *conn, ngx_str_t *request_id,
    ngx_uint_t code, ngx_str_t *text, ngx_msec_t retry_after);


/* for the parts of a run; each of them may free it */

/* answers a run that the connection remembers: 1 if it did */

ngx_uint_t ngx_thread_ws_run_recall(ngx_thread_ws_run_t *run);

/* reads what the store has of the thread, then asks the agent */

void ngx_thread_ws_run_load(ngx_thread_ws_run_t *run);
void ngx_thread_ws_run_ask(ngx_thread_ws_run_t *run);

/* the answer is whole: stores it, then sends final */

void ngx_thread_ws_run_store(ngx_thread_ws_run_t *run);

/*
 * Ends the run: its upstream request first, then its terminal event.  outcome
 * is of ngx_thread_ws_outcome_e; with FAILED code says why, and text (NULL: the
 * code's own) is for people.
 */

void ngx_thread_ws_run_end(ngx_thread_ws_run_t *run, ngx_uint_t outcome,
    ngx_uint_t code, ngx_str_t *text);


#endif /* _NGX_THREAD_WS_RUN_H_INCLUDED_ */
