
/*
 * An answer that may pause: the blocks that the agent has given so far, as it
 * gave them, since it wants them back whole to go on.  Texts are not kept a
 * second time: of those there is where in the run's text they stand.
 */


#ifndef _NGX_THREAD_WS_TURN_H_INCLUDED_
#define _NGX_THREAD_WS_TURN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"


/* how often an answer goes on after a pause */

#define NGX_THREAD_WS_TURN_PAUSES  5


/*
 * For reply->turn, NULL without memory.  said: the bytes of the run's text, as
 * it is escaped, before the event that is read.
 */

ngx_thread_ws_turn_t *ngx_thread_ws_turn_create(size_t *said);
void ngx_thread_ws_turn_free(ngx_thread_ws_turn_t *turn);

/*
 * A block begins, before its text is told; a delta of one, whatever is added;
 * NGX_OK or NGX_ERROR.  More bytes than reply->limit are not kept, and such an
 * answer does not go on.
 */

ngx_int_t ngx_thread_ws_turn_begins(ngx_thread_ws_reply_t *reply,
    json_t *block);
ngx_int_t ngx_thread_ws_turn_goes(ngx_thread_ws_reply_t *reply,
    json_t *delta);

/* bytes were told that are none of the block's */

void ngx_thread_ws_turn_skip(ngx_thread_ws_reply_t *reply, size_t len);

/* where the agent has put what it made: an id, anything else is none */

void ngx_thread_ws_turn_place(ngx_thread_ws_reply_t *reply, json_t *place);

/*
 * The answer pauses: NGX_OK when the reply is ready for what goes on with it;
 * NGX_DECLINED when that may not be; NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_turn_pause(ngx_thread_ws_reply_t *reply);

/* whether it did */

ngx_uint_t ngx_thread_ws_turn_paused(ngx_thread_ws_reply_t *reply);

/* the answer is whole: what was counted before its pauses is added */

void ngx_thread_ws_turn_total(ngx_thread_ws_reply_t *reply);

/*
 * All blocks until the last pause, text being the run's, as it is escaped: a
 * new list, NULL without memory.  The place is borrowed, NULL if there is none.
 */

json_t *ngx_thread_ws_turn_blocks(ngx_thread_ws_turn_t *turn, ngx_str_t *text);
json_t *ngx_thread_ws_turn_placed(ngx_thread_ws_turn_t *turn);


#endif /* _NGX_THREAD_WS_TURN_H_INCLUDED_ */
