
/*
 * What is an answer: text, calls of tools, a question of the agent's, or a
 * refusal in its own words, that came to its end.  Nothing else is stored: the
 * agent would refuse to read it again.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_finding.h"


typedef enum {
    NGX_THREAD_WS_FINISH_FAILED,     /* half an answer */
    NGX_THREAD_WS_FINISH_PAUSED,
    NGX_THREAD_WS_FINISH_REFUSED,    /* and the API wants the turn forgotten */
    NGX_THREAD_WS_FINISH_FILTERED    /* what was let through is the answer */
} ngx_thread_ws_finish_e;


typedef struct {
    char        *name;
    ngx_uint_t   kind;
} ngx_thread_ws_finish_t;


/* reasons of an end that is no success, in lower case */

static ngx_thread_ws_finish_t  ngx_thread_ws_finishes[] = {
    { "error", NGX_THREAD_WS_FINISH_FAILED },
    { "abort", NGX_THREAD_WS_FINISH_FAILED },
    { "aborted", NGX_THREAD_WS_FINISH_FAILED },
    { "cancelled", NGX_THREAD_WS_FINISH_FAILED },
    { "canceled", NGX_THREAD_WS_FINISH_FAILED },
    { "failed", NGX_THREAD_WS_FINISH_FAILED },
    { "timeout", NGX_THREAD_WS_FINISH_FAILED },
    { "network_error", NGX_THREAD_WS_FINISH_FAILED },
    { "server_error", NGX_THREAD_WS_FINISH_FAILED },
    { "insufficient_system_resource", NGX_THREAD_WS_FINISH_FAILED },
    { "malformed_function_call", NGX_THREAD_WS_FINISH_FAILED },
    { "pause_turn", NGX_THREAD_WS_FINISH_PAUSED },
    { "refusal", NGX_THREAD_WS_FINISH_REFUSED },
    { "content_filter", NGX_THREAD_WS_FINISH_FILTERED },
    { "content_filtered", NGX_THREAD_WS_FINISH_FILTERED },
    { "guardrail_intervened", NGX_THREAD_WS_FINISH_FILTERED },
    { "prohibited_content", NGX_THREAD_WS_FINISH_FILTERED },
    { "recitation", NGX_THREAD_WS_FINISH_FILTERED },
    { "blocklist", NGX_THREAD_WS_FINISH_FILTERED },
    { "sensitive", NGX_THREAD_WS_FINISH_FILTERED },
    { "safety", NGX_THREAD_WS_FINISH_FILTERED },
    { "spii", NGX_THREAD_WS_FINISH_FILTERED },
    { NULL, 0 }
};


static ngx_int_t
ngx_thread_ws_finding_fail(ngx_thread_ws_finding_t *finding, char *reason)
{
    finding->blame = NGX_THREAD_WS_BLAME_NOBODY;
    finding->retryable = 1;
    finding->reason = reason;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_thread_ws_finding_refuse(ngx_thread_ws_finding_t *finding,
    ngx_thread_ws_reply_t *reply)
{
    finding->blame = NGX_THREAD_WS_BLAME_REFUSAL;
    finding->retryable = 0;
    finding->reason = "agent refused to answer";
    finding->text = reply->explanation;

    return NGX_DECLINED;
}


/* whether the reason of the end is one of success */

static ngx_int_t
ngx_thread_ws_finding_finish(ngx_thread_ws_finding_t *finding,
    ngx_thread_ws_reply_t *reply)
{
    ngx_thread_ws_finish_t  *f;

    for (f = ngx_thread_ws_finishes; f->name; f++) {

        if (ngx_thread_ws_string_is_same(&reply->finish_reason, f->name)) {
            break;
        }
    }

    if (f->name == NULL) {
        return NGX_OK;
    }

    switch (f->kind) {

    case NGX_THREAD_WS_FINISH_PAUSED:
        (void) ngx_thread_ws_finding_fail(finding,
                                          "agent paused before its answer "
                                          "was complete");
        return NGX_AGAIN;

    case NGX_THREAD_WS_FINISH_REFUSED:

        /* in words of its own it is an answer */

        return reply->refused ? NGX_OK
                              : ngx_thread_ws_finding_refuse(finding, reply);

    case NGX_THREAD_WS_FINISH_FILTERED:
        return reply->text ? NGX_OK
                           : ngx_thread_ws_finding_refuse(finding, reply);

    default: /* NGX_THREAD_WS_FINISH_FAILED */
        return ngx_thread_ws_finding_fail(finding,
                                          "agent broke its answer off");
    }
}


/* whether the body went on until the answer had ended */

static ngx_int_t
ngx_thread_ws_finding_whole(ngx_thread_ws_finding_t *finding,
    ngx_thread_ws_dialect_t *dialect, ngx_thread_ws_reply_t *reply,
    ngx_uint_t body)
{
    if (reply->done || (dialect->end_mark && reply->finish_reason.len)) {
        return NGX_OK;
    }

    switch (body) {

    case NGX_THREAD_WS_BODY_TIMEOUT:
        (void) ngx_thread_ws_finding_fail(finding, "agent timed out");
        finding->blame = NGX_THREAD_WS_BLAME_TIME;

        return NGX_DECLINED;

    case NGX_THREAD_WS_BODY_CUT:
        return ngx_thread_ws_finding_fail(finding, "agent's answer was cut");

    case NGX_THREAD_WS_BODY_BROKEN:
        return ngx_thread_ws_finding_fail(finding,
                                          "agent's stream ended too early");
    }

    if (!dialect->end_mark) {
        return NGX_OK;
    }

    return ngx_thread_ws_finding_fail(finding,
                                      reply->events
                                      ? "agent's stream ended too early"
                                      : "agent sent nothing that is "
                                        "understood");
}


ngx_int_t
ngx_thread_ws_finding_end(ngx_thread_ws_finding_t *finding,
    ngx_thread_ws_dialect_t *dialect, ngx_thread_ws_reply_t *reply,
    ngx_uint_t body)
{
    ngx_int_t  rc;

    ngx_memzero(finding, sizeof(ngx_thread_ws_finding_t));

    if (ngx_thread_ws_finding_whole(finding, dialect, reply, body)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (reply->interrupted) {

        /* however its last message ended */

        ngx_thread_ws_reply_finish(reply,
                                   (u_char *) NGX_THREAD_WS_FINISH_INTERRUPT,
                                   sizeof(NGX_THREAD_WS_FINISH_INTERRUPT) - 1);
        return NGX_OK;
    }

    rc = ngx_thread_ws_finding_finish(finding, reply);

    if (rc != NGX_OK) {
        return rc;
    }

    if (reply->text) {

        if (reply->refused) {
            ngx_thread_ws_reply_finish(reply, (u_char *) "refusal", 7);
        }

        return NGX_OK;
    }

    if (reply->tools && (reply->want & NGX_THREAD_WS_WANT_TOOLS)) {
        return NGX_OK;
    }

    return ngx_thread_ws_finding_fail(finding,
               reply->events == 0 ? "agent sent nothing that is understood"
               : reply->tools ? "agent called a tool and said nothing"
               : reply->reasoning ? "agent said nothing but its thoughts"
               : "agent sent an empty answer");
}


void
ngx_thread_ws_finding_abort(ngx_thread_ws_finding_t *finding,
    ngx_thread_ws_reply_t *reply)
{
    ngx_memzero(finding, sizeof(ngx_thread_ws_finding_t));

    finding->blame = reply->blame;
    finding->retryable = reply->retryable;
    finding->retry_after = reply->retryable ? reply->retry_after : 0;

    if (reply->quotable) {
        finding->text = reply->error;
    }
}


void
ngx_thread_ws_reply_status(ngx_thread_ws_reply_t *reply, ngx_uint_t status)
{
    reply->retryable = 0;

    switch (status) {

    case 400:
    case 413:
    case 422:
        reply->blame = NGX_THREAD_WS_BLAME_REQUEST;
        return;

    case 408:
    case 409:
    case 425:
    case 449:   /* Retry With */
    case 498:   /* Groq: no capacity */
        reply->blame = NGX_THREAD_WS_BLAME_ACCESS;
        reply->retryable = 1;
        return;

    case 429:
        reply->blame = NGX_THREAD_WS_BLAME_RATE;
        reply->retryable = 1;
        return;

    case 502:
    case 503:
    case 504:
    case 529:   /* Anthropic: overloaded */
        reply->blame = NGX_THREAD_WS_BLAME_LOAD;
        reply->retryable = 1;
        return;
    }

    if (status >= 400 && status < 500) {
        reply->blame = NGX_THREAD_WS_BLAME_ACCESS;
        return;
    }

    /* Cloudflare's */

    reply->blame = (status >= 520 && status < 528)
                   ? NGX_THREAD_WS_BLAME_LOAD : NGX_THREAD_WS_BLAME_NOBODY;

    /* where it leads to is not where messages go, the next time either */

    reply->retryable = (status < 300 || status >= 400);
}


void
ngx_thread_ws_finding_status(ngx_thread_ws_finding_t *finding,
    ngx_thread_ws_dialect_t *dialect, ngx_thread_ws_reply_t *reply,
    ngx_uint_t status, ngx_thread_ws_retry_t *retry, ngx_str_t *body)
{
    ngx_int_t   rc;
    ngx_uint_t  blame, final;
    ngx_msec_t  after;

    rc = ngx_thread_ws_reply_error(dialect, reply, body);

    blame = reply->blame;
    final = !reply->retryable;

    ngx_thread_ws_reply_status(reply, status);

    if (rc == NGX_OK && status >= 400 && status < 500) {

        /* the body may say more than the status, not less */

        if (blame == NGX_THREAD_WS_BLAME_THREAD) {
            reply->blame = blame;
            reply->retryable = 1;

        } else if (blame == NGX_THREAD_WS_BLAME_REFUSAL) {
            reply->blame = blame;
            reply->retryable = 0;

        } else if (reply->blame == NGX_THREAD_WS_BLAME_REQUEST) {

            if (blame == NGX_THREAD_WS_BLAME_ACCESS) {
                reply->blame = blame;
            }

        } else if (reply->blame == NGX_THREAD_WS_BLAME_RATE
                   && blame == NGX_THREAD_WS_BLAME_RATE && final)
        {
            reply->retryable = 0;
        }
    }

    if (retry->no || retry->yes) {
        reply->retryable = retry->yes;
    }

    after = ngx_thread_ws_retry_after(retry,
                                  reply->blame == NGX_THREAD_WS_BLAME_RATE);
    reply->retry_after = ngx_max(reply->retry_after, after);

    ngx_thread_ws_reply_quote(reply);
    ngx_thread_ws_finding_abort(finding, reply);
}


u_char *
ngx_thread_ws_finding_quote(u_char *dst, u_char *p, size_t len)
{
    return ngx_thread_ws_string_quote(dst, p,
                                   ngx_min(len, NGX_THREAD_WS_FINDING_QUOTE));
}
