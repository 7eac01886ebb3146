
/*
 * The HTTP twin of a thread's WebSocket, at the same location: where
 * thread_ws_http is on, a POST begins a run and is answered by SSE, a GET hears
 * one that is under way, or the whole thread, and a DELETE cancels one.
 */


#ifndef _NGX_THREAD_WS_TWIN_H_INCLUDED_
#define _NGX_THREAD_WS_TWIN_H_INCLUDED_


#include "ngx_thread_ws.h"


/* the content handler of thread_ws_pass: a WebSocket's upgrade, or the twin */

ngx_int_t ngx_thread_ws_twin_handler(ngx_http_request_t *r);

/* the twin's place among nginx's filters, in postconfiguration: NGX_OK */

ngx_int_t ngx_thread_ws_twin_filter_init(ngx_conf_t *cf);


#endif /* _NGX_THREAD_WS_TWIN_H_INCLUDED_ */
