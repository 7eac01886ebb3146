
/*
 * The thread: what becomes of a message, of a cancel, and of runs whose client
 * leaves.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include "base/ngx_thread_ws_string.h"
#include "observe/ngx_thread_ws_observe.h"


static void ngx_thread_ws_thread_enqueue(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_t *run, ngx_thread_ws_subject_t *subject);
static ngx_uint_t ngx_thread_ws_thread_repeated(
    ngx_thread_ws_follower_t *follower, ngx_thread_ws_run_t *run,
    ngx_thread_ws_run_args_t *args);
static ngx_int_t ngx_thread_ws_thread_admit(
    ngx_thread_ws_follower_t *follower, ngx_thread_ws_run_args_t *args);
static void ngx_thread_ws_thread_interrupt(ngx_thread_ws_lane_t *lane);
static ngx_thread_ws_run_t *ngx_thread_ws_thread_run(
    ngx_thread_ws_follower_t *follower, ngx_thread_ws_run_args_t *args);
static ngx_uint_t ngx_thread_ws_thread_room(
    ngx_thread_ws_follower_t *follower);
static ngx_thread_ws_follower_t *ngx_thread_ws_thread_asker(
    ngx_thread_ws_run_t *run);


ngx_uint_t
ngx_thread_ws_thread_submit(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_args_t *args, ngx_uint_t leaving)
{
    ngx_uint_t              code, followed;
    ngx_thread_ws_run_t    *run;
    ngx_thread_ws_claim_t   claim;

    run = ngx_thread_ws_lane_find(follower->lane, &args->request_id);

    if (run) {
        return ngx_thread_ws_thread_repeated(follower, run, args);
    }

    if (leaving) {
        return NGX_THREAD_WS_SHUTTING_DOWN;
    }

    ngx_memzero(&claim, sizeof(ngx_thread_ws_claim_t));

    if (follower->conf->resume) {
        followed = 0;
        code = ngx_thread_ws_resume_submit(follower, args, &claim, &followed);

        if (code != NGX_THREAD_WS_OK || followed) {
            return code;
        }
    }

    if (claim.slot == NULL
        && ngx_thread_ws_thread_admit(follower, args) != NGX_OK)
    {
        return NGX_THREAD_WS_BUSY;
    }

    run = ngx_thread_ws_thread_run(follower, args);

    if (run == NULL) {
        ngx_thread_ws_registry_release(&claim);
        return NGX_THREAD_WS_UPSTREAM_UNAVAILABLE;
    }

    run->claim = claim;

    if (follower->conf->busy == NGX_THREAD_WS_BUSY_INTERRUPT) {
        ngx_thread_ws_thread_interrupt(follower->lane);
    }

    ngx_thread_ws_thread_enqueue(follower, run, args->subject);

    return NGX_THREAD_WS_OK;
}


static void
ngx_thread_ws_thread_enqueue(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_t *run, ngx_thread_ws_subject_t *subject)
{
    ngx_thread_ws_lane_t  *lane;

    lane = follower->lane;

    ngx_thread_ws_observe_message(&run->subject, subject->span, run->pool,
                                  run->content.len, run->choice);

    run->lane = lane;
    ngx_queue_insert_tail(&lane->waiting, &run->queue);
    lane->nwaiting++;
    lane->waiting_size += ngx_thread_ws_run_size(run);

    if (run->conf->resume) {
        ngx_thread_ws_resume_begin(follower, run);
    }

    if (lane->run || !ngx_thread_ws_thread_room(follower)) {
        ngx_thread_ws_observe_queued(&run->subject, lane->nwaiting);
        return;
    }

    ngx_thread_ws_lane_next(lane);
}


/*
 * An id that is active or waits already: whoever asks again, on another
 * connection, hears it from its beginning.
 */

static ngx_uint_t
ngx_thread_ws_thread_repeated(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_t *run, ngx_thread_ws_run_args_t *args)
{
    ngx_uint_t                alone;
    ngx_thread_ws_reader_t   *reader;
    ngx_thread_ws_journal_t  *journal;

    if (!ngx_thread_ws_run_same(run, &args->content, &args->extra)) {
        return NGX_THREAD_WS_DUPLICATE_REQUEST;
    }

    ngx_log_error(NGX_LOG_INFO, run->subject.log, 0,
                  "message repeated while its run is under way");

    journal = &run->journal;

    if (ngx_thread_ws_follower_reader(follower, journal)) {
        return NGX_THREAD_WS_OK;
    }

    alone = ngx_queue_empty(&journal->readers);

    reader = ngx_thread_ws_follower_hear(follower, journal);
    if (reader == NULL) {
        return NGX_THREAD_WS_UPSTREAM_UNAVAILABLE;
    }

    reader->asker = alone;

    ngx_thread_ws_observe_resumed();
    follower->handlers->post(follower->data);

    return NGX_THREAD_WS_OK;
}


/* what thread_ws_busy says of one more message: NGX_OK or NGX_BUSY */

static ngx_int_t
ngx_thread_ws_thread_admit(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_args_t *args)
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
                && lane->waiting_size + args->content.len + args->extra.len
                   <= conf->max_message_size)
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
        ngx_thread_ws_run_cancel(lane->run);
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
        ngx_thread_ws_run_discard(run);
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
    ngx_thread_ws_run_t     *run;
    ngx_thread_ws_claim_t    ref;
    ngx_thread_ws_thread_t  *thread;

    run = ngx_thread_ws_lane_find(follower->lane, request_id);

    if (run) {

        if (run->state == NGX_THREAD_WS_STORING) {
            return NGX_DECLINED;
        }

        ngx_thread_ws_run_cancel(run);

        return NGX_OK;
    }

    thread = follower->thread;

    if (follower->conf->resume == 0
        || ngx_thread_ws_registry_cancel(&thread->resume->self.name, request_id,
                                         &ref)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    ngx_thread_ws_resume_tell(thread);

    return NGX_OK;
}


void
ngx_thread_ws_thread_next(ngx_thread_ws_follower_t *follower)
{
    ngx_thread_ws_lane_next(follower->lane);
}


void
ngx_thread_ws_lane_next(ngx_thread_ws_lane_t *lane)
{
    ngx_thread_ws_run_t       *run;
    ngx_thread_ws_follower_t  *follower;

    while (lane->run == NULL && !ngx_queue_empty(&lane->waiting)) {

        run = ngx_queue_data(ngx_queue_head(&lane->waiting),
                             ngx_thread_ws_run_t, queue);

        follower = ngx_thread_ws_thread_asker(run);

        if (follower && !ngx_thread_ws_thread_room(follower)) {
            return;
        }

        if (run->conf->resume) {

            if (!ngx_thread_ws_registry_first(&run->claim)) {

                /* another worker has one that came before */

                return;
            }

            /* the ends of those before it are heard before it says anything */

            ngx_thread_ws_elsewhere_stir(run->thread);
        }

        ngx_thread_ws_lane_dequeue(lane, run);

        lane->run = run;

        if (follower) {
            follower->handlers->began(follower->data, run);
        }

        ngx_thread_ws_run_start(run);
    }
}


/* who has sent the message of a run, NULL: it is gone */

static ngx_thread_ws_follower_t *
ngx_thread_ws_thread_asker(ngx_thread_ws_run_t *run)
{
    ngx_queue_t             *q;
    ngx_thread_ws_reader_t  *reader;

    for (q = ngx_queue_head(&run->journal.readers);
         q != ngx_queue_sentinel(&run->journal.readers);
         q = ngx_queue_next(q))
    {
        reader = ngx_queue_data(q, ngx_thread_ws_reader_t, link);

        if (reader->asker) {
            return reader->follower;
        }
    }

    return NULL;
}


ngx_thread_ws_run_t *
ngx_thread_ws_thread_own(ngx_thread_ws_follower_t *follower)
{
    ngx_thread_ws_run_t  *run;

    run = follower->lane->run;

    return (run && ngx_thread_ws_thread_asker(run) == follower) ? run : NULL;
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
    lane->waiting_size -= ngx_thread_ws_run_size(run);
}


void
ngx_thread_ws_thread_disconnect(ngx_thread_ws_follower_t *follower,
    ngx_uint_t close_code, ngx_thread_ws_verdict_t *verdict)
{
    if (follower->thread && follower->conf->resume) {

        /* its runs go on */

        return;
    }

    ngx_thread_ws_lane_end(follower->lane, verdict ? NGX_THREAD_WS_FAILED
                                                   : NGX_THREAD_WS_DISCONNECTED,
                           verdict, close_code);
}


void
ngx_thread_ws_lane_end(ngx_thread_ws_lane_t *lane, ngx_uint_t outcome,
    ngx_thread_ws_verdict_t *verdict, ngx_uint_t close_code)
{
    ngx_queue_t               *q;
    ngx_thread_ws_run_t       *run;
    ngx_thread_ws_follower_t  *follower;

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

    follower = ngx_thread_ws_thread_asker(run);

    if (follower) {
        follower->handlers->ended(follower->data, run);
    }
}


ngx_thread_ws_run_t *
ngx_thread_ws_lane_find(ngx_thread_ws_lane_t *lane, ngx_str_t *request_id)
{
    ngx_queue_t          *q;
    ngx_thread_ws_run_t  *run;

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
        ngx_thread_ws_thread_end(thread);
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
            ngx_thread_ws_thread_end(thread);
            return NGX_DECLINED;
        }
    }

    if (op->began > context->generation) {
        context->seq = 0;
    }

    context->generation = op->generation;

    return NGX_OK;
}
