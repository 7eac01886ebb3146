
/*
 * Server-sent events.  The end of an event is looked for in the new bytes
 * only, so that an event costs the same however it arrives; its lines are read
 * once it is whole, in place.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "dialect/ngx_thread_ws_sse.h"
#include "dialect/ngx_thread_ws_sse_private.h"


/* a larger buffer is not kept once it is empty */

#define NGX_THREAD_WS_SSE_KEEP    4096

#define NGX_THREAD_WS_SSE_MIN     512


/* where an event ends, and what follows it begins */

typedef struct {
    u_char      *eol;         /* of its last line */
    u_char      *next;
} ngx_thread_ws_sse_end_t;


/*
 * A line's data: NGX_OK, or NGX_DECLINED if it is none.  JSON needs no field.
 */

static ngx_int_t
ngx_thread_ws_sse_data(u_char *p, u_char *end, ngx_str_t *value)
{
    if (p < end && (*p == '{' || *p == '[')) {
        value->data = p;
        value->len = (size_t) (end - p);

        return NGX_OK;
    }

    return ngx_thread_ws_sse_field(p, end, "data", 4, value);
}


/* Reads on in JSON without "data:", line by line: 1 where its value ends. */

static ngx_uint_t
ngx_thread_ws_sse_bare(ngx_thread_ws_sse_t *sse, u_char *p, u_char *end)
{
    for ( /* void */ ; p < end; p++) {

        if (sse->escape) {
            sse->escape = 0;

        } else if (sse->string) {
            sse->string = (*p != '"');
            sse->escape = (*p == '\\');

        } else if (*p == '"') {
            sse->string = 1;

        } else if (*p == '{' || *p == '[') {
            sse->depth++;

        } else if ((*p == '}' || *p == ']') && sse->depth) {
            sse->depth--;
        }
    }

    return sse->depth == 0;
}


/*
 * Looks at a line that is not blank, base being the event's beginning: 1 if the
 * event ends before it, which is at sse->after.
 */

static ngx_uint_t
ngx_thread_ws_sse_line(ngx_thread_ws_sse_t *sse, u_char *base, u_char *end)
{
    u_char      *line;
    ngx_str_t    value;
    ngx_uint_t   begins;

    line = base + sse->line;

    if (sse->object && sse->after == 0) {
        sse->after = sse->line;
    }

    if (ngx_thread_ws_sse_data(line, end, &value) != NGX_OK) {
        return 0;
    }

    while (value.len && value.data[value.len - 1] == ' ') {
        value.len--;
    }

    begins = value.len
             && (value.data[0] == '{'
                 || (value.len == 6
                     && ngx_memcmp(value.data, "[DONE]", 6) == 0));

    if (sse->object && begins) {
        return 1;
    }

    sse->object = begins && value.data[value.len - 1] == '}';
    sse->after = 0;

    return 0;
}


/*
 * Finds the end of the event which begins at base.  Its lines before sse->line
 * were looked at, and there is no line end between that and from.  NGX_OK, or
 * NGX_AGAIN if it is not in the bytes given.
 */

static ngx_int_t
ngx_thread_ws_sse_end(ngx_thread_ws_sse_t *sse, u_char *base, u_char *from,
    u_char *last, ngx_thread_ws_sse_end_t *found)
{
    u_char      *end, *line;
    ngx_uint_t   ends;

    for ( ;; ) {

        if (sse->line && from < last && from == base + sse->line
            && from[-1] == CR && *from == LF)
        {
            sse->line++;
            from++;
        }

        end = ngx_thread_ws_sse_eol(from, last);

        if (end == NULL) {
            return NGX_AGAIN;
        }

        line = base + sse->line;

        if (line == base && end > line && (*line == '{' || *line == '[')) {
            sse->bare = 1;
        }

        if (sse->bare) {
            ends = ngx_thread_ws_sse_bare(sse, line, end);

        } else {

            /* a blank line; a comment that begins an event is one itself */

            ends = (end == line || *base == ':');

            if (!ends && ngx_thread_ws_sse_line(sse, base, end)) {
                found->eol = base + sse->after - 1;
                found->next = base + sse->after;
                return NGX_OK;
            }
        }

        if (ends) {
            found->eol = end;
            found->next = end + 1;
            return NGX_OK;
        }

        sse->line = (size_t) (end + 1 - base);
        from = end + 1;
    }
}


/*
 * Keeps the event's type where the lines of data that follow it will not
 * overwrite it when they are joined in place.
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


/*
 * One more line of data.  In the bytes that are held the lines are joined in
 * place; the bytes given may be anybody's (a file's, the configuration's), so
 * that what is joined of them lies where the held ones would.
 */

static ngx_int_t
ngx_thread_ws_sse_join(ngx_thread_ws_sse_t *sse, ngx_str_t *value,
    ngx_uint_t held)
{
    if (held) {
        sse->data.data[sse->data.len++] = LF;
        ngx_memmove(sse->data.data + sse->data.len, value->data, value->len);
        sse->data.len += value->len;

        return NGX_OK;
    }

    if (sse->next == 0 && sse->data.len
        && ngx_thread_ws_sse_append(sse, sse->data.data, sse->data.len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_thread_ws_sse_append(sse, (u_char *) "\n", 1) != NGX_OK
        || ngx_thread_ws_sse_append(sse, value->data, value->len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* reported as soon as it is there: the next call begins behind it */

    sse->next = sse->len;
    sse->data.data = sse->buf;
    sse->data.len = sse->len;

    return NGX_OK;
}


/*
 * Reads the lines of an event, all of which end before or at end; held: in the
 * parser's memory.  NGX_OK if it has data, NGX_DECLINED if not, NGX_ERROR
 * without memory.
 */

static ngx_int_t
ngx_thread_ws_sse_lines(ngx_thread_ws_sse_t *sse, u_char *p, u_char *end,
    ngx_uint_t held)
{
    u_char     *eol;
    ngx_int_t   rc;
    ngx_str_t   value;

    ngx_str_null(&sse->event);
    ngx_str_null(&sse->data);

    for ( /* void */ ; p <= end; p = eol + 1) {

        eol = ngx_thread_ws_sse_eol(p, end + 1);

        rc = ngx_thread_ws_sse_data(p, eol, &value);

        if (rc != NGX_OK && sse->data.data == NULL
            && ngx_thread_ws_sse_field(p, eol, "error", 5, &value) == NGX_OK)
        {
            ngx_str_set(&sse->event, "error");
            rc = NGX_OK;
        }

        if (rc != NGX_OK) {
            (void) ngx_thread_ws_sse_field(p, eol, "event", 5, &sse->event);
            continue;
        }

        if (sse->data.data == NULL) {
            sse->data = value;
            continue;
        }

        if (held && sse->event.data > sse->data.data && sse->event.data <= end
            && sse->event.data != sse->type
            && ngx_thread_ws_sse_keep_type(sse) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (ngx_thread_ws_sse_join(sse, &value, held) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return (sse->data.data == NULL) ? NGX_DECLINED : NGX_OK;
}


/* Passes over a byte order mark at the stream's beginning, however split. */

static ngx_int_t
ngx_thread_ws_sse_start(ngx_thread_ws_sse_t *sse, u_char **pos, u_char *last)
{
    while (*pos < last) {

        if (**pos != ngx_thread_ws_sse_bom[sse->mark]) {
            sse->started = 1;

            /* it was none: its bytes, if any, begin the first line */

            return (sse->mark == 0) ? NGX_OK
                   : ngx_thread_ws_sse_append(sse, ngx_thread_ws_sse_bom,
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


/* the next byte begins an event */

static void
ngx_thread_ws_sse_begin(ngx_thread_ws_sse_t *sse)
{
    sse->line = 0;
    sse->after = 0;
    sse->depth = 0;
    sse->bare = 0;
    sse->string = 0;
    sse->escape = 0;
    sse->object = 0;
}


/*
 * Whether so many bytes of an unfinished event are too many, be it that it ends
 * before its last line or not.
 */

static ngx_uint_t
ngx_thread_ws_sse_over(ngx_thread_ws_sse_t *sse, size_t len)
{
    size_t  start;

    start = sse->after ? sse->after : sse->object ? sse->line : 0;

    return start > sse->limit || len - start > sse->limit;
}


/* An event that was found: NGX_OK, NGX_DECLINED without data, NGX_ERROR. */

static ngx_int_t
ngx_thread_ws_sse_event(ngx_thread_ws_sse_t *sse, u_char *base,
    ngx_thread_ws_sse_end_t *found)
{
    ngx_uint_t  bare;

    bare = sse->bare;

    sse->cr = (*found->eol == CR);
    ngx_thread_ws_sse_begin(sse);

    if (bare) {
        ngx_str_null(&sse->event);
        sse->data.data = base;
        sse->data.len = (size_t) (found->eol - base);

        return NGX_OK;
    }

    return ngx_thread_ws_sse_lines(sse, base, found->eol, base == sse->buf);
}


/* The same of what is held, where the bytes before from were looked at. */

static ngx_int_t
ngx_thread_ws_sse_held(ngx_thread_ws_sse_t *sse, size_t from)
{
    ngx_int_t                rc;
    ngx_thread_ws_sse_end_t  found;

    for ( ;; ) {

        if (sse->next) {
            sse->len -= sse->next;
            ngx_memmove(sse->buf, sse->buf + sse->next, sse->len);
            sse->next = 0;
            from = 0;
        }

        rc = ngx_thread_ws_sse_end(sse, sse->buf, sse->buf + from,
                                   sse->buf + sse->len, &found);

        if (rc != NGX_OK) {
            return ngx_thread_ws_sse_over(sse, sse->len) ? NGX_BUSY : rc;
        }

        if ((size_t) (found.eol - sse->buf) > sse->limit) {
            return NGX_BUSY;
        }

        /* it is valid until the next append, which is the next call's */

        sse->next = (size_t) (found.next - sse->buf);

        rc = ngx_thread_ws_sse_event(sse, sse->buf, &found);

        if (sse->next == sse->len) {
            sse->next = 0;
            sse->len = 0;

            return rc;
        }

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }
}


/* The bytes from *pos on, up to a line's end, to those that are held. */

static ngx_int_t
ngx_thread_ws_sse_hold(ngx_thread_ws_sse_t *sse, u_char **pos, u_char *last)
{
    size_t   from;
    u_char  *p, *eol;

    p = *pos;
    from = sse->len;
    eol = ngx_thread_ws_sse_eol(p, last);
    *pos = eol ? eol + 1 : last;

    if (ngx_thread_ws_sse_append(sse, p, (size_t) (*pos - p)) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_thread_ws_sse_held(sse, from);
}


/* An event in the bytes given, or the beginning of one. */

static ngx_int_t
ngx_thread_ws_sse_take(ngx_thread_ws_sse_t *sse, u_char **pos, u_char *last)
{
    u_char                   *p, *eol;
    ngx_thread_ws_sse_end_t   found;

    p = *pos;

    if (*p == 'd') {

        /* nearly all events are but one line of data */

        eol = ngx_thread_ws_sse_eol(p, last);

        if (eol && eol + 1 < last && *eol == LF && eol[1] == LF
            && (size_t) (eol + 1 - p) <= sse->limit
            && ngx_thread_ws_sse_field(p, eol, "data", 4, &sse->data)
               == NGX_OK)
        {
            *pos = eol + 2;
            ngx_str_null(&sse->event);

            return NGX_OK;
        }
    }

    if (ngx_thread_ws_sse_end(sse, p, p, last, &found) == NGX_OK) {

        if ((size_t) (found.eol - p) > sse->limit) {
            return NGX_BUSY;
        }

        *pos = found.next;

        return ngx_thread_ws_sse_event(sse, p, &found);
    }

    *pos = last;

    if (ngx_thread_ws_sse_over(sse, (size_t) (last - p))) {
        return NGX_BUSY;
    }

    return (ngx_thread_ws_sse_append(sse, p, (size_t) (last - p)) == NGX_OK)
           ? NGX_AGAIN : NGX_ERROR;
}


/* What was reported last is no longer needed, where it was all that is held. */

static void
ngx_thread_ws_sse_forget(ngx_thread_ws_sse_t *sse)
{
    if (sse->next == sse->len) {
        sse->next = 0;
        sse->len = 0;
    }
}


ngx_int_t
ngx_thread_ws_sse_parse(ngx_thread_ws_sse_t *sse, u_char **pos, u_char *last)
{
    ngx_int_t  rc;

    ngx_thread_ws_sse_forget(sse);

    if (sse->len == 0 && sse->size > NGX_THREAD_WS_SSE_KEEP) {
        free(sse->buf);
        sse->buf = NULL;
        sse->size = 0;
    }

    if (!sse->started && ngx_thread_ws_sse_start(sse, pos, last) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = sse->next ? ngx_thread_ws_sse_held(sse, 0) : NGX_AGAIN;

    while ((rc == NGX_AGAIN || rc == NGX_DECLINED) && *pos < last) {

        if (sse->len) {
            rc = ngx_thread_ws_sse_hold(sse, pos, last);
            continue;
        }

        if (sse->cr) {
            sse->cr = 0;

            if (**pos == LF) {
                (*pos)++;
                continue;
            }
        }

        rc = ngx_thread_ws_sse_take(sse, pos, last);
    }

    /* an event without data is none, and one that is too large is refused */

    return (rc == NGX_DECLINED) ? NGX_AGAIN
           : (rc == NGX_BUSY) ? NGX_DECLINED : rc;
}


ngx_int_t
ngx_thread_ws_sse_finish(ngx_thread_ws_sse_t *sse)
{
    size_t      from;
    ngx_int_t   rc;

    ngx_thread_ws_sse_forget(sse);

    rc = sse->next ? ngx_thread_ws_sse_held(sse, 0) : NGX_AGAIN;

    while ((rc == NGX_AGAIN || rc == NGX_DECLINED) && sse->len) {
        from = sse->len;

        if (ngx_thread_ws_sse_append(sse, (u_char *) "\n", 1) != NGX_OK) {
            return NGX_ERROR;
        }

        if (sse->bare) {

            /* its value does not end, so that nobody can read it */

            ngx_thread_ws_sse_begin(sse);
            ngx_str_null(&sse->event);

            sse->data.data = sse->buf;
            sse->data.len = from;
            sse->len = 0;

            return NGX_OK;
        }

        rc = ngx_thread_ws_sse_held(sse, from);
    }

    return (rc == NGX_OK || rc == NGX_ERROR) ? rc : NGX_AGAIN;
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
