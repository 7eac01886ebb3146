
/*
 * Each happening goes to the metrics, the error log, the event log and the
 * trace, in one place.
 */


#include "observe/ngx_thread_ws_observe.h"
#include "observe/ngx_thread_ws_log.h"
#include "observe/ngx_thread_ws_lost.h"
#include "observe/ngx_thread_ws_trace.h"
#include "wire/ngx_thread_ws_code.h"


static void ngx_thread_ws_observe_left(ngx_thread_ws_subject_t *subject,
    ngx_uint_t close_code);
static void ngx_thread_ws_observe_agent(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_result_t *result);
static uint64_t ngx_thread_ws_observe_clock(void);


void
ngx_thread_ws_observe_connected(ngx_thread_ws_subject_t *subject,
    ngx_http_request_t *r)
{
    ngx_msec_t  away;

    ngx_thread_ws_count(connections, 1);
    ngx_thread_ws_gauge(connections, 1);

    ngx_log_error(NGX_LOG_INFO, subject->log, 0,
                  "thread \"%V\" connected", &subject->thread_id);

    ngx_thread_ws_trace_connected(subject, r);
    ngx_thread_ws_log_connected(subject, &r->connection->addr_text);

    if (subject->thread_id.len == 0
        || ngx_thread_ws_lost_found(&subject->owner, &subject->thread_id,
                                    &away)
           != NGX_OK)
    {
        return;
    }

    ngx_thread_ws_count(reconnections, 1);

    ngx_log_error(NGX_LOG_INFO, subject->log, 0,
                  "thread \"%V\" reconnected after %M ms",
                  &subject->thread_id, away);

    ngx_thread_ws_log_reconnected(subject, away);
}


void
ngx_thread_ws_observe_closed(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_totals_t *totals, ngx_uint_t close_code)
{
    ngx_msec_t  duration;

    duration = ngx_current_msec - totals->opened;

    ngx_thread_ws_gauge(connections, -1);

    ngx_thread_ws_histogram_add(&ngx_thread_ws_counters->connection_duration,
                                &ngx_thread_ws_buckets_connection, duration);
    ngx_thread_ws_histogram_add(&ngx_thread_ws_counters->connection_runs,
                                &ngx_thread_ws_buckets_runs, totals->runs);

    if (subject->thread_id.len) {
        ngx_thread_ws_observe_left(subject, close_code);
    }

    ngx_log_error(NGX_LOG_INFO, subject->log, 0,
                  "thread \"%V\" closed with %ui after %M ms and %ui runs",
                  &subject->thread_id, close_code, duration, totals->runs);

    ngx_thread_ws_log_closed(subject, totals, close_code);
    ngx_thread_ws_trace_closed(subject, totals, close_code);
}


/* whether it can be expected back */

static void
ngx_thread_ws_observe_left(ngx_thread_ws_subject_t *subject,
    ngx_uint_t close_code)
{
    switch (close_code) {

    case 1000:
    case 1001:
    case 1005: /* a close frame without a code */
        ngx_thread_ws_lost_forget(&subject->owner, &subject->thread_id);
        break;

    case 1008:

        /* refused its thread: there is none to come back to */
        break;

    default:
        ngx_thread_ws_lost_add(&subject->owner, &subject->thread_id);
        break;
    }
}


void
ngx_thread_ws_observe_bytes(uint64_t in, uint64_t out)
{
    ngx_thread_ws_count(bytes_in, in);
    ngx_thread_ws_count(bytes_out, out);
}


void
ngx_thread_ws_observe_message(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_span_t *parent, ngx_pool_t *pool, size_t bytes,
    ngx_thread_ws_choice_t *choice)
{
    ngx_thread_ws_count(messages, 1);
    ngx_thread_ws_gauge(runs, 1);

    ngx_log_error(NGX_LOG_INFO, subject->log, 0, "message of %uz bytes",
                  bytes);

    ngx_thread_ws_trace_message(subject, parent, pool);
    ngx_thread_ws_log_message(subject, bytes, choice);
}


void
ngx_thread_ws_observe_queued(ngx_thread_ws_subject_t *subject,
    ngx_uint_t waiting)
{
    ngx_thread_ws_count(queued, 1);

    ngx_log_error(NGX_LOG_INFO, subject->log, 0,
                  "message queued: %ui are waiting", waiting);

    ngx_thread_ws_log_queued(subject, waiting);
}


void
ngx_thread_ws_observe_followed(ngx_thread_ws_subject_t *subject,
    ngx_str_t *request_id)
{
    ngx_thread_ws_count(follows, 1);

    ngx_thread_ws_trace_event(subject, "followed");
    ngx_thread_ws_log_followed(subject, request_id);
}


void
ngx_thread_ws_observe_resumed(void)
{
    ngx_thread_ws_count(resumed, 1);
}


void
ngx_thread_ws_observe_detached(ngx_thread_ws_subject_t *subject)
{
    ngx_thread_ws_count(detached, 1);

    ngx_thread_ws_trace_event(subject, "detached");
    ngx_thread_ws_log_happened(subject, "detached");
}


void
ngx_thread_ws_observe_abandoned(ngx_thread_ws_subject_t *subject)
{
    ngx_thread_ws_count(abandoned, 1);

    ngx_log_error(NGX_LOG_INFO, subject->log, 0,
                  "run given up: nobody came back to hear it");

    ngx_thread_ws_trace_event(subject, "abandoned");
    ngx_thread_ws_log_happened(subject, "abandoned");
}


void
ngx_thread_ws_observe_rejected(ngx_thread_ws_subject_t *subject,
    ngx_str_t *request_id, ngx_uint_t code)
{
    ngx_thread_ws_count(rejected[code], 1);

    ngx_log_error(NGX_LOG_INFO, subject->log, 0,
                  "command \"%V\" rejected: %V",
                  request_id, &ngx_thread_ws_codes[code].name);

    ngx_thread_ws_log_rejected(subject, request_id, code);
}


void
ngx_thread_ws_observe_asked(ngx_thread_ws_subject_t *subject)
{
    ngx_log_error(NGX_LOG_INFO, subject->log, 0, "agent asked");
}


void
ngx_thread_ws_observe_first_token(ngx_thread_ws_subject_t *subject,
    ngx_msec_t first_token)
{
    ngx_thread_ws_histogram_add(
                    &ngx_thread_ws_metrics_agent(subject->dialect)->first_token,
                    &ngx_thread_ws_buckets_first_token, first_token);

    ngx_log_error(NGX_LOG_INFO, subject->log, 0, "first token after %M ms",
                  first_token);

    ngx_thread_ws_trace_event(subject, "first_token");
    ngx_thread_ws_log_first_token(subject, first_token);
}


uint64_t
ngx_thread_ws_observe_cancel(ngx_thread_ws_subject_t *subject)
{
    uint64_t  now;

    now = ngx_thread_ws_observe_clock();

    ngx_thread_ws_trace_event(subject, "cancel");

    return now;
}


void
ngx_thread_ws_observe_ended(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_end_t *end)
{
    uint64_t                 cancel;
    ngx_thread_ws_result_t  *result;

    result = end->result;
    cancel = 0;

    ngx_thread_ws_gauge(runs, -1);
    ngx_thread_ws_count(tokens, result->tokens);

    if (result->outcome == NGX_THREAD_WS_FAILED) {
        ngx_thread_ws_count(failed[result->code], 1);

    } else {
        ngx_thread_ws_count(runs[result->outcome], 1);
    }

    if (end->replayed) {
        ngx_thread_ws_count(replays, 1);
    }

    if (result->outcome == NGX_THREAD_WS_CANCELLED && end->cancelled) {
        cancel = ngx_thread_ws_observe_clock() - end->cancelled;

        ngx_thread_ws_histogram_add(&ngx_thread_ws_counters->cancel_duration,
                                    &ngx_thread_ws_buckets_cancel, cancel);
    }

    if (end->asked) {
        ngx_thread_ws_observe_agent(subject, result);
    }

    ngx_log_error(NGX_LOG_INFO, subject->log, 0,
                  "run %V after %M ms and %ui tokens%s%V",
                  &ngx_thread_ws_outcomes[result->outcome], result->latency,
                  result->tokens,
                  result->outcome == NGX_THREAD_WS_FAILED ? ": " : "",
                  &ngx_thread_ws_codes[result->code].name);

    ngx_thread_ws_log_ended(subject, end, cancel);
    ngx_thread_ws_trace_ended(subject, end);
}


/* the metrics of the GenAI conventions: of runs that reached an agent */

static void
ngx_thread_ws_observe_agent(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_result_t *result)
{
    ngx_thread_ws_agent_counters_t  *agent;

    agent = ngx_thread_ws_metrics_agent(subject->dialect);

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
ngx_thread_ws_observe_store(ngx_uint_t operation, ngx_msec_t duration,
    ngx_uint_t failed)
{
    if (failed) {
        ngx_thread_ws_count(store_errors[operation], 1);
    }

    ngx_thread_ws_histogram_add(&ngx_thread_ws_counters->store[operation],
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
