
/*
 * What a message chooses for its run, which is neither stored nor told.
 */


#ifndef _NGX_THREAD_WS_CHOICE_H_INCLUDED_
#define _NGX_THREAD_WS_CHOICE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


typedef struct {
    json_t     *parameters;   /* members of the agent's request; NULL: none */
} ngx_thread_ws_choice_t;


#endif /* _NGX_THREAD_WS_CHOICE_H_INCLUDED_ */
