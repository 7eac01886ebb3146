
/*
 * A run's request body: the settings, the context of its thread and the new
 * message, in the words of the agent's dialect: by the location's form, or by
 * the dialect itself where that has to see the runs of the context.
 */


#include "run/ngx_thread_ws_run_private.h"
#include "run/ngx_thread_ws_prompt_form.h"
#include "base/ngx_thread_ws_string.h"
#include "ws/ngx_thread_ws_utf8.h"
#include "json/ngx_thread_ws_json.h"
#include "store/ngx_thread_ws_extra.h"


static ngx_int_t ngx_thread_ws_prompt_first(ngx_thread_ws_run_t *run,
    ngx_http_request_t *r, ngx_str_t *text);
static ngx_int_t ngx_thread_ws_prompt_runs(ngx_thread_ws_run_t *run,
    ngx_thread_ws_prompt_t *prompt, ngx_queue_t *first, ngx_uint_t n,
    ngx_str_t *text);
static ngx_int_t ngx_thread_ws_prompt_settings(ngx_thread_ws_run_t *run,
    ngx_http_request_t *r, ngx_thread_ws_prompt_t *prompt);
static void ngx_thread_ws_prompt_chosen(ngx_thread_ws_run_t *run,
    ngx_thread_ws_prompt_t *prompt, ngx_str_t *model);
static ngx_int_t ngx_thread_ws_prompt_value(ngx_thread_ws_run_t *run,
    ngx_http_request_t *r, ngx_http_complex_value_t *cv, char *directive,
    ngx_str_t *value);
static void ngx_thread_ws_prompt_free(void *data);
static ngx_int_t ngx_thread_ws_prompt_extra(ngx_thread_ws_run_t *run,
    ngx_thread_ws_prompt_t *prompt, ngx_queue_t *first);
static ngx_int_t ngx_thread_ws_prompt_known(ngx_thread_ws_run_t *run,
    ngx_thread_ws_prompt_t *prompt);
static void ngx_thread_ws_prompt_forget(ngx_thread_ws_prompt_t *prompt);
static ngx_uint_t ngx_thread_ws_prompt_plain(ngx_thread_ws_run_t *run,
    ngx_queue_t *first);
static ngx_int_t ngx_thread_ws_prompt_unescape(ngx_thread_ws_run_t *run,
    ngx_thread_ws_prompt_t *prompt, ngx_queue_t *first, ngx_uint_t n);


static ngx_str_t  ngx_thread_ws_busy_names[] = {
    ngx_string("interrupt"),
    ngx_string("queue"),
    ngx_string("reject")
};


ngx_int_t
ngx_thread_ws_prompt(void *data, ngx_http_request_t *r, ngx_chain_t **body,
    off_t *size)
{
    ngx_thread_ws_run_t  *run = data;

    ngx_int_t  rc;
    ngx_str_t  text;

    rc = run->again ? ngx_thread_ws_again_prompt(run, &text)
                    : ngx_thread_ws_prompt_first(run, r, &text);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    *size = text.len;

    return ngx_thread_ws_prompt_chain(run, &text, body);
}


ngx_int_t
ngx_thread_ws_prompt_chain(ngx_thread_ws_run_t *run, ngx_str_t *text,
    ngx_chain_t **body)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = ngx_calloc_buf(run->pool);
    cl = ngx_alloc_chain_link(run->pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    b->start = text->data;
    b->pos = b->start;
    b->last = b->pos + text->len;
    b->end = b->last;
    b->memory = 1;
    b->last_buf = 1;

    cl->buf = b;
    cl->next = NULL;

    *body = cl;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_prompt_first(ngx_thread_ws_run_t *run, ngx_http_request_t *r,
    ngx_str_t *text)
{
    ngx_int_t                rc;
    ngx_uint_t               n;
    ngx_queue_t             *first;
    ngx_thread_ws_prompt_t   prompt;

    if (ngx_thread_ws_prompt_settings(run, r, &prompt) != NGX_OK) {
        return NGX_ERROR;
    }

    first = ngx_thread_ws_context_first(run->context, &run->conf->context, &n);

    if (run->answers && n == 0 && !ngx_queue_empty(&run->context->runs)) {

        /* what the message speaks of, however large */
        first = ngx_queue_last(&run->context->runs);
        n = 1;
    }

    if (prompt.chosen || run->answers || run->listed
        || (n && ngx_thread_ws_prompt_plain(run, first)))
    {
        rc = ngx_thread_ws_prompt_runs(run, &prompt, first, n, text);

    } else {
        rc = ngx_thread_ws_prompt_form(run->conf, run->pool, &prompt,
                                       run->context, first, text);
    }

    if (rc != NGX_OK || run->conf->dialect->again == NULL) {
        return rc;
    }

    return ngx_thread_ws_again_init(run, text);
}


/* by the dialect itself, which sees the n runs from first on */

static ngx_int_t
ngx_thread_ws_prompt_runs(ngx_thread_ws_run_t *run,
    ngx_thread_ws_prompt_t *prompt, ngx_queue_t *first, ngx_uint_t n,
    ngx_str_t *text)
{
    ngx_int_t  rc;

    rc = ngx_thread_ws_prompt_unescape(run, prompt, first, n);

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_prompt_extra(run, prompt, first);
    }

    if (rc == NGX_OK && run->conf->dialect->results) {
        rc = ngx_thread_ws_prompt_known(run, prompt);
    }

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_prompt_dump(run,
                                       run->conf->dialect->request(prompt),
                                       text);
    }

    ngx_thread_ws_prompt_forget(prompt);

    return rc;
}


static ngx_int_t
ngx_thread_ws_prompt_settings(ngx_thread_ws_run_t *run, ngx_http_request_t *r,
    ngx_thread_ws_prompt_t *prompt)
{
    ngx_str_t                  model;
    ngx_thread_ws_loc_conf_t  *conf;

    conf = run->conf;

    ngx_memzero(prompt, sizeof(ngx_thread_ws_prompt_t));

    prompt->content = run->content;
    prompt->request_id = run->subject.request_id;
    prompt->busy = ngx_thread_ws_busy_names[conf->busy];
    prompt->want = conf->events;
    prompt->reasoning = conf->reasoning_history;

    if (conf->reasoning_tags) {
        prompt->tag = *(ngx_str_t *) conf->reasoning_tags->elts;
    }

    prompt->parameters = conf->parameters;

    if (ngx_thread_ws_prompt_value(run, r, conf->model, "thread_ws_model",
                                   &prompt->model)
        != NGX_OK
        || ngx_thread_ws_prompt_value(run, r, conf->system_prompt,
                                      "thread_ws_system_prompt",
                                      &prompt->system_prompt)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    model = prompt->model;

    if (run->choice) {
        ngx_thread_ws_prompt_chosen(run, prompt, &model);
    }

    if (model.len) {
        run->model.data = ngx_pstrdup(run->pool, &model);
        run->model.len = run->model.data ? model.len : 0;
    }

    return NGX_OK;
}


/* a model of the client's choice is the run's, too */

static void
ngx_thread_ws_prompt_chosen(ngx_thread_ws_run_t *run,
    ngx_thread_ws_prompt_t *prompt, ngx_str_t *model)
{
    json_t  *member;

    prompt->chosen = run->choice->parameters;

    member = json_object_get(prompt->chosen, "model");

    if (json_string_length(member)) {
        model->data = (u_char *) json_string_value(member);
        model->len = json_string_length(member);
    }
}


static ngx_int_t
ngx_thread_ws_prompt_value(ngx_thread_ws_run_t *run, ngx_http_request_t *r,
    ngx_http_complex_value_t *cv, char *directive, ngx_str_t *value)
{
    uint32_t  state;

    ngx_str_null(value);

    if (cv == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, cv, value) != NGX_OK) {
        return NGX_ERROR;
    }

    state = NGX_THREAD_WS_UTF8_COMPLETE;

    if (ngx_thread_ws_utf8_check(&state, value->data, value->len) == NGX_OK
        && state == NGX_THREAD_WS_UTF8_COMPLETE)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, run->subject.log, 0,
                  "\"%s\" comes out as no valid UTF-8", directive);

    return NGX_ERROR;
}


ngx_int_t
ngx_thread_ws_prompt_dump(ngx_thread_ws_run_t *run, json_t *json,
    ngx_str_t *text)
{
    char                *p;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(run->pool, 0);
    p = (cln && json) ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);

    if (p == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_thread_ws_prompt_free;
    cln->data = p;

    text->data = (u_char *) p;
    text->len = ngx_strlen(p);

    return NGX_OK;
}


/* jansson's memory is malloc's */

static void
ngx_thread_ws_prompt_free(void *data)
{
    free(data);
}


/*
 * Whether the dialect has to see the runs themselves: some have more than
 * texts, and one without an answer is treated in ways of their own.
 */

static ngx_uint_t
ngx_thread_ws_prompt_plain(ngx_thread_ws_run_t *run, ngx_queue_t *first)
{
    u_char                  *p, *last;
    ngx_queue_t             *q;
    ngx_thread_ws_recent_t  *recent;

    for (q = first;
         q != ngx_queue_sentinel(&run->context->runs);
         q = ngx_queue_next(q))
    {
        recent = ngx_queue_data(q, ngx_thread_ws_recent_t, queue);

        if (recent->extra) {
            return 1;
        }

        p = recent->answer.data;
        last = p + recent->answer.len;

        while (p < last
               && (*p == ' '
                   || (*p == '\\' && p[1] != '"' && p[1] != '\\'
                       && p[1] != '/')))
        {
            /* blank, or the escape of something that may be blank */

            p += (*p == '\\') ? 2 : 1;
        }

        if (p >= last) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_thread_ws_prompt_unescape(ngx_thread_ws_run_t *run,
    ngx_thread_ws_prompt_t *prompt, ngx_queue_t *first, ngx_uint_t n)
{
    u_char                    *p;
    ngx_str_t                 *text[2];
    ngx_uint_t                 i;
    ngx_queue_t               *q;
    ngx_thread_ws_recent_t    *recent;
    ngx_thread_ws_exchange_t  *e;

    if (n == 0) {
        return NGX_OK;
    }

    e = ngx_pcalloc(run->pool, n * sizeof(ngx_thread_ws_exchange_t));
    if (e == NULL) {
        return NGX_ERROR;
    }

    prompt->history = e;
    prompt->nhistory = n;

    for (q = first;
         q != ngx_queue_sentinel(&run->context->runs);
         q = ngx_queue_next(q))
    {
        recent = ngx_queue_data(q, ngx_thread_ws_recent_t, queue);

        e->content = recent->content;
        e->answer = recent->answer;

        text[0] = &e->content;
        text[1] = &e->answer;

        for (i = 0; i < 2; i++) {

            if (text[i]->len == 0) {
                continue;
            }

            p = ngx_pnalloc(run->pool, text[i]->len);
            if (p == NULL) {
                return NGX_ERROR;
            }

            text[i]->len = ngx_thread_ws_json_unescape(p, text[i]->data,
                                                       text[i]->len)
                           - p;
            text[i]->data = p;
        }

        e++;
    }

    return NGX_OK;
}


/* what there is beside texts, of the message and the runs before it */

static ngx_int_t
ngx_thread_ws_prompt_extra(ngx_thread_ws_run_t *run,
    ngx_thread_ws_prompt_t *prompt, ngx_queue_t *first)
{
    ngx_queue_t               *q;
    ngx_thread_ws_extra_t     *extra;
    ngx_thread_ws_recent_t    *recent;
    ngx_thread_ws_exchange_t  *e;

    e = prompt->history;

    for (q = first;
         q != ngx_queue_sentinel(&run->context->runs);
         q = ngx_queue_next(q), e++)
    {
        recent = ngx_queue_data(q, ngx_thread_ws_recent_t, queue);
        extra = recent->extra;

        if (extra == NULL) {
            continue;
        }

        e->asked = ngx_thread_ws_extra_asked(&extra->asked, &e->content);
        e->parts = ngx_thread_ws_extra_parts(&extra->told, &e->answer);

        if (e->asked == NULL || e->parts == NULL) {
            return NGX_ERROR;
        }
    }

    if (run->extra) {
        prompt->asked = ngx_thread_ws_extra_asked(&run->extra->asked,
                                                  &run->content);
        return prompt->asked ? NGX_OK : NGX_ERROR;
    }

    return NGX_OK;
}


/* the calls of the runs before, whose ids no call of this one is told by */

static ngx_int_t
ngx_thread_ws_prompt_known(ngx_thread_ws_run_t *run,
    ngx_thread_ws_prompt_t *prompt)
{
    size_t       k;
    json_t      *known, *part;
    ngx_uint_t   i;
    const char  *id;

    known = json_object();

    json_decref(run->reply.known);
    run->reply.known = known;

    for (i = 0; i < prompt->nhistory; i++) {

        json_array_foreach(prompt->history[i].parts, k, part) {
            id = json_string_value(json_object_get(part, "toolCallId"));

            if (id && json_object_set_new(known, id, json_null()) != 0) {
                return NGX_ERROR;
            }
        }
    }

    return known ? NGX_OK : NGX_ERROR;
}


static void
ngx_thread_ws_prompt_forget(ngx_thread_ws_prompt_t *prompt)
{
    ngx_uint_t  i;

    for (i = 0; i < prompt->nhistory; i++) {
        json_decref(prompt->history[i].asked);
        json_decref(prompt->history[i].parts);
    }

    json_decref(prompt->asked);
}
