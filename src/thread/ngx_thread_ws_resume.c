
/*
 * Threads that other workers have, too: with thread_ws_resume a thread's runs
 * follow one another over all of them, and whoever follows it hears them all.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include "observe/ngx_thread_ws_observe.h"


/* claims that are looked at together */

#define NGX_THREAD_WS_RESUME_CLAIMS  32


static ngx_int_t ngx_thread_ws_resume_exhumed(ngx_thread_ws_thread_t *thread,
    uint64_t *seen);
static void ngx_thread_ws_resume_buried(ngx_thread_ws_thread_t *thread);
static void ngx_thread_ws_resume_marks(ngx_thread_ws_lane_t *lane);
static ngx_thread_ws_journal_t *ngx_thread_ws_resume_journal(
    ngx_thread_ws_thread_t *thread, ngx_thread_ws_claim_t *ref);
static ngx_uint_t ngx_thread_ws_resume_stored(ngx_thread_ws_thread_t *thread,
    ngx_thread_ws_claim_t *ref);
static ngx_uint_t ngx_thread_ws_resume_follow(
    ngx_thread_ws_follower_t *follower, ngx_thread_ws_claim_t *ref,
    ngx_str_t *request_id);
static void ngx_thread_ws_resume_announce(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_journal_t *journal);


/* by ngx_thread_ws_busy_e */

static ngx_uint_t  ngx_thread_ws_resume_busy[] = {
    NGX_THREAD_WS_REGISTRY_INTERRUPT,
    NGX_THREAD_WS_REGISTRY_QUEUE,
    NGX_THREAD_WS_REGISTRY_REJECT
};


void
ngx_thread_ws_resume_look(ngx_thread_ws_thread_t *thread)
{
    ngx_thread_ws_resume_marks(&thread->resume->lane);
    ngx_thread_ws_resume_news(thread);
    ngx_thread_ws_elsewhere_stir(thread);
    ngx_thread_ws_lane_next(&thread->resume->lane);
    ngx_thread_ws_resume_buried(thread);
}


/* by its own name, or as one of its owner's; as the registry has it */

static ngx_int_t
ngx_thread_ws_resume_exhumed(ngx_thread_ws_thread_t *thread, uint64_t *seen)
{
    uint64_t                 since;
    ngx_int_t                rc;
    ngx_thread_ws_resume_t  *resume;

    resume = thread->resume;
    since = *seen;

    rc = ngx_thread_ws_registry_exhumed(&resume->self.name, seen);

    return (rc == NGX_OK && thread->owner.len)
           ? ngx_thread_ws_registry_exhumed(&resume->owner.name, &since) : rc;
}


ngx_uint_t
ngx_thread_ws_resume_gone(ngx_thread_ws_thread_t *thread)
{
    uint64_t  since;

    since = thread->resume->buried;

    return ngx_thread_ws_resume_exhumed(thread, &since) == NGX_DONE;
}


/*
 * A store knows which of two threads of one name was deleted, if it has been
 * asked before; of one that an agent's server keeps nobody can be asked.
 */

static void
ngx_thread_ws_resume_buried(ngx_thread_ws_thread_t *thread)
{
    ngx_int_t  rc;

    rc = ngx_thread_ws_resume_exhumed(thread, &thread->resume->buried);

    if (rc == NGX_OK) {
        return;
    }

    if (thread->store->shared
        && (rc == NGX_DECLINED || thread->context.generation))
    {
        ngx_thread_ws_thread_watch_again(thread);

    } else if (rc == NGX_DONE
               && (thread->store->shared || !thread->store->keeps))
    {
        ngx_thread_ws_thread_end(thread);
    }
}


/* others may have cancelled what is ours */

static void
ngx_thread_ws_resume_marks(ngx_thread_ws_lane_t *lane)
{
    ngx_queue_t          *q, *next;

    if (lane->run) {
        ngx_thread_ws_run_look(lane->run);
    }

    for (q = ngx_queue_head(&lane->waiting);
         q != ngx_queue_sentinel(&lane->waiting);
         q = next)
    {
        next = ngx_queue_next(q);

        ngx_thread_ws_run_look(ngx_queue_data(q, ngx_thread_ws_run_t, queue));
    }
}


/*
 * Runs that were asked for since the last look, this worker's own and others,
 * in the order in which they follow one another.
 */

void
ngx_thread_ws_resume_news(ngx_thread_ws_thread_t *thread)
{
    ngx_uint_t                 i, n;
    ngx_queue_t               *q;
    ngx_thread_ws_claim_t      refs[NGX_THREAD_WS_RESUME_CLAIMS];
    ngx_thread_ws_resume_t    *resume;
    ngx_thread_ws_journal_t   *journal;
    ngx_thread_ws_follower_t  *follower;

    resume = thread->resume;

    do {
        n = ngx_thread_ws_registry_list(&resume->self.name, resume->seen, refs,
                                        NGX_THREAD_WS_RESUME_CLAIMS);

        for (i = 0; i < n; i++) {
            resume->seen = refs[i].generation;

            journal = NULL;

            for (q = ngx_queue_head(&thread->followers);
                 q != ngx_queue_sentinel(&thread->followers);
                 q = ngx_queue_next(q))
            {
                follower = ngx_queue_data(q, ngx_thread_ws_follower_t, queue);

                if (!follower->follows) {
                    continue;
                }

                if (journal == NULL) {
                    journal = ngx_thread_ws_resume_journal(thread, &refs[i]);

                    if (journal == NULL) {
                        break;
                    }
                }

                ngx_thread_ws_resume_announce(follower, journal);
            }

            if (journal) {
                ngx_thread_ws_elsewhere_drop(journal);
            }
        }

    } while (n == NGX_THREAD_WS_RESUME_CLAIMS);
}


/* of a run here or elsewhere, which drop lets go; NULL without memory */

static ngx_thread_ws_journal_t *
ngx_thread_ws_resume_journal(ngx_thread_ws_thread_t *thread,
    ngx_thread_ws_claim_t *ref)
{
    ngx_queue_t           *q;
    ngx_thread_ws_run_t   *run;
    ngx_thread_ws_lane_t  *lane;

    lane = &thread->resume->lane;
    run = lane->run;
    q = ngx_queue_head(&lane->waiting);

    for ( ;; ) {

        if (run && run->claim.slot == ref->slot
            && run->claim.generation == ref->generation)
        {
            return &run->journal;
        }

        if (q == ngx_queue_sentinel(&lane->waiting)) {
            return ngx_thread_ws_elsewhere_open(thread, ref);
        }

        run = ngx_queue_data(q, ngx_thread_ws_run_t, queue);
        q = ngx_queue_next(q);
    }
}


/* who follows the thread hears a run that another connection has begun */

static void
ngx_thread_ws_resume_announce(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_journal_t *journal)
{
    ngx_thread_ws_reader_t  *reader;

    if (ngx_thread_ws_follower_reader(follower, journal)) {
        return;
    }

    reader = ngx_thread_ws_follower_hear(follower, journal);

    if (reader) {
        reader->announce = 1;
        follower->handlers->post(follower->data);
    }
}


ngx_uint_t
ngx_thread_ws_resume_submit(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_args_t *args, ngx_thread_ws_claim_t *claim,
    ngx_uint_t *followed)
{
    ngx_int_t                         rc;
    ngx_uint_t                        others;
    ngx_thread_ws_claim_t             ref;
    ngx_thread_ws_thread_t           *thread;
    ngx_thread_ws_loc_conf_t         *conf;
    ngx_thread_ws_registry_message_t  message;

    thread = follower->thread;
    conf = follower->conf;

    message.thread = &thread->resume->self.name;
    message.owner = thread->owner.len ? thread->resume->owner.name.number : 0;
    message.request_id = args->request_id;
    message.content = args->content;
    message.extra = args->extra;
    message.stored = thread->store->shared;
    message.busy = ngx_thread_ws_resume_busy[conf->busy];
    message.queue = conf->queue;
    message.size = conf->max_message_size;
    message.log = args->subject->log;

    others = 0;

    rc = ngx_thread_ws_registry_submit(claim, &message, &ref, &others);

    if (others) {
        ngx_thread_ws_resume_tell(thread);
    }

    switch (rc) {

    case NGX_DONE:

        /* of what is stored a run of its own asks thread_ws_replay first */

        if (conf->replay.len && ngx_thread_ws_resume_stored(thread, &ref)) {
            return NGX_THREAD_WS_OK;
        }

        *followed = 1;
        return ngx_thread_ws_resume_follow(follower, &ref, &args->request_id);

    case NGX_ABORT:

        /* of what is stored the store says so, by a run of its own */

        return ngx_thread_ws_resume_stored(thread, &ref)
               ? NGX_THREAD_WS_OK : NGX_THREAD_WS_DUPLICATE_REQUEST;

    case NGX_BUSY:
        return NGX_THREAD_WS_BUSY;

    default: /* NGX_OK; NGX_ERROR: nobody else can hear it */
        return NGX_THREAD_WS_OK;
    }
}


static ngx_uint_t
ngx_thread_ws_resume_stored(ngx_thread_ws_thread_t *thread,
    ngx_thread_ws_claim_t *ref)
{
    return thread->store->shared
           && ngx_thread_ws_registry_state(ref)
              == NGX_THREAD_WS_REGISTRY_ENDED;
}


/* a message that is answered elsewhere already */

static ngx_uint_t
ngx_thread_ws_resume_follow(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_claim_t *ref, ngx_str_t *request_id)
{
    ngx_thread_ws_journal_t  *journal;

    journal = ngx_thread_ws_elsewhere_open(follower->thread, ref);
    if (journal == NULL) {
        return NGX_THREAD_WS_UPSTREAM_UNAVAILABLE;
    }

    if (journal->request_id.len == 0) {

        /* its worker has had no room to say so, but it is to have an end */

        journal->request_id.data = ngx_pstrdup(journal->pool, request_id);
        journal->request_id.len = journal->request_id.data ? request_id->len
                                                           : 0;
    }

    if (ngx_thread_ws_follower_reader(follower, journal) == NULL
        && ngx_thread_ws_follower_hear(follower, journal) == NULL)
    {
        ngx_thread_ws_elsewhere_drop(journal);
        return NGX_THREAD_WS_UPSTREAM_UNAVAILABLE;
    }

    ngx_thread_ws_observe_resumed();
    follower->handlers->post(follower->data);

    return NGX_THREAD_WS_OK;
}


void
ngx_thread_ws_resume_begin(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_t *run)
{
    ngx_queue_t               *q;
    ngx_thread_ws_thread_t    *thread;
    ngx_thread_ws_follower_t  *other;

    thread = follower->thread;

    ngx_thread_ws_run_publish(run);
    ngx_thread_ws_run_wait(run);

    /* from now on the run is no news to this worker, whatever becomes of it */

    ngx_thread_ws_resume_news(thread);
    ngx_thread_ws_resume_tell(thread);

    for (q = ngx_queue_head(&thread->followers);
         q != ngx_queue_sentinel(&thread->followers);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_thread_ws_follower_t, queue);

        if (other->follows) {
            ngx_thread_ws_resume_announce(other, &run->journal);
        }
    }
}


void
ngx_thread_ws_resume_hear(ngx_thread_ws_follower_t *follower)
{
    uint64_t                  seen;
    ngx_uint_t                i, n;
    ngx_queue_t              *q;
    ngx_thread_ws_run_t      *run;
    ngx_thread_ws_lane_t     *lane;
    ngx_thread_ws_claim_t     refs[NGX_THREAD_WS_RESUME_CLAIMS];
    ngx_thread_ws_thread_t   *thread;
    ngx_thread_ws_journal_t  *journal;

    thread = follower->thread;
    lane = follower->lane;

    seen = 0;

    do {
        n = ngx_thread_ws_registry_list(&thread->resume->self.name, seen, refs,
                                        NGX_THREAD_WS_RESUME_CLAIMS);

        for (i = 0; i < n; i++) {
            seen = refs[i].generation;

            if (ngx_thread_ws_registry_state(&refs[i])
                != NGX_THREAD_WS_REGISTRY_ACTIVE)
            {
                continue;
            }

            journal = ngx_thread_ws_resume_journal(thread, &refs[i]);

            if (journal) {
                ngx_thread_ws_resume_announce(follower, journal);
                ngx_thread_ws_elsewhere_drop(journal);
            }
        }

    } while (n == NGX_THREAD_WS_RESUME_CLAIMS);

    /* and those for which the zone had no room */

    if (lane->run) {
        ngx_thread_ws_resume_announce(follower, &lane->run->journal);
    }

    for (q = ngx_queue_head(&lane->waiting);
         q != ngx_queue_sentinel(&lane->waiting);
         q = ngx_queue_next(q))
    {
        run = ngx_queue_data(q, ngx_thread_ws_run_t, queue);
        ngx_thread_ws_resume_announce(follower, &run->journal);
    }
}
