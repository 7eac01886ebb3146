
#include "unit.h"
#include <zlib.h>

#if (defined __GLIBC__)
#include <malloc.h>
#endif

#include "ngx_thread_ws_deflate.h"


/* a codec's settings, and what its sink does */

typedef struct {
    ngx_thread_ws_deflate_params_t   params;
    ngx_int_t                        level;
} deflate_setting_t;


typedef struct {
    unit_text_t   out;
    size_t        limit;      /* bytes, then the sink refuses; 0: never */
    ngx_uint_t    calls;
} deflate_sink_t;


/* a sink that answers by deflating a text of its own on another codec */

typedef struct {
    ngx_thread_ws_deflate_t  *d;
    unit_text_t               outer;
    deflate_sink_t            inner;
} deflate_again_t;


static ngx_int_t deflate_take(void *data, u_char *p, size_t len);
static ngx_int_t deflate_take_again(void *data, u_char *p, size_t len);
static void deflate_run(void *ctx, unit_feed_t *feed, unit_text_t *trace);
static void deflate_test_examples(void);
static void deflate_test_shared_context(void);
static void deflate_test_broken(void);
static void deflate_test_windows(void);
static void deflate_test_window(ngx_uint_t bits, ngx_uint_t no_context,
    ngx_int_t level);
static void deflate_test_memory(void);
static void deflate_test_bomb(void);
static void deflate_test_stopped(void);
static void deflate_test_interleaved(void);
static void deflate_test_reentered(void);
static void deflate_test_idle(void);
static size_t deflate_used(void);
static void deflate_test_levels(void);
static void deflate_test_sizes(void);
static ngx_thread_ws_deflate_t *deflate_create(ngx_uint_t server_bits,
    ngx_uint_t client_bits, ngx_uint_t no_context, ngx_int_t level);
static void deflate_text(unit_text_t *text, size_t len, uint32_t seed);
static void deflate_noise(unit_text_t *text, size_t len, uint32_t seed);
static void deflate_peer(z_stream *z, unit_text_t *out, const void *p,
    size_t len, int flush);
static ngx_int_t deflate_peer_inflate(z_stream *z, unit_text_t *out,
    unit_text_t *in);


int
main(void)
{
    ngx_uint_t  bits;

    deflate_test_examples();
    deflate_test_shared_context();
    deflate_test_broken();
    deflate_test_windows();

    for (bits = 9; bits <= 15; bits++) {
        deflate_test_window(bits, 0, 6);
        deflate_test_window(bits, 1, 6);
    }

    deflate_test_window(15, 0, 1);
    deflate_test_window(15, 1, 9);

    deflate_test_memory();
    deflate_test_bomb();
    deflate_test_stopped();
    deflate_test_interleaved();
    deflate_test_reentered();
    deflate_test_idle();
    deflate_test_levels();
    deflate_test_sizes();

    return unit_done();
}


static ngx_int_t
deflate_take(void *data, u_char *p, size_t len)
{
    deflate_sink_t  *sink;

    sink = data;
    sink->calls++;

    if (sink->limit && sink->out.len + len > sink->limit) {
        return NGX_BUSY;
    }

    unit_add_bytes(&sink->out, p, len);

    /* the bytes are the callee's to copy, not to keep */

    ngx_memset(p, 0xaa, len);

    return NGX_OK;
}


/* inflates one message; the trace is what it held and how it ended */

static void
deflate_run(void *ctx, unit_feed_t *feed, unit_text_t *trace)
{
    u_char                   *p;
    size_t                    len;
    ngx_int_t                 rc;
    deflate_sink_t            sink;
    deflate_setting_t        *setting;
    ngx_thread_ws_deflate_t  *d;

    setting = ctx;
    ngx_memzero(&sink, sizeof(deflate_sink_t));

    d = ngx_thread_ws_deflate_create(&setting->params, setting->level);
    rc = NGX_OK;

    while (rc == NGX_OK && (p = unit_next(feed, &len)) != NULL) {
        rc = ngx_thread_ws_inflate(d, p, len, 0, deflate_take, &sink);
    }

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_inflate(d, NULL, 0, 1, deflate_take, &sink);
    }

    ngx_thread_ws_deflate_free(d);

    if (rc == NGX_OK) {
        unit_add_escaped(trace, sink.out.data, sink.out.len);
        unit_add(trace, "; ok");

    } else {
        unit_add(trace, "rc %d", (int) rc);
    }

    unit_text_free(&sink.out);
}


/* RFC 7692 section 7.2.3 */

static void
deflate_test_examples(void)
{
    ngx_uint_t         i;
    deflate_setting_t  setting;

    static const struct {
        const char  *name;
        const char  *bytes;
        size_t       len;
        const char  *expected;
    } examples[] = {
        { "7.2.3.1, one block",
          unit_literal("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello; ok" },
        { "7.2.3.3, no compression",
          unit_literal("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"),
          "Hello; ok" },
        { "7.2.3.4, BFINAL set",
          unit_literal("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "Hello; ok" },
        { "7.2.3.5, two blocks",
          unit_literal("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"),
          "Hello; ok" },
        { "7.2.3.6, an empty message", unit_literal("\x00"), "; ok" },
        { "BFINAL set and nothing behind",
          unit_literal("\xf3\x48\xcd\xc9\xc9\x07\x00"), "Hello; ok" },
        { "two final blocks",
          unit_literal("\xf3\x48\xcd\xc9\xc9\x07\x00"
                       "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "HelloHello; ok" },
        { "a final block of no length, whose end is the tail",
          unit_literal("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\x01"),
          "Hello; ok" },
    };

    ngx_memzero(&setting, sizeof(deflate_setting_t));
    setting.params.server_bits = 15;
    setting.params.client_bits = 15;
    setting.level = 6;

    for (i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        setting.params.client_no_context = 0;
        unit_splits(deflate_run, &setting, examples[i].bytes, examples[i].len,
                    examples[i].expected, "%s", examples[i].name);

        setting.params.client_no_context = 1;
        unit_splits(deflate_run, &setting, examples[i].bytes, examples[i].len,
                    examples[i].expected, "... without context");
    }
}


/* section 7.2.3.2: the second message refers to the first */

static void
deflate_test_shared_context(void)
{
    ngx_int_t                 rc;
    deflate_sink_t            sink;
    ngx_thread_ws_deflate_t  *d;

    ngx_memzero(&sink, sizeof(deflate_sink_t));
    d = deflate_create(15, 15, 0, 6);

    (void) ngx_thread_ws_inflate(d, (u_char *)
                                 "\xf2\x48\xcd\xc9\xc9\x07\x00", 7, 1,
                                 deflate_take, &sink);
    rc = ngx_thread_ws_inflate(d, (u_char *) "\xf2\x00\x11\x00\x00", 5, 1,
                               deflate_take, &sink);

    unit_int(rc, NGX_OK, "7.2.3.2, sharing the window");
    unit_str(sink.out.data, sink.out.len, "HelloHello", "... the texts");
    ngx_thread_ws_deflate_free(d);

    /* a final block ends no window */

    sink.out.len = 0;
    d = deflate_create(15, 15, 0, 6);

    (void) ngx_thread_ws_inflate(d, (u_char *)
                                 "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8, 1,
                                 deflate_take, &sink);
    rc = ngx_thread_ws_inflate(d, (u_char *) "\xf2\x00\x11\x00\x00", 5, 1,
                               deflate_take, &sink);

    unit_int(rc, NGX_OK, "the same after a final block");
    unit_str(sink.out.data, sink.out.len, "HelloHello", "... the texts");
    ngx_thread_ws_deflate_free(d);

    /* but there is none without context */

    sink.out.len = 0;
    d = deflate_create(15, 15, 1, 6);

    (void) ngx_thread_ws_inflate(d, (u_char *)
                                 "\xf2\x48\xcd\xc9\xc9\x07\x00", 7, 1,
                                 deflate_take, &sink);
    rc = ngx_thread_ws_inflate(d, (u_char *) "\xf2\x00\x11\x00\x00", 5, 1,
                               deflate_take, &sink);

    unit_int(rc, NGX_DECLINED, "no window without context");
    ngx_thread_ws_deflate_free(d);

    /* the server's side of it: 7.2.3.1 and 7.2.3.2 are what zlib makes */

    sink.out.len = 0;
    d = deflate_create(15, 15, 0, 6);

    (void) ngx_thread_ws_deflate(d, (u_char *) "Hello", 5, deflate_take, &sink);
    unit_bytes(sink.out.data, sink.out.len,
               unit_literal("\xf2\x48\xcd\xc9\xc9\x07\x00"),
               "7.2.3.1, deflated");

    sink.out.len = 0;
    (void) ngx_thread_ws_deflate(d, (u_char *) "Hello", 5, deflate_take, &sink);
    unit_bytes(sink.out.data, sink.out.len,
               unit_literal("\xf2\x00\x11\x00\x00"), "7.2.3.2, deflated");

    sink.out.len = 0;
    (void) ngx_thread_ws_deflate(d, NULL, 0, deflate_take, &sink);
    (void) ngx_thread_ws_deflate(d, NULL, 0, deflate_take, &sink);
    unit_bytes(sink.out.data, sink.out.len, unit_literal("\x00\x00"),
               "7.2.3.6, deflated twice");

    ngx_thread_ws_deflate_free(d);
    unit_text_free(&sink.out);
}


static void
deflate_test_broken(void)
{
    ngx_uint_t         i;
    deflate_setting_t  setting;

    static const struct {
        const char  *name;
        const char  *bytes;
        size_t       len;
    } broken[] = {
        { "nothing at all", unit_literal("") },
        { "a block of the reserved kind", unit_literal("\x06") },
        { "all bits", unit_literal("\xff\xff\xff\xff\xff") },
        { "lengths that disagree", unit_literal("\x00\x05\x00\x00\x00Hello") },
        { "a reference to before the text",
          unit_literal("\xf2\x00\x11\x00\x00") },
        { "cut in a block", unit_literal("\xf2\x48\xcd") },
        { "cut in a stored block", unit_literal("\x00\x0a\x00\xf5\xffHello") },
        { "cut at the tail", unit_literal("\xf2\x48\xcd\xc9\xc9\x07") },
        { "the tail not removed",
          unit_literal("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff") },
        { "no deflate behind a final block",
          unit_literal("\xf3\x48\xcd\xc9\xc9\x07\x00\x06") },
    };

    ngx_memzero(&setting, sizeof(deflate_setting_t));
    setting.params.server_bits = 15;
    setting.params.client_bits = 15;
    setting.level = 6;

    for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        setting.params.client_no_context = i & 1;
        unit_splits(deflate_run, &setting, broken[i].bytes, broken[i].len,
                    "rc -5", "no message: %s", broken[i].name);
    }
}


/* every window of a client, with zlib as the client */

static void
deflate_test_windows(void)
{
    size_t                    i, len;
    z_stream                  z;
    ngx_int_t                 rc;
    ngx_uint_t                bits, asked, n, no_context, wrong;
    unit_text_t               text, in;
    deflate_sink_t            sink;
    ngx_thread_ws_deflate_t  *d;

    for (asked = 8; asked <= 15; asked++) {
        for (no_context = 0; no_context < 2; no_context++) {

            /*
             * Where 8 is agreed on, zlib's users write 9: its references go
             * no further back than 250 bytes then, which 8 has room for
             */

            bits = ngx_max(asked, 9);
            wrong = 0;

            ngx_memzero(&z, sizeof(z_stream));
            deflateInit2(&z, 9, Z_DEFLATED, - (int) bits, 8,
                         Z_DEFAULT_STRATEGY);

            d = deflate_create(15, asked, no_context, 6);

            for (n = 0; n < 6; n++) {
                ngx_memzero(&text, sizeof(unit_text_t));
                ngx_memzero(&in, sizeof(unit_text_t));
                ngx_memzero(&sink, sizeof(deflate_sink_t));

                if (n == 3) {
                    deflate_noise(&text, 70000, asked);

                } else {
                    deflate_text(&text, 100000, n);
                }

                if (no_context) {
                    deflateReset(&z);
                }

                deflate_peer(&z, &in, text.data, text.len, Z_SYNC_FLUSH);

                /* in small pieces zlib has nothing but its window */

                for (i = 0, rc = NGX_OK; rc == NGX_OK && i < in.len - 4;
                     i += 37)
                {
                    len = ngx_min(in.len - 4 - i, 37);
                    rc = ngx_thread_ws_inflate(d, in.data + i, len,
                                               i + len == in.len - 4,
                                               deflate_take, &sink);
                }

                wrong += rc != NGX_OK || sink.out.len != text.len
                         || ngx_memcmp(sink.out.data, text.data, text.len);

                unit_text_free(&text);
                unit_text_free(&in);
                unit_text_free(&sink.out);
            }

            unit_int(wrong, 0, "a client's window of %d%s", (int) asked,
                     no_context ? ", no context" : "");

            deflateEnd(&z);
            ngx_thread_ws_deflate_free(d);
        }
    }
}


/* a server's window, with a zlib of just that window as the client */

static void
deflate_test_window(ngx_uint_t bits, ngx_uint_t no_context, ngx_int_t level)
{
    z_stream                  z;
    ngx_uint_t                n, wrong;
    unit_text_t               text, back;
    deflate_sink_t            sink;
    ngx_thread_ws_deflate_t  *d;

    wrong = 0;

    ngx_memzero(&z, sizeof(z_stream));
    inflateInit2(&z, - (int) bits);

    d = deflate_create(bits, 15, no_context, level);

    for (n = 0; n < 8; n++) {
        ngx_memzero(&text, sizeof(unit_text_t));
        ngx_memzero(&back, sizeof(unit_text_t));
        ngx_memzero(&sink, sizeof(deflate_sink_t));

        if (n == 3) {
            deflate_noise(&text, 70000, bits);

        } else if (n != 5) {
            deflate_text(&text, (n & 1) ? 100000 : 60, n);
        }

        if (ngx_thread_ws_deflate(d, text.data, text.len, deflate_take, &sink)
            != NGX_OK)
        {
            wrong++;
        }

        if (no_context) {
            inflateReset(&z);
        }

        wrong += deflate_peer_inflate(&z, &back, &sink.out) != NGX_OK
                 || back.len != text.len
                 || (text.len && ngx_memcmp(back.data, text.data, text.len));

        /* text must have shrunk, noise must not have grown by much */

        wrong += (n == 3) ? sink.out.len > 70000 + 70000 / 32
                          : n == 1 && sink.out.len > 60000;

        unit_text_free(&text);
        unit_text_free(&back);
        unit_text_free(&sink.out);
    }

    unit_int(wrong, 0, "a server's window of %d at level %d%s", (int) bits,
             (int) level, no_context ? ", no context" : "");

    inflateEnd(&z);
    ngx_thread_ws_deflate_free(d);
}


/* a kept context makes the second of two equal messages far smaller */

static void
deflate_test_memory(void)
{
    size_t                    first;
    unit_text_t               text;
    ngx_uint_t                no_context;
    deflate_sink_t            sink;
    ngx_thread_ws_deflate_t  *d;

    ngx_memzero(&text, sizeof(unit_text_t));
    deflate_noise(&text, 2000, 1);

    for (no_context = 0; no_context < 2; no_context++) {
        ngx_memzero(&sink, sizeof(deflate_sink_t));
        d = deflate_create(15, 15, no_context, 6);

        (void) ngx_thread_ws_deflate(d, text.data, text.len, deflate_take,
                                     &sink);
        first = sink.out.len;
        (void) ngx_thread_ws_deflate(d, text.data, text.len, deflate_take,
                                     &sink);

        unit_ok(no_context ? sink.out.len == 2 * first
                           : sink.out.len < first + 100,
                "a context is %s", no_context ? "not kept" : "kept");

        ngx_thread_ws_deflate_free(d);
        unit_text_free(&sink.out);
    }

    unit_text_free(&text);
}


/* a gigabyte in a megabyte: the sink has the say, and early */

static void
deflate_test_bomb(void)
{
    z_stream                  z;
    u_char                   *zeros;
    ngx_int_t                 rc;
    ngx_uint_t                i;
    unit_text_t               in;
    deflate_sink_t            sink;
    ngx_thread_ws_deflate_t  *d;

    ngx_memzero(&in, sizeof(unit_text_t));
    ngx_memzero(&sink, sizeof(deflate_sink_t));
    ngx_memzero(&z, sizeof(z_stream));

    zeros = calloc(1, 1 << 20);
    if (zeros == NULL) {
        abort();
    }

    deflateInit2(&z, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);

    for (i = 0; i < 64; i++) {
        deflate_peer(&z, &in, zeros, 1 << 20, Z_NO_FLUSH);
    }

    deflate_peer(&z, &in, NULL, 0, Z_SYNC_FLUSH);
    deflateEnd(&z);
    free(zeros);

    unit_ok(in.len < 1 << 19, "64 MB deflate to %lu bytes",
            (unsigned long) in.len);

    sink.limit = 1 << 20;
    d = deflate_create(15, 15, 1, 6);

    rc = ngx_thread_ws_inflate(d, in.data, in.len - 4, 0, deflate_take, &sink);

    unit_int(rc, NGX_BUSY, "the sink's refusal is what comes back");
    unit_ok(sink.out.len <= sink.limit, "... with no more than it wanted");
    unit_int(sink.calls, (1 << 20) / 16384 + 1, "... in few calls");

    /* the process's state is free for the next */

    sink.out.len = 0;
    rc = ngx_thread_ws_inflate(d, (u_char *) "\xf2\x48\xcd\xc9\xc9\x07\x00", 7,
                               1, deflate_take, &sink);
    unit_int(rc, NGX_OK, "without context the next is a new one");
    unit_str(sink.out.data, sink.out.len, "Hello", "... the text");

    ngx_thread_ws_deflate_free(d);
    unit_text_free(&sink.out);
    unit_text_free(&in);
}


/* the same on the way out, then codecs that end amid a message */

static void
deflate_test_stopped(void)
{
    ngx_int_t                 rc;
    ngx_uint_t                no_context;
    unit_text_t               text;
    deflate_sink_t            sink;
    ngx_thread_ws_deflate_t  *d;

    ngx_memzero(&text, sizeof(unit_text_t));
    deflate_noise(&text, 100000, 7);

    for (no_context = 0; no_context < 2; no_context++) {
        ngx_memzero(&sink, sizeof(deflate_sink_t));
        sink.limit = 20000;

        d = deflate_create(15, 15, no_context, 6);
        rc = ngx_thread_ws_deflate(d, text.data, text.len, deflate_take, &sink);

        unit_int(rc, NGX_BUSY, "a sink stops deflating");
        unit_int(sink.calls, 2, "... at once");

        rc = ngx_thread_ws_inflate(d, (u_char *) "\xf2\x48", 2, 0,
                                   deflate_take, &sink);
        unit_int(rc, NGX_OK, "a message begins");
        ngx_thread_ws_deflate_free(d);

        sink.limit = 0;
        sink.out.len = 0;
        d = deflate_create(15, 15, no_context, 6);
        rc = ngx_thread_ws_inflate(d, (u_char *) "\xf2\x48\xcd\xc9\xc9\x07\x00",
                                   7, 1, deflate_take, &sink);
        unit_int(rc, NGX_OK, "... and is given up for another");
        unit_str(sink.out.data, sink.out.len, "Hello", "... the text");

        sink.out.len = 0;
        rc = ngx_thread_ws_deflate(d, (u_char *) "Hello", 5, deflate_take,
                                   &sink);
        unit_int(rc, NGX_OK, "deflated after one that was stopped");
        unit_bytes(sink.out.data, sink.out.len,
                   unit_literal("\xf2\x48\xcd\xc9\xc9\x07\x00"),
                   "... the bytes");

        ngx_thread_ws_deflate_free(d);
        unit_text_free(&sink.out);
    }

    unit_text_free(&text);
}


/* connections without context whose messages come in turns, byte by byte */

static void
deflate_test_interleaved(void)
{
    size_t                    i, n, most;
    ngx_uint_t                wrong;
    unit_text_t               text[3];
    deflate_sink_t            in[3], out[3];
    ngx_thread_ws_deflate_t  *d[3];

    wrong = 0;
    most = 0;

    for (n = 0; n < 3; n++) {
        ngx_memzero(&text[n], sizeof(unit_text_t));
        ngx_memzero(&in[n], sizeof(deflate_sink_t));
        ngx_memzero(&out[n], sizeof(deflate_sink_t));

        d[n] = deflate_create(15, 15, 1, 6);

        deflate_text(&text[n], 3000 + 700 * n, n);
        wrong += ngx_thread_ws_deflate(d[n], text[n].data, text[n].len,
                                       deflate_take, &in[n])
                 != NGX_OK;
        most = ngx_max(most, in[n].out.len);
    }

    for (i = 0; i < most; i++) {
        for (n = 0; n < 3; n++) {

            if (i < in[n].out.len) {
                wrong += ngx_thread_ws_inflate(d[n], in[n].out.data + i, 1,
                                               i + 1 == in[n].out.len,
                                               deflate_take, &out[n])
                         != NGX_OK;
            }
        }
    }

    unit_int(wrong, 0, "three messages in turns");

    for (n = 0; n < 3; n++) {
        unit_bytes(out[n].out.data, out[n].out.len, text[n].data, text[n].len,
                   "... text %d", (int) n);

        ngx_thread_ws_deflate_free(d[n]);
        unit_text_free(&text[n]);
        unit_text_free(&in[n].out);
        unit_text_free(&out[n].out);
    }
}


static ngx_int_t
deflate_take_again(void *data, u_char *p, size_t len)
{
    deflate_again_t  *again;

    again = data;

    if (ngx_thread_ws_deflate(again->d, (u_char *) "Hello", 5, deflate_take,
                              &again->inner)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    unit_add_bytes(&again->outer, p, len);

    return NGX_OK;
}


/* a sink that comes back to the codecs of the process */

static void
deflate_test_reentered(void)
{
    z_stream                  z;
    ngx_int_t                 rc;
    unit_text_t               text, back;
    deflate_again_t           again;
    ngx_thread_ws_deflate_t  *d;

    ngx_memzero(&text, sizeof(unit_text_t));
    ngx_memzero(&back, sizeof(unit_text_t));
    ngx_memzero(&again, sizeof(deflate_again_t));
    ngx_memzero(&z, sizeof(z_stream));

    deflate_noise(&text, 50000, 3);

    d = deflate_create(15, 15, 1, 6);
    again.d = deflate_create(15, 15, 1, 6);

    rc = ngx_thread_ws_deflate(d, text.data, text.len, deflate_take_again,
                               &again);
    unit_int(rc, NGX_OK, "a sink that deflates");

    inflateInit2(&z, -15);
    rc = deflate_peer_inflate(&z, &back, &again.outer);
    inflateEnd(&z);

    unit_int(rc, NGX_OK, "... leaves the outer message whole");
    unit_bytes(back.data, back.len, text.data, text.len, "... and as it was");
    unit_ok(again.inner.out.len > 7
            && again.inner.out.len % 7 == 0
            && ngx_memcmp(again.inner.out.data,
                          "\xf2\x48\xcd\xc9\xc9\x07\x00", 7) == 0,
            "... and the inner ones");

    ngx_thread_ws_deflate_free(d);
    ngx_thread_ws_deflate_free(again.d);
    unit_text_free(&text);
    unit_text_free(&back);
    unit_text_free(&again.outer);
    unit_text_free(&again.inner.out);
}


/* what connections hold between messages: nothing, or what the header says */

static void
deflate_test_idle(void)
{
    size_t                    used;
    ngx_uint_t                i, n;
    deflate_sink_t            sink;
    ngx_thread_ws_deflate_t  *d[100];

    static const struct {
        ngx_uint_t  bits;
        ngx_uint_t  no_context;
        size_t      least;
        size_t      most;
    } cases[] = {
        { 15, 1, 0, 256 },
        { 15, 0, 9 << 15, (9 << 15) + 14000 },
        { 10, 0, 9 << 10, (9 << 10) + 14000 }
    };

    if (deflate_used() == 0) {
        unit_note("this allocator does not tell what is in use");
        return;
    }

    ngx_memzero(&sink, sizeof(deflate_sink_t));

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        used = deflate_used();

        for (n = 0; n < 100; n++) {
            d[n] = deflate_create(cases[i].bits, cases[i].bits,
                                  cases[i].no_context, 6);

            (void) ngx_thread_ws_inflate(d[n], (u_char *)
                                         "\xf2\x48\xcd\xc9\xc9\x07\x00", 7,
                                         1, deflate_take, &sink);
            (void) ngx_thread_ws_deflate(d[n], (u_char *) "Hello", 5,
                                         deflate_take, &sink);
            unit_text_free(&sink.out);
        }

        used = (deflate_used() - used) / 100;

        unit_ok(used >= cases[i].least && used <= cases[i].most,
                "an idle connection, window %d%s: %lu bytes",
                (int) cases[i].bits, cases[i].no_context ? ", no context" : "",
                (unsigned long) used);

        if (cases[i].no_context) {
            used = deflate_used();
            (void) ngx_thread_ws_inflate(d[0], (u_char *) "\xf2", 1, 0,
                                         deflate_take, &sink);
            unit_int(deflate_used() - used, 0,
                     "the process's state was given back");
        }

        for (n = 0; n < 100; n++) {
            ngx_thread_ws_deflate_free(d[n]);
        }
    }
}


/* bytes that malloc() has given out, its own pages included; 0: not known */

static size_t
deflate_used(void)
{
#if (defined __GLIBC__)

    struct mallinfo2  info;

    info = mallinfo2();

    return info.uordblks + info.hblkhd;

#else

    return 0;

#endif
}


/* connections of different levels share a state, not each other's level */

static void
deflate_test_levels(void)
{
    size_t                    size[4];
    ngx_uint_t                n;
    unit_text_t               text;
    deflate_sink_t            sink;
    ngx_thread_ws_deflate_t  *d;

    static const ngx_int_t  levels[4] = { 1, 9, 1, 9 };

    ngx_memzero(&text, sizeof(unit_text_t));
    deflate_text(&text, 50000, 5);

    for (n = 0; n < 4; n++) {
        ngx_memzero(&sink, sizeof(deflate_sink_t));

        d = deflate_create(14, 15, 1, levels[n]);
        (void) ngx_thread_ws_deflate(d, text.data, text.len, deflate_take,
                                     &sink);
        size[n] = sink.out.len;

        ngx_thread_ws_deflate_free(d);
        unit_text_free(&sink.out);
    }

    unit_ok(size[0] == size[2] && size[1] == size[3], "levels are kept apart");
    unit_ok(size[1] < size[0], "... and make a difference");

    unit_text_free(&text);
}


/* outputs around the scratch's size, where the tail is cut in two */

static void
deflate_test_sizes(void)
{
    z_stream                  z;
    size_t                    len;
    ngx_int_t                 rc;
    ngx_uint_t                wrong;
    unit_text_t               text, back;
    deflate_sink_t            sink;
    ngx_thread_ws_deflate_t  *d;

    ngx_memzero(&text, sizeof(unit_text_t));
    deflate_noise(&text, 33000, 11);

    wrong = 0;
    d = deflate_create(15, 15, 0, 6);

    ngx_memzero(&z, sizeof(z_stream));
    inflateInit2(&z, -15);

    for (len = 16340; len < 16400; len++) {
        ngx_memzero(&sink, sizeof(deflate_sink_t));
        ngx_memzero(&back, sizeof(unit_text_t));

        rc = ngx_thread_ws_deflate(d, text.data + (len % 60) * 277, len,
                                   deflate_take, &sink);

        wrong += rc != NGX_OK
                 || deflate_peer_inflate(&z, &back, &sink.out) != NGX_OK
                 || back.len != len
                 || ngx_memcmp(back.data, text.data + (len % 60) * 277, len);

        unit_text_free(&back);
        unit_text_free(&sink.out);
    }

    unit_int(wrong, 0, "each size around the scratch's");

    inflateEnd(&z);
    ngx_thread_ws_deflate_free(d);
    unit_text_free(&text);
}


static ngx_thread_ws_deflate_t *
deflate_create(ngx_uint_t server_bits, ngx_uint_t client_bits,
    ngx_uint_t no_context, ngx_int_t level)
{
    ngx_thread_ws_deflate_t         *d;
    ngx_thread_ws_deflate_params_t   params;

    params.server_bits = server_bits;
    params.client_bits = client_bits;
    params.server_no_context = no_context;
    params.client_no_context = no_context;

    d = ngx_thread_ws_deflate_create(&params, level);
    if (d == NULL) {
        abort();
    }

    return d;
}


/* words by chance: compresses to a third or so, near and far repeats */

static void
deflate_text(unit_text_t *text, size_t len, uint32_t seed)
{
    char      word[16];
    uint32_t  random;

    random = seed * 2654435761U + 1;

    while (text->len < len) {
        random = random * 1664525 + 1013904223;
        snprintf(word, sizeof(word), "word%u ", (random >> 16) % 3000);
        unit_add(text, "%s", word);
    }

    text->len = len;
}


static void
deflate_noise(unit_text_t *text, size_t len, uint32_t seed)
{
    u_char    byte;
    uint32_t  random;

    random = seed * 2654435761U + 1;

    while (text->len < len) {
        random = random * 1664525 + 1013904223;
        byte = random >> 24;
        unit_add_bytes(text, &byte, 1);
    }
}


/* what a peer built on zlib sends, its tail included */

static void
deflate_peer(z_stream *z, unit_text_t *out, const void *p, size_t len,
    int flush)
{
    u_char  buf[4096];

    z->next_in = (u_char *) p;
    z->avail_in = len;

    do {
        z->next_out = buf;
        z->avail_out = sizeof(buf);

        (void) deflate(z, flush);

        unit_add_bytes(out, buf, sizeof(buf) - z->avail_out);

    } while (z->avail_in || z->avail_out == 0);
}


static ngx_int_t
deflate_peer_inflate(z_stream *z, unit_text_t *out, unit_text_t *in)
{
    int     rc;
    u_char  buf[4096];

    unit_add_bytes(in, "\x00\x00\xff\xff", 4);

    z->next_in = in->data;
    z->avail_in = in->len;
    in->len -= 4;

    do {
        z->next_out = buf;
        z->avail_out = sizeof(buf);

        rc = inflate(z, Z_SYNC_FLUSH);

        if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return NGX_ERROR;
        }

        unit_add_bytes(out, buf, sizeof(buf) - z->avail_out);

    } while (z->avail_in || z->avail_out == 0);

    return NGX_OK;
}
