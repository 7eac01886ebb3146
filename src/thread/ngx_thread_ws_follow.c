
/*
 * The command "follow": what goes on in the thread is heard from now on, and
 * one run from wherever the client had come to.  Where nothing goes on, it is
 * told what the last run was.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include "observe/ngx_thread_ws_observe.h"


/* asks the store for the thread's last run */

struct ngx_thread_ws_idle_s {
    ngx_pool_t                *pool;
    ngx_thread_ws_follower_t  *follower;
    ngx_thread_ws_store_op_t   op;
};


static ngx_thread_ws_journal_t *ngx_thread_ws_follow_find(
    ngx_thread_ws_follower_t *follower, ngx_str_t *request_id);
static ngx_int_t ngx_thread_ws_follow_named(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id, ngx_thread_ws_claim_t *ref);
static ngx_int_t ngx_thread_ws_follow_from(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_journal_t *journal, size_t after);
static ngx_int_t ngx_thread_ws_follow_answer(ngx_thread_ws_reader_t *reader);
static ngx_int_t ngx_thread_ws_follow_idle(ngx_thread_ws_follower_t *follower);
static void ngx_thread_ws_idle_handler(ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_idle_done(ngx_thread_ws_idle_t *idle);
static ngx_int_t ngx_thread_ws_idle_say(ngx_thread_ws_follower_t *follower,
    ngx_str_t *last_id);


ngx_int_t
ngx_thread_ws_thread_follow(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id, size_t after)
{
    ngx_int_t                 rc;
    ngx_uint_t                followed, places;
    ngx_thread_ws_journal_t  *journal;

    if (follower->conf->resume == 0) {
        return NGX_DECLINED;
    }

    /* what has ended by now is news to the others alone */

    ngx_thread_ws_resume_news(follower->thread);

    followed = follower->follows;
    places = follower->places;

    follower->follows = 1;
    follower->places = 1;

    journal = ngx_thread_ws_follow_find(follower, request_id);

    if (journal) {
        rc = ngx_thread_ws_follow_from(follower, journal, after);

    } else {
        rc = ngx_thread_ws_follow_idle(follower);
    }

    if (rc == NGX_ABORT) {
        follower->follows = followed;
        follower->places = places;
        return rc;
    }

    if (journal) {
        ngx_thread_ws_observe_resumed();
    }

    ngx_thread_ws_resume_hear(follower);

    return rc;
}


ngx_int_t
ngx_thread_ws_thread_hear(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id, size_t after)
{
    ngx_int_t                 rc;
    ngx_thread_ws_journal_t  *journal;

    if (follower->conf->resume == 0) {
        return NGX_DECLINED;
    }

    journal = ngx_thread_ws_follow_find(follower, request_id);

    if (journal == NULL) {
        return NGX_DONE;
    }

    rc = ngx_thread_ws_follow_from(follower, journal, after);

    if (rc == NGX_OK) {
        ngx_thread_ws_observe_resumed();
    }

    return rc;
}


ngx_int_t
ngx_thread_ws_thread_attach(ngx_thread_ws_follower_t *follower,
    ngx_str_t *name)
{
    ngx_str_t                 none;
    ngx_thread_ws_reader_t   *reader;
    ngx_thread_ws_journal_t  *journal;

    if (follower->conf->resume == 0) {
        return NGX_DECLINED;
    }

    ngx_str_null(&none);

    journal = ngx_thread_ws_follow_find(follower, &none);
    if (journal == NULL) {
        return NGX_DECLINED;
    }

    reader = ngx_thread_ws_follower_hear(follower, journal);
    if (reader == NULL) {
        ngx_thread_ws_elsewhere_drop(journal);
        return NGX_ERROR;
    }

    reader->said.request_id = *name;
    reader->announce = 1;

    follower->handlers->post(follower->data);

    ngx_thread_ws_observe_resumed();

    return NGX_OK;
}


/* the run that is named, or else the active one; NULL: there is none */

static ngx_thread_ws_journal_t *
ngx_thread_ws_follow_find(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id)
{
    ngx_thread_ws_run_t      *run;
    ngx_thread_ws_claim_t     ref;
    ngx_thread_ws_journal_t  *journal;

    run = request_id->len ? ngx_thread_ws_lane_find(follower->lane, request_id)
                          : follower->lane->run;

    if (run) {
        return &run->journal;
    }

    if (ngx_thread_ws_follow_named(follower, request_id, &ref) != NGX_OK) {
        return NULL;
    }

    journal = ngx_thread_ws_elsewhere_open(follower->thread, &ref);

    if (journal && journal->ended && journal->request_id.len == 0) {

        /* it was lost before anybody here had heard of it */

        ngx_thread_ws_elsewhere_drop(journal);
        return NULL;
    }

    return journal;
}


static ngx_int_t
ngx_thread_ws_follow_named(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id, ngx_thread_ws_claim_t *ref)
{
    ngx_thread_ws_registry_thread_t  *name;

    name = &follower->thread->resume->self.name;

    return request_id->len
           ? ngx_thread_ws_registry_find_run(name, request_id, ref)
           : ngx_thread_ws_follow_active(name, ref);
}


/* runs follow one another: the oldest one goes on, others wait */

ngx_int_t
ngx_thread_ws_follow_active(ngx_thread_ws_registry_thread_t *name,
    ngx_thread_ws_claim_t *ref)
{
    ref->generation = 0;

    while (ngx_thread_ws_registry_list(name, ref->generation, ref, 1)) {
        if (ngx_thread_ws_registry_state(ref) == NGX_THREAD_WS_REGISTRY_ACTIVE)
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* the follower hears what came after that place, or goes on where it is */

static ngx_int_t
ngx_thread_ws_follow_from(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_journal_t *journal, size_t after)
{
    ngx_int_t                  rc;
    ngx_thread_ws_reader_t    *reader;
    ngx_thread_ws_position_t   position;

    rc = ngx_thread_ws_journal_seek(journal, &position, after);

    if (rc != NGX_OK) {
        ngx_thread_ws_elsewhere_drop(journal);
        return NGX_ABORT;
    }

    reader = ngx_thread_ws_follower_reader(follower, journal);

    if (reader == NULL) {
        reader = ngx_thread_ws_follower_hear(follower, journal);

        if (reader == NULL) {
            ngx_thread_ws_elsewhere_drop(journal);
            return NGX_ERROR;
        }

        reader->position = position;
    }

    /* each follow is answered */

    if (reader->following < NGX_THREAD_WS_FOLLOWING_MAX) {
        reader->following++;
    }

    reader->announce = 1;

    follower->handlers->post(follower->data);

    if (reader->following == 1
        && ngx_thread_ws_journal_tell(&reader->position) == 0)
    {
        /* its first entry says the rest */

        return NGX_OK;
    }

    return ngx_thread_ws_follow_answer(reader);
}


/* at once, where the run has said by now what it answers */

static ngx_int_t
ngx_thread_ws_follow_answer(ngx_thread_ws_reader_t *reader)
{
    ngx_str_t                  bytes;
    ngx_uint_t                 kind;
    ngx_thread_ws_journal_t   *journal;
    ngx_thread_ws_position_t   beginning;

    journal = reader->journal;

    ngx_memzero(&beginning, sizeof(ngx_thread_ws_position_t));

    if (ngx_thread_ws_journal_at(journal, &beginning, &kind, &bytes) != NGX_OK
        || kind != NGX_THREAD_WS_ENTRY_ASKED)
    {
        return NGX_OK;
    }

    if (ngx_thread_ws_journal_tell(&reader->position) == 0) {
        ngx_thread_ws_journal_skip(journal, &reader->position, bytes.len);
    }

    return ngx_thread_ws_reader_asked(reader, &bytes);
}


static ngx_int_t
ngx_thread_ws_follow_idle(ngx_thread_ws_follower_t *follower)
{
    ngx_str_t                  none;
    ngx_pool_t                *pool;
    ngx_thread_ws_idle_t      *idle;
    ngx_thread_ws_thread_t    *thread;
    ngx_thread_ws_recent_t    *recent;
    ngx_thread_ws_store_op_t  *op;

    thread = follower->thread;

    if (!thread->store->shared) {
        ngx_str_null(&none);

        if (ngx_queue_empty(&thread->context.runs)) {
            return ngx_thread_ws_idle_say(follower, &none);
        }

        recent = ngx_queue_data(ngx_queue_last(&thread->context.runs),
                                ngx_thread_ws_recent_t, queue);

        return ngx_thread_ws_idle_say(follower, &recent->request_id);
    }

    if (follower->idle) {
        return NGX_OK;
    }

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    idle = ngx_pcalloc(pool, sizeof(ngx_thread_ws_idle_t));
    if (idle == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    idle->pool = pool;
    idle->follower = follower;

    op = &idle->op;
    op->pool = pool;
    op->log = ngx_cycle->log;
    op->owner = thread->owner;
    op->thread_id = thread->id;
    op->limit = 1;
    op->bytes = 1;
    op->handler = ngx_thread_ws_idle_handler;
    op->data = idle;

    follower->idle = idle;

    if (ngx_thread_ws_store_page(thread->store, op) != NGX_AGAIN) {
        ngx_thread_ws_idle_done(idle);
    }

    return NGX_OK;
}


static void
ngx_thread_ws_idle_handler(ngx_thread_ws_store_op_t *op)
{
    ngx_thread_ws_idle_done(op->data);
}


/* a store that cannot be reached says nothing of the last run */

static void
ngx_thread_ws_idle_done(ngx_thread_ws_idle_t *idle)
{
    ngx_str_t                  last_id;
    ngx_thread_ws_record_t    *record;
    ngx_thread_ws_follower_t  *follower;

    follower = idle->follower;
    follower->idle = NULL;

    ngx_str_null(&last_id);

    if (idle->op.status == NGX_OK && idle->op.records.nelts) {
        record = idle->op.records.elts;
        last_id = record[idle->op.records.nelts - 1].request_id;
    }

    (void) ngx_thread_ws_idle_say(follower, &last_id);

    ngx_destroy_pool(idle->pool);
}


static ngx_int_t
ngx_thread_ws_idle_say(ngx_thread_ws_follower_t *follower, ngx_str_t *last_id)
{
    if (ngx_thread_ws_follower_wire(follower)->idle(&follower->handlers->out,
                                                    follower->data, last_id)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    follower->handlers->post(follower->data);

    return NGX_OK;
}


void
ngx_thread_ws_idle_free(ngx_thread_ws_follower_t *follower)
{
    ngx_thread_ws_idle_t  *idle;

    idle = follower->idle;

    if (idle) {
        follower->idle = NULL;
        ngx_thread_ws_store_abandon(&idle->op);
        ngx_destroy_pool(idle->pool);
    }
}
