
/*
 * Runs with resume: claimed by a message, one after another in their thread,
 * found by name until some time after their end.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_sha1.h>
#include "zone/ngx_thread_ws_zone.h"
#include "zone/ngx_thread_ws_registry.h"
#include "zone/ngx_thread_ws_registry_private.h"
#include "zone/ngx_thread_ws_tape_private.h"
#include "zone/ngx_thread_ws_wake.h"


/* what is active in a thread and has not been told to end */

typedef struct {
    ngx_uint_t                      n;
    ngx_uint_t                      waiting;     /* all but the oldest */
    uint64_t                        size;        /* of those that wait */
} ngx_thread_ws_registry_load_t;


typedef struct {
    u_char                          digest[NGX_THREAD_WS_REGISTRY_DIGEST];
    uint64_t                        owner;
    ngx_uint_t                      stored;
    ngx_thread_ws_registry_key_t    key;
} ngx_thread_ws_registry_want_t;


static void ngx_thread_ws_registry_want(ngx_thread_ws_registry_want_t *want,
    ngx_thread_ws_registry_message_t *message);
static ngx_int_t ngx_thread_ws_registry_known(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_want_t *want, ngx_thread_ws_claim_t *ref);
static ngx_int_t ngx_thread_ws_registry_admit(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_message_t *message, ngx_uint_t *others);
static void ngx_thread_ws_registry_load(ngx_thread_ws_registry_t *reg,
    uint64_t thread, ngx_thread_ws_registry_load_t *load);
static ngx_int_t ngx_thread_ws_registry_begin(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_want_t *want, size_t size,
    ngx_thread_ws_claim_t *claim);
static ngx_thread_ws_registry_slot_t *ngx_thread_ws_registry_next(
    ngx_thread_ws_registry_t *reg, uint64_t thread, uint32_t *i);
static ngx_thread_ws_registry_slot_t *ngx_thread_ws_registry_named(
    ngx_thread_ws_registry_t *reg, ngx_thread_ws_registry_thread_t *thread,
    ngx_str_t *request_id);
static ngx_uint_t ngx_thread_ws_registry_over(
    ngx_thread_ws_registry_slot_t *slot);
static ngx_uint_t ngx_thread_ws_registry_hidden(
    ngx_thread_ws_registry_slot_t *slot);
static ngx_thread_ws_tape_t *ngx_thread_ws_registry_tape(
    ngx_thread_ws_registry_slot_t *slot);
static void ngx_thread_ws_registry_refer(ngx_thread_ws_registry_slot_t *slot,
    ngx_thread_ws_claim_t *ref);


ngx_int_t
ngx_thread_ws_registry_submit(ngx_thread_ws_claim_t *claim,
    ngx_thread_ws_registry_message_t *message, ngx_thread_ws_claim_t *ref,
    ngx_uint_t *others)
{
    ngx_int_t                       rc;
    ngx_thread_ws_blocks_t         *pool;
    ngx_thread_ws_registry_t       *reg;
    ngx_thread_ws_registry_want_t   want;

    *others = 0;

    if (ngx_thread_ws_zone == NULL) {
        return NGX_DECLINED;
    }

    ngx_thread_ws_registry_want(&want, message);

    pool = ngx_thread_ws_zone->sh->blocks;

    reg = ngx_thread_ws_registry_lock();
    (void) ngx_thread_ws_blocks_enter(pool);

    rc = ngx_thread_ws_registry_known(reg, &want, ref);

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_registry_admit(reg, message, others);
    }

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_registry_begin(reg, &want, message->content.len
                                                      + message->extra.len,
                                          claim);
    }

    ngx_thread_ws_blocks_leave(pool);
    ngx_thread_ws_registry_unlock(reg);

    ngx_thread_ws_blocks_user->tell();

    if (rc == NGX_ERROR) {
        ngx_thread_ws_registry_full(reg, message->log);
    }

    return rc;
}


static void
ngx_thread_ws_registry_want(ngx_thread_ws_registry_want_t *want,
    ngx_thread_ws_registry_message_t *message)
{
    ngx_sha1_t  sha1;

    ngx_thread_ws_registry_key(&want->key, message->thread,
                               &message->request_id);

    want->owner = message->owner;
    want->stored = message->stored;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, message->content.data, message->content.len);

    if (message->extra.len) {
        ngx_sha1_update(&sha1, "", 1);
        ngx_sha1_update(&sha1, message->extra.data, message->extra.len);
    }

    ngx_sha1_final(want->digest, &sha1);
}


/* NGX_OK: the id is free, or is now */

static ngx_int_t
ngx_thread_ws_registry_known(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_want_t *want, ngx_thread_ws_claim_t *ref)
{
    ngx_uint_t                      same, over, active;
    ngx_thread_ws_tape_t           *tape;
    ngx_thread_ws_registry_slot_t  *slot;

    slot = ngx_thread_ws_registry_find(reg, &want->key);

    if (slot == NULL) {
        return NGX_OK;
    }

    if (slot->state == NGX_THREAD_WS_REGISTRY_PLAIN) {

        if (ngx_thread_ws_registry_dead(slot)) {
            ngx_thread_ws_registry_drop(reg, slot);

        } else {
            slot->marks |= NGX_THREAD_WS_REGISTRY_TAKEN;
        }

        return NGX_OK;
    }

    tape = ngx_thread_ws_registry_tape(slot);

    /* what is not known is taken for the client's retry */

    same = (tape == NULL
            || ngx_memcmp(tape->content, want->digest,
                          NGX_THREAD_WS_REGISTRY_DIGEST) == 0);

    over = ngx_thread_ws_registry_over(slot);
    active = (slot->state == NGX_THREAD_WS_REGISTRY_ACTIVE);

    if (over
        || ngx_thread_ws_registry_hidden(slot)
        || (!active && (tape == NULL || !tape->completed
                        || (!same && !want->stored))))
    {
        ngx_thread_ws_registry_drop(reg, slot);
        return NGX_OK;
    }

    ngx_thread_ws_registry_refer(slot, ref);

    return same ? NGX_DONE : NGX_ABORT;
}


/* who was told to end stands in nobody's way: he is waited for, no more */

static ngx_int_t
ngx_thread_ws_registry_admit(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_message_t *message, ngx_uint_t *others)
{
    uint32_t                        i;
    ngx_thread_ws_registry_load_t   load;
    ngx_thread_ws_registry_slot_t  *slot;

    switch (message->busy) {

    case NGX_THREAD_WS_REGISTRY_INTERRUPT:
        break;

    case NGX_THREAD_WS_REGISTRY_QUEUE:
        ngx_thread_ws_registry_load(reg, message->thread->number, &load);

        return (load.n == 0
                || (load.waiting < message->queue
                    && load.size + message->content.len
                           + message->extra.len <= message->size))
               ? NGX_OK : NGX_BUSY;

    default: /* NGX_THREAD_WS_REGISTRY_REJECT */
        ngx_thread_ws_registry_load(reg, message->thread->number, &load);

        return load.n ? NGX_BUSY : NGX_OK;
    }

    i = *ngx_thread_ws_registry_first_of(reg, message->thread->number);

    while ((slot = ngx_thread_ws_registry_next(reg, message->thread->number,
                                               &i)))
    {
        if (slot->state == NGX_THREAD_WS_REGISTRY_ACTIVE) {
            slot->marks |= NGX_THREAD_WS_REGISTRY_CANCEL;
            *others = 1;
        }
    }

    return NGX_OK;
}


static void
ngx_thread_ws_registry_load(ngx_thread_ws_registry_t *reg, uint64_t thread,
    ngx_thread_ws_registry_load_t *load)
{
    uint32_t                        i;
    uint64_t                        size;
    ngx_thread_ws_tape_t           *tape;
    ngx_thread_ws_registry_slot_t  *slot, *oldest;

    ngx_memzero(load, sizeof(ngx_thread_ws_registry_load_t));

    oldest = NULL;
    size = 0;

    i = *ngx_thread_ws_registry_first_of(reg, thread);

    while ((slot = ngx_thread_ws_registry_next(reg, thread, &i))) {

        if (slot->state != NGX_THREAD_WS_REGISTRY_ACTIVE) {
            continue;
        }

        tape = ngx_thread_ws_registry_tape(slot);

        if (slot->marks == 0) {
            load->n++;
            load->size += tape ? tape->size : 0;
        }

        if (oldest == NULL || slot->generation < oldest->generation) {
            oldest = slot;
            size = tape ? tape->size : 0;
        }
    }

    load->waiting = load->n;

    if (oldest && oldest->marks == 0) {
        load->waiting--;
        load->size -= size;
    }
}


/*
 * The next run of the thread, active or ended; whatever is kept no longer is
 * freed on the way.  Begins with the first of the thread's list.
 */

static ngx_thread_ws_registry_slot_t *
ngx_thread_ws_registry_next(ngx_thread_ws_registry_t *reg, uint64_t thread,
    uint32_t *i)
{
    ngx_thread_ws_registry_slot_t  *slot;

    while (*i != NGX_THREAD_WS_REGISTRY_NONE) {
        slot = &reg->slots[*i];
        *i = slot->thread_next;

        if (slot->thread != thread
            || slot->state == NGX_THREAD_WS_REGISTRY_PLAIN
            || (slot->marks & NGX_THREAD_WS_REGISTRY_TAKEN))
        {
            continue;
        }

        if (ngx_thread_ws_registry_over(slot)) {
            ngx_thread_ws_registry_drop(reg, slot);
            continue;
        }

        if (!ngx_thread_ws_registry_hidden(slot)) {
            return slot;
        }
    }

    return NULL;
}


/* kept no longer; what is dead has ended from now on */

static ngx_uint_t
ngx_thread_ws_registry_over(ngx_thread_ws_registry_slot_t *slot)
{
    ngx_thread_ws_tape_t  *tape;

    if (slot->state != NGX_THREAD_WS_REGISTRY_ENDED) {
        return ngx_thread_ws_registry_dead(slot)
               && !ngx_thread_ws_registry_lose(slot);
    }

    tape = ngx_thread_ws_registry_tape(slot);

    return tape == NULL || (time_t) tape->expires <= ngx_time();
}


/* it has ended, and its thread was deleted */

static ngx_uint_t
ngx_thread_ws_registry_hidden(ngx_thread_ws_registry_slot_t *slot)
{
    return slot->state == NGX_THREAD_WS_REGISTRY_ENDED
           && (slot->marks & (NGX_THREAD_WS_REGISTRY_DELETED
                              |NGX_THREAD_WS_REGISTRY_STOP));
}


static ngx_thread_ws_tape_t *
ngx_thread_ws_registry_tape(ngx_thread_ws_registry_slot_t *slot)
{
    return slot->tape ? ngx_thread_ws_block(ngx_thread_ws_zone->sh->blocks,
                                            slot->tape)
                      : NULL;
}


static void
ngx_thread_ws_registry_refer(ngx_thread_ws_registry_slot_t *slot,
    ngx_thread_ws_claim_t *ref)
{
    ref->slot = slot;
    ref->generation = slot->generation;
}


/* a run without a tape is one that cannot be followed, no more */

static ngx_int_t
ngx_thread_ws_registry_begin(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_want_t *want, size_t size,
    ngx_thread_ws_claim_t *claim)
{
    uint32_t                        i;
    uint64_t                        number;
    ngx_uint_t                      worker, generation;
    ngx_thread_ws_tape_t           *tape;
    ngx_thread_ws_blocks_t         *pool;
    ngx_thread_ws_registry_slot_t  *slot;

    pool = ngx_thread_ws_zone->sh->blocks;

    i = ngx_thread_ws_tape_make(pool);
    slot = ngx_thread_ws_registry_take(reg, &want->key);

    if (slot == NULL) {
        if (i) {
            ngx_thread_ws_tape_free(pool, i);
        }

        return NGX_ERROR;
    }

    number = ++reg->generation;
    worker = ngx_thread_ws_wake_self(&generation);

    if (i) {
        tape = ngx_thread_ws_block(pool, i);

        tape->slot = slot - reg->slots;
        tape->number = number;
        tape->generation = generation;
        tape->size = size;
        ngx_memcpy(tape->content, want->digest, NGX_THREAD_WS_REGISTRY_DIGEST);
    }

    slot->owner = want->owner;
    slot->state = NGX_THREAD_WS_REGISTRY_ACTIVE;
    slot->worker = worker;
    slot->tape = i;

    ngx_thread_ws_registry_put(reg, slot, number);
    ngx_thread_ws_registry_refer(slot, claim);

    return NGX_OK;
}


ngx_uint_t
ngx_thread_ws_registry_first(ngx_thread_ws_claim_t *claim)
{
    uint32_t                        i;
    ngx_uint_t                      first;
    ngx_thread_ws_registry_t       *reg;
    ngx_thread_ws_registry_slot_t  *slot, *other;

    slot = claim->slot;

    if (slot == NULL) {
        return 1;
    }

    reg = ngx_thread_ws_registry_lock();

    first = 1;

    if (slot->generation == claim->generation) {
        i = *ngx_thread_ws_registry_first_of(reg, slot->thread);

        while ((other = ngx_thread_ws_registry_next(reg, slot->thread, &i))) {
            if (other->state == NGX_THREAD_WS_REGISTRY_ACTIVE
                && other->generation < claim->generation)
            {
                first = 0;
                break;
            }
        }
    }

    ngx_thread_ws_registry_unlock(reg);

    return first;
}


static ngx_thread_ws_registry_slot_t *
ngx_thread_ws_registry_named(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_thread_t *thread, ngx_str_t *request_id)
{
    ngx_thread_ws_registry_key_t    key;
    ngx_thread_ws_registry_slot_t  *slot;

    ngx_thread_ws_registry_key(&key, thread, request_id);

    slot = ngx_thread_ws_registry_find(reg, &key);

    if (slot == NULL || slot->state == NGX_THREAD_WS_REGISTRY_PLAIN) {
        return NULL;
    }

    if (ngx_thread_ws_registry_over(slot)) {
        ngx_thread_ws_registry_drop(reg, slot);
        return NULL;
    }

    return ngx_thread_ws_registry_hidden(slot) ? NULL : slot;
}


ngx_int_t
ngx_thread_ws_registry_cancel(ngx_thread_ws_registry_thread_t *thread,
    ngx_str_t *request_id, ngx_thread_ws_claim_t *ref)
{
    ngx_int_t                       rc;
    ngx_thread_ws_registry_t       *reg;
    ngx_thread_ws_registry_slot_t  *slot;

    if (ngx_thread_ws_zone == NULL) {
        return NGX_DECLINED;
    }

    rc = NGX_DECLINED;
    reg = ngx_thread_ws_registry_lock();

    slot = ngx_thread_ws_registry_named(reg, thread, request_id);

    if (slot && slot->state == NGX_THREAD_WS_REGISTRY_ACTIVE) {
        slot->marks |= NGX_THREAD_WS_REGISTRY_CANCEL;
        ngx_thread_ws_registry_refer(slot, ref);
        rc = NGX_OK;
    }

    ngx_thread_ws_registry_unlock(reg);

    return rc;
}


ngx_int_t
ngx_thread_ws_registry_find_run(ngx_thread_ws_registry_thread_t *thread,
    ngx_str_t *request_id, ngx_thread_ws_claim_t *ref)
{
    ngx_thread_ws_registry_t       *reg;
    ngx_thread_ws_registry_slot_t  *slot;

    if (ngx_thread_ws_zone == NULL) {
        return NGX_DECLINED;
    }

    reg = ngx_thread_ws_registry_lock();

    slot = ngx_thread_ws_registry_named(reg, thread, request_id);

    if (slot) {
        ngx_thread_ws_registry_refer(slot, ref);
    }

    ngx_thread_ws_registry_unlock(reg);

    return slot ? NGX_OK : NGX_DECLINED;
}


ngx_uint_t
ngx_thread_ws_registry_list(ngx_thread_ws_registry_thread_t *thread,
    uint64_t after, ngx_thread_ws_claim_t *refs, ngx_uint_t n)
{
    uint32_t                        i;
    ngx_uint_t                      k, filled;
    ngx_thread_ws_registry_t       *reg;
    ngx_thread_ws_registry_slot_t  *slot;

    if (ngx_thread_ws_zone == NULL || n == 0) {
        return 0;
    }

    filled = 0;
    reg = ngx_thread_ws_registry_lock();

    i = *ngx_thread_ws_registry_first_of(reg, thread->number);

    while ((slot = ngx_thread_ws_registry_next(reg, thread->number, &i))) {

        if (slot->generation <= after) {
            continue;
        }

        /* of too many the newest is left out */

        for (k = filled; k > 0; k--) {
            if (refs[k - 1].generation < slot->generation) {
                break;
            }

            if (k < n) {
                refs[k] = refs[k - 1];
            }
        }

        if (k < n) {
            ngx_thread_ws_registry_refer(slot, &refs[k]);
            filled = ngx_min(filled + 1, n);
        }
    }

    ngx_thread_ws_registry_unlock(reg);

    return filled;
}
