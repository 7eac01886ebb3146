
/*
 * A thread's history for people: GET it as JSON, DELETE it.
 */


#ifndef _NGX_THREAD_WS_HISTORY_H_INCLUDED_
#define _NGX_THREAD_WS_HISTORY_H_INCLUDED_


#include "ngx_thread_ws.h"


/* the content handler of thread_ws_history */

ngx_int_t ngx_thread_ws_history_handler(ngx_http_request_t *r);


#endif /* _NGX_THREAD_WS_HISTORY_H_INCLUDED_ */
