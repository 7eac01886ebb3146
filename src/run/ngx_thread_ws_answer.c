
/*
 * The relay of tokens.  A delta stays as the agent escaped it: it goes into
 * the client's frame and to the end of the answer by one copy each, and final
 * repeats the answer as it stands there.
 */


#include "run/ngx_thread_ws_answer.h"
#include "agent/ngx_thread_ws_agent.h"
#include "observe/ngx_thread_ws_observe.h"
#include "conn/ngx_thread_ws_output.h"
#include "run/ngx_thread_ws_run.h"


/* bytes of an error's body that are looked at */

#define NGX_THREAD_WS_REFUSAL_SIZE  8192

/* bytes of a token of an answer that is repeated, more or less */

#define NGX_THREAD_WS_REPEAT_SIZE   16384


static ngx_uint_t ngx_thread_ws_answer_refusal(
    ngx_thread_ws_agent_header_t *header);
static ngx_int_t ngx_thread_ws_answer_refused(ngx_thread_ws_run_t *run,
    u_char *pos, u_char *last);
static void ngx_thread_ws_answer_refuse(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_answer_event(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_answer_delta(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_answer_head(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_answer_token(ngx_thread_ws_run_t *run,
    u_char *data, size_t len);
static ngx_int_t ngx_thread_ws_answer_repeat(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_answer_final(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_answer_fail(ngx_thread_ws_run_t *run,
    ngx_uint_t code, char *reason);


ngx_int_t
ngx_thread_ws_run_header(ngx_thread_ws_run_t *run,
    ngx_thread_ws_agent_header_t *header)
{
    run->status = header->status;
    run->retry_after = header->retry_after;

    if (header->status != NGX_HTTP_OK) {
        run->refusal = ngx_thread_ws_answer_refusal(header);

        ngx_log_error(NGX_LOG_ERR, run->subject.log, 0,
                      "%s answered with status %ui",
                      header->own ? "agent location" : "agent",
                      header->status);

        if (header->own) {
            ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED, run->refusal,
                                  NULL);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (!header->stream) {
        return ngx_thread_ws_answer_fail(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                         "agent sent no event stream");
    }

    if (header->encoded) {
        return ngx_thread_ws_answer_fail(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                         "agent sent a compressed stream");
    }

    run->sse.limit = 2 * run->conf->max_response_size
                     + NGX_THREAD_WS_REFUSAL_SIZE;

    return NGX_OK;
}


/* what a status other than 200 means for the client */

static ngx_uint_t
ngx_thread_ws_answer_refusal(ngx_thread_ws_agent_header_t *header)
{
    switch (header->status) {

    case NGX_HTTP_UNAUTHORIZED:
    case NGX_HTTP_FORBIDDEN:
        return header->own ? NGX_THREAD_WS_FORBIDDEN
                           : NGX_THREAD_WS_UPSTREAM_REJECTED;

    case NGX_HTTP_TOO_MANY_REQUESTS:
        return header->own ? NGX_THREAD_WS_RATE_LIMITED
                           : NGX_THREAD_WS_UPSTREAM_RATE_LIMITED;

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return header->own ? NGX_THREAD_WS_RATE_LIMITED
                           : NGX_THREAD_WS_UPSTREAM_UNAVAILABLE;

    case NGX_HTTP_GATEWAY_TIME_OUT:
        return header->own ? NGX_THREAD_WS_UPSTREAM_TIMEOUT
                           : NGX_THREAD_WS_UPSTREAM_UNAVAILABLE;

    case NGX_HTTP_BAD_GATEWAY:
        return NGX_THREAD_WS_UPSTREAM_UNAVAILABLE;
    }

    if (!header->own && header->status >= 400 && header->status < 500) {
        return NGX_THREAD_WS_UPSTREAM_REJECTED;
    }

    return NGX_THREAD_WS_UPSTREAM_FAILED;
}


ngx_int_t
ngx_thread_ws_run_body(ngx_thread_ws_run_t *run, u_char *pos, u_char *last)
{
    ngx_int_t  rc;

    if (run->refusal) {
        return ngx_thread_ws_answer_refused(run, pos, last);
    }

    if (!ngx_thread_ws_registry_holds(&run->claim)) {
        ngx_log_error(NGX_LOG_INFO, run->subject.log, 0,
                      "run given up to a newer connection");
        ngx_thread_ws_run_end(run, NGX_THREAD_WS_CANCELLED, 0, NULL);
        return NGX_ERROR;
    }

    while (!run->reply.done) {

        rc = ngx_thread_ws_sse_parse(&run->sse, &pos, last);

        switch (rc) {

        case NGX_OK:
            if (ngx_thread_ws_answer_event(run) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;

        case NGX_AGAIN:
            return NGX_OK;

        case NGX_DECLINED:
            return ngx_thread_ws_answer_fail(run,
                                             NGX_THREAD_WS_RESPONSE_TOO_LARGE,
                                             "agent sent too large an event");

        default:
            return ngx_thread_ws_answer_fail(run,
                                             NGX_THREAD_WS_UPSTREAM_FAILED,
                                             "no memory for the answer");
        }
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_thread_ws_answer_event(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_reply_t  *reply;

    reply = &run->reply;

    switch (run->conf->dialect->event(reply, &run->sse.event, &run->sse.data)) {

    case NGX_OK:
        return reply->delta.len ? ngx_thread_ws_answer_delta(run) : NGX_OK;

    case NGX_DECLINED:
        return ngx_thread_ws_answer_fail(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                         "agent sent a malformed event");

    case NGX_ABORT:
        ngx_log_error(NGX_LOG_ERR, run->subject.log, 0,
                      "agent reported an error: \"%V\"", &reply->error);

        ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED,
                              NGX_THREAD_WS_UPSTREAM_FAILED,
                              reply->error.len ? &reply->error : NULL);
        return NGX_ERROR;

    default:
        return ngx_thread_ws_answer_fail(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                         "no memory for the answer");
    }
}


static ngx_int_t
ngx_thread_ws_answer_delta(ngx_thread_ws_run_t *run)
{
    ngx_str_t  *delta;

    delta = &run->reply.delta;

    if (run->reply.delta_size
        > run->conf->max_response_size - run->answer_size)
    {
        return ngx_thread_ws_answer_fail(run, NGX_THREAD_WS_RESPONSE_TOO_LARGE,
                                         "answer exceeds "
                                         "thread_ws_max_response_size");
    }

    run->answer_size += run->reply.delta_size;

    if (ngx_thread_ws_bytes_add(&run->answer, delta->data, delta->len)
        != NGX_OK
        || ngx_thread_ws_answer_token(run, delta->data, delta->len) != NGX_OK)
    {
        return ngx_thread_ws_answer_fail(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                         "no memory for the answer");
    }

    if (run->result.tokens++ == 0) {
        run->result.first_token = ngx_current_msec - run->started;
        ngx_thread_ws_observe_first_token(&run->subject,
                                          run->result.first_token);
    }

    return NGX_OK;
}


/* a token event, straight into the client's output */

static ngx_int_t
ngx_thread_ws_answer_token(ngx_thread_ws_run_t *run, u_char *data, size_t len)
{
    size_t                 size;
    u_char                *p, *payload;
    ngx_thread_ws_conn_t  *conn;

    conn = run->conn;

    if (run->head.len == 0 && ngx_thread_ws_answer_head(run) != NGX_OK) {
        return NGX_ERROR;
    }

    size = run->head.len + len + sizeof(NGX_THREAD_WS_TOKEN_TAIL) - 1;

    payload = ngx_thread_ws_output_text(conn, size);
    if (payload == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(payload, run->head.data, run->head.len);
    p = ngx_cpymem(p, data, len);
    p = ngx_cpymem(p, NGX_THREAD_WS_TOKEN_TAIL,
                   sizeof(NGX_THREAD_WS_TOKEN_TAIL) - 1);

    ngx_thread_ws_output_text_end(conn, payload, p);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_answer_head(ngx_thread_ws_run_t *run)
{
    u_char  *p;

    p = ngx_pnalloc(run->pool,
             ngx_thread_ws_event_token_head_size(&run->subject.request_id));
    if (p == NULL) {
        return NGX_ERROR;
    }

    run->head.data = p;
    run->head.len = ngx_thread_ws_event_token_head(p, &run->subject.request_id)
                    - p;

    return NGX_OK;
}


void
ngx_thread_ws_run_whole(ngx_thread_ws_run_t *run)
{
    if (run->refusal) {
        ngx_thread_ws_answer_refuse(run);
        return;
    }

    if (!run->reply.done
        && (run->conf->dialect->end_mark
            || ngx_thread_ws_sse_pending(&run->sse)))
    {
        (void) ngx_thread_ws_answer_fail(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                         "agent's stream ended too early");
        return;
    }

    run->result.input_tokens = run->reply.usage ? run->reply.input_tokens : -1;
    run->result.output_tokens = run->reply.usage ? run->reply.output_tokens
                                                 : -1;

    ngx_thread_ws_run_store(run);
}


void
ngx_thread_ws_answer_cut(ngx_thread_ws_run_t *run, ngx_uint_t end)
{
    if (end == NGX_THREAD_WS_AGENT_EXIT) {
        (void) ngx_thread_ws_answer_fail(run, NGX_THREAD_WS_SHUTTING_DOWN,
                                         "run cut by worker_shutdown_timeout");
        return;
    }

    if (run->refusal) {
        ngx_thread_ws_answer_refuse(run);
        return;
    }

    (void) ngx_thread_ws_answer_fail(run,
                                     (end == NGX_THREAD_WS_AGENT_TIMEOUT)
                                     ? NGX_THREAD_WS_UPSTREAM_TIMEOUT
                                     : NGX_THREAD_WS_UPSTREAM_FAILED,
                                     (end == NGX_THREAD_WS_AGENT_TIMEOUT)
                                     ? "agent timed out"
                                     : "agent's answer was cut");
}


/* collects the body of an error answer, since its words may help */

static ngx_int_t
ngx_thread_ws_answer_refused(ngx_thread_ws_run_t *run, u_char *pos,
    u_char *last)
{
    size_t  size;

    size = ngx_min((size_t) (last - pos),
                   NGX_THREAD_WS_REFUSAL_SIZE - run->answer.len);

    if (ngx_thread_ws_bytes_add(&run->answer, pos, size) != NGX_OK
        || run->answer.len == NGX_THREAD_WS_REFUSAL_SIZE)
    {
        ngx_thread_ws_answer_refuse(run);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_thread_ws_answer_refuse(ngx_thread_ws_run_t *run)
{
    ngx_str_t  body, *text;

    body.data = run->answer.data;
    body.len = run->answer.len;
    text = NULL;

    if (run->conf->dialect->error(&run->reply, &body) == NGX_OK
        && run->reply.error.len)
    {
        ngx_log_error(NGX_LOG_ERR, run->subject.log, 0, "agent said: \"%V\"",
                      &run->reply.error);

        switch (run->status) {

        case NGX_HTTP_BAD_REQUEST:
        case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        case 422: /* Unprocessable Content */
            text = &run->reply.error;
            break;

        default:

            /* such words may quote a key */
            break;
        }
    }

    ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED, run->refusal, text);
}


static ngx_int_t
ngx_thread_ws_answer_fail(ngx_thread_ws_run_t *run, ngx_uint_t code,
    char *reason)
{
    ngx_log_error(NGX_LOG_ERR, run->subject.log, 0, "%s", reason);

    ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED, code, NULL);

    return NGX_ERROR;
}


ngx_int_t
ngx_thread_ws_answer_record(ngx_thread_ws_run_t *run,
    ngx_thread_ws_record_t *record)
{
    u_char  *last;

    ngx_memzero(record, sizeof(ngx_thread_ws_record_t));

    record->request_id = run->subject.request_id;
    record->content = run->content;
    record->model = run->model;
    record->finish_reason = run->reply.finish_reason;
    record->input_tokens = run->result.input_tokens;
    record->output_tokens = run->result.output_tokens;
    record->latency = run->result.latency;

    if (run->answer.len == 0 || !run->conf->store->shared) {

        /* nobody wants it plain; its size counts */

        record->answer.len = run->answer_size;
        return NGX_OK;
    }

    record->answer.data = ngx_pnalloc(run->pool, run->answer.len);
    if (record->answer.data == NULL) {
        return NGX_ERROR;
    }

    last = ngx_thread_ws_json_unescape(record->answer.data, run->answer.data,
                                       run->answer.len);
    if (last == NULL) {
        ngx_log_error(NGX_LOG_ALERT, run->subject.log, 0,
                      "answer is not the inside of a JSON string");
        return NGX_ERROR;
    }

    record->answer.len = last - record->answer.data;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_answer_replay(ngx_thread_ws_run_t *run,
    ngx_thread_ws_record_t *record, ngx_str_t *answer)
{
    size_t                  size;
    ngx_thread_ws_bytes_t  *bytes;

    bytes = &run->answer;

    if (answer) {
        if (ngx_thread_ws_bytes_add(bytes, answer->data, answer->len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else if (record->answer.len) {
        size = ngx_thread_ws_json_escaped_size(record->answer.data,
                                               record->answer.len);

        bytes->data = ngx_alloc(size, run->subject.log);
        if (bytes->data == NULL) {
            return NGX_ERROR;
        }

        bytes->size = size;
        bytes->len = ngx_thread_ws_json_escape(bytes->data,
                                               record->answer.data,
                                               record->answer.len)
                     - bytes->data;
    }

    if (ngx_thread_ws_answer_repeat(run) != NGX_OK) {
        return NGX_ERROR;
    }

    run->result.latency = record->latency;
    run->result.input_tokens = record->input_tokens;
    run->result.output_tokens = record->output_tokens;

    if (record->finish_reason.len) {
        run->reply.finish_reason.data = run->reply.finish;
        run->reply.finish_reason.len = ngx_min(record->finish_reason.len,
                                               sizeof(run->reply.finish));
        ngx_memcpy(run->reply.finish, record->finish_reason.data,
                   run->reply.finish_reason.len);
    }

    return NGX_OK;
}


/*
 * The whole answer as tokens, no larger than a slow line carries while a client
 * waits for a sign of life.
 */

static ngx_int_t
ngx_thread_ws_answer_repeat(ngx_thread_ws_run_t *run)
{
    u_char  *p, *end, *last;

    p = run->answer.data;
    last = p + run->answer.len;

    while (p < last) {
        end = ngx_thread_ws_json_piece(p, last, NGX_THREAD_WS_REPEAT_SIZE);

        if (ngx_thread_ws_answer_token(run, p, end - p) != NGX_OK) {
            return NGX_ERROR;
        }

        p = end;
    }

    return NGX_OK;
}


void
ngx_thread_ws_answer_end(ngx_thread_ws_run_t *run, ngx_str_t *text)
{
    u_char                *p;
    ngx_thread_ws_conn_t  *conn;

    conn = run->conn;

    if (conn->close_sent || conn->error) {
        return;
    }

    switch (run->result.outcome) {

    case NGX_THREAD_WS_COMPLETED:
        ngx_thread_ws_answer_final(run);
        break;

    case NGX_THREAD_WS_CANCELLED:
        p = ngx_thread_ws_output_text(conn,
                ngx_thread_ws_event_cancelled_size(&run->subject.request_id));
        if (p == NULL) {
            return;
        }

        ngx_thread_ws_output_text_end(conn, p,
                  ngx_thread_ws_event_cancelled(p, &run->subject.request_id));
        break;

    default: /* NGX_THREAD_WS_FAILED */
        ngx_thread_ws_run_error(conn, &run->subject.request_id,
                                run->result.code, text, run->retry_after);
        break;
    }
}


static void
ngx_thread_ws_answer_final(ngx_thread_ws_run_t *run)
{
    u_char                 *p;
    ngx_thread_ws_final_t   final;

    final.request_id = run->subject.request_id;
    final.answer.data = run->answer.data;
    final.answer.len = run->answer.len;
    final.latency = run->result.latency;
    final.usage = run->result.input_tokens >= 0;
    final.input_tokens = run->result.input_tokens;
    final.output_tokens = ngx_max(run->result.output_tokens, 0);
    final.finish_reason = run->reply.finish_reason;

    p = ngx_thread_ws_output_text(run->conn,
                                  ngx_thread_ws_event_final_size(&final));
    if (p) {
        ngx_thread_ws_output_text_end(run->conn, p,
                                      ngx_thread_ws_event_final(p, &final));
    }
}


void
ngx_thread_ws_run_error(ngx_thread_ws_conn_t *conn, ngx_str_t *request_id,
    ngx_uint_t code, ngx_str_t *text, ngx_msec_t retry_after)
{
    u_char                 *p;
    ngx_thread_ws_code_t   *c;
    ngx_thread_ws_error_t   error;

    if (conn->close_sent || conn->error) {
        return;
    }

    c = &ngx_thread_ws_codes[code];

    error.request_id = *request_id;
    error.message = text ? *text : c->text;
    error.code = c->name;
    error.retryable = c->retryable;
    error.retry_after = c->retryable ? retry_after : 0;

    p = ngx_thread_ws_output_text(conn,
                                  ngx_thread_ws_event_error_size(&error));
    if (p) {
        ngx_thread_ws_output_text_end(conn, p,
                                      ngx_thread_ws_event_error(p, &error));
    }
}


void
ngx_thread_ws_answer_free(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_bytes_free(&run->answer);
    ngx_thread_ws_sse_free(&run->sse);
    ngx_thread_ws_reply_free(&run->reply);
}
