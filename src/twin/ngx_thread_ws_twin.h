
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

/*
 * The twin's place among nginx's filters, in postconfiguration: NGX_OK.  And
 * the first of them, when all others are there.
 */

ngx_int_t ngx_thread_ws_twin_filter_init(ngx_conf_t *cf);
void ngx_thread_ws_twin_init_module(void);


#endif /* _NGX_THREAD_WS_TWIN_H_INCLUDED_ */
