
/*
 * What an agent answers: from its bytes over SSE events to deltas, and parts
 * beside them.  A delta stays as the agent escaped it, and goes into the
 * journal by one copy.
 */


#include "run/ngx_thread_ws_run_private.h"
#include "base/ngx_thread_ws_random.h"
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_stream.h"
#include "dialect/ngx_thread_ws_turn.h"
#include "observe/ngx_thread_ws_observe.h"


/* bytes of an event beyond those of the largest answer */

#define NGX_THREAD_WS_ANSWER_EXTRA  8192

/* ... and what a part counts beside its own bytes */

#define NGX_THREAD_WS_ANSWER_PART   64


static ngx_int_t ngx_thread_ws_answer_event(ngx_thread_ws_run_t *run,
    ngx_int_t rc, ngx_uint_t *deltas);
static ngx_int_t ngx_thread_ws_answer_said(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_answer_part(ngx_thread_ws_run_t *run,
    ngx_thread_ws_part_t *part);
static ngx_int_t ngx_thread_ws_answer_text(ngx_thread_ws_run_t *run,
    size_t from, size_t to, size_t plain);


static void
ngx_thread_ws_answer_want(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_reply_t     *reply;
    ngx_thread_ws_loc_conf_t  *conf;

    reply = &run->reply;
    conf = run->conf;

    reply->limit = conf->max_response_size;
    reply->want = conf->events;

    if (conf->reasoning_history && conf->store->keeps) {
        reply->want |= NGX_THREAD_WS_WANT_REASONING
                       |NGX_THREAD_WS_WANT_SIGNATURES;
    }

    if ((reply->want & NGX_THREAD_WS_WANT_TOOLS) && reply->number == 0) {
        ngx_thread_ws_random((u_char *) &reply->number, sizeof(uint64_t));
    }

    if (conf->dialect->resets) {
        reply->want |= NGX_THREAD_WS_WANT_RESET;
    }

    if (conf->reasoning_tags) {
        reply->tags = conf->reasoning_tags->elts;
        reply->ntags = conf->reasoning_tags->nelts;
    }
}


ngx_int_t
ngx_thread_ws_answer_header(ngx_thread_ws_run_t *run,
    ngx_thread_ws_agent_header_t *header)
{
    run->status = header->status;
    ngx_thread_ws_answer_want(run);

    if (header->type.len
        && ngx_thread_ws_string_dup(run->pool, &run->type, &header->type)
           != NGX_OK)
    {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "no memory for the answer");
    }

    if (header->own && (header->status != NGX_HTTP_OK || !header->stream)
        && ngx_thread_ws_refusal_place(run, header) != NGX_OK)
    {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "no memory for the answer");
    }

    if (header->status != NGX_HTTP_OK) {

        if (header->own) {
            return ngx_thread_ws_refusal_location(run, header);
        }

        run->refused = 1;
        ngx_thread_ws_refusal_header(run, header->fields);

        ngx_log_error(NGX_LOG_ERR, run->subject.log, 0,
                      "agent answered with status %ui, type \"%V\"%s%V",
                      header->status, &header->type,
                      header->location.len ? ", location " : "",
                      &header->location);

        return NGX_OK;
    }

    if (header->encoded) {
        ngx_log_error(NGX_LOG_ERR, run->subject.log, 0,
                      "agent's answer has the encoding \"%V\"",
                      &header->encoding);

        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "agent sent a compressed stream");
    }

    run->unknown = !header->stream;

    run->sse.limit = 2 * run->conf->max_response_size
                     + NGX_THREAD_WS_ANSWER_EXTRA;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_answer_body(ngx_thread_ws_run_t *run, u_char *pos, u_char *last,
    ngx_uint_t *deltas)
{
    ngx_int_t  rc;

    if (ngx_thread_ws_refusal_look(run, pos, last) != NGX_OK) {
        return NGX_ERROR;
    }

    if (run->refused) {
        return (ngx_thread_ws_refusal_body(run, pos, last) == NGX_OK)
               ? NGX_OK : ngx_thread_ws_refusal_verdict(run);
    }

    while (!run->reply.done
           && !ngx_thread_ws_stream_over(&run->sse, pos, last))
    {
        rc = ngx_thread_ws_stream_read(run->conf->dialect, &run->sse,
                                       &run->reply, &pos, last);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        rc = ngx_thread_ws_answer_event(run, rc, deltas);

        if (rc == NGX_DECLINED) {
            ngx_thread_ws_refusal_quote(run, NGX_LOG_INFO, "agent's event",
                                        &run->sse.data);

            return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                           "agent sent a malformed event");
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return run->reply.done ? NGX_DONE : NGX_OK;
}


/*
 * An event was read, with rc: NGX_OK; NGX_DECLINED if it is malformed, of which
 * there is no verdict yet; NGX_ERROR.
 */

static ngx_int_t
ngx_thread_ws_answer_event(ngx_thread_ws_run_t *run, ngx_int_t rc,
    ngx_uint_t *deltas)
{
    ngx_thread_ws_reply_t    *reply;
    ngx_thread_ws_finding_t   finding;

    reply = &run->reply;

    switch (rc) {

    case NGX_OK:
        if (reply->delta.len == 0 && reply->nparts == 0) {
            return NGX_OK;
        }

        (*deltas)++;

        return ngx_thread_ws_answer_said(run);

    case NGX_DECLINED:
        return NGX_DECLINED;

    case NGX_BUSY:
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_RESPONSE_TOO_LARGE,
                                       "agent sent too large an event");

    case NGX_ABORT:
        ngx_log_error(NGX_LOG_ERR, run->subject.log, 0,
                      "agent reported an error: \"%V\"", &reply->error);

        ngx_thread_ws_finding_abort(&finding, reply);

        return ngx_thread_ws_refusal_judge(run, &finding);

    default:
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "no memory for the answer");
    }
}


/* what an event brought goes into the journal: parts, and text between them */

static ngx_int_t
ngx_thread_ws_answer_said(ngx_thread_ws_run_t *run)
{
    size_t                  from, plain;
    ngx_uint_t              i;
    ngx_thread_ws_part_t   *part;
    ngx_thread_ws_reply_t  *reply;

    reply = &run->reply;

    for (i = 0; i < reply->nparts; i++) {
        part = &reply->part[i];

        run->parts += part->id.len + part->name.len + part->value.len
                      + NGX_THREAD_WS_ANSWER_PART;
    }

    if (reply->delta_size + run->journal.plain + run->parts
        > run->conf->max_response_size)
    {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_RESPONSE_TOO_LARGE,
                                       "answer exceeds "
                                       "thread_ws_max_response_size");
    }

    plain = reply->delta_size;
    from = 0;

    for (i = 0; i < reply->nparts; i++) {
        part = &reply->part[i];

        if (part->at > from) {

            if (ngx_thread_ws_answer_text(run, from, part->at, plain)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            plain = 0;
            from = part->at;
        }

        if (ngx_thread_ws_answer_part(run, part) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return (from < reply->delta.len)
           ? ngx_thread_ws_answer_text(run, from, reply->delta.len, plain)
           : NGX_OK;
}


static ngx_int_t
ngx_thread_ws_answer_part(ngx_thread_ws_run_t *run, ngx_thread_ws_part_t *part)
{
    ngx_thread_ws_entry_part_t  entry;

    entry.kind = NGX_THREAD_WS_ENTRY_END + part->kind;
    entry.id = part->id;
    entry.name = part->name;
    entry.value = part->value;
    entry.from = part->from;
    entry.to = part->to;
    entry.error = part->error;

    if (ngx_thread_ws_journal_part(&run->journal, &entry) != NGX_OK) {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "no memory for the answer");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_answer_text(ngx_thread_ws_run_t *run, size_t from, size_t to,
    size_t plain)
{
    if (ngx_thread_ws_journal_text(&run->journal, run->reply.delta.data + from,
                                   to - from, plain)
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


/*
 * Reads what the body ended in, which may lack its line ends: NGX_DECLINED if
 * it is but a piece, of which there is no verdict.
 */

static ngx_int_t
ngx_thread_ws_answer_rest(ngx_thread_ws_run_t *run)
{
    ngx_int_t   rc;
    ngx_uint_t  deltas;

    deltas = 0;

    while (!run->reply.done) {

        rc = ngx_thread_ws_sse_finish(&run->sse);

        if (rc == NGX_AGAIN) {
            break;
        }

        if (rc == NGX_OK) {
            rc = ngx_thread_ws_reply_event(run->conf->dialect, &run->reply,
                                           &run->sse.event, &run->sse.data);
        }

        rc = ngx_thread_ws_answer_event(run, rc, &deltas);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* what was held back until nothing follows */

static ngx_int_t
ngx_thread_ws_answer_last(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_reply_t  *reply;

    reply = &run->reply;

    if (ngx_thread_ws_reply_end(reply) != NGX_OK) {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "no memory for the answer");
    }

    return (reply->delta.len || reply->nparts)
           ? ngx_thread_ws_answer_said(run) : NGX_OK;
}


/* the body has ended, in whatever way: whether it was an answer */

static ngx_int_t
ngx_thread_ws_answer_close(ngx_thread_ws_run_t *run, ngx_uint_t body)
{
    ngx_int_t                 rc;
    ngx_thread_ws_reply_t    *reply;
    ngx_thread_ws_finding_t   finding;

    if (run->refused) {
        return ngx_thread_ws_refusal_verdict(run);
    }

    reply = &run->reply;

    rc = ngx_thread_ws_answer_rest(run);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED && body == NGX_THREAD_WS_BODY_WHOLE) {
        body = NGX_THREAD_WS_BODY_BROKEN;
    }

    if (!reply->done && ngx_thread_ws_answer_last(run) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_thread_ws_finding_end(&finding, run->conf->dialect, reply, body);

    if (rc == NGX_AGAIN) {
        rc = ngx_thread_ws_turn_pause(reply);

        if (rc == NGX_OK) {
            return NGX_AGAIN;
        }
    }

    if (rc != NGX_OK) {

        if (reply->events == 0) {
            ngx_thread_ws_refusal_quote(run, NGX_LOG_INFO, "agent's answer",
                                        &run->first);

            if (run->place.len) {
                return ngx_thread_ws_refusal_fault(run,
                                                   "that is no event stream");
            }
        }

        return ngx_thread_ws_refusal_judge(run, &finding);
    }

    if (reply->turn) {
        ngx_thread_ws_turn_total(reply);
    }

    run->result.input_tokens = reply->usage ? reply->input_tokens : -1;
    run->result.output_tokens = reply->usage ? reply->output_tokens : -1;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_answer_whole(ngx_thread_ws_run_t *run)
{
    return ngx_thread_ws_answer_close(run, NGX_THREAD_WS_BODY_WHOLE);
}


ngx_int_t
ngx_thread_ws_answer_cut(ngx_thread_ws_run_t *run, ngx_uint_t end)
{
    if (end == NGX_THREAD_WS_AGENT_EXIT) {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_SHUTTING_DOWN,
                                       "run cut by worker_shutdown_timeout");
    }

    return ngx_thread_ws_answer_close(run,
                                      (end == NGX_THREAD_WS_AGENT_TIMEOUT)
                                      ? NGX_THREAD_WS_BODY_TIMEOUT
                                      : NGX_THREAD_WS_BODY_CUT);
}


/* what follows is another response, which goes on with what was said */

void
ngx_thread_ws_answer_again(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_sse_free(&run->sse);
    ngx_memzero(&run->sse, sizeof(ngx_thread_ws_sse_t));

    run->first.len = 0;
    ngx_str_null(&run->place);
}


void
ngx_thread_ws_answer_free(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_journal_free(&run->journal);
    ngx_thread_ws_bytes_free(&run->body);
    ngx_thread_ws_sse_free(&run->sse);
    ngx_thread_ws_reply_free(&run->reply);
}


void
ngx_thread_ws_answer_drop(ngx_thread_ws_run_t *run)
{
    ngx_str_t  *answer;

    ngx_thread_ws_journal_free(&run->journal);
    ngx_thread_ws_bytes_free(&run->body);
    ngx_thread_ws_sse_free(&run->sse);

    answer = &run->op.record.answer;

    if (answer->data) {
        (void) ngx_pfree(run->pool, answer->data);
        ngx_str_null(answer);
    }
}
