
/*
 * A message that its client names by an id of its own: which run of the history
 * answers it.  Clients that know only that id edit a message, or want another
 * answer to it; the run is among the newest as a rule.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include "base/ngx_thread_ws_string.h"
#include "store/ngx_thread_ws_extra.h"
#include "wire/ngx_thread_ws_wire_history.h"


/* runs that are read at once, bytes of all of them */

#define NGX_THREAD_WS_FIND_RUNS   32
#define NGX_THREAD_WS_FIND_BYTES  262144


static void ngx_thread_ws_find_remembered(ngx_thread_ws_find_t *find);
static ngx_int_t ngx_thread_ws_find_page(ngx_thread_ws_find_t *find,
    uint64_t before);
static void ngx_thread_ws_find_handler(ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_find_next(ngx_thread_ws_find_t *find);
static ngx_uint_t ngx_thread_ws_find_is(ngx_thread_ws_find_t *find,
    ngx_str_t *request_id, ngx_thread_ws_extra_t *extra);


ngx_int_t
ngx_thread_ws_find(ngx_thread_ws_find_t *find)
{
    find->status = NGX_DECLINED;
    find->page = NULL;

    if (!find->thread->store->shared) {
        ngx_thread_ws_find_remembered(find);
        return NGX_OK;
    }

    return ngx_thread_ws_find_page(find, 0);
}


void
ngx_thread_ws_find_free(ngx_thread_ws_find_t *find)
{
    if (find->page) {
        ngx_thread_ws_store_abandon(&find->op);
        ngx_destroy_pool(find->page);
        find->page = NULL;
    }
}


/* there is no store but the thread's own memory */

static void
ngx_thread_ws_find_remembered(ngx_thread_ws_find_t *find)
{
    ngx_queue_t             *q, *runs;
    ngx_thread_ws_recent_t  *recent;

    runs = &find->thread->context.runs;

    for (q = ngx_queue_last(runs);
         q != ngx_queue_sentinel(runs);
         q = ngx_queue_prev(q))
    {
        recent = ngx_queue_data(q, ngx_thread_ws_recent_t, queue);

        if (ngx_thread_ws_find_is(find, &recent->request_id, recent->extra)) {
            return;
        }
    }
}


/* reads on, with runs older than that: NGX_OK or NGX_AGAIN */

static ngx_int_t
ngx_thread_ws_find_page(ngx_thread_ws_find_t *find, uint64_t before)
{
    ngx_int_t                  rc;
    ngx_thread_ws_store_op_t  *op;

    do {
        find->page = ngx_create_pool(4096, ngx_cycle->log);
        if (find->page == NULL) {
            find->status = NGX_ERROR;
            return NGX_OK;
        }

        op = &find->op;

        ngx_memzero(op, sizeof(ngx_thread_ws_store_op_t));

        op->pool = find->page;
        op->log = ngx_cycle->log;
        op->owner = find->thread->owner;
        op->thread_id = find->thread->id;
        op->before = before;
        op->limit = NGX_THREAD_WS_FIND_RUNS;
        op->bytes = NGX_THREAD_WS_FIND_BYTES;
        op->handler = ngx_thread_ws_find_handler;
        op->data = find;

        if (ngx_thread_ws_store_page(find->thread->store, op) == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        rc = ngx_thread_ws_find_next(find);
        before = op->before;

    } while (rc == NGX_AGAIN);

    return NGX_OK;
}


static void
ngx_thread_ws_find_handler(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_find_t  *find = op->data;

    if (ngx_thread_ws_find_next(find) == NGX_AGAIN
        && ngx_thread_ws_find_page(find, op->before) == NGX_AGAIN)
    {
        return;
    }

    find->handler(find->data);
}


/* looks through what was read: NGX_OK, or NGX_AGAIN if there may be more */

static ngx_int_t
ngx_thread_ws_find_next(ngx_thread_ws_find_t *find)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    ngx_thread_ws_record_t    *record;
    ngx_thread_ws_store_op_t  *op;

    op = &find->op;
    rc = NGX_OK;

    if (op->status != NGX_OK) {

        /* NGX_DECLINED: the thread has no runs */

        find->status = op->status;

    } else if (op->records.nelts) {
        record = op->records.elts;
        rc = NGX_AGAIN;

        for (i = op->records.nelts; i > 0; i--) {

            if (ngx_thread_ws_find_is(find, &record[i - 1].request_id,
                                      record[i - 1].extra))
            {
                rc = NGX_OK;
                break;
            }
        }

        op->before = record[0].seq;

        if (op->before <= 1) {
            rc = NGX_OK;
        }
    }

    ngx_destroy_pool(find->page);
    find->page = NULL;

    return rc;
}


/* whether it is this run, whose id is taken then */

static ngx_uint_t
ngx_thread_ws_find_is(ngx_thread_ws_find_t *find, ngx_str_t *request_id,
    ngx_thread_ws_extra_t *extra)
{
    json_t      *asked, *id;
    ngx_str_t    text;
    ngx_uint_t   is;

    is = (find->answer.len
          && ngx_thread_ws_string_equal(&find->answer, request_id))
         || ngx_thread_ws_wire_history_is(&find->message, request_id);

    if (!is && extra && extra->asked.len) {
        asked = ngx_thread_ws_extra_read(&extra->asked);
        id = json_object_get(json_object_get(asked, "metadata"), "messageId");

        text.data = (u_char *) json_string_value(id);
        text.len = json_string_length(id);

        is = text.len && ngx_thread_ws_string_equal(&find->message, &text);

        json_decref(asked);
    }

    if (is) {
        find->request_id.len = request_id->len;
        find->request_id.data = ngx_pstrdup(find->pool, request_id);

        find->status = find->request_id.data ? NGX_OK : NGX_ERROR;
    }

    return is;
}
