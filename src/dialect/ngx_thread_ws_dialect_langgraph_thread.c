
/*
 * A thread's state, as LangGraph's server keeps it, as the history that people
 * read: a user's message and the answer to it for each run.  What tools and
 * systems say is left out, and an answer's parts are one text, as in the
 * stream; what the graph waits for are parts of the last one.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"
#include "dialect/ngx_thread_ws_langgraph_interrupt.h"
#include "dialect/ngx_thread_ws_voices.h"


typedef struct {
    json_t       *messages;
    json_t       *request_id;    /* of the run; borrowed, NULL: none */
    json_int_t    seq;           /* of the run, 0 before the first */

    char         *text;          /* malloc'ed: the answer so far */
    size_t        len;
    size_t        size;
    ngx_uint_t    said;          /* unsigned  said:1 */
} ngx_thread_ws_langgraph_thread_t;


static ngx_int_t ngx_thread_ws_langgraph_messages(json_t **messages,
    ngx_str_t *body);


ngx_thread_ws_dialect_threads_t  ngx_thread_ws_dialect_langgraph_threads = {
    ngx_string("/threads/"),
    ngx_string("/state"),
    ngx_string("/history?limit=10"),
    ngx_string("&before="),
    ngx_thread_ws_langgraph_messages,
    ngx_thread_ws_langgraph_before,
    ngx_thread_ws_langgraph_back
};


static ngx_int_t
ngx_thread_ws_langgraph_add(ngx_thread_ws_langgraph_thread_t *thread,
    const char *text, size_t len)
{
    char    *p;
    size_t   size;

    if (thread->len + len > thread->size) {
        size = ngx_max(thread->len + len, 2 * thread->size);

        p = realloc(thread->text, size);
        if (p == NULL) {
            return NGX_ERROR;
        }

        thread->text = p;
        thread->size = size;
    }

    if (len) {
        ngx_memcpy(thread->text + thread->len, text, len);
        thread->len += len;
    }

    return NGX_OK;
}


/* Adds a content's text: a string's, or that of the parts which have any. */

static ngx_int_t
ngx_thread_ws_langgraph_add_content(ngx_thread_ws_langgraph_thread_t *thread,
    json_t *content)
{
    size_t   i;
    json_t  *part, *text;

    if (json_is_string(content)) {
        return ngx_thread_ws_langgraph_add(thread, json_string_value(content),
                                           json_string_length(content));
    }

    json_array_foreach(content, i, part) {

        text = part;

        if (json_is_object(part)) {

            if (!ngx_thread_ws_json_is(json_object_get(part, "type"), "text")) {
                continue;
            }

            text = json_object_get(part, "text");
        }

        if (json_is_string(text)
            && ngx_thread_ws_langgraph_add(thread, json_string_value(text),
                                           json_string_length(text))
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_langgraph_write(ngx_thread_ws_langgraph_thread_t *thread,
    const char *role)
{
    json_t     *message;
    ngx_str_t   content;

    content.data = (u_char *) thread->text;
    content.len = thread->len;

    thread->len = 0;

    if (ngx_thread_ws_prompt_message(thread->messages, role, &content)) {
        return NGX_ERROR;
    }

    message = json_array_get(thread->messages,
                             json_array_size(thread->messages) - 1);

    if (thread->request_id
        && json_object_set(message, "requestId", thread->request_id))
    {
        return NGX_ERROR;
    }

    return json_object_set_new(message, "seq", json_integer(thread->seq)) == 0
           ? NGX_OK : NGX_ERROR;
}


/* What was said since the user's last message is one answer. */

static ngx_int_t
ngx_thread_ws_langgraph_close(ngx_thread_ws_langgraph_thread_t *thread)
{
    if (!thread->said) {
        return NGX_OK;
    }

    thread->said = 0;

    return ngx_thread_ws_langgraph_write(thread, "assistant");
}


static ngx_int_t
ngx_thread_ws_langgraph_open(ngx_thread_ws_langgraph_thread_t *thread,
    json_t *message)
{
    json_t  *id;

    if (ngx_thread_ws_langgraph_close(thread) != NGX_OK) {
        return NGX_ERROR;
    }

    id = json_object_get(message, "id");

    thread->request_id = json_is_string(id) ? id : NULL;
    thread->seq++;

    if (ngx_thread_ws_langgraph_add_content(thread,
                                        json_object_get(message, "content"))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_langgraph_write(thread, "user");
}


static ngx_int_t
ngx_thread_ws_langgraph_answer(ngx_thread_ws_langgraph_thread_t *thread,
    json_t *message)
{
    size_t  before, begun;

    before = thread->len;

    if (thread->said
        && ngx_thread_ws_langgraph_add(thread, NGX_THREAD_WS_VOICES_BREAK,
                                      sizeof(NGX_THREAD_WS_VOICES_BREAK) - 1)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    begun = thread->len;

    if (ngx_thread_ws_langgraph_add_content(thread,
                                        json_object_get(message, "content"))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (thread->len == begun) {
        thread->len = before;
        return NGX_OK;
    }

    thread->said = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_langgraph_read_thread(ngx_thread_ws_langgraph_thread_t *thread,
    json_t *all)
{
    size_t      i;
    json_t     *message, *type;
    ngx_int_t   rc;

    json_array_foreach(all, i, message) {

        type = json_object_get(message, "type");
        rc = NGX_OK;

        if (ngx_thread_ws_json_is(type, "human")) {
            rc = ngx_thread_ws_langgraph_open(thread, message);

        } else if (ngx_thread_ws_json_is(type, "ai")) {
            rc = ngx_thread_ws_langgraph_answer(thread, message);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_thread_ws_langgraph_close(thread);
}


/* the questions that are open are the last answer's, if there is none alone */

static ngx_int_t
ngx_thread_ws_langgraph_waits(ngx_thread_ws_langgraph_thread_t *thread,
    json_t *state)
{
    size_t      i;
    json_t     *open, *message, *parts, *text, *part;
    ngx_int_t   rc;

    open = ngx_thread_ws_langgraph_interrupts(state);

    if (json_array_size(open) == 0 || thread->seq == 0) {
        rc = open ? NGX_OK : NGX_ERROR;
        json_decref(open);

        return rc;
    }

    message = json_array_get(thread->messages,
                             json_array_size(thread->messages) - 1);
    rc = NGX_OK;

    if (!ngx_thread_ws_json_is(json_object_get(message, "role"),
                               "assistant"))
    {
        rc = ngx_thread_ws_langgraph_write(thread, "assistant");
        message = json_array_get(thread->messages,
                                 json_array_size(thread->messages) - 1);
    }

    parts = json_array();
    text = json_object_get(message, "content");

    if (json_string_length(text)
        && json_array_append_new(parts, json_pack("{s:s, s:O}", "type", "text",
                                                  "text", text)))
    {
        rc = NGX_ERROR;
    }

    json_array_foreach(open, i, part) {

        if (json_object_set_new(part, "type", json_string("interrupt"))
            || json_array_append(parts, part))
        {
            rc = NGX_ERROR;
        }
    }

    if (json_object_set_new(message, "parts", parts)) {
        rc = NGX_ERROR;
    }

    json_decref(open);

    return rc;
}


static ngx_int_t
ngx_thread_ws_langgraph_messages(json_t **messages, ngx_str_t *body)
{
    json_t                            *root, *values, *all;
    ngx_int_t                          rc;
    ngx_thread_ws_langgraph_thread_t   thread;

    rc = ngx_thread_ws_reply_load(&root, body);

    if (rc != NGX_OK) {
        return rc;
    }

    values = json_object_get(root, "values");
    all = json_object_get(values, "messages");

    /* a thread that has had no run yet has none */

    if ((values && !json_is_object(values) && !json_is_array(values)
         && !json_is_null(values))
        || (all && !json_is_array(all)) || !json_is_object(root))
    {
        json_decref(root);
        return NGX_DECLINED;
    }

    ngx_memzero(&thread, sizeof(ngx_thread_ws_langgraph_thread_t));

    thread.messages = json_array();

    rc = (thread.messages == NULL)
         ? NGX_ERROR : ngx_thread_ws_langgraph_read_thread(&thread, all);

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_langgraph_waits(&thread, root);
    }

    free(thread.text);
    json_decref(root);

    if (rc != NGX_OK) {
        json_decref(thread.messages);
        return rc;
    }

    *messages = thread.messages;

    return NGX_OK;
}
