
/*
 * From journals to the client's protocol: tokens, and a run's one end.
 */


#include "thread/ngx_thread_ws_follower.h"
#include "json/ngx_thread_ws_json.h"
#include "wire/ngx_thread_ws_event.h"


/* queued bytes beyond which nothing more is taken */

#define NGX_THREAD_WS_FOLLOWER_ROOM  16384

/*
 * Bytes of a token, more or less: no more than a slow line carries while a
 * client waits for a sign of life.
 */

#define NGX_THREAD_WS_FOLLOWER_TOKEN  16384


static ngx_uint_t ngx_thread_ws_follower_full(
    ngx_thread_ws_follower_t *follower);
static ngx_int_t ngx_thread_ws_reader_take(ngx_thread_ws_reader_t *reader,
    ngx_uint_t all);
static ngx_int_t ngx_thread_ws_reader_token(ngx_thread_ws_reader_t *reader);
static ngx_int_t ngx_thread_ws_reader_head(ngx_thread_ws_reader_t *reader);
static ngx_int_t ngx_thread_ws_reader_end(ngx_thread_ws_reader_t *reader);
static ngx_int_t ngx_thread_ws_reader_final(ngx_thread_ws_reader_t *reader);
static ngx_int_t ngx_thread_ws_reader_cancelled(
    ngx_thread_ws_reader_t *reader);
static ngx_int_t ngx_thread_ws_reader_error(ngx_thread_ws_reader_t *reader);
static void ngx_thread_ws_reader_close(ngx_thread_ws_reader_t *reader);


void
ngx_thread_ws_follower_init(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_follower_handlers_t *handlers, void *data)
{
    ngx_memzero(follower, sizeof(ngx_thread_ws_follower_t));

    follower->handlers = handlers;
    follower->data = data;

    ngx_queue_init(&follower->readers);
    ngx_queue_init(&follower->lane.waiting);
}


ngx_int_t
ngx_thread_ws_follower_hear(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_reader_t  *reader;

    reader = ngx_pcalloc(run->pool, sizeof(ngx_thread_ws_reader_t));
    if (reader == NULL) {
        return NGX_ERROR;
    }

    reader->follower = follower;
    reader->run = run;

    ngx_queue_insert_tail(&follower->readers, &reader->queue);
    ngx_queue_insert_tail(&run->readers, &reader->link);

    return NGX_OK;
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


static ngx_int_t
ngx_thread_ws_reader_take(ngx_thread_ws_reader_t *reader, ngx_uint_t all)
{
    ngx_str_t             text;
    ngx_uint_t            kind;
    ngx_thread_ws_run_t  *run;

    run = reader->run;

    while (ngx_thread_ws_journal_at(&run->journal, &reader->position, &kind,
                                    &text)
           == NGX_OK)
    {
        if (!all && ngx_thread_ws_follower_full(reader->follower)) {
            return NGX_AGAIN;
        }

        if (text.len == 0) {
            ngx_thread_ws_journal_skip(&run->journal, &reader->position, 0);
            continue;
        }

        if (ngx_thread_ws_reader_token(reader) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (run->state != NGX_THREAD_WS_ENDED) {
        return NGX_OK;
    }

    if (!all && ngx_thread_ws_follower_full(reader->follower)) {
        return NGX_AGAIN;
    }

    if (ngx_thread_ws_reader_end(reader) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_thread_ws_reader_close(reader);

    return NGX_OK;
}


static ngx_uint_t
ngx_thread_ws_follower_full(ngx_thread_ws_follower_t *follower)
{
    size_t  room;

    room = ngx_min(NGX_THREAD_WS_FOLLOWER_ROOM, follower->conf->output_buffer);

    return follower->handlers->queued(follower->data) >= room;
}


/* all that there is in one event, up to a bound: the text of several reads */

static ngx_int_t
ngx_thread_ws_reader_token(ngx_thread_ws_reader_t *reader)
{
    u_char                             *p, *event, *end;
    void                               *data;
    size_t                              size, len, rest;
    ngx_str_t                           text;
    ngx_uint_t                          kind;
    ngx_thread_ws_journal_t            *journal;
    ngx_thread_ws_follower_handlers_t  *handlers;

    journal = &reader->run->journal;
    handlers = reader->follower->handlers;
    data = reader->follower->data;

    if (reader->head.len == 0 && ngx_thread_ws_reader_head(reader) != NGX_OK) {
        return NGX_ERROR;
    }

    size = ngx_min(ngx_thread_ws_journal_left(journal, &reader->position),
                   NGX_THREAD_WS_FOLLOWER_TOKEN);

    event = handlers->text(data, reader->head.len + size
                                 + sizeof(NGX_THREAD_WS_TOKEN_TAIL) - 1);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(event, reader->head.data, reader->head.len);
    rest = size;

    while (ngx_thread_ws_journal_at(journal, &reader->position, &kind, &text)
           == NGX_OK)
    {
        len = text.len;

        if (len > rest) {

            /* between two characters, none of which takes more bytes */

            if (rest < NGX_THREAD_WS_JSON_CHAR_MAX) {
                break;
            }

            end = ngx_thread_ws_json_piece(text.data, text.data + text.len,
                                           rest - NGX_THREAD_WS_JSON_CHAR_MAX
                                           + 1);
            len = end - text.data;
        }

        p = ngx_cpymem(p, text.data, len);
        rest -= len;

        ngx_thread_ws_journal_skip(journal, &reader->position, len);
    }

    p = ngx_cpymem(p, NGX_THREAD_WS_TOKEN_TAIL,
                   sizeof(NGX_THREAD_WS_TOKEN_TAIL) - 1);

    handlers->text_end(data, event, p);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_reader_head(ngx_thread_ws_reader_t *reader)
{
    u_char     *p;
    ngx_str_t  *id;

    id = &reader->run->subject.request_id;

    p = ngx_pnalloc(reader->run->pool, ngx_thread_ws_event_token_head_size(id));
    if (p == NULL) {
        return NGX_ERROR;
    }

    reader->head.data = p;
    reader->head.len = ngx_thread_ws_event_token_head(p, id) - p;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_reader_end(ngx_thread_ws_reader_t *reader)
{
    switch (reader->run->result.outcome) {

    case NGX_THREAD_WS_COMPLETED:
        return ngx_thread_ws_reader_final(reader);

    case NGX_THREAD_WS_CANCELLED:
        return ngx_thread_ws_reader_cancelled(reader);

    case NGX_THREAD_WS_FAILED:
        return ngx_thread_ws_reader_error(reader);

    default: /* NGX_THREAD_WS_DISCONNECTED: there is nobody to be told */
        return NGX_OK;
    }
}


static ngx_int_t
ngx_thread_ws_reader_final(ngx_thread_ws_reader_t *reader)
{
    u_char                    *p, *event;
    ngx_thread_ws_run_t       *run;
    ngx_thread_ws_final_t      final;
    ngx_thread_ws_follower_t  *follower;

    run = reader->run;
    follower = reader->follower;

    final.request_id = run->subject.request_id;
    final.answer = run->journal.text;
    final.latency = run->result.latency;
    final.usage = run->result.input_tokens >= 0;
    final.input_tokens = run->result.input_tokens;
    final.output_tokens = ngx_max(run->result.output_tokens, 0);
    final.reasoning_tokens = run->reply.reasoning_tokens;
    final.cached_tokens = run->reply.cached_tokens;
    final.finish_reason = run->reply.finish_reason;

    event = follower->handlers->text(follower->data,
                                     ngx_thread_ws_event_final_size(&final));
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_event_final_head(event, &final);
    p = ngx_thread_ws_journal_answer(&run->journal, p);
    p = ngx_thread_ws_event_final_tail(p, &final);

    follower->handlers->text_end(follower->data, event, p);

    return NGX_OK;
}


void
ngx_thread_ws_reader_alive(ngx_thread_ws_reader_t *reader)
{
    u_char                    *p;
    ngx_str_t                 *id;
    ngx_thread_ws_follower_t  *follower;

    id = &reader->run->subject.request_id;
    follower = reader->follower;

    if (!follower->v2 || ngx_thread_ws_reader_behind(reader)) {
        return;
    }

    p = follower->handlers->text(follower->data,
                                 ngx_thread_ws_event_alive_size(id));
    if (p) {
        follower->handlers->text_end(follower->data, p,
                                     ngx_thread_ws_event_alive(p, id));
        follower->handlers->post(follower->data);
    }
}


static ngx_int_t
ngx_thread_ws_reader_cancelled(ngx_thread_ws_reader_t *reader)
{
    u_char                    *p;
    ngx_str_t                 *id;
    ngx_thread_ws_follower_t  *follower;

    id = &reader->run->subject.request_id;
    follower = reader->follower;

    p = follower->handlers->text(follower->data,
                                 ngx_thread_ws_event_cancelled_size(id));
    if (p == NULL) {
        return NGX_ERROR;
    }

    follower->handlers->text_end(follower->data, p,
                                 ngx_thread_ws_event_cancelled(p, id));

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_reader_error(ngx_thread_ws_reader_t *reader)
{
    u_char                    *p;
    ngx_thread_ws_run_t       *run;
    ngx_thread_ws_code_t      *code;
    ngx_thread_ws_error_t      error;
    ngx_thread_ws_follower_t  *follower;

    run = reader->run;
    follower = reader->follower;
    code = &ngx_thread_ws_codes[run->verdict.code];

    error.request_id = run->subject.request_id;
    error.message = run->verdict.text.len ? run->verdict.text : code->text;
    error.code = code->name;
    error.retryable = run->verdict.judged ? run->verdict.retryable
                                          : code->retryable;
    error.retry_after = error.retryable ? run->verdict.retry_after : 0;

    p = follower->handlers->text(follower->data,
                                 ngx_thread_ws_event_error_size(&error));
    if (p == NULL) {
        return NGX_ERROR;
    }

    follower->handlers->text_end(follower->data, p,
                                 ngx_thread_ws_event_error(p, &error));

    return NGX_OK;
}


size_t
ngx_thread_ws_reader_behind(ngx_thread_ws_reader_t *reader)
{
    ngx_thread_ws_follower_t  *follower;

    follower = reader->follower;

    return follower->handlers->queued(follower->data)
           + ngx_thread_ws_journal_left(&reader->run->journal,
                                        &reader->position);
}


void
ngx_thread_ws_follower_drained(ngx_thread_ws_follower_t *follower)
{
    ngx_queue_t             *q;
    ngx_thread_ws_reader_t  *reader;

    for (q = ngx_queue_head(&follower->readers);
         q != ngx_queue_sentinel(&follower->readers);
         q = ngx_queue_next(q))
    {
        reader = ngx_queue_data(q, ngx_thread_ws_reader_t, queue);

        if (ngx_thread_ws_reader_behind(reader)
            <= follower->conf->output_buffer / 2)
        {
            ngx_thread_ws_run_resume(reader->run);
        }
    }
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


/* the reader is in the run's pool, which may go with it */

static void
ngx_thread_ws_reader_close(ngx_thread_ws_reader_t *reader)
{
    ngx_queue_remove(&reader->queue);
    ngx_queue_remove(&reader->link);

    ngx_thread_ws_run_release(reader->run);
}
