
/*
 * A run's request body: the settings, what the connection remembers of the
 * thread, and the new message, in the words of the agent's dialect.
 */


#include "ngx_thread_ws.h"
#include "ngx_thread_ws_agent.h"
#include "ngx_thread_ws_recent.h"


static ngx_int_t ngx_thread_ws_prompt_value(ngx_thread_ws_run_t *run,
    ngx_http_request_t *r, ngx_http_complex_value_t *cv, char *directive,
    ngx_str_t *value);
static void ngx_thread_ws_prompt_free(void *data);


static ngx_str_t  ngx_thread_ws_busy_names[] = {
    ngx_string("interrupt"),
    ngx_string("queue"),
    ngx_string("reject")
};


ngx_int_t
ngx_thread_ws_run_prompt(ngx_thread_ws_run_t *run, ngx_http_request_t *r,
    ngx_chain_t **body, off_t *size)
{
    char                      *text;
    json_t                    *json;
    ngx_buf_t                 *b;
    ngx_chain_t               *cl;
    ngx_pool_cleanup_t        *cln;
    ngx_thread_ws_prompt_t     prompt;
    ngx_thread_ws_loc_conf_t  *conf;

    conf = run->conf;

    ngx_memzero(&prompt, sizeof(ngx_thread_ws_prompt_t));

    prompt.content = run->content;
    prompt.request_id = run->request_id;
    prompt.busy = ngx_thread_ws_busy_names[conf->busy];
    prompt.parameters = conf->parameters;

    if (ngx_thread_ws_prompt_value(run, r, conf->model, "thread_ws_model",
                                   &prompt.model)
        != NGX_OK
        || ngx_thread_ws_prompt_value(run, r, conf->system_prompt,
                                      "thread_ws_system_prompt",
                                      &prompt.system_prompt)
           != NGX_OK
        || ngx_thread_ws_recent_prompt(run->conn, run->pool, &prompt)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (prompt.model.len) {
        run->model.data = ngx_pstrdup(run->pool, &prompt.model);
        run->model.len = run->model.data ? prompt.model.len : 0;
    }

    cln = ngx_pool_cleanup_add(run->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    json = conf->dialect->request(&prompt);
    if (json == NULL) {
        return NGX_ERROR;
    }

    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);

    if (text == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_thread_ws_prompt_free;
    cln->data = text;

    b = ngx_calloc_buf(run->pool);
    cl = ngx_alloc_chain_link(run->pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    b->start = (u_char *) text;
    b->pos = b->start;
    b->last = b->pos + ngx_strlen(text);
    b->end = b->last;
    b->memory = 1;
    b->last_buf = 1;

    cl->buf = b;
    cl->next = NULL;

    *body = cl;
    *size = b->last - b->pos;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_prompt_value(ngx_thread_ws_run_t *run, ngx_http_request_t *r,
    ngx_http_complex_value_t *cv, char *directive, ngx_str_t *value)
{
    uint32_t  state;

    ngx_str_null(value);

    if (cv == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, cv, value) != NGX_OK) {
        return NGX_ERROR;
    }

    state = NGX_THREAD_WS_UTF8_COMPLETE;

    if (ngx_thread_ws_utf8_check(&state, value->data, value->len) == NGX_OK
        && state == NGX_THREAD_WS_UTF8_COMPLETE)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, run->log, 0,
                  "\"%s\" comes out as no valid UTF-8", directive);

    return NGX_ERROR;
}


/* jansson's memory is malloc's */

static void
ngx_thread_ws_prompt_free(void *data)
{
    free(data);
}
