
/*
 * The chat completions API of OpenAI, as many servers speak it.
 *
 * An answer is some hundred chunks of some hundred bytes, of which a word is
 * of interest.  A scan finds it in one pass over the bytes, without memory,
 * and vouches for the chunk being JSON.  What it does not know for sure goes
 * to jansson, whose reading is the one that counts: both say the same of every
 * chunk.
 *
 * Only the choice with index 0 counts (without an index, the first).  Its text
 * is delta.content, a string or a list of text parts.  Reasoning, refusals and
 * tool calls are no tokens.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json_scan.h"


/* bytes of an envelope, and how often one may change before it is given up */

#define NGX_THREAD_WS_OPENAI_ENVELOPE  2048
#define NGX_THREAD_WS_OPENAI_MISSES    16

/* deeper values are unusual, and jansson's */

#define NGX_THREAD_WS_OPENAI_DEPTH    8

#define NGX_THREAD_WS_OPENAI_CHOICES  0x01
#define NGX_THREAD_WS_OPENAI_USAGE    0x02
#define NGX_THREAD_WS_OPENAI_ERROR    0x04
#define NGX_THREAD_WS_OPENAI_INDEX    0x08
#define NGX_THREAD_WS_OPENAI_DELTA    0x10
#define NGX_THREAD_WS_OPENAI_FINISH   0x20
#define NGX_THREAD_WS_OPENAI_CONTENT  0x40


typedef struct {
    u_char      *last;
    ngx_str_t    content;
    size_t       size;       /* of the content, unescaped */
    ngx_str_t    finish;
    ngx_uint_t   index;
    ngx_uint_t   seen;       /* names, each of which may come once */
} ngx_thread_ws_openai_scan_t;


typedef u_char *(*ngx_thread_ws_openai_member_pt)(
    ngx_thread_ws_openai_scan_t *scan, ngx_str_t *name, u_char *p);


static json_t *ngx_thread_ws_openai_request(ngx_thread_ws_prompt_t *prompt);
static ngx_int_t ngx_thread_ws_openai_event(ngx_thread_ws_reply_t *reply,
    ngx_str_t *type, ngx_str_t *data);


static void ngx_thread_ws_openai_remember(ngx_thread_ws_reply_t *reply,
    ngx_str_t *data);


ngx_thread_ws_dialect_t  ngx_thread_ws_dialect_openai = {
    ngx_string("openai"),
    ngx_thread_ws_openai_request,
    ngx_thread_ws_openai_event,
    ngx_thread_ws_reply_error,
    NULL,
    1,
    NULL
};


static json_t *
ngx_thread_ws_openai_messages(ngx_thread_ws_prompt_t *prompt)
{
    json_t      *messages;
    ngx_uint_t   i;

    messages = json_array();

    if (prompt->system_prompt.len
        && ngx_thread_ws_prompt_message(messages, "system",
                                        &prompt->system_prompt))
    {
        goto failed;
    }

    for (i = 0; i < prompt->nhistory; i++) {

        if (ngx_thread_ws_prompt_message(messages, "user",
                                         &prompt->history[i].content)
            || ngx_thread_ws_prompt_message(messages, "assistant",
                                            &prompt->history[i].answer))
        {
            goto failed;
        }
    }

    if (ngx_thread_ws_prompt_message(messages, "user", &prompt->content)) {
        goto failed;
    }

    return messages;

failed:

    json_decref(messages);

    return NULL;
}


/*
 * Parameters win over the usage that is asked for, too: a null leaves it out,
 * for servers that do not know stream_options; an object is added to.
 */

static int
ngx_thread_ws_openai_options(json_t *root)
{
    json_t  *options;

    options = json_object_get(root, "stream_options");

    if (json_is_null(options)) {
        return json_object_del(root, "stream_options");
    }

    /* the parameters are not ours to change */

    options = json_is_object(options) ? json_copy(options) : json_object();

    if (options && json_object_get(options, "include_usage") == NULL
        && json_object_set_new(options, "include_usage", json_true()))
    {
        json_decref(options);
        return -1;
    }

    return json_object_set_new(root, "stream_options", options);
}


static json_t *
ngx_thread_ws_openai_request(ngx_thread_ws_prompt_t *prompt)
{
    json_t  *root;

    root = ngx_thread_ws_prompt_root(prompt, "model");

    if (json_object_set_new(root, "messages",
                            ngx_thread_ws_openai_messages(prompt))
        || json_object_set_new(root, "stream", json_true())
        || ngx_thread_ws_openai_options(root))
    {
        json_decref(root);
        return NULL;
    }

    return root;
}


static ngx_inline ngx_uint_t
ngx_thread_ws_openai_name(ngx_str_t *name, const char *text, size_t len)
{
    return name->len == len && ngx_memcmp(name->data, text, len) == 0;
}


/* Notes that a name was seen; 0 if it was before. */

static ngx_inline ngx_uint_t
ngx_thread_ws_openai_once(ngx_thread_ws_openai_scan_t *scan, ngx_uint_t flag)
{
    if (scan->seen & flag) {
        return 0;
    }

    scan->seen |= flag;

    return 1;
}


static ngx_inline u_char *
ngx_thread_ws_openai_null(ngx_thread_ws_openai_scan_t *scan, u_char *p)
{
    if (scan->last - p < 4 || ngx_memcmp(p, "null", 4) != 0) {
        return NULL;
    }

    return p + 4;
}


/*
 * Passes over an object, p being at its opening brace, and gives its members
 * to the handler, which returns the position after the value or NULL.
 */

static ngx_inline u_char *
ngx_thread_ws_openai_object(ngx_thread_ws_openai_scan_t *scan, u_char *p,
    ngx_thread_ws_openai_member_pt handler)
{
    u_char     *last;
    ngx_str_t   name;

    last = scan->last;

    if (*p != '{') {
        return NULL;
    }

    p = ngx_thread_ws_json_space(p + 1, last);

    if (p < last && *p == '}') {
        return p + 1;
    }

    for ( ;; ) {

        p = ngx_thread_ws_json_member(p, last, &name);

        if (p == NULL) {
            return NULL;
        }

        p = handler(scan, &name, p);

        if (p == NULL) {
            return NULL;
        }

        p = ngx_thread_ws_json_space(p, last);

        if (p == last) {
            return NULL;
        }

        if (*p == '}') {
            return p + 1;
        }

        if (*p++ != ',') {
            return NULL;
        }
    }
}


static u_char *
ngx_thread_ws_openai_delta(ngx_thread_ws_openai_scan_t *scan, ngx_str_t *name,
    u_char *p)
{
    if (!ngx_thread_ws_openai_name(name, "content", 7)) {
        return ngx_thread_ws_json_skip(p, scan->last,
                                       NGX_THREAD_WS_OPENAI_DEPTH);
    }

    if (!ngx_thread_ws_openai_once(scan, NGX_THREAD_WS_OPENAI_CONTENT)) {
        return NULL;
    }

    if (*p != '"') {
        return ngx_thread_ws_openai_null(scan, p);
    }

    scan->content.data = p + 1;

    p = ngx_thread_ws_json_string(p + 1, scan->last, &scan->size);

    if (p == NULL) {
        return NULL;
    }

    scan->content.len = (size_t) (p - scan->content.data);

    return p + 1;
}


static u_char *
ngx_thread_ws_openai_finish(ngx_thread_ws_openai_scan_t *scan, u_char *p)
{
    size_t  size;

    if (!ngx_thread_ws_openai_once(scan, NGX_THREAD_WS_OPENAI_FINISH)) {
        return NULL;
    }

    if (*p != '"') {
        return ngx_thread_ws_openai_null(scan, p);
    }

    scan->finish.data = p + 1;

    p = ngx_thread_ws_json_string(p + 1, scan->last, &size);

    if (p == NULL) {
        return NULL;
    }

    scan->finish.len = (size_t) (p - scan->finish.data);

    return (scan->finish.len == size) ? p + 1 : NULL;
}


static u_char *
ngx_thread_ws_openai_choice(ngx_thread_ws_openai_scan_t *scan, ngx_str_t *name,
    u_char *p)
{
    if (ngx_thread_ws_openai_name(name, "delta", 5)) {

        if (!ngx_thread_ws_openai_once(scan, NGX_THREAD_WS_OPENAI_DELTA)) {
            return NULL;
        }

        return ngx_thread_ws_openai_object(scan, p,
                                           ngx_thread_ws_openai_delta);
    }

    if (ngx_thread_ws_openai_name(name, "finish_reason", 13)) {
        return ngx_thread_ws_openai_finish(scan, p);
    }

    if (!ngx_thread_ws_openai_name(name, "index", 5)) {
        return ngx_thread_ws_json_skip(p, scan->last,
                                       NGX_THREAD_WS_OPENAI_DEPTH);
    }

    /* one digit, not the beginning of a longer number */

    if (!ngx_thread_ws_openai_once(scan, NGX_THREAD_WS_OPENAI_INDEX)
        || scan->last - p < 2 || *p < '0' || *p > '9'
        || (p[1] != ',' && p[1] != '}'))
    {
        return NULL;
    }

    scan->index = *p - '0';

    return p + 1;
}


/* The array of choices: empty, or one object. */

static u_char *
ngx_thread_ws_openai_choices(ngx_thread_ws_openai_scan_t *scan, u_char *p)
{
    if (*p != '[') {
        return NULL;
    }

    p = ngx_thread_ws_json_space(p + 1, scan->last);

    if (p == scan->last) {
        return NULL;
    }

    if (*p == ']') {
        return p + 1;
    }

    p = ngx_thread_ws_openai_object(scan, p, ngx_thread_ws_openai_choice);

    if (p == NULL) {
        return NULL;
    }

    p = ngx_thread_ws_json_space(p, scan->last);

    return (p < scan->last && *p == ']') ? p + 1 : NULL;
}


static u_char *
ngx_thread_ws_openai_root(ngx_thread_ws_openai_scan_t *scan, ngx_str_t *name,
    u_char *p)
{
    ngx_uint_t  flag;

    if (ngx_thread_ws_openai_name(name, "choices", 7)) {

        if (!ngx_thread_ws_openai_once(scan, NGX_THREAD_WS_OPENAI_CHOICES)) {
            return NULL;
        }

        return ngx_thread_ws_openai_choices(scan, p);
    }

    if (ngx_thread_ws_openai_name(name, "usage", 5)) {
        flag = NGX_THREAD_WS_OPENAI_USAGE;

    } else if (ngx_thread_ws_openai_name(name, "error", 5)) {
        flag = NGX_THREAD_WS_OPENAI_ERROR;

    } else {
        return ngx_thread_ws_json_skip(p, scan->last,
                                       NGX_THREAD_WS_OPENAI_DEPTH);
    }

    /* these come once an answer, if at all: jansson reads them */

    if (!ngx_thread_ws_openai_once(scan, flag)) {
        return NULL;
    }

    return ngx_thread_ws_openai_null(scan, p);
}


/* NGX_OK if the chunk was understood, NGX_DECLINED if it is for jansson. */

static ngx_int_t
ngx_thread_ws_openai_scan(ngx_thread_ws_reply_t *reply, ngx_str_t *data)
{
    u_char                       *p;
    ngx_thread_ws_openai_scan_t   scan;

    ngx_memzero(&scan, sizeof(ngx_thread_ws_openai_scan_t));
    scan.last = data->data + data->len;

    p = ngx_thread_ws_openai_object(&scan, data->data,
                                    ngx_thread_ws_openai_root);

    if (p != scan.last || !(scan.seen & NGX_THREAD_WS_OPENAI_CHOICES)) {
        return NGX_DECLINED;
    }

    if (scan.index == 0) {
        ngx_thread_ws_reply_finish(reply, scan.finish.data, scan.finish.len);

        if (scan.content.len) {
            reply->delta = scan.content;
            reply->delta_size = scan.size;

            if (scan.finish.len == 0) {
                ngx_thread_ws_openai_remember(reply, data);
            }
        }
    }

    return NGX_OK;
}


/*
 * The chunks of one answer differ in their text alone, as a rule: what stands
 * before and behind it is kept, and a chunk that has the same around a valid
 * string means the same.
 */

static void
ngx_thread_ws_openai_remember(ngx_thread_ws_reply_t *reply, ngx_str_t *data)
{
    size_t  head, tail;

    head = (size_t) (reply->delta.data - data->data);
    tail = data->len - head - reply->delta.len;

    if (head + tail > NGX_THREAD_WS_OPENAI_ENVELOPE
        || reply->envelope_misses == NGX_THREAD_WS_OPENAI_MISSES)
    {
        return;
    }

    if (reply->envelope == NULL) {
        reply->envelope = malloc(NGX_THREAD_WS_OPENAI_ENVELOPE);
        if (reply->envelope == NULL) {
            return;
        }
    }

    ngx_memcpy(reply->envelope, data->data, head);
    ngx_memcpy(reply->envelope + head, data->data + data->len - tail, tail);

    reply->envelope_head = head;
    reply->envelope_tail = tail;
    reply->envelope_misses++;
}


static ngx_int_t
ngx_thread_ws_openai_recall(ngx_thread_ws_reply_t *reply, ngx_str_t *data)
{
    u_char  *p, *last;
    size_t   head, tail, size;

    head = reply->envelope_head;
    tail = reply->envelope_tail;

    if (head == 0 || data->len <= head + tail) {
        return NGX_DECLINED;
    }

    last = data->data + data->len - tail;

    if (ngx_memcmp(data->data, reply->envelope, head) != 0
        || ngx_memcmp(last, reply->envelope + head, tail) != 0)
    {
        return NGX_DECLINED;
    }

    p = data->data + head;

    if (ngx_thread_ws_json_string(p, data->data + data->len, &size) != last) {
        return NGX_DECLINED;
    }

    reply->delta.data = p;
    reply->delta.len = (size_t) (last - p);
    reply->delta_size = size;
    reply->envelope_misses = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_openai_read_choices(ngx_thread_ws_reply_t *reply,
    json_t *choices)
{
    size_t   i;
    json_t  *choice, *index, *delta, *finish;

    json_array_foreach(choices, i, choice) {

        if (!json_is_object(choice)) {
            return NGX_DECLINED;
        }

        index = json_object_get(choice, "index");

        if (json_is_integer(index) ? json_integer_value(index) != 0 : i != 0) {
            continue;
        }

        delta = json_object_get(choice, "delta");

        if (delta && !json_is_object(delta) && !json_is_null(delta)) {
            return NGX_DECLINED;
        }

        finish = json_object_get(choice, "finish_reason");

        ngx_thread_ws_reply_finish(reply, (u_char *) json_string_value(finish),
                                   json_string_length(finish));

        return ngx_thread_ws_reply_content(reply,
                                           json_object_get(delta, "content"));
    }

    return NGX_OK;
}


/* The reading that counts. */

static ngx_int_t
ngx_thread_ws_openai_read(ngx_thread_ws_reply_t *reply, json_t *root)
{
    json_t  *error, *choices;

    if (!json_is_object(root)) {
        return NGX_DECLINED;
    }

    error = json_object_get(root, "error");

    if (json_is_object(error) || json_string_length(error)) {
        return ngx_thread_ws_reply_abort(reply, error);
    }

    choices = json_object_get(root, "choices");

    if (choices == NULL
        && ngx_thread_ws_json_is(json_object_get(root, "object"), "error"))
    {
        return ngx_thread_ws_reply_abort(reply, root);
    }

    ngx_thread_ws_reply_usage(reply, json_object_get(root, "usage"),
                              "prompt_tokens", "completion_tokens");

    if (choices == NULL || json_is_null(choices)) {
        return NGX_OK;
    }

    if (!json_is_array(choices)) {
        return NGX_DECLINED;
    }

    return ngx_thread_ws_openai_read_choices(reply, choices);
}


static ngx_int_t
ngx_thread_ws_openai_event(ngx_thread_ws_reply_t *reply, ngx_str_t *type,
    ngx_str_t *data)
{
    u_char     *p, *last;
    json_t     *root;
    ngx_int_t   rc;
    ngx_str_t   text;

    ngx_thread_ws_reply_next(reply);

    if (reply->done) {
        return NGX_OK;
    }

    if (ngx_thread_ws_string_is(type, "error")) {
        return ngx_thread_ws_reply_abort_data(reply, data);
    }

    last = data->data + data->len;
    p = ngx_thread_ws_json_space(data->data, last);

    while (last > p && last[-1] == ' ') {
        last--;
    }

    text.data = p;
    text.len = (size_t) (last - p);

    if (text.len == 0) {

        /* a sign of life */

        return NGX_OK;
    }

    if (text.len == 6 && ngx_memcmp(p, "[DONE]", 6) == 0) {
        reply->done = 1;
        return NGX_OK;
    }

    if (ngx_thread_ws_openai_recall(reply, &text) == NGX_OK
        || ngx_thread_ws_openai_scan(reply, &text) == NGX_OK)
    {
        return NGX_OK;
    }

    rc = ngx_thread_ws_reply_load(&root, &text);

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_openai_read(reply, root);
        json_decref(root);
    }

    if (rc == NGX_DECLINED && type->len
        && !ngx_thread_ws_string_is(type, "message"))
    {
        /* an event of the server's own kind */

        ngx_thread_ws_reply_next(reply);
        return NGX_OK;
    }

    return rc;
}
