
/*
 * What the usual chunk of OpenAI's says, without a tree.
 */


#ifndef _NGX_THREAD_WS_OPENAI_SCAN_H_INCLUDED_
#define _NGX_THREAD_WS_OPENAI_SCAN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "dialect/ngx_thread_ws_dialect.h"


/*
 * NGX_OK if the chunk was understood, and then it is JSON.  NGX_DECLINED if it
 * is unusual, which is for the reader, whose reading is the one that counts:
 * both say the same of every chunk.
 */

ngx_int_t ngx_thread_ws_openai_scan(ngx_thread_ws_reply_t *reply,
    ngx_str_t *data);


#endif /* _NGX_THREAD_WS_OPENAI_SCAN_H_INCLUDED_ */
