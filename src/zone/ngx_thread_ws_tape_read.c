
/*
 * A tape as its readers see it, who take no lock: it may be freed, and its
 * blocks be used for something else, while they look.  So nothing is believed
 * before the claim's number has been seen to stand after it was read, and until
 * then a block's number is good enough to be followed if there is such a block.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "zone/ngx_thread_ws_zone.h"
#include "zone/ngx_thread_ws_tape.h"
#include "zone/ngx_thread_ws_tape_private.h"
#include "zone/ngx_thread_ws_registry_private.h"


static ngx_thread_ws_tape_t *ngx_thread_ws_tape_see(
    ngx_thread_ws_blocks_t *pool, ngx_thread_ws_claim_t *ref, uint32_t *first);
static ngx_uint_t ngx_thread_ws_tape_stands(ngx_thread_ws_tape_t *tape,
    ngx_thread_ws_claim_t *ref);
static ngx_int_t ngx_thread_ws_tape_size(ngx_thread_ws_claim_t *ref,
    uint64_t *len);


void
ngx_thread_ws_tape_rewind(ngx_thread_ws_tape_pos_t *pos,
    ngx_thread_ws_claim_t *ref)
{
    pos->ref = *ref;
    pos->offset = 0;
    pos->block = 0;
    pos->at = sizeof(ngx_thread_ws_tape_t);
}


ssize_t
ngx_thread_ws_tape_read(ngx_thread_ws_tape_pos_t *pos, u_char *dst,
    size_t size)
{
    size_t                       n, step, left;
    uint64_t                     len;
    uint32_t                     i, at;
    ngx_thread_ws_tape_t        *tape;
    ngx_thread_ws_blocks_t      *pool;
    ngx_thread_ws_block_head_t  *block;

    if (ngx_thread_ws_zone == NULL) {
        return NGX_ERROR;
    }

    pool = ngx_thread_ws_zone->sh->blocks;
    tape = ngx_thread_ws_tape_see(pool, &pos->ref, &i);

    if (tape == NULL) {
        return NGX_ERROR;
    }

    len = __atomic_load_n(&tape->len, __ATOMIC_ACQUIRE);
    n = (len > pos->offset) ? ngx_min(size, len - pos->offset) : 0;

    i = pos->block ? pos->block : i;
    at = pos->at;
    block = ngx_thread_ws_block(pool, i);

    for (left = n; left; left -= step) {

        if (at == NGX_THREAD_WS_BLOCK) {
            i = *(volatile uint32_t *) &block->next;

            if (i == 0 || i > pool->nblocks) {
                return NGX_ERROR;
            }

            block = ngx_thread_ws_block(pool, i);
            at = sizeof(ngx_thread_ws_block_head_t);
        }

        step = ngx_min(left, NGX_THREAD_WS_BLOCK - at);

        dst = ngx_cpymem(dst, (u_char *) block + at, step);

        at += step;
    }

    if (!ngx_thread_ws_tape_stands(tape, &pos->ref)) {
        return NGX_ERROR;
    }

    pos->offset += n;
    pos->block = i;
    pos->at = at;

    return n;
}


/* the tape of a run that has one, perhaps, and the number of its first block */

static ngx_thread_ws_tape_t *
ngx_thread_ws_tape_see(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_claim_t *ref, uint32_t *first)
{
    ngx_thread_ws_registry_slot_t  *slot;

    slot = ref->slot;

    if (slot == NULL
        || __atomic_load_n(&slot->generation, __ATOMIC_ACQUIRE)
           != ref->generation)
    {
        return NULL;
    }

    *first = slot->tape;

    if (*first == 0 || *first > pool->nblocks) {
        return NULL;
    }

    return ngx_thread_ws_block(pool, *first);
}


/* all that was read before was true */

static ngx_uint_t
ngx_thread_ws_tape_stands(ngx_thread_ws_tape_t *tape,
    ngx_thread_ws_claim_t *ref)
{
    uint32_t  cut;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    cut = tape->cut;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    return ref->slot->generation == ref->generation && !cut;
}


static ngx_int_t
ngx_thread_ws_tape_size(ngx_thread_ws_claim_t *ref, uint64_t *len)
{
    uint32_t               i;
    ngx_thread_ws_tape_t  *tape;

    if (ngx_thread_ws_zone == NULL) {
        return NGX_ERROR;
    }

    tape = ngx_thread_ws_tape_see(ngx_thread_ws_zone->sh->blocks, ref, &i);

    if (tape == NULL) {
        return NGX_ERROR;
    }

    *len = __atomic_load_n(&tape->len, __ATOMIC_ACQUIRE);

    return ngx_thread_ws_tape_stands(tape, ref) ? NGX_OK : NGX_ERROR;
}


size_t
ngx_thread_ws_tape_left(ngx_thread_ws_tape_pos_t *pos)
{
    uint64_t  len;

    if (ngx_thread_ws_tape_size(&pos->ref, &len) != NGX_OK) {
        return 0;
    }

    return (size_t) (len - pos->offset);
}


size_t
ngx_thread_ws_tape_length(ngx_thread_ws_claim_t *ref)
{
    uint64_t  len;

    return (ngx_thread_ws_tape_size(ref, &len) == NGX_OK) ? (size_t) len : 0;
}
