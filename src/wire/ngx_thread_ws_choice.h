
/*
 * What a message says beside its text, as it is read.
 */


#ifndef _NGX_THREAD_WS_CHOICE_H_INCLUDED_
#define _NGX_THREAD_WS_CHOICE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


typedef struct {
    json_t     *parameters;   /* members of the agent's request; NULL: none */
    json_t     *metadata;     /* for the event log; NULL: none */
} ngx_thread_ws_choice_t;


#endif /* _NGX_THREAD_WS_CHOICE_H_INCLUDED_ */
