
/*
 * What the files of the registry share.
 */


#ifndef _NGX_THREAD_WS_REGISTRY_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_REGISTRY_PRIVATE_H_INCLUDED_


#include "zone/ngx_thread_ws_registry.h"


#define NGX_THREAD_WS_REGISTRY_KEY     12
#define NGX_THREAD_WS_REGISTRY_NONE    0xffffffff

/* a mark beside those that are public: another run has taken the id over */

#define NGX_THREAD_WS_REGISTRY_TAKEN   8

/* and: it has ended with its worker */

#define NGX_THREAD_WS_REGISTRY_KILLED  16

/* a state beside those: claimed without resume */

#define NGX_THREAD_WS_REGISTRY_PLAIN   0


/*
 * Many runs may be under way in one thread: the list by thread goes both ways,
 * so that none of them is looked for when one ends.
 */

struct ngx_thread_ws_registry_slot_s {
    volatile uint64_t   generation;      /* 0: free */
    uint64_t            thread;          /* of its digest */
    uint64_t            owner;           /* of his name; 0: nobody's */
    ngx_pid_t           pid;
    volatile uint8_t    marks;           /* who tells it what */
    volatile uint8_t    state;
    uint16_t            worker;          /* its place */
    uint32_t            next;
    uint32_t            thread_next;
    uint32_t            thread_prev;
    volatile uint32_t   tape;            /* its first block, 0: none */
    volatile uint32_t   heard;           /* s */
    u_char              key[NGX_THREAD_WS_REGISTRY_KEY];
};


typedef struct {
    uint32_t                        first;
    uint32_t                        thread_first;
} ngx_thread_ws_registry_bucket_t;


/* names of threads that were deleted last */

#define NGX_THREAD_WS_REGISTRY_BURIED  32


typedef struct ngx_thread_ws_registry_s  ngx_thread_ws_registry_t;

struct ngx_thread_ws_registry_s {
    volatile ngx_uint_t               torn;         /* lists are changed */
    uint64_t                          generation;   /* the last one given */
    uint32_t                          free;
    uint32_t                          mask;         /* of the buckets */
    uint32_t                          nslots;
    uint32_t                          nclaims;      /* slots in use */
    time_t                            swept;
    time_t                            expired;      /* looked for that */
    time_t                            logged;
    u_char                            secret[16];
    uint64_t                          nburied;      /* ever */
    u_char                            buried[NGX_THREAD_WS_REGISTRY_BURIED]
                                            [NGX_THREAD_WS_REGISTRY_DIGEST];
    ngx_thread_ws_registry_bucket_t  *buckets;
    ngx_thread_ws_registry_slot_t    *slots;
};


/* what a claim is for */

typedef struct {
    uint64_t    thread;
    u_char      key[NGX_THREAD_WS_REGISTRY_KEY];
} ngx_thread_ws_registry_key_t;


/* the lock, and what a killed worker has left torn; enter may be nested */

ngx_thread_ws_registry_t *ngx_thread_ws_registry_lock(void);
void ngx_thread_ws_registry_unlock(ngx_thread_ws_registry_t *reg);
void ngx_thread_ws_registry_enter(ngx_thread_ws_registry_t *reg);
void ngx_thread_ws_registry_leave(ngx_thread_ws_registry_t *reg);

/* says once a minute that there is no room */

void ngx_thread_ws_registry_full(ngx_thread_ws_registry_t *reg,
    ngx_log_t *log);

void ngx_thread_ws_registry_key(ngx_thread_ws_registry_key_t *key,
    ngx_thread_ws_registry_thread_t *thread, ngx_str_t *request_id);

/* where a thread's list begins */

uint32_t *ngx_thread_ws_registry_first_of(ngx_thread_ws_registry_t *reg,
    uint64_t thread);

/* the slot that has the key, if nobody has taken it over; NULL: none */

ngx_thread_ws_registry_slot_t *ngx_thread_ws_registry_find(
    ngx_thread_ws_registry_t *reg, ngx_thread_ws_registry_key_t *key);

/*
 * take fills a slot for this worker, without tape and in no list, and cannot be
 * seen before it is given a number by put.  NULL: there is none.  drop takes it
 * from its lists and frees it, with its tape.
 */

ngx_thread_ws_registry_slot_t *ngx_thread_ws_registry_take(
    ngx_thread_ws_registry_t *reg, ngx_thread_ws_registry_key_t *key);
void ngx_thread_ws_registry_put(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_slot_t *slot, uint64_t generation);
void ngx_thread_ws_registry_drop(ngx_thread_ws_registry_t *reg,
    ngx_thread_ws_registry_slot_t *slot);

/* whether its worker is dead; never of a run that has ended */

ngx_uint_t ngx_thread_ws_registry_dead(ngx_thread_ws_registry_slot_t *slot);

/*
 * Of a dead worker's run: whether it stays, as one that has ended, lest who
 * comes back for it be told that nobody knows it.  Else the caller frees it.
 */

ngx_uint_t ngx_thread_ws_registry_lose(ngx_thread_ws_registry_slot_t *slot);

/* makes all lists anew: what is dead and does not stay is freed */

void ngx_thread_ws_registry_relist(ngx_thread_ws_registry_t *reg);

/* this process has nothing more to write; whether it has said so */

void ngx_thread_ws_registry_close(void);
extern ngx_uint_t  ngx_thread_ws_registry_closed;


#endif /* _NGX_THREAD_WS_REGISTRY_PRIVATE_H_INCLUDED_ */
