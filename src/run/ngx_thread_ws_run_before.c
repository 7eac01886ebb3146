
/*
 * A run that replaces another: what it is asked after is what was before that
 * one, not what its thread remembers.
 */


#include "run/ngx_thread_ws_run_private.h"
#include "json/ngx_thread_ws_json.h"


static ngx_int_t ngx_thread_ws_before_nowhere(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_before_refuse(ngx_thread_ws_run_t *run,
    ngx_str_t *text);
static ngx_int_t ngx_thread_ws_before_stored(ngx_thread_ws_run_t *run,
    ngx_thread_ws_context_t *context);
static ngx_int_t ngx_thread_ws_before_remembered(ngx_thread_ws_run_t *run,
    ngx_thread_ws_context_t *context);
static ngx_int_t ngx_thread_ws_before_plain(ngx_pool_t *pool, ngx_str_t *dst,
    ngx_str_t *src);
static void ngx_thread_ws_before_free(void *data);


static ngx_str_t  ngx_thread_ws_before_unknown =
    ngx_string("replaces is no run of this thread's history");

static ngx_str_t  ngx_thread_ws_before_elsewhere =
    ngx_string("replaces is not known here: no history is kept");

static ngx_str_t  ngx_thread_ws_before_server =
    ngx_string("replaces is not known here: the agent's server has the "
               "history");


ngx_int_t
ngx_thread_ws_run_before(ngx_thread_ws_run_t *run)
{
    ngx_int_t                 rc;
    ngx_pool_cleanup_t       *cln;
    ngx_thread_ws_context_t  *context;

    if (run->conf->dialect->threads) {

        if (run->conf->threads.len == 0) {
            return ngx_thread_ws_before_nowhere(run);
        }

        if (ngx_thread_ws_fork_init(run) != NGX_OK) {
            return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_STORE_UNAVAILABLE,
                                           "no memory for the run");
        }

        if (!run->conf->store->keeps) {
            return NGX_OK;
        }

    } else if (!run->conf->store->keeps) {
        return ngx_thread_ws_before_refuse(run,
                                           &ngx_thread_ws_before_elsewhere);
    }

    cln = ngx_pool_cleanup_add(run->pool, sizeof(ngx_thread_ws_context_t));

    if (cln == NULL) {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_STORE_UNAVAILABLE,
                                       NULL);
    }

    context = cln->data;

    ngx_thread_ws_context_init(context);
    context->limits = run->context->limits;

    cln->handler = ngx_thread_ws_before_free;

    rc = run->conf->store->shared
         ? ngx_thread_ws_before_stored(run, context)
         : ngx_thread_ws_before_remembered(run, context);

    if (rc == NGX_DECLINED) {
        return ngx_thread_ws_before_refuse(run, &ngx_thread_ws_before_unknown);
    }

    if (rc != NGX_OK) {
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_STORE_UNAVAILABLE,
                                       NULL);
    }

    run->context = context;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_before_nowhere(ngx_thread_ws_run_t *run)
{
    ngx_log_error(NGX_LOG_WARN, run->subject.log, 0,
                  "a message replaces another one, for which "
                  "thread_ws_agent_threads is to name a location");

    return ngx_thread_ws_before_refuse(run, &ngx_thread_ws_before_server);
}


static ngx_int_t
ngx_thread_ws_before_refuse(ngx_thread_ws_run_t *run, ngx_str_t *text)
{
    (void) ngx_thread_ws_run_blame(run, NGX_THREAD_WS_INVALID_MESSAGE, NULL);

    run->verdict.text = *text;

    return NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_before_stored(ngx_thread_ws_run_t *run,
    ngx_thread_ws_context_t *context)
{
    ngx_uint_t               i;
    ngx_thread_ws_record_t  *record;

    if (run->op.status == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    record = run->op.records.elts;

    for (i = 0; i < run->op.records.nelts; i++) {

        if (ngx_thread_ws_context_add(context, &record[i], NULL) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* there is no store but the thread's own memory */

static ngx_int_t
ngx_thread_ws_before_remembered(ngx_thread_ws_run_t *run,
    ngx_thread_ws_context_t *context)
{
    ngx_queue_t             *q;
    ngx_thread_ws_recent_t  *recent, *last;
    ngx_thread_ws_record_t   record;

    last = ngx_thread_ws_context_find(run->context, &run->extra->replaces);

    if (last == NULL) {
        return NGX_DECLINED;
    }

    for (q = ngx_queue_head(&run->context->runs);
         q != &last->queue;
         q = ngx_queue_next(q))
    {
        recent = ngx_queue_data(q, ngx_thread_ws_recent_t, queue);

        ngx_memzero(&record, sizeof(ngx_thread_ws_record_t));

        record.request_id = recent->request_id;
        record.finish_reason = recent->finish_reason;
        record.extra = recent->extra;

        if (ngx_thread_ws_before_plain(run->pool, &record.content,
                                       &recent->content)
            != NGX_OK
            || ngx_thread_ws_before_plain(run->pool, &record.answer,
                                          &recent->answer)
               != NGX_OK
            || ngx_thread_ws_context_add(context, &record, NULL) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_before_plain(ngx_pool_t *pool, ngx_str_t *dst, ngx_str_t *src)
{
    ngx_str_null(dst);

    if (src->len == 0) {
        return NGX_OK;
    }

    dst->data = ngx_pnalloc(pool, src->len);
    if (dst->data == NULL) {
        return NGX_ERROR;
    }

    dst->len = ngx_thread_ws_json_unescape(dst->data, src->data, src->len)
               - dst->data;

    return NGX_OK;
}


static void
ngx_thread_ws_before_free(void *data)
{
    ngx_thread_ws_context_free(data);
}
