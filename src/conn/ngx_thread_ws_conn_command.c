
/*
 * What a thread's connection does with what comes: a text is a command of the
 * client's; and how it follows its thread.
 */


#include "conn/ngx_thread_ws_conn_private.h"
#include "base/ngx_thread_ws_string.h"
#include "conn/ngx_thread_ws_output.h"
#include "conn/ngx_thread_ws_upgrade.h"
#include "observe/ngx_thread_ws_observe.h"
#include "thread/ngx_thread_ws_thread.h"
#include "wire/ngx_thread_ws_code.h"
#include "wire/ngx_thread_ws_command.h"
#include "wire/ngx_thread_ws_wire.h"
#include "ws/ngx_thread_ws_frame.h"


static ngx_int_t ngx_thread_ws_conn_join(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_conn_look(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_conn_command(ngx_thread_ws_conn_t *conn,
    ngx_uint_t type, u_char *data, size_t len);
static void ngx_thread_ws_conn_command_message(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command);
static ngx_int_t ngx_thread_ws_conn_command_choice(
    ngx_thread_ws_conn_t *conn, ngx_thread_ws_command_t *command,
    ngx_thread_ws_choice_t *choice);
static void ngx_thread_ws_conn_command_refused(ngx_thread_ws_conn_t *conn,
    ngx_str_t *request_id, ngx_uint_t code);
static void ngx_thread_ws_conn_command_cancel(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command);
static void ngx_thread_ws_conn_command_follow(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command);
static void ngx_thread_ws_conn_command_refuse(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command);
static void ngx_thread_ws_conn_command_pong(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command);
static void ngx_thread_ws_conn_closing(ngx_thread_ws_conn_t *conn);
static void ngx_thread_ws_conn_closed(ngx_thread_ws_conn_t *conn);
static u_char *ngx_thread_ws_conn_log(ngx_thread_ws_conn_t *conn, u_char *buf,
    size_t len);

static u_char *ngx_thread_ws_conn_on_text(void *data, size_t size);
static void ngx_thread_ws_conn_on_text_end(void *data, u_char *text,
    u_char *last);
static size_t ngx_thread_ws_conn_on_queued(void *data);
static size_t ngx_thread_ws_conn_on_flush(void *data);
static void ngx_thread_ws_conn_on_post(void *data);
static void ngx_thread_ws_conn_on_began(void *data, ngx_thread_ws_run_t *run);
static void ngx_thread_ws_conn_on_ended(void *data, ngx_thread_ws_run_t *run);
static void ngx_thread_ws_conn_on_deleted(void *data);
static void ngx_thread_ws_conn_on_near(void *data, ngx_thread_ws_near_t *near);


ngx_thread_ws_conn_handlers_t  ngx_thread_ws_conn_chat = {
    0,
    ngx_thread_ws_upgrade_bind,
    ngx_thread_ws_conn_join,
    ngx_thread_ws_conn_look,
    ngx_thread_ws_conn_command,
    ngx_thread_ws_conn_closing,
    ngx_thread_ws_conn_closed,
    ngx_thread_ws_conn_log
};


ngx_thread_ws_follower_handlers_t  ngx_thread_ws_conn_follower = {
    { ngx_thread_ws_conn_on_text, ngx_thread_ws_conn_on_text_end },
    NULL,
    ngx_thread_ws_conn_on_queued,
    ngx_thread_ws_conn_on_flush,
    ngx_thread_ws_conn_on_post,
    ngx_thread_ws_conn_on_began,
    ngx_thread_ws_conn_on_ended,
    ngx_thread_ws_conn_on_deleted,
    ngx_thread_ws_conn_on_near
};


static ngx_int_t
ngx_thread_ws_conn_join(ngx_thread_ws_conn_t *conn)
{
    return (ngx_thread_ws_thread_join(&conn->follower, conn->conf,
                                      &conn->subject.owner,
                                      &conn->subject.thread_id)
            == NGX_OK)
           ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static void
ngx_thread_ws_conn_look(ngx_thread_ws_conn_t *conn)
{
    if (!conn->close_sent) {
        ngx_thread_ws_thread_watch(conn->follower.thread);
    }
}


static void
ngx_thread_ws_conn_command(ngx_thread_ws_conn_t *conn, ngx_uint_t type,
    u_char *data, size_t len)
{
    ngx_int_t                rc;
    ngx_thread_ws_command_t  command;

    rc = ngx_thread_ws_follower_wire(&conn->follower)->command(&command, data,
                                                               len);

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
        ngx_thread_ws_conn_command_message(conn, &command);
        break;

    case NGX_THREAD_WS_COMMAND_CANCEL:
        ngx_thread_ws_conn_command_cancel(conn, &command);
        break;

    case NGX_THREAD_WS_COMMAND_FOLLOW:
        ngx_thread_ws_conn_command_follow(conn, &command);
        break;

    case NGX_THREAD_WS_COMMAND_PING:
        ngx_thread_ws_conn_command_pong(conn, &command);
        break;
    }

    ngx_thread_ws_command_free(&command);
}


static void
ngx_thread_ws_conn_command_message(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    ngx_uint_t  code;

    static time_t  told;

    if (!ngx_thread_ws_string_equal(&command->thread_id,
                                    &conn->subject.thread_id))
    {
        ngx_thread_ws_conn_refuse(conn, "threadId is not this connection's",
                                  &command->thread_id, &told);
        return;
    }

    code = ngx_thread_ws_conn_submit(conn, &conn->follower, &conn->subject,
                                     command);

    if (code != NGX_THREAD_WS_OK) {
        ngx_thread_ws_conn_command_refused(conn, &command->request_id, code);
    }
}


ngx_uint_t
ngx_thread_ws_conn_submit(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_follower_t *follower, ngx_thread_ws_subject_t *subject,
    ngx_thread_ws_command_t *command)
{
    ngx_uint_t                code, leaving, waits;
    ngx_thread_ws_choice_t    choice;
    ngx_thread_ws_run_args_t  args;

    if (ngx_thread_ws_conn_command_choice(conn, command, &choice) != NGX_OK) {
        return NGX_THREAD_WS_OK;
    }

    conn->totals.messages++;

    ngx_thread_ws_conn_args(conn, subject, command, &choice, &args);

    leaving = conn->leaving || ngx_exiting;
    waits = conn->late && ngx_thread_ws_conn_hears(conn);

    /*
     * A run that can be heard elsewhere may begin in a worker that leaves, but
     * no connection has more than one wait there.  After its end the client is
     * sent away at once, unless it was faster with its next message.
     */

    code = ngx_thread_ws_thread_submit(follower, &args,
                                       leaving && (conn->conf->resume == 0
                                                   || waits));

    json_decref(choice.parameters);

    if (code == NGX_THREAD_WS_OK) {
        conn->late = (leaving != 0);
    }

    return code;
}


void
ngx_thread_ws_conn_args(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_subject_t *subject, ngx_thread_ws_command_t *command,
    ngx_thread_ws_choice_t *choice, ngx_thread_ws_run_args_t *args)
{
    ngx_memzero(args, sizeof(ngx_thread_ws_run_args_t));

    args->upgrade = conn->request;
    args->subject = subject;
    args->request_id = command->request_id;
    args->content = command->content;
    args->extra = command->extra;
    args->earlier = command->earlier;
    args->shown = command->shown;
    args->replaces = command->replaces;
    args->choice = (choice->parameters || choice->metadata) ? choice : NULL;
    args->pass = conn->pass;
}


/* what it says beside its text, for its run alone; else the client was told */

static ngx_int_t
ngx_thread_ws_conn_command_choice(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command, ngx_thread_ws_choice_t *choice)
{
    ngx_int_t  rc;

    ngx_memzero(choice, sizeof(ngx_thread_ws_choice_t));

    choice->metadata = command->metadata;

    rc = command->parameters
         ? ngx_thread_ws_parameters_check(conn->conf->client_parameters,
                                          command->parameters,
                                          &choice->parameters, command->words)
         : NGX_OK;

    switch (rc) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        command->code = NGX_THREAD_WS_INVALID_MESSAGE;
        command->reason = (char *) command->words;

        ngx_thread_ws_conn_command_refuse(conn, command);
        return NGX_ERROR;

    default: /* NGX_ERROR */
        ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_INTERNAL,
                                 "out of memory");
        return NGX_ERROR;
    }
}


static void
ngx_thread_ws_conn_command_refused(ngx_thread_ws_conn_t *conn,
    ngx_str_t *request_id, ngx_uint_t code)
{
    ngx_str_t  id;

    id = *request_id;

    if (code == NGX_THREAD_WS_DUPLICATE_REQUEST) {

        /* or the client would take the running one for ended */

        id.len = 0;
    }

    ngx_thread_ws_conn_error(conn, &id, code, NULL);

    if (code == NGX_THREAD_WS_SHUTTING_DOWN
        && ngx_queue_empty(&conn->follower.readers))
    {
        /* the client comes back to a worker that takes it */

        ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_RESTART,
                                 "the server is restarting");
    }
}


static void
ngx_thread_ws_conn_command_cancel(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    if (ngx_thread_ws_thread_cancel(&conn->follower, &command->request_id)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_INFO, conn->connection->log, 0,
                      "cancel of \"%V\" ignored: it is not active",
                      &command->request_id);
    }
}


static void
ngx_thread_ws_conn_command_follow(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    ngx_str_t  none;

    ngx_str_null(&none);

    switch (ngx_thread_ws_thread_follow(&conn->follower, &command->request_id,
                                        command->after))
    {

    case NGX_OK:
        ngx_thread_ws_observe_followed(&conn->subject, &command->request_id);
        break;

    case NGX_DECLINED:
        ngx_thread_ws_conn_error(conn, &none, NGX_THREAD_WS_INVALID_MESSAGE,
                                 "follow is not known here: "
                                 "thread_ws_resume is off");
        break;

    case NGX_ABORT:
        ngx_thread_ws_conn_error(conn, &none, NGX_THREAD_WS_INVALID_MESSAGE,
                                 "after is no position of this run");
        break;

    default: /* NGX_ERROR */
        ngx_thread_ws_conn_close(conn, NGX_THREAD_WS_CLOSE_INTERNAL,
                                 "out of memory");
    }
}


static void
ngx_thread_ws_conn_command_refuse(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    ngx_str_t  id;

    id = command->request_id;

    if (id.len && ngx_thread_ws_follower_hears(&conn->follower, &id)) {

        /* or the client would take a run that goes on for ended */

        id.len = 0;
    }

    ngx_thread_ws_conn_error(conn, &id, command->code, command->reason);
}


void
ngx_thread_ws_conn_error(ngx_thread_ws_conn_t *conn, ngx_str_t *request_id,
    ngx_uint_t code, char *text)
{
    ngx_thread_ws_code_t   *c;
    ngx_thread_ws_error_t   error;

    c = &ngx_thread_ws_codes[code];

    error.request_id = *request_id;
    error.message = c->text;
    error.code = c->name;
    error.retryable = c->retryable;
    error.retry_after = 0;

    if (text) {
        error.message.data = (u_char *) text;
        error.message.len = ngx_strlen(text);
    }

    if (!conn->close_sent && !conn->error) {
        (void) ngx_thread_ws_follower_wire(&conn->follower)->refused(
                            &ngx_thread_ws_conn_follower.out, conn, &error);
    }

    ngx_thread_ws_observe_rejected(&conn->subject, request_id, code);
}


static void
ngx_thread_ws_conn_command_pong(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_command_t *command)
{
    ngx_thread_ws_wire_t  *wire;

    wire = ngx_thread_ws_follower_wire(&conn->follower);

    if (wire->pong) {
        (void) wire->pong(&ngx_thread_ws_conn_follower.out, conn, &command->t);
    }
}


static void
ngx_thread_ws_conn_closing(ngx_thread_ws_conn_t *conn)
{
    ngx_uint_t                going;
    ngx_thread_ws_verdict_t   verdict;

    /* by worker_shutdown_timeout it is the worker that goes, not the client */

    going = conn->connection->error && conn->connection->close;

    ngx_memzero(&verdict, sizeof(ngx_thread_ws_verdict_t));
    verdict.code = NGX_THREAD_WS_SHUTTING_DOWN;

    ngx_thread_ws_thread_disconnect(&conn->follower, conn->close_code,
                                    going ? &verdict : NULL);
}


static void
ngx_thread_ws_conn_closed(ngx_thread_ws_conn_t *conn)
{
    ngx_thread_ws_conn_closing(conn);
    ngx_thread_ws_thread_leave(&conn->follower);
}


static u_char *
ngx_thread_ws_conn_log(ngx_thread_ws_conn_t *conn, u_char *buf, size_t len)
{
    u_char               *p;
    ngx_thread_ws_run_t  *run;

    p = ngx_snprintf(buf, len, ", connection: %*s",
                     (size_t) NGX_THREAD_WS_CONNECTION_ID_LEN,
                     conn->subject.connection_id);

    run = conn->follower.thread ? ngx_thread_ws_thread_own(&conn->follower)
                                : NULL;

    if (run) {
        p = ngx_snprintf(p, len - (p - buf), ", request: %V",
                         &run->subject.request_id);
    }

    return p;
}


/* what its thread asks and tells */


static u_char *
ngx_thread_ws_conn_on_text(void *data, size_t size)
{
    return ngx_thread_ws_output_text(data, size);
}


static void
ngx_thread_ws_conn_on_text_end(void *data, u_char *text, u_char *last)
{
    ngx_thread_ws_output_text_end(data, text, last);
}


static size_t
ngx_thread_ws_conn_on_queued(void *data)
{
    ngx_thread_ws_conn_t  *conn = data;

    return conn->out_size;
}


static size_t
ngx_thread_ws_conn_on_flush(void *data)
{
    ngx_thread_ws_conn_t  *conn = data;

    (void) ngx_thread_ws_conn_flush(conn);

    return conn->out_size;
}


static void
ngx_thread_ws_conn_on_post(void *data)
{
    ngx_thread_ws_conn_t  *conn = data;

    ngx_thread_ws_output_post(conn);
}


static void
ngx_thread_ws_conn_on_began(void *data, ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_conn_t  *conn = data;

    run->number = ++conn->totals.runs;
}


static void
ngx_thread_ws_conn_on_ended(void *data, ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_conn_t  *conn = data;

    if (run->result.outcome) {
        conn->last = run->result;
    }

    conn->totals.tokens += run->result.tokens;
    conn->totals.input_tokens += ngx_max(run->result.input_tokens, 0);
    conn->totals.output_tokens += ngx_max(run->result.output_tokens, 0);

    ngx_thread_ws_conn_tell(conn);
}


static void
ngx_thread_ws_conn_on_deleted(void *data)
{
    ngx_thread_ws_conn_t *conn = data;

    static time_t  told;

    ngx_thread_ws_conn_refuse(conn, "the thread was deleted",
                              &conn->subject.thread_id, &told);
}


static void
ngx_thread_ws_conn_on_near(void *data, ngx_thread_ws_near_t *near)
{
    ngx_thread_ws_conn_near(data, near);
}
