
/*
 * What the files of the store in PostgreSQL share.
 */


#ifndef _NGX_THREAD_WS_STORE_POSTGRES_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_STORE_POSTGRES_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "pg/ngx_thread_ws_pg.h"
#include "store/ngx_thread_ws_store.h"


/* what rows of runs consist of, in the order in which they are read */

#define NGX_THREAD_WS_POSTGRES_COLUMNS                                        \
    "SELECT generation, found, seq, request_id, content, answer, model, "     \
    "finish_reason, input_tokens, output_tokens, latency_ms, created, "        \
    "asked, told, replaced "


typedef struct {
    ngx_thread_ws_store_t   store;           /* first: op->store is this */
    ngx_thread_ws_pg_t     *pg;

    ngx_str_t               conninfo;
    ngx_uint_t              pool;
    ngx_msec_t              timeout;
} ngx_thread_ws_store_postgres_t;


/*
 * A query for op, with its owner and, by the second, its thread as parameters;
 * NULL: op has failed.  done ends an op whose query was answered.
 */

ngx_thread_ws_pg_query_t *ngx_thread_ws_store_postgres_ask(
    ngx_thread_ws_store_op_t *op, const char *sql,
    ngx_thread_ws_pg_pt handler);
ngx_thread_ws_pg_query_t *ngx_thread_ws_store_postgres_query(
    ngx_thread_ws_store_op_t *op, const char *sql,
    ngx_thread_ws_pg_pt handler);
void ngx_thread_ws_store_postgres_done(ngx_thread_ws_store_op_t *op,
    ngx_int_t status);

/* takes what a load or a page has brought: op's status */

ngx_int_t ngx_thread_ws_store_postgres_rows(ngx_thread_ws_store_op_t *op,
    PGresult *res);
int64_t ngx_thread_ws_store_postgres_number(PGresult *res, int row,
    int column);


/* the driver's operations on all threads of an owner, and on titles */

ngx_int_t ngx_thread_ws_store_postgres_list(ngx_thread_ws_store_op_t *op);
ngx_int_t ngx_thread_ws_store_postgres_entitle(ngx_thread_ws_store_op_t *op);
ngx_int_t ngx_thread_ws_store_postgres_erase(ngx_thread_ws_store_op_t *op);


#endif /* _NGX_THREAD_WS_STORE_POSTGRES_PRIVATE_H_INCLUDED_ */
