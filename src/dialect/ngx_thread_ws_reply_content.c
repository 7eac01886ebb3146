
/*
 * A content: a string, or a list of parts.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"
#include "dialect/ngx_thread_ws_parts.h"


/* A part of a list: a text, or an object of a kind. */

static ngx_int_t
ngx_thread_ws_reply_part(ngx_thread_ws_reply_t *reply, json_t *part)
{
    json_t      *type, *text;
    const char  *kind;

    text = part;

    if (json_is_object(part)) {
        type = json_object_get(part, "type");
        text = json_object_get(part, "text");

        kind = json_is_string(type) ? json_string_value(type) : "text";

        if (ngx_strcmp(kind, "refusal") == 0) {
            text = json_object_get(part, "refusal");
            reply->refused = 1;

        } else if (ngx_strncmp(kind, "thinking", 8) == 0
                   || ngx_strncmp(kind, "reasoning", 9) == 0)
        {
            reply->reasoning = 1;

            return ngx_thread_ws_parts_thought(reply, part);

        } else if (ngx_strcmp(kind, "text") != 0
                   && ngx_strcmp(kind, "output_text") != 0)
        {
            return NGX_OK;
        }

        if (text == NULL || json_is_null(text)) {
            return NGX_OK;
        }
    }

    if (!json_is_string(text)) {
        return NGX_DECLINED;
    }

    return ngx_thread_ws_reply_text(reply, json_string_value(text),
                                    json_string_length(text));
}


ngx_int_t
ngx_thread_ws_reply_content(ngx_thread_ws_reply_t *reply, json_t *content)
{
    size_t      i;
    json_t     *part;
    ngx_int_t   rc;

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
        rc = ngx_thread_ws_reply_part(reply, part);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}
