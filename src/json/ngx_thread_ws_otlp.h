
/*
 * Spans to OTLP's JSON encoding, and W3C's traceparent header.
 */


#ifndef _NGX_THREAD_WS_OTLP_H_INCLUDED_
#define _NGX_THREAD_WS_OTLP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* version, trace id, parent id, flags, in hex, with hyphens */

#define NGX_THREAD_WS_TRACEPARENT_LEN  55


typedef struct {
    u_char       trace_id[16];
    u_char       span_id[8];
    ngx_uint_t   sampled;         /* unsigned  sampled:1 */
} ngx_thread_ws_trace_context_t;


typedef enum {
    NGX_THREAD_WS_SPAN_SERVER = 2,
    NGX_THREAD_WS_SPAN_CLIENT = 3
} ngx_thread_ws_span_kind_e;


typedef struct {
    ngx_thread_ws_trace_context_t   context;
    u_char                          parent[8];
    uint64_t                        start;      /* ns since the epoch */
    unsigned                        kind:2;
    unsigned                        child:1;    /* parent is set */
    unsigned                        remote:1;   /* ... and elsewhere */
} ngx_thread_ws_otlp_span_t;


/*
 * Reads a traceparent header, Trace Context section 3.2: of version 00, or of a
 * later one as far as it is known.  NGX_OK or NGX_DECLINED.
 */

ngx_int_t ngx_thread_ws_otlp_parse(ngx_thread_ws_trace_context_t *context,
    ngx_str_t *header);

/* Writes NGX_THREAD_WS_TRACEPARENT_LEN bytes. */

u_char *ngx_thread_ws_otlp_parent(u_char *dst,
    ngx_thread_ws_trace_context_t *context);


/*
 * A span being written, by hand since each run has one.  Zero it before; after
 * ngx_thread_ws_otlp_end() the text is the caller's, to be freed by free().
 */

typedef struct {
    u_char      *data;
    size_t       len;
    size_t       size;
    ngx_uint_t   attributes;      /* written so far */
    ngx_uint_t   events;
    ngx_uint_t   failed;          /* unsigned  failed:1, no memory */
} ngx_thread_ws_otlp_text_t;


/*
 * Begins the text of a span that ends at that time, with the words of an error
 * (NULL: none), adds its attributes, then its events (times in ns), and ends
 * it.  Texts that are no UTF-8 lose what is no ASCII.  The end tells whether
 * there was memory for all of it: NGX_OK, or NGX_ERROR and there is no text.
 */

void ngx_thread_ws_otlp_begin(ngx_thread_ws_otlp_text_t *text,
    ngx_thread_ws_otlp_span_t *span, uint64_t end, ngx_str_t *name,
    char *error);
void ngx_thread_ws_otlp_string(ngx_thread_ws_otlp_text_t *text, char *key,
    ngx_str_t *value);
void ngx_thread_ws_otlp_number(ngx_thread_ws_otlp_text_t *text, char *key,
    int64_t value);
void ngx_thread_ws_otlp_list(ngx_thread_ws_otlp_text_t *text, char *key,
    ngx_str_t *value);
void ngx_thread_ws_otlp_event(ngx_thread_ws_otlp_text_t *text, char *name,
    uint64_t time);
ngx_int_t ngx_thread_ws_otlp_end(ngx_thread_ws_otlp_text_t *text);


/*
 * What is around the spans of one request, which a comma separates: resource
 * and scope.  service and version are plain ASCII.
 */

size_t ngx_thread_ws_otlp_head_size(char *service, char *version);
u_char *ngx_thread_ws_otlp_head(u_char *dst, char *service, char *version);

#define NGX_THREAD_WS_OTLP_TAIL  "]}]}]}"


/*
 * The spans that a collector says it rejected, of its answer to a request; 0
 * if it says nothing of the kind.
 */

ngx_uint_t ngx_thread_ws_otlp_rejected(u_char *data, size_t len);


#endif /* _NGX_THREAD_WS_OTLP_H_INCLUDED_ */
