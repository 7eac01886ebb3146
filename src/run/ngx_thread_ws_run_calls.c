
/*
 * What the thread's newest run has left open: calls, which the next message
 * answers all together, or not at all; and questions, each of which it may
 * answer.  And whether what it says beside that can be said to the agent.
 */


#include "run/ngx_thread_ws_run_private.h"
#include "dialect/ngx_thread_ws_prompt_calls.h"
#include "dialect/ngx_thread_ws_prompt_parts.h"
#include "store/ngx_thread_ws_extra.h"


/* bytes of an id that are quoted */

#define NGX_THREAD_WS_RUN_CALLS_ID  128


static ngx_int_t ngx_thread_ws_run_calls_asked(ngx_thread_ws_run_t *run,
    json_t *parts);
static ngx_int_t ngx_thread_ws_run_shown(ngx_thread_ws_run_t *run,
    json_t *parts);
static ngx_int_t ngx_thread_ws_run_shown_results(ngx_thread_ws_run_t *run,
    json_t *extra, json_t *parts);
static void ngx_thread_ws_run_shown_answers(json_t *extra, json_t *parts);
static ngx_int_t ngx_thread_ws_run_shown_set(ngx_thread_ws_run_t *run,
    json_t *extra);
static ngx_int_t ngx_thread_ws_run_calls_check(ngx_thread_ws_run_t *run,
    json_t *asked, json_t *parts);
static ngx_int_t ngx_thread_ws_run_answers_check(ngx_thread_ws_run_t *run,
    json_t *answers, json_t *parts);
static ngx_uint_t ngx_thread_ws_run_asks(json_t *parts, json_t *id);
static ngx_int_t ngx_thread_ws_run_content_check(ngx_thread_ws_run_t *run,
    json_t *asked);
static ngx_int_t ngx_thread_ws_run_calls_refuse(ngx_thread_ws_run_t *run,
    char *format, const char *id);
static ngx_int_t ngx_thread_ws_run_calls_memory(ngx_thread_ws_run_t *run);


ngx_int_t
ngx_thread_ws_run_calls(ngx_thread_ws_run_t *run)
{
    json_t                   *parts;
    ngx_int_t                 rc;
    ngx_str_t                 told, answer;
    ngx_queue_t              *q;
    ngx_thread_ws_recent_t   *recent;

    if (run->extra == NULL && run->shown.len == 0) {
        return NGX_OK;
    }

    ngx_str_null(&told);
    ngx_str_null(&answer);

    q = ngx_queue_last(&run->context->runs);

    if (q != ngx_queue_sentinel(&run->context->runs)) {
        recent = ngx_queue_data(q, ngx_thread_ws_recent_t, queue);

        if (recent->extra) {
            told = recent->extra->told;
        }
    }

    parts = ngx_thread_ws_extra_parts(&told, &answer);

    if (parts == NULL) {
        return ngx_thread_ws_run_calls_memory(run);
    }

    rc = run->shown.len ? ngx_thread_ws_run_shown(run, parts) : NGX_OK;

    if (rc == NGX_OK && run->extra) {
        rc = ngx_thread_ws_run_calls_asked(run, parts);
    }

    json_decref(parts);

    return rc;
}


static ngx_int_t
ngx_thread_ws_run_calls_asked(ngx_thread_ws_run_t *run, json_t *parts)
{
    json_t     *asked, *answers;
    ngx_int_t   rc;

    asked = ngx_thread_ws_extra_asked(&run->extra->asked, &run->content);

    if (asked) {
        answers = json_object_get(asked, "answers");

        rc = json_object_get(asked, "toolResults")
             ? ngx_thread_ws_run_calls_check(run, asked, parts)
             : answers ? ngx_thread_ws_run_answers_check(run, answers, parts)
             : NGX_OK;

        if (rc == NGX_OK && json_object_get(asked, "content")) {
            rc = ngx_thread_ws_run_content_check(run, asked);
        }

    } else {
        rc = ngx_thread_ws_run_calls_memory(run);
    }

    json_decref(asked);

    return rc;
}


/*
 * Of what the client shows the message is to have what is open; beside a
 * content that may be nothing, or not all.
 */

static ngx_int_t
ngx_thread_ws_run_shown(ngx_thread_ws_run_t *run, json_t *parts)
{
    json_t     *extra;
    ngx_int_t   rc;

    static ngx_str_t  nothing = ngx_null_string;

    extra = ngx_thread_ws_extra_read(run->extra ? &run->extra->asked
                                                : &nothing);
    if (extra == NULL) {
        return ngx_thread_ws_run_calls_memory(run);
    }

    rc = NGX_OK;

    if (run->conf->dialect->results && !json_object_get(extra, "answers")) {
        rc = ngx_thread_ws_run_shown_results(run, extra, parts);

    } else if (run->conf->dialect->answers && run->conf->store->keeps) {
        ngx_thread_ws_run_shown_answers(extra, parts);
    }

    if (rc == NGX_OK && json_object_size(extra)) {
        rc = ngx_thread_ws_run_shown_set(run, extra);
    }

    if (rc != NGX_OK) {
        (void) ngx_thread_ws_run_calls_memory(run);

    } else if (run->content.len == 0 && json_object_size(extra) == 0) {
        rc = ngx_thread_ws_run_calls_refuse(run,
                               "the answer has no result of an open call", "");
    }

    json_decref(extra);

    return rc;
}


static ngx_int_t
ngx_thread_ws_run_shown_results(ngx_thread_ws_run_t *run, json_t *extra,
    json_t *parts)
{
    json_t     *shown;
    ngx_int_t   rc;

    shown = ngx_thread_ws_extra_read(&run->shown);

    rc = shown ? ngx_thread_ws_prompt_shown(extra, shown, parts) : NGX_ERROR;

    json_decref(shown);

    return rc;
}


static void
ngx_thread_ws_run_shown_answers(json_t *extra, json_t *parts)
{
    size_t   i;
    json_t  *answers, *id;

    answers = json_object_get(extra, "answers");

    for (i = json_array_size(answers); i > 0; i--) {
        id = json_object_get(json_array_get(answers, i - 1), "interruptId");

        if (!ngx_thread_ws_run_asks(parts, id)) {
            (void) json_array_remove(answers, i - 1);
        }
    }

    if (json_array_size(answers) == 0) {
        (void) json_object_del(extra, "answers");
    }
}


/* in the form that a command's has */

static ngx_int_t
ngx_thread_ws_run_shown_set(ngx_thread_ws_run_t *run, json_t *extra)
{
    char       *text;
    ngx_str_t  *asked;

    if (run->extra == NULL) {
        run->extra = ngx_pcalloc(run->pool, sizeof(ngx_thread_ws_extra_t));
        if (run->extra == NULL) {
            return NGX_ERROR;
        }
    }

    text = json_dumps(extra, JSON_COMPACT|JSON_SORT_KEYS);
    if (text == NULL) {
        return NGX_ERROR;
    }

    asked = &run->extra->asked;

    asked->len = ngx_strlen(text);
    asked->data = ngx_pnalloc(run->pool, asked->len);

    if (asked->data) {
        ngx_memcpy(asked->data, text, asked->len);
    }

    free(text);

    return asked->data ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_run_calls_check(ngx_thread_ws_run_t *run, json_t *asked,
    json_t *parts)
{
    size_t       i;
    json_t      *open, *part, *results, *result;
    ngx_int_t    rc;
    ngx_uint_t   beside;
    const char  *id;

    if (!run->conf->dialect->results) {
        return ngx_thread_ws_run_calls_refuse(run,
                   "toolResults: this agent sees to its tools itself", "");
    }

    run->answers = 1;

    open = ngx_thread_ws_prompt_open(parts);
    results = ngx_thread_ws_prompt_results(asked);

    if (open == NULL || results == NULL) {
        json_decref(open);
        json_decref(results);

        return ngx_thread_ws_run_calls_memory(run);
    }

    rc = NGX_OK;

    beside = run->shown.len && (run->content.len
                                || json_object_get(asked, "content"));

    json_array_foreach(open, i, part) {
        id = json_string_value(json_object_get(part, "toolCallId"));

        if (json_object_get(results, id) == NULL && !beside) {
            rc = ngx_thread_ws_run_calls_refuse(run,
                            "toolResults: the call \"%s\" has no result", id);
            break;
        }

        (void) json_object_del(results, id);
    }

    if (rc == NGX_OK) {
        json_object_foreach(results, id, result) {
            rc = ngx_thread_ws_run_calls_refuse(run,
                            "toolResults: no call \"%s\" is open", id);
            break;
        }
    }

    json_decref(open);
    json_decref(results);

    return rc;
}


/* where no runs are kept the agent's server alone knows what it asked */

static ngx_int_t
ngx_thread_ws_run_answers_check(ngx_thread_ws_run_t *run, json_t *answers,
    json_t *parts)
{
    size_t   i;
    json_t  *answer, *id;

    if (!run->conf->dialect->answers) {
        return ngx_thread_ws_run_calls_refuse(run,
                                "answers: this agent asks no questions", "");
    }

    if (run->fork) {
        return ngx_thread_ws_run_calls_refuse(run,
                                "answers: not of what replaces another run",
                                "");
    }

    run->answers = 1;

    if (!run->conf->store->keeps) {
        return NGX_OK;
    }

    json_array_foreach(answers, i, answer) {
        id = json_object_get(answer, "interruptId");

        if (!ngx_thread_ws_run_asks(parts, id)) {
            return ngx_thread_ws_run_calls_refuse(run,
                                    "answers: no interrupt \"%s\" is open",
                                    json_string_value(id));
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_thread_ws_run_asks(json_t *parts, json_t *id)
{
    size_t   i;
    json_t  *part;

    json_array_foreach(parts, i, part) {

        if (ngx_thread_ws_prompt_is(part, "interrupt")
            && json_equal(json_object_get(part, "interruptId"), id))
        {
            return 1;
        }
    }

    return 0;
}


/* what the agent's API cannot be told is not left out, but refused */

static ngx_int_t
ngx_thread_ws_run_content_check(ngx_thread_ws_run_t *run, json_t *asked)
{
    char  *why;

    run->listed = 1;

    switch (ngx_thread_ws_prompt_takes(run->conf->dialect->part, asked, &why)) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        return ngx_thread_ws_run_calls_refuse(run, why, "");

    default:
        return ngx_thread_ws_run_calls_memory(run);
    }
}


static ngx_int_t
ngx_thread_ws_run_calls_refuse(ngx_thread_ws_run_t *run, char *format,
    const char *id)
{
    size_t   len;
    u_char  *p, quoted[NGX_THREAD_WS_RUN_CALLS_ID + 1];

    len = ngx_strlen(id);

    if (len > NGX_THREAD_WS_RUN_CALLS_ID) {
        len = NGX_THREAD_WS_RUN_CALLS_ID;

        /* of no character a part */

        while (len && ((u_char) id[len] & 0xc0) == 0x80) {
            len--;
        }
    }

    *ngx_cpymem(quoted, id, len) = '\0';

    (void) ngx_thread_ws_run_blame(run, NGX_THREAD_WS_INVALID_MESSAGE, NULL);

    len += ngx_strlen(format);

    p = ngx_pnalloc(run->pool, len);

    if (p) {
        run->verdict.text.data = p;
        run->verdict.text.len = ngx_snprintf(p, len, format, quoted) - p;
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_run_calls_memory(ngx_thread_ws_run_t *run)
{
    return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_UNAVAILABLE,
                                   "no memory for the message");
}
