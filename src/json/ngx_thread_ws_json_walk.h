
/*
 * A walk over a whole JSON text by its grammar alone (RFC 8259 section 2):
 * numbers of any size, halves of surrogate pairs and names that come twice are
 * JSON, whatever a reader makes of them.  No memory, no recursion.
 */


#ifndef _NGX_THREAD_WS_JSON_WALK_H_INCLUDED_
#define _NGX_THREAD_WS_JSON_WALK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* objects and arrays within each other, as many as jansson takes */

#define NGX_THREAD_WS_JSON_WALK_DEPTH  2048


/*
 * A member of the outermost object: the inside of its name, and its value, both
 * as they stand in the text.
 */

typedef void (*ngx_thread_ws_json_walk_pt)(void *data, ngx_str_t *name,
    ngx_str_t *value);


/*
 *   NGX_OK        it is JSON; the handler has had each member
 *   NGX_DECLINED  it is none
 *   NGX_BUSY      it is nested deeper than the above; what follows was not
 *                 looked at
 */

ngx_int_t ngx_thread_ws_json_walk(ngx_str_t *text,
    ngx_thread_ws_json_walk_pt handler, void *data);


#endif /* _NGX_THREAD_WS_JSON_WALK_H_INCLUDED_ */
