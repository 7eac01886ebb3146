
/*
 * A message in the place of a run that its client does not name by the run's
 * own id: its POST waits until the history has said which one that is.
 */


#include "twin/ngx_thread_ws_twin_private.h"
#include "base/ngx_thread_ws_string.h"
#include "thread/ngx_thread_ws_thread.h"


struct ngx_thread_ws_twin_find_s {
    ngx_thread_ws_command_t    command;
    ngx_thread_ws_find_t       find;
};


static void ngx_thread_ws_twin_find_handler(void *data);
static ngx_int_t ngx_thread_ws_twin_found(ngx_thread_ws_twin_t *twin);


/* takes the command over; the value is for ngx_http_finalize_request() */

ngx_int_t
ngx_thread_ws_twin_find(ngx_thread_ws_twin_t *twin,
    ngx_thread_ws_command_t *command)
{
    ngx_http_request_t         *r;
    ngx_thread_ws_find_t       *find;
    ngx_thread_ws_conn_t       *conn;
    ngx_thread_ws_twin_find_t  *waits;

    conn = &twin->conn;
    r = conn->request;

    if (conn->conf->dialect->threads) {
        return command->perhaps
               ? ngx_thread_ws_twin_ask(twin, command)
               : ngx_thread_ws_twin_invalid(r,
                                 "a message cannot be answered anew here: the "
                                 "agent keeps the history");
    }

    waits = ngx_pcalloc(r->pool, sizeof(ngx_thread_ws_twin_find_t));
    if (waits == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    waits->command = *command;
    ngx_memzero(command, sizeof(ngx_thread_ws_command_t));

    twin->find = waits;

    find = &waits->find;
    find->pool = r->pool;
    find->thread = conn->follower.thread;
    find->message = waits->command.answers;
    find->answer = waits->command.answered;
    find->handler = ngx_thread_ws_twin_find_handler;
    find->data = twin;

    if (ngx_thread_ws_find(find) == NGX_OK) {
        return ngx_thread_ws_twin_found(twin);
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_DONE;
}


static void
ngx_thread_ws_twin_find_handler(void *data)
{
    ngx_thread_ws_twin_t *twin = data;

    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = twin->conn.request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    rc = ngx_thread_ws_twin_found(twin);

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }

    ngx_http_run_posted_requests(c);
}


/* what no run of the history answers is a question like others */

static ngx_int_t
ngx_thread_ws_twin_found(ngx_thread_ws_twin_t *twin)
{
    ngx_int_t                 rc;
    ngx_thread_ws_find_t     *find;
    ngx_thread_ws_command_t  *command;

    find = &twin->find->find;
    command = &twin->find->command;
    rc = find->status;

    /* one that is its own answer was sent before */

    if (rc == NGX_OK
        && !ngx_thread_ws_string_equal(&find->request_id,
                                       &command->request_id))
    {
        rc = ngx_thread_ws_command_replace(command, &find->request_id);
    }

    rc = (rc == NGX_ERROR)
         ? ngx_thread_ws_twin_refused(twin->conn.request,
                                      NGX_THREAD_WS_STORE_UNAVAILABLE)
         : ngx_thread_ws_twin_ask(twin, command);

    ngx_thread_ws_twin_find_free(twin);

    return rc;
}


void
ngx_thread_ws_twin_find_free(ngx_thread_ws_twin_t *twin)
{
    ngx_thread_ws_twin_find_t  *waits;

    waits = twin->find;

    if (waits) {
        twin->find = NULL;

        ngx_thread_ws_find_free(&waits->find);
        ngx_thread_ws_command_free(&waits->command);
    }
}
