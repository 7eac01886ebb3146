
/*
 * The Messages API of Anthropic.
 *
 * The answer is the text of all text blocks, in order; thinking, the use of
 * tools and citations are parts beside it, where they are asked for.  What
 * events and deltas there are besides may grow, by the API's own rules: what is
 * not known is passed over, or data.  Text on both sides of
 * a tool that the server itself used has a blank line between.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_anthropic_parts.h"
#include "dialect/ngx_thread_ws_anthropic_media.h"
#include "dialect/ngx_thread_ws_anthropic_prompt.h"
#include "dialect/ngx_thread_ws_dialect.h"
#include "dialect/ngx_thread_ws_parts.h"
#include "dialect/ngx_thread_ws_turn.h"
#include "json/ngx_thread_ws_json_scan.h"


/* the API has no default of its own; parameters win over this one */

#define NGX_THREAD_WS_ANTHROPIC_MAX_TOKENS  4096


static json_t *ngx_thread_ws_anthropic_request(ngx_thread_ws_prompt_t *prompt);
static ngx_int_t ngx_thread_ws_anthropic_event(ngx_thread_ws_reply_t *reply,
    ngx_str_t *type, ngx_str_t *data);


static const char  *ngx_thread_ws_anthropic_events[] = {
    "message_start", "message_delta", "message_stop", "content_block_start",
    "content_block_delta", "content_block_stop", "error", NULL
};


static ngx_keyval_t  ngx_thread_ws_anthropic_headers[] = {
    { ngx_string("anthropic-version"), ngx_string("2023-06-01") },
    { ngx_null_string, ngx_null_string }
};


ngx_thread_ws_dialect_t  ngx_thread_ws_dialect_anthropic = {
    ngx_string("anthropic"),
    ngx_thread_ws_anthropic_request,
    ngx_thread_ws_anthropic_part,
    ngx_thread_ws_anthropic_event,
    ngx_thread_ws_anthropic_events,
    NULL,
    ngx_thread_ws_anthropic_headers,
    1,
    0,
    1,
    0,
    NULL,
    ngx_thread_ws_anthropic_again
};


static json_t *
ngx_thread_ws_anthropic_request(ngx_thread_ws_prompt_t *prompt)
{
    json_t  *root;

    root = ngx_thread_ws_prompt_root(prompt, "model");

    if (prompt->system_prompt.len
        && ngx_thread_ws_prompt_default(root, "system",
                                        (char *) prompt->system_prompt.data,
                                        prompt->system_prompt.len))
    {
        goto failed;
    }

    if (json_object_get(root, "max_tokens") == NULL
        && json_object_set_new(root, "max_tokens",
                            json_integer(NGX_THREAD_WS_ANTHROPIC_MAX_TOKENS)))
    {
        goto failed;
    }

    if (json_object_set_new(root, "messages",
                            ngx_thread_ws_anthropic_messages(prompt))
        || json_object_set_new(root, "stream", json_true()))
    {
        goto failed;
    }

    return root;

failed:

    json_decref(root);

    return NULL;
}


static ngx_int_t
ngx_thread_ws_anthropic_abort(ngx_thread_ws_reply_t *reply, json_t *root)
{
    json_t  *error;

    error = json_object_get(root, "error");

    return ngx_thread_ws_reply_abort(reply, error ? error : root);
}


/* Text of a block, after a blank line where a tool was used in between. */

static ngx_int_t
ngx_thread_ws_anthropic_say(ngx_thread_ws_reply_t *reply, json_t *text,
    ngx_int_t index)
{
    if (text == NULL || json_is_null(text)) {
        return NGX_OK;
    }

    if (!json_is_string(text)) {
        return NGX_DECLINED;
    }

    if (json_string_length(text) == 0) {
        return NGX_OK;
    }

    if (reply->gap) {
        reply->gap = 0;

        if (ngx_thread_ws_reply_text(reply, "\n\n", 2) != NGX_OK) {
            return NGX_ERROR;
        }

        if (reply->turn) {
            ngx_thread_ws_turn_skip(reply, sizeof("\\n\\n") - 1);
        }
    }

    if (reply->parts
        && ngx_thread_ws_anthropic_speaks(reply, index) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_reply_text(reply, json_string_value(text),
                                    json_string_length(text));
}


/* A block that begins, or stands whole in a message that is no stream. */

static ngx_int_t
ngx_thread_ws_anthropic_block(ngx_thread_ws_reply_t *reply, json_t *block,
    ngx_int_t index)
{
    json_t      *type;
    ngx_int_t    rc;
    const char  *name;

    type = json_object_get(block, "type");
    name = json_string_value(type);

    if (name == NULL) {
        return NGX_OK;
    }

    if (reply->turn && ngx_thread_ws_turn_begins(reply, block) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_thread_ws_json_is(type, "text")) {
        rc = ngx_thread_ws_anthropic_say(reply, json_object_get(block, "text"),
                                         index);

        return (rc == NGX_OK && reply->want)
               ? ngx_thread_ws_anthropic_begins(reply, block, index) : rc;
    }

    if (ngx_thread_ws_json_is(type, "tool_use")) {
        reply->tools = 1;

    } else if (ngx_strstr(name, "thinking")) {
        reply->reasoning = 1;

    } else if (ngx_strstr(name, "tool")
               && (reply->text || reply->delta.len))
    {
        reply->gap = 1;
    }

    return reply->want ? ngx_thread_ws_anthropic_begins(reply, block, index)
                       : NGX_OK;
}


/* A delta of an unnamed kind that has a text is one of text. */

static ngx_int_t
ngx_thread_ws_anthropic_delta(ngx_thread_ws_reply_t *reply, json_t *delta,
    ngx_int_t index)
{
    json_t  *type;

    type = json_object_get(delta, "type");

    if (json_is_string(type) && !ngx_thread_ws_json_is(type, "text_delta")) {

        if (reply->turn && ngx_thread_ws_turn_goes(reply, delta) != NGX_OK) {
            return NGX_ERROR;
        }

        return reply->want ? ngx_thread_ws_anthropic_goes(reply, delta, index)
                           : NGX_OK;
    }

    return ngx_thread_ws_anthropic_say(reply, json_object_get(delta, "text"),
                                       index);
}


/*
 * Tokens that were read from the API's cache, or written to it, are not among
 * its input_tokens.  All are counted from the beginning of the message, not of
 * an event, and the last event does not have all.
 */

static void
ngx_thread_ws_anthropic_usage(ngx_thread_ws_reply_t *reply, json_t *usage)
{
    ngx_int_t    input, sum;
    ngx_uint_t   i;

    static const char  *names[] = {
        "input_tokens", "cache_creation_input_tokens",
        "cache_read_input_tokens"
    };

    input = reply->input_tokens;
    sum = 0;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        reply->input_tokens = 0;
        ngx_thread_ws_reply_usage(reply, usage, names[i], NULL);

        sum = ngx_min(sum, NGX_MAX_INT32_VALUE - reply->input_tokens)
              + reply->input_tokens;
    }

    reply->input_tokens = ngx_max(input, sum);

    ngx_thread_ws_reply_usage(reply, usage, NULL, "output_tokens");
    ngx_thread_ws_reply_detail(reply, usage, "cache_read_input_tokens", NULL);
}


/* where the API has put the files of a message */

static void
ngx_thread_ws_anthropic_place(ngx_thread_ws_reply_t *reply, json_t *message)
{
    json_t  *container;

    container = json_object_get(message, "container");

    if (reply->turn && container) {
        ngx_thread_ws_turn_place(reply, json_object_get(container, "id"));
    }
}


/* How a message ended: in an event, or in a message that is no stream. */

static ngx_int_t
ngx_thread_ws_anthropic_stop(ngx_thread_ws_reply_t *reply, json_t *end,
    json_t *usage)
{
    json_t  *reason, *details;

    reason = json_object_get(end, "stop_reason");

    ngx_thread_ws_reply_finish(reply, (u_char *) json_string_value(reason),
                               json_string_length(reason));

    ngx_thread_ws_anthropic_usage(reply, usage);

    ngx_thread_ws_anthropic_place(reply, end);

    details = json_object_get(end, "stop_details");

    /* the memory for words is the delta's */

    return reply->delta.len ? NGX_OK
           : ngx_thread_ws_reply_explain(reply,
                                      json_object_get(details, "explanation"));
}


static ngx_int_t
ngx_thread_ws_anthropic_message(ngx_thread_ws_reply_t *reply, json_t *message)
{
    size_t      i;
    json_t     *block, *content;
    ngx_int_t   rc;

    content = json_object_get(message, "content");

    if (reply->want
        && ngx_thread_ws_anthropic_named(reply, message) != NGX_OK)
    {
        return NGX_ERROR;
    }

    json_array_foreach(content, i, block) {
        rc = ngx_thread_ws_anthropic_block(reply, block, (ngx_int_t) i);

        if (rc == NGX_OK && reply->want) {
            rc = ngx_thread_ws_anthropic_ends(reply, (ngx_int_t) i);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    reply->done = 1;

    return ngx_thread_ws_anthropic_stop(reply, message,
                                        json_object_get(message, "usage"));
}


static ngx_int_t
ngx_thread_ws_anthropic_starts(ngx_thread_ws_reply_t *reply, json_t *message)
{
    ngx_thread_ws_anthropic_usage(reply, json_object_get(message, "usage"));
    ngx_thread_ws_anthropic_place(reply, message);

    return reply->want ? ngx_thread_ws_anthropic_named(reply, message)
                       : NGX_OK;
}


static ngx_int_t
ngx_thread_ws_anthropic_typed(ngx_thread_ws_reply_t *reply, json_t *root,
    json_t *type)
{
    ngx_int_t  index;

    index = (ngx_int_t) json_integer_value(json_object_get(root, "index"));

    if (ngx_thread_ws_json_is(type, "content_block_delta")) {
        return ngx_thread_ws_anthropic_delta(reply,
                                             json_object_get(root, "delta"),
                                             index);
    }

    if (ngx_thread_ws_json_is(type, "content_block_start")) {
        return ngx_thread_ws_anthropic_block(reply,
                                      json_object_get(root, "content_block"),
                                      index);
    }

    if (ngx_thread_ws_json_is(type, "content_block_stop")) {
        return reply->want ? ngx_thread_ws_anthropic_ends(reply, index)
                           : NGX_OK;
    }

    if (ngx_thread_ws_json_is(type, "message_start")) {
        return ngx_thread_ws_anthropic_starts(reply,
                                           json_object_get(root, "message"));
    }

    if (ngx_thread_ws_json_is(type, "message_delta")) {
        return ngx_thread_ws_anthropic_stop(reply,
                                            json_object_get(root, "delta"),
                                            json_object_get(root, "usage"));
    }

    if (ngx_thread_ws_json_is(type, "message_stop")) {
        reply->done = 1;
        return NGX_OK;
    }

    if (ngx_thread_ws_json_is(type, "message")) {
        return ngx_thread_ws_anthropic_message(reply, root);
    }

    if (ngx_thread_ws_json_is(type, "error")) {
        return ngx_thread_ws_anthropic_abort(reply, root);
    }

    /* a ping, or an event of a new kind */

    reply->idle = 1;

    return (reply->want && !ngx_thread_ws_json_is(type, "ping"))
           ? ngx_thread_ws_anthropic_news(reply, type, root) : NGX_OK;
}


static ngx_int_t
ngx_thread_ws_anthropic_read(ngx_thread_ws_reply_t *reply, json_t *root)
{
    json_t  *type;

    if (json_is_array(root) && json_array_size(root) == 1) {
        root = json_array_get(root, 0);
    }

    if (!json_is_object(root)) {
        return NGX_DECLINED;
    }

    type = json_object_get(root, "type");

    if (json_is_string(type)
        && !json_is_object(json_object_get(root, "error")))
    {
        return ngx_thread_ws_anthropic_typed(reply, root, type);
    }

    /* gateways for several APIs tell errors by the form of another one */

    if (ngx_thread_ws_reply_failed(root)) {
        return ngx_thread_ws_anthropic_abort(reply, root);
    }

    reply->idle = 1;

    return NGX_OK;
}


/*
 * A piece of text as the API writes it, read without building a tree: NGX_OK,
 * or NGX_DECLINED where another form, or more than the text, is for the others.
 */

static ngx_int_t
ngx_thread_ws_anthropic_scan(ngx_thread_ws_reply_t *reply, ngx_str_t *data)
{
    u_char     *p, *last;
    size_t      size;
    ngx_int_t   index;
    ngx_str_t   text;

    static const ngx_str_t  begin =
        ngx_string("{\"type\":\"content_block_delta\",\"index\":");
    static const ngx_str_t  middle =
        ngx_string(",\"delta\":{\"type\":\"text_delta\",\"text\":\"");

    p = data->data;
    last = p + data->len;

    if (data->len < begin.len + 1 + middle.len
        || ngx_memcmp(p, begin.data, begin.len) != 0
        || ngx_memcmp(p + begin.len + 1, middle.data, middle.len) != 0)
    {
        return NGX_DECLINED;
    }

    p += begin.len;
    index = *p++ - '0';

    if (index < 0 || index > 9) {
        return NGX_DECLINED;
    }

    text.data = p + middle.len;
    p = ngx_thread_ws_json_string(text.data, last, &size);

    if (p == NULL || p == text.data || last - p < 3 || p[1] != '}') {
        return NGX_DECLINED;
    }

    text.len = (size_t) (p - text.data);

    /* the API writes spaces before the last brace, more or fewer of them */

    p = ngx_thread_ws_json_space(p + 2, last);

    if (p == last || *p != '}' || ngx_thread_ws_json_space(p + 1, last) != last
        || reply->gap || reply->half
        || (reply->parts && reply->parts->block != index))
    {
        return NGX_DECLINED;
    }

    reply->delta = text;
    reply->delta_size = size;

    if (reply->parts == NULL) {
        reply->same = text;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_anthropic_event(ngx_thread_ws_reply_t *reply, ngx_str_t *type,
    ngx_str_t *data)
{
    ngx_int_t  rc;

    if ((type->len == 0 || ngx_thread_ws_string_is(type, "content_block_delta"))
        && ngx_thread_ws_anthropic_scan(reply, data) == NGX_OK)
    {
        return NGX_OK;
    }

    if (ngx_thread_ws_string_is(data, "[DONE]")) {

        /* the end mark of another API, which some gateways add */

        reply->idle = 1;
        return NGX_OK;
    }

    rc = ngx_thread_ws_reply_each(reply, data, ngx_thread_ws_anthropic_read);

    if (ngx_thread_ws_string_is(type, "error")
        && (rc == NGX_DECLINED || rc == NGX_OK))
    {
        return ngx_thread_ws_reply_abort_data(reply, data);
    }

    return rc;
}
