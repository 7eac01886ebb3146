
/*
 * What a thread's connection does with what comes: a text is a command of the
 * client's, and runs end with the connection.
 */


#include "conn/ngx_thread_ws_conn.h"
#include "base/ngx_thread_ws_string.h"
#include "agent/ngx_thread_ws_agent.h"
#include "conn/ngx_thread_ws_output.h"
#include "conn/ngx_thread_ws_upgrade.h"
#include "observe/ngx_thread_ws_observe.h"
#include "run/ngx_thread_ws_run.h"
#include "thread/ngx_thread_ws_recent.h"


static void ngx_thread_ws_conn_command(ngx_thread_ws_conn_t *conn,
    ngx_uint_t type, u_char *data, size_t len);
static void ngx_thread_ws_conn_command_refuse(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command);
static void ngx_thread_ws_conn_command_pong(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command);
static void ngx_thread_ws_conn_command_closed(ngx_thread_ws_conn_t *conn);
static u_char *ngx_thread_ws_conn_command_log(ngx_thread_ws_conn_t *conn,
    u_char *buf, size_t len);


ngx_thread_ws_handlers_t  ngx_thread_ws_thread_handlers = {
    0,
    ngx_thread_ws_upgrade_bind,
    ngx_thread_ws_watch,
    ngx_thread_ws_conn_command,
    ngx_thread_ws_run_disconnect,
    ngx_thread_ws_conn_command_closed,
    ngx_thread_ws_conn_command_log
};


static void
ngx_thread_ws_conn_command(ngx_thread_ws_conn_t *conn, ngx_uint_t type,
    u_char *data, size_t len)
{
    ngx_int_t                rc;
    ngx_thread_ws_command_t  command;

    rc = ngx_thread_ws_command_parse(&command, data, len);

    if (rc == NGX_ERROR) {
        ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_INTERNAL,
                                 "out of memory");
        return;
    }

    if (rc == NGX_DECLINED) {
        ngx_thread_ws_conn_command_refuse(conn, &command);
        ngx_thread_ws_command_free(&command);
        return;
    }

    switch (command.type) {

    case NGX_THREAD_WS_COMMAND_MESSAGE:

        if (!ngx_thread_ws_string_equal(&command.thread_id,
                                        &conn->subject.thread_id))
        {
            ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_POLICY,
                                     "threadId is not this connection's");
            break;
        }

        ngx_thread_ws_run_submit(conn, &command);
        break;

    case NGX_THREAD_WS_COMMAND_CANCEL:
        ngx_thread_ws_run_cancel(conn, &command.request_id);
        break;

    case NGX_THREAD_WS_COMMAND_PING:
        ngx_thread_ws_conn_command_pong(conn, &command);
        break;
    }

    ngx_thread_ws_command_free(&command);
}


static void
ngx_thread_ws_conn_command_refuse(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    ngx_str_t  id, text;

    id = command->request_id;

    if (id.len && ngx_thread_ws_run_find(conn, &id)) {

        /* or the client would take a run that goes on for ended */

        id.len = 0;
    }

    text.data = (u_char *) command->reason;
    text.len = ngx_strlen(command->reason);

    ngx_thread_ws_run_error(conn, &id, command->code, &text, 0);
    ngx_thread_ws_observe_rejected(&conn->subject, &id, command->code);
}


static void
ngx_thread_ws_conn_command_pong(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    char       *json;
    u_char     *p;
    ngx_str_t   t;

    json = NULL;
    ngx_str_null(&t);

    if (command->t) {
        json = json_dumps(command->t, JSON_COMPACT|JSON_ENCODE_ANY);
        if (json == NULL) {
            return;
        }

        t.data = (u_char *) json;
        t.len = ngx_strlen(json);
    }

    p = ngx_thread_ws_output_text(conn, ngx_thread_ws_event_pong_size(&t));
    if (p) {
        ngx_thread_ws_output_text_end(conn, p,
                                      ngx_thread_ws_event_pong(p, &t));
    }

    if (json) {
        free(json);
    }
}


static void
ngx_thread_ws_conn_command_closed(ngx_thread_ws_conn_t *conn)
{
    ngx_thread_ws_run_disconnect(conn);
    ngx_thread_ws_agent_stop_all(conn);
    ngx_thread_ws_watch_free(conn);
    ngx_thread_ws_recent_free(conn);
}


static u_char *
ngx_thread_ws_conn_command_log(ngx_thread_ws_conn_t *conn, u_char *buf,
    size_t len)
{
    u_char  *p;

    p = ngx_snprintf(buf, len, ", connection: %*s",
                     (size_t) NGX_THREAD_WS_CONNECTION_ID_LEN,
                     conn->subject.connection_id);

    if (conn->run) {
        p = ngx_snprintf(p, len - (p - buf), ", request: %V",
                         &conn->run->subject.request_id);
    }

    return p;
}
