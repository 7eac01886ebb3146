
/*
 * Server-sent events.  The end of an event is looked for in the new bytes
 * only, so that an event costs the same however it arrives; its lines are read
 * once it is whole, in place.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "dialect/ngx_thread_ws_sse.h"


/* a larger buffer is not kept once it is empty */

#define NGX_THREAD_WS_SSE_KEEP    4096

#define NGX_THREAD_WS_SSE_MIN     512

/*
 * Line ends are looked for in windows of so many bytes: a stream that uses but
 * one of CR and LF must not have all of its rest searched for the other one
 * with every line.
 */

#define NGX_THREAD_WS_SSE_WINDOW  512


static u_char  ngx_thread_ws_sse_mark[] = { 0xef, 0xbb, 0xbf };


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
 * Returns the line end that ends the event which begins in sse->buf, or at p
 * if that is empty; NULL if it is not in the bytes given.  A comment that
 * begins an event is reported as one, for nobody needs to keep it.  *eol is
 * the event's first line end, if the event lies whole in the bytes given.
 */

static u_char *
ngx_thread_ws_sse_end(ngx_thread_ws_sse_t *sse, u_char *p, u_char *last,
    u_char **eol)
{
    u_char      first, *end;
    ngx_uint_t  begins;

    if (sse->len) {
        first = sse->buf[0];
        begins = (sse->buf[sse->len - 1] == LF || sse->buf[sse->len - 1] == CR);

        if (sse->buf[sse->len - 1] == CR && *p == LF) {
            p++;
        }

    } else {
        first = *p;
        begins = 1;
    }

    *eol = NULL;

    for ( ;; ) {

        end = ngx_thread_ws_sse_eol(p, last);

        if (end == NULL) {
            return NULL;
        }

        if (*eol == NULL) {
            *eol = end;
        }

        if ((begins && end == p) || first == ':') {
            return end;
        }

        begins = 1;
        p = end + 1;

        if (*end == CR && p < last && *p == LF) {
            p++;
        }
    }
}


/*
 * If a line has the named field: NGX_OK with its value.  The space after the
 * colon is optional, as is the colon.
 */

static ngx_int_t
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


/*
 * Keeps the event's type where the lines of data that follow it will not
 * overwrite it when they are joined.
 */

static ngx_int_t
ngx_thread_ws_sse_keep_type(ngx_thread_ws_sse_t *sse)
{
    free(sse->type);

    sse->type = malloc(sse->event.len ? sse->event.len : 1);
    if (sse->type == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(sse->type, sse->event.data, sse->event.len);
    sse->event.data = sse->type;

    return NGX_OK;
}


/*
 * Reads the lines of an event, all of which end before or at end.  NGX_OK if
 * it has data, NGX_DECLINED if not, NGX_ERROR without memory.
 */

static ngx_int_t
ngx_thread_ws_sse_lines(ngx_thread_ws_sse_t *sse, u_char *p, u_char *end)
{
    u_char     *eol;
    ngx_str_t   value;

    ngx_str_null(&sse->event);
    ngx_str_null(&sse->data);

    for ( /* void */ ; p <= end; p = eol + 1) {

        eol = ngx_thread_ws_sse_eol(p, end + 1);

        if (ngx_thread_ws_sse_field(p, eol, "data", 4, &value) == NGX_OK) {

            if (sse->data.data == NULL) {
                sse->data = value;
                continue;
            }

            if (sse->event.data > sse->data.data
                && sse->event.data != sse->type
                && ngx_thread_ws_sse_keep_type(sse) != NGX_OK)
            {
                return NGX_ERROR;
            }

            sse->data.data[sse->data.len++] = LF;
            ngx_memmove(sse->data.data + sse->data.len, value.data, value.len);
            sse->data.len += value.len;

        } else {
            (void) ngx_thread_ws_sse_field(p, eol, "event", 5, &sse->event);
        }
    }

    return (sse->data.data == NULL) ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_thread_ws_sse_append(ngx_thread_ws_sse_t *sse, u_char *p, size_t len)
{
    u_char  *buf;
    size_t   size;

    if (len > sse->size - sse->len) {

        size = sse->size ? sse->size : NGX_THREAD_WS_SSE_MIN;

        while (size - sse->len < len) {
            size *= 2;
        }

        buf = realloc(sse->buf, size);
        if (buf == NULL) {
            return NGX_ERROR;
        }

        sse->buf = buf;
        sse->size = size;
    }

    ngx_memcpy(sse->buf + sse->len, p, len);
    sse->len += len;

    return NGX_OK;
}


/* Passes over a byte order mark at the stream's beginning, however split. */

static ngx_int_t
ngx_thread_ws_sse_start(ngx_thread_ws_sse_t *sse, u_char **pos, u_char *last)
{
    while (*pos < last) {

        if (**pos != ngx_thread_ws_sse_mark[sse->mark]) {
            sse->started = 1;

            /* it was none: its bytes, if any, begin the first line */

            return (sse->mark == 0) ? NGX_OK
                   : ngx_thread_ws_sse_append(sse, ngx_thread_ws_sse_mark,
                                              sse->mark);
        }

        (*pos)++;

        if (++sse->mark == 3) {
            sse->started = 1;
            break;
        }
    }

    return NGX_OK;
}


/* An event that ends at end: its lines, in the bytes given or in the buffer. */

static ngx_int_t
ngx_thread_ws_sse_event(ngx_thread_ws_sse_t *sse, u_char *p, u_char *end,
    u_char *eol)
{
    size_t  len;

    sse->cr = (*end == CR);

    if (sse->len) {

        if (ngx_thread_ws_sse_append(sse, p, (size_t) (end + 1 - p))
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        /* it is valid until the next append, which is the next call's */

        len = sse->len;
        sse->len = 0;

        return ngx_thread_ws_sse_lines(sse, sse->buf, sse->buf + len - 1);
    }

    /* nearly all events are but one line of data */

    if (eol + 1 == end
        && ngx_thread_ws_sse_field(p, eol, "data", 4, &sse->data) == NGX_OK)
    {
        ngx_str_null(&sse->event);
        return NGX_OK;
    }

    return ngx_thread_ws_sse_lines(sse, p, end);
}


ngx_int_t
ngx_thread_ws_sse_parse(ngx_thread_ws_sse_t *sse, u_char **pos, u_char *last)
{
    u_char     *p, *end, *eol;
    ngx_int_t   rc;

    if (sse->len == 0 && sse->size > NGX_THREAD_WS_SSE_KEEP) {
        free(sse->buf);
        sse->buf = NULL;
        sse->size = 0;
    }

    if (!sse->started && ngx_thread_ws_sse_start(sse, pos, last) != NGX_OK) {
        return NGX_ERROR;
    }

    while (*pos < last) {

        p = *pos;

        if (sse->cr) {
            sse->cr = 0;

            if (*p == LF) {
                *pos = p + 1;
                continue;
            }
        }

        end = ngx_thread_ws_sse_end(sse, p, last, &eol);

        if (sse->len + (size_t) ((end ? end : last) - p) > sse->limit) {
            return NGX_DECLINED;
        }

        if (end == NULL) {
            *pos = last;
            return (ngx_thread_ws_sse_append(sse, p, (size_t) (last - p))
                    == NGX_OK) ? NGX_AGAIN : NGX_ERROR;
        }

        *pos = end + 1;

        rc = ngx_thread_ws_sse_event(sse, p, end, eol);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    return NGX_AGAIN;
}


void
ngx_thread_ws_sse_free(ngx_thread_ws_sse_t *sse)
{
    free(sse->buf);
    free(sse->type);

    sse->buf = NULL;
    sse->type = NULL;
    sse->len = 0;
    sse->size = 0;
}
