
/*
 * A reader of JSON that is strict about its structure and about nothing else.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "json/ngx_thread_ws_json_read.h"
#include "json/ngx_thread_ws_json_scan.h"
#include "json/ngx_thread_ws_json_chars.h"


#define NGX_THREAD_WS_JSON_DEPTH    512

/* the largest real that a tree is given */

#define NGX_THREAD_WS_JSON_HUGE     1e308

/* digits that fit into an integer in any case, and what is read of a number */

#define NGX_THREAD_WS_JSON_INTEGER  18
#define NGX_THREAD_WS_JSON_NUMBER   63


typedef struct {
    u_char      *last;
    u_char      *buf;         /* a text that is not the same once read */
    size_t       len;
    size_t       size;
    ngx_uint_t   halves;      /* unsigned  halves:1 */
} ngx_thread_ws_json_reader_t;


static ngx_int_t ngx_thread_ws_json_read_value(
    ngx_thread_ws_json_reader_t *reader, json_t **value, u_char **pos,
    ngx_uint_t depth);


static ngx_int_t
ngx_thread_ws_json_read_add(ngx_thread_ws_json_reader_t *reader, u_char *p,
    size_t len)
{
    u_char  *buf;
    size_t   size;

    if (len == 0) {
        return NGX_OK;
    }

    if (len > reader->size - reader->len) {
        size = ngx_max(2 * reader->size, reader->len + len + 64);

        buf = realloc(reader->buf, size);
        if (buf == NULL) {
            return NGX_ERROR;
        }

        reader->buf = buf;
        reader->size = size;
    }

    ngx_memcpy(reader->buf + reader->len, p, len);
    reader->len += len;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_json_read_char(ngx_thread_ws_json_reader_t *reader, uint32_t ch)
{
    u_char  utf8[4];

    if (ch == 0 || (ch >= 0xd800 && ch <= 0xdfff && !reader->halves)) {
        ch = 0xfffd;
    }

    return ngx_thread_ws_json_read_add(reader, utf8,
                     (size_t) (ngx_thread_ws_json_utf8_put(utf8, ch) - utf8));
}


/* four hexadecimal digits after "\u", which may be half of a pair */

static u_char *
ngx_thread_ws_json_read_hex(u_char *p, u_char *last, uint32_t *ch)
{
    ngx_int_t  n;

    if (last - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return NULL;
    }

    n = ngx_hextoi(p + 2, 4);

    if (n == NGX_ERROR) {
        return NULL;
    }

    *ch = (uint32_t) n;

    return p + 6;
}


/*
 * Bytes that are no character: as many as begin one, at least one, are one
 * U+FFFD, as browsers have it.
 */

static u_char *
ngx_thread_ws_json_read_broken(u_char *p, u_char *last)
{
    u_char      low, high;
    ngx_uint_t  n;

    n = (*p >= 0xc2 && *p < 0xe0) ? 1 : (*p >= 0xe0 && *p < 0xf0) ? 2
        : (*p >= 0xf0 && *p < 0xf5) ? 3 : 0;

    low = (*p == 0xe0) ? 0xa0 : (*p == 0xf0) ? 0x90 : 0x80;
    high = (*p == 0xed) ? 0x9f : (*p == 0xf4) ? 0x8f : 0xbf;

    for (p++; n-- && p < last && *p >= low && *p <= high; p++) {
        low = 0x80;
        high = 0xbf;
    }

    return p;
}


/*
 * What is not plain in a string: an escape, a character or a part of one.  A
 * raw end of line is malformed: a string was cut there.
 */

static ngx_int_t
ngx_thread_ws_json_read_odd(ngx_thread_ws_json_reader_t *reader, u_char **pos)
{
    u_char    *p, *next;
    uint32_t   ch;

    p = *pos;

    if (*p == '\\') {
        next = ngx_thread_ws_json_escaped(p, reader->last, &ch);

        if (next == NULL) {
            next = ngx_thread_ws_json_read_hex(p, reader->last, &ch);
        }

        if (next == NULL) {
            return NGX_DECLINED;
        }

        *pos = next;

        return ngx_thread_ws_json_read_char(reader, ch);
    }

    if (*p == LF || *p == CR) {
        return NGX_DECLINED;
    }

    if (*p < 0x20) {
        *pos = p + 1;
        return ngx_thread_ws_json_read_char(reader, *p);
    }

    next = ngx_thread_ws_json_utf8(p, reader->last);

    if (next) {
        *pos = next;
        return ngx_thread_ws_json_read_add(reader, p, (size_t) (next - p));
    }

    *pos = ngx_thread_ws_json_read_broken(p, reader->last);

    return ngx_thread_ws_json_read_char(reader, 0xfffd);
}


/* A string, *pos being after its opening quote: its text is in reader->buf. */

static ngx_int_t
ngx_thread_ws_json_read_text(ngx_thread_ws_json_reader_t *reader, u_char **pos)
{
    u_char     *p, *end;
    ngx_int_t   rc;

    p = *pos;
    reader->len = 0;

    for ( ;; ) {
        end = ngx_thread_ws_json_plain(p, reader->last);

        if (ngx_thread_ws_json_read_add(reader, p, (size_t) (end - p))
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        p = end;

        if (p == reader->last) {
            return NGX_DECLINED;
        }

        if (*p == '"') {
            *pos = p + 1;

            /* names are wanted with an end */

            return ngx_thread_ws_json_read_add(reader, (u_char *) "", 1);
        }

        rc = ngx_thread_ws_json_read_odd(reader, &p);

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


static ngx_int_t
ngx_thread_ws_json_read_number(ngx_thread_ws_json_reader_t *reader,
    json_t **value, u_char **pos)
{
    char         text[NGX_THREAD_WS_JSON_NUMBER + 1];
    size_t       len;
    double       real;
    u_char      *p;
    ngx_uint_t   integer;

    integer = 1;

    for (p = *pos; p < reader->last; p++) {

        if (*p == '.' || *p == 'e' || *p == 'E' || *p == '+') {
            integer = 0;

        } else if ((*p < '0' || *p > '9') && *p != '-') {
            break;
        }
    }

    len = (size_t) (p - *pos);

    if (len == 0 || (**pos != '-' && (**pos < '0' || **pos > '9'))
        || (len == 1 && **pos == '-'))
    {
        return NGX_DECLINED;
    }

    /* digits beyond these change its size, but not that it is huge */

    ngx_memzero(text, sizeof(text));
    ngx_memcpy(text, *pos, ngx_min(len, NGX_THREAD_WS_JSON_NUMBER));

    *pos = p;

    if (integer && len <= NGX_THREAD_WS_JSON_INTEGER) {
        *value = json_integer(strtoll(text, NULL, 10));

    } else {
        real = strtod(text, NULL);
        real = ngx_max(ngx_min(real, NGX_THREAD_WS_JSON_HUGE),
                       -NGX_THREAD_WS_JSON_HUGE);
        *value = json_real(real);
    }

    return *value ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_json_read_word(ngx_thread_ws_json_reader_t *reader,
    json_t **value, u_char **pos)
{
    size_t       len;
    u_char      *p;
    ngx_uint_t   i;

    static const char  *words[] = {
        "true", "false", "null", "NaN", "Infinity", "-Infinity", "-NaN"
    };

    p = *pos;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        len = ngx_strlen(words[i]);

        if ((size_t) (reader->last - p) >= len
            && ngx_memcmp(p, words[i], len) == 0)
        {
            *pos = p + len;
            *value = (i == 0) ? json_true() : (i == 1) ? json_false()
                                                       : json_null();
            return NGX_OK;
        }
    }

    return ngx_thread_ws_json_read_number(reader, value, pos);
}


/* An object's name and colon; the name is a copy for its owner to free. */

static ngx_int_t
ngx_thread_ws_json_read_name(ngx_thread_ws_json_reader_t *reader, char **name,
    u_char **pos)
{
    u_char     *p;
    ngx_int_t   rc;

    p = ngx_thread_ws_json_space(*pos, reader->last);

    if (p == reader->last || *p != '"') {
        return NGX_DECLINED;
    }

    p++;
    rc = ngx_thread_ws_json_read_text(reader, &p);

    if (rc != NGX_OK) {
        return rc;
    }

    p = ngx_thread_ws_json_space(p, reader->last);

    if (p == reader->last || *p != ':') {
        return NGX_DECLINED;
    }

    *pos = p + 1;

    *name = malloc(reader->len);
    if (*name == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(*name, reader->buf, reader->len);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_json_read_member(ngx_thread_ws_json_reader_t *reader,
    json_t *nested, u_char **pos, ngx_uint_t depth)
{
    char       *name;
    json_t     *value;
    ngx_int_t   rc;

    name = NULL;

    if (json_is_object(nested)) {
        rc = ngx_thread_ws_json_read_name(reader, &name, pos);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = ngx_thread_ws_json_read_value(reader, &value, pos, depth);

    if (rc == NGX_OK
        && (name ? json_object_set_new_nocheck(nested, name, value)
                 : json_array_append_new(nested, value)))
    {
        rc = NGX_ERROR;
    }

    free(name);

    return rc;
}


/* An object or an array, *pos being after its opening bracket. */

static ngx_int_t
ngx_thread_ws_json_read_nested(ngx_thread_ws_json_reader_t *reader,
    json_t *nested, u_char **pos, ngx_uint_t depth)
{
    u_char     *p, close;
    ngx_int_t   rc;

    close = json_is_object(nested) ? '}' : ']';
    *pos = ngx_thread_ws_json_space(*pos, reader->last);

    if (*pos < reader->last && **pos == close) {
        (*pos)++;
        return NGX_OK;
    }

    for ( ;; ) {
        rc = ngx_thread_ws_json_read_member(reader, nested, pos, depth);

        if (rc != NGX_OK) {
            return rc;
        }

        p = ngx_thread_ws_json_space(*pos, reader->last);

        if (p == reader->last || (*p != close && *p != ',')) {
            return NGX_DECLINED;
        }

        *pos = p + 1;

        if (*p == close) {
            return NGX_OK;
        }
    }
}


static ngx_int_t
ngx_thread_ws_json_read_value(ngx_thread_ws_json_reader_t *reader,
    json_t **value, u_char **pos, ngx_uint_t depth)
{
    u_char     *p;
    ngx_int_t   rc;

    *value = NULL;

    p = ngx_thread_ws_json_space(*pos, reader->last);
    *pos = p;

    if (p == reader->last) {
        return NGX_DECLINED;
    }

    switch (*p) {

    case '"':
        *pos = p + 1;
        rc = ngx_thread_ws_json_read_text(reader, pos);

        if (rc != NGX_OK) {
            return rc;
        }

        *value = json_stringn_nocheck((char *) reader->buf, reader->len - 1);

        return *value ? NGX_OK : NGX_ERROR;

    case '{':
    case '[':
        if (depth == 0) {
            return NGX_DECLINED;
        }

        *pos = p + 1;
        *value = (*p == '{') ? json_object() : json_array();

        if (*value == NULL) {
            return NGX_ERROR;
        }

        rc = ngx_thread_ws_json_read_nested(reader, *value, pos, depth - 1);

        if (rc != NGX_OK) {
            json_decref(*value);
            *value = NULL;
        }

        return rc;

    default:
        return ngx_thread_ws_json_read_word(reader, value, pos);
    }
}


ngx_int_t
ngx_thread_ws_json_read(json_t **root, u_char **pos, u_char *last,
    ngx_uint_t halves)
{
    ngx_int_t                    rc;
    ngx_thread_ws_json_reader_t  reader;

    ngx_memzero(&reader, sizeof(ngx_thread_ws_json_reader_t));

    reader.last = last;
    reader.halves = halves;

    rc = ngx_thread_ws_json_read_value(&reader, root, pos,
                                       NGX_THREAD_WS_JSON_DEPTH);
    free(reader.buf);

    return rc;
}


void
ngx_thread_ws_json_mend(u_char *p, size_t len)
{
    u_char  *last;

    for (last = p + len; p < last; p++) {

        if (ngx_thread_ws_json_half(p, last)) {
            p[0] = 0xef;
            p[1] = 0xbf;
            p[2] = 0xbd;
        }
    }
}
