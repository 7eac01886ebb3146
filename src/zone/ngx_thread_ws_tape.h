
/*
 * A run's tape: a copy of its journal in the zone, for followers in other
 * workers and for those who come later.  Bytes, no more: what they mean is the
 * reader's business.
 *
 * One writer, the worker that has the run's claim; any number of readers in
 * any process, which take no lock, are known to nobody and keep nobody from
 * freeing a tape.  So a reader copies first and looks then whether the tape
 * stands: what read has given is right, and was written in this order.
 */


#ifndef _NGX_THREAD_WS_TAPE_H_INCLUDED_
#define _NGX_THREAD_WS_TAPE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "zone/ngx_thread_ws_blocks.h"
#include "zone/ngx_thread_ws_registry.h"


/*
 * Adds len bytes to the tape of a claim that submit has given; readers see all
 * of them at once or none.  Takes the lock once in some blocks, otherwise none.
 *
 *   NGX_OK        they can be read; the caller tells the topic
 *   NGX_DECLINED  the zone has no room: the tape is cut, for good; whoever
 *                 reads it finds it gone.  Logged once a minute.  The run goes
 *                 on.  So it is for a claim that stands no more
 *
 * All tapes together leave a quarter of the zone's blocks to the store, and one
 * tape takes a quarter at most.  For want of room the tapes of ended runs go
 * first, the longest ended one first, then the store's threads.
 */

ngx_int_t ngx_thread_ws_tape_append(ngx_thread_ws_claim_t *claim, u_char *data,
    size_t len, ngx_log_t *log);

/* the same, but for the bytes themselves: there is room for them then */

ngx_int_t ngx_thread_ws_tape_reserve(ngx_thread_ws_claim_t *claim, size_t len,
    ngx_log_t *log);


/* where a reader stands; it may be copied */

typedef struct {
    ngx_thread_ws_claim_t   ref;
    uint64_t                offset;          /* bytes that it has read */
    uint32_t                block;           /* where the next one is */
    uint32_t                at;
} ngx_thread_ws_tape_pos_t;

/* to the beginning of the tape of that run, a claim or a copy of one */

void ngx_thread_ws_tape_rewind(ngx_thread_ws_tape_pos_t *pos,
    ngx_thread_ws_claim_t *ref);

/*
 * Copies up to size bytes and moves pos over them.  Returns how many; 0:
 * nothing more now (after a run's end, see registry_state(): nothing more at
 * all); NGX_ERROR: the tape is gone (freed or cut), and dst may hold anything.
 * Needs no memory of the reader's own, and never waits.
 */

ssize_t ngx_thread_ws_tape_read(ngx_thread_ws_tape_pos_t *pos, u_char *dst,
    size_t size);

/* bytes that can be read from there now; 0, too, where the tape is gone */

size_t ngx_thread_ws_tape_left(ngx_thread_ws_tape_pos_t *pos);

/* bytes that were ever appended to it; 0, too, where the tape is gone */

size_t ngx_thread_ws_tape_length(ngx_thread_ws_claim_t *ref);


/*
 * For the store, under the zone's lock, with the blocks entered: the run that
 * ended longest ago goes, with its tape.  NGX_OK, or NGX_DECLINED: there is
 * none.
 */

ngx_int_t ngx_thread_ws_tape_evict(ngx_thread_ws_blocks_t *pool);


#endif /* _NGX_THREAD_WS_TAPE_H_INCLUDED_ */
