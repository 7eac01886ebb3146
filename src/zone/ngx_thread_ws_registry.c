
/*
 * The registry of active runs: slots in the zone, found by what they are
 * claimed for, and by their thread.
 *
 * Slots are made once, never freed and never change their type, so that a
 * claim may look at its slot without the lock, whatever became of it.  Every
 * claim gets a number that is never given twice: a slot that was released and
 * serves another run has another one.
 *
 * What can be trusted after a kill is the slots: the number is set last when
 * one is taken, and cleared first when it is released.  A worker that is
 * killed while it changes lists leaves a mark, and whoever comes next makes
 * all lists anew.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_sha1.h>
#include "base/ngx_thread_ws_random.h"
#include "zone/ngx_thread_ws_zone.h"
#include "zone/ngx_thread_ws_registry.h"
#include "zone/ngx_thread_ws_registry_private.h"
#include "zone/ngx_thread_ws_tape.h"
#include "zone/ngx_thread_ws_tape_private.h"
#include "zone/ngx_thread_ws_wake.h"


/* slots take this part of the zone, of a large one less */

#define NGX_THREAD_WS_REGISTRY_PART    8
#define NGX_THREAD_WS_REGISTRY_MIN     64
#define NGX_THREAD_WS_REGISTRY_MAX     131072


static uint32_t *ngx_thread_ws_registry_list_of(ngx_thread_ws_registry_t *reg,
    u_char *key);
static void ngx_thread_ws_registry_link(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_slot_t *slot);
static void ngx_thread_ws_registry_unlink(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_slot_t *slot);
static void ngx_thread_ws_registry_clear(ngx_thread_ws_registry_t *reg);


/* how often this process has entered */

static ngx_uint_t  ngx_thread_ws_registry_depth;


ngx_int_t
ngx_thread_ws_registry_init(ngx_thread_ws_zone_t *zone)
{
    size_t                          size;
    uint32_t                        n, nbuckets;
    ngx_thread_ws_registry_t       *reg;

    reg = ngx_slab_calloc(zone->shpool, sizeof(ngx_thread_ws_registry_t));
    if (reg == NULL) {
        return NGX_ERROR;
    }

    size = zone->shm_zone->shm.size / NGX_THREAD_WS_REGISTRY_PART;

    n = size / (sizeof(ngx_thread_ws_registry_slot_t)
                + sizeof(ngx_thread_ws_registry_bucket_t));

    n = ngx_max(n, NGX_THREAD_WS_REGISTRY_MIN);
    n = ngx_min(n, NGX_THREAD_WS_REGISTRY_MAX);

    for (nbuckets = 1; nbuckets * 2 <= n; nbuckets *= 2) { /* void */ }

    reg->nslots = n;
    reg->mask = nbuckets - 1;

    ngx_thread_ws_random(reg->secret, sizeof(reg->secret));

    reg->buckets = ngx_slab_alloc(zone->shpool,
                          nbuckets * sizeof(ngx_thread_ws_registry_bucket_t));
    if (reg->buckets == NULL) {
        return NGX_ERROR;
    }

    reg->slots = ngx_slab_calloc(zone->shpool,
                                 n * sizeof(ngx_thread_ws_registry_slot_t));
    if (reg->slots == NULL) {
        return NGX_ERROR;
    }

    ngx_thread_ws_registry_clear(reg);

    for ( /* void */ ; n > 0; n--) {
        reg->slots[n - 1].next = reg->free;
        reg->free = n - 1;
    }

    zone->sh->registry = reg;

    return NGX_OK;
}


ngx_thread_ws_registry_t *
ngx_thread_ws_registry_lock(void)
{
    ngx_thread_ws_registry_t  *reg;

    reg = ngx_thread_ws_zone->sh->registry;

    ngx_shmtx_lock(&ngx_thread_ws_zone->shpool->mutex);
    ngx_thread_ws_registry_enter(reg);

    return reg;
}


void
ngx_thread_ws_registry_unlock(ngx_thread_ws_registry_t *reg)
{
    ngx_thread_ws_registry_leave(reg);
    ngx_shmtx_unlock(&ngx_thread_ws_zone->shpool->mutex);
}


void
ngx_thread_ws_registry_enter(ngx_thread_ws_registry_t *reg)
{
    if (ngx_thread_ws_registry_depth++) {
        return;
    }

    if (reg->torn) {
        ngx_thread_ws_registry_relist(reg);
    }

    reg->torn = 1;
    ngx_memory_barrier();
}


void
ngx_thread_ws_registry_leave(ngx_thread_ws_registry_t *reg)
{
    if (--ngx_thread_ws_registry_depth) {
        return;
    }

    ngx_memory_barrier();
    reg->torn = 0;
}


void
ngx_thread_ws_registry_full(ngx_thread_ws_registry_t *reg, ngx_log_t *log)
{
    if (ngx_time() - reg->logged < 60) {
        return;
    }

    reg->logged = ngx_time();

    ngx_log_error(NGX_LOG_WARN, log, 0,
                  "thread_ws_zone \"%V\" has no room for more than %uD "
                  "active runs: a repeated message may be answered twice",
                  &ngx_thread_ws_zone->shm_zone->shm.name, reg->nslots);
}


/*
 * What a claim is for, as digests: none of the three texts has a bound here,
 * and a slot has one size.  A length keeps ("a", "bc") from ("ab", "c").
 */

void
ngx_thread_ws_registry_thread(ngx_thread_ws_registry_thread_t *thread,
    ngx_str_t *owner, ngx_str_t *thread_id)
{
    uint32_t                   len;
    ngx_sha1_t                 sha1;
    ngx_thread_ws_registry_t  *reg;

    reg = ngx_thread_ws_zone->sh->registry;
    len = owner->len;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, reg->secret, sizeof(reg->secret));
    ngx_sha1_update(&sha1, &len, sizeof(len));
    ngx_sha1_update(&sha1, owner->data, owner->len);
    ngx_sha1_update(&sha1, thread_id->data, thread_id->len);
    ngx_sha1_final(thread->digest, &sha1);

    ngx_memcpy(&thread->number, thread->digest, sizeof(uint64_t));

    thread->topic = ngx_thread_ws_wake_topic(thread->number);
}


void
ngx_thread_ws_registry_key(ngx_thread_ws_registry_key_t *key,
    ngx_thread_ws_registry_thread_t *thread, ngx_str_t *request_id)
{
    u_char      digest[NGX_THREAD_WS_REGISTRY_DIGEST];
    ngx_sha1_t  sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, thread->digest, sizeof(thread->digest));
    ngx_sha1_update(&sha1, request_id->data, request_id->len);
    ngx_sha1_final(digest, &sha1);

    key->thread = thread->number;
    ngx_memcpy(key->key, digest, NGX_THREAD_WS_REGISTRY_KEY);
}


/* two lists begin in each bucket: by what is claimed, and by the thread */

static uint32_t *
ngx_thread_ws_registry_list_of(ngx_thread_ws_registry_t *reg, u_char *key)
{
    uint32_t  hash;

    ngx_memcpy(&hash, key, sizeof(uint32_t));

    return &reg->buckets[hash & reg->mask].first;
}


uint32_t *
ngx_thread_ws_registry_first_of(ngx_thread_ws_registry_t *reg,
    uint64_t thread)
{
    return &reg->buckets[thread & reg->mask].thread_first;
}


ngx_thread_ws_registry_slot_t *
ngx_thread_ws_registry_find(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_key_t *key)
{
    uint32_t                        i;
    ngx_thread_ws_registry_slot_t  *slot;

    for (i = *ngx_thread_ws_registry_list_of(reg, key->key);
         i != NGX_THREAD_WS_REGISTRY_NONE;
         i = slot->next)
    {
        slot = &reg->slots[i];

        if (slot->thread == key->thread
            && ngx_memcmp(slot->key, key->key, NGX_THREAD_WS_REGISTRY_KEY) == 0
            && !(slot->marks & NGX_THREAD_WS_REGISTRY_TAKEN))
        {
            return slot;
        }
    }

    return NULL;
}


ngx_thread_ws_registry_slot_t *
ngx_thread_ws_registry_take(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_key_t *key)
{
    uint32_t                        i;
    ngx_thread_ws_blocks_t         *pool;
    ngx_thread_ws_registry_slot_t  *slot;

    /* whatever dead workers held comes back, once a second at most */

    if (reg->free == NGX_THREAD_WS_REGISTRY_NONE && reg->swept != ngx_time()) {
        reg->swept = ngx_time();
        ngx_thread_ws_registry_relist(reg);
    }

    if (reg->free == NGX_THREAD_WS_REGISTRY_NONE) {
        pool = ngx_thread_ws_zone->sh->blocks;

        (void) ngx_thread_ws_blocks_enter(pool);
        (void) ngx_thread_ws_tape_evict(pool);
        ngx_thread_ws_blocks_leave(pool);
    }

    i = reg->free;

    if (i == NGX_THREAD_WS_REGISTRY_NONE) {
        return NULL;
    }

    slot = &reg->slots[i];
    reg->free = slot->next;

    ngx_memcpy(slot->key, key->key, NGX_THREAD_WS_REGISTRY_KEY);
    slot->thread = key->thread;
    slot->owner = 0;
    slot->pid = ngx_pid;
    slot->marks = 0;
    slot->state = NGX_THREAD_WS_REGISTRY_PLAIN;
    slot->worker = NGX_THREAD_WS_WAKE_NONE;
    slot->tape = 0;
    slot->heard = 0;

    return slot;
}


void
ngx_thread_ws_registry_put(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_slot_t *slot, uint64_t generation)
{
    ngx_memory_barrier();

    __atomic_store_n(&slot->generation, generation, __ATOMIC_RELEASE);

    ngx_thread_ws_registry_link(reg, slot);
}


void
ngx_thread_ws_registry_drop(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_slot_t *slot)
{
    uint32_t                 tape;
    ngx_thread_ws_blocks_t  *pool;

    tape = slot->tape;
    pool = ngx_thread_ws_zone->sh->blocks;

    /* a rebuild in between would find the tape of nobody, and free it, too */

    if (tape) {
        (void) ngx_thread_ws_blocks_enter(pool);
    }

    slot->generation = 0;

    ngx_memory_barrier();

    ngx_thread_ws_registry_unlink(reg, slot);

    slot->next = reg->free;
    reg->free = slot - reg->slots;

    if (tape) {
        ngx_thread_ws_tape_free(pool, tape);
        ngx_thread_ws_blocks_leave(pool);
    }
}


static void
ngx_thread_ws_registry_link(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_slot_t *slot)
{
    uint32_t  i, *list;

    i = slot - reg->slots;

    list = ngx_thread_ws_registry_list_of(reg, slot->key);

    slot->next = *list;
    *list = i;

    list = ngx_thread_ws_registry_first_of(reg, slot->thread);

    slot->thread_prev = NGX_THREAD_WS_REGISTRY_NONE;
    slot->thread_next = *list;

    if (*list != NGX_THREAD_WS_REGISTRY_NONE) {
        reg->slots[*list].thread_prev = i;
    }

    *list = i;

    reg->nclaims++;
}


static void
ngx_thread_ws_registry_unlink(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_slot_t *slot)
{
    uint32_t  i, *p;

    i = slot - reg->slots;

    for (p = ngx_thread_ws_registry_list_of(reg, slot->key);
         *p != NGX_THREAD_WS_REGISTRY_NONE;
         p = &reg->slots[*p].next)
    {
        if (*p == i) {
            *p = slot->next;
            break;
        }
    }

    if (slot->thread_next != NGX_THREAD_WS_REGISTRY_NONE) {
        reg->slots[slot->thread_next].thread_prev = slot->thread_prev;
    }

    if (slot->thread_prev != NGX_THREAD_WS_REGISTRY_NONE) {
        reg->slots[slot->thread_prev].thread_next = slot->thread_next;

    } else {
        *ngx_thread_ws_registry_first_of(reg, slot->thread)
            = slot->thread_next;
    }

    reg->nclaims--;
}


static void
ngx_thread_ws_registry_clear(ngx_thread_ws_registry_t *reg)
{
    uint32_t  i;

    reg->free = NGX_THREAD_WS_REGISTRY_NONE;
    reg->nclaims = 0;

    for (i = 0; i <= reg->mask; i++) {
        reg->buckets[i].first = NGX_THREAD_WS_REGISTRY_NONE;
        reg->buckets[i].thread_first = NGX_THREAD_WS_REGISTRY_NONE;
    }
}


void
ngx_thread_ws_registry_relist(ngx_thread_ws_registry_t *reg)
{
    uint32_t                        i;
    ngx_pid_t                       alive;
    ngx_thread_ws_blocks_t         *pool;
    ngx_thread_ws_registry_slot_t  *slot;

    pool = ngx_thread_ws_zone->sh->blocks;

    (void) ngx_thread_ws_blocks_enter(pool);

    ngx_thread_ws_registry_clear(reg);

    alive = ngx_pid;

    /* from the end: the free ones are given from the beginning */

    for (i = reg->nslots; i > 0; i--) {
        slot = &reg->slots[i - 1];

        if (slot->generation != 0) {

            /* slots of one worker tend to stand together */

            if ((slot->pid == alive && slot->tape == 0)
                || !ngx_thread_ws_registry_dead(slot)
                || ngx_thread_ws_registry_lose(slot))
            {
                if (slot->tape == 0) {
                    alive = slot->pid;
                }

                ngx_thread_ws_registry_link(reg, slot);
                continue;
            }

            slot->generation = 0;

            if (slot->tape) {
                ngx_thread_ws_tape_free(pool, slot->tape);
            }
        }

        slot->next = reg->free;
        reg->free = i - 1;
    }

    ngx_thread_ws_blocks_leave(pool);
}


/*
 * A pid may be given again: of a run that has a tape it is known better, since
 * whoever has its worker's place now has another generation.
 */

ngx_uint_t
ngx_thread_ws_registry_dead(ngx_thread_ws_registry_slot_t *slot)
{
    ngx_thread_ws_tape_t  *tape;

    if (slot->state == NGX_THREAD_WS_REGISTRY_ENDED) {
        return 0;
    }

    if (slot->tape && slot->worker != NGX_THREAD_WS_WAKE_NONE) {
        tape = ngx_thread_ws_block(ngx_thread_ws_zone->sh->blocks, slot->tape);

        if (ngx_thread_ws_wake_generation(slot->worker) != tape->generation) {
            return 1;
        }
    }

    return slot->pid != ngx_pid && kill(slot->pid, 0) == -1
           && ngx_errno == NGX_ESRCH;
}
