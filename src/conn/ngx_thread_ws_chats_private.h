
/*
 * What the files of chats share.
 */


#ifndef _NGX_THREAD_WS_CHATS_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_CHATS_PRIVATE_H_INCLUDED_


#include "conn/ngx_thread_ws_chats.h"
#include "wire/ngx_thread_ws_command.h"


typedef struct ngx_thread_ws_chat_find_s  ngx_thread_ws_chat_find_t;
typedef struct ngx_thread_ws_rejoin_s     ngx_thread_ws_rejoin_t;


typedef struct {
    ngx_queue_t                queue;        /* in the connection's */
    ngx_thread_ws_conn_t      *conn;
    ngx_thread_ws_subject_t    subject;      /* the connection's, but for the
                                                thread */
    ngx_thread_ws_follower_t   follower;
    ngx_str_t                  request_id;   /* of who resumes; else empty */
    ngx_thread_ws_chat_find_t  *find;        /* a message that waits for what
                                                it replaces; NULL: none does */
    unsigned                   gone:1;       /* its thread was deleted */
} ngx_thread_ws_chat_t;


/* of one connection, whose own follower hears nothing and has it as its data */

typedef struct {
    ngx_queue_t                queue;        /* of ngx_thread_ws_chat_t, those
                                                that had room last at the end */
    ngx_uint_t                 n;
    ngx_thread_ws_chat_t      *flushed;      /* alone, just now; else NULL */
    ngx_thread_ws_rejoin_t    *rejoin;       /* for this run it was opened, and
                                                goes with it; NULL: for none */
} ngx_thread_ws_chats_t;


#define ngx_thread_ws_chats_of(conn)                                          \
    ((ngx_thread_ws_chats_t *) (conn)->follower.data)

#define ngx_thread_ws_chat_of(q)                                              \
    (ngx_queue_data(q, ngx_thread_ws_chat_t, queue))


/* a message of the client's */

void ngx_thread_ws_chats_command(ngx_thread_ws_conn_t *conn, ngx_uint_t type,
    u_char *data, size_t len);

/* the chat that messages of that thread are sent in; NULL: there is no room */

ngx_thread_ws_chat_t *ngx_thread_ws_chats_get(ngx_thread_ws_conn_t *conn,
    ngx_str_t *thread_id);

/* one more; request_id: of who resumes, else empty; NULL: there is no room */

ngx_thread_ws_chat_t *ngx_thread_ws_chats_add(ngx_thread_ws_conn_t *conn,
    ngx_str_t *thread_id, ngx_str_t *request_id);

void ngx_thread_ws_chat_free(ngx_thread_ws_chat_t *chat);

/* a message is sent in the chat, and refused if it cannot be */

void ngx_thread_ws_chat_submit(ngx_thread_ws_chat_t *chat,
    ngx_thread_ws_command_t *command);

/*
 * The same in the place of a run that is to be found first: what is in the
 * command is taken.  It is looked for, if it is not yet and nothing is being
 * stored; the message that waits for that is cancelled; it is forgotten, and
 * nobody told.
 */

void ngx_thread_ws_chat_find(ngx_thread_ws_chat_t *chat,
    ngx_thread_ws_command_t *command);
void ngx_thread_ws_chat_find_begin(ngx_thread_ws_chat_t *chat);
void ngx_thread_ws_chat_find_cancel(ngx_thread_ws_chat_t *chat);
void ngx_thread_ws_chat_find_free(ngx_thread_ws_chat_t *chat);

/*
 * A connection whose address names a run and a place hears the rest of it, and
 * is closed then: what it names, NGX_OK or an HTTP status; it begins to hear,
 * once; or has heard all of it.
 */

ngx_int_t ngx_thread_ws_rejoin_read(ngx_thread_ws_conn_t *conn);
void ngx_thread_ws_rejoin_begin(ngx_thread_ws_conn_t *conn);
void ngx_thread_ws_rejoin_end(ngx_thread_ws_conn_t *conn);

/* whether it is that message which waits */

ngx_uint_t ngx_thread_ws_chat_finds(ngx_thread_ws_chat_t *chat,
    ngx_str_t *request_id);


#endif /* _NGX_THREAD_WS_CHATS_PRIVATE_H_INCLUDED_ */
