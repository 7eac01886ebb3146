
/*
 * TAP, and what the pure rooms want of an nginx that is not there.
 */


#include "unit.h"


/* as much of a trace as a failure shows around the first difference */

#define UNIT_CONTEXT  60

/* beyond, an input is not cut at each of its places */

#define UNIT_EVERY    4096
#define UNIT_EDGE     64
#define UNIT_STRIDE   1021


static ngx_uint_t unit_report(ngx_uint_t ok, const char *fmt, va_list args);
static void unit_add_args(unit_text_t *text, const char *fmt, va_list args);
static void unit_differ(const void *got, size_t len, const void *expected,
    size_t expected_len);
static ngx_uint_t unit_way(unit_run_pt run, void *ctx, const void *data,
    size_t len, unit_way_e way, size_t arg, unit_text_t *expected);
static ngx_uint_t unit_ways(unit_run_pt run, void *ctx, const void *data,
    size_t len, unit_text_t *expected);


static ngx_uint_t  unit_tests;
static ngx_uint_t  unit_failed;


/* what nginx's core files want of an nginx */

static ngx_log_t      unit_log;
static ngx_cycle_t    unit_cycle = { .log = &unit_log };
volatile ngx_cycle_t  *ngx_cycle = &unit_cycle;


#if (NGX_HAVE_VARIADIC_MACROS)

void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)

#else

void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, va_list args)

#endif
{
    /* fmt is of nginx's own kind, so it goes out as it is */

    fprintf(stderr, "# nginx's log, level %d: %s\n", (int) level, fmt);
}


ngx_uint_t
unit_ok(ngx_uint_t ok, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) unit_report(ok, fmt, args);
    va_end(args);

    return ok;
}


ngx_uint_t
unit_int(long long got, long long expected, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) unit_report(got == expected, fmt, args);
    va_end(args);

    if (got != expected) {
        unit_note("got %lld, expected %lld", got, expected);
    }

    return got == expected;
}


ngx_uint_t
unit_str(const void *got, size_t len, const char *expected,
    const char *fmt, ...)
{
    size_t      n;
    va_list     args;
    ngx_uint_t  ok;

    n = ngx_strlen(expected);
    ok = (len == n && (n == 0 || ngx_memcmp(got, expected, n) == 0));

    va_start(args, fmt);
    (void) unit_report(ok, fmt, args);
    va_end(args);

    if (!ok) {
        unit_differ(got, len, expected, n);
    }

    return ok;
}


ngx_uint_t
unit_bytes(const void *got, size_t len, const void *expected,
    size_t expected_len, const char *fmt, ...)
{
    va_list     args;
    ngx_uint_t  ok;

    ok = (len == expected_len
          && (len == 0 || ngx_memcmp(got, expected, len) == 0));

    va_start(args, fmt);
    (void) unit_report(ok, fmt, args);
    va_end(args);

    if (!ok) {
        unit_differ(got, len, expected, expected_len);
    }

    return ok;
}


static ngx_uint_t
unit_report(ngx_uint_t ok, const char *fmt, va_list args)
{
    unit_tests++;

    if (!ok) {
        unit_failed++;
    }

    printf("%s %lu - ", ok ? "ok" : "not ok", (unsigned long) unit_tests);
    vprintf(fmt, args);
    printf("\n");
    fflush(stdout);

    return ok;
}


void
unit_note(const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    fprintf(stderr, "#   ");
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "\n");
    va_end(args);
}


int
unit_done(void)
{
    printf("1..%lu\n", (unsigned long) unit_tests);

    if (unit_failed) {
        unit_note("failed %lu of %lu", (unsigned long) unit_failed,
                  (unsigned long) unit_tests);
    }

    return (unit_failed || unit_tests == 0) ? 1 : 0;
}


void
unit_add(unit_text_t *text, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    unit_add_args(text, fmt, args);
    va_end(args);
}


static void
unit_add_args(unit_text_t *text, const char *fmt, va_list args)
{
    int      n;
    char    *p;
    va_list  again;

    va_copy(again, args);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);

    p = malloc(n + 1);
    if (p == NULL) {
        abort();
    }

    vsnprintf(p, n + 1, fmt, args);
    unit_add_bytes(text, p, n);
    free(p);
}


void
unit_add_bytes(unit_text_t *text, const void *data, size_t len)
{
    if (text->size - text->len <= len) {
        text->size = 2 * text->size + len + 64;
        text->data = realloc(text->data, text->size);

        if (text->data == NULL) {
            abort();
        }
    }

    if (len) {
        ngx_memcpy(text->data + text->len, data, len);
        text->len += len;
    }

    text->data[text->len] = '\0';
}


void
unit_add_escaped(unit_text_t *text, const void *data, size_t len)
{
    char           escaped[8];
    const u_char  *p, *last;

    if (len == 0) {
        return;
    }

    p = data;

    for (last = p + len; p < last; p++) {

        if (*p < 0x20 || *p > 0x7e || *p == '\\') {
            snprintf(escaped, sizeof(escaped), "\\x%02x", *p);
            unit_add_bytes(text, escaped, 4);
            continue;
        }

        unit_add_bytes(text, p, 1);
    }
}


void
unit_text_free(unit_text_t *text)
{
    free(text->data);
    ngx_memzero(text, sizeof(unit_text_t));
}


static void
unit_differ(const void *got, size_t len, const void *expected,
    size_t expected_len)
{
    size_t        i, from;
    unit_text_t   text;
    const u_char  *g, *e;

    g = got;
    e = expected;

    for (i = 0; i < len && i < expected_len && g[i] == e[i]; i++) {
        /* void */
    }

    from = (i > UNIT_CONTEXT / 2) ? i - UNIT_CONTEXT / 2 : 0;

    ngx_memzero(&text, sizeof(unit_text_t));

    unit_add_escaped(&text, g + from, ngx_min(len - from, UNIT_CONTEXT));
    unit_add(&text, "\"\n#   expected \"");
    unit_add_escaped(&text, e + from,
                     ngx_min(expected_len - from, UNIT_CONTEXT));

    unit_note("differs from byte %lu on (%lu bytes, expected %lu)",
              (unsigned long) i, (unsigned long) len,
              (unsigned long) expected_len);
    unit_note("got      \"%s\"", (char *) text.data);

    unit_text_free(&text);
}


void
unit_feed(unit_feed_t *feed, unit_way_e way, size_t arg, const void *data,
    size_t len)
{
    ngx_memzero(feed, sizeof(unit_feed_t));

    feed->data = data;
    feed->len = len;
    feed->way = way;
    feed->arg = arg;
    feed->random = arg | 1;
}


u_char *
unit_next(unit_feed_t *feed, size_t *len)
{
    size_t  n, rest;

    unit_feed_done(feed);

    rest = feed->len - feed->pos;

    if (rest == 0) {
        return NULL;
    }

    switch (feed->way) {

    case UNIT_CHUNKS:
        n = feed->arg;
        break;

    case UNIT_SPLIT:
        n = feed->pos ? rest : feed->arg;
        break;

    case UNIT_RANDOM:

        /* mostly small pieces, now and then a large one */

        feed->random = feed->random * 6364136223846793005ULL + 1;
        n = (feed->random >> 33) % 17;
        n = (n == 16) ? rest / 2 : n;
        break;

    default: /* UNIT_WHOLE */
        n = rest;
    }

    n = ngx_max(n, 1);
    n = ngx_min(n, rest);

    feed->piece = malloc(n);
    if (feed->piece == NULL) {
        abort();
    }

    ngx_memcpy(feed->piece, feed->data + feed->pos, n);
    feed->pos += n;
    *len = n;

    return feed->piece;
}


void
unit_feed_done(unit_feed_t *feed)
{
    free(feed->piece);
    feed->piece = NULL;
}


ngx_uint_t
unit_splits(unit_run_pt run, void *ctx, const void *data, size_t len,
    const char *expected, const char *fmt, ...)
{
    va_list      args;
    ngx_uint_t   ok;
    unit_feed_t  feed;
    unit_text_t  trace;

    ngx_memzero(&trace, sizeof(unit_text_t));

    if (expected) {
        unit_add_bytes(&trace, expected, ngx_strlen(expected));

    } else {
        unit_feed(&feed, UNIT_WHOLE, 0, data, len);
        run(ctx, &feed, &trace);
        unit_feed_done(&feed);
        unit_add_bytes(&trace, NULL, 0);
    }

    ok = unit_ways(run, ctx, data, len, &trace);

    unit_text_free(&trace);

    va_start(args, fmt);
    (void) unit_report(ok, fmt, args);
    va_end(args);

    return ok;
}


static ngx_uint_t
unit_ways(unit_run_pt run, void *ctx, const void *data, size_t len,
    unit_text_t *expected)
{
    size_t      i;
    ngx_uint_t  n;

    static const size_t  chunks[] = { 1, 2, 3, 7 };

    if (!unit_way(run, ctx, data, len, UNIT_WHOLE, 0, expected)) {
        return 0;
    }

    for (n = 0; n < sizeof(chunks) / sizeof(chunks[0]); n++) {

        if (!unit_way(run, ctx, data, len, UNIT_CHUNKS, chunks[n], expected)) {
            return 0;
        }
    }

    for (i = 1; i < len; i++) {

        if (len > UNIT_EVERY && i > UNIT_EDGE && i + UNIT_EDGE < len
            && i % UNIT_STRIDE)
        {
            continue;
        }

        if (!unit_way(run, ctx, data, len, UNIT_SPLIT, i, expected)) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
unit_way(unit_run_pt run, void *ctx, const void *data, size_t len,
    unit_way_e way, size_t arg, unit_text_t *expected)
{
    ngx_uint_t   ok;
    unit_feed_t  feed;
    unit_text_t  trace;

    static const char  *ways[] = { "whole", "in pieces of", "cut at",
                                   "at random, seed" };

    ngx_memzero(&trace, sizeof(unit_text_t));

    unit_feed(&feed, way, arg, data, len);
    run(ctx, &feed, &trace);
    unit_feed_done(&feed);

    unit_add_bytes(&trace, NULL, 0);

    ok = (trace.len == expected->len
          && ngx_memcmp(trace.data, expected->data, trace.len) == 0);

    if (!ok) {
        unit_note("fed %s %lu:", ways[way], (unsigned long) arg);
        unit_differ(trace.data, trace.len, expected->data, expected->len);
    }

    unit_text_free(&trace);

    return ok;
}
