
/*
 * What clients speak: for each protocol a table of functions, which read what a
 * client says as a command, and write what it is told of a run as events.  A
 * wire knows no socket: over a WebSocket each event is a text frame.
 */


#ifndef _NGX_THREAD_WS_WIRE_H_INCLUDED_
#define _NGX_THREAD_WS_WIRE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "wire/ngx_thread_ws_command.h"
#include "wire/ngx_thread_ws_event.h"
#include "wire/ngx_thread_ws_event_part.h"


typedef struct ngx_thread_ws_wire_s  ngx_thread_ws_wire_t;


/* Where events go. */

typedef struct {

    /*
     * Room for an event of at most size bytes, NULL without memory; and its end
     * at last, before any other.
     */

    u_char    *(*room)(void *data, size_t size);
    void       (*event)(void *data, u_char *event, u_char *last);

} ngx_thread_ws_wire_out_t;


/* What a wire with chats knows of a run. */

typedef struct {
    ngx_str_t                  id;           /* its own, which differs from the
                                                client's where it is resumed */
    unsigned                   results:1;    /* it answers results of tools, or
                                                answers to questions, and goes
                                                on with the message of these */
    unsigned                   aborted:1;    /* the client has cancelled it */
    ngx_str_t                  thread_id;
} ngx_thread_ws_said_run_t;


/*
 * One run, as it is told to one of those who hear it.  Zero it, set wire, out,
 * data, request_id and with chats run; ngx_thread_ws_wire_forget() frees what
 * the wire has.
 */

typedef struct {
    ngx_thread_ws_wire_t      *wire;
    ngx_thread_ws_wire_out_t  *out;
    void                      *data;         /* out's */
    ngx_str_t                  request_id;   /* the client's name for it */
    ngx_thread_ws_said_run_t  *run;          /* NULL: nothing */

    /* an event of text is head, text, tail: the text is escaped already */

    ngx_str_t                  head;         /* by the wire, as is the rest */
    ngx_str_t                  tail;
    size_t                     head_size;    /* bytes that it may have */
    void                      *state;        /* malloc'ed */
    ngx_uint_t                 major;        /* of the client, by SSE; 0: not
                                                known */

    unsigned                   bare:1;       /* by SSE: an event is framed, and
                                                has its place, without it */
    unsigned                   enclosed:1;   /* position() follows each event
                                                that no more follows */
    unsigned                   more:1;       /* by the wire: of the same entry
                                                more follows this event, or
                                                nothing any more: it has no
                                                place */
} ngx_thread_ws_said_t;


/* A run's end with an answer. */

typedef struct {
    ngx_thread_ws_final_t      final;

    /* writes the answer, final.answer bytes at most; NULL without memory */

    u_char                  *(*answer)(void *data, u_char *dst);
    void                      *data;
} ngx_thread_ws_finish_t;


/*
 * All of them are there, but for those that may be NULL, which then say
 * nothing.  What gives an ngx_int_t is NGX_OK, or NGX_ERROR without memory.
 */

struct ngx_thread_ws_wire_s {
    ngx_str_t    name;            /* as thread_ws_protocol has it */
    ngx_str_t   *subprotocols;    /* that it is chosen by; the last is empty */

    unsigned     parts:1;         /* all who speak it know of parts and of what
                                     is void */
    unsigned     heads:1;         /* each event of text has a head of its own */
    unsigned     chats:1;         /* commands name their thread, a connection
                                     has several; one that follows hears one
                                     run, by its own name */

    /* majors of its client that by HTTP are to be told apart; 0: none are */

    ngx_uint_t   oldest;
    ngx_uint_t   newest;

    /* reads a text message, as ngx_thread_ws_command_parse() */

    ngx_int_t  (*command)(ngx_thread_ws_command_t *command, u_char *data,
                          size_t len);

    /*
     * The same for the body of a POST, where that is another text; a run that
     * it does not name has that name.  NULL: it is a message's, whose type and
     * thread need not be said.
     */

    ngx_int_t  (*post)(ngx_thread_ws_command_t *command, u_char *data,
                       size_t len, ngx_str_t *request_id);

    /* what the run answers: to who asked to follow it, or hears of it */

    ngx_int_t  (*asked)(ngx_thread_ws_said_t *said,
                        ngx_thread_ws_asked_t *asked);

    /*
     * Text follows, and there is no head: writes head and tail.  They stand for
     * all texts until something else is said; with heads, for one.
     */

    ngx_int_t  (*text)(ngx_thread_ws_said_t *said);

    /* the text that follows is of that message; escaped */

    ngx_int_t  (*message)(ngx_thread_ws_said_t *said, ngx_str_t *id);

    /* a part beside the text, with the run's request_id */

    ngx_int_t  (*part)(ngx_thread_ws_said_t *said,
                       ngx_thread_ws_event_part_t *part);

    /* what of its text stands after a part that said what is void; escaped */

    ngx_int_t  (*stands)(ngx_thread_ws_said_t *said, ngx_str_t *text);

    /* its one end */

    ngx_int_t  (*finish)(ngx_thread_ws_said_t *said,
                         ngx_thread_ws_finish_t *finish);
    ngx_int_t  (*cancelled)(ngx_thread_ws_said_t *said, ngx_uint_t kept);
    ngx_int_t  (*error)(ngx_thread_ws_said_t *said,
                        ngx_thread_ws_error_t *error);

    /* it goes on, and says nothing; may be NULL */

    ngx_int_t  (*alive)(ngx_thread_ws_said_t *said);

    /*
     * Beside runs: a command that is refused; no run goes on, with the id of
     * the thread's last one, or with chats of who asked; a ping's answer (may
     * be NULL).
     */

    ngx_int_t  (*refused)(ngx_thread_ws_wire_out_t *out, void *data,
                          ngx_thread_ws_error_t *error);
    ngx_int_t  (*idle)(ngx_thread_ws_wire_out_t *out, void *data,
                       ngx_str_t *id);
    ngx_int_t  (*pong)(ngx_thread_ws_wire_out_t *out, void *data,
                       ngx_str_t *t);

    /* puts the place after an event into it, NGX_THREAD_WS_EVENT_POSITION bytes
       at most, and gives its new end; may be NULL */

    u_char    *(*position)(u_char *last, size_t position);

    /*
     * A thread's history, from a list as our own protocol has it, which is as
     * new as there is, or is an older page: members of a new document, NULL
     * without memory.  NULL: it is as that.
     */

    json_t    *(*history)(json_t *messages, ngx_uint_t newest);

    /* frees what state has but itself; may be NULL */

    void       (*forget)(ngx_thread_ws_said_t *said);
};


typedef enum {
    NGX_THREAD_WS_WIRE_THREAD_WS = 0,
    NGX_THREAD_WS_WIRE_AI_SDK,
    NGX_THREAD_WS_WIRE_AG_UI,
    NGX_THREAD_WS_NWIRES
} ngx_thread_ws_wire_e;

/* what a location speaks, one of thread_ws_protocol */

typedef struct {
    ngx_uint_t   wire;            /* ngx_thread_ws_wire_e */
    ngx_uint_t   major;           /* of its client; 0: any */
} ngx_thread_ws_protocol_t;

/* by number */

extern ngx_thread_ws_wire_t  *ngx_thread_ws_wires[];

extern ngx_thread_ws_wire_t   ngx_thread_ws_wire_thread_ws;
extern ngx_thread_ws_wire_t   ngx_thread_ws_wire_ai_sdk;
extern ngx_thread_ws_wire_t   ngx_thread_ws_wire_ag_ui;


/* the number of a name, or of a subprotocol; NGX_ERROR: there is none */

ngx_int_t ngx_thread_ws_wire_find(ngx_str_t *name);
ngx_int_t ngx_thread_ws_wire_of(ngx_str_t *subprotocol);

/* room in said->head for that many bytes: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_wire_head(ngx_thread_ws_said_t *said, size_t size);

/* frees what the wire has of the run; harmless if it has nothing */

void ngx_thread_ws_wire_forget(ngx_thread_ws_said_t *said);


#endif /* _NGX_THREAD_WS_WIRE_H_INCLUDED_ */
