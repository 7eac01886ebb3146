
/*
 * Requests to OpenAI's API.
 */


#ifndef _NGX_THREAD_WS_OPENAI_PROMPT_H_INCLUDED_
#define _NGX_THREAD_WS_OPENAI_PROMPT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"


/* the system prompt, the history and the new message; NULL without memory */

json_t *ngx_thread_ws_openai_messages(ngx_thread_ws_prompt_t *prompt);

/* the dialect's part */

json_t *ngx_thread_ws_openai_part(json_t *part, char **why);


#endif /* _NGX_THREAD_WS_OPENAI_PROMPT_H_INCLUDED_ */
