
/*
 * Requests that are refused: an HTTP status, and a short text for people and
 * programs.
 */


#include "twin/ngx_thread_ws_twin_private.h"
#include "base/ngx_thread_ws_response.h"
#include "base/ngx_thread_ws_string.h"
#include "wire/ngx_thread_ws_event.h"
#include "wire/ngx_thread_ws_wire.h"


static ngx_uint_t ngx_thread_ws_twin_plain(ngx_http_request_t *r);


ngx_int_t
ngx_thread_ws_twin_refuse(ngx_http_request_t *r, ngx_uint_t status,
    ngx_uint_t code, char *text)
{
    ngx_int_t               rc;
    ngx_str_t               body;
    ngx_thread_ws_code_t   *c;
    ngx_thread_ws_error_t   error;

    static ngx_str_t  type = ngx_string("application/json");
    static ngx_str_t  plain = ngx_string("text/plain");

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    c = &ngx_thread_ws_codes[code];

    ngx_str_null(&error.request_id);
    error.message = c->text;
    error.code = c->name;
    error.retryable = c->retryable;
    error.retry_after = 0;

    if (text) {
        error.message.data = (u_char *) text;
        error.message.len = ngx_strlen(text);
    }

    if (ngx_thread_ws_twin_plain(r)) {
        return (ngx_thread_ws_string_dup(r->pool, &body, &error.message)
                == NGX_OK)
               ? ngx_thread_ws_response_whole(r, status, &plain, &body)
               : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.data = ngx_pnalloc(r->pool, ngx_thread_ws_event_error_size(&error)
                                     + 1);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.len = ngx_thread_ws_event_error(body.data, &error) - body.data;
    body.data[body.len++] = LF;

    return ngx_thread_ws_response_whole(r, status, &type, &body);
}


/* whose clients show the body as it is */

static ngx_uint_t
ngx_thread_ws_twin_plain(ngx_http_request_t *r)
{
    ngx_thread_ws_protocol_t  *protocol;
    ngx_thread_ws_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_thread_ws_module);

    if (conf->protocols == NULL) {
        return 0;
    }

    protocol = conf->protocols->elts;

    return ngx_thread_ws_wires[protocol->wire]->chats;
}


/* core reads on for a while, so that the client reads this */

ngx_int_t
ngx_thread_ws_twin_too_large(ngx_http_request_t *r)
{
    r->keepalive = 0;
    r->lingering_close = 1;

    return ngx_thread_ws_twin_refuse(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                     NGX_THREAD_WS_INVALID_MESSAGE,
                                     "the message is too large");
}


ngx_int_t
ngx_thread_ws_twin_refused(ngx_http_request_t *r, ngx_uint_t code)
{
    ngx_uint_t  status;

    switch (code) {

    case NGX_THREAD_WS_INVALID_JSON:
    case NGX_THREAD_WS_INVALID_MESSAGE:
        status = NGX_HTTP_BAD_REQUEST;
        break;

    case NGX_THREAD_WS_DUPLICATE_REQUEST:
    case NGX_THREAD_WS_BUSY:
        status = NGX_HTTP_CONFLICT;
        break;

    default:
        status = NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return ngx_thread_ws_twin_refuse(r, status, code, NULL);
}
