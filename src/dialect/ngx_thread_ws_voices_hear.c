
/*
 * The voices of a graph.  A voice is one message of one speaker, a node's
 * execution.  Which voices come one after the other is known from steps: a
 * graph's nodes of one step run side by side, and the next step begins when all
 * of them have ended.  What a node says, and what graphs inside it say, comes
 * one after the other, too.
 *
 * One voice is heard at a time.  Of those side by side the others are held
 * until it has ended: by a later step, by a model's own word, with the stream.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "dialect/ngx_thread_ws_parts.h"
#include "dialect/ngx_thread_ws_voices_private.h"


static ngx_int_t
ngx_thread_ws_voices_hold(ngx_thread_ws_voices_t *voices,
    ngx_thread_ws_voice_t *v, u_char *p, size_t len, size_t plain)
{
    u_char  *held;
    size_t   size;

    if (len > v->size - v->len) {
        size = ngx_max(2 * v->size, v->len + len);

        held = realloc(v->held, size);
        if (held == NULL) {
            return NGX_ERROR;
        }

        v->held = held;
        v->size = size;
    }

    ngx_memcpy(v->held + v->len, p, len);

    v->len += len;
    v->plain += plain;
    v->state = NGX_THREAD_WS_VOICE_HELD;

    voices->held += len;

    return NGX_OK;
}


/* the voice that is heard has ended, and half a character of it with it */

static ngx_int_t
ngx_thread_ws_voices_fall(ngx_thread_ws_reply_t *reply)
{
    ngx_thread_ws_voice_t   *heard;
    ngx_thread_ws_voices_t  *voices;

    voices = reply->voices;

    if (!voices->begun) {
        return NGX_OK;
    }

    heard = &voices->voice[voices->heard];
    heard->state = NGX_THREAD_WS_VOICE_ENDED;

    if (heard->half == 0) {
        return NGX_OK;
    }

    heard->half = 0;

    return ngx_thread_ws_reply_text(reply, "\xef\xbf\xbd", 3);
}


/*
 * Says that what it repeats is void, once that is known: where models say how
 * they end, the one before did not.
 */

static ngx_int_t
ngx_thread_ws_voices_again(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_voice_t *v)
{
    ngx_thread_ws_voice_t   *before;
    ngx_thread_ws_voices_t  *voices;

    voices = reply->voices;

    if (v->broken == 0 || !voices->reason
        || v->state != NGX_THREAD_WS_VOICE_HEARD)
    {
        return NGX_OK;
    }

    before = &voices->voice[v->broken - 1];
    v->broken = 0;

    if (before->state != NGX_THREAD_WS_VOICE_ENDED) {
        return NGX_OK;
    }

    return ngx_thread_ws_parts_reset(reply, before->number);
}


/* a voice begins to be heard: what it has said meanwhile goes out */

static ngx_int_t
ngx_thread_ws_voices_begin(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_voice_t *v)
{
    ngx_thread_ws_voices_t  *voices;

    voices = reply->voices;

    if (voices->begun
        && (ngx_thread_ws_voices_fall(reply) != NGX_OK
            || (reply->ntags
                && ngx_thread_ws_parts_add(reply, NGX_THREAD_WS_PART_OVER,
                                           NULL, NULL)
                   == NULL)
            || ngx_thread_ws_reply_text(reply, NGX_THREAD_WS_VOICES_BREAK,
                                   sizeof(NGX_THREAD_WS_VOICES_BREAK) - 1)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    voices->begun = 1;
    voices->heard = (ngx_uint_t) (v - voices->voice);

    v->state = NGX_THREAD_WS_VOICE_HEARD;
    v->number = voices->nheard++;

    if (ngx_thread_ws_parts_message(reply, &v->source.id, &v->source.node,
                                    v->number)
        != NGX_OK
        || ngx_thread_ws_voices_again(reply, v) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (v->len == 0) {
        return NGX_OK;
    }

    if (ngx_thread_ws_reply_raw(reply, v->held, v->len, v->plain) != NGX_OK) {
        return NGX_ERROR;
    }

    voices->held -= v->len;

    free(v->held);

    v->held = NULL;
    v->len = 0;
    v->size = 0;
    v->plain = 0;

    return NGX_OK;
}


/* the first of those that are held, NULL if there is none */

static ngx_thread_ws_voice_t *
ngx_thread_ws_voices_next(ngx_thread_ws_voices_t *voices)
{
    ngx_uint_t  i;

    if (voices->held == 0) {
        return NULL;
    }

    for (i = 0; i < voices->n; i++) {

        if (voices->voice[i].state == NGX_THREAD_WS_VOICE_HELD) {
            return &voices->voice[i];
        }
    }

    return NULL;
}


/*
 * Whether a voice may be heard now: NGX_OK, and then it is the one that is;
 * NGX_DECLINED if it has to wait; NGX_ERROR.  Those that are held come first.
 */

static ngx_int_t
ngx_thread_ws_voices_turn(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_voice_t *v)
{
    ngx_thread_ws_voice_t   *heard, *next;
    ngx_thread_ws_voices_t  *voices;

    voices = reply->voices;

    while (voices->begun) {
        heard = &voices->voice[voices->heard];

        if (v == heard) {
            return NGX_OK;
        }

        if (v->state == NGX_THREAD_WS_VOICE_ENDED
            || (!heard->source.last
                && !ngx_thread_ws_voices_after(voices, &v->source,
                                               &heard->source)))
        {
            return NGX_DECLINED;
        }

        next = ngx_thread_ws_voices_next(voices);

        if (next == NULL || next == v) {
            break;
        }

        if (ngx_thread_ws_voices_begin(reply, next) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_thread_ws_voices_begin(reply, v);
}


/* lets those speak who waited for one that has ended by its own word */

static ngx_int_t
ngx_thread_ws_voices_pass(ngx_thread_ws_reply_t *reply, ngx_uint_t all)
{
    ngx_thread_ws_voice_t   *next;
    ngx_thread_ws_voices_t  *voices;

    voices = reply->voices;

    while (voices->begun && (all || voices->voice[voices->heard].source.last)) {
        next = ngx_thread_ws_voices_next(voices);

        if (next == NULL) {
            break;
        }

        if (ngx_thread_ws_voices_begin(reply, next) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* a text, escaped, of a voice that is new or known */

static ngx_int_t
ngx_thread_ws_voices_say(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_voice_t *v, u_char *p, size_t len, size_t plain)
{
    ngx_int_t                rc;
    ngx_thread_ws_voices_t  *voices;

    voices = reply->voices;

    v->text = ngx_thread_ws_voices_hash(v->text, (char *) p, len);

    rc = ngx_thread_ws_voices_turn(reply, v);

    if (rc == NGX_OK) {
        return ngx_thread_ws_reply_raw(reply, p, len, plain);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (ngx_thread_ws_voices_hold(voices, v, p, len, plain) != NGX_OK) {
        return NGX_ERROR;
    }

    /* more than the answer may have is not kept, and refused when it is told */

    if (reply->limit && voices->held > 2 * reply->limit) {
        return ngx_thread_ws_voices_pass(reply, 1);
    }

    return NGX_OK;
}


/* The content's text as the delta; what of it is half is the voice's. */

static ngx_int_t
ngx_thread_ws_voices_text(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_voice_t *v, json_t *content, uint32_t *half)
{
    ngx_int_t  rc;

    reply->half = v ? v->half : 0;

    rc = ngx_thread_ws_reply_content(reply, content);

    *half = reply->half;
    reply->half = 0;

    return rc;
}


/*
 * The event's text, which is not the heard voice's, is said or held; the parts
 * within it go with it, or come now.
 */

static ngx_int_t
ngx_thread_ws_voices_put(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_voice_t *v, ngx_uint_t nparts)
{
    size_t      len, plain, at;
    u_char     *copy;
    ngx_int_t   rc;
    ngx_uint_t  n;

    len = reply->delta.len;
    plain = reply->delta_size;
    n = reply->parts ? reply->parts->n - nparts : 0;

    copy = malloc(len);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy, reply->delta.data, len);

    ngx_str_null(&reply->delta);
    reply->delta_size = 0;

    rc = ngx_thread_ws_voices_say(reply, v, copy, len, plain);

    free(copy);

    if (rc == NGX_OK && n) {
        at = reply->delta.len;

        if (v->state == NGX_THREAD_WS_VOICE_HEARD) {
            at -= ngx_min(len, at);
        }

        ngx_thread_ws_parts_delay(reply->parts, nparts, n, at,
                                  reply->delta.len);
    }

    return rc;
}


/* whether the event's text begins a voice: it may say nothing, or repeat */

static ngx_int_t
ngx_thread_ws_voices_new(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_source_t *source, ngx_thread_ws_voice_t **v, uint32_t half,
    ngx_uint_t nparts)
{
    if (reply->delta.len == 0 && half == 0) {
        return NGX_DECLINED;
    }

    if (ngx_thread_ws_voices_repeats(reply->voices, source, &reply->delta)) {
        ngx_str_null(&reply->delta);
        reply->delta_size = 0;
        reply->idle = 1;

        if (reply->parts) {
            reply->parts->n = nparts;
        }

        return NGX_DECLINED;
    }

    *v = ngx_thread_ws_voices_add(reply->voices, source,
                                  reply->parts != NULL);

    return *v ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_thread_ws_voices_hear(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_source_t *source, json_t *content)
{
    uint32_t                 half;
    ngx_int_t                rc;
    ngx_uint_t               nparts;
    ngx_thread_ws_voice_t   *v;
    ngx_thread_ws_voices_t  *voices;

    voices = reply->voices;
    voices->reason |= (source->chunk && source->reason);

    v = ngx_thread_ws_voices_find(voices, source);

    if (v && !(source->chunk && v->source.chunk)) {

        /* whole after its chunks, or said again by another node */

        reply->idle = 1;
        return NGX_OK;
    }

    nparts = reply->parts ? reply->parts->n : 0;
    rc = ngx_thread_ws_voices_text(reply, v, content, &half);

    if (rc != NGX_OK) {
        return rc;
    }

    if (v == NULL) {
        rc = ngx_thread_ws_voices_new(reply, source, &v, half, nparts);

        if (rc != NGX_OK) {
            return (rc == NGX_DECLINED) ? NGX_OK : rc;
        }
    }

    v->half = half;
    v->source.last |= source->last;
    v->source.reason |= source->reason;
    v->source.calls |= source->calls;

    if (reply->delta.len == 0) {
        rc = NGX_OK;

    } else if (v->state == NGX_THREAD_WS_VOICE_HEARD) {
        v->text = ngx_thread_ws_voices_hash(v->text,
                                            (char *) reply->delta.data,
                                            reply->delta.len);

    } else {
        rc = ngx_thread_ws_voices_put(reply, v, nparts);
    }

    if (rc != NGX_OK || ngx_thread_ws_voices_again(reply, v) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_thread_ws_voices_pass(reply, 0);
}


ngx_int_t
ngx_thread_ws_voices_end(ngx_thread_ws_reply_t *reply)
{
    ngx_uint_t               i;
    ngx_thread_ws_voice_t   *v;
    ngx_thread_ws_voices_t  *voices;

    voices = reply->voices;

    if (ngx_thread_ws_voices_pass(reply, 1) != NGX_OK
        || ngx_thread_ws_voices_fall(reply) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* who has said nothing but half a character */

    for (i = 0; i < voices->n; i++) {
        v = &voices->voice[i];

        if (v->half) {

            if (ngx_thread_ws_voices_begin(reply, v) != NGX_OK
                || ngx_thread_ws_voices_fall(reply) != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}
