
/*
 * What a graph's messages bring beside text, for replies of which more than
 * that is asked for.
 */


#ifndef _NGX_THREAD_WS_LANGGRAPH_PARTS_H_INCLUDED_
#define _NGX_THREAD_WS_LANGGRAPH_PARTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"
#include "dialect/ngx_thread_ws_voices.h"


/*
 * An AI message, or a chunk of one: its text is heard
 * (ngx_thread_ws_voices_hear()), and so are reasoning and calls.
 */

ngx_int_t ngx_thread_ws_langgraph_parts(ngx_thread_ws_reply_t *reply,
    json_t *message, ngx_thread_ws_source_t *source);

/* a tool's message: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_langgraph_result(ngx_thread_ws_reply_t *reply,
    json_t *message);

/*
 * An event of the modes "custom" and "updates": NGX_OK or NGX_ERROR;
 * NGX_DECLINED if it is none.
 */

ngx_int_t ngx_thread_ws_langgraph_data(ngx_thread_ws_reply_t *reply,
    ngx_str_t *type, ngx_str_t *data);


#endif /* _NGX_THREAD_WS_LANGGRAPH_PARTS_H_INCLUDED_ */
