
/*
 * Whatever a client says by HTTP: a body that is a command means the same with
 * what was added, and a place is read as it is written.
 */


#include "fuzz.h"
#include "base/ngx_thread_ws_string.h"
#include "wire/ngx_thread_ws_command.h"
#include "wire/ngx_thread_ws_post.h"


static void fuzz_body(ngx_str_t *body);
static void fuzz_place(ngx_str_t *value);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t  input;

    input.len = size;
    input.data = malloc(size ? size : 1);
    ngx_memcpy(input.data, data, size);

    fuzz_body(&input);
    fuzz_place(&input);

    free(input.data);

    return 0;
}


static void
fuzz_body(ngx_str_t *body)
{
    ngx_int_t                rc;
    ngx_str_t                thread;
    ngx_thread_ws_bytes_t    text;
    ngx_thread_ws_command_t  command, added;

    ngx_str_set(&thread, "t1");
    ngx_memzero(&text, sizeof(ngx_thread_ws_bytes_t));

    fuzz_assert(ngx_thread_ws_post_text(&text, body, &thread) == NGX_OK);
    fuzz_assert(text.len >= body->len
                || (text.len && text.data[0] == '{'));

    rc = ngx_thread_ws_command_parse(&command, body->data, body->len);

    if (rc == NGX_OK && command.type == NGX_THREAD_WS_COMMAND_MESSAGE) {
        fuzz_assert(ngx_thread_ws_command_parse(&added, text.data, text.len)
                    == NGX_OK);
        fuzz_assert(ngx_thread_ws_string_equal(&command.thread_id,
                                               &added.thread_id));
        fuzz_assert(ngx_thread_ws_string_equal(&command.request_id,
                                               &added.request_id));

    } else {
        rc = ngx_thread_ws_command_parse(&added, text.data, text.len);

        /* without a thread of its own it has the one that was added */

        fuzz_assert(rc != NGX_OK || added.thread_id.len == 0
                    || added.type == NGX_THREAD_WS_COMMAND_MESSAGE);
    }

    ngx_thread_ws_command_free(&command);
    ngx_thread_ws_command_free(&added);
    ngx_thread_ws_bytes_free(&text);
}


static void
fuzz_place(ngx_str_t *value)
{
    u_char     *last, buf[NGX_THREAD_WS_PLACE_MAX];
    size_t      position, again;
    ngx_str_t   id, same, written;

    if (ngx_thread_ws_place_read(value, &position, &id) != NGX_OK) {
        return;
    }

    last = ngx_thread_ws_place_write(buf, position, &id);

    written.data = buf;
    written.len = last - buf;

    fuzz_assert(ngx_thread_ws_place_read(&written, &again, &same) == NGX_OK);
    fuzz_assert(again == position && ngx_thread_ws_string_equal(&id, &same));
}
