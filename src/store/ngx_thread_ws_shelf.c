
/*
 * What can be trusted after a kill, and so what a change must keep true at
 * every single store:
 *
 *   a block of kind OWNER or THREAD is complete: kind is set last when it is
 *   made and cleared first when it goes, a thread's runs after it;
 *   a thread's runs are the chain from its "newest" along "older": a run is
 *   complete before "newest" names it, and is cut off before it goes;
 *   a run's chain of blocks does not change while the run is in that chain;
 *   a thread's title is complete before the thread names it, and goes after.
 *
 * All else (lists by use, hash tables, counts, the list of free blocks) is
 * rebuilt from that.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_sha1.h>
#include "base/ngx_thread_ws_random.h"
#include "zone/ngx_thread_ws_tape.h"
#include "store/ngx_thread_ws_shelf.h"
#include "store/ngx_thread_ws_shelf_private.h"


static void ngx_thread_ws_shelf_go(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_shelf_gone_t *gone);
static void ngx_thread_ws_shelf_withdraw(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread);
static void ngx_thread_ws_shelf_unlink(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread);


ngx_thread_ws_shelf_t *
ngx_thread_ws_shelf_create(ngx_slab_pool_t *shpool,
    ngx_thread_ws_blocks_t *pool)
{
    uint32_t                n, nbuckets;
    ngx_time_t             *tp;
    ngx_thread_ws_shelf_t  *shelf;

    shelf = ngx_slab_calloc(shpool, sizeof(ngx_thread_ws_shelf_t));
    if (shelf == NULL) {
        return NULL;
    }

    n = shpool->pfree * ngx_pagesize / NGX_THREAD_WS_BLOCK;

    for (nbuckets = 16; nbuckets * 8 <= n; nbuckets *= 2) { /* void */ }

    shelf->pool = pool;
    shelf->mask = nbuckets - 1;

    shelf->threads = ngx_slab_calloc(shpool, nbuckets
                                      * sizeof(ngx_thread_ws_shelf_bucket_t));
    shelf->owners = ngx_slab_calloc(shpool, nbuckets * sizeof(uint32_t));
    shelf->runs = ngx_slab_calloc(shpool, nbuckets * sizeof(uint32_t));

    if (shelf->threads == NULL
        || shelf->owners == NULL
        || shelf->runs == NULL)
    {
        return NULL;
    }

    ngx_thread_ws_random(shelf->secret, sizeof(shelf->secret));

    /* what was seen in a zone before this one is older than its clock */

    tp = ngx_timeofday();

    shelf->epoch = ((uint64_t) tp->sec * 1000 + tp->msec) << 16;
    shelf->clock = shelf->epoch;

    return shelf;
}


ngx_uint_t
ngx_thread_ws_shelf_enter(ngx_thread_ws_shelf_t *shelf)
{
    return ngx_thread_ws_blocks_enter(shelf->pool);
}


void
ngx_thread_ws_shelf_leave(ngx_thread_ws_shelf_t *shelf)
{
    ngx_thread_ws_blocks_leave(shelf->pool);
}


/*
 * Threads and owners are known by digests: ids have no bound that would fit a
 * block, and nobody can find a second text of the same digest.
 */

void
ngx_thread_ws_shelf_key(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_str_t *owner, ngx_str_t *thread_id)
{
    ngx_str_t  none;

    ngx_str_null(&none);

    key->id = thread_id;

    ngx_thread_ws_shelf_digest(shelf, key->owner, owner->data, owner->len,
                               &none);
    ngx_thread_ws_shelf_digest(shelf, key->thread, owner->data, owner->len,
                               thread_id);
}


void
ngx_thread_ws_shelf_digest(ngx_thread_ws_shelf_t *shelf, u_char *digest,
    u_char *first, size_t len, ngx_str_t *second)
{
    uint64_t    n;
    ngx_sha1_t  sha1;

    n = len;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, shelf->secret, sizeof(shelf->secret));
    ngx_sha1_update(&sha1, &n, sizeof(uint64_t));
    ngx_sha1_update(&sha1, first, len);
    ngx_sha1_update(&sha1, second->data, second->len);
    ngx_sha1_final(digest, &sha1);
}


uint32_t
ngx_thread_ws_shelf_hash(ngx_thread_ws_shelf_t *shelf, u_char *digest)
{
    uint32_t  hash;

    ngx_memcpy(&hash, digest, sizeof(uint32_t));

    return hash & shelf->mask;
}


ngx_thread_ws_shelf_owner_t *
ngx_thread_ws_shelf_owner(ngx_thread_ws_shelf_t *shelf, u_char *digest)
{
    uint32_t                      i;
    ngx_thread_ws_shelf_owner_t  *owner;

    for (i = shelf->owners[ngx_thread_ws_shelf_hash(shelf, digest)];
         i;
         i = owner->bucket_next)
    {
        owner = ngx_thread_ws_shelf_block(shelf, i);

        if (ngx_memcmp(owner->digest, digest, NGX_THREAD_WS_SHELF_DIGEST)
            == 0)
        {
            return owner;
        }
    }

    return NULL;
}


ngx_thread_ws_shelf_thread_t *
ngx_thread_ws_shelf_find(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key)
{
    uint32_t                       i;
    ngx_thread_ws_shelf_bucket_t  *bucket;
    ngx_thread_ws_shelf_thread_t  *thread;

    bucket = &shelf->threads[ngx_thread_ws_shelf_hash(shelf, key->thread)];

    for (i = bucket->first; i; i = thread->bucket_next) {
        thread = ngx_thread_ws_shelf_block(shelf, i);

        if (ngx_memcmp(thread->digest, key->thread,
                       NGX_THREAD_WS_SHELF_DIGEST)
            == 0)
        {
            thread->used = ++shelf->clock;

            ngx_thread_ws_shelf_unlink(shelf, thread);
            ngx_thread_ws_shelf_link(shelf, thread);

            return thread;
        }
    }

    return NULL;
}


/* the caller has made room for the thread and for its owner */

ngx_thread_ws_shelf_thread_t *
ngx_thread_ws_shelf_make(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key)
{
    uint32_t                       i, *first;
    ngx_thread_ws_shelf_owner_t   *owner;
    ngx_thread_ws_shelf_bucket_t  *bucket;
    ngx_thread_ws_shelf_thread_t  *thread;

    owner = ngx_thread_ws_shelf_owner(shelf, key->owner);

    if (owner == NULL) {
        i = ngx_thread_ws_blocks_alloc(shelf->pool);
        owner = ngx_thread_ws_shelf_block(shelf, i);

        ngx_memzero((u_char *) owner + sizeof(ngx_thread_ws_block_head_t),
                    sizeof(ngx_thread_ws_shelf_owner_t)
                    - sizeof(ngx_thread_ws_block_head_t));
        ngx_memcpy(owner->digest, key->owner, NGX_THREAD_WS_SHELF_DIGEST);

        first = &shelf->owners[ngx_thread_ws_shelf_hash(shelf, key->owner)];
        owner->bucket_next = *first;

        ngx_memory_barrier();

        owner->head.kind = NGX_THREAD_WS_SHELF_OWNERS;
        *first = i;
    }

    bucket = &shelf->threads[ngx_thread_ws_shelf_hash(shelf, key->thread)];

    i = ngx_thread_ws_blocks_alloc(shelf->pool);
    thread = ngx_thread_ws_shelf_block(shelf, i);

    ngx_memzero((u_char *) thread + sizeof(ngx_thread_ws_block_head_t),
                sizeof(ngx_thread_ws_shelf_thread_t)
                - sizeof(ngx_thread_ws_block_head_t));
    ngx_memcpy(thread->digest, key->thread, NGX_THREAD_WS_SHELF_DIGEST);

    thread->id_len = ngx_min(key->id->len, NGX_THREAD_WS_SHELF_ID);
    ngx_memcpy(thread->id, key->id->data, thread->id_len);

    thread->owner = ngx_thread_ws_shelf_number(shelf, owner);
    thread->began = ++shelf->clock;
    thread->used = thread->began;
    thread->nblocks = 1;
    thread->bucket_next = bucket->first;

    ngx_memory_barrier();

    thread->head.kind = NGX_THREAD_WS_SHELF_THREADS;
    bucket->first = i;

    shelf->nthreads++;
    owner->nthreads++;
    owner->nblocks++;

    ngx_thread_ws_shelf_link(shelf, thread);

    return thread;
}


/* the lists by use: a thread becomes the last used one */

void
ngx_thread_ws_shelf_link(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread)
{
    uint32_t                       i;
    ngx_thread_ws_shelf_owner_t   *owner;
    ngx_thread_ws_shelf_thread_t  *other;

    i = ngx_thread_ws_shelf_number(shelf, thread);

    thread->newer = 0;
    thread->older = shelf->newest;

    if (shelf->newest) {
        other = ngx_thread_ws_shelf_block(shelf, shelf->newest);
        other->newer = i;

    } else {
        shelf->oldest = i;
    }

    shelf->newest = i;

    owner = ngx_thread_ws_shelf_block(shelf, thread->owner);

    thread->own_newer = 0;
    thread->own_older = owner->newest;

    if (owner->newest) {
        other = ngx_thread_ws_shelf_block(shelf, owner->newest);
        other->own_newer = i;

    } else {
        owner->oldest = i;
    }

    owner->newest = i;
}


static void
ngx_thread_ws_shelf_unlink(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread)
{
    ngx_thread_ws_shelf_owner_t   *owner;
    ngx_thread_ws_shelf_thread_t  *other;

    if (thread->newer) {
        other = ngx_thread_ws_shelf_block(shelf, thread->newer);
        other->older = thread->older;

    } else {
        shelf->newest = thread->older;
    }

    if (thread->older) {
        other = ngx_thread_ws_shelf_block(shelf, thread->older);
        other->newer = thread->newer;

    } else {
        shelf->oldest = thread->newer;
    }

    owner = ngx_thread_ws_shelf_block(shelf, thread->owner);

    if (thread->own_newer) {
        other = ngx_thread_ws_shelf_block(shelf, thread->own_newer);
        other->own_older = thread->own_older;

    } else {
        owner->newest = thread->own_older;
    }

    if (thread->own_older) {
        other = ngx_thread_ws_shelf_block(shelf, thread->own_older);
        other->own_newer = thread->own_newer;

    } else {
        owner->oldest = thread->own_newer;
    }
}


/*
 * Makes room for n blocks more of the thread, and for a new thread and its
 * owner.  The thread, if there is one, is the last used: it is never the one
 * that goes.  Runs that have ended and can be read yet go first.  An owner who
 * holds more than its part pays for what it adds; else the thread that was not
 * used for longest goes, whoever owns it.
 */

ngx_int_t
ngx_thread_ws_shelf_room(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_thread_ws_shelf_thread_t *thread,
    uint32_t n, ngx_thread_ws_shelf_gone_t *gone)
{
    uint32_t                       i;
    ngx_thread_ws_shelf_owner_t   *owner;
    ngx_thread_ws_shelf_thread_t  *victim;

    if (thread == NULL) {
        n += 2;
    }

    while (ngx_thread_ws_blocks_available(shelf->pool) < n) {

        if (ngx_thread_ws_tape_evict(shelf->pool) == NGX_OK) {
            continue;
        }

        owner = ngx_thread_ws_shelf_owner(shelf, key->owner);

        i = (owner && owner->nblocks
                      > shelf->pool->nblocks / NGX_THREAD_WS_SHELF_OWNER)
            ? owner->oldest : shelf->oldest;

        if (i == 0) {
            return NGX_ERROR;
        }

        victim = ngx_thread_ws_shelf_block(shelf, i);

        if (victim == thread) {
            return NGX_ERROR;
        }

        ngx_thread_ws_shelf_go(shelf, victim, gone);
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_shelf_evict(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_gone_t *gone)
{
    if (shelf->oldest == 0) {
        return NGX_DECLINED;
    }

    ngx_thread_ws_shelf_go(shelf,
                           ngx_thread_ws_shelf_block(shelf, shelf->oldest),
                           gone);

    return NGX_OK;
}


static void
ngx_thread_ws_shelf_go(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_shelf_gone_t *gone)
{
    if (gone->n < NGX_THREAD_WS_SHELF_GONE) {
        gone->threads[gone->n].nruns = thread->nruns;
        gone->threads[gone->n].len = thread->id_len;
        ngx_memcpy(gone->threads[gone->n].id, thread->id, thread->id_len);
    }

    gone->n++;
    shelf->evicted++;

    ngx_thread_ws_shelf_evicted(shelf, thread);
    ngx_thread_ws_shelf_withdraw(shelf, thread);
}


static void
ngx_thread_ws_shelf_withdraw(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread)
{
    uint32_t                      *p, i;
    ngx_thread_ws_shelf_owner_t   *owner;
    ngx_thread_ws_shelf_bucket_t  *bucket;
    ngx_thread_ws_shelf_thread_t  *other;

    thread->head.kind = NGX_THREAD_WS_BLOCK_FREE;

    ngx_memory_barrier();

    ngx_thread_ws_shelf_clear(shelf, thread);
    ngx_thread_ws_shelf_untitle(shelf, thread);

    bucket = &shelf->threads[ngx_thread_ws_shelf_hash(shelf, thread->digest)];

    i = ngx_thread_ws_shelf_number(shelf, thread);

    for (p = &bucket->first; *p; p = &other->bucket_next) {
        other = ngx_thread_ws_shelf_block(shelf, *p);

        if (other == thread) {
            *p = thread->bucket_next;
            break;
        }
    }

    ngx_thread_ws_shelf_unlink(shelf, thread);

    owner = ngx_thread_ws_shelf_block(shelf, thread->owner);

    (void) ngx_thread_ws_blocks_free(shelf->pool, i);

    shelf->nthreads--;
    owner->nblocks--;

    if (--owner->nthreads) {
        return;
    }

    i = ngx_thread_ws_shelf_number(shelf, owner);

    for (p = &shelf->owners[ngx_thread_ws_shelf_hash(shelf, owner->digest)];
         *p;
         p = &((ngx_thread_ws_shelf_owner_t *)
               ngx_thread_ws_shelf_block(shelf, *p))->bucket_next)
    {
        if (*p == i) {
            *p = owner->bucket_next;
            break;
        }
    }

    (void) ngx_thread_ws_blocks_free(shelf->pool, i);
}


void
ngx_thread_ws_shelf_remove(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_thread_ws_shelf_thread_t *thread)
{
    ngx_thread_ws_shelf_buried(shelf, key);

    if (thread) {
        ngx_thread_ws_shelf_withdraw(shelf, thread);
    }
}
