
/*
 * The wire "ag-ui": what the client sends: an input for a run, by a POST or a
 * frame, or an abort.  Of the messages, which it tells whole each time, those
 * at the end count: a question, or results of the last answer's calls.
 */


#include "wire/ngx_thread_ws_wire_ag_ui.h"
#include "wire/ngx_thread_ws_command_private.h"
#include "wire/ngx_thread_ws_wire_read.h"


static ngx_int_t ngx_thread_ws_ag_ui_input(ngx_thread_ws_command_t *command);
static ngx_int_t ngx_thread_ws_ag_ui_resume(ngx_thread_ws_command_t *command,
    json_t *entries);
static ngx_int_t ngx_thread_ws_ag_ui_question(
    ngx_thread_ws_command_t *command, json_t *content);
static json_t *ngx_thread_ws_ag_ui_file(json_t *part);
static ngx_int_t ngx_thread_ws_ag_ui_results(ngx_thread_ws_command_t *command,
    json_t *messages);
static json_t *ngx_thread_ws_ag_ui_output(json_t *message);


ngx_int_t
ngx_thread_ws_ag_ui_command(ngx_thread_ws_command_t *command, u_char *data,
    size_t len)
{
    json_t     *root;
    ngx_int_t   rc;

    ngx_memzero(command, sizeof(ngx_thread_ws_command_t));

    rc = ngx_thread_ws_wire_load(command, data, len,
                                 "the input is not valid JSON",
                                 "an input is a JSON object");

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_wire_request_id(command, "runId",
                  "runId must be 1 to 128 printable ASCII characters without "
                  "quote and backslash");

    } else if (rc == NGX_DECLINED) {
        ngx_thread_ws_wire_named(command, data, len, "runId");
    }

    if (rc != NGX_OK) {
        return rc;
    }

    root = command->root;

    if (json_object_get(root, "type")) {

        if (!ngx_thread_ws_wire_is(root, "type", "abort")) {
            return ngx_thread_ws_command_invalid(command,
                                        "type may be \"abort\" only");
        }

        command->type = NGX_THREAD_WS_COMMAND_CANCEL;
        return NGX_OK;
    }

    command->type = NGX_THREAD_WS_COMMAND_MESSAGE;

    rc = ngx_thread_ws_wire_thread_id(command, "threadId",
                  "threadId must be 1 to 128 characters of A-Z a-z 0-9 "
                  ". _ ~ -");

    return (rc == NGX_OK) ? ngx_thread_ws_ag_ui_input(command) : rc;
}


static ngx_int_t
ngx_thread_ws_ag_ui_input(ngx_thread_ws_command_t *command)
{
    json_t     *root, *message, *id, *props;
    ngx_int_t   rc;

    root = command->root;

    message = ngx_thread_ws_wire_last(command);
    if (message == NULL) {
        return NGX_DECLINED;
    }

    id = json_object_get(message, "id");
    props = json_object_get(root, "forwardedProps");
    command->parameters = json_object_size(props) ? props : NULL;

    if (json_array_size(json_object_get(root, "resume"))) {
        return ngx_thread_ws_ag_ui_resume(command,
                                          json_object_get(root, "resume"));
    }

    if (ngx_thread_ws_wire_is(message, "role", "user")) {
        rc = ngx_thread_ws_ag_ui_question(command,
                                          json_object_get(message, "content"));

        /* one that was asked before says so by its id alone */

        ngx_thread_ws_wire_answers(command, id);
        command->perhaps = 1;

    } else if (ngx_thread_ws_wire_is(message, "role", "tool")) {
        rc = ngx_thread_ws_ag_ui_results(command,
                                         json_object_get(root, "messages"));

    } else {
        rc = ngx_thread_ws_command_invalid(command,
                                 "the last message must be a user's or a "
                                 "tool's");
    }

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_wire_message_id(command, id);
    }

    return (rc == NGX_OK) ? ngx_thread_ws_command_extra(command) : rc;
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

        if (ngx_thread_ws_wire_is(entry, "status", "resolved")) {
            value = json_object_get(entry, "payload");

        } else if (!ngx_thread_ws_wire_is(entry, "status", "cancelled")) {
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


/* a text, or parts */

static ngx_int_t
ngx_thread_ws_ag_ui_question(ngx_thread_ws_command_t *command, json_t *content)
{
    if (!json_is_string(content)) {
        return ngx_thread_ws_wire_content(command, content,
                                          ngx_thread_ws_ag_ui_file);
    }

    command->content.data = (u_char *) json_string_value(content);
    command->content.len = json_string_length(content);

    return ngx_thread_ws_wire_question(command);
}


/* bytes stand apart from their type; what is no file is refused as a part */

static json_t *
ngx_thread_ws_ag_ui_file(json_t *part)
{
    json_t      *type, *name, *source, *media, *value, *url;
    const char  *kind;

    type = json_object_get(part, "type");
    name = json_object_get(json_object_get(part, "metadata"), "filename");
    source = json_object_get(part, "source");
    media = json_object_get(source, "mimeType");
    value = json_object_get(source, "value");

    kind = json_string_value(type);

    if (ngx_thread_ws_wire_is(part, "type", "document")
        || ngx_thread_ws_wire_is(part, "type", "video"))
    {
        kind = "file";
    }

    if (ngx_thread_ws_wire_is(source, "type", "data")
        && json_is_string(value) && json_is_string(media))
    {
        url = json_sprintf("data:%s;base64,%s", json_string_value(media),
                           json_string_value(value));

    } else {
        url = ngx_thread_ws_wire_is(source, "type", "url")
              ? json_incref(value) : json_null();
    }

    return json_pack("{s:s?, s:o?, s:O*, s:O*}", "type", kind, "url", url,
                     "mediaType", media,
                     "filename", json_string_length(name) ? name : NULL);
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

        if (!ngx_thread_ws_wire_is(message, "role", "tool")) {
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
    size_t   i, len;
    u_char  *text;
    json_t  *content, *part, *output;

    content = json_object_get(message, "content");

    if (json_is_string(content)) {
        return json_incref(content);
    }

    json_array_foreach(content, i, part) {

        if (!ngx_thread_ws_wire_is(part, "type", "text")) {
            return NULL;
        }
    }

    if (!json_is_array(content)
        || ngx_thread_ws_wire_join(&text, &len, content) != NGX_OK)
    {
        return NULL;
    }

    output = json_stringn((char *) text, len);

    free(text);

    return output;
}
