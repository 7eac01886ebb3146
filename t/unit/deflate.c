
/*
 * permessage-deflate: messages, windows and contexts, with zlib as the peer.
 */


#include "deflate_peer.h"


/* a codec's settings */

typedef struct {
    ngx_thread_ws_deflate_params_t   params;
    ngx_int_t                        level;
} deflate_setting_t;


static void deflate_run(void *ctx, unit_feed_t *feed, unit_text_t *trace);
static void deflate_test_examples(void);
static void deflate_test_inflate_context(void);
static void deflate_test_deflate_context(void);
static void deflate_test_broken(void);
static void deflate_test_windows(void);
static ngx_int_t deflate_receive(ngx_thread_ws_deflate_t *d, z_stream *z,
    ngx_uint_t n);
static void deflate_test_window(ngx_uint_t bits, ngx_uint_t no_context,
    ngx_int_t level);
static void deflate_test_memory(void);
static void deflate_test_sizes(void);


int
main(void)
{
    ngx_uint_t  bits;

    deflate_test_examples();
    deflate_test_inflate_context();
    deflate_test_deflate_context();
    deflate_test_broken();
    deflate_test_windows();

    for (bits = 9; bits <= 15; bits++) {
        deflate_test_window(bits, 0, 6);
        deflate_test_window(bits, 1, 6);
    }

    deflate_test_window(15, 0, 1);
    deflate_test_window(15, 1, 9);

    deflate_test_memory();
    deflate_test_sizes();

    return unit_done();
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
deflate_test_inflate_context(void)
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
    unit_text_free(&sink.out);
}


/* the server's side of it: 7.2.3.1 and 7.2.3.2 are what zlib makes */

static void
deflate_test_deflate_context(void)
{
    deflate_sink_t            sink;
    ngx_thread_ws_deflate_t  *d;

    ngx_memzero(&sink, sizeof(deflate_sink_t));
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
    z_stream                  z;
    ngx_uint_t                asked, n, no_context, wrong;
    ngx_thread_ws_deflate_t  *d;

    for (asked = 8; asked <= 15; asked++) {
        for (no_context = 0; no_context < 2; no_context++) {

            /*
             * Where 8 is agreed on, zlib's users write 9: its references go
             * no further back than 250 bytes then, which 8 has room for
             */

            ngx_memzero(&z, sizeof(z_stream));
            deflateInit2(&z, 9, Z_DEFLATED, - (int) ngx_max(asked, 9), 8,
                         Z_DEFAULT_STRATEGY);

            d = deflate_create(15, asked, no_context, 6);
            wrong = 0;

            for (n = 0; n < 6; n++) {

                if (no_context) {
                    deflateReset(&z);
                }

                wrong += deflate_receive(d, &z, n) != NGX_OK;
            }

            unit_int(wrong, 0, "a client's window of %d%s", (int) asked,
                     no_context ? ", no context" : "");

            deflateEnd(&z);
            ngx_thread_ws_deflate_free(d);
        }
    }
}


/* the n-th of the peer's messages; NGX_ERROR if it is not what arrives */

static ngx_int_t
deflate_receive(ngx_thread_ws_deflate_t *d, z_stream *z, ngx_uint_t n)
{
    size_t          i, len;
    ngx_int_t       rc;
    unit_text_t     text, in;
    deflate_sink_t  sink;

    ngx_memzero(&text, sizeof(unit_text_t));
    ngx_memzero(&in, sizeof(unit_text_t));
    ngx_memzero(&sink, sizeof(deflate_sink_t));

    if (n == 3) {
        deflate_noise(&text, 70000, n);

    } else {
        deflate_text(&text, 100000, n);
    }

    deflate_peer(z, &in, text.data, text.len, Z_SYNC_FLUSH);
    in.len -= 4;

    /* in small pieces zlib has nothing but its window */

    for (i = 0, rc = NGX_OK; rc == NGX_OK && i < in.len; i += 37) {
        len = ngx_min(in.len - i, 37);
        rc = ngx_thread_ws_inflate(d, in.data + i, len, i + len == in.len,
                                   deflate_take, &sink);
    }

    if (sink.out.len != text.len
        || ngx_memcmp(sink.out.data, text.data, text.len))
    {
        rc = NGX_ERROR;
    }

    unit_text_free(&text);
    unit_text_free(&in);
    unit_text_free(&sink.out);

    return rc;
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
