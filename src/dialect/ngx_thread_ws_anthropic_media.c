
/*
 * Images and documents as blocks: each has a source, which is a URL, or bytes
 * by base64 with their type.  Plain text is a source as it is.
 */


#include "dialect/ngx_thread_ws_anthropic_media.h"
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_prompt_calls.h"
#include "dialect/ngx_thread_ws_prompt_parts.h"


static json_t *
ngx_thread_ws_anthropic_base64(ngx_str_t *type, ngx_str_t *data)
{
    u_char  lower[128];

    /* the API knows them in lower case */

    type->len = ngx_min(type->len, sizeof(lower));
    ngx_strlow(lower, type->data, type->len);

    return json_pack("{s:s, s:s%, s:s%}", "type", "base64", "media_type",
                     lower, type->len, "data", data->data, data->len);
}


static json_t *
ngx_thread_ws_anthropic_image(ngx_str_t *type, ngx_str_t *data, char **why)
{
    ngx_uint_t  i;

    static const char  *types[] = {
        "image/jpeg", "image/png", "image/gif", "image/webp"
    };

    for (i = 0; i < sizeof(types) / sizeof(char *); i++) {

        if (ngx_thread_ws_string_is_same(type, types[i])) {
            return ngx_thread_ws_anthropic_base64(type, data);
        }
    }

    *why = "content: this agent takes image/jpeg, image/png, image/gif and "
           "image/webp as images";

    return NULL;
}


static json_t *
ngx_thread_ws_anthropic_plain(ngx_str_t *data, char **why)
{
    json_t     *source, *json;
    ngx_str_t   text;

    text.data = malloc(ngx_base64_decoded_length(data->len));
    if (text.data == NULL) {
        return NULL;
    }

    source = NULL;
    json = NULL;

    if (ngx_decode_base64(&text, data) == NGX_OK
        && memchr(text.data, '\0', text.len) == NULL)
    {
        json = json_stringn((char *) text.data, text.len);
    }

    free(text.data);

    if (json == NULL) {
        *why = "content: a file of text/plain must be UTF-8";

    } else {
        source = json_pack("{s:s, s:s, s:o}", "type", "text", "media_type",
                           "text/plain", "data", json);
    }

    return source;
}


/* with the URL of one it is the API that finds out what is there */

static json_t *
ngx_thread_ws_anthropic_file(json_t *part, char **why)
{
    ngx_str_t   type, data;
    ngx_uint_t  inside, pdf;

    inside = ngx_thread_ws_prompt_data(part, &type, &data);
    pdf = ngx_thread_ws_string_is_same(&type, "application/pdf");

    if (!inside && (pdf || type.len == 0)) {
        return json_pack("{s:s, s:O}", "type", "url", "url",
                         json_object_get(part, "url"));
    }

    if (inside && pdf) {
        return ngx_thread_ws_anthropic_base64(&type, &data);
    }

    if (inside && ngx_thread_ws_string_is_same(&type, "text/plain")) {
        return ngx_thread_ws_anthropic_plain(&data, why);
    }

    *why = "content: this agent takes application/pdf and, by data:, "
           "text/plain as files";

    return NULL;
}


json_t *
ngx_thread_ws_anthropic_part(json_t *part, char **why)
{
    json_t     *source, *name, *block;
    ngx_str_t   type, data;

    if (ngx_thread_ws_prompt_is(part, "text")) {
        return json_incref(part);
    }

    if (ngx_thread_ws_prompt_is(part, "audio")) {
        *why = "content: this agent takes no audio";
        return NULL;
    }

    if (ngx_thread_ws_prompt_is(part, "image")) {
        source = ngx_thread_ws_prompt_data(part, &type, &data)
                 ? ngx_thread_ws_anthropic_image(&type, &data, why)
                 : json_pack("{s:s, s:O}", "type", "url", "url",
                             json_object_get(part, "url"));

        return source ? json_pack("{s:s, s:o}", "type", "image", "source",
                                  source)
                      : NULL;
    }

    source = ngx_thread_ws_anthropic_file(part, why);
    name = json_object_get(part, "filename");

    block = source ? json_pack("{s:s, s:o}", "type", "document", "source",
                               source)
                   : NULL;

    if (block && name && json_object_set(block, "title", name)) {
        json_decref(block);
        return NULL;
    }

    return block;
}
