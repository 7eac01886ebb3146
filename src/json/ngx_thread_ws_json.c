
/*
 * The inside of JSON strings.  It is looked at many bytes at a time: what goes
 * through here is nearly always plain text.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "json/ngx_thread_ws_json.h"
#include "json/ngx_thread_ws_json_chars.h"


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


u_char *
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


u_char *
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


u_char *
ngx_thread_ws_json_piece(u_char *p, u_char *last, size_t size)
{
    u_char  *end;

    if ((size_t) (last - p) <= size) {
        return last;
    }

    end = p + size;

    while (p < end) {

        if (*p != '\\') {
            p++;

        } else if (p[1] != 'u') {
            p += 2;

        } else if ((p[2] == 'd' || p[2] == 'D') && ngx_strchr("89abAB", p[3]))
        {
            /* the first half of a pair, \ud800 to \udbff */

            p += 12;

        } else {
            p += 6;
        }
    }

    while (p < last && (*p & 0xc0) == 0x80) {
        p++;
    }

    return p;
}


u_char *
ngx_thread_ws_json_unescape(u_char *dst, u_char *p, size_t len)
{
    u_char    *last, *next;
    uint32_t   ch;

    if (len == 0) {
        return dst;
    }

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
