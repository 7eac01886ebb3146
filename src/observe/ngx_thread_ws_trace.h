
/*
 * Spans: one for each connection, one below it for each run.  They are queued
 * when they end and sent in batches by OTLP; a collector that does not take
 * them costs spans, which are counted, and nothing else.
 */


#ifndef _NGX_THREAD_WS_TRACE_H_INCLUDED_
#define _NGX_THREAD_WS_TRACE_H_INCLUDED_


#include "json/ngx_thread_ws_otlp.h"
#include "observe/ngx_thread_ws_observe.h"


/* the handler of thread_ws_trace; conf is the location's */

char *ngx_thread_ws_trace_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* looks up the collectors' names, where there is no resolver to do it later */

ngx_int_t ngx_thread_ws_trace_postconfiguration(ngx_conf_t *cf);

ngx_int_t ngx_thread_ws_trace_init_process(ngx_cycle_t *cycle);

/* sends what is queued, for a second at most */

void ngx_thread_ws_trace_exit_process(ngx_cycle_t *cycle);


/*
 * The connection's span is of the memory of r's connection, and a run's of
 * pool; both are subject->span from then on, unless there is no memory.
 */

void ngx_thread_ws_trace_connected(ngx_thread_ws_subject_t *subject,
    ngx_http_request_t *r);
void ngx_thread_ws_trace_closed(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_totals_t *totals, ngx_uint_t close_code);
void ngx_thread_ws_trace_message(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_span_t *parent, ngx_pool_t *pool);
void ngx_thread_ws_trace_ended(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_end_t *end);

/*
 * Something happens to the connection or run, now; name stays where it is.  A
 * span keeps the first eight.
 */

void ngx_thread_ws_trace_event(ngx_thread_ws_subject_t *subject, char *name);


/*
 * The traceparent header for a run's agent, NGX_THREAD_WS_TRACEPARENT_LEN
 * bytes: NGX_OK, or NGX_DECLINED where the location is not traced.
 */

ngx_int_t ngx_thread_ws_trace_parent(ngx_thread_ws_subject_t *subject,
    u_char *dst);

/*
 * The trace's id, 32 hexadecimal digits: NGX_OK, or NGX_DECLINED where it is
 * not recorded.
 */

#define NGX_THREAD_WS_TRACE_ID_LEN  32

ngx_int_t ngx_thread_ws_trace_id(ngx_thread_ws_subject_t *subject, u_char *dst);


#endif /* _NGX_THREAD_WS_TRACE_H_INCLUDED_ */
