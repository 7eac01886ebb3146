
/*
 * Stores in PostgreSQL.
 */


#ifndef _NGX_THREAD_WS_STORE_POSTGRES_H_INCLUDED_
#define _NGX_THREAD_WS_STORE_POSTGRES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/ngx_thread_ws_store.h"


/*
 * Makes a store, at configuration: conninfo is a libpq connection string or
 * URI, pool the connections of each worker at most, timeout (ms) bounds each
 * operation, waiting for a connection included.  resolver, with its timeout,
 * may be set until all is merged.  stores, zeroed at first, holds all that were
 * made; equal settings share one.  NULL with an emerg line that names the
 * directive.
 */

ngx_thread_ws_store_t *ngx_thread_ws_store_postgres_create(ngx_conf_t *cf,
    ngx_array_t *stores, ngx_str_t *conninfo, ngx_uint_t pool,
    ngx_msec_t timeout, ngx_resolver_t **resolver,
    ngx_msec_t *resolver_timeout);

/* when all is merged: whether hosts have addresses, or may come to have some */

ngx_int_t ngx_thread_ws_store_postgres_check(ngx_conf_t *cf,
    ngx_array_t *stores);

/*
 * For all of them, at the worker's start and exit: pools, timers; closes
 * libpq's sockets.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_store_postgres_init_process(ngx_cycle_t *cycle,
    ngx_array_t *stores);
void ngx_thread_ws_store_postgres_exit_process(ngx_array_t *stores);


#endif /* _NGX_THREAD_WS_STORE_POSTGRES_H_INCLUDED_ */
