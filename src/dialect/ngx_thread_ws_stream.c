
/*
 * The events of one answer differ in their text alone, as a rule: of some
 * hundred bytes a word.  So what stands around it is kept, as bytes of the
 * stream; bytes that have the same around the inside of another string mean the
 * same, and need neither lines nor a dialect to be read.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "dialect/ngx_thread_ws_stream.h"
#include "json/ngx_thread_ws_json_scan.h"


/* bytes around a text, and how often they may change before it is given up */

#define NGX_THREAD_WS_ENVELOPE_SIZE    2048
#define NGX_THREAD_WS_ENVELOPE_MISSES  16


struct ngx_thread_ws_envelope_s {
    size_t       head;        /* bytes before the text */
    size_t       tail;        /* ... and after it; 0: nothing is kept */
    ngx_uint_t   misses;
    u_char       bytes[NGX_THREAD_WS_ENVELOPE_SIZE];
};


/* The event that was read last, with another text: NGX_DECLINED if not. */

static ngx_int_t
ngx_thread_ws_stream_again(ngx_thread_ws_sse_t *sse,
    ngx_thread_ws_reply_t *reply, u_char **pos, u_char *last)
{
    u_char                    *p, *end;
    size_t                     size;
    ngx_str_t                  text;
    ngx_thread_ws_envelope_t  *envelope;

    envelope = reply->envelope;
    p = *pos;

    if ((size_t) (last - p) <= envelope->head + envelope->tail
        || reply->half || reply->gap
        || ngx_memcmp(p, envelope->bytes, envelope->head) != 0)
    {
        return NGX_DECLINED;
    }

    text.data = p + envelope->head;

    end = ngx_thread_ws_json_string(text.data, last, &size);

    if (end == NULL || end == text.data
        || (size_t) (last - end) < envelope->tail
        || (size_t) (end - p) + envelope->tail > sse->limit
        || ngx_memcmp(end, envelope->bytes + envelope->head, envelope->tail)
           != 0)
    {
        return NGX_DECLINED;
    }

    text.len = (size_t) (end - text.data);

    *pos = end + envelope->tail;
    envelope->misses = 0;

    return ngx_thread_ws_reply_again(reply, &text, size);
}


/*
 * Keeps what is around the text of an event from start to end.  A blank line
 * ends it, so that it ends there whatever follows.
 */

static void
ngx_thread_ws_stream_keep(ngx_thread_ws_reply_t *reply, u_char *start,
    u_char *end)
{
    ngx_str_t                 *text;
    size_t                     head, tail;
    ngx_thread_ws_envelope_t  *envelope;

    text = &reply->same;

    if (text->data < start || text->data >= end
        || end[-1] != LF || end[-2] != LF)
    {
        return;
    }

    envelope = reply->envelope;

    if (envelope == NULL) {
        envelope = malloc(sizeof(ngx_thread_ws_envelope_t));
        if (envelope == NULL) {
            return;
        }

        envelope->misses = 0;
        reply->envelope = envelope;
    }

    head = (size_t) (text->data - start);
    tail = (size_t) (end - text->data) - text->len;

    if (head + tail > NGX_THREAD_WS_ENVELOPE_SIZE
        || envelope->misses == NGX_THREAD_WS_ENVELOPE_MISSES)
    {
        return;
    }

    ngx_memcpy(envelope->bytes, start, head);
    ngx_memcpy(envelope->bytes + head, end - tail, tail);

    envelope->head = head;
    envelope->tail = tail;
    envelope->misses++;
}


ngx_int_t
ngx_thread_ws_stream_read(ngx_thread_ws_dialect_t *dialect,
    ngx_thread_ws_sse_t *sse, ngx_thread_ws_reply_t *reply, u_char **pos,
    u_char *last)
{
    u_char      *start;
    ngx_int_t    rc;
    ngx_uint_t   begins;

    begins = ngx_thread_ws_sse_begins(sse);
    start = *pos;

    if (begins && reply->envelope) {
        rc = ngx_thread_ws_stream_again(sse, reply, pos, last);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    rc = ngx_thread_ws_sse_parse(sse, pos, last);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_BUSY : rc;
    }

    rc = ngx_thread_ws_reply_event(dialect, reply, &sse->event, &sse->data);

    if (rc == NGX_OK && begins && reply->same.len) {
        ngx_thread_ws_stream_keep(reply, start, *pos);
    }

    return rc;
}
