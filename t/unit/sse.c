
/*
 * Server-sent events out of a stream, whatever it is cut into.
 */


#include "unit.h"
#include "dialect/ngx_thread_ws_sse.h"


#define SSE_LIMIT  65536


typedef struct {
    const char  *name;
    const char  *stream;
    size_t       len;
    const char  *trace;
} sse_case_t;


#define sse_case(name, stream, trace)                                         \
    { name, stream, sizeof(stream) - 1, trace }


static void sse_run(void *ctx, unit_feed_t *feed, unit_text_t *trace);
static void sse_test_cases(void);
static void sse_test_mixed(void);
static void sse_test_limit(void);
static void sse_test_in_place(void);
static void sse_test_large(void);
static void sse_test_pending(void);


/*
 * A trace has an event's type, "|", its data, "; ".  What is held at the end
 * of the stream shows as "..." after them.
 */

static sse_case_t  sse_cases[] = {

    sse_case("nothing", "", ""),
    sse_case("one line", "data: a\n\n", "|a; "),
    sse_case("no space", "data:a\n\n", "|a; "),
    sse_case("two spaces", "data:  a\n\n", "| a; "),
    sse_case("a space at the end", "data: a \n\n", "|a ; "),
    sse_case("a tab is no space", "data:\ta\n\n", "|\\x09a; "),
    sse_case("a colon in the value", "data: a: b\n\n", "|a: b; "),
    sse_case("an empty value", "data:\n\n", "|; "),
    sse_case("an empty value after a space", "data: \n\n", "|; "),
    sse_case("no colon", "data\n\n", "|; "),
    sse_case("two lines", "data: a\ndata: b\n\n", "|a\\x0ab; "),
    sse_case("empty lines of data", "data\ndata\n\n", "|\\x0a; "),
    sse_case("three lines, one empty", "data: a\ndata\ndata:b\n\n",
             "|a\\x0a\\x0ab; "),
    sse_case("a type", "event: add\ndata: 1\n\n", "add|1; "),
    sse_case("a type without a space", "event:add\ndata:1\n\n", "add|1; "),
    sse_case("a type after the data", "data: 1\nevent: add\n\n", "add|1; "),
    sse_case("a type between lines of data",
             "data: a\nevent: add\ndata: bcdefghijklmnop\n\n",
             "add|a\\x0abcdefghijklmnop; "),
    sse_case("types between and after",
             "data: a\nevent: one\ndata: bcdefghijklmnop\nevent: two\n"
             "data: qrstuvwxyz\nevent: three\n\n",
             "three|a\\x0abcdefghijklmnop\\x0aqrstuvwxyz; "),
    sse_case("the last type counts", "event: a\nevent: b\ndata: 1\n\n",
             "b|1; "),
    sse_case("an empty type", "event: a\nevent\ndata: 1\n\n", "|1; "),
    sse_case("a type does not outlive its event",
             "event: a\ndata: 1\n\ndata: 2\n\n", "a|1; |2; "),
    sse_case("a type without data is forgotten", "event: a\n\ndata: 1\n\n",
             "|1; "),
    sse_case("id and retry", "id: 1\nretry: 100\ndata: a\nid: 2\n\n", "|a; "),
    sse_case("unknown fields", "datax: 1\ndat: 2\nfoo\n data: 3\n\n", ""),
    sse_case("fields have a case", "DATA: 1\nData: 2\n\n", ""),
    sse_case("comments", ": hi\n\n:\n\ndata: a\n: b\ndata: c\n\n",
             "|a\\x0ac; "),
    sse_case("comments before an event", ": hi\n: ho\ndata: a\n\n", "|a; "),
    sse_case("comments of CR LF", ": hi\r\n: ho\r\ndata: a\r\n\r\n", "|a; "),
    sse_case("comments of CR", ": hi\r: ho\rdata: a\r\r", "|a; "),
    sse_case("a comment that looks like data", ":data: a\n\n", ""),
    sse_case("many blank lines", "\n\n\ndata: a\n\n\n\n\ndata: b\n\n",
             "|a; |b; "),
    sse_case("CR LF", "event: x\r\ndata: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n",
             "x|a\\x0ab; |c; "),
    sse_case("CR", "event: x\rdata: a\rdata: b\r\rdata: c\r\r",
             "x|a\\x0ab; |c; "),
    sse_case("all line ends", "data: a\r\n\ndata: b\r\r\ndata: c\n\r\n",
             "|a; |b; |c; "),
    sse_case("LF CR is two line ends", "data: a\n\rdata: b\n\n", "|a; |b; "),
    sse_case("CR LF CR LF LF", "data: a\r\n\r\n\ndata: b\r\n\r\n",
             "|a; |b; "),
    sse_case("bytes of any kind", "data: a\0\xff\xc3\n\n",
             "|a\\x00\\xff\\xc3; "),
    sse_case("a byte order mark", "\xef\xbb\xbf" "data: a\n\n", "|a; "),
    sse_case("a second one", "\xef\xbb\xbf\xef\xbb\xbf" "data: a\n\n", ""),
    sse_case("one that comes late", "data: a\n\n\xef\xbb\xbf" "data: b\n\n",
             "|a; "),
    sse_case("half of one", "\xef\xbb" "data: a\n\ndata: b\n\n", "|b; "),
    sse_case("a byte of one", "\xef\ndata: a\n\n", "|a; "),
    sse_case("one in a value", "data: \xef\xbb\xbf\n\n",
             "|\\xef\\xbb\\xbf; "),
    sse_case("cut in a line", "data: a\n\ndata: b", "|a; ..."),
    sse_case("cut after a line", "data: a\n\ndata: b\n", "|a; ..."),
    sse_case("cut after a comment", "data: a\n\n: hi\n", "|a; "),
    sse_case("cut in a comment", "data: a\n\n: hi", "|a; ...")
};


int
main(void)
{
    sse_test_cases();
    sse_test_mixed();
    sse_test_limit();
    sse_test_in_place();
    sse_test_large();
    sse_test_pending();

    return unit_done();
}


static void
sse_run(void *ctx, unit_feed_t *feed, unit_text_t *trace)
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
            unit_add_escaped(trace, sse.event.data, sse.event.len);
            unit_add(trace, "|");
            unit_add_escaped(trace, sse.data.data, sse.data.len);
            unit_add(trace, "; ");
        }

        if (rc == NGX_AGAIN && p != last) {
            unit_add(trace, "bytes are left");
        }
    }

    if (rc == NGX_DECLINED) {
        unit_add(trace, "too large");

    } else if (rc != NGX_AGAIN) {
        unit_add(trace, "rc %d", (int) rc);

    } else if (ngx_thread_ws_sse_pending(&sse)) {
        unit_add(trace, "...");
    }

    ngx_thread_ws_sse_free(&sse);
}


static void
sse_test_cases(void)
{
    size_t       limit;
    sse_case_t  *c;
    ngx_uint_t   i;

    limit = SSE_LIMIT;

    for (i = 0; i < sizeof(sse_cases) / sizeof(sse_cases[0]); i++) {
        c = &sse_cases[i];
        unit_splits(sse_run, &limit, c->stream, c->len, c->trace, "%s",
                    c->name);
    }
}


/* long lines of every kind of end: beyond the window of the search, too */

static void
sse_test_mixed(void)
{
    size_t       limit, n;
    ngx_uint_t   i, j;
    unit_text_t  stream, trace;

    static const char  *ends[] = { "\n", "\r\n", "\r" };

    limit = SSE_LIMIT;

    for (i = 0; i < 3; i++) {
        ngx_memzero(&stream, sizeof(unit_text_t));
        ngx_memzero(&trace, sizeof(unit_text_t));

        for (n = 505; n < 520; n++) {
            unit_add(&stream, "data: ");
            unit_add(&trace, "|");

            for (j = 0; j < n; j++) {
                unit_add(&stream, "%c", (int) ('a' + j % 26));
                unit_add(&trace, "%c", (int) ('a' + j % 26));
            }

            unit_add(&stream, "%s%s", ends[i], ends[(n & 1) ? i : (i + 1) % 3]);
            unit_add(&stream, "%s", ends[i]);
            unit_add(&trace, "; ");
        }

        unit_splits(sse_run, &limit, stream.data, stream.len,
                    (char *) trace.data, "long lines, ends of kind %d",
                    (int) i);

        unit_text_free(&stream);
        unit_text_free(&trace);
    }
}


static void
sse_test_limit(void)
{
    size_t  limit;

    static const char  stream[] = "data: 1\n\nevent: e\ndata: 234\n\n";
    static const char  line[] = "data: 1\n\ndata: 123456789";
    static const char  comment[] = ": 123456789\n: 123456789\n\ndata: 1\n\n";

    limit = sizeof("event: e\ndata: 234\n") - 1;

    unit_splits(sse_run, &limit, unit_literal(stream), "|1; e|234; ",
                "limit: as large as it may be");

    limit--;

    unit_splits(sse_run, &limit, unit_literal(stream), "|1; too large",
                "limit: a byte more");

    limit = 10;

    unit_splits(sse_run, &limit, unit_literal(line), "|1; too large",
                "limit: one that never ends");

    limit = sizeof(": 123456789") - 1;

    unit_splits(sse_run, &limit, unit_literal(comment), "|1; ",
                "limit: each comment by itself");
}


/*
 * What lies whole in the bytes given is not copied, but for lines that are to
 * be joined; and the bytes given are nobody's to change.
 */

static void
sse_test_in_place(void)
{
    u_char               *p, *last;
    ngx_int_t             rc;
    ngx_thread_ws_sse_t   sse;
    u_char                stream[] = "data: one\n\n"
                                     "event: e\r\ndata: two\r\n\r\n"
                                     "data: a\nevent: f\ndata: b\ndata: c\n\n"
                                     "data: d\n\n";
    u_char                given[sizeof(stream)];

    ngx_memcpy(given, stream, sizeof(stream));
    ngx_memzero(&sse, sizeof(ngx_thread_ws_sse_t));
    sse.limit = SSE_LIMIT;

    p = stream;
    last = stream + sizeof(stream) - 1;

    rc = ngx_thread_ws_sse_parse(&sse, &p, last);

    unit_ok(rc == NGX_OK && sse.data.data == stream + 6,
            "in place: a line of data");

    rc = ngx_thread_ws_sse_parse(&sse, &p, last);

    unit_ok(rc == NGX_OK && sse.event.data == stream + 18
            && sse.data.data == stream + 27, "in place: a type and data");
    unit_ok(sse.buf == NULL, "in place: no memory was taken");

    rc = ngx_thread_ws_sse_parse(&sse, &p, last);

    unit_ok(rc == NGX_OK && sse.data.data == sse.buf,
            "in place: lines of data");
    unit_bytes(sse.data.data, sse.data.len, unit_literal("a\nb\nc"),
               "in place: they are joined");
    unit_bytes(sse.event.data, sse.event.len, unit_literal("f"),
               "in place: and their type");
    unit_ok(!ngx_thread_ws_sse_pending(&sse), "in place: nothing is pending");

    rc = ngx_thread_ws_sse_parse(&sse, &p, last);

    unit_ok(rc == NGX_OK && sse.data.data == last - 3,
            "in place: a line of data after them");

    rc = ngx_thread_ws_sse_parse(&sse, &p, last);

    unit_int(rc, NGX_AGAIN, "in place: nothing more");
    unit_bytes(stream, sizeof(stream), given, sizeof(stream),
               "in place: the bytes given are as they were");

    ngx_thread_ws_sse_free(&sse);
}


/* a large event in small reads: whole, in memory that grows by doubling */

static void
sse_test_large(void)
{
    u_char               *p, *last, *event;
    size_t                len, i, n, grown, size;
    ngx_int_t             rc;
    ngx_uint_t            events;
    ngx_thread_ws_sse_t   sse;

    ngx_memzero(&sse, sizeof(ngx_thread_ws_sse_t));
    sse.limit = 2 * 1024 * 1024;

    len = 1024 * 1024;
    event = malloc(len);

    ngx_memset(event, 'x', len);
    ngx_memcpy(event, "data: ", 6);
    ngx_memcpy(event + len - 2, "\n\n", 2);

    events = 0;
    grown = 0;
    rc = NGX_AGAIN;

    for (i = 0; i < len; i += n) {
        n = ngx_min(len - i, 4096);
        p = event + i;
        last = p + n;
        size = sse.size;

        while ((rc = ngx_thread_ws_sse_parse(&sse, &p, last)) == NGX_OK) {
            events += (sse.data.len == len - 8 && sse.data.data[0] == 'x'
                       && sse.data.data[len - 9] == 'x');
        }

        grown += (sse.size > size);
    }

    unit_int(events, 1, "large: the event");
    unit_int(rc, NGX_AGAIN, "large: and no more");
    unit_ok(grown > 1 && grown < 24, "large: grown %d times", (int) grown);
    unit_ok(sse.buf == NULL && sse.size == 0, "large: its memory is freed");

    free(event);
    ngx_thread_ws_sse_free(&sse);

    unit_ok(sse.buf == NULL && sse.len == 0, "large: and all is");
}


static void
sse_test_pending(void)
{
    u_char               *p;
    ngx_thread_ws_sse_t   sse;
    u_char                first[] = "data: a";
    u_char                second[] = "\n\n";

    ngx_memzero(&sse, sizeof(ngx_thread_ws_sse_t));
    sse.limit = SSE_LIMIT;

    unit_ok(!ngx_thread_ws_sse_pending(&sse), "pending: not at first");

    p = first;
    unit_int(ngx_thread_ws_sse_parse(&sse, &p, first + 7), NGX_AGAIN,
             "pending: a line without its end");
    unit_ok(ngx_thread_ws_sse_pending(&sse), "pending: is held");

    p = second;
    unit_int(ngx_thread_ws_sse_parse(&sse, &p, second + 2), NGX_OK,
             "pending: an event");
    unit_bytes(sse.data.data, sse.data.len, unit_literal("a"),
               "pending: its data");
    unit_ok(!ngx_thread_ws_sse_pending(&sse), "pending: nothing is held");

    ngx_thread_ws_sse_free(&sse);
}
