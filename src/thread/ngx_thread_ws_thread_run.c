
/*
 * What a thread's runs tell it: what it takes in of the store, who hears them,
 * and who is told of their end.
 */


#include "thread/ngx_thread_ws_thread_private.h"


static ngx_int_t ngx_thread_ws_thread_on_loaded(ngx_thread_ws_run_t *run,
    ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_thread_on_alive(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_thread_on_waits(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_thread_on_said(ngx_thread_ws_run_t *run,
    ngx_uint_t more);
static void ngx_thread_ws_thread_on_stored(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_thread_on_ended(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_thread_on_freed(ngx_thread_ws_run_t *run);


ngx_thread_ws_run_handlers_t  ngx_thread_ws_thread_run_handlers = {
    ngx_thread_ws_thread_on_loaded,
    ngx_thread_ws_thread_on_said,
    ngx_thread_ws_thread_on_alive,
    ngx_thread_ws_thread_on_waits,
    ngx_thread_ws_thread_on_stored,
    ngx_thread_ws_thread_on_ended,
    ngx_thread_ws_thread_on_freed
};


/* takes in what others have added to the thread */

static ngx_int_t
ngx_thread_ws_thread_on_loaded(ngx_thread_ws_run_t *run,
    ngx_thread_ws_store_op_t *op)
{
    ngx_uint_t                i;
    ngx_thread_ws_thread_t   *thread;
    ngx_thread_ws_record_t   *record;
    ngx_thread_ws_context_t  *context;

    thread = run->thread;
    context = &thread->context;

    if (ngx_thread_ws_thread_generation(thread, op) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (run->epoch != context->epoch) {
        return NGX_AGAIN;
    }

    if (op->replaces) {

        /* what was before that run is for this one alone */

        return NGX_OK;
    }

    if (op->anew) {

        /* some of what is remembered has given way since */

        ngx_thread_ws_context_free(context);
    }

    record = op->records.elts;

    for (i = 0; i < op->records.nelts; i++) {

        if (record[i].seq <= context->seq) {

            /* another run has learnt of it meanwhile */

            continue;
        }

        if (ngx_thread_ws_context_add(context, &record[i], NULL) != NGX_OK) {
            return NGX_ERROR;
        }

        context->seq = record[i].seq;
    }

    return NGX_OK;
}


static void
ngx_thread_ws_thread_on_alive(ngx_thread_ws_run_t *run)
{
    ngx_queue_t  *q;

    for (q = ngx_queue_head(&run->journal.readers);
         q != ngx_queue_sentinel(&run->journal.readers);
         q = ngx_queue_next(q))
    {
        ngx_thread_ws_reader_alive(ngx_queue_data(q, ngx_thread_ws_reader_t,
                                                  link));
    }
}


static void
ngx_thread_ws_thread_on_waits(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_resume_stir(run->thread);
}


/* what the next delta will look at, if it is this one's again */

static ngx_inline void
ngx_thread_ws_thread_near(ngx_thread_ws_run_t *run,
    ngx_thread_ws_reader_t *reader)
{
    ngx_thread_ws_near_t      *near;
    ngx_thread_ws_follower_t  *follower;

    near = ngx_thread_ws_agent_near(run->agent) + NGX_THREAD_WS_NEAR_READER;

    if (near->at != reader) {
        near->at = reader;
        near->size = sizeof(ngx_thread_ws_reader_t);

        ngx_memzero(near + 1,
                    NGX_THREAD_WS_FOLLOWER_NEAR * sizeof(ngx_thread_ws_near_t));

        follower = reader->follower;
        follower->handlers->near(follower->data, near + 1);
    }
}


/* one who keeps up is enough for the agent to be read on */

static ngx_int_t
ngx_thread_ws_thread_on_said(ngx_thread_ws_run_t *run, ngx_uint_t more)
{
    size_t                     limit, queued;
    ngx_int_t                  rc;
    ngx_queue_t               *q, *next;
    ngx_thread_ws_reader_t    *reader;
    ngx_thread_ws_follower_t  *follower;

    if (run->conf->resume && ngx_thread_ws_registry_followed(&run->claim)) {
        ngx_thread_ws_resume_tell(run->thread);
    }

    limit = run->conf->output_buffer;
    rc = ngx_queue_empty(&run->journal.readers) ? NGX_OK : NGX_AGAIN;

    for (q = ngx_queue_head(&run->journal.readers);
         q != ngx_queue_sentinel(&run->journal.readers);
         q = next)
    {
        next = ngx_queue_next(q);
        reader = ngx_queue_data(q, ngx_thread_ws_reader_t, link);
        follower = reader->follower;

        if (more && ngx_thread_ws_reader_behind(reader) < limit / 2) {
            follower->handlers->post(follower->data);
            rc = NGX_OK;
            continue;
        }

        ngx_thread_ws_thread_near(run, reader);

        /* which closes the reader of a run that has ended */

        queued = follower->handlers->flush(follower->data);

        if (run->state == NGX_THREAD_WS_ENDED
            || queued + ngx_thread_ws_journal_left(&run->journal,
                                                   &reader->position) < limit)
        {
            rc = NGX_OK;
        }
    }

    return rc;
}


static void
ngx_thread_ws_thread_on_stored(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_record_t   *record;
    ngx_thread_ws_context_t  *context;

    record = &run->op.record;
    context = &run->thread->context;

    if (!run->conf->store->keeps) {
        return;
    }

    if (run->conf->store->shared) {
        (void) ngx_thread_ws_thread_generation(run->thread, &run->op);

        if (run->op.replaces) {

            /* what still stands is to be read */

            ngx_thread_ws_context_free(context);
            context->epoch++;
            return;
        }

        /* what another tab stored in between is to be read before this run */

        if (record->seq != context->seq + 1) {
            return;
        }
    }

    if (run->op.replaces) {
        ngx_thread_ws_context_cut(context, run->op.replaces);
    }

    if (ngx_thread_ws_context_add(context, record, &run->journal) == NGX_OK
        && run->conf->store->shared)
    {
        context->seq = record->seq;
    }
}


static void
ngx_thread_ws_thread_on_ended(ngx_thread_ws_run_t *run)
{
    ngx_queue_t               *q;
    ngx_thread_ws_lane_t      *lane;
    ngx_thread_ws_reader_t    *reader;
    ngx_thread_ws_follower_t  *follower;

    lane = run->lane;

    if (lane) {

        if (lane->run == run) {
            lane->run = NULL;

        } else {
            ngx_thread_ws_lane_dequeue(lane, run);
        }

        for (q = ngx_queue_head(&run->journal.readers);
             q != ngx_queue_sentinel(&run->journal.readers);
             q = ngx_queue_next(q))
        {
            reader = ngx_queue_data(q, ngx_thread_ws_reader_t, link);
            follower = reader->follower;

            if (reader->asker) {
                follower->handlers->ended(follower->data, run);
            }

            follower->handlers->post(follower->data);
        }

        run->lane = NULL;
    }

    ngx_thread_ws_resume_tell(run->thread);
    ngx_thread_ws_resume_stir(run->thread);

    if (run->deleted) {
        ngx_thread_ws_thread_end(run->thread);
    }
}


static void
ngx_thread_ws_thread_on_freed(ngx_thread_ws_run_t *run)
{
    run->thread->nruns--;

    ngx_thread_ws_thread_release(run->thread);
}
