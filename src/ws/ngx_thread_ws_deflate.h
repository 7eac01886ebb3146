
/*
 * permessage-deflate, RFC 7692 section 7.2, over zlib's raw deflate.
 */


#ifndef _NGX_THREAD_WS_DEFLATE_H_INCLUDED_
#define _NGX_THREAD_WS_DEFLATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ws/ngx_thread_ws_handshake.h"


typedef struct ngx_thread_ws_deflate_s  ngx_thread_ws_deflate_t;

/*
 * Where a message's bytes go, in the order of the calls; the bytes are the
 * callee's to copy.  Anything but NGX_OK stops the work and is returned.
 */

typedef ngx_int_t (*ngx_thread_ws_deflate_sink_pt)(void *data, u_char *p,
    size_t len);


/*
 * Makes a connection's codec, NULL without memory.  zlib's states are made
 * with the first message of each direction; without a kept context they are
 * the process's and cost the connection nothing between messages.  With one,
 * a window of n bits costs some 2^n + 7K bytes to inflate and 8 * 2^n + 6K
 * bytes to deflate.
 *
 * After anything but NGX_OK the codec is good for nothing but its end: a kept
 * context is no longer the peer's.
 */

ngx_thread_ws_deflate_t *ngx_thread_ws_deflate_create(
    ngx_thread_ws_deflate_params_t *params, ngx_int_t level);
void ngx_thread_ws_deflate_free(ngx_thread_ws_deflate_t *d);

/*
 * Inflates a piece of a compressed message; last is set with its end.
 *
 *   NGX_OK        all of it went to the sink
 *   NGX_DECLINED  no deflate data: the peer's fault, close with 1007.  What
 *                 could be inflated before that went to the sink
 *   NGX_ERROR     no memory
 *   other         what the sink returned
 */

ngx_int_t ngx_thread_ws_inflate(ngx_thread_ws_deflate_t *d, u_char *p,
    size_t len, ngx_uint_t last, ngx_thread_ws_deflate_sink_pt sink,
    void *data);

/*
 * Deflates a whole message, without the four bytes that section 7.2.1 removes.
 * NGX_OK, NGX_ERROR without memory, or what the sink returned.
 */

ngx_int_t ngx_thread_ws_deflate(ngx_thread_ws_deflate_t *d, u_char *p,
    size_t len, ngx_thread_ws_deflate_sink_pt sink, void *data);


#endif /* _NGX_THREAD_WS_DEFLATE_H_INCLUDED_ */
