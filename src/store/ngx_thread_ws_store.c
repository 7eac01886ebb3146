
/*
 * The calls through a store's driver, and the two stores that need none: for
 * "off" the agent keeps the history itself, for "connection" it is what the
 * connection remembers, so that loading finds nothing new and appending always
 * succeeds.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/ngx_thread_ws_store.h"
#include "observe/ngx_thread_ws_observe.h"


typedef ngx_int_t (*ngx_thread_ws_store_call_pt)(ngx_thread_ws_store_op_t *op);


static ngx_int_t ngx_thread_ws_store_read(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op, ngx_uint_t operation);
static ngx_int_t ngx_thread_ws_store_call(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op, ngx_uint_t operation,
    ngx_thread_ws_store_call_pt call);
static void ngx_thread_ws_store_tell(ngx_thread_ws_store_op_t *op);

static ngx_int_t ngx_thread_ws_store_none_load(ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_store_none_append(ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_store_none_page(ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_store_none_list(ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_store_none_abandon(ngx_thread_ws_store_op_t *op);


static ngx_thread_ws_store_driver_t  ngx_thread_ws_store_none = {
    ngx_string("none"),
    ngx_thread_ws_store_none_load,
    ngx_thread_ws_store_none_append,
    ngx_thread_ws_store_none_page,
    ngx_thread_ws_store_none_page,
    ngx_thread_ws_store_none_list,
    ngx_thread_ws_store_none_page,
    ngx_thread_ws_store_none_list,
    ngx_thread_ws_store_none_abandon
};


ngx_thread_ws_store_t  ngx_thread_ws_store_off = {
    &ngx_thread_ws_store_none, ngx_null_string, 0, 0
};

ngx_thread_ws_store_t  ngx_thread_ws_store_connection = {
    &ngx_thread_ws_store_none, ngx_null_string, 1, 0
};


ngx_int_t
ngx_thread_ws_store_load(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op)
{
    return ngx_thread_ws_store_read(store, op, NGX_THREAD_WS_OPERATION_LOAD);
}


ngx_int_t
ngx_thread_ws_store_look(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op)
{
    op->request_id.len = 0;
    op->limit = 0;

    return ngx_thread_ws_store_read(store, op, NGX_THREAD_WS_OPERATION_OTHER);
}


ngx_int_t
ngx_thread_ws_store_page(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op)
{
    return ngx_thread_ws_store_read(store, op, NGX_THREAD_WS_OPERATION_PAGE);
}


static ngx_int_t
ngx_thread_ws_store_read(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op, ngx_uint_t operation)
{
    op->found = NULL;
    op->began = 0;
    op->anew = 0;

    ngx_memzero(&op->records, sizeof(ngx_array_t));

    return ngx_thread_ws_store_call(store, op, operation,
                                    operation == NGX_THREAD_WS_OPERATION_PAGE
                                    ? store->driver->page
                                    : store->driver->load);
}


ngx_int_t
ngx_thread_ws_store_append(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op)
{
    return ngx_thread_ws_store_call(store, op, NGX_THREAD_WS_OPERATION_APPEND,
                                    store->driver->append);
}


ngx_int_t
ngx_thread_ws_store_remove(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op)
{
    return ngx_thread_ws_store_call(store, op, NGX_THREAD_WS_OPERATION_REMOVE,
                                    store->driver->remove);
}


ngx_int_t
ngx_thread_ws_store_list(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op)
{
    return ngx_thread_ws_store_call(store, op, NGX_THREAD_WS_OPERATION_LIST,
                                    store->driver->list);
}


ngx_int_t
ngx_thread_ws_store_entitle(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op)
{
    return ngx_thread_ws_store_call(store, op, NGX_THREAD_WS_OPERATION_ENTITLE,
                                    store->driver->entitle);
}


ngx_int_t
ngx_thread_ws_store_erase(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op)
{
    return ngx_thread_ws_store_call(store, op, NGX_THREAD_WS_OPERATION_ERASE,
                                    store->driver->erase);
}


static ngx_int_t
ngx_thread_ws_store_call(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op, ngx_uint_t operation,
    ngx_thread_ws_store_call_pt call)
{
    ngx_int_t  rc;

    op->store = store;
    op->operation = operation;
    op->started = ngx_current_msec;

    rc = call(op);

    if (rc == NGX_OK) {
        ngx_thread_ws_store_tell(op);
    }

    return rc;
}


void
ngx_thread_ws_store_done(ngx_thread_ws_store_op_t *op, ngx_int_t status)
{
    op->status = status;

    ngx_thread_ws_store_tell(op);

    op->handler(op);
}


/* of stores that are reached for, and not of what a connection remembers */

static void
ngx_thread_ws_store_tell(ngx_thread_ws_store_op_t *op)
{
    if (op->store->shared) {
        ngx_thread_ws_observe_store(op->operation,
                                    ngx_current_msec - op->started,
                                    op->status == NGX_ERROR);
    }
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


/* an owner has no threads that somebody could find, and none to erase */

static ngx_int_t
ngx_thread_ws_store_none_list(ngx_thread_ws_store_op_t *op)
{
    op->status = NGX_OK;

    return NGX_OK;
}


static void
ngx_thread_ws_store_none_abandon(ngx_thread_ws_store_op_t *op)
{
}
