
/*
 * Lists of headers as core keeps them, of requests and of upstreams' responses:
 * walking and searching them.  Names are compared whatever their case; headers
 * that were taken out, whose hash is zero, are passed over.
 */


#ifndef _NGX_THREAD_WS_HEADERS_H_INCLUDED_
#define _NGX_THREAD_WS_HEADERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* a place in a list, which must not change meanwhile */

typedef struct {
    ngx_list_part_t  *part;
    ngx_uint_t        i;
} ngx_thread_ws_headers_t;


/* begins at the first; a list that was never made is an empty one */

void ngx_thread_ws_headers_begin(ngx_thread_ws_headers_t *headers,
    ngx_list_t *list);

/* the next one, the list's; NULL at the end */

ngx_table_elt_t *ngx_thread_ws_headers_next(ngx_thread_ws_headers_t *headers);

/*
 * The first of that name, the list's, NULL if there is none; n, unless NULL,
 * says how many there are.
 */

ngx_table_elt_t *ngx_thread_ws_headers_find(ngx_list_t *list, const char *name,
    ngx_uint_t *n);

/*
 * The value of all of that name, joined by commas as RFC 9110 section 5.3 says:
 * NGX_OK; NGX_DECLINED if there is none, and value is null; NGX_ERROR without
 * memory.  It is the list's if there is but one, else pool's.
 */

ngx_int_t ngx_thread_ws_headers_join(ngx_list_t *list, const char *name,
    ngx_pool_t *pool, ngx_str_t *value);


#endif /* _NGX_THREAD_WS_HEADERS_H_INCLUDED_ */
