
/*
 * What the demo agent says, in parts of one kind each; the words of them are
 * its deltas.
 */


#ifndef _NGX_THREAD_WS_DEMO_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_DEMO_PRIVATE_H_INCLUDED_


#include "ngx_thread_ws.h"

#include <jansson.h>


#define NGX_THREAD_WS_DEMO_PARTS  10


typedef enum {
    NGX_THREAD_WS_DEMO_TEXT = 0,
    NGX_THREAD_WS_DEMO_REASONING,
    NGX_THREAD_WS_DEMO_TOOL
} ngx_thread_ws_demo_kind_e;


typedef struct {
    ngx_thread_ws_demo_kind_e   kind;
    ngx_str_t                   text;    /* a tool's: its arguments, JSON */
    char                       *tool;    /* the tool's name, or NULL */
} ngx_thread_ws_demo_part_t;


typedef struct {
    ngx_thread_ws_demo_part_t   parts[NGX_THREAD_WS_DEMO_PARTS];
    ngx_uint_t                  n;
    ngx_uint_t                  messages;    /* that the prompt has */
    ngx_uint_t                  attached;    /* parts that are no text */
    ngx_uint_t                  limit;       /* words at most, 0 for any */
    ngx_uint_t                  pace;        /* delays from word to word */
} ngx_thread_ws_demo_answer_t;


/*
 * Fills in what is said to a request's body; texts live in pool, or for ever.
 * Returns NGX_OK, NGX_DECLINED for a body without messages, or NGX_ERROR
 * without memory.
 */

ngx_int_t ngx_thread_ws_demo_answer(ngx_pool_t *pool, json_t *root,
    ngx_thread_ws_demo_answer_t *answer);


#endif /* _NGX_THREAD_WS_DEMO_PRIVATE_H_INCLUDED_ */
