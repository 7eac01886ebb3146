
/*
 * What the tests of the dialects share: what an event says, what a recorded
 * stream says, what a request body is, in words.
 */


#ifndef _UNIT_DIALECT_H_INCLUDED_
#define _UNIT_DIALECT_H_INCLUDED_


#include "unit.h"
#include "dialect/ngx_thread_ws_dialect.h"
#include "json/ngx_thread_ws_json.h"
#include "dialect/ngx_thread_ws_stream.h"
#include "dialect/ngx_thread_ws_turn.h"


#define DIALECT_SAMPLE_MAX  65536


/* The delta as plain text; its size must be the one that was announced. */

static ngx_inline void
dialect_add_delta(unit_text_t *text, ngx_thread_ws_reply_t *reply)
{
    u_char  *plain, *end;

    plain = malloc(reply->delta.len + 1);
    end = ngx_thread_ws_json_unescape(plain, reply->delta.data,
                                      reply->delta.len);

    if (end == NULL) {
        unit_add(text, "(not a string's inside)");

    } else if ((size_t) (end - plain) != reply->delta_size) {
        unit_add(text, "(size %d)", (int) reply->delta_size);

    } else {
        unit_add_escaped(text, plain, end - plain);
    }

    free(plain);
}


/* A part in words: ids in the open, names in brackets, texts in quotes. */

static ngx_inline void
dialect_add_part(unit_text_t *text, ngx_thread_ws_part_t *part)
{
    ngx_uint_t  quoted;

    static const char  *names[] = {
        "", "message", "reasoning", "call", "input", "call-end", "result",
        "source", "data", "reset", "interrupt"
    };

    quoted = (part->kind == NGX_THREAD_WS_PART_REASONING
              || part->kind == NGX_THREAD_WS_PART_INPUT);

    unit_add(text, "%s", names[part->kind]);

    if (part->id.len) {
        unit_add(text, " ");
        unit_add_bytes(text, part->id.data, part->id.len);
    }

    if (part->name.len) {
        unit_add(text, " (");
        unit_add_bytes(text, part->name.data, part->name.len);
        unit_add(text, ")");
    }

    unit_add(text, "%s", !part->error ? ""
                         : part->kind == NGX_THREAD_WS_PART_CALL ? " own"
                         : " error");

    if (part->value.len) {
        unit_add(text, quoted ? " \"" : " ");
        unit_add_bytes(text, part->value.data, part->value.len);
        unit_add(text, quoted ? "\"" : "");
    }

    if (part->kind == NGX_THREAD_WS_PART_RESET) {
        unit_add(text, " void %d to %d", (int) part->from, (int) part->to);
    }
}


/* The request that goes on with an answer that has paused after that text. */

static ngx_inline void
dialect_add_again(unit_text_t *text, ngx_thread_ws_dialect_t *d,
    ngx_thread_ws_reply_t *reply, unit_text_t *said)
{
    char       *body;
    json_t     *root;
    ngx_str_t   first, answer;

    ngx_str_set(&first, "{\"messages\":[]}");

    answer.data = said->data;
    answer.len = said->len;

    root = d->again(reply, &first, &answer);
    body = root ? json_dumps(root, JSON_COMPACT|JSON_SORT_KEYS) : NULL;

    unit_add(text, "again ");
    unit_add_bytes(text, (u_char *) (body ? body : "(none)"),
                   body ? strlen(body) : 6);
    unit_add(text, "\n");

    json_decref(root);
    free(body);
}


static const char  *dialect_blames[] = {
    "", " load", " rate", " access", " request", " refusal", " thread", " time"
};


/* What the event brought, and what the run has so far. */

static ngx_inline void
dialect_add_reply(unit_text_t *text, ngx_thread_ws_reply_t *reply,
    ngx_int_t rc)
{
    ngx_uint_t  i;

    switch (rc) {

    case NGX_OK:
        unit_add(text, "ok");
        break;

    case NGX_DECLINED:
        unit_add(text, "declined");
        return;

    case NGX_ABORT:
        unit_add(text, "abort \"");
        unit_add_escaped(text, reply->error.data, reply->error.len);
        unit_add(text, "\"%s%s%s", dialect_blames[reply->blame],
                 reply->retryable ? " retryable" : "",
                 reply->quotable ? " quotable" : "");

        if (reply->retry_after) {
            unit_add(text, " after %d", (int) reply->retry_after);
        }

        break;

    default:
        unit_add(text, "rc %d", (int) rc);
    }

    if (reply->delta.len) {
        unit_add(text, " \"");
        dialect_add_delta(text, reply);
        unit_add(text, "\"");
    }

    for (i = 0; i < reply->nparts; i++) {
        unit_add(text, " [%d ", (int) reply->part[i].at);
        dialect_add_part(text, &reply->part[i]);
        unit_add(text, "]");
    }

    if (reply->finish_reason.len) {
        unit_add(text, " finish=");
        unit_add_escaped(text, reply->finish_reason.data,
                         reply->finish_reason.len);
    }

    if (reply->usage) {
        unit_add(text, " usage=%d/%d", (int) reply->input_tokens,
                 (int) reply->output_tokens);
    }

    if (reply->cached_tokens) {
        unit_add(text, " cached=%d", (int) reply->cached_tokens);
    }

    if (reply->reasoning_tokens) {
        unit_add(text, " reasoning=%d", (int) reply->reasoning_tokens);
    }

    unit_add(text, "%s%s%s", reply->refused ? " refused" : "",
             reply->tools ? " tools" : "", reply->reasoning ? " thought" : "");

    if (reply->done) {
        unit_add(text, " done");
    }
}


/*
 * One event more of a run.  It is given as memory of exactly its size, for the
 * sanitizer, which *held keeps for what the delta points to.
 */

static ngx_inline ngx_int_t
dialect_feed(ngx_thread_ws_dialect_t *d, ngx_thread_ws_reply_t *reply,
    const char *type, const void *data, size_t len, u_char **held)
{
    ngx_str_t  t, event;

    free(*held);
    *held = malloc(len ? len : 1);
    ngx_memcpy(*held, data, len);

    event.data = *held;
    event.len = len;
    t.data = (u_char *) type;
    t.len = ngx_strlen(type);

    return ngx_thread_ws_reply_event(d, reply, &t, &event);
}


/* One test: what a run's events, ended by NULL, say in the end. */

static ngx_inline ngx_uint_t
dialect_says(ngx_thread_ws_dialect_t *d, const char *type,
    const char **events, const char *expected, const char *name)
{
    u_char                 *held;
    ngx_int_t               rc;
    ngx_uint_t              ok;
    unit_text_t             text;
    ngx_thread_ws_reply_t   reply;

    ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));
    ngx_memzero(&text, sizeof(unit_text_t));

    held = NULL;
    rc = NGX_ERROR;

    for ( /* void */ ; *events; events++) {
        rc = dialect_feed(d, &reply, type, *events, ngx_strlen(*events),
                          &held);
    }

    dialect_add_reply(&text, &reply, rc);
    ok = unit_str(text.data, text.len, expected, "%s", name);

    unit_text_free(&text);
    ngx_thread_ws_reply_free(&reply);
    free(held);

    return ok;
}


/* what is asked for of a stream */

static ngx_uint_t  dialect_want;
static ngx_str_t  *dialect_tags;
static ngx_uint_t  dialect_ntags;

/* ... and whether it is gone on with, however it ends */

static ngx_uint_t  dialect_goes_on;


/* What a stream says: its text, and how it ends.  ctx is the dialect. */

static ngx_inline void
dialect_run(void *ctx, unit_feed_t *feed, unit_text_t *trace)
{
    size_t                    len;
    u_char                   *p, *last;
    ngx_int_t                 rc, said;
    ngx_uint_t                i;
    ngx_thread_ws_sse_t       sse;
    unit_text_t               text;
    ngx_thread_ws_reply_t     reply;
    ngx_thread_ws_dialect_t  *d = ctx;

    ngx_memzero(&sse, sizeof(ngx_thread_ws_sse_t));
    ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));
    ngx_memzero(&text, sizeof(unit_text_t));

    if (d->again && dialect_goes_on) {
        reply.turn = ngx_thread_ws_turn_create(&text.len);
    }

    reply.want = dialect_want;
    reply.tags = dialect_tags;
    reply.ntags = dialect_ntags;

    sse.limit = DIALECT_SAMPLE_MAX;
    said = NGX_OK;

    while (said == NGX_OK && (p = unit_next(feed, &len)) != NULL) {

        last = p + len;

        while (said == NGX_OK) {
            rc = ngx_thread_ws_stream_read(d, &sse, &reply, &p, last);

            if (rc == NGX_AGAIN) {
                break;
            }

            said = rc;

            if (said == NGX_OK) {
                dialect_add_delta(trace, &reply);
                unit_add_bytes(&text, reply.delta.data, reply.delta.len);

                for (i = 0; i < reply.nparts; i++) {
                    dialect_add_part(trace, &reply.part[i]);
                }
            }
        }
    }

    ngx_str_null(&reply.delta);
    reply.nparts = 0;

    unit_add(trace, " / ");
    dialect_add_reply(trace, &reply, said);

    if (said == NGX_OK && ngx_thread_ws_turn_pause(&reply) == NGX_OK) {
        unit_add(trace, " / ");
        dialect_add_again(trace, d, &reply, &text);
    }

    unit_text_free(&text);
    ngx_thread_ws_sse_free(&sse);
    ngx_thread_ws_reply_free(&reply);
}


/* One test: what a recorded stream says, however it arrives. */

static ngx_inline ngx_uint_t
dialect_sample(ngx_thread_ws_dialect_t *d, const char *file,
    const char *expected)
{
    FILE           *f;
    char            path[256];
    size_t          len;
    static u_char   stream[DIALECT_SAMPLE_MAX];

    snprintf(path, sizeof(path), "%s/%s",
             getenv("SAMPLES") ? getenv("SAMPLES") : "../samples", file);

    f = fopen(path, "r");

    if (f == NULL) {
        return unit_ok(0, "%s: cannot be opened", path);
    }

    len = fread(stream, 1, sizeof(stream), f);
    fclose(f);

    return unit_splits(dialect_run, d, stream, len, expected, "%s", file);
}


/* One test: a request body. */

static ngx_inline ngx_uint_t
dialect_requests(ngx_thread_ws_dialect_t *d, ngx_thread_ws_prompt_t *prompt,
    const char *parameters, const char *expected, const char *name)
{
    char        *body, *before, *after;
    json_t      *root;
    ngx_uint_t   ok;

    prompt->parameters = parameters ? json_loads(parameters, 0, NULL) : NULL;
    before = prompt->parameters ? json_dumps(prompt->parameters, 0) : NULL;

    root = d->request(prompt);
    body = json_dumps(root, JSON_COMPACT);

    ok = body && unit_str(body, ngx_strlen(body), expected, "%s", name);

    if (body == NULL) {
        unit_ok(0, "%s: no request", name);
    }

    if (prompt->parameters) {
        after = json_dumps(prompt->parameters, 0);
        unit_str(after, ngx_strlen(after), before,
                 "%s: the parameters are as they were", name);
        free(after);
        free(before);
    }

    json_decref(root);
    json_decref(prompt->parameters);
    prompt->parameters = NULL;
    free(body);

    return ok;
}


/* Memory for jansson that ends after so many allocations. */

static size_t  dialect_allowance;


static ngx_inline void *
dialect_malloc(size_t size)
{
    if (dialect_allowance == 0) {
        return NULL;
    }

    dialect_allowance--;

    return malloc(size);
}


/*
 * Two tests: without memory, wherever it ends, there is no request, and an
 * event is not read; what was taken until then is given back, which is for
 * the sanitizer to see.
 */

static ngx_inline void
dialect_starves(ngx_thread_ws_dialect_t *d, ngx_thread_ws_prompt_t *prompt,
    const char *type, const char *event)
{
    size_t                  n;
    json_t                 *root;
    u_char                 *held;
    ngx_int_t               rc;
    ngx_uint_t              wrong;
    ngx_thread_ws_reply_t   reply;

    prompt->parameters = json_loads("{\"input\":{\"a\":1},\"x\":[],"
                                    "\"stream_options\":{\"y\":1}}", 0, NULL);
    root = NULL;
    rc = NGX_ERROR;
    held = NULL;

    ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));
    json_set_alloc_funcs(dialect_malloc, free);

    for (n = 0; n < 1000 && root == NULL; n++) {
        dialect_allowance = n;
        root = d->request(prompt);
    }

    unit_ok(n > 10 && root != NULL, "without memory: no request (%d)", (int) n);

    json_decref(root);
    wrong = 0;

    for (n = 0; n < 1000 && rc != NGX_OK; n++) {
        dialect_allowance = n;
        rc = dialect_feed(d, &reply, type, event, ngx_strlen(event), &held);

        /* jansson's scanner may take it for broken text */

        wrong += (rc != NGX_OK && rc != NGX_ERROR && rc != NGX_DECLINED);
    }

    unit_ok(n > 2 && rc == NGX_OK && wrong == 0,
            "without memory: no event (%d, %d)", (int) n, (int) wrong);

    json_set_alloc_funcs(malloc, free);
    json_decref(prompt->parameters);
    prompt->parameters = NULL;

    ngx_thread_ws_reply_free(&reply);
    free(held);
}


/*
 * Requests of more than texts, with ever more memory: there is none until there
 * is enough for all of it.  asked and parts are JSON, the latter of the newest
 * run, or NULL.
 */

static ngx_inline void
dialect_starves_more(ngx_thread_ws_dialect_t *d,
    ngx_thread_ws_prompt_t *prompt, const char *asked, const char *parts)
{
    size_t       n;
    json_t      *root, *whole;
    ngx_uint_t   wrong;

    prompt->asked = json_loads(asked, 0, NULL);

    if (parts) {
        prompt->history[prompt->nhistory - 1].parts = json_loads(parts, 0,
                                                                 NULL);
    }

    whole = d->request(prompt);
    root = NULL;

    json_set_alloc_funcs(dialect_malloc, free);

    for (n = 0; n < 1000 && root == NULL; n++) {
        dialect_allowance = n;
        root = d->request(prompt);
    }

    json_set_alloc_funcs(malloc, free);

    wrong = !json_equal(root, whole);

    unit_ok(n > 20 && root && !wrong,
            "without memory: no request of more (%d)", (int) n);

    json_decref(root);
    json_decref(whole);
    json_decref(prompt->asked);

    prompt->asked = NULL;

    if (parts) {
        json_decref(prompt->history[prompt->nhistory - 1].parts);
        prompt->history[prompt->nhistory - 1].parts = NULL;
    }
}


#endif /* _UNIT_DIALECT_H_INCLUDED_ */
