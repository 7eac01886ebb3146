
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


#endif /* _NGX_THREAD_WS_COMMAND_PRIVATE_H_INCLUDED_ */
