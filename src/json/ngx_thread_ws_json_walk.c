
/*
 * JSON's grammar, step by step: what may come after what is here, what is open
 * is in a stack of bits.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "json/ngx_thread_ws_json_walk.h"
#include "json/ngx_thread_ws_json_chars.h"
#include "json/ngx_thread_ws_json_scan.h"


typedef struct {
    u_char                      *p;
    u_char                      *last;
    ngx_uint_t                   depth;
    ngx_str_t                    name;     /* of the outermost object's */
    ngx_str_t                    value;
    ngx_thread_ws_json_walk_pt   handler;
    void                        *data;
    u_char                       objects[NGX_THREAD_WS_JSON_WALK_DEPTH / 8];
} ngx_thread_ws_json_walker_t;


static ngx_int_t ngx_thread_ws_json_walk_value(
    ngx_thread_ws_json_walker_t *w);
static ngx_int_t ngx_thread_ws_json_walk_open(ngx_thread_ws_json_walker_t *w);
static ngx_int_t ngx_thread_ws_json_walk_member(
    ngx_thread_ws_json_walker_t *w);
static ngx_int_t ngx_thread_ws_json_walk_after(ngx_thread_ws_json_walker_t *w);
static ngx_int_t ngx_thread_ws_json_walk_string(
    ngx_thread_ws_json_walker_t *w);
static ngx_int_t ngx_thread_ws_json_walk_escape(
    ngx_thread_ws_json_walker_t *w);
static ngx_int_t ngx_thread_ws_json_walk_number(
    ngx_thread_ws_json_walker_t *w);
static ngx_int_t ngx_thread_ws_json_walk_digits(
    ngx_thread_ws_json_walker_t *w);
static ngx_int_t ngx_thread_ws_json_walk_word(ngx_thread_ws_json_walker_t *w,
    char *word);


/* whether the innermost of what is open is an object */

static ngx_inline ngx_uint_t
ngx_thread_ws_json_walk_object(ngx_thread_ws_json_walker_t *w)
{
    ngx_uint_t  i;

    i = w->depth - 1;

    return (w->objects[i / 8] >> (i % 8)) & 1;
}


ngx_int_t
ngx_thread_ws_json_walk(ngx_str_t *text, ngx_thread_ws_json_walk_pt handler,
    void *data)
{
    ngx_int_t                    rc;
    ngx_thread_ws_json_walker_t  w;

    w.p = text->data;
    w.last = text->data + text->len;
    w.depth = 0;
    w.handler = handler;
    w.data = data;

    for ( ;; ) {

        rc = ngx_thread_ws_json_walk_value(&w);

        if (rc == NGX_OK) {
            rc = ngx_thread_ws_json_walk_after(&w);
        }

        if (rc == NGX_DONE) {
            return NGX_OK;
        }

        if (rc != NGX_AGAIN) {
            return rc;
        }
    }
}


/*
 * A value, or its beginning: NGX_OK at its end, NGX_AGAIN where a value within
 * it is next
 */

static ngx_int_t
ngx_thread_ws_json_walk_value(ngx_thread_ws_json_walker_t *w)
{
    w->p = ngx_thread_ws_json_space(w->p, w->last);

    if (w->p == w->last) {
        return NGX_DECLINED;
    }

    if (w->depth == 1) {
        w->value.data = w->p;
    }

    switch (*w->p) {

    case '{':
    case '[':
        return ngx_thread_ws_json_walk_open(w);

    case '"':
        return ngx_thread_ws_json_walk_string(w);

    case 'n':
        return ngx_thread_ws_json_walk_word(w, "null");

    case 't':
        return ngx_thread_ws_json_walk_word(w, "true");

    case 'f':
        return ngx_thread_ws_json_walk_word(w, "false");

    default:
        return ngx_thread_ws_json_walk_number(w);
    }
}


static ngx_int_t
ngx_thread_ws_json_walk_open(ngx_thread_ws_json_walker_t *w)
{
    ngx_uint_t  i, object;

    if (w->depth == NGX_THREAD_WS_JSON_WALK_DEPTH) {
        return NGX_BUSY;
    }

    object = (*w->p == '{');
    i = w->depth++;

    w->objects[i / 8] &= ~(1 << (i % 8));
    w->objects[i / 8] |= object << (i % 8);

    w->p = ngx_thread_ws_json_space(w->p + 1, w->last);

    if (w->p < w->last && *w->p == (object ? '}' : ']')) {
        w->p++;
        w->depth--;
        return NGX_OK;
    }

    return object ? ngx_thread_ws_json_walk_member(w) : NGX_AGAIN;
}


/* a member's name and colon */

static ngx_int_t
ngx_thread_ws_json_walk_member(ngx_thread_ws_json_walker_t *w)
{
    u_char  *start;

    w->p = ngx_thread_ws_json_space(w->p, w->last);

    if (w->p == w->last || *w->p != '"') {
        return NGX_DECLINED;
    }

    start = w->p + 1;

    if (ngx_thread_ws_json_walk_string(w) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (w->depth == 1) {
        w->name.data = start;
        w->name.len = (size_t) (w->p - 1 - start);
    }

    w->p = ngx_thread_ws_json_space(w->p, w->last);

    if (w->p == w->last || *w->p++ != ':') {
        return NGX_DECLINED;
    }

    return NGX_AGAIN;
}


/* what follows a value: the next one, or ends; NGX_DONE at the text's */

static ngx_int_t
ngx_thread_ws_json_walk_after(ngx_thread_ws_json_walker_t *w)
{
    ngx_uint_t  object;

    for ( ;; ) {

        if (w->depth == 1 && ngx_thread_ws_json_walk_object(w)) {
            w->value.len = (size_t) (w->p - w->value.data);
            w->handler(w->data, &w->name, &w->value);
        }

        w->p = ngx_thread_ws_json_space(w->p, w->last);

        if (w->depth == 0) {
            return (w->p == w->last) ? NGX_DONE : NGX_DECLINED;
        }

        if (w->p == w->last) {
            return NGX_DECLINED;
        }

        object = ngx_thread_ws_json_walk_object(w);

        if (*w->p == ',') {
            w->p++;
            return object ? ngx_thread_ws_json_walk_member(w) : NGX_AGAIN;
        }

        if (*w->p != (object ? '}' : ']')) {
            return NGX_DECLINED;
        }

        w->p++;
        w->depth--;
    }
}


static ngx_int_t
ngx_thread_ws_json_walk_string(ngx_thread_ws_json_walker_t *w)
{
    w->p++;

    for ( ;; ) {
        w->p = ngx_thread_ws_json_plain(w->p, w->last);

        if (w->p == w->last) {
            return NGX_DECLINED;
        }

        if (*w->p == '"') {
            w->p++;
            return NGX_OK;
        }

        if (*w->p == '\\') {

            if (ngx_thread_ws_json_walk_escape(w) != NGX_OK) {
                return NGX_DECLINED;
            }

            continue;
        }

        w->p = (*w->p < 0x80) ? NULL : ngx_thread_ws_json_utf8(w->p, w->last);

        if (w->p == NULL) {
            return NGX_DECLINED;
        }
    }
}


static ngx_int_t
ngx_thread_ws_json_walk_escape(ngx_thread_ws_json_walker_t *w)
{
    size_t  i, len;

    len = (w->last - w->p > 1 && w->p[1] == 'u') ? 6 : 2;

    if ((size_t) (w->last - w->p) < len) {
        return NGX_DECLINED;
    }

    if (len == 2 && memchr("\"\\/bfnrt", w->p[1], 8) == NULL) {
        return NGX_DECLINED;
    }

    for (i = 2; i < len; i++) {
        if (ngx_hextoi(&w->p[i], 1) == NGX_ERROR) {
            return NGX_DECLINED;
        }
    }

    w->p += len;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_json_walk_number(ngx_thread_ws_json_walker_t *w)
{
    u_char  *start;

    if (*w->p == '-') {
        w->p++;
    }

    start = w->p;

    if (ngx_thread_ws_json_walk_digits(w) != NGX_OK
        || (*start == '0' && w->p - start > 1))
    {
        return NGX_DECLINED;
    }

    if (w->p < w->last && *w->p == '.') {
        w->p++;

        if (ngx_thread_ws_json_walk_digits(w) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    if (w->p < w->last && (*w->p | 0x20) == 'e') {
        w->p++;

        if (w->p < w->last && (*w->p == '+' || *w->p == '-')) {
            w->p++;
        }

        return ngx_thread_ws_json_walk_digits(w);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_json_walk_digits(ngx_thread_ws_json_walker_t *w)
{
    u_char  *start;

    start = w->p;

    while (w->p < w->last && *w->p >= '0' && *w->p <= '9') {
        w->p++;
    }

    return (w->p == start) ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_thread_ws_json_walk_word(ngx_thread_ws_json_walker_t *w, char *word)
{
    size_t  len;

    len = ngx_strlen(word);

    if ((size_t) (w->last - w->p) < len
        || ngx_memcmp(w->p, word, len) != 0)
    {
        return NGX_DECLINED;
    }

    w->p += len;

    return NGX_OK;
}
