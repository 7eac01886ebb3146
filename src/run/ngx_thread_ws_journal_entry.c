
/*
 * The entries of a journal that other workers read, too: the message it
 * answers, and its end.  All of them run the same program on the same machine,
 * so that a structure may be written as it is.
 */


#include "run/ngx_thread_ws_journal.h"


static ngx_int_t ngx_thread_ws_journal_ended(ngx_thread_ws_journal_t *journal,
    u_char *p, size_t len);


/* before the texts of a message */

typedef struct {
    uint32_t                   request_id;
    uint32_t                   content;
    uint32_t                   extra;
    uint32_t                   earlier;
} ngx_thread_ws_asked_head_t;


ngx_int_t
ngx_thread_ws_journal_asked(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_entry_asked_t *asked)
{
    ngx_int_t                   rc;
    ngx_thread_ws_bytes_t       entry;
    ngx_thread_ws_asked_head_t  head;

    head.request_id = asked->request_id.len;
    head.content = asked->content.len;
    head.extra = asked->extra.len;
    head.earlier = asked->earlier.len;

    ngx_memzero(&entry, sizeof(ngx_thread_ws_bytes_t));

    if (ngx_thread_ws_bytes_room(&entry, sizeof(ngx_thread_ws_asked_head_t)
                                         + asked->request_id.len
                                         + asked->content.len
                                         + asked->extra.len
                                         + asked->earlier.len
                                         + asked->shown.len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    (void) ngx_thread_ws_bytes_add(&entry, (u_char *) &head,
                                   sizeof(ngx_thread_ws_asked_head_t));
    (void) ngx_thread_ws_bytes_add(&entry, asked->request_id.data,
                                   asked->request_id.len);
    (void) ngx_thread_ws_bytes_add(&entry, asked->content.data,
                                   asked->content.len);
    (void) ngx_thread_ws_bytes_add(&entry, asked->extra.data,
                                   asked->extra.len);
    (void) ngx_thread_ws_bytes_add(&entry, asked->earlier.data,
                                   asked->earlier.len);
    (void) ngx_thread_ws_bytes_add(&entry, asked->shown.data,
                                   asked->shown.len);

    rc = ngx_thread_ws_journal_add(journal, NGX_THREAD_WS_ENTRY_ASKED,
                                   entry.data, entry.len);

    ngx_thread_ws_bytes_free(&entry);

    return rc;
}


ngx_int_t
ngx_thread_ws_journal_asked_read(ngx_str_t *bytes,
    ngx_thread_ws_entry_asked_t *asked)
{
    size_t                      len;
    u_char                     *p;
    ngx_thread_ws_asked_head_t  head;

    if (bytes->len < sizeof(ngx_thread_ws_asked_head_t)) {
        return NGX_ERROR;
    }

    ngx_memcpy(&head, bytes->data, sizeof(ngx_thread_ws_asked_head_t));

    p = bytes->data + sizeof(ngx_thread_ws_asked_head_t);
    len = bytes->len - sizeof(ngx_thread_ws_asked_head_t);

    if (head.request_id == 0 || head.request_id > len
        || head.content > len - head.request_id
        || head.extra > len - head.request_id - head.content
        || head.earlier > len - head.request_id - head.content - head.extra)
    {
        return NGX_ERROR;
    }

    asked->request_id.data = p;
    asked->request_id.len = head.request_id;
    asked->content.data = p + head.request_id;
    asked->content.len = head.content;
    asked->extra.data = asked->content.data + head.content;
    asked->extra.len = head.extra;
    asked->earlier.data = asked->extra.data + head.extra;
    asked->earlier.len = head.earlier;
    asked->shown.data = asked->earlier.data + head.earlier;
    asked->shown.len = p + len - asked->shown.data;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_journal_ending(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_bytes_t *bytes)
{
    ngx_thread_ws_entry_t    entry;
    ngx_thread_ws_ending_t  *ending;

    ending = &journal->ending;

    entry.kind = NGX_THREAD_WS_ENTRY_END;
    entry.len = sizeof(ngx_thread_ws_ending_t) + ending->text.len
                + ending->finish_reason.len;

    if (ngx_thread_ws_bytes_room(bytes, sizeof(entry) + entry.len) != NGX_OK) {
        return NGX_ERROR;
    }

    (void) ngx_thread_ws_bytes_add(bytes, (u_char *) &entry, sizeof(entry));
    (void) ngx_thread_ws_bytes_add(bytes, (u_char *) ending,
                                   sizeof(ngx_thread_ws_ending_t));
    (void) ngx_thread_ws_bytes_add(bytes, ending->text.data, ending->text.len);

    return ngx_thread_ws_bytes_add(bytes, ending->finish_reason.data,
                                   ending->finish_reason.len);
}


ngx_int_t
ngx_thread_ws_journal_taken(ngx_thread_ws_journal_t *journal, size_t len)
{
    u_char                 *p, *last;
    ngx_thread_ws_entry_t   entry;

    p = journal->bytes.data + journal->bytes.len;
    last = p + len;

    while (p < last) {

        if ((size_t) (last - p) < sizeof(ngx_thread_ws_entry_t)) {
            return NGX_ERROR;
        }

        ngx_memcpy(&entry, p, sizeof(ngx_thread_ws_entry_t));
        p += sizeof(ngx_thread_ws_entry_t);

        if ((size_t) (last - p) < entry.len) {
            return NGX_ERROR;
        }

        if (entry.kind == NGX_THREAD_WS_ENTRY_END) {

            /* readers find it beside the entries, as where it was written */

            return ngx_thread_ws_journal_ended(journal, p, entry.len);
        }

        if (entry.kind == NGX_THREAD_WS_ENTRY_TEXT) {
            journal->text += entry.len;
        }

        p += entry.len;
        journal->bytes.len += sizeof(ngx_thread_ws_entry_t) + entry.len;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_journal_ended(ngx_thread_ws_journal_t *journal, u_char *p,
    size_t len)
{
    u_char                  *texts;
    ngx_thread_ws_ending_t  *ending;

    ending = &journal->ending;

    if (len < sizeof(ngx_thread_ws_ending_t)) {
        return NGX_ERROR;
    }

    ngx_memcpy(ending, p, sizeof(ngx_thread_ws_ending_t));

    p += sizeof(ngx_thread_ws_ending_t);
    len -= sizeof(ngx_thread_ws_ending_t);

    if (len != ending->text.len + ending->finish_reason.len) {
        return NGX_ERROR;
    }

    texts = ngx_pnalloc(journal->pool, len ? len : 1);
    if (texts == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(texts, p, len);

    ending->text.data = texts;
    ending->finish_reason.data = texts + ending->text.len;

    journal->ended = 1;

    return NGX_OK;
}
