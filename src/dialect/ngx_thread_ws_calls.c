
/*
 * Calls of tools.  The dialects say what belongs to which call; here each gets
 * an id that no other call of the thread has, its begin once its name is known,
 * its input in pieces, and its end with the whole input.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_parts.h"
#include "json/ngx_thread_ws_json_read.h"
#include "json/ngx_thread_ws_json_scan.h"
#include "json/ngx_thread_ws_json_write.h"


/* how many of the last ones are looked at */

#define NGX_THREAD_WS_CALLS_LOOK   1024

/* objects and arrays in an input that need no tree to be known as JSON */

#define NGX_THREAD_WS_CALLS_DEPTH  64


static ngx_int_t ngx_thread_ws_calls_id(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_call_t *call, json_t *id);
static ngx_int_t ngx_thread_ws_calls_text(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_call_t *call, u_char *p, size_t len);


static ngx_uint_t
ngx_thread_ws_calls_first(ngx_thread_ws_calls_t *calls)
{
    return (calls->n > NGX_THREAD_WS_CALLS_LOOK)
           ? calls->n - NGX_THREAD_WS_CALLS_LOOK : 0;
}


ngx_thread_ws_call_t *
ngx_thread_ws_calls_at(ngx_thread_ws_reply_t *reply, uint64_t message,
    ngx_int_t index)
{
    ngx_uint_t              i, first;
    ngx_thread_ws_call_t   *call;
    ngx_thread_ws_calls_t  *calls;

    calls = &reply->parts->calls;
    first = ngx_thread_ws_calls_first(calls);

    for (i = calls->n; i > first; i--) {
        call = &calls->call[i - 1];

        if (!call->ended && call->message == message && call->index == index) {
            return call;
        }
    }

    return NULL;
}


ngx_thread_ws_call_t *
ngx_thread_ws_calls_last(ngx_thread_ws_reply_t *reply, uint64_t message)
{
    ngx_uint_t              i, first;
    ngx_thread_ws_call_t   *call;
    ngx_thread_ws_calls_t  *calls;

    calls = &reply->parts->calls;
    first = ngx_thread_ws_calls_first(calls);

    for (i = calls->n; i > first; i--) {
        call = &calls->call[i - 1];

        if (!call->ended && call->message == message) {
            return call;
        }
    }

    return NULL;
}


ngx_thread_ws_call_t *
ngx_thread_ws_calls_find(ngx_thread_ws_reply_t *reply, json_t *id)
{
    ngx_str_t               text;
    ngx_uint_t              i, first;
    ngx_thread_ws_calls_t  *calls;

    ngx_thread_ws_parts_string(&text, id);

    if (text.len == 0) {
        return NULL;
    }

    calls = &reply->parts->calls;
    first = ngx_thread_ws_calls_first(calls);

    for (i = calls->n; i > first; i--) {

        if (ngx_thread_ws_string_equal(&calls->call[i - 1].own, &text)) {
            return &calls->call[i - 1];
        }
    }

    return NULL;
}


ngx_thread_ws_call_t *
ngx_thread_ws_calls_begin(ngx_thread_ws_reply_t *reply, uint64_t message,
    ngx_int_t index, json_t *id)
{
    ngx_uint_t              size;
    ngx_thread_ws_call_t   *call;
    ngx_thread_ws_calls_t  *calls;

    calls = &reply->parts->calls;

    if (calls->n == calls->size) {
        size = calls->size ? 2 * calls->size : 8;

        call = realloc(calls->call, size * sizeof(ngx_thread_ws_call_t));
        if (call == NULL) {
            return NULL;
        }

        calls->call = call;
        calls->size = size;
    }

    call = &calls->call[calls->n];
    ngx_memzero(call, sizeof(ngx_thread_ws_call_t));

    if (ngx_thread_ws_calls_id(reply, call, id) != NGX_OK) {
        return NULL;
    }

    call->message = message;
    call->index = index;

    calls->n++;
    calls->open++;

    return call;
}


/* one that is made up has the run's own number, and a number in the run */

static ngx_int_t
ngx_thread_ws_calls_id(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_call_t *call, json_t *id)
{
    u_char     *p, made[sizeof("call--") + 16 + NGX_INT64_LEN];
    ngx_str_t   own, told;

    ngx_thread_ws_parts_string(&own, id);
    told = own;

    if (own.len == 0
        || json_object_get(reply->known, json_string_value(id))
        || ngx_thread_ws_calls_find(reply, id))
    {
        told.data = made;
        told.len = (size_t) (ngx_sprintf(made, "call-%016xL-%ui", reply->number,
                                         ++reply->parts->calls.named)
                             - made);
    }

    p = malloc(told.len + own.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    call->id.data = p;
    call->id.len = told.len;
    call->own.data = ngx_cpymem(p, told.data, told.len);
    call->own.len = own.len;

    if (own.len) {
        ngx_memcpy(call->own.data, own.data, own.len);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_calls_told(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_call_t *call, ngx_str_t *name)
{
    ngx_thread_ws_bytes_t  *bytes;

    bytes = &reply->parts->bytes;
    call->told = 1;

    if (ngx_thread_ws_parts_add(reply, NGX_THREAD_WS_PART_CALL, &call->id, name)
        == NULL)
    {
        return NGX_ERROR;
    }

    if (call->input.len == 0) {
        return NGX_OK;
    }

    /* some of it came before the name */

    if (ngx_thread_ws_parts_add(reply, NGX_THREAD_WS_PART_INPUT, &call->id,
                                NULL)
        == NULL
        || ngx_thread_ws_json_write_text(bytes, (char *) call->input.data,
                                         call->input.len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_thread_ws_parts_value_end(reply);

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_calls_name(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_call_t *call, json_t *name)
{
    ngx_str_t  text;

    ngx_thread_ws_parts_string(&text, name);

    if (call->told || text.len == 0) {
        return NGX_OK;
    }

    return ngx_thread_ws_calls_told(reply, call, &text);
}


ngx_int_t
ngx_thread_ws_calls_input(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_call_t *call, json_t *input)
{
    ngx_int_t              rc;
    ngx_thread_ws_bytes_t  bytes;

    if (input == NULL || json_is_null(input) || call->ended) {
        return NGX_OK;
    }

    if (json_is_string(input)) {
        return ngx_thread_ws_calls_text(reply, call,
                                        (u_char *) json_string_value(input),
                                        json_string_length(input));
    }

    ngx_memzero(&bytes, sizeof(ngx_thread_ws_bytes_t));

    rc = ngx_thread_ws_json_write(&bytes, input);

    if (rc == NGX_OK) {
        rc = ngx_thread_ws_calls_text(reply, call, bytes.data, bytes.len);
    }

    ngx_thread_ws_bytes_free(&bytes);

    return rc;
}


static ngx_int_t
ngx_thread_ws_calls_text(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_call_t *call, u_char *p, size_t len)
{
    u_char                 *copy, *end;
    ngx_int_t               rc;
    ngx_thread_ws_parts_t  *parts;

    parts = reply->parts;

    copy = malloc(len + 4);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    end = ngx_thread_ws_reply_join(&call->half, copy, p, len);
    len = (size_t) (end - copy);

    rc = ngx_thread_ws_bytes_add(&call->input, copy, len);

    if (rc == NGX_OK && call->told && len) {

        if (ngx_thread_ws_parts_add(reply, NGX_THREAD_WS_PART_INPUT, &call->id,
                                    NULL)
            == NULL
            || ngx_thread_ws_json_write_text(&parts->bytes, (char *) copy, len)
               != NGX_OK)
        {
            rc = NGX_ERROR;

        } else {
            ngx_thread_ws_parts_value_end(reply);
        }
    }

    free(copy);

    return rc;
}


/* whether an input can stand as it is: JSON on one line */

static ngx_uint_t
ngx_thread_ws_calls_plain(u_char *p, u_char *last)
{
    return memchr(p, LF, (size_t) (last - p)) == NULL
           && memchr(p, CR, (size_t) (last - p)) == NULL
           && ngx_thread_ws_json_skip(p, last, NGX_THREAD_WS_CALLS_DEPTH)
              == last;
}


/* Adds the whole input as JSON: what is none, as a string. */

static ngx_int_t
ngx_thread_ws_calls_whole(ngx_thread_ws_bytes_t *bytes,
    ngx_thread_ws_call_t *call)
{
    json_t     *root;
    u_char     *p, *last;
    ngx_int_t   rc;

    p = call->input.data;
    last = p + call->input.len;

    while (last > p && last[-1] <= ' ') {
        last--;
    }

    p = ngx_thread_ws_json_space(p, last);

    if (!call->text && p < last) {

        if (ngx_thread_ws_calls_plain(p, last)) {
            return ngx_thread_ws_bytes_add(bytes, p, (size_t) (last - p));
        }

        rc = ngx_thread_ws_json_read(&root, &p, last, 0);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK) {
            rc = (p == last) ? ngx_thread_ws_json_write(bytes, root)
                             : NGX_DECLINED;
            json_decref(root);

            if (rc != NGX_DECLINED) {
                return rc;
            }
        }
    }

    if (ngx_thread_ws_bytes_add(bytes, (u_char *) "\"", 1) != NGX_OK
        || ngx_thread_ws_json_write_text(bytes, (char *) call->input.data,
                                         call->input.len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_bytes_add(bytes, (u_char *) "\"", 1);
}


ngx_int_t
ngx_thread_ws_calls_end(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_call_t *call, json_t *input)
{
    ngx_int_t               rc;
    ngx_str_t               none;
    ngx_thread_ws_parts_t  *parts;

    parts = reply->parts;
    ngx_str_null(&none);

    if (call->ended) {
        return NGX_OK;
    }

    if (call->half) {
        call->half = 0;

        if (ngx_thread_ws_calls_text(reply, call, (u_char *) "\xef\xbf\xbd", 3)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (!call->told && ngx_thread_ws_calls_told(reply, call, &none) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_thread_ws_parts_add(reply, NGX_THREAD_WS_PART_CALL_END, &call->id,
                                NULL)
        == NULL)
    {
        return NGX_ERROR;
    }

    if (call->input.len || call->text) {
        rc = ngx_thread_ws_calls_whole(&parts->bytes, call);

    } else if (input && !json_is_null(input)) {
        rc = ngx_thread_ws_json_write(&parts->bytes, input);

    } else {
        rc = ngx_thread_ws_bytes_add(&parts->bytes, (u_char *) "{}", 2);
    }

    ngx_thread_ws_parts_value_end(reply);
    ngx_thread_ws_bytes_free(&call->input);

    call->ended = 1;
    parts->calls.open--;

    return rc;
}


ngx_int_t
ngx_thread_ws_calls_end_all(ngx_thread_ws_reply_t *reply, uint64_t message)
{
    ngx_uint_t              i;
    ngx_thread_ws_call_t   *call;
    ngx_thread_ws_calls_t  *calls;

    calls = &reply->parts->calls;

    for (i = 0; calls->open && i < calls->n; i++) {
        call = &calls->call[i];

        if (message && call->message != message) {
            continue;
        }

        if (ngx_thread_ws_calls_end(reply, call, NULL) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_calls_result(ngx_thread_ws_reply_t *reply, json_t *id,
    json_t *output, ngx_uint_t error)
{
    ngx_str_t               text;
    ngx_thread_ws_call_t   *call;
    ngx_thread_ws_parts_t  *parts;

    parts = reply->parts;
    ngx_thread_ws_parts_string(&text, id);

    if (text.len == 0) {
        return NGX_OK;
    }

    call = ngx_thread_ws_calls_find(reply, id);

    if (call == NULL) {

        /* one of an earlier run: it was not heard in this one */

        call = ngx_thread_ws_calls_begin(reply, 0, -1, id);
        if (call == NULL) {
            return NGX_ERROR;
        }

        call->ended = 1;
        parts->calls.open--;

    } else {
        text = call->id;
    }

    if (ngx_thread_ws_calls_end(reply, call, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    if (call->result) {
        return NGX_OK;
    }

    call->result = 1;

    if (ngx_thread_ws_parts_json(reply, NGX_THREAD_WS_PART_RESULT, &text,
                                 output)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    parts->part[parts->n - 1].error = error ? 1 : 0;

    return NGX_OK;
}


void
ngx_thread_ws_calls_free(ngx_thread_ws_calls_t *calls)
{
    ngx_uint_t  i;

    for (i = 0; i < calls->n; i++) {
        free(calls->call[i].id.data);
        ngx_thread_ws_bytes_free(&calls->call[i].input);
    }

    free(calls->call);
}
