
/*
 * Responses of our own content handlers: headers, and small texts that are sent
 * as a whole.
 */


#ifndef _NGX_THREAD_WS_RESPONSE_H_INCLUDED_
#define _NGX_THREAD_WS_RESPONSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Adds a header to the response: NGX_OK, or NGX_ERROR without memory.  Name and
 * value, of which the first ends with a zero byte, are not copied.
 */

ngx_int_t ngx_thread_ws_response_add(ngx_http_request_t *r, char *name,
    ngx_str_t *value);

/*
 * Sends the header of a response without a body.  Returns what a content
 * handler returns.
 */

ngx_int_t ngx_thread_ws_response_empty(ngx_http_request_t *r,
    ngx_uint_t status);

/*
 * Sends a whole response, with status 200 or that one; type and text, which may
 * be empty, stay where they are until r ends.  Returns what a content handler
 * returns.
 */

ngx_int_t ngx_thread_ws_response_text(ngx_http_request_t *r, ngx_str_t *type,
    ngx_str_t *text);
ngx_int_t ngx_thread_ws_response_whole(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *type, ngx_str_t *text);


#endif /* _NGX_THREAD_WS_RESPONSE_H_INCLUDED_ */
