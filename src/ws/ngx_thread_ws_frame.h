
/*
 * WebSocket frames, RFC 6455 section 5: incremental decoding of what a client
 * sends, encoding of what a server sends.  Pure: no I/O, no allocation.
 */


#ifndef _NGX_THREAD_WS_FRAME_H_INCLUDED_
#define _NGX_THREAD_WS_FRAME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_THREAD_WS_OP_CONTINUATION    0x0
#define NGX_THREAD_WS_OP_TEXT            0x1
#define NGX_THREAD_WS_OP_BINARY          0x2
#define NGX_THREAD_WS_OP_CLOSE           0x8
#define NGX_THREAD_WS_OP_PING            0x9
#define NGX_THREAD_WS_OP_PONG            0xa

#define NGX_THREAD_WS_FIN                0x80
#define NGX_THREAD_WS_RSV1               0x40

/* close codes, RFC 6455 section 7.4.1 and the IANA registry */

#define NGX_THREAD_WS_CLOSE_NORMAL       1000
#define NGX_THREAD_WS_CLOSE_PROTOCOL     1002
#define NGX_THREAD_WS_CLOSE_UNSUPPORTED  1003
#define NGX_THREAD_WS_CLOSE_NO_STATUS    1005
#define NGX_THREAD_WS_CLOSE_ABNORMAL     1006
#define NGX_THREAD_WS_CLOSE_INVALID      1007
#define NGX_THREAD_WS_CLOSE_POLICY       1008
#define NGX_THREAD_WS_CLOSE_TOO_BIG      1009
#define NGX_THREAD_WS_CLOSE_INTERNAL     1011
#define NGX_THREAD_WS_CLOSE_RESTART      1012
#define NGX_THREAD_WS_CLOSE_OVERLOAD     1013

/* the longest header that a server sends: it does not mask */

#define NGX_THREAD_WS_FRAME_HEADER_MAX   10
#define NGX_THREAD_WS_CONTROL_MAX        125


/*
 * Zero the structure, then set limit and deflate; the rest is the decoder's.
 * What ngx_thread_ws_frame_parse() reports is valid until its next call.
 */

typedef struct {
    size_t      limit;        /* payload bytes of one message, 0 for none */
    uint64_t    rest;         /* payload bytes of this frame still to come */
    uint64_t    message;      /* payload bytes of this message so far,
                                 the frame's announced length included */
    u_char     *data;         /* out: a piece of payload, unmasked in place */
    size_t      len;          /* out: its bytes, possibly none */
    ngx_uint_t  close_code;   /* out, with NGX_DECLINED */

    u_char      mask[4];
    u_char      state;
    u_char      mask_pos;
    u_char      opcode;       /* out: of this frame, as on the wire */
    u_char      type;         /* out: TEXT or BINARY, of the message that the
                                 data frame belongs to */

    unsigned    deflate:1;    /* RSV1 is negotiated, RFC 7692 section 6 */
    unsigned    fin:1;        /* out */
    unsigned    compressed:1; /* out: RSV1 was set on the message's first */
    unsigned    fragmented:1; /* a message is under way */
    unsigned    first:1;      /* out: the piece begins its frame */
    unsigned    last:1;       /* out: the piece ends its frame */
} ngx_thread_ws_frame_t;


/*
 * Consumes bytes from *pos on and reports one piece of payload at a time.
 *
 *   NGX_OK        a piece: data, len, opcode, type, fin, compressed, first,
 *                 last.  A frame without payload gives one empty piece.  The
 *                 message is whole when last and fin are set on a data frame
 *   NGX_AGAIN     all bytes are consumed
 *   NGX_DECLINED  the peer broke the protocol: close with close_code (1002;
 *                 1009 as soon as an announced length exceeds the limit).
 *                 The decoder must not be used any further
 *
 * Refused: no mask; RSV2, RSV3; RSV1 unless negotiated and on the first frame
 * of a data message; reserved opcodes; control frames that are fragmented or
 * exceed 125 bytes; a continuation of nothing; a new data frame inside a
 * message; lengths with the top bit set or not in their shortest form.
 */

ngx_int_t ngx_thread_ws_frame_parse(ngx_thread_ws_frame_t *f, u_char **pos,
    u_char *last);

/* Whether neither a frame nor a message is under way: 1 or 0. */

ngx_uint_t ngx_thread_ws_frame_between(ngx_thread_ws_frame_t *f);

/*
 * Writes a server's frame header (first is FIN | RSV1 | opcode) and returns the
 * position after it.  dst has at least ngx_thread_ws_frame_header_size(len).
 */

u_char *ngx_thread_ws_frame_header(u_char *dst, ngx_uint_t first, uint64_t len);


static ngx_inline size_t
ngx_thread_ws_frame_header_size(uint64_t len)
{
    return (len < 126) ? 2 : (len < 65536) ? 4 : 10;
}

/*
 * The payload of a received Close frame, sections 5.5.1 and 7.4.
 *
 *   NGX_OK        *code is the peer's, or NO_STATUS for an empty payload
 *   NGX_DECLINED  *code is what to answer with: 1002 for one byte or a code
 *                 that must not be sent, 1007 for a reason that is not UTF-8
 */

ngx_int_t ngx_thread_ws_frame_close(u_char *data, size_t len,
    ngx_uint_t *code);


#endif /* _NGX_THREAD_WS_FRAME_H_INCLUDED_ */
