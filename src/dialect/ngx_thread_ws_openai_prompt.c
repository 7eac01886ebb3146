
/*
 * The messages of a request to OpenAI's API.  Calls stand beside the text of
 * the answer that has them, and right after it a message of the role "tool" for
 * each of them.
 */


#include "dialect/ngx_thread_ws_openai_prompt.h"
#include "dialect/ngx_thread_ws_prompt_calls.h"
#include "dialect/ngx_thread_ws_prompt_list.h"
#include "json/ngx_thread_ws_json_write.h"


static int ngx_thread_ws_openai_question(json_t *messages, json_t *open,
    json_t *results, ngx_str_t *text);
static int ngx_thread_ws_openai_answer(json_t *messages,
    ngx_thread_ws_exchange_t *exchange, json_t *open);


static ngx_thread_ws_prompt_writers_t  ngx_thread_ws_openai_writers = {
    ngx_thread_ws_openai_question,
    ngx_thread_ws_openai_answer
};


json_t *
ngx_thread_ws_openai_messages(ngx_thread_ws_prompt_t *prompt)
{
    json_t  *messages;

    messages = json_array();

    if ((prompt->system_prompt.len
         && ngx_thread_ws_prompt_message(messages, "system",
                                         &prompt->system_prompt))
        || ngx_thread_ws_prompt_list(messages, prompt,
                                     &ngx_thread_ws_openai_writers))
    {
        json_decref(messages);
        return NULL;
    }

    return messages;
}


/* the API has no mark for a result that is an error, but for words */

static json_t *
ngx_thread_ws_openai_words(json_t *result)
{
    json_t      *words, *text;
    ngx_uint_t   failed;

    words = ngx_thread_ws_prompt_words(result, &failed);

    if (words == NULL || result == NULL || !failed) {
        return words;
    }

    text = json_sprintf("Error: %s", json_string_value(words));

    json_decref(words);

    return text;
}


static int
ngx_thread_ws_openai_question(json_t *messages, json_t *open, json_t *results,
    ngx_str_t *text)
{
    size_t   i;
    json_t  *call, *id, *message;

    json_array_foreach(open, i, call) {
        id = json_object_get(call, "toolCallId");

        message = json_pack("{s:s, s:O, s:o}", "role", "tool", "tool_call_id",
                            id, "content",
                            ngx_thread_ws_openai_words(
                                json_object_get(results,
                                                json_string_value(id))));

        if (json_array_append_new(messages, message)) {
            return -1;
        }
    }

    return text->len ? ngx_thread_ws_prompt_message(messages, "user", text) : 0;
}


/* arguments are JSON in a text */

static json_t *
ngx_thread_ws_openai_arguments(json_t *input)
{
    json_t                 *text;
    ngx_thread_ws_bytes_t   bytes;

    ngx_memzero(&bytes, sizeof(ngx_thread_ws_bytes_t));

    text = (input && ngx_thread_ws_json_write(&bytes, input) == NGX_OK)
           ? json_stringn_nocheck((char *) bytes.data, bytes.len) : NULL;

    ngx_thread_ws_bytes_free(&bytes);

    return text;
}


static int
ngx_thread_ws_openai_answer(json_t *messages,
    ngx_thread_ws_exchange_t *exchange, json_t *open)
{
    size_t   i;
    json_t  *call, *calls, *message;

    calls = json_array();

    json_array_foreach(open, i, call) {

        if (json_array_append_new(calls,
                json_pack("{s:O, s:s, s:{s:O, s:o}}",
                          "id", json_object_get(call, "toolCallId"),
                          "type", "function", "function",
                          "name", json_object_get(call, "name"),
                          "arguments", ngx_thread_ws_openai_arguments(
                                           json_object_get(call, "input")))))
        {
            json_decref(calls);
            return -1;
        }
    }

    message = json_pack("{s:s, s:o}", "role", "assistant", "content",
                        ngx_thread_ws_prompt_blank(&exchange->answer)
                        ? json_null()
                        : json_stringn_nocheck((char *) exchange->answer.data,
                                               exchange->answer.len));

    if (json_object_set_new(message, "tool_calls", calls)) {
        json_decref(message);
        return -1;
    }

    return json_array_append_new(messages, message);
}
