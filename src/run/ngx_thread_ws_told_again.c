
/*
 * From what is kept of an answer's parts back to a journal.
 */


#include "run/ngx_thread_ws_told.h"
#include "dialect/ngx_thread_ws_prompt_calls.h"
#include "json/ngx_thread_ws_json_write.h"
#include "store/ngx_thread_ws_extra.h"


/* a result that is an error, in place of an entry's kind */

#define NGX_THREAD_WS_TOLD_FAILED  0x100


static ngx_int_t ngx_thread_ws_told_say(ngx_thread_ws_journal_t *journal,
    json_t *part, ngx_thread_ws_bytes_t *bytes);
static ngx_int_t ngx_thread_ws_told_entries(ngx_thread_ws_journal_t *journal,
    json_t *part, ngx_thread_ws_bytes_t *bytes);
static ngx_int_t ngx_thread_ws_told_thinks(ngx_thread_ws_journal_t *journal,
    json_t *part, ngx_thread_ws_bytes_t *bytes);
static ngx_int_t ngx_thread_ws_told_add(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_bytes_t *bytes, ngx_uint_t kind, const char *id,
    const char *name, json_t *value);


ngx_int_t
ngx_thread_ws_told_again(ngx_thread_ws_journal_t *journal, ngx_str_t *told,
    ngx_str_t *answer)
{
    size_t                  i;
    json_t                 *parts, *part;
    ngx_int_t               rc;
    ngx_thread_ws_bytes_t   bytes;

    parts = ngx_thread_ws_extra_parts(told, answer);
    if (parts == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&bytes, sizeof(ngx_thread_ws_bytes_t));
    rc = NGX_OK;

    json_array_foreach(parts, i, part) {
        rc = ngx_thread_ws_told_say(journal, part, &bytes);

        if (rc != NGX_OK) {
            break;
        }
    }

    ngx_thread_ws_bytes_free(&bytes);
    json_decref(parts);

    return rc;
}


static ngx_int_t
ngx_thread_ws_told_say(ngx_thread_ws_journal_t *journal, json_t *part,
    ngx_thread_ws_bytes_t *bytes)
{
    json_t  *text;

    if (!ngx_thread_ws_prompt_is(part, "text")) {
        return ngx_thread_ws_told_entries(journal, part, bytes);
    }

    text = json_object_get(part, "text");
    bytes->len = 0;

    return (ngx_thread_ws_json_write_text(bytes, json_string_value(text),
                                          json_string_length(text))
            == NGX_OK)
           ? ngx_thread_ws_journal_text(journal, bytes->data, bytes->len,
                                        json_string_length(text))
           : NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_told_entries(ngx_thread_ws_journal_t *journal, json_t *part,
    ngx_thread_ws_bytes_t *bytes)
{
    const char  *id, *name;

    id = json_string_value(json_object_get(part, "toolCallId"));
    name = json_string_value(json_object_get(part, "name"));

    if (ngx_thread_ws_prompt_is(part, "tool-call")) {

        return (ngx_thread_ws_told_add(journal, bytes,
                                       NGX_THREAD_WS_ENTRY_CALL, id, name,
                                       NULL)
                == NGX_OK)
               ? ngx_thread_ws_told_add(journal, bytes,
                                        NGX_THREAD_WS_ENTRY_CALL_END, id, NULL,
                                        json_object_get(part, "input"))
               : NGX_ERROR;
    }

    if (ngx_thread_ws_prompt_is(part, "tool-result")) {
        return ngx_thread_ws_told_add(journal, bytes,
                                      json_object_get(part, "error")
                                      ? NGX_THREAD_WS_TOLD_FAILED
                                      : NGX_THREAD_WS_ENTRY_RESULT, id, NULL,
                                      json_object_get(part, "output"));
    }

    if (ngx_thread_ws_prompt_is(part, "reasoning")) {
        return ngx_thread_ws_told_thinks(journal, part, bytes);
    }

    if (ngx_thread_ws_prompt_is(part, "interrupt")) {
        return ngx_thread_ws_told_add(journal, bytes,
                                      NGX_THREAD_WS_ENTRY_INTERRUPT,
                                      json_string_value(json_object_get(part,
                                                            "interruptId")),
                                      NULL, json_object_get(part, "value"));
    }

    return ngx_thread_ws_prompt_is(part, "source")
           ? ngx_thread_ws_told_add(journal, bytes, NGX_THREAD_WS_ENTRY_SOURCE,
                            json_string_value(json_object_get(part, "url")),
                            json_string_value(json_object_get(part, "title")),
                            NULL)
           : NGX_OK;
}


/* thoughts are told again; what they were signed by is not told anyway */

static ngx_int_t
ngx_thread_ws_told_thinks(ngx_thread_ws_journal_t *journal, json_t *part,
    ngx_thread_ws_bytes_t *bytes)
{
    json_t                      *text;
    ngx_thread_ws_entry_part_t   entry;

    text = json_object_get(part, "text");

    if (text == NULL) {
        return NGX_OK;
    }

    bytes->len = 0;

    if (ngx_thread_ws_json_write_text(bytes, json_string_value(text),
                                      json_string_length(text))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memzero(&entry, sizeof(ngx_thread_ws_entry_part_t));

    entry.kind = NGX_THREAD_WS_ENTRY_REASONING;
    entry.id.data = bytes->data;
    entry.value.data = bytes->data;
    entry.value.len = bytes->len;

    return ngx_thread_ws_journal_part(journal, &entry);
}


/* an entry, whose texts stand one after the other */

static ngx_int_t
ngx_thread_ws_told_add(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_bytes_t *bytes, ngx_uint_t kind, const char *id,
    const char *name, json_t *value)
{
    ngx_thread_ws_entry_part_t  entry;

    ngx_memzero(&entry, sizeof(ngx_thread_ws_entry_part_t));

    entry.error = (kind == NGX_THREAD_WS_TOLD_FAILED);
    entry.kind = entry.error ? NGX_THREAD_WS_ENTRY_RESULT : kind;

    bytes->len = 0;

    if (id && ngx_thread_ws_json_write_text(bytes, id, ngx_strlen(id))
              != NGX_OK)
    {
        return NGX_ERROR;
    }

    entry.id.len = bytes->len;

    if (name && ngx_thread_ws_json_write_text(bytes, name, ngx_strlen(name))
                != NGX_OK)
    {
        return NGX_ERROR;
    }

    entry.name.len = bytes->len - entry.id.len;

    if (value && ngx_thread_ws_json_write(bytes, value) != NGX_OK) {
        return NGX_ERROR;
    }

    entry.value.len = bytes->len - entry.id.len - entry.name.len;

    entry.id.data = bytes->data;
    entry.name.data = bytes->data + entry.id.len;
    entry.value.data = entry.name.data + entry.name.len;

    return ngx_thread_ws_journal_part(journal, &entry);
}
