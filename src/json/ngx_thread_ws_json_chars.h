
/*
 * The characters inside JSON strings: what the files that read and write them
 * share, to be inlined there.
 */


#ifndef _NGX_THREAD_WS_JSON_CHARS_H_INCLUDED_
#define _NGX_THREAD_WS_JSON_CHARS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_THREAD_WS_JSON_ONES    0x0101010101010101ULL
#define NGX_THREAD_WS_JSON_TOPS    0x8080808080808080ULL


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

    int                     mask;
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


static ngx_inline size_t
ngx_thread_ws_json_utf8_size(uint32_t ch)
{
    return (ch < 0x80) ? 1 : (ch < 0x800) ? 2 : (ch < 0x10000) ? 3 : 4;
}


/*
 * Reads the escape that begins at p, a surrogate pair as one; returns the
 * position after it, NULL if it is none.
 */

u_char *ngx_thread_ws_json_escaped(u_char *p, u_char *last, uint32_t *ch);

/* Writes a character, or what its code alone would be; four bytes at most. */

u_char *ngx_thread_ws_json_utf8_put(u_char *dst, uint32_t ch);


#endif /* _NGX_THREAD_WS_JSON_CHARS_H_INCLUDED_ */
