
/*
 * Blocks of output.  Those of the usual size go round through a short list of
 * the worker's, so that a client owns none while nothing waits for it.
 */


#include "conn/ngx_thread_ws_block.h"


#define NGX_THREAD_WS_BLOCKS_KEPT  64


static ngx_thread_ws_block_t  *ngx_thread_ws_blocks;
static ngx_uint_t              ngx_thread_ws_nblocks;


/* an empty one with room for size bytes, NULL without memory */

static ngx_inline ngx_thread_ws_block_t *
ngx_thread_ws_block_get(size_t size)
{
    ngx_thread_ws_block_t  *block;

    if (size <= NGX_THREAD_WS_BLOCK_SIZE && ngx_thread_ws_blocks) {
        block = ngx_thread_ws_blocks;
        ngx_thread_ws_blocks = block->next;
        ngx_thread_ws_nblocks--;

    } else {
        size = ngx_max(size, NGX_THREAD_WS_BLOCK_SIZE);

        block = ngx_alloc(sizeof(ngx_thread_ws_block_t) + size,
                          ngx_cycle->log);
        if (block == NULL) {
            return NULL;
        }

        block->end = (u_char *) (block + 1) + size;
    }

    block->next = NULL;
    block->pos = (u_char *) (block + 1);
    block->last = block->pos;

    return block;
}


ngx_thread_ws_block_t *
ngx_thread_ws_block_add(ngx_thread_ws_block_t **first,
    ngx_thread_ws_block_t **last, size_t size)
{
    ngx_thread_ws_block_t  *block;

    block = ngx_thread_ws_block_get(size);
    if (block == NULL) {
        return NULL;
    }

    if (*last) {
        (*last)->next = block;

    } else {
        *first = block;
    }

    *last = block;

    return block;
}


void
ngx_thread_ws_block_put(ngx_thread_ws_block_t *block)
{
    if (block->end - (u_char *) (block + 1) != NGX_THREAD_WS_BLOCK_SIZE
        || ngx_thread_ws_nblocks == NGX_THREAD_WS_BLOCKS_KEPT)
    {
        ngx_free(block);
        return;
    }

    block->next = ngx_thread_ws_blocks;
    ngx_thread_ws_blocks = block;
    ngx_thread_ws_nblocks++;
}
