
/*
 * A location's forms: the text of its request bodies, with gaps for what
 * differs from run to run.
 */


#ifndef _NGX_THREAD_WS_PROMPT_FORM_H_INCLUDED_
#define _NGX_THREAD_WS_PROMPT_FORM_H_INCLUDED_


#include "ngx_thread_ws.h"
#include "dialect/ngx_thread_ws_dialect.h"
#include "run/ngx_thread_ws_context.h"


/* gives a location that runs begin at its forms: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_prompt_forms(ngx_conf_t *cf,
    ngx_thread_ws_loc_conf_t *conf);

/*
 * The request body in memory of pool: the prompt's settings and content, and
 * the context's runs from the first on, its sentinel if there are none.  NGX_OK
 * or NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_prompt_form(ngx_thread_ws_loc_conf_t *conf,
    ngx_pool_t *pool, ngx_thread_ws_prompt_t *prompt,
    ngx_thread_ws_context_t *context, ngx_queue_t *first, ngx_str_t *text);


#endif /* _NGX_THREAD_WS_PROMPT_FORM_H_INCLUDED_ */
