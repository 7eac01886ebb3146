
/*
 * What the pages for people's threads answer with.
 */


#include "ngx_thread_ws.h"
#include "pages/ngx_thread_ws_page.h"
#include "base/ngx_thread_ws_response.h"


static ngx_int_t ngx_thread_ws_page_private(ngx_http_request_t *r);
static void ngx_thread_ws_page_free(void *data);


char *
ngx_thread_ws_page_time(u_char *buf, uint64_t ms)
{
    ngx_tm_t  tm;

    ngx_gmtime((time_t) (ms / 1000), &tm);

    (void) ngx_sprintf(buf, "%4d-%02d-%02dT%02d:%02d:%02d.%03uiZ%Z",
                       tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                       tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                       (ngx_uint_t) (ms % 1000));

    return (char *) buf;
}


ngx_int_t
ngx_thread_ws_page_json(ngx_http_request_t *r, json_t *root)
{
    char                *json;
    ngx_str_t            text;
    ngx_pool_cleanup_t  *cln;

    static ngx_str_t  type = ngx_string("application/json");

    if (root == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    json = json_dumps(root, JSON_COMPACT);

    json_decref(root);

    if (json == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        free(json);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_thread_ws_page_free;
    cln->data = json;

    if (ngx_thread_ws_page_private(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text.data = (u_char *) json;
    text.len = ngx_strlen(json);

    return ngx_thread_ws_response_text(r, &type, &text);
}


static void
ngx_thread_ws_page_free(void *data)
{
    free(data);
}


ngx_int_t
ngx_thread_ws_page_done(ngx_http_request_t *r)
{
    if (ngx_thread_ws_page_private(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_thread_ws_response_empty(r, NGX_HTTP_NO_CONTENT);
}


ngx_int_t
ngx_thread_ws_page_unavailable(ngx_http_request_t *r)
{
    static ngx_str_t  value = ngx_string("1");

    return (ngx_thread_ws_response_add(r, "Retry-After", &value) == NGX_OK)
           ? NGX_HTTP_SERVICE_UNAVAILABLE : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


ngx_int_t
ngx_thread_ws_page_refuse(ngx_http_request_t *r, const char *reason)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    static ngx_str_t  type = ngx_string("text/plain");

    text.data = (u_char *) reason;
    text.len = ngx_strlen(reason);

    rc = ngx_thread_ws_response_whole(r, NGX_HTTP_BAD_REQUEST, &type, &text);

    /* nobody is to go on with it */

    return (rc == NGX_OK) ? NGX_DONE : rc;
}


/* what belongs to one user is nothing for caches between */

static ngx_int_t
ngx_thread_ws_page_private(ngx_http_request_t *r)
{
    static ngx_str_t  value = ngx_string("no-store");

    return ngx_thread_ws_response_add(r, "Cache-Control", &value);
}
