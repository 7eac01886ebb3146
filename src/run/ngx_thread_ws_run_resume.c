
/*
 * A run with thread_ws_resume: what it says is written into the zone, too, for
 * other workers and for those who come later; and without anybody who hears it
 * it goes on for so long.
 */


#include "run/ngx_thread_ws_run_private.h"
#include "observe/ngx_thread_ws_observe.h"
#include "zone/ngx_thread_ws_tape.h"


/* s for which the end of a run is kept whose thread was deleted */

#define NGX_THREAD_WS_RUN_EPITAPH  5


static void ngx_thread_ws_run_write(ngx_thread_ws_run_t *run, u_char *data,
    size_t len);


void
ngx_thread_ws_run_wait(ngx_thread_ws_run_t *run)
{
    ngx_add_timer(&run->timer, NGX_THREAD_WS_RUN_WAIT);
}


/* all of the journal is sealed */

void
ngx_thread_ws_run_publish(ngx_thread_ws_run_t *run)
{
    size_t                  from;
    ngx_thread_ws_bytes_t  *bytes;

    bytes = &run->journal.bytes;
    from = run->published;

    if (bytes->len > from) {
        run->published = bytes->len;
        ngx_thread_ws_run_write(run, bytes->data + from, bytes->len - from);
    }
}


static void
ngx_thread_ws_run_write(ngx_thread_ws_run_t *run, u_char *data, size_t len)
{
    if (run->claim.slot == NULL || run->cut) {
        return;
    }

    if (ngx_thread_ws_tape_append(&run->claim, data, len, run->subject.log)
        != NGX_OK)
    {
        run->cut = 1;
    }
}


void
ngx_thread_ws_run_unclaim(ngx_thread_ws_run_t *run)
{
    time_t                 keep;
    ngx_str_t              last;
    ngx_thread_ws_bytes_t  end;

    if (run->conf->resume == 0 || run->claim.slot == NULL) {
        ngx_thread_ws_registry_release(&run->claim);
        return;
    }

    ngx_thread_ws_run_publish(run);

    ngx_memzero(&end, sizeof(ngx_thread_ws_bytes_t));

    if (ngx_thread_ws_journal_ending(&run->journal, &end) != NGX_OK
        || ngx_thread_ws_tape_reserve(&run->claim, end.len, run->subject.log)
           != NGX_OK)
    {
        run->cut = 1;
    }

    last.data = end.data;
    last.len = end.len;

    keep = run->deleted ? NGX_THREAD_WS_RUN_EPITAPH
                        : (time_t) (run->conf->keep / 1000 + 1);

    /* what was given up has no end that anybody could be told */

    if (run->cut || run->result.outcome == NGX_THREAD_WS_DISCONNECTED) {
        keep = 0;
    }

    /* what is stored answers for the run, however it ended */

    ngx_thread_ws_registry_end(&run->claim, &last,
                               run->result.outcome == NGX_THREAD_WS_COMPLETED
                               || (run->partial && run->kept),
                               keep);

    ngx_thread_ws_bytes_free(&end);
}


void
ngx_thread_ws_run_heard(ngx_thread_ws_run_t *run)
{
    if (run->abandon.timer_set) {
        ngx_del_timer(&run->abandon);
    }
}


void
ngx_thread_ws_run_unheard(ngx_thread_ws_run_t *run)
{
    if (run->conf->resume == 0 || run->state == NGX_THREAD_WS_ENDED
        || !ngx_queue_empty(&run->journal.readers))
    {
        return;
    }

    ngx_thread_ws_observe_detached(&run->subject);

    ngx_add_timer(&run->abandon, run->conf->resume);
}


/* somebody may hear it in another worker, which says so once a second */

void
ngx_thread_ws_run_abandon_handler(ngx_event_t *ev)
{
    ngx_thread_ws_run_t  *run = ev->data;

    time_t  left;

    left = ngx_thread_ws_registry_heard(&run->claim)
           + (time_t) (run->conf->resume / 1000) + 1 - ngx_time();

    if (run->state == NGX_THREAD_WS_STORING || left > 0) {
        ngx_add_timer(ev, (left > 0) ? (ngx_msec_t) left * 1000 : 1000);
        return;
    }

    ngx_thread_ws_observe_abandoned(&run->subject);

    ngx_thread_ws_run_end(run, NGX_THREAD_WS_DISCONNECTED, NULL);
}
