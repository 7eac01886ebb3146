
/*
 * A tape from the inside, for those who make, free and rebuild it.  All under
 * the zone's lock, between ngx_thread_ws_blocks_enter() and leave().
 */


#ifndef _NGX_THREAD_WS_TAPE_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_TAPE_PRIVATE_H_INCLUDED_


#include "zone/ngx_thread_ws_blocks.h"
#include "zone/ngx_thread_ws_registry.h"


/*
 * The first block.  The chain and what stands after "slot" change under the
 * lock alone; block, at and room are the writer's own, who writes into blocks
 * and sets len without it.
 */

typedef struct {
    ngx_thread_ws_block_head_t  head;

    volatile uint64_t   len;             /* that readers may read */
    volatile uint32_t   cut;             /* they may not any more */

    uint32_t            block;           /* where the next byte goes */
    uint32_t            at;
    uint32_t            slot;            /* whose it is, */
    uint64_t            number;          /* and of which claim */
    uint64_t            room;            /* bytes in blocks from there on */

    uint32_t            last;            /* block of the chain */
    uint32_t            nblocks;

    uint32_t            newer;           /* among those that have ended */
    uint32_t            older;
    uint32_t            ended;           /* it is one of them */
    uint32_t            completed;
    uint64_t            expires;         /* s */

    ngx_uint_t          generation;      /* of the worker */
    uint64_t            size;            /* of the message, */
    u_char              content[NGX_THREAD_WS_REGISTRY_DIGEST];
} ngx_thread_ws_tape_t;


/* room for bytes in the first block, and in the others */

#define NGX_THREAD_WS_TAPE_FIRST                                              \
    (NGX_THREAD_WS_BLOCK - sizeof(ngx_thread_ws_tape_t))

#define NGX_THREAD_WS_TAPE_REST                                               \
    (NGX_THREAD_WS_BLOCK - sizeof(ngx_thread_ws_block_head_t))


/* an empty tape's first block, referred to by nothing; 0: there is no room */

uint32_t ngx_thread_ws_tape_make(ngx_thread_ws_blocks_t *pool);

/* nothing refers to it any more */

void ngx_thread_ws_tape_free(ngx_thread_ws_blocks_t *pool, uint32_t tape);

/* its run has ended: what it has not used comes back */

void ngx_thread_ws_tape_end(ngx_thread_ws_blocks_t *pool, uint32_t tape,
    ngx_uint_t completed, time_t expires);

/* marks the blocks of all tapes as found, by the registry's slots */

void ngx_thread_ws_tape_rebuild(ngx_thread_ws_blocks_t *pool);


#endif /* _NGX_THREAD_WS_TAPE_PRIVATE_H_INCLUDED_ */
