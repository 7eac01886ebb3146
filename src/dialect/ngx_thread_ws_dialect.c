
/*
 * The table of dialects, and what they share of request bodies.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_dialect.h"


ngx_thread_ws_dialect_t  *ngx_thread_ws_dialects[] = {
    &ngx_thread_ws_dialect_openai,
    &ngx_thread_ws_dialect_anthropic,
    &ngx_thread_ws_dialect_langgraph,
    NULL
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


/*
 * Objects within are copied on the way: those of the parameters are not ours to
 * change.
 */

static int
ngx_thread_ws_prompt_merge(json_t *root, json_t *chosen)
{
    json_t      *value, *inner;
    const char  *name;

    json_object_foreach(chosen, name, value) {

        if (!json_is_object(value)) {

            if (json_object_set(root, name, value)) {
                return -1;
            }

            continue;
        }

        inner = json_object_get(root, name);
        inner = json_is_object(inner) ? json_copy(inner) : json_object();

        if (json_object_set_new(root, name, inner)
            || ngx_thread_ws_prompt_merge(inner, value))
        {
            return -1;
        }
    }

    return 0;
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

    if (prompt->chosen && ngx_thread_ws_prompt_merge(root, prompt->chosen)) {
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


ngx_uint_t
ngx_thread_ws_prompt_blank(ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] > ' ') {
            return 0;
        }
    }

    return 1;
}


ngx_uint_t
ngx_thread_ws_json_is(json_t *value, const char *text)
{
    return json_is_string(value)
           && json_string_length(value) == ngx_strlen(text)
           && ngx_strcmp(json_string_value(value), text) == 0;
}
