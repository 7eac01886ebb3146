
/*
 * What a record has beside texts, read.
 */


#ifndef _NGX_THREAD_WS_EXTRA_H_INCLUDED_
#define _NGX_THREAD_WS_EXTRA_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


/* The object, a new one, empty for an empty text; NULL without memory. */

json_t *ngx_thread_ws_extra_read(ngx_str_t *text);

/*
 * The same of a message, whose content, plain, has the texts of its parts:
 * these have "text" in the place of their bytes.
 */

json_t *ngx_thread_ws_extra_asked(ngx_str_t *asked, ngx_str_t *content);

/*
 * The parts of what an answer had, a new array, whose text parts have "text" in
 * place of their bytes.  The answer is plain.  NULL without memory.
 */

json_t *ngx_thread_ws_extra_parts(ngx_str_t *told, ngx_str_t *answer);


#endif /* _NGX_THREAD_WS_EXTRA_H_INCLUDED_ */
