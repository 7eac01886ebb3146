
/*
 * The wire "ai-sdk": what the client sends.  Of the chat that it tells whole
 * each time the last message counts: the others are the thread's own.
 */


#include "wire/ngx_thread_ws_wire_ai_sdk.h"
#include "base/ngx_thread_ws_string.h"
#include "wire/ngx_thread_ws_command_private.h"


static ngx_int_t ngx_thread_ws_ai_sdk_load(ngx_thread_ws_command_t *command,
    u_char *data, size_t len);
static ngx_int_t ngx_thread_ws_ai_sdk_chat(ngx_thread_ws_command_t *command);
static ngx_int_t ngx_thread_ws_ai_sdk_send(ngx_thread_ws_command_t *command,
    json_t *body);
static ngx_int_t ngx_thread_ws_ai_sdk_question(
    ngx_thread_ws_command_t *command, json_t *message);
static ngx_uint_t ngx_thread_ws_ai_sdk_submits(json_t *root);
static ngx_int_t ngx_thread_ws_ai_sdk_content(ngx_thread_ws_command_t *command,
    json_t *parts);
static json_t *ngx_thread_ws_ai_sdk_file(json_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_texts(ngx_thread_ws_command_t *command,
    json_t *parts);
static ngx_int_t ngx_thread_ws_ai_sdk_name(ngx_thread_ws_command_t *command,
    json_t *id);
static ngx_int_t ngx_thread_ws_ai_sdk_results(ngx_thread_ws_command_t *command,
    json_t *parts);
static ngx_int_t ngx_thread_ws_ai_sdk_answer(json_t *answers, json_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_result(json_t *results, json_t *part);
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

    rc = ngx_thread_ws_ai_sdk_chat(command);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_thread_ws_ai_sdk_is(root, "type", "resume")) {
        command->type = NGX_THREAD_WS_COMMAND_FOLLOW;
        return NGX_OK;
    }

    if (ngx_thread_ws_ai_sdk_is(root, "type", "send")) {
        command->type = NGX_THREAD_WS_COMMAND_MESSAGE;
        return ngx_thread_ws_ai_sdk_send(command,
                                         json_object_get(root, "body"));
    }

    return ngx_thread_ws_ai_sdk_refuse(command,
                             "type must be \"send\", \"resume\" or \"abort\"");
}


/* what the frame has in "body" is beside the rest here */

ngx_int_t
ngx_thread_ws_ai_sdk_post(ngx_thread_ws_command_t *command, u_char *data,
    size_t len, ngx_str_t *request_id)
{
    json_t      *root, *body;
    ngx_int_t    rc;
    const char **name;

    static const char  *names[] = {
        "id", "messages", "message", "trigger", "messageId", NULL
    };

    ngx_memzero(command, sizeof(ngx_thread_ws_command_t));

    rc = ngx_thread_ws_ai_sdk_load(command, data, len);
    if (rc != NGX_OK) {
        return rc;
    }

    root = command->root;

    command->type = NGX_THREAD_WS_COMMAND_MESSAGE;
    command->request_id = *request_id;

    rc = ngx_thread_ws_ai_sdk_chat(command);
    if (rc != NGX_OK) {
        return rc;
    }

    body = json_copy(root);
    if (body == NULL) {
        return NGX_ERROR;
    }

    for (name = names; *name; name++) {
        (void) json_object_del(body, *name);
    }

    if (json_object_set_new(root, "body", body) != 0) {
        return NGX_ERROR;
    }

    return ngx_thread_ws_ai_sdk_send(command, body);
}


static ngx_int_t
ngx_thread_ws_ai_sdk_chat(ngx_thread_ws_command_t *command)
{
    json_t  *id;

    id = json_object_get(command->root, "id");

    command->thread_id.data = (u_char *) json_string_value(id);
    command->thread_id.len = json_string_length(id);

    return (ngx_thread_ws_thread_id_check(&command->thread_id) == NGX_OK)
           ? NGX_OK
           : ngx_thread_ws_ai_sdk_refuse(command,
                  "the chat's id must be 1 to 128 characters of A-Z a-z 0-9 "
                  ". _ ~ -");
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


/*
 * What is meant the last message says: a question, which may be in the place of
 * one that is named, or results of the calls of the answer before.
 */

static ngx_int_t
ngx_thread_ws_ai_sdk_send(ngx_thread_ws_command_t *command, json_t *body)
{
    json_t     *messages, *message;
    ngx_int_t   rc;

    messages = json_object_get(command->root, "messages");
    message = messages ? json_array_get(messages, json_array_size(messages) - 1)
                       : json_object_get(command->root, "message");

    if (!json_is_object(message)) {
        return ngx_thread_ws_ai_sdk_refuse(command, "messages has no message");
    }

    command->parameters = json_object_size(body) ? body : NULL;

    /* the page's own, which are no members of ours */

    (void) json_object_del(command->root, "metadata");
    (void) json_object_del(command->root, "replaces");
    (void) json_object_del(command->root, "toolResults");
    (void) json_object_del(command->root, "answers");
    (void) json_object_del(command->root, "content");

    if (ngx_thread_ws_ai_sdk_is(message, "role", "assistant")) {
        rc = ngx_thread_ws_ai_sdk_results(command,
                                          json_object_get(message, "parts"));

    } else if (ngx_thread_ws_ai_sdk_is(message, "role", "user")) {
        rc = ngx_thread_ws_ai_sdk_question(command, message);

    } else {
        rc = ngx_thread_ws_ai_sdk_refuse(command,
                                  "the last message must be the user's or an "
                                  "answer with results of tools");
    }

    return (rc == NGX_OK) ? ngx_thread_ws_command_extra(command) : rc;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_question(ngx_thread_ws_command_t *command,
    json_t *message)
{
    ngx_int_t   rc;
    json_t     *id, *named;
    ngx_uint_t  anew;

    anew = ngx_thread_ws_ai_sdk_is(command->root, "trigger",
                                   "regenerate-message")
           || ngx_thread_ws_ai_sdk_is(command->root, "trigger",
                                      "regenerate-assistant-message");

    if (!anew && !ngx_thread_ws_ai_sdk_submits(command->root))
    {
        return ngx_thread_ws_ai_sdk_refuse(command,
                              "trigger must be submit-message or "
                              "regenerate-message");
    }

    id = json_object_get(message, "id");

    rc = ngx_thread_ws_ai_sdk_content(command,
                                      json_object_get(message, "parts"));

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_ai_sdk_name(command, id);
    }

    named = json_object_get(command->root, "messageId");

    if (rc == NGX_OK && (anew || json_is_string(named))) {
        command->answers.data = (u_char *) json_string_value(id);
        command->answers.len = json_string_length(id);

        /* of an answer that is to be given anew it is the run's */

        command->answered.data = (u_char *) json_string_value(named);
        command->answered.len = json_string_length(named);

    } else if (rc == NGX_OK
               && json_object_get(command->root, "trigger") == NULL)
    {
        /* a page that says no more than the message may mean either */

        command->answers.data = (u_char *) json_string_value(id);
        command->answers.len = json_string_length(id);
        command->perhaps = 1;
    }

    return rc;
}


/* pages that choose what they send may say it so, or not at all */

static ngx_uint_t
ngx_thread_ws_ai_sdk_submits(json_t *root)
{
    return json_object_get(root, "trigger") == NULL
           || ngx_thread_ws_ai_sdk_is(root, "trigger", "submit-message")
           || ngx_thread_ws_ai_sdk_is(root, "trigger", "submit-user-message");
}


/* texts and files are parts; where there are texts alone, they are one */

static ngx_int_t
ngx_thread_ws_ai_sdk_content(ngx_thread_ws_command_t *command, json_t *parts)
{
    size_t       i;
    json_t      *part, *content, *file;
    ngx_uint_t   files;

    files = 0;
    content = json_array();

    if (json_object_set_new(command->root, "content", content) != 0) {
        return NGX_ERROR;
    }

    json_array_foreach(parts, i, part) {

        if (ngx_thread_ws_ai_sdk_is(part, "type", "file")) {
            file = ngx_thread_ws_ai_sdk_file(part);
            files = 1;

        } else if (ngx_thread_ws_ai_sdk_is(part, "type", "text")
                   && json_string_length(json_object_get(part, "text")))
        {
            file = json_pack("{s:s, s:O}", "type", "text",
                             "text", json_object_get(part, "text"));

        } else {
            continue;
        }

        if (json_array_append_new(content, file) != 0) {
            return NGX_ERROR;
        }
    }

    return files ? ngx_thread_ws_command_parts(command, content)
                 : ngx_thread_ws_ai_sdk_texts(command, content);
}


static json_t *
ngx_thread_ws_ai_sdk_file(json_t *part)
{
    json_t      *type, *name;
    const char  *kind, *media;

    type = json_object_get(part, "mediaType");
    name = json_object_get(part, "filename");
    media = json_string_value(type);

    kind = media && ngx_strncmp(media, "image/", 6) == 0 ? "image"
           : media && ngx_strncmp(media, "audio/", 6) == 0 ? "audio" : "file";

    return json_pack("{s:s, s:O*, s:O*, s:O*}", "type", kind,
                     "url", json_object_get(part, "url"), "mediaType", type,
                     "filename", json_string_length(name) ? name : NULL);
}


/* a line apart */

static ngx_int_t
ngx_thread_ws_ai_sdk_texts(ngx_thread_ws_command_t *command, json_t *parts)
{
    size_t   i, len;
    u_char  *p;
    json_t  *part, *text;

    len = 0;

    json_array_foreach(parts, i, part) {
        len += json_string_length(json_object_get(part, "text")) + 1;
    }

    command->plain = malloc(len + 1);
    if (command->plain == NULL) {
        return NGX_ERROR;
    }

    p = command->plain;

    json_array_foreach(parts, i, part) {
        text = json_object_get(part, "text");

        if (i) {
            *p++ = '\n';
        }

        p = ngx_cpymem(p, json_string_value(text), json_string_length(text));
    }

    command->content.data = command->plain;
    command->content.len = p - command->plain;

    (void) json_object_del(command->root, "content");

    return (command->content.len == 0)
           ? ngx_thread_ws_ai_sdk_refuse(command, "the message has no text")
           : memchr(command->content.data, '\0', command->content.len)
           ? ngx_thread_ws_ai_sdk_refuse(command,
                                 "the message must not contain U+0000")
           : NGX_OK;
}


/* the message's own id, by which the client knows it, is stored with it */

static ngx_int_t
ngx_thread_ws_ai_sdk_name(ngx_thread_ws_command_t *command, json_t *id)
{
    if (json_string_length(id) == 0
        || json_string_length(id) > NGX_THREAD_WS_ID_MAX
        || memchr(json_string_value(id), '\0', json_string_length(id)))
    {
        return ngx_thread_ws_ai_sdk_refuse(command,
                              "the message's id must be 1 to 128 characters");
    }

    return (json_object_set_new(command->root, "metadata",
                                json_pack("{s:O}", "messageId", id))
            == 0)
           ? NGX_OK : NGX_ERROR;
}


/*
 * The page's tools ran in the last step of its answer, which is a run's: those
 * of steps before were told already, and what the agent ran it knows.  What the
 * agent asked is told as a call, too.
 */

static ngx_int_t
ngx_thread_ws_ai_sdk_results(ngx_thread_ws_command_t *command, json_t *parts)
{
    size_t      i, n;
    json_t     *part, *results, *answers;
    ngx_int_t   rc;

    n = json_array_size(parts);

    for (i = n; i > 0; i--) {

        if (ngx_thread_ws_ai_sdk_is(json_array_get(parts, i - 1), "type",
                                    "step-start"))
        {
            break;
        }
    }

    results = json_array();
    answers = json_array();

    if (json_object_set_new(command->root, "toolResults", results) != 0
        || json_object_set_new(command->root, "answers", answers) != 0)
    {
        return NGX_ERROR;
    }

    for ( /* void */ ; i < n; i++) {
        part = json_array_get(parts, i);

        if (json_is_true(json_object_get(part, "providerExecuted"))) {
            continue;
        }

        rc = (ngx_thread_ws_ai_sdk_is(part, "type", "dynamic-tool")
              && ngx_thread_ws_ai_sdk_is(part, "toolName",
                                         NGX_THREAD_WS_AI_SDK_ASKS))
             ? ngx_thread_ws_ai_sdk_answer(answers, part)
             : ngx_thread_ws_ai_sdk_result(results, part);

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (json_array_size(results) == 0) {
        (void) json_object_del(command->root, "toolResults");
        results = NULL;
    }

    if (json_array_size(answers)) {
        return ngx_thread_ws_command_answers(command, answers);
    }

    (void) json_object_del(command->root, "answers");

    return results ? ngx_thread_ws_command_results(command, results)
                   : ngx_thread_ws_ai_sdk_refuse(command,
                                  "the answer has no result of a tool");
}


/* of a part, if it is a question that has its answer, or is approved or not */

static ngx_int_t
ngx_thread_ws_ai_sdk_answer(json_t *answers, json_t *part)
{
    json_t  *id, *value, *approval;

    id = json_object_get(part, "toolCallId");

    if (ngx_thread_ws_ai_sdk_is(part, "state", "output-available")) {
        value = json_incref(json_object_get(part, "output"));

    } else if (ngx_thread_ws_ai_sdk_is(part, "state", "approval-responded")) {
        approval = json_object_get(part, "approval");
        value = json_pack("{s:O*, s:O*}",
                          "approved", json_object_get(approval, "approved"),
                          "reason", json_object_get(approval, "reason"));

    } else {
        return NGX_OK;
    }

    return (json_array_append_new(answers, json_pack("{s:O*, s:o*}",
                                                     "interruptId", id,
                                                     "value", value))
            == 0)
           ? NGX_OK : NGX_ERROR;
}


/* of a part, if it is a call that has its result; what is missing is refused */

static ngx_int_t
ngx_thread_ws_ai_sdk_result(json_t *results, json_t *part)
{
    json_t  *result, *id, *output, *error;

    output = json_object_get(part, "output");
    error = NULL;

    if (ngx_thread_ws_ai_sdk_is(part, "state", "output-error")) {
        error = json_object_get(part, "errorText");

    } else if (!ngx_thread_ws_ai_sdk_is(part, "state", "output-available")) {
        return NGX_OK;
    }

    id = json_object_get(part, "toolCallId");

    result = error ? json_pack("{s:O*, s:n, s:O}", "toolCallId", id,
                               "output", "error", error)
                   : json_pack("{s:O*, s:O*}", "toolCallId", id,
                               "output", output);

    return (json_array_append_new(results, result) == 0) ? NGX_OK : NGX_ERROR;
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
