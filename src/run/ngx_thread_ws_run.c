
/*
 * The run's state machine.  ngx_thread_ws_run_end() makes the last transition,
 * wherever it is made from, and sends the one terminal event.
 */


#include "run/ngx_thread_ws_run.h"
#include "base/ngx_thread_ws_string.h"
#include "agent/ngx_thread_ws_agent.h"
#include "run/ngx_thread_ws_answer.h"
#include "conn/ngx_thread_ws_conn.h"
#include "observe/ngx_thread_ws_observe.h"
#include "conn/ngx_thread_ws_output.h"


/*
 * A worker that leaves waits for timers alone: each run has one from its start
 * to its end, of so many ms where nothing limits it.
 */

#define NGX_THREAD_WS_RUN_HOLD  3600000


static ngx_thread_ws_run_t *ngx_thread_ws_run_create(
    ngx_thread_ws_conn_t *conn, ngx_thread_ws_command_t *command);
static ngx_int_t ngx_thread_ws_run_repeated(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command);
static ngx_int_t ngx_thread_ws_run_admit(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_reject(ngx_thread_ws_conn_t *conn,
    ngx_str_t *request_id, ngx_uint_t code);
static void ngx_thread_ws_run_start(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_timeout_handler(ngx_event_t *ev);
static void ngx_thread_ws_run_tell(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_detach(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_run_release(ngx_thread_ws_run_t *run);
static u_char *ngx_thread_ws_run_log_error(ngx_log_t *log, u_char *buf,
    size_t len);


void
ngx_thread_ws_run_submit(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    ngx_thread_ws_run_t  *run;

    conn->totals.messages++;

    if (ngx_thread_ws_run_repeated(conn, command) == NGX_OK) {
        return;
    }

    if (conn->leaving || ngx_exiting) {
        ngx_thread_ws_run_reject(conn, &command->request_id,
                                 NGX_THREAD_WS_SHUTTING_DOWN);
        return;
    }

    run = ngx_thread_ws_run_create(conn, command);
    if (run == NULL) {
        ngx_thread_ws_run_reject(conn, &command->request_id,
                                 NGX_THREAD_WS_UPSTREAM_UNAVAILABLE);
        return;
    }

    if (ngx_thread_ws_run_admit(conn, run) != NGX_OK) {
        ngx_thread_ws_run_reject(conn, &run->subject.request_id,
                                 NGX_THREAD_WS_BUSY);
        ngx_destroy_pool(run->pool);
        return;
    }

    ngx_thread_ws_observe_message(&run->subject, conn->subject.span, run->pool,
                                  run->content.len);

    ngx_queue_insert_tail(&conn->waiting, &run->queue);
    conn->nwaiting++;
    conn->waiting_size += run->content.len;

    if (conn->run) {
        ngx_thread_ws_observe_queued(&run->subject, conn->nwaiting);
        return;
    }

    ngx_thread_ws_run_next(conn);
}


/* an id that is active or waits already: NGX_OK if there is nothing to do */

static ngx_int_t
ngx_thread_ws_run_repeated(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    ngx_str_t             none;
    ngx_thread_ws_run_t  *run;

    run = ngx_thread_ws_run_find(conn, &command->request_id);
    if (run == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_thread_ws_string_equal(&run->content, &command->content)) {
        ngx_log_error(NGX_LOG_INFO, run->subject.log, 0,
                      "message repeated while its run is under way");
        return NGX_OK;
    }

    /* without the id, or the client would take the running one for ended */

    ngx_str_null(&none);
    ngx_thread_ws_run_reject(conn, &none, NGX_THREAD_WS_DUPLICATE_REQUEST);

    return NGX_OK;
}


/* an error that ends no run */

static void
ngx_thread_ws_run_reject(ngx_thread_ws_conn_t *conn, ngx_str_t *request_id,
    ngx_uint_t code)
{
    ngx_thread_ws_run_error(conn, request_id, code, NULL, 0);
    ngx_thread_ws_observe_rejected(&conn->subject, request_id, code);
}


/* what thread_ws_busy says of one more message: NGX_OK or NGX_BUSY */

static ngx_int_t
ngx_thread_ws_run_admit(ngx_thread_ws_conn_t *conn, ngx_thread_ws_run_t *run)
{
    ngx_uint_t                 max;
    ngx_queue_t               *q;
    ngx_thread_ws_loc_conf_t  *conf;

    conf = conn->conf;

    if (conn->run == NULL && conn->nwaiting == 0) {
        return NGX_OK;
    }

    switch (conf->busy) {

    case NGX_THREAD_WS_BUSY_INTERRUPT:

        while (!ngx_queue_empty(&conn->waiting)) {
            q = ngx_queue_head(&conn->waiting);
            ngx_thread_ws_run_end(ngx_queue_data(q, ngx_thread_ws_run_t,
                                                 queue),
                                  NGX_THREAD_WS_CANCELLED, 0, NULL);
        }

        if (conn->run && conn->run->state != NGX_THREAD_WS_STORING) {
            ngx_thread_ws_run_end(conn->run, NGX_THREAD_WS_CANCELLED, 0, NULL);
        }

        return NGX_OK;

    case NGX_THREAD_WS_BUSY_QUEUE:

        max = conf->queue;

        if (conn->nwaiting < max
            && conn->waiting_size + run->content.len <= conf->max_message_size)
        {
            return NGX_OK;
        }

        return NGX_BUSY;

    default: /* NGX_THREAD_WS_BUSY_REJECT */
        return NGX_BUSY;
    }
}


void
ngx_thread_ws_run_cancel(ngx_thread_ws_conn_t *conn, ngx_str_t *request_id)
{
    ngx_thread_ws_run_t  *run;

    run = ngx_thread_ws_run_find(conn, request_id);

    if (run == NULL || run->state == NGX_THREAD_WS_STORING) {
        ngx_log_error(NGX_LOG_INFO, conn->connection->log, 0,
                      "cancel of \"%V\" ignored: it is not active",
                      request_id);
        return;
    }

    ngx_thread_ws_run_end(run, NGX_THREAD_WS_CANCELLED, 0, NULL);
}


void
ngx_thread_ws_run_next(ngx_thread_ws_conn_t *conn)
{
    ngx_queue_t  *q;

    while (conn->run == NULL
           && !ngx_queue_empty(&conn->waiting)
           && !conn->close_sent && !conn->error)
    {
        q = ngx_queue_head(&conn->waiting);

        ngx_thread_ws_run_start(ngx_queue_data(q, ngx_thread_ws_run_t,
                                               queue));
    }
}


void
ngx_thread_ws_run_disconnect(ngx_thread_ws_conn_t *conn)
{
    ngx_uint_t    code, outcome;
    ngx_queue_t  *q;

    code = 0;
    outcome = NGX_THREAD_WS_DISCONNECTED;

    if (conn->connection->error && conn->connection->close) {

        /* it is the worker that goes, not the client */

        code = NGX_THREAD_WS_SHUTTING_DOWN;
        outcome = NGX_THREAD_WS_FAILED;
    }

    while (!ngx_queue_empty(&conn->waiting)) {
        q = ngx_queue_head(&conn->waiting);
        ngx_thread_ws_run_end(ngx_queue_data(q, ngx_thread_ws_run_t, queue),
                              outcome, code, NULL);
    }

    if (conn->run == NULL) {
        return;
    }

    if (conn->run->state == NGX_THREAD_WS_STORING) {

        /* a whole answer is kept, for the client's retry */

        ngx_thread_ws_run_detach(conn->run);
        return;
    }

    ngx_thread_ws_run_end(conn->run, outcome, code, NULL);
}


ngx_thread_ws_run_t *
ngx_thread_ws_run_find(ngx_thread_ws_conn_t *conn, ngx_str_t *request_id)
{
    ngx_queue_t          *q;
    ngx_thread_ws_run_t  *run;

    run = conn->run;
    q = ngx_queue_head(&conn->waiting);

    for ( ;; ) {

        if (run
            && ngx_thread_ws_string_equal(&run->subject.request_id,
                                          request_id))
        {
            return run;
        }

        if (q == ngx_queue_sentinel(&conn->waiting)) {
            return NULL;
        }

        run = ngx_queue_data(q, ngx_thread_ws_run_t, queue);
        q = ngx_queue_next(q);
    }
}


static ngx_thread_ws_run_t *
ngx_thread_ws_run_create(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    ngx_log_t            *log;
    ngx_pool_t           *pool;
    ngx_connection_t     *c;
    ngx_thread_ws_run_t  *run;

    c = conn->connection;

    pool = ngx_create_pool(2048, c->log);
    if (pool == NULL) {
        return NULL;
    }

    run = ngx_pcalloc(pool, sizeof(ngx_thread_ws_run_t));
    log = ngx_palloc(pool, sizeof(ngx_log_t));

    if (run == NULL || log == NULL) {
        goto failed;
    }

    run->pool = pool;
    run->conn = conn;
    run->conf = conn->conf;
    run->started = ngx_current_msec;

    ngx_thread_ws_result_init(&run->result);

    /* copies: a run that is being stored outlives its connection */

    if (ngx_thread_ws_subject_run(&run->subject, &conn->subject,
                                  &command->request_id, pool)
        != NGX_OK)
    {
        goto failed;
    }

    *log = *c->log;
    log->handler = ngx_thread_ws_run_log_error;
    log->data = run;
    log->action = NULL;
    run->subject.log = log;
    pool->log = ngx_cycle->log;

    run->content.data = ngx_pstrdup(pool, &command->content);
    run->content.len = command->content.len;

    if (run->content.data == NULL) {
        goto failed;
    }

    run->timer.handler = ngx_thread_ws_run_timeout_handler;
    run->timer.data = run;
    run->timer.log = run->subject.log;

    return run;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


static void
ngx_thread_ws_run_start(ngx_thread_ws_run_t *run)
{
    ngx_int_t              rc;
    ngx_thread_ws_conn_t  *conn;

    conn = run->conn;

    ngx_queue_remove(&run->queue);
    conn->nwaiting--;
    conn->waiting_size -= run->content.len;

    conn->run = run;
    conn->totals.runs++;
    run->state = NGX_THREAD_WS_LOADING;

    ngx_add_timer(&run->timer, run->conf->run_timeout
                               ? run->conf->run_timeout
                               : NGX_THREAD_WS_RUN_HOLD);

    if (ngx_thread_ws_run_recall(run)) {
        return;
    }

    rc = ngx_thread_ws_registry_claim(&run->claim, &run->subject.owner,
                                      &run->subject.thread_id,
                                      &run->subject.request_id,
                                      run->subject.log);
    if (rc == NGX_BUSY) {
        run->took_over = 1;
        ngx_log_error(NGX_LOG_INFO, run->subject.log, 0,
                      "run taken over from an older connection");
    }

    ngx_thread_ws_run_load(run);
}


void
ngx_thread_ws_run_ask(ngx_thread_ws_run_t *run)
{
    run->state = NGX_THREAD_WS_STREAMING;

    run->asked = 1;
    ngx_thread_ws_observe_asked(&run->subject);

    if (ngx_thread_ws_agent_start(run) != NGX_OK) {
        ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED,
                              NGX_THREAD_WS_UPSTREAM_UNAVAILABLE, NULL);
    }
}


static void
ngx_thread_ws_run_timeout_handler(ngx_event_t *ev)
{
    ngx_thread_ws_run_t  *run = ev->data;

    ngx_thread_ws_conn_t  *conn;

    conn = run->conn;

    ngx_log_error(NGX_LOG_ERR, run->subject.log, 0, "run timed out");

    ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED,
                          (run->state == NGX_THREAD_WS_LOADING)
                          ? NGX_THREAD_WS_STORE_UNAVAILABLE
                          : NGX_THREAD_WS_UPSTREAM_TIMEOUT, NULL);

    ngx_thread_ws_conn_wake(conn);
}


void
ngx_thread_ws_run_end(ngx_thread_ws_run_t *run, ngx_uint_t outcome,
    ngx_uint_t code, ngx_str_t *text)
{
    ngx_uint_t             state;
    ngx_thread_ws_conn_t  *conn;

    state = run->state;

    if (state == NGX_THREAD_WS_ENDED) {
        return;
    }

    conn = run->conn;
    run->state = NGX_THREAD_WS_ENDED;

    if (run->timer.timer_set) {
        ngx_del_timer(&run->timer);
    }

    if (state == NGX_THREAD_WS_WAITING) {
        ngx_queue_remove(&run->queue);
        conn->nwaiting--;
        conn->waiting_size -= run->content.len;
    }

    if (run->op_active) {
        ngx_thread_ws_store_abandon(&run->op);
        run->op_active = 0;
    }

    /* set before the request ends, when its access log line is written */

    run->result.outcome = outcome;
    run->result.code = code;

    if (state != NGX_THREAD_WS_STORING && !run->replayed) {
        run->result.latency = ngx_current_msec - run->started;
    }

    if (outcome == NGX_THREAD_WS_CANCELLED
        || outcome == NGX_THREAD_WS_DISCONNECTED)
    {
        run->cancelled = ngx_thread_ws_observe_cancel(&run->subject);
    }

    if (run->agent && state != NGX_THREAD_WS_STORING) {
        ngx_thread_ws_agent_stop(run->agent);
    }

    ngx_thread_ws_registry_release(&run->claim);

    if (conn && outcome != NGX_THREAD_WS_DISCONNECTED) {
        ngx_thread_ws_answer_end(run, text);
    }

    ngx_thread_ws_run_tell(run);

    ngx_thread_ws_run_detach(run);
}


static void
ngx_thread_ws_run_tell(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_end_t  end;

    end.result = &run->result;
    end.model = run->model;
    end.finish_reason = run->reply.finish_reason;
    end.status = run->status;
    end.cancelled = run->cancelled;
    end.asked = run->asked;
    end.replayed = run->replayed;

    if (run->conn) {
        ngx_thread_ws_conn_tell(run->conn);
    }

    ngx_thread_ws_observe_ended(&run->subject, &end);
}


/* the connection goes on without the run */

static void
ngx_thread_ws_run_detach(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_conn_t  *conn;

    conn = run->conn;

    if (conn) {

        if (run->result.outcome) {
            conn->last = run->result;
        }

        conn->totals.tokens += run->result.tokens;
        conn->totals.input_tokens += ngx_max(run->result.input_tokens, 0);
        conn->totals.output_tokens += ngx_max(run->result.output_tokens, 0);

        if (conn->run == run) {
            conn->run = NULL;
        }

        run->conn = NULL;

        ngx_thread_ws_conn_wake(conn);
    }

    ngx_thread_ws_run_release(run);
}


/* frees a run that neither a connection, nor a request, nor a store needs */

static void
ngx_thread_ws_run_release(ngx_thread_ws_run_t *run)
{
    if (run->conn || run->agent || run->op_active) {
        return;
    }

    ngx_thread_ws_answer_free(run);
    ngx_destroy_pool(run->pool);
}


void
ngx_thread_ws_run_cut(ngx_thread_ws_run_t *run, ngx_uint_t end)
{
    if (run->conn && run->conn->error) {

        /* it was the client's socket that failed, not the agent */

        ngx_thread_ws_run_end(run, NGX_THREAD_WS_DISCONNECTED, 0, NULL);
        return;
    }

    ngx_thread_ws_answer_cut(run, end);
}


void
ngx_thread_ws_run_gone(ngx_thread_ws_run_t *run, ngx_uint_t whole,
    ngx_uint_t end)
{
    if (run->state == NGX_THREAD_WS_STREAMING && !whole) {
        ngx_thread_ws_run_cut(run, end);
        return;
    }

    ngx_thread_ws_run_release(run);
}


static u_char *
ngx_thread_ws_run_log_error(ngx_log_t *log, u_char *buf, size_t len)
{
    ngx_thread_ws_run_t  *run = log->data;

    return ngx_snprintf(buf, len, ", connection: %*s, request: %V",
                        (size_t) NGX_THREAD_WS_CONNECTION_ID_LEN,
                        run->subject.connection_id, &run->subject.request_id);
}
