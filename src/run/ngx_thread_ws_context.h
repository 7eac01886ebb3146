
/*
 * The context: the completed runs of a thread that a prompt is built from,
 * newest last, so that the whole history need not be read for each message.  It
 * lies in this room and not in thread/ since a run reads it, and no run knows
 * its thread.
 */


#ifndef _NGX_THREAD_WS_CONTEXT_H_INCLUDED_
#define _NGX_THREAD_WS_CONTEXT_H_INCLUDED_


#include "ngx_thread_ws.h"
#include "run/ngx_thread_ws_journal.h"
#include "store/ngx_thread_ws_store.h"


/*
 * A completed run; one piece of malloc's memory, since a thread lives for days
 * and a pool would keep them all.  Texts are kept escaped, as the inside of
 * JSON strings: they only ever go into prompts and events.
 */

typedef struct {
    ngx_queue_t                queue;
    ngx_str_t                  request_id;
    ngx_str_t                  content;      /* escaped */
    ngx_str_t                  answer;       /* escaped */
    ngx_thread_ws_extra_t     *extra;        /* plain; NULL: texts are all */
    size_t                     size;         /* of all, unescaped */
    ngx_str_t                  finish_reason;
    ngx_int_t                  input_tokens;     /* -1: not told */
    ngx_int_t                  output_tokens;
    ngx_msec_t                 latency;
} ngx_thread_ws_recent_t;


typedef struct {
    ngx_queue_t                runs;         /* of ngx_thread_ws_recent_t */
    ngx_uint_t                 nruns;
    size_t                     size;         /* of all, unescaped */
    uint64_t                   seq;          /* the store's, of the last one
                                                seen; 0: none */
    uint64_t                   generation;   /* the store's, of all that; 0: not
                                                known yet */
    ngx_uint_t                 epoch;        /* goes on when all is forgotten */
    ngx_thread_ws_context_conf_t  limits;
} ngx_thread_ws_context_t;


void ngx_thread_ws_context_init(ngx_thread_ws_context_t *context);

/*
 * Remembers at least as much as these limits say from now on.  What was trimmed
 * by narrower ones is missing then, so that all is forgotten, to be read anew.
 */

void ngx_thread_ws_context_widen(ngx_thread_ws_context_t *context,
    ngx_thread_ws_context_conf_t *limits);

/*
 * Remembers a copy of a run, whose answer is in its journal (sealed), or, with
 * NULL, in the record.  NGX_OK or NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_context_add(ngx_thread_ws_context_t *context,
    ngx_thread_ws_record_t *record, ngx_thread_ws_journal_t *journal);

/*
 * The oldest run of those that fit these limits, the queue's sentinel if none
 * does; *n is how many there are from it on.
 */

ngx_queue_t *ngx_thread_ws_context_first(ngx_thread_ws_context_t *context,
    ngx_thread_ws_context_conf_t *limits, ngx_uint_t *n);

/* the remembered run of that id, NULL if there is none */

ngx_thread_ws_recent_t *ngx_thread_ws_context_find(
    ngx_thread_ws_context_t *context, ngx_str_t *request_id);

/* whether a remembered run's content is this, which is plain: 1 or 0 */

ngx_uint_t ngx_thread_ws_recent_same(ngx_thread_ws_recent_t *recent,
    ngx_str_t *content);

/* forgets the run of that id, if it is remembered, and all after it */

void ngx_thread_ws_context_cut(ngx_thread_ws_context_t *context,
    ngx_str_t *request_id);

/* forgets all */

void ngx_thread_ws_context_free(ngx_thread_ws_context_t *context);


#endif /* _NGX_THREAD_WS_CONTEXT_H_INCLUDED_ */
