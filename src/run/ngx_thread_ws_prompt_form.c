
/*
 * Forms.  From run to run of a location little of a request body differs: the
 * new message, its id, and the history, which is most of it and stands escaped
 * already.  So the dialect writes a body with marks in their places, for two
 * made-up runs as well, from which is read how a run and the next one stand
 * there.  That is kept; a real body is copied together from it.
 *
 * The form is written anew when the model or the system prompt comes out as
 * another text, or something else is wanted.
 */


#include "run/ngx_thread_ws_prompt_form.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json.h"


/* what goes into the gap that follows a part of a form */

typedef enum {
    NGX_THREAD_WS_GAP_CONTENT = 0,
    NGX_THREAD_WS_GAP_REQUEST_ID,
    NGX_THREAD_WS_GAP_QUESTION,              /* of the history */
    NGX_THREAD_WS_GAP_ANSWER,
    NGX_THREAD_WS_GAP_NONE                   /* the end, or no mark of ours */
} ngx_thread_ws_gap_e;


typedef struct {
    ngx_str_t                   text;
    ngx_uint_t                  gap;         /* ngx_thread_ws_gap_e */
} ngx_thread_ws_form_part_t;


struct ngx_thread_ws_prompt_form_s {
    ngx_str_t                   model;       /* for which it was written */
    ngx_str_t                   system_prompt;
    ngx_uint_t                  want;
    char                       *text;        /* jansson's, malloc'ed */
    ngx_thread_ws_form_part_t  *parts;       /* ... and these; NULL: none yet */
};


static ngx_int_t ngx_thread_ws_form_write(ngx_thread_ws_prompt_form_t *form,
    ngx_thread_ws_dialect_t *dialect, ngx_thread_ws_prompt_t *prompt,
    ngx_uint_t history);
static ngx_int_t ngx_thread_ws_form_divide(ngx_thread_ws_prompt_form_t *form,
    ngx_thread_ws_prompt_t *prompt);
static ngx_int_t ngx_thread_ws_form_check(ngx_thread_ws_form_part_t *part);
static ngx_uint_t ngx_thread_ws_form_gap(u_char *p, u_char *last, u_char **gap,
    u_char **next);
static size_t ngx_thread_ws_form_size(ngx_thread_ws_form_part_t *part,
    ngx_thread_ws_prompt_t *prompt, ngx_thread_ws_context_t *context,
    ngx_queue_t *first);
static u_char *ngx_thread_ws_form_fill(u_char *p,
    ngx_thread_ws_form_part_t *part, ngx_thread_ws_prompt_t *prompt,
    ngx_thread_ws_context_t *context, ngx_queue_t *first);
static void ngx_thread_ws_form_free(void *data);


/* by gap; U+0000 is in no message */

static ngx_str_t  ngx_thread_ws_marks[] = {
    ngx_string("\0content\0"),
    ngx_string("\0request\0"),
    ngx_string("\0question\0"),
    ngx_string("\0answer\0")
};


ngx_int_t
ngx_thread_ws_prompt_forms(ngx_conf_t *cf, ngx_thread_ws_loc_conf_t *conf)
{
    ngx_uint_t           i;
    ngx_pool_cleanup_t  *cln;

    if (conf->pass == NULL) {
        return NGX_OK;
    }

    /* without a history, and with one */

    conf->forms = ngx_pcalloc(cf->pool,
                              2 * sizeof(ngx_thread_ws_prompt_form_t));
    if (conf->forms == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < 2; i++) {

        cln = ngx_pool_cleanup_add(cf->pool, 0);
        if (cln == NULL) {
            return NGX_ERROR;
        }

        cln->handler = ngx_thread_ws_form_free;
        cln->data = &conf->forms[i];
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_prompt_form(ngx_thread_ws_loc_conf_t *conf, ngx_pool_t *pool,
    ngx_thread_ws_prompt_t *prompt, ngx_thread_ws_context_t *context,
    ngx_queue_t *first, ngx_str_t *text)
{
    size_t                        size;
    ngx_uint_t                    history;
    ngx_thread_ws_prompt_form_t  *form;

    history = (first != ngx_queue_sentinel(&context->runs));
    form = &conf->forms[history];

    if ((form->parts == NULL || form->want != prompt->want
         || !ngx_thread_ws_string_equal(&form->model, &prompt->model)
         || !ngx_thread_ws_string_equal(&form->system_prompt,
                                        &prompt->system_prompt))
        && ngx_thread_ws_form_write(form, conf->dialect, prompt, history)
           != NGX_OK)
    {
        ngx_thread_ws_form_free(form);
        return NGX_ERROR;
    }

    size = ngx_thread_ws_form_size(form->parts, prompt, context, first);

    text->data = ngx_pnalloc(pool, size);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    text->len = ngx_thread_ws_form_fill(text->data, form->parts, prompt,
                                        context, first)
                - text->data;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_form_write(ngx_thread_ws_prompt_form_t *form,
    ngx_thread_ws_dialect_t *dialect, ngx_thread_ws_prompt_t *prompt,
    ngx_uint_t history)
{
    json_t                    *json;
    ngx_thread_ws_prompt_t     marked;
    ngx_thread_ws_exchange_t   runs[2];

    ngx_thread_ws_form_free(form);

    marked = *prompt;

    marked.content = ngx_thread_ws_marks[NGX_THREAD_WS_GAP_CONTENT];
    marked.request_id = ngx_thread_ws_marks[NGX_THREAD_WS_GAP_REQUEST_ID];

    if (history) {
        ngx_memzero(runs, sizeof(runs));

        runs[0].content = ngx_thread_ws_marks[NGX_THREAD_WS_GAP_QUESTION];
        runs[0].answer = ngx_thread_ws_marks[NGX_THREAD_WS_GAP_ANSWER];
        runs[1] = runs[0];

        marked.history = runs;
        marked.nhistory = 2;
    }

    json = dialect->request(&marked);
    if (json == NULL) {
        return NGX_ERROR;
    }

    form->text = json_dumps(json, JSON_COMPACT);
    json_decref(json);

    if (form->text == NULL) {
        return NGX_ERROR;
    }

    return ngx_thread_ws_form_divide(form, prompt);
}


/* takes the form's text apart, and keeps for which settings it was written */

static ngx_int_t
ngx_thread_ws_form_divide(ngx_thread_ws_prompt_form_t *form,
    ngx_thread_ws_prompt_t *prompt)
{
    u_char                     *p, *last, *gap, *next;
    ngx_uint_t                  n;
    ngx_thread_ws_form_part_t  *part;

    p = (u_char *) form->text;
    last = p + ngx_strlen(p);

    for (n = 1; p < last; n++) {
        (void) ngx_thread_ws_form_gap(p, last, &gap, &p);
    }

    form->parts = ngx_alloc(n * sizeof(ngx_thread_ws_form_part_t)
                            + prompt->model.len + prompt->system_prompt.len,
                            ngx_cycle->log);
    if (form->parts == NULL) {
        return NGX_ERROR;
    }

    form->want = prompt->want;

    p = ngx_thread_ws_string_copy(&form->model, (u_char *) (form->parts + n),
                                  &prompt->model);
    (void) ngx_thread_ws_string_copy(&form->system_prompt, p,
                                     &prompt->system_prompt);

    part = form->parts;
    p = (u_char *) form->text;

    do {
        part->gap = ngx_thread_ws_form_gap(p, last, &gap, &next);
        part->text.data = p;
        part->text.len = gap - p;

        p = next;

    } while (part++->gap != NGX_THREAD_WS_GAP_NONE);

    return ngx_thread_ws_form_check(form->parts);
}


/* if there are marks of a history, there are two runs of it in a row */

static ngx_int_t
ngx_thread_ws_form_check(ngx_thread_ws_form_part_t *part)
{
    for ( /* void */ ; part->gap != NGX_THREAD_WS_GAP_NONE; part++) {

        if (part->gap == NGX_THREAD_WS_GAP_QUESTION
            && part[1].gap == NGX_THREAD_WS_GAP_ANSWER
            && part[2].gap == NGX_THREAD_WS_GAP_QUESTION
            && part[3].gap == NGX_THREAD_WS_GAP_ANSWER)
        {
            part += 3;

        } else if (part->gap >= NGX_THREAD_WS_GAP_QUESTION) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* the next gap in a form's text, which is JSON; at its end if there is none */

static ngx_uint_t
ngx_thread_ws_form_gap(u_char *p, u_char *last, u_char **gap, u_char **next)
{
    size_t       size;
    ngx_str_t   *mark;
    ngx_uint_t   i;
    u_char       escaped[64];

    for ( /* void */ ; p < last; p++) {

        if (*p != '\\') {
            continue;
        }

        for (i = 0; i < NGX_THREAD_WS_GAP_NONE; i++) {
            mark = &ngx_thread_ws_marks[i];

            size = ngx_sprintf(escaped, "\\u0000%*s\\u0000", mark->len - 2,
                               mark->data + 1)
                   - escaped;

            if ((size_t) (last - p) >= size
                && ngx_memcmp(p, escaped, size) == 0)
            {
                *gap = p;
                *next = p + size;
                return i;
            }
        }

        /* what is escaped, perhaps another backslash */

        p++;
    }

    *gap = last;
    *next = last;

    return NGX_THREAD_WS_GAP_NONE;
}


/* bytes that a body takes at most; as the next, it goes from part to part */

static size_t
ngx_thread_ws_form_size(ngx_thread_ws_form_part_t *part,
    ngx_thread_ws_prompt_t *prompt, ngx_thread_ws_context_t *context,
    ngx_queue_t *first)
{
    size_t                   size;
    ngx_queue_t             *q;
    ngx_thread_ws_recent_t  *recent;

    for (size = 0; /* void */ ; part++) {

        size += part->text.len;

        switch (part->gap) {

        case NGX_THREAD_WS_GAP_CONTENT:
            size += ngx_thread_ws_json_escaped_size(prompt->content.data,
                                                    prompt->content.len);
            break;

        case NGX_THREAD_WS_GAP_REQUEST_ID:
            size += prompt->request_id.len;
            break;

        case NGX_THREAD_WS_GAP_QUESTION:

            for (q = first;
                 q != ngx_queue_sentinel(&context->runs);
                 q = ngx_queue_next(q))
            {
                recent = ngx_queue_data(q, ngx_thread_ws_recent_t, queue);
                size += recent->content.len + part[1].text.len
                        + recent->answer.len + part[2].text.len;
            }

            part += 3;
            break;

        default: /* NGX_THREAD_WS_GAP_NONE */
            return size;
        }
    }
}


static u_char *
ngx_thread_ws_form_fill(u_char *p, ngx_thread_ws_form_part_t *part,
    ngx_thread_ws_prompt_t *prompt, ngx_thread_ws_context_t *context,
    ngx_queue_t *first)
{
    ngx_queue_t             *q;
    ngx_thread_ws_recent_t  *recent;

    for ( /* void */ ;; part++) {

        p = ngx_thread_ws_string_append(p, &part->text);

        switch (part->gap) {

        case NGX_THREAD_WS_GAP_CONTENT:
            p = ngx_thread_ws_json_escape(p, prompt->content.data,
                                          prompt->content.len);
            break;

        case NGX_THREAD_WS_GAP_REQUEST_ID:

            /* has nothing to escape */

            p = ngx_thread_ws_string_append(p, &prompt->request_id);
            break;

        case NGX_THREAD_WS_GAP_QUESTION:

            for (q = first;
                 q != ngx_queue_sentinel(&context->runs);
                 q = ngx_queue_next(q))
            {
                recent = ngx_queue_data(q, ngx_thread_ws_recent_t, queue);

                if (q != first) {
                    p = ngx_thread_ws_string_append(p, &part[2].text);
                }

                p = ngx_thread_ws_string_append(p, &recent->content);
                p = ngx_thread_ws_string_append(p, &part[1].text);
                p = ngx_thread_ws_string_append(p, &recent->answer);
            }

            part += 3;
            break;

        default: /* NGX_THREAD_WS_GAP_NONE */
            return p;
        }
    }
}


static void
ngx_thread_ws_form_free(void *data)
{
    ngx_thread_ws_prompt_form_t  *form = data;

    free(form->text);
    form->text = NULL;

    if (form->parts) {
        ngx_free(form->parts);
        form->parts = NULL;
    }
}
