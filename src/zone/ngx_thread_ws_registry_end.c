
/*
 * The ends of runs with resume: what is kept, for how long, and what is found
 * of a run without a lock.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "zone/ngx_thread_ws_zone.h"
#include "zone/ngx_thread_ws_registry.h"
#include "zone/ngx_thread_ws_registry_private.h"
#include "zone/ngx_thread_ws_tape.h"
#include "zone/ngx_thread_ws_tape_private.h"
#include "zone/ngx_thread_ws_wake.h"


/* ended runs that are kept of a thread */

#define NGX_THREAD_WS_REGISTRY_KEPT    32

/* s for which a follower that has said so is believed to hear */

#define NGX_THREAD_WS_REGISTRY_HEARD   3

/* s for which a dead worker's run can be read, as by default others can */

#define NGX_THREAD_WS_REGISTRY_MOURNED  600

/* looked at, beyond those that are kept no longer, and how often (s) */

#define NGX_THREAD_WS_REGISTRY_LOOK    64
#define NGX_THREAD_WS_REGISTRY_PERIOD  5


static ngx_uint_t ngx_thread_ws_registry_keeps(ngx_thread_ws_claim_t *claim,
    ngx_str_t *last, time_t keep);
static void ngx_thread_ws_registry_thin(ngx_thread_ws_registry_t *reg,
    uint64_t thread);


ngx_uint_t  ngx_thread_ws_registry_closed;


void
ngx_thread_ws_registry_end(ngx_thread_ws_claim_t *claim, ngx_str_t *last,
    ngx_uint_t completed, time_t keep)
{
    ngx_thread_ws_blocks_t         *pool;
    ngx_thread_ws_registry_t       *reg;
    ngx_thread_ws_registry_slot_t  *slot;

    slot = claim->slot;

    if (slot == NULL) {
        return;
    }

    pool = ngx_thread_ws_zone->sh->blocks;

    reg = ngx_thread_ws_registry_lock();

    if (slot->generation != claim->generation) {
        claim->slot = NULL;
        ngx_thread_ws_registry_unlock(reg);
        return;
    }

    if (ngx_thread_ws_registry_keeps(claim, last, keep)) {
        (void) ngx_thread_ws_blocks_enter(pool);

        ngx_thread_ws_tape_end(pool, slot->tape, completed, ngx_time() + keep);

        ngx_memory_barrier();

        slot->state = NGX_THREAD_WS_REGISTRY_ENDED;

        ngx_thread_ws_registry_thin(reg, slot->thread);

        ngx_thread_ws_blocks_leave(pool);

    } else {
        ngx_thread_ws_registry_drop(reg, slot);
    }

    claim->slot = NULL;

    ngx_thread_ws_registry_unlock(reg);
}


/* with all that it is to say */

static ngx_uint_t
ngx_thread_ws_registry_keeps(ngx_thread_ws_claim_t *claim, ngx_str_t *last,
    time_t keep)
{
    ngx_thread_ws_tape_t           *tape;
    ngx_thread_ws_registry_slot_t  *slot;

    slot = claim->slot;

    if (keep == 0
        || slot->tape == 0
        || slot->state != NGX_THREAD_WS_REGISTRY_ACTIVE
        || (slot->marks & NGX_THREAD_WS_REGISTRY_TAKEN))
    {
        return 0;
    }

    tape = ngx_thread_ws_block(ngx_thread_ws_zone->sh->blocks, slot->tape);

    if (tape->cut || last->len > tape->room) {
        return 0;
    }

    /* where there is room nothing is logged */

    return last->len == 0
           || ngx_thread_ws_tape_append(claim, last->data, last->len, NULL)
              == NGX_OK;
}


ngx_uint_t
ngx_thread_ws_registry_lose(ngx_thread_ws_registry_slot_t *slot)
{
    ngx_thread_ws_tape_t    *tape;
    ngx_thread_ws_blocks_t  *pool;

    if (slot->tape == 0
        || slot->state != NGX_THREAD_WS_REGISTRY_ACTIVE
        || (slot->marks & (NGX_THREAD_WS_REGISTRY_DELETED
                           |NGX_THREAD_WS_REGISTRY_STOP
                           |NGX_THREAD_WS_REGISTRY_TAKEN)))
    {
        return 0;
    }

    pool = ngx_thread_ws_zone->sh->blocks;
    tape = ngx_thread_ws_block(pool, slot->tape);

    if (tape->cut || tape->len == 0) {

        /* nothing can be told of it, or nothing was begun */

        return 0;
    }

    (void) ngx_thread_ws_blocks_enter(pool);

    ngx_thread_ws_tape_end(pool, slot->tape, 0,
                           ngx_time() + NGX_THREAD_WS_REGISTRY_MOURNED);

    slot->marks |= NGX_THREAD_WS_REGISTRY_KILLED;

    ngx_memory_barrier();

    slot->state = NGX_THREAD_WS_REGISTRY_ENDED;

    ngx_thread_ws_blocks_leave(pool);

    return 1;
}


/* of those that have ended the oldest goes where there are too many */

static void
ngx_thread_ws_registry_thin(ngx_thread_ws_registry_t *reg, uint64_t thread)
{
    uint32_t                        i;
    ngx_uint_t                      n;
    ngx_thread_ws_registry_slot_t  *slot, *oldest;

    oldest = NULL;
    n = 0;

    for (i = *ngx_thread_ws_registry_first_of(reg, thread);
         i != NGX_THREAD_WS_REGISTRY_NONE;
         i = slot->thread_next)
    {
        slot = &reg->slots[i];

        if (slot->thread != thread
            || slot->state != NGX_THREAD_WS_REGISTRY_ENDED)
        {
            continue;
        }

        n++;

        if (oldest == NULL || slot->generation < oldest->generation) {
            oldest = slot;
        }
    }

    if (n > NGX_THREAD_WS_REGISTRY_KEPT) {
        ngx_thread_ws_registry_drop(reg, oldest);
    }
}


/* what is read of the tape may be anything until the number is seen to stand */

ngx_uint_t
ngx_thread_ws_registry_state(ngx_thread_ws_claim_t *ref)
{
    uint32_t                        tape;
    ngx_uint_t                      state, dead;
    ngx_thread_ws_registry_slot_t  *slot;

    slot = ref->slot;

    if (slot == NULL
        || __atomic_load_n(&slot->generation, __ATOMIC_ACQUIRE)
           != ref->generation)
    {
        return NGX_THREAD_WS_REGISTRY_GONE;
    }

    state = slot->state;
    tape = slot->tape;

    dead = (state != NGX_THREAD_WS_REGISTRY_ENDED
            && tape <= ngx_thread_ws_zone->sh->blocks->nblocks
            && ngx_thread_ws_registry_dead(slot));

    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    if (slot->generation != ref->generation) {
        return NGX_THREAD_WS_REGISTRY_GONE;
    }

    /* it may have ended meanwhile, and its worker after it */

    if (slot->state == NGX_THREAD_WS_REGISTRY_ENDED) {
        return (slot->marks & NGX_THREAD_WS_REGISTRY_KILLED)
               ? NGX_THREAD_WS_REGISTRY_LOST : NGX_THREAD_WS_REGISTRY_ENDED;
    }

    return dead ? NGX_THREAD_WS_REGISTRY_LOST : NGX_THREAD_WS_REGISTRY_ACTIVE;
}


/*
 * In the slot, which never changes its type: with bad luck another run that has
 * the slot by now is said to be heard, once.
 */

void
ngx_thread_ws_registry_hear(ngx_thread_ws_claim_t *ref)
{
    ngx_thread_ws_registry_slot_t  *slot;

    slot = ref->slot;

    if (slot && slot->generation == ref->generation) {
        slot->heard = (uint32_t) ngx_time();

        /* whoever appends does not see this, or it is seen what he appends */

        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
}


time_t
ngx_thread_ws_registry_heard(ngx_thread_ws_claim_t *claim)
{
    ngx_thread_ws_registry_slot_t  *slot;

    slot = claim->slot;

    return (slot && slot->generation == claim->generation) ? slot->heard : 0;
}


ngx_uint_t
ngx_thread_ws_registry_followed(ngx_thread_ws_claim_t *claim)
{
    uint32_t                        heard;
    ngx_thread_ws_registry_slot_t  *slot;

    slot = claim->slot;

    if (slot == NULL) {
        return 0;
    }

    __atomic_thread_fence(__ATOMIC_SEQ_CST);

    heard = slot->heard;

    return heard && ngx_time() - (time_t) heard <= NGX_THREAD_WS_REGISTRY_HEARD;
}


void
ngx_thread_ws_registry_sweep(void)
{
    ngx_thread_ws_registry_t  *reg;

    if (ngx_thread_ws_zone == NULL) {
        return;
    }

    reg = ngx_thread_ws_registry_lock();
    ngx_thread_ws_registry_relist(reg);
    ngx_thread_ws_registry_unlock(reg);
}


/*
 * Those that ended longest ago come first.  Where some are kept for longer than
 * others, a few that are not yet to go are passed over; the rest goes when it
 * is met, or by and by.
 */

void
ngx_thread_ws_registry_expire(void)
{
    uint32_t                   i;
    ngx_uint_t                 n;
    ngx_thread_ws_tape_t      *tape;
    ngx_thread_ws_blocks_t    *pool;
    ngx_thread_ws_registry_t  *reg;

    if (ngx_thread_ws_zone == NULL) {
        return;
    }

    pool = ngx_thread_ws_zone->sh->blocks;
    reg = ngx_thread_ws_zone->sh->registry;

    /* one worker's look is enough */

    if (ngx_time() - reg->expired < NGX_THREAD_WS_REGISTRY_PERIOD) {
        return;
    }

    reg = ngx_thread_ws_registry_lock();
    (void) ngx_thread_ws_blocks_enter(pool);

    reg->expired = ngx_time();
    n = 0;

    for (i = pool->oldest; i && n < NGX_THREAD_WS_REGISTRY_LOOK; /* void */ ) {
        tape = ngx_thread_ws_block(pool, i);
        i = tape->newer;

        if ((time_t) tape->expires <= ngx_time()) {
            ngx_thread_ws_registry_drop(reg, &reg->slots[tape->slot]);

        } else {
            n++;
        }
    }

    ngx_thread_ws_blocks_leave(pool);
    ngx_thread_ws_registry_unlock(reg);
}


void
ngx_thread_ws_registry_close(void)
{
    ngx_thread_ws_registry_closed = 1;
}


void
ngx_thread_ws_registry_counts(ngx_thread_ws_registry_counts_t *counts)
{
    ngx_thread_ws_blocks_t    *pool;
    ngx_thread_ws_registry_t  *reg;

    ngx_memzero(counts, sizeof(ngx_thread_ws_registry_counts_t));

    if (ngx_thread_ws_zone == NULL) {
        return;
    }

    pool = ngx_thread_ws_zone->sh->blocks;
    reg = ngx_thread_ws_zone->sh->registry;

    counts->ended = pool->nended;
    counts->active = ngx_max(reg->nclaims, pool->nended) - pool->nended;
    counts->bytes = (uint64_t) pool->ntape * NGX_THREAD_WS_BLOCK;
    counts->evicted = pool->evicted;
    counts->cut = pool->cut;
    counts->wakes = ngx_thread_ws_wake_count();
}
