
/*
 * A run and the store: what is known of its thread before the agent is asked,
 * and the answer's way into the store before final is sent.
 */


#include "run/ngx_thread_ws_run.h"
#include "base/ngx_thread_ws_string.h"
#include "run/ngx_thread_ws_answer.h"
#include "conn/ngx_thread_ws_conn.h"
#include "thread/ngx_thread_ws_recent.h"


static void ngx_thread_ws_run_load_handler(ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_run_loaded(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_run_learn(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_replay(ngx_thread_ws_run_t *run,
    ngx_thread_ws_record_t *record, ngx_str_t *answer, ngx_uint_t same);
static void ngx_thread_ws_run_append_handler(ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_run_stored(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_remember(ngx_thread_ws_run_t *run);


/* answers a run that the connection remembers: 1 if it did */

ngx_uint_t
ngx_thread_ws_run_recall(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_record_t   record;
    ngx_thread_ws_recent_t  *recent;

    recent = ngx_thread_ws_recent_find(run->conn, &run->subject.request_id);

    if (recent == NULL) {
        return 0;
    }

    ngx_memzero(&record, sizeof(ngx_thread_ws_record_t));

    record.finish_reason = recent->finish_reason;
    record.input_tokens = recent->input_tokens;
    record.output_tokens = recent->output_tokens;
    record.latency = recent->latency;

    ngx_thread_ws_run_replay(run, &record, &recent->answer,
                             ngx_thread_ws_recent_same(recent, &run->content));

    return 1;
}


void
ngx_thread_ws_run_load(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_store_op_t  *op;

    op = &run->op;

    op->pool = run->pool;
    op->log = run->subject.log;
    op->owner = run->subject.owner;
    op->thread_id = run->subject.thread_id;
    op->request_id = run->subject.request_id;
    op->after = run->conn->seq;
    op->limit = ngx_max(run->conf->context.runs, 1);
    op->bytes = run->conf->context.bytes;
    op->handler = ngx_thread_ws_run_load_handler;
    op->data = run;

    run->op_active = 1;

    if (ngx_thread_ws_store_load(run->conf->store, op) == NGX_AGAIN) {
        return;
    }

    ngx_thread_ws_run_loaded(run);
}


static void
ngx_thread_ws_run_load_handler(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_run_t  *run = op->data;

    ngx_thread_ws_conn_t  *conn;

    conn = run->conn;

    ngx_thread_ws_run_loaded(run);

    ngx_thread_ws_conn_wake(conn);
}


static void
ngx_thread_ws_run_loaded(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_store_op_t  *op;

    op = &run->op;
    run->op_active = 0;

    if (op->status != NGX_OK) {
        ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED,
                              NGX_THREAD_WS_STORE_UNAVAILABLE, NULL);
        return;
    }

    if (ngx_thread_ws_run_learn(run) != NGX_OK) {
        return;
    }

    if (op->found) {
        ngx_thread_ws_run_replay(run, op->found, NULL,
                                 ngx_thread_ws_string_equal(
                                                        &op->found->content,
                                                        &run->content));
        return;
    }

    ngx_thread_ws_run_ask(run);
}


/* takes in what other connections have added to the thread */

static ngx_int_t
ngx_thread_ws_run_learn(ngx_thread_ws_run_t *run)
{
    ngx_uint_t                 i;
    ngx_thread_ws_conn_t      *conn;
    ngx_thread_ws_record_t    *record;
    ngx_thread_ws_store_op_t  *op;

    op = &run->op;
    conn = run->conn;

    if (ngx_thread_ws_conn_generation(conn, op->generation) != NGX_OK) {
        return NGX_DECLINED;
    }

    record = op->records.elts;

    for (i = 0; i < op->records.nelts; i++) {

        if (ngx_thread_ws_recent_add(conn, &record[i], NULL) != NGX_OK) {
            ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED,
                                  NGX_THREAD_WS_STORE_UNAVAILABLE, NULL);
            return NGX_ERROR;
        }

        conn->seq = record[i].seq;
    }

    return NGX_OK;
}


/* a run that is stored is answered from there, the agent is not asked */

static void
ngx_thread_ws_run_replay(ngx_thread_ws_run_t *run,
    ngx_thread_ws_record_t *record, ngx_str_t *answer, ngx_uint_t same)
{
    if (!same) {
        ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED,
                              NGX_THREAD_WS_DUPLICATE_REQUEST, NULL);
        return;
    }

    run->replayed = 1;

    if (ngx_thread_ws_answer_replay(run, record, answer) != NGX_OK) {
        ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED,
                              NGX_THREAD_WS_STORE_UNAVAILABLE, NULL);
        return;
    }

    ngx_thread_ws_run_end(run, NGX_THREAD_WS_COMPLETED, 0, NULL);
}


/* the answer is whole: from here on a cancel comes too late */

void
ngx_thread_ws_run_store(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_store_op_t  *op;

    op = &run->op;

    if (!ngx_thread_ws_registry_holds(&run->claim)) {
        ngx_thread_ws_run_end(run, NGX_THREAD_WS_CANCELLED, 0, NULL);
        return;
    }

    run->state = NGX_THREAD_WS_STORING;
    run->result.latency = ngx_current_msec - run->started;

    if (ngx_thread_ws_answer_record(run, &op->record) != NGX_OK) {
        ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED,
                              NGX_THREAD_WS_STORE_UNAVAILABLE, NULL);
        return;
    }

    op->handler = ngx_thread_ws_run_append_handler;

    run->op_active = 1;

    if (ngx_thread_ws_store_append(run->conf->store, op) == NGX_AGAIN) {
        return;
    }

    ngx_thread_ws_run_stored(run);
}


static void
ngx_thread_ws_run_append_handler(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_run_t  *run = op->data;

    ngx_thread_ws_conn_t  *conn;

    conn = run->conn;

    ngx_thread_ws_run_stored(run);

    if (conn) {
        ngx_thread_ws_conn_wake(conn);
    }
}


static void
ngx_thread_ws_run_stored(ngx_thread_ws_run_t *run)
{
    ngx_int_t              status;
    ngx_uint_t             code;
    ngx_thread_ws_conn_t  *conn;

    conn = run->conn;
    status = run->op.status;
    run->op_active = 0;

    if (status == NGX_OK) {

        if (conn) {
            ngx_thread_ws_run_remember(run);
        }

        ngx_thread_ws_run_end(run, NGX_THREAD_WS_COMPLETED, 0, NULL);
        return;
    }

    switch (status) {

    case NGX_DECLINED:
        code = NGX_THREAD_WS_SUPERSEDED;
        break;

    case NGX_BUSY:

        /* a retry would ask the agent again, for nothing */

        code = NGX_THREAD_WS_RESPONSE_TOO_LARGE;
        break;

    default: /* NGX_ABORT, NGX_ERROR */
        code = NGX_THREAD_WS_STORE_UNAVAILABLE;
    }

    ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED, code, NULL);

    if (status == NGX_ABORT && conn) {
        ngx_thread_ws_conn_deleted(conn);
    }
}


static void
ngx_thread_ws_run_remember(ngx_thread_ws_run_t *run)
{
    ngx_str_t                  answer;
    ngx_thread_ws_conn_t      *conn;
    ngx_thread_ws_record_t    *record;
    ngx_thread_ws_loc_conf_t  *conf;

    conn = run->conn;
    conf = run->conf;
    record = &run->op.record;

    answer.data = run->answer.data;
    answer.len = run->answer.len;

    if (!conf->store->keeps) {
        return;
    }

    /* what another tab stored in between has to be read before this run */

    if (conf->store->shared && record->seq != conn->seq + 1) {
        return;
    }

    if (ngx_thread_ws_recent_add(conn, record, &answer) == NGX_OK
        && conf->store->shared)
    {
        conn->seq = record->seq;
    }
}
