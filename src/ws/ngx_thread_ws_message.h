
/*
 * Messages out of a client's frames, RFC 6455 sections 5.4 to 5.6, 7.4 and 8.1
 * and RFC 7692 section 6: fragments put together, control frames in between,
 * texts checked, compressed ones inflated, all within a limit.  Pure: no I/O.
 */


#ifndef _NGX_THREAD_WS_MESSAGE_H_INCLUDED_
#define _NGX_THREAD_WS_MESSAGE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/ngx_thread_ws_bytes.h"
#include "ws/ngx_thread_ws_deflate.h"
#include "ws/ngx_thread_ws_frame.h"


/*
 * Zero the structure, then ngx_thread_ws_message_init().  What
 * ngx_thread_ws_message_parse() reports is valid until its next call.
 */

typedef struct {
    ngx_thread_ws_frame_t     frame;
    ngx_thread_ws_deflate_t  *deflate;   /* the owner's; NULL: not negotiated */
    ngx_thread_ws_bytes_t     gathered;  /* of a message in several pieces */
    ngx_thread_ws_bytes_t     control;   /* of a control frame likewise */

    u_char                   *data;      /* out, never NULL */
    size_t                    len;       /* out: bytes */
    char                     *reason;    /* out, with NGX_DECLINED: of the
                                            close frame to send; a literal */
    uint32_t                  utf8;      /* of a text under way */
    uint16_t                  code;      /* out: of that frame, or of what
                                            answers a close */
    uint8_t                   type;      /* out: an opcode, TEXT, BINARY, PING,
                                            PONG or CLOSE */

    unsigned                  binary:1;  /* binary messages are taken */
    unsigned                  closing:1; /* the caller's: see below */
    unsigned                  whole:1;   /* gathered is free with the next */
    unsigned                  closed:1;  /* the peer's close was reported */
} ngx_thread_ws_message_t;


/*
 * limit: the bytes of one message, inflated; 0 for none.  binary: whether
 * binary messages are reported, else they are refused.  deflate: the codec that
 * was negotiated, or NULL; it stays its owner's and outlives the decoder.
 */

void ngx_thread_ws_message_init(ngx_thread_ws_message_t *m, size_t limit,
    ngx_uint_t binary, ngx_thread_ws_deflate_t *deflate);

/*
 * After NGX_AGAIN, whether nothing is under way: 1 or 0.  A decoder that is
 * freed then and begun anew goes on as this one would.
 */

ngx_uint_t ngx_thread_ws_message_between(ngx_thread_ws_message_t *m);

/*
 * Consumes bytes from *pos on, unmasking them in place, and reports one message
 * or control frame at a time.  A message in one piece, not compressed, is
 * reported where it lies; others are gathered in memory that the next call
 * frees, also a call without bytes.  What has come of a message takes at most
 * twice its length, or 512 bytes, and the limit holds; so do 125 bytes for a
 * control frame.
 *
 *   NGX_OK        type, data and len of a whole message or control frame.
 *                 With CLOSE also code: the peer's own, which is what to
 *                 answer with, or 1002 or 1007 where the peer's is bad;
 *                 NO_STATUS is answered by an empty payload
 *   NGX_AGAIN     all bytes are consumed
 *   NGX_DONE      the peer has said close: what follows is left unread
 *   NGX_DECLINED  the peer broke the protocol: close with code, for the reason
 *                 (1002 protocol; 1003 a binary message; 1007 text that is not
 *                 UTF-8, with the piece that has the first bad byte, or no
 *                 deflate data; 1009 beyond the limit, as soon as that is
 *                 announced or inflated).  Nothing can be told from what
 *                 follows: the decoder must not be used any further
 *   NGX_ERROR     no memory; not to be used any further either
 *
 * Set closing once a close frame is sent.  Messages are passed over from then
 * on, without a look at their texts; control frames are still reported, for the
 * peer's close is waited for.
 */

ngx_int_t ngx_thread_ws_message_parse(ngx_thread_ws_message_t *m,
    u_char **pos, u_char *last);

/* Frees what a message under way has gathered, at the decoder's end. */

void ngx_thread_ws_message_free(ngx_thread_ws_message_t *m);


#endif /* _NGX_THREAD_WS_MESSAGE_H_INCLUDED_ */
