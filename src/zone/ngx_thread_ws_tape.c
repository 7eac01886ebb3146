
/*
 * A tape: what its writer does, and how it comes and goes.
 *
 * A reader may look at a tape while it is freed, so whoever frees one (or cuts
 * it off) says so first, where the reader looks last: the number of the slot,
 * or "cut".  Blocks are written to by the living worker that has the claim
 * alone, which is why the tape of an active run never goes for want of room.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "zone/ngx_thread_ws_zone.h"
#include "zone/ngx_thread_ws_tape.h"
#include "zone/ngx_thread_ws_tape_private.h"
#include "zone/ngx_thread_ws_registry_private.h"


/* of all blocks: all tapes leave such a part, one takes such a part at most */

#define NGX_THREAD_WS_TAPE_REST_PART  4
#define NGX_THREAD_WS_TAPE_PART       4

/* blocks taken beyond what is needed: a part of those that it has */

#define NGX_THREAD_WS_TAPE_MORE       4
#define NGX_THREAD_WS_TAPE_MOST       16


static ngx_thread_ws_tape_t *ngx_thread_ws_tape_of(
    ngx_thread_ws_blocks_t *pool, ngx_thread_ws_claim_t *claim);
static ngx_int_t ngx_thread_ws_tape_room(ngx_thread_ws_blocks_t *pool,
    uint32_t n);

/* apart, lest what nearly all appends need save registers for them */

static void ngx_thread_ws_tape_write(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_tape_t *tape, u_char *p, size_t len)
    __attribute__((noinline));
static ngx_int_t ngx_thread_ws_tape_grow(ngx_thread_ws_claim_t *claim,
    size_t len, ngx_log_t *log) __attribute__((noinline));

static void ngx_thread_ws_tape_add(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_tape_t *tape, uint32_t n);
static void ngx_thread_ws_tape_cut(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_tape_t *tape);
static void ngx_thread_ws_tape_unlist(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_tape_t *tape);
static void ngx_thread_ws_tape_list(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_tape_t *tape);
static ngx_int_t ngx_thread_ws_tape_found(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_registry_t *reg, uint32_t i);


ngx_int_t
ngx_thread_ws_tape_append(ngx_thread_ws_claim_t *claim, u_char *data,
    size_t len, ngx_log_t *log)
{
    u_char                  *block;
    uint64_t                 end;
    ngx_thread_ws_tape_t    *tape;
    ngx_thread_ws_blocks_t  *pool;

    if (claim->slot == NULL || ngx_thread_ws_registry_closed) {
        return NGX_DECLINED;
    }

    pool = ngx_thread_ws_zone->sh->blocks;
    tape = ngx_thread_ws_tape_of(pool, claim);

    if (tape == NULL || tape->cut) {
        return NGX_DECLINED;
    }

    if (len > tape->room
        && ngx_thread_ws_tape_grow(claim, len - tape->room, log) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    end = tape->len + len;
    tape->room -= len;

    if (len <= NGX_THREAD_WS_BLOCK - tape->at) {
        block = ngx_thread_ws_block(pool, tape->block);
        ngx_memcpy(block + tape->at, data, len);
        tape->at += len;

    } else {
        ngx_thread_ws_tape_write(pool, tape, data, len);
    }

    __atomic_store_n(&tape->len, end, __ATOMIC_RELEASE);

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_tape_reserve(ngx_thread_ws_claim_t *claim, size_t len,
    ngx_log_t *log)
{
    ngx_thread_ws_tape_t  *tape;

    if (claim->slot == NULL || ngx_thread_ws_registry_closed) {
        return NGX_DECLINED;
    }

    tape = ngx_thread_ws_tape_of(ngx_thread_ws_zone->sh->blocks, claim);

    if (tape == NULL || tape->cut) {
        return NGX_DECLINED;
    }

    return (len > tape->room)
           ? ngx_thread_ws_tape_grow(claim, len - tape->room, log) : NGX_OK;
}


/* over as many blocks as it takes */

static void
ngx_thread_ws_tape_write(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_tape_t *tape, u_char *p, size_t len)
{
    size_t                       n;
    ngx_thread_ws_block_head_t  *block;

    block = ngx_thread_ws_block(pool, tape->block);

    while (len) {

        if (tape->at == NGX_THREAD_WS_BLOCK) {
            tape->block = block->next;
            tape->at = sizeof(ngx_thread_ws_block_head_t);
            block = ngx_thread_ws_block(pool, tape->block);
        }

        n = ngx_min(len, NGX_THREAD_WS_BLOCK - tape->at);

        ngx_memcpy((u_char *) block + tape->at, p, n);

        tape->at += n;
        p += n;
        len -= n;
    }
}


/* NULL: the claim stands no more, or there never was a tape */

static ngx_thread_ws_tape_t *
ngx_thread_ws_tape_of(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_claim_t *claim)
{
    ngx_thread_ws_registry_slot_t  *slot;

    slot = claim->slot;

    if (slot->generation != claim->generation || slot->tape == 0
        || slot->state != NGX_THREAD_WS_REGISTRY_ACTIVE)
    {
        return NULL;
    }

    return ngx_thread_ws_block(pool, slot->tape);
}


/* blocks for len bytes more than there are, or the end of the tape */

static ngx_int_t
ngx_thread_ws_tape_grow(ngx_thread_ws_claim_t *claim, size_t len,
    ngx_log_t *log)
{
    size_t                   need;
    ngx_int_t                rc;
    ngx_uint_t               say;
    ngx_slab_pool_t         *shpool;
    ngx_thread_ws_tape_t    *tape;
    ngx_thread_ws_blocks_t  *pool;

    shpool = ngx_thread_ws_zone->shpool;
    pool = ngx_thread_ws_zone->sh->blocks;

    need = (len + NGX_THREAD_WS_TAPE_REST - 1) / NGX_THREAD_WS_TAPE_REST;
    rc = NGX_DECLINED;
    say = 0;

    ngx_shmtx_lock(&shpool->mutex);
    (void) ngx_thread_ws_blocks_enter(pool);

    tape = ngx_thread_ws_tape_of(pool, claim);

    if (tape) {

        if (tape->nblocks + need <= pool->nblocks / NGX_THREAD_WS_TAPE_PART
            && ngx_thread_ws_tape_room(pool, need) == NGX_OK)
        {
            ngx_thread_ws_tape_add(pool, tape, need);
            rc = NGX_OK;

        } else {
            ngx_thread_ws_tape_cut(pool, tape);

            say = (pool->told == 0 || ngx_time() - pool->told >= 60);

            if (say) {
                pool->told = ngx_time();
            }
        }
    }

    ngx_thread_ws_blocks_leave(pool);
    ngx_shmtx_unlock(&shpool->mutex);

    ngx_thread_ws_blocks_user->tell();

    if (say) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "thread_ws_zone \"%V\" has no room for a run of more "
                      "than %uz bytes: it goes on, but cannot be resumed",
                      &ngx_thread_ws_zone->shm_zone->shm.name,
                      (size_t) tape->len);
    }

    return rc;
}


/* n blocks, and some more where they are there for the taking */

static void
ngx_thread_ws_tape_add(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_tape_t *tape, uint32_t n)
{
    uint32_t                     i, more, first, limit;
    ngx_thread_ws_block_head_t  *head, *last;

    more = n + ngx_min(tape->nblocks / NGX_THREAD_WS_TAPE_MORE + 1,
                       NGX_THREAD_WS_TAPE_MOST);

    limit = pool->nblocks - pool->nblocks / NGX_THREAD_WS_TAPE_REST_PART;

    if (more <= ngx_thread_ws_blocks_available(pool)
        && pool->ntape + more <= limit)
    {
        n = more;
    }

    first = 0;
    last = NULL;

    for (i = 0; i < n; i++) {
        if (last == NULL) {
            first = ngx_thread_ws_blocks_alloc(pool);
            head = ngx_thread_ws_block(pool, first);

        } else {
            last->next = ngx_thread_ws_blocks_alloc(pool);
            head = ngx_thread_ws_block(pool, last->next);
        }

        head->kind = NGX_THREAD_WS_BLOCK_ROLL;
        last = head;
    }

    head = ngx_thread_ws_block(pool, tape->last);

    ngx_memory_barrier();

    head->next = first;

    tape->last = ngx_thread_ws_block_number(pool, last);
    tape->nblocks += n;
    tape->room += (uint64_t) n * NGX_THREAD_WS_TAPE_REST;

    pool->ntape += n;
}


/* makes room for n blocks in a tape */

static ngx_int_t
ngx_thread_ws_tape_room(ngx_thread_ws_blocks_t *pool, uint32_t n)
{
    uint32_t  limit;

    limit = pool->nblocks - pool->nblocks / NGX_THREAD_WS_TAPE_REST_PART;

    while (pool->ntape + n > limit) {
        if (ngx_thread_ws_tape_evict(pool) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    while (ngx_thread_ws_blocks_available(pool) < n) {
        if (ngx_thread_ws_tape_evict(pool) != NGX_OK
            && ngx_thread_ws_blocks_user->evict(pool) != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/* the first block stays: it tells what the run is */

static void
ngx_thread_ws_tape_cut(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_tape_t *tape)
{
    uint32_t  first;

    tape->cut = 1;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);

    first = tape->head.next;
    tape->head.next = 0;

    ngx_memory_barrier();

    tape->last = ngx_thread_ws_block_number(pool, tape);
    tape->nblocks = 1;
    tape->room = 0;

    pool->ntape -= ngx_thread_ws_blocks_free(pool, first);
    pool->cut++;
}


uint32_t
ngx_thread_ws_tape_make(ngx_thread_ws_blocks_t *pool)
{
    uint32_t               i;
    ngx_thread_ws_tape_t  *tape;

    if (ngx_thread_ws_tape_room(pool, 1) != NGX_OK) {
        return 0;
    }

    i = ngx_thread_ws_blocks_alloc(pool);
    tape = ngx_thread_ws_block(pool, i);

    ngx_memzero((u_char *) tape + sizeof(ngx_thread_ws_block_head_t),
                sizeof(ngx_thread_ws_tape_t)
                - sizeof(ngx_thread_ws_block_head_t));

    tape->block = i;
    tape->at = sizeof(ngx_thread_ws_tape_t);
    tape->room = NGX_THREAD_WS_TAPE_FIRST;
    tape->last = i;
    tape->nblocks = 1;

    ngx_memory_barrier();

    tape->head.kind = NGX_THREAD_WS_BLOCK_TAPE;

    pool->ntape++;

    return i;
}


void
ngx_thread_ws_tape_free(ngx_thread_ws_blocks_t *pool, uint32_t i)
{
    ngx_thread_ws_tape_t  *tape;

    tape = ngx_thread_ws_block(pool, i);

    /* readers have been told: before they can notice anything */

    __atomic_thread_fence(__ATOMIC_SEQ_CST);

    if (tape->ended) {
        ngx_thread_ws_tape_unlist(pool, tape);
    }

    pool->ntape -= ngx_thread_ws_blocks_free(pool, i);
}


void
ngx_thread_ws_tape_end(ngx_thread_ws_blocks_t *pool, uint32_t i,
    ngx_uint_t completed, time_t expires)
{
    uint32_t                     n, first;
    ngx_thread_ws_tape_t        *tape;
    ngx_thread_ws_block_head_t  *head;

    tape = ngx_thread_ws_block(pool, i);
    head = ngx_thread_ws_block(pool, tape->block);

    tape->completed = completed;
    tape->expires = expires;

    first = head->next;
    head->next = 0;

    ngx_memory_barrier();

    tape->last = tape->block;
    tape->room = NGX_THREAD_WS_BLOCK - tape->at;

    n = ngx_thread_ws_blocks_free(pool, first);

    tape->nblocks -= n;
    pool->ntape -= n;

    ngx_thread_ws_tape_list(pool, tape);
}


static void
ngx_thread_ws_tape_list(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_tape_t *tape)
{
    uint32_t               i;
    ngx_thread_ws_tape_t  *other;

    i = ngx_thread_ws_block_number(pool, tape);

    tape->ended = 1;
    tape->newer = 0;
    tape->older = pool->newest;

    if (pool->newest) {
        other = ngx_thread_ws_block(pool, pool->newest);
        other->newer = i;

    } else {
        pool->oldest = i;
    }

    pool->newest = i;
    pool->nended++;
}


static void
ngx_thread_ws_tape_unlist(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_tape_t *tape)
{
    ngx_thread_ws_tape_t  *other;

    if (tape->newer) {
        other = ngx_thread_ws_block(pool, tape->newer);
        other->older = tape->older;

    } else {
        pool->newest = tape->older;
    }

    if (tape->older) {
        other = ngx_thread_ws_block(pool, tape->older);
        other->newer = tape->newer;

    } else {
        pool->oldest = tape->newer;
    }

    tape->ended = 0;
    pool->nended--;
}


ngx_int_t
ngx_thread_ws_tape_evict(ngx_thread_ws_blocks_t *pool)
{
    ngx_thread_ws_tape_t      *tape;
    ngx_thread_ws_registry_t  *reg;

    if (pool->oldest == 0) {
        return NGX_DECLINED;
    }

    reg = ngx_thread_ws_zone->sh->registry;

    ngx_thread_ws_registry_enter(reg);

    /* a sweep may have freed it */

    if (pool->oldest) {
        tape = ngx_thread_ws_block(pool, pool->oldest);

        ngx_thread_ws_registry_drop(reg, &reg->slots[tape->slot]);

        pool->evicted++;
    }

    ngx_thread_ws_registry_leave(reg);

    return NGX_OK;
}


/* when each ended is not known any more */

void
ngx_thread_ws_tape_rebuild(ngx_thread_ws_blocks_t *pool)
{
    uint32_t                   i;
    ngx_thread_ws_registry_t  *reg;

    reg = ngx_thread_ws_zone->sh->registry;

    pool->newest = 0;
    pool->oldest = 0;
    pool->nended = 0;
    pool->ntape = 0;

    for (i = 0; i < reg->nslots; i++) {
        if (reg->slots[i].generation && reg->slots[i].tape
            && ngx_thread_ws_tape_found(pool, reg, i) != NGX_OK)
        {
            reg->slots[i].tape = 0;
        }
    }
}


static ngx_int_t
ngx_thread_ws_tape_found(ngx_thread_ws_blocks_t *pool,
    ngx_thread_ws_registry_t *reg, uint32_t i)
{
    uint32_t                       n;
    ngx_thread_ws_tape_t          *tape;
    ngx_thread_ws_block_head_t    *head;
    ngx_thread_ws_registry_slot_t *slot;

    slot = &reg->slots[i];

    if (slot->tape >= pool->fresh) {
        return NGX_ERROR;
    }

    tape = ngx_thread_ws_block(pool, slot->tape);

    if (tape->head.kind != NGX_THREAD_WS_BLOCK_TAPE
        || tape->slot != i || tape->number != slot->generation)
    {
        return NGX_ERROR;
    }

    head = &tape->head;
    head->kind |= NGX_THREAD_WS_BLOCK_FOUND;
    tape->last = slot->tape;

    for (n = 1; head->next; n++) {
        tape->last = head->next;
        head = ngx_thread_ws_block(pool, head->next);
        head->kind |= NGX_THREAD_WS_BLOCK_FOUND;
    }

    pool->ntape += n;
    tape->nblocks = n;
    tape->ended = 0;

    if (slot->state == NGX_THREAD_WS_REGISTRY_ENDED) {
        ngx_thread_ws_tape_list(pool, tape);
    }

    return NGX_OK;
}
