
/*
 * What wires need to write a thread's history as their clients' messages, from
 * a list as our own protocol has it.
 */


#ifndef _NGX_THREAD_WS_WIRE_HISTORY_H_INCLUDED_
#define _NGX_THREAD_WS_WIRE_HISTORY_H_INCLUDED_


#include "wire/ngx_thread_ws_command.h"


/* after a run's id: its question, where the client did not name it */

#define NGX_THREAD_WS_WIRE_USER        ":user"

/* bytes that a message's id has at most: such a one is no longer */

#define NGX_THREAD_WS_WIRE_MESSAGE_ID                                         \
    (NGX_THREAD_WS_ID_MAX + sizeof(NGX_THREAD_WS_WIRE_USER) - 1)


/* whether a message's id is that of a run's question, which had none */

ngx_uint_t ngx_thread_ws_wire_history_is(ngx_str_t *id, ngx_str_t *request_id);

/*
 * All of these are new, or NULL without memory: the id of a message, by which
 * its client knew it, or may name it from now on; a run's id, followed by that;
 * what its metadata has; its parts, which are at least one.
 */

json_t *ngx_thread_ws_wire_history_id(json_t *message);
json_t *ngx_thread_ws_wire_history_run(json_t *message, const char *after);
json_t *ngx_thread_ws_wire_history_metadata(json_t *message);
json_t *ngx_thread_ws_wire_history_parts(json_t *message);

/* a file's media type, of which a part may not be known; the same */

json_t *ngx_thread_ws_wire_history_media(json_t *part);


#endif /* _NGX_THREAD_WS_WIRE_HISTORY_H_INCLUDED_ */
