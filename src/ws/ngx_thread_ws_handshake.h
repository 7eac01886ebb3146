
/*
 * The texts of the opening handshake, RFC 6455 section 4.2 and RFC 7692
 * section 7.1: keys, lists of tokens, extension offers, origins.  Pure.
 */


#ifndef _NGX_THREAD_WS_HANDSHAKE_H_INCLUDED_
#define _NGX_THREAD_WS_HANDSHAKE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* base64 of a SHA-1 */

#define NGX_THREAD_WS_ACCEPT_LEN     28

/* the longest Sec-WebSocket-Extensions value that a server answers */

#define NGX_THREAD_WS_DEFLATE_VALUE  160


typedef struct {
    ngx_uint_t  server_bits;  /* window of what the server sends, 9 to 15 */
    ngx_uint_t  client_bits;  /* window of what the client sends, 8 to 15 */
    unsigned    server_no_context:1;
    unsigned    client_no_context:1;
} ngx_thread_ws_deflate_params_t;


/* NGX_OK if the key is base64 of 16 bytes, section 4.2.1; else NGX_DECLINED */

ngx_int_t ngx_thread_ws_handshake_key(ngx_str_t *key);

/* Writes NGX_THREAD_WS_ACCEPT_LEN bytes, section 4.2.2. */

void ngx_thread_ws_handshake_accept(u_char *dst, ngx_str_t *key);

/*
 * NGX_OK if a comma-separated list holds the token, whatever its case
 * (Connection, Upgrade); else NGX_DECLINED.
 */

ngx_int_t ngx_thread_ws_handshake_token(ngx_str_t *list, char *token);

/*
 * Takes the next element of a comma-separated list of tokens: NGX_OK with
 * *token (a part of list, which moves on), NGX_DONE at the end, NGX_DECLINED
 * where an element is not a token of RFC 7230.
 */

ngx_int_t ngx_thread_ws_handshake_next(ngx_str_t *list, ngx_str_t *token);

/*
 * Looks for the first permessage-deflate offer in a Sec-WebSocket-Extensions
 * value (of all such headers, joined by commas) that own can be fitted to,
 * RFC 7692 section 7.1.  own holds what the server prefers at most: its window
 * bits and whether contexts are kept.  A server window of 8 bits is declined,
 * since zlib's raw deflate cannot do it.
 *
 *   NGX_OK        *params and the answer's *value, whose data has room for
 *                 NGX_THREAD_WS_DEFLATE_VALUE bytes
 *   NGX_DECLINED  no offer fits: go on without the extension
 *   NGX_ERROR     the header breaks the grammar: 400
 */

ngx_int_t ngx_thread_ws_handshake_deflate(ngx_str_t *offers,
    ngx_thread_ws_deflate_params_t *own,
    ngx_thread_ws_deflate_params_t *params, ngx_str_t *value);

#endif /* _NGX_THREAD_WS_HANDSHAKE_H_INCLUDED_ */
