
/*
 * What a message says to what its thread's last run left open: calls of tools,
 * and questions.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "wire/ngx_thread_ws_command_private.h"


/* NULL, or what is wrong with an item, of which those before were seen */

typedef char *(*ngx_thread_ws_command_item_pt)(json_t *item, json_t *seen);


/* a text that is there, and has no U+0000 */

static ngx_uint_t
ngx_thread_ws_command_results_text(json_t *text)
{
    return json_string_length(text)
           && memchr(json_string_value(text), '\0', json_string_length(text))
              == NULL;
}


static char *
ngx_thread_ws_command_result(json_t *result, json_t *seen)
{
    json_t  *id, *error;

    if (!json_is_object(result)) {
        return "toolResults must be a list of objects";
    }

    id = json_object_get(result, "toolCallId");

    if (!ngx_thread_ws_command_results_text(id)) {
        return "toolResults: toolCallId must be a non-empty string";
    }

    if (json_object_get(seen, json_string_value(id))) {
        return "toolResults: a toolCallId is given twice";
    }

    if (json_object_get(result, "output") == NULL) {
        return "toolResults: output is missing";
    }

    error = json_object_get(result, "error");

    if (error && !ngx_thread_ws_command_results_text(error)) {
        return "toolResults: error must be a non-empty string";
    }

    if (json_object_size(result) != (error ? 3 : 2)) {
        return "toolResults have the fields toolCallId, output and error only";
    }

    return NULL;
}


static char *
ngx_thread_ws_command_answer(json_t *answer, json_t *seen)
{
    json_t  *id;

    if (!json_is_object(answer)) {
        return "answers must be a list of objects";
    }

    id = json_object_get(answer, "interruptId");

    if (!ngx_thread_ws_command_results_text(id)) {
        return "answers: interruptId must be a non-empty string";
    }

    if (json_object_get(seen, json_string_value(id))) {
        return "answers: an interruptId is given twice";
    }

    if (json_object_get(answer, "value") == NULL) {
        return "answers: value is missing";
    }

    if (json_object_size(answer) != 2) {
        return "answers have the fields interruptId and value only";
    }

    return NULL;
}


/* each item of a list, which are told apart by the member of that name */

static ngx_int_t
ngx_thread_ws_command_items(ngx_thread_ws_command_t *command, json_t *items,
    const char *name, ngx_thread_ws_command_item_pt check)
{
    char       *reason;
    size_t      i;
    json_t     *seen, *item;
    ngx_int_t   rc;

    seen = json_object();
    rc = seen ? NGX_OK : NGX_ERROR;

    json_array_foreach(items, i, item) {

        if (rc != NGX_OK) {
            break;
        }

        reason = check(item, seen);

        if (reason) {
            rc = ngx_thread_ws_command_invalid(command, reason);

        } else if (json_object_set(seen,
                                   json_string_value(json_object_get(item,
                                                                     name)),
                                   item))
        {
            rc = NGX_ERROR;
        }
    }

    json_decref(seen);

    return rc;
}


ngx_int_t
ngx_thread_ws_command_results(ngx_thread_ws_command_t *command,
    json_t *results)
{
    if (json_array_size(results) == 0) {
        return ngx_thread_ws_command_invalid(command,
                                   "toolResults must be a list of results");
    }

    return ngx_thread_ws_command_items(command, results, "toolCallId",
                                       ngx_thread_ws_command_result);
}


ngx_int_t
ngx_thread_ws_command_answers(ngx_thread_ws_command_t *command,
    json_t *answers)
{
    if (json_array_size(answers) == 0) {
        return ngx_thread_ws_command_invalid(command,
                                             "answers must be a list of "
                                             "answers");
    }

    if (json_object_get(command->root, "content")
        || json_object_get(command->root, "toolResults"))
    {
        return ngx_thread_ws_command_invalid(command,
                                             "answers stand without content "
                                             "and toolResults");
    }

    return ngx_thread_ws_command_items(command, answers, "interruptId",
                                       ngx_thread_ws_command_answer);
}
