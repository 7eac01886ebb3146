
/*
 * A message in the place of a run that its client does not name by the run's
 * own id: it waits until the history has said which one that is.
 */


#include "conn/ngx_thread_ws_chats_private.h"
#include "base/ngx_thread_ws_string.h"
#include "conn/ngx_thread_ws_conn_private.h"
#include "conn/ngx_thread_ws_output.h"
#include "thread/ngx_thread_ws_thread.h"


struct ngx_thread_ws_chat_find_s {
    ngx_pool_t                *pool;
    ngx_thread_ws_command_t    command;
    ngx_thread_ws_find_t       find;
    ngx_uint_t                 begun;        /* unsigned  begun:1; */
};


static ngx_uint_t ngx_thread_ws_chat_storing(ngx_thread_ws_chat_t *chat);
static void ngx_thread_ws_chat_find_handler(void *data);
static void ngx_thread_ws_chat_found(ngx_thread_ws_chat_t *chat,
    ngx_thread_ws_chat_find_t *waits);


void
ngx_thread_ws_chat_find(ngx_thread_ws_chat_t *chat,
    ngx_thread_ws_command_t *command)
{
    ngx_pool_t                 *pool;
    ngx_thread_ws_chat_find_t  *waits;

    if (chat->conn->conf->dialect->threads) {
        ngx_thread_ws_conn_error(chat->conn, &command->request_id,
                                 NGX_THREAD_WS_INVALID_MESSAGE,
                                 "a message cannot be answered anew here: the "
                                 "agent keeps the history");
        return;
    }

    pool = ngx_create_pool(1024, ngx_cycle->log);
    waits = pool ? ngx_pcalloc(pool, sizeof(ngx_thread_ws_chat_find_t)) : NULL;

    if (waits == NULL) {

        if (pool) {
            ngx_destroy_pool(pool);
        }

        ngx_thread_ws_conn_error(chat->conn, &command->request_id,
                                 NGX_THREAD_WS_STORE_UNAVAILABLE, NULL);
        return;
    }

    waits->pool = pool;
    waits->command = *command;

    ngx_memzero(command, sizeof(ngx_thread_ws_command_t));

    chat->find = waits;

    ngx_thread_ws_chat_find_begin(chat);
}


void
ngx_thread_ws_chat_find_begin(ngx_thread_ws_chat_t *chat)
{
    ngx_thread_ws_find_t       *find;
    ngx_thread_ws_chat_find_t  *waits;

    waits = chat->find;

    if (waits == NULL || waits->begun || ngx_thread_ws_chat_storing(chat)) {
        return;
    }

    waits->begun = 1;

    find = &waits->find;
    find->pool = waits->pool;
    find->thread = chat->follower.thread;
    find->message = waits->command.answers;
    find->answer = waits->command.answered;
    find->handler = ngx_thread_ws_chat_find_handler;
    find->data = chat;

    if (ngx_thread_ws_find(find) == NGX_OK) {
        ngx_thread_ws_chat_find_handler(chat);
    }
}


/* the run that is to be replaced may be the one that is being stored */

static ngx_uint_t
ngx_thread_ws_chat_storing(ngx_thread_ws_chat_t *chat)
{
    ngx_thread_ws_run_t  *run;

    run = chat->follower.lane->run;

    /* its end is told here, which is when this is asked again */

    return run && run->state == NGX_THREAD_WS_STORING
           && ngx_thread_ws_follower_reader(&chat->follower, &run->journal);
}


static void
ngx_thread_ws_chat_find_handler(void *data)
{
    ngx_thread_ws_chat_t *chat = data;

    ngx_thread_ws_chat_find_t  *waits;

    waits = chat->find;
    chat->find = NULL;

    ngx_thread_ws_chat_found(chat, waits);

    ngx_thread_ws_command_free(&waits->command);
    ngx_destroy_pool(waits->pool);

    ngx_thread_ws_output_post(chat->conn);
}


/* what no run of the history answers is a question like others */

static void
ngx_thread_ws_chat_found(ngx_thread_ws_chat_t *chat,
    ngx_thread_ws_chat_find_t *waits)
{
    ngx_int_t  rc;

    rc = waits->find.status;

    /* one that is its own answer was sent before */

    if (rc == NGX_OK
        && !ngx_thread_ws_string_equal(&waits->find.request_id,
                                       &waits->command.request_id))
    {
        rc = ngx_thread_ws_command_replace(&waits->command,
                                           &waits->find.request_id);
    }

    if (rc == NGX_OK || rc == NGX_DECLINED) {
        ngx_thread_ws_chat_submit(chat, &waits->command);
        return;
    }

    ngx_thread_ws_conn_error(chat->conn, &waits->command.request_id,
                             NGX_THREAD_WS_STORE_UNAVAILABLE, NULL);
}


void
ngx_thread_ws_chat_find_cancel(ngx_thread_ws_chat_t *chat)
{
    ngx_thread_ws_said_t   said;
    ngx_thread_ws_conn_t  *conn;

    conn = chat->conn;

    if (chat->find == NULL) {
        return;
    }

    if (!conn->close_sent && !conn->error) {
        ngx_memzero(&said, sizeof(ngx_thread_ws_said_t));

        said.wire = ngx_thread_ws_follower_wire(&conn->follower);
        said.out = &ngx_thread_ws_conn_follower.out;
        said.data = conn;
        said.request_id = chat->find->command.request_id;

        (void) said.wire->cancelled(&said, 0);

        ngx_thread_ws_wire_forget(&said);
    }

    ngx_thread_ws_chat_find_free(chat);
}


void
ngx_thread_ws_chat_find_free(ngx_thread_ws_chat_t *chat)
{
    ngx_thread_ws_chat_find_t  *waits;

    waits = chat->find;

    if (waits) {
        chat->find = NULL;

        ngx_thread_ws_find_free(&waits->find);
        ngx_thread_ws_command_free(&waits->command);
        ngx_destroy_pool(waits->pool);
    }
}


ngx_uint_t
ngx_thread_ws_chat_finds(ngx_thread_ws_chat_t *chat, ngx_str_t *request_id)
{
    return chat->find
           && ngx_thread_ws_string_equal(&chat->find->command.request_id,
                                         request_id);
}
