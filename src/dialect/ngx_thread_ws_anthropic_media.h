
/*
 * Images and documents for Anthropic's API.
 */


#ifndef _NGX_THREAD_WS_ANTHROPIC_MEDIA_H_INCLUDED_
#define _NGX_THREAD_WS_ANTHROPIC_MEDIA_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


/* the dialect's part */

json_t *ngx_thread_ws_anthropic_part(json_t *part, char **why);


#endif /* _NGX_THREAD_WS_ANTHROPIC_MEDIA_H_INCLUDED_ */
