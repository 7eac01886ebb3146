
/*
 * Walking and searching headers.
 */


#include "base/ngx_thread_ws_headers.h"
#include "base/ngx_thread_ws_string.h"


void
ngx_thread_ws_headers_begin(ngx_thread_ws_headers_t *headers, ngx_list_t *list)
{
    headers->part = &list->part;
    headers->i = 0;
}


ngx_table_elt_t *
ngx_thread_ws_headers_next(ngx_thread_ws_headers_t *headers)
{
    ngx_table_elt_t  *h;

    for ( ;; ) {

        while (headers->i >= headers->part->nelts) {
            if (headers->part->next == NULL) {
                return NULL;
            }

            headers->part = headers->part->next;
            headers->i = 0;
        }

        h = headers->part->elts;
        h += headers->i++;

        if (h->hash) {
            return h;
        }
    }
}


ngx_table_elt_t *
ngx_thread_ws_headers_find(ngx_list_t *list, const char *name, ngx_uint_t *n)
{
    ngx_table_elt_t          *h, *first;
    ngx_thread_ws_headers_t   headers;

    first = NULL;

    if (n) {
        *n = 0;
    }

    ngx_thread_ws_headers_begin(&headers, list);

    while ((h = ngx_thread_ws_headers_next(&headers)) != NULL) {

        if (!ngx_thread_ws_string_is_same(&h->key, name)) {
            continue;
        }

        if (first == NULL) {
            first = h;
        }

        if (n == NULL) {
            break;
        }

        (*n)++;
    }

    return first;
}


ngx_int_t
ngx_thread_ws_headers_join(ngx_list_t *list, const char *name,
    ngx_pool_t *pool, ngx_str_t *value)
{
    u_char                   *p;
    ngx_str_t                 joined;
    ngx_table_elt_t          *h;
    ngx_thread_ws_headers_t   headers;

    ngx_str_null(value);

    ngx_thread_ws_headers_begin(&headers, list);

    while ((h = ngx_thread_ws_headers_next(&headers)) != NULL) {

        if (!ngx_thread_ws_string_is_same(&h->key, name)) {
            continue;
        }

        if (value->data == NULL) {
            *value = h->value;
            continue;
        }

        joined.len = value->len + 2 + h->value.len;
        joined.data = ngx_pnalloc(pool, joined.len);
        if (joined.data == NULL) {
            return NGX_ERROR;
        }

        p = ngx_thread_ws_string_append(joined.data, value);
        *p++ = ',';
        *p++ = ' ';
        (void) ngx_thread_ws_string_append(p, &h->value);

        *value = joined;
    }

    return value->data ? NGX_OK : NGX_DECLINED;
}
