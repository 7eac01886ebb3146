
/*
 * Frames: a state machine over their headers, unmasking, and writing them.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ws/ngx_thread_ws_frame.h"
#include "ws/ngx_thread_ws_utf8.h"


#define NGX_THREAD_WS_MASKED   0x80
#define NGX_THREAD_WS_RSV2     0x20
#define NGX_THREAD_WS_RSV3     0x10

#define NGX_THREAD_WS_LENGTH_16  126
#define NGX_THREAD_WS_LENGTH_64  127

/* opcodes from here on are control frames', section 5.5 */

#define ngx_thread_ws_frame_control(opcode)  ((opcode) & 0x8)


typedef enum {
    ngx_thread_ws_frame_start = 0,
    ngx_thread_ws_frame_length,
    ngx_thread_ws_frame_length16,
    ngx_thread_ws_frame_length64,
    ngx_thread_ws_frame_mask,
    ngx_thread_ws_frame_begin,
    ngx_thread_ws_frame_payload
} ngx_thread_ws_frame_state_e;


static ngx_int_t ngx_thread_ws_frame_first_byte(ngx_thread_ws_frame_t *f,
    u_char c);
static ngx_int_t ngx_thread_ws_frame_second_byte(ngx_thread_ws_frame_t *f,
    u_char c);
static ngx_int_t ngx_thread_ws_frame_length_end(ngx_thread_ws_frame_t *f,
    ngx_uint_t shortest);
static ngx_int_t ngx_thread_ws_frame_check_size(ngx_thread_ws_frame_t *f);
static void ngx_thread_ws_frame_piece(ngx_thread_ws_frame_t *f, u_char **pos,
    u_char *last);
static void ngx_thread_ws_frame_unmask(ngx_thread_ws_frame_t *f);
static ngx_int_t ngx_thread_ws_frame_refuse(ngx_thread_ws_frame_t *f,
    ngx_uint_t code);


ngx_int_t
ngx_thread_ws_frame_parse(ngx_thread_ws_frame_t *f, u_char **pos, u_char *last)
{
    u_char     c;
    ngx_int_t  rc;

    while (*pos < last) {

        if (f->state >= ngx_thread_ws_frame_begin) {
            ngx_thread_ws_frame_piece(f, pos, last);
            return NGX_OK;
        }

        c = *(*pos)++;

        switch (f->state) {

        case ngx_thread_ws_frame_start:
            rc = ngx_thread_ws_frame_first_byte(f, c);
            break;

        case ngx_thread_ws_frame_length:
            rc = ngx_thread_ws_frame_second_byte(f, c);
            break;

        case ngx_thread_ws_frame_length16:
            f->rest = (f->rest << 8) | c;
            rc = (++f->mask_pos == 2)
                 ? ngx_thread_ws_frame_length_end(f, NGX_THREAD_WS_LENGTH_16)
                 : NGX_OK;
            break;

        case ngx_thread_ws_frame_length64:
            f->rest = (f->rest << 8) | c;
            rc = (++f->mask_pos == 8)
                 ? ngx_thread_ws_frame_length_end(f, 65536)
                 : NGX_OK;
            break;

        default: /* ngx_thread_ws_frame_mask */
            f->mask[f->mask_pos++] = c;
            rc = NGX_OK;

            if (f->mask_pos < 4) {
                break;
            }

            f->mask_pos = 0;
            f->state = ngx_thread_ws_frame_begin;

            if (f->rest == 0) {
                ngx_thread_ws_frame_piece(f, pos, last);
                return NGX_OK;
            }
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_thread_ws_frame_first_byte(ngx_thread_ws_frame_t *f, u_char c)
{
    f->opcode = c & 0x0f;
    f->fin = (c & NGX_THREAD_WS_FIN) ? 1 : 0;

    if (c & (NGX_THREAD_WS_RSV2 | NGX_THREAD_WS_RSV3)) {
        return ngx_thread_ws_frame_refuse(f, NGX_THREAD_WS_CLOSE_PROTOCOL);
    }

    switch (f->opcode) {

    case NGX_THREAD_WS_OP_CONTINUATION:

        if (!f->fragmented || (c & NGX_THREAD_WS_RSV1)) {
            return ngx_thread_ws_frame_refuse(f, NGX_THREAD_WS_CLOSE_PROTOCOL);
        }

        f->fragmented = !f->fin;
        break;

    case NGX_THREAD_WS_OP_TEXT:
    case NGX_THREAD_WS_OP_BINARY:

        if (f->fragmented || ((c & NGX_THREAD_WS_RSV1) && !f->deflate)) {
            return ngx_thread_ws_frame_refuse(f, NGX_THREAD_WS_CLOSE_PROTOCOL);
        }

        f->type = f->opcode;
        f->compressed = (c & NGX_THREAD_WS_RSV1) ? 1 : 0;
        f->fragmented = !f->fin;
        f->message = 0;
        break;

    case NGX_THREAD_WS_OP_CLOSE:
    case NGX_THREAD_WS_OP_PING:
    case NGX_THREAD_WS_OP_PONG:

        if (!f->fin || (c & NGX_THREAD_WS_RSV1)) {
            return ngx_thread_ws_frame_refuse(f, NGX_THREAD_WS_CLOSE_PROTOCOL);
        }

        break;

    default:
        return ngx_thread_ws_frame_refuse(f, NGX_THREAD_WS_CLOSE_PROTOCOL);
    }

    f->state = ngx_thread_ws_frame_length;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_frame_second_byte(ngx_thread_ws_frame_t *f, u_char c)
{
    u_char  len;

    len = c & 0x7f;

    if (!(c & NGX_THREAD_WS_MASKED)
        || (ngx_thread_ws_frame_control(f->opcode)
            && len > NGX_THREAD_WS_CONTROL_MAX))
    {
        return ngx_thread_ws_frame_refuse(f, NGX_THREAD_WS_CLOSE_PROTOCOL);
    }

    f->rest = 0;
    f->mask_pos = 0;    /* counts the header's bytes until the mask is whole */

    switch (len) {

    case NGX_THREAD_WS_LENGTH_16:
        f->state = ngx_thread_ws_frame_length16;
        return NGX_OK;

    case NGX_THREAD_WS_LENGTH_64:
        f->state = ngx_thread_ws_frame_length64;
        return NGX_OK;
    }

    f->rest = len;

    return ngx_thread_ws_frame_length_end(f, 0);
}


static ngx_int_t
ngx_thread_ws_frame_length_end(ngx_thread_ws_frame_t *f, ngx_uint_t shortest)
{
    if (f->rest < shortest || (f->rest >> 63)) {
        return ngx_thread_ws_frame_refuse(f, NGX_THREAD_WS_CLOSE_PROTOCOL);
    }

    f->mask_pos = 0;
    f->state = ngx_thread_ws_frame_mask;

    if (ngx_thread_ws_frame_control(f->opcode)) {
        return NGX_OK;
    }

    return ngx_thread_ws_frame_check_size(f);
}


ngx_uint_t
ngx_thread_ws_frame_between(ngx_thread_ws_frame_t *f)
{
    return f->state == ngx_thread_ws_frame_start && !f->fragmented;
}


static ngx_int_t
ngx_thread_ws_frame_check_size(ngx_thread_ws_frame_t *f)
{
    uint64_t  max, slack;

    max = f->limit ? f->limit : UINT64_MAX;

    if (f->limit && f->compressed) {

        /*
         * What does not compress grows a little: a peer that has not much
         * memory for its states may add an eighth, zlib's deflateBound()
         * reckons with a sixty-fourth more.  The inflated size is for the
         * caller to check.
         */

        slack = (max >> 3) + (max >> 6) + 64;
        max = (max > UINT64_MAX - slack) ? UINT64_MAX : max + slack;
    }

    /* message never exceeds max: the difference cannot wrap */

    if (f->rest > max - f->message) {
        return ngx_thread_ws_frame_refuse(f, NGX_THREAD_WS_CLOSE_TOO_BIG);
    }

    f->message += f->rest;

    return NGX_OK;
}


static void
ngx_thread_ws_frame_piece(ngx_thread_ws_frame_t *f, u_char **pos, u_char *last)
{
    f->data = *pos;
    f->len = last - *pos;

    if (f->len > f->rest) {
        f->len = (size_t) f->rest;
    }

    ngx_thread_ws_frame_unmask(f);

    *pos += f->len;
    f->rest -= f->len;

    f->first = (f->state == ngx_thread_ws_frame_begin);
    f->last = (f->rest == 0);

    f->state = f->last ? ngx_thread_ws_frame_start
                       : ngx_thread_ws_frame_payload;
}


static void
ngx_thread_ws_frame_unmask(ngx_thread_ws_frame_t *f)
{
    size_t      n;
    u_char     *p, mask[sizeof(uint64_t)];
    uint64_t    word, key;
    ngx_uint_t  i;

    p = f->data;
    n = f->len;

    for (i = 0; i < sizeof(uint64_t); i++) {
        mask[i] = f->mask[(f->mask_pos + i) & 3];
    }

    f->mask_pos = (f->mask_pos + n) & 3;

    ngx_memcpy(&key, mask, sizeof(uint64_t));

    /* payload is aligned by chance only, so words are copied in and out */

    while (n >= sizeof(uint64_t)) {
        ngx_memcpy(&word, p, sizeof(uint64_t));
        word ^= key;
        ngx_memcpy(p, &word, sizeof(uint64_t));

        p += sizeof(uint64_t);
        n -= sizeof(uint64_t);
    }

    for (i = 0; i < n; i++) {
        p[i] ^= mask[i];
    }
}


static ngx_int_t
ngx_thread_ws_frame_refuse(ngx_thread_ws_frame_t *f, ngx_uint_t code)
{
    f->close_code = code;

    return NGX_DECLINED;
}


u_char *
ngx_thread_ws_frame_header(u_char *dst, ngx_uint_t first, uint64_t len)
{
    ngx_int_t  shift;

    *dst++ = (u_char) first;

    if (len < NGX_THREAD_WS_LENGTH_16) {
        *dst++ = (u_char) len;
        return dst;
    }

    if (len < 65536) {
        *dst++ = NGX_THREAD_WS_LENGTH_16;
        shift = 8;

    } else {
        *dst++ = NGX_THREAD_WS_LENGTH_64;
        shift = 56;
    }

    for ( /* void */ ; shift >= 0; shift -= 8) {
        *dst++ = (u_char) (len >> shift);
    }

    return dst;
}


ngx_int_t
ngx_thread_ws_frame_close(u_char *data, size_t len, ngx_uint_t *code)
{
    uint32_t    state;
    ngx_uint_t  n;

    if (len == 0) {
        *code = NGX_THREAD_WS_CLOSE_NO_STATUS;
        return NGX_OK;
    }

    if (len == 1) {
        *code = NGX_THREAD_WS_CLOSE_PROTOCOL;
        return NGX_DECLINED;
    }

    n = ((ngx_uint_t) data[0] << 8) | data[1];

    /*
     * 1004 is reserved, 1005, 1006 and 1015 stand for what no frame says;
     * 1008 to 1014 are what the IANA registry holds beside RFC 6455's own;
     * 3000 on is for libraries, 4000 to 4999 for applications
     */

    if (!((n >= 1000 && n <= 1003) || (n >= 1007 && n <= 1014)
          || (n >= 3000 && n <= 4999)))
    {
        *code = NGX_THREAD_WS_CLOSE_PROTOCOL;
        return NGX_DECLINED;
    }

    state = NGX_THREAD_WS_UTF8_COMPLETE;

    if (ngx_thread_ws_utf8_check(&state, data + 2, len - 2) != NGX_OK
        || state != NGX_THREAD_WS_UTF8_COMPLETE)
    {
        *code = NGX_THREAD_WS_CLOSE_INVALID;
        return NGX_DECLINED;
    }

    *code = n;

    return NGX_OK;
}
