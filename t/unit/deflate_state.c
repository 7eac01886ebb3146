
/*
 * How codecs share zlib's states, what they hold, and what a sink can do.
 */

#include "deflate_peer.h"

#if (defined __GLIBC__)
#include <malloc.h>
#endif


/* a sink that answers by deflating a text of its own on another codec */

typedef struct {
    ngx_thread_ws_deflate_t  *d;
    unit_text_t               outer;
    deflate_sink_t            inner;
} deflate_again_t;


static void deflate_test_bomb(void);
static void deflate_test_stopped(void);
static void deflate_test_interleaved(void);
static ngx_int_t deflate_take_again(void *data, u_char *p, size_t len);
static void deflate_test_reentered(void);
static void deflate_test_idle(void);
static size_t deflate_used(void);
static void deflate_test_levels(void);


int
main(void)
{
    deflate_test_bomb();
    deflate_test_stopped();
    deflate_test_interleaved();
    deflate_test_reentered();
    deflate_test_idle();
    deflate_test_levels();

    return unit_done();
}


/* 64 megabytes in some kilobytes: the sink has the say, and early */

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
