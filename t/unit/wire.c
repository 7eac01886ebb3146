
/*
 * A run that is told to a wire.
 */


#include "wire.h"


static u_char *wire_room(void *data, size_t size);
static void wire_event(void *data, u_char *event, u_char *last);


ngx_thread_ws_wire_out_t  wire_out = { wire_room, wire_event };


void
wire_begin(ngx_thread_ws_said_t *said, wire_told_t *told,
    ngx_thread_ws_wire_t *wire, ngx_thread_ws_said_run_t *run,
    const char *request_id)
{
    ngx_memzero(told, sizeof(wire_told_t));
    ngx_memzero(said, sizeof(ngx_thread_ws_said_t));

    said->wire = wire;
    said->out = &wire_out;
    said->data = told;
    said->request_id.data = (u_char *) request_id;
    said->request_id.len = strlen(request_id);
    said->run = run;
}


void
wire_text(ngx_thread_ws_said_t *said, const char *text)
{
    u_char  *p, *event;
    size_t   len;

    len = strlen(text);

    if (said->head.len == 0) {
        unit_int(said->wire->text(said), NGX_OK, "text");
    }

    event = wire_room(said->data, said->head.len + len + said->tail.len);

    p = ngx_cpymem(event, said->head.data, said->head.len);
    p = ngx_cpymem(p, text, len);
    p = ngx_cpymem(p, said->tail.data, said->tail.len);

    if (said->wire->heads) {
        said->head.len = 0;
    }

    wire_event(said->data, event, p);
}


void
wire_part(ngx_thread_ws_said_t *said, ngx_uint_t kind, const char *id,
    const char *name, const char *value, ngx_uint_t error)
{
    ngx_thread_ws_event_part_t  part;

    ngx_memzero(&part, sizeof(ngx_thread_ws_event_part_t));

    part.kind = kind;
    part.id.data = (u_char *) id;
    part.id.len = strlen(id);
    part.name.data = (u_char *) name;
    part.name.len = strlen(name);
    part.value.data = (u_char *) value;
    part.value.len = strlen(value);
    part.error = error;

    unit_int(said->wire->part(said, &part), NGX_OK, "part %d", (int) kind);
}


void
wire_finish(ngx_thread_ws_said_t *said, ngx_uint_t usage, const char *reason)
{
    ngx_thread_ws_finish_t  finish;

    ngx_memzero(&finish, sizeof(ngx_thread_ws_finish_t));

    finish.final.latency = 7;
    finish.final.usage = usage;
    finish.final.input_tokens = 1;
    finish.final.output_tokens = 2;
    finish.final.reasoning_tokens = 4;
    finish.final.cached_tokens = 5;
    finish.final.finish_reason.data = (u_char *) reason;
    finish.final.finish_reason.len = strlen(reason);

    if (strcmp(reason, "interrupt") == 0) {
        ngx_str_set(&finish.final.interrupts,
                    "[{\"interruptId\":\"i1\",\"value\":{\"a\":\"\\\"\"}}]");
    }

    unit_int(said->wire->finish(said, &finish), NGX_OK, "finish");
}


void
wire_is(ngx_thread_ws_said_t *said, wire_told_t *told, const char *expected,
    const char *name)
{
    unit_str(told->events, told->len, expected, "%s", name);

    ngx_thread_ws_wire_forget(said);
}


static u_char *
wire_room(void *data, size_t size)
{
    wire_told_t *told = data;

    told->size = size;

    return (size <= sizeof(told->room)) ? told->room : NULL;
}


static void
wire_event(void *data, u_char *event, u_char *last)
{
    wire_told_t *told = data;

    unit_ok(event == told->room && (size_t) (last - event) <= told->size,
            "within its room");

    ngx_memcpy(told->events + told->len, event, last - event);
    told->len += last - event;
    told->events[told->len++] = '\n';
}
