
/*
 * Who speaks in a graph.  A graph's nodes may speak one after the other, side
 * by side and over again; out of all that comes one text that can be read,
 * which is the graph's messages with a blank line between.
 */


#ifndef _NGX_THREAD_WS_VOICES_H_INCLUDED_
#define _NGX_THREAD_WS_VOICES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "dialect/ngx_thread_ws_dialect.h"


/* graphs in graphs that are told apart; deeper ones count as the last */

#define NGX_THREAD_WS_VOICES_DEPTH  8

/* what stands between two messages */

#define NGX_THREAD_WS_VOICES_BREAK  "\n\n"


/* A message, or a chunk of one, as to where it comes from. */

typedef struct {
    uint64_t     task[NGX_THREAD_WS_VOICES_DEPTH];   /* hashes of the path to
                                                the node's execution, from the
                                                outermost graph on */
    ngx_uint_t   depth;        /* 0: it is not told */
    ngx_int_t    step;         /* of the node in its graph; -1: not told */
    uint64_t     message;      /* its id, as a hash; 0: it has none */
    ngx_str_t    id;           /* the same as it is, while it is read */
    ngx_str_t    node;         /* its name */
    unsigned     chunk:1;
    unsigned     last:1;       /* the speaker ends with it */
    unsigned     reason:1;     /* it says how the message ended */
    unsigned     calls:1;      /* it calls a tool */
} ngx_thread_ws_source_t;


/* the path of a checkpoint's namespace, "node:id|node:id" */

void ngx_thread_ws_voices_path(ngx_thread_ws_source_t *source, const char *ns,
    size_t len);

uint64_t ngx_thread_ws_voices_hash(uint64_t hash, const char *p, size_t len);

/* Learns in which step a node runs, of whatever it sends: NGX_OK, NGX_ERROR. */

ngx_int_t ngx_thread_ws_voices_step(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_source_t *source);

/*
 * Hears a message's content: its text goes to the delta at once, or is held
 * until those who spoke before have ended, or is dropped as a repetition, when
 * reply->idle is set.  NGX_OK, NGX_DECLINED if the content has no known form,
 * NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_voices_hear(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_source_t *source, json_t *content);

/* Nobody speaks any more: all that is held goes to the delta. */

ngx_int_t ngx_thread_ws_voices_end(ngx_thread_ws_reply_t *reply);

void ngx_thread_ws_voices_free(ngx_thread_ws_voices_t *voices);


#endif /* _NGX_THREAD_WS_VOICES_H_INCLUDED_ */
