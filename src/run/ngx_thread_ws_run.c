
/*
 * The run's state machine: all transitions are made here.  What the agent and
 * the store say is judged by the other files of this room, whose verdicts are
 * carried out here.
 */


#include "run/ngx_thread_ws_run_private.h"
#include "observe/ngx_thread_ws_observe.h"


/*
 * A worker that leaves waits for timers alone: each run has one from its start
 * to its end, of so many ms where nothing limits it.
 */

#define NGX_THREAD_WS_RUN_HOLD  3600000


static void ngx_thread_ws_run_fail(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_read(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_load_handler(ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_run_know(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_begin(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_ask(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_call(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_run_goes_on(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_store(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_put(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_append_handler(ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_run_stored(ngx_thread_ws_run_t *run);

static ngx_int_t ngx_thread_ws_run_on_header(void *data,
    ngx_thread_ws_agent_header_t *header);
static ngx_int_t ngx_thread_ws_run_on_body(void *data, u_char *pos,
    u_char *last, ngx_thread_ws_agent_heard_t *heard);
static ngx_int_t ngx_thread_ws_run_on_flush(void *data, ngx_uint_t more);
static void ngx_thread_ws_run_on_whole(void *data);
static void ngx_thread_ws_run_on_cut(void *data, ngx_uint_t end);
static void ngx_thread_ws_run_on_gone(void *data, ngx_uint_t whole,
    ngx_uint_t end);


static ngx_thread_ws_agent_handlers_t  ngx_thread_ws_run_agent = {
    ngx_thread_ws_prompt,
    ngx_thread_ws_run_on_header,
    ngx_thread_ws_run_on_body,
    ngx_thread_ws_run_on_flush,
    ngx_thread_ws_run_on_whole,
    ngx_thread_ws_run_on_cut,
    ngx_thread_ws_run_on_gone,
    ngx_thread_ws_run_log
};


void
ngx_thread_ws_run_start(ngx_thread_ws_run_t *run)
{
    run->state = NGX_THREAD_WS_LOADING;

    ngx_add_timer(&run->timer, run->conf->run_timeout
                               ? run->conf->run_timeout
                               : NGX_THREAD_WS_RUN_HOLD);

    switch (ngx_thread_ws_run_recall(run)) {

    case NGX_OK:
        ngx_thread_ws_run_replayed(run);
        return;

    case NGX_ERROR:
        ngx_thread_ws_run_fail(run);
        return;
    }

    if (run->claim.slot == NULL
        && ngx_thread_ws_registry_claim(&run->claim, &run->subject.owner,
                                        &run->subject.thread_id,
                                        &run->subject.request_id,
                                        run->subject.log)
           == NGX_BUSY)
    {
        run->took_over = 1;
        ngx_log_error(NGX_LOG_INFO, run->subject.log, 0,
                      "run taken over from an older connection");
    }

    ngx_thread_ws_run_read(run);
}


static void
ngx_thread_ws_run_read(ngx_thread_ws_run_t *run)
{
    run->op_active = 1;

    if (ngx_thread_ws_run_load(run, ngx_thread_ws_run_load_handler)
        != NGX_AGAIN)
    {
        ngx_thread_ws_run_know(run);
    }
}


static void
ngx_thread_ws_run_load_handler(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_run_know(op->data);
}


/* what the store has of the thread is there */

static void
ngx_thread_ws_run_know(ngx_thread_ws_run_t *run)
{
    run->op_active = 0;

    switch (ngx_thread_ws_run_loaded(run)) {

    case NGX_OK:
        ngx_thread_ws_run_begin(run);
        return;

    case NGX_DONE:
        ngx_thread_ws_run_replayed(run);
        return;

    case NGX_AGAIN:
        ngx_thread_ws_run_read(run);
        return;

    case NGX_ERROR:
        ngx_thread_ws_run_fail(run);
        return;

    default: /* NGX_DECLINED */
        return;
    }
}


static void
ngx_thread_ws_run_begin(ngx_thread_ws_run_t *run)
{
    if (run->fork && ngx_thread_ws_fork_ask(run) == NGX_OK) {
        return;
    }

    ngx_thread_ws_run_ask(run);
}


static void
ngx_thread_ws_run_ask(ngx_thread_ws_run_t *run)
{
    run->state = NGX_THREAD_WS_STREAMING;
    run->asked = 1;

    ngx_thread_ws_observe_asked(&run->subject);

    ngx_add_timer(&run->alive, NGX_THREAD_WS_RUN_ALIVE);

    if (run->conf->dialect->threads) {
        ngx_add_timer(&run->look, NGX_THREAD_WS_RUN_LOOK);
    }

    ngx_thread_ws_run_call(run);
}


static void
ngx_thread_ws_run_call(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_agent_call_t  call;

    ngx_memzero(&call, sizeof(ngx_thread_ws_agent_call_t));

    call.handlers = &ngx_thread_ws_run_agent;
    call.data = run;
    call.caller = run->caller;
    call.log = run->subject.log;
    call.pass = run->pass;
    call.gather = run->conf->gather;
    call.headers = ngx_thread_ws_run_headers(run);

    if (call.headers) {
        run->agent = ngx_thread_ws_agent_create(&call);
    }

    if (run->agent) {
        ngx_thread_ws_run_near(run);

        if (ngx_thread_ws_agent_ask(run->agent) == NGX_OK) {
            return;
        }
    }

    run->agent = NULL;

    (void) ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_UNAVAILABLE,
                                   NULL);
    ngx_thread_ws_run_fail(run);
}


/* the agent has paused, or its server has told something before it */

void
ngx_thread_ws_run_goes(ngx_thread_ws_run_t *run)
{
    if (ngx_thread_ws_run_goes_on(run) != NGX_OK) {
        return;
    }

    if (run->asked) {
        ngx_thread_ws_run_call(run);

    } else {
        ngx_thread_ws_run_begin(run);
    }
}


/* the answer is whole: from here on a cancel comes too late */

static void
ngx_thread_ws_run_store(ngx_thread_ws_run_t *run)
{
    if (ngx_thread_ws_run_goes_on(run) == NGX_OK) {
        ngx_thread_ws_run_put(run);
    }
}


static void
ngx_thread_ws_run_put(ngx_thread_ws_run_t *run)
{
    run->state = NGX_THREAD_WS_STORING;
    run->result.latency = ngx_current_msec - run->started;

    ngx_thread_ws_journal_seal(&run->journal);

    run->op_active = 1;

    switch (ngx_thread_ws_run_append(run, ngx_thread_ws_run_append_handler)) {

    case NGX_AGAIN:
        return;

    case NGX_OK:
        ngx_thread_ws_run_stored(run);
        return;

    default: /* NGX_ERROR */
        run->op_active = 0;
        ngx_thread_ws_run_fail(run);
        return;
    }
}


static void
ngx_thread_ws_run_append_handler(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_run_stored(op->data);
}


static void
ngx_thread_ws_run_stored(ngx_thread_ws_run_t *run)
{
    run->op_active = 0;

    if (ngx_thread_ws_run_appended(run) != NGX_OK) {
        ngx_thread_ws_run_fail(run);
        return;
    }

    run->kept = 1;
    run->handlers->stored(run);

    ngx_thread_ws_run_end(run, run->partial ? NGX_THREAD_WS_CANCELLED
                                            : NGX_THREAD_WS_COMPLETED, NULL);
}


void
ngx_thread_ws_run_cancel(ngx_thread_ws_run_t *run)
{
    if (!ngx_thread_ws_run_worth(run)) {
        ngx_thread_ws_run_end(run, NGX_THREAD_WS_CANCELLED, NULL);
        return;
    }

    run->partial = 1;
    run->result.outcome = NGX_THREAD_WS_CANCELLED;
    run->cancelled = ngx_thread_ws_observe_cancel(&run->subject);

    /* first, lest the agent's end be taken for an answer that was cut */
    run->state = NGX_THREAD_WS_STORING;

    if (run->agent) {
        ngx_thread_ws_agent_stop(run->agent);
    }

    if (run->again) {
        ngx_thread_ws_again_cancel(run);
    }

    ngx_thread_ws_run_put(run);
}


void
ngx_thread_ws_run_timeout_handler(ngx_event_t *ev)
{
    ngx_thread_ws_run_t  *run = ev->data;

    if (run->state == NGX_THREAD_WS_WAITING) {

        /* for runs of other workers, which may be killed without a word */

        ngx_add_timer(&run->timer, NGX_THREAD_WS_RUN_WAIT);
        run->handlers->waits(run);
        return;
    }

    if (run->conf->run_timeout == 0 || run->state == NGX_THREAD_WS_STORING) {

        /* the store has a limit of its own */

        ngx_add_timer(&run->timer, NGX_THREAD_WS_RUN_HOLD);
        return;
    }

    (void) ngx_thread_ws_run_blame(run,
                                   (run->state == NGX_THREAD_WS_LOADING
                                    && run->fork == NULL)
                                   ? NGX_THREAD_WS_STORE_UNAVAILABLE
                                   : NGX_THREAD_WS_UPSTREAM_TIMEOUT,
                                   "run timed out");
    ngx_thread_ws_run_fail(run);
}


/* who deletes the thread of an agent's server waits for its runs to end */

void
ngx_thread_ws_run_look_handler(ngx_event_t *ev)
{
    ngx_thread_ws_run_t  *run = ev->data;

    if (run->state == NGX_THREAD_WS_STREAMING
        && ngx_thread_ws_run_goes_on(run) == NGX_OK)
    {
        ngx_add_timer(&run->look, NGX_THREAD_WS_RUN_LOOK);
    }
}


/* whether it goes on: others may have its id by now, its thread may be gone */

static ngx_int_t
ngx_thread_ws_run_goes_on(ngx_thread_ws_run_t *run)
{
    switch (ngx_thread_ws_run_stands(run)) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        ngx_thread_ws_run_cancel(run);
        return NGX_ERROR;

    default: /* NGX_ERROR */
        ngx_thread_ws_run_fail(run);
        return NGX_ERROR;
    }
}


void
ngx_thread_ws_run_look(ngx_thread_ws_run_t *run)
{
    if (run->state < NGX_THREAD_WS_STORING) {
        (void) ngx_thread_ws_run_goes_on(run);
    }
}


/* carries the verdict out */

static void
ngx_thread_ws_run_fail(ngx_thread_ws_run_t *run)
{
    if (run->partial) {

        /* it was cancelled, and is not kept */

        ngx_thread_ws_run_end(run, NGX_THREAD_WS_CANCELLED, NULL);
        return;
    }

    ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED, &run->verdict);
}


void
ngx_thread_ws_run_end(ngx_thread_ws_run_t *run, ngx_uint_t outcome,
    ngx_thread_ws_verdict_t *verdict)
{
    ngx_uint_t  state;

    state = run->state;

    if (state == NGX_THREAD_WS_ENDED) {
        return;
    }

    run->state = NGX_THREAD_WS_ENDED;

    ngx_thread_ws_run_still(run);

    if (run->op_active) {
        ngx_thread_ws_store_abandon(&run->op);
        run->op_active = 0;
    }

    /* set before the request ends, when its access log line is written */

    run->result.outcome = outcome;

    if (verdict) {
        run->verdict = *verdict;
        run->result.code = verdict->code;
    }

    if (state != NGX_THREAD_WS_STORING && !run->replayed) {
        run->result.latency = ngx_current_msec - run->started;
    }

    if (!run->partial && (outcome == NGX_THREAD_WS_CANCELLED
                          || outcome == NGX_THREAD_WS_DISCONNECTED))
    {
        run->cancelled = ngx_thread_ws_observe_cancel(&run->subject);
    }

    if (run->agent && state != NGX_THREAD_WS_STORING) {
        ngx_thread_ws_agent_stop(run->agent);
    }

    ngx_thread_ws_run_finish(run, state);
    ngx_thread_ws_run_unclaim(run);

    ngx_thread_ws_run_tell(run);

    /* who hears the end now may be the last to need the run */

    run->held = 1;
    run->handlers->ended(run);
    run->held = 0;

    ngx_thread_ws_run_release(run);
}


/* what the agent asks and tells */


static ngx_int_t
ngx_thread_ws_run_on_header(void *data, ngx_thread_ws_agent_header_t *header)
{
    ngx_thread_ws_run_t  *run = data;

    if (ngx_thread_ws_answer_header(run, header) == NGX_OK) {
        return NGX_OK;
    }

    ngx_thread_ws_run_fail(run);

    return NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_run_on_body(void *data, u_char *pos, u_char *last,
    ngx_thread_ws_agent_heard_t *heard)
{
    ngx_thread_ws_run_t  *run = data;

    ngx_int_t  rc;

    if (ngx_thread_ws_registry_stirred(&run->claim)
        && ngx_thread_ws_run_goes_on(run) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_thread_ws_answer_body(run, pos, last, &heard->deltas);

    if (rc == NGX_ERROR) {
        ngx_thread_ws_run_fail(run);
        return NGX_ERROR;
    }

    if (run->reply.finish_reason.len && run->conf->dialect->end_mark) {
        heard->finished = run->reply.events;
    }

    return rc;
}


static ngx_int_t
ngx_thread_ws_run_on_flush(void *data, ngx_uint_t more)
{
    ngx_thread_ws_run_t  *run = data;

    ngx_thread_ws_journal_seal(&run->journal);
    ngx_thread_ws_run_near_journal(run);

    if (run->conf->resume) {
        ngx_thread_ws_run_publish(run);
    }

    return run->handlers->said(run, more);
}


/* the agent's response has ended, with that judgement */

static void
ngx_thread_ws_run_over(ngx_thread_ws_run_t *run, ngx_int_t rc)
{
    switch (rc) {

    case NGX_OK:
        ngx_thread_ws_run_store(run);
        return;

    case NGX_AGAIN:
        ngx_thread_ws_again_paused(run);
        return;

    default: /* NGX_ERROR */
        ngx_thread_ws_run_fail(run);
        return;
    }
}


static void
ngx_thread_ws_run_on_whole(void *data)
{
    ngx_thread_ws_run_t  *run = data;

    ngx_thread_ws_run_over(run, ngx_thread_ws_answer_whole(run));
}


static void
ngx_thread_ws_run_on_cut(void *data, ngx_uint_t end)
{
    ngx_thread_ws_run_t  *run = data;

    if (run->state != NGX_THREAD_WS_STREAMING
        || ngx_thread_ws_again_due(run))
    {
        return;
    }

    ngx_thread_ws_run_over(run, ngx_thread_ws_answer_cut(run, end));
}


static void
ngx_thread_ws_run_on_gone(void *data, ngx_uint_t whole, ngx_uint_t end)
{
    ngx_thread_ws_run_t  *run = data;

    run->agent = NULL;

    if (run->state == NGX_THREAD_WS_STREAMING) {

        if (ngx_thread_ws_again_due(run)) {
            ngx_thread_ws_again_post(run);
            return;
        }

        if (!whole) {
            ngx_thread_ws_run_on_cut(run, end);
            return;
        }
    }

    ngx_thread_ws_run_release(run);
}
