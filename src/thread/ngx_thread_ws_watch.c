
/*
 * Whether a connection's thread was deleted, by whatever worker or machine: the
 * store is asked for the thread's generation when the connection opens, and
 * with each ping.
 */


#include "conn/ngx_thread_ws_conn.h"


typedef struct {
    ngx_pool_t                *pool;
    ngx_thread_ws_conn_t      *conn;
    ngx_thread_ws_store_op_t   op;
} ngx_thread_ws_watch_t;


static void ngx_thread_ws_watch_handler(ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_watch_done(ngx_thread_ws_watch_t *watch);


void
ngx_thread_ws_watch(ngx_thread_ws_conn_t *conn)
{
    ngx_pool_t                *pool;
    ngx_thread_ws_watch_t     *watch;
    ngx_thread_ws_store_op_t  *op;

    if (!conn->conf->store->shared || conn->watch || conn->close_sent) {
        return;
    }

    pool = ngx_create_pool(1024, conn->connection->log);
    if (pool == NULL) {
        return;
    }

    watch = ngx_pcalloc(pool, sizeof(ngx_thread_ws_watch_t));
    if (watch == NULL) {
        ngx_destroy_pool(pool);
        return;
    }

    watch->pool = pool;
    watch->conn = conn;

    op = &watch->op;
    op->pool = pool;
    op->log = conn->connection->log;
    op->owner = conn->subject.owner;
    op->thread_id = conn->subject.thread_id;
    op->handler = ngx_thread_ws_watch_handler;
    op->data = watch;

    conn->watch = watch;

    if (ngx_thread_ws_store_look(conn->conf->store, op) == NGX_AGAIN) {
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
    ngx_thread_ws_conn_t  *conn;

    conn = watch->conn;
    conn->watch = NULL;

    if (watch->op.status == NGX_OK) {
        (void) ngx_thread_ws_conn_generation(conn, watch->op.generation);
    }

    ngx_destroy_pool(watch->pool);
}


void
ngx_thread_ws_watch_free(ngx_thread_ws_conn_t *conn)
{
    ngx_thread_ws_watch_t  *watch;

    watch = conn->watch;

    if (watch) {
        conn->watch = NULL;
        ngx_thread_ws_store_abandon(&watch->op);
        ngx_destroy_pool(watch->pool);
    }
}
