
/*
 * A growing piece of memory.
 */


#include "unit.h"
#include "base/ngx_thread_ws_bytes.h"


static void bytes_test_add(void);
static void bytes_test_sizes(void);
static void bytes_test_memory(void);


int
main(void)
{
    bytes_test_add();
    bytes_test_sizes();
    bytes_test_memory();

    return unit_done();
}


static void
bytes_test_add(void)
{
    u_char                 *p;
    size_t                  size;
    ngx_thread_ws_bytes_t   bytes;

    ngx_memzero(&bytes, sizeof(ngx_thread_ws_bytes_t));

    unit_int(ngx_thread_ws_bytes_add(&bytes, NULL, 0), NGX_OK, "nothing");
    unit_int(bytes.len, 0, "... adds nothing");

    (void) ngx_thread_ws_bytes_add(&bytes, (u_char *) "one ", 4);
    (void) ngx_thread_ws_bytes_add(&bytes, (u_char *) "two", 3);
    unit_str(bytes.data, bytes.len, "one two", "two pieces, in order");

    p = bytes.data;
    size = bytes.size;
    bytes.len = 0;

    (void) ngx_thread_ws_bytes_add(&bytes, (u_char *) "three", 5);
    unit_str(bytes.data, bytes.len, "three", "from the beginning again");
    unit_ok(bytes.data == p && bytes.size == size, "... in the same memory");

    ngx_thread_ws_bytes_free(&bytes);
    unit_ok(bytes.data == NULL && bytes.len == 0 && bytes.size == 0,
            "freed is as zeroed");

    ngx_thread_ws_bytes_free(&bytes);
    unit_ok(bytes.data == NULL, "... and may be freed again");
}


/* pieces of every length, beyond several doublings, over those before */

static void
bytes_test_sizes(void)
{
    u_char                 piece[3000];
    size_t                 i, len, total;
    ngx_uint_t             wrong;
    ngx_thread_ws_bytes_t  bytes;

    ngx_memzero(&bytes, sizeof(ngx_thread_ws_bytes_t));
    total = 0;
    wrong = 0;

    for (len = 0; len <= sizeof(piece); len += 7) {

        for (i = 0; i < len; i++) {
            piece[i] = (u_char) ((total + i) % 251);
        }

        wrong += ngx_thread_ws_bytes_add(&bytes, piece, len) != NGX_OK;
        total += len;
        wrong += bytes.len != total || bytes.size < total;
    }

    for (i = 0; i < total; i++) {
        wrong += bytes.data[i] != i % 251;
    }

    unit_int(wrong, 0, "%lu bytes in pieces of every length",
             (unsigned long) total);
    unit_ok(bytes.size < 2 * total, "... take less than twice the room");

    ngx_thread_ws_bytes_free(&bytes);
}


static void
bytes_test_memory(void)
{
    ngx_thread_ws_bytes_t  bytes;

    ngx_memzero(&bytes, sizeof(ngx_thread_ws_bytes_t));
    (void) ngx_thread_ws_bytes_add(&bytes, (u_char *) "kept", 4);

    unit_int(ngx_thread_ws_bytes_add(&bytes, (u_char *) "",
                                     NGX_MAX_SIZE_T_VALUE - 2),
             NGX_ERROR, "more than there can be");
    unit_str(bytes.data, bytes.len, "kept", "... leaves what there was");

    ngx_thread_ws_bytes_free(&bytes);
}
