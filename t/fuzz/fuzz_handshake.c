
/*
 * Whatever a header says: origins, offers, keys, lists of tokens.
 */


#include "fuzz.h"
#include "ws/ngx_thread_ws_handshake.h"
#include "ws/ngx_thread_ws_origin.h"


/*
 * The first byte says what is read and how it is set; where two texts are
 * needed, a newline parts them.
 */


static void fuzz_key(ngx_str_t *s);
static void fuzz_list(ngx_str_t *s);
static void fuzz_deflate(ngx_str_t *s, ngx_uint_t setting);
static void fuzz_origin(ngx_str_t *s);
static ngx_uint_t fuzz_inside(ngx_str_t *part, ngx_str_t *whole);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char     *p;
    ngx_str_t   s;

    if (size < 1) {
        return 0;
    }

    /* memory of its own, of exactly this size */

    s.len = size - 1;
    p = malloc(s.len ? s.len : 1);
    if (p == NULL) {
        abort();
    }

    ngx_memcpy(p, data + 1, s.len);
    s.data = p;

    switch (data[0] & 3) {

    case 0:
        fuzz_key(&s);
        break;

    case 1:
        fuzz_list(&s);
        break;

    case 2:
        fuzz_deflate(&s, data[0] >> 2);
        break;

    default:
        fuzz_origin(&s);
    }

    free(p);

    return 0;
}


static void
fuzz_key(ngx_str_t *s)
{
    u_char     accept[NGX_THREAD_WS_ACCEPT_LEN], key[24];
    ngx_str_t  decoded;

    if (ngx_thread_ws_handshake_key(s) == NGX_OK) {
        decoded.data = key;
        fuzz_assert(ngx_decode_base64(&decoded, s) == NGX_OK);
        fuzz_assert(decoded.len == 16);
    }

    ngx_thread_ws_handshake_accept(accept, s);

    decoded.data = key;
    s->data = accept;
    s->len = NGX_THREAD_WS_ACCEPT_LEN;
    fuzz_assert(ngx_decode_base64(&decoded, s) == NGX_OK);
    fuzz_assert(decoded.len == 20);
}


/* what the one function takes out of a list, the other one finds in it */

static void
fuzz_list(ngx_str_t *s)
{
    char        name[64];
    ngx_int_t   rc;
    ngx_str_t   list, token;

    list = *s;

    while ((rc = ngx_thread_ws_handshake_next(&list, &token)) == NGX_OK) {

        fuzz_assert(token.len && fuzz_inside(&token, s));
        fuzz_assert(fuzz_inside(&list, s));

        if (token.len < sizeof(name)) {
            ngx_memcpy(name, token.data, token.len);
            name[token.len] = '\0';
            fuzz_assert(ngx_thread_ws_handshake_token(s, name) == NGX_OK);
        }
    }

    fuzz_assert(rc == NGX_DONE || rc == NGX_DECLINED);
    fuzz_assert(rc != NGX_DONE || list.len == 0);
}


/* the answer must be what a client that had asked for it would get again */

static void
fuzz_deflate(ngx_str_t *s, ngx_uint_t setting)
{
    u_char                          buf[2][NGX_THREAD_WS_DEFLATE_VALUE];
    ngx_int_t                       rc;
    ngx_str_t                       value, again;
    ngx_thread_ws_deflate_params_t  own, params, same;

    own.server_bits = 9 + (setting & 7) % 7;
    own.client_bits = 8 + ((setting >> 3) & 7);
    own.server_no_context = setting & 1;
    own.client_no_context = (setting >> 1) & 1;

    value.data = buf[0];
    value.len = 0;

    rc = ngx_thread_ws_handshake_deflate(s, &own, &params, &value);

    if (rc != NGX_OK) {
        fuzz_assert(rc == NGX_DECLINED || rc == NGX_ERROR);
        return;
    }

    fuzz_assert(value.len <= NGX_THREAD_WS_DEFLATE_VALUE);
    fuzz_assert(params.server_bits >= 9
                && params.server_bits <= own.server_bits);
    fuzz_assert(params.client_bits >= 8 && params.client_bits <= 15);
    fuzz_assert(params.server_no_context || !own.server_no_context);
    fuzz_assert(params.client_no_context || !own.client_no_context);

    again.data = buf[1];
    again.len = 0;

    rc = ngx_thread_ws_handshake_deflate(&value, &own, &same, &again);

    fuzz_assert(rc == NGX_OK);
    fuzz_assert(same.server_bits == params.server_bits);
    fuzz_assert(same.client_bits == params.client_bits);
    fuzz_assert(again.len == value.len
                && ngx_memcmp(again.data, value.data, value.len) == 0);
}


static void
fuzz_origin(ngx_str_t *s)
{
    u_char      *p;
    ngx_int_t    rc;
    ngx_str_t    origin, pattern, scheme, host;
    ngx_uint_t   port;

    p = memchr(s->data, '\n', s->len);

    origin = *s;
    pattern = *s;

    if (p) {
        origin.len = p - s->data;
        pattern.data = p + 1;
        pattern.len = s->data + s->len - pattern.data;
    }

    rc = ngx_thread_ws_origin_split(&origin, &scheme, &host, &port);
    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        fuzz_assert(scheme.len && host.len && port < 65536);
        fuzz_assert(fuzz_inside(&scheme, &origin));
        fuzz_assert(fuzz_inside(&host, &origin));

        /* whatever is one matches itself */

        fuzz_assert(ngx_thread_ws_origin_match(&origin, &origin)
                    == NGX_OK);
    }

    if (ngx_thread_ws_origin_match(&origin, &pattern) == NGX_OK) {
        fuzz_assert(rc == NGX_OK || origin.len == 4);
        fuzz_assert(pattern.len);
    }
}


static ngx_uint_t
fuzz_inside(ngx_str_t *part, ngx_str_t *whole)
{
    return part->data >= whole->data
           && part->data + part->len <= whole->data + whole->len;
}
