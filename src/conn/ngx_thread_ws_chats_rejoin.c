
/*
 * A connection that was opened to hear the rest of a run: its address has the
 * run and the place to which its client had come, "-1" for the beginning.  It
 * is closed behind the run's end, or where there is nothing to hear.
 */


#include "conn/ngx_thread_ws_chats_private.h"
#include "conn/ngx_thread_ws_identity.h"
#include "conn/ngx_thread_ws_upgrade.h"
#include "base/ngx_thread_ws_string.h"
#include "observe/ngx_thread_ws_observe.h"
#include "thread/ngx_thread_ws_thread.h"
#include "ws/ngx_thread_ws_frame.h"


struct ngx_thread_ws_rejoin_s {
    ngx_str_t    thread_id;      /* empty: not named */
    ngx_str_t    request_id;
    ngx_int_t    after;          /* NGX_ERROR: no place */
    ngx_uint_t   begun;          /* unsigned  begun:1 */
};


static ngx_int_t ngx_thread_ws_rejoin_hear(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_rejoin_t *rejoin);


ngx_int_t
ngx_thread_ws_rejoin_read(ngx_thread_ws_conn_t *conn)
{
    u_char                  *dst, *src;
    ngx_str_t                offset, id;
    ngx_http_request_t      *r;
    ngx_thread_ws_rejoin_t  *rejoin;

    r = conn->request;

    if (ngx_thread_ws_follower_wire(&conn->follower)->position == NULL
        || ngx_http_arg(r, (u_char *) "offset", sizeof("offset") - 1, &offset)
           != NGX_OK
        || ngx_http_arg(r, (u_char *) "runId", sizeof("runId") - 1, &id)
           != NGX_OK)
    {
        return NGX_OK;
    }

    rejoin = ngx_pcalloc(conn->connection->pool, sizeof(ngx_thread_ws_rejoin_t)
                                                 + id.len);
    if (rejoin == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_thread_ws_chats_of(conn)->rejoin = rejoin;

    dst = (u_char *) (rejoin + 1);
    src = id.data;
    rejoin->request_id.data = dst;

    ngx_unescape_uri(&dst, &src, id.len, 0);

    rejoin->request_id.len = dst - rejoin->request_id.data;

    rejoin->after = ngx_thread_ws_string_is(&offset, "-1")
                    ? 0 : ngx_atoi(offset.data, offset.len);

    (void) ngx_thread_ws_identity_thread(r, conn->conf, &rejoin->thread_id);

    /* the request may be moved before it is heard */

    return (ngx_thread_ws_string_dup(conn->connection->pool,
                                     &rejoin->thread_id, &rejoin->thread_id)
            == NGX_OK)
           ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


void
ngx_thread_ws_rejoin_begin(ngx_thread_ws_conn_t *conn)
{
    ngx_thread_ws_rejoin_t  *rejoin;

    rejoin = ngx_thread_ws_chats_of(conn)->rejoin;

    if (rejoin == NULL || rejoin->begun) {
        return;
    }

    rejoin->begun = 1;

    if (ngx_thread_ws_rejoin_hear(conn, rejoin) != NGX_OK) {
        ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_POLICY,
                                 "no such run can be heard");
    }
}


static ngx_int_t
ngx_thread_ws_rejoin_hear(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_rejoin_t *rejoin)
{
    ngx_thread_ws_chat_t  *chat;

    if (rejoin->after == NGX_ERROR || rejoin->thread_id.len == 0
        || ngx_thread_ws_request_id_check(&rejoin->request_id) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    chat = ngx_thread_ws_chats_add(conn, &rejoin->thread_id,
                                   &rejoin->request_id);
    if (chat == NULL) {
        return NGX_ERROR;
    }

    if (ngx_thread_ws_thread_hear(&chat->follower, &chat->request_id,
                                  rejoin->after)
        != NGX_OK)
    {
        ngx_thread_ws_chat_free(chat);
        return NGX_DECLINED;
    }

    ngx_thread_ws_observe_followed(&chat->subject, &chat->request_id);

    return NGX_OK;
}


void
ngx_thread_ws_rejoin_end(ngx_thread_ws_conn_t *conn)
{
    ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_NORMAL,
                             "the run has ended");
}
