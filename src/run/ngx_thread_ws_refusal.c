
/*
 * An answer that is none: what its status means, and the words in its body.
 */


#include "run/ngx_thread_ws_run_private.h"


/* bytes of an error's body that are looked at */

#define NGX_THREAD_WS_REFUSAL_SIZE  8192


ngx_uint_t
ngx_thread_ws_refusal(ngx_thread_ws_agent_header_t *header)
{
    switch (header->status) {

    case NGX_HTTP_UNAUTHORIZED:
    case NGX_HTTP_FORBIDDEN:
        return header->own ? NGX_THREAD_WS_FORBIDDEN
                           : NGX_THREAD_WS_UPSTREAM_REJECTED;

    case NGX_HTTP_TOO_MANY_REQUESTS:
        return header->own ? NGX_THREAD_WS_RATE_LIMITED
                           : NGX_THREAD_WS_UPSTREAM_RATE_LIMITED;

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return header->own ? NGX_THREAD_WS_RATE_LIMITED
                           : NGX_THREAD_WS_UPSTREAM_UNAVAILABLE;

    case NGX_HTTP_GATEWAY_TIME_OUT:
        return header->own ? NGX_THREAD_WS_UPSTREAM_TIMEOUT
                           : NGX_THREAD_WS_UPSTREAM_UNAVAILABLE;

    case NGX_HTTP_BAD_GATEWAY:
        return NGX_THREAD_WS_UPSTREAM_UNAVAILABLE;
    }

    if (!header->own && header->status >= 400 && header->status < 500) {
        return NGX_THREAD_WS_UPSTREAM_REJECTED;
    }

    return NGX_THREAD_WS_UPSTREAM_FAILED;
}


ngx_int_t
ngx_thread_ws_refusal_body(ngx_thread_ws_run_t *run, u_char *pos,
    u_char *last)
{
    size_t  size;

    size = ngx_min((size_t) (last - pos),
                   NGX_THREAD_WS_REFUSAL_SIZE - run->body.len);

    if (ngx_thread_ws_bytes_add(&run->body, pos, size) != NGX_OK
        || run->body.len == NGX_THREAD_WS_REFUSAL_SIZE)
    {
        return NGX_DONE;
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_refusal_verdict(ngx_thread_ws_run_t *run)
{
    ngx_str_t  body;

    (void) ngx_thread_ws_run_blame(run, run->refusal, NULL);

    body.data = run->body.data;
    body.len = run->body.len;

    if (run->conf->dialect->error(&run->reply, &body) != NGX_OK
        || run->reply.error.len == 0)
    {
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_ERR, run->subject.log, 0, "agent said: \"%V\"",
                  &run->reply.error);

    switch (run->status) {

    case NGX_HTTP_BAD_REQUEST:
    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
    case 422: /* Unprocessable Content */
        run->verdict.text = run->reply.error;
        break;

    default:

        /* such words may quote a key */
        break;
    }

    return NGX_ERROR;
}
