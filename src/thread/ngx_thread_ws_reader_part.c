
/*
 * From a journal to the client's protocol: what there is beside text, to those
 * who know of it and may hear it.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include "wire/ngx_thread_ws_event.h"
#include "wire/ngx_thread_ws_event_part.h"


typedef struct {
    ngx_uint_t                 event;        /* ngx_thread_ws_event_part_e */
    ngx_uint_t                 want;         /* who hears it */
} ngx_thread_ws_reader_part_t;


static ngx_uint_t ngx_thread_ws_reader_hears(ngx_thread_ws_reader_t *reader);
static ngx_int_t ngx_thread_ws_reader_message(ngx_thread_ws_reader_t *reader,
    ngx_str_t *message);
static ngx_int_t ngx_thread_ws_reader_again(ngx_thread_ws_reader_t *reader);


/* by kind, from the first that is a part */

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


ngx_int_t
ngx_thread_ws_reader_part(ngx_thread_ws_reader_t *reader, ngx_uint_t kind,
    ngx_str_t *bytes)
{
    u_char                       *event;
    ngx_uint_t                    n, heard;
    ngx_thread_ws_event_part_t    part;
    ngx_thread_ws_entry_part_t    entry;

    n = kind - NGX_THREAD_WS_ENTRY_MESSAGE;

    heard = n < sizeof(ngx_thread_ws_reader_parts)
                / sizeof(ngx_thread_ws_reader_part_t)
            && (ngx_thread_ws_reader_parts[n].want
                & ngx_thread_ws_reader_hears(reader));

    if (!heard || kind != NGX_THREAD_WS_ENTRY_RESET) {
        ngx_thread_ws_journal_skip(reader->journal, &reader->position,
                                   bytes->len);
    }

    if (!heard) {
        return NGX_OK;
    }

    if (ngx_thread_ws_journal_part_read(&entry, kind, bytes) != NGX_OK) {
        return NGX_ERROR;

    } else if (kind == NGX_THREAD_WS_ENTRY_MESSAGE) {
        return ngx_thread_ws_reader_message(reader, &entry.id);
    }

    part.kind = ngx_thread_ws_reader_parts[n].event;
    part.request_id = reader->journal->request_id;
    part.id = entry.id;
    part.name = entry.name;
    part.value = entry.value;
    part.error = entry.error;

    event = ngx_thread_ws_reader_room(reader,
                                      ngx_thread_ws_event_part_size(&part));
    if (event == NULL) {
        return NGX_ERROR;
    }

    ngx_thread_ws_reader_say(reader, event,
                             ngx_thread_ws_event_part(event, &part));

    reader->spoke = 1;

    if (kind != NGX_THREAD_WS_ENTRY_RESET) {
        return NGX_OK;
    }

    /* who is lost here, and comes back, is told so again */

    ngx_thread_ws_journal_skip(reader->journal, &reader->position, bytes->len);

    return ngx_thread_ws_reader_again(reader);
}


ngx_int_t
ngx_thread_ws_reader_where(ngx_thread_ws_reader_t *reader)
{
    ngx_str_t                   bytes, message;
    ngx_uint_t                  kind;
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

    return message.len ? ngx_thread_ws_reader_message(reader, &message)
                       : NGX_OK;
}


/* what it may be told beside text */

static ngx_uint_t
ngx_thread_ws_reader_hears(ngx_thread_ws_reader_t *reader)
{
    ngx_thread_ws_follower_t  *follower;

    follower = reader->follower;

    return (follower->v2 || follower->follows)
           ? follower->conf->events | NGX_THREAD_WS_WANT_RESET : 0;
}


/* the tokens that follow are of that message */

static ngx_int_t
ngx_thread_ws_reader_message(ngx_thread_ws_reader_t *reader,
    ngx_str_t *message)
{
    size_t      size;
    ngx_str_t  *id;

    id = &reader->journal->request_id;
    size = ngx_thread_ws_event_message_head_size(id, message);

    if (size > reader->head_size) {

        reader->head.data = ngx_pnalloc(reader->journal->pool, 2 * size);
        if (reader->head.data == NULL) {
            return NGX_ERROR;
        }

        reader->head_size = 2 * size;
    }

    reader->head.len = ngx_thread_ws_event_message_head(reader->head.data, id,
                                                        message)
                       - reader->head.data;

    return NGX_OK;
}


/* after a reset: what of the text still stands, if anything does */

static ngx_int_t
ngx_thread_ws_reader_again(ngx_thread_ws_reader_t *reader)
{
    size_t                    len;
    u_char                   *event, *p, *text;
    ngx_str_t                *id;
    ngx_thread_ws_journal_t  *journal;

    journal = reader->journal;
    id = &journal->request_id;

    text = malloc(journal->text + 1);
    if (text == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_journal_standing(journal, &reader->position, text);
    len = p ? (size_t) (p - text) : 0;

    event = NULL;

    if (len) {
        event = ngx_thread_ws_reader_room(reader,
                                      ngx_thread_ws_event_token_head_size(id)
                                      + len
                                      + sizeof(NGX_THREAD_WS_TOKEN_TAIL) - 1);
    }

    if (event) {
        p = ngx_thread_ws_event_token_head(event, id);
        p = ngx_cpymem(p, text, len);
        p = ngx_cpymem(p, NGX_THREAD_WS_TOKEN_TAIL,
                       sizeof(NGX_THREAD_WS_TOKEN_TAIL) - 1);

        ngx_thread_ws_reader_say(reader, event, p);
    }

    free(text);

    return (p == NULL || (len && event == NULL)) ? NGX_ERROR : NGX_OK;
}
