
/*
 * HTTP requests that nginx makes on its own account: libcurl's multi interface
 * on nginx's event loop.  It knows transfers, and nothing of what is in them.
 * Names are resolved by nginx, so that nothing waits and no system thread is
 * made; there are no redirects, no proxies and no netrc.
 */


#ifndef _NGX_THREAD_WS_CURL_H_INCLUDED_
#define _NGX_THREAD_WS_CURL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include <curl/curl.h>


#define NGX_THREAD_WS_CURL_ANSWER  4096


/* Where requests go; from the configuration. */

typedef struct {
    ngx_str_t                  url;         /* ended by a zero byte */
    ngx_str_t                  host;
    in_port_t                  port;
    unsigned                   literal:1;   /* the host is an address */

    struct curl_slist         *headers;     /* of all requests */
    ngx_http_core_loc_conf_t  *clcf;        /* whose resolver is used */

    ngx_str_t                  directive;   /* that named the url, and where */
    ngx_str_t                  file;
    ngx_uint_t                 line;

    struct curl_slist         *resolve;     /* what the name came to at last */
} ngx_thread_ws_curl_target_t;


typedef struct ngx_thread_ws_transfer_s  ngx_thread_ws_transfer_t;

typedef void (*ngx_thread_ws_transfer_pt)(ngx_thread_ws_transfer_t *transfer);


/*
 * One POST.  The caller fills in the first part and owns the structure, which
 * stays where it is until the handler is called or everything has ended.
 */

struct ngx_thread_ws_transfer_s {
    ngx_thread_ws_curl_target_t  *target;
    u_char                       *body;
    size_t                        len;
    ngx_msec_t                    timeout;      /* ms, for all of it */
    ngx_thread_ws_transfer_pt     handler;
    void                         *data;

    /* what came of it, for the handler */

    ngx_uint_t                    status;       /* HTTP; 0: no answer */
    ngx_msec_t                    retry_after;  /* ms, 0: not told */
    const char                   *error;        /* with status 0 */
    u_char                        answer[NGX_THREAD_WS_CURL_ANSWER];
    size_t                        answer_len;   /* a longer one is cut */

    /* ngx_thread_ws_curl's */

    CURL                         *easy;
    ngx_queue_t                   queue;        /* while there is easy */
    ngx_event_t                   failed;
    size_t                        received;
};


/*
 * At configuration: takes a url apart, NGX_ERROR with an emerg line.  Headers
 * are then added to target->headers, whose memory is freed with cf->pool.
 */

ngx_int_t ngx_thread_ws_curl_target(ngx_conf_t *cf,
    ngx_thread_ws_curl_target_t *target, ngx_str_t *url);
ngx_int_t ngx_thread_ws_curl_header(ngx_conf_t *cf,
    ngx_thread_ws_curl_target_t *target, char *header);

/*
 * After configuration: looks the name up if there is no resolver to do so
 * later.  NGX_OK or NGX_ERROR with an emerg line.
 */

ngx_int_t ngx_thread_ws_curl_lookup(ngx_conf_t *cf,
    ngx_thread_ws_curl_target_t *target);


/*
 * What the name came to, for libcurl to take instead of asking: NGX_OK, or
 * NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_curl_addresses(ngx_thread_ws_curl_target_t *target,
    ngx_resolver_addr_t *addrs, ngx_uint_t naddrs);


/* at the worker's start, if there is a target: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_curl_init(ngx_cycle_t *cycle);

/*
 * NGX_OK: the handler will be called from the event loop, never from within
 * this call.  NGX_ERROR: no memory.
 */

ngx_int_t ngx_thread_ws_curl_post(ngx_thread_ws_transfer_t *transfer);

/*
 * At the worker's exit, before its last transfers: no event will be handled any
 * more, and so names are no longer asked for; their last addresses stand.
 */

void ngx_thread_ws_curl_leave(void);

/*
 * After that: waits until all transfers are done, those included that
 * their handlers begin, but not longer than time (ms); then closes everything
 * and forgets the others.
 */

void ngx_thread_ws_curl_exit(ngx_msec_t time);


#endif /* _NGX_THREAD_WS_CURL_H_INCLUDED_ */
