
/*
 * The wire "ai-sdk": a run that answers results of tools goes on with a message
 * that its page has.  Another page, which resumes the run, is told that message
 * first, as its client told it: its parts as the chunks that make them.
 */


#include "wire/ngx_thread_ws_wire_ai_sdk.h"
#include "wire/ngx_thread_ws_wire_read.h"


static ngx_int_t ngx_thread_ws_ai_sdk_earlier_begin(
    ngx_thread_ws_said_t *said, json_t *id);
static ngx_int_t ngx_thread_ws_ai_sdk_earlier_part(ngx_thread_ws_said_t *said,
    json_t *part, ngx_uint_t first);
static ngx_int_t ngx_thread_ws_ai_sdk_earlier_step(
    ngx_thread_ws_said_t *said);
static ngx_int_t ngx_thread_ws_ai_sdk_earlier_text(ngx_thread_ws_said_t *said,
    const char *type, json_t *text);
static ngx_int_t ngx_thread_ws_ai_sdk_earlier_call(ngx_thread_ws_said_t *said,
    json_t *part, json_t *name);
static ngx_int_t ngx_thread_ws_ai_sdk_earlier_approval(
    ngx_thread_ws_said_t *said, json_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_earlier_output(
    ngx_thread_ws_said_t *said, json_t *part);


ngx_int_t
ngx_thread_ws_ai_sdk_earlier(ngx_thread_ws_said_t *said, ngx_str_t *earlier)
{
    size_t         i;
    json_t        *message, *part;
    ngx_int_t      rc;
    json_error_t   error;

    message = json_loadb((char *) earlier->data, earlier->len, JSON_ALLOW_NUL,
                         &error);
    if (message == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_thread_ws_ai_sdk_earlier_begin(said,
                                            json_object_get(message, "id"));

    json_array_foreach(json_object_get(message, "parts"), i, part) {

        if (rc != NGX_OK) {
            break;
        }

        rc = ngx_thread_ws_ai_sdk_earlier_part(said, part, i == 0);
    }

    json_decref(message);

    return (rc == NGX_OK) ? ngx_thread_ws_ai_sdk_earlier_step(said) : rc;
}


/* as for any other run, but for the name */

static ngx_int_t
ngx_thread_ws_ai_sdk_earlier_begin(ngx_thread_ws_said_t *said, json_t *id)
{
    said->state = calloc(1, sizeof(ngx_thread_ws_ai_sdk_t));

    if (said->state == NULL
        || ngx_thread_ws_ai_sdk_pack(said, "{s:s, s:O*}", "type", "start",
                                     "messageId",
                                     json_string_length(id) ? id : NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_ai_sdk_plain(said, "{\"type\":\"start-step\"}");
}


static ngx_int_t
ngx_thread_ws_ai_sdk_earlier_part(ngx_thread_ws_said_t *said, json_t *part,
    ngx_uint_t first)
{
    json_t      *name;
    ngx_int_t    rc;
    const char  *type;

    type = json_string_value(json_object_get(part, "type"));

    if (type == NULL) {
        return NGX_OK;
    }

    if (ngx_strcmp(type, "step-start") == 0) {
        return first ? NGX_OK : ngx_thread_ws_ai_sdk_earlier_step(said);
    }

    if (ngx_strcmp(type, "text") == 0 || ngx_strcmp(type, "reasoning") == 0) {
        return ngx_thread_ws_ai_sdk_earlier_text(said, type,
                                                 json_object_get(part, "text"));
    }

    if (ngx_strcmp(type, "dynamic-tool") == 0) {
        return ngx_thread_ws_ai_sdk_earlier_call(said, part,
                                             json_object_get(part, "toolName"));
    }

    if (ngx_strncmp(type, "tool-", 5) == 0) {
        name = json_string(type + 5);
        rc = ngx_thread_ws_ai_sdk_earlier_call(said, part, name);
        json_decref(name);

        return rc;
    }

    /* these are chunks as they stand; what else there may be is not told */

    return (ngx_strncmp(type, "source-", 7) == 0
            || ngx_strncmp(type, "data-", 5) == 0
            || ngx_strcmp(type, "file") == 0)
           ? ngx_thread_ws_ai_sdk_pack(said, "O", part) : NGX_OK;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_earlier_step(ngx_thread_ws_said_t *said)
{
    return (ngx_thread_ws_ai_sdk_plain(said, "{\"type\":\"finish-step\"}")
            == NGX_OK)
           ? ngx_thread_ws_ai_sdk_plain(said, "{\"type\":\"start-step\"}")
           : NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_earlier_text(ngx_thread_ws_said_t *said,
    const char *type, json_t *text)
{
    ngx_int_t                rc;
    json_t                  *id;
    ngx_thread_ws_ai_sdk_t  *state;

    if (json_string_length(text) == 0) {
        return NGX_OK;
    }

    state = said->state;
    id = json_sprintf("%u", (unsigned) ++state->id);

    rc = ngx_thread_ws_ai_sdk_pack(said, "{s:s+, s:O}", "type", type, "-start",
                                   "id", id);
    if (rc == NGX_OK) {
        rc = ngx_thread_ws_ai_sdk_pack(said, "{s:s+, s:O, s:O}",
                                       "type", type, "-delta", "id", id,
                                       "delta", text);
    }

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_ai_sdk_pack(said, "{s:s+, s:O}", "type", type,
                                       "-end", "id", id);
    }

    json_decref(id);

    return rc;
}


/* one whose input had not come is none */

static ngx_int_t
ngx_thread_ws_ai_sdk_earlier_call(ngx_thread_ws_said_t *said, json_t *part,
    json_t *name)
{
    json_t  *id, *dynamic;

    id = json_object_get(part, "toolCallId");

    if (json_string_length(id) == 0 || !json_is_string(name)
        || ngx_thread_ws_wire_is(part, "state", "input-streaming"))
    {
        return NGX_OK;
    }

    dynamic = ngx_thread_ws_wire_is(part, "type", "dynamic-tool")
              ? json_true() : NULL;

    return (ngx_thread_ws_ai_sdk_pack(said, "{s:s, s:O, s:O, s:O?, s:O*, s:O*}",
                   "type", "tool-input-available", "toolCallId", id,
                   "toolName", name, "input", json_object_get(part, "input"),
                   "dynamic", dynamic,
                   "providerExecuted", json_object_get(part,
                                                       "providerExecuted"))
            == NGX_OK
            && ngx_thread_ws_ai_sdk_earlier_approval(said, part) == NGX_OK)
           ? ngx_thread_ws_ai_sdk_earlier_output(said, part) : NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_earlier_approval(ngx_thread_ws_said_t *said, json_t *part)
{
    json_t  *id, *approval, *approved;

    approval = json_object_get(part, "approval");
    id = json_object_get(approval, "id");

    if (!json_is_string(id) || !ngx_thread_ws_ai_sdk_knows(said, 6)) {
        return NGX_OK;
    }

    if (ngx_thread_ws_ai_sdk_pack(said, "{s:s, s:O, s:O}",
                   "type", "tool-approval-request", "approvalId", id,
                   "toolCallId", json_object_get(part, "toolCallId"))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    approved = json_object_get(approval, "approved");

    if (!json_is_boolean(approved) || !ngx_thread_ws_ai_sdk_knows(said, 7)) {
        return NGX_OK;
    }

    return ngx_thread_ws_ai_sdk_pack(said, "{s:s, s:O, s:O, s:O*}",
                   "type", "tool-approval-response", "approvalId", id,
                   "approved", approved,
                   "reason", json_object_get(approval, "reason"));
}


static ngx_int_t
ngx_thread_ws_ai_sdk_earlier_output(ngx_thread_ws_said_t *said, json_t *part)
{
    json_t  *id, *own;

    id = json_object_get(part, "toolCallId");
    own = json_object_get(part, "providerExecuted");

    if (ngx_thread_ws_wire_is(part, "state", "output-available")) {
        return ngx_thread_ws_ai_sdk_pack(said, "{s:s, s:O, s:O?, s:O*}",
                       "type", "tool-output-available", "toolCallId", id,
                       "output", json_object_get(part, "output"),
                       "providerExecuted", own);
    }

    if (ngx_thread_ws_wire_is(part, "state", "output-error")) {
        return ngx_thread_ws_ai_sdk_pack(said, "{s:s, s:O, s:O?, s:O*}",
                       "type", "tool-output-error", "toolCallId", id,
                       "errorText", json_object_get(part, "errorText"),
                       "providerExecuted", own);
    }

    return NGX_OK;
}
