
/*
 * Of whom something is told: what the metrics, the event log and the spans
 * need to know of a connection or a run, and what these came to.  Embedded by
 * value in both, so that whoever watches knows neither of them.
 */


#ifndef _NGX_THREAD_WS_SUBJECT_H_INCLUDED_
#define _NGX_THREAD_WS_SUBJECT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "dialect/ngx_thread_ws_dialect.h"
#include "observe/ngx_thread_ws_lines.h"


#define NGX_THREAD_WS_CONNECTION_ID_LEN  32


/* a location's tracer, and one of its spans: observe/ngx_thread_ws_trace.c's */

typedef struct ngx_thread_ws_trace_conf_s  ngx_thread_ws_trace_conf_t;
typedef struct ngx_thread_ws_span_s        ngx_thread_ws_span_t;


/*
 * Filled in by the owner of the connection or the run, before it is told of;
 * the texts are the owner's and live as long.  Only the span is set here.
 */

typedef struct {
    u_char                       connection_id[NGX_THREAD_WS_CONNECTION_ID_LEN];
    ngx_str_t                    thread_id;
    ngx_str_t                    owner;      /* empty: nobody's */
    ngx_str_t                    request_id; /* empty: a connection's */
    ngx_log_t                   *log;        /* nginx's error log */
    ngx_thread_ws_dialect_t     *dialect;    /* the agent's */

    ngx_thread_ws_lines_t       *event_log;  /* NULL: off */
    ngx_thread_ws_trace_conf_t  *trace;      /* NULL: off */
    ngx_thread_ws_span_t        *span;       /* NULL: none */
} ngx_thread_ws_subject_t;


/* what a run came to */

typedef enum {
    NGX_THREAD_WS_NO_OUTCOME = 0,
    NGX_THREAD_WS_COMPLETED,
    NGX_THREAD_WS_CANCELLED,
    NGX_THREAD_WS_FAILED,
    NGX_THREAD_WS_DISCONNECTED
} ngx_thread_ws_outcome_e;

/* their names, that of none being empty */

extern ngx_str_t  ngx_thread_ws_outcomes[];


typedef struct {
    ngx_uint_t                   outcome;    /* ngx_thread_ws_outcome_e */
    ngx_uint_t                   code;       /* ngx_thread_ws_code_e, failed */
    ngx_uint_t                   tokens;     /* deltas */
    ngx_int_t                    input_tokens;   /* -1: not told */
    ngx_int_t                    output_tokens;
    ngx_msec_t                   first_token;    /* ms from message; -1: none */
    ngx_msec_t                   latency;    /* ms from message to end */
} ngx_thread_ws_result_t;


/* what a connection has come to so far */

typedef struct {
    uint64_t                     bytes_out;
    uint64_t                     bytes_in;
    ngx_msec_t                   opened;     /* ngx_current_msec */
    ngx_uint_t                   runs;       /* begun */
    ngx_uint_t                   messages;   /* commands of that type */
    uint64_t                     tokens;     /* over all runs */
    uint64_t                     input_tokens;
    uint64_t                     output_tokens;
    uint64_t                     told_in;    /* bytes in the metrics */
    uint64_t                     told_out;
} ngx_thread_ws_totals_t;


/*
 * A run's subject, on its connection: the texts are copied to pool, since a run
 * may outlive its connection.  It has the connection's log and no span.
 * NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_subject_run(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_subject_t *conn, ngx_str_t *request_id, ngx_pool_t *pool);

/* a result of which nothing is known yet */

void ngx_thread_ws_result_init(ngx_thread_ws_result_t *result);


#endif /* _NGX_THREAD_WS_SUBJECT_H_INCLUDED_ */
