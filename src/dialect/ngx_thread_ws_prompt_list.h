
/*
 * The list of a prompt's messages, in which every call of a tool is followed by
 * its result: by the next message's, or by words that there is none.
 */


#ifndef _NGX_THREAD_WS_PROMPT_LIST_H_INCLUDED_
#define _NGX_THREAD_WS_PROMPT_LIST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"


/* How a dialect writes its messages: 0, or -1 without memory. */

typedef struct {

    /*
     * The client's: open are the calls before it, results what it has for
     * them, by id.  The content may be an empty text.
     */

    int  (*question)(json_t *messages, json_t *open, json_t *results,
                     json_t *content);

    /* an answer that has calls, which are open, or reasoning, or both */

    int  (*answer)(json_t *messages, ngx_thread_ws_prompt_t *prompt,
                   ngx_thread_ws_exchange_t *exchange, json_t *open);

    ngx_thread_ws_prompt_part_pt  part;

    ngx_uint_t                    system;    /* unsigned  system:1, the first
                                                message is the system prompt */

} ngx_thread_ws_prompt_writers_t;


/*
 * The history and the new message: a new list; NULL without memory.  A run
 * without an answer, as an earlier version stored it, is left out: some servers
 * refuse an empty message, and some two of the user one after the other.
 */

json_t *ngx_thread_ws_prompt_list(ngx_thread_ws_prompt_t *prompt,
    ngx_thread_ws_prompt_writers_t *writers);


#endif /* _NGX_THREAD_WS_PROMPT_LIST_H_INCLUDED_ */
