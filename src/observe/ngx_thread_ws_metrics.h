
/*
 * Counters and histograms, kept in the zone and shared by the workers; without
 * a zone, in the worker's own memory.  Adding to them takes no lock.  A number
 * that goes down, too, is kept for each worker, so that it goes when a worker
 * is killed.
 */


#ifndef _NGX_THREAD_WS_METRICS_H_INCLUDED_
#define _NGX_THREAD_WS_METRICS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "dialect/ngx_thread_ws_dialect.h"
#include "json/ngx_thread_ws_exposition.h"
#include "observe/ngx_thread_ws_subject.h"
#include "wire/ngx_thread_ws_code.h"
#include "zone/ngx_thread_ws_zone.h"


#define NGX_THREAD_WS_METRICS_DIALECTS  8


/* what a store is asked for */

typedef enum {
    NGX_THREAD_WS_OPERATION_LOAD = 0,
    NGX_THREAD_WS_OPERATION_APPEND,
    NGX_THREAD_WS_OPERATION_PAGE,
    NGX_THREAD_WS_OPERATION_REMOVE,
    NGX_THREAD_WS_OPERATION_LIST,
    NGX_THREAD_WS_OPERATION_ENTITLE,
    NGX_THREAD_WS_OPERATION_ERASE,
    NGX_THREAD_WS_OPERATION_OTHER,           /* whether a thread was deleted */
    NGX_THREAD_WS_OPERATIONS
} ngx_thread_ws_operation_e;


typedef struct {
    ngx_atomic_t                counts[NGX_THREAD_WS_BUCKETS + 1];
    ngx_atomic_t                sum;
} ngx_thread_ws_histogram_t;


/* one dialect's */

typedef struct {
    ngx_thread_ws_histogram_t   first_token;
    ngx_thread_ws_histogram_t   input_tokens;
    ngx_thread_ws_histogram_t   output_tokens;

    /* by ngx_thread_ws_outcome_e */

    ngx_thread_ws_histogram_t   duration[NGX_THREAD_WS_DISCONNECTED + 1];
} ngx_thread_ws_agent_counters_t;


/* nothing but ngx_atomic_t: a copy is made word by word */

typedef struct {
    ngx_atomic_t                connections;
    ngx_atomic_t                reconnections;
    ngx_atomic_t                bytes_in;
    ngx_atomic_t                bytes_out;

    ngx_atomic_t                messages;
    ngx_atomic_t                queued;
    ngx_atomic_t                replays;
    ngx_atomic_t                follows;
    ngx_atomic_t                resumed;
    ngx_atomic_t                detached;
    ngx_atomic_t                abandoned;
    ngx_atomic_t                tokens;

    /* runs, by ngx_thread_ws_outcome_e; and by ngx_thread_ws_code_e */

    ngx_atomic_t                runs[NGX_THREAD_WS_DISCONNECTED + 1];
    ngx_atomic_t                failed[NGX_THREAD_WS_NCODES];
    ngx_atomic_t                rejected[NGX_THREAD_WS_NCODES];

    ngx_atomic_t                evictions;
    ngx_atomic_t                log_dropped;
    ngx_atomic_t                spans_sent;
    ngx_atomic_t                spans_dropped;

    ngx_thread_ws_histogram_t   connection_duration;
    ngx_thread_ws_histogram_t   connection_runs;
    ngx_thread_ws_histogram_t   cancel_duration;

    ngx_atomic_t                store_errors[NGX_THREAD_WS_OPERATIONS];
    ngx_thread_ws_histogram_t   store[NGX_THREAD_WS_OPERATIONS];

    ngx_thread_ws_agent_counters_t  agents[NGX_THREAD_WS_METRICS_DIALECTS];
} ngx_thread_ws_counters_t;


/* one worker's */

typedef struct {
    ngx_atomic_t                pid;         /* 0: free */
    ngx_atomic_t                connections;
    ngx_atomic_t                runs;
} ngx_thread_ws_gauges_t;


/* where this worker counts; never NULL */

extern ngx_thread_ws_counters_t  *ngx_thread_ws_counters;
extern ngx_thread_ws_gauges_t    *ngx_thread_ws_gauges;


/* microseconds; tokens; runs; the others are in ms */

extern ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_cancel;
extern ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_tokens;
extern ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_runs;
extern ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_connection;
extern ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_store;
extern ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_first_token;
extern ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_duration;

/* their names, by ngx_thread_ws_operation_e */

extern ngx_str_t  ngx_thread_ws_operations[];


#define ngx_thread_ws_count(counter, n)                                       \
    (void) ngx_atomic_fetch_add(&ngx_thread_ws_counters->counter,             \
                                (ngx_atomic_int_t) (n))

#define ngx_thread_ws_gauge(gauge, n)                                         \
    (void) ngx_atomic_fetch_add(&ngx_thread_ws_gauges->gauge,                 \
                                (ngx_atomic_int_t) (n))

void ngx_thread_ws_histogram_add(ngx_thread_ws_histogram_t *histogram,
    ngx_thread_ws_buckets_t *buckets, uint64_t value);

/* the counters of a dialect's agents */

ngx_thread_ws_agent_counters_t *ngx_thread_ws_metrics_agent(
    ngx_thread_ws_dialect_t *dialect);

/* a copy of all counters, and the gauges of all living workers together */

void ngx_thread_ws_metrics_read(ngx_thread_ws_counters_t *counters,
    ngx_thread_ws_gauges_t *gauges);


/* the zone's part */

ngx_int_t ngx_thread_ws_metrics_init(ngx_thread_ws_zone_t *zone);

/*
 * At the worker's start, before anything is counted: finds the counters in the
 * zone, claims a slot for the gauges.  At its exit, after everything else.
 */

ngx_int_t ngx_thread_ws_metrics_init_process(ngx_cycle_t *cycle);
void ngx_thread_ws_metrics_exit_process(ngx_cycle_t *cycle);


#endif /* _NGX_THREAD_WS_METRICS_H_INCLUDED_ */
