
/*
 * The status page: all metrics in Prometheus' text format.
 */


#ifndef _NGX_THREAD_WS_STATUS_H_INCLUDED_
#define _NGX_THREAD_WS_STATUS_H_INCLUDED_


#include "ngx_thread_ws.h"


/*
 * The handler of thread_ws_status.  Only clients on the machine itself are
 * answered, unless the argument "public" leaves that to the location's own
 * access rules.
 */

char *ngx_thread_ws_status_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_THREAD_WS_STATUS_H_INCLUDED_ */
