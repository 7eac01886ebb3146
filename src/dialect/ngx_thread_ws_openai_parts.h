
/*
 * What chunks of OpenAI's, and of those who speak like it, bring beside text.
 */


#ifndef _NGX_THREAD_WS_OPENAI_PARTS_H_INCLUDED_
#define _NGX_THREAD_WS_OPENAI_PARTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"


typedef enum {
    NGX_THREAD_WS_OPENAI_IN_ROOT = 0,
    NGX_THREAD_WS_OPENAI_IN_CHOICE,
    NGX_THREAD_WS_OPENAI_IN_DELTA
} ngx_thread_ws_openai_level_e;


/* whether an object has a member of that name by the API, or by custom */

ngx_uint_t ngx_thread_ws_openai_known(ngx_uint_t level, const char *name,
    size_t len);

/*
 * For a reply of which more than text is asked for: what comes before a delta's
 * text, what after it, and what stands around the choices.  With whole set the
 * delta is a message, which may have been heard before.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_openai_thoughts(ngx_thread_ws_reply_t *reply,
    json_t *delta);
ngx_int_t ngx_thread_ws_openai_parts(ngx_thread_ws_reply_t *reply,
    json_t *delta, ngx_uint_t whole);
ngx_int_t ngx_thread_ws_openai_around(ngx_thread_ws_reply_t *reply,
    json_t *object, ngx_uint_t level);


#endif /* _NGX_THREAD_WS_OPENAI_PARTS_H_INCLUDED_ */
