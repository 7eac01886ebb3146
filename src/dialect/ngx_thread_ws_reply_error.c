
/*
 * An agent's error, of whatever form: its words, whom they blame, and whether
 * they are for people.  Errors are told by names that nobody standardized, so
 * names are looked at for the words that are in all of them.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"
#include "dialect/ngx_thread_ws_retry.h"
#include "dialect/ngx_thread_ws_sse.h"
#include "json/ngx_thread_ws_json_chars.h"
#include "json/ngx_thread_ws_json_read.h"
#include "json/ngx_thread_ws_json_scan.h"


/* the agent's words, and how deep in an error object they are looked for */

#define NGX_THREAD_WS_ERROR_MAX     300
#define NGX_THREAD_WS_ERROR_DEPTH   4

/* what the name of an error says, the most certain first */

#define NGX_THREAD_WS_KIND_CREDIT   0x01
#define NGX_THREAD_WS_KIND_ACCESS   0x02
#define NGX_THREAD_WS_KIND_REFUSAL  0x04
#define NGX_THREAD_WS_KIND_RATE     0x08
#define NGX_THREAD_WS_KIND_REQUEST  0x10
#define NGX_THREAD_WS_KIND_FINAL    0x20


typedef struct {
    char        *part;
    ngx_uint_t   kind;
} ngx_thread_ws_error_name_t;


typedef struct {
    ngx_uint_t   kinds;
    ngx_uint_t   status;      /* the last one that is none of success */
} ngx_thread_ws_error_kind_t;


/* where agents put their words for people, the best first */

static const char  *ngx_thread_ws_error_words[] = {
    "message", "error", "detail", "msg", "error_msg", "error_message",
    "errorMessage", "status_msg", "errors", "Message", "base_resp", "title",
    NULL
};


/* where they say what kind of error it is */

static const char  *ngx_thread_ws_error_kinds[] = {
    "code", "type", "status", "error", "error_code", "status_code", "name",
    "base_resp", "reason", "details", NULL
};


static ngx_thread_ws_error_name_t  ngx_thread_ws_error_names[] = {

    { "insufficient_quota", NGX_THREAD_WS_KIND_CREDIT },
    { "insufficient_balance", NGX_THREAD_WS_KIND_CREDIT },
    { "insufficientbalance", NGX_THREAD_WS_KIND_CREDIT },
    { "insufficient_credit", NGX_THREAD_WS_KIND_CREDIT },
    { "insufficient_fund", NGX_THREAD_WS_KIND_CREDIT },
    { "exceeded_current_quota", NGX_THREAD_WS_KIND_CREDIT },
    { "billing", NGX_THREAD_WS_KIND_CREDIT },
    { "credit", NGX_THREAD_WS_KIND_CREDIT },
    { "payment_required", NGX_THREAD_WS_KIND_CREDIT },
    { "arrearage", NGX_THREAD_WS_KIND_CREDIT },

    { "api_key", NGX_THREAD_WS_KIND_ACCESS },
    { "apikey", NGX_THREAD_WS_KIND_ACCESS },
    { "authentication", NGX_THREAD_WS_KIND_ACCESS },
    { "unauthenticated", NGX_THREAD_WS_KIND_ACCESS },
    { "unauthorized", NGX_THREAD_WS_KIND_ACCESS },
    { "permission", NGX_THREAD_WS_KIND_ACCESS },
    { "forbidden", NGX_THREAD_WS_KIND_ACCESS },
    { "access_denied", NGX_THREAD_WS_KIND_ACCESS },
    { "accessdenied", NGX_THREAD_WS_KIND_ACCESS },
    { "not_found", NGX_THREAD_WS_KIND_ACCESS },
    { "notfound", NGX_THREAD_WS_KIND_ACCESS },

    { "content_filter", NGX_THREAD_WS_KIND_REFUSAL },
    { "content_policy", NGX_THREAD_WS_KIND_REFUSAL },
    { "responsibleai", NGX_THREAD_WS_KIND_REFUSAL },
    { "datainspection", NGX_THREAD_WS_KIND_REFUSAL },
    { "data_inspection", NGX_THREAD_WS_KIND_REFUSAL },
    { "moderation", NGX_THREAD_WS_KIND_REFUSAL },

    { "rate_limit", NGX_THREAD_WS_KIND_RATE },
    { "ratelimit", NGX_THREAD_WS_KIND_RATE },
    { "too_many_requests", NGX_THREAD_WS_KIND_RATE },
    { "toomanyrequests", NGX_THREAD_WS_KIND_RATE },
    { "throttl", NGX_THREAD_WS_KIND_RATE },
    { "resource_exhausted", NGX_THREAD_WS_KIND_RATE },

    { "invalid", NGX_THREAD_WS_KIND_REQUEST },
    { "bad_request", NGX_THREAD_WS_KIND_REQUEST },
    { "badrequest", NGX_THREAD_WS_KIND_REQUEST },
    { "unprocessable", NGX_THREAD_WS_KIND_REQUEST },
    { "too_large", NGX_THREAD_WS_KIND_REQUEST },
    { "too_long", NGX_THREAD_WS_KIND_REQUEST },
    { "context_length", NGX_THREAD_WS_KIND_REQUEST },
    { "context_size", NGX_THREAD_WS_KIND_REQUEST },
    { "context_window", NGX_THREAD_WS_KIND_REQUEST },
    { "contextwindow", NGX_THREAD_WS_KIND_REQUEST },

    { "recursion", NGX_THREAD_WS_KIND_FINAL },

    { NULL, 0 }
};


/* what in words is not for people, whomever they blame */

static char  *ngx_thread_ws_error_secrets[] = {
    "api key", "api_key", "api-key", "apikey", "sk-", "bearer ", "password",
    "traceback", "file \"", "http://", "://localhost", "://127.", "://10.",
    NULL
};


/* The words for people in an error of any form, NULL if there are none. */

static json_t *
ngx_thread_ws_reply_words(json_t *error, ngx_uint_t depth)
{
    json_t       *words;
    const char  **name;

    if (json_is_string(error)) {
        return json_string_length(error) ? error : NULL;
    }

    if (depth == 0) {
        return NULL;
    }

    if (json_is_array(error)) {
        return ngx_thread_ws_reply_words(json_array_get(error, 0), depth - 1);
    }

    for (name = ngx_thread_ws_error_words; *name; name++) {

        words = ngx_thread_ws_reply_words(json_object_get(error, *name),
                                          depth - 1);
        if (words) {
            return words;
        }
    }

    return NULL;
}


static void
ngx_thread_ws_reply_name(ngx_thread_ws_error_kind_t *kind, json_t *value)
{
    u_char                      *text;
    ngx_int_t                    n;
    ngx_thread_ws_error_name_t  *name;

    if (json_is_number(value)) {
        n = (ngx_int_t) ngx_min(json_number_value(value), 1000);

    } else {
        text = (u_char *) json_string_value(value);
        n = ngx_atoi(text, json_string_length(value));

        if (n == NGX_ERROR) {

            for (name = ngx_thread_ws_error_names; name->part; name++) {

                if (ngx_strcasestrn(text, name->part,
                                    ngx_strlen(name->part) - 1))
                {
                    kind->kinds |= name->kind;
                }
            }
        }
    }

    if (n >= 400 && n < 600) {
        kind->status = (ngx_uint_t) n;
    }
}


/* All that the names and numbers of an error say. */

static void
ngx_thread_ws_reply_kind(ngx_thread_ws_error_kind_t *kind, json_t *error,
    ngx_uint_t depth)
{
    size_t        i;
    json_t       *value;
    const char  **name;

    if (depth == 0) {
        return;
    }

    if (json_is_array(error)) {

        json_array_foreach(error, i, value) {
            ngx_thread_ws_reply_kind(kind, value, depth - 1);
        }

        return;
    }

    for (name = ngx_thread_ws_error_kinds; *name; name++) {
        value = json_object_get(error, *name);

        if (json_is_number(value)) {
            ngx_thread_ws_reply_name(kind, value);

        } else if (json_is_string(value)) {

            /* without words beside it, an "error" is words for people */

            if (ngx_strcmp(*name, "error") != 0
                || json_object_get(error, "message"))
            {
                ngx_thread_ws_reply_name(kind, value);
            }

        } else {
            ngx_thread_ws_reply_kind(kind, value, depth - 1);
        }
    }
}


/*
 * Whom an error blames, by what is in it.  An answer that began is past all
 * that a gateway between says by its status.
 */

static void
ngx_thread_ws_reply_judge(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_error_kind_t *kind)
{
    if (kind->status) {
        ngx_thread_ws_reply_status(reply, kind->status);

        if (reply->blame == NGX_THREAD_WS_BLAME_LOAD) {
            reply->blame = NGX_THREAD_WS_BLAME_NOBODY;
        }

    } else {
        reply->blame = NGX_THREAD_WS_BLAME_NOBODY;
        reply->retryable = 1;
    }

    if (kind->kinds == 0) {
        return;
    }

    reply->retryable = 0;

    if (kind->kinds & NGX_THREAD_WS_KIND_CREDIT) {
        reply->blame = NGX_THREAD_WS_BLAME_RATE;

    } else if (kind->kinds & NGX_THREAD_WS_KIND_ACCESS) {
        reply->blame = NGX_THREAD_WS_BLAME_ACCESS;

    } else if (kind->kinds & NGX_THREAD_WS_KIND_REFUSAL) {
        reply->blame = NGX_THREAD_WS_BLAME_REFUSAL;

    } else if (kind->kinds & NGX_THREAD_WS_KIND_RATE) {
        reply->blame = NGX_THREAD_WS_BLAME_RATE;
        reply->retryable = 1;

    } else if (kind->kinds & NGX_THREAD_WS_KIND_REQUEST) {
        reply->blame = NGX_THREAD_WS_BLAME_REQUEST;
    }
}


/* four numbers with dots between: an address */

static ngx_uint_t
ngx_thread_ws_reply_address(u_char *p, u_char *last)
{
    ngx_uint_t  dots, digits;

    dots = 0;
    digits = 0;

    for ( /* void */ ; p < last; p++) {

        if (*p >= '0' && *p <= '9') {
            digits++;

            if (dots == 3) {
                return 1;
            }

        } else if (*p == '.' && digits && digits <= 3) {
            dots++;
            digits = 0;

        } else {
            dots = 0;
            digits = 0;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_thread_ws_reply_secret(ngx_str_t *words)
{
    char    **part;
    u_char   *last;

    last = words->data + words->len;

    for (part = ngx_thread_ws_error_secrets; *part; part++) {

        if (ngx_strlcasestrn(words->data, last, (u_char *) *part,
                             ngx_strlen(*part) - 1))
        {
            return 1;
        }
    }

    return ngx_thread_ws_reply_address(words->data, last);
}


void
ngx_thread_ws_reply_quote(ngx_thread_ws_reply_t *reply)
{
    reply->quotable = (reply->blame == NGX_THREAD_WS_BLAME_REQUEST
                       || reply->blame == NGX_THREAD_WS_BLAME_REFUSAL)
                      && reply->error.len
                      && !ngx_thread_ws_reply_secret(&reply->error);
}


/* one line of valid UTF-8, cut between characters */

ngx_int_t
ngx_thread_ws_reply_say(ngx_thread_ws_reply_t *reply, u_char *p, size_t len)
{
    u_char  *dst, *last, *next;

    if (len > NGX_THREAD_WS_ERROR_MAX) {

        for (len = NGX_THREAD_WS_ERROR_MAX; len && (p[len] & 0xc0) == 0x80;
             len--)
        {
            /* void */
        }
    }

    if (ngx_thread_ws_reply_reserve(reply, len ? len : 1) != NGX_OK) {
        return NGX_ERROR;
    }

    dst = reply->buf;

    for (last = p + len; p < last; /* void */) {

        if (*p < 0x80) {
            *dst++ = (*p < 0x20 || *p == 0x7f) ? ' ' : *p;
            p++;
            continue;
        }

        next = ngx_thread_ws_json_utf8(p, last);

        if (next == NULL) {
            *dst++ = '?';
            p++;
            continue;
        }

        while (p < next) {
            *dst++ = *p++;
        }
    }

    reply->error.data = reply->buf;
    reply->error.len = (size_t) (dst - reply->buf);

    return NGX_OK;
}


/* Google says in the error itself when to come back. */

static ngx_msec_t
ngx_thread_ws_reply_delay(json_t *error)
{
    size_t      i;
    json_t     *details, *detail, *delay;
    ngx_str_t   value;

    details = json_object_get(error, "details");

    json_array_foreach(details, i, detail) {
        delay = json_object_get(detail, "retryDelay");

        if (json_is_string(delay)) {
            value.data = (u_char *) json_string_value(delay);
            value.len = json_string_length(delay);

            return ngx_thread_ws_retry_time(&value, 0);
        }
    }

    return 0;
}


ngx_int_t
ngx_thread_ws_reply_abort(ngx_thread_ws_reply_t *reply, json_t *error)
{
    json_t                      *words;
    ngx_int_t                    rc;
    ngx_thread_ws_error_kind_t   kind;

    static ngx_str_t   unnamed = ngx_string("the agent reported an error");

    /* what the event has brought so far is void, and its memory is needed */

    ngx_thread_ws_reply_next(reply);
    ngx_memzero(&kind, sizeof(ngx_thread_ws_error_kind_t));

    if (json_is_array(error)) {
        error = json_array_get(error, 0);
    }

    words = ngx_thread_ws_reply_words(error, NGX_THREAD_WS_ERROR_DEPTH);

    if (words) {
        rc = ngx_thread_ws_reply_say(reply,
                                     (u_char *) json_string_value(words),
                                     json_string_length(words));
    } else {
        rc = ngx_thread_ws_reply_say(reply, unnamed.data, unnamed.len);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_thread_ws_reply_kind(&kind, error, NGX_THREAD_WS_ERROR_DEPTH);
    ngx_thread_ws_reply_judge(reply, &kind);
    ngx_thread_ws_reply_quote(reply);

    reply->retry_after = ngx_thread_ws_reply_delay(
                                         json_object_get(error, "error"));

    if (reply->retry_after == 0) {
        reply->retry_after = ngx_thread_ws_reply_delay(error);
    }

    return NGX_ABORT;
}


ngx_int_t
ngx_thread_ws_reply_abort_data(ngx_thread_ws_reply_t *reply, ngx_str_t *data)
{
    json_t     *root;
    ngx_int_t   rc;

    rc = ngx_thread_ws_reply_load(&root, data);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {

        /* plain words, if they are valid UTF-8 */

        root = json_stringn((char *) data->data, data->len);
    }

    rc = ngx_thread_ws_reply_abort(reply, root);

    json_decref(root);

    return rc;
}


/* a number that is no success, or a name */

static ngx_uint_t
ngx_thread_ws_reply_code(json_t *root, const char *name)
{
    double   n;
    json_t  *code;

    code = json_object_get(root, name);

    if (json_is_number(code)) {
        n = json_number_value(code);

        return n != 0 && n != 200;
    }

    return json_string_length(code) && !ngx_thread_ws_json_is(code, "0")
           && !ngx_thread_ws_json_is(code, "200")
           && !ngx_thread_ws_json_is(code, "success");
}


ngx_uint_t
ngx_thread_ws_reply_failed(json_t *root)
{
    json_t  *error;

    error = json_object_get(root, "error");

    if (json_is_object(error) || json_string_length(error)
        || json_array_size(error))
    {
        return 1;
    }

    if (ngx_thread_ws_reply_code(json_object_get(root, "base_resp"),
                                 "status_code")
        || ngx_thread_ws_reply_code(root, "error_code")
        || ngx_thread_ws_json_is(json_object_get(root, "object"), "error")
        || json_is_false(json_object_get(root, "success")))
    {
        return 1;
    }

    return ngx_thread_ws_reply_words(root, NGX_THREAD_WS_ERROR_DEPTH)
           && (ngx_thread_ws_reply_code(root, "code")
               || ngx_thread_ws_reply_code(root, "status_code")
               || json_object_get(root, "detail")
               || json_array_size(json_object_get(root, "errors")));
}


/* The body of an error answer as JSON: NGX_ABORT if it has words. */

static ngx_int_t
ngx_thread_ws_reply_error_json(ngx_thread_ws_dialect_t *dialect,
    ngx_thread_ws_reply_t *reply, ngx_str_t *text)
{
    json_t     *root;
    ngx_int_t   rc;

    rc = ngx_thread_ws_reply_load(&root, text);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = NGX_DECLINED;

    if (ngx_thread_ws_reply_words(root, NGX_THREAD_WS_ERROR_DEPTH)) {
        rc = ngx_thread_ws_reply_abort(reply, root);

        if (rc == NGX_ABORT && dialect->blame) {
            dialect->blame(reply, root);
        }
    }

    json_decref(root);

    return rc;
}


static ngx_int_t
ngx_thread_ws_reply_error_stream(ngx_thread_ws_dialect_t *dialect,
    ngx_thread_ws_reply_t *reply, ngx_str_t *body)
{
    u_char               *p;
    ngx_int_t             rc;
    ngx_thread_ws_sse_t   sse;

    ngx_memzero(&sse, sizeof(ngx_thread_ws_sse_t));
    sse.limit = body->len + 1;

    p = body->data;
    rc = ngx_thread_ws_sse_parse(&sse, &p, body->data + body->len);

    if (rc == NGX_AGAIN) {
        rc = ngx_thread_ws_sse_finish(&sse);
    }

    rc = (rc == NGX_OK)
         ? ngx_thread_ws_reply_error_json(dialect, reply, &sse.data)
         : NGX_DECLINED;

    ngx_thread_ws_sse_free(&sse);

    return rc;
}


/* Plain words; a page, or what is no text, has none. */

static ngx_int_t
ngx_thread_ws_reply_error_text(ngx_thread_ws_reply_t *reply, u_char *p,
    u_char *last)
{
    u_char  *q;

    if (p == last || *p == '<') {
        return NGX_DECLINED;
    }

    for (q = p; q < last; q++) {

        if (*q < ' ' && *q != LF && *q != CR && *q != '\t') {
            return NGX_DECLINED;
        }
    }

    while (last[-1] <= ' ') {
        last--;
    }

    return (ngx_thread_ws_reply_say(reply, p, (size_t) (last - p)) == NGX_OK)
           ? NGX_ABORT : NGX_ERROR;
}


ngx_int_t
ngx_thread_ws_reply_error(ngx_thread_ws_dialect_t *dialect,
    ngx_thread_ws_reply_t *reply, ngx_str_t *body)
{
    u_char     *p, *last;
    ngx_int_t   rc;

    ngx_thread_ws_reply_next(reply);
    reply->retryable = 1;

    last = body->data + body->len;
    p = ngx_thread_ws_json_space(body->data, last);

    if (p < last && (*p == '{' || *p == '[' || *p == '"')) {
        rc = ngx_thread_ws_reply_error_json(dialect, reply, body);

    } else if (ngx_thread_ws_sse_look(p, last) == NGX_OK) {
        rc = ngx_thread_ws_reply_error_stream(dialect, reply, body);

    } else {
        rc = ngx_thread_ws_reply_error_text(reply, p, last);
    }

    return (rc == NGX_ABORT) ? NGX_OK : NGX_DECLINED;
}
