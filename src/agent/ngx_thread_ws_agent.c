
/*
 * The request through the agent's location.  The traps of a connection that
 * core believes to have a client are commented where they are avoided.
 */


#include "agent/ngx_thread_ws_agent_private.h"


static ngx_int_t ngx_thread_ws_agent_request(ngx_thread_ws_agent_t *agent);
static ngx_int_t ngx_thread_ws_agent_fill(ngx_thread_ws_agent_t *agent);
static ngx_int_t ngx_thread_ws_agent_line(ngx_http_request_t *r,
    ngx_thread_ws_agent_call_t *call);
static ngx_int_t ngx_thread_ws_agent_body(ngx_thread_ws_agent_t *agent);
static ngx_int_t ngx_thread_ws_agent_headers(ngx_thread_ws_agent_t *agent,
    off_t size);
static ngx_int_t ngx_thread_ws_agent_add_header(ngx_http_request_t *r,
    ngx_str_t *name, ngx_str_t *value);

static void ngx_thread_ws_agent_cleanup(void *data);
static void ngx_thread_ws_agent_pool_cleanup(void *data);
static u_char *ngx_thread_ws_agent_log_error(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);


void *
ngx_thread_ws_agent_data(ngx_http_request_t *r)
{
    if (r->connection->recv != ngx_thread_ws_agent_recv) {
        return NULL;
    }

    return ngx_thread_ws_agent_of(r)->call.data;
}


ngx_thread_ws_caller_t *
ngx_thread_ws_agent_caller(ngx_http_request_t *r)
{
    if (r->connection->recv != ngx_thread_ws_agent_recv) {
        return NULL;
    }

    return ngx_thread_ws_agent_of(r)->call.caller;
}


ngx_thread_ws_agent_t *
ngx_thread_ws_agent_create(ngx_thread_ws_agent_call_t *call)
{
    ngx_connection_t  *sc;

    sc = ngx_thread_ws_agent_connection(call);

    return sc ? sc->data : NULL;
}


ngx_thread_ws_near_t *
ngx_thread_ws_agent_near(ngx_thread_ws_agent_t *agent)
{
    return agent->near;
}


ngx_int_t
ngx_thread_ws_agent_ask(ngx_thread_ws_agent_t *agent)
{
    ngx_connection_t  *sc;

    sc = agent->connection;

    if (ngx_thread_ws_agent_request(agent) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_process_request(sc->data);
    ngx_http_run_posted_requests(sc);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_agent_request(ngx_thread_ws_agent_t *agent)
{
    ngx_connection_t    *sc;
    ngx_http_request_t  *r;
    ngx_http_cleanup_t  *cln;
    ngx_pool_cleanup_t  *pcln;

    sc = agent->connection;
    sc->data = &agent->hc;

    r = ngx_http_create_request(sc);
    if (r == NULL) {
        ngx_thread_ws_agent_close(sc);
        return NGX_ERROR;
    }

    sc->data = r;
    agent->request = r;
    agent->log_handler = r->log_handler;
    r->log_handler = ngx_thread_ws_agent_log_error;

    /* registered first, so that it runs last */

    pcln = ngx_pool_cleanup_add(r->pool, 0);
    cln = ngx_http_cleanup_add(r, 0);

    if (pcln && cln) {
        cln->handler = ngx_thread_ws_agent_cleanup;
        cln->data = agent;

        if (ngx_thread_ws_agent_fill(agent) == NGX_OK) {
            pcln->handler = ngx_thread_ws_agent_pool_cleanup;
            pcln->data = agent;

            return NGX_OK;
        }
    }

    ngx_http_free_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    ngx_thread_ws_agent_close(sc);

    return NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_agent_fill(ngx_thread_ws_agent_t *agent)
{
    ngx_http_request_t      *r;
    ngx_thread_ws_caller_t  *caller;

    r = agent->request;
    caller = agent->call.caller;

    r->headers_in.server = caller->server;

    if (ngx_thread_ws_agent_line(r, &agent->call) != NGX_OK
        || ngx_thread_ws_agent_body(agent) != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->headers_in.connection_type = NGX_HTTP_CONNECTION_CLOSE;
    r->internal = 1;
    r->keepalive = 0;
    r->lingering_close = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_agent_line(ngx_http_request_t *r,
    ngx_thread_ws_agent_call_t *call)
{
    u_char      *p;
    ngx_str_t    uri, args;
    ngx_uint_t   flags;

    uri = call->pass;
    flags = NGX_HTTP_LOG_UNSAFE;
    ngx_str_null(&args);

    if (ngx_http_parse_unsafe_uri(r, &uri, &args, &flags) != NGX_OK) {
        return NGX_ERROR;
    }

    r->method = NGX_HTTP_POST;
    ngx_str_set(&r->method_name, "POST");

    if (call->get) {
        r->method = NGX_HTTP_GET;
        ngx_str_set(&r->method_name, "GET");
    }

    ngx_str_set(&r->http_protocol, "HTTP/1.1");
    r->http_version = NGX_HTTP_VERSION_11;
    r->http_major = 1;
    r->http_minor = 1;

    r->unparsed_uri.len = uri.len + (args.len ? args.len + 1 : 0);
    r->request_line.len = r->method_name.len + sizeof("  HTTP/1.1") - 1
                          + r->unparsed_uri.len;

    p = ngx_pnalloc(r->pool, r->request_line.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    r->request_line.data = p;
    p = ngx_cpymem(p, r->method_name.data, r->method_name.len);
    *p++ = ' ';

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
ngx_thread_ws_agent_body(ngx_thread_ws_agent_t *agent)
{
    off_t                     size;
    ngx_chain_t              *body;
    ngx_http_request_t       *r;
    ngx_http_request_body_t  *rb;

    r = agent->request;
    body = NULL;
    size = 0;

    if (ngx_list_init(&r->headers_in.headers, r->pool, 8,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!agent->call.get
        && agent->call.handlers->prompt(agent->call.data, r, &body, &size)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_thread_ws_agent_headers(agent, size) != NGX_OK) {
        return NGX_ERROR;
    }

    if (agent->call.get) {
        return NGX_OK;
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
ngx_thread_ws_agent_headers(ngx_thread_ws_agent_t *agent, off_t size)
{
    u_char              *p;
    ngx_uint_t           i;
    ngx_array_t         *more;
    ngx_keyval_t        *h;
    ngx_http_request_t  *r;

    static ngx_keyval_t  usual[] = {
        { ngx_string("Content-Length"), ngx_null_string },
        { ngx_string("Content-Type"), ngx_string("application/json") },
        { ngx_string("Accept"), ngx_string("text/event-stream") },
        { ngx_string("Host"), ngx_null_string }
    };

    ngx_str_t  value[] = { ngx_null_string, usual[1].value, usual[2].value,
                           agent->call.caller->server };

    r = agent->request;

    p = ngx_pnalloc(r->pool, NGX_OFF_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value[0].data = p;
    value[0].len = ngx_sprintf(p, "%O", size) - p;

    if (agent->call.get) {
        ngx_str_null(&value[0]);
        ngx_str_null(&value[1]);
        value[2] = usual[1].value;
    }

    for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {

        if (value[i].len
            && ngx_thread_ws_agent_add_header(r, &usual[i].key, &value[i])
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    more = agent->call.headers;

    for (i = 0; more && i < more->nelts; i++) {
        h = (ngx_keyval_t *) more->elts + i;

        if (ngx_thread_ws_agent_add_header(r, &h->key, &h->value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* through core's own table, which is right for every version of nginx */

static ngx_int_t
ngx_thread_ws_agent_add_header(ngx_http_request_t *r, ngx_str_t *name,
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

    h->key = *name;
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

        /* a thread of nginx's pool still works for it: it ends later */

        agent->gone = NULL;
    }
}


/* runs when core begins to free or to terminate the request */

static void
ngx_thread_ws_agent_cleanup(void *data)
{
    ngx_thread_ws_agent_t  *agent = data;

    if (agent->connection->close && !agent->stopped && !agent->whole) {
        /* core cuts what is left; the access log's line is still to come */

        agent->request->headers_out.status = NGX_HTTP_CLIENT_CLOSED_REQUEST;

        agent->busy = 1;
        agent->call.handlers->cut(agent->call.data, NGX_THREAD_WS_AGENT_EXIT);
        agent->busy = 0;
    }

    agent->stopped = 1;

    if (agent->turn.posted) {
        ngx_delete_posted_event(&agent->turn);
    }

    if (agent->gather.event.timer_set) {
        ngx_del_timer(&agent->gather.event);
    }

    if (agent->linger.timer_set) {
        ngx_del_timer(&agent->linger);
    }
}


/* runs last, before core closes the connection */

static void
ngx_thread_ws_agent_pool_cleanup(void *data)
{
    ngx_thread_ws_agent_t  *agent = data;

    if (agent->gone) {
        *agent->gone = 1;
    }

    agent->call.handlers->gone(agent->call.data, agent->whole, agent->end);
}


static u_char *
ngx_thread_ws_agent_log_error(ngx_http_request_t *r, ngx_http_request_t *sr,
    u_char *buf, size_t len)
{
    u_char                 *p;
    ngx_thread_ws_agent_t  *agent;

    agent = ngx_thread_ws_agent_of(r);

    p = agent->log_handler(r, sr, buf, len);

    return agent->call.handlers->log(agent->call.data, p, len - (p - buf));
}
