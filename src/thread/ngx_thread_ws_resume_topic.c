
/*
 * Threads that other workers have, too: this worker's ones by topic.  Workers
 * tell each other no more than that something has changed in a topic, which is
 * some threads; what has changed is then looked up in the zone.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include <ngx_sha1.h>
#include "wire/ngx_thread_ws_command.h"
#include "zone/ngx_thread_ws_wake.h"


#define NGX_THREAD_WS_RESUME_TOPICS  512

/* bytes of an id, with a realm */

#define NGX_THREAD_WS_RESUME_ID                                               \
    (NGX_THREAD_WS_ID_MAX + 1 + NGX_THREAD_WS_REGISTRY_DIGEST)


static void ngx_thread_ws_resume_id(ngx_str_t *id,
    ngx_thread_ws_store_t *store, ngx_str_t *thread_id);
static void ngx_thread_ws_resume_name(ngx_thread_ws_registry_thread_t *name,
    ngx_thread_ws_store_t *store, ngx_str_t *owner, ngx_str_t *thread_id);
static ngx_queue_t *ngx_thread_ws_resume_topic(ngx_uint_t topic);
static void ngx_thread_ws_resume_listen(ngx_thread_ws_topic_t *topic,
    ngx_thread_ws_resume_t *resume, ngx_str_t *thread_id);
static void ngx_thread_ws_resume_unlisten(ngx_thread_ws_topic_t *topic);
static void ngx_thread_ws_resume_wake(ngx_uint_t topic);
static void ngx_thread_ws_resume_stir_handler(ngx_event_t *ev);


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


/* this worker's threads of that topic, and of some others */

static ngx_queue_t *
ngx_thread_ws_resume_topic(ngx_uint_t topic)
{
    return &ngx_thread_ws_topics[topic % NGX_THREAD_WS_RESUME_TOPICS];
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

    p = id->data;

    /* all threads of a user have none */

    if (thread_id->len) {
        p = ngx_cpymem(p, thread_id->data,
                       ngx_min(thread_id->len, NGX_THREAD_WS_ID_MAX));
    }

    if (store->realm.len) {
        *p++ = '\0';

        ngx_sha1_init(&sha1);
        ngx_sha1_update(&sha1, store->realm.data, store->realm.len);
        ngx_sha1_final(p, &sha1);

        p += NGX_THREAD_WS_REGISTRY_DIGEST;
    }

    id->len = p - id->data;
}


/* no thread has an empty id: that is all of its owner's */

static void
ngx_thread_ws_resume_name(ngx_thread_ws_registry_thread_t *name,
    ngx_thread_ws_store_t *store, ngx_str_t *owner, ngx_str_t *thread_id)
{
    u_char     text[NGX_THREAD_WS_RESUME_ID];
    ngx_str_t  id;

    id.data = text;
    ngx_thread_ws_resume_id(&id, store, thread_id);

    ngx_thread_ws_registry_thread(name, owner, &id);
}


static void
ngx_thread_ws_resume_listen(ngx_thread_ws_topic_t *topic,
    ngx_thread_ws_resume_t *resume, ngx_str_t *thread_id)
{
    ngx_thread_ws_thread_t  *thread;

    thread = resume->thread;
    topic->resume = resume;

    ngx_thread_ws_resume_name(&topic->name, thread->store, &thread->owner,
                              thread_id);

    ngx_queue_insert_tail(ngx_thread_ws_resume_topic(topic->name.topic),
                          &topic->queue);

    ngx_thread_ws_wake_listen(topic->name.topic);
}


static void
ngx_thread_ws_resume_unlisten(ngx_thread_ws_topic_t *topic)
{
    ngx_thread_ws_wake_unlisten(topic->name.topic);
    ngx_queue_remove(&topic->queue);
}


ngx_int_t
ngx_thread_ws_resume_join(ngx_thread_ws_thread_t *thread)
{
    size_t                   size;
    ngx_str_t                all;
    ngx_thread_ws_resume_t  *resume;

    if (thread->resume) {
        return NGX_OK;
    }

    size = thread->owner.len ? sizeof(ngx_thread_ws_resume_t)
                             : offsetof(ngx_thread_ws_resume_t, owner);

    resume = ngx_calloc(size, ngx_cycle->log);
    if (resume == NULL) {
        return NGX_ERROR;
    }

    thread->resume = resume;
    resume->thread = thread;

    ngx_queue_init(&resume->elsewhere);
    ngx_thread_ws_lane_init(&resume->lane);

    ngx_thread_ws_resume_listen(&resume->self, resume, &thread->id);

    if (thread->owner.len) {
        ngx_str_null(&all);
        ngx_thread_ws_resume_listen(&resume->owner, resume, &all);
    }

    resume->buried = ngx_thread_ws_registry_buried();

    /* what was there before is heard by those who follow it */

    ngx_thread_ws_resume_news(thread);

    return NGX_OK;
}


void
ngx_thread_ws_resume_leave(ngx_thread_ws_thread_t *thread)
{
    ngx_thread_ws_resume_t  *resume;

    resume = thread->resume;

    if (resume == NULL) {
        return;
    }

    ngx_thread_ws_resume_unlisten(&resume->self);

    if (thread->owner.len) {
        ngx_thread_ws_resume_unlisten(&resume->owner);
    }

    if (resume->stirred) {
        ngx_queue_remove(&resume->stir);
    }

    ngx_free(resume);
    thread->resume = NULL;
}


void
ngx_thread_ws_resume_stir(ngx_thread_ws_thread_t *thread)
{
    if (thread->resume == NULL || thread->resume->stirred) {
        return;
    }

    thread->resume->stirred = 1;
    ngx_queue_insert_tail(&ngx_thread_ws_stirred, &thread->resume->stir);

    ngx_post_event(&ngx_thread_ws_stir, &ngx_posted_events);
}


void
ngx_thread_ws_resume_tell(ngx_thread_ws_thread_t *thread)
{
    ngx_queue_t             *q, *list;
    ngx_thread_ws_topic_t   *topic;
    ngx_thread_ws_resume_t  *resume;

    resume = thread->resume;

    if (resume == NULL) {
        return;
    }

    ngx_thread_ws_wake_tell(resume->self.name.topic);

    /* with the store "connection" each connection has a thread of its own */

    list = ngx_thread_ws_resume_topic(resume->self.name.topic);

    for (q = ngx_queue_head(list);
         q != ngx_queue_sentinel(list);
         q = ngx_queue_next(q))
    {
        topic = ngx_queue_data(q, ngx_thread_ws_topic_t, queue);

        if (topic->resume != resume
            && ngx_memcmp(topic->name.digest, resume->self.name.digest,
                          NGX_THREAD_WS_REGISTRY_DIGEST)
               == 0)
        {
            ngx_thread_ws_resume_stir(topic->resume->thread);
        }
    }
}


ngx_int_t
ngx_thread_ws_resume_active(ngx_thread_ws_store_t *store, ngx_str_t *owner,
    ngx_str_t *thread_id, ngx_thread_ws_claim_t *ref)
{
    u_char                           text[NGX_THREAD_WS_RESUME_ID];
    ngx_str_t                        id;
    ngx_thread_ws_registry_thread_t  name;

    if (ngx_thread_ws_stir.handler == NULL) {
        return NGX_DECLINED;
    }

    id.data = text;
    ngx_thread_ws_resume_id(&id, store, thread_id);

    ngx_thread_ws_registry_thread(&name, owner, &id);

    return ngx_thread_ws_follow_active(&name, ref);
}


void
ngx_thread_ws_resume_deleted(ngx_thread_ws_store_t *store, ngx_str_t *owner,
    ngx_str_t *thread_id, ngx_uint_t running)
{
    ngx_uint_t                       n;
    u_char                           text[NGX_THREAD_WS_RESUME_ID];
    ngx_str_t                        id;
    ngx_thread_ws_registry_thread_t  name;

    if (ngx_thread_ws_stir.handler == NULL) {

        /* nowhere */

        return;
    }

    id.data = text;
    ngx_thread_ws_resume_id(&id, store, thread_id);

    ngx_thread_ws_registry_thread(&name, owner, &id);

    ngx_shmtx_lock(&ngx_thread_ws_zone->shpool->mutex);

    n = store->shared ? ngx_thread_ws_registry_delete(owner, &id) : 0;

    if (n || !running) {
        ngx_thread_ws_registry_bury(&name);
    }

    ngx_shmtx_unlock(&ngx_thread_ws_zone->shpool->mutex);

    ngx_thread_ws_wake_tell(name.topic);
}


void
ngx_thread_ws_resume_erased(ngx_thread_ws_store_t *store, ngx_str_t *owner)
{
    ngx_str_t                        all;
    ngx_thread_ws_registry_thread_t  name;

    if (ngx_thread_ws_stir.handler == NULL) {

        /* nowhere */

        return;
    }

    ngx_str_null(&all);
    ngx_thread_ws_resume_name(&name, store, owner, &all);

    ngx_shmtx_lock(&ngx_thread_ws_zone->shpool->mutex);

    ngx_thread_ws_registry_erase(name.number);
    ngx_thread_ws_registry_bury(&name);

    ngx_shmtx_unlock(&ngx_thread_ws_zone->shpool->mutex);

    ngx_thread_ws_wake_tell(name.topic);
}


/* another worker has said that there is something new */

static void
ngx_thread_ws_resume_wake(ngx_uint_t topic)
{
    ngx_queue_t            *q, *list;
    ngx_thread_ws_topic_t  *told;

    list = ngx_thread_ws_resume_topic(topic);

    for (q = ngx_queue_head(list);
         q != ngx_queue_sentinel(list);
         q = ngx_queue_next(q))
    {
        told = ngx_queue_data(q, ngx_thread_ws_topic_t, queue);

        if (told->name.topic == topic) {
            ngx_thread_ws_resume_stir(told->resume->thread);
        }
    }
}


static void
ngx_thread_ws_resume_stir_handler(ngx_event_t *ev)
{
    ngx_queue_t             *q, stirred;
    ngx_thread_ws_resume_t  *resume;
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

        resume = ngx_queue_data(q, ngx_thread_ws_resume_t, stir);
        resume->stirred = 0;
        thread = resume->thread;

        /* it stays for as long as it is looked after */

        thread->nruns++;
        ngx_thread_ws_resume_look(thread);
        thread->nruns--;

        ngx_thread_ws_thread_release(thread);
    }
}
