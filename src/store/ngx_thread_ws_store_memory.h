
/*
 * The store "memory": threads in the zone, shared by the workers.
 */


#ifndef _NGX_THREAD_WS_STORE_MEMORY_H_INCLUDED_
#define _NGX_THREAD_WS_STORE_MEMORY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/ngx_thread_ws_store.h"
#include "zone/ngx_thread_ws_zone.h"


/* works only where there is a zone: elsewhere all its operations fail */

extern ngx_thread_ws_store_t  ngx_thread_ws_store_memory;

/* the zone's part: its tables; threads are in the zone's blocks */

ngx_int_t ngx_thread_ws_store_memory_init(ngx_thread_ws_zone_t *zone);

/* at the start of a worker, whatever it is configured for */

void ngx_thread_ws_store_memory_init_process(void);


#endif /* _NGX_THREAD_WS_STORE_MEMORY_H_INCLUDED_ */
