
/*
 * Whatever is inflated stays within its limit; what was deflated comes back.
 */


#include "fuzz.h"
#include "ws/ngx_thread_ws_deflate.h"


/*
 * The first byte sets the codec and the second is of the seed; the rest is
 * inflated as it is, in two messages, and deflated and inflated again.
 */


#define FUZZ_LIMIT  (1 << 20)


typedef struct {
    ngx_thread_ws_deflate_params_t   params;
    ngx_int_t                        level;
} fuzz_setting_t;


static void fuzz_run(void *ctx, unit_feed_t *feed, unit_text_t *trace);
static void fuzz_there_and_back(fuzz_setting_t *setting, const uint8_t *data,
    size_t size);
static ngx_int_t fuzz_sink(void *data, u_char *p, size_t len);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_setting_t  setting;

    if (size < 2) {
        return 0;
    }

    setting.params.server_bits = 9 + (data[0] >> 2) % 7;
    setting.params.server_no_context = data[0] & 1;
    setting.params.client_no_context = (data[0] >> 1) & 1;
    setting.level = 1 + (data[0] >> 5);

    /*
     * References beyond a smaller window are refused only where zlib happens
     * not to have the bytes any more, which the cuts decide
     */

    setting.params.client_bits = 15;

    fuzz_splits(fuzz_run, &setting, data + 2, size - 2,
                data[1] * 257 + data[0]);

    setting.params.client_bits = setting.params.server_bits;

    fuzz_there_and_back(&setting, data + 2, size - 2);

    return 0;
}


static void
fuzz_run(void *ctx, unit_feed_t *feed, unit_text_t *trace)
{
    u_char                   *p;
    size_t                    len, before;
    ngx_int_t                 rc;
    unit_text_t               out;
    fuzz_setting_t           *setting;
    ngx_thread_ws_deflate_t  *d;

    setting = ctx;
    ngx_memzero(&out, sizeof(unit_text_t));

    d = ngx_thread_ws_deflate_create(&setting->params, setting->level);
    fuzz_assert(d != NULL);

    rc = NGX_OK;

    while (rc == NGX_OK && (p = unit_next(feed, &len)) != NULL) {
        rc = ngx_thread_ws_inflate(d, p, len, 0, fuzz_sink, &out);
    }

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_inflate(d, NULL, 0, 1, fuzz_sink, &out);
    }

    /* a second message, fed as the last piece of the first: "Hello" */

    if (rc == NGX_OK) {
        before = out.len;
        rc = ngx_thread_ws_inflate(d, (u_char *) "\xf2\x48\xcd\xc9\xc9\x07\x00",
                                   7, 1, fuzz_sink, &out);

        fuzz_assert(rc == NGX_BUSY
                    || (rc == NGX_OK && out.len == before + 5
                        && ngx_memcmp(out.data + before, "Hello", 5) == 0));
    }

    /* the sink refuses pieces of output, which depend on those of the input */

    if (rc != NGX_BUSY) {
        unit_add_bytes(trace, out.data, out.len);
    }

    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED || rc == NGX_BUSY);
    unit_add(trace, "; %s", (rc == NGX_OK) ? "ok" : "refused");

    ngx_thread_ws_deflate_free(d);
    unit_text_free(&out);
}


static void
fuzz_there_and_back(fuzz_setting_t *setting, const uint8_t *data, size_t size)
{
    size_t                    from, half, len;
    unit_text_t               z, out;
    ngx_uint_t                n;
    ngx_thread_ws_deflate_t  *server, *client;

    setting->params.client_no_context = setting->params.server_no_context;

    server = ngx_thread_ws_deflate_create(&setting->params, setting->level);
    client = ngx_thread_ws_deflate_create(&setting->params, setting->level);
    fuzz_assert(server != NULL && client != NULL);

    for (n = 0; n < 3; n++) {
        ngx_memzero(&z, sizeof(unit_text_t));
        ngx_memzero(&out, sizeof(unit_text_t));

        /* halves, then the first again: it may refer to its former self */

        from = (n == 1) ? size / 2 : 0;
        len = (n == 1) ? size - size / 2 : size / 2;

        fuzz_assert(ngx_thread_ws_deflate(server, (u_char *) data + from, len,
                                          fuzz_sink, &z)
                    == NGX_OK);

        half = z.len / 2;

        fuzz_assert(ngx_thread_ws_inflate(client, z.data, half, 0, fuzz_sink,
                                          &out)
                    == NGX_OK);
        fuzz_assert(ngx_thread_ws_inflate(client, z.data + half, z.len - half,
                                          1, fuzz_sink, &out)
                    == NGX_OK);

        fuzz_assert(out.len == len);
        fuzz_assert(len == 0 || ngx_memcmp(out.data, data + from, len) == 0);

        unit_text_free(&z);
        unit_text_free(&out);
    }

    ngx_thread_ws_deflate_free(server);
    ngx_thread_ws_deflate_free(client);
}


static ngx_int_t
fuzz_sink(void *data, u_char *p, size_t len)
{
    unit_text_t  *out;

    out = data;

    if (out->len + len > FUZZ_LIMIT) {
        return NGX_BUSY;
    }

    unit_add_bytes(out, p, len);

    return NGX_OK;
}
