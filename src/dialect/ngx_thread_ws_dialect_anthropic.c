
/*
 * The Messages API of Anthropic.
 *
 * The answer is the text of all text blocks, in order; thinking and the use of
 * tools are no tokens.  What events and deltas there are besides may grow, by
 * the API's own rules: what is not known is passed over.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"
#include "base/ngx_thread_ws_string.h"


/* the API has no default of its own; parameters win over this one */

#define NGX_THREAD_WS_ANTHROPIC_MAX_TOKENS  4096


static json_t *ngx_thread_ws_anthropic_request(ngx_thread_ws_prompt_t *prompt);
static ngx_int_t ngx_thread_ws_anthropic_event(ngx_thread_ws_reply_t *reply,
    ngx_str_t *type, ngx_str_t *data);


static ngx_keyval_t  ngx_thread_ws_anthropic_headers[] = {
    { ngx_string("anthropic-version"), ngx_string("2023-06-01") },
    { ngx_null_string, ngx_null_string }
};


ngx_thread_ws_dialect_t  ngx_thread_ws_dialect_anthropic = {
    ngx_string("anthropic"),
    ngx_thread_ws_anthropic_request,
    ngx_thread_ws_anthropic_event,
    ngx_thread_ws_reply_error,
    ngx_thread_ws_anthropic_headers,
    1,
    NULL
};


/* the errors that a retry may not meet again */

static const char  *ngx_thread_ws_anthropic_retryable[] = {
    "overloaded_error", "rate_limit_error", "api_error", "timeout_error", NULL
};


/* The API refuses a message of nothing but spaces. */

static ngx_uint_t
ngx_thread_ws_anthropic_blank(ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] > ' ') {
            return 0;
        }
    }

    return 1;
}


static json_t *
ngx_thread_ws_anthropic_messages(ngx_thread_ws_prompt_t *prompt)
{
    json_t                    *messages;
    ngx_uint_t                 i;
    ngx_thread_ws_exchange_t  *exchange;

    messages = json_array();

    for (i = 0; i < prompt->nhistory; i++) {

        exchange = &prompt->history[i];

        if (ngx_thread_ws_prompt_message(messages, "user",
                                         &exchange->content))
        {
            goto failed;
        }

        /* without it the API joins the two messages of the user */

        if (!ngx_thread_ws_anthropic_blank(&exchange->answer)
            && ngx_thread_ws_prompt_message(messages, "assistant",
                                            &exchange->answer))
        {
            goto failed;
        }
    }

    if (ngx_thread_ws_prompt_message(messages, "user", &prompt->content)) {
        goto failed;
    }

    return messages;

failed:

    json_decref(messages);

    return NULL;
}


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
    json_t       *error, *type;
    const char  **name;

    error = json_object_get(root, "error");

    if (ngx_thread_ws_reply_abort(reply, error ? error : root) != NGX_ABORT) {
        return NGX_ERROR;
    }

    type = json_object_get(error, "type");

    if (json_is_string(type)) {
        reply->retryable = 0;

        for (name = ngx_thread_ws_anthropic_retryable; *name; name++) {

            if (ngx_thread_ws_json_is(type, *name)) {
                reply->retryable = 1;
            }
        }
    }

    return NGX_ABORT;
}


/* A text, which must be a string if it is there. */

static ngx_int_t
ngx_thread_ws_anthropic_text(ngx_thread_ws_reply_t *reply, json_t *block,
    const char *type)
{
    json_t  *text;

    if (!json_is_object(block)) {
        return NGX_DECLINED;
    }

    if (!ngx_thread_ws_json_is(json_object_get(block, "type"), type)) {
        return NGX_OK;
    }

    text = json_object_get(block, "text");

    return json_is_string(text)
           ? ngx_thread_ws_reply_text(reply, json_string_value(text),
                                      json_string_length(text))
           : NGX_DECLINED;
}


static void
ngx_thread_ws_anthropic_stop(ngx_thread_ws_reply_t *reply, json_t *root)
{
    json_t  *reason;

    reason = json_object_get(json_object_get(root, "delta"), "stop_reason");

    ngx_thread_ws_reply_finish(reply, (u_char *) json_string_value(reason),
                               json_string_length(reason));

    /* counted from the beginning of the message, not of this event */

    ngx_thread_ws_reply_usage(reply, json_object_get(root, "usage"),
                              "input_tokens", "output_tokens");
}


static ngx_int_t
ngx_thread_ws_anthropic_read(ngx_thread_ws_reply_t *reply, json_t *root)
{
    json_t  *type, *message;

    type = json_object_get(root, "type");

    if (!json_is_string(type)) {
        return NGX_DECLINED;
    }

    if (ngx_thread_ws_json_is(type, "content_block_delta")) {
        return ngx_thread_ws_anthropic_text(reply,
                                            json_object_get(root, "delta"),
                                            "text_delta");
    }

    if (ngx_thread_ws_json_is(type, "content_block_start")) {
        return ngx_thread_ws_anthropic_text(reply,
                                       json_object_get(root, "content_block"),
                                       "text");
    }

    if (ngx_thread_ws_json_is(type, "message_start")) {
        message = json_object_get(root, "message");

        ngx_thread_ws_reply_usage(reply, json_object_get(message, "usage"),
                                  "input_tokens", "output_tokens");

    } else if (ngx_thread_ws_json_is(type, "message_delta")) {
        ngx_thread_ws_anthropic_stop(reply, root);

    } else if (ngx_thread_ws_json_is(type, "message_stop")) {
        reply->done = 1;

    } else if (ngx_thread_ws_json_is(type, "error")) {
        return ngx_thread_ws_anthropic_abort(reply, root);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_anthropic_event(ngx_thread_ws_reply_t *reply, ngx_str_t *type,
    ngx_str_t *data)
{
    json_t     *root;
    ngx_int_t   rc;

    ngx_thread_ws_reply_next(reply);

    if (reply->done) {
        return NGX_OK;
    }

    rc = ngx_thread_ws_reply_load(&root, data);

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_anthropic_read(reply, root);
        json_decref(root);
    }

    if (rc == NGX_DECLINED && ngx_thread_ws_string_is(type, "error")) {
        return ngx_thread_ws_reply_abort_data(reply, data);
    }

    return rc;
}
