
/*
 * Spans to OTLP's JSON encoding, and W3C's traceparent header.
 */


#ifndef _NGX_THREAD_WS_OTLP_H_INCLUDED_
#define _NGX_THREAD_WS_OTLP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


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
    ngx_uint_t                      kind;
    uint64_t                        start;      /* ns since the epoch */
    uint64_t                        end;
    char                           *error;      /* words; NULL: no error */
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
 * A span as jansson's object, which the caller owns.  name and the texts of
 * attributes that are no UTF-8 lose what is no ASCII.  NULL without memory.
 */

json_t *ngx_thread_ws_otlp_span(ngx_thread_ws_otlp_span_t *span,
    ngx_str_t *name);

/*
 * Adds an attribute, or an event with a time in ns.  NGX_OK; NGX_ERROR without
 * memory, or where json is NULL.
 */

ngx_int_t ngx_thread_ws_otlp_text(json_t *json, char *key, ngx_str_t *value);
ngx_int_t ngx_thread_ws_otlp_number(json_t *json, char *key, int64_t value);
ngx_int_t ngx_thread_ws_otlp_list(json_t *json, char *key, ngx_str_t *value);
ngx_int_t ngx_thread_ws_otlp_event(json_t *json, char *name, uint64_t time);


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
