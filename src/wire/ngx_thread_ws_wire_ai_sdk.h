
/*
 * What the files of the wire "ai-sdk" share.
 */


#ifndef _NGX_THREAD_WS_WIRE_AI_SDK_H_INCLUDED_
#define _NGX_THREAD_WS_WIRE_AI_SDK_H_INCLUDED_


#include "wire/ngx_thread_ws_wire.h"


/* the tool as whose calls an agent's questions are told */

#define NGX_THREAD_WS_AI_SDK_ASKS    "interrupt"

/* what a tool's failure is told as, where it has no words */

#define NGX_THREAD_WS_AI_SDK_FAILED  "the tool failed"


typedef enum {
    NGX_THREAD_WS_AI_SDK_NONE = 0,
    NGX_THREAD_WS_AI_SDK_TEXT,
    NGX_THREAD_WS_AI_SDK_REASONING
} ngx_thread_ws_ai_sdk_open_e;


/* a tool's call that the client knows of; malloc'ed, its texts behind it */

typedef struct ngx_thread_ws_ai_sdk_call_s  ngx_thread_ws_ai_sdk_call_t;

struct ngx_thread_ws_ai_sdk_call_s {
    ngx_thread_ws_ai_sdk_call_t  *next;
    ngx_str_t                     id;        /* escaped, as is the name */
    ngx_str_t                     name;
    ngx_uint_t                    whole;     /* unsigned  whole:1;  its input
                                                was told */
};


/* what was said of a run */

typedef struct {
    uint64_t                      sequence;  /* of the next chunk */
    ngx_uint_t                    open;      /* ngx_thread_ws_ai_sdk_open_e */
    ngx_uint_t                    id;        /* of what is open, or was */
    ngx_uint_t                    sources;
    ngx_thread_ws_ai_sdk_call_t  *calls;
} ngx_thread_ws_ai_sdk_t;


/* the wire's command(): a frame of the client's */

ngx_int_t ngx_thread_ws_ai_sdk_command(ngx_thread_ws_command_t *command,
    u_char *data, size_t len);

/* the wire's post(): the body of a POST, which names no run */

ngx_int_t ngx_thread_ws_ai_sdk_post(ngx_thread_ws_command_t *command,
    u_char *data, size_t len, ngx_str_t *request_id);

/* what was said of the run, begun if nothing was; NULL without memory */

ngx_thread_ws_ai_sdk_t *ngx_thread_ws_ai_sdk_begin(
    ngx_thread_ws_said_t *said);

/*
 * A chunk of the agent's bytes, at most size of them beside what is around
 * them: gives the event, and where the chunk goes; and its end.
 */

u_char *ngx_thread_ws_ai_sdk_chunk(ngx_thread_ws_said_t *said, size_t size,
    u_char **chunk);
void ngx_thread_ws_ai_sdk_chunk_end(ngx_thread_ws_said_t *said, u_char *event,
    u_char *p);

/*
 * Says what the client of another connection had of the message that the run
 * goes on with, as that client told it: the message, and of the run's own what
 * ngx_thread_ws_ai_sdk_begin() says.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_ai_sdk_earlier(ngx_thread_ws_said_t *said,
    ngx_str_t *earlier);

/* whether the client knows what that major and later ones know */

#define ngx_thread_ws_ai_sdk_knows(said, n)                                   \
    (!(said)->bare || (said)->major >= (n))

/* a chunk as jansson packs it, and as it stands: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_ai_sdk_pack(ngx_thread_ws_said_t *said,
    const char *format, ...);

ngx_int_t ngx_thread_ws_ai_sdk_plain(ngx_thread_ws_said_t *said,
    const char *chunk);

/* what a run asks, a list in JSON: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_ai_sdk_asks(ngx_thread_ws_said_t *said,
    ngx_str_t *interrupts);

/* why it failed, without frames: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_ai_sdk_failed(ngx_thread_ws_said_t *said,
    ngx_str_t *text);

/* a member of the message's metadata */

u_char *ngx_thread_ws_ai_sdk_usage(u_char *p, ngx_thread_ws_final_t *final);

/* a finish reason by its name in the client's schema */

const char *ngx_thread_ws_ai_sdk_reason(ngx_str_t *reason);

/* tools' calls and results, sources, data: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_ai_sdk_beside(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);

/* the wire's history() */

json_t *ngx_thread_ws_ai_sdk_history(json_t *messages, ngx_uint_t newest);


#endif /* _NGX_THREAD_WS_WIRE_AI_SDK_H_INCLUDED_ */
