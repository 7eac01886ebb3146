
/*
 * The wake-ups on nginx's event loop: the descriptors, which the master makes,
 * and what a worker does with its own.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_channel.h>
#include "zone/ngx_thread_ws_wake.h"
#include "zone/ngx_thread_ws_wake_private.h"

#if (NGX_LINUX)
#include <sys/eventfd.h>
#endif


/* places for so many generations of workers, and for so many workers */

#define NGX_THREAD_WS_WAKE_GENERATIONS  16
#define NGX_THREAD_WS_WAKE_LEAST        32


static ngx_int_t ngx_thread_ws_wake_open(ngx_fd_t *fd, ngx_log_t *log);
static void ngx_thread_ws_wake_close(ngx_log_t *log);
static void ngx_thread_ws_wake_read_handler(ngx_event_t *ev);
static void ngx_thread_ws_wake_write_handler(ngx_event_t *ev);


/* those that the master has made last */

static ngx_uint_t   ngx_thread_ws_wake_nopen;
static ngx_fd_t     ngx_thread_ws_wake_opened[NGX_THREAD_WS_WAKE_WORKERS][2];

static ngx_event_t  ngx_thread_ws_wake_event;


void
ngx_thread_ws_wake_init_module(ngx_log_t *log, ngx_uint_t workers)
{
    ngx_fd_t              *fd;
    ngx_uint_t             n;
    ngx_thread_ws_wake_t  *wake;

    if (ngx_thread_ws_zone == NULL || ngx_thread_ws_zone->sh->wake->nworkers) {
        return;
    }

    wake = ngx_thread_ws_zone->sh->wake;

    ngx_thread_ws_wake_close(log);

    n = workers * NGX_THREAD_WS_WAKE_GENERATIONS;
    n = ngx_max(n, NGX_THREAD_WS_WAKE_LEAST);
    n = ngx_min(n, wake->most);

    while (ngx_thread_ws_wake_nopen < n) {
        fd = ngx_thread_ws_wake_opened[ngx_thread_ws_wake_nopen];

        if (ngx_thread_ws_wake_open(fd, log) != NGX_OK) {
            break;
        }

        wake->workers[ngx_thread_ws_wake_nopen].fd[0] = fd[0];
        wake->workers[ngx_thread_ws_wake_nopen].fd[1] = fd[1];

        ngx_thread_ws_wake_nopen++;
    }

    wake->nworkers = ngx_thread_ws_wake_nopen;
}


/* closed when another nginx is started in this one's place */

static ngx_int_t
ngx_thread_ws_wake_open(ngx_fd_t *fd, ngx_log_t *log)
{
#if (NGX_LINUX)

    fd[0] = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);
    fd[1] = fd[0];

    if (fd[0] == -1) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno, "eventfd() failed");
        return NGX_ERROR;
    }

    return NGX_OK;

#else

    ngx_uint_t  i;

    if (pipe(fd) == -1) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno, "pipe() failed");
        return NGX_ERROR;
    }

    for (i = 0; i < 2; i++) {
        if (ngx_nonblocking(fd[i]) == -1
            || fcntl(fd[i], F_SETFD, FD_CLOEXEC) == -1)
        {
            ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                          "a pipe for wake-ups cannot be set up");
            ngx_close_channel(fd, log);
            return NGX_ERROR;
        }
    }

    return NGX_OK;

#endif
}


/* of a zone that is no more: whoever uses it yet has them, too */

static void
ngx_thread_ws_wake_close(ngx_log_t *log)
{
    ngx_fd_t  *fd;

    while (ngx_thread_ws_wake_nopen) {
        fd = ngx_thread_ws_wake_opened[--ngx_thread_ws_wake_nopen];

        if (close(fd[0]) == -1 || (fd[1] != fd[0] && close(fd[1]) == -1)) {
            ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                          "close() of a descriptor for wake-ups failed");
        }
    }
}


/*
 * A channel, for nginx: one that is neither a client's nor missed when it is
 * open at the exit, and whose events come as long as there is something in it.
 */

ngx_int_t
ngx_thread_ws_wake_init_process(ngx_cycle_t *cycle,
    ngx_thread_ws_wake_pt handler)
{
    if (ngx_thread_ws_zone == NULL) {
        return NGX_OK;
    }

    ngx_thread_ws_wake_event.handler = ngx_thread_ws_wake_write_handler;
    ngx_thread_ws_wake_event.log = cycle->log;

    if (ngx_thread_ws_wake_take(handler) != NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "more than %ui workers: this one is not woken for what "
                      "others write", ngx_thread_ws_zone->sh->wake->nworkers);
        return NGX_OK;
    }

    return ngx_add_channel_event(cycle, ngx_thread_ws_wake_descriptor(),
                                 NGX_READ_EVENT,
                                 ngx_thread_ws_wake_read_handler);
}


void
ngx_thread_ws_wake_exit_process(ngx_cycle_t *cycle)
{
    if (ngx_thread_ws_wake_told()) {
        ngx_thread_ws_wake_write();
    }

    ngx_thread_ws_wake_give();
}


static void
ngx_thread_ws_wake_read_handler(ngx_event_t *ev)
{
    if (ngx_thread_ws_wake_descriptor() != -1) {
        ngx_thread_ws_wake_look();
    }
}


/* posted last, so after most of what this turn brings */

void
ngx_thread_ws_wake_post(void)
{
    ngx_post_event(&ngx_thread_ws_wake_event, &ngx_posted_events);
}


static void
ngx_thread_ws_wake_write_handler(ngx_event_t *ev)
{
    ngx_thread_ws_wake_write();
}
