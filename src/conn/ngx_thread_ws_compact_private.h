
/*
 * How a request is moved: twice by the same functions, the first time without a
 * pool, when nothing is copied and only sizes are added up.
 */


#ifndef _NGX_THREAD_WS_COMPACT_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_COMPACT_PRIVATE_H_INCLUDED_


#include "conn/ngx_thread_ws_compact.h"


/* zero it; then it is for one move */

typedef struct {
    ngx_pool_t                *pool;     /* NULL: sizes are added up */
    size_t                     size;
    ngx_str_t                  line;     /* the request line before ... */
    u_char                    *moved;    /* ... and after its move */
    ngx_thread_ws_compact_t    saved;    /* the variables, moved */
} ngx_thread_ws_compact_move_t;


/*
 * Makes r, a copy of the request from, independent of it.  NGX_OK, or NGX_ERROR
 * without memory.
 */

ngx_int_t ngx_thread_ws_compact_move(ngx_thread_ws_compact_move_t *move,
    ngx_http_request_t *from, ngx_http_request_t *r);

/* the same for its headers, of both directions */

ngx_int_t ngx_thread_ws_compact_headers(ngx_thread_ws_compact_move_t *move,
    ngx_http_request_t *from, ngx_http_request_t *r);

/* memory of the move's pool; NULL also without a pool */

void *ngx_thread_ws_compact_alloc(ngx_thread_ws_compact_move_t *move,
    size_t size);

/*
 * Moves len bytes, which may be a part of the request line; others are ended by
 * a NUL that does not count.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_compact_text(ngx_thread_ws_compact_move_t *move,
    u_char **data, size_t len);


#endif /* _NGX_THREAD_WS_COMPACT_PRIVATE_H_INCLUDED_ */
