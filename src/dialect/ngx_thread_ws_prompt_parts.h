
/*
 * What a user's message consists of, in prompts.
 */


#ifndef _NGX_THREAD_WS_PROMPT_PARTS_H_INCLUDED_
#define _NGX_THREAD_WS_PROMPT_PARTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"


/*
 * The content of a message, whose other members are asked, which may be NULL: a
 * text, or a list of parts as say writes them.  Before it stands a text, which
 * may be empty.  A part that the API does not take is said in words.  A new
 * reference; NULL without memory.
 */

json_t *ngx_thread_ws_prompt_said(ngx_thread_ws_prompt_part_pt say,
    json_t *asked, ngx_str_t *content, ngx_str_t *before);

/*
 * Whether the API takes all parts of a message: NGX_OK; NGX_DECLINED with *why
 * set; NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_prompt_takes(ngx_thread_ws_prompt_part_pt say,
    json_t *asked, char **why);

/*
 * Where a part's bytes are: 1 if they stand in its URL, by base64; 0 if the URL
 * leads to them.  The type, which may be empty, is that of the media.
 */

ngx_uint_t ngx_thread_ws_prompt_data(json_t *part, ngx_str_t *type,
    ngx_str_t *data);


#endif /* _NGX_THREAD_WS_PROMPT_PARTS_H_INCLUDED_ */
