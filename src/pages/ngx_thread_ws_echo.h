
/*
 * thread_ws_echo: a WebSocket that gives back what it is sent, for conformance
 * suites and probes.
 */


#ifndef _NGX_THREAD_WS_ECHO_H_INCLUDED_
#define _NGX_THREAD_WS_ECHO_H_INCLUDED_


#include "ngx_thread_ws.h"


/* the content handler */

ngx_int_t ngx_thread_ws_echo_handler(ngx_http_request_t *r);


#endif /* _NGX_THREAD_WS_ECHO_H_INCLUDED_ */
