
/*
 * JSON as agents send it: what is harmless is taken, what is malformed is not.
 */


#include "unit.h"
#include "json/ngx_thread_ws_json_read.h"


static void json_read_test_taken(void);
static void json_read_test_malformed(void);
static void json_read_test_halves(void);
static void json_read_test_next(void);
static ngx_int_t json_read(json_t **root, char *text, ngx_uint_t halves);


int
main(void)
{
    json_read_test_taken();
    json_read_test_malformed();
    json_read_test_halves();
    json_read_test_next();

    return unit_done();
}


static void
json_read_test_taken(void)
{
    char        *dump;
    json_t      *root;
    ngx_uint_t   i;

    static char  *taken[][2] = {
        { "{}", "{}" },
        { " \t\r\n[1 ,2]", "[1,2]" },
        { "[true,false,null]", "[true,false,null]" },
        { "[-0,999999999999999999]", "[0,999999999999999999]" },
        { "[NaN,Infinity,-Infinity]", "[null,null,null]" },
        { "{\"a\":1,\"a\":2}", "{\"a\":2}" },
        { "\"\\u0000\"", "\"\\uFFFD\"" },
        { "\"a\xff\"", "\"a\\uFFFD\"" },
        { "\"\xc3\xa9\"", "\"\\u00E9\"" },
        { "\"\\ud83d\\ude00\"", "\"\\uD83D\\uDE00\"" },
        { "\"\\ud83d\"", "\"\\uFFFD\"" },
        { "\"\\ude00\\ud83d\"", "\"\\uFFFD\\uFFFD\"" },
        { "{\"\\ud83d\":0}", "{\"\\uFFFD\":0}" },
    };

    for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {

        if (json_read(&root, taken[i][0], 0) != NGX_OK) {
            unit_ok(0, "taken: %s", taken[i][0]);
            continue;
        }

        dump = json_dumps(root, JSON_COMPACT|JSON_ENCODE_ANY
                                |JSON_ENSURE_ASCII);

        unit_str(dump, strlen(dump), taken[i][1], "read: %s", taken[i][0]);

        free(dump);
        json_decref(root);
    }

    if (unit_ok(json_read(&root, "[18446744073709551616,1e999,-1e999,1e-999]",
                          0) == NGX_OK, "numbers beyond any range"))
    {
        unit_ok(json_real_value(json_array_get(root, 0)) > 1.8e19,
                "an integer that is too large is a real");
        unit_ok(json_real_value(json_array_get(root, 1)) >= 1e308,
                "a real that is too large is a large one");
        unit_ok(json_real_value(json_array_get(root, 2)) <= -1e308,
                "... of its sign");
        unit_ok(json_number_value(json_array_get(root, 3)) < 1e-300,
                "a tiny one is none or nearly");
        json_decref(root);
    }
}


static void
json_read_test_malformed(void)
{
    char         deep[20001];
    json_t      *root;
    ngx_uint_t   i;

    static char  *malformed[] = {
        "", " ", "{", "[", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}",
        "{\"a\":1,}", "\"a", "\"\\x\"", "\"\\u12\"", "tru", "nul", "-", ".5",
        "[1 2]", "]", "hello", "'a'"
    };

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        unit_int(json_read(&root, malformed[i], 0), NGX_DECLINED,
                 "malformed: %s", malformed[i]);
    }

    ngx_memset(deep, '[', 10000);
    ngx_memset(deep + 10000, ']', 10000);
    deep[20000] = '\0';

    unit_int(json_read(&root, deep, 0), NGX_DECLINED, "nested too deeply");
}


static void
json_read_test_halves(void)
{
    char    *text;
    json_t  *root;
    size_t   len;

    if (!unit_ok(json_read(&root, "\"a\\ud83d\"", 1) == NGX_OK, "a half")) {
        return;
    }

    text = (char *) json_string_value(root);
    len = json_string_length(root);

    unit_bytes(text, len, "a\xed\xa0\xbd", 4, "it is three bytes");
    unit_int(ngx_thread_ws_json_half((u_char *) text + 1,
                                     (u_char *) text + len),
             0xd83d, "... that say which");

    ngx_thread_ws_json_mend((u_char *) text, len);
    unit_bytes(text, len, "a\xef\xbf\xbd", 4, "mended");

    json_decref(root);
}


/* what comes after a value is left */

static void
json_read_test_next(void)
{
    u_char  *p, *last;
    json_t  *root;

    p = (u_char *) "{\"a\":1} [2]";
    last = p + 11;

    unit_int(ngx_thread_ws_json_read(&root, &p, last, 0), NGX_OK, "the first");
    unit_int(last - p, 4, "... ends here");
    json_decref(root);

    unit_int(ngx_thread_ws_json_read(&root, &p, last, 0), NGX_OK, "the next");
    unit_int(last - p, 0, "... is the last");
    json_decref(root);

    unit_int(ngx_thread_ws_json_read(&root, &p, last, 0), NGX_DECLINED,
             "there is no other");
}


/* of memory that ends where the text does */

static ngx_int_t
json_read(json_t **root, char *text, ngx_uint_t halves)
{
    size_t      len;
    u_char     *copy, *p;
    ngx_int_t   rc;

    len = strlen(text);
    copy = malloc(len + 1);
    ngx_memcpy(copy, text, len);

    p = copy;
    rc = ngx_thread_ws_json_read(root, &p, copy + len, halves);

    free(copy);

    return rc;
}
