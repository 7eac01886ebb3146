
/*
 * What PostgreSQL's rows of runs say.
 */


#include "store/ngx_thread_ws_store_postgres.h"
#include "store/ngx_thread_ws_store_postgres_private.h"


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
    NGX_THREAD_WS_POSTGRES_ASKED,
    NGX_THREAD_WS_POSTGRES_TOLD,
    NGX_THREAD_WS_POSTGRES_REPLACED,
    NGX_THREAD_WS_POSTGRES_NCOLUMNS
};


static ngx_int_t ngx_thread_ws_store_postgres_record(ngx_pool_t *pool,
    PGresult *res, int row, ngx_thread_ws_record_t *record);
static ngx_int_t ngx_thread_ws_store_postgres_text(ngx_pool_t *pool,
    PGresult *res, int row, int column, ngx_str_t *text);
static ngx_int_t ngx_thread_ws_store_postgres_extra(ngx_pool_t *pool,
    PGresult *res, int row, ngx_thread_ws_record_t *record);


/* the first row tells the generation, and whether that is another thread's */

ngx_int_t
ngx_thread_ws_store_postgres_rows(ngx_thread_ws_store_op_t *op, PGresult *res)
{
    int                      i, n;
    ngx_uint_t               missing;
    ngx_thread_ws_record_t  *record;

    n = PQntuples(res);

    if (n == 0 || PQnfields(res) != NGX_THREAD_WS_POSTGRES_NCOLUMNS) {
        return NGX_ERROR;
    }

    op->generation = ngx_thread_ws_store_postgres_number(res, 0,
                                          NGX_THREAD_WS_POSTGRES_GENERATION);

    if (*PQgetvalue(res, 0, NGX_THREAD_WS_POSTGRES_FOUND) == 't') {
        return NGX_ABORT;
    }

    /* the first row has no run: which one is to give way, and what is void */

    missing = op->replaces
              && ngx_thread_ws_store_postgres_number(res, 0,
                                             NGX_THREAD_WS_POSTGRES_SEQ) < 0;

    op->anew = (ngx_thread_ws_store_postgres_number(res, 0,
                                     NGX_THREAD_WS_POSTGRES_REPLACED) > 0);

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

    return missing ? NGX_DECLINED : NGX_OK;
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
        if (ngx_thread_ws_store_postgres_text(pool, res, row,
                                     NGX_THREAD_WS_POSTGRES_REQUEST_ID + i,
                                     text[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
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

    return ngx_thread_ws_store_postgres_extra(pool, res, row, record);
}


static ngx_int_t
ngx_thread_ws_store_postgres_text(ngx_pool_t *pool, PGresult *res, int row,
    int column, ngx_str_t *text)
{
    text->len = PQgetlength(res, row, column);

    text->data = ngx_pnalloc(pool, text->len + 1);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(text->data, PQgetvalue(res, row, column), text->len);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_store_postgres_extra(ngx_pool_t *pool, PGresult *res, int row,
    ngx_thread_ws_record_t *record)
{
    int64_t  replaced;

    record->extra = NULL;

    replaced = ngx_thread_ws_store_postgres_number(res, row,
                                             NGX_THREAD_WS_POSTGRES_REPLACED);

    if (PQgetlength(res, row, NGX_THREAD_WS_POSTGRES_ASKED) == 0
        && PQgetlength(res, row, NGX_THREAD_WS_POSTGRES_TOLD) == 0
        && replaced < 0)
    {
        return NGX_OK;
    }

    record->extra = ngx_pcalloc(pool, sizeof(ngx_thread_ws_extra_t));
    if (record->extra == NULL) {
        return NGX_ERROR;
    }

    record->extra->replaced = ngx_max(replaced, 0);

    if (ngx_thread_ws_store_postgres_text(pool, res, row,
                                          NGX_THREAD_WS_POSTGRES_ASKED,
                                          &record->extra->asked)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_store_postgres_text(pool, res, row,
                                             NGX_THREAD_WS_POSTGRES_TOLD,
                                             &record->extra->told);
}


/* -1 for NULL: nothing that is told is that */

int64_t
ngx_thread_ws_store_postgres_number(PGresult *res, int row, int column)
{
    if (PQgetisnull(res, row, column)) {
        return -1;
    }

    return strtoll(PQgetvalue(res, row, column), NULL, 10);
}
