
/*
 * Gathering.  An agent that brings more than one delta at a time is faster than
 * anybody reads, and system calls are most of what a token costs.  So when it
 * has more for us, that waits for a millisecond: one read and one write then
 * carry all that came meanwhile.  An agent whose deltas come one by one, and
 * the first of every answer, are read at once.
 */


#include "ngx_thread_ws_agent_request.h"


#define NGX_THREAD_WS_GATHER_TIME    1    /* ms */

/* deltas before which an answer is not held up: short ones are over by then */

#define NGX_THREAD_WS_GATHER_AFTER   8


static void ngx_thread_ws_agent_gather_read(ngx_http_request_t *r,
    ngx_http_upstream_t *u);
static ngx_int_t ngx_thread_ws_agent_gather_wait(ngx_connection_t *c);


void
ngx_thread_ws_agent_gather(ngx_thread_ws_agent_t *agent)
{
    ngx_uint_t            deltas;
    ngx_http_upstream_t  *u;

    u = agent->request->upstream;

    if (u == NULL) {
        return;
    }

    deltas = agent->run->result.tokens;

    agent->fast = (deltas > NGX_THREAD_WS_GATHER_AFTER
                   && deltas - agent->deltas > 1);
    agent->deltas = deltas;

    if (agent->fast && agent->read == NULL) {
        agent->read = u->read_event_handler;
        u->read_event_handler = ngx_thread_ws_agent_gather_read;
    }
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
        ngx_add_timer(&agent->gather, NGX_THREAD_WS_GATHER_TIME);
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
