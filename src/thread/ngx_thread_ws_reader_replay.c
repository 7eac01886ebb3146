
/*
 * A follower that comes back to the middle of a run, by a protocol in which
 * what is said depends on what was said: the wire says the beginning again, to
 * nobody.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include "base/ngx_thread_ws_bytes.h"
#include "wire/ngx_thread_ws_wire.h"


static ngx_int_t ngx_thread_ws_reader_replay_text(
    ngx_thread_ws_reader_t *reader, size_t len);
static u_char *ngx_thread_ws_reader_replay_room(void *data, size_t size);
static void ngx_thread_ws_reader_replay_event(void *data, u_char *event,
    u_char *last);


static ngx_thread_ws_wire_out_t  ngx_thread_ws_reader_nowhere = {
    ngx_thread_ws_reader_replay_room,
    ngx_thread_ws_reader_replay_event
};


void
ngx_thread_ws_reader_replay(ngx_thread_ws_reader_t *reader)
{
    size_t                     place, end;
    ngx_int_t                  rc;
    ngx_str_t                  bytes;
    ngx_uint_t                 kind;
    ngx_thread_ws_said_t      *said;
    ngx_thread_ws_bytes_t      room;
    ngx_thread_ws_position_t   position;

    said = &reader->said;
    position = reader->position;
    end = ngx_thread_ws_journal_tell(&position);

    if (end == 0) {
        return;
    }

    ngx_memzero(&reader->position, sizeof(ngx_thread_ws_position_t));
    ngx_memzero(&room, sizeof(ngx_thread_ws_bytes_t));

    said->out = &ngx_thread_ws_reader_nowhere;
    said->data = &room;

    reader->placed = 1;
    rc = NGX_OK;

    while (rc == NGX_OK
           && ngx_thread_ws_journal_at(reader->journal, &reader->position,
                                       &kind, &bytes)
              == NGX_OK)
    {
        place = ngx_thread_ws_journal_tell(&reader->position);

        if (place >= end) {
            break;
        }

        if (kind == NGX_THREAD_WS_ENTRY_TEXT && bytes.len) {
            rc = ngx_thread_ws_reader_replay_text(reader,
                                             ngx_min(bytes.len, end - place));

        } else if (kind > NGX_THREAD_WS_ENTRY_END) {
            rc = ngx_thread_ws_reader_part(reader, kind, &bytes);

        } else {
            ngx_thread_ws_journal_skip(reader->journal, &reader->position,
                                       bytes.len);
        }
    }

    ngx_thread_ws_bytes_free(&room);

    said->out = &ngx_thread_ws_reader_out;
    said->data = reader;

    reader->position = position;
    reader->spoke = 0;
}


static ngx_int_t
ngx_thread_ws_reader_replay_text(ngx_thread_ws_reader_t *reader, size_t len)
{
    ngx_thread_ws_said_t  *said;

    said = &reader->said;

    ngx_thread_ws_journal_skip(reader->journal, &reader->position, len);

    return said->head.len ? NGX_OK : said->wire->text(said);
}


static u_char *
ngx_thread_ws_reader_replay_room(void *data, size_t size)
{
    ngx_thread_ws_bytes_t *room = data;

    return (ngx_thread_ws_bytes_room(room, size) == NGX_OK) ? room->data : NULL;
}


static void
ngx_thread_ws_reader_replay_event(void *data, u_char *event, u_char *last)
{
    /* nobody hears it */
}
