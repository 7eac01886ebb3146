
/*
 * Parts of messages, for the prompts of all dialects.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_prompt_calls.h"
#include "dialect/ngx_thread_ws_prompt_parts.h"


/* NULL without memory */

static json_t *
ngx_thread_ws_prompt_text(ngx_thread_ws_prompt_part_pt say,
    const char *text, size_t len)
{
    char    *why;
    json_t  *part, *written;

    part = json_pack("{s:s, s:o}", "type", "text", "text",
                     json_stringn_nocheck(text, len));

    written = part ? say(part, &why) : NULL;

    json_decref(part);

    return written;
}


/* what it is, and its name, in the place of what cannot be sent any more */

static json_t *
ngx_thread_ws_prompt_words_of(ngx_thread_ws_prompt_part_pt say, json_t *part)
{
    json_t      *words, *written;
    const char  *name;

    name = json_string_value(json_object_get(part, "filename"));

    words = json_sprintf("[%s%s%s, not shown]",
                         json_string_value(json_object_get(part, "type")),
                         name ? " " : "", name ? name : "");

    written = words ? ngx_thread_ws_prompt_text(say, json_string_value(words),
                                                json_string_length(words))
                    : NULL;

    json_decref(words);

    return written;
}


static json_t *
ngx_thread_ws_prompt_joined(ngx_str_t *before, ngx_str_t *content)
{
    char    *p;
    json_t  *text;

    if (before->len == 0) {
        return json_stringn_nocheck(content->len ? (char *) content->data : "",
                                    content->len);
    }

    p = malloc(before->len + content->len);
    if (p == NULL) {
        return NULL;
    }

    ngx_memcpy(p, before->data, before->len);

    if (content->len) {
        ngx_memcpy(p + before->len, content->data, content->len);
    }

    text = json_stringn_nocheck(p, before->len + content->len);

    free(p);

    return text;
}


json_t *
ngx_thread_ws_prompt_said(ngx_thread_ws_prompt_part_pt say, json_t *asked,
    ngx_str_t *content, ngx_str_t *before)
{
    char    *why;
    size_t   i;
    json_t  *parts, *list, *part, *written;

    parts = json_object_get(asked, "content");

    if (parts == NULL) {
        return ngx_thread_ws_prompt_joined(before, content);
    }

    list = json_array();

    if (before->len
        && json_array_append_new(list,
               ngx_thread_ws_prompt_text(say, (char *) before->data,
                                         before->len)))
    {
        goto failed;
    }

    json_array_foreach(parts, i, part) {
        why = NULL;
        written = say(part, &why);

        if (written == NULL && why) {
            written = ngx_thread_ws_prompt_words_of(say, part);
        }

        if (json_array_append_new(list, written)) {
            goto failed;
        }
    }

    return list;

failed:

    json_decref(list);

    return NULL;
}


ngx_int_t
ngx_thread_ws_prompt_takes(ngx_thread_ws_prompt_part_pt say, json_t *asked,
    char **why)
{
    size_t   i;
    json_t  *part, *written;

    json_array_foreach(json_object_get(asked, "content"), i, part) {
        *why = NULL;
        written = say(part, why);

        if (written == NULL) {
            return *why ? NGX_DECLINED : NGX_ERROR;
        }

        json_decref(written);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_thread_ws_prompt_data(json_t *part, ngx_str_t *type, ngx_str_t *data)
{
    json_t  *url, *media;
    u_char  *p, *last, *comma;

    url = json_object_get(part, "url");
    media = json_object_get(part, "mediaType");

    type->data = (u_char *) json_string_value(media);
    type->len = json_string_length(media);

    p = (u_char *) json_string_value(url);
    last = p + json_string_length(url);

    data->data = p;
    data->len = last - p;

    if (data->len < 5 || ngx_strncmp(p, "data:", 5) != 0) {
        return 0;
    }

    p += 5;
    comma = ngx_strlchr(p, last, ',');

    if (comma == NULL) {
        return 0;
    }

    if (type->len == 0) {
        type->data = p;

        while (p < comma && *p != ';') {
            p++;
        }

        type->len = p - type->data;
    }

    data->data = comma + 1;
    data->len = last - data->data;

    return 1;
}
