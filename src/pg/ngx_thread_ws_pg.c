
/*
 * A pool: queries that wait, connections that take them.
 *
 * A query goes to the connection with the least to do, and waits only while
 * none is ready.  One connection is opened at a time, as they are needed; one
 * is always kept.  Every query has a timer that keeps a leaving worker alive;
 * the pool's own timers do not.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "pg/ngx_thread_ws_pg_private.h"


static void ngx_thread_ws_pg_dispatch(ngx_thread_ws_pg_t *pg);
static void ngx_thread_ws_pg_grow(ngx_thread_ws_pg_t *pg);
static ngx_thread_ws_pg_conn_t *ngx_thread_ws_pg_pick(ngx_thread_ws_pg_t *pg);
static void ngx_thread_ws_pg_ready(ngx_thread_ws_pg_t *pg);
static void ngx_thread_ws_pg_lost(ngx_thread_ws_pg_t *pg);
static void ngx_thread_ws_pg_event(ngx_event_t *ev);
static void ngx_thread_ws_pg_done(ngx_thread_ws_pg_query_t *query);
static void ngx_thread_ws_pg_unsent(ngx_thread_ws_pg_query_t *query);
static void ngx_thread_ws_pg_refused(ngx_thread_ws_pg_t *pg);
static void ngx_thread_ws_pg_moved(ngx_thread_ws_pg_t *pg);
static void ngx_thread_ws_pg_readonly(ngx_thread_ws_pg_t *pg,
    ngx_thread_ws_pg_conn_t *pc);
static void ngx_thread_ws_pg_timeout(ngx_event_t *ev);


static ngx_thread_ws_pg_handlers_t  ngx_thread_ws_pg_handlers = {
    ngx_thread_ws_pg_ready,
    ngx_thread_ws_pg_lost,
    ngx_thread_ws_pg_done,
    ngx_thread_ws_pg_unsent,
    ngx_thread_ws_pg_refused,
    ngx_thread_ws_pg_moved,
    ngx_thread_ws_pg_readonly
};


ngx_thread_ws_pg_t *
ngx_thread_ws_pg_create(ngx_conf_t *cf, ngx_str_t *conninfo, ngx_uint_t n,
    ngx_msec_t timeout)
{
    ngx_thread_ws_pg_t  *pg;

    pg = ngx_pcalloc(cf->pool, sizeof(ngx_thread_ws_pg_t));
    if (pg == NULL) {
        return NULL;
    }

    pg->handlers = &ngx_thread_ws_pg_handlers;
    pg->nconns = n;
    pg->timeout = timeout;

    if (ngx_thread_ws_pg_conninfo(cf, pg, conninfo) != NGX_OK) {
        return NULL;
    }

    return pg;
}


void
ngx_thread_ws_pg_greet(ngx_thread_ws_pg_t *pg,
    ngx_thread_ws_pg_greeting_t *greeting)
{
    pg->greeting = greeting;
}


ngx_int_t
ngx_thread_ws_pg_start(ngx_thread_ws_pg_t *pg, ngx_cycle_t *cycle)
{
    ngx_uint_t  i;

    pg->log = cycle->log;
    pg->wait = 0;
    pg->host = 0;
    pg->logged = 0;
    pg->greeted = 0;

    ngx_queue_init(&pg->waiting);

    ngx_memzero(&pg->retry, sizeof(ngx_event_t));

    pg->retry.handler = ngx_thread_ws_pg_event;
    pg->retry.data = pg;
    pg->retry.log = pg->log;
    pg->retry.cancelable = 1;

    pg->send = pg->retry;

    pg->conns = ngx_pcalloc(cycle->pool,
                            pg->nconns * sizeof(ngx_thread_ws_pg_conn_t));
    if (pg->conns == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < pg->nconns; i++) {
        pg->conns[i].pg = pg;
        ngx_queue_init(&pg->conns[i].sent);
    }

    ngx_thread_ws_pg_names_start(pg);
    ngx_thread_ws_pg_grow(pg);

    return NGX_OK;
}


void
ngx_thread_ws_pg_stop(ngx_thread_ws_pg_t *pg)
{
    ngx_uint_t                 i;
    ngx_queue_t               *q, *sent;
    ngx_thread_ws_pg_query_t  *query;

    if (pg->conns == NULL) {
        return;
    }

    ngx_thread_ws_pg_names_stop(pg);

    for (i = 0; i < pg->nconns; i++) {
        sent = &pg->conns[i].sent;

        ngx_thread_ws_pg_conn_close(&pg->conns[i]);

        while (!ngx_queue_empty(sent)) {
            q = ngx_queue_head(sent);
            query = ngx_queue_data(q, ngx_thread_ws_pg_query_t, queue);
            ngx_thread_ws_pg_query_free(query);
        }
    }

    while (!ngx_queue_empty(&pg->waiting)) {
        q = ngx_queue_head(&pg->waiting);
        query = ngx_queue_data(q, ngx_thread_ws_pg_query_t, queue);
        ngx_thread_ws_pg_query_free(query);
    }

    if (pg->retry.timer_set) {
        ngx_del_timer(&pg->retry);
    }

    if (pg->send.posted) {
        ngx_delete_posted_event(&pg->send);
    }

    pg->conns = NULL;
}


ngx_thread_ws_pg_query_t *
ngx_thread_ws_pg_query(ngx_thread_ws_pg_t *pg, const char *sql)
{
    ngx_thread_ws_pg_query_t  *query;

    if (pg->conns == NULL) {
        return NULL;
    }

    /* malloc's: it may outlive its caller */

    query = ngx_calloc(sizeof(ngx_thread_ws_pg_query_t), pg->log);
    if (query == NULL) {
        return NULL;
    }

    query->pg = pg;
    query->sql = sql;

    query->timer.handler = ngx_thread_ws_pg_timeout;
    query->timer.data = query;
    query->timer.log = pg->log;

    return query;
}


void
ngx_thread_ws_pg_send(ngx_thread_ws_pg_query_t *query)
{
    ngx_thread_ws_pg_t  *pg;

    pg = query->pg;

    ngx_queue_insert_tail(&pg->waiting, &query->queue);

    ngx_add_timer(&query->timer, pg->timeout);

    /*
     * Later in this turn of the event loop: clients have what they were to get
     * first, and all queries of a turn leave together.
     */

    ngx_post_event(&pg->send, &ngx_posted_events);
}


void
ngx_thread_ws_pg_abandon(ngx_thread_ws_pg_query_t *query)
{
    query->handler = NULL;

    if (query->timer.timer_set) {
        ngx_del_timer(&query->timer);
    }

    if (!query->sent) {
        ngx_thread_ws_pg_query_free(query);
    }
}


/* hands out what waits, and sees to more connections if all have work */

static void
ngx_thread_ws_pg_dispatch(ngx_thread_ws_pg_t *pg)
{
    ngx_queue_t               *q;
    ngx_thread_ws_pg_conn_t   *pc;
    ngx_thread_ws_pg_query_t  *query;

    while (!ngx_queue_empty(&pg->waiting)) {
        pc = ngx_thread_ws_pg_pick(pg);

        if (pc == NULL) {
            break;
        }

        q = ngx_queue_head(&pg->waiting);
        query = ngx_queue_data(q, ngx_thread_ws_pg_query_t, queue);

        ngx_thread_ws_pg_query_unlink(query);
        ngx_thread_ws_pg_conn_send(pc, query);
    }

    ngx_thread_ws_pg_grow(pg);
}


static ngx_thread_ws_pg_conn_t *
ngx_thread_ws_pg_pick(ngx_thread_ws_pg_t *pg)
{
    ngx_uint_t                i;
    ngx_thread_ws_pg_conn_t  *pc, *best;

    best = NULL;

    for (i = 0; i < pg->nconns; i++) {
        pc = &pg->conns[i];

        if (pc->state != NGX_THREAD_WS_PG_READY
            || pc->greeting
            || pc->leaving
            || pc->broken
            || pc->nsent >= NGX_THREAD_WS_PG_DEPTH)
        {
            continue;
        }

        if (best == NULL || pc->nsent < best->nsent) {
            best = pc;
        }
    }

    return best;
}


/* opens a connection if every one has work, or there is none */

static void
ngx_thread_ws_pg_grow(ngx_thread_ws_pg_t *pg)
{
    ngx_uint_t                i;
    ngx_thread_ws_pg_conn_t  *pc, *closed;

    if (pg->retry.timer_set || (pg->nnames && pg->hosts.nelts == 0)) {
        return;
    }

    closed = NULL;

    for (i = 0; i < pg->nconns; i++) {
        pc = &pg->conns[i];

        switch (pc->state) {

        case NGX_THREAD_WS_PG_CONNECTING:
            return;

        case NGX_THREAD_WS_PG_READY:
            if (!pc->broken && !pc->leaving
                && (pc->greeting || pc->nsent == 0))
            {
                return;
            }
            break;

        default:
            if (closed == NULL) {
                closed = pc;
            }
        }
    }

    if (closed) {
        ngx_thread_ws_pg_conn_open(closed);
    }
}


/* a connection is ready, or has got through what it had */

static void
ngx_thread_ws_pg_ready(ngx_thread_ws_pg_t *pg)
{
    if (!ngx_queue_empty(&pg->waiting)) {
        ngx_thread_ws_pg_dispatch(pg);
    }
}


/*
 * A connection broke or could not be made.  The first attempt after a time of
 * health comes at once, but from the event loop.
 */

static void
ngx_thread_ws_pg_lost(ngx_thread_ws_pg_t *pg)
{
    if (!pg->retry.timer_set) {
        ngx_add_timer(&pg->retry, ngx_max(pg->wait, 1));
    }

    pg->wait = ngx_min(ngx_max(pg->wait * 2, NGX_THREAD_WS_PG_MIN_WAIT),
                       NGX_THREAD_WS_PG_MAX_WAIT);
}


static void
ngx_thread_ws_pg_event(ngx_event_t *ev)
{
    ngx_thread_ws_pg_dispatch(ev->data);
}


/* the query's connection has the whole answer, committed, or has failed */

static void
ngx_thread_ws_pg_done(ngx_thread_ws_pg_query_t *query)
{
    if (query->timer.timer_set) {
        ngx_del_timer(&query->timer);
    }

    if (query->handler) {
        query->handler(query, (query->failed && !query->greeting)
                              ? NULL : query->res);
    }

    query->sent = 0;

    ngx_thread_ws_pg_query_free(query);
}


/* the query's connection broke: it may wait for another one, or it fails */

static void
ngx_thread_ws_pg_unsent(ngx_thread_ws_pg_query_t *query)
{
    ngx_thread_ws_pg_t  *pg;

    pg = query->pg;

    if (query->handler == NULL || !query->again) {
        query->failed = 1;

        if (query->handler && !query->greeting) {
            ngx_log_error(NGX_LOG_ERR, query->log, 0,
                          "PostgreSQL %V: the connection broke before the "
                          "answer", &pg->name);
        }

        ngx_thread_ws_pg_done(query);
        return;
    }

    if (query->res) {
        PQclear(query->res);
        query->res = NULL;
    }

    query->again = 0;
    query->elsewhere = 0;
    query->sent = 0;
    query->failed = 0;
    query->nresults = 0;

    ngx_thread_ws_pg_query_unlink(query);
    ngx_queue_insert_head(&pg->waiting, &query->queue);
}


/* the server is not what it should be: nothing is worth waiting for */

static void
ngx_thread_ws_pg_refused(ngx_thread_ws_pg_t *pg)
{
    ngx_queue_t                waiting, *q;
    ngx_thread_ws_pg_query_t  *query;

    ngx_queue_init(&waiting);

    if (!ngx_queue_empty(&pg->waiting)) {
        ngx_queue_add(&waiting, &pg->waiting);
        ngx_queue_init(&pg->waiting);
    }

    while (!ngx_queue_empty(&waiting)) {
        q = ngx_queue_head(&waiting);
        query = ngx_queue_data(q, ngx_thread_ws_pg_query_t, queue);

        ngx_thread_ws_pg_query_unlink(query);

        query->failed = 1;

        ngx_log_error(NGX_LOG_ERR, query->log, 0,
                      "PostgreSQL %V cannot be used", &pg->name);

        ngx_thread_ws_pg_done(query);
    }
}


/* a name has other addresses: who is with a former one leaves it */

static void
ngx_thread_ws_pg_moved(ngx_thread_ws_pg_t *pg)
{
    ngx_uint_t                i;
    ngx_thread_ws_pg_conn_t  *pc;

    ngx_log_error(NGX_LOG_NOTICE, pg->log, 0,
                  "PostgreSQL %V: addresses have changed", &pg->name);

    for (i = 0; i < pg->nconns; i++) {
        pc = &pg->conns[i];

        if (pc->state == NGX_THREAD_WS_PG_READY
            && ngx_thread_ws_pg_names_left(pc))
        {
            ngx_thread_ws_pg_conn_leave(pc);
        }
    }

    ngx_thread_ws_pg_dispatch(pg);
}


/* of several hosts the next one comes first, and all leave for it */

static void
ngx_thread_ws_pg_readonly(ngx_thread_ws_pg_t *pg, ngx_thread_ws_pg_conn_t *pc)
{
    ngx_uint_t  i;

    if (pg->hosts.nelts < 2 || pc->host != pg->host) {
        return;
    }

    pg->host++;

    for (i = 0; i < pg->nconns; i++) {
        if (pg->conns[i].state != NGX_THREAD_WS_PG_CLOSED) {
            ngx_thread_ws_pg_conn_leave(&pg->conns[i]);
        }
    }
}


static void
ngx_thread_ws_pg_timeout(ngx_event_t *ev)
{
    ngx_thread_ws_pg_pt        handler;
    ngx_thread_ws_pg_query_t  *query;

    query = ev->data;

    ngx_log_error(NGX_LOG_ERR, query->log, 0,
                  query->sent ? "PostgreSQL %V did not answer in time"
                              : "PostgreSQL %V: no connection in time",
                  &query->pg->name);

    /* one that is sent stays in its place: its answer may come yet */

    if (!query->sent) {
        ngx_thread_ws_pg_query_unlink(query);
    }

    handler = query->handler;
    query->handler = NULL;

    handler(query, NULL);

    if (!query->sent) {
        ngx_thread_ws_pg_query_free(query);
    }
}
