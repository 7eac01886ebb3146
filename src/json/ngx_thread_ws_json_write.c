
/*
 * A writer of trees.  jansson's own refuses what is no UTF-8, which half
 * surrogate pairs are, and writes 0.1 with seventeen digits.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "json/ngx_thread_ws_json.h"
#include "json/ngx_thread_ws_json_read.h"
#include "json/ngx_thread_ws_json_write.h"


#define ngx_thread_ws_json_write_put(bytes, text)                             \
    ngx_thread_ws_bytes_add(bytes, (u_char *) text, sizeof(text) - 1)


/* makes room, without a word in it */

static ngx_int_t
ngx_thread_ws_json_write_room(ngx_thread_ws_bytes_t *bytes, size_t len)
{
    u_char  *data;
    size_t   size;

    if (len <= bytes->size - bytes->len) {
        return NGX_OK;
    }

    size = ngx_max(2 * bytes->size, bytes->len + len);

    data = realloc(bytes->data, size);
    if (data == NULL) {
        return NGX_ERROR;
    }

    bytes->data = data;
    bytes->size = size;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_json_write_text(ngx_thread_ws_bytes_t *bytes, const char *text,
    size_t len)
{
    u_char  *p, *copy;
    size_t   size;

    if (len == 0) {
        return NGX_OK;
    }

    copy = NULL;
    p = (u_char *) text;

    if (memchr(p, 0xed, len)) {

        copy = malloc(len);
        if (copy == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(copy, p, len);
        ngx_thread_ws_json_mend(copy, len);

        p = copy;
    }

    size = ngx_thread_ws_json_escaped_size(p, len);

    if (ngx_thread_ws_json_write_room(bytes, size) != NGX_OK) {
        free(copy);
        return NGX_ERROR;
    }

    bytes->len = (size_t) (ngx_thread_ws_json_escape(bytes->data + bytes->len,
                                                     p, len)
                           - bytes->data);
    free(copy);

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_json_write_string(ngx_thread_ws_bytes_t *bytes, const char *text,
    size_t len)
{
    return (ngx_thread_ws_json_write_put(bytes, "\"") == NGX_OK
            && ngx_thread_ws_json_write_text(bytes, text, len) == NGX_OK)
           ? ngx_thread_ws_json_write_put(bytes, "\"") : NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_json_write_number(ngx_thread_ws_bytes_t *bytes, json_t *value)
{
    int     n, digits;
    char    text[64];
    double  real;

    if (json_is_integer(value)) {
        n = snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
                     json_integer_value(value));

    } else {
        real = json_real_value(value);
        digits = 15;

        do {
            n = snprintf(text, sizeof(text), "%.*g", digits, real);
        } while (++digits <= 17 && strtod(text, NULL) != real);
    }

    return ngx_thread_ws_bytes_add(bytes, (u_char *) text, (size_t) n);
}


static ngx_int_t
ngx_thread_ws_json_write_array(ngx_thread_ws_bytes_t *bytes, json_t *array)
{
    size_t   i;
    json_t  *value;

    if (ngx_thread_ws_json_write_put(bytes, "[") != NGX_OK) {
        return NGX_ERROR;
    }

    json_array_foreach(array, i, value) {

        if ((i && ngx_thread_ws_json_write_put(bytes, ",") != NGX_OK)
            || ngx_thread_ws_json_write(bytes, value) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_thread_ws_json_write_put(bytes, "]");
}


static ngx_int_t
ngx_thread_ws_json_write_object(ngx_thread_ws_bytes_t *bytes, json_t *object)
{
    json_t      *value;
    ngx_uint_t   n;
    const char  *name;

    n = 0;

    if (ngx_thread_ws_json_write_put(bytes, "{") != NGX_OK) {
        return NGX_ERROR;
    }

    json_object_foreach(object, name, value) {

        if ((n++ && ngx_thread_ws_json_write_put(bytes, ",") != NGX_OK)
            || ngx_thread_ws_json_write_string(bytes, name, ngx_strlen(name))
               != NGX_OK
            || ngx_thread_ws_json_write_put(bytes, ":") != NGX_OK
            || ngx_thread_ws_json_write(bytes, value) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_thread_ws_json_write_put(bytes, "}");
}


ngx_int_t
ngx_thread_ws_json_write(ngx_thread_ws_bytes_t *bytes, json_t *value)
{
    switch (json_typeof(value)) {

    case JSON_OBJECT:
        return ngx_thread_ws_json_write_object(bytes, value);

    case JSON_ARRAY:
        return ngx_thread_ws_json_write_array(bytes, value);

    case JSON_STRING:
        return ngx_thread_ws_json_write_string(bytes, json_string_value(value),
                                               json_string_length(value));

    case JSON_INTEGER:
    case JSON_REAL:
        return ngx_thread_ws_json_write_number(bytes, value);

    case JSON_TRUE:
        return ngx_thread_ws_json_write_put(bytes, "true");

    case JSON_FALSE:
        return ngx_thread_ws_json_write_put(bytes, "false");

    default: /* JSON_NULL */
        return ngx_thread_ws_json_write_put(bytes, "null");
    }
}
