
/*
 * An owner's threads: which there are, by their newest run, what they are
 * called, and all of them at once gone.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/ngx_thread_ws_shelf.h"
#include "store/ngx_thread_ws_shelf_private.h"


typedef struct {
    ngx_thread_ws_block_head_t  head;

    uint32_t    len;
    u_char      text[NGX_THREAD_WS_STORE_TITLE];
} ngx_thread_ws_shelf_title_t;


static ngx_int_t ngx_thread_ws_shelf_later(ngx_thread_ws_shelf_listed_t *a,
    ngx_thread_ws_shelf_listed_t *b);


ngx_uint_t
ngx_thread_ws_shelf_list(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_thread_ws_shelf_listed_t *before,
    ngx_thread_ws_shelf_listed_t *listed, ngx_uint_t limit)
{
    uint32_t                       i;
    ngx_uint_t                     n, k;
    ngx_thread_ws_shelf_run_t     *run;
    ngx_thread_ws_shelf_owner_t   *owner;
    ngx_thread_ws_shelf_thread_t  *thread;
    ngx_thread_ws_shelf_listed_t   one;

    owner = ngx_thread_ws_shelf_owner(shelf, key->owner);

    n = 0;

    /* by use, which is near to what is wanted: most go to the end */

    for (i = owner ? owner->newest : 0; i; i = thread->own_older) {
        thread = ngx_thread_ws_shelf_block(shelf, i);

        if (thread->newest == 0) {
            continue;
        }

        run = ngx_thread_ws_shelf_block(shelf, thread->newest);

        one.thread = thread;
        one.updated = run->created;
        one.began = thread->began;

        if (before->updated && !ngx_thread_ws_shelf_later(before, &one)) {
            continue;
        }

        if (n < limit) {
            n++;

        } else if (ngx_thread_ws_shelf_later(&listed[n - 1], &one)) {
            continue;
        }

        for (k = n - 1; k && ngx_thread_ws_shelf_later(&one, &listed[k - 1]);
             k--)
        {
            listed[k] = listed[k - 1];
        }

        listed[k] = one;
    }

    return n;
}


/* no two threads began at one moment of the shelf's clock */

static ngx_int_t
ngx_thread_ws_shelf_later(ngx_thread_ws_shelf_listed_t *a,
    ngx_thread_ws_shelf_listed_t *b)
{
    return (a->updated != b->updated) ? a->updated > b->updated
                                      : a->began > b->began;
}


ngx_thread_ws_shelf_run_t *
ngx_thread_ws_shelf_first(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread)
{
    return ngx_thread_ws_shelf_block(shelf, thread->oldest);
}


size_t
ngx_thread_ws_shelf_title(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, u_char *buf)
{
    ngx_thread_ws_shelf_title_t  *title;

    if (thread->title == 0) {
        return 0;
    }

    title = ngx_thread_ws_shelf_block(shelf, thread->title);

    ngx_memcpy(buf, title->text, title->len);

    return title->len;
}


/* the block is complete before the thread names it, and goes after */

ngx_int_t
ngx_thread_ws_shelf_entitle(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_thread_ws_shelf_thread_t *thread,
    ngx_str_t *text, ngx_thread_ws_shelf_gone_t *gone)
{
    uint32_t                      i;
    ngx_thread_ws_shelf_owner_t  *owner;
    ngx_thread_ws_shelf_title_t  *title;

    i = 0;

    if (text->len) {
        if (ngx_thread_ws_shelf_room(shelf, key, thread, 1, gone) != NGX_OK) {
            return NGX_ERROR;
        }

        i = ngx_thread_ws_blocks_alloc(shelf->pool);
        title = ngx_thread_ws_shelf_block(shelf, i);

        title->len = text->len;
        ngx_memcpy(title->text, text->data, text->len);

        ngx_memory_barrier();

        title->head.kind = NGX_THREAD_WS_SHELF_TEXT;

        ngx_memory_barrier();
    }

    ngx_thread_ws_shelf_untitle(shelf, thread);

    if (i) {
        thread->title = i;

        owner = ngx_thread_ws_shelf_block(shelf, thread->owner);

        thread->nblocks++;
        owner->nblocks++;
    }

    return NGX_OK;
}


void
ngx_thread_ws_shelf_untitle(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread)
{
    uint32_t                      i;
    ngx_thread_ws_shelf_owner_t  *owner;

    i = thread->title;

    if (i == 0) {
        return;
    }

    thread->title = 0;

    ngx_memory_barrier();

    owner = ngx_thread_ws_shelf_block(shelf, thread->owner);

    thread->nblocks--;
    owner->nblocks--;

    (void) ngx_thread_ws_blocks_free(shelf->pool, i);
}


void
ngx_thread_ws_shelf_rebuild_title(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread)
{
    ngx_thread_ws_shelf_owner_t  *owner;
    ngx_thread_ws_shelf_title_t  *title;

    if (thread->title == 0) {
        return;
    }

    if (thread->title < shelf->pool->fresh) {
        title = ngx_thread_ws_shelf_block(shelf, thread->title);

        if (title->head.kind == NGX_THREAD_WS_SHELF_TEXT
            && title->len <= NGX_THREAD_WS_STORE_TITLE)
        {
            title->head.kind |= NGX_THREAD_WS_BLOCK_FOUND;
            title->head.next = 0;

            owner = ngx_thread_ws_shelf_block(shelf, thread->owner);

            thread->nblocks++;
            owner->nblocks++;
            return;
        }
    }

    thread->title = 0;
}


ngx_thread_ws_shelf_thread_t *
ngx_thread_ws_shelf_any(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key)
{
    ngx_thread_ws_shelf_owner_t   *owner;
    ngx_thread_ws_shelf_thread_t  *thread;

    owner = ngx_thread_ws_shelf_owner(shelf, key->owner);

    if (owner == NULL) {
        return NULL;
    }

    thread = ngx_thread_ws_shelf_block(shelf, owner->newest);

    ngx_memcpy(key->thread, thread->digest, NGX_THREAD_WS_SHELF_DIGEST);

    return thread;
}
