
/*
 * The voices of a graph as they are known: who is whose, and who follows whom.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_voices_private.h"


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


ngx_uint_t
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


ngx_thread_ws_voice_t *
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


ngx_uint_t
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


/*
 * The last message of the same execution of a node, if it broke off: it was
 * streamed, and neither said how it ended nor called a tool.  It counts from 1.
 */

static ngx_uint_t
ngx_thread_ws_voices_broken(ngx_thread_ws_voices_t *voices,
    ngx_thread_ws_source_t *source)
{
    ngx_uint_t               i;
    ngx_thread_ws_source_t  *s;

    for (i = voices->n; i; i--) {
        s = &voices->voice[i - 1].source;

        if (s->depth && ngx_thread_ws_voices_same(source, s)) {
            return (s->chunk && !s->reason && !s->calls) ? i : 0;
        }
    }

    return 0;
}


/* names that outlive the event */

static ngx_int_t
ngx_thread_ws_voices_keep(ngx_thread_ws_source_t *kept,
    ngx_thread_ws_source_t *source)
{
    u_char  *p;

    p = malloc(source->id.len + source->node.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_thread_ws_string_copy(&kept->node,
                                     ngx_thread_ws_string_copy(&kept->id, p,
                                                               &source->id),
                                     &source->node);
    kept->id.data = p;

    return NGX_OK;
}


ngx_thread_ws_voice_t *
ngx_thread_ws_voices_add(ngx_thread_ws_voices_t *voices,
    ngx_thread_ws_source_t *source, ngx_uint_t keep)
{
    ngx_thread_ws_voice_t  *v;

    v = ngx_thread_ws_voices_grow(voices->voice, voices->n, &voices->size,
                                  sizeof(ngx_thread_ws_voice_t));
    if (v == NULL) {
        return NULL;
    }

    voices->voice = v;
    v = &voices->voice[voices->n];

    ngx_memzero(v, sizeof(ngx_thread_ws_voice_t));
    v->source = *source;

    if (source->chunk && source->depth) {
        v->broken = ngx_thread_ws_voices_broken(voices, source);
    }

    /* what is read is gone when it is heard */

    ngx_str_null(&v->source.id);
    ngx_str_null(&v->source.node);

    if (keep && ngx_thread_ws_voices_keep(&v->source, source) != NGX_OK) {
        return NULL;
    }

    voices->n++;

    return v;
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
        free(voices->voice[i].source.id.data);
    }

    free(voices->voice);
    free(voices->steps);
    free(voices);
}
