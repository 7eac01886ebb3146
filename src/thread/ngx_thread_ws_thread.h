
/*
 * A thread: one conversation, found by store, owner and id among those that
 * this worker has somebody for.  It holds what its runs share (the context, the
 * look for deletions) and those who hear it.
 */


#ifndef _NGX_THREAD_WS_THREAD_H_INCLUDED_
#define _NGX_THREAD_WS_THREAD_H_INCLUDED_


#include "ngx_thread_ws.h"
#include "run/ngx_thread_ws_context.h"
#include "run/ngx_thread_ws_run.h"
#include "thread/ngx_thread_ws_follower.h"


typedef struct ngx_thread_ws_watch_s   ngx_thread_ws_watch_t;
typedef struct ngx_thread_ws_idle_s    ngx_thread_ws_idle_t;
typedef struct ngx_thread_ws_resume_s  ngx_thread_ws_resume_t;


struct ngx_thread_ws_thread_s {
    ngx_rbtree_node_t          node;
    ngx_thread_ws_store_t     *store;
    ngx_str_t                  owner;
    ngx_str_t                  id;

    ngx_queue_t                followers;    /* of ngx_thread_ws_follower_t */
    ngx_uint_t                 nruns;        /* that refer to it */

    ngx_thread_ws_context_t    context;
    ngx_thread_ws_watch_t     *watch;        /* a look at the generation */
    ngx_thread_ws_resume_t    *resume;       /* what other workers have of it,
                                                NULL: it is this one's alone */
    unsigned                   listed:1;     /* can be found */
};


/*
 * Makes follower one of the thread's, which is found or made; with the store
 * "connection", whose history is the connection's alone, it is a new one.
 * NGX_OK, or NGX_ERROR without memory.  The follower leaves it before it goes:
 * its runs that are not being stored end then.
 */

ngx_int_t ngx_thread_ws_thread_join(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_loc_conf_t *conf, ngx_str_t *owner, ngx_str_t *id);
void ngx_thread_ws_thread_leave(ngx_thread_ws_follower_t *follower);

/*
 * A message: a run of it begins, waits, or is under way already.  Of args the
 * handlers, thread, context and conf are filled in here.  OK, or the code of
 * the error with which it is refused.  leaving: nothing new begins.
 */

ngx_uint_t ngx_thread_ws_thread_submit(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_args_t *args, ngx_uint_t leaving);

/*
 * A follow: from now on the follower hears all runs of the thread, and of the
 * one that is active, or that is named, what it said after that position.
 *
 *   NGX_OK        done, or under way
 *   NGX_DECLINED  thread_ws_resume is off
 *   NGX_ABORT     there is no such position
 *   NGX_ERROR     no memory
 */

ngx_int_t ngx_thread_ws_thread_follow(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id, size_t after);

/*
 * The same for one run alone, that is named or active.  NGX_DONE: there is
 * none.
 */

ngx_int_t ngx_thread_ws_thread_hear(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id, size_t after);

/*
 * The follower hears the thread's active run from its beginning, and no other;
 * it is told of it by that name, which lives as long.  NGX_OK, NGX_DECLINED if
 * no run is active or thread_ws_resume is off, NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_thread_attach(ngx_thread_ws_follower_t *follower,
    ngx_str_t *name);

/*
 * Which run of its thread's history answers a message, as its client knows it:
 * the newest whose metadata has that "messageId", or whose request id is
 * answer.  What is marked "in" is filled in before, its texts live as long.
 *
 *   NGX_OK     status says: NGX_OK, NGX_DECLINED: there is none, or NGX_ERROR;
 *              the handler is not called
 *   NGX_AGAIN  the handler is called from the event loop; whoever does not wait
 *              for it calls ngx_thread_ws_find_free()
 */

typedef struct {
    ngx_pool_t                *pool;         /* in, for request_id */
    ngx_thread_ws_thread_t    *thread;       /* in, does not go before */
    ngx_str_t                  message;      /* in */
    ngx_str_t                  answer;       /* in; empty: not known */
    void                     (*handler)(void *data);
    void                      *data;         /* in, the handler's */
    ngx_str_t                  request_id;   /* out */
    ngx_int_t                  status;       /* out */
    ngx_pool_t                *page;         /* of what is read, NULL: nothing
                                                is under way */
    ngx_thread_ws_store_op_t   op;
} ngx_thread_ws_find_t;

ngx_int_t ngx_thread_ws_find(ngx_thread_ws_find_t *find);
void ngx_thread_ws_find_free(ngx_thread_ws_find_t *find);

/* forgets a look that a follow has begun */

void ngx_thread_ws_idle_free(ngx_thread_ws_follower_t *follower);

/*
 * In a worker that leaves: whether there are others that know of its runs, as
 * after a reload; see the zone's.
 */

ngx_uint_t ngx_thread_ws_thread_passed_on(void);

/* this worker's part in threads that others have, too: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_thread_init_process(ngx_cycle_t *cycle);
void ngx_thread_ws_thread_exit_process(ngx_cycle_t *cycle);

/*
 * A cancel: NGX_OK, or NGX_DECLINED for what neither is active nor waits, or is
 * being stored already.
 */

ngx_int_t ngx_thread_ws_thread_cancel(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id);

/* begins the next one that waits, if nothing is active and there is room */

void ngx_thread_ws_thread_next(ngx_thread_ws_follower_t *follower);

/*
 * The follower is about to be closed, with that code: its runs end, but for one
 * that is being stored, which is kept for the client's retry.  With a verdict
 * they fail for that, else nobody is there to hear them.
 */

void ngx_thread_ws_thread_disconnect(ngx_thread_ws_follower_t *follower,
    ngx_uint_t close_code, ngx_thread_ws_verdict_t *verdict);

/* the active run that the follower has asked, NULL if there is none */

ngx_thread_ws_run_t *ngx_thread_ws_thread_own(
    ngx_thread_ws_follower_t *follower);

/*
 * What a load or an append of the store has told of the thread: NGX_OK, or
 * NGX_DECLINED when it was deleted, which all its followers are told.
 */

ngx_int_t ngx_thread_ws_thread_generation(ngx_thread_ws_thread_t *thread,
    ngx_thread_ws_store_op_t *op);

/*
 * What the run answers that goes on in the thread, in whatever worker, with
 * thread_ws_resume; texts are the pool's.  NGX_OK, NGX_DECLINED if there is
 * none, or NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_thread_asked(ngx_thread_ws_store_t *store,
    ngx_str_t *owner, ngx_str_t *id, ngx_pool_t *pool,
    ngx_thread_ws_asked_t *asked);

/*
 * The thread is deleted, or about to be: in this worker its runs fail, but for
 * those that are being stored, and those who follow it are told.  Threads with
 * the store "off" are the agents' servers': those who follow agents that keep
 * none are not meant.  running: only if it has runs.
 */

void ngx_thread_ws_thread_delete(ngx_thread_ws_store_t *store,
    ngx_str_t *owner, ngx_str_t *id, ngx_uint_t running);

/* the same of all threads of this owner in the store, in this worker */

void ngx_thread_ws_thread_erase(ngx_thread_ws_store_t *store,
    ngx_str_t *owner);

/*
 * Looks whether the thread was deleted meanwhile, by whatever worker or
 * machine.  Nothing where threads do not outlive connections.
 */

void ngx_thread_ws_thread_watch(ngx_thread_ws_thread_t *thread);

#endif /* _NGX_THREAD_WS_THREAD_H_INCLUDED_ */
