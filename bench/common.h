/*
 * What the agent and the load generator have to agree on: the clock, the words
 * in a message that say how it is to be answered, and the text of each token.
 */


#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H


#include <stddef.h>
#include <stdint.h>
#include <time.h>


#define BENCH_TOKEN_MAX  128
#define BENCH_STAMP      16


/*
 * A message reads "tokens:200 gap:20000 burst:4 joined:1 stamp:1 run:7": so many
 * tokens, so many microseconds apart (0 for as fast as the socket takes them),
 * not one but as many as burst says at a time, these in one segment if joined is
 * not 0, each with the time of its writing in front if stamp is not 0, and a
 * number by which the agent tells when this run's connection went away.
 */

typedef struct {
    uint64_t  tokens;
    uint64_t  gap;
    uint64_t  burst;
    uint64_t  joined;
    uint64_t  stamp;
    uint64_t  run;
} bench_task_t;


/* Nanoseconds of CLOCK_MONOTONIC, which all processes share. */

static inline uint64_t
bench_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


/* Reads a task from the text at p; a word that is absent counts as 0. */

void bench_task_parse(bench_task_t *task, const char *p, size_t len);

/*
 * Writes the UTF-8 text of token i of run number run to p, which has room for
 * BENCH_TOKEN_MAX bytes, and returns its length.  About one token in sixteen
 * holds characters that JSON escapes or that are not ASCII.
 */

size_t bench_token(char *p, uint64_t run, uint64_t i);

/* Writes a number as BENCH_STAMP hexadecimal digits; reads one back. */

void bench_stamp(char *p, uint64_t n);
uint64_t bench_stamp_parse(const char *p, size_t len);

/* Sorts times; the p-th part (0 to 1) of sorted ones. */

void bench_sort(uint32_t *v, size_t n);
double bench_part(const uint32_t *v, size_t n, double p);

/* Ends the program with a message and the system's error. */

void bench_die(const char *what);


#endif /* BENCH_COMMON_H */
