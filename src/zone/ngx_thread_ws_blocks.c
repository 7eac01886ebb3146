
/*
 * The pool of blocks, and what is made of it after a kill.
 *
 * What can be trusted then is each user's to know; a block that is of no use to
 * any of them is free.  So a block is taken off the list before anything refers
 * to it, and nothing refers to it any more when it comes back.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "zone/ngx_thread_ws_zone.h"
#include "zone/ngx_thread_ws_blocks.h"
#include "zone/ngx_thread_ws_tape_private.h"


#define NGX_THREAD_WS_BLOCKS_MIN    64
#define NGX_THREAD_WS_BLOCKS_SPARE  2        /* pages left to the pool */


static void ngx_thread_ws_blocks_rebuild(ngx_thread_ws_blocks_t *pool);


ngx_thread_ws_blocks_user_t  *ngx_thread_ws_blocks_user;

/* how often this process has entered */

static ngx_uint_t  ngx_thread_ws_blocks_depth;


ngx_int_t
ngx_thread_ws_blocks_init(ngx_thread_ws_zone_t *zone)
{
    zone->sh->blocks = ngx_slab_calloc(zone->shpool,
                                       sizeof(ngx_thread_ws_blocks_t));

    return zone->sh->blocks ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_thread_ws_blocks_fill(ngx_thread_ws_zone_t *zone)
{
    size_t                   size;
    ngx_slab_pool_t         *shpool;
    ngx_thread_ws_blocks_t  *pool;

    shpool = zone->shpool;
    pool = zone->sh->blocks;

    if (shpool->pfree <= NGX_THREAD_WS_BLOCKS_SPARE) {
        return NGX_ERROR;
    }

    /* the pages are not touched before they are used */

    size = (shpool->pfree - NGX_THREAD_WS_BLOCKS_SPARE) * ngx_pagesize;

    pool->nblocks = size / NGX_THREAD_WS_BLOCK;
    pool->fresh = 1;

    if (pool->nblocks < NGX_THREAD_WS_BLOCKS_MIN) {
        return NGX_ERROR;
    }

    pool->blocks = ngx_slab_alloc(shpool, size);

    return pool->blocks ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_thread_ws_blocks_enter(ngx_thread_ws_blocks_t *pool)
{
    ngx_uint_t  torn;

    if (ngx_thread_ws_blocks_depth++) {
        return 0;
    }

    torn = pool->torn;

    if (torn) {
        ngx_thread_ws_blocks_rebuild(pool);
        pool->rebuilt++;
    }

    pool->torn = 1;
    ngx_memory_barrier();

    return torn;
}


void
ngx_thread_ws_blocks_leave(ngx_thread_ws_blocks_t *pool)
{
    if (--ngx_thread_ws_blocks_depth) {
        return;
    }

    ngx_memory_barrier();
    pool->torn = 0;
}


uint32_t
ngx_thread_ws_blocks_available(ngx_thread_ws_blocks_t *pool)
{
    return pool->nfree + pool->nblocks + 1 - pool->fresh;
}


uint32_t
ngx_thread_ws_blocks_alloc(ngx_thread_ws_blocks_t *pool)
{
    uint32_t                     i;
    ngx_thread_ws_block_head_t  *head;

    i = pool->free;

    if (i) {
        head = ngx_thread_ws_block(pool, i);
        pool->free = head->next;
        pool->nfree--;

    } else {
        i = pool->fresh;
        head = ngx_thread_ws_block(pool, i);
        head->kind = NGX_THREAD_WS_BLOCK_FREE;
        ngx_memory_barrier();
        pool->fresh++;
    }

    head->next = 0;

    return i;
}


uint32_t
ngx_thread_ws_blocks_free(ngx_thread_ws_blocks_t *pool, uint32_t first)
{
    uint32_t                     n, next;
    ngx_thread_ws_block_head_t  *head;

    for (n = 0; first; n++) {
        head = ngx_thread_ws_block(pool, first);
        next = head->next;

        head->kind = NGX_THREAD_WS_BLOCK_FREE;
        head->next = pool->free;
        pool->free = first;
        pool->nfree++;

        first = next;
    }

    return n;
}


/*
 * Reads all blocks again.  It may be cut short by a kill itself: then it is
 * begun anew.
 */

static void
ngx_thread_ws_blocks_rebuild(ngx_thread_ws_blocks_t *pool)
{
    uint32_t                     i;
    ngx_thread_ws_block_head_t  *head;

    pool->free = 0;
    pool->nfree = 0;

    for (i = 1; i < pool->fresh; i++) {
        head = ngx_thread_ws_block(pool, i);
        head->kind &= ~NGX_THREAD_WS_BLOCK_FOUND;
    }

    ngx_thread_ws_tape_rebuild(pool);

    ngx_thread_ws_blocks_user->rebuild(pool);

    for (i = 1; i < pool->fresh; i++) {
        head = ngx_thread_ws_block(pool, i);

        if (head->kind & NGX_THREAD_WS_BLOCK_FOUND) {
            head->kind &= ~NGX_THREAD_WS_BLOCK_FOUND;
            continue;
        }

        head->next = 0;
        (void) ngx_thread_ws_blocks_free(pool, i);
    }
}
