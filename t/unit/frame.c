
/*
 * RFC 6455's frames, read and written.
 */


#include "unit.h"
#include "ws/ngx_thread_ws_frame.h"


/* what the decoder is set to */

typedef struct {
    size_t      limit;
    ngx_uint_t  deflate;
} frame_setting_t;


typedef struct {
    const char  *name;
    const char  *bytes;
    size_t       len;
    const char  *expected;
} frame_case_t;


#define frame_case(name, bytes, expected)                                     \
    { name, bytes, sizeof(bytes) - 1, expected }

/* the key of what the cases write by hand: it changes nothing */

#define K  "\0\0\0\0"


static void frame_run(void *ctx, unit_feed_t *feed, unit_text_t *trace);
static void frame_report(ngx_thread_ws_frame_t *f, unit_text_t *payload,
    unit_text_t *trace);
static void frame_put(unit_text_t *out, ngx_uint_t first, uint64_t announced,
    const void *payload, size_t len);
static void frame_test_cases(frame_setting_t *setting, frame_case_t *cases,
    ngx_uint_t n);
static void frame_test_first_bytes(void);
static void frame_test_second_bytes(void);
static void frame_test_lengths(void);
static void frame_test_messages(void);
static void frame_test_limits(void);
static void frame_test_limit(frame_setting_t *setting, ngx_uint_t first,
    uint64_t len, ngx_uint_t refused);
static void frame_test_unmask(void);
static void frame_test_fields(void);
static void frame_test_header(void);
static void frame_test_close(void);
static ngx_int_t frame_feed(ngx_thread_ws_frame_t *f, const char *bytes,
    size_t len);


static frame_case_t  frame_cases[] = {

    /* RFC 6455 section 5.7, the client's of them */

    frame_case("a text, masked",
               "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
               "text fin \"Hello\"; "),
    frame_case("a pong, masked",
               "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
               "pong fin \"Hello\"; "),
    frame_case("a text, not masked", "\x81\x05Hello", "close 1002 at 1"),

    /* messages */

    frame_case("nothing", "", ""),
    frame_case("an empty text", "\x81\x80" K, "text fin \"\"; "),
    frame_case("an empty binary", "\x82\x80" K, "binary fin \"\"; "),
    frame_case("two messages", "\x81\x81" K "a\x82\x82" K "bc",
               "text fin \"a\"; binary fin \"bc\"; "),
    frame_case("a message in three", "\x01\x83" K "Hel" "\x00\x82" K "lo"
               "\x80\x81" K "!",
               "text \"Hel\"; cont(text) \"lo\"; cont(text) fin \"!\"; "),
    frame_case("empty fragments", "\x02\x80" K "\x00\x80" K "\x80\x80" K,
               "binary \"\"; cont(binary) \"\"; cont(binary) fin \"\"; "),
    frame_case("controls between fragments",
               "\x01\x81" K "a" "\x89\x81" K "p" "\x00\x81" K "b"
               "\x8a\x80" K "\x80\x81" K "c",
               "text \"a\"; ping fin \"p\"; cont(text) \"b\"; "
               "pong fin \"\"; cont(text) fin \"c\"; "),
    frame_case("a close", "\x88\x82" K "\x03\xe8",
               "close fin \"\\x03\\xe8\"; "),
    frame_case("cut in the header", "\x81", ""),
    frame_case("cut in the mask", "\x81\x81" "\0\0\0", ""),
    frame_case("cut in the payload", "\x81\x83" K "ab", ""),

    /* the state of messages */

    frame_case("a continuation of nothing", "\x80\x81" K "a",
               "close 1002 at 0"),
    frame_case("an open continuation of nothing", "\x00\x81" K "a",
               "close 1002 at 0"),
    frame_case("a continuation after the end", "\x81\x80" K "\x80\x80" K,
               "text fin \"\"; close 1002 at 6"),
    frame_case("a continuation after the last one",
               "\x01\x80" K "\x80\x80" K "\x80\x80" K,
               "text \"\"; cont(text) fin \"\"; close 1002 at 12"),
    frame_case("a text in a message", "\x01\x80" K "\x81\x80" K,
               "text \"\"; close 1002 at 6"),
    frame_case("a binary in a message", "\x01\x80" K "\x02\x80" K,
               "text \"\"; close 1002 at 6"),

    /* control frames */

    frame_case("a ping in fragments", "\x09\x80" K, "close 1002 at 0"),
    frame_case("a pong in fragments", "\x0a\x80" K, "close 1002 at 0"),
    frame_case("a close in fragments", "\x08\x80" K, "close 1002 at 0"),
    frame_case("a ping of 126", "\x89\xfe\x00\x7e" K, "close 1002 at 1"),
    frame_case("a pong of 65536", "\x8a\xff\0\0\0\0\0\x01\0\0" K,
               "close 1002 at 1"),

    /* lengths not in their shortest form, and beyond all bounds */

    frame_case("0 in 16 bits", "\x81\xfe\x00\x00" K, "close 1002 at 3"),
    frame_case("125 in 16 bits", "\x81\xfe\x00\x7d" K, "close 1002 at 3"),
    frame_case("0 in 64 bits", "\x81\xff\0\0\0\0\0\0\0\0" K,
               "close 1002 at 9"),
    frame_case("126 in 64 bits", "\x81\xff\0\0\0\0\0\0\0\x7e" K,
               "close 1002 at 9"),
    frame_case("65535 in 64 bits", "\x81\xff\0\0\0\0\0\0\xff\xff" K,
               "close 1002 at 9"),
    frame_case("the top bit", "\x81\xff\x80\0\0\0\0\0\0\0" K,
               "close 1002 at 9"),
    frame_case("all bits", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" K,
               "close 1002 at 9"),
};


static frame_case_t  frame_deflate_cases[] = {
    frame_case("RSV1 on a text", "\xc1\x81" K "a", "text z fin \"a\"; "),
    frame_case("RSV1 on a binary", "\xc2\x81" K "a", "binary z fin \"a\"; "),
    frame_case("RSV1 on the first fragment alone",
               "\x41\x81" K "a\x00\x81" K "b\x80\x81" K "c",
               "text z \"a\"; cont(text) z \"b\"; cont(text) z fin \"c\"; "),
    frame_case("not every message is compressed",
               "\xc1\x81" K "a\x81\x81" K "b",
               "text z fin \"a\"; text fin \"b\"; "),
    frame_case("a ping between compressed fragments",
               "\x41\x81" K "a\x89\x80" K "\x80\x81" K "b",
               "text z \"a\"; ping z fin \"\"; cont(text) z fin \"b\"; "),
    frame_case("RSV1 on a continuation", "\x41\x80" K "\xc0\x80" K,
               "text z \"\"; close 1002 at 6"),
    frame_case("RSV1 on a ping", "\xc9\x80" K, "close 1002 at 0"),
    frame_case("RSV1 on a close", "\xc8\x80" K, "close 1002 at 0"),
    frame_case("RSV2 beside it", "\xe1\x80" K, "close 1002 at 0"),
};


int
main(void)
{
    frame_setting_t  setting;

    setting.limit = 1000000;
    setting.deflate = 0;

    frame_test_cases(&setting, frame_cases,
                     sizeof(frame_cases) / sizeof(frame_cases[0]));

    setting.deflate = 1;

    frame_test_cases(&setting, frame_deflate_cases,
                     sizeof(frame_deflate_cases)
                     / sizeof(frame_deflate_cases[0]));

    frame_test_first_bytes();
    frame_test_second_bytes();
    frame_test_lengths();
    frame_test_messages();
    frame_test_limits();
    frame_test_unmask();
    frame_test_fields();
    frame_test_header();
    frame_test_close();

    return unit_done();
}


/* the trace has a frame's payload in one, and where the decoder refused */

static void
frame_run(void *ctx, unit_feed_t *feed, unit_text_t *trace)
{
    u_char                 *p, *pos;
    size_t                  len, done;
    ngx_int_t               rc;
    unit_text_t             payload;
    frame_setting_t        *setting;
    ngx_thread_ws_frame_t   f;

    setting = ctx;

    ngx_memzero(&payload, sizeof(unit_text_t));
    ngx_memzero(&f, sizeof(ngx_thread_ws_frame_t));
    f.limit = setting->limit;
    f.deflate = setting->deflate;
    done = 0;

    while ((p = unit_next(feed, &len)) != NULL) {
        pos = p;

        while ((rc = ngx_thread_ws_frame_parse(&f, &pos, p + len)) == NGX_OK) {

            if (f.data < p || f.data + f.len != pos) {
                unit_add(trace, "a piece out of place; ");
            }

            if (f.first != (payload.data == NULL)) {
                unit_add(trace, "first is wrong; ");
            }

            unit_add_bytes(&payload, f.data, f.len);

            if (f.last) {
                frame_report(&f, &payload, trace);
                unit_text_free(&payload);
            }
        }

        if (rc == NGX_DECLINED) {
            unit_add(trace, "close %u at %lu", (unsigned) f.close_code,
                     (unsigned long) (done + (pos - p) - 1));
            break;
        }

        if (rc != NGX_AGAIN || pos != p + len) {
            unit_add(trace, "rc %d with bytes left; ", (int) rc);
        }

        done += len;
    }

    unit_text_free(&payload);
}


static void
frame_report(ngx_thread_ws_frame_t *f, unit_text_t *payload,
    unit_text_t *trace)
{
    static const char  *names[16] = {
        "cont", "text", "binary", NULL, NULL, NULL, NULL, NULL,
        "close", "ping", "pong"
    };

    unit_add(trace, "%s", names[f->opcode]);

    if (f->opcode == NGX_THREAD_WS_OP_CONTINUATION) {
        unit_add(trace, "(%s)", names[f->type]);
    }

    unit_add(trace, "%s%s \"", f->compressed ? " z" : "", f->fin ? " fin" : "");
    unit_add_escaped(trace, payload->data, payload->len);
    unit_add(trace, "\"; ");
}


/* a client's frame with a key that leaves no byte as it was */

static void
frame_put(unit_text_t *out, ngx_uint_t first, uint64_t announced,
    const void *payload, size_t len)
{
    u_char         head[14], *p, byte;
    size_t         i;
    const u_char  *from;

    static const u_char  mask[4] = { 0x9d, 0x36, 0xe1, 0x4b };

    p = ngx_thread_ws_frame_header(head, first, announced);
    head[1] |= 0x80;
    p = ngx_cpymem(p, mask, 4);
    unit_add_bytes(out, head, p - head);

    from = payload;

    for (i = 0; i < len; i++) {
        byte = from[i] ^ mask[i % 4];
        unit_add_bytes(out, &byte, 1);
    }
}


static void
frame_test_cases(frame_setting_t *setting, frame_case_t *cases, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        unit_splits(frame_run, setting, cases[i].bytes, cases[i].len,
                    cases[i].expected, "%s", cases[i].name);
    }
}


/* all first bytes, with RSV1 negotiated or not, in a message or not */

static void
frame_test_first_bytes(void)
{
    char                   byte;
    ngx_int_t              rc;
    ngx_uint_t             first, opcode, fin, rsv1, deflate, inside, good;
    ngx_uint_t             wrong;
    ngx_thread_ws_frame_t  f;

    wrong = 0;

    for (first = 0; first < 256; first++) {
        for (deflate = 0; deflate < 2; deflate++) {
            for (inside = 0; inside < 2; inside++) {

                ngx_memzero(&f, sizeof(ngx_thread_ws_frame_t));
                f.deflate = deflate;

                if (inside) {
                    frame_feed(&f, unit_literal("\x01\x80" K));
                }

                opcode = first & 0x0f;
                fin = first & 0x80;
                rsv1 = first & 0x40;

                good = opcode == 0 ? inside && !rsv1
                       : opcode <= 2 ? !inside && (!rsv1 || deflate)
                       : opcode >= 8 && opcode <= 10 ? fin && !rsv1
                       : 0;

                good = good && !(first & 0x30);

                byte = (char) first;
                rc = frame_feed(&f, &byte, 1);

                wrong += rc != (good ? NGX_AGAIN : NGX_DECLINED);
                wrong += !good && f.close_code != 1002;
            }
        }
    }

    unit_int(wrong, 0, "every first byte");
}


/* all second bytes of data and of control frames */

static void
frame_test_second_bytes(void)
{
    char                   bytes[2];
    ngx_int_t              rc;
    ngx_uint_t             second, control, good, wrong;
    ngx_thread_ws_frame_t  f;

    wrong = 0;

    for (second = 0; second < 256; second++) {
        for (control = 0; control < 2; control++) {

            bytes[0] = control ? '\x89' : '\x81';
            bytes[1] = (char) second;
            good = second >= 0x80 && (!control || second <= 0x80 + 125);

            ngx_memzero(&f, sizeof(ngx_thread_ws_frame_t));
            rc = frame_feed(&f, bytes, 2);

            wrong += rc != (good ? NGX_AGAIN : NGX_DECLINED);
            wrong += !good && f.close_code != 1002;
        }
    }

    unit_int(wrong, 0, "every second byte");
}


static void
frame_test_lengths(void)
{
    u_char           *payload;
    size_t            len;
    ngx_uint_t        i;
    unit_text_t       in, expected;
    frame_setting_t   setting;

    static const size_t  lengths[] = {
        1, 7, 8, 9, 124, 125, 126, 127, 128, 255, 256, 65534, 65535, 65536,
        65537
    };

    setting.limit = 65537;
    setting.deflate = 0;

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        len = lengths[i];

        payload = malloc(len);
        if (payload == NULL) {
            abort();
        }

        ngx_memset(payload, 'x', len);
        payload[0] = '<';
        payload[len - 1] = '>';

        ngx_memzero(&in, sizeof(unit_text_t));
        ngx_memzero(&expected, sizeof(unit_text_t));

        frame_put(&in, 0x82, len, payload, len);
        frame_put(&in, 0x89, 2, "hi", 2);

        unit_add(&expected, "binary fin \"");
        unit_add_bytes(&expected, payload, len);
        unit_add(&expected, "\"; ping fin \"hi\"; ");

        unit_splits(frame_run, &setting, in.data, in.len,
                    (char *) expected.data, "a frame of %lu",
                    (unsigned long) len);

        unit_text_free(&in);
        unit_text_free(&expected);
        free(payload);
    }
}


static void
frame_test_messages(void)
{
    unit_text_t      in;
    frame_setting_t  setting;

    setting.limit = 10;
    setting.deflate = 0;

    ngx_memzero(&in, sizeof(unit_text_t));

    frame_put(&in, 0x01, 6, "sixsix", 6);
    frame_put(&in, 0x89, 12, "not counted.", 12);
    frame_put(&in, 0x80, 4, "four", 4);
    frame_put(&in, 0x81, 10, "ten again.", 10);
    frame_put(&in, 0x01, 6, "sixsix", 6);
    frame_put(&in, 0x80, 5, "five!", 5);

    unit_splits(frame_run, &setting, in.data, in.len,
                "text \"sixsix\"; ping fin \"not counted.\"; "
                "cont(text) fin \"four\"; text fin \"ten again.\"; "
                "text \"sixsix\"; close 1009 at 69",
                "the limit is a message's, fragments together");

    unit_text_free(&in);
}


static void
frame_test_limits(void)
{
    frame_setting_t  setting;

    setting.limit = 10;
    setting.deflate = 0;
    frame_test_limit(&setting, 0x81, 10, 0);
    frame_test_limit(&setting, 0x81, 11, 1009);
    frame_test_limit(&setting, 0x02, 11, 1009);
    frame_test_limit(&setting, 0x81, 65536, 1009);
    frame_test_limit(&setting, 0x81, 0x7fffffffffffffffULL, 1009);
    frame_test_limit(&setting, 0x81, 0x100000005ULL, 1009);
    frame_test_limit(&setting, 0x89, 125, 0);

    setting.limit = 1;
    frame_test_limit(&setting, 0x81, 1, 0);
    frame_test_limit(&setting, 0x81, 2, 1009);

    setting.limit = 65536;
    frame_test_limit(&setting, 0x81, 65536, 0);
    frame_test_limit(&setting, 0x81, 65537, 1009);

    setting.limit = 0;
    frame_test_limit(&setting, 0x81, 0x7fffffffffffffffULL, 0);
    frame_test_limit(&setting, 0x81, 0x8000000000000000ULL, 1002);

    /* what does not compress may be a little longer: an eighth and some */

    setting.deflate = 1;
    setting.limit = 1000;
    frame_test_limit(&setting, 0xc1, 1000 + 125 + 15 + 64, 0);
    frame_test_limit(&setting, 0xc1, 1000 + 125 + 15 + 65, 1009);
    frame_test_limit(&setting, 0x81, 1000, 0);
    frame_test_limit(&setting, 0x81, 1001, 1009);

    setting.limit = (size_t) -1;
    frame_test_limit(&setting, 0xc1, 0x7fffffffffffffffULL,
                     (sizeof(size_t) == 8) ? 0 : 1009);

    /* two lengths that wrap when added */

    setting.limit = (size_t) -1;
    setting.deflate = 0;
    unit_splits(frame_run, &setting, unit_literal(
                "\x01\x81" K "a" "\x00\xff\x7f\xff\xff\xff\xff\xff\xff\xff" K),
                sizeof(size_t) == 8 ? "text \"a\"; "
                                    : "text \"a\"; close 1009 at 16",
                "no sum of lengths wraps");
}


/* refused is a close code: with the last byte of the length, not later */

static void
frame_test_limit(frame_setting_t *setting, ngx_uint_t first, uint64_t len,
    ngx_uint_t refused)
{
    ngx_int_t              rc;
    unit_text_t            in;
    ngx_thread_ws_frame_t  f;

    ngx_memzero(&in, sizeof(unit_text_t));
    frame_put(&in, first, len, NULL, 0);

    ngx_memzero(&f, sizeof(ngx_thread_ws_frame_t));
    f.limit = setting->limit;
    f.deflate = setting->deflate;

    rc = frame_feed(&f, (char *) in.data, in.len - 5);

    if (rc == NGX_AGAIN) {
        rc = frame_feed(&f, (char *) in.data + in.len - 5, 1);

    } else {
        rc = NGX_ERROR;
    }

    unit_ok(refused ? rc == NGX_DECLINED && f.close_code == refused
                    : rc == NGX_AGAIN,
            "first byte %02x, limit %llu, length %llu: %u", (unsigned) first,
            (unsigned long long) setting->limit, (unsigned long long) len,
            (unsigned) refused);

    unit_text_free(&in);
}


/* each length at each alignment, with each phase of the key */

static void
frame_test_unmask(void)
{
    u_char                 *p, *pos, buf[96];
    size_t                  len, at, phase, i;
    ngx_uint_t              wrong;
    ngx_thread_ws_frame_t   f;

    static const u_char  mask[4] = { 0x11, 0x22, 0x44, 0x88 };

    wrong = 0;

    for (len = 0; len <= 40; len++) {
        for (at = 0; at < 8; at++) {
            for (phase = 0; phase < 4; phase++) {

                ngx_memzero(&f, sizeof(ngx_thread_ws_frame_t));
                frame_feed(&f, unit_literal("\x82\xbf\x11\x22\x44\x88"));

                if (phase) {
                    frame_feed(&f, "...", phase);
                }

                ngx_memset(buf, 0x55, sizeof(buf));
                p = buf + 8 + at;
                pos = p;

                (void) ngx_thread_ws_frame_parse(&f, &pos, p + len);

                for (i = 0; i < sizeof(buf); i++) {
                    wrong += buf[i] != (0x55
                             ^ ((buf + i >= p && buf + i < p + len)
                                ? mask[(phase + (buf + i - p)) % 4] : 0));
                }
            }
        }
    }

    unit_int(wrong, 0, "unmasked in place, nothing before or behind");
}


/* what is not in the traces */

static void
frame_test_fields(void)
{
    u_char                 *pos, bytes[] = "\x01\x84" K "abcd\x89\x80" K
                                           "\x80\x83" K "efg";
    ngx_thread_ws_frame_t   f;

    ngx_memzero(&f, sizeof(ngx_thread_ws_frame_t));
    pos = bytes;

    unit_int(ngx_thread_ws_frame_parse(&f, &pos, bytes + 8), NGX_OK,
             "a first piece");
    unit_ok(f.first && !f.last && !f.fin && f.len == 2, "... begins its frame");
    unit_int(f.message, 4, "... whose announced length counts");
    unit_int(f.rest, 2, "... and has 2 bytes left");

    unit_int(ngx_thread_ws_frame_parse(&f, &pos, bytes + 10), NGX_OK,
             "a second piece");
    unit_ok(!f.first && f.last && f.len == 2, "... ends its frame");
    unit_ok(pos == bytes + 10, "... and nothing behind is touched");

    unit_int(ngx_thread_ws_frame_parse(&f, &pos, bytes + sizeof(bytes) - 1),
             NGX_OK, "a ping");
    unit_ok(f.first && f.last && f.fin && f.len == 0, "... without payload");
    unit_ok(f.opcode == NGX_THREAD_WS_OP_PING
            && f.type == NGX_THREAD_WS_OP_TEXT && f.message == 4,
            "... leaves the message as it is");

    unit_int(ngx_thread_ws_frame_parse(&f, &pos, bytes + sizeof(bytes) - 1),
             NGX_OK, "the rest");
    unit_ok(f.first && f.last && f.fin
            && f.opcode == NGX_THREAD_WS_OP_CONTINUATION
            && f.type == NGX_THREAD_WS_OP_TEXT, "... ends the message");
    unit_int(f.message, 7, "... of 7 bytes");
    unit_int(ngx_thread_ws_frame_parse(&f, &pos, bytes + sizeof(bytes) - 1),
             NGX_AGAIN, "no more");
}


static void
frame_test_header(void)
{
    u_char      buf[NGX_THREAD_WS_FRAME_HEADER_MAX], *p;
    ngx_uint_t  i;

    static const struct {
        ngx_uint_t   first;
        uint64_t     len;
        const char  *bytes;
        size_t       size;
    } headers[] = {
        { 0x81, 5, unit_literal("\x81\x05") },
        { 0x8a, 0, unit_literal("\x8a\x00") },
        { 0x01, 3, unit_literal("\x01\x03") },
        { 0xc1, 125, unit_literal("\xc1\x7d") },
        { 0x82, 126, unit_literal("\x82\x7e\x00\x7e") },
        { 0x82, 256, unit_literal("\x82\x7e\x01\x00") },
        { 0x82, 65535, unit_literal("\x82\x7e\xff\xff") },
        { 0x82, 65536, unit_literal("\x82\x7f\0\0\0\0\0\x01\0\0") },
        { 0x82, 0x0123456789abcdefULL,
          unit_literal("\x82\x7f\x01\x23\x45\x67\x89\xab\xcd\xef") }
    };

    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        p = ngx_thread_ws_frame_header(buf, headers[i].first, headers[i].len);

        unit_bytes(buf, p - buf, headers[i].bytes, headers[i].size,
                   "the header for %llu", (unsigned long long) headers[i].len);
        unit_int(ngx_thread_ws_frame_header_size(headers[i].len),
                 headers[i].size, "... and its size");
    }
}


static void
frame_test_close(void)
{
    u_char      buf[125];
    ngx_int_t   rc;
    ngx_uint_t  code, n, good, wrong;

    rc = ngx_thread_ws_frame_close(NULL, 0, &code);
    unit_ok(rc == NGX_OK && code == 1005, "no code");

    rc = ngx_thread_ws_frame_close((u_char *) "\x03", 1, &code);
    unit_ok(rc == NGX_DECLINED && code == 1002, "half a code");

    wrong = 0;

    for (n = 0; n < 65536; n++) {
        good = (n >= 1000 && n <= 1014 && n != 1004 && n != 1005 && n != 1006)
               || (n >= 3000 && n < 5000);

        buf[0] = n >> 8;
        buf[1] = n & 0xff;

        rc = ngx_thread_ws_frame_close(buf, 2, &code);

        wrong += good ? rc != NGX_OK || code != n
                      : rc != NGX_DECLINED || code != 1002;
    }

    unit_int(wrong, 0, "every code");

    rc = ngx_thread_ws_frame_close((u_char *) "\x03\xe8" "bye \xe2\x82\xac",
                                   9, &code);
    unit_ok(rc == NGX_OK && code == 1000, "a reason");

    rc = ngx_thread_ws_frame_close((u_char *) "\x03\xe8" "bye \xe2\x82", 8,
                                   &code);
    unit_ok(rc == NGX_DECLINED && code == 1007, "a reason cut in a character");

    rc = ngx_thread_ws_frame_close((u_char *) "\x03\xe8" "\xed\xa0\x80", 5,
                                   &code);
    unit_ok(rc == NGX_DECLINED && code == 1007, "a reason that is not UTF-8");

    rc = ngx_thread_ws_frame_close((u_char *) "\x03\xed" "\xff", 3, &code);
    unit_ok(rc == NGX_DECLINED && code == 1002, "a bad code goes before that");

    ngx_memset(buf, 'x', sizeof(buf));
    buf[0] = 4999 >> 8;
    buf[1] = 4999 & 0xff;

    rc = ngx_thread_ws_frame_close(buf, sizeof(buf), &code);
    unit_ok(rc == NGX_OK && code == 4999, "the longest reason");
}


/* all of the bytes, in memory of their own; the last return code */

static ngx_int_t
frame_feed(ngx_thread_ws_frame_t *f, const char *bytes, size_t len)
{
    u_char     *p, *pos;
    ngx_int_t   rc;

    p = malloc(len);
    if (p == NULL) {
        abort();
    }

    ngx_memcpy(p, bytes, len);
    pos = p;

    do {
        rc = ngx_thread_ws_frame_parse(f, &pos, p + len);
    } while (rc == NGX_OK);

    free(p);

    return rc;
}
