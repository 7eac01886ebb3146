
/*
 * What a run is made of: copies of all that it needs, in a pool of its own, and
 * when that is freed.
 */


#include "run/ngx_thread_ws_run_private.h"
#include "base/ngx_thread_ws_string.h"
#include "store/ngx_thread_ws_extra.h"
#include "observe/ngx_thread_ws_trace.h"


static ngx_int_t ngx_thread_ws_run_texts(ngx_thread_ws_run_t *run,
    ngx_thread_ws_run_args_t *args);
static ngx_int_t ngx_thread_ws_run_copy(ngx_thread_ws_run_t *run,
    ngx_str_t *dst, ngx_str_t *src);
static ngx_uint_t ngx_thread_ws_run_same_beside(ngx_str_t *asked,
    ngx_str_t *extra);
static ngx_int_t ngx_thread_ws_run_chosen(ngx_thread_ws_run_t *run,
    ngx_thread_ws_choice_t *choice);
static void ngx_thread_ws_run_unchosen(void *data);
static void ngx_thread_ws_run_on_room(void *data);
static void ngx_thread_ws_run_on_came(void *data);
static void ngx_thread_ws_run_on_left(void *data);
static u_char *ngx_thread_ws_run_log_error(ngx_log_t *log, u_char *buf,
    size_t len);


static ngx_thread_ws_journal_handlers_t  ngx_thread_ws_run_journal = {
    ngx_thread_ws_run_on_room,
    ngx_thread_ws_run_on_came,
    ngx_thread_ws_run_on_left
};


ngx_thread_ws_run_t *
ngx_thread_ws_run_create(ngx_thread_ws_run_args_t *args)
{
    ngx_log_t            *log;
    ngx_pool_t           *pool;
    ngx_thread_ws_run_t  *run;

    pool = ngx_create_pool(2048, args->subject->log);
    if (pool == NULL) {
        return NULL;
    }

    run = ngx_pcalloc(pool, sizeof(ngx_thread_ws_run_t));
    log = ngx_palloc(pool, sizeof(ngx_log_t));

    if (run == NULL || log == NULL) {
        goto failed;
    }

    run->pool = pool;
    run->conf = args->conf;
    run->handlers = args->handlers;
    run->thread = args->thread;
    run->context = args->context;
    run->started = ngx_current_msec;

    ngx_thread_ws_journal_init(&run->journal, pool,
                               &ngx_thread_ws_run_journal, run);
    ngx_thread_ws_result_init(&run->result);

    if (ngx_thread_ws_run_texts(run, args) != NGX_OK) {
        goto failed;
    }

    /* a copy: a run outlives its connection */

    *log = *args->subject->log;
    log->handler = ngx_thread_ws_run_log_error;
    log->data = run;
    log->action = NULL;
    run->subject.log = log;
    pool->log = ngx_cycle->log;

    run->caller = ngx_thread_ws_caller_create(pool, args->upgrade);
    if (run->caller == NULL) {
        goto failed;
    }

    run->timer.handler = ngx_thread_ws_run_timeout_handler;
    run->timer.data = run;
    run->timer.log = run->subject.log;

    run->alive.handler = ngx_thread_ws_run_alive_handler;
    run->alive.data = run;
    run->alive.log = run->subject.log;

    run->abandon.handler = ngx_thread_ws_run_abandon_handler;
    run->abandon.data = run;
    run->abandon.log = run->subject.log;

    run->look.handler = ngx_thread_ws_run_look_handler;
    run->look.data = run;
    run->look.log = run->subject.log;

    return run;

failed:

    if (run) {
        ngx_thread_ws_journal_free(&run->journal);
    }

    ngx_destroy_pool(pool);

    return NULL;
}


void
ngx_thread_ws_run_discard(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_journal_free(&run->journal);
    ngx_destroy_pool(run->pool);
}


void
ngx_thread_ws_run_release(ngx_thread_ws_run_t *run)
{
    if (run->state != NGX_THREAD_WS_ENDED || run->held || run->op_active
        || !ngx_queue_empty(&run->journal.readers))
    {
        return;
    }

    if (run->lane || run->agent) {
        ngx_thread_ws_answer_drop(run);
        return;
    }

    run->handlers->freed(run);

    ngx_thread_ws_answer_free(run);
    ngx_destroy_pool(run->pool);
}


static ngx_int_t
ngx_thread_ws_run_texts(ngx_thread_ws_run_t *run,
    ngx_thread_ws_run_args_t *args)
{
    ngx_thread_ws_entry_asked_t  asked;

    if (ngx_thread_ws_subject_run(&run->subject, args->subject,
                                  &args->request_id, run->pool)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    run->journal.request_id = run->subject.request_id;

    if (ngx_thread_ws_run_copy(run, &run->content, &args->content) != NGX_OK
        || ngx_thread_ws_run_copy(run, &run->pass, &args->pass) != NGX_OK
        || ngx_thread_ws_run_copy(run, &run->shown, &args->shown) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (args->choice
        && ngx_thread_ws_run_chosen(run, args->choice) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (args->extra.len) {
        run->extra = ngx_pcalloc(run->pool, sizeof(ngx_thread_ws_extra_t));
        if (run->extra == NULL) {
            return NGX_ERROR;
        }

        if (ngx_thread_ws_run_copy(run, &run->extra->asked, &args->extra)
            != NGX_OK
            || ngx_thread_ws_run_copy(run, &run->extra->replaces,
                                      &args->replaces)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (run->conf->resume == 0) {
        return NGX_OK;
    }

    asked.request_id = run->subject.request_id;
    asked.content = run->content;
    asked.extra = args->extra;
    asked.earlier = args->earlier;
    ngx_str_null(&asked.shown);

    if (args->earlier.len == 0) {
        asked.shown = args->shown;
    }

    return ngx_thread_ws_journal_asked(&run->journal, &asked);
}


static ngx_int_t
ngx_thread_ws_run_copy(ngx_thread_ws_run_t *run, ngx_str_t *dst,
    ngx_str_t *src)
{
    dst->len = src->len;
    dst->data = ngx_pstrdup(run->pool, src);

    return dst->data ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_thread_ws_run_same(ngx_thread_ws_run_t *run, ngx_str_t *content,
    ngx_str_t *extra)
{
    ngx_str_t  *asked;

    static ngx_str_t  nothing = ngx_null_string;

    asked = run->extra ? &run->extra->asked : &nothing;

    return ngx_thread_ws_string_equal(&run->content, content)
           && (ngx_thread_ws_string_equal(asked, extra)
               || (run->shown.len
                   && ngx_thread_ws_run_same_beside(asked, extra)));
}


/* but for what was open when it was asked */

static ngx_uint_t
ngx_thread_ws_run_same_beside(ngx_str_t *asked, ngx_str_t *extra)
{
    json_t      *one, *other;
    ngx_uint_t   same;

    one = ngx_thread_ws_extra_read(asked);
    other = ngx_thread_ws_extra_read(extra);

    (void) json_object_del(one, "toolResults");
    (void) json_object_del(other, "toolResults");
    (void) json_object_del(one, "answers");
    (void) json_object_del(other, "answers");

    same = json_equal(one, other);

    json_decref(one);
    json_decref(other);

    return same;
}


static ngx_int_t
ngx_thread_ws_run_chosen(ngx_thread_ws_run_t *run,
    ngx_thread_ws_choice_t *choice)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(run->pool, sizeof(ngx_thread_ws_choice_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    run->choice = cln->data;
    *run->choice = *choice;

    cln->handler = ngx_thread_ws_run_unchosen;

    json_incref(choice->parameters);
    json_incref(choice->metadata);

    return NGX_OK;
}


static void
ngx_thread_ws_run_unchosen(void *data)
{
    ngx_thread_ws_choice_t  *choice = data;

    json_decref(choice->parameters);
    json_decref(choice->metadata);
}


ngx_array_t *
ngx_thread_ws_run_headers(ngx_thread_ws_run_t *run)
{
    ngx_array_t   *headers;
    ngx_keyval_t  *h, *to;

    headers = ngx_array_create(run->pool, 2, sizeof(ngx_keyval_t));
    if (headers == NULL) {
        return NULL;
    }

    for (h = run->conf->dialect->headers; h && h->key.len; h++) {
        to = ngx_array_push(headers);
        if (to == NULL) {
            return NULL;
        }

        *to = *h;
    }

    to = ngx_array_push(headers);
    if (to == NULL) {
        return NULL;
    }

    to->value.data = ngx_pnalloc(run->pool, NGX_THREAD_WS_TRACEPARENT_LEN);
    if (to->value.data == NULL) {
        return NULL;
    }

    if (ngx_thread_ws_trace_parent(&run->subject, to->value.data) != NGX_OK) {
        headers->nelts--;
        return headers;
    }

    ngx_str_set(&to->key, "traceparent");
    to->value.len = NGX_THREAD_WS_TRACEPARENT_LEN;

    return headers;
}


/* what those who read its journal tell */


static void
ngx_thread_ws_run_on_room(void *data)
{
    ngx_thread_ws_run_t  *run = data;

    if (run->agent) {
        ngx_thread_ws_agent_resume(run->agent);
    }
}


static void
ngx_thread_ws_run_on_came(void *data)
{
    ngx_thread_ws_run_heard(data);
}


static void
ngx_thread_ws_run_on_left(void *data)
{
    ngx_thread_ws_run_unheard(data);
    ngx_thread_ws_run_release(data);
}


static u_char *
ngx_thread_ws_run_log_error(ngx_log_t *log, u_char *buf, size_t len)
{
    return ngx_thread_ws_run_log(log->data, buf, len);
}


u_char *
ngx_thread_ws_run_log(void *data, u_char *buf, size_t len)
{
    ngx_thread_ws_run_t  *run = data;

    return ngx_snprintf(buf, len, ", connection: %*s, request: %V",
                        (size_t) NGX_THREAD_WS_CONNECTION_ID_LEN,
                        run->subject.connection_id, &run->subject.request_id);
}


/*
 * A model may think for minutes, aloud or not.  What it does not say is limited
 * by nginx's timeouts towards the agent, and no client need guess.
 */

void
ngx_thread_ws_run_alive_handler(ngx_event_t *ev)
{
    ngx_thread_ws_run_t  *run = ev->data;

    ngx_uint_t  silent;

    if (run->state != NGX_THREAD_WS_STREAMING) {
        return;
    }

    silent = (run->journal.text == run->alive_text);
    run->alive_text = run->journal.text;

    ngx_add_timer(&run->alive, NGX_THREAD_WS_RUN_ALIVE);

    if (silent) {
        run->handlers->alive(run);
    }
}


ngx_int_t
ngx_thread_ws_run_blame(ngx_thread_ws_run_t *run, ngx_uint_t code,
    char *reason)
{
    if (reason) {
        ngx_log_error(NGX_LOG_ERR, run->subject.log, 0, "%s", reason);
    }

    ngx_memzero(&run->verdict, sizeof(ngx_thread_ws_verdict_t));
    run->verdict.code = code;

    return NGX_ERROR;
}


void
ngx_thread_ws_run_still(ngx_thread_ws_run_t *run)
{
    if (run->timer.timer_set) {
        ngx_del_timer(&run->timer);
    }

    if (run->alive.timer_set) {
        ngx_del_timer(&run->alive);
    }

    if (run->look.timer_set) {
        ngx_del_timer(&run->look);
    }

    if (run->abandon.timer_set) {
        ngx_del_timer(&run->abandon);
    }

    if (run->again) {
        ngx_thread_ws_again_cancel(run);
    }

    if (run->fork) {
        ngx_thread_ws_fork_cancel(run);
    }
}
