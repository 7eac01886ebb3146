
/*
 * Origins and the patterns that allow them, RFC 6454.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ws/ngx_thread_ws_origin.h"
#include "base/ngx_thread_ws_string.h"


#define ngx_thread_ws_is_digit(c)  ((c) >= '0' && (c) <= '9')
#define ngx_thread_ws_is_alpha(c)                                             \
    (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')
#define ngx_thread_ws_is_alnum(c)                                             \
    (ngx_thread_ws_is_digit(c) || ngx_thread_ws_is_alpha(c))


typedef struct {
    ngx_str_t   scheme;
    ngx_str_t   host;
    ngx_uint_t  port;
} ngx_thread_ws_origin_parts_t;


static ngx_int_t ngx_thread_ws_origin_parse(ngx_str_t *s,
    ngx_thread_ws_origin_parts_t *origin);
static size_t ngx_thread_ws_origin_host(u_char *p, u_char *last);
static ngx_int_t ngx_thread_ws_origin_port(u_char *p, u_char *last,
    ngx_thread_ws_origin_parts_t *origin);


ngx_int_t
ngx_thread_ws_origin_match(ngx_str_t *origin, ngx_str_t *pattern)
{
    size_t                        tail;
    ngx_str_t                     host;
    ngx_thread_ws_origin_parts_t  o, p;

    static ngx_str_t  null = ngx_string("null");

    if (ngx_thread_ws_string_equal(origin, &null)) {
        return ngx_thread_ws_string_equal(pattern, &null) ? NGX_OK
                                                          : NGX_DECLINED;
    }

    if (ngx_thread_ws_origin_parse(origin, &o) != NGX_OK
        || ngx_thread_ws_origin_parse(pattern, &p) != NGX_OK
        || o.host.data[0] == '*'
        || !ngx_thread_ws_string_same(&o.scheme, &p.scheme)
        || o.port != p.port)
    {
        return NGX_DECLINED;
    }

    if (p.host.data[0] != '*') {
        return ngx_thread_ws_string_same(&o.host, &p.host) ? NGX_OK
                                                           : NGX_DECLINED;
    }

    /* what follows the star must end the host, with a name before its dot */

    p.host.data++;
    p.host.len--;

    if (o.host.len <= p.host.len) {
        return NGX_DECLINED;
    }

    tail = o.host.len - p.host.len;
    host.data = o.host.data + tail;
    host.len = p.host.len;

    return ngx_thread_ws_string_same(&host, &p.host) ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_thread_ws_origin_split(ngx_str_t *origin, ngx_str_t *scheme,
    ngx_str_t *host, ngx_uint_t *port)
{
    ngx_thread_ws_origin_parts_t  o;

    if (ngx_thread_ws_origin_parse(origin, &o) != NGX_OK
        || o.host.data[0] == '*')
    {
        return NGX_DECLINED;
    }

    *scheme = o.scheme;
    *host = o.host;
    *port = o.port;

    return NGX_OK;
}


/* scheme "://" host [ ":" port ], RFC 6454 section 6.2; a pattern's star too */

static ngx_int_t
ngx_thread_ws_origin_parse(ngx_str_t *s, ngx_thread_ws_origin_parts_t *origin)
{
    u_char  *p, *last;

    p = s->data;
    last = p + s->len;

    if (p == last || !ngx_thread_ws_is_alpha(*p)) {
        return NGX_DECLINED;
    }

    while (p < last && (ngx_thread_ws_is_alnum(*p) || *p == '+' || *p == '-'
                        || *p == '.'))
    {
        p++;
    }

    origin->scheme.data = s->data;
    origin->scheme.len = p - s->data;

    if (last - p < 3 || p[0] != ':' || p[1] != '/' || p[2] != '/') {
        return NGX_DECLINED;
    }

    p += 3;

    origin->host.data = p;
    origin->host.len = ngx_thread_ws_origin_host(p, last);

    if (origin->host.len == 0) {
        return NGX_DECLINED;
    }

    return ngx_thread_ws_origin_port(p + origin->host.len, last, origin);
}


/* the host's length, 0 if there is none that can be */

static size_t
ngx_thread_ws_origin_host(u_char *p, u_char *last)
{
    u_char  *start;

    start = p;

    if (p < last && *p == '[') {

        for (p++; p < last && *p != ']'; p++) {

            if (!ngx_thread_ws_is_digit(*p) && *p != ':' && *p != '.'
                && ((*p | 0x20) < 'a' || (*p | 0x20) > 'f'))
            {
                return 0;
            }
        }

        /* the shortest address is "[::]" */

        return (p < last && p - start > 2) ? (size_t) (p + 1 - start) : 0;
    }

    if (last - p > 2 && p[0] == '*' && p[1] == '.') {

        if (!ngx_thread_ws_is_alnum(p[2])) {
            return 0;
        }

        p += 2;
    }

    while (p < last && (ngx_thread_ws_is_alnum(*p) || *p == '-' || *p == '.'
                        || *p == '_' || *p == '~' || *p == '%'))
    {
        p++;
    }

    return p - start;
}


static ngx_int_t
ngx_thread_ws_origin_port(u_char *p, u_char *last,
    ngx_thread_ws_origin_parts_t *origin)
{
    ngx_int_t  port;

    static ngx_str_t  http = ngx_string("http");
    static ngx_str_t  https = ngx_string("https");

    origin->port = 0;

    if (p == last) {
        return NGX_OK;
    }

    if (*p++ != ':' || last - p > 5) {
        return NGX_DECLINED;
    }

    port = ngx_atoi(p, last - p);

    if (port < 1 || port > 65535) {
        return NGX_DECLINED;
    }

    if ((port == 80 && ngx_thread_ws_string_same(&origin->scheme, &http))
        || (port == 443
            && ngx_thread_ws_string_same(&origin->scheme, &https)))
    {
        return NGX_OK;
    }

    origin->port = port;

    return NGX_OK;
}
