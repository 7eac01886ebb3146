
/*
 * A run that replaces another one, where the agent's server keeps the thread.
 * The server is asked for the thread's states, some in each request, until the
 * one before that run is there, and has it be the newest again: what came after
 * gives way, and then the run is as any other.
 */


#include "run/ngx_thread_ws_run_private.h"
#include "base/ngx_thread_ws_uuid.h"


/* states of the size of an answer that the server may tell at once */

#define NGX_THREAD_WS_FORK_STATES  10

/* how often it is asked for them, and then to go back */

#define NGX_THREAD_WS_FORK_LIMIT  100

/* ms after which a server that still works at the thread is asked again */

#define NGX_THREAD_WS_FORK_WAIT  50


struct ngx_thread_ws_fork_s {
    ngx_event_t              event;      /* the turn in which to go on */
    ngx_thread_ws_before_t   before;
    ngx_thread_ws_bytes_t    body;
    ngx_uint_t               asked;      /* times */
    unsigned                 due:1;      /* ... when the request is gone */
    unsigned                 busy:1;     /* ... after a while */
    unsigned                 back:1;     /* it has gone back */
};


static void ngx_thread_ws_fork_handler(ngx_event_t *ev);
static void ngx_thread_ws_fork_next(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_fork_uri(ngx_thread_ws_run_t *run,
    ngx_str_t *uri);
static ngx_int_t ngx_thread_ws_fork_read(ngx_thread_ws_run_t *run);
static ngx_int_t ngx_thread_ws_fork_unknown(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_fork_fail(ngx_thread_ws_run_t *run);
static void ngx_thread_ws_fork_free(void *data);

static ngx_int_t ngx_thread_ws_fork_on_prompt(void *data,
    ngx_http_request_t *r, ngx_chain_t **body, off_t *size);
static ngx_int_t ngx_thread_ws_fork_on_header(void *data,
    ngx_thread_ws_agent_header_t *header);
static ngx_int_t ngx_thread_ws_fork_on_body(void *data, u_char *pos,
    u_char *last, ngx_thread_ws_agent_heard_t *heard);
static ngx_int_t ngx_thread_ws_fork_on_flush(void *data, ngx_uint_t more);
static void ngx_thread_ws_fork_on_whole(void *data);
static void ngx_thread_ws_fork_on_cut(void *data, ngx_uint_t end);
static void ngx_thread_ws_fork_on_gone(void *data, ngx_uint_t whole,
    ngx_uint_t end);


static ngx_thread_ws_agent_handlers_t  ngx_thread_ws_fork_agent = {
    ngx_thread_ws_fork_on_prompt,
    ngx_thread_ws_fork_on_header,
    ngx_thread_ws_fork_on_body,
    ngx_thread_ws_fork_on_flush,
    ngx_thread_ws_fork_on_whole,
    ngx_thread_ws_fork_on_cut,
    ngx_thread_ws_fork_on_gone,
    ngx_thread_ws_run_log
};


ngx_int_t
ngx_thread_ws_fork_init(ngx_thread_ws_run_t *run)
{
    ngx_pool_cleanup_t    *cln;
    ngx_thread_ws_fork_t  *fork;

    cln = ngx_pool_cleanup_add(run->pool, sizeof(ngx_thread_ws_fork_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    fork = cln->data;
    ngx_memzero(fork, sizeof(ngx_thread_ws_fork_t));

    cln->handler = ngx_thread_ws_fork_free;

    fork->before.message = run->extra->replaces;

    fork->event.handler = ngx_thread_ws_fork_handler;
    fork->event.data = run;
    fork->event.log = run->subject.log;

    run->fork = fork;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_fork_ask(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_fork_t        *fork;
    ngx_thread_ws_agent_call_t   call;

    fork = run->fork;

    if (fork->back) {
        return NGX_DECLINED;
    }

    ngx_memzero(&call, sizeof(ngx_thread_ws_agent_call_t));

    call.handlers = &ngx_thread_ws_fork_agent;
    call.data = run;
    call.caller = run->caller;
    call.log = run->subject.log;
    call.headers = ngx_thread_ws_run_headers(run);
    call.get = (fork->before.checkpoint == NULL);

    fork->body.len = 0;
    fork->asked++;

    if (call.headers && ngx_thread_ws_fork_uri(run, &call.pass) == NGX_OK) {
        run->agent = ngx_thread_ws_agent_create(&call);
    }

    if (run->agent && ngx_thread_ws_agent_ask(run->agent) == NGX_OK) {
        return NGX_OK;
    }

    run->agent = NULL;

    (void) ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_UNAVAILABLE,
                                   NULL);
    ngx_thread_ws_fork_fail(run);

    return NGX_OK;
}


void
ngx_thread_ws_fork_cancel(ngx_thread_ws_run_t *run)
{
    ngx_event_t  *ev;

    ev = &run->fork->event;

    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }
}


/* in a turn of its own: the request that has ended is free by now */

static void
ngx_thread_ws_fork_handler(ngx_event_t *ev)
{
    ngx_thread_ws_run_t  *run = ev->data;

    run->fork->due = 0;
    run->fork->busy = 0;

    /* what answers next is judged by itself */

    ngx_thread_ws_answer_again(run);
    ngx_str_null(&run->type);
    run->unknown = 0;
    run->status = 0;

    ngx_thread_ws_run_goes(run);
}


static void
ngx_thread_ws_fork_next(ngx_thread_ws_run_t *run)
{
    if (run->fork->busy) {
        ngx_add_timer(&run->fork->event, NGX_THREAD_WS_FORK_WAIT);

    } else {
        ngx_post_event(&run->fork->event, &ngx_posted_events);
    }
}


/* of its states, the next ones, or of the newest where it is to go back */

static ngx_int_t
ngx_thread_ws_fork_uri(ngx_thread_ws_run_t *run, ngx_str_t *uri)
{
    u_char                           *p;
    size_t                            len;
    json_t                           *last;
    ngx_str_t                        *prefix;
    ngx_thread_ws_dialect_threads_t  *threads;

    prefix = &run->conf->threads;
    threads = run->conf->dialect->threads;
    last = run->fork->before.last;
    len = json_string_length(last);

    uri->data = ngx_pnalloc(run->pool, prefix->len + threads->path.len
                                       + NGX_THREAD_WS_UUID_LEN
                                       + threads->state.len
                                       + threads->history.len
                                       + threads->older.len + len);
    if (uri->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(uri->data, prefix->data, prefix->len);

    if (p[-1] == '/') {
        p--;
    }

    p = ngx_cpymem(p, threads->path.data, threads->path.len);

    ngx_thread_ws_uuid_thread(p, &run->subject.owner, &run->subject.thread_id);
    p += NGX_THREAD_WS_UUID_LEN;

    if (run->fork->before.checkpoint) {
        p = ngx_cpymem(p, threads->state.data, threads->state.len);

    } else {
        p = ngx_cpymem(p, threads->history.data, threads->history.len);

        if (last) {
            p = ngx_cpymem(p, threads->older.data, threads->older.len);
            p = ngx_cpymem(p, json_string_value(last), len);
        }
    }

    uri->len = p - uri->data;

    return NGX_OK;
}


/* NGX_OK: it is known how to go on */

static ngx_int_t
ngx_thread_ws_fork_read(ngx_thread_ws_run_t *run)
{
    ngx_int_t              rc;
    ngx_str_t              body;
    ngx_thread_ws_fork_t  *fork;

    fork = run->fork;

    if (fork->before.checkpoint) {
        fork->back = 1;
        return NGX_OK;
    }

    body.data = fork->body.data;
    body.len = fork->body.len;

    rc = body.len ? run->conf->dialect->threads->before(&fork->before, &body)
                  : NGX_ABORT;

    if (rc == NGX_AGAIN && fork->asked == NGX_THREAD_WS_FORK_LIMIT) {
        rc = NGX_DECLINED;
    }

    switch (rc) {

    case NGX_OK:
        fork->asked = 0;
        return NGX_OK;

    case NGX_AGAIN:
        return NGX_OK;

    case NGX_DECLINED:
        return ngx_thread_ws_fork_unknown(run);

    case NGX_ABORT:
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "agent's thread cannot be read");

    default: /* NGX_ERROR */
        return ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                       "no memory for the agent's thread");
    }
}


static ngx_int_t
ngx_thread_ws_fork_unknown(ngx_thread_ws_run_t *run)
{
    (void) ngx_thread_ws_run_blame(run, NGX_THREAD_WS_INVALID_MESSAGE, NULL);

    ngx_str_set(&run->verdict.text,
                "replaces is no run of this thread's history");

    return NGX_ERROR;
}


/* by the verdict */

static void
ngx_thread_ws_fork_fail(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_run_end(run, NGX_THREAD_WS_FAILED, &run->verdict);
}


static void
ngx_thread_ws_fork_free(void *data)
{
    ngx_thread_ws_fork_t *fork = data;

    ngx_thread_ws_bytes_free(&fork->body);

    json_decref(fork->before.checkpoint);
    json_decref(fork->before.last);
    json_decref(fork->before.branch);
    json_decref(fork->before.other);
}


static ngx_int_t
ngx_thread_ws_fork_on_prompt(void *data, ngx_http_request_t *r,
    ngx_chain_t **body, off_t *size)
{
    ngx_thread_ws_run_t  *run = data;

    json_t     *json;
    ngx_str_t   text;

    json = run->conf->dialect->threads->back(run->fork->before.checkpoint);

    if (ngx_thread_ws_prompt_dump(run, json, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    *size = text.len;

    return ngx_thread_ws_prompt_chain(run, &text, body);
}


static ngx_int_t
ngx_thread_ws_fork_on_header(void *data, ngx_thread_ws_agent_header_t *header)
{
    ngx_thread_ws_run_t  *run = data;

    ngx_int_t    rc;
    ngx_uint_t   status;

    status = header->own ? 0 : header->status;

    if (status == NGX_HTTP_CONFLICT
        && run->fork->asked < NGX_THREAD_WS_FORK_LIMIT)
    {
        /* a run that has been cancelled, say, is still about to end */

        run->fork->due = 1;
        run->fork->busy = 1;

        return NGX_ERROR;
    }

    if (status == NGX_HTTP_CONFLICT) {
        rc = ngx_thread_ws_run_blame(run, NGX_THREAD_WS_BUSY,
                                     "agent's thread is busy");

    } else if (status == NGX_HTTP_NOT_FOUND) {

        /* the server has no such thread */

        rc = ngx_thread_ws_fork_unknown(run);

    } else {
        rc = ngx_thread_ws_answer_header(run, header);
    }

    if (rc != NGX_OK) {
        ngx_thread_ws_fork_fail(run);
    }

    return rc;
}


static ngx_int_t
ngx_thread_ws_fork_on_body(void *data, u_char *pos, u_char *last,
    ngx_thread_ws_agent_heard_t *heard)
{
    ngx_thread_ws_run_t  *run = data;

    size_t                  limit;
    ngx_int_t               rc;
    ngx_thread_ws_bytes_t  *body;

    body = &run->fork->body;
    limit = run->conf->max_response_size * NGX_THREAD_WS_FORK_STATES;

    if (run->refused) {
        rc = ngx_thread_ws_answer_body(run, pos, last, &heard->deltas);

    } else if ((size_t) (last - pos) > limit - body->len) {
        rc = ngx_thread_ws_run_blame(run, NGX_THREAD_WS_RESPONSE_TOO_LARGE,
                                     "agent's thread exceeds "
                                     "thread_ws_max_response_size");

    } else {
        rc = ngx_thread_ws_bytes_add(body, pos, last - pos);

        if (rc != NGX_OK) {
            (void) ngx_thread_ws_run_blame(run, NGX_THREAD_WS_UPSTREAM_FAILED,
                                           "no memory for the agent's thread");
        }
    }

    if (rc == NGX_ERROR) {
        ngx_thread_ws_fork_fail(run);
    }

    return rc;
}


static ngx_int_t
ngx_thread_ws_fork_on_flush(void *data, ngx_uint_t more)
{
    return NGX_OK;
}


static void
ngx_thread_ws_fork_on_whole(void *data)
{
    ngx_thread_ws_run_t  *run = data;

    ngx_int_t  rc;

    rc = run->refused ? ngx_thread_ws_answer_whole(run)
                      : ngx_thread_ws_fork_read(run);

    if (rc != NGX_OK) {
        ngx_thread_ws_fork_fail(run);
        return;
    }

    run->fork->due = 1;

    if (run->agent == NULL) {
        ngx_thread_ws_fork_next(run);
    }
}


static void
ngx_thread_ws_fork_on_cut(void *data, ngx_uint_t end)
{
    ngx_thread_ws_run_t  *run = data;

    if (run->state == NGX_THREAD_WS_LOADING && !run->fork->due) {
        (void) ngx_thread_ws_answer_cut(run, end);
        ngx_thread_ws_fork_fail(run);
    }
}


static void
ngx_thread_ws_fork_on_gone(void *data, ngx_uint_t whole, ngx_uint_t end)
{
    ngx_thread_ws_run_t  *run = data;

    run->agent = NULL;

    if (run->state == NGX_THREAD_WS_LOADING) {

        if (run->fork->due) {
            ngx_thread_ws_fork_next(run);

        } else {
            ngx_thread_ws_fork_on_cut(run, end);
        }

        return;
    }

    ngx_thread_ws_run_release(run);
}
