
/*
 * The events that a client is told, to the byte.
 */


#include "unit.h"
#include <jansson.h>
#include "wire/ngx_thread_ws_event.h"


typedef struct {
    u_char  *data;
    u_char  *end;
    size_t   size;
} event_text_t;


static void event_test_token(void);
static void event_test_final(void);
static void event_test_error(void);
static void event_test_short(void);
static void event_begin(event_text_t *text, size_t size);
static void event_is(event_text_t *text, const char *expected,
    const char *name);


int
main(void)
{
    event_test_token();
    event_test_final();
    event_test_error();
    event_test_short();

    return unit_done();
}


static void
event_test_token(void)
{
    ngx_str_t     id;
    event_text_t  text;

    ngx_str_set(&id, "r1");

    event_begin(&text, ngx_thread_ws_event_token_head_size(&id)
                       + sizeof("a\\nb" NGX_THREAD_WS_TOKEN_TAIL) - 1);

    text.end = ngx_thread_ws_event_token_head(text.data, &id);

    unit_int(text.end - text.data, ngx_thread_ws_event_token_head_size(&id),
             "token: the head's size is exact");

    text.end = ngx_cpymem(text.end, "a\\nb" NGX_THREAD_WS_TOKEN_TAIL,
                          sizeof("a\\nb" NGX_THREAD_WS_TOKEN_TAIL) - 1);

    event_is(&text,
             "{\"type\":\"token\",\"requestId\":\"r1\",\"value\":\"a\\nb\"}",
             "token");
}


static u_char *
event_final(u_char *dst, ngx_thread_ws_final_t *final, const char *answer)
{
    dst = ngx_thread_ws_event_final_head(dst, final);
    dst = ngx_cpymem(dst, answer, final->answer);

    return ngx_thread_ws_event_final_tail(dst, final);
}


static void
event_test_final(void)
{
    const char            *answer;
    event_text_t           text;
    ngx_thread_ws_final_t  final;

    ngx_memzero(&final, sizeof(ngx_thread_ws_final_t));

    ngx_str_set(&final.request_id, "r1");
    answer = "";

    final.answer = strlen(answer);
    event_begin(&text, ngx_thread_ws_event_final_size(&final));
    text.end = event_final(text.data, &final, answer);
    event_is(&text,
             "{\"type\":\"final\",\"requestId\":\"r1\",\"message\":\"\","
             "\"latencyMs\":0}", "final: the least");

    answer = "a\\n\\\"b\\\" caf\xc3\xa9";
    final.latency = 1234;
    final.usage = 1;
    final.input_tokens = 36;
    final.output_tokens = 12;
    final.reasoning_tokens = 0;
    final.cached_tokens = 0;
    ngx_str_set(&final.finish_reason, "st\"op");

    final.answer = strlen(answer);
    event_begin(&text, ngx_thread_ws_event_final_size(&final));
    text.end = event_final(text.data, &final, answer);
    event_is(&text,
             "{\"type\":\"final\",\"requestId\":\"r1\","
             "\"message\":\"a\\n\\\"b\\\" caf\xc3\xa9\",\"latencyMs\":1234,"
             "\"usage\":{\"inputTokens\":36,\"outputTokens\":12},"
             "\"finishReason\":\"st\\\"op\"}", "final: all");

    ngx_str_set(&final.interrupts, "[{\"interruptId\":\"i\",\"value\":1}]");

    event_begin(&text, ngx_thread_ws_event_final_size(&final));
    text.end = event_final(text.data, &final, answer);
    event_is(&text,
             "{\"type\":\"final\",\"requestId\":\"r1\","
             "\"message\":\"a\\n\\\"b\\\" caf\xc3\xa9\",\"latencyMs\":1234,"
             "\"usage\":{\"inputTokens\":36,\"outputTokens\":12},"
             "\"finishReason\":\"st\\\"op\",\"interrupts\":"
             "[{\"interruptId\":\"i\",\"value\":1}]}", "final: asks");

    final.latency = (ngx_msec_t) -1;
    final.input_tokens = NGX_MAX_INT_T_VALUE;
    final.output_tokens = NGX_MAX_INT_T_VALUE;

    final.answer = strlen(answer);
    event_begin(&text, ngx_thread_ws_event_final_size(&final));
    text.end = event_final(text.data, &final, answer);
    unit_ok((size_t) (text.end - text.data) <= text.size,
            "final: the largest numbers fit");
    free(text.data);
}


static void
event_test_error(void)
{
    event_text_t           text;
    ngx_thread_ws_error_t  error;

    ngx_memzero(&error, sizeof(ngx_thread_ws_error_t));

    ngx_str_set(&error.code, "INVALID_JSON");
    ngx_str_set(&error.message, "no");

    event_begin(&text, ngx_thread_ws_event_error_size(&error));
    text.end = ngx_thread_ws_event_error(text.data, &error);
    event_is(&text,
             "{\"type\":\"error\",\"message\":\"no\",\"retryable\":false,"
             "\"code\":\"INVALID_JSON\"}", "error: the least");

    ngx_str_set(&error.request_id, "r1");
    ngx_str_set(&error.code, "UPSTREAM_RATE_LIMITED");
    ngx_str_set(&error.message, "say \"please\"\n\\ \x01 caf\xc3\xa9");
    error.retryable = 1;
    error.retry_after = 1500;

    event_begin(&text, ngx_thread_ws_event_error_size(&error));
    text.end = ngx_thread_ws_event_error(text.data, &error);
    event_is(&text,
             "{\"type\":\"error\",\"requestId\":\"r1\","
             "\"message\":\"say \\\"please\\\"\\n\\\\ \\u0001 caf\xc3\xa9\","
             "\"retryable\":true,\"code\":\"UPSTREAM_RATE_LIMITED\","
             "\"retryAfterMs\":1500}", "error: all");

    error.retry_after = (ngx_msec_t) -1;

    event_begin(&text, ngx_thread_ws_event_error_size(&error));
    text.end = ngx_thread_ws_event_error(text.data, &error);
    unit_ok((size_t) (text.end - text.data) <= text.size,
            "error: the largest number fits");
    free(text.data);
}


static void
event_test_short(void)
{
    ngx_str_t              id, t;
    event_text_t           text;
    ngx_thread_ws_asked_t  asked;

    ngx_str_set(&id, "a b'c");

    ngx_memzero(&asked, sizeof(ngx_thread_ws_asked_t));
    asked.request_id = id;
    ngx_str_set(&asked.content, "say \"it\"");

    event_begin(&text, ngx_thread_ws_event_asked_size(&asked));
    text.end = ngx_thread_ws_event_asked(text.data, &asked);
    event_is(&text, "{\"type\":\"message\",\"requestId\":\"a b'c\","
                    "\"content\":\"say \\\"it\\\"\"}", "message");

    asked.following = 1;
    ngx_str_set(&asked.extra, "{\"metadata\":{\"a\":\"b\"}}");

    event_begin(&text, ngx_thread_ws_event_asked_size(&asked));
    text.end = ngx_thread_ws_event_asked(text.data, &asked);
    event_is(&text, "{\"type\":\"following\",\"requestId\":\"a b'c\","
                    "\"content\":\"say \\\"it\\\"\","
                    "\"metadata\":{\"a\":\"b\"}}",
             "following, a message with other members");

    event_begin(&text, ngx_thread_ws_event_cancelled_size(&id));
    text.end = ngx_thread_ws_event_cancelled(text.data, &id, 0);
    event_is(&text, "{\"type\":\"cancelled\",\"requestId\":\"a b'c\"}",
             "cancelled");

    event_begin(&text, ngx_thread_ws_event_cancelled_size(&id));
    text.end = ngx_thread_ws_event_cancelled(text.data, &id, 1);
    event_is(&text, "{\"type\":\"cancelled\",\"requestId\":\"a b'c\","
                    "\"kept\":true}",
             "cancelled, and kept");

    ngx_str_null(&t);

    event_begin(&text, ngx_thread_ws_event_pong_size(&t));
    text.end = ngx_thread_ws_event_pong(text.data, &t);
    event_is(&text, "{\"type\":\"pong\"}", "pong");

    ngx_str_set(&t, "{\"a\":[1,null]}");

    event_begin(&text, ngx_thread_ws_event_pong_size(&t));
    text.end = ngx_thread_ws_event_pong(text.data, &t);
    event_is(&text, "{\"type\":\"pong\",\"t\":{\"a\":[1,null]}}",
             "pong with what was sent");
}


/* of exactly the size that was asked for: more is for the sanitizer to see */

static void
event_begin(event_text_t *text, size_t size)
{
    text->size = size;
    text->data = malloc(size);
    text->end = text->data;
}


static void
event_is(event_text_t *text, const char *expected, const char *name)
{
    json_t  *root;

    unit_str(text->data, text->end - text->data, expected, "%s", name);
    unit_ok((size_t) (text->end - text->data) <= text->size,
            "%s: it fits", name);

    root = json_loadb((char *) text->data, text->end - text->data,
                      JSON_REJECT_DUPLICATES, NULL);
    unit_ok(root != NULL, "%s: it is JSON", name);

    json_decref(root);
    free(text->data);
}
