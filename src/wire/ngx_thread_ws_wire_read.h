
/*
 * What wires read alike whose clients tell a conversation whole: JSON with an
 * id for all that it names, and messages with parts.
 */


#ifndef _NGX_THREAD_WS_WIRE_READ_H_INCLUDED_
#define _NGX_THREAD_WS_WIRE_READ_H_INCLUDED_


#include "wire/ngx_thread_ws_command.h"


/*
 * Reads an object as the command's root: NGX_OK, NGX_DECLINED, and it is
 * refused in these words, for what is no JSON and for what is no object, or
 * NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_wire_load(ngx_thread_ws_command_t *command,
    u_char *data, size_t len, char *broken, char *other);

/*
 * Of a text that cannot be read: whose it was, if it is JSON and says so by a
 * member of that name, for it to be answered.  The id is data's.
 */

void ngx_thread_ws_wire_named(ngx_thread_ws_command_t *command, u_char *data,
    size_t len, char *name);

/*
 * The member of that name as the id of the run, or of the thread: NGX_OK, or
 * NGX_DECLINED, and the command is refused.
 */

ngx_int_t ngx_thread_ws_wire_request_id(ngx_thread_ws_command_t *command,
    const char *name, char *reason);
ngx_int_t ngx_thread_ws_wire_thread_id(ngx_thread_ws_command_t *command,
    const char *name, char *reason);

/*
 * The last of the root's messages, without what our own protocol's have and
 * theirs must not say; NULL: there is none, and the command is refused.
 */

json_t *ngx_thread_ws_wire_last(ngx_thread_ws_command_t *command);

/* the message may stand in the place of the one that has this id */

void ngx_thread_ws_wire_answers(ngx_thread_ws_command_t *command, json_t *id);

/*
 * A message's own id, by which the client knows it, as metadata that is stored
 * with the run: NGX_OK, NGX_DECLINED or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_wire_message_id(ngx_thread_ws_command_t *command,
    json_t *id);

/*
 * The texts of parts, a line apart, malloc'ed, those that are empty left out:
 * NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_wire_join(u_char **text, size_t *len, json_t *parts);

/*
 * What a question says in parts, of which texts alone are joined: NGX_OK,
 * NGX_DECLINED or NGX_ERROR.  What is no text is read by file(), which gives a
 * new part as our own protocol has it, null for what says nothing here, NULL
 * without memory.
 */

ngx_int_t ngx_thread_ws_wire_content(ngx_thread_ws_command_t *command,
    json_t *parts, json_t *(*file)(json_t *part));

/* the command's content is a question: NGX_OK or NGX_DECLINED */

ngx_int_t ngx_thread_ws_wire_question(ngx_thread_ws_command_t *command);

/* whether a member is that text */

ngx_uint_t ngx_thread_ws_wire_is(json_t *object, const char *name,
    const char *value);


#endif /* _NGX_THREAD_WS_WIRE_READ_H_INCLUDED_ */
