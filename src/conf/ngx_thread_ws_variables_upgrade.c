
/*
 * Variables of the upgrade request: headers, cookies, arguments.  In the
 * agent's location they are those of the run's caller, since the client may be
 * gone.
 */


#include "ngx_thread_ws.h"
#include "agent/ngx_thread_ws_agent.h"
#include "base/ngx_thread_ws_headers.h"
#include "conf/ngx_thread_ws_variables.h"


/* where headers are looked for, one after the other */

typedef struct {
    ngx_thread_ws_caller_t   *caller;        /* of an agent's request: its */
    ngx_uint_t                i;             /* next one; else ... */
    ngx_thread_ws_headers_t   headers;       /* ... the upgrade request's */
} ngx_thread_ws_upgrade_t;


static ngx_int_t ngx_thread_ws_upgrade_begin(ngx_thread_ws_upgrade_t *upgrade,
    ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_upgrade_next(ngx_thread_ws_upgrade_t *upgrade,
    u_char *name, size_t len, ngx_str_t *value);
static ngx_int_t ngx_thread_ws_variable_http(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_thread_ws_variable_cookie(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_thread_ws_variable_arg(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_uint_t ngx_thread_ws_header_is(ngx_str_t *header, u_char *name,
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


/* NGX_OK, or NGX_DECLINED where r has nothing to do with an upgrade */

static ngx_int_t
ngx_thread_ws_upgrade_begin(ngx_thread_ws_upgrade_t *upgrade,
    ngx_http_request_t *r)
{
    ngx_thread_ws_loc_conf_t  *conf;

    upgrade->i = 0;
    upgrade->caller = ngx_thread_ws_agent_caller(r);

    if (upgrade->caller) {
        return NGX_OK;
    }

    conf = ngx_http_get_module_loc_conf(r->main, ngx_thread_ws_module);

    if (conf->pass == NULL) {
        return NGX_DECLINED;
    }

    ngx_thread_ws_headers_begin(&upgrade->headers,
                                &r->main->headers_in.headers);
    return NGX_OK;
}


/* the next one of that name: NGX_OK, or NGX_DONE at the end */

static ngx_int_t
ngx_thread_ws_upgrade_next(ngx_thread_ws_upgrade_t *upgrade, u_char *name,
    size_t len, ngx_str_t *value)
{
    ngx_table_elt_t                *h;
    ngx_thread_ws_caller_header_t  *ch;

    if (upgrade->caller) {

        while (upgrade->i < upgrade->caller->nheaders) {
            ch = &upgrade->caller->headers[upgrade->i++];

            if (ngx_thread_ws_header_is(&ch->name, name, len)) {
                *value = ch->value;
                return NGX_OK;
            }
        }

        return NGX_DONE;
    }

    while ((h = ngx_thread_ws_headers_next(&upgrade->headers)) != NULL) {
        if (ngx_thread_ws_header_is(&h->key, name, len)) {
            *value = h->value;
            return NGX_OK;
        }
    }

    return NGX_DONE;
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
    ngx_str_t                *var, name, value;
    ngx_thread_ws_upgrade_t   upgrade;

    v->not_found = 1;

    var = (ngx_str_t *) data;
    name.data = var->data + sizeof("thread_ws_http_") - 1;
    name.len = var->len - (sizeof("thread_ws_http_") - 1);

    if (ngx_thread_ws_upgrade_begin(&upgrade, r) != NGX_OK) {
        return NGX_OK;
    }

    size = 0;

    while (ngx_thread_ws_upgrade_next(&upgrade, name.data, name.len, &value)
           == NGX_OK)
    {
        size += value.len + 2;
    }

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

    (void) ngx_thread_ws_upgrade_begin(&upgrade, r);

    while (ngx_thread_ws_upgrade_next(&upgrade, name.data, name.len, &value)
           == NGX_OK)
    {
        if (p != v->data) {
            *p++ = sep;
            *p++ = ' ';
        }

        p = ngx_cpymem(p, value.data, value.len);
    }

    v->len = p - v->data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_variable_cookie(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    size_t                    len;
    u_char                   *name;
    ngx_str_t                *var, line, value;
    ngx_thread_ws_upgrade_t   upgrade;

    v->not_found = 1;

    var = (ngx_str_t *) data;
    name = var->data + sizeof("thread_ws_cookie_") - 1;
    len = var->len - (sizeof("thread_ws_cookie_") - 1);

    if (ngx_thread_ws_upgrade_begin(&upgrade, r) != NGX_OK) {
        return NGX_OK;
    }

    while (ngx_thread_ws_upgrade_next(&upgrade, (u_char *) "cookie", 6, &line)
           == NGX_OK)
    {
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
    size_t                     len;
    u_char                    *name;
    ngx_str_t                 *var, value;
    ngx_http_request_t         args;
    ngx_thread_ws_caller_t    *caller;
    ngx_thread_ws_loc_conf_t  *conf;

    v->not_found = 1;

    var = (ngx_str_t *) data;
    name = var->data + sizeof("thread_ws_arg_") - 1;
    len = var->len - (sizeof("thread_ws_arg_") - 1);

    caller = ngx_thread_ws_agent_caller(r);

    if (caller) {

        /* all that core's function looks at */

        args.args = caller->args;

    } else {
        conf = ngx_http_get_module_loc_conf(r->main, ngx_thread_ws_module);

        if (conf->pass == NULL) {
            return NGX_OK;
        }

        args.args = r->main->args;
    }

    if (len == 0 || ngx_http_arg(&args, name, len, &value) != NGX_OK) {
        return NGX_OK;
    }

    return ngx_thread_ws_variable_set(r, v, value.data, value.len);
}


static ngx_uint_t
ngx_thread_ws_header_is(ngx_str_t *header, u_char *name, size_t len)
{
    u_char  c;
    size_t  i;

    if (header->len != len) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        c = ngx_tolower(header->data[i]);

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
