
/*
 * The wire "ag-ui": a thread's history as messages of its protocol, by the ids
 * that its client heard them by, and what the last answer asked.
 */


#include "wire/ngx_thread_ws_wire_ag_ui.h"
#include "wire/ngx_thread_ws_wire_history.h"
#include "wire/ngx_thread_ws_wire_read.h"


typedef struct {
    json_t       *messages;      /* so far */
    json_t       *asks;          /* what is open, or NULL */
    json_t       *run;           /* the plain message that is written */
    json_t       *text;          /* its last text's message; borrowed, NULL:
                                    there was none */
    ngx_uint_t    ids;           /* of the run's messages so far */
} ngx_thread_ws_ag_ui_history_t;


static ngx_int_t ngx_thread_ws_ag_ui_history_asked(
    ngx_thread_ws_ag_ui_history_t *h);
static json_t *ngx_thread_ws_ag_ui_history_content(json_t *parts);
static json_t *ngx_thread_ws_ag_ui_history_file(json_t *part);
static ngx_int_t ngx_thread_ws_ag_ui_history_told(
    ngx_thread_ws_ag_ui_history_t *h);
static ngx_int_t ngx_thread_ws_ag_ui_history_part(
    ngx_thread_ws_ag_ui_history_t *h, json_t *part);
static ngx_int_t ngx_thread_ws_ag_ui_history_text(
    ngx_thread_ws_ag_ui_history_t *h, json_t *text);
static ngx_int_t ngx_thread_ws_ag_ui_history_call(
    ngx_thread_ws_ag_ui_history_t *h, json_t *part);
static ngx_int_t ngx_thread_ws_ag_ui_history_result(
    ngx_thread_ws_ag_ui_history_t *h, json_t *id, json_t *part);
static json_t *ngx_thread_ws_ag_ui_history_string(json_t *value);
static json_t *ngx_thread_ws_ag_ui_history_next(
    ngx_thread_ws_ag_ui_history_t *h);
static ngx_int_t ngx_thread_ws_ag_ui_history_add(
    ngx_thread_ws_ag_ui_history_t *h, const char *role, json_t *id,
    const char *name, json_t *value);


json_t *
ngx_thread_ws_ag_ui_history(json_t *messages, ngx_uint_t newest)
{
    size_t                          i;
    json_t                         *document, *id;
    ngx_int_t                       rc;
    ngx_thread_ws_ag_ui_history_t   h;

    ngx_memzero(&h, sizeof(ngx_thread_ws_ag_ui_history_t));

    h.messages = json_array();
    document = NULL;
    rc = NGX_OK;

    json_array_foreach(messages, i, h.run) {

        rc = ngx_thread_ws_wire_is(h.run, "role", "user")
             ? ngx_thread_ws_ag_ui_history_asked(&h)
             : ngx_thread_ws_ag_ui_history_told(&h);

        if (rc != NGX_OK) {
            break;
        }
    }

    if (rc == NGX_OK && h.asks && newest) {
        id = ngx_thread_ws_wire_history_run(json_array_get(messages, i - 1),
                                            "");

        document = json_pack("{s:O, s:o}", "messages", h.messages,
                             "interrupts",
                             ngx_thread_ws_ag_ui_asks(h.asks, id));
        json_decref(id);

    } else if (rc == NGX_OK) {
        document = json_pack("{s:O}", "messages", h.messages);
    }

    json_decref(h.messages);
    json_decref(h.asks);

    return document;
}


/* answers to questions stand in no message */

static ngx_int_t
ngx_thread_ws_ag_ui_history_asked(ngx_thread_ws_ag_ui_history_t *h)
{
    size_t      i;
    json_t     *asked, *part, *parts, *id, *result;
    ngx_int_t   rc;

    json_decref(h->asks);
    h->asks = NULL;

    asked = ngx_thread_ws_wire_history_parts(h->run);
    id = ngx_thread_ws_wire_history_id(h->run);
    parts = json_array();
    result = NULL;

    rc = (asked && id && parts) ? NGX_OK : NGX_ERROR;

    json_array_foreach(asked, i, part) {

        if (ngx_thread_ws_wire_is(part, "type", "tool-result")) {

            /* of several the last one had the message's id */

            if (result && ngx_thread_ws_ag_ui_history_result(h, NULL, result)
                          != NGX_OK)
            {
                rc = NGX_ERROR;
                break;
            }

            result = part;

        } else if (!ngx_thread_ws_wire_is(part, "type", "answer")
                   && json_array_append(parts, part))
        {
            rc = NGX_ERROR;
            break;
        }
    }

    if (rc == NGX_OK && result) {
        rc = ngx_thread_ws_ag_ui_history_result(h,
                              json_array_size(parts) ? NULL : json_incref(id),
                              result);
    }

    if (rc == NGX_OK && json_array_size(parts)) {
        rc = ngx_thread_ws_ag_ui_history_add(h, "user", json_incref(id),
                              "content",
                              ngx_thread_ws_ag_ui_history_content(parts));
    }

    json_decref(asked);
    json_decref(parts);
    json_decref(id);

    return rc;
}


/* a text alone is one */

static json_t *
ngx_thread_ws_ag_ui_history_content(json_t *parts)
{
    size_t   i;
    json_t  *part, *content;

    part = json_array_get(parts, 0);

    if (json_array_size(parts) == 1
        && ngx_thread_ws_wire_is(part, "type", "text"))
    {
        return json_incref(json_object_get(part, "text"));
    }

    content = json_array();

    json_array_foreach(parts, i, part) {

        part = ngx_thread_ws_wire_is(part, "type", "text")
               ? json_incref(part) : ngx_thread_ws_ag_ui_history_file(part);

        if (json_array_append_new(content, part)) {
            json_decref(content);
            return NULL;
        }
    }

    return content;
}


/* the bytes of a data: URL stand alone */

static json_t *
ngx_thread_ws_ag_ui_history_file(json_t *part)
{
    json_t      *source, *name;
    const char  *url, *data, *type;

    url = json_string_value(json_object_get(part, "url"));
    name = json_object_get(part, "filename");
    type = json_string_value(json_object_get(part, "type"));

    data = (url && ngx_strncmp(url, "data:", 5) == 0) ? strchr(url, ',') : NULL;

    source = json_pack("{s:s, s:s, s:o*}", "type", data ? "data" : "url",
                       "value", data ? data + 1 : url, "mimeType",
                       data ? ngx_thread_ws_wire_history_media(part)
                       : json_incref(json_object_get(part, "mediaType")));

    if (type && ngx_strcmp(type, "file") == 0) {
        type = "document";
    }

    part = json_pack("{s:s, s:o}", "type", type, "source", source);

    if (part && name
        && json_object_set_new(part, "metadata",
                               json_pack("{s:O}", "filename", name)))
    {
        json_decref(part);
        return NULL;
    }

    return part;
}


static ngx_int_t
ngx_thread_ws_ag_ui_history_told(ngx_thread_ws_ag_ui_history_t *h)
{
    size_t      i;
    json_t     *told, *part;
    ngx_int_t   rc;

    h->text = NULL;
    h->ids = 0;

    told = ngx_thread_ws_wire_history_parts(h->run);
    rc = told ? NGX_OK : NGX_ERROR;

    json_array_foreach(told, i, part) {
        rc = ngx_thread_ws_ag_ui_history_part(h, part);

        if (rc != NGX_OK) {
            break;
        }
    }

    json_decref(told);

    return rc;
}


static ngx_int_t
ngx_thread_ws_ag_ui_history_part(ngx_thread_ws_ag_ui_history_t *h,
    json_t *part)
{
    json_t  *text;

    text = json_object_get(part, "text");

    if (ngx_thread_ws_wire_is(part, "type", "text")) {
        return json_string_length(text)
               ? ngx_thread_ws_ag_ui_history_text(h, text) : NGX_OK;
    }

    if (ngx_thread_ws_wire_is(part, "type", "reasoning")) {
        return json_string_length(text)
               ? ngx_thread_ws_ag_ui_history_add(h, "reasoning",
                                        ngx_thread_ws_ag_ui_history_next(h),
                                        "content", json_incref(text))
               : NGX_OK;
    }

    if (ngx_thread_ws_wire_is(part, "type", "tool-call")) {
        return ngx_thread_ws_ag_ui_history_call(h, part);
    }

    if (ngx_thread_ws_wire_is(part, "type", "tool-result")) {
        return ngx_thread_ws_ag_ui_history_result(h,
                               ngx_thread_ws_ag_ui_history_next(h), part);
    }

    if (ngx_thread_ws_wire_is(part, "type", "interrupt")) {

        if (h->asks == NULL) {
            h->asks = json_array();
        }

        return json_array_append(h->asks, part) ? NGX_ERROR : NGX_OK;
    }

    /* a source, of which no message tells */

    return NGX_OK;
}


/* the first text has the run's id */

static ngx_int_t
ngx_thread_ws_ag_ui_history_text(ngx_thread_ws_ag_ui_history_t *h,
    json_t *text)
{
    json_t  *id;

    if (h->text) {
        id = ngx_thread_ws_ag_ui_history_next(h);

    } else {
        h->ids = ngx_max(h->ids, 1);
        id = ngx_thread_ws_wire_history_run(h->run, "");
    }

    if (ngx_thread_ws_ag_ui_history_add(h, "assistant", id, "content",
                                        json_incref(text))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    h->text = json_array_get(h->messages, json_array_size(h->messages) - 1);

    return NGX_OK;
}


/* of the last text's message, or else of one of its own */

static ngx_int_t
ngx_thread_ws_ag_ui_history_call(ngx_thread_ws_ag_ui_history_t *h,
    json_t *part)
{
    json_t  *id, *call, *calls, *input;

    id = json_object_get(part, "toolCallId");
    input = json_object_get(part, "input");

    call = json_pack("{s:O, s:s, s:{s:O, s:o}}", "id", id,
                     "type", "function", "function",
                     "name", json_object_get(part, "name"), "arguments",
                     input ? ngx_thread_ws_ag_ui_history_string(input)
                           : json_string("{}"));

    if (h->text == NULL) {
        return ngx_thread_ws_ag_ui_history_add(h, "assistant", json_incref(id),
                                               "toolCalls",
                                               json_pack("[o]", call));
    }

    calls = json_object_get(h->text, "toolCalls");

    if (calls) {
        return json_array_append_new(calls, call) ? NGX_ERROR : NGX_OK;
    }

    return json_object_set_new(h->text, "toolCalls", json_pack("[o]", call))
           ? NGX_ERROR : NGX_OK;
}


/* takes the id; NULL: one of its call */

static ngx_int_t
ngx_thread_ws_ag_ui_history_result(ngx_thread_ws_ag_ui_history_t *h,
    json_t *id, json_t *part)
{
    json_t  *call, *message, *error, *content;

    call = json_object_get(part, "toolCallId");
    error = json_object_get(part, "error");

    content = ngx_thread_ws_ag_ui_history_string(json_object_get(part,
                                                                 "output"));

    if (id == NULL) {
        id = json_sprintf("tool-%s", json_string_value(call));
    }

    if (ngx_thread_ws_ag_ui_history_add(h, "tool", id, "content", content)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    message = json_array_get(h->messages, json_array_size(h->messages) - 1);

    if (error && !json_is_string(error)) {

        /* the agent's own, whose words are its output */

        error = json_object_get(message, "content");
    }

    return (json_object_set(message, "toolCallId", call) == 0
            && (error == NULL || json_object_set(message, "error", error) == 0))
           ? NGX_OK : NGX_ERROR;
}


/* another value as JSON writes it; new */

static json_t *
ngx_thread_ws_ag_ui_history_string(json_t *value)
{
    char    *text;
    json_t  *string;

    if (json_is_string(value)) {
        return json_incref(value);
    }

    text = json_dumps(value, JSON_COMPACT|JSON_ENCODE_ANY);
    string = text ? json_string_nocheck(text) : NULL;

    free(text);

    return string;
}


/* the id of the run's next message, whose first is kept for a text */

static json_t *
ngx_thread_ws_ag_ui_history_next(ngx_thread_ws_ag_ui_history_t *h)
{
    char  after[sizeof(":") + NGX_INT64_LEN];

    h->ids = ngx_max(h->ids, 1) + 1;

    *ngx_sprintf((u_char *) after, ":%ui", h->ids) = '\0';

    return ngx_thread_ws_wire_history_run(h->run, after);
}


/* takes id and value */

static ngx_int_t
ngx_thread_ws_ag_ui_history_add(ngx_thread_ws_ag_ui_history_t *h,
    const char *role, json_t *id, const char *name, json_t *value)
{
    json_t  *message;

    message = json_pack("{s:o, s:s, s:o, s:o}", "id", id, "role", role,
                        name, value, "metadata",
                        ngx_thread_ws_wire_history_metadata(h->run));

    return json_array_append_new(h->messages, message) ? NGX_ERROR : NGX_OK;
}
