
/*
 * The calls through a store's driver, and the two stores that need none: for
 * "off" the agent keeps the history itself, for "connection" it is what the
 * connection remembers, so that loading finds nothing new and appending always
 * succeeds.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/ngx_thread_ws_store.h"


static ngx_int_t ngx_thread_ws_store_none_load(ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_store_none_append(ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_store_none_page(ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_store_none_abandon(ngx_thread_ws_store_op_t *op);


static ngx_thread_ws_store_driver_t  ngx_thread_ws_store_none = {
    ngx_string("none"),
    ngx_thread_ws_store_none_load,
    ngx_thread_ws_store_none_append,
    ngx_thread_ws_store_none_page,
    ngx_thread_ws_store_none_page,
    ngx_thread_ws_store_none_abandon
};


ngx_thread_ws_store_t  ngx_thread_ws_store_off = {
    &ngx_thread_ws_store_none, NULL, 0, 0
};

ngx_thread_ws_store_t  ngx_thread_ws_store_connection = {
    &ngx_thread_ws_store_none, NULL, 1, 0
};


ngx_int_t
ngx_thread_ws_store_load(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op)
{
    op->store = store;
    op->found = NULL;
    op->generation = NGX_THREAD_WS_STORE_FIRST_GENERATION;

    ngx_memzero(&op->records, sizeof(ngx_array_t));

    return store->driver->load(op);
}


ngx_int_t
ngx_thread_ws_store_append(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op)
{
    op->store = store;

    return store->driver->append(op);
}


ngx_int_t
ngx_thread_ws_store_page(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op)
{
    op->store = store;
    op->generation = NGX_THREAD_WS_STORE_FIRST_GENERATION;

    ngx_memzero(&op->records, sizeof(ngx_array_t));

    return store->driver->page(op);
}


ngx_int_t
ngx_thread_ws_store_remove(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op)
{
    op->store = store;

    return store->driver->remove(op);
}


void
ngx_thread_ws_store_abandon(ngx_thread_ws_store_op_t *op)
{
    op->store->driver->abandon(op);
}


static ngx_int_t
ngx_thread_ws_store_none_load(ngx_thread_ws_store_op_t *op)
{
    op->status = NGX_OK;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_store_none_append(ngx_thread_ws_store_op_t *op)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    op->record.created = (uint64_t) tp->sec * 1000 + tp->msec;
    op->record.seq = 0;
    op->status = NGX_OK;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_store_none_page(ngx_thread_ws_store_op_t *op)
{
    op->status = NGX_DECLINED;

    return NGX_OK;
}


static void
ngx_thread_ws_store_none_abandon(ngx_thread_ws_store_op_t *op)
{
}
