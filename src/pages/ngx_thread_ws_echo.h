
/*
 * thread_ws_echo: a WebSocket that gives back what it is sent, for conformance
 * suites and probes.
 */


#ifndef _NGX_THREAD_WS_ECHO_H_INCLUDED_
#define _NGX_THREAD_WS_ECHO_H_INCLUDED_


#include "ngx_thread_ws.h"


/* the handler of thread_ws_echo; conf is not used */

char *ngx_thread_ws_echo_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_THREAD_WS_ECHO_H_INCLUDED_ */
