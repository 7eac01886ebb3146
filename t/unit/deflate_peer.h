
/*
 * What the tests of deflate share: a sink that gathers, texts to work on, and
 * a peer that is built on zlib.
 */


#ifndef _DEFLATE_PEER_H_INCLUDED_
#define _DEFLATE_PEER_H_INCLUDED_


#include "unit.h"
#include <zlib.h>
#include "ws/ngx_thread_ws_deflate.h"


typedef struct {
    unit_text_t   out;
    size_t        limit;      /* bytes, then the sink refuses; 0: never */
    ngx_uint_t    calls;
} deflate_sink_t;


ngx_int_t deflate_take(void *data, u_char *p, size_t len);

/* both directions with or without context; aborts without memory */

ngx_thread_ws_deflate_t *deflate_create(ngx_uint_t server_bits,
    ngx_uint_t client_bits, ngx_uint_t no_context, ngx_int_t level);

/* words by chance: compress to a third or so, with near and far repeats */

void deflate_text(unit_text_t *text, size_t len, uint32_t seed);

/* does not compress */

void deflate_noise(unit_text_t *text, size_t len, uint32_t seed);

/* what a peer sends, its tail included, and what it reads */

void deflate_peer(z_stream *z, unit_text_t *out, const void *p,
    size_t len, int flush);
ngx_int_t deflate_peer_inflate(z_stream *z, unit_text_t *out,
    unit_text_t *in);


#endif /* _DEFLATE_PEER_H_INCLUDED_ */
