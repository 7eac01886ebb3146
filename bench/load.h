/*
 * The load generator: what its files share.
 */


#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H


#include "common.h"


#define LOAD_BUFFER  (1024 * 1024)



typedef enum {
    LOAD_CLOSED = 0,
    LOAD_CONNECTING,
    LOAD_UPGRADING,
    LOAD_IDLE,
    LOAD_BUSY,
    LOAD_CANCELLING
} load_state_e;


typedef struct {
    char          *data;
    size_t         len;
    size_t         size;
} load_bytes_t;


typedef struct {
    int            fd;
    unsigned       number;
    load_state_e   state;

    void          *tls;          /* NULL: none */
    void          *inflate;      /* NULL: nothing compressed has come */

    load_bytes_t   rest;         /* input that is not a whole piece yet */
    load_bytes_t   line;         /* SSE: a line that is not whole yet */
    size_t         chunk;        /* SSE: bytes of the chunk still to come */
    unsigned       head:1;       /* SSE: the response's head is over */
    unsigned       tail:1;       /* SSE: the end of a chunk is to come */
    unsigned       last:1;       /* SSE: that was the last chunk */
    unsigned       done:1;       /* the answer is whole, but for its end */
    unsigned       reopen:1;     /* closed, to be opened anew */
    unsigned       back:1;       /* ... and to hear its run again */
    unsigned       dropped:1;    /* ... which it does once in each run */

    uint64_t       run;
    uint64_t       runs;         /* in this phase */
    uint64_t       tokens;       /* of this run */
    uint64_t       hash;         /* of its text */
    uint64_t       sent;         /* when the message, then the cancel was */
    uint64_t       came;         /* when the last token did */
    uint64_t       pause;        /* the longest between two, and the end */
    uint64_t       delay;        /* sum over this phase's tokens */
    uint64_t       delays;
} load_conn_t;


typedef struct {
    const char    *data;
    size_t         len;
} load_str_t;


/* What is timed. */

typedef enum {
    LOAD_FIRST = 0,              /* the message to its first token */
    LOAD_DELAY,                  /* the agent's write to our read */
    LOAD_WHOLE,                  /* the message to its final */
    LOAD_ACK,                    /* the cancel to its acknowledgement */
    LOAD_PAUSE,                  /* the longest of an answer */
    LOAD_BACK,                   /* the follow of one that came back to what
                                    it has heard already */
    LOAD_TIMES
} load_time_e;


/* What a phase came to. */

typedef struct {
    uint64_t       ended;        /* runs */
    uint64_t       tokens;
    uint64_t       reads;
    uint64_t       wrong;        /* answers */
    uint64_t       late;         /* cancels that came after the end */
    unsigned       active;       /* runs that did not end in time */
} load_result_t;


extern load_result_t  load_result;


/* What is played. */

typedef struct {
    uint64_t       runs;
    uint64_t       seconds;
    uint64_t       over;
    uint64_t       cancel;
    uint64_t       drop;
    uint64_t       follow;
    uint64_t       quiet;        /* ms that nobody says anything */
    uint64_t       limit;
    bench_task_t   task;
} load_phase_t;


extern load_phase_t   load_phase;
extern load_conn_t   *load_conns;
extern unsigned       load_nconns;
extern unsigned       load_active;
extern uint64_t       load_run;
extern uint64_t       load_stop;


/* Takes a time in nanoseconds; notes a cancel; prints all and forgets it. */

void load_sample(load_time_e what, uint64_t ns);
void load_result_cancel(uint64_t run, uint64_t when);
void load_result_print(uint64_t began, load_conn_t *conns, unsigned n);

/*
 * The socket, with TLS where the URL says so: open is for one that is connected,
 * with 0 if that failed; send and recv are as the system's.
 */

extern int  load_is_tls;
extern int  load_is_deflated;

int load_secure_open(load_conn_t *c);
ssize_t load_secure_send(load_conn_t *c, const char *p, size_t len);
ssize_t load_secure_recv(load_conn_t *c, char *p, size_t len);
void load_secure_close(load_conn_t *c);

/* A compressed message. */

void load_secure_inflate(load_conn_t *c, const char *p, size_t len);

/* The transports: both call the functions below for what they find. */

void load_input_ws(load_conn_t *c, const char *p, size_t len);
void load_input_sse(load_conn_t *c, const char *p, size_t len);

/* Keeps the len bytes at p, and nothing else. */

void load_keep(load_bytes_t *bytes, const char *p, size_t len);

/* One string of JSON, without its quotes; decoded ones go to a buffer. */

const char *load_json_string(const char *p, const char *end, load_str_t *s);

/* Any value of JSON: s is set only by a string. */

const char *load_json_value(const char *p, const char *end, load_str_t *s);

/*
 * What the server speaks: 0 for a name that is none; a question, the number of
 * its bytes; and an event of the answer to it.
 */

int load_form_choose(const char *name);
size_t load_form_question(char *out, uint64_t run, const char *thread,
    const char *text);
void load_form_event(load_conn_t *c, const char *p, size_t len);

extern int  load_is_sse;

void load_token(load_conn_t *c, load_str_t *value);
void load_final(load_conn_t *c, load_str_t *message);
void load_cancelled(load_conn_t *c);
void load_failed(load_conn_t *c, const char *what, load_str_t *text);
void load_pong(load_conn_t *c, const char *p, size_t len);
void load_drop(load_conn_t *c);

/* One text message; a run of the connection, which is another one's to ask. */

void load_text(load_conn_t *c, const char *p, size_t len);
void load_begin(load_conn_t *c, uint64_t run);
void load_ask(load_conn_t *c);

/*
 * All follow the thread of the first one, which asks: the phase's beginning,
 * what is said of nothing being under way, and what comes after an end.
 */

void load_follow_all(void);
void load_follow_idle(load_conn_t *c);
void load_follow_next(void);

/* The socket is dropped in mid-answer; it is back, and hears all of it again. */

void load_follow_drop(load_conn_t *c);
void load_follow_back(load_conn_t *c);

uint64_t load_hash(uint64_t hash, const char *p, size_t len);
void load_request_id(char *p, uint64_t run);


#define LOAD_REQUEST_ID  36
#define LOAD_HASH        0xcbf29ce484222325ULL


#endif /* BENCH_LOAD_H */
