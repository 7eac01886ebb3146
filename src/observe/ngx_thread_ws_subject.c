
/*
 * Subjects of what is told, and the names of what runs come to.
 */


#include "observe/ngx_thread_ws_subject.h"


static ngx_int_t ngx_thread_ws_subject_text(ngx_str_t *dst, ngx_str_t *src,
    ngx_pool_t *pool);


ngx_str_t  ngx_thread_ws_outcomes[] = {
    ngx_string(""),
    ngx_string("completed"),
    ngx_string("cancelled"),
    ngx_string("failed"),
    ngx_string("disconnected")
};


ngx_int_t
ngx_thread_ws_subject_run(ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_subject_t *conn, ngx_str_t *request_id, ngx_pool_t *pool)
{
    *subject = *conn;
    subject->span = NULL;

    if (ngx_thread_ws_subject_text(&subject->thread_id, &conn->thread_id, pool)
        != NGX_OK
        || ngx_thread_ws_subject_text(&subject->owner, &conn->owner, pool)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_subject_text(&subject->request_id, request_id, pool);
}


static ngx_int_t
ngx_thread_ws_subject_text(ngx_str_t *dst, ngx_str_t *src, ngx_pool_t *pool)
{
    dst->len = src->len;

    if (src->len == 0) {
        dst->data = NULL;
        return NGX_OK;
    }

    dst->data = ngx_pstrdup(pool, src);

    return dst->data ? NGX_OK : NGX_ERROR;
}


void
ngx_thread_ws_result_init(ngx_thread_ws_result_t *result)
{
    ngx_memzero(result, sizeof(ngx_thread_ws_result_t));

    result->input_tokens = -1;
    result->output_tokens = -1;
    result->first_token = (ngx_msec_t) -1;
}
