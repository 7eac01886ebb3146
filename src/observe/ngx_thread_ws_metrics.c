
/*
 * Counters in the zone, and the slots of workers for what goes down, too.
 */


#include "observe/ngx_thread_ws_metrics.h"


/* workers that count at the same time, those that are leaving included */

#define NGX_THREAD_WS_SLOTS       512


/* what the zone holds */

typedef struct ngx_thread_ws_metrics_s  ngx_thread_ws_metrics_t;

struct ngx_thread_ws_metrics_s {
    ngx_thread_ws_counters_t   counters;
    ngx_thread_ws_gauges_t     gauges[NGX_THREAD_WS_SLOTS];
};


static ngx_uint_t ngx_thread_ws_metrics_alive(ngx_atomic_uint_t pid);
static void ngx_thread_ws_metrics_claim(ngx_log_t *log);


/* the buckets of the OpenTelemetry GenAI conventions, in ms and in tokens */

ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_first_token = {
    1000, 16, { 1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1000, 2500, 5000,
                7500, 10000 }
};

ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_duration = {
    1000, 14, { 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 20480,
                40960, 81920 }
};

ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_tokens = {
    1, 14, { 1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576,
             4194304, 16777216, 67108864 }
};


/* our own */

ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_cancel = {
    1000000, 12, { 50, 100, 250, 500, 1000, 2000, 5000, 10000, 50000, 200000,
                   1000000, 5000000 }
};

ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_store = {
    1000, 13, { 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000 }
};

ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_connection = {
    1000, 12, { 1000, 10000, 30000, 60000, 300000, 900000, 1800000, 3600000,
                14400000, 43200000, 86400000, 604800000 }
};

ngx_thread_ws_buckets_t  ngx_thread_ws_buckets_runs = {
    1, 11, { 0, 1, 2, 3, 5, 10, 20, 50, 100, 500, 1000 }
};


ngx_str_t  ngx_thread_ws_operations[] = {
    ngx_string("load"),
    ngx_string("append"),
    ngx_string("page"),
    ngx_string("remove"),
    ngx_string("list"),
    ngx_string("entitle"),
    ngx_string("erase"),
    ngx_string("other")
};


/* where there is no zone, and before the worker has found it */

static ngx_thread_ws_counters_t  ngx_thread_ws_own_counters;
static ngx_thread_ws_gauges_t    ngx_thread_ws_own_gauges;

/* NULL: no zone */

static ngx_thread_ws_metrics_t  *ngx_thread_ws_metrics;

ngx_thread_ws_counters_t  *ngx_thread_ws_counters = &ngx_thread_ws_own_counters;
ngx_thread_ws_gauges_t    *ngx_thread_ws_gauges = &ngx_thread_ws_own_gauges;


ngx_int_t
ngx_thread_ws_metrics_init(ngx_thread_ws_zone_t *zone)
{
    zone->sh->metrics = ngx_slab_calloc(zone->shpool,
                                        sizeof(ngx_thread_ws_metrics_t));

    return zone->sh->metrics ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_thread_ws_metrics_init_process(ngx_cycle_t *cycle)
{
    if (ngx_process == NGX_PROCESS_HELPER || ngx_thread_ws_zone == NULL) {
        return NGX_OK;
    }

    ngx_thread_ws_metrics = ngx_thread_ws_zone->sh->metrics;
    ngx_thread_ws_counters = &ngx_thread_ws_metrics->counters;

    ngx_thread_ws_metrics_claim(cycle->log);

    return NGX_OK;
}


void
ngx_thread_ws_metrics_exit_process(ngx_cycle_t *cycle)
{
    if (ngx_thread_ws_gauges == &ngx_thread_ws_own_gauges) {
        return;
    }

    ngx_thread_ws_gauges->pid = 0;
    ngx_thread_ws_gauges = &ngx_thread_ws_own_gauges;
}


/*
 * A slot belongs to whoever's pid is in it.  One that was killed left its pid
 * there: its numbers are passed over until the slot is claimed again.
 */

static void
ngx_thread_ws_metrics_claim(ngx_log_t *log)
{
    ngx_uint_t               i;
    ngx_atomic_uint_t        pid;
    ngx_thread_ws_gauges_t  *gauges;

    for (i = 0; i < NGX_THREAD_WS_SLOTS; i++) {
        gauges = &ngx_thread_ws_metrics->gauges[i];
        pid = gauges->pid;

        if (pid != (ngx_atomic_uint_t) ngx_pid
            && ngx_thread_ws_metrics_alive(pid))
        {
            continue;
        }

        if (!ngx_atomic_cmp_set(&gauges->pid, pid,
                                (ngx_atomic_uint_t) ngx_pid))
        {
            continue;
        }

        gauges->connections = 0;
        gauges->runs = 0;

        ngx_thread_ws_gauges = gauges;

        return;
    }

    ngx_log_error(NGX_LOG_WARN, log, 0,
                  "more than %d workers: the connections of this one are left "
                  "out of thread_ws_connections", NGX_THREAD_WS_SLOTS);
}


static ngx_uint_t
ngx_thread_ws_metrics_alive(ngx_atomic_uint_t pid)
{
    if (pid == 0) {
        return 0;
    }

    if (pid == (ngx_atomic_uint_t) ngx_pid) {
        return 1;
    }

    return kill((ngx_pid_t) pid, 0) == 0 || ngx_errno != ESRCH;
}


void
ngx_thread_ws_metrics_read(ngx_thread_ws_counters_t *counters,
    ngx_thread_ws_gauges_t *gauges)
{
    ngx_uint_t               i;
    ngx_atomic_t            *from, *to;
    ngx_thread_ws_gauges_t  *worker;

    from = (ngx_atomic_t *) ngx_thread_ws_counters;
    to = (ngx_atomic_t *) counters;

    for (i = 0; i < sizeof(*counters) / sizeof(ngx_atomic_t); i++) {
        to[i] = from[i];
    }

    ngx_memzero(gauges, sizeof(ngx_thread_ws_gauges_t));

    if (ngx_thread_ws_metrics) {
        for (i = 0; i < NGX_THREAD_WS_SLOTS; i++) {
            worker = &ngx_thread_ws_metrics->gauges[i];

            if (ngx_thread_ws_metrics_alive(worker->pid)) {
                gauges->connections += worker->connections;
                gauges->runs += worker->runs;
            }
        }
    }

    gauges->connections += ngx_thread_ws_own_gauges.connections;
    gauges->runs += ngx_thread_ws_own_gauges.runs;
}


void
ngx_thread_ws_histogram_add(ngx_thread_ws_histogram_t *histogram,
    ngx_thread_ws_buckets_t *buckets, uint64_t value)
{
    ngx_uint_t  i;

    i = ngx_thread_ws_exposition_bucket(buckets, value);

    (void) ngx_atomic_fetch_add(&histogram->counts[i], 1);
    (void) ngx_atomic_fetch_add(&histogram->sum, (ngx_atomic_int_t) value);
}


ngx_thread_ws_agent_counters_t *
ngx_thread_ws_metrics_agent(ngx_thread_ws_dialect_t *dialect)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_THREAD_WS_METRICS_DIALECTS - 1; i++) {
        if (ngx_thread_ws_dialects[i] == dialect
            || ngx_thread_ws_dialects[i] == NULL)
        {
            break;
        }
    }

    return &ngx_thread_ws_counters->agents[i];
}
