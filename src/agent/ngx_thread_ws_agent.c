
/*
 * The run's own request.  The traps of sharing a client's socket with a request
 * that core believes to own it are commented where they are avoided.
 */


#include "agent/ngx_thread_ws_agent_request.h"
#include "observe/ngx_thread_ws_trace.h"


static ngx_http_request_t *ngx_thread_ws_agent_request(
    ngx_thread_ws_agent_t *agent);
static ngx_int_t ngx_thread_ws_agent_line(ngx_http_request_t *r,
    ngx_str_t *pass);
static ngx_int_t ngx_thread_ws_agent_body(ngx_http_request_t *r,
    ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_agent_headers(ngx_http_request_t *r,
    ngx_thread_ws_run_t *run, off_t size);
static ngx_int_t ngx_thread_ws_agent_add_header(ngx_http_request_t *r,
    char *name, ngx_str_t *value);

static void ngx_thread_ws_agent_cleanup(void *data);
static void ngx_thread_ws_agent_pool_cleanup(void *data);
static u_char *ngx_thread_ws_agent_log_error(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);


ngx_thread_ws_run_t *
ngx_thread_ws_agent_run(ngx_http_request_t *r)
{
    if (r->connection->recv != ngx_thread_ws_agent_recv) {
        return NULL;
    }

    return ngx_thread_ws_agent_of(r)->run;
}


ngx_thread_ws_conn_t *
ngx_thread_ws_agent_conn(ngx_http_request_t *r)
{
    if (r->connection->recv != ngx_thread_ws_agent_recv) {
        return NULL;
    }

    return ngx_thread_ws_agent_of(r)->conn;
}


ngx_int_t
ngx_thread_ws_agent_start(ngx_thread_ws_run_t *run)
{
    ngx_connection_t    *sc;
    ngx_http_request_t  *r;

    sc = ngx_thread_ws_agent_connection(run);
    if (sc == NULL) {
        return NGX_ERROR;
    }

    r = ngx_thread_ws_agent_request(sc->data);
    if (r == NULL) {
        return NGX_ERROR;
    }

    ngx_http_process_request(r);
    ngx_http_run_posted_requests(sc);

    return NGX_OK;
}


static ngx_http_request_t *
ngx_thread_ws_agent_request(ngx_thread_ws_agent_t *agent)
{
    ngx_connection_t     *sc;
    ngx_http_request_t   *r;
    ngx_http_cleanup_t   *cln;
    ngx_pool_cleanup_t   *pcln;
    ngx_thread_ws_run_t  *run;

    run = agent->run;
    sc = agent->connection;

    sc->data = &agent->hc;

    r = ngx_http_create_request(sc);
    if (r == NULL) {
        goto failed;
    }

    sc->data = r;
    agent->request = r;
    agent->log_handler = r->log_handler;
    r->log_handler = ngx_thread_ws_agent_log_error;

    /* registered first, so that it runs last */

    pcln = ngx_pool_cleanup_add(r->pool, 0);
    if (pcln == NULL) {
        ngx_http_free_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        goto failed;
    }

    pcln->handler = ngx_thread_ws_agent_pool_cleanup;
    pcln->data = agent;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        goto stopped;
    }

    cln->handler = ngx_thread_ws_agent_cleanup;
    cln->data = agent;

    r->headers_in.server = agent->conn->request->headers_in.server;
    r->headers_in.server.data = ngx_pstrdup(r->pool, &r->headers_in.server);

    if (r->headers_in.server.data == NULL
        || ngx_thread_ws_agent_proxied(r, agent->conn->connection) != NGX_OK
        || ngx_thread_ws_agent_line(r, &agent->conn->pass) != NGX_OK
        || ngx_thread_ws_agent_body(r, run) != NGX_OK)
    {
        goto stopped;
    }

    r->headers_in.connection_type = NGX_HTTP_CONNECTION_CLOSE;
    r->internal = 1;
    r->keepalive = 0;
    r->lingering_close = 0;

    return r;

stopped:

    run->agent = NULL;
    agent->run = NULL;

    ngx_http_free_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    ngx_thread_ws_agent_close(sc);

    return NULL;

failed:

    run->agent = NULL;
    ngx_queue_remove(&agent->queue);
    ngx_thread_ws_agent_close(sc);

    return NULL;
}


static ngx_int_t
ngx_thread_ws_agent_line(ngx_http_request_t *r, ngx_str_t *pass)
{
    u_char      *p;
    ngx_str_t    uri, args;
    ngx_uint_t   flags;

    uri = *pass;
    flags = NGX_HTTP_LOG_UNSAFE;
    ngx_str_null(&args);

    if (ngx_http_parse_unsafe_uri(r, &uri, &args, &flags) != NGX_OK) {
        return NGX_ERROR;
    }

    r->method = NGX_HTTP_POST;
    ngx_str_set(&r->method_name, "POST");
    ngx_str_set(&r->http_protocol, "HTTP/1.1");
    r->http_version = NGX_HTTP_VERSION_11;
    r->http_major = 1;
    r->http_minor = 1;

    r->unparsed_uri.len = uri.len + (args.len ? args.len + 1 : 0);
    r->request_line.len = sizeof("POST  HTTP/1.1") - 1 + r->unparsed_uri.len;

    p = ngx_pnalloc(r->pool, r->request_line.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    r->request_line.data = p;
    p = ngx_cpymem(p, "POST ", sizeof("POST ") - 1);

    r->unparsed_uri.data = p;
    r->uri.data = p;
    r->uri.len = uri.len;
    p = ngx_cpymem(p, uri.data, uri.len);

    if (args.len) {
        *p++ = '?';
        r->args.data = p;
        r->args.len = args.len;
        p = ngx_cpymem(p, args.data, args.len);
    }

    ngx_memcpy(p, " HTTP/1.1", sizeof(" HTTP/1.1") - 1);

    ngx_http_set_exten(r);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_agent_body(ngx_http_request_t *r, ngx_thread_ws_run_t *run)
{
    off_t                     size;
    ngx_chain_t              *body;
    ngx_http_request_body_t  *rb;

    if (ngx_list_init(&r->headers_in.headers, r->pool, 8,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_thread_ws_run_prompt(run, r, &body, &size) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_thread_ws_agent_headers(r, run, size) != NGX_OK) {
        return NGX_ERROR;
    }

    rb = ngx_pcalloc(r->pool, sizeof(ngx_http_request_body_t));
    if (rb == NULL) {
        return NGX_ERROR;
    }

    rb->bufs = body;
    rb->buf = body->buf;
    r->request_body = rb;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_agent_headers(ngx_http_request_t *r, ngx_thread_ws_run_t *run,
    off_t size)
{
    u_char         parent[NGX_THREAD_WS_TRACEPARENT_LEN];
    ngx_str_t      value;
    ngx_keyval_t  *h;

    value.data = ngx_pnalloc(r->pool, NGX_OFF_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%O", size) - value.data;

    if (ngx_thread_ws_agent_add_header(r, "Content-Length", &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_str_set(&value, "application/json");

    if (ngx_thread_ws_agent_add_header(r, "Content-Type", &value) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_str_set(&value, "text/event-stream");

    if (ngx_thread_ws_agent_add_header(r, "Accept", &value) != NGX_OK) {
        return NGX_ERROR;
    }

    for (h = run->conf->dialect->headers; h && h->key.len; h++) {
        if (ngx_thread_ws_agent_add_header(r, (char *) h->key.data, &h->value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_thread_ws_trace_parent(&run->subject, parent) == NGX_OK) {
        value.len = NGX_THREAD_WS_TRACEPARENT_LEN;
        value.data = ngx_pnalloc(r->pool, value.len);
        if (value.data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(value.data, parent, value.len);

        if (ngx_thread_ws_agent_add_header(r, "traceparent", &value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    value = r->headers_in.server;

    if (value.len == 0) {
        return NGX_OK;
    }

    return ngx_thread_ws_agent_add_header(r, "Host", &value);
}


/* through core's own table, which is right for every version of nginx */

static ngx_int_t
ngx_thread_ws_agent_add_header(ngx_http_request_t *r, char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t            *h;
    ngx_http_header_t          *hh;
    ngx_http_core_main_conf_t  *cmcf;

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value = *value;

    h->lowcase_key = ngx_pnalloc(r->pool, h->key.len);
    if (h->lowcase_key == NULL) {
        return NGX_ERROR;
    }

    h->hash = ngx_hash_strlow(h->lowcase_key, h->key.data, h->key.len);

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    hh = ngx_hash_find(&cmcf->headers_in_hash, h->hash, h->lowcase_key,
                       h->key.len);

    if (hh && hh->handler(r, h, hh->offset) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_thread_ws_agent_stop(ngx_thread_ws_agent_t *agent)
{
    agent->stopped = 1;

    if (agent->busy) {
        return;
    }

    agent->request->headers_out.status = NGX_HTTP_CLIENT_CLOSED_REQUEST;

    ngx_thread_ws_agent_leave(agent);
}


/*
 * The one safe way to end a request from outside: core's own handler terminates
 * it and runs what it posted.
 */

void
ngx_thread_ws_agent_leave(ngx_thread_ws_agent_t *agent)
{
    ngx_uint_t         gone;
    ngx_connection_t  *sc;

    agent->stopped = 1;

    gone = 0;
    agent->gone = &gone;

    sc = agent->connection;

    sc->error = 1;
    sc->close = 1;

    sc->read->handler(sc->read);

    if (!gone) {

        /* a thread of nginx's pool still works for it: it ends without us */

#if (NGX_SSL)
        sc->ssl = NULL;
#endif
        agent->gone = NULL;
        agent->conn = NULL;

        ngx_queue_remove(&agent->queue);
        ngx_queue_init(&agent->queue);
    }
}


void
ngx_thread_ws_agent_stop_all(ngx_thread_ws_conn_t *conn)
{
    ngx_queue_t            *q, *next;
    ngx_thread_ws_agent_t  *agent;

    for (q = ngx_queue_head(&conn->agents);
         q != ngx_queue_sentinel(&conn->agents);
         q = next)
    {
        next = ngx_queue_next(q);
        agent = ngx_queue_data(q, ngx_thread_ws_agent_t, queue);

        ngx_thread_ws_agent_stop(agent);
    }
}


/* runs when core begins to free or to terminate the request */

static void
ngx_thread_ws_agent_cleanup(void *data)
{
    ngx_thread_ws_agent_t  *agent = data;

    if (agent->connection->close && !agent->stopped && !agent->whole
        && agent->run)
    {
        /* core cuts what is left; the access log's line is still to come */

        agent->request->headers_out.status = NGX_HTTP_CLIENT_CLOSED_REQUEST;

        agent->busy = 1;
        ngx_thread_ws_run_cut(agent->run, NGX_THREAD_WS_AGENT_EXIT);
        agent->busy = 0;
    }

    agent->stopped = 1;

    if (agent->turn.posted) {
        ngx_delete_posted_event(&agent->turn);
    }

    if (agent->gather.timer_set) {
        ngx_del_timer(&agent->gather);
    }

    if (agent->linger.timer_set) {
        ngx_del_timer(&agent->linger);
    }

    /* or core would make the client's socket linger */

    agent->connection->timedout = 0;
}


/* runs last, before core closes the connection that is not its own */

static void
ngx_thread_ws_agent_pool_cleanup(void *data)
{
    ngx_thread_ws_agent_t  *agent = data;

    ngx_thread_ws_run_t    *run;

    /* it is the client's TLS: core would shut it down */

#if (NGX_SSL)
    agent->connection->ssl = NULL;
#endif

    ngx_queue_remove(&agent->queue);

    if (agent->gone) {
        *agent->gone = 1;
    }

    run = agent->run;
    agent->run = NULL;

    if (run) {
        run->agent = NULL;
        ngx_thread_ws_run_gone(run, agent->whole, agent->end);
    }
}


static u_char *
ngx_thread_ws_agent_log_error(ngx_http_request_t *r, ngx_http_request_t *sr,
    u_char *buf, size_t len)
{
    u_char                 *p;
    ngx_thread_ws_agent_t  *agent;

    agent = ngx_thread_ws_agent_of(r);

    p = agent->log_handler(r, sr, buf, len);

    if (agent->run == NULL) {
        return p;
    }

    return ngx_snprintf(p, len - (p - buf), ", connection: %*s, request: %V",
                        (size_t) NGX_THREAD_WS_CONNECTION_ID_LEN,
                        agent->run->subject.connection_id,
                        &agent->run->subject.request_id);
}


ngx_int_t
ngx_thread_ws_agent_check(ngx_cycle_t *cycle)
{
    int                fd[2];
    ngx_int_t          rc;
    ngx_connection_t  *c;

    if (pipe(fd) == -1) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno, "pipe() failed");
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    c = ngx_get_connection(fd[0], cycle->log);

    if (c) {
        c->shared = 1;
        ngx_close_connection(c);

        if (fcntl(fd[0], F_GETFD) != -1) {
            rc = NGX_OK;
            (void) close(fd[0]);
        }
    }

    (void) close(fd[1]);

    return rc;
}
