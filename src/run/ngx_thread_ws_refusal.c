
/*
 * What an agent sends in place of an answer: another status, what is no event
 * stream, an error in it.  What it means is found out by the dialects
 * (dialect/ngx_thread_ws_finding.h); here it becomes the run's verdict, and
 * lines in the log.
 */


#include "run/ngx_thread_ws_run_private.h"
#include "base/ngx_thread_ws_headers.h"


/* bytes of an error's body that are looked at */

#define NGX_THREAD_WS_REFUSAL_SIZE  32768


/* what the client is told, by whom an agent's error blames */

static ngx_uint_t  ngx_thread_ws_refusal_codes[] = {
    NGX_THREAD_WS_UPSTREAM_FAILED,
    NGX_THREAD_WS_UPSTREAM_UNAVAILABLE,
    NGX_THREAD_WS_UPSTREAM_RATE_LIMITED,
    NGX_THREAD_WS_UPSTREAM_REJECTED,
    NGX_THREAD_WS_UPSTREAM_REJECTED,
    NGX_THREAD_WS_UPSTREAM_REFUSED,
    NGX_THREAD_WS_BUSY,
    NGX_THREAD_WS_UPSTREAM_TIMEOUT
};


ngx_uint_t
ngx_thread_ws_refusal_own(ngx_uint_t status)
{
    switch (status) {

    case NGX_HTTP_UNAUTHORIZED:
    case NGX_HTTP_FORBIDDEN:
        return NGX_THREAD_WS_FORBIDDEN;

    case NGX_HTTP_TOO_MANY_REQUESTS:
    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return NGX_THREAD_WS_RATE_LIMITED;

    case NGX_HTTP_GATEWAY_TIME_OUT:
        return NGX_THREAD_WS_UPSTREAM_TIMEOUT;

    case NGX_HTTP_BAD_GATEWAY:
        return NGX_THREAD_WS_UPSTREAM_UNAVAILABLE;

    default:
        return NGX_THREAD_WS_UPSTREAM_FAILED;
    }
}


ngx_int_t
ngx_thread_ws_refusal_place(ngx_thread_ws_run_t *run,
    ngx_thread_ws_agent_header_t *header)
{
    size_t  size;

    size = header->name.len + header->uri.len + sizeof("\"\", URI \"\"") - 1;

    run->place.data = ngx_pnalloc(run->pool, size);
    if (run->place.data == NULL) {
        return NGX_ERROR;
    }

    run->place.len = ngx_snprintf(run->place.data, size, "\"%V\", URI \"%V\"",
                                  &header->name, &header->uri)
                     - run->place.data;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_refusal_location(ngx_thread_ws_run_t *run,
    ngx_thread_ws_agent_header_t *header)
{
    ngx_uint_t  code;

    ngx_log_error(NGX_LOG_ERR, run->subject.log, 0,
                  "agent location %V, answered with status %ui, type \"%V\"%s",
                  &run->place, header->status, &header->type,
                  header->kept ? ": it is an error's, kept by an "
                                 "\"error_page\" without \"=\"" : "");

    code = ngx_thread_ws_refusal_own(header->status);

    if (code == NGX_THREAD_WS_UPSTREAM_FAILED
        && header->status < NGX_HTTP_INTERNAL_SERVER_ERROR)
    {
        return ngx_thread_ws_refusal_fault(run, NULL);
    }

    return ngx_thread_ws_run_blame(run, code, NULL);
}


ngx_int_t
ngx_thread_ws_refusal_fault(ngx_thread_ws_run_t *run, char *reason)
{
    if (reason) {
        ngx_log_error(NGX_LOG_ERR, run->subject.log, 0,
                      "agent location %V, answered by itself, with the type "
                      "\"%V\": %s", &run->place, &run->type, reason);
    }

    (void) ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED, NULL);

    ngx_str_set(&run->verdict.text, "the way to the agent is not set up "
                "rightly: the server's log says more");
    run->verdict.judged = 1;

    return NGX_ERROR;
}


void
ngx_thread_ws_refusal_header(ngx_thread_ws_run_t *run, ngx_list_t *fields)
{
    ngx_table_elt_t          *h;
    ngx_thread_ws_headers_t   headers;

    if (fields == NULL) {
        return;
    }

    ngx_thread_ws_headers_begin(&headers, fields);

    while ((h = ngx_thread_ws_headers_next(&headers)) != NULL) {
        ngx_thread_ws_retry_header(&run->retry, &h->key, &h->value,
                                   ngx_time());
    }
}


ngx_int_t
ngx_thread_ws_refusal_look(ngx_thread_ws_run_t *run, u_char *pos, u_char *last)
{
    size_t      len;
    ngx_int_t   rc;
    ngx_str_t  *first;

    first = &run->first;

    if (first->len == NGX_THREAD_WS_FINDING_QUOTE) {
        return NGX_OK;
    }

    if (first->data == NULL) {
        first->data = ngx_pnalloc(run->pool, NGX_THREAD_WS_FINDING_QUOTE);

        if (first->data == NULL) {
            return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                           "no memory for the answer");
        }
    }

    len = ngx_min((size_t) (last - pos),
                  NGX_THREAD_WS_FINDING_QUOTE - first->len);

    ngx_memcpy(first->data + first->len, pos, len);
    first->len += len;

    if (!run->unknown) {
        return NGX_OK;
    }

    rc = ngx_thread_ws_sse_look(first->data, first->data + first->len);

    if (rc == NGX_AGAIN && first->len < NGX_THREAD_WS_FINDING_QUOTE) {
        return NGX_OK;
    }

    run->unknown = 0;

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    ngx_thread_ws_refusal_quote(run, NGX_LOG_ERR, "agent's answer", first);

    if (run->place.len) {
        return ngx_thread_ws_refusal_fault(run, "that is no event stream");
    }

    ngx_log_error(NGX_LOG_ERR, run->subject.log, 0,
                  "agent's answer has the type \"%V\"", &run->type);

    return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                   "agent sent no event stream");
}


ngx_int_t
ngx_thread_ws_refusal_body(ngx_thread_ws_run_t *run, u_char *pos,
    u_char *last)
{
    size_t  size;

    size = ngx_min((size_t) (last - pos),
                   NGX_THREAD_WS_REFUSAL_SIZE - run->body.len);

    if (ngx_thread_ws_bytes_add(&run->body, pos, size) != NGX_OK
        || run->body.len == NGX_THREAD_WS_REFUSAL_SIZE)
    {
        return NGX_DONE;
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_refusal_verdict(ngx_thread_ws_run_t *run)
{
    ngx_str_t                 body;
    ngx_thread_ws_finding_t   finding;

    body.data = run->body.data;
    body.len = run->body.len;

    ngx_thread_ws_finding_status(&finding, run->conf->dialect, &run->reply,
                                 run->status, &run->retry, &body);

    if (run->reply.error.len) {
        ngx_log_error(NGX_LOG_ERR, run->subject.log, 0, "agent said: \"%V\"",
                      &run->reply.error);

    } else {

        /* what blames the request may quote it */

        ngx_thread_ws_refusal_quote(run,
                   (finding.blame == NGX_THREAD_WS_BLAME_REQUEST)
                   ? NGX_LOG_INFO : NGX_LOG_ERR, "agent's error", &run->first);
    }

    return ngx_thread_ws_refusal_judge(run, &finding);
}


ngx_int_t
ngx_thread_ws_refusal_judge(ngx_thread_ws_run_t *run,
    ngx_thread_ws_finding_t *finding)
{
    if (finding->reason) {
        ngx_log_error(NGX_LOG_ERR, run->subject.log, 0,
                      "%s: type \"%V\", reason of the end \"%V\"",
                      finding->reason, &run->type, &run->reply.finish_reason);
    }

    (void) ngx_thread_ws_run_blame(run,
                          ngx_thread_ws_refusal_codes[finding->blame], NULL);

    run->verdict.text = finding->text;
    run->verdict.retry_after = finding->retry_after;
    run->verdict.retryable = finding->retryable;
    run->verdict.judged = 1;

    return NGX_ERROR;
}


void
ngx_thread_ws_refusal_quote(ngx_thread_ws_run_t *run, ngx_uint_t level,
    char *what, ngx_str_t *bytes)
{
    u_char  *last, quote[4 * NGX_THREAD_WS_FINDING_QUOTE];

    if (bytes->len == 0) {
        return;
    }

    last = ngx_thread_ws_finding_quote(quote, bytes->data, bytes->len);

    ngx_log_error(level, run->subject.log, 0, "%s begins with \"%*s\"", what,
                  (size_t) (last - quote), quote);
}
