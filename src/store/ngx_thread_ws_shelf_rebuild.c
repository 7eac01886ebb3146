
/*
 * The shelf's lists made anew, from what can be trusted after a kill: see
 * ngx_thread_ws_shelf.c.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/ngx_thread_ws_shelf.h"
#include "store/ngx_thread_ws_shelf_blocks.h"


static ngx_int_t ngx_thread_ws_shelf_rebuild_thread(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_thread_t *thread);
static void ngx_thread_ws_shelf_rebuild_rest(ngx_thread_ws_shelf_t *shelf);


/*
 * Reads all blocks again.  It may be cut short by a kill itself: then it is
 * begun anew.  Which thread was used last is not known any more.
 */

void
ngx_thread_ws_shelf_rebuild(ngx_thread_ws_shelf_t *shelf)
{
    uint32_t                      i;
    ngx_thread_ws_shelf_head_t   *head;
    ngx_thread_ws_shelf_owner_t  *owner;

    shelf->free = 0;
    shelf->nfree = 0;
    shelf->newest = 0;
    shelf->oldest = 0;
    shelf->nthreads = 0;
    shelf->nruns = 0;

    for (i = 0; i <= shelf->mask; i++) {
        shelf->threads[i].first = 0;
        shelf->owners[i] = 0;
        shelf->runs[i] = 0;
    }

    for (i = 1; i < shelf->fresh; i++) {
        owner = ngx_thread_ws_shelf_block(shelf, i);

        if (owner->head.kind == NGX_THREAD_WS_SHELF_OWNERS) {
            owner->head.next = 0;
            owner->newest = 0;
            owner->oldest = 0;
            owner->nthreads = 0;
            owner->nblocks = 0;
        }
    }

    for (i = 1; i < shelf->fresh; i++) {
        head = ngx_thread_ws_shelf_block(shelf, i);

        if (head->kind == NGX_THREAD_WS_SHELF_THREADS
            && ngx_thread_ws_shelf_rebuild_thread(shelf, (void *) head)
               != NGX_OK)
        {
            ngx_thread_ws_shelf_evicted(shelf, (void *) head);
            head->kind = NGX_THREAD_WS_SHELF_FREE;
        }
    }

    ngx_thread_ws_shelf_rebuild_rest(shelf);
}


/* all threads are there: owners that have some, and what is free */

static void
ngx_thread_ws_shelf_rebuild_rest(ngx_thread_ws_shelf_t *shelf)
{
    uint32_t                      i, *first;
    ngx_thread_ws_shelf_head_t   *head;
    ngx_thread_ws_shelf_owner_t  *owner;

    for (i = 1; i < shelf->fresh; i++) {
        head = ngx_thread_ws_shelf_block(shelf, i);

        switch (head->kind) {

        case NGX_THREAD_WS_SHELF_THREADS:
            break;

        case NGX_THREAD_WS_SHELF_FOUND_RUN:
            head->kind = NGX_THREAD_WS_SHELF_RUN;
            break;

        case NGX_THREAD_WS_SHELF_FOUND_TEXT:
            head->kind = NGX_THREAD_WS_SHELF_TEXT;
            break;

        case NGX_THREAD_WS_SHELF_OWNERS:
            owner = (ngx_thread_ws_shelf_owner_t *) head;

            if (owner->nthreads) {
                first = &shelf->owners[ngx_thread_ws_shelf_hash(shelf,
                                                            owner->digest)];
                owner->bucket_next = *first;
                *first = i;
                break;
            }

            /* fall through */

        default:
            head->next = 0;
            ngx_thread_ws_shelf_free(shelf, i);
        }
    }
}


static ngx_int_t
ngx_thread_ws_shelf_rebuild_thread(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread)
{
    uint32_t                       i;
    ngx_thread_ws_shelf_owner_t   *owner;
    ngx_thread_ws_shelf_bucket_t  *bucket;

    if (thread->owner == 0 || thread->owner >= shelf->fresh) {
        return NGX_ERROR;
    }

    owner = ngx_thread_ws_shelf_block(shelf, thread->owner);

    if (owner->head.kind != NGX_THREAD_WS_SHELF_OWNERS) {
        return NGX_ERROR;
    }

    i = ngx_thread_ws_shelf_number(shelf, thread);

    bucket = &shelf->threads[ngx_thread_ws_shelf_hash(shelf, thread->digest)];

    thread->head.next = 0;
    thread->bucket_next = bucket->first;
    bucket->first = i;

    thread->nblocks = 1;
    thread->nruns = 0;

    shelf->nthreads++;
    owner->nthreads++;
    owner->nblocks++;

    ngx_thread_ws_shelf_link(shelf, thread);
    ngx_thread_ws_shelf_rebuild_runs(shelf, thread);

    return NGX_OK;
}
