
/*
 * The store "memory": threads in the zone, seen by all workers.  Every
 * operation is done at once, under the zone's lock.
 */


#include "store/ngx_thread_ws_store_memory.h"
#include "store/ngx_thread_ws_store_memory_private.h"
#include "store/ngx_thread_ws_shelf.h"
#include "observe/ngx_thread_ws_observe.h"


static void ngx_thread_ws_store_memory_rebuild(ngx_thread_ws_blocks_t *pool);
static ngx_int_t ngx_thread_ws_store_memory_evict(
    ngx_thread_ws_blocks_t *pool);
static void ngx_thread_ws_store_memory_told(void);
static void ngx_thread_ws_store_memory_seen(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_store_op_t *op);

static ngx_int_t ngx_thread_ws_store_memory_load(ngx_thread_ws_store_op_t *op);
static ngx_uint_t ngx_thread_ws_store_memory_superseded(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_thread_t *thread,
    ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_store_memory_append(
    ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_store_memory_page(ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_store_memory_remove(
    ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_store_memory_abandon(ngx_thread_ws_store_op_t *op);

static ngx_int_t ngx_thread_ws_store_memory_read(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_store_op_t *op,
    ngx_uint_t least);
static ngx_int_t ngx_thread_ws_store_memory_before(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_thread_t *thread,
    ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_store_memory_found(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_store_op_t *op);


static ngx_thread_ws_store_driver_t  ngx_thread_ws_store_memory_driver = {
    ngx_string("memory"),
    ngx_thread_ws_store_memory_load,
    ngx_thread_ws_store_memory_append,
    ngx_thread_ws_store_memory_page,
    ngx_thread_ws_store_memory_remove,
    ngx_thread_ws_store_memory_list,
    ngx_thread_ws_store_memory_entitle,
    ngx_thread_ws_store_memory_erase,
    ngx_thread_ws_store_memory_abandon
};


static ngx_thread_ws_blocks_user_t  ngx_thread_ws_store_memory_user = {
    ngx_thread_ws_store_memory_rebuild,
    ngx_thread_ws_store_memory_evict,
    ngx_thread_ws_store_memory_told
};

/* what went for tapes and was not told yet */

static ngx_thread_ws_shelf_gone_t  ngx_thread_ws_store_memory_gone;

ngx_thread_ws_store_t  ngx_thread_ws_store_memory = {
    &ngx_thread_ws_store_memory_driver, ngx_null_string, 1, 1
};


ngx_int_t
ngx_thread_ws_store_memory_init(ngx_thread_ws_zone_t *zone)
{
    zone->sh->memory = ngx_thread_ws_shelf_create(zone->shpool,
                                                  zone->sh->blocks);

    return zone->sh->memory ? NGX_OK : NGX_ERROR;
}


void
ngx_thread_ws_store_memory_init_process(void)
{
    ngx_thread_ws_blocks_user = &ngx_thread_ws_store_memory_user;
}


static void
ngx_thread_ws_store_memory_rebuild(ngx_thread_ws_blocks_t *pool)
{
    ngx_thread_ws_shelf_rebuild(ngx_thread_ws_zone->sh->memory);
}


/* for the tapes of runs, which are not the store's */

static ngx_int_t
ngx_thread_ws_store_memory_evict(ngx_thread_ws_blocks_t *pool)
{
    return ngx_thread_ws_shelf_evict(ngx_thread_ws_zone->sh->memory,
                                     &ngx_thread_ws_store_memory_gone);
}


static void
ngx_thread_ws_store_memory_told(void)
{
    ngx_thread_ws_store_memory_tell(&ngx_thread_ws_store_memory_gone);

    ngx_thread_ws_store_memory_gone.n = 0;
}


ngx_thread_ws_shelf_t *
ngx_thread_ws_store_memory_enter(ngx_thread_ws_store_op_t *op,
    ngx_thread_ws_shelf_key_t *key)
{
    ngx_thread_ws_shelf_t  *shelf;

    if (ngx_thread_ws_zone == NULL) {
        ngx_log_error(NGX_LOG_ERR, op->log, 0,
                      "the store \"memory\" needs \"thread_ws_zone\"");

        op->status = NGX_ERROR;
        return NULL;
    }

    shelf = ngx_thread_ws_zone->sh->memory;

    ngx_thread_ws_shelf_key(shelf, key, &op->owner, &op->thread_id);

    ngx_shmtx_lock(&ngx_thread_ws_zone->shpool->mutex);

    if (ngx_thread_ws_shelf_enter(shelf)) {
        ngx_log_error(NGX_LOG_WARN, op->log, 0,
                      "thread_ws_zone \"%V\" was rebuilt: a process died "
                      "while it changed it",
                      &ngx_thread_ws_zone->shm_zone->shm.name);
    }

    return shelf;
}


void
ngx_thread_ws_store_memory_leave(ngx_thread_ws_shelf_t *shelf)
{
    ngx_thread_ws_shelf_leave(shelf);

    ngx_shmtx_unlock(&ngx_thread_ws_zone->shpool->mutex);
}


/* logs write to files: not under the lock */

void
ngx_thread_ws_store_memory_tell(ngx_thread_ws_shelf_gone_t *gone)
{
    ngx_str_t   id;
    ngx_uint_t  i;

    for (i = 0; i < gone->n; i++) {

        if (i < NGX_THREAD_WS_SHELF_GONE) {
            id.len = gone->threads[i].len;
            id.data = gone->threads[i].id;

            ngx_thread_ws_observe_evicted(&id, gone->threads[i].nruns);

        } else {
            ngx_str_null(&id);
            ngx_thread_ws_observe_evicted(&id, 0);
        }
    }
}


/* what is told of a thread that was found, or was not (NULL) */

static void
ngx_thread_ws_store_memory_seen(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_store_op_t *op)
{
    op->generation = ngx_thread_ws_shelf_generation(shelf, thread);
    op->began = thread ? thread->began << 1 : 0;
}


static ngx_int_t
ngx_thread_ws_store_memory_load(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_shelf_key_t         key;
    ngx_thread_ws_shelf_thread_t     *thread;
    ngx_thread_ws_shelf_t            *shelf;

    shelf = ngx_thread_ws_store_memory_enter(op, &key);
    if (shelf == NULL) {
        return NGX_OK;
    }

    thread = ngx_thread_ws_shelf_find(shelf, &key);

    op->status = NGX_OK;

    if (ngx_thread_ws_shelf_deleted(shelf, &key, thread, op->known)) {
        op->status = NGX_ABORT;

    } else if (thread) {

        if (ngx_thread_ws_shelf_anew(thread, op->known)) {
            op->after = 0;
        }

        if (op->after && op->after < thread->turn) {
            op->after = 0;
            op->anew = 1;
        }

        if (op->request_id.len) {
            op->status = ngx_thread_ws_store_memory_found(shelf, thread,
                                                          op);
        }

        if (op->status == NGX_OK) {
            op->status = ngx_thread_ws_store_memory_before(shelf, thread, op);
        }

        if (op->status == NGX_OK && op->limit) {
            op->status = ngx_thread_ws_store_memory_read(shelf, thread, op,
                                                         0);
        }

    } else if (op->replaces) {
        op->status = NGX_DECLINED;
    }

    ngx_thread_ws_store_memory_seen(shelf, thread, op);

    ngx_thread_ws_store_memory_leave(shelf);

    return NGX_OK;
}


/* the run is there already, or the one that is to give way to it is no more */

static ngx_uint_t
ngx_thread_ws_store_memory_superseded(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_store_op_t *op)
{
    ngx_str_t  *replaces;

    replaces = op->record.extra ? &op->record.extra->replaces : NULL;

    if (thread == NULL) {
        return replaces && replaces->len;
    }

    return ngx_thread_ws_shelf_find_run(shelf, thread, &op->record.request_id)
           != NULL
           || (replaces && replaces->len
               && ngx_thread_ws_shelf_find_run(shelf, thread, replaces)
                  == NULL);
}


static ngx_int_t
ngx_thread_ws_store_memory_append(ngx_thread_ws_store_op_t *op)
{
    ngx_time_t                       *tp;
    ngx_uint_t                        large;
    ngx_thread_ws_shelf_key_t         key;
    ngx_thread_ws_shelf_gone_t        gone;
    ngx_thread_ws_shelf_thread_t     *thread;
    ngx_thread_ws_shelf_t            *shelf;

    shelf = ngx_thread_ws_store_memory_enter(op, &key);
    if (shelf == NULL) {
        return NGX_OK;
    }

    gone.n = 0;
    large = 0;

    thread = ngx_thread_ws_shelf_find(shelf, &key);

    if ((op->claim && ngx_thread_ws_registry_deleted(op->claim))
        || ngx_thread_ws_shelf_deleted(shelf, &key, thread, op->known))
    {
        op->status = NGX_ABORT;

    } else if (ngx_thread_ws_store_memory_superseded(shelf, thread, op)) {
        op->status = NGX_DECLINED;

    } else {
        tp = ngx_timeofday();
        op->record.created = (uint64_t) tp->sec * 1000 + tp->msec;

        op->status = ngx_thread_ws_shelf_append(shelf, &key, &thread,
                                                &op->record, &gone);
        large = (op->status != NGX_OK);
    }

    ngx_thread_ws_store_memory_seen(shelf, thread, op);

    ngx_thread_ws_store_memory_leave(shelf);
    ngx_thread_ws_store_memory_tell(&gone);

    if (large) {
        ngx_log_error(NGX_LOG_ERR, op->log, 0,
                      "a run of %uz bytes is too large for thread_ws_zone "
                      "\"%V\", of which one thread may fill a quarter",
                      ngx_thread_ws_record_size(&op->record),
                      &ngx_thread_ws_zone->shm_zone->shm.name);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_store_memory_page(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_shelf_key_t         key;
    ngx_thread_ws_shelf_thread_t     *thread;
    ngx_thread_ws_shelf_t            *shelf;

    shelf = ngx_thread_ws_store_memory_enter(op, &key);
    if (shelf == NULL) {
        return NGX_OK;
    }

    thread = ngx_thread_ws_shelf_find(shelf, &key);

    if (thread == NULL || thread->nruns == 0) {
        op->status = NGX_DECLINED;

    } else {
        op->after = 0;
        op->status = ngx_thread_ws_store_memory_read(shelf, thread, op, 1);
    }

    ngx_thread_ws_store_memory_leave(shelf);

    return NGX_OK;
}


/*
 * Runs under way are told by their claims, in whatever worker.  Where there are
 * none and nothing is stored, there is nothing to delete: ids that never were
 * leave no trace.
 */

static ngx_int_t
ngx_thread_ws_store_memory_remove(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_shelf_key_t         key;
    ngx_thread_ws_shelf_thread_t     *thread;
    ngx_thread_ws_shelf_t            *shelf;

    shelf = ngx_thread_ws_store_memory_enter(op, &key);
    if (shelf == NULL) {
        return NGX_OK;
    }

    thread = ngx_thread_ws_shelf_find(shelf, &key);

    op->status = (thread && thread->nruns) ? NGX_OK : NGX_DECLINED;

    if (thread) {
        ngx_thread_ws_shelf_remove(shelf, &key, thread);
    }

    if (ngx_thread_ws_registry_delete(&op->owner, &op->thread_id)
        && thread == NULL)
    {
        ngx_thread_ws_shelf_remove(shelf, &key, NULL);
    }

    ngx_thread_ws_store_memory_leave(shelf);

    return NGX_OK;
}


static void
ngx_thread_ws_store_memory_abandon(ngx_thread_ws_store_op_t *op)
{
    /* nothing is ever under way */
}


/*
 * The runs that op asks for, newest first, at least so many if there are, and
 * the newest in any case if it has told more than text: it may have calls that
 * are open.
 */

static ngx_int_t
ngx_thread_ws_store_memory_read(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_store_op_t *op,
    ngx_uint_t least)
{
    size_t                      size;
    ngx_uint_t                  i, n;
    ngx_thread_ws_record_t     *records;
    ngx_thread_ws_shelf_run_t  *run, *newest;

    newest = ngx_thread_ws_shelf_before(shelf, thread, op->before);

    size = 0;
    n = 0;

    for (run = newest;
         run && run->seq > op->after && n < op->limit;
         run = ngx_thread_ws_shelf_older(shelf, run))
    {
        size += ngx_thread_ws_shelf_size(run);

        if (op->bytes && size > op->bytes && n >= least
            && (n || run->told == 0))
        {
            break;
        }

        n++;
    }

    if (n == 0) {
        return NGX_OK;
    }

    if (ngx_array_init(&op->records, op->pool, n,
                       sizeof(ngx_thread_ws_record_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    records = op->records.elts;
    op->records.nelts = n;

    run = newest;

    for (i = n; i > 0; i--) {
        if (ngx_thread_ws_shelf_read(shelf, run, &records[i - 1], op->pool)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        run = ngx_thread_ws_shelf_older(shelf, run);
    }

    return NGX_OK;
}


/* a load reads all runs, or those before one that is to give way */

static ngx_int_t
ngx_thread_ws_store_memory_before(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_shelf_run_t  *run;

    op->before = 0;

    if (op->replaces == NULL) {
        return NGX_OK;
    }

    run = ngx_thread_ws_shelf_find_run(shelf, thread, op->replaces);

    if (run == NULL) {
        return NGX_DECLINED;
    }

    op->before = run->seq;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_store_memory_found(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_shelf_run_t  *run;

    run = ngx_thread_ws_shelf_find_run(shelf, thread, &op->request_id);

    if (run == NULL) {
        return NGX_OK;
    }

    op->found = ngx_palloc(op->pool, sizeof(ngx_thread_ws_record_t));
    if (op->found == NULL) {
        return NGX_ERROR;
    }

    return ngx_thread_ws_shelf_read(shelf, run, op->found, op->pool);
}
