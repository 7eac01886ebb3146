
/*
 * The wire "ag-ui": events of what is neither text nor reasoning.  A call is
 * begun once and ended once, and its run not before.
 */


#include "wire/ngx_thread_ws_wire_ag_ui.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json.h"


static ngx_thread_ws_ag_ui_call_t *ngx_thread_ws_ag_ui_call(
    ngx_thread_ws_said_t *said, ngx_thread_ws_event_part_t *part,
    ngx_uint_t more);
static ngx_int_t ngx_thread_ws_ag_ui_args(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);
static ngx_int_t ngx_thread_ws_ag_ui_ended(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);
static ngx_int_t ngx_thread_ws_ag_ui_told(ngx_thread_ws_said_t *said,
    ngx_thread_ws_ag_ui_call_t *call, u_char *text, size_t len,
    ngx_uint_t more);
static ngx_int_t ngx_thread_ws_ag_ui_end(ngx_thread_ws_said_t *said,
    ngx_thread_ws_ag_ui_call_t *call, ngx_uint_t more);
static ngx_int_t ngx_thread_ws_ag_ui_result(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);
static ngx_int_t ngx_thread_ws_ag_ui_source(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);
static ngx_int_t ngx_thread_ws_ag_ui_data(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);


ngx_int_t
ngx_thread_ws_ag_ui_beside(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    switch (part->kind) {

    case NGX_THREAD_WS_EVENT_TOOL_CALL:
        return ngx_thread_ws_ag_ui_call(said, part, 0) ? NGX_OK : NGX_ERROR;

    case NGX_THREAD_WS_EVENT_TOOL_INPUT:
        return ngx_thread_ws_ag_ui_args(said, part);

    case NGX_THREAD_WS_EVENT_TOOL_CALL_END:
        return ngx_thread_ws_ag_ui_ended(said, part);

    case NGX_THREAD_WS_EVENT_TOOL_RESULT:
        return ngx_thread_ws_ag_ui_result(said, part);

    case NGX_THREAD_WS_EVENT_SOURCE:
        return ngx_thread_ws_ag_ui_source(said, part);

    default: /* NGX_THREAD_WS_EVENT_DATA */
        return ngx_thread_ws_ag_ui_data(said, part);
    }
}


/* the call that the part is of: begun, if the client does not know it */

static ngx_thread_ws_ag_ui_call_t *
ngx_thread_ws_ag_ui_call(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part, ngx_uint_t more)
{
    u_char                      *p, *event;
    ngx_thread_ws_ag_ui_t       *state;
    ngx_thread_ws_ag_ui_call_t  *call;

    state = said->state;

    for (call = state->calls; call; call = call->next) {

        if (ngx_thread_ws_string_equal(&call->id, &part->id)) {
            return call;
        }
    }

    call = calloc(1, sizeof(ngx_thread_ws_ag_ui_call_t) + part->id.len);
    if (call == NULL) {
        return NULL;
    }

    (void) ngx_thread_ws_string_copy(&call->id, (u_char *) (call + 1),
                                     &part->id);

    *state->last = call;
    state->last = &call->next;

    event = ngx_thread_ws_ag_ui_event(said, call->id.len + part->name.len
                                            + said->run->id.len,
                                      "TOOL_CALL_START", &p);
    if (event == NULL) {
        return NULL;
    }

    p = ngx_thread_ws_ag_ui_put(p, ",\"toolCallId\":\"");
    p = ngx_thread_ws_string_append(p, &call->id);
    p = ngx_thread_ws_ag_ui_put(p, "\",\"toolCallName\":\"");
    p = ngx_thread_ws_string_append(p, &part->name);
    *p++ = '"';

    if (state->text) {
        p = ngx_thread_ws_ag_ui_put(p, ",\"parentMessageId\":\"");
        p = ngx_thread_ws_ag_ui_id(said, p, state->text);
        *p++ = '"';
    }

    ngx_thread_ws_ag_ui_event_end(said, event, p, more);

    return call;
}


static ngx_int_t
ngx_thread_ws_ag_ui_args(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    ngx_thread_ws_ag_ui_call_t  *call;

    call = ngx_thread_ws_ag_ui_call(said, part, 1);
    if (call == NULL) {
        return NGX_ERROR;
    }

    return call->ended ? NGX_OK
           : ngx_thread_ws_ag_ui_told(said, call, part->value.data,
                                      part->value.len, 0);
}


/* of the inside of a JSON string */

static ngx_int_t
ngx_thread_ws_ag_ui_told(ngx_thread_ws_said_t *said,
    ngx_thread_ws_ag_ui_call_t *call, u_char *text, size_t len,
    ngx_uint_t more)
{
    u_char  *p, *event;

    event = ngx_thread_ws_ag_ui_event(said, call->id.len + len,
                                      "TOOL_CALL_ARGS", &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ag_ui_put(p, ",\"toolCallId\":\"");
    p = ngx_thread_ws_string_append(p, &call->id);
    p = ngx_thread_ws_ag_ui_put(p, "\",\"delta\":\"");
    p = ngx_cpymem(p, text, len);
    *p++ = '"';

    ngx_thread_ws_ag_ui_event_end(said, event, p, more);

    call->args = 1;

    return NGX_OK;
}


/* the whole input, where it did not come piece by piece */

static ngx_int_t
ngx_thread_ws_ag_ui_ended(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    u_char                      *text;
    size_t                       len;
    ngx_int_t                    rc;
    ngx_str_t                   *input;
    ngx_thread_ws_ag_ui_call_t  *call;

    input = &part->value;

    call = ngx_thread_ws_ag_ui_call(said, part, 1);
    if (call == NULL) {
        return NGX_ERROR;
    }

    if (!call->args && !call->ended && input->len) {

        len = ngx_thread_ws_json_escaped_size(input->data, input->len);

        text = malloc(len);
        if (text == NULL) {
            return NGX_ERROR;
        }

        (void) ngx_thread_ws_json_escape(text, input->data, input->len);

        rc = ngx_thread_ws_ag_ui_told(said, call, text, len, 1);

        free(text);

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_thread_ws_ag_ui_end(said, call, 0);
}


static ngx_int_t
ngx_thread_ws_ag_ui_end(ngx_thread_ws_said_t *said,
    ngx_thread_ws_ag_ui_call_t *call, ngx_uint_t more)
{
    u_char  *p, *event;

    if (call->ended) {
        return NGX_OK;
    }

    call->ended = 1;

    event = ngx_thread_ws_ag_ui_event(said, call->id.len, "TOOL_CALL_END", &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ag_ui_put(p, ",\"toolCallId\":\"");
    p = ngx_thread_ws_string_append(p, &call->id);
    *p++ = '"';

    ngx_thread_ws_ag_ui_event_end(said, event, p, more);

    return NGX_OK;
}


/* content is a text: another value as JSON writes it */

static ngx_int_t
ngx_thread_ws_ag_ui_result(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    u_char                      *p, *event;
    size_t                       len;
    ngx_str_t                   *value;
    ngx_thread_ws_ag_ui_t       *state;
    ngx_thread_ws_ag_ui_call_t  *call;

    call = ngx_thread_ws_ag_ui_call(said, part, 1);

    if (call == NULL || ngx_thread_ws_ag_ui_end(said, call, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    call->answered = 1;

    value = &part->value;
    len = ngx_thread_ws_json_escaped_size(value->data, value->len);

    event = ngx_thread_ws_ag_ui_event(said, call->id.len + said->run->id.len
                                            + len,
                                      "TOOL_CALL_RESULT", &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    state = said->state;
    state->ids = ngx_max(state->ids, 1);

    p = ngx_thread_ws_ag_ui_put(p, ",\"messageId\":\"");
    p = ngx_thread_ws_ag_ui_id(said, p, ++state->ids);
    p = ngx_thread_ws_ag_ui_put(p, "\",\"toolCallId\":\"");
    p = ngx_thread_ws_string_append(p, &call->id);
    p = ngx_thread_ws_ag_ui_put(p, "\",\"role\":\"tool\",\"content\":");

    if (value->len && value->data[0] == '"') {
        p = ngx_thread_ws_string_append(p, value);

    } else {
        *p++ = '"';
        p = ngx_thread_ws_json_escape(p, value->data, value->len);
        *p++ = '"';
    }

    ngx_thread_ws_ag_ui_event_end(said, event, p, 0);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_ag_ui_source(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    u_char  *p, *event;

    event = ngx_thread_ws_ag_ui_event(said, part->id.len + part->name.len,
                                      "CUSTOM", &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ag_ui_put(p, ",\"name\":\"source\",\"value\":{");

    if (part->id.len) {
        p = ngx_thread_ws_ag_ui_put(p, "\"url\":\"");
        p = ngx_thread_ws_string_append(p, &part->id);
        *p++ = '"';
    }

    if (part->name.len) {
        p = ngx_sprintf(p, "%s\"title\":\"", part->id.len ? "," : "");
        p = ngx_thread_ws_string_append(p, &part->name);
        *p++ = '"';
    }

    *p++ = '}';

    ngx_thread_ws_ag_ui_event_end(said, event, p, 0);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_ag_ui_data(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    u_char  *p, *event;

    event = ngx_thread_ws_ag_ui_event(said, part->name.len + part->value.len,
                                      "CUSTOM", &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ag_ui_put(p, ",\"name\":\"");
    p = ngx_thread_ws_string_append(p, &part->name);
    p = ngx_thread_ws_ag_ui_put(p, "\",\"value\":");

    if (part->value.len) {
        p = ngx_thread_ws_string_append(p, &part->value);

    } else {
        p = ngx_thread_ws_ag_ui_put(p, "null");
    }

    ngx_thread_ws_ag_ui_event_end(said, event, p, 0);

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_ag_ui_calls_end(ngx_thread_ws_said_t *said)
{
    ngx_thread_ws_ag_ui_t       *state;
    ngx_thread_ws_ag_ui_call_t  *call;

    state = said->state;

    for (call = state->calls; call; call = call->next) {

        if (ngx_thread_ws_ag_ui_end(said, call, 1) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


size_t
ngx_thread_ws_ag_ui_pending_size(ngx_thread_ws_ag_ui_t *state)
{
    size_t                       size;
    ngx_thread_ws_ag_ui_call_t  *call;

    size = 0;

    for (call = state->calls; call; call = call->next) {

        if (!call->answered) {
            size += sizeof("\"\",") - 1 + call->id.len;
        }
    }

    return size;
}


u_char *
ngx_thread_ws_ag_ui_pending(ngx_thread_ws_ag_ui_t *state, u_char *p)
{
    ngx_uint_t                   n;
    ngx_thread_ws_ag_ui_call_t  *call;

    n = 0;

    for (call = state->calls; call; call = call->next) {

        if (call->answered) {
            continue;
        }

        if (n++) {
            *p++ = ',';
        }

        *p++ = '"';
        p = ngx_thread_ws_string_append(p, &call->id);
        *p++ = '"';
    }

    return p;
}


void
ngx_thread_ws_ag_ui_calls_free(ngx_thread_ws_ag_ui_t *state)
{
    ngx_thread_ws_ag_ui_call_t  *call, *next;

    for (call = state->calls; call; call = next) {
        next = call->next;
        free(call);
    }

    state->calls = NULL;
    state->last = &state->calls;
}
