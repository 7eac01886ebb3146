
/*
 * The wire "ai-sdk": chunks of what is neither text nor reasoning.  What is
 * told of a call that the client does not know fails its page, so that those
 * which it knows are noted.
 */


#include "wire/ngx_thread_ws_wire_ai_sdk.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json.h"
#include "json/ngx_thread_ws_json_scan.h"


/* the longest of the names that the client refuses, each letter escaped */

#define NGX_THREAD_WS_AI_SDK_HARMFUL  (6 * (sizeof("constructor") - 1))

#define ngx_thread_ws_ai_sdk_put(dst, text)                                   \
    ngx_cpymem(dst, text, sizeof(text) - 1)


static ngx_int_t ngx_thread_ws_ai_sdk_input(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_call(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part, ngx_thread_ws_ai_sdk_call_t **call);
static ngx_int_t ngx_thread_ws_ai_sdk_whole(ngx_thread_ws_said_t *said,
    ngx_thread_ws_ai_sdk_call_t *call, ngx_str_t *input);
static u_char *ngx_thread_ws_ai_sdk_value(u_char *p, ngx_str_t *value);
static ngx_uint_t ngx_thread_ws_ai_sdk_harmful(u_char *p, size_t len,
    u_char *after, u_char *last);
static ngx_int_t ngx_thread_ws_ai_sdk_result(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_source(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_data(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);


ngx_int_t
ngx_thread_ws_ai_sdk_beside(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    ngx_thread_ws_ai_sdk_call_t  *call;

    switch (part->kind) {

    case NGX_THREAD_WS_EVENT_TOOL_CALL:
        return ngx_thread_ws_ai_sdk_call(said, part, &call);

    case NGX_THREAD_WS_EVENT_TOOL_INPUT:
        return ngx_thread_ws_ai_sdk_input(said, part);

    case NGX_THREAD_WS_EVENT_TOOL_CALL_END:

        if (ngx_thread_ws_ai_sdk_call(said, part, &call) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_thread_ws_ai_sdk_whole(said, call, &part->value);

    case NGX_THREAD_WS_EVENT_TOOL_RESULT:
        return ngx_thread_ws_ai_sdk_result(said, part);

    case NGX_THREAD_WS_EVENT_SOURCE:
        return ngx_thread_ws_ai_sdk_source(said, part);

    default: /* NGX_THREAD_WS_EVENT_DATA */
        return ngx_thread_ws_ai_sdk_data(said, part);
    }
}


/* the call that the part is of: begun, if the client does not know it */

static ngx_int_t
ngx_thread_ws_ai_sdk_call(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part, ngx_thread_ws_ai_sdk_call_t **known)
{
    u_char                       *p, *event;
    ngx_thread_ws_ai_sdk_t       *state;
    ngx_thread_ws_ai_sdk_call_t  *call;

    state = said->state;

    for (call = state->calls; call; call = call->next) {

        if (ngx_thread_ws_string_equal(&call->id, &part->id)) {
            *known = call;
            return NGX_OK;
        }
    }

    call = calloc(1, sizeof(ngx_thread_ws_ai_sdk_call_t) + part->id.len
                     + part->name.len);
    if (call == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_string_copy(&call->id, (u_char *) (call + 1), &part->id);
    (void) ngx_thread_ws_string_copy(&call->name, p, &part->name);

    call->next = state->calls;
    state->calls = call;
    *known = call;

    event = ngx_thread_ws_ai_sdk_chunk(said, call->id.len + call->name.len, &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ai_sdk_put(p, "{\"type\":\"tool-input-start\","
                                    "\"toolCallId\":\"");
    p = ngx_thread_ws_string_append(p, &call->id);
    p = ngx_thread_ws_ai_sdk_put(p, "\",\"toolName\":\"");
    p = ngx_thread_ws_string_append(p, &call->name);
    p = ngx_thread_ws_ai_sdk_put(p, "\"}");

    ngx_thread_ws_ai_sdk_chunk_end(said, event, p);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_input(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    u_char                       *p, *event;
    ngx_thread_ws_ai_sdk_call_t  *call;

    if (ngx_thread_ws_ai_sdk_call(said, part, &call) != NGX_OK) {
        return NGX_ERROR;
    }

    if (call->whole) {

        /* the client would not find it among those that it still reads */

        return NGX_OK;
    }

    event = ngx_thread_ws_ai_sdk_chunk(said, part->id.len + part->value.len,
                                       &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ai_sdk_put(p, "{\"type\":\"tool-input-delta\","
                                    "\"toolCallId\":\"");
    p = ngx_thread_ws_string_append(p, &part->id);
    p = ngx_thread_ws_ai_sdk_put(p, "\",\"inputTextDelta\":\"");
    p = ngx_thread_ws_string_append(p, &part->value);
    p = ngx_thread_ws_ai_sdk_put(p, "\"}");

    ngx_thread_ws_ai_sdk_chunk_end(said, event, p);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_whole(ngx_thread_ws_said_t *said,
    ngx_thread_ws_ai_sdk_call_t *call, ngx_str_t *input)
{
    u_char  *p, *event;

    static ngx_str_t  nothing = ngx_string("{}");

    if (call->whole) {
        return NGX_OK;
    }

    if (input->len == 0) {
        input = &nothing;
    }

    event = ngx_thread_ws_ai_sdk_chunk(said, call->id.len + call->name.len
                                             + input->len, &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ai_sdk_put(p, "{\"type\":\"tool-input-available\","
                                    "\"toolCallId\":\"");
    p = ngx_thread_ws_string_append(p, &call->id);
    p = ngx_thread_ws_ai_sdk_put(p, "\",\"toolName\":\"");
    p = ngx_thread_ws_string_append(p, &call->name);
    p = ngx_thread_ws_ai_sdk_put(p, "\",\"input\":");
    p = ngx_thread_ws_ai_sdk_value(p, input);
    p = ngx_thread_ws_ai_sdk_put(p, "}");

    ngx_thread_ws_ai_sdk_chunk_end(said, event, p);

    call->whole = 1;

    return NGX_OK;
}


/*
 * JSON of the agent's.  The client refuses a frame in which an object has a
 * member "__proto__", or a constructor that is an object, and closes the socket
 * of all chats for it: such names get another first character.
 */

static u_char *
ngx_thread_ws_ai_sdk_value(u_char *p, ngx_str_t *value)
{
    u_char  *name, *last;

    if (value->len == 0) {
        return ngx_thread_ws_ai_sdk_put(p, "null");
    }

    last = ngx_thread_ws_string_append(p, value);

    while ((name = memchr(p, '"', last - p)) != NULL) {

        for (p = ++name; p < last && *p != '"'; p++) {
            p += (*p == '\\');
        }

        if (p < last
            && ngx_thread_ws_ai_sdk_harmful(name, p - name, p + 1, last))
        {
            if (*name == '\\') {
                ngx_memcpy(name, "\\u002d", 6);

            } else {
                *name = '-';
            }
        }

        p = ngx_min(p + 1, last);
    }

    return last;
}


/* whether a string of len bytes is such a name, by what follows it */

static ngx_uint_t
ngx_thread_ws_ai_sdk_harmful(u_char *p, size_t len, u_char *after,
    u_char *last)
{
    u_char     *end, name[NGX_THREAD_WS_AI_SDK_HARMFUL];
    ngx_str_t   s;

    if (len > NGX_THREAD_WS_AI_SDK_HARMFUL) {
        return 0;
    }

    after = ngx_thread_ws_json_space(after, last);

    if (after == last || *after++ != ':') {
        return 0;
    }

    after = ngx_thread_ws_json_space(after, last);

    end = ngx_thread_ws_json_unescape(name, p, len);
    if (end == NULL) {
        return 0;
    }

    s.data = name;
    s.len = end - name;

    return ngx_thread_ws_string_is(&s, "__proto__")
           || (after < last && *after == '{'
               && ngx_thread_ws_string_is(&s, "constructor"));
}


/*
 * The agent has had it itself, which is said, or else a page that sends results
 * by itself would take it for one of its own.
 */

static ngx_int_t
ngx_thread_ws_ai_sdk_result(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    u_char                       *p, *event;
    ngx_str_t                    *value, none;
    ngx_thread_ws_ai_sdk_call_t  *call;

    static ngx_str_t  failed = ngx_string("\"" NGX_THREAD_WS_AI_SDK_FAILED
                                          "\"");

    ngx_str_null(&none);

    if (ngx_thread_ws_ai_sdk_call(said, part, &call) != NGX_OK
        || ngx_thread_ws_ai_sdk_whole(said, call, &none) != NGX_OK)
    {
        return NGX_ERROR;
    }

    value = &part->value;

    if (part->error && (value->len < 3 || value->data[0] != '"')) {
        value = &failed;
    }

    event = ngx_thread_ws_ai_sdk_chunk(said, part->id.len + value->len, &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    if (part->error) {
        p = ngx_thread_ws_ai_sdk_put(p, "{\"type\":\"tool-output-error\","
                                        "\"toolCallId\":\"");
        p = ngx_thread_ws_string_append(p, &part->id);
        p = ngx_thread_ws_ai_sdk_put(p, "\",\"errorText\":");

    } else {
        p = ngx_thread_ws_ai_sdk_put(p, "{\"type\":\"tool-output-available\","
                                        "\"toolCallId\":\"");
        p = ngx_thread_ws_string_append(p, &part->id);
        p = ngx_thread_ws_ai_sdk_put(p, "\",\"output\":");
    }

    p = ngx_thread_ws_ai_sdk_value(p, value);

    p = ngx_thread_ws_ai_sdk_put(p, ",\"providerExecuted\":true}");

    ngx_thread_ws_ai_sdk_chunk_end(said, event, p);

    return NGX_OK;
}


/* what has no URL is a document */

static ngx_int_t
ngx_thread_ws_ai_sdk_source(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    u_char                  *p, *event;
    ngx_thread_ws_ai_sdk_t  *state;

    state = said->state;

    event = ngx_thread_ws_ai_sdk_chunk(said, part->id.len + part->name.len
                                             + NGX_INT64_LEN, &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(p, "{\"type\":\"source-%s\",\"sourceId\":\"%ui\"",
                    part->id.len ? "url" : "document", ++state->sources);

    if (part->id.len) {
        p = ngx_thread_ws_ai_sdk_put(p, ",\"url\":\"");
        p = ngx_thread_ws_string_append(p, &part->id);

    } else {
        p = ngx_thread_ws_ai_sdk_put(p, ",\"mediaType\":\"text/plain");
    }

    *p++ = '"';

    if (part->name.len || part->id.len == 0) {
        p = ngx_thread_ws_ai_sdk_put(p, ",\"title\":\"");
        p = ngx_thread_ws_string_append(p, &part->name);
        *p++ = '"';
    }

    *p++ = '}';

    ngx_thread_ws_ai_sdk_chunk_end(said, event, p);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_data(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    u_char  *p, *event;

    event = ngx_thread_ws_ai_sdk_chunk(said, part->name.len + part->value.len,
                                       &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ai_sdk_put(p, "{\"type\":\"data-");
    p = ngx_thread_ws_string_append(p, &part->name);
    p = ngx_thread_ws_ai_sdk_put(p, "\",\"data\":");
    p = ngx_thread_ws_ai_sdk_value(p, &part->value);

    *p++ = '}';

    ngx_thread_ws_ai_sdk_chunk_end(said, event, p);

    return NGX_OK;
}


/*
 * A question is the call of a tool that only the page can run; its result, or
 * an approval, is the answer.
 */

ngx_int_t
ngx_thread_ws_ai_sdk_asks(ngx_thread_ws_said_t *said, ngx_str_t *interrupts)
{
    size_t         i;
    json_t        *list, *asked;
    ngx_int_t      rc;
    const char    *id;
    json_error_t   error;

    list = json_loadb((char *) interrupts->data, interrupts->len,
                      JSON_ALLOW_NUL, &error);
    if (list == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_OK;

    json_array_foreach(list, i, asked) {
        id = json_string_value(json_object_get(asked, "interruptId"));

        rc = ngx_thread_ws_ai_sdk_pack(said, "{s:s, s:s?, s:s, s:O?, s:b}",
                       "type", "tool-input-available", "toolCallId", id,
                       "toolName", NGX_THREAD_WS_AI_SDK_ASKS, "input",
                       json_object_get(asked, "value"), "dynamic", 1);

        if (rc == NGX_OK && ngx_thread_ws_ai_sdk_knows(said, 6)) {
            rc = ngx_thread_ws_ai_sdk_pack(said, "{s:s, s:s?, s:s?}",
                       "type", "tool-approval-request", "approvalId", id,
                       "toolCallId", id);
        }

        if (rc != NGX_OK) {
            break;
        }
    }

    json_decref(list);

    return rc;
}


ngx_int_t
ngx_thread_ws_ai_sdk_pack(ngx_thread_ws_said_t *said, const char *format, ...)
{
    u_char     *p, *event;
    json_t     *object;
    va_list     args;
    ngx_str_t   text;

    va_start(args, format);
    object = json_vpack_ex(NULL, 0, format, args);
    va_end(args);

    text.data = object ? (u_char *) json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);

    if (text.data == NULL) {
        return NGX_ERROR;
    }

    text.len = ngx_strlen(text.data);

    event = ngx_thread_ws_ai_sdk_chunk(said, text.len, &p);

    if (event) {
        p = ngx_thread_ws_ai_sdk_value(p, &text);
        ngx_thread_ws_ai_sdk_chunk_end(said, event, p);
    }

    free(text.data);

    return event ? NGX_OK : NGX_ERROR;
}


u_char *
ngx_thread_ws_ai_sdk_usage(u_char *p, ngx_thread_ws_final_t *final)
{
    p = ngx_sprintf(p, ",\"usage\":{\"inputTokens\":%i,\"outputTokens\":%i,"
                       "\"totalTokens\":%i",
                    final->input_tokens, final->output_tokens,
                    final->input_tokens + final->output_tokens);

    if (final->reasoning_tokens) {
        p = ngx_sprintf(p, ",\"reasoningTokens\":%i", final->reasoning_tokens);
    }

    if (final->cached_tokens) {
        p = ngx_sprintf(p, ",\"cachedInputTokens\":%i", final->cached_tokens);
    }

    *p++ = '}';

    return p;
}


/* a chunk, which a frame stands for where there are frames */

ngx_int_t
ngx_thread_ws_ai_sdk_failed(ngx_thread_ws_said_t *said, ngx_str_t *text)
{
    u_char  *p, *event;

    event = ngx_thread_ws_ai_sdk_chunk(said,
                       ngx_thread_ws_json_escaped_size(text->data, text->len),
                       &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ai_sdk_put(p, "{\"type\":\"error\",\"errorText\":\"");
    p = ngx_thread_ws_json_escape(p, text->data, text->len);
    p = ngx_thread_ws_ai_sdk_put(p, "\"}");

    ngx_thread_ws_ai_sdk_chunk_end(said, event, p);

    return NGX_OK;
}


/* the agents' words, in those of the client's schema */

const char *
ngx_thread_ws_ai_sdk_reason(ngx_str_t *reason)
{
    ngx_uint_t  i;

    static struct {
        const char  *said;
        const char  *known;
    } reasons[] = {
        { "stop", "stop" },
        { "end_turn", "stop" },
        { "stop_sequence", "stop" },
        { "eos", "stop" },
        { "length", "length" },
        { "max_tokens", "length" },
        { "content_filter", "content-filter" },
        { "refusal", "content-filter" },
        { "tool_calls", "tool-calls" },
        { "tool_use", "tool-calls" },
        { "function_call", "tool-calls" },
        { "interrupt", "tool-calls" },
        { NULL, NULL }
    };

    for (i = 0; reasons[i].said; i++) {

        if (ngx_thread_ws_string_is(reason, reasons[i].said)) {
            return reasons[i].known;
        }
    }

    return "other";
}
