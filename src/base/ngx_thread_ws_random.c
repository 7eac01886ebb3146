
/*
 * Random bytes.
 */


#include "base/ngx_thread_ws_random.h"
#include <sys/random.h>


void
ngx_thread_ws_random(u_char *p, size_t len)
{
    size_t  i;

    static ngx_pid_t  seeded;

    /* so few bytes come at once, or none, getrandom(2) */

    if (getrandom(p, len, GRND_NONBLOCK) == (ssize_t) len) {
        return;
    }

    /* core seeds its workers, but neither the master nor them anew */

    if (seeded != ngx_pid) {
        seeded = ngx_pid;
        srandom(((unsigned) ngx_pid << 16) ^ (unsigned) ngx_time()
                ^ (unsigned) ngx_random());
    }

    for (i = 0; i < len; i++) {
        p[i] = (u_char) (ngx_random() >> 8);
    }
}
