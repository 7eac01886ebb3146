
/*
 * What the blocks of Anthropic's messages bring beside text, for replies of
 * which more than that is asked for.
 */


#ifndef _NGX_THREAD_WS_ANTHROPIC_PARTS_H_INCLUDED_
#define _NGX_THREAD_WS_ANTHROPIC_PARTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"


/* All of these: NGX_OK or NGX_ERROR.  A message begins: its id is kept. */

ngx_int_t ngx_thread_ws_anthropic_named(ngx_thread_ws_reply_t *reply,
    json_t *message);

/* text of that block follows */

ngx_int_t ngx_thread_ws_anthropic_speaks(ngx_thread_ws_reply_t *reply,
    ngx_int_t index);

/* a block begins, its delta, which is none of text, its end */

ngx_int_t ngx_thread_ws_anthropic_begins(ngx_thread_ws_reply_t *reply,
    json_t *block, ngx_int_t index);
ngx_int_t ngx_thread_ws_anthropic_goes(ngx_thread_ws_reply_t *reply,
    json_t *delta, ngx_int_t index);
ngx_int_t ngx_thread_ws_anthropic_ends(ngx_thread_ws_reply_t *reply,
    ngx_int_t index);

/* what nobody knows, by its type */

ngx_int_t ngx_thread_ws_anthropic_news(ngx_thread_ws_reply_t *reply,
    json_t *type, json_t *value);


#endif /* _NGX_THREAD_WS_ANTHROPIC_PARTS_H_INCLUDED_ */
