
/*
 * The parts of OpenAI's chunks.
 *
 * A call of a tool is known by its index.  Servers that are like OpenAI's leave
 * out the index or the id, give all calls the same index, or repeat the name
 * with each piece: a call begins with a new id and a name, or where nothing
 * says which one is meant, with a name.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_openai_parts.h"
#include "dialect/ngx_thread_ws_parts.h"


ngx_uint_t
ngx_thread_ws_openai_known(ngx_uint_t level, const char *name, size_t len)
{
    const char  **known;

    static const char  *root[] = {
        "id", "object", "created", "model", "choices", "usage", "error",
        "system_fingerprint", "service_tier", "x_groq", "base_resp",
        "obfuscation", "citations", "search_results", NULL
    };

    static const char  *choice[] = {
        "index", "delta", "message", "finish_reason", "logprobs", "usage",
        "error", NULL
    };

    static const char  *delta[] = {
        "role", "content", "refusal", "tool_calls", "function_call",
        "reasoning", "reasoning_content", "reasoning_details", "annotations",
        NULL
    };

    known = (level == NGX_THREAD_WS_OPENAI_IN_ROOT) ? root
            : (level == NGX_THREAD_WS_OPENAI_IN_CHOICE) ? choice : delta;

    for ( /* void */ ; *known; known++) {

        if (ngx_strlen(*known) == len && ngx_memcmp(*known, name, len) == 0) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_thread_ws_openai_thoughts(ngx_thread_ws_reply_t *reply, json_t *delta)
{
    json_t      *thought;
    ngx_uint_t   i;

    /* several names for the same: some servers give it by all of them */

    static const char  *names[] = {
        "reasoning_content", "reasoning", "reasoning_details", NULL
    };

    for (i = 0; names[i]; i++) {
        thought = json_object_get(delta, names[i]);

        if (json_string_length(thought) || json_array_size(thought)
            || json_object_size(thought))
        {
            return ngx_thread_ws_parts_thought(reply, thought);
        }
    }

    return NGX_OK;
}


/* which call a piece is of; NULL without memory */

static ngx_thread_ws_call_t *
ngx_thread_ws_openai_call(ngx_thread_ws_reply_t *reply, json_t *piece,
    json_t *name)
{
    json_t                *id, *value;
    ngx_str_t              text;
    ngx_int_t              index;
    ngx_thread_ws_call_t  *call;

    id = json_object_get(piece, "id");
    value = json_object_get(piece, "index");
    index = json_is_integer(value) ? (ngx_int_t) json_integer_value(value) : -1;

    ngx_thread_ws_parts_string(&text, id);

    call = ngx_thread_ws_calls_find(reply, id);

    if (call && call->ended) {
        return call;
    }

    call = (index >= 0) ? ngx_thread_ws_calls_at(reply, 0, index)
           : text.len ? ngx_thread_ws_calls_find(reply, id)
           : ngx_thread_ws_calls_last(reply, 0);

    if (call == NULL) {
        return ngx_thread_ws_calls_begin(reply, 0, index, id);
    }

    if (json_string_length(name) && call->told
        && (text.len ? !ngx_thread_ws_string_equal(&text, &call->own)
                     : index < 0))
    {
        return ngx_thread_ws_calls_begin(reply, 0, index, id);
    }

    return call;
}


/* A piece of a call: of a function, or of a tool whose input is any text. */

static ngx_int_t
ngx_thread_ws_openai_piece(ngx_thread_ws_reply_t *reply, json_t *piece,
    ngx_uint_t whole)
{
    json_t                *function, *name, *input;
    ngx_thread_ws_call_t  *call;

    function = json_object_get(piece, "custom");

    if (json_is_object(function)) {
        input = json_object_get(function, "input");

    } else {
        function = json_object_get(piece, "function");
        input = json_object_get(function, "arguments");
    }

    name = json_object_get(function, "name");

    if (whole && ngx_thread_ws_calls_find(reply, json_object_get(piece, "id")))
    {
        /* some repeat the whole message at its end */

        return NGX_OK;
    }

    call = ngx_thread_ws_openai_call(reply, piece, name);
    if (call == NULL) {
        return NGX_ERROR;
    }

    if (json_is_object(json_object_get(piece, "custom"))) {
        call->text = 1;
    }

    return (ngx_thread_ws_calls_name(reply, call, name) == NGX_OK)
           ? ngx_thread_ws_calls_input(reply, call, input) : NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_openai_calls(ngx_thread_ws_reply_t *reply, json_t *delta,
    ngx_uint_t whole)
{
    size_t                 i;
    json_t                *piece, *name;
    ngx_int_t              rc;
    ngx_thread_ws_call_t  *call;

    json_array_foreach(json_object_get(delta, "tool_calls"), i, piece) {

        if (json_is_object(piece)
            && ngx_thread_ws_openai_piece(reply, piece, whole) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    /* the API's older form: one call at most, without an id */

    piece = json_object_get(delta, "function_call");

    if (!json_is_object(piece)) {
        return NGX_OK;
    }

    name = json_object_get(piece, "name");
    call = ngx_thread_ws_calls_at(reply, 0, -1);

    if (call == NULL) {
        call = ngx_thread_ws_calls_begin(reply, 0, -1, NULL);
        if (call == NULL) {
            return NGX_ERROR;
        }
    }

    rc = ngx_thread_ws_calls_name(reply, call, name);

    return (rc == NGX_OK)
           ? ngx_thread_ws_calls_input(reply, call,
                                       json_object_get(piece, "arguments"))
           : rc;
}


/* Sources as a list: of texts, or of objects with an URL and a title. */

static ngx_int_t
ngx_thread_ws_openai_sources(ngx_thread_ws_reply_t *reply, json_t *list)
{
    size_t   i;
    json_t  *source, *url;

    json_array_foreach(list, i, source) {

        url = json_object_get(source, "url_citation");

        if (json_is_object(url)) {
            source = url;
        }

        url = json_is_object(source) ? json_object_get(source, "url") : source;

        if (ngx_thread_ws_parts_source(reply, url,
                                       json_object_get(source, "title"))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_openai_parts(ngx_thread_ws_reply_t *reply, json_t *delta,
    ngx_uint_t whole)
{
    json_t  *context;

    if ((reply->want & NGX_THREAD_WS_WANT_TOOLS)
        && ngx_thread_ws_openai_calls(reply, delta, whole) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* Azure's, of one's own data */

    context = json_object_get(delta, "context");

    if (ngx_thread_ws_openai_sources(reply,
                                     json_object_get(delta, "annotations"))
        != NGX_OK
        || ngx_thread_ws_openai_sources(reply,
                                        json_object_get(context, "citations"))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_openai_around(reply, delta,
                                       NGX_THREAD_WS_OPENAI_IN_DELTA);
}


ngx_int_t
ngx_thread_ws_openai_around(ngx_thread_ws_reply_t *reply, json_t *object,
    ngx_uint_t level)
{
    json_t      *value;
    const char  *name;

    if (level == NGX_THREAD_WS_OPENAI_IN_ROOT
        && (ngx_thread_ws_openai_sources(reply,
                                   json_object_get(object, "search_results"))
            != NGX_OK
            || ngx_thread_ws_openai_sources(reply,
                                        json_object_get(object, "citations"))
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    if (!(reply->want & NGX_THREAD_WS_WANT_DATA)) {
        return NGX_OK;
    }

    json_object_foreach(object, name, value) {

        if (!ngx_thread_ws_openai_known(level, name, ngx_strlen(name))
            && ngx_thread_ws_parts_news(reply, name, value) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
