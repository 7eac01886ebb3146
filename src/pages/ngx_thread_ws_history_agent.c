
/*
 * The history of a thread that the agent's server keeps itself: a subrequest
 * through an internal location, and the messages in what comes back.  A thread
 * that is to be deleted has its runs ended first: a server that still works at
 * one would bring the thread back.
 */


#include "ngx_thread_ws.h"
#include "pages/ngx_thread_ws_history.h"
#include "pages/ngx_thread_ws_page.h"
#include "base/ngx_thread_ws_bytes.h"
#include "base/ngx_thread_ws_uuid.h"
#include "dialect/ngx_thread_ws_dialect.h"
#include "json/ngx_thread_ws_json.h"
#include "thread/ngx_thread_ws_thread.h"
#include "zone/ngx_thread_ws_registry.h"


/* ms between two looks at runs of other workers, and how many there are */

#define NGX_THREAD_WS_HISTORY_WAIT   50
#define NGX_THREAD_WS_HISTORY_LOOKS  100


typedef struct {
    ngx_thread_ws_loc_conf_t  *conf;
    ngx_str_t                  owner;
    ngx_str_t                  thread_id;
    ngx_event_t                wait;         /* for runs to end */
    ngx_uint_t                 looks;
    uint64_t                   before;       /* a run's number; 0: none */
    ngx_uint_t                 limit;

    ngx_thread_ws_bytes_t      body;
    ngx_uint_t                 status;       /* HTTP; 0: no response */
    unsigned                   whole:1;
    unsigned                   large:1;      /* too large */
} ngx_thread_ws_history_agent_t;


static ngx_int_t ngx_thread_ws_history_busy(ngx_http_request_t *r,
    ngx_thread_ws_history_agent_t *agent);
static void ngx_thread_ws_history_wait_handler(ngx_event_t *ev);
static ngx_int_t ngx_thread_ws_history_subrequest(ngx_http_request_t *r,
    ngx_thread_ws_history_agent_t *agent);
static ngx_int_t ngx_thread_ws_history_uri(ngx_http_request_t *r,
    ngx_thread_ws_history_agent_t *agent, ngx_str_t *uri);
static ngx_int_t ngx_thread_ws_history_headers(ngx_http_request_t *r,
    ngx_http_request_t *sr);
static ngx_int_t ngx_thread_ws_history_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_thread_ws_history_asked(ngx_http_request_t *r, void *data,
    ngx_int_t rc);
static void ngx_thread_ws_history_write_handler(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_history_answer(ngx_http_request_t *r,
    ngx_thread_ws_history_agent_t *agent);
static void ngx_thread_ws_history_cut(ngx_thread_ws_history_agent_t *agent,
    json_t *messages);
static void ngx_thread_ws_history_agent_cleanup(void *data);


static ngx_http_output_body_filter_pt  ngx_http_next_body_filter;


static ngx_str_t  ngx_thread_ws_history_delete = ngx_string("DELETE");


ngx_int_t
ngx_thread_ws_history_ask(ngx_http_request_t *r,
    ngx_thread_ws_loc_conf_t *conf, ngx_thread_ws_store_op_t *op)
{
    ngx_int_t                       rc;
    ngx_http_cleanup_t             *cln;
    ngx_thread_ws_history_agent_t  *agent;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_thread_ws_history_agent_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    agent = cln->data;
    ngx_memzero(agent, sizeof(ngx_thread_ws_history_agent_t));

    cln->handler = ngx_thread_ws_history_agent_cleanup;

    agent->conf = conf;
    agent->owner = op->owner;
    agent->thread_id = op->thread_id;
    agent->before = op->before;
    agent->limit = op->limit;

    if (r->method == NGX_HTTP_DELETE
        && ngx_thread_ws_history_busy(r, agent) == NGX_AGAIN)
    {
        /* a client that goes takes its request along */

        r->read_event_handler = ngx_http_test_reading;
        r->main->count++;

        return NGX_DONE;
    }

    rc = ngx_thread_ws_history_subrequest(r, agent);

    if (rc == NGX_DONE) {
        r->main->count++;
    }

    return rc;
}


/* NGX_OK, or NGX_AGAIN while runs of other workers have not ended */

static ngx_int_t
ngx_thread_ws_history_busy(ngx_http_request_t *r,
    ngx_thread_ws_history_agent_t *agent)
{
    ngx_thread_ws_thread_delete(agent->conf->store, &agent->owner,
                                &agent->thread_id, 0);

    if (ngx_thread_ws_registry_stop(&agent->owner, &agent->thread_id) == 0) {
        return NGX_OK;
    }

    if (agent->looks++ == NGX_THREAD_WS_HISTORY_LOOKS) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "agent's thread is deleted while a run of it goes on");
        return NGX_OK;
    }

    if (agent->looks == 1) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "thread is not deleted before its runs have ended");
    }

    agent->wait.handler = ngx_thread_ws_history_wait_handler;
    agent->wait.data = r;
    agent->wait.log = r->connection->log;

    ngx_add_timer(&agent->wait, NGX_THREAD_WS_HISTORY_WAIT);

    return NGX_AGAIN;
}


static void
ngx_thread_ws_history_wait_handler(ngx_event_t *ev)
{
    ngx_http_request_t  *r = ev->data;

    ngx_int_t                       rc;
    ngx_connection_t               *c;
    ngx_thread_ws_history_agent_t  *agent;

    c = r->connection;

    agent = (ngx_thread_ws_history_agent_t *)
                ((u_char *) ev - offsetof(ngx_thread_ws_history_agent_t, wait));

    if (ngx_thread_ws_history_busy(r, agent) == NGX_AGAIN) {
        return;
    }

    rc = ngx_thread_ws_history_subrequest(r, agent);

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }

    ngx_http_run_posted_requests(c);
}


/* NGX_DONE: it is under way, and needs the main request */

static ngx_int_t
ngx_thread_ws_history_subrequest(ngx_http_request_t *r,
    ngx_thread_ws_history_agent_t *agent)
{
    ngx_str_t                    uri;
    ngx_http_request_t          *sr;
    ngx_http_post_subrequest_t  *ps;

    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));

    if (ps == NULL
        || ngx_thread_ws_history_uri(r, agent, &uri) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ps->handler = ngx_thread_ws_history_asked;
    ps->data = agent;

    if (ngx_http_subrequest(r, &uri, NULL, &sr, ps,
                            NGX_HTTP_SUBREQUEST_IN_MEMORY)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method == NGX_HTTP_DELETE) {
        sr->method = NGX_HTTP_DELETE;
        sr->method_name = ngx_thread_ws_history_delete;
    }

    if (ngx_thread_ws_history_headers(r, sr) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_DONE;
}


/* PREFIX/threads/ID/state, or without the last part to delete it */

static ngx_int_t
ngx_thread_ws_history_uri(ngx_http_request_t *r,
    ngx_thread_ws_history_agent_t *agent, ngx_str_t *uri)
{
    u_char                           *p;
    ngx_str_t                        *prefix;
    ngx_thread_ws_dialect_threads_t  *threads;

    prefix = &agent->conf->history;
    threads = agent->conf->dialect->threads;

    uri->len = prefix->len + threads->path.len + NGX_THREAD_WS_UUID_LEN
               + threads->state.len;

    uri->data = ngx_pnalloc(r->pool, uri->len);
    if (uri->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(uri->data, prefix->data, prefix->len);

    if (p[-1] == '/') {
        p--;
    }

    p = ngx_cpymem(p, threads->path.data, threads->path.len);

    ngx_thread_ws_uuid_thread(p, &agent->owner, &agent->thread_id);
    p += NGX_THREAD_WS_UUID_LEN;

    if (r->method != NGX_HTTP_DELETE) {
        p = ngx_cpymem(p, threads->state.data, threads->state.len);
    }

    uri->len = p - uri->data;

    return NGX_OK;
}


/*
 * A subrequest has its parent's headers: the client's own, cookies and all, are
 * none of the agent's business, and a compressed answer could not be read.
 */

static ngx_int_t
ngx_thread_ws_history_headers(ngx_http_request_t *r, ngx_http_request_t *sr)
{
    ngx_table_elt_t        *h;
    ngx_http_headers_in_t  *headers;

    headers = &sr->headers_in;

    ngx_memzero(headers, sizeof(ngx_http_headers_in_t));

    headers->server = r->headers_in.server;
    headers->content_length_n = -1;
    headers->keep_alive_n = -1;

    if (ngx_list_init(&headers->headers, r->pool, 1, sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    h = ngx_list_push(&headers->headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    ngx_str_set(&h->key, "Accept");
    ngx_str_set(&h->value, "application/json");
    h->lowcase_key = (u_char *) "accept";

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_history_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_thread_ws_history_body_filter;

    return NGX_OK;
}


/* core's own buffer for such subrequests is small and of a fixed size */

static ngx_int_t
ngx_thread_ws_history_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    size_t                          size;
    ngx_buf_t                      *b;
    ngx_thread_ws_history_agent_t  *agent;

    if (r == r->main || r->post_subrequest == NULL
        || r->post_subrequest->handler != ngx_thread_ws_history_asked)
    {
        return ngx_http_next_body_filter(r, in);
    }

    agent = r->post_subrequest->data;

    for ( /* void */ ; in; in = in->next) {

        b = in->buf;

        if (b->last_buf || b->last_in_chain) {
            agent->whole = 1;
        }

        if (!ngx_buf_in_memory(b)) {
            continue;
        }

        size = b->last - b->pos;

        /* an error here would close the client's connection, too */

        if (size > agent->conf->max_response_size - agent->body.len) {
            agent->large = 1;
        }

        if (!agent->large
            && ngx_thread_ws_bytes_add(&agent->body, b->pos, size) != NGX_OK)
        {
            ngx_log_error(NGX_LOG_EMERG, r->connection->log, ngx_errno,
                          "no memory for the agent's history");
            return NGX_ERROR;
        }

        b->pos = b->last;
    }

    return NGX_OK;
}


/*
 * The subrequest has ended, perhaps not for the last time.  Whatever came of
 * it is for the main request to say, unless its client is gone.
 */

static ngx_int_t
ngx_thread_ws_history_asked(ngx_http_request_t *r, void *data, ngx_int_t rc)
{
    ngx_thread_ws_history_agent_t *agent = data;

    if (r->connection->error || rc == NGX_HTTP_CLIENT_CLOSED_REQUEST) {
        return rc;
    }

    r->parent->write_event_handler = ngx_thread_ws_history_write_handler;

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        agent->status = rc;

    } else {
        agent->status = (rc == NGX_OK) ? r->headers_out.status : 0;
    }

    return NGX_OK;
}


static void
ngx_thread_ws_history_write_handler(ngx_http_request_t *r)
{
    ngx_http_cleanup_t  *cln;

    r->write_event_handler = ngx_http_request_empty_handler;

    for (cln = r->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_thread_ws_history_agent_cleanup) {
            ngx_http_finalize_request(r,
                                  ngx_thread_ws_history_answer(r, cln->data));
            return;
        }
    }
}


static ngx_int_t
ngx_thread_ws_history_answer(ngx_http_request_t *r,
    ngx_thread_ws_history_agent_t *agent)
{
    json_t     *messages;
    ngx_int_t   rc;
    ngx_str_t   body;

    messages = NULL;

    if (agent->status == NGX_HTTP_NOT_FOUND) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (agent->status < 200 || agent->status >= 300) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "agent's thread could not be had, status %ui",
                      agent->status);

        return ngx_thread_ws_page_unavailable(r);
    }

    if (r->method == NGX_HTTP_DELETE) {
        return ngx_thread_ws_page_done(r);
    }

    if (agent->large) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "agent's thread is larger than "
                      "\"thread_ws_max_response_size\" of %uz bytes",
                      agent->conf->max_response_size);

        return NGX_HTTP_BAD_GATEWAY;
    }

    if (!agent->whole) {
        return ngx_thread_ws_page_unavailable(r);
    }

    body.data = agent->body.data;
    body.len = agent->body.len;

    rc = (body.len == 0)
         ? NGX_DECLINED
         : agent->conf->dialect->threads->messages(&messages, &body);

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "agent's thread cannot be read");

        return NGX_HTTP_BAD_GATEWAY;
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_thread_ws_history_cut(agent, messages);

    return ngx_thread_ws_history_send(r, &agent->thread_id, messages);
}


/* leaves the newest runs of those before the one that was named */

static void
ngx_thread_ws_history_cut(ngx_thread_ws_history_agent_t *agent,
    json_t *messages)
{
    size_t    n;
    uint64_t  seq, last;

    last = 0;

    for (n = json_array_size(messages); n; n--) {

        seq = json_integer_value(json_object_get(json_array_get(messages,
                                                                n - 1),
                                                 "seq"));

        if (agent->before && seq >= agent->before) {
            (void) json_array_remove(messages, n - 1);
            continue;
        }

        if (last == 0) {
            last = seq;
        }

        if (last - seq >= agent->limit) {
            (void) json_array_remove(messages, n - 1);
        }
    }
}


static void
ngx_thread_ws_history_agent_cleanup(void *data)
{
    ngx_thread_ws_history_agent_t *agent = data;

    if (agent->wait.timer_set) {
        ngx_del_timer(&agent->wait);
    }

    ngx_thread_ws_bytes_free(&agent->body);
}
