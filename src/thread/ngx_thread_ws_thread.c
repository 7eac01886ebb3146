
/*
 * The thread: what becomes of a message, of a cancel, and of runs whose client
 * leaves.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include "base/ngx_thread_ws_string.h"
#include "observe/ngx_thread_ws_observe.h"


static ngx_uint_t ngx_thread_ws_thread_repeated(ngx_thread_ws_run_t *run,
    ngx_str_t *content);
static ngx_int_t ngx_thread_ws_thread_admit(
    ngx_thread_ws_follower_t *follower, ngx_str_t *content);
static void ngx_thread_ws_thread_interrupt(ngx_thread_ws_lane_t *lane);
static ngx_thread_ws_run_t *ngx_thread_ws_thread_run(
    ngx_thread_ws_follower_t *follower, ngx_thread_ws_run_args_t *args);
static ngx_uint_t ngx_thread_ws_thread_room(
    ngx_thread_ws_follower_t *follower);
static void ngx_thread_ws_thread_begin(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_t *run);


ngx_uint_t
ngx_thread_ws_thread_submit(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_args_t *args, ngx_uint_t leaving)
{
    ngx_thread_ws_run_t   *run;
    ngx_thread_ws_lane_t  *lane;

    lane = follower->lane;

    run = ngx_thread_ws_thread_find(follower, &args->request_id);

    if (run) {
        return ngx_thread_ws_thread_repeated(run, &args->content);
    }

    if (leaving) {
        return NGX_THREAD_WS_SHUTTING_DOWN;
    }

    if (ngx_thread_ws_thread_admit(follower, &args->content) != NGX_OK) {
        return NGX_THREAD_WS_BUSY;
    }

    run = ngx_thread_ws_thread_run(follower, args);
    if (run == NULL) {
        return NGX_THREAD_WS_UPSTREAM_UNAVAILABLE;
    }

    if (follower->conf->busy == NGX_THREAD_WS_BUSY_INTERRUPT) {
        ngx_thread_ws_thread_interrupt(lane);
    }

    ngx_thread_ws_observe_message(&run->subject, args->subject->span,
                                  run->pool, run->content.len);

    run->lane = lane;
    ngx_queue_insert_tail(&lane->waiting, &run->queue);
    lane->nwaiting++;
    lane->waiting_size += run->content.len;

    if (lane->run || !ngx_thread_ws_thread_room(follower)) {
        ngx_thread_ws_observe_queued(&run->subject, lane->nwaiting);
        return NGX_THREAD_WS_OK;
    }

    ngx_thread_ws_thread_next(follower);

    return NGX_THREAD_WS_OK;
}


/* an id that is active or waits already */

static ngx_uint_t
ngx_thread_ws_thread_repeated(ngx_thread_ws_run_t *run, ngx_str_t *content)
{
    if (!ngx_thread_ws_string_equal(&run->content, content)) {
        return NGX_THREAD_WS_DUPLICATE_REQUEST;
    }

    ngx_log_error(NGX_LOG_INFO, run->subject.log, 0,
                  "message repeated while its run is under way");

    return NGX_THREAD_WS_OK;
}


/* what thread_ws_busy says of one more message: NGX_OK or NGX_BUSY */

static ngx_int_t
ngx_thread_ws_thread_admit(ngx_thread_ws_follower_t *follower,
    ngx_str_t *content)
{
    ngx_thread_ws_lane_t      *lane;
    ngx_thread_ws_loc_conf_t  *conf;

    lane = follower->lane;
    conf = follower->conf;

    if (lane->run == NULL && lane->nwaiting == 0) {
        return NGX_OK;
    }

    switch (conf->busy) {

    case NGX_THREAD_WS_BUSY_INTERRUPT:
        return NGX_OK;

    case NGX_THREAD_WS_BUSY_QUEUE:
        return (lane->nwaiting < conf->queue
                && lane->waiting_size + content->len <= conf->max_message_size)
               ? NGX_OK : NGX_BUSY;

    default: /* NGX_THREAD_WS_BUSY_REJECT */
        return NGX_BUSY;
    }
}


static void
ngx_thread_ws_thread_interrupt(ngx_thread_ws_lane_t *lane)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&lane->waiting)) {
        q = ngx_queue_head(&lane->waiting);
        ngx_thread_ws_run_end(ngx_queue_data(q, ngx_thread_ws_run_t, queue),
                              NGX_THREAD_WS_CANCELLED, NULL);
    }

    if (lane->run && lane->run->state != NGX_THREAD_WS_STORING) {
        ngx_thread_ws_run_end(lane->run, NGX_THREAD_WS_CANCELLED, NULL);
    }
}


/* a run that its follower hears, on no lane yet */

static ngx_thread_ws_run_t *
ngx_thread_ws_thread_run(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_args_t *args)
{
    ngx_thread_ws_run_t     *run;
    ngx_thread_ws_thread_t  *thread;
    ngx_thread_ws_reader_t  *reader;

    thread = follower->thread;

    args->handlers = &ngx_thread_ws_thread_run_handlers;
    args->thread = thread;
    args->context = &thread->context;
    args->conf = follower->conf;

    run = ngx_thread_ws_run_create(args);
    if (run == NULL) {
        return NULL;
    }

    reader = ngx_thread_ws_follower_hear(follower, &run->journal);
    if (reader == NULL) {
        ngx_destroy_pool(run->pool);
        return NULL;
    }

    reader->asker = 1;

    thread->nruns++;

    return run;
}


ngx_int_t
ngx_thread_ws_thread_cancel(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id)
{
    ngx_thread_ws_run_t  *run;

    run = ngx_thread_ws_thread_find(follower, request_id);

    if (run == NULL || run->state == NGX_THREAD_WS_STORING) {
        return NGX_DECLINED;
    }

    ngx_thread_ws_run_end(run, NGX_THREAD_WS_CANCELLED, NULL);

    return NGX_OK;
}


void
ngx_thread_ws_thread_next(ngx_thread_ws_follower_t *follower)
{
    ngx_queue_t           *q;
    ngx_thread_ws_lane_t  *lane;

    lane = follower->lane;

    while (lane->run == NULL
           && !ngx_queue_empty(&lane->waiting)
           && ngx_thread_ws_thread_room(follower))
    {
        q = ngx_queue_head(&lane->waiting);

        ngx_thread_ws_thread_begin(follower,
                                   ngx_queue_data(q, ngx_thread_ws_run_t,
                                                  queue));
    }
}


/*
 * A client that does not read has as much to take as one answer may leave: the
 * next one waits until that has drained.
 */

static ngx_uint_t
ngx_thread_ws_thread_room(ngx_thread_ws_follower_t *follower)
{
    size_t                   behind;
    ngx_queue_t             *q;
    ngx_thread_ws_reader_t  *reader;

    behind = follower->handlers->queued(follower->data);

    for (q = ngx_queue_head(&follower->readers);
         q != ngx_queue_sentinel(&follower->readers);
         q = ngx_queue_next(q))
    {
        reader = ngx_queue_data(q, ngx_thread_ws_reader_t, queue);

        behind += ngx_thread_ws_journal_left(reader->journal,
                                             &reader->position);

        if (reader->journal->ending.outcome == NGX_THREAD_WS_COMPLETED) {

            /* all of it once more */

            behind += reader->journal->text;
        }
    }

    return behind < follower->conf->output_buffer;
}


static void
ngx_thread_ws_thread_begin(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_lane_dequeue(run->lane, run);

    run->lane->run = run;

    follower->handlers->began(follower->data, run);

    ngx_thread_ws_run_start(run);
}


void
ngx_thread_ws_lane_init(ngx_thread_ws_lane_t *lane)
{
    ngx_memzero(lane, sizeof(ngx_thread_ws_lane_t));
    ngx_queue_init(&lane->waiting);
}


void
ngx_thread_ws_lane_dequeue(ngx_thread_ws_lane_t *lane,
    ngx_thread_ws_run_t *run)
{
    ngx_queue_remove(&run->queue);
    lane->nwaiting--;
    lane->waiting_size -= run->content.len;
}


void
ngx_thread_ws_thread_disconnect(ngx_thread_ws_follower_t *follower,
    ngx_uint_t close_code, ngx_thread_ws_verdict_t *verdict)
{
    ngx_uint_t             outcome;
    ngx_queue_t           *q;
    ngx_thread_ws_run_t   *run;
    ngx_thread_ws_lane_t  *lane;

    lane = follower->lane;
    outcome = verdict ? NGX_THREAD_WS_FAILED : NGX_THREAD_WS_DISCONNECTED;

    while (!ngx_queue_empty(&lane->waiting)) {
        q = ngx_queue_head(&lane->waiting);
        run = ngx_queue_data(q, ngx_thread_ws_run_t, queue);

        run->close_code = close_code;
        ngx_thread_ws_run_end(run, outcome, verdict);
    }

    run = lane->run;

    if (run == NULL) {
        return;
    }

    run->close_code = close_code;

    if (run->state != NGX_THREAD_WS_STORING) {
        ngx_thread_ws_run_end(run, outcome, verdict);
        return;
    }

    /* a whole answer is kept, for the client's retry */

    lane->run = NULL;
    run->lane = NULL;

    follower->handlers->ended(follower->data, run);
}


ngx_thread_ws_run_t *
ngx_thread_ws_thread_find(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id)
{
    ngx_queue_t           *q;
    ngx_thread_ws_run_t   *run;
    ngx_thread_ws_lane_t  *lane;

    lane = follower->lane;

    run = lane->run;
    q = ngx_queue_head(&lane->waiting);

    for ( ;; ) {

        if (run
            && ngx_thread_ws_string_equal(&run->subject.request_id,
                                          request_id))
        {
            return run;
        }

        if (q == ngx_queue_sentinel(&lane->waiting)) {
            return NULL;
        }

        run = ngx_queue_data(q, ngx_thread_ws_run_t, queue);
        q = ngx_queue_next(q);
    }
}


ngx_int_t
ngx_thread_ws_thread_generation(ngx_thread_ws_thread_t *thread,
    ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_context_t  *context;

    context = &thread->context;

    if (op->status == NGX_ABORT) {
        ngx_thread_ws_thread_deleted(thread);
        return NGX_DECLINED;
    }

    /*
     * Two questions at once may have two answers: of two threads, then the
     * first was deleted; or of none yet, and of the one that was made.
     */

    if (context->generation && op->generation != context->generation) {

        if (op->generation & NGX_THREAD_WS_STORE_ABSENT) {
            op->generation = context->generation;

        } else if (op->known == 0
                   && !(context->generation & NGX_THREAD_WS_STORE_ABSENT))
        {
            ngx_thread_ws_thread_deleted(thread);
            return NGX_DECLINED;
        }
    }

    if (op->began > context->generation) {
        context->seq = 0;
    }

    context->generation = op->generation;

    return NGX_OK;
}


void
ngx_thread_ws_thread_deleted(ngx_thread_ws_thread_t *thread)
{
    ngx_queue_t               *q, *next;
    ngx_thread_ws_follower_t  *follower;

    ngx_thread_ws_thread_unlist(thread);

    for (q = ngx_queue_head(&thread->followers);
         q != ngx_queue_sentinel(&thread->followers);
         q = next)
    {
        next = ngx_queue_next(q);
        follower = ngx_queue_data(q, ngx_thread_ws_follower_t, queue);

        follower->handlers->deleted(follower->data);
    }
}
