
/*
 * The runs of all workers, in the zone.
 *
 * Without resume, who runs a request id of a thread at this moment: a newer
 * connection takes an id over; the older run learns it by looking, with each
 * delta and before it is stored.
 *
 * With resume, a run is claimed when its message comes, waits for those of its
 * thread that are older, in whatever worker, and is found by name, with its
 * tape, until some time after its end.
 *
 * A thread that is deleted marks the claims of its runs, and none of them is
 * stored.  Nothing here tells a topic: that is the caller's.
 */


#ifndef _NGX_THREAD_WS_REGISTRY_H_INCLUDED_
#define _NGX_THREAD_WS_REGISTRY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "zone/ngx_thread_ws_zone.h"


#define NGX_THREAD_WS_REGISTRY_DIGEST  20


typedef struct ngx_thread_ws_registry_slot_s  ngx_thread_ws_registry_slot_t;


/* the zone's part */

ngx_int_t ngx_thread_ws_registry_init(ngx_thread_ws_zone_t *zone);


/*
 * A run's claim; zero it first, release (or end) it before it goes.  Whoever
 * else wants to refer to the run takes a copy, which costs nothing and needs no
 * release: its calls without a lock tell when the run is no more.  A claim's
 * number is given once and grows: a run with a lower one is older.
 */

typedef struct {
    ngx_thread_ws_registry_slot_t  *slot;    /* NULL: nothing is claimed */
    uint64_t                        generation;  /* the claim's number */
} ngx_thread_ws_claim_t;


/*
 * Claims (owner, thread, request id) for this worker's run.
 *
 *   NGX_OK        claimed; nobody else ran it (or its worker is dead)
 *   NGX_BUSY      claimed, and taken over from an older run that still goes
 *   NGX_DECLINED  no zone is configured: nothing is claimed
 *   NGX_ERROR     the zone is full: nothing is claimed (logged once a minute)
 */

ngx_int_t ngx_thread_ws_registry_claim(ngx_thread_ws_claim_t *claim,
    ngx_str_t *owner, ngx_str_t *thread_id, ngx_str_t *request_id,
    ngx_log_t *log);

/*
 * Whether the claim still stands: no lock, a read of shared memory.  A claim
 * that could not be made (no zone, a full one) stands, too.
 */

ngx_uint_t ngx_thread_ws_registry_holds(ngx_thread_ws_claim_t *claim);

/* gives a claim up; whoever took it over keeps it */

void ngx_thread_ws_registry_release(ngx_thread_ws_claim_t *claim);

/*
 * For the store, under the zone's lock, which both leave locked.  delete marks
 * the claims of all runs of a thread, and returns how many there are; what has
 * ended is found no more.  deleted tells whether a claim bears the mark.
 */

ngx_uint_t ngx_thread_ws_registry_delete(ngx_str_t *owner,
    ngx_str_t *thread_id);

#define ngx_thread_ws_registry_deleted(claim)                                 \
    ngx_thread_ws_registry_marked(claim, NGX_THREAD_WS_REGISTRY_DELETED)

/*
 * For threads that an agent's server keeps, without the lock.  stop tells the
 * runs of a thread, in whatever worker, to end at once, and returns how many
 * have not yet; what has ended is found no more.  marked tells, without a lock,
 * whether a claim bears one of those marks.  Stores and servers may have
 * threads of the same name.
 */

#define NGX_THREAD_WS_REGISTRY_DELETED  1    /* by the store */
#define NGX_THREAD_WS_REGISTRY_STOP     2    /* by the agent's server */
#define NGX_THREAD_WS_REGISTRY_CANCEL   4    /* by a user, or a newer run */

ngx_uint_t ngx_thread_ws_registry_stop(ngx_str_t *owner, ngx_str_t *thread_id);
ngx_uint_t ngx_thread_ws_registry_marked(ngx_thread_ws_claim_t *claim,
    ngx_uint_t mark);

/* whether anything at all was done to it: 0, it holds and bears no mark */

ngx_uint_t ngx_thread_ws_registry_stirred(ngx_thread_ws_claim_t *claim);


/* with resume */


/* a thread's name, as the registry has it; needs a zone */

typedef struct {
    u_char       digest[NGX_THREAD_WS_REGISTRY_DIGEST];
    uint64_t     number;         /* of the digest */
    ngx_uint_t   topic;          /* see zone/ngx_thread_ws_wake.h */
} ngx_thread_ws_registry_thread_t;

void ngx_thread_ws_registry_thread(ngx_thread_ws_registry_thread_t *thread,
    ngx_str_t *owner, ngx_str_t *thread_id);

/*
 * delete for the runs of all threads of an owner, by the number that their
 * messages told; goes through all that is in the registry.
 */

void ngx_thread_ws_registry_erase(uint64_t owner);


/*
 * Threads that were deleted, by name, for those who have nothing under way in
 * them.  bury: under the zone's lock, which it leaves locked; the caller tells
 * the topic.  exhumed: whether the thread is one of those since *seen, which
 * moves on and at first is what buried returns: NGX_OK, it is not; NGX_DONE, it
 * is; NGX_DECLINED, there were too many to know.
 */

void ngx_thread_ws_registry_bury(ngx_thread_ws_registry_thread_t *thread);
uint64_t ngx_thread_ws_registry_buried(void);
ngx_int_t ngx_thread_ws_registry_exhumed(
    ngx_thread_ws_registry_thread_t *thread, uint64_t *seen);


/* what a message does while a run of its thread is under way */

typedef enum {
    NGX_THREAD_WS_REGISTRY_INTERRUPT = 0,
    NGX_THREAD_WS_REGISTRY_QUEUE,
    NGX_THREAD_WS_REGISTRY_REJECT
} ngx_thread_ws_registry_busy_e;


typedef struct {
    ngx_thread_ws_registry_thread_t  *thread;
    uint64_t                          owner;   /* what erase is told */
    ngx_str_t                         request_id;
    ngx_str_t                         content;
    ngx_str_t                         extra;   /* of its content */
    ngx_uint_t                        stored;  /* so are completed runs */
    ngx_uint_t                        busy;
    ngx_uint_t                        queue;   /* how many may wait, */
    size_t                            size;    /* and bytes of their contents */
    ngx_log_t                        *log;
} ngx_thread_ws_registry_message_t;


/*
 * A message comes: claims its run for this worker, ACTIVE from now on, whether
 * it waits or runs, until end or release.
 *
 *   NGX_OK        claimed.  It runs when it is first.  With "interrupt" all
 *                 others of the thread that are active bear the mark CANCEL
 *                 now; if *others is set there are some, and the caller tells
 *                 the topic
 *   NGX_DONE      nothing is claimed, ref is: a run of that id and that content
 *                 is active, or has ended as completed and is kept
 *   NGX_ABORT     nothing is claimed, ref is: one of that id and another
 *                 content is active, or has ended as completed, is stored and
 *                 kept
 *   NGX_BUSY      nothing is claimed: refused by "queue" or "reject"
 *   NGX_DECLINED  no zone is configured: nothing is claimed
 *   NGX_ERROR     the zone is full: nothing is claimed (logged once a minute)
 *
 * A run of that id that has ended otherwise, or with another content and is
 * not stored, is no more: whoever reads it finds it gone.  One that was claimed
 * without resume is taken over, as claim() does.  ref may be a run of this
 * worker's own.
 */

ngx_int_t ngx_thread_ws_registry_submit(ngx_thread_ws_claim_t *claim,
    ngx_thread_ws_registry_message_t *message, ngx_thread_ws_claim_t *ref,
    ngx_uint_t *others);

/*
 * Whether no older run of the thread is active in a living worker: only then
 * the run begins.  To be asked again whenever the topic is told, and once in a
 * while for workers that were killed.  Takes the lock.
 */

ngx_uint_t ngx_thread_ws_registry_first(ngx_thread_ws_claim_t *claim);

/*
 * Marks the active run of that id, in whatever worker, as to be cancelled:
 * NGX_OK (ref is that run, to tell one's own from others'), or NGX_DECLINED:
 * none is active.  The caller tells the topic.  It may come too late all the
 * same, for a run that is being stored.
 */

ngx_int_t ngx_thread_ws_registry_cancel(
    ngx_thread_ws_registry_thread_t *thread, ngx_str_t *request_id,
    ngx_thread_ws_claim_t *ref);

/*
 * The thread's runs, active and ended, whose numbers are above after, the n
 * oldest of them, oldest first.  Returns how many were written to refs.
 */

ngx_uint_t ngx_thread_ws_registry_list(ngx_thread_ws_registry_thread_t *thread,
    uint64_t after, ngx_thread_ws_claim_t *refs, ngx_uint_t n);

/* by name, active or ended: NGX_OK or NGX_DECLINED */

ngx_int_t ngx_thread_ws_registry_find_run(
    ngx_thread_ws_registry_thread_t *thread, ngx_str_t *request_id,
    ngx_thread_ws_claim_t *ref);

/*
 * Instead of release: the run has ended, and its tape, which grows no more, can
 * be read for keep seconds, if that is not 0, the tape was not cut, and nothing
 * else needs the room; of a thread the 32 that ended last.  One that was marked
 * as deleted or stopped is found by nobody, but those who refer to it read its
 * end.  completed: as submit has it.  The claim is no more; the caller tells
 * the topic.
 *
 * last, which may be empty, is added to a tape that can be read then; there is
 * room for it, see ngx_thread_ws_tape_reserve(), or the tape is no more.
 * Whoever has read it, and looks by a function that takes the lock, finds the
 * run ended.
 */

void ngx_thread_ws_registry_end(ngx_thread_ws_claim_t *claim, ngx_str_t *last,
    ngx_uint_t completed, time_t keep);

/*
 * Without a lock, of a claim or a copy: ACTIVE; ENDED, and its tape can be
 * read; LOST, its worker is dead (this costs a system call), and what it said
 * can be read for 10 minutes, if it said anything; GONE, it is known no more.
 */

typedef enum {
    NGX_THREAD_WS_REGISTRY_GONE = 0,
    NGX_THREAD_WS_REGISTRY_ACTIVE,
    NGX_THREAD_WS_REGISTRY_ENDED,
    NGX_THREAD_WS_REGISTRY_LOST
} ngx_thread_ws_registry_state_e;

ngx_uint_t ngx_thread_ws_registry_state(ngx_thread_ws_claim_t *ref);

/*
 * Without a lock.  hear: a follower in another worker says that it hears the
 * run; before it reads what is there, and then once a second, before it reads
 * again.  heard: when, in seconds, one last said so, 0: never.  followed:
 * whether what was just appended is to be told; not where nobody has said so
 * for three seconds.  A run's beginning, its marks and its end are told all
 * the same.
 */

void ngx_thread_ws_registry_hear(ngx_thread_ws_claim_t *ref);
time_t ngx_thread_ws_registry_heard(ngx_thread_ws_claim_t *claim);
ngx_uint_t ngx_thread_ws_registry_followed(ngx_thread_ws_claim_t *claim);

/*
 * Frees what dead workers have claimed, but for what is LOST, and what has
 * ended and is kept no longer.  At the start of a worker with resume, all of
 * it; every 10 s while it goes on, by a timer that keeps no worker.
 */

ngx_int_t ngx_thread_ws_registry_init_process(ngx_cycle_t *cycle);
void ngx_thread_ws_registry_sweep(void);
void ngx_thread_ws_registry_expire(void);

/* at the exit, when no run is left: nothing is written from now on */

void ngx_thread_ws_registry_exit_process(ngx_cycle_t *cycle);


/* what is there, without a lock, so of no one moment */

typedef struct {
    ngx_uint_t   active;         /* claims, with and without resume */
    ngx_uint_t   ended;          /* runs that can still be read */
    uint64_t     bytes;          /* that tapes take of the zone */
    ngx_uint_t   evicted;        /* tapes that went for want of room */
    ngx_uint_t   cut;            /* that ended before their run */
    ngx_uint_t   wakes;          /* see zone/ngx_thread_ws_wake.h */
} ngx_thread_ws_registry_counts_t;

void ngx_thread_ws_registry_counts(ngx_thread_ws_registry_counts_t *counts);


#endif /* _NGX_THREAD_WS_REGISTRY_H_INCLUDED_ */
