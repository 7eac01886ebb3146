
/*
 * A follower: who hears a thread.  It takes from the journals of the runs that
 * it hears, each from a position of its own, when its output has room: events
 * of the client's protocol, written in place.
 */


#ifndef _NGX_THREAD_WS_FOLLOWER_H_INCLUDED_
#define _NGX_THREAD_WS_FOLLOWER_H_INCLUDED_


#include "ngx_thread_ws.h"
#include "run/ngx_thread_ws_run.h"


/* What its output can do; data is the follower's. */

typedef struct {

    /*
     * Room for a text of at most size bytes, NULL without memory; and its end
     * at last, before any other.
     */

    u_char    *(*text)(void *data, size_t size);
    void       (*text_end)(void *data, u_char *text, u_char *last);

    /* bytes that wait to be sent */

    size_t     (*queued)(void *data);

    /* takes what there is and sends it: now, or at the end of this turn */

    void       (*flush)(void *data);
    void       (*post)(void *data);

    /* a run of its own has begun, has come to its end (or goes on without) */

    void       (*began)(void *data, ngx_thread_ws_run_t *run);
    void       (*ended)(void *data, ngx_thread_ws_run_t *run);

    /* the thread was deleted */

    void       (*deleted)(void *data);

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
    ngx_thread_ws_lane_t       lane;         /* of its own runs */
    unsigned                   v2:1;         /* by its subprotocol: it knows
                                                of "alive" */
} ngx_thread_ws_follower_t;


/* A follower in a run's journal; in the run's pool. */

typedef struct {
    ngx_queue_t                queue;        /* in the follower's readers */
    ngx_queue_t                link;         /* in the run's readers */
    ngx_thread_ws_follower_t  *follower;
    ngx_thread_ws_run_t       *run;
    ngx_thread_ws_position_t   position;
    ngx_str_t                  head;         /* of its token events */
} ngx_thread_ws_reader_t;


void ngx_thread_ws_follower_init(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_follower_handlers_t *handlers, void *data);

/* the follower hears the run from its beginning: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_follower_hear(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_run_t *run);

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

/* says that the run goes on, to a follower that has nothing else to take */

void ngx_thread_ws_reader_alive(ngx_thread_ws_reader_t *reader);

/* bytes of a run that have not left yet, in its journal and in the output */

size_t ngx_thread_ws_reader_behind(ngx_thread_ws_reader_t *reader);

/* the output has drained: runs that waited for it go on */

void ngx_thread_ws_follower_drained(ngx_thread_ws_follower_t *follower);

/* hears nothing any more; runs that nobody needs are freed */

void ngx_thread_ws_follower_deafen(ngx_thread_ws_follower_t *follower);


#endif /* _NGX_THREAD_WS_FOLLOWER_H_INCLUDED_ */
