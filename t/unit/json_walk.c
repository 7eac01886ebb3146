
/*
 * JSON walked without a tree: which texts are JSON, their members, their depth.
 */


#include "unit.h"
#include "json/ngx_thread_ws_json_walk.h"


static void walk_test_texts(void);
static void walk_test_prefixes(void);
static void walk_test_depth(void);
static void walk_test_members(void);
static ngx_int_t walk(const char *data, size_t len);
static void walk_member(void *data, ngx_str_t *name, ngx_str_t *value);


static const char  *json[] = {
    "null", " true ", "false", "0", "-0", "10", "-1.50", "1e5", "1E+5",
    "1.0e-999", "99999999999999999999999999", "\"\"", "\"\\u0000\"",
    "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\xc3\xa9\"", "[]", "[ ]", "[1]", "[1,[2,{}],\"x\"]", "{}", "{ }",
    "{\"\":1}", "{\"a\":1,\"a\":{\"b\":[null,true]}}", "\r\n\t [ 1 , 2 ]\n"
};

static const char  *none[] = {
    "", " ", "nul", "nullx", "True", "+1", "01", "-", "-01", "1.", ".5", "1e",
    "1e+", "1.e5", "0x1", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"",
    "\"\\u12g4\"", "\"\n\"", "\"\x7f\xff\"", "\"\xc3\"", "[", "]", "[1", "[1,",
    "[1,]", "[,1]", "[1 2]", "[1}", "{", "}", "{]", "{1:2}", "{\"a\"}",
    "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{\"a\":1", "{\"a\":1]", "1 2",
    "[] []", "{}x", "\xef\xbb\xbf{}", "[1]\v"
};


int
main(void)
{
    walk_test_texts();
    walk_test_prefixes();
    walk_test_depth();
    walk_test_members();

    return unit_done();
}


static void
walk_test_texts(void)
{
    size_t  i;

    for (i = 0; i < sizeof(json) / sizeof(json[0]); i++) {
        unit_int(walk(json[i], strlen(json[i])), NGX_OK, json[i]);
    }

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        unit_int(walk(none[i], strlen(none[i])), NGX_DECLINED, none[i]);
    }

    unit_int(walk("\"\\\0\"", 4), NGX_DECLINED, "an escape of a zero byte");
    unit_int(walk("null\0", 5), NGX_DECLINED, "a zero byte");
}


static void
walk_test_prefixes(void)
{
    size_t  i, whole;

    static const char  text[] = "{\"type\":[1.5e-3,\"\\u00e9\\n\xc3\xa9\",null],"
                                "\"t\":{\"a\":false}}";

    whole = 0;

    for (i = 0; i < sizeof(text); i++) {
        whole += (walk(text, i) == NGX_OK);
    }

    unit_int(whole, 1, "no part of a text is one");
}


static void
walk_test_depth(void)
{
    size_t   i, n;
    char    *text;

    for (i = 0; i < 2; i++) {
        n = NGX_THREAD_WS_JSON_WALK_DEPTH + i;

        text = malloc(2 * n);
        memset(text, '[', n);
        memset(text + n, ']', n);

        unit_int(walk(text, 2 * n), i ? NGX_BUSY : NGX_OK,
                 i ? "one too deep" : "as deep as can be");
        unit_int(walk(text, 2 * n - 1), i ? NGX_BUSY : NGX_DECLINED,
                 i ? "one too deep, not closed" : "not closed");

        free(text);
    }
}


static void
walk_test_members(void)
{
    ngx_str_t    s;
    unit_text_t  text;

    ngx_str_set(&s, " { \"a\" : [ {\"x\":1} ] , \"\\u0062\":\"c\", \"\" :-1.0 } ");

    ngx_memzero(&text, sizeof(unit_text_t));
    unit_int(ngx_thread_ws_json_walk(&s, walk_member, &text), NGX_OK,
             "an object");
    unit_str(text.data, text.len,
             "a=[ {\"x\":1} ];\\u0062=\"c\";=-1.0;", "its members");
    unit_text_free(&text);

    ngx_str_set(&s, "[{\"a\":1}]");

    ngx_memzero(&text, sizeof(unit_text_t));
    unit_int(ngx_thread_ws_json_walk(&s, walk_member, &text), NGX_OK,
             "an object within");
    unit_int(text.len, 0, "is not the outermost");
    unit_text_free(&text);
}


static ngx_int_t
walk(const char *data, size_t len)
{
    u_char       *copy;
    ngx_int_t     rc;
    ngx_str_t     s;
    unit_text_t   text;

    copy = malloc(len ? len : 1);
    memcpy(copy, data, len);

    s.data = copy;
    s.len = len;

    ngx_memzero(&text, sizeof(unit_text_t));
    rc = ngx_thread_ws_json_walk(&s, walk_member, &text);
    unit_text_free(&text);

    free(copy);

    return rc;
}


static void
walk_member(void *data, ngx_str_t *name, ngx_str_t *value)
{
    unit_add(data, "%.*s=%.*s;", (int) name->len, name->data,
             (int) value->len, value->data);
}
