
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


#define NGX_THREAD_WS_REGISTRY_KEY     20
#define NGX_THREAD_WS_REGISTRY_NONE    0xffffffff

/* slots take this part of the zone, of a large one less */

#define NGX_THREAD_WS_REGISTRY_PART    8
#define NGX_THREAD_WS_REGISTRY_MIN     64
#define NGX_THREAD_WS_REGISTRY_MAX     131072


/*
 * Many runs may be under way in one thread: the list by thread goes both ways,
 * so that none of them is looked for when one ends.
 */

struct ngx_thread_ws_registry_slot_s {
    volatile uint64_t   generation;      /* 0: free */
    uint64_t            thread;          /* of its digest */
    ngx_pid_t           pid;
    uint32_t            deleted;         /* the thread was: who says so */
    uint32_t            next;
    uint32_t            thread_next;
    uint32_t            thread_prev;
    u_char              key[NGX_THREAD_WS_REGISTRY_KEY];
};


typedef struct {
    uint32_t                        first;
    uint32_t                        thread_first;
} ngx_thread_ws_registry_bucket_t;


typedef struct ngx_thread_ws_registry_s  ngx_thread_ws_registry_t;

struct ngx_thread_ws_registry_s {
    volatile ngx_uint_t               torn;         /* lists are changed */
    uint64_t                          generation;   /* the last one given */
    uint32_t                          free;
    uint32_t                          mask;         /* of the buckets */
    uint32_t                          nslots;
    time_t                            swept;
    time_t                            logged;
    u_char                            secret[16];
    ngx_thread_ws_registry_bucket_t  *buckets;
    ngx_thread_ws_registry_slot_t    *slots;
};


/* what a claim is for */

typedef struct {
    uint64_t    thread;
    u_char      key[NGX_THREAD_WS_REGISTRY_KEY];
} ngx_thread_ws_registry_key_t;


static void ngx_thread_ws_registry_enter(ngx_thread_ws_registry_t *reg);
static void ngx_thread_ws_registry_leave(ngx_thread_ws_registry_t *reg);
static void ngx_thread_ws_registry_full(ngx_thread_ws_registry_t *reg,
    ngx_log_t *log);
static void ngx_thread_ws_registry_key(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_key_t *key, ngx_str_t *owner, ngx_str_t *thread_id,
    ngx_str_t *request_id);
static uint32_t *ngx_thread_ws_registry_list(ngx_thread_ws_registry_t *reg,
    u_char *key);
static uint32_t *ngx_thread_ws_registry_thread(ngx_thread_ws_registry_t *reg,
    uint64_t thread);
static ngx_thread_ws_registry_slot_t *ngx_thread_ws_registry_find(
    ngx_thread_ws_registry_t *reg, u_char *key);
static ngx_thread_ws_registry_slot_t *ngx_thread_ws_registry_take(
    ngx_thread_ws_registry_t *reg, ngx_thread_ws_registry_key_t *key);
static void ngx_thread_ws_registry_link(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_slot_t *slot);
static void ngx_thread_ws_registry_unlink(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_slot_t *slot);
static void ngx_thread_ws_registry_sweep(ngx_thread_ws_registry_t *reg);
static ngx_uint_t ngx_thread_ws_registry_mark(ngx_thread_ws_registry_t *reg,
    ngx_str_t *owner, ngx_str_t *thread_id, uint32_t mark);
static ngx_uint_t ngx_thread_ws_registry_dead(ngx_pid_t pid);


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

    ngx_thread_ws_registry_sweep(reg);

    zone->sh->registry = reg;

    return NGX_OK;
}


/* under the zone's lock */

static void
ngx_thread_ws_registry_enter(ngx_thread_ws_registry_t *reg)
{
    if (reg->torn) {
        ngx_thread_ws_registry_sweep(reg);
    }

    reg->torn = 1;
    ngx_memory_barrier();
}


static void
ngx_thread_ws_registry_leave(ngx_thread_ws_registry_t *reg)
{
    ngx_memory_barrier();
    reg->torn = 0;
}


ngx_int_t
ngx_thread_ws_registry_claim(ngx_thread_ws_claim_t *claim, ngx_str_t *owner,
    ngx_str_t *thread_id, ngx_str_t *request_id, ngx_log_t *log)
{
    ngx_int_t                       rc;
    ngx_slab_pool_t                *shpool;
    ngx_thread_ws_registry_t       *reg;
    ngx_thread_ws_registry_key_t    key;
    ngx_thread_ws_registry_slot_t  *slot;

    if (ngx_thread_ws_zone == NULL) {
        return NGX_DECLINED;
    }

    shpool = ngx_thread_ws_zone->shpool;
    reg = ngx_thread_ws_zone->sh->registry;

    ngx_thread_ws_registry_key(reg, &key, owner, thread_id, request_id);

    rc = NGX_OK;

    ngx_shmtx_lock(&shpool->mutex);
    ngx_thread_ws_registry_enter(reg);

    slot = ngx_thread_ws_registry_find(reg, key.key);

    if (slot) {
        rc = ngx_thread_ws_registry_dead(slot->pid) ? NGX_OK : NGX_BUSY;

        slot->pid = ngx_pid;
        slot->generation = ++reg->generation;
        slot->deleted = 0;

    } else {
        slot = ngx_thread_ws_registry_take(reg, &key);
    }

    if (slot) {
        claim->slot = slot;
        claim->generation = slot->generation;

    } else {
        rc = NGX_ERROR;
    }

    ngx_thread_ws_registry_leave(reg);
    ngx_shmtx_unlock(&shpool->mutex);

    if (rc == NGX_ERROR) {
        ngx_thread_ws_registry_full(reg, log);
    }

    return rc;
}


static void
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

    ngx_thread_ws_registry_enter(reg);

    if (slot->generation == claim->generation) {

        slot->generation = 0;

        ngx_memory_barrier();

        ngx_thread_ws_registry_unlink(reg, slot);

        slot->next = reg->free;
        reg->free = slot - reg->slots;
    }

    ngx_thread_ws_registry_leave(reg);
    ngx_shmtx_unlock(&shpool->mutex);
}


ngx_uint_t
ngx_thread_ws_registry_delete(ngx_str_t *owner, ngx_str_t *thread_id)
{
    return ngx_thread_ws_registry_mark(ngx_thread_ws_zone->sh->registry, owner,
                                       thread_id,
                                       NGX_THREAD_WS_REGISTRY_DELETED);
}


ngx_uint_t
ngx_thread_ws_registry_end(ngx_str_t *owner, ngx_str_t *thread_id)
{
    ngx_uint_t  n;

    if (ngx_thread_ws_zone == NULL) {
        return 0;
    }

    ngx_shmtx_lock(&ngx_thread_ws_zone->shpool->mutex);

    n = ngx_thread_ws_registry_mark(ngx_thread_ws_zone->sh->registry, owner,
                                    thread_id, NGX_THREAD_WS_REGISTRY_END);

    ngx_shmtx_unlock(&ngx_thread_ws_zone->shpool->mutex);

    return n;
}


ngx_uint_t
ngx_thread_ws_registry_marked(ngx_thread_ws_claim_t *claim, ngx_uint_t mark)
{
    ngx_thread_ws_registry_slot_t  *slot;

    slot = claim->slot;

    return slot && slot->generation == claim->generation
           && (slot->deleted & mark);
}


/* returns how many living workers' claims there are */

static ngx_uint_t
ngx_thread_ws_registry_mark(ngx_thread_ws_registry_t *reg, ngx_str_t *owner,
    ngx_str_t *thread_id, uint32_t mark)
{
    uint32_t                        i;
    ngx_str_t                       none;
    ngx_uint_t                      n;
    ngx_thread_ws_registry_key_t    key;
    ngx_thread_ws_registry_slot_t  *slot;

    n = 0;

    ngx_str_null(&none);
    ngx_thread_ws_registry_key(reg, &key, owner, thread_id, &none);

    ngx_thread_ws_registry_enter(reg);

    for (i = *ngx_thread_ws_registry_thread(reg, key.thread);
         i != NGX_THREAD_WS_REGISTRY_NONE;
         i = slot->thread_next)
    {
        slot = &reg->slots[i];

        if (slot->thread == key.thread
            && !ngx_thread_ws_registry_dead(slot->pid))
        {
            slot->deleted |= mark;
            n++;
        }
    }

    ngx_thread_ws_registry_leave(reg);

    return n;
}


/*
 * What a claim is for, as digests: none of the three texts has a bound here,
 * and a slot has one size.  A length keeps ("a", "bc") from ("ab", "c").
 */

static void
ngx_thread_ws_registry_key(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_key_t *key, ngx_str_t *owner, ngx_str_t *thread_id,
    ngx_str_t *request_id)
{
    u_char      digest[NGX_THREAD_WS_REGISTRY_KEY];
    uint32_t    len;
    ngx_sha1_t  sha1;

    len = owner->len;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, reg->secret, sizeof(reg->secret));
    ngx_sha1_update(&sha1, &len, sizeof(len));
    ngx_sha1_update(&sha1, owner->data, owner->len);
    ngx_sha1_update(&sha1, thread_id->data, thread_id->len);
    ngx_sha1_final(digest, &sha1);

    ngx_memcpy(&key->thread, digest, sizeof(uint64_t));

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, digest, sizeof(digest));
    ngx_sha1_update(&sha1, request_id->data, request_id->len);
    ngx_sha1_final(key->key, &sha1);
}


/* two lists begin in each bucket: by what is claimed, and by the thread */

static uint32_t *
ngx_thread_ws_registry_list(ngx_thread_ws_registry_t *reg, u_char *key)
{
    uint32_t  hash;

    ngx_memcpy(&hash, key, sizeof(uint32_t));

    return &reg->buckets[hash & reg->mask].first;
}


static uint32_t *
ngx_thread_ws_registry_thread(ngx_thread_ws_registry_t *reg, uint64_t thread)
{
    return &reg->buckets[thread & reg->mask].thread_first;
}


static ngx_thread_ws_registry_slot_t *
ngx_thread_ws_registry_find(ngx_thread_ws_registry_t *reg, u_char *key)
{
    uint32_t                        i;
    ngx_thread_ws_registry_slot_t  *slot;

    for (i = *ngx_thread_ws_registry_list(reg, key);
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
ngx_thread_ws_registry_take(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_key_t *key)
{
    uint32_t                        i;
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

    ngx_memcpy(slot->key, key->key, NGX_THREAD_WS_REGISTRY_KEY);
    slot->thread = key->thread;
    slot->pid = ngx_pid;
    slot->deleted = 0;

    ngx_memory_barrier();

    slot->generation = ++reg->generation;

    ngx_thread_ws_registry_link(reg, slot);

    return slot;
}


static void
ngx_thread_ws_registry_link(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_slot_t *slot)
{
    uint32_t  i, *list;

    i = slot - reg->slots;

    list = ngx_thread_ws_registry_list(reg, slot->key);

    slot->next = *list;
    *list = i;

    list = ngx_thread_ws_registry_thread(reg, slot->thread);

    slot->thread_prev = NGX_THREAD_WS_REGISTRY_NONE;
    slot->thread_next = *list;

    if (*list != NGX_THREAD_WS_REGISTRY_NONE) {
        reg->slots[*list].thread_prev = i;
    }

    *list = i;
}


static void
ngx_thread_ws_registry_unlink(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_slot_t *slot)
{
    uint32_t  i, *p;

    i = slot - reg->slots;

    for (p = ngx_thread_ws_registry_list(reg, slot->key);
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
        *ngx_thread_ws_registry_thread(reg, slot->thread) = slot->thread_next;
    }
}


/* makes all lists anew, of the slots that living workers hold */

static void
ngx_thread_ws_registry_sweep(ngx_thread_ws_registry_t *reg)
{
    uint32_t                        i;
    ngx_pid_t                       alive;
    ngx_thread_ws_registry_slot_t  *slot;

    reg->free = NGX_THREAD_WS_REGISTRY_NONE;

    for (i = 0; i <= reg->mask; i++) {
        reg->buckets[i].first = NGX_THREAD_WS_REGISTRY_NONE;
        reg->buckets[i].thread_first = NGX_THREAD_WS_REGISTRY_NONE;
    }

    alive = ngx_pid;

    /* from the end: the free ones are given from the beginning */

    for (i = reg->nslots; i > 0; i--) {
        slot = &reg->slots[i - 1];

        if (slot->generation != 0) {

            /* slots of one worker tend to stand together */

            if (slot->pid == alive
                || !ngx_thread_ws_registry_dead(slot->pid))
            {
                alive = slot->pid;
                ngx_thread_ws_registry_link(reg, slot);
                continue;
            }

            slot->generation = 0;
        }

        slot->next = reg->free;
        reg->free = i - 1;
    }
}


static ngx_uint_t
ngx_thread_ws_registry_dead(ngx_pid_t pid)
{
    return pid != ngx_pid && kill(pid, 0) == -1 && ngx_errno == NGX_ESRCH;
}
