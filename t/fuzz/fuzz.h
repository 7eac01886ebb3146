
/*
 * What the fuzz drivers share.  A driver checks what must hold for any input,
 * above all that the result does not depend on how the input is cut; where it
 * does not hold, it aborts.
 */


#ifndef _FUZZ_H_INCLUDED_
#define _FUZZ_H_INCLUDED_


#include "unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


#define fuzz_assert(condition)                                                \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
                    #condition);                                              \
            abort();                                                          \
        }                                                                     \
    } while (0)


/*
 * Feeds the data whole, byte by byte, cut in two and at random, as the seed
 * has it, and aborts where a trace differs from that of the whole.
 */

static ngx_inline void
fuzz_splits(unit_run_pt run, void *ctx, const uint8_t *data, size_t size,
    uint32_t seed)
{
    size_t       n;
    unit_feed_t  feed;
    unit_text_t  whole, trace;

    struct {
        unit_way_e  way;
        size_t      arg;
    } ways[] = {
        { UNIT_CHUNKS, 1 },
        { UNIT_SPLIT, size ? seed % size : 0 },
        { UNIT_RANDOM, seed }
    };

    ngx_memzero(&whole, sizeof(unit_text_t));

    unit_feed(&feed, UNIT_WHOLE, 0, data, size);
    run(ctx, &feed, &whole);
    unit_feed_done(&feed);

    for (n = 0; n < sizeof(ways) / sizeof(ways[0]); n++) {
        ngx_memzero(&trace, sizeof(unit_text_t));

        unit_feed(&feed, ways[n].way, ways[n].arg, data, size);
        run(ctx, &feed, &trace);
        unit_feed_done(&feed);

        if (trace.len != whole.len
            || (trace.len && ngx_memcmp(trace.data, whole.data, trace.len)))
        {
            fprintf(stderr, "whole:\n%s\ncut (way %d, %lu):\n%s\n",
                    whole.data ? (char *) whole.data : "", (int) ways[n].way,
                    (unsigned long) ways[n].arg,
                    trace.data ? (char *) trace.data : "");
            abort();
        }

        unit_text_free(&trace);
    }

    unit_text_free(&whole);
}


#endif /* _FUZZ_H_INCLUDED_ */
