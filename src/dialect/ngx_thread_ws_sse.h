
/*
 * Server-sent events: bytes to events, as the HTML standard's section 9.2.6
 * ("Interpreting an event stream") has it.  Works in place where an event lies
 * whole in what is given, and keeps a copy of what is left over otherwise.
 */


#ifndef _NGX_THREAD_WS_SSE_H_INCLUDED_
#define _NGX_THREAD_WS_SSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Zero the structure, then set limit; the rest is the parser's.  Its memory is
 * malloc's: release it by ngx_thread_ws_sse_free().
 */

typedef struct {
    size_t      limit;        /* bytes of one event, its lines together */
    ngx_str_t   event;        /* out: the event's type, empty if it has none */
    ngx_str_t   data;         /* out: its data lines, joined by LF */

    u_char     *buf;          /* the beginning of an event not whole yet */
    size_t      len;
    size_t      size;
    u_char     *type;         /* a copy of event, where joining moved it */
    unsigned    mark:2;       /* bytes seen of a byte order mark */
    unsigned    started:1;    /* past it */
    unsigned    cr:1;         /* the last event ended with a CR */
} ngx_thread_ws_sse_t;


/*
 * Consumes bytes from *pos on and reports one event at a time; events without
 * a line of data are passed over (an empty line of data is one).  Lines end
 * with LF, CR LF or CR; comments, id and retry are skipped.  An event that the
 * stream ends in is never reported.
 *
 *   NGX_OK        an event: event and data, valid until the next call, in the
 *                 parser's memory or in the bytes given (which it may change)
 *   NGX_AGAIN     all bytes are consumed
 *   NGX_DECLINED  an event exceeds the limit; the parser must not be used any
 *                 further
 *   NGX_ERROR     no memory
 */

ngx_int_t ngx_thread_ws_sse_parse(ngx_thread_ws_sse_t *sse, u_char **pos,
    u_char *last);

/* whether bytes of an unfinished event are held: the stream was cut there */

#define ngx_thread_ws_sse_pending(sse)  ((sse)->len != 0)

void ngx_thread_ws_sse_free(ngx_thread_ws_sse_t *sse);


#endif /* _NGX_THREAD_WS_SSE_H_INCLUDED_ */
