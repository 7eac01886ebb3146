
/*
 * Wake-ups between workers, of whatever generation: who has published something
 * in the zone tells a topic, and all other workers that listen to it are called
 * soon, by a descriptor that the master has made for each of them.  A topic is
 * shared by all threads whose digest ends alike: who is called looks whether
 * there is something for it.
 *
 * Here are the living workers, too: a worker's place and its generation name it
 * for good, other than its pid.
 *
 * Nothing here takes a lock but for the start and the exit, and nothing is left
 * by who is killed: a worker that is told has been written to, or will be by
 * whoever told it, unless that one is killed before the end of its turn.
 */


#ifndef _NGX_THREAD_WS_WAKE_H_INCLUDED_
#define _NGX_THREAD_WS_WAKE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "zone/ngx_thread_ws_zone.h"


/* bounds: a small zone has less of both */

#define NGX_THREAD_WS_WAKE_WORKERS  128
#define NGX_THREAD_WS_WAKE_TOPICS   4096

/* the place of a worker that has none */

#define NGX_THREAD_WS_WAKE_NONE     0xffff


/* something was told of a topic that this worker listens to */

typedef void (*ngx_thread_ws_wake_pt)(ngx_uint_t topic);


/* the zone's part */

ngx_int_t ngx_thread_ws_wake_init(ngx_thread_ws_zone_t *zone);

/*
 * In the master, before it forks, only where something is to be woken: makes
 * the descriptors of a zone that has none yet, as many as some generations of
 * so many workers need.  A zone keeps them over reloads; those of a zone that
 * is no more are closed here, which leaves older workers theirs.  Where the
 * system gives no more of them (logged), there are places for fewer workers.
 */

void ngx_thread_ws_wake_init_module(ngx_log_t *log, ngx_uint_t workers);

/*
 * At a worker's start: buries workers that are dead, takes a place and waits
 * for wake-ups, for which handler (NULL: none) is called, from the event loop
 * and never from within a call of this file.  Where there is no place left (a
 * line in the log tells) the worker is never called, but tells others; without
 * this call it does neither.  NGX_OK or NGX_ERROR.
 *
 * At the exit, after everything else: what was told is written, the place is
 * given back.
 */

ngx_int_t ngx_thread_ws_wake_init_process(ngx_cycle_t *cycle,
    ngx_thread_ws_wake_pt handler);
void ngx_thread_ws_wake_exit_process(ngx_cycle_t *cycle);


/*
 * The topic of a digest, below NGX_THREAD_WS_WAKE_TOPICS.  It stands as long as
 * the process, but may be another in another zone.
 */

ngx_uint_t ngx_thread_ws_wake_topic(uint64_t digest);

/*
 * Counted: a topic is listened to until each listen has had its unlisten.  What
 * was published before listen returns is to be looked for by its caller; what
 * is told after it leads to a call.
 */

void ngx_thread_ws_wake_listen(ngx_uint_t topic);
void ngx_thread_ws_wake_unlisten(ngx_uint_t topic);

/*
 * All other workers that listen to the topic have their handler called, once or
 * more often, after this; not this worker.  To be called when all that they are
 * to see is in the zone: a full barrier comes first.  They are written to at
 * the end of this turn of the loop, each once, and not at all while it has not
 * looked since somebody wrote to it.  Where nobody else listens it costs a
 * barrier and a read of shared memory.
 */

void ngx_thread_ws_wake_tell(ngx_uint_t topic);


/* this worker's place (or NGX_THREAD_WS_WAKE_NONE) and generation */

ngx_uint_t ngx_thread_ws_wake_self(ngx_uint_t *generation);

/* of who has that place, or had it last */

ngx_uint_t ngx_thread_ws_wake_generation(ngx_uint_t worker);

/*
 * Whether the worker that had this place as this generation has it yet and
 * lives: 1 or 0, without a lock, by a system call.  One that is dead but not
 * yet waited for by the master lives; NGX_THREAD_WS_WAKE_NONE does not.
 */

ngx_uint_t ngx_thread_ws_wake_alive(ngx_uint_t worker, ngx_uint_t generation);

/* how often a worker was written to, of all since the zone was made */

ngx_uint_t ngx_thread_ws_wake_count(void);


#endif /* _NGX_THREAD_WS_WAKE_H_INCLUDED_ */
