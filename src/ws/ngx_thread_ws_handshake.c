
/*
 * The handshake's grammars: tokens, keys, extension offers, origins.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_sha1.h>
#include "ws/ngx_thread_ws_handshake.h"
#include "base/ngx_thread_ws_string.h"


#define NGX_THREAD_WS_GUID       "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define NGX_THREAD_WS_KEY_LEN    24

#define ngx_thread_ws_is_digit(c)  ((c) >= '0' && (c) <= '9')
#define ngx_thread_ws_is_alpha(c)                                             \
    (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')
#define ngx_thread_ws_is_alnum(c)                                             \
    (ngx_thread_ws_is_digit(c) || ngx_thread_ws_is_alpha(c))


/* a parameter of an extension offer */

typedef struct {
    ngx_str_t   name;
    u_char      value[3];     /* unquoted; of a longer one only the beginning */
    size_t      len;          /* of all of it */
    ngx_uint_t  given;        /* unsigned  given:1 */
} ngx_thread_ws_param_t;


/* one permessage-deflate offer, 0 where a window is not asked for */

typedef struct {
    ngx_uint_t  server_bits;
    ngx_uint_t  client_bits;
    unsigned    server_no_context:1;
    unsigned    client_no_context:1;
    unsigned    client_window:1;  /* client_max_window_bits was there */
    unsigned    declined:1;
} ngx_thread_ws_offer_t;


static ngx_uint_t ngx_thread_ws_is_token_char(u_char c);
static void ngx_thread_ws_skip_space(ngx_str_t *s);
static ngx_uint_t ngx_thread_ws_skip_char(ngx_str_t *s, u_char c);
static ngx_int_t ngx_thread_ws_take_token(ngx_str_t *s, ngx_str_t *token);
static ngx_int_t ngx_thread_ws_take_param(ngx_str_t *s,
    ngx_thread_ws_param_t *param);
static ngx_int_t ngx_thread_ws_take_quoted(ngx_str_t *s,
    ngx_thread_ws_param_t *param);
static void ngx_thread_ws_offer_param(ngx_thread_ws_offer_t *offer,
    ngx_thread_ws_param_t *param);
static ngx_uint_t ngx_thread_ws_offer_bits(ngx_thread_ws_param_t *param);
static ngx_int_t ngx_thread_ws_offer_fit(ngx_thread_ws_offer_t *offer,
    ngx_thread_ws_deflate_params_t *own,
    ngx_thread_ws_deflate_params_t *params, ngx_str_t *value);


ngx_int_t
ngx_thread_ws_handshake_key(ngx_str_t *key)
{
    u_char      c;
    ngx_uint_t  i;

    /* 16 bytes are 22 digits and two paddings */

    if (key->len != NGX_THREAD_WS_KEY_LEN
        || key->data[NGX_THREAD_WS_KEY_LEN - 2] != '='
        || key->data[NGX_THREAD_WS_KEY_LEN - 1] != '=')
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < NGX_THREAD_WS_KEY_LEN - 2; i++) {
        c = key->data[i];

        if (!ngx_thread_ws_is_alnum(c) && c != '+' && c != '/') {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


void
ngx_thread_ws_handshake_accept(u_char *dst, ngx_str_t *key)
{
    u_char      hash[20];
    ngx_str_t   digest, text;
    ngx_sha1_t  sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, key->data, key->len);
    ngx_sha1_update(&sha1, NGX_THREAD_WS_GUID, sizeof(NGX_THREAD_WS_GUID) - 1);
    ngx_sha1_final(hash, &sha1);

    digest.data = hash;
    digest.len = sizeof(hash);
    text.data = dst;

    ngx_encode_base64(&text, &digest);
}


ngx_int_t
ngx_thread_ws_handshake_token(ngx_str_t *list, char *token)
{
    size_t   len;
    u_char  *p, *start, *end, *last;

    /*
     * An element that is not a token (Upgrade's may have a version) is some
     * other's: it is passed over
     */

    len = ngx_strlen(token);
    p = list->data;
    last = p + list->len;

    while (p < last) {

        start = p;

        while (p < last && *p != ',') {
            p++;
        }

        end = p++;

        while (start < end && (*start == ' ' || *start == '\t')) {
            start++;
        }

        while (end > start && (end[-1] == ' ' || end[-1] == '\t')) {
            end--;
        }

        if ((size_t) (end - start) == len
            && ngx_strncasecmp(start, (u_char *) token, len) == 0)
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_thread_ws_handshake_next(ngx_str_t *list, ngx_str_t *token)
{
    /* empty elements do no harm, RFC 7230 section 7 */

    do {
        ngx_thread_ws_skip_space(list);
    } while (ngx_thread_ws_skip_char(list, ','));

    if (list->len == 0) {
        return NGX_DONE;
    }

    if (ngx_thread_ws_take_token(list, token) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_thread_ws_skip_space(list);

    if (list->len && !ngx_thread_ws_skip_char(list, ',')) {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_handshake_deflate(ngx_str_t *offers,
    ngx_thread_ws_deflate_params_t *own,
    ngx_thread_ws_deflate_params_t *params, ngx_str_t *value)
{
    ngx_int_t              rc;
    ngx_str_t              s, name;
    ngx_thread_ws_offer_t  offer;
    ngx_thread_ws_param_t  param;

    static ngx_str_t  deflate = ngx_string("permessage-deflate");

    s = *offers;
    rc = NGX_DECLINED;

    /* the grammar is checked to the end, though the first that fits is taken */

    for ( ;; ) {

        do {
            ngx_thread_ws_skip_space(&s);
        } while (ngx_thread_ws_skip_char(&s, ','));

        if (s.len == 0) {
            return rc;
        }

        if (ngx_thread_ws_take_token(&s, &name) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_memzero(&offer, sizeof(ngx_thread_ws_offer_t));

        for ( ;; ) {
            ngx_thread_ws_skip_space(&s);

            if (!ngx_thread_ws_skip_char(&s, ';')) {
                break;
            }

            if (ngx_thread_ws_take_param(&s, &param) != NGX_OK) {
                return NGX_ERROR;
            }

            ngx_thread_ws_offer_param(&offer, &param);
        }

        if (s.len && s.data[0] != ',') {
            return NGX_ERROR;
        }

        if (rc != NGX_OK && ngx_thread_ws_string_equal(&name, &deflate)) {
            rc = ngx_thread_ws_offer_fit(&offer, own, params, value);
        }
    }
}


/* RFC 7230 section 3.2.6: what is visible and no delimiter */

static ngx_uint_t
ngx_thread_ws_is_token_char(u_char c)
{
    if (c <= 0x20 || c >= 0x7f) {
        return 0;
    }

    return ngx_strchr("\"(),/:;<=>?@[\\]{}", c) == NULL;
}


static void
ngx_thread_ws_skip_space(ngx_str_t *s)
{
    while (s->len && (s->data[0] == ' ' || s->data[0] == '\t')) {
        s->data++;
        s->len--;
    }
}


static ngx_uint_t
ngx_thread_ws_skip_char(ngx_str_t *s, u_char c)
{
    if (s->len == 0 || s->data[0] != c) {
        return 0;
    }

    s->data++;
    s->len--;

    return 1;
}


static ngx_int_t
ngx_thread_ws_take_token(ngx_str_t *s, ngx_str_t *token)
{
    token->data = s->data;

    while (s->len && ngx_thread_ws_is_token_char(s->data[0])) {
        s->data++;
        s->len--;
    }

    token->len = s->data - token->data;

    return token->len ? NGX_OK : NGX_DECLINED;
}


/* name, or name = value, after the semicolon */

static ngx_int_t
ngx_thread_ws_take_param(ngx_str_t *s, ngx_thread_ws_param_t *param)
{
    ngx_str_t  value;

    ngx_memzero(param, sizeof(ngx_thread_ws_param_t));

    ngx_thread_ws_skip_space(s);

    if (ngx_thread_ws_take_token(s, &param->name) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_thread_ws_skip_space(s);

    if (!ngx_thread_ws_skip_char(s, '=')) {
        return NGX_OK;
    }

    param->given = 1;

    ngx_thread_ws_skip_space(s);

    if (ngx_thread_ws_skip_char(s, '"')) {
        return ngx_thread_ws_take_quoted(s, param);
    }

    if (ngx_thread_ws_take_token(s, &value) != NGX_OK) {
        return NGX_DECLINED;
    }

    param->len = value.len;
    ngx_memcpy(param->value, value.data,
               ngx_min(value.len, sizeof(param->value)));

    return NGX_OK;
}


/* RFC 6455 section 9.1: once unquoted, the value must be a token too */

static ngx_int_t
ngx_thread_ws_take_quoted(ngx_str_t *s, ngx_thread_ws_param_t *param)
{
    while (s->len) {

        if (ngx_thread_ws_skip_char(s, '"')) {
            return param->len ? NGX_OK : NGX_DECLINED;
        }

        (void) ngx_thread_ws_skip_char(s, '\\');

        if (s->len == 0 || !ngx_thread_ws_is_token_char(s->data[0])) {
            return NGX_DECLINED;
        }

        if (param->len < sizeof(param->value)) {
            param->value[param->len] = s->data[0];
        }

        param->len++;
        s->data++;
        s->len--;
    }

    return NGX_DECLINED;
}


/*
 * RFC 7692 section 7.1: a parameter that is unknown, that comes twice or that
 * has no fitting value declines the offer
 */

static void
ngx_thread_ws_offer_param(ngx_thread_ws_offer_t *offer,
    ngx_thread_ws_param_t *param)
{
    ngx_uint_t  bits;

    static ngx_str_t  server_no = ngx_string("server_no_context_takeover");
    static ngx_str_t  client_no = ngx_string("client_no_context_takeover");
    static ngx_str_t  server_max = ngx_string("server_max_window_bits");
    static ngx_str_t  client_max = ngx_string("client_max_window_bits");

    bits = ngx_thread_ws_offer_bits(param);

    if (ngx_thread_ws_string_equal(&param->name, &server_no)) {
        offer->declined |= (param->given || offer->server_no_context);
        offer->server_no_context = 1;

    } else if (ngx_thread_ws_string_equal(&param->name, &client_no)) {
        offer->declined |= (param->given || offer->client_no_context);
        offer->client_no_context = 1;

    } else if (ngx_thread_ws_string_equal(&param->name, &server_max)) {

        /* zlib's raw deflate writes no window of 8 bits */

        offer->declined |= (bits < 9 || offer->server_bits);
        offer->server_bits = bits;

    } else if (ngx_thread_ws_string_equal(&param->name, &client_max)) {
        offer->declined |= ((param->given && bits == 0)
                            || offer->client_window);
        offer->client_bits = bits;
        offer->client_window = 1;

    } else {
        offer->declined = 1;
    }
}


/* 8 to 15 without leading zeros, 0 for anything else */

static ngx_uint_t
ngx_thread_ws_offer_bits(ngx_thread_ws_param_t *param)
{
    u_char  *p;

    p = param->value;

    if (param->len == 1 && (p[0] == '8' || p[0] == '9')) {
        return p[0] - '0';
    }

    if (param->len == 2 && p[0] == '1' && p[1] >= '0' && p[1] <= '5') {
        return 10 + p[1] - '0';
    }

    return 0;
}


static ngx_int_t
ngx_thread_ws_offer_fit(ngx_thread_ws_offer_t *offer,
    ngx_thread_ws_deflate_params_t *own,
    ngx_thread_ws_deflate_params_t *params, ngx_str_t *value)
{
    u_char  *p;

    if (offer->declined) {
        return NGX_DECLINED;
    }

    params->server_no_context = own->server_no_context
                                || offer->server_no_context;
    params->client_no_context = own->client_no_context
                                || offer->client_no_context;
    params->server_bits = own->server_bits;
    params->client_bits = 15;

    if (offer->server_bits && offer->server_bits < own->server_bits) {
        params->server_bits = offer->server_bits;
    }

    /* a client that did not speak of its window cannot be told of it */

    if (offer->client_window) {
        params->client_bits = own->client_bits;

        if (offer->client_bits && offer->client_bits < own->client_bits) {
            params->client_bits = offer->client_bits;
        }
    }

    p = ngx_cpymem(value->data, "permessage-deflate",
                   sizeof("permessage-deflate") - 1);

    if (params->server_no_context) {
        p = ngx_cpymem(p, "; server_no_context_takeover",
                       sizeof("; server_no_context_takeover") - 1);
    }

    if (params->client_no_context) {
        p = ngx_cpymem(p, "; client_no_context_takeover",
                       sizeof("; client_no_context_takeover") - 1);
    }

    /* a smaller window needs no word, and some clients refuse it unasked */

    if (offer->server_bits) {
        p = ngx_sprintf(p, "; server_max_window_bits=%ui",
                        params->server_bits);
    }

    if (params->client_bits < 15) {
        p = ngx_sprintf(p, "; client_max_window_bits=%ui",
                        params->client_bits);
    }

    value->len = p - value->data;

    return NGX_OK;
}
