
/*
 * JSON read and written without a tree, beside jansson's reading of the same.
 */


#include "unit.h"
#include <jansson.h>
#include "json/ngx_thread_ws_json.h"
#include "json/ngx_thread_ws_json_scan.h"


typedef struct {
    const char  *name;
    const char  *text;
    size_t       len;
    const char  *inside;     /* NULL: not valid */
    size_t       inside_len;
} json_case_t;


#define json_pair(name, text, inside)                                         \
    { name, text, sizeof(text) - 1, inside, sizeof(inside) - 1 }
#define json_bad(name, text)  { name, text, sizeof(text) - 1, NULL, 0 }


static void json_test_escape(void);
static void json_test_unescape(void);
static void json_test_characters(void);
static void json_test_positions(void);
static void json_test_string(void);
static void json_test_skip(void);
static void json_test_cut(void);
static void json_test_piece(void);
static u_char *json_copy_of(const void *data, size_t len);
static ngx_uint_t json_encode(u_char *p, uint32_t c);
static ngx_uint_t json_skips(const char *text, size_t len);
static ngx_uint_t json_judge(const char *text, size_t len);


/* plain text, and what it is when escaped */

static json_case_t  json_escapes[] = {
    json_pair("empty", "", ""),
    json_pair("words", "hello, world", "hello, world"),
    json_pair("quotes", "say \"hi\"", "say \\\"hi\\\""),
    json_pair("backslash", "a\\b", "a\\\\b"),
    json_pair("slash", "a/b", "a/b"),
    json_pair("short escapes", "\b\t\n\f\r", "\\b\\t\\n\\f\\r"),
    json_pair("other controls", "\x01\x1f\x0b", "\\u0001\\u001f\\u000b"),
    json_pair("DEL", "\x7f", "\x7f"),
    json_pair("NUL", "a\0b", "a\\ufffdb"),
    json_pair("UTF-8", "caf\xc3\xa9 \xf0\x9f\x98\x80",
              "caf\xc3\xa9 \xf0\x9f\x98\x80"),
    json_pair("special in the second word", "12345678abc\"defg",
              "12345678abc\\\"defg"),
    json_pair("only special", "\"\"\"\"\"\"\"\"\"\"",
              "\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\""),
    json_pair("top bits beside the special bytes",
              "\xc2\xa2\xc3\x9c\xc2\xa0\xc2\xa1\"",
              "\xc2\xa2\xc3\x9c\xc2\xa0\xc2\xa1\\\"")
};


/* what an inside means, in ways that the writer does not use, or not at all */

static json_case_t  json_insides[] = {
    json_pair("slash", "/", "\\/"),
    json_pair("NUL", "\0", "\\u0000"),
    json_pair("hexadecimal of any case", "\xc3\xa9\xc3\xaa\xc3\xab",
              "\\u00e9\\u00EA\\u00eB"),
    json_pair("three bytes", "\xe2\x82\xac", "\\u20ac"),
    json_pair("the last before the surrogates", "\xed\x9f\xbf", "\\ud7ff"),
    json_pair("the first after them", "\xee\x80\x80", "\\ue000"),
    json_pair("U+FFFF", "\xef\xbf\xbf", "\\uffff"),
    json_pair("a pair", "\xf0\x9f\x98\x80", "\\ud83d\\ude00"),
    json_pair("the first pair", "\xf0\x90\x80\x80", "\\uD800\\uDC00"),
    json_pair("the last pair", "\xf4\x8f\xbf\xbf", "\\udbff\\udfff"),
    json_bad("a lone high surrogate", "a\\ud83d"),
    json_bad("a high one before a letter", "\\ud83dabcdef"),
    json_bad("a high one before another escape", "\\ud83d\\n12345"),
    json_bad("two high ones", "\\ud83d\\ud83d"),
    json_bad("a high one before a plain escape", "\\ud83d\\u0041"),
    json_bad("a lone low surrogate", "\\ude00"),
    json_bad("half an escape", "abc\\"),
    json_bad("no hexadecimal", "\\u00g0"),
    json_bad("a sign in it", "\\u+123"),
    json_bad("cut hexadecimal", "\\u00e"),
    json_bad("an unknown escape", "\\x41"),
    json_bad("an upper case escape", "\\N"),
    json_bad("a quote", "a\"b"),
    json_bad("a quote after a word", "12345678\""),
    json_bad("a line feed", "a\nb"),
    json_bad("a NUL", "a\0b"),
    json_bad("a bare continuation", "a\x80" "b"),
    json_bad("an overlong form", "\xc0\xaf"),
    json_bad("an overlong form of three", "\xe0\x9f\xbf"),
    json_bad("an overlong form of four", "\xf0\x8f\xbf\xbf"),
    json_bad("a surrogate in UTF-8", "\xed\xa0\x80"),
    json_bad("beyond U+10FFFF", "\xf4\x90\x80\x80"),
    json_bad("a lead that is none", "\xf5\x80\x80\x80"),
    json_bad("cut UTF-8 of two", "a\xc3"),
    json_bad("cut UTF-8 of three", "a\xe2\x82"),
    json_bad("cut UTF-8 of four", "a\xf0\x9f\x98"),
    json_bad("UTF-8 with a letter in it", "\xe2\x82z")
};


int
main(void)
{
    json_test_escape();
    json_test_unescape();
    json_test_characters();
    json_test_positions();
    json_test_string();
    json_test_skip();
    json_test_cut();
    json_test_piece();

    return unit_done();
}


static void
json_test_escape(void)
{
    u_char       *dst, *src, *end, back[256];
    size_t        size;
    ngx_uint_t    i;
    json_case_t  *c;

    for (i = 0; i < sizeof(json_escapes) / sizeof(json_escapes[0]); i++) {
        c = &json_escapes[i];

        src = json_copy_of(c->text, c->len);
        size = ngx_thread_ws_json_escaped_size(src, c->len);
        dst = malloc(size + 1);

        end = ngx_thread_ws_json_escape(dst, src, c->len);

        unit_bytes(dst, end - dst, c->inside, c->inside_len, "escape: %s",
                   c->name);
        unit_int(size, c->inside_len, "escape: %s: its size", c->name);

        if (memchr(c->text, '\0', c->len) == NULL) {
            end = ngx_thread_ws_json_unescape(back, dst, size);
            unit_bytes(back, end ? end - back : 0, c->text, c->len,
                       "escape: %s: and back", c->name);
        }

        free(dst);
        free(src);
    }
}


static void
json_test_unescape(void)
{
    u_char       *src, *dst, *end;
    ngx_uint_t    i;
    json_case_t  *c;

    for (i = 0; i < sizeof(json_insides) / sizeof(json_insides[0]); i++) {
        c = &json_insides[i];

        if (c->inside == NULL) {
            src = json_copy_of(c->text, c->len);
            dst = malloc(c->len);

            unit_ok(ngx_thread_ws_json_unescape(dst, src, c->len) == NULL,
                    "unescape: %s is refused", c->name);

            free(src);
            free(dst);
            continue;
        }

        src = json_copy_of(c->inside, c->inside_len);
        end = ngx_thread_ws_json_unescape(src, src, c->inside_len);

        unit_bytes(src, end ? end - src : 0, c->text, c->len,
                   "unescape: %s, in place", c->name);

        free(src);
    }
}


/* every character there is, plain and as escapes */

static void
json_test_characters(void)
{
    char        escaped[16];
    size_t      len, size;
    u_char      ch[4], inside[16], back[16], *end;
    uint32_t    c;
    ngx_uint_t  plain, escapes, sizes;

    plain = 0;
    escapes = 0;
    sizes = 0;

    for (c = 1; c <= 0x10ffff; c++) {

        if (c >= 0xd800 && c <= 0xdfff) {
            continue;
        }

        len = json_encode(ch, c);

        end = ngx_thread_ws_json_escape(inside, ch, len);
        end = ngx_thread_ws_json_unescape(back, inside, end - inside);

        plain += (end && (size_t) (end - back) == len
                  && ngx_memcmp(back, ch, len) == 0);

        if (c < 0x10000) {
            snprintf(escaped, sizeof(escaped), "\\u%04x\"", (unsigned) c);

        } else {
            snprintf(escaped, sizeof(escaped), "\\u%04x\\u%04x\"",
                     (unsigned) (0xd800 + ((c - 0x10000) >> 10)),
                     (unsigned) (0xdc00 + ((c - 0x10000) & 0x3ff)));
        }

        end = ngx_thread_ws_json_unescape(back, (u_char *) escaped,
                                          ngx_strlen(escaped) - 1);

        escapes += (end && (size_t) (end - back) == len
                    && ngx_memcmp(back, ch, len) == 0);

        end = ngx_thread_ws_json_string((u_char *) escaped, (u_char *) escaped
                                        + ngx_strlen(escaped), &size);

        sizes += (end && size == len);
    }

    unit_int(plain, 0x10ffff - 0x800, "each character, plain");
    unit_int(escapes, 0x10ffff - 0x800, "each character, as an escape");
    unit_int(sizes, 0x10ffff - 0x800, "each character's size");
}


/* each byte at each place of texts of many lengths, against the plain way */

static void
json_test_positions(void)
{
    u_char      *p, *dst, *end;
    size_t       len, i, size;
    ngx_uint_t   c, special, wrong;

    wrong = 0;

    for (len = 1; len <= 40; len++) {
        p = malloc(len);
        dst = malloc(6 * len);

        for (i = 0; i < len; i++) {

            for (c = 0; c < 256; c++) {
                ngx_memset(p, 'a', len);
                p[i] = (u_char) c;

                special = (c < 0x20 || c == '"' || c == '\\');
                size = ngx_thread_ws_json_escaped_size(p, len);
                end = ngx_thread_ws_json_escape(dst, p, len);

                wrong += (size_t) (end - dst) != size
                         || (special ? size == len : size != len)
                         || ngx_memcmp(dst, p, i) != 0
                         || ngx_memcmp(end - (len - i - 1), p + i + 1,
                                       len - i - 1) != 0;

                /* the scanner stops there, and only there */

                end = ngx_thread_ws_json_string(p, p + len, &size);

                wrong += (c == '"') ? (end != p + i || size != i)
                                    : (end != NULL);

                end = ngx_thread_ws_json_unescape(dst, p, len);

                wrong += (!special && c < 0x80)
                         ? (end != dst + len || ngx_memcmp(dst, p, len) != 0)
                         : (end != NULL);
            }
        }

        free(p);
        free(dst);
    }

    unit_int(wrong, 0, "each byte at each place");
}


static void
json_test_string(void)
{
    size_t        size, n;
    u_char       *src, *end;
    ngx_uint_t    i;
    json_case_t  *c;

    for (i = 0; i < sizeof(json_insides) / sizeof(json_insides[0]); i++) {
        c = &json_insides[i];

        n = c->inside ? c->inside_len : c->len;
        src = json_copy_of(c->inside ? c->inside : c->text, n + 1);
        src[n] = '"';

        end = ngx_thread_ws_json_string(src, src + n + 1, &size);

        if (c->inside && memchr(c->text, '\0', c->len) == NULL) {
            unit_ok(end == src + n && size == c->len, "string: %s", c->name);

        } else {
            unit_ok(end != src + n, "string: %s: not passed over", c->name);
        }

        free(src);
    }
}


static void
json_test_skip(void)
{
    ngx_uint_t  i;

    static const char  *ordinary[] = {
        "null", "true", "false", "0", "-1", "12.5", "-0.25", "1795405698",
        "999999999999999999", "\"\"", "\"a\\u00e9\"", "[]", "{}", "[ ]",
        "{ }", "[1,2, 3 ,\t4\n]", "{\"a\":1}", "{ \"a\" : [ ] , \"b\":{}}",
        "[[[[[[[[]]]]]]]]", "{\"a\":{\"b\":[null,{\"c\":\"d\"}]}}",
        "{\"caf\xc3\xa9\":1}", "{\"\":1}", "\"\xf0\x9f\x98\x80\""
    };

    /* valid, but for jansson to say */

    static const char  *unusual[] = {
        "1e5", "1E-5", "1234567890123456789", "0.1234567890123456789",
        "[[[[[[[[[]]]]]]]]]", "{\"a\\u0062\":1}", "\"\\u0000\""
    };

    static const char  *broken[] = {
        "", "nul", "nulL", "tru", "True", "-", "+1", "01", "-01", "1.", ".5",
        "1.e1", "0x1", "\"", "\"\\\"", "\"\\ud800\"", "\"\t\"", "[", "[1",
        "[1,", "[1,]", "[,1]", "[1 2]", "{", "{\"a\"", "{\"a\":", "{\"a\":1",
        "{\"a\":1,", "{\"a\":1,}", "{,}", "{a:1}", "{\"a\" 1}", "{'a':1}",
        "{\"a\":1]", "[1}", "}", "]", "{1:2}", "\"\xff\"", "NaN", "Infinity",
        "12345678901234567890", "1e999",
        "/**/1", "\xef\xbb\xbf[]"
    };

    for (i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++) {
        unit_ok(json_skips(ordinary[i], ngx_strlen(ordinary[i]))
                && json_judge(ordinary[i], ngx_strlen(ordinary[i])),
                "skip: %s", ordinary[i]);
    }

    for (i = 0; i < sizeof(unusual) / sizeof(unusual[0]); i++) {
        unit_ok(!json_skips(unusual[i], ngx_strlen(unusual[i]))
                && json_judge(unusual[i], ngx_strlen(unusual[i])),
                "skip: %s is unusual", unusual[i]);
    }

    for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        unit_ok(!json_skips(broken[i], ngx_strlen(broken[i]))
                && !json_judge(broken[i], ngx_strlen(broken[i])),
                "skip: %s is broken", broken[i]);
    }
}


/* a document that ends early, or that has one byte changed */

static void
json_test_cut(void)
{
    char        text[128];
    size_t      len, i;
    ngx_uint_t  c, taken, wrong, agreed;

    static const char  document[] =
        "{\"a\": [1, -2.5, null, true, false], \"b\":{\"c\":\"d\\n\\u20ac\","
        "\"e\":\"caf\xc3\xa9\"}}";

    len = sizeof(document) - 1;
    taken = 0;

    for (i = 0; i < len; i++) {
        taken += json_skips(document, i);
    }

    unit_ok(json_skips(document, len), "cut: the whole document");
    unit_int(taken, 0, "cut: none of its beginnings");

    wrong = 0;
    agreed = 0;

    for (i = 0; i < len; i++) {

        for (c = 0; c < 256; c++) {
            ngx_memcpy(text, document, len);
            text[i] = (char) c;

            if (json_skips(text, len)) {
                agreed++;
                wrong += !json_judge(text, len);
            }
        }
    }

    unit_int(wrong, 0, "cut: what it passes over, jansson reads");
    unit_ok(agreed > 1000, "cut: some of it (%lu)", (unsigned long) agreed);
}


static u_char *
json_copy_of(const void *data, size_t len)
{
    u_char  *p;

    p = malloc(len ? len : 1);
    ngx_memcpy(p, data, len);

    return p;
}


static ngx_uint_t
json_encode(u_char *p, uint32_t c)
{
    if (c < 0x80) {
        p[0] = (u_char) c;
        return 1;
    }

    if (c < 0x800) {
        p[0] = (u_char) (0xc0 + c / 64);
        p[1] = (u_char) (0x80 + c % 64);
        return 2;
    }

    if (c < 0x10000) {
        p[0] = (u_char) (0xe0 + c / 4096);
        p[1] = (u_char) (0x80 + c / 64 % 64);
        p[2] = (u_char) (0x80 + c % 64);
        return 3;
    }

    p[0] = (u_char) (0xf0 + c / 262144);
    p[1] = (u_char) (0x80 + c / 4096 % 64);
    p[2] = (u_char) (0x80 + c / 64 % 64);
    p[3] = (u_char) (0x80 + c % 64);
    return 4;
}


static ngx_uint_t
json_skips(const char *text, size_t len)
{
    u_char      *p;
    ngx_uint_t   whole;

    p = json_copy_of(text, len);
    whole = (ngx_thread_ws_json_skip(p, p + len, 8) == p + len);
    free(p);

    return whole;
}


static ngx_uint_t
json_judge(const char *text, size_t len)
{
    json_t  *root;

    root = json_loadb(text, len, JSON_DECODE_ANY|JSON_ALLOW_NUL, NULL);

    if (root == NULL) {
        return 0;
    }

    json_decref(root);

    return 1;
}


/* whatever the size, each piece is the inside of a string by itself */

static void
json_test_piece(void)
{
    size_t   size, len;
    u_char  *p, *end, *last, *plain, *whole, *to;

    u_char   text[] = "a\\\"b\\\\\\u00e9\xc3\xa9\xe2\x82\xac\\ud83d\\ude00"
                      "\xf0\x9f\x98\x80\\uD83D\\uDE00\\n\\/end";

    len = sizeof(text) - 1;
    last = text + len;

    whole = malloc(len);
    plain = malloc(len);

    end = ngx_thread_ws_json_unescape(whole, text, len);

    for (size = 1; size <= len + 1; size++) {
        to = plain;

        for (p = text; p < last; p = end) {
            end = ngx_thread_ws_json_piece(p, last, size);

            if (end <= p || end > last
                || (end != last && (size_t) (end - p) < size))
            {
                break;
            }

            to = ngx_thread_ws_json_unescape(to, p, (size_t) (end - p));

            if (to == NULL) {
                break;
            }
        }

        unit_ok(p == last && to, "pieces of %d: each is whole", (int) size);
        unit_ok(to && ngx_memcmp(plain, whole, (size_t) (to - plain)) == 0,
                "pieces of %d: all of it", (int) size);
    }

    free(whole);
    free(plain);
}
