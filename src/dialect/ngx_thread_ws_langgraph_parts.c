
/*
 * The parts of a graph's messages.  Those of nodes side by side come as they
 * come: reasoning says whose it is, calls and results have ids.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_langgraph_parts.h"
#include "dialect/ngx_thread_ws_parts.h"


/* whose calls they are: those of a message without an id are its node's */

static uint64_t
ngx_thread_ws_langgraph_owner(ngx_thread_ws_source_t *source)
{
    return source->message ? source->message
           : source->depth ? source->task[source->depth - 1] : 1;
}


/* A piece of a call: the first one has its name, and its id as a rule. */

static ngx_int_t
ngx_thread_ws_langgraph_piece(ngx_thread_ws_reply_t *reply, json_t *piece,
    uint64_t owner)
{
    json_t                *id, *name, *value;
    ngx_int_t              index;
    ngx_thread_ws_call_t  *call;

    id = json_object_get(piece, "id");
    name = json_object_get(piece, "name");
    value = json_object_get(piece, "index");
    index = json_is_integer(value) ? (ngx_int_t) json_integer_value(value) : -1;

    call = ngx_thread_ws_calls_find(reply, id);

    if (call == NULL && json_string_length(id) == 0) {
        call = (index >= 0) ? ngx_thread_ws_calls_at(reply, owner, index)
                            : ngx_thread_ws_calls_last(reply, owner);

        if (call && call->told && index < 0 && json_string_length(name)) {
            call = NULL;
        }
    }

    if (call == NULL) {
        call = ngx_thread_ws_calls_begin(reply, owner, index, id);
        if (call == NULL) {
            return NGX_ERROR;
        }
    }

    return (ngx_thread_ws_calls_name(reply, call, name) == NGX_OK)
           ? ngx_thread_ws_calls_input(reply, call,
                                       json_object_get(piece, "args"))
           : NGX_ERROR;
}


/* A call that stands whole in a message: it may have been heard in pieces. */

static ngx_int_t
ngx_thread_ws_langgraph_whole(ngx_thread_ws_reply_t *reply, json_t *piece,
    uint64_t owner, ngx_uint_t known)
{
    json_t                *id;
    ngx_thread_ws_call_t  *call;

    id = json_object_get(piece, "id");
    call = ngx_thread_ws_calls_find(reply, id);

    if (call == NULL) {

        if (known) {
            return NGX_OK;
        }

        call = ngx_thread_ws_calls_begin(reply, owner, -1, id);
        if (call == NULL) {
            return NGX_ERROR;
        }
    }

    if (call->ended) {
        return NGX_OK;
    }

    return (ngx_thread_ws_calls_name(reply, call,
                                     json_object_get(piece, "name"))
            == NGX_OK)
           ? ngx_thread_ws_calls_end(reply, call,
                                     json_object_get(piece, "args"))
           : NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_langgraph_calls(ngx_thread_ws_reply_t *reply, json_t *message,
    ngx_thread_ws_source_t *source)
{
    size_t       i;
    json_t      *piece;
    uint64_t     owner;
    ngx_int_t    rc;
    ngx_uint_t   known;
    const char  *name;

    owner = ngx_thread_ws_langgraph_owner(source);

    /* one that was said before has no call without an id that is new */

    known = reply->idle;

    name = source->chunk ? "tool_call_chunks" : "tool_calls";

    json_array_foreach(json_object_get(message, name), i, piece) {

        rc = source->chunk
             ? ngx_thread_ws_langgraph_piece(reply, piece, owner)
             : ngx_thread_ws_langgraph_whole(reply, piece, owner, known);

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return (source->reason || !source->chunk)
           ? ngx_thread_ws_calls_end_all(reply, owner) : NGX_OK;
}


ngx_int_t
ngx_thread_ws_langgraph_parts(ngx_thread_ws_reply_t *reply, json_t *message,
    ngx_thread_ws_source_t *source)
{
    json_t      *thought;
    ngx_int_t    rc;
    ngx_uint_t   n;

    n = reply->parts->n;
    reply->parts->speaker = json_object_get(message, "id");

    thought = json_object_get(json_object_get(message, "additional_kwargs"),
                              "reasoning_content");

    if (json_is_string(thought)
        && ngx_thread_ws_parts_thought(reply, thought) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_thread_ws_voices_hear(reply, source,
                                   json_object_get(message, "content"));

    reply->parts->speaker = NULL;

    if (rc != NGX_OK) {
        return rc;
    }

    if (reply->idle) {
        reply->parts->n = n;
    }

    return (reply->want & NGX_THREAD_WS_WANT_TOOLS)
           ? ngx_thread_ws_langgraph_calls(reply, message, source) : NGX_OK;
}


ngx_int_t
ngx_thread_ws_langgraph_result(ngx_thread_ws_reply_t *reply, json_t *message)
{
    return ngx_thread_ws_calls_result(reply,
                                      json_object_get(message, "tool_call_id"),
                                      json_object_get(message, "content"),
                                      ngx_thread_ws_json_is(
                                          json_object_get(message, "status"),
                                          "error"));
}


ngx_int_t
ngx_thread_ws_langgraph_data(ngx_thread_ws_reply_t *reply, ngx_str_t *type,
    ngx_str_t *data)
{
    json_t       *root;
    ngx_int_t     rc;
    const char  **mode;

    static const char  *modes[] = { "custom", "updates", NULL };

    for (mode = modes; *mode; mode++) {

        if (ngx_thread_ws_string_begins(type, *mode)
            && (type->len == ngx_strlen(*mode)
                || type->data[ngx_strlen(*mode)] == '|'))
        {
            break;
        }
    }

    if (*mode == NULL) {
        return NGX_DECLINED;
    }

    rc = ngx_thread_ws_reply_load(&root, data);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_thread_ws_parts_data(reply, *mode, root);

    json_decref(root);

    return rc;
}
