
/*
 * A random walk of the store "memory" beside a model of it: owners, threads,
 * their runs, deletions, who has to go for want of room, connections that look
 * at what they have seen, and runs under way.  STEPS of them (50,000), as SEED
 * (1) has it.  The model knows the truth and the shelf's policy, and each
 * answer of the store is held against both.
 */


#include "bare.h"


#define OWNERS    24
#define IDS       24
#define THREADS   (OWNERS * IDS)
#define VIEWERS   200
#define ACTIVE    60
#define RUNS      1024                  /* of one thread, a power of two */
#define SIZES     80000

#define FIRST     (NGX_THREAD_WS_BLOCK                                        \
                   - sizeof(ngx_thread_ws_shelf_run_t))
#define REST      (NGX_THREAD_WS_BLOCK                                        \
                   - sizeof(ngx_thread_ws_block_head_t))


typedef struct {
    ngx_uint_t  id;
    ngx_uint_t  size;
    ngx_uint_t  blocks;
} run_t;


typedef struct {
    char        owner[16];
    char        name[16];
    uint32_t    bucket;

    ngx_uint_t  life;                   /* 0: not stored; which one */
    uint64_t    order;                  /* in the list by use */
    uint64_t    used;                   /* the moment */
    uint64_t    first;                  /* seq of the oldest run */
    ngx_uint_t  nruns;
    ngx_uint_t  blocks;
    run_t       runs[RUNS];             /* by seq */

    ngx_uint_t  deletions;              /* that meant anything */
} thread_t;


/* a connection: what it saw, and what was true then */

typedef struct {
    thread_t   *thread;                 /* NULL: none */
    uint64_t    generation;
    uint64_t    seq;

    ngx_uint_t  life;
    ngx_uint_t  deletions;
    uint64_t    moment;
} viewer_t;


typedef struct {
    thread_t               *thread;     /* NULL: none */
    ngx_uint_t              id;
    uint64_t                generation;
    ngx_uint_t              deletions;
    ngx_thread_ws_claim_t   claim;
} active_t;


static void build(void);
static void step(void);

static void step_append(void);
static void step_begin(void);
static void step_end(void);
static void step_open(void);
static void step_look(void);
static void step_page(void);
static void step_delete(void);
static void step_strange(void);
static void step_kill(void);

static void stores(thread_t *t, ngx_uint_t id, ngx_uint_t size,
    ngx_int_t status, ngx_thread_ws_record_t *record);
static void make_room(thread_t *t, ngx_uint_t n);
static ngx_uint_t owned(thread_t *t, ngx_uint_t *nthreads);
static ngx_uint_t available(void);
static void goes(thread_t *t);
static void is_used(thread_t *t);
static void saw(viewer_t *v, ngx_thread_ws_store_op_t *op);
static void told(viewer_t *v, ngx_int_t status);
static ngx_uint_t knows(viewer_t *v);
static void records(thread_t *t, ngx_thread_ws_store_op_t *op, uint64_t after,
    uint64_t before, ngx_uint_t limit);
static void compare(void);

static run_t *run_of(thread_t *t, ngx_uint_t id);
static thread_t *any(void);
static ngx_uint_t size_of(void);
static ngx_uint_t pick(ngx_uint_t n);
static void must(ngx_uint_t good, const char *what);


static thread_t    threads[THREADS];
static viewer_t    viewers[VIEWERS];
static active_t    active[ACTIVE];

static ngx_uint_t  steps, now, failures, lives, ids;
static uint64_t    moment, order, state;
static ngx_uint_t  nevicted, ngreedy, ndropped, ndeleted, nvoid, ntold, nmissed, nrebuilt;

/* of each bucket: the newest use of what went, and the last that was deleted */

static uint64_t   *bucket_evicted;
static thread_t  **bucket_grave;


int
main(void)
{
    bare();

    steps = setting("STEPS", 50000);
    state = setting("SEED", 1);

    build();

    for (now = 1; now <= steps && failures == 0; now++) {
        step();

        must(shelf->evicted == nevicted, "threads that had to go");
        must(shelf->dropped == ndropped, "runs that had to go");
        must(ngx_thread_ws_blocks_available(shelf->pool) == available(),
             "room");

        if (now % 1000 == 0 || now == steps) {
            compare();
        }
    }

    unit_note("%d steps: %d threads (%d for their own owner) and %d runs had "
              "to go, %d were deleted, %d answers void, %d connections told, "
              "%d not, %d rebuilds", (int) now - 1, (int) nevicted,
              (int) ngreedy, (int) ndropped, (int) ndeleted, (int) nvoid,
              (int) ntold, (int) nmissed, (int) nrebuilt);

    unit_int(failures, 0, "the store is as its model");
    unit_ok(nevicted > steps / 100 && ngreedy > steps / 1000
            && ndropped > steps / 1000 && ndeleted > steps / 100
            && nvoid > steps / 2000 && ntold > steps / 1000
            && nrebuilt > steps / 2000, "the walk came by everything");
    unit_ok(nmissed * 10 < ntold, "few deletions went unnoticed");

    return unit_done();
}


static void
build(void)
{
    ngx_uint_t                  i;
    ngx_str_t                   owner, id;
    thread_t                   *t;
    ngx_thread_ws_shelf_key_t   key;

    zone(MEGABYTE);

    for (i = 0; i < THREADS; i++) {
        t = &threads[i];

        /* the first owner is none */

        if (i / IDS) {
            sprintf(t->owner, "owner%d", (int) (i / IDS));
        }

        sprintf(t->name, "t%d", (int) (i % IDS));

        owner.data = (u_char *) t->owner;
        owner.len = ngx_strlen(t->owner);
        id.data = (u_char *) t->name;
        id.len = ngx_strlen(t->name);

        ngx_thread_ws_shelf_key(shelf, &key, &owner, &id);
        t->bucket = ngx_thread_ws_shelf_hash(shelf, key.thread);
    }

    bucket_evicted = calloc(shelf->mask + 1, sizeof(uint64_t));
    bucket_grave = calloc(shelf->mask + 1, sizeof(thread_t *));
}


static void
step(void)
{
    ngx_uint_t  n;

    n = pick(1000);

    if (n < 250) {
        step_append();

    } else if (n < 380) {
        step_begin();

    } else if (n < 500) {
        step_end();

    } else if (n < 600) {
        step_open();

    } else if (n < 840) {
        step_look();

    } else if (n < 880) {
        step_page();

    } else if (n < 950) {
        step_delete();

    } else if (n < 998) {
        step_strange();

    } else {
        step_kill();
    }
}


/* a whole run, of a connection that knows nothing */

static void
step_append(void)
{
    char                       id[32];
    ngx_uint_t                 n, size;
    thread_t                  *t;
    ngx_thread_ws_store_op_t  *op;

    t = any();
    size = size_of();
    n = ++ids;

    if (t->life && pick(10) == 0) {
        n = t->runs[(t->first + pick(t->nruns)) % RUNS].id;
    }

    sprintf(id, "r%d", (int) n);

    op = append(t->owner, t->name, id, size, 0, NULL);
    stores(t, n, size, op->status, &op->record);
}


static void
step_begin(void)
{
    char                       id[32];
    active_t                  *a, *b;
    ngx_uint_t                 taken;
    ngx_thread_ws_store_op_t  *op;

    a = &active[pick(ACTIVE)];
    b = &active[pick(ACTIVE)];

    if (a->thread) {

        /* it is cancelled */

        ngx_thread_ws_registry_release(&a->claim);
        a->thread = NULL;
    }

    taken = b->thread != NULL && pick(4) == 0
            && ngx_thread_ws_registry_holds(&b->claim);

    a->thread = taken ? b->thread : any();
    a->id = taken ? b->id : ++ids;
    a->deletions = a->thread->deletions;

    sprintf(id, "r%d", (int) a->id);

    must(claims(&a->claim, a->thread->owner, a->thread->name, id)
         == (taken ? NGX_BUSY : NGX_OK), "claim");

    if (taken) {
        must(!ngx_thread_ws_registry_holds(&b->claim), "taken over");
    }

    is_used(a->thread);

    op = load(a->thread->owner, a->thread->name, id, 0, 0, 3, 0);
    must(op->status == NGX_OK, "load");

    a->generation = op->generation;
    records(a->thread, op, 0, 0, 3);
}


/* a run's answer is whole */

static void
step_end(void)
{
    char                       id[32];
    active_t                  *a;
    ngx_uint_t                 size;
    ngx_thread_ws_store_op_t  *op;

    a = &active[pick(ACTIVE)];

    if (a->thread == NULL) {
        return;
    }

    if (ngx_thread_ws_registry_holds(&a->claim)) {
        sprintf(id, "r%d", (int) a->id);
        size = size_of();

        op = append(a->thread->owner, a->thread->name, id, size,
                    a->generation, &a->claim);

        if (a->thread->deletions != a->deletions) {
            must(op->status == NGX_ABORT, "an answer of before a deletion");
            is_used(a->thread);
            nvoid++;

        } else {
            stores(a->thread, a->id, size, op->status, &op->record);
        }
    }

    ngx_thread_ws_registry_release(&a->claim);
    a->thread = NULL;
}


static void
step_open(void)
{
    viewer_t  *v;

    v = &viewers[pick(VIEWERS)];

    v->thread = any();
    v->generation = 0;
    v->seq = 0;

    is_used(v->thread);
    saw(v, look(v->thread->owner, v->thread->name, 0));
}


/* a ping, or the load of a message */

static void
step_look(void)
{
    viewer_t                  *v;
    uint64_t                   after;
    ngx_uint_t                 limit;
    ngx_thread_ws_store_op_t  *op;

    v = &viewers[pick(VIEWERS)];

    if (v->thread == NULL) {
        return;
    }

    limit = pick(3) ? 0 : 1 + pick(20);

    op = load(v->thread->owner, v->thread->name, "none", v->seq,
              v->generation, limit, 0);

    told(v, op->status);
    is_used(v->thread);

    if (op->status != NGX_OK) {
        v->thread = NULL;
        return;
    }

    after = (v->life == v->thread->life) ? v->seq : 0;

    if (op->began > v->generation) {
        must(after == 0, "numbers that are void");
        v->seq = 0;
    }

    records(v->thread, op, after, 0, limit);

    if (op->records.nelts) {
        v->seq = seq_at(op, op->records.nelts - 1);
    }

    saw(v, op);
}


static void
step_page(void)
{
    thread_t                  *t;
    uint64_t                   before;
    ngx_thread_ws_store_op_t  *op;

    t = any();
    before = pick(2) ? 0 : 1 + pick(t->first + t->nruns + 2);

    is_used(t);

    op = page(t->owner, t->name, before, 10, 0);
    must(op->status == (t->life ? NGX_OK : NGX_DECLINED), "page");

    records(t, op, 0, before, 10);
}


static void
step_delete(void)
{
    thread_t    *t;
    ngx_int_t    status;
    ngx_uint_t   i, n;

    /* not too often what grows */

    t = pick(4) ? &threads[pick(THREADS)] : any();

    is_used(t);
    status = deletes(t->owner, t->name);

    must(status == (t->life ? NGX_OK : NGX_DECLINED), "remove");

    for (i = 0, n = 0; i < ACTIVE; i++) {
        n += (active[i].thread == t
              && ngx_thread_ws_registry_holds(&active[i].claim));
    }

    if (t->life == 0 && n == 0) {
        return;
    }

    if (t->life) {
        goes(t);
    }

    t->deletions++;
    moment++;
    bucket_grave[t->bucket] = t;
    ndeleted++;
}


/* a stranger deletes what never was */

static void
step_strange(void)
{
    char     id[32];
    u_char  *copy;
    size_t   size;

    sprintf(id, "%d", (int) ++ids);

    copy = NULL;
    size = ngx_thread_ws_zone->shm_zone->shm.size;

    if (pick(200) == 0) {
        copy = malloc(size);
        ngx_memcpy(copy, ngx_thread_ws_zone->shm_zone->shm.addr, size);
    }

    must(deletes(pick(2) ? "eve" : threads[pick(THREADS)].owner, id)
         == NGX_DECLINED, "nothing to delete");

    if (copy) {
        must(ngx_memcmp(copy, ngx_thread_ws_zone->shm_zone->shm.addr, size)
             == 0, "nothing is written");
        free(copy);
    }
}


/* a worker dies: the order of use is another one after that */

static void
step_kill(void)
{
    uint32_t                       i;
    ngx_uint_t                     n;
    ngx_thread_ws_shelf_thread_t  *thread;

    shelf->pool->torn = 1;
    ngx_thread_ws_shelf_enter(shelf);
    ngx_thread_ws_shelf_leave(shelf);

    nrebuilt++;

    for (i = shelf->oldest; i; i = thread->newer) {
        thread = ngx_thread_ws_shelf_block(shelf, i);

        for (n = 0; n < THREADS; n++) {
            if (threads[n].life && threads[n].used == thread->used
                                                      - shelf->epoch)
            {
                threads[n].order = ++order;
                break;
            }
        }

        must(n < THREADS, "a thread that was there");
    }
}


/* what an append must have done that was not too late */

static void
stores(thread_t *t, ngx_uint_t id, ngx_uint_t size, ngx_int_t status,
    ngx_thread_ws_record_t *record)
{
    char        text[32];
    size_t      len;
    run_t      *run;
    ngx_uint_t  n, limit;

    is_used(t);

    if (run_of(t, id)) {
        must(status == NGX_DECLINED, "a request id that is stored");
        return;
    }

    len = sprintf(text, "r%d", (int) id) + 5 + size;
    n = 1 + (len > FIRST ? (len - FIRST + REST - 1) / REST : 0);
    limit = shelf->pool->nblocks / NGX_THREAD_WS_SHELF_THREAD;

    if (n + 1 > limit) {
        must(status == NGX_BUSY, "a run that is too large");
        return;
    }

    must(status == NGX_OK, "append");

    while (t->life && t->blocks + n > limit) {
        t->blocks -= t->runs[t->first % RUNS].blocks;
        t->first++;
        t->nruns--;
        ndropped++;
    }

    make_room(t, n);

    if (t->life == 0) {
        t->life = ++lives;
        t->first = 1;
        t->nruns = 0;
        t->blocks = 1;
        t->used = ++moment;
        t->order = ++order;
    }

    run = &t->runs[(t->first + t->nruns) % RUNS];
    run->id = id;
    run->size = size;
    run->blocks = n;

    t->blocks += n;
    t->nruns++;

    must(record->seq == t->first + t->nruns - 1, "a run's number");
    must(t->nruns < RUNS, "the model's own room");
}


static void
make_room(thread_t *t, ngx_uint_t n)
{
    ngx_uint_t  i, greedy, nthreads;
    thread_t   *victim;

    n += t->life ? 0 : 2;

    while (available() < n) {
        greedy = owned(t, &nthreads) > shelf->pool->nblocks
                                       / NGX_THREAD_WS_SHELF_OWNER;
        victim = NULL;

        for (i = 0; i < THREADS; i++) {
            if (threads[i].life
                && (!greedy || ngx_strcmp(threads[i].owner, t->owner) == 0)
                && (victim == NULL || threads[i].order < victim->order))
            {
                victim = &threads[i];
            }
        }

        bucket_evicted[victim->bucket] = ngx_max(victim->used,
                                             bucket_evicted[victim->bucket]);
        nevicted++;
        ngreedy += greedy;

        goes(victim);
    }
}


/* blocks of the threads of t's owner */

static ngx_uint_t
owned(thread_t *t, ngx_uint_t *nthreads)
{
    ngx_uint_t  i, first, n;

    first = (t - threads) / IDS * IDS;
    n = 0;
    *nthreads = 0;

    for (i = first; i < first + IDS; i++) {
        if (threads[i].life) {
            n += threads[i].blocks;
            (*nthreads)++;
        }
    }

    return n;
}


static ngx_uint_t
available(void)
{
    ngx_uint_t  i, n, nthreads;

    n = shelf->pool->nblocks;

    for (i = 0; i < THREADS; i += IDS) {
        n -= owned(&threads[i], &nthreads);
        n -= (nthreads != 0);
    }

    return n;
}


static void
goes(thread_t *t)
{
    t->life = 0;
    t->nruns = 0;
    t->first = 0;
}


/* whoever asks for a stored thread uses it */

static void
is_used(thread_t *t)
{
    if (t->life) {
        t->used = ++moment;
        t->order = ++order;
    }
}


/* what is true when a connection sees its thread */

static void
saw(viewer_t *v, ngx_thread_ws_store_op_t *op)
{
    v->generation = op->generation;
    v->life = v->thread->life;
    v->deletions = v->thread->deletions;
    v->moment = moment;
}


static void
told(viewer_t *v, ngx_int_t status)
{
    if (v->deletions == v->thread->deletions) {
        must(status == NGX_OK, "a thread that was not deleted");
        return;
    }

    if (status == NGX_ABORT) {
        ntold++;
        return;
    }

    must(status == NGX_OK && !knows(v), "a thread that was deleted");
    nmissed++;
}


/*
 * Whether the store must know that what v saw was deleted: it was the last that
 * was in its bucket, or nothing went from there that v could have seen.
 */

static ngx_uint_t
knows(viewer_t *v)
{
    return bucket_grave[v->thread->bucket] == v->thread
           || (v->life && bucket_evicted[v->thread->bucket] < v->moment);
}


/* op has read the newest of t's runs between two numbers, and whole */

static void
records(thread_t *t, ngx_thread_ws_store_op_t *op, uint64_t after,
    uint64_t before, ngx_uint_t limit)
{
    run_t                   *run;
    uint64_t                 seq, last;
    ngx_uint_t               i, n;
    ngx_thread_ws_record_t  *record;

    last = t->life ? t->first + t->nruns : 1;

    if (before) {
        last = ngx_min(last, before);
    }

    seq = t->life ? ngx_max(after + 1, t->first) : last;
    n = last > seq ? ngx_min(last - seq, limit) : 0;

    must(op->records.nelts == n, "the number of runs");

    record = op->records.elts;

    for (i = 0; i < n && failures == 0; i++) {
        seq = last - n + i;
        run = &t->runs[seq % RUNS];

        must(record[i].seq == seq
             && record[i].answer.len == run->size
             && ngx_atoi(record[i].request_id.data + 1,
                         record[i].request_id.len - 1)
                == (ngx_int_t) run->id
             && whole(&record[i]), "a run");
    }
}


/* all of it */

static void
compare(void)
{
    ngx_uint_t                 i;
    thread_t                  *t;
    ngx_thread_ws_store_op_t  *op;

    must(consistent(), "the shelf");

    for (i = 0; i < THREADS && failures == 0; i++) {
        t = &threads[i];

        is_used(t);

        op = load(t->owner, t->name, "none", 0, 0, RUNS, 0);
        must(op->status == NGX_OK, "load");

        records(t, op, 0, 0, RUNS);
    }
}


static run_t *
run_of(thread_t *t, ngx_uint_t id)
{
    ngx_uint_t  i;

    for (i = 0; t->life && i < t->nruns; i++) {
        if (t->runs[(t->first + i) % RUNS].id == id) {
            return &t->runs[(t->first + i) % RUNS];
        }
    }

    return NULL;
}


/* some are asked for more often than others */

static thread_t *
any(void)
{
    ngx_uint_t  n;

    n = now / 4000 * 97;

    switch (pick(4)) {

    case 0:
    case 1:

        /* one thread for a while, then one owner */

        return &threads[now / 2000 % 2 ? n % THREADS
                                       : n % OWNERS * IDS + pick(IDS)];

    case 2:
        n = pick(THREADS);
        return &threads[n * n / THREADS];

    default:
        return &threads[pick(THREADS)];
    }
}


static ngx_uint_t
size_of(void)
{
    switch (pick(20)) {

    case 0:
        return pick(SIZES);

    case 1:
        return pick(300) ? pick(SIZES / 4) : MEGABYTE / 4;

    default:
        return pick(1500);
    }
}


/* xorshift64* */

static ngx_uint_t
pick(ngx_uint_t n)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;

    return (ngx_uint_t) ((state * 2685821657736338717ull) >> 33) % n;
}


static void
must(ngx_uint_t good, const char *what)
{
    if (!good) {
        if (failures++ == 0) {
            unit_note("step %d, SEED=%d: %s", (int) now,
                      (int) setting("SEED", 1), what);
        }
    }
}
