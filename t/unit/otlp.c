#include "unit.h"
#include "ngx_thread_ws_otlp.h"


#define OTLP_TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
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
static void otlp_test_null(void);
static void otlp_span(ngx_thread_ws_otlp_span_t *span);
static void otlp_is(json_t *json, const char *expected, const char *name);


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
    otlp_test_null();

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
    span->end = 1700000001000000000ULL;
}


static void
otlp_test_span(void)
{
    ngx_str_t                  name;
    ngx_thread_ws_otlp_span_t  span;

    otlp_span(&span);
    ngx_str_set(&name, "a connection");

    otlp_is(ngx_thread_ws_otlp_span(&span, &name),
            "{\"traceId\":\"" OTLP_TRACE "\",\"spanId\":\"" OTLP_SPAN "\","
            "\"flags\":257,\"name\":\"a connection\",\"kind\":2,"
            "\"startTimeUnixNano\":\"1700000000123456789\","
            "\"endTimeUnixNano\":\"1700000001000000000\","
            "\"attributes\":[],\"events\":[]}",
            "a root");

    ngx_memcpy(span.parent, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
    span.child = 1;
    span.remote = 1;
    span.kind = NGX_THREAD_WS_SPAN_CLIENT;
    span.error = "it \"failed\"";
    ngx_str_set(&name, "chat \xff\xc3\xbc");

    otlp_is(ngx_thread_ws_otlp_span(&span, &name),
            "{\"traceId\":\"" OTLP_TRACE "\",\"spanId\":\"" OTLP_SPAN "\","
            "\"parentSpanId\":\"0123456789abcdef\","
            "\"flags\":769,\"name\":\"chat ???\",\"kind\":3,"
            "\"startTimeUnixNano\":\"1700000000123456789\","
            "\"endTimeUnixNano\":\"1700000001000000000\","
            "\"attributes\":[],\"events\":[],"
            "\"status\":{\"code\":2,\"message\":\"it \\\"failed\\\"\"}}",
            "a child with an error, its parent elsewhere");
}


static void
otlp_test_attributes(void)
{
    json_t                     *json;
    ngx_str_t                   name, value;
    ngx_thread_ws_otlp_span_t   span;

    otlp_span(&span);
    ngx_str_set(&name, "x");

    json = ngx_thread_ws_otlp_span(&span, &name);

    ngx_str_set(&value, "t\"1\xc3\xbc");
    unit_int(ngx_thread_ws_otlp_text(json, "text", &value), NGX_OK, "a text");

    ngx_str_null(&value);
    unit_int(ngx_thread_ws_otlp_text(json, "none", &value), NGX_OK,
             "an empty text");

    unit_int(ngx_thread_ws_otlp_number(json, "n", 9007199254740993LL), NGX_OK,
             "a number");
    unit_int(ngx_thread_ws_otlp_number(json, "min", INT64_MIN), NGX_OK,
             "the least number");

    ngx_str_set(&value, "stop");
    unit_int(ngx_thread_ws_otlp_list(json, "list", &value), NGX_OK, "a list");

    unit_int(ngx_thread_ws_otlp_event(json, "first_token",
                                      1700000000123456790ULL),
             NGX_OK, "an event");

    otlp_is(json,
            "{\"traceId\":\"" OTLP_TRACE "\",\"spanId\":\"" OTLP_SPAN "\","
            "\"flags\":257,\"name\":\"x\",\"kind\":2,"
            "\"startTimeUnixNano\":\"1700000000123456789\","
            "\"endTimeUnixNano\":\"1700000001000000000\",\"attributes\":["
            "{\"key\":\"text\",\"value\":{\"stringValue\":\"t\\\"1\xc3\xbc\"}},"
            "{\"key\":\"none\",\"value\":{\"stringValue\":\"\"}},"
            "{\"key\":\"n\",\"value\":{\"intValue\":\"9007199254740993\"}},"
            "{\"key\":\"min\","
            "\"value\":{\"intValue\":\"-9223372036854775808\"}},"
            "{\"key\":\"list\",\"value\":"
            "{\"arrayValue\":{\"values\":[{\"stringValue\":\"stop\"}]}}}],"
            "\"events\":[{\"name\":\"first_token\","
            "\"timeUnixNano\":\"1700000000123456790\"}]}",
            "attributes and events");
}


static void
otlp_test_request(void)
{
    u_char      *data, *p;
    size_t       size;
    json_t      *json;

    size = ngx_thread_ws_otlp_head_size("nginx", "1.2");
    data = malloc(size + sizeof(NGX_THREAD_WS_OTLP_TAIL) + sizeof("{},{}"));

    p = ngx_thread_ws_otlp_head(data, "nginx", "1.2");

    unit_ok((size_t) (p - data) <= size, "a request's head: its size");

    p = ngx_cpymem(p, "{},{}", 5);
    p = ngx_cpymem(p, NGX_THREAD_WS_OTLP_TAIL,
                   sizeof(NGX_THREAD_WS_OTLP_TAIL) - 1);

    json = json_loadb((char *) data, p - data, JSON_REJECT_DUPLICATES, NULL);

    otlp_is(json,
            "{\"resourceSpans\":[{\"resource\":{\"attributes\":["
            "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"nginx\"}}"
            "]},\"scopeSpans\":[{\"scope\":{\"name\":\"ngx_thread_ws_module\","
            "\"version\":\"1.2\"},\"spans\":[{},{}]}]}]}",
            "a request");

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


static void
otlp_test_null(void)
{
    ngx_str_t  value;

    ngx_str_set(&value, "x");

    unit_int(ngx_thread_ws_otlp_text(NULL, "a", &value), NGX_ERROR,
             "a text for no span");
    unit_int(ngx_thread_ws_otlp_number(NULL, "a", 1), NGX_ERROR,
             "a number for no span");
    unit_int(ngx_thread_ws_otlp_event(NULL, "a", 1), NGX_ERROR,
             "an event for no span");
}


/* takes json */

static void
otlp_is(json_t *json, const char *expected, const char *name)
{
    char  *text;

    text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    unit_str(text ? text : "", text ? ngx_strlen(text) : 0, expected, "%s",
             name);

    free(text);
    json_decref(json);
}
