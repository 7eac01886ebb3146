
/*
 * The greeting: the first connection of a worker is asked whether the server is
 * what its users take it for, before any of their queries is sent.  One that
 * was found fit is not asked again: it may be brought up to date meanwhile.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "pg/ngx_thread_ws_pg_private.h"


static void ngx_thread_ws_pg_greet_handler(ngx_thread_ws_pg_query_t *query,
    PGresult *res);


ngx_int_t
ngx_thread_ws_pg_conn_greet(ngx_thread_ws_pg_conn_t *pc)
{
    ngx_thread_ws_pg_t        *pg;
    ngx_thread_ws_pg_query_t  *query;

    pg = pc->pg;

    if (pg->greeting == NULL || pg->greeted) {
        return NGX_OK;
    }

    query = ngx_thread_ws_pg_query(pg, pg->greeting->sql);
    if (query == NULL) {
        return NGX_ERROR;
    }

    query->greeting = 1;
    query->handler = ngx_thread_ws_pg_greet_handler;
    query->data = pc;
    query->log = pg->log;

    /* no reason for a leaving worker to stay */

    query->timer.cancelable = 1;

    ngx_add_timer(&query->timer, pg->timeout);

    pc->greeting = 1;

    ngx_thread_ws_pg_conn_send(pc, query);

    return NGX_AGAIN;
}


static void
ngx_thread_ws_pg_greet_handler(ngx_thread_ws_pg_query_t *query, PGresult *res)
{
    size_t                    len;
    u_char                    buf[512];
    ngx_str_t                 reason;
    ngx_thread_ws_pg_conn_t  *pc;

    pc = query->data;

    /* without a result the connection has broken, or is going to */

    if (res == NULL || pc->state != NGX_THREAD_WS_PG_READY) {
        return;
    }

    len = pc->pg->greeting->unfit(res, buf, sizeof(buf));

    if (len || PQresultStatus(res) != PGRES_TUPLES_OK) {

        if (len) {
            reason.data = buf;
            reason.len = len;

        } else {
            ngx_thread_ws_pg_conn_text(&reason, buf, sizeof(buf), res);
        }

        ngx_thread_ws_pg_conn_log(pc, "cannot be used", &reason);
        ngx_thread_ws_pg_conn_break(pc);
        pc->pg->handlers->refused(pc->pg);
        return;
    }

    pc->greeting = 0;
    pc->fresh = 0;
    pc->pg->greeted = 1;
    pc->pg->wait = 0;

    ngx_thread_ws_pg_conn_serve(pc);
}
