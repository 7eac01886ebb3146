
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


/* texts in the place of their lengths, which follow one another in text */

static ngx_int_t
ngx_thread_ws_extra_texts(json_t *parts, ngx_str_t *text)
{
    size_t       i, len;
    u_char      *p, *last;
    json_t      *part;
    json_int_t   bytes;

    p = text->data;
    last = p + text->len;

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
            return NGX_ERROR;
        }

        (void) json_object_del(part, "bytes");
        p += len;
    }

    return NGX_OK;
}


json_t *
ngx_thread_ws_extra_asked(ngx_str_t *asked, ngx_str_t *content)
{
    json_t  *root;

    root = ngx_thread_ws_extra_read(asked);

    if (ngx_thread_ws_extra_texts(json_object_get(root, "content"), content)
        != NGX_OK)
    {
        json_decref(root);
        return NULL;
    }

    return root;
}


json_t *
ngx_thread_ws_extra_parts(ngx_str_t *told, ngx_str_t *answer)
{
    json_t  *root, *parts;

    root = ngx_thread_ws_extra_read(told);
    if (root == NULL) {
        return NULL;
    }

    parts = json_object_get(root, "parts");

    if (ngx_thread_ws_extra_texts(parts, answer) != NGX_OK) {
        json_decref(root);
        return NULL;
    }

    parts = json_is_array(parts) ? json_incref(parts) : json_array();
    json_decref(root);

    return parts;
}
