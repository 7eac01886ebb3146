
/*
 * Upgrade, pings, limits and closing are every connection's; all that is the
 * echo's own is what becomes of a message.
 */


#include "pages/ngx_thread_ws_echo.h"
#include "conn/ngx_thread_ws_conn.h"
#include "conn/ngx_thread_ws_output.h"
#include "conn/ngx_thread_ws_upgrade.h"
#include "conf/ngx_thread_ws_settings.h"


static ngx_int_t ngx_thread_ws_echo_handler(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_echo_bind(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_thread_ws_conn_t *conn,
    ngx_uint_t *close_code);
static ngx_int_t ngx_thread_ws_echo_open(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_echo_message(ngx_thread_ws_conn_t *conn,
    ngx_uint_t type, u_char *data, size_t len);
static void ngx_thread_ws_echo_nothing(ngx_thread_ws_conn_t *conn);
static u_char *ngx_thread_ws_echo_log(ngx_thread_ws_conn_t *conn, u_char *buf,
    size_t len);


static ngx_thread_ws_conn_handlers_t  ngx_thread_ws_echo_handlers = {
    1,
    ngx_thread_ws_echo_bind,
    ngx_thread_ws_echo_open,
    ngx_thread_ws_echo_nothing,
    ngx_thread_ws_echo_message,
    ngx_thread_ws_echo_nothing,
    ngx_thread_ws_echo_nothing,
    ngx_thread_ws_echo_log
};


char *
ngx_thread_ws_echo_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_thread_ws_settings_handler(cf, ngx_thread_ws_echo_handler);
}


static ngx_int_t
ngx_thread_ws_echo_handler(ngx_http_request_t *r)
{
    return ngx_thread_ws_upgrade(r, &ngx_thread_ws_echo_handlers);
}


/* nobody's thread: all that a connection has of one stays empty */

static ngx_int_t
ngx_thread_ws_echo_bind(ngx_http_request_t *r, ngx_thread_ws_loc_conf_t *conf,
    ngx_thread_ws_conn_t *conn, ngx_uint_t *close_code)
{
    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_echo_open(ngx_thread_ws_conn_t *conn)
{
    return NGX_OK;
}


static void
ngx_thread_ws_echo_message(ngx_thread_ws_conn_t *conn, ngx_uint_t type,
    u_char *data, size_t len)
{
    ngx_thread_ws_output_frame(conn, type, data, len);
}


static void
ngx_thread_ws_echo_nothing(ngx_thread_ws_conn_t *conn)
{
}


static u_char *
ngx_thread_ws_echo_log(ngx_thread_ws_conn_t *conn, u_char *buf, size_t len)
{
    return buf;
}
