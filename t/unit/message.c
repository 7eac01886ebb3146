
/*
 * Frames to messages: fragments, limits, controls in between, inflated texts.
 */


#include "deflate_peer.h"
#include "ws/ngx_thread_ws_message.h"


/* what the decoder is set to */

typedef struct {
    size_t      limit;
    ngx_uint_t  binary;       /* unsigned  binary:1 */
    ngx_uint_t  deflate;      /* unsigned  deflate:1 */
    ngx_uint_t  answered;     /* our close follows the first message */
    ngx_uint_t  quiet;        /* pongs are not in the trace */
} message_setting_t;


typedef struct {
    const char  *name;
    const char  *bytes;
    size_t       len;
    const char  *expected;
} message_case_t;


#define message_case(name, bytes, expected)                                   \
    { name, bytes, sizeof(bytes) - 1, expected }

#define message_cases(setting, cases)                                         \
    message_test_cases(setting, cases, sizeof(cases) / sizeof(cases[0]))

/* the key of what the cases write by hand: it changes nothing */

#define K  "\0\0\0\0"

/* RFC 7692 section 7.2.3.1: "Hello" */

#define HELLO  "\xf2\x48\xcd\xc9\xc9\x07\x00"


static void message_run(void *ctx, unit_feed_t *feed, unit_text_t *trace);
static void message_report(ngx_thread_ws_message_t *m, unit_text_t *trace);
static void message_put(unit_text_t *out, ngx_uint_t first, const void *payload,
    size_t len);
static void message_test_cases(message_setting_t *setting,
    message_case_t *cases, ngx_uint_t n);
static void message_test_frames(void);
static void message_test_texts(void);
static void message_test_first_bad_byte(void);
static void message_test_limits(void);
static void message_test_deflate(void);
static void message_test_bombs(void);
static void message_test_closes(void);
static void message_test_random(uint32_t seed);
static void message_make(uint32_t *random, z_stream *z, unit_text_t *in,
    unit_text_t *expected);
static size_t message_chance(uint32_t *random, size_t n);
static void message_test_in_place(void);
static void message_test_memory(void);


static message_case_t  message_frames[] = {

    /* RFC 6455 section 5.7, the client's of them */

    message_case("a text, masked",
                 "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
                 "text \"Hello\"; "),
    message_case("a pong, masked",
                 "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
                 "pong \"Hello\"; "),
    message_case("a text, not masked", "\x81\x05Hello",
                 "refused 1002 protocol error"),

    message_case("nothing", "", ""),
    message_case("an empty text", "\x81\x80" K, "text \"\"; "),
    message_case("an empty binary", "\x82\x80" K, "binary \"\"; "),
    message_case("two messages", "\x81\x81" K "a\x82\x82" K "bc",
                 "text \"a\"; binary \"bc\"; "),
    message_case("a message in three", "\x01\x83" K "Hel" "\x00\x82" K "lo"
                 "\x80\x81" K "!", "text \"Hello!\"; "),
    message_case("empty fragments", "\x02\x80" K "\x00\x80" K "\x80\x80" K,
                 "binary \"\"; "),
    message_case("text among empty fragments",
                 "\x01\x80" K "\x00\x82" K "ab\x00\x80" K "\x80\x80" K,
                 "text \"ab\"; "),
    message_case("an empty fragment, then all",
                 "\x01\x80" K "\x80\x82" K "ab\x81\x81" K "c",
                 "text \"ab\"; text \"c\"; "),
    message_case("controls between fragments",
                 "\x01\x81" K "a" "\x89\x81" K "p" "\x00\x81" K "b"
                 "\x8a\x80" K "\x80\x81" K "c",
                 "ping \"p\"; pong \"\"; text \"abc\"; "),
    message_case("messages in fragments, one after another",
                 "\x01\x81" K "a" "\x80\x81" K "b"
                 "\x02\x81" K "c" "\x80\x81" K "d" "\x81\x81" K "e",
                 "text \"ab\"; binary \"cd\"; text \"e\"; "),
    message_case("a ping before a text", "\x89\x82" K "hi\x81\x81" K "a",
                 "ping \"hi\"; text \"a\"; "),
    message_case("cut in the payload", "\x81\x83" K "ab", ""),
    message_case("cut between fragments", "\x01\x82" K "ab", ""),

    /* frames that are refused after messages that were not */

    message_case("a continuation of nothing", "\x81\x81" K "a\x80\x81" K "b",
                 "text \"a\"; refused 1002 protocol error"),
    message_case("a text in a message", "\x01\x81" K "a\x81\x81" K "b",
                 "refused 1002 protocol error"),
    message_case("RSV1, not negotiated", "\xc1\x81" K "a",
                 "refused 1002 protocol error"),
    message_case("a reserved opcode", "\x89\x80" K "\x83\x80" K,
                 "ping \"\"; refused 1002 protocol error"),
    message_case("a ping in fragments", "\x09\x80" K,
                 "refused 1002 protocol error"),
};


static message_case_t  message_texts_only[] = {
    message_case("a binary", "\x81\x81" K "a\x82\x81" K "b",
                 "text \"a\"; refused 1003 binary messages are not understood"),
    message_case("an empty binary", "\x82\x80" K,
                 "refused 1003 binary messages are not understood"),
    message_case("a binary in fragments", "\x02\x81" K "a\x80\x81" K "b",
                 "refused 1003 binary messages are not understood"),
};


static message_case_t  message_texts[] = {
    message_case("two, three and four bytes",
                 "\x81\x89" K "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
                 "text \"\\xc3\\xa9\\xe2\\x82\\xac\\xf0\\x9f\\x98\\x80\"; "),
    message_case("a character over three fragments",
                 "\x01\x81" K "\xe2\x00\x81" K "\x82\x80\x81" K "\xac",
                 "text \"\\xe2\\x82\\xac\"; "),
    message_case("a ping within a character",
                 "\x01\x81" K "\xc3\x89\x81" K "\xff\x80\x81" K "\xa9",
                 "ping \"\\xff\"; text \"\\xc3\\xa9\"; "),
    message_case("a bad byte", "\x81\x83" K "a\xff" "b",
                 "refused 1007 invalid UTF-8"),
    message_case("a bad byte in a fragment that goes on",
                 "\x01\x82" K "a\xc0", "refused 1007 invalid UTF-8"),
    message_case("a surrogate", "\x81\x83" K "\xed\xa0\x80",
                 "refused 1007 invalid UTF-8"),
    message_case("cut in a character", "\x81\x82" K "\xe2\x82",
                 "refused 1007 invalid UTF-8"),
    message_case("cut in a character by the last fragment",
                 "\x01\x82" K "\xe2\x82\x80\x80" K,
                 "refused 1007 invalid UTF-8"),
    message_case("a text does not go on in the next",
                 "\x81\x81" K "a\x81\x81" K "\xa9",
                 "text \"a\"; refused 1007 invalid UTF-8"),
    message_case("a binary is not looked at", "\x82\x82" K "\xff\xc3\x81\x81" K
                 "a", "binary \"\\xff\\xc3\"; text \"a\"; "),
    message_case("the payload of a ping is not, either", "\x89\x81" K "\xff",
                 "ping \"\\xff\"; "),
};


static message_case_t  message_limits[] = {
    message_case("as much as may be", "\x81\x88" K "12345678",
                 "text \"12345678\"; "),
    message_case("a byte more, with the length alone", "\x81\x89" K,
                 "refused 1009 message too large"),
    message_case("as much in fragments",
                 "\x01\x84" K "1234\x89\x81" K "p\x80\x84" K "5678",
                 "ping \"p\"; text \"12345678\"; "),
    message_case("a byte more in fragments",
                 "\x01\x84" K "1234\x00\x84" K "5678\x80\x81" K,
                 "refused 1009 message too large"),
    message_case("each message has the limit of its own",
                 "\x81\x88" K "12345678\x02\x88" K "abcdefgh\x80\x80" K,
                 "text \"12345678\"; binary \"abcdefgh\"; "),
    message_case("controls have another", "\x89\x8a" K "1234567890",
                 "ping \"1234567890\"; "),
};


static message_case_t  message_deflated[] = {
    message_case("RFC 7692 7.2.3.1", "\xc1\x87" K HELLO, "text \"Hello\"; "),
    message_case("7.2.3.1, in fragments",
                 "\x41\x83" K "\xf2\x48\xcd\x80\x84" K "\xc9\xc9\x07\x00",
                 "text \"Hello\"; "),
    message_case("7.2.3.2, sharing the window",
                 "\xc1\x87" K HELLO "\xc1\x85" K "\xf2\x00\x11\x00\x00",
                 "text \"Hello\"; text \"Hello\"; "),
    message_case("7.2.3.4, BFINAL set",
                 "\xc1\x88" K "\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
                 "text \"Hello\"; "),
    message_case("an empty message", "\xc1\x81" K "\x00", "text \"\"; "),
    message_case("not every message is", "\xc1\x87" K HELLO "\x81\x81" K "a"
                 "\xc2\x87" K HELLO,
                 "text \"Hello\"; text \"a\"; binary \"Hello\"; "),
    message_case("empty fragments in one",
                 "\x41\x80" K "\x00\x87" K HELLO "\x89\x80" K "\x80\x80" K,
                 "ping \"\"; text \"Hello\"; "),
    message_case("no deflate data", "\xc1\x82" K "\xff\xff",
                 "refused 1007 not compressed by deflate"),
    message_case("deflate data that is cut", "\xc1\x83" K "\xf2\x48\xcd",
                 "refused 1007 not compressed by deflate"),
    message_case("no deflate data behind a message",
                 "\xc1\x87" K HELLO "\xc1\x82" K "\xff\xff",
                 "text \"Hello\"; refused 1007 not compressed by deflate"),

    /* a stored block each: bytes as they are */

    message_case("a text that is not UTF-8",
                 "\xc1\x89" K "\x00\x03\x00\xfc\xff" "a\xff" "b\x00",
                 "refused 1007 invalid UTF-8"),
    message_case("a text cut in a character",
                 "\xc1\x87" K "\x00\x01\x00\xfe\xff" "\xc3\x00",
                 "refused 1007 invalid UTF-8"),
    message_case("a binary of those bytes",
                 "\xc2\x89" K "\x00\x03\x00\xfc\xff" "a\xff" "b\x00",
                 "binary \"a\\xffb\"; "),
    message_case("bad text before bad data",
                 "\xc1\x88" K "\x00\x01\x00\xfe\xff" "\xff\xff\xff",
                 "refused 1007 invalid UTF-8"),
    message_case("as much as may be",
                 "\xc1\x8e" K "\x00\x08\x00\xf7\xff" "12345678\x00",
                 "text \"12345678\"; "),
    message_case("a byte more",
                 "\xc1\x8f" K "\x00\x09\x00\xf6\xff" "123456789\x00",
                 "refused 1009 message too large"),
    message_case("bad text before too much of it",
                 "\xc1\x8f" K "\x00\x09\x00\xf6\xff" "1\xff" "3456789\x00",
                 "refused 1007 invalid UTF-8"),
    message_case("too much before bad text",
                 "\xc1\x8f" K "\x00\x09\x00\xf6\xff" "12345678\xff\x00",
                 "refused 1009 message too large"),
    message_case("too much before bad data",
                 "\xc1\x8f" K "\x00\x09\x00\xf6\xff" "123456789\xff",
                 "refused 1009 message too large"),
};


static message_case_t  message_closes[] = {
    message_case("a close with a code", "\x88\x82" K "\x03\xe8",
                 "close 1000 \"\\x03\\xe8\"; "),
    message_case("a code and a reason", "\x88\x84" K "\x0f\xa0ok",
                 "close 4000 \"\\x0f\\xa0ok\"; "),
    message_case("an empty one", "\x88\x80" K, "close 1005 \"\"; "),
    message_case("half a code", "\x88\x81" K "\x03", "close 1002 \"\\x03\"; "),
    message_case("a code that is not to be sent", "\x88\x82" K "\x03\xee",
                 "close 1002 \"\\x03\\xee\"; "),
    message_case("a reason that is not UTF-8", "\x88\x83" K "\x03\xe8\xff",
                 "close 1007 \"\\x03\\xe8\\xff\"; "),
    message_case("what follows is left",
                 "\x81\x81" K "a\x88\x82" K "\x03\xe8\x81\x81" K "b",
                 "text \"a\"; close 1000 \"\\x03\\xe8\"; "),
    message_case("... whatever it is",
                 "\x88\x80" K "\xff\xff", "close 1005 \"\"; "),
    message_case("a message under way is forgotten",
                 "\x01\x81" K "a\x88\x80" K "\x80\x81" K "b",
                 "close 1005 \"\"; "),
};


/* our close is sent with the first message */

static message_case_t  message_answered[] = {
    message_case("messages are passed over",
                 "\x81\x81" K "a\x81\x81" K "b\x88\x82" K "\x03\xe8",
                 "text \"a\"; close 1000 \"\\x03\\xe8\"; "),
    message_case("... without a look at them",
                 "\x81\x81" K "a\x81\x81" K "\xff\xc1\x82" K "\xff\xff"
                 "\x88\x80" K, "text \"a\"; close 1005 \"\"; "),
    message_case("... in fragments, too",
                 "\x81\x81" K "a\x01\x81" K "b\x89\x80" K "\x80\x81" K "c"
                 "\x88\x80" K, "text \"a\"; ping \"\"; close 1005 \"\"; "),
    message_case("frames still are what they must be",
                 "\x81\x81" K "a\x80\x80" K,
                 "text \"a\"; refused 1002 protocol error"),
};


int
main(void)
{
    uint32_t  seed;

    message_test_frames();
    message_test_texts();
    message_test_first_bad_byte();
    message_test_limits();
    message_test_deflate();
    message_test_bombs();
    message_test_closes();

    for (seed = 1; seed <= 20; seed++) {
        message_test_random(seed);
    }

    message_test_in_place();
    message_test_memory();

    return unit_done();
}


static void
message_run(void *ctx, unit_feed_t *feed, unit_text_t *trace)
{
    u_char                   *p, *pos;
    size_t                    len;
    ngx_int_t                 rc;
    ngx_uint_t                closed;
    message_setting_t        *setting;
    ngx_thread_ws_deflate_t  *d;
    ngx_thread_ws_message_t   m;

    setting = ctx;
    d = setting->deflate ? deflate_create(15, 15, 0, 6) : NULL;
    rc = NGX_AGAIN;
    closed = 0;

    ngx_memzero(&m, sizeof(ngx_thread_ws_message_t));
    ngx_thread_ws_message_init(&m, setting->limit, setting->binary, d);

    while (rc == NGX_AGAIN && (p = unit_next(feed, &len)) != NULL) {
        pos = p;

        while ((rc = ngx_thread_ws_message_parse(&m, &pos, p + len))
               == NGX_OK)
        {
            if (!setting->quiet || m.type != NGX_THREAD_WS_OP_PONG) {
                message_report(&m, trace);
            }

            m.closing = closed = setting->answered;
        }

        if (rc == NGX_AGAIN && ngx_thread_ws_message_between(&m)) {

            /* as a connection does that says nothing for a while */

            ngx_thread_ws_message_free(&m);
            ngx_memzero(&m, sizeof(ngx_thread_ws_message_t));
            ngx_thread_ws_message_init(&m, setting->limit, setting->binary, d);
            m.closing = closed;
        }

        if (rc == NGX_AGAIN && pos != p + len) {
            unit_add(trace, "bytes are left; ");
        }

        /* what was reported is not kept: nothing comes of the same again */

        if (setting->limit
            && m.gathered.size > ngx_max(2 * setting->limit, 512))
        {
            unit_add(trace, "%lu bytes are kept; ",
                     (unsigned long) m.gathered.size);
        }
    }

    if (rc == NGX_DECLINED) {
        unit_add(trace, "refused %d %s", m.code, m.reason);

    } else if (rc == NGX_ERROR) {
        unit_add(trace, "error");
    }

    ngx_thread_ws_message_free(&m);

    if (d) {
        ngx_thread_ws_deflate_free(d);
    }
}


static void
message_report(ngx_thread_ws_message_t *m, unit_text_t *trace)
{
    static const char  *names[16] = {
        NULL, "text", "binary", NULL, NULL, NULL, NULL, NULL,
        "close", "ping", "pong"
    };

    unit_add(trace, "%s ", names[m->type]);

    if (m->type == NGX_THREAD_WS_OP_CLOSE) {
        unit_add(trace, "%d ", m->code);
    }

    if (m->data == NULL) {
        unit_add(trace, "nowhere ");
    }

    unit_add(trace, "\"");
    unit_add_escaped(trace, m->data, m->len);
    unit_add(trace, "\"; ");
}


/* a client's frame with a key that leaves no byte as it was */

static void
message_put(unit_text_t *out, ngx_uint_t first, const void *payload, size_t len)
{
    u_char         head[14], *p, byte;
    size_t         i;
    const u_char  *from;

    static const u_char  mask[4] = { 0x9d, 0x36, 0xe1, 0x4b };

    p = ngx_thread_ws_frame_header(head, first, len);
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
message_test_cases(message_setting_t *setting, message_case_t *cases,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        unit_splits(message_run, setting, cases[i].bytes, cases[i].len,
                    cases[i].expected, "%s", cases[i].name);
    }
}


static void
message_test_frames(void)
{
    message_setting_t  setting;

    ngx_memzero(&setting, sizeof(message_setting_t));

    message_cases(&setting, message_texts_only);

    setting.binary = 1;
    setting.limit = 1000000;

    message_cases(&setting, message_frames);
}


static void
message_test_texts(void)
{
    message_setting_t  setting;

    ngx_memzero(&setting, sizeof(message_setting_t));
    setting.binary = 1;

    message_cases(&setting, message_texts);
}


/* byte by byte: refused with the first byte that cannot be, not later */

static void
message_test_first_bad_byte(void)
{
    u_char                    byte, *pos;
    size_t                    i, n;
    ngx_int_t                 rc;
    ngx_thread_ws_message_t   m;

    static const struct {
        const char  *name;
        const char  *bytes;
        size_t       len;
        size_t       bad;     /* the byte that is refused */
    } cases[] = {
        { "in a frame", unit_literal("\x81\x85" K "ab\xff" "cd"), 8 },
        { "in a second fragment",
          unit_literal("\x01\x81" K "a\x00\x82" K "b\x80"), 14 },
        { "within a character",
          unit_literal("\x01\x82" K "a\xe2\x00\x83" K "\x82z "), 15 },
        { "of a surrogate", unit_literal("\x81\x83" K "\xed\xa0\x80"), 7 },
        { "beyond U+10FFFF", unit_literal("\x81\x84" K "\xf4\x90\x80\x80"), 7 },
    };

    for (n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
        ngx_memzero(&m, sizeof(ngx_thread_ws_message_t));
        ngx_thread_ws_message_init(&m, 0, 0, NULL);
        rc = NGX_AGAIN;

        for (i = 0; i < cases[n].len && rc == NGX_AGAIN; i++) {
            byte = cases[n].bytes[i];
            pos = &byte;
            rc = ngx_thread_ws_message_parse(&m, &pos, &byte + 1);
        }

        unit_ok(rc == NGX_DECLINED && m.code == NGX_THREAD_WS_CLOSE_INVALID
                && i - 1 == cases[n].bad,
                "the first bad byte %s: %lu", cases[n].name,
                (unsigned long) (i - 1));

        ngx_thread_ws_message_free(&m);
    }
}


static void
message_test_limits(void)
{
    message_setting_t  setting;

    ngx_memzero(&setting, sizeof(message_setting_t));
    setting.binary = 1;
    setting.limit = 8;

    message_cases(&setting, message_limits);
}


static void
message_test_deflate(void)
{
    message_setting_t  setting;

    ngx_memzero(&setting, sizeof(message_setting_t));
    setting.binary = 1;
    setting.deflate = 1;
    setting.limit = 8;

    message_cases(&setting, message_deflated);
}


/* little that would inflate to much: refused at the limit, not beyond it */

static void
message_test_bombs(void)
{
    size_t             limit;
    z_stream           z;
    unit_feed_t        feed;
    unit_text_t        zeros, packed, in, expected, trace;
    message_setting_t  setting;

    ngx_memzero(&zeros, sizeof(unit_text_t));
    ngx_memzero(&expected, sizeof(unit_text_t));
    ngx_memzero(&trace, sizeof(unit_text_t));
    ngx_memzero(&packed, sizeof(unit_text_t));
    ngx_memzero(&in, sizeof(unit_text_t));
    ngx_memzero(&z, sizeof(z_stream));
    ngx_memzero(&setting, sizeof(message_setting_t));

    zeros.size = 1000000;
    zeros.len = zeros.size;
    zeros.data = calloc(1, zeros.size);

    (void) deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    deflate_peer(&z, &packed, zeros.data, zeros.len, Z_SYNC_FLUSH);
    (void) deflateEnd(&z);

    message_put(&in, 0xc1, packed.data, packed.len - 4);

    setting.deflate = 1;

    for (limit = 1000; limit < zeros.len; limit *= 10) {
        setting.limit = limit;
        unit_splits(message_run, &setting, in.data, in.len,
                    "refused 1009 message too large",
                    "a million bytes in %lu, a limit of %lu",
                    (unsigned long) in.len, (unsigned long) limit);
    }

    /* the same within the limit, in pieces */

    setting.limit = zeros.len;

    unit_add(&expected, "text \"");
    unit_add_escaped(&expected, zeros.data, zeros.len);
    unit_add(&expected, "\"; ");

    unit_feed(&feed, UNIT_CHUNKS, 100, in.data, in.len);
    message_run(&setting, &feed, &trace);
    unit_feed_done(&feed);

    unit_bytes(trace.data, trace.len, expected.data, expected.len,
               "... and within the limit");

    unit_text_free(&trace);
    unit_text_free(&expected);
    unit_text_free(&zeros);
    unit_text_free(&packed);
    unit_text_free(&in);
}


static void
message_test_closes(void)
{
    u_char                    bytes[] = "\x88\x80" K "\x89\x80" K, *pos;
    ngx_int_t                 rc;
    message_setting_t         setting;
    ngx_thread_ws_message_t   m;

    ngx_memzero(&setting, sizeof(message_setting_t));
    setting.deflate = 1;

    message_cases(&setting, message_closes);

    setting.answered = 1;

    message_cases(&setting, message_answered);

    ngx_memzero(&m, sizeof(ngx_thread_ws_message_t));
    ngx_thread_ws_message_init(&m, 0, 0, NULL);

    pos = bytes;
    rc = ngx_thread_ws_message_parse(&m, &pos, bytes + 12);
    unit_ok(rc == NGX_OK && pos == bytes + 6, "a close");

    rc = ngx_thread_ws_message_parse(&m, &pos, bytes + 12);
    unit_ok(rc == NGX_DONE && pos == bytes + 6, "... leaves what follows");

    rc = ngx_thread_ws_message_parse(&m, &pos, pos);
    unit_int(rc, NGX_DONE, "... also if nothing does");

    ngx_thread_ws_message_free(&m);
}


/*
 * Messages by chance, compressed or not, cut into fragments with controls in
 * between: what comes out is what went in.
 */

static void
message_test_random(uint32_t seed)
{
    z_stream           z;
    uint32_t           random;
    ngx_uint_t         n;
    unit_text_t        in, expected;
    message_setting_t  setting;

    random = seed * 2654435761U + 1;

    ngx_memzero(&in, sizeof(unit_text_t));
    ngx_memzero(&expected, sizeof(unit_text_t));
    ngx_memzero(&z, sizeof(z_stream));
    (void) deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);

    for (n = 0; n < 6; n++) {
        message_make(&random, &z, &in, &expected);
    }

    (void) deflateEnd(&z);

    ngx_memzero(&setting, sizeof(message_setting_t));
    setting.binary = 1;
    setting.deflate = 1;
    setting.quiet = 1;
    setting.limit = 1000;

    unit_splits(message_run, &setting, in.data, in.len,
                (char *) expected.data, "messages by chance, %u",
                (unsigned) seed);

    unit_text_free(&in);
    unit_text_free(&expected);
}


static void
message_make(uint32_t *random, z_stream *z, unit_text_t *in,
    unit_text_t *expected)
{
    size_t       len, from, size;
    ngx_uint_t   first, left;
    unit_text_t  text, payload;

    ngx_memzero(&text, sizeof(unit_text_t));
    ngx_memzero(&payload, sizeof(unit_text_t));

    len = message_chance(random, message_chance(random, 4) ? 40 : 900);
    deflate_text(&text, len, *random);

    first = message_chance(random, 2) ? NGX_THREAD_WS_OP_TEXT
                                      : NGX_THREAD_WS_OP_BINARY;

    unit_add(expected, "%s \"",
             (first == NGX_THREAD_WS_OP_TEXT) ? "text" : "binary");
    unit_add_escaped(expected, text.data, text.len);
    unit_add(expected, "\"; ");

    if (len && message_chance(random, 2)) {
        deflate_peer(z, &payload, text.data, len, Z_SYNC_FLUSH);
        payload.len -= 4;
        first |= NGX_THREAD_WS_RSV1;

    } else {
        unit_add_bytes(&payload, text.data, len);
    }

    from = 0;

    for (left = message_chance(random, 4); left; left--) {
        size = message_chance(random, payload.len - from + 1);
        message_put(in, first, payload.data + from, size);

        if (message_chance(random, 3) == 0) {
            message_put(in, 0x8a, "between", 7);
        }

        from += size;
        first = NGX_THREAD_WS_OP_CONTINUATION;
    }

    message_put(in, NGX_THREAD_WS_FIN | first, payload.data + from,
                payload.len - from);

    unit_text_free(&text);
    unit_text_free(&payload);
}


/* less than n */

static size_t
message_chance(uint32_t *random, size_t n)
{
    *random = *random * 1664525 + 1013904223;

    return (*random >> 12) % n;
}


static void
message_test_in_place(void)
{
    u_char                    bytes[] = "\x81\x85" K "Hello" "\x01\x82" K "ab"
                                        "\x80\x81" K "c\x89\x81" K "p";
    u_char                   *pos, *last;
    ngx_int_t                 rc;
    ngx_thread_ws_message_t   m;

    ngx_memzero(&m, sizeof(ngx_thread_ws_message_t));
    ngx_thread_ws_message_init(&m, 100, 0, NULL);

    pos = bytes;
    last = bytes + sizeof(bytes) - 1;

    rc = ngx_thread_ws_message_parse(&m, &pos, last);
    unit_ok(rc == NGX_OK && m.data == bytes + 6 && m.len == 5,
            "a message in one frame is reported where it lies");
    unit_ok(m.gathered.data == NULL, "... without memory");
    unit_ok(pos == bytes + 11, "... and nothing behind it is touched");

    rc = ngx_thread_ws_message_parse(&m, &pos, last);
    unit_ok(rc == NGX_OK && m.data == m.gathered.data && m.len == 3,
            "one in fragments is gathered");

    rc = ngx_thread_ws_message_parse(&m, &pos, last);
    unit_ok(rc == NGX_OK && m.data == last - 1 && m.len == 1,
            "a ping is reported where it lies");
    unit_ok(m.control.data == NULL, "... without memory");

    rc = ngx_thread_ws_message_parse(&m, &pos, last);
    unit_ok(rc == NGX_AGAIN && pos == last, "no more");

    ngx_thread_ws_message_free(&m);
}


/* memory goes with the message, not with the connection */

static void
message_test_memory(void)
{
    u_char                    bytes[] = "\x01\x82" K "ab" "\x80\x81" K "c"
                                        "\x01\x81" K "x" "\x89\x82" K "pi"
                                        "\x80\x81" K "y";
    u_char                   *pos;
    ngx_int_t                 rc;
    ngx_thread_ws_message_t   m;

    ngx_memzero(&m, sizeof(ngx_thread_ws_message_t));
    ngx_thread_ws_message_init(&m, 100, 0, NULL);

    pos = bytes;
    rc = ngx_thread_ws_message_parse(&m, &pos, bytes + 15);
    unit_ok(rc == NGX_OK && m.gathered.data != NULL, "a message, gathered");

    rc = ngx_thread_ws_message_parse(&m, &pos, pos);
    unit_ok(rc == NGX_AGAIN && m.gathered.data == NULL,
            "its memory goes with the next call, without bytes");

    (void) ngx_thread_ws_message_parse(&m, &pos, bytes + 29);
    unit_ok(m.gathered.len == 1 && m.control.len == 1,
            "a ping in pieces within a message");

    rc = ngx_thread_ws_message_parse(&m, &pos, bytes + 30);
    unit_ok(rc == NGX_OK && m.type == NGX_THREAD_WS_OP_PING,
            "... is reported");

    rc = ngx_thread_ws_message_parse(&m, &pos, pos);
    unit_ok(rc == NGX_AGAIN && m.gathered.len == 1 && m.control.data == NULL,
            "... and leaves the message as it is");

    m.closing = 1;
    rc = ngx_thread_ws_message_parse(&m, &pos, bytes + 37);
    unit_ok(rc == NGX_AGAIN && m.gathered.data == NULL,
            "after our close nothing is kept");

    (void) ngx_thread_ws_message_parse(&m, &pos, bytes + 37);
    ngx_thread_ws_message_free(&m);
    unit_ok(m.gathered.data == NULL && m.control.data == NULL, "freed");
}
