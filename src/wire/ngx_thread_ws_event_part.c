
/*
 * Events of parts: by a table of what their members are called.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/ngx_thread_ws_string.h"
#include "wire/ngx_thread_ws_event_part.h"


/* names, quotes, brackets and the longest of the names below */

#define NGX_THREAD_WS_EVENT_PART                                              \
    (sizeof("{\"type\":\"tool-call-end\",\"requestId\":\"\","                 \
            "\"toolCallId\":\"\",\"title\":\"\",\"output\":\"\","             \
            "\"error\":\"\"}") - 1)

#define ngx_thread_ws_event_put(dst, text)                                    \
    ngx_cpymem(dst, text, sizeof(text) - 1)

#define NGX_THREAD_WS_EVENT_PART_FAILED  "the tool failed"


typedef struct {
    ngx_str_t    type;
    ngx_str_t    id;              /* what the member is called; empty: none */
    ngx_str_t    name;
    ngx_str_t    value;
    ngx_uint_t   text;            /* unsigned  text:1, the value is one */
} ngx_thread_ws_event_form_t;


static ngx_thread_ws_event_form_t  ngx_thread_ws_event_forms[] = {

    { ngx_string("reasoning"), ngx_string("message"), ngx_null_string,
      ngx_string("value"), 1 },

    { ngx_string("tool-call"), ngx_string("toolCallId"), ngx_string("name"),
      ngx_null_string, 0 },

    { ngx_string("tool-input"), ngx_string("toolCallId"), ngx_null_string,
      ngx_string("value"), 1 },

    { ngx_string("tool-call-end"), ngx_string("toolCallId"), ngx_null_string,
      ngx_string("input"), 0 },

    { ngx_string("tool-result"), ngx_string("toolCallId"), ngx_null_string,
      ngx_string("output"), 0 },

    { ngx_string("source"), ngx_string("url"), ngx_string("title"),
      ngx_null_string, 0 },

    { ngx_string("data"), ngx_null_string, ngx_string("name"),
      ngx_string("value"), 0 },

    { ngx_string("reset"), ngx_null_string, ngx_null_string,
      ngx_null_string, 0 }
};


size_t
ngx_thread_ws_event_part_size(ngx_thread_ws_event_part_t *part)
{
    return NGX_THREAD_WS_EVENT_PART + part->request_id.len + part->id.len
           + part->name.len + part->value.len
           + (part->error ? part->value.len
                            + sizeof(NGX_THREAD_WS_EVENT_PART_FAILED) - 1
                          : 0);
}


size_t
ngx_thread_ws_event_message_head_size(ngx_str_t *request_id,
    ngx_str_t *message)
{
    return NGX_THREAD_WS_EVENT_PART + request_id->len + message->len;
}


u_char *
ngx_thread_ws_event_message_head(u_char *dst, ngx_str_t *request_id,
    ngx_str_t *message)
{
    dst = ngx_thread_ws_event_put(dst, "{\"type\":\"token\",\"requestId\":\"");
    dst = ngx_thread_ws_string_append(dst, request_id);

    if (message->len) {
        dst = ngx_thread_ws_event_put(dst, "\",\"message\":\"");
        dst = ngx_thread_ws_string_append(dst, message);
    }

    return ngx_thread_ws_event_put(dst, "\",\"value\":\"");
}


static u_char *
ngx_thread_ws_event_member(u_char *dst, ngx_str_t *name, ngx_str_t *value,
    ngx_uint_t text)
{
    *dst++ = ',';
    *dst++ = '"';
    dst = ngx_thread_ws_string_append(dst, name);
    *dst++ = '"';
    *dst++ = ':';

    if (text) {
        *dst++ = '"';
    }

    dst = ngx_thread_ws_string_append(dst, value);

    if (text) {
        *dst++ = '"';
    }

    return dst;
}


/* an error in words: those of the tool, where they are all of its output */

static u_char *
ngx_thread_ws_event_failed(u_char *dst, ngx_str_t *output)
{
    static ngx_str_t  name = ngx_string("error");
    static ngx_str_t  text = ngx_string(NGX_THREAD_WS_EVENT_PART_FAILED);

    return (output->len > 2 && output->data[0] == '"')
           ? ngx_thread_ws_event_member(dst, &name, output, 0)
           : ngx_thread_ws_event_member(dst, &name, &text, 1);
}


u_char *
ngx_thread_ws_event_part(u_char *dst, ngx_thread_ws_event_part_t *part)
{
    ngx_thread_ws_event_form_t  *form;

    static ngx_str_t  id = ngx_string("requestId");

    form = &ngx_thread_ws_event_forms[part->kind];

    dst = ngx_thread_ws_event_put(dst, "{\"type\":\"");
    dst = ngx_thread_ws_string_append(dst, &form->type);
    *dst++ = '"';

    dst = ngx_thread_ws_event_member(dst, &id, &part->request_id, 1);

    if (form->id.len && part->id.len) {
        dst = ngx_thread_ws_event_member(dst, &form->id, &part->id, 1);
    }

    if (form->name.len
        && (part->name.len || part->kind != NGX_THREAD_WS_EVENT_SOURCE))
    {
        dst = ngx_thread_ws_event_member(dst, &form->name, &part->name, 1);
    }

    if (form->value.len) {
        dst = ngx_thread_ws_event_member(dst, &form->value, &part->value,
                                         form->text);
    }

    if (part->error) {
        dst = ngx_thread_ws_event_failed(dst, &part->value);
    }

    *dst++ = '}';

    return dst;
}
