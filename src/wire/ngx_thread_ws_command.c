
/*
 * Commands.  Strict: a front end that misspells a field learns it at once,
 * and from the reason.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "wire/ngx_thread_ws_command_private.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json.h"


typedef struct {
    const char                *name;
    ngx_thread_ws_command_e    type;
    const char               **fields;    /* beside type, ended by NULL */
    char                      *unknown;   /* the reason for any other */
} ngx_thread_ws_command_type_t;


static const char  *ngx_thread_ws_command_message_fields[] = {
    "requestId", "threadId", "content", "toolResults", "answers", "parameters",
    "metadata", "replaces", NULL
};

static const char  *ngx_thread_ws_command_cancel_fields[] = {
    "requestId", NULL
};

static const char  *ngx_thread_ws_command_follow_fields[] = {
    "requestId", "after", NULL
};

static const char  *ngx_thread_ws_command_ping_fields[] = {
    "t", NULL
};


static ngx_thread_ws_command_type_t  ngx_thread_ws_command_types[] = {

    { "message",
      NGX_THREAD_WS_COMMAND_MESSAGE,
      ngx_thread_ws_command_message_fields,
      "a message has the fields type, requestId, threadId, content, "
      "toolResults, answers, parameters, metadata and replaces only" },

    { "cancel",
      NGX_THREAD_WS_COMMAND_CANCEL,
      ngx_thread_ws_command_cancel_fields,
      "a cancel has the fields type and requestId only" },

    { "abort",
      NGX_THREAD_WS_COMMAND_CANCEL,
      ngx_thread_ws_command_cancel_fields,
      "an abort has the fields type and requestId only" },

    { "follow",
      NGX_THREAD_WS_COMMAND_FOLLOW,
      ngx_thread_ws_command_follow_fields,
      "a follow has the fields type, requestId and after only" },

    { "ping",
      NGX_THREAD_WS_COMMAND_PING,
      ngx_thread_ws_command_ping_fields,
      "a ping has the fields type and t only" },

    { NULL, NGX_THREAD_WS_COMMAND_MESSAGE, NULL, NULL }
};


ngx_int_t
ngx_thread_ws_request_id_check(ngx_str_t *id)
{
    size_t  i;

    if (id->len == 0 || id->len > NGX_THREAD_WS_ID_MAX) {
        return NGX_DECLINED;
    }

    for (i = 0; i < id->len; i++) {

        if (id->data[i] < 0x20 || id->data[i] > 0x7e
            || id->data[i] == '"' || id->data[i] == '\\')
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_thread_id_check(ngx_str_t *id)
{
    u_char  c, ch;
    size_t  i;

    if (id->len == 0 || id->len > NGX_THREAD_WS_ID_MAX) {
        return NGX_DECLINED;
    }

    if (ngx_thread_ws_string_is(id, ".") || ngx_thread_ws_string_is(id, "..")) {

        /* steps of a path, which vanish from one that is normalized */

        return NGX_DECLINED;
    }

    for (i = 0; i < id->len; i++) {

        ch = id->data[i];
        c = (u_char) (ch | 0x20);

        if ((c >= 'a' && c <= 'z') || (ch >= '0' && ch <= '9')
            || ch == '.' || ch == '_' || ch == '~' || ch == '-')
        {
            continue;
        }

        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_command_refuse(ngx_thread_ws_command_t *command,
    ngx_thread_ws_code_e code, char *reason)
{
    command->code = code;
    command->reason = reason;

    return NGX_DECLINED;
}


ngx_int_t
ngx_thread_ws_command_invalid(ngx_thread_ws_command_t *command, char *reason)
{
    return ngx_thread_ws_command_refuse(command, NGX_THREAD_WS_INVALID_MESSAGE,
                                        reason);
}


ngx_int_t
ngx_thread_ws_command_no_json(ngx_thread_ws_command_t *command)
{
    return ngx_thread_ws_command_refuse(command, NGX_THREAD_WS_INVALID_JSON,
                                        "the message is not valid JSON");
}


static ngx_int_t
ngx_thread_ws_command_load(ngx_thread_ws_command_t *command, ngx_str_t *text)
{
    json_error_t  error;

    /* any value at the top level, to tell what is JSON and what is not */

    command->root = json_loadb((char *) text->data, text->len,
                               JSON_REJECT_DUPLICATES|JSON_DECODE_ANY
                               |JSON_ALLOW_NUL,
                               &error);

    if (command->root && memchr(text->data, '\0', text->len)) {

        /* jansson takes a text with zero bytes behind it */

        return ngx_thread_ws_command_no_json(command);
    }

    if (command->root) {
        return json_is_object(command->root) ? NGX_OK
               : ngx_thread_ws_command_invalid(command,
                                               "a command is a JSON object");
    }

    /* what is wrong with the text, jansson says */

    if (error.text[0] == '\0'
        || json_error_code(&error) == json_error_out_of_memory)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_command_unusual(command, text,
                                         json_error_code(&error));
}


/* A member that is a string; NGX_DECLINED if it is none, or not there. */

static ngx_int_t
ngx_thread_ws_command_string(json_t *root, const char *name, ngx_str_t *value)
{
    json_t  *member;

    member = json_object_get(root, name);

    if (!json_is_string(member)) {
        return NGX_DECLINED;
    }

    value->data = (u_char *) json_string_value(member);
    value->len = json_string_length(member);

    return NGX_OK;
}


static ngx_thread_ws_command_type_t *
ngx_thread_ws_command_type(json_t *type)
{
    ngx_thread_ws_command_type_t  *t;

    for (t = ngx_thread_ws_command_types; t->name; t++) {

        if (json_string_length(type) == ngx_strlen(t->name)
            && ngx_strcmp(json_string_value(type), t->name) == 0)
        {
            return t;
        }
    }

    return NULL;
}


/* Whether all members of an object are a command's fields. */

static ngx_uint_t
ngx_thread_ws_command_known(json_t *root, ngx_thread_ws_command_type_t *type)
{
    size_t        n;
    const char  **field;

    n = json_object_get(root, "type") ? 1 : 0;

    for (field = type->fields; *field; field++) {

        if (json_object_get(root, *field)) {
            n++;
        }
    }

    return n == json_object_size(root);
}


static ngx_int_t
ngx_thread_ws_command_request_id(ngx_thread_ws_command_t *command)
{
    ngx_str_t  id;

    if (ngx_thread_ws_command_string(command->root, "requestId", &id) != NGX_OK
        || ngx_thread_ws_request_id_check(&id) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    command->request_id = id;

    return NGX_OK;
}


/* a field of message that has others of its own */

static ngx_int_t
ngx_thread_ws_command_object(ngx_thread_ws_command_t *command,
    const char *name, json_t **object, char *reason)
{
    *object = json_object_get(command->root, name);

    return (*object == NULL || json_is_object(*object)) ? NGX_OK
           : ngx_thread_ws_command_invalid(command, reason);
}


static ngx_int_t
ngx_thread_ws_command_message(ngx_thread_ws_command_t *command)
{
    json_t     *results, *answers;
    ngx_int_t   rc;

    if (command->thread_id.data == NULL) {
        return ngx_thread_ws_command_invalid(command,
                                             "threadId must be a string");
    }

    results = json_object_get(command->root, "toolResults");

    answers = json_object_get(command->root, "answers");

    rc = results ? ngx_thread_ws_command_results(command, results) : NGX_OK;

    if (rc == NGX_OK && answers) {
        rc = ngx_thread_ws_command_answers(command, answers);
    }

    if (rc == NGX_OK
        && ((results == NULL && answers == NULL)
            || json_object_get(command->root, "content")))
    {
        rc = ngx_thread_ws_command_content(command);
    }

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_command_object(command, "parameters",
                                          &command->parameters,
                                          "parameters must be an object");
    }

    return (rc == NGX_OK) ? ngx_thread_ws_command_extra(command) : rc;
}


static ngx_int_t
ngx_thread_ws_command_follow(ngx_thread_ws_command_t *command)
{
    json_t      *after;
    json_int_t   place;

    after = json_object_get(command->root, "after");

    if (after == NULL) {
        return NGX_OK;
    }

    place = json_integer_value(after);

    if (!json_is_integer(after) || place < 0
        || (uint64_t) place > NGX_MAX_SIZE_T_VALUE)
    {
        ngx_str_null(&command->request_id);
        return ngx_thread_ws_command_invalid(command,
                                     "after must be an event's position");
    }

    command->after = place;

    return NGX_OK;
}


/*
 * Takes the fields that the command, and an error about it, are named by.
 * NGX_DECLINED if the request id is not one, where one is due.
 */

static ngx_int_t
ngx_thread_ws_command_ids(ngx_thread_ws_command_t *command, ngx_uint_t known)
{
    switch (command->type) {

    case NGX_THREAD_WS_COMMAND_MESSAGE:

        /* whatever else is wrong, the answer names the run */

        (void) ngx_thread_ws_command_string(command->root, "threadId",
                                            &command->thread_id);

        return ngx_thread_ws_command_request_id(command);

    case NGX_THREAD_WS_COMMAND_FOLLOW:

        if (json_object_get(command->root, "requestId") == NULL) {
            return NGX_OK;
        }

        /* fall through */

    case NGX_THREAD_WS_COMMAND_CANCEL:

        /* ... but no refused cancel may end a run that goes on */

        return known ? ngx_thread_ws_command_request_id(command) : NGX_OK;

    default: /* NGX_THREAD_WS_COMMAND_PING: has none */
        return NGX_OK;
    }
}


/* the fields of that type alone */

static ngx_int_t
ngx_thread_ws_command_rest(ngx_thread_ws_command_t *command, ngx_str_t *text)
{
    switch (command->type) {

    case NGX_THREAD_WS_COMMAND_MESSAGE:
        return ngx_thread_ws_command_message(command);

    case NGX_THREAD_WS_COMMAND_FOLLOW:
        return ngx_thread_ws_command_follow(command);

    case NGX_THREAD_WS_COMMAND_PING:
        return ngx_thread_ws_command_ping(command, text);

    default: /* NGX_THREAD_WS_COMMAND_CANCEL */
        return NGX_OK;
    }
}


ngx_int_t
ngx_thread_ws_command_parse(ngx_thread_ws_command_t *command, u_char *data,
    size_t len)
{
    ngx_int_t                      rc;
    ngx_str_t                      text;
    ngx_uint_t                     known;
    ngx_thread_ws_command_type_t  *type;

    ngx_memzero(command, offsetof(ngx_thread_ws_command_t, words));

    text.data = data;
    text.len = len;

    rc = ngx_thread_ws_command_usual(command, &text);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_thread_ws_command_load(command, &text);

    if (rc != NGX_OK || command->root == NULL) {
        return rc;
    }

    type = ngx_thread_ws_command_type(json_object_get(command->root, "type"));

    if (type == NULL) {
        return ngx_thread_ws_command_invalid(command,
                                     "type must be \"message\", \"cancel\", "
                                     "\"abort\", \"follow\" or "
                                     "\"ping\"");
    }

    command->type = type->type;

    known = ngx_thread_ws_command_known(command->root, type);
    rc = ngx_thread_ws_command_ids(command, known);

    if (!known) {
        return ngx_thread_ws_command_invalid(command, type->unknown);
    }

    if (rc != NGX_OK) {
        return ngx_thread_ws_command_invalid(command,
                  "requestId must be 1 to 128 printable ASCII characters "
                  "without quotes and backslashes");
    }

    return ngx_thread_ws_command_rest(command, &text);
}


void
ngx_thread_ws_command_free(ngx_thread_ws_command_t *command)
{
    json_decref(command->root);
    command->root = NULL;

    free(command->plain);
    command->plain = NULL;

    free(command->extra.data);
    ngx_str_null(&command->extra);

    free(command->earlier.data);
    ngx_str_null(&command->earlier);

    free(command->shown.data);
    ngx_str_null(&command->shown);
}
