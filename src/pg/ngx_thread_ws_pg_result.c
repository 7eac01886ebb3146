
/*
 * What comes from PostgreSQL on a connection: the answers to its queries, in
 * their order.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "pg/ngx_thread_ws_pg_private.h"


static void ngx_thread_ws_pg_conn_results(ngx_thread_ws_pg_conn_t *pc);
static void ngx_thread_ws_pg_conn_end(ngx_thread_ws_pg_conn_t *pc,
    ngx_thread_ws_pg_query_t *query);
static void ngx_thread_ws_pg_conn_result(ngx_thread_ws_pg_conn_t *pc,
    ngx_thread_ws_pg_query_t *query, PGresult *res);
static void ngx_thread_ws_pg_conn_error(ngx_thread_ws_pg_conn_t *pc,
    ngx_thread_ws_pg_query_t *query, PGresult *res);


void
ngx_thread_ws_pg_conn_read(ngx_thread_ws_pg_conn_t *pc)
{
    int         more;
    ngx_uint_t  n;

    /*
     * A record of TLS may be half read with nothing left in the socket: libpq
     * does not tell.  It takes at least 8k at a time, so twice is enough for
     * one; should more have come meanwhile, there is a second look soon.
     */

    n = PQsslInUse(pc->pgconn) ? 3 : 1;

    /* what came before the end of the connection counts */

    do {
        more = PQconsumeInput(pc->pgconn);
        ngx_thread_ws_pg_conn_results(pc);
    } while (more && --n);

    if (pc->state != NGX_THREAD_WS_PG_READY) {
        return;
    }

    if (pc->broken || PQstatus(pc->pgconn) == CONNECTION_BAD) {
        ngx_thread_ws_pg_conn_lost(pc, "closed the connection");
        return;
    }

    ngx_thread_ws_pg_conn_flush(pc);

    pc->pg->handlers->ready(pc->pg);
}


static void
ngx_thread_ws_pg_conn_results(ngx_thread_ws_pg_conn_t *pc)
{
    PGresult                  *res;
    ngx_uint_t                 nothing;
    ngx_queue_t               *q;
    ngx_thread_ws_pg_query_t  *query;

    nothing = 0;

    while (!ngx_queue_empty(&pc->sent) && !PQisBusy(pc->pgconn)) {

        q = ngx_queue_head(&pc->sent);
        query = ngx_queue_data(q, ngx_thread_ws_pg_query_t, queue);

        res = PQgetResult(pc->pgconn);

        if (res == NULL) {

            /* one ends a statement's results; another is no end of anything */

            if (++nothing > 1) {
                pc->broken = 1;
                return;
            }

            continue;
        }

        nothing = 0;

        if (PQresultStatus(res) != PGRES_PIPELINE_SYNC) {
            ngx_thread_ws_pg_conn_result(pc, query, res);

            if (PQstatus(pc->pgconn) == CONNECTION_BAD) {
                return;
            }

            continue;
        }

        PQclear(res);
        ngx_thread_ws_pg_conn_end(pc, query);
    }
}


/* a query's end: only now is the transaction committed */

static void
ngx_thread_ws_pg_conn_end(ngx_thread_ws_pg_conn_t *pc,
    ngx_thread_ws_pg_query_t *query)
{
    ngx_thread_ws_pg_query_unlink(query);
    pc->nsent--;

    /* others may be refused while this one works */

    if (pc->fresh && !pc->greeting) {
        pc->fresh = 0;
        pc->pg->wait = 0;
    }

    if (query->res == NULL) {
        query->failed = 1;
    }

    ngx_thread_ws_pg_conn_watch(pc);

    if (pc->leaving && pc->nsent == 0) {
        ngx_thread_ws_pg_conn_break(pc);
    }

    if (query->elsewhere) {
        pc->pg->handlers->unsent(query);
        return;
    }

    pc->pg->handlers->done(query);
}


/* two results for each query: the time limit's, and its own */

static void
ngx_thread_ws_pg_conn_result(ngx_thread_ws_pg_conn_t *pc,
    ngx_thread_ws_pg_query_t *query, PGresult *res)
{
    switch (PQresultStatus(res)) {

    case PGRES_TUPLES_OK:

        if (++query->nresults == 2) {
            query->res = res;
            return;
        }

        break;

    case PGRES_PIPELINE_ABORTED:
        query->failed = 1;
        break;

    default:
        query->failed = 1;

        if (query->greeting && query->res == NULL) {
            query->res = res;
            return;
        }

        ngx_thread_ws_pg_conn_error(pc, query, res);
    }

    PQclear(res);
}


static void
ngx_thread_ws_pg_conn_error(ngx_thread_ws_pg_conn_t *pc,
    ngx_thread_ws_pg_query_t *query, PGresult *res)
{
    char                *state;
    u_char               buf[512];
    ngx_str_t            line;
    ngx_thread_ws_pg_t  *pg;

    pg = pc->pg;

    if (PQstatus(pc->pgconn) == CONNECTION_BAD) {
        return;
    }

    if (query->handler) {
        ngx_thread_ws_pg_conn_text(&line, buf, sizeof(buf), res);

        ngx_log_error(NGX_LOG_ERR, query->log, 0, "PostgreSQL %V: %V",
                      &pg->name, &line);
    }

    state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    if (state == NULL) {
        return;
    }

    /* a server that goes, or that became a standby, is left at once */

    if (ngx_strcmp(state, "25006") == 0) {

        query->elsewhere = (pg->hosts.nelts > 1 && query->again);

        ngx_thread_ws_pg_conn_break(pc);
        pg->handlers->readonly(pg, pc);
        return;
    }

    if (ngx_strncmp(state, "57P", 3) == 0 || ngx_strncmp(state, "08", 2) == 0) {
        ngx_thread_ws_pg_conn_break(pc);
    }
}


void
ngx_thread_ws_pg_conn_text(ngx_str_t *line, u_char *buf, size_t size,
    PGresult *res)
{
    char  *state;

    ngx_thread_ws_pg_conn_line(line, buf, size - sizeof(" (00000)") + 1,
                               PQresultErrorMessage(res));

    state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    line->len = ngx_snprintf(buf + line->len, size - line->len, " (%s)",
                             state ? state : "-")
                - buf;
}
