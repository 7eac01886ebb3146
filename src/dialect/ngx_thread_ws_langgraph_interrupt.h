
/*
 * A graph's questions, and what they are answered by.
 */


#ifndef _NGX_THREAD_WS_LANGGRAPH_INTERRUPT_H_INCLUDED_
#define _NGX_THREAD_WS_LANGGRAPH_INTERRUPT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"


/*
 * An event in which a graph says what it was interrupted by: NGX_OK or
 * NGX_ERROR; NGX_DECLINED if it is none.
 */

ngx_int_t ngx_thread_ws_langgraph_interrupt(ngx_thread_ws_reply_t *reply,
    ngx_str_t *type, ngx_str_t *data);

/*
 * The questions in a thread's state: a new list of {"interruptId","value"},
 * without those that are answered; NULL without memory.
 */

json_t *ngx_thread_ws_langgraph_interrupts(json_t *state);

/* Makes a request go on with a list of answers: 0, or -1 without memory. */

int ngx_thread_ws_langgraph_resume(json_t *root, json_t *answers);


#endif /* _NGX_THREAD_WS_LANGGRAPH_INTERRUPT_H_INCLUDED_ */
