
/*
 * The journal in the run's own memory: entries one after the other.  An entry
 * grows while one read of the agent is taken in, so that all that it brought is
 * one.
 */


#include "run/ngx_thread_ws_journal.h"


static void ngx_thread_ws_journal_entry(ngx_thread_ws_journal_t *journal,
    size_t pos, ngx_thread_ws_entry_t *entry);


ngx_int_t
ngx_thread_ws_journal_text(ngx_thread_ws_journal_t *journal, u_char *data,
    size_t len, size_t plain)
{
    ngx_thread_ws_entry_t  entry;

    if (!journal->growing) {
        entry.kind = NGX_THREAD_WS_ENTRY_TEXT;
        entry.len = 0;

        if (ngx_thread_ws_bytes_add(&journal->bytes, (u_char *) &entry,
                                    sizeof(ngx_thread_ws_entry_t))
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        journal->open = journal->bytes.len - sizeof(ngx_thread_ws_entry_t);
        journal->growing = 1;
    }

    if (ngx_thread_ws_bytes_add(&journal->bytes, data, len) != NGX_OK) {
        return NGX_ERROR;
    }

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
ngx_thread_ws_journal_left(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *position)
{
    return journal->bytes.len - position->entry - position->offset;
}


ngx_int_t
ngx_thread_ws_journal_at(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *position, ngx_uint_t *kind, ngx_str_t *bytes)
{
    size_t                 end;
    ngx_thread_ws_entry_t  entry;

    end = journal->growing ? journal->open : journal->bytes.len;

    if (position->entry == end) {
        return NGX_DONE;
    }

    ngx_thread_ws_journal_entry(journal, position->entry, &entry);

    *kind = entry.kind;

    bytes->data = journal->bytes.data + position->entry
                  + sizeof(ngx_thread_ws_entry_t) + position->offset;
    bytes->len = entry.len - position->offset;

    return NGX_OK;
}


void
ngx_thread_ws_journal_skip(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *position, size_t len)
{
    ngx_thread_ws_entry_t  entry;

    ngx_thread_ws_journal_entry(journal, position->entry, &entry);

    position->offset += len;

    if (position->offset >= entry.len) {
        position->entry += sizeof(ngx_thread_ws_entry_t) + entry.len;
        position->offset = 0;
    }
}


u_char *
ngx_thread_ws_journal_answer(ngx_thread_ws_journal_t *journal, u_char *dst)
{
    ngx_str_t                 text;
    ngx_uint_t                kind;
    ngx_thread_ws_position_t  position;

    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));

    while (ngx_thread_ws_journal_at(journal, &position, &kind, &text)
           == NGX_OK)
    {
        if (kind == NGX_THREAD_WS_ENTRY_TEXT) {
            dst = ngx_cpymem(dst, text.data, text.len);
        }

        ngx_thread_ws_journal_skip(journal, &position, text.len);
    }

    return dst;
}


void
ngx_thread_ws_journal_free(ngx_thread_ws_journal_t *journal)
{
    ngx_thread_ws_bytes_free(&journal->bytes);
    ngx_memzero(journal, sizeof(ngx_thread_ws_journal_t));
}


/* by a copy: entries stand at any address */

static void
ngx_thread_ws_journal_entry(ngx_thread_ws_journal_t *journal, size_t pos,
    ngx_thread_ws_entry_t *entry)
{
    ngx_memcpy(entry, journal->bytes.data + pos,
               sizeof(ngx_thread_ws_entry_t));
}
