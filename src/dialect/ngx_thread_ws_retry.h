
/*
 * When an agent that refuses may be asked again, by its header.
 */


#ifndef _NGX_THREAD_WS_RETRY_H_INCLUDED_
#define _NGX_THREAD_WS_RETRY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* a day: what is later is as good as never */

#define NGX_THREAD_WS_RETRY_MAX     86400000

/* limits that one agent tells of, such as requests and tokens */

#define NGX_THREAD_WS_RETRY_LIMITS  8


typedef struct {
    uint32_t     name;         /* as a hash */
    ngx_msec_t   reset;        /* ms; 0: not told */
    unsigned     used:1;       /* there is nothing left of it */
} ngx_thread_ws_retry_limit_t;


/* Zero it before the first header. */

typedef struct {
    ngx_msec_t                    after;   /* ms; 0: not told */
    ngx_uint_t                    nlimits;
    ngx_thread_ws_retry_limit_t   limits[NGX_THREAD_WS_RETRY_LIMITS];
    unsigned                      yes:1;   /* by the agent's own words */
    unsigned                      no:1;
} ngx_thread_ws_retry_t;


/*
 * Looks at one line of the header; now is the time in seconds since the epoch.
 * Taken are Retry-After (seconds, with a fraction or without, or a date),
 * retry-after-ms, x-should-retry, and of each limit that has "ratelimit" and
 * "reset" in its name when it begins anew, as an interval ("1m30s"), in seconds
 * or as a time (RFC 3339, or since the epoch), and by "remaining" whether it is
 * used up.
 */

void ngx_thread_ws_retry_header(ngx_thread_ws_retry_t *retry, ngx_str_t *name,
    ngx_str_t *value, time_t now);

/*
 * In how many ms to try again, a day at most, 0: not told.  With limits set, as
 * far as nothing else is told, when all limits that are used up begin anew; if
 * none is known to be, when the first does.
 */

ngx_msec_t ngx_thread_ws_retry_after(ngx_thread_ws_retry_t *retry,
    ngx_uint_t limits);

/* an interval or a time as above: ms from now on; 0: past, or not understood */

ngx_msec_t ngx_thread_ws_retry_time(ngx_str_t *value, time_t now);


#endif /* _NGX_THREAD_WS_RETRY_H_INCLUDED_ */
