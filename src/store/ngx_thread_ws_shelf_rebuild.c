
/*
 * The shelf's lists made anew, from what can be trusted after a kill: see
 * ngx_thread_ws_shelf.c.  Blocks that are in use are marked as found, the pool
 * takes the rest.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/ngx_thread_ws_shelf.h"
#include "store/ngx_thread_ws_shelf_private.h"


static ngx_int_t ngx_thread_ws_shelf_rebuild_thread(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_thread_t *thread);
static void ngx_thread_ws_shelf_rebuild_owners(ngx_thread_ws_shelf_t *shelf);


/* which thread was used last is not known any more */

void
ngx_thread_ws_shelf_rebuild(ngx_thread_ws_shelf_t *shelf)
{
    uint32_t                      i;
    ngx_thread_ws_block_head_t   *head;
    ngx_thread_ws_shelf_owner_t  *owner;

    shelf->newest = 0;
    shelf->oldest = 0;
    shelf->nthreads = 0;
    shelf->nruns = 0;

    for (i = 0; i <= shelf->mask; i++) {
        shelf->threads[i].first = 0;
        shelf->owners[i] = 0;
        shelf->runs[i] = 0;
    }

    for (i = 1; i < shelf->pool->fresh; i++) {
        owner = ngx_thread_ws_shelf_block(shelf, i);

        if (owner->head.kind == NGX_THREAD_WS_SHELF_OWNERS) {
            owner->head.next = 0;
            owner->newest = 0;
            owner->oldest = 0;
            owner->nthreads = 0;
            owner->nblocks = 0;
        }
    }

    for (i = 1; i < shelf->pool->fresh; i++) {
        head = ngx_thread_ws_shelf_block(shelf, i);

        if (head->kind != NGX_THREAD_WS_SHELF_THREADS) {
            continue;
        }

        if (ngx_thread_ws_shelf_rebuild_thread(shelf, (void *) head)
            != NGX_OK)
        {
            ngx_thread_ws_shelf_evicted(shelf, (void *) head);
            head->kind = NGX_THREAD_WS_BLOCK_FREE;
            continue;
        }

        head->kind |= NGX_THREAD_WS_BLOCK_FOUND;
    }

    ngx_thread_ws_shelf_rebuild_owners(shelf);
}


/* all threads are there: owners that have some */

static void
ngx_thread_ws_shelf_rebuild_owners(ngx_thread_ws_shelf_t *shelf)
{
    uint32_t                      i, *first;
    ngx_thread_ws_shelf_owner_t  *owner;

    for (i = 1; i < shelf->pool->fresh; i++) {
        owner = ngx_thread_ws_shelf_block(shelf, i);

        if (owner->head.kind != NGX_THREAD_WS_SHELF_OWNERS
            || owner->nthreads == 0)
        {
            continue;
        }

        first = &shelf->owners[ngx_thread_ws_shelf_hash(shelf,
                                                        owner->digest)];
        owner->bucket_next = *first;
        *first = i;

        owner->head.kind |= NGX_THREAD_WS_BLOCK_FOUND;
    }
}


static ngx_int_t
ngx_thread_ws_shelf_rebuild_thread(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread)
{
    uint32_t                       i;
    ngx_thread_ws_shelf_owner_t   *owner;
    ngx_thread_ws_shelf_bucket_t  *bucket;

    if (thread->owner == 0 || thread->owner >= shelf->pool->fresh) {
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
    ngx_thread_ws_shelf_rebuild_title(shelf, thread);
    ngx_thread_ws_shelf_rebuild_runs(shelf, thread);

    return NGX_OK;
}
