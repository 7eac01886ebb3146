
/*
 * Where requests go: urls, headers and addresses, from the configuration.
 */


#include "observe/ngx_thread_ws_curl.h"


#define NGX_THREAD_WS_CURL_HOSTS  8


static ngx_int_t ngx_thread_ws_curl_parse(ngx_conf_t *cf, ngx_url_t *u,
    ngx_str_t *url);
static void ngx_thread_ws_curl_cleanup(void *data);


ngx_int_t
ngx_thread_ws_curl_target(ngx_conf_t *cf, ngx_thread_ws_curl_target_t *target,
    ngx_str_t *url)
{
    ngx_str_t           *directive;
    ngx_url_t            u;
    ngx_pool_cleanup_t  *cln;

    if (ngx_thread_ws_curl_parse(cf, &u, url) != NGX_OK) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    target->url.len = url->len;
    target->url.data = ngx_pnalloc(cf->pool, url->len + 1);
    if (target->url.data == NULL) {
        return NGX_ERROR;
    }

    ngx_cpystrn(target->url.data, url->data, url->len + 1);

    target->host = u.host;
    target->port = u.port;
    target->literal = (u.naddrs != 0);
    target->clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    directive = cf->args->elts;

    target->directive = *directive;
    target->file = cf->conf_file->file.name;
    target->line = cf->conf_file->line;

    cln->handler = ngx_thread_ws_curl_cleanup;
    cln->data = target;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_curl_parse(ngx_conf_t *cf, ngx_url_t *u, ngx_str_t *url)
{
    size_t      add, i;
    ngx_str_t  *directive;

    directive = cf->args->elts;

    ngx_memzero(u, sizeof(ngx_url_t));

    /* before anything is said that names the url */

    if (ngx_strlchr(url->data, url->data + url->len, '@')) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" takes no user and password in its url: "
                           "a header can have them", directive);
        return NGX_ERROR;
    }

    for (i = 0; i < url->len; i++) {

        if (url->data[i] <= ' ' || url->data[i] == 0x7f) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" has a blank or a control character in "
                               "\"%V\"", directive, url);
            return NGX_ERROR;
        }
    }

    if (ngx_strncasecmp(url->data, (u_char *) "http://", 7) == 0) {
        add = 7;
        u->default_port = 80;

    } else if (ngx_strncasecmp(url->data, (u_char *) "https://", 8) == 0) {
        add = 8;
        u->default_port = 443;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" has an invalid url prefix in \"%V\"",
                           directive, url);
        return NGX_ERROR;
    }

    u->url.data = url->data + add;
    u->url.len = url->len - add;
    u->uri_part = 1;
    u->no_resolve = 1;

    if (ngx_parse_url(cf->pool, u) != NGX_OK || u->family == AF_UNIX
        || u->host.len == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\": %s in \"%V\"",
                           directive, u->err ? u->err : "invalid host", url);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_thread_ws_curl_cleanup(void *data)
{
    ngx_thread_ws_curl_target_t  *target = data;

    curl_slist_free_all(target->headers);
    curl_slist_free_all(target->resolve);

    target->headers = NULL;
    target->resolve = NULL;
}


ngx_int_t
ngx_thread_ws_curl_header(ngx_conf_t *cf, ngx_thread_ws_curl_target_t *target,
    char *header)
{
    struct curl_slist  *headers;

    headers = curl_slist_append(target->headers, header);
    if (headers == NULL) {
        return NGX_ERROR;
    }

    target->headers = headers;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_curl_lookup(ngx_conf_t *cf, ngx_thread_ws_curl_target_t *target)
{
    ngx_url_t             u;
    ngx_uint_t            i;
    ngx_resolver_addr_t  *addrs;

    if (target->literal
        || (target->clcf->resolver
            && target->clcf->resolver->connections.nelts))
    {
        return NGX_OK;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.host = target->host;
    u.port = target->port;

    if (ngx_inet_resolve_host(cf->pool, &u) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "\"%V\": %s in \"%V\" "
                      "in %V:%ui", &target->directive,
                      u.err ? u.err : "no memory", &target->url,
                      &target->file, target->line);
        return NGX_ERROR;
    }

    addrs = ngx_pcalloc(cf->pool, u.naddrs * sizeof(ngx_resolver_addr_t));
    if (addrs == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < u.naddrs; i++) {
        addrs[i].sockaddr = u.addrs[i].sockaddr;
        addrs[i].socklen = u.addrs[i].socklen;
    }

    return ngx_thread_ws_curl_addresses(target, addrs, u.naddrs);
}


ngx_int_t
ngx_thread_ws_curl_addresses(ngx_thread_ws_curl_target_t *target,
    ngx_resolver_addr_t *addrs, ngx_uint_t naddrs)
{
    size_t       size;
    u_char      *p, *entry;
    ngx_uint_t   i;

    naddrs = ngx_min(naddrs, NGX_THREAD_WS_CURL_HOSTS);

    size = target->host.len + sizeof("::65535") + 1
           + naddrs * (NGX_SOCKADDR_STRLEN + sizeof("[],"));

    entry = ngx_alloc(size, ngx_cycle->log);
    if (entry == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(entry, "%V:%d:", &target->host, (int) target->port);

    for (i = 0; i < naddrs; i++) {

        if (i) {
            *p++ = ',';
        }

        if (addrs[i].sockaddr->sa_family == AF_INET) {
            p += ngx_sock_ntop(addrs[i].sockaddr, addrs[i].socklen, p,
                               NGX_SOCKADDR_STRLEN, 0);
            continue;
        }

        *p++ = '[';
        p += ngx_sock_ntop(addrs[i].sockaddr, addrs[i].socklen, p,
                           NGX_SOCKADDR_STRLEN, 0);
        *p++ = ']';
    }

    *p = '\0';

    curl_slist_free_all(target->resolve);
    target->resolve = curl_slist_append(NULL, (char *) entry);

    ngx_free(entry);

    return target->resolve ? NGX_OK : NGX_ERROR;
}
