
/*
 * What the files of a run share: none of these ends it, that is run.c's alone,
 * but for a run that is answered from what is stored.
 * Where one returns NGX_ERROR, run->verdict says why.
 */


#ifndef _NGX_THREAD_WS_RUN_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_RUN_PRIVATE_H_INCLUDED_


#include "dialect/ngx_thread_ws_finding.h"
#include "run/ngx_thread_ws_run.h"


/* the handler of a run's timer, and what lines of the error log say of it */

void ngx_thread_ws_run_timeout_handler(ngx_event_t *ev);
u_char *ngx_thread_ws_run_log(void *data, u_char *buf, size_t len);

/* ms between two looks whether a run that waits is the next one */

#define NGX_THREAD_WS_RUN_WAIT  1000

/* ms after which a client is told that an agent is still asked */

#define NGX_THREAD_WS_RUN_ALIVE  10000

void ngx_thread_ws_run_alive_handler(ngx_event_t *ev);

/* ms between two looks whether the thread is there, where a server keeps it */

#define NGX_THREAD_WS_RUN_LOOK  500

void ngx_thread_ws_run_look_handler(ngx_event_t *ev);

/*
 * Somebody reads its journal again, or nobody any more: then it goes on for
 * thread_ws_resume, and is given up.
 */

void ngx_thread_ws_run_heard(ngx_thread_ws_run_t *run);
void ngx_thread_ws_run_unheard(ngx_thread_ws_run_t *run);
void ngx_thread_ws_run_abandon_handler(ngx_event_t *ev);

/* gives the claim up, with thread_ws_resume not before the end can be heard */

void ngx_thread_ws_run_unclaim(ngx_thread_ws_run_t *run);

/* the agent's headers that the dialect's API wants, and the trace; or NULL */

ngx_array_t *ngx_thread_ws_run_headers(ngx_thread_ws_run_t *run);

/* sets the verdict, and a line in the log where there is a reason: NGX_ERROR */

ngx_int_t ngx_thread_ws_run_blame(ngx_thread_ws_run_t *run, ngx_uint_t code,
    char *reason);


/*
 * What is known of it is in the journal: ends the run by that, perhaps after
 * thread_ws_replay's location has let it through.
 */

void ngx_thread_ws_run_replayed(ngx_thread_ws_run_t *run);

/* nothing of the run's is due any more */

void ngx_thread_ws_run_still(ngx_thread_ws_run_t *run);

/* tells whoever watches what it came to */

void ngx_thread_ws_run_tell(ngx_thread_ws_run_t *run);

/* names the memory of a run that has an agent; ... its journal's end, anew */

void ngx_thread_ws_run_near(ngx_thread_ws_run_t *run);
void ngx_thread_ws_run_near_journal(ngx_thread_ws_run_t *run);

/* seals the journal of a run that ends in that state, with its outcome set */

void ngx_thread_ws_run_finish(ngx_thread_ws_run_t *run, ngx_uint_t state);


/*
 * The request's body, from run->pool, data being the run.  Settings with
 * variables are evaluated in r.  NGX_OK or NGX_ERROR (no verdict).
 */

ngx_int_t ngx_thread_ws_prompt(void *data, ngx_http_request_t *r,
    ngx_chain_t **body, off_t *size);


/*
 * An agent may pause in the middle of an answer, and goes on when it is asked
 * again, with what it has said.  Sets run->again where that may be, text being
 * the body of the request: NGX_OK or NGX_ERROR (no verdict).
 */

ngx_int_t ngx_thread_ws_again_init(ngx_thread_ws_run_t *run, ngx_str_t *text);

/* the body of the request that goes on: NGX_OK or NGX_ERROR (no verdict) */

ngx_int_t ngx_thread_ws_again_prompt(ngx_thread_ws_run_t *run,
    ngx_str_t *text);

/*
 * The agent has paused: it is asked again when its request is gone, in a turn
 * of its own, which calls ngx_thread_ws_run_goes().
 */

void ngx_thread_ws_again_paused(ngx_thread_ws_run_t *run);
ngx_uint_t ngx_thread_ws_again_due(ngx_thread_ws_run_t *run);
void ngx_thread_ws_again_post(ngx_thread_ws_run_t *run);
void ngx_thread_ws_again_cancel(ngx_thread_ws_run_t *run);

void ngx_thread_ws_run_goes(ngx_thread_ws_run_t *run);

/*
 * A run that replaces another one, where the agent's server keeps the thread:
 * before it is asked, that goes back to its state before that run.  Sets
 * run->fork: NGX_OK or NGX_ERROR (no verdict).
 */

ngx_int_t ngx_thread_ws_fork_init(ngx_thread_ws_run_t *run);

/*
 * NGX_OK: it is asked something, and ngx_thread_ws_run_goes() follows, or the
 * run's end.  NGX_DECLINED: it has gone back.
 */

ngx_int_t ngx_thread_ws_fork_ask(ngx_thread_ws_run_t *run);
void ngx_thread_ws_fork_cancel(ngx_thread_ws_run_t *run);

/* takes a request's tree, NULL being none: its text lives as long as the run */

ngx_int_t ngx_thread_ws_prompt_dump(ngx_thread_ws_run_t *run, json_t *json,
    ngx_str_t *text);

/* ... and that as a request's body, from run->pool: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_prompt_chain(ngx_thread_ws_run_t *run, ngx_str_t *text,
    ngx_chain_t **body);


/*
 * What the agent answers: its header; some of its body, where NGX_DONE says
 * that the end mark was seen; whether it is an answer, when its body has ended;
 * and what it means that it broke off (end is of ngx_thread_ws_agent_end_e).
 * The last two give NGX_AGAIN when the answer has but paused.
 */

ngx_int_t ngx_thread_ws_answer_header(ngx_thread_ws_run_t *run,
    ngx_thread_ws_agent_header_t *header);
ngx_int_t ngx_thread_ws_answer_body(ngx_thread_ws_run_t *run, u_char *pos,
    u_char *last, ngx_uint_t *deltas);
ngx_int_t ngx_thread_ws_answer_whole(ngx_thread_ws_run_t *run);
ngx_int_t ngx_thread_ws_answer_cut(ngx_thread_ws_run_t *run, ngx_uint_t end);

void ngx_thread_ws_answer_again(ngx_thread_ws_run_t *run);
void ngx_thread_ws_answer_free(ngx_thread_ws_run_t *run);

/*
 * Frees the texts of a run that has ended and that nobody hears any more: an
 * agent may leave its body open.
 */

void ngx_thread_ws_answer_drop(ngx_thread_ws_run_t *run);


/* what a status of nginx's own means for the client: a code */

ngx_uint_t ngx_thread_ws_refusal_own(ngx_uint_t status);

/*
 * nginx itself answers, with another status than 200 or no event stream:
 * where, for what follows.
 * NGX_OK or NGX_ERROR (no verdict).
 */

ngx_int_t ngx_thread_ws_refusal_place(ngx_thread_ws_run_t *run,
    ngx_thread_ws_agent_header_t *header);

/* ... with another status than 200: the verdict, and why, NGX_ERROR */

ngx_int_t ngx_thread_ws_refusal_location(ngx_thread_ws_run_t *run,
    ngx_thread_ws_agent_header_t *header);

/* ... by a fault of the configuration, which no retry helps: NGX_ERROR */

ngx_int_t ngx_thread_ws_refusal_fault(ngx_thread_ws_run_t *run, char *reason);

/* takes in when the agent may be asked again; fields may be NULL */

void ngx_thread_ws_refusal_header(ngx_thread_ws_run_t *run,
    ngx_list_t *fields);

/*
 * Keeps the first bytes of a body, for the log, and looks whether they are an
 * answer's where the type does not say so: NGX_OK, or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_refusal_look(ngx_thread_ws_run_t *run, u_char *pos,
    u_char *last);

/* collects the body of an error answer; NGX_DONE when there is enough of it */

ngx_int_t ngx_thread_ws_refusal_body(ngx_thread_ws_run_t *run, u_char *pos,
    u_char *last);

/* ... and makes the verdict of it: NGX_ERROR */

ngx_int_t ngx_thread_ws_refusal_verdict(ngx_thread_ws_run_t *run);

/* the verdict of what was found out, and a line in the log: NGX_ERROR */

ngx_int_t ngx_thread_ws_refusal_judge(ngx_thread_ws_run_t *run,
    ngx_thread_ws_finding_t *finding);

/* logs the first bytes of what was not understood */

void ngx_thread_ws_refusal_quote(ngx_thread_ws_run_t *run, ngx_uint_t level,
    char *what, ngx_str_t *bytes);


/*
 * A run that is remembered is answered from there.
 *
 *   NGX_OK        its answer is in the journal
 *   NGX_DECLINED  it is not remembered
 *   NGX_ERROR     the verdict
 */

ngx_int_t ngx_thread_ws_run_recall(ngx_thread_ws_run_t *run);

/*
 * A run that replaces another was read: sets its context, its own then, to what
 * was before that one.  NGX_OK or NGX_ERROR, the verdict.
 */

ngx_int_t ngx_thread_ws_run_before(ngx_thread_ws_run_t *run);

/*
 * Whether the message has results for just those calls that are open, if it has
 * any: NGX_OK, or NGX_ERROR (the verdict).
 */

ngx_int_t ngx_thread_ws_run_calls(ngx_thread_ws_run_t *run);

/*
 * By the claim:
 *
 *   NGX_OK        the run goes on
 *   NGX_DECLINED  it was taken over, or cancelled by another connection
 *   NGX_ERROR     the verdict: its thread was deleted
 */

ngx_int_t ngx_thread_ws_run_stands(ngx_thread_ws_run_t *run);

/*
 * Reads what the store has of the thread: NGX_AGAIN when the handler will be
 * called, else ngx_thread_ws_run_loaded() is due at once.
 */

ngx_int_t ngx_thread_ws_run_load(ngx_thread_ws_run_t *run,
    ngx_thread_ws_store_pt handler);

/*
 *   NGX_OK        the agent is to be asked
 *   NGX_DONE      the run is stored: its answer is in the journal
 *   NGX_AGAIN     what was read is of no use: it is to be read again
 *   NGX_DECLINED  the run is over: its thread was deleted
 *   NGX_ERROR     the verdict
 */

ngx_int_t ngx_thread_ws_run_loaded(ngx_thread_ws_run_t *run);

/*
 * Stores the run: NGX_AGAIN as above, NGX_OK when ngx_thread_ws_run_appended()
 * is due at once, or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_run_append(ngx_thread_ws_run_t *run,
    ngx_thread_ws_store_pt handler);

/* whether what a run that is cancelled has said is to be kept */

ngx_uint_t ngx_thread_ws_run_worth(ngx_thread_ws_run_t *run);

/* NGX_OK, or NGX_ERROR */

ngx_int_t ngx_thread_ws_run_appended(ngx_thread_ws_run_t *run);


#endif /* _NGX_THREAD_WS_RUN_PRIVATE_H_INCLUDED_ */
