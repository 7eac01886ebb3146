
/*
 * Frames to messages: fragments, what comes between them, limits, UTF-8.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ws/ngx_thread_ws_message.h"
#include "ws/ngx_thread_ws_utf8.h"


static void ngx_thread_ws_message_release(ngx_thread_ws_message_t *m);
static ngx_int_t ngx_thread_ws_message_control(ngx_thread_ws_message_t *m);
static ngx_int_t ngx_thread_ws_message_data(ngx_thread_ws_message_t *m);
static ngx_int_t ngx_thread_ws_message_plain(ngx_thread_ws_message_t *m);
static ngx_int_t ngx_thread_ws_message_inflate(ngx_thread_ws_message_t *m);
static ngx_int_t ngx_thread_ws_message_sink(void *data, u_char *p, size_t len);
static ngx_int_t ngx_thread_ws_message_text(ngx_thread_ws_message_t *m,
    u_char *p, size_t len);
static ngx_int_t ngx_thread_ws_message_end(ngx_thread_ws_message_t *m,
    u_char *p, size_t len);
static ngx_int_t ngx_thread_ws_message_refuse(ngx_thread_ws_message_t *m,
    ngx_uint_t code, char *reason);


void
ngx_thread_ws_message_init(ngx_thread_ws_message_t *m, size_t limit,
    ngx_uint_t binary, ngx_thread_ws_deflate_t *deflate)
{
    m->frame.limit = limit;
    m->frame.deflate = (deflate != NULL);
    m->deflate = deflate;
    m->utf8 = NGX_THREAD_WS_UTF8_COMPLETE;
    m->binary = binary ? 1 : 0;
}


ngx_int_t
ngx_thread_ws_message_parse(ngx_thread_ws_message_t *m, u_char **pos,
    u_char *last)
{
    ngx_int_t               rc;
    ngx_thread_ws_frame_t  *f;

    ngx_thread_ws_message_release(m);

    if (m->closed) {
        return NGX_DONE;
    }

    f = &m->frame;

    do {
        rc = ngx_thread_ws_frame_parse(f, pos, last);

        if (rc == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (rc == NGX_DECLINED) {
            return ngx_thread_ws_message_refuse(m, f->close_code,
                                                (f->close_code
                                                 == NGX_THREAD_WS_CLOSE_TOO_BIG)
                                                ? "message too large"
                                                : "protocol error");
        }

        if (f->opcode >= NGX_THREAD_WS_OP_CLOSE) {
            rc = ngx_thread_ws_message_control(m);

        } else if (m->closing) {
            rc = NGX_AGAIN;

        } else {
            rc = ngx_thread_ws_message_data(m);
        }

    } while (rc == NGX_AGAIN);

    return rc;
}


ngx_uint_t
ngx_thread_ws_message_between(ngx_thread_ws_message_t *m)
{
    return ngx_thread_ws_frame_between(&m->frame) && !m->closed;
}


void
ngx_thread_ws_message_free(ngx_thread_ws_message_t *m)
{
    ngx_thread_ws_bytes_free(&m->gathered);
    ngx_thread_ws_bytes_free(&m->control);
}


/* the memory of what was reported last, and of what will not be */

static void
ngx_thread_ws_message_release(ngx_thread_ws_message_t *m)
{
    if (m->whole) {
        m->whole = 0;

        if (m->type >= NGX_THREAD_WS_OP_CLOSE) {
            ngx_thread_ws_bytes_free(&m->control);

        } else {
            ngx_thread_ws_bytes_free(&m->gathered);
        }
    }

    if (m->closing) {
        ngx_thread_ws_bytes_free(&m->gathered);
    }
}


static ngx_int_t
ngx_thread_ws_message_control(ngx_thread_ws_message_t *m)
{
    ngx_uint_t              code;
    ngx_thread_ws_frame_t  *f;

    f = &m->frame;

    m->data = f->data;
    m->len = f->len;

    if (!f->first || !f->last) {

        if (ngx_thread_ws_bytes_add(&m->control, f->data, f->len) != NGX_OK) {
            return NGX_ERROR;
        }

        if (!f->last) {
            return NGX_AGAIN;
        }

        m->data = m->control.data;
        m->len = m->control.len;
    }

    m->type = f->opcode;
    m->whole = 1;

    if (m->type == NGX_THREAD_WS_OP_CLOSE) {
        (void) ngx_thread_ws_frame_close(m->data, m->len, &code);

        m->code = (uint16_t) code;
        m->closed = 1;
    }

    return NGX_OK;
}


/* a piece of a message: NGX_AGAIN unless it is whole with it */

static ngx_int_t
ngx_thread_ws_message_data(ngx_thread_ws_message_t *m)
{
    if (m->frame.type == NGX_THREAD_WS_OP_BINARY && !m->binary) {
        return ngx_thread_ws_message_refuse(m,
                                            NGX_THREAD_WS_CLOSE_UNSUPPORTED,
                                            "binary messages are not "
                                            "understood");
    }

    return m->frame.compressed ? ngx_thread_ws_message_inflate(m)
                               : ngx_thread_ws_message_plain(m);
}


static ngx_int_t
ngx_thread_ws_message_plain(ngx_thread_ws_message_t *m)
{
    ngx_int_t               rc;
    ngx_thread_ws_frame_t  *f;

    f = &m->frame;

    rc = ngx_thread_ws_message_text(m, f->data, f->len);
    if (rc != NGX_OK) {
        return rc;
    }

    if (f->last && f->fin && m->gathered.len == 0) {

        /* the usual case: no copy */

        return ngx_thread_ws_message_end(m, f->data, f->len);
    }

    if (ngx_thread_ws_bytes_add(&m->gathered, f->data, f->len) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!f->last || !f->fin) {
        return NGX_AGAIN;
    }

    return ngx_thread_ws_message_end(m, m->gathered.data, m->gathered.len);
}


static ngx_int_t
ngx_thread_ws_message_inflate(ngx_thread_ws_message_t *m)
{
    ngx_thread_ws_frame_t  *f;

    f = &m->frame;

    switch (ngx_thread_ws_inflate(m->deflate, f->data, f->len,
                                  f->last && f->fin,
                                  ngx_thread_ws_message_sink, m))
    {
    case NGX_OK:
        break;

    case NGX_ABORT:     /* the sink has refused it */
        return NGX_DECLINED;

    case NGX_DECLINED:
        return ngx_thread_ws_message_refuse(m, NGX_THREAD_WS_CLOSE_INVALID,
                                            "not compressed by deflate");

    default:
        return NGX_ERROR;
    }

    if (!f->last || !f->fin) {
        return NGX_AGAIN;
    }

    return ngx_thread_ws_message_end(m, m->gathered.len ? m->gathered.data
                                                        : f->data,
                                     m->gathered.len);
}


static ngx_int_t
ngx_thread_ws_message_sink(void *data, u_char *p, size_t len)
{
    ngx_thread_ws_message_t *m = data;

    size_t  fits;

    fits = len;

    if (m->frame.limit) {
        fits = ngx_min(len, m->frame.limit - m->gathered.len);
    }

    /* what is wrong first counts, however much was inflated at once */

    if (ngx_thread_ws_message_text(m, p, fits) != NGX_OK) {
        return NGX_ABORT;
    }

    if (fits < len) {
        (void) ngx_thread_ws_message_refuse(m, NGX_THREAD_WS_CLOSE_TOO_BIG,
                                            "message too large");
        return NGX_ABORT;
    }

    return ngx_thread_ws_bytes_add(&m->gathered, p, len);
}


/* refuses the first bad byte, before the message is whole */

static ngx_int_t
ngx_thread_ws_message_text(ngx_thread_ws_message_t *m, u_char *p, size_t len)
{
    if (m->frame.type == NGX_THREAD_WS_OP_TEXT
        && ngx_thread_ws_utf8_check(&m->utf8, p, len) != NGX_OK)
    {
        return ngx_thread_ws_message_refuse(m, NGX_THREAD_WS_CLOSE_INVALID,
                                            "invalid UTF-8");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_message_end(ngx_thread_ws_message_t *m, u_char *p, size_t len)
{
    if (m->utf8 != NGX_THREAD_WS_UTF8_COMPLETE) {
        return ngx_thread_ws_message_refuse(m, NGX_THREAD_WS_CLOSE_INVALID,
                                            "invalid UTF-8");
    }

    m->type = m->frame.type;
    m->data = p;
    m->len = len;
    m->whole = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_message_refuse(ngx_thread_ws_message_t *m, ngx_uint_t code,
    char *reason)
{
    m->code = (uint16_t) code;
    m->reason = reason;

    return NGX_DECLINED;
}
