
/*
 * From a journal to what is kept of its parts.
 */


#include "run/ngx_thread_ws_told.h"
#include "dialect/ngx_thread_ws_prompt_calls.h"
#include "json/ngx_thread_ws_json.h"
#include "json/ngx_thread_ws_json_write.h"


typedef struct {
    json_t                    *parts;
    json_t                    *calls;        /* of these, by id */
    size_t                     text;         /* bytes of the text part that
                                                goes on */
    ngx_uint_t                 more;         /* parts that are no text */
    ngx_uint_t                 reasoning;    /* unsigned  reasoning:1, it is
                                                kept */
    json_t                    *thought;      /* of parts: goes on; or NULL */
    ngx_thread_ws_bytes_t      plain;        /* scratch */
} ngx_thread_ws_told_t;


static ngx_int_t ngx_thread_ws_told_read(ngx_thread_ws_told_t *t,
    ngx_thread_ws_journal_t *journal);
static ngx_int_t ngx_thread_ws_told_entry(ngx_thread_ws_told_t *t,
    ngx_uint_t kind, ngx_str_t *bytes);
static ngx_int_t ngx_thread_ws_told_keep(ngx_thread_ws_told_t *t,
    ngx_thread_ws_entry_part_t *entry);
static json_t *ngx_thread_ws_told_part(ngx_thread_ws_told_t *t,
    ngx_thread_ws_entry_part_t *entry);
static ngx_int_t ngx_thread_ws_told_input(ngx_thread_ws_told_t *t,
    ngx_thread_ws_entry_part_t *entry);
static ngx_int_t ngx_thread_ws_told_thought(ngx_thread_ws_told_t *t,
    ngx_str_t *bytes);
static ngx_int_t ngx_thread_ws_told_text(ngx_thread_ws_told_t *t);
static ngx_int_t ngx_thread_ws_told_plain(ngx_thread_ws_told_t *t,
    ngx_str_t *text);
static json_t *ngx_thread_ws_told_string(ngx_thread_ws_told_t *t,
    ngx_str_t *text);
static json_t *ngx_thread_ws_told_value(ngx_str_t *text);
static ngx_int_t ngx_thread_ws_told_close(ngx_thread_ws_told_t *t,
    ngx_uint_t closed);


ngx_int_t
ngx_thread_ws_told(ngx_thread_ws_journal_t *journal, ngx_pool_t *pool,
    ngx_uint_t closed, ngx_uint_t reasoning, ngx_str_t *told)
{
    json_t                 *root;
    ngx_int_t               rc;
    ngx_thread_ws_told_t    t;
    ngx_thread_ws_bytes_t   bytes;

    ngx_str_null(told);

    ngx_memzero(&t, sizeof(ngx_thread_ws_told_t));
    ngx_memzero(&bytes, sizeof(ngx_thread_ws_bytes_t));

    t.parts = json_array();
    t.calls = json_object();
    t.reasoning = reasoning;

    rc = (t.parts && t.calls) ? ngx_thread_ws_told_read(&t, journal)
                              : NGX_ERROR;

    if (rc == NGX_OK && json_object_size(t.calls)) {
        rc = ngx_thread_ws_told_close(&t, closed);
    }

    if (rc == NGX_OK && t.more) {
        root = json_pack("{s:O}", "parts", t.parts);
        rc = root ? ngx_thread_ws_json_write(&bytes, root) : NGX_ERROR;

        json_decref(root);
    }

    if (rc == NGX_OK && bytes.len) {
        told->len = bytes.len;
        told->data = ngx_pnalloc(pool, bytes.len);

        if (told->data) {
            ngx_memcpy(told->data, bytes.data, bytes.len);

        } else {
            told->len = 0;
            rc = NGX_ERROR;
        }
    }

    ngx_thread_ws_bytes_free(&bytes);
    ngx_thread_ws_bytes_free(&t.plain);
    json_decref(t.calls);
    json_decref(t.parts);

    return rc;
}


static ngx_int_t
ngx_thread_ws_told_read(ngx_thread_ws_told_t *t,
    ngx_thread_ws_journal_t *journal)
{
    ngx_str_t                 bytes;
    ngx_uint_t                kind;
    ngx_thread_ws_position_t  position;

    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));

    while (ngx_thread_ws_journal_at(journal, &position, &kind, &bytes)
           == NGX_OK)
    {
        if (ngx_thread_ws_told_entry(t, kind, &bytes) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_thread_ws_journal_skip(journal, &position, bytes.len);
    }

    return ngx_thread_ws_told_text(t);
}


static ngx_int_t
ngx_thread_ws_told_entry(ngx_thread_ws_told_t *t, ngx_uint_t kind,
    ngx_str_t *bytes)
{
    ngx_thread_ws_entry_part_t  entry;

    if (kind == NGX_THREAD_WS_ENTRY_REASONING) {
        return t->reasoning ? ngx_thread_ws_told_thought(t, bytes) : NGX_OK;
    }

    t->thought = NULL;

    switch (kind) {

    case NGX_THREAD_WS_ENTRY_TEXT:

        if (ngx_thread_ws_told_plain(t, bytes) != NGX_OK) {
            return NGX_ERROR;
        }

        t->text += t->plain.len;
        return NGX_OK;

    case NGX_THREAD_WS_ENTRY_MESSAGE:
        return ngx_thread_ws_told_text(t);

    case NGX_THREAD_WS_ENTRY_CALL:
    case NGX_THREAD_WS_ENTRY_CALL_END:
    case NGX_THREAD_WS_ENTRY_RESULT:
    case NGX_THREAD_WS_ENTRY_SOURCE:
    case NGX_THREAD_WS_ENTRY_INTERRUPT:
        break;

    default:
        return NGX_OK;
    }

    if (ngx_thread_ws_journal_part_read(&entry, kind, bytes) != NGX_OK) {
        return NGX_ERROR;
    }

    if (kind == NGX_THREAD_WS_ENTRY_CALL_END) {
        return ngx_thread_ws_told_input(t, &entry);
    }

    return (ngx_thread_ws_told_text(t) == NGX_OK)
           ? ngx_thread_ws_told_keep(t, &entry) : NGX_ERROR;
}


/* a part is one of the answer's, and calls are found again */

static ngx_int_t
ngx_thread_ws_told_keep(ngx_thread_ws_told_t *t,
    ngx_thread_ws_entry_part_t *entry)
{
    json_t  *part;

    part = ngx_thread_ws_told_part(t, entry);

    if (part && entry->kind == NGX_THREAD_WS_ENTRY_CALL
        && json_object_set(t->calls,
                           json_string_value(json_object_get(part,
                                                             "toolCallId")),
                           part))
    {
        json_decref(part);
        return NGX_ERROR;
    }

    return json_array_append_new(t->parts, part) ? NGX_ERROR : NGX_OK;
}


/* a flag, where it is set; takes the part, NULL without memory */

static json_t *
ngx_thread_ws_told_flag(json_t *part, const char *name, ngx_uint_t set)
{
    if (set && json_object_set_new(part, name, json_true())) {
        json_decref(part);
        return NULL;
    }

    return part;
}


/* NULL without memory */

static json_t *
ngx_thread_ws_told_part(ngx_thread_ws_told_t *t,
    ngx_thread_ws_entry_part_t *entry)
{
    json_t  *part;

    t->more++;

    switch (entry->kind) {

    case NGX_THREAD_WS_ENTRY_CALL:
        part = json_pack("{s:s, s:o, s:o}", "type", "tool-call", "toolCallId",
                         ngx_thread_ws_told_string(t, &entry->id), "name",
                         ngx_thread_ws_told_string(t, &entry->name));

        return ngx_thread_ws_told_flag(part, "own", entry->error);

    case NGX_THREAD_WS_ENTRY_RESULT:
        part = json_pack("{s:s, s:o, s:o}", "type", "tool-result",
                         "toolCallId",
                         ngx_thread_ws_told_string(t, &entry->id), "output",
                         ngx_thread_ws_told_value(&entry->value));

        return ngx_thread_ws_told_flag(part, "error", entry->error);

    case NGX_THREAD_WS_ENTRY_INTERRUPT:
        return json_pack("{s:s, s:o, s:o}", "type", "interrupt",
                         "interruptId",
                         ngx_thread_ws_told_string(t, &entry->id), "value",
                         ngx_thread_ws_told_value(&entry->value));

    default: /* NGX_THREAD_WS_ENTRY_SOURCE */
        part = json_pack("{s:s}", "type", "source");

        if ((entry->id.len
             && json_object_set_new(part, "url",
                                    ngx_thread_ws_told_string(t, &entry->id)))
            || (entry->name.len
                && json_object_set_new(part, "title",
                                       ngx_thread_ws_told_string(t,
                                                             &entry->name))))
        {
            json_decref(part);
            return NULL;
        }

        return part;
    }
}


/* thoughts, of which each piece is an entry, and at their end a signature */

static ngx_int_t
ngx_thread_ws_told_thought(ngx_thread_ws_told_t *t, ngx_str_t *bytes)
{
    json_t                      *text, *all;
    ngx_thread_ws_entry_part_t   entry;

    if (ngx_thread_ws_journal_part_read(&entry, NGX_THREAD_WS_ENTRY_REASONING,
                                        bytes)
        != NGX_OK
        || ngx_thread_ws_told_text(t) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (t->thought == NULL || entry.error) {
        t->more++;
        t->thought = json_pack("{s:s}", "type", "reasoning");

        if (json_array_append_new(t->parts, t->thought)) {
            return NGX_ERROR;
        }
    }

    if (entry.name.len) {
        text = ngx_thread_ws_told_string(t, &entry.name);

        if (json_object_set_new(t->thought, entry.error ? "redacted"
                                                        : "signature", text))
        {
            return NGX_ERROR;
        }

        t->thought = NULL;

        return NGX_OK;
    }

    text = ngx_thread_ws_told_string(t, &entry.value);
    all = json_object_get(t->thought, "text");

    if (all && text) {
        all = json_sprintf("%s%s", json_string_value(all),
                           json_string_value(text));
        json_decref(text);
        text = all;
    }

    return json_object_set_new(t->thought, "text", text) ? NGX_ERROR : NGX_OK;
}


/* a call is complete */

static ngx_int_t
ngx_thread_ws_told_input(ngx_thread_ws_told_t *t,
    ngx_thread_ws_entry_part_t *entry)
{
    json_t  *id, *call;

    id = ngx_thread_ws_told_string(t, &entry->id);
    if (id == NULL) {
        return NGX_ERROR;
    }

    call = json_object_get(t->calls, json_string_value(id));
    json_decref(id);

    return (call && json_object_set_new(call, "input",
                                    ngx_thread_ws_told_value(&entry->value)))
           ? NGX_ERROR : NGX_OK;
}


/* the text part is over, if there is one */

static ngx_int_t
ngx_thread_ws_told_text(ngx_thread_ws_told_t *t)
{
    json_t  *part;

    if (t->text == 0) {
        return NGX_OK;
    }

    part = json_pack("{s:s, s:I}", "type", "text", "bytes",
                     (json_int_t) t->text);
    t->text = 0;

    return json_array_append_new(t->parts, part) ? NGX_ERROR : NGX_OK;
}


/* the inside of a string, plain, to the scratch */

static ngx_int_t
ngx_thread_ws_told_plain(ngx_thread_ws_told_t *t, ngx_str_t *text)
{
    u_char  *last;

    t->plain.len = 0;

    if (text->len == 0) {
        return NGX_OK;
    }

    if (ngx_thread_ws_bytes_add(&t->plain, text->data, text->len) != NGX_OK) {
        return NGX_ERROR;
    }

    last = ngx_thread_ws_json_unescape(t->plain.data, text->data, text->len);
    if (last == NULL) {
        return NGX_ERROR;
    }

    t->plain.len = (size_t) (last - t->plain.data);

    return NGX_OK;
}


static json_t *
ngx_thread_ws_told_string(ngx_thread_ws_told_t *t, ngx_str_t *text)
{
    return (ngx_thread_ws_told_plain(t, text) == NGX_OK)
           ? json_stringn(t->plain.len ? (char *) t->plain.data : "",
                          t->plain.len)
           : NULL;
}


static json_t *
ngx_thread_ws_told_value(ngx_str_t *text)
{
    json_error_t  error;

    return json_loadb((char *) text->data, text->len, JSON_DECODE_ANY, &error);
}


/*
 * A call whose input did not become complete is none, and, where nobody is to
 * give them, neither is one without a result.
 */

static ngx_int_t
ngx_thread_ws_told_close(ngx_thread_ws_told_t *t, ngx_uint_t closed)
{
    size_t       i;
    json_t      *part, *open, *kept;
    const char  *id;

    open = ngx_thread_ws_prompt_open(t->parts);
    kept = json_array();

    if (open == NULL || kept == NULL) {
        goto failed;
    }

    json_array_foreach(open, i, part) {

        if (closed || json_object_get(part, "input") == NULL) {
            id = json_string_value(json_object_get(part, "toolCallId"));
            (void) json_object_del(t->calls, id);
        }
    }

    t->more = 0;

    json_array_foreach(t->parts, i, part) {
        id = json_string_value(json_object_get(part, "toolCallId"));

        if (ngx_thread_ws_prompt_is(part, "tool-call")
            && json_object_get(t->calls, id) != part)
        {
            continue;
        }

        if (json_array_append(kept, part)) {
            goto failed;
        }

        t->more += !ngx_thread_ws_prompt_is(part, "text");
    }

    json_decref(open);
    json_decref(t->parts);
    t->parts = kept;

    return NGX_OK;

failed:

    json_decref(open);
    json_decref(kept);

    return NGX_ERROR;
}
