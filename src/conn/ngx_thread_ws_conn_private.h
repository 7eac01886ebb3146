
/*
 * What the two halves of a connection share: its life and its events.
 */


#ifndef _NGX_THREAD_WS_CONN_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_CONN_PRIVATE_H_INCLUDED_


#include "conn/ngx_thread_ws_conn.h"
#include "wire/ngx_thread_ws_choice.h"
#include "wire/ngx_thread_ws_command.h"


/* the handler of both events, until nobody else holds the request */

void ngx_thread_ws_conn_first_handler(ngx_event_t *ev);

/* what follows every event; the connection may be gone afterwards */

void ngx_thread_ws_conn_step(ngx_thread_ws_conn_t *conn);

/*
 * The worker is leaving: what is under way is finished, then the client is sent
 * away.
 */

void ngx_thread_ws_conn_leave(ngx_thread_ws_conn_t *conn);

/*
 * Whether it hears a run whose end it must wait for: who follows comes back to
 * another worker, and hears the rest there, where there is one.
 */

ngx_uint_t ngx_thread_ws_conn_hears(ngx_thread_ws_conn_t *conn);

/* the one way out; and the upgrade request's clean-up, which it comes to */

void ngx_thread_ws_conn_finalize(ngx_thread_ws_conn_t *conn);
void ngx_thread_ws_conn_cleanup(void *data);

/*
 * A message is sent in a follower's thread: OK, also if the client was told why
 * it cannot be, or the code of its refusal.
 */

ngx_uint_t ngx_thread_ws_conn_submit(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_follower_t *follower, ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_command_t *command);

/* a command is refused; the id may be empty, text NULL for the code's */

void ngx_thread_ws_conn_error(ngx_thread_ws_conn_t *conn,
    ngx_str_t *request_id, ngx_uint_t code, char *text);


#endif /* _NGX_THREAD_WS_CONN_PRIVATE_H_INCLUDED_ */
