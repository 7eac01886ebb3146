
/*
 * Text to and from the inside of JSON strings (RFC 8259 section 7), for what
 * is written by hand because it is hot or would only be copied; whole
 * documents are jansson's.
 */


#ifndef _NGX_THREAD_WS_JSON_H_INCLUDED_
#define _NGX_THREAD_WS_JSON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Bytes that ngx_thread_ws_json_escape() writes for len bytes of valid UTF-8:
 * quote, backslash and control characters are escaped, U+0000 as \ufffd.
 */

size_t ngx_thread_ws_json_escaped_size(u_char *p, size_t len);
u_char *ngx_thread_ws_json_escape(u_char *dst, u_char *p, size_t len);

/* bytes of the longest character: two halves of a surrogate pair, escaped */

#define NGX_THREAD_WS_JSON_CHAR_MAX  12

/*
 * Where a piece of at least size bytes ends that has no part of a character or
 * of an escape, of a valid inside of a JSON string; at last if there is less.
 * It is longer than size by less than a character.
 */

u_char *ngx_thread_ws_json_piece(u_char *p, u_char *last, size_t size);

/*
 * The inside of a valid JSON string to plain UTF-8; dst has len bytes, which
 * is always enough, and may be p.  Returns the position after what it wrote,
 * NULL if the text is not a valid inside of one.
 */

u_char *ngx_thread_ws_json_unescape(u_char *dst, u_char *p, size_t len);


#endif /* _NGX_THREAD_WS_JSON_H_INCLUDED_ */
