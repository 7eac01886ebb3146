
/*
 * Whose thread a request is for.
 */


#include "conn/ngx_thread_ws_identity.h"
#include "base/ngx_thread_ws_string.h"
#include "conn/ngx_thread_ws_conn.h"
#include "wire/ngx_thread_ws_command.h"
#include "ws/ngx_thread_ws_utf8.h"


/* PostgreSQL's index entries end near 2700 bytes */

#define NGX_THREAD_WS_OWNER_MAX  1024


ngx_int_t
ngx_thread_ws_identity(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_str_t *thread_id, ngx_str_t *owner)
{
    ngx_int_t  rc;

    rc = ngx_thread_ws_identity_owner(r, conf, owner);

    if (rc == NGX_HTTP_FORBIDDEN) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"thread_ws_user\" comes out empty or unfit");
    }

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_thread_ws_identity_thread(r, conf, thread_id);
}


ngx_int_t
ngx_thread_ws_identity_owner(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_str_t *owner)
{
    uint32_t  state;

    ngx_str_null(owner);

    if (conf->user == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, conf->user, owner) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    state = NGX_THREAD_WS_UTF8_COMPLETE;

    if (owner->len == 0 || owner->len > NGX_THREAD_WS_OWNER_MAX
        || ngx_thread_ws_string_controls(owner)
        || ngx_thread_ws_utf8_check(&state, owner->data, owner->len) != NGX_OK
        || state != NGX_THREAD_WS_UTF8_COMPLETE)
    {
        ngx_str_null(owner);
        return NGX_HTTP_FORBIDDEN;
    }

    return NGX_OK;
}


/* as it stands there: NGX_OK, or NGX_ERROR without memory */

static ngx_int_t
ngx_thread_ws_identity_named(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_str_t *thread_id)
{
    ngx_str_null(thread_id);

    if (conf->thread_id) {

        if (ngx_http_complex_value(r, conf->thread_id, thread_id) != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (ngx_http_arg(r, (u_char *) "threadId", sizeof("threadId") - 1,
                            thread_id)
               != NGX_OK)
    {
        ngx_str_null(thread_id);
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_identity_thread(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_str_t *thread_id)
{
    if (ngx_thread_ws_identity_named(r, conf, thread_id) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_thread_ws_thread_id_check(thread_id) != NGX_OK) {
        ngx_str_null(thread_id);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_thread_ws_identity_malformed(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf)
{
    ngx_str_t  thread_id;

    return ngx_thread_ws_identity_named(r, conf, &thread_id) == NGX_OK
           && thread_id.data
           && ngx_thread_ws_thread_id_check(&thread_id) != NGX_OK;
}


void
ngx_thread_ws_identity_blame(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf)
{
    ngx_str_t  thread_id;

    static time_t  told;

    if (ngx_thread_ws_identity_named(r, conf, &thread_id) == NGX_OK) {
        ngx_thread_ws_conn_blame(r->connection->log, NGX_THREAD_WS_UNNAMED,
                                 &thread_id, &told);
    }
}
