
/*
 * Gathering.  System calls are most of what a token costs, and nobody reads
 * thousands of deltas a second.  So an agent that brings them without a pause
 * is read once for many: the kernel is asked not to wake us up before so many
 * bytes are there (SO_RCVLOWAT), which the agent's close does nevertheless, and
 * a timer bounds the wait.  A wait that brought little ends it, until the agent
 * has shown anew that it brings more.
 *
 * The end of an answer may be among what waits, unseen.  So that is for a
 * millisecond only, unless this worker is so busy that time for system calls is
 * what it lacks, or the directive names another time.
 */


#include "agent/ngx_thread_ws_agent_private.h"


/* deltas without a pause before the first wait; the same in a busy worker */

#define NGX_THREAD_WS_GATHER_PROOF       24
#define NGX_THREAD_WS_GATHER_PROOF_BUSY  8

/* ... that a wait is for, and that the agent's pace must promise of it */

#define NGX_THREAD_WS_GATHER_DELTAS      16
#define NGX_THREAD_WS_GATHER_LEAST       8

/* ms of a wait, in a busy worker, and of that for the rest of a burst */

#define NGX_THREAD_WS_GATHER_LONG        20
#define NGX_THREAD_WS_GATHER_SHORT       1

/* bytes that may be waited for: core's buffer, or a part of the kernel's */

#define NGX_THREAD_WS_GATHER_SIZE        4096
#define NGX_THREAD_WS_GATHER_SIZE_MAX    32768

/*
 * Percent of its time that a worker computes, measured every so many ms, by
 * which it becomes busy, and ceases to be: gathering makes it compute less.
 */

#define NGX_THREAD_WS_GATHER_BUSY        50
#define NGX_THREAD_WS_GATHER_IDLE        20
#define NGX_THREAD_WS_GATHER_WINDOW      32


static ngx_uint_t ngx_thread_ws_agent_gather_busy(ngx_log_t *log);
static ngx_msec_t ngx_thread_ws_agent_gather_time(
    ngx_thread_ws_agent_gather_t *g, ngx_uint_t deltas, ngx_uint_t busy);
static void ngx_thread_ws_agent_gather_read(ngx_http_request_t *r,
    ngx_http_upstream_t *u);
static ngx_int_t ngx_thread_ws_agent_gather_wait(ngx_thread_ws_agent_t *agent,
    ngx_msec_t time, size_t size);
static ngx_int_t ngx_thread_ws_agent_gather_lowat(ngx_thread_ws_agent_t *agent,
    size_t size);
static ssize_t ngx_thread_ws_agent_gate_recv(ngx_connection_t *c, u_char *buf,
    size_t size);


void
ngx_thread_ws_agent_gather_begin(ngx_thread_ws_agent_t *agent)
{
    ngx_msec_t                     limit, gather;
    ngx_thread_ws_agent_gather_t  *g;

    g = &agent->gather;
    gather = agent->call.gather;

    if (agent->recv == NULL) {

        /* no upstream that could be waited for */

        return;
    }

    /* to core's timer what waits in the socket has not come */

    limit = agent->request->upstream->conf->read_timeout / 2;

    if (gather == NGX_THREAD_WS_AGENT_GATHER) {
        g->longest[0] = ngx_min(limit, NGX_THREAD_WS_GATHER_SHORT);
        g->longest[1] = ngx_min(limit, NGX_THREAD_WS_GATHER_LONG);

    } else {
        g->longest[0] = ngx_min(limit, gather);
        g->longest[1] = g->longest[0];
    }
}


void
ngx_thread_ws_agent_gather(ngx_thread_ws_agent_t *agent)
{
    size_t                         size;
    ngx_msec_t                     time;
    ngx_uint_t                     busy, deltas;
    ngx_http_upstream_t           *u;
    ngx_thread_ws_agent_gather_t  *g;

    g = &agent->gather;

    if (g->longest[1] == 0) {
        return;
    }

    deltas = agent->heard.deltas - g->counted;
    g->counted = agent->heard.deltas;

    size = agent->received - g->received;
    g->received = agent->received;

    busy = ngx_thread_ws_agent_gather_busy(g->event.log);
    time = ngx_thread_ws_agent_gather_time(g, deltas, busy);

    /*
     * Who may wait longer does so for the rest of a burst after a pause, too,
     * once it is known that the answer is no short one: that has no rest worth
     * the calls that a wait takes.
     */

    g->bursts = (deltas > 1 && g->longest[busy] > NGX_THREAD_WS_GATHER_SHORT
                 && agent->heard.deltas >= NGX_THREAD_WS_GATHER_PROOF_BUSY);

    if (g->bursts && g->read == NULL) {
        u = agent->request->upstream;

        g->read = u->read_event_handler;
        u->read_event_handler = ngx_thread_ws_agent_gather_read;
    }

    if (time == 0) {

        if (g->lowat) {
            ngx_thread_ws_agent_gather_end(agent);
        }

        return;
    }

    /* an agent that is faster than its pace so far: fewer reads, no wait */

    size = 2 * NGX_THREAD_WS_GATHER_DELTAS * size / deltas;
    size = ngx_min(size, NGX_THREAD_WS_GATHER_SIZE_MAX);

    (void) ngx_thread_ws_agent_gather_wait(agent, time, size);
}


static ngx_uint_t
ngx_thread_ws_agent_gather_busy(ngx_log_t *log)
{
    uint64_t         now;
    ngx_msec_t       elapsed;
    ngx_uint_t       share;
    struct timespec  ts;

    static uint64_t    before;    /* us of the processor */
    static ngx_msec_t  at;
    static ngx_uint_t  busy;

    elapsed = ngx_current_msec - at;

    if (elapsed < NGX_THREAD_WS_GATHER_WINDOW) {
        return busy;
    }

    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == -1) {
        return 0;
    }

    now = (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
    share = (now - before) / 10 / elapsed;

    before = now;
    at = ngx_current_msec;

    busy = (share >= (busy ? NGX_THREAD_WS_GATHER_IDLE
                           : NGX_THREAD_WS_GATHER_BUSY));

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, log, 0,
                   "thread_ws worker computes %ui%%, busy: %ui", share, busy);

    return busy;
}


/* ms to wait for what comes next; 0: it is read at once */

static ngx_msec_t
ngx_thread_ws_agent_gather_time(ngx_thread_ws_agent_gather_t *g,
    ngx_uint_t deltas, ngx_uint_t busy)
{
    ngx_msec_t  elapsed, longest, time;
    ngx_uint_t  little, proof;

    longest = g->longest[busy];

    elapsed = ngx_current_msec - g->read_at;
    g->read_at = ngx_current_msec;

    little = (g->over && deltas < NGX_THREAD_WS_GATHER_LEAST / 2);
    g->over = 0;

    if (little || elapsed > longest + 1) {
        g->since = ngx_current_msec;
        g->deltas = 0;
    }

    g->deltas += deltas;

    proof = busy ? NGX_THREAD_WS_GATHER_PROOF_BUSY
                 : NGX_THREAD_WS_GATHER_PROOF;

    if (deltas == 0 || g->deltas < proof) {
        return 0;
    }

    elapsed = ngx_current_msec - g->since + 1;

    if (g->deltas * longest < NGX_THREAD_WS_GATHER_LEAST * elapsed) {
        return 0;
    }

    time = NGX_THREAD_WS_GATHER_DELTAS * elapsed / g->deltas;
    time = ngx_max(time, NGX_THREAD_WS_GATHER_SHORT);

    return ngx_min(time, longest);
}


/* in the place of core's handler, which reads what the agent has */

static void
ngx_thread_ws_agent_gather_read(ngx_http_request_t *r, ngx_http_upstream_t *u)
{
    ngx_event_t                   *rev;
    ngx_thread_ws_agent_t         *agent;
    ngx_thread_ws_agent_gather_t  *g;

    agent = ngx_thread_ws_agent_of(r);
    g = &agent->gather;
    rev = u->peer.connection->read;

    if (g->bursts && g->lowat == 0 && rev->ready && !rev->pending_eof
        && !rev->timedout)
    {
        g->bursts = 0;

        if (ngx_thread_ws_agent_gather_wait(agent, NGX_THREAD_WS_GATHER_SHORT,
                                            NGX_THREAD_WS_GATHER_SIZE)
            == NGX_OK)
        {
            return;
        }
    }

    g->read(r, u);
}


static ngx_int_t
ngx_thread_ws_agent_gather_wait(ngx_thread_ws_agent_t *agent, ngx_msec_t time,
    size_t size)
{
    ngx_event_t  *ev;

    if (ngx_thread_ws_agent_gather_lowat(agent, size) != NGX_OK) {
        return NGX_ERROR;
    }

    ev = &agent->gather.event;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "thread_ws agent gathers for %M ms or %uz bytes",
                   time, size);

    /* core leaves a timer as it is where the difference is small */

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    ngx_add_timer(ev, time);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_agent_gather_lowat(ngx_thread_ws_agent_t *agent, size_t size)
{
    int                            lowat;
    ngx_connection_t              *c;
    ngx_thread_ws_agent_gather_t  *g;

    g = &agent->gather;
    c = agent->request->upstream->peer.connection;

    if (size != 1 && g->lowat / 2 < size && size / 2 < g->lowat) {
        return NGX_OK;
    }

    lowat = (int) size;

    if (c == NULL
        || setsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, (const void *) &lowat,
                      sizeof(int))
           == -1)
    {
        return NGX_ERROR;
    }

    g->lowat = size;

    return NGX_OK;
}


/* the wait is over */

void
ngx_thread_ws_agent_gather_handler(ngx_event_t *ev)
{
    int                     n;
    ngx_connection_t       *c;
    ngx_http_upstream_t    *u;
    ngx_thread_ws_agent_t  *agent;

    agent = ev->data;
    u = agent->request->upstream;

    if (u == NULL || u->peer.connection == NULL) {
        return;
    }

    c = u->peer.connection;

    if (ngx_socket_nread(c->fd, &n) == -1 || n == 0) {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                       "thread_ws agent gathered nothing");

        agent->gather.deltas = 0;
        ngx_thread_ws_agent_gather_end(agent);
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "thread_ws agent gathered %d bytes", n);

    agent->gather.over = 1;

    c->read->ready = 1;
    c->read->available = -1;

    c->read->handler(c->read);
}


void
ngx_thread_ws_agent_gather_end(ngx_thread_ws_agent_t *agent)
{
    ngx_thread_ws_agent_gather_t  *g;

    g = &agent->gather;

    if (g->event.timer_set) {
        ngx_del_timer(&g->event);
    }

    if (g->lowat == 0) {
        return;
    }

    /* what is there already is an event by this, as what comes */

    (void) ngx_thread_ws_agent_gather_lowat(agent, 1);

    g->lowat = 0;
}


void
ngx_thread_ws_agent_gate(ngx_thread_ws_agent_t *agent)
{
    ngx_connection_t  *c;

    c = agent->request->upstream->peer.connection;

    if (c && agent->recv == NULL) {
        agent->recv = c->recv;
        c->recv = ngx_thread_ws_agent_gate_recv;
    }
}


void
ngx_thread_ws_agent_gate_end(ngx_thread_ws_agent_t *agent)
{
    ngx_connection_t  *c;

    c = agent->request->upstream->peer.connection;

    if (c && c->recv == ngx_thread_ws_agent_gate_recv) {
        c->recv = agent->recv;
        agent->recv = NULL;
    }
}


/*
 * The event stays ready: core reads on when it comes to write again.
 *
 * What was read after a wait may be nothing that the filters hear, or there was
 * nothing more to read: then nobody looks whether to wait again, and the socket
 * is not to be left with its low-water mark and no timer.
 */

static ssize_t
ngx_thread_ws_agent_gate_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    ssize_t                        n;
    ngx_uint_t                     i;
    ngx_http_request_t            *r;
    ngx_thread_ws_agent_t         *agent;
    ngx_thread_ws_agent_gather_t  *g;

    r = c->data;
    agent = ngx_thread_ws_agent_of(r);

    if (agent->waiting) {
        return NGX_AGAIN;
    }

    for (i = 0; i < NGX_THREAD_WS_AGENT_NEAR; i++) {
        ngx_thread_ws_near(agent->near[i].at, agent->near[i].size);
    }

    n = agent->recv(c, buf, size);

    g = &agent->gather;

    if (g->lowat && !g->event.timer_set && !c->read->ready) {
        ngx_add_timer(&g->event, NGX_THREAD_WS_GATHER_SHORT);
    }

    return n;
}
