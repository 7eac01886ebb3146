
/*
 * A socket that a library owns, on nginx's event loop: the library opens and
 * closes it, and says what it waits for; nginx's connection is only lent to it.
 * Events are level-triggered, since such a library does not always read until
 * there is nothing left.
 */


#ifndef _NGX_THREAD_WS_SOCKET_H_INCLUDED_
#define _NGX_THREAD_WS_SOCKET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


/*
 * A connection for the socket, whose events handler takes, with data in its
 * data; NULL if none is left.  It waits for nothing yet.  log lives as long.
 */

ngx_connection_t *ngx_thread_ws_socket_attach(ngx_socket_t fd, ngx_log_t *log,
    ngx_event_handler_pt handler, void *data);

/*
 * Waits for what may be read, for room to write, for both or neither: NGX_OK,
 * or NGX_ERROR, and the socket is of no use.
 */

ngx_int_t ngx_thread_ws_socket_watch(ngx_connection_t *c, ngx_uint_t read,
    ngx_uint_t write);

/*
 * Gives the connection back.  Due before the library may close the socket; if
 * it has closed it already, closed is 1, and the kernel hears nothing of it.
 * None of its events is handled any more.
 */

void ngx_thread_ws_socket_detach(ngx_connection_t *c, ngx_uint_t closed);


#endif /* _NGX_THREAD_WS_SOCKET_H_INCLUDED_ */
