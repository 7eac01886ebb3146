
/*
 * Requests to Anthropic's API.
 */


#ifndef _NGX_THREAD_WS_ANTHROPIC_PROMPT_H_INCLUDED_
#define _NGX_THREAD_WS_ANTHROPIC_PROMPT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"


/* the history and the new message; NULL without memory */

json_t *ngx_thread_ws_anthropic_messages(ngx_thread_ws_prompt_t *prompt);

/* the dialect's "again" */

json_t *ngx_thread_ws_anthropic_again(ngx_thread_ws_reply_t *reply,
    ngx_str_t *request, ngx_str_t *text);


#endif /* _NGX_THREAD_WS_ANTHROPIC_PROMPT_H_INCLUDED_ */
