
/*
 * What the files of a command share.
 */


#ifndef _NGX_THREAD_WS_COMMAND_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_COMMAND_PRIVATE_H_INCLUDED_


#include "wire/ngx_thread_ws_command.h"


/*
 * A message as nearly every client writes it, read in one pass and without a
 * tree: NGX_OK.  NGX_DECLINED if the text is anything else, right or wrong, and
 * nothing of the command is set then; NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_command_usual(ngx_thread_ws_command_t *command,
    ngx_str_t *text);

/*
 * What jansson does not take may be JSON all the same, and a ping's t is given
 * back whatever it is: NGX_OK for a ping, else NGX_DECLINED, and the command is
 * refused.
 */

ngx_int_t ngx_thread_ws_command_unusual(ngx_thread_ws_command_t *command,
    ngx_str_t *text, enum json_error_code code);

/* sets a ping's t, as it stands in the text: NGX_OK or NGX_DECLINED */

ngx_int_t ngx_thread_ws_command_ping(ngx_thread_ws_command_t *command,
    ngx_str_t *text);

/*
 * A message's other members, which are kept: checks them, and sets metadata and
 * extra.  NGX_OK, NGX_DECLINED: refused, or NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_command_extra(ngx_thread_ws_command_t *command);

/*
 * A message's content: of a list of parts the root then has what is kept.
 * Parts alone, for wires that have them by other names: content must be root's.
 * NGX_OK, NGX_DECLINED or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_command_content(ngx_thread_ws_command_t *command);
ngx_int_t ngx_thread_ws_command_parts(ngx_thread_ws_command_t *command,
    json_t *parts);

/*
 * A message's results of tools, and its answers to what a run asked: NGX_OK,
 * NGX_DECLINED or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_command_results(ngx_thread_ws_command_t *command,
    json_t *results);
ngx_int_t ngx_thread_ws_command_answers(ngx_thread_ws_command_t *command,
    json_t *answers);

/* what refuses a command: NGX_DECLINED */

ngx_int_t ngx_thread_ws_command_invalid(ngx_thread_ws_command_t *command,
    char *reason);
ngx_int_t ngx_thread_ws_command_no_json(ngx_thread_ws_command_t *command);


#endif /* _NGX_THREAD_WS_COMMAND_PRIVATE_H_INCLUDED_ */
