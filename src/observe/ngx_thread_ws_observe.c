
#include "observe/ngx_thread_ws_observe.h"
#include "observe/ngx_thread_ws_log.h"
#include "observe/ngx_thread_ws_metrics.h"
#include "observe/ngx_thread_ws_trace.h"


static void ngx_thread_ws_observe_end(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_observe_bytes(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_observe_agent(ngx_thread_ws_run_t *run);
static uint64_t ngx_thread_ws_observe_clock(void);


void
ngx_thread_ws_observe_connected(ngx_thread_ws_conn_t *conn)
{
    ngx_msec_t  away;

    conn->counted = 1;

    ngx_thread_ws_count(connections, 1);
    ngx_thread_ws_gauge(connections, 1);

    ngx_log_error(NGX_LOG_INFO, conn->connection->log, 0,
                  "thread \"%V\" connected", &conn->thread_id);

    ngx_thread_ws_trace_connected(conn);
    ngx_thread_ws_log_connected(conn);

    if (conn->thread_id.len == 0
        || ngx_thread_ws_metrics_returned(&conn->owner, &conn->thread_id,
                                          &away)
           != NGX_OK)
    {
        return;
    }

    ngx_thread_ws_count(reconnections, 1);

    ngx_log_error(NGX_LOG_INFO, conn->connection->log, 0,
                  "thread \"%V\" reconnected after %M ms",
                  &conn->thread_id, away);

    ngx_thread_ws_log_reconnected(conn, away);
}


void
ngx_thread_ws_observe_closed(ngx_thread_ws_conn_t *conn)
{
    ngx_msec_t  duration;

    if (!conn->counted) {
        return;
    }

    duration = ngx_current_msec - conn->opened;

    ngx_thread_ws_gauge(connections, -1);
    ngx_thread_ws_observe_bytes(conn);

    ngx_thread_ws_histogram_add(&ngx_thread_ws_counters->connection_duration,
                                &ngx_thread_ws_buckets_connection, duration);
    ngx_thread_ws_histogram_add(&ngx_thread_ws_counters->connection_runs,
                                &ngx_thread_ws_buckets_runs, conn->runs);

    if (conn->thread_id.len) {
        ngx_thread_ws_observe_end(conn);
    }

    ngx_log_error(NGX_LOG_INFO, conn->connection->log, 0,
                  "thread \"%V\" closed with %ui after %M ms and %ui runs",
                  &conn->thread_id, conn->close_code, duration, conn->runs);

    ngx_thread_ws_log_closed(conn);
    ngx_thread_ws_trace_closed(conn);
}


/* whether it can be expected back */

static void
ngx_thread_ws_observe_end(ngx_thread_ws_conn_t *conn)
{
    switch (conn->close_code) {

    case 1000:
    case 1001:
    case 1005: /* a close frame without a code */
        ngx_thread_ws_metrics_left(&conn->owner, &conn->thread_id);
        break;

    case 1008:

        /* refused its thread: there is none to come back to */
        break;

    default:
        ngx_thread_ws_metrics_lost(&conn->owner, &conn->thread_id);
        break;
    }
}


void
ngx_thread_ws_observe_message(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_count(messages, 1);
    ngx_thread_ws_gauge(runs, 1);

    ngx_log_error(NGX_LOG_INFO, run->log, 0, "message of %uz bytes",
                  run->content.len);

    ngx_thread_ws_trace_message(run);
    ngx_thread_ws_log_message(run);
}


void
ngx_thread_ws_observe_queued(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_count(queued, 1);

    ngx_log_error(NGX_LOG_INFO, run->log, 0,
                  "message queued: %ui are waiting", run->conn->nwaiting);

    ngx_thread_ws_log_queued(run);
}


void
ngx_thread_ws_observe_rejected(ngx_thread_ws_conn_t *conn,
    ngx_str_t *request_id, ngx_uint_t code)
{
    ngx_thread_ws_count(rejected[code], 1);

    ngx_log_error(NGX_LOG_INFO, conn->connection->log, 0,
                  "command \"%V\" rejected: %V",
                  request_id, &ngx_thread_ws_codes[code].name);

    ngx_thread_ws_log_rejected(conn, request_id, code);
}


void
ngx_thread_ws_observe_asked(ngx_thread_ws_run_t *run)
{
    run->asked = 1;

    ngx_log_error(NGX_LOG_INFO, run->log, 0, "agent asked");
}


void
ngx_thread_ws_observe_first_token(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_histogram_add(
                  &ngx_thread_ws_metrics_agent(run->conf->dialect)->first_token,
                  &ngx_thread_ws_buckets_first_token,
                  run->result.first_token);

    ngx_log_error(NGX_LOG_INFO, run->log, 0, "first token after %M ms",
                  run->result.first_token);

    ngx_thread_ws_trace_first_token(run);
    ngx_thread_ws_log_first_token(run);
}


void
ngx_thread_ws_observe_cancel(ngx_thread_ws_run_t *run)
{
    run->cancel_us = ngx_thread_ws_observe_clock();

    ngx_thread_ws_trace_cancel(run);
}


void
ngx_thread_ws_observe_ended(ngx_thread_ws_run_t *run)
{
    uint64_t                cancel;
    ngx_thread_ws_result_t  *result;

    result = &run->result;
    cancel = 0;

    ngx_thread_ws_gauge(runs, -1);
    ngx_thread_ws_count(tokens, result->tokens);

    if (result->outcome == NGX_THREAD_WS_FAILED) {
        ngx_thread_ws_count(failed[result->code], 1);

    } else {
        ngx_thread_ws_count(runs[result->outcome], 1);
    }

    if (run->replayed) {
        ngx_thread_ws_count(replays, 1);
    }

    if (result->outcome == NGX_THREAD_WS_CANCELLED && run->cancel_us) {
        cancel = ngx_thread_ws_observe_clock() - run->cancel_us;

        ngx_thread_ws_histogram_add(&ngx_thread_ws_counters->cancel_duration,
                                    &ngx_thread_ws_buckets_cancel, cancel);
    }

    if (run->asked) {
        ngx_thread_ws_observe_agent(run);
    }

    if (run->conn) {
        ngx_thread_ws_observe_bytes(run->conn);
    }

    ngx_log_error(NGX_LOG_INFO, run->log, 0,
                  "run %V after %M ms and %ui tokens%s%V",
                  &ngx_thread_ws_outcomes[result->outcome], result->latency,
                  result->tokens,
                  result->outcome == NGX_THREAD_WS_FAILED ? ": " : "",
                  &ngx_thread_ws_codes[result->code].name);

    ngx_thread_ws_log_ended(run, cancel);
    ngx_thread_ws_trace_ended(run);
}


/* the metrics of the GenAI conventions: of runs that reached an agent */

static void
ngx_thread_ws_observe_agent(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_result_t          *result;
    ngx_thread_ws_agent_counters_t  *agent;

    result = &run->result;
    agent = ngx_thread_ws_metrics_agent(run->conf->dialect);

    ngx_thread_ws_histogram_add(&agent->duration[result->outcome],
                                &ngx_thread_ws_buckets_duration,
                                result->latency);

    if (result->input_tokens >= 0) {
        ngx_thread_ws_histogram_add(&agent->input_tokens,
                                    &ngx_thread_ws_buckets_tokens,
                                    result->input_tokens);
    }

    if (result->output_tokens >= 0) {
        ngx_thread_ws_histogram_add(&agent->output_tokens,
                                    &ngx_thread_ws_buckets_tokens,
                                    result->output_tokens);
    }
}


void
ngx_thread_ws_observe_store(char *operation, ngx_msec_t duration,
    ngx_int_t status)
{
    ngx_uint_t  i;

    i = ngx_thread_ws_metrics_operation(operation);

    if (status == NGX_ERROR) {
        ngx_thread_ws_count(store_errors[i], 1);
    }

    ngx_thread_ws_histogram_add(&ngx_thread_ws_counters->store[i],
                                &ngx_thread_ws_buckets_store, duration);
}


void
ngx_thread_ws_observe_evicted(ngx_str_t *thread_id, ngx_uint_t runs)
{
    ngx_thread_ws_count(evictions, 1);

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "thread \"%V\" with %ui runs evicted from the store",
                  thread_id, runs);

    ngx_thread_ws_log_evicted(thread_id, runs);
}


/* what has come and gone since the last time: a connection lives for days */

static void
ngx_thread_ws_observe_bytes(ngx_thread_ws_conn_t *conn)
{
    ngx_thread_ws_count(bytes_in, conn->bytes_in - conn->told_in);
    ngx_thread_ws_count(bytes_out, conn->bytes_out - conn->told_out);

    conn->told_in = conn->bytes_in;
    conn->told_out = conn->bytes_out;
}


/* microseconds: a cancel is over within one turn of the event loop */

static uint64_t
ngx_thread_ws_observe_clock(void)
{
#if (NGX_HAVE_CLOCK_MONOTONIC)
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
#else
    struct timeval   tv;

    ngx_gettimeofday(&tv);

    return (uint64_t) tv.tv_sec * 1000000 + tv.tv_usec;
#endif
}
