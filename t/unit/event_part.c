
/*
 * The events of parts, to the byte, each within the size that was announced.
 */


#include "unit.h"
#include <jansson.h>
#include "wire/ngx_thread_ws_event_part.h"


static void event_part_is(ngx_uint_t kind, const char *id, const char *name,
    const char *value, ngx_uint_t error, const char *expected);
static void event_part_head_is(const char *message, const char *expected);


int
main(void)
{
    event_part_is(NGX_THREAD_WS_EVENT_REASONING, "", "", "a\\n\\\"b\\\"", 0,
        "{\"type\":\"reasoning\",\"requestId\":\"r1\","
        "\"value\":\"a\\n\\\"b\\\"\"}");
    event_part_is(NGX_THREAD_WS_EVENT_REASONING, "m", "", "a", 0,
        "{\"type\":\"reasoning\",\"requestId\":\"r1\",\"message\":\"m\","
        "\"value\":\"a\"}");
    event_part_is(NGX_THREAD_WS_EVENT_TOOL_CALL, "c", "f", "", 0,
        "{\"type\":\"tool-call\",\"requestId\":\"r1\",\"toolCallId\":\"c\","
        "\"name\":\"f\"}");
    event_part_is(NGX_THREAD_WS_EVENT_TOOL_CALL, "c", "", "", 0,
        "{\"type\":\"tool-call\",\"requestId\":\"r1\",\"toolCallId\":\"c\","
        "\"name\":\"\"}");
    event_part_is(NGX_THREAD_WS_EVENT_TOOL_INPUT, "c", "", "{", 0,
        "{\"type\":\"tool-input\",\"requestId\":\"r1\",\"toolCallId\":\"c\","
        "\"value\":\"{\"}");
    event_part_is(NGX_THREAD_WS_EVENT_TOOL_CALL_END, "c", "", "{\"a\":1}", 0,
        "{\"type\":\"tool-call-end\",\"requestId\":\"r1\","
        "\"toolCallId\":\"c\",\"input\":{\"a\":1}}");
    event_part_is(NGX_THREAD_WS_EVENT_TOOL_RESULT, "c", "", "[]", 0,
        "{\"type\":\"tool-result\",\"requestId\":\"r1\","
        "\"toolCallId\":\"c\",\"output\":[]}");
    event_part_is(NGX_THREAD_WS_EVENT_TOOL_RESULT, "c", "", "[]", 1,
        "{\"type\":\"tool-result\",\"requestId\":\"r1\","
        "\"toolCallId\":\"c\",\"output\":[],\"error\":\"the tool failed\"}");
    event_part_is(NGX_THREAD_WS_EVENT_TOOL_RESULT, "c", "", "\"no\"", 1,
        "{\"type\":\"tool-result\",\"requestId\":\"r1\","
        "\"toolCallId\":\"c\",\"output\":\"no\",\"error\":\"no\"}");
    event_part_is(NGX_THREAD_WS_EVENT_TOOL_RESULT, "c", "", "\"\"", 1,
        "{\"type\":\"tool-result\",\"requestId\":\"r1\","
        "\"toolCallId\":\"c\",\"output\":\"\",\"error\":\"the tool failed\"}");
    event_part_is(NGX_THREAD_WS_EVENT_SOURCE, "https://a", "A", "", 0,
        "{\"type\":\"source\",\"requestId\":\"r1\",\"url\":\"https://a\","
        "\"title\":\"A\"}");
    event_part_is(NGX_THREAD_WS_EVENT_SOURCE, "https://a", "", "", 0,
        "{\"type\":\"source\",\"requestId\":\"r1\",\"url\":\"https://a\"}");
    event_part_is(NGX_THREAD_WS_EVENT_SOURCE, "", "A", "", 0,
        "{\"type\":\"source\",\"requestId\":\"r1\",\"title\":\"A\"}");
    event_part_is(NGX_THREAD_WS_EVENT_DATA, "", "n", "null", 0,
        "{\"type\":\"data\",\"requestId\":\"r1\",\"name\":\"n\","
        "\"value\":null}");
    event_part_is(NGX_THREAD_WS_EVENT_RESET, "", "", "", 0,
        "{\"type\":\"reset\",\"requestId\":\"r1\"}");

    event_part_head_is("",
        "{\"type\":\"token\",\"requestId\":\"r1\",\"value\":\"");
    event_part_head_is("m",
        "{\"type\":\"token\",\"requestId\":\"r1\",\"message\":\"m\","
        "\"value\":\"");

    return unit_done();
}


static void
event_part_is(ngx_uint_t kind, const char *id, const char *name,
    const char *value, ngx_uint_t error, const char *expected)
{
    size_t                       size;
    json_t                      *root;
    u_char                      *event, *end;
    ngx_thread_ws_event_part_t   part;

    part.kind = kind;
    part.error = error;
    ngx_str_set(&part.request_id, "r1");
    part.id.data = (u_char *) id;
    part.id.len = ngx_strlen(id);
    part.name.data = (u_char *) name;
    part.name.len = ngx_strlen(name);
    part.value.data = (u_char *) value;
    part.value.len = ngx_strlen(value);

    size = ngx_thread_ws_event_part_size(&part);
    event = malloc(size);
    end = ngx_thread_ws_event_part(event, &part);

    unit_str(event, end - event, expected, "%s", expected);
    unit_ok((size_t) (end - event) <= size, "%s: within its size", expected);

    root = json_loadb((char *) event, end - event, 0, NULL);
    unit_ok(root != NULL, "%s: is JSON", expected);

    json_decref(root);
    free(event);
}


static void
event_part_head_is(const char *message, const char *expected)
{
    size_t      size;
    u_char     *head, *end;
    ngx_str_t   id, text;

    ngx_str_set(&id, "r1");
    text.data = (u_char *) message;
    text.len = ngx_strlen(message);

    size = ngx_thread_ws_event_message_head_size(&id, &text);
    head = malloc(size);
    end = ngx_thread_ws_event_message_head(head, &id, &text);

    unit_str(head, end - head, expected, "%s", expected);
    unit_ok((size_t) (end - head) <= size, "%s: within its size", expected);

    free(head);
}
