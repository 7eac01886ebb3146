
/*
 * Threads and their runs in shared memory: the inside of the store "memory".
 *
 * All is made of the zone's blocks, which it shares with the tapes of runs.  A
 * run is a chain of blocks, a thread and an owner are one block each.  A worker
 * that is killed in mid-change leaves a mark, and whoever comes next rebuilds
 * all lists from what was complete.
 *
 * Every function here is called under the zone's lock, between
 * ngx_thread_ws_shelf_enter() and ngx_thread_ws_shelf_leave().
 */


#ifndef _NGX_THREAD_WS_SHELF_H_INCLUDED_
#define _NGX_THREAD_WS_SHELF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/ngx_thread_ws_store.h"
#include "zone/ngx_thread_ws_blocks.h"


#define NGX_THREAD_WS_SHELF_DIGEST  20
#define NGX_THREAD_WS_SHELF_ID      128

/* one thread may take this part of all blocks, and so many runs */

#define NGX_THREAD_WS_SHELF_THREAD  4
#define NGX_THREAD_WS_SHELF_RUNS    10000

/* an owner with more than this part makes room among its own threads */

#define NGX_THREAD_WS_SHELF_OWNER   4


typedef struct {
    ngx_thread_ws_block_head_t  head;

    u_char      digest[NGX_THREAD_WS_SHELF_DIGEST];
    uint32_t    bucket_next;
    uint32_t    newest;         /* the thread used last */
    uint32_t    oldest;
    uint32_t    nthreads;
    uint32_t    nblocks;        /* of its threads and their runs */
} ngx_thread_ws_shelf_owner_t;


typedef struct {
    ngx_thread_ws_block_head_t  head;

    u_char      digest[NGX_THREAD_WS_SHELF_DIGEST];
    uint32_t    bucket_next;
    uint32_t    owner;

    uint32_t    newer;          /* threads by use: all of them, */
    uint32_t    older;
    uint32_t    own_newer;      /* and the owner's */
    uint32_t    own_older;

    uint32_t    newest;         /* run */
    uint32_t    oldest;
    uint32_t    nruns;
    uint32_t    nblocks;        /* its own and its runs' */

    uint64_t    began;          /* by the shelf's clock */
    uint64_t    used;
    uint64_t    seq;            /* the last one given */
    uint64_t    turn;           /* that of the last run that others gave way to;
                                   0: none did */

    uint32_t    title;          /* a block of its own; 0: none */
    uint32_t    id_len;
    u_char      id[NGX_THREAD_WS_SHELF_ID];
} ngx_thread_ws_shelf_thread_t;


typedef struct {
    ngx_thread_ws_block_head_t  head;

    uint32_t    bucket_next;
    uint32_t    thread;
    uint32_t    older;
    uint32_t    newer;
    uint32_t    hash;
    uint32_t    nblocks;
    uint32_t    request_id;     /* lengths, in the order of the texts */
    uint32_t    model;
    uint32_t    finish_reason;
    uint32_t    content;
    uint32_t    answer;
    uint32_t    asked;
    uint32_t    told;
    uint32_t    latency;
    int32_t     input_tokens;
    int32_t     output_tokens;

    uint64_t    seq;
    uint64_t    created;
} ngx_thread_ws_shelf_run_t;


/* what is known of threads that were in it: see ngx_thread_ws_shelf_gone.c */

typedef struct {
    uint64_t    evicted;        /* the last use of what went for want of room */
    uint64_t    deleted;        /* when the last one was deleted */
    uint64_t    grave;          /* which one, of its digest */
    uint32_t    first;
} ngx_thread_ws_shelf_bucket_t;


/* owners who were erased, as far as they are remembered */

#define NGX_THREAD_WS_SHELF_ERASED  64

typedef struct {
    uint64_t    owner;          /* of its digest */
    uint64_t    moment;         /* by the shelf's clock */
} ngx_thread_ws_shelf_erased_t;


typedef struct ngx_thread_ws_shelf_s  ngx_thread_ws_shelf_t;

struct ngx_thread_ws_shelf_s {
    ngx_thread_ws_blocks_t        *pool;

    uint64_t                       clock;     /* each use moves it on */
    uint64_t                       epoch;     /* the clock began there */

    uint32_t                       newest;    /* threads by use */
    uint32_t                       oldest;
    uint32_t                       nthreads;
    uint32_t                       nruns;

    ngx_atomic_t                   evicted;   /* threads, for want of room */
    ngx_atomic_t                   dropped;   /* runs, of too large threads */

    uint32_t                       mask;      /* of each hash table */
    u_char                         secret[16];

    ngx_thread_ws_shelf_erased_t   erasures[NGX_THREAD_WS_SHELF_ERASED];

    ngx_thread_ws_shelf_bucket_t  *threads;
    uint32_t                      *owners;
    uint32_t                      *runs;
};


/* who is asked for: digests of owner, and of owner and thread id */

typedef struct {
    u_char      owner[NGX_THREAD_WS_SHELF_DIGEST];
    u_char      thread[NGX_THREAD_WS_SHELF_DIGEST];
    ngx_str_t  *id;
} ngx_thread_ws_shelf_key_t;


/* threads that went for want of room; only the first of them by name */

#define NGX_THREAD_WS_SHELF_GONE    16

typedef struct {
    ngx_uint_t  n;

    struct {
        ngx_uint_t  nruns;
        size_t      len;
        u_char      id[NGX_THREAD_WS_SHELF_ID];
    } threads[NGX_THREAD_WS_SHELF_GONE];
} ngx_thread_ws_shelf_gone_t;


/* its tables, for a pool that is to be filled later; NULL without room */

ngx_thread_ws_shelf_t *ngx_thread_ws_shelf_create(ngx_slab_pool_t *shpool,
    ngx_thread_ws_blocks_t *pool);

/* what the blocks' users tell: see zone/ngx_thread_ws_blocks.h */

void ngx_thread_ws_shelf_rebuild(ngx_thread_ws_shelf_t *shelf);

/*
 * The thread that was not used for longest goes: NGX_OK, or NGX_DECLINED: there
 * is none.
 */

ngx_int_t ngx_thread_ws_shelf_evict(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_gone_t *gone);

/* enter rebuilds what a killed worker left torn, and returns 1 if it did */

ngx_uint_t ngx_thread_ws_shelf_enter(ngx_thread_ws_shelf_t *shelf);
void ngx_thread_ws_shelf_leave(ngx_thread_ws_shelf_t *shelf);

/* needs no lock; thread_id is to live as long as key */

void ngx_thread_ws_shelf_key(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_str_t *owner, ngx_str_t *thread_id);

/* the thread, made the last used one, or NULL */

ngx_thread_ws_shelf_thread_t *ngx_thread_ws_shelf_find(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_key_t *key);

/*
 * What to ask with later on: by the shelf's clock the moment at which the
 * thread was found, or was not (NULL).
 */

uint64_t ngx_thread_ws_shelf_generation(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread);

/* whether the thread is another than it was, as far as numbers are concerned */

#define ngx_thread_ws_shelf_anew(thread, generation)                          \
    ((thread)->began > (generation) >> 1)

/*
 * Whether the thread, found now (or NULL), was certainly deleted since it had
 * that generation.
 */

ngx_uint_t ngx_thread_ws_shelf_deleted(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_thread_ws_shelf_thread_t *thread,
    uint64_t generation);

/* a run of the thread, or NULL */

ngx_thread_ws_shelf_run_t *ngx_thread_ws_shelf_find_run(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_thread_t *thread,
    ngx_str_t *request_id);

/* the newest run older than seq, or of all if seq is 0; NULL: there is none */

ngx_thread_ws_shelf_run_t *ngx_thread_ws_shelf_before(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_thread_t *thread,
    uint64_t seq);

ngx_thread_ws_shelf_run_t *ngx_thread_ws_shelf_older(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_run_t *run);

/*
 * Adds record to the thread, which is made if there is none yet; sets the
 * record's seq.  What gives way to it goes in the same step.  Makes room as it
 * must, and tells in gone at whose cost.
 * NGX_OK, NGX_BUSY: the run is larger than a thread's part; NGX_ERROR: there is
 * no room.
 */

ngx_int_t ngx_thread_ws_shelf_append(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_thread_ws_shelf_thread_t **tp,
    ngx_thread_ws_record_t *record, ngx_thread_ws_shelf_gone_t *gone);

/*
 * Deletes the thread and its runs; one that is not there (NULL) is remembered
 * as deleted, for those who have a first run under way.
 */

void ngx_thread_ws_shelf_remove(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_thread_ws_shelf_thread_t *thread);

/*
 * The owner's threads that have runs, those with the newest first: at most
 * limit, which listed has room for, and those that come after before, if its
 * updated is set.  How many there are.
 */

typedef struct {
    ngx_thread_ws_shelf_thread_t  *thread;
    uint64_t                       updated;  /* ms since the epoch */
    uint64_t                       began;
} ngx_thread_ws_shelf_listed_t;

ngx_uint_t ngx_thread_ws_shelf_list(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_thread_ws_shelf_listed_t *before,
    ngx_thread_ws_shelf_listed_t *listed, ngx_uint_t limit);

/*
 * A thread's title, of NGX_THREAD_WS_STORE_TITLE bytes at most, put into buf:
 * its length, 0 if there is none.  entitle gives it one, or takes it away, and
 * makes room as append does: NGX_OK or NGX_ERROR.
 */

size_t ngx_thread_ws_shelf_title(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, u_char *buf);
ngx_int_t ngx_thread_ws_shelf_entitle(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_thread_ws_shelf_thread_t *thread,
    ngx_str_t *text, ngx_thread_ws_shelf_gone_t *gone);

/* the oldest run of a thread that has some */

ngx_thread_ws_shelf_run_t *ngx_thread_ws_shelf_first(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_thread_t *thread);

/* the first bytes of a run's content, at most len, put into buf: how many */

size_t ngx_thread_ws_shelf_beginning(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_run_t *run, u_char *buf, size_t len);

/*
 * Deletes all threads of the owner, one after another: the next one, which key
 * names then, or NULL.  Who has a first run under way is told, too.
 */

ngx_thread_ws_shelf_thread_t *ngx_thread_ws_shelf_any(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_key_t *key);
void ngx_thread_ws_shelf_erased(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key);

/* bytes of a run, as they count */

#define ngx_thread_ws_shelf_size(run)                                         \
    ((size_t) (run)->content + (run)->answer + (run)->asked + (run)->told)

/* copies a run's texts to pool: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_shelf_read(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_run_t *run, ngx_thread_ws_record_t *record,
    ngx_pool_t *pool);


#endif /* _NGX_THREAD_WS_SHELF_H_INCLUDED_ */
