
/*
 * The stores that outlive connections.
 */


#ifndef _NGX_THREAD_WS_STORE_DRIVERS_H_INCLUDED_
#define _NGX_THREAD_WS_STORE_DRIVERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/ngx_thread_ws_store.h"


/* threads in the zone, shared by the workers; works only where there is one */

extern ngx_thread_ws_store_t  ngx_thread_ws_store_memory;


/*
 * Makes a PostgreSQL store, at configuration: conninfo is a libpq connection
 * string or URI, pool the connections of each worker at most, timeout (ms)
 * bounds each operation, waiting for a connection included.  Equal settings
 * share one store.  NULL with an emerg line naming the directive.
 */

ngx_thread_ws_store_t *ngx_thread_ws_store_postgres_create(ngx_conf_t *cf,
    ngx_str_t *conninfo, ngx_uint_t pool, ngx_msec_t timeout);

/* at the worker's start and exit: pools, timers; closes libpq's sockets */

ngx_int_t ngx_thread_ws_store_postgres_init_process(ngx_cycle_t *cycle);
void ngx_thread_ws_store_postgres_exit_process(ngx_cycle_t *cycle);


#endif /* _NGX_THREAD_WS_STORE_DRIVERS_H_INCLUDED_ */
