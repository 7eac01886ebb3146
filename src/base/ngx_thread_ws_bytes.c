
/*
 * A growing piece of memory.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/ngx_thread_ws_bytes.h"


#define NGX_THREAD_WS_BYTES_MIN  512


ngx_int_t
ngx_thread_ws_bytes_room(ngx_thread_ws_bytes_t *bytes, size_t len)
{
    u_char  *p;
    size_t   size;

    if (bytes->size - bytes->len >= len) {
        return NGX_OK;
    }

    if (len > NGX_MAX_SIZE_T_VALUE / 2 - bytes->len) {
        return NGX_ERROR;
    }

    size = ngx_max(bytes->size, NGX_THREAD_WS_BYTES_MIN);

    while (size - bytes->len < len) {
        size *= 2;
    }

    p = realloc(bytes->data, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    bytes->data = p;
    bytes->size = size;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_bytes_add(ngx_thread_ws_bytes_t *bytes, u_char *data, size_t len)
{
    if (ngx_thread_ws_bytes_room(bytes, len) != NGX_OK) {
        return NGX_ERROR;
    }

    if (len) {
        ngx_memcpy(bytes->data + bytes->len, data, len);
        bytes->len += len;
    }

    return NGX_OK;
}


void
ngx_thread_ws_bytes_free(ngx_thread_ws_bytes_t *bytes)
{
    free(bytes->data);
    ngx_memzero(bytes, sizeof(ngx_thread_ws_bytes_t));
}
