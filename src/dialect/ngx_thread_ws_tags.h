
/*
 * Tags in the text of an answer that mark reasoning, <think> and </think>,
 * where a model's server leaves them in.
 */


#ifndef _NGX_THREAD_WS_TAGS_H_INCLUDED_
#define _NGX_THREAD_WS_TAGS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/ngx_thread_ws_bytes.h"
#include "dialect/ngx_thread_ws_dialect.h"


/* "</", the name and ">", each byte perhaps as \u003c */

#define NGX_THREAD_WS_TAGS_PLAIN  (NGX_THREAD_WS_TAG_MAX + 3)
#define NGX_THREAD_WS_TAGS_RAW    (6 * NGX_THREAD_WS_TAGS_PLAIN)


/* Zero it first. */

typedef struct {
    ngx_thread_ws_bytes_t  text;      /* the last event's, without them */
    size_t                 plain;     /* ... its bytes once unescaped */
    ngx_uint_t             open;      /* 1 and more: inside of that tag */

    /* what may be the beginning of a tag, as it came and unescaped */

    u_char                 raw[NGX_THREAD_WS_TAGS_RAW];
    size_t                 len;
    u_char                 tag[NGX_THREAD_WS_TAGS_PLAIN];
    size_t                 size;

    unsigned               told:1;    /* a text that is not all blank */
    unsigned               trim:1;    /* no space after a tag before that */
} ngx_thread_ws_tags_t;


/*
 * Takes the tags and what they mark out of reply->delta, and makes parts of the
 * latter where reasoning is asked for; the parts that are there keep their
 * places.  With end set nothing follows.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_tags_split(ngx_thread_ws_reply_t *reply,
    ngx_uint_t end);

void ngx_thread_ws_tags_free(ngx_thread_ws_tags_t *tags);


#endif /* _NGX_THREAD_WS_TAGS_H_INCLUDED_ */
