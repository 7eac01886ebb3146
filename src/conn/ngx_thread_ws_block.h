
/*
 * Blocks of output: bytes that wait for a client.
 */


#ifndef _NGX_THREAD_WS_BLOCK_H_INCLUDED_
#define _NGX_THREAD_WS_BLOCK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_THREAD_WS_BLOCK_SIZE  16384


typedef struct ngx_thread_ws_block_s  ngx_thread_ws_block_t;

struct ngx_thread_ws_block_s {
    ngx_thread_ws_block_t  *next;
    u_char                 *pos;
    u_char                 *last;
    u_char                 *end;
};


/* an empty one with room for size bytes, NULL without memory; gives it back */

ngx_thread_ws_block_t *ngx_thread_ws_block_get(size_t size);
void ngx_thread_ws_block_put(ngx_thread_ws_block_t *block);


#endif /* _NGX_THREAD_WS_BLOCK_H_INCLUDED_ */
