
/*
 * Subjects of what is told, and the names of what runs come to.
 */


#include "observe/ngx_thread_ws_subject.h"
#include "base/ngx_thread_ws_string.h"


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

    if (ngx_thread_ws_string_dup(pool, &subject->thread_id, &conn->thread_id)
        != NGX_OK
        || ngx_thread_ws_string_dup(pool, &subject->owner, &conn->owner)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_string_dup(pool, &subject->request_id, request_id);
}


void
ngx_thread_ws_result_init(ngx_thread_ws_result_t *result)
{
    ngx_memzero(result, sizeof(ngx_thread_ws_result_t));

    result->input_tokens = -1;
    result->output_tokens = -1;
    result->first_token = (ngx_msec_t) -1;
}
