
/*
 * The wire "ag-ui": an answer as AG-UI's events, bare over SSE; over a
 * WebSocket, where places are told, each as the chunk of an object that has its
 * id.  What was begun is ended before the run is, in order, or the client
 * throws.
 */


#include "wire/ngx_thread_ws_wire_ag_ui.h"
#include "base/ngx_thread_ws_string.h"


static ngx_int_t ngx_thread_ws_ag_ui_post(ngx_thread_ws_command_t *command,
    u_char *data, size_t len, ngx_str_t *request_id);
static ngx_int_t ngx_thread_ws_ag_ui_asked(ngx_thread_ws_said_t *said,
    ngx_thread_ws_asked_t *asked);
static ngx_int_t ngx_thread_ws_ag_ui_text(ngx_thread_ws_said_t *said);
static ngx_int_t ngx_thread_ws_ag_ui_part(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);
static ngx_int_t ngx_thread_ws_ag_ui_stands(ngx_thread_ws_said_t *said,
    ngx_str_t *text);
static ngx_int_t ngx_thread_ws_ag_ui_idle(ngx_thread_ws_wire_out_t *out,
    void *data, ngx_str_t *id);
static u_char *ngx_thread_ws_ag_ui_position(u_char *last, size_t position);
static void ngx_thread_ws_ag_ui_forget(ngx_thread_ws_said_t *said);

static ngx_int_t ngx_thread_ws_ag_ui_open(ngx_thread_ws_said_t *said,
    ngx_uint_t kind);
static ngx_int_t ngx_thread_ws_ag_ui_shut(ngx_thread_ws_said_t *said,
    ngx_uint_t kind);
static ngx_int_t ngx_thread_ws_ag_ui_mark(ngx_thread_ws_said_t *said,
    const char *type, const char *role);
static ngx_int_t ngx_thread_ws_ag_ui_content(ngx_thread_ws_said_t *said,
    const char *type, ngx_str_t *text);


static ngx_str_t  ngx_thread_ws_ag_ui_subprotocols[] = {
    ngx_string("ag-ui.v1"),
    ngx_null_string
};


ngx_thread_ws_wire_t  ngx_thread_ws_wire_ag_ui = {
    ngx_string("ag-ui"),
    ngx_thread_ws_ag_ui_subprotocols,
    1,
    0,
    1,
    0,
    0,
    ngx_thread_ws_ag_ui_command,
    ngx_thread_ws_ag_ui_post,
    ngx_thread_ws_ag_ui_asked,
    ngx_thread_ws_ag_ui_text,
    ngx_thread_ws_ag_ui_message,
    ngx_thread_ws_ag_ui_part,
    ngx_thread_ws_ag_ui_stands,
    ngx_thread_ws_ag_ui_finish,
    ngx_thread_ws_ag_ui_cancelled,
    ngx_thread_ws_ag_ui_error,
    NULL,
    ngx_thread_ws_ag_ui_refused,
    ngx_thread_ws_ag_ui_idle,
    NULL,
    ngx_thread_ws_ag_ui_position,
    ngx_thread_ws_ag_ui_history,
    ngx_thread_ws_ag_ui_forget
};


/* it has a name for its run */

static ngx_int_t
ngx_thread_ws_ag_ui_post(ngx_thread_ws_command_t *command, u_char *data,
    size_t len, ngx_str_t *request_id)
{
    return ngx_thread_ws_ag_ui_command(command, data, len);
}


/* it knows what it asked */

static ngx_int_t
ngx_thread_ws_ag_ui_asked(ngx_thread_ws_said_t *said,
    ngx_thread_ws_asked_t *asked)
{
    return NGX_OK;
}


ngx_thread_ws_ag_ui_t *
ngx_thread_ws_ag_ui_begin(ngx_thread_ws_said_t *said)
{
    u_char                 *p, *event;
    ngx_thread_ws_ag_ui_t  *state;

    state = said->state;

    if (said->run == NULL) {
        return NULL;
    }

    if (state == NULL) {
        state = calloc(1, sizeof(ngx_thread_ws_ag_ui_t));
        if (state == NULL) {
            return NULL;
        }

        state->last = &state->calls;
        said->state = state;
    }

    if (state->begun) {
        return state;
    }

    event = ngx_thread_ws_ag_ui_event(said, said->run->thread_id.len
                                            + said->run->id.len,
                                      "RUN_STARTED", &p);
    if (event == NULL) {
        return NULL;
    }

    p = ngx_thread_ws_ag_ui_run(said, p);

    ngx_thread_ws_ag_ui_event_end(said, event, p, 1);

    state->begun = 1;

    return state;
}


u_char *
ngx_thread_ws_ag_ui_event(ngx_thread_ws_said_t *said, size_t size,
    const char *type, u_char **p)
{
    u_char  *event;

    event = said->out->room(said->data, NGX_THREAD_WS_AG_UI_EVENT + size);

    if (event) {
        *p = ngx_sprintf(event, "%s{\"type\":\"%s\"",
                         said->enclosed ? NGX_THREAD_WS_AG_UI_CHUNK : "", type);
    }

    return event;
}


void
ngx_thread_ws_ag_ui_event_end(ngx_thread_ws_said_t *said, u_char *event,
    u_char *p, ngx_uint_t more)
{
    size_t  head;

    *p++ = '}';

    if (said->enclosed && more) {

        /* it has no place, and stands alone */

        head = sizeof(NGX_THREAD_WS_AG_UI_CHUNK) - 1;
        p = ngx_movemem(event, event + head, p - event - head);
    }

    said->more = more;
    said->out->event(said->data, event, p);
    said->more = 0;
}


/* ... after an event that is not ended yet */

static u_char *
ngx_thread_ws_ag_ui_position(u_char *last, size_t position)
{
    return ngx_sprintf(last, ",\"id\":\"%uz\"}", position);
}


/* the first message has the run's name: so it is called where it is kept */

u_char *
ngx_thread_ws_ag_ui_id(ngx_thread_ws_said_t *said, u_char *p, ngx_uint_t id)
{
    p = ngx_thread_ws_string_append(p, &said->run->id);

    return (id > 1) ? ngx_sprintf(p, ":%ui", id) : p;
}


u_char *
ngx_thread_ws_ag_ui_run(ngx_thread_ws_said_t *said, u_char *p)
{
    p = ngx_thread_ws_ag_ui_put(p, ",\"threadId\":\"");
    p = ngx_thread_ws_string_append(p, &said->run->thread_id);
    p = ngx_thread_ws_ag_ui_put(p, "\",\"runId\":\"");
    p = ngx_thread_ws_string_append(p, &said->run->id);
    *p++ = '"';

    return p;
}


/* a message of text or reasoning that is open, or begins */

static ngx_int_t
ngx_thread_ws_ag_ui_open(ngx_thread_ws_said_t *said, ngx_uint_t kind)
{
    ngx_thread_ws_ag_ui_t  *state;

    state = ngx_thread_ws_ag_ui_begin(said);

    if (state == NULL || ngx_thread_ws_ag_ui_shut(said, kind) != NGX_OK) {
        return NGX_ERROR;
    }

    if (state->open == kind) {
        return NGX_OK;
    }

    state->open = kind;

    if (kind == NGX_THREAD_WS_AG_UI_TEXT) {

        /* the first text's is 1, whatever came before it */

        state->ids = ngx_max(state->ids, 1);
        state->id = state->text ? ++state->ids : 1;
        state->text = state->id;

        return ngx_thread_ws_ag_ui_mark(said, "TEXT_MESSAGE_START",
                                        "assistant");
    }

    state->ids = ngx_max(state->ids, 1);
    state->id = ++state->ids;

    return (ngx_thread_ws_ag_ui_mark(said, "REASONING_START", NULL) == NGX_OK)
           ? ngx_thread_ws_ag_ui_mark(said, "REASONING_MESSAGE_START",
                                      "reasoning")
           : NGX_ERROR;
}


/* ends what is open, but for what is of that kind */

static ngx_int_t
ngx_thread_ws_ag_ui_shut(ngx_thread_ws_said_t *said, ngx_uint_t kind)
{
    ngx_uint_t              open;
    ngx_thread_ws_ag_ui_t  *state;

    state = said->state;
    open = state->open;

    if (open == NGX_THREAD_WS_AG_UI_NONE || open == kind) {
        return NGX_OK;
    }

    state->open = NGX_THREAD_WS_AG_UI_NONE;
    said->head.len = 0;

    if (open == NGX_THREAD_WS_AG_UI_TEXT) {
        return ngx_thread_ws_ag_ui_mark(said, "TEXT_MESSAGE_END", NULL);
    }

    return (ngx_thread_ws_ag_ui_mark(said, "REASONING_MESSAGE_END", NULL)
            == NGX_OK)
           ? ngx_thread_ws_ag_ui_mark(said, "REASONING_END", NULL)
           : NGX_ERROR;
}


/* where the open message begins or ends */

static ngx_int_t
ngx_thread_ws_ag_ui_mark(ngx_thread_ws_said_t *said, const char *type,
    const char *role)
{
    u_char                 *p, *event;
    ngx_thread_ws_ag_ui_t  *state;

    state = said->state;

    event = ngx_thread_ws_ag_ui_event(said, said->run->id.len, type, &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ag_ui_put(p, ",\"messageId\":\"");
    p = ngx_thread_ws_ag_ui_id(said, p, state->id);
    *p++ = '"';

    if (role) {
        p = ngx_sprintf(p, ",\"role\":\"%s\"", role);
    }

    ngx_thread_ws_ag_ui_event_end(said, event, p, 1);

    return NGX_OK;
}


/* the head is the same for all of a message */

static ngx_int_t
ngx_thread_ws_ag_ui_text(ngx_thread_ws_said_t *said)
{
    u_char                 *p;
    ngx_thread_ws_ag_ui_t  *state;

    if (ngx_thread_ws_ag_ui_open(said, NGX_THREAD_WS_AG_UI_TEXT) != NGX_OK
        || ngx_thread_ws_wire_head(said, NGX_THREAD_WS_AG_UI_EVENT
                                         + said->run->id.len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    state = said->state;

    p = said->head.data;

    if (said->enclosed) {
        p = ngx_thread_ws_ag_ui_put(p, NGX_THREAD_WS_AG_UI_CHUNK);
    }

    p = ngx_thread_ws_ag_ui_put(p, "{\"type\":\"TEXT_MESSAGE_CONTENT\","
                                   "\"messageId\":\"");
    p = ngx_thread_ws_ag_ui_id(said, p, state->id);
    p = ngx_thread_ws_ag_ui_put(p, "\",\"delta\":\"");

    said->head.len = p - said->head.data;
    ngx_str_set(&said->tail, "\"}");

    return NGX_OK;
}


/* another message's text is another message's here */

ngx_int_t
ngx_thread_ws_ag_ui_message(ngx_thread_ws_said_t *said, ngx_str_t *id)
{
    return (ngx_thread_ws_ag_ui_begin(said) == NULL)
           ? NGX_ERROR
           : ngx_thread_ws_ag_ui_shut(said, NGX_THREAD_WS_AG_UI_NONE);
}


static ngx_int_t
ngx_thread_ws_ag_ui_part(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    u_char  *p, *event;

    if (part->kind == NGX_THREAD_WS_EVENT_REASONING) {
        return (ngx_thread_ws_ag_ui_open(said, NGX_THREAD_WS_AG_UI_REASONING)
                == NGX_OK)
               ? ngx_thread_ws_ag_ui_content(said, "REASONING_MESSAGE_CONTENT",
                                             &part->value)
               : NGX_ERROR;
    }

    if (ngx_thread_ws_ag_ui_message(said, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    if (part->kind != NGX_THREAD_WS_EVENT_RESET) {
        return ngx_thread_ws_ag_ui_beside(said, part);
    }

    /* nothing can be taken back; what stands comes again in a new message */

    if (ngx_thread_ws_ag_ui_calls_end(said) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_thread_ws_ag_ui_forget(said);

    event = ngx_thread_ws_ag_ui_event(said, 0, "CUSTOM", &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ag_ui_put(p, ",\"name\":\"reset\",\"value\":{}");

    ngx_thread_ws_ag_ui_event_end(said, event, p, 1);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_ag_ui_stands(ngx_thread_ws_said_t *said, ngx_str_t *text)
{
    return (ngx_thread_ws_ag_ui_open(said, NGX_THREAD_WS_AG_UI_TEXT) == NGX_OK)
           ? ngx_thread_ws_ag_ui_content(said, "TEXT_MESSAGE_CONTENT", text)
           : NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_ag_ui_content(ngx_thread_ws_said_t *said, const char *type,
    ngx_str_t *text)
{
    u_char                 *p, *event;
    ngx_thread_ws_ag_ui_t  *state;

    state = said->state;

    event = ngx_thread_ws_ag_ui_event(said, said->run->id.len + text->len, type,
                                      &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ag_ui_put(p, ",\"messageId\":\"");
    p = ngx_thread_ws_ag_ui_id(said, p, state->id);
    p = ngx_thread_ws_ag_ui_put(p, "\",\"delta\":\"");
    p = ngx_thread_ws_string_append(p, text);
    *p++ = '"';

    ngx_thread_ws_ag_ui_event_end(said, event, p, 0);

    return NGX_OK;
}


/* nothing to be said: whoever asks for a run that is over has its end */

static ngx_int_t
ngx_thread_ws_ag_ui_idle(ngx_thread_ws_wire_out_t *out, void *data,
    ngx_str_t *id)
{
    return NGX_OK;
}


static void
ngx_thread_ws_ag_ui_forget(ngx_thread_ws_said_t *said)
{
    ngx_thread_ws_ag_ui_calls_free(said->state);
}
