
/*
 * The opening handshake: what a request must be, which thread it is for, the
 * 101 reply, and the hand-over to the connection.
 */


#include "conn/ngx_thread_ws_upgrade.h"
#include "base/ngx_thread_ws_headers.h"
#include "base/ngx_thread_ws_response.h"
#include "base/ngx_thread_ws_string.h"
#include "conn/ngx_thread_ws_chats.h"
#include "ws/ngx_thread_ws_utf8.h"
#include "wire/ngx_thread_ws_command.h"
#include "ws/ngx_thread_ws_handshake.h"
#include "conn/ngx_thread_ws_identity.h"


static ngx_int_t ngx_thread_ws_upgrade_check(ngx_http_request_t *r,
    ngx_str_t *key);
static ngx_int_t ngx_thread_ws_upgrade_inquiry(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_upgrade_refuse(ngx_http_request_t *r);
static ngx_thread_ws_conn_t *ngx_thread_ws_upgrade_conn(ngx_http_request_t *r,
    ngx_thread_ws_conn_t *bound);
static ngx_int_t ngx_thread_ws_upgrade_reply(ngx_http_request_t *r,
    ngx_thread_ws_conn_t *conn, ngx_str_t *key, ngx_str_t *subprotocol);
static ngx_int_t ngx_thread_ws_upgrade_deflate(ngx_http_request_t *r,
    ngx_thread_ws_conn_t *conn);
static ngx_int_t ngx_thread_ws_upgrade_value(ngx_http_request_t *r,
    char *name, ngx_str_t *value);
static u_char *ngx_thread_ws_upgrade_log_error(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);


static ngx_http_log_handler_pt  ngx_thread_ws_next_log_handler;


ngx_int_t
ngx_thread_ws_upgrade_handler(ngx_http_request_t *r)
{
    ngx_str_t                 *subprotocol;
    ngx_thread_ws_follower_t   follower;
    ngx_thread_ws_loc_conf_t  *conf;

    if (r->method != NGX_HTTP_GET) {
        return ngx_thread_ws_upgrade_inquiry(r);
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_thread_ws_module);

    ngx_memzero(&follower, sizeof(ngx_thread_ws_follower_t));

    if (conf->protocols) {
        (void) ngx_thread_ws_upgrade_protocol(r, conf, &follower,
                                              &subprotocol);
    }

    return ngx_thread_ws_upgrade(r,
                                 ngx_thread_ws_follower_wire(&follower)->chats
                                 ? &ngx_thread_ws_conn_chats
                                 : &ngx_thread_ws_conn_chat);
}


ngx_int_t
ngx_thread_ws_upgrade(ngx_http_request_t *r,
    ngx_thread_ws_conn_handlers_t *handlers)
{
    ngx_int_t                  rc;
    ngx_str_t                  key, *subprotocol;
    ngx_uint_t                 close_code;
    ngx_thread_ws_conn_t      *conn, bound;
    ngx_thread_ws_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_thread_ws_module);

    rc = ngx_thread_ws_upgrade_check(r, &key);

    if (rc == NGX_DECLINED) {
        return ngx_thread_ws_upgrade_refuse(r);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    /* core begins to reuse connections here, and runs need some, too */

    if (ngx_cycle->free_connection_n + ngx_cycle->reusable_connections_n
        <= ngx_cycle->connection_n / 16)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "no connections are left (worker_connections)");
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    if (ngx_thread_ws_origin_check(r, conf) != NGX_OK) {
        (void) ngx_thread_ws_upgrade_value(r, "Origin", &key);

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "origin \"%V\" is not allowed by \"thread_ws_origins\"",
                      &key);
        return NGX_HTTP_FORBIDDEN;
    }

    ngx_memzero(&bound, sizeof(ngx_thread_ws_conn_t));
    close_code = 0;

    rc = ngx_thread_ws_upgrade_protocol(r, conf, &bound.follower,
                                        &subprotocol);
    if (rc == NGX_OK) {
        rc = handlers->bind(r, conf, &bound, &close_code);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    conn = ngx_thread_ws_upgrade_conn(r, &bound);
    if (conn == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    conn->handlers = handlers;

    ngx_http_set_ctx(r, conn, ngx_thread_ws_module);

    rc = close_code ? NGX_OK : handlers->open(conn);

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_upgrade_reply(r, conn, &key, subprotocol);
    }

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_conn_attach(conn, r);
    }

    if (rc != NGX_OK) {
        handlers->closed(conn);

        if (conn->deflate) {
            ngx_thread_ws_deflate_free(conn->deflate);
        }

        return rc;
    }

    ngx_thread_ws_upgrade_log(r);

    ngx_thread_ws_conn_open(conn, close_code, NGX_THREAD_WS_UNNAMED);

    return NGX_DONE;
}


/* RFC 6455 section 4.2.1: NGX_OK, NGX_DECLINED for a 426, or another status */

static ngx_int_t
ngx_thread_ws_upgrade_check(ngx_http_request_t *r, ngx_str_t *key)
{
    ngx_str_t  value;

    if (r->method != NGX_HTTP_GET) {
        ngx_str_set(&value, "GET");

        return (ngx_thread_ws_response_add(r, "Allow", &value) == NGX_OK)
               ? NGX_HTTP_NOT_ALLOWED : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_thread_ws_upgrade_value(r, "Upgrade", &value) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (r->http_version != NGX_HTTP_VERSION_11 || r != r->main) {
        return NGX_HTTP_BAD_REQUEST;
    }

    if (ngx_thread_ws_handshake_token(&value, "websocket") != NGX_OK
        || ngx_thread_ws_upgrade_value(r, "Connection", &value) != NGX_OK
        || ngx_thread_ws_handshake_token(&value, "upgrade") != NGX_OK
        || r->headers_in.host == NULL
        || r->headers_in.content_length_n > 0 || r->headers_in.chunked)
    {
        return NGX_HTTP_BAD_REQUEST;
    }

    if (ngx_thread_ws_upgrade_value(r, "Sec-WebSocket-Version", &value)
        != NGX_OK
        || !ngx_thread_ws_string_is(&value, "13"))
    {
        return NGX_DECLINED;
    }

    if (ngx_thread_ws_upgrade_value(r, "Sec-WebSocket-Key", key) != NGX_OK
        || ngx_thread_ws_handshake_key(key) != NGX_OK)
    {
        return NGX_HTTP_BAD_REQUEST;
    }

    return NGX_OK;
}


/*
 * What a page cannot read off a handshake: whether one would succeed, and how
 * large a message may be.  OPTIONS are answered by others on the way, too (by
 * development servers, say): so any method tells whom a handshake would not
 * let in.
 */

static ngx_int_t
ngx_thread_ws_upgrade_inquiry(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_str_t                  value;
    ngx_uint_t                 close_code;
    ngx_thread_ws_conn_t       bound;
    ngx_thread_ws_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_thread_ws_module);

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_thread_ws_origin_check(r, conf) != NGX_OK) {
        return NGX_HTTP_FORBIDDEN;
    }

    ngx_memzero(&bound, sizeof(ngx_thread_ws_conn_t));

    rc = ngx_thread_ws_upgrade_bind(r, conf, &bound, &close_code);
    if (rc != NGX_OK) {
        return rc;
    }

    value.data = ngx_pnalloc(r->pool, NGX_SIZE_T_LEN);
    if (value.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%uz", conf->max_message_size)
                - value.data;

    if (ngx_thread_ws_response_add(r, "Thread-WS-Max-Message-Size", &value)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&value, "GET, OPTIONS");

    if (conf->http) {
        ngx_str_set(&value, "GET, POST, DELETE, OPTIONS");
    }

    if (ngx_thread_ws_response_add(r, "Allow", &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_thread_ws_response_empty(r, (r->method == NGX_HTTP_OPTIONS)
                                           ? NGX_HTTP_NO_CONTENT
                                           : NGX_HTTP_NOT_ALLOWED);
}


/* 426: says what is spoken here */

static ngx_int_t
ngx_thread_ws_upgrade_refuse(ngx_http_request_t *r)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    /* HTTP/2 has no such headers, RFC 9113 section 8.2.2 */

    if (r->http_version <= NGX_HTTP_VERSION_11) {
        ngx_str_set(&value, "websocket");

        if (ngx_thread_ws_response_add(r, "Upgrade", &value) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_str_set(&value, "upgrade");

        if (ngx_thread_ws_response_add(r, "Connection", &value) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_str_set(&value, "13");

    if (ngx_thread_ws_response_add(r, "Sec-WebSocket-Version", &value)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&r->headers_out.status_line, "426 Upgrade Required");

    return ngx_thread_ws_response_empty(r, 426);
}


/*
 * What was bound, with its texts, in one piece of the connection's pool: the
 * request's memory may change while the connection lives.
 */

static ngx_thread_ws_conn_t *
ngx_thread_ws_upgrade_conn(ngx_http_request_t *r, ngx_thread_ws_conn_t *bound)
{
    u_char                *p;
    ngx_thread_ws_conn_t  *conn;

    conn = ngx_palloc(r->connection->pool,
                      sizeof(ngx_thread_ws_conn_t)
                      + bound->subject.thread_id.len + bound->subject.owner.len
                      + bound->pass.len);
    if (conn == NULL) {
        return NULL;
    }

    *conn = *bound;

    conn->connection = r->connection;
    conn->request = r;
    conn->conf = ngx_http_get_module_loc_conf(r, ngx_thread_ws_module);

    ngx_thread_ws_follower_init(&conn->follower, &ngx_thread_ws_conn_follower,
                                conn);
    conn->follower.wire = bound->follower.wire;
    conn->follower.v2 = bound->follower.v2;

    ngx_thread_ws_result_init(&conn->last);

    conn->subject.log = r->connection->log;
    conn->subject.dialect = conn->conf->dialect;
    conn->subject.event_log = conn->conf->event_log;
    conn->subject.trace = conn->conf->trace;

    p = (u_char *) conn + sizeof(ngx_thread_ws_conn_t);

    p = ngx_thread_ws_string_copy(&conn->subject.thread_id, p,
                                  &bound->subject.thread_id);
    p = ngx_thread_ws_string_copy(&conn->subject.owner, p,
                                  &bound->subject.owner);
    (void) ngx_thread_ws_string_copy(&conn->pass, p, &bound->pass);

    return conn;
}


static ngx_int_t
ngx_thread_ws_upgrade_reply(ngx_http_request_t *r, ngx_thread_ws_conn_t *conn,
    ngx_str_t *key, ngx_str_t *subprotocol)
{
    ngx_buf_t    *b;
    ngx_int_t     rc;
    ngx_str_t     value;
    ngx_chain_t   out;

    ngx_str_set(&value, "websocket");

    if (ngx_thread_ws_response_add(r, "Upgrade", &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    value.len = NGX_THREAD_WS_ACCEPT_LEN;
    value.data = ngx_pnalloc(r->pool, value.len);
    if (value.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_thread_ws_handshake_accept(value.data, key);

    if (ngx_thread_ws_response_add(r, "Sec-WebSocket-Accept", &value)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = subprotocol ? ngx_thread_ws_response_add(r, "Sec-WebSocket-Protocol",
                                                  subprotocol)
                     : NGX_OK;

    rc = (rc == NGX_OK) ? ngx_thread_ws_upgrade_deflate(r, conn)
                        : NGX_HTTP_INTERNAL_SERVER_ERROR;
    if (rc != NGX_OK) {
        return rc;
    }

    /* core writes "Connection: upgrade", but no reason */

    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    ngx_str_set(&r->headers_out.status_line, "101 Switching Protocols");
    r->keepalive = 0;

    /* core would delay the connection's write event */

    r->limit_rate = 0;
    r->limit_rate_set = 1;

    /* what an error_page or another upstream's redirect left */

    r->err_status = 0;
    r->headers_out.content_type.len = 0;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return NGX_ERROR;
    }

    /* frames are no body: filters such as SSI's would keep the flush */

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->flush = 1;

    out.buf = b;
    out.next = NULL;

    rc = ngx_http_write_filter(r, &out);

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_thread_ws_upgrade_deflate(ngx_http_request_t *r,
    ngx_thread_ws_conn_t *conn)
{
    ngx_int_t                        rc;
    ngx_str_t                        offers, value;
    ngx_thread_ws_deflate_conf_t    *conf;
    ngx_thread_ws_deflate_params_t   own, params;

    conf = &conn->conf->deflate;

    if (!conf->enable
        || ngx_thread_ws_upgrade_value(r, "Sec-WebSocket-Extensions", &offers)
           != NGX_OK)
    {
        return NGX_OK;
    }

    ngx_memzero(&own, sizeof(ngx_thread_ws_deflate_params_t));

    own.server_bits = conf->window;
    own.client_bits = conf->window;
    own.server_no_context = !conf->context;
    own.client_no_context = !conf->context;

    value.data = ngx_pnalloc(r->pool, NGX_THREAD_WS_DEFLATE_VALUE);
    if (value.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_thread_ws_handshake_deflate(&offers, &own, &params, &value);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_BAD_REQUEST;
    }

    conn->deflate = ngx_thread_ws_deflate_create(&params, conf->level);
    if (conn->deflate == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return (ngx_thread_ws_response_add(r, "Sec-WebSocket-Extensions", &value)
            == NGX_OK)
           ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/*
 * A request header's value, all of that name joined by commas: NGX_OK,
 * NGX_DECLINED if there is none, NGX_ERROR without memory to join them.
 */

static ngx_int_t
ngx_thread_ws_upgrade_value(ngx_http_request_t *r, char *name,
    ngx_str_t *value)
{
    return ngx_thread_ws_headers_join(&r->headers_in.headers, name, r->pool,
                                      value);
}


void
ngx_thread_ws_upgrade_log(ngx_http_request_t *r)
{
    ngx_thread_ws_next_log_handler = r->log_handler;
    r->log_handler = ngx_thread_ws_upgrade_log_error;
}


static u_char *
ngx_thread_ws_upgrade_log_error(ngx_http_request_t *r, ngx_http_request_t *sr,
    u_char *buf, size_t len)
{
    u_char                *p;
    ngx_thread_ws_conn_t  *conn;

    p = ngx_thread_ws_next_log_handler(r, sr, buf, len);

    conn = ngx_thread_ws_conn_of(r);

    if (conn == NULL) {
        return p;
    }

    return conn->handlers->log(conn, p, len - (p - buf));
}
