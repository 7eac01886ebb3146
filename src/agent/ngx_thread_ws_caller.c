
/*
 * What is left of a client's upgrade request, and the variables that would look
 * at its TLS.
 */


#include "ngx_thread_ws.h"
#include "agent/ngx_thread_ws_agent.h"
#include "base/ngx_thread_ws_string.h"


/* A variable that looks at the connection's TLS, with its own handler. */

typedef struct {
    ngx_http_get_variable_pt     get;
    uintptr_t                    data;
    ngx_uint_t                   i;          /* in a caller's values */
    ngx_uint_t                   used;       /* unsigned  used:1 */
} ngx_thread_ws_secured_t;


static ngx_int_t ngx_thread_ws_caller_addresses(ngx_thread_ws_caller_t *caller,
    ngx_connection_t *c);
static ngx_int_t ngx_thread_ws_caller_proxied(ngx_thread_ws_caller_t *caller,
    ngx_pool_t *pool, ngx_connection_t *c);
static ngx_int_t ngx_thread_ws_caller_texts(ngx_thread_ws_caller_t *caller,
    ngx_pool_t *pool, ngx_http_request_t *r);
static ngx_uint_t ngx_thread_ws_secured_is(ngx_str_t *name);
static ngx_uint_t ngx_thread_ws_secured_cheap(ngx_str_t *name);
static ngx_int_t ngx_thread_ws_secured_get(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

#if (NGX_HTTP_SSL)
static ngx_int_t ngx_thread_ws_caller_secured(ngx_thread_ws_caller_t *caller,
    ngx_pool_t *pool, ngx_connection_t *c);
#endif


/* of this worker's configuration: of ngx_thread_ws_secured_t pointers */

static ngx_array_t  *ngx_thread_ws_secured;


/* names whose values cost nothing are kept also for who asks by name only */

static ngx_str_t  ngx_thread_ws_secured_names[] = {
    ngx_string("scheme"),
    ngx_string("https"),
    ngx_string("ssl_protocol"),
    ngx_string("ssl_cipher"),
    ngx_string("ssl_server_name"),
    ngx_string("ssl_client_verify"),
    ngx_null_string
};


ngx_thread_ws_caller_t *
ngx_thread_ws_caller_create(ngx_pool_t *pool, ngx_http_request_t *r)
{
    ngx_connection_t          *c;
    ngx_thread_ws_caller_t    *caller;
    ngx_http_core_srv_conf_t  *cscf;

    c = r->connection;

    caller = ngx_pcalloc(pool, sizeof(ngx_thread_ws_caller_t));
    if (caller == NULL) {
        return NULL;
    }

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    caller->hc = *r->http_connection;
    caller->hc.conf_ctx = cscf->ctx;
    caller->hc.busy = NULL;
    caller->hc.nbusy = 0;
    caller->hc.free = NULL;

#if (NGX_HTTP_SSL)

    /* or core would miss the TLS of a connection that has none of its own */

    caller->hc.ssl = 0;
    caller->hc.ssl_servername = NULL;
#endif

    caller->log = *c->log;
    caller->listening = c->listening;
    caller->number = c->number;

    if (ngx_thread_ws_caller_addresses(caller, c) != NGX_OK
        || ngx_thread_ws_caller_proxied(caller, pool, c) != NGX_OK
        || ngx_thread_ws_caller_texts(caller, pool, r) != NGX_OK)
    {
        return NULL;
    }

#if (NGX_HTTP_SSL)

    if (c->ssl
        && ngx_thread_ws_caller_secured(caller, pool, c) != NGX_OK)
    {
        return NULL;
    }

#endif

    return caller;
}


static ngx_int_t
ngx_thread_ws_caller_addresses(ngx_thread_ws_caller_t *caller,
    ngx_connection_t *c)
{
    /* a wildcard's is asked for by the descriptor, which a run has not */

    if (ngx_connection_local_sockaddr(c, NULL, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    caller->socklen = ngx_min(c->socklen, (socklen_t) sizeof(ngx_sockaddr_t));
    ngx_memcpy(&caller->sockaddr, c->sockaddr, caller->socklen);

    caller->local_socklen = ngx_min(c->local_socklen,
                                    (socklen_t) sizeof(ngx_sockaddr_t));
    ngx_memcpy(&caller->local_sockaddr, c->local_sockaddr,
               caller->local_socklen);

    caller->addr_text.len = ngx_min(c->addr_text.len, sizeof(caller->addr));
    caller->addr_text.data = caller->addr;
    ngx_memcpy(caller->addr, c->addr_text.data, caller->addr_text.len);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_caller_proxied(ngx_thread_ws_caller_t *caller, ngx_pool_t *pool,
    ngx_connection_t *c)
{
    ngx_proxy_protocol_t  *pp;

    if (c->proxy_protocol == NULL) {
        return NGX_OK;
    }

    pp = ngx_palloc(pool, sizeof(ngx_proxy_protocol_t));
    if (pp == NULL) {
        return NGX_ERROR;
    }

    *pp = *c->proxy_protocol;

    pp->src_addr.data = ngx_pstrdup(pool, &c->proxy_protocol->src_addr);
    pp->dst_addr.data = ngx_pstrdup(pool, &c->proxy_protocol->dst_addr);

    if (pp->src_addr.data == NULL || pp->dst_addr.data == NULL) {
        return NGX_ERROR;
    }

#if (nginx_version >= 1023002)

    pp->tlvs.data = ngx_pstrdup(pool, &c->proxy_protocol->tlvs);
    if (pp->tlvs.data == NULL) {
        return NGX_ERROR;
    }

#endif

    caller->proxy_protocol = pp;

    return NGX_OK;
}


/* host, arguments and headers, in one piece */

static ngx_int_t
ngx_thread_ws_caller_texts(ngx_thread_ws_caller_t *caller, ngx_pool_t *pool,
    ngx_http_request_t *r)
{
    u_char                         *p;
    size_t                          size;
    ngx_uint_t                      i, n;
    ngx_list_part_t                *part;
    ngx_table_elt_t                *h;
    ngx_thread_ws_caller_header_t  *header;

    n = 0;
    size = r->headers_in.server.len + r->args.len;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            size += h[i].key.len + h[i].value.len;
            n++;
        }
    }

    header = ngx_palloc(pool, n * sizeof(ngx_thread_ws_caller_header_t) + size
                              + 1);
    if (header == NULL) {
        return NGX_ERROR;
    }

    caller->headers = header;

    p = (u_char *) (header + n);
    p = ngx_thread_ws_string_copy(&caller->server, p, &r->headers_in.server);
    p = ngx_thread_ws_string_copy(&caller->args, p, &r->args);

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].hash == 0) {
                continue;
            }

            p = ngx_thread_ws_string_copy(&header->name, p, &h[i].key);
            p = ngx_thread_ws_string_copy(&header->value, p, &h[i].value);
            header++;
        }
    }

    caller->nheaders = header - caller->headers;

    return NGX_OK;
}


#if (NGX_HTTP_SSL)

/*
 * The handlers look at a request's connection and allocate from its pool: they
 * are given the client's and the run's.
 */

static ngx_int_t
ngx_thread_ws_caller_secured(ngx_thread_ws_caller_t *caller, ngx_pool_t *pool,
    ngx_connection_t *c)
{
    ngx_uint_t                   i;
    ngx_http_request_t           r;
    ngx_thread_ws_secured_t    **secured;
    ngx_http_variable_value_t   *value;

    if (ngx_thread_ws_secured == NULL) {
        return NGX_OK;
    }

    value = ngx_pcalloc(pool, ngx_thread_ws_secured->nelts
                              * sizeof(ngx_http_variable_value_t));
    if (value == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&r, sizeof(ngx_http_request_t));

    r.connection = c;
    r.pool = pool;
    r.main = &r;

    secured = ngx_thread_ws_secured->elts;

    for (i = 0; i < ngx_thread_ws_secured->nelts; i++) {
        value[i].not_found = 1;

        if (secured[i]->used
            && secured[i]->get(&r, &value[i], secured[i]->data) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    caller->secured = value;

    return NGX_OK;
}

#endif


ngx_int_t
ngx_thread_ws_caller_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                   i;
    ngx_hash_key_t              *key;
    ngx_http_variable_t         *v;
    ngx_thread_ws_secured_t     *secured, **p;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_thread_ws_main_conf_t   *tmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_thread_ws_module);

    tmcf->secured = ngx_array_create(cf->pool, 32,
                                     sizeof(ngx_thread_ws_secured_t *));
    if (tmcf->secured == NULL) {
        return NGX_ERROR;
    }

    key = cmcf->variables_keys->keys.elts;

    for (i = 0; i < cmcf->variables_keys->keys.nelts; i++) {
        v = key[i].value;

        if (v->get_handler == NULL || !ngx_thread_ws_secured_is(&v->name)) {
            continue;
        }

        secured = ngx_palloc(cf->pool, sizeof(ngx_thread_ws_secured_t));
        p = ngx_array_push(tmcf->secured);

        if (secured == NULL || p == NULL) {
            return NGX_ERROR;
        }

        *p = secured;

        secured->get = v->get_handler;
        secured->data = v->data;
        secured->i = tmcf->secured->nelts - 1;
        secured->used = ngx_thread_ws_secured_cheap(&v->name);

        v->get_handler = ngx_thread_ws_secured_get;
        v->data = (uintptr_t) secured;
    }

    return NGX_OK;
}


void
ngx_thread_ws_caller_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                   i;
    ngx_http_variable_t         *v;
    ngx_thread_ws_secured_t     *secured;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_thread_ws_main_conf_t   *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_thread_ws_module);

    if (tmcf == NULL) {
        return;
    }

    ngx_thread_ws_secured = tmcf->secured;

    cmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module);
    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        if (v[i].get_handler == ngx_thread_ws_secured_get) {
            secured = (ngx_thread_ws_secured_t *) v[i].data;
            secured->used = 1;
        }
    }
}


static ngx_uint_t
ngx_thread_ws_secured_is(ngx_str_t *name)
{
    return (name->len > 4 && ngx_strncmp(name->data, "ssl_", 4) == 0)
           || ngx_thread_ws_secured_cheap(name);
}


static ngx_uint_t
ngx_thread_ws_secured_cheap(ngx_str_t *name)
{
    ngx_str_t  *cheap;

    for (cheap = ngx_thread_ws_secured_names; cheap->len; cheap++) {
        if (ngx_thread_ws_string_equal(cheap, name)) {
            return 1;
        }
    }

    return 0;
}


/* in the place of such a variable's own handler */

static ngx_int_t
ngx_thread_ws_secured_get(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_thread_ws_caller_t   *caller;
    ngx_thread_ws_secured_t  *secured;

    secured = (ngx_thread_ws_secured_t *) data;
    caller = ngx_thread_ws_agent_caller(r);

    if (caller == NULL || caller->secured == NULL) {
        return secured->get(r, v, secured->data);
    }

    *v = caller->secured[secured->i];

    return NGX_OK;
}
