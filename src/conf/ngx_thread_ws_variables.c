
/*
 * Variables of connections and runs: $thread_ws_connection_id and the others.
 */


#include "ngx_thread_ws.h"
#include "observe/ngx_thread_ws_trace.h"
#include "conn/ngx_thread_ws_conn.h"
#include "conn/ngx_thread_ws_upgrade.h"
#include "conf/ngx_thread_ws_variables.h"
#include "base/ngx_thread_ws_uuid.h"
#include "run/ngx_thread_ws_run.h"
#include "thread/ngx_thread_ws_thread.h"
#include "wire/ngx_thread_ws_command.h"
#include "conn/ngx_thread_ws_identity.h"


typedef enum {
    NGX_THREAD_WS_VAR_CONNECTION_ID = 0,
    NGX_THREAD_WS_VAR_THREAD_ID,
    NGX_THREAD_WS_VAR_AGENT_THREAD_ID,
    NGX_THREAD_WS_VAR_USER,
    NGX_THREAD_WS_VAR_REQUEST_ID,
    NGX_THREAD_WS_VAR_OUTCOME,
    NGX_THREAD_WS_VAR_ERROR,
    NGX_THREAD_WS_VAR_FIRST_TOKEN_TIME,
    NGX_THREAD_WS_VAR_TOKENS,
    NGX_THREAD_WS_VAR_INPUT_TOKENS,
    NGX_THREAD_WS_VAR_OUTPUT_TOKENS,
    NGX_THREAD_WS_VAR_RUNS,
    NGX_THREAD_WS_VAR_CLOSE_CODE,
    NGX_THREAD_WS_VAR_TRACE_ID,
    NGX_THREAD_WS_VAR_TRACEPARENT
} ngx_thread_ws_variable_e;


/* Whose variable it is: in an agent's request a run's, else a connection's. */

typedef struct {
    ngx_thread_ws_run_t       *run;
    ngx_thread_ws_conn_t      *conn;
    ngx_thread_ws_loc_conf_t  *conf;
    ngx_str_t                  conn_id;      /* empty before the upgrade */
    ngx_str_t                  thread_id;
    ngx_str_t                  owner;
    unsigned                   stranger:1;   /* the owner is not known (yet) */
} ngx_thread_ws_whose_t;


static ngx_int_t ngx_thread_ws_variable_whose(ngx_http_request_t *r,
    ngx_thread_ws_whose_t *whose);
static ngx_int_t ngx_thread_ws_variable_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_thread_ws_variable_agent_thread_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_thread_ws_whose_t *whose);
static ngx_int_t ngx_thread_ws_variable_result(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_uint_t ngx_thread_ws_variable_run_outcome(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_variable_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static int64_t ngx_thread_ws_variable_run_number(ngx_thread_ws_run_t *run,
    uintptr_t data);
static int64_t ngx_thread_ws_variable_conn_number(ngx_thread_ws_conn_t *conn,
    uintptr_t data);
static ngx_int_t ngx_thread_ws_variable_trace(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


static ngx_http_variable_t  ngx_thread_ws_variables[] = {

    { ngx_string("thread_ws_connection_id"), NULL, ngx_thread_ws_variable_id,
      NGX_THREAD_WS_VAR_CONNECTION_ID, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_thread_id"), NULL, ngx_thread_ws_variable_id,
      NGX_THREAD_WS_VAR_THREAD_ID, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_agent_thread_id"), NULL, ngx_thread_ws_variable_id,
      NGX_THREAD_WS_VAR_AGENT_THREAD_ID, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_user"), NULL, ngx_thread_ws_variable_id,
      NGX_THREAD_WS_VAR_USER, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_request_id"), NULL, ngx_thread_ws_variable_id,
      NGX_THREAD_WS_VAR_REQUEST_ID, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_outcome"), NULL, ngx_thread_ws_variable_result,
      NGX_THREAD_WS_VAR_OUTCOME, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_error"), NULL, ngx_thread_ws_variable_result,
      NGX_THREAD_WS_VAR_ERROR, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_first_token_time"), NULL,
      ngx_thread_ws_variable_number,
      NGX_THREAD_WS_VAR_FIRST_TOKEN_TIME, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_tokens"), NULL, ngx_thread_ws_variable_number,
      NGX_THREAD_WS_VAR_TOKENS, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_input_tokens"), NULL,
      ngx_thread_ws_variable_number,
      NGX_THREAD_WS_VAR_INPUT_TOKENS, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_output_tokens"), NULL,
      ngx_thread_ws_variable_number,
      NGX_THREAD_WS_VAR_OUTPUT_TOKENS, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_runs"), NULL, ngx_thread_ws_variable_number,
      NGX_THREAD_WS_VAR_RUNS, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_close_code"), NULL, ngx_thread_ws_variable_number,
      NGX_THREAD_WS_VAR_CLOSE_CODE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_trace_id"), NULL, ngx_thread_ws_variable_trace,
      NGX_THREAD_WS_VAR_TRACE_ID, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("thread_ws_traceparent"), NULL, ngx_thread_ws_variable_trace,
      NGX_THREAD_WS_VAR_TRACEPARENT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_thread_ws_variables_add(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_thread_ws_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return ngx_thread_ws_variables_add_upgrade(cf);
}


/*
 * The agent's request comes first: it has a main request of its own.  Limits
 * and subrequests look at the endpoint's variables before there is a
 * connection, perhaps before it is known whose it will be: the ids are then
 * taken as the upgrade will take them.
 */

static ngx_int_t
ngx_thread_ws_variable_whose(ngx_http_request_t *r,
    ngx_thread_ws_whose_t *whose)
{
    ngx_int_t              rc;
    ngx_thread_ws_run_t   *run;
    ngx_thread_ws_conn_t  *conn;

    ngx_memzero(whose, sizeof(ngx_thread_ws_whose_t));

    run = ngx_thread_ws_run_of(r);

    if (run) {
        whose->run = run;
        whose->conf = run->conf;
        whose->conn_id.data = run->subject.connection_id;
        whose->conn_id.len = NGX_THREAD_WS_CONNECTION_ID_LEN;
        whose->thread_id = run->subject.thread_id;
        whose->owner = run->subject.owner;

        return NGX_OK;
    }

    conn = ngx_http_get_module_ctx(r->main, ngx_thread_ws_module);

    if (conn) {
        whose->conn = conn;
        whose->conf = conn->conf;
        whose->conn_id.data = conn->subject.connection_id;
        whose->conn_id.len = NGX_THREAD_WS_CONNECTION_ID_LEN;
        whose->thread_id = conn->subject.thread_id;
        whose->owner = conn->subject.owner;

        return NGX_OK;
    }

    whose->conf = ngx_http_get_module_loc_conf(r->main, ngx_thread_ws_module);

    if (whose->conf->pass == NULL) {
        return NGX_DECLINED;
    }

    rc = ngx_thread_ws_identity_owner(r->main, whose->conf, &whose->owner);

    if (rc == NGX_HTTP_FORBIDDEN) {
        whose->stranger = 1;

    } else if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_thread_ws_identity_thread(r->main, whose->conf,
                                         &whose->thread_id);

    return (rc == NGX_HTTP_INTERNAL_SERVER_ERROR) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_thread_ws_variable_id(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_str_t              value;
    ngx_int_t              rc;
    ngx_thread_ws_run_t   *run;
    ngx_thread_ws_whose_t  whose;

    rc = ngx_thread_ws_variable_whose(r, &whose);

    if (rc != NGX_OK) {
        v->not_found = 1;
        return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    ngx_str_null(&value);

    switch (data) {

    case NGX_THREAD_WS_VAR_CONNECTION_ID:
        value = whose.conn_id;
        break;

    case NGX_THREAD_WS_VAR_THREAD_ID:
        if (ngx_thread_ws_thread_id_check(&whose.thread_id) == NGX_OK) {
            value = whose.thread_id;
        }

        break;

    case NGX_THREAD_WS_VAR_AGENT_THREAD_ID:
        return ngx_thread_ws_variable_agent_thread_id(r, v, &whose);

    case NGX_THREAD_WS_VAR_USER:
        value = whose.owner;
        break;

    default: /* NGX_THREAD_WS_VAR_REQUEST_ID */

        if (whose.run) {
            value = whose.run->subject.request_id;

        } else if (whose.conn
                   && (run = ngx_thread_ws_thread_own(&whose.conn->follower)))
        {
            value = run->subject.request_id;
        }

        break;
    }

    return ngx_thread_ws_variable_set(r, v, value.data, value.len);
}


static ngx_int_t
ngx_thread_ws_variable_agent_thread_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_thread_ws_whose_t *whose)
{
    u_char  uuid[NGX_THREAD_WS_UUID_LEN];

    if (whose->stranger
        || ngx_thread_ws_thread_id_check(&whose->thread_id) != NGX_OK)
    {
        v->not_found = 1;
        return NGX_OK;
    }

    if (whose->conf->dialect->threads == NULL) {
        return ngx_thread_ws_variable_set(r, v, whose->thread_id.data,
                                          whose->thread_id.len);
    }

    ngx_thread_ws_uuid_thread(uuid, &whose->owner, &whose->thread_id);

    return ngx_thread_ws_variable_set(r, v, uuid, sizeof(uuid));
}


static ngx_int_t
ngx_thread_ws_variable_result(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              *value;
    ngx_uint_t              outcome, code;
    ngx_thread_ws_whose_t   whose;

    v->not_found = 1;

    if (ngx_thread_ws_variable_whose(r, &whose) != NGX_OK) {
        return NGX_OK;
    }

    if (whose.run) {
        outcome = ngx_thread_ws_variable_run_outcome(whose.run);
        code = whose.run->result.code;

    } else if (whose.conn) {
        outcome = whose.conn->last.outcome;
        code = whose.conn->last.code;

    } else {
        return NGX_OK;
    }

    if (outcome == NGX_THREAD_WS_NO_OUTCOME) {
        return NGX_OK;
    }

    if (data == NGX_THREAD_WS_VAR_OUTCOME) {
        value = &ngx_thread_ws_outcomes[outcome];

    } else if (outcome == NGX_THREAD_WS_FAILED) {
        value = &ngx_thread_ws_codes[code].name;

    } else {
        return NGX_OK;
    }

    return ngx_thread_ws_variable_set(r, v, value->data, value->len);
}


/* the agent's own: its answer is whole before the run is stored */

static ngx_uint_t
ngx_thread_ws_variable_run_outcome(ngx_thread_ws_run_t *run)
{
    if (run->result.outcome == NGX_THREAD_WS_NO_OUTCOME
        && run->state == NGX_THREAD_WS_STORING)
    {
        return NGX_THREAD_WS_COMPLETED;
    }

    return run->result.outcome;
}


static ngx_int_t
ngx_thread_ws_variable_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                 buf[NGX_INT64_LEN + 4], *p;
    int64_t                n;
    ngx_thread_ws_whose_t  whose;

    v->not_found = 1;

    if (ngx_thread_ws_variable_whose(r, &whose) != NGX_OK) {
        return NGX_OK;
    }

    n = -1;

    if (whose.run) {
        n = ngx_thread_ws_variable_run_number(whose.run, data);

    } else if (whose.conn) {
        n = ngx_thread_ws_variable_conn_number(whose.conn, data);
    }

    if (n == -1) {
        return NGX_OK;
    }

    if (data == NGX_THREAD_WS_VAR_FIRST_TOKEN_TIME) {
        p = ngx_sprintf(buf, "%L.%03L", n / 1000, n % 1000);

    } else {
        p = ngx_sprintf(buf, "%L", n);
    }

    return ngx_thread_ws_variable_set(r, v, buf, p - buf);
}


/* -1: not known */

static int64_t
ngx_thread_ws_variable_run_number(ngx_thread_ws_run_t *run, uintptr_t data)
{
    switch (data) {

    case NGX_THREAD_WS_VAR_FIRST_TOKEN_TIME:
        return (ngx_msec_int_t) run->result.first_token;

    case NGX_THREAD_WS_VAR_TOKENS:
        return run->result.tokens;

    case NGX_THREAD_WS_VAR_INPUT_TOKENS:
        return run->reply.usage ? run->reply.input_tokens
                                : run->result.input_tokens;

    case NGX_THREAD_WS_VAR_OUTPUT_TOKENS:
        return run->reply.usage ? run->reply.output_tokens
                                : run->result.output_tokens;

    case NGX_THREAD_WS_VAR_RUNS:
        return run->number;

    default: /* NGX_THREAD_WS_VAR_CLOSE_CODE */
        return run->close_code ? (int64_t) run->close_code : -1;
    }
}


static int64_t
ngx_thread_ws_variable_conn_number(ngx_thread_ws_conn_t *conn, uintptr_t data)
{
    switch (data) {

    case NGX_THREAD_WS_VAR_FIRST_TOKEN_TIME:
        if (conn->last.outcome == NGX_THREAD_WS_NO_OUTCOME) {
            return -1;
        }

        return (ngx_msec_int_t) conn->last.first_token;

    case NGX_THREAD_WS_VAR_TOKENS:
        return conn->totals.tokens;

    case NGX_THREAD_WS_VAR_INPUT_TOKENS:
        return conn->totals.input_tokens;

    case NGX_THREAD_WS_VAR_OUTPUT_TOKENS:
        return conn->totals.output_tokens;

    case NGX_THREAD_WS_VAR_RUNS:
        return conn->totals.runs;

    default: /* NGX_THREAD_WS_VAR_CLOSE_CODE */
        return conn->close_code ? (int64_t) conn->close_code : -1;
    }
}


static ngx_int_t
ngx_thread_ws_variable_trace(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                 buf[NGX_THREAD_WS_TRACEPARENT_LEN];
    ngx_thread_ws_whose_t  whose;

    v->not_found = 1;

    if (ngx_thread_ws_variable_whose(r, &whose) != NGX_OK) {
        return NGX_OK;
    }

    if (data == NGX_THREAD_WS_VAR_TRACEPARENT) {

        if (whose.run == NULL
            || ngx_thread_ws_trace_parent(&whose.run->subject, buf) != NGX_OK)
        {
            return NGX_OK;
        }

        return ngx_thread_ws_variable_set(r, v, buf, sizeof(buf));
    }

    if ((whose.run == NULL
         || ngx_thread_ws_trace_id(&whose.run->subject, buf) != NGX_OK)
        && (whose.conn == NULL
            || ngx_thread_ws_trace_id(&whose.conn->subject, buf) != NGX_OK))
    {
        return NGX_OK;
    }

    return ngx_thread_ws_variable_set(r, v, buf, NGX_THREAD_WS_TRACE_ID_LEN);
}


ngx_int_t
ngx_thread_ws_variable_set(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    u_char *data, size_t len)
{
    if (len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = ngx_pnalloc(r->pool, len);
    if (v->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(v->data, data, len);

    v->len = len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
