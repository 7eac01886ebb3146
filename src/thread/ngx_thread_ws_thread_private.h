
/*
 * What the files of a thread share.
 */


#ifndef _NGX_THREAD_WS_THREAD_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_THREAD_PRIVATE_H_INCLUDED_


#include "thread/ngx_thread_ws_thread.h"


typedef struct ngx_thread_ws_elsewhere_s  ngx_thread_ws_elsewhere_t;


/* what a thread is told by: a name in the zone, and others of its topic */

typedef struct {
    ngx_thread_ws_registry_thread_t  name;
    ngx_queue_t                      queue;
    ngx_thread_ws_resume_t          *resume;
} ngx_thread_ws_topic_t;


/*
 * A thread that other workers may have, too: one with thread_ws_resume.  All
 * others go without, since a connection is to cost little while it is idle.
 */

struct ngx_thread_ws_resume_s {
    ngx_thread_ws_thread_t    *thread;
    ngx_thread_ws_topic_t      self;
    ngx_thread_ws_lane_t       lane;         /* of this worker's runs */
    ngx_queue_t                elsewhere;    /* runs that others have, heard */
    uint64_t                   seen;         /* the last claim looked at */
    uint64_t                   buried;       /* deletions looked at */
    ngx_queue_t                stir;         /* waits to be looked after */
    ngx_uint_t                 stirred;      /* unsigned  stirred:1; */
    ngx_thread_ws_topic_t      owner;        /* whose all threads may go; the
                                                last, and not allocated where
                                                nobody owns the thread */
};


/* what a thread's runs tell it by */

extern ngx_thread_ws_run_handlers_t  ngx_thread_ws_thread_run_handlers;

/* whoever comes now finds another thread of that name */

void ngx_thread_ws_thread_unlist(ngx_thread_ws_thread_t *thread);

/* frees a thread that has neither followers nor runs */

void ngx_thread_ws_thread_release(ngx_thread_ws_thread_t *thread);

/*
 * The thread was deleted: its runs fail for that, as those that are heard from
 * other workers, and then whoever the thread has is told; it may be gone then.
 */

void ngx_thread_ws_thread_end(ngx_thread_ws_thread_t *thread);

/*
 * A reader writes events of what was said while there is room, with all set
 * whatever room there is, as ngx_thread_ws_follower_take() does; closes itself
 * after the end.
 */

ngx_int_t ngx_thread_ws_reader_take(ngx_thread_ws_reader_t *reader,
    ngx_uint_t all);
void ngx_thread_ws_reader_close(ngx_thread_ws_reader_t *reader);

/* where a reader's wire says it; data is the reader */

extern ngx_thread_ws_wire_out_t  ngx_thread_ws_reader_out;

/*
 * A reader that begins in the middle: what its wire would know by then, had it
 * told all that stands before; nobody hears of it.
 */

void ngx_thread_ws_reader_replay(ngx_thread_ws_reader_t *reader);

/* tells of the run that it has failed, by that code: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_reader_fail(ngx_thread_ws_reader_t *reader,
    ngx_uint_t code);

/* An entry of a part, which it passes over. */

ngx_int_t ngx_thread_ws_reader_part(ngx_thread_ws_reader_t *reader,
    ngx_uint_t kind, ngx_str_t *bytes);

/*
 * A reader that begins in the middle: its tokens are of the message that the
 * text there is of.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_reader_where(ngx_thread_ws_reader_t *reader);

/* what the follower's wire knows of the run; what it hears beside text */

ngx_thread_ws_said_t *ngx_thread_ws_reader_said(
    ngx_thread_ws_reader_t *reader);
ngx_uint_t ngx_thread_ws_reader_hears(ngx_thread_ws_reader_t *reader);

/*
 * A message's parts, which its extra has, in the place of its content; both are
 * in texts then.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_reader_listed(ngx_thread_ws_asked_t *asked,
    ngx_thread_ws_bytes_t *texts);

/*
 * What a run asks, in JSON, added to empty bytes, which stay empty if that is
 * nothing: NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_reader_interrupts(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_bytes_t *bytes);

/*
 * Tells the follower what the run answers, as the entry says, whose bytes these
 * are: NGX_OK, or NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_reader_asked(ngx_thread_ws_reader_t *reader,
    ngx_str_t *bytes);

/* says that the run goes on, to a follower that has nothing else to take */

void ngx_thread_ws_reader_alive(ngx_thread_ws_reader_t *reader);

/* bytes that have not left yet, in the journal and in the output */

size_t ngx_thread_ws_reader_behind(ngx_thread_ws_reader_t *reader);

/*
 * An empty lane; the next one that waits begins; its run of that id; ends all
 * that it has, but for what is being stored; a run that waits is taken off.
 */

void ngx_thread_ws_lane_init(ngx_thread_ws_lane_t *lane);
void ngx_thread_ws_lane_next(ngx_thread_ws_lane_t *lane);
ngx_thread_ws_run_t *ngx_thread_ws_lane_find(ngx_thread_ws_lane_t *lane,
    ngx_str_t *request_id);
void ngx_thread_ws_lane_end(ngx_thread_ws_lane_t *lane, ngx_uint_t outcome,
    ngx_thread_ws_verdict_t *verdict, ngx_uint_t close_code);

void ngx_thread_ws_lane_dequeue(ngx_thread_ws_lane_t *lane,
    ngx_thread_ws_run_t *run);

/*
 * With thread_ws_resume: the thread is made known to other workers, which look
 * after it when they are told (NGX_OK, or NGX_ERROR without memory), and
 * forgotten again; it is looked after at the end of this turn, here and, with
 * tell, in the others.
 */

ngx_int_t ngx_thread_ws_resume_join(ngx_thread_ws_thread_t *thread);
void ngx_thread_ws_resume_leave(ngx_thread_ws_thread_t *thread);
void ngx_thread_ws_resume_stir(ngx_thread_ws_thread_t *thread);
void ngx_thread_ws_resume_tell(ngx_thread_ws_thread_t *thread);

/*
 * A thread that was deleted: all workers look.  Where a store did so its runs
 * are told, and what ended ones said is kept no longer.  running: only if it
 * has runs.
 */

void ngx_thread_ws_resume_deleted(ngx_thread_ws_store_t *store,
    ngx_str_t *owner, ngx_str_t *thread_id, ngx_uint_t running);

/*
 * The run that goes on in a thread, by its name in the registry, and by the
 * thread's: NGX_OK, or NGX_DECLINED if there is none.
 */

ngx_int_t ngx_thread_ws_follow_active(ngx_thread_ws_registry_thread_t *name,
    ngx_thread_ws_claim_t *ref);
ngx_int_t ngx_thread_ws_resume_active(ngx_thread_ws_store_t *store,
    ngx_str_t *owner, ngx_str_t *thread_id, ngx_thread_ws_claim_t *ref);

/* all threads of an owner, whom there is one of, in a store that is shared */

void ngx_thread_ws_resume_erased(ngx_thread_ws_store_t *store,
    ngx_str_t *owner);

/* what others have changed is taken in */

void ngx_thread_ws_resume_look(ngx_thread_ws_thread_t *thread);

/* whether it was deleted since, which is yet to be taken in */

ngx_uint_t ngx_thread_ws_resume_gone(ngx_thread_ws_thread_t *thread);

/* those who follow the thread hear of runs that have begun elsewhere */

void ngx_thread_ws_resume_news(ngx_thread_ws_thread_t *thread);

/*
 * A message with thread_ws_resume: OK with a claim, or without one where it is
 * followed (*followed is set) or the zone is full; or the code of its refusal.
 */

ngx_uint_t ngx_thread_ws_resume_submit(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_args_t *args, ngx_thread_ws_claim_t *claim,
    ngx_uint_t *followed);

/* a run that has its claim: others hear of it */

void ngx_thread_ws_resume_begin(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_t *run);

/*
 * The follower hears what it does not hear yet of the thread's runs that are
 * active or wait, here and elsewhere.
 */

void ngx_thread_ws_resume_hear(ngx_thread_ws_follower_t *follower);

/*
 * The journal of somebody else's run, which stands as long as somebody reads
 * it: who opens it and does not, drops it.  NULL without memory.
 */

ngx_thread_ws_journal_t *ngx_thread_ws_elsewhere_open(
    ngx_thread_ws_thread_t *thread, ngx_thread_ws_claim_t *ref);
void ngx_thread_ws_elsewhere_drop(ngx_thread_ws_journal_t *journal);


/* takes in what these have said meanwhile; they fail, deleted */

void ngx_thread_ws_elsewhere_stir(ngx_thread_ws_thread_t *thread);
void ngx_thread_ws_elsewhere_end(ngx_thread_ws_thread_t *thread);

/* looks at the generation, once more if that is under way; forgets it */

void ngx_thread_ws_thread_watch_again(ngx_thread_ws_thread_t *thread);

void ngx_thread_ws_watch_free(ngx_thread_ws_thread_t *thread);


#endif /* _NGX_THREAD_WS_THREAD_PRIVATE_H_INCLUDED_ */
