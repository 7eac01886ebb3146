
/*
 * Random bytes, for ids and secrets.
 */


#ifndef _NGX_THREAD_WS_RANDOM_H_INCLUDED_
#define _NGX_THREAD_WS_RANDOM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Fills len bytes, 256 at most, from the system's generator, without waiting
 * for it; where it is not there yet, from random(), which others may guess.
 */

void ngx_thread_ws_random(u_char *p, size_t len);


#endif /* _NGX_THREAD_WS_RANDOM_H_INCLUDED_ */
