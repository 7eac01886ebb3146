
/*
 * One change to the zone, an instruction at a time.
 */


#include "walk.h"
#include <sys/ptrace.h>
#include <sys/wait.h>


ngx_pid_t  walker;


ngx_int_t
walk(void (*change)(void), void (*look)(void), ngx_uint_t last)
{
    int              status;
    size_t           size;
    u_char          *addr;
    ngx_uint_t       n;
    static u_char   *before;
    static size_t    nbefore;

    addr = ngx_thread_ws_zone->shm_zone->shm.addr;
    size = ngx_thread_ws_zone->shm_zone->shm.size;

    if (nbefore < size) {
        free(before);
        before = malloc(size);
        nbefore = size;
    }

    walker = fork();

    if (walker == 0) {
        ngx_pid = ngx_getpid();

        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1) {
            _exit(1);
        }

        raise(SIGSTOP);
        change();
        _exit(0);
    }

    ngx_memcpy(before, addr, size);
    n = 0;

    while (waitpid(walker, &status, 0) == walker && WIFSTOPPED(status)) {

        if (ngx_memcmp(before, addr, size) != 0) {
            n++;

            ngx_memcpy(before, addr, size);

            if (look) {
                *ngx_thread_ws_zone->shpool->mutex.lock = 0;
                look();
                ngx_memcpy(addr, before, size);

            } else if (n == last) {
                kill(walker, SIGKILL);
            }
        }

        (void) ptrace(PTRACE_SINGLESTEP, walker, NULL, NULL);
    }

    if (WIFSIGNALED(status)) {
        *ngx_thread_ws_zone->shpool->mutex.lock = 0;
        return n;
    }

    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? (ngx_int_t) n : -1;
}


ngx_int_t
overtake(void (*work)(void), ngx_int_t (*done)(void), ngx_uint_t steps,
    void (*meanwhile)(void))
{
    int         status;
    ngx_uint_t  i;

    walker = fork();

    if (walker == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1) {
            _exit(100);
        }

        /* once before, so that all that it calls is bound */

        work();
        (void) done();

        raise(SIGSTOP);
        work();
        raise(SIGUSR1);

        _exit(done());
    }

    for (i = 0; waitpid(walker, &status, 0) == walker; i++) {

        if (!WIFSTOPPED(status)) {
            return -1;
        }

        if (WSTOPSIG(status) == SIGUSR1) {
            kill(walker, SIGKILL);
            (void) waitpid(walker, &status, 0);
            return -1;
        }

        if (i == steps) {
            break;
        }

        (void) ptrace(PTRACE_SINGLESTEP, walker, NULL, NULL);
    }

    meanwhile();

    (void) ptrace(PTRACE_CONT, walker, NULL, NULL);
    (void) waitpid(walker, &status, 0);
    (void) ptrace(PTRACE_CONT, walker, NULL, NULL);
    (void) waitpid(walker, &status, 0);

    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}
