
/*
 * Variables of the upgrade request, for the agent's location too: headers,
 * cookies, arguments.
 */


#include "ngx_thread_ws.h"
#include "agent/ngx_thread_ws_agent.h"
#include "base/ngx_thread_ws_headers.h"
#include "conf/ngx_thread_ws_variables.h"


static ngx_http_request_t *ngx_thread_ws_upgrade_request(
    ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_variable_http(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static size_t ngx_thread_ws_headers_size(ngx_http_request_t *r,
    ngx_str_t *name);
static ngx_int_t ngx_thread_ws_variable_cookie(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_thread_ws_variable_arg(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_uint_t ngx_thread_ws_header_is(ngx_table_elt_t *header, u_char *name,
    size_t len);
static ngx_uint_t ngx_thread_ws_cookie_find(ngx_str_t *line, u_char *name,
    size_t len, ngx_str_t *value);


/* what comes after the prefix is a variable's name: it is all in lower case */

static ngx_http_variable_t  ngx_thread_ws_upgrade_variables[] = {

    { ngx_string("thread_ws_http_"), NULL, ngx_thread_ws_variable_http,
      0, NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("thread_ws_cookie_"), NULL, ngx_thread_ws_variable_cookie,
      0, NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("thread_ws_arg_"), NULL, ngx_thread_ws_variable_arg,
      0, NGX_HTTP_VAR_PREFIX, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_thread_ws_variables_add_upgrade(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_thread_ws_upgrade_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
    }

    return NGX_OK;
}


/* the upgrade request behind r, NULL if there is none */

static ngx_http_request_t *
ngx_thread_ws_upgrade_request(ngx_http_request_t *r)
{
    ngx_thread_ws_conn_t      *conn;
    ngx_thread_ws_loc_conf_t  *conf;

    conn = ngx_thread_ws_agent_conn(r);

    if (conn) {
        return conn->request;
    }

    conf = ngx_http_get_module_loc_conf(r->main, ngx_thread_ws_module);

    return conf->pass ? r->main : NULL;
}


/*
 * Several headers of one name make one value, as they do in nginx; names are
 * in lower case here, and underscores stand for hyphens.
 */

static ngx_int_t
ngx_thread_ws_variable_http(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    size_t                    size;
    u_char                   *p, sep;
    ngx_str_t                *var, name;
    ngx_table_elt_t          *h;
    ngx_http_request_t       *upgrade;
    ngx_thread_ws_headers_t   headers;

    v->not_found = 1;

    upgrade = ngx_thread_ws_upgrade_request(r);
    if (upgrade == NULL) {
        return NGX_OK;
    }

    var = (ngx_str_t *) data;
    name.data = var->data + sizeof("thread_ws_http_") - 1;
    name.len = var->len - (sizeof("thread_ws_http_") - 1);

    size = ngx_thread_ws_headers_size(upgrade, &name);

    if (size == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    sep = (name.len == 6 && ngx_strncmp(name.data, "cookie", 6) == 0) ? ';'
                                                                      : ',';
    v->data = p;
    ngx_thread_ws_headers_begin(&headers, &upgrade->headers_in.headers);

    while ((h = ngx_thread_ws_headers_next(&headers)) != NULL) {
        if (!ngx_thread_ws_header_is(h, name.data, name.len)) {
            continue;
        }

        if (p != v->data) {
            *p++ = sep;
            *p++ = ' ';
        }

        p = ngx_cpymem(p, h->value.data, h->value.len);
    }

    v->len = p - v->data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* all headers of that name, with what comes between them; 0: there are none */

static size_t
ngx_thread_ws_headers_size(ngx_http_request_t *r, ngx_str_t *name)
{
    size_t                    size;
    ngx_table_elt_t          *h;
    ngx_thread_ws_headers_t   headers;

    size = 0;
    ngx_thread_ws_headers_begin(&headers, &r->headers_in.headers);

    while ((h = ngx_thread_ws_headers_next(&headers)) != NULL) {
        if (ngx_thread_ws_header_is(h, name->data, name->len)) {
            size += h->value.len + 2;
        }
    }

    return size;
}


static ngx_int_t
ngx_thread_ws_variable_cookie(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    size_t                    len;
    u_char                   *name;
    ngx_str_t                *var, line, value;
    ngx_table_elt_t          *h;
    ngx_http_request_t       *upgrade;
    ngx_thread_ws_headers_t   headers;

    v->not_found = 1;

    upgrade = ngx_thread_ws_upgrade_request(r);
    if (upgrade == NULL) {
        return NGX_OK;
    }

    var = (ngx_str_t *) data;
    name = var->data + sizeof("thread_ws_cookie_") - 1;
    len = var->len - (sizeof("thread_ws_cookie_") - 1);

    ngx_thread_ws_headers_begin(&headers, &upgrade->headers_in.headers);

    while ((h = ngx_thread_ws_headers_next(&headers)) != NULL) {

        if (!ngx_thread_ws_header_is(h, (u_char *) "cookie", 6)) {
            continue;
        }

        line = h->value;

        if (ngx_thread_ws_cookie_find(&line, name, len, &value)) {
            return ngx_thread_ws_variable_set(r, v, value.data, value.len);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_variable_arg(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    size_t               len;
    u_char              *name;
    ngx_str_t           *var, value;
    ngx_http_request_t  *upgrade;

    v->not_found = 1;

    upgrade = ngx_thread_ws_upgrade_request(r);
    if (upgrade == NULL) {
        return NGX_OK;
    }

    var = (ngx_str_t *) data;
    name = var->data + sizeof("thread_ws_arg_") - 1;
    len = var->len - (sizeof("thread_ws_arg_") - 1);

    if (len == 0 || ngx_http_arg(upgrade, name, len, &value) != NGX_OK) {
        return NGX_OK;
    }

    return ngx_thread_ws_variable_set(r, v, value.data, value.len);
}


static ngx_uint_t
ngx_thread_ws_header_is(ngx_table_elt_t *header, u_char *name, size_t len)
{
    u_char  c;
    size_t  i;

    if (header->key.len != len) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        c = ngx_tolower(header->key.data[i]);

        if (c == '-') {
            c = '_';
        }

        if (c != name[i]) {
            return 0;
        }
    }

    return len != 0;
}


/* a variable's name has lost its case, so that the cookie's does not count */

static ngx_uint_t
ngx_thread_ws_cookie_find(ngx_str_t *line, u_char *name, size_t len,
    ngx_str_t *value)
{
    u_char  *p, *last, *end;

    p = line->data;
    last = p + line->len;

    while (p < last) {

        while (p < last && (*p == ' ' || *p == '\t')) {
            p++;
        }

        end = ngx_strlchr(p, last, ';');

        if (end == NULL) {
            end = last;
        }

        if ((size_t) (end - p) > len && p[len] == '='
            && ngx_strncasecmp(p, name, len) == 0)
        {
            value->data = p + len + 1;

            while (end > value->data && (end[-1] == ' ' || end[-1] == '\t')) {
                end--;
            }

            value->len = end - value->data;

            return 1;
        }

        p = end + 1;
    }

    return 0;
}
