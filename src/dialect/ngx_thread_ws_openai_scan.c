
/*
 * The scan over a chunk of OpenAI's.  An answer is some hundred chunks of some
 * hundred bytes, of which a word is of interest: it is found in one pass over
 * the bytes, without memory.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_openai_parts.h"
#include "dialect/ngx_thread_ws_openai_scan.h"
#include "dialect/ngx_thread_ws_parts.h"
#include "json/ngx_thread_ws_json_scan.h"


/* deeper values are unusual, and the reader's */

#define NGX_THREAD_WS_OPENAI_DEPTH    8

#define NGX_THREAD_WS_OPENAI_CHOICES  0x01
#define NGX_THREAD_WS_OPENAI_USAGE    0x02
#define NGX_THREAD_WS_OPENAI_ERROR    0x04
#define NGX_THREAD_WS_OPENAI_INDEX    0x08
#define NGX_THREAD_WS_OPENAI_DELTA    0x10
#define NGX_THREAD_WS_OPENAI_FINISH   0x20
#define NGX_THREAD_WS_OPENAI_CONTENT  0x40


typedef struct {
    u_char      *last;
    ngx_str_t    content;
    size_t       size;       /* of the content, unescaped */
    ngx_str_t    finish;
    ngx_uint_t   index;
    ngx_uint_t   seen;       /* names, each of which may come once */
    ngx_uint_t   choices;
    ngx_uint_t   want;
    ngx_uint_t   reasoning;  /* unsigned  reasoning:1 */
} ngx_thread_ws_openai_scan_t;


typedef u_char *(*ngx_thread_ws_openai_member_pt)(
    ngx_thread_ws_openai_scan_t *scan, ngx_str_t *name, u_char *p);


static ngx_inline ngx_uint_t
ngx_thread_ws_openai_name(ngx_str_t *name, const char *text, size_t len)
{
    return name->len == len && ngx_memcmp(name->data, text, len) == 0;
}


/* Notes that a name was seen; 0 if it was before. */

static ngx_inline ngx_uint_t
ngx_thread_ws_openai_once(ngx_thread_ws_openai_scan_t *scan, ngx_uint_t flag)
{
    if (scan->seen & flag) {
        return 0;
    }

    scan->seen |= flag;

    return 1;
}


static ngx_inline u_char *
ngx_thread_ws_openai_null(ngx_thread_ws_openai_scan_t *scan, u_char *p)
{
    if (scan->last - p < 4 || ngx_memcmp(p, "null", 4) != 0) {
        return NULL;
    }

    return p + 4;
}


/*
 * Passes over an object, p being at its opening brace, and gives its members
 * to the handler, which returns the position after the value or NULL.
 */

static ngx_inline u_char *
ngx_thread_ws_openai_object(ngx_thread_ws_openai_scan_t *scan, u_char *p,
    ngx_thread_ws_openai_member_pt handler)
{
    u_char     *last;
    ngx_str_t   name;

    last = scan->last;

    if (*p != '{') {
        return NULL;
    }

    p = ngx_thread_ws_json_space(p + 1, last);

    if (p < last && *p == '}') {
        return p + 1;
    }

    for ( ;; ) {

        p = ngx_thread_ws_json_member(p, last, &name);

        if (p == NULL) {
            return NULL;
        }

        p = handler(scan, &name, p);

        if (p == NULL) {
            return NULL;
        }

        p = ngx_thread_ws_json_space(p, last);

        if (p == last) {
            return NULL;
        }

        if (*p == '}') {
            return p + 1;
        }

        if (*p++ != ',') {
            return NULL;
        }
    }
}


/* what is passed over while it says nothing, and else read by the reader */

static u_char *
ngx_thread_ws_openai_nothing(ngx_thread_ws_openai_scan_t *scan, u_char *p)
{
    if (scan->last - p >= 2 && p[0] == '[' && p[1] == ']') {
        return p + 2;
    }

    return ngx_thread_ws_openai_null(scan, p);
}


/* A member of no name above: passed over, or the reader's if it is wanted. */

static u_char *
ngx_thread_ws_openai_other(ngx_thread_ws_openai_scan_t *scan, ngx_str_t *name,
    u_char *p, ngx_uint_t level)
{
    ngx_uint_t  want;

    want = scan->want;

    if (want == 0) {
        return ngx_thread_ws_json_skip(p, scan->last,
                                       NGX_THREAD_WS_OPENAI_DEPTH);
    }

    if (!ngx_thread_ws_openai_known(level, (char *) name->data, name->len)) {

        if (!ngx_thread_ws_openai_name(name, "context", 7)) {
            want &= NGX_THREAD_WS_WANT_DATA;
        }

        return want ? ngx_thread_ws_openai_null(scan, p)
                    : ngx_thread_ws_json_skip(p, scan->last,
                                              NGX_THREAD_WS_OPENAI_DEPTH);
    }

    if (name->len >= 9 && ngx_memcmp(name->data, "reasoning", 9) == 0) {
        want &= NGX_THREAD_WS_WANT_REASONING;

        if (want && scan->last - p >= 2 && p[0] == '"' && p[1] == '"') {
            return p + 2;
        }

    } else if (ngx_thread_ws_openai_name(name, "annotations", 11)
               || ngx_thread_ws_openai_name(name, "citations", 9)
               || ngx_thread_ws_openai_name(name, "search_results", 14))
    {
        want &= NGX_THREAD_WS_WANT_SOURCES;

    } else {
        want = 0;
    }

    return want ? ngx_thread_ws_openai_nothing(scan, p)
                : ngx_thread_ws_json_skip(p, scan->last,
                                          NGX_THREAD_WS_OPENAI_DEPTH);
}


static u_char *
ngx_thread_ws_openai_delta(ngx_thread_ws_openai_scan_t *scan, ngx_str_t *name,
    u_char *p)
{
    if (ngx_thread_ws_openai_name(name, "refusal", 7)
        || ngx_thread_ws_openai_name(name, "tool_calls", 10)
        || ngx_thread_ws_openai_name(name, "function_call", 13))
    {
        return ngx_thread_ws_openai_nothing(scan, p);
    }

    if (!ngx_thread_ws_openai_name(name, "content", 7)) {

        if (name->len >= 9 && ngx_memcmp(name->data, "reasoning", 9) == 0
            && scan->last - p >= 2 && p[0] == '"' && p[1] != '"')
        {
            scan->reasoning = 1;
        }

        return ngx_thread_ws_openai_other(scan, name, p,
                                          NGX_THREAD_WS_OPENAI_IN_DELTA);
    }

    if (!ngx_thread_ws_openai_once(scan, NGX_THREAD_WS_OPENAI_CONTENT)) {
        return NULL;
    }

    if (*p != '"') {
        return ngx_thread_ws_openai_null(scan, p);
    }

    scan->content.data = p + 1;

    p = ngx_thread_ws_json_string(p + 1, scan->last, &scan->size);

    if (p == NULL) {
        return NULL;
    }

    scan->content.len = (size_t) (p - scan->content.data);

    return p + 1;
}


static u_char *
ngx_thread_ws_openai_finish(ngx_thread_ws_openai_scan_t *scan, u_char *p)
{
    size_t  size;

    if (!ngx_thread_ws_openai_once(scan, NGX_THREAD_WS_OPENAI_FINISH)) {
        return NULL;
    }

    if (*p != '"') {
        return ngx_thread_ws_openai_null(scan, p);
    }

    scan->finish.data = p + 1;

    p = ngx_thread_ws_json_string(p + 1, scan->last, &size);

    if (p == NULL) {
        return NULL;
    }

    scan->finish.len = (size_t) (p - scan->finish.data);

    return (scan->finish.len == size) ? p + 1 : NULL;
}


static u_char *
ngx_thread_ws_openai_choice(ngx_thread_ws_openai_scan_t *scan, ngx_str_t *name,
    u_char *p)
{
    if (ngx_thread_ws_openai_name(name, "delta", 5)) {

        if (!ngx_thread_ws_openai_once(scan, NGX_THREAD_WS_OPENAI_DELTA)) {
            return NULL;
        }

        return ngx_thread_ws_openai_object(scan, p,
                                           ngx_thread_ws_openai_delta);
    }

    if (ngx_thread_ws_openai_name(name, "finish_reason", 13)) {
        return ngx_thread_ws_openai_finish(scan, p);
    }

    if (ngx_thread_ws_openai_name(name, "message", 7)
        || ngx_thread_ws_openai_name(name, "error", 5)
        || ngx_thread_ws_openai_name(name, "usage", 5))
    {
        return ngx_thread_ws_openai_nothing(scan, p);
    }

    if (!ngx_thread_ws_openai_name(name, "index", 5)) {
        return ngx_thread_ws_openai_other(scan, name, p,
                                          NGX_THREAD_WS_OPENAI_IN_CHOICE);
    }

    /* one digit, not the beginning of a longer number */

    if (!ngx_thread_ws_openai_once(scan, NGX_THREAD_WS_OPENAI_INDEX)
        || scan->last - p < 2 || *p < '0' || *p > '9'
        || (p[1] != ',' && p[1] != '}'))
    {
        return NULL;
    }

    scan->index = *p - '0';

    return p + 1;
}


/* The array of choices: empty, or one object. */

static u_char *
ngx_thread_ws_openai_choices(ngx_thread_ws_openai_scan_t *scan, u_char *p)
{
    if (*p != '[') {
        return NULL;
    }

    p = ngx_thread_ws_json_space(p + 1, scan->last);

    if (p == scan->last) {
        return NULL;
    }

    if (*p == ']') {
        return p + 1;
    }

    p = ngx_thread_ws_openai_object(scan, p, ngx_thread_ws_openai_choice);

    if (p == NULL) {
        return NULL;
    }

    scan->choices = 1;
    p = ngx_thread_ws_json_space(p, scan->last);

    return (p < scan->last && *p == ']') ? p + 1 : NULL;
}


static u_char *
ngx_thread_ws_openai_root(ngx_thread_ws_openai_scan_t *scan, ngx_str_t *name,
    u_char *p)
{
    ngx_uint_t  flag;

    if (ngx_thread_ws_openai_name(name, "choices", 7)) {

        if (!ngx_thread_ws_openai_once(scan, NGX_THREAD_WS_OPENAI_CHOICES)) {
            return NULL;
        }

        return ngx_thread_ws_openai_choices(scan, p);
    }

    if (ngx_thread_ws_openai_name(name, "x_groq", 6)
        || ngx_thread_ws_openai_name(name, "base_resp", 9))
    {
        return ngx_thread_ws_openai_null(scan, p);
    }

    if (ngx_thread_ws_openai_name(name, "usage", 5)) {
        flag = NGX_THREAD_WS_OPENAI_USAGE;

    } else if (ngx_thread_ws_openai_name(name, "error", 5)) {
        flag = NGX_THREAD_WS_OPENAI_ERROR;

    } else {
        return ngx_thread_ws_openai_other(scan, name, p,
                                          NGX_THREAD_WS_OPENAI_IN_ROOT);
    }

    /* these come once an answer, if at all: the reader's */

    if (!ngx_thread_ws_openai_once(scan, flag)) {
        return NULL;
    }

    return ngx_thread_ws_openai_null(scan, p);
}


ngx_int_t
ngx_thread_ws_openai_scan(ngx_thread_ws_reply_t *reply, ngx_str_t *data)
{
    u_char                       *p;
    ngx_thread_ws_openai_scan_t   scan;

    ngx_memzero(&scan, sizeof(ngx_thread_ws_openai_scan_t));
    scan.last = data->data + data->len;
    scan.want = reply->want;

    p = ngx_thread_ws_openai_object(&scan, data->data,
                                    ngx_thread_ws_openai_root);

    if (p != scan.last || !(scan.seen & NGX_THREAD_WS_OPENAI_CHOICES)) {
        return NGX_DECLINED;
    }

    if (scan.index || !scan.choices) {
        reply->idle = 1;
        return NGX_OK;
    }

    if ((reply->half && scan.content.len)
        || (reply->parts && reply->parts->calls.open && scan.finish.len))
    {
        /* the other half may be in it; it ends calls */

        return NGX_DECLINED;
    }

    reply->reasoning |= scan.reasoning;

    ngx_thread_ws_reply_finish(reply, scan.finish.data, scan.finish.len);

    if (scan.content.len) {
        reply->delta = scan.content;
        reply->delta_size = scan.size;

        if (scan.finish.len == 0) {
            reply->same = scan.content;
        }
    }

    return NGX_OK;
}
