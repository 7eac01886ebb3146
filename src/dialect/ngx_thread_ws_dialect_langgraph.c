
/*
 * LangGraph's server: a run streamed on a thread that the server itself keeps,
 * with the mode "messages-tuple".  It has the history and the system prompt;
 * it gets the new message, named by the run's id, so that the message of a run
 * that is tried again replaces the earlier one in the thread.
 *
 * The answer is the text of the graph's AI messages, with a blank line
 * between two of them: what a node says before it calls a tool belongs to the
 * answer.  Messages are told apart by their ids and by who speaks; of nodes
 * that run side by side one is heard to its end, then the others
 * (ngx_thread_ws_voices.h).  A message that a node puts together anew after
 * streaming is a repetition.  A graph hides what is not meant for people by
 * LangGraph's own tag "nostream".
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_dialect.h"
#include "dialect/ngx_thread_ws_langgraph_interrupt.h"
#include "dialect/ngx_thread_ws_langgraph_parts.h"
#include "dialect/ngx_thread_ws_parts.h"
#include "dialect/ngx_thread_ws_prompt_calls.h"
#include "dialect/ngx_thread_ws_prompt_parts.h"
#include "dialect/ngx_thread_ws_voices.h"


static json_t *ngx_thread_ws_langgraph_request(ngx_thread_ws_prompt_t *prompt);
static json_t *ngx_thread_ws_langgraph_part(json_t *part, char **why);
static ngx_int_t ngx_thread_ws_langgraph_event(ngx_thread_ws_reply_t *reply,
    ngx_str_t *type, ngx_str_t *data);


static void ngx_thread_ws_langgraph_blame(ngx_thread_ws_reply_t *reply,
    json_t *error);


static const char  *ngx_thread_ws_langgraph_events[] = {
    "messages", "error", NULL
};


ngx_thread_ws_dialect_t  ngx_thread_ws_dialect_langgraph = {
    ngx_string("langgraph"),
    ngx_thread_ws_langgraph_request,
    ngx_thread_ws_langgraph_part,
    ngx_thread_ws_langgraph_event,
    ngx_thread_ws_langgraph_events,
    ngx_thread_ws_langgraph_blame,
    NULL,
    0,
    1,
    0,
    1,
    &ngx_thread_ws_dialect_langgraph_threads,
    NULL
};


/* The graph's input: the parameters' own, if any, and the new message. */

static json_t *
ngx_thread_ws_langgraph_input(ngx_thread_ws_prompt_t *prompt, json_t *input)
{
    json_t     *messages;
    ngx_str_t   before;

    /* the parameters are not ours to change */

    input = json_is_object(input) ? json_copy(input) : json_object();
    messages = json_array();

    ngx_str_null(&before);

    if (json_array_append_new(messages,
               json_pack("{s:s, s:o}", "role", "user", "content",
                         ngx_thread_ws_prompt_said(ngx_thread_ws_langgraph_part,
                                                   prompt->asked,
                                                   &prompt->content, &before)))
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
 * Images as nearly all models' classes of LangChain's know them, the rest as
 * its own blocks.
 */

static json_t *
ngx_thread_ws_langgraph_part(json_t *part, char **why)
{
    json_t      *block, *name;
    ngx_str_t    type, data;
    ngx_uint_t   inside;

    if (ngx_thread_ws_prompt_is(part, "text")) {
        return json_incref(part);
    }

    if (ngx_thread_ws_prompt_is(part, "image")) {
        return json_pack("{s:s, s:{s:O}}", "type", "image_url", "image_url",
                         "url", json_object_get(part, "url"));
    }

    inside = ngx_thread_ws_prompt_data(part, &type, &data);
    name = json_object_get(part, "filename");

    block = json_pack("{s:O, s:s, s:s%}", "type", json_object_get(part, "type"),
                      "source_type", inside ? "base64" : "url",
                      inside ? "data" : "url", data.data, data.len);

    if ((type.len
         && json_object_set_new(block, "mime_type",
                                json_stringn_nocheck((char *) type.data,
                                                     type.len)))
        || (name
            && json_object_set_new(block, "metadata",
                                   json_pack("{s:O}", "filename", name))))
    {
        json_decref(block);
        return NULL;
    }

    return block;
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


/* interrupts stand among the updates */

static json_t *
ngx_thread_ws_langgraph_modes(ngx_uint_t want)
{
    return (want & NGX_THREAD_WS_WANT_DATA)
           ? json_pack("[sss]", "messages-tuple", "custom", "updates")
           : json_pack("[ss]", "messages-tuple", "updates");
}


static json_t *
ngx_thread_ws_langgraph_request(ngx_thread_ws_prompt_t *prompt)
{
    json_t      *root, *answers;
    const char  *strategy;

    strategy = ngx_thread_ws_langgraph_strategy(&prompt->busy);
    root = ngx_thread_ws_prompt_root(prompt, "assistant_id");
    answers = json_object_get(prompt->asked, "answers");

    if (ngx_thread_ws_prompt_default(root, "assistant_id", "agent", 5)
        || (answers
            ? ngx_thread_ws_langgraph_resume(root, answers)
            : json_object_set_new(root, "input",
                 ngx_thread_ws_langgraph_input(prompt,
                                             json_object_get(root, "input"))))
        || json_object_set_new(root, "stream_mode",
                               ngx_thread_ws_langgraph_modes(prompt->want))
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


/* How a model's message ended, NULL if it has not. */

static json_t *
ngx_thread_ws_langgraph_reason(json_t *message)
{
    json_t  *metadata, *reason;

    metadata = json_object_get(message, "response_metadata");
    reason = json_object_get(metadata, "finish_reason");

    if (!json_is_string(reason)) {
        reason = json_object_get(metadata, "stop_reason");
    }

    return json_string_length(reason) ? reason : NULL;
}


static void
ngx_thread_ws_langgraph_source(ngx_thread_ws_source_t *source,
    json_t *message, json_t *metadata)
{
    json_t  *id, *ns, *step, *reason;

    ngx_memzero(source, sizeof(ngx_thread_ws_source_t));

    id = json_object_get(message, "id");

    ngx_thread_ws_parts_string(&source->id, id);
    ngx_thread_ws_parts_string(&source->node,
                               json_object_get(metadata, "langgraph_node"));

    if (json_string_length(id)) {
        source->message = ngx_thread_ws_voices_hash(0, json_string_value(id),
                                                    json_string_length(id));
    }

    ns = json_object_get(metadata, "langgraph_checkpoint_ns");

    if (!json_is_string(ns)) {
        ns = json_object_get(metadata, "checkpoint_ns");
    }

    if (json_is_string(ns)) {
        ngx_thread_ws_voices_path(source, json_string_value(ns),
                                  json_string_length(ns));
    }

    step = json_object_get(metadata, "langgraph_step");
    source->step = json_is_integer(step)
                   ? (ngx_int_t) json_integer_value(step) : -1;

    /* some servers call chunks "ai", too, but whole messages lack this */

    source->chunk = ngx_thread_ws_json_is(json_object_get(message, "type"),
                                          "AIMessageChunk")
                    || json_object_get(message, "tool_call_chunks") != NULL;

    /* after a call its node speaks again, and nobody else in its place */

    reason = ngx_thread_ws_langgraph_reason(message);

    source->reason = (reason != NULL);
    source->last = !source->chunk
                   || (reason && !ngx_thread_ws_json_is(reason, "tool_calls")
                       && !ngx_thread_ws_json_is(reason, "tool_use"));
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


static void
ngx_thread_ws_langgraph_add(ngx_int_t *sum, ngx_int_t before)
{
    *sum = ngx_min(before, NGX_MAX_INT32_VALUE - *sum) + *sum;
}


/*
 * The counts of a message's chunks add up, as LangChain adds them, and so do
 * those of messages.
 */

static void
ngx_thread_ws_langgraph_usage(ngx_thread_ws_reply_t *reply, json_t *message)
{
    json_t     *usage;
    ngx_int_t   input, output, cached, reasoning;

    usage = json_object_get(message, "usage_metadata");

    input = reply->input_tokens;
    output = reply->output_tokens;
    cached = reply->cached_tokens;
    reasoning = reply->reasoning_tokens;

    reply->input_tokens = 0;
    reply->output_tokens = 0;
    reply->cached_tokens = 0;
    reply->reasoning_tokens = 0;

    ngx_thread_ws_reply_usage(reply, usage, "input_tokens", "output_tokens");
    ngx_thread_ws_reply_detail(reply,
                               json_object_get(usage, "input_token_details"),
                               "cache_read", NULL);
    ngx_thread_ws_reply_detail(reply,
                               json_object_get(usage, "output_token_details"),
                               NULL, "reasoning");

    ngx_thread_ws_langgraph_add(&reply->input_tokens, input);
    ngx_thread_ws_langgraph_add(&reply->output_tokens, output);
    ngx_thread_ws_langgraph_add(&reply->cached_tokens, cached);
    ngx_thread_ws_langgraph_add(&reply->reasoning_tokens, reasoning);
}


/* An AI message, or a chunk of one. */

static ngx_int_t
ngx_thread_ws_langgraph_message(ngx_thread_ws_reply_t *reply, json_t *message,
    ngx_thread_ws_source_t *source)
{
    json_t     *reason;
    ngx_int_t   rc;

    if (json_array_size(json_object_get(message, "tool_calls"))
        || json_array_size(json_object_get(message, "tool_call_chunks")))
    {
        reply->tools = 1;
        source->calls = 1;
    }

    rc = reply->want
         ? ngx_thread_ws_langgraph_parts(reply, message, source)
         : ngx_thread_ws_voices_hear(reply, source,
                                     json_object_get(message, "content"));

    if (rc != NGX_OK || reply->idle) {
        return rc;
    }

    ngx_thread_ws_langgraph_usage(reply, message);

    reason = ngx_thread_ws_langgraph_reason(message);

    ngx_thread_ws_reply_finish(reply, (u_char *) json_string_value(reason),
                               json_string_length(reason));

    return NGX_OK;
}


/* A pair of a message, or a chunk of one, and what is known of its origin. */

static ngx_int_t
ngx_thread_ws_langgraph_read(ngx_thread_ws_reply_t *reply, json_t *root)
{
    json_t                  *message, *metadata, *type;
    ngx_thread_ws_source_t   source;

    message = json_array_get(root, 0);
    metadata = json_array_get(root, 1);

    if (!json_is_object(message)) {
        return NGX_DECLINED;
    }

    type = json_object_get(message, "type");

    if (ngx_thread_ws_json_is(type, "constructor")) {

        /* LangChain's way to write an object: its class, and what made it */

        type = json_object_get(message, "id");
        type = json_array_get(type, json_array_size(type) - 1);
        message = json_object_get(message, "kwargs");
    }

    ngx_thread_ws_langgraph_source(&source, message, metadata);

    if (ngx_thread_ws_voices_step(reply, &source) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_thread_ws_json_is(type, "AIMessageChunk")) {
        source.chunk = 1;

    } else if ((reply->want & NGX_THREAD_WS_WANT_TOOLS)
               && (ngx_thread_ws_json_is(type, "tool")
                   || ngx_thread_ws_json_is(type, "ToolMessage")))
    {
        return ngx_thread_ws_langgraph_hidden(json_object_get(metadata,
                                                              "tags"))
               ? NGX_OK : ngx_thread_ws_langgraph_result(reply, message);

    } else if (!ngx_thread_ws_json_is(type, "ai")
               && !ngx_thread_ws_json_is(type, "AIMessage"))
    {
        reply->idle = 1;
        return NGX_OK;
    }

    if (ngx_thread_ws_langgraph_hidden(json_object_get(metadata, "tags"))) {
        reply->idle = 1;
        return NGX_OK;
    }

    return ngx_thread_ws_langgraph_message(reply, message, &source);
}


/*
 * Another run has the thread: the server refuses this one, or ended it by what
 * its own strategies are called.
 */

static void
ngx_thread_ws_langgraph_blame(ngx_thread_ws_reply_t *reply, json_t *error)
{
    char         **part;
    ngx_uint_t     is;

    static char  *words[] = {
        "already running a task", "user interrupted", "user rolled back", NULL
    };

    is = ngx_thread_ws_string_is_same(&reply->error, "interrupt")
         || ngx_thread_ws_string_is_same(&reply->error, "rollback")
         || ngx_thread_ws_json_is(json_object_get(error, "error"),
                                  "UserInterrupt")
         || ngx_thread_ws_json_is(json_object_get(error, "error"),
                                  "UserRollback");

    for (part = words; *part; part++) {
        is |= ngx_strlcasestrn(reply->error.data,
                               reply->error.data + reply->error.len,
                               (u_char *) *part, ngx_strlen(*part) - 1)
              != NULL;
    }

    if (is) {
        reply->blame = NGX_THREAD_WS_BLAME_THREAD;
        reply->retryable = 1;
        reply->quotable = 0;
    }
}


static ngx_int_t
ngx_thread_ws_langgraph_abort(ngx_thread_ws_reply_t *reply, ngx_str_t *data)
{
    json_t     *root;
    ngx_int_t   rc;

    if (ngx_thread_ws_reply_load(&root, data) != NGX_OK) {
        root = NULL;
    }

    rc = ngx_thread_ws_reply_abort_data(reply, data);

    if (rc == NGX_ABORT) {
        ngx_thread_ws_langgraph_blame(reply, root);
    }

    json_decref(root);

    return rc;
}


static ngx_int_t
ngx_thread_ws_langgraph_event(ngx_thread_ws_reply_t *reply, ngx_str_t *type,
    ngx_str_t *data)
{
    json_t     *root;
    ngx_int_t   rc;

    if (ngx_thread_ws_string_is(type, "error")) {
        return ngx_thread_ws_langgraph_abort(reply, data);
    }

    if (ngx_thread_ws_string_is(type, "end")) {
        reply->done = 1;
        return NGX_OK;
    }

    if (type->len == 0) {

        /* JSON in place of a stream: an error is all that it can be */

        reply->idle = 1;
        rc = ngx_thread_ws_reply_load(&root, data);

        if (rc != NGX_OK) {
            return (rc == NGX_DECLINED) ? NGX_OK : rc;
        }

        rc = ngx_thread_ws_reply_failed(root) ? NGX_ABORT : NGX_OK;
        json_decref(root);

        return (rc == NGX_ABORT) ? ngx_thread_ws_langgraph_abort(reply, data)
                                 : NGX_OK;
    }

    rc = ngx_thread_ws_langgraph_interrupt(reply, type, data);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (reply->want & NGX_THREAD_WS_WANT_DATA) {
        rc = ngx_thread_ws_langgraph_data(reply, type, data);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    /* with "|" and a subgraph after it, if the parameters ask for those */

    if (!ngx_thread_ws_string_begins(type, "messages")
        || (type->len > 8 && type->data[8] != '|'))
    {
        reply->idle = 1;
        return NGX_OK;
    }

    return ngx_thread_ws_reply_each(reply, data, ngx_thread_ws_langgraph_read);
}
