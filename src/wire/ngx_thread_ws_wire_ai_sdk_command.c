
/*
 * The wire "ai-sdk": what the client sends.  Of the chat that it tells whole
 * each time the last message counts: the others are the thread's own.
 */


#include "wire/ngx_thread_ws_wire_ai_sdk.h"
#include "base/ngx_thread_ws_string.h"


static ngx_int_t ngx_thread_ws_ai_sdk_load(ngx_thread_ws_command_t *command,
    u_char *data, size_t len);
static ngx_int_t ngx_thread_ws_ai_sdk_send(ngx_thread_ws_command_t *command);
static ngx_int_t ngx_thread_ws_ai_sdk_content(ngx_thread_ws_command_t *command,
    json_t *parts);
static ngx_int_t ngx_thread_ws_ai_sdk_extra(ngx_thread_ws_command_t *command,
    json_t *id);
static ngx_int_t ngx_thread_ws_ai_sdk_refuse(ngx_thread_ws_command_t *command,
    char *reason);
static ngx_uint_t ngx_thread_ws_ai_sdk_is(json_t *object, const char *name,
    const char *value);


ngx_int_t
ngx_thread_ws_ai_sdk_command(ngx_thread_ws_command_t *command, u_char *data,
    size_t len)
{
    json_t     *root, *id;
    ngx_int_t   rc;

    ngx_memzero(command, sizeof(ngx_thread_ws_command_t));

    rc = ngx_thread_ws_ai_sdk_load(command, data, len);
    if (rc != NGX_OK) {
        return rc;
    }

    root = command->root;
    id = json_object_get(root, "requestId");

    command->request_id.data = (u_char *) json_string_value(id);
    command->request_id.len = json_string_length(id);

    if (ngx_thread_ws_request_id_check(&command->request_id) != NGX_OK) {
        ngx_str_null(&command->request_id);
        return ngx_thread_ws_ai_sdk_refuse(command, "requestId is none");
    }

    if (ngx_thread_ws_ai_sdk_is(root, "type", "abort")) {
        command->type = NGX_THREAD_WS_COMMAND_CANCEL;
        return NGX_OK;
    }

    id = json_object_get(root, "id");

    command->thread_id.data = (u_char *) json_string_value(id);
    command->thread_id.len = json_string_length(id);

    if (ngx_thread_ws_thread_id_check(&command->thread_id) != NGX_OK) {
        return ngx_thread_ws_ai_sdk_refuse(command,
                  "the chat's id must be 1 to 128 characters of A-Z a-z 0-9 "
                  ". _ ~ -");
    }

    if (ngx_thread_ws_ai_sdk_is(root, "type", "resume")) {
        command->type = NGX_THREAD_WS_COMMAND_FOLLOW;
        return NGX_OK;
    }

    if (ngx_thread_ws_ai_sdk_is(root, "type", "send")) {
        command->type = NGX_THREAD_WS_COMMAND_MESSAGE;
        return ngx_thread_ws_ai_sdk_send(command);
    }

    return ngx_thread_ws_ai_sdk_refuse(command,
                             "type must be \"send\", \"resume\" or \"abort\"");
}


static ngx_int_t
ngx_thread_ws_ai_sdk_load(ngx_thread_ws_command_t *command, u_char *data,
    size_t len)
{
    json_error_t  error;

    command->root = json_loadb((char *) data, len, JSON_ALLOW_NUL, &error);

    if (command->root == NULL
        && (error.text[0] == '\0'
            || json_error_code(&error) == json_error_out_of_memory))
    {
        return NGX_ERROR;
    }

    if (command->root == NULL || memchr(data, '\0', len)) {
        command->code = NGX_THREAD_WS_INVALID_JSON;
        command->reason = "the message is not valid JSON";
        return NGX_DECLINED;
    }

    return json_is_object(command->root) ? NGX_OK
           : ngx_thread_ws_ai_sdk_refuse(command, "a frame is a JSON object");
}


static ngx_int_t
ngx_thread_ws_ai_sdk_send(ngx_thread_ws_command_t *command)
{
    json_t     *messages, *message, *body, *id, *edited;
    ngx_int_t   rc;

    messages = json_object_get(command->root, "messages");
    message = json_array_get(messages, json_array_size(messages) - 1);

    if (!json_is_object(message)) {
        return ngx_thread_ws_ai_sdk_refuse(command, "messages has no message");
    }

    if (ngx_thread_ws_ai_sdk_is(message, "role", "assistant")) {
        return ngx_thread_ws_ai_sdk_refuse(command,
                                 "results of tools are not taken here");
    }

    if (!ngx_thread_ws_ai_sdk_is(message, "role", "user")) {
        return ngx_thread_ws_ai_sdk_refuse(command,
                                 "the last message must be the user's");
    }

    body = json_object_get(command->root, "body");
    command->parameters = json_object_size(body) ? body : NULL;

    id = json_object_get(message, "id");
    edited = json_object_get(command->root, "messageId");

    if (!ngx_thread_ws_ai_sdk_is(command->root, "trigger", "submit-message")
        || (edited && !json_is_null(edited)))
    {
        return ngx_thread_ws_ai_sdk_refuse(command,
                                 "a message cannot be answered anew here");
    }

    rc = ngx_thread_ws_ai_sdk_content(command,
                                      json_object_get(message, "parts"));

    return (rc == NGX_OK) ? ngx_thread_ws_ai_sdk_extra(command, id) : rc;
}


/* the texts of the parts, a line apart */

static ngx_int_t
ngx_thread_ws_ai_sdk_content(ngx_thread_ws_command_t *command, json_t *parts)
{
    size_t       i, len;
    u_char      *p;
    json_t      *part, *text;
    ngx_str_t   *content;

    len = 0;

    for (i = 0; i < json_array_size(parts); i++) {
        part = json_array_get(parts, i);

        if (ngx_thread_ws_ai_sdk_is(part, "type", "file")) {
            return ngx_thread_ws_ai_sdk_refuse(command,
                                               "files are not taken here");
        }

        len += json_string_length(json_object_get(part, "text")) + 1;
    }

    content = &command->content;

    command->plain = malloc(len + 1);
    if (command->plain == NULL) {
        return NGX_ERROR;
    }

    p = command->plain;

    for (i = 0; i < json_array_size(parts); i++) {
        part = json_array_get(parts, i);
        text = json_object_get(part, "text");

        if (!ngx_thread_ws_ai_sdk_is(part, "type", "text")
            || json_string_length(text) == 0)
        {
            continue;
        }

        if (p != command->plain) {
            *p++ = '\n';
        }

        p = ngx_cpymem(p, json_string_value(text), json_string_length(text));
    }

    content->data = command->plain;
    content->len = p - command->plain;

    return (content->len == 0)
           ? ngx_thread_ws_ai_sdk_refuse(command, "the message has no text")
           : memchr(content->data, '\0', content->len)
           ? ngx_thread_ws_ai_sdk_refuse(command,
                                 "the message must not contain U+0000")
           : NGX_OK;
}


/* the message's own id, by which the client knows it, is stored with it */

static ngx_int_t
ngx_thread_ws_ai_sdk_extra(ngx_thread_ws_command_t *command, json_t *id)
{
    char    *text;
    json_t  *metadata, *extra;

    if (json_string_length(id) == 0
        || json_string_length(id) > NGX_THREAD_WS_ID_MAX
        || memchr(json_string_value(id), '\0', json_string_length(id)))
    {
        return ngx_thread_ws_ai_sdk_refuse(command,
                              "the message's id must be 1 to 128 characters");
    }

    metadata = json_pack("{s:O}", "messageId", id);

    if (json_object_set_new(command->root, "metadata", metadata) != 0) {
        return NGX_ERROR;
    }

    command->metadata = metadata;

    extra = json_pack("{s:O}", "metadata", metadata);
    text = extra ? json_dumps(extra, JSON_COMPACT|JSON_SORT_KEYS) : NULL;

    json_decref(extra);

    if (text == NULL) {
        return NGX_ERROR;
    }

    command->extra.data = (u_char *) text;
    command->extra.len = ngx_strlen(text);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_refuse(ngx_thread_ws_command_t *command, char *reason)
{
    command->code = NGX_THREAD_WS_INVALID_MESSAGE;
    command->reason = reason;

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_thread_ws_ai_sdk_is(json_t *object, const char *name, const char *value)
{
    json_t     *member;
    ngx_str_t   text;

    member = json_object_get(object, name);

    text.data = (u_char *) json_string_value(member);
    text.len = json_string_length(member);

    return text.data && ngx_thread_ws_string_is(&text, value);
}
