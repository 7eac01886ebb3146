
/*
 * Runs with resume in the registry: what a message finds, who is first, what is
 * kept of a run and for how long, and one order of a thread's runs in several
 * processes (RUNS of each policy, 3,000 unless the environment says otherwise),
 * of which some are killed (KILLS, 40).
 */


#include "bare.h"
#include <sys/wait.h>


#define WORKERS  3
#define FOREVER  20000               /* ms: nobody is told any more */


/* the thread's truth, that all processes see */

typedef struct {
    ngx_atomic_t         running;    /* the number of the run that does */
    ngx_atomic_t         last;       /* of the one that has begun last */
    ngx_atomic_t         together;   /* two at once */
    ngx_atomic_t         disorder;   /* an older one after a newer one */
    ngx_atomic_t         begun;
    ngx_atomic_t         cancelled;
    ngx_atomic_t         refused;
    ngx_atomic_t         done;
} truth_t;


static void messages(void);
static void policies(void);
static void kept(void);
static void listed(void);
static void deletion(void);
static void erasure(void);
static void without(void);
static void died(void);
static void full(void);
static void order(ngx_uint_t busy, const char *name);
static void killed(void);
static pid_t work(ngx_uint_t busy, ngx_uint_t n, ngx_uint_t forever);
static void run(ngx_uint_t busy, ngx_uint_t i, ngx_uint_t forever);
static void handler(ngx_uint_t topic);
static ngx_int_t says(ngx_thread_ws_claim_t *claim, const char *id,
    const char *content, ngx_uint_t busy);
static ngx_int_t on(ngx_thread_ws_claim_t *claim, const char *owner,
    const char *name, const char *id, const char *content, ngx_uint_t busy);
static ngx_uint_t finds(const char *id, ngx_thread_ws_claim_t *claim);
static pid_t dies(void);


static truth_t                *truth;
static ngx_thread_ws_claim_t   ref;
static ngx_uint_t              others, queue = 2;
static size_t                  room = 1000;
static ngx_log_t               nolog;


#define INTERRUPT  NGX_THREAD_WS_REGISTRY_INTERRUPT
#define QUEUE      NGX_THREAD_WS_REGISTRY_QUEUE
#define REJECT     NGX_THREAD_WS_REGISTRY_REJECT

#define state_of(claim)       ngx_thread_ws_registry_state(claim)
#define ACTIVE                NGX_THREAD_WS_REGISTRY_ACTIVE
#define ENDED                 NGX_THREAD_WS_REGISTRY_ENDED
#define GONE                  NGX_THREAD_WS_REGISTRY_GONE
#define LOST                  NGX_THREAD_WS_REGISTRY_LOST

#define cancelled(claim)                                                      \
    ngx_thread_ws_registry_marked(claim, NGX_THREAD_WS_REGISTRY_CANCEL)

#define first(claim)          ngx_thread_ws_registry_first(claim)
#define end(claim, done)                                                      \
    ngx_thread_ws_registry_end(claim, &nothing_more, done, 10)


int
main(void)
{
    bare();

    truth = mmap(NULL, sizeof(truth_t), PROT_READ|PROT_WRITE,
                 MAP_ANON|MAP_SHARED, -1, 0);

    messages();
    policies();
    kept();
    listed();
    deletion();
    erasure();
    without();
    died();
    full();

    order(INTERRUPT, "interrupt");
    order(QUEUE, "queue");
    order(REJECT, "reject");
    killed();

    return unit_done();
}


static void
messages(void)
{
    ngx_thread_ws_claim_t  a, b, c, copy;

    zone(MEGABYTE);

    unit_ok(says(&a, "r1", "hello", QUEUE) == NGX_OK && state_of(&a) == ACTIVE
            && first(&a) && !others, "a message's run is active, and first");
    unit_ok(says(&b, "r2", "hello", QUEUE) == NGX_OK && !first(&b)
            && b.generation > a.generation, "another one waits");

    unit_ok(says(&c, "r1", "hello", QUEUE) == NGX_DONE && c.slot == NULL
            && ref.slot == a.slot && ref.generation == a.generation,
            "the same message again finds its run");
    unit_ok(says(&c, "r1", "other", INTERRUPT) == NGX_ABORT && c.slot == NULL
            && !cancelled(&a), "the same id with another text is refused");

    unit_ok(on(&c, "bob", "t", "r1", "hello", REJECT) == NGX_OK && first(&c)
            && c.slot != a.slot, "another owner's thread is another");
    end(&c, 1);

    copy = a;
    end(&a, 1);
    unit_ok(a.slot == NULL && state_of(&copy) == ENDED && first(&b),
            "when it has ended the next one is first");
    unit_ok(says(&c, "r1", "hello", REJECT) == NGX_DONE
            && ref.generation == copy.generation,
            "the message again finds the run that has ended");
    unit_ok(says(&c, "r1", "other", QUEUE) == NGX_OK
            && state_of(&copy) == GONE, "another text begins another run");

    ngx_thread_ws_registry_release(&b);
    ngx_thread_ws_registry_release(&c);

    unit_ok(says(&a, "r3", "hello", REJECT) == NGX_OK, "one that fails");
    copy = a;
    end(&a, 0);
    unit_ok(state_of(&copy) == ENDED && finds("r3", &copy),
            "can be found, too");
    unit_ok(says(&a, "r3", "hello", REJECT) == NGX_OK
            && state_of(&copy) == GONE, "but not instead of another try");

    copy = a;
    ngx_thread_ws_registry_end(&a, &nothing_more, 1, 0);
    unit_ok(state_of(&copy) == GONE && !finds("r3", &copy),
            "what is not to be kept is gone at its end");

    unit_ok(says(&a, "r4", "hello", REJECT) == NGX_OK, "one that is released");
    copy = a;
    ngx_thread_ws_registry_release(&a);
    ngx_thread_ws_registry_end(&copy, &nothing_more, 1, 10);
    unit_ok(!finds("r4", &copy) && clean(), "is gone");
}


static void
policies(void)
{
    ngx_uint_t             i;
    ngx_thread_ws_claim_t  a, b, c, d;

    zone(MEGABYTE);

    (void) says(&a, "r1", "one", REJECT);
    unit_ok(says(&b, "r2", "two", REJECT) == NGX_BUSY && b.slot == NULL,
            "\"reject\" refuses a second run");

    unit_ok(says(&b, "r2", "two", QUEUE) == NGX_OK
            && says(&c, "r3", "three", QUEUE) == NGX_OK
            && says(&d, "r4", "four", QUEUE) == NGX_BUSY,
            "\"queue\" lets so many wait");

    ngx_thread_ws_registry_release(&c);
    room = 8;
    i = (says(&c, "r3", "three", QUEUE) == NGX_OK);
    ngx_thread_ws_registry_release(&c);
    room = 7;
    unit_ok(i && says(&c, "r3", "three", QUEUE) == NGX_BUSY,
            "and so many bytes");
    room = 1000;

    unit_ok(says(&c, "r3", "three", INTERRUPT) == NGX_OK && others
            && cancelled(&a) && cancelled(&b) && !cancelled(&c),
            "\"interrupt\" cancels all others");
    unit_ok(!first(&c), "and waits for their ends");

    unit_ok(says(&d, "r5", "five", REJECT) == NGX_BUSY,
            "it is in others' way");
    unit_ok(ngx_thread_ws_registry_cancel(thread("ann", "t"),
                             &(ngx_str_t) ngx_string("r3"), &ref) == NGX_OK
            && ref.generation == c.generation && cancelled(&c),
            "one is cancelled by name");
    unit_ok(says(&d, "r5", "five", REJECT) == NGX_OK && !first(&d),
            "who is told to end is in nobody's way, but is waited for");

    end(&b, 0);
    end(&c, 0);
    unit_ok(!first(&d), "for the oldest, too");
    end(&a, 0);
    unit_ok(first(&d) && !cancelled(&d), "then the next is first");

    end(&d, 1);
    unit_ok(ngx_thread_ws_registry_cancel(thread("ann", "t"),
                             &(ngx_str_t) ngx_string("r5"), &ref)
            == NGX_DECLINED
            && ngx_thread_ws_registry_cancel(thread("ann", "t"),
                             &(ngx_str_t) ngx_string("r9"), &ref)
               == NGX_DECLINED, "what is not active is not cancelled");
}


static void
kept(void)
{
    char                             id[32];
    ngx_uint_t                       i, n;
    ngx_thread_ws_claim_t            a, refs[100];
    ngx_thread_ws_registry_counts_t  counts;

    zone(MEGABYTE);

    for (i = 0; i < 40; i++) {
        sprintf(id, "r%d", (int) i);
        (void) says(&a, id, "hello", REJECT);
        end(&a, 1);
    }

    n = ngx_thread_ws_registry_list(thread("ann", "t"), 0, refs, 100);

    unit_ok(n == 32 && !finds("r7", &a) && finds("r8", &a)
            && a.generation == refs[0].generation,
            "of a thread the 32 that ended last are kept");

    ngx_thread_ws_registry_counts(&counts);
    unit_ok(counts.ended == 32 && counts.active == 0
            && counts.bytes == 32 * NGX_THREAD_WS_BLOCK, "and counted");

    (void) says(&a, "live", "hello", REJECT);

    for (i = 0; i < 11; i++) {
        tick();
    }

    unit_ok(!finds("r39", &ref) && finds("live", &ref),
            "for some seconds they are found");

    ngx_thread_ws_registry_expire();
    ngx_thread_ws_registry_counts(&counts);
    unit_ok(counts.ended == 0 && counts.active == 1 && clean(),
            "then they go");

    unit_ok(!ngx_thread_ws_registry_followed(&a), "nobody hears a run");
    ngx_thread_ws_registry_hear(&a);
    unit_ok(ngx_thread_ws_registry_heard(&a) == ngx_time()
            && ngx_thread_ws_registry_followed(&a), "somebody does");

    for (i = 0; i < 4; i++) {
        tick();
    }

    unit_ok(ngx_thread_ws_registry_heard(&a) == ngx_time() - 4
            && !ngx_thread_ws_registry_followed(&a),
            "who does not say so again is believed to for some seconds");
    ngx_thread_ws_registry_hear(&a);

    refs[0] = a;
    ngx_thread_ws_registry_release(&a);
    (void) says(&a, "next", "hello", REJECT);
    ngx_thread_ws_registry_hear(&refs[0]);
    unit_ok(a.slot == refs[0].slot && ngx_thread_ws_registry_heard(&a) == 0,
            "but not the one after it");

    ngx_thread_ws_registry_release(&a);
}


static void
listed(void)
{
    ngx_uint_t             i, n, torn;
    ngx_thread_ws_claim_t  c[5], refs[5];

    zone(MEGABYTE);

    (void) says(&c[0], "r0", "a", QUEUE);
    (void) says(&c[1], "r1", "b", QUEUE);
    (void) says(&c[2], "r2", "c", QUEUE);
    (void) on(&c[3], "ann", "other", "r3", "d", QUEUE);

    ref = c[1];
    end(&c[1], 1);
    c[1] = ref;

    for (torn = 0; torn < 2; torn++) {
        n = ngx_thread_ws_registry_list(thread("ann", "t"), 0, refs, 5);

        for (i = 0; i < n && refs[i].generation == c[i].generation; i++) {
            /* void */
        }

        unit_ok(n == 3 && i == 3, "a thread's runs, oldest first%s",
                torn ? ", after a kill" : "");

        ngx_thread_ws_zone->sh->registry->torn = 1;
        shelf->pool->torn = 1;
    }

    n = ngx_thread_ws_registry_list(thread("ann", "t"), 0, refs, 2);
    unit_ok(n == 2 && refs[0].generation == c[0].generation
            && refs[1].generation == c[1].generation,
            "the oldest where there are too many");

    n = ngx_thread_ws_registry_list(thread("ann", "t"), c[1].generation, refs,
                                    5);
    unit_ok(n == 1 && refs[0].generation == c[2].generation,
            "those that are newer than one");
    unit_ok(ngx_thread_ws_registry_list(thread("eve", "t"), 0, refs, 5) == 0,
            "none of another owner");
    unit_ok(clean(), "all is sound");
}


static void
erasure(void)
{
    ngx_thread_ws_claim_t  a, b, c, d, over;

    zone(MEGABYTE);

    (void) says(&a, "r1", "a", QUEUE);
    over = a;
    end(&a, 1);

    (void) says(&b, "r2", "b", QUEUE);
    (void) on(&c, "ann", "other", "r1", "c", QUEUE);
    (void) on(&d, "bob", "t", "r1", "d", QUEUE);

    ngx_shmtx_lock(&ngx_thread_ws_zone->shpool->mutex);
    ngx_thread_ws_registry_erase(thread("ann", "")->number);
    ngx_shmtx_unlock(&ngx_thread_ws_zone->shpool->mutex);

    unit_ok(ngx_thread_ws_registry_deleted(&b)
            && ngx_thread_ws_registry_deleted(&c)
            && !ngx_thread_ws_registry_deleted(&d) && state_of(&over) == GONE,
            "all of a user's runs are told, of whatever thread");

    end(&b, 1);
    end(&c, 1);
    end(&d, 1);
    unit_ok(clean(), "and nothing stays torn");
}


static void
deletion(void)
{
    ngx_thread_ws_claim_t  a, b, c, copy;

    zone(MEGABYTE);

    (void) says(&a, "r1", "a", QUEUE);
    copy = a;
    end(&a, 1);

    (void) says(&b, "r2", "b", QUEUE);
    (void) on(&c, "bob", "t", "r1", "c", QUEUE);

    unit_ok(marks("ann", "t") == 1 && ngx_thread_ws_registry_deleted(&b)
            && !ngx_thread_ws_registry_deleted(&c) && state_of(&copy) == GONE,
            "a deleted thread's run is told, what has ended is gone");

    ref = b;
    end(&b, 1);
    unit_ok(state_of(&ref) == ENDED && ngx_thread_ws_registry_deleted(&ref)
            && ngx_thread_ws_registry_list(thread("ann", "t"), 0, &a, 1) == 0
            && !finds("r2", &a) && marks("ann", "t") == 0 && clean(),
            "its end can be read by those who know of it, and by nobody else");

    copy = ref;
    unit_ok(says(&b, "r2", "b", REJECT) == NGX_OK && state_of(&copy) == GONE,
            "until the id is used again");
    ngx_thread_ws_registry_release(&b);

    unit_ok(ngx_thread_ws_registry_stop(&(ngx_str_t) ngx_string("bob"),
                                        &(ngx_str_t) ngx_string("t")) == 1
            && ngx_thread_ws_registry_marked(&c, NGX_THREAD_WS_REGISTRY_STOP),
            "so it is where an agent's server has the thread");

    end(&c, 1);
}


/* where resume is on in one location, and off in another */

static void
without(void)
{
    u_char                    buf[16];
    ngx_thread_ws_claim_t     a, b, c;
    ngx_thread_ws_tape_pos_t  pos;

    zone(MEGABYTE);

    (void) claims(&a, "ann", "t", "r1");
    unit_ok(says(&b, "r2", "b", REJECT) == NGX_OK && first(&b),
            "a run without resume is in nobody's way");
    ngx_thread_ws_registry_release(&b);

    unit_ok(says(&b, "r1", "b", REJECT) == NGX_OK
            && !ngx_thread_ws_registry_holds(&a), "and is taken over");
    ngx_thread_ws_registry_release(&a);

    (void) ngx_thread_ws_tape_append(&b, (u_char *) "text", 4, &nolog);
    ngx_thread_ws_tape_rewind(&pos, &b);

    unit_ok(claims(&c, "ann", "t", "r1") == NGX_BUSY
            && ngx_thread_ws_registry_holds(&c)
            && !ngx_thread_ws_registry_holds(&b),
            "one with resume is, too");
    unit_ok(ngx_thread_ws_tape_append(&b, (u_char *) "more", 4, &nolog)
            == NGX_OK
            && ngx_thread_ws_tape_read(&pos, buf, 16) == 8,
            "but its tape is its own");

    ref = b;
    end(&b, 1);
    unit_ok(state_of(&ref) == GONE && ngx_thread_ws_registry_holds(&c),
            "until it ends");

    ngx_thread_ws_registry_release(&c);

    (void) says(&b, "r1", "b", REJECT);
    end(&b, 1);
    unit_ok(claims(&c, "ann", "t", "r1") == NGX_OK && !finds("r1", &ref),
            "one that has ended is no more");

    ngx_thread_ws_registry_release(&c);
    unit_ok(clean(), "all is sound");
}


static void
died(void)
{
    pid_t                            pid;
    ngx_uint_t                       i;
    ngx_thread_ws_claim_t            a, refs[2];
    ngx_thread_ws_registry_counts_t  counts;

    zone(MEGABYTE);
    ngx_thread_ws_wake_init_module(&nolog, 1);
    worker_begin(NULL);

    pid = dies();

    (void) finds("dead", &refs[0]);
    unit_ok(state_of(&refs[0]) == ACTIVE
            && says(&a, "r2", "a", QUEUE) == NGX_OK
            && !first(&a), "another worker's run is waited for");

    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);

    unit_int(state_of(&refs[0]), LOST, "until it is killed");
    unit_ok(first(&a) && state_of(&refs[0]) == LOST, "and then no more");
    ngx_thread_ws_registry_release(&a);

    unit_ok(finds("dead", &ref) && state_of(&ref) == LOST
            && ngx_thread_ws_registry_cancel(thread("ann", "t"),
                             &(ngx_str_t) ngx_string("dead"), &ref)
               == NGX_DECLINED,
            "who asks for it by its name finds that it is lost");

    pid = dies();
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);

    unit_ok(says(&a, "dead", "dead", REJECT) == NGX_OK
            && state_of(&refs[0]) == GONE,
            "the same message begins again");
    ngx_thread_ws_registry_release(&a);

    pid = dies();
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);

    unit_ok(ngx_thread_ws_registry_list(thread("ann", "t"), 0, refs, 2) == 1
            && state_of(&refs[0]) == LOST,
            "it is listed as lost");

    (void) marks("ann", "t");

    unit_int(state_of(&refs[0]), GONE, "until its thread is deleted");

    pid = dies();
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);

    (void) marks("ann", "t");

    unit_ok(!finds("dead", &ref), "also by who has not seen that it is");

    pid = dies();
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);

    ngx_thread_ws_registry_sweep();
    ngx_thread_ws_registry_counts(&counts);
    unit_ok(counts.active == 0 && counts.ended == 1 && clean(),
            "at a worker's start what dead ones had has ended");

    for (i = 0; i <= 600; i++) {
        tick();
    }

    ngx_thread_ws_registry_expire();
    ngx_thread_ws_registry_counts(&counts);
    unit_ok(counts.ended == 0 && counts.bytes == 0 && clean(),
            "which can be read for ten minutes");

    /* a pid may be given again */

    pid = dies();
    (void) finds("dead", &ref);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);

    ref.slot->pid = ngx_pid;
    unit_int(state_of(&ref), ACTIVE, "whose pid there is does not tell");

    pid = fork();

    if (pid == 0) {
        worker_begin(NULL);
        _exit(0);
    }

    waitpid(pid, NULL, 0);
    unit_int(state_of(&ref), LOST, "whose place is another's is dead");

    ngx_thread_ws_registry_sweep();
    ngx_thread_ws_registry_counts(&counts);
    unit_ok(state_of(&ref) == LOST && counts.ended == 1 && clean(),
            "and has ended");

    worker_end();
}


/* runs "dead", and waits to be killed */

static pid_t
dies(void)
{
    pid_t                  pid;
    ngx_thread_ws_claim_t  a;

    truth->done = 0;
    pid = fork();

    if (pid == 0) {
        worker_begin(NULL);

        (void) says(&a, "dead", "dead", QUEUE);
        (void) ngx_thread_ws_tape_append(&a, (u_char *) "text", 4, &nolog);
        truth->done = 1;

        for ( ;; ) {
            pause();
        }
    }

    while (truth->done == 0) {
        sched_yield();
    }

    return pid;
}


static void
full(void)
{
    char                    id[32];
    ngx_int_t               rc;
    ngx_uint_t              i, n;
    ngx_thread_ws_claim_t   a, *many;

    zone(MEGABYTE);

    many = calloc(100000, sizeof(ngx_thread_ws_claim_t));
    rc = NGX_OK;

    for (i = 0; i < 100000 && rc == NGX_OK; i++) {
        sprintf(id, "t%d", (int) i);
        rc = on(&a, "ann", id, "r1", "hello", REJECT);
        end(&a, 1);
    }

    unit_int(rc, NGX_OK, "runs that have ended make room for others");
    unit_ok(shelf->pool->evicted > 90000 && clean(), "the oldest of them");

    for (i = 0; i < 100000; i++) {
        sprintf(id, "u%d", (int) i);

        if (on(&many[i], "ann", id, "r1", "hello", REJECT) != NGX_OK) {
            break;
        }
    }

    unit_ok(i > 1000 && i < 100000, "active ones are %d at most", (int) i);
    unit_ok(first(&many[0]) && clean() && shelf->pool->nended == 0,
            "for which all others went");

    for (n = 0; n < i; n++) {
        end(&many[n], 1);
    }

    unit_ok(clean(), "and which end well");

    free(many);
}


/*
 * Each of some processes says something, again and again, and what is first
 * runs: one at a time, in the order in which they came.
 */

static void
order(ngx_uint_t busy, const char *name)
{
    int         status;
    pid_t       pids[WORKERS];
    ngx_uint_t  i, n, failed;

    zone(MEGABYTE);
    ngx_thread_ws_wake_init_module(&nolog, WORKERS);
    ngx_memzero(truth, sizeof(truth_t));

    n = setting("RUNS", 3000);

    for (i = 0; i < WORKERS; i++) {
        pids[i] = work(busy, n, 0);
    }

    for (i = 0, failed = 0; i < WORKERS; i++) {
        waitpid(pids[i], &status, 0);
        failed += !WIFEXITED(status) || WEXITSTATUS(status);
    }

    unit_note("%d begun, %d cancelled before, %d refused",
              (int) truth->begun, (int) truth->cancelled,
              (int) truth->refused);

    unit_int(failed, 0, "\"%s\": nobody waits for ever", name);
    unit_int(truth->together, 0, "one runs at a time");
    unit_int(truth->disorder, 0, "in the order in which they came");
    unit_ok(truth->begun + truth->cancelled + truth->refused == WORKERS * n
            && truth->begun > 0 && clean(), "and all of them came to an end");
}


/* who is killed holds nobody up; what he had is noticed by looking */

static void
killed(void)
{
    int              status;
    pid_t            pids[WORKERS];
    ngx_uint_t       i, k, n, failed, torn;
    struct timespec  ts;

    zone(MEGABYTE);
    ngx_thread_ws_wake_init_module(&nolog, WORKERS);
    ngx_memzero(truth, sizeof(truth_t));

    worker_begin(NULL);

    n = setting("KILLS", 40);
    torn = 0;

    for (i = 0; i < WORKERS; i++) {
        pids[i] = work(i, 0, 1);
    }

    for (k = 0; k < n; k++) {
        ts.tv_sec = 0;
        ts.tv_nsec = random() % 3000000;
        nanosleep(&ts, NULL);

        i = k % WORKERS;

        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
        (void) ngx_shmtx_force_unlock(&ngx_thread_ws_zone->shpool->mutex,
                                      pids[i]);

        ngx_thread_ws_wake_tell(thread("ann", "t")->topic);
        (void) worker_turn(0);

        ngx_shmtx_lock(&ngx_thread_ws_zone->shpool->mutex);
        torn += !clean();
        ngx_shmtx_unlock(&ngx_thread_ws_zone->shpool->mutex);

        pids[i] = work(i, 0, 1);
    }

    truth->done = 1;

    for (i = 0, failed = 0; i < WORKERS; i++) {
        ngx_thread_ws_wake_tell(thread("ann", "t")->topic);
        (void) worker_turn(0);

        waitpid(pids[i], &status, 0);
        failed += !WIFEXITED(status) || WEXITSTATUS(status);
    }

    ngx_thread_ws_registry_sweep();

    unit_note("%d runs, %d workers killed, %d rebuilt", (int) truth->begun,
              (int) n, (int) shelf->pool->rebuilt);

    unit_int(failed, 0, "among workers that are killed nobody waits for ever");
    unit_int(truth->together, 0, "one runs at a time");
    unit_int(torn, 0, "and all stays sound");

    worker_end();
}


static pid_t
work(ngx_uint_t busy, ngx_uint_t n, ngx_uint_t forever)
{
    pid_t       pid, parent;
    ngx_uint_t  i;

    parent = ngx_getpid();
    pid = fork();

    if (pid) {
        return pid;
    }

    srandom(ngx_getpid());
    worker_begin(handler);

    queue = 1000;
    ngx_thread_ws_wake_listen(thread("ann", "t")->topic);

    for (i = 0;
         getppid() == parent && (forever ? !truth->done : i < n);
         i++)
    {
        run(busy, i, forever);
    }

    worker_end();
    _exit(0);
}


static void
run(ngx_uint_t busy, ngx_uint_t i, ngx_uint_t forever)
{
    char                   id[32];
    ngx_uint_t             topic;
    ngx_atomic_uint_t      before;
    ngx_thread_ws_claim_t  a;

    topic = thread("ann", "t")->topic;

    sprintf(id, "%d-%d", (int) ngx_pid, (int) i);

    if (says(&a, id, "hello", busy) != NGX_OK) {
        (void) ngx_atomic_fetch_add(&truth->refused, 1);
        return;
    }

    if (others) {
        ngx_thread_ws_wake_tell(topic);
    }

    (void) worker_turn(0);

    while (!cancelled(&a) && !first(&a)) {
        if (worker_turn(FOREVER) == 0) {
            _exit(1);
        }
    }

    if (first(&a)) {
        (void) ngx_atomic_fetch_add(&truth->begun, 1);

        before = truth->running;

        if (before && kill((pid_t) before, 0) == -1) {
            before = 0;
            truth->running = 0;
        }

        if (before || !ngx_atomic_cmp_set(&truth->running, 0,
                                          (ngx_atomic_uint_t) ngx_pid))
        {
            (void) ngx_atomic_fetch_add(&truth->together, 1);
        }

        truth->disorder += (truth->last > a.generation);
        truth->last = a.generation;

        (void) ngx_thread_ws_tape_append(&a, (u_char *) id, ngx_strlen(id),
                                         &nolog);
        sched_yield();

        (void) ngx_atomic_cmp_set(&truth->running,
                                  (ngx_atomic_uint_t) ngx_pid, 0);

    } else {
        (void) ngx_atomic_fetch_add(&truth->cancelled, 1);
    }

    if (i % 2) {
        ngx_thread_ws_registry_end(&a, &nothing_more, 1, 10);

    } else {
        ngx_thread_ws_registry_release(&a);
    }

    ngx_thread_ws_wake_tell(topic);
    (void) worker_turn(0);
}


static void
handler(ngx_uint_t topic)
{
}


static ngx_int_t
says(ngx_thread_ws_claim_t *claim, const char *id, const char *content,
    ngx_uint_t busy)
{
    return on(claim, "ann", "t", id, content, busy);
}


static ngx_int_t
on(ngx_thread_ws_claim_t *claim, const char *owner, const char *name,
    const char *id, const char *content, ngx_uint_t busy)
{
    ngx_thread_ws_registry_message_t  m;

    ngx_memzero(&m, sizeof(ngx_thread_ws_registry_message_t));

    m.owner = thread(owner, "")->number;
    m.thread = thread(owner, name);
    m.request_id.data = (u_char *) id;
    m.request_id.len = ngx_strlen(id);
    m.content.data = (u_char *) content;
    m.content.len = ngx_strlen(content);
    m.busy = busy;
    m.queue = queue;
    m.size = room;
    m.log = &nolog;

    ngx_memzero(claim, sizeof(ngx_thread_ws_claim_t));
    ngx_memzero(&ref, sizeof(ngx_thread_ws_claim_t));

    return ngx_thread_ws_registry_submit(claim, &m, &ref, &others);
}


static ngx_uint_t
finds(const char *id, ngx_thread_ws_claim_t *claim)
{
    ngx_str_t  s;

    s.data = (u_char *) id;
    s.len = ngx_strlen(id);

    return ngx_thread_ws_registry_find_run(thread("ann", "t"), &s, claim)
           == NGX_OK;
}
