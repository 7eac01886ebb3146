
/*
 * Identity: the thread that a request names, and who owns it.
 */


#ifndef _NGX_THREAD_WS_IDENTITY_H_INCLUDED_
#define _NGX_THREAD_WS_IDENTITY_H_INCLUDED_


#include "ngx_thread_ws.h"


/*
 * The thread and its owner that a request names, as the location's settings
 * say.  NGX_OK; NGX_DECLINED when thread_id is missing or malformed (its len is
 * 0 then); or an HTTP status: 403 for a user that comes out empty or unfit,
 * 500 without memory.
 */

ngx_int_t ngx_thread_ws_identity(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_str_t *thread_id, ngx_str_t *owner);

/* the same for each alone, without a word in the log */

ngx_int_t ngx_thread_ws_identity_owner(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_str_t *owner);
ngx_int_t ngx_thread_ws_identity_thread(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_str_t *thread_id);

/* whether it names one, if one that there cannot be, or none */

ngx_uint_t ngx_thread_ws_identity_malformed(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf);

/* a thread that is not named: what the close frame says; a line in the log */

#define NGX_THREAD_WS_UNNAMED  "threadId is missing or malformed"

void ngx_thread_ws_identity_blame(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf);


#endif /* _NGX_THREAD_WS_IDENTITY_H_INCLUDED_ */
