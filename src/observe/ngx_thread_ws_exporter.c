
/*
 * A queue of spans, sent to a collector in batches.
 */


#include "observe/ngx_thread_ws_exporter.h"
#include "observe/ngx_thread_ws_curl.h"
#include "observe/ngx_thread_ws_metrics.h"
#include "json/ngx_thread_ws_otlp.h"


#define NGX_THREAD_WS_SERVICE            "nginx"
#define NGX_THREAD_WS_VERSION            "1.0.0"

/* what may wait: spans, and their bytes */

#define NGX_THREAD_WS_EXPORTER_SPANS     2048
#define NGX_THREAD_WS_EXPORTER_SIZE      (4 * 1024 * 1024)

/* a request: spans, and ms after the first one ended */

#define NGX_THREAD_WS_EXPORTER_BATCH     256
#define NGX_THREAD_WS_EXPORTER_DELAY     1000

#define NGX_THREAD_WS_EXPORTER_TIMEOUT   10000

#define NGX_THREAD_WS_EXPORTER_BACKOFF   1000
#define NGX_THREAD_WS_EXPORTER_MAX       60000

#define NGX_THREAD_WS_EXPORTER_EXIT      1000

/* between two complaints in the error log, seconds */

#define NGX_THREAD_WS_EXPORTER_COMPLAIN  60


typedef struct {
    ngx_queue_t                  queue;
    u_char                      *text;       /* malloc's */
    size_t                       len;
} ngx_thread_ws_queued_t;


struct ngx_thread_ws_exporter_s {
    ngx_thread_ws_curl_target_t  target;

    ngx_queue_t                  spans;      /* oldest first */
    ngx_uint_t                   nspans;
    size_t                       size;

    ngx_thread_ws_transfer_t     transfer;
    ngx_uint_t                   sending;    /* so many of the oldest */

    ngx_event_t                  timer;
    ngx_msec_t                   backoff;    /* 0: the last one went well */
    time_t                       complained;
    ngx_uint_t                   dropped;    /* since the last complaint */

    unsigned                     busy:1;
    unsigned                     leaving:1;
};


static ngx_uint_t ngx_thread_ws_exporter_equal(ngx_thread_ws_exporter_t *a,
    ngx_thread_ws_exporter_t *b);
static void ngx_thread_ws_exporter_schedule(
    ngx_thread_ws_exporter_t *exporter);
static void ngx_thread_ws_exporter_timer_handler(ngx_event_t *ev);
static void ngx_thread_ws_exporter_send(ngx_thread_ws_exporter_t *exporter);
static void ngx_thread_ws_exporter_handler(
    ngx_thread_ws_transfer_t *transfer);
static void ngx_thread_ws_exporter_retry(ngx_thread_ws_exporter_t *exporter);
static void ngx_thread_ws_exporter_remove(ngx_thread_ws_exporter_t *exporter,
    ngx_uint_t n);
static void ngx_thread_ws_exporter_drop(ngx_thread_ws_exporter_t *exporter,
    ngx_uint_t n);
static void ngx_thread_ws_exporter_complain(
    ngx_thread_ws_exporter_t *exporter);


ngx_thread_ws_exporter_t *
ngx_thread_ws_exporter_create(ngx_conf_t *cf, ngx_str_t *url)
{
    ngx_thread_ws_exporter_t  *exporter;

    exporter = ngx_pcalloc(cf->pool, sizeof(ngx_thread_ws_exporter_t));
    if (exporter == NULL) {
        return NULL;
    }

    if (ngx_thread_ws_curl_target(cf, &exporter->target, url) != NGX_OK
        || ngx_thread_ws_curl_header(cf, &exporter->target,
                                     "Content-Type: application/json")
           != NGX_OK
        || ngx_thread_ws_curl_header(cf, &exporter->target, "Expect:")
           != NGX_OK)
    {
        return NULL;
    }

    return exporter;
}


ngx_int_t
ngx_thread_ws_exporter_header(ngx_conf_t *cf,
    ngx_thread_ws_exporter_t *exporter, char *header)
{
    char    *colon, *p;

    colon = strchr(header, ':');

    if (colon == NULL || colon == header || colon[1] == '\0') {
        return NGX_DECLINED;
    }

    for (p = header; *p; p++) {
        if ((u_char) *p < ' ' || (p < colon && *p == ' ')) {
            return NGX_DECLINED;
        }
    }

    return ngx_thread_ws_curl_header(cf, &exporter->target, header);
}


ngx_thread_ws_exporter_t *
ngx_thread_ws_exporter_share(ngx_array_t *exporters,
    ngx_thread_ws_exporter_t *exporter)
{
    ngx_uint_t                  i;
    ngx_thread_ws_exporter_t  **p;

    p = exporters->elts;

    for (i = 0; i < exporters->nelts; i++) {
        if (ngx_thread_ws_exporter_equal(p[i], exporter)) {
            return p[i];
        }
    }

    p = ngx_array_push(exporters);
    if (p == NULL) {
        return NULL;
    }

    *p = exporter;

    return exporter;
}


static ngx_uint_t
ngx_thread_ws_exporter_equal(ngx_thread_ws_exporter_t *a,
    ngx_thread_ws_exporter_t *b)
{
    struct curl_slist  *x, *y;

    if (ngx_strcmp(a->target.url.data, b->target.url.data) != 0) {
        return 0;
    }

    x = a->target.headers;
    y = b->target.headers;

    while (x && y && ngx_strcmp(x->data, y->data) == 0) {
        x = x->next;
        y = y->next;
    }

    return x == NULL && y == NULL;
}


ngx_int_t
ngx_thread_ws_exporters_lookup(ngx_conf_t *cf, ngx_array_t *exporters)
{
    ngx_uint_t                  i;
    ngx_thread_ws_exporter_t  **p;

    if (exporters == NULL) {
        return NGX_OK;
    }

    p = exporters->elts;

    for (i = 0; i < exporters->nelts; i++) {
        if (ngx_thread_ws_curl_lookup(cf, &p[i]->target) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_exporters_init(ngx_cycle_t *cycle, ngx_array_t *exporters)
{
    ngx_uint_t                  i;
    ngx_thread_ws_exporter_t  **p;

    p = exporters->elts;

    for (i = 0; i < exporters->nelts; i++) {
        ngx_queue_init(&p[i]->spans);

        p[i]->timer.handler = ngx_thread_ws_exporter_timer_handler;
        p[i]->timer.data = p[i];
        p[i]->timer.log = cycle->log;
        p[i]->timer.cancelable = 1;

        p[i]->transfer.target = &p[i]->target;
        p[i]->transfer.timeout = NGX_THREAD_WS_EXPORTER_TIMEOUT;
        p[i]->transfer.handler = ngx_thread_ws_exporter_handler;
        p[i]->transfer.data = p[i];
    }

    return ngx_thread_ws_curl_init(cycle);
}


void
ngx_thread_ws_exporters_exit(ngx_array_t *exporters)
{
    ngx_uint_t                  i, n;
    ngx_thread_ws_exporter_t  **p;

    p = exporters->elts;

    ngx_thread_ws_curl_leave();

    for (i = 0; i < exporters->nelts; i++) {
        p[i]->leaving = 1;

        if (!p[i]->busy && p[i]->nspans) {
            ngx_thread_ws_exporter_send(p[i]);
        }
    }

    ngx_thread_ws_curl_exit(NGX_THREAD_WS_EXPORTER_EXIT);

    for (i = 0; i < exporters->nelts; i++) {
        n = p[i]->nspans;

        if (p[i]->busy) {

            /* libcurl has forgotten it */

            ngx_free(p[i]->transfer.body);
            p[i]->busy = 0;
        }

        ngx_thread_ws_exporter_remove(p[i], n);
        ngx_thread_ws_exporter_drop(p[i], n);
    }
}


void
ngx_thread_ws_exporter_add(ngx_thread_ws_exporter_t *exporter, u_char *text,
    size_t len)
{
    ngx_thread_ws_queued_t  *queued;

    if (text == NULL) {
        ngx_thread_ws_exporter_drop(exporter, 1);
        return;
    }

    if (exporter->nspans >= NGX_THREAD_WS_EXPORTER_SPANS
        || exporter->size + len > NGX_THREAD_WS_EXPORTER_SIZE)
    {
        free(text);
        ngx_thread_ws_exporter_drop(exporter, 1);
        return;
    }

    queued = ngx_alloc(sizeof(ngx_thread_ws_queued_t), ngx_cycle->log);
    if (queued == NULL) {
        free(text);
        ngx_thread_ws_exporter_drop(exporter, 1);
        return;
    }

    queued->text = text;
    queued->len = len;

    ngx_queue_insert_tail(&exporter->spans, &queued->queue);
    exporter->nspans++;
    exporter->size += len;

    ngx_thread_ws_exporter_schedule(exporter);
}


/* a whole batch goes at the end of this turn, a part of one some time later */

static void
ngx_thread_ws_exporter_schedule(ngx_thread_ws_exporter_t *exporter)
{
    ngx_event_t  *ev;

    ev = &exporter->timer;

    if (exporter->busy || exporter->backoff || exporter->nspans == 0) {
        return;
    }

    if (exporter->nspans >= NGX_THREAD_WS_EXPORTER_BATCH) {

        if (ev->timer_set) {
            ngx_del_timer(ev);
        }

        if (!ev->posted) {
            ngx_post_event(ev, &ngx_posted_events);
        }

        return;
    }

    if (!ev->timer_set && !ev->posted) {
        ngx_add_timer(ev, NGX_THREAD_WS_EXPORTER_DELAY);
    }
}


static void
ngx_thread_ws_exporter_timer_handler(ngx_event_t *ev)
{
    ngx_thread_ws_exporter_t  *exporter = ev->data;

    if (!exporter->busy && exporter->nspans) {
        ngx_thread_ws_exporter_send(exporter);
    }
}


static void
ngx_thread_ws_exporter_send(ngx_thread_ws_exporter_t *exporter)
{
    u_char                    *p;
    size_t                     size;
    ngx_uint_t                 n;
    ngx_queue_t               *q;
    ngx_thread_ws_queued_t    *queued;
    ngx_thread_ws_transfer_t  *transfer;

    transfer = &exporter->transfer;

    size = ngx_thread_ws_otlp_head_size(NGX_THREAD_WS_SERVICE,
                                        NGX_THREAD_WS_VERSION)
           + sizeof(NGX_THREAD_WS_OTLP_TAIL);
    n = 0;

    for (q = ngx_queue_head(&exporter->spans);
         q != ngx_queue_sentinel(&exporter->spans)
         && n < NGX_THREAD_WS_EXPORTER_BATCH;
         q = ngx_queue_next(q))
    {
        queued = ngx_queue_data(q, ngx_thread_ws_queued_t, queue);
        size += queued->len + 1;
        n++;
    }

    transfer->body = ngx_alloc(size, ngx_cycle->log);
    if (transfer->body == NULL) {
        ngx_thread_ws_exporter_retry(exporter);
        return;
    }

    p = ngx_thread_ws_otlp_head(transfer->body, NGX_THREAD_WS_SERVICE,
                                NGX_THREAD_WS_VERSION);
    exporter->sending = n;

    for (q = ngx_queue_head(&exporter->spans); n; q = ngx_queue_next(q)) {
        queued = ngx_queue_data(q, ngx_thread_ws_queued_t, queue);
        p = ngx_cpymem(p, queued->text, queued->len);

        if (--n) {
            *p++ = ',';
        }
    }

    p = ngx_cpymem(p, NGX_THREAD_WS_OTLP_TAIL,
                   sizeof(NGX_THREAD_WS_OTLP_TAIL) - 1);

    transfer->len = p - transfer->body;
    exporter->busy = 1;

    if (ngx_thread_ws_curl_post(transfer) != NGX_OK) {
        transfer->error = "no memory";
        ngx_thread_ws_exporter_handler(transfer);
    }
}


static void
ngx_thread_ws_exporter_handler(ngx_thread_ws_transfer_t *transfer)
{
    ngx_uint_t                 n, rejected;
    ngx_thread_ws_exporter_t  *exporter = transfer->data;

    n = exporter->sending;

    ngx_free(transfer->body);
    transfer->body = NULL;

    exporter->busy = 0;
    exporter->sending = 0;

    switch (transfer->status) {

    case NGX_HTTP_OK:
    case NGX_HTTP_ACCEPTED:
        rejected = ngx_thread_ws_otlp_rejected(transfer->answer,
                                               transfer->answer_len);
        rejected = ngx_min(rejected, n);

        ngx_thread_ws_count(spans_sent, n - rejected);

        ngx_thread_ws_exporter_remove(exporter, n);
        ngx_thread_ws_exporter_drop(exporter, rejected);
        exporter->backoff = 0;
        break;

    case 0:
    case NGX_HTTP_TOO_MANY_REQUESTS:
    case NGX_HTTP_BAD_GATEWAY:
    case NGX_HTTP_SERVICE_UNAVAILABLE:
    case NGX_HTTP_GATEWAY_TIME_OUT:
        ngx_thread_ws_exporter_retry(exporter);
        return;

    default:
        ngx_thread_ws_exporter_remove(exporter, n);
        ngx_thread_ws_exporter_drop(exporter, n);
        exporter->backoff = 0;
        break;
    }

    if (exporter->leaving && exporter->nspans) {
        ngx_thread_ws_exporter_send(exporter);
        return;
    }

    ngx_thread_ws_exporter_schedule(exporter);
}


/* the same spans again, later and later; at exit there is no later */

static void
ngx_thread_ws_exporter_retry(ngx_thread_ws_exporter_t *exporter)
{
    ngx_msec_t  delay;

    ngx_thread_ws_exporter_complain(exporter);

    if (exporter->leaving) {
        return;
    }

    if (exporter->backoff == 0) {
        exporter->backoff = NGX_THREAD_WS_EXPORTER_BACKOFF;

    } else {
        exporter->backoff = ngx_min(2 * exporter->backoff,
                                    NGX_THREAD_WS_EXPORTER_MAX);
    }

    /* workers that lost a collector together come back one by one */

    delay = exporter->backoff - (ngx_msec_t) ngx_random()
                                % (exporter->backoff / 4);

    delay = ngx_max(delay, ngx_min(exporter->transfer.retry_after,
                                   NGX_THREAD_WS_EXPORTER_MAX));

    ngx_add_timer(&exporter->timer, delay);
}


static void
ngx_thread_ws_exporter_remove(ngx_thread_ws_exporter_t *exporter, ngx_uint_t n)
{
    ngx_queue_t             *q;
    ngx_thread_ws_queued_t  *queued;

    exporter->nspans -= n;

    while (n--) {
        q = ngx_queue_head(&exporter->spans);
        queued = ngx_queue_data(q, ngx_thread_ws_queued_t, queue);

        ngx_queue_remove(q);

        exporter->size -= queued->len;

        free(queued->text);
        ngx_free(queued);
    }
}


static void
ngx_thread_ws_exporter_drop(ngx_thread_ws_exporter_t *exporter, ngx_uint_t n)
{
    if (n == 0) {
        return;
    }

    ngx_thread_ws_count(spans_dropped, n);
    exporter->dropped += n;

    ngx_thread_ws_exporter_complain(exporter);
}


/* the url's path or query may hold a secret */

static void
ngx_thread_ws_exporter_complain(ngx_thread_ws_exporter_t *exporter)
{
    ngx_thread_ws_transfer_t  *transfer;

    if (exporter->complained
        && ngx_time() - exporter->complained < NGX_THREAD_WS_EXPORTER_COMPLAIN)
    {
        return;
    }

    transfer = &exporter->transfer;

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "trace collector \"%V:%d\": %s, status %ui, %ui spans wait, "
                  "%ui were dropped",
                  &exporter->target.host, (int) exporter->target.port,
                  transfer->error ? transfer->error : "none answered",
                  transfer->status, exporter->nspans, exporter->dropped);

    exporter->complained = ngx_time();
    exporter->dropped = 0;
}
