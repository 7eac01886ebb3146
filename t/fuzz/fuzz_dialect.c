
/*
 * The first byte says what the rest is: its low two bits choose the dialect,
 * the next makes the rest a stream instead of one event.  The others choose the
 * event's type; of a stream, whether more than text is asked for, whether tags in
 * it are looked at, and whether it is gone on with where it ends.
 */

#include "fuzz.h"
#include "dialect.h"
#include "json/ngx_thread_ws_json_read.h"


#define FUZZ_STREAM  0x04
#define FUZZ_WANT    0x08
#define FUZZ_TAGS    0x10
#define FUZZ_AGAIN   0x20


static void fuzz_event(ngx_thread_ws_dialect_t *d, const char *type,
    const uint8_t *data, size_t size);
static void fuzz_agree(const uint8_t *data, size_t size, ngx_uint_t want);
static ngx_int_t fuzz_read(ngx_thread_ws_dialect_t *d, ngx_uint_t want,
    const char *type, const uint8_t *data, size_t size, unit_text_t *text);
static void fuzz_parts(ngx_thread_ws_reply_t *reply);
static ngx_uint_t fuzz_json(ngx_str_t *text);
static void fuzz_error(ngx_thread_ws_dialect_t *d, const uint8_t *data,
    size_t size);
static ngx_uint_t fuzz_utf8(ngx_str_t *text);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_uint_t                n;
    ngx_thread_ws_dialect_t  *d;

    static const char  *types[] = {
        "", "message", "messages", "error", "updates", "end", "custom", "x"
    };

    static ngx_str_t  tags[] = { ngx_string("t"), ngx_string("think") };

    if (size == 0) {
        return 0;
    }

    n = data[0] & 3;
    d = ngx_thread_ws_dialects[n == 3 ? 0 : n];

    if (data[0] & FUZZ_STREAM) {
        dialect_want = (data[0] & FUZZ_WANT)
                       ? NGX_THREAD_WS_WANT_ALL|NGX_THREAD_WS_WANT_SIGNATURES
                       : 0;
        dialect_tags = tags;
        dialect_ntags = (data[0] & FUZZ_TAGS) ? 2 : 0;
        dialect_goes_on = (data[0] & FUZZ_AGAIN) != 0;

        fuzz_splits(dialect_run, d, data + 1, size - 1,
                    data[0] * 257 + data[size - 1]);
        return 0;
    }

    fuzz_event(d, types[(data[0] >> 3) & 7], data + 1, size - 1);
    fuzz_error(d, data + 1, size - 1);
    fuzz_agree(data + 1, size - 1, 0);
    fuzz_agree(data + 1, size - 1, NGX_THREAD_WS_WANT_ALL);

    return 0;
}


/* what is asked for changes neither the verdict nor the text */

static void
fuzz_event(ngx_thread_ws_dialect_t *d, const char *type, const uint8_t *data,
    size_t size)
{
    size_t       len;
    ngx_int_t    rc;
    unit_text_t  text, all;

    ngx_memzero(&text, sizeof(unit_text_t));
    ngx_memzero(&all, sizeof(unit_text_t));

    rc = fuzz_read(d, 0, type, data, size, &text);

    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED || rc == NGX_ABORT);
    fuzz_assert(rc == fuzz_read(d, NGX_THREAD_WS_WANT_ALL, type, data, size,
                                &all));

    if (rc == NGX_OK && text.len > 4 && text.data[3] == '"') {

        len = (u_char *) strchr((char *) text.data + 4, '"') - text.data;

        fuzz_assert(all.len >= len
                    && ngx_memcmp(all.data, text.data, len) == 0);
    }

    unit_text_free(&text);
    unit_text_free(&all);
}


/*
 * What the scan says of a chunk of OpenAI's, the reader must say too: two equal
 * members in front send a chunk there.  And what is not JSON is malformed.
 */

static void
fuzz_agree(const uint8_t *data, size_t size, ngx_uint_t want)
{
    json_t                   *root;
    u_char                   *p;
    uint8_t                  *forced;
    ngx_int_t                 rc;
    unit_text_t               text, judged;
    ngx_thread_ws_dialect_t  *d;

    static const char  twice[] = "{\"usage\":null,\"usage\":null,";

    if (size < 2 || data[0] != '{') {
        return;
    }

    d = &ngx_thread_ws_dialect_openai;

    ngx_memzero(&text, sizeof(unit_text_t));
    ngx_memzero(&judged, sizeof(unit_text_t));

    rc = fuzz_read(d, want, "", data, size, &text);

    p = (u_char *) data;

    if (ngx_thread_ws_json_read(&root, &p, (u_char *) data + size, 0)
        != NGX_OK)
    {
        root = NULL;
        fuzz_assert(rc == NGX_DECLINED);
    }

    if (root == NULL || json_object_size(root)) {
        forced = malloc(sizeof(twice) - 1 + size - 1);
        ngx_memcpy(forced, twice, sizeof(twice) - 1);
        ngx_memcpy(forced + sizeof(twice) - 1, data + 1, size - 1);

        fuzz_assert(rc == fuzz_read(d, want, "", forced,
                                    sizeof(twice) - 1 + size - 1, &judged));
        fuzz_assert(text.len == judged.len);
        fuzz_assert(ngx_memcmp(text.data, judged.data, text.len) == 0);

        free(forced);
    }

    json_decref(root);
    unit_text_free(&text);
    unit_text_free(&judged);
}


static ngx_int_t
fuzz_read(ngx_thread_ws_dialect_t *d, ngx_uint_t want, const char *type,
    const uint8_t *data, size_t size, unit_text_t *text)
{
    u_char                 *held, *plain, *end;
    ngx_int_t               rc;
    ngx_thread_ws_reply_t   reply;

    ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));
    reply.want = want;
    held = NULL;

    rc = dialect_feed(d, &reply, type, data, size, &held);
    dialect_add_reply(text, &reply, rc);

    if (rc == NGX_OK && reply.delta.len) {
        plain = malloc(reply.delta.len);
        end = ngx_thread_ws_json_unescape(plain, reply.delta.data,
                                          reply.delta.len);

        fuzz_assert(end != NULL);
        fuzz_assert((size_t) (end - plain) == reply.delta_size);
        fuzz_assert(memchr(plain, '\0', end - plain) == NULL);

        free(plain);
    }

    if (rc == NGX_ABORT) {
        fuzz_assert(reply.error.len != 0 && fuzz_utf8(&reply.error));
        fuzz_assert(reply.delta.len == 0);
    }

    if (rc == NGX_OK) {
        fuzz_parts(&reply);
        fuzz_assert(fuzz_utf8(&reply.finish_reason));
        fuzz_assert(reply.input_tokens >= 0 && reply.output_tokens >= 0);
    }

    ngx_thread_ws_reply_free(&reply);
    free(held);

    return rc;
}


/* texts are the inside of strings, values are JSON, and all are in order */

static void
fuzz_parts(ngx_thread_ws_reply_t *reply)
{
    size_t                 at;
    ngx_str_t              text;
    ngx_uint_t             i, j;
    ngx_thread_ws_part_t  *part;

    at = 0;

    for (i = 0; i < reply->nparts; i++) {
        part = &reply->part[i];

        fuzz_assert(part->at >= at && part->at <= reply->delta.len);
        at = part->at;

        for (j = 0; j < 3; j++) {
            text = (j == 0) ? part->id : (j == 1) ? part->name : part->value;

            if (j == 2 && part->kind != NGX_THREAD_WS_PART_REASONING
                && part->kind != NGX_THREAD_WS_PART_INPUT)
            {
                fuzz_assert(text.len == 0 || fuzz_json(&text));
                continue;
            }

            text.data = malloc(text.len + 2);
            text.data[0] = '"';
            ngx_memcpy(text.data + 1, (j == 0) ? part->id.data
                                      : (j == 1) ? part->name.data
                                      : part->value.data, text.len);
            text.data[text.len + 1] = '"';
            text.len += 2;

            fuzz_assert(fuzz_json(&text));

            free(text.data);
        }
    }
}


static ngx_uint_t
fuzz_json(ngx_str_t *text)
{
    json_t  *root;

    root = json_loadb((char *) text->data, text->len,
                      JSON_DECODE_ANY|JSON_DECODE_INT_AS_REAL, NULL);

    if (root == NULL) {
        return 0;
    }

    json_decref(root);

    return 1;
}


static void
fuzz_error(ngx_thread_ws_dialect_t *d, const uint8_t *data, size_t size)
{
    ngx_int_t              rc;
    ngx_str_t              body;
    ngx_thread_ws_reply_t  reply;

    ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));

    body.data = (u_char *) data;
    body.len = size;

    rc = ngx_thread_ws_reply_error(d, &reply, &body);

    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED);
    fuzz_assert(rc == NGX_DECLINED || reply.error.len != 0);
    fuzz_assert(rc == NGX_DECLINED || fuzz_utf8(&reply.error));

    ngx_thread_ws_reply_free(&reply);
}


static ngx_uint_t
fuzz_utf8(ngx_str_t *text)
{
    json_t  *string;

    if (text->len == 0) {
        return 1;
    }

    string = json_stringn((char *) text->data, text->len);

    if (string == NULL) {
        return 0;
    }

    json_decref(string);

    return 1;
}
