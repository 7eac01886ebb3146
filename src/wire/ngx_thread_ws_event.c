
/*
 * Events.  The texts are joined by hand: a token's event is a dozen bytes
 * around what the agent sent already escaped.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "wire/ngx_thread_ws_event.h"
#include "json/ngx_thread_ws_json.h"


#define ngx_thread_ws_event_put(dst, text)                                    \
    ngx_cpymem(dst, text, sizeof(text) - 1)

/* a number, and whatever is around fields: names, quotes, brackets */

#define NGX_THREAD_WS_EVENT_FINAL                                             \
    (sizeof("{\"type\":\"final\",\"requestId\":\"\",\"message\":\"\","        \
            "\"latencyMs\":,\"usage\":{\"inputTokens\":,\"outputTokens\":},"  \
            "\"reasoningTokens\":,\"cachedInputTokens\":,"                    \
            "\"finishReason\":\"\",\"interrupts\":}") - 1                  \
     + 5 * NGX_INT64_LEN)

#define NGX_THREAD_WS_EVENT_ERROR                                             \
    (sizeof("{\"type\":\"error\",\"requestId\":\"\",\"message\":\"\","        \
            "\"retryable\":false,\"code\":\"\",\"retryAfterMs\":}") - 1       \
     + NGX_INT64_LEN)


static ngx_inline u_char *
ngx_thread_ws_event_str(u_char *dst, ngx_str_t *s)
{
    return s->len ? ngx_cpymem(dst, s->data, s->len) : dst;
}


size_t
ngx_thread_ws_event_token_head_size(ngx_str_t *request_id)
{
    return sizeof("{\"type\":\"token\",\"requestId\":\"\",\"value\":\"") - 1
           + request_id->len;
}


u_char *
ngx_thread_ws_event_token_head(u_char *dst, ngx_str_t *request_id)
{
    dst = ngx_thread_ws_event_put(dst, "{\"type\":\"token\",\"requestId\":\"");
    dst = ngx_thread_ws_event_str(dst, request_id);

    return ngx_thread_ws_event_put(dst, "\",\"value\":\"");
}


size_t
ngx_thread_ws_event_final_size(ngx_thread_ws_final_t *final)
{
    return NGX_THREAD_WS_EVENT_FINAL + final->request_id.len
           + final->answer
           + ngx_thread_ws_json_escaped_size(final->finish_reason.data,
                                             final->finish_reason.len)
           + final->interrupts.len;
}


u_char *
ngx_thread_ws_event_final_head(u_char *dst, ngx_thread_ws_final_t *final)
{
    dst = ngx_thread_ws_event_put(dst, "{\"type\":\"final\",\"requestId\":\"");
    dst = ngx_thread_ws_event_str(dst, &final->request_id);

    return ngx_thread_ws_event_put(dst, "\",\"message\":\"");
}


u_char *
ngx_thread_ws_event_final_tail(u_char *dst, ngx_thread_ws_final_t *final)
{
    dst = ngx_sprintf(dst, "\",\"latencyMs\":%M", final->latency);

    if (final->usage) {
        dst = ngx_sprintf(dst, ",\"usage\":{\"inputTokens\":%i,"
                               "\"outputTokens\":%i",
                          final->input_tokens, final->output_tokens);

        if (final->reasoning_tokens) {
            dst = ngx_sprintf(dst, ",\"reasoningTokens\":%i",
                              final->reasoning_tokens);
        }

        if (final->cached_tokens) {
            dst = ngx_sprintf(dst, ",\"cachedInputTokens\":%i",
                              final->cached_tokens);
        }

        *dst++ = '}';
    }

    if (final->finish_reason.len) {
        dst = ngx_thread_ws_event_put(dst, ",\"finishReason\":\"");
        dst = ngx_thread_ws_json_escape(dst, final->finish_reason.data,
                                        final->finish_reason.len);
        *dst++ = '"';
    }

    if (final->interrupts.len) {
        dst = ngx_thread_ws_event_put(dst, ",\"interrupts\":");
        dst = ngx_thread_ws_event_str(dst, &final->interrupts);
    }

    *dst++ = '}';

    return dst;
}


size_t
ngx_thread_ws_event_error_size(ngx_thread_ws_error_t *error)
{
    return NGX_THREAD_WS_EVENT_ERROR + error->request_id.len + error->code.len
           + ngx_thread_ws_json_escaped_size(error->message.data,
                                             error->message.len);
}


u_char *
ngx_thread_ws_event_error(u_char *dst, ngx_thread_ws_error_t *error)
{
    dst = ngx_thread_ws_event_put(dst, "{\"type\":\"error\"");

    if (error->request_id.len) {
        dst = ngx_thread_ws_event_put(dst, ",\"requestId\":\"");
        dst = ngx_thread_ws_event_str(dst, &error->request_id);
        *dst++ = '"';
    }

    dst = ngx_thread_ws_event_put(dst, ",\"message\":\"");
    dst = ngx_thread_ws_json_escape(dst, error->message.data,
                                    error->message.len);

    if (error->retryable) {
        dst = ngx_thread_ws_event_put(dst, "\",\"retryable\":true");

    } else {
        dst = ngx_thread_ws_event_put(dst, "\",\"retryable\":false");
    }

    dst = ngx_thread_ws_event_put(dst, ",\"code\":\"");
    dst = ngx_thread_ws_event_str(dst, &error->code);
    *dst++ = '"';

    if (error->retry_after) {
        dst = ngx_sprintf(dst, ",\"retryAfterMs\":%M", error->retry_after);
    }

    *dst++ = '}';

    return dst;
}


u_char *
ngx_thread_ws_event_position(u_char *last, size_t position)
{
    return ngx_sprintf(last - 1, ",\"position\":%uz}", position);
}


size_t
ngx_thread_ws_event_asked_size(ngx_thread_ws_asked_t *asked)
{
    return sizeof("{\"type\":\"following\",\"requestId\":\"\","
                  "\"content\":\"\"}") - 1
           + asked->request_id.len
           + (asked->parts.len
              ? asked->parts.len
              : ngx_thread_ws_json_escaped_size(asked->content.data,
                                                asked->content.len))
           + asked->extra.len;
}


u_char *
ngx_thread_ws_event_asked(u_char *dst, ngx_thread_ws_asked_t *asked)
{
    if (asked->following) {
        dst = ngx_thread_ws_event_put(dst, "{\"type\":\"following\"");

    } else {
        dst = ngx_thread_ws_event_put(dst, "{\"type\":\"message\"");
    }

    dst = ngx_thread_ws_event_put(dst, ",\"requestId\":\"");
    dst = ngx_thread_ws_event_str(dst, &asked->request_id);
    dst = ngx_thread_ws_event_put(dst, "\",\"content\":");

    if (asked->parts.len) {
        dst = ngx_thread_ws_event_str(dst, &asked->parts);

    } else {
        *dst++ = '"';
        dst = ngx_thread_ws_json_escape(dst, asked->content.data,
                                        asked->content.len);
        *dst++ = '"';
    }

    if (asked->extra.len == 0) {
        *dst++ = '}';
        return dst;
    }

    *dst++ = ',';

    return ngx_cpymem(dst, asked->extra.data + 1, asked->extra.len - 1);
}


size_t
ngx_thread_ws_event_idle_size(ngx_str_t *last_id)
{
    return sizeof("{\"type\":\"idle\",\"lastRequestId\":\"\"}") - 1
           + last_id->len;
}


u_char *
ngx_thread_ws_event_idle(u_char *dst, ngx_str_t *last_id)
{
    dst = ngx_thread_ws_event_put(dst, "{\"type\":\"idle\"");

    if (last_id->len) {
        dst = ngx_thread_ws_event_put(dst, ",\"lastRequestId\":\"");
        dst = ngx_thread_ws_event_str(dst, last_id);
        *dst++ = '"';
    }

    *dst++ = '}';

    return dst;
}


size_t
ngx_thread_ws_event_alive_size(ngx_str_t *request_id)
{
    return sizeof("{\"type\":\"alive\",\"requestId\":\"\"}") - 1
           + request_id->len;
}


u_char *
ngx_thread_ws_event_alive(u_char *dst, ngx_str_t *request_id)
{
    dst = ngx_thread_ws_event_put(dst, "{\"type\":\"alive\",\"requestId\":\"");
    dst = ngx_thread_ws_event_str(dst, request_id);

    return ngx_thread_ws_event_put(dst, "\"}");
}


size_t
ngx_thread_ws_event_cancelled_size(ngx_str_t *request_id)
{
    return sizeof("{\"type\":\"cancelled\",\"requestId\":\"\","
                  "\"kept\":true}") - 1
           + request_id->len;
}


u_char *
ngx_thread_ws_event_cancelled(u_char *dst, ngx_str_t *request_id,
    ngx_uint_t kept)
{
    dst = ngx_thread_ws_event_put(dst,
                                  "{\"type\":\"cancelled\",\"requestId\":\"");
    dst = ngx_thread_ws_event_str(dst, request_id);

    if (kept) {
        return ngx_thread_ws_event_put(dst, "\",\"kept\":true}");
    }

    return ngx_thread_ws_event_put(dst, "\"}");
}


size_t
ngx_thread_ws_event_pong_size(ngx_str_t *t)
{
    return sizeof("{\"type\":\"pong\",\"t\":}") - 1 + t->len;
}


u_char *
ngx_thread_ws_event_pong(u_char *dst, ngx_str_t *t)
{
    dst = ngx_thread_ws_event_put(dst, "{\"type\":\"pong\"");

    if (t->len) {
        dst = ngx_thread_ws_event_put(dst, ",\"t\":");
        dst = ngx_thread_ws_event_str(dst, t);
    }

    *dst++ = '}';

    return dst;
}
