
/*
 * The parts of Anthropic's messages: each of their blocks is one.  The results
 * of tools that the API itself uses are blocks, too, which come whole.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_anthropic_parts.h"
#include "dialect/ngx_thread_ws_parts.h"


ngx_int_t
ngx_thread_ws_anthropic_named(ngx_thread_ws_reply_t *reply, json_t *message)
{
    json_t                 *id;
    ngx_thread_ws_parts_t  *parts;

    parts = reply->parts;
    id = json_object_get(message, "id");

    parts->message.len = 0;
    parts->block = -1;

    return ngx_thread_ws_bytes_add(&parts->message,
                                   (u_char *) json_string_value(id),
                                   json_string_length(id));
}


ngx_int_t
ngx_thread_ws_anthropic_speaks(ngx_thread_ws_reply_t *reply, ngx_int_t index)
{
    size_t                  len;
    u_char                  number[NGX_INT64_LEN + 1], *p;
    ngx_int_t               rc;
    ngx_str_t               id;
    ngx_thread_ws_parts_t  *parts;

    parts = reply->parts;

    if (parts->block == index) {
        return NGX_OK;
    }

    /* the message's id and the number of the block in it */

    parts->block = index;
    len = parts->message.len;

    p = ngx_sprintf(number, ".%i", index);
    rc = ngx_thread_ws_bytes_add(&parts->message, number,
                                 (size_t) (p - number));

    if (rc == NGX_OK) {
        id.data = parts->message.data;
        id.len = parts->message.len;

        rc = ngx_thread_ws_parts_message(reply, &id, NULL, 0);
    }

    parts->message.len = len;

    return rc;
}


static ngx_int_t
ngx_thread_ws_anthropic_source(ngx_thread_ws_reply_t *reply, json_t *citation)
{
    json_t  *url, *title;

    url = json_object_get(citation, "url");

    if (!json_is_string(url)) {
        url = json_object_get(citation, "source");
    }

    title = json_object_get(citation, "title");

    if (!json_is_string(title)) {
        title = json_object_get(citation, "document_title");
    }

    return ngx_thread_ws_parts_source(reply, url, title);
}


/* an error is told by the block, or by its content's own type */

static ngx_uint_t
ngx_thread_ws_anthropic_failed(json_t *block)
{
    size_t   len;
    json_t  *type;

    if (json_is_true(json_object_get(block, "is_error"))) {
        return 1;
    }

    type = json_object_get(json_object_get(block, "content"), "type");
    len = json_string_length(type);

    return len > 6
           && ngx_strcmp(json_string_value(type) + len - 6, "_error") == 0;
}


static ngx_int_t
ngx_thread_ws_anthropic_call(ngx_thread_ws_reply_t *reply, json_t *block,
    ngx_int_t index)
{
    ngx_thread_ws_call_t  *call;

    call = ngx_thread_ws_calls_at(reply, 0, index);

    if (call && ngx_thread_ws_calls_end(reply, call, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    call = ngx_thread_ws_calls_begin(reply, 0, index,
                                     json_object_get(block, "id"));

    if (call == NULL
        || ngx_thread_ws_calls_name(reply, call,
                                    json_object_get(block, "name"))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (call->told && !ngx_thread_ws_json_is(json_object_get(block, "type"),
                                             "tool_use"))
    {
        reply->parts->part[reply->parts->n - 1].error = 1;
    }

    /* it is an empty object in a stream, where it comes in pieces */

    return json_object_size(json_object_get(block, "input"))
           ? ngx_thread_ws_calls_end(reply, call,
                                     json_object_get(block, "input"))
           : NGX_OK;
}


/* what the API knows its thoughts again by, or gives in their place */

static ngx_int_t
ngx_thread_ws_anthropic_signed(ngx_thread_ws_reply_t *reply, json_t *text,
    ngx_uint_t redacted)
{
    ngx_str_t              name;
    ngx_thread_ws_part_t  *part;

    ngx_thread_ws_parts_string(&name, text);

    if (!(reply->want & NGX_THREAD_WS_WANT_SIGNATURES) || name.len == 0) {
        return NGX_OK;
    }

    part = ngx_thread_ws_parts_add(reply, NGX_THREAD_WS_PART_REASONING, NULL,
                                   &name);
    if (part == NULL) {
        return NGX_ERROR;
    }

    part->error = redacted;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_anthropic_begins(ngx_thread_ws_reply_t *reply, json_t *block,
    ngx_int_t index)
{
    size_t       i;
    json_t      *type, *citation;
    const char  *name;

    type = json_object_get(block, "type");
    name = json_string_value(type);

    if (ngx_strcmp(name, "text") == 0) {

        json_array_foreach(json_object_get(block, "citations"), i, citation) {

            if (ngx_thread_ws_anthropic_source(reply, citation) != NGX_OK) {
                return NGX_ERROR;
            }
        }

        return NGX_OK;
    }

    if (ngx_strcmp(name, "thinking") == 0) {

        if (ngx_thread_ws_parts_thought(reply,
                                        json_object_get(block, "thinking"))
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        return ngx_thread_ws_anthropic_signed(reply,
                                        json_object_get(block, "signature"), 0);
    }

    if (ngx_strcmp(name, "redacted_thinking") == 0) {
        return ngx_thread_ws_anthropic_signed(reply,
                                              json_object_get(block, "data"),
                                              1);
    }

    if (json_object_get(block, "tool_use_id")) {
        return (reply->want & NGX_THREAD_WS_WANT_TOOLS)
               ? ngx_thread_ws_calls_result(reply,
                                        json_object_get(block, "tool_use_id"),
                                        json_object_get(block, "content"),
                                        ngx_thread_ws_anthropic_failed(block))
               : NGX_OK;
    }

    if (ngx_strstr(name, "tool_use")) {
        return (reply->want & NGX_THREAD_WS_WANT_TOOLS)
               ? ngx_thread_ws_anthropic_call(reply, block, index) : NGX_OK;
    }

    return ngx_thread_ws_anthropic_news(reply, type, block);
}


ngx_int_t
ngx_thread_ws_anthropic_goes(ngx_thread_ws_reply_t *reply, json_t *delta,
    ngx_int_t index)
{
    json_t                *type;
    ngx_thread_ws_call_t  *call;

    type = json_object_get(delta, "type");

    if (ngx_thread_ws_json_is(type, "thinking_delta")) {
        return ngx_thread_ws_parts_thought(reply,
                                           json_object_get(delta, "thinking"));
    }

    if (ngx_thread_ws_json_is(type, "citations_delta")) {
        return ngx_thread_ws_anthropic_source(reply,
                                           json_object_get(delta, "citation"));
    }

    if (ngx_thread_ws_json_is(type, "signature_delta")) {
        return ngx_thread_ws_anthropic_signed(reply,
                                        json_object_get(delta, "signature"), 0);
    }

    if (!ngx_thread_ws_json_is(type, "input_json_delta")) {
        return ngx_thread_ws_anthropic_news(reply, type, delta);
    }

    call = ngx_thread_ws_calls_at(reply, 0, index);

    return call ? ngx_thread_ws_calls_input(reply, call,
                                       json_object_get(delta, "partial_json"))
                : NGX_OK;
}


ngx_int_t
ngx_thread_ws_anthropic_ends(ngx_thread_ws_reply_t *reply, ngx_int_t index)
{
    ngx_thread_ws_call_t  *call;

    call = ngx_thread_ws_calls_at(reply, 0, index);

    return call ? ngx_thread_ws_calls_end(reply, call, NULL) : NGX_OK;
}


ngx_int_t
ngx_thread_ws_anthropic_news(ngx_thread_ws_reply_t *reply, json_t *type,
    json_t *value)
{
    return ngx_thread_ws_parts_data(reply, json_string_value(type), value);
}
