
/*
 * What the files of the wire "ag-ui" share.
 */


#ifndef _NGX_THREAD_WS_WIRE_AG_UI_H_INCLUDED_
#define _NGX_THREAD_WS_WIRE_AG_UI_H_INCLUDED_


#include "wire/ngx_thread_ws_wire.h"


typedef enum {
    NGX_THREAD_WS_AG_UI_NONE = 0,
    NGX_THREAD_WS_AG_UI_TEXT,
    NGX_THREAD_WS_AG_UI_REASONING
} ngx_thread_ws_ag_ui_open_e;


/* a tool's call that the client knows of; malloc'ed, its id behind it */

typedef struct ngx_thread_ws_ag_ui_call_s  ngx_thread_ws_ag_ui_call_t;

struct ngx_thread_ws_ag_ui_call_s {
    ngx_thread_ws_ag_ui_call_t   *next;
    ngx_str_t                     id;        /* escaped */
    unsigned                      args:1;    /* some were told */
    unsigned                      ended:1;
    unsigned                      answered:1;
};


/* what was said of a run */

typedef struct {
    ngx_uint_t                    open;      /* ngx_thread_ws_ag_ui_open_e */
    ngx_uint_t                    ids;       /* messages so far */
    ngx_uint_t                    id;        /* of what is open, or was */
    ngx_uint_t                    text;      /* of the last text's message; 0:
                                                there was none */
    ngx_uint_t                    begun;     /* unsigned  begun:1 */
    ngx_thread_ws_ag_ui_call_t   *calls;     /* as they came */
    ngx_thread_ws_ag_ui_call_t  **last;
} ngx_thread_ws_ag_ui_t;


/* of an event: whatever is around what the agent said, and a number or two */

#define NGX_THREAD_WS_AG_UI_EVENT  192

/* over a WebSocket, before an event that is followed by its place */

#define NGX_THREAD_WS_AG_UI_CHUNK  "{\"chunk\":"

#define ngx_thread_ws_ag_ui_put(dst, text)                                    \
    ngx_cpymem(dst, text, sizeof(text) - 1)


/* the wire's command(): an input for a run, or an abort */

ngx_int_t ngx_thread_ws_ag_ui_command(ngx_thread_ws_command_t *command,
    u_char *data, size_t len);

/*
 * An event of the agent's bytes, at most size of them beside what is around
 * them: where it begins, and where the rest of it goes (NULL without memory);
 * and its end, after which there is more of the same entry, or no place of its
 * own, or neither.
 */

u_char *ngx_thread_ws_ag_ui_event(ngx_thread_ws_said_t *said, size_t size,
    const char *type, u_char **p);
void ngx_thread_ws_ag_ui_event_end(ngx_thread_ws_said_t *said, u_char *event,
    u_char *p, ngx_uint_t more);

/* the state, once RUN_STARTED was said; NULL without memory */

ngx_thread_ws_ag_ui_t *ngx_thread_ws_ag_ui_begin(ngx_thread_ws_said_t *said);

/* the wire's functions that others use, or which are elsewhere */

ngx_int_t ngx_thread_ws_ag_ui_message(ngx_thread_ws_said_t *said,
    ngx_str_t *id);
ngx_int_t ngx_thread_ws_ag_ui_finish(ngx_thread_ws_said_t *said,
    ngx_thread_ws_finish_t *finish);
ngx_int_t ngx_thread_ws_ag_ui_cancelled(ngx_thread_ws_said_t *said,
    ngx_uint_t kept);
ngx_int_t ngx_thread_ws_ag_ui_error(ngx_thread_ws_said_t *said,
    ngx_thread_ws_error_t *error);
ngx_int_t ngx_thread_ws_ag_ui_refused(ngx_thread_ws_wire_out_t *out,
    void *data, ngx_thread_ws_error_t *error);

/* the wire's history() */

json_t *ngx_thread_ws_ag_ui_history(json_t *messages, ngx_uint_t newest);

/*
 * What a run of that id asks, a list of our own, as the client's; new, NULL
 * without memory.
 */

json_t *ngx_thread_ws_ag_ui_asks(json_t *asked, json_t *run);

/* an event's members that name the thread and the run */

u_char *ngx_thread_ws_ag_ui_run(ngx_thread_ws_said_t *said, u_char *p);

/* the id of the run's message of that number */

u_char *ngx_thread_ws_ag_ui_id(ngx_thread_ws_said_t *said, u_char *p,
    ngx_uint_t id);

/* tools' calls and results, sources, data: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_ag_ui_beside(ngx_thread_ws_said_t *said,
    ngx_thread_ws_event_part_t *part);

/* ends calls that are open: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_ag_ui_calls_end(ngx_thread_ws_said_t *said);

/* bytes of the ids of calls that nobody has answered; and they */

size_t ngx_thread_ws_ag_ui_pending_size(ngx_thread_ws_ag_ui_t *state);
u_char *ngx_thread_ws_ag_ui_pending(ngx_thread_ws_ag_ui_t *state, u_char *p);

/* frees them, after which none is known */

void ngx_thread_ws_ag_ui_calls_free(ngx_thread_ws_ag_ui_t *state);


#endif /* _NGX_THREAD_WS_WIRE_AG_UI_H_INCLUDED_ */
