
/*
 * Incremental UTF-8 validation, RFC 3629: no overlong forms, no surrogates,
 * nothing above U+10FFFF.
 */


#ifndef _NGX_THREAD_WS_UTF8_H_INCLUDED_
#define _NGX_THREAD_WS_UTF8_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* between characters; also the state to begin with */

#define NGX_THREAD_WS_UTF8_COMPLETE  0


/*
 * Checks len more bytes of a text.  *state goes from call to call; a text may
 * end where it is NGX_THREAD_WS_UTF8_COMPLETE.
 *
 *   NGX_OK     valid so far
 *   NGX_ERROR  a byte that no valid continuation of the text can contain:
 *              reported with the first such byte
 */

ngx_int_t ngx_thread_ws_utf8_check(uint32_t *state, u_char *p, size_t len);


#endif /* _NGX_THREAD_WS_UTF8_H_INCLUDED_ */
