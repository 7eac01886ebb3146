
/*
 * The registry of active runs: a hash table of slots in the zone.
 *
 * Slots are made once, never freed and never change their type, so that a
 * claim may look at its slot without the lock, whatever became of it.  Every
 * claim gets a number that is never given twice: a slot that was released and
 * serves another run has another one.
 *
 * The lists are single-linked and change by one store each: a worker that is
 * killed while it holds the lock leaves at worst a slot that is in no list,
 * which is found again by a sweep once the slots run out.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_sha1.h>
#include "base/ngx_thread_ws_random.h"
#include "zone/ngx_thread_ws_zone.h"
#include "zone/ngx_thread_ws_registry.h"


#define NGX_THREAD_WS_REGISTRY_KEY     20
#define NGX_THREAD_WS_REGISTRY_NONE    0xffffffff

/* slots take this part of the zone, of a large one less */

#define NGX_THREAD_WS_REGISTRY_PART    8
#define NGX_THREAD_WS_REGISTRY_MIN     64
#define NGX_THREAD_WS_REGISTRY_MAX     131072


struct ngx_thread_ws_registry_slot_s {
    volatile uint64_t   generation;      /* 0: free */
    ngx_pid_t           pid;
    uint32_t            next;
    u_char              key[NGX_THREAD_WS_REGISTRY_KEY];
};


typedef struct ngx_thread_ws_registry_s  ngx_thread_ws_registry_t;

struct ngx_thread_ws_registry_s {
    uint64_t                        generation;   /* the last one given */
    uint32_t                        free;
    uint32_t                        mask;         /* of the buckets */
    uint32_t                        nslots;
    time_t                          swept;
    time_t                          logged;
    u_char                          secret[16];
    uint32_t                       *buckets;
    ngx_thread_ws_registry_slot_t  *slots;
};


static void ngx_thread_ws_registry_key(ngx_thread_ws_registry_t *reg,
    u_char *key, ngx_str_t *owner, ngx_str_t *thread_id,
    ngx_str_t *request_id);
static uint32_t *ngx_thread_ws_registry_bucket(ngx_thread_ws_registry_t *reg,
    u_char *key);
static ngx_thread_ws_registry_slot_t *ngx_thread_ws_registry_find(
    ngx_thread_ws_registry_t *reg, u_char *key);
static ngx_thread_ws_registry_slot_t *ngx_thread_ws_registry_take(
    ngx_thread_ws_registry_t *reg, u_char *key);
static void ngx_thread_ws_registry_sweep(ngx_thread_ws_registry_t *reg);
static ngx_uint_t ngx_thread_ws_registry_dead(ngx_pid_t pid);


ngx_int_t
ngx_thread_ws_registry_init(ngx_thread_ws_zone_t *zone)
{
    size_t                          size;
    uint32_t                        i, n, nbuckets;
    ngx_thread_ws_registry_t       *reg;

    reg = ngx_slab_calloc(zone->shpool, sizeof(ngx_thread_ws_registry_t));
    if (reg == NULL) {
        return NGX_ERROR;
    }

    size = zone->shm_zone->shm.size / NGX_THREAD_WS_REGISTRY_PART;

    n = size / (sizeof(ngx_thread_ws_registry_slot_t) + sizeof(uint32_t));

    n = ngx_max(n, NGX_THREAD_WS_REGISTRY_MIN);
    n = ngx_min(n, NGX_THREAD_WS_REGISTRY_MAX);

    for (nbuckets = 1; nbuckets * 2 <= n; nbuckets *= 2) { /* void */ }

    reg->nslots = n;
    reg->mask = nbuckets - 1;

    ngx_thread_ws_random(reg->secret, sizeof(reg->secret));

    reg->buckets = ngx_slab_alloc(zone->shpool, nbuckets * sizeof(uint32_t));
    if (reg->buckets == NULL) {
        return NGX_ERROR;
    }

    reg->slots = ngx_slab_calloc(zone->shpool,
                                 n * sizeof(ngx_thread_ws_registry_slot_t));
    if (reg->slots == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < nbuckets; i++) {
        reg->buckets[i] = NGX_THREAD_WS_REGISTRY_NONE;
    }

    reg->free = NGX_THREAD_WS_REGISTRY_NONE;

    for (i = n; i > 0; i--) {
        reg->slots[i - 1].next = reg->free;
        reg->free = i - 1;
    }

    zone->sh->registry = reg;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_registry_claim(ngx_thread_ws_claim_t *claim, ngx_str_t *owner,
    ngx_str_t *thread_id, ngx_str_t *request_id, ngx_log_t *log)
{
    u_char                          key[NGX_THREAD_WS_REGISTRY_KEY];
    ngx_int_t                       rc;
    ngx_uint_t                      loud;
    ngx_slab_pool_t                *shpool;
    ngx_thread_ws_registry_t       *reg;
    ngx_thread_ws_registry_slot_t  *slot;

    if (ngx_thread_ws_zone == NULL) {
        return NGX_DECLINED;
    }

    shpool = ngx_thread_ws_zone->shpool;
    reg = ngx_thread_ws_zone->sh->registry;

    ngx_thread_ws_registry_key(reg, key, owner, thread_id, request_id);

    rc = NGX_OK;
    loud = 0;

    ngx_shmtx_lock(&shpool->mutex);

    slot = ngx_thread_ws_registry_find(reg, key);

    if (slot) {
        rc = ngx_thread_ws_registry_dead(slot->pid) ? NGX_OK : NGX_BUSY;

        slot->pid = ngx_pid;
        slot->generation = ++reg->generation;

    } else {
        slot = ngx_thread_ws_registry_take(reg, key);
    }

    if (slot) {
        claim->slot = slot;
        claim->generation = slot->generation;

    } else {
        rc = NGX_ERROR;

        if (ngx_time() - reg->logged >= 60) {
            reg->logged = ngx_time();
            loud = 1;
        }
    }

    ngx_shmtx_unlock(&shpool->mutex);

    if (loud) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "thread_ws_zone \"%V\" has no room for more than %uD "
                      "active runs: a repeated message may be answered twice",
                      &ngx_thread_ws_zone->shm_zone->shm.name, reg->nslots);
    }

    return rc;
}


ngx_uint_t
ngx_thread_ws_registry_holds(ngx_thread_ws_claim_t *claim)
{
    ngx_thread_ws_registry_slot_t  *slot;

    slot = claim->slot;

    return slot == NULL || slot->generation == claim->generation;
}


void
ngx_thread_ws_registry_release(ngx_thread_ws_claim_t *claim)
{
    uint32_t                       *p, i;
    ngx_slab_pool_t                *shpool;
    ngx_thread_ws_registry_t       *reg;
    ngx_thread_ws_registry_slot_t  *slot;

    slot = claim->slot;

    if (slot == NULL) {
        return;
    }

    claim->slot = NULL;

    shpool = ngx_thread_ws_zone->shpool;
    reg = ngx_thread_ws_zone->sh->registry;

    ngx_shmtx_lock(&shpool->mutex);

    if (slot->generation == claim->generation) {
        i = slot - reg->slots;

        for (p = ngx_thread_ws_registry_bucket(reg, slot->key);
             *p != NGX_THREAD_WS_REGISTRY_NONE;
             p = &reg->slots[*p].next)
        {
            if (*p == i) {
                *p = slot->next;
                break;
            }
        }

        ngx_memory_barrier();

        slot->generation = 0;
        slot->next = reg->free;

        ngx_memory_barrier();

        reg->free = i;
    }

    ngx_shmtx_unlock(&shpool->mutex);
}


/*
 * What a claim is for, as a digest: none of the three texts has a bound here,
 * and a slot has one size.  Lengths keep ("a", "bc") from ("ab", "c").
 */

static void
ngx_thread_ws_registry_key(ngx_thread_ws_registry_t *reg, u_char *key,
    ngx_str_t *owner, ngx_str_t *thread_id, ngx_str_t *request_id)
{
    uint32_t    len[2];
    ngx_sha1_t  sha1;

    len[0] = owner->len;
    len[1] = thread_id->len;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, reg->secret, sizeof(reg->secret));
    ngx_sha1_update(&sha1, len, sizeof(len));
    ngx_sha1_update(&sha1, owner->data, owner->len);
    ngx_sha1_update(&sha1, thread_id->data, thread_id->len);
    ngx_sha1_update(&sha1, request_id->data, request_id->len);
    ngx_sha1_final(key, &sha1);
}


static uint32_t *
ngx_thread_ws_registry_bucket(ngx_thread_ws_registry_t *reg, u_char *key)
{
    uint32_t  hash;

    ngx_memcpy(&hash, key, sizeof(uint32_t));

    return &reg->buckets[hash & reg->mask];
}


static ngx_thread_ws_registry_slot_t *
ngx_thread_ws_registry_find(ngx_thread_ws_registry_t *reg, u_char *key)
{
    uint32_t                        i;
    ngx_thread_ws_registry_slot_t  *slot;

    for (i = *ngx_thread_ws_registry_bucket(reg, key);
         i != NGX_THREAD_WS_REGISTRY_NONE;
         i = slot->next)
    {
        slot = &reg->slots[i];

        if (ngx_memcmp(slot->key, key, NGX_THREAD_WS_REGISTRY_KEY) == 0) {
            return slot;
        }
    }

    return NULL;
}


static ngx_thread_ws_registry_slot_t *
ngx_thread_ws_registry_take(ngx_thread_ws_registry_t *reg, u_char *key)
{
    uint32_t                       *bucket, i;
    ngx_thread_ws_registry_slot_t  *slot;

    /* whatever dead workers held comes back, once a second at most */

    if (reg->free == NGX_THREAD_WS_REGISTRY_NONE && reg->swept != ngx_time()) {
        reg->swept = ngx_time();
        ngx_thread_ws_registry_sweep(reg);
    }

    i = reg->free;

    if (i == NGX_THREAD_WS_REGISTRY_NONE) {
        return NULL;
    }

    slot = &reg->slots[i];
    reg->free = slot->next;

    ngx_memory_barrier();

    bucket = ngx_thread_ws_registry_bucket(reg, key);

    ngx_memcpy(slot->key, key, NGX_THREAD_WS_REGISTRY_KEY);
    slot->pid = ngx_pid;
    slot->generation = ++reg->generation;
    slot->next = *bucket;

    ngx_memory_barrier();

    *bucket = i;

    return slot;
}


/* rebuilds all lists from the slots that living workers hold */

static void
ngx_thread_ws_registry_sweep(ngx_thread_ws_registry_t *reg)
{
    uint32_t                        i, *list;
    ngx_pid_t                       alive;
    ngx_thread_ws_registry_slot_t  *slot;

    reg->free = NGX_THREAD_WS_REGISTRY_NONE;

    for (i = 0; i <= reg->mask; i++) {
        reg->buckets[i] = NGX_THREAD_WS_REGISTRY_NONE;
    }

    alive = ngx_pid;

    for (i = 0; i < reg->nslots; i++) {
        slot = &reg->slots[i];
        list = &reg->free;

        if (slot->generation != 0) {

            /* slots of one worker tend to stand together */

            if (slot->pid == alive
                || !ngx_thread_ws_registry_dead(slot->pid))
            {
                alive = slot->pid;
                list = ngx_thread_ws_registry_bucket(reg, slot->key);

            } else {
                slot->generation = 0;
            }
        }

        slot->next = *list;
        *list = i;
    }
}


static ngx_uint_t
ngx_thread_ws_registry_dead(ngx_pid_t pid)
{
    return pid != ngx_pid && kill(pid, 0) == -1 && ngx_errno == NGX_ESRCH;
}
