
/*
 * UTF-8, checked as it comes: every code point, every bad byte, every cut.
 */


#include "unit.h"
#include "ws/ngx_thread_ws_utf8.h"


typedef struct {
    const char  *name;
    const char  *text;
    size_t       len;
    ngx_int_t    bad;      /* the place of the byte that is refused, or -1 */
} utf8_case_t;


#define utf8_case(name, text, bad)  { name, text, sizeof(text) - 1, bad }


static void utf8_run(void *ctx, unit_feed_t *feed, unit_text_t *trace);
static ngx_int_t utf8_bad(const u_char *p, size_t len, uint32_t *state);
static ngx_uint_t utf8_encode(u_char *p, uint32_t c);
static void utf8_test_cases(void);
static void utf8_test_positions(void);
static void utf8_test_characters(void);
static void utf8_test_pairs(void);


static utf8_case_t  utf8_cases[] = {

    /* valid, whole */

    utf8_case("empty", "", -1),
    utf8_case("one letter", "a", -1),
    utf8_case("NUL", "\0", -1),
    utf8_case("DEL", "\x7f", -1),
    utf8_case("eight letters", "abcdefgh", -1),
    utf8_case("a long text", "abcdefghijklmnopqrstuvwxyz0123456789", -1),
    utf8_case("greek", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", -1),
    utf8_case("hanzi", "\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x8c", -1),
    utf8_case("emoji", "\xf0\x9f\x98\x80 \xf0\x9f\x91\xa9\xe2\x80\x8d", -1),
    utf8_case("U+0080", "\xc2\x80", -1),
    utf8_case("U+07FF", "\xdf\xbf", -1),
    utf8_case("U+0800", "\xe0\xa0\x80", -1),
    utf8_case("U+D7FF", "\xed\x9f\xbf", -1),
    utf8_case("U+E000", "\xee\x80\x80", -1),
    utf8_case("U+FEFF", "\xef\xbb\xbf", -1),
    utf8_case("U+FFFD", "\xef\xbf\xbd", -1),
    utf8_case("U+FFFF, a noncharacter", "\xef\xbf\xbf", -1),
    utf8_case("U+10000", "\xf0\x90\x80\x80", -1),
    utf8_case("U+3FFFF", "\xf0\xbf\xbf\xbf", -1),
    utf8_case("U+10FFFF", "\xf4\x8f\xbf\xbf", -1),

    /* valid as far as they go */

    utf8_case("cut after 1 of 2", "a\xc3", -1),
    utf8_case("cut after 1 of 3", "a\xe2", -1),
    utf8_case("cut after 2 of 3", "a\xe2\x82", -1),
    utf8_case("cut after 1 of 4", "a\xf0", -1),
    utf8_case("cut after 2 of 4", "a\xf0\x9f", -1),
    utf8_case("cut after 3 of 4", "a\xf0\x9f\x98", -1),

    /* continuations without a lead, leads without continuations */

    utf8_case("80 alone", "\x80", 0),
    utf8_case("BF alone", "\xbf", 0),
    utf8_case("80 after letters", "abcdefghij\x80", 10),
    utf8_case("one continuation too many", "\xc3\xa9\xa9", 2),
    utf8_case("a letter for the 2nd of 2", "\xc3 ", 1),
    utf8_case("a letter for the 2nd of 3", "\xe2 \x82", 1),
    utf8_case("a letter for the 3rd of 3", "\xe2\x82 ", 2),
    utf8_case("a letter for the 4th of 4", "\xf0\x9f\x98 ", 3),
    utf8_case("a lead for the 2nd of 2", "\xc3\xc3\xa9", 1),
    utf8_case("a lead for the 3rd of 3", "\xe2\x82\xe2\x82\xac", 2),
    utf8_case("C0 where 80 should be", "\xe2\x82\xc0", 2),

    /* overlong forms: the first byte that shows it */

    utf8_case("C0", "\xc0\x80", 0),
    utf8_case("C0 AF", "\xc0\xaf", 0),
    utf8_case("C1", "\xc1\xbf", 0),
    utf8_case("E0 80 AF", "\xe0\x80\xaf", 1),
    utf8_case("E0 9F BF", "\xe0\x9f\xbf", 1),
    utf8_case("F0 80 80 AF", "\xf0\x80\x80\xaf", 1),
    utf8_case("F0 8F BF BF", "\xf0\x8f\xbf\xbf", 1),
    utf8_case("F8, five bytes", "\xf8\x88\x80\x80\x80", 0),
    utf8_case("FC, six bytes", "\xfc\x84\x80\x80\x80\x80", 0),

    /* surrogates, alone and paired as in CESU-8 */

    utf8_case("U+D800", "\xed\xa0\x80", 1),
    utf8_case("U+DB7F", "\xed\xad\xbf", 1),
    utf8_case("U+DBFF", "\xed\xaf\xbf", 1),
    utf8_case("U+DC00", "\xed\xb0\x80", 1),
    utf8_case("U+DFFF", "\xed\xbf\xbf", 1),
    utf8_case("a pair", "\xed\xa0\xbd\xed\xb8\x80", 1),
    utf8_case("a text before", "\xce\xba\xe1\xbd\xb9\xed\xa0\x80" "ed", 6),

    /* beyond U+10FFFF */

    utf8_case("U+110000", "\xf4\x90\x80\x80", 1),
    utf8_case("F4 BF", "\xf4\xbf\xbf\xbf", 1),
    utf8_case("F5", "\xf5\x80\x80\x80", 0),
    utf8_case("F7", "\xf7\xbf\xbf\xbf", 0),
    utf8_case("FE", "\xfe", 0),
    utf8_case("FF", "\xff", 0),
};


int
main(void)
{
    utf8_test_cases();
    utf8_test_positions();
    utf8_test_characters();
    utf8_test_pairs();

    return unit_done();
}


/*
 * The trace is the place of the first refused byte.  Where a piece holds it,
 * each shorter beginning of the piece must pass: a check that fails late would
 * otherwise look like one that does not.
 */

static void
utf8_run(void *ctx, unit_feed_t *feed, unit_text_t *trace)
{
    u_char    *p;
    size_t     len, n, done;
    uint32_t   state, before;
    ngx_int_t  rc;

    state = NGX_THREAD_WS_UTF8_COMPLETE;
    done = 0;

    while ((p = unit_next(feed, &len)) != NULL) {
        before = state;

        rc = ngx_thread_ws_utf8_check(&state, p, len);

        if (rc == NGX_OK) {
            done += len;
            continue;
        }

        for (n = 1; n <= len; n++) {
            state = before;

            if (ngx_thread_ws_utf8_check(&state, p, n) != NGX_OK) {
                break;
            }
        }

        unit_add(trace, "refused at %lu", (unsigned long) (done + n - 1));
        return;
    }

    unit_add(trace, "%s", (state == NGX_THREAD_WS_UTF8_COMPLETE) ? "complete"
                                                                 : "partial");
}


static void
utf8_test_cases(void)
{
    char          expected[64];
    ngx_uint_t    i;
    utf8_case_t  *c;

    for (i = 0; i < sizeof(utf8_cases) / sizeof(utf8_cases[0]); i++) {
        c = &utf8_cases[i];

        if (c->bad >= 0) {
            snprintf(expected, sizeof(expected), "refused at %d",
                     (int) c->bad);

        } else {
            snprintf(expected, sizeof(expected), "%s",
                     ngx_strncmp(c->name, "cut", 3) == 0 ? "partial"
                                                         : "complete");
        }

        unit_splits(utf8_run, NULL, c->text, c->len, expected, "%s", c->name);
    }
}


/* the word-wise path: a bad byte at each place of a text, at each alignment */

static void
utf8_test_positions(void)
{
    u_char      buf[80];
    uint32_t    state;
    ngx_int_t   bad, wrong;
    ngx_uint_t  from, at;

    wrong = 0;

    for (from = 0; from < 9; from++) {
        for (at = 0; at < 64; at++) {
            ngx_memset(buf, 'x', sizeof(buf));
            buf[from + at] = 0xff;

            bad = utf8_bad(buf + from, 64, &state);

            if (bad != (ngx_int_t) at) {
                wrong++;
            }

            /* all at once, so that it lies inside a word */

            state = NGX_THREAD_WS_UTF8_COMPLETE;

            if (ngx_thread_ws_utf8_check(&state, buf + from, 64)
                != NGX_ERROR)
            {
                wrong++;
            }

            /* nor may a byte before or behind the text matter */

            ngx_memset(buf, 0xff, sizeof(buf));
            ngx_memset(buf + from, 'x', at);
            state = NGX_THREAD_WS_UTF8_COMPLETE;

            if (ngx_thread_ws_utf8_check(&state, buf + from, at) != NGX_OK) {
                wrong++;
            }
        }
    }

    unit_int(wrong, 0, "a bad byte at each place and alignment");
}


/* every code point there can be, encoded as RFC 3629 has it */

static void
utf8_test_characters(void)
{
    u_char      buf[8];
    uint32_t    c, state;
    ngx_int_t   bad;
    ngx_uint_t  n, wrong, surrogates;

    wrong = 0;
    surrogates = 0;

    for (c = 0; c < 0x140000; c++) {
        n = utf8_encode(buf, c);
        bad = utf8_bad(buf, n, &state);

        if ((c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff) {
            surrogates += (bad < 0);
            continue;
        }

        wrong += (bad >= 0 || state != NGX_THREAD_WS_UTF8_COMPLETE);
    }

    unit_int(wrong, 0, "every character is taken");
    unit_int(surrogates, 0, "every surrogate and all beyond is refused");
}


/* all sequences of two bytes against the table of RFC 3629 section 4 */

static void
utf8_test_pairs(void)
{
    u_char      buf[2];
    uint32_t    state;
    ngx_int_t   bad, expected;
    ngx_uint_t  a, b, low, high, wrong;

    wrong = 0;

    for (a = 0; a < 256; a++) {
        for (b = 0; b < 256; b++) {
            buf[0] = a;
            buf[1] = b;

            low = (a == 0xe0) ? 0xa0 : (a == 0xf0) ? 0x90 : 0x80;
            high = (a == 0xed) ? 0x9f : (a == 0xf4) ? 0x8f : 0xbf;

            if (a < 0x80) {
                expected = (b < 0x80 || (b >= 0xc2 && b <= 0xf4)) ? -1 : 1;

            } else if (a < 0xc2 || a > 0xf4) {
                expected = 0;

            } else {
                expected = (b >= low && b <= high) ? -1 : 1;
            }

            bad = utf8_bad(buf, 2, &state);
            wrong += (bad != expected);
        }
    }

    unit_int(wrong, 0, "every pair of bytes");
}


/* the first refused byte's place, -1 if there is none */

static ngx_int_t
utf8_bad(const u_char *p, size_t len, uint32_t *state)
{
    size_t  n;

    for (n = 0; n <= len; n++) {
        *state = NGX_THREAD_WS_UTF8_COMPLETE;

        if (ngx_thread_ws_utf8_check(state, (u_char *) p, n) != NGX_OK) {
            return n - 1;
        }
    }

    return -1;
}


static ngx_uint_t
utf8_encode(u_char *p, uint32_t c)
{
    if (c < 0x80) {
        p[0] = c;
        return 1;
    }

    if (c < 0x800) {
        p[0] = 0xc0 | (c >> 6);
        p[1] = 0x80 | (c & 0x3f);
        return 2;
    }

    if (c < 0x10000) {
        p[0] = 0xe0 | (c >> 12);
        p[1] = 0x80 | ((c >> 6) & 0x3f);
        p[2] = 0x80 | (c & 0x3f);
        return 3;
    }

    p[0] = 0xf0 | (c >> 18);
    p[1] = 0x80 | ((c >> 12) & 0x3f);
    p[2] = 0x80 | ((c >> 6) & 0x3f);
    p[3] = 0x80 | (c & 0x3f);

    return 4;
}
