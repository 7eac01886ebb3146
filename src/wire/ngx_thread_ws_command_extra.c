
/*
 * What a message has beside its content, and what is kept of it: metadata,
 * which run gives way to it, and a content that is no text alone.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "wire/ngx_thread_ws_command_private.h"
#include "base/ngx_thread_ws_string.h"


/* of metadata: how many, and bytes of a name and of a text */

#define NGX_THREAD_WS_METADATA       16
#define NGX_THREAD_WS_METADATA_NAME  64
#define NGX_THREAD_WS_METADATA_TEXT  1024


static ngx_int_t ngx_thread_ws_command_metadata(
    ngx_thread_ws_command_t *command, json_t *metadata);
static ngx_int_t ngx_thread_ws_command_replaces(
    ngx_thread_ws_command_t *command);


/* what of the fields is kept, by their names */

static const char  *ngx_thread_ws_command_kept[] = {
    "metadata", "replaces", "toolResults", "answers", "content", NULL
};


ngx_int_t
ngx_thread_ws_command_extra(ngx_thread_ws_command_t *command)
{
    json_t       *extra, *metadata, *value;
    ngx_int_t     rc;
    const char  **name;

    metadata = json_object_get(command->root, "metadata");

    if (metadata) {
        rc = ngx_thread_ws_command_metadata(command, metadata);

        if (rc != NGX_OK) {
            return rc;
        }

        command->metadata = json_object_size(metadata) ? metadata : NULL;
    }

    if (ngx_thread_ws_command_replaces(command) != NGX_OK) {
        return NGX_DECLINED;
    }

    extra = json_object();
    rc = extra ? NGX_OK : NGX_ERROR;

    for (name = ngx_thread_ws_command_kept; *name; name++) {
        value = json_object_get(command->root, *name);

        /* what is empty says nothing, and a content that is a text is one */

        if (value && (!json_is_object(value) || json_object_size(value))
            && (name[1] || json_is_array(value))
            && json_object_set(extra, *name, value))
        {
            rc = NGX_ERROR;
        }
    }

    if (rc == NGX_OK && json_object_size(extra)) {

        /* in one form, so that the same message has the same */

        command->extra.data = (u_char *) json_dumps(extra, JSON_COMPACT
                                                           |JSON_SORT_KEYS);
        rc = command->extra.data ? NGX_OK : NGX_ERROR;

        if (rc == NGX_OK) {
            command->extra.len = ngx_strlen(command->extra.data);
        }
    }

    json_decref(extra);

    return rc;
}


ngx_int_t
ngx_thread_ws_command_replace(ngx_thread_ws_command_t *command,
    ngx_str_t *request_id)
{
    if (json_object_set_new(command->root, "replaces",
                            json_stringn((char *) request_id->data,
                                         request_id->len))
        != 0)
    {
        return NGX_ERROR;
    }

    free(command->extra.data);
    ngx_str_null(&command->extra);

    return (ngx_thread_ws_command_extra(command) == NGX_OK) ? NGX_OK
                                                            : NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_command_metadata(ngx_thread_ws_command_t *command,
    json_t *metadata)
{
    json_t      *value;
    ngx_str_t    name;
    const char  *key;

    if (!json_is_object(metadata)
        || json_object_size(metadata) > NGX_THREAD_WS_METADATA)
    {
        return ngx_thread_ws_command_invalid(command,
                                             "metadata must be an object of "
                                             "at most 16 texts");
    }

    json_object_foreach(metadata, key, value) {
        name.data = (u_char *) key;
        name.len = ngx_strlen(key);

        if (name.len == 0 || name.len > NGX_THREAD_WS_METADATA_NAME) {
            ngx_thread_ws_reason(command->words, "metadata", &name,
                                 "is no name of 1 to 64 bytes", NULL);

        } else if (!json_is_string(value)
                   || json_string_length(value) > NGX_THREAD_WS_METADATA_TEXT
                   || memchr(json_string_value(value), '\0',
                             json_string_length(value)))
        {
            ngx_thread_ws_reason(command->words, "metadata", &name,
                                 "must be a text of at most 1024 bytes "
                                 "without U+0000", NULL);

        } else {
            continue;
        }

        return ngx_thread_ws_command_invalid(command,
                                             (char *) command->words);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_command_replaces(ngx_thread_ws_command_t *command)
{
    json_t     *replaces;
    ngx_str_t   id;

    replaces = json_object_get(command->root, "replaces");

    if (replaces == NULL) {
        return NGX_OK;
    }

    id.data = (u_char *) json_string_value(replaces);
    id.len = json_string_length(replaces);

    if (ngx_thread_ws_request_id_check(&id) != NGX_OK
        || ngx_thread_ws_string_equal(&id, &command->request_id))
    {
        return ngx_thread_ws_command_invalid(command,
                                     "replaces must be the requestId of "
                                     "another run");
    }

    command->replaces = id;

    return NGX_OK;
}
