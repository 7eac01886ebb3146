
/*
 * Tapes: what readers read, who makes room for whom, and what becomes of it
 * all when writers, readers and those who need the room are killed (KILLS of
 * them, 150 unless the environment says otherwise).  Every byte of a tape
 * follows from its run's number and from where it stands, and so does its
 * length: each one that is read is held against that.
 */


#include "bare.h"
#include <sys/wait.h>


#define WRITERS  3
#define READERS  2
#define WORKERS  (WRITERS + READERS + 1)
#define FOLLOWED 1000                /* runs */
#define LAST     100                 /* bytes, fewer of which come with the end */
#define FOREVER  20000               /* ms: a wake-up was lost */


/* what the readers have seen, and whether it was right */

typedef struct {
    ngx_atomic_t         bytes;
    ngx_atomic_t         wrong;      /* bytes, */
    ngx_atomic_t         order;      /* or states */
    ngx_atomic_t         whole;      /* tapes, to their ends */
    ngx_atomic_t         gone;
    ngx_atomic_t         lost;
    ngx_atomic_t         written;
    ngx_atomic_t         cut;
    ngx_atomic_t         stored;
    ngx_atomic_t         refused;    /* appends of the store */
} seen_t;


static void reading(void);
static void limits(void);
static void eviction(void);
static void store_first(void);
static void following(void);
static void speaks(void);
static void follows(void);
static void nothing(ngx_uint_t topic);
static void storm(void);
static pid_t work(ngx_uint_t me);
static void writes(ngx_uint_t me, ngx_uint_t i);
static void reads(ngx_uint_t i);
static void reads_run(const char *name, ngx_thread_ws_claim_t *ref);
static ngx_uint_t goes_on(const char *name, ngx_thread_ws_claim_t *ref);
static void ends(ngx_thread_ws_claim_t *claim, size_t len);
static void stores(ngx_uint_t i);
static ngx_int_t begin(ngx_thread_ws_claim_t *claim, const char *name,
    const char *id);
static ngx_int_t writes_some(ngx_thread_ws_claim_t *claim, size_t offset,
    size_t len);
static ngx_int_t fills(ngx_thread_ws_claim_t *claim, size_t len, size_t step);
static ngx_uint_t right(uint64_t number, u_char *p, size_t offset, size_t len);
static size_t length_of(uint64_t number);
static u_char byte_at(uint64_t number, size_t offset);


static seen_t     *seen;
static ngx_log_t   nolog;
static u_char      buf[65536];


#define state_of(claim)       ngx_thread_ws_registry_state(claim)
#define ACTIVE                NGX_THREAD_WS_REGISTRY_ACTIVE
#define ENDED                 NGX_THREAD_WS_REGISTRY_ENDED
#define GONE                  NGX_THREAD_WS_REGISTRY_GONE
#define LOST                  NGX_THREAD_WS_REGISTRY_LOST

#define end(claim)                                                            \
    ngx_thread_ws_registry_end(claim, &nothing_more, 1, 10)


int
main(void)
{
    bare();

    seen = mmap(NULL, sizeof(seen_t), PROT_READ|PROT_WRITE,
                MAP_ANON|MAP_SHARED, -1, 0);

    reading();
    limits();
    eviction();
    store_first();
    following();
    storm();

    return unit_done();
}


static void
reading(void)
{
    size_t                     n, offset, step;
    ssize_t                    len;
    ngx_uint_t                 good;
    ngx_thread_ws_claim_t      a, copy;
    ngx_thread_ws_tape_pos_t   pos, early, late;

    zone(MEGABYTE);

    (void) begin(&a, "t", "r1");
    ngx_thread_ws_tape_rewind(&pos, &a);

    unit_ok(ngx_thread_ws_tape_read(&pos, buf, 100) == 0
            && ngx_thread_ws_tape_left(&pos) == 0, "a tape begins empty");

    offset = 0;
    good = 1;

    /* a reader takes what comes, in another measure */

    for (n = 1; n < 700; n += 3) {
        good &= writes_some(&a, offset, n) == NGX_OK;
        offset += n;

        good &= ngx_thread_ws_tape_left(&pos) == offset - pos.offset;

        step = pos.offset;
        len = ngx_thread_ws_tape_read(&pos, buf, n % 2 ? n / 2 : n * 2);

        good &= len >= 0 && right(a.generation, buf, step, len);
    }

    unit_ok(good && offset > 80000, "what is appended is read, in order");

    early = pos;
    copy = a;
    n = 1 + (offset - NGX_THREAD_WS_TAPE_FIRST + NGX_THREAD_WS_TAPE_REST - 1)
            / NGX_THREAD_WS_TAPE_REST;
    unit_ok(ngx_thread_ws_tape_length(&a) == offset, "its length is known");

    ngx_thread_ws_tape_rewind(&late, &copy);
    end(&a);
    unit_int(shelf->pool->ntape, n, "at its end it takes what it needs");

    for (good = 1; (len = ngx_thread_ws_tape_read(&late, buf, 7777)) > 0; ) {
        good &= right(copy.generation, buf, late.offset - len, len);
    }

    unit_ok(good && len == 0 && late.offset == offset
            && state_of(&copy) == ENDED, "who comes after its end reads all");

    n = early.offset;
    len = ngx_thread_ws_tape_read(&early, buf, sizeof(buf));
    unit_ok(len > 0 && right(copy.generation, buf, n, len)
            && early.offset == offset, "who was slow, the rest");

    unit_ok(ngx_thread_ws_tape_append(&copy, buf, 1, &nolog) == NGX_DECLINED,
            "it grows no more");

    unit_int(marks("ann", "t"), 0, "its thread is deleted");
    unit_ok(ngx_thread_ws_tape_read(&late, buf, 1) == NGX_ERROR
            && ngx_thread_ws_tape_left(&late) == 0
            && ngx_thread_ws_tape_length(&copy) == 0, "then it is gone");
    unit_ok(clean() && shelf->pool->ntape == 0, "with all its blocks");
}


static void
limits(void)
{
    size_t                     quarter;
    ngx_thread_ws_claim_t      a, b, copy;
    ngx_thread_ws_tape_pos_t   pos;

    zone(MEGABYTE);

    quarter = shelf->pool->nblocks / 4 * NGX_THREAD_WS_TAPE_REST - 1000;

    (void) begin(&a, "t", "r1");
    unit_ok(fills(&a, quarter, 1000) == NGX_OK,
            "a tape may have a quarter of the blocks");

    ngx_thread_ws_tape_rewind(&pos, &a);
    (void) ngx_thread_ws_tape_read(&pos, buf, 100);

    unit_ok(writes_some(&a, quarter, 10000) == NGX_DECLINED,
            "more is refused");
    unit_ok(ngx_thread_ws_tape_read(&pos, buf, 100) == NGX_ERROR
            && writes_some(&a, quarter, 1) == NGX_DECLINED
            && state_of(&a) == ACTIVE, "it is cut, for good; the run goes on");
    unit_ok(clean() && shelf->pool->ntape == 1 && shelf->pool->cut == 1,
            "and its blocks are free");

    (void) begin(&b, "t", "r2");
    unit_ok(!ngx_thread_ws_registry_first(&b), "it is known, and waited for");
    ngx_thread_ws_registry_release(&b);

    copy = a;
    end(&a);
    unit_ok(state_of(&copy) == GONE && shelf->pool->ntape == 0 && clean(),
            "until its end");
}


static void
eviction(void)
{
    size_t                  size;
    ngx_int_t               rc;
    ngx_uint_t              i, n;
    char                    id[32];
    ngx_thread_ws_claim_t   a[4], ended[10];

    zone(MEGABYTE);

    size = shelf->pool->nblocks / 16 * NGX_THREAD_WS_TAPE_REST;

    for (i = 0; i < 10; i++) {
        sprintf(id, "r%d", (int) i);
        (void) begin(&a[0], id, id);
        (void) fills(&a[0], size, 500);
        ended[i] = a[0];
        end(&a[0]);
    }

    n = 0;

    while (ngx_thread_ws_blocks_available(shelf->pool) > 20) {
        sprintf(id, "s%d", (int) n++);
        (void) append("ann", id, "r1", 2000, 0, NULL);
    }

    unit_ok(n > 50 && shelf->pool->evicted == 0 && evicted == 0,
            "the store and tapes fill the zone");

    (void) begin(&a[0], "live", "r1");
    (void) fills(&a[0], size * 2, 500);

    for (i = 0; i < 10 && state_of(&ended[i]) == GONE; i++) { /* void */ }

    n = i;

    for ( /* void */ ; i < 10 && state_of(&ended[i]) == ENDED; i++) {
        /* void */
    }

    unit_ok(i == 10 && n >= 2 && n <= 3 && shelf->pool->evicted == n
            && evicted == 0,
            "for a tape those that ended longest ago go first");

    for (i = 1; i < 4; i++) {
        sprintf(id, "live%d", (int) i);
        (void) begin(&a[i], id, "r1");
        rc = fills(&a[i], size * 3, 500);
        unit_ok(i == 3 || rc == NGX_OK, "another active one");
    }

    unit_ok(shelf->pool->nended == 0 && evicted > 0 && named == evicted,
            "then the store's threads, and that is told");
    unit_ok(state_of(&a[0]) == ACTIVE && shelf->pool->ntape
            <= shelf->pool->nblocks - shelf->pool->nblocks / 4 && clean(),
            "a quarter stays the store's");

    for (i = 0; i < 20; i++) {
        sprintf(id, "more%d", (int) i);
        (void) begin(&a[i % 4], id, "r1");
        (void) fills(&a[i % 4], size, 500);
    }

    unit_ok(shelf->pool->cut > 0 && shelf->pool->ntape
            <= shelf->pool->nblocks - shelf->pool->nblocks / 4 && clean(),
            "however many there are");

    size = shelf->pool->nblocks / 9 * NGX_THREAD_WS_TAPE_REST;
    unit_ok(append("ann", "large", "r1", size, 0, NULL)->status == NGX_OK,
            "whose largest runs find room among active ones");

    unit_ok(clean(), "all is sound");
}


static void
store_first(void)
{
    ngx_uint_t              i;
    char                    id[32];
    ngx_thread_ws_claim_t   a;

    zone(MEGABYTE);

    (void) append("ann", "first", "r1", 2000, 0, NULL);

    for (i = 0; ngx_thread_ws_blocks_available(shelf->pool) > 200; i++) {
        sprintf(id, "s%d", (int) i);
        (void) append("ann", id, "r1", 2000, 0, NULL);
    }

    for (i = 0; i < 3; i++) {
        sprintf(id, "r%d", (int) i);
        (void) begin(&a, id, id);
        (void) fills(&a, 15000, 500);
        end(&a);
    }

    for (i = 0; i < 10; i++) {
        sprintf(id, "more%d", (int) i);
        (void) append("ann", id, "r1", 2000, 0, NULL);
    }

    unit_ok(shelf->pool->evicted > 0 && evicted == 0
            && load("ann", "first", "r1", 0, 0, 0, 0)->found != NULL,
            "a run to be stored takes the room of tapes before threads'");
    unit_ok(clean(), "all is sound");
}


/*
 * One speaks, and tells of it only where somebody has said that he hears; one
 * hears, and waits for nothing but to be told.
 */

static void
following(void)
{
    int    status[2];
    pid_t  pids[2];

    zone(4 * MEGABYTE);
    ngx_thread_ws_wake_init_module(&nolog, 2);
    ngx_memzero(seen, sizeof(seen_t));

    pids[0] = fork();

    if (pids[0] == 0) {
        follows();
    }

    pids[1] = fork();

    if (pids[1] == 0) {
        speaks();
    }

    waitpid(pids[0], &status[0], 0);
    waitpid(pids[1], &status[1], 0);

    unit_note("%d pieces told of, %d wake-ups, %d runs heard to the end",
              (int) seen->written, (int) ngx_thread_ws_wake_count(),
              (int) seen->whole);

    unit_ok(status[0] == 0 && status[1] == 0 && seen->whole == FOLLOWED,
            "who hears misses nothing");
    unit_ok(seen->wrong == 0 && seen->order == 0, "and hears it right");
}


static void
speaks(void)
{
    char                   id[32];
    size_t                 offset, len, total;
    ngx_uint_t             i;
    ngx_thread_ws_claim_t  a;

    srandom(1);
    worker_begin(nothing);

    while (seen->stored == 0) {
        sched_yield();
    }

    for (i = 0; i < FOLLOWED; i++) {
        sprintf(id, "r%d", (int) i);
        (void) begin(&a, "t", id);
        ngx_thread_ws_wake_tell(thread("ann", "t")->topic);
        (void) worker_turn(0);

        total = length_of(a.generation) % 9000;

        for (offset = 0; offset < total; offset += len) {
            len = random() % 200 + 1;
            len = ngx_min(len, total - offset);

            (void) writes_some(&a, offset, len);

            if (ngx_thread_ws_registry_followed(&a)) {
                seen->written++;
                ngx_thread_ws_wake_tell(thread("ann", "t")->topic);
            }

            (void) worker_turn(0);
        }

        /* its end is told in any case; here, when all was heard before it */

        while (seen->gone < i + 1 && total) {
            sched_yield();
        }

        end(&a);
        ngx_thread_ws_wake_tell(thread("ann", "t")->topic);
        (void) worker_turn(0);
    }

    worker_end();
    _exit(0);
}


static void
follows(void)
{
    uint64_t                  after;
    size_t                    total, offset;
    ssize_t                   len;
    ngx_uint_t                state;
    ngx_thread_ws_claim_t     a;
    ngx_thread_ws_tape_pos_t  pos;

    worker_begin(nothing);
    ngx_thread_ws_wake_listen(thread("ann", "t")->topic);
    seen->stored = 1;

    for (after = 0; seen->whole < FOLLOWED; after = a.generation) {

        while (ngx_thread_ws_registry_list(thread("ann", "t"), after, &a, 1) == 0) {
            if (worker_turn(FOREVER) == 0) {
                _exit(1);
            }
        }

        ngx_thread_ws_registry_hear(&a);
        ngx_thread_ws_tape_rewind(&pos, &a);

        total = length_of(a.generation) % 9000;

        for ( ;; ) {
            state = state_of(&a);
            offset = pos.offset;

            len = ngx_thread_ws_tape_read(&pos, buf, 1000);

            if (len > 0) {
                seen->wrong += !right(a.generation, buf, offset, len);
                seen->gone += (pos.offset == total);
                continue;
            }

            if (len == NGX_ERROR || state == ENDED) {
                break;
            }

            if (worker_turn(FOREVER) == 0) {
                _exit(1);
            }
        }

        seen->gone += (total == 0);
        seen->order += (pos.offset != total);
        seen->whole++;
    }

    worker_end();
    _exit(0);
}


static void
nothing(ngx_uint_t topic)
{
}


/*
 * Writers, readers and one who stores what takes their room, all at once; and
 * somebody is killed again and again.
 */

static void
storm(void)
{
    pid_t            pids[WORKERS];
    ngx_uint_t       i, k, n, torn;
    struct timespec  ts;

    zone(MEGABYTE);
    ngx_thread_ws_wake_init_module(&nolog, WORKERS);
    ngx_memzero(seen, sizeof(seen_t));
    worker_begin(NULL);

    n = setting("KILLS", 150);
    torn = 0;

    for (i = 0; i < WORKERS; i++) {
        pids[i] = work(i);
    }

    for (k = 0; k < n; k++) {
        ts.tv_sec = 0;
        ts.tv_nsec = random() % 10000000;
        nanosleep(&ts, NULL);

        i = random() % WORKERS;

        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
        (void) ngx_shmtx_force_unlock(&ngx_thread_ws_zone->shpool->mutex,
                                      pids[i]);

        ngx_shmtx_lock(&ngx_thread_ws_zone->shpool->mutex);
        torn += !clean();
        ngx_shmtx_unlock(&ngx_thread_ws_zone->shpool->mutex);

        pids[i] = work(i);
    }

    for (i = 0; i < WORKERS; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
        (void) ngx_shmtx_force_unlock(&ngx_thread_ws_zone->shpool->mutex,
                                      pids[i]);
    }

    unit_note("%d killed, %d rebuilt; %d tapes written, %d cut, %d evicted",
              (int) n, (int) shelf->pool->rebuilt, (int) seen->written,
              (int) seen->cut, (int) shelf->pool->evicted);
    unit_note("%d MB read, %d tapes to their ends, %d gone, %d lost under it; "
              "%d runs stored, %d threads had to go",
              (int) (seen->bytes / MEGABYTE), (int) seen->whole,
              (int) seen->gone, (int) seen->lost, (int) seen->stored,
              (int) shelf->evicted);

    unit_int(seen->wrong, 0, "every byte that was read is right");
    unit_int(seen->order, 0, "and every end");
    unit_int(seen->refused, 0, "the store always found room");
    unit_int(torn, 0, "after every kill the zone is sound");
    unit_ok(seen->bytes > 0 && seen->whole > 0 && seen->gone > 0,
            "tapes were read, and went while they were");

    ngx_thread_ws_registry_sweep();

    /* what the killed ones had can be read for ten minutes */

    for (i = 0; i < 601; i++) {
        tick();
    }

    for (i = 0; i < 6; i++) {
        tick();
        tick();
        tick();
        tick();
        tick();
        ngx_thread_ws_registry_expire();
    }

    unit_ok(shelf->pool->ntape == 0 && shelf->pool->nended == 0 && clean(),
            "and no block is lost");

    worker_end();
}


static pid_t
work(ngx_uint_t me)
{
    pid_t       pid, parent;
    ngx_uint_t  i;

    parent = ngx_getpid();
    pid = fork();

    if (pid) {
        return pid;
    }

    srandom(ngx_getpid());
    worker_begin(NULL);

    for (i = 0; getppid() == parent; i++) {

        if (me < WRITERS) {
            writes(me, i);

        } else if (me < WRITERS + READERS) {
            reads(i);

        } else {
            stores(i);
        }
    }

    _exit(1);
}


static void
writes(ngx_uint_t me, ngx_uint_t i)
{
    char                   name[32], id[32];
    size_t                 offset, len, total, last;
    ngx_thread_ws_claim_t  a;

    sprintf(name, "t%d", (int) (me * 4 + i % 4));
    sprintf(id, "%d-%d", (int) ngx_pid, (int) i);

    if (begin(&a, name, id) != NGX_OK) {
        return;
    }

    total = length_of(a.generation);
    last = ngx_min(total, (size_t) (1 + random() % (LAST - 1)));

    for (offset = 0; offset < total - last; offset += len) {
        len = random() % 2000 + 1;
        len = ngx_min(len, total - last - offset);

        if (writes_some(&a, offset, len) != NGX_OK) {
            (void) ngx_atomic_fetch_add(&seen->cut, 1);
            break;
        }

        if (random() % 8 == 0) {
            sched_yield();
        }
    }

    (void) ngx_atomic_fetch_add(&seen->written, 1);

    if (i % 5) {
        ends(&a, last);

    } else {
        ngx_thread_ws_registry_release(&a);
    }
}


/* the last bytes of the tape come with its end */

static void
ends(ngx_thread_ws_claim_t *claim, size_t len)
{
    size_t     i, offset;
    u_char     bytes[LAST];
    ngx_str_t  last;

    offset = length_of(claim->generation) - len;

    for (i = 0; i < len; i++) {
        bytes[i] = byte_at(claim->generation, offset + i);
    }

    last.data = bytes;
    last.len = ngx_thread_ws_tape_reserve(claim, len, &nolog) == NGX_OK ? len
                                                                        : 0;

    ngx_thread_ws_registry_end(claim, &last, 1, 10);
}


static void
reads(ngx_uint_t i)
{
    char                   name[32];
    ngx_uint_t             n, k;
    ngx_thread_ws_claim_t  refs[40];

    sprintf(name, "t%d", (int) (random() % (WRITERS * 4)));

    n = ngx_thread_ws_registry_list(thread("ann", name), 0, refs, 40);

    for (k = 1; k < n; k++) {
        if (refs[k].generation <= refs[k - 1].generation) {
            (void) ngx_atomic_fetch_add(&seen->order, 1);
        }
    }

    if (n) {
        reads_run(name, &refs[n - 1 - random() % n]);
    }
}


static void
reads_run(const char *name, ngx_thread_ws_claim_t *ref)
{
    size_t                    offset;
    ssize_t                   len;
    ngx_uint_t                state;
    ngx_thread_ws_tape_pos_t  pos;

    ngx_thread_ws_tape_rewind(&pos, ref);

    for ( ;; ) {
        state = state_of(ref);
        offset = pos.offset;

        len = ngx_thread_ws_tape_read(&pos, buf, random() % 5000 + 1);

        if (len == NGX_ERROR) {
            (void) ngx_atomic_fetch_add(&seen->gone, 1);
            return;
        }

        if (!right(ref->generation, buf, offset, len)) {
            (void) ngx_atomic_fetch_add(&seen->wrong, 1);
        }

        (void) ngx_atomic_fetch_add(&seen->bytes, len);

        if (len) {
            if (pos.offset == length_of(ref->generation)
                && goes_on(name, ref))
            {
                (void) ngx_atomic_fetch_add(&seen->order, 1);
            }

            continue;
        }

        switch (state) {

        case ENDED:
            (void) ngx_atomic_fetch_add(&seen->whole, 1);
            seen->order += (pos.offset != length_of(ref->generation));
            return;

        case LOST:
            (void) ngx_atomic_fetch_add(&seen->lost, 1);
            return;

        case GONE:
            return;

        default: /* ACTIVE */
            sched_yield();
        }
    }
}


/* whoever has read the end finds that the run has ended, if he takes the lock */

static ngx_uint_t
goes_on(const char *name, ngx_thread_ws_claim_t *ref)
{
    ngx_thread_ws_claim_t  first;

    (void) ngx_thread_ws_registry_list(thread("ann", name), 0, &first, 1);

    return state_of(ref) == ACTIVE;
}


static void
stores(ngx_uint_t i)
{
    char  owner[32], id[32];

    sprintf(owner, "o%d", (int) (i % 7));
    sprintf(id, "s%d", (int) (i % 50));

    if (append(owner, id, owner, (i * 977) % 20000, 0, NULL)->status
        == NGX_ERROR)
    {
        (void) ngx_atomic_fetch_add(&seen->refused, 1);
    }

    (void) ngx_atomic_fetch_add(&seen->stored, 1);

    if (i % 3 == 0) {
        (void) deletes(owner, id);
    }
}


static ngx_int_t
begin(ngx_thread_ws_claim_t *claim, const char *name, const char *id)
{
    ngx_uint_t                        others;
    ngx_thread_ws_claim_t             ref;
    ngx_thread_ws_registry_message_t  m;

    ngx_memzero(claim, sizeof(ngx_thread_ws_claim_t));

    ngx_memzero(&m, sizeof(ngx_thread_ws_registry_message_t));

    m.thread = thread("ann", name);
    m.request_id.data = (u_char *) id;
    m.request_id.len = ngx_strlen(id);
    ngx_str_set(&m.content, "hello");
    m.busy = NGX_THREAD_WS_REGISTRY_INTERRUPT;
    m.log = &nolog;

    return ngx_thread_ws_registry_submit(claim, &m, &ref, &others);
}


static ngx_int_t
writes_some(ngx_thread_ws_claim_t *claim, size_t offset, size_t len)
{
    size_t         i;
    static u_char  data[65536];

    for (i = 0; i < len; i++) {
        data[i] = byte_at(claim->generation, offset + i);
    }

    return ngx_thread_ws_tape_append(claim, data, len, &nolog);
}


static ngx_int_t
fills(ngx_thread_ws_claim_t *claim, size_t len, size_t step)
{
    size_t  n, offset;

    for (offset = 0; offset < len; offset += n) {
        n = ngx_min(step, len - offset);

        if (writes_some(claim, offset, n) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
right(uint64_t number, u_char *p, size_t offset, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (p[i] != byte_at(number, offset + i)) {
            return 0;
        }
    }

    return 1;
}


/* most are short, some are larger than there is room for */

static size_t
length_of(uint64_t number)
{
    number *= 0x9e3779b97f4a7c15ULL;
    number >>= 40;

    return (number % 16) ? number % 9000 : number % 400000;
}


static u_char
byte_at(uint64_t number, size_t offset)
{
    return (u_char) ((number * 2654435761U + offset * 40503U) >> 7);
}
