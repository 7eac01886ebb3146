/*
 * The load generator's followers: many that hear one thread, and one that is
 * back on a new socket.
 */


#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "load.h"


static const char  load_follow[] = "{\"type\":\"follow\"}";

static unsigned    load_waiting;


void
load_follow_all(void)
{
    unsigned  i;

    load_waiting = load_nconns;

    /* until all follow, a run is under way as far as the phase goes */

    load_active = 1;

    for (i = 0; i < load_nconns; i++) {
        load_text(&load_conns[i], load_follow, sizeof(load_follow) - 1);
    }
}


static void
load_follow_begin(void)
{
    unsigned  i;

    load_run++;

    for (i = 0; i < load_nconns; i++) {
        load_begin(&load_conns[i], load_run);
    }

    load_ask(&load_conns[0]);
}


void
load_follow_idle(load_conn_t *c)
{
    if (c->state != LOAD_IDLE || load_waiting == 0) {
        load_failed(c, "idle in between", &(load_str_t) { "", 0 });
        return;
    }

    if (--load_waiting == 0) {
        load_active = 0;
        load_follow_begin();
    }
}


void
load_follow_next(void)
{
    if (load_active) {
        return;
    }

    if (load_phase.runs ? load_conns[0].runs < load_phase.runs
                        : bench_now() < load_stop)
    {
        load_follow_begin();
    }
}


void
load_follow_drop(load_conn_t *c)
{
    load_secure_close(c);

    c->fd = -1;
    c->state = LOAD_CLOSED;
    c->dropped = 1;
    c->back = 1;
    c->reopen = 1;
}


void
load_follow_back(load_conn_t *c)
{
    char    out[256];
    size_t  n;

    c->state = LOAD_BUSY;
    c->tokens = 0;
    c->hash = LOAD_HASH;

    n = (size_t) sprintf(out, "{\"type\":\"follow\",\"requestId\":\"");
    load_request_id(out + n, c->run);
    n += LOAD_REQUEST_ID;
    n += (size_t) sprintf(out + n, "\"}");

    c->sent = bench_now();
    load_text(c, out, n);
}
