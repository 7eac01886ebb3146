
/*
 * The scanner over JSON text: one pass, no memory.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "json/ngx_thread_ws_json_scan.h"
#include "json/ngx_thread_ws_json_chars.h"


/*
 * More digits than these may overflow jansson's integers and doubles, which is
 * for jansson to say.
 */

#define NGX_THREAD_WS_JSON_DIGITS  18


/* apart, lest what nearly all strings need save registers for it */

static u_char *ngx_thread_ws_json_string_rest(u_char *p, u_char *last,
    u_char *start, size_t *size) __attribute__((noinline));


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
