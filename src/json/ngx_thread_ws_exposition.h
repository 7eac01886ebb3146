
/*
 * Counters to Prometheus' text format, version 0.0.4.
 */


#ifndef _NGX_THREAD_WS_EXPOSITION_H_INCLUDED_
#define _NGX_THREAD_WS_EXPOSITION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_THREAD_WS_BUCKETS  16


/* A histogram's buckets: whole numbers of a unit that is 1/scale. */

typedef struct {
    ngx_uint_t   scale;       /* a power of ten; 1000: ms shown as seconds */
    ngx_uint_t   n;           /* bounds, NGX_THREAD_WS_BUCKETS at most */
    ngx_uint_t   bounds[NGX_THREAD_WS_BUCKETS];
} ngx_thread_ws_buckets_t;


/*
 * Where the text goes: it is written at pos, which must have room, and
 * measured in size.  Without pos it is only measured, so that the same calls
 * made twice find out the room and fill it.
 */

typedef struct {
    u_char      *pos;
    size_t       size;
} ngx_thread_ws_exposition_t;


/* HELP and TYPE; name and help are plain ASCII without a backslash */

void ngx_thread_ws_exposition_family(ngx_thread_ws_exposition_t *ex,
    char *name, char *type, char *help);

/*
 * One sample.  labels is the inside of the braces, at most some hundred bytes,
 * its values escaped where that is due; empty: no braces.
 */

void ngx_thread_ws_exposition_sample(ngx_thread_ws_exposition_t *ex,
    char *name, ngx_str_t *labels, uint64_t value);

/*
 * All of a histogram: counts holds n + 1 numbers, each of its own bucket, the
 * last of what is above all bounds; sum is in the buckets' unit.
 */

void ngx_thread_ws_exposition_histogram(ngx_thread_ws_exposition_t *ex,
    char *name, ngx_str_t *labels, ngx_thread_ws_buckets_t *buckets,
    ngx_atomic_t *counts, uint64_t sum);

/* the bucket of a value: its index in counts */

ngx_uint_t ngx_thread_ws_exposition_bucket(ngx_thread_ws_buckets_t *buckets,
    uint64_t value);


#endif /* _NGX_THREAD_WS_EXPOSITION_H_INCLUDED_ */
