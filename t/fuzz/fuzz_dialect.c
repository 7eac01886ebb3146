
/*
 * The first byte says what the rest is: its low two bits choose the dialect,
 * the next makes the rest a stream instead of one event, the others choose the
 * event's type.
 */

#include "fuzz.h"
#include "dialect.h"
#include "json/ngx_thread_ws_json_read.h"


#define FUZZ_STREAM  0x04


static void fuzz_event(ngx_thread_ws_dialect_t *d, const char *type,
    const uint8_t *data, size_t size);
static void fuzz_agree(const uint8_t *data, size_t size);
static ngx_int_t fuzz_read(ngx_thread_ws_dialect_t *d, const char *type,
    const uint8_t *data, size_t size, unit_text_t *text);
static void fuzz_error(ngx_thread_ws_dialect_t *d, const uint8_t *data,
    size_t size);
static ngx_uint_t fuzz_utf8(ngx_str_t *text);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_uint_t                n;
    ngx_thread_ws_dialect_t  *d;

    static const char  *types[] = {
        "", "message", "messages", "error", "ping", "end", "messages|a", "x"
    };

    if (size == 0) {
        return 0;
    }

    n = data[0] & 3;
    d = ngx_thread_ws_dialects[n == 3 ? 0 : n];

    if (data[0] & FUZZ_STREAM) {
        fuzz_splits(dialect_run, d, data + 1, size - 1,
                    data[0] * 257 + data[size - 1]);
        return 0;
    }

    fuzz_event(d, types[(data[0] >> 3) & 7], data + 1, size - 1);
    fuzz_error(d, data + 1, size - 1);
    fuzz_agree(data + 1, size - 1);

    return 0;
}


static void
fuzz_event(ngx_thread_ws_dialect_t *d, const char *type, const uint8_t *data,
    size_t size)
{
    ngx_int_t    rc;
    unit_text_t  text;

    ngx_memzero(&text, sizeof(unit_text_t));

    rc = fuzz_read(d, type, data, size, &text);

    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED || rc == NGX_ABORT);

    unit_text_free(&text);
}


/*
 * What the scan says of a chunk of OpenAI's, the reader must say too: two equal
 * members in front send a chunk there.  And what is not JSON is malformed.
 */

static void
fuzz_agree(const uint8_t *data, size_t size)
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

    rc = fuzz_read(d, "", data, size, &text);

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

        fuzz_assert(rc == fuzz_read(d, "", forced, sizeof(twice) - 1 + size - 1,
                                    &judged));
        fuzz_assert(text.len == judged.len);
        fuzz_assert(ngx_memcmp(text.data, judged.data, text.len) == 0);

        free(forced);
    }

    json_decref(root);
    unit_text_free(&text);
    unit_text_free(&judged);
}


static ngx_int_t
fuzz_read(ngx_thread_ws_dialect_t *d, const char *type, const uint8_t *data,
    size_t size, unit_text_t *text)
{
    u_char                 *held, *plain, *end;
    ngx_int_t               rc;
    ngx_thread_ws_reply_t   reply;

    ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));
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
        fuzz_assert(fuzz_utf8(&reply.finish_reason));
        fuzz_assert(reply.input_tokens >= 0 && reply.output_tokens >= 0);
    }

    ngx_thread_ws_reply_free(&reply);
    free(held);

    return rc;
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
