
/*
 * The demo agent.  It answers any prompt word by word, and says how many
 * messages it was shown, so that one sees what the history does.
 */


#include "pages/ngx_thread_ws_demo.h"
#include "base/ngx_thread_ws_directive.h"
#include "conf/ngx_thread_ws_settings.h"
#include "json/ngx_thread_ws_json.h"


#define NGX_THREAD_WS_DEMO_DELAY  20      /* ms */


typedef struct {
    ngx_http_request_t  *request;
    ngx_event_t          timer;
    ngx_str_t            text;
    size_t               pos;
    ngx_uint_t           words;
    ngx_uint_t           prompt_words;
    ngx_msec_t           delay;
    unsigned             done:1;
} ngx_thread_ws_demo_t;


static ngx_int_t ngx_thread_ws_demo_handler(ngx_http_request_t *r);
static void ngx_thread_ws_demo_body(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_demo_answer(ngx_http_request_t *r,
    ngx_thread_ws_demo_t *demo);
static json_t *ngx_thread_ws_demo_prompt(ngx_http_request_t *r);
static void ngx_thread_ws_demo_cleanup(void *data);
static ngx_thread_ws_demo_t *ngx_thread_ws_demo_get(ngx_http_request_t *r);
static void ngx_thread_ws_demo_timer_handler(ngx_event_t *ev);
static void ngx_thread_ws_demo_writer(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_demo_send(ngx_http_request_t *r,
    ngx_thread_ws_demo_t *demo);
static size_t ngx_thread_ws_demo_word(ngx_thread_ws_demo_t *demo);
static u_char *ngx_thread_ws_demo_end(u_char *p, ngx_thread_ws_demo_t *demo);


#define NGX_THREAD_WS_DEMO_HEAD                                               \
    "data: {\"id\":\"demo\",\"object\":\"chat.completion.chunk\","            \
    "\"model\":\"demo\",\"choices\":[{\"index\":0,\"delta\":"

#define NGX_THREAD_WS_DEMO_TAIL  "\"},\"finish_reason\":null}]}\n\n"

#define NGX_THREAD_WS_DEMO_END_SIZE  512


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

    rc = ngx_thread_ws_demo_answer(r, demo);
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


/* the whole answer; it is sent word by word */

static ngx_int_t
ngx_thread_ws_demo_answer(ngx_http_request_t *r, ngx_thread_ws_demo_t *demo)
{
    u_char      *p;
    size_t       i, n;
    json_t      *root, *messages, *last;
    const char  *content;

    static char  answer[] = "This is the demo agent inside nginx. It was shown "
        "%uz %s of this thread. You wrote:\n\n> %*s\n\nSet "
        "`OPENAI_BASE_URL` to talk to a real model.";

    root = ngx_thread_ws_demo_prompt(r);

    messages = json_object_get(root, "messages");
    n = json_array_size(messages);
    last = json_object_get(json_array_get(messages, n - 1), "content");
    content = json_string_value(last);

    if (content == NULL) {
        json_decref(root);
        return NGX_HTTP_BAD_REQUEST;
    }

    i = json_string_length(last);

    p = ngx_pnalloc(r->pool, sizeof(answer) + NGX_SIZE_T_LEN + i
                             + sizeof("messages"));
    if (p == NULL) {
        json_decref(root);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    demo->text.data = p;
    demo->text.len = ngx_sprintf(p, answer, n,
                                 (n == 1) ? "message" : "messages", i, content)
                     - p;
    demo->prompt_words = n;

    json_decref(root);

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


/* one word, or all of them where there is no delay; and the end */

static ngx_int_t
ngx_thread_ws_demo_send(ngx_http_request_t *r, ngx_thread_ws_demo_t *demo)
{
    u_char       *p;
    size_t        n, size, words;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    n = ngx_thread_ws_demo_word(demo);
    words = demo->delay ? 1 : demo->text.len - demo->pos;

    size = words * (sizeof(NGX_THREAD_WS_DEMO_HEAD "{\"content\":\"")
                    + sizeof(NGX_THREAD_WS_DEMO_TAIL))
           + 6 * (demo->delay ? n : demo->text.len)
           + NGX_THREAD_WS_DEMO_END_SIZE;

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NGX_ERROR;
    }

    p = b->pos;

    while (n) {
        p = ngx_cpymem(p, NGX_THREAD_WS_DEMO_HEAD "{\"content\":\"",
                       sizeof(NGX_THREAD_WS_DEMO_HEAD "{\"content\":\"") - 1);
        p = ngx_thread_ws_json_escape(p, demo->text.data + demo->pos, n);
        p = ngx_cpymem(p, NGX_THREAD_WS_DEMO_TAIL,
                       sizeof(NGX_THREAD_WS_DEMO_TAIL) - 1);

        demo->pos += n;
        demo->words++;

        if (demo->delay) {
            break;
        }

        n = ngx_thread_ws_demo_word(demo);
    }

    if (demo->pos == demo->text.len) {
        p = ngx_thread_ws_demo_end(p, demo);
        demo->done = 1;
        b->last_buf = 1;
    }

    b->last = p;
    b->flush = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* a word and the blanks after it */

static size_t
ngx_thread_ws_demo_word(ngx_thread_ws_demo_t *demo)
{
    u_char  *p, *last;

    p = demo->text.data + demo->pos;
    last = demo->text.data + demo->text.len;

    while (p < last && *p != ' ' && *p != '\n') {
        p++;
    }

    while (p < last && (*p == ' ' || *p == '\n')) {
        p++;
    }

    return p - (demo->text.data + demo->pos);
}


static u_char *
ngx_thread_ws_demo_end(u_char *p, ngx_thread_ws_demo_t *demo)
{
    return ngx_sprintf(p, NGX_THREAD_WS_DEMO_HEAD
                       "{},\"finish_reason\":\"stop\"}]}\n\n"
                       "data: {\"id\":\"demo\","
                       "\"object\":\"chat.completion.chunk\","
                       "\"model\":\"demo\",\"choices\":[],\"usage\":"
                       "{\"prompt_tokens\":%ui,\"completion_tokens\":%ui,"
                       "\"total_tokens\":%ui}}\n\n"
                       "data: [DONE]\n\n",
                       demo->prompt_words, demo->words,
                       demo->prompt_words + demo->words);
}
