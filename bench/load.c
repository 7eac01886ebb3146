/*
 * load URL CONNECTIONS [SOURCES [LANGUAGE [deflate]]]
 *
 * The clients.  ws://ADDRESS:PORT/PATH opens WebSockets, http://ADDRESS:PORT/PATH
 * keeps HTTP connections and posts; wss and https do so with TLS.  A path that ends with "=" gets a thread for
 * each connection.  LANGUAGE is thread-ws, ai-sdk or, by HTTP alone, openai, the
 * agent's own; the default is thread-ws, and openai by HTTP.  When all are open
 * it says so, and then plays one phase for each line of standard input, until
 * that ends:
 *
 *   runs:N      runs on each connection, or
 *   seconds:S   begin no new run after so many milliseconds
 *   over:MS     spread the first runs over this time
 *   cancel:N    cancel each run after N tokens (HTTP: close the connection)
 *   drop:N      drop the socket of each run after N tokens, come back and
 *               follow it
 *   follow:1    all of them follow the first one's runs, one after the other;
 *               the URL names the thread
 *   limit:S     give up after so many seconds
 *   task:...    what the message says: "tokens:200 gap:0 stamp:0"
 *
 * Each answer prints one line of JSON.  Times are in microseconds.
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

#include "load.h"


#define LOAD_EVENTS   512
#define LOAD_OPENING  64


static void load_open(load_conn_t *c);
static void load_message(load_conn_t *c);


static int                 load_epoll;
static unsigned            load_sources = 1;
static struct sockaddr_in  load_address;
static char                load_path[256];
static char                load_host[64];

load_conn_t               *load_conns;
unsigned                   load_nconns;
static unsigned            load_opened;
static unsigned            load_opening;
static unsigned            load_ready;
static unsigned            load_failures;

int                        load_is_sse;
load_phase_t               load_phase;
unsigned                   load_active;
uint64_t                   load_run;
uint64_t                   load_stop;


uint64_t
load_hash(uint64_t hash, const char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char) p[i]) * 0x100000001b3ULL;
    }

    return hash;
}


void
load_request_id(char *p, uint64_t run)
{
    char  digits[BENCH_STAMP];

    bench_stamp(digits, run * 0x9e3779b97f4a7c15ULL);

    memcpy(p, "00000000-0000-4000-8000-000000000000", LOAD_REQUEST_ID);
    memcpy(p, digits, 8);

    bench_stamp(digits, run);
    memcpy(p + 24, digits + 4, 12);
}


static void
load_watch(load_conn_t *c, int op, uint32_t events)
{
    struct epoll_event  ee;

    ee.events = events;
    ee.data.ptr = c;

    if (epoll_ctl(load_epoll, op, c->fd, &ee) == -1) {
        bench_die("load: epoll_ctl");
    }
}


void
load_drop(load_conn_t *c)
{
    if (c->state == LOAD_CONNECTING || c->state == LOAD_UPGRADING) {
        load_opening--;
    }

    if (c->state >= LOAD_IDLE) {
        load_ready--;
    }

    if (c->state >= LOAD_BUSY || c->back) {
        c->back = 0;
        load_active--;
        load_result.wrong++;
    }

    load_failures++;

    load_secure_close(c);

    c->fd = -1;
    c->state = LOAD_CLOSED;
}


static void
load_write(load_conn_t *c, const char *p, size_t len)
{
    if (load_secure_send(c, p, len) != (ssize_t) len) {
        load_drop(c);
    }
}


static void
load_frame(load_conn_t *c, int opcode, const char *p, size_t len)
{
    char    frame[1024 + 8];
    size_t  i, head;

    static const char  mask[] = { 0x37, 0x5a, 0x11, 0x6c };

    frame[0] = (char) (0x80 | opcode);

    if (len < 126) {
        frame[1] = (char) (0x80 | len);
        head = 2;

    } else {
        frame[1] = (char) (0x80 | 126);
        frame[2] = (char) (len >> 8);
        frame[3] = (char) len;
        head = 4;
    }

    memcpy(frame + head, mask, 4);

    for (head += 4, i = 0; i < len; i++) {
        frame[head + i] = (char) (p[i] ^ mask[i & 3]);
    }

    load_write(c, frame, head + len);
}


void
load_pong(load_conn_t *c, const char *p, size_t len)
{
    load_frame(c, 10, p, len);
}


void
load_text(load_conn_t *c, const char *p, size_t len)
{
    load_frame(c, 1, p, len);
}


static void
load_ending(load_conn_t *c)
{
    load_active--;
    load_result.ended++;

    c->state = LOAD_IDLE;
    c->runs++;

    if (load_phase.follow) {
        load_follow_next();
        return;
    }

    if (load_phase.runs ? c->runs < load_phase.runs
                        : bench_now() < load_stop)
    {
        load_message(c);
    }
}


static void
load_pause(load_conn_t *c, uint64_t now)
{
    if (now - c->came > c->pause) {
        c->pause = now - c->came;
    }

    c->came = now;
}


/* One token of those that an event brings: the bytes it takes, 0 if wrong. */

static size_t
load_one(load_conn_t *c, const char *p, size_t len, uint64_t now)
{
    char      text[BENCH_TOKEN_MAX];
    size_t    n, skip;
    uint64_t  when;

    skip = 0;

    if (load_phase.task.stamp) {
        skip = BENCH_STAMP;

        if (len < skip) {
            return 0;
        }

        when = bench_stamp_parse(p, len);

        if (when == 0 || when > now) {
            return 0;
        }

        c->delay += now - when;
        c->delays++;
        load_sample(LOAD_DELAY, now - when);
    }

    n = bench_token(text, c->run, c->tokens);

    if (len < skip + n || memcmp(p + skip, text, n)) {
        return 0;
    }

    c->tokens++;
    load_result.tokens++;

    return skip + n;
}


void
load_token(load_conn_t *c, load_str_t *value)
{
    char      cancel[128];
    size_t    n, len;
    uint64_t  now, before;

    if (c->state < LOAD_BUSY) {
        load_failed(c, "a token without a run", value);
        return;
    }

    now = bench_now();
    before = c->tokens;

    if (before == 0) {
        load_sample(c->back ? LOAD_BACK : LOAD_FIRST, now - c->sent);
        c->back = 0;
        c->came = now;
    }

    load_pause(c, now);

    for (len = 0; len < value->len; len += n) {

        n = load_one(c, value->data + len, value->len - len, now);

        if (n == 0) {
            load_failed(c, "a wrong token", value);
            return;
        }
    }

    c->hash = load_hash(c->hash, value->data, value->len);

    if (load_phase.drop && !c->dropped && c->tokens >= load_phase.drop) {
        load_follow_drop(c);
        load_ready--;
        return;
    }

    if (load_phase.cancel && c->state == LOAD_BUSY
        && before < load_phase.cancel && c->tokens >= load_phase.cancel)
    {
        c->state = LOAD_CANCELLING;
        c->sent = bench_now();

        if (!load_is_sse) {
            n = (size_t) sprintf(cancel, "{\"type\":\"cancel\","
                                         "\"requestId\":\"");
            load_request_id(cancel + n, c->run);
            n += LOAD_REQUEST_ID;
            n += (size_t) sprintf(cancel + n, "\"}");

            load_frame(c, 1, cancel, n);
            return;
        }

        /* closing is how HTTP says it: the next run has a new connection */

        load_secure_close(c);
        c->fd = -1;
        load_ready--;
        load_cancelled(c);
    }
}


void
load_cancelled(load_conn_t *c)
{
    if (c->state != LOAD_CANCELLING) {
        load_failed(c, "cancelled by itself", &(load_str_t) { "", 0 });
        return;
    }

    load_sample(LOAD_ACK, bench_now() - c->sent);
    load_result_cancel(c->run, c->sent);

    if (!load_is_sse) {
        load_ending(c);
        return;
    }

    load_active--;
    load_result.ended++;

    c->runs++;
    c->state = LOAD_CLOSED;
    c->reopen = 1;
}


void
load_final(load_conn_t *c, load_str_t *message)
{
    uint64_t  now;

    if (message && load_is_sse) {

        /* and the response's end is to come */

        c->done = (load_hash(LOAD_HASH, message->data, message->len)
                   == c->hash);
        return;
    }

    if (c->state < LOAD_BUSY || c->tokens != load_phase.task.tokens
        || (message && load_hash(LOAD_HASH, message->data, message->len)
                       != c->hash)
        || (message == NULL && !c->done))
    {
        load_failed(c, "a wrong end", message ? message
                                              : &(load_str_t) { "", 0 });
        return;
    }

    now = bench_now();

    load_result.late += (c->state == LOAD_CANCELLING);
    load_sample(LOAD_WHOLE, now - c->sent);

    load_pause(c, now);
    load_sample(LOAD_PAUSE, c->pause);

    c->head = 0;
    c->done = 0;

    load_ending(c);
}


void
load_failed(load_conn_t *c, const char *what, load_str_t *text)
{
    if (load_result.wrong < 5) {
        fprintf(stderr, "load: %s in run %llu after %llu tokens: %.*s\n", what,
                (unsigned long long) c->run, (unsigned long long) c->tokens,
                (int) (text->len < 400 ? text->len : 400), text->data);
    }

    load_drop(c);
}


void
load_begin(load_conn_t *c, uint64_t run)
{
    c->run = run;
    c->tokens = 0;
    c->pause = 0;
    c->dropped = 0;
    c->hash = LOAD_HASH;
    c->state = LOAD_BUSY;
    c->sent = bench_now();

    load_active++;
}


static void
load_message(load_conn_t *c)
{
    load_begin(c, ++load_run);
    load_ask(c);
}


/* a thread of its own, or that of the URL */

static const char *
load_thread(load_conn_t *c)
{
    const char  *p;

    static char  own[32];

    p = strrchr(load_path, '=');

    if (p && p[1]) {
        return p + 1;
    }

    snprintf(own, sizeof(own), "t%u", c->number);

    return own;
}


/* what the address lacks */

static const char *
load_path_thread(load_conn_t *c)
{
    return load_path[strlen(load_path) - 1] == '=' ? load_thread(c) : "";
}


void
load_ask(load_conn_t *c)
{
    char    text[512], body[1024], out[2048];
    size_t  n, len;

    sprintf(text, "tokens:%llu gap:%llu burst:%llu joined:%llu stamp:%llu "
            "run:%llu",
            (unsigned long long) load_phase.task.tokens,
            (unsigned long long) load_phase.task.gap,
            (unsigned long long) load_phase.task.burst,
            (unsigned long long) load_phase.task.joined,
            (unsigned long long) load_phase.task.stamp,
            (unsigned long long) c->run);

    len = load_form_question(body, c->run, load_thread(c), text);

    c->sent = bench_now();

    if (!load_is_sse) {
        load_frame(c, 1, body, len);
        return;
    }

    n = (size_t) sprintf(out, "POST %s%s HTTP/1.1\r\nHost: %s\r\n"
                         "Content-Type: application/json\r\n"
                         "Content-Length: %zu\r\n\r\n%.*s",
                         load_path, load_path_thread(c), load_host, len,
                         (int) len, body);

    load_write(c, out, n);
}


static void
load_open(load_conn_t *c)
{
    int                 on;
    struct sockaddr_in  sin;

    c->fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (c->fd == -1) {
        bench_die("load: socket");
    }

    on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));

    if (load_sources > 1) {

        /* one address has not ports enough */

        setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
                   sizeof(int));

        memset(&sin, 0, sizeof(struct sockaddr_in));
        sin.sin_family = AF_INET;
        sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK + c->number % load_sources);

        if (bind(c->fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
            bench_die("load: bind");
        }
    }

    c->state = LOAD_CONNECTING;
    c->head = 0;
    c->tail = 0;
    c->done = 0;
    c->chunk = 0;
    c->rest.len = 0;
    c->line.len = 0;

    load_opening++;

    if (connect(c->fd, (struct sockaddr *) &load_address, sizeof(load_address))
        == -1 && errno != EINPROGRESS)
    {
        bench_die("load: connect");
    }

    load_watch(c, EPOLL_CTL_ADD, EPOLLOUT);
}


static void
load_connected(load_conn_t *c)
{
    int        error, n;
    char       out[512];
    socklen_t  len;

    error = 0;
    len = sizeof(int);
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);

    if (error || !load_secure_open(c)) {
        load_drop(c);
        return;
    }

    load_watch(c, EPOLL_CTL_MOD, EPOLLIN|EPOLLRDHUP);

    if (!load_is_sse) {
        c->state = LOAD_UPGRADING;

        n = sprintf(out, "GET %s%s HTTP/1.1\r\nHost: %s\r\n"
                    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                    "Sec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhyZWFkLXdzLWJlbmNoIQ==\r\n%s\r\n",
                    load_path, load_path_thread(c), load_host,
                    load_is_deflated ? "Sec-WebSocket-Extensions: "
                                       "permessage-deflate\r\n" : "");

        load_write(c, out, (size_t) n);
        return;
    }

    load_opening--;
    load_ready++;
    c->state = LOAD_IDLE;

    if (load_phase.cancel && c->runs && c->runs < load_phase.runs) {
        load_message(c);
    }
}


static void
load_read(load_conn_t *c)
{
    char    *p, *end;
    size_t   len;
    ssize_t  n;

    static char  buffer[LOAD_BUFFER];

    len = c->rest.len;

    if (len) {
        memcpy(buffer, c->rest.data, len);
        c->rest.len = 0;
    }

    n = load_secure_recv(c, buffer + len, LOAD_BUFFER - len);

    if (n <= 0) {
        load_keep(&c->rest, buffer, len);

        if (n == 0 || errno != EAGAIN) {
            load_drop(c);
        }

        return;
    }

    load_result.reads++;
    p = buffer;
    len += (size_t) n;

    if (c->state == LOAD_UPGRADING) {

        end = memmem(p, len, "\r\n\r\n", 4);
        if (end == NULL) {
            load_keep(&c->rest, p, len);
            return;
        }

        if (memcmp(p, "HTTP/1.1 101", 12)) {
            load_drop(c);
            return;
        }

        load_opening--;
        load_ready++;
        c->state = LOAD_IDLE;

        len -= (size_t) (end + 4 - p);
        p = end + 4;

        if (c->back) {
            load_follow_back(c);
        }
    }

    if (load_is_sse) {
        load_input_sse(c, p, len);

    } else {
        load_input_ws(c, p, len);
    }
}


static void
load_wait(uint64_t until)
{
    int                  i, n;
    uint64_t             now;
    load_conn_t         *c;
    struct timespec      ts;

    static struct epoll_event  events[LOAD_EVENTS];

    now = bench_now();
    until = until > now ? until - now : 0;
    ts.tv_sec = (time_t) (until / 1000000000);
    ts.tv_nsec = (long) (until % 1000000000);

    n = epoll_pwait2(load_epoll, events, LOAD_EVENTS, &ts, NULL);

    for (i = 0; i < n; i++) {

        c = events[i].data.ptr;

        if (c->fd == -1) {
            continue;
        }

        if (c->state == LOAD_CONNECTING) {
            load_connected(c);

        } else {
            load_read(c);
        }

        if (c->reopen) {
            c->reopen = 0;
            load_open(c);
        }
    }
}


/* only pings are answered */

static void
load_rest(uint64_t until)
{
    while (bench_now() < until) {
        load_wait(until);
    }
}


static void
load_play(void)
{
    unsigned      next;
    uint64_t      began, now, due, limit;
    load_conn_t  *c;

    for (next = 0; next < load_nconns; next++) {
        c = &load_conns[next];
        c->runs = 0;
        c->delay = 0;
        c->delays = 0;
    }

    memset(&load_result, 0, sizeof(load_result_t));

    began = bench_now();
    limit = began + (load_phase.limit ? load_phase.limit : 60) * 1000000000;
    load_stop = began + load_phase.seconds * 1000000;
    due = began;
    next = 0;

    if (load_phase.follow) {
        load_follow_all();
        next = load_nconns;
    }

    if (load_phase.quiet) {
        load_rest(began + load_phase.quiet * 1000000);
        next = load_nconns;
    }

    for ( ;; ) {

        for (now = bench_now(); next < load_nconns; next++) {
            due = began + load_phase.over * 1000000 * next / load_nconns;

            if (due > now) {
                break;
            }

            if (load_conns[next].state == LOAD_IDLE) {
                load_message(&load_conns[next]);
            }
        }

        if (next == load_nconns) {
            due = limit;

            if (load_active + load_opening == 0) {
                break;
            }
        }

        if (now > limit) {
            break;
        }

        load_wait(due);
    }

    load_result.active = load_active;
    load_result_print(began, load_conns, load_nconns);
}


static int
load_command(void)
{
    char   line[256];
    char  *task;

    if (fgets(line, sizeof(line), stdin) == NULL) {
        return 0;
    }

    memset(&load_phase, 0, sizeof(load_phase_t));

    task = strstr(line, "task:");
    if (task) {
        bench_task_parse(&load_phase.task, task + 5, strlen(task + 5));
        *task = '\0';
    }

    sscanf(line, "runs:%lu seconds:%lu over:%lu cancel:%lu drop:%lu "
           "follow:%lu quiet:%lu limit:%lu", &load_phase.runs, &load_phase.seconds,
           &load_phase.over, &load_phase.cancel, &load_phase.drop,
           &load_phase.follow, &load_phase.quiet, &load_phase.limit);

    return 1;
}


static void
load_url(const char *url)
{
    int   port;
    char  address[32];

    load_is_sse = (strncmp(url, "http", 4) == 0);
    load_is_tls = (strncmp(url, "https:", 6) == 0
                   || strncmp(url, "wss:", 4) == 0);

    if (sscanf(strstr(url, "//") + 2, "%31[0-9.]:%d%255s", address, &port,
               load_path) != 3
        || inet_aton(address, &load_address.sin_addr) == 0)
    {
        fprintf(stderr, "load: bad URL %s\n", url);
        exit(2);
    }

    load_address.sin_family = AF_INET;
    load_address.sin_port = htons((uint16_t) port);
    snprintf(load_host, sizeof(load_host), "%s:%d", address, port);
}


int
main(int argc, char **argv)
{
    uint64_t       limit;
    struct rlimit  files;

    if (argc < 3 || strstr(argv[1], "//") == NULL
        || !load_form_choose(argc > 4 ? argv[4]
                             : argv[1][0] == 'w' ? "thread-ws" : "openai"))
    {
        fprintf(stderr, "usage: load URL CONNECTIONS [SOURCES [LANGUAGE "
                "[deflate]]]\n");
        return 2;
    }

    load_url(argv[1]);
    load_nconns = (unsigned) atoi(argv[2]);

    if (argc > 3) {
        load_sources = (unsigned) atoi(argv[3]);
    }

    load_is_deflated = (argc > 5);

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1UL);

    /* a run's number tells it from those of a load before this one */

    load_run = ((uint64_t) getpid() & 0xfffff) << 24;
    load_epoll = epoll_create1(EPOLL_CLOEXEC);
    load_conns = calloc(load_nconns, sizeof(load_conn_t));

    limit = bench_now() + 60000000000;

    while (load_opened < load_nconns || load_opening) {

        while (load_opened < load_nconns && load_opening < LOAD_OPENING) {
            load_conns[load_opened].number = load_opened;
            load_open(&load_conns[load_opened++]);
        }

        load_wait(bench_now() + 100000000);

        if (bench_now() > limit) {
            break;
        }
    }

    printf("{\"open\":%u,\"failed\":%u}\n", load_ready, load_failures);
    fflush(stdout);

    while (load_command()) {
        load_play();
    }

    return 0;
}
