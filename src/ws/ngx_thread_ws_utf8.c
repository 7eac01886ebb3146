
/*
 * UTF-8, checked as it comes, whatever it is cut into.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ws/ngx_thread_ws_utf8.h"


/*
 * Inside a character the state tells how many bytes are missing and between
 * which bounds the next of them lies.  Only the second byte's bounds differ
 * from 80..BF: that is where overlong forms, surrogates and what lies above
 * U+10FFFF show first (RFC 3629 section 4).
 */

#define ngx_thread_ws_utf8_state(left, low, high)                             \
    (((uint32_t) (left) << 16) | ((low) << 8) | (high))

#define ngx_thread_ws_utf8_left(state)  ((state) >> 16)
#define ngx_thread_ws_utf8_low(state)   (((state) >> 8) & 0xff)
#define ngx_thread_ws_utf8_high(state)  ((state) & 0xff)


static uint32_t ngx_thread_ws_utf8_lead(u_char c);


ngx_int_t
ngx_thread_ws_utf8_check(uint32_t *state, u_char *p, size_t len)
{
    u_char    *last;
    uint32_t   s;
    uint64_t   word;

    s = *state;
    last = p + len;

    while (p < last) {

        if (s == NGX_THREAD_WS_UTF8_COMPLETE) {

            while ((size_t) (last - p) >= sizeof(uint64_t)) {
                ngx_memcpy(&word, p, sizeof(uint64_t));

                if (word & 0x8080808080808080ULL) {
                    break;
                }

                p += sizeof(uint64_t);
            }

            while (p < last && *p < 0x80) {
                p++;
            }

            if (p == last) {
                break;
            }

            s = ngx_thread_ws_utf8_lead(*p++);

            if (s == NGX_THREAD_WS_UTF8_COMPLETE) {
                return NGX_ERROR;
            }

            continue;
        }

        if (*p < ngx_thread_ws_utf8_low(s) || *p > ngx_thread_ws_utf8_high(s)) {
            return NGX_ERROR;
        }

        p++;

        s = (ngx_thread_ws_utf8_left(s) == 1)
            ? NGX_THREAD_WS_UTF8_COMPLETE
            : ngx_thread_ws_utf8_state(ngx_thread_ws_utf8_left(s) - 1,
                                       0x80, 0xbf);
    }

    *state = s;

    return NGX_OK;
}


/* the state after a byte from 80 on, COMPLETE if it cannot begin anything */

static uint32_t
ngx_thread_ws_utf8_lead(u_char c)
{
    if (c < 0xc2) {
        return NGX_THREAD_WS_UTF8_COMPLETE;
    }

    if (c < 0xe0) {
        return ngx_thread_ws_utf8_state(1, 0x80, 0xbf);
    }

    if (c < 0xf0) {
        return ngx_thread_ws_utf8_state(2, (c == 0xe0) ? 0xa0 : 0x80,
                                        (c == 0xed) ? 0x9f : 0xbf);
    }

    if (c < 0xf5) {
        return ngx_thread_ws_utf8_state(3, (c == 0xf0) ? 0x90 : 0x80,
                                        (c == 0xf4) ? 0x8f : 0xbf);
    }

    return NGX_THREAD_WS_UTF8_COMPLETE;
}
