
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
#include "dialect/ngx_thread_ws_voices.h"


typedef enum {
    NGX_THREAD_WS_VOICE_NEW = 0,
    NGX_THREAD_WS_VOICE_HELD,
    NGX_THREAD_WS_VOICE_HEARD,
    NGX_THREAD_WS_VOICE_ENDED
} ngx_thread_ws_voice_e;


typedef struct {
    ngx_thread_ws_source_t   source;
    uint64_t                 text;       /* a hash of all of it */
    u_char                  *held;       /* escaped, malloc'ed */
    size_t                   len;
    size_t                   size;
    size_t                   plain;      /* its bytes once unescaped */
    uint32_t                 half;       /* of a surrogate pair at its end */
    ngx_uint_t               state;
} ngx_thread_ws_voice_t;


typedef struct {
    uint64_t                 task;
    ngx_int_t                step;
} ngx_thread_ws_voices_step_t;


struct ngx_thread_ws_voices_s {
    ngx_thread_ws_voice_t        *voice;   /* in the order of their begin */
    ngx_uint_t                    n;
    ngx_uint_t                    size;
    ngx_uint_t                    heard;   /* the index of who is */
    size_t                        held;    /* bytes, of all */
    ngx_thread_ws_voices_step_t  *steps;
    ngx_uint_t                    nsteps;
    ngx_uint_t                    steps_size;
    unsigned                      begun:1; /* somebody was heard */
};


static ngx_thread_ws_voices_t *
ngx_thread_ws_voices_of(ngx_thread_ws_reply_t *reply)
{
    if (reply->voices == NULL) {
        reply->voices = calloc(1, sizeof(ngx_thread_ws_voices_t));
    }

    return reply->voices;
}


/* room for one more element of an array that grows: NULL without memory */

static void *
ngx_thread_ws_voices_grow(void *elts, ngx_uint_t n, ngx_uint_t *size,
    size_t elt)
{
    void  *p;

    if (n < *size) {
        return elts;
    }

    p = realloc(elts, (*size ? 2 * *size : 8) * elt);
    if (p == NULL) {
        return NULL;
    }

    *size = *size ? 2 * *size : 8;

    return p;
}


static ngx_int_t
ngx_thread_ws_voices_known(ngx_thread_ws_voices_t *voices, uint64_t task)
{
    ngx_uint_t  i;

    for (i = voices->nsteps; i; i--) {

        if (voices->steps[i - 1].task == task) {
            return voices->steps[i - 1].step;
        }
    }

    return -1;
}


ngx_int_t
ngx_thread_ws_voices_step(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_source_t *source)
{
    uint64_t                      task;
    ngx_thread_ws_voices_t       *voices;
    ngx_thread_ws_voices_step_t  *steps;

    voices = ngx_thread_ws_voices_of(reply);
    if (voices == NULL) {
        return NGX_ERROR;
    }

    if (source->depth == 0 || source->step == -1) {
        return NGX_OK;
    }

    task = source->task[source->depth - 1];

    if (ngx_thread_ws_voices_known(voices, task) != -1) {
        return NGX_OK;
    }

    steps = ngx_thread_ws_voices_grow(voices->steps, voices->nsteps,
                                      &voices->steps_size,
                                      sizeof(ngx_thread_ws_voices_step_t));
    if (steps == NULL) {
        return NGX_ERROR;
    }

    voices->steps = steps;
    voices->steps[voices->nsteps].task = task;
    voices->steps[voices->nsteps++].step = source->step;

    return NGX_OK;
}


static ngx_uint_t
ngx_thread_ws_voices_same(ngx_thread_ws_source_t *a, ngx_thread_ws_source_t *b)
{
    return a->depth == b->depth
           && (a->depth == 0 || a->task[a->depth - 1] == b->task[b->depth - 1]);
}


/* whether what a says can only come when b has said all */

static ngx_uint_t
ngx_thread_ws_voices_after(ngx_thread_ws_voices_t *voices,
    ngx_thread_ws_source_t *a, ngx_thread_ws_source_t *b)
{
    ngx_int_t   later, earlier;
    ngx_uint_t  i;

    for (i = 0; i < a->depth && i < b->depth; i++) {

        if (a->task[i] != b->task[i]) {
            later = ngx_thread_ws_voices_known(voices, a->task[i]);
            earlier = ngx_thread_ws_voices_known(voices, b->task[i]);

            return earlier != -1 && later > earlier;
        }
    }

    /* the same node, or one and a graph inside it */

    return 1;
}


/*
 * The voice of a source, NULL if it is not known.  A chunk without an id goes
 * on with its speaker's last message.
 */

static ngx_thread_ws_voice_t *
ngx_thread_ws_voices_find(ngx_thread_ws_voices_t *voices,
    ngx_thread_ws_source_t *source)
{
    ngx_uint_t              i;
    ngx_thread_ws_voice_t  *v;

    for (i = voices->n; i; i--) {
        v = &voices->voice[i - 1];

        if (source->message
            ? source->message == v->source.message
            : source->chunk && ngx_thread_ws_voices_same(source, &v->source))
        {
            return v;
        }
    }

    return NULL;
}


/* whether a whole message only puts together anew what its node streamed */

static ngx_uint_t
ngx_thread_ws_voices_repeats(ngx_thread_ws_voices_t *voices,
    ngx_thread_ws_source_t *source, ngx_str_t *text)
{
    uint64_t                hash;
    ngx_uint_t              i;
    ngx_thread_ws_voice_t  *v;

    if (source->chunk) {
        return 0;
    }

    hash = ngx_thread_ws_voices_hash(0, (char *) text->data, text->len);

    for (i = 0; i < voices->n; i++) {
        v = &voices->voice[i];

        if (v->text == hash && v->source.chunk
            && ngx_thread_ws_voices_same(source, &v->source))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_thread_ws_voice_t *
ngx_thread_ws_voices_add(ngx_thread_ws_voices_t *voices,
    ngx_thread_ws_source_t *source)
{
    ngx_thread_ws_voice_t  *v;

    v = ngx_thread_ws_voices_grow(voices->voice, voices->n, &voices->size,
                                  sizeof(ngx_thread_ws_voice_t));
    if (v == NULL) {
        return NULL;
    }

    voices->voice = v;
    v = &voices->voice[voices->n++];

    ngx_memzero(v, sizeof(ngx_thread_ws_voice_t));
    v->source = *source;

    return v;
}


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


/* a voice begins to be heard: what it has said meanwhile goes out */

static ngx_int_t
ngx_thread_ws_voices_begin(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_voice_t *v)
{
    ngx_thread_ws_voices_t  *voices;

    voices = reply->voices;

    if (voices->begun
        && (ngx_thread_ws_voices_fall(reply) != NGX_OK
            || ngx_thread_ws_reply_text(reply, NGX_THREAD_WS_VOICES_BREAK,
                                   sizeof(NGX_THREAD_WS_VOICES_BREAK) - 1)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    voices->begun = 1;
    voices->heard = (ngx_uint_t) (v - voices->voice);

    v->state = NGX_THREAD_WS_VOICE_HEARD;

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


ngx_int_t
ngx_thread_ws_voices_hear(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_source_t *source, json_t *content)
{
    size_t                   len, plain;
    u_char                  *copy;
    uint32_t                 half;
    ngx_int_t                rc;
    ngx_thread_ws_voice_t   *v;
    ngx_thread_ws_voices_t  *voices;

    voices = reply->voices;
    v = ngx_thread_ws_voices_find(voices, source);

    if (v && !(source->chunk && v->source.chunk)) {

        /* whole after its chunks, or said again by another node */

        reply->idle = 1;
        return NGX_OK;
    }

    rc = ngx_thread_ws_voices_text(reply, v, content, &half);

    if (rc != NGX_OK) {
        return rc;
    }

    if (reply->delta.len == 0 && half == 0 && v == NULL) {

        /* nothing said: it does not begin yet */

        return NGX_OK;
    }

    if (v == NULL) {

        if (ngx_thread_ws_voices_repeats(voices, source, &reply->delta)) {
            ngx_thread_ws_reply_next(reply);
            reply->idle = 1;

            return NGX_OK;
        }

        v = ngx_thread_ws_voices_add(voices, source);
        if (v == NULL) {
            return NGX_ERROR;
        }
    }

    v->half = half;
    v->source.last |= source->last;

    len = reply->delta.len;
    plain = reply->delta_size;

    if (len == 0) {
        return ngx_thread_ws_voices_pass(reply, 0);
    }

    if (v->state == NGX_THREAD_WS_VOICE_HEARD) {
        v->text = ngx_thread_ws_voices_hash(v->text,
                                            (char *) reply->delta.data, len);

        return ngx_thread_ws_voices_pass(reply, 0);
    }

    copy = malloc(len);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy, reply->delta.data, len);
    ngx_thread_ws_reply_next(reply);

    rc = ngx_thread_ws_voices_say(reply, v, copy, len, plain);

    free(copy);

    return (rc == NGX_OK) ? ngx_thread_ws_voices_pass(reply, 0) : rc;
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


void
ngx_thread_ws_voices_free(ngx_thread_ws_voices_t *voices)
{
    ngx_uint_t  i;

    if (voices == NULL) {
        return;
    }

    for (i = 0; i < voices->n; i++) {
        free(voices->voice[i].held);
    }

    free(voices->voice);
    free(voices->steps);
    free(voices);
}
