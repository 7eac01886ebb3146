
/*
 * A thread's history for people: GET it as JSON, DELETE it.
 */


#ifndef _NGX_THREAD_WS_HISTORY_H_INCLUDED_
#define _NGX_THREAD_WS_HISTORY_H_INCLUDED_


#include "ngx_thread_ws.h"
#include "store/ngx_thread_ws_store.h"
#include "wire/ngx_thread_ws_wire.h"


/* the handler of thread_ws_history; conf is the location's */

char *ngx_thread_ws_history_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Whether the merged settings go together: NGX_OK, or NGX_ERROR with an emerg
 * line.
 */

ngx_int_t ngx_thread_ws_history_check(ngx_conf_t *cf,
    ngx_thread_ws_loc_conf_t *tlcf);


/* What the files share: a thread of the store's, or of the agent's. */

/* Asks the agent's server; the operation's ids and limits are set. */

ngx_int_t ngx_thread_ws_history_ask(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_thread_ws_store_op_t *op);

ngx_int_t ngx_thread_ws_history_filter_init(ngx_conf_t *cf);

/*
 * The wire whose clients' messages "format" asks for, our own's without it;
 * NULL: there is none of that name.
 */

ngx_thread_ws_wire_t *ngx_thread_ws_history_wire(ngx_http_request_t *r);

/*
 * Puts the message that is being answered at the end of the operation's
 * records, in the place of what it replaces: NGX_OK; NGX_DECLINED if there is
 * none, or nobody asks for it; NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_history_active(ngx_http_request_t *r,
    ngx_thread_ws_store_op_t *op);

/*
 * The response: a document of these messages, whose reference is taken, in the
 * form that is asked for.  It returns what a content handler does.
 */

ngx_int_t ngx_thread_ws_history_send(ngx_http_request_t *r,
    ngx_str_t *thread_id, json_t *messages);


#endif /* _NGX_THREAD_WS_HISTORY_H_INCLUDED_ */
