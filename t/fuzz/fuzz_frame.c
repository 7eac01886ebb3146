
/*
 * Whatever bytes come: the same frames, whole or in pieces.
 */


#include "fuzz.h"
#include "ws/ngx_thread_ws_frame.h"


/*
 * The first byte sets the decoder and the second is of the seed; the rest is
 * what a client sends.
 */


static void fuzz_run(void *ctx, unit_feed_t *feed, unit_text_t *trace);
static void fuzz_check(ngx_thread_ws_frame_t *f, u_char *start, u_char *pos);
static void fuzz_whole(ngx_thread_ws_frame_t *f, unit_text_t *payload,
    unit_text_t *trace);


static const size_t  fuzz_limits[] = { 0, 1, 16, 200, 70000, (size_t) -1 };


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t  setting;

    if (size < 2) {
        return 0;
    }

    setting = data[0];

    fuzz_splits(fuzz_run, &setting, data + 2, size - 2,
                data[1] * 257 + setting);

    return 0;
}


static void
fuzz_run(void *ctx, unit_feed_t *feed, unit_text_t *trace)
{
    u_char                 *p, *pos, *start;
    size_t                  len;
    uint8_t                *setting;
    ngx_int_t               rc;
    unit_text_t             payload;
    ngx_thread_ws_frame_t   f;

    setting = ctx;

    ngx_memzero(&payload, sizeof(unit_text_t));
    ngx_memzero(&f, sizeof(ngx_thread_ws_frame_t));
    f.deflate = *setting & 1;
    f.limit = fuzz_limits[(*setting >> 1) % 6];

    while ((p = unit_next(feed, &len)) != NULL) {
        pos = p;

        for ( ;; ) {
            start = pos;
            rc = ngx_thread_ws_frame_parse(&f, &pos, p + len);

            if (rc != NGX_OK) {
                break;
            }

            fuzz_check(&f, start, pos);
            unit_add_bytes(&payload, f.data, f.len);

            if (f.last) {
                fuzz_whole(&f, &payload, trace);
                payload.len = 0;
            }
        }

        if (rc == NGX_DECLINED) {
            fuzz_assert(f.close_code == NGX_THREAD_WS_CLOSE_PROTOCOL
                        || (f.close_code == NGX_THREAD_WS_CLOSE_TOO_BIG
                            && f.limit));
            unit_add(trace, "close %d", (int) f.close_code);
            unit_text_free(&payload);
            return;
        }

        fuzz_assert(rc == NGX_AGAIN && pos == p + len);
    }

    /* what is left of a frame: as much as was fed, however it was cut */

    unit_add(trace, "rest %llu of %llu, ", (unsigned long long) f.rest,
             (unsigned long long) f.message);
    unit_add_bytes(trace, payload.data, payload.len);
    unit_text_free(&payload);
}


static void
fuzz_check(ngx_thread_ws_frame_t *f, u_char *start, u_char *pos)
{
    ngx_uint_t  control;

    control = f->opcode & 0x8;

    fuzz_assert(f->data >= start && f->data + f->len == pos);
    fuzz_assert(f->last == (f->rest == 0));
    fuzz_assert(f->len || (f->first && f->last));
    fuzz_assert(control || f->type == NGX_THREAD_WS_OP_TEXT
                || f->type == NGX_THREAD_WS_OP_BINARY);
    fuzz_assert(!control || (f->fin && f->len + f->rest <= 125));
    fuzz_assert(!f->compressed || f->deflate);
    fuzz_assert(control || !f->limit || f->compressed
                || f->message <= f->limit);
}


static void
fuzz_whole(ngx_thread_ws_frame_t *f, unit_text_t *payload, unit_text_t *trace)
{
    ngx_int_t   rc;
    ngx_uint_t  code;

    unit_add(trace, "%d %d %d %d ", f->opcode, f->type, f->fin, f->compressed);
    unit_add_bytes(trace, payload->data, payload->len);
    unit_add(trace, "\n");

    if (f->opcode != NGX_THREAD_WS_OP_CLOSE) {
        return;
    }

    rc = ngx_thread_ws_frame_close(payload->data, payload->len, &code);

    fuzz_assert(rc == NGX_OK
                || (rc == NGX_DECLINED
                    && (code == NGX_THREAD_WS_CLOSE_PROTOCOL
                        || code == NGX_THREAD_WS_CLOSE_INVALID)));
    fuzz_assert(rc != NGX_OK || payload->len >= 2
                || code == NGX_THREAD_WS_CLOSE_NO_STATUS);

    unit_add(trace, "closed %d %d\n", (int) rc, (int) code);
}
