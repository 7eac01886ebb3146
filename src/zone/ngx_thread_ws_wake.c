
/*
 * The table of workers, who listens to what, and what is told to whom: shared
 * memory and descriptors, without the event loop.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "zone/ngx_thread_ws_wake.h"
#include "zone/ngx_thread_ws_wake_private.h"


/* topics and places take about a 64th of a small zone */

#define NGX_THREAD_WS_WAKE_PER_TOPIC    4096
#define NGX_THREAD_WS_WAKE_MIN_TOPICS   64
#define NGX_THREAD_WS_WAKE_PER_WORKER   8192
#define NGX_THREAD_WS_WAKE_MIN_WORKERS  16


#define ngx_thread_ws_wake_word(n)  ((n) / NGX_THREAD_WS_WAKE_BITS)
#define ngx_thread_ws_wake_bit(n)                                             \
    ((ngx_atomic_uint_t) 1 << ((n) % NGX_THREAD_WS_WAKE_BITS))


static void ngx_thread_ws_wake_bury(ngx_thread_ws_wake_t *wake,
    ngx_uint_t worker);
static void ngx_thread_ws_wake_clear(ngx_thread_ws_wake_t *wake,
    ngx_uint_t worker);
static ngx_uint_t ngx_thread_ws_wake_dead(ngx_atomic_uint_t pid);
static ngx_thread_ws_wake_t *ngx_thread_ws_wake_zone(void);
static ngx_uint_t ngx_thread_ws_wake_lowest(ngx_atomic_uint_t bits);


/*
 * The table, once this process has started as a worker: one that is older than
 * the descriptors has other things open by their numbers.
 */

static ngx_thread_ws_wake_t  *ngx_thread_ws_wake;

/* this worker's place, and what it is called by */

static ngx_uint_t             ngx_thread_ws_wake_own = NGX_THREAD_WS_WAKE_NONE;
static ngx_thread_ws_wake_pt  ngx_thread_ws_wake_handler;

/* how many listen to a topic in this worker */

static uint32_t  ngx_thread_ws_wake_counts[NGX_THREAD_WS_WAKE_TOPICS];

/* workers that were told something and not written to */

static ngx_uint_t         ngx_thread_ws_wake_pending;
static ngx_atomic_uint_t  ngx_thread_ws_wake_whom[NGX_THREAD_WS_WAKE_WORDS];


ngx_int_t
ngx_thread_ws_wake_init(ngx_thread_ws_zone_t *zone)
{
    u_char                *p;
    size_t                 size;
    ngx_uint_t             ntopics, most;
    ngx_thread_ws_wake_t  *wake;

    size = zone->shm_zone->shm.size;

    for (ntopics = NGX_THREAD_WS_WAKE_MIN_TOPICS;
         ntopics < NGX_THREAD_WS_WAKE_TOPICS
         && ntopics * 2 * NGX_THREAD_WS_WAKE_PER_TOPIC <= size;
         ntopics *= 2)
    {
        /* void */
    }

    most = size / NGX_THREAD_WS_WAKE_PER_WORKER;
    most = ngx_max(most, NGX_THREAD_WS_WAKE_MIN_WORKERS);
    most = ngx_min(most, NGX_THREAD_WS_WAKE_WORKERS);

    p = ngx_slab_calloc(zone->shpool,
                        sizeof(ngx_thread_ws_wake_t)
                        + most * sizeof(ngx_thread_ws_wake_worker_t)
                        + ntopics * NGX_THREAD_WS_WAKE_WORDS
                          * sizeof(ngx_atomic_t)
                        + most * ngx_thread_ws_wake_word(ntopics)
                          * sizeof(ngx_atomic_t));
    if (p == NULL) {
        return NGX_ERROR;
    }

    wake = (ngx_thread_ws_wake_t *) p;
    p += sizeof(ngx_thread_ws_wake_t);

    wake->ntopics = ntopics;
    wake->most = most;

    wake->workers = (ngx_thread_ws_wake_worker_t *) p;
    p += most * sizeof(ngx_thread_ws_wake_worker_t);

    wake->listeners = (ngx_atomic_t *) p;
    p += ntopics * NGX_THREAD_WS_WAKE_WORDS * sizeof(ngx_atomic_t);

    wake->dirty = (ngx_atomic_t *) p;

    zone->sh->wake = wake;

    return NGX_OK;
}


static ngx_thread_ws_wake_t *
ngx_thread_ws_wake_zone(void)
{
    return ngx_thread_ws_zone ? ngx_thread_ws_zone->sh->wake : NULL;
}


ngx_int_t
ngx_thread_ws_wake_take(ngx_thread_ws_wake_pt handler)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i, topic;
    ngx_slab_pool_t              *shpool;
    ngx_thread_ws_wake_t         *wake;
    ngx_thread_ws_wake_worker_t  *worker;

    wake = ngx_thread_ws_wake_zone();
    shpool = ngx_thread_ws_zone->shpool;

    rc = NGX_DECLINED;

    ngx_shmtx_lock(&shpool->mutex);

    for (i = 0; i < wake->nworkers; i++) {
        worker = &wake->workers[i];

        if (worker->pid && ngx_thread_ws_wake_dead(worker->pid)) {
            ngx_thread_ws_wake_bury(wake, i);
        }

        if (worker->pid || rc == NGX_OK) {
            continue;
        }

        /* who was here may have been killed while he went */

        ngx_thread_ws_wake_clear(wake, i);

        (void) __atomic_add_fetch(&worker->looked, 1, __ATOMIC_SEQ_CST);
        (void) __atomic_add_fetch(&worker->generation, 1, __ATOMIC_SEQ_CST);
        __atomic_store_n(&worker->pid, (ngx_atomic_uint_t) ngx_pid,
                         __ATOMIC_SEQ_CST);

        ngx_thread_ws_wake_own = i;
        rc = NGX_OK;
    }

    ngx_shmtx_unlock(&shpool->mutex);

    ngx_thread_ws_wake = wake->nworkers ? wake : NULL;

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_thread_ws_wake_handler = handler;

    for (topic = 0; topic < wake->ntopics; topic++) {
        if (ngx_thread_ws_wake_counts[topic]) {
            ngx_thread_ws_wake_counts[topic]--;
            ngx_thread_ws_wake_listen(topic);
        }
    }

    return NGX_OK;
}


void
ngx_thread_ws_wake_give(void)
{
    ngx_slab_pool_t  *shpool;

    if (ngx_thread_ws_wake_own == NGX_THREAD_WS_WAKE_NONE) {
        return;
    }

    shpool = ngx_thread_ws_zone->shpool;

    ngx_shmtx_lock(&shpool->mutex);
    ngx_thread_ws_wake_bury(ngx_thread_ws_wake, ngx_thread_ws_wake_own);
    ngx_shmtx_unlock(&shpool->mutex);

    ngx_thread_ws_wake_own = NGX_THREAD_WS_WAKE_NONE;
    ngx_thread_ws_wake_handler = NULL;
}


/* the generation stays: it is raised when somebody else comes */

static void
ngx_thread_ws_wake_bury(ngx_thread_ws_wake_t *wake, ngx_uint_t worker)
{
    ngx_thread_ws_wake_clear(wake, worker);

    __atomic_store_n(&wake->workers[worker].pid, 0, __ATOMIC_SEQ_CST);
}


/* nobody tells it anything from now on, and nothing was told */

static void
ngx_thread_ws_wake_clear(ngx_thread_ws_wake_t *wake, ngx_uint_t worker)
{
    ngx_uint_t          i, nwords;
    ngx_atomic_t       *word;
    ngx_atomic_uint_t   bit;

    word = &wake->listeners[ngx_thread_ws_wake_word(worker)];
    bit = ngx_thread_ws_wake_bit(worker);

    for (i = 0; i < wake->ntopics; i++) {
        if (*word & bit) {
            (void) __atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
        }

        word += NGX_THREAD_WS_WAKE_WORDS;
    }

    nwords = ngx_thread_ws_wake_word(wake->ntopics);

    for (i = 0; i < nwords; i++) {
        __atomic_store_n(&wake->dirty[worker * nwords + i], 0,
                         __ATOMIC_SEQ_CST);
    }
}


static ngx_uint_t
ngx_thread_ws_wake_dead(ngx_atomic_uint_t pid)
{
    return pid != (ngx_atomic_uint_t) ngx_pid
           && kill((ngx_pid_t) pid, 0) == -1 && ngx_errno == NGX_ESRCH;
}


ngx_fd_t
ngx_thread_ws_wake_descriptor(void)
{
    if (ngx_thread_ws_wake_own == NGX_THREAD_WS_WAKE_NONE) {
        return -1;
    }

    return ngx_thread_ws_wake->workers[ngx_thread_ws_wake_own].fd[0];
}


ngx_uint_t
ngx_thread_ws_wake_topic(uint64_t digest)
{
    ngx_thread_ws_wake_t  *wake;

    wake = ngx_thread_ws_wake_zone();

    return wake ? (ngx_uint_t) (digest & (wake->ntopics - 1)) : 0;
}


void
ngx_thread_ws_wake_listen(ngx_uint_t topic)
{
    ngx_uint_t             own;
    ngx_thread_ws_wake_t  *wake;

    own = ngx_thread_ws_wake_own;

    if (ngx_thread_ws_wake_counts[topic]++
        || own == NGX_THREAD_WS_WAKE_NONE)
    {
        return;
    }

    wake = ngx_thread_ws_wake;

    (void) __atomic_fetch_or(&wake->listeners[topic * NGX_THREAD_WS_WAKE_WORDS
                                              + ngx_thread_ws_wake_word(own)],
                             ngx_thread_ws_wake_bit(own), __ATOMIC_SEQ_CST);

    /* before the caller looks at what was published */

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}


void
ngx_thread_ws_wake_unlisten(ngx_uint_t topic)
{
    ngx_uint_t             own;
    ngx_thread_ws_wake_t  *wake;

    own = ngx_thread_ws_wake_own;

    if (--ngx_thread_ws_wake_counts[topic]
        || own == NGX_THREAD_WS_WAKE_NONE)
    {
        return;
    }

    wake = ngx_thread_ws_wake;

    (void) __atomic_fetch_and(&wake->listeners[topic * NGX_THREAD_WS_WAKE_WORDS
                                               + ngx_thread_ws_wake_word(own)],
                              ~ngx_thread_ws_wake_bit(own), __ATOMIC_SEQ_CST);
}


void
ngx_thread_ws_wake_tell(ngx_uint_t topic)
{
    ngx_uint_t             i, own, worker;
    ngx_atomic_t          *dirty;
    ngx_atomic_uint_t      bits;
    ngx_thread_ws_wake_t  *wake;

    wake = ngx_thread_ws_wake;

    if (wake == NULL) {
        return;
    }

    own = ngx_thread_ws_wake_own;

    /* what was published stands before it is seen who listens */

    __atomic_thread_fence(__ATOMIC_SEQ_CST);

    for (i = 0; i < NGX_THREAD_WS_WAKE_WORDS; i++) {
        bits = __atomic_load_n(&wake->listeners[topic * NGX_THREAD_WS_WAKE_WORDS
                                                + i],
                               __ATOMIC_SEQ_CST);

        if (own != NGX_THREAD_WS_WAKE_NONE
            && ngx_thread_ws_wake_word(own) == i)
        {
            bits &= ~ngx_thread_ws_wake_bit(own);
        }

        if (bits == 0) {
            continue;
        }

        ngx_thread_ws_wake_whom[i] |= bits;

        for ( /* void */ ; bits; bits &= bits - 1) {
            worker = i * NGX_THREAD_WS_WAKE_BITS
                     + ngx_thread_ws_wake_lowest(bits);

            dirty = &wake->dirty[worker * ngx_thread_ws_wake_word(wake->ntopics)
                                 + ngx_thread_ws_wake_word(topic)];

            (void) __atomic_fetch_or(dirty, ngx_thread_ws_wake_bit(topic),
                                     __ATOMIC_SEQ_CST);
        }

        if (!ngx_thread_ws_wake_pending) {
            ngx_thread_ws_wake_pending = 1;
            ngx_thread_ws_wake_post();
        }
    }
}


ngx_uint_t
ngx_thread_ws_wake_told(void)
{
    return ngx_thread_ws_wake_pending;
}


void
ngx_thread_ws_wake_write(void)
{
    uint64_t                      one;
    ngx_uint_t                    i;
    ngx_atomic_uint_t             bits, looked;
    ngx_thread_ws_wake_t         *wake;
    ngx_thread_ws_wake_worker_t  *worker;

    wake = ngx_thread_ws_wake;
    ngx_thread_ws_wake_pending = 0;
    one = 1;

    for (i = 0; i < NGX_THREAD_WS_WAKE_WORDS; i++) {
        bits = ngx_thread_ws_wake_whom[i];
        ngx_thread_ws_wake_whom[i] = 0;

        for ( /* void */ ; bits; bits &= bits - 1) {
            worker = &wake->workers[i * NGX_THREAD_WS_WAKE_BITS
                                    + ngx_thread_ws_wake_lowest(bits)];

            looked = __atomic_load_n(&worker->looked, __ATOMIC_SEQ_CST);

            if (__atomic_load_n(&worker->written, __ATOMIC_SEQ_CST) == looked) {
                continue;
            }

            /* one that is full has something in it: that is all it is for */

            if (write(worker->fd[1], &one, sizeof(uint64_t)) == -1
                && ngx_errno != NGX_EAGAIN)
            {
                continue;
            }

            __atomic_store_n(&worker->written, looked, __ATOMIC_SEQ_CST);

            (void) ngx_atomic_fetch_add(&wake->writes, 1);
        }
    }
}


void
ngx_thread_ws_wake_look(void)
{
    u_char                        buf[512];
    ngx_uint_t                    i, nwords, topic;
    ngx_atomic_t                 *dirty;
    ngx_atomic_uint_t             bits;
    ngx_thread_ws_wake_t         *wake;
    ngx_thread_ws_wake_worker_t  *worker;

    wake = ngx_thread_ws_wake;
    worker = &wake->workers[ngx_thread_ws_wake_own];

    while (read(worker->fd[0], buf, sizeof(buf)) == sizeof(buf)) {
        /* void */
    }

    (void) __atomic_add_fetch(&worker->looked, 1, __ATOMIC_SEQ_CST);

    nwords = ngx_thread_ws_wake_word(wake->ntopics);
    dirty = &wake->dirty[ngx_thread_ws_wake_own * nwords];

    for (i = 0; i < nwords; i++) {

        if (__atomic_load_n(&dirty[i], __ATOMIC_SEQ_CST) == 0) {
            continue;
        }

        bits = __atomic_exchange_n(&dirty[i], 0, __ATOMIC_SEQ_CST);

        for ( /* void */ ; bits; bits &= bits - 1) {
            topic = i * NGX_THREAD_WS_WAKE_BITS
                    + ngx_thread_ws_wake_lowest(bits);

            if (ngx_thread_ws_wake_counts[topic]
                && ngx_thread_ws_wake_handler)
            {
                ngx_thread_ws_wake_handler(topic);
            }
        }
    }
}


static ngx_uint_t
ngx_thread_ws_wake_lowest(ngx_atomic_uint_t bits)
{
    return __builtin_ctzl(bits);
}


ngx_uint_t
ngx_thread_ws_wake_self(ngx_uint_t *generation)
{
    ngx_uint_t  own;

    own = ngx_thread_ws_wake_own;

    *generation = (own == NGX_THREAD_WS_WAKE_NONE)
                  ? 0 : ngx_thread_ws_wake->workers[own].generation;

    return own;
}


ngx_uint_t
ngx_thread_ws_wake_generation(ngx_uint_t worker)
{
    ngx_thread_ws_wake_t  *wake;

    wake = ngx_thread_ws_wake_zone();

    return (wake && worker < wake->most) ? wake->workers[worker].generation : 0;
}


ngx_uint_t
ngx_thread_ws_wake_alive(ngx_uint_t worker, ngx_uint_t generation)
{
    ngx_atomic_uint_t      pid;
    ngx_thread_ws_wake_t  *wake;

    wake = ngx_thread_ws_wake_zone();

    if (wake == NULL || worker >= wake->most) {
        return 0;
    }

    pid = __atomic_load_n(&wake->workers[worker].pid, __ATOMIC_SEQ_CST);

    return pid && wake->workers[worker].generation == generation
           && !ngx_thread_ws_wake_dead(pid);
}


ngx_uint_t
ngx_thread_ws_wake_count(void)
{
    ngx_thread_ws_wake_t  *wake;

    wake = ngx_thread_ws_wake_zone();

    return wake ? wake->writes : 0;
}
