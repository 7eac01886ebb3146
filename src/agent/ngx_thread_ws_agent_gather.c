
/*
 * Gathering.  An agent that brings more than one delta at a time is faster than
 * anybody reads, and system calls are most of what a token costs.  So when it
 * has more for us, that waits: one read and one write then carry all that came
 * meanwhile.  An agent whose deltas come one by one, and the first of every
 * answer, are read at once.
 */


#include "agent/ngx_thread_ws_agent_private.h"


/* deltas before which an answer is not held up: short ones are over by then */

#define NGX_THREAD_WS_GATHER_AFTER   8

/*
 * A read is to bring so many deltas, or what comes within so many milliseconds:
 * text that moves 25 times a second seems to flow.  Of an agent that needs more
 * milliseconds for each delta only what comes together is gathered.
 */

#define NGX_THREAD_WS_GATHER_DELTAS  32
#define NGX_THREAD_WS_GATHER_LONG    40
#define NGX_THREAD_WS_GATHER_PACE    4
#define NGX_THREAD_WS_GATHER_SHORT   1


static ngx_msec_t ngx_thread_ws_agent_gather_time(
    ngx_thread_ws_agent_t *agent, ngx_msec_t elapsed, ngx_uint_t deltas);
static void ngx_thread_ws_agent_gather_read(ngx_http_request_t *r,
    ngx_http_upstream_t *u);
static ngx_int_t ngx_thread_ws_agent_gather_wait(ngx_connection_t *c);


void
ngx_thread_ws_agent_gather(ngx_thread_ws_agent_t *agent)
{
    ngx_uint_t            deltas;
    ngx_msec_t            elapsed;
    ngx_http_upstream_t  *u;

    u = agent->request->upstream;

    if (u == NULL) {
        return;
    }

    deltas = agent->deltas - agent->gathered_deltas;
    elapsed = ngx_current_msec - agent->read_at;

    agent->gathered_deltas = agent->deltas;
    agent->read_at = ngx_current_msec;

    agent->fast = (agent->deltas > NGX_THREAD_WS_GATHER_AFTER && deltas > 1);

    if (!agent->fast) {
        return;
    }

    agent->gather_time = ngx_thread_ws_agent_gather_time(agent, elapsed,
                                                         deltas);

    if (agent->read == NULL) {
        agent->read = u->read_event_handler;
        u->read_event_handler = ngx_thread_ws_agent_gather_read;
    }
}


/*
 * What the agent needs for as many as a read is to bring, at its last pace.  It
 * hurries after it was held up: the whole answer's pace counts, too.
 */

static ngx_msec_t
ngx_thread_ws_agent_gather_time(ngx_thread_ws_agent_t *agent,
    ngx_msec_t elapsed, ngx_uint_t deltas)
{
    ngx_msec_t  time, whole;

    whole = ngx_current_msec - agent->first_at;

    if (elapsed > deltas * NGX_THREAD_WS_GATHER_PACE
        || whole > agent->deltas * NGX_THREAD_WS_GATHER_PACE)
    {
        return NGX_THREAD_WS_GATHER_SHORT;
    }

    time = elapsed * NGX_THREAD_WS_GATHER_DELTAS / deltas;

    if (time > NGX_THREAD_WS_GATHER_LONG) {
        return NGX_THREAD_WS_GATHER_LONG;
    }

    return ngx_max(time, NGX_THREAD_WS_GATHER_SHORT);
}


/* in the place of core's handler, which reads what the agent has */

static void
ngx_thread_ws_agent_gather_read(ngx_http_request_t *r, ngx_http_upstream_t *u)
{
    ngx_event_t            *rev;
    ngx_thread_ws_agent_t  *agent;

    agent = ngx_thread_ws_agent_of(r);
    rev = u->peer.connection->read;

    if (agent->gather.timer_set && !rev->timedout) {
        return;
    }

    if (agent->fast && !agent->gathered && rev->ready && !rev->timedout
        && ngx_thread_ws_agent_gather_wait(u->peer.connection) == NGX_OK)
    {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, agent->gather.log, 0,
                       "thread_ws agent gathers for %M ms",
                       agent->gather_time);

        ngx_add_timer(&agent->gather, agent->gather_time);
        return;
    }

    agent->gathered = 0;
    agent->read(r, u);
}


/*
 * Each of the agent's packets would wake us up otherwise.  Both events go at
 * once, where that can be done: to change one of them would report the other.
 * Core adds again what it waits for.
 */

static ngx_int_t
ngx_thread_ws_agent_gather_wait(ngx_connection_t *c)
{
    ngx_int_t  rc;

    if (!c->write->ready) {
        return NGX_DECLINED;
    }

    if (c->read->active) {
        rc = ngx_del_conn ? ngx_del_conn(c, 0)
                          : ngx_del_event(c->read, NGX_READ_EVENT, 0);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    /* proxy_read_timeout is for an agent that sends nothing */

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    return NGX_OK;
}


void
ngx_thread_ws_agent_gather_handler(ngx_event_t *ev)
{
    ngx_http_upstream_t    *u;
    ngx_thread_ws_agent_t  *agent;

    agent = ev->data;
    u = agent->request->upstream;

    if (u && u->peer.connection) {
        agent->gathered = 1;
        ngx_post_event(u->peer.connection->read, &ngx_posted_events);
    }
}
