
/*
 * The runs of a thread that are remembered.
 */


#include "run/ngx_thread_ws_context.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json.h"


static void ngx_thread_ws_context_drop(ngx_thread_ws_context_t *context,
    ngx_queue_t *q);
static u_char *ngx_thread_ws_recent_extra(ngx_thread_ws_recent_t *recent,
    ngx_thread_ws_extra_t *extra);
static u_char *ngx_thread_ws_recent_escape(ngx_str_t *dst, u_char *p,
    ngx_str_t *src);


void
ngx_thread_ws_context_init(ngx_thread_ws_context_t *context)
{
    ngx_memzero(context, sizeof(ngx_thread_ws_context_t));
    ngx_queue_init(&context->runs);
}


void
ngx_thread_ws_context_widen(ngx_thread_ws_context_t *context,
    ngx_thread_ws_context_conf_t *limits)
{
    if (limits->runs <= context->limits.runs
        && limits->bytes <= context->limits.bytes)
    {
        return;
    }

    ngx_thread_ws_context_free(context);
    context->epoch++;

    context->limits.runs = ngx_max(limits->runs, context->limits.runs);
    context->limits.bytes = ngx_max(limits->bytes, context->limits.bytes);
}


/* bytes of its texts, as they are kept */

static size_t
ngx_thread_ws_recent_size(ngx_thread_ws_record_t *record,
    ngx_thread_ws_journal_t *journal)
{
    size_t  size;

    size = journal ? journal->text
                   : ngx_thread_ws_json_escaped_size(record->answer.data,
                                                     record->answer.len);

    size += ngx_thread_ws_json_escaped_size(record->content.data,
                                            record->content.len);

    if (record->extra) {
        size += sizeof(ngx_thread_ws_extra_t) + record->extra->asked.len
                + record->extra->told.len;
    }

    return size;
}


ngx_int_t
ngx_thread_ws_context_add(ngx_thread_ws_context_t *context,
    ngx_thread_ws_record_t *record, ngx_thread_ws_journal_t *journal)
{
    u_char                   *p;
    size_t                    size;
    ngx_thread_ws_recent_t   *recent;

    if (context->limits.runs == 0) {
        return NGX_OK;
    }

    size = ngx_thread_ws_recent_size(record, journal);

    recent = ngx_alloc(sizeof(ngx_thread_ws_recent_t) + record->request_id.len
                       + record->finish_reason.len + size,
                       ngx_cycle->log);
    if (recent == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_recent_extra(recent, record->extra);
    p = ngx_thread_ws_string_copy(&recent->request_id, p, &record->request_id);
    p = ngx_thread_ws_string_copy(&recent->finish_reason, p,
                                  &record->finish_reason);
    p = ngx_thread_ws_recent_escape(&recent->content, p, &record->content);

    if (journal) {
        recent->answer.data = p;
        recent->answer.len = journal->text;

        (void) ngx_thread_ws_journal_answer(journal, p);

    } else {
        (void) ngx_thread_ws_recent_escape(&recent->answer, p,
                                           &record->answer);
    }

    recent->size = ngx_thread_ws_record_size(record);
    recent->input_tokens = record->input_tokens;
    recent->output_tokens = record->output_tokens;
    recent->latency = record->latency;

    ngx_queue_insert_tail(&context->runs, &recent->queue);
    context->nruns++;
    context->size += recent->size;

    /* the newest run stays, however large: a retry may ask for it */

    while (context->nruns > 1
           && (context->nruns > context->limits.runs
               || context->size > context->limits.bytes))
    {
        ngx_thread_ws_context_drop(context, ngx_queue_head(&context->runs));
    }

    return NGX_OK;
}


ngx_queue_t *
ngx_thread_ws_context_first(ngx_thread_ws_context_t *context,
    ngx_thread_ws_context_conf_t *limits, ngx_uint_t *n)
{
    size_t                   size;
    ngx_queue_t             *q, *first;
    ngx_thread_ws_recent_t  *recent;

    *n = 0;
    size = 0;
    first = ngx_queue_sentinel(&context->runs);

    for (q = ngx_queue_last(&context->runs);
         q != ngx_queue_sentinel(&context->runs) && *n < limits->runs;
         q = ngx_queue_prev(q))
    {
        recent = ngx_queue_data(q, ngx_thread_ws_recent_t, queue);

        size += recent->size;

        if (size > limits->bytes) {
            break;
        }

        first = q;
        (*n)++;
    }

    return first;
}


ngx_thread_ws_recent_t *
ngx_thread_ws_context_find(ngx_thread_ws_context_t *context,
    ngx_str_t *request_id)
{
    ngx_queue_t             *q;
    ngx_thread_ws_recent_t  *recent;

    for (q = ngx_queue_last(&context->runs);
         q != ngx_queue_sentinel(&context->runs);
         q = ngx_queue_prev(q))
    {
        recent = ngx_queue_data(q, ngx_thread_ws_recent_t, queue);

        if (ngx_thread_ws_string_equal(&recent->request_id, request_id)) {
            return recent;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_thread_ws_recent_same(ngx_thread_ws_recent_t *recent, ngx_str_t *content)
{
    u_char      *p;
    size_t       size;
    ngx_str_t    escaped;
    ngx_uint_t   same;

    size = ngx_thread_ws_json_escaped_size(content->data, content->len);

    if (size != recent->content.len) {
        return 0;
    }

    p = ngx_alloc(size, ngx_cycle->log);
    if (p == NULL) {
        return 0;
    }

    (void) ngx_thread_ws_recent_escape(&escaped, p, content);

    same = (ngx_memcmp(p, recent->content.data, size) == 0);

    ngx_free(p);

    return same;
}


void
ngx_thread_ws_context_cut(ngx_thread_ws_context_t *context,
    ngx_str_t *request_id)
{
    ngx_queue_t             *q;
    ngx_thread_ws_recent_t  *recent;

    recent = ngx_thread_ws_context_find(context, request_id);

    while (recent) {
        q = ngx_queue_last(&context->runs);

        if (q == &recent->queue) {
            recent = NULL;
        }

        ngx_thread_ws_context_drop(context, q);
    }
}


void
ngx_thread_ws_context_free(ngx_thread_ws_context_t *context)
{
    while (!ngx_queue_empty(&context->runs)) {
        ngx_thread_ws_context_drop(context, ngx_queue_head(&context->runs));
    }

    context->seq = 0;
}


static void
ngx_thread_ws_context_drop(ngx_thread_ws_context_t *context, ngx_queue_t *q)
{
    ngx_thread_ws_recent_t  *recent;

    recent = ngx_queue_data(q, ngx_thread_ws_recent_t, queue);

    ngx_queue_remove(q);
    context->nruns--;
    context->size -= recent->size;

    ngx_free(recent);
}


static u_char *
ngx_thread_ws_recent_extra(ngx_thread_ws_recent_t *recent,
    ngx_thread_ws_extra_t *extra)
{
    u_char  *p;

    p = (u_char *) (recent + 1);
    recent->extra = NULL;

    if (extra == NULL) {
        return p;
    }

    recent->extra = (ngx_thread_ws_extra_t *) p;
    ngx_memzero(p, sizeof(ngx_thread_ws_extra_t));

    p += sizeof(ngx_thread_ws_extra_t);

    p = ngx_thread_ws_string_copy(&recent->extra->asked, p, &extra->asked);

    return ngx_thread_ws_string_copy(&recent->extra->told, p, &extra->told);
}


static u_char *
ngx_thread_ws_recent_escape(ngx_str_t *dst, u_char *p, ngx_str_t *src)
{
    dst->data = p;
    dst->len = src->len
               ? ngx_thread_ws_json_escape(p, src->data, src->len) - p : 0;

    return p + dst->len;
}
