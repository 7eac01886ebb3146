
/*
 * thread_ws_demo_agent: an OpenAI-compatible streaming endpoint inside nginx,
 * for the first run, smoke tests and the bench.
 */


#ifndef _NGX_THREAD_WS_DEMO_H_INCLUDED_
#define _NGX_THREAD_WS_DEMO_H_INCLUDED_


#include "ngx_thread_ws.h"


/* thread_ws_demo_agent [delay=TIME] */

char *ngx_thread_ws_demo_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_THREAD_WS_DEMO_H_INCLUDED_ */
