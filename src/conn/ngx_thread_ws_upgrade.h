
/*
 * From an HTTP request to a WebSocket: RFC 6455 section 4.2.
 */


#ifndef _NGX_THREAD_WS_UPGRADE_H_INCLUDED_
#define _NGX_THREAD_WS_UPGRADE_H_INCLUDED_


#include "conn/ngx_thread_ws_conn.h"


/* the content handler of thread_ws_pass */

ngx_int_t ngx_thread_ws_upgrade_handler(ngx_http_request_t *r);

/*
 * Answers an upgrade and opens the connection, which is for what its handlers
 * make of it; the value is a content handler's.
 */

ngx_int_t ngx_thread_ws_upgrade(ngx_http_request_t *r,
    ngx_thread_ws_conn_handlers_t *handlers);

/* the bind of a thread's connections: its thread, owner and agent */

ngx_int_t ngx_thread_ws_upgrade_bind(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_thread_ws_conn_t *conn,
    ngx_uint_t *close_code);

/*
 * Where its agent is: NGX_OK, or an HTTP status, with a line in the log; and
 * what lines of the log say of a request whose context is a connection.
 */

ngx_int_t ngx_thread_ws_upgrade_pass(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_thread_ws_conn_t *conn);
void ngx_thread_ws_upgrade_log(ngx_http_request_t *r);


/*
 * What the client speaks, into the follower, and the subprotocol that the
 * answer names (NULL: none).  NGX_OK, or an HTTP status.
 */

ngx_int_t ngx_thread_ws_upgrade_protocol(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_thread_ws_follower_t *follower,
    ngx_str_t **subprotocol);

/* what thread_ws_origins says */

#define NGX_THREAD_WS_ORIGINS_SAME  0
#define NGX_THREAD_WS_ORIGINS_ANY   1
#define NGX_THREAD_WS_ORIGINS_LIST  2

/* NGX_OK, or NGX_DECLINED: 403 */

ngx_int_t ngx_thread_ws_origin_check(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf);


#endif /* _NGX_THREAD_WS_UPGRADE_H_INCLUDED_ */
