
/*
 * What is known of the modules that a configuration has.
 */


#ifndef _NGX_THREAD_WS_MODULES_H_INCLUDED_
#define _NGX_THREAD_WS_MODULES_H_INCLUDED_


#include "ngx_thread_ws.h"


/*
 * Those of a configuration that are not known to do without a request that they
 * once saw, as "NAME, NAME" in the configuration's pool; of no length where
 * there are none.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_modules_unknown(ngx_conf_t *cf, ngx_str_t *names);

/* looks at all modules of the cycle, for the next function */

void ngx_thread_ws_modules_init(ngx_cycle_t *cycle);

/*
 * Whether the body of a response, whose header was sent, passes the filters
 * above this module's place as it is: they are nginx's own, and none of them
 * has to do with it.
 */

ngx_uint_t ngx_thread_ws_modules_pass(ngx_http_request_t *r);


#endif /* _NGX_THREAD_WS_MODULES_H_INCLUDED_ */
