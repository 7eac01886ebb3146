
/*
 * Whose a connection is to be: its thread, owner and agent.
 */


#include "conn/ngx_thread_ws_upgrade.h"
#include "base/ngx_thread_ws_random.h"
#include "base/ngx_thread_ws_string.h"
#include "conn/ngx_thread_ws_identity.h"
#include "ws/ngx_thread_ws_frame.h"


ngx_int_t
ngx_thread_ws_upgrade_bind(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_thread_ws_conn_t *conn,
    ngx_uint_t *close_code)
{
    ngx_int_t  rc;

    if (ngx_thread_ws_follower_wire(&conn->follower)->chats
        && conf->thread_id == NULL)
    {
        rc = ngx_thread_ws_identity_owner(r, conf, &conn->subject.owner);

    } else {
        rc = ngx_thread_ws_identity(r, conf, &conn->subject.thread_id,
                                    &conn->subject.owner);
    }

    if (rc == NGX_DECLINED) {

        /* after the upgrade: a browser cannot see an HTTP status here */

        *close_code = NGX_THREAD_WS_CLOSE_POLICY;
        ngx_thread_ws_identity_blame(r, conf);

    } else if (rc != NGX_OK) {
        return rc;
    }

    return ngx_thread_ws_upgrade_pass(r, conf, conn);
}


ngx_int_t
ngx_thread_ws_upgrade_pass(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_thread_ws_conn_t *conn)
{
    u_char  bytes[NGX_THREAD_WS_CONNECTION_ID_LEN / 2];

    if (ngx_http_complex_value(r, conf->pass, &conn->pass) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (conn->pass.len == 0 || conn->pass.data[0] != '/') {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"thread_ws_pass\" comes out as \"%V\", "
                      "which does not begin with \"/\"", &conn->pass);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_thread_ws_string_controls(&conn->pass)) {

        /* of a decoded capture: it would end the agent's request line */

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"thread_ws_pass\" comes out with a control character");
        return NGX_HTTP_BAD_REQUEST;
    }

    ngx_thread_ws_random(bytes, sizeof(bytes));
    ngx_hex_dump(conn->subject.connection_id, bytes, sizeof(bytes));

    return NGX_OK;
}
