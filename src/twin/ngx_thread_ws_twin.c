
/*
 * What a request is answered with: who may ask, what is asked for, and which
 * run it hears.
 */


#include "twin/ngx_thread_ws_twin_private.h"
#include "base/ngx_thread_ws_headers.h"
#include "base/ngx_thread_ws_response.h"
#include "base/ngx_thread_ws_string.h"
#include "conn/ngx_thread_ws_identity.h"
#include "conn/ngx_thread_ws_upgrade.h"
#include "observe/ngx_thread_ws_observe.h"
#include "thread/ngx_thread_ws_thread.h"
#include "wire/ngx_thread_ws_command.h"
#include "wire/ngx_thread_ws_post.h"
#include "ws/ngx_thread_ws_handshake.h"


static ngx_uint_t ngx_thread_ws_twin_upgrades(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_twin_preflight(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_twin_get_handler(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_twin_hear(ngx_thread_ws_twin_t *twin,
    ngx_str_t *request_id, size_t after);
static ngx_int_t ngx_thread_ws_twin_heard(ngx_thread_ws_twin_t *twin,
    ngx_str_t *request_id, ngx_int_t rc);
static ngx_int_t ngx_thread_ws_twin_stream(ngx_thread_ws_twin_t *twin);
static ngx_uint_t ngx_thread_ws_twin_slashed(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_twin_delete_handler(ngx_http_request_t *r);
static void ngx_thread_ws_twin_speak(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_loc_conf_t *conf);
static ngx_int_t ngx_thread_ws_twin_whose(ngx_thread_ws_twin_t *twin);
static ngx_int_t ngx_thread_ws_twin_run_id(ngx_http_request_t *r,
    ngx_str_t *request_id);


static ngx_str_t  ngx_thread_ws_twin_allowed =
    ngx_string("GET, POST, DELETE, OPTIONS");


ngx_int_t
ngx_thread_ws_twin_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_thread_ws_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_thread_ws_module);

    if (!conf->http || ngx_thread_ws_twin_upgrades(r)
        || !(r->method & (NGX_HTTP_GET|NGX_HTTP_POST|NGX_HTTP_DELETE
                          |NGX_HTTP_OPTIONS)))
    {
        return ngx_thread_ws_upgrade_handler(r);
    }

    if (r != r->main) {
        return NGX_HTTP_BAD_REQUEST;
    }

    if (ngx_thread_ws_origin_check(r, conf) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the request's origin is not allowed by "
                      "\"thread_ws_origins\"");
        return ngx_thread_ws_twin_refuse(r, NGX_HTTP_FORBIDDEN,
                                         NGX_THREAD_WS_FORBIDDEN,
                                         "this origin is not allowed");
    }

    if (r->method == NGX_HTTP_POST) {
        return ngx_thread_ws_twin_post_handler(r);
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    switch (r->method) {

    case NGX_HTTP_GET:
        return ngx_thread_ws_twin_get_handler(r);

    case NGX_HTTP_DELETE:
        return ngx_thread_ws_twin_delete_handler(r);

    default: /* NGX_HTTP_OPTIONS */
        return ngx_thread_ws_twin_preflight(r);
    }
}


static ngx_uint_t
ngx_thread_ws_twin_upgrades(ngx_http_request_t *r)
{
    ngx_str_t  value;

    return r->method == NGX_HTTP_GET
           && ngx_thread_ws_headers_join(&r->headers_in.headers, "Upgrade",
                                         r->pool, &value)
              == NGX_OK
           && ngx_thread_ws_handshake_token(&value, "websocket") == NGX_OK;
}


/*
 * A browser asks by OPTIONS, and without cookies, whether a page of another
 * origin may ask: whose thread it is shows later.
 */

static ngx_int_t
ngx_thread_ws_twin_preflight(ngx_http_request_t *r)
{
    ngx_str_t  value;

    if (ngx_thread_ws_headers_join(&r->headers_in.headers,
                                   "Access-Control-Request-Method", r->pool,
                                   &value)
        != NGX_OK)
    {
        return ngx_thread_ws_upgrade_handler(r);
    }

    if (ngx_thread_ws_response_add(r, "Allow", &ngx_thread_ws_twin_allowed)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_thread_ws_response_empty(r, NGX_HTTP_NO_CONTENT);
}


/* one run that is named, or all of the thread */

static ngx_int_t
ngx_thread_ws_twin_get_handler(ngx_http_request_t *r)
{
    size_t                 after;
    ngx_int_t              rc;
    ngx_str_t              named, id;
    ngx_thread_ws_twin_t  *twin;
    ngx_thread_ws_conn_t  *conn;

    twin = ngx_thread_ws_twin_create(r, &rc);
    if (twin == NULL) {
        return rc;
    }

    conn = &twin->conn;

    if (ngx_thread_ws_twin_stream(twin) != NGX_OK
        || conn->subject.thread_id.len == 0)
    {
        return ngx_thread_ws_twin_invalid(r, NGX_THREAD_WS_UNNAMED);
    }

    if (ngx_thread_ws_twin_run_id(r, &named) != NGX_OK) {
        return ngx_thread_ws_twin_invalid(r, NGX_THREAD_WS_TWIN_UNNAMED);
    }

    if (ngx_thread_ws_twin_from(twin, &id, &after) != NGX_OK
        || (named.len && id.len && !ngx_thread_ws_string_equal(&named, &id)))
    {
        return ngx_thread_ws_twin_invalid(r, NGX_THREAD_WS_TWIN_NOWHERE);
    }

    if (ngx_thread_ws_twin_join(twin) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* what cannot go on from a place hears one run from its beginning */

    twin->alone = (named.len || !conn->follower.places);

    return ngx_thread_ws_twin_hear(twin, named.len ? &named : &id, after);
}


static ngx_int_t
ngx_thread_ws_twin_hear(ngx_thread_ws_twin_t *twin, ngx_str_t *request_id,
    size_t after)
{
    ngx_int_t                  rc;
    ngx_thread_ws_follower_t  *follower;

    follower = &twin->conn.follower;

    if (follower->places) {
        rc = twin->alone
             ? ngx_thread_ws_thread_hear(follower, request_id, after)
             : ngx_thread_ws_thread_follow(follower, request_id, after);

    } else {
        rc = request_id->len
             ? ngx_thread_ws_thread_hear(follower, request_id, 0)
             : ngx_thread_ws_thread_attach(follower, request_id);

        if (rc == NGX_DECLINED) {
            rc = NGX_DONE;
        }
    }

    return ngx_thread_ws_twin_heard(twin, request_id, rc);
}


static ngx_int_t
ngx_thread_ws_twin_heard(ngx_thread_ws_twin_t *twin, ngx_str_t *request_id,
    ngx_int_t rc)
{
    ngx_http_request_t    *r;
    ngx_thread_ws_conn_t  *conn;

    conn = &twin->conn;
    r = conn->request;

    switch (rc) {

    case NGX_OK:
        ngx_thread_ws_observe_followed(&conn->subject, request_id);

        /* what was deleted later is known by what there is now */

        ngx_thread_ws_thread_watch(conn->follower.thread);

        rc = ngx_thread_ws_twin_open(twin);

        if (rc == NGX_DONE) {
            r->main->count++;
        }

        return rc;

    case NGX_DONE:

        /* who comes back by itself does not come again */

        return ngx_thread_ws_response_empty(r, NGX_HTTP_NO_CONTENT);

    case NGX_DECLINED:
        return ngx_thread_ws_twin_invalid(r, "nothing is heard here: "
                                             "thread_ws_resume is off");

    case NGX_ABORT:
        return ngx_thread_ws_twin_invalid(r, NGX_THREAD_WS_TWIN_NOWHERE);

    default: /* NGX_ERROR */
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


/*
 * A path that ends with .../ID/stream has the thread: NGX_OK, also if it is
 * none, or NGX_DECLINED if it is another one than what else names it.
 */

static ngx_int_t
ngx_thread_ws_twin_stream(ngx_thread_ws_twin_t *twin)
{
    u_char               *p;
    ngx_str_t             id, *thread_id;
    ngx_http_request_t   *r;

    static ngx_str_t  end = ngx_string("/stream");

    r = twin->conn.request;
    thread_id = &twin->conn.subject.thread_id;
    id = r->uri;

    if (!ngx_thread_ws_twin_wire(twin)->chats
        || !ngx_thread_ws_string_ends_same(&id, &end))
    {
        return NGX_OK;
    }

    id.len -= end.len;

    /* what may be a slash within the id ends none here */

    if (ngx_thread_ws_twin_slashed(r)) {
        return NGX_DECLINED;
    }

    for (p = id.data + id.len; p > id.data && p[-1] != '/'; p--) { /* void */ }

    id.len -= p - id.data;
    id.data = p;

    if (thread_id->len) {
        return ngx_thread_ws_string_equal(&id, thread_id) ? NGX_OK
                                                          : NGX_DECLINED;
    }

    if (twin->conn.conf->thread_id == NULL
        && ngx_thread_ws_thread_id_check(&id) == NGX_OK)
    {
        *thread_id = id;
    }

    return NGX_OK;
}


/* whether the path has an escaped slash, which the decoded one shows as any */

static ngx_uint_t
ngx_thread_ws_twin_slashed(ngx_http_request_t *r)
{
    u_char  *last;

    last = ngx_strlchr(r->unparsed_uri.data,
                       r->unparsed_uri.data + r->unparsed_uri.len, '?');
    if (last == NULL) {
        last = r->unparsed_uri.data + r->unparsed_uri.len;
    }

    return ngx_strlcasestrn(r->unparsed_uri.data, last, (u_char *) "%2f",
                            sizeof("%2f") - 2)
           != NULL;
}


static ngx_int_t
ngx_thread_ws_twin_delete_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_str_t              named;
    ngx_thread_ws_twin_t  *twin;
    ngx_thread_ws_conn_t  *conn;

    twin = ngx_thread_ws_twin_create(r, &rc);
    if (twin == NULL) {
        return rc;
    }

    conn = &twin->conn;

    if (conn->subject.thread_id.len == 0) {
        return ngx_thread_ws_twin_invalid(r, NGX_THREAD_WS_UNNAMED);
    }

    if (ngx_thread_ws_twin_run_id(r, &named) != NGX_OK || named.len == 0) {
        return ngx_thread_ws_twin_invalid(r, NGX_THREAD_WS_TWIN_UNNAMED);
    }

    if (ngx_thread_ws_thread_join(&conn->follower, conn->conf,
                                  &conn->subject.owner,
                                  &conn->subject.thread_id)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_thread_ws_thread_cancel(&conn->follower, &named) != NGX_OK) {
        return ngx_thread_ws_twin_refuse(r, NGX_HTTP_NOT_FOUND,
                                         NGX_THREAD_WS_INVALID_MESSAGE,
                                         "no such run is active");
    }

    return ngx_thread_ws_response_empty(r, NGX_HTTP_NO_CONTENT);
}


ngx_thread_ws_twin_t *
ngx_thread_ws_twin_create(ngx_http_request_t *r, ngx_int_t *rc)
{
    ngx_http_cleanup_t        *cln;
    ngx_thread_ws_conn_t      *conn;
    ngx_thread_ws_twin_t      *twin;
    ngx_thread_ws_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_thread_ws_module);

    *rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_thread_ws_twin_t));
    if (cln == NULL) {
        return NULL;
    }

    twin = cln->data;
    ngx_memzero(twin, sizeof(ngx_thread_ws_twin_t));

    conn = &twin->conn;
    conn->connection = r->connection;
    conn->request = r;
    conn->conf = conf;
    conn->handlers = &ngx_thread_ws_conn_chat;

    ngx_thread_ws_follower_init(&conn->follower, &ngx_thread_ws_twin_follower,
                                twin);
    conn->follower.conf = conf;

    ngx_thread_ws_twin_speak(&conn->follower, conf);

    ngx_thread_ws_result_init(&conn->last);

    cln->handler = ngx_thread_ws_twin_cleanup;

    *rc = ngx_thread_ws_twin_whose(twin);

    if (*rc != NGX_OK) {
        return NULL;
    }

    conn->subject.log = r->connection->log;
    conn->subject.dialect = conf->dialect;
    conn->subject.event_log = conf->event_log;
    conn->subject.trace = conf->trace;

    ngx_http_set_ctx(r, twin, ngx_thread_ws_module);
    ngx_thread_ws_upgrade_log(r);

    return twin;
}


/* the first of the location's protocols */

static void
ngx_thread_ws_twin_speak(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_loc_conf_t *conf)
{
    ngx_thread_ws_wire_t      *wire;
    ngx_thread_ws_protocol_t  *protocol;

    if (conf->protocols) {
        protocol = conf->protocols->elts;
        follower->wire = protocol->wire;
        follower->major = protocol->major;
    }

    wire = ngx_thread_ws_follower_wire(follower);

    /* a place is of use where a run goes on without who hears it */

    follower->places = wire->position && (conf->resume || !wire->chats);
    follower->v2 = 1;
}


/* a thread that is not named here may be named by the body */

static ngx_int_t
ngx_thread_ws_twin_whose(ngx_thread_ws_twin_t *twin)
{
    ngx_int_t              rc;
    ngx_thread_ws_conn_t  *conn;

    conn = &twin->conn;

    rc = ngx_thread_ws_identity(conn->request, conn->conf,
                                &conn->subject.thread_id,
                                &conn->subject.owner);

    if (rc == NGX_HTTP_FORBIDDEN) {
        rc = ngx_thread_ws_twin_refuse(conn->request, NGX_HTTP_FORBIDDEN,
                                       NGX_THREAD_WS_FORBIDDEN, NULL);

        return (rc == NGX_OK) ? NGX_DONE : rc;
    }

    if (rc == NGX_DECLINED
        && ngx_thread_ws_identity_malformed(conn->request, conn->conf))
    {
        rc = ngx_thread_ws_twin_invalid(conn->request, NGX_THREAD_WS_UNNAMED);

        return (rc == NGX_OK) ? NGX_DONE : rc;
    }

    if (rc != NGX_OK && rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_thread_ws_upgrade_pass(conn->request, conn->conf, conn);
}


ngx_int_t
ngx_thread_ws_twin_join(ngx_thread_ws_twin_t *twin)
{
    ngx_thread_ws_conn_t  *conn;

    conn = &twin->conn;

    if (ngx_thread_ws_thread_join(&conn->follower, conn->conf,
                                  &conn->subject.owner,
                                  &conn->subject.thread_id)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    conn->totals.opened = ngx_current_msec;
    conn->counted = 1;

    ngx_thread_ws_observe_connected(&conn->subject, conn->request);

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_twin_from(ngx_thread_ws_twin_t *twin, ngx_str_t *request_id,
    size_t *after)
{
    ngx_str_t            value;
    ngx_http_request_t  *r;

    r = twin->conn.request;
    *after = 0;
    ngx_str_null(request_id);

    if (ngx_thread_ws_headers_join(&r->headers_in.headers, "Last-Event-ID",
                                   r->pool, &value)
        != NGX_OK
        || value.len == 0)
    {
        return NGX_OK;
    }

    return ngx_thread_ws_place_read(&value, after, request_id);
}


/*
 * The run that is named by the argument or the end of the path, .../runs/ID:
 * NGX_OK, also if there is none, or NGX_DECLINED.
 */

static ngx_int_t
ngx_thread_ws_twin_run_id(ngx_http_request_t *r, ngx_str_t *request_id)
{
    u_char     *p, *dst, *src;
    ngx_str_t   value;

    if (ngx_http_arg(r, (u_char *) "requestId", sizeof("requestId") - 1,
                     &value)
        == NGX_OK)
    {
        dst = ngx_pnalloc(r->pool, value.len + 1);
        if (dst == NULL) {
            return NGX_DECLINED;
        }

        request_id->data = dst;
        src = value.data;

        ngx_unescape_uri(&dst, &src, value.len, 0);

        request_id->len = dst - request_id->data;

        return ngx_thread_ws_request_id_check(request_id);
    }

    p = ngx_strlcasestrn(r->uri.data, r->uri.data + r->uri.len,
                         (u_char *) "/runs/", sizeof("/runs/") - 2);
    if (p == NULL) {
        ngx_str_null(request_id);
        return NGX_OK;
    }

    request_id->data = p + sizeof("/runs/") - 1;
    request_id->len = r->uri.data + r->uri.len - request_id->data;

    return ngx_thread_ws_request_id_check(request_id);
}
