
/*
 * Whatever is scanned as JSON means what jansson takes it for.
 */


#include "fuzz.h"
#include <jansson.h>
#include "json/ngx_thread_ws_json.h"
#include "json/ngx_thread_ws_json_scan.h"


static json_t *fuzz_string(const uint8_t *data, size_t size);
static void fuzz_inside(u_char *data, size_t size);
static void fuzz_escape(u_char *data, size_t size);
static void fuzz_skip(u_char *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char  *copy;

    copy = malloc(size + 1);
    ngx_memcpy(copy, data, size);

    fuzz_inside(copy, size);
    fuzz_escape(copy, size);
    fuzz_skip(copy, size);

    free(copy);

    return 0;
}


/* The data as jansson reads it between quotes; NULL if it is not an inside. */

static json_t *
fuzz_string(const uint8_t *data, size_t size)
{
    char    *quoted;
    json_t  *string;

    quoted = malloc(size + 2);
    quoted[0] = '"';
    ngx_memcpy(quoted + 1, data, size);
    quoted[size + 1] = '"';

    string = json_loadb(quoted, size + 2, JSON_DECODE_ANY|JSON_ALLOW_NUL, NULL);

    free(quoted);

    return string;
}


/* the data as the inside of a string */

static void
fuzz_inside(u_char *data, size_t size)
{
    size_t       plain;
    u_char      *dst, *end, *string;
    json_t      *judged;
    ngx_uint_t   nul;

    dst = malloc(size + 1);
    end = ngx_thread_ws_json_unescape(dst, data, size);
    judged = fuzz_string(data, size);

    fuzz_assert((end != NULL) == (judged != NULL));

    if (judged) {
        fuzz_assert((size_t) (end - dst) == json_string_length(judged));
        fuzz_assert(ngx_memcmp(dst, json_string_value(judged), end - dst) == 0);
    }

    /* the scanner wants to see the quote, and no U+0000 */

    string = malloc(size + 1);
    ngx_memcpy(string, data, size);
    string[size] = '"';

    nul = judged && memchr(json_string_value(judged), '\0',
                           json_string_length(judged)) != NULL;

    if (judged && !nul) {
        fuzz_assert(ngx_thread_ws_json_string(string, string + size + 1, &plain)
                    == string + size);
        fuzz_assert(plain == json_string_length(judged));

    } else {
        fuzz_assert(ngx_thread_ws_json_string(string, string + size + 1, &plain)
                    != string + size);
    }

    /* in place */

    if (judged) {
        end = ngx_thread_ws_json_unescape(data, data, size);

        fuzz_assert((size_t) (end - data) == json_string_length(judged));
        fuzz_assert(ngx_memcmp(dst, data, end - data) == 0);

        ngx_memcpy(data, string, size);
    }

    json_decref(judged);
    free(string);
    free(dst);
}


/* the data as plain text: there and back */

static void
fuzz_escape(u_char *data, size_t size)
{
    size_t   escaped, i;
    u_char  *dst, *end, *back;
    json_t  *judged;

    escaped = ngx_thread_ws_json_escaped_size(data, size);
    dst = malloc(escaped + 1);
    end = ngx_thread_ws_json_escape(dst, data, size);

    fuzz_assert((size_t) (end - dst) == escaped);

    judged = fuzz_string(dst, escaped);
    back = malloc(escaped + 1);
    end = ngx_thread_ws_json_unescape(back, dst, escaped);

    fuzz_assert((end != NULL) == (judged != NULL));

    for (i = 0; i < size && data[i] != '\0'; i++) {
        /* void */
    }

    if (end && i == size) {
        fuzz_assert((size_t) (end - back) == size);
        fuzz_assert(ngx_memcmp(back, data, size) == 0);
    }

    json_decref(judged);
    free(back);
    free(dst);
}


/* the data as a document: what is passed over, jansson reads */

static void
fuzz_skip(u_char *data, size_t size)
{
    u_char  *copy, *end;
    json_t  *judged;

    /* of exactly its size, for the sanitizer */

    copy = malloc(size ? size : 1);
    ngx_memcpy(copy, data, size);

    end = ngx_thread_ws_json_skip(copy, copy + size, 8);

    if (end) {
        judged = json_loadb((char *) data, end - copy,
                            JSON_DECODE_ANY|JSON_ALLOW_NUL, NULL);
        fuzz_assert(judged != NULL);
        json_decref(judged);
    }

    free(copy);
}
