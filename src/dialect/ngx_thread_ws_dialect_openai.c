
/*
 * The chat completions API of OpenAI, as many servers speak it.
 *
 * An answer is some hundred chunks of some hundred bytes, of which a word is
 * of interest.  A scan finds it in one pass over the bytes, without memory,
 * and vouches for the chunk being JSON.  What it does not know for sure goes
 * to jansson, whose reading is the one that counts: both say the same of every
 * chunk.
 *
 * Only the choice with index 0 counts (without an index, the first).  Its text
 * is delta.content, a string or a list of text parts, or delta.refusal.  What
 * streams nothing sends it whole, as message.content.  Reasoning, calls of
 * tools, sources and what else there is are parts beside it, where they are
 * asked for.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_dialect.h"
#include "dialect/ngx_thread_ws_calls.h"
#include "dialect/ngx_thread_ws_openai_parts.h"
#include "dialect/ngx_thread_ws_openai_prompt.h"
#include "dialect/ngx_thread_ws_openai_scan.h"
#include "json/ngx_thread_ws_json_scan.h"


static json_t *ngx_thread_ws_openai_request(ngx_thread_ws_prompt_t *prompt);
static ngx_int_t ngx_thread_ws_openai_event(ngx_thread_ws_reply_t *reply,
    ngx_str_t *type, ngx_str_t *data);


/* events have no names, but for one that is an error */

static const char  *ngx_thread_ws_openai_events[] = { "error", NULL };


ngx_thread_ws_dialect_t  ngx_thread_ws_dialect_openai = {
    ngx_string("openai"),
    ngx_thread_ws_openai_request,
    ngx_thread_ws_openai_part,
    ngx_thread_ws_openai_event,
    ngx_thread_ws_openai_events,
    NULL,
    NULL,
    1,
    0,
    1,
    0,
    NULL,
    NULL
};


/*
 * Parameters win over the usage that is asked for, too: a null leaves it out,
 * for servers that do not know stream_options; an object is added to.
 */

static int
ngx_thread_ws_openai_options(json_t *root)
{
    json_t  *options;

    options = json_object_get(root, "stream_options");

    if (json_is_null(options)) {
        return json_object_del(root, "stream_options");
    }

    /* the parameters are not ours to change */

    options = json_is_object(options) ? json_copy(options) : json_object();

    if (options && json_object_get(options, "include_usage") == NULL
        && json_object_set_new(options, "include_usage", json_true()))
    {
        json_decref(options);
        return -1;
    }

    return json_object_set_new(root, "stream_options", options);
}


static json_t *
ngx_thread_ws_openai_request(ngx_thread_ws_prompt_t *prompt)
{
    json_t  *root;

    root = ngx_thread_ws_prompt_root(prompt, "model");

    if (json_object_set_new(root, "messages",
                            ngx_thread_ws_openai_messages(prompt))
        || json_object_set_new(root, "stream", json_true())
        || ngx_thread_ws_openai_options(root))
    {
        json_decref(root);
        return NULL;
    }

    return root;
}


/*
 * The text of a delta, or of the whole message that comes in its place; a
 * refusal is one, in the model's own words.
 */

static ngx_int_t
ngx_thread_ws_openai_read_delta(ngx_thread_ws_reply_t *reply, json_t *delta,
    ngx_uint_t whole)
{
    json_t     *refusal;
    ngx_int_t   rc;

    if (reply->want && !(whole && reply->reasoning)
        && ngx_thread_ws_openai_thoughts(reply, delta) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_thread_ws_reply_content(reply, json_object_get(delta, "content"));

    if (rc != NGX_OK) {
        return rc;
    }

    if (json_array_size(json_object_get(delta, "tool_calls"))
        || json_is_object(json_object_get(delta, "function_call")))
    {
        reply->tools = 1;
    }

    if (json_string_length(json_object_get(delta, "reasoning"))
        || json_string_length(json_object_get(delta, "reasoning_content")))
    {
        reply->reasoning = 1;
    }

    refusal = json_object_get(delta, "refusal");

    if (json_string_length(refusal)) {
        reply->refused = 1;

        if (ngx_thread_ws_reply_text(reply, json_string_value(refusal),
                                     json_string_length(refusal))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return reply->want ? ngx_thread_ws_openai_parts(reply, delta, whole)
                       : NGX_OK;
}


static ngx_int_t
ngx_thread_ws_openai_read_choice(ngx_thread_ws_reply_t *reply, json_t *choice)
{
    json_t      *delta, *finish;
    ngx_int_t    rc;
    ngx_uint_t   whole;

    delta = json_object_get(choice, "error");

    if (json_is_object(delta) || json_string_length(delta)) {
        return ngx_thread_ws_reply_abort(reply, delta);
    }

    delta = json_object_get(choice, "delta");

    if (delta && !json_is_object(delta) && !json_is_null(delta)) {
        return NGX_DECLINED;
    }

    ngx_thread_ws_reply_usage(reply, json_object_get(choice, "usage"),
                              "prompt_tokens", "completion_tokens");

    finish = json_object_get(choice, "finish_reason");

    ngx_thread_ws_reply_finish(reply, (u_char *) json_string_value(finish),
                               json_string_length(finish));

    whole = (json_object_size(delta) == 0 && !reply->text);

    if (whole) {

        /* some repeat the whole in the last chunk: then it was heard */

        delta = json_object_get(choice, "message");
    }

    rc = ngx_thread_ws_openai_read_delta(reply, delta, whole);

    if (rc != NGX_OK || reply->want == 0) {
        return rc;
    }

    if (json_string_length(finish)
        && ngx_thread_ws_calls_end_all(reply, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_openai_around(reply, choice,
                                       NGX_THREAD_WS_OPENAI_IN_CHOICE);
}


static ngx_int_t
ngx_thread_ws_openai_read_choices(ngx_thread_ws_reply_t *reply,
    json_t *choices)
{
    size_t   i;
    json_t  *choice, *index;

    json_array_foreach(choices, i, choice) {

        if (!json_is_object(choice)) {
            return NGX_DECLINED;
        }

        index = json_object_get(choice, "index");

        if (json_is_integer(index) ? json_integer_value(index) != 0 : i != 0) {
            continue;
        }

        reply->idle = 0;

        return ngx_thread_ws_openai_read_choice(reply, choice);
    }

    return NGX_OK;
}


static void
ngx_thread_ws_openai_read_usage(ngx_thread_ws_reply_t *reply, json_t *usage)
{
    ngx_thread_ws_reply_usage(reply, usage, "prompt_tokens",
                              "completion_tokens");

    ngx_thread_ws_reply_detail(reply,
                               json_object_get(usage, "prompt_tokens_details"),
                               "cached_tokens", NULL);
    ngx_thread_ws_reply_detail(reply,
                           json_object_get(usage, "completion_tokens_details"),
                           NULL, "reasoning_tokens");

    /* DeepSeek's and Moonshot's names for it */

    ngx_thread_ws_reply_detail(reply, usage, "prompt_cache_hit_tokens", NULL);
    ngx_thread_ws_reply_detail(reply, usage, "cached_tokens", NULL);
}


/* The reading that counts. */

static ngx_int_t
ngx_thread_ws_openai_read(ngx_thread_ws_reply_t *reply, json_t *root)
{
    json_t     *error, *choices;
    ngx_int_t   rc;

    if (json_is_array(root) && json_array_size(root) == 1) {

        /* Google's errors */

        root = json_array_get(root, 0);
    }

    if (!json_is_object(root)) {
        return NGX_DECLINED;
    }

    error = json_object_get(root, "error");

    if (json_is_object(error) || json_string_length(error)) {
        return ngx_thread_ws_reply_abort(reply, error);
    }

    choices = json_object_get(root, "choices");

    if (json_array_size(choices) == 0 && ngx_thread_ws_reply_failed(root)) {
        return ngx_thread_ws_reply_abort(reply, root);
    }

    ngx_thread_ws_openai_read_usage(reply, json_object_get(
                                   json_object_get(root, "x_groq"), "usage"));
    ngx_thread_ws_openai_read_usage(reply, json_object_get(root, "usage"));

    if (!json_is_object(json_object_get(root, "usage"))) {
        reply->idle = 1;
    }

    if (choices && !json_is_null(choices) && !json_is_array(choices)) {
        return NGX_DECLINED;
    }

    rc = ngx_thread_ws_openai_read_choices(reply, choices);

    if (rc == NGX_OK && reply->want) {
        rc = ngx_thread_ws_openai_around(reply, root,
                                         NGX_THREAD_WS_OPENAI_IN_ROOT);
    }

    if (rc == NGX_OK
        && ngx_thread_ws_json_is(json_object_get(root, "object"),
                                 "chat.completion")
        && json_object_get(json_array_get(choices, 0), "message"))
    {
        /* not a stream: this was all of it */

        reply->done = 1;
    }

    return rc;
}


/*
 * The data of an event that is no usual chunk: values, each on lines of its
 * own, and the end mark, which may stand on the last of them.
 */

static ngx_int_t
ngx_thread_ws_openai_lines(ngx_thread_ws_reply_t *reply, ngx_str_t *data)
{
    u_char     *last;
    ngx_int_t   rc;
    ngx_str_t   text;
    ngx_uint_t  marked;

    text = *data;
    last = text.data + text.len;

    marked = (text.len >= 6 && ngx_memcmp(last - 6, "[DONE]", 6) == 0
              && (text.len == 6 || last[-7] == LF));

    if (marked) {
        text.len -= 6;
    }

    rc = NGX_OK;

    if (text.len) {
        rc = ngx_thread_ws_reply_each(reply, &text, ngx_thread_ws_openai_read);
    }

    if (rc == NGX_OK && marked) {
        reply->done = 1;
        reply->idle |= (text.len == 0);
    }

    return rc;
}


static ngx_int_t
ngx_thread_ws_openai_event(ngx_thread_ws_reply_t *reply, ngx_str_t *type,
    ngx_str_t *data)
{
    u_char     *p, *last;
    ngx_str_t   text;

    if (ngx_thread_ws_string_is(type, "error")) {
        return ngx_thread_ws_reply_abort_data(reply, data);
    }

    last = data->data + data->len;
    p = ngx_thread_ws_json_space(data->data, last);

    while (last > p && last[-1] <= ' '
           && (last[-1] == ' ' || last[-1] == '\t' || last[-1] == LF
               || last[-1] == CR))
    {
        last--;
    }

    text.data = p;
    text.len = (size_t) (last - p);

    if (ngx_thread_ws_openai_scan(reply, &text) == NGX_OK) {
        return NGX_OK;
    }

    return ngx_thread_ws_openai_lines(reply, &text);
}
