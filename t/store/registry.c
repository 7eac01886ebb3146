
/*
 * The registry of active runs: who holds a claim, what becomes of claims of
 * dead processes, and how the runs of a deleted thread learn of it.
 */


#include "bare.h"
#include <sys/wait.h>


#define MANY  100000


static void takeover(void);
static void full(ngx_thread_ws_claim_t *kept);
static void deletion(void);
static ngx_uint_t marked(ngx_thread_ws_claim_t *claim);
static int child(ngx_int_t (*work)(void));
static ngx_int_t takes_over(void);
static ngx_int_t fills_up(void);


int
main(void)
{
    bare();

    takeover();
    deletion();

    return unit_done();
}


static void
takeover(void)
{
    ngx_thread_ws_claim_t   a, b, c;

    zone(MEGABYTE);

    unit_ok(claims(&a, "ann", "t", "r1") == NGX_OK
            && ngx_thread_ws_registry_holds(&a), "a claim stands");
    unit_ok(claims(&b, "ann", "t", "r2") == NGX_OK
            && ngx_thread_ws_registry_holds(&a), "beside another");
    unit_ok(claims(&c, "ann", "t", "r1") == NGX_BUSY
            && ngx_thread_ws_registry_holds(&c)
            && !ngx_thread_ws_registry_holds(&a), "until it is taken over");

    ngx_thread_ws_registry_release(&a);
    unit_ok(ngx_thread_ws_registry_holds(&c),
            "the older one's release is nothing");

    a = c;
    ngx_thread_ws_registry_release(&c);
    unit_ok(!ngx_thread_ws_registry_holds(&a),
            "a released claim does not stand");
    unit_ok(claims(&c, "ann", "t", "r1") == NGX_OK
            && !ngx_thread_ws_registry_holds(&a),
            "nor when the id is claimed again");

    unit_ok(child(takes_over) == 1 && !ngx_thread_ws_registry_holds(&b),
            "another process takes it over");
    unit_ok(claims(&a, "ann", "t", "r3") == NGX_OK
            && claims(&b, "ann", "t", "r2") == NGX_OK,
            "what a dead process held is free");

    full(&c);
}


static void
full(ngx_thread_ws_claim_t *kept)
{
    char                    id[32];
    ngx_uint_t              i, n;
    ngx_thread_ws_claim_t  *many;

    unit_ok(child(fills_up) == 1, "a full registry refuses");

    tick();

    many = calloc(MANY, sizeof(ngx_thread_ws_claim_t));

    for (n = 0; n < MANY; n++) {
        sprintf(id, "many%d", (int) n);

        if (claims(&many[n], "ann", "t", id) != NGX_OK) {
            break;
        }
    }

    unit_ok(n > 1000 && n < MANY, "dead processes do not fill it for ever");
    unit_ok(ngx_thread_ws_registry_holds(&many[n]), "a refused claim stands");

    for (i = 0; i < n; i++) {
        ngx_thread_ws_registry_release(&many[i]);
    }

    for (i = 0; i < n; i++) {
        sprintf(id, "again%d", (int) i);

        if (claims(&many[i], "ann", "t", id) != NGX_OK) {
            break;
        }
    }

    unit_ok(i == n, "all slots come back");
    unit_ok(ngx_thread_ws_registry_holds(kept), "and others were left alone");

    free(many);
}


static void
deletion(void)
{
    ngx_thread_ws_claim_t  a, b, c, d, none;

    zone(MEGABYTE);

    (void) claims(&a, "ann", "t", "r1");
    (void) claims(&b, "ann", "t", "r2");
    (void) claims(&c, "ann", "u", "r1");
    (void) claims(&d, "bob", "t", "r1");
    ngx_memzero(&none, sizeof(none));

    unit_ok(marks("ann", "t") == 2 && marked(&a) && marked(&b)
            && !marked(&c) && !marked(&d), "the runs of a thread are marked");
    unit_ok(ngx_thread_ws_registry_holds(&a), "their claims stand");
    unit_ok(!marked(&none), "one without a claim is not");

    unit_ok(marks("ann", "nothing") == 0 && marks("eve", "t") == 0,
            "none of another thread, of another owner");

    (void) claims(&none, "ann", "t", "r1");
    unit_ok(!marked(&none) && !marked(&a) && marked(&b),
            "who takes over begins after it");

    ngx_thread_ws_registry_release(&b);
    (void) claims(&b, "ann", "t", "r2");
    unit_ok(!marked(&b), "and so does who claims again");

    ngx_thread_ws_registry_release(&none);
    ngx_thread_ws_registry_release(&b);
    unit_ok(marks("ann", "t") == 0 && marks("bob", "t") == 1 && marked(&d)
            && !marked(&c), "a released claim is in no list");
}


static ngx_uint_t
marked(ngx_thread_ws_claim_t *claim)
{
    ngx_uint_t        is;
    ngx_slab_pool_t  *shpool;

    shpool = ngx_thread_ws_zone->shpool;

    ngx_shmtx_lock(&shpool->mutex);
    is = ngx_thread_ws_registry_deleted(claim);
    ngx_shmtx_unlock(&shpool->mutex);

    return is;
}


/* what work returns in another process */

static int
child(ngx_int_t (*work)(void))
{
    int    status;
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        ngx_pid = ngx_getpid();
        _exit(work());
    }

    waitpid(pid, &status, 0);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}


static ngx_int_t
takes_over(void)
{
    ngx_thread_ws_claim_t  a;

    return claims(&a, "ann", "t", "r2") == NGX_BUSY
           && claims(&a, "ann", "t", "r3") == NGX_OK;
}


static ngx_int_t
fills_up(void)
{
    char                   id[32];
    ngx_uint_t             i;
    ngx_thread_ws_claim_t  a;

    for (i = 0; i < MANY; i++) {
        sprintf(id, "dead%d", (int) i);

        if (claims(&a, "ann", "t", id) != NGX_OK) {
            return i > 100;
        }
    }

    return 0;
}
