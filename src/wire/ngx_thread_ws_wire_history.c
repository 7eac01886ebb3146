
/*
 * A message of a thread's history, as far as wires write it alike.
 */


#include "wire/ngx_thread_ws_wire_history.h"
#include "wire/ngx_thread_ws_wire_read.h"
#include "base/ngx_thread_ws_string.h"


ngx_uint_t
ngx_thread_ws_wire_history_is(ngx_str_t *id, ngx_str_t *request_id)
{
    ngx_str_t  rest;

    if (id->len <= request_id->len
        || ngx_memcmp(id->data, request_id->data, request_id->len) != 0)
    {
        return 0;
    }

    rest.data = id->data + request_id->len;
    rest.len = id->len - request_id->len;

    return ngx_thread_ws_string_is(&rest, NGX_THREAD_WS_WIRE_USER);
}


json_t *
ngx_thread_ws_wire_history_id(json_t *message)
{
    json_t  *id;

    if (!ngx_thread_ws_wire_is(message, "role", "user")) {
        return ngx_thread_ws_wire_history_run(message, "");
    }

    id = json_object_get(json_object_get(message, "metadata"), "messageId");

    return json_string_length(id)
           ? json_incref(id)
           : ngx_thread_ws_wire_history_run(message, NGX_THREAD_WS_WIRE_USER);
}


/* what others have put into a thread of the agent's may have no id */

json_t *
ngx_thread_ws_wire_history_run(json_t *message, const char *after)
{
    json_t  *id;

    id = json_object_get(message, "requestId");

    return json_is_string(id)
           ? json_sprintf("%s%s", json_string_value(id), after)
           : json_sprintf("%" JSON_INTEGER_FORMAT "%s",
                          json_integer_value(json_object_get(message, "seq")),
                          after);
}


json_t *
ngx_thread_ws_wire_history_metadata(json_t *message)
{
    size_t   i;
    json_t  *metadata, *value;

    static const char  *names[] = {
        "createdAt", "seq", "replacedBy", "latencyMs", "usage"
    };

    value = json_object_get(message, "metadata");
    metadata = value ? json_copy(value) : json_object();

    (void) json_object_del(metadata, "messageId");

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        value = json_object_get(message, names[i]);

        if (value && json_object_set(metadata, names[i], value) != 0) {
            json_decref(metadata);
            return NULL;
        }
    }

    return metadata;
}


json_t *
ngx_thread_ws_wire_history_parts(json_t *message)
{
    json_t  *parts;

    parts = json_object_get(message, "parts");

    return json_array_size(parts)
           ? json_incref(parts)
           : json_pack("[{s:s, s:O}]", "type", "text", "text",
                       json_object_get(message, "content"));
}


json_t *
ngx_thread_ws_wire_history_media(json_t *part)
{
    size_t       len;
    json_t      *type;
    const char  *url;

    type = json_object_get(part, "mediaType");

    if (json_string_length(type)) {
        return json_incref(type);
    }

    url = json_string_value(json_object_get(part, "url"));

    if (url && ngx_strncmp(url, "data:", 5) == 0) {
        url += 5;
        len = strcspn(url, ";,");

        if (len) {
            return json_stringn(url, len);
        }
    }

    return json_string(ngx_thread_ws_wire_is(part, "type", "image")
                       ? "image/*"
                       : ngx_thread_ws_wire_is(part, "type", "audio")
                       ? "audio/*" : "*/*");
}
