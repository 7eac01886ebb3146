
/*
 * The wire "ai-sdk": what the client sends.  Of the chat that it tells whole
 * each time the last message counts: the others are the thread's own.
 */


#include "wire/ngx_thread_ws_wire_ai_sdk.h"
#include "wire/ngx_thread_ws_command_private.h"
#include "wire/ngx_thread_ws_wire_read.h"


#define NGX_THREAD_WS_AI_SDK_NO_JSON    "the message is not valid JSON"
#define NGX_THREAD_WS_AI_SDK_NO_OBJECT  "a frame is a JSON object"


static ngx_int_t ngx_thread_ws_ai_sdk_chat(ngx_thread_ws_command_t *command);
static ngx_int_t ngx_thread_ws_ai_sdk_send(ngx_thread_ws_command_t *command,
    json_t *body);
static ngx_int_t ngx_thread_ws_ai_sdk_question(
    ngx_thread_ws_command_t *command, json_t *message, ngx_uint_t anew);
static ngx_uint_t ngx_thread_ws_ai_sdk_anew(json_t *root);
static ngx_uint_t ngx_thread_ws_ai_sdk_submits(json_t *root);
static json_t *ngx_thread_ws_ai_sdk_file(json_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_results(ngx_thread_ws_command_t *command,
    json_t *parts);
static ngx_int_t ngx_thread_ws_ai_sdk_had(ngx_thread_ws_command_t *command);
static ngx_int_t ngx_thread_ws_ai_sdk_gave(json_t *results, json_t *parts);
static ngx_int_t ngx_thread_ws_ai_sdk_answers(json_t *answers, json_t *parts);
static ngx_uint_t ngx_thread_ws_ai_sdk_is_asked(json_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_dump(ngx_str_t *text, json_t *json);
static ngx_int_t ngx_thread_ws_ai_sdk_shown(ngx_thread_ws_command_t *command,
    json_t *message);
static ngx_int_t ngx_thread_ws_ai_sdk_answer(json_t *answers, json_t *part);
static ngx_int_t ngx_thread_ws_ai_sdk_result(json_t *results, json_t *part);


ngx_int_t
ngx_thread_ws_ai_sdk_command(ngx_thread_ws_command_t *command, u_char *data,
    size_t len)
{
    json_t     *root;
    ngx_int_t   rc;

    ngx_memzero(command, sizeof(ngx_thread_ws_command_t));

    rc = ngx_thread_ws_wire_load(command, data, len,
                                 NGX_THREAD_WS_AI_SDK_NO_JSON,
                                 NGX_THREAD_WS_AI_SDK_NO_OBJECT);

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_wire_request_id(command, "requestId",
                                           "requestId is none");

    } else if (rc == NGX_DECLINED) {
        ngx_thread_ws_wire_named(command, data, len, "requestId");
    }

    if (rc != NGX_OK) {
        return rc;
    }

    root = command->root;

    if (ngx_thread_ws_wire_is(root, "type", "abort")) {
        command->type = NGX_THREAD_WS_COMMAND_CANCEL;
        return NGX_OK;
    }

    rc = ngx_thread_ws_ai_sdk_chat(command);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_thread_ws_wire_is(root, "type", "resume")) {
        command->type = NGX_THREAD_WS_COMMAND_FOLLOW;
        return NGX_OK;
    }

    if (ngx_thread_ws_wire_is(root, "type", "send")) {
        command->type = NGX_THREAD_WS_COMMAND_MESSAGE;
        return ngx_thread_ws_ai_sdk_send(command,
                                         json_object_get(root, "body"));
    }

    return ngx_thread_ws_command_invalid(command,
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

    rc = ngx_thread_ws_wire_load(command, data, len,
                                 NGX_THREAD_WS_AI_SDK_NO_JSON,
                                 NGX_THREAD_WS_AI_SDK_NO_OBJECT);
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
    return ngx_thread_ws_wire_thread_id(command, "id",
                  "the chat's id must be 1 to 128 characters of A-Z a-z 0-9 "
                  ". _ ~ -");
}


/*
 * What is meant the last message says: a question, which may be in the place of
 * one that is named, or results of the calls of the answer.
 */

static ngx_int_t
ngx_thread_ws_ai_sdk_send(ngx_thread_ws_command_t *command, json_t *body)
{
    json_t      *message;
    ngx_int_t    rc;
    ngx_uint_t   anew;

    anew = ngx_thread_ws_ai_sdk_anew(command->root);
    message = ngx_thread_ws_wire_last(command);

    if (anew && !ngx_thread_ws_wire_is(message, "role", "user")) {
        return ngx_thread_ws_command_invalid(command,
                              "to answer again takes the user's message, the "
                              "last of messages");
    }

    if (message == NULL) {
        return NGX_DECLINED;
    }

    command->parameters = json_object_size(body) ? body : NULL;

    if (ngx_thread_ws_wire_is(message, "role", "assistant")) {
        rc = ngx_thread_ws_ai_sdk_results(command,
                                          json_object_get(message, "parts"));

        if (rc == NGX_OK) {
            rc = ngx_thread_ws_ai_sdk_shown(command, message);
        }

    } else if (ngx_thread_ws_wire_is(message, "role", "user")) {
        rc = ngx_thread_ws_ai_sdk_question(command, message, anew);

        if (rc == NGX_OK) {
            rc = ngx_thread_ws_ai_sdk_had(command);
        }

    } else {
        rc = ngx_thread_ws_command_invalid(command,
                                  "the last message must be the user's or an "
                                  "answer with results of tools");
    }

    return (rc == NGX_OK) ? ngx_thread_ws_command_extra(command) : rc;
}


static ngx_int_t
ngx_thread_ws_ai_sdk_question(ngx_thread_ws_command_t *command,
    json_t *message, ngx_uint_t anew)
{
    ngx_int_t   rc;
    json_t     *id, *named;

    if (!anew && !ngx_thread_ws_ai_sdk_submits(command->root))
    {
        return ngx_thread_ws_command_invalid(command,
                              "trigger must be submit-message or "
                              "regenerate-message");
    }

    id = json_object_get(message, "id");

    rc = ngx_thread_ws_wire_content(command, json_object_get(message, "parts"),
                                    ngx_thread_ws_ai_sdk_file);

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_wire_message_id(command, id);
    }

    named = json_object_get(command->root, "messageId");

    if (rc == NGX_OK && (anew || json_is_string(named))) {
        ngx_thread_ws_wire_answers(command, id);

        /* of an answer that is to be given anew it is the run's */

        command->answered.data = (u_char *) json_string_value(named);
        command->answered.len = json_string_length(named);

    } else if (rc == NGX_OK
               && json_object_get(command->root, "trigger") == NULL)
    {
        /* a page that says no more than the message may mean either */

        ngx_thread_ws_wire_answers(command, id);
        command->perhaps = 1;
    }

    return rc;
}


/* pages that choose what they send may say it so, or not at all */

static ngx_uint_t
ngx_thread_ws_ai_sdk_anew(json_t *root)
{
    return ngx_thread_ws_wire_is(root, "trigger", "regenerate-message")
           || ngx_thread_ws_wire_is(root, "trigger",
                                    "regenerate-assistant-message");
}


static ngx_uint_t
ngx_thread_ws_ai_sdk_submits(json_t *root)
{
    return json_object_get(root, "trigger") == NULL
           || ngx_thread_ws_wire_is(root, "trigger", "submit-message")
           || ngx_thread_ws_wire_is(root, "trigger", "submit-user-message");
}


/* what else a page shows in a message is none of the question */

static json_t *
ngx_thread_ws_ai_sdk_file(json_t *part)
{
    json_t      *type, *name;
    const char  *kind, *media;

    if (!ngx_thread_ws_wire_is(part, "type", "file")) {
        return json_null();
    }

    type = json_object_get(part, "mediaType");
    name = json_object_get(part, "filename");
    media = json_string_value(type);

    kind = media && ngx_strncmp(media, "image/", 6) == 0 ? "image"
           : media && ngx_strncmp(media, "audio/", 6) == 0 ? "audio" : "file";

    if (media && strchr(media, '*')) {

        /* as pages write, and our history, that it is not known */

        type = NULL;
    }

    return json_pack("{s:s, s:O*, s:O*, s:O*}", "type", kind,
                     "url", json_object_get(part, "url"), "mediaType", type,
                     "filename", json_string_length(name) ? name : NULL);
}


/*
 * What the page shows of calls: all results that the answer has, of whatever
 * step, since an answer to these may have broken off.  Which of the calls are
 * open the thread knows.  What the agent asked is told as a call, too.
 */

static ngx_int_t
ngx_thread_ws_ai_sdk_results(ngx_thread_ws_command_t *command, json_t *parts)
{
    json_t     *results, *answers;
    ngx_int_t   rc;

    results = json_array();
    answers = json_array();

    if (json_object_set_new(command->root, "toolResults", results) != 0
        || json_object_set_new(command->root, "answers", answers) != 0
        || ngx_thread_ws_ai_sdk_gave(results, parts) == NGX_ERROR
        || ngx_thread_ws_ai_sdk_answers(answers, parts) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (json_array_size(answers)) {

        /* of one that asks: its tools are its own */

        (void) json_object_del(command->root, "toolResults");
        results = NULL;

        rc = ngx_thread_ws_command_answers(command, answers);

    } else {
        (void) json_object_del(command->root, "answers");

        rc = json_array_size(results)
             ? ngx_thread_ws_command_results(command, results)
             : ngx_thread_ws_command_invalid(command,
                                      "the answer has no result of a tool");
    }

    return (rc == NGX_OK) ? ngx_thread_ws_ai_sdk_dump(&command->shown,
                                  json_pack("{s:O*}", "toolResults", results))
                          : rc;
}


/*
 * Beside a question: results that the page has in the last of its answers that
 * had calls, if these should be open still.
 */

static ngx_int_t
ngx_thread_ws_ai_sdk_had(ngx_thread_ws_command_t *command)
{
    size_t      i;
    json_t     *messages, *message, *results;
    ngx_int_t   rc;

    messages = json_object_get(command->root, "messages");
    results = json_array();
    rc = results ? NGX_DECLINED : NGX_ERROR;

    for (i = json_array_size(messages); i > 0 && rc == NGX_DECLINED; i--) {
        message = json_array_get(messages, i - 1);

        if (ngx_thread_ws_wire_is(message, "role", "assistant")) {
            rc = ngx_thread_ws_ai_sdk_gave(results,
                                           json_object_get(message, "parts"));
        }
    }

    /* the question stands, whatever these may be */

    if (rc == NGX_OK && json_array_size(results)) {
        rc = ngx_thread_ws_command_results(command, results);

        if (rc == NGX_OK) {
            rc = ngx_thread_ws_ai_sdk_dump(&command->shown,
                                   json_pack("{s:O}", "toolResults", results));
        }
    }

    json_decref(results);

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


/*
 * The results of the page's own calls; of those with one id the last.
 * NGX_DECLINED if it had no calls.
 */

static ngx_int_t
ngx_thread_ws_ai_sdk_gave(json_t *results, json_t *parts)
{
    size_t       i;
    json_t      *part, *calls;
    ngx_int_t    rc;
    const char  *id;

    calls = json_object();
    rc = calls ? NGX_OK : NGX_ERROR;

    json_array_foreach(parts, i, part) {

        if (rc != NGX_OK) {
            break;
        }

        if (json_is_true(json_object_get(part, "providerExecuted"))
            || ngx_thread_ws_ai_sdk_is_asked(part))
        {
            continue;
        }

        id = json_string_value(json_object_get(part, "toolCallId"));

        if (id == NULL) {
            rc = ngx_thread_ws_ai_sdk_result(results, part);

        } else if (json_object_set(calls, id, part)) {
            rc = NGX_ERROR;
        }
    }

    json_object_foreach(calls, id, part) {

        if (rc != NGX_OK) {
            break;
        }

        rc = ngx_thread_ws_ai_sdk_result(results, part);
    }

    if (rc == NGX_OK && json_object_size(calls) == 0) {
        rc = NGX_DECLINED;
    }

    json_decref(calls);

    return rc;
}


/* those of the last step that has any */

static ngx_int_t
ngx_thread_ws_ai_sdk_answers(json_t *answers, json_t *parts)
{
    size_t       i;
    json_t      *part;
    ngx_uint_t   step;

    step = 0;

    json_array_foreach(parts, i, part) {

        if (ngx_thread_ws_wire_is(part, "type", "step-start")) {
            step = 1;
            continue;
        }

        if (!ngx_thread_ws_ai_sdk_is_asked(part)
            || json_is_true(json_object_get(part, "providerExecuted"))
            || !(ngx_thread_ws_wire_is(part, "state", "output-available")
                 || ngx_thread_ws_wire_is(part, "state",
                                          "approval-responded")))
        {
            continue;
        }

        if (step) {
            (void) json_array_clear(answers);
            step = 0;
        }

        if (ngx_thread_ws_ai_sdk_answer(answers, part) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_thread_ws_ai_sdk_is_asked(json_t *part)
{
    return ngx_thread_ws_wire_is(part, "type", "dynamic-tool")
           && ngx_thread_ws_wire_is(part, "toolName",
                                    NGX_THREAD_WS_AI_SDK_ASKS);
}


/* takes the JSON */

static ngx_int_t
ngx_thread_ws_ai_sdk_dump(ngx_str_t *text, json_t *json)
{
    text->data = json ? (u_char *) json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);

    if (text->data == NULL) {
        return NGX_ERROR;
    }

    text->len = ngx_strlen(text->data);

    return NGX_OK;
}


/* for a page that resumes the run, and has none of this */

static ngx_int_t
ngx_thread_ws_ai_sdk_shown(ngx_thread_ws_command_t *command, json_t *message)
{
    return ngx_thread_ws_ai_sdk_dump(&command->earlier,
                   json_pack("{s:O*, s:O}",
                             "id", json_object_get(message, "id"),
                             "parts", json_object_get(message, "parts")));
}


/* of a question that has its answer, or is approved or not */

static ngx_int_t
ngx_thread_ws_ai_sdk_answer(json_t *answers, json_t *part)
{
    json_t  *id, *value, *approval;

    id = json_object_get(part, "toolCallId");

    if (ngx_thread_ws_wire_is(part, "state", "output-available")) {
        value = json_incref(json_object_get(part, "output"));

    } else {
        approval = json_object_get(part, "approval");
        value = json_pack("{s:O*, s:O*}",
                          "approved", json_object_get(approval, "approved"),
                          "reason", json_object_get(approval, "reason"));
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

    if (ngx_thread_ws_wire_is(part, "state", "output-error")) {
        error = json_object_get(part, "errorText");

    } else if (!ngx_thread_ws_wire_is(part, "state", "output-available")) {
        return NGX_OK;
    }

    id = json_object_get(part, "toolCallId");

    result = error ? json_pack("{s:O*, s:n, s:O}", "toolCallId", id,
                               "output", "error", error)
                   : json_pack("{s:O*, s:O*}", "toolCallId", id,
                               "output", output);

    return (json_array_append_new(results, result) == 0) ? NGX_OK : NGX_ERROR;
}
