
/*
 * What an answer had beside its text, as a record keeps it: a JSON object.
 *
 *   {"parts": [{"type": "text", "bytes": 12},
 *              {"type": "tool-call", "toolCallId", "name", "input", "own"?},
 *              {"type": "tool-result", "toolCallId", "output", "error"?},
 *              {"type": "source", "url"?, "title"?},
 *              {"type": "interrupt", "interruptId", "value"},
 *              {"type": "reasoning", "text"?, "signature"?, "redacted"?}]}
 *
 * A text part stands for so many of the next bytes of the answer, which is kept
 * once.  "own" and "error" are true or left out; calls of its own are those
 * that the agent itself sees to.
 */


#ifndef _NGX_THREAD_WS_TOLD_H_INCLUDED_
#define _NGX_THREAD_WS_TOLD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "run/ngx_thread_ws_journal.h"


/*
 * The object of a sealed journal, from pool; empty if there was text alone.
 * Calls that got no result are left out with closed set, and so is reasoning
 * unless reasoning is.  NGX_OK, or NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_told(ngx_thread_ws_journal_t *journal,
    ngx_pool_t *pool, ngx_uint_t closed, ngx_uint_t reasoning,
    ngx_str_t *told);

/*
 * Says all of it again, text and parts, into an empty journal: NGX_OK, or
 * NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_told_again(ngx_thread_ws_journal_t *journal,
    ngx_str_t *told, ngx_str_t *answer);


#endif /* _NGX_THREAD_WS_TOLD_H_INCLUDED_ */
