
/*
 * What the files of a thread share.
 */


#ifndef _NGX_THREAD_WS_THREAD_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_THREAD_PRIVATE_H_INCLUDED_


#include "thread/ngx_thread_ws_thread.h"


/* what a thread's runs tell it by */

extern ngx_thread_ws_run_handlers_t  ngx_thread_ws_thread_run_handlers;

/* whoever comes now finds another thread of that name */

void ngx_thread_ws_thread_unlist(ngx_thread_ws_thread_t *thread);

/* frees a thread that has neither followers nor runs */

void ngx_thread_ws_thread_release(ngx_thread_ws_thread_t *thread);

/* tells its followers that the thread was deleted, which ends their runs */

void ngx_thread_ws_thread_deleted(ngx_thread_ws_thread_t *thread);

/*
 * A reader writes events of what was said while there is room, with all set
 * whatever room there is, as ngx_thread_ws_follower_take() does; closes itself
 * after the end.
 */

ngx_int_t ngx_thread_ws_reader_take(ngx_thread_ws_reader_t *reader,
    ngx_uint_t all);
void ngx_thread_ws_reader_close(ngx_thread_ws_reader_t *reader);

/*
 * An entry of a part, which it passes over; and for the reader's files alone:
 * room for an event, and the event.
 */

ngx_int_t ngx_thread_ws_reader_part(ngx_thread_ws_reader_t *reader,
    ngx_uint_t kind, ngx_str_t *bytes);

u_char *ngx_thread_ws_reader_room(ngx_thread_ws_reader_t *reader, size_t size);
void ngx_thread_ws_reader_say(ngx_thread_ws_reader_t *reader, u_char *event,
    u_char *last);

/* says that the run goes on, to a follower that has nothing else to take */

void ngx_thread_ws_reader_alive(ngx_thread_ws_reader_t *reader);

/* bytes that have not left yet, in the journal and in the output */

size_t ngx_thread_ws_reader_behind(ngx_thread_ws_reader_t *reader);

/* an empty lane; a run that waits is taken off its own */

void ngx_thread_ws_lane_init(ngx_thread_ws_lane_t *lane);

void ngx_thread_ws_lane_dequeue(ngx_thread_ws_lane_t *lane,
    ngx_thread_ws_run_t *run);

/* forgets a look at the generation */

void ngx_thread_ws_watch_free(ngx_thread_ws_thread_t *thread);


#endif /* _NGX_THREAD_WS_THREAD_PRIVATE_H_INCLUDED_ */
