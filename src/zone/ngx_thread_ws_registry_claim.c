
/*
 * Claims without resume: of an id that is taken over, nothing waits for the
 * older run.  And the marks that a thread's deletion leaves on all its runs.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "zone/ngx_thread_ws_zone.h"
#include "zone/ngx_thread_ws_registry.h"
#include "zone/ngx_thread_ws_registry_private.h"


static ngx_uint_t ngx_thread_ws_registry_mark(ngx_str_t *owner,
    ngx_str_t *thread_id, ngx_uint_t mark);
static ngx_uint_t ngx_thread_ws_registry_mark_slot(
    ngx_thread_ws_registry_t *reg, ngx_thread_ws_registry_slot_t *slot,
    ngx_uint_t mark);
static ngx_thread_ws_registry_slot_t *ngx_thread_ws_registry_taken(
    ngx_thread_ws_registry_t *reg, ngx_thread_ws_registry_key_t *key,
    ngx_int_t *rc);


ngx_int_t
ngx_thread_ws_registry_claim(ngx_thread_ws_claim_t *claim, ngx_str_t *owner,
    ngx_str_t *thread_id, ngx_str_t *request_id, ngx_log_t *log)
{
    ngx_int_t                         rc;
    ngx_thread_ws_registry_t         *reg;
    ngx_thread_ws_registry_key_t      key;
    ngx_thread_ws_registry_slot_t    *slot;
    ngx_thread_ws_registry_thread_t   thread;

    if (ngx_thread_ws_zone == NULL) {
        return NGX_DECLINED;
    }

    ngx_thread_ws_registry_thread(&thread, owner, thread_id);
    ngx_thread_ws_registry_key(&key, &thread, request_id);

    reg = ngx_thread_ws_registry_lock();

    rc = NGX_OK;
    slot = ngx_thread_ws_registry_taken(reg, &key, &rc);

    if (slot) {
        slot->pid = ngx_pid;
        slot->marks = 0;
        slot->generation = ++reg->generation;

    } else {
        slot = ngx_thread_ws_registry_take(reg, &key);

        if (slot) {
            ngx_thread_ws_registry_put(reg, slot, ++reg->generation);
        }
    }

    if (slot) {
        claim->slot = slot;
        claim->generation = slot->generation;

    } else {
        rc = NGX_ERROR;
    }

    ngx_thread_ws_registry_unlock(reg);

    if (rc == NGX_ERROR) {
        ngx_thread_ws_registry_full(reg, log);
    }

    return rc;
}


/*
 * What has the id already: one without a tape is given another number.  One
 * with a tape that is written to is left to its worker, who finds that it holds
 * no more; another slot is needed.
 */

static ngx_thread_ws_registry_slot_t *
ngx_thread_ws_registry_taken(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_key_t *key, ngx_int_t *rc)
{
    ngx_uint_t                      alive;
    ngx_thread_ws_registry_slot_t  *slot;

    slot = ngx_thread_ws_registry_find(reg, key);

    if (slot == NULL) {
        return NULL;
    }

    alive = (slot->state != NGX_THREAD_WS_REGISTRY_ENDED
             && !ngx_thread_ws_registry_dead(slot));

    *rc = alive ? NGX_BUSY : NGX_OK;

    if (slot->state == NGX_THREAD_WS_REGISTRY_PLAIN) {
        return slot;
    }

    if (alive) {
        slot->marks |= NGX_THREAD_WS_REGISTRY_TAKEN;

    } else {
        ngx_thread_ws_registry_drop(reg, slot);
    }

    return NULL;
}


ngx_uint_t
ngx_thread_ws_registry_holds(ngx_thread_ws_claim_t *claim)
{
    ngx_thread_ws_registry_slot_t  *slot;

    slot = claim->slot;

    return slot == NULL
           || (slot->generation == claim->generation
               && !(slot->marks & NGX_THREAD_WS_REGISTRY_TAKEN));
}


void
ngx_thread_ws_registry_release(ngx_thread_ws_claim_t *claim)
{
    ngx_thread_ws_registry_t       *reg;
    ngx_thread_ws_registry_slot_t  *slot;

    slot = claim->slot;

    if (slot == NULL) {
        return;
    }

    claim->slot = NULL;

    reg = ngx_thread_ws_registry_lock();

    if (slot->generation == claim->generation) {
        ngx_thread_ws_registry_drop(reg, slot);
    }

    ngx_thread_ws_registry_unlock(reg);
}


ngx_uint_t
ngx_thread_ws_registry_delete(ngx_str_t *owner, ngx_str_t *thread_id)
{
    return ngx_thread_ws_registry_mark(owner, thread_id,
                                       NGX_THREAD_WS_REGISTRY_DELETED);
}


ngx_uint_t
ngx_thread_ws_registry_stop(ngx_str_t *owner, ngx_str_t *thread_id)
{
    ngx_uint_t  n;

    if (ngx_thread_ws_zone == NULL) {
        return 0;
    }

    ngx_shmtx_lock(&ngx_thread_ws_zone->shpool->mutex);

    n = ngx_thread_ws_registry_mark(owner, thread_id,
                                    NGX_THREAD_WS_REGISTRY_STOP);

    ngx_shmtx_unlock(&ngx_thread_ws_zone->shpool->mutex);

    return n;
}


ngx_uint_t
ngx_thread_ws_registry_marked(ngx_thread_ws_claim_t *claim, ngx_uint_t mark)
{
    ngx_thread_ws_registry_slot_t  *slot;

    slot = claim->slot;

    return slot && slot->generation == claim->generation
           && (slot->marks & mark);
}


ngx_uint_t
ngx_thread_ws_registry_stirred(ngx_thread_ws_claim_t *claim)
{
    ngx_thread_ws_registry_slot_t  *slot;

    slot = claim->slot;

    return slot && (slot->generation != claim->generation || slot->marks);
}


/* returns how many living workers' claims there are; what has ended goes */

static ngx_uint_t
ngx_thread_ws_registry_mark(ngx_str_t *owner, ngx_str_t *thread_id,
    ngx_uint_t mark)
{
    uint32_t                          i;
    ngx_uint_t                        n;
    ngx_thread_ws_registry_t         *reg;
    ngx_thread_ws_registry_slot_t    *slot;
    ngx_thread_ws_registry_thread_t   thread;

    n = 0;
    reg = ngx_thread_ws_zone->sh->registry;

    ngx_thread_ws_registry_thread(&thread, owner, thread_id);
    ngx_thread_ws_registry_enter(reg);

    i = *ngx_thread_ws_registry_first_of(reg, thread.number);

    while (i != NGX_THREAD_WS_REGISTRY_NONE) {
        slot = &reg->slots[i];
        i = slot->thread_next;

        if (slot->thread == thread.number) {
            n += ngx_thread_ws_registry_mark_slot(reg, slot, mark);
        }
    }

    ngx_thread_ws_registry_leave(reg);

    return n;
}


/* 1: it is a living worker's */

static ngx_uint_t
ngx_thread_ws_registry_mark_slot(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_slot_t *slot, ngx_uint_t mark)
{
    if (slot->marks & NGX_THREAD_WS_REGISTRY_TAKEN) {
        return 0;
    }

    if (ngx_thread_ws_registry_dead(slot)) {
        ngx_thread_ws_registry_drop(reg, slot);
        return 0;
    }

    if (slot->state != NGX_THREAD_WS_REGISTRY_ENDED) {
        slot->marks |= mark;
        return 1;
    }

    /* one of a deletion before this: its end is to be read */

    if (!(slot->marks & (NGX_THREAD_WS_REGISTRY_DELETED
                         |NGX_THREAD_WS_REGISTRY_STOP)))
    {
        ngx_thread_ws_registry_drop(reg, slot);
    }

    return 0;
}


void
ngx_thread_ws_registry_erase(uint64_t owner)
{
    uint32_t                        i;
    ngx_thread_ws_registry_t       *reg;
    ngx_thread_ws_registry_slot_t  *slot;

    reg = ngx_thread_ws_zone->sh->registry;

    ngx_thread_ws_registry_enter(reg);

    for (i = 0; i < reg->nslots; i++) {
        slot = &reg->slots[i];

        if (slot->generation && slot->owner == owner) {
            (void) ngx_thread_ws_registry_mark_slot(reg, slot,
                                               NGX_THREAD_WS_REGISTRY_DELETED);
        }
    }

    ngx_thread_ws_registry_leave(reg);
}


void
ngx_thread_ws_registry_bury(ngx_thread_ws_registry_thread_t *thread)
{
    ngx_thread_ws_registry_t  *reg;

    reg = ngx_thread_ws_zone->sh->registry;

    ngx_memcpy(reg->buried[reg->nburied % NGX_THREAD_WS_REGISTRY_BURIED],
               thread->digest, NGX_THREAD_WS_REGISTRY_DIGEST);

    __atomic_store_n(&reg->nburied, reg->nburied + 1, __ATOMIC_RELEASE);
}


uint64_t
ngx_thread_ws_registry_buried(void)
{
    return ngx_thread_ws_zone
           ? __atomic_load_n(&ngx_thread_ws_zone->sh->registry->nburied,
                             __ATOMIC_ACQUIRE)
           : 0;
}


ngx_int_t
ngx_thread_ws_registry_exhumed(ngx_thread_ws_registry_thread_t *thread,
    uint64_t *seen)
{
    u_char                    *digest;
    uint64_t                   n;
    ngx_int_t                  rc;
    ngx_thread_ws_registry_t  *reg;

    n = *seen;

    if (ngx_thread_ws_registry_buried() == n) {
        return NGX_OK;
    }

    reg = ngx_thread_ws_registry_lock();

    *seen = reg->nburied;

    rc = (*seen - n > NGX_THREAD_WS_REGISTRY_BURIED) ? NGX_DECLINED : NGX_OK;

    for ( /* void */ ; rc == NGX_OK && n != *seen; n++) {
        digest = reg->buried[n % NGX_THREAD_WS_REGISTRY_BURIED];

        if (ngx_memcmp(digest, thread->digest, NGX_THREAD_WS_REGISTRY_DIGEST)
            == 0)
        {
            rc = NGX_DONE;
        }
    }

    ngx_thread_ws_registry_unlock(reg);

    return rc;
}
