
/*
 * The calls of tools in an answer, several at once, until each is complete.
 */


#ifndef _NGX_THREAD_WS_CALLS_H_INCLUDED_
#define _NGX_THREAD_WS_CALLS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "base/ngx_thread_ws_bytes.h"
#include "dialect/ngx_thread_ws_dialect.h"


typedef struct {
    uint64_t                 message;    /* whose it is, as a hash; 0: the
                                            only one's */
    ngx_int_t                index;      /* -1: it has none */
    ngx_str_t                id;         /* told; malloc'ed, plain */
    ngx_str_t                own;        /* the agent's; empty: it has none */
    ngx_thread_ws_bytes_t    input;      /* plain; freed when it is complete */
    uint32_t                 half;       /* of a surrogate pair at its end */
    unsigned                 told:1;     /* its begin was */
    unsigned                 ended:1;
    unsigned                 result:1;
    unsigned                 text:1;     /* its input is no JSON */
} ngx_thread_ws_call_t;


typedef struct {
    ngx_thread_ws_call_t    *call;
    ngx_uint_t               n;
    ngx_uint_t               size;
    ngx_uint_t               open;       /* of them */
    ngx_uint_t               named;      /* ids that were made up */
} ngx_thread_ws_calls_t;


/*
 * All of these are for a reply that has parts, of which tools are asked for.
 * A call is found by the index that it has in its message, or by the id that
 * the agent gave it; NULL if there is none.  It stands until another begins.
 */

ngx_thread_ws_call_t *ngx_thread_ws_calls_at(ngx_thread_ws_reply_t *reply,
    uint64_t message, ngx_int_t index);
ngx_thread_ws_call_t *ngx_thread_ws_calls_find(ngx_thread_ws_reply_t *reply,
    json_t *id);

/* the last one of a message that is open, NULL if there is none */

ngx_thread_ws_call_t *ngx_thread_ws_calls_last(ngx_thread_ws_reply_t *reply,
    uint64_t message);

/*
 * A call begins: NULL without memory.  It is told with its name, which may be
 * NULL and come later.  One without an id is given one, and so is one whose id
 * another call of the answer has, or of those of reply->known.
 */

ngx_thread_ws_call_t *ngx_thread_ws_calls_begin(ngx_thread_ws_reply_t *reply,
    uint64_t message, ngx_int_t index, json_t *id);

ngx_int_t ngx_thread_ws_calls_name(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_call_t *call, json_t *name);

/* more of its input: a text, or a value, which is taken as its JSON */

ngx_int_t ngx_thread_ws_calls_input(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_call_t *call, json_t *input);

/*
 * It is complete.  The input is what came in pieces; if nothing did, the value,
 * which may be NULL.
 */

ngx_int_t ngx_thread_ws_calls_end(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_call_t *call, json_t *input);

/* So are all that are open, of a message or (0) at all. */

ngx_int_t ngx_thread_ws_calls_end_all(ngx_thread_ws_reply_t *reply,
    uint64_t message);

/* A tool's result, once a call; one that nobody heard of has one, too. */

ngx_int_t ngx_thread_ws_calls_result(ngx_thread_ws_reply_t *reply, json_t *id,
    json_t *output, ngx_uint_t error);

void ngx_thread_ws_calls_free(ngx_thread_ws_calls_t *calls);


#endif /* _NGX_THREAD_WS_CALLS_H_INCLUDED_ */
