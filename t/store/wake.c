
/*
 * Wake-ups between workers: who is told what, whose place it is, and that
 * nothing is lost, however many tell each other at once (TELLS each, 20,000
 * unless the environment says otherwise) and whoever is killed at it (KILLS of
 * them, 40).  Once with what the master makes, once with pipes.
 */


#include "bare.h"
#include <poll.h>
#include <sys/wait.h>


#define TOPICS    7
#define LAST      TOPICS              /* the topic that says: look again */
#define WORKERS   4
#define FOREVER   20000               /* ms: a wake-up was lost */


/* the last one to publish is whoever is no worker of those */

typedef struct {
    ngx_atomic_t         published[WORKERS + 1][TOPICS];
    ngx_atomic_t         seen[WORKERS][WORKERS + 1][TOPICS];
    ngx_atomic_t         ready;
    ngx_atomic_t         done;
    ngx_atomic_t         wanted;
    ngx_atomic_t         calls;
    ngx_atomic_t         taken[NGX_THREAD_WS_WAKE_WORKERS + 1];
    ngx_atomic_t         refused;
} board_t;


static void places(void);
static void told(void);
static void storm(ngx_uint_t pipes);
static void kills(void);
static pid_t work(ngx_uint_t me, ngx_uint_t tells);
static void some(ngx_uint_t me);
static ngx_uint_t up_to_date(ngx_uint_t me);
static pid_t victim(void);
static ngx_uint_t finish(pid_t *pids, ngx_uint_t n);
static void fresh(void);
static void use_pipes(void);
static void handler(ngx_uint_t topic);
static ngx_uint_t in_child(void (*f)(void));
static pid_t stays(void);
static void takes_a_place(void);
static void told_from_there(void);


static board_t     *board;
static ngx_uint_t   self, calls[NGX_THREAD_WS_WAKE_TOPICS];
static uint32_t     listened;


int
main(void)
{
    bare();

    board = mmap(NULL, sizeof(board_t), PROT_READ|PROT_WRITE,
                 MAP_ANON|MAP_SHARED, -1, 0);

    places();
    told();
    storm(0);
    storm(1);
    kills();

    return unit_done();
}


static void
fresh(void)
{
    static ngx_log_t  log;

    ngx_memzero(board, sizeof(board_t));

    zone(MEGABYTE);

    ngx_thread_ws_wake_init_module(&log, 1);
}


static void
places(void)
{
    pid_t                  pids[NGX_THREAD_WS_WAKE_WORKERS];
    ngx_uint_t             i, n, place, generation;
    ngx_thread_ws_wake_t  *wake;

    fresh();

    wake = ngx_thread_ws_zone->sh->wake;
    n = wake->nworkers;

    unit_ok(n >= 16 && n <= wake->most, "the master has made descriptors");

    fresh();
    wake = ngx_thread_ws_zone->sh->wake;
    unit_int(wake->nworkers, n, "another zone has others");

    for (i = 0; i < n; i++) {
        pids[i] = stays();
    }

    while (board->done < n) {
        sched_yield();
    }

    for (i = 0; i < n && board->taken[i] == 1; i++) { /* void */ }

    unit_int(i, n, "each worker has a place of its own");

    unit_ok(in_child(takes_a_place) == 0 && board->refused == 1,
            "where all are taken one more has none");

    generation = wake->workers[3].generation;
    unit_ok(ngx_thread_ws_wake_alive(3, generation), "they are alive");

    for (i = 0; i < n; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }

    unit_ok(!ngx_thread_ws_wake_alive(3, generation)
            && ngx_thread_ws_wake_generation(3) == generation,
            "until they are killed");

    worker_begin(NULL);
    place = ngx_thread_ws_wake_self(&generation);

    unit_ok(place == 0 && generation == 2
            && ngx_thread_ws_wake_alive(place, generation)
            && !ngx_thread_ws_wake_alive(place, 1),
            "a dead one's place is taken by another generation");

    for (i = 1; i < n && wake->workers[i].pid == 0; i++) { /* void */ }

    unit_int(i, n, "and all who were dead are buried");

    worker_end();

    unit_int(wake->workers[place].pid, 0, "what is given back is free");
}


static pid_t
stays(void)
{
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        takes_a_place();

        for ( ;; ) {
            pause();
        }
    }

    return pid;
}


static void
takes_a_place(void)
{
    ngx_uint_t  place, generation;

    worker_begin(NULL);

    place = ngx_thread_ws_wake_self(&generation);

    if (place == NGX_THREAD_WS_WAKE_NONE) {
        board->refused = 1;
        _exit(0);
    }

    (void) ngx_atomic_fetch_add(&board->taken[place], 1);
    (void) ngx_atomic_fetch_add(&board->done, 1);
}


static void
told(void)
{
    ngx_uint_t  writes;

    fresh();

    worker_begin(handler);

    ngx_thread_ws_wake_listen(1);
    ngx_thread_ws_wake_listen(2);
    ngx_thread_ws_wake_listen(2);
    ngx_thread_ws_wake_listen(3);
    ngx_thread_ws_wake_unlisten(2);
    ngx_thread_ws_wake_unlisten(3);

    ngx_memzero(calls, sizeof(calls));

    ngx_thread_ws_wake_tell(1);
    unit_ok(worker_turn(0) == 0 && calls[1] == 0, "nobody wakes himself");

    unit_int(in_child(told_from_there), 0, "another worker tells");
    writes = ngx_thread_ws_wake_count();

    unit_ok(worker_turn(FOREVER) && calls[1] == 1 && calls[2] == 1
            && calls[3] == 0 && calls[4] == 0,
            "what is listened to is called, once, and nothing else");
    unit_int(writes, 1, "with one write");
    unit_ok(worker_turn(0) == 0, "and it is quiet again");

    (void) in_child(told_from_there);
    (void) in_child(told_from_there);
    unit_int(ngx_thread_ws_wake_count(), writes + 1,
             "who has not looked is not written to twice");

    ngx_thread_ws_wake_unlisten(1);
    (void) worker_turn(FOREVER);
    unit_ok(calls[1] == 1 && calls[2] == 2,
            "nor called for what it listens to no more");

    ngx_thread_ws_wake_unlisten(2);
    (void) in_child(told_from_there);
    unit_ok(worker_turn(0) == 0
            && ngx_thread_ws_wake_count() == writes + 1,
            "where nobody listens nobody is written to");

    worker_end();
}


static void
told_from_there(void)
{
    worker_begin(handler);

    ngx_thread_ws_wake_tell(1);
    ngx_thread_ws_wake_tell(2);
    ngx_thread_ws_wake_tell(3);
    ngx_thread_ws_wake_tell(2);
    ngx_thread_ws_wake_tell(4);

    worker_end();
    _exit(0);
}


static void
handler(ngx_uint_t topic)
{
    ngx_uint_t  i;

    calls[topic]++;

    for (i = 0; i <= WORKERS && topic < TOPICS; i++) {
        board->seen[self][i][topic] = board->published[i][topic];
    }
}


/* each tells all others, and comes and goes as a listener */

static void
storm(ngx_uint_t pipes)
{
    pid_t       pids[WORKERS];
    ngx_uint_t  i, n;

    fresh();

    n = setting("TELLS", 20000);

    if (pipes) {
        use_pipes();
    }

    board->wanted = WORKERS;

    for (i = 0; i < WORKERS; i++) {
        pids[i] = work(i, n);
    }

    unit_int(finish(pids, WORKERS), 0, "nothing that was told was lost%s",
             pipes ? ", by pipes" : "");

    unit_note("%d tells, %d writes, %d calls", (int) (WORKERS * n),
              (int) ngx_thread_ws_wake_count(), (int) board->calls);
}


static void
kills(void)
{
    pid_t            pids[WORKERS], dead[2];
    ngx_uint_t       i, k, n;
    struct timespec  ts;

    fresh();

    board->wanted = 1;

    for (i = 0; i < WORKERS; i++) {
        pids[i] = work(i, 0);
    }

    n = setting("KILLS", 40);

    for (i = 0; i < 2; i++) {
        dead[i] = victim();
    }

    for (k = 0; k < n; k++) {
        ts.tv_sec = 0;
        ts.tv_nsec = random() % 2000000;
        nanosleep(&ts, NULL);

        i = k % 2;

        kill(dead[i], SIGKILL);
        waitpid(dead[i], NULL, 0);
        (void) ngx_shmtx_force_unlock(&ngx_thread_ws_zone->shpool->mutex,
                                      dead[i]);

        dead[i] = victim();
    }

    for (i = 0; i < 2; i++) {
        kill(dead[i], SIGKILL);
        waitpid(dead[i], NULL, 0);
        (void) ngx_shmtx_force_unlock(&ngx_thread_ws_zone->shpool->mutex,
                                      dead[i]);
    }

    /* whatever those were about, this is told */

    worker_begin(NULL);

    for (i = 0; i < TOPICS; i++) {
        (void) ngx_atomic_fetch_add(&board->published[WORKERS][i], 1);
        ngx_thread_ws_wake_tell(i);
    }

    (void) ngx_atomic_fetch_add(&board->done, 1);
    ngx_thread_ws_wake_tell(LAST);
    (void) worker_turn(0);

    unit_int(finish(pids, WORKERS), 0,
             "nor among %d who were killed while they told", (int) n);

    worker_end();
}


/* tells so often, then hears until all others have, too */

static pid_t
work(ngx_uint_t me, ngx_uint_t tells)
{
    pid_t       pid;
    ngx_uint_t  i;

    pid = fork();

    if (pid) {
        return pid;
    }

    self = me;
    srandom(me + 1);

    worker_begin(handler);

    for (i = 0; i < TOPICS; i++) {
        ngx_thread_ws_wake_listen(i);
        handler(i);
    }

    listened = (1 << TOPICS) - 1;
    ngx_thread_ws_wake_listen(LAST);

    (void) ngx_atomic_fetch_add(&board->ready, 1);

    while (board->ready < WORKERS) {
        sched_yield();
    }

    for (i = 0; i < tells; i++) {
        some(me);

        /* others have a turn, too */

        if (i % 3 == 0) {
            (void) worker_turn(i % 32 ? 0 : 1);
        }
    }

    if (tells) {
        (void) ngx_atomic_fetch_add(&board->done, 1);
        ngx_thread_ws_wake_tell(LAST);
    }

    (void) worker_turn(0);

    while (board->done < board->wanted || !up_to_date(me)) {
        if (worker_turn(FOREVER) == 0) {
            _exit(1);
        }
    }

    for (i = 0; i <= TOPICS; i++) {
        (void) ngx_atomic_fetch_add(&board->calls, calls[i]);
    }

    worker_end();
    _exit(0);
}


static void
some(ngx_uint_t me)
{
    ngx_uint_t  topic;

    topic = random() % TOPICS;

    /* by nothing that would be a barrier itself */

    board->published[me][topic] = board->published[me][topic] + 1;
    ngx_thread_ws_wake_tell(topic);

    topic = random() % TOPICS;

    if (listened & (1 << topic)) {
        ngx_thread_ws_wake_unlisten(topic);

    } else {
        ngx_thread_ws_wake_listen(topic);
        handler(topic);
    }

    listened ^= 1 << topic;
}


/* of what it tells itself nobody wakes it */

static ngx_uint_t
up_to_date(ngx_uint_t me)
{
    ngx_uint_t  i, topic;

    for (i = 0; i <= WORKERS; i++) {
        for (topic = 0; topic < TOPICS; topic++) {
            if (i != me && (listened & (1 << topic))
                && board->seen[me][i][topic] != board->published[i][topic])
            {
                return 0;
            }
        }
    }

    return 1;
}


static pid_t
victim(void)
{
    pid_t       pid, parent;
    ngx_uint_t  i, topic;

    parent = ngx_getpid();
    pid = fork();

    if (pid) {
        return pid;
    }

    srandom(ngx_getpid());

    worker_begin(NULL);

    for (i = 0; getppid() == parent; i++) {
        ngx_thread_ws_wake_listen(i % TOPICS);

        topic = random() % TOPICS;
        (void) ngx_atomic_fetch_add(&board->published[WORKERS][topic], 1);
        ngx_thread_ws_wake_tell(topic);

        if (i % 2) {
            (void) worker_turn(0);
        }

        ngx_thread_ws_wake_unlisten(i % TOPICS);
    }

    _exit(1);
}


/* how many of them have missed something */

static ngx_uint_t
finish(pid_t *pids, ngx_uint_t n)
{
    int         status;
    ngx_uint_t  i, failed;

    for (i = 0, failed = 0; i < n; i++) {
        waitpid(pids[i], &status, 0);
        failed += !WIFEXITED(status) || WEXITSTATUS(status);
    }

    return failed;
}


static void
use_pipes(void)
{
    ngx_uint_t             i;
    ngx_thread_ws_wake_t  *wake;

    wake = ngx_thread_ws_zone->sh->wake;

    for (i = 0; i < wake->nworkers; i++) {
        if (pipe(wake->workers[i].fd) == -1
            || fcntl(wake->workers[i].fd[0], F_SETFL, O_NONBLOCK) == -1
            || fcntl(wake->workers[i].fd[1], F_SETFL, O_NONBLOCK) == -1)
        {
            printf("Bail out! no pipes\n");
            exit(1);
        }
    }
}


static ngx_uint_t
in_child(void (*f)(void))
{
    int    status;
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        f();
        _exit(2);
    }

    waitpid(pid, &status, 0);

    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}
