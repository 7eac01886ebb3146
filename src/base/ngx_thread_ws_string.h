
/*
 * What core has no function for on ngx_str_t: comparing, copying, and numbers
 * that are written often, which ngx_sprintf() takes long for.  Nothing
 * here allocates but where a pool is given, nothing fails but for memory.  An
 * empty string may have any data, NULL too.
 */


#ifndef _NGX_THREAD_WS_STRING_H_INCLUDED_
#define _NGX_THREAD_WS_STRING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* 1 or 0: equal byte by byte, another string or a text that ends with zero */

static ngx_inline ngx_uint_t
ngx_thread_ws_string_equal(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || ngx_memcmp(a->data, b->data, a->len) == 0);
}


static ngx_inline ngx_uint_t
ngx_thread_ws_string_is(ngx_str_t *s, const char *text)
{
    return s->len == ngx_strlen(text)
           && (s->len == 0 || ngx_memcmp(s->data, text, s->len) == 0);
}


/* the like, but for the case of ASCII letters */

ngx_uint_t ngx_thread_ws_string_same(ngx_str_t *a, ngx_str_t *b);
ngx_uint_t ngx_thread_ws_string_is_same(ngx_str_t *s, const char *text);

/* 1 if s begins with text, byte by byte; but for the case of ASCII letters */

ngx_uint_t ngx_thread_ws_string_begins(ngx_str_t *s, const char *text);
ngx_uint_t ngx_thread_ws_string_begins_same(ngx_str_t *s, const char *text);

/* 1 if s ends with end, but for the case of ASCII letters */

ngx_uint_t ngx_thread_ws_string_ends_same(ngx_str_t *s, ngx_str_t *end);

/* 1 if s has a byte below 0x20, or 0x7f */

ngx_uint_t ngx_thread_ws_string_controls(ngx_str_t *s);

/*
 * Copies s to p, where there is room for it, and returns what lies behind it;
 * the second makes dst name the copy.  dst may be s.
 */

u_char *ngx_thread_ws_string_append(u_char *p, ngx_str_t *s);
u_char *ngx_thread_ws_string_copy(ngx_str_t *dst, u_char *p, ngx_str_t *s);

/* n in decimal to p, where NGX_INT64_LEN bytes fit; what lies behind it */

static ngx_inline u_char *
ngx_thread_ws_string_number(u_char *p, uint64_t n)
{
    u_char  *digit, digits[NGX_INT64_LEN];

    digit = digits + NGX_INT64_LEN;

    do {
        *--digit = (u_char) ('0' + n % 10);
        n /= 10;
    } while (n);

    return ngx_cpymem(p, digit, digits + NGX_INT64_LEN - digit);
}

/*
 * A copy of pool's memory: NGX_OK, or NGX_ERROR without memory.  That of an
 * empty string has no data.  dst may be s.
 */

ngx_int_t ngx_thread_ws_string_dup(ngx_pool_t *pool, ngx_str_t *dst,
    ngx_str_t *s);

/*
 * Bytes as they may stand in a log: what is not printable ASCII as \xNN.  dst
 * has four times as many.  Returns the position after what it wrote.
 */

u_char *ngx_thread_ws_string_quote(u_char *dst, u_char *p, size_t len);


#endif /* _NGX_THREAD_WS_STRING_H_INCLUDED_ */
