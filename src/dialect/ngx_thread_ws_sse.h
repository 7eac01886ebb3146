
/*
 * Server-sent events: bytes to events, as the HTML standard's section 9.2.6
 * ("Interpreting an event stream") has it, and a little more, since servers do
 * not all have it so.  Copies nothing where an event lies whole in what is
 * given and has one line of data; keeps a copy otherwise.
 *
 * More than the standard, none of which can be meant otherwise:
 *
 *   - JSON without "data:": a line that begins with a brace or a bracket is one
 *     of data; where it begins an event, the event ends with the value, over
 *     however many lines;
 *   - a line "error: ..." is one of data, of an event of the type "error";
 *   - a line of data that holds an object, after another such line, begins an
 *     event of its own: no JSON has two objects without a comma between them.
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
    size_t      next;         /* bytes of buf that were reported */
    size_t      line;         /* where the event's last line begins */
    size_t      after;        /* ... the line after its object, 0: none yet */
    size_t      depth;        /* in JSON without "data:" */
    unsigned    mark:2;       /* bytes seen of a byte order mark */
    unsigned    started:1;    /* past it */
    unsigned    cr:1;         /* the last event ended with a CR */
    unsigned    bare:1;       /* the event is JSON without "data:" */
    unsigned    string:1;     /* ... in a string of it */
    unsigned    escape:1;     /* ... after a backslash */
    unsigned    object:1;     /* the last line of data holds an object */
} ngx_thread_ws_sse_t;


/*
 * Consumes bytes from *pos on and reports one event at a time; events without
 * a line of data are passed over (an empty line of data is one).  Lines end
 * with LF, CR LF or CR; comments, id and retry are skipped.
 *
 *   NGX_OK        an event: event and data, valid until the next call, in the
 *                 parser's memory or in the bytes given, which are only read
 *   NGX_AGAIN     all bytes are consumed
 *   NGX_DECLINED  an event exceeds the limit; the parser must not be used any
 *                 further
 *   NGX_ERROR     no memory
 */

ngx_int_t ngx_thread_ws_sse_parse(ngx_thread_ws_sse_t *sse, u_char **pos,
    u_char *last);

/*
 * The stream has ended: reports what it ended in, as if blank lines followed,
 * one event with each call: NGX_OK, NGX_AGAIN if there is no more, NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_sse_finish(ngx_thread_ws_sse_t *sse);

/* whether bytes of an unfinished event are held: the stream was cut there */

#define ngx_thread_ws_sse_pending(sse)  ((sse)->len != (sse)->next)

/* whether the next byte given begins an event, whatever came before */

#define ngx_thread_ws_sse_begins(sse)                                         \
    ((sse)->started && !(sse)->cr && !ngx_thread_ws_sse_pending(sse))

/*
 * Whether the first bytes of a body look like an event stream or like JSON:
 * NGX_OK, NGX_DECLINED, or NGX_AGAIN while they may become either.
 */

ngx_int_t ngx_thread_ws_sse_look(u_char *p, u_char *last);

void ngx_thread_ws_sse_free(ngx_thread_ws_sse_t *sse);


#endif /* _NGX_THREAD_WS_SSE_H_INCLUDED_ */
