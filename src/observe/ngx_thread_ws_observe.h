
/*
 * What happens to connections, runs and stores, told to whoever watches:
 * metrics, the event log, traces, nginx's own error log.  Called once for each
 * happening; nothing here changes what it is told of.
 */


#ifndef _NGX_THREAD_WS_OBSERVE_H_INCLUDED_
#define _NGX_THREAD_WS_OBSERVE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "observe/ngx_thread_ws_metrics.h"
#include "observe/ngx_thread_ws_subject.h"
#include "wire/ngx_thread_ws_choice.h"


/* how a run ended, beside its result */

typedef struct {
    ngx_thread_ws_result_t  *result;
    ngx_str_t                model;          /* empty: the agent's default */
    ngx_str_t                finish_reason;  /* empty: not told */
    ngx_uint_t               status;         /* HTTP, of the agent; 0: none */
    uint64_t                 cancelled;      /* observe_cancel()'s; 0: not */
    unsigned                 asked:1;        /* the agent was */
    unsigned                 replayed:1;     /* answered from the store */
} ngx_thread_ws_end_t;


/*
 * A connection, after the 101, r being its upgrade request, of whose
 * connection's pool the span is; and at its end.
 */

void ngx_thread_ws_observe_connected(ngx_thread_ws_subject_t *subject,
    ngx_http_request_t *r);
void ngx_thread_ws_observe_closed(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_totals_t *totals, ngx_uint_t close_code);

/*
 * Bytes that came and went since it was told last: a connection lives for days.
 */

void ngx_thread_ws_observe_bytes(uint64_t in, uint64_t out);

/*
 * A message that is accepted: a run begins, or waits behind others, itself
 * counted in waiting.  The run's span comes from pool, below parent, which may
 * be NULL, as choice may.
 */

void ngx_thread_ws_observe_message(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_span_t *parent, ngx_pool_t *pool, size_t bytes,
    ngx_thread_ws_choice_t *choice);
void ngx_thread_ws_observe_queued(ngx_thread_ws_subject_t *subject,
    ngx_uint_t waiting);

/*
 * With thread_ws_resume: a connection follows its thread, and perhaps the run
 * of that id; somebody hears a run that goes on, or had gone on, elsewhere; a
 * run goes on without anybody who hears it, and is given up.
 */

void ngx_thread_ws_observe_followed(ngx_thread_ws_subject_t *subject,
    ngx_str_t *request_id);
void ngx_thread_ws_observe_resumed(void);
void ngx_thread_ws_observe_detached(ngx_thread_ws_subject_t *subject);
void ngx_thread_ws_observe_abandoned(ngx_thread_ws_subject_t *subject);

/*
 * A command that is answered by an error without a run: subject is the
 * connection's, request_id may be empty, code is a ngx_thread_ws_code_e.
 */

void ngx_thread_ws_observe_rejected(ngx_thread_ws_subject_t *subject,
    ngx_str_t *request_id, ngx_uint_t code);

/* the agent is asked: before its request is made */

void ngx_thread_ws_observe_asked(ngx_thread_ws_subject_t *subject);

/* so many ms after the message */

void ngx_thread_ws_observe_first_token(ngx_thread_ws_subject_t *subject,
    ngx_msec_t first_token);

/*
 * A run is about to be cancelled: before its upstream request is ended.
 * Returns the time, in microseconds of a monotonic clock, never 0, for
 * ngx_thread_ws_observe_ended().
 */

uint64_t ngx_thread_ws_observe_cancel(ngx_thread_ws_subject_t *subject);

/*
 * A run's end, after it was stored.  Called when a cancelled run's upstream
 * request is gone already.
 */

void ngx_thread_ws_observe_ended(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_end_t *end);

/* an operation of a store, of ngx_thread_ws_operation_e, took so many ms */

void ngx_thread_ws_observe_store(ngx_uint_t operation, ngx_msec_t duration,
    ngx_uint_t failed);

/* the store "memory" gave up a thread for another */

void ngx_thread_ws_observe_evicted(ngx_str_t *thread_id, ngx_uint_t runs);


#endif /* _NGX_THREAD_WS_OBSERVE_H_INCLUDED_ */
