
/*
 * The connection of an agent's request: a slot on a descriptor of the worker's
 * own, which is never read or written and never becomes readable.  All agents
 * of a worker share it, and core leaves it open.
 */


#include "agent/ngx_thread_ws_agent_private.h"


static void ngx_thread_ws_agent_named(ngx_connection_t *sc,
    ngx_thread_ws_caller_t *caller);
static void ngx_thread_ws_agent_events(ngx_connection_t *sc);
static ngx_int_t ngx_thread_ws_agent_check(ngx_cycle_t *cycle);

static ssize_t ngx_thread_ws_agent_send(ngx_connection_t *c, u_char *buf,
    size_t size);
static ngx_chain_t *ngx_thread_ws_agent_send_chain(ngx_connection_t *c,
    ngx_chain_t *in, off_t limit);
static ssize_t ngx_thread_ws_agent_recv_chain(ngx_connection_t *c,
    ngx_chain_t *in, off_t limit);


#if !(NGX_STAT_STUB)
extern ngx_atomic_t  *ngx_stat_active;
#endif

/* core has the counter only where stub_status is built in */

#pragma weak ngx_stat_active


/*
 * Core's checks of broken connections peek at the descriptor, so it has to be a
 * socket, with a peer that stays and says nothing.
 */

static ngx_socket_t  ngx_thread_ws_agent_socket[2] = {
    (ngx_socket_t) -1, (ngx_socket_t) -1
};


ngx_connection_t *
ngx_thread_ws_agent_connection(ngx_thread_ws_agent_call_t *call)
{
    ngx_pool_t              *pool;
    ngx_connection_t        *sc;
    ngx_thread_ws_agent_t   *agent;

    /* one for the run, one for its upstream: core would raise an alert */

    if (ngx_cycle->free_connection_n + ngx_cycle->reusable_connections_n < 2) {
        ngx_log_error(NGX_LOG_ERR, call->log, 0,
                      "no connections are left for a run "
                      "(worker_connections)");
        return NULL;
    }

    pool = ngx_create_pool(sizeof(ngx_thread_ws_agent_t)
                           + 4 * sizeof(ngx_pool_t), call->log);
    if (pool == NULL) {
        return NULL;
    }

    agent = ngx_pcalloc(pool, sizeof(ngx_thread_ws_agent_t));
    if (agent == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    agent->call = *call;
    agent->hc = call->caller->hc;

    agent->log = call->caller->log;
    agent->log.data = &agent->log_ctx;
    pool->log = &agent->log;

    sc = ngx_get_connection(ngx_thread_ws_agent_socket[0], &agent->log);
    if (sc == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    agent->connection = sc;
    agent->log.connection = call->caller->number;
    agent->log_ctx.connection = sc;

    sc->shared = 1;
    sc->type = SOCK_STREAM;
    sc->pool = pool;
    sc->log_error = NGX_ERROR_INFO;

    sc->data = agent;

    ngx_thread_ws_agent_named(sc, call->caller);

    sc->sndlowat = 1;
    sc->tcp_nodelay = NGX_TCP_NODELAY_DISABLED;
    sc->tcp_nopush = NGX_TCP_NOPUSH_DISABLED;

    sc->recv = ngx_thread_ws_agent_recv;
    sc->send = ngx_thread_ws_agent_send;
    sc->recv_chain = ngx_thread_ws_agent_recv_chain;
    sc->send_chain = ngx_thread_ws_agent_send_chain;

    agent->buffer.start = agent->buffer.pos = agent->buffer.last
                        = agent->buffer.end = (u_char *) &agent->buffer;
    agent->buffer.temporary = 1;
    sc->buffer = &agent->buffer;

    ngx_thread_ws_agent_events(sc);

    if (&ngx_stat_active && ngx_stat_active) {
        (void) ngx_atomic_fetch_add(ngx_stat_active, 1);
    }

    return sc;
}


/* whose connection it passes for: the caller's, by addresses and number */

static void
ngx_thread_ws_agent_named(ngx_connection_t *sc, ngx_thread_ws_caller_t *caller)
{
    sc->listening = caller->listening;
    sc->number = caller->number;
    sc->start_time = ngx_current_msec;

    sc->sockaddr = &caller->sockaddr.sockaddr;
    sc->socklen = caller->socklen;
    sc->addr_text = caller->addr_text;

    sc->local_sockaddr = &caller->local_sockaddr.sockaddr;
    sc->local_socklen = caller->local_socklen;

    sc->proxy_protocol = caller->proxy_protocol;
}


static void
ngx_thread_ws_agent_events(ngx_connection_t *sc)
{
    ngx_event_t            *rev, *wev;
    ngx_thread_ws_agent_t  *agent;

    rev = sc->read;
    wev = sc->write;

    rev->log = sc->log;
    wev->log = sc->log;

    /*
     * The descriptor is in no event set: events that look active are not added.
     * One alone that does not would be taken for a change of what is there.  An
     * eof keeps core from lingering, which would shut the descriptor down.
     */

    rev->active = 1;
    rev->ready = 0;
    rev->eof = 1;

    wev->ready = 1;
    wev->active = (ngx_event_flags & NGX_USE_CLEAR_EVENT) ? 1 : 0;

    agent = sc->data;

    agent->turn.handler = ngx_thread_ws_agent_turn_handler;
    agent->turn.data = agent;
    agent->turn.log = sc->log;

    agent->gather.event.handler = ngx_thread_ws_agent_gather_handler;
    agent->gather.event.data = agent;
    agent->gather.event.log = sc->log;

    agent->linger.handler = ngx_thread_ws_agent_linger_handler;
    agent->linger.data = agent;
    agent->linger.log = sc->log;
}


/* what core does with a connection, before there is a request in it */

void
ngx_thread_ws_agent_close(ngx_connection_t *sc)
{
    ngx_pool_t  *pool;

    if (&ngx_stat_active && ngx_stat_active) {
        (void) ngx_atomic_fetch_add(ngx_stat_active, -1);
    }

    pool = sc->pool;

    ngx_close_connection(sc);
    ngx_destroy_pool(pool);
}


ngx_int_t
ngx_thread_ws_agent_init_process(ngx_cycle_t *cycle)
{
    if (ngx_thread_ws_agent_check(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a cycle that follows another in one process has its descriptor */

    if (ngx_thread_ws_agent_socket[0] != (ngx_socket_t) -1) {
        return NGX_OK;
    }

    if (socketpair(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0,
                   ngx_thread_ws_agent_socket)
        == -1)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "socketpair() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_thread_ws_agent_exit_process(void)
{
    ngx_uint_t  i;

    for (i = 0; i < 2; i++) {
        if (ngx_thread_ws_agent_socket[i] != (ngx_socket_t) -1) {
            (void) ngx_close_socket(ngx_thread_ws_agent_socket[i]);
            ngx_thread_ws_agent_socket[i] = (ngx_socket_t) -1;
        }
    }
}


/* a connection that is marked as shared leaves its descriptor open */

static ngx_int_t
ngx_thread_ws_agent_check(ngx_cycle_t *cycle)
{
    int                fd[2];
    ngx_int_t          rc;
    ngx_connection_t  *c;

    if (pipe(fd) == -1) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno, "pipe() failed");
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    c = ngx_get_connection(fd[0], cycle->log);

    if (c) {
        c->shared = 1;
        ngx_close_connection(c);

        if (fcntl(fd[0], F_GETFD) != -1) {
            rc = NGX_OK;
            (void) close(fd[0]);
        }
    }

    (void) close(fd[1]);

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "ngx_thread_ws_module was built with other headers than "
                      "this nginx: it would close descriptors that it shares.  "
                      "Build it with the headers of this nginx (on Debian: "
                      "the package nginx-dev)");
    }

    return rc;
}


ssize_t
ngx_thread_ws_agent_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    return NGX_AGAIN;
}


static ssize_t
ngx_thread_ws_agent_send(ngx_connection_t *c, u_char *buf, size_t size)
{
    return NGX_ERROR;
}


static ngx_chain_t *
ngx_thread_ws_agent_send_chain(ngx_connection_t *c, ngx_chain_t *in,
    off_t limit)
{
    return NGX_CHAIN_ERROR;
}


static ssize_t
ngx_thread_ws_agent_recv_chain(ngx_connection_t *c, ngx_chain_t *in,
    off_t limit)
{
    return NGX_AGAIN;
}
