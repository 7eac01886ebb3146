
/*
 * Spans: one for each connection, one below it for each run.  They are queued
 * when they end and sent in batches by OTLP; a collector that does not take
 * them costs spans, which are counted, and nothing else.
 */


#ifndef _NGX_THREAD_WS_TRACE_H_INCLUDED_
#define _NGX_THREAD_WS_TRACE_H_INCLUDED_


#include "ngx_thread_ws.h"
#include "json/ngx_thread_ws_otlp.h"


/* the handler of thread_ws_trace; conf is the location's */

char *ngx_thread_ws_trace_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* looks up the collectors' names, where there is no resolver to do it later */

ngx_int_t ngx_thread_ws_trace_postconfiguration(ngx_conf_t *cf);

ngx_int_t ngx_thread_ws_trace_init_process(ngx_cycle_t *cycle);

/* sends what is queued, for a second at most */

void ngx_thread_ws_trace_exit_process(ngx_cycle_t *cycle);


void ngx_thread_ws_trace_connected(ngx_thread_ws_conn_t *conn);
void ngx_thread_ws_trace_closed(ngx_thread_ws_conn_t *conn);
void ngx_thread_ws_trace_message(ngx_thread_ws_run_t *run);
void ngx_thread_ws_trace_first_token(ngx_thread_ws_run_t *run);
void ngx_thread_ws_trace_cancel(ngx_thread_ws_run_t *run);
void ngx_thread_ws_trace_ended(ngx_thread_ws_run_t *run);


/*
 * The traceparent header for the run's agent, NGX_THREAD_WS_TRACEPARENT_LEN
 * bytes: NGX_OK, or NGX_DECLINED where the location is not traced.
 */

ngx_int_t ngx_thread_ws_trace_parent(ngx_thread_ws_run_t *run, u_char *dst);

/* the trace's id, 32 hexadecimal digits; same return codes */

#define NGX_THREAD_WS_TRACE_ID_LEN  32

ngx_int_t ngx_thread_ws_trace_id(void *span, u_char *dst);


#endif /* _NGX_THREAD_WS_TRACE_H_INCLUDED_ */
