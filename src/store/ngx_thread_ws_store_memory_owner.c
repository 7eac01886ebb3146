
/*
 * The store "memory": an owner's threads, what they are called, and all of them
 * at once gone.
 */


#include "store/ngx_thread_ws_store_memory.h"
#include "store/ngx_thread_ws_store_memory_private.h"
#include "store/ngx_thread_ws_shelf.h"


static ngx_int_t ngx_thread_ws_store_memory_listed(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_listed_t *listed,
    ngx_thread_ws_store_thread_t *thread, ngx_pool_t *pool);
static size_t ngx_thread_ws_store_memory_cut(u_char *text, size_t len);


ngx_int_t
ngx_thread_ws_store_memory_list(ngx_thread_ws_store_op_t *op)
{
    u_char                          *dash, *last;
    ngx_uint_t                       i, n;
    ngx_array_t                     *threads;
    ngx_thread_ws_shelf_t           *shelf;
    ngx_thread_ws_shelf_key_t        key;
    ngx_thread_ws_shelf_listed_t    *listed, before;

    threads = &op->list->threads;
    op->status = NGX_ERROR;

    listed = ngx_palloc(op->pool,
                        op->limit * sizeof(ngx_thread_ws_shelf_listed_t));

    if (listed == NULL
        || ngx_array_init(threads, op->pool, op->limit,
                          sizeof(ngx_thread_ws_store_thread_t))
           != NGX_OK)
    {
        return NGX_OK;
    }

    ngx_memzero(&before, sizeof(ngx_thread_ws_shelf_listed_t));

    if (op->list->cursor.len) {
        last = op->list->cursor.data + op->list->cursor.len;
        dash = ngx_strlchr(op->list->cursor.data, last, '-');

        before.updated = ngx_atoof(op->list->cursor.data,
                                   dash - op->list->cursor.data);
        before.began = ngx_atoof(dash + 1, last - dash - 1);
    }

    shelf = ngx_thread_ws_store_memory_enter(op, &key);
    if (shelf == NULL) {
        return NGX_OK;
    }

    n = ngx_thread_ws_shelf_list(shelf, &key, &before, listed, op->limit);

    op->status = NGX_OK;

    for (i = 0; i < n && op->status == NGX_OK; i++) {
        op->status = ngx_thread_ws_store_memory_listed(shelf, &listed[i],
                                                       ngx_array_push(threads),
                                                       op->pool);
    }

    ngx_thread_ws_store_memory_leave(shelf);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_store_memory_listed(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_listed_t *listed, ngx_thread_ws_store_thread_t *thread,
    ngx_pool_t *pool)
{
    u_char                        *p;
    size_t                         len;
    ngx_thread_ws_shelf_run_t     *run;
    ngx_thread_ws_shelf_thread_t  *t;

    t = listed->thread;

    /* a character has four bytes at most */

    p = ngx_pnalloc(pool, t->id_len + 4 * NGX_THREAD_WS_STORE_BEGINNING
                          + 2 * NGX_INT64_LEN + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    thread->updated = listed->updated;
    thread->nruns = t->nruns;

    thread->id.data = p;
    thread->id.len = t->id_len;
    p = ngx_cpymem(p, t->id, t->id_len);

    thread->cursor.data = p;
    p = ngx_sprintf(p, "%uL-%uL", listed->updated, listed->began);
    thread->cursor.len = p - thread->cursor.data;

    thread->title.data = p;
    len = ngx_thread_ws_shelf_title(shelf, t, p);

    if (len == 0) {
        run = ngx_thread_ws_shelf_first(shelf, t);

        len = ngx_thread_ws_shelf_beginning(shelf, run, p,
                                        4 * NGX_THREAD_WS_STORE_BEGINNING);
        len = ngx_thread_ws_store_memory_cut(p, len);
    }

    thread->title.len = len;

    return NGX_OK;
}


/* so many whole characters: a byte that continues one begins with 10 */

static size_t
ngx_thread_ws_store_memory_cut(u_char *text, size_t len)
{
    size_t      i, whole;
    ngx_uint_t  n;

    whole = 0;
    n = 0;

    for (i = 0; i < len; i++) {

        if ((text[i] & 0xc0) == 0x80) {
            continue;
        }

        whole = i;

        if (n++ == NGX_THREAD_WS_STORE_BEGINNING) {
            return whole;
        }
    }

    /* the last one may be cut off where there is as much as was asked for */

    return (len < 4 * NGX_THREAD_WS_STORE_BEGINNING) ? len : whole;
}


ngx_int_t
ngx_thread_ws_store_memory_entitle(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_shelf_t         *shelf;
    ngx_thread_ws_shelf_key_t      key;
    ngx_thread_ws_shelf_gone_t     gone;
    ngx_thread_ws_shelf_thread_t  *thread;

    shelf = ngx_thread_ws_store_memory_enter(op, &key);
    if (shelf == NULL) {
        return NGX_OK;
    }

    gone.n = 0;

    thread = ngx_thread_ws_shelf_find(shelf, &key);

    op->status = (thread && thread->nruns)
                 ? ngx_thread_ws_shelf_entitle(shelf, &key, thread,
                                               &op->list->title, &gone)
                 : NGX_DECLINED;

    ngx_thread_ws_store_memory_leave(shelf);
    ngx_thread_ws_store_memory_tell(&gone);

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_store_memory_erase(ngx_thread_ws_store_op_t *op)
{
    u_char                         buf[NGX_THREAD_WS_SHELF_ID];
    ngx_str_t                      id;
    ngx_thread_ws_shelf_t         *shelf;
    ngx_thread_ws_shelf_key_t      key;
    ngx_thread_ws_shelf_thread_t  *thread;

    shelf = ngx_thread_ws_store_memory_enter(op, &key);
    if (shelf == NULL) {
        return NGX_OK;
    }

    ngx_thread_ws_shelf_erased(shelf, &key);

    for ( ;; ) {
        thread = ngx_thread_ws_shelf_any(shelf, &key);

        if (thread == NULL) {
            break;
        }

        id.data = buf;
        id.len = thread->id_len;
        ngx_memcpy(buf, thread->id, thread->id_len);

        ngx_thread_ws_shelf_remove(shelf, &key, thread);
        (void) ngx_thread_ws_registry_delete(&op->owner, &id);
    }

    op->status = NGX_OK;

    ngx_thread_ws_store_memory_leave(shelf);

    return NGX_OK;
}
