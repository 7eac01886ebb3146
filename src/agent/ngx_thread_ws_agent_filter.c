
/*
 * The agent's answer: header and body filters that take it instead of sending
 * it, and the pace at which it is taken.
 */


#include "agent/ngx_thread_ws_agent_private.h"
#include "base/ngx_thread_ws_modules.h"


/* bytes of an answer that one turn of the event loop may bring a run */

#define NGX_THREAD_WS_TURN_SIZE      65536

/*
 * What may follow an answer's end mark: bytes, and ms until the body's end.  As
 * long may nothing follow after the reason of an end, until that counts as one.
 */

#define NGX_THREAD_WS_SURPLUS        65536
#define NGX_THREAD_WS_LINGER         5000

#define NGX_THREAD_WS_AGENT_HELD     0x08    /* in the connection's buffered */


static ngx_int_t ngx_thread_ws_agent_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_agent_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_thread_ws_agent_first_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_thread_ws_agent_take(ngx_thread_ws_agent_t *agent,
    ngx_chain_t *in);
static ngx_int_t ngx_thread_ws_agent_drop(ngx_thread_ws_agent_t *agent,
    ngx_chain_t *in);
static ngx_int_t ngx_thread_ws_agent_hold(ngx_thread_ws_agent_t *agent,
    ngx_chain_t *in);
static void ngx_thread_ws_agent_release(ngx_thread_ws_agent_t *agent);
static ngx_int_t ngx_thread_ws_agent_flush(ngx_thread_ws_agent_t *agent);
static ngx_uint_t ngx_thread_ws_agent_more(ngx_http_request_t *r);
static void ngx_thread_ws_agent_settle(ngx_thread_ws_agent_t *agent);
static void ngx_thread_ws_agent_finalize(ngx_http_request_t *r, ngx_int_t rc);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;
static ngx_http_output_body_filter_pt    ngx_http_first_body_filter;


static ngx_int_t
ngx_thread_ws_agent_header_filter(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_http_upstream_t           *u;
    ngx_thread_ws_agent_t         *agent;
    ngx_thread_ws_agent_header_t   header;

    if (r->connection->recv != ngx_thread_ws_agent_recv || r != r->main) {
        return ngx_http_next_header_filter(r);
    }

    agent = ngx_thread_ws_agent_of(r);

    if (r->post_action || agent->stopped || agent->header) {
        r->header_sent = 1;
        return NGX_OK;
    }

    ngx_thread_ws_agent_describe(r, &header);

    r->header_sent = 1;
    r->filter_need_in_memory = 1;

    u = r->upstream;

    if (u) {

        /* upstream looks at it after the header, whatever proxy_buffering */

        u->buffering = 0;

        agent->finalize = u->finalize_request;
        u->finalize_request = ngx_thread_ws_agent_finalize;

        agent->passes = !r->cached && ngx_thread_ws_modules_pass(r);

        ngx_thread_ws_agent_gate(agent);
        ngx_thread_ws_agent_gather_begin(agent);
    }

    agent->header = 1;

    agent->busy = 1;
    rc = agent->call.handlers->header(agent->call.data, &header);
    agent->busy = 0;

    if (rc != NGX_OK || agent->stopped) {
        agent->stopped = 1;
        r->connection->error = 1;
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_agent_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t            *cl;
    ngx_thread_ws_agent_t  *agent;

    if (r->connection->recv != ngx_thread_ws_agent_recv) {
        return ngx_http_next_body_filter(r, in);
    }

    agent = ngx_thread_ws_agent_of(r);

    if (r != r->main) {

        if (r->subrequest_in_memory) {
            return ngx_http_next_body_filter(r, in);
        }

        for (cl = in; cl; cl = cl->next) {
            cl->buf->pos = cl->buf->last;
            cl->buf->file_pos = cl->buf->file_last;
        }

        return NGX_OK;
    }

    if (agent->stopped) {
        return NGX_ERROR;
    }

    if (!agent->header || agent->whole) {
        return ngx_thread_ws_agent_drop(agent, in);
    }

    if (agent->waiting) {
        return ngx_thread_ws_agent_hold(agent, in);
    }

    if (agent->held) {
        if (in && ngx_chain_add_copy(r->pool, &agent->held, in) != NGX_OK) {
            return NGX_ERROR;
        }

        in = agent->held;
        agent->held = NULL;
        agent->connection->buffered &= ~NGX_THREAD_WS_AGENT_HELD;
    }

    if (ngx_thread_ws_agent_take(agent, in) != NGX_OK) {
        agent->stopped = 1;
        r->connection->error = 1;
        return NGX_ERROR;
    }

    return ngx_thread_ws_agent_flush(agent);
}


static ngx_int_t
ngx_thread_ws_agent_first_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    if (r->connection->recv == ngx_thread_ws_agent_recv && r == r->main
        && ngx_thread_ws_agent_of(r)->passes)
    {
        return ngx_thread_ws_agent_body_filter(r, in);
    }

    return ngx_http_first_body_filter(r, in);
}


static ngx_int_t
ngx_thread_ws_agent_take(ngx_thread_ws_agent_t *agent, ngx_chain_t *in)
{
    ngx_buf_t                       *b;
    ngx_int_t                        rc;
    ngx_uint_t                       last;
    ngx_chain_t                     *cl;
    ngx_thread_ws_agent_handlers_t  *handlers;

    handlers = agent->call.handlers;
    rc = NGX_OK;
    last = 0;

    agent->busy = 1;

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b) && b->pos != b->last) {
            agent->received += b->last - b->pos;

            if (rc != NGX_DONE) {
                rc = handlers->body(agent->call.data, b->pos, b->last,
                                    &agent->heard);
            }

            b->pos = b->last;

            if ((rc != NGX_OK && rc != NGX_DONE) || agent->stopped) {
                rc = NGX_ERROR;
                break;
            }
        }

        if (b->last_buf) {
            last = 1;
        }
    }

    if (rc == NGX_DONE || (rc == NGX_OK && last)) {
        agent->whole = 1;
        handlers->whole(agent->call.data);

        if (agent->stopped) {
            rc = NGX_ERROR;

        } else if (!last) {
            ngx_add_timer(&agent->linger, NGX_THREAD_WS_LINGER);
        }

    } else if (rc == NGX_OK && agent->finished != agent->heard.finished) {
        ngx_thread_ws_agent_settle(agent);
    }

    agent->busy = 0;

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


/* what follows an answer's end; an agent that goes on with it is left */

static ngx_int_t
ngx_thread_ws_agent_drop(ngx_thread_ws_agent_t *agent, ngx_chain_t *in)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        agent->surplus += b->last - b->pos;
        b->pos = b->last;

        if (b->last_buf && agent->linger.timer_set) {
            ngx_del_timer(&agent->linger);
        }
    }

    if (agent->surplus > NGX_THREAD_WS_SURPLUS) {
        agent->stopped = 1;
        agent->connection->error = 1;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * The reason of the answer's end was told: some servers leave it at that.
 * Others go on after it, with more of the answer or with what it took.
 */

static void
ngx_thread_ws_agent_settle(ngx_thread_ws_agent_t *agent)
{
    agent->finished = agent->heard.finished;

    if (agent->finished) {
        ngx_add_timer(&agent->linger, NGX_THREAD_WS_LINGER);
    }
}


/* ... and so is one that does not end it */

void
ngx_thread_ws_agent_linger_handler(ngx_event_t *ev)
{
    ngx_thread_ws_agent_t  *agent = ev->data;

    if (!agent->whole) {

        if (agent->waiting || agent->held) {

            /* there is more that the run has not seen */

            ngx_add_timer(&agent->linger, NGX_THREAD_WS_LINGER);
            return;
        }

        agent->whole = 1;

        agent->busy = 1;
        agent->call.handlers->whole(agent->call.data);
        agent->busy = 0;
    }

    ngx_thread_ws_agent_leave(agent);
}


/*
 * All that one read brought was taken.  The agent's next bytes are left in its
 * socket while nobody has room for more, and for the next turn of the event
 * loop when this one has done enough.
 */

static ngx_int_t
ngx_thread_ws_agent_flush(ngx_thread_ws_agent_t *agent)
{
    ngx_int_t   rc;
    ngx_uint_t  more;

    more = !agent->whole && ngx_thread_ws_agent_more(agent->request);

    rc = agent->call.handlers->flush(agent->call.data, more);

    if (agent->whole) {
        ngx_thread_ws_agent_gather_end(agent);
        return NGX_OK;
    }

    if (!more) {
        ngx_thread_ws_agent_gather(agent);
        agent->turn_from = agent->received;
    }

    if (rc == NGX_AGAIN
        || agent->received - agent->turn_from >= NGX_THREAD_WS_TURN_SIZE)
    {
        return ngx_thread_ws_agent_hold(agent, NULL);
    }

    return NGX_OK;
}


/* whether the upstream's socket may have more to read at this moment */

static ngx_uint_t
ngx_thread_ws_agent_more(ngx_http_request_t *r)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    return u && u->peer.connection && u->peer.connection->read->ready;
}


static ngx_int_t
ngx_thread_ws_agent_hold(ngx_thread_ws_agent_t *agent, ngx_chain_t *in)
{
    ngx_connection_t  *sc;

    sc = agent->connection;

    if (in
        && ngx_chain_add_copy(agent->request->pool, &agent->held, in)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    agent->waiting = 1;

    sc->buffered |= NGX_THREAD_WS_AGENT_HELD;

    if (!agent->turn.posted) {
        ngx_post_event(&agent->turn, &ngx_posted_next_events);
    }

    return NGX_AGAIN;
}


/*
 * The turn after a hold.  Core set its own send_timeout on the run's write
 * event meanwhile; who takes nothing is not the agent's affair.
 */

void
ngx_thread_ws_agent_turn_handler(ngx_event_t *ev)
{
    ngx_thread_ws_agent_t  *agent;

    agent = ev->data;

    if (agent->connection->write->timer_set) {
        ngx_del_timer(agent->connection->write);
    }

    agent->turn_from = agent->received;

    if (agent->waiting
        && agent->call.handlers->flush(agent->call.data, 0) == NGX_OK)
    {
        ngx_thread_ws_agent_release(agent);
    }
}


void
ngx_thread_ws_agent_resume(ngx_thread_ws_agent_t *agent)
{
    if (agent->waiting && !agent->turn.posted) {
        ngx_thread_ws_agent_release(agent);
    }
}


static void
ngx_thread_ws_agent_release(ngx_thread_ws_agent_t *agent)
{
    ngx_connection_t  *sc;

    sc = agent->connection;

    agent->waiting = 0;

    /* or core would not come back for it, where a filter has copied it */

    if (agent->held == NULL) {
        sc->buffered &= ~NGX_THREAD_WS_AGENT_HELD;
    }

    if (sc->write->timer_set) {
        ngx_del_timer(sc->write);
    }

    ngx_post_event(sc->write, &ngx_posted_events);
}


/*
 * Core tells only its upstream's own module that the answer breaks off, and
 * why.  The request may go on after that, for a subrequest in the background.
 */

static void
ngx_thread_ws_agent_finalize(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_thread_ws_agent_t  *agent;

    agent = ngx_thread_ws_agent_of(r);

    ngx_thread_ws_agent_gather_end(agent);
    ngx_thread_ws_agent_gate_end(agent);

    if (rc == NGX_HTTP_GATEWAY_TIME_OUT) {
        agent->end = NGX_THREAD_WS_AGENT_TIMEOUT;
    }

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE && agent->held == NULL
        && !agent->whole && !agent->stopped)
    {
        agent->busy = 1;
        agent->call.handlers->cut(agent->call.data, agent->end);
        agent->busy = 0;

        agent->stopped = 1;
    }

    agent->finalize(r, rc);
}


ngx_int_t
ngx_thread_ws_agent_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_thread_ws_agent_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_thread_ws_agent_body_filter;

    return ngx_thread_ws_agent_phases(cf);
}


void
ngx_thread_ws_agent_init_module(void)
{
    ngx_http_first_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_thread_ws_agent_first_filter;
}
