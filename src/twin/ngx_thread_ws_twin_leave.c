
/*
 * Twins of a worker that is to leave.  Core tells idle connections so, but a
 * request is not idle, and one of HTTP/2 has no connection of its own: a
 * connection of the worker's, on which nothing ever comes, is told in their
 * stead.
 */


#include "twin/ngx_thread_ws_twin_private.h"
#include "base/ngx_thread_ws_socket.h"


static ngx_connection_t *ngx_thread_ws_twin_sentinel(ngx_log_t *log);
static void ngx_thread_ws_twin_leave_handler(ngx_event_t *ev);


static ngx_queue_t        ngx_thread_ws_twins;
static ngx_connection_t  *ngx_thread_ws_twin_told;


ngx_int_t
ngx_thread_ws_twin_list(ngx_thread_ws_twin_t *twin)
{
    if (ngx_exiting) {
        ngx_thread_ws_twin_leave(twin);
        return NGX_OK;
    }

    if (ngx_thread_ws_twin_told == NULL) {
        ngx_queue_init(&ngx_thread_ws_twins);

        ngx_thread_ws_twin_told = ngx_thread_ws_twin_sentinel(ngx_cycle->log);
        if (ngx_thread_ws_twin_told == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_queue_insert_tail(&ngx_thread_ws_twins, &twin->queue);
    twin->listed = 1;

    return NGX_OK;
}


void
ngx_thread_ws_twin_unlist(ngx_thread_ws_twin_t *twin)
{
    if (twin->listed) {
        twin->listed = 0;
        ngx_queue_remove(&twin->queue);
    }
}


static ngx_connection_t *
ngx_thread_ws_twin_sentinel(ngx_log_t *log)
{
    ngx_socket_t       fd;
    ngx_connection_t  *c;

    fd = ngx_socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd == (ngx_socket_t) -1) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_socket_errno,
                      ngx_socket_n " failed");
        return NULL;
    }

    c = ngx_thread_ws_socket_attach(fd, log, ngx_thread_ws_twin_leave_handler,
                                    NULL);
    if (c == NULL) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "no connections are left (worker_connections)");
        (void) ngx_close_socket(fd);
        return NULL;
    }

    c->idle = 1;

    /* or core would miss it at the exit */

    c->read->channel = 1;

    return c;
}


static void
ngx_thread_ws_twin_leave_handler(ngx_event_t *ev)
{
    ngx_queue_t           *q;
    ngx_thread_ws_twin_t  *twin;

    while (!ngx_queue_empty(&ngx_thread_ws_twins)) {
        q = ngx_queue_head(&ngx_thread_ws_twins);
        twin = ngx_queue_data(q, ngx_thread_ws_twin_t, queue);

        ngx_thread_ws_twin_unlist(twin);
        ngx_thread_ws_twin_leave(twin);
    }
}
