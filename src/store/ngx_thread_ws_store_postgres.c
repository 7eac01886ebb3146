
/*
 * The store in PostgreSQL: each operation is one call of a function of
 * conf/schema.sql, one statement, one round trip, one transaction.
 */


#include "store/ngx_thread_ws_store_postgres.h"
#include "base/ngx_thread_ws_string.h"
#include "pg/ngx_thread_ws_pg.h"


/* the generation of a thread that was never deleted, stored or not */

#define NGX_THREAD_WS_POSTGRES_FIRST  1

/* longer ones do not fit the index */

#define NGX_THREAD_WS_POSTGRES_OWNER  1024

#define NGX_THREAD_WS_POSTGRES_COLUMNS                                        \
    "SELECT generation, found, seq, request_id, content, answer, model, "     \
    "finish_reason, input_tokens, output_tokens, latency_ms, created "


enum {
    NGX_THREAD_WS_POSTGRES_GENERATION = 0,
    NGX_THREAD_WS_POSTGRES_FOUND,
    NGX_THREAD_WS_POSTGRES_SEQ,
    NGX_THREAD_WS_POSTGRES_REQUEST_ID,
    NGX_THREAD_WS_POSTGRES_CONTENT,
    NGX_THREAD_WS_POSTGRES_ANSWER,
    NGX_THREAD_WS_POSTGRES_MODEL,
    NGX_THREAD_WS_POSTGRES_FINISH_REASON,
    NGX_THREAD_WS_POSTGRES_INPUT_TOKENS,
    NGX_THREAD_WS_POSTGRES_OUTPUT_TOKENS,
    NGX_THREAD_WS_POSTGRES_LATENCY,
    NGX_THREAD_WS_POSTGRES_CREATED,
    NGX_THREAD_WS_POSTGRES_NCOLUMNS
};


typedef struct {
    ngx_thread_ws_store_t   store;           /* first: op->store is this */
    ngx_thread_ws_pg_t     *pg;

    ngx_str_t               conninfo;
    ngx_uint_t              pool;
    ngx_msec_t              timeout;
} ngx_thread_ws_store_postgres_t;


static ngx_int_t ngx_thread_ws_store_postgres_load(
    ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_store_postgres_append(
    ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_store_postgres_page(
    ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_store_postgres_remove(
    ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_store_postgres_abandon(
    ngx_thread_ws_store_op_t *op);

static ngx_thread_ws_pg_query_t *ngx_thread_ws_store_postgres_query(
    ngx_thread_ws_store_op_t *op, const char *sql,
    ngx_thread_ws_pg_pt handler);

static void ngx_thread_ws_store_postgres_read_handler(
    ngx_thread_ws_pg_query_t *query, PGresult *res);
static void ngx_thread_ws_store_postgres_page_handler(
    ngx_thread_ws_pg_query_t *query, PGresult *res);
static void ngx_thread_ws_store_postgres_append_handler(
    ngx_thread_ws_pg_query_t *query, PGresult *res);
static void ngx_thread_ws_store_postgres_remove_handler(
    ngx_thread_ws_pg_query_t *query, PGresult *res);
static void ngx_thread_ws_store_postgres_done(ngx_thread_ws_store_op_t *op,
    ngx_int_t status);

static ngx_int_t ngx_thread_ws_store_postgres_rows(
    ngx_thread_ws_store_op_t *op, PGresult *res);
static ngx_int_t ngx_thread_ws_store_postgres_record(ngx_pool_t *pool,
    PGresult *res, int row, ngx_thread_ws_record_t *record);
static int64_t ngx_thread_ws_store_postgres_number(PGresult *res, int row,
    int column);


static ngx_thread_ws_store_driver_t  ngx_thread_ws_store_postgres_driver = {
    ngx_string("postgres"),
    ngx_thread_ws_store_postgres_load,
    ngx_thread_ws_store_postgres_append,
    ngx_thread_ws_store_postgres_page,
    ngx_thread_ws_store_postgres_remove,
    ngx_thread_ws_store_postgres_abandon
};


ngx_thread_ws_store_t *
ngx_thread_ws_store_postgres_create(ngx_conf_t *cf, ngx_array_t *stores,
    ngx_str_t *conninfo, ngx_uint_t pool, ngx_msec_t timeout)
{
    ngx_uint_t                        i;
    ngx_thread_ws_store_postgres_t  **sp, *s;

    if (stores->elts == NULL
        && ngx_array_init(stores, cf->pool, 2, sizeof(void *)) != NGX_OK)
    {
        return NULL;
    }

    sp = stores->elts;

    for (i = 0; i < stores->nelts; i++) {
        if (sp[i]->pool == pool
            && sp[i]->timeout == timeout
            && ngx_thread_ws_string_equal(&sp[i]->conninfo, conninfo))
        {
            return &sp[i]->store;
        }
    }

    s = ngx_pcalloc(cf->pool, sizeof(ngx_thread_ws_store_postgres_t));
    if (s == NULL) {
        return NULL;
    }

    s->store.driver = &ngx_thread_ws_store_postgres_driver;
    s->store.keeps = 1;
    s->store.shared = 1;

    s->conninfo = *conninfo;
    s->pool = pool;
    s->timeout = timeout;

    s->pg = ngx_thread_ws_pg_create(cf, conninfo, pool, timeout);
    if (s->pg == NULL) {
        return NULL;
    }

    sp = ngx_array_push(stores);
    if (sp == NULL) {
        return NULL;
    }

    *sp = s;

    return &s->store;
}


ngx_int_t
ngx_thread_ws_store_postgres_init_process(ngx_cycle_t *cycle,
    ngx_array_t *stores)
{
    ngx_uint_t                        i;
    ngx_thread_ws_store_postgres_t  **sp;

    sp = stores->elts;

    for (i = 0; i < stores->nelts; i++) {
        if (ngx_thread_ws_pg_start(sp[i]->pg, cycle) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_thread_ws_store_postgres_exit_process(ngx_array_t *stores)
{
    ngx_uint_t                        i;
    ngx_thread_ws_store_postgres_t  **sp;

    sp = stores->elts;

    for (i = 0; i < stores->nelts; i++) {
        ngx_thread_ws_pg_stop(sp[i]->pg);
    }
}


static ngx_int_t
ngx_thread_ws_store_postgres_load(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_pg_query_t  *query;

    query = ngx_thread_ws_store_postgres_query(op,
                    NGX_THREAD_WS_POSTGRES_COLUMNS
                    "FROM thread_ws.load($1, $2, $3, $4, $5, $6)",
                    ngx_thread_ws_store_postgres_read_handler);
    if (query == NULL) {
        return NGX_OK;
    }

    ngx_thread_ws_pg_text(query, &op->request_id);
    ngx_thread_ws_pg_number(query, op->after);
    ngx_thread_ws_pg_number(query, op->limit);
    ngx_thread_ws_pg_number(query, op->bytes);

    query->again = 1;

    ngx_thread_ws_pg_send(query);

    return NGX_AGAIN;
}


static ngx_int_t
ngx_thread_ws_store_postgres_page(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_pg_query_t  *query;

    query = ngx_thread_ws_store_postgres_query(op,
                    NGX_THREAD_WS_POSTGRES_COLUMNS
                    "FROM thread_ws.page($1, $2, $3, $4, $5)",
                    ngx_thread_ws_store_postgres_page_handler);
    if (query == NULL) {
        return NGX_OK;
    }

    ngx_thread_ws_pg_number(query, op->before);
    ngx_thread_ws_pg_number(query, op->limit);
    ngx_thread_ws_pg_number(query, op->bytes);

    query->again = 1;

    ngx_thread_ws_pg_send(query);

    return NGX_AGAIN;
}


/* never sent twice: when the answer is lost, the run may be stored */

static ngx_int_t
ngx_thread_ws_store_postgres_append(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_record_t    *record;
    ngx_thread_ws_pg_query_t  *query;

    query = ngx_thread_ws_store_postgres_query(op,
                    "SELECT status, seq, created FROM thread_ws.append("
                    "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                    ngx_thread_ws_store_postgres_append_handler);
    if (query == NULL) {
        return NGX_OK;
    }

    record = &op->record;

    ngx_thread_ws_pg_number(query, op->known);
    ngx_thread_ws_pg_text(query, &record->request_id);
    ngx_thread_ws_pg_text(query, &record->content);
    ngx_thread_ws_pg_text(query, &record->answer);
    ngx_thread_ws_pg_text(query, &record->model);
    ngx_thread_ws_pg_text(query, &record->finish_reason);

    if (record->input_tokens < 0) {
        ngx_thread_ws_pg_null_number(query);
    } else {
        ngx_thread_ws_pg_number(query, record->input_tokens);
    }

    if (record->output_tokens < 0) {
        ngx_thread_ws_pg_null_number(query);
    } else {
        ngx_thread_ws_pg_number(query, record->output_tokens);
    }

    ngx_thread_ws_pg_number(query, record->latency);

    ngx_thread_ws_pg_send(query);

    return NGX_AGAIN;
}


static ngx_int_t
ngx_thread_ws_store_postgres_remove(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_pg_query_t  *query;

    query = ngx_thread_ws_store_postgres_query(op,
                    "SELECT removed FROM thread_ws.remove($1, $2)",
                    ngx_thread_ws_store_postgres_remove_handler);
    if (query == NULL) {
        return NGX_OK;
    }

    ngx_thread_ws_pg_send(query);

    return NGX_AGAIN;
}


static void
ngx_thread_ws_store_postgres_abandon(ngx_thread_ws_store_op_t *op)
{
    if (op->driver) {
        ngx_thread_ws_pg_abandon(op->driver);
        op->driver = NULL;
    }
}


/* a query for op's thread; without one, op has failed */

static ngx_thread_ws_pg_query_t *
ngx_thread_ws_store_postgres_query(ngx_thread_ws_store_op_t *op,
    const char *sql, ngx_thread_ws_pg_pt handler)
{
    ngx_thread_ws_pg_query_t        *query;
    ngx_thread_ws_store_postgres_t  *s;

    s = (ngx_thread_ws_store_postgres_t *) op->store;

    op->driver = NULL;
    op->status = NGX_ERROR;

    if (op->owner.len > NGX_THREAD_WS_POSTGRES_OWNER) {
        ngx_log_error(NGX_LOG_ERR, op->log, 0,
                      "the thread's owner is too long for PostgreSQL");
        return NULL;
    }

    query = ngx_thread_ws_pg_query(s->pg, sql);
    if (query == NULL) {
        return NULL;
    }

    op->driver = query;

    query->handler = handler;
    query->data = op;
    query->log = op->log;

    ngx_thread_ws_pg_text(query, &op->owner);
    ngx_thread_ws_pg_text(query, &op->thread_id);

    return query;
}


static void
ngx_thread_ws_store_postgres_read_handler(ngx_thread_ws_pg_query_t *query,
    PGresult *res)
{
    ngx_int_t                  status;
    ngx_thread_ws_store_op_t  *op;

    op = query->data;

    status = res ? ngx_thread_ws_store_postgres_rows(op, res) : NGX_ERROR;

    ngx_thread_ws_store_postgres_done(op, status);
}


static void
ngx_thread_ws_store_postgres_page_handler(ngx_thread_ws_pg_query_t *query,
    PGresult *res)
{
    ngx_int_t                  status;
    ngx_thread_ws_store_op_t  *op;

    op = query->data;

    if (res == NULL) {
        status = NGX_ERROR;

    } else if (PQntuples(res) == 0) {
        status = NGX_DECLINED;

    } else {
        status = ngx_thread_ws_store_postgres_rows(op, res);
    }

    ngx_thread_ws_store_postgres_done(op, status);
}


static void
ngx_thread_ws_store_postgres_append_handler(ngx_thread_ws_pg_query_t *query,
    PGresult *res)
{
    char                      *text;
    ngx_int_t                  status;
    ngx_thread_ws_store_op_t  *op;

    op = query->data;
    status = NGX_ERROR;

    if (res && PQntuples(res) == 1 && PQnfields(res) == 3) {
        text = PQgetvalue(res, 0, 0);

        if (ngx_strcmp(text, "stored") == 0) {
            op->record.seq = ngx_thread_ws_store_postgres_number(res, 0, 1);
            op->record.created = ngx_thread_ws_store_postgres_number(res, 0,
                                                                     2);
            status = NGX_OK;

        } else if (ngx_strcmp(text, "duplicate") == 0) {
            status = NGX_DECLINED;

        } else if (ngx_strcmp(text, "removed") == 0) {
            status = NGX_ABORT;
        }
    }

    ngx_thread_ws_store_postgres_done(op, status);
}


static void
ngx_thread_ws_store_postgres_remove_handler(ngx_thread_ws_pg_query_t *query,
    PGresult *res)
{
    ngx_int_t                  status;
    ngx_thread_ws_store_op_t  *op;

    op = query->data;
    status = NGX_ERROR;

    if (res && PQntuples(res) == 1) {
        status = ngx_thread_ws_store_postgres_number(res, 0, 0) > 0
                 ? NGX_OK : NGX_DECLINED;
    }

    ngx_thread_ws_store_postgres_done(op, status);
}


static void
ngx_thread_ws_store_postgres_done(ngx_thread_ws_store_op_t *op,
    ngx_int_t status)
{
    op->driver = NULL;

    ngx_thread_ws_store_done(op, status);
}


/* the first row tells the generation; no row, that there is no thread */

static ngx_int_t
ngx_thread_ws_store_postgres_rows(ngx_thread_ws_store_op_t *op, PGresult *res)
{
    int                      i, n;
    ngx_thread_ws_record_t  *record;

    n = PQntuples(res);

    op->generation = NGX_THREAD_WS_POSTGRES_FIRST;

    if (n == 0) {
        return NGX_OK;
    }

    if (PQnfields(res) != NGX_THREAD_WS_POSTGRES_NCOLUMNS) {
        return NGX_ERROR;
    }

    op->generation = ngx_thread_ws_store_postgres_number(res, 0,
                                          NGX_THREAD_WS_POSTGRES_GENERATION);

    if (op->known && op->known != op->generation) {
        return NGX_ABORT;
    }

    if (ngx_array_init(&op->records, op->pool, n,
                       sizeof(ngx_thread_ws_record_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 1; i < n; i++) {

        if (*PQgetvalue(res, i, NGX_THREAD_WS_POSTGRES_FOUND) == 't') {
            record = ngx_palloc(op->pool, sizeof(ngx_thread_ws_record_t));
            op->found = record;

        } else {
            record = ngx_array_push(&op->records);
        }

        if (record == NULL
            || ngx_thread_ws_store_postgres_record(op->pool, res, i, record)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_store_postgres_record(ngx_pool_t *pool, PGresult *res, int row,
    ngx_thread_ws_record_t *record)
{
    ngx_uint_t   i;
    ngx_str_t   *text[5];

    text[0] = &record->request_id;
    text[1] = &record->content;
    text[2] = &record->answer;
    text[3] = &record->model;
    text[4] = &record->finish_reason;

    for (i = 0; i < 5; i++) {
        text[i]->len = PQgetlength(res, row,
                                   NGX_THREAD_WS_POSTGRES_REQUEST_ID + i);

        text[i]->data = ngx_pnalloc(pool, text[i]->len + 1);
        if (text[i]->data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(text[i]->data,
                   PQgetvalue(res, row, NGX_THREAD_WS_POSTGRES_REQUEST_ID + i),
                   text[i]->len);
    }

    record->seq = ngx_thread_ws_store_postgres_number(res, row,
                                              NGX_THREAD_WS_POSTGRES_SEQ);
    record->input_tokens = ngx_thread_ws_store_postgres_number(res, row,
                                     NGX_THREAD_WS_POSTGRES_INPUT_TOKENS);
    record->output_tokens = ngx_thread_ws_store_postgres_number(res, row,
                                     NGX_THREAD_WS_POSTGRES_OUTPUT_TOKENS);
    record->latency = ngx_thread_ws_store_postgres_number(res, row,
                                          NGX_THREAD_WS_POSTGRES_LATENCY);
    record->created = ngx_thread_ws_store_postgres_number(res, row,
                                          NGX_THREAD_WS_POSTGRES_CREATED);

    return NGX_OK;
}


/* -1 for NULL: nothing that is told is less than zero */

static int64_t
ngx_thread_ws_store_postgres_number(PGresult *res, int row, int column)
{
    if (PQgetisnull(res, row, column)) {
        return -1;
    }

    return strtoll(PQgetvalue(res, row, column), NULL, 10);
}
