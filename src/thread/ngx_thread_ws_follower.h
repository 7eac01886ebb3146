
/*
 * A follower: who hears a thread.  It takes from the journals of the runs that
 * it hears, each from a position of its own, when its output has room: events
 * of the client's protocol, written in place.
 */


#ifndef _NGX_THREAD_WS_FOLLOWER_H_INCLUDED_
#define _NGX_THREAD_WS_FOLLOWER_H_INCLUDED_


#include "ngx_thread_ws.h"
#include "base/ngx_thread_ws_near.h"
#include "run/ngx_thread_ws_run.h"
#include "wire/ngx_thread_ws_wire.h"


/* the agent's pieces of memory that are the output's */

#define NGX_THREAD_WS_FOLLOWER_NEAR                                           \
    (NGX_THREAD_WS_AGENT_NEAR - NGX_THREAD_WS_NEAR_OUTPUT)


/* What its output can do; data is the follower's. */

typedef struct {

    ngx_thread_ws_wire_out_t  out;

    /*
     * The text that ends next is of that run, and ends at that place of its
     * journal.  NULL: the text says so itself.
     */

    void       (*place)(void *data, ngx_str_t *request_id, size_t position);

    /* bytes that wait to be sent */

    size_t     (*queued)(void *data);

    /*
     * Takes what there is and sends it: now, with the bytes that still wait, or
     * at the end of this turn.
     */

    size_t     (*flush)(void *data);
    void       (*post)(void *data);

    /* a run of its own has begun, has come to its end (or goes on without) */

    void       (*began)(void *data, ngx_thread_ws_run_t *run);
    void       (*ended)(void *data, ngx_thread_ws_run_t *run);

    /* the thread was deleted */

    void       (*deleted)(void *data);

    /* names what each token looks at: NGX_THREAD_WS_FOLLOWER_NEAR pieces */

    void       (*near)(void *data, ngx_thread_ws_near_t *near);

} ngx_thread_ws_follower_handlers_t;


/* Runs that follow one after another. */

struct ngx_thread_ws_lane_s {
    ngx_thread_ws_run_t       *run;          /* the active one */
    ngx_queue_t                waiting;      /* of runs */
    ngx_uint_t                 nwaiting;
    size_t                     waiting_size; /* bytes of their contents */
};


typedef struct {
    ngx_queue_t                queue;        /* in the thread's followers */
    ngx_thread_ws_thread_t    *thread;       /* NULL: none */
    ngx_thread_ws_loc_conf_t  *conf;
    ngx_thread_ws_follower_handlers_t  *handlers;
    void                      *data;
    ngx_queue_t                readers;      /* of ngx_thread_ws_reader_t */
    ngx_thread_ws_lane_t      *lane;         /* of its runs: its own, or with
                                                thread_ws_resume its thread's */
    unsigned                   wire:4;       /* ngx_thread_ws_wire_e: what it
                                                speaks */
    unsigned                   major:4;      /* of its client, by HTTP; 0: not
                                                known, or of no matter */
    unsigned                   v2:1;         /* by its subprotocol: it knows
                                                of "alive" */
    unsigned                   follows:1;    /* it has said so: it hears all
                                                runs of its thread */
    unsigned                   places:1;     /* events have their places */
    unsigned                   unbroken:1;   /* this event is JSON without
                                                line breaks, for sure */
    unsigned                   told:1;       /* ... the end of a run was among
                                                them */
    ngx_thread_ws_lane_t       own;
    struct ngx_thread_ws_idle_s  *idle;      /* the thread's last id is asked
                                                for */
} ngx_thread_ws_follower_t;


#define ngx_thread_ws_follower_wire(follower)                                 \
    ngx_thread_ws_wires[(follower)->wire]


/* A follower in a journal; in the journal's pool. */

typedef struct {
    ngx_queue_t                queue;        /* in the follower's readers */
    ngx_queue_t                link;         /* in the journal's readers */
    ngx_thread_ws_follower_t  *follower;
    ngx_thread_ws_journal_t   *journal;
    ngx_thread_ws_position_t   position;
    ngx_thread_ws_said_t       said;         /* by the follower's wire; its
                                                wire is NULL before */
    unsigned                   spoke:1;      /* it was told of other than text
                                                since it was last looked */
    unsigned                   placed:1;     /* whose text stands where it
                                                began is known */
    unsigned                   asker:1;      /* the run answers its message */
    unsigned                   announce:1;   /* it is to be told what for */
    unsigned                   following:4;  /* ... as it has asked to be, so
                                                many times */
} ngx_thread_ws_reader_t;

/* times, before a run has said anything, beyond which there is one answer */

#define NGX_THREAD_WS_FOLLOWING_MAX  15


void ngx_thread_ws_follower_init(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_follower_handlers_t *handlers, void *data);

/* the follower hears what is said, from the beginning; NULL without memory */

ngx_thread_ws_reader_t *ngx_thread_ws_follower_hear(
    ngx_thread_ws_follower_t *follower, ngx_thread_ws_journal_t *journal);

/* the follower's reader in the journal, NULL: it does not hear it */

ngx_thread_ws_reader_t *ngx_thread_ws_follower_reader(
    ngx_thread_ws_follower_t *follower, ngx_thread_ws_journal_t *journal);

/*
 * Writes events of what the runs have said while there is room, with all set
 * whatever room there is.  Runs whose end was written may be freed.
 *
 *   NGX_OK     nothing is left
 *   NGX_AGAIN  the output is full
 *   NGX_ERROR  no memory for it
 */

ngx_int_t ngx_thread_ws_follower_take(ngx_thread_ws_follower_t *follower,
    ngx_uint_t all);

/* whether it hears a run of that id */

ngx_uint_t ngx_thread_ws_follower_hears(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id);

/* its client has cancelled the run of that id, which it hears */

void ngx_thread_ws_follower_aborts(ngx_thread_ws_follower_t *follower,
    ngx_str_t *request_id);

/* has as much to send that nothing more is taken for now */

ngx_uint_t ngx_thread_ws_follower_full(ngx_thread_ws_follower_t *follower);

/* the output has drained: runs that waited for it go on */

void ngx_thread_ws_follower_drained(ngx_thread_ws_follower_t *follower);

/*
 * Tells of all runs that it hears that they have failed, by that code, and
 * hears nothing any more: NGX_OK, or NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_follower_fail(ngx_thread_ws_follower_t *follower,
    ngx_uint_t code);

/* hears nothing any more; runs that nobody needs are freed */

void ngx_thread_ws_follower_deafen(ngx_thread_ws_follower_t *follower);


#endif /* _NGX_THREAD_WS_FOLLOWER_H_INCLUDED_ */
