
/*
 * Reconnections: the connection of a thread that was lost within the last
 * minute and is there again.  The ones lost are remembered in a table, in the
 * zone if there is one, that forgets the oldest when it is full.
 */


#ifndef _NGX_THREAD_WS_LOST_H_INCLUDED_
#define _NGX_THREAD_WS_LOST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "zone/ngx_thread_ws_zone.h"


#define NGX_THREAD_WS_LOST_TIME  60000


/* the zone's part */

ngx_int_t ngx_thread_ws_lost_init(ngx_thread_ws_zone_t *zone);


void ngx_thread_ws_lost_add(ngx_str_t *owner, ngx_str_t *thread_id);

/* it ended properly: what comes now is no reconnection */

void ngx_thread_ws_lost_forget(ngx_str_t *owner, ngx_str_t *thread_id);

/* NGX_OK and the ms it was away, once for each loss; else NGX_DECLINED */

ngx_int_t ngx_thread_ws_lost_found(ngx_str_t *owner, ngx_str_t *thread_id,
    ngx_msec_t *away);


#endif /* _NGX_THREAD_WS_LOST_H_INCLUDED_ */
