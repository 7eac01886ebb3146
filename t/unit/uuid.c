
/*
 * UUIDs made from names, and what they look like.
 */


#include "unit.h"
#include "base/ngx_thread_ws_uuid.h"


typedef struct {
    const char  *owner;
    const char  *id;
    const char  *uuid;
} uuid_thread_t;


typedef struct {
    const char  *text;
    ngx_int_t    rc;
} uuid_check_t;


static void uuid_test_check(void);
static void uuid_test_name(void);
static void uuid_test_thread(void);


static uuid_check_t  uuid_checks[] = {
    { "00000000-0000-4000-8000-000000000001", NGX_OK },
    { "0123abcd-89ef-ABCD-EF01-23456789abcD", NGX_OK },
    { "", NGX_DECLINED },
    { "00000000-0000-4000-8000-00000000001", NGX_DECLINED },
    { "00000000-0000-4000-8000-0000000000001", NGX_DECLINED },
    { "000000000000-4000-8000-0000-00000001", NGX_DECLINED },
    { "0000000g-0000-4000-8000-000000000001", NGX_DECLINED },
    { "0000000`-0000-4000-8000-000000000001", NGX_DECLINED },
    { "0000000/-0000-4000-8000-000000000001", NGX_DECLINED },
    { "0000000:-0000-4000-8000-000000000001", NGX_DECLINED },
    { "\x10" "0000000-0000-4000-8000-000000000001", NGX_DECLINED },
    { "00000000-0000-4000-8000_000000000001", NGX_DECLINED },
    { "{0000000-0000-4000-8000-00000000001}", NGX_DECLINED }
};


/* worked out by another program, from the name space and owner, slash, id */

static uuid_thread_t  uuid_threads[] = {
    { "", "main", "3222ff7f-df87-516d-9dde-4ccc2540a186" },
    { "alice", "main", "4b1c2e76-e0a9-5501-a94c-d8609242f2c7" },
    { "a/b", "c", "e2eb33d9-bda1-51d2-a4e1-df39ad671aea" },
    { "J\xc3\xbcrgen", "x", "3c6a3cc7-34be-5e7a-871b-b70d14f1741d" },

    /* a UUID stays what it is, unless somebody owns it */

    { "", "00000000-0000-4000-8000-000000000001",
      "00000000-0000-4000-8000-000000000001" },
    { "bob", "00000000-0000-4000-8000-000000000001",
      "875730e6-503c-570a-998e-fd98d5e89116" }
};


/* RFC 9562, appendix A.4 */

static const u_char  uuid_dns[] = {
    0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
    0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8
};


int
main(void)
{
    uuid_test_check();
    uuid_test_name();
    uuid_test_thread();

    return unit_done();
}


static void
uuid_test_check(void)
{
    ngx_str_t   text;
    ngx_uint_t  i;

    for (i = 0; i < sizeof(uuid_checks) / sizeof(uuid_check_t); i++) {
        text.data = (u_char *) uuid_checks[i].text;
        text.len = ngx_strlen(text.data);

        unit_int(ngx_thread_ws_uuid_check(&text), uuid_checks[i].rc,
                 "grammar: \"%s\"", uuid_checks[i].text);
    }
}


static void
uuid_test_name(void)
{
    u_char     dst[NGX_THREAD_WS_UUID_LEN];
    ngx_str_t  name;

    ngx_str_set(&name, "www.example.com");

    ngx_thread_ws_uuid_name(dst, uuid_dns, &name);

    unit_str(dst, sizeof(dst), "2ed6657d-e927-568b-95e1-2665a8aea6a2",
             "version 5: the RFC's example");
}


static void
uuid_test_thread(void)
{
    u_char          dst[NGX_THREAD_WS_UUID_LEN];
    ngx_str_t       owner, id;
    ngx_uint_t      i;
    uuid_thread_t  *thread;

    for (i = 0; i < sizeof(uuid_threads) / sizeof(uuid_thread_t); i++) {
        thread = &uuid_threads[i];

        owner.data = (u_char *) thread->owner;
        owner.len = ngx_strlen(owner.data);
        id.data = (u_char *) thread->id;
        id.len = ngx_strlen(id.data);

        ngx_thread_ws_uuid_thread(dst, &owner, &id);

        unit_str(dst, sizeof(dst), thread->uuid, "thread: \"%s\" of \"%s\"",
                 thread->id, thread->owner);

        id.data = dst;
        id.len = sizeof(dst);

        unit_int(ngx_thread_ws_uuid_check(&id), NGX_OK,
                 "thread: \"%s\" of \"%s\" is a UUID",
                 thread->id, thread->owner);
    }
}
