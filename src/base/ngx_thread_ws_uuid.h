
/*
 * UUIDs, RFC 9562: their grammar, and version 5, made from a name.
 */


#ifndef _NGX_THREAD_WS_UUID_H_INCLUDED_
#define _NGX_THREAD_WS_UUID_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_THREAD_WS_UUID_LEN  36


/* NGX_OK if the text is a UUID of any version, in either case of letters */

ngx_int_t ngx_thread_ws_uuid_check(ngx_str_t *text);

/* Writes the UUID of a name in a name space of 16 bytes, section 5.5. */

void ngx_thread_ws_uuid_name(u_char *dst, const u_char *space,
    ngx_str_t *name);

/*
 * The id that an agent's server knows a thread by, where it takes nothing but
 * UUIDs: the id itself if it is one and nobody owns the thread, else version 5
 * of owner and id, in a name space of the module's own.  Threads of different
 * owners never share one, and nobody reaches another's by naming it.
 */

void ngx_thread_ws_uuid_thread(u_char *dst, ngx_str_t *owner,
    ngx_str_t *thread_id);


#endif /* _NGX_THREAD_WS_UUID_H_INCLUDED_ */
