
/*
 * The table of dialects, and what they share: pieces of request bodies, and
 * replies filled from trees that jansson read.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json.h"


/* the agent's words, and how deep in an error object they are looked for */

#define NGX_THREAD_WS_ERROR_MAX    300
#define NGX_THREAD_WS_ERROR_DEPTH  4


ngx_thread_ws_dialect_t  *ngx_thread_ws_dialects[] = {
    &ngx_thread_ws_dialect_openai,
    &ngx_thread_ws_dialect_anthropic,
    &ngx_thread_ws_dialect_langgraph,
    NULL
};


/* where agents put their words for people, the best first */

static const char  *ngx_thread_ws_error_words[] = {
    "message", "error", "detail", "msg", NULL
};


/* where they say what kind of error it is */

static const char  *ngx_thread_ws_error_kinds[] = {
    "code", "type", "status", "error", NULL
};


/* parts of names of errors that a retry would meet again */

static char  *ngx_thread_ws_error_final[] = {
    "invalid", "bad_request", "badrequest", "unprocessable", "authentication",
    "unauthorized", "permission", "forbidden", "not_found", "notfound",
    "too_large", "context_length", "content_filter", "content_policy",
    "billing", NULL
};


ngx_thread_ws_dialect_t *
ngx_thread_ws_dialect_find(ngx_str_t *name)
{
    ngx_thread_ws_dialect_t  **d;

    for (d = ngx_thread_ws_dialects; *d; d++) {

        if (ngx_thread_ws_string_equal(name, &(*d)->name)) {
            return *d;
        }
    }

    return NULL;
}


json_t *
ngx_thread_ws_prompt_root(ngx_thread_ws_prompt_t *prompt, const char *name)
{
    json_t  *root;

    root = json_object();

    if (prompt->model.len
        && ngx_thread_ws_prompt_default(root, name,
                                        (char *) prompt->model.data,
                                        prompt->model.len))
    {
        goto failed;
    }

    if (prompt->parameters && json_object_update(root, prompt->parameters)) {
        goto failed;
    }

    return root;

failed:

    json_decref(root);

    return NULL;
}


int
ngx_thread_ws_prompt_default(json_t *root, const char *name, const char *text,
    size_t len)
{
    if (json_object_get(root, name)) {
        return 0;
    }

    return json_object_set_new(root, name, json_stringn_nocheck(text, len));
}


int
ngx_thread_ws_prompt_message(json_t *messages, const char *role,
    ngx_str_t *content)
{
    char    *text;
    json_t  *message;

    text = content->len ? (char *) content->data : "";
    message = json_object();

    if (json_object_set_new(message, "role", json_string(role))
        || json_object_set_new(message, "content",
                               json_stringn_nocheck(text, content->len)))
    {
        json_decref(message);
        return -1;
    }

    return json_array_append_new(messages, message);
}


void
ngx_thread_ws_reply_free(ngx_thread_ws_reply_t *reply)
{
    free(reply->buf);
    free(reply->envelope);

    ngx_memzero(reply, sizeof(ngx_thread_ws_reply_t));
}


void
ngx_thread_ws_reply_next(ngx_thread_ws_reply_t *reply)
{
    ngx_str_null(&reply->delta);
    ngx_str_null(&reply->error);

    reply->delta_size = 0;
    reply->retryable = 0;
}


ngx_int_t
ngx_thread_ws_reply_load(json_t **root, ngx_str_t *data)
{
    json_error_t  error;

    *root = json_loadb((char *) data->data, data->len,
                       JSON_DECODE_ANY|JSON_ALLOW_NUL, &error);

    if (*root) {
        return NGX_OK;
    }

    /* without memory jansson may say nothing at all */

    return (error.text[0] == '\0'
            || json_error_code(&error) == json_error_out_of_memory)
           ? NGX_ERROR : NGX_DECLINED;
}


static ngx_int_t
ngx_thread_ws_reply_reserve(ngx_thread_ws_reply_t *reply, size_t size)
{
    u_char  *buf;

    if (size <= reply->size) {
        return NGX_OK;
    }

    size = ngx_max(size, 2 * reply->size);

    buf = realloc(reply->buf, size);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    reply->buf = buf;
    reply->size = size;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_reply_text(ngx_thread_ws_reply_t *reply, const char *text,
    size_t len)
{
    size_t   i;
    u_char  *p;

    p = (u_char *) text;

    if (len == 0) {
        return NGX_OK;
    }

    if (ngx_thread_ws_reply_reserve(reply, reply->delta.len
                                    + ngx_thread_ws_json_escaped_size(p, len))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    reply->delta.data = reply->buf;
    reply->delta.len = (size_t)
        (ngx_thread_ws_json_escape(reply->buf + reply->delta.len, p, len)
         - reply->buf);

    reply->delta_size += len;

    for (i = 0; i < len; i++) {

        if (p[i] == '\0') {
            reply->delta_size += sizeof("\xef\xbf\xbd") - 2;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_reply_content(ngx_thread_ws_reply_t *reply, json_t *content)
{
    size_t   i;
    json_t  *part, *text;

    if (content == NULL || json_is_null(content)) {
        return NGX_OK;
    }

    if (json_is_string(content)) {
        return ngx_thread_ws_reply_text(reply, json_string_value(content),
                                        json_string_length(content));
    }

    if (!json_is_array(content)) {
        return NGX_DECLINED;
    }

    json_array_foreach(content, i, part) {

        text = part;

        if (json_is_object(part)) {

            if (!ngx_thread_ws_json_is(json_object_get(part, "type"), "text")) {
                continue;
            }

            text = json_object_get(part, "text");
        }

        if (!json_is_string(text)) {
            return NGX_DECLINED;
        }

        if (ngx_thread_ws_reply_text(reply, json_string_value(text),
                                     json_string_length(text))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_thread_ws_reply_finish(ngx_thread_ws_reply_t *reply, u_char *p, size_t len)
{
    if (len == 0) {
        return;
    }

    if (len > sizeof(reply->finish)) {

        /* not in the middle of a character */

        for (len = sizeof(reply->finish); (p[len] & 0xc0) == 0x80; len--) {
            /* void */
        }
    }

    ngx_memcpy(reply->finish, p, len);

    reply->finish_reason.data = reply->finish;
    reply->finish_reason.len = len;
}


static void
ngx_thread_ws_reply_count(ngx_thread_ws_reply_t *reply, json_t *usage,
    const char *name, ngx_int_t *count)
{
    json_t      *value;
    json_int_t   n;

    value = name ? json_object_get(usage, name) : NULL;

    if (!json_is_integer(value)) {
        return;
    }

    n = json_integer_value(value);

    if (n < 0) {
        return;
    }

    *count = (ngx_int_t) ngx_min(n, (json_int_t) NGX_MAX_INT32_VALUE);
    reply->usage = 1;
}


void
ngx_thread_ws_reply_usage(ngx_thread_ws_reply_t *reply, json_t *usage,
    const char *input, const char *output)
{
    ngx_thread_ws_reply_count(reply, usage, input, &reply->input_tokens);
    ngx_thread_ws_reply_count(reply, usage, output, &reply->output_tokens);
}


/* The words for people in an error of any form, NULL if there are none. */

static json_t *
ngx_thread_ws_reply_words(json_t *error, ngx_uint_t depth)
{
    json_t       *words;
    const char  **name;

    if (json_is_string(error)) {
        return json_string_length(error) ? error : NULL;
    }

    if (depth == 0) {
        return NULL;
    }

    if (json_is_array(error)) {
        return ngx_thread_ws_reply_words(json_array_get(error, 0), depth - 1);
    }

    for (name = ngx_thread_ws_error_words; *name; name++) {

        words = ngx_thread_ws_reply_words(json_object_get(error, *name),
                                          depth - 1);
        if (words) {
            return words;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_thread_ws_reply_final_code(json_int_t code)
{
    return code >= 400 && code < 500 && code != 429;
}


/* Whether an error says that the request is to blame. */

static ngx_uint_t
ngx_thread_ws_reply_final(json_t *error, ngx_uint_t depth)
{
    char        **part;
    u_char       *text;
    ngx_int_t     n;
    const char  **name;

    if (json_is_integer(error)) {
        return ngx_thread_ws_reply_final_code(json_integer_value(error));
    }

    if (json_is_string(error)) {
        text = (u_char *) json_string_value(error);
        n = ngx_atoi(text, json_string_length(error));

        if (n != NGX_ERROR) {
            return ngx_thread_ws_reply_final_code(n);
        }

        for (part = ngx_thread_ws_error_final; *part; part++) {

            if (ngx_strcasestrn(text, *part, ngx_strlen(*part) - 1)) {
                return 1;
            }
        }

        return 0;
    }

    if (depth == 0) {
        return 0;
    }

    if (json_is_array(error)) {
        return ngx_thread_ws_reply_final(json_array_get(error, 0), depth - 1);
    }

    for (name = ngx_thread_ws_error_kinds; *name; name++) {

        if (ngx_thread_ws_reply_final(json_object_get(error, *name), depth - 1))
        {
            return 1;
        }
    }

    return 0;
}


/* Copies words to reply->error: one line, cut between characters. */

static ngx_int_t
ngx_thread_ws_reply_say(ngx_thread_ws_reply_t *reply, u_char *p, size_t len)
{
    size_t  i;

    if (len > NGX_THREAD_WS_ERROR_MAX) {

        for (len = NGX_THREAD_WS_ERROR_MAX; (p[len] & 0xc0) == 0x80; len--) {
            /* void */
        }
    }

    if (ngx_thread_ws_reply_reserve(reply, len) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < len; i++) {
        reply->buf[i] = (p[i] < 0x20 || p[i] == 0x7f) ? ' ' : p[i];
    }

    reply->error.data = reply->buf;
    reply->error.len = len;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_reply_abort(ngx_thread_ws_reply_t *reply, json_t *error)
{
    json_t            *words;
    ngx_int_t          rc;
    static ngx_str_t   unnamed = ngx_string("the agent reported an error");

    /* what the event has brought so far is void, and its memory is needed */

    ngx_thread_ws_reply_next(reply);

    words = ngx_thread_ws_reply_words(error, NGX_THREAD_WS_ERROR_DEPTH);

    if (words) {
        rc = ngx_thread_ws_reply_say(reply,
                                     (u_char *) json_string_value(words),
                                     json_string_length(words));
    } else {
        rc = ngx_thread_ws_reply_say(reply, unnamed.data, unnamed.len);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    /* a bare string is words for people, not the name of an error */

    reply->retryable = json_is_string(error)
                       || !ngx_thread_ws_reply_final(error,
                                                   NGX_THREAD_WS_ERROR_DEPTH);

    return NGX_ABORT;
}


ngx_int_t
ngx_thread_ws_reply_abort_data(ngx_thread_ws_reply_t *reply, ngx_str_t *data)
{
    json_t     *root;
    ngx_int_t   rc;

    rc = ngx_thread_ws_reply_load(&root, data);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {

        /* plain words, if they are valid UTF-8 */

        root = json_stringn((char *) data->data, data->len);
    }

    rc = ngx_thread_ws_reply_abort(reply, root);

    json_decref(root);

    return rc;
}


ngx_int_t
ngx_thread_ws_reply_error(ngx_thread_ws_reply_t *reply, ngx_str_t *body)
{
    json_t     *root;
    ngx_int_t   rc;

    ngx_thread_ws_reply_next(reply);

    if (ngx_thread_ws_reply_load(&root, body) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ngx_thread_ws_reply_words(root, NGX_THREAD_WS_ERROR_DEPTH)
        && ngx_thread_ws_reply_abort(reply, root) == NGX_ABORT)
    {
        rc = NGX_OK;

    } else {
        rc = NGX_DECLINED;
    }

    json_decref(root);

    return rc;
}


ngx_uint_t
ngx_thread_ws_json_is(json_t *value, const char *text)
{
    return json_is_string(value)
           && json_string_length(value) == ngx_strlen(text)
           && ngx_strcmp(json_string_value(value), text) == 0;
}
