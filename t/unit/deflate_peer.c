
/*
 * zlib as the peer of the codecs under test.
 */


#include "deflate_peer.h"


ngx_int_t
deflate_take(void *data, u_char *p, size_t len)
{
    deflate_sink_t  *sink;

    sink = data;
    sink->calls++;

    if (sink->limit && sink->out.len + len > sink->limit) {
        return NGX_BUSY;
    }

    unit_add_bytes(&sink->out, p, len);

    /* the bytes are the callee's to copy, not to keep */

    ngx_memset(p, 0xaa, len);

    return NGX_OK;
}


ngx_thread_ws_deflate_t *
deflate_create(ngx_uint_t server_bits, ngx_uint_t client_bits,
    ngx_uint_t no_context, ngx_int_t level)
{
    ngx_thread_ws_deflate_t         *d;
    ngx_thread_ws_deflate_params_t   params;

    params.server_bits = server_bits;
    params.client_bits = client_bits;
    params.server_no_context = no_context;
    params.client_no_context = no_context;

    d = ngx_thread_ws_deflate_create(&params, level);
    if (d == NULL) {
        abort();
    }

    return d;
}


void
deflate_text(unit_text_t *text, size_t len, uint32_t seed)
{
    char      word[16];
    uint32_t  random;

    random = seed * 2654435761U + 1;

    while (text->len < len) {
        random = random * 1664525 + 1013904223;
        snprintf(word, sizeof(word), "word%u ", (random >> 16) % 3000);
        unit_add(text, "%s", word);
    }

    text->len = len;
}


void
deflate_noise(unit_text_t *text, size_t len, uint32_t seed)
{
    u_char    byte;
    uint32_t  random;

    random = seed * 2654435761U + 1;

    while (text->len < len) {
        random = random * 1664525 + 1013904223;
        byte = random >> 24;
        unit_add_bytes(text, &byte, 1);
    }
}


void
deflate_peer(z_stream *z, unit_text_t *out, const void *p, size_t len,
    int flush)
{
    u_char  buf[4096];

    z->next_in = (u_char *) p;
    z->avail_in = len;

    do {
        z->next_out = buf;
        z->avail_out = sizeof(buf);

        (void) deflate(z, flush);

        unit_add_bytes(out, buf, sizeof(buf) - z->avail_out);

    } while (z->avail_in || z->avail_out == 0);
}


ngx_int_t
deflate_peer_inflate(z_stream *z, unit_text_t *out, unit_text_t *in)
{
    int     rc;
    u_char  buf[4096];

    unit_add_bytes(in, "\x00\x00\xff\xff", 4);

    z->next_in = in->data;
    z->avail_in = in->len;
    in->len -= 4;

    do {
        z->next_out = buf;
        z->avail_out = sizeof(buf);

        rc = inflate(z, Z_SYNC_FLUSH);

        if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return NGX_ERROR;
        }

        unit_add_bytes(out, buf, sizeof(buf) - z->avail_out);

    } while (z->avail_in || z->avail_out == 0);

    return NGX_OK;
}
