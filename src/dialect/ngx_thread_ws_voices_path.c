
/*
 * Names that a graph's server makes up itself, as hashes: of messages, and of
 * the path from the outermost graph to a node's execution.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "dialect/ngx_thread_ws_voices.h"


/* FNV-1a */

#define NGX_THREAD_WS_VOICES_BASIS  0xcbf29ce484222325ULL
#define NGX_THREAD_WS_VOICES_PRIME  0x100000001b3ULL


uint64_t
ngx_thread_ws_voices_hash(uint64_t hash, const char *p, size_t len)
{
    if (hash == 0) {
        hash = NGX_THREAD_WS_VOICES_BASIS;
    }

    while (len--) {
        hash = (hash ^ (u_char) *p++) * NGX_THREAD_WS_VOICES_PRIME;
    }

    return hash;
}


void
ngx_thread_ws_voices_path(ngx_thread_ws_source_t *source, const char *ns,
    size_t len)
{
    size_t      i;
    uint64_t    hash;

    hash = 0;

    for (i = 0; i < len; i++) {

        if (ns[i] == '|' && source->depth < NGX_THREAD_WS_VOICES_DEPTH - 1) {
            source->task[source->depth++] = hash;
        }

        hash = ngx_thread_ws_voices_hash(hash, &ns[i], 1);
    }

    if (len) {
        source->task[source->depth++] = hash;
    }
}
