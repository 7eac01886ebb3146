
/*
 * The wire "ag-ui": what the client sends: an input for a run, by a POST or a
 * frame, or an abort.  Of the messages, which it tells whole each time, those
 * at the end count: a question, or results of the last answer's calls.
 */


#include "wire/ngx_thread_ws_wire_ag_ui.h"
#include "wire/ngx_thread_ws_command_private.h"
#include "base/ngx_thread_ws_string.h"


static ngx_int_t ngx_thread_ws_ag_ui_load(ngx_thread_ws_command_t *command,
    u_char *data, size_t len);
static ngx_int_t ngx_thread_ws_ag_ui_input(ngx_thread_ws_command_t *command);
static ngx_int_t ngx_thread_ws_ag_ui_resume(ngx_thread_ws_command_t *command,
    json_t *entries);
static ngx_int_t ngx_thread_ws_ag_ui_question(
    ngx_thread_ws_command_t *command, json_t *content);
static ngx_int_t ngx_thread_ws_ag_ui_results(ngx_thread_ws_command_t *command,
    json_t *messages);
static json_t *ngx_thread_ws_ag_ui_output(json_t *message);
static ngx_int_t ngx_thread_ws_ag_ui_extra(ngx_thread_ws_command_t *command,
    json_t *id);
static ngx_int_t ngx_thread_ws_ag_ui_join(u_char **text, size_t *len,
    json_t *parts);
static ngx_uint_t ngx_thread_ws_ag_ui_is(json_t *object, const char *name,
    const char *value);


ngx_int_t
ngx_thread_ws_ag_ui_command(ngx_thread_ws_command_t *command, u_char *data,
    size_t len)
{
    json_t     *root, *id;
    ngx_int_t   rc;

    ngx_memzero(command, sizeof(ngx_thread_ws_command_t));

    rc = ngx_thread_ws_ag_ui_load(command, data, len);
    if (rc != NGX_OK) {
        return rc;
    }

    root = command->root;
    id = json_object_get(root, "runId");

    command->request_id.data = (u_char *) json_string_value(id);
    command->request_id.len = json_string_length(id);

    if (ngx_thread_ws_request_id_check(&command->request_id) != NGX_OK) {
        ngx_str_null(&command->request_id);
        return ngx_thread_ws_command_invalid(command,
                  "runId must be 1 to 128 printable ASCII characters without "
                  "quote and backslash");
    }

    if (json_object_get(root, "type")) {

        if (!ngx_thread_ws_ag_ui_is(root, "type", "abort")) {
            return ngx_thread_ws_command_invalid(command,
                                        "type may be \"abort\" only");
        }

        command->type = NGX_THREAD_WS_COMMAND_CANCEL;
        return NGX_OK;
    }

    id = json_object_get(root, "threadId");

    command->thread_id.data = (u_char *) json_string_value(id);
    command->thread_id.len = json_string_length(id);

    if (ngx_thread_ws_thread_id_check(&command->thread_id) != NGX_OK) {
        return ngx_thread_ws_command_invalid(command,
                  "threadId must be 1 to 128 characters of A-Z a-z 0-9 "
                  ". _ ~ -");
    }

    command->type = NGX_THREAD_WS_COMMAND_MESSAGE;

    return ngx_thread_ws_ag_ui_input(command);
}


static ngx_int_t
ngx_thread_ws_ag_ui_load(ngx_thread_ws_command_t *command, u_char *data,
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
        command->reason = "the input is not valid JSON";
        return NGX_DECLINED;
    }

    return json_is_object(command->root) ? NGX_OK
           : ngx_thread_ws_command_invalid(command,
                                           "an input is a JSON object");
}


static ngx_int_t
ngx_thread_ws_ag_ui_input(ngx_thread_ws_command_t *command)
{
    json_t     *root, *messages, *message, *props;
    ngx_int_t   rc;

    root = command->root;

    /* what our own protocol's messages have says nothing here */

    (void) json_object_del(root, "toolResults");
    (void) json_object_del(root, "answers");
    (void) json_object_del(root, "content");
    (void) json_object_del(root, "replaces");
    (void) json_object_del(root, "metadata");

    messages = json_object_get(root, "messages");
    message = json_array_get(messages, json_array_size(messages) - 1);

    if (!json_is_object(message)) {
        return ngx_thread_ws_command_invalid(command,
                                             "messages has no message");
    }

    props = json_object_get(root, "forwardedProps");
    command->parameters = json_object_size(props) ? props : NULL;

    if (json_array_size(json_object_get(root, "resume"))) {
        return ngx_thread_ws_ag_ui_resume(command,
                                          json_object_get(root, "resume"));
    }

    if (ngx_thread_ws_ag_ui_is(message, "role", "user")) {
        rc = ngx_thread_ws_ag_ui_question(command,
                                          json_object_get(message, "content"));

        /* one that was asked before says so by its id alone */

        props = json_object_get(message, "id");
        command->answers.data = (u_char *) json_string_value(props);
        command->answers.len = json_string_length(props);
        command->perhaps = 1;

    } else if (ngx_thread_ws_ag_ui_is(message, "role", "tool")) {
        rc = ngx_thread_ws_ag_ui_results(command, messages);

    } else {
        rc = ngx_thread_ws_command_invalid(command,
                                 "the last message must be a user's or a "
                                 "tool's");
    }

    return (rc == NGX_OK)
           ? ngx_thread_ws_ag_ui_extra(command, json_object_get(message, "id"))
           : rc;
}


/* what is cancelled is answered with null; the messages are as they were */

static ngx_int_t
ngx_thread_ws_ag_ui_resume(ngx_thread_ws_command_t *command, json_t *entries)
{
    size_t      i;
    json_t     *answers, *entry, *answer, *value;
    ngx_int_t   rc;

    answers = json_array();

    if (json_object_set_new(command->root, "answers", answers) != 0) {
        return NGX_ERROR;
    }

    json_array_foreach(entries, i, entry) {
        value = NULL;

        if (ngx_thread_ws_ag_ui_is(entry, "status", "resolved")) {
            value = json_object_get(entry, "payload");

        } else if (!ngx_thread_ws_ag_ui_is(entry, "status", "cancelled")) {
            return ngx_thread_ws_command_invalid(command,
                      "resume: status must be \"resolved\" or \"cancelled\"");
        }

        answer = json_pack("{s:O?,s:O?}",
                           "interruptId", json_object_get(entry, "interruptId"),
                           "value", value);

        if (json_array_append_new(answers, answer) != 0) {
            return NGX_ERROR;
        }
    }

    rc = ngx_thread_ws_command_answers(command, answers);

    return (rc == NGX_OK) ? ngx_thread_ws_command_extra(command) : rc;
}


/* a text, or parts of which the texts are joined */

static ngx_int_t
ngx_thread_ws_ag_ui_question(ngx_thread_ws_command_t *command, json_t *content)
{
    ngx_int_t   rc;
    ngx_str_t  *text;

    text = &command->content;

    if (json_is_string(content)) {
        text->data = (u_char *) json_string_value(content);
        text->len = json_string_length(content);

    } else {
        rc = ngx_thread_ws_ag_ui_join(&command->plain, &text->len, content);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DECLINED) {
            return ngx_thread_ws_command_invalid(command,
                                                 "files are not taken here");
        }

        text->data = command->plain;
    }

    return (text->len == 0)
           ? ngx_thread_ws_command_invalid(command, "the message has no text")
           : memchr(text->data, '\0', text->len)
           ? ngx_thread_ws_command_invalid(command,
                                 "the message must not contain U+0000")
           : NGX_OK;
}


/* the tools' messages after the last that is none */

static ngx_int_t
ngx_thread_ws_ag_ui_results(ngx_thread_ws_command_t *command,
    json_t *messages)
{
    size_t   i, n;
    json_t  *results, *message, *result, *error, *output;

    n = json_array_size(messages);

    for (i = n; i; i--) {
        message = json_array_get(messages, i - 1);

        if (!ngx_thread_ws_ag_ui_is(message, "role", "tool")) {
            break;
        }
    }

    results = json_array();

    if (json_object_set_new(command->root, "toolResults", results) != 0) {
        return NGX_ERROR;
    }

    for ( /* void */ ; i < n; i++) {
        message = json_array_get(messages, i);
        output = ngx_thread_ws_ag_ui_output(message);

        if (output == NULL) {
            return ngx_thread_ws_command_invalid(command,
                                       "a tool's content must be a text");
        }

        result = json_pack("{s:O?,s:o}",
                           "toolCallId", json_object_get(message, "toolCallId"),
                           "output", output);
        error = json_object_get(message, "error");

        if (result == NULL
            || (error && !json_is_null(error)
                && json_object_set(result, "error", error) != 0)
            || json_array_append(results, result) != 0)
        {
            json_decref(result);
            return NGX_ERROR;
        }

        json_decref(result);
    }

    return ngx_thread_ws_command_results(command, results);
}


/* a new text; NULL: it has none (or there is no memory) */

static json_t *
ngx_thread_ws_ag_ui_output(json_t *message)
{
    u_char  *text;
    size_t   len;
    json_t  *content, *output;

    content = json_object_get(message, "content");

    if (json_is_string(content)) {
        return json_incref(content);
    }

    text = NULL;

    if (!json_is_array(content)
        || ngx_thread_ws_ag_ui_join(&text, &len, content) != NGX_OK)
    {
        return NULL;
    }

    output = json_stringn((char *) text, len);

    free(text);

    return output;
}


/*
 * The texts of parts, a line apart, malloc'ed: NGX_OK, NGX_DECLINED if there is
 * something else among them, NGX_ERROR.
 */

static ngx_int_t
ngx_thread_ws_ag_ui_join(u_char **text, size_t *len, json_t *parts)
{
    size_t   i;
    u_char  *p;
    json_t  *part, *s;

    *len = 0;

    json_array_foreach(parts, i, part) {

        if (!ngx_thread_ws_ag_ui_is(part, "type", "text")) {
            return NGX_DECLINED;
        }

        *len += json_string_length(json_object_get(part, "text")) + 1;
    }

    p = malloc(*len + 1);
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


/* the message's own id, by which the client knows it, is stored with it */

static ngx_int_t
ngx_thread_ws_ag_ui_extra(ngx_thread_ws_command_t *command, json_t *id)
{
    json_t  *metadata;

    if (json_string_length(id) == 0
        || json_string_length(id) > NGX_THREAD_WS_ID_MAX
        || memchr(json_string_value(id), '\0', json_string_length(id)))
    {
        return ngx_thread_ws_command_invalid(command,
                              "the message's id must be 1 to 128 characters");
    }

    metadata = json_pack("{s:O}", "messageId", id);

    if (json_object_set_new(command->root, "metadata", metadata) != 0) {
        return NGX_ERROR;
    }

    return ngx_thread_ws_command_extra(command);
}


static ngx_uint_t
ngx_thread_ws_ag_ui_is(json_t *object, const char *name, const char *value)
{
    json_t     *member;
    ngx_str_t   text;

    member = json_object_get(object, name);

    text.data = (u_char *) json_string_value(member);
    text.len = json_string_length(member);

    return text.data && ngx_thread_ws_string_is(&text, value);
}
