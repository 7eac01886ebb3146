
/*
 * What a message says to the calls of tools that its thread's last run left
 * open.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "wire/ngx_thread_ws_command_private.h"


/* a text that is there, and has no U+0000 */

static ngx_uint_t
ngx_thread_ws_command_results_text(json_t *text)
{
    return json_string_length(text)
           && memchr(json_string_value(text), '\0', json_string_length(text))
              == NULL;
}


/* NULL, or what is wrong with it */

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


ngx_int_t
ngx_thread_ws_command_results(ngx_thread_ws_command_t *command,
    json_t *results)
{
    char    *reason;
    size_t   i;
    json_t  *seen, *result;

    if (json_array_size(results) == 0) {
        return ngx_thread_ws_command_invalid(command,
                                   "toolResults must be a list of results");
    }

    seen = json_object();
    if (seen == NULL) {
        return NGX_ERROR;
    }

    json_array_foreach(results, i, result) {
        reason = ngx_thread_ws_command_result(result, seen);

        if (reason) {
            json_decref(seen);
            return ngx_thread_ws_command_invalid(command, reason);
        }

        if (json_object_set(seen, json_string_value(
                                      json_object_get(result, "toolCallId")),
                            result))
        {
            json_decref(seen);
            return NGX_ERROR;
        }
    }

    json_decref(seen);

    return NGX_OK;
}
