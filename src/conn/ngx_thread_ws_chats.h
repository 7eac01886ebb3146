
/*
 * A connection whose commands name their thread: it follows several, each by a
 * chat of its own.  The connection has them behind one pointer, NULL on others.
 */


#ifndef _NGX_THREAD_WS_CHATS_H_INCLUDED_
#define _NGX_THREAD_WS_CHATS_H_INCLUDED_


#include "conn/ngx_thread_ws_conn.h"


/* what such a connection is for */

extern ngx_thread_ws_conn_handlers_t  ngx_thread_ws_conn_chats;


/* as ngx_thread_ws_follower_take(), of all chats */

ngx_int_t ngx_thread_ws_chats_take(ngx_thread_ws_conn_t *conn, ngx_uint_t all);

/* the output has drained: runs that waited go on, chats of no use are freed */

void ngx_thread_ws_chats_drained(ngx_thread_ws_conn_t *conn);

/* whether one of them hears a run */

ngx_uint_t ngx_thread_ws_chats_hear(ngx_thread_ws_conn_t *conn);


#endif /* _NGX_THREAD_WS_CHATS_H_INCLUDED_ */
