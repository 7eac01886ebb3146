
/*
 * What is left after processes were killed in the middle of a change: KILLS of
 * them, 300 unless the environment says otherwise.
 */


#include "bare.h"
#include <sys/wait.h>


/* what a child has been told was done, before it was killed */

typedef struct {
    volatile ngx_uint_t  stored;     /* runs of "kept" */
    volatile ngx_uint_t  deleted;    /* runs of "gone", and "gone" itself */
} acked_t;


static void work(acked_t *acked, const char *owner);
static void killed(acked_t *acked, const char *owner);
static ngx_uint_t kept(const char *owner, ngx_uint_t n);
static ngx_uint_t revived(const char *owner, ngx_uint_t n);
static ngx_uint_t slots(void);


int
main(void)
{
    char                    owner[32];
    acked_t                *acked;
    uint64_t                seen_kept, seen_gone;
    ngx_uint_t              r, n, rounds, torn, lost, back, wrong, told;
    ngx_thread_ws_claim_t   mine;

    bare();

    rounds = setting("KILLS", 300);

    acked = mmap(NULL, sizeof(acked_t), PROT_READ|PROT_WRITE,
                 MAP_ANON|MAP_SHARED, -1, 0);

    zone(MEGABYTE);

    n = slots();
    torn = lost = back = wrong = told = 0;

    for (r = 0; r < rounds; r++) {
        sprintf(owner, "round%d", (int) r);

        seen_kept = append(owner, "kept", "r0", 10, 0, NULL)->generation;
        seen_gone = append(owner, "gone", "r0", 10, 0, NULL)->generation;
        (void) claims(&mine, owner, "gone", "mine");

        killed(acked, owner);

        lost += !kept(owner, acked->stored);
        back += revived(owner, acked->deleted);

        wrong += (look(owner, "kept", seen_kept)->status != NGX_OK);
        told += (look(owner, "gone", seen_gone)->status == NGX_ABORT);
        back += (append(owner, "gone", "mine", 10, seen_gone, &mine)->status
                 != NGX_ABORT);

        torn += !consistent();
        ngx_thread_ws_registry_release(&mine);
    }

    unit_note("%d processes killed, %d of them in mid-change, %d deletions "
              "told to who looked", (int) rounds, (int) shelf->pool->rebuilt,
              (int) told);

    unit_int(torn, 0, "after every kill the zone is sound");
    unit_int(lost, 0, "every acknowledged run is there, whole");
    unit_int(back, 0, "nothing that was deleted comes back");
    unit_int(wrong, 0, "nobody takes a thread for deleted that is not");
    unit_ok(told > rounds / 2, "and deletions are told");
    unit_ok(shelf->pool->rebuilt > 0, "kills did come in mid-change");

    tick();
    unit_int(slots(), n, "no slot of the registry is lost");

    return unit_done();
}


/* lets a child work for a moment */

static void
killed(acked_t *acked, const char *owner)
{
    pid_t            pid;
    struct timespec  ts;

    acked->stored = 0;
    acked->deleted = 0;

    pid = fork();

    if (pid == 0) {
        ngx_pid = ngx_getpid();
        work(acked, owner);
    }

    while (acked->deleted == 0) {
        sched_yield();
    }

    ts.tv_sec = 0;
    ts.tv_nsec = random() % 2000000;
    nanosleep(&ts, NULL);

    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);

    (void) ngx_shmtx_force_unlock(&ngx_thread_ws_zone->shpool->mutex, pid);
}


static void
work(acked_t *acked, const char *owner)
{
    char                    id[32], other[32];
    ngx_uint_t              i;
    ngx_thread_ws_claim_t   a, b;

    for (i = 1; /* void */ ; i++) {
        sprintf(id, "r%d", (int) i);

        (void) claims(&a, owner, "kept", id);
        (void) claims(&b, owner, "gone", id);

        if (append(owner, "kept", id, (i * 37) % 900, 0, &a)->status
            == NGX_OK)
        {
            acked->stored = i;
        }

        (void) append(owner, "gone", id, (i * 37) % 900, 0, &b);

        ngx_thread_ws_registry_release(&a);

        if (deletes(owner, "gone") == NGX_OK) {
            acked->deleted = i;
        }

        ngx_thread_ws_registry_release(&b);

        sprintf(other, "o%d", (int) (i % 7));
        sprintf(id, "t%d", (int) (i % 50));

        (void) append(other, id, other, (i * 977) % 20000, 0, NULL);

        if (i % 3 == 0) {
            (void) deletes(other, id);
        }
    }
}


/* one more may be there than was acknowledged, never one less */

static ngx_uint_t
kept(const char *owner, ngx_uint_t n)
{
    ngx_int_t                  last;
    ngx_uint_t                 i;
    ngx_thread_ws_record_t    *records;
    ngx_thread_ws_store_op_t  *op;

    op = load(owner, "kept", "r1", 0, 0, 20000, 0);
    records = op->records.elts;

    for (i = 0; i < op->records.nelts; i++) {
        if (!whole(&records[i])
            || (i && records[i].seq != records[i - 1].seq + 1))
        {
            return 0;
        }
    }

    if (i == 0) {
        return 0;
    }

    last = ngx_atoi(records[i - 1].request_id.data + 1,
                    records[i - 1].request_id.len - 1);

    return last == (ngx_int_t) n || last == (ngx_int_t) n + 1;
}


/* whether the thread has a run that was there when it was deleted */

static ngx_uint_t
revived(const char *owner, ngx_uint_t n)
{
    ngx_uint_t                 i;
    ngx_thread_ws_record_t    *records;
    ngx_thread_ws_store_op_t  *op;

    op = load(owner, "gone", "r1", 0, 0, 20000, 0);
    records = op->records.elts;

    for (i = 0; i < op->records.nelts; i++) {
        if (ngx_atoi(records[i].request_id.data + 1,
                     records[i].request_id.len - 1) <= (ngx_int_t) n)
        {
            return 1;
        }
    }

    return 0;
}


/* runs that the registry has room for */

static ngx_uint_t
slots(void)
{
    char                    id[32];
    ngx_uint_t              i, n;
    ngx_thread_ws_claim_t  *claim;

    claim = calloc(100000, sizeof(ngx_thread_ws_claim_t));

    for (n = 0; n < 100000; n++) {
        sprintf(id, "s%d", (int) n);

        if (claims(&claim[n], "ann", "t", id) != NGX_OK) {
            break;
        }
    }

    for (i = 0; i < n; i++) {
        ngx_thread_ws_registry_release(&claim[i]);
    }

    free(claim);

    return n;
}
