
/*
 * What the wires' tests share: a run that is told, event by event, and what was
 * said of it.
 */


#ifndef _WIRE_H_INCLUDED_
#define _WIRE_H_INCLUDED_


#include "unit.h"
#include "wire/ngx_thread_ws_wire.h"


typedef struct {
    u_char  events[16384];       /* a line each */
    size_t  len;
    u_char  room[2048];
    size_t  size;
} wire_told_t;


/* a run that this wire has said nothing of, to who asked by that name */

void wire_begin(ngx_thread_ws_said_t *said, wire_told_t *told,
    ngx_thread_ws_wire_t *wire, ngx_thread_ws_said_run_t *run,
    const char *request_id);

/* what it says; of "interrupt" as its end's reason there is a question, too */

void wire_text(ngx_thread_ws_said_t *said, const char *text);
void wire_part(ngx_thread_ws_said_t *said, ngx_uint_t kind, const char *id,
    const char *name, const char *value, ngx_uint_t error);
void wire_finish(ngx_thread_ws_said_t *said, ngx_uint_t usage,
    const char *reason);

/* all of its events, after which it is forgotten */

void wire_is(ngx_thread_ws_said_t *said, wire_told_t *told,
    const char *expected, const char *name);

/* events that are said beside runs go here, too */

extern ngx_thread_ws_wire_out_t  wire_out;


#endif /* _WIRE_H_INCLUDED_ */
