
/*
 * What a client is told: events as JSON.  Each writer appends to dst and
 * returns the position after what it wrote; the _size function beside it
 * gives an upper bound of the bytes.  Request ids need no escaping: their
 * grammar excludes the quote and the backslash.
 */


#ifndef _NGX_THREAD_WS_EVENT_H_INCLUDED_
#define _NGX_THREAD_WS_EVENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * A token's event is head, delta, tail: the head is the same for all of a run,
 * so that it is written once, and the delta is already escaped.
 */

#define NGX_THREAD_WS_TOKEN_TAIL  "\"}"

size_t ngx_thread_ws_event_token_head_size(ngx_str_t *request_id);
u_char *ngx_thread_ws_event_token_head(u_char *dst, ngx_str_t *request_id);


/*
 * A final is head, answer, tail: the answer is copied in between by whoever has
 * it, escaped, in pieces.  The size is that of all three.
 */

typedef struct {
    ngx_str_t    request_id;
    size_t       answer;          /* bytes of the answer, escaped */
    ngx_msec_t   latency;         /* ms */
    ngx_int_t    input_tokens;    /* with usage set */
    ngx_int_t    output_tokens;
    ngx_int_t    reasoning_tokens;    /* of these; 0: left out */
    ngx_int_t    cached_tokens;       /* of the input; 0: left out */
    ngx_str_t    finish_reason;   /* plain; empty: left out */
    ngx_str_t    interrupts;      /* JSON: a list of {"interruptId","value"};
                                     empty: left out */
    ngx_uint_t   usage;           /* unsigned  usage:1 */
} ngx_thread_ws_final_t;

size_t ngx_thread_ws_event_final_size(ngx_thread_ws_final_t *final);
u_char *ngx_thread_ws_event_final_head(u_char *dst,
    ngx_thread_ws_final_t *final);
u_char *ngx_thread_ws_event_final_tail(u_char *dst,
    ngx_thread_ws_final_t *final);


typedef struct {
    ngx_str_t    request_id;      /* empty: left out */
    ngx_str_t    message;         /* plain UTF-8 */
    ngx_str_t    code;
    ngx_msec_t   retry_after;     /* ms, 0: left out */
    ngx_uint_t   retryable;       /* unsigned  retryable:1 */
} ngx_thread_ws_error_t;

size_t ngx_thread_ws_event_error_size(ngx_thread_ws_error_t *error);
u_char *ngx_thread_ws_event_error(u_char *dst, ngx_thread_ws_error_t *error);


/*
 * The place in a run's journal after an event, which was written up to last:
 * goes into it.
 */

#define NGX_THREAD_WS_EVENT_POSITION                                          \
    (sizeof(",\"position\":") - 1 + NGX_SIZE_T_LEN)

u_char *ngx_thread_ws_event_position(u_char *last, size_t position);


/* what a run answers: to who asked to follow it, or hears it in passing */

typedef struct {
    ngx_str_t    request_id;
    ngx_str_t    content;         /* plain UTF-8 */
    ngx_str_t    parts;           /* JSON, in the content's place; empty: none
                                     */
    ngx_uint_t   following;       /* unsigned  following:1 */
    ngx_str_t    extra;           /* its other members: a JSON object that has
                                     some; empty: none */
    ngx_str_t    earlier;         /* as the command had it; empty: none */
    ngx_str_t    shown;           /* for the history alone; empty: nothing */
} ngx_thread_ws_asked_t;

size_t ngx_thread_ws_event_asked_size(ngx_thread_ws_asked_t *asked);
u_char *ngx_thread_ws_event_asked(u_char *dst, ngx_thread_ws_asked_t *asked);

/* no run goes on; last_id: of the thread's last run, empty: left out */

size_t ngx_thread_ws_event_idle_size(ngx_str_t *last_id);
u_char *ngx_thread_ws_event_idle(u_char *dst, ngx_str_t *last_id);


/* for the subprotocol thread-ws.v2: the agent works, and says nothing */

size_t ngx_thread_ws_event_alive_size(ngx_str_t *request_id);
u_char *ngx_thread_ws_event_alive(u_char *dst, ngx_str_t *request_id);

/* kept: what was said is in the history */

size_t ngx_thread_ws_event_cancelled_size(ngx_str_t *request_id);
u_char *ngx_thread_ws_event_cancelled(u_char *dst, ngx_str_t *request_id,
    ngx_uint_t kept);

/* t is the JSON text to echo, empty: left out */

size_t ngx_thread_ws_event_pong_size(ngx_str_t *t);
u_char *ngx_thread_ws_event_pong(u_char *dst, ngx_str_t *t);


#endif /* _NGX_THREAD_WS_EVENT_H_INCLUDED_ */
