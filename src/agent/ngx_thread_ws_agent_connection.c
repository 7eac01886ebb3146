
/*
 * The connection of a run's own request: a slot that shares the client's
 * socket, and neither reads nor writes it.
 */


#include "agent/ngx_thread_ws_agent_request.h"


static void ngx_thread_ws_agent_share(ngx_connection_t *c,
    ngx_connection_t *sc);
static void ngx_thread_ws_agent_events(ngx_connection_t *c,
    ngx_connection_t *sc);

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


ngx_connection_t *
ngx_thread_ws_agent_connection(ngx_thread_ws_run_t *run)
{
    ngx_pool_t                *pool;
    ngx_connection_t          *c, *sc;
    ngx_http_request_t        *pr;
    ngx_thread_ws_agent_t     *agent;
    ngx_http_core_srv_conf_t  *cscf;

    pr = run->conn->request;
    c = pr->connection;

    /* one for the run, one for its upstream: core would raise an alert */

    if (ngx_cycle->free_connection_n + ngx_cycle->reusable_connections_n < 2) {
        ngx_log_error(NGX_LOG_ERR, run->subject.log, 0,
                      "no connections are left for a run "
                      "(worker_connections)");
        return NULL;
    }

    pool = ngx_create_pool(sizeof(ngx_thread_ws_agent_t)
                           + 4 * sizeof(ngx_pool_t), c->log);
    if (pool == NULL) {
        return NULL;
    }

    agent = ngx_pcalloc(pool, sizeof(ngx_thread_ws_agent_t));
    if (agent == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    cscf = ngx_http_get_module_srv_conf(pr, ngx_http_core_module);

    agent->hc = *pr->http_connection;
    agent->hc.conf_ctx = cscf->ctx;
    agent->hc.busy = NULL;
    agent->hc.nbusy = 0;
    agent->hc.free = NULL;
#if (NGX_HTTP_SSL)
    agent->hc.ssl_servername = NULL;
#endif

    agent->run = run;
    agent->conn = run->conn;

    agent->log = *c->log;
    agent->log.data = &agent->log_ctx;
    agent->log_ctx.connection = c;
    pool->log = &agent->log;

    /* the real descriptor: checks of broken connections peek at it */

    sc = ngx_get_connection(c->fd, &agent->log);
    if (sc == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    agent->connection = sc;
    agent->log.connection = c->number;
    agent->log_ctx.connection = sc;

    sc->shared = 1;
    sc->type = SOCK_STREAM;
    sc->pool = pool;
    sc->log_error = NGX_ERROR_INFO;

    sc->data = agent;

    ngx_thread_ws_agent_share(c, sc);

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

    ngx_thread_ws_agent_events(c, sc);

    if (&ngx_stat_active && ngx_stat_active) {
        (void) ngx_atomic_fetch_add(ngx_stat_active, 1);
    }

    ngx_queue_insert_tail(&run->conn->agents, &agent->queue);
    run->agent = agent;

    return sc;
}


/* what tells whose connection it is: addresses, number, TLS */

static void
ngx_thread_ws_agent_share(ngx_connection_t *c, ngx_connection_t *sc)
{
    ngx_thread_ws_agent_t  *agent;

    sc->listening = c->listening;
    sc->number = c->number;
    sc->start_time = ngx_current_msec;

    /*
     * Copies: a request that a thread works for outlives the client, and
     * variables point to what is here.
     */

    agent = sc->data;

    sc->sockaddr = &agent->sockaddr.sockaddr;
    sc->socklen = ngx_min(c->socklen, (socklen_t) sizeof(ngx_sockaddr_t));
    ngx_memcpy(sc->sockaddr, c->sockaddr, sc->socklen);

    sc->addr_text.data = agent->addr;
    sc->addr_text.len = ngx_min(c->addr_text.len, sizeof(agent->addr));
    ngx_memcpy(agent->addr, c->addr_text.data, sc->addr_text.len);

    sc->local_sockaddr = &agent->local_sockaddr.sockaddr;
    sc->local_socklen = ngx_min(c->local_socklen,
                                (socklen_t) sizeof(ngx_sockaddr_t));
    ngx_memcpy(sc->local_sockaddr, c->local_sockaddr, sc->local_socklen);

#if (NGX_SSL)
    sc->ssl = c->ssl;
#endif
}


/* the same of what the PROXY protocol said */

ngx_int_t
ngx_thread_ws_agent_proxied(ngx_http_request_t *r, ngx_connection_t *c)
{
    ngx_proxy_protocol_t  *pp;

    if (c->proxy_protocol == NULL) {
        return NGX_OK;
    }

    pp = ngx_palloc(r->pool, sizeof(ngx_proxy_protocol_t));
    if (pp == NULL) {
        return NGX_ERROR;
    }

    *pp = *c->proxy_protocol;

    pp->src_addr.data = ngx_pstrdup(r->pool, &c->proxy_protocol->src_addr);
    pp->dst_addr.data = ngx_pstrdup(r->pool, &c->proxy_protocol->dst_addr);

    if (pp->src_addr.data == NULL || pp->dst_addr.data == NULL) {
        return NGX_ERROR;
    }

#if (nginx_version >= 1023002)

    pp->tlvs.data = ngx_pstrdup(r->pool, &c->proxy_protocol->tlvs);
    if (pp->tlvs.data == NULL) {
        return NGX_ERROR;
    }

#endif

    r->connection->proxy_protocol = pp;

    return NGX_OK;
}


static void
ngx_thread_ws_agent_events(ngx_connection_t *c, ngx_connection_t *sc)
{
    ngx_event_t            *rev, *wev;
    ngx_thread_ws_agent_t  *agent;

    rev = sc->read;
    wev = sc->write;

    rev->log = sc->log;
    wev->log = sc->log;

    /*
     * The descriptor is in the event module's hands already: events that look
     * active are not added again.  An eof keeps core from lingering, which
     * would shut the client's socket down.
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

    agent->gather.handler = ngx_thread_ws_agent_gather_handler;
    agent->gather.data = agent;
    agent->gather.log = sc->log;

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

#if (NGX_SSL)
    sc->ssl = NULL;
#endif

    ngx_close_connection(sc);
    ngx_destroy_pool(pool);
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
