
/*
 * What a message says: a text, or a list of parts.  What is kept of a list has
 * texts by their lengths, since the content has these.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "wire/ngx_thread_ws_command_private.h"
#include "base/ngx_thread_ws_string.h"


/* bytes of a URL but data:, of a media type and of a file's name */

#define NGX_THREAD_WS_CONTENT_URL   8192
#define NGX_THREAD_WS_CONTENT_TYPE  127
#define NGX_THREAD_WS_CONTENT_NAME  255


static ngx_int_t ngx_thread_ws_command_text(ngx_thread_ws_command_t *command);
static char *ngx_thread_ws_content_part(json_t *part);
static char *ngx_thread_ws_content_text(json_t *part);
static char *ngx_thread_ws_content_url(json_t *part);
static char *ngx_thread_ws_content_data(ngx_str_t *url, ngx_str_t *type);
static ngx_uint_t ngx_thread_ws_content_type(ngx_str_t *type);
static ngx_uint_t ngx_thread_ws_content_base64(u_char *p, u_char *last);


ngx_int_t
ngx_thread_ws_command_content(ngx_thread_ws_command_t *command)
{
    json_t  *content;

    content = json_object_get(command->root, "content");

    return json_is_array(content)
           ? ngx_thread_ws_command_parts(command, content)
           : ngx_thread_ws_command_text(command);
}


static ngx_int_t
ngx_thread_ws_command_text(ngx_thread_ws_command_t *command)
{
    json_t  *content;

    content = json_object_get(command->root, "content");

    if (json_string_length(content) == 0) {
        return ngx_thread_ws_command_invalid(command,
                                        "content must be a non-empty string");
    }

    command->content.data = (u_char *) json_string_value(content);
    command->content.len = json_string_length(content);

    if (memchr(command->content.data, '\0', command->content.len)) {
        return ngx_thread_ws_command_invalid(command,
                                           "content must not contain U+0000");
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_command_parts(ngx_thread_ws_command_t *command, json_t *parts)
{
    char    *reason;
    u_char  *p;
    size_t   i, len;
    json_t  *part, *text, *kept;

    if (json_array_size(parts) == 0) {
        return ngx_thread_ws_command_invalid(command, "content has no parts");
    }

    len = 0;

    json_array_foreach(parts, i, part) {
        reason = ngx_thread_ws_content_part(part);

        if (reason) {
            return ngx_thread_ws_command_invalid(command, reason);
        }

        len += json_string_length(json_object_get(part, "text"));
    }

    kept = json_array();
    p = malloc(len ? len : 1);

    free(command->plain);
    command->plain = p;

    if (kept == NULL || p == NULL) {
        goto failed;
    }

    json_array_foreach(parts, i, part) {
        text = json_object_get(part, "text");

        if (text == NULL) {

            if (json_array_append(kept, part)) {
                goto failed;
            }

            continue;
        }

        p = ngx_cpymem(p, json_string_value(text), json_string_length(text));

        if (json_array_append_new(kept, json_pack("{s:s, s:I}", "type", "text",
                                       "bytes",
                                       (json_int_t) json_string_length(text))))
        {
            goto failed;
        }
    }

    command->content.data = command->plain;
    command->content.len = len;

    return json_object_set_new(command->root, "content", kept) == 0
           ? NGX_OK : NGX_ERROR;

failed:

    json_decref(kept);

    return NGX_ERROR;
}


/* NULL, or what is wrong with it */

static char *
ngx_thread_ws_content_part(json_t *part)
{
    ngx_str_t     type;
    const char  **name;

    static const char  *names[] = { "image", "file", "audio", NULL };

    if (!json_is_object(part)) {
        return "content must be a list of objects";
    }

    type.data = (u_char *) json_string_value(json_object_get(part, "type"));
    type.len = json_string_length(json_object_get(part, "type"));

    if (ngx_thread_ws_string_is(&type, "text")) {
        return ngx_thread_ws_content_text(part);
    }

    for (name = names; *name; name++) {

        if (ngx_thread_ws_string_is(&type, *name)) {
            return ngx_thread_ws_content_url(part);
        }
    }

    return "content: type must be \"text\", \"image\", \"file\" or \"audio\"";
}


static char *
ngx_thread_ws_content_text(json_t *part)
{
    json_t  *text;

    text = json_object_get(part, "text");

    if (json_string_length(text) == 0
        || memchr(json_string_value(text), '\0', json_string_length(text)))
    {
        return "content: text must be a non-empty string without U+0000";
    }

    return (json_object_size(part) == 2)
           ? NULL : "content: a text has the fields type and text only";
}


/* what is there must be a text without control characters */

static ngx_int_t
ngx_thread_ws_content_member(json_t *part, const char *name, size_t max,
    ngx_str_t *value)
{
    json_t  *member;

    member = json_object_get(part, name);

    if (member == NULL) {
        ngx_str_null(value);
        return NGX_DECLINED;
    }

    value->data = (u_char *) json_string_value(member);
    value->len = json_string_length(member);

    return (value->len && value->len <= max
            && !ngx_thread_ws_string_controls(value))
           ? NGX_OK : NGX_ERROR;
}


static char *
ngx_thread_ws_content_url(json_t *part)
{
    char       *reason;
    ngx_int_t   typed, named;
    ngx_str_t   url, type, name;

    typed = ngx_thread_ws_content_member(part, "mediaType",
                                         NGX_THREAD_WS_CONTENT_TYPE, &type);
    named = ngx_thread_ws_content_member(part, "filename",
                                         NGX_THREAD_WS_CONTENT_NAME, &name);

    if (typed == NGX_ERROR
        || (typed == NGX_OK && !ngx_thread_ws_content_type(&type)))
    {
        return "content: mediaType must be a media type";
    }

    if (named == NGX_ERROR) {
        return "content: filename must be 1 to 255 bytes without control "
               "characters";
    }

    if (json_object_size(part) != (size_t) 2 + (typed == NGX_OK)
                                  + (named == NGX_OK)
        || json_object_get(part, "url") == NULL)
    {
        return "content: a part has the fields type, url, mediaType and "
               "filename only, and the first two";
    }

    if (ngx_thread_ws_content_member(part, "url", NGX_MAX_SIZE_T_VALUE, &url)
        != NGX_OK)
    {
        return "content: url must begin with https:// or data:";
    }

    if (ngx_thread_ws_string_begins(&url, "data:")) {
        reason = ngx_thread_ws_content_data(&url, &type);

    } else if (!ngx_thread_ws_string_begins(&url, "https://")
               || url.len == sizeof("https://") - 1)
    {
        reason = "content: url must begin with https:// or data:";

    } else {
        reason = (url.len > NGX_THREAD_WS_CONTENT_URL
                  || memchr(url.data, ' ', url.len))
                 ? "content: url must be at most 8192 bytes without spaces"
                 : NULL;
    }

    return reason;
}


/* data:TYPE;base64,BYTES where TYPE may be missing */

static char *
ngx_thread_ws_content_data(ngx_str_t *url, ngx_str_t *type)
{
    u_char     *p, *last, *comma, *end;
    ngx_str_t   own;

    p = url->data + sizeof("data:") - 1;
    last = url->data + url->len;

    comma = memchr(p, ',', last - p);

    if (comma == NULL || comma - p < (ssize_t) sizeof(";base64") - 1
        || ngx_strncasecmp(comma - (sizeof(";base64") - 1),
                           (u_char *) ";base64", sizeof(";base64") - 1)
           != 0
        || !ngx_thread_ws_content_base64(comma + 1, last))
    {
        return "content: a data: URL must have base64";
    }

    end = memchr(p, ';', comma - p);

    own.data = p;
    own.len = end - p;

    if (own.len && (own.len > NGX_THREAD_WS_CONTENT_TYPE
                    || !ngx_thread_ws_content_type(&own)))
    {
        return "content: a data: URL must have a media type";
    }

    return (own.len && type->len && !ngx_thread_ws_string_same(&own, type))
           ? "content: mediaType is not that of the URL" : NULL;
}


static ngx_uint_t
ngx_thread_ws_content_type(ngx_str_t *type)
{
    size_t      i;
    u_char      ch, c;
    ngx_uint_t  slash;

    slash = 0;

    for (i = 0; i < type->len; i++) {
        ch = type->data[i];
        c = (u_char) (ch | 0x20);

        if (ch == '/' && i && i + 1 < type->len) {
            slash++;
            continue;
        }

        if (!((c >= 'a' && c <= 'z') || (ch >= '0' && ch <= '9')
              || ch == '.' || ch == '+' || ch == '-' || ch == '_'))
        {
            return 0;
        }
    }

    return slash == 1;
}


static ngx_uint_t
ngx_thread_ws_content_base64(u_char *p, u_char *last)
{
    u_char  c;

    if (p == last || (last - p) % 4) {
        return 0;
    }

    last -= (last[-1] == '=') + (last[-1] == '=' && last[-2] == '=');

    for ( /* void */ ; p < last; p++) {
        c = (u_char) (*p | 0x20);

        if (!((c >= 'a' && c <= 'z') || (*p >= '0' && *p <= '9') || *p == '+'
              || *p == '/'))
        {
            return 0;
        }
    }

    return 1;
}
