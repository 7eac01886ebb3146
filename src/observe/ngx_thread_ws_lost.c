
/*
 * The table of lost connections: each key has a set of few places.
 */


#include "observe/ngx_thread_ws_lost.h"


/* places that one key may take; places in all */

#define NGX_THREAD_WS_LOST_WAYS  4
#define NGX_THREAD_WS_LOST_MIN   512
#define NGX_THREAD_WS_LOST_MAX   65536


typedef struct {
    uint64_t                     key;        /* 0: free */
    uint64_t                     time;       /* ngx_current_msec */
} ngx_thread_ws_lost_place_t;


typedef struct ngx_thread_ws_lost_s  ngx_thread_ws_lost_t;

struct ngx_thread_ws_lost_s {
    ngx_thread_ws_lost_place_t  *places;
    ngx_uint_t                   n;          /* a power of two */
};


static ngx_thread_ws_lost_place_t *ngx_thread_ws_lost_set(uint64_t key);
static uint64_t ngx_thread_ws_lost_key(ngx_str_t *owner, ngx_str_t *thread_id);
static ngx_int_t ngx_thread_ws_lost_take(uint64_t key, ngx_msec_t *away);
static void ngx_thread_ws_lost_lock(void);
static void ngx_thread_ws_lost_unlock(void);


/* where there is no zone */

static ngx_thread_ws_lost_place_t  ngx_thread_ws_own_places[
                                                      NGX_THREAD_WS_LOST_MIN];

static ngx_thread_ws_lost_t  ngx_thread_ws_own_lost = {
    ngx_thread_ws_own_places, NGX_THREAD_WS_LOST_MIN
};


ngx_int_t
ngx_thread_ws_lost_init(ngx_thread_ws_zone_t *zone)
{
    ngx_uint_t             n;
    ngx_thread_ws_lost_t  *lost;

    lost = ngx_slab_calloc(zone->shpool, sizeof(ngx_thread_ws_lost_t));
    if (lost == NULL) {
        return NGX_ERROR;
    }

    /* a 64th of the zone, so that it grows with what the zone is made for */

    n = NGX_THREAD_WS_LOST_MIN;

    while (n < NGX_THREAD_WS_LOST_MAX
           && n * 2 * sizeof(ngx_thread_ws_lost_place_t)
              <= zone->shm_zone->shm.size / 64)
    {
        n *= 2;
    }

    lost->places = ngx_slab_calloc(zone->shpool,
                                   n * sizeof(ngx_thread_ws_lost_place_t));
    if (lost->places == NULL) {
        return NGX_ERROR;
    }

    lost->n = n;
    zone->sh->lost = lost;

    return NGX_OK;
}


void
ngx_thread_ws_lost_add(ngx_str_t *owner, ngx_str_t *thread_id)
{
    uint64_t                     key;
    ngx_uint_t                   i;
    ngx_thread_ws_lost_place_t  *set, *oldest;

    key = ngx_thread_ws_lost_key(owner, thread_id);
    set = ngx_thread_ws_lost_set(key);
    oldest = set;

    ngx_thread_ws_lost_lock();

    for (i = 0; i < NGX_THREAD_WS_LOST_WAYS; i++) {
        if (set[i].key == key) {
            oldest = &set[i];
            break;
        }

        if (set[i].key == 0) {
            oldest = &set[i];
            oldest->time = 0;
            continue;
        }

        if (set[i].time < oldest->time) {
            oldest = &set[i];
        }
    }

    oldest->key = key;
    oldest->time = ngx_current_msec;

    ngx_thread_ws_lost_unlock();
}


void
ngx_thread_ws_lost_forget(ngx_str_t *owner, ngx_str_t *thread_id)
{
    ngx_msec_t  away;

    (void) ngx_thread_ws_lost_take(ngx_thread_ws_lost_key(owner, thread_id),
                                   &away);
}


ngx_int_t
ngx_thread_ws_lost_found(ngx_str_t *owner, ngx_str_t *thread_id,
    ngx_msec_t *away)
{
    ngx_int_t  rc;

    rc = ngx_thread_ws_lost_take(ngx_thread_ws_lost_key(owner, thread_id),
                                 away);

    if (rc == NGX_OK && *away > NGX_THREAD_WS_LOST_TIME) {
        return NGX_DECLINED;
    }

    return rc;
}


static ngx_int_t
ngx_thread_ws_lost_take(uint64_t key, ngx_msec_t *away)
{
    int64_t                      passed;
    ngx_int_t                    rc;
    ngx_uint_t                   i;
    ngx_thread_ws_lost_place_t  *set;

    set = ngx_thread_ws_lost_set(key);

    /* a look without the lock: most connections were never lost */

    for (i = 0; i < NGX_THREAD_WS_LOST_WAYS; i++) {
        if (set[i].key == key) {
            goto found;
        }
    }

    return NGX_DECLINED;

found:

    rc = NGX_DECLINED;

    ngx_thread_ws_lost_lock();

    if (set[i].key == key) {

        /* another worker's clock may be a turn of its loop ahead of ours */

        passed = (int64_t) ((uint64_t) ngx_current_msec - set[i].time);
        *away = (ngx_msec_t) ngx_max(passed, 0);

        set[i].key = 0;
        rc = NGX_OK;
    }

    ngx_thread_ws_lost_unlock();

    return rc;
}


/* all places that a key may take */

static ngx_thread_ws_lost_place_t *
ngx_thread_ws_lost_set(uint64_t key)
{
    ngx_thread_ws_lost_t  *lost;

    lost = ngx_thread_ws_zone ? ngx_thread_ws_zone->sh->lost
                              : &ngx_thread_ws_own_lost;

    return &lost->places[(ngx_uint_t) (key >> 20)
                         & (lost->n - NGX_THREAD_WS_LOST_WAYS)];
}


/*
 * FNV-1a, stirred, since ids that differ at their end differ in few bits of it.
 * Owners may hold any byte, but thread ids never a slash.
 */

static uint64_t
ngx_thread_ws_lost_key(ngx_str_t *owner, ngx_str_t *thread_id)
{
    size_t    i;
    uint64_t  key;

    key = 0xcbf29ce484222325ULL;

    for (i = 0; i < owner->len; i++) {
        key = (key ^ owner->data[i]) * 0x100000001b3ULL;
    }

    key = (key ^ '/') * 0x100000001b3ULL;

    for (i = 0; i < thread_id->len; i++) {
        key = (key ^ thread_id->data[i]) * 0x100000001b3ULL;
    }

    key = (key ^ (key >> 32)) * 0x9e3779b97f4a7c15ULL;
    key ^= key >> 29;

    return key ? key : 1;
}


static void
ngx_thread_ws_lost_lock(void)
{
    if (ngx_thread_ws_zone) {
        ngx_shmtx_lock(&ngx_thread_ws_zone->shpool->mutex);
    }
}


static void
ngx_thread_ws_lost_unlock(void)
{
    if (ngx_thread_ws_zone) {
        ngx_shmtx_unlock(&ngx_thread_ws_zone->shpool->mutex);
    }
}
