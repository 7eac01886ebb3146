/*
 * agent PORT
 *
 * A mock of an agent's OpenAI-compatible server, one process on epoll, that
 * answers each POST as the last message in its body says (see common.h).
 * Every token is an SSE event, an HTTP chunk and a write of its own, as real
 * agents send them.  "GET /closed" tells the runs whose connection was closed
 * in mid-answer, with the time, and forgets them.
 */


#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"


/* writes that a stream without a gap may make before the others have a turn */
#define AGENT_TURN    8

#define AGENT_CLOSED  131072
#define AGENT_EVENTS  512
#define AGENT_OUT     1024
#define AGENT_IN      4096

#define AGENT_HEAD                                                            \
    "HTTP/1.1 200 OK\r\n"                                                     \
    "Content-Type: text/event-stream\r\n"                                     \
    "Cache-Control: no-cache\r\n"                                             \
    "Transfer-Encoding: chunked\r\n\r\n"

#define AGENT_EVENT                                                           \
    "data: {\"id\":\"chatcmpl-%016llx\",\"object\":\"chat.completion.chunk\"," \
    "\"created\":1700000000,\"model\":\"mock\",\"choices\":[{\"index\":0,"    \
    "\"delta\":"

#define AGENT_OPEN    "{\"role\":\"assistant\",\"content\":\"\"}"
#define AGENT_GOES    ",\"logprobs\":null,\"finish_reason\":null}]}\n\n"
#define AGENT_STOPS   "{},\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\n"
#define AGENT_DONE    "data: [DONE]\n\n"


typedef struct agent_conn_s  agent_conn_t;

struct agent_conn_s {
    int            fd;

    char          *in;
    size_t         in_len;
    size_t         in_size;

    /* what the socket did not take */
    char          *out;
    size_t         out_pos;
    size_t         out_len;
    size_t         out_size;

    bench_task_t   task;
    uint64_t       sent;
    uint64_t       due;
    uint64_t       name;
    size_t         heap;

    unsigned       streaming:1;
    unsigned       waiting:1;
    unsigned       blocked:1;
    unsigned       running:1;

    agent_conn_t  *next;
};

typedef struct {
    uint64_t       run;
    uint64_t       when;
} agent_closed_t;


static void agent_input(agent_conn_t *c);
static void agent_schedule(agent_conn_t *c);


static int              agent_epoll;
static agent_closed_t   agent_closed[AGENT_CLOSED];
static size_t           agent_nclosed;

/* streams that wait for the time of their next token: heap[1] is the next */

static agent_conn_t   **agent_heap;
static size_t           agent_nheap;
static size_t           agent_heap_size;

/* streams without a gap, in turn; and what is to be freed after this turn */

static agent_conn_t    *agent_ring;
static agent_conn_t   **agent_ring_end = &agent_ring;
static agent_conn_t    *agent_dead;


static void
agent_heap_place(agent_conn_t *c, size_t i)
{
    size_t  child;

    while (i > 1 && agent_heap[i / 2]->due > c->due) {
        agent_heap[i] = agent_heap[i / 2];
        agent_heap[i]->heap = i;
        i /= 2;
    }

    while ((child = i * 2) <= agent_nheap) {

        if (child < agent_nheap
            && agent_heap[child + 1]->due < agent_heap[child]->due)
        {
            child++;
        }

        if (agent_heap[child]->due >= c->due) {
            break;
        }

        agent_heap[i] = agent_heap[child];
        agent_heap[i]->heap = i;
        i = child;
    }

    agent_heap[i] = c;
    c->heap = i;
}


static void
agent_heap_add(agent_conn_t *c)
{
    if (agent_nheap + 2 > agent_heap_size) {
        agent_heap_size = agent_heap_size * 2 + 256;
        agent_heap = realloc(agent_heap,
                             agent_heap_size * sizeof(agent_conn_t *));
        if (agent_heap == NULL) {
            bench_die("agent: realloc");
        }
    }

    agent_nheap++;
    agent_heap_place(c, agent_nheap);
}


static void
agent_heap_remove(agent_conn_t *c)
{
    size_t         i;
    agent_conn_t  *last;

    i = c->heap;

    if (i == 0) {
        return;
    }

    c->heap = 0;
    last = agent_heap[agent_nheap--];

    if (last != c) {
        agent_heap_place(last, i);
    }
}


static void
agent_close(agent_conn_t *c)
{
    if (c->fd == -1) {
        return;
    }

    if (c->streaming && agent_nclosed < AGENT_CLOSED) {
        agent_closed[agent_nclosed].run = c->task.run;
        agent_closed[agent_nclosed++].when = bench_now();
    }

    agent_heap_remove(c);
    close(c->fd);

    c->fd = -1;
    c->streaming = 0;

    if (!c->running) {
        c->next = agent_dead;
        agent_dead = c;
    }
}


static void
agent_free(agent_conn_t *c)
{
    free(c->in);
    free(c->out);
    free(c);
}


static void
agent_watch(agent_conn_t *c, int op, uint32_t events)
{
    struct epoll_event  ee;

    ee.events = events | EPOLLRDHUP;
    ee.data.ptr = c;

    if (epoll_ctl(agent_epoll, op, c->fd, &ee) == -1) {
        bench_die("agent: epoll_ctl");
    }
}


static void
agent_write(agent_conn_t *c, const char *p, size_t len)
{
    ssize_t  n;

    if (c->fd == -1) {
        return;
    }

    if (!c->blocked) {

        n = send(c->fd, p, len, MSG_NOSIGNAL);

        if (n == (ssize_t) len) {
            return;
        }

        if (n == -1) {
            if (errno != EAGAIN) {
                agent_close(c);
                return;
            }

            n = 0;
        }

        p += n;
        len -= (size_t) n;
        c->blocked = 1;
        c->out_pos = 0;
        c->out_len = 0;

        agent_watch(c, EPOLL_CTL_MOD, EPOLLIN|EPOLLOUT);
    }

    if (c->out_len + len > c->out_size) {
        c->out_size = c->out_len + len + AGENT_OUT;
        c->out = realloc(c->out, c->out_size);
        if (c->out == NULL) {
            bench_die("agent: realloc");
        }
    }

    memcpy(c->out + c->out_len, p, len);
    c->out_len += len;
}


/* Writes data as an HTTP chunk to p and returns its end. */

static char *
agent_chunk(char *p, const char *data, size_t len)
{
    p += sprintf(p, "%zx\r\n", len);
    p = mempcpy(p, data, len);

    return mempcpy(p, "\r\n", 2);
}


/* Tokens hold no other characters that JSON wants escaped than these. */

static char *
agent_escape(char *p, const char *text, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {

        switch (text[i]) {

        case '\n':
            p = mempcpy(p, "\\n", 2);
            break;

        case '\t':
            p = mempcpy(p, "\\t", 2);
            break;

        case '"':
        case '\\':
            *p++ = '\\';
            /* fall through */

        default:
            *p++ = text[i];
        }
    }

    return p;
}


static void
agent_token(agent_conn_t *c)
{
    char     event[AGENT_OUT], out[AGENT_OUT + 32], text[BENCH_TOKEN_MAX];
    char    *p;
    size_t   n;

    p = event + sprintf(event, AGENT_EVENT, (unsigned long long) c->name);
    p = stpcpy(p, "{\"content\":\"");

    if (c->task.stamp) {
        bench_stamp(p, bench_now());
        p += BENCH_STAMP;
    }

    n = bench_token(text, c->task.run, c->sent++);
    p = agent_escape(p, text, n);
    p = stpcpy(p, "\"}" AGENT_GOES);

    p = agent_chunk(out, event, (size_t) (p - event));

    agent_write(c, out, (size_t) (p - out));
}


static void
agent_end(agent_conn_t *c)
{
    char   event[AGENT_OUT], out[AGENT_OUT + 64];
    char  *p;

    p = event + sprintf(event, AGENT_EVENT AGENT_STOPS,
                        (unsigned long long) c->name);

    p = agent_chunk(out, event, (size_t) (p - event));
    p = agent_chunk(p, AGENT_DONE, sizeof(AGENT_DONE) - 1);
    p = stpcpy(p, "0\r\n\r\n");

    c->streaming = 0;

    agent_write(c, out, (size_t) (p - out));
}


static void
agent_cork(agent_conn_t *c, int on)
{
    if (c->fd != -1) {
        setsockopt(c->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(int));
    }
}


/* A token or a burst of them; the end comes with the last of a burst. */

static void
agent_step(agent_conn_t *c)
{
    uint64_t  i;

    if (c->task.joined) {
        agent_cork(c, 1);
    }

    for (i = 0; i < c->task.burst + !c->task.burst; i++) {
        if (c->sent == c->task.tokens) {
            break;
        }

        agent_token(c);
    }

    if (c->sent == c->task.tokens && (i == 0 || c->task.burst)) {
        agent_end(c);
    }

    if (c->task.joined) {
        agent_cork(c, 0);
    }
}


static void
agent_schedule(agent_conn_t *c)
{
    if (c->fd == -1 || !c->streaming || c->blocked || c->heap || c->running) {
        return;
    }

    if (c->task.gap) {
        agent_heap_add(c);
        return;
    }

    c->running = 1;
    c->next = NULL;
    *agent_ring_end = c;
    agent_ring_end = &c->next;
}


static void
agent_post(agent_conn_t *c, const char *body, size_t len)
{
    char         out[AGENT_OUT], event[AGENT_OUT];
    char        *p;
    const char  *task, *found, *end;

    static uint64_t  names;

    end = body + len;
    task = NULL;

    /* a history may come before the message */

    for (found = body;
         (found = memmem(found, (size_t) (end - found), "tokens:", 7));
         found += 7)
    {
        task = found;
    }

    if (task == NULL) {
        agent_close(c);
        return;
    }

    found = memchr(task, '"', (size_t) (end - task));
    bench_task_parse(&c->task, task, (size_t) ((found ? found : end) - task));

    c->name = ++names * 0x9e3779b97f4a7c15ULL;
    c->sent = 0;
    c->streaming = 1;
    c->due = bench_now() + c->task.gap * 1000;

    p = event + sprintf(event, AGENT_EVENT AGENT_OPEN AGENT_GOES,
                        (unsigned long long) c->name);

    p = agent_chunk(stpcpy(out, AGENT_HEAD), event, (size_t) (p - event));

    agent_write(c, out, (size_t) (p - out));
    agent_schedule(c);
}


static void
agent_get(agent_conn_t *c)
{
    char    *body, *p;
    char     head[AGENT_OUT];
    size_t   i;

    body = malloc(agent_nclosed * 48 + 1);
    if (body == NULL) {
        bench_die("agent: malloc");
    }

    for (p = body, i = 0; i < agent_nclosed; i++) {
        p += sprintf(p, "%llu %llu\n",
                     (unsigned long long) agent_closed[i].run,
                     (unsigned long long) agent_closed[i].when);
    }

    agent_nclosed = 0;

    sprintf(head, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                  "Content-Length: %zu\r\n\r\n", (size_t) (p - body));

    agent_write(c, head, strlen(head));
    agent_write(c, body, (size_t) (p - body));

    free(body);
}


/* Takes one request from the input; returns 0 if it is not there yet. */

static int
agent_request(agent_conn_t *c)
{
    char    *end, *field;
    size_t   head, len;

    end = memmem(c->in, c->in_len, "\r\n\r\n", 4);
    if (end == NULL) {
        return 0;
    }

    *end = '\0';
    head = (size_t) (end - c->in) + 4;
    len = 0;

    field = strcasestr(c->in, "\ncontent-length:");
    if (field) {
        len = strtoul(field + sizeof("\ncontent-length:") - 1, NULL, 10);
    }

    *end = '\r';

    if (c->in_len < head + len) {
        return 0;
    }

    if (c->in[0] == 'P') {
        agent_post(c, c->in + head, len);

    } else {
        agent_get(c);
    }

    if (c->fd == -1) {
        return 0;
    }

    c->in_len -= head + len;
    memmove(c->in, c->in + head + len, c->in_len);

    return 1;
}


static void
agent_input(agent_conn_t *c)
{
    while (c->fd != -1 && !c->streaming && c->in_len && agent_request(c)) {
        /* void */
    }
}


static void
agent_read(agent_conn_t *c)
{
    ssize_t  n;

    if (c->in_size - c->in_len < AGENT_IN) {
        c->in_size = c->in_size * 2 + AGENT_IN;
        c->in = realloc(c->in, c->in_size + 1);
        if (c->in == NULL) {
            bench_die("agent: realloc");
        }
    }

    n = recv(c->fd, c->in + c->in_len, c->in_size - c->in_len, 0);

    if (n > 0) {
        c->in_len += (size_t) n;
        agent_input(c);

    } else if (n == 0 || errno != EAGAIN) {
        agent_close(c);
    }
}


static void
agent_unblock(agent_conn_t *c)
{
    ssize_t  n;

    n = send(c->fd, c->out + c->out_pos, c->out_len - c->out_pos,
             MSG_NOSIGNAL);

    if (n == -1) {
        if (errno != EAGAIN) {
            agent_close(c);
        }

        return;
    }

    c->out_pos += (size_t) n;

    if (c->out_pos < c->out_len) {
        return;
    }

    c->blocked = 0;
    agent_watch(c, EPOLL_CTL_MOD, EPOLLIN);

    agent_schedule(c);
    agent_input(c);
}


static void
agent_accept(int fd)
{
    int            s, on;
    agent_conn_t  *c;

    while ((s = accept4(fd, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC)) != -1) {

        c = calloc(1, sizeof(agent_conn_t));
        if (c == NULL) {
            bench_die("agent: calloc");
        }

        on = 1;
        setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));

        c->fd = s;
        agent_watch(c, EPOLL_CTL_ADD, EPOLLIN);
    }

    if (errno == EMFILE) {

        /* going on without a connection would look like a slow server */

        bench_die("agent: accept");
    }
}


static void
agent_timers(void)
{
    uint64_t       now;
    agent_conn_t  *c;

    now = bench_now();

    while (agent_nheap && agent_heap[1]->due <= now) {

        c = agent_heap[1];
        agent_heap_remove(c);

        c->due += c->task.gap * 1000;

        if (c->due + 1000000000 < now) {

            /* a stream that was held up does not make up for all of it */

            c->due = now;
        }

        agent_step(c);
        agent_schedule(c);
        agent_input(c);
    }
}


static void
agent_turns(void)
{
    int            i;
    agent_conn_t  *c, *next;

    c = agent_ring;
    agent_ring = NULL;
    agent_ring_end = &agent_ring;

    for ( /* void */ ; c; c = next) {

        next = c->next;

        for (i = 0; i < AGENT_TURN; i++) {
            if (c->fd == -1 || !c->streaming || c->blocked) {
                break;
            }

            agent_step(c);
        }

        c->running = 0;

        if (c->fd == -1) {
            c->next = agent_dead;
            agent_dead = c;
            continue;
        }

        agent_schedule(c);
        agent_input(c);
    }
}


static int
agent_listen(int port)
{
    int                 fd, on;
    struct epoll_event  ee;
    struct sockaddr_in  sin;

    fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(int));

    memset(&sin, 0, sizeof(struct sockaddr_in));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sin.sin_port = htons((uint16_t) port);

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || listen(fd, 16384) == -1)
    {
        bench_die("agent: listen");
    }

    ee.events = EPOLLIN;
    ee.data.ptr = NULL;
    epoll_ctl(agent_epoll, EPOLL_CTL_ADD, fd, &ee);

    return fd;
}


static void
agent_wait(int fd)
{
    int                  i, n;
    int64_t              ns;
    agent_conn_t        *c;
    struct timespec      ts, *wait;
    struct epoll_event  *ee;

    static struct epoll_event  events[AGENT_EVENTS];

    ts.tv_sec = 0;
    ts.tv_nsec = 0;
    wait = NULL;

    if (agent_ring) {
        wait = &ts;

    } else if (agent_nheap) {
        ns = (int64_t) (agent_heap[1]->due - bench_now());

        if (ns > 0) {
            ts.tv_sec = ns / 1000000000;
            ts.tv_nsec = ns % 1000000000;
        }

        wait = &ts;
    }

    n = epoll_pwait2(agent_epoll, events, AGENT_EVENTS, wait, NULL);

    for (i = 0; i < n; i++) {

        ee = &events[i];
        c = ee->data.ptr;

        if (c == NULL) {
            agent_accept(fd);
            continue;
        }

        if (c->fd != -1 && (ee->events & ~(uint32_t) EPOLLOUT)) {
            agent_read(c);
        }

        if (c->fd != -1 && (ee->events & EPOLLOUT) && c->blocked) {
            agent_unblock(c);
        }
    }
}


int
main(int argc, char **argv)
{
    int            fd;
    agent_conn_t  *c;
    struct rlimit  limit;

    if (argc != 2) {
        fprintf(stderr, "usage: agent PORT\n");
        return 2;
    }

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1UL);

    agent_epoll = epoll_create1(EPOLL_CLOEXEC);
    fd = agent_listen(atoi(argv[1]));

    for ( ;; ) {
        agent_wait(fd);
        agent_timers();
        agent_turns();

        while (agent_dead) {
            c = agent_dead;
            agent_dead = c->next;
            agent_free(c);
        }
    }
}
