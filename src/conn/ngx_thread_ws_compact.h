
/*
 * The upgrade request in as little memory as it needs.  Core gives a request
 * pools of a few kilobytes, of which one that has been answered uses half; a
 * WebSocket keeps its request for days.
 */


#ifndef _NGX_THREAD_WS_COMPACT_H_INCLUDED_
#define _NGX_THREAD_WS_COMPACT_H_INCLUDED_


#include "ngx_thread_ws.h"


/*
 * Moves the upgrade request and its headers to a pool of their exact size, and
 * frees what it had and the buffers of its head.  From an event handler only:
 * nobody further up may still hold the request.  Afterwards conn->request is
 * another, without contexts of modules and without its array of variables;
 * where a request cannot be moved (some other module keeps something in it,
 * or memory is short) it stays as it is.
 */

void ngx_thread_ws_compact(ngx_thread_ws_conn_t *conn);

/*
 * Gives the request back what core and modules want to see in it; before it
 * ends.  NGX_OK, also if there is nothing to do, or NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_compact_undo(ngx_thread_ws_conn_t *conn);


#endif /* _NGX_THREAD_WS_COMPACT_H_INCLUDED_ */
