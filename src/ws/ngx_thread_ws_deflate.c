
/*
 * permessage-deflate by zlib: messages in and out.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <zlib.h>
#include "ws/ngx_thread_ws_deflate.h"


#define NGX_THREAD_WS_WINDOW_MAX  15

#define NGX_THREAD_WS_SCRATCH     16384

/* what a flush ends with and section 7.2.1 removes */

#define NGX_THREAD_WS_TAIL        4


struct ngx_thread_ws_deflate_s {
    ngx_thread_ws_deflate_params_t   params;
    ngx_int_t                        level;

    z_stream                        *in;     /* the client's, being inflated */
    z_stream                        *out;    /* the server's, with context */

    unsigned                         in_shared:1;
    unsigned                         ended:1;  /* in stands behind a block
                                                  with BFINAL set */
};


/*
 * The process's states, one of a kind for each window.  The inflating one
 * belongs to a message until its end, which may be several reads away; a
 * message that finds it taken gets a state of its own.  Likewise the deflating
 * one, should a sink come back here.
 */

typedef struct {
    z_stream    *stream;
    ngx_int_t    level;
    ngx_uint_t   busy;        /* unsigned  busy:1 */
} ngx_thread_ws_shared_t;


static ngx_int_t ngx_thread_ws_inflate_open(ngx_thread_ws_deflate_t *d);
static void ngx_thread_ws_inflate_close(ngx_thread_ws_deflate_t *d);
static ngx_int_t ngx_thread_ws_inflate_run(ngx_thread_ws_deflate_t *d,
    u_char *p, size_t len, ngx_thread_ws_deflate_sink_pt sink, void *data);
static ngx_int_t ngx_thread_ws_inflate_last(ngx_thread_ws_deflate_t *d,
    ngx_thread_ws_deflate_sink_pt sink, void *data);
static z_stream *ngx_thread_ws_inflate_new(ngx_uint_t bits);
static void ngx_thread_ws_inflate_free(z_stream *stream);
static ngx_int_t ngx_thread_ws_deflate_run(z_stream *stream, u_char *p,
    size_t len, ngx_thread_ws_deflate_sink_pt sink, void *data);
static ngx_int_t ngx_thread_ws_deflate_shared(ngx_thread_ws_deflate_t *d,
    u_char *p, size_t len, ngx_thread_ws_deflate_sink_pt sink, void *data);
static z_stream *ngx_thread_ws_deflate_new(ngx_uint_t bits, ngx_int_t level,
    ngx_int_t memory);
static void ngx_thread_ws_deflate_end(z_stream *stream);


static ngx_thread_ws_shared_t
    ngx_thread_ws_inflates[NGX_THREAD_WS_WINDOW_MAX + 1];
static ngx_thread_ws_shared_t
    ngx_thread_ws_deflates[NGX_THREAD_WS_WINDOW_MAX + 1];


ngx_thread_ws_deflate_t *
ngx_thread_ws_deflate_create(ngx_thread_ws_deflate_params_t *params,
    ngx_int_t level)
{
    ngx_thread_ws_deflate_t  *d;

    d = malloc(sizeof(ngx_thread_ws_deflate_t));
    if (d == NULL) {
        return NULL;
    }

    ngx_memzero(d, sizeof(ngx_thread_ws_deflate_t));

    d->params = *params;
    d->level = level;

    return d;
}


void
ngx_thread_ws_deflate_free(ngx_thread_ws_deflate_t *d)
{
    ngx_thread_ws_inflate_close(d);

    if (d->out) {
        ngx_thread_ws_deflate_end(d->out);
    }

    free(d);
}


ngx_int_t
ngx_thread_ws_inflate(ngx_thread_ws_deflate_t *d, u_char *p, size_t len,
    ngx_uint_t last, ngx_thread_ws_deflate_sink_pt sink, void *data)
{
    ngx_int_t  rc;

    if (d->in == NULL && ngx_thread_ws_inflate_open(d) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_thread_ws_inflate_run(d, p, len, sink, data);

    if (rc == NGX_OK && last) {
        rc = ngx_thread_ws_inflate_last(d, sink, data);
    }

    if (rc != NGX_OK || (last && d->params.client_no_context)) {
        ngx_thread_ws_inflate_close(d);
    }

    return rc;
}


static ngx_int_t
ngx_thread_ws_inflate_open(ngx_thread_ws_deflate_t *d)
{
    ngx_thread_ws_shared_t  *shared;

    shared = &ngx_thread_ws_inflates[d->params.client_bits];

    d->ended = 0;

    if (!d->params.client_no_context || shared->busy) {
        d->in = ngx_thread_ws_inflate_new(d->params.client_bits);
        return d->in ? NGX_OK : NGX_ERROR;
    }

    if (shared->stream == NULL) {
        shared->stream = ngx_thread_ws_inflate_new(d->params.client_bits);

        if (shared->stream == NULL) {
            return NGX_ERROR;
        }

    } else {
        (void) inflateReset(shared->stream);
    }

    shared->busy = 1;

    d->in = shared->stream;
    d->in_shared = 1;

    return NGX_OK;
}


static void
ngx_thread_ws_inflate_close(ngx_thread_ws_deflate_t *d)
{
    if (d->in == NULL) {
        return;
    }

    if (d->in_shared) {
        ngx_thread_ws_inflates[d->params.client_bits].busy = 0;
        d->in_shared = 0;

    } else {
        ngx_thread_ws_inflate_free(d->in);
    }

    d->in = NULL;
}


static ngx_int_t
ngx_thread_ws_inflate_run(ngx_thread_ws_deflate_t *d, u_char *p, size_t len,
    ngx_thread_ws_deflate_sink_pt sink, void *data)
{
    int         rc;
    size_t      n;
    z_stream   *in;
    u_char      scratch[NGX_THREAD_WS_SCRATCH];
    ngx_int_t   result;
    ngx_uint_t  broken;

    in = d->in;
    broken = 0;
    in->next_in = p;
    in->avail_in = 0;
    in->avail_out = NGX_THREAD_WS_SCRATCH;

    /* a full scratch may mean that zlib holds more than it could give */

    while (len || in->avail_in || in->avail_out == 0) {

        if (in->avail_in == 0 && len) {
            in->avail_in = (uInt) ngx_min(len, NGX_MAX_INT32_VALUE);
            len -= in->avail_in;
            d->ended = 0;
        }

        in->next_out = scratch;
        in->avail_out = NGX_THREAD_WS_SCRATCH;

        rc = inflate(in, Z_SYNC_FLUSH);

        switch (rc) {

        case Z_OK:
        case Z_BUF_ERROR:
            break;

        case Z_STREAM_END:

            /*
             * A final block ends zlib's stream, not the message (section
             * 7.2.3.4); what the next blocks refer to must be kept
             */

            (void) inflateResetKeep(in);
            d->ended = (in->avail_in == 0);
            break;

        case Z_MEM_ERROR:
            return NGX_ERROR;

        default:
            broken = 1;
            break;
        }

        n = NGX_THREAD_WS_SCRATCH - in->avail_out;

        /* what came before the broken part is the sink's to refuse first */

        if (n) {
            result = sink(data, scratch, n);
            if (result != NGX_OK) {
                return result;
            }
        }

        if (broken) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_inflate_last(ngx_thread_ws_deflate_t *d,
    ngx_thread_ws_deflate_sink_pt sink, void *data)
{
    ngx_int_t  rc;

    static u_char  tail[NGX_THREAD_WS_TAIL] = { 0x00, 0x00, 0xff, 0xff };

    /* some peers leave the byte out that should follow a final block */

    if (d->ended) {
        d->ended = 0;
        return NGX_OK;
    }

    rc = ngx_thread_ws_inflate_run(d, tail, NGX_THREAD_WS_TAIL, sink, data);

    if (rc != NGX_OK) {
        return rc;
    }

    /* 128 says that zlib stands between blocks: the message was not cut */

    if (!d->ended && !(d->in->data_type & 128)) {
        return NGX_DECLINED;
    }

    d->ended = 0;

    return NGX_OK;
}


static z_stream *
ngx_thread_ws_inflate_new(ngx_uint_t bits)
{
    z_stream  *stream;

    stream = calloc(1, sizeof(z_stream));
    if (stream == NULL) {
        return NULL;
    }

    if (inflateInit2(stream, - (int) bits) != Z_OK) {
        free(stream);
        return NULL;
    }

    return stream;
}


static void
ngx_thread_ws_inflate_free(z_stream *stream)
{
    (void) inflateEnd(stream);
    free(stream);
}


ngx_int_t
ngx_thread_ws_deflate(ngx_thread_ws_deflate_t *d, u_char *p, size_t len,
    ngx_thread_ws_deflate_sink_pt sink, void *data)
{
    u_char  empty;

    /* zlib flushes nothing twice, so this is written by hand: 7.2.3.6 */

    if (len == 0) {
        empty = 0x00;
        return sink(data, &empty, 1);
    }

    if (d->params.server_no_context) {
        return ngx_thread_ws_deflate_shared(d, p, len, sink, data);
    }

    if (d->out == NULL) {

        /* a small window gets small tables, which zlib sizes on their own */

        d->out = ngx_thread_ws_deflate_new(d->params.server_bits, d->level,
                                           d->params.server_bits - 7);
        if (d->out == NULL) {
            return NGX_ERROR;
        }
    }

    return ngx_thread_ws_deflate_run(d->out, p, len, sink, data);
}


static ngx_int_t
ngx_thread_ws_deflate_shared(ngx_thread_ws_deflate_t *d, u_char *p, size_t len,
    ngx_thread_ws_deflate_sink_pt sink, void *data)
{
    z_stream                *stream;
    ngx_int_t                rc;
    ngx_thread_ws_shared_t  *shared;

    shared = &ngx_thread_ws_deflates[d->params.server_bits];

    if (shared->busy || shared->stream == NULL) {
        stream = ngx_thread_ws_deflate_new(d->params.server_bits, d->level, 8);
        if (stream == NULL) {
            return NGX_ERROR;
        }

    } else {
        stream = shared->stream;
        (void) deflateReset(stream);

        if (shared->level != d->level) {
            (void) deflateParams(stream, (int) d->level, Z_DEFAULT_STRATEGY);
            shared->level = d->level;
        }
    }

    if (shared->busy) {
        rc = ngx_thread_ws_deflate_run(stream, p, len, sink, data);
        ngx_thread_ws_deflate_end(stream);
        return rc;
    }

    if (shared->stream == NULL) {
        shared->stream = stream;
        shared->level = d->level;
    }

    shared->busy = 1;
    rc = ngx_thread_ws_deflate_run(stream, p, len, sink, data);
    shared->busy = 0;

    return rc;
}


static ngx_int_t
ngx_thread_ws_deflate_run(z_stream *stream, u_char *p, size_t len,
    ngx_thread_ws_deflate_sink_pt sink, void *data)
{
    int         rc, flush;
    size_t      n, kept;
    u_char      scratch[NGX_THREAD_WS_SCRATCH];
    ngx_int_t   result;

    stream->next_in = p;
    stream->avail_in = 0;
    kept = 0;

    do {
        if (stream->avail_in == 0 && len) {
            stream->avail_in = (uInt) ngx_min(len, NGX_MAX_INT32_VALUE);
            len -= stream->avail_in;
        }

        flush = len ? Z_NO_FLUSH : Z_SYNC_FLUSH;

        stream->next_out = scratch + kept;
        stream->avail_out = NGX_THREAD_WS_SCRATCH - kept;

        rc = deflate(stream, flush);

        if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return NGX_ERROR;
        }

        n = NGX_THREAD_WS_SCRATCH - stream->avail_out;

        /* the last bytes so far are kept back, for they may be the tail */

        kept = ngx_min(n, NGX_THREAD_WS_TAIL);
        n -= kept;

        if (n) {
            result = sink(data, scratch, n);
            if (result != NGX_OK) {
                return result;
            }

            ngx_memmove(scratch, scratch + n, kept);
        }

    } while (len || stream->avail_in || stream->avail_out == 0);

    return NGX_OK;
}


static z_stream *
ngx_thread_ws_deflate_new(ngx_uint_t bits, ngx_int_t level, ngx_int_t memory)
{
    z_stream  *stream;

    stream = calloc(1, sizeof(z_stream));
    if (stream == NULL) {
        return NULL;
    }

    if (deflateInit2(stream, (int) level, Z_DEFLATED, - (int) bits,
                     (int) memory, Z_DEFAULT_STRATEGY)
        != Z_OK)
    {
        free(stream);
        return NULL;
    }

    return stream;
}


static void
ngx_thread_ws_deflate_end(z_stream *stream)
{
    (void) deflateEnd(stream);
    free(stream);
}
