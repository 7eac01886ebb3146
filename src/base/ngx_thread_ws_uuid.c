
/*
 * UUIDs: their grammar, and version 5 by SHA-1.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_sha1.h>
#include "base/ngx_thread_ws_uuid.h"


/* 7c1d8a52-6f0e-4b39-9d44-2b8e5a0c71f6: never to be changed */

static const u_char  ngx_thread_ws_uuid_space[] = {
    0x7c, 0x1d, 0x8a, 0x52, 0x6f, 0x0e, 0x4b, 0x39,
    0x9d, 0x44, 0x2b, 0x8e, 0x5a, 0x0c, 0x71, 0xf6
};


static void ngx_thread_ws_uuid_write(u_char *dst, ngx_sha1_t *sha1);


ngx_int_t
ngx_thread_ws_uuid_check(ngx_str_t *text)
{
    u_char      c;
    ngx_uint_t  i;

    if (text->len != NGX_THREAD_WS_UUID_LEN) {
        return NGX_DECLINED;
    }

    for (i = 0; i < NGX_THREAD_WS_UUID_LEN; i++) {
        c = text->data[i];

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-') {
                return NGX_DECLINED;
            }

            continue;
        }

        if (c >= '0' && c <= '9') {
            continue;
        }

        c |= 0x20;

        if (c < 'a' || c > 'f') {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


void
ngx_thread_ws_uuid_name(u_char *dst, const u_char *space, ngx_str_t *name)
{
    ngx_sha1_t  sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, space, 16);
    ngx_sha1_update(&sha1, name->data, name->len);

    ngx_thread_ws_uuid_write(dst, &sha1);
}


void
ngx_thread_ws_uuid_thread(u_char *dst, ngx_str_t *owner, ngx_str_t *thread_id)
{
    ngx_sha1_t  sha1;

    if (owner->len == 0 && ngx_thread_ws_uuid_check(thread_id) == NGX_OK) {
        ngx_memcpy(dst, thread_id->data, NGX_THREAD_WS_UUID_LEN);
        return;
    }

    /* thread ids have no slash, so that the last one ends the owner */

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, ngx_thread_ws_uuid_space, 16);
    ngx_sha1_update(&sha1, owner->data, owner->len);
    ngx_sha1_update(&sha1, "/", 1);
    ngx_sha1_update(&sha1, thread_id->data, thread_id->len);

    ngx_thread_ws_uuid_write(dst, &sha1);
}


static void
ngx_thread_ws_uuid_write(u_char *dst, ngx_sha1_t *sha1)
{
    u_char      hash[20];
    ngx_uint_t  i;

    ngx_sha1_final(hash, sha1);

    hash[6] = (u_char) ((hash[6] & 0x0f) | 0x50);
    hash[8] = (u_char) ((hash[8] & 0x3f) | 0x80);

    for (i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *dst++ = '-';
        }

        dst = ngx_hex_dump(dst, &hash[i], 1);
    }
}
