
/*
 * What an agent answers and what the client is told of it: from the agent's
 * bytes over SSE events and deltas to token events, from the end to final,
 * error or cancelled.  The other half of a run, beside its state machine.
 */


#ifndef _NGX_THREAD_WS_ANSWER_H_INCLUDED_
#define _NGX_THREAD_WS_ANSWER_H_INCLUDED_


#include "ngx_thread_ws.h"


/*
 * The answer as a record for the store, texts from run->pool: NGX_OK, or
 * NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_answer_record(ngx_thread_ws_run_t *run,
    ngx_thread_ws_record_t *record);

/*
 * Sends a known answer's token event and fills in what final tells.  answer is
 * the record's, escaped, where the caller has it so, else NULL.
 */

ngx_int_t ngx_thread_ws_answer_replay(ngx_thread_ws_run_t *run,
    ngx_thread_ws_record_t *record, ngx_str_t *answer);

/* the request is gone before the answer was whole: ends the run */

void ngx_thread_ws_answer_cut(ngx_thread_ws_run_t *run, ngx_uint_t end);

/* sends the terminal event that run->result stands for */

void ngx_thread_ws_answer_end(ngx_thread_ws_run_t *run, ngx_str_t *text);

void ngx_thread_ws_answer_free(ngx_thread_ws_run_t *run);


#endif /* _NGX_THREAD_WS_ANSWER_H_INCLUDED_ */
