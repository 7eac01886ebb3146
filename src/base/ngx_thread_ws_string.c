
/*
 * Comparing and copying strings.  Core's ngx_strncasecmp() ends at a zero byte,
 * and memcmp() is not to be given NULL: hence the lengths first.
 */


#include "base/ngx_thread_ws_string.h"


static ngx_uint_t ngx_thread_ws_string_fold(u_char *a, u_char *b, size_t len);


ngx_uint_t
ngx_thread_ws_string_same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && ngx_thread_ws_string_fold(a->data, b->data, a->len);
}


ngx_uint_t
ngx_thread_ws_string_is_same(ngx_str_t *s, const char *text)
{
    ngx_str_t  other;

    other.data = (u_char *) text;
    other.len = ngx_strlen(text);

    return ngx_thread_ws_string_same(s, &other);
}


ngx_uint_t
ngx_thread_ws_string_begins(ngx_str_t *s, const char *text)
{
    size_t  len;

    len = ngx_strlen(text);

    return s->len >= len && (len == 0 || ngx_memcmp(s->data, text, len) == 0);
}


ngx_uint_t
ngx_thread_ws_string_begins_same(ngx_str_t *s, const char *text)
{
    size_t  len;

    len = ngx_strlen(text);

    return s->len >= len
           && ngx_thread_ws_string_fold(s->data, (u_char *) text, len);
}


ngx_uint_t
ngx_thread_ws_string_ends_same(ngx_str_t *s, ngx_str_t *end)
{
    return s->len >= end->len
           && ngx_thread_ws_string_fold(s->data + (s->len - end->len),
                                        end->data, end->len);
}


static ngx_uint_t
ngx_thread_ws_string_fold(u_char *a, u_char *b, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (ngx_tolower(a[i]) != ngx_tolower(b[i])) {
            return 0;
        }
    }

    return 1;
}


ngx_uint_t
ngx_thread_ws_string_controls(ngx_str_t *s)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if (s->data[i] < 0x20 || s->data[i] == 0x7f) {
            return 1;
        }
    }

    return 0;
}


u_char *
ngx_thread_ws_string_append(u_char *p, ngx_str_t *s)
{
    return s->len ? ngx_cpymem(p, s->data, s->len) : p;
}


u_char *
ngx_thread_ws_string_copy(ngx_str_t *dst, u_char *p, ngx_str_t *s)
{
    u_char  *last;

    last = ngx_thread_ws_string_append(p, s);

    dst->data = p;
    dst->len = last - p;

    return last;
}


ngx_int_t
ngx_thread_ws_string_dup(ngx_pool_t *pool, ngx_str_t *dst, ngx_str_t *s)
{
    u_char  *p;

    if (s->len == 0) {
        ngx_str_null(dst);
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, s->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_thread_ws_string_copy(dst, p, s);

    return NGX_OK;
}


u_char *
ngx_thread_ws_string_quote(u_char *dst, u_char *p, size_t len)
{
    u_char  *last;

    static u_char  hex[] = "0123456789abcdef";

    for (last = p + len; p < last; p++) {

        if (*p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\') {
            *dst++ = *p;
            continue;
        }

        *dst++ = '\\';
        *dst++ = 'x';
        *dst++ = hex[*p >> 4];
        *dst++ = hex[*p & 0x0f];
    }

    return dst;
}
