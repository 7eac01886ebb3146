
/*
 * Results of tools, for the prompts of all dialects whose clients give them.
 */


#include "dialect/ngx_thread_ws_prompt_calls.h"
#include "base/ngx_thread_ws_bytes.h"
#include "dialect/ngx_thread_ws_dialect.h"
#include "json/ngx_thread_ws_json_write.h"


#define NGX_THREAD_WS_PROMPT_UNANSWERED                                       \
    "The user went on without a result of this call."

#define NGX_THREAD_WS_PROMPT_STRAY                                            \
    "Result of an earlier call: "


ngx_uint_t
ngx_thread_ws_prompt_is(json_t *part, const char *type)
{
    return ngx_thread_ws_json_is(json_object_get(part, "type"), type);
}


/* adds those with a member to a new object, by its text */

static json_t *
ngx_thread_ws_prompt_map(json_t *list, const char *type)
{
    size_t       i;
    json_t      *map, *part;
    const char  *id;

    map = json_object();

    json_array_foreach(list, i, part) {

        if (type && !ngx_thread_ws_prompt_is(part, type)) {
            continue;
        }

        id = json_string_value(json_object_get(part, "toolCallId"));

        if (id && json_object_set(map, id, part)) {
            json_decref(map);
            return NULL;
        }
    }

    return map;
}


json_t *
ngx_thread_ws_prompt_open(json_t *parts)
{
    size_t       i;
    json_t      *open, *part, *results;
    const char  *id;

    results = ngx_thread_ws_prompt_map(parts, "tool-result");
    open = json_array();

    if (results == NULL) {
        json_decref(open);
        return NULL;
    }

    json_array_foreach(parts, i, part) {

        if (!ngx_thread_ws_prompt_is(part, "tool-call")
            || json_object_get(part, "own"))
        {
            continue;
        }

        id = json_string_value(json_object_get(part, "toolCallId"));

        if (id && json_object_get(results, id) == NULL
            && json_array_append(open, part))
        {
            json_decref(open);
            open = NULL;
            break;
        }
    }

    json_decref(results);

    return open;
}


json_t *
ngx_thread_ws_prompt_results(json_t *asked)
{
    return ngx_thread_ws_prompt_map(json_object_get(asked, "toolResults"),
                                    NULL);
}


ngx_int_t
ngx_thread_ws_prompt_shown(json_t *asked, json_t *shown, json_t *parts)
{
    size_t      i;
    json_t     *open, *map, *results, *result, *part;
    ngx_int_t   rc;

    open = ngx_thread_ws_prompt_open(parts);
    map = ngx_thread_ws_prompt_results(shown);
    results = json_array();

    rc = (open && map && results) ? NGX_OK : NGX_ERROR;

    json_array_foreach(open, i, part) {
        result = json_object_get(map,
                        json_string_value(json_object_get(part, "toolCallId")));

        if (result && json_array_append(results, result)) {
            rc = NGX_ERROR;
        }
    }

    (void) json_object_del(asked, "toolResults");

    if (json_array_size(results)
        && json_object_set(asked, "toolResults", results))
    {
        rc = NGX_ERROR;
    }

    json_decref(open);
    json_decref(map);
    json_decref(results);

    return rc;
}


/* a text as it is, anything else as JSON */

static ngx_int_t
ngx_thread_ws_prompt_value(ngx_thread_ws_bytes_t *bytes, json_t *value)
{
    return json_is_string(value)
           ? ngx_thread_ws_bytes_add(bytes,
                                     (u_char *) json_string_value(value),
                                     json_string_length(value))
           : ngx_thread_ws_json_write(bytes, value);
}


static ngx_int_t
ngx_thread_ws_prompt_say(ngx_thread_ws_bytes_t *bytes, json_t *result)
{
    json_t  *error, *output;

    error = json_object_get(result, "error");
    output = json_object_get(result, "output");

    if (error && ngx_thread_ws_prompt_value(bytes, error) != NGX_OK) {
        return NGX_ERROR;
    }

    if (output == NULL || (error && json_is_null(output))) {
        return NGX_OK;
    }

    if (error && ngx_thread_ws_bytes_add(bytes, (u_char *) "\n", 1) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_thread_ws_prompt_value(bytes, output);
}


json_t *
ngx_thread_ws_prompt_words(json_t *result, ngx_uint_t *failed)
{
    json_t                 *words;
    ngx_thread_ws_bytes_t   bytes;

    if (result == NULL) {
        *failed = 1;
        return json_string(NGX_THREAD_WS_PROMPT_UNANSWERED);
    }

    *failed = (json_object_get(result, "error") != NULL);

    ngx_memzero(&bytes, sizeof(ngx_thread_ws_bytes_t));

    words = (ngx_thread_ws_prompt_say(&bytes, result) == NGX_OK)
            ? json_stringn_nocheck(bytes.len ? (char *) bytes.data : "",
                                   bytes.len)
            : NULL;

    ngx_thread_ws_bytes_free(&bytes);

    return words;
}


json_t *
ngx_thread_ws_prompt_strays(json_t *asked, json_t *open)
{
    size_t                  i;
    json_t                 *calls, *result, *words;
    ngx_int_t               rc;
    const char             *id;
    ngx_thread_ws_bytes_t   bytes;

    ngx_memzero(&bytes, sizeof(ngx_thread_ws_bytes_t));

    calls = ngx_thread_ws_prompt_map(open, NULL);
    rc = calls ? NGX_OK : NGX_ERROR;

    json_array_foreach(json_object_get(asked, "toolResults"), i, result) {

        id = json_string_value(json_object_get(result, "toolCallId"));

        if (id == NULL || json_object_get(calls, id) || rc != NGX_OK) {
            continue;
        }

        rc = ngx_thread_ws_bytes_add(&bytes,
                                     (u_char *) NGX_THREAD_WS_PROMPT_STRAY,
                                     sizeof(NGX_THREAD_WS_PROMPT_STRAY) - 1);

        if (rc == NGX_OK) {
            rc = ngx_thread_ws_prompt_say(&bytes, result);
        }

        if (rc == NGX_OK) {
            rc = ngx_thread_ws_bytes_add(&bytes, (u_char *) "\n", 1);
        }
    }

    words = (rc == NGX_OK)
            ? json_stringn_nocheck(bytes.len ? (char *) bytes.data : "",
                                   bytes.len)
            : NULL;

    json_decref(calls);
    ngx_thread_ws_bytes_free(&bytes);

    return words;
}
