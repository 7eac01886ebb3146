
/*
 * The messages of a request to OpenAI's API.  Calls stand beside the text of
 * the answer that has them, and right after it a message of the role "tool" for
 * each of them.
 */


#include "dialect/ngx_thread_ws_openai_prompt.h"
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_prompt_calls.h"
#include "dialect/ngx_thread_ws_prompt_list.h"
#include "dialect/ngx_thread_ws_prompt_parts.h"
#include "json/ngx_thread_ws_json_write.h"


static int ngx_thread_ws_openai_question(json_t *messages, json_t *open,
    json_t *results, json_t *content);
static int ngx_thread_ws_openai_answer(json_t *messages,
    ngx_thread_ws_prompt_t *prompt, ngx_thread_ws_exchange_t *exchange,
    json_t *open);


static ngx_thread_ws_prompt_writers_t  ngx_thread_ws_openai_writers = {
    ngx_thread_ws_openai_question,
    ngx_thread_ws_openai_answer,
    ngx_thread_ws_openai_part,
    1
};


json_t *
ngx_thread_ws_openai_messages(ngx_thread_ws_prompt_t *prompt)
{
    return ngx_thread_ws_prompt_list(prompt, &ngx_thread_ws_openai_writers);
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
    json_t *content)
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

    if (json_is_string(content) && json_string_length(content) == 0) {
        return 0;
    }

    return json_array_append_new(messages,
                                 json_pack("{s:s, s:O}", "role", "user",
                                           "content", content));
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


/* all thoughts of an answer, or with a tag all of it, these in tags */

static json_t *
ngx_thread_ws_openai_thoughts(ngx_thread_ws_exchange_t *exchange,
    ngx_str_t *tag)
{
    size_t                  i;
    json_t                 *part, *text, *all;
    ngx_int_t               rc;
    ngx_uint_t              thought, n;
    ngx_thread_ws_bytes_t   bytes;

    ngx_memzero(&bytes, sizeof(ngx_thread_ws_bytes_t));
    rc = NGX_OK;

    json_array_foreach(exchange->parts, i, part) {
        thought = ngx_thread_ws_prompt_is(part, "reasoning");
        text = json_object_get(part, "text");

        if (text == NULL || !(thought || tag->len)) {
            continue;
        }

        ngx_str_t  piece[] = {
            ngx_string("<"), *tag, ngx_string(">"),
            { json_string_length(text), (u_char *) json_string_value(text) },
            ngx_string("</"), *tag, ngx_string(">\n\n")
        };

        for (n = 0; n < 7 && rc == NGX_OK; n++) {

            if (n == 3 || (thought && tag->len)) {
                rc = ngx_thread_ws_bytes_add(&bytes, piece[n].data,
                                             piece[n].len);
            }
        }
    }

    all = (rc == NGX_OK)
          ? json_stringn_nocheck(bytes.len ? (char *) bytes.data : "",
                                 bytes.len)
          : NULL;

    ngx_thread_ws_bytes_free(&bytes);

    return all;
}


static json_t *
ngx_thread_ws_openai_calls(json_t *open)
{
    size_t   i;
    json_t  *call, *calls;

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
            return NULL;
        }
    }

    return calls;
}


/* servers that give thoughts a member of their own take them back there */

static int
ngx_thread_ws_openai_answer(json_t *messages, ngx_thread_ws_prompt_t *prompt,
    ngx_thread_ws_exchange_t *exchange, json_t *open)
{
    json_t  *message, *content, *thoughts;

    thoughts = NULL;

    if (prompt->reasoning) {
        thoughts = ngx_thread_ws_openai_thoughts(exchange, &prompt->tag);
        if (thoughts == NULL) {
            return -1;
        }
    }

    if (json_string_length(thoughts) && prompt->tag.len) {
        content = json_incref(thoughts);

    } else {
        content = ngx_thread_ws_prompt_blank(&exchange->answer)
                  ? json_null()
                  : json_stringn_nocheck((char *) exchange->answer.data,
                                         exchange->answer.len);
    }

    message = json_pack("{s:s, s:o}", "role", "assistant", "content", content);

    if ((json_string_length(thoughts) && prompt->tag.len == 0
         && json_object_set(message, "reasoning_content", thoughts))
        || (json_array_size(open)
            && json_object_set_new(message, "tool_calls",
                                   ngx_thread_ws_openai_calls(open))))
    {
        json_decref(thoughts);
        json_decref(message);
        return -1;
    }

    json_decref(thoughts);

    return json_array_append_new(messages, message);
}


/* a sound is told by the name of its format, of which there are two */

static json_t *
ngx_thread_ws_openai_audio(ngx_str_t *type, ngx_str_t *data, char **why)
{
    ngx_uint_t    i;

    static const char  *formats[][2] = {
        { "audio/wav", "wav" },
        { "audio/wave", "wav" },
        { "audio/x-wav", "wav" },
        { "audio/vnd.wave", "wav" },
        { "audio/mpeg", "mp3" },
        { "audio/mp3", "mp3" }
    };

    for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {

        if (ngx_thread_ws_string_is_same(type, formats[i][0])) {
            return json_pack("{s:s, s:{s:s%, s:s}}", "type", "input_audio",
                             "input_audio", "data", data->data, data->len,
                             "format", formats[i][1]);
        }
    }

    *why = "content: this agent takes audio/wav and audio/mpeg as audio";

    return NULL;
}


json_t *
ngx_thread_ws_openai_part(json_t *part, char **why)
{
    json_t      *name, *url;
    ngx_str_t    type, data;
    ngx_uint_t   inside;

    if (ngx_thread_ws_prompt_is(part, "text")) {
        return json_incref(part);
    }

    inside = ngx_thread_ws_prompt_data(part, &type, &data);
    url = json_object_get(part, "url");

    if (ngx_thread_ws_prompt_is(part, "image")) {
        return json_pack("{s:s, s:{s:O}}", "type", "image_url", "image_url",
                         "url", url);
    }

    if (!inside) {
        *why = "content: this agent takes files and audio by data: alone";
        return NULL;
    }

    if (ngx_thread_ws_prompt_is(part, "audio")) {
        return ngx_thread_ws_openai_audio(&type, &data, why);
    }

    name = json_object_get(part, "filename");

    return json_pack("{s:s, s:{s:o, s:O}}", "type", "file", "file",
                     "filename", name ? json_incref(name) : json_string("file"),
                     "file_data", url);
}
