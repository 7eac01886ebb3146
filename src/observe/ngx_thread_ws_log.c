
/*
 * The event log: what each happening looks like as a line.
 */


#include "ngx_thread_ws.h"
#include "observe/ngx_thread_ws_log.h"
#include "base/ngx_thread_ws_directive.h"
#include "base/ngx_thread_ws_string.h"
#include "observe/ngx_thread_ws_trace.h"
#include "ws/ngx_thread_ws_utf8.h"
#include "json/ngx_thread_ws_json.h"


/* the longest text that others choose; escaped, two of them fit a line */

#define NGX_THREAD_WS_LOG_TEXT  256


/* and for an object that they choose */

#define NGX_THREAD_WS_LOG_OBJECT  768


static u_char *ngx_thread_ws_log_begin(ngx_thread_ws_lines_t *log, char *event);
static void ngx_thread_ws_log_end(ngx_thread_ws_lines_t *log, u_char *p);
static u_char *ngx_thread_ws_log_subject(ngx_thread_ws_subject_t *subject,
    char *event);
static u_char *ngx_thread_ws_log_text(u_char *p, char *name, ngx_str_t *text);
static u_char *ngx_thread_ws_log_object(u_char *p, char *name, json_t *object);
static ngx_array_t *ngx_thread_ws_logs(void);


char *
ngx_thread_ws_log_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t  *tlcf = conf;

    ngx_str_t                  *value;
    ngx_thread_ws_main_conf_t  *tmcf;

    if (tlcf->event_log != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        tlcf->event_log = NULL;
        return NGX_CONF_OK;
    }

    if (value[1].len == 0 || ngx_strcmp(value[1].data, "on") == 0
        || ngx_thread_ws_string_begins(&value[1], "syslog:"))
    {
        return ngx_thread_ws_directive_refuse(cf, "takes a path or \"off\", "
                                              "not \"%V\"", &value[1]);
    }

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_thread_ws_module);

    if (tmcf->event_logs == NULL) {
        tmcf->event_logs = ngx_array_create(cf->pool, 4,
                                            sizeof(ngx_thread_ws_lines_t *));
        if (tmcf->event_logs == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    tlcf->event_log = ngx_thread_ws_lines_create(cf, tmcf->event_logs,
                                                 &value[1]);

    return tlcf->event_log ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_int_t
ngx_thread_ws_log_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t               i;
    ngx_array_t             *logs;
    ngx_thread_ws_lines_t  **lines;

    logs = ngx_thread_ws_logs();

    if (logs) {
        lines = logs->elts;

        for (i = 0; i < logs->nelts; i++) {
            ngx_thread_ws_lines_init(lines[i], cycle->log);
        }
    }

    return NGX_OK;
}


void
ngx_thread_ws_log_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t               i;
    ngx_array_t             *logs;
    ngx_thread_ws_lines_t  **lines;

    logs = ngx_thread_ws_logs();

    if (logs) {
        lines = logs->elts;

        for (i = 0; i < logs->nelts; i++) {
            ngx_thread_ws_lines_exit(lines[i]);
        }
    }
}


static ngx_array_t *
ngx_thread_ws_logs(void)
{
    ngx_thread_ws_main_conf_t  *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_thread_ws_module);

    return tmcf ? tmcf->event_logs : NULL;
}


/* NULL: the log is off, or has no room */

static u_char *
ngx_thread_ws_log_begin(ngx_thread_ws_lines_t *log, char *event)
{
    u_char      *p;
    ngx_tm_t     tm;
    ngx_time_t  *tp;

    p = log ? ngx_thread_ws_lines_begin(log) : NULL;

    if (p == NULL) {
        return NULL;
    }

    tp = ngx_timeofday();
    ngx_gmtime(tp->sec, &tm);

    return ngx_sprintf(p, "{\"time\":\"%4d-%02d-%02dT%02d:%02d:%02d.%03MZ\""
                          ",\"event\":\"%s\"",
                       tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                       tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                       tp->msec, event);
}


static void
ngx_thread_ws_log_end(ngx_thread_ws_lines_t *log, u_char *p)
{
    *p++ = '}';

    ngx_thread_ws_lines_end(log, p);
}


static u_char *
ngx_thread_ws_log_subject(ngx_thread_ws_subject_t *subject, char *event)
{
    u_char  *p, id[NGX_THREAD_WS_TRACE_ID_LEN];

    p = ngx_thread_ws_log_begin(subject->event_log, event);
    if (p == NULL) {
        return NULL;
    }

    p = ngx_sprintf(p, ",\"connectionId\":\"%*s\"",
                    (size_t) NGX_THREAD_WS_CONNECTION_ID_LEN,
                    subject->connection_id);

    if (subject->request_id.len) {
        p = ngx_thread_ws_log_text(p, "requestId", &subject->request_id);
    }

    p = ngx_thread_ws_log_text(p, "threadId", &subject->thread_id);

    if (subject->owner.len) {
        p = ngx_thread_ws_log_text(p, "user", &subject->owner);
    }

    if (ngx_thread_ws_trace_id(subject, id) == NGX_OK) {
        p = ngx_sprintf(p, ",\"traceId\":\"%*s\"", sizeof(id), id);
    }

    return p;
}


/* a text too long is cut; one that is no UTF-8 loses what is no ASCII */

static u_char *
ngx_thread_ws_log_text(u_char *p, char *name, ngx_str_t *text)
{
    size_t    i, len;
    u_char    copy[NGX_THREAD_WS_LOG_TEXT];
    uint32_t  state;

    len = ngx_min(text->len, NGX_THREAD_WS_LOG_TEXT);

    if (len < text->len) {
        while (len && (text->data[len] & 0xc0) == 0x80) {
            len--;
        }
    }

    if (len) {
        ngx_memcpy(copy, text->data, len);
    }

    state = NGX_THREAD_WS_UTF8_COMPLETE;

    if (ngx_thread_ws_utf8_check(&state, copy, len) != NGX_OK
        || state != NGX_THREAD_WS_UTF8_COMPLETE)
    {
        for (i = 0; i < len; i++) {
            if (copy[i] & 0x80) {
                copy[i] = '?';
            }
        }
    }

    p = ngx_sprintf(p, ",\"%s\":\"", name);
    p = ngx_thread_ws_json_escape(p, copy, len);
    *p++ = '"';

    return p;
}


/* an object, without the members for which there is no room */

static u_char *
ngx_thread_ws_log_object(u_char *p, char *name, json_t *object)
{
    char        *text;
    size_t       len;
    json_t      *shown, *value;
    const char  *key;

    text = NULL;
    shown = json_object();
    len = 0;

    json_object_foreach(object, key, value) {
        len += json_dumpb(value, NULL, 0, JSON_COMPACT|JSON_ENCODE_ANY)
               + 6 * ngx_strlen(key) + sizeof("\"\":,") - 1;

        if (len > NGX_THREAD_WS_LOG_OBJECT
            || json_object_set(shown, key, value))
        {
            break;
        }
    }

    text = json_dumps(shown, JSON_COMPACT);

    if (text) {
        p = ngx_sprintf(p, ",\"%s\":%s", name, text);
    }

    free(text);
    json_decref(shown);

    return p;
}


void
ngx_thread_ws_log_connected(ngx_thread_ws_subject_t *subject,
    ngx_str_t *client)
{
    u_char  *p;

    p = ngx_thread_ws_log_subject(subject, "connected");

    if (p) {
        p = ngx_thread_ws_log_text(p, "client", client);
        ngx_thread_ws_log_end(subject->event_log, p);
    }
}


void
ngx_thread_ws_log_reconnected(ngx_thread_ws_subject_t *subject,
    ngx_msec_t away)
{
    u_char  *p;

    p = ngx_thread_ws_log_subject(subject, "reconnected");

    if (p) {
        p = ngx_sprintf(p, ",\"awayMs\":%M", away);
        ngx_thread_ws_log_end(subject->event_log, p);
    }
}


void
ngx_thread_ws_log_closed(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_totals_t *totals, ngx_uint_t close_code)
{
    u_char  *p;

    p = ngx_thread_ws_log_subject(subject, "closed");

    if (p) {
        p = ngx_sprintf(p, ",\"closeCode\":%ui,\"durationMs\":%M,\"runs\":%ui"
                           ",\"messages\":%ui,\"tokens\":%uL"
                           ",\"inputTokens\":%uL,\"outputTokens\":%uL"
                           ",\"bytesIn\":%uL,\"bytesOut\":%uL",
                        close_code, ngx_current_msec - totals->opened,
                        totals->runs, totals->messages, totals->tokens,
                        totals->input_tokens, totals->output_tokens,
                        totals->bytes_in, totals->bytes_out);

        ngx_thread_ws_log_end(subject->event_log, p);
    }
}


void
ngx_thread_ws_log_message(ngx_thread_ws_subject_t *subject, size_t bytes,
    ngx_thread_ws_choice_t *choice)
{
    u_char  *p;

    p = ngx_thread_ws_log_subject(subject, "message");

    if (p) {
        p = ngx_sprintf(p, ",\"bytes\":%uz", bytes);

        if (choice && choice->parameters) {
            p = ngx_thread_ws_log_object(p, "parameters", choice->parameters);
        }

        if (choice && choice->metadata) {
            p = ngx_thread_ws_log_object(p, "metadata", choice->metadata);
        }

        ngx_thread_ws_log_end(subject->event_log, p);
    }
}


void
ngx_thread_ws_log_queued(ngx_thread_ws_subject_t *subject,
    ngx_uint_t waiting)
{
    u_char  *p;

    p = ngx_thread_ws_log_subject(subject, "queued");

    if (p) {
        p = ngx_sprintf(p, ",\"waiting\":%ui", waiting);
        ngx_thread_ws_log_end(subject->event_log, p);
    }
}


void
ngx_thread_ws_log_followed(ngx_thread_ws_subject_t *subject,
    ngx_str_t *request_id)
{
    u_char  *p;

    p = ngx_thread_ws_log_subject(subject, "followed");

    if (p) {
        if (request_id->len) {
            p = ngx_thread_ws_log_text(p, "requestId", request_id);
        }

        ngx_thread_ws_log_end(subject->event_log, p);
    }
}


void
ngx_thread_ws_log_happened(ngx_thread_ws_subject_t *subject, char *event)
{
    u_char  *p;

    p = ngx_thread_ws_log_subject(subject, event);

    if (p) {
        ngx_thread_ws_log_end(subject->event_log, p);
    }
}


void
ngx_thread_ws_log_rejected(ngx_thread_ws_subject_t *subject,
    ngx_str_t *request_id, ngx_uint_t code)
{
    u_char  *p;

    p = ngx_thread_ws_log_subject(subject, "rejected");

    if (p) {
        if (request_id->len) {
            p = ngx_thread_ws_log_text(p, "requestId", request_id);
        }

        p = ngx_sprintf(p, ",\"code\":\"%V\"",
                        &ngx_thread_ws_codes[code].name);

        ngx_thread_ws_log_end(subject->event_log, p);
    }
}


void
ngx_thread_ws_log_first_token(ngx_thread_ws_subject_t *subject,
    ngx_msec_t first_token)
{
    u_char  *p;

    p = ngx_thread_ws_log_subject(subject, "first_token");

    if (p) {
        p = ngx_sprintf(p, ",\"firstTokenMs\":%M", first_token);
        ngx_thread_ws_log_end(subject->event_log, p);
    }
}


void
ngx_thread_ws_log_ended(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_end_t *end, uint64_t cancel)
{
    u_char                  *p;
    ngx_thread_ws_code_t    *code;
    ngx_thread_ws_result_t  *result;

    result = end->result;

    p = ngx_thread_ws_log_subject(subject,
                     (char *) ngx_thread_ws_outcomes[result->outcome].data);
    if (p == NULL) {
        return;
    }

    p = ngx_sprintf(p, ",\"latencyMs\":%M,\"tokens\":%ui",
                    result->latency, result->tokens);

    if (result->first_token != (ngx_msec_t) -1) {
        p = ngx_sprintf(p, ",\"firstTokenMs\":%M", result->first_token);
    }

    if (result->input_tokens >= 0) {
        p = ngx_sprintf(p, ",\"inputTokens\":%i", result->input_tokens);
    }

    if (result->output_tokens >= 0) {
        p = ngx_sprintf(p, ",\"outputTokens\":%i", result->output_tokens);
    }

    if (end->status) {
        p = ngx_sprintf(p, ",\"status\":%ui", end->status);
    }

    if (end->finish_reason.len) {
        p = ngx_thread_ws_log_text(p, "finishReason", &end->finish_reason);
    }

    if (end->replayed) {
        p = ngx_cpymem(p, ",\"replayed\":true",
                       sizeof(",\"replayed\":true") - 1);
    }

    if (cancel) {
        p = ngx_sprintf(p, ",\"cancelMs\":%uL.%03uL",
                        cancel / 1000, cancel % 1000);
    }

    if (result->outcome == NGX_THREAD_WS_FAILED) {
        code = &ngx_thread_ws_codes[result->code];

        p = ngx_sprintf(p, ",\"code\":\"%V\",\"retryable\":%s", &code->name,
                        code->retryable ? "true" : "false");
    }

    ngx_thread_ws_log_end(subject->event_log, p);
}


void
ngx_thread_ws_log_evicted(ngx_str_t *thread_id, ngx_uint_t runs)
{
    u_char                  *p;
    ngx_uint_t               i;
    ngx_array_t             *logs;
    ngx_thread_ws_lines_t  **log;

    logs = ngx_thread_ws_logs();

    if (logs == NULL) {
        return;
    }

    log = logs->elts;

    for (i = 0; i < logs->nelts; i++) {
        p = ngx_thread_ws_log_begin(log[i], "thread_evicted");

        if (p) {
            p = ngx_thread_ws_log_text(p, "threadId", thread_id);
            p = ngx_sprintf(p, ",\"runs\":%ui", runs);
            ngx_thread_ws_log_end(log[i], p);
        }
    }
}
