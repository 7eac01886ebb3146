
/*
 * The opening handshake: header lists, origins, offers of extensions, the key.
 */


#include "unit.h"
#include "ws/ngx_thread_ws_handshake.h"
#include "ws/ngx_thread_ws_origin.h"


#define PMD        "permessage-deflate"
#define SERVER_NO  "; server_no_context_takeover"
#define CLIENT_NO  "; client_no_context_takeover"
#define SERVER_MAX "; server_max_window_bits"
#define CLIENT_MAX "; client_max_window_bits"


typedef struct {
    const char  *list;
    const char  *expected;    /* of token: what is looked for */
    ngx_int_t    rc;
} handshake_list_t;


/* own: the windows of server and client, n for a context that is not kept */

typedef struct {
    const char  *own;
    const char  *offers;
    const char  *value;       /* the answer, or NULL: declined, or "400" */
    const char  *params;      /* as own */
} handshake_offer_t;


typedef struct {
    const char  *origin;
    const char  *pattern;
    ngx_uint_t   matches;
} handshake_origin_t;


typedef struct {
    const char  *origin;
    const char  *expected;    /* NULL: declined */
} handshake_split_t;


static void handshake_test_key(void);
static void handshake_test_accept(void);
static void handshake_test_token(void);
static void handshake_test_next(void);
static void handshake_test_token_chars(void);
static void handshake_test_deflate(void);
static void handshake_test_params(void);
static void handshake_test_origin(void);
static void handshake_test_split(void);
static void handshake_own(ngx_thread_ws_deflate_params_t *params,
    const char *own);
static ngx_str_t handshake_copy(const char *text);
static ngx_int_t handshake_key(const char *text);


static handshake_list_t  handshake_tokens[] = {
    { "upgrade", "upgrade", NGX_OK },
    { "Upgrade", "upgrade", NGX_OK },
    { "UPGRADE", "upgrade", NGX_OK },
    { "keep-alive, Upgrade", "upgrade", NGX_OK },
    { "keep-alive,Upgrade", "upgrade", NGX_OK },
    { "Upgrade , keep-alive", "upgrade", NGX_OK },
    { " \t Upgrade \t ", "upgrade", NGX_OK },
    { ",, ,Upgrade,,", "upgrade", NGX_OK },
    { "h2c/1, websocket", "websocket", NGX_OK },
    { "\"odd\" (thing), websocket", "websocket", NGX_OK },
    { "", "upgrade", NGX_DECLINED },
    { ",", "upgrade", NGX_DECLINED },
    { "keep-alive", "upgrade", NGX_DECLINED },
    { "upgrad", "upgrade", NGX_DECLINED },
    { "upgrades", "upgrade", NGX_DECLINED },
    { "xupgrade", "upgrade", NGX_DECLINED },
    { "up grade", "upgrade", NGX_DECLINED },
    { "keep-alive upgrade", "upgrade", NGX_DECLINED },
    { "keep-alive; upgrade", "upgrade", NGX_DECLINED },
    { "websocket/13", "websocket", NGX_DECLINED },
};


/* the tokens, and how the list ends */

static handshake_list_t  handshake_lists[] = {
    { "", "", NGX_DONE },
    { "  \t", "", NGX_DONE },
    { ",,, ,", "", NGX_DONE },
    { "a", "a ", NGX_DONE },
    { "a,b", "a b ", NGX_DONE },
    { " a , b\t,\tc ", "a b c ", NGX_DONE },
    { ",a,,b,", "a b ", NGX_DONE },
    { "thread-ws, token.eyJh-_~!#$%&'*+^`|",
      "thread-ws token.eyJh-_~!#$%&'*+^`| ", NGX_DONE },
    { "a b", "", NGX_DECLINED },
    { "a, b c", "a ", NGX_DECLINED },
    { "a;q=1", "", NGX_DECLINED },
    { "\"a\"", "", NGX_DECLINED },
    { "a, (b)", "a ", NGX_DECLINED },
    { "a/b", "", NGX_DECLINED },
    { "a, \xc3\xa9", "a ", NGX_DECLINED },
    { "a\x7f", "", NGX_DECLINED },
};


static handshake_offer_t  handshake_offers[] = {

    /* RFC 7692 section 7.1.3, and what browsers offer */

    { "15 15", PMD, PMD, "15 15" },
    { "15 15", PMD CLIENT_MAX, PMD, "15 15" },
    { "15 15", PMD CLIENT_MAX SERVER_MAX "=10", PMD SERVER_MAX "=10",
      "10 15" },
    { "15 15", PMD CLIENT_MAX SERVER_MAX "=10, " PMD CLIENT_MAX,
      PMD SERVER_MAX "=10", "10 15" },

    /* the server's context */

    { "15 15", PMD SERVER_NO, PMD SERVER_NO, "15n 15" },
    { "15n 15", PMD, PMD SERVER_NO, "15n 15" },
    { "15n 15", PMD SERVER_NO, PMD SERVER_NO, "15n 15" },

    /* the client's context */

    { "15 15", PMD CLIENT_NO, PMD CLIENT_NO, "15 15n" },
    { "15 15n", PMD, PMD CLIENT_NO, "15 15n" },
    { "15n 15n", PMD, PMD SERVER_NO CLIENT_NO, "15n 15n" },

    /* the server's window: the smaller, told if asked for or not the most */

    { "15 15", PMD SERVER_MAX "=15", PMD SERVER_MAX "=15", "15 15" },
    { "15 15", PMD SERVER_MAX "=9", PMD SERVER_MAX "=9", "9 15" },
    { "12 15", PMD SERVER_MAX "=14", PMD SERVER_MAX "=12", "12 15" },
    { "12 15", PMD SERVER_MAX "=11", PMD SERVER_MAX "=11", "11 15" },
    { "12 15", PMD, PMD, "12 15" },
    { "9 15", PMD SERVER_MAX "=15", PMD SERVER_MAX "=9", "9 15" },
    { "15 15", PMD SERVER_MAX "=8", NULL, NULL },
    { "15 15", PMD SERVER_MAX "=8, " PMD, PMD, "15 15" },

    /* the client's window: told only to whom spoke of it */

    { "15 12", PMD, PMD, "15 15" },
    { "15 12", PMD CLIENT_MAX, PMD CLIENT_MAX "=12", "15 12" },
    { "15 12", PMD CLIENT_MAX "=14", PMD CLIENT_MAX "=12", "15 12" },
    { "15 12", PMD CLIENT_MAX "=10", PMD CLIENT_MAX "=10", "15 10" },
    { "15 15", PMD CLIENT_MAX "=8", PMD CLIENT_MAX "=8", "15 8" },
    { "15 15", PMD CLIENT_MAX "=15", PMD, "15 15" },
    { "15 8", PMD CLIENT_MAX, PMD CLIENT_MAX "=8", "15 8" },

    /* everything at once */

    { "15 15",
      PMD SERVER_NO CLIENT_NO SERVER_MAX "=10" CLIENT_MAX "=11",
      PMD SERVER_NO CLIENT_NO SERVER_MAX "=10" CLIENT_MAX "=11",
      "10n 11n" },
    { "10n 10n", PMD CLIENT_MAX,
      PMD SERVER_NO CLIENT_NO CLIENT_MAX "=10",
      "10n 10n" },

    /* quoted values, and space wherever it may be */

    { "15 15", PMD SERVER_MAX "=\"10\"", PMD SERVER_MAX "=10", "10 15" },
    { "15 15", PMD SERVER_MAX "=\"\\1\\0\"", PMD SERVER_MAX "=10", "10 15" },
    { "15 15", PMD CLIENT_MAX "=\"9\"", PMD CLIENT_MAX "=9", "15 9" },
    { "15 15", "\t" PMD " ;server_max_window_bits\t=\t10 ,x",
      PMD SERVER_MAX "=10", "10 15" },
    { "15 15", ",, " PMD " ,,", PMD, "15 15" },

    /* values that decline an offer */

    { "15 15", PMD SERVER_NO "=1", NULL, NULL },
    { "15 15", PMD CLIENT_NO "=true", NULL, NULL },
    { "15 15", PMD SERVER_MAX, NULL, NULL },
    { "15 15", PMD SERVER_MAX "=7", NULL, NULL },
    { "15 15", PMD SERVER_MAX "=16", NULL, NULL },
    { "15 15", PMD SERVER_MAX "=010", NULL, NULL },
    { "15 15", PMD SERVER_MAX "=09", NULL, NULL },
    { "15 15", PMD SERVER_MAX "=100", NULL, NULL },
    { "15 15", PMD SERVER_MAX "=1", NULL, NULL },
    { "15 15", PMD SERVER_MAX "=-9", NULL, NULL },
    { "15 15", PMD SERVER_MAX "=1x", NULL, NULL },
    { "15 15", PMD SERVER_MAX "=x", NULL, NULL },
    { "15 15", PMD CLIENT_MAX "=7", NULL, NULL },
    { "15 15", PMD CLIENT_MAX "=16", NULL, NULL },
    { "15 15", PMD CLIENT_MAX "=08", NULL, NULL },
    { "15 15", PMD CLIENT_MAX "=x", NULL, NULL },
    { "15 15", PMD CLIENT_MAX "=20", NULL, NULL },
    { "15 15", PMD CLIENT_MAX "=4294967306", NULL, NULL },

    /* twice the same, equal or not */

    { "15 15", PMD SERVER_NO SERVER_NO, NULL, NULL },
    { "15 15", PMD CLIENT_NO CLIENT_NO, NULL, NULL },
    { "15 15", PMD SERVER_MAX "=10" SERVER_MAX "=10", NULL, NULL },
    { "15 15", PMD SERVER_MAX "=10" SERVER_MAX "=11", NULL, NULL },
    { "15 15", PMD CLIENT_MAX CLIENT_MAX, NULL, NULL },
    { "15 15", PMD CLIENT_MAX CLIENT_MAX "=10", NULL, NULL },
    { "15 15", PMD CLIENT_MAX "=10" CLIENT_MAX, NULL, NULL },

    /* unknown */

    { "15 15", PMD "; x", NULL, NULL },
    { "15 15", PMD "; mux=1", NULL, NULL },
    { "15 15", PMD "; server_max_window_bit=10", NULL, NULL },
    { "15 15", PMD "; server_max_window_bits2=10", NULL, NULL },
    { "15 15", "", NULL, NULL },
    { "15 15", " , ,", NULL, NULL },
    { "15 15", "x-webkit-deflate-frame", NULL, NULL },
    { "15 15", "permessage-deflat", NULL, NULL },
    { "15 15", "permessage-deflated", NULL, NULL },

    /* the first that fits, among others */

    { "15 15", "x; y=\"z\", " PMD, PMD, "15 15" },
    { "15 15", PMD "; x, " PMD SERVER_NO ", " PMD, PMD SERVER_NO, "15n 15" },
    { "15 15", PMD SERVER_MAX "=8, " PMD SERVER_MAX "=9," PMD,
      PMD SERVER_MAX "=9", "9 15" },
    { "15 15", PMD SERVER_MAX "=8, " PMD "; x, y", NULL, NULL },

    /* no extension list */

    { "15 15", PMD " " PMD, "400", NULL },
    { "15 15", PMD ";", "400", NULL },
    { "15 15", PMD ";,", "400", NULL },
    { "15 15", PMD "; ;x", "400", NULL },
    { "15 15", PMD "; x=", "400", NULL },
    { "15 15", PMD "; x=,", "400", NULL },
    { "15 15", PMD "; =1", "400", NULL },
    { "15 15", PMD "; x=\"", "400", NULL },
    { "15 15", PMD "; x=\"1", "400", NULL },
    { "15 15", PMD "; x=\"\"", "400", NULL },
    { "15 15", PMD "; x=\"1 2\"", "400", NULL },
    { "15 15", PMD "; x=\"1\\", "400", NULL },
    { "15 15", PMD "; x=\"\\\"\"", "400", NULL },
    { "15 15", PMD "; x=\"1\"2", "400", NULL },
    { "15 15", PMD "; x=1 2", "400", NULL },
    { "15 15", PMD "=1", "400", NULL },
    { "15 15", "; x", "400", NULL },
    { "15 15", "\"" PMD "\"", "400", NULL },
    { "15 15", PMD ", x;", "400", NULL },
    { "15 15", PMD ", (x)", "400", NULL },
    { "15 15", PMD ", caf\xc3\xa9", "400", NULL },
};


static handshake_origin_t  handshake_origins[] = {
    { "https://a.example", "https://a.example", 1 },
    { "https://a.example", "https://A.Example", 1 },
    { "HTTPS://A.EXAMPLE", "https://a.example", 1 },
    { "https://a.example", "https://a.example:443", 1 },
    { "https://a.example:443", "https://a.example", 1 },
    { "http://a.example:80", "http://a.example", 1 },
    { "http://a.example:8080", "http://a.example:8080", 1 },
    { "http://127.0.0.1:3000", "http://127.0.0.1:3000", 1 },
    { "http://[::1]:3000", "http://[::1]:3000", 1 },
    { "http://[2001:DB8::1]", "http://[2001:db8::1]", 1 },
    { "chrome-extension://abcdefgh", "chrome-extension://abcdefgh", 1 },

    { "https://a.example", "http://a.example", 0 },
    { "https://a.example", "https://b.example", 0 },
    { "https://a.example", "https://a.example.org", 0 },
    { "https://a.example.org", "https://a.example", 0 },
    { "https://xa.example", "https://a.example", 0 },
    { "https://a.example:8443", "https://a.example", 0 },
    { "https://a.example:80", "https://a.example", 0 },
    { "http://a.example:443", "http://a.example", 0 },
    { "https://a.example", "https://a.example:8443", 0 },
    { "https://a.example", "a.example", 0 },
    { "a.example", "a.example", 0 },
    { "https://a.example/", "https://a.example", 0 },
    { "https://a.example", "https://a.example/", 0 },

    /* names below */

    { "https://b.a.example", "https://*.a.example", 1 },
    { "https://c.b.a.example", "https://*.a.example", 1 },
    { "https://B.A.Example:443", "https://*.a.example", 1 },
    { "https://b.a.example:8443", "https://*.a.example:8443", 1 },
    { "https://a.example", "https://*.a.example", 0 },
    { "https://.a.example", "https://*.a.example", 0 },
    { "https://ba.example", "https://*.a.example", 0 },
    { "https://evil-a.example", "https://*.a.example", 0 },
    { "https://b.a.example.org", "https://*.a.example", 0 },
    { "http://b.a.example", "https://*.a.example", 0 },
    { "https://b.a.example:8443", "https://*.a.example", 0 },
    { "https://*.a.example", "https://*.a.example", 0 },
    { "https://b.*.example", "https://b.*.example", 0 },
    { "https://b.c.example", "https://b.*.example", 0 },
    { "https://a.example", "https://*", 0 },
    { "https://a.example", "https://*.", 0 },
    { "https://a.example", "*", 0 },
    { "https://a.example", "*.example", 0 },
    { "https://b.a.example", "https://*a.example", 0 },

    /* the opaque one */

    { "null", "null", 1 },
    { "null", "https://null", 0 },
    { "null", "", 0 },
    { "https://null", "null", 0 },
    { "NULL", "null", 0 },
    { "", "", 0 },
    { "", "null", 0 },
    { "https://a.example", "null", 0 },
    { "https://a.example https://b.example", "https://a.example", 0 },
};


static handshake_split_t  handshake_parts[] = {
    { "https://a.example", "https a.example 0" },
    { "http://a.example", "http a.example 0" },
    { "HTTP://A.Example:80", "HTTP A.Example 0" },
    { "https://a.example:443", "https a.example 0" },
    { "https://a.example:80", "https a.example 80" },
    { "http://a.example:443", "http a.example 443" },
    { "http://a.example:65535", "http a.example 65535" },
    { "http://localhost:1", "http localhost 1" },
    { "http://[::]", "http [::] 0" },
    { "http://[::ffff:1.2.3.4]:81", "http [::ffff:1.2.3.4] 81" },
    { "moz-extension://0a-1b", "moz-extension 0a-1b 0" },
    { "x+y.z-1://a_b~c", "x+y.z-1 a_b~c 0" },
    { "ws://a:80", "ws a 80" },

    { "", NULL },
    { "null", NULL },
    { "https", NULL },
    { "https:", NULL },
    { "https:/", NULL },
    { "https://", NULL },
    { "https:///", NULL },
    { "https://:443", NULL },
    { "://a.example", NULL },
    { "1http://a.example", NULL },
    { "ht tp://a.example", NULL },
    { "https//a.example", NULL },
    { "https://a.example:", NULL },
    { "https://a.example:0", NULL },
    { "https://a.example:65536", NULL },
    { "https://a.example:99999", NULL },
    { "https://a.example:000443", NULL },
    { "https://a.example:-1", NULL },
    { "https://a.example:44a", NULL },
    { "https://a.example:443:443", NULL },
    { "https://a.example/", NULL },
    { "https://a.example?x", NULL },
    { "https://a.example#x", NULL },
    { "https://user@a.example", NULL },
    { "https://user:443@a.example", NULL },
    { "https://a.example, https://b.example", NULL },
    { "https://a example", NULL },
    { " https://a.example", NULL },
    { "https://a.example ", NULL },
    { "https://*.a.example", NULL },
    { "https://[", NULL },
    { "https://[]", NULL },
    { "https://[:", NULL },
    { "https://[::1", NULL },
    { "https://[::1]x", NULL },
    { "https://[::g]", NULL },
    { "https://[v1.x]", NULL },
    { "https://a\xc3\xa9.example", NULL },
};


int
main(void)
{
    handshake_test_key();
    handshake_test_accept();
    handshake_test_token();
    handshake_test_next();
    handshake_test_token_chars();
    handshake_test_deflate();
    handshake_test_params();
    handshake_test_origin();
    handshake_test_split();

    return unit_done();
}


static void
handshake_test_key(void)
{
    ngx_uint_t  i;

    static const char  *bad[] = {
        "", "==", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZQA=",
        "dGhlIHNhbXBsZSBub25jZQAA", "dGhlIHNhbXBsZSBub25j====",
        "dGhlIHNhbXBsZSBub25jZ-==", "dGhlIHNhbXBsZSBub25jZ_==",
        "dGhlIHNhbXBsZSBub25j Q==", "dGhlIHNhbXBsZSBub25j=Q==",
        "dGhlIHNhbXBsZSBub25jZQ==AAAA", "dGhlIHNhbXBsZSBub25jZ\xc3==",
        "dGhlIHNhbXBsZSBub25jZQ= ", " dGhlIHNhbXBsZSBub25jZQ=="
    };

    unit_int(handshake_key("dGhlIHNhbXBsZSBub25jZQ=="), NGX_OK,
             "RFC 6455's key");
    unit_int(handshake_key("AAAAAAAAAAAAAAAAAAAAAA=="), NGX_OK, "all zeros");
    unit_int(handshake_key("//////////////++++++0w=="), NGX_OK,
             "slash and plus");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unit_int(handshake_key(bad[i]), NGX_DECLINED, "no key: \"%s\"",
                 bad[i]);
    }
}


static ngx_int_t
handshake_key(const char *text)
{
    ngx_int_t  rc;
    ngx_str_t  key;

    key = handshake_copy(text);
    rc = ngx_thread_ws_handshake_key(&key);
    free(key.data);

    return rc;
}


static void
handshake_test_accept(void)
{
    u_char      accept[NGX_THREAD_WS_ACCEPT_LEN + 1];
    ngx_str_t   key;
    ngx_uint_t  i;

    static const char  *keys[][2] = {

        /* RFC 6455 section 1.3, and one computed by other means */

        { "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" },
        { "AAAAAAAAAAAAAAAAAAAAAA==", "ICX+Yqv66kxgM0FcWaLWlFLwTAI=" }
    };

    for (i = 0; i < 2; i++) {
        key.data = (u_char *) keys[i][0];
        key.len = ngx_strlen(keys[i][0]);

        accept[NGX_THREAD_WS_ACCEPT_LEN] = '!';
        ngx_thread_ws_handshake_accept(accept, &key);

        unit_str(accept, NGX_THREAD_WS_ACCEPT_LEN, keys[i][1],
                 "the answer to %s", keys[i][0]);
        unit_int(accept[NGX_THREAD_WS_ACCEPT_LEN], '!', "... and no more");
    }
}


static void
handshake_test_token(void)
{
    ngx_str_t          list;
    ngx_uint_t         i;
    handshake_list_t  *c;

    for (i = 0; i < sizeof(handshake_tokens) / sizeof(handshake_tokens[0]);
         i++)
    {
        c = &handshake_tokens[i];
        list = handshake_copy(c->list);

        unit_int(ngx_thread_ws_handshake_token(&list, (char *) c->expected),
                 c->rc, "%s in \"%s\"", c->expected, c->list);
        free(list.data);
    }
}


static void
handshake_test_next(void)
{
    u_char            *data;
    ngx_int_t          rc;
    ngx_str_t          list, token;
    ngx_uint_t         i;
    unit_text_t        trace;
    handshake_list_t  *c;

    for (i = 0; i < sizeof(handshake_lists) / sizeof(handshake_lists[0]); i++) {
        c = &handshake_lists[i];

        list = handshake_copy(c->list);
        data = list.data;
        ngx_memzero(&trace, sizeof(unit_text_t));

        for ( ;; ) {
            rc = ngx_thread_ws_handshake_next(&list, &token);
            if (rc != NGX_OK) {
                break;
            }

            unit_add(&trace, "%.*s ", (int) token.len, (char *) token.data);
        }

        unit_str(trace.data, trace.len, c->expected, "the list \"%s\"",
                 c->list);
        unit_int(rc, c->rc, "... and how it ends");

        unit_text_free(&trace);
        free(data);
    }
}


/* RFC 7230 section 3.2.6: tchar, all of 256 bytes */

static void
handshake_test_token_chars(void)
{
    u_char      c[1];
    ngx_int_t   rc;
    ngx_str_t   list, token;
    ngx_uint_t  i, wrong, good;

    wrong = 0;

    for (i = 0; i < 256; i++) {

        if (i == ',' || i == ' ' || i == '\t') {
            continue;
        }

        good = (i >= '0' && i <= '9') || (i >= 'a' && i <= 'z')
               || (i >= 'A' && i <= 'Z')
               || (i && ngx_strchr("!#$%&'*+-.^_`|~", i));

        c[0] = i;
        list.data = c;
        list.len = 1;

        rc = ngx_thread_ws_handshake_next(&list, &token);
        wrong += rc != (good ? NGX_OK : NGX_DECLINED);
    }

    unit_int(wrong, 0, "every byte in a token");
}


static void
handshake_test_deflate(void)
{
    u_char                           buf[NGX_THREAD_WS_DEFLATE_VALUE];
    ngx_int_t                        rc, expected;
    ngx_str_t                        offers, value;
    ngx_uint_t                       i;
    handshake_offer_t               *c;
    ngx_thread_ws_deflate_params_t   own, params;

    for (i = 0; i < sizeof(handshake_offers) / sizeof(handshake_offers[0]);
         i++)
    {
        c = &handshake_offers[i];

        handshake_own(&own, c->own);
        offers = handshake_copy(c->offers);
        value.data = buf;
        value.len = 0;
        ngx_memzero(&params, sizeof(params));

        rc = ngx_thread_ws_handshake_deflate(&offers, &own, &params, &value);
        free(offers.data);

        if (c->params == NULL) {
            expected = c->value ? NGX_ERROR : NGX_DECLINED;
            unit_int(rc, expected, "[%s] %s", c->own, c->offers);
            continue;
        }

        unit_int(rc, NGX_OK, "[%s] %s", c->own, c->offers);
        unit_str(value.data, value.len, c->value, "... the answer");

        handshake_own(&own, c->params);
        unit_ok(own.server_bits == params.server_bits
                && own.client_bits == params.client_bits
                && own.server_no_context == params.server_no_context
                && own.client_no_context == params.client_no_context,
                "... and what is agreed on");
    }
}


/* all windows against all windows, offered or not */

static void
handshake_test_params(void)
{
    u_char                          buf[NGX_THREAD_WS_DEFLATE_VALUE];
    char                            text[200];
    ngx_int_t                       rc;
    ngx_str_t                       offers, value;
    ngx_uint_t                      ours, theirs, most, wrong;
    ngx_thread_ws_deflate_params_t  own, params;

    wrong = 0;
    most = 0;
    value.data = buf;

    for (ours = 9; ours <= 15; ours++) {
        for (theirs = 8; theirs <= 15; theirs++) {
            own.server_bits = ours;
            own.client_bits = ours;
            own.server_no_context = 1;
            own.client_no_context = 1;

            offers.len = snprintf(text, sizeof(text),
                                  PMD SERVER_MAX "=%d" CLIENT_MAX "=%d",
                                  (int) ngx_max(theirs, 9), (int) theirs);
            offers.data = (u_char *) text;

            rc = ngx_thread_ws_handshake_deflate(&offers, &own, &params,
                                                 &value);

            wrong += rc != NGX_OK
                     || params.server_bits != ngx_min(ours, ngx_max(theirs, 9))
                     || params.client_bits != ngx_min(ours, theirs);

            most = ngx_max(most, value.len);
        }
    }

    unit_int(wrong, 0, "every pair of windows");
    unit_ok(most <= NGX_THREAD_WS_DEFLATE_VALUE, "the longest answer has room");
}


static void
handshake_test_origin(void)
{
    ngx_int_t            rc;
    ngx_str_t            origin, pattern;
    ngx_uint_t           i;
    handshake_origin_t  *c;

    for (i = 0; i < sizeof(handshake_origins) / sizeof(handshake_origins[0]);
         i++)
    {
        c = &handshake_origins[i];

        origin = handshake_copy(c->origin);
        pattern = handshake_copy(c->pattern);

        rc = ngx_thread_ws_origin_match(&origin, &pattern);

        unit_int(rc, c->matches ? NGX_OK : NGX_DECLINED, "%s %s %s",
                 c->origin, c->matches ? "matches" : "does not match",
                 c->pattern);

        free(origin.data);
        free(pattern.data);
    }
}


static void
handshake_test_split(void)
{
    char                text[100];
    ngx_int_t           rc;
    ngx_str_t           origin, scheme, host;
    ngx_uint_t          i, port;
    handshake_split_t  *c;

    for (i = 0; i < sizeof(handshake_parts) / sizeof(handshake_parts[0]); i++) {
        c = &handshake_parts[i];
        origin = handshake_copy(c->origin);

        rc = ngx_thread_ws_origin_split(&origin, &scheme, &host, &port);

        if (c->expected == NULL) {
            unit_int(rc, NGX_DECLINED, "no origin: \"%s\"", c->origin);

        } else if (unit_int(rc, NGX_OK, "an origin: %s", c->origin)) {
            snprintf(text, sizeof(text), "%.*s %.*s %d",
                     (int) scheme.len, (char *) scheme.data,
                     (int) host.len, (char *) host.data, (int) port);
            unit_str(text, ngx_strlen(text), c->expected, "... in its parts");
        }

        free(origin.data);
    }
}


/* "15n 12": the server's window and no context, the client's with one */

static void
handshake_own(ngx_thread_ws_deflate_params_t *params, const char *own)
{
    char  *end;

    ngx_memzero(params, sizeof(ngx_thread_ws_deflate_params_t));

    params->server_bits = strtoul(own, &end, 10);
    params->server_no_context = (*end == 'n');
    params->client_bits = strtoul(ngx_strchr(end, ' '), &end, 10);
    params->client_no_context = (*end == 'n');
}


/* in memory of its own, without a NUL behind */

static ngx_str_t
handshake_copy(const char *text)
{
    ngx_str_t  s;

    s.len = ngx_strlen(text);
    s.data = malloc(s.len ? s.len : 1);

    if (s.data == NULL) {
        abort();
    }

    ngx_memcpy(s.data, text, s.len);

    return s;
}
