
/*
 * What is known of threads that are not there.  One that is not found is no
 * evidence of anything: it may have gone for want of room, and whoever
 * remembers it shall not notice.  That it was deleted is known of two things
 * that its bucket remembers.  Whoever saw the thread later than the last use of
 * all that went from there for want of room, and does not find it, knows; and
 * the last one that was deleted is known by name; as is, of a few owners, when
 * all of theirs were.  So nothing has to be kept of
 * the others, and whatever a stranger deletes is no evidence against anybody.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/ngx_thread_ws_shelf.h"
#include "store/ngx_thread_ws_shelf_private.h"


static uint64_t ngx_thread_ws_shelf_grave(ngx_thread_ws_shelf_key_t *key);
static ngx_thread_ws_shelf_erased_t *ngx_thread_ws_shelf_erasure(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_key_t *key,
    uint64_t *owner);


/* the lowest bit: the thread was there */

uint64_t
ngx_thread_ws_shelf_generation(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread)
{
    return shelf->clock << 1 | (thread != NULL);
}


ngx_uint_t
ngx_thread_ws_shelf_deleted(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_thread_ws_shelf_thread_t *thread,
    uint64_t generation)
{
    uint64_t                       seen, owner;
    ngx_thread_ws_shelf_erased_t  *erased;
    ngx_thread_ws_shelf_bucket_t  *bucket;

    seen = generation >> 1;

    if (seen < shelf->epoch || (thread && thread->began <= seen)) {
        return 0;
    }

    erased = ngx_thread_ws_shelf_erasure(shelf, key, &owner);

    if (erased->owner == owner && erased->moment > seen) {
        return 1;
    }

    bucket = &shelf->threads[ngx_thread_ws_shelf_hash(shelf, key->thread)];

    /* a thread that is older than its grave: a kill prevented its deletion */

    if (bucket->grave == ngx_thread_ws_shelf_grave(key)
        && bucket->deleted > seen
        && (thread == NULL || bucket->deleted < thread->began))
    {
        return 1;
    }

    return (generation & 1) && bucket->evicted < seen;
}


void
ngx_thread_ws_shelf_evicted(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread)
{
    ngx_thread_ws_shelf_bucket_t  *bucket;

    bucket = &shelf->threads[ngx_thread_ws_shelf_hash(shelf, thread->digest)];

    bucket->evicted = ngx_max(bucket->evicted, thread->used);

    ngx_memory_barrier();
}


void
ngx_thread_ws_shelf_buried(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key)
{
    ngx_thread_ws_shelf_bucket_t  *bucket;

    bucket = &shelf->threads[ngx_thread_ws_shelf_hash(shelf, key->thread)];

    bucket->deleted = 0;

    ngx_memory_barrier();

    bucket->grave = ngx_thread_ws_shelf_grave(key);

    ngx_memory_barrier();

    bucket->deleted = ++shelf->clock;

    ngx_memory_barrier();
}


void
ngx_thread_ws_shelf_erased(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key)
{
    uint64_t                       owner;
    ngx_thread_ws_shelf_erased_t  *erased;

    erased = ngx_thread_ws_shelf_erasure(shelf, key, &owner);

    erased->moment = 0;

    ngx_memory_barrier();

    erased->owner = owner;

    ngx_memory_barrier();

    erased->moment = ++shelf->clock;
}


static ngx_thread_ws_shelf_erased_t *
ngx_thread_ws_shelf_erasure(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, uint64_t *owner)
{
    ngx_memcpy(owner, key->owner, sizeof(uint64_t));

    return &shelf->erasures[*owner % NGX_THREAD_WS_SHELF_ERASED];
}


static uint64_t
ngx_thread_ws_shelf_grave(ngx_thread_ws_shelf_key_t *key)
{
    uint64_t  grave;

    /* the bucket was found by the first bytes */

    ngx_memcpy(&grave, key->thread + sizeof(uint32_t), sizeof(uint64_t));

    return grave;
}
