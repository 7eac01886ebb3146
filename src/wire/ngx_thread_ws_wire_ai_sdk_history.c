
/*
 * The wire "ai-sdk": a thread's history as the messages that its page would
 * have, had it heard all of it: an answer to results of tools, or to questions,
 * goes on with the message that these were asked in.
 */


#include "wire/ngx_thread_ws_wire_ai_sdk.h"
#include "wire/ngx_thread_ws_wire_history.h"
#include "wire/ngx_thread_ws_wire_read.h"


typedef struct {
    json_t       *messages;      /* so far */
    json_t       *calls;         /* parts of these, by the calls' ids */
    json_t       *answer;        /* the last of them, if it is one; borrowed */
    ngx_uint_t    sources;       /* of the run */
    ngx_uint_t    goes_on;       /* unsigned  goes_on:1, what comes is of the
                                    same message */
} ngx_thread_ws_ai_sdk_history_t;


static ngx_int_t ngx_thread_ws_ai_sdk_history_asked(
    ngx_thread_ws_ai_sdk_history_t *h, json_t *message);
static ngx_int_t ngx_thread_ws_ai_sdk_history_told(
    ngx_thread_ws_ai_sdk_history_t *h, json_t *message);
static json_t *ngx_thread_ws_ai_sdk_history_file(json_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_history_answer(
    ngx_thread_ws_ai_sdk_history_t *h, json_t *answer);
static ngx_int_t ngx_thread_ws_ai_sdk_history_part(
    ngx_thread_ws_ai_sdk_history_t *h, json_t *parts, json_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_history_call(
    ngx_thread_ws_ai_sdk_history_t *h, json_t *parts, json_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_history_result(
    ngx_thread_ws_ai_sdk_history_t *h, json_t *parts, json_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_history_output(json_t *call,
    json_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_history_ask(
    ngx_thread_ws_ai_sdk_history_t *h, json_t *parts, json_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_history_add(
    ngx_thread_ws_ai_sdk_history_t *h, json_t *parts, json_t *call);
static json_t *ngx_thread_ws_ai_sdk_history_source(
    ngx_thread_ws_ai_sdk_history_t *h, json_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_history_set(json_t *part,
    const char *state, const char *name, json_t *value);


json_t *
ngx_thread_ws_ai_sdk_history(json_t *messages, ngx_uint_t newest)
{
    size_t                           i;
    json_t                          *message;
    ngx_int_t                        rc;
    ngx_thread_ws_ai_sdk_history_t   h;

    ngx_memzero(&h, sizeof(ngx_thread_ws_ai_sdk_history_t));

    h.messages = json_array();
    h.calls = json_object();

    rc = NGX_OK;

    json_array_foreach(messages, i, message) {

        rc = ngx_thread_ws_wire_is(message, "role", "user")
             ? ngx_thread_ws_ai_sdk_history_asked(&h, message)
             : ngx_thread_ws_ai_sdk_history_told(&h, message);

        if (rc != NGX_OK) {
            break;
        }
    }

    json_decref(h.calls);

    if (rc != NGX_OK) {
        json_decref(h.messages);
        return NULL;
    }

    return json_pack("{s:o}", "messages", h.messages);
}


/* results and answers stand in the message before, and make none alone */

static ngx_int_t
ngx_thread_ws_ai_sdk_history_asked(ngx_thread_ws_ai_sdk_history_t *h,
    json_t *message)
{
    size_t      i;
    json_t     *asked, *part, *parts;
    ngx_int_t   rc;

    rc = NGX_OK;
    parts = json_array();
    asked = ngx_thread_ws_wire_history_parts(message);

    json_array_foreach(asked, i, part) {

        if (ngx_thread_ws_wire_is(part, "type", "answer")
            || ngx_thread_ws_wire_is(part, "type", "tool-result"))
        {
            rc = ngx_thread_ws_ai_sdk_history_answer(h, part);

        } else if (json_array_append_new(parts,
                                     ngx_thread_ws_ai_sdk_history_file(part)))
        {
            rc = NGX_ERROR;
        }

        if (rc != NGX_OK) {
            break;
        }
    }

    h->goes_on = (json_array_size(parts) == 0 && h->answer);

    if (asked == NULL || parts == NULL) {
        rc = NGX_ERROR;
    }

    if (json_array_size(parts)) {
        h->answer = NULL;

        part = json_pack("{s:o, s:s, s:o, s:O}",
                         "id", ngx_thread_ws_wire_history_id(message),
                         "role", "user", "metadata",
                         ngx_thread_ws_wire_history_metadata(message),
                         "parts", parts);

        if (json_array_append_new(h->messages, part)) {
            rc = NGX_ERROR;
        }
    }

    json_decref(asked);
    json_decref(parts);

    return rc;
}


/* a text is as it was */

static json_t *
ngx_thread_ws_ai_sdk_history_file(json_t *part)
{
    return ngx_thread_ws_wire_is(part, "type", "text")
           ? json_incref(part)
           : json_pack("{s:s, s:o, s:O, s:O*}", "type", "file",
                       "mediaType", ngx_thread_ws_wire_history_media(part),
                       "url", json_object_get(part, "url"),
                       "filename", json_object_get(part, "filename"));
}


/* to a call or a question, unless that is on an earlier page of the history */

static ngx_int_t
ngx_thread_ws_ai_sdk_history_answer(ngx_thread_ws_ai_sdk_history_t *h,
    json_t *answer)
{
    json_t  *id, *call, *value, *approved, *reason;

    id = json_object_get(answer, "interruptId");

    if (id == NULL) {
        call = json_object_get(h->calls,
                       json_string_value(json_object_get(answer,
                                                         "toolCallId")));

        return call ? ngx_thread_ws_ai_sdk_history_output(call, answer)
                    : NGX_OK;
    }

    call = json_object_get(h->calls, json_string_value(id));
    if (call == NULL) {
        return NGX_OK;
    }

    value = json_object_get(answer, "value");
    approved = json_object_get(value, "approved");
    reason = json_object_get(value, "reason");

    /* what the SDK's approvals say here */

    if (json_is_boolean(approved)
        && json_object_size(value) == (reason ? 2 : 1)
        && (reason == NULL || json_is_string(reason)))
    {
        return ngx_thread_ws_ai_sdk_history_set(call, "approval-responded",
                         "approval", json_pack("{s:O, s:O, s:O*}", "id", id,
                                               "approved", approved,
                                               "reason", reason));
    }

    return ngx_thread_ws_ai_sdk_history_set(call, "output-available",
                                            "output", json_incref(value));
}


/* each run is a step */

static ngx_int_t
ngx_thread_ws_ai_sdk_history_told(ngx_thread_ws_ai_sdk_history_t *h,
    json_t *message)
{
    size_t      i;
    json_t     *told, *part, *parts, *metadata;
    ngx_int_t   rc;

    if (!h->goes_on) {
        h->answer = json_pack("{s:o, s:s, s:{}, s:[]}",
                              "id", ngx_thread_ws_wire_history_id(message),
                              "role", "assistant", "metadata", "parts");

        if (json_array_append_new(h->messages, h->answer)) {
            return NGX_ERROR;
        }
    }

    h->goes_on = 0;
    h->sources = 0;

    metadata = ngx_thread_ws_wire_history_metadata(message);
    parts = json_object_get(h->answer, "parts");
    part = json_pack("{s:s}", "type", "step-start");

    rc = (metadata == NULL || json_array_append_new(parts, part)
          || json_object_update(json_object_get(h->answer, "metadata"),
                                metadata))
         ? NGX_ERROR : NGX_OK;

    json_decref(metadata);

    told = ngx_thread_ws_wire_history_parts(message);

    json_array_foreach(told, i, part) {

        if (rc != NGX_OK) {
            break;
        }

        rc = ngx_thread_ws_ai_sdk_history_part(h, parts, part);
    }

    if (told == NULL) {
        rc = NGX_ERROR;
    }

    json_decref(told);

    return rc;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_history_part(ngx_thread_ws_ai_sdk_history_t *h,
    json_t *parts, json_t *part)
{
    json_t  *text;

    if (ngx_thread_ws_wire_is(part, "type", "tool-call")) {
        return ngx_thread_ws_ai_sdk_history_call(h, parts, part);
    }

    if (ngx_thread_ws_wire_is(part, "type", "tool-result")) {
        return ngx_thread_ws_ai_sdk_history_result(h, parts, part);
    }

    if (ngx_thread_ws_wire_is(part, "type", "interrupt")) {
        return ngx_thread_ws_ai_sdk_history_ask(h, parts, part);
    }

    if (ngx_thread_ws_wire_is(part, "type", "source")) {
        part = ngx_thread_ws_ai_sdk_history_source(h, part);

        return json_array_append_new(parts, part) ? NGX_ERROR : NGX_OK;
    }

    /* a text, or reasoning, of which some is for nobody to read */

    text = json_object_get(part, "text");

    if (json_string_length(text) == 0) {
        return NGX_OK;
    }

    part = json_pack("{s:O, s:O, s:s}", "type", json_object_get(part, "type"),
                     "text", text, "state", "done");

    return json_array_append_new(parts, part) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_history_call(ngx_thread_ws_ai_sdk_history_t *h,
    json_t *parts, json_t *part)
{
    json_t      *input;
    const char  *name;

    name = json_string_value(json_object_get(part, "name"));
    input = json_object_get(part, "input");
    input = input ? json_incref(input) : json_object();

    part = json_pack("{s:o, s:O, s:s, s:o, s:O*}",
                     "type", json_sprintf("tool-%s", name ? name : ""),
                     "toolCallId", json_object_get(part, "toolCallId"),
                     "state", "input-available", "input", input,
                     "providerExecuted", json_object_get(part, "own"));

    return ngx_thread_ws_ai_sdk_history_add(h, parts, part);
}


/* which the agent had itself */

static ngx_int_t
ngx_thread_ws_ai_sdk_history_result(ngx_thread_ws_ai_sdk_history_t *h,
    json_t *parts, json_t *part)
{
    json_t  *id, *call;

    id = json_object_get(part, "toolCallId");
    call = json_object_get(h->calls, json_string_value(id));

    if (call == NULL) {
        call = json_pack("{s:s, s:s, s:O, s:{}}", "type", "dynamic-tool",
                         "toolName", "tool", "toolCallId", id, "input");

        if (ngx_thread_ws_ai_sdk_history_add(h, parts, call) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return json_object_set_new(call, "providerExecuted", json_true())
           ? NGX_ERROR : ngx_thread_ws_ai_sdk_history_output(call, part);
}


static ngx_int_t
ngx_thread_ws_ai_sdk_history_output(json_t *call, json_t *part)
{
    json_t  *error, *output;

    error = json_object_get(part, "error");
    output = json_object_get(part, "output");

    if (error == NULL) {
        return ngx_thread_ws_ai_sdk_history_set(call, "output-available",
                              "output", output ? json_incref(output)
                                               : json_null());
    }

    /* the agent's own has the words in its output */

    if (json_string_length(error) == 0) {
        error = output;
    }

    return ngx_thread_ws_ai_sdk_history_set(call, "output-error", "errorText",
                       json_string_length(error)
                       ? json_incref(error)
                       : json_string(NGX_THREAD_WS_AI_SDK_FAILED));
}


/* as the wire asks; a question that is asked again is where that is */

static ngx_int_t
ngx_thread_ws_ai_sdk_history_ask(ngx_thread_ws_ai_sdk_history_t *h,
    json_t *parts, json_t *part)
{
    size_t   i;
    json_t  *id, *earlier;

    id = json_object_get(part, "interruptId");
    earlier = json_object_get(h->calls, json_string_value(id));

    for (i = json_array_size(parts); earlier && i > 0; i--) {

        if (json_array_get(parts, i - 1) == earlier) {
            (void) json_array_remove(parts, i - 1);
            break;
        }
    }

    part = json_pack("{s:s, s:s, s:O, s:s, s:O?, s:{s:O}}",
                     "type", "dynamic-tool",
                     "toolName", NGX_THREAD_WS_AI_SDK_ASKS,
                     "toolCallId", id, "state", "approval-requested",
                     "input", json_object_get(part, "value"),
                     "approval", "id", id);

    return ngx_thread_ws_ai_sdk_history_add(h, parts, part);
}


/* takes the call */

static ngx_int_t
ngx_thread_ws_ai_sdk_history_add(ngx_thread_ws_ai_sdk_history_t *h,
    json_t *parts, json_t *call)
{
    const char  *id;

    id = json_string_value(json_object_get(call, "toolCallId"));

    return (json_array_append_new(parts, call) == 0
            && json_object_set(h->calls, id, call) == 0)
           ? NGX_OK : NGX_ERROR;
}


static json_t *
ngx_thread_ws_ai_sdk_history_source(ngx_thread_ws_ai_sdk_history_t *h,
    json_t *part)
{
    json_t  *id, *url, *title;

    url = json_object_get(part, "url");
    title = json_object_get(part, "title");
    id = json_sprintf("%u", (unsigned) ++h->sources);

    return url ? json_pack("{s:s, s:o, s:O, s:O*}", "type", "source-url",
                           "sourceId", id, "url", url, "title", title)
               : json_pack("{s:s, s:o, s:s, s:O?}", "type", "source-document",
                           "sourceId", id, "mediaType", "text/plain",
                           "title", title);
}


/* in the place of what came of it before; takes the value */

static ngx_int_t
ngx_thread_ws_ai_sdk_history_set(json_t *part, const char *state,
    const char *name, json_t *value)
{
    (void) json_object_del(part, "output");
    (void) json_object_del(part, "errorText");
    (void) json_object_del(part, "approval");

    return (json_object_set_new(part, name, value) == 0
            && json_object_set_new(part, "state", json_string(state)) == 0)
           ? NGX_OK : NGX_ERROR;
}
