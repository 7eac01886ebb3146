
/*
 * libcurl's multi interface on nginx's event loop.
 */


#include "observe/ngx_thread_ws_curl.h"
#include "base/ngx_thread_ws_socket.h"


/* more of an answer than that is no answer */

#define NGX_THREAD_WS_CURL_ANSWER_MAX  65536


/* A socket of libcurl's, which opens and closes it. */

typedef struct {
    ngx_queue_t          queue;
    ngx_connection_t    *connection;
} ngx_thread_ws_curl_socket_t;


typedef struct {
    CURLM               *multi;
    ngx_queue_t          sockets;
    ngx_queue_t          transfers;
    ngx_event_t          timer;
    ngx_cycle_t         *cycle;
    unsigned             leaving:1;
} ngx_thread_ws_curl_t;


static ngx_int_t ngx_thread_ws_curl_resolve(ngx_thread_ws_transfer_t *transfer);
static void ngx_thread_ws_curl_resolve_handler(ngx_resolver_ctx_t *ctx);
static ngx_int_t ngx_thread_ws_curl_start(ngx_thread_ws_transfer_t *transfer);
static ngx_int_t ngx_thread_ws_curl_options(CURL *easy,
    ngx_thread_ws_transfer_t *transfer);
static size_t ngx_thread_ws_curl_write(char *data, size_t size, size_t n,
    void *userdata);
static void ngx_thread_ws_curl_fail(ngx_thread_ws_transfer_t *transfer,
    const char *error);
static void ngx_thread_ws_curl_failed_handler(ngx_event_t *ev);
static int ngx_thread_ws_curl_socket(CURL *easy, curl_socket_t fd, int what,
    void *data, void *socket);
static void ngx_thread_ws_curl_forget(ngx_thread_ws_curl_socket_t *s);
static void ngx_thread_ws_curl_event_handler(ngx_event_t *ev);
static int ngx_thread_ws_curl_timer(CURLM *multi, long ms, void *data);
static void ngx_thread_ws_curl_timer_handler(ngx_event_t *ev);
static void ngx_thread_ws_curl_done(void);
static void ngx_thread_ws_curl_close(ngx_thread_ws_transfer_t *transfer);
static void ngx_thread_ws_curl_close_all(void);
static void ngx_thread_ws_curl_result(ngx_thread_ws_transfer_t *transfer,
    CURLcode code);


static ngx_thread_ws_curl_t  ngx_thread_ws_curl;


ngx_int_t
ngx_thread_ws_curl_init(ngx_cycle_t *cycle)
{
    ngx_thread_ws_curl_t  *curl;

    curl = &ngx_thread_ws_curl;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "curl_global_init() failed");
        return NGX_ERROR;
    }

    curl->multi = curl_multi_init();
    if (curl->multi == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "curl_multi_init() failed");
        return NGX_ERROR;
    }

    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION,
                      ngx_thread_ws_curl_socket);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION,
                      ngx_thread_ws_curl_timer);

    ngx_queue_init(&curl->sockets);
    ngx_queue_init(&curl->transfers);

    curl->cycle = cycle;

    curl->timer.handler = ngx_thread_ws_curl_timer_handler;
    curl->timer.data = curl;
    curl->timer.log = cycle->log;
    curl->timer.cancelable = 1;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_curl_post(ngx_thread_ws_transfer_t *transfer)
{
    ngx_resolver_t               *resolver;
    ngx_thread_ws_curl_target_t  *target;

    target = transfer->target;

    transfer->status = 0;
    transfer->retry_after = 0;
    transfer->error = NULL;
    transfer->answer_len = 0;
    transfer->received = 0;

    transfer->failed.handler = ngx_thread_ws_curl_failed_handler;
    transfer->failed.data = transfer;
    transfer->failed.log = ngx_thread_ws_curl.cycle->log;

    resolver = target->clcf->resolver;

    if (target->literal || resolver == NULL
        || resolver->connections.nelts == 0
        || ngx_thread_ws_curl.leaving)
    {
        return ngx_thread_ws_curl_start(transfer);
    }

    return ngx_thread_ws_curl_resolve(transfer);
}


/* nginx's resolver keeps answers as long as they are valid */

static ngx_int_t
ngx_thread_ws_curl_resolve(ngx_thread_ws_transfer_t *transfer)
{
    ngx_resolver_ctx_t           *ctx, temp;
    ngx_thread_ws_curl_target_t  *target;

    target = transfer->target;

    ngx_memzero(&temp, sizeof(ngx_resolver_ctx_t));
    temp.name = target->host;

    ctx = ngx_resolve_start(target->clcf->resolver, &temp);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        return NGX_ERROR;
    }

    ctx->name = target->host;
    ctx->handler = ngx_thread_ws_curl_resolve_handler;
    ctx->data = transfer;
    ctx->timeout = target->clcf->resolver_timeout;

    /* the resolver's timer would keep a leaving worker */

    ctx->cancelable = 1;

    return ngx_resolve_name(ctx);
}


/* called from within ngx_resolve_name(), too */

static void
ngx_thread_ws_curl_resolve_handler(ngx_resolver_ctx_t *ctx)
{
    ngx_thread_ws_transfer_t  *transfer = ctx->data;

    ngx_int_t  rc;

    rc = NGX_OK;

    if (ctx->state) {
        ngx_thread_ws_curl_fail(transfer, ngx_resolver_strerror(ctx->state));

    } else {
        rc = ngx_thread_ws_curl_addresses(transfer->target, ctx->addrs,
                                          ctx->naddrs);
        if (rc == NGX_OK) {
            rc = ngx_thread_ws_curl_start(transfer);
        }
    }

    ngx_resolve_name_done(ctx);

    if (rc != NGX_OK) {
        ngx_thread_ws_curl_fail(transfer, "no memory");
    }
}


static ngx_int_t
ngx_thread_ws_curl_start(ngx_thread_ws_transfer_t *transfer)
{
    if (!transfer->target->literal && transfer->target->resolve == NULL) {
        ngx_thread_ws_curl_fail(transfer, "name was never resolved");
        return NGX_OK;
    }

    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL) {
        return NGX_ERROR;
    }

    if (ngx_thread_ws_curl_options(transfer->easy, transfer) == NGX_OK
        && curl_multi_add_handle(ngx_thread_ws_curl.multi, transfer->easy)
           == CURLM_OK)
    {
        ngx_queue_insert_tail(&ngx_thread_ws_curl.transfers, &transfer->queue);
        return NGX_OK;
    }

    curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;

    return NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_curl_options(CURL *easy, ngx_thread_ws_transfer_t *transfer)
{
    int                           rc;
    ngx_thread_ws_curl_target_t  *target;

    target = transfer->target;

    rc = curl_easy_setopt(easy, CURLOPT_URL, target->url.data);
    rc |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
    rc |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, target->headers);
    rc |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                           (curl_off_t) transfer->len);
    rc |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body);

    if (rc != CURLE_OK) {
        return NGX_ERROR;
    }

    if (!target->literal) {
        curl_easy_setopt(easy, CURLOPT_RESOLVE, target->resolve);
    }

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long) transfer->timeout);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long) transfer->timeout);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ngx_thread_ws_curl_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);

    return NGX_OK;
}


static size_t
ngx_thread_ws_curl_write(char *data, size_t size, size_t n, void *userdata)
{
    ngx_thread_ws_transfer_t  *transfer = userdata;

    size_t  len;

    n *= size;

    len = ngx_min(n, NGX_THREAD_WS_CURL_ANSWER - transfer->answer_len);

    ngx_memcpy(transfer->answer + transfer->answer_len, data, len);
    transfer->answer_len += len;

    transfer->received += n;

    return transfer->received > NGX_THREAD_WS_CURL_ANSWER_MAX ? 0 : n;
}


/* handlers are called from the event loop only */

static void
ngx_thread_ws_curl_fail(ngx_thread_ws_transfer_t *transfer, const char *error)
{
    transfer->error = error;

    ngx_post_event(&transfer->failed, &ngx_posted_events);
}


static void
ngx_thread_ws_curl_failed_handler(ngx_event_t *ev)
{
    ngx_thread_ws_transfer_t  *transfer = ev->data;

    transfer->handler(transfer);
}


/* libcurl says what it waits for on a socket */

static int
ngx_thread_ws_curl_socket(CURL *easy, curl_socket_t fd, int what, void *data,
    void *socket)
{
    ngx_thread_ws_curl_socket_t  *s;

    s = socket;

    if (what == CURL_POLL_REMOVE) {
        if (s) {
            ngx_thread_ws_curl_forget(s);
        }

        return 0;
    }

    if (s == NULL) {

        /* without one the transfer times out, which is as good as any error */

        s = ngx_alloc(sizeof(ngx_thread_ws_curl_socket_t), ngx_cycle->log);
        if (s == NULL) {
            return 0;
        }

        s->connection = ngx_thread_ws_socket_attach(fd,
                                        ngx_thread_ws_curl.cycle->log,
                                        ngx_thread_ws_curl_event_handler, s);
        if (s->connection == NULL) {
            ngx_free(s);
            return 0;
        }

        ngx_queue_insert_tail(&ngx_thread_ws_curl.sockets, &s->queue);

        curl_multi_assign(ngx_thread_ws_curl.multi, fd, s);
    }

    (void) ngx_thread_ws_socket_watch(s->connection, what & CURL_POLL_IN,
                                      what & CURL_POLL_OUT);

    return 0;
}


/* the descriptor is libcurl's, and is still open here */

static void
ngx_thread_ws_curl_forget(ngx_thread_ws_curl_socket_t *s)
{
    ngx_thread_ws_socket_detach(s->connection, 0);

    ngx_queue_remove(&s->queue);
    ngx_free(s);
}


static void
ngx_thread_ws_curl_event_handler(ngx_event_t *ev)
{
    int                running;
    ngx_connection_t  *c;

    c = ev->data;

    (void) curl_multi_socket_action(ngx_thread_ws_curl.multi, c->fd,
                                    ev->write ? CURL_CSELECT_OUT
                                              : CURL_CSELECT_IN,
                                    &running);

    ngx_thread_ws_curl_done();
}


static int
ngx_thread_ws_curl_timer(CURLM *multi, long ms, void *data)
{
    ngx_event_t  *ev;

    ev = &ngx_thread_ws_curl.timer;

    /* nginx would leave a timer that is set about right as it is */

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (ms >= 0) {
        ngx_add_timer(ev, (ngx_msec_t) ms);
    }

    return 0;
}


static void
ngx_thread_ws_curl_timer_handler(ngx_event_t *ev)
{
    int  running;

    (void) curl_multi_socket_action(ngx_thread_ws_curl.multi,
                                    CURL_SOCKET_TIMEOUT, 0, &running);

    ngx_thread_ws_curl_done();
}


static void
ngx_thread_ws_curl_done(void)
{
    int                        left;
    char                      *transfer;
    CURL                      *easy;
    CURLMsg                   *msg;
    CURLcode                   code;

    while ((msg = curl_multi_info_read(ngx_thread_ws_curl.multi, &left))
           != NULL)
    {
        if (msg->msg != CURLMSG_DONE) {
            continue;
        }

        /* the message goes with the handle */

        easy = msg->easy_handle;
        code = msg->data.result;

        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);

        ngx_thread_ws_curl_result((ngx_thread_ws_transfer_t *) transfer, code);
    }
}


static void
ngx_thread_ws_curl_result(ngx_thread_ws_transfer_t *transfer, CURLcode code)
{
    long        status;
    curl_off_t  after;

    status = 0;
    after = 0;

    /* an answer that is too long is one, too */

    if (code == CURLE_OK || code == CURLE_WRITE_ERROR) {
        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &after);
    }

    transfer->status = (ngx_uint_t) status;
    transfer->retry_after = (ngx_msec_t) ngx_max(ngx_min(after, 86400), 0)
                            * 1000;
    transfer->error = curl_easy_strerror(code);

    ngx_thread_ws_curl_close(transfer);

    transfer->handler(transfer);
}


static void
ngx_thread_ws_curl_close(ngx_thread_ws_transfer_t *transfer)
{
    ngx_queue_remove(&transfer->queue);

    curl_multi_remove_handle(ngx_thread_ws_curl.multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
}


void
ngx_thread_ws_curl_leave(void)
{
    ngx_thread_ws_curl.leaving = 1;
}


void
ngx_thread_ws_curl_exit(ngx_msec_t time)
{
    int                    running;
    ngx_msec_t             start, passed;
    ngx_queue_t           *q;
    ngx_thread_ws_curl_t  *curl;

    curl = &ngx_thread_ws_curl;

    if (curl->multi == NULL) {
        return;
    }

    /* the event loop is over: libcurl waits for its sockets itself */

    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, NULL);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, NULL);

    while (!ngx_queue_empty(&curl->sockets)) {
        q = ngx_queue_head(&curl->sockets);
        ngx_thread_ws_curl_forget(ngx_queue_data(q,
                                        ngx_thread_ws_curl_socket_t, queue));
    }

    if (curl->timer.timer_set) {
        ngx_del_timer(&curl->timer);
    }

    ngx_time_update();
    start = ngx_current_msec;
    passed = 0;

    do {
        if (curl_multi_perform(curl->multi, &running) != CURLM_OK) {
            break;
        }

        ngx_thread_ws_curl_done();

        /* what a handler has begun counts, too */

        if (curl_multi_perform(curl->multi, &running) != CURLM_OK
            || running == 0)
        {
            break;
        }

        curl_multi_poll(curl->multi, NULL, 0, (int) (time - passed), NULL);

        ngx_time_update();
        passed = ngx_current_msec - start;

    } while (passed < time);

    ngx_thread_ws_curl_close_all();
}


/* frees what is still under way, too, whose handlers are not called */

static void
ngx_thread_ws_curl_close_all(void)
{
    ngx_queue_t           *q;
    ngx_thread_ws_curl_t  *curl;

    curl = &ngx_thread_ws_curl;

    while (!ngx_queue_empty(&curl->transfers)) {
        q = ngx_queue_head(&curl->transfers);
        ngx_thread_ws_curl_close(ngx_queue_data(q, ngx_thread_ws_transfer_t,
                                                queue));
    }

    curl_multi_cleanup(curl->multi);
    curl->multi = NULL;
}
