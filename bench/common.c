/*
 * What the agent and the load generator share.
 */


#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"


void
bench_task_parse(bench_task_t *task, const char *p, size_t len)
{
    uint64_t    *value, skipped;
    const char  *end, *word;

    memset(task, 0, sizeof(bench_task_t));

    for (end = p + len; p < end; p++) {

        word = p;

        while (p < end && *p != ':' && *p != ' ') {
            p++;
        }

        switch (*word) {

        case 't':
            value = &task->tokens;
            break;

        case 'g':
            value = &task->gap;
            break;

        case 'b':
            value = &task->burst;
            break;

        case 'j':
            value = &task->joined;
            break;

        case 's':
            value = &task->stamp;
            break;

        case 'r':
            value = &task->run;
            break;

        default:
            value = &skipped;
            break;
        }

        for (*value = 0, p++; p < end && *p >= '0' && *p <= '9'; p++) {
            *value = *value * 10 + (uint64_t) (*p - '0');
        }
    }
}


size_t
bench_token(char *p, uint64_t run, uint64_t i)
{
    size_t    n, k;
    uint64_t  mix;

    static const char  *odd[] = {
        "\n", "\n\n", " \"so\"", "\t- ", " C:\\", " caf\303\251",
        " \342\202\254", " \360\237\230\200", " </p>", " {\"a\":1}"
    };

    mix = (run * 0x9e3779b97f4a7c15ULL + i + 1) * 0xd1342543de82ef95ULL;
    mix ^= mix >> 29;

    if ((mix & 15) == 15) {
        k = (size_t) (mix >> 8) % (sizeof(odd) / sizeof(odd[0]));

        /* an answer of blanks alone is none */

        if (i == 0 && k < 2) {
            k += 2;
        }

        n = strlen(odd[k]);
        memcpy(p, odd[k], n);
        return n;
    }

    /* a space and two to eight letters, as most words of most answers */

    n = 3 + (size_t) (mix >> 4) % 7;
    p[0] = ' ';

    for (k = 1; k < n; k++) {
        mix = mix * 6364136223846793005ULL + 1442695040888963407ULL;
        p[k] = (char) ('a' + (mix >> 33) % 26);
    }

    return n;
}


void
bench_stamp(char *p, uint64_t n)
{
    int  i;

    for (i = BENCH_STAMP - 1; i >= 0; i--, n >>= 4) {
        p[i] = "0123456789abcdef"[n & 15];
    }
}


uint64_t
bench_stamp_parse(const char *p, size_t len)
{
    size_t    i;
    uint64_t  n;

    if (len < BENCH_STAMP) {
        return 0;
    }

    for (n = 0, i = 0; i < BENCH_STAMP; i++) {

        if (p[i] >= '0' && p[i] <= '9') {
            n = n << 4 | (uint64_t) (p[i] - '0');

        } else if (p[i] >= 'a' && p[i] <= 'f') {
            n = n << 4 | (uint64_t) (p[i] - 'a' + 10);

        } else {
            return 0;
        }
    }

    return n;
}


static int
bench_compare(const void *one, const void *two)
{
    uint32_t  a, b;

    a = *(const uint32_t *) one;
    b = *(const uint32_t *) two;

    return (a > b) - (a < b);
}


void
bench_sort(uint32_t *v, size_t n)
{
    if (n) {
        qsort(v, n, sizeof(uint32_t), bench_compare);
    }
}


double
bench_part(const uint32_t *v, size_t n, double p)
{
    size_t  i;

    if (n == 0) {
        return 0;
    }

    i = (size_t) (p * (double) n);

    return v[i < n ? i : n - 1];
}


void
bench_die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(2);
}
