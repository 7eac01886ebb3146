
/*
 * The page of thread_ws_status: all metrics, in the text format of Prometheus.
 */


#include "pages/ngx_thread_ws_status.h"
#include "observe/ngx_thread_ws_metrics.h"
#include "base/ngx_thread_ws_response.h"
#include "conf/ngx_thread_ws_settings.h"
#include "json/ngx_thread_ws_exposition.h"
#include "zone/ngx_thread_ws_registry.h"


#define NGX_THREAD_WS_STATUS_LABELS  256


/* a counter without labels */

typedef struct {
    char    *name;
    char    *help;
    size_t   offset;              /* in ngx_thread_ws_counters_t */
} ngx_thread_ws_status_counter_t;


/* a histogram of each dialect */

typedef struct {
    char                      *name;
    char                      *help;
    ngx_thread_ws_buckets_t   *buckets;
    ngx_uint_t                 type;      /* ngx_thread_ws_status_agent_e */
} ngx_thread_ws_status_agent_t;


typedef enum {
    NGX_THREAD_WS_STATUS_FIRST_TOKEN = 0,
    NGX_THREAD_WS_STATUS_DURATION,
    NGX_THREAD_WS_STATUS_USAGE
} ngx_thread_ws_status_agent_e;


static ngx_int_t ngx_thread_ws_status_handler(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_status_public_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_thread_ws_status_local(struct sockaddr *sockaddr);
static void ngx_thread_ws_status_journals(ngx_thread_ws_exposition_t *ex);
static void ngx_thread_ws_status_write(ngx_thread_ws_exposition_t *ex,
    ngx_thread_ws_counters_t *counters, ngx_thread_ws_gauges_t *gauges);
static void ngx_thread_ws_status_runs(ngx_thread_ws_exposition_t *ex,
    ngx_thread_ws_counters_t *counters);
static void ngx_thread_ws_status_store(ngx_thread_ws_exposition_t *ex,
    ngx_thread_ws_counters_t *counters);
static void ngx_thread_ws_status_agents(ngx_thread_ws_exposition_t *ex,
    ngx_thread_ws_counters_t *counters, ngx_thread_ws_status_agent_t *agent);
static void ngx_thread_ws_status_agent(ngx_thread_ws_exposition_t *ex,
    ngx_thread_ws_status_agent_t *agent, ngx_str_t *labels,
    ngx_thread_ws_agent_counters_t *counters);
static void ngx_thread_ws_status_histogram(ngx_thread_ws_exposition_t *ex,
    char *name, ngx_str_t *labels, ngx_thread_ws_buckets_t *buckets,
    ngx_thread_ws_histogram_t *histogram);
static void ngx_thread_ws_status_label(ngx_str_t *labels, const char *fmt,
    ...);


static ngx_thread_ws_status_counter_t  ngx_thread_ws_status_counters[] = {

    { "thread_ws_connections_total", "Connections ever opened.",
      offsetof(ngx_thread_ws_counters_t, connections) },

    { "thread_ws_reconnections_total",
      "Connections of a thread whose last one was lost within a minute.",
      offsetof(ngx_thread_ws_counters_t, reconnections) },

    { "thread_ws_messages_total", "Messages that were accepted.",
      offsetof(ngx_thread_ws_counters_t, messages) },

    { "thread_ws_queued_total", "Messages that had to wait for another run.",
      offsetof(ngx_thread_ws_counters_t, queued) },

    { "thread_ws_replays_total", "Runs that were answered from the store.",
      offsetof(ngx_thread_ws_counters_t, replays) },

    { "thread_ws_follows_total", "Commands \"follow\" of clients.",
      offsetof(ngx_thread_ws_counters_t, follows) },

    { "thread_ws_resumed_total",
      "Times a client heard on, or again, what a run had said to others.",
      offsetof(ngx_thread_ws_counters_t, resumed) },

    { "thread_ws_detached_total", "Runs that went on without any client.",
      offsetof(ngx_thread_ws_counters_t, detached) },

    { "thread_ws_abandoned_total",
      "Runs that were given up since no client came back.",
      offsetof(ngx_thread_ws_counters_t, abandoned) },

    { "thread_ws_tokens_total", "Deltas that agents sent.",
      offsetof(ngx_thread_ws_counters_t, tokens) },

    { "thread_ws_evictions_total",
      "Threads that the store in shared memory gave up for others.",
      offsetof(ngx_thread_ws_counters_t, evictions) },

    { "thread_ws_event_log_dropped_total",
      "Lines that the event log did not take.",
      offsetof(ngx_thread_ws_counters_t, log_dropped) },

    { "thread_ws_trace_spans_total", "Spans that collectors took.",
      offsetof(ngx_thread_ws_counters_t, spans_sent) },

    { "thread_ws_trace_dropped_total", "Spans that were dropped.",
      offsetof(ngx_thread_ws_counters_t, spans_dropped) },

    { NULL, NULL, 0 }
};


static ngx_thread_ws_status_agent_t  ngx_thread_ws_status_of_agents[] = {

    { "gen_ai_server_time_to_first_token_seconds",
      "Time from a message to the first delta of its answer.",
      &ngx_thread_ws_buckets_first_token, NGX_THREAD_WS_STATUS_FIRST_TOKEN },

    { "gen_ai_client_operation_duration_seconds",
      "Time from a message to the end of its run.",
      &ngx_thread_ws_buckets_duration, NGX_THREAD_WS_STATUS_DURATION },

    { "gen_ai_client_token_usage",
      "Tokens of a run, as the agent told them.",
      &ngx_thread_ws_buckets_tokens, NGX_THREAD_WS_STATUS_USAGE },

    { NULL, NULL, NULL, 0 }
};


static ngx_str_t  ngx_thread_ws_status_no_labels = ngx_null_string;


char *
ngx_thread_ws_status_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;

    if (cf->args->nelts == 1) {
        return ngx_thread_ws_settings_handler(cf,
                                              ngx_thread_ws_status_handler);
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "public") != 0) {
        return "has an unknown parameter, it should be \"public\" or none";
    }

    return ngx_thread_ws_settings_handler(cf,
                                         ngx_thread_ws_status_public_handler);
}


static ngx_int_t
ngx_thread_ws_status_handler(ngx_http_request_t *r)
{
    if (!ngx_thread_ws_status_local(r->connection->sockaddr)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "thread_ws_status is for clients on this machine: "
                      "\"thread_ws_status public\" leaves that to the "
                      "location's access rules");

        return NGX_HTTP_FORBIDDEN;
    }

    return ngx_thread_ws_status_public_handler(r);
}


static ngx_uint_t
ngx_thread_ws_status_local(struct sockaddr *sockaddr)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    u_char               *p;
    struct sockaddr_in6  *sin6;
#endif

    switch (sockaddr->sa_family) {

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sockaddr;
        p = sin6->sin6_addr.s6_addr;

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            return p[12] == 127;
        }

        return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr);
#endif

#if (NGX_HAVE_UNIX_DOMAIN)
    case AF_UNIX:
        return 1;
#endif

    case AF_INET:
        sin = (struct sockaddr_in *) sockaddr;
        return (ntohl(sin->sin_addr.s_addr) >> 24) == 127;

    default:
        return 0;
    }
}


static ngx_int_t
ngx_thread_ws_status_public_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_str_t                    text;
    ngx_thread_ws_gauges_t       gauges;
    ngx_thread_ws_counters_t    *counters;
    ngx_thread_ws_exposition_t   ex;

    static ngx_str_t  type = ngx_string("text/plain; version=0.0.4");

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    /* a copy, so that what is measured is what is written */

    counters = ngx_palloc(r->pool, sizeof(ngx_thread_ws_counters_t));
    if (counters == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_thread_ws_metrics_read(counters, &gauges);

    ngx_memzero(&ex, sizeof(ngx_thread_ws_exposition_t));
    ngx_thread_ws_status_write(&ex, counters, &gauges);

    text.data = ngx_pnalloc(r->pool, ex.size);
    if (text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ex.pos = text.data;
    ngx_thread_ws_status_write(&ex, counters, &gauges);
    text.len = ex.pos - text.data;

    return ngx_thread_ws_response_text(r, &type, &text);
}


/* what the zone holds of runs, with thread_ws_resume */

static void
ngx_thread_ws_status_journals(ngx_thread_ws_exposition_t *ex)
{
    uint64_t                          values[5];
    ngx_uint_t                        i;
    ngx_thread_ws_registry_counts_t   counts;

    static struct {
        char                         *name;
        char                         *type;
        char                         *help;
    } journals[] = {

        { "thread_ws_kept_runs", "gauge",
          "Ended runs that can still be heard." },

        { "thread_ws_journal_bytes", "gauge",
          "Bytes of the zone that runs take for what they say." },

        { "thread_ws_journal_evictions_total", "counter",
          "Ended runs that went before their time for want of room." },

        { "thread_ws_journal_cuts_total", "counter",
          "Runs for which the zone had no room." },

        { "thread_ws_wakeups_total", "counter",
          "Times that one worker has woken another." }
    };

    ngx_thread_ws_registry_counts(&counts);

    values[0] = counts.ended;
    values[1] = counts.bytes;
    values[2] = counts.evicted;
    values[3] = counts.cut;
    values[4] = counts.wakes;

    for (i = 0; i < 5; i++) {
        ngx_thread_ws_exposition_family(ex, journals[i].name, journals[i].type,
                                        journals[i].help);
        ngx_thread_ws_exposition_sample(ex, journals[i].name,
                                        &ngx_thread_ws_status_no_labels,
                                        values[i]);
    }
}


static void
ngx_thread_ws_status_write(ngx_thread_ws_exposition_t *ex,
    ngx_thread_ws_counters_t *counters, ngx_thread_ws_gauges_t *gauges)
{
    ngx_str_t                        labels, *none;
    ngx_thread_ws_status_agent_t    *agent;
    ngx_thread_ws_status_counter_t  *counter;

    none = &ngx_thread_ws_status_no_labels;

    ngx_thread_ws_exposition_family(ex, "thread_ws_connections", "gauge",
                                    "Connections that are open.");
    ngx_thread_ws_exposition_sample(ex, "thread_ws_connections", none,
                                    gauges->connections);

    ngx_thread_ws_exposition_family(ex, "thread_ws_active_runs", "gauge",
                                    "Runs that are under way or waiting.");
    ngx_thread_ws_exposition_sample(ex, "thread_ws_active_runs", none,
                                    gauges->runs);

    ngx_thread_ws_status_journals(ex);

    for (counter = ngx_thread_ws_status_counters; counter->name; counter++) {
        ngx_thread_ws_exposition_family(ex, counter->name, "counter",
                                        counter->help);
        ngx_thread_ws_exposition_sample(ex, counter->name, none,
                *(ngx_atomic_t *) ((char *) counters + counter->offset));
    }

    ngx_thread_ws_exposition_family(ex, "thread_ws_bytes_total", "counter",
                                    "Bytes from and to clients.");
    ngx_str_set(&labels, "direction=\"in\"");
    ngx_thread_ws_exposition_sample(ex, "thread_ws_bytes_total", &labels,
                                    counters->bytes_in);
    ngx_str_set(&labels, "direction=\"out\"");
    ngx_thread_ws_exposition_sample(ex, "thread_ws_bytes_total", &labels,
                                    counters->bytes_out);

    ngx_thread_ws_exposition_family(ex, "thread_ws_connection_duration_seconds",
                                    "histogram",
                                    "How long connections were open.");
    ngx_thread_ws_status_histogram(ex, "thread_ws_connection_duration_seconds",
                                   none, &ngx_thread_ws_buckets_connection,
                                   &counters->connection_duration);

    ngx_thread_ws_exposition_family(ex, "thread_ws_runs_per_connection",
                                    "histogram",
                                    "Runs of connections that have ended.");
    ngx_thread_ws_status_histogram(ex, "thread_ws_runs_per_connection", none,
                                   &ngx_thread_ws_buckets_runs,
                                   &counters->connection_runs);

    ngx_thread_ws_status_runs(ex, counters);
    ngx_thread_ws_status_store(ex, counters);

    for (agent = ngx_thread_ws_status_of_agents; agent->name; agent++) {
        ngx_thread_ws_status_agents(ex, counters, agent);
    }
}


static void
ngx_thread_ws_status_runs(ngx_thread_ws_exposition_t *ex,
    ngx_thread_ws_counters_t *counters)
{
    u_char      buf[NGX_THREAD_WS_STATUS_LABELS];
    ngx_str_t   labels, *failed;
    ngx_uint_t  i;

    labels.data = buf;

    ngx_thread_ws_exposition_family(ex, "thread_ws_runs_total", "counter",
                                    "Runs that have ended.");

    for (i = NGX_THREAD_WS_COMPLETED; i <= NGX_THREAD_WS_DISCONNECTED; i++) {

        if (i == NGX_THREAD_WS_FAILED) {
            continue;
        }

        ngx_thread_ws_status_label(&labels, "outcome=\"%V\",code=\"\"",
                                   &ngx_thread_ws_outcomes[i]);
        ngx_thread_ws_exposition_sample(ex, "thread_ws_runs_total", &labels,
                                        counters->runs[i]);
    }

    failed = &ngx_thread_ws_outcomes[NGX_THREAD_WS_FAILED];

    for (i = NGX_THREAD_WS_OK + 1; i < NGX_THREAD_WS_NCODES; i++) {
        ngx_thread_ws_status_label(&labels, "outcome=\"%V\",code=\"%V\"",
                                   failed, &ngx_thread_ws_codes[i].name);
        ngx_thread_ws_exposition_sample(ex, "thread_ws_runs_total", &labels,
                                        counters->failed[i]);
    }

    ngx_thread_ws_exposition_family(ex, "thread_ws_rejected_total", "counter",
                                    "Commands that were refused.");

    for (i = NGX_THREAD_WS_OK + 1; i < NGX_THREAD_WS_NCODES; i++) {
        ngx_thread_ws_status_label(&labels, "code=\"%V\"",
                                   &ngx_thread_ws_codes[i].name);
        ngx_thread_ws_exposition_sample(ex, "thread_ws_rejected_total",
                                        &labels, counters->rejected[i]);
    }

    ngx_thread_ws_exposition_family(ex, "thread_ws_cancel_duration_seconds",
                                    "histogram",
                                    "Time from a cancel to the end of the run "
                                    "and of its upstream request.");
    ngx_thread_ws_status_histogram(ex, "thread_ws_cancel_duration_seconds",
                                   &ngx_thread_ws_status_no_labels,
                                   &ngx_thread_ws_buckets_cancel,
                                   &counters->cancel_duration);
}


static void
ngx_thread_ws_status_store(ngx_thread_ws_exposition_t *ex,
    ngx_thread_ws_counters_t *counters)
{
    u_char      buf[NGX_THREAD_WS_STATUS_LABELS];
    ngx_str_t   labels;
    ngx_uint_t  i;

    labels.data = buf;

    ngx_thread_ws_exposition_family(ex, "thread_ws_store_errors_total",
                                    "counter",
                                    "Operations of the store that failed.");

    for (i = 0; i < NGX_THREAD_WS_OPERATIONS; i++) {
        ngx_thread_ws_status_label(&labels, "operation=\"%V\"",
                                   &ngx_thread_ws_operations[i]);
        ngx_thread_ws_exposition_sample(ex, "thread_ws_store_errors_total",
                                        &labels, counters->store_errors[i]);
    }

    ngx_thread_ws_exposition_family(ex, "thread_ws_store_duration_seconds",
                                    "histogram",
                                    "Time that operations of the store took.");

    for (i = 0; i < NGX_THREAD_WS_OPERATIONS; i++) {
        ngx_thread_ws_status_label(&labels, "operation=\"%V\"",
                                   &ngx_thread_ws_operations[i]);
        ngx_thread_ws_status_histogram(ex, "thread_ws_store_duration_seconds",
                                       &labels, &ngx_thread_ws_buckets_store,
                                       &counters->store[i]);
    }
}


static void
ngx_thread_ws_status_agents(ngx_thread_ws_exposition_t *ex,
    ngx_thread_ws_counters_t *counters, ngx_thread_ws_status_agent_t *agent)
{
    u_char      buf[NGX_THREAD_WS_STATUS_LABELS];
    ngx_str_t   labels;
    ngx_uint_t  i;

    labels.data = buf;

    ngx_thread_ws_exposition_family(ex, agent->name, "histogram", agent->help);

    for (i = 0; ngx_thread_ws_dialects[i]
                && i < NGX_THREAD_WS_METRICS_DIALECTS; i++)
    {
        ngx_thread_ws_status_label(&labels, "gen_ai_operation_name=\"chat\","
                                            "gen_ai_provider_name=\"%V\"",
                                   &ngx_thread_ws_dialects[i]->name);

        ngx_thread_ws_status_agent(ex, agent, &labels, &counters->agents[i]);
    }
}


/* further labels, where the conventions have some */

static void
ngx_thread_ws_status_agent(ngx_thread_ws_exposition_t *ex,
    ngx_thread_ws_status_agent_t *agent, ngx_str_t *labels,
    ngx_thread_ws_agent_counters_t *counters)
{
    u_char      buf[NGX_THREAD_WS_STATUS_LABELS];
    ngx_str_t   more;
    ngx_uint_t  i;

    more.data = buf;

    switch (agent->type) {

    case NGX_THREAD_WS_STATUS_FIRST_TOKEN:
        ngx_thread_ws_status_histogram(ex, agent->name, labels, agent->buckets,
                                       &counters->first_token);
        break;

    case NGX_THREAD_WS_STATUS_USAGE:
        ngx_thread_ws_status_label(&more, "%V,gen_ai_token_type=\"input\"",
                                   labels);
        ngx_thread_ws_status_histogram(ex, agent->name, &more, agent->buckets,
                                       &counters->input_tokens);

        ngx_thread_ws_status_label(&more, "%V,gen_ai_token_type=\"output\"",
                                   labels);
        ngx_thread_ws_status_histogram(ex, agent->name, &more, agent->buckets,
                                       &counters->output_tokens);
        break;

    default: /* NGX_THREAD_WS_STATUS_DURATION */

        ngx_thread_ws_status_histogram(ex, agent->name, labels, agent->buckets,
                                  &counters->duration[NGX_THREAD_WS_COMPLETED]);

        for (i = NGX_THREAD_WS_CANCELLED; i <= NGX_THREAD_WS_DISCONNECTED;
             i++)
        {
            ngx_thread_ws_status_label(&more, "%V,error_type=\"%V\"", labels,
                                       &ngx_thread_ws_outcomes[i]);
            ngx_thread_ws_status_histogram(ex, agent->name, &more,
                                           agent->buckets,
                                           &counters->duration[i]);
        }

        break;
    }
}


static void
ngx_thread_ws_status_histogram(ngx_thread_ws_exposition_t *ex, char *name,
    ngx_str_t *labels, ngx_thread_ws_buckets_t *buckets,
    ngx_thread_ws_histogram_t *histogram)
{
    ngx_thread_ws_exposition_histogram(ex, name, labels, buckets,
                                       histogram->counts, histogram->sum);
}


/* labels->data has room for NGX_THREAD_WS_STATUS_LABELS bytes */

static void
ngx_thread_ws_status_label(ngx_str_t *labels, const char *fmt, ...)
{
    u_char   *last;
    va_list   args;

    va_start(args, fmt);
    last = ngx_vslprintf(labels->data,
                         labels->data + NGX_THREAD_WS_STATUS_LABELS, fmt,
                         args);
    va_end(args);

    labels->len = last - labels->data;
}
