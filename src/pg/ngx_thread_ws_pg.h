
/*
 * libpq on nginx's event loop: pools of connections, queries, results.  It
 * knows nothing of threads and runs.
 *
 * Queries are sent as unnamed statements, each with a Sync of its own: one
 * round trip is one transaction, and a pooler in transaction mode may hand
 * each of them to another server connection.  What would gain from a prepared
 * statement belongs in a function in the database, whose plans are kept there.
 */


#ifndef _NGX_THREAD_WS_PG_H_INCLUDED_
#define _NGX_THREAD_WS_PG_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <libpq-fe.h>


#define NGX_THREAD_WS_PG_PARAMS  16


typedef struct ngx_thread_ws_pg_s        ngx_thread_ws_pg_t;
typedef struct ngx_thread_ws_pg_conn_s   ngx_thread_ws_pg_conn_t;
typedef struct ngx_thread_ws_pg_query_s  ngx_thread_ws_pg_query_t;

/*
 * The end of a query, from the event loop: its rows, committed, in text format;
 * or NULL if there are none to be had (logged): then the query was not carried
 * out, or nobody knows.  Neither query nor res outlive the call.
 */

typedef void (*ngx_thread_ws_pg_pt)(ngx_thread_ws_pg_query_t *query,
    PGresult *res);


struct ngx_thread_ws_pg_query_s {
    const char               *sql;
    ngx_thread_ws_pg_pt       handler;
    void                     *data;         /* the caller's */
    ngx_log_t                *log;          /* lives as long as the query */

    unsigned                  again:1;      /* may be sent a second time when
                                               its connection breaks */

    /* the rest is private */

    unsigned                  sent:1;
    unsigned                  failed:1;
    unsigned                  greeting:1;
    unsigned                  elsewhere:1;  /* the server is read-only */
    unsigned                  nresults:2;

    ngx_thread_ws_pg_t       *pg;
    ngx_queue_t               queue;
    ngx_event_t               timer;
    PGresult                 *res;

    int                       nparams;
    Oid                       types[NGX_THREAD_WS_PG_PARAMS];
    const char               *values[NGX_THREAD_WS_PG_PARAMS];
    int                       lengths[NGX_THREAD_WS_PG_PARAMS];
    int                       formats[NGX_THREAD_WS_PG_PARAMS];
    uint64_t                  numbers[NGX_THREAD_WS_PG_PARAMS];
};


/*
 * Makes a pool, at configuration: conninfo is a libpq connection string or URI,
 * whose host names are resolved here, n the connections of each worker at most,
 * timeout (ms) bounds each query, waiting for a connection included.  NULL with
 * an emerg line, which does not quote conninfo.
 *
 * follow names a resolver and its timeout, set later perhaps, by which a worker
 * follows host names: the first of those that are there is taken.  check, once
 * they are set, is NGX_ERROR with an emerg line if a name has no address and
 * there is none.
 */

ngx_thread_ws_pg_t *ngx_thread_ws_pg_create(ngx_conf_t *cf,
    ngx_str_t *conninfo, ngx_uint_t n, ngx_msec_t timeout);

ngx_int_t ngx_thread_ws_pg_follow(ngx_conf_t *cf, ngx_thread_ws_pg_t *pg,
    ngx_resolver_t **resolver, ngx_msec_t *timeout);
ngx_int_t ngx_thread_ws_pg_check(ngx_conf_t *cf, ngx_thread_ws_pg_t *pg);

/*
 * What a worker's first connection is asked before anything else: unfit takes
 * what came of it, rows or an error, and puts into buf, of size bytes, why the
 * server cannot be used: its length, or 0.  Any error is a reason.  As long as
 * there is one, queries wait as for a connection.
 */

typedef struct {
    const char  *sql;
    size_t     (*unfit)(PGresult *res, u_char *buf, size_t size);
} ngx_thread_ws_pg_greeting_t;

void ngx_thread_ws_pg_greet(ngx_thread_ws_pg_t *pg,
    ngx_thread_ws_pg_greeting_t *greeting);

/* in a worker: opens the first connection; stop forgets all queries */

ngx_int_t ngx_thread_ws_pg_start(ngx_thread_ws_pg_t *pg, ngx_cycle_t *cycle);
void ngx_thread_ws_pg_stop(ngx_thread_ws_pg_t *pg);

/*
 * A query is made, given its parameters in their order, and sent; from then on
 * it belongs to the pool.  Texts stay the caller's and must live as long as the
 * query.  The query waits for a connection if it must.  NULL: no memory.
 */

ngx_thread_ws_pg_query_t *ngx_thread_ws_pg_query(ngx_thread_ws_pg_t *pg,
    const char *sql);
void ngx_thread_ws_pg_text(ngx_thread_ws_pg_query_t *query, ngx_str_t *text);
void ngx_thread_ws_pg_number(ngx_thread_ws_pg_query_t *query, int64_t n);
void ngx_thread_ws_pg_null_number(ngx_thread_ws_pg_query_t *query);
void ngx_thread_ws_pg_send(ngx_thread_ws_pg_query_t *query);

/* the handler will not be called; the query may be carried out all the same */

void ngx_thread_ws_pg_abandon(ngx_thread_ws_pg_query_t *query);


#endif /* _NGX_THREAD_WS_PG_H_INCLUDED_ */
