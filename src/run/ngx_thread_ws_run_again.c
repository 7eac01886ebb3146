
/*
 * A run whose agent has paused: it is asked again, in a request of its own, as
 * it was asked first and with all that it has said since.  Whoever hears the
 * run hears one answer.
 */


#include "run/ngx_thread_ws_run_private.h"
#include "dialect/ngx_thread_ws_turn.h"


struct ngx_thread_ws_again_s {
    ngx_event_t    event;        /* the turn in which it is asked */
    ngx_str_t      asked;        /* the body of the first request */
    unsigned       due:1;
};


static void ngx_thread_ws_again_handler(ngx_event_t *ev);
static ngx_int_t ngx_thread_ws_again_text(ngx_thread_ws_run_t *run,
    ngx_str_t *text);


ngx_int_t
ngx_thread_ws_again_init(ngx_thread_ws_run_t *run, ngx_str_t *text)
{
    ngx_thread_ws_again_t  *again;

    again = ngx_pcalloc(run->pool, sizeof(ngx_thread_ws_again_t));
    run->reply.turn = ngx_thread_ws_turn_create(&run->journal.text);

    if (again == NULL || run->reply.turn == NULL) {
        return NGX_ERROR;
    }

    again->event.handler = ngx_thread_ws_again_handler;
    again->event.data = run;
    again->event.log = run->subject.log;

    again->asked = *text;

    run->again = again;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_again_prompt(ngx_thread_ws_run_t *run, ngx_str_t *text)
{
    json_t     *json;
    ngx_int_t   rc;
    ngx_str_t   said;

    if (ngx_thread_ws_again_text(run, &said) != NGX_OK) {
        return NGX_ERROR;
    }

    json = run->conf->dialect->again(&run->reply, &run->again->asked, &said);
    rc = ngx_thread_ws_prompt_dump(run, json, text);

    ngx_free(said.data);

    return rc;
}


/* the run's text, as it is escaped */

static ngx_int_t
ngx_thread_ws_again_text(ngx_thread_ws_run_t *run, ngx_str_t *text)
{
    ngx_str_t                 entry;
    ngx_uint_t                kind;
    ngx_thread_ws_position_t  position;

    text->len = 0;
    text->data = ngx_alloc(run->journal.text + 1, run->subject.log);

    if (text->data == NULL) {
        return NGX_ERROR;
    }

    ngx_thread_ws_journal_seal(&run->journal);

    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));

    while (ngx_thread_ws_journal_at(&run->journal, &position, &kind, &entry)
           == NGX_OK)
    {
        if (kind == NGX_THREAD_WS_ENTRY_TEXT) {
            ngx_memcpy(text->data + text->len, entry.data, entry.len);
            text->len += entry.len;
        }

        ngx_thread_ws_journal_skip(&run->journal, &position, entry.len);
    }

    return NGX_OK;
}


void
ngx_thread_ws_again_paused(ngx_thread_ws_run_t *run)
{
    run->again->due = 1;

    if (run->agent == NULL) {
        ngx_thread_ws_again_post(run);
    }
}


ngx_uint_t
ngx_thread_ws_again_due(ngx_thread_ws_run_t *run)
{
    return run->again && run->again->due;
}


/* not at once: the request that has ended is still being freed */

void
ngx_thread_ws_again_post(ngx_thread_ws_run_t *run)
{
    ngx_post_event(&run->again->event, &ngx_posted_events);
}


void
ngx_thread_ws_again_cancel(ngx_thread_ws_run_t *run)
{
    if (run->again && run->again->event.posted) {
        ngx_delete_posted_event(&run->again->event);
    }
}


static void
ngx_thread_ws_again_handler(ngx_event_t *ev)
{
    ngx_thread_ws_run_t  *run = ev->data;

    ngx_log_error(NGX_LOG_INFO, run->subject.log, 0,
                  "agent paused, and is asked again");

    run->again->due = 0;

    ngx_thread_ws_answer_again(run);
    ngx_thread_ws_run_goes(run);
}
