
/*
 * The wire "ai-sdk": what the AI SDK's WebSocketChatTransport speaks.  Each
 * event is a frame that names its request; an answer's are chunks, numbered
 * from 0 without a gap, and an end.  One that does not fit the client's schema
 * fails all that its page hears.  By SSE, to DefaultChatTransport, chunks have
 * no frame, and [DONE] follows the last.
 */


#include "wire/ngx_thread_ws_wire_ai_sdk.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json.h"


/* of a chunk: whatever is around what the agent said, and a number or two */

#define NGX_THREAD_WS_AI_SDK_CHUNK  192

#define ngx_thread_ws_ai_sdk_put(dst, text)                                   \
    ngx_cpymem(dst, text, sizeof(text) - 1)


static ngx_int_t ngx_thread_ws_ai_sdk_asked(ngx_thread_ws_said_t *said,
    ngx_thread_ws_asked_t *asked);
static ngx_int_t ngx_thread_ws_ai_sdk_text(ngx_thread_ws_said_t *said);
static ngx_int_t ngx_thread_ws_ai_sdk_message(ngx_thread_ws_said_t *said,
    ngx_str_t *id);
static ngx_int_t ngx_thread_ws_ai_sdk_part(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_stands(ngx_thread_ws_said_t *said,
    ngx_str_t *text);
static ngx_int_t ngx_thread_ws_ai_sdk_finish(ngx_thread_ws_said_t *said,
    ngx_thread_ws_finish_t *finish);
static ngx_int_t ngx_thread_ws_ai_sdk_cancelled(ngx_thread_ws_said_t *said,
    ngx_uint_t kept);
static ngx_int_t ngx_thread_ws_ai_sdk_error(ngx_thread_ws_said_t *said,
    ngx_thread_ws_error_t *error);
static ngx_int_t ngx_thread_ws_ai_sdk_refused(ngx_thread_ws_wire_out_t *out,
    void *data, ngx_thread_ws_error_t *error);
static ngx_int_t ngx_thread_ws_ai_sdk_idle(ngx_thread_ws_wire_out_t *out,
    void *data, ngx_str_t *request_id);

static ngx_int_t ngx_thread_ws_ai_sdk_reasoning(ngx_thread_ws_said_t *said,
    ngx_str_t *text);
static ngx_int_t ngx_thread_ws_ai_sdk_shut(ngx_thread_ws_said_t *said,
    ngx_uint_t kind);
static ngx_int_t ngx_thread_ws_ai_sdk_end(ngx_thread_ws_said_t *said);
static ngx_int_t ngx_thread_ws_ai_sdk_frame(ngx_thread_ws_wire_out_t *out,
    void *data, const char *type, ngx_str_t *request_id);
static u_char *ngx_thread_ws_ai_sdk_head(ngx_thread_ws_said_t *said,
    u_char *p);
static void ngx_thread_ws_ai_sdk_forget(ngx_thread_ws_said_t *said);


static ngx_str_t  ngx_thread_ws_ai_sdk_subprotocols[] = {
    ngx_string("ai-sdk.chat.v1"),
    ngx_null_string
};


ngx_thread_ws_wire_t  ngx_thread_ws_wire_ai_sdk = {
    ngx_string("ai-sdk"),
    ngx_thread_ws_ai_sdk_subprotocols,
    1,
    1,
    1,
    5,
    7,
    ngx_thread_ws_ai_sdk_command,
    ngx_thread_ws_ai_sdk_post,
    ngx_thread_ws_ai_sdk_asked,
    ngx_thread_ws_ai_sdk_text,
    ngx_thread_ws_ai_sdk_message,
    ngx_thread_ws_ai_sdk_part,
    ngx_thread_ws_ai_sdk_stands,
    ngx_thread_ws_ai_sdk_finish,
    ngx_thread_ws_ai_sdk_cancelled,
    ngx_thread_ws_ai_sdk_error,
    NULL,
    ngx_thread_ws_ai_sdk_refused,
    ngx_thread_ws_ai_sdk_idle,
    NULL,
    NULL,
    ngx_thread_ws_ai_sdk_history,
    ngx_thread_ws_ai_sdk_forget
};


/* who resumes a run knows what it asked, but for what stands before it */

static ngx_int_t
ngx_thread_ws_ai_sdk_asked(ngx_thread_ws_said_t *said,
    ngx_thread_ws_asked_t *asked)
{
    return (asked->earlier.len && said->state == NULL)
           ? ngx_thread_ws_ai_sdk_earlier(said, &asked->earlier) : NGX_OK;
}


/*
 * The state, once chunks "start" and "start-step" were said: the message that
 * the run adds has the run's name, so that it is the same in a replay.  What
 * follows from results goes on with the message that the page has.
 */

ngx_thread_ws_ai_sdk_t *
ngx_thread_ws_ai_sdk_begin(ngx_thread_ws_said_t *said)
{
    u_char                  *p, *event;
    ngx_str_t               *id;
    ngx_thread_ws_ai_sdk_t  *state;

    state = said->state;

    if (state) {
        return state;
    }

    state = calloc(1, sizeof(ngx_thread_ws_ai_sdk_t));
    if (state == NULL) {
        return NULL;
    }

    said->state = state;

    id = said->run ? &said->run->id : &said->request_id;

    event = ngx_thread_ws_ai_sdk_chunk(said, id->len, &p);
    if (event == NULL) {
        return NULL;
    }

    p = ngx_thread_ws_ai_sdk_put(p, "{\"type\":\"start\"");

    if (said->run == NULL || !said->run->results) {
        p = ngx_thread_ws_ai_sdk_put(p, ",\"messageId\":\"");
        p = ngx_thread_ws_string_append(p, id);
        *p++ = '"';
    }

    *p++ = '}';

    ngx_thread_ws_ai_sdk_chunk_end(said, event, p);

    return (ngx_thread_ws_ai_sdk_plain(said, "{\"type\":\"start-step\"}")
            == NGX_OK)
           ? state : NULL;
}


/* what is written of a chunk begins at *chunk, and has at most size bytes */

u_char *
ngx_thread_ws_ai_sdk_chunk(ngx_thread_ws_said_t *said, size_t size,
    u_char **chunk)
{
    u_char  *event;

    event = said->out->room(said->data, NGX_THREAD_WS_AI_SDK_CHUNK
                                        + said->request_id.len + size);
    if (event) {
        *chunk = ngx_thread_ws_ai_sdk_head(said, event);
    }

    return event;
}


void
ngx_thread_ws_ai_sdk_chunk_end(ngx_thread_ws_said_t *said, u_char *event,
    u_char *p)
{
    if (!said->bare) {
        *p++ = '}';
    }

    said->out->event(said->data, event, p);
}


ngx_int_t
ngx_thread_ws_ai_sdk_plain(ngx_thread_ws_said_t *said, const char *chunk)
{
    u_char  *p, *event;
    size_t   len;

    len = ngx_strlen(chunk);

    event = ngx_thread_ws_ai_sdk_chunk(said, len, &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    ngx_thread_ws_ai_sdk_chunk_end(said, event, ngx_cpymem(p, chunk, len));

    return NGX_OK;
}


/* ... a frame's head, which takes a number */

static u_char *
ngx_thread_ws_ai_sdk_head(ngx_thread_ws_said_t *said, u_char *p)
{
    ngx_thread_ws_ai_sdk_t  *state;

    if (said->bare) {
        return p;
    }

    state = said->state;

    p = ngx_thread_ws_ai_sdk_put(p, "{\"type\":\"chunk\",\"requestId\":\"");
    p = ngx_thread_ws_string_append(p, &said->request_id);
    p = ngx_thread_ws_ai_sdk_put(p, "\",\"sequence\":");
    p = ngx_thread_ws_string_number(p, state->sequence++);

    return ngx_thread_ws_ai_sdk_put(p, ",\"chunk\":");
}


/* a text or a reasoning that is open, or begins */

static ngx_int_t
ngx_thread_ws_ai_sdk_open(ngx_thread_ws_said_t *said, ngx_uint_t kind)
{
    u_char                  *p, *event;
    ngx_thread_ws_ai_sdk_t  *state;

    state = ngx_thread_ws_ai_sdk_begin(said);

    if (state == NULL || ngx_thread_ws_ai_sdk_shut(said, kind) != NGX_OK) {
        return NGX_ERROR;
    }

    if (state->open == kind) {
        return NGX_OK;
    }

    event = ngx_thread_ws_ai_sdk_chunk(said, NGX_INT64_LEN, &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(p, "{\"type\":\"%s-start\",\"id\":\"%ui\"}",
                    (kind == NGX_THREAD_WS_AI_SDK_TEXT) ? "text" : "reasoning",
                    ++state->id);

    ngx_thread_ws_ai_sdk_chunk_end(said, event, p);

    state->open = kind;

    return NGX_OK;
}


/* ends what is open, but for what is of that kind */

static ngx_int_t
ngx_thread_ws_ai_sdk_shut(ngx_thread_ws_said_t *said, ngx_uint_t kind)
{
    u_char                  *p, *event;
    ngx_thread_ws_ai_sdk_t  *state;

    state = said->state;

    if (state->open == NGX_THREAD_WS_AI_SDK_NONE || state->open == kind) {
        return NGX_OK;
    }

    event = ngx_thread_ws_ai_sdk_chunk(said, NGX_INT64_LEN, &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(p, "{\"type\":\"%s-end\",\"id\":\"%ui\"}",
                    (state->open == NGX_THREAD_WS_AI_SDK_TEXT) ? "text"
                                                               : "reasoning",
                    state->id);

    ngx_thread_ws_ai_sdk_chunk_end(said, event, p);

    state->open = NGX_THREAD_WS_AI_SDK_NONE;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_text(ngx_thread_ws_said_t *said)
{
    u_char                  *p;
    ngx_thread_ws_ai_sdk_t  *state;

    if (ngx_thread_ws_ai_sdk_open(said, NGX_THREAD_WS_AI_SDK_TEXT) != NGX_OK
        || ngx_thread_ws_wire_head(said, NGX_THREAD_WS_AI_SDK_CHUNK
                                         + said->request_id.len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    state = said->state;

    p = ngx_thread_ws_ai_sdk_head(said, said->head.data);
    p = ngx_thread_ws_ai_sdk_put(p, "{\"type\":\"text-delta\",\"id\":\"");
    p = ngx_thread_ws_string_number(p, state->id);
    p = ngx_thread_ws_ai_sdk_put(p, "\",\"delta\":\"");

    said->head.len = p - said->head.data;
    ngx_str_set(&said->tail, "\"}}");
    said->tail.len -= said->bare;

    return NGX_OK;
}


/* another message's text is another part */

static ngx_int_t
ngx_thread_ws_ai_sdk_message(ngx_thread_ws_said_t *said, ngx_str_t *id)
{
    return (ngx_thread_ws_ai_sdk_begin(said) == NULL)
           ? NGX_ERROR
           : ngx_thread_ws_ai_sdk_shut(said, NGX_THREAD_WS_AI_SDK_NONE);
}


static ngx_int_t
ngx_thread_ws_ai_sdk_part(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    if (part->kind == NGX_THREAD_WS_EVENT_REASONING) {
        return ngx_thread_ws_ai_sdk_reasoning(said, &part->value);
    }

    if (ngx_thread_ws_ai_sdk_message(said, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    if (part->kind != NGX_THREAD_WS_EVENT_RESET) {
        return ngx_thread_ws_ai_sdk_beside(said, part);
    }

    /* a run is one step: all that it said goes, what stands comes again */

    ngx_thread_ws_ai_sdk_forget(said);

    if (ngx_thread_ws_ai_sdk_knows(said, 7)) {
        return ngx_thread_ws_ai_sdk_plain(said, "{\"type\":\"reset-step\"}");
    }

    /* who may be of before 7, and knows no such thing: another step */

    return (ngx_thread_ws_ai_sdk_plain(said, "{\"type\":\"finish-step\"}")
            == NGX_OK)
           ? ngx_thread_ws_ai_sdk_plain(said, "{\"type\":\"start-step\"}")
           : NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_reasoning(ngx_thread_ws_said_t *said, ngx_str_t *text)
{
    u_char                  *p, *event;
    ngx_thread_ws_ai_sdk_t  *state;

    if (ngx_thread_ws_ai_sdk_open(said, NGX_THREAD_WS_AI_SDK_REASONING)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    event = ngx_thread_ws_ai_sdk_chunk(said, text->len, &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    state = said->state;

    p = ngx_sprintf(p, "{\"type\":\"reasoning-delta\",\"id\":\"%ui\","
                       "\"delta\":\"", state->id);
    p = ngx_thread_ws_string_append(p, text);
    p = ngx_thread_ws_ai_sdk_put(p, "\"}");

    ngx_thread_ws_ai_sdk_chunk_end(said, event, p);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_stands(ngx_thread_ws_said_t *said, ngx_str_t *text)
{
    u_char  *p, *event;

    if (ngx_thread_ws_ai_sdk_text(said) != NGX_OK) {
        return NGX_ERROR;
    }

    event = said->out->room(said->data, said->head.len + text->len
                                        + said->tail.len);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_string_append(event, &said->head);
    p = ngx_thread_ws_string_append(p, text);
    p = ngx_thread_ws_string_append(p, &said->tail);

    said->head.len = 0;

    said->out->event(said->data, event, p);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_finish(ngx_thread_ws_said_t *said,
    ngx_thread_ws_finish_t *finish)
{
    u_char                 *p, *event;
    ngx_thread_ws_final_t  *final;

    final = &finish->final;

    if (ngx_thread_ws_ai_sdk_message(said, NULL) != NGX_OK
        || (final->interrupts.len
            && ngx_thread_ws_ai_sdk_asks(said, &final->interrupts) != NGX_OK)
        || ngx_thread_ws_ai_sdk_plain(said, "{\"type\":\"finish-step\"}")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    event = ngx_thread_ws_ai_sdk_chunk(said, NGX_THREAD_WS_AI_SDK_CHUNK
                                             + 6 * NGX_INT64_LEN, &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ai_sdk_put(p, "{\"type\":\"finish\"");

    if (final->finish_reason.len) {
        p = ngx_sprintf(p, ",\"finishReason\":\"%s\"",
                        ngx_thread_ws_ai_sdk_reason(&final->finish_reason));
    }

    p = ngx_sprintf(p, ",\"messageMetadata\":{\"latencyMs\":%M",
                    final->latency);

    if (final->usage) {
        p = ngx_thread_ws_ai_sdk_usage(p, final);
    }

    p = ngx_thread_ws_ai_sdk_put(p, "}}");

    ngx_thread_ws_ai_sdk_chunk_end(said, event, p);

    return ngx_thread_ws_ai_sdk_end(said);
}


static ngx_int_t
ngx_thread_ws_ai_sdk_cancelled(ngx_thread_ws_said_t *said, ngx_uint_t kept)
{
    if (ngx_thread_ws_ai_sdk_message(said, NULL) != NGX_OK
        || ngx_thread_ws_ai_sdk_plain(said, "{\"type\":\"abort\"}") != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_ai_sdk_end(said);
}


/* after which the client takes nothing more of the request */

static ngx_int_t
ngx_thread_ws_ai_sdk_end(ngx_thread_ws_said_t *said)
{
    u_char  *event;

    if (!said->bare) {
        return ngx_thread_ws_ai_sdk_frame(said->out, said->data, "end",
                                          &said->request_id);
    }

    event = said->out->room(said->data, sizeof("[DONE]") - 1);
    if (event == NULL) {
        return NGX_ERROR;
    }

    said->out->event(said->data, event,
                     ngx_thread_ws_ai_sdk_put(event, "[DONE]"));

    return NGX_OK;
}


/* a frame for a failure, not a chunk: that would be answered by an abort */

static ngx_int_t
ngx_thread_ws_ai_sdk_error(ngx_thread_ws_said_t *said,
    ngx_thread_ws_error_t *error)
{
    if (!said->bare) {
        return ngx_thread_ws_ai_sdk_refused(said->out, said->data, error);
    }

    return (ngx_thread_ws_ai_sdk_failed(said, &error->message) == NGX_OK)
           ? ngx_thread_ws_ai_sdk_end(said) : NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_refused(ngx_thread_ws_wire_out_t *out, void *data,
    ngx_thread_ws_error_t *error)
{
    u_char     *p, *event;
    ngx_str_t  *text;

    if (error->request_id.len == 0) {

        /* a frame for nobody would fail all that the page hears */

        return NGX_OK;
    }

    text = &error->message;

    event = out->room(data, NGX_THREAD_WS_AI_SDK_CHUNK + error->request_id.len
                            + ngx_thread_ws_json_escaped_size(text->data,
                                                              text->len));
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ai_sdk_put(event, "{\"type\":\"error\","
                                        "\"requestId\":\"");
    p = ngx_thread_ws_string_append(p, &error->request_id);
    p = ngx_thread_ws_ai_sdk_put(p, "\",\"errorText\":\"");
    p = ngx_thread_ws_json_escape(p, text->data, text->len);
    p = ngx_thread_ws_ai_sdk_put(p, "\"}");

    out->event(data, event, p);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_idle(ngx_thread_ws_wire_out_t *out, void *data,
    ngx_str_t *request_id)
{
    return ngx_thread_ws_ai_sdk_frame(out, data, "no-active", request_id);
}


static ngx_int_t
ngx_thread_ws_ai_sdk_frame(ngx_thread_ws_wire_out_t *out, void *data,
    const char *type, ngx_str_t *request_id)
{
    u_char  *p, *event;

    event = out->room(data, NGX_THREAD_WS_AI_SDK_CHUNK + request_id->len);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(event, "{\"type\":\"%s\",\"requestId\":\"", type);
    p = ngx_thread_ws_string_append(p, request_id);
    p = ngx_thread_ws_ai_sdk_put(p, "\"}");

    out->event(data, event, p);

    return NGX_OK;
}


static void
ngx_thread_ws_ai_sdk_forget(ngx_thread_ws_said_t *said)
{
    ngx_thread_ws_ai_sdk_t       *state;
    ngx_thread_ws_ai_sdk_call_t  *call, *next;

    state = said->state;

    for (call = state->calls; call; call = next) {
        next = call->next;
        free(call);
    }

    state->calls = NULL;
}
