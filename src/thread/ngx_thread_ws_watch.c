
/*
 * Whether a thread was deleted, by whatever worker or machine: the store is
 * asked for the thread's generation when somebody begins to follow it, and with
 * each ping whether the thread was deleted since.
 */


#include "thread/ngx_thread_ws_thread_private.h"


struct ngx_thread_ws_watch_s {
    ngx_pool_t                *pool;
    ngx_thread_ws_thread_t    *thread;
    ngx_uint_t                 again;        /* unsigned  again:1; for what was
                                                deleted since it was asked */
    ngx_thread_ws_store_op_t   op;
};


static void ngx_thread_ws_watch_handler(ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_watch_done(ngx_thread_ws_watch_t *watch);


void
ngx_thread_ws_thread_watch_again(ngx_thread_ws_thread_t *thread)
{
    if (thread->watch) {
        thread->watch->again = 1;
        return;
    }

    ngx_thread_ws_thread_watch(thread);
}


void
ngx_thread_ws_thread_watch(ngx_thread_ws_thread_t *thread)
{
    ngx_pool_t                *pool;
    ngx_thread_ws_watch_t     *watch;
    ngx_thread_ws_store_op_t  *op;

    if (!thread->store->shared || thread->watch) {
        return;
    }

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return;
    }

    watch = ngx_pcalloc(pool, sizeof(ngx_thread_ws_watch_t));
    if (watch == NULL) {
        ngx_destroy_pool(pool);
        return;
    }

    watch->pool = pool;
    watch->thread = thread;

    op = &watch->op;
    op->pool = pool;
    op->log = ngx_cycle->log;
    op->owner = thread->owner;
    op->thread_id = thread->id;
    op->known = thread->context.generation;
    op->handler = ngx_thread_ws_watch_handler;
    op->data = watch;

    thread->watch = watch;

    if (ngx_thread_ws_store_look(thread->store, op) == NGX_AGAIN) {
        return;
    }

    ngx_thread_ws_watch_done(watch);
}


static void
ngx_thread_ws_watch_handler(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_watch_done(op->data);
}


/* a store that cannot be reached says nothing of the thread */

static void
ngx_thread_ws_watch_done(ngx_thread_ws_watch_t *watch)
{
    ngx_int_t                rc;
    ngx_uint_t               again;
    ngx_thread_ws_thread_t  *thread;

    thread = watch->thread;
    thread->watch = NULL;

    again = watch->again;
    rc = NGX_OK;

    if (watch->op.status == NGX_OK || watch->op.status == NGX_ABORT) {
        rc = ngx_thread_ws_thread_generation(thread, &watch->op);
    }

    ngx_destroy_pool(watch->pool);

    if (again && rc == NGX_OK) {
        ngx_thread_ws_thread_watch(thread);
    }
}


void
ngx_thread_ws_watch_free(ngx_thread_ws_thread_t *thread)
{
    ngx_thread_ws_watch_t  *watch;

    watch = thread->watch;

    if (watch) {
        thread->watch = NULL;
        ngx_thread_ws_store_abandon(&watch->op);
        ngx_destroy_pool(watch->pool);
    }
}
