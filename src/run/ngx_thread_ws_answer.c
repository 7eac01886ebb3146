
/*
 * What an agent answers: from its bytes over SSE events to deltas.  A delta
 * stays as the agent escaped it, and goes into the journal by one copy.
 */


#include "run/ngx_thread_ws_run_private.h"
#include "observe/ngx_thread_ws_observe.h"


/* bytes of an event beyond those of the largest answer */

#define NGX_THREAD_WS_ANSWER_EXTRA  8192


static ngx_int_t ngx_thread_ws_answer_event(ngx_thread_ws_run_t *run,
    ngx_uint_t *deltas);
static ngx_int_t ngx_thread_ws_answer_delta(ngx_thread_ws_run_t *run);


ngx_int_t
ngx_thread_ws_answer_header(ngx_thread_ws_run_t *run,
    ngx_thread_ws_agent_header_t *header)
{
    run->status = header->status;
    run->retry_after = header->retry_after;

    if (header->status != NGX_HTTP_OK) {
        run->refusal = ngx_thread_ws_refusal(header);

        ngx_log_error(NGX_LOG_ERR, run->subject.log, 0,
                      "%s answered with status %ui",
                      header->own ? "agent location" : "agent",
                      header->status);

        return header->own ? ngx_thread_ws_run_blame(run, run->refusal, NULL)
                           : NGX_OK;
    }

    if (!header->stream) {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "agent sent no event stream");
    }

    if (header->encoded) {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "agent sent a compressed stream");
    }

    run->sse.limit = 2 * run->conf->max_response_size
                     + NGX_THREAD_WS_ANSWER_EXTRA;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_answer_body(ngx_thread_ws_run_t *run, u_char *pos, u_char *last,
    ngx_uint_t *deltas)
{
    if (run->refusal) {
        return (ngx_thread_ws_refusal_body(run, pos, last) == NGX_OK)
               ? NGX_OK : ngx_thread_ws_refusal_verdict(run);
    }

    while (!run->reply.done) {

        switch (ngx_thread_ws_sse_parse(&run->sse, &pos, last)) {

        case NGX_OK:
            if (ngx_thread_ws_answer_event(run, deltas) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;

        case NGX_AGAIN:
            return NGX_OK;

        case NGX_DECLINED:
            return ngx_thread_ws_run_blame(run,
                                           NGX_THREAD_WS_RESPONSE_TOO_LARGE,
                                           "agent sent too large an event");

        default:
            return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                           "no memory for the answer");
        }
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_thread_ws_answer_event(ngx_thread_ws_run_t *run, ngx_uint_t *deltas)
{
    ngx_thread_ws_reply_t  *reply;

    reply = &run->reply;

    switch (run->conf->dialect->event(reply, &run->sse.event, &run->sse.data)) {

    case NGX_OK:
        if (reply->delta.len == 0) {
            return NGX_OK;
        }

        (*deltas)++;

        return ngx_thread_ws_answer_delta(run);

    case NGX_DECLINED:
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "agent sent a malformed event");

    case NGX_ABORT:
        ngx_log_error(NGX_LOG_ERR, run->subject.log, 0,
                      "agent reported an error: \"%V\"", &reply->error);

        (void) ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       NULL);
        run->verdict.text = reply->error;

        return NGX_ERROR;

    default:
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "no memory for the answer");
    }
}


static ngx_int_t
ngx_thread_ws_answer_delta(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_reply_t  *reply;

    reply = &run->reply;

    if (reply->delta_size
        > run->conf->max_response_size - run->journal.plain)
    {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_RESPONSE_TOO_LARGE,
                                       "answer exceeds "
                                       "thread_ws_max_response_size");
    }

    if (ngx_thread_ws_journal_text(&run->journal, reply->delta.data,
                                   reply->delta.len, reply->delta_size)
        != NGX_OK)
    {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "no memory for the answer");
    }

    if (run->result.tokens++ == 0) {
        run->result.first_token = ngx_current_msec - run->started;
        ngx_thread_ws_observe_first_token(&run->subject,
                                          run->result.first_token);
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_answer_whole(ngx_thread_ws_run_t *run)
{
    if (run->refusal) {
        return ngx_thread_ws_refusal_verdict(run);
    }

    if (!run->reply.done
        && (run->conf->dialect->end_mark
            || ngx_thread_ws_sse_pending(&run->sse)))
    {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "agent's stream ended too early");
    }

    run->result.input_tokens = run->reply.usage ? run->reply.input_tokens : -1;
    run->result.output_tokens = run->reply.usage ? run->reply.output_tokens
                                                 : -1;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_answer_cut(ngx_thread_ws_run_t *run, ngx_uint_t end)
{
    if (end == NGX_THREAD_WS_AGENT_EXIT) {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_SHUTTING_DOWN,
                                       "run cut by worker_shutdown_timeout");
    }

    if (run->refusal) {
        return ngx_thread_ws_refusal_verdict(run);
    }

    if (end == NGX_THREAD_WS_AGENT_TIMEOUT) {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_TIMEOUT,
                                       "agent timed out");
    }

    return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                   "agent's answer was cut");
}


void
ngx_thread_ws_answer_free(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_journal_free(&run->journal);
    ngx_thread_ws_bytes_free(&run->body);
    ngx_thread_ws_sse_free(&run->sse);
    ngx_thread_ws_reply_free(&run->reply);
}
