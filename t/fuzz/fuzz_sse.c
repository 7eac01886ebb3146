
/*
 * Whatever stream comes: the same events, whole or in pieces.
 */


#include "fuzz.h"
#include "dialect/ngx_thread_ws_sse.h"


#define FUZZ_LIMIT  (1024 * 1024)


static void fuzz_run(void *ctx, unit_feed_t *feed, unit_text_t *trace);
static ngx_uint_t fuzz_usual(const uint8_t *p, size_t size);
static void fuzz_add(unit_text_t *trace, const void *data, size_t len);
static void fuzz_judge(const uint8_t *p, size_t size, unit_text_t *trace);
static void fuzz_line(const uint8_t *p, size_t len, unit_text_t *type,
    unit_text_t *data, ngx_uint_t *has_data);


/* the end of the stream is told, which the standard has no word for */

static ngx_uint_t  fuzz_whole = 1;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t        limit;
    ngx_uint_t    usual;
    unit_feed_t   feed;
    unit_text_t   trace, judged;

    /* the first byte chooses a small limit, which splits may not change */

    if (size == 0) {
        return 0;
    }

    usual = fuzz_usual(data, size);

    limit = data[0];

    if (usual) {
        fuzz_splits(fuzz_run, &limit, data + 1, size - 1,
                    data[size - 1] * 257);
    }

    limit = FUZZ_LIMIT;
    fuzz_splits(fuzz_run, &limit, data, size, data[0] * 257 + data[size - 1]);

    if (!usual) {
        return 0;
    }

    /* ... and with one that is large, the events are what the standard says */

    fuzz_whole = 0;

    ngx_memzero(&trace, sizeof(unit_text_t));
    ngx_memzero(&judged, sizeof(unit_text_t));

    unit_feed(&feed, UNIT_WHOLE, 0, data, size);
    fuzz_run(&limit, &feed, &trace);
    unit_feed_done(&feed);

    fuzz_whole = 1;

    fuzz_judge(data, size, &judged);

    fuzz_assert(trace.len == judged.len);
    fuzz_assert(trace.len == 0
                || ngx_memcmp(trace.data, judged.data, trace.len) == 0);

    unit_text_free(&trace);
    unit_text_free(&judged);

    return 0;
}


static void
fuzz_run(void *ctx, unit_feed_t *feed, unit_text_t *trace)
{
    size_t                len;
    u_char               *p, *last;
    ngx_int_t             rc;
    ngx_thread_ws_sse_t   sse;

    ngx_memzero(&sse, sizeof(ngx_thread_ws_sse_t));
    sse.limit = *(size_t *) ctx;
    rc = NGX_AGAIN;

    while (rc == NGX_AGAIN && (p = unit_next(feed, &len)) != NULL) {

        last = p + len;

        while ((rc = ngx_thread_ws_sse_parse(&sse, &p, last)) == NGX_OK) {
            fuzz_add(trace, sse.event.data, sse.event.len);
            fuzz_add(trace, sse.data.data, sse.data.len);
        }

        fuzz_assert(rc == NGX_DECLINED || (rc == NGX_AGAIN && p == last));
    }

    if (rc == NGX_DECLINED) {
        unit_add(trace, "too large\n");
    }

    while (fuzz_whole && rc == NGX_AGAIN
           && ngx_thread_ws_sse_finish(&sse) == NGX_OK)
    {
        fuzz_add(trace, sse.event.data, sse.event.len);
        fuzz_add(trace, sse.data.data, sse.data.len);
    }

    ngx_thread_ws_sse_free(&sse);
}


/* whether there is nothing of what the parser takes beyond the standard */

static ngx_uint_t
fuzz_usual(const uint8_t *p, size_t size)
{
    size_t  i;

    for (i = 0; i < size; i++) {

        if (p[i] == '{' || p[i] == '[' || p[i] == 'r') {
            return 0;
        }
    }

    return 1;
}


static void
fuzz_add(unit_text_t *trace, const void *data, size_t len)
{
    unit_add(trace, "%lu:", (unsigned long) len);
    unit_add_bytes(trace, data, len);
    unit_add(trace, "\n");
}


/* the standard's own way: line by line, with buffers for type and data */

static void
fuzz_judge(const uint8_t *p, size_t size, unit_text_t *trace)
{
    size_t         len;
    unit_text_t    type, data;
    ngx_uint_t     has_data;
    const uint8_t  *last;

    ngx_memzero(&type, sizeof(unit_text_t));
    ngx_memzero(&data, sizeof(unit_text_t));

    has_data = 0;
    last = p + size;

    if (size >= 3 && ngx_memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
    }

    for ( ;; ) {

        for (len = 0; p + len < last && p[len] != LF && p[len] != CR; len++) {
            /* void */
        }

        if (p + len == last) {
            break;
        }

        if (len) {
            fuzz_line(p, len, &type, &data, &has_data);

        } else {

            if (has_data) {
                fuzz_add(trace, type.data, type.len);
                fuzz_add(trace, data.data, data.len - 1);
            }

            unit_text_free(&type);
            unit_text_free(&data);
            has_data = 0;
        }

        p += len;
        p += (p[0] == CR && p + 1 < last && p[1] == LF) ? 2 : 1;
    }

    unit_text_free(&type);
    unit_text_free(&data);
}


static void
fuzz_line(const uint8_t *p, size_t len, unit_text_t *type, unit_text_t *data,
    ngx_uint_t *has_data)
{
    size_t         name, skip;
    const uint8_t  *colon;

    colon = memchr(p, ':', len);
    name = colon ? (size_t) (colon - p) : len;
    skip = name + (colon ? 1 : 0);

    if (skip < len && p[skip] == ' ') {
        skip++;
    }

    if (name == 4 && ngx_memcmp(p, "data", 4) == 0) {
        unit_add_bytes(data, p + skip, len - skip);
        unit_add(data, "\n");
        *has_data = 1;

    } else if (name == 5 && ngx_memcmp(p, "event", 5) == 0) {
        unit_text_free(type);
        unit_add_bytes(type, p + skip, len - skip);
    }
}
