
/*
 * What the pages for people's threads answer with: JSON that no cache keeps,
 * and what they say when the store cannot be reached.
 */


#ifndef _NGX_THREAD_WS_PAGE_H_INCLUDED_
#define _NGX_THREAD_WS_PAGE_H_INCLUDED_


#include "ngx_thread_ws.h"
#include "json/ngx_thread_ws_json.h"


/* room for a time as text: "1970-01-01T00:00:00.000Z" and a zero byte */

#define NGX_THREAD_WS_PAGE_TIME  (sizeof("1970-01-01T00:00:00.000Z")          \
                                  + NGX_INT_T_LEN)

/* ms since the epoch as that text, in buf, which it returns */

char *ngx_thread_ws_page_time(u_char *buf, uint64_t ms);

/*
 * Responses: a document, whose reference is taken (NULL: no memory); 204; 503.
 * They return what a content handler does.
 */

ngx_int_t ngx_thread_ws_page_json(ngx_http_request_t *r, json_t *root);
ngx_int_t ngx_thread_ws_page_done(ngx_http_request_t *r);
ngx_int_t ngx_thread_ws_page_unavailable(ngx_http_request_t *r);

/* the same: 400 with this text for people, a line */

ngx_int_t ngx_thread_ws_page_refuse(ngx_http_request_t *r,
    const char *reason);


#endif /* _NGX_THREAD_WS_PAGE_H_INCLUDED_ */
