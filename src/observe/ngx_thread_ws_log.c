
#include "observe/ngx_thread_ws_log.h"
#include "observe/ngx_thread_ws_lines.h"
#include "conf/ngx_thread_ws_settings.h"
#include "observe/ngx_thread_ws_trace.h"


/* the longest text that others choose; escaped, two of them fit a line */

#define NGX_THREAD_WS_LOG_TEXT  256


static u_char *ngx_thread_ws_log_begin(ngx_thread_ws_lines_t *log, char *event);
static void ngx_thread_ws_log_end(ngx_thread_ws_lines_t *log, u_char *p);
static u_char *ngx_thread_ws_log_conn(ngx_thread_ws_conn_t *conn, char *event);
static u_char *ngx_thread_ws_log_run(ngx_thread_ws_run_t *run, char *event);
static u_char *ngx_thread_ws_log_ids(u_char *p, u_char *conn_id,
    ngx_str_t *request_id, ngx_str_t *thread_id, ngx_str_t *owner, void *span);
static u_char *ngx_thread_ws_log_text(u_char *p, char *name, ngx_str_t *text);
static ngx_array_t *ngx_thread_ws_logs(void);


char *
ngx_thread_ws_log_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t  *tlcf = conf;

    ngx_str_t                  *value;
    ngx_thread_ws_main_conf_t  *tmcf;

    if (tlcf->log != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        tlcf->log = NULL;
        return NGX_CONF_OK;
    }

    if (value[1].len == 0 || ngx_strcmp(value[1].data, "on") == 0
        || ngx_strncmp(value[1].data, "syslog:", 7) == 0)
    {
        return ngx_thread_ws_settings_refuse(cf, "takes a path or \"off\", not "
                                             "\"%V\"", &value[1]);
    }

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_thread_ws_module);

    if (tmcf->log == NULL) {
        tmcf->log = ngx_array_create(cf->pool, 4,
                                     sizeof(ngx_thread_ws_lines_t *));
        if (tmcf->log == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    tlcf->log = ngx_thread_ws_lines_create(cf, tmcf->log, &value[1]);

    return tlcf->log ? NGX_CONF_OK : NGX_CONF_ERROR;
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

    return tmcf ? tmcf->log : NULL;
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
ngx_thread_ws_log_conn(ngx_thread_ws_conn_t *conn, char *event)
{
    u_char  *p;

    p = ngx_thread_ws_log_begin(conn->conf->log, event);
    if (p == NULL) {
        return NULL;
    }

    return ngx_thread_ws_log_ids(p, conn->id, NULL, &conn->thread_id,
                                 &conn->owner, conn->span);
}


static u_char *
ngx_thread_ws_log_run(ngx_thread_ws_run_t *run, char *event)
{
    u_char  *p;

    p = ngx_thread_ws_log_begin(run->conf->log, event);
    if (p == NULL) {
        return NULL;
    }

    return ngx_thread_ws_log_ids(p, run->conn_id, &run->request_id,
                                 &run->thread_id, &run->owner, run->span);
}


static u_char *
ngx_thread_ws_log_ids(u_char *p, u_char *conn_id, ngx_str_t *request_id,
    ngx_str_t *thread_id, ngx_str_t *owner, void *span)
{
    u_char  id[NGX_THREAD_WS_TRACE_ID_LEN];

    p = ngx_sprintf(p, ",\"connectionId\":\"%*s\"",
                    (size_t) NGX_THREAD_WS_CONNECTION_ID_LEN, conn_id);

    if (request_id && request_id->len) {
        p = ngx_thread_ws_log_text(p, "requestId", request_id);
    }

    p = ngx_thread_ws_log_text(p, "threadId", thread_id);

    if (owner->len) {
        p = ngx_thread_ws_log_text(p, "user", owner);
    }

    if (ngx_thread_ws_trace_id(span, id) == NGX_OK) {
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

    ngx_memcpy(copy, text->data, len);

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


void
ngx_thread_ws_log_connected(ngx_thread_ws_conn_t *conn)
{
    u_char  *p;

    p = ngx_thread_ws_log_conn(conn, "connected");

    if (p) {
        p = ngx_thread_ws_log_text(p, "client", &conn->connection->addr_text);
        ngx_thread_ws_log_end(conn->conf->log, p);
    }
}


void
ngx_thread_ws_log_reconnected(ngx_thread_ws_conn_t *conn, ngx_msec_t away)
{
    u_char  *p;

    p = ngx_thread_ws_log_conn(conn, "reconnected");

    if (p) {
        p = ngx_sprintf(p, ",\"awayMs\":%M", away);
        ngx_thread_ws_log_end(conn->conf->log, p);
    }
}


void
ngx_thread_ws_log_closed(ngx_thread_ws_conn_t *conn)
{
    u_char  *p;

    p = ngx_thread_ws_log_conn(conn, "closed");

    if (p) {
        p = ngx_sprintf(p, ",\"closeCode\":%ui,\"durationMs\":%M,\"runs\":%ui"
                           ",\"messages\":%ui,\"tokens\":%uL"
                           ",\"inputTokens\":%uL,\"outputTokens\":%uL"
                           ",\"bytesIn\":%uL,\"bytesOut\":%uL",
                        conn->close_code, ngx_current_msec - conn->opened,
                        conn->runs, conn->messages, conn->tokens,
                        conn->input_tokens, conn->output_tokens,
                        conn->bytes_in, conn->bytes_out);

        ngx_thread_ws_log_end(conn->conf->log, p);
    }
}


void
ngx_thread_ws_log_message(ngx_thread_ws_run_t *run)
{
    u_char  *p;

    p = ngx_thread_ws_log_run(run, "message");

    if (p) {
        p = ngx_sprintf(p, ",\"bytes\":%uz", run->content.len);
        ngx_thread_ws_log_end(run->conf->log, p);
    }
}


void
ngx_thread_ws_log_queued(ngx_thread_ws_run_t *run)
{
    u_char  *p;

    p = ngx_thread_ws_log_run(run, "queued");

    if (p) {
        p = ngx_sprintf(p, ",\"waiting\":%ui", run->conn->nwaiting);
        ngx_thread_ws_log_end(run->conf->log, p);
    }
}


void
ngx_thread_ws_log_rejected(ngx_thread_ws_conn_t *conn, ngx_str_t *request_id,
    ngx_uint_t code)
{
    u_char  *p;

    p = ngx_thread_ws_log_conn(conn, "rejected");

    if (p) {
        if (request_id->len) {
            p = ngx_thread_ws_log_text(p, "requestId", request_id);
        }

        p = ngx_sprintf(p, ",\"code\":\"%V\"",
                        &ngx_thread_ws_codes[code].name);

        ngx_thread_ws_log_end(conn->conf->log, p);
    }
}


void
ngx_thread_ws_log_first_token(ngx_thread_ws_run_t *run)
{
    u_char  *p;

    p = ngx_thread_ws_log_run(run, "first_token");

    if (p) {
        p = ngx_sprintf(p, ",\"firstTokenMs\":%M", run->result.first_token);
        ngx_thread_ws_log_end(run->conf->log, p);
    }
}


void
ngx_thread_ws_log_ended(ngx_thread_ws_run_t *run, uint64_t cancel)
{
    u_char                  *p;
    ngx_thread_ws_code_t    *code;
    ngx_thread_ws_result_t  *result;

    result = &run->result;

    p = ngx_thread_ws_log_run(run,
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

    if (run->status) {
        p = ngx_sprintf(p, ",\"status\":%ui", run->status);
    }

    if (run->reply.finish_reason.len) {
        p = ngx_thread_ws_log_text(p, "finishReason",
                                   &run->reply.finish_reason);
    }

    if (run->replayed) {
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

    ngx_thread_ws_log_end(run->conf->log, p);
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
