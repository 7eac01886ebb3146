
/*
 * What a client says by HTTP: the body of a POST as a command's text, and
 * places.
 */


#include "unit.h"
#include "base/ngx_thread_ws_string.h"
#include "wire/ngx_thread_ws_command.h"
#include "wire/ngx_thread_ws_post.h"


typedef struct {
    const char  *name;
    const char  *body;
    const char  *thread;
    const char  *text;
} post_case_t;

typedef struct {
    const char  *value;
    const char  *says;
} place_case_t;


static void post_test_cases(void);
static void post_test_splits(void);
static void place_test_read(void);
static void place_test_write(void);


static post_case_t  post_cases[] = {
    { "a message", "{\"requestId\":\"r1\",\"content\":\"a\"}", "t1",
      "{\"threadId\":\"t1\",\"type\":\"message\",\"requestId\":\"r1\","
      "\"content\":\"a\"}" },
    { "... with its type", "{\"type\":\"message\",\"content\":\"a\"}", "t1",
      "{\"threadId\":\"t1\",\"type\":\"message\",\"content\":\"a\"}" },
    { "... with a thread", "{\"threadId\":\"t2\",\"content\":\"a\"}", "t1",
      "{\"type\":\"message\",\"threadId\":\"t2\",\"content\":\"a\"}" },
    { "... with both", " {\"type\":\"x\",\"threadId\":\"t2\"}\n", "t1",
      "{\"type\":\"x\",\"threadId\":\"t2\"}\n" },
    { "... escaped", "{\"t\\u0079pe\":1,\"threa\\u0064Id\":2}", "t1",
      "{\"t\\u0079pe\":1,\"threa\\u0064Id\":2}" },
    { "... without a thread", "{\"content\":\"a\"}", "",
      "{\"type\":\"message\",\"content\":\"a\"}" },
    { "an empty object", "\t\r\n {}", "t1",
      "{\"threadId\":\"t1\",\"type\":\"message\"}" },
    { "... with a type alone", "{\"type\":\"message\"}", "t1",
      "{\"threadId\":\"t1\",\"type\":\"message\"}" },
    { "a member within", "{\"a\":{\"type\":1}}", "",
      "{\"type\":\"message\",\"a\":{\"type\":1}}" },
    { "nothing", "", "t1", "" },
    { "an array", "[{}]", "t1", "[{}]" },
    { "no JSON", "{\"content\":\"a\"", "t1", "{\"content\":\"a\"" },
    { "two texts", "{}{}", "t1", "{}{}" },
    { NULL, NULL, NULL, NULL }
};


static place_case_t  place_cases[] = {
    { "0", "0 of \"\"" },
    { "31", "31 of \"\"" },
    { "31 r1", "31 of \"r1\"" },
    { "31 r 1", "31 of \"r 1\"" },
    { "9223372036854775807", "9223372036854775807 of \"\"" },
    { "9223372036854775808", "none" },
    { "99999999999999999999999", "none" },
    { "", "none" },
    { " ", "none" },
    { "31 ", "none" },
    { " r1", "none" },
    { "-1", "none" },
    { "+1", "none" },
    { "0x1", "none" },
    { "31\t", "none" },
    { "31 r\"1", "none" },
    { "31 r\xc3\xa4", "none" },
    { "r1", "none" },
    { NULL, NULL }
};


int
main(void)
{
    post_test_cases();
    post_test_splits();
    place_test_read();
    place_test_write();

    return unit_done();
}


static ngx_int_t
post_text(ngx_thread_ws_bytes_t *text, const char *body, size_t len,
    const char *thread)
{
    u_char     *copy;
    ngx_int_t   rc;
    ngx_str_t   b, t;

    /* of exactly its size, for sanitizers */

    copy = malloc(len ? len : 1);
    ngx_memcpy(copy, body, len);

    b.data = copy;
    b.len = len;
    t.data = (u_char *) thread;
    t.len = ngx_strlen(thread);

    ngx_memzero(text, sizeof(ngx_thread_ws_bytes_t));

    rc = ngx_thread_ws_post_text(text, &b, &t);

    free(copy);

    return rc;
}


static void
post_test_cases(void)
{
    post_case_t            *c;
    ngx_thread_ws_bytes_t   text;

    for (c = post_cases; c->name; c++) {
        unit_int(post_text(&text, c->body, ngx_strlen(c->body), c->thread),
                 NGX_OK, "%s is taken", c->name);
        unit_str(text.data, text.len, c->text, "%s", c->name);

        ngx_thread_ws_bytes_free(&text);
    }
}


/* whatever is cut off, what is left is no message */

static void
post_test_splits(void)
{
    size_t                    len;
    ngx_uint_t                taken;
    ngx_thread_ws_bytes_t     text;
    ngx_thread_ws_command_t   command;

    static char  body[] = "{\"requestId\":\"r1\",\"content\":\"a \\u00e4\"}";

    taken = 0;

    for (len = 0; len < sizeof(body); len++) {
        (void) post_text(&text, body, len, "t1");

        if (ngx_thread_ws_command_parse(&command, text.data, text.len)
            == NGX_OK)
        {
            taken++;
            unit_int(len, sizeof(body) - 1, "the whole is a message");
            unit_str(command.thread_id.data, command.thread_id.len, "t1",
                     "... of the thread");
        }

        ngx_thread_ws_command_free(&command);
        ngx_thread_ws_bytes_free(&text);
    }

    unit_int(taken, 1, "and no part of it");
}


static void
place_test_read(void)
{
    size_t         position;
    ngx_str_t      value, id;
    unit_text_t    text;
    place_case_t  *c;

    for (c = place_cases; c->value; c++) {
        value.data = (u_char *) c->value;
        value.len = ngx_strlen(c->value);

        ngx_memzero(&text, sizeof(unit_text_t));

        if (ngx_thread_ws_place_read(&value, &position, &id) == NGX_OK) {
            unit_add(&text, "%zu of \"", position);
            unit_add_bytes(&text, id.data, id.len);
            unit_add(&text, "\"");

        } else {
            unit_add(&text, "none");
        }

        unit_str(text.data, text.len, c->says, "the place \"%s\"", c->value);
        unit_text_free(&text);
    }
}


static void
place_test_write(void)
{
    u_char     *last, buf[NGX_THREAD_WS_PLACE_MAX];
    size_t      position;
    ngx_str_t   id, of;

    ngx_str_null(&id);

    last = ngx_thread_ws_place_write(buf, 31, &id);
    unit_str(buf, last - buf, "31", "a position");

    ngx_str_set(&id, "r1");

    last = ngx_thread_ws_place_write(buf, NGX_MAX_SIZE_T_VALUE, &id);
    of.data = buf;
    of.len = last - buf;
    unit_int(ngx_thread_ws_place_read(&of, &position, &id), NGX_OK,
             "the largest is read again");
    unit_str(id.data, id.len, "r1", "... with its run");
}
