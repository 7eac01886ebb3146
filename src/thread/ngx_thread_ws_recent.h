
/*
 * The completed runs that a connection remembers of its thread, newest last,
 * trimmed to thread_ws_context: what the next prompt is built from without
 * reading the whole history again.
 */


#ifndef _NGX_THREAD_WS_RECENT_H_INCLUDED_
#define _NGX_THREAD_WS_RECENT_H_INCLUDED_


#include "ngx_thread_ws.h"


/*
 * Remembers a copy of a run.  answer is the record's, escaped, where the caller
 * has it so, else NULL.  NGX_OK or NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_recent_add(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_record_t *record, ngx_str_t *answer);

/* the remembered run of that id, NULL if there is none */

ngx_thread_ws_recent_t *ngx_thread_ws_recent_find(ngx_thread_ws_conn_t *conn,
    ngx_str_t *request_id);

/* whether a remembered run's content is this, which is plain: 1 or 0 */

ngx_uint_t ngx_thread_ws_recent_same(ngx_thread_ws_recent_t *recent,
    ngx_str_t *content);

void ngx_thread_ws_recent_free(ngx_thread_ws_conn_t *conn);


#endif /* _NGX_THREAD_WS_RECENT_H_INCLUDED_ */
