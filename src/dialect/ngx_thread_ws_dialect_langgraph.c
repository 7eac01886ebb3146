
/*
 * LangGraph's server: a run streamed on a thread that the server itself keeps,
 * with the mode "messages-tuple".  It has the history and the system prompt;
 * it gets the new message, named by the run's id, so that the message of a run
 * that is tried again replaces the earlier one in the thread.
 *
 * The answer is the text of the graph's AI messages.  A graph may have many,
 * and what comes later is not known when a token must go out, hence the rules:
 *
 *   - a node's execution is heard with one message, its first with text: a
 *     message that it puts together anew after streaming is a repetition;
 *   - of nodes that run side by side, in one step, the first one with text is
 *     heard, and the others are not: mixed up, none could be understood;
 *   - over the steps all are heard, with a blank line in between: what a node
 *     says before it calls a tool belongs to the answer.  A graph hides what
 *     does not by LangGraph's own tag "nostream".
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"
#include "base/ngx_thread_ws_string.h"


typedef struct {
    uint64_t     task;       /* the node's execution */
    uint64_t     parent;     /* the graph that it is a node of */
    uint64_t     message;    /* 0: it has no id */
    ngx_int_t    step;       /* -1: not known */
    ngx_uint_t   chunk;      /* unsigned  chunk:1 */
} ngx_thread_ws_langgraph_source_t;


static json_t *ngx_thread_ws_langgraph_request(ngx_thread_ws_prompt_t *prompt);
static ngx_int_t ngx_thread_ws_langgraph_event(ngx_thread_ws_reply_t *reply,
    ngx_str_t *type, ngx_str_t *data);


ngx_thread_ws_dialect_t  ngx_thread_ws_dialect_langgraph = {
    ngx_string("langgraph"),
    ngx_thread_ws_langgraph_request,
    ngx_thread_ws_langgraph_event,
    ngx_thread_ws_reply_error,
    NULL,
    0,
    &ngx_thread_ws_dialect_langgraph_threads
};


/* The graph's input: the parameters' own, if any, and the new message. */

static json_t *
ngx_thread_ws_langgraph_input(ngx_thread_ws_prompt_t *prompt, json_t *input)
{
    json_t  *messages;

    /* the parameters are not ours to change */

    input = json_is_object(input) ? json_copy(input) : json_object();
    messages = json_array();

    if (ngx_thread_ws_prompt_message(messages, "user", &prompt->content)
        || (prompt->request_id.len
            && ngx_thread_ws_prompt_default(json_array_get(messages, 0), "id",
                                            (char *) prompt->request_id.data,
                                            prompt->request_id.len)))
    {
        json_decref(messages);
        json_decref(input);
        return NULL;
    }

    if (json_object_set_new(input, "messages", messages)) {
        json_decref(input);
        return NULL;
    }

    return input;
}


/*
 * What the server does with a run of the thread that is still active.  With
 * the policy queue there is none on this connection, but there may be one of
 * another.
 */

static const char *
ngx_thread_ws_langgraph_strategy(ngx_str_t *busy)
{
    if (ngx_thread_ws_string_is(busy, "queue")) {
        return "enqueue";
    }

    if (ngx_thread_ws_string_is(busy, "reject")) {
        return "reject";
    }

    return "interrupt";
}


static json_t *
ngx_thread_ws_langgraph_request(ngx_thread_ws_prompt_t *prompt)
{
    json_t      *root;
    const char  *strategy;

    strategy = ngx_thread_ws_langgraph_strategy(&prompt->busy);
    root = ngx_thread_ws_prompt_root(prompt, "assistant_id");

    if (ngx_thread_ws_prompt_default(root, "assistant_id", "agent", 5)
        || json_object_set_new(root, "input",
                 ngx_thread_ws_langgraph_input(prompt,
                                             json_object_get(root, "input")))
        || json_object_set_new(root, "stream_mode",
                               json_pack("[s]", "messages-tuple"))
        || ngx_thread_ws_prompt_default(root, "on_disconnect", "cancel", 6)
        || ngx_thread_ws_prompt_default(root, "multitask_strategy", strategy,
                                        ngx_strlen(strategy))
        || ngx_thread_ws_prompt_default(root, "if_not_exists", "create", 6))
    {
        json_decref(root);
        return NULL;
    }

    return root;
}


/* FNV-1a, for names that the server makes up itself */

static uint64_t
ngx_thread_ws_langgraph_hash(const char *p, size_t len)
{
    uint64_t  hash;

    hash = 0xcbf29ce484222325ULL;

    while (len--) {
        hash = (hash ^ (u_char) *p++) * 0x100000001b3ULL;
    }

    return hash;
}


static void
ngx_thread_ws_langgraph_source(ngx_thread_ws_langgraph_source_t *source,
    json_t *message, json_t *metadata)
{
    size_t       len, parent;
    json_t      *id, *ns, *step;
    const char  *name;

    ngx_memzero(source, sizeof(ngx_thread_ws_langgraph_source_t));

    id = json_object_get(message, "id");

    if (json_string_length(id)) {
        source->message = ngx_thread_ws_langgraph_hash(json_string_value(id),
                                                       json_string_length(id));
    }

    ns = json_object_get(metadata, "langgraph_checkpoint_ns");

    if (!json_is_string(ns)) {
        ns = json_object_get(metadata, "checkpoint_ns");
    }

    step = json_object_get(metadata, "langgraph_step");

    if (json_is_string(ns) && json_is_integer(step)) {

        /* "node:id", after "node:id|" of the graphs around it */

        name = json_string_value(ns);
        len = json_string_length(ns);

        for (parent = len; parent && name[parent - 1] != '|'; parent--) {
            /* void */
        }

        source->task = ngx_thread_ws_langgraph_hash(name, len);
        source->parent = ngx_thread_ws_langgraph_hash(name, parent);
        source->step = (ngx_int_t) json_integer_value(step);

    } else {
        source->task = source->message;
        source->step = -1;
    }

    /* some servers call chunks "ai", too, but whole messages lack this */

    source->chunk = ngx_thread_ws_json_is(json_object_get(message, "type"),
                                          "AIMessageChunk")
                    || json_object_get(message, "tool_call_chunks") != NULL;
}


/*
 * By the rules above: NGX_OK if the message's text goes on, NGX_DONE if it
 * begins, NGX_DECLINED if it is not heard.
 */

static ngx_int_t
ngx_thread_ws_langgraph_hear(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_langgraph_source_t *source)
{
    if (!reply->heard) {
        return NGX_DONE;
    }

    if (source->task == reply->task) {

        if (source->message != reply->message) {
            return NGX_DECLINED;
        }

        return (source->chunk && reply->chunks) ? NGX_OK : NGX_DECLINED;
    }

    /* the same message, repeated by another node */

    if (source->message && source->message == reply->message) {
        return NGX_DECLINED;
    }

    if (source->step != -1 && source->step == reply->step
        && source->parent == reply->parent)
    {
        return NGX_DECLINED;
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_thread_ws_langgraph_text(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_langgraph_source_t *source, json_t *content)
{
    size_t      before;
    ngx_int_t   rc;
    ngx_uint_t  begins;

    rc = ngx_thread_ws_langgraph_hear(reply, source);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    begins = (rc == NGX_DONE);

    if (begins && reply->heard
        && ngx_thread_ws_reply_text(reply, NGX_THREAD_WS_LANGGRAPH_BREAK,
                                sizeof(NGX_THREAD_WS_LANGGRAPH_BREAK) - 1)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    before = reply->delta.len;

    rc = ngx_thread_ws_reply_content(reply, content);

    if (rc != NGX_OK) {
        return rc;
    }

    if (begins && reply->delta.len == before) {

        /* nothing said: it does not begin yet */

        ngx_thread_ws_reply_next(reply);

    } else if (begins) {
        reply->heard = 1;
        reply->chunks = source->chunk;
        reply->task = source->task;
        reply->parent = source->parent;
        reply->message = source->message;
        reply->step = source->step;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_thread_ws_langgraph_hidden(json_t *tags)
{
    size_t   i;
    json_t  *tag;

    json_array_foreach(tags, i, tag) {

        if (ngx_thread_ws_json_is(tag, "nostream")
            || ngx_thread_ws_json_is(tag, "langsmith:nostream"))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * The counts of a message's chunks add up, as LangChain adds them, and so do
 * those of messages.  A whole message that is not heard repeats its chunks'.
 */

static void
ngx_thread_ws_langgraph_usage(ngx_thread_ws_reply_t *reply, json_t *message)
{
    ngx_int_t  input, output;

    input = reply->input_tokens;
    output = reply->output_tokens;

    reply->input_tokens = 0;
    reply->output_tokens = 0;

    ngx_thread_ws_reply_usage(reply, json_object_get(message, "usage_metadata"),
                              "input_tokens", "output_tokens");

    reply->input_tokens = ngx_min(input, NGX_MAX_INT32_VALUE
                                         - reply->input_tokens)
                          + reply->input_tokens;
    reply->output_tokens = ngx_min(output, NGX_MAX_INT32_VALUE
                                           - reply->output_tokens)
                           + reply->output_tokens;
}


static void
ngx_thread_ws_langgraph_finish(ngx_thread_ws_reply_t *reply, json_t *message)
{
    json_t  *metadata, *reason;

    metadata = json_object_get(message, "response_metadata");
    reason = json_object_get(metadata, "finish_reason");

    if (!json_is_string(reason)) {
        reason = json_object_get(metadata, "stop_reason");
    }

    ngx_thread_ws_reply_finish(reply, (u_char *) json_string_value(reason),
                               json_string_length(reason));
}


/* A pair of a message, or a chunk of one, and what is known of its origin. */

static ngx_int_t
ngx_thread_ws_langgraph_read(ngx_thread_ws_reply_t *reply, json_t *root)
{
    json_t                            *message, *metadata, *type;
    ngx_int_t                          rc;
    ngx_thread_ws_langgraph_source_t   source;

    message = json_array_get(root, 0);
    metadata = json_array_get(root, 1);

    if (!json_is_object(message)) {
        return NGX_DECLINED;
    }

    type = json_object_get(message, "type");

    if ((!ngx_thread_ws_json_is(type, "AIMessageChunk")
         && !ngx_thread_ws_json_is(type, "ai"))
        || ngx_thread_ws_langgraph_hidden(json_object_get(metadata, "tags")))
    {
        return NGX_OK;
    }

    ngx_thread_ws_langgraph_source(&source, message, metadata);

    rc = ngx_thread_ws_langgraph_text(reply, &source,
                                      json_object_get(message, "content"));

    if (rc != NGX_OK) {
        return rc;
    }

    if (source.chunk || reply->delta.len) {
        ngx_thread_ws_langgraph_usage(reply, message);
        ngx_thread_ws_langgraph_finish(reply, message);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_langgraph_event(ngx_thread_ws_reply_t *reply, ngx_str_t *type,
    ngx_str_t *data)
{
    json_t     *root;
    ngx_int_t   rc;

    ngx_thread_ws_reply_next(reply);

    if (reply->done) {
        return NGX_OK;
    }

    if (ngx_thread_ws_string_is(type, "error")) {
        return ngx_thread_ws_reply_abort_data(reply, data);
    }

    if (ngx_thread_ws_string_is(type, "end")) {
        reply->done = 1;
        return NGX_OK;
    }

    /* with "|" and a subgraph after it, if the parameters ask for those */

    if (!ngx_thread_ws_string_begins(type, "messages")
        || (type->len > 8 && type->data[8] != '|'))
    {
        return NGX_OK;
    }

    rc = ngx_thread_ws_reply_load(&root, data);

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_langgraph_read(reply, root);
        json_decref(root);
    }

    return rc;
}
