
/*
 * Spans as OTLP's JSON, written by hand: each run has one.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "json/ngx_thread_ws_json.h"
#include "json/ngx_thread_ws_otlp.h"
#include "ws/ngx_thread_ws_utf8.h"


#define NGX_THREAD_WS_TRACE_SAMPLED       0x01

/* of a span's flags: it is known whether the parent is remote, and it is */

#define NGX_THREAD_WS_SPAN_REMOTE_KNOWN   0x100
#define NGX_THREAD_WS_SPAN_REMOTE         0x200

#define NGX_THREAD_WS_SPAN_ERROR          2

/* bytes of a usual span, and the most that is put at once but for texts */

#define NGX_THREAD_WS_OTLP_SIZE           1024
#define NGX_THREAD_WS_OTLP_PUT            256


static ngx_int_t ngx_thread_ws_otlp_hex(u_char *dst, u_char *src, size_t len);
static ngx_int_t ngx_thread_ws_otlp_null(u_char *p, size_t len);
static u_char *ngx_thread_ws_otlp_reserve(ngx_thread_ws_otlp_text_t *text,
    size_t size);
static void ngx_thread_ws_otlp_put(ngx_thread_ws_otlp_text_t *text,
    const char *fmt, ...);
static void ngx_thread_ws_otlp_escape(ngx_thread_ws_otlp_text_t *text,
    ngx_str_t *value);
static void ngx_thread_ws_otlp_key(ngx_thread_ws_otlp_text_t *text, char *key);


static const char  ngx_thread_ws_otlp_head1[] =
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":["
    "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"";

static const char  ngx_thread_ws_otlp_head2[] =
    "\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"ngx_thread_ws_module\","
    "\"version\":\"";

static const char  ngx_thread_ws_otlp_head3[] = "\"},\"spans\":[";


ngx_int_t
ngx_thread_ws_otlp_parse(ngx_thread_ws_trace_context_t *context,
    ngx_str_t *header)
{
    u_char  *p, version, flags;

    p = header->data;

    if (header->len < NGX_THREAD_WS_TRACEPARENT_LEN
        || p[2] != '-' || p[35] != '-' || p[52] != '-'
        || ngx_thread_ws_otlp_hex(&version, p, 1) != NGX_OK
        || version == 0xff
        || ngx_thread_ws_otlp_hex(context->trace_id, p + 3, 16) != NGX_OK
        || ngx_thread_ws_otlp_hex(context->span_id, p + 36, 8) != NGX_OK
        || ngx_thread_ws_otlp_hex(&flags, p + 53, 1) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (header->len > NGX_THREAD_WS_TRACEPARENT_LEN
        && (version == 0 || p[NGX_THREAD_WS_TRACEPARENT_LEN] != '-'))
    {
        return NGX_DECLINED;
    }

    if (ngx_thread_ws_otlp_null(context->trace_id, 16) == NGX_OK
        || ngx_thread_ws_otlp_null(context->span_id, 8) == NGX_OK)
    {
        return NGX_DECLINED;
    }

    context->sampled = flags & NGX_THREAD_WS_TRACE_SAMPLED;

    return NGX_OK;
}


/* 2 * len digits, in lower case only */

static ngx_int_t
ngx_thread_ws_otlp_hex(u_char *dst, u_char *src, size_t len)
{
    u_char  c, n;
    size_t  i;

    for (i = 0; i < 2 * len; i++) {
        c = src[i];

        if (c >= '0' && c <= '9') {
            n = (u_char) (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            n = (u_char) (c - 'a' + 10);

        } else {
            return NGX_DECLINED;
        }

        dst[i / 2] = (u_char) ((i % 2) ? (dst[i / 2] | n) : (n << 4));
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_otlp_null(u_char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (p[i]) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


u_char *
ngx_thread_ws_otlp_parent(u_char *dst, ngx_thread_ws_trace_context_t *context)
{
    *dst++ = '0';
    *dst++ = '0';
    *dst++ = '-';
    dst = ngx_hex_dump(dst, context->trace_id, 16);
    *dst++ = '-';
    dst = ngx_hex_dump(dst, context->span_id, 8);
    *dst++ = '-';
    *dst++ = '0';
    *dst++ = context->sampled ? '1' : '0';

    return dst;
}


void
ngx_thread_ws_otlp_begin(ngx_thread_ws_otlp_text_t *text,
    ngx_thread_ws_otlp_span_t *span, uint64_t end, ngx_str_t *name, char *error)
{
    u_char     trace_id[32], span_id[16], parent[16];
    ngx_str_t  words;

    ngx_hex_dump(trace_id, span->context.trace_id, 16);
    ngx_hex_dump(span_id, span->context.span_id, 8);

    ngx_thread_ws_otlp_put(text, "{\"traceId\":\"%*s\",\"spanId\":\"%*s\",",
                           (size_t) 32, trace_id, (size_t) 16, span_id);

    if (span->child) {
        ngx_hex_dump(parent, span->parent, 8);
        ngx_thread_ws_otlp_put(text, "\"parentSpanId\":\"%*s\",",
                               (size_t) 16, parent);
    }

    /* 64 bits are a string in this encoding */

    ngx_thread_ws_otlp_put(text, "\"flags\":%d,\"kind\":%ui,"
                           "\"startTimeUnixNano\":\"%uL\","
                           "\"endTimeUnixNano\":\"%uL\",\"name\":",
                           NGX_THREAD_WS_TRACE_SAMPLED
                           | NGX_THREAD_WS_SPAN_REMOTE_KNOWN
                           | (span->remote ? NGX_THREAD_WS_SPAN_REMOTE : 0),
                           span->kind, span->start, end);

    ngx_thread_ws_otlp_escape(text, name);

    if (error) {
        words.data = (u_char *) error;
        words.len = ngx_strlen(error);

        ngx_thread_ws_otlp_put(text, ",\"status\":{\"code\":%d,\"message\":",
                               NGX_THREAD_WS_SPAN_ERROR);
        ngx_thread_ws_otlp_escape(text, &words);
        ngx_thread_ws_otlp_put(text, "}");
    }

    ngx_thread_ws_otlp_put(text, ",\"attributes\":[");
}


/* room for so many bytes more; NULL without memory, now or before */

static u_char *
ngx_thread_ws_otlp_reserve(ngx_thread_ws_otlp_text_t *text, size_t size)
{
    u_char  *data;

    if (text->failed) {
        return NULL;
    }

    if (text->size - text->len < size) {
        size = ngx_max(2 * text->size,
                       text->len + size + NGX_THREAD_WS_OTLP_SIZE);

        data = realloc(text->data, size);
        if (data == NULL) {
            text->failed = 1;
            return NULL;
        }

        text->data = data;
        text->size = size;
    }

    return text->data + text->len;
}


/* what is written in one go has a bound */

static void
ngx_thread_ws_otlp_put(ngx_thread_ws_otlp_text_t *text, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    p = ngx_thread_ws_otlp_reserve(text, NGX_THREAD_WS_OTLP_PUT);
    if (p == NULL) {
        return;
    }

    va_start(args, fmt);
    p = ngx_vslprintf(p, p + NGX_THREAD_WS_OTLP_PUT, fmt, args);
    va_end(args);

    text->len = (size_t) (p - text->data);
}


/* a whole string, with its quotes */

static void
ngx_thread_ws_otlp_escape(ngx_thread_ws_otlp_text_t *text, ngx_str_t *value)
{
    u_char    *p, c;
    size_t     i;
    uint32_t   state;

    p = ngx_thread_ws_otlp_reserve(text,
                                   6 * value->len + sizeof("\"\"") - 1);
    if (p == NULL) {
        return;
    }

    *p++ = '"';

    state = NGX_THREAD_WS_UTF8_COMPLETE;

    if (value->len
        && ngx_thread_ws_utf8_check(&state, value->data, value->len) == NGX_OK
        && state == NGX_THREAD_WS_UTF8_COMPLETE)
    {
        p = ngx_thread_ws_json_escape(p, value->data, value->len);

    } else {
        for (i = 0; i < value->len; i++) {
            c = (u_char) ((value->data[i] & 0x80) ? '?' : value->data[i]);
            p = ngx_thread_ws_json_escape(p, &c, 1);
        }
    }

    *p++ = '"';

    text->len = (size_t) (p - text->data);
}


/* keys are plain */

static void
ngx_thread_ws_otlp_key(ngx_thread_ws_otlp_text_t *text, char *key)
{
    ngx_thread_ws_otlp_put(text, "%s{\"key\":\"%s\",\"value\":",
                           text->attributes++ ? "," : "", key);
}


void
ngx_thread_ws_otlp_string(ngx_thread_ws_otlp_text_t *text, char *key,
    ngx_str_t *value)
{
    ngx_thread_ws_otlp_key(text, key);
    ngx_thread_ws_otlp_put(text, "{\"stringValue\":");
    ngx_thread_ws_otlp_escape(text, value);
    ngx_thread_ws_otlp_put(text, "}}");
}


void
ngx_thread_ws_otlp_number(ngx_thread_ws_otlp_text_t *text, char *key,
    int64_t value)
{
    ngx_thread_ws_otlp_key(text, key);
    ngx_thread_ws_otlp_put(text, "{\"intValue\":\"%L\"}}", value);
}


void
ngx_thread_ws_otlp_list(ngx_thread_ws_otlp_text_t *text, char *key,
    ngx_str_t *value)
{
    ngx_thread_ws_otlp_key(text, key);
    ngx_thread_ws_otlp_put(text, "{\"arrayValue\":{\"values\":["
                           "{\"stringValue\":");
    ngx_thread_ws_otlp_escape(text, value);
    ngx_thread_ws_otlp_put(text, "}]}}}");
}


void
ngx_thread_ws_otlp_event(ngx_thread_ws_otlp_text_t *text, char *name,
    uint64_t time)
{
    ngx_thread_ws_otlp_put(text,
                           "%s{\"name\":\"%s\",\"timeUnixNano\":\"%uL\"}",
                           text->events++ ? "," : "],\"events\":[", name,
                           time);
}


ngx_int_t
ngx_thread_ws_otlp_end(ngx_thread_ws_otlp_text_t *text)
{
    ngx_thread_ws_otlp_put(text, "]}");

    if (text->failed) {
        free(text->data);
        ngx_memzero(text, sizeof(ngx_thread_ws_otlp_text_t));
        return NGX_ERROR;
    }

    return NGX_OK;
}


size_t
ngx_thread_ws_otlp_head_size(char *service, char *version)
{
    return sizeof(ngx_thread_ws_otlp_head1) + sizeof(ngx_thread_ws_otlp_head2)
           + sizeof(ngx_thread_ws_otlp_head3) + ngx_strlen(service)
           + ngx_strlen(version);
}


u_char *
ngx_thread_ws_otlp_head(u_char *dst, char *service, char *version)
{
    return ngx_sprintf(dst, "%s%s%s%s%s", ngx_thread_ws_otlp_head1, service,
                       ngx_thread_ws_otlp_head2, version,
                       ngx_thread_ws_otlp_head3);
}


ngx_uint_t
ngx_thread_ws_otlp_rejected(u_char *data, size_t len)
{
    json_t      *root, *partial, *n;
    ngx_int_t    rejected;
    json_int_t   value;

    root = json_loadb((char *) data, len, 0, NULL);
    if (root == NULL) {
        return 0;
    }

    partial = json_object_get(root, "partialSuccess");
    n = json_object_get(partial, "rejectedSpans");
    rejected = 0;

    if (json_is_string(n)) {
        rejected = ngx_atoi((u_char *) json_string_value(n),
                            json_string_length(n));

    } else if (json_is_integer(n)) {
        value = json_integer_value(n);
        rejected = (value > NGX_MAX_INT32_VALUE) ? NGX_ERROR
                                                 : (ngx_int_t) value;
    }

    json_decref(root);

    return rejected > 0 ? rejected : 0;
}
