
/*
 * The runs of a thread on the shelf: written once, read, dropped.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/ngx_thread_ws_shelf.h"
#include "store/ngx_thread_ws_shelf_private.h"


/* room for texts in a run's first block, and in the others */

#define NGX_THREAD_WS_SHELF_FIRST                                             \
    (NGX_THREAD_WS_BLOCK - sizeof(ngx_thread_ws_shelf_run_t))

#define NGX_THREAD_WS_SHELF_REST                                              \
    (NGX_THREAD_WS_BLOCK - sizeof(ngx_thread_ws_block_head_t))


static void ngx_thread_ws_shelf_add(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_shelf_run_t *run,
    ngx_thread_ws_shelf_run_t *first);
static ngx_thread_ws_shelf_run_t *ngx_thread_ws_shelf_giving(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_thread_t *thread,
    ngx_thread_ws_record_t *record);
static size_t ngx_thread_ws_shelf_need(ngx_thread_ws_record_t *record);
static ngx_thread_ws_shelf_run_t *ngx_thread_ws_shelf_write(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_record_t *record, uint32_t n);
static void ngx_thread_ws_shelf_link_run(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_shelf_run_t *run);
static void ngx_thread_ws_shelf_drop(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread);
static void ngx_thread_ws_shelf_discard(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_shelf_run_t *run);
static uint32_t ngx_thread_ws_shelf_run_hash(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_str_t *request_id);


ngx_int_t
ngx_thread_ws_shelf_append(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_thread_ws_shelf_thread_t **tp,
    ngx_thread_ws_record_t *record, ngx_thread_ws_shelf_gone_t *gone)
{
    size_t                         n, limit;
    ngx_thread_ws_shelf_run_t     *run;
    ngx_thread_ws_shelf_thread_t  *thread;

    thread = *tp;

    n = ngx_thread_ws_shelf_need(record);
    limit = shelf->pool->nblocks / NGX_THREAD_WS_SHELF_THREAD;

    if (n + 1 > limit) {
        return NGX_BUSY;
    }

    while (thread
           && (thread->nblocks + n > limit
               || thread->nruns >= NGX_THREAD_WS_SHELF_RUNS))
    {
        ngx_thread_ws_shelf_drop(shelf, thread);
        shelf->dropped++;
    }

    if (ngx_thread_ws_shelf_room(shelf, key, thread, n, gone) != NGX_OK) {
        return NGX_ERROR;
    }

    if (thread == NULL) {
        thread = ngx_thread_ws_shelf_make(shelf, key);
        *tp = thread;
    }

    run = ngx_thread_ws_shelf_write(shelf, record, n);

    run->hash = ngx_thread_ws_shelf_run_hash(shelf, thread,
                                             &record->request_id);

    ngx_thread_ws_shelf_add(shelf, thread, run,
                            ngx_thread_ws_shelf_giving(shelf, thread, record));

    record->seq = run->seq;

    return NGX_OK;
}


/* the first of those that give way to a run, NULL: none do */

static ngx_thread_ws_shelf_run_t *
ngx_thread_ws_shelf_giving(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_record_t *record)
{
    ngx_thread_ws_shelf_run_t  *run;

    if (record->extra == NULL || record->extra->replaces.len == 0) {
        return NULL;
    }

    run = ngx_thread_ws_shelf_find_run(shelf, thread,
                                       &record->extra->replaces);

    if (run == NULL && thread->oldest) {

        /* it was among the oldest, which went for room */

        run = ngx_thread_ws_shelf_block(shelf, thread->oldest);
    }

    return run;
}


/*
 * The run becomes the newest of the thread's, in the place of those from first
 * on, if that is not NULL: nothing but the newest one's number decides.
 */

static void
ngx_thread_ws_shelf_add(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_shelf_run_t *run,
    ngx_thread_ws_shelf_run_t *first)
{
    uint32_t                    i, gone, end;
    ngx_thread_ws_shelf_run_t  *older;

    run->thread = ngx_thread_ws_shelf_number(shelf, thread);
    run->seq = thread->seq + 1;
    run->older = first ? first->older : thread->newest;
    run->newer = 0;

    gone = 0;
    end = run->older;

    if (first) {
        gone = thread->newest;
        thread->turn = run->seq;
    }

    i = ngx_thread_ws_shelf_number(shelf, run);

    ngx_memory_barrier();

    thread->newest = i;

    ngx_memory_barrier();

    thread->seq = run->seq;

    if (run->older) {
        older = ngx_thread_ws_shelf_block(shelf, run->older);
        older->newer = i;

    } else {
        thread->oldest = i;
    }

    ngx_thread_ws_shelf_link_run(shelf, thread, run);

    while (gone && gone != end) {
        older = ngx_thread_ws_shelf_block(shelf, gone);
        gone = older->older;

        ngx_thread_ws_shelf_discard(shelf, thread, older);
    }
}


static size_t
ngx_thread_ws_shelf_need(ngx_thread_ws_record_t *record)
{
    size_t  len;

    len = record->request_id.len + record->model.len
          + record->finish_reason.len + ngx_thread_ws_record_size(record);

    if (len <= NGX_THREAD_WS_SHELF_FIRST) {
        return 1;
    }

    len -= NGX_THREAD_WS_SHELF_FIRST;

    return 1 + (len + NGX_THREAD_WS_SHELF_REST - 1) / NGX_THREAD_WS_SHELF_REST;
}


static ngx_thread_ws_shelf_run_t *
ngx_thread_ws_shelf_write(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_record_t *record, uint32_t n)
{
    uint32_t                      i;
    ngx_thread_ws_shelf_run_t    *run;
    ngx_thread_ws_block_head_t   *head;
    ngx_thread_ws_shelf_place_t   place;

    i = ngx_thread_ws_blocks_alloc(shelf->pool);
    run = ngx_thread_ws_shelf_block(shelf, i);
    head = &run->head;

    head->kind = NGX_THREAD_WS_SHELF_RUN;

    for (i = 1; i < n; i++) {
        head->next = ngx_thread_ws_blocks_alloc(shelf->pool);
        head = ngx_thread_ws_shelf_block(shelf, head->next);
        head->kind = NGX_THREAD_WS_SHELF_TEXT;
    }

    run->nblocks = n;
    run->request_id = record->request_id.len;
    run->model = record->model.len;
    run->finish_reason = record->finish_reason.len;
    run->content = record->content.len;
    run->answer = record->answer.len;
    run->asked = record->extra ? record->extra->asked.len : 0;
    run->told = record->extra ? record->extra->told.len : 0;
    run->latency = ngx_min(record->latency, 0xffffffff);
    run->created = record->created;
    run->input_tokens = record->input_tokens;
    run->output_tokens = record->output_tokens;

    ngx_thread_ws_shelf_texts(&place, shelf, run);

    ngx_thread_ws_shelf_put(&place, &record->request_id);
    ngx_thread_ws_shelf_put(&place, &record->model);
    ngx_thread_ws_shelf_put(&place, &record->finish_reason);
    ngx_thread_ws_shelf_put(&place, &record->content);
    ngx_thread_ws_shelf_put(&place, &record->answer);

    if (record->extra) {
        ngx_thread_ws_shelf_put(&place, &record->extra->asked);
        ngx_thread_ws_shelf_put(&place, &record->extra->told);
    }

    return run;
}


/* the hash table and the counts; the chain is the caller's */

static void
ngx_thread_ws_shelf_link_run(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_shelf_run_t *run)
{
    uint32_t                     *first;
    ngx_thread_ws_shelf_owner_t  *owner;

    first = &shelf->runs[run->hash & shelf->mask];

    run->bucket_next = *first;
    *first = ngx_thread_ws_shelf_number(shelf, run);

    owner = ngx_thread_ws_shelf_block(shelf, thread->owner);

    thread->nruns++;
    thread->nblocks += run->nblocks;
    owner->nblocks += run->nblocks;
    shelf->nruns++;
}


/* the oldest run goes */

static void
ngx_thread_ws_shelf_drop(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread)
{
    ngx_thread_ws_shelf_run_t  *run, *newer;

    run = ngx_thread_ws_shelf_block(shelf, thread->oldest);

    if (run->newer) {
        newer = ngx_thread_ws_shelf_block(shelf, run->newer);
        newer->older = 0;

    } else {
        thread->newest = 0;
    }

    ngx_memory_barrier();

    thread->oldest = run->newer;

    ngx_thread_ws_shelf_discard(shelf, thread, run);
}


void
ngx_thread_ws_shelf_clear(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread)
{
    uint32_t                    i;
    ngx_thread_ws_shelf_run_t  *run;

    i = thread->newest;

    thread->newest = 0;

    ngx_memory_barrier();

    thread->oldest = 0;

    while (i) {
        run = ngx_thread_ws_shelf_block(shelf, i);
        i = run->older;

        ngx_thread_ws_shelf_discard(shelf, thread, run);
    }
}


static void
ngx_thread_ws_shelf_discard(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_thread_ws_shelf_run_t *run)
{
    uint32_t                     *p, i;
    ngx_thread_ws_shelf_run_t    *other;
    ngx_thread_ws_shelf_owner_t  *owner;

    i = ngx_thread_ws_shelf_number(shelf, run);

    for (p = &shelf->runs[run->hash & shelf->mask];
         *p;
         p = &other->bucket_next)
    {
        if (*p == i) {
            *p = run->bucket_next;
            break;
        }

        other = ngx_thread_ws_shelf_block(shelf, *p);
    }

    owner = ngx_thread_ws_shelf_block(shelf, thread->owner);

    thread->nruns--;
    thread->nblocks -= run->nblocks;
    owner->nblocks -= run->nblocks;
    shelf->nruns--;

    (void) ngx_thread_ws_blocks_free(shelf->pool, i);
}


static uint32_t
ngx_thread_ws_shelf_run_hash(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_str_t *request_id)
{
    u_char    digest[NGX_THREAD_WS_SHELF_DIGEST];
    uint32_t  hash;

    ngx_thread_ws_shelf_digest(shelf, digest, thread->digest,
                               NGX_THREAD_WS_SHELF_DIGEST, request_id);

    ngx_memcpy(&hash, digest, sizeof(uint32_t));

    return hash;
}


ngx_thread_ws_shelf_run_t *
ngx_thread_ws_shelf_find_run(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, ngx_str_t *request_id)
{
    uint32_t                      i, hash, number;
    u_char                       *id, buf[NGX_THREAD_WS_BLOCK];
    ngx_thread_ws_shelf_run_t    *run;
    ngx_thread_ws_shelf_place_t   place;

    hash = ngx_thread_ws_shelf_run_hash(shelf, thread, request_id);
    number = ngx_thread_ws_shelf_number(shelf, thread);

    for (i = shelf->runs[hash & shelf->mask]; i; i = run->bucket_next) {
        run = ngx_thread_ws_shelf_block(shelf, i);

        if (run->hash != hash
            || run->thread != number
            || run->request_id != request_id->len
            || request_id->len > sizeof(buf))
        {
            continue;
        }

        ngx_thread_ws_shelf_texts(&place, shelf, run);

        id = buf;
        (void) ngx_thread_ws_shelf_get(&place, id, request_id->len);

        if (ngx_memcmp(id, request_id->data, request_id->len) == 0) {
            return run;
        }
    }

    return NULL;
}


ngx_thread_ws_shelf_run_t *
ngx_thread_ws_shelf_before(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread, uint64_t seq)
{
    uint32_t                    i;
    ngx_thread_ws_shelf_run_t  *run, *newer;

    if (thread->newest == 0) {
        return NULL;
    }

    run = ngx_thread_ws_shelf_block(shelf, thread->newest);

    if (seq == 0 || run->seq < seq) {
        return run;
    }

    run = ngx_thread_ws_shelf_block(shelf, thread->oldest);

    if (run->seq >= seq) {
        return NULL;
    }

    /* there is hardly a gap between them: from the nearer end */

    if (seq - run->seq < thread->nruns / 2) {

        for (i = run->newer; i; i = newer->newer) {
            newer = ngx_thread_ws_shelf_block(shelf, i);

            if (newer->seq >= seq) {
                break;
            }

            run = newer;
        }

        return run;
    }

    for (i = thread->newest; i; i = run->older) {
        run = ngx_thread_ws_shelf_block(shelf, i);

        if (run->seq < seq) {
            return run;
        }
    }

    return NULL;
}


ngx_thread_ws_shelf_run_t *
ngx_thread_ws_shelf_older(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_run_t *run)
{
    return run->older ? ngx_thread_ws_shelf_block(shelf, run->older) : NULL;
}


/* the chain from the newest run on, as far as it is whole */

void
ngx_thread_ws_shelf_rebuild_runs(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread)
{
    uint32_t                    *p, i, n, newer, number;
    ngx_thread_ws_shelf_run_t   *run;
    ngx_thread_ws_block_head_t  *head;

    number = ngx_thread_ws_shelf_number(shelf, thread);

    thread->oldest = 0;
    newer = 0;

    for (p = &thread->newest; *p; p = &run->older) {
        i = *p;

        run = ngx_thread_ws_shelf_block(shelf, i);

        if (i >= shelf->pool->fresh
            || run->head.kind != NGX_THREAD_WS_SHELF_RUN
            || run->thread != number)
        {
            *p = 0;
            break;
        }

        run->head.kind |= NGX_THREAD_WS_BLOCK_FOUND;

        for (n = run->head.next; n; n = head->next) {
            head = ngx_thread_ws_shelf_block(shelf, n);
            head->kind |= NGX_THREAD_WS_BLOCK_FOUND;
        }

        run->newer = newer;
        newer = i;

        thread->oldest = i;
        thread->seq = ngx_max(thread->seq, run->seq);

        ngx_thread_ws_shelf_link_run(shelf, thread, run);
    }
}
