
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
ngx_int_t ngx_thread_ws_variables_add_upgrade(ngx_conf_t *cf);

/*
 * Gives a variable its value, as a copy: a connection's memory may go before an
 * agent's request is logged.  An empty one counts as not found.
 */

ngx_int_t ngx_thread_ws_variable_set(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, u_char *data, size_t len);


#endif /* _NGX_THREAD_WS_VARIABLES_H_INCLUDED_ */
