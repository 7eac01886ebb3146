
/*
 * A growing piece of memory, malloc's.
 */


#ifndef _NGX_THREAD_WS_BYTES_H_INCLUDED_
#define _NGX_THREAD_WS_BYTES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Zero it, add to it, free it.  data moves as it grows; len is the owner's to
 * set back, so that the memory serves again.
 */

typedef struct {
    u_char     *data;
    size_t      len;
    size_t      size;
} ngx_thread_ws_bytes_t;


/*
 * Adds a copy of len bytes at the end, of which none lie in bytes themselves;
 * the size is doubled as need be.  NGX_OK, or NGX_ERROR without memory: bytes
 * are what they were.
 */

ngx_int_t ngx_thread_ws_bytes_add(ngx_thread_ws_bytes_t *bytes, u_char *data,
    size_t len);

/*
 * Room for len bytes more, at bytes->data + bytes->len: NGX_OK or NGX_ERROR as
 * above.
 */

ngx_int_t ngx_thread_ws_bytes_room(ngx_thread_ws_bytes_t *bytes, size_t len);

/* Frees the memory; bytes are as zeroed. */

void ngx_thread_ws_bytes_free(ngx_thread_ws_bytes_t *bytes);


#endif /* _NGX_THREAD_WS_BYTES_H_INCLUDED_ */
