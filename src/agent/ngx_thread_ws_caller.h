
/*
 * On whose behalf an agent is asked: what is left of a client's upgrade request
 * for the variables of a run, which must not need the client any more.  Made
 * once for each run, in the run's pool.
 */


#ifndef _NGX_THREAD_WS_CALLER_H_INCLUDED_
#define _NGX_THREAD_WS_CALLER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef struct {
    ngx_str_t                   name;
    ngx_str_t                   value;
} ngx_thread_ws_caller_header_t;


typedef struct {
    ngx_http_connection_t       hc;          /* to begin a request with */
    ngx_log_t                   log;         /* to be copied: its data is the
                                                client's */
    ngx_listening_t            *listening;
    ngx_atomic_uint_t           number;      /* $connection */

    ngx_sockaddr_t              sockaddr;
    socklen_t                   socklen;
    ngx_sockaddr_t              local_sockaddr;
    socklen_t                   local_socklen;
    ngx_str_t                   addr_text;
    u_char                      addr[NGX_SOCKADDR_STRLEN];

    ngx_proxy_protocol_t       *proxy_protocol;  /* NULL: none */

    ngx_str_t                   server;      /* the Host, without the port */
    ngx_str_t                   args;
    ngx_thread_ws_caller_header_t  *headers; /* of the upgrade */
    ngx_uint_t                  nheaders;

    ngx_http_variable_value_t  *secured;     /* of variables that look at TLS;
                                                NULL: a plain client */
} ngx_thread_ws_caller_t;


/*
 * Copies what a run needs of r, a client's upgrade request, into pool.  NULL
 * without memory.
 */

ngx_thread_ws_caller_t *ngx_thread_ws_caller_create(ngx_pool_t *pool,
    ngx_http_request_t *r);

/*
 * Variables that look at a connection's TLS find none at a run's: $scheme,
 * $https and $ssl_* are taken from the caller there.  At the end of the
 * configuration, before core copies its variables' handlers; and at a worker's
 * start, when it is known which are in use.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_caller_postconfiguration(ngx_conf_t *cf);
void ngx_thread_ws_caller_init_process(ngx_cycle_t *cycle);


#endif /* _NGX_THREAD_WS_CALLER_H_INCLUDED_ */
