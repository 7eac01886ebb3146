
/*
 * From a journal to the client's protocol: what there is beside text, to those
 * who know of it and may hear it.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include "json/ngx_thread_ws_json_write.h"
#include "store/ngx_thread_ws_extra.h"
#include "wire/ngx_thread_ws_wire.h"


typedef struct {
    ngx_uint_t                 event;        /* ngx_thread_ws_event_part_e */
    ngx_uint_t                 want;         /* who hears it */
} ngx_thread_ws_reader_part_t;


static ngx_int_t ngx_thread_ws_reader_again(ngx_thread_ws_reader_t *reader);
static ngx_int_t ngx_thread_ws_reader_interrupt(ngx_thread_ws_bytes_t *bytes,
    ngx_thread_ws_entry_part_t *part);


/* by kind, from the first that is a part; interrupts stand in the end */

static ngx_thread_ws_reader_part_t  ngx_thread_ws_reader_parts[] = {
    { 0, NGX_THREAD_WS_WANT_MESSAGES },
    { NGX_THREAD_WS_EVENT_REASONING, NGX_THREAD_WS_WANT_REASONING },
    { NGX_THREAD_WS_EVENT_TOOL_CALL, NGX_THREAD_WS_WANT_TOOLS },
    { NGX_THREAD_WS_EVENT_TOOL_INPUT, NGX_THREAD_WS_WANT_TOOLS },
    { NGX_THREAD_WS_EVENT_TOOL_CALL_END, NGX_THREAD_WS_WANT_TOOLS },
    { NGX_THREAD_WS_EVENT_TOOL_RESULT, NGX_THREAD_WS_WANT_TOOLS },
    { NGX_THREAD_WS_EVENT_SOURCE, NGX_THREAD_WS_WANT_SOURCES },
    { NGX_THREAD_WS_EVENT_DATA, NGX_THREAD_WS_WANT_DATA },
    { NGX_THREAD_WS_EVENT_RESET, NGX_THREAD_WS_WANT_RESET }
};


static ngx_uint_t
ngx_thread_ws_reader_heard(ngx_thread_ws_reader_t *reader, ngx_uint_t n)
{
    return n < sizeof(ngx_thread_ws_reader_parts)
               / sizeof(ngx_thread_ws_reader_part_t)
           && (ngx_thread_ws_reader_parts[n].want
               & ngx_thread_ws_reader_hears(reader)) != 0;
}


/* what was void is passed over last: who is lost there is told so again */

ngx_int_t
ngx_thread_ws_reader_part(ngx_thread_ws_reader_t *reader, ngx_uint_t kind,
    ngx_str_t *bytes)
{
    ngx_uint_t                    n, heard;
    ngx_thread_ws_said_t         *said;
    ngx_thread_ws_event_part_t    part;
    ngx_thread_ws_entry_part_t    entry;

    n = kind - NGX_THREAD_WS_ENTRY_MESSAGE;
    heard = ngx_thread_ws_reader_heard(reader, n);

    said = heard ? ngx_thread_ws_reader_said(reader) : NULL;

    if (!heard || kind != NGX_THREAD_WS_ENTRY_RESET) {
        ngx_thread_ws_journal_skip(reader->journal, &reader->position,
                                   bytes->len);
    }

    if (!heard) {
        return NGX_OK;
    }

    if (ngx_thread_ws_journal_part_read(&entry, kind, bytes) != NGX_OK) {
        return NGX_ERROR;
    }

    if (kind == NGX_THREAD_WS_ENTRY_REASONING && entry.value.len == 0) {

        /* a signature, which is for the agent alone */

        return NGX_OK;
    }

    if (kind == NGX_THREAD_WS_ENTRY_MESSAGE) {
        return said->wire->message(said, &entry.id);
    }

    part.kind = ngx_thread_ws_reader_parts[n].event;
    part.request_id = said->request_id;
    part.id = entry.id;
    part.name = entry.name;
    part.value = entry.value;
    part.error = (kind == NGX_THREAD_WS_ENTRY_RESULT) ? entry.error : 0;

    if (said->wire->part(said, &part) != NGX_OK) {
        return NGX_ERROR;
    }

    reader->spoke = 1;

    if (kind != NGX_THREAD_WS_ENTRY_RESET) {
        return NGX_OK;
    }

    ngx_thread_ws_journal_skip(reader->journal, &reader->position, bytes->len);

    return ngx_thread_ws_reader_again(reader);
}


ngx_int_t
ngx_thread_ws_reader_where(ngx_thread_ws_reader_t *reader)
{
    ngx_str_t                   bytes, message;
    ngx_uint_t                  kind;
    ngx_thread_ws_said_t       *said;
    ngx_thread_ws_journal_t    *journal;
    ngx_thread_ws_position_t    position;
    ngx_thread_ws_entry_part_t  entry;

    if (!(ngx_thread_ws_reader_hears(reader) & NGX_THREAD_WS_WANT_MESSAGES)) {
        return NGX_OK;
    }

    journal = reader->journal;

    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));
    ngx_str_null(&message);

    while (position.entry < reader->position.entry
           && ngx_thread_ws_journal_at(journal, &position, &kind, &bytes)
              == NGX_OK)
    {
        if (kind == NGX_THREAD_WS_ENTRY_MESSAGE
            && ngx_thread_ws_journal_part_read(&entry, kind, &bytes) == NGX_OK)
        {
            message = entry.id;
        }

        ngx_thread_ws_journal_skip(journal, &position, bytes.len);
    }

    said = &reader->said;

    return message.len ? said->wire->message(said, &message) : NGX_OK;
}


/* what it may be told beside text */

ngx_uint_t
ngx_thread_ws_reader_hears(ngx_thread_ws_reader_t *reader)
{
    ngx_thread_ws_follower_t  *follower;

    follower = reader->follower;

    return (follower->v2 || follower->follows
            || ngx_thread_ws_follower_wire(follower)->parts)
           ? follower->conf->events | NGX_THREAD_WS_WANT_RESET : 0;
}


/* after a reset: what of the text still stands, if anything does */

static ngx_int_t
ngx_thread_ws_reader_again(ngx_thread_ws_reader_t *reader)
{
    u_char                   *p;
    ngx_int_t                 rc;
    ngx_str_t                 text;
    ngx_thread_ws_said_t     *said;
    ngx_thread_ws_journal_t  *journal;

    said = &reader->said;
    journal = reader->journal;

    text.data = malloc(journal->text + 1);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_journal_standing(journal, &reader->position, text.data);

    if (p == NULL) {
        rc = NGX_ERROR;

    } else {
        text.len = p - text.data;
        rc = text.len ? said->wire->stands(said, &text) : NGX_OK;
    }

    free(text.data);

    return rc;
}


ngx_int_t
ngx_thread_ws_reader_interrupts(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_bytes_t *bytes)
{
    ngx_str_t                   entry;
    ngx_uint_t                  kind;
    ngx_thread_ws_position_t    position;
    ngx_thread_ws_entry_part_t  part;

    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));

    while (ngx_thread_ws_journal_at(journal, &position, &kind, &entry)
           == NGX_OK)
    {
        if (kind == NGX_THREAD_WS_ENTRY_INTERRUPT
            && (ngx_thread_ws_journal_part_read(&part, kind, &entry) != NGX_OK
                || ngx_thread_ws_reader_interrupt(bytes, &part) != NGX_OK))
        {
            return NGX_ERROR;
        }

        ngx_thread_ws_journal_skip(journal, &position, entry.len);
    }

    return bytes->len ? ngx_thread_ws_bytes_add(bytes, (u_char *) "]", 1)
                      : NGX_OK;
}


static ngx_int_t
ngx_thread_ws_reader_interrupt(ngx_thread_ws_bytes_t *bytes,
    ngx_thread_ws_entry_part_t *part)
{
    ngx_uint_t  i;
    ngx_str_t   text[] = {
        ngx_string("["),
        ngx_string("{\"interruptId\":\""),
        part->id,
        ngx_string("\",\"value\":"),
        part->value,
        ngx_string("}")
    };

    if (bytes->len) {
        ngx_str_set(&text[0], ",");
    }

    for (i = 0; i < sizeof(text) / sizeof(ngx_str_t); i++) {

        if (ngx_thread_ws_bytes_add(bytes, text[i].data, text[i].len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_reader_listed(ngx_thread_ws_asked_t *asked,
    ngx_thread_ws_bytes_t *texts)
{
    size_t      len;
    json_t     *extra, *parts;
    ngx_int_t   rc;

    if (asked->extra.len == 0
        || memmem(asked->extra.data, asked->extra.len, "\"content\":[", 11)
           == NULL)
    {
        return NGX_OK;
    }

    extra = ngx_thread_ws_extra_asked(&asked->extra, &asked->content);
    parts = json_incref(json_object_get(extra, "content"));

    if (extra == NULL || parts == NULL) {

        /* the word was another's */

        rc = extra ? NGX_OK : NGX_ERROR;
        goto done;
    }

    (void) json_object_del(extra, "content");

    rc = ngx_thread_ws_json_write(texts, parts);
    len = texts->len;

    if (rc == NGX_OK && json_object_size(extra)) {
        rc = ngx_thread_ws_json_write(texts, extra);
    }

    asked->parts.data = texts->data;
    asked->parts.len = len;
    asked->extra.data = texts->data + len;
    asked->extra.len = texts->len - len;

done:

    json_decref(parts);
    json_decref(extra);

    return rc;
}
