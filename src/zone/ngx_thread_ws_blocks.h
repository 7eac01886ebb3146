
/*
 * The zone's blocks, all of one size and named by number from 1 on: what the
 * store "memory" and the tapes of runs are made of.  Nothing fragments, and
 * all blocks can be read again from the beginning: a worker that is killed in
 * mid-change leaves a mark, and whoever comes next keeps what is referred to,
 * and frees the rest.
 *
 * All functions but init and fill are called under the zone's lock, between
 * enter and leave.
 */


#ifndef _NGX_THREAD_WS_BLOCKS_H_INCLUDED_
#define _NGX_THREAD_WS_BLOCKS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "zone/ngx_thread_ws_zone.h"


#define NGX_THREAD_WS_BLOCK         256

/* kinds: 0 is free, those up to 15 are the shelf's */

#define NGX_THREAD_WS_BLOCK_FREE    0
#define NGX_THREAD_WS_BLOCK_TAPE    16       /* the first one of a tape */
#define NGX_THREAD_WS_BLOCK_ROLL    17       /* one more of it */

/* ... with this bit: found, while all are looked at after a kill */

#define NGX_THREAD_WS_BLOCK_FOUND   0x80000000


/* what each block begins with */

typedef struct {
    uint32_t    next;
    uint32_t    kind;
} ngx_thread_ws_block_head_t;


typedef struct ngx_thread_ws_blocks_s  ngx_thread_ws_blocks_t;

struct ngx_thread_ws_blocks_s {
    volatile ngx_uint_t     torn;            /* a change is under way */

    uint32_t                nblocks;
    uint32_t                fresh;           /* never used from here on */
    uint32_t                free;            /* a list of used ones */
    uint32_t                nfree;           /* in the list */

    ngx_atomic_t            rebuilt;         /* after a worker was killed */

    /* the tapes' own: see ngx_thread_ws_tape.h */

    uint32_t                newest;          /* of those that have ended */
    uint32_t                oldest;
    uint32_t                nended;
    uint32_t                ntape;           /* blocks in tapes */
    ngx_atomic_t            evicted;
    ngx_atomic_t            cut;
    time_t                  told;            /* that one was cut */

    u_char                 *blocks;
};


#define ngx_thread_ws_block(pool, i)                                          \
    ((void *) ((pool)->blocks + ((size_t) (i) - 1) * NGX_THREAD_WS_BLOCK))

#define ngx_thread_ws_block_number(pool, p)                                   \
    ((uint32_t) (((u_char *) (p) - (pool)->blocks)                            \
                 / NGX_THREAD_WS_BLOCK + 1))


/*
 * What the store has in the blocks, told by itself at the start of a worker.
 * rebuild marks all blocks of its kinds that are in use as found.  evict lets
 * one thing go for want of room: NGX_OK or NGX_DECLINED, nothing is left.  tell
 * comes after that, without the lock, and says what went.
 */

typedef struct {
    void                  (*rebuild)(ngx_thread_ws_blocks_t *pool);
    ngx_int_t             (*evict)(ngx_thread_ws_blocks_t *pool);
    void                  (*tell)(void);
} ngx_thread_ws_blocks_user_t;

extern ngx_thread_ws_blocks_user_t  *ngx_thread_ws_blocks_user;


/*
 * The zone's parts: the first makes the pool, before those that refer to it;
 * the second comes last of all, and takes the pages that are left.
 */

ngx_int_t ngx_thread_ws_blocks_init(ngx_thread_ws_zone_t *zone);
ngx_int_t ngx_thread_ws_blocks_fill(ngx_thread_ws_zone_t *zone);

/*
 * enter rebuilds what a killed worker left torn, and returns 1 if it did.  Both
 * may be nested: the outermost counts.
 */

ngx_uint_t ngx_thread_ws_blocks_enter(ngx_thread_ws_blocks_t *pool);
void ngx_thread_ws_blocks_leave(ngx_thread_ws_blocks_t *pool);

/* alloc is for callers who have made room; the block has no kind yet */

uint32_t ngx_thread_ws_blocks_available(ngx_thread_ws_blocks_t *pool);
uint32_t ngx_thread_ws_blocks_alloc(ngx_thread_ws_blocks_t *pool);

/* a chain of them; returns how many */

uint32_t ngx_thread_ws_blocks_free(ngx_thread_ws_blocks_t *pool,
    uint32_t first);


#endif /* _NGX_THREAD_WS_BLOCKS_H_INCLUDED_ */
