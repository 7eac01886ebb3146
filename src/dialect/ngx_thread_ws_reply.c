
/*
 * What all dialects' replies have in common: events around their reading, text
 * to deltas, counts, and how an answer ended.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_dialect.h"
#include "dialect/ngx_thread_ws_calls.h"
#include "dialect/ngx_thread_ws_parts.h"
#include "dialect/ngx_thread_ws_turn.h"
#include "dialect/ngx_thread_ws_voices.h"
#include "json/ngx_thread_ws_json.h"
#include "json/ngx_thread_ws_json_chars.h"
#include "json/ngx_thread_ws_json_read.h"
#include "json/ngx_thread_ws_json_scan.h"


#define NGX_THREAD_WS_REPLACEMENT  "\xef\xbf\xbd"


static ngx_int_t ngx_thread_ws_reply_plain(ngx_thread_ws_reply_t *reply,
    u_char *p, size_t len);


static ngx_uint_t
ngx_thread_ws_reply_blank(u_char *p, u_char *last)
{
    return ngx_thread_ws_json_space(p, last) == last;
}


/* Whether a delta, escaped as it is, has more than spaces. */

static ngx_uint_t
ngx_thread_ws_reply_speaks(ngx_str_t *delta)
{
    u_char  *p, *last;

    p = delta->data;
    last = p + delta->len;

    while (p < last) {

        if (*p == '\\' && last - p >= 2
            && (p[1] == 'n' || p[1] == 'r' || p[1] == 't'))
        {
            p += 2;
            continue;
        }

        if (*p > ' ') {
            return 1;
        }

        p++;
    }

    return 0;
}


/* Whether what an event of that type holds has to be understood. */

static ngx_uint_t
ngx_thread_ws_reply_known(ngx_thread_ws_dialect_t *dialect, ngx_str_t *type)
{
    const char  **name;

    if (type->len == 0 || ngx_thread_ws_string_is(type, "message")) {
        return 1;
    }

    for (name = dialect->events; *name; name++) {

        if (ngx_thread_ws_string_is(type, *name)) {
            return 1;
        }
    }

    return 0;
}


/* appends what was held back to the last event's text, and ends all parts */

static ngx_int_t
ngx_thread_ws_reply_last(ngx_thread_ws_reply_t *reply)
{
    if (reply->voices && ngx_thread_ws_voices_end(reply) != NGX_OK) {
        return NGX_ERROR;
    }

    if (reply->half) {
        reply->half = 0;
        reply->text = 1;

        if (ngx_thread_ws_reply_plain(reply,
                                      (u_char *) NGX_THREAD_WS_REPLACEMENT,
                                      sizeof(NGX_THREAD_WS_REPLACEMENT) - 1)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return reply->parts ? ngx_thread_ws_calls_end_all(reply, 0) : NGX_OK;
}


/* what is said of an event that was read */

static ngx_int_t
ngx_thread_ws_reply_said(ngx_thread_ws_reply_t *reply, ngx_uint_t end)
{
    if (reply->parts && ngx_thread_ws_parts_settle(reply, end) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!reply->text && reply->delta.len) {
        reply->text = ngx_thread_ws_reply_speaks(&reply->delta);
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_reply_event(ngx_thread_ws_dialect_t *dialect,
    ngx_thread_ws_reply_t *reply, ngx_str_t *type, ngx_str_t *data)
{
    ngx_int_t  rc;

    ngx_thread_ws_reply_next(reply);

    if (reply->done) {
        return NGX_OK;
    }

    if (ngx_thread_ws_string_is(type, "ping")
        || (ngx_thread_ws_reply_blank(data->data, data->data + data->len)
            && !ngx_thread_ws_string_is(type, "error")
            && !ngx_thread_ws_string_is(type, "end")))
    {
        reply->idle = 1;
        return NGX_OK;
    }

    if ((reply->want || reply->ntags)
        && ngx_thread_ws_parts_create(reply) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = dialect->event(reply, type, data);

    if (rc == NGX_DECLINED && !ngx_thread_ws_reply_known(dialect, type)) {

        /* an event of the server's own kind */

        ngx_thread_ws_reply_next(reply);
        reply->idle = 1;

        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (reply->done && ngx_thread_ws_reply_last(reply) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!reply->idle) {
        reply->events++;
    }

    return ngx_thread_ws_reply_said(reply, reply->done);
}


ngx_int_t
ngx_thread_ws_reply_again(ngx_thread_ws_reply_t *reply, ngx_str_t *delta,
    size_t size)
{
    ngx_thread_ws_reply_next(reply);

    reply->delta = *delta;
    reply->delta_size = size;
    reply->events++;

    return ngx_thread_ws_reply_said(reply, 0);
}


ngx_int_t
ngx_thread_ws_reply_end(ngx_thread_ws_reply_t *reply)
{
    ngx_thread_ws_reply_next(reply);

    if (ngx_thread_ws_reply_last(reply) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_thread_ws_reply_said(reply, 1);
}


void
ngx_thread_ws_reply_free(ngx_thread_ws_reply_t *reply)
{
    free(reply->buf);
    free(reply->envelope);
    free(reply->explanation.data);
    json_decref(reply->known);
    ngx_thread_ws_voices_free(reply->voices);
    ngx_thread_ws_turn_free(reply->turn);
    ngx_thread_ws_parts_free(reply->parts);

    ngx_memzero(reply, sizeof(ngx_thread_ws_reply_t));
}


void
ngx_thread_ws_reply_next(ngx_thread_ws_reply_t *reply)
{
    ngx_str_null(&reply->delta);
    ngx_str_null(&reply->error);

    reply->delta_size = 0;
    reply->same.len = 0;
    reply->part = NULL;
    reply->nparts = 0;
    reply->blame = NGX_THREAD_WS_BLAME_NOBODY;
    reply->retry_after = 0;
    reply->retryable = 0;
    reply->quotable = 0;
    reply->idle = 0;

    if (reply->parts) {
        ngx_thread_ws_parts_next(reply->parts);
    }
}


ngx_int_t
ngx_thread_ws_reply_load(json_t **root, ngx_str_t *data)
{
    u_char     *p, *last;
    ngx_int_t   rc;

    p = data->data;
    last = p + data->len;

    rc = ngx_thread_ws_json_read(root, &p, last, 0);

    if (rc == NGX_OK && !ngx_thread_ws_reply_blank(p, last)) {
        json_decref(*root);
        *root = NULL;

        return NGX_DECLINED;
    }

    return rc;
}


ngx_int_t
ngx_thread_ws_reply_each(ngx_thread_ws_reply_t *reply, ngx_str_t *data,
    ngx_thread_ws_reply_read_pt reader)
{
    json_t     *root;
    u_char     *p, *last;
    ngx_int_t   rc;

    p = data->data;
    last = p + data->len;

    for ( ;; ) {
        rc = ngx_thread_ws_json_read(&root, &p, last, 1);

        if (rc != NGX_OK) {
            return rc;
        }

        /* what follows on the same line belongs to no value */

        while (p < last && (*p == ' ' || *p == '\t' || *p == CR)) {
            p++;
        }

        rc = (p < last && *p != LF) ? NGX_DECLINED : reader(reply, root);

        json_decref(root);

        if (rc != NGX_OK || ngx_thread_ws_reply_blank(p, last)) {
            return rc;
        }
    }
}


ngx_int_t
ngx_thread_ws_reply_reserve(ngx_thread_ws_reply_t *reply, size_t size)
{
    u_char  *buf;

    if (size <= reply->size) {
        return NGX_OK;
    }

    size = ngx_max(size, 2 * reply->size);

    buf = realloc(reply->buf, size);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    reply->buf = buf;
    reply->size = size;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_reply_plain(ngx_thread_ws_reply_t *reply, u_char *p, size_t len)
{
    size_t  i;

    if (len == 0) {
        return NGX_OK;
    }

    if (ngx_thread_ws_reply_reserve(reply, reply->delta.len
                                    + ngx_thread_ws_json_escaped_size(p, len))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    reply->delta.data = reply->buf;
    reply->delta.len = (size_t)
        (ngx_thread_ws_json_escape(reply->buf + reply->delta.len, p, len)
         - reply->buf);

    reply->delta_size += len;

    for (i = 0; i < len; i++) {

        if (p[i] == '\0') {
            reply->delta_size += sizeof("\xef\xbf\xbd") - 2;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_reply_raw(ngx_thread_ws_reply_t *reply, u_char *p, size_t len,
    size_t plain)
{
    if (ngx_thread_ws_reply_reserve(reply, reply->delta.len + len) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(reply->buf + reply->delta.len, p, len);

    reply->delta.data = reply->buf;
    reply->delta.len += len;
    reply->delta_size += plain;

    return NGX_OK;
}


u_char *
ngx_thread_ws_reply_join(uint32_t *half, u_char *dst, u_char *p, size_t len)
{
    u_char    *last;
    uint32_t   ch;

    for (last = p + len; p < last; /* void */ ) {
        ch = ngx_thread_ws_json_half(p, last);

        if (*half && ch >= 0xdc00) {
            dst = ngx_thread_ws_json_utf8_put(dst, 0x10000
                                              + ((*half - 0xd800) << 10)
                                              + (ch - 0xdc00));
            *half = 0;
            p += 3;
            continue;
        }

        if (*half) {
            dst = ngx_cpymem(dst, NGX_THREAD_WS_REPLACEMENT,
                             sizeof(NGX_THREAD_WS_REPLACEMENT) - 1);
            *half = 0;
        }

        if (ch == 0) {
            *dst++ = *p++;
            continue;
        }

        if (ch < 0xdc00) {
            *half = ch;

        } else {
            dst = ngx_cpymem(dst, NGX_THREAD_WS_REPLACEMENT,
                             sizeof(NGX_THREAD_WS_REPLACEMENT) - 1);
        }

        p += 3;
    }

    return dst;
}


ngx_int_t
ngx_thread_ws_reply_text(ngx_thread_ws_reply_t *reply, const char *text,
    size_t len)
{
    u_char     *p, *copy;
    ngx_int_t   rc;

    p = (u_char *) text;

    if (len == 0 || (reply->half == 0 && memchr(p, 0xed, len) == NULL)) {
        return ngx_thread_ws_reply_plain(reply, p, len);
    }

    copy = malloc(len + 4);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_reply_join(&reply->half, copy, p, len);
    rc = ngx_thread_ws_reply_plain(reply, copy, (size_t) (p - copy));

    free(copy);

    return rc;
}


void
ngx_thread_ws_reply_finish(ngx_thread_ws_reply_t *reply, u_char *p, size_t len)
{
    if (len == 0) {
        return;
    }

    if (len > sizeof(reply->finish)) {

        /* not in the middle of a character */

        for (len = sizeof(reply->finish); (p[len] & 0xc0) == 0x80; len--) {
            /* void */
        }
    }

    ngx_memcpy(reply->finish, p, len);
    ngx_thread_ws_json_mend(reply->finish, len);

    reply->finish_reason.data = reply->finish;
    reply->finish_reason.len = len;
}


ngx_int_t
ngx_thread_ws_reply_explain(ngx_thread_ws_reply_t *reply, json_t *words)
{
    if (json_string_length(words) == 0) {
        return NGX_OK;
    }

    if (ngx_thread_ws_reply_say(reply, (u_char *) json_string_value(words),
                                json_string_length(words))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    free(reply->explanation.data);
    reply->explanation.len = 0;

    reply->explanation.data = malloc(reply->error.len);
    if (reply->explanation.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(reply->explanation.data, reply->error.data, reply->error.len);
    reply->explanation.len = reply->error.len;

    ngx_str_null(&reply->error);

    return NGX_OK;
}


/* A count, whole or not.  One that is nothing is told by some at the end. */

static void
ngx_thread_ws_reply_count(ngx_thread_ws_reply_t *reply, json_t *usage,
    const char *name, ngx_int_t *count)
{
    double   n;
    json_t  *value;

    value = name ? json_object_get(usage, name) : NULL;

    if (!json_is_number(value)) {
        return;
    }

    n = json_number_value(value);

    if (n < 0) {
        return;
    }

    if (n >= 1) {
        *count = (n < NGX_MAX_INT32_VALUE) ? (ngx_int_t) n
                                           : NGX_MAX_INT32_VALUE;
    }

    reply->usage = 1;
}


void
ngx_thread_ws_reply_usage(ngx_thread_ws_reply_t *reply, json_t *usage,
    const char *input, const char *output)
{
    ngx_thread_ws_reply_count(reply, usage, input, &reply->input_tokens);
    ngx_thread_ws_reply_count(reply, usage, output, &reply->output_tokens);
}


void
ngx_thread_ws_reply_detail(ngx_thread_ws_reply_t *reply, json_t *usage,
    const char *input, const char *output)
{
    ngx_thread_ws_reply_count(reply, usage, input, &reply->cached_tokens);
    ngx_thread_ws_reply_count(reply, usage, output, &reply->reasoning_tokens);
}
