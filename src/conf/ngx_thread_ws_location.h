
/*
 * Finding a location by its URI at nginx's start, when there is no request yet.
 */


#ifndef _NGX_THREAD_WS_LOCATION_H_INCLUDED_
#define _NGX_THREAD_WS_LOCATION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * The location that a request for uri comes to, as core would find it: never
 * NULL, since server, whose locations are looked at, is one itself.  In
 * postconfiguration, when core has made its trees.
 */

ngx_http_core_loc_conf_t *ngx_thread_ws_location_find(
    ngx_http_core_loc_conf_t *server, ngx_str_t *uri);


#endif /* _NGX_THREAD_WS_LOCATION_H_INCLUDED_ */
