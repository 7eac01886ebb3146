
/*
 * What an agent's bytes are taken into, of the run: named for the agent, which
 * has it come near.
 */


#include "run/ngx_thread_ws_run_private.h"


/* bytes of the journal's end that a delta is about to be written to */

#define NGX_THREAD_WS_NEAR_ENTRY  128


void
ngx_thread_ws_run_near(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_near_t  *near;

    near = ngx_thread_ws_agent_near(run->agent);

    near[NGX_THREAD_WS_NEAR_RUN].at = run;
    near[NGX_THREAD_WS_NEAR_RUN].size = offsetof(ngx_thread_ws_run_t,
                                                 published);

    if (run->claim.slot) {
        near[NGX_THREAD_WS_NEAR_CLAIM].at = run->claim.slot;
        near[NGX_THREAD_WS_NEAR_CLAIM].size = sizeof(void *);
    }
}


void
ngx_thread_ws_run_near_journal(ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_near_t  *near;

    near = ngx_thread_ws_agent_near(run->agent) + NGX_THREAD_WS_NEAR_JOURNAL;

    if (run->journal.bytes.data) {
        near->at = run->journal.bytes.data + run->journal.bytes.len;
        near->size = NGX_THREAD_WS_NEAR_ENTRY;
    }
}
