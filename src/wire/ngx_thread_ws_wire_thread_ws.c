
/*
 * The wire "thread-ws": this module's own protocol, as docs/protocol.md has it.
 */


#include "wire/ngx_thread_ws_wire.h"


static ngx_int_t ngx_thread_ws_wire_asked(ngx_thread_ws_said_t *said,
    ngx_thread_ws_asked_t *asked);
static ngx_int_t ngx_thread_ws_wire_text(ngx_thread_ws_said_t *said);
static ngx_int_t ngx_thread_ws_wire_message(ngx_thread_ws_said_t *said,
    ngx_str_t *id);
static ngx_int_t ngx_thread_ws_wire_part(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);
static ngx_int_t ngx_thread_ws_wire_stands(ngx_thread_ws_said_t *said,
    ngx_str_t *text);
static ngx_int_t ngx_thread_ws_wire_finish(ngx_thread_ws_said_t *said,
    ngx_thread_ws_finish_t *finish);
static ngx_int_t ngx_thread_ws_wire_cancelled(ngx_thread_ws_said_t *said,
    ngx_uint_t kept);
static ngx_int_t ngx_thread_ws_wire_error(ngx_thread_ws_said_t *said,
    ngx_thread_ws_error_t *error);
static ngx_int_t ngx_thread_ws_wire_alive(ngx_thread_ws_said_t *said);
static ngx_int_t ngx_thread_ws_wire_refused(ngx_thread_ws_wire_out_t *out,
    void *data, ngx_thread_ws_error_t *error);
static ngx_int_t ngx_thread_ws_wire_idle(ngx_thread_ws_wire_out_t *out,
    void *data, ngx_str_t *last_id);
static ngx_int_t ngx_thread_ws_wire_pong(ngx_thread_ws_wire_out_t *out,
    void *data, ngx_str_t *t);


static ngx_str_t  ngx_thread_ws_wire_subprotocols[] = {
    ngx_string("thread-ws.v2"),
    ngx_string("thread-ws"),
    ngx_null_string
};


ngx_thread_ws_wire_t  ngx_thread_ws_wire_thread_ws = {
    ngx_string("thread-ws"),
    ngx_thread_ws_wire_subprotocols,
    0,
    0,
    0,
    0,
    0,
    ngx_thread_ws_command_parse,
    NULL,
    ngx_thread_ws_wire_asked,
    ngx_thread_ws_wire_text,
    ngx_thread_ws_wire_message,
    ngx_thread_ws_wire_part,
    ngx_thread_ws_wire_stands,
    ngx_thread_ws_wire_finish,
    ngx_thread_ws_wire_cancelled,
    ngx_thread_ws_wire_error,
    ngx_thread_ws_wire_alive,
    ngx_thread_ws_wire_refused,
    ngx_thread_ws_wire_idle,
    ngx_thread_ws_wire_pong,
    ngx_thread_ws_event_position,
    NULL,
    NULL
};


static ngx_int_t
ngx_thread_ws_wire_asked(ngx_thread_ws_said_t *said,
    ngx_thread_ws_asked_t *asked)
{
    u_char  *event;

    event = said->out->room(said->data, ngx_thread_ws_event_asked_size(asked));
    if (event == NULL) {
        return NGX_ERROR;
    }

    said->out->event(said->data, event,
                     ngx_thread_ws_event_asked(event, asked));

    return NGX_OK;
}


/* the head is the same for all of a run, or of a message of it */

static ngx_int_t
ngx_thread_ws_wire_text(ngx_thread_ws_said_t *said)
{
    if (ngx_thread_ws_wire_head(said,
                         ngx_thread_ws_event_token_head_size(&said->request_id))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    said->head.len = ngx_thread_ws_event_token_head(said->head.data,
                                                    &said->request_id)
                     - said->head.data;

    ngx_str_set(&said->tail, NGX_THREAD_WS_TOKEN_TAIL);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_wire_message(ngx_thread_ws_said_t *said, ngx_str_t *id)
{
    ngx_str_t  *request_id;

    request_id = &said->request_id;

    if (ngx_thread_ws_wire_head(said,
                         ngx_thread_ws_event_message_head_size(request_id, id))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    said->head.len = ngx_thread_ws_event_message_head(said->head.data,
                                                      request_id, id)
                     - said->head.data;

    ngx_str_set(&said->tail, NGX_THREAD_WS_TOKEN_TAIL);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_wire_part(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part)
{
    u_char  *event;

    event = said->out->room(said->data, ngx_thread_ws_event_part_size(part));
    if (event == NULL) {
        return NGX_ERROR;
    }

    said->out->event(said->data, event, ngx_thread_ws_event_part(event, part));

    return NGX_OK;
}


/* of no message: it may be of several */

static ngx_int_t
ngx_thread_ws_wire_stands(ngx_thread_ws_said_t *said, ngx_str_t *text)
{
    u_char     *event, *p;
    ngx_str_t  *id;

    id = &said->request_id;

    event = said->out->room(said->data, ngx_thread_ws_event_token_head_size(id)
                                        + text->len
                                        + sizeof(NGX_THREAD_WS_TOKEN_TAIL) - 1);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_event_token_head(event, id);
    p = ngx_cpymem(p, text->data, text->len);
    p = ngx_cpymem(p, NGX_THREAD_WS_TOKEN_TAIL,
                   sizeof(NGX_THREAD_WS_TOKEN_TAIL) - 1);

    said->out->event(said->data, event, p);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_wire_finish(ngx_thread_ws_said_t *said,
    ngx_thread_ws_finish_t *finish)
{
    u_char                 *event, *p;
    ngx_thread_ws_final_t  *final;

    final = &finish->final;

    event = said->out->room(said->data, ngx_thread_ws_event_final_size(final));
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = finish->answer(finish->data,
                       ngx_thread_ws_event_final_head(event, final));
    if (p == NULL) {
        return NGX_ERROR;
    }

    said->out->event(said->data, event,
                     ngx_thread_ws_event_final_tail(p, final));

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_wire_cancelled(ngx_thread_ws_said_t *said, ngx_uint_t kept)
{
    u_char     *event;
    ngx_str_t  *id;

    id = &said->request_id;

    event = said->out->room(said->data, ngx_thread_ws_event_cancelled_size(id));
    if (event == NULL) {
        return NGX_ERROR;
    }

    said->out->event(said->data, event,
                     ngx_thread_ws_event_cancelled(event, id, kept));

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_wire_error(ngx_thread_ws_said_t *said,
    ngx_thread_ws_error_t *error)
{
    return ngx_thread_ws_wire_refused(said->out, said->data, error);
}


static ngx_int_t
ngx_thread_ws_wire_alive(ngx_thread_ws_said_t *said)
{
    u_char     *event;
    ngx_str_t  *id;

    id = &said->request_id;

    event = said->out->room(said->data, ngx_thread_ws_event_alive_size(id));
    if (event == NULL) {
        return NGX_ERROR;
    }

    said->out->event(said->data, event, ngx_thread_ws_event_alive(event, id));

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_wire_refused(ngx_thread_ws_wire_out_t *out, void *data,
    ngx_thread_ws_error_t *error)
{
    u_char  *event;

    event = out->room(data, ngx_thread_ws_event_error_size(error));
    if (event == NULL) {
        return NGX_ERROR;
    }

    out->event(data, event, ngx_thread_ws_event_error(event, error));

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_wire_idle(ngx_thread_ws_wire_out_t *out, void *data,
    ngx_str_t *last_id)
{
    u_char  *event;

    event = out->room(data, ngx_thread_ws_event_idle_size(last_id));
    if (event == NULL) {
        return NGX_ERROR;
    }

    out->event(data, event, ngx_thread_ws_event_idle(event, last_id));

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_wire_pong(ngx_thread_ws_wire_out_t *out, void *data,
    ngx_str_t *t)
{
    u_char  *event;

    event = out->room(data, ngx_thread_ws_event_pong_size(t));
    if (event == NULL) {
        return NGX_ERROR;
    }

    out->event(data, event, ngx_thread_ws_event_pong(event, t));

    return NGX_OK;
}
