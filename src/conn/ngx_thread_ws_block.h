
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


/*
 * An empty one with room for size bytes, at the end of a list, which may be
 * empty: NULL without memory; gives one back, which is in no list.
 */

ngx_thread_ws_block_t *ngx_thread_ws_block_add(ngx_thread_ws_block_t **first,
    ngx_thread_ws_block_t **last, size_t size);
void ngx_thread_ws_block_put(ngx_thread_ws_block_t *block);


#endif /* _NGX_THREAD_WS_BLOCK_H_INCLUDED_ */
