
/*
 * Which of the location's protocols a client speaks: as its subprotocol says.
 */


#include "conn/ngx_thread_ws_upgrade.h"
#include "base/ngx_thread_ws_headers.h"
#include "base/ngx_thread_ws_string.h"
#include "wire/ngx_thread_ws_wire.h"
#include "ws/ngx_thread_ws_handshake.h"


static ngx_str_t *ngx_thread_ws_upgrade_listed(ngx_array_t *names,
    ngx_str_t *name);
static void ngx_thread_ws_upgrade_choose(ngx_array_t *protocols,
    ngx_thread_ws_follower_t *follower, ngx_str_t *subprotocol);


ngx_int_t
ngx_thread_ws_upgrade_protocol(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_thread_ws_follower_t *follower,
    ngx_str_t **subprotocol)
{
    ngx_int_t                  rc;
    ngx_str_t                  list, token;
    ngx_thread_ws_protocol_t  *protocol;

    *subprotocol = NULL;

    if (conf->protocols) {
        protocol = conf->protocols->elts;
        follower->wire = protocol->wire;
    }

    if (conf->subprotocols == NULL
        || ngx_thread_ws_headers_join(&r->headers_in.headers,
                                      "Sec-WebSocket-Protocol", r->pool, &list)
           != NGX_OK)
    {
        return NGX_OK;
    }

    /* the first one offered that is listed; without a match there is none */

    do {
        rc = ngx_thread_ws_handshake_next(&list, &token);

        if (rc == NGX_DECLINED) {
            return NGX_HTTP_BAD_REQUEST;
        }

        if (rc == NGX_DONE) {
            return NGX_OK;
        }

        *subprotocol = ngx_thread_ws_upgrade_listed(conf->subprotocols, &token);

    } while (*subprotocol == NULL);

    follower->v2 = ngx_thread_ws_string_is(&token, "thread-ws.v2");

    if (conf->protocols) {
        ngx_thread_ws_upgrade_choose(conf->protocols, follower, &token);
    }

    return NGX_OK;
}


static ngx_str_t *
ngx_thread_ws_upgrade_listed(ngx_array_t *names, ngx_str_t *name)
{
    ngx_str_t   *listed;
    ngx_uint_t   i;

    listed = names->elts;

    for (i = 0; i < names->nelts; i++) {

        if (ngx_thread_ws_string_equal(&listed[i], name)) {
            return &listed[i];
        }
    }

    return NULL;
}


static void
ngx_thread_ws_upgrade_choose(ngx_array_t *protocols,
    ngx_thread_ws_follower_t *follower, ngx_str_t *subprotocol)
{
    ngx_int_t                  wire;
    ngx_uint_t                 i;
    ngx_thread_ws_protocol_t  *protocol;

    wire = ngx_thread_ws_wire_of(subprotocol);
    protocol = protocols->elts;

    for (i = 0; i < protocols->nelts; i++) {

        if ((ngx_int_t) protocol[i].wire == wire) {
            follower->wire = wire;
        }
    }
}
