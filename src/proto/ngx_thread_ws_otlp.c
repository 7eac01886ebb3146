
#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "ngx_thread_ws_otlp.h"
#include "ngx_thread_ws_utf8.h"


#define NGX_THREAD_WS_TRACE_SAMPLED       0x01

/* of a span's flags: it is known whether the parent is remote, and it is */

#define NGX_THREAD_WS_SPAN_REMOTE_KNOWN   0x100
#define NGX_THREAD_WS_SPAN_REMOTE         0x200

#define NGX_THREAD_WS_SPAN_ERROR          2


static ngx_int_t ngx_thread_ws_otlp_hex(u_char *dst, u_char *src, size_t len);
static ngx_int_t ngx_thread_ws_otlp_null(u_char *p, size_t len);
static json_t *ngx_thread_ws_otlp_id(u_char *id, size_t len);
static json_t *ngx_thread_ws_otlp_integer(uint64_t value);
static json_t *ngx_thread_ws_otlp_string(ngx_str_t *text);
static ngx_int_t ngx_thread_ws_otlp_attribute(json_t *json, char *key,
    json_t *value);
static ngx_int_t ngx_thread_ws_otlp_append(json_t *json, char *list,
    json_t *value);


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


json_t *
ngx_thread_ws_otlp_span(ngx_thread_ws_otlp_span_t *span, ngx_str_t *name)
{
    int      rc;
    json_t  *json, *status;

    json = json_object();
    if (json == NULL) {
        return NULL;
    }

    rc = json_object_set_new(json, "traceId",
                       ngx_thread_ws_otlp_id(span->context.trace_id, 16));
    rc |= json_object_set_new(json, "spanId",
                       ngx_thread_ws_otlp_id(span->context.span_id, 8));

    if (span->child) {
        rc |= json_object_set_new(json, "parentSpanId",
                                  ngx_thread_ws_otlp_id(span->parent, 8));
    }

    rc |= json_object_set_new(json, "flags",
                    json_integer(NGX_THREAD_WS_TRACE_SAMPLED
                                 | NGX_THREAD_WS_SPAN_REMOTE_KNOWN
                                 | (span->remote ? NGX_THREAD_WS_SPAN_REMOTE
                                                 : 0)));
    rc |= json_object_set_new(json, "name", ngx_thread_ws_otlp_string(name));
    rc |= json_object_set_new(json, "kind", json_integer(span->kind));
    rc |= json_object_set_new(json, "startTimeUnixNano",
                              ngx_thread_ws_otlp_integer(span->start));
    rc |= json_object_set_new(json, "endTimeUnixNano",
                              ngx_thread_ws_otlp_integer(span->end));
    rc |= json_object_set_new(json, "attributes", json_array());
    rc |= json_object_set_new(json, "events", json_array());

    if (span->error) {
        status = json_object();

        rc |= json_object_set_new(status, "code",
                                  json_integer(NGX_THREAD_WS_SPAN_ERROR));
        rc |= json_object_set_new(status, "message",
                                  json_string(span->error));
        rc |= json_object_set_new(json, "status", status);
    }

    if (rc) {
        json_decref(json);
        return NULL;
    }

    return json;
}


static json_t *
ngx_thread_ws_otlp_id(u_char *id, size_t len)
{
    u_char  hex[32];

    ngx_hex_dump(hex, id, len);

    return json_stringn((char *) hex, 2 * len);
}


/* 64 bits are a string in this encoding */

static json_t *
ngx_thread_ws_otlp_integer(uint64_t value)
{
    u_char  buf[NGX_INT64_LEN];

    return json_stringn((char *) buf, ngx_sprintf(buf, "%uL", value) - buf);
}


static json_t *
ngx_thread_ws_otlp_string(ngx_str_t *text)
{
    char      *copy;
    size_t     i;
    json_t    *json;
    uint32_t   state;

    if (text->len == 0) {
        return json_string("");
    }

    state = NGX_THREAD_WS_UTF8_COMPLETE;

    if (ngx_thread_ws_utf8_check(&state, text->data, text->len) == NGX_OK
        && state == NGX_THREAD_WS_UTF8_COMPLETE)
    {
        return json_stringn((char *) text->data, text->len);
    }

    copy = malloc(text->len);
    if (copy == NULL) {
        return NULL;
    }

    for (i = 0; i < text->len; i++) {
        copy[i] = (char) ((text->data[i] & 0x80) ? '?' : text->data[i]);
    }

    json = json_stringn(copy, text->len);
    free(copy);

    return json;
}


ngx_int_t
ngx_thread_ws_otlp_text(json_t *json, char *key, ngx_str_t *value)
{
    return ngx_thread_ws_otlp_attribute(json, key,
                                        json_pack("{s:o}", "stringValue",
                                            ngx_thread_ws_otlp_string(value)));
}


ngx_int_t
ngx_thread_ws_otlp_number(json_t *json, char *key, int64_t value)
{
    u_char  buf[NGX_INT64_LEN + 1];

    return ngx_thread_ws_otlp_attribute(json, key,
                                        json_pack("{s:s%}", "intValue", buf,
                                            (size_t) (ngx_sprintf(buf, "%L",
                                                            value) - buf)));
}


ngx_int_t
ngx_thread_ws_otlp_list(json_t *json, char *key, ngx_str_t *value)
{
    return ngx_thread_ws_otlp_attribute(json, key,
                                        json_pack("{s:{s:[{s:o}]}}",
                                            "arrayValue", "values",
                                            "stringValue",
                                            ngx_thread_ws_otlp_string(value)));
}


/* takes value, which may be NULL */

static ngx_int_t
ngx_thread_ws_otlp_attribute(json_t *json, char *key, json_t *value)
{
    if (value == NULL) {
        return NGX_ERROR;
    }

    return ngx_thread_ws_otlp_append(json, "attributes",
                                     json_pack("{s:s,s:o}", "key", key,
                                               "value", value));
}


ngx_int_t
ngx_thread_ws_otlp_event(json_t *json, char *name, uint64_t time)
{
    return ngx_thread_ws_otlp_append(json, "events",
                                     json_pack("{s:s,s:o}", "name", name,
                                         "timeUnixNano",
                                         ngx_thread_ws_otlp_integer(time)));
}


static ngx_int_t
ngx_thread_ws_otlp_append(json_t *json, char *list, json_t *value)
{
    if (json_array_append_new(json_object_get(json, list), value) != 0) {
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
