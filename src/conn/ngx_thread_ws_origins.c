
/*
 * thread_ws_origins: which pages may open a connection.  A browser always sends
 * an Origin with a WebSocket handshake; what sends none is no browser.
 */


#include "conn/ngx_thread_ws_upgrade.h"
#include "base/ngx_thread_ws_headers.h"
#include "base/ngx_thread_ws_string.h"
#include "ws/ngx_thread_ws_origin.h"


static ngx_int_t ngx_thread_ws_origin_same(ngx_http_request_t *r,
    ngx_str_t *origin);
static ngx_int_t ngx_thread_ws_origin_server_name(ngx_http_request_t *r,
    ngx_str_t *host);
static ngx_int_t ngx_thread_ws_origin_listed(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_str_t *origin);
static ngx_uint_t ngx_thread_ws_origin_port(ngx_str_t *scheme,
    ngx_uint_t port);


ngx_int_t
ngx_thread_ws_origin_check(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf)
{
    ngx_str_t        *origin;
    ngx_uint_t        n;
    ngx_table_elt_t  *h;

    if (conf->origins_mode == NGX_THREAD_WS_ORIGINS_ANY) {
        return NGX_OK;
    }

    h = ngx_thread_ws_headers_find(&r->headers_in.headers, "Origin", &n);

    if (h == NULL) {
        return NGX_OK;
    }

    if (n > 1) {
        return NGX_DECLINED;
    }

    origin = &h->value;

    if (conf->origins_mode == NGX_THREAD_WS_ORIGINS_SAME) {
        return ngx_thread_ws_origin_same(r, origin);
    }

    return ngx_thread_ws_origin_listed(r, conf, origin);
}


/*
 * The page's host is the request's, and a name of this server where it has
 * any: otherwise a foreign name that was made to resolve to this address would
 * be the same as itself.
 */

static ngx_int_t
ngx_thread_ws_origin_same(ngx_http_request_t *r, ngx_str_t *origin)
{
    u_char      *p;
    ngx_int_t    n;
    ngx_str_t    scheme, host, port, own;
    ngx_uint_t   their_port, own_port;

    if (r->headers_in.host == NULL
        || ngx_thread_ws_origin_split(origin, &scheme, &host, &their_port)
           != NGX_OK
        || !(ngx_thread_ws_string_is_same(&scheme, "http")
             || ngx_thread_ws_string_is_same(&scheme, "https")))
    {
        return NGX_DECLINED;
    }

    own = r->headers_in.host->value;
    own_port = 0;

    p = own.data + own.len;

    while (p > own.data && p[-1] >= '0' && p[-1] <= '9') {
        p--;
    }

    if (p > own.data + 1 && p[-1] == ':') {
        port.data = p;
        port.len = own.data + own.len - p;
        own.len = p - 1 - own.data;

        n = ngx_atoi(port.data, port.len);

        if (n != NGX_ERROR) {
            own_port = n;
        }
    }

    if (!ngx_thread_ws_string_same(&host, &own)) {
        return NGX_DECLINED;
    }

    /* the port by the page's scheme: a balancer may speak TLS for us */

    if (ngx_thread_ws_origin_port(&scheme, their_port)
        != ngx_thread_ws_origin_port(&scheme, own_port))
    {
        return NGX_DECLINED;
    }

    return ngx_thread_ws_origin_server_name(r, &host);
}


static ngx_uint_t
ngx_thread_ws_origin_port(ngx_str_t *scheme, ngx_uint_t port)
{
    if (port) {
        return port;
    }

    return (scheme->len == 5) ? 443 : 80;
}


static ngx_int_t
ngx_thread_ws_origin_server_name(ngx_http_request_t *r, ngx_str_t *host)
{
    ngx_str_t                 *name, suffix;
    ngx_uint_t                 i, named;
    ngx_http_server_name_t    *sn;
    ngx_thread_ws_srv_conf_t  *conf;

    conf = ngx_http_get_module_srv_conf(r, ngx_thread_ws_module);

    sn = conf->names->elts;
    named = 0;

    for (i = 0; i < conf->names->nelts; i++) {
        name = &sn[i].name;

#if (NGX_PCRE)
        if (sn[i].regex) {
            named = 1;

            if (ngx_http_regex_exec(r, sn[i].regex, host) == NGX_OK) {
                return NGX_OK;
            }

            continue;
        }
#endif

        if (name->len == 0 || ngx_thread_ws_string_is(name, "_")) {
            continue;
        }

        named = 1;

        if (ngx_thread_ws_string_same(name, host)) {
            return NGX_OK;
        }

        /* core keeps "*.example.com" as ".example.com", and as it stands */

        suffix = *name;

        if (name->len > 2 && name->data[0] == '*') {
            suffix.data++;
            suffix.len--;
        }

        if (suffix.data[0] == '.' && host->len > suffix.len
            && ngx_thread_ws_string_ends_same(host, &suffix))
        {
            return NGX_OK;
        }

        if (name->len > 2 && name->data[name->len - 1] == '*'
            && host->len > name->len - 1
            && ngx_strncasecmp(host->data, name->data, name->len - 1) == 0)
        {
            return NGX_OK;
        }
    }

    return named ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_thread_ws_origin_listed(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_str_t *origin)
{
    ngx_uint_t               i;
    ngx_thread_ws_origin_t  *pattern;

    pattern = conf->origins->elts;

    for (i = 0; i < conf->origins->nelts; i++) {

#if (NGX_PCRE)
        if (pattern[i].regex) {

            if (ngx_regex_exec(pattern[i].regex, origin, NULL, 0) >= 0) {
                return NGX_OK;
            }

            continue;
        }
#endif

        if (ngx_thread_ws_origin_match(origin, &pattern[i].pattern)
            == NGX_OK)
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}
