
/*
 * The messages of a request to Anthropic's API.  Calls are blocks of the answer
 * that has them, among its texts; their results are the first blocks of the
 * user's next message, before its text.
 */


#include "dialect/ngx_thread_ws_anthropic_prompt.h"
#include "dialect/ngx_thread_ws_anthropic_media.h"
#include "dialect/ngx_thread_ws_prompt_calls.h"
#include "dialect/ngx_thread_ws_prompt_list.h"
#include "dialect/ngx_thread_ws_turn.h"


static int ngx_thread_ws_anthropic_question(json_t *messages, json_t *open,
    json_t *results, json_t *content);
static int ngx_thread_ws_anthropic_answer(json_t *messages,
    ngx_thread_ws_prompt_t *prompt, ngx_thread_ws_exchange_t *exchange,
    json_t *open);


static ngx_thread_ws_prompt_writers_t  ngx_thread_ws_anthropic_writers = {
    ngx_thread_ws_anthropic_question,
    ngx_thread_ws_anthropic_answer,
    ngx_thread_ws_anthropic_part,
    0
};


json_t *
ngx_thread_ws_anthropic_messages(ngx_thread_ws_prompt_t *prompt)
{
    return ngx_thread_ws_prompt_list(prompt, &ngx_thread_ws_anthropic_writers);
}


/* blocks become a message of that role */

static int
ngx_thread_ws_anthropic_turn(json_t *messages, const char *role,
    json_t *blocks)
{
    return json_array_append_new(messages, json_pack("{s:s, s:o}", "role", role,
                                                     "content", blocks));
}


static int
ngx_thread_ws_anthropic_result(json_t *blocks, json_t *id, json_t *result)
{
    json_t      *block, *words;
    ngx_uint_t   failed;

    words = ngx_thread_ws_prompt_words(result, &failed);
    if (words == NULL) {
        return -1;
    }

    block = json_pack("{s:s, s:O}", "type", "tool_result", "tool_use_id", id);

    if (json_string_length(words)
        ? json_object_set(block, "content", words) : block == NULL)
    {
        goto failed;
    }

    if (failed && json_object_set_new(block, "is_error", json_true())) {
        goto failed;
    }

    json_decref(words);

    return json_array_append_new(blocks, block);

failed:

    json_decref(words);
    json_decref(block);

    return -1;
}


/* the API refuses a block of nothing but spaces */

static int
ngx_thread_ws_anthropic_text(json_t *blocks, ngx_str_t *text)
{
    if (ngx_thread_ws_prompt_blank(text)) {
        return 0;
    }

    return json_array_append_new(blocks,
               json_pack("{s:s, s:o}", "type", "text", "text",
                         json_stringn_nocheck((char *) text->data, text->len)));
}


static int
ngx_thread_ws_anthropic_question(json_t *messages, json_t *open,
    json_t *results, json_t *content)
{
    size_t      i;
    json_t     *call, *id, *blocks;
    ngx_str_t   text;

    blocks = json_array();

    json_array_foreach(open, i, call) {
        id = json_object_get(call, "toolCallId");

        if (ngx_thread_ws_anthropic_result(blocks, id,
                                           json_object_get(results,
                                                       json_string_value(id))))
        {
            json_decref(blocks);
            return -1;
        }
    }

    text.data = (u_char *) json_string_value(content);
    text.len = json_string_length(content);

    if (json_is_string(content) ? ngx_thread_ws_anthropic_text(blocks, &text)
                                : json_array_extend(blocks, content))
    {
        json_decref(blocks);
        return -1;
    }

    return ngx_thread_ws_anthropic_turn(messages, "user", blocks);
}


/* an input is an object to the API, whatever the model wrote */

static json_t *
ngx_thread_ws_anthropic_use(json_t *call)
{
    json_t  *input;

    input = json_object_get(call, "input");

    input = json_is_object(input) ? json_incref(input)
                                  : json_pack("{s:O}", "input", input);

    return json_pack("{s:s, s:O, s:O, s:o}", "type", "tool_use",
                     "id", json_object_get(call, "toolCallId"),
                     "name", json_object_get(call, "name"), "input", input);
}


/* thoughts that nobody signed the API does not take back */

static int
ngx_thread_ws_anthropic_thinks(json_t *blocks, json_t *part)
{
    json_t  *text, *signature, *redacted;

    redacted = json_object_get(part, "redacted");

    if (redacted) {
        return json_array_append_new(blocks,
                                     json_pack("{s:s, s:O}", "type",
                                               "redacted_thinking", "data",
                                               redacted));
    }

    text = json_object_get(part, "text");
    signature = json_object_get(part, "signature");

    return signature
           ? json_array_append_new(blocks,
                 json_pack("{s:s, s:o, s:O}", "type", "thinking", "thinking",
                           text ? json_incref(text) : json_string(""),
                           "signature", signature))
           : 0;
}


static int
ngx_thread_ws_anthropic_answer(json_t *messages,
    ngx_thread_ws_prompt_t *prompt, ngx_thread_ws_exchange_t *exchange,
    json_t *open)
{
    int         rc;
    size_t      i, n;
    json_t     *part, *blocks, *value;
    ngx_str_t   text;

    blocks = json_array();
    n = 0;

    json_array_foreach(exchange->parts, i, part) {
        rc = 0;

        if (part == json_array_get(open, n)) {
            rc = json_array_append_new(blocks,
                                       ngx_thread_ws_anthropic_use(part));
            n++;

        } else if (ngx_thread_ws_prompt_is(part, "text")) {
            value = json_object_get(part, "text");
            text.data = (u_char *) json_string_value(value);
            text.len = json_string_length(value);

            rc = ngx_thread_ws_anthropic_text(blocks, &text);

        } else if (prompt->reasoning
                   && ngx_thread_ws_prompt_is(part, "reasoning"))
        {
            rc = ngx_thread_ws_anthropic_thinks(blocks, part);
        }

        if (rc) {
            json_decref(blocks);
            return -1;
        }
    }

    return ngx_thread_ws_anthropic_turn(messages, "assistant", blocks);
}


/*
 * The model goes on with a last message that is its own.  What it has made so
 * far lies in a container, which it has to find again.
 */

json_t *
ngx_thread_ws_anthropic_again(ngx_thread_ws_reply_t *reply,
    ngx_str_t *request, ngx_str_t *text)
{
    json_t  *root, *blocks, *place;

    root = json_loadb((char *) request->data, request->len, JSON_ALLOW_NUL,
                      NULL);
    blocks = ngx_thread_ws_turn_blocks(reply->turn, text);
    place = ngx_thread_ws_turn_placed(reply->turn);

    if (root == NULL || blocks == NULL
        || (place && json_object_set(root, "container", place)))
    {
        goto failed;
    }

    if (json_array_size(blocks)
        && ngx_thread_ws_anthropic_turn(json_object_get(root, "messages"),
                                        "assistant", json_incref(blocks)))
    {
        goto failed;
    }

    json_decref(blocks);

    return root;

failed:

    json_decref(root);
    json_decref(blocks);

    return NULL;
}
