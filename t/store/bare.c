
/*
 * A zone without an nginx around it, and whether what is in it is sound.
 */


#include "bare.h"
#include "base/ngx_thread_ws_random.h"
#include "observe/ngx_thread_ws_observe.h"
#include <ngx_event.h>
#include <ngx_channel.h>
#include <poll.h>


ngx_pid_t                      ngx_pid;
ngx_int_t                      ngx_ncpu = 2;
volatile ngx_msec_t            ngx_current_msec;
volatile ngx_time_t           *ngx_cached_time;
ngx_thread_ws_zone_t          *ngx_thread_ws_zone;

ngx_queue_t                    ngx_posted_events;

ngx_thread_ws_shelf_t         *shelf;
ngx_uint_t                     evicted, named;
ngx_str_t                      nothing_more;

static ngx_log_t               bare_log;
static ngx_pool_t             *pool;
static ngx_time_t              now;
static ngx_cycle_t             cycle;
static ngx_fd_t                channel;
static ngx_event_handler_pt    channel_handler;


static ngx_str_t text(const char *s);
static ngx_thread_ws_store_op_t *op_of(const char *owner, const char *thread);
static void fill(u_char *p, size_t len, const char *request_id);
static ngx_uint_t consistent_free(void);
static uint32_t consistent_tapes(void);
static ngx_uint_t consistent_runs(ngx_thread_ws_shelf_thread_t *thread);
static ngx_uint_t consistent_owner(uint32_t number);
static ngx_uint_t in_bucket(uint32_t first, uint32_t number,
    ngx_uint_t kind);


void
ngx_thread_ws_observe_evicted(ngx_str_t *thread_id, ngx_uint_t runs)
{
    evicted++;
    named += (thread_id->len != 0 && runs != 0);
}


void
ngx_debug_point(void)
{
    abort();
}


void
ngx_thread_ws_observe_store(ngx_uint_t operation, ngx_msec_t duration,
    ngx_uint_t failed)
{
}


void
ngx_thread_ws_random(u_char *p, size_t len)
{
    ngx_memset(p, 's', len);
}


void
bare(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    (void) alarm(1800);

    ngx_pid = ngx_getpid();
    ngx_pagesize = getpagesize();
    ngx_cacheline_size = 64;

    for (ngx_pagesize_shift = 0;
         (ngx_pagesize >> ngx_pagesize_shift) > 1;
         ngx_pagesize_shift++)
    {
        /* void */
    }

    ngx_slab_sizes_init();

    now.sec = 1000;
    now.msec = 500;
    ngx_cached_time = &now;

    cycle.log = &bare_log;
    ngx_queue_init(&ngx_posted_events);

    ngx_thread_ws_store_memory_init_process();
}


ngx_int_t
ngx_add_channel_event(ngx_cycle_t *cycle, ngx_fd_t fd, ngx_int_t event,
    ngx_event_handler_pt handler)
{
    channel = fd;
    channel_handler = handler;

    return NGX_OK;
}


void
worker_begin(ngx_thread_ws_wake_pt handler)
{
    ngx_pid = ngx_getpid();
    channel = -1;

    if (ngx_thread_ws_wake_init_process(&cycle, handler) != NGX_OK) {
        printf("Bail out! no worker\n");
        exit(1);
    }
}


ngx_uint_t
worker_turn(int timeout)
{
    int             n;
    ngx_queue_t    *q;
    ngx_event_t    *ev, rev;
    struct pollfd   pfd;

    pfd.fd = channel;
    pfd.events = POLLIN;

    n = poll(&pfd, 1, timeout);

    if (n == 1) {
        ngx_memzero(&rev, sizeof(rev));
        channel_handler(&rev);
    }

    while (!ngx_queue_empty(&ngx_posted_events)) {
        q = ngx_queue_head(&ngx_posted_events);
        ev = ngx_queue_data(q, ngx_event_t, queue);

        ngx_delete_posted_event(ev);
        ev->handler(ev);
    }

    return n == 1;
}


void
worker_end(void)
{
    ngx_thread_ws_wake_exit_process(&cycle);
}


void
tick(void)
{
    now.sec++;
}


ngx_uint_t
setting(const char *name, ngx_uint_t value)
{
    char  *s;

    s = getenv(name);

    return s && *s ? (ngx_uint_t) atoi(s) : value;
}


/* as ngx_init_zone_pool() makes one */

void
zone(size_t size)
{
    ngx_slab_pool_t                *sp;
    static ngx_shm_zone_t           shm_zone;
    static ngx_thread_ws_zone_t     z;
    static ngx_thread_ws_zone_sh_t  sh;

    if (shm_zone.shm.addr) {
        munmap(shm_zone.shm.addr, shm_zone.shm.size);
    }

    ngx_memzero(&sh, sizeof(sh));

    shm_zone.shm.size = size;
    shm_zone.shm.addr = mmap(NULL, size, PROT_READ|PROT_WRITE,
                             MAP_ANON|MAP_SHARED, -1, 0);
    ngx_str_set(&shm_zone.shm.name, "test");

    if (shm_zone.shm.addr == MAP_FAILED) {
        printf("Bail out! no memory\n");
        exit(1);
    }

    sp = (ngx_slab_pool_t *) shm_zone.shm.addr;
    sp->end = shm_zone.shm.addr + size;
    sp->min_shift = 3;
    sp->addr = shm_zone.shm.addr;

    (void) ngx_shmtx_create(&sp->mutex, &sp->lock, NULL);
    ngx_slab_init(sp);

    z.sh = &sh;
    z.shpool = sp;
    z.shm_zone = &shm_zone;

    ngx_thread_ws_zone = &z;

    if (ngx_thread_ws_blocks_init(&z) != NGX_OK
        || ngx_thread_ws_wake_init(&z) != NGX_OK
        || ngx_thread_ws_registry_init(&z) != NGX_OK
        || ngx_thread_ws_store_memory_init(&z) != NGX_OK
        || ngx_thread_ws_blocks_fill(&z) != NGX_OK)
    {
        printf("Bail out! no zone\n");
        exit(1);
    }

    shelf = sh.memory;
    evicted = 0;
    named = 0;
}


static ngx_str_t
text(const char *s)
{
    ngx_str_t  str;

    str.data = (u_char *) s;
    str.len = ngx_strlen(s);

    return str;
}


static ngx_thread_ws_store_op_t *
op_of(const char *owner, const char *thread)
{
    static ngx_thread_ws_store_op_t  op;

    if (pool) {
        ngx_destroy_pool(pool);
    }

    pool = ngx_create_pool(4096, &bare_log);

    ngx_memzero(&op, sizeof(op));

    op.pool = pool;
    op.log = &bare_log;
    op.owner = text(owner);
    op.thread_id = text(thread);

    return &op;
}


/* a pattern made of the request id and the length */

static void
fill(u_char *p, size_t len, const char *request_id)
{
    size_t  i, n;

    n = ngx_strlen(request_id);

    for (i = 0; i < len; i++) {
        p[i] = request_id[(i + len) % n];
    }
}


ngx_uint_t
whole(ngx_thread_ws_record_t *record)
{
    char     id[129];
    u_char  *p;

    ngx_memcpy(id, record->request_id.data, record->request_id.len);
    id[record->request_id.len] = '\0';

    p = ngx_palloc(pool, record->answer.len + 1);
    fill(p, record->answer.len, id);

    return ngx_memcmp(p, record->answer.data, record->answer.len) == 0
           && record->content.len == 5
           && ngx_memcmp(record->content.data, "hello", 5) == 0
           && record->output_tokens == 7 && record->input_tokens == -1
           && record->latency == 12;
}


ngx_thread_ws_store_op_t *
load(const char *owner, const char *thread, const char *request_id,
    uint64_t after, uint64_t generation, ngx_uint_t limit, size_t bytes)
{
    ngx_thread_ws_store_op_t  *op;

    op = op_of(owner, thread);

    op->request_id = text(request_id);
    op->after = after;
    op->known = generation;
    op->limit = limit;
    op->bytes = bytes;

    (void) ngx_thread_ws_store_load(&ngx_thread_ws_store_memory, op);

    return op;
}


ngx_thread_ws_store_op_t *
look(const char *owner, const char *thread, uint64_t generation)
{
    ngx_thread_ws_store_op_t  *op;

    op = op_of(owner, thread);

    op->known = generation;

    (void) ngx_thread_ws_store_look(&ngx_thread_ws_store_memory, op);

    return op;
}


ngx_thread_ws_store_op_t *
append(const char *owner, const char *thread, const char *request_id,
    size_t size, uint64_t generation, ngx_thread_ws_claim_t *claim)
{
    return replaces(owner, thread, request_id, size, generation, claim, NULL);
}


ngx_thread_ws_store_op_t *
replaces(const char *owner, const char *thread, const char *request_id,
    size_t size, uint64_t generation, ngx_thread_ws_claim_t *claim,
    const char *replaced)
{
    ngx_thread_ws_store_op_t  *op;

    op = op_of(owner, thread);

    op->known = generation;
    op->claim = claim;
    op->record.request_id = text(request_id);
    op->record.content = text("hello");
    op->record.answer.len = size;
    op->record.answer.data = ngx_palloc(pool, size + 1);
    op->record.input_tokens = -1;
    op->record.output_tokens = 7;
    op->record.latency = 12;

    if (replaced) {
        op->record.extra = ngx_pcalloc(pool, sizeof(ngx_thread_ws_extra_t));
        op->record.extra->replaces = text(replaced);
    }

    fill(op->record.answer.data, size, request_id);

    (void) ngx_thread_ws_store_append(&ngx_thread_ws_store_memory, op);

    return op;
}


ngx_thread_ws_store_op_t *
page(const char *owner, const char *thread, uint64_t before, ngx_uint_t limit,
    size_t bytes)
{
    ngx_thread_ws_store_op_t  *op;

    op = op_of(owner, thread);

    op->before = before;
    op->limit = limit;
    op->bytes = bytes;

    (void) ngx_thread_ws_store_page(&ngx_thread_ws_store_memory, op);

    return op;
}


ngx_int_t
deletes(const char *owner, const char *thread)
{
    ngx_thread_ws_store_op_t  *op;

    op = op_of(owner, thread);

    (void) ngx_thread_ws_store_remove(&ngx_thread_ws_store_memory, op);

    return op->status;
}


ngx_int_t
claims(ngx_thread_ws_claim_t *claim, const char *owner, const char *thread,
    const char *request_id)
{
    ngx_str_t  o, t, r;

    o = text(owner);
    t = text(thread);
    r = text(request_id);

    ngx_memzero(claim, sizeof(ngx_thread_ws_claim_t));

    return ngx_thread_ws_registry_claim(claim, &o, &t, &r, &bare_log);
}


ngx_uint_t
marks(const char *owner, const char *thread)
{
    ngx_str_t         o, t;
    ngx_uint_t        n;
    ngx_slab_pool_t  *shpool;

    o = text(owner);
    t = text(thread);

    shpool = ngx_thread_ws_zone->shpool;

    ngx_shmtx_lock(&shpool->mutex);
    n = ngx_thread_ws_registry_delete(&o, &t);
    ngx_shmtx_unlock(&shpool->mutex);

    return n;
}


uint64_t
seq_at(ngx_thread_ws_store_op_t *op, ngx_uint_t i)
{
    ngx_thread_ws_record_t  *records;

    records = op->records.elts;

    return i < op->records.nelts ? records[i].seq : 0;
}


/* the truth about every block, from the outside */

ngx_uint_t
consistent(void)
{
    uint32_t                       i, t, newer, n, nthreads, nruns;
    ngx_thread_ws_shelf_owner_t   *owner;
    ngx_thread_ws_shelf_thread_t  *thread;

    n = shelf->pool->nfree;
    nthreads = 0;
    nruns = 0;
    newer = 0;

    for (t = shelf->newest; t; t = thread->older) {
        thread = ngx_thread_ws_shelf_block(shelf, t);

        if (thread->newer != newer
            || nthreads++ > shelf->pool->fresh
            || !consistent_runs(thread)
            || !in_bucket(shelf->threads[ngx_thread_ws_shelf_hash(shelf,
                                                   thread->digest)].first,
                          t, NGX_THREAD_WS_SHELF_THREADS))
        {
            return 0;
        }

        newer = t;
        n += thread->nblocks;
        nruns += thread->nruns;
    }

    for (i = 1; i < shelf->pool->fresh; i++) {
        owner = ngx_thread_ws_shelf_block(shelf, i);

        if (owner->head.kind == NGX_THREAD_WS_SHELF_OWNERS) {
            n++;
            nthreads -= owner->nthreads;

            if (!consistent_owner(i)) {
                return 0;
            }
        }
    }

    n += consistent_tapes();

    return shelf->oldest == newer && nthreads == 0
           && nruns == shelf->nruns && n == shelf->pool->fresh - 1
           && consistent_free();
}


ngx_uint_t
clean(void)
{
    ngx_uint_t                 is;
    ngx_thread_ws_registry_t  *reg;

    reg = ngx_thread_ws_zone->sh->registry;

    ngx_thread_ws_registry_enter(reg);
    (void) ngx_thread_ws_blocks_enter(shelf->pool);

    is = consistent();

    ngx_thread_ws_blocks_leave(shelf->pool);
    ngx_thread_ws_registry_leave(reg);

    return is;
}


ngx_thread_ws_registry_thread_t *
thread(const char *owner, const char *name)
{
    ngx_str_t                               o, n;
    static ngx_thread_ws_registry_thread_t  t;

    o.data = (u_char *) owner;
    o.len = ngx_strlen(owner);
    n.data = (u_char *) name;
    n.len = ngx_strlen(name);

    ngx_thread_ws_registry_thread(&t, &o, &n);

    return &t;
}


static ngx_uint_t
consistent_free(void)
{
    uint32_t                     i, n;
    ngx_thread_ws_block_head_t  *head;

    n = 0;

    for (i = shelf->pool->free; i; i = head->next) {
        head = ngx_thread_ws_shelf_block(shelf, i);

        if (head->kind != NGX_THREAD_WS_BLOCK_FREE
            || n++ > shelf->pool->fresh)
        {
            return 0;
        }
    }

    return n == shelf->pool->nfree;
}


/* their blocks, if all is well with them */

static uint32_t
consistent_tapes(void)
{
    uint32_t                        i, b, n, total, ended, prev;
    ngx_thread_ws_tape_t           *tape;
    ngx_thread_ws_blocks_t         *pool;
    ngx_thread_ws_registry_t       *reg;
    ngx_thread_ws_block_head_t     *head;
    ngx_thread_ws_registry_slot_t  *slot;

    pool = shelf->pool;
    reg = ngx_thread_ws_zone->sh->registry;
    total = ended = 0;

    for (i = 0; i < reg->nslots; i++) {
        slot = &reg->slots[i];

        if (slot->generation == 0 || slot->tape == 0) {
            continue;
        }

        tape = ngx_thread_ws_block(pool, slot->tape);

        if (tape->head.kind != NGX_THREAD_WS_BLOCK_TAPE || tape->slot != i
            || tape->number != slot->generation
            || tape->ended != (slot->state == NGX_THREAD_WS_REGISTRY_ENDED))
        {
            return pool->fresh;
        }

        for (n = 1, b = tape->head.next; b; b = head->next, n++) {
            head = ngx_thread_ws_block(pool, b);

            if (head->kind != NGX_THREAD_WS_BLOCK_ROLL || n > pool->fresh) {
                return pool->fresh;
            }
        }

        if (n != tape->nblocks) {
            return pool->fresh;
        }

        ended += tape->ended;
        total += n;
    }

    for (n = 0, prev = 0, b = pool->oldest; b; b = tape->newer, n++) {
        tape = ngx_thread_ws_block(pool, b);

        if (tape->older != prev || !tape->ended) {
            return pool->fresh;
        }

        prev = b;
    }

    return (n == ended && n == pool->nended && prev == pool->newest
            && total == pool->ntape) ? total : pool->fresh;
}


static ngx_uint_t
consistent_runs(ngx_thread_ws_shelf_thread_t *thread)
{
    uint32_t                     r, i, n, nruns, newer;
    ngx_thread_ws_shelf_run_t   *run;
    ngx_thread_ws_block_head_t  *head;

    if (thread->head.kind != NGX_THREAD_WS_SHELF_THREADS
        || thread->head.next != 0)
    {
        return 0;
    }

    n = 1;
    nruns = 0;
    newer = 0;

    for (r = thread->newest; r; r = run->older) {
        run = ngx_thread_ws_shelf_block(shelf, r);

        if (run->head.kind != NGX_THREAD_WS_SHELF_RUN
            || run->newer != newer
            || run->thread != ngx_thread_ws_shelf_number(shelf, thread)
            || (run->seq != thread->seq - nruns
                && (run->seq > thread->seq - nruns || thread->turn == 0))
            || !in_bucket(shelf->runs[run->hash & shelf->mask], r,
                          NGX_THREAD_WS_SHELF_RUN))
        {
            return 0;
        }

        for (i = run->head.next; i; i = head->next) {
            head = ngx_thread_ws_shelf_block(shelf, i);
            n++;

            if (head->kind != NGX_THREAD_WS_SHELF_TEXT) {
                return 0;
            }
        }

        newer = r;
        n++;
        nruns++;
    }

    return thread->oldest == newer && thread->nruns == nruns
           && thread->nblocks == n;
}


static ngx_uint_t
consistent_owner(uint32_t number)
{
    uint32_t                       t, n, nblocks, newer;
    ngx_thread_ws_shelf_owner_t   *owner;
    ngx_thread_ws_shelf_thread_t  *thread;

    owner = ngx_thread_ws_shelf_block(shelf, number);

    n = 0;
    nblocks = 0;
    newer = 0;

    for (t = owner->newest; t; t = thread->own_older) {
        thread = ngx_thread_ws_shelf_block(shelf, t);

        if (thread->head.kind != NGX_THREAD_WS_SHELF_THREADS
            || thread->owner != number
            || thread->own_newer != newer
            || n++ > shelf->pool->fresh)
        {
            return 0;
        }

        newer = t;
        nblocks += thread->nblocks;
    }

    return n && owner->oldest == newer && owner->nthreads == n
           && owner->nblocks == nblocks
           && in_bucket(shelf->owners[ngx_thread_ws_shelf_hash(shelf,
                                                            owner->digest)],
                        number, NGX_THREAD_WS_SHELF_OWNERS);
}


/* each kind has its link of its own place */

static ngx_uint_t
in_bucket(uint32_t first, uint32_t number, ngx_uint_t kind)
{
    void      *p;
    uint32_t   i, n;

    n = 0;

    for (i = first; i != number; n++) {

        if (i == 0 || n > shelf->pool->fresh) {
            return 0;
        }

        p = ngx_thread_ws_shelf_block(shelf, i);

        switch (kind) {

        case NGX_THREAD_WS_SHELF_THREADS:
            i = ((ngx_thread_ws_shelf_thread_t *) p)->bucket_next;
            break;

        case NGX_THREAD_WS_SHELF_OWNERS:
            i = ((ngx_thread_ws_shelf_owner_t *) p)->bucket_next;
            break;

        default: /* NGX_THREAD_WS_SHELF_RUN */
            i = ((ngx_thread_ws_shelf_run_t *) p)->bucket_next;
        }
    }

    return 1;
}
