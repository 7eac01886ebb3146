
/*
 * A request's headers, moved.
 */


#include "conn/ngx_thread_ws_compact_private.h"


typedef struct {
    ngx_str_t                  key;
    u_char                    *lowcase;
} ngx_thread_ws_compact_name_t;


static ngx_int_t ngx_thread_ws_compact_list(ngx_thread_ws_compact_move_t *move,
    ngx_list_t *from, ngx_list_t *list, void *table, size_t size,
    ngx_uint_t lowcase);
static ngx_int_t ngx_thread_ws_compact_named(
    ngx_thread_ws_compact_move_t *move, ngx_table_elt_t *h,
    ngx_uint_t lowcase);
static ngx_table_elt_t *ngx_thread_ws_compact_header(ngx_list_t *from,
    ngx_list_t *list, void *p);

#if (nginx_version < 1023000)
static ngx_int_t ngx_thread_ws_compact_array(ngx_thread_ws_compact_move_t *move,
    ngx_list_t *from, ngx_list_t *list, ngx_array_t *array);
#endif


/* as browsers write them, and servers behind others */

static ngx_thread_ws_compact_name_t  ngx_thread_ws_compact_names[] = {
    { ngx_string("Host"), (u_char *) "host" },
    { ngx_string("Upgrade"), (u_char *) "upgrade" },
    { ngx_string("Connection"), (u_char *) "connection" },
    { ngx_string("Sec-WebSocket-Key"), (u_char *) "sec-websocket-key" },
    { ngx_string("Sec-WebSocket-Version"), (u_char *) "sec-websocket-version" },
    { ngx_string("Sec-WebSocket-Accept"), (u_char *) "sec-websocket-accept" },
    { ngx_string("Sec-WebSocket-Protocol"),
      (u_char *) "sec-websocket-protocol" },
    { ngx_string("Sec-WebSocket-Extensions"),
      (u_char *) "sec-websocket-extensions" },
    { ngx_string("Origin"), (u_char *) "origin" },
    { ngx_string("Cookie"), (u_char *) "cookie" },
    { ngx_string("User-Agent"), (u_char *) "user-agent" },
    { ngx_string("Accept"), (u_char *) "accept" },
    { ngx_string("Accept-Encoding"), (u_char *) "accept-encoding" },
    { ngx_string("Accept-Language"), (u_char *) "accept-language" },
    { ngx_string("Cache-Control"), (u_char *) "cache-control" },
    { ngx_string("Pragma"), (u_char *) "pragma" },
    { ngx_string("Authorization"), (u_char *) "authorization" },
    { ngx_string("X-Forwarded-For"), (u_char *) "x-forwarded-for" },
    { ngx_string("X-Forwarded-Proto"), (u_char *) "x-forwarded-proto" },
    { ngx_string("X-Real-IP"), (u_char *) "x-real-ip" },
    { ngx_null_string, NULL }
};


ngx_int_t
ngx_thread_ws_compact_headers(ngx_thread_ws_compact_move_t *move,
    ngx_http_request_t *from, ngx_http_request_t *r)
{
    if (ngx_thread_ws_compact_list(move, &from->headers_in.headers,
                                   &r->headers_in.headers, &r->headers_in,
                                   sizeof(ngx_http_headers_in_t), 1)
        != NGX_OK
        || ngx_thread_ws_compact_list(move, &from->headers_out.headers,
                                      &r->headers_out.headers,
                                      &r->headers_out,
                                      sizeof(ngx_http_headers_out_t), 0)
           != NGX_OK
        || ngx_thread_ws_compact_list(move, &from->headers_out.trailers,
                                      &r->headers_out.trailers, NULL, 0, 0)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

#if (nginx_version < 1023000)

    if (ngx_thread_ws_compact_array(move, &from->headers_in.headers,
                                    &r->headers_in.headers,
                                    &r->headers_in.cookies)
        != NGX_OK
        || ngx_thread_ws_compact_array(move, &from->headers_out.headers,
                                       &r->headers_out.headers,
                                       &r->headers_out.cache_control)
           != NGX_OK
        || ngx_thread_ws_compact_array(move, &from->headers_out.headers,
                                       &r->headers_out.headers,
                                       &r->headers_out.link)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

#if (NGX_HTTP_X_FORWARDED_FOR)
    if (ngx_thread_ws_compact_array(move, &from->headers_in.headers,
                                    &r->headers_in.headers,
                                    &r->headers_in.x_forwarded_for)
        != NGX_OK)
    {
        return NGX_ERROR;
    }
#endif

#endif

    return NGX_OK;
}


/*
 * A list of headers becomes one part.  The pointers into it, in the structure
 * that holds the list, are whatever words there are addresses of headers: which
 * members those are differs from version to version, and none may be forgotten.
 * A number that a client has made such an address by chance (Keep-Alive's)
 * becomes another number.  Only a client's headers have names in lower case.
 */

static ngx_int_t
ngx_thread_ws_compact_list(ngx_thread_ws_compact_move_t *move, ngx_list_t *from,
    ngx_list_t *list, void *table, size_t size, ngx_uint_t lowcase)
{
    void             **word;
    ngx_uint_t         i, n;
    ngx_list_part_t   *part;
    ngx_table_elt_t   *h, *e, *old, measured;

    n = 0;

    for (part = &from->part; part; part = part->next) {
        n += part->nelts;
    }

    /* a list that is pushed to needs room for one */

    h = ngx_thread_ws_compact_alloc(move,
                                 ngx_max(n, 1) * sizeof(ngx_table_elt_t));

    if (move->pool) {

        if (h == NULL) {
            return NGX_ERROR;
        }

        list->part.elts = h;
        list->part.nelts = n;
        list->part.next = NULL;
        list->last = &list->part;
        list->nalloc = ngx_max(n, 1);
        list->pool = move->pool;
    }

    for (part = &from->part; part; part = part->next) {
        old = part->elts;

        for (i = 0; i < part->nelts; i++) {
            e = h ? h++ : &measured;
            *e = old[i];

            if (ngx_thread_ws_compact_named(move, e, lowcase) != NGX_OK
                || ngx_thread_ws_compact_text(move, &e->value.data,
                                              e->value.len)
                   != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    if (move->pool == NULL) {
        return NGX_OK;
    }

#if (nginx_version >= 1023000)

    h = list->part.elts;

    for (i = 0; i < n; i++) {
        h[i].next = ngx_thread_ws_compact_header(from, list, h[i].next);
    }

#endif

    word = table;

    for (i = 0; i < size / sizeof(void *); i++) {
        h = ngx_thread_ws_compact_header(from, list, word[i]);

        if (h) {
            word[i] = h;
        }
    }

    return NGX_OK;
}


/* the names that most have are not copied */

static ngx_int_t
ngx_thread_ws_compact_named(ngx_thread_ws_compact_move_t *move,
    ngx_table_elt_t *h, ngx_uint_t lowcase)
{
    ngx_thread_ws_compact_name_t  *name;

    for (name = ngx_thread_ws_compact_names; name->key.len; name++) {

        if (name->key.len == h->key.len
            && ngx_memcmp(name->key.data, h->key.data, h->key.len) == 0)
        {
            h->key.data = name->key.data;

            if (lowcase) {
                h->lowcase_key = name->lowcase;
            }

            return NGX_OK;
        }
    }

    if (ngx_thread_ws_compact_text(move, &h->key.data, h->key.len) != NGX_OK) {
        return NGX_ERROR;
    }

    return lowcase ? ngx_thread_ws_compact_text(move, &h->lowcase_key,
                                                h->key.len)
                   : NGX_OK;
}


/* where a header of the old list stands now, NULL if it is none */

static ngx_table_elt_t *
ngx_thread_ws_compact_header(ngx_list_t *from, ngx_list_t *list, void *p)
{
    ngx_uint_t        n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *old;

    h = list->part.elts;
    n = 0;

    for (part = &from->part; part; part = part->next) {
        old = part->elts;

        if ((ngx_table_elt_t *) p >= old
            && (ngx_table_elt_t *) p < old + part->nelts)
        {
            return h + n + ((ngx_table_elt_t *) p - old);
        }

        n += part->nelts;
    }

    return NULL;
}


#if (nginx_version < 1023000)

static ngx_int_t
ngx_thread_ws_compact_array(ngx_thread_ws_compact_move_t *move,
    ngx_list_t *from, ngx_list_t *list, ngx_array_t *array)
{
    ngx_uint_t         i;
    ngx_table_elt_t  **h, **old;

    if (array->nelts == 0) {
        return NGX_OK;
    }

    h = ngx_thread_ws_compact_alloc(move,
                                    array->nelts * sizeof(ngx_table_elt_t *));

    if (move->pool == NULL) {
        return NGX_OK;
    }

    if (h == NULL) {
        return NGX_ERROR;
    }

    old = array->elts;

    for (i = 0; i < array->nelts; i++) {
        h[i] = ngx_thread_ws_compact_header(from, list, old[i]);
    }

    array->elts = h;
    array->nalloc = array->nelts;
    array->pool = move->pool;

    return NGX_OK;
}

#endif
