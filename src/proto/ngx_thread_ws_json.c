
/*
 * The inside of JSON strings, and the scanner.  Both look at eight bytes at a
 * time: what streams through here is nearly always plain text.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_thread_ws_json.h"


#define NGX_THREAD_WS_JSON_ONES    0x0101010101010101ULL
#define NGX_THREAD_WS_JSON_TOPS    0x8080808080808080ULL

/*
 * More digits than these may overflow jansson's integers and doubles, which is
 * for jansson to say.
 */

#define NGX_THREAD_WS_JSON_DIGITS  18


#if (__SSE2__)

/* the compiler's own vectors, for the one instruction that SWAR lacks */

typedef signed char  ngx_thread_ws_json_v_t __attribute__((vector_size(16)));
typedef char  ngx_thread_ws_json_qi_t __attribute__((vector_size(16)));

#endif


/*
 * The top bit of each byte that is below 0x20, a quote or a backslash, and
 * above the first of them perhaps of others; 0 if there is none.
 */

static ngx_inline uint64_t
ngx_thread_ws_json_special(uint64_t w)
{
    uint64_t  q, b;

    q = w ^ (NGX_THREAD_WS_JSON_ONES * '"');
    b = w ^ (NGX_THREAD_WS_JSON_ONES * '\\');

    return (((w - NGX_THREAD_WS_JSON_ONES * 0x20) & ~w)
            | ((q - NGX_THREAD_WS_JSON_ONES) & ~q)
            | ((b - NGX_THREAD_WS_JSON_ONES) & ~b))
           & NGX_THREAD_WS_JSON_TOPS;
}


static ngx_inline uint64_t
ngx_thread_ws_json_load(u_char *p)
{
    uint64_t  w;

    ngx_memcpy(&w, p, 8);

    return w;
}


/*
 * Returns the position of the first byte that is not plain inside a string:
 * a quote, a backslash, a control character or anything but ASCII; last if
 * there is none.
 */

static ngx_inline u_char *
ngx_thread_ws_json_plain(u_char *p, u_char *last)
{
    uint64_t  w;

#if (__SSE2__)

    int                    mask;
    ngx_thread_ws_json_v_t  v, hits;

    while (last - p >= 16) {

        ngx_memcpy(&v, p, 16);

        /* compared as signed, all but ASCII is below the space, too */

        hits = (v == '"') | (v == '\\') | (v < ' ');
        mask = __builtin_ia32_pmovmskb128((ngx_thread_ws_json_qi_t) hits);

        if (mask) {
            return p + __builtin_ctz(mask);
        }

        p += 16;
    }

#endif

    while (last - p >= 8) {

        w = ngx_thread_ws_json_load(p);

        if (ngx_thread_ws_json_special(w) | (w & NGX_THREAD_WS_JSON_TOPS)) {
            break;
        }

        p += 8;
    }

    while (p < last && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\') {
        p++;
    }

    return p;
}


/* The bytes that one byte takes when escaped. */

static ngx_inline size_t
ngx_thread_ws_json_width(u_char ch)
{
    if (ch >= 0x20) {
        return (ch == '"' || ch == '\\') ? 2 : 1;
    }

    switch (ch) {

    case '\b':
    case '\t':
    case LF:
    case '\f':
    case CR:
        return 2;

    default:
        return 6;
    }
}


size_t
ngx_thread_ws_json_escaped_size(u_char *p, size_t len)
{
    size_t   size;
    u_char  *last, *end;

    if (len == 0) {
        return 0;
    }

    size = 0;
    last = p + len;

    while (last - p >= 8) {

        if (ngx_thread_ws_json_special(ngx_thread_ws_json_load(p)) == 0) {
            p += 8;
            size += 8;
            continue;
        }

        for (end = p + 8; p < end; p++) {
            size += ngx_thread_ws_json_width(*p);
        }
    }

    for ( /* void */ ; p < last; p++) {
        size += ngx_thread_ws_json_width(*p);
    }

    return size;
}


static u_char *
ngx_thread_ws_json_escape_byte(u_char *dst, u_char ch)
{
    static u_char  hex[] = "0123456789abcdef";

    switch (ch) {

    case '"':
    case '\\':
        break;

    case '\b':
        ch = 'b';
        break;

    case '\t':
        ch = 't';
        break;

    case LF:
        ch = 'n';
        break;

    case '\f':
        ch = 'f';
        break;

    case CR:
        ch = 'r';
        break;

    case '\0':
        return ngx_cpymem(dst, "\\ufffd", 6);

    default:

        if (ch >= 0x20) {
            *dst++ = ch;
            return dst;
        }

        dst = ngx_cpymem(dst, "\\u00", 4);
        *dst++ = hex[ch >> 4];
        *dst++ = hex[ch & 0xf];
        return dst;
    }

    *dst++ = '\\';
    *dst++ = ch;

    return dst;
}


u_char *
ngx_thread_ws_json_escape(u_char *dst, u_char *p, size_t len)
{
    u_char    *last;
    uint64_t   w;

    if (len == 0) {
        return dst;
    }

    last = p + len;

    while (last - p >= 8) {

        w = ngx_thread_ws_json_load(p);

        if (ngx_thread_ws_json_special(w) == 0) {
            ngx_memcpy(dst, &w, 8);
            dst += 8;
            p += 8;
            continue;
        }

        /* up to the first that needs it, and on from there */

        while (ngx_thread_ws_json_width(*p) == 1) {
            *dst++ = *p++;
        }

        dst = ngx_thread_ws_json_escape_byte(dst, *p++);
    }

    while (p < last) {
        dst = ngx_thread_ws_json_escape_byte(dst, *p++);
    }

    return dst;
}


/* Four hexadecimal digits, or -1. */

static ngx_int_t
ngx_thread_ws_json_hex4(u_char *p)
{
    u_char      c;
    ngx_int_t   n;
    ngx_uint_t  i;

    n = 0;

    for (i = 0; i < 4; i++) {

        if (p[i] >= '0' && p[i] <= '9') {
            n = n * 16 + (p[i] - '0');
            continue;
        }

        c = (u_char) (p[i] | 0x20);

        if (c < 'a' || c > 'f') {
            return -1;
        }

        n = n * 16 + (c - 'a' + 10);
    }

    return n;
}


/*
 * Reads the escape that begins at p, a surrogate pair as one; returns the
 * position after it, NULL if it is none.
 */

static u_char *
ngx_thread_ws_json_escaped(u_char *p, u_char *last, uint32_t *ch)
{
    ngx_int_t  n, low;

    if (last - p < 2) {
        return NULL;
    }

    switch (p[1]) {

    case '"':
    case '\\':
    case '/':
        *ch = p[1];
        return p + 2;

    case 'b':
        *ch = '\b';
        return p + 2;

    case 'f':
        *ch = '\f';
        return p + 2;

    case 'n':
        *ch = LF;
        return p + 2;

    case 'r':
        *ch = CR;
        return p + 2;

    case 't':
        *ch = '\t';
        return p + 2;

    case 'u':
        break;

    default:
        return NULL;
    }

    if (last - p < 6) {
        return NULL;
    }

    n = ngx_thread_ws_json_hex4(p + 2);

    if (n < 0xd800 || n > 0xdfff) {
        *ch = (uint32_t) n;
        return (n < 0) ? NULL : p + 6;
    }

    if (n > 0xdbff || last - p < 12 || p[6] != '\\' || p[7] != 'u') {
        return NULL;
    }

    low = ngx_thread_ws_json_hex4(p + 8);

    if (low < 0xdc00 || low > 0xdfff) {
        return NULL;
    }

    *ch = (uint32_t) (0x10000 + ((n - 0xd800) << 10) + (low - 0xdc00));

    return p + 12;
}


static ngx_inline size_t
ngx_thread_ws_json_utf8_size(uint32_t ch)
{
    return (ch < 0x80) ? 1 : (ch < 0x800) ? 2 : (ch < 0x10000) ? 3 : 4;
}


static u_char *
ngx_thread_ws_json_utf8_put(u_char *dst, uint32_t ch)
{
    switch (ngx_thread_ws_json_utf8_size(ch)) {

    case 1:
        *dst++ = (u_char) ch;
        return dst;

    case 2:
        *dst++ = (u_char) (0xc0 | (ch >> 6));
        break;

    case 3:
        *dst++ = (u_char) (0xe0 | (ch >> 12));
        *dst++ = (u_char) (0x80 | ((ch >> 6) & 0x3f));
        break;

    default:
        *dst++ = (u_char) (0xf0 | (ch >> 18));
        *dst++ = (u_char) (0x80 | ((ch >> 12) & 0x3f));
        *dst++ = (u_char) (0x80 | ((ch >> 6) & 0x3f));
        break;
    }

    *dst++ = (u_char) (0x80 | (ch & 0x3f));

    return dst;
}


/*
 * Passes over a character of two to four bytes, RFC 3629 section 4; returns
 * the position after it, NULL if it is none (as a shorter one is not).
 */

static ngx_inline u_char *
ngx_thread_ws_json_utf8(u_char *p, u_char *last)
{
    u_char      low, high;
    ngx_uint_t  n;

    low = 0x80;
    high = 0xbf;

    if (*p < 0xe0) {

        if (*p < 0xc2) {
            return NULL;
        }

        n = 1;

    } else if (*p < 0xf0) {

        if (*p == 0xe0) {
            low = 0xa0;

        } else if (*p == 0xed) {
            high = 0x9f;
        }

        n = 2;

    } else {

        if (*p == 0xf0) {
            low = 0x90;

        } else if (*p == 0xf4) {
            high = 0x8f;

        } else if (*p > 0xf4) {
            return NULL;
        }

        n = 3;
    }

    if ((size_t) (last - p) <= n || p[1] < low || p[1] > high) {
        return NULL;
    }

    if ((n > 1 && (p[2] & 0xc0) != 0x80) || (n > 2 && (p[3] & 0xc0) != 0x80)) {
        return NULL;
    }

    return p + n + 1;
}


u_char *
ngx_thread_ws_json_unescape(u_char *dst, u_char *p, size_t len)
{
    u_char    *last, *next;
    uint32_t   ch;

    last = p + len;

    while (p < last) {

        next = ngx_thread_ws_json_plain(p, last);

        if (next != p) {
            dst = ngx_movemem(dst, p, next - p);
            p = next;
            continue;
        }

        if (*p == '\\') {
            p = ngx_thread_ws_json_escaped(p, last, &ch);

            if (p == NULL) {
                return NULL;
            }

            dst = ngx_thread_ws_json_utf8_put(dst, ch);
            continue;
        }

        next = ngx_thread_ws_json_utf8(p, last);

        if (next == NULL) {
            return NULL;
        }

        while (p < next) {
            *dst++ = *p++;
        }
    }

    return dst;
}


/* The rest of a string from its first escape, or byte beyond ASCII, on. */

static u_char *
ngx_thread_ws_json_string_rest(u_char *p, u_char *last, u_char *start,
    size_t *size)
{
    size_t     saved;
    u_char    *next;
    uint32_t   ch;

    saved = 0;

    for ( ;; ) {

        if (p == last) {
            return NULL;
        }

        if (*p == '"') {
            *size = (size_t) (p - start) - saved;
            return p;
        }

        if (*p == '\\') {
            next = ngx_thread_ws_json_escaped(p, last, &ch);

            if (next == NULL || ch == 0) {
                return NULL;
            }

            saved += (size_t) (next - p) - ngx_thread_ws_json_utf8_size(ch);

        } else {
            next = ngx_thread_ws_json_utf8(p, last);

            if (next == NULL) {
                return NULL;
            }
        }

        p = ngx_thread_ws_json_plain(next, last);
    }
}


u_char *
ngx_thread_ws_json_string(u_char *p, u_char *last, size_t *size)
{
    u_char  *end;

    end = ngx_thread_ws_json_plain(p, last);

    /* nearly all strings are plain: this much is worth to be inlined */

    if (end < last && *end == '"') {
        *size = (size_t) (end - p);
        return end;
    }

    return ngx_thread_ws_json_string_rest(end, last, p, size);
}


static u_char *
ngx_thread_ws_json_digits(u_char *p, u_char *last)
{
    u_char  *start;

    start = p;

    while (p < last && *p >= '0' && *p <= '9') {
        p++;
    }

    if (p == start || p - start > NGX_THREAD_WS_JSON_DIGITS) {
        return NULL;
    }

    return p;
}


static u_char *
ngx_thread_ws_json_number(u_char *p, u_char *last)
{
    u_char  *start;

    if (*p == '-') {
        p++;
    }

    start = p;
    p = ngx_thread_ws_json_digits(p, last);

    if (p == NULL || (*start == '0' && p - start > 1)) {
        return NULL;
    }

    if (p < last && *p == '.') {
        p = ngx_thread_ws_json_digits(p + 1, last);

        if (p == NULL) {
            return NULL;
        }
    }

    if (p < last && (*p | 0x20) == 'e') {

        /* unusual: jansson knows what overflows */

        return NULL;
    }

    return p;
}


static u_char *
ngx_thread_ws_json_literal(u_char *p, u_char *last, char *word, size_t len)
{
    if ((size_t) (last - p) < len || ngx_memcmp(p, word, len) != 0) {
        return NULL;
    }

    return p + len;
}


u_char *
ngx_thread_ws_json_member(u_char *p, u_char *last, ngx_str_t *name)
{
    size_t   size;
    u_char  *end;

    p = ngx_thread_ws_json_space(p, last);

    if (p == last || *p != '"') {
        return NULL;
    }

    end = ngx_thread_ws_json_string(++p, last, &size);

    if (end == NULL || size != (size_t) (end - p)) {
        return NULL;
    }

    name->data = p;
    name->len = size;

    p = ngx_thread_ws_json_space(end + 1, last);

    if (p == last || *p != ':') {
        return NULL;
    }

    p = ngx_thread_ws_json_space(p + 1, last);

    return (p == last) ? NULL : p;
}


/* Passes over an object or an array, p being after its opening bracket. */

static u_char *
ngx_thread_ws_json_skip_nested(u_char *p, u_char *last, u_char close,
    ngx_uint_t depth)
{
    ngx_str_t  name;

    p = ngx_thread_ws_json_space(p, last);

    if (p < last && *p == close) {
        return p + 1;
    }

    for ( ;; ) {

        if (close == '}') {
            p = ngx_thread_ws_json_member(p, last, &name);

            if (p == NULL) {
                return NULL;
            }

        } else {
            p = ngx_thread_ws_json_space(p, last);
        }

        p = ngx_thread_ws_json_skip(p, last, depth);

        if (p == NULL) {
            return NULL;
        }

        p = ngx_thread_ws_json_space(p, last);

        if (p == last) {
            return NULL;
        }

        if (*p == close) {
            return p + 1;
        }

        if (*p++ != ',') {
            return NULL;
        }
    }
}


u_char *
ngx_thread_ws_json_skip(u_char *p, u_char *last, ngx_uint_t depth)
{
    size_t  size;

    if (p == last) {
        return NULL;
    }

    switch (*p) {

    case '"':
        p = ngx_thread_ws_json_string(p + 1, last, &size);
        return (p == NULL) ? NULL : p + 1;

    case '{':
    case '[':

        if (depth == 0) {
            return NULL;
        }

        return ngx_thread_ws_json_skip_nested(p + 1, last,
                                              (*p == '{') ? '}' : ']',
                                              depth - 1);

    case 'n':
        return ngx_thread_ws_json_literal(p, last, "null", 4);

    case 't':
        return ngx_thread_ws_json_literal(p, last, "true", 4);

    case 'f':
        return ngx_thread_ws_json_literal(p, last, "false", 5);

    default:
        return ngx_thread_ws_json_number(p, last);
    }
}
