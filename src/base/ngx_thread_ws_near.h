
/*
 * Memory that is about to be looked at.  With many runs none of it is in the
 * processor's caches, and a system call is time enough to have it come.
 */


#ifndef _NGX_THREAD_WS_NEAR_H_INCLUDED_
#define _NGX_THREAD_WS_NEAR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_THREAD_WS_NEAR_LINE  64


/*
 * A piece of it: an address alone, never followed, so that what is there may be
 * gone by now.  Zero is none.
 */

typedef struct {
    void    *at;
    size_t   size;
} ngx_thread_ws_near_t;


/* has the processor fetch it, and waits for nothing */

static ngx_inline void
ngx_thread_ws_near(void *at, size_t size)
{
    u_char  *p, *last;

    last = (u_char *) at + size;

    for (p = at; p < last; p += NGX_THREAD_WS_NEAR_LINE) {
        __builtin_prefetch(p, 1);
    }
}


#endif /* _NGX_THREAD_WS_NEAR_H_INCLUDED_ */
