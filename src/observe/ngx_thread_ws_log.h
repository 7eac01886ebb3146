
/*
 * The event log: one JSON object a line for each happening.  Lines are
 * buffered, and written at least each second.  What cannot be written is kept
 * while the buffer has room; then lines are dropped and counted.
 */


#ifndef _NGX_THREAD_WS_LOG_H_INCLUDED_
#define _NGX_THREAD_WS_LOG_H_INCLUDED_


#include "observe/ngx_thread_ws_observe.h"


/* the handler of thread_ws_event_log; conf is the location's */

char *ngx_thread_ws_log_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

ngx_int_t ngx_thread_ws_log_init_process(ngx_cycle_t *cycle);
void ngx_thread_ws_log_exit_process(ngx_cycle_t *cycle);


/* client is its address */

void ngx_thread_ws_log_connected(ngx_thread_ws_subject_t *subject,
    ngx_str_t *client);
void ngx_thread_ws_log_reconnected(ngx_thread_ws_subject_t *subject,
    ngx_msec_t away);
void ngx_thread_ws_log_closed(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_totals_t *totals, ngx_uint_t close_code);
void ngx_thread_ws_log_message(ngx_thread_ws_subject_t *subject, size_t bytes,
    ngx_thread_ws_choice_t *choice);
void ngx_thread_ws_log_queued(ngx_thread_ws_subject_t *subject,
    ngx_uint_t waiting);
void ngx_thread_ws_log_followed(ngx_thread_ws_subject_t *subject,
    ngx_str_t *request_id);

/* a line that says no more than of what it is */

void ngx_thread_ws_log_happened(ngx_thread_ws_subject_t *subject, char *event);
void ngx_thread_ws_log_rejected(ngx_thread_ws_subject_t *subject,
    ngx_str_t *request_id, ngx_uint_t code);
void ngx_thread_ws_log_first_token(ngx_thread_ws_subject_t *subject,
    ngx_msec_t first_token);

/* cancel is what it took, in microseconds, of a run that was cancelled */

void ngx_thread_ws_log_ended(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_end_t *end, uint64_t cancel);

/* written to every event log: a thread in the store has no location */

void ngx_thread_ws_log_evicted(ngx_str_t *thread_id, ngx_uint_t runs);


#endif /* _NGX_THREAD_WS_LOG_H_INCLUDED_ */
