
/*
 * Where the runs of a thread are kept.  A store is a driver with its settings;
 * threads are named by owner and id everywhere, so that nobody reaches
 * another's.  Every operation is asynchronous: nothing here blocks.
 */


#ifndef _NGX_THREAD_WS_STORE_H_INCLUDED_
#define _NGX_THREAD_WS_STORE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "zone/ngx_thread_ws_registry.h"


typedef struct ngx_thread_ws_store_s     ngx_thread_ws_store_t;
typedef struct ngx_thread_ws_store_op_s  ngx_thread_ws_store_op_t;

typedef void (*ngx_thread_ws_store_pt)(ngx_thread_ws_store_op_t *op);


/* a generation's bit: see there */

#define NGX_THREAD_WS_STORE_ABSENT  ((uint64_t) 1 << 63)


/*
 * What a run has more than texts, each a JSON object, or empty.  Most runs have
 * neither, and none of this.
 */

typedef struct {
    ngx_str_t   asked;           /* the message's: its members by the names that
                                    they have there */
    ngx_str_t   told;            /* the answer's: see run/ngx_thread_ws_told.h
                                    */
    ngx_str_t   replaces;        /* in, append: the id of a run that gives way
                                    to this one, with all after it; empty:
                                    none does */
    uint64_t    replaced;        /* out, page: the run's that it gave way to;
                                    0: it stands */
} ngx_thread_ws_extra_t;


/* One completed run; texts are valid UTF-8 without U+0000. */

typedef struct {
    uint64_t    seq;             /* from 1, in the thread; without a gap, but
                                    for runs that gave way */
    ngx_str_t   request_id;
    ngx_str_t   content;         /* the user's message */
    ngx_str_t   answer;
    ngx_str_t   model;           /* empty: the agent's default */
    ngx_str_t   finish_reason;   /* empty: not told */
    ngx_int_t   input_tokens;    /* -1: not told */
    ngx_int_t   output_tokens;
    ngx_msec_t  latency;         /* ms */
    uint64_t    created;         /* ms since the epoch; out */
    ngx_thread_ws_extra_t  *extra;           /* NULL: texts are all */
} ngx_thread_ws_record_t;


/* bytes of a run, as they count */

static ngx_inline size_t
ngx_thread_ws_record_size(ngx_thread_ws_record_t *record)
{
    return record->content.len + record->answer.len
           + (record->extra ? record->extra->asked.len
                              + record->extra->told.len : 0);
}


/* the most that a title has, bytes of UTF-8; and what stands for one */

#define NGX_THREAD_WS_STORE_TITLE      240
#define NGX_THREAD_WS_STORE_BEGINNING  80    /* characters of its message */


/* a thread among its owner's */

typedef struct {
    ngx_str_t   id;
    ngx_str_t   title;
    ngx_str_t   cursor;
    uint64_t    updated;         /* ms since the epoch: its newest run */
    uint64_t    nruns;
} ngx_thread_ws_store_thread_t;


/* what an operation on an owner's threads needs more than others */

typedef struct {
    ngx_str_t   cursor;          /* in, list: of a thread, to begin after it;
                                    empty: with the newest */
    ngx_str_t   title;           /* in, entitle; empty: none */
    ngx_array_t threads;         /* out, list: of ngx_thread_ws_store_thread_t,
                                    those with the newest runs first */
} ngx_thread_ws_store_list_t;


/*
 * One operation.  The caller fills in what is marked "in" and owns the
 * structure, which lives until the operation is done or abandoned, as do the
 * texts in it.  Results are allocated from pool.
 */

struct ngx_thread_ws_store_op_s {
    ngx_pool_t               *pool;
    ngx_log_t                *log;

    ngx_str_t                 owner;         /* in; may be empty */
    ngx_str_t                 thread_id;     /* in */

    ngx_str_t                 request_id;    /* in, load: to be looked for */
    ngx_str_t                *replaces;      /* in, load: only runs before the
                                                one of this id; NULL: all */
    uint64_t                  after;         /* in, load: newer than this seq */
    uint64_t                  before;        /* in, page: older than this seq,
                                                0 for the newest */
    ngx_uint_t                limit;         /* in, load, page: runs at most */
    size_t                    bytes;         /* in, load, page: of all runs
                                                together at most, newest first;
                                                0 for no limit; page: of one run
                                                all the same; load: of the
                                                newest, if it has told more
                                                than text */

    uint64_t                  known;         /* in, load, append: the generation
                                                that the last of them told who
                                                asks; 0 for none */
    uint64_t                  generation;    /* out, load, append: with
                                                NGX_THREAD_WS_STORE_ABSENT in
                                                it there is no thread yet */
    uint64_t                  began;         /* out, load, append: a seq that
                                                was learnt in a smaller
                                                generation is void */
    ngx_thread_ws_claim_t    *claim;         /* in, append: the run's, or
                                                NULL */
    ngx_array_t               records;       /* out, load, page: of
                                                ngx_thread_ws_record_t, oldest
                                                first */
    ngx_thread_ws_record_t   *found;         /* out, load: the stored run of
                                                request_id, NULL if none */
    ngx_thread_ws_record_t    record;        /* in, append; seq and created
                                                are out */

    ngx_thread_ws_store_list_t  *list;       /* list, entitle */

    ngx_int_t                 status;        /* out, see below */

    ngx_thread_ws_store_pt    handler;       /* in */
    void                     *data;          /* in: the caller's */

    ngx_thread_ws_store_t    *store;         /* set by the call */
    unsigned                  operation:8;   /* ngx_thread_ws_operation_e */
    unsigned                  anew:1;        /* out, load: what was known up to
                                                after is void: these are all */
    unsigned                  replaced:1;    /* in, page: what gave way, too */
    ngx_msec_t                started;       /* ngx_current_msec */
    void                     *driver;        /* the driver's, while under way */
};


/*
 * An operation returns
 *
 *   NGX_OK     it is done: status says how; the handler is not called
 *   NGX_AGAIN  it is under way: the handler is called from the event loop,
 *              never from within the call
 *
 * and ends with one of these in op->status:
 *
 *   NGX_OK        done
 *   NGX_DECLINED  append: the thread has a run of this request_id already, or
 *                 no run that is to give way, any more;
 *                 load: no run of the id replaces; found is set all the same;
 *                 page, remove, entitle: the thread has no runs
 *   NGX_ABORT     load, append: the thread was deleted since that generation
 *                 was known
 *   NGX_BUSY      append: the run is too large for the store, now and later
 *                 (logged)
 *   NGX_ERROR     the store cannot be reached, is full, or failed (logged)
 *
 * load reads the runs after a sequence number, the run of a request_id and the
 * generation, in one snapshot.  append stores one run, whole and durably, in
 * one transaction.  page reads runs for people.  remove deletes the thread's
 * runs, so that no append under way revives it.  list reads the owner's threads
 * that have runs, entitle gives one a title, erase deletes all that the owner
 * has.
 *
 * A generation is the store's own number for what somebody has seen of a
 * thread.  A store without room for all of them gives threads up: that voids
 * nobody's generation, but such a thread, when it comes back, counts its runs
 * from 1 again, and load reads them all.
 */

typedef struct {
    ngx_str_t    name;
    ngx_int_t  (*load)(ngx_thread_ws_store_op_t *op);
    ngx_int_t  (*append)(ngx_thread_ws_store_op_t *op);
    ngx_int_t  (*page)(ngx_thread_ws_store_op_t *op);
    ngx_int_t  (*remove)(ngx_thread_ws_store_op_t *op);
    ngx_int_t  (*list)(ngx_thread_ws_store_op_t *op);
    ngx_int_t  (*entitle)(ngx_thread_ws_store_op_t *op);
    ngx_int_t  (*erase)(ngx_thread_ws_store_op_t *op);

    /* forgets an operation under way: its handler is never called */

    void       (*abandon)(ngx_thread_ws_store_op_t *op);
} ngx_thread_ws_store_driver_t;


/* the beginning of a driver's own structure, if it has one */

struct ngx_thread_ws_store_s {
    ngx_thread_ws_store_driver_t  *driver;
    ngx_str_t                      realm;    /* threads of one name are others
                                                in another; may be empty */

    unsigned                       keeps:1;  /* completed runs are remembered
                                                by the connection */
    unsigned                       shared:1; /* threads outlive connections */
};


ngx_int_t ngx_thread_ws_store_load(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op);

/* reads no runs, only the generation: whether the thread was deleted */

ngx_int_t ngx_thread_ws_store_look(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op);

ngx_int_t ngx_thread_ws_store_append(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op);
ngx_int_t ngx_thread_ws_store_page(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op);
ngx_int_t ngx_thread_ws_store_remove(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op);
ngx_int_t ngx_thread_ws_store_list(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op);
ngx_int_t ngx_thread_ws_store_entitle(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op);
ngx_int_t ngx_thread_ws_store_erase(ngx_thread_ws_store_t *store,
    ngx_thread_ws_store_op_t *op);
void ngx_thread_ws_store_abandon(ngx_thread_ws_store_op_t *op);

/* a driver's: an operation that was under way is done; calls its handler */

void ngx_thread_ws_store_done(ngx_thread_ws_store_op_t *op, ngx_int_t status);


/* the stores without a memory of their own: "off" and "connection" */

extern ngx_thread_ws_store_t  ngx_thread_ws_store_off;
extern ngx_thread_ws_store_t  ngx_thread_ws_store_connection;


#endif /* _NGX_THREAD_WS_STORE_H_INCLUDED_ */
