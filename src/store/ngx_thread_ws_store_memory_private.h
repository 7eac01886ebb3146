
/*
 * What the files of the store "memory" share.
 */


#ifndef _NGX_THREAD_WS_STORE_MEMORY_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_STORE_MEMORY_PRIVATE_H_INCLUDED_


#include "store/ngx_thread_ws_store.h"
#include "store/ngx_thread_ws_shelf.h"


/*
 * The shelf under the zone's lock, and op's key; NULL: op has failed.  tell
 * says, without the lock, what went for want of room.
 */

ngx_thread_ws_shelf_t *ngx_thread_ws_store_memory_enter(
    ngx_thread_ws_store_op_t *op, ngx_thread_ws_shelf_key_t *key);
void ngx_thread_ws_store_memory_leave(ngx_thread_ws_shelf_t *shelf);
void ngx_thread_ws_store_memory_tell(ngx_thread_ws_shelf_gone_t *gone);

/* the driver's operations on all threads of an owner, and on titles */

ngx_int_t ngx_thread_ws_store_memory_list(ngx_thread_ws_store_op_t *op);
ngx_int_t ngx_thread_ws_store_memory_entitle(ngx_thread_ws_store_op_t *op);
ngx_int_t ngx_thread_ws_store_memory_erase(ngx_thread_ws_store_op_t *op);


#endif /* _NGX_THREAD_WS_STORE_MEMORY_PRIVATE_H_INCLUDED_ */
