
/*
 * A run and the store: what is known of its thread before the agent is asked,
 * and the answer's way into the store before its end is told.
 */


#include "run/ngx_thread_ws_run_private.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json.h"
#include "run/ngx_thread_ws_told.h"


static ngx_int_t ngx_thread_ws_run_replay(ngx_thread_ws_run_t *run,
    ngx_thread_ws_record_t *record, ngx_uint_t same);
static ngx_int_t ngx_thread_ws_run_escape(ngx_thread_ws_run_t *run,
    ngx_str_t *answer);
static ngx_int_t ngx_thread_ws_run_record(ngx_thread_ws_run_t *run,
    ngx_thread_ws_record_t *record);
static ngx_int_t ngx_thread_ws_run_told(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_run_plain(ngx_thread_ws_run_t *run,
    ngx_str_t *answer);


static ngx_str_t  ngx_thread_ws_run_outrun =
    ngx_string("another message has taken the place that this one was to "
               "take: look at the history");


/* whether a stored run's message had the same other members */

static ngx_uint_t
ngx_thread_ws_run_alike(ngx_thread_ws_run_t *run, ngx_thread_ws_extra_t *extra)
{
    static ngx_str_t  nothing = ngx_null_string;

    return ngx_thread_ws_run_same(run, &run->content,
                                  extra ? &extra->asked : &nothing);
}


/* says again what it said */

static ngx_int_t
ngx_thread_ws_run_remembered(ngx_thread_ws_run_t *run,
    ngx_thread_ws_recent_t *recent)
{
    u_char     *p;
    ngx_int_t   rc;
    ngx_str_t   answer;

    if (recent->extra == NULL || recent->extra->told.len == 0) {
        return ngx_thread_ws_journal_text(&run->journal, recent->answer.data,
                                          recent->answer.len, 0);
    }

    p = ngx_alloc(recent->answer.len + 1, run->subject.log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    answer.data = p;
    answer.len = recent->answer.len
                 ? ngx_thread_ws_json_unescape(p, recent->answer.data,
                                               recent->answer.len)
                   - p
                 : 0;

    rc = ngx_thread_ws_told_again(&run->journal, &recent->extra->told,
                                  &answer);
    ngx_free(p);

    return rc;
}


ngx_int_t
ngx_thread_ws_run_recall(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_record_t   record;
    ngx_thread_ws_recent_t  *recent;

    recent = ngx_thread_ws_context_find(run->context, &run->subject.request_id);

    if (recent == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_thread_ws_run_remembered(run, recent) != NGX_OK) {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_STORE_UNAVAILABLE,
                                       NULL);
    }

    ngx_memzero(&record, sizeof(ngx_thread_ws_record_t));

    record.finish_reason = recent->finish_reason;
    record.input_tokens = recent->input_tokens;
    record.output_tokens = recent->output_tokens;
    record.latency = recent->latency;

    return ngx_thread_ws_run_replay(run, &record,
                               ngx_thread_ws_recent_same(recent, &run->content)
                               && ngx_thread_ws_run_alike(run, recent->extra));
}


ngx_int_t
ngx_thread_ws_run_stands(ngx_thread_ws_run_t *run)
{
    if (!ngx_thread_ws_registry_holds(&run->claim)) {
        ngx_log_error(NGX_LOG_INFO, run->subject.log, 0,
                      "run given up to a newer connection");
        return NGX_DECLINED;
    }

    if (ngx_thread_ws_registry_marked(&run->claim,
                                      NGX_THREAD_WS_REGISTRY_CANCEL))
    {
        return NGX_DECLINED;
    }

    if ((run->conf->dialect->threads
         && ngx_thread_ws_registry_marked(&run->claim,
                                          NGX_THREAD_WS_REGISTRY_STOP))
        || (run->conf->resume
            && ngx_thread_ws_registry_marked(&run->claim,
                                             NGX_THREAD_WS_REGISTRY_DELETED)))
    {
        run->deleted = 1;
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_THREAD_DELETED,
                                       NULL);
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_run_load(ngx_thread_ws_run_t *run, ngx_thread_ws_store_pt handler)
{
    ngx_thread_ws_store_op_t  *op;

    op = &run->op;

    op->pool = run->pool;
    op->log = run->subject.log;
    op->owner = run->subject.owner;
    op->thread_id = run->subject.thread_id;
    op->request_id = run->subject.request_id;
    op->after = run->context->seq;

    if (run->extra && run->extra->replaces.len) {
        op->replaces = &run->extra->replaces;
        op->after = 0;
    }

    run->epoch = run->context->epoch;
    op->known = run->context->generation;
    op->limit = ngx_max(run->context->limits.runs, 1);
    op->bytes = run->context->limits.bytes;
    op->handler = handler;
    op->data = run;

    return ngx_thread_ws_store_load(run->conf->store, op);
}


ngx_int_t
ngx_thread_ws_run_loaded(ngx_thread_ws_run_t *run)
{
    ngx_int_t                  rc;
    ngx_thread_ws_store_op_t  *op;

    op = &run->op;

    rc = (op->status == NGX_ERROR) ? NGX_ERROR
                                   : run->handlers->loaded(run, op);

    if (rc == NGX_ERROR) {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_STORE_UNAVAILABLE,
                                       NULL);
    }

    if (rc == NGX_OK && op->found == NULL && op->replaces
        && ngx_thread_ws_run_before(run) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (op->found == NULL) {
        return ngx_thread_ws_run_calls(run);
    }

    if (((op->found->extra && op->found->extra->told.len)
         ? ngx_thread_ws_told_again(&run->journal, &op->found->extra->told,
                                    &op->found->answer)
         : ngx_thread_ws_run_escape(run, &op->found->answer))
        != NGX_OK)
    {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_STORE_UNAVAILABLE,
                                       NULL);
    }

    rc = ngx_thread_ws_run_replay(run, op->found,
                                  ngx_thread_ws_string_equal(
                                      &op->found->content, &run->content)
                                  && ngx_thread_ws_run_alike(run,
                                                        op->found->extra));

    return (rc == NGX_OK) ? NGX_DONE : rc;
}


/* a run that is stored is answered from there, the agent is not asked */

static ngx_int_t
ngx_thread_ws_run_replay(ngx_thread_ws_run_t *run,
    ngx_thread_ws_record_t *record, ngx_uint_t same)
{
    ngx_thread_ws_reply_t  *reply;

    if (!same) {
        ngx_thread_ws_journal_free(&run->journal);

        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_DUPLICATE_REQUEST,
                                       NULL);
    }

    run->replayed = 1;

    run->result.latency = record->latency;
    run->result.input_tokens = record->input_tokens;
    run->result.output_tokens = record->output_tokens;

    reply = &run->reply;

    if (record->finish_reason.len) {
        reply->finish_reason.data = reply->finish;
        reply->finish_reason.len = ngx_min(record->finish_reason.len,
                                           sizeof(reply->finish));
        ngx_memcpy(reply->finish, record->finish_reason.data,
                   reply->finish_reason.len);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_run_escape(ngx_thread_ws_run_t *run, ngx_str_t *answer)
{
    u_char     *p;
    size_t      len;
    ngx_int_t   rc;

    if (answer->len == 0) {
        return NGX_OK;
    }

    p = ngx_alloc(ngx_thread_ws_json_escaped_size(answer->data, answer->len),
                  run->subject.log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    len = ngx_thread_ws_json_escape(p, answer->data, answer->len) - p;

    rc = ngx_thread_ws_journal_text(&run->journal, p, len, answer->len);

    ngx_free(p);

    return rc;
}


ngx_uint_t
ngx_thread_ws_run_worth(ngx_thread_ws_run_t *run)
{
    if (run->extra && run->extra->replaces.len) {

        /* nothing gives way to half an answer */

        return 0;
    }

    return run->conf->keep_partial && run->conf->store->keeps
           && run->state == NGX_THREAD_WS_STREAMING && run->journal.text
           && ngx_thread_ws_registry_holds(&run->claim);
}


ngx_int_t
ngx_thread_ws_run_append(ngx_thread_ws_run_t *run,
    ngx_thread_ws_store_pt handler)
{
    ngx_thread_ws_store_op_t  *op;

    op = &run->op;

    if (ngx_thread_ws_run_record(run, &op->record) != NGX_OK) {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_STORE_UNAVAILABLE,
                                       NULL);
    }

    op->known = op->generation;
    op->claim = &run->claim;
    op->handler = handler;

    return ngx_thread_ws_store_append(run->conf->store, op);
}


/* the answer as a record, texts from run->pool */

static ngx_int_t
ngx_thread_ws_run_record(ngx_thread_ws_run_t *run,
    ngx_thread_ws_record_t *record)
{
    ngx_memzero(record, sizeof(ngx_thread_ws_record_t));

    record->request_id = run->subject.request_id;
    record->content = run->content;

    if (run->parts && ngx_thread_ws_run_told(run) != NGX_OK) {
        return NGX_ERROR;
    }

    record->extra = run->extra;
    record->model = run->model;
    record->finish_reason = run->reply.finish_reason;

    if (run->partial) {
        ngx_str_set(&record->finish_reason, "cancelled");
    }

    record->input_tokens = run->result.input_tokens;
    record->output_tokens = run->result.output_tokens;
    record->latency = run->result.latency;

    if (run->journal.text == 0 || !run->conf->store->shared) {

        /* nobody wants it plain; its size counts */

        record->answer.len = run->journal.plain;
        return NGX_OK;
    }

    return ngx_thread_ws_run_plain(run, &record->answer);
}


/* what it said beside text; of what was cancelled no call is open */

static ngx_int_t
ngx_thread_ws_run_told(ngx_thread_ws_run_t *run)
{
    ngx_str_t  told;

    if (!run->conf->store->keeps) {
        return NGX_OK;
    }

    if (ngx_thread_ws_told(&run->journal, run->pool,
                           run->partial || !run->conf->dialect->results,
                           run->conf->reasoning_history, &told)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (told.len == 0) {
        return NGX_OK;
    }

    if (run->extra == NULL) {
        run->extra = ngx_pcalloc(run->pool, sizeof(ngx_thread_ws_extra_t));
        if (run->extra == NULL) {
            return NGX_ERROR;
        }
    }

    run->extra->told = told;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_run_plain(ngx_thread_ws_run_t *run, ngx_str_t *answer)
{
    u_char                    *p;
    ngx_str_t                  text;
    ngx_uint_t                 kind;
    ngx_thread_ws_position_t   position;

    p = ngx_pnalloc(run->pool, run->journal.text);
    if (p == NULL) {
        return NGX_ERROR;
    }

    answer->data = p;

    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));

    while (ngx_thread_ws_journal_at(&run->journal, &position, &kind, &text)
           == NGX_OK)
    {
        if (kind == NGX_THREAD_WS_ENTRY_TEXT) {

            p = ngx_thread_ws_json_unescape(p, text.data, text.len);
            if (p == NULL) {
                ngx_log_error(NGX_LOG_ALERT, run->subject.log, 0,
                              "answer is not the inside of a JSON string");
                return NGX_ERROR;
            }
        }

        ngx_thread_ws_journal_skip(&run->journal, &position, text.len);
    }

    answer->len = p - answer->data;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_run_appended(ngx_thread_ws_run_t *run)
{
    ngx_int_t  status;

    status = run->op.status;

    switch (status) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        (void) ngx_thread_ws_run_blame(run, NGX_THREAD_WS_SUPERSEDED, NULL);

        if (run->extra && run->extra->replaces.len) {
            run->verdict.text = ngx_thread_ws_run_outrun;
        }

        return NGX_ERROR;

    case NGX_BUSY:

        /* a retry would ask the agent again, for nothing */

        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_RESPONSE_TOO_LARGE,
                                       NULL);

    case NGX_ABORT:
        run->deleted = 1;
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_THREAD_DELETED,
                                       NULL);

    default: /* NGX_ERROR */
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_STORE_UNAVAILABLE,
                                       NULL);
    }
}
