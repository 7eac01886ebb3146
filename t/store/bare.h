
/*
 * A zone without an nginx around it, for the programs in this folder: what the
 * sources need of nginx, and the store's operations as one-liners.  TAP is
 * t/unit's.
 */


#ifndef _BARE_H_INCLUDED_
#define _BARE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "unit.h"
#include "zone/ngx_thread_ws_zone.h"
#include "zone/ngx_thread_ws_registry.h"
#include "zone/ngx_thread_ws_registry_private.h"
#include "zone/ngx_thread_ws_tape.h"
#include "zone/ngx_thread_ws_tape_private.h"
#include "zone/ngx_thread_ws_wake.h"
#include "zone/ngx_thread_ws_wake_private.h"
#include "store/ngx_thread_ws_store_memory.h"
#include "store/ngx_thread_ws_shelf.h"
#include "store/ngx_thread_ws_shelf_private.h"


#define MEGABYTE  (1024 * 1024)


/* the shelf of the zone made last; threads told as evicted, and by name */

extern ngx_thread_ws_shelf_t  *shelf;
extern ngx_uint_t              evicted, named;


/* with which a tape ends that has said all */

extern ngx_str_t               nothing_more;

/* before all else; a program that hangs is ended */

void bare(void);

/* a fresh zone, as nginx makes one; the one before goes */

void zone(size_t size);

/* a second later */

void tick(void);

/*
 * A worker without nginx: begins (forgetting what it was forked from), goes
 * once round its event loop (with a timeout of poll(), in ms: 0 where it came
 * to that), ends.
 */

void worker_begin(ngx_thread_ws_wake_pt handler);
ngx_uint_t worker_turn(int timeout);
void worker_end(void);

/* a number from the environment */

ngx_uint_t setting(const char *name, ngx_uint_t value);


/*
 * Operations of the store "memory": each frees what the one before has read.
 * Content is "hello", answers show whose they are.
 */

ngx_thread_ws_store_op_t *load(const char *owner, const char *thread,
    const char *request_id, uint64_t after, uint64_t generation,
    ngx_uint_t limit, size_t bytes);

/* asks with that generation, and reads nothing */

ngx_thread_ws_store_op_t *look(const char *owner, const char *thread,
    uint64_t generation);

/* a run with an answer of size bytes; claim may be NULL */

ngx_thread_ws_store_op_t *append(const char *owner, const char *thread,
    const char *request_id, size_t size, uint64_t generation,
    ngx_thread_ws_claim_t *claim);

/* the same, with a run that gives way to it, or NULL */

ngx_thread_ws_store_op_t *replaces(const char *owner, const char *thread,
    const char *request_id, size_t size, uint64_t generation,
    ngx_thread_ws_claim_t *claim, const char *replaced);

ngx_thread_ws_store_op_t *page(const char *owner, const char *thread,
    uint64_t before, ngx_uint_t limit, size_t bytes);

ngx_int_t deletes(const char *owner, const char *thread);

/* claims for a run, forgetting what is in claim */

ngx_int_t claims(ngx_thread_ws_claim_t *claim, const char *owner,
    const char *thread, const char *request_id);

/* marks the claims of a thread's runs as deleted, and counts them */

ngx_uint_t marks(const char *owner, const char *thread);


/* of op's records: one's seq, 0 where there is none */

uint64_t seq_at(ngx_thread_ws_store_op_t *op, ngx_uint_t i);

/* whether a record of the last operation is as it was stored */

ngx_uint_t whole(ngx_thread_ws_record_t *record);

/* whether all lists and counts of the shelf and of tapes are true of blocks */

ngx_uint_t consistent(void);

/* the same, when what a killed process left in the middle has been mended */

ngx_uint_t clean(void);

/* the runs of a thread, until it is called again */

ngx_thread_ws_registry_thread_t *thread(const char *owner, const char *name);


#endif /* _BARE_H_INCLUDED_ */
