
/*
 * A POST: a message, whose run is heard.
 */


#include "twin/ngx_thread_ws_twin_private.h"
#include "base/ngx_thread_ws_headers.h"
#include "base/ngx_thread_ws_random.h"
#include "base/ngx_thread_ws_string.h"
#include "conn/ngx_thread_ws_identity.h"
#include "observe/ngx_thread_ws_observe.h"
#include "thread/ngx_thread_ws_thread.h"
#include "wire/ngx_thread_ws_choice.h"
#include "wire/ngx_thread_ws_command.h"
#include "wire/ngx_thread_ws_post.h"
#include "ws/ngx_thread_ws_utf8.h"


static ngx_uint_t ngx_thread_ws_twin_json(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_twin_read_as(ngx_thread_ws_twin_t *twin,
    ngx_thread_ws_command_t *command, ngx_thread_ws_bytes_t *text);
static ngx_int_t ngx_thread_ws_twin_choice(ngx_thread_ws_twin_t *twin,
    ngx_thread_ws_command_t *command, ngx_thread_ws_choice_t *choice);
static ngx_int_t ngx_thread_ws_twin_thread(ngx_thread_ws_twin_t *twin,
    ngx_str_t *thread_id);
static ngx_int_t ngx_thread_ws_twin_message(ngx_thread_ws_twin_t *twin,
    ngx_thread_ws_command_t *command);
static ngx_int_t ngx_thread_ws_twin_again(ngx_thread_ws_twin_t *twin);


ngx_int_t
ngx_thread_ws_twin_post_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_thread_ws_twin_t      *twin;
    ngx_thread_ws_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_thread_ws_module);

    if (!ngx_thread_ws_twin_json(r)) {
        return ngx_thread_ws_twin_refuse(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                         NGX_THREAD_WS_INVALID_MESSAGE,
                                         "the body must be application/json");
    }

    if (r->headers_in.content_length_n > (off_t) conf->max_message_size) {
        return ngx_thread_ws_twin_too_large(r);
    }

    twin = ngx_thread_ws_twin_create(r, &rc);

    return twin ? ngx_thread_ws_twin_read(twin) : rc;
}


/* what no form of a page can send without asking first, and not compressed */

static ngx_uint_t
ngx_thread_ws_twin_json(ngx_http_request_t *r)
{
    ngx_str_t  type, coding;

    if (ngx_thread_ws_headers_join(&r->headers_in.headers, "Content-Type",
                                   r->pool, &type)
        != NGX_OK
        || !ngx_thread_ws_string_begins_same(&type, "application/json"))
    {
        return 0;
    }

    type.data += sizeof("application/json") - 1;
    type.len -= sizeof("application/json") - 1;

    while (type.len && (*type.data == ' ' || *type.data == '\t')) {
        type.data++;
        type.len--;
    }

    if (type.len && *type.data != ';') {
        return 0;
    }

    return ngx_thread_ws_headers_join(&r->headers_in.headers,
                                      "Content-Encoding", r->pool, &coding)
           != NGX_OK
           || ngx_thread_ws_string_is_same(&coding, "identity");
}


ngx_int_t
ngx_thread_ws_twin_submit(ngx_thread_ws_twin_t *twin)
{
    uint32_t                  state;
    ngx_int_t                 rc;
    ngx_http_request_t       *r;
    ngx_thread_ws_bytes_t     text;
    ngx_thread_ws_command_t   command;

    r = twin->conn.request;

    state = NGX_THREAD_WS_UTF8_COMPLETE;

    if (ngx_thread_ws_utf8_check(&state, twin->body.data, twin->body.len)
        != NGX_OK
        || state != NGX_THREAD_WS_UTF8_COMPLETE)
    {
        return ngx_thread_ws_twin_refuse(r, NGX_HTTP_BAD_REQUEST,
                                         NGX_THREAD_WS_INVALID_JSON,
                                         "the body is not valid UTF-8");
    }

    ngx_memzero(&text, sizeof(ngx_thread_ws_bytes_t));

    rc = ngx_thread_ws_twin_read_as(twin, &command, &text);

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_twin_message(twin, &command);
        ngx_thread_ws_command_free(&command);

    } else if (rc == NGX_DECLINED) {
        rc = ngx_thread_ws_twin_refuse(r, NGX_HTTP_BAD_REQUEST, command.code,
                                       command.reason);
        ngx_thread_ws_command_free(&command);

    } else {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_thread_ws_bytes_free(&text);

    return rc;
}


/* as the client's protocol has it; the command may point into the text */

static ngx_int_t
ngx_thread_ws_twin_read_as(ngx_thread_ws_twin_t *twin,
    ngx_thread_ws_command_t *command, ngx_thread_ws_bytes_t *text)
{
    u_char                 bytes[16];
    ngx_str_t              body, id;
    ngx_thread_ws_wire_t  *wire;

    wire = ngx_thread_ws_twin_wire(twin);

    if (wire->post) {
        *text = twin->body;
        ngx_memzero(&twin->body, sizeof(ngx_thread_ws_bytes_t));

        id.len = 2 * sizeof(bytes);
        id.data = ngx_pnalloc(twin->conn.request->pool, id.len);
        if (id.data == NULL) {
            return NGX_ERROR;
        }

        ngx_thread_ws_random(bytes, sizeof(bytes));
        ngx_hex_dump(id.data, bytes, sizeof(bytes));

        return wire->post(command, text->data, text->len, &id);
    }

    body.data = twin->body.data;
    body.len = twin->body.len;

    if (ngx_thread_ws_post_text(text, &body, &twin->conn.subject.thread_id)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_thread_ws_bytes_free(&twin->body);

    return ngx_thread_ws_command_parse(command, text->data, text->len);
}


/* NGX_DECLINED: the thread is named, and nobody says otherwise */

static ngx_int_t
ngx_thread_ws_twin_thread(ngx_thread_ws_twin_t *twin, ngx_str_t *thread_id)
{
    ngx_str_t             *id;
    ngx_http_request_t    *r;
    ngx_thread_ws_conn_t  *conn;

    conn = &twin->conn;
    r = conn->request;
    id = &conn->subject.thread_id;

    if (id->len == 0 && conn->conf->thread_id == NULL
        && ngx_thread_ws_thread_id_check(thread_id) == NGX_OK
        && ngx_thread_ws_string_dup(r->pool, id, thread_id)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (id->len == 0) {
        return ngx_thread_ws_twin_invalid(r, NGX_THREAD_WS_UNNAMED);
    }

    if (!ngx_thread_ws_string_equal(thread_id, id)) {
        return ngx_thread_ws_twin_invalid(r,
                                          "threadId is not this request's");
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_thread_ws_twin_message(ngx_thread_ws_twin_t *twin,
    ngx_thread_ws_command_t *command)
{
    ngx_int_t            rc;
    ngx_uint_t           cancel;
    ngx_http_request_t  *r;

    r = twin->conn.request;

    if (command->type != NGX_THREAD_WS_COMMAND_MESSAGE) {
        cancel = (command->type == NGX_THREAD_WS_COMMAND_CANCEL);

        return ngx_thread_ws_twin_invalid(r, cancel
                                     ? "a POST is a message: a DELETE cancels"
                                     : "a POST is a message");
    }

    rc = ngx_thread_ws_twin_thread(twin, &command->thread_id);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_thread_ws_string_dup(r->pool, &twin->request_id,
                                 &command->request_id)
        != NGX_OK
        || ngx_thread_ws_twin_join(twin) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    twin->alone = 1;

    rc = ngx_thread_ws_twin_again(twin);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return command->answers.len
           ? ngx_thread_ws_twin_find(twin, command)
           : ngx_thread_ws_twin_ask(twin, command);
}


ngx_int_t
ngx_thread_ws_twin_ask(ngx_thread_ws_twin_t *twin,
    ngx_thread_ws_command_t *command)
{
    ngx_int_t                  rc;
    ngx_uint_t                 code;
    ngx_thread_ws_conn_t      *conn;
    ngx_thread_ws_choice_t     choice;
    ngx_thread_ws_run_args_t   args;

    conn = &twin->conn;

    rc = ngx_thread_ws_twin_choice(twin, command, &choice);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    conn->totals.messages++;

    ngx_thread_ws_conn_args(conn, &conn->subject, command, &choice, &args);

    /* as any request that a worker has taken before it is to leave */

    code = ngx_thread_ws_thread_submit(&conn->follower, &args, 0);

    json_decref(choice.parameters);

    if (code != NGX_THREAD_WS_OK) {
        ngx_thread_ws_observe_rejected(&conn->subject, &twin->request_id,
                                       code);
        return ngx_thread_ws_twin_refused(conn->request, code);
    }

    twin->asker = 1;

    return ngx_thread_ws_twin_open(twin);
}


/* what it says beside its text; NGX_DECLINED: that may be said */

static ngx_int_t
ngx_thread_ws_twin_choice(ngx_thread_ws_twin_t *twin,
    ngx_thread_ws_command_t *command, ngx_thread_ws_choice_t *choice)
{
    ngx_int_t     rc;
    ngx_array_t  *rules;

    ngx_memzero(choice, sizeof(ngx_thread_ws_choice_t));

    choice->metadata = command->metadata;
    rules = twin->conn.conf->client_parameters;

    if (command->parameters == NULL
        || (rules == NULL && ngx_thread_ws_twin_wire(twin)->chats))
    {
        /* or a page's own data, which nobody here has asked for */

        return NGX_DECLINED;
    }

    rc = ngx_thread_ws_parameters_check(rules, command->parameters,
                                        &choice->parameters, command->words);
    if (rc == NGX_OK) {
        return NGX_DECLINED;
    }

    return (rc == NGX_DECLINED)
           ? ngx_thread_ws_twin_invalid(twin->conn.request,
                                        (char *) command->words)
           : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/*
 * Who sends the same POST again and says where it had come to, hears the rest;
 * NGX_DECLINED if it does not, or of a run that is not known (any more).
 */

static ngx_int_t
ngx_thread_ws_twin_again(ngx_thread_ws_twin_t *twin)
{
    size_t                 after;
    ngx_int_t              rc;
    ngx_str_t              id;
    ngx_thread_ws_conn_t  *conn;

    conn = &twin->conn;

    if (ngx_thread_ws_twin_from(twin, &id, &after) != NGX_OK
        || (id.len && !ngx_thread_ws_string_equal(&id, &twin->request_id)))
    {
        return ngx_thread_ws_twin_invalid(conn->request,
                                          NGX_THREAD_WS_TWIN_NOWHERE);
    }

    if (after == 0) {
        return NGX_DECLINED;
    }

    rc = ngx_thread_ws_thread_hear(&conn->follower, &twin->request_id, after);

    switch (rc) {

    case NGX_OK:
        ngx_thread_ws_observe_followed(&conn->subject, &twin->request_id);
        twin->asker = 1;
        return ngx_thread_ws_twin_open(twin);

    case NGX_ABORT:
        return ngx_thread_ws_twin_invalid(conn->request,
                                          NGX_THREAD_WS_TWIN_NOWHERE);

    case NGX_ERROR:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;

    default: /* NGX_DECLINED, NGX_DONE */
        return NGX_DECLINED;
    }
}
