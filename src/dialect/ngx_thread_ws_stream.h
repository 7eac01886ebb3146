
/*
 * An agent's stream: bytes to what each event says.
 */


#ifndef _NGX_THREAD_WS_STREAM_H_INCLUDED_
#define _NGX_THREAD_WS_STREAM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "dialect/ngx_thread_ws_dialect.h"
#include "dialect/ngx_thread_ws_sse.h"


/*
 * Consumes bytes from *pos on, up to the end of an event, and reads that.  What
 * the reply tells is valid until the next call, where it is not in the parser's
 * memory in the bytes given, which are only read.
 *
 *   NGX_OK        read; reply tells what it brought, perhaps nothing
 *   NGX_AGAIN     all bytes are consumed
 *   NGX_BUSY      an event exceeds the parser's limit: it must not be used any
 *                 further
 *   NGX_DECLINED  malformed: sse->data is what there is of it
 *   NGX_ABORT     the agent reports an error: reply->error and what is with it
 *   NGX_ERROR     no memory
 */

ngx_int_t ngx_thread_ws_stream_read(ngx_thread_ws_dialect_t *dialect,
    ngx_thread_ws_sse_t *sse, ngx_thread_ws_reply_t *reply, u_char **pos,
    u_char *last);

/* whether that would find nothing left to do in these bytes */

#define ngx_thread_ws_stream_over(sse, pos, last)                             \
    ((pos) == (last) && ngx_thread_ws_sse_begins(sse))


#endif /* _NGX_THREAD_WS_STREAM_H_INCLUDED_ */
