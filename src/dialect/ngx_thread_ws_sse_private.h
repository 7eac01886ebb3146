
/*
 * Lines of an event stream, for the files of the parser.
 */


#ifndef _NGX_THREAD_WS_SSE_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_SSE_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Line ends are looked for in windows of so many bytes: a stream that uses but
 * one of CR and LF must not have all of its rest searched for the other one
 * with every line.
 */

#define NGX_THREAD_WS_SSE_WINDOW  512


/* the byte order mark, of three bytes */

extern u_char  ngx_thread_ws_sse_bom[];


/* where the line that begins at p ends, NULL if it goes on after last */

static ngx_inline u_char *
ngx_thread_ws_sse_eol(u_char *p, u_char *last)
{
    u_char  *stop, *lf, *cr;

    while (p < last) {

        stop = (last - p > NGX_THREAD_WS_SSE_WINDOW)
               ? p + NGX_THREAD_WS_SSE_WINDOW : last;

        lf = memchr(p, LF, stop - p);

        if (lf) {
            stop = lf;
        }

        cr = memchr(p, CR, stop - p);

        if (cr) {
            return cr;
        }

        if (lf) {
            return lf;
        }

        p = stop;
    }

    return NULL;
}


/*
 * If a line has the named field: NGX_OK with its value.  The space after the
 * colon is optional, as is the colon.
 */

static ngx_inline ngx_int_t
ngx_thread_ws_sse_field(u_char *p, u_char *end, char *name, size_t len,
    ngx_str_t *value)
{
    if ((size_t) (end - p) < len || ngx_memcmp(p, name, len) != 0) {
        return NGX_DECLINED;
    }

    p += len;

    if (p < end) {

        if (*p++ != ':') {
            return NGX_DECLINED;
        }

        if (p < end && *p == ' ') {
            p++;
        }
    }

    value->data = p;
    value->len = (size_t) (end - p);

    return NGX_OK;
}


#endif /* _NGX_THREAD_WS_SSE_PRIVATE_H_INCLUDED_ */
