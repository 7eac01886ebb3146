
/*
 * A user's threads: GET the list of them, PATCH one's title, DELETE all.
 */


#ifndef _NGX_THREAD_WS_THREADS_H_INCLUDED_
#define _NGX_THREAD_WS_THREADS_H_INCLUDED_


#include "ngx_thread_ws.h"


/* the handler of thread_ws_threads; conf is the location's */

char *ngx_thread_ws_threads_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Whether the merged settings go together: NGX_OK, or NGX_ERROR with an emerg
 * line.
 */

ngx_int_t ngx_thread_ws_threads_check(ngx_conf_t *cf,
    ngx_thread_ws_loc_conf_t *tlcf);


#endif /* _NGX_THREAD_WS_THREADS_H_INCLUDED_ */
