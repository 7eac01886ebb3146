
/*
 * The completed runs that a connection remembers of its thread, newest last,
 * trimmed to thread_ws_context: what the next prompt is built from without
 * reading the whole history again.
 */


#ifndef _NGX_THREAD_WS_RECENT_H_INCLUDED_
#define _NGX_THREAD_WS_RECENT_H_INCLUDED_


#include "ngx_thread_ws.h"


/* Remembers a copy of a run: NGX_OK or NGX_ERROR without memory. */

ngx_int_t ngx_thread_ws_recent_add(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_record_t *record);

/* the remembered run of that id, NULL if there is none */

ngx_thread_ws_recent_t *ngx_thread_ws_recent_find(ngx_thread_ws_conn_t *conn,
    ngx_str_t *request_id);

/*
 * The runs as a prompt's history, oldest first, allocated from pool; the texts
 * are the connection's.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_recent_prompt(ngx_thread_ws_conn_t *conn,
    ngx_pool_t *pool, ngx_thread_ws_prompt_t *prompt);

void ngx_thread_ws_recent_free(ngx_thread_ws_conn_t *conn);


#endif /* _NGX_THREAD_WS_RECENT_H_INCLUDED_ */
