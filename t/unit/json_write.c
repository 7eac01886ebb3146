
/*
 * What trees are as text again.
 */


#include "unit.h"
#include "json/ngx_thread_ws_json_read.h"
#include "json/ngx_thread_ws_json_write.h"


static void json_write_is(const char *text, const char *expected);


int
main(void)
{
    json_write_is("null", "null");
    json_write_is(" [ true , false, null ] ", "[true,false,null]");
    json_write_is("{ }", "{}");
    json_write_is("{\"b\":1,\"a\":{\"c\":[]}}", "{\"b\":1,\"a\":{\"c\":[]}}");
    json_write_is("[0,-1,999999999999999999]", "[0,-1,999999999999999999]");
    json_write_is("[0.1,1.5,-2.25e-7,1e300]", "[0.1,1.5,-2.25e-07,1e+300]");
    json_write_is("[0.30000000000000004,1e999]",
                  "[0.30000000000000004,1e+308]");
    json_write_is("[NaN]", "[null]");
    json_write_is("\"a\\\"\\\\\\n\\t\\u0001\\u0000\xc3\xa9\\ud83d\\ude00\"",
                  "\"a\\\"\\\\\\n\\t\\u0001\xef\xbf\xbd\xc3\xa9"
                  "\xf0\x9f\x98\x80\"");
    json_write_is("\"\\ud83d\"", "\"\xef\xbf\xbd\"");
    json_write_is("{\"\\udc00\":\"\xed\x95\x9c\"}",
                  "{\"\xef\xbf\xbd\":\"\xed\x95\x9c\"}");

    return unit_done();
}


static void
json_write_is(const char *text, const char *expected)
{
    json_t                 *root;
    u_char                 *p;
    ngx_int_t               rc;
    ngx_thread_ws_bytes_t   bytes;

    ngx_memzero(&bytes, sizeof(ngx_thread_ws_bytes_t));

    p = (u_char *) text;

    if (ngx_thread_ws_json_read(&root, &p, p + ngx_strlen(text), 1) != NGX_OK) {
        unit_ok(0, "%s: is read", text);
        return;
    }

    rc = ngx_thread_ws_json_write(&bytes, root);

    unit_ok(rc == NGX_OK, "%s: is written", text);
    unit_str(bytes.data, bytes.len, expected, "%s", text);

    ngx_thread_ws_bytes_free(&bytes);
    json_decref(root);
}
