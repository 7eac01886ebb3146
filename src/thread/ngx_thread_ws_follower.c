
/*
 * The journals that a follower hears, one after the other in each turn.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include "base/ngx_thread_ws_string.h"


/* queued bytes beyond which nothing more is taken */

#define NGX_THREAD_WS_FOLLOWER_ROOM  16384


void
ngx_thread_ws_follower_init(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_follower_handlers_t *handlers, void *data)
{
    ngx_memzero(follower, sizeof(ngx_thread_ws_follower_t));

    follower->handlers = handlers;
    follower->data = data;

    ngx_queue_init(&follower->readers);

    follower->lane = &follower->own;
    ngx_thread_ws_lane_init(follower->lane);
}


ngx_thread_ws_reader_t *
ngx_thread_ws_follower_hear(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_journal_t *journal)
{
    ngx_thread_ws_reader_t  *reader;

    reader = ngx_pcalloc(journal->pool, sizeof(ngx_thread_ws_reader_t));
    if (reader == NULL) {
        return NULL;
    }

    reader->follower = follower;
    reader->journal = journal;

    ngx_queue_insert_tail(&follower->readers, &reader->queue);
    ngx_queue_insert_tail(&journal->readers, &reader->link);

    journal->handlers->came(journal->data);

    return reader;
}


ngx_uint_t
ngx_thread_ws_follower_hears(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id)
{
    ngx_queue_t             *q;
    ngx_thread_ws_reader_t  *reader;

    for (q = ngx_queue_head(&follower->readers);
         q != ngx_queue_sentinel(&follower->readers);
         q = ngx_queue_next(q))
    {
        reader = ngx_queue_data(q, ngx_thread_ws_reader_t, queue);

        if (ngx_thread_ws_string_equal(&reader->journal->request_id,
                                       request_id))
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_thread_ws_follower_aborts(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id)
{
    ngx_queue_t             *q;
    ngx_thread_ws_said_t    *said;
    ngx_thread_ws_reader_t  *reader;

    for (q = ngx_queue_head(&follower->readers);
         q != ngx_queue_sentinel(&follower->readers);
         q = ngx_queue_next(q))
    {
        reader = ngx_queue_data(q, ngx_thread_ws_reader_t, queue);

        if (ngx_thread_ws_string_equal(&reader->journal->request_id,
                                       request_id))
        {
            said = ngx_thread_ws_reader_said(reader);

            if (said->run) {
                said->run->aborted = 1;
            }
        }
    }
}


ngx_thread_ws_reader_t *
ngx_thread_ws_follower_reader(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_journal_t *journal)
{
    ngx_queue_t             *q;
    ngx_thread_ws_reader_t  *reader;

    for (q = ngx_queue_head(&journal->readers);
         q != ngx_queue_sentinel(&journal->readers);
         q = ngx_queue_next(q))
    {
        reader = ngx_queue_data(q, ngx_thread_ws_reader_t, link);

        if (reader->follower == follower) {
            return reader;
        }
    }

    return NULL;
}


ngx_int_t
ngx_thread_ws_follower_take(ngx_thread_ws_follower_t *follower, ngx_uint_t all)
{
    ngx_int_t                rc;
    ngx_queue_t             *q, *next;
    ngx_thread_ws_reader_t  *reader;

    for (q = ngx_queue_head(&follower->readers);
         q != ngx_queue_sentinel(&follower->readers);
         q = next)
    {
        next = ngx_queue_next(q);
        reader = ngx_queue_data(q, ngx_thread_ws_reader_t, queue);

        rc = ngx_thread_ws_reader_take(reader, all);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


ngx_uint_t
ngx_thread_ws_follower_full(ngx_thread_ws_follower_t *follower)
{
    size_t  room;

    room = ngx_min(NGX_THREAD_WS_FOLLOWER_ROOM, follower->conf->output_buffer);

    return follower->handlers->queued(follower->data) >= room;
}


void
ngx_thread_ws_follower_drained(ngx_thread_ws_follower_t *follower)
{
    ngx_queue_t              *q;
    ngx_thread_ws_reader_t   *reader;
    ngx_thread_ws_journal_t  *journal;

    for (q = ngx_queue_head(&follower->readers);
         q != ngx_queue_sentinel(&follower->readers);
         q = ngx_queue_next(q))
    {
        reader = ngx_queue_data(q, ngx_thread_ws_reader_t, queue);
        journal = reader->journal;

        if (ngx_thread_ws_reader_behind(reader)
            <= follower->conf->output_buffer / 2)
        {
            journal->handlers->room(journal->data);
        }
    }
}


ngx_int_t
ngx_thread_ws_follower_fail(ngx_thread_ws_follower_t *follower,
    ngx_uint_t code)
{
    ngx_int_t     rc;
    ngx_queue_t  *q;

    rc = NGX_OK;

    for (q = ngx_queue_head(&follower->readers);
         q != ngx_queue_sentinel(&follower->readers) && rc == NGX_OK;
         q = ngx_queue_next(q))
    {
        rc = ngx_thread_ws_reader_fail(ngx_queue_data(q,
                                               ngx_thread_ws_reader_t, queue),
                                       code);
    }

    ngx_thread_ws_follower_deafen(follower);

    return rc;
}


void
ngx_thread_ws_follower_deafen(ngx_thread_ws_follower_t *follower)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&follower->readers)) {
        q = ngx_queue_head(&follower->readers);

        ngx_thread_ws_reader_close(ngx_queue_data(q, ngx_thread_ws_reader_t,
                                                  queue));
    }
}
