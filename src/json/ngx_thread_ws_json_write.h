
/*
 * Trees to JSON as compact as it gets, on one line.
 */


#ifndef _NGX_THREAD_WS_JSON_WRITE_H_INCLUDED_
#define _NGX_THREAD_WS_JSON_WRITE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "base/ngx_thread_ws_bytes.h"


/*
 * Adds a value, whatever its root is: NGX_OK, or NGX_ERROR without memory.
 * Half surrogate pairs, as ngx_thread_ws_json_read() may leave them, become
 * U+FFFD; a real has as many digits as tell it from others.
 */

ngx_int_t ngx_thread_ws_json_write(ngx_thread_ws_bytes_t *bytes,
    json_t *value);

/* Adds plain text as the inside of a string, the same of half pairs. */

ngx_int_t ngx_thread_ws_json_write_text(ngx_thread_ws_bytes_t *bytes,
    const char *text, size_t len);


#endif /* _NGX_THREAD_WS_JSON_WRITE_H_INCLUDED_ */
