
/*
 * An answered request in as little memory as it needs.  Core gives a request
 * pools of a few kilobytes, of which one that has been answered uses half; a
 * WebSocket keeps its request for days.
 */


#ifndef _NGX_THREAD_WS_COMPACT_H_INCLUDED_
#define _NGX_THREAD_WS_COMPACT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* a variable that has a value */

typedef struct {
    ngx_uint_t                         index;
    ngx_http_variable_value_t          value;
} ngx_thread_ws_compact_variable_t;


/* what stands beside a compact request; the memory is that request's */

typedef struct {
    ngx_thread_ws_compact_variable_t  *variables;
    ngx_uint_t                         nvariables;
} ngx_thread_ws_compact_t;


/*
 * Moves a request, which its one user holds by a clean-up (handler and data),
 * and its headers to a pool of their exact size, and frees what it had and the
 * buffers of its head.  From an event handler only: nobody further up may still
 * hold the request.
 *
 * Gives the small request, which ends as the other would have, with the
 * clean-up called, and fills in saved; it has neither contexts of modules nor
 * an array of variables until ngx_thread_ws_compact_undo().  NULL where the
 * request cannot be moved (some module keeps something in it, or memory is
 * short): it is as it was then.
 */

ngx_http_request_t *ngx_thread_ws_compact(ngx_http_request_t *r,
    ngx_thread_ws_compact_t *saved, ngx_http_cleanup_pt handler, void *data);

/*
 * Gives a request back what core and modules want to see in it, contexts all
 * NULL; before it ends.  NGX_OK, also if it was not moved, or NGX_ERROR without
 * memory.
 */

ngx_int_t ngx_thread_ws_compact_undo(ngx_http_request_t *r,
    ngx_thread_ws_compact_t *saved);


#endif /* _NGX_THREAD_WS_COMPACT_H_INCLUDED_ */
