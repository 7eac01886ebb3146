
/*
 * Origins, RFC 6454 section 6.2, and the patterns that allow them.
 */


#ifndef _NGX_THREAD_WS_ORIGIN_H_INCLUDED_
#define _NGX_THREAD_WS_ORIGIN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Whether an Origin matches a pattern: an exact origin ("https://a.example",
 * scheme and host whatever their case, a default port equals none) or one
 * whose host begins with "*." (any depth of names below what follows, not that
 * name itself).  "null" matches only "null".  NGX_OK or NGX_DECLINED.
 */

ngx_int_t ngx_thread_ws_origin_match(ngx_str_t *origin, ngx_str_t *pattern);

/*
 * Splits an Origin into scheme, host (IPv6 in its brackets) and port (0 for
 * the scheme's own, which https and http know): NGX_OK or NGX_DECLINED.
 */

ngx_int_t ngx_thread_ws_origin_split(ngx_str_t *origin, ngx_str_t *scheme,
    ngx_str_t *host, ngx_uint_t *port);


#endif /* _NGX_THREAD_WS_ORIGIN_H_INCLUDED_ */
