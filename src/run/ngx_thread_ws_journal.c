
/*
 * The journal in the run's own memory: entries one after the other.  An entry
 * grows while one read of the agent is taken in, so that all that it brought is
 * one.
 */


#include "run/ngx_thread_ws_journal.h"
#include "json/ngx_thread_ws_json.h"


void
ngx_thread_ws_journal_init(ngx_thread_ws_journal_t *journal, ngx_pool_t *pool,
    ngx_thread_ws_journal_handlers_t *handlers, void *data)
{
    ngx_memzero(journal, sizeof(ngx_thread_ws_journal_t));

    journal->pool = pool;
    journal->handlers = handlers;
    journal->data = data;

    ngx_queue_init(&journal->readers);
}


ngx_int_t
ngx_thread_ws_journal_add(ngx_thread_ws_journal_t *journal, ngx_uint_t kind,
    u_char *data, size_t len)
{
    ngx_thread_ws_entry_t  entry;

    ngx_thread_ws_journal_seal(journal);

    entry.kind = kind;
    entry.len = len;

    if (ngx_thread_ws_bytes_add(&journal->bytes, (u_char *) &entry,
                                sizeof(ngx_thread_ws_entry_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_thread_ws_bytes_add(&journal->bytes, data, len) != NGX_OK) {
        journal->bytes.len -= sizeof(ngx_thread_ws_entry_t);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_journal_text(ngx_thread_ws_journal_t *journal, u_char *data,
    size_t len, size_t plain)
{
    size_t  head;

    head = journal->growing ? 0 : sizeof(ngx_thread_ws_entry_t);

    if (journal->bytes.size - journal->bytes.len < head + len
        && ngx_thread_ws_bytes_room(&journal->bytes, head + len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (head) {

        /* what stands there is written when the entry is sealed */

        journal->open = journal->bytes.len;
        journal->bytes.len += head;
        journal->growing = 1;
    }

    ngx_memcpy(journal->bytes.data + journal->bytes.len, data, len);

    journal->bytes.len += len;
    journal->text += len;
    journal->plain += plain;

    return NGX_OK;
}


void
ngx_thread_ws_journal_seal(ngx_thread_ws_journal_t *journal)
{
    ngx_thread_ws_entry_t  entry;

    if (!journal->growing) {
        return;
    }

    entry.kind = NGX_THREAD_WS_ENTRY_TEXT;
    entry.len = journal->bytes.len - journal->open
                - sizeof(ngx_thread_ws_entry_t);

    ngx_memcpy(journal->bytes.data + journal->open, &entry,
               sizeof(ngx_thread_ws_entry_t));

    journal->growing = 0;
}


size_t
ngx_thread_ws_journal_tell(ngx_thread_ws_position_t *position)
{
    return position->entry
           + (position->offset ? sizeof(ngx_thread_ws_entry_t)
                                 + position->offset : 0);
}


ngx_int_t
ngx_thread_ws_journal_seek(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *position, size_t place)
{
    u_char      *last;
    ngx_str_t    bytes;
    ngx_uint_t   kind;

    ngx_memzero(position, sizeof(ngx_thread_ws_position_t));

    while (position->entry < place) {

        if (ngx_thread_ws_journal_at(journal, position, &kind, &bytes)
            != NGX_OK)
        {
            return NGX_DECLINED;
        }

        if (position->entry + sizeof(ngx_thread_ws_entry_t) + bytes.len
            <= place)
        {
            ngx_thread_ws_journal_skip(journal, position, bytes.len);
            continue;
        }

        /* in the middle of a text, but not of a character */

        if (kind != NGX_THREAD_WS_ENTRY_TEXT
            || place <= position->entry + sizeof(ngx_thread_ws_entry_t))
        {
            return NGX_DECLINED;
        }

        position->offset = place - position->entry
                           - sizeof(ngx_thread_ws_entry_t);

        last = ngx_thread_ws_json_piece(bytes.data, bytes.data + bytes.len,
                                        position->offset);

        return (last == bytes.data + position->offset) ? NGX_OK : NGX_DECLINED;
    }

    return NGX_OK;
}


u_char *
ngx_thread_ws_journal_answer(ngx_thread_ws_journal_t *journal, u_char *dst)
{
    u_char                 *p, *last;
    ngx_thread_ws_entry_t   entry;

    p = journal->bytes.data;
    last = p + (journal->growing ? journal->open : journal->bytes.len);

    while (p < last) {
        ngx_memcpy(&entry, p, sizeof(ngx_thread_ws_entry_t));
        p += sizeof(ngx_thread_ws_entry_t);

        if (entry.kind == NGX_THREAD_WS_ENTRY_TEXT) {
            dst = ngx_cpymem(dst, p, entry.len);
        }

        p += entry.len;
    }

    return dst;
}


void
ngx_thread_ws_journal_free(ngx_thread_ws_journal_t *journal)
{
    ngx_thread_ws_bytes_free(&journal->bytes);

    journal->open = 0;
    journal->text = 0;
    journal->plain = 0;
    journal->growing = 0;
}
