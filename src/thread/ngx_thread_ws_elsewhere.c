
/*
 * Runs of a thread that somebody else has: another worker, of this or of an
 * older configuration, or one that has ended and is kept.  What they say is
 * copied from the zone into a journal of this worker's, as long as somebody
 * here reads it.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include "observe/ngx_thread_ws_subject.h"
#include "wire/ngx_thread_ws_code.h"
#include "zone/ngx_thread_ws_tape.h"
#include "zone/ngx_thread_ws_zone.h"


/* ms between two looks whether whoever writes is still there */

#define NGX_THREAD_WS_ELSEWHERE_LOOK  1000

/* looks that find nothing new, after which it is said that the agent works */

#define NGX_THREAD_WS_ELSEWHERE_ALIVE  10


struct ngx_thread_ws_elsewhere_s {
    ngx_queue_t                queue;        /* in the thread's */
    ngx_thread_ws_thread_t    *thread;
    ngx_thread_ws_claim_t      ref;
    ngx_thread_ws_tape_pos_t   tape;
    ngx_thread_ws_journal_t    journal;
    ngx_event_t                look;
    ngx_uint_t                 silent;       /* looks that found no text */
    size_t                     text;         /* what there was then */
};


static ngx_thread_ws_elsewhere_t *ngx_thread_ws_elsewhere_find(
    ngx_thread_ws_thread_t *thread, ngx_thread_ws_claim_t *ref);
static void ngx_thread_ws_elsewhere_pull(ngx_thread_ws_elsewhere_t *elsewhere,
    ngx_uint_t look);
static ngx_uint_t ngx_thread_ws_elsewhere_over(
    ngx_thread_ws_elsewhere_t *elsewhere, ngx_uint_t look);
static ngx_uint_t ngx_thread_ws_elsewhere_meant(
    ngx_thread_ws_elsewhere_t *elsewhere);
static void ngx_thread_ws_elsewhere_post(ngx_thread_ws_elsewhere_t *elsewhere);
static ngx_int_t ngx_thread_ws_elsewhere_copy(
    ngx_thread_ws_elsewhere_t *elsewhere);
static void ngx_thread_ws_elsewhere_name(ngx_thread_ws_elsewhere_t *elsewhere);
static void ngx_thread_ws_elsewhere_lose(ngx_thread_ws_elsewhere_t *elsewhere,
    ngx_uint_t code);
static void ngx_thread_ws_elsewhere_look_handler(ngx_event_t *ev);
static void ngx_thread_ws_elsewhere_alive(
    ngx_thread_ws_elsewhere_t *elsewhere);
static void ngx_thread_ws_elsewhere_on_room(void *data);
static void ngx_thread_ws_elsewhere_on_came(void *data);
static void ngx_thread_ws_elsewhere_on_left(void *data);


static ngx_thread_ws_journal_handlers_t  ngx_thread_ws_elsewhere_journal = {
    ngx_thread_ws_elsewhere_on_room,
    ngx_thread_ws_elsewhere_on_came,
    ngx_thread_ws_elsewhere_on_left
};


ngx_thread_ws_journal_t *
ngx_thread_ws_elsewhere_open(ngx_thread_ws_thread_t *thread,
    ngx_thread_ws_claim_t *ref)
{
    ngx_pool_t                 *pool;
    ngx_thread_ws_elsewhere_t  *elsewhere;

    elsewhere = ngx_thread_ws_elsewhere_find(thread, ref);

    if (elsewhere) {
        return &elsewhere->journal;
    }

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    elsewhere = ngx_pcalloc(pool, sizeof(ngx_thread_ws_elsewhere_t));
    if (elsewhere == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    elsewhere->thread = thread;
    elsewhere->ref = *ref;

    ngx_thread_ws_tape_rewind(&elsewhere->tape, ref);
    ngx_thread_ws_journal_init(&elsewhere->journal, pool,
                               &ngx_thread_ws_elsewhere_journal, elsewhere);

    elsewhere->look.handler = ngx_thread_ws_elsewhere_look_handler;
    elsewhere->look.data = elsewhere;
    elsewhere->look.log = ngx_cycle->log;

    /* a worker that leaves stays for who hears it, as for runs of its own */

    ngx_add_timer(&elsewhere->look, NGX_THREAD_WS_ELSEWHERE_LOOK);

    ngx_queue_insert_tail(&thread->resume->elsewhere, &elsewhere->queue);

    ngx_thread_ws_registry_hear(&elsewhere->ref);
    ngx_thread_ws_elsewhere_pull(elsewhere, 1);
    ngx_thread_ws_elsewhere_stir(thread);

    return &elsewhere->journal;
}


void
ngx_thread_ws_elsewhere_drop(ngx_thread_ws_journal_t *journal)
{
    if (journal->handlers == &ngx_thread_ws_elsewhere_journal) {
        ngx_thread_ws_elsewhere_on_left(journal->data);
    }
}


static ngx_thread_ws_elsewhere_t *
ngx_thread_ws_elsewhere_find(ngx_thread_ws_thread_t *thread,
    ngx_thread_ws_claim_t *ref)
{
    ngx_queue_t                *q;
    ngx_thread_ws_elsewhere_t  *elsewhere;

    for (q = ngx_queue_head(&thread->resume->elsewhere);
         q != ngx_queue_sentinel(&thread->resume->elsewhere);
         q = ngx_queue_next(q))
    {
        elsewhere = ngx_queue_data(q, ngx_thread_ws_elsewhere_t, queue);

        if (elsewhere->ref.slot == ref->slot
            && elsewhere->ref.generation == ref->generation)
        {
            return elsewhere;
        }
    }

    return NULL;
}


/*
 * A run begins when those before it have ended: who has taken in what it says,
 * and looks at those after that, finds their ends, too.  So the newest comes
 * first, and nobody hears it before the end of another.
 */

void
ngx_thread_ws_elsewhere_stir(ngx_thread_ws_thread_t *thread)
{
    ngx_queue_t                *q, *prev;
    ngx_thread_ws_elsewhere_t  *elsewhere;

    for (q = ngx_queue_last(&thread->resume->elsewhere);
         q != ngx_queue_sentinel(&thread->resume->elsewhere);
         q = prev)
    {
        prev = ngx_queue_prev(q);
        elsewhere = ngx_queue_data(q, ngx_thread_ws_elsewhere_t, queue);

        ngx_thread_ws_elsewhere_pull(elsewhere, 0);
    }
}


/*
 * Takes what there is, and has it read at the end of this turn; look: whether
 * there can be any more, too.
 */

static void
ngx_thread_ws_elsewhere_pull(ngx_thread_ws_elsewhere_t *elsewhere,
    ngx_uint_t look)
{
    size_t                     len;
    ngx_uint_t                 code;
    ngx_thread_ws_journal_t   *journal;

    journal = &elsewhere->journal;

    if (journal->ended) {
        return;
    }

    len = journal->bytes.len;
    code = ngx_thread_ws_elsewhere_over(elsewhere, look);

    if (code) {
        ngx_thread_ws_elsewhere_lose(elsewhere, code);
    }

    ngx_thread_ws_elsewhere_name(elsewhere);

    if (journal->bytes.len != len || journal->ended) {
        ngx_thread_ws_elsewhere_post(elsewhere);
    }
}


/* takes what there is: OK, or the code by which it has failed */

static ngx_uint_t
ngx_thread_ws_elsewhere_over(ngx_thread_ws_elsewhere_t *elsewhere,
    ngx_uint_t look)
{
    ngx_thread_ws_claim_t  *ref;

    ref = &elsewhere->ref;

    if (ngx_thread_ws_elsewhere_copy(elsewhere) != NGX_OK) {

        /* what had ended by then is found no more, either */

        return (ngx_thread_ws_registry_marked(ref,
                                              NGX_THREAD_WS_REGISTRY_DELETED)
                || ngx_thread_ws_resume_gone(elsewhere->thread))
               ? NGX_THREAD_WS_THREAD_DELETED : NGX_THREAD_WS_RUN_LOST;
    }

    if (elsewhere->journal.ended) {
        return NGX_THREAD_WS_OK;
    }

    if (ngx_thread_ws_registry_marked(ref, NGX_THREAD_WS_REGISTRY_DELETED
                                           |NGX_THREAD_WS_REGISTRY_STOP))
    {
        return NGX_THREAD_WS_THREAD_DELETED;
    }

    return (look && ngx_thread_ws_registry_state(ref)
                    == NGX_THREAD_WS_REGISTRY_LOST)
           ? NGX_THREAD_WS_RUN_LOST : NGX_THREAD_WS_OK;
}


void
ngx_thread_ws_elsewhere_end(ngx_thread_ws_thread_t *thread)
{
    ngx_queue_t                *q;
    ngx_thread_ws_elsewhere_t  *elsewhere;

    if (thread->resume == NULL) {
        return;
    }

    for (q = ngx_queue_head(&thread->resume->elsewhere);
         q != ngx_queue_sentinel(&thread->resume->elsewhere);
         q = ngx_queue_next(q))
    {
        elsewhere = ngx_queue_data(q, ngx_thread_ws_elsewhere_t, queue);

        if (elsewhere->journal.ended
            || !ngx_thread_ws_elsewhere_meant(elsewhere))
        {
            continue;
        }

        if (ngx_thread_ws_elsewhere_copy(elsewhere) != NGX_OK
            || !elsewhere->journal.ended)
        {
            ngx_thread_ws_elsewhere_lose(elsewhere,
                                         NGX_THREAD_WS_THREAD_DELETED);
        }

        ngx_thread_ws_elsewhere_name(elsewhere);
        ngx_thread_ws_elsewhere_post(elsewhere);
    }
}


/* of threads without a store those of agents' servers are */

static ngx_uint_t
ngx_thread_ws_elsewhere_meant(ngx_thread_ws_elsewhere_t *elsewhere)
{
    ngx_queue_t              *q;
    ngx_thread_ws_reader_t   *reader;
    ngx_thread_ws_journal_t  *journal;

    if (elsewhere->thread->store->shared) {
        return 1;
    }

    journal = &elsewhere->journal;

    for (q = ngx_queue_head(&journal->readers);
         q != ngx_queue_sentinel(&journal->readers);
         q = ngx_queue_next(q))
    {
        reader = ngx_queue_data(q, ngx_thread_ws_reader_t, link);

        if (reader->follower->conf->dialect->threads) {
            return 1;
        }
    }

    return 0;
}


/* those who hear it take what is new at the end of this turn */

static void
ngx_thread_ws_elsewhere_post(ngx_thread_ws_elsewhere_t *elsewhere)
{
    ngx_queue_t               *q;
    ngx_thread_ws_reader_t    *reader;
    ngx_thread_ws_journal_t   *journal;
    ngx_thread_ws_follower_t  *follower;

    journal = &elsewhere->journal;

    for (q = ngx_queue_head(&journal->readers);
         q != ngx_queue_sentinel(&journal->readers);
         q = ngx_queue_next(q))
    {
        reader = ngx_queue_data(q, ngx_thread_ws_reader_t, link);
        follower = reader->follower;

        follower->handlers->post(follower->data);
    }
}


static ngx_int_t
ngx_thread_ws_elsewhere_copy(ngx_thread_ws_elsewhere_t *elsewhere)
{
    size_t                   len;
    ssize_t                  n;
    ngx_thread_ws_bytes_t   *bytes;

    bytes = &elsewhere->journal.bytes;

    for ( ;; ) {

        if (elsewhere->journal.ended) {
            return NGX_OK;
        }

        len = ngx_thread_ws_tape_left(&elsewhere->tape);

        if (len == 0) {

            /* nothing more, or nothing ever more */

            return (ngx_thread_ws_tape_read(&elsewhere->tape, NULL, 0) == 0)
                   ? NGX_OK : NGX_ERROR;
        }

        if (ngx_thread_ws_bytes_room(bytes, len) != NGX_OK) {
            return NGX_ERROR;
        }

        n = ngx_thread_ws_tape_read(&elsewhere->tape, bytes->data + bytes->len,
                                    len);

        if (n != (ssize_t) len
            || ngx_thread_ws_journal_taken(&elsewhere->journal, len) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }
}


/* its id is in its first entry */

static void
ngx_thread_ws_elsewhere_name(ngx_thread_ws_elsewhere_t *elsewhere)
{
    ngx_str_t                     bytes, *id;
    ngx_uint_t                    kind;
    ngx_thread_ws_journal_t      *journal;
    ngx_thread_ws_position_t      position;
    ngx_thread_ws_entry_asked_t   asked;

    journal = &elsewhere->journal;

    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));

    if (journal->request_id.len
        || ngx_thread_ws_journal_at(journal, &position, &kind, &bytes)
           != NGX_OK
        || kind != NGX_THREAD_WS_ENTRY_ASKED
        || ngx_thread_ws_journal_asked_read(&bytes, &asked) != NGX_OK)
    {
        return;
    }

    id = &asked.request_id;

    journal->request_id.data = ngx_pstrdup(journal->pool, id);
    journal->request_id.len = journal->request_id.data ? id->len : 0;
}


static void
ngx_thread_ws_elsewhere_lose(ngx_thread_ws_elsewhere_t *elsewhere,
    ngx_uint_t code)
{
    ngx_thread_ws_ending_t  *ending;

    elsewhere->journal.ended = 1;

    ending = &elsewhere->journal.ending;

    ngx_memzero(ending, sizeof(ngx_thread_ws_ending_t));

    ending->outcome = NGX_THREAD_WS_FAILED;
    ending->code = code;
    ending->retryable = ngx_thread_ws_codes[code].retryable;
    ending->input_tokens = -1;
}


/*
 * Says that it is heard, lest it be given up, and looks whether its worker is
 * there at all: one that was killed tells nobody.
 */

static void
ngx_thread_ws_elsewhere_look_handler(ngx_event_t *ev)
{
    ngx_thread_ws_elsewhere_t  *elsewhere = ev->data;

    if (elsewhere->journal.ended) {
        return;
    }

    ngx_thread_ws_registry_hear(&elsewhere->ref);
    ngx_add_timer(ev, NGX_THREAD_WS_ELSEWHERE_LOOK);

    ngx_thread_ws_elsewhere_pull(elsewhere, 1);
    ngx_thread_ws_elsewhere_stir(elsewhere->thread);
    ngx_thread_ws_elsewhere_alive(elsewhere);
}


/* of a run that waits for others no agent works */

static void
ngx_thread_ws_elsewhere_alive(ngx_thread_ws_elsewhere_t *elsewhere)
{
    ngx_queue_t              *q;
    ngx_thread_ws_journal_t  *journal;

    journal = &elsewhere->journal;

    if (journal->text != elsewhere->text) {
        elsewhere->text = journal->text;
        elsewhere->silent = 0;
        return;
    }

    if (++elsewhere->silent < NGX_THREAD_WS_ELSEWHERE_ALIVE || journal->ended
        || !ngx_thread_ws_registry_first(&elsewhere->ref))
    {
        return;
    }

    elsewhere->silent = 0;

    for (q = ngx_queue_head(&journal->readers);
         q != ngx_queue_sentinel(&journal->readers);
         q = ngx_queue_next(q))
    {
        ngx_thread_ws_reader_alive(ngx_queue_data(q, ngx_thread_ws_reader_t,
                                                  link));
    }
}


static void
ngx_thread_ws_elsewhere_on_room(void *data)
{
    /* whoever writes does not wait for other workers */
}


static void
ngx_thread_ws_elsewhere_on_came(void *data)
{
    ngx_thread_ws_elsewhere_t  *elsewhere = data;

    ngx_thread_ws_registry_hear(&elsewhere->ref);
}


static void
ngx_thread_ws_elsewhere_on_left(void *data)
{
    ngx_thread_ws_elsewhere_t  *elsewhere = data;

    if (!ngx_queue_empty(&elsewhere->journal.readers)) {
        return;
    }

    if (elsewhere->look.timer_set) {
        ngx_del_timer(&elsewhere->look);
    }

    ngx_queue_remove(&elsewhere->queue);
    ngx_thread_ws_journal_free(&elsewhere->journal);

    ngx_destroy_pool(elsewhere->journal.pool);
}


ngx_uint_t
ngx_thread_ws_thread_passed_on(void)
{
    return ngx_thread_ws_zone_passed_on();
}
