
/*
 * The store in PostgreSQL: each operation is one call of a function of
 * conf/schema.sql, one statement, one round trip, one transaction.
 */


#include "store/ngx_thread_ws_store_postgres.h"
#include "base/ngx_thread_ws_string.h"
#include "store/ngx_thread_ws_store_postgres_private.h"


/* conf/schema.sql's version */

#define NGX_THREAD_WS_POSTGRES_VERSION  2

/* longer ones do not fit the index */

#define NGX_THREAD_WS_POSTGRES_OWNER  1024

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

static size_t ngx_thread_ws_store_postgres_unfit(PGresult *res, u_char *buf,
    size_t size);

static void ngx_thread_ws_store_postgres_read_handler(
    ngx_thread_ws_pg_query_t *query, PGresult *res);
static void ngx_thread_ws_store_postgres_page_handler(
    ngx_thread_ws_pg_query_t *query, PGresult *res);
static void ngx_thread_ws_store_postgres_append_handler(
    ngx_thread_ws_pg_query_t *query, PGresult *res);
static void ngx_thread_ws_store_postgres_remove_handler(
    ngx_thread_ws_pg_query_t *query, PGresult *res);


static ngx_thread_ws_store_driver_t  ngx_thread_ws_store_postgres_driver = {
    ngx_string("postgres"),
    ngx_thread_ws_store_postgres_load,
    ngx_thread_ws_store_postgres_append,
    ngx_thread_ws_store_postgres_page,
    ngx_thread_ws_store_postgres_remove,
    ngx_thread_ws_store_postgres_list,
    ngx_thread_ws_store_postgres_entitle,
    ngx_thread_ws_store_postgres_erase,
    ngx_thread_ws_store_postgres_abandon
};


static ngx_str_t  ngx_thread_ws_store_postgres_nothing = ngx_null_string;


/* the gateway's role may call functions, and read no table */

static ngx_thread_ws_pg_greeting_t  ngx_thread_ws_store_postgres_greeting = {
    "SELECT thread_ws.installed()",
    ngx_thread_ws_store_postgres_unfit
};


ngx_thread_ws_store_t *
ngx_thread_ws_store_postgres_create(ngx_conf_t *cf, ngx_array_t *stores,
    ngx_str_t *conninfo, ngx_uint_t pool, ngx_msec_t timeout,
    ngx_resolver_t **resolver, ngx_msec_t *resolver_timeout)
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
            return ngx_thread_ws_pg_follow(cf, sp[i]->pg, resolver,
                                           resolver_timeout)
                   == NGX_OK ? &sp[i]->store : NULL;
        }
    }

    s = ngx_pcalloc(cf->pool, sizeof(ngx_thread_ws_store_postgres_t));
    if (s == NULL) {
        return NULL;
    }

    s->store.driver = &ngx_thread_ws_store_postgres_driver;
    s->store.keeps = 1;
    s->store.shared = 1;
    s->store.realm = *conninfo;

    s->conninfo = *conninfo;
    s->pool = pool;
    s->timeout = timeout;

    s->pg = ngx_thread_ws_pg_create(cf, conninfo, pool, timeout);

    if (s->pg == NULL
        || ngx_thread_ws_pg_follow(cf, s->pg, resolver, resolver_timeout)
           != NGX_OK)
    {
        return NULL;
    }

    sp = ngx_array_push(stores);
    if (sp == NULL) {
        return NULL;
    }

    *sp = s;

    ngx_thread_ws_pg_greet(s->pg, &ngx_thread_ws_store_postgres_greeting);

    return &s->store;
}


ngx_int_t
ngx_thread_ws_store_postgres_check(ngx_conf_t *cf, ngx_array_t *stores)
{
    ngx_uint_t                        i;
    ngx_thread_ws_store_postgres_t  **sp;

    sp = stores->elts;

    for (i = 0; i < stores->nelts; i++) {
        if (ngx_thread_ws_pg_check(cf, sp[i]->pg) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* version 1 did not tell its own */

static size_t
ngx_thread_ws_store_postgres_unfit(PGresult *res, u_char *buf, size_t size)
{
    char       *state;
    u_char     *p;
    int64_t     version;

    if (PQresultStatus(res) == PGRES_TUPLES_OK) {
        version = (PQntuples(res) == 1 && PQnfields(res) == 1)
                  ? ngx_thread_ws_store_postgres_number(res, 0, 0) : 0;

    } else {
        state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

        if (state == NULL || ngx_strcmp(state, "42883") != 0) {
            return 0;
        }

        version = 1;
    }

    if (version == NGX_THREAD_WS_POSTGRES_VERSION) {
        return 0;
    }

    p = ngx_snprintf(buf, size, "the schema thread_ws has version %L, this "
                     "module needs %d: %s", version,
                     NGX_THREAD_WS_POSTGRES_VERSION,
                     version < NGX_THREAD_WS_POSTGRES_VERSION
                     ? "run its schema.sql" : "it is too old");

    return p - buf;
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
                    "FROM thread_ws.load($1, $2, $3, $4, $5, $6, $7, $8)",
                    ngx_thread_ws_store_postgres_read_handler);
    if (query == NULL) {
        return NGX_OK;
    }

    ngx_thread_ws_pg_number(query, op->known);
    ngx_thread_ws_pg_text(query, &op->request_id);
    ngx_thread_ws_pg_number(query, op->after);
    ngx_thread_ws_pg_number(query, op->limit);
    ngx_thread_ws_pg_number(query, op->bytes);
    ngx_thread_ws_pg_text(query, op->replaces ? op->replaces
                                    : &ngx_thread_ws_store_postgres_nothing);

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
                    "FROM thread_ws.page($1, $2, $3, $4, $5, $6)",
                    ngx_thread_ws_store_postgres_page_handler);
    if (query == NULL) {
        return NGX_OK;
    }

    ngx_thread_ws_pg_number(query, op->before);
    ngx_thread_ws_pg_number(query, op->limit);
    ngx_thread_ws_pg_number(query, op->bytes);
    ngx_thread_ws_pg_number(query, op->replaced);

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
                    "SELECT status, seq, created, generation FROM "
                    "thread_ws.store("
                    "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
                    "$12, $13, $14)",
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
    ngx_thread_ws_pg_text(query, record->extra ? &record->extra->asked
                                    : &ngx_thread_ws_store_postgres_nothing);
    ngx_thread_ws_pg_text(query, record->extra ? &record->extra->told
                                    : &ngx_thread_ws_store_postgres_nothing);
    ngx_thread_ws_pg_text(query, record->extra ? &record->extra->replaces
                                    : &ngx_thread_ws_store_postgres_nothing);

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

ngx_thread_ws_pg_query_t *
ngx_thread_ws_store_postgres_ask(ngx_thread_ws_store_op_t *op,
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

    return query;
}


ngx_thread_ws_pg_query_t *
ngx_thread_ws_store_postgres_query(ngx_thread_ws_store_op_t *op,
    const char *sql, ngx_thread_ws_pg_pt handler)
{
    ngx_thread_ws_pg_query_t  *query;

    query = ngx_thread_ws_store_postgres_ask(op, sql, handler);

    if (query) {
        ngx_thread_ws_pg_text(query, &op->thread_id);
    }

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

    if (res && PQntuples(res) == 1 && PQnfields(res) == 4) {
        text = PQgetvalue(res, 0, 0);

        if (ngx_strcmp(text, "stored") == 0) {
            op->record.seq = ngx_thread_ws_store_postgres_number(res, 0, 1);
            op->record.created = ngx_thread_ws_store_postgres_number(res, 0,
                                                                     2);
            op->generation = ngx_thread_ws_store_postgres_number(res, 0, 3);
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


void
ngx_thread_ws_store_postgres_done(ngx_thread_ws_store_op_t *op,
    ngx_int_t status)
{
    op->driver = NULL;

    ngx_thread_ws_store_done(op, status);
}
