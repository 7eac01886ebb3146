
/*
 * Several threads on one connection: how its chats come, hear and go.
 */


#include "conn/ngx_thread_ws_chats_private.h"
#include "base/ngx_thread_ws_string.h"
#include "conn/ngx_thread_ws_output.h"
#include "conn/ngx_thread_ws_upgrade.h"
#include "thread/ngx_thread_ws_thread.h"


/* of one connection; beyond it, those of no use go before others come */

#define NGX_THREAD_WS_CHATS_MAX  64


static ngx_int_t ngx_thread_ws_chats_open(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_chats_look(ngx_thread_ws_conn_t *conn);
static ngx_uint_t ngx_thread_ws_chat_idle(ngx_thread_ws_chat_t *chat);
static void ngx_thread_ws_chats_closing(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_chats_closed(ngx_thread_ws_conn_t *conn);
static u_char *ngx_thread_ws_chats_log(ngx_thread_ws_conn_t *conn, u_char *buf,
    size_t len);

static u_char *ngx_thread_ws_chat_on_room(void *data, size_t size);
static void ngx_thread_ws_chat_on_event(void *data, u_char *event,
    u_char *last);
static size_t ngx_thread_ws_chat_on_queued(void *data);
static size_t ngx_thread_ws_chat_on_flush(void *data);
static void ngx_thread_ws_chat_on_post(void *data);
static void ngx_thread_ws_chat_on_began(void *data, ngx_thread_ws_run_t *run);
static void ngx_thread_ws_chat_on_ended(void *data, ngx_thread_ws_run_t *run);
static void ngx_thread_ws_chat_on_deleted(void *data);
static void ngx_thread_ws_chat_on_near(void *data, ngx_thread_ws_near_t *near);


ngx_thread_ws_conn_handlers_t  ngx_thread_ws_conn_chats = {
    0,
    ngx_thread_ws_upgrade_bind,
    ngx_thread_ws_chats_open,
    ngx_thread_ws_chats_look,
    ngx_thread_ws_chats_command,
    ngx_thread_ws_chats_closing,
    ngx_thread_ws_chats_closed,
    ngx_thread_ws_chats_log
};


static ngx_thread_ws_follower_handlers_t  ngx_thread_ws_chat_follower = {
    { ngx_thread_ws_chat_on_room, ngx_thread_ws_chat_on_event },
    NULL,
    ngx_thread_ws_chat_on_queued,
    ngx_thread_ws_chat_on_flush,
    ngx_thread_ws_chat_on_post,
    ngx_thread_ws_chat_on_began,
    ngx_thread_ws_chat_on_ended,
    ngx_thread_ws_chat_on_deleted,
    ngx_thread_ws_chat_on_near
};


static ngx_int_t
ngx_thread_ws_chats_open(ngx_thread_ws_conn_t *conn)
{
    ngx_thread_ws_chats_t  *chats;

    chats = ngx_palloc(conn->connection->pool, sizeof(ngx_thread_ws_chats_t));
    if (chats == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_queue_init(&chats->queue);
    chats->n = 0;
    chats->flushed = NULL;
    chats->rejoin = NULL;

    conn->follower.data = chats;
    conn->chats = 1;

    return ngx_thread_ws_rejoin_read(conn);
}


static void
ngx_thread_ws_chats_look(ngx_thread_ws_conn_t *conn)
{
    ngx_queue_t  *q, *queue;

    if (conn->close_sent) {
        return;
    }

    ngx_thread_ws_rejoin_begin(conn);

    queue = &ngx_thread_ws_chats_of(conn)->queue;

    for (q = ngx_queue_head(queue);
         q != ngx_queue_sentinel(queue);
         q = ngx_queue_next(q))
    {
        ngx_thread_ws_thread_watch(ngx_thread_ws_chat_of(q)->follower.thread);
    }
}


ngx_thread_ws_chat_t *
ngx_thread_ws_chats_get(ngx_thread_ws_conn_t *conn, ngx_str_t *thread_id)
{
    ngx_str_t              none;
    ngx_queue_t           *q, *queue;
    ngx_thread_ws_chat_t  *chat;

    queue = &ngx_thread_ws_chats_of(conn)->queue;

    for (q = ngx_queue_head(queue);
         q != ngx_queue_sentinel(queue);
         q = ngx_queue_next(q))
    {
        chat = ngx_thread_ws_chat_of(q);

        if (chat->request_id.len == 0 && !chat->gone
            && ngx_thread_ws_string_equal(&chat->subject.thread_id, thread_id))
        {
            ngx_queue_remove(&chat->queue);
            ngx_queue_insert_tail(queue, &chat->queue);

            return chat;
        }
    }

    ngx_str_null(&none);

    return ngx_thread_ws_chats_add(conn, thread_id, &none);
}


ngx_thread_ws_chat_t *
ngx_thread_ws_chats_add(ngx_thread_ws_conn_t *conn, ngx_str_t *thread_id,
    ngx_str_t *request_id)
{
    u_char                 *p;
    ngx_thread_ws_chat_t   *chat;
    ngx_thread_ws_chats_t  *chats;

    chats = ngx_thread_ws_chats_of(conn);

    if (chats->n >= NGX_THREAD_WS_CHATS_MAX) {
        ngx_thread_ws_chats_drained(conn);
    }

    if (chats->n >= NGX_THREAD_WS_CHATS_MAX) {
        return NULL;
    }

    chat = ngx_alloc(sizeof(ngx_thread_ws_chat_t) + thread_id->len
                     + request_id->len, conn->connection->log);
    if (chat == NULL) {
        return NULL;
    }

    ngx_memzero(chat, sizeof(ngx_thread_ws_chat_t));

    p = (u_char *) (chat + 1);

    chat->conn = conn;
    chat->subject = conn->subject;

    p = ngx_thread_ws_string_copy(&chat->subject.thread_id, p, thread_id);
    (void) ngx_thread_ws_string_copy(&chat->request_id, p, request_id);

    ngx_thread_ws_follower_init(&chat->follower, &ngx_thread_ws_chat_follower,
                                chat);
    chat->follower.wire = conn->follower.wire;
    chat->follower.places =
                     conn->conf->resume
                     && ngx_thread_ws_follower_wire(&chat->follower)->position;

    if (ngx_thread_ws_thread_join(&chat->follower, conn->conf,
                                  &chat->subject.owner,
                                  &chat->subject.thread_id)
        != NGX_OK)
    {
        ngx_free(chat);
        return NULL;
    }

    ngx_queue_insert_tail(&chats->queue, &chat->queue);
    chats->n++;

    return chat;
}


void
ngx_thread_ws_chat_free(ngx_thread_ws_chat_t *chat)
{
    ngx_thread_ws_chat_find_free(chat);
    ngx_thread_ws_thread_leave(&chat->follower);

    ngx_queue_remove(&chat->queue);
    ngx_thread_ws_chats_of(chat->conn)->n--;

    ngx_free(chat);
}


/* neither hears anything nor waits for it */

static ngx_uint_t
ngx_thread_ws_chat_idle(ngx_thread_ws_chat_t *chat)
{
    return ngx_queue_empty(&chat->follower.readers) && chat->find == NULL
           && chat->follower.own.run == NULL
           && ngx_queue_empty(&chat->follower.own.waiting);
}


ngx_int_t
ngx_thread_ws_chats_take(ngx_thread_ws_conn_t *conn, ngx_uint_t all)
{
    ngx_int_t               rc;
    ngx_queue_t            *q;
    ngx_thread_ws_chats_t  *chats;

    chats = ngx_thread_ws_chats_of(conn);

    if (chats->flushed) {
        return ngx_thread_ws_follower_take(&chats->flushed->follower, all);
    }

    for (q = ngx_queue_head(&chats->queue);
         q != ngx_queue_sentinel(&chats->queue);
         q = ngx_queue_next(q))
    {
        rc = ngx_thread_ws_follower_take(&ngx_thread_ws_chat_of(q)->follower,
                                         all);
        if (rc == NGX_AGAIN) {

            /* the others come first when there is room again */

            ngx_queue_remove(q);
            ngx_queue_insert_tail(&chats->queue, q);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


void
ngx_thread_ws_chats_drained(ngx_thread_ws_conn_t *conn)
{
    ngx_uint_t              full;
    ngx_queue_t            *q, *next;
    ngx_thread_ws_chat_t   *chat;
    ngx_thread_ws_chats_t  *chats;
    ngx_thread_ws_store_t  *store;

    chats = ngx_thread_ws_chats_of(conn);

    for (q = ngx_queue_head(&chats->queue);
         q != ngx_queue_sentinel(&chats->queue);
         q = next)
    {
        next = ngx_queue_next(q);
        chat = ngx_thread_ws_chat_of(q);

        ngx_thread_ws_follower_drained(&chat->follower);
        ngx_thread_ws_thread_next(&chat->follower);
        ngx_thread_ws_chat_find_begin(chat);

        /* with the store "connection" it has the thread's history */

        store = conn->conf->store;
        full = chats->n >= NGX_THREAD_WS_CHATS_MAX
               && (store->shared || !store->keeps);

        if ((chat->request_id.len || chat->gone || full)
            && ngx_thread_ws_chat_idle(chat))
        {
            ngx_thread_ws_chat_free(chat);
        }
    }

    if (chats->rejoin && chats->n == 0) {
        ngx_thread_ws_rejoin_end(conn);
    }
}


ngx_uint_t
ngx_thread_ws_chats_hear(ngx_thread_ws_conn_t *conn)
{
    ngx_queue_t           *q, *queue;
    ngx_thread_ws_chat_t  *chat;

    queue = &ngx_thread_ws_chats_of(conn)->queue;

    for (q = ngx_queue_head(queue);
         q != ngx_queue_sentinel(queue);
         q = ngx_queue_next(q))
    {
        chat = ngx_thread_ws_chat_of(q);

        if (!ngx_queue_empty(&chat->follower.readers) || chat->find) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_thread_ws_chats_closing(ngx_thread_ws_conn_t *conn)
{
    ngx_uint_t                going;
    ngx_queue_t              *q, *queue;
    ngx_thread_ws_chat_t     *chat;
    ngx_thread_ws_verdict_t   verdict;

    if (!conn->chats) {
        return;
    }

    going = conn->connection->error && conn->connection->close;

    ngx_memzero(&verdict, sizeof(ngx_thread_ws_verdict_t));
    verdict.code = NGX_THREAD_WS_SHUTTING_DOWN;

    queue = &ngx_thread_ws_chats_of(conn)->queue;

    for (q = ngx_queue_head(queue);
         q != ngx_queue_sentinel(queue);
         q = ngx_queue_next(q))
    {
        chat = ngx_thread_ws_chat_of(q);

        ngx_thread_ws_chat_find_cancel(chat);
        ngx_thread_ws_thread_disconnect(&chat->follower, conn->close_code,
                                        going ? &verdict : NULL);
    }
}


static void
ngx_thread_ws_chats_closed(ngx_thread_ws_conn_t *conn)
{
    ngx_queue_t  *queue;

    if (!conn->chats) {
        return;
    }

    ngx_thread_ws_chats_closing(conn);

    queue = &ngx_thread_ws_chats_of(conn)->queue;

    while (!ngx_queue_empty(queue)) {
        ngx_thread_ws_chat_free(ngx_thread_ws_chat_of(ngx_queue_head(queue)));
    }
}


static u_char *
ngx_thread_ws_chats_log(ngx_thread_ws_conn_t *conn, u_char *buf, size_t len)
{
    return ngx_snprintf(buf, len, ", connection: %*s",
                        (size_t) NGX_THREAD_WS_CONNECTION_ID_LEN,
                        conn->subject.connection_id);
}


/* what a chat's thread asks and tells: all of it is the connection's */

static u_char *
ngx_thread_ws_chat_on_room(void *data, size_t size)
{
    ngx_thread_ws_chat_t *chat = data;

    return ngx_thread_ws_output_text(chat->conn, size);
}


static void
ngx_thread_ws_chat_on_event(void *data, u_char *event, u_char *last)
{
    ngx_thread_ws_chat_t *chat = data;

    ngx_thread_ws_output_text_end(chat->conn, event, last);
}


static size_t
ngx_thread_ws_chat_on_queued(void *data)
{
    ngx_thread_ws_chat_t *chat = data;

    return chat->conn->out_size;
}


/*
 * Its own alone: another chat may hear the same run, resumed, and whoever
 * flushes goes through that run's readers.
 */

static size_t
ngx_thread_ws_chat_on_flush(void *data)
{
    ngx_thread_ws_chat_t *chat = data;

    ngx_thread_ws_chat_t   *before;
    ngx_thread_ws_chats_t  *chats;

    chats = ngx_thread_ws_chats_of(chat->conn);

    before = chats->flushed;
    chats->flushed = chat;

    (void) ngx_thread_ws_conn_flush(chat->conn);

    chats->flushed = before;

    return chat->conn->out_size;
}


static void
ngx_thread_ws_chat_on_post(void *data)
{
    ngx_thread_ws_chat_t *chat = data;

    ngx_thread_ws_output_post(chat->conn);
}


static void
ngx_thread_ws_chat_on_began(void *data, ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_chat_t *chat = data;

    ngx_thread_ws_conn_follower.began(chat->conn, run);
}


static void
ngx_thread_ws_chat_on_ended(void *data, ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_chat_t *chat = data;

    ngx_thread_ws_conn_follower.ended(chat->conn, run);
}


/* the connection has others: this one's runs fail, and it goes when idle */

static void
ngx_thread_ws_chat_on_deleted(void *data)
{
    ngx_thread_ws_chat_t *chat = data;

    ngx_thread_ws_verdict_t  verdict;

    ngx_memzero(&verdict, sizeof(ngx_thread_ws_verdict_t));
    verdict.code = NGX_THREAD_WS_THREAD_DELETED;

    chat->gone = 1;

    ngx_thread_ws_chat_find_cancel(chat);
    ngx_thread_ws_thread_disconnect(&chat->follower, 0, &verdict);
    ngx_thread_ws_output_post(chat->conn);
}


static void
ngx_thread_ws_chat_on_near(void *data, ngx_thread_ws_near_t *near)
{
    ngx_thread_ws_chat_t *chat = data;

    ngx_thread_ws_conn_near(chat->conn, near);
}
