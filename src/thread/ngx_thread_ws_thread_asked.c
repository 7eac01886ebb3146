
/*
 * What a thread's active run answers, for who begins with its history: that has
 * it when the run has ended.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include "zone/ngx_thread_ws_tape.h"


static ngx_int_t ngx_thread_ws_thread_asked_read(ngx_thread_ws_claim_t *ref,
    ngx_pool_t *pool, ngx_str_t *bytes);


ngx_int_t
ngx_thread_ws_thread_asked(ngx_thread_ws_store_t *store, ngx_str_t *owner,
    ngx_str_t *id, ngx_pool_t *pool, ngx_thread_ws_asked_t *asked)
{
    ngx_int_t                     rc;
    ngx_str_t                     bytes;
    ngx_thread_ws_claim_t         ref;
    ngx_thread_ws_entry_asked_t   entry;

    if (ngx_thread_ws_resume_active(store, owner, id, &ref) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = ngx_thread_ws_thread_asked_read(&ref, pool, &bytes);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_thread_ws_journal_asked_read(&bytes, &entry) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_memzero(asked, sizeof(ngx_thread_ws_asked_t));

    asked->request_id = entry.request_id;
    asked->content = entry.content;
    asked->extra = entry.extra;
    asked->shown = entry.shown;

    return NGX_OK;
}


/* the first entry of the run's tape, unless that is gone */

static ngx_int_t
ngx_thread_ws_thread_asked_read(ngx_thread_ws_claim_t *ref, ngx_pool_t *pool,
    ngx_str_t *bytes)
{
    ngx_thread_ws_entry_t     entry;
    ngx_thread_ws_tape_pos_t  pos;

    ngx_thread_ws_tape_rewind(&pos, ref);

    if (ngx_thread_ws_tape_read(&pos, (u_char *) &entry, sizeof(entry))
        != (ssize_t) sizeof(entry)
        || entry.kind != NGX_THREAD_WS_ENTRY_ASKED
        || entry.len > ngx_thread_ws_tape_left(&pos))
    {
        return NGX_DECLINED;
    }

    bytes->len = entry.len;
    bytes->data = ngx_pnalloc(pool, entry.len);
    if (bytes->data == NULL) {
        return NGX_ERROR;
    }

    return (ngx_thread_ws_tape_read(&pos, bytes->data, bytes->len)
            == (ssize_t) bytes->len)
           ? NGX_OK : NGX_DECLINED;
}
