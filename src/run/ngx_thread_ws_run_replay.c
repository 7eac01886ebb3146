
/*
 * A run that is answered from what is stored.  Where thread_ws_replay names a
 * location, its limits and access rules are asked before.
 */


#include "run/ngx_thread_ws_run_private.h"
#include "observe/ngx_thread_ws_observe.h"


static void ngx_thread_ws_run_ending(ngx_thread_ws_run_t *run,
    ngx_thread_ws_ending_t *ending);
static void ngx_thread_ws_replay_refuse(ngx_thread_ws_run_t *run,
    ngx_uint_t code, char *reason);
static void ngx_thread_ws_replay_end(ngx_thread_ws_run_t *run);

static ngx_int_t ngx_thread_ws_replay_on_prompt(void *data,
    ngx_http_request_t *r, ngx_chain_t **body, off_t *size);
static ngx_int_t ngx_thread_ws_replay_on_header(void *data,
    ngx_thread_ws_agent_header_t *header);
static ngx_int_t ngx_thread_ws_replay_on_body(void *data, u_char *pos,
    u_char *last, ngx_thread_ws_agent_heard_t *heard);
static ngx_int_t ngx_thread_ws_replay_on_flush(void *data, ngx_uint_t more);
static void ngx_thread_ws_replay_on_whole(void *data);
static void ngx_thread_ws_replay_on_cut(void *data, ngx_uint_t end);
static void ngx_thread_ws_replay_on_gone(void *data, ngx_uint_t whole,
    ngx_uint_t end);


static ngx_thread_ws_agent_handlers_t  ngx_thread_ws_replay_agent = {
    ngx_thread_ws_replay_on_prompt,
    ngx_thread_ws_replay_on_header,
    ngx_thread_ws_replay_on_body,
    ngx_thread_ws_replay_on_flush,
    ngx_thread_ws_replay_on_whole,
    ngx_thread_ws_replay_on_cut,
    ngx_thread_ws_replay_on_gone,
    ngx_thread_ws_run_log
};


void
ngx_thread_ws_run_replayed(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_agent_call_t  call;

    if (run->conf->replay.len == 0) {
        ngx_thread_ws_run_end(run, NGX_THREAD_WS_COMPLETED, NULL);
        return;
    }

    ngx_memzero(&call, sizeof(ngx_thread_ws_agent_call_t));

    call.handlers = &ngx_thread_ws_replay_agent;
    call.data = run;
    call.caller = run->caller;
    call.log = run->subject.log;
    call.pass = run->conf->replay;
    call.bare = 1;

    run->agent = ngx_thread_ws_agent_create(&call);

    if (run->agent && ngx_thread_ws_agent_ask(run->agent) == NGX_OK) {
        return;
    }

    run->agent = NULL;

    ngx_thread_ws_replay_refuse(run, NGX_THREAD_WS_UPSTREAM_UNAVAILABLE, NULL);
}


void
ngx_thread_ws_run_finish(ngx_thread_ws_run_t *run, ngx_uint_t state)
{
    if (state == NGX_THREAD_WS_LOADING
        && run->result.outcome != NGX_THREAD_WS_COMPLETED)
    {
        /* a stored answer that was not let through */

        ngx_thread_ws_journal_free(&run->journal);
    }

    ngx_thread_ws_journal_seal(&run->journal);

    ngx_thread_ws_run_ending(run, &run->journal.ending);
    run->journal.ended = 1;
}


/* what its clients are told of its end */

static void
ngx_thread_ws_run_ending(ngx_thread_ws_run_t *run,
    ngx_thread_ws_ending_t *ending)
{
    ngx_thread_ws_code_t  *code;

    code = &ngx_thread_ws_codes[run->verdict.code];

    ending->outcome = run->result.outcome;
    ending->code = run->verdict.code;
    ending->retryable = run->verdict.judged ? run->verdict.retryable
                                            : code->retryable;
    ending->kept = run->partial && run->kept;
    ending->retry_after = run->verdict.retry_after;
    ending->text = run->verdict.text;
    ending->latency = run->result.latency;
    ending->input_tokens = run->result.input_tokens;
    ending->output_tokens = run->result.output_tokens;
    ending->reasoning_tokens = run->reply.reasoning_tokens;
    ending->cached_tokens = run->reply.cached_tokens;
    ending->finish_reason = run->reply.finish_reason;
}


static void
ngx_thread_ws_replay_refuse(ngx_thread_ws_run_t *run, ngx_uint_t code,
    char *reason)
{
    (void) ngx_thread_ws_run_blame(run, code, reason);

    ngx_thread_ws_replay_end(run);
}


/* by the verdict */

static void
ngx_thread_ws_replay_end(ngx_thread_ws_run_t *run)
{
    run->replayed = 0;
    run->result.input_tokens = -1;
    run->result.output_tokens = -1;

    ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED, &run->verdict);
}


static ngx_int_t
ngx_thread_ws_replay_on_prompt(void *data, ngx_http_request_t *r,
    ngx_chain_t **body, off_t *size)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    static u_char  nothing[] = "{}";

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    b->pos = nothing;
    b->last = nothing + sizeof(nothing) - 1;
    b->memory = 1;
    b->last_buf = 1;

    cl->buf = b;
    cl->next = NULL;

    *body = cl;
    *size = b->last - b->pos;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_replay_on_header(void *data, ngx_thread_ws_agent_header_t *header)
{
    ngx_thread_ws_run_t  *run = data;

    if (header->status == NGX_HTTP_NO_CONTENT) {
        ngx_thread_ws_run_end(run, NGX_THREAD_WS_COMPLETED, NULL);

    } else if (ngx_thread_ws_refusal_place(run, header) != NGX_OK) {
        ngx_thread_ws_replay_refuse(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                    "no memory for the answer");

    } else {
        (void) ngx_thread_ws_refusal_location(run, header);
        ngx_thread_ws_replay_end(run);
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_replay_on_body(void *data, u_char *pos, u_char *last,
    ngx_thread_ws_agent_heard_t *heard)
{
    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_replay_on_flush(void *data, ngx_uint_t more)
{
    return NGX_OK;
}


static void
ngx_thread_ws_replay_on_whole(void *data)
{
    /* there was a header before */
}


static void
ngx_thread_ws_replay_on_cut(void *data, ngx_uint_t end)
{
    ngx_thread_ws_run_t  *run = data;

    if (run->state == NGX_THREAD_WS_LOADING) {
        ngx_thread_ws_replay_refuse(run, (end == NGX_THREAD_WS_AGENT_EXIT)
                                         ? NGX_THREAD_WS_SHUTTING_DOWN
                                         : NGX_THREAD_WS_UPSTREAM_FAILED,
                                    "replay was cut");
    }
}


static void
ngx_thread_ws_replay_on_gone(void *data, ngx_uint_t whole, ngx_uint_t end)
{
    ngx_thread_ws_run_t  *run = data;

    run->agent = NULL;

    if (run->state == NGX_THREAD_WS_LOADING) {
        ngx_thread_ws_replay_on_cut(run, end);
        return;
    }

    ngx_thread_ws_run_release(run);
}


void
ngx_thread_ws_run_tell(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_end_t  end;

    end.result = &run->result;
    end.model = run->model;
    end.finish_reason = run->reply.finish_reason;
    end.status = run->status;
    end.cancelled = (run->result.outcome == NGX_THREAD_WS_CANCELLED)
                    ? run->cancelled : 0;
    end.asked = run->asked;
    end.replayed = run->replayed;

    ngx_thread_ws_observe_ended(&run->subject, &end);
}
