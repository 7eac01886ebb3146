
/*
 * A connection's output: blocks of bytes waiting for the socket.  Events are
 * written into them in place, and leave when the caller flushes, so that all
 * that one read of the agent brought goes out in one write.
 */


#ifndef _NGX_THREAD_WS_OUTPUT_H_INCLUDED_
#define _NGX_THREAD_WS_OUTPUT_H_INCLUDED_


#include "conn/ngx_thread_ws_conn.h"


/*
 * A text frame of at most size bytes: ngx_thread_ws_output_text() gives where
 * its payload goes, ngx_thread_ws_output_text_end() makes the frame of what was
 * written there up to last, compressed where that is negotiated.
 */

u_char *ngx_thread_ws_output_text(ngx_thread_ws_conn_t *conn, size_t size);
void ngx_thread_ws_output_text_end(ngx_thread_ws_conn_t *conn, u_char *payload,
    u_char *last);

/* A whole frame; data messages are compressed where that is negotiated. */

void ngx_thread_ws_output_frame(ngx_thread_ws_conn_t *conn, ngx_uint_t opcode,
    u_char *data, size_t len);

/*
 * Writes what the socket takes; waits for the rest by the connection's write
 * event, under thread_ws_send_timeout.
 *
 *   NGX_OK     all is written
 *   NGX_AGAIN  some is left
 *   NGX_ERROR  the connection is broken: conn->error is set
 */

ngx_int_t ngx_thread_ws_output_flush(ngx_thread_ws_conn_t *conn);

/* flushes at the end of this turn of the event loop */

#define ngx_thread_ws_output_post(conn)                                       \
    ngx_post_event((conn)->connection->write, &ngx_posted_events)

/* forgets what is queued */

void ngx_thread_ws_output_free(ngx_thread_ws_conn_t *conn);


#endif /* _NGX_THREAD_WS_OUTPUT_H_INCLUDED_ */
