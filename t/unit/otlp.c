
/*
 * Spans in OTLP's JSON.
 */


#include "unit.h"
#include <jansson.h>
#include "json/ngx_thread_ws_otlp.h"


#define OTLP_TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define OTLP_END    1700000001000000000ULL
#define OTLP_SPAN   "00f067aa0ba902b7"


typedef struct {
    const char  *text;
    ngx_int_t    rc;
    ngx_uint_t   sampled;
} otlp_header_t;


typedef struct {
    const char  *text;
    ngx_uint_t   rejected;
} otlp_answer_t;


static void otlp_test_parse(void);
static void otlp_test_parent(void);
static void otlp_test_span(void);
static void otlp_test_attributes(void);
static void otlp_test_request(void);
static void otlp_test_rejected(void);
static void otlp_span(ngx_thread_ws_otlp_span_t *span);
static void otlp_is(ngx_thread_ws_otlp_text_t *text, const char *expected,
    const char *name);
static void otlp_json(const u_char *data, size_t len, const char *name);


static otlp_header_t  otlp_headers[] = {
    { "00-" OTLP_TRACE "-" OTLP_SPAN "-01", NGX_OK, 1 },
    { "00-" OTLP_TRACE "-" OTLP_SPAN "-00", NGX_OK, 0 },
    { "00-" OTLP_TRACE "-" OTLP_SPAN "-02", NGX_OK, 0 },
    { "00-" OTLP_TRACE "-" OTLP_SPAN "-ff", NGX_OK, 1 },
    { "cc-" OTLP_TRACE "-" OTLP_SPAN "-01", NGX_OK, 1 },
    { "cc-" OTLP_TRACE "-" OTLP_SPAN "-01-what-will-be", NGX_OK, 1 },

    { "", NGX_DECLINED, 0 },
    { "00", NGX_DECLINED, 0 },
    { "ff-" OTLP_TRACE "-" OTLP_SPAN "-01", NGX_DECLINED, 0 },
    { "0g-" OTLP_TRACE "-" OTLP_SPAN "-01", NGX_DECLINED, 0 },
    { "00-" OTLP_TRACE "-" OTLP_SPAN "-1", NGX_DECLINED, 0 },
    { "00-" OTLP_TRACE "-" OTLP_SPAN "-0g", NGX_DECLINED, 0 },
    { "00-" OTLP_TRACE "-" OTLP_SPAN "-01-", NGX_DECLINED, 0 },
    { "cc-" OTLP_TRACE "-" OTLP_SPAN "-01.what", NGX_DECLINED, 0 },
    { "00_" OTLP_TRACE "-" OTLP_SPAN "-01", NGX_DECLINED, 0 },
    { "00-" OTLP_TRACE "_" OTLP_SPAN "-01", NGX_DECLINED, 0 },
    { "00-" OTLP_TRACE "-" OTLP_SPAN "_01", NGX_DECLINED, 0 },
    { "00-4BF92F3577B34DA6A3CE929D0E0E4736-" OTLP_SPAN "-01",
      NGX_DECLINED, 0 },
    { "00-" OTLP_TRACE "-00F067AA0BA902B7-01", NGX_DECLINED, 0 },
    { "00-00000000000000000000000000000000-" OTLP_SPAN "-01",
      NGX_DECLINED, 0 },
    { "00-" OTLP_TRACE "-0000000000000000-01", NGX_DECLINED, 0 }
};


static otlp_answer_t  otlp_answers[] = {
    { "{}", 0 },
    { "{\"partialSuccess\":{}}", 0 },
    { "{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"x\"}}",
      3 },
    { "{\"partialSuccess\":{\"rejectedSpans\":12}}", 12 },
    { "{\"partialSuccess\":{\"rejectedSpans\":-1}}", 0 },
    { "{\"partialSuccess\":{\"rejectedSpans\":\"-1\"}}", 0 },
    { "{\"partialSuccess\":{\"rejectedSpans\":99999999999}}", 0 },
    { "{\"partialSuccess\":{\"rejectedSpans\":\"\"}}", 0 },
    { "{\"partialSuccess\":{\"rejectedSpans\":[1]}}", 0 },
    { "{\"partialSuccess\":7}", 0 },
    { "[{\"partialSuccess\":{\"rejectedSpans\":12}}]", 0 },
    { "<html>", 0 },
    { "\xff\xfe\x00", 0 },
    { "", 0 }
};


int
main(void)
{
    otlp_test_parse();
    otlp_test_parent();
    otlp_test_span();
    otlp_test_attributes();
    otlp_test_request();
    otlp_test_rejected();

    return unit_done();
}


static void
otlp_test_parse(void)
{
    size_t                          len;
    u_char                         *copy;
    ngx_str_t                       header;
    ngx_uint_t                      i;
    ngx_thread_ws_trace_context_t   context;

    for (i = 0; i < sizeof(otlp_headers) / sizeof(otlp_header_t); i++) {

        /* memory of its own, so that a sanitizer sees what reads beyond it */

        len = ngx_strlen(otlp_headers[i].text);
        copy = malloc(len + (len == 0));
        ngx_memcpy(copy, otlp_headers[i].text, len);

        header.data = copy;
        header.len = len;

        unit_int(ngx_thread_ws_otlp_parse(&context, &header),
                 otlp_headers[i].rc, "traceparent \"%s\"",
                 otlp_headers[i].text);

        if (otlp_headers[i].rc == NGX_OK) {
            unit_int(context.sampled, otlp_headers[i].sampled,
                     "traceparent \"%s\": sampled", otlp_headers[i].text);
        }

        free(copy);
    }
}


static void
otlp_test_parent(void)
{
    u_char                         dst[NGX_THREAD_WS_TRACEPARENT_LEN];
    ngx_str_t                      header;
    ngx_uint_t                     i;
    ngx_thread_ws_trace_context_t  context;

    for (i = 0; i < 2; i++) {
        header.data = (u_char *) otlp_headers[i].text;
        header.len = ngx_strlen(header.data);

        (void) ngx_thread_ws_otlp_parse(&context, &header);

        unit_int(ngx_thread_ws_otlp_parent(dst, &context) - dst, sizeof(dst),
                 "a traceparent's length");
        unit_str(dst, sizeof(dst), otlp_headers[i].text,
                 "a traceparent is written as it was read");
    }
}


static void
otlp_span(ngx_thread_ws_otlp_span_t *span)
{
    ngx_str_t  header;

    ngx_memzero(span, sizeof(ngx_thread_ws_otlp_span_t));

    header.data = (u_char *) otlp_headers[0].text;
    header.len = ngx_strlen(header.data);

    (void) ngx_thread_ws_otlp_parse(&span->context, &header);

    span->kind = NGX_THREAD_WS_SPAN_SERVER;
    span->start = 1700000000123456789ULL;
}


static void
otlp_test_span(void)
{
    ngx_str_t                  name;
    ngx_thread_ws_otlp_span_t  span;
    ngx_thread_ws_otlp_text_t  text;

    otlp_span(&span);
    ngx_str_set(&name, "a connection");

    ngx_memzero(&text, sizeof(text));
    ngx_thread_ws_otlp_begin(&text, &span, OTLP_END, &name, NULL);

    otlp_is(&text,
            "{\"traceId\":\"" OTLP_TRACE "\",\"spanId\":\"" OTLP_SPAN "\","
            "\"flags\":257,\"kind\":2,"
            "\"startTimeUnixNano\":\"1700000000123456789\","
            "\"endTimeUnixNano\":\"1700000001000000000\","
            "\"name\":\"a connection\",\"attributes\":[]}",
            "a root");

    ngx_memcpy(span.parent, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
    span.child = 1;
    span.remote = 1;
    span.kind = NGX_THREAD_WS_SPAN_CLIENT;
    ngx_str_set(&name, "chat \xff\xc3\xbc");

    ngx_memzero(&text, sizeof(text));
    ngx_thread_ws_otlp_begin(&text, &span, OTLP_END, &name, "it \"failed\"");

    otlp_is(&text,
            "{\"traceId\":\"" OTLP_TRACE "\",\"spanId\":\"" OTLP_SPAN "\","
            "\"parentSpanId\":\"0123456789abcdef\","
            "\"flags\":769,\"kind\":3,"
            "\"startTimeUnixNano\":\"1700000000123456789\","
            "\"endTimeUnixNano\":\"1700000001000000000\","
            "\"name\":\"chat ???\","
            "\"status\":{\"code\":2,\"message\":\"it \\\"failed\\\"\"},"
            "\"attributes\":[]}",
            "a child with an error, its parent elsewhere");
}


static void
otlp_test_attributes(void)
{
    u_char                     *large;
    ngx_str_t                   name, value;
    ngx_thread_ws_otlp_span_t   span;
    ngx_thread_ws_otlp_text_t   text;

    otlp_span(&span);
    ngx_str_set(&name, "x");

    ngx_memzero(&text, sizeof(text));
    ngx_thread_ws_otlp_begin(&text, &span, OTLP_END, &name, NULL);

    ngx_str_set(&value, "t\"1\xc3\xbc");
    ngx_thread_ws_otlp_string(&text, "text", &value);

    ngx_str_null(&value);
    ngx_thread_ws_otlp_string(&text, "none", &value);

    ngx_thread_ws_otlp_number(&text, "n", 9007199254740993LL);
    ngx_thread_ws_otlp_number(&text, "min", INT64_MIN);

    ngx_str_set(&value, "stop");
    ngx_thread_ws_otlp_list(&text, "list", &value);

    ngx_thread_ws_otlp_event(&text, "first_token", 1700000000123456790ULL);
    ngx_thread_ws_otlp_event(&text, "cancel", 1700000000123456791ULL);

    otlp_is(&text,
            "{\"traceId\":\"" OTLP_TRACE "\",\"spanId\":\"" OTLP_SPAN "\","
            "\"flags\":257,\"kind\":2,"
            "\"startTimeUnixNano\":\"1700000000123456789\","
            "\"endTimeUnixNano\":\"1700000001000000000\",\"name\":\"x\","
            "\"attributes\":["
            "{\"key\":\"text\",\"value\":{\"stringValue\":\"t\\\"1\xc3\xbc\"}},"
            "{\"key\":\"none\",\"value\":{\"stringValue\":\"\"}},"
            "{\"key\":\"n\",\"value\":{\"intValue\":\"9007199254740993\"}},"
            "{\"key\":\"min\","
            "\"value\":{\"intValue\":\"-9223372036854775808\"}},"
            "{\"key\":\"list\",\"value\":"
            "{\"arrayValue\":{\"values\":[{\"stringValue\":\"stop\"}]}}}],"
            "\"events\":[{\"name\":\"first_token\","
            "\"timeUnixNano\":\"1700000000123456790\"},"
            "{\"name\":\"cancel\","
            "\"timeUnixNano\":\"1700000000123456791\"}]}",
            "attributes and events");

    /* beyond what is reserved at first, all of it to be escaped */

    value.len = 5000;
    value.data = large = malloc(value.len);
    ngx_memset(large, 1, value.len);

    ngx_memzero(&text, sizeof(text));
    ngx_thread_ws_otlp_begin(&text, &span, OTLP_END, &value, NULL);
    ngx_thread_ws_otlp_string(&text, "large", &value);
    ngx_thread_ws_otlp_list(&text, "list", &value);

    unit_int(ngx_thread_ws_otlp_end(&text), NGX_OK, "a large span");
    unit_ok(text.len > 3 * 6 * value.len, "a large span: its length");
    otlp_json(text.data, text.len, "a large span is JSON");

    free(text.data);
    free(large);
}


static void
otlp_test_request(void)
{
    u_char  *data, *p;
    size_t   size;

    size = ngx_thread_ws_otlp_head_size("nginx", "1.2");
    data = malloc(size + sizeof(NGX_THREAD_WS_OTLP_TAIL) + sizeof("{},{}"));

    p = ngx_thread_ws_otlp_head(data, "nginx", "1.2");

    unit_ok((size_t) (p - data) <= size, "a request's head: its size");

    p = ngx_cpymem(p, "{},{}", 5);
    p = ngx_cpymem(p, NGX_THREAD_WS_OTLP_TAIL,
                   sizeof(NGX_THREAD_WS_OTLP_TAIL) - 1);

    *p = '\0';

    unit_str(data, p - data,
            "{\"resourceSpans\":[{\"resource\":{\"attributes\":["
            "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"nginx\"}}"
            "]},\"scopeSpans\":[{\"scope\":{\"name\":\"ngx_thread_ws_module\","
            "\"version\":\"1.2\"},\"spans\":[{},{}]}]}]}",
            "a request");
    otlp_json(data, p - data, "a request is JSON");

    free(data);
}


static void
otlp_test_rejected(void)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(otlp_answers) / sizeof(otlp_answer_t); i++) {
        unit_int(ngx_thread_ws_otlp_rejected((u_char *) otlp_answers[i].text,
                                             ngx_strlen(otlp_answers[i].text)),
                 otlp_answers[i].rejected, "answer %s", otlp_answers[i].text);
    }
}


/* ends the text, and takes it */

static void
otlp_is(ngx_thread_ws_otlp_text_t *text, const char *expected,
    const char *name)
{
    unit_int(ngx_thread_ws_otlp_end(text), NGX_OK, "%s: memory", name);
    unit_str(text->data, text->len, expected, "%s", name);

    otlp_json(text->data, text->len, name);

    free(text->data);
}


static void
otlp_json(const u_char *data, size_t len, const char *name)
{
    json_t  *json;

    json = json_loadb((const char *) data, len, JSON_REJECT_DUPLICATES, NULL);

    unit_ok(json != NULL, "%s: JSON", name);

    json_decref(json);
}
