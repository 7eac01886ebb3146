
/*
 * Prometheus' text format.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "json/ngx_thread_ws_exposition.h"


#define NGX_THREAD_WS_EXPOSITION_LINE    512
#define NGX_THREAD_WS_EXPOSITION_NUMBER  (NGX_INT64_LEN + 2)


static void ngx_thread_ws_exposition_line(ngx_thread_ws_exposition_t *ex,
    const char *fmt, ...);
static u_char *ngx_thread_ws_exposition_number(u_char *dst, uint64_t value,
    ngx_uint_t scale);


void
ngx_thread_ws_exposition_family(ngx_thread_ws_exposition_t *ex, char *name,
    char *type, char *help)
{
    ngx_thread_ws_exposition_line(ex, "# HELP %s %s\n", name, help);
    ngx_thread_ws_exposition_line(ex, "# TYPE %s %s\n", name, type);
}


void
ngx_thread_ws_exposition_sample(ngx_thread_ws_exposition_t *ex, char *name,
    ngx_str_t *labels, uint64_t value)
{
    if (labels->len) {
        ngx_thread_ws_exposition_line(ex, "%s{%V} %uL\n", name, labels, value);

    } else {
        ngx_thread_ws_exposition_line(ex, "%s %uL\n", name, value);
    }
}


void
ngx_thread_ws_exposition_histogram(ngx_thread_ws_exposition_t *ex, char *name,
    ngx_str_t *labels, ngx_thread_ws_buckets_t *buckets, ngx_atomic_t *counts,
    uint64_t sum)
{
    u_char      number[NGX_THREAD_WS_EXPOSITION_NUMBER], *last;
    uint64_t    total;
    ngx_str_t   comma, open, close;
    ngx_uint_t  i;

    ngx_str_set(&comma, ",");
    ngx_str_set(&open, "{");
    ngx_str_set(&close, "}");

    if (labels->len == 0) {
        ngx_str_null(&comma);
        ngx_str_null(&open);
        ngx_str_null(&close);
    }

    total = 0;

    for (i = 0; i < buckets->n; i++) {
        total += counts[i];
        last = ngx_thread_ws_exposition_number(number, buckets->bounds[i],
                                               buckets->scale);

        ngx_thread_ws_exposition_line(ex, "%s_bucket{%V%Vle=\"%*s\"} %uL\n",
                                      name, labels, &comma,
                                      (size_t) (last - number), number, total);
    }

    total += counts[i];

    ngx_thread_ws_exposition_line(ex, "%s_bucket{%V%Vle=\"+Inf\"} %uL\n",
                                  name, labels, &comma, total);

    last = ngx_thread_ws_exposition_number(number, sum, buckets->scale);

    ngx_thread_ws_exposition_line(ex, "%s_sum%V%V%V %*s\n",
                                  name, &open, labels, &close,
                                  (size_t) (last - number), number);

    ngx_thread_ws_exposition_line(ex, "%s_count%V%V%V %uL\n",
                                  name, &open, labels, &close, total);
}


ngx_uint_t
ngx_thread_ws_exposition_bucket(ngx_thread_ws_buckets_t *buckets,
    uint64_t value)
{
    ngx_uint_t  i;

    for (i = 0; i < buckets->n; i++) {
        if (value <= buckets->bounds[i]) {
            break;
        }
    }

    return i;
}


static void
ngx_thread_ws_exposition_line(ngx_thread_ws_exposition_t *ex, const char *fmt,
    ...)
{
    u_char   line[NGX_THREAD_WS_EXPOSITION_LINE], *last;
    va_list  args;

    va_start(args, fmt);
    last = ngx_vslprintf(line, line + sizeof(line), fmt, args);
    va_end(args);

    ex->size += last - line;

    if (ex->pos) {
        ex->pos = ngx_cpymem(ex->pos, line, last - line);
    }
}


/* value / scale as a decimal, exact and without zeroes at its end */

static u_char *
ngx_thread_ws_exposition_number(u_char *dst, uint64_t value, ngx_uint_t scale)
{
    uint64_t  rest;

    dst = ngx_sprintf(dst, "%uL", value / scale);
    rest = value % scale;

    if (rest == 0) {
        return dst;
    }

    *dst++ = '.';

    do {
        scale /= 10;
        *dst++ = (u_char) ('0' + rest / scale);
        rest %= scale;
    } while (rest);

    return dst;
}

