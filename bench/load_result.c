/*
 * The load generator's result: the times of a phase, and what they come to.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"


#define LOAD_SAMPLES  (8 * 1024 * 1024)
#define LOAD_CANCELS  65536

/* nanoseconds that a sample counts in */
#define LOAD_UNIT     100


typedef struct {
    uint32_t      *v;
    size_t         n;
} load_times_t;


load_result_t        load_result;

static load_times_t  load_times[LOAD_TIMES];
static uint64_t      load_cancels[LOAD_CANCELS][2];
static size_t        load_ncancels;

static const char   *load_time_names[] = {
    "first", "delay", "whole", "ack", "pause", "back"
};


static void
load_times_add(load_times_t *times, uint64_t ns)
{
    if (times->v == NULL) {
        times->v = malloc(LOAD_SAMPLES * sizeof(uint32_t));
        if (times->v == NULL) {
            bench_die("load: malloc");
        }
    }

    ns /= LOAD_UNIT;

    if (times->n < LOAD_SAMPLES) {
        times->v[times->n++] = ns < UINT32_MAX ? (uint32_t) ns : UINT32_MAX;
    }
}


void
load_sample(load_time_e what, uint64_t ns)
{
    load_times_add(&load_times[what], ns);
}


void
load_result_cancel(uint64_t run, uint64_t when)
{
    if (load_ncancels < LOAD_CANCELS) {
        load_cancels[load_ncancels][0] = run;
        load_cancels[load_ncancels++][1] = when;
    }
}


static void
load_times_print(const char *name, load_times_t *times)
{
    double  us;

    us = LOAD_UNIT / 1000.0;

    bench_sort(times->v, times->n);

    printf(",\"%s\":{\"n\":%zu,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,"
           "\"max\":%.1f}", name, times->n,
           bench_part(times->v, times->n, 0.5) * us,
           bench_part(times->v, times->n, 0.9) * us,
           bench_part(times->v, times->n, 0.99) * us,
           bench_part(times->v, times->n, 1) * us);

    times->n = 0;
}


/* How evenly the streams were served: their mean delays. */

static void
load_streams_print(load_conn_t *conns, unsigned n)
{
    unsigned      i;
    load_times_t  means;

    memset(&means, 0, sizeof(load_times_t));

    for (i = 0; i < n; i++) {
        if (conns[i].delays) {
            load_times_add(&means, conns[i].delay / conns[i].delays);
        }
    }

    load_times_print("streams", &means);
    free(means.v);
}


void
load_result_print(uint64_t began, load_conn_t *conns, unsigned n)
{
    size_t    i;
    uint64_t  took;

    took = bench_now() - began;

    printf("{\"seconds\":%.6f,\"runs\":%llu,\"tokens\":%llu,\"reads\":%llu,"
           "\"wrong\":%llu,\"lost\":%u,\"late\":%llu", (double) took / 1e9,
           (unsigned long long) load_result.ended,
           (unsigned long long) load_result.tokens,
           (unsigned long long) load_result.reads,
           (unsigned long long) load_result.wrong, load_result.active,
           (unsigned long long) load_result.late);

    printf(",\"cancels\":[");

    for (i = 0; i < load_ncancels; i++) {
        printf("%s[%llu,%llu]", i ? "," : "",
               (unsigned long long) load_cancels[i][0],
               (unsigned long long) load_cancels[i][1]);
    }

    printf("]");

    load_ncancels = 0;

    for (i = 0; i < LOAD_TIMES; i++) {
        load_times_print(load_time_names[i], &load_times[i]);
    }

    load_streams_print(conns, n);

    printf("}\n");
    fflush(stdout);
}
