
/*
 * The registry's runs and their tapes, at every moment that a worker can be
 * killed at: what readers without a lock see of the very state that it left,
 * and what is made of that by whoever comes next.
 */


#include "bare.h"
#include "walk.h"
#include <sys/wait.h>


#define SIZE     (128 * 1024)
#define KNOWN    5
#define MORE     700


/* a run that is there before the change */

typedef struct {
    const char             *thread;
    const char             *id;
    size_t                  size;        /* of its tape */
    ngx_uint_t              ended;

    ngx_thread_ws_claim_t   claim;
} known_t;


typedef struct {
    const char   *name;
    void        (*prepare)(void);        /* NULL: nothing more */
    void        (*change)(void);
    const char   *goes;                  /* ids of runs that may be gone */
} scenario_t;


static void moments(void);
static void overtaken(void);
static void reader(void);
static ngx_int_t has_read(void);
static void tape_goes(void);
static void tape_is_cut(void);
static void begin(scenario_t *s);
static void look_now(void);
static void look_at_tapes(void);
static void look_at_run(known_t *k);
static void look_at_others(void);
static void look_at_rest(void);
static ngx_uint_t may_go(known_t *k);
static void must(ngx_uint_t good, const char *what, const char *name);
static void dead(void);

static ngx_int_t says(ngx_thread_ws_claim_t *claim, const char *name,
    const char *id, const char *content, ngx_uint_t busy);
static ngx_int_t writes(ngx_thread_ws_claim_t *claim, const char *id,
    size_t offset, size_t len);
static void repeats(u_char *p, const char *id, size_t offset, size_t len);
static ngx_int_t reads(ngx_thread_ws_claim_t *ref, const char *id,
    size_t *len);

static void crowd(void);
static void crowd_store(void);
static void many(void);
static void broken(void);

static void message(void);
static void message_again(void);
static void message_interrupts(void);
static void whole_run(void);
static void run_released(void);
static void run_at_a_cost(void);
static void run_cut(void);
static void store_at_a_cost(void);
static void cancel(void);
static void delete_thread(void);
static void taken_over(void);
static void one_more(void);
static void expire(void);
static void sweep(void);


static known_t  known[KNOWN] = {
    { "a", "one",   300,  1, { NULL, 0 } },
    { "a", "two",   1500, 1, { NULL, 0 } },
    { "b", "three", 900,  0, { NULL, 0 } },
    { "b", "four",  0,    0, { NULL, 0 } },
    { "c", "five",  2000, 0, { NULL, 0 } }
};

static scenario_t  scenarios[] = {
    { "a message comes", NULL, message, "" },
    { "one comes again, with another text", NULL, message_again, "one" },
    { "one interrupts others", NULL, message_interrupts, "" },
    { "a run speaks and ends", NULL, whole_run, "" },
    { "a run is given up", NULL, run_released, "" },
    { "a run takes the room of others", crowd, run_at_a_cost, "one two" },
    { "a run takes the store's room", crowd_store, run_at_a_cost, "one two" },
    { "a run has no room", NULL, run_cut, "" },
    { "a stored one takes the room of tapes", crowd, store_at_a_cost,
      "one two" },
    { "a run is cancelled", NULL, cancel, "" },
    { "a thread is deleted", NULL, delete_thread, "one two" },
    { "a run is taken over", NULL, taken_over, "" },
    { "a run too many is kept", many, one_more, "one" },
    { "what has ended is kept no longer", NULL, expire, "one two" },
    { "what dead ones had is found", broken, sweep, "" }
};

static scenario_t  *scenario;
static ngx_uint_t   failures;
static ngx_pid_t    nobody;
static ssize_t      nread;
static ngx_log_t    nolog;
static u_char       buf[65536], more[65536];


int
main(void)
{
    bare();

    /* a pid that was somebody's */

    nobody = fork();

    if (nobody == 0) {
        _exit(0);
    }

    waitpid(nobody, NULL, 0);

    repeats(more, "more", 0, sizeof(more));

    moments();
    overtaken();

    return unit_done();
}


static void
moments(void)
{
    ngx_int_t    n;
    ngx_uint_t   i;

    for (i = 0; i < sizeof(scenarios) / sizeof(scenario_t); i++) {
        scenario = &scenarios[i];
        failures = 0;

        begin(scenario);

        n = walk(scenario->change, look_now, 0);

        if (n < 0) {
            printf("1..0 # SKIP no process can be traced here\n");
            exit(0);
        }

        unit_ok(n > 0 && failures == 0, "%s: %d moments to be killed at",
                scenario->name, (int) n);
    }
}


/* a reader that is stopped, while its tape goes and others take the blocks */

static void
overtaken(void)
{
    ngx_int_t   rc;
    ngx_uint_t  i, n, right, gone, wrong;

    for (i = 0; i < 2; i++) {
        right = gone = wrong = 0;

        for (n = 0; ; n++) {
            begin(&scenarios[0]);

            rc = overtake(reader, has_read, n, i ? tape_is_cut : tape_goes);

            if (rc < 0) {
                break;
            }

            right += (rc == 0);
            gone += (rc == 1);
            wrong += (rc > 1);
        }

        unit_ok(wrong == 0 && right > 0 && gone > 50,
                "a reader whose tape %s: %d moments to be overtaken at",
                i ? "is cut" : "goes", (int) n);
    }
}


/* once, so that nothing but this one look can find out */

static void
reader(void)
{
    ngx_thread_ws_tape_pos_t  pos;

    ngx_thread_ws_tape_rewind(&pos, &known[4].claim);

    nread = ngx_thread_ws_tape_read(&pos, buf, 500);
}


static ngx_int_t
has_read(void)
{
    ngx_int_t  i;

    for (i = 0; i < nread; i++) {
        if (buf[i] != (u_char) "five"[i % 4]) {
            return 2;
        }
    }

    return (nread == NGX_ERROR) ? 1 : (nread == 500) ? 0 : 3;
}


static void
tape_goes(void)
{
    ngx_thread_ws_claim_t  c;

    c = known[4].claim;
    ngx_thread_ws_registry_release(&c);

    (void) says(&c, "e", "more", "text", NGX_THREAD_WS_REGISTRY_QUEUE);
    (void) writes(&c, "more", 0, 3000);
}


static void
tape_is_cut(void)
{
    ngx_thread_ws_claim_t  c;

    (void) writes(&known[4].claim, "five", 2000, 60000);

    (void) says(&c, "e", "more", "text", NGX_THREAD_WS_REGISTRY_QUEUE);
    (void) writes(&c, "more", 0, 3000);
}


static void
begin(scenario_t *s)
{
    known_t                *k;
    ngx_thread_ws_claim_t   claim;

    zone(SIZE);

    (void) append("ann", "stored", "r1", 300, 0, NULL);

    for (k = known; k < known + KNOWN; k++) {
        (void) says(&claim, k->thread, k->id, k->id,
                    NGX_THREAD_WS_REGISTRY_QUEUE);
        (void) writes(&claim, k->id, 0, k->size);

        k->claim = claim;

        if (k->ended) {
            ngx_thread_ws_registry_end(&claim, &nothing_more, 1, 10);
        }
    }

    if (s->prepare) {
        s->prepare();
    }
}


/* a parent's memory is as it was: only the zone has changed */

static void
look_now(void)
{
    ngx_uint_t  i;

    /* before anybody has mended anything */

    look_at_tapes();

    dead();

    for (i = 0; i < KNOWN; i++) {
        look_at_run(&known[i]);
    }

    must(clean(), "the zone", "");

    look_at_others();

    must(clean(), "the zone, used again", "");

    look_at_rest();
}


/* all or nothing of what has ended; a prefix of what is being written */

static void
look_at_tapes(void)
{
    size_t                  len;
    ngx_int_t               rc;
    known_t                *k;
    ngx_uint_t              i;
    ngx_thread_ws_claim_t   claim;

    for (k = known; k < known + KNOWN; k++) {
        rc = reads(&k->claim, k->id, &len);

        must((rc == NGX_OK && len == k->size)
             || (rc == NGX_DECLINED && may_go(k)), "a tape", k->id);
    }

    /* the killed one's own, by its slot */

    for (i = 0; i < ngx_thread_ws_zone->sh->registry->nslots; i++) {
        claim.slot = &ngx_thread_ws_zone->sh->registry->slots[i];
        claim.generation = claim.slot->generation;

        if (claim.generation && claim.slot->pid == walker) {
            must(reads(&claim, "more", &len) != NGX_ERROR, "its tape", "");
        }
    }
}


static void
look_at_run(known_t *k)
{
    ngx_str_t              id;
    ngx_uint_t             state;
    ngx_thread_ws_claim_t  ref;

    id.data = (u_char *) k->id;
    id.len = ngx_strlen(k->id);

    state = ngx_thread_ws_registry_state(&k->claim);

    if (state == NGX_THREAD_WS_REGISTRY_GONE) {
        must(may_go(k), "a run is gone", k->id);
        return;
    }

    must(state == (k->ended ? NGX_THREAD_WS_REGISTRY_ENDED
                            : NGX_THREAD_WS_REGISTRY_ACTIVE),
         "its state", k->id);

    must((ngx_thread_ws_registry_find_run(thread("ann", k->thread), &id, &ref)
          == NGX_OK
          && ref.generation == k->claim.generation)
         || !ngx_thread_ws_registry_holds(&k->claim)
         || ngx_thread_ws_registry_state(&k->claim)
            == NGX_THREAD_WS_REGISTRY_GONE,
         "it is found", k->id);
}


/* those who live go on, the killed one is in nobody's way */

static void
look_at_others(void)
{
    size_t                 len;
    ngx_uint_t             n;
    ngx_thread_ws_claim_t  b, c, refs[50];

    must(ngx_thread_ws_registry_first(&known[2].claim)
         && !ngx_thread_ws_registry_first(&known[3].claim), "the first", "");

    n = ngx_thread_ws_registry_list(thread("ann", "b"), 0, refs, 50);
    must(n == 2, "a thread's runs", "b");

    b = known[2].claim;

    must(writes(&b, "three", 900, MORE) == NGX_OK
         && reads(&b, "three", &len) == NGX_OK && len == 900 + MORE,
         "a tape goes on", "three");

    ngx_thread_ws_registry_end(&b, &nothing_more, 1, 10);

    must(ngx_thread_ws_registry_first(&known[3].claim), "the next one", "");
    must(reads(&known[2].claim, "three", &len) == NGX_OK
         && len == 900 + MORE, "its tape", "three");

    must(says(&c, "new", "new", "text", NGX_THREAD_WS_REGISTRY_REJECT)
         == NGX_OK
         && writes(&c, "new", 0, 1000) == NGX_OK
         && reads(&c, "new", &len) == NGX_OK && len == 1000, "a new run", "");

    must(append("ann", "stored", "r2", 700, 0, NULL)->status == NGX_OK,
         "the store", "");

    ngx_thread_ws_registry_release(&c);
}


/* when all have ended, nothing is left */

static void
look_at_rest(void)
{
    ngx_uint_t                i;
    ngx_thread_ws_claim_t     claim;
    ngx_thread_ws_registry_t *reg;

    for (i = 0; i < KNOWN; i++) {
        claim = known[i].claim;
        ngx_thread_ws_registry_release(&claim);
    }

    ngx_thread_ws_registry_sweep();

    (void) ngx_thread_ws_blocks_enter(shelf->pool);

    while (ngx_thread_ws_tape_evict(shelf->pool) == NGX_OK) { /* void */ }

    ngx_thread_ws_blocks_leave(shelf->pool);

    reg = ngx_thread_ws_zone->sh->registry;

    must(shelf->pool->ntape == 0 && reg->nclaims == 0 && clean(),
         "what is left", "");
}


/* whoever asks from now on is told that the process is no more */

static void
dead(void)
{
    uint32_t                   i;
    ngx_thread_ws_registry_t  *reg;

    reg = ngx_thread_ws_zone->sh->registry;

    for (i = 0; i < reg->nslots; i++) {
        if (reg->slots[i].pid == walker) {
            reg->slots[i].pid = nobody;
        }
    }
}


static ngx_uint_t
may_go(known_t *k)
{
    return ngx_strstr(scenario->goes, k->id) != NULL;
}


static void
must(ngx_uint_t good, const char *what, const char *name)
{
    if (!good && failures++ == 0) {
        unit_note("%s: %s %s", scenario->name, what, name);
    }
}


static ngx_int_t
says(ngx_thread_ws_claim_t *claim, const char *name, const char *id,
    const char *content, ngx_uint_t busy)
{
    ngx_uint_t                        others;
    ngx_thread_ws_claim_t             ref;
    ngx_thread_ws_registry_message_t  m;

    ngx_memzero(claim, sizeof(ngx_thread_ws_claim_t));

    ngx_memzero(&m, sizeof(ngx_thread_ws_registry_message_t));

    m.thread = thread("ann", name);
    m.request_id.data = (u_char *) id;
    m.request_id.len = ngx_strlen(id);
    m.content.data = (u_char *) content;
    m.content.len = ngx_strlen(content);
    m.busy = busy;
    m.queue = 100;
    m.size = 100000;
    m.log = &nolog;

    return ngx_thread_ws_registry_submit(claim, &m, &ref, &others);
}


/* its id, over and over; "more" was made before somebody counts its steps */

static ngx_int_t
writes(ngx_thread_ws_claim_t *claim, const char *id, size_t offset, size_t len)
{
    static u_char  data[65536];

    if (ngx_strcmp(id, "more") == 0) {
        return ngx_thread_ws_tape_append(claim, more + offset % 4, len,
                                         &nolog);
    }

    repeats(data, id, offset, len);

    return ngx_thread_ws_tape_append(claim, data, len, &nolog);
}


static void
repeats(u_char *p, const char *id, size_t offset, size_t len)
{
    size_t  i, n;

    n = ngx_strlen(id);

    for (i = 0; i < len; i++) {
        p[i] = id[(offset + i) % n];
    }
}


/* NGX_DECLINED: it is gone; NGX_ERROR: it is wrong */

static ngx_int_t
reads(ngx_thread_ws_claim_t *ref, const char *id, size_t *len)
{
    size_t                    i, n;
    ssize_t                   size;
    ngx_thread_ws_tape_pos_t  pos;

    n = ngx_strlen(id);
    *len = 0;

    ngx_thread_ws_tape_rewind(&pos, ref);

    while ((size = ngx_thread_ws_tape_read(&pos, buf, 333)) > 0) {

        for (i = 0; i < (size_t) size; i++) {
            if (buf[i] != (u_char) id[(*len + i) % n]) {
                return NGX_ERROR;
            }
        }

        *len += size;
    }

    return (size == 0) ? NGX_OK : NGX_DECLINED;
}


/* what has ended is all that can go without loss */

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


static void
crowd_store(void)
{
    crowd();

    (void) ngx_thread_ws_blocks_enter(shelf->pool);

    while (ngx_thread_ws_tape_evict(shelf->pool) == NGX_OK) { /* void */ }

    ngx_thread_ws_blocks_leave(shelf->pool);

    crowd();
}


/* as many as are kept of "a" */

static void
many(void)
{
    ngx_uint_t             i;
    char                   id[32];
    ngx_thread_ws_claim_t  c;

    for (i = 0; i < 30; i++) {
        sprintf(id, "many%d", (int) i);
        (void) says(&c, "a", id, "text", NGX_THREAD_WS_REGISTRY_QUEUE);
        ngx_thread_ws_registry_end(&c, &nothing_more, 1, 10);
    }
}


/* so that somebody has died of a run */

static void
broken(void)
{
    (void) walk(whole_run, NULL, 30);
}


static void
message(void)
{
    ngx_thread_ws_claim_t  c;

    (void) says(&c, "c", "more", "text", NGX_THREAD_WS_REGISTRY_QUEUE);
}


static void
message_again(void)
{
    ngx_thread_ws_claim_t  c;

    (void) says(&c, "a", "one", "another", NGX_THREAD_WS_REGISTRY_QUEUE);
}


static void
message_interrupts(void)
{
    ngx_thread_ws_claim_t  c;

    (void) says(&c, "b", "more", "text", NGX_THREAD_WS_REGISTRY_INTERRUPT);
}


static void
whole_run(void)
{
    ngx_str_t              last;
    ngx_thread_ws_claim_t  c;

    (void) says(&c, "d", "more", "text", NGX_THREAD_WS_REGISTRY_QUEUE);
    (void) writes(&c, "more", 0, 100);
    (void) writes(&c, "more", 100, MORE);

    last.data = more + 100 + MORE;
    last.len = MORE;

    (void) ngx_thread_ws_tape_reserve(&c, MORE, &nolog);
    ngx_thread_ws_registry_end(&c, &last, 1, 10);
}


static void
run_released(void)
{
    ngx_thread_ws_claim_t  c;

    (void) says(&c, "d", "more", "text", NGX_THREAD_WS_REGISTRY_QUEUE);
    (void) writes(&c, "more", 0, MORE);
    ngx_thread_ws_registry_release(&c);
}


static void
run_at_a_cost(void)
{
    ngx_thread_ws_claim_t  c;

    (void) says(&c, "d", "more", "text", NGX_THREAD_WS_REGISTRY_QUEUE);
    (void) writes(&c, "more", 0, 1000);
    (void) writes(&c, "more", 1000, 2500);
    ngx_thread_ws_registry_end(&c, &nothing_more, 1, 10);
}


static void
run_cut(void)
{
    ngx_thread_ws_claim_t  c;

    (void) says(&c, "d", "more", "text", NGX_THREAD_WS_REGISTRY_QUEUE);
    (void) writes(&c, "more", 0, 1000);
    (void) writes(&c, "more", 1000, 60000);
    ngx_thread_ws_registry_end(&c, &nothing_more, 1, 10);
}


static void
store_at_a_cost(void)
{
    (void) append("ann", "stored", "r3", 2000, 0, NULL);
}


static void
cancel(void)
{
    ngx_thread_ws_claim_t  ref;

    (void) ngx_thread_ws_registry_cancel(thread("ann", "b"),
                                 &(ngx_str_t) ngx_string("four"), &ref);
}


static void
delete_thread(void)
{
    (void) deletes("ann", "a");
    (void) marks("ann", "a");
}


static void
taken_over(void)
{
    ngx_thread_ws_claim_t  c;

    (void) claims(&c, "ann", "c", "five");
}


static void
one_more(void)
{
    ngx_thread_ws_claim_t  c;

    (void) says(&c, "a", "more", "text", NGX_THREAD_WS_REGISTRY_QUEUE);
    ngx_thread_ws_registry_end(&c, &nothing_more, 1, 10);
}


static void
expire(void)
{
    ngx_uint_t  i;

    for (i = 0; i < 11; i++) {
        tick();
    }

    ngx_thread_ws_registry_expire();
}


static void
sweep(void)
{
    ngx_thread_ws_registry_sweep();
}
