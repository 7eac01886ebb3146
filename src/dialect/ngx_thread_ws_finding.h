
/*
 * Whether what an agent sent is an answer, and if not, why: one place for all
 * dialects and all the ways in which an answer ends.
 */


#ifndef _NGX_THREAD_WS_FINDING_H_INCLUDED_
#define _NGX_THREAD_WS_FINDING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "dialect/ngx_thread_ws_dialect.h"
#include "dialect/ngx_thread_ws_retry.h"


/* how the agent's body ended */

typedef enum {
    NGX_THREAD_WS_BODY_WHOLE = 0,    /* cleanly, or nobody waits any more */
    NGX_THREAD_WS_BODY_BROKEN,       /* ... inside an event */
    NGX_THREAD_WS_BODY_CUT,
    NGX_THREAD_WS_BODY_TIMEOUT
} ngx_thread_ws_body_e;


typedef struct {
    ngx_uint_t   blame;         /* ngx_thread_ws_blame_e */
    ngx_str_t    text;          /* for people, in the reply; empty: none */
    ngx_msec_t   retry_after;   /* ms; 0: not told */
    char        *reason;        /* for the log; NULL: the words say it */
    unsigned     retryable:1;
} ngx_thread_ws_finding_t;


/*
 * The body has ended, after ngx_thread_ws_reply_end(): NGX_OK if there is an
 * answer.  NGX_DECLINED with the finding if it is none; NGX_AGAIN with what is
 * to be said if it does not go on, for it has but paused.
 */

ngx_int_t ngx_thread_ws_finding_end(ngx_thread_ws_finding_t *finding,
    ngx_thread_ws_dialect_t *dialect, ngx_thread_ws_reply_t *reply,
    ngx_uint_t body);

/* an event was an error: ngx_thread_ws_reply_event() returned NGX_ABORT */

void ngx_thread_ws_finding_abort(ngx_thread_ws_finding_t *finding,
    ngx_thread_ws_reply_t *reply);

/*
 * The agent answered with a status other than 200.  Its words, if there are any
 * in the body, are in reply->error.
 */

void ngx_thread_ws_finding_status(ngx_thread_ws_finding_t *finding,
    ngx_thread_ws_dialect_t *dialect, ngx_thread_ws_reply_t *reply,
    ngx_uint_t status, ngx_thread_ws_retry_t *retry, ngx_str_t *body);

/*
 * Bytes as they may stand in a log: what is not printable ASCII as \xNN.  Takes
 * NGX_THREAD_WS_FINDING_QUOTE of them at most; dst has four times as many.
 * Returns the position after what it wrote.
 */

#define NGX_THREAD_WS_FINDING_QUOTE  200

u_char *ngx_thread_ws_finding_quote(u_char *dst, u_char *p, size_t len);


#endif /* _NGX_THREAD_WS_FINDING_H_INCLUDED_ */
