
/*
 * The store in PostgreSQL: an owner's threads, what they are called, and all of
 * them at once gone.
 */


#include "store/ngx_thread_ws_store_postgres.h"
#include "store/ngx_thread_ws_store_postgres_private.h"


enum {
    NGX_THREAD_WS_POSTGRES_LISTED_ID = 0,
    NGX_THREAD_WS_POSTGRES_LISTED_TITLE,
    NGX_THREAD_WS_POSTGRES_LISTED_CURSOR,
    NGX_THREAD_WS_POSTGRES_LISTED_UPDATED,
    NGX_THREAD_WS_POSTGRES_LISTED_RUNS,
    NGX_THREAD_WS_POSTGRES_LISTED_NCOLUMNS
};


static void ngx_thread_ws_store_postgres_list_handler(
    ngx_thread_ws_pg_query_t *query, PGresult *res);
static ngx_int_t ngx_thread_ws_store_postgres_listed(ngx_pool_t *pool,
    PGresult *res, int row, ngx_thread_ws_store_thread_t *thread);
static void ngx_thread_ws_store_postgres_entitle_handler(
    ngx_thread_ws_pg_query_t *query, PGresult *res);
static void ngx_thread_ws_store_postgres_erase_handler(
    ngx_thread_ws_pg_query_t *query, PGresult *res);


ngx_int_t
ngx_thread_ws_store_postgres_list(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_pg_query_t  *query;

    query = ngx_thread_ws_store_postgres_ask(op,
                    "SELECT id, title, cursor, updated, runs "
                    "FROM thread_ws.list($1, $2, $3)",
                    ngx_thread_ws_store_postgres_list_handler);
    if (query == NULL) {
        return NGX_OK;
    }

    ngx_thread_ws_pg_text(query, &op->list->cursor);
    ngx_thread_ws_pg_number(query, op->limit);

    query->again = 1;

    ngx_thread_ws_pg_send(query);

    return NGX_AGAIN;
}


static void
ngx_thread_ws_store_postgres_list_handler(ngx_thread_ws_pg_query_t *query,
    PGresult *res)
{
    int                            i, n;
    ngx_int_t                      status;
    ngx_array_t                   *threads;
    ngx_thread_ws_store_op_t      *op;
    ngx_thread_ws_store_thread_t  *thread;

    op = query->data;
    threads = &op->list->threads;

    status = NGX_ERROR;

    if (res && PQnfields(res) == NGX_THREAD_WS_POSTGRES_LISTED_NCOLUMNS) {
        n = PQntuples(res);

        status = ngx_array_init(threads, op->pool, ngx_max(n, 1),
                                sizeof(ngx_thread_ws_store_thread_t));

        for (i = 0; i < n && status == NGX_OK; i++) {
            thread = ngx_array_push(threads);
            status = ngx_thread_ws_store_postgres_listed(op->pool, res, i,
                                                         thread);
        }
    }

    ngx_thread_ws_store_postgres_done(op, status);
}


static ngx_int_t
ngx_thread_ws_store_postgres_listed(ngx_pool_t *pool, PGresult *res, int row,
    ngx_thread_ws_store_thread_t *thread)
{
    ngx_uint_t   i;
    ngx_str_t   *text[3];

    text[NGX_THREAD_WS_POSTGRES_LISTED_ID] = &thread->id;
    text[NGX_THREAD_WS_POSTGRES_LISTED_TITLE] = &thread->title;
    text[NGX_THREAD_WS_POSTGRES_LISTED_CURSOR] = &thread->cursor;

    for (i = 0; i < 3; i++) {
        text[i]->len = PQgetlength(res, row, i);

        text[i]->data = ngx_pnalloc(pool, text[i]->len + 1);
        if (text[i]->data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(text[i]->data, PQgetvalue(res, row, i), text[i]->len);
    }

    thread->updated = ngx_thread_ws_store_postgres_number(res, row,
                                       NGX_THREAD_WS_POSTGRES_LISTED_UPDATED);
    thread->nruns = ngx_thread_ws_store_postgres_number(res, row,
                                       NGX_THREAD_WS_POSTGRES_LISTED_RUNS);

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_store_postgres_entitle(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_pg_query_t  *query;

    query = ngx_thread_ws_store_postgres_query(op,
                    "SELECT entitled FROM thread_ws.entitle($1, $2, $3)",
                    ngx_thread_ws_store_postgres_entitle_handler);
    if (query == NULL) {
        return NGX_OK;
    }

    ngx_thread_ws_pg_text(query, &op->list->title);

    /* the same once more is the same */

    query->again = 1;

    ngx_thread_ws_pg_send(query);

    return NGX_AGAIN;
}


static void
ngx_thread_ws_store_postgres_entitle_handler(ngx_thread_ws_pg_query_t *query,
    PGresult *res)
{
    ngx_int_t  status;

    status = NGX_ERROR;

    if (res && PQntuples(res) == 1 && PQnfields(res) == 1) {
        status = (*PQgetvalue(res, 0, 0) == 't') ? NGX_OK : NGX_DECLINED;
    }

    ngx_thread_ws_store_postgres_done(query->data, status);
}


ngx_int_t
ngx_thread_ws_store_postgres_erase(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_pg_query_t  *query;

    query = ngx_thread_ws_store_postgres_ask(op,
                    "SELECT removed FROM thread_ws.erase($1)",
                    ngx_thread_ws_store_postgres_erase_handler);
    if (query == NULL) {
        return NGX_OK;
    }

    query->again = 1;

    ngx_thread_ws_pg_send(query);

    return NGX_AGAIN;
}


static void
ngx_thread_ws_store_postgres_erase_handler(ngx_thread_ws_pg_query_t *query,
    PGresult *res)
{
    ngx_thread_ws_store_postgres_done(query->data, res ? NGX_OK : NGX_ERROR);
}
