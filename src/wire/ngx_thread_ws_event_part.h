
/*
 * What a client is told of an answer beside its text, where it may hear it: one
 * event for each increment.
 */


#ifndef _NGX_THREAD_WS_EVENT_PART_H_INCLUDED_
#define _NGX_THREAD_WS_EVENT_PART_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_THREAD_WS_EVENT_REASONING = 0,
    NGX_THREAD_WS_EVENT_TOOL_CALL,
    NGX_THREAD_WS_EVENT_TOOL_INPUT,
    NGX_THREAD_WS_EVENT_TOOL_CALL_END,
    NGX_THREAD_WS_EVENT_TOOL_RESULT,
    NGX_THREAD_WS_EVENT_SOURCE,
    NGX_THREAD_WS_EVENT_DATA,
    NGX_THREAD_WS_EVENT_RESET
} ngx_thread_ws_event_part_e;


typedef struct {
    ngx_uint_t   kind;            /* ngx_thread_ws_event_part_e */
    ngx_str_t    request_id;

    /* texts as the inside of JSON strings, other values as JSON */

    ngx_str_t    id;              /* of the message, of the call; the URL */
    ngx_str_t    name;            /* of the tool, of data; the title */
    ngx_str_t    value;
    ngx_uint_t   error;           /* unsigned  error:1, of a result */
} ngx_thread_ws_event_part_t;


/* The head of a token's event of a run in which messages are told apart. */

size_t ngx_thread_ws_event_message_head_size(ngx_str_t *request_id,
    ngx_str_t *message);
u_char *ngx_thread_ws_event_message_head(u_char *dst, ngx_str_t *request_id,
    ngx_str_t *message);

/* an upper bound of the bytes, and the writer: the position after them */

size_t ngx_thread_ws_event_part_size(ngx_thread_ws_event_part_t *part);
u_char *ngx_thread_ws_event_part(u_char *dst,
    ngx_thread_ws_event_part_t *part);


#endif /* _NGX_THREAD_WS_EVENT_PART_H_INCLUDED_ */
