
/*
 * When an agent may be asked again, by what its header says.
 */


#include "unit.h"
#include "dialect/ngx_thread_ws_retry.h"


/* 2026-11-28 12:00:00 UTC */

#define RETRY_NOW  1795867200


static void retry_test_time(void);
static void retry_test_after(void);
static void retry_test_limits(void);
static void retry_test_words(void);
static ngx_str_t retry_string(char *text);
static void retry_line(ngx_thread_ws_retry_t *retry, char *name, char *value);


int
main(void)
{
    retry_test_time();
    retry_test_after();
    retry_test_limits();
    retry_test_words();

    return unit_done();
}


static void
retry_test_time(void)
{
    ngx_str_t   value;
    ngx_uint_t  i;

    static struct {
        char       *value;
        long long   ms;
    } times[] = {
        { "7", 7000 },
        { "7.66", 7660 },
        { "0", 0 },
        { "0.0004", 0 },
        { "", 0 },
        { "-5", 0 },
        { "soon", 0 },
        { "7x", 0 },
        { "99999999999999999999999999", 86400000 },
        { "86401", 86400000 },
        { "200ms", 200 },
        { "1m30s", 90000 },
        { "1h2m3.5s", 3723500 },
        { "1d", 86400000 },
        { "1m30", 0 },
        { "1795867260", 60000 },
        { "1795867260000", 60000 },
        { "1795867140", 0 },
        { "2026-11-28T12:00:30Z", 30000 },
        { "2026-11-28t12:00:30.25Z", 30000 },
        { "2026-11-28T13:00:30+01:00", 30000 },
        { "2026-11-28T06:30:30-05:30", 30000 },
        { "2026-11-28T11:59:30Z", 0 },
        { "2026-12-01T00:00:00Z", 86400000 },
        { "2026-13-01T00:00:00Z", 0 },
        { "Sat, 28 Nov 2026 12:00:10 GMT", 10000 },
        { "Sat, 28 Nov 2026 11:00:00 GMT", 0 },
    };

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        value = retry_string(times[i].value);

        unit_int(ngx_thread_ws_retry_time(&value, RETRY_NOW), times[i].ms,
                 "a time of \"%s\"", times[i].value);
    }
}


static void
retry_test_after(void)
{
    ngx_thread_ws_retry_t  retry;

    ngx_memzero(&retry, sizeof(ngx_thread_ws_retry_t));

    unit_int(ngx_thread_ws_retry_after(&retry, 1), 0, "nothing is told");

    retry_line(&retry, "Retry-After-Ms", "1500");
    unit_int(ngx_thread_ws_retry_after(&retry, 0), 1500, "milliseconds");

    retry_line(&retry, "Retry-After", "2");
    unit_int(ngx_thread_ws_retry_after(&retry, 0), 2000, "the later of two");

    retry_line(&retry, "Retry-After", "1");
    unit_int(ngx_thread_ws_retry_after(&retry, 0), 2000,
             "... in either order");

    retry_line(&retry, "x-ratelimit-reset-tokens", "60s");
    unit_int(ngx_thread_ws_retry_after(&retry, 1), 2000,
             "limits count for nothing beside it");
}


static void
retry_test_limits(void)
{
    char                    name[64];
    ngx_uint_t              i;
    ngx_thread_ws_retry_t   retry;

    ngx_memzero(&retry, sizeof(ngx_thread_ws_retry_t));

    retry_line(&retry, "x-ratelimit-reset-requests", "30s");
    retry_line(&retry, "X-RateLimit-Reset-Tokens", "1m");

    unit_int(ngx_thread_ws_retry_after(&retry, 0), 0, "limits not asked for");
    unit_int(ngx_thread_ws_retry_after(&retry, 1), 30000, "the first of them");

    retry_line(&retry, "x-ratelimit-remaining-requests", "5");
    retry_line(&retry, "x-ratelimit-remaining-tokens", "0");

    unit_int(ngx_thread_ws_retry_after(&retry, 1), 60000,
             "the one that is used up");

    retry_line(&retry, "x-ratelimit-remaining-requests", "0");

    unit_int(ngx_thread_ws_retry_after(&retry, 1), 60000,
             "the last of those that are");

    /* more limits than there is room for: the first of them count */

    ngx_memzero(&retry, sizeof(ngx_thread_ws_retry_t));

    for (i = 0; i < NGX_THREAD_WS_RETRY_LIMITS + 2; i++) {
        snprintf(name, sizeof(name), "x-ratelimit-reset-%u", (unsigned) i);
        retry_line(&retry, name, i < NGX_THREAD_WS_RETRY_LIMITS ? "9" : "1");
    }

    unit_int(ngx_thread_ws_retry_after(&retry, 1), 9000, "too many limits");
}


static void
retry_test_words(void)
{
    ngx_thread_ws_retry_t  retry;

    ngx_memzero(&retry, sizeof(ngx_thread_ws_retry_t));

    retry_line(&retry, "x-should-retry", "maybe");
    unit_ok(!retry.yes && !retry.no, "neither yes nor no");

    retry_line(&retry, "X-Should-Retry", "false");
    unit_ok(!retry.yes && retry.no, "no");

    retry_line(&retry, "x-should-retry", "true");
    unit_ok(retry.yes && !retry.no, "yes");
}


static ngx_str_t
retry_string(char *text)
{
    ngx_str_t  string;

    string.data = (u_char *) text;
    string.len = strlen(text);

    return string;
}


static void
retry_line(ngx_thread_ws_retry_t *retry, char *name, char *value)
{
    ngx_str_t  n, v;

    n = retry_string(name);
    v = retry_string(value);

    ngx_thread_ws_retry_header(retry, &n, &v, RETRY_NOW);
}
