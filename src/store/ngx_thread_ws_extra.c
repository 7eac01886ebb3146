
/*
 * Objects that a record has beside texts.
 */


#include "store/ngx_thread_ws_extra.h"


json_t *
ngx_thread_ws_extra_read(ngx_str_t *text)
{
    json_error_t  error;

    return text->len ? json_loadb((char *) text->data, text->len,
                                  JSON_ALLOW_NUL, &error)
                     : json_object();
}


json_t *
ngx_thread_ws_extra_parts(ngx_str_t *told, ngx_str_t *answer)
{
    size_t       i, len;
    u_char      *p, *last;
    json_t      *root, *parts, *part;
    json_int_t   bytes;

    root = ngx_thread_ws_extra_read(told);
    if (root == NULL) {
        return NULL;
    }

    parts = json_object_get(root, "parts");

    p = answer->data;
    last = p + answer->len;

    json_array_foreach(parts, i, part) {
        bytes = json_integer_value(json_object_get(part, "bytes"));

        if (bytes <= 0) {
            continue;
        }

        len = ngx_min((size_t) bytes, (size_t) (last - p));

        if (json_object_set_new(part, "text",
                                json_stringn_nocheck(len ? (char *) p : "",
                                                     len)))
        {
            json_decref(root);
            return NULL;
        }

        (void) json_object_del(part, "bytes");
        p += len;
    }

    parts = json_is_array(parts) ? json_incref(parts) : json_array();
    json_decref(root);

    return parts;
}
