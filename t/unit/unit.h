
/*
 * What the unit tests share: TAP on standard output, and the feeding of one
 * input in many ways.  A test is a program: checks, then unit_done().
 *
 * The fuzz drivers use unit_feed_t and unit_text_t too.
 */


#ifndef _UNIT_H_INCLUDED_
#define _UNIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* Each reports one test.  They return whether it passed. */

ngx_uint_t unit_ok(ngx_uint_t ok, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
ngx_uint_t unit_int(long long got, long long expected, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
ngx_uint_t unit_str(const void *got, size_t len, const char *expected,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
ngx_uint_t unit_bytes(const void *got, size_t len, const void *expected,
    size_t expected_len, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* A remark to whoever reads the output. */

void unit_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The plan; the value is main()'s. */

int unit_done(void);


/*
 * A growing text: the trace of what a parser reported.  Zero it, add to it,
 * free it.  data is NUL-terminated once something was added.
 */

typedef struct {
    u_char     *data;
    size_t      len;
    size_t      size;
} unit_text_t;

void unit_add(unit_text_t *text, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void unit_add_bytes(unit_text_t *text, const void *data, size_t len);

/* bytes outside 0x20..0x7e, and the backslash, as \xNN */

void unit_add_escaped(unit_text_t *text, const void *data, size_t len);
void unit_text_free(unit_text_t *text);


/*
 * An input that comes in pieces.  unit_next() returns the next piece, NULL at
 * the end; there are no empty pieces.  Each piece is memory of its own, of
 * exactly its size, may be changed, and is freed by the next call: so that a
 * sanitizer sees what reads beyond a piece or keeps a pointer into an old one.
 */

typedef enum {
    UNIT_WHOLE = 0,
    UNIT_CHUNKS,             /* arg: the bytes of each piece */
    UNIT_SPLIT,              /* arg: the bytes of the first of two pieces */
    UNIT_RANDOM              /* arg: the seed */
} unit_way_e;

typedef struct {
    const u_char  *data;
    size_t         len;
    unit_way_e     way;
    size_t         arg;

    size_t         pos;      /* private from here on */
    uint64_t       random;
    u_char        *piece;
} unit_feed_t;

void unit_feed(unit_feed_t *feed, unit_way_e way, size_t arg,
    const void *data, size_t len);
u_char *unit_next(unit_feed_t *feed, size_t *len);

/* frees the last piece: due where a feed is left before its end */

void unit_feed_done(unit_feed_t *feed);


/*
 * Reads all of feed with a new parser and adds what it reported to trace, in
 * words that must not depend on how the input was cut.
 */

typedef void (*unit_run_pt)(void *ctx, unit_feed_t *feed, unit_text_t *trace);

/*
 * One test: feeds the data whole, in pieces of 1, 2, 3 and 7 bytes, and cut in
 * two at every place (of inputs beyond 4K at many places); each trace must be
 * the expected one.  With expected NULL each must be that of the whole.
 */

ngx_uint_t unit_splits(unit_run_pt run, void *ctx, const void *data,
    size_t len, const char *expected, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

/* sizeof a literal without its NUL, after the literal itself */

#define unit_literal(s)  (s), (sizeof(s) - 1)


#endif /* _UNIT_H_INCLUDED_ */
