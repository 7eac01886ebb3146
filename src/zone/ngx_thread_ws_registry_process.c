
/*
 * The registry in a worker with resume: what dead workers have left goes at its
 * start, what is kept no longer by a timer.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "zone/ngx_thread_ws_zone.h"
#include "zone/ngx_thread_ws_registry.h"
#include "zone/ngx_thread_ws_registry_private.h"


#define NGX_THREAD_WS_REGISTRY_EVERY  10000      /* ms */


static void ngx_thread_ws_registry_timer_handler(ngx_event_t *ev);


static ngx_event_t  ngx_thread_ws_registry_event;


ngx_int_t
ngx_thread_ws_registry_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t  *ev;

    if (ngx_thread_ws_zone == NULL) {
        return NGX_OK;
    }

    ngx_thread_ws_registry_sweep();

    ev = &ngx_thread_ws_registry_event;

    ev->handler = ngx_thread_ws_registry_timer_handler;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_THREAD_WS_REGISTRY_EVERY);

    return NGX_OK;
}


void
ngx_thread_ws_registry_exit_process(ngx_cycle_t *cycle)
{
    ngx_thread_ws_registry_close();
}


static void
ngx_thread_ws_registry_timer_handler(ngx_event_t *ev)
{
    ngx_thread_ws_registry_expire();

    ngx_add_timer(ev, NGX_THREAD_WS_REGISTRY_EVERY);
}
