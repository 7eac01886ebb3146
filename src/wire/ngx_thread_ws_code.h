
/*
 * The errors that a client is told: their names, the words for people and
 * whether the same message may be sent again, as docs/protocol.md has them.
 */


#ifndef _NGX_THREAD_WS_CODE_H_INCLUDED_
#define _NGX_THREAD_WS_CODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_THREAD_WS_OK = 0,
    NGX_THREAD_WS_INVALID_JSON,
    NGX_THREAD_WS_INVALID_MESSAGE,
    NGX_THREAD_WS_DUPLICATE_REQUEST,
    NGX_THREAD_WS_SUPERSEDED,
    NGX_THREAD_WS_FORBIDDEN,
    NGX_THREAD_WS_RATE_LIMITED,
    NGX_THREAD_WS_BUSY,
    NGX_THREAD_WS_UPSTREAM_UNAVAILABLE,
    NGX_THREAD_WS_UPSTREAM_RATE_LIMITED,
    NGX_THREAD_WS_UPSTREAM_REJECTED,
    NGX_THREAD_WS_UPSTREAM_REFUSED,
    NGX_THREAD_WS_UPSTREAM_FAILED,
    NGX_THREAD_WS_UPSTREAM_TIMEOUT,
    NGX_THREAD_WS_RESPONSE_TOO_LARGE,
    NGX_THREAD_WS_STORE_UNAVAILABLE,
    NGX_THREAD_WS_THREAD_DELETED,
    NGX_THREAD_WS_RUN_LOST,
    NGX_THREAD_WS_SHUTTING_DOWN,
    NGX_THREAD_WS_NCODES
} ngx_thread_ws_code_e;


typedef struct {
    ngx_str_t                  name;
    ngx_str_t                  text;         /* for people */
    ngx_uint_t                 retryable;    /* unsigned  retryable:1 */
} ngx_thread_ws_code_t;

/* by ngx_thread_ws_code_e; that of OK is empty */

extern ngx_thread_ws_code_t  ngx_thread_ws_codes[];


#endif /* _NGX_THREAD_WS_CODE_H_INCLUDED_ */
