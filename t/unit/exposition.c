
/*
 * Metrics in the text format of Prometheus.
 */


#include "unit.h"
#include "json/ngx_thread_ws_exposition.h"


typedef void (*exposition_write_pt)(ngx_thread_ws_exposition_t *ex);


typedef struct {
    uint64_t    value;
    ngx_uint_t  bucket;
} exposition_bucket_t;


static void exposition_test_samples(void);
static void exposition_test_histograms(void);
static void exposition_test_buckets(void);
static void exposition_is(exposition_write_pt write, const char *expected,
    const char *name);
static void exposition_counter(ngx_thread_ws_exposition_t *ex);
static void exposition_labels(ngx_thread_ws_exposition_t *ex);
static void exposition_histogram(ngx_thread_ws_exposition_t *ex);
static void exposition_plain_histogram(ngx_thread_ws_exposition_t *ex);
static void exposition_micro_histogram(ngx_thread_ws_exposition_t *ex);


static ngx_thread_ws_buckets_t  exposition_ms = {
    1000, 4, { 1, 20, 750, 2500 }
};

static ngx_thread_ws_buckets_t  exposition_us = {
    1000000, 3, { 50, 1000, 1000000 }
};

static ngx_thread_ws_buckets_t  exposition_ones = {
    1, 3, { 0, 1, 67108864 }
};

static ngx_str_t  exposition_none = ngx_null_string;


int
main(void)
{
    exposition_test_samples();
    exposition_test_histograms();
    exposition_test_buckets();

    return unit_done();
}


static void
exposition_test_samples(void)
{
    exposition_is(exposition_counter,
                  "# HELP thing_total Things there were.\n"
                  "# TYPE thing_total counter\n"
                  "thing_total 0\n"
                  "thing_total 18446744073709551615\n",
                  "samples without labels");

    exposition_is(exposition_labels,
                  "thing_total{outcome=\"failed\",code=\"A\"} 7\n",
                  "a sample with labels");
}


static void
exposition_test_histograms(void)
{
    exposition_is(exposition_histogram,
                  "t_seconds_bucket{a=\"b\",le=\"0.001\"} 3\n"
                  "t_seconds_bucket{a=\"b\",le=\"0.02\"} 3\n"
                  "t_seconds_bucket{a=\"b\",le=\"0.75\"} 8\n"
                  "t_seconds_bucket{a=\"b\",le=\"2.5\"} 9\n"
                  "t_seconds_bucket{a=\"b\",le=\"+Inf\"} 11\n"
                  "t_seconds_sum{a=\"b\"} 12.345\n"
                  "t_seconds_count{a=\"b\"} 11\n",
                  "a histogram of ms is one of seconds, and cumulative");

    exposition_is(exposition_plain_histogram,
                  "n_bucket{le=\"0\"} 1\n"
                  "n_bucket{le=\"1\"} 1\n"
                  "n_bucket{le=\"67108864\"} 1\n"
                  "n_bucket{le=\"+Inf\"} 1\n"
                  "n_sum 0\n"
                  "n_count 1\n",
                  "a histogram without labels");

    exposition_is(exposition_micro_histogram,
                  "c_seconds_bucket{le=\"0.00005\"} 0\n"
                  "c_seconds_bucket{le=\"0.001\"} 0\n"
                  "c_seconds_bucket{le=\"1\"} 0\n"
                  "c_seconds_bucket{le=\"+Inf\"} 4\n"
                  "c_seconds_sum 5000000.00001\n"
                  "c_seconds_count 4\n",
                  "a histogram of microseconds");
}


static void
exposition_test_buckets(void)
{
    ngx_uint_t  i;

    static exposition_bucket_t  tests[] = {
        { 0, 0 }, { 1, 0 }, { 2, 1 }, { 20, 1 }, { 21, 2 }, { 750, 2 },
        { 751, 3 }, { 2500, 3 }, { 2501, 4 }, { UINT64_MAX, 4 }
    };

    for (i = 0; i < sizeof(tests) / sizeof(exposition_bucket_t); i++) {
        unit_int(ngx_thread_ws_exposition_bucket(&exposition_ms,
                                                 tests[i].value),
                 tests[i].bucket, "bucket of %llu",
                 (unsigned long long) tests[i].value);
    }
}


/* measured first, then written into just that much */

static void
exposition_is(exposition_write_pt write, const char *expected,
    const char *name)
{
    u_char                      *data;
    ngx_thread_ws_exposition_t   ex;

    ngx_memzero(&ex, sizeof(ngx_thread_ws_exposition_t));
    write(&ex);

    if (!unit_int(ex.size, ngx_strlen(expected), "%s: measured", name)) {
        return;
    }

    data = malloc(ex.size);

    ex.pos = data;
    write(&ex);

    unit_str(data, ex.pos - data, expected, "%s", name);

    free(data);
}


static void
exposition_counter(ngx_thread_ws_exposition_t *ex)
{
    ngx_thread_ws_exposition_family(ex, "thing_total", "counter",
                                    "Things there were.");
    ngx_thread_ws_exposition_sample(ex, "thing_total", &exposition_none, 0);
    ngx_thread_ws_exposition_sample(ex, "thing_total", &exposition_none,
                                    UINT64_MAX);
}


static void
exposition_labels(ngx_thread_ws_exposition_t *ex)
{
    ngx_str_t  labels;

    ngx_str_set(&labels, "outcome=\"failed\",code=\"A\"");

    ngx_thread_ws_exposition_sample(ex, "thing_total", &labels, 7);
}


static void
exposition_histogram(ngx_thread_ws_exposition_t *ex)
{
    ngx_str_t     labels;
    ngx_atomic_t  counts[] = { 3, 0, 5, 1, 2 };

    ngx_str_set(&labels, "a=\"b\"");

    ngx_thread_ws_exposition_histogram(ex, "t_seconds", &labels,
                                       &exposition_ms, counts, 12345);
}


static void
exposition_plain_histogram(ngx_thread_ws_exposition_t *ex)
{
    ngx_atomic_t  counts[] = { 1, 0, 0, 0 };

    ngx_thread_ws_exposition_histogram(ex, "n", &exposition_none,
                                       &exposition_ones, counts, 0);
}


static void
exposition_micro_histogram(ngx_thread_ws_exposition_t *ex)
{
    ngx_atomic_t  counts[] = { 0, 0, 0, 4 };

    ngx_thread_ws_exposition_histogram(ex, "c_seconds", &exposition_none,
                                       &exposition_us, counts,
                                       5000000000010ULL);
}
