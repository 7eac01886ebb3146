
/*
 * Whatever frames come: messages within their limits, or a close code.
 */


#include "fuzz.h"
#include "ws/ngx_thread_ws_message.h"
#include "ws/ngx_thread_ws_utf8.h"


/*
 * The first byte sets the decoder and the second is of the seed; the rest is
 * what a client sends.
 */


static void fuzz_run(void *ctx, unit_feed_t *feed, unit_text_t *trace);
static void fuzz_anew(ngx_thread_ws_message_t *m);
static void fuzz_check(ngx_thread_ws_message_t *m, u_char *start, u_char *pos);
static void fuzz_refused(ngx_thread_ws_message_t *m);


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
    u_char                          *p, *pos, *start;
    size_t                           len;
    uint8_t                         *setting;
    ngx_int_t                        rc;
    ngx_uint_t                       n;
    ngx_thread_ws_deflate_t         *d;
    ngx_thread_ws_message_t          m;
    ngx_thread_ws_deflate_params_t   params;

    setting = ctx;

    params.server_bits = 15;
    params.client_bits = 15;
    params.server_no_context = 0;
    params.client_no_context = (*setting >> 1) & 1;

    d = (*setting & 1) ? ngx_thread_ws_deflate_create(&params, 1) : NULL;

    ngx_memzero(&m, sizeof(ngx_thread_ws_message_t));
    ngx_thread_ws_message_init(&m, fuzz_limits[(*setting >> 4) % 6],
                               (*setting >> 2) & 1, d);

    rc = NGX_AGAIN;
    n = 0;

    while (rc == NGX_AGAIN && (p = unit_next(feed, &len)) != NULL) {
        pos = p;

        for ( ;; ) {
            start = pos;
            rc = ngx_thread_ws_message_parse(&m, &pos, p + len);

            if (rc != NGX_OK) {
                break;
            }

            fuzz_check(&m, start, pos);

            unit_add(trace, "%d %d ", m.type,
                     m.type == NGX_THREAD_WS_OP_CLOSE ? m.code : 0);
            unit_add_bytes(trace, m.data, m.len);
            unit_add(trace, "\n");

            /* some close after a while themselves */

            m.closing = (*setting & 8) && ++n >= 3;
        }

        fuzz_assert(rc != NGX_AGAIN || pos == p + len);

        if (rc == NGX_AGAIN && ngx_thread_ws_message_between(&m)) {
            fuzz_anew(&m);
        }
    }

    if (rc == NGX_DECLINED) {
        fuzz_refused(&m);
        unit_add(trace, "refused %d %s", m.code, m.reason);
    }

    /* what is left of a message: as much as was fed, however it was cut */

    if (rc == NGX_AGAIN && !m.closing) {
        unit_add_bytes(trace, m.gathered.data, m.gathered.len);
    }

    fuzz_assert(rc != NGX_ERROR);

    ngx_thread_ws_message_free(&m);

    if (d) {
        ngx_thread_ws_deflate_free(d);
    }
}


/* nothing is under way: another decoder goes on the same */

static void
fuzz_anew(ngx_thread_ws_message_t *m)
{
    ngx_thread_ws_message_t  old;

    old = *m;
    ngx_thread_ws_message_free(m);
    ngx_memzero(m, sizeof(ngx_thread_ws_message_t));

    ngx_thread_ws_message_init(m, old.frame.limit, old.binary, old.deflate);
    m->closing = old.closing;
}


static void
fuzz_check(ngx_thread_ws_message_t *m, u_char *start, u_char *pos)
{
    uint32_t  state;

    fuzz_assert(m->data != NULL);
    fuzz_assert(pos > start);

    switch (m->type) {

    case NGX_THREAD_WS_OP_TEXT:
        state = NGX_THREAD_WS_UTF8_COMPLETE;
        fuzz_assert(ngx_thread_ws_utf8_check(&state, m->data, m->len)
                    == NGX_OK);
        fuzz_assert(state == NGX_THREAD_WS_UTF8_COMPLETE);
        break;

    case NGX_THREAD_WS_OP_BINARY:
        fuzz_assert(m->binary);
        break;

    case NGX_THREAD_WS_OP_CLOSE:
        fuzz_assert(m->closed && m->code >= 1000 && m->code < 5000);
        /* fall through */

    case NGX_THREAD_WS_OP_PING:
    case NGX_THREAD_WS_OP_PONG:
        fuzz_assert(m->len <= NGX_THREAD_WS_CONTROL_MAX);
        return;

    default:
        fuzz_assert(0);
    }

    fuzz_assert(!m->closing);
    fuzz_assert(!m->frame.limit || m->len <= m->frame.limit);
    fuzz_assert(m->gathered.size <= 512 || m->gathered.size < 2 * m->len);
}


static void
fuzz_refused(ngx_thread_ws_message_t *m)
{
    switch (m->code) {

    case NGX_THREAD_WS_CLOSE_PROTOCOL:
    case NGX_THREAD_WS_CLOSE_INVALID:
        break;

    case NGX_THREAD_WS_CLOSE_UNSUPPORTED:
        fuzz_assert(!m->binary);
        break;

    case NGX_THREAD_WS_CLOSE_TOO_BIG:
        fuzz_assert(m->frame.limit);
        break;

    default:
        fuzz_assert(0);
    }

    fuzz_assert(m->reason != NULL);
}
