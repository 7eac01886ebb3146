
/*
 * A library's socket on nginx's event loop.
 */


#include "base/ngx_thread_ws_socket.h"


static ngx_int_t ngx_thread_ws_socket_wait(ngx_event_t *ev, ngx_int_t event,
    ngx_uint_t on, ngx_uint_t flags);


ngx_connection_t *
ngx_thread_ws_socket_attach(ngx_socket_t fd, ngx_log_t *log,
    ngx_event_handler_pt handler, void *data)
{
    ngx_connection_t  *c;

    /* core would raise an alert */

    if (ngx_cycle->free_connection_n + ngx_cycle->reusable_connections_n == 0) {
        return NULL;
    }

    c = ngx_get_connection(fd, log);
    if (c == NULL) {
        return NULL;
    }

    c->data = data;
    c->log = log;

    c->read->handler = handler;
    c->read->log = log;
    c->write->handler = handler;
    c->write->log = log;

    return c;
}


ngx_int_t
ngx_thread_ws_socket_watch(ngx_connection_t *c, ngx_uint_t read,
    ngx_uint_t write)
{
    if (ngx_thread_ws_socket_wait(c->read, NGX_READ_EVENT, read, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_socket_wait(c->write, NGX_WRITE_EVENT, write, 0);
}


static ngx_int_t
ngx_thread_ws_socket_wait(ngx_event_t *ev, ngx_int_t event, ngx_uint_t on,
    ngx_uint_t flags)
{
    if (on && !ev->active) {
        return ngx_add_event(ev, event, NGX_LEVEL_EVENT);
    }

    if (!on && ev->active) {
        return ngx_del_event(ev, event, flags);
    }

    return NGX_OK;
}


void
ngx_thread_ws_socket_detach(ngx_connection_t *c, ngx_uint_t closed)
{
    ngx_uint_t  flags;

    flags = closed ? NGX_CLOSE_EVENT : 0;

    (void) ngx_thread_ws_socket_wait(c->read, NGX_READ_EVENT, 0, flags);
    (void) ngx_thread_ws_socket_wait(c->write, NGX_WRITE_EVENT, 0, flags);

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    c->read->closed = 1;
    c->write->closed = 1;

    ngx_free_connection(c);

    c->fd = (ngx_socket_t) -1;
}
