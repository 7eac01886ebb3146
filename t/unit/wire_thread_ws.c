
/*
 * The wire "thread-ws": what a run is told as, event by event.
 */


#include "wire.h"


static void wire_test_names(void);
static void wire_test_run(void);
static void wire_test_beside(void);
static u_char *wire_answer(void *data, u_char *dst);


int
main(void)
{
    wire_test_names();
    wire_test_run();
    wire_test_beside();

    return unit_done();
}


static void
wire_test_names(void)
{
    ngx_str_t  thread_ws = ngx_string("thread-ws");
    ngx_str_t  v2 = ngx_string("thread-ws.v2");
    ngx_str_t  other = ngx_string("thread-ws.v3");

    unit_int(ngx_thread_ws_wire_find(&thread_ws), NGX_THREAD_WS_WIRE_THREAD_WS,
             "by its name");
    unit_int(ngx_thread_ws_wire_find(&v2), NGX_ERROR, "no name");
    unit_int(ngx_thread_ws_wire_of(&thread_ws), NGX_THREAD_WS_WIRE_THREAD_WS,
             "by a subprotocol");
    unit_int(ngx_thread_ws_wire_of(&v2), NGX_THREAD_WS_WIRE_THREAD_WS,
             "by another");
    unit_int(ngx_thread_ws_wire_of(&other), NGX_ERROR, "no subprotocol");
}


static void
wire_test_run(void)
{
    ngx_str_t                   text = ngx_string("b\\n");
    ngx_str_t                   message = ngx_string("m1");
    wire_told_t                 told;
    ngx_thread_ws_said_t        said;
    ngx_thread_ws_wire_t       *wire;
    ngx_thread_ws_error_t       error;
    ngx_thread_ws_asked_t       asked;
    ngx_thread_ws_finish_t      finish;
    ngx_thread_ws_event_part_t  part;

    wire = ngx_thread_ws_wires[NGX_THREAD_WS_WIRE_THREAD_WS];

    wire_begin(&said, &told, wire, NULL, "r1");

    ngx_memzero(&asked, sizeof(ngx_thread_ws_asked_t));
    asked.request_id = said.request_id;
    ngx_str_set(&asked.content, "hi");
    asked.following = 1;

    unit_int(wire->asked(&said, &asked), NGX_OK, "asked");

    unit_int(wire->text(&said), NGX_OK, "text");
    unit_str(said.head.data, said.head.len,
             "{\"type\":\"token\",\"requestId\":\"r1\",\"value\":\"", "head");
    unit_str(said.tail.data, said.tail.len, "\"}", "tail");

    unit_int(wire->message(&said, &message), NGX_OK, "message");
    unit_str(said.head.data, said.head.len,
             "{\"type\":\"token\",\"requestId\":\"r1\",\"message\":\"m1\","
             "\"value\":\"", "head of a message");

    ngx_memzero(&part, sizeof(ngx_thread_ws_event_part_t));
    part.kind = NGX_THREAD_WS_EVENT_REASONING;
    part.request_id = said.request_id;
    part.value = text;

    unit_int(wire->part(&said, &part), NGX_OK, "part");
    unit_int(wire->stands(&said, &text), NGX_OK, "stands");
    unit_int(wire->alive(&said), NGX_OK, "alive");
    unit_int(wire->cancelled(&said, 1), NGX_OK, "cancelled");

    ngx_memzero(&finish, sizeof(ngx_thread_ws_finish_t));
    finish.final.request_id = said.request_id;
    finish.final.answer = 3;
    finish.answer = wire_answer;

    unit_int(wire->finish(&said, &finish), NGX_ERROR, "no answer");

    finish.data = &text;
    unit_int(wire->finish(&said, &finish), NGX_OK, "finish");

    ngx_memzero(&error, sizeof(ngx_thread_ws_error_t));
    error.request_id = said.request_id;
    ngx_str_set(&error.message, "m");
    ngx_str_set(&error.code, "C");

    unit_int(wire->error(&said, &error), NGX_OK, "error");

    unit_str(told.events, told.len,
        "{\"type\":\"following\",\"requestId\":\"r1\",\"content\":\"hi\"}\n"
        "{\"type\":\"reasoning\",\"requestId\":\"r1\",\"value\":\"b\\n\"}\n"
        "{\"type\":\"token\",\"requestId\":\"r1\",\"value\":\"b\\n\"}\n"
        "{\"type\":\"alive\",\"requestId\":\"r1\"}\n"
        "{\"type\":\"cancelled\",\"requestId\":\"r1\",\"kept\":true}\n"
        "{\"type\":\"final\",\"requestId\":\"r1\",\"message\":\"b\\n\","
        "\"latencyMs\":0}\n"
        "{\"type\":\"error\",\"requestId\":\"r1\",\"message\":\"m\","
        "\"retryable\":false,\"code\":\"C\"}\n", "what was told");

    ngx_thread_ws_wire_forget(&said);
    unit_int(said.head.len, 0, "forgotten");
}


static void
wire_test_beside(void)
{
    u_char                 text[64];
    ngx_str_t              id = ngx_string("r1");
    ngx_str_t              t = ngx_string("7");
    wire_told_t            told;
    ngx_thread_ws_wire_t  *wire;

    ngx_memzero(&told, sizeof(wire_told_t));

    wire = ngx_thread_ws_wires[NGX_THREAD_WS_WIRE_THREAD_WS];

    unit_int(wire->idle(&wire_out, &told, &id), NGX_OK, "idle");
    unit_int(wire->pong(&wire_out, &told, &t), NGX_OK, "pong");

    unit_str(told.events, told.len,
             "{\"type\":\"idle\",\"lastRequestId\":\"r1\"}\n"
             "{\"type\":\"pong\",\"t\":7}\n", "what is told beside runs");

    ngx_memcpy(text, "{\"a\":1}", 7);
    unit_str(text, wire->position(text + 7, 12) - text,
             "{\"a\":1,\"position\":12}", "a position");
}


/* without data there is no memory */

static u_char *
wire_answer(void *data, u_char *dst)
{
    ngx_str_t *text = data;

    return text ? ngx_cpymem(dst, text->data, text->len) : NULL;
}
