
/*
 * One connection to PostgreSQL.
 *
 * libpq may close its socket or open another in any call, so that nginx's
 * connection is taken back before, and where libpq has closed it already,
 * without a word to the kernel.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "base/ngx_thread_ws_socket.h"
#include "pg/ngx_thread_ws_pg_private.h"


/* how often a TLS connection is looked at while an answer is due, ms */

#define NGX_THREAD_WS_PG_LOOK  10


static ngx_int_t ngx_thread_ws_pg_conn_attach(ngx_thread_ws_pg_conn_t *pc,
    ngx_uint_t read, ngx_uint_t write);
static void ngx_thread_ws_pg_conn_detach(ngx_thread_ws_pg_conn_t *pc);
static void ngx_thread_ws_pg_conn_event(ngx_event_t *ev);
static void ngx_thread_ws_pg_conn_poll(ngx_thread_ws_pg_conn_t *pc);
static void ngx_thread_ws_pg_conn_ready(ngx_thread_ws_pg_conn_t *pc);
static void ngx_thread_ws_pg_conn_timer(ngx_event_t *ev);
static ngx_uint_t ngx_thread_ws_pg_conn_patient(ngx_thread_ws_pg_conn_t *pc);
static void ngx_thread_ws_pg_conn_again(ngx_event_t *ev);
static void ngx_thread_ws_pg_conn_notice(void *data, const PGresult *res);


void
ngx_thread_ws_pg_conn_open(ngx_thread_ws_pg_conn_t *pc)
{
    ngx_thread_ws_pg_t        *pg;
    ngx_thread_ws_pg_hosts_t  *hosts;

    pg = pc->pg;

    if (pg->hosts.nelts) {
        hosts = pg->hosts.elts;
        hosts = &hosts[pg->host % pg->hosts.nelts];

        pg->values[0] = hosts->host;
        pg->values[1] = hosts->hostaddr;
        pg->values[2] = hosts->port;
    }

    pc->host = pg->host;
    pc->broken = 0;
    pc->extended = 0;
    pc->fresh = 1;
    pc->greeting = 0;
    pc->leaving = 0;
    pc->nsent = 0;

    ngx_memzero(&pc->timer, sizeof(ngx_event_t));
    ngx_memzero(&pc->again, sizeof(ngx_event_t));

    pc->timer.handler = ngx_thread_ws_pg_conn_timer;
    pc->timer.data = pc;
    pc->timer.log = pg->log;
    pc->timer.cancelable = 1;

    pc->again.handler = ngx_thread_ws_pg_conn_again;
    pc->again.data = pc;
    pc->again.log = pg->log;
    pc->again.cancelable = 1;

    pc->pgconn = PQconnectStartParams(pg->keywords, pg->values, 0);

    if (pc->pgconn) {
        PQsetErrorVerbosity(pc->pgconn, PQERRORS_TERSE);
        PQsetErrorContextVisibility(pc->pgconn, PQSHOW_CONTEXT_NEVER);
        PQsetNoticeReceiver(pc->pgconn, ngx_thread_ws_pg_conn_notice, NULL);
    }

    if (pc->pgconn == NULL
        || PQstatus(pc->pgconn) == CONNECTION_BAD
        || ngx_thread_ws_pg_conn_attach(pc, 0, 1) != NGX_OK)
    {
        ngx_thread_ws_pg_conn_log(pc, "cannot be reached", NULL);
        ngx_thread_ws_pg_conn_close(pc);
        pg->handlers->lost(pg);
        return;
    }

    pc->state = NGX_THREAD_WS_PG_CONNECTING;

    ngx_add_timer(&pc->timer, pg->connect_timeout);
}


void
ngx_thread_ws_pg_conn_close(ngx_thread_ws_pg_conn_t *pc)
{
    if (pc->timer.timer_set) {
        ngx_del_timer(&pc->timer);
    }

    if (pc->again.timer_set) {
        ngx_del_timer(&pc->again);
    }

    if (pc->again.posted) {
        ngx_delete_posted_event(&pc->again);
    }

    ngx_thread_ws_pg_conn_detach(pc);

    if (pc->pgconn) {
        PQfinish(pc->pgconn);
        pc->pgconn = NULL;
    }

    pc->state = NGX_THREAD_WS_PG_CLOSED;
}


static ngx_int_t
ngx_thread_ws_pg_conn_attach(ngx_thread_ws_pg_conn_t *pc, ngx_uint_t read,
    ngx_uint_t write)
{
    ngx_log_t  *log;

    log = pc->pg->log;

    pc->connection = ngx_thread_ws_socket_attach(PQsocket(pc->pgconn), log,
                                               ngx_thread_ws_pg_conn_event,
                                               pc);
    if (pc->connection == NULL) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "no connections are left for PostgreSQL "
                      "(worker_connections)");
        return NGX_ERROR;
    }

    return ngx_thread_ws_socket_watch(pc->connection, read, write);
}


static void
ngx_thread_ws_pg_conn_detach(ngx_thread_ws_pg_conn_t *pc)
{
    ngx_connection_t  *c;

    c = pc->connection;

    if (c) {
        pc->connection = NULL;
        ngx_thread_ws_socket_detach(c, PQsocket(pc->pgconn) != c->fd);
    }
}


static void
ngx_thread_ws_pg_conn_event(ngx_event_t *ev)
{
    ngx_connection_t         *c;
    ngx_thread_ws_pg_conn_t  *pc;

    c = ev->data;
    pc = c->data;

    if (pc->state == NGX_THREAD_WS_PG_CONNECTING) {
        ngx_thread_ws_pg_conn_poll(pc);
        return;
    }

    if (ev->write) {
        ngx_thread_ws_pg_conn_flush(pc);
        return;
    }

    ngx_thread_ws_pg_conn_read(pc);
}


/* in here libpq may close its socket and open another of the same number */

static void
ngx_thread_ws_pg_conn_poll(ngx_thread_ws_pg_conn_t *pc)
{
    ngx_int_t  rc;

    ngx_thread_ws_pg_conn_detach(pc);

    switch (PQconnectPoll(pc->pgconn)) {

    case PGRES_POLLING_READING:
        rc = ngx_thread_ws_pg_conn_attach(pc, 1, 0);
        break;

    case PGRES_POLLING_WRITING:
        rc = ngx_thread_ws_pg_conn_attach(pc, 0, 1);
        break;

    case PGRES_POLLING_OK:
        ngx_thread_ws_pg_conn_ready(pc);
        return;

    default:
        rc = NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_thread_ws_pg_conn_lost(pc, "cannot be reached");
    }
}


static void
ngx_thread_ws_pg_conn_ready(ngx_thread_ws_pg_conn_t *pc)
{
    if (PQsetnonblocking(pc->pgconn, 1) != 0
        || PQenterPipelineMode(pc->pgconn) != 1
        || ngx_thread_ws_pg_conn_attach(pc, 1, 0) != NGX_OK)
    {
        ngx_thread_ws_pg_conn_lost(pc, "cannot be used");
        return;
    }

    pc->state = NGX_THREAD_WS_PG_READY;

    if (pc->leaving || ngx_thread_ws_pg_names_left(pc)) {
        ngx_thread_ws_pg_conn_lost(pc, "is not the server that is wanted");
        return;
    }

    switch (ngx_thread_ws_pg_conn_greet(pc)) {

    case NGX_OK:
        ngx_thread_ws_pg_conn_serve(pc);
        pc->pg->handlers->ready(pc->pg);
        break;

    case NGX_ERROR:
        ngx_thread_ws_pg_conn_lost(pc, "cannot be used");
    }
}


void
ngx_thread_ws_pg_conn_serve(ngx_thread_ws_pg_conn_t *pc)
{
    ngx_thread_ws_pg_t  *pg;

    pg = pc->pg;

    if (pg->logged) {
        pg->logged = 0;

        ngx_log_error(NGX_LOG_NOTICE, pg->log, 0,
                      "PostgreSQL %V: connected again", &pg->name);
    }

    ngx_thread_ws_pg_conn_watch(pc);
}


/*
 * The time limit goes with each query, for its transaction alone: a session's
 * own setting would stay behind with a pooler.  set_config() is a statement
 * like any other, so that both are one transaction, which ends at the Sync.
 */

void
ngx_thread_ws_pg_conn_send(ngx_thread_ws_pg_conn_t *pc,
    ngx_thread_ws_pg_query_t *query)
{
    u_char             buf[NGX_INT_T_LEN + 1];
    const char        *limit;
    ngx_msec_int_t     left;

    query->sent = 1;
    query->nresults = 0;

    ngx_queue_insert_tail(&pc->sent, &query->queue);

    if (pc->nsent++ == 0) {
        ngx_thread_ws_pg_conn_watch(pc);
    }

    /* the server gives up a little earlier: that keeps the connection */

    left = (ngx_msec_int_t) (query->timer.timer.key - ngx_current_msec);
    left = ngx_max(left - ngx_min(left / 10, 200), 1);

    (void) ngx_sprintf(buf, "%M%Z", (ngx_msec_t) left);
    limit = (const char *) buf;

    if (!PQsendQueryParams(pc->pgconn,
                           "SELECT set_config('statement_timeout', $1, true)",
                           1, NULL, &limit, NULL, NULL, 0)
        || !PQsendQueryParams(pc->pgconn, query->sql, query->nparams,
                              query->types, query->values, query->lengths,
                              query->formats, 0)
        || !PQpipelineSync(pc->pgconn))
    {
        ngx_thread_ws_pg_conn_break(pc);
        return;
    }

    ngx_thread_ws_pg_conn_flush(pc);
}


void
ngx_thread_ws_pg_conn_flush(ngx_thread_ws_pg_conn_t *pc)
{
    int  rc;

    rc = PQflush(pc->pgconn);

    if (rc < 0
        || ngx_thread_ws_socket_watch(pc->connection, 1, rc == 1) != NGX_OK)
    {
        ngx_thread_ws_pg_conn_break(pc);
    }
}


/*
 * To be closed, but not in the call of somebody who sends: what was sent before
 * has owners, whose handlers may not be called from there.
 */

void
ngx_thread_ws_pg_conn_break(ngx_thread_ws_pg_conn_t *pc)
{
    pc->broken = 1;

    ngx_post_event(&pc->again, &ngx_posted_events);
}


/* gets through what it has, and is closed then */

void
ngx_thread_ws_pg_conn_leave(ngx_thread_ws_pg_conn_t *pc)
{
    pc->leaving = 1;

    if (pc->state == NGX_THREAD_WS_PG_READY && pc->nsent == 0) {
        ngx_thread_ws_pg_conn_break(pc);
    }
}


/* one timer, for what the state makes of it; each answer begins it anew */

void
ngx_thread_ws_pg_conn_watch(ngx_thread_ws_pg_conn_t *pc)
{
    /* ngx_add_timer() would leave a timer that differs little as it is */

    if (pc->timer.timer_set) {
        ngx_del_timer(&pc->timer);
    }

    ngx_add_timer(&pc->timer,
                  pc->nsent ? pc->pg->timeout : NGX_THREAD_WS_PG_IDLE);

    if (pc->nsent && PQsslInUse(pc->pgconn) && !pc->again.timer_set) {
        ngx_add_timer(&pc->again, NGX_THREAD_WS_PG_LOOK);
    }
}


static void
ngx_thread_ws_pg_conn_timer(ngx_event_t *ev)
{
    ngx_uint_t                i, n;
    ngx_thread_ws_pg_t       *pg;
    ngx_thread_ws_pg_conn_t  *pc;

    pc = ev->data;
    pg = pc->pg;

    if (pc->state == NGX_THREAD_WS_PG_CONNECTING) {

        if (ngx_thread_ws_pg_conn_patient(pc)) {
            ngx_add_timer(&pc->timer, pg->timeout - pg->connect_timeout);
            return;
        }

        /* libpq does not go on to the next host by itself */

        pg->host++;

        ngx_thread_ws_pg_conn_lost(pc, "cannot be reached in time");
        return;
    }

    if (pc->nsent) {
        ngx_thread_ws_pg_conn_lost(pc, "does not answer");
        return;
    }

    for (i = 0, n = 0; i < pg->nconns; i++) {
        n += (pg->conns[i].state == NGX_THREAD_WS_PG_READY);
    }

    if (n > 1) {
        ngx_thread_ws_pg_conn_close(pc);
    }
}


static void
ngx_thread_ws_pg_conn_again(ngx_event_t *ev)
{
    ngx_thread_ws_pg_conn_t  *pc;

    pc = ev->data;

    ngx_thread_ws_pg_conn_read(pc);

    if (pc->state == NGX_THREAD_WS_PG_READY
        && pc->nsent
        && PQsslInUse(pc->pgconn)
        && !pc->again.timer_set)
    {
        ngx_add_timer(&pc->again, NGX_THREAD_WS_PG_LOOK);
    }
}


/*
 * A lost packet is better sent again by another attempt, and soon.  But a
 * server that is there and slow is given more time, once, where there is no
 * other host to ask.
 */

static ngx_uint_t
ngx_thread_ws_pg_conn_patient(ngx_thread_ws_pg_conn_t *pc)
{
    ngx_thread_ws_pg_t  *pg;

    pg = pc->pg;

    if (pc->extended
        || pg->connect_limit
        || pg->hosts.nelts > 1
        || pg->timeout <= pg->connect_timeout
        || PQstatus(pc->pgconn) == CONNECTION_STARTED)
    {
        return 0;
    }

    pc->extended = 1;

    return 1;
}


/* the connection is of no use: what it carried waits for another, or fails */

void
ngx_thread_ws_pg_conn_lost(ngx_thread_ws_pg_conn_t *pc, const char *why)
{
    ngx_queue_t                sent, *q;
    ngx_thread_ws_pg_t        *pg;
    ngx_thread_ws_pg_query_t  *query;

    pg = pc->pg;

    ngx_thread_ws_pg_conn_log(pc, why, NULL);
    ngx_thread_ws_pg_conn_close(pc);

    ngx_queue_init(&sent);

    if (!ngx_queue_empty(&pc->sent)) {
        ngx_queue_add(&sent, &pc->sent);
        ngx_queue_init(&pc->sent);
    }

    pc->nsent = 0;

    pg->handlers->lost(pg);

    while (!ngx_queue_empty(&sent)) {
        q = ngx_queue_head(&sent);
        query = ngx_queue_data(q, ngx_thread_ws_pg_query_t, queue);

        pg->handlers->unsent(query);
    }
}


/* an error when it begins and once a minute, else for those who look closely */

void
ngx_thread_ws_pg_conn_log(ngx_thread_ws_pg_conn_t *pc, const char *why,
    ngx_str_t *reason)
{
    u_char               buf[512];
    ngx_str_t            line;
    ngx_uint_t           level;
    ngx_thread_ws_pg_t  *pg;

    pg = pc->pg;

    level = NGX_LOG_INFO;

    /* a server or a pooler may well close what has nothing to do */

    if (pc->state != NGX_THREAD_WS_PG_READY || pc->nsent || reason) {

        if (pg->logged == 0 || ngx_time() - pg->logged >= 60) {
            pg->logged = ngx_time();
            level = NGX_LOG_ERR;
        }
    }

    if (reason == NULL) {
        reason = &line;
        ngx_thread_ws_pg_conn_line(reason, buf, sizeof(buf),
                               pc->pgconn ? PQerrorMessage(pc->pgconn) : "");
    }

    ngx_log_error(level, pg->log, 0, "PostgreSQL %V %s%s%V",
                  &pg->name, why, reason->len ? ": " : "", reason);
}


/* libpq's messages have several lines, and may be unfinished */

void
ngx_thread_ws_pg_conn_line(ngx_str_t *line, u_char *buf, size_t size,
    const char *text)
{
    u_char  *p, *last;

    p = buf;
    last = buf + size;

    for ( /* void */ ; *text && p < last; text++) {
        *p++ = ((u_char) *text < ' ') ? ' ' : *text;
    }

    while (p > buf && (p[-1] == ' ' || p[-1] == ':')) {
        p--;
    }

    line->data = buf;
    line->len = p - buf;
}


static void
ngx_thread_ws_pg_conn_notice(void *data, const PGresult *res)
{
    /* libpq would print it */
}
