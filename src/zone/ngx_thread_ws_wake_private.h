
/*
 * What the files of the wake-ups share.
 */


#ifndef _NGX_THREAD_WS_WAKE_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_WAKE_PRIVATE_H_INCLUDED_


#include "zone/ngx_thread_ws_wake.h"


#define NGX_THREAD_WS_WAKE_BITS   (8 * sizeof(ngx_atomic_uint_t))

/* words of a set of workers */

#define NGX_THREAD_WS_WAKE_WORDS                                              \
    ((NGX_THREAD_WS_WAKE_WORKERS + NGX_THREAD_WS_WAKE_BITS - 1)               \
     / NGX_THREAD_WS_WAKE_BITS)


/*
 * A worker's place.  "looked" counts how often it has begun to look at what is
 * dirty, each time after it has emptied its descriptor; "written" is what that
 * was when somebody had last written to it.  So where both are equal, a byte
 * that it has not taken is in the descriptor, or it has taken it and is about
 * to look: what is dirty by now it will see.  Who is killed between the write
 * and the note costs one write more, no wake-up.
 */

typedef struct {
    ngx_atomic_t                pid;          /* 0: free */
    ngx_atomic_t                generation;   /* raised when it is taken */
    ngx_atomic_t                looked;
    ngx_atomic_t                written;
    ngx_fd_t                    fd[2];        /* to read, to write */
} ngx_thread_ws_wake_worker_t;


typedef struct ngx_thread_ws_wake_s  ngx_thread_ws_wake_t;

struct ngx_thread_ws_wake_s {
    ngx_atomic_t                 writes;
    ngx_uint_t                   ntopics;     /* a power of two */
    ngx_uint_t                   most;        /* places in the table */
    ngx_uint_t                   nworkers;    /* that have a descriptor */

    ngx_thread_ws_wake_worker_t *workers;
    ngx_atomic_t                *listeners;   /* a set of workers a topic */
    ngx_atomic_t                *dirty;       /* a set of topics a worker */
};


/* takes a place under the zone's lock: NGX_OK, or NGX_DECLINED: none is left */

ngx_int_t ngx_thread_ws_wake_take(ngx_thread_ws_wake_pt handler);

/* gives it back under the zone's lock */

void ngx_thread_ws_wake_give(void);

/* where this worker is written to, -1: nowhere */

ngx_fd_t ngx_thread_ws_wake_descriptor(void);

/* whether somebody was told and not yet written to */

ngx_uint_t ngx_thread_ws_wake_told(void);

/* writes to all who were told */

void ngx_thread_ws_wake_write(void);

/* empties the descriptor, and calls the handler for all that is dirty */

void ngx_thread_ws_wake_look(void);

/* something was told: write is to be called at the end of the turn */

void ngx_thread_ws_wake_post(void);


#endif /* _NGX_THREAD_WS_WAKE_PRIVATE_H_INCLUDED_ */
