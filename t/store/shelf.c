
/*
 * The store "memory" and the registry without an nginx around them: what they
 * promise, who has to make room for whom, and what is left after processes
 * were killed in the middle of a change.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sys/wait.h>
#include "base/ngx_thread_ws_random.h"
#include "zone/ngx_thread_ws_zone.h"
#include "zone/ngx_thread_ws_registry.h"
#include "store/ngx_thread_ws_store_memory.h"
#include "store/ngx_thread_ws_shelf.h"
#include "store/ngx_thread_ws_shelf_blocks.h"
#include "observe/ngx_thread_ws_observe.h"


#define SIZE   (1024 * 1024)


volatile ngx_cycle_t          *ngx_cycle;
ngx_pid_t                      ngx_pid;
ngx_int_t                      ngx_ncpu = 2;
volatile ngx_msec_t            ngx_current_msec;
volatile ngx_time_t           *ngx_cached_time;
ngx_thread_ws_zone_t          *ngx_thread_ws_zone;

static ngx_cycle_t             test_cycle;
static ngx_log_t               test_log;
static ngx_pool_t             *pool;
static ngx_time_t              now;
static ngx_thread_ws_shelf_t  *shelf;
static ngx_uint_t              tests, failed, evicted, named;


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
}


void
ngx_thread_ws_observe_evicted(ngx_str_t *thread_id, ngx_uint_t runs)
{
    evicted++;
    named += (thread_id->len != 0 && runs != 0);
}


void
ngx_thread_ws_observe_store(ngx_uint_t operation, ngx_msec_t duration,
    ngx_uint_t failed)
{
}


void
ngx_debug_point(void)
{
    abort();
}


void
ngx_thread_ws_random(u_char *p, size_t len)
{
    ngx_memset(p, 's', len);
}


static void
ok(ngx_uint_t good, const char *name)
{
    printf("%sok %d - %s\n", good ? "" : "not ", (int) ++tests, name);
    failed += !good;
}


/* a fresh zone, as ngx_init_zone_pool() makes one */

static void
zone(size_t size)
{
    ngx_slab_pool_t               *sp;
    static ngx_shm_zone_t          shm_zone;
    static ngx_thread_ws_zone_t    z;
    static ngx_thread_ws_zone_sh_t sh;

    if (shm_zone.shm.addr) {
        munmap(shm_zone.shm.addr, shm_zone.shm.size);
    }

    ngx_memzero(&sh, sizeof(sh));

    shm_zone.shm.size = size;
    shm_zone.shm.addr = mmap(NULL, size, PROT_READ|PROT_WRITE,
                             MAP_ANON|MAP_SHARED, -1, 0);
    ngx_str_set(&shm_zone.shm.name, "test");

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

    if (ngx_thread_ws_registry_init(&z) != NGX_OK
        || ngx_thread_ws_store_memory_init(&z) != NGX_OK)
    {
        printf("Bail out! no zone\n");
        exit(1);
    }

    shelf = sh.memory;
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

    pool = ngx_create_pool(4096, &test_log);

    ngx_memzero(&op, sizeof(op));

    op.pool = pool;
    op.log = &test_log;
    op.owner = text(owner);
    op.thread_id = text(thread);
    op.generation = 1;
    op.limit = 50;

    return &op;
}


/* answers show whose they are: a pattern made of the request id and length */

static void
fill(u_char *p, size_t len, const char *request_id)
{
    size_t  i, n;

    n = ngx_strlen(request_id);

    for (i = 0; i < len; i++) {
        p[i] = request_id[(i + len) % n];
    }
}


static ngx_uint_t
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
           && ngx_memcmp(record->content.data, "hello", 5) == 0;
}


static ngx_int_t
append(const char *owner, const char *thread, const char *request_id,
    size_t size, uint64_t generation, uint64_t *seq)
{
    ngx_thread_ws_store_op_t  *op;

    op = op_of(owner, thread);

    op->generation = generation;
    op->record.request_id = text(request_id);
    op->record.content = text("hello");
    op->record.answer.len = size;
    op->record.answer.data = ngx_palloc(pool, size + 1);
    op->record.input_tokens = -1;
    op->record.output_tokens = 7;
    op->record.latency = 12;

    fill(op->record.answer.data, size, request_id);

    (void) ngx_thread_ws_store_append(&ngx_thread_ws_store_memory, op);

    if (seq) {
        *seq = op->record.seq;
    }

    return op->status;
}


static ngx_thread_ws_store_op_t *
load(const char *owner, const char *thread, const char *request_id,
    uint64_t after, ngx_uint_t limit, size_t bytes)
{
    ngx_thread_ws_store_op_t  *op;

    op = op_of(owner, thread);

    op->request_id = text(request_id);
    op->after = after;
    op->limit = limit;
    op->bytes = bytes;

    (void) ngx_thread_ws_store_load(&ngx_thread_ws_store_memory, op);

    return op;
}


static uint64_t
seq_at(ngx_thread_ws_store_op_t *op, ngx_uint_t i)
{
    ngx_thread_ws_record_t  *records;

    records = op->records.elts;

    return i < op->records.nelts ? records[i].seq : 0;
}


static void
contract(void)
{
    ngx_uint_t                 i;
    uint64_t                   seq;
    char                       id[32];
    ngx_thread_ws_store_op_t  *op;

    zone(SIZE);

    op = load("ann", "t", "r1", 0, 50, 0);
    ok(op->status == NGX_OK && op->generation == 1 && op->records.nelts == 0
       && op->found == NULL, "a thread that was never stored is empty");

    for (i = 1; i <= 10; i++) {
        sprintf(id, "r%d", (int) i);

        if (append("ann", "t", id, i * 100, 1, &seq) != NGX_OK || seq != i) {
            break;
        }
    }

    ok(i == 11, "runs get their numbers in order");
    ok(append("ann", "t", "r3", 10, 1, NULL) == NGX_DECLINED,
       "a request id is stored once");
    ok(append("bob", "t", "r3", 10, 1, &seq) == NGX_OK && seq == 1,
       "another owner has another thread");

    op = load("ann", "t", "r3", 0, 4, 0);
    ok(op->records.nelts == 4 && seq_at(op, 0) == 7 && seq_at(op, 3) == 10,
       "load reads the newest runs, oldest first");
    ok(op->found && op->found->seq == 3 && whole(op->found)
       && op->found->output_tokens == 7 && op->found->input_tokens == -1
       && op->found->latency == 12 && op->found->created == 1000500,
       "load finds the run of a request id, whole");

    op = load("ann", "t", "rX", 8, 50, 0);
    ok(op->records.nelts == 2 && seq_at(op, 0) == 9 && op->found == NULL,
       "load reads what is newer");

    op = load("ann", "t", "r10", 0, 50, 1000 + 900 + 5 + 5);
    ok(op->records.nelts == 2 && seq_at(op, 0) == 9, "load keeps to bytes");

    op = load("ann", "t", "r10", 0, 0, 0);
    ok(op->records.nelts == 0 && op->generation == 1 && op->found,
       "load without a limit reads the generation");

    op = op_of("ann", "t");
    op->before = 4;
    op->limit = 2;
    (void) ngx_thread_ws_store_page(&ngx_thread_ws_store_memory, op);
    ok(op->records.nelts == 2 && seq_at(op, 0) == 2 && seq_at(op, 1) == 3,
       "page reads what is older, from the near end");

    op = op_of("ann", "t");
    op->before = 9;
    op->limit = 1;
    (void) ngx_thread_ws_store_page(&ngx_thread_ws_store_memory, op);
    ok(op->records.nelts == 1 && seq_at(op, 0) == 8, "and from the other");

    op = op_of("ann", "t");
    op->bytes = 10;
    (void) ngx_thread_ws_store_page(&ngx_thread_ws_store_memory, op);
    ok(op->records.nelts == 1 && seq_at(op, 0) == 10,
       "one run at least, however large");

    op = op_of("ann", "t");
    (void) ngx_thread_ws_store_remove(&ngx_thread_ws_store_memory, op);
    ok(op->status == NGX_OK, "remove");

    op = op_of("ann", "t");
    (void) ngx_thread_ws_store_page(&ngx_thread_ws_store_memory, op);
    ok(op->status == NGX_DECLINED, "a removed thread has no runs");
    ok(append("ann", "t", "r11", 10, 1, NULL) == NGX_ABORT,
       "no append of before revives it");
    ok(append("ann", "t", "r3", 10, 2, &seq) == NGX_OK && seq == 11,
       "an append of after does, and numbers go on");

    op = op_of("ann", "new");
    (void) ngx_thread_ws_store_remove(&ngx_thread_ws_store_memory, op);
    ok(op->status == NGX_DECLINED
       && append("ann", "new", "r1", 10, 1, NULL) == NGX_ABORT,
       "a first run under way is not stored after a remove either");
}


static void
fairness(void)
{
    uint64_t                   seq;
    ngx_uint_t                 i, n, rc;
    char                       owner[32], id[32];
    ngx_thread_ws_store_op_t  *op;

    zone(SIZE);

    ok(append("ann", "t", "big", SIZE / 8, 1, NULL) == NGX_ERROR,
       "a run larger than a thread's part is refused");

    for (i = 0; i < 20; i++) {
        sprintf(owner, "user%d", (int) i);
        (void) append(owner, "t", "r1", 1000, 1, NULL);
    }

    for (i = 1; i <= 3000; i++) {
        sprintf(id, "r%d", (int) i);

        rc = append("greedy", "t", id, 1000, 1, &seq);

        if (rc != NGX_OK || seq != i) {
            break;
        }
    }

    ok(i == 3001, "a thread goes on when its part is full");
    ok(shelf->evicted == 0 && shelf->dropped > 0,
       "its own oldest runs went, no other thread");

    op = load("greedy", "t", "r3000", 0, 20000, 0);
    ok(op->found && op->records.nelts > 50
       && op->records.nelts < shelf->nblocks / 8
       && seq_at(op, op->records.nelts - 1) == 3000
       && seq_at(op, 0) == 3001 - op->records.nelts, "the newest are there");

    op = load("greedy", "t", "r1", 0, 0, 0);
    ok(op->found == NULL, "the oldest are not");

    for (i = 0; i < 3000; i++) {
        sprintf(id, "t%d", (int) i);

        if (append("greedy", id, "r1", 1000, 1, NULL) != NGX_OK) {
            break;
        }
    }

    ok(i == 3000, "an owner with too many threads goes on");
    ok(evicted == shelf->evicted && named == evicted,
       "each thread that goes is told");

    for (i = 0, n = 0; i < 20; i++) {
        sprintf(owner, "user%d", (int) i);
        n += load(owner, "t", "r1", 0, 0, 0)->found != NULL;
    }

    ok(n == 20 && shelf->evicted > 0, "at the cost of its own threads");

    for (i = 0; i < 5000; i++) {
        sprintf(owner, "new%d", (int) i);
        (void) append(owner, "t", "r1", 1000, 1, NULL);
    }

    n = load("new4999", "t", "r1", 0, 0, 0)->found != NULL;
    ok(n && load("user0", "t", "r1", 0, 0, 0)->found == NULL,
       "among many owners the least recently used thread goes");

    (void) append("user0", "t", "r2", 10, 1, &seq);
    ok(seq > 1, "a thread that went and comes back has newer numbers");

    zone(SIZE);

    for (i = 0; i < 5000; i++) {
        sprintf(id, "t%d", (int) i);
        (void) append("", id, "r1", 1000, 1, NULL);
    }

    ok(shelf->nthreads * 6 > shelf->nblocks * 8 / 10,
       "without owners all of the zone is used");
}


/* the truth about every block, from the outside */

static ngx_uint_t
consistent(void)
{
    uint32_t                       i, n, t, r, nfree, nrun;
    ngx_thread_ws_shelf_run_t     *run;
    ngx_thread_ws_shelf_head_t    *head;
    ngx_thread_ws_shelf_owner_t   *owner;
    ngx_thread_ws_shelf_thread_t  *thread;

    nfree = 0;
    n = 0;
    nrun = 0;

    for (i = shelf->free; i; i = head->next) {
        head = ngx_thread_ws_shelf_block(shelf, i);

        if (head->kind != NGX_THREAD_WS_SHELF_FREE || nfree++ > shelf->fresh) {
            return 0;
        }
    }

    for (t = shelf->oldest; t; t = thread->newer) {
        thread = ngx_thread_ws_shelf_block(shelf, t);
        i = 1;

        if (thread->head.kind != NGX_THREAD_WS_SHELF_THREADS) {
            return 0;
        }

        for (r = thread->newest; r; r = run->older) {
            run = ngx_thread_ws_shelf_block(shelf, r);
            i += run->nblocks;
            nrun++;

            if (run->head.kind != NGX_THREAD_WS_SHELF_RUN
                || (run->older == 0 && thread->oldest != r))
            {
                return 0;
            }
        }

        if (i != thread->nblocks) {
            return 0;
        }

        n += i;
    }

    for (i = 1; i < shelf->fresh; i++) {
        owner = ngx_thread_ws_shelf_block(shelf, i);
        n += (owner->head.kind == NGX_THREAD_WS_SHELF_OWNERS);
    }

    return nfree == shelf->nfree && n + nfree == shelf->fresh - 1
           && nrun == shelf->nruns;
}


/* what a child does until it is killed; what was acknowledged is told */

static void
work(volatile ngx_uint_t *acked, ngx_uint_t round)
{
    ngx_uint_t                 i;
    char                       id[32], owner[32];
    ngx_thread_ws_store_op_t  *op;

    ngx_pid = ngx_getpid();

    for (i = 1; /* void */ ; i++) {
        sprintf(id, "r%d", (int) i);
        sprintf(owner, "round%d", (int) round);

        if (append(owner, "kept", id, (i * 37) % 900,
                   load(owner, "kept", "r", 0, 0, 0)->generation, NULL)
            == NGX_OK)
        {
            *acked = i;
        }

        sprintf(owner, "o%d", (int) (i % 7));
        sprintf(id, "t%d", (int) (i % 50));

        (void) append(owner, id, owner, (i * 977) % 20000, load(owner, id,
                      "r", 0, 0, 0)->generation, NULL);

        if (i % 3 == 0) {
            op = op_of(owner, id);
            (void) ngx_thread_ws_store_remove(&ngx_thread_ws_store_memory,
                                              op);
        }
    }
}


static void
kills(ngx_uint_t rounds)
{
    pid_t                      pid;
    char                       owner[32];
    ngx_uint_t                 i, n, r, good, lost;
    struct timespec            ts;
    volatile ngx_uint_t       *acked;
    ngx_thread_ws_record_t    *records;
    ngx_thread_ws_store_op_t  *op;

    acked = mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_ANON|MAP_SHARED, -1, 0);

    zone(SIZE);

    good = 0;
    lost = 0;
    ts.tv_sec = 0;

    for (r = 0; r < rounds; r++) {
        *acked = 0;

        pid = fork();

        if (pid == 0) {
            work(acked, r);
        }

        while (*acked == 0) {
            sched_yield();
        }

        ts.tv_nsec = random() % 2000000;
        nanosleep(&ts, NULL);

        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);

        (void) ngx_shmtx_force_unlock(&ngx_thread_ws_zone->shpool->mutex, pid);

        n = *acked;

        sprintf(owner, "round%d", (int) r);
        op = load(owner, "kept", "r1", 0, 20000, 0);

        good += consistent();
        records = op->records.elts;

        for (i = 0; i < op->records.nelts; i++) {
            if (!whole(&records[i])
                || (i && records[i].seq != records[i - 1].seq + 1))
            {
                lost++;
            }
        }

        /* one more may be there than was acknowledged, never one less */

        if (i == 0 || records[i - 1].seq - records[0].seq + 1 != i
            || records[i - 1].request_id.len < 2
            || ngx_atoi(records[i - 1].request_id.data + 1,
                        records[i - 1].request_id.len - 1) < (ngx_int_t) n)
        {
            lost++;
        }
    }

    printf("# %d processes killed, %d of them in mid-change\n",
           (int) rounds, (int) shelf->rebuilt);

    ok(good == rounds, "after every kill the zone is sound");
    ok(lost == 0, "every acknowledged run is there, whole");
    ok(shelf->rebuilt > rounds / 20, "kills did come in mid-change");
}


static void
together(void)
{
    pid_t                      pid[2];
    ngx_uint_t                 i, n, bad;
    char                       id[32];
    ngx_thread_ws_record_t    *records;
    ngx_thread_ws_store_op_t  *op;

    zone(8 * SIZE);

    for (n = 0; n < 2; n++) {
        pid[n] = fork();

        if (pid[n] == 0) {
            ngx_pid = ngx_getpid();

            for (i = 0; i < 500; i++) {
                sprintf(id, "%d-%d", (int) n, (int) i);
                (void) append("ann", "t", id, 100, 1, NULL);
            }

            _exit(0);
        }
    }

    waitpid(pid[0], NULL, 0);
    waitpid(pid[1], NULL, 0);

    op = load("ann", "t", "0-0", 0, 2000, 0);
    records = op->records.elts;
    bad = 0;

    for (i = 0; i < op->records.nelts; i++) {
        bad += records[i].seq != i + 1 || !whole(&records[i]);
    }

    ok(i == 1000 && bad == 0, "two processes store 500 runs each, no gap");
}


static ngx_int_t
claim(ngx_thread_ws_claim_t *c, const char *request_id)
{
    ngx_str_t  owner, thread, id;

    owner = text("ann");
    thread = text("t");
    id = text(request_id);

    ngx_memzero(c, sizeof(ngx_thread_ws_claim_t));

    return ngx_thread_ws_registry_claim(c, &owner, &thread, &id, &test_log);
}


static void
registry(void)
{
    int                     status;
    pid_t                   pid;
    char                    id[32];
    ngx_uint_t              i, n;
    ngx_thread_ws_claim_t   a, b, c, *many;

    zone(SIZE);

    ok(claim(&a, "r1") == NGX_OK && ngx_thread_ws_registry_holds(&a),
       "a claim stands");
    ok(claim(&b, "r2") == NGX_OK && ngx_thread_ws_registry_holds(&a),
       "beside another");
    ok(claim(&c, "r1") == NGX_BUSY && ngx_thread_ws_registry_holds(&c)
       && !ngx_thread_ws_registry_holds(&a), "until it is taken over");

    ngx_thread_ws_registry_release(&a);
    ok(ngx_thread_ws_registry_holds(&c), "the older one's release is nothing");

    a = c;
    ngx_thread_ws_registry_release(&c);
    ok(!ngx_thread_ws_registry_holds(&a), "a released claim does not stand");
    ok(claim(&c, "r1") == NGX_OK && !ngx_thread_ws_registry_holds(&a),
       "nor when the id is claimed again");

    pid = fork();

    if (pid == 0) {
        ngx_pid = ngx_getpid();
        _exit(claim(&a, "r2") == NGX_BUSY && claim(&a, "r3") == NGX_OK);
    }

    waitpid(pid, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 1
       && !ngx_thread_ws_registry_holds(&b), "another process takes it over");
    ok(claim(&a, "r3") == NGX_OK && claim(&b, "r2") == NGX_OK,
       "what a dead process held is free");

    pid = fork();

    if (pid == 0) {
        ngx_pid = ngx_getpid();

        for (i = 0; ; i++) {
            sprintf(id, "dead%d", (int) i);

            if (claim(&a, id) != NGX_OK) {
                _exit(i > 100);
            }
        }
    }

    waitpid(pid, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 1,
       "a full registry refuses");

    now.sec++;

    many = calloc(100000, sizeof(ngx_thread_ws_claim_t));

    for (n = 0; n < 100000; n++) {
        sprintf(id, "many%d", (int) n);

        if (claim(&many[n], id) != NGX_OK) {
            break;
        }
    }

    ok(n > 1000 && n < 100000, "dead processes do not fill it for ever");
    ok(ngx_thread_ws_registry_holds(&many[n]), "a refused claim stands");

    for (i = 0; i < n; i++) {
        ngx_thread_ws_registry_release(&many[i]);
    }

    for (i = 0; i < n; i++) {
        sprintf(id, "again%d", (int) i);

        if (claim(&many[i], id) != NGX_OK) {
            break;
        }
    }

    ok(i == n, "all slots come back");
    ok(ngx_thread_ws_registry_holds(&c), "and others were left alone");

    free(many);
}


int
main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IONBF, 0);

    test_cycle.log = &test_log;
    ngx_cycle = &test_cycle;

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

    contract();
    fairness();
    together();
    kills(argc > 1 ? (ngx_uint_t) atoi(argv[1]) : 300);
    registry();

    printf("1..%d\n", (int) tests);

    return failed != 0;
}
