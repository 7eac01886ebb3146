
/*
 * Whatever bytes come: the same verdict, whole or in pieces.
 */


#include "fuzz.h"
#include "ws/ngx_thread_ws_utf8.h"


static void fuzz_run(void *ctx, unit_feed_t *feed, unit_text_t *trace);
static ngx_int_t fuzz_decode(const uint8_t *p, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t   state, seed;
    ngx_int_t  rc;

    seed = size ? data[0] * 257 + data[size - 1] : 0;

    fuzz_splits(fuzz_run, NULL, data, size, seed);

    state = NGX_THREAD_WS_UTF8_COMPLETE;
    rc = ngx_thread_ws_utf8_check(&state, (u_char *) data, size);

    fuzz_assert((rc == NGX_OK && state == NGX_THREAD_WS_UTF8_COMPLETE)
                == (fuzz_decode(data, size) == NGX_OK));

    return 0;
}


static void
fuzz_run(void *ctx, unit_feed_t *feed, unit_text_t *trace)
{
    u_char    *p;
    size_t     len;
    uint32_t   state;

    state = NGX_THREAD_WS_UTF8_COMPLETE;

    while ((p = unit_next(feed, &len)) != NULL) {

        if (ngx_thread_ws_utf8_check(&state, p, len) != NGX_OK) {
            unit_add(trace, "refused");
            return;
        }
    }

    unit_add(trace, "taken, %u", (unsigned) state);
}


/* the plain way: decode each character, then look at what came out */

static ngx_int_t
fuzz_decode(const uint8_t *p, size_t size)
{
    size_t    i, n;
    uint32_t  c;

    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    while (size) {
        n = (p[0] < 0x80) ? 1 : (p[0] >> 5 == 6) ? 2 : (p[0] >> 4 == 14) ? 3
            : (p[0] >> 3 == 30) ? 4 : 0;

        if (n == 0 || n > size) {
            return NGX_ERROR;
        }

        c = (n == 1) ? p[0] : p[0] & (0x7f >> n);

        for (i = 1; i < n; i++) {

            if (p[i] >> 6 != 2) {
                return NGX_ERROR;
            }

            c = (c << 6) | (p[i] & 0x3f);
        }

        if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
            return NGX_ERROR;
        }

        p += n;
        size -= n;
    }

    return NGX_OK;
}
