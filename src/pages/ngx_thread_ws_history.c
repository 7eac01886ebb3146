
/*
 * The location of thread_ws_history: one operation of the store for each
 * request, and a JSON document.  Where the agent's server keeps the threads
 * itself, it is asked instead.
 */


#include "ngx_thread_ws.h"
#include "pages/ngx_thread_ws_history.h"
#include "pages/ngx_thread_ws_page.h"
#include "base/ngx_thread_ws_directive.h"
#include "base/ngx_thread_ws_response.h"
#include "conf/ngx_thread_ws_settings.h"
#include "conn/ngx_thread_ws_upgrade.h"
#include "json/ngx_thread_ws_json.h"
#include "conn/ngx_thread_ws_identity.h"
#include "store/ngx_thread_ws_extra.h"
#include "thread/ngx_thread_ws_thread.h"


#define NGX_THREAD_WS_HISTORY_RUNS   100
#define NGX_THREAD_WS_HISTORY_MAX    1000

/* content and answers of one page, unless its newest run alone has more */

#define NGX_THREAD_WS_HISTORY_BYTES  (4 * 1024 * 1024)


typedef struct {
    ngx_http_request_t        *request;
    ngx_thread_ws_store_op_t   op;
    unsigned                   active:1;     /* the op is under way */
} ngx_thread_ws_history_t;


static ngx_int_t ngx_thread_ws_history_handler(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_history_arguments(ngx_http_request_t *r,
    ngx_thread_ws_store_op_t *op);
static void ngx_thread_ws_history_store_handler(ngx_thread_ws_store_op_t *op);
static ngx_int_t ngx_thread_ws_history_done(ngx_thread_ws_history_t *history);
static json_t *ngx_thread_ws_history_messages(ngx_thread_ws_store_op_t *op,
    ngx_uint_t figures, ngx_uint_t answered);
static ngx_int_t ngx_thread_ws_history_figures(json_t *messages,
    ngx_thread_ws_record_t *record);
static json_t *ngx_thread_ws_history_asked(ngx_thread_ws_record_t *record);
static ngx_int_t ngx_thread_ws_history_items(json_t *parts, json_t *asked,
    char *name, char *type);
static json_t *ngx_thread_ws_history_told(ngx_thread_ws_record_t *record);
static ngx_int_t ngx_thread_ws_history_message(json_t *messages, char *role,
    ngx_str_t *content, ngx_thread_ws_record_t *record, uint64_t created,
    json_t *parts);
static void ngx_thread_ws_history_cleanup(void *data);


char *
ngx_thread_ws_history_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    ngx_str_t  *value;

    if (cf->args->nelts > 1) {
        value = cf->args->elts;

        if (value[1].len == 0 || value[1].data[0] != '/') {
            return ngx_thread_ws_directive_refuse(cf,
                               "needs the URI of an internal location, which "
                               "begins with \"/\", not \"%V\"", &value[1]);
        }

        tlcf->history = value[1];
    }

    return ngx_thread_ws_settings_handler(cf, ngx_thread_ws_history_handler);
}


ngx_int_t
ngx_thread_ws_history_check(ngx_conf_t *cf,
    ngx_thread_ws_loc_conf_t *tlcf)
{
    char  *reason;

    if (tlcf->history.len == 0) {

        if (tlcf->handler == ngx_thread_ws_history_handler
            && !tlcf->store->shared)
        {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0, "\"thread_ws_history\" "
                          "will find no thread: \"thread_ws_store\" is neither "
                          "\"memory\" nor PostgreSQL there, in %V:%ui",
                          &tlcf->place.file, tlcf->place.line);
        }

        return NGX_OK;
    }

    if (tlcf->dialect->threads == NULL) {
        reason = "a dialect whose server keeps threads";

    } else if (tlcf->store->shared) {
        reason = "\"thread_ws_store off\"";

    } else {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"thread_ws_history %V\" needs %s in %V:%ui",
                  &tlcf->history, reason, &tlcf->place.file,
                  tlcf->place.line);

    return NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_history_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_cleanup_t        *cln;
    ngx_thread_ws_history_t   *history;
    ngx_thread_ws_store_op_t  *op;
    ngx_thread_ws_loc_conf_t  *conf;

    static ngx_str_t  allowed = ngx_string("GET, HEAD, DELETE");

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_DELETE))) {

        return (ngx_thread_ws_response_add(r, "Allow", &allowed) == NGX_OK)
               ? NGX_HTTP_NOT_ALLOWED : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_thread_ws_module);

    cln = ngx_http_cleanup_add(r, sizeof(ngx_thread_ws_history_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    history = cln->data;
    ngx_memzero(history, sizeof(ngx_thread_ws_history_t));

    cln->handler = ngx_thread_ws_history_cleanup;

    history->request = r;
    op = &history->op;

    rc = ngx_thread_ws_identity(r, conf, &op->thread_id, &op->owner);

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_history_arguments(r, op);
    }

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_HTTP_NOT_FOUND : rc;
    }

    if (conf->history.len) {
        return ngx_thread_ws_history_ask(r, conf, op);
    }

    op->pool = r->pool;
    op->log = r->connection->log;
    op->handler = ngx_thread_ws_history_store_handler;
    op->data = history;

    rc = (r->method == NGX_HTTP_DELETE)
         ? ngx_thread_ws_store_remove(conf->store, op)
         : ngx_thread_ws_store_page(conf->store, op);

    if (rc == NGX_OK) {
        return ngx_thread_ws_history_done(history);
    }

    /* a client that goes takes its request along */

    history->active = 1;

    r->read_event_handler = ngx_http_test_reading;
    r->main->count++;

    return NGX_DONE;
}


/* NGX_OK, or what the handler returns */

static ngx_int_t
ngx_thread_ws_history_arguments(ngx_http_request_t *r,
    ngx_thread_ws_store_op_t *op)
{
    off_t      before;
    ngx_int_t  limit;
    ngx_str_t  value;

    op->limit = NGX_THREAD_WS_HISTORY_RUNS;
    op->bytes = NGX_THREAD_WS_HISTORY_BYTES;

    if (r->method == NGX_HTTP_DELETE) {
        return NGX_OK;
    }

    if (ngx_http_arg(r, (u_char *) "limit", sizeof("limit") - 1, &value)
        == NGX_OK)
    {
        limit = ngx_atoi(value.data, value.len);

        if (limit < 1) {
            return ngx_thread_ws_page_refuse(r, "limit must be a number from "
                                                "1 on\n");
        }

        op->limit = ngx_min(limit, NGX_THREAD_WS_HISTORY_MAX);
    }

    if (ngx_http_arg(r, (u_char *) "replaced", sizeof("replaced") - 1, &value)
        == NGX_OK)
    {
        if (value.len != 1 || (*value.data != '0' && *value.data != '1')) {
            return ngx_thread_ws_page_refuse(r, "replaced must be 0 or 1\n");
        }

        op->replaced = (*value.data == '1');
    }

    if (ngx_http_arg(r, (u_char *) "before", sizeof("before") - 1, &value)
        == NGX_OK)
    {
        before = ngx_atoof(value.data, value.len);

        if (before < 1) {
            return ngx_thread_ws_page_refuse(r, "before must be a message's "
                                                "seq\n");
        }

        op->before = before;
    }

    return (ngx_thread_ws_history_wire(r) == NULL)
           ? ngx_thread_ws_page_refuse(r, "format must be thread-ws, ai-sdk or "
                                          "ag-ui\n")
           : NGX_OK;
}


static void
ngx_thread_ws_history_store_handler(ngx_thread_ws_store_op_t *op)
{
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_thread_ws_history_t  *history;

    history = op->data;
    history->active = 0;

    r = history->request;
    c = r->connection;

    ngx_http_finalize_request(r, ngx_thread_ws_history_done(history));

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_thread_ws_history_done(ngx_thread_ws_history_t *history)
{
    ngx_int_t                  rc;
    ngx_http_request_t        *r;
    ngx_thread_ws_store_op_t  *op;

    r = history->request;
    op = &history->op;

    if (r->method == NGX_HTTP_DELETE
        && (op->status == NGX_OK || op->status == NGX_DECLINED))
    {
        /* a first run is not stored yet, but its thread is deleted */

        ngx_thread_ws_thread_delete(op->store, &op->owner, &op->thread_id,
                                    op->status == NGX_DECLINED);
    }

    rc = (r->method == NGX_HTTP_DELETE) ? NGX_DECLINED
         : ngx_thread_ws_history_active(r, op);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_OK) {
        op->status = NGX_OK;
    }

    switch (op->status) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        return NGX_HTTP_NOT_FOUND;

    default:
        return ngx_thread_ws_page_unavailable(r);
    }

    if (r->method == NGX_HTTP_DELETE) {
        return ngx_thread_ws_page_done(r);
    }

    return ngx_thread_ws_history_send(r, &op->thread_id,
                 ngx_thread_ws_history_messages(op,
                     ngx_thread_ws_history_wire(r)->history != NULL,
                     op->records.nelts - (rc == NGX_OK)));
}


/* with figures, if they are told; so many have an answer.  NULL: no memory */

static json_t *
ngx_thread_ws_history_messages(ngx_thread_ws_store_op_t *op,
    ngx_uint_t figures, ngx_uint_t answered)
{
    json_t                  *messages;
    ngx_uint_t               i;
    ngx_thread_ws_record_t  *record;

    messages = json_array();
    record = op->records.elts;

    for (i = 0; i < op->records.nelts; i++, record++) {

        /* a run is stored at its end; its message came latency before */

        if (ngx_thread_ws_history_message(messages, "user", &record->content,
                                          record,
                                          record->created - record->latency,
                                          ngx_thread_ws_history_asked(record))
            != NGX_OK
            || (i < answered
                && ngx_thread_ws_history_message(messages, "assistant",
                                                 &record->answer, record,
                                                 record->created,
                                            ngx_thread_ws_history_told(record))
                   != NGX_OK)
            || (figures && i < answered
                && ngx_thread_ws_history_figures(messages, record) != NGX_OK))
        {
            json_decref(messages);
            return NULL;
        }
    }

    return messages;
}


/* what the last message's run came to, as other clients' protocols tell it */

static ngx_int_t
ngx_thread_ws_history_figures(json_t *messages,
    ngx_thread_ws_record_t *record)
{
    json_t  *message, *usage;

    message = json_array_get(messages, json_array_size(messages) - 1);

    if (json_object_set_new(message, "latencyMs",
                            json_integer(record->latency)))
    {
        return NGX_ERROR;
    }

    if (record->input_tokens < 0 || record->output_tokens < 0) {
        return NGX_OK;
    }

    usage = json_pack("{s:I, s:I, s:I}",
                      "inputTokens", (json_int_t) record->input_tokens,
                      "outputTokens", (json_int_t) record->output_tokens,
                      "totalTokens", (json_int_t) record->input_tokens
                                     + record->output_tokens);

    return json_object_set_new(message, "usage", usage) ? NGX_ERROR : NGX_OK;
}


/*
 * The parts of a message that has more than a text, an empty list for others;
 * NULL without memory.
 */

static json_t *
ngx_thread_ws_history_asked(ngx_thread_ws_record_t *record)
{
    json_t  *asked, *parts, *content;

    parts = json_array();

    if (record->extra == NULL) {
        return parts;
    }

    asked = ngx_thread_ws_extra_asked(&record->extra->asked, &record->content);
    content = json_object_get(asked, "content");

    if (asked == NULL
        || ngx_thread_ws_history_items(parts, asked, "toolResults",
                                       "tool-result")
           != NGX_OK
        || ngx_thread_ws_history_items(parts, asked, "answers", "answer")
           != NGX_OK
        || (content && json_array_extend(parts, content))
        || (content == NULL && json_array_size(parts) && record->content.len
            && json_array_append_new(parts,
                                     json_pack("{s:s, s:s%}", "type", "text",
                                               "text", record->content.data,
                                               record->content.len))))
    {
        json_decref(parts);
        parts = NULL;
    }

    json_decref(asked);

    return parts;
}


/* adds the items of a member as parts of that type */

static ngx_int_t
ngx_thread_ws_history_items(json_t *parts, json_t *asked, char *name,
    char *type)
{
    size_t   i;
    json_t  *item, *part;

    json_array_foreach(json_object_get(asked, name), i, item) {
        part = json_pack("{s:s}", "type", type);

        if (json_object_update(part, item)) {
            json_decref(part);
            return NGX_ERROR;
        }

        if (json_array_append_new(parts, part)) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static json_t *
ngx_thread_ws_history_told(ngx_thread_ws_record_t *record)
{
    return record->extra ? ngx_thread_ws_extra_parts(&record->extra->told,
                                                     &record->answer)
                         : json_array();
}


static ngx_int_t
ngx_thread_ws_history_message(json_t *messages, char *role,
    ngx_str_t *content, ngx_thread_ws_record_t *record, uint64_t created,
    json_t *parts)
{
    u_char   buf[NGX_THREAD_WS_PAGE_TIME];
    json_t  *message, *extra;

    message = json_pack("{s:s, s:s%, s:s%, s:s, s:I}",
                        "role", role,
                        "content", content->data, content->len,
                        "requestId", record->request_id.data,
                        record->request_id.len,
                        "createdAt", ngx_thread_ws_page_time(buf, created),
                        "seq", (json_int_t) record->seq);

    if (record->extra && record->extra->replaced
        && json_object_set_new(message, "replacedBy",
                               json_integer(record->extra->replaced)))
    {
        json_decref(message);
        return NGX_ERROR;
    }

    if (*role == 'u' && record->extra && record->extra->asked.len) {

        /* the rest of what the message said, by its own names */

        extra = json_loadb((char *) record->extra->asked.data,
                           record->extra->asked.len, JSON_ALLOW_NUL, NULL);

        /* its results, answers and a content of some are parts */

        (void) json_object_del(extra, "toolResults");
        (void) json_object_del(extra, "answers");
        (void) json_object_del(extra, "content");

        (void) json_object_update_missing(message, extra);
        json_decref(extra);
    }

    if (parts == NULL
        || (json_array_size(parts)
            && json_object_set(message, "parts", parts)))
    {
        json_decref(message);
        message = NULL;
    }

    json_decref(parts);

    return json_array_append_new(messages, message) == 0 ? NGX_OK : NGX_ERROR;
}


static void
ngx_thread_ws_history_cleanup(void *data)
{
    ngx_thread_ws_history_t *history = data;

    if (history->active) {
        history->active = 0;
        ngx_thread_ws_store_abandon(&history->op);
    }
}
