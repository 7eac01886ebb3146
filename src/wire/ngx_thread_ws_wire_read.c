
/*
 * What wires read alike of their clients' messages.
 */


#include "wire/ngx_thread_ws_wire_read.h"
#include "wire/ngx_thread_ws_command_private.h"
#include "wire/ngx_thread_ws_wire_history.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json_read.h"
#include "json/ngx_thread_ws_json_scan.h"
#include "json/ngx_thread_ws_json_walk.h"


/* a member that is looked for in what cannot be read */

typedef struct {
    char       *name;
    ngx_str_t   value;
} ngx_thread_ws_named_t;


static void ngx_thread_ws_wire_named_member(void *data, ngx_str_t *name,
    ngx_str_t *value);


/*
 * What a page sends is JSON, and most of it is told again, even where jansson
 * does not take it.
 */

ngx_int_t
ngx_thread_ws_wire_load(ngx_thread_ws_command_t *command, u_char *data,
    size_t len, char *broken, char *other)
{
    u_char        *p;
    ngx_int_t      rc;
    json_error_t   error;

    command->root = json_loadb((char *) data, len, JSON_ALLOW_NUL, &error);

    rc = (command->root != NULL)
         ? (memchr(data, '\0', len) ? NGX_DECLINED : NGX_OK)
         : (error.text[0] == '\0'
            || json_error_code(&error) == json_error_out_of_memory)
         ? NGX_ERROR : NGX_DECLINED;

    if (rc == NGX_DECLINED && command->root == NULL) {
        p = data;
        rc = ngx_thread_ws_json_read(&command->root, &p, data + len, 0);

        if (rc == NGX_OK
            && ngx_thread_ws_json_space(p, data + len) != data + len)
        {
            rc = NGX_DECLINED;
        }
    }

    if (rc == NGX_DECLINED) {
        command->code = NGX_THREAD_WS_INVALID_JSON;
        command->reason = broken;
    }

    return (rc != NGX_OK || json_is_object(command->root))
           ? rc : ngx_thread_ws_command_invalid(command, other);
}


void
ngx_thread_ws_wire_named(ngx_thread_ws_command_t *command, u_char *data,
    size_t len, char *name)
{
    ngx_str_t              text;
    ngx_thread_ws_named_t  named;

    text.data = data;
    text.len = len;

    named.name = name;
    ngx_str_null(&named.value);

    if (ngx_thread_ws_json_walk(&text, ngx_thread_ws_wire_named_member, &named)
        != NGX_DECLINED
        && ngx_thread_ws_request_id_check(&named.value) == NGX_OK)
    {
        command->request_id = named.value;
    }
}


static void
ngx_thread_ws_wire_named_member(void *data, ngx_str_t *name, ngx_str_t *value)
{
    ngx_thread_ws_named_t *named = data;

    if (ngx_thread_ws_string_is(name, named->name) && value->len > 2
        && *value->data == '"')
    {
        named->value.data = value->data + 1;
        named->value.len = value->len - 2;
    }
}


ngx_int_t
ngx_thread_ws_wire_request_id(ngx_thread_ws_command_t *command,
    const char *name, char *reason)
{
    json_t  *id;

    id = json_object_get(command->root, name);

    command->request_id.data = (u_char *) json_string_value(id);
    command->request_id.len = json_string_length(id);

    if (ngx_thread_ws_request_id_check(&command->request_id) == NGX_OK) {
        return NGX_OK;
    }

    ngx_str_null(&command->request_id);

    return ngx_thread_ws_command_invalid(command, reason);
}


ngx_int_t
ngx_thread_ws_wire_thread_id(ngx_thread_ws_command_t *command,
    const char *name, char *reason)
{
    json_t  *id;

    id = json_object_get(command->root, name);

    command->thread_id.data = (u_char *) json_string_value(id);
    command->thread_id.len = json_string_length(id);

    return (ngx_thread_ws_thread_id_check(&command->thread_id) == NGX_OK)
           ? NGX_OK : ngx_thread_ws_command_invalid(command, reason);
}


json_t *
ngx_thread_ws_wire_last(ngx_thread_ws_command_t *command)
{
    json_t       *messages, *message;
    const char  **name;

    static const char  *names[] = {
        "metadata", "replaces", "toolResults", "answers", "content", NULL
    };

    for (name = names; *name; name++) {
        (void) json_object_del(command->root, *name);
    }

    messages = json_object_get(command->root, "messages");
    message = messages ? json_array_get(messages, json_array_size(messages) - 1)
                       : json_object_get(command->root, "message");

    if (json_is_object(message)) {
        return message;
    }

    (void) ngx_thread_ws_command_invalid(command, "messages has no message");

    return NULL;
}


void
ngx_thread_ws_wire_answers(ngx_thread_ws_command_t *command, json_t *id)
{
    command->answers.data = (u_char *) json_string_value(id);
    command->answers.len = json_string_length(id);
}


ngx_int_t
ngx_thread_ws_wire_message_id(ngx_thread_ws_command_t *command, json_t *id)
{
    if (json_string_length(id) == 0
        || json_string_length(id) > NGX_THREAD_WS_WIRE_MESSAGE_ID
        || memchr(json_string_value(id), '\0', json_string_length(id)))
    {
        return ngx_thread_ws_command_invalid(command,
                              "the message's id must be 1 to 133 characters");
    }

    return (json_object_set_new(command->root, "metadata",
                                json_pack("{s:O}", "messageId", id))
            == 0)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_thread_ws_wire_join(u_char **text, size_t *len, json_t *parts)
{
    size_t   i, size;
    u_char  *p;
    json_t  *part, *s;

    size = 1;

    json_array_foreach(parts, i, part) {
        size += json_string_length(json_object_get(part, "text")) + 1;
    }

    p = malloc(size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    *text = p;

    json_array_foreach(parts, i, part) {
        s = json_object_get(part, "text");

        if (json_string_length(s) == 0) {
            continue;
        }

        if (p != *text) {
            *p++ = '\n';
        }

        p = ngx_cpymem(p, json_string_value(s), json_string_length(s));
    }

    *len = p - *text;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_wire_content(ngx_thread_ws_command_t *command, json_t *parts,
    json_t *(*file)(json_t *part))
{
    size_t       i;
    json_t      *part, *text, *content;
    ngx_uint_t   files;

    files = 0;
    content = json_array();

    if (json_object_set_new(command->root, "content", content) != 0) {
        return NGX_ERROR;
    }

    json_array_foreach(parts, i, part) {
        text = json_object_get(part, "text");

        if (!ngx_thread_ws_wire_is(part, "type", "text")) {
            part = file(part);
            files |= !json_is_null(part);

        } else if (json_string_length(text)) {
            part = json_pack("{s:s, s:O}", "type", "text", "text", text);

        } else {
            continue;
        }

        if (!json_is_null(part) && json_array_append_new(content, part) != 0) {
            return NGX_ERROR;
        }
    }

    if (files) {
        return ngx_thread_ws_command_parts(command, content);
    }

    if (ngx_thread_ws_wire_join(&command->plain, &command->content.len, content)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    command->content.data = command->plain;

    (void) json_object_del(command->root, "content");

    return ngx_thread_ws_wire_question(command);
}


ngx_int_t
ngx_thread_ws_wire_question(ngx_thread_ws_command_t *command)
{
    ngx_str_t  *text;

    text = &command->content;

    return (text->len == 0)
           ? ngx_thread_ws_command_invalid(command, "the message has no text")
           : memchr(text->data, '\0', text->len)
           ? ngx_thread_ws_command_invalid(command,
                                 "the message must not contain U+0000")
           : NGX_OK;
}


ngx_uint_t
ngx_thread_ws_wire_is(json_t *object, const char *name, const char *value)
{
    json_t     *member;
    ngx_str_t   text;

    member = json_object_get(object, name);

    text.data = (u_char *) json_string_value(member);
    text.len = json_string_length(member);

    return text.data && ngx_thread_ws_string_is(&text, value);
}
