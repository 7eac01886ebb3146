
/*
 * What a client says by HTTP, without a WebSocket: the body of a POST as the
 * text of a command, and the place from which it hears on.
 */


#ifndef _NGX_THREAD_WS_POST_H_INCLUDED_
#define _NGX_THREAD_WS_POST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "base/ngx_thread_ws_bytes.h"


/*
 * Adds to text the command that a body means: a message, whose type need not be
 * said, and whose threadId is the one given, where this has a length and the
 * body names none.  What is no object is added as it stands.  NGX_OK, or
 * NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_post_text(ngx_thread_ws_bytes_t *text,
    ngx_str_t *body, ngx_str_t *thread_id);

/*
 * A place, as the id of an SSE event has it: a position, and after a space the
 * run that it is of, where that does not go without saying; and its text, of at
 * most NGX_THREAD_WS_PLACE_MAX bytes, whose end is returned.  NGX_OK, or
 * NGX_DECLINED for what is none; request_id is of the value, or empty.
 */

#define NGX_THREAD_WS_PLACE_MAX  (NGX_SIZE_T_LEN + 1 + 128)

ngx_int_t ngx_thread_ws_place_read(ngx_str_t *value, size_t *position,
    ngx_str_t *request_id);
u_char *ngx_thread_ws_place_write(u_char *dst, size_t position,
    ngx_str_t *request_id);


#endif /* _NGX_THREAD_WS_POST_H_INCLUDED_ */
