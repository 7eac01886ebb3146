
/*
 * Threads that other workers have, too: with thread_ws_resume a thread's runs
 * follow one another over all of them, and whoever follows it hears them all.
 *
 * Workers tell each other no more than that something has changed in a topic,
 * which is some threads; what has changed is then looked up in the zone.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include <ngx_sha1.h>
#include "observe/ngx_thread_ws_observe.h"
#include "wire/ngx_thread_ws_command.h"
#include "zone/ngx_thread_ws_wake.h"


/* this worker's threads by topic */

#define NGX_THREAD_WS_RESUME_TOPICS  512

/* bytes of an id, with a realm */

#define NGX_THREAD_WS_RESUME_ID                                               \
    (NGX_THREAD_WS_ID_MAX + 1 + NGX_THREAD_WS_REGISTRY_DIGEST)

/* claims that are looked at together */

#define NGX_THREAD_WS_RESUME_CLAIMS  32


static void ngx_thread_ws_resume_id(ngx_str_t *id,
    ngx_thread_ws_store_t *store, ngx_str_t *thread_id);
static void ngx_thread_ws_resume_wake(ngx_uint_t topic);
static void ngx_thread_ws_resume_stir_handler(ngx_event_t *ev);
static void ngx_thread_ws_resume_look(ngx_thread_ws_thread_t *thread);
static void ngx_thread_ws_resume_marks(ngx_thread_ws_lane_t *lane);
static ngx_uint_t ngx_thread_ws_resume_ours(ngx_thread_ws_lane_t *lane,
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


static ngx_queue_t  ngx_thread_ws_topics[NGX_THREAD_WS_RESUME_TOPICS];
static ngx_queue_t  ngx_thread_ws_stirred;
static ngx_event_t  ngx_thread_ws_stir;


ngx_int_t
ngx_thread_ws_thread_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_THREAD_WS_RESUME_TOPICS; i++) {
        ngx_queue_init(&ngx_thread_ws_topics[i]);
    }

    ngx_queue_init(&ngx_thread_ws_stirred);

    ngx_thread_ws_stir.handler = ngx_thread_ws_resume_stir_handler;
    ngx_thread_ws_stir.log = cycle->log;

    if (ngx_thread_ws_wake_init_process(cycle, ngx_thread_ws_resume_wake)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_registry_init_process(cycle);
}


void
ngx_thread_ws_thread_exit_process(ngx_cycle_t *cycle)
{
    ngx_thread_ws_registry_exit_process(cycle);
    ngx_thread_ws_wake_exit_process(cycle);
}


/*
 * A thread's id, as the zone has it: with the store's realm, if it has one,
 * lest threads of one name in two databases be taken for one.
 */

static void
ngx_thread_ws_resume_id(ngx_str_t *id, ngx_thread_ws_store_t *store,
    ngx_str_t *thread_id)
{
    u_char      *p;
    ngx_sha1_t   sha1;

    p = ngx_cpymem(id->data, thread_id->data,
                   ngx_min(thread_id->len, NGX_THREAD_WS_ID_MAX));

    if (store->realm.len) {
        *p++ = '\0';

        ngx_sha1_init(&sha1);
        ngx_sha1_update(&sha1, store->realm.data, store->realm.len);
        ngx_sha1_final(p, &sha1);

        p += NGX_THREAD_WS_REGISTRY_DIGEST;
    }

    id->len = p - id->data;
}


void
ngx_thread_ws_resume_join(ngx_thread_ws_thread_t *thread)
{
    u_char     text[NGX_THREAD_WS_RESUME_ID];
    ngx_str_t  id;

    if (thread->resume) {
        return;
    }

    thread->resume = 1;

    id.data = text;
    ngx_thread_ws_resume_id(&id, thread->store, &thread->id);

    ngx_thread_ws_registry_thread(&thread->name, &thread->owner, &id);

    ngx_queue_insert_tail(&ngx_thread_ws_topics[thread->name.topic
                                           % NGX_THREAD_WS_RESUME_TOPICS],
                          &thread->topic_queue);

    ngx_thread_ws_wake_listen(thread->name.topic);

    /* what was there before is heard by those who follow it */

    ngx_thread_ws_resume_news(thread);
}


void
ngx_thread_ws_resume_leave(ngx_thread_ws_thread_t *thread)
{
    if (!thread->resume) {
        return;
    }

    ngx_thread_ws_wake_unlisten(thread->name.topic);
    ngx_queue_remove(&thread->topic_queue);

    if (thread->stirred) {
        ngx_queue_remove(&thread->stir);
    }
}


void
ngx_thread_ws_resume_stir(ngx_thread_ws_thread_t *thread)
{
    if (!thread->resume || thread->stirred) {
        return;
    }

    thread->stirred = 1;
    ngx_queue_insert_tail(&ngx_thread_ws_stirred, &thread->stir);

    ngx_post_event(&ngx_thread_ws_stir, &ngx_posted_events);
}


void
ngx_thread_ws_resume_tell(ngx_thread_ws_thread_t *thread)
{
    ngx_queue_t             *q, *topic;
    ngx_thread_ws_thread_t  *other;

    if (!thread->resume) {
        return;
    }

    ngx_thread_ws_wake_tell(thread->name.topic);

    /* with the store "connection" each connection has a thread of its own */

    topic = &ngx_thread_ws_topics[thread->name.topic
                                  % NGX_THREAD_WS_RESUME_TOPICS];

    for (q = ngx_queue_head(topic);
         q != ngx_queue_sentinel(topic);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_thread_ws_thread_t, topic_queue);

        if (other != thread
            && ngx_memcmp(other->name.digest, thread->name.digest,
                          NGX_THREAD_WS_REGISTRY_DIGEST)
               == 0)
        {
            ngx_thread_ws_resume_stir(other);
        }
    }
}


void
ngx_thread_ws_resume_deleted(ngx_thread_ws_store_t *store, ngx_str_t *owner,
    ngx_str_t *thread_id)
{
    u_char                           text[NGX_THREAD_WS_RESUME_ID];
    ngx_str_t                        id;
    ngx_thread_ws_registry_thread_t  name;

    if (ngx_thread_ws_stir.handler == NULL) {

        /* nowhere */

        return;
    }

    id.data = text;
    ngx_thread_ws_resume_id(&id, store, thread_id);

    ngx_shmtx_lock(&ngx_thread_ws_zone->shpool->mutex);
    (void) ngx_thread_ws_registry_delete(owner, &id);
    ngx_shmtx_unlock(&ngx_thread_ws_zone->shpool->mutex);

    ngx_thread_ws_registry_thread(&name, owner, &id);
    ngx_thread_ws_wake_tell(name.topic);
}


/* another worker has said that there is something new */

static void
ngx_thread_ws_resume_wake(ngx_uint_t topic)
{
    ngx_queue_t             *q, *list;
    ngx_thread_ws_thread_t  *thread;

    list = &ngx_thread_ws_topics[topic % NGX_THREAD_WS_RESUME_TOPICS];

    for (q = ngx_queue_head(list);
         q != ngx_queue_sentinel(list);
         q = ngx_queue_next(q))
    {
        thread = ngx_queue_data(q, ngx_thread_ws_thread_t, topic_queue);

        if (thread->name.topic == topic) {
            ngx_thread_ws_resume_stir(thread);
        }
    }
}


static void
ngx_thread_ws_resume_stir_handler(ngx_event_t *ev)
{
    ngx_queue_t             *q, stirred;
    ngx_thread_ws_thread_t  *thread;

    /* those that are stirred meanwhile come in the next round */

    ngx_queue_init(&stirred);

    if (!ngx_queue_empty(&ngx_thread_ws_stirred)) {
        ngx_queue_add(&stirred, &ngx_thread_ws_stirred);
        ngx_queue_init(&ngx_thread_ws_stirred);
    }

    while (!ngx_queue_empty(&stirred)) {
        q = ngx_queue_head(&stirred);
        ngx_queue_remove(q);

        thread = ngx_queue_data(q, ngx_thread_ws_thread_t, stir);
        thread->stirred = 0;

        /* it stays for as long as it is looked after */

        thread->nruns++;
        ngx_thread_ws_resume_look(thread);
        thread->nruns--;

        ngx_thread_ws_thread_release(thread);
    }
}


static void
ngx_thread_ws_resume_look(ngx_thread_ws_thread_t *thread)
{
    ngx_thread_ws_resume_marks(&thread->lane);
    ngx_thread_ws_resume_news(thread);
    ngx_thread_ws_elsewhere_stir(thread);
    ngx_thread_ws_lane_next(&thread->lane);
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


/* runs that have begun elsewhere since the last look */

void
ngx_thread_ws_resume_news(ngx_thread_ws_thread_t *thread)
{
    ngx_uint_t                 i, n;
    ngx_queue_t               *q;
    ngx_thread_ws_claim_t      refs[NGX_THREAD_WS_RESUME_CLAIMS];
    ngx_thread_ws_journal_t   *journal;
    ngx_thread_ws_follower_t  *follower;

    do {
        n = ngx_thread_ws_registry_list(&thread->name, thread->seen, refs,
                                        NGX_THREAD_WS_RESUME_CLAIMS);

        for (i = 0; i < n; i++) {
            thread->seen = refs[i].generation;

            if (ngx_thread_ws_resume_ours(&thread->lane, &refs[i])) {
                continue;
            }

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
                    journal = ngx_thread_ws_elsewhere_open(thread, &refs[i]);

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


static ngx_uint_t
ngx_thread_ws_resume_ours(ngx_thread_ws_lane_t *lane,
    ngx_thread_ws_claim_t *ref)
{
    ngx_queue_t          *q;
    ngx_thread_ws_run_t  *run;

    run = lane->run;
    q = ngx_queue_head(&lane->waiting);

    for ( ;; ) {

        if (run && run->claim.slot == ref->slot
            && run->claim.generation == ref->generation)
        {
            return 1;
        }

        if (q == ngx_queue_sentinel(&lane->waiting)) {
            return 0;
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

    message.thread = &thread->name;
    message.request_id = args->request_id;
    message.content = args->content;
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
        *followed = 1;
        return ngx_thread_ws_resume_follow(follower, &ref, &args->request_id);

    case NGX_ABORT:
        return NGX_THREAD_WS_DUPLICATE_REQUEST;

    case NGX_BUSY:
        return NGX_THREAD_WS_BUSY;

    default: /* NGX_OK; NGX_ERROR: nobody else can hear it */
        return NGX_THREAD_WS_OK;
    }
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

    seen = 0;

    do {
        n = ngx_thread_ws_registry_list(&thread->name, seen, refs,
                                        NGX_THREAD_WS_RESUME_CLAIMS);

        for (i = 0; i < n; i++) {
            seen = refs[i].generation;

            if (ngx_thread_ws_registry_state(&refs[i])
                != NGX_THREAD_WS_REGISTRY_ACTIVE
                || ngx_thread_ws_resume_ours(lane, &refs[i]))
            {
                continue;
            }

            journal = ngx_thread_ws_elsewhere_open(thread, &refs[i]);

            if (journal) {
                ngx_thread_ws_resume_announce(follower, journal);
                ngx_thread_ws_elsewhere_drop(journal);
            }
        }

    } while (n == NGX_THREAD_WS_RESUME_CLAIMS);
}
