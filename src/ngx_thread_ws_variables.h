
/*
 * $thread_ws_*: what a connection or a run is and came to, in the endpoint's
 * location and in the agent's; and headers, cookies and arguments of the
 * upgrade request.
 */


#ifndef _NGX_THREAD_WS_VARIABLES_H_INCLUDED_
#define _NGX_THREAD_WS_VARIABLES_H_INCLUDED_


#include "ngx_thread_ws.h"


/* in preconfiguration */

ngx_int_t ngx_thread_ws_variables_add(ngx_conf_t *cf);


#endif /* _NGX_THREAD_WS_VARIABLES_H_INCLUDED_ */
