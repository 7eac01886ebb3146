
/*
 * From a journal to the client's protocol: tokens, and a run's one end.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json.h"
#include "observe/ngx_thread_ws_subject.h"
#include "store/ngx_thread_ws_extra.h"
#include "wire/ngx_thread_ws_code.h"
#include "wire/ngx_thread_ws_wire.h"


/*
 * Bytes of a token, more or less: no more than a slow line carries while a
 * client waits for a sign of life.
 */

#define NGX_THREAD_WS_READER_TOKEN  16384


static ngx_thread_ws_said_run_t *ngx_thread_ws_reader_run(
    ngx_thread_ws_reader_t *reader);
static ngx_int_t ngx_thread_ws_reader_token(ngx_thread_ws_reader_t *reader,
    ngx_str_t *text);
static u_char *ngx_thread_ws_reader_texts(ngx_thread_ws_reader_t *reader,
    ngx_str_t *text, u_char *p, size_t size);
static ngx_int_t ngx_thread_ws_reader_head(ngx_thread_ws_reader_t *reader);
static ngx_int_t ngx_thread_ws_reader_end(ngx_thread_ws_reader_t *reader);
static ngx_int_t ngx_thread_ws_reader_final(ngx_thread_ws_reader_t *reader);
static u_char *ngx_thread_ws_reader_answer(void *data, u_char *dst);
static ngx_int_t ngx_thread_ws_reader_error(ngx_thread_ws_reader_t *reader);
static u_char *ngx_thread_ws_reader_room(void *data, size_t size);
static void ngx_thread_ws_reader_event(void *data, u_char *event,
    u_char *last);


ngx_thread_ws_wire_out_t  ngx_thread_ws_reader_out = {
    ngx_thread_ws_reader_room,
    ngx_thread_ws_reader_event
};


ngx_int_t
ngx_thread_ws_reader_take(ngx_thread_ws_reader_t *reader, ngx_uint_t all)
{
    ngx_int_t                 rc;
    ngx_str_t                 bytes;
    ngx_uint_t                kind;
    ngx_thread_ws_journal_t  *journal;

    journal = reader->journal;

    while (ngx_thread_ws_journal_at(journal, &reader->position, &kind, &bytes)
           == NGX_OK)
    {
        if (!all && ngx_thread_ws_follower_full(reader->follower)) {
            return NGX_AGAIN;
        }

        if (kind == NGX_THREAD_WS_ENTRY_TEXT && bytes.len) {
            rc = ngx_thread_ws_reader_token(reader, &bytes);

        } else if (kind > NGX_THREAD_WS_ENTRY_END) {
            rc = ngx_thread_ws_reader_part(reader, kind, &bytes);

        } else {
            ngx_thread_ws_journal_skip(journal, &reader->position, bytes.len);

            rc = (kind == NGX_THREAD_WS_ENTRY_ASKED && reader->announce)
                 ? ngx_thread_ws_reader_asked(reader, &bytes) : NGX_OK;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (!journal->ended) {
        return NGX_OK;
    }

    if (journal->request_id.len == 0 && reader->said.request_id.len == 0) {

        /* lost before anybody here had heard of it */

        ngx_thread_ws_reader_close(reader);
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


ngx_int_t
ngx_thread_ws_reader_asked(ngx_thread_ws_reader_t *reader, ngx_str_t *bytes)
{
    ngx_int_t                     rc;
    ngx_thread_ws_said_t         *said;
    ngx_thread_ws_asked_t         asked;
    ngx_thread_ws_bytes_t         texts;
    ngx_thread_ws_entry_asked_t   entry;

    if (ngx_thread_ws_journal_asked_read(bytes, &entry) != NGX_OK) {
        return NGX_ERROR;
    }

    asked.request_id = entry.request_id;
    asked.content = entry.content;
    asked.extra = entry.extra;
    asked.earlier = entry.earlier;

    ngx_str_null(&asked.parts);
    ngx_str_null(&asked.shown);
    ngx_memzero(&texts, sizeof(ngx_thread_ws_bytes_t));

    reader->announce = 0;

    said = ngx_thread_ws_reader_said(reader);
    rc = ngx_thread_ws_reader_listed(&asked, &texts);

    while (rc == NGX_OK) {
        asked.following = (reader->following > 0);

        rc = said->wire->asked(said, &asked);

        reader->following -= asked.following;

        if (reader->following == 0) {
            break;
        }
    }

    ngx_thread_ws_bytes_free(&texts);

    return rc;
}


/* what the follower's wire knows of the run */

ngx_thread_ws_said_t *
ngx_thread_ws_reader_said(ngx_thread_ws_reader_t *reader)
{
    ngx_thread_ws_said_t  *said;

    said = &reader->said;

    if (said->wire == NULL) {
        said->wire = ngx_thread_ws_follower_wire(reader->follower);
        said->out = &ngx_thread_ws_reader_out;
        said->data = reader;
        said->bare = (reader->follower->handlers->place != NULL);
        said->enclosed = reader->follower->places && !said->bare;
        said->major = reader->follower->major;

        if (said->wire->chats) {
            said->run = ngx_thread_ws_reader_run(reader);
        }

        if (said->request_id.len == 0) {
            said->request_id = reader->journal->request_id;
        }

        if (said->wire->position && said->run) {
            ngx_thread_ws_reader_replay(reader);
        }
    }

    return said;
}


/*
 * What the run answers its journal says first with thread_ws_resume; without
 * it, it is this worker's.  NULL without memory.
 */

static ngx_thread_ws_said_run_t *
ngx_thread_ws_reader_run(ngx_thread_ws_reader_t *reader)
{
    json_t                       *extra;
    ngx_str_t                     bytes;
    ngx_uint_t                    kind;
    ngx_thread_ws_run_t          *run;
    ngx_thread_ws_journal_t      *journal;
    ngx_thread_ws_position_t      beginning;
    ngx_thread_ws_said_run_t     *said;
    ngx_thread_ws_entry_asked_t   asked;

    journal = reader->journal;

    said = ngx_pcalloc(journal->pool, sizeof(ngx_thread_ws_said_run_t));
    if (said == NULL) {
        return NULL;
    }

    said->id = journal->request_id;
    said->thread_id = reader->follower->thread->id;

    ngx_memzero(&asked, sizeof(ngx_thread_ws_entry_asked_t));

    if (reader->follower->conf->resume == 0) {
        run = journal->data;
        asked.content = run->content;

        if (run->extra) {
            asked.extra = run->extra->asked;
        }

    } else {
        ngx_memzero(&beginning, sizeof(ngx_thread_ws_position_t));

        if (ngx_thread_ws_journal_at(journal, &beginning, &kind, &bytes)
            != NGX_OK
            || kind != NGX_THREAD_WS_ENTRY_ASKED
            || ngx_thread_ws_journal_asked_read(&bytes, &asked) != NGX_OK)
        {
            ngx_str_null(&asked.extra);
        }
    }

    extra = ngx_thread_ws_extra_read(&asked.extra);

    said->results = asked.content.len == 0
                    && json_object_get(extra, "content") == NULL
                    && (json_object_get(extra, "toolResults")
                        || json_object_get(extra, "answers"));

    json_decref(extra);

    return said;
}


/*
 * All that there is in one event, up to a bound, from this text on: that of
 * several reads.
 */

static ngx_int_t
ngx_thread_ws_reader_token(ngx_thread_ws_reader_t *reader, ngx_str_t *text)
{
    u_char                *p, *event;
    size_t                 size;
    ngx_thread_ws_said_t  *said;

    said = &reader->said;

    if (said->head.len == 0 && ngx_thread_ws_reader_head(reader) != NGX_OK) {
        return NGX_ERROR;
    }

    size = ngx_min(ngx_thread_ws_journal_left(reader->journal,
                                              &reader->position),
                   NGX_THREAD_WS_READER_TOKEN);

    event = ngx_thread_ws_reader_room(reader, said->head.len + size
                                              + said->tail.len);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(event, said->head.data, said->head.len);
    p = ngx_thread_ws_reader_texts(reader, text, p, size);
    p = ngx_cpymem(p, said->tail.data, said->tail.len);

    if (said->wire->heads) {
        said->head.len = 0;
    }

    reader->follower->unbroken = 1;
    ngx_thread_ws_reader_event(reader, event, p);
    reader->follower->unbroken = 0;

    return NGX_OK;
}


/* writes texts that follow one another, at most size bytes */

static u_char *
ngx_thread_ws_reader_texts(ngx_thread_ws_reader_t *reader, ngx_str_t *text,
    u_char *p, size_t size)
{
    u_char                   *end;
    size_t                    len;
    ngx_uint_t                kind;
    ngx_thread_ws_journal_t  *journal;

    journal = reader->journal;

    do {
        len = text->len;

        if (len > size) {

            /* between two characters, none of which takes more bytes */

            if (size < NGX_THREAD_WS_JSON_CHAR_MAX) {
                break;
            }

            end = ngx_thread_ws_json_piece(text->data, text->data + text->len,
                                           size - NGX_THREAD_WS_JSON_CHAR_MAX
                                           + 1);
            len = end - text->data;
        }

        p = ngx_cpymem(p, text->data, len);
        size -= len;

        ngx_thread_ws_journal_skip(journal, &reader->position, len);

    } while (ngx_thread_ws_journal_at(journal, &reader->position, &kind, text)
             == NGX_OK
             && kind == NGX_THREAD_WS_ENTRY_TEXT);

    return p;
}


static ngx_int_t
ngx_thread_ws_reader_head(ngx_thread_ws_reader_t *reader)
{
    ngx_thread_ws_said_t  *said;

    said = ngx_thread_ws_reader_said(reader);

    if (!reader->placed) {
        reader->placed = 1;

        if (ngx_thread_ws_reader_where(reader) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return said->head.len ? NGX_OK : said->wire->text(said);
}


static ngx_int_t
ngx_thread_ws_reader_end(ngx_thread_ws_reader_t *reader)
{
    ngx_thread_ws_said_t  *said;

    said = ngx_thread_ws_reader_said(reader);

    reader->follower->told =
             (reader->journal->ending.outcome != NGX_THREAD_WS_DISCONNECTED);

    switch (reader->journal->ending.outcome) {

    case NGX_THREAD_WS_COMPLETED:
        return ngx_thread_ws_reader_final(reader);

    case NGX_THREAD_WS_CANCELLED:
        return said->wire->cancelled(said, reader->journal->ending.kept);

    case NGX_THREAD_WS_FAILED:
        return ngx_thread_ws_reader_error(reader);

    default: /* NGX_THREAD_WS_DISCONNECTED: there is nobody to be told */
        return NGX_OK;
    }
}


static ngx_int_t
ngx_thread_ws_reader_final(ngx_thread_ws_reader_t *reader)
{
    ngx_int_t                 rc;
    ngx_thread_ws_said_t     *said;
    ngx_thread_ws_bytes_t     asks;
    ngx_thread_ws_final_t    *final;
    ngx_thread_ws_ending_t   *ending;
    ngx_thread_ws_finish_t    finish;
    ngx_thread_ws_journal_t  *journal;

    said = &reader->said;
    journal = reader->journal;
    ending = &journal->ending;
    final = &finish.final;

    final->request_id = said->request_id;
    final->answer = journal->text;
    final->latency = ending->latency;
    final->usage = ending->input_tokens >= 0;
    final->input_tokens = ending->input_tokens;
    final->output_tokens = ngx_max(ending->output_tokens, 0);
    final->reasoning_tokens = ending->reasoning_tokens;
    final->cached_tokens = ending->cached_tokens;
    final->finish_reason = ending->finish_reason;

    finish.answer = ngx_thread_ws_reader_answer;
    finish.data = reader;

    ngx_memzero(&asks, sizeof(ngx_thread_ws_bytes_t));

    rc = ngx_thread_ws_string_is(&ending->finish_reason,
                                 NGX_THREAD_WS_FINISH_INTERRUPT)
         ? ngx_thread_ws_reader_interrupts(journal, &asks) : NGX_OK;

    final->interrupts.data = asks.data;
    final->interrupts.len = asks.len;

    if (rc == NGX_OK) {
        rc = said->wire->finish(said, &finish);
    }

    ngx_thread_ws_bytes_free(&asks);

    return rc;
}


static u_char *
ngx_thread_ws_reader_answer(void *data, u_char *dst)
{
    ngx_thread_ws_reader_t *reader = data;

    /* who knows of resets may have heard one before it came back */

    return ngx_thread_ws_reader_hears(reader)
           ? ngx_thread_ws_journal_standing(reader->journal, NULL, dst)
           : ngx_thread_ws_journal_answer(reader->journal, dst);
}


void
ngx_thread_ws_reader_alive(ngx_thread_ws_reader_t *reader)
{
    ngx_thread_ws_said_t      *said;
    ngx_thread_ws_follower_t  *follower;

    follower = reader->follower;

    if (reader->spoke) {
        reader->spoke = 0;
        return;
    }

    if (!ngx_thread_ws_reader_hears(reader)
        || ngx_thread_ws_reader_behind(reader))
    {
        return;
    }

    said = ngx_thread_ws_reader_said(reader);

    if (said->wire->alive && said->wire->alive(said) == NGX_OK) {
        follower->handlers->post(follower->data);
    }
}


static ngx_int_t
ngx_thread_ws_reader_error(ngx_thread_ws_reader_t *reader)
{
    ngx_thread_ws_said_t    *said;
    ngx_thread_ws_code_t    *code;
    ngx_thread_ws_error_t    error;
    ngx_thread_ws_ending_t  *ending;

    said = &reader->said;
    ending = &reader->journal->ending;
    code = &ngx_thread_ws_codes[ending->code];

    error.request_id = said->request_id;
    error.message = ending->text.len ? ending->text : code->text;
    error.code = code->name;
    error.retryable = ending->retryable;
    error.retry_after = error.retryable ? ending->retry_after : 0;

    return said->wire->error(said, &error);
}


ngx_int_t
ngx_thread_ws_reader_fail(ngx_thread_ws_reader_t *reader, ngx_uint_t n)
{
    ngx_thread_ws_said_t   *said;
    ngx_thread_ws_code_t   *code;
    ngx_thread_ws_error_t   error;

    said = ngx_thread_ws_reader_said(reader);
    code = &ngx_thread_ws_codes[n];

    error.request_id = said->request_id;
    error.message = code->text;
    error.code = code->name;
    error.retryable = code->retryable;
    error.retry_after = 0;

    reader->follower->told = 1;

    return said->wire->error(said, &error);
}


static u_char *
ngx_thread_ws_reader_room(void *data, size_t size)
{
    ngx_thread_ws_reader_t *reader = data;

    ngx_thread_ws_follower_t  *follower;

    follower = reader->follower;

    if (follower->places) {
        size += NGX_THREAD_WS_EVENT_POSITION;
    }

    return follower->handlers->out.room(follower->data, size);
}


/*
 * An event, to those who follow with the place after it: of several of one
 * entry the last has it, since clients pass over what has a place that they
 * know.
 */

static void
ngx_thread_ws_reader_event(void *data, u_char *event, u_char *last)
{
    ngx_thread_ws_reader_t *reader = data;

    size_t                     position;
    ngx_thread_ws_follower_t  *follower;

    follower = reader->follower;

    if (follower->places && !reader->said.more) {
        position = ngx_thread_ws_journal_tell(&reader->position);

        if (follower->handlers->place) {
            follower->handlers->place(follower->data,
                                      &reader->journal->request_id, position);

        } else if (reader->said.wire->position) {
            last = reader->said.wire->position(last, position);
        }
    }

    follower->handlers->out.event(follower->data, event, last);
}


size_t
ngx_thread_ws_reader_behind(ngx_thread_ws_reader_t *reader)
{
    ngx_thread_ws_follower_t  *follower;

    follower = reader->follower;

    return follower->handlers->queued(follower->data)
           + ngx_thread_ws_journal_left(reader->journal, &reader->position);
}


/* the reader is of the journal's pool, which may go with it */

void
ngx_thread_ws_reader_close(ngx_thread_ws_reader_t *reader)
{
    ngx_thread_ws_journal_t  *journal;

    journal = reader->journal;

    ngx_thread_ws_wire_forget(&reader->said);

    ngx_queue_remove(&reader->queue);
    ngx_queue_remove(&reader->link);

    journal->handlers->left(journal->data);
}
