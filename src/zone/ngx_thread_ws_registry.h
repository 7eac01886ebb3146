
/*
 * Active runs over all workers, in the zone: who runs a request id of a thread
 * at this moment.  A newer connection takes an id over; the older run learns it
 * by looking, with each delta and before it is stored.  A thread that is
 * deleted marks the claims of its runs, and none of them is stored.  No worker
 * signals another.
 */


#ifndef _NGX_THREAD_WS_REGISTRY_H_INCLUDED_
#define _NGX_THREAD_WS_REGISTRY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "zone/ngx_thread_ws_zone.h"


typedef struct ngx_thread_ws_registry_slot_s  ngx_thread_ws_registry_slot_t;


/* the zone's part */

ngx_int_t ngx_thread_ws_registry_init(ngx_thread_ws_zone_t *zone);


/* A run's claim; zero it first, release it before it goes. */

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
 * the claims of all runs of a thread, and returns how many there are; deleted
 * tells whether a claim bears the mark.
 */

ngx_uint_t ngx_thread_ws_registry_delete(ngx_str_t *owner,
    ngx_str_t *thread_id);

#define ngx_thread_ws_registry_deleted(claim)                                 \
    ngx_thread_ws_registry_marked(claim, NGX_THREAD_WS_REGISTRY_DELETED)

/*
 * For threads that an agent's server keeps, without the lock.  end tells the
 * runs of a thread, in whatever worker, to end at once, and returns how many
 * have not yet; marked tells, without a lock, whether a claim bears that mark.
 * Stores and servers may have threads of the same name.
 */

#define NGX_THREAD_WS_REGISTRY_DELETED  1    /* by the store */
#define NGX_THREAD_WS_REGISTRY_END      2    /* by the agent's server */

ngx_uint_t ngx_thread_ws_registry_end(ngx_str_t *owner, ngx_str_t *thread_id);
ngx_uint_t ngx_thread_ws_registry_marked(ngx_thread_ws_claim_t *claim,
    ngx_uint_t mark);


#endif /* _NGX_THREAD_WS_REGISTRY_H_INCLUDED_ */
