
/*
 * What the store "memory" promises: its operations, who has to make room for
 * whom, and what is known of threads that were deleted or had to go.
 */


#include "bare.h"
#include <sys/wait.h>


static void contract(void);
static void deleted(void);
static void gone(void);
static void fairness(void);
static void together(void);


int
main(void)
{
    bare();

    contract();
    deleted();
    gone();
    fairness();
    together();

    return unit_done();
}


static void
contract(void)
{
    ngx_uint_t                 i;
    char                       id[32];
    ngx_thread_ws_store_op_t  *op;

    zone(MEGABYTE);

    op = load("ann", "t", "r1", 0, 0, 50, 0);
    unit_ok(op->status == NGX_OK && op->records.nelts == 0
            && op->found == NULL, "a thread that was never stored is empty");

    for (i = 1; i <= 10; i++) {
        sprintf(id, "r%d", (int) i);

        op = append("ann", "t", id, i * 100, 0, NULL);

        if (op->status != NGX_OK || op->record.seq != i) {
            break;
        }
    }

    unit_ok(i == 11, "runs get their numbers in order");

    op = append("ann", "t", "r3", 10, 0, NULL);
    unit_ok(op->status == NGX_DECLINED, "a request id is stored once");

    op = append("bob", "t", "r3", 10, 0, NULL);
    unit_ok(op->status == NGX_OK && op->record.seq == 1,
            "another owner has another thread");

    op = load("ann", "t", "r3", 0, 0, 4, 0);
    unit_ok(op->records.nelts == 4 && seq_at(op, 0) == 7
            && seq_at(op, 3) == 10, "load reads the newest runs, oldest first");
    unit_ok(op->found && op->found->seq == 3 && whole(op->found)
            && op->found->created == 1000500,
            "load finds the run of a request id, whole");

    op = load("ann", "t", "rX", 8, op->generation, 50, 0);
    unit_ok(op->records.nelts == 2 && seq_at(op, 0) == 9 && op->found == NULL,
            "load reads what is newer");

    op = load("ann", "t", "r10", 0, 0, 50, 1000 + 900 + 5 + 5);
    unit_ok(op->records.nelts == 2 && seq_at(op, 0) == 9,
            "load keeps to bytes");

    op = load("ann", "t", "r10", 0, 0, 0, 0);
    unit_ok(op->records.nelts == 0 && op->generation && op->found,
            "load without a limit reads the generation");

    op = page("ann", "t", 4, 2, 0);
    unit_ok(op->records.nelts == 2 && seq_at(op, 0) == 2 && seq_at(op, 1) == 3,
            "page reads what is older, from the near end");

    op = page("ann", "t", 9, 1, 0);
    unit_ok(op->records.nelts == 1 && seq_at(op, 0) == 8,
            "and from the other");

    op = page("ann", "t", 0, 50, 10);
    unit_ok(op->records.nelts == 1 && seq_at(op, 0) == 10,
            "one run at least, however large");
}


/* a deleted thread, and those who had seen it */

static void
deleted(void)
{
    uint64_t                   before, empty, stranger;
    ngx_uint_t                 i;
    ngx_thread_ws_claim_t      first, second, other;
    ngx_thread_ws_shelf_t      copy;
    ngx_thread_ws_store_op_t  *op;

    zone(MEGABYTE);

    empty = look("ann", "t", 0)->generation;

    for (i = 1; i <= 10; i++) {
        char  id[32];

        sprintf(id, "r%d", (int) i);
        (void) append("ann", "t", id, 100, 0, NULL);
    }

    before = look("ann", "t", 0)->generation;
    stranger = look("bob", "t", 0)->generation;

    unit_ok(look("ann", "t", empty)->status == NGX_OK,
            "a thread that others began is no deleted one");

    unit_ok(deletes("ann", "t") == NGX_OK, "remove");
    unit_ok(page("ann", "t", 0, 50, 0)->status == NGX_DECLINED,
            "a removed thread has no runs");
    unit_ok(shelf->nthreads == 0
            && shelf->pool->nfree == shelf->pool->fresh - 1,
            "and takes no room");
    unit_ok(deletes("ann", "t") == NGX_DECLINED, "it is removed once");

    unit_ok(look("ann", "t", before)->status == NGX_ABORT,
            "who had seen it is told");
    unit_ok(look("ann", "t", empty)->status == NGX_ABORT,
            "and who had seen it empty");
    unit_ok(look("bob", "t", stranger)->status == NGX_OK,
            "another owner is told nothing");
    unit_ok(look("ann", "t", 0)->status == NGX_OK, "nor who comes new");

    op = append("ann", "t", "r11", 10, before, NULL);
    unit_ok(op->status == NGX_ABORT, "no append of before revives it");

    op = append("ann", "t", "r3", 10, look("ann", "t", 0)->generation, NULL);
    unit_ok(op->status == NGX_OK && op->record.seq == 1,
            "an append of after does, and numbers begin again");

    unit_ok(look("ann", "t", before)->status == NGX_ABORT,
            "who had seen the one before is told all the same");
    unit_ok(append("ann", "t", "r12", 10, before, NULL)->status == NGX_ABORT,
            "and adds nothing to the new one");

    /* runs under way: of one that is not stored there is nothing but them */

    empty = look("ann", "new", 0)->generation;

    (void) claims(&first, "ann", "new", "r1");
    (void) claims(&second, "ann", "new", "r2");
    (void) claims(&other, "bob", "new", "r1");

    unit_ok(deletes("ann", "new") == NGX_DECLINED, "nothing was stored");

    unit_ok(append("ann", "new", "r1", 10, empty, &first)->status == NGX_ABORT,
            "a first run under way is not stored after a remove");
    unit_ok(append("ann", "new", "r2", 10, empty, &second)->status
            == NGX_ABORT, "nor one beside it");
    unit_ok(append("bob", "new", "r1", 10, empty, &other)->status == NGX_OK,
            "another owner's is");
    unit_ok(look("ann", "new", empty)->status == NGX_ABORT,
            "and who had seen the thread is told");

    (void) claims(&second, "ann", "new", "r1");
    unit_ok(append("ann", "new", "r1", 10, look("ann", "new", 0)->generation,
                   &second)->status == NGX_OK,
            "a run that begins after it is stored");

    ngx_thread_ws_registry_release(&first);
    ngx_thread_ws_registry_release(&second);
    ngx_thread_ws_registry_release(&other);

    /* nothing stored, nothing under way */

    empty = look("ann", "nothing", 0)->generation;
    copy = *shelf;

    unit_ok(deletes("ann", "nothing") == NGX_DECLINED
            && ngx_memcmp(&copy, shelf, sizeof(copy)) == 0,
            "an id that never was leaves no trace");
    unit_ok(look("ann", "nothing", empty)->status == NGX_OK
            && append("ann", "nothing", "r1", 10, empty, NULL)->status
               == NGX_OK, "whoever looked at it is told nothing");
}


/* a thread that went for want of room, and those who had seen it */

static void
gone(void)
{
    uint64_t                   before, empty;
    ngx_int_t                  i;
    char                       id[32];
    ngx_thread_ws_claim_t      claim;
    ngx_thread_ws_store_op_t  *op;

    zone(MEGABYTE);

    for (i = 0; i < 7; i++) {
        sprintf(id, "r%d", (int) i);
        (void) append("ann", "t", id, 10, 0, NULL);
    }

    before = look("ann", "t", 0)->generation;
    empty = look("ann", "other", 0)->generation;
    (void) claims(&claim, "ann", "t", "r7");

    for (i = 0; i < 5000; i++) {
        sprintf(id, "user%d", (int) i);
        (void) append(id, "t", "r1", 1000, 0, NULL);
        (void) deletes("eve", id);
    }

    unit_ok(page("ann", "t", 0, 50, 0)->status == NGX_DECLINED,
            "a thread went for want of room");
    unit_ok(look("ann", "t", before)->status == NGX_OK,
            "who had seen it is told nothing");
    unit_ok(look("ann", "other", empty)->status == NGX_OK,
            "nor who had seen another one empty");

    op = append("ann", "t", "r7", 10, before, &claim);
    unit_ok(op->status == NGX_OK && op->record.seq == 1
            && op->began > before && op->began < op->generation,
            "a run that was under way is stored, as the first of a new one");

    op = load("ann", "t", "", 7, before, 50, 0);
    unit_ok(op->status == NGX_OK && op->records.nelts == 1
            && seq_at(op, 0) == 1 && op->began > before,
            "who knew seven runs reads it");

    op = load("ann", "t", "", 1, op->generation, 50, 0);
    unit_ok(op->records.nelts == 0, "once");

    op = append("bob", "t", "r1", 10, 0, NULL);
    unit_ok(op->status == NGX_OK && op->record.seq == 1,
            "a stranger's new thread begins at 1, too");

    ngx_thread_ws_registry_release(&claim);

    /* evicted, begun anew, deleted: the last thing is what counts */

    (void) deletes("ann", "t");
    unit_ok(look("ann", "t", before)->status == NGX_ABORT,
            "its deletion is told to whoever had seen it before");

    /* a process that has a new zone, and connections of the old one */

    (void) append("ann", "t", "r1", 10, 0, NULL);
    before = look("ann", "t", 0)->generation;

    tick();
    zone(2 * MEGABYTE);

    unit_ok(look("ann", "t", before)->status == NGX_OK
            && append("ann", "t", "r1", 10, before, NULL)->status == NGX_OK,
            "what was seen in another zone is no evidence either");
}


static void
fairness(void)
{
    ngx_uint_t                 i, n;
    char                       owner[32], id[32];
    ngx_thread_ws_store_op_t  *op;

    zone(MEGABYTE);

    unit_ok(append("ann", "t", "big", MEGABYTE / 4, 0, NULL)->status
            == NGX_BUSY, "a run larger than a thread's part is refused");

    for (i = 0; i < 20; i++) {
        sprintf(owner, "user%d", (int) i);
        (void) append(owner, "t", "r1", 1000, 0, NULL);
    }

    for (i = 1; i <= 3000; i++) {
        sprintf(id, "r%d", (int) i);

        op = append("greedy", "t", id, 1000, 0, NULL);

        if (op->status != NGX_OK || op->record.seq != i) {
            break;
        }
    }

    unit_ok(i == 3001, "a thread goes on when its part is full");
    unit_ok(shelf->evicted == 0 && shelf->dropped > 0,
            "its own oldest runs went, no other thread");

    op = load("greedy", "t", "r3000", 0, 0, 20000, 0);
    unit_ok(op->found && op->records.nelts > 50
            && op->records.nelts < shelf->pool->nblocks / 4
            && seq_at(op, op->records.nelts - 1) == 3000
            && seq_at(op, 0) == 3001 - op->records.nelts,
            "the newest are there");

    op = load("greedy", "t", "r1", 0, 0, 0, 0);
    unit_ok(op->found == NULL, "the oldest are not");

    for (i = 0; i < 3000; i++) {
        sprintf(id, "t%d", (int) i);

        if (append("greedy", id, "r1", 1000, 0, NULL)->status != NGX_OK) {
            break;
        }
    }

    unit_ok(i == 3000, "an owner with too many threads goes on");
    unit_ok(evicted == shelf->evicted && named == evicted,
            "each thread that goes is told");

    for (i = 0, n = 0; i < 20; i++) {
        sprintf(owner, "user%d", (int) i);
        n += load(owner, "t", "r1", 0, 0, 0, 0)->found != NULL;
    }

    unit_ok(n == 20 && shelf->evicted > 0, "at the cost of its own threads");

    for (i = 0; i < 5000; i++) {
        sprintf(owner, "new%d", (int) i);
        (void) append(owner, "t", "r1", 1000, 0, NULL);
    }

    n = load("new4999", "t", "r1", 0, 0, 0, 0)->found != NULL;
    unit_ok(n && load("user0", "t", "r1", 0, 0, 0, 0)->found == NULL,
            "among many owners the least recently used thread goes");

    zone(MEGABYTE);

    for (i = 0; i < 5000; i++) {
        sprintf(id, "t%d", (int) i);
        (void) append("", id, "r1", 1000, 0, NULL);
    }

    unit_ok(shelf->nthreads * 6 > shelf->pool->nblocks * 8 / 10,
            "without owners all of the zone is used");
}


static void
together(void)
{
    pid_t                      pid[2];
    ngx_uint_t                 i, n, bad;
    char                       id[32];
    ngx_thread_ws_record_t    *records;
    ngx_thread_ws_store_op_t  *op;

    zone(8 * MEGABYTE);

    for (n = 0; n < 2; n++) {
        pid[n] = fork();

        if (pid[n] == 0) {
            ngx_pid = ngx_getpid();

            for (i = 0; i < 500; i++) {
                sprintf(id, "%d-%d", (int) n, (int) i);
                (void) append("ann", "t", id, 100, 0, NULL);
            }

            _exit(0);
        }
    }

    waitpid(pid[0], NULL, 0);
    waitpid(pid[1], NULL, 0);

    op = load("ann", "t", "0-0", 0, 0, 2000, 0);
    records = op->records.elts;
    bad = 0;

    for (i = 0; i < op->records.nelts; i++) {
        bad += records[i].seq != i + 1 || !whole(&records[i]);
    }

    unit_ok(i == 1000 && bad == 0,
            "two processes store 500 runs each, no gap");
}
