
/*
 * A worker that is killed, at every single step: a process makes one change
 * and is stopped after each instruction.  Whenever that one has written to the
 * zone, all is looked at as if the process had died there; then it goes on.
 */


#include "bare.h"
#include "walk.h"


#define SIZE     (128 * 1024)
#define KNOWN    6


/* a thread that is there before the change */

typedef struct {
    const char             *owner;
    const char             *name;
    ngx_uint_t              begins;        /* runs, at first */
    size_t                  size;          /* of each answer */

    ngx_uint_t              nruns;
    uint64_t                empty;         /* generation before it was there */
    uint64_t                generation;    /* as it was seen then */
    ngx_thread_ws_claim_t   claim;         /* of a run under way */
} known_t;


typedef struct {
    const char   *name;
    void        (*prepare)(void);          /* NULL: nothing more */
    void        (*crowd)(void);            /* after all was seen; or NULL */
    void        (*change)(void);

    const char   *grows;                   /* may have a run more, */
    const char   *shrinks;                 /* fewer, */
    const char   *goes;                    /* be gone for want of room, */
    const char   *deleted;                 /* or be deleted */
} scenario_t;


static void begin(scenario_t *s);
static void look_now(void);
static void look_at(scenario_t *s);
static void look_at_thread(scenario_t *s, known_t *k);
static void look_at_run(scenario_t *s, known_t *k);
static void look_at_claims(scenario_t *s);
static ngx_uint_t slots(void);
static ngx_uint_t is(known_t *k, const char *name);
static void must(ngx_uint_t good, const char *what, const char *name);

static void full(void);
static void crowd(void);
static void broken(void);

static void append_run(void);
static void append_replacing(void);
static void append_thread(void);
static void append_owner(void);
static void append_full(void);
static void append_large(void);
static void delete_stored(void);
static void delete_last(void);
static void delete_first_run(void);
static void claim(void);
static void claim_taken(void);
static void release(void);
static void any_look(void);


static known_t  known[KNOWN] = {
    { "ann", "a",     3, 10,  0, 0, 0, { NULL, 0 } },
    { "ann", "b",     2, 700, 0, 0, 0, { NULL, 0 } },
    { "bob", "c",     4, 300, 0, 0, 0, { NULL, 0 } },
    { "eve", "d",     1, 300, 0, 0, 0, { NULL, 0 } },
    { "ann", "new",   0, 0,   0, 0, 0, { NULL, 0 } },
    { "new", "first", 0, 0,   0, 0, 0, { NULL, 0 } }
};

static scenario_t  scenarios[] = {
    { "a run is added",
      NULL, NULL, append_run, "a", "", "", "" },
    { "a run takes the place of two",
      NULL, NULL, append_replacing, "", "c", "", "" },
    { "a thread is added",
      NULL, NULL, append_thread, "new", "", "", "" },
    { "an owner is added",
      NULL, NULL, append_owner, "first", "", "", "" },
    { "a run is added to a thread that has its part",
      full, NULL, append_full, "b", "b", "", "" },
    { "a run is added where there is no room",
      NULL, crowd, append_large, "b", "", "d", "" },
    { "a thread is deleted",
      NULL, NULL, delete_stored, "", "", "", "a" },
    { "an owner's only thread is deleted",
      NULL, NULL, delete_last, "", "", "", "d" },
    { "a thread is deleted whose first run is under way",
      NULL, NULL, delete_first_run, "", "", "", "new" },
    { "a run begins",
      NULL, NULL, claim, "", "", "", "" },
    { "a run is taken over",
      NULL, NULL, claim_taken, "", "", "", "" },
    { "a run ends",
      NULL, NULL, release, "", "", "", "" },
    { "all is made anew after that",
      NULL, broken, any_look, "b", "", "d", "" }
};

static scenario_t             *scenario;
static ngx_uint_t              failures, nslots;
static ngx_thread_ws_claim_t   more;


int
main(void)
{
    ngx_int_t    n;
    ngx_uint_t   i;
    scenario_t  *s;

    bare();

    for (i = 0; i < sizeof(scenarios) / sizeof(scenario_t); i++) {
        s = &scenarios[i];
        failures = 0;

        begin(s);

        scenario = s;
        n = walk(s->change, look_now, 0);

        if (n < 0) {
            printf("1..0 # SKIP no process can be traced here\n");
            return 0;
        }

        unit_ok(n > 3 && failures == 0, "%s: %d moments to be killed at",
                s->name, (int) n);
    }

    return unit_done();
}


static void
begin(scenario_t *s)
{
    char                       id[32];
    known_t                   *k;
    ngx_uint_t                 n;
    ngx_thread_ws_store_op_t  *op;

    zone(SIZE);

    nslots = slots();

    for (k = known; k < known + KNOWN; k++) {
        k->empty = look(k->owner, k->name, 0)->generation;

        for (n = 0; n < k->begins; n++) {
            sprintf(id, "%s%d", k->name, (int) n);
            (void) append(k->owner, k->name, id, k->size, 0, NULL);
        }
    }

    if (s->prepare) {
        s->prepare();
    }

    for (k = known + KNOWN - 1; k >= known; k--) {
        op = load(k->owner, k->name, "none", 0, 0, 1000, 0);

        k->generation = op->generation;
        k->nruns = op->records.nelts;

        (void) claims(&k->claim, k->owner, k->name, "under way");
    }

    (void) claims(&more, "ann", "a", "more");

    if (s->crowd) {
        s->crowd();
    }
}


static void
look_now(void)
{
    look_at(scenario);
}


static void
look_at(scenario_t *s)
{
    ngx_uint_t  i;

    for (i = 0; i < KNOWN; i++) {
        look_at_thread(s, &known[i]);
    }

    must(consistent(), s->name, "the shelf");

    for (i = 0; i < KNOWN; i++) {
        look_at_run(s, &known[i]);
    }

    must(consistent(), s->name, "the shelf, used again");

    look_at_claims(s);
}


/* it is there, whole, or it is gone; and whoever saw it is told the truth */

static void
look_at_thread(scenario_t *s, known_t *k)
{
    ngx_int_t                  status;
    ngx_uint_t                 i, n, least, most, replaced;
    ngx_thread_ws_record_t    *record;
    ngx_thread_ws_store_op_t  *op;

    op = load(k->owner, k->name, "none", 0, k->generation, 1000, 0);

    record = op->records.elts;
    n = op->records.nelts;

    least = k->nruns;
    most = k->nruns;

    if (op->status == NGX_ABORT) {
        must(is(k, s->deleted), s->name, "told of a deletion");
        least = 0;
        most = 0;

    } else if (n == 0 && is(k, s->goes)) {
        least = 0;

    } else {
        least -= is(k, s->shrinks) ? k->nruns / 2 : 0;
        most += is(k, s->grows);
    }

    must(n >= least && n <= most, s->name, k->name);

    replaced = (s->change == append_replacing && n
                && record[n - 1].request_id.len == 8
                && ngx_memcmp(record[n - 1].request_id.data, "one more", 8)
                   == 0);

    for (i = 0; i < n; i++) {
        must(whole(&record[i])
             && (i == 0 || record[i].seq == record[i - 1].seq + 1
                 || (replaced && i == n - 1)),
             s->name, "a run");
    }

    /* both or neither: it is there, and what gave way to it is not */

    must(!is(k, "c") || s->change != append_replacing
         || n == (replaced ? 3 : 4), s->name, "what gave way");

    status = op->status;

    must((status == NGX_OK || status == NGX_ABORT)
         && look(k->owner, k->name, k->empty)->status == status,
         s->name, "told of an empty thread");
}


/* its answer is stored, but into no thread that was deleted under it */

static void
look_at_run(scenario_t *s, known_t *k)
{
    ngx_int_t  status;

    if (look(k->owner, k->name, k->generation)->status == NGX_ABORT) {
        status = append(k->owner, k->name, "under way", 10, k->generation,
                        &k->claim)->status;

        must(status == NGX_ABORT, s->name, "a deleted thread's run");

    } else {
        status = append(k->owner, k->name, "under way", 10, k->generation,
                        &k->claim)->status;

        /* the runs of one that is not stored are told first */

        must(status == NGX_OK
             || (status == NGX_ABORT && is(k, s->deleted) && k->nruns == 0),
             s->name, "a run under way");
    }
}


/* they can all be given up, but for what the process has claimed itself */

static void
look_at_claims(scenario_t *s)
{
    known_t                *k;
    ngx_uint_t              i, n;
    ngx_thread_ws_claim_t   c;

    for (i = 0; i <= KNOWN; i++) {
        k = &known[i % KNOWN];
        c = (i < KNOWN) ? k->claim : more;

        n = marks(k->owner, k->name);
        must(i < KNOWN ? n > 0 : n < 3, s->name, "the runs of a thread");

        ngx_thread_ws_registry_release(&c);
    }

    n = slots();
    must(n == nslots || n == nslots - 1, s->name, "the registry");

    for (i = 0, n = nslots - n; i < KNOWN; i++) {
        must(marks(known[i].owner, known[i].name) == (i ? 0 : n), s->name,
             "a run that nobody has claimed");
    }
}


/* runs that the registry has room for */

static ngx_uint_t
slots(void)
{
    char                          id[32];
    ngx_uint_t                    i, n;
    static ngx_thread_ws_claim_t  claim[1000];

    for (n = 0; n < 1000; n++) {
        sprintf(id, "s%d", (int) n);

        if (claims(&claim[n], "ann", "a", id) != NGX_OK) {
            break;
        }
    }

    for (i = 0; i < n; i++) {
        ngx_thread_ws_registry_release(&claim[i]);
    }

    return n;
}


static ngx_uint_t
is(known_t *k, const char *name)
{
    return ngx_strcmp(k->name, name) == 0;
}


static void
must(ngx_uint_t good, const char *what, const char *name)
{
    if (!good && failures++ == 0) {
        unit_note("%s: %s", what, name);
    }
}


/* "b" gets as much as a thread may have */

static void
full(void)
{
    char        id[32];
    ngx_uint_t  n;

    for (n = 0; shelf->dropped == 0; n++) {
        sprintf(id, "full%d", (int) n);
        (void) append("ann", "b", id, 10, 0, NULL);
    }
}


/* others fill the zone: "d" is used least recently now */

static void
crowd(void)
{
    char        id[32];
    ngx_uint_t  n;

    for (n = 0; ngx_thread_ws_blocks_available(shelf->pool) > 4; n++) {
        sprintf(id, "%d", (int) n);
        (void) append("crowd", id, "r", 10, 0, NULL);
    }
}


/* so much so that a process has died of it */

static void
broken(void)
{
    crowd();

    (void) walk(append_large, NULL, 30);
}


static void
append_run(void)
{
    (void) append("ann", "a", "one more", 700, 0, NULL);
}


static void
append_replacing(void)
{
    (void) replaces("bob", "c", "one more", 700, 0, NULL, "c2");
}


static void
append_thread(void)
{
    (void) append("ann", "new", "one more", 700, 0, NULL);
}


static void
append_owner(void)
{
    (void) append("new", "first", "one more", 700, 0, NULL);
}


static void
append_full(void)
{
    (void) append("ann", "b", "one more", 300, 0, NULL);
}


static void
append_large(void)
{
    (void) append("ann", "b", "one more", 1100, 0, NULL);
}


static void
delete_stored(void)
{
    (void) deletes("ann", "a");
}


static void
delete_last(void)
{
    (void) deletes("eve", "d");
}


static void
delete_first_run(void)
{
    (void) deletes("ann", "new");
}


static void
claim(void)
{
    ngx_thread_ws_claim_t  c;

    (void) claims(&c, "ann", "a", "one more");
}


static void
claim_taken(void)
{
    ngx_thread_ws_claim_t  c;

    (void) claims(&c, "ann", "a", "more");
}


static void
release(void)
{
    ngx_thread_ws_registry_release(&more);
}


static void
any_look(void)
{
    (void) look("ann", "a", 0);
}
