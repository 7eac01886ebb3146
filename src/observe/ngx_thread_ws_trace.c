
/*
 * Spans of connections and runs: where they begin and what they tell.
 */


#include "ngx_thread_ws.h"
#include "observe/ngx_thread_ws_trace.h"
#include "base/ngx_thread_ws_directive.h"
#include "base/ngx_thread_ws_headers.h"
#include "base/ngx_thread_ws_random.h"
#include "base/ngx_thread_ws_string.h"
#include "observe/ngx_thread_ws_exporter.h"


/* a ratio is kept as that many parts; of 56 bits, as W3C's trace ids have */

#define NGX_THREAD_WS_TRACE_PARTS   1000000
#define NGX_THREAD_WS_TRACE_BITS    56

/* happenings of a span that are kept, the first ones */

#define NGX_THREAD_WS_TRACE_EVENTS  8


/* a location's */

struct ngx_thread_ws_trace_conf_s {
    ngx_thread_ws_exporter_t    *exporter;
    ngx_uint_t                   ratio;      /* of NGX_THREAD_WS_TRACE_PARTS */
};


typedef struct {
    char                        *name;
    uint64_t                     time;       /* ns since the epoch */
} ngx_thread_ws_trace_event_t;


/* A connection's or a run's, in its pool, and so are events, if it has any. */

struct ngx_thread_ws_span_s {
    ngx_thread_ws_otlp_span_t    otlp;
    ngx_pool_t                  *pool;
    ngx_array_t                 *events;     /* NULL: none yet */
};


static char *ngx_thread_ws_trace_option(ngx_conf_t *cf,
    ngx_thread_ws_trace_conf_t *trace, ngx_thread_ws_exporter_t *exporter,
    ngx_str_t *value);
static void ngx_thread_ws_trace_root(ngx_thread_ws_trace_conf_t *trace,
    ngx_http_request_t *r, ngx_thread_ws_span_t *span);
static ngx_int_t ngx_thread_ws_trace_header(ngx_http_request_t *r,
    ngx_thread_ws_trace_context_t *context);
static ngx_uint_t ngx_thread_ws_trace_sampled(u_char *trace_id,
    ngx_uint_t ratio);
static uint64_t ngx_thread_ws_trace_clock(void);
static void ngx_thread_ws_trace_conn_attributes(
    ngx_thread_ws_otlp_text_t *text, ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_totals_t *totals, ngx_uint_t close_code);
static void ngx_thread_ws_trace_run_attributes(
    ngx_thread_ws_otlp_text_t *text, ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_end_t *end);
static void ngx_thread_ws_trace_result(ngx_thread_ws_otlp_text_t *text,
    ngx_thread_ws_end_t *end);
static void ngx_thread_ws_trace_chat(ngx_thread_ws_otlp_text_t *text,
    ngx_thread_ws_otlp_span_t *otlp, ngx_str_t *model, char *error);
static void ngx_thread_ws_trace_export(ngx_thread_ws_trace_conf_t *trace,
    ngx_thread_ws_span_t *span, ngx_thread_ws_otlp_text_t *text);


char *
ngx_thread_ws_trace_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t  *tlcf = conf;

    char                        *rv;
    ngx_str_t                   *value;
    ngx_uint_t                   i;
    ngx_thread_ws_exporter_t    *exporter;
    ngx_thread_ws_main_conf_t   *tmcf;
    ngx_thread_ws_trace_conf_t  *trace;

    if (tlcf->trace != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        tlcf->trace = NULL;
        return cf->args->nelts == 2 ? NGX_CONF_OK
                                    : "takes nothing with \"off\"";
    }

    trace = ngx_pcalloc(cf->pool, sizeof(ngx_thread_ws_trace_conf_t));
    exporter = ngx_thread_ws_exporter_create(cf, &value[1]);

    if (trace == NULL || exporter == NULL) {
        return NGX_CONF_ERROR;
    }

    trace->ratio = NGX_CONF_UNSET_UINT;

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_thread_ws_trace_option(cf, trace, exporter, &value[i]);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    ngx_conf_init_uint_value(trace->ratio, NGX_THREAD_WS_TRACE_PARTS);

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_thread_ws_module);

    if (tmcf->exporters == NULL) {
        tmcf->exporters = ngx_array_create(cf->pool, 2,
                                       sizeof(ngx_thread_ws_exporter_t *));
        if (tmcf->exporters == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    trace->exporter = ngx_thread_ws_exporter_share(tmcf->exporters, exporter);

    tlcf->trace = trace;

    return trace->exporter ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* a header's value may be a key: no message names it */

static char *
ngx_thread_ws_trace_option(ngx_conf_t *cf, ngx_thread_ws_trace_conf_t *trace,
    ngx_thread_ws_exporter_t *exporter, ngx_str_t *value)
{
    ngx_int_t  ratio;

    if (ngx_thread_ws_string_begins(value, "header=")) {

        switch (ngx_thread_ws_exporter_header(cf, exporter,
                                              (char *) value->data + 7))
        {

        case NGX_OK:
            return NGX_CONF_OK;

        case NGX_DECLINED:
            return "has an invalid \"header\", it should be name:value";

        default:
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_thread_ws_string_begins(value, "ratio=")) {

        if (trace->ratio != NGX_CONF_UNSET_UINT) {
            return ngx_thread_ws_directive_twice(cf, value);
        }

        ratio = ngx_atofp(value->data + 6, value->len - 6, 6);

        if (ratio == NGX_ERROR || ratio > NGX_THREAD_WS_TRACE_PARTS) {
            return "has an invalid \"ratio\", it should be 0 to 1";
        }

        trace->ratio = ratio;

        return NGX_CONF_OK;
    }

    return "has an unknown parameter";
}


ngx_int_t
ngx_thread_ws_trace_postconfiguration(ngx_conf_t *cf)
{
    ngx_thread_ws_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_thread_ws_module);

    return ngx_thread_ws_exporters_lookup(cf, tmcf->exporters);
}


ngx_int_t
ngx_thread_ws_trace_init_process(ngx_cycle_t *cycle)
{
    ngx_thread_ws_main_conf_t  *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_thread_ws_module);

    if (tmcf == NULL || tmcf->exporters == NULL
        || ngx_process == NGX_PROCESS_HELPER)
    {
        return NGX_OK;
    }

    return ngx_thread_ws_exporters_init(cycle, tmcf->exporters);
}


void
ngx_thread_ws_trace_exit_process(ngx_cycle_t *cycle)
{
    ngx_thread_ws_main_conf_t  *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_thread_ws_module);

    if (tmcf && tmcf->exporters && ngx_process != NGX_PROCESS_HELPER) {
        ngx_thread_ws_exporters_exit(tmcf->exporters);
    }
}


void
ngx_thread_ws_trace_connected(ngx_thread_ws_subject_t *subject,
    ngx_http_request_t *r)
{
    ngx_thread_ws_span_t  *span;

    if (subject->trace == NULL) {
        return;
    }

    /* the access log asks for its ids after the connection's clean-up */

    span = ngx_pcalloc(r->connection->pool, sizeof(ngx_thread_ws_span_t));
    if (span == NULL) {
        return;
    }

    span->pool = r->connection->pool;

    ngx_thread_ws_trace_root(subject->trace, r, span);

    span->otlp.kind = NGX_THREAD_WS_SPAN_SERVER;
    span->otlp.start = ngx_thread_ws_trace_clock();

    subject->span = span;
}


/* who called says whether there is a trace; who was not called lets it be */

static void
ngx_thread_ws_trace_root(ngx_thread_ws_trace_conf_t *trace,
    ngx_http_request_t *r, ngx_thread_ws_span_t *span)
{
    ngx_thread_ws_otlp_span_t      *otlp;
    ngx_thread_ws_trace_context_t   parent;

    otlp = &span->otlp;

    ngx_thread_ws_random(otlp->context.span_id, 8);

    if (ngx_thread_ws_trace_header(r, &parent) == NGX_OK) {
        ngx_memcpy(otlp->context.trace_id, parent.trace_id, 16);
        ngx_memcpy(otlp->parent, parent.span_id, 8);

        otlp->context.sampled = parent.sampled;
        otlp->child = 1;
        otlp->remote = 1;

        return;
    }

    ngx_thread_ws_random(otlp->context.trace_id, 16);

    otlp->context.sampled = ngx_thread_ws_trace_sampled(otlp->context.trace_id,
                                                        trace->ratio);
}


/* several headers are none, Trace Context section 4.2 */

static ngx_int_t
ngx_thread_ws_trace_header(ngx_http_request_t *r,
    ngx_thread_ws_trace_context_t *context)
{
    ngx_uint_t        n;
    ngx_table_elt_t  *h;

    h = ngx_thread_ws_headers_find(&r->headers_in.headers, "traceparent", &n);

    return n == 1 ? ngx_thread_ws_otlp_parse(context, &h->value)
                  : NGX_DECLINED;
}


/* by the id, so that all who look at it alike decide alike */

static ngx_uint_t
ngx_thread_ws_trace_sampled(u_char *trace_id, ngx_uint_t ratio)
{
    uint64_t    value, limit;
    ngx_uint_t  i;

    value = 0;

    for (i = 9; i < 16; i++) {
        value = (value << 8) | trace_id[i];
    }

    limit = ((uint64_t) 1 << NGX_THREAD_WS_TRACE_BITS)
            / NGX_THREAD_WS_TRACE_PARTS * ratio;

    return ratio == NGX_THREAD_WS_TRACE_PARTS || value < limit;
}


static uint64_t
ngx_thread_ws_trace_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


void
ngx_thread_ws_trace_closed(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_totals_t *totals, ngx_uint_t close_code)
{
    ngx_str_t                   name;
    ngx_thread_ws_span_t       *span;
    ngx_thread_ws_otlp_text_t   text;

    span = subject->span;

    if (span == NULL || !span->otlp.context.sampled) {
        return;
    }

    ngx_str_set(&name, "thread_ws connection");
    ngx_memzero(&text, sizeof(ngx_thread_ws_otlp_text_t));

    ngx_thread_ws_otlp_begin(&text, &span->otlp, ngx_thread_ws_trace_clock(),
                             &name, NULL);
    ngx_thread_ws_trace_conn_attributes(&text, subject, totals, close_code);

    ngx_thread_ws_trace_export(subject->trace, span, &text);
}


static void
ngx_thread_ws_trace_conn_attributes(ngx_thread_ws_otlp_text_t *text,
    ngx_thread_ws_subject_t *subject, ngx_thread_ws_totals_t *totals,
    ngx_uint_t close_code)
{
    ngx_str_t  id;

    id.data = subject->connection_id;
    id.len = NGX_THREAD_WS_CONNECTION_ID_LEN;

    ngx_thread_ws_otlp_string(text, "thread_ws.connection.id", &id);
    ngx_thread_ws_otlp_string(text, "gen_ai.conversation.id",
                              &subject->thread_id);
    ngx_thread_ws_otlp_number(text, "thread_ws.close_code", close_code);
    ngx_thread_ws_otlp_number(text, "thread_ws.runs", totals->runs);
}


/* with what happened, in order; no memory for some of it: the span is lost */

static void
ngx_thread_ws_trace_export(ngx_thread_ws_trace_conf_t *trace,
    ngx_thread_ws_span_t *span, ngx_thread_ws_otlp_text_t *text)
{
    ngx_uint_t                    i;
    ngx_thread_ws_trace_event_t  *event;

    event = span->events ? span->events->elts : NULL;

    for (i = 0; event && i < span->events->nelts; i++) {
        ngx_thread_ws_otlp_event(text, event[i].name, event[i].time);
    }

    (void) ngx_thread_ws_otlp_end(text);

    ngx_thread_ws_exporter_add(trace->exporter, text->data, text->len);
}


void
ngx_thread_ws_trace_message(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_span_t *parent, ngx_pool_t *pool)
{
    ngx_thread_ws_span_t  *span;

    if (parent == NULL) {
        return;
    }

    span = ngx_pcalloc(pool, sizeof(ngx_thread_ws_span_t));
    if (span == NULL) {
        return;
    }

    span->pool = pool;
    span->otlp.context = parent->otlp.context;
    ngx_memcpy(span->otlp.parent, parent->otlp.context.span_id, 8);

    ngx_thread_ws_random(span->otlp.context.span_id, 8);

    span->otlp.child = 1;
    span->otlp.kind = NGX_THREAD_WS_SPAN_CLIENT;
    span->otlp.start = ngx_thread_ws_trace_clock();

    subject->span = span;
}


void
ngx_thread_ws_trace_event(ngx_thread_ws_subject_t *subject, char *name)
{
    ngx_thread_ws_span_t         *span;
    ngx_thread_ws_trace_event_t  *event;

    span = subject->span;

    if (span && span->events == NULL) {
        span->events = ngx_array_create(span->pool, NGX_THREAD_WS_TRACE_EVENTS,
                                        sizeof(ngx_thread_ws_trace_event_t));
    }

    if (span == NULL || span->events == NULL
        || span->events->nelts == NGX_THREAD_WS_TRACE_EVENTS)
    {
        return;
    }

    event = ngx_array_push(span->events);
    event->name = name;
    event->time = ngx_thread_ws_trace_clock();
}


void
ngx_thread_ws_trace_ended(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_end_t *end)
{
    char                       *error;
    ngx_thread_ws_span_t       *span;
    ngx_thread_ws_result_t     *result;
    ngx_thread_ws_otlp_text_t   text;

    span = subject->span;

    if (span == NULL || !span->otlp.context.sampled) {
        return;
    }

    result = end->result;
    error = (result->outcome == NGX_THREAD_WS_FAILED)
            ? (char *) ngx_thread_ws_codes[result->code].text.data : NULL;

    ngx_memzero(&text, sizeof(ngx_thread_ws_otlp_text_t));

    ngx_thread_ws_trace_chat(&text, &span->otlp, &end->model, error);
    ngx_thread_ws_trace_run_attributes(&text, subject, end);

    ngx_thread_ws_trace_export(subject->trace, span, &text);
}


/* the name says the model, where one is known and there is memory */

static void
ngx_thread_ws_trace_chat(ngx_thread_ws_otlp_text_t *text,
    ngx_thread_ws_otlp_span_t *otlp, ngx_str_t *model, char *error)
{
    u_char     *p;
    ngx_str_t   name;

    ngx_str_set(&name, "chat");

    p = model->len ? ngx_alloc(model->len + sizeof("chat "), ngx_cycle->log)
                   : NULL;
    if (p) {
        name.data = p;
        name.len = ngx_sprintf(p, "chat %V", model) - p;
    }

    ngx_thread_ws_otlp_begin(text, otlp, ngx_thread_ws_trace_clock(), &name,
                             error);

    if (p) {
        ngx_free(p);
    }
}


static void
ngx_thread_ws_trace_run_attributes(ngx_thread_ws_otlp_text_t *text,
    ngx_thread_ws_subject_t *subject, ngx_thread_ws_end_t *end)
{
    ngx_str_t  id, operation;

    id.data = subject->connection_id;
    id.len = NGX_THREAD_WS_CONNECTION_ID_LEN;
    ngx_str_set(&operation, "chat");

    ngx_thread_ws_otlp_string(text, "gen_ai.operation.name", &operation);
    ngx_thread_ws_otlp_string(text, "gen_ai.provider.name",
                              &subject->dialect->name);
    ngx_thread_ws_otlp_string(text, "gen_ai.conversation.id",
                              &subject->thread_id);
    ngx_thread_ws_otlp_string(text, "thread_ws.connection.id", &id);
    ngx_thread_ws_otlp_string(text, "thread_ws.request.id",
                              &subject->request_id);
    ngx_thread_ws_otlp_string(text, "thread_ws.outcome",
                              &ngx_thread_ws_outcomes[end->result->outcome]);

    ngx_thread_ws_trace_result(text, end);
}


/* what is not always known */

static void
ngx_thread_ws_trace_result(ngx_thread_ws_otlp_text_t *text,
    ngx_thread_ws_end_t *end)
{
    ngx_thread_ws_result_t  *result;

    result = end->result;

    if (end->model.len) {
        ngx_thread_ws_otlp_string(text, "gen_ai.request.model", &end->model);
    }

    if (result->input_tokens >= 0) {
        ngx_thread_ws_otlp_number(text, "gen_ai.usage.input_tokens",
                                  result->input_tokens);
    }

    if (result->output_tokens >= 0) {
        ngx_thread_ws_otlp_number(text, "gen_ai.usage.output_tokens",
                                  result->output_tokens);
    }

    if (end->finish_reason.len) {
        ngx_thread_ws_otlp_list(text, "gen_ai.response.finish_reasons",
                                &end->finish_reason);
    }

    if (end->status) {
        ngx_thread_ws_otlp_number(text, "http.response.status_code",
                                  end->status);
    }

    if (result->outcome == NGX_THREAD_WS_FAILED) {
        ngx_thread_ws_otlp_string(text, "error.type",
                                  &ngx_thread_ws_codes[result->code].name);
    }
}


ngx_int_t
ngx_thread_ws_trace_parent(ngx_thread_ws_subject_t *subject, u_char *dst)
{
    ngx_thread_ws_span_t  *span;

    span = subject->span;

    if (span == NULL) {
        return NGX_DECLINED;
    }

    (void) ngx_thread_ws_otlp_parent(dst, &span->otlp.context);

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_trace_id(ngx_thread_ws_subject_t *subject, u_char *dst)
{
    ngx_thread_ws_span_t  *span;

    span = subject->span;

    if (span == NULL || !span->otlp.context.sampled) {
        return NGX_DECLINED;
    }

    (void) ngx_hex_dump(dst, span->otlp.context.trace_id, 16);

    return NGX_OK;
}
