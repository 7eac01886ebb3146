
/*
 * A run: one message, from the command to its one end.
 *
 *   waiting -> loading -> streaming -> storing -> ended
 *
 * A run that a cancel, an error or a lost client ends goes to "ended" from
 * wherever it is, but for "storing", where it is too late.  It stands alone: it
 * knows neither a connection nor what its thread is, writes what it says into
 * its journal, and tells its thread by the handlers.
 */


#ifndef _NGX_THREAD_WS_RUN_H_INCLUDED_
#define _NGX_THREAD_WS_RUN_H_INCLUDED_


#include "ngx_thread_ws.h"
#include "agent/ngx_thread_ws_agent.h"
#include "dialect/ngx_thread_ws_dialect.h"
#include "dialect/ngx_thread_ws_retry.h"
#include "dialect/ngx_thread_ws_sse.h"
#include "observe/ngx_thread_ws_subject.h"
#include "run/ngx_thread_ws_context.h"
#include "run/ngx_thread_ws_journal.h"
#include "store/ngx_thread_ws_store.h"
#include "wire/ngx_thread_ws_code.h"
#include "wire/ngx_thread_ws_choice.h"
#include "zone/ngx_thread_ws_registry.h"


typedef enum {
    NGX_THREAD_WS_WAITING = 0,
    NGX_THREAD_WS_LOADING,
    NGX_THREAD_WS_STREAMING,
    NGX_THREAD_WS_STORING,
    NGX_THREAD_WS_ENDED
} ngx_thread_ws_state_e;


/* Why a run fails; code OK: it does not. */

typedef struct {
    ngx_uint_t                 code;         /* ngx_thread_ws_code_e */
    ngx_str_t                  text;         /* for people, lives as long as the
                                                run; empty: the code's own */
    ngx_msec_t                 retry_after;  /* ms; 0: not told */
    unsigned                   judged:1;     /* retryable is set, whatever the
                                                code says */
    unsigned                   retryable:1;
} ngx_thread_ws_verdict_t;


/* What a run tells its thread. */

typedef struct {

    /*
     * The store has told what it knows of the thread: op's generation and
     * records, or that it was deleted (NGX_ABORT).  NGX_OK; NGX_ERROR without
     * memory; NGX_AGAIN when the context was forgotten meanwhile, and the load
     * is due again; NGX_DECLINED when the thread was deleted and the run is
     * over for that.
     */

    ngx_int_t  (*loaded)(ngx_thread_ws_run_t *run,
                         ngx_thread_ws_store_op_t *op);

    /*
     * The journal has more.  NGX_OK, or NGX_AGAIN when none of those who hear
     * the run has room for still more.  more: there will be in this turn.
     */

    ngx_int_t  (*said)(ngx_thread_ws_run_t *run, ngx_uint_t more);

    /* nothing was said for a while, but the agent is still asked */

    void       (*alive)(ngx_thread_ws_run_t *run);

    /* it has waited for a while more */

    void       (*waits)(ngx_thread_ws_run_t *run);

    /* the store has taken the run: status of its op */

    void       (*stored)(ngx_thread_ws_run_t *run);

    /* the journal is at its end, result and verdict are final */

    void       (*ended)(ngx_thread_ws_run_t *run);

    /* the run is about to be freed */

    void       (*freed)(ngx_thread_ws_run_t *run);

} ngx_thread_ws_run_handlers_t;


typedef struct ngx_thread_ws_again_s  ngx_thread_ws_again_t;
typedef struct ngx_thread_ws_fork_s  ngx_thread_ws_fork_t;


/* of the agent's pieces of memory: the run's own, and those of who hears it */

typedef enum {
    NGX_THREAD_WS_NEAR_RUN = 0,
    NGX_THREAD_WS_NEAR_CLAIM,
    NGX_THREAD_WS_NEAR_JOURNAL,              /* its end */
    NGX_THREAD_WS_NEAR_READER,
    NGX_THREAD_WS_NEAR_OUTPUT                /* ... and all after it */
} ngx_thread_ws_near_e;


/*
 * What each delta looks at stands together, up to the journal: with many runs
 * none of it is in the processor's caches.
 */

struct ngx_thread_ws_run_s {
    ngx_pool_t                *pool;         /* the run's own; holds it, too */
    ngx_thread_ws_loc_conf_t  *conf;
    ngx_uint_t                 state;        /* ngx_thread_ws_state_e */
    ngx_thread_ws_agent_t     *agent;        /* NULL while there is none */

    ngx_thread_ws_run_handlers_t  *handlers;     /* its thread's */
    ngx_thread_ws_thread_t    *thread;

    unsigned                   replayed:1;   /* answered from the store */
    unsigned                   took_over:1;  /* from an older connection */
    unsigned                   asked:1;      /* the agent was */
    unsigned                   op_active:1;  /* the store works for it */
    unsigned                   held:1;       /* not to be freed for now */
    unsigned                   deleted:1;    /* its thread was, while it ran */
    unsigned                   refused:1;    /* the agent's status is not 200 */
    unsigned                   unknown:1;    /* it may be no event stream */
    unsigned                   cut:1;        /* the zone has no room for it */
    unsigned                   answers:1;    /* what is open: calls, or
                                                questions */
    unsigned                   listed:1;     /* its content has parts */
    unsigned                   partial:1;    /* cancelled, but kept */
    unsigned                   kept:1;       /* the store has it */

    ngx_thread_ws_claim_t      claim;
    size_t                     parts;        /* bytes of what there is beside
                                                text */
    ngx_thread_ws_result_t     result;
    ngx_thread_ws_sse_t        sse;
    ngx_thread_ws_reply_t      reply;
    ngx_thread_ws_journal_t    journal;
    size_t                     published;    /* of the journal, in the zone */

    /* of the thread, too */

    ngx_thread_ws_context_t   *context;
    ngx_thread_ws_lane_t      *lane;         /* NULL: on none any more */
    ngx_queue_t                queue;        /* in the lane, while it waits */

    /* who asked what */

    ngx_thread_ws_subject_t    subject;
    ngx_str_t                  content;
    ngx_thread_ws_extra_t     *extra;        /* NULL: texts are all */
    ngx_str_t                  shown;        /* as the command has it */
    ngx_thread_ws_choice_t    *choice;       /* for this run alone; NULL:
                                                nothing */
    ngx_str_t                  pass;         /* the agent location's URI */
    ngx_str_t                  model;
    ngx_thread_ws_caller_t    *caller;
    ngx_msec_t                 started;      /* ngx_current_msec, message */
    uint64_t                   cancelled;    /* when, as observe told; 0: not */
    ngx_uint_t                 number;       /* of its connection's runs */
    ngx_uint_t                 close_code;   /* with outcome DISCONNECTED */

    ngx_event_t                timer;        /* thread_ws_run_timeout */
    ngx_event_t                alive;        /* the time to say something */
    ngx_event_t                look;         /* the time to look at the claim */
    ngx_event_t                abandon;      /* ... to go on without anybody */
    size_t                     alive_text;   /* the journal's when it was set */
    ngx_thread_ws_store_op_t   op;
    ngx_uint_t                 epoch;        /* the context's, at the load */

    /* the answer */

    ngx_uint_t                 status;       /* HTTP, of the agent */
    ngx_thread_ws_retry_t      retry;        /* by its header */
    ngx_str_t                  type;         /* its Content-Type */
    ngx_str_t                  place;        /* where nginx answers by itself,
                                                with no event stream, for the
                                                log; empty: it does not */
    ngx_str_t                  first;        /* the first bytes of its body */
    ngx_thread_ws_bytes_t      body;         /* of an error answer */
    ngx_thread_ws_again_t     *again;        /* to go on after a pause; NULL:
                                                its agents make none */
    ngx_thread_ws_fork_t      *fork;         /* to have the agent's server go
                                                back first; NULL: it need not */

    ngx_thread_ws_verdict_t    verdict;
};


/* What a run is made of; texts are copied. */

typedef struct {
    ngx_thread_ws_run_handlers_t  *handlers;
    ngx_thread_ws_thread_t    *thread;
    ngx_thread_ws_context_t   *context;      /* outlives the run */
    ngx_thread_ws_loc_conf_t  *conf;
    ngx_http_request_t        *upgrade;      /* the client's request */
    ngx_thread_ws_subject_t   *subject;      /* the connection's */
    ngx_str_t                  request_id;
    ngx_str_t                  content;
    ngx_str_t                  extra;        /* the message's other members: a
                                                JSON object; empty: none */
    ngx_str_t                  earlier;      /* for who hears it later, with
                                                thread_ws_resume; empty: nothing
                                                */
    ngx_str_t                  shown;        /* as the command has it */
    ngx_thread_ws_choice_t    *choice;       /* NULL: nothing for it alone */
    ngx_str_t                  replaces;     /* with extra; empty: no run */
    ngx_str_t                  pass;
} ngx_thread_ws_run_args_t;


/* whether a message is the run's, by content and extra: 1 or 0 */

ngx_uint_t ngx_thread_ws_run_same(ngx_thread_ws_run_t *run,
    ngx_str_t *content, ngx_str_t *extra);

/* bytes of its message */

#define ngx_thread_ws_run_size(run)                                           \
    ((run)->content.len + ((run)->extra ? (run)->extra->asked.len : 0)        \
     + (run)->shown.len)


/* a run that waits, NULL without memory */

ngx_thread_ws_run_t *ngx_thread_ws_run_create(ngx_thread_ws_run_args_t *args);

/* frees a run that was not begun, and that nobody hears */

void ngx_thread_ws_run_discard(ngx_thread_ws_run_t *run);

/*
 * A run with thread_ws_resume has its claim from its message on, and says in
 * the zone what it says: what is sealed of its journal.
 */

void ngx_thread_ws_run_publish(ngx_thread_ws_run_t *run);

/* ... keeps its worker while it waits, and looks now and then if it must */

void ngx_thread_ws_run_wait(ngx_thread_ws_run_t *run);

/* looks at what others have marked its claim with: it may have ended then */

void ngx_thread_ws_run_look(ngx_thread_ws_run_t *run);

/*
 * Begins a run that waited: answers it from what is remembered or stored, or
 * asks the agent.  It may have ended when this returns.
 */

void ngx_thread_ws_run_start(ngx_thread_ws_run_t *run);

/*
 * Ends the run, whatever its state: its upstream request first, then its thread
 * is told.  outcome is of ngx_thread_ws_outcome_e; with FAILED verdict says why
 * (else NULL).  A run that has ended stays as it is.
 */

void ngx_thread_ws_run_end(ngx_thread_ws_run_t *run, ngx_uint_t outcome,
    ngx_thread_ws_verdict_t *verdict);

/*
 * Ends a run that is not being stored as cancelled; with thread_ws_keep_partial
 * what it has said is stored before.
 */

void ngx_thread_ws_run_cancel(ngx_thread_ws_run_t *run);

/* frees a run that has ended, unless somebody still needs it */

void ngx_thread_ws_run_release(ngx_thread_ws_run_t *run);

/* the run whose agent's request r is (or a subrequest of it); NULL: none's */

#define ngx_thread_ws_run_of(r)                                               \
    ((ngx_thread_ws_run_t *) ngx_thread_ws_agent_data(r))


#endif /* _NGX_THREAD_WS_RUN_H_INCLUDED_ */
