
/*
 * Whether a body that does not say what it is looks like an event stream.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "dialect/ngx_thread_ws_sse.h"
#include "dialect/ngx_thread_ws_sse_private.h"


u_char  ngx_thread_ws_sse_bom[] = { 0xef, 0xbb, 0xbf };


ngx_int_t
ngx_thread_ws_sse_look(u_char *p, u_char *last)
{
    size_t        len;
    ngx_uint_t    i;
    ngx_str_t     value;

    static char  *fields[] = { "data", "event", "id", "retry", "error", NULL };

    if (last - p >= 3 && ngx_memcmp(p, ngx_thread_ws_sse_bom, 3) == 0) {
        p += 3;
    }

    while (p < last
           && (*p == ' ' || *p == '\t' || *p == LF || *p == CR))
    {
        p++;
    }

    if (p == last) {
        return NGX_AGAIN;
    }

    if (*p == '{' || *p == '[' || *p == ':') {
        return NGX_OK;
    }

    for (i = 0; fields[i]; i++) {
        len = ngx_strlen(fields[i]);

        if ((size_t) (last - p) <= len) {

            if (ngx_memcmp(p, fields[i], last - p) == 0) {
                return NGX_AGAIN;
            }

        } else if (p[len] == ':'
                   && ngx_thread_ws_sse_field(p, last, fields[i], len, &value)
                      == NGX_OK)
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}
