
/*
 * The demo agent.  It answers any prompt word by word, as OpenAI's API streams
 * its chunks.
 */


#include "pages/ngx_thread_ws_demo.h"
#include "pages/ngx_thread_ws_demo_private.h"
#include "base/ngx_thread_ws_directive.h"
#include "conf/ngx_thread_ws_settings.h"
#include "json/ngx_thread_ws_json.h"


#define NGX_THREAD_WS_DEMO_DELAY  20      /* ms */


typedef struct {
    ngx_http_request_t           *request;
    ngx_event_t                   timer;
    ngx_thread_ws_demo_answer_t   answer;
    ngx_uint_t                    part;      /* of the answer, that is said */
    size_t                        pos;       /* in its text */
    ngx_uint_t                    words;
    ngx_uint_t                    thoughts;  /* of the words */
    ngx_uint_t                    tools;
    ngx_msec_t                    delay;
    unsigned                      done:1;
} ngx_thread_ws_demo_t;


static ngx_int_t ngx_thread_ws_demo_handler(ngx_http_request_t *r);
static void ngx_thread_ws_demo_body(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_demo_read(ngx_http_request_t *r,
    ngx_thread_ws_demo_t *demo);
static json_t *ngx_thread_ws_demo_prompt(ngx_http_request_t *r);
static void ngx_thread_ws_demo_cleanup(void *data);
static ngx_thread_ws_demo_t *ngx_thread_ws_demo_get(ngx_http_request_t *r);
static void ngx_thread_ws_demo_timer_handler(ngx_event_t *ev);
static void ngx_thread_ws_demo_writer(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_demo_send(ngx_http_request_t *r,
    ngx_thread_ws_demo_t *demo);
static u_char *ngx_thread_ws_demo_delta(u_char *p, ngx_thread_ws_demo_t *demo,
    size_t n);
static size_t ngx_thread_ws_demo_word(ngx_thread_ws_demo_t *demo);
static u_char *ngx_thread_ws_demo_end(u_char *p, ngx_thread_ws_demo_t *demo);


#define NGX_THREAD_WS_DEMO_HEAD                                               \
    "data: {\"id\":\"demo\",\"object\":\"chat.completion.chunk\","            \
    "\"model\":\"demo\",\"choices\":[{\"index\":0,\"delta\":"

#define NGX_THREAD_WS_DEMO_TAIL  "},\"finish_reason\":null}]}\n\n"

/* what a delta takes besides its word, with a tool's name before it */

#define NGX_THREAD_WS_DEMO_DELTA_SIZE  512

#define NGX_THREAD_WS_DEMO_END_SIZE    512

/* where there is no delay, so much goes out at once */

#define NGX_THREAD_WS_DEMO_BUFFER      16384


char *
ngx_thread_ws_demo_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    ngx_str_t  *value;

    if (tlcf->demo_delay != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    tlcf->demo_delay = NGX_THREAD_WS_DEMO_DELAY;

    value = cf->args->elts;

    if (cf->args->nelts == 2) {

        if (ngx_thread_ws_directive_time(&value[1], "delay=",
                                         &tlcf->demo_delay)
            != NGX_OK)
        {
            return ngx_thread_ws_directive_invalid(cf, &value[1]);
        }
    }

    return ngx_thread_ws_settings_handler(cf, ngx_thread_ws_demo_handler);
}


static ngx_int_t
ngx_thread_ws_demo_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (r->method != NGX_HTTP_POST) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r, ngx_thread_ws_demo_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_thread_ws_demo_body(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_cleanup_t        *cln;
    ngx_thread_ws_demo_t      *demo;
    ngx_thread_ws_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_thread_ws_module);

    demo = ngx_pcalloc(r->pool, sizeof(ngx_thread_ws_demo_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (demo == NULL || cln == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    cln->handler = ngx_thread_ws_demo_cleanup;
    cln->data = demo;

    demo->request = r;
    demo->delay = conf->demo_delay;
    demo->timer.handler = ngx_thread_ws_demo_timer_handler;
    demo->timer.data = demo;
    demo->timer.log = r->connection->log;

    rc = ngx_thread_ws_demo_read(r, demo);
    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_set(&r->headers_out.content_type, "text/event-stream");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    r->write_event_handler = ngx_thread_ws_demo_writer;

    ngx_thread_ws_demo_writer(r);
}


/* what is to be said to this; or a status */

static ngx_int_t
ngx_thread_ws_demo_read(ngx_http_request_t *r, ngx_thread_ws_demo_t *demo)
{
    json_t     *root;
    ngx_int_t   rc;

    root = ngx_thread_ws_demo_prompt(r);

    rc = ngx_thread_ws_demo_answer(r->pool, root, &demo->answer);

    json_decref(root);

    if (rc == NGX_DECLINED) {
        return NGX_HTTP_BAD_REQUEST;
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    demo->delay *= demo->answer.pace;

    return NGX_OK;
}


static json_t *
ngx_thread_ws_demo_prompt(ngx_http_request_t *r)
{
    off_t         size;
    u_char       *buf, *p;
    size_t        len;
    ssize_t       n;
    json_t       *root;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (r->request_body == NULL || r->request_body->bufs == NULL) {
        return NULL;
    }

    size = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    buf = ngx_alloc(size, r->connection->log);
    if (buf == NULL) {
        return NULL;
    }

    p = buf;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;
        len = ngx_buf_size(b);

        if (len == 0) {
            continue;
        }

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, len);
            continue;
        }

        n = ngx_read_file(b->file, p, len, b->file_pos);

        if (n != (ssize_t) len) {
            break;
        }

        p += n;
    }

    root = json_loadb((char *) buf, p - buf, 0, NULL);

    ngx_free(buf);

    return root;
}


static void
ngx_thread_ws_demo_cleanup(void *data)
{
    ngx_thread_ws_demo_t  *demo = data;

    if (demo->timer.timer_set) {
        ngx_del_timer(&demo->timer);
    }
}


/* by its clean-up: the module's context of a request is a connection */

static ngx_thread_ws_demo_t *
ngx_thread_ws_demo_get(ngx_http_request_t *r)
{
    ngx_http_cleanup_t  *cln;

    for (cln = r->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_thread_ws_demo_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


static void
ngx_thread_ws_demo_timer_handler(ngx_event_t *ev)
{
    ngx_connection_t      *c;
    ngx_http_request_t    *r;
    ngx_thread_ws_demo_t  *demo;

    demo = ev->data;
    r = demo->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_thread_ws_demo_writer(r);

    ngx_http_run_posted_requests(c);
}


static void
ngx_thread_ws_demo_writer(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_event_t               *wev;
    ngx_connection_t          *c;
    ngx_thread_ws_demo_t      *demo;
    ngx_http_core_loc_conf_t  *clcf;

    c = r->connection;
    wev = c->write;

    demo = ngx_thread_ws_demo_get(r);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (wev->timedout) {
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    for ( ;; ) {

        if (r->buffered || c->buffered) {
            rc = ngx_http_output_filter(r, NULL);

        } else if (demo->timer.timer_set) {
            return;

        } else if (demo->done) {
            ngx_http_finalize_request(r, NGX_OK);
            return;

        } else {
            rc = ngx_thread_ws_demo_send(r, demo);
        }

        if (rc == NGX_ERROR) {
            ngx_http_finalize_request(r, rc);
            return;
        }

        if (r->buffered || c->buffered) {
            ngx_add_timer(wev, clcf->send_timeout);

            if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
                ngx_http_finalize_request(r, NGX_ERROR);
            }

            return;
        }

        if (wev->timer_set) {
            ngx_del_timer(wev);
        }

        if (!demo->done && demo->delay) {
            ngx_add_timer(&demo->timer, demo->delay);
            return;
        }
    }
}


/* one word, or many of them where there is no delay; and the end */

static ngx_int_t
ngx_thread_ws_demo_send(ngx_http_request_t *r, ngx_thread_ws_demo_t *demo)
{
    size_t        n, size;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    n = ngx_thread_ws_demo_word(demo);
    size = NGX_THREAD_WS_DEMO_DELTA_SIZE + 6 * n + NGX_THREAD_WS_DEMO_END_SIZE;

    if (demo->delay == 0 && size < NGX_THREAD_WS_DEMO_BUFFER) {
        size = NGX_THREAD_WS_DEMO_BUFFER;
    }

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NGX_ERROR;
    }

    while (n && NGX_THREAD_WS_DEMO_DELTA_SIZE + 6 * n
                + NGX_THREAD_WS_DEMO_END_SIZE <= (size_t) (b->end - b->last))
    {
        b->last = ngx_thread_ws_demo_delta(b->last, demo, n);
        n = ngx_thread_ws_demo_word(demo);

        if (demo->delay) {
            break;
        }
    }

    if (n == 0) {
        b->last = ngx_thread_ws_demo_end(b->last, demo);
        demo->done = 1;
        b->last_buf = 1;
    }

    b->flush = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* the next n bytes of the answer */

static u_char *
ngx_thread_ws_demo_delta(u_char *p, ngx_thread_ws_demo_t *demo, size_t n)
{
    char                       *open, *close;
    ngx_thread_ws_demo_part_t  *part;

    part = &demo->answer.parts[demo->part];
    open = "{\"content\":\"";
    close = "\"";

    if (part->kind == NGX_THREAD_WS_DEMO_REASONING) {
        open = "{\"reasoning_content\":\"";
        demo->thoughts++;

    } else if (part->kind == NGX_THREAD_WS_DEMO_TOOL) {

        if (demo->pos == 0) {
            p = ngx_sprintf(p, NGX_THREAD_WS_DEMO_HEAD
                            "{\"tool_calls\":[{\"index\":%ui,"
                            "\"id\":\"call_%ui_%ui\",\"type\":\"function\","
                            "\"function\":{\"name\":\"%s\","
                            "\"arguments\":\"\"}}]" NGX_THREAD_WS_DEMO_TAIL,
                            demo->tools, demo->answer.messages, demo->tools,
                            part->tool);
        }

        open = NULL;
        close = "\"}}]";
    }

    if (open) {
        p = ngx_sprintf(p, NGX_THREAD_WS_DEMO_HEAD "%s", open);

    } else {
        p = ngx_sprintf(p, NGX_THREAD_WS_DEMO_HEAD "{\"tool_calls\":["
                        "{\"index\":%ui,\"function\":{\"arguments\":\"",
                        demo->tools);
    }

    p = ngx_thread_ws_json_escape(p, part->text.data + demo->pos, n);
    p = ngx_sprintf(p, "%s" NGX_THREAD_WS_DEMO_TAIL, close);

    demo->pos += n;
    demo->words++;

    if (demo->pos == part->text.len) {
        demo->tools += (part->kind == NGX_THREAD_WS_DEMO_TOOL);
        demo->part++;
        demo->pos = 0;
    }

    return p;
}


/* a word and the blanks after it; 0 at the end */

static size_t
ngx_thread_ws_demo_word(ngx_thread_ws_demo_t *demo)
{
    u_char     *p, *start, *last;
    ngx_str_t  *text;

    if (demo->part == demo->answer.n
        || (demo->answer.limit && demo->words == demo->answer.limit))
    {
        return 0;
    }

    text = &demo->answer.parts[demo->part].text;

    start = text->data + demo->pos;
    last = text->data + text->len;

    for (p = start; p < last && *p != ' ' && *p != LF; p++) { /* void */ }

    while (p < last && (*p == ' ' || *p == LF)) {
        p++;
    }

    return p - start;
}


static u_char *
ngx_thread_ws_demo_end(u_char *p, ngx_thread_ws_demo_t *demo)
{
    return ngx_sprintf(p, NGX_THREAD_WS_DEMO_HEAD
                       "{},\"finish_reason\":\"%s\"}]}\n\n"
                       "data: {\"id\":\"demo\","
                       "\"object\":\"chat.completion.chunk\","
                       "\"model\":\"demo\",\"choices\":[],\"usage\":"
                       "{\"prompt_tokens\":%ui,\"completion_tokens\":%ui,"
                       "\"total_tokens\":%ui,\"completion_tokens_details\":"
                       "{\"reasoning_tokens\":%ui}}}\n\n"
                       "data: [DONE]\n\n",
                       (demo->part == demo->answer.n) ? "stop" : "length",
                       demo->answer.messages, demo->words,
                       demo->answer.messages + demo->words, demo->thoughts);
}
