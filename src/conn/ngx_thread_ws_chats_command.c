
/*
 * Several threads on one connection: a chat for each that messages were sent
 * in, and one for each answer that is resumed, which hears that run alone.
 */


#include "conn/ngx_thread_ws_chats_private.h"
#include "base/ngx_thread_ws_string.h"
#include "conn/ngx_thread_ws_conn_private.h"
#include "observe/ngx_thread_ws_observe.h"
#include "thread/ngx_thread_ws_thread.h"
#include "ws/ngx_thread_ws_frame.h"


static void ngx_thread_ws_chats_send(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command);
static void ngx_thread_ws_chats_refused(ngx_thread_ws_conn_t *conn,
    ngx_str_t *request_id, ngx_uint_t code);
static void ngx_thread_ws_chats_resume(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command);
static void ngx_thread_ws_chats_cancel(ngx_thread_ws_conn_t *conn,
    ngx_str_t *request_id);


void
ngx_thread_ws_chats_command(ngx_thread_ws_conn_t *conn, ngx_uint_t type,
    u_char *data, size_t len)
{
    ngx_int_t                rc;
    ngx_str_t               *bound;
    ngx_thread_ws_command_t  command;

    rc = ngx_thread_ws_follower_wire(&conn->follower)->command(&command, data,
                                                               len);
    if (rc == NGX_ERROR) {
        ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_INTERNAL,
                                 "out of memory");
        return;
    }

    bound = &conn->subject.thread_id;

    if (rc == NGX_OK && bound->len && command.thread_id.len
        && !ngx_thread_ws_string_equal(bound, &command.thread_id))
    {
        command.code = NGX_THREAD_WS_INVALID_MESSAGE;
        command.reason = "the chat's id is not this connection's";
        rc = NGX_DECLINED;
    }

    if (rc == NGX_DECLINED) {
        ngx_thread_ws_conn_error(conn, &command.request_id, command.code,
                                 command.reason);

    } else if (command.type == NGX_THREAD_WS_COMMAND_MESSAGE) {
        ngx_thread_ws_chats_send(conn, &command);

    } else if (command.type == NGX_THREAD_WS_COMMAND_FOLLOW) {
        ngx_thread_ws_chats_resume(conn, &command);

    } else if (command.type == NGX_THREAD_WS_COMMAND_CANCEL) {
        ngx_thread_ws_chats_cancel(conn, &command.request_id);
    }

    ngx_thread_ws_command_free(&command);
}


static void
ngx_thread_ws_chats_send(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    ngx_thread_ws_chat_t  *chat;

    chat = ngx_thread_ws_chats_get(conn, &command->thread_id);
    if (chat == NULL) {
        ngx_thread_ws_conn_error(conn, &command->request_id,
                                 NGX_THREAD_WS_BUSY, "too many chats");
        return;
    }

    if (chat->find && conn->conf->busy != NGX_THREAD_WS_BUSY_INTERRUPT) {
        ngx_thread_ws_conn_error(conn, &command->request_id,
                                 NGX_THREAD_WS_BUSY, NULL);
        return;
    }

    ngx_thread_ws_chat_find_cancel(chat);

    if (command->answers.len
        && !(command->perhaps && conn->conf->dialect->threads))
    {
        ngx_thread_ws_chat_find(chat, command);

    } else {
        ngx_thread_ws_chat_submit(chat, command);
    }
}


void
ngx_thread_ws_chat_submit(ngx_thread_ws_chat_t *chat,
    ngx_thread_ws_command_t *command)
{
    ngx_uint_t             code;
    ngx_thread_ws_conn_t  *conn;

    conn = chat->conn;

    if (conn->conf->client_parameters == NULL) {

        /* a page's own data, which nobody here has asked for */

        command->parameters = NULL;
    }

    code = ngx_thread_ws_conn_submit(conn, &chat->follower, &chat->subject,
                                     command);

    if (code != NGX_THREAD_WS_OK) {
        ngx_thread_ws_chats_refused(conn, &command->request_id, code);
    }
}


static void
ngx_thread_ws_chats_refused(ngx_thread_ws_conn_t *conn, ngx_str_t *request_id,
    ngx_uint_t code)
{
    ngx_str_t  none;

    ngx_str_null(&none);

    /* the one that goes on is not ended for a frame that has its name */

    ngx_thread_ws_conn_error(conn, (code == NGX_THREAD_WS_DUPLICATE_REQUEST)
                                   ? &none : request_id,
                             code, NULL);

    if (code == NGX_THREAD_WS_SHUTTING_DOWN && !ngx_thread_ws_chats_hear(conn))
    {
        ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_RESTART,
                                 "the server is restarting");
    }
}


static void
ngx_thread_ws_chats_resume(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    ngx_int_t              rc;
    ngx_thread_ws_chat_t  *chat;

    chat = NULL;
    rc = NGX_DECLINED;

    if (conn->conf->resume) {
        chat = ngx_thread_ws_chats_add(conn, &command->thread_id,
                                       &command->request_id);

        rc = chat ? ngx_thread_ws_thread_attach(&chat->follower,
                                                &chat->request_id)
                  : NGX_ERROR;
    }

    if (rc == NGX_OK) {
        ngx_thread_ws_observe_followed(&chat->subject, &command->request_id);
        return;
    }

    if (rc == NGX_ERROR) {
        ngx_thread_ws_conn_error(conn, &command->request_id,
                                 NGX_THREAD_WS_BUSY, NULL);

    } else {
        (void) ngx_thread_ws_follower_wire(&conn->follower)->idle(
                                             &ngx_thread_ws_conn_follower.out,
                                             conn, &command->request_id);
    }

    if (chat) {
        ngx_thread_ws_chat_free(chat);
    }
}


/* by the name that it was asked by: of a message, or of who resumed it */

static void
ngx_thread_ws_chats_cancel(ngx_thread_ws_conn_t *conn, ngx_str_t *request_id)
{
    ngx_queue_t             *q, *queue;
    ngx_thread_ws_chat_t    *chat;
    ngx_thread_ws_reader_t  *reader;

    queue = &ngx_thread_ws_chats_of(conn)->queue;

    for (q = ngx_queue_head(queue);
         q != ngx_queue_sentinel(queue);
         q = ngx_queue_next(q))
    {
        chat = ngx_thread_ws_chat_of(q);

        if (ngx_thread_ws_chat_finds(chat, request_id)) {
            ngx_thread_ws_chat_find_cancel(chat);
            return;
        }

        if (chat->request_id.len == 0) {

            ngx_thread_ws_follower_aborts(&chat->follower, request_id);

            if (ngx_thread_ws_follower_hears(&chat->follower, request_id)
                && ngx_thread_ws_thread_cancel(&chat->follower, request_id)
                   == NGX_OK)
            {
                return;
            }

        } else if (ngx_thread_ws_string_equal(&chat->request_id, request_id)
                   && !ngx_queue_empty(&chat->follower.readers))
        {
            reader = ngx_queue_data(ngx_queue_head(&chat->follower.readers),
                                    ngx_thread_ws_reader_t, queue);

            (void) ngx_thread_ws_thread_cancel(&chat->follower,
                                               &reader->journal->request_id);
            return;
        }
    }

    ngx_log_error(NGX_LOG_INFO, conn->connection->log, 0,
                  "abort of \"%V\" ignored: it is not active", request_id);
}
