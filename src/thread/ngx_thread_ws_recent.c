
/*
 * A connection's recent runs.  Each is one piece of malloc's memory, since a
 * connection lives for days and a pool would keep them all.
 */


#include "thread/ngx_thread_ws_recent.h"
#include "base/ngx_thread_ws_string.h"


static void ngx_thread_ws_recent_drop(ngx_thread_ws_conn_t *conn,
    ngx_queue_t *q);
static u_char *ngx_thread_ws_recent_escape(ngx_str_t *dst, u_char *p,
    ngx_str_t *src);


ngx_int_t
ngx_thread_ws_recent_add(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_record_t *record, ngx_str_t *answer)
{
    u_char                   *p;
    size_t                    size;
    ngx_thread_ws_recent_t   *recent;
    ngx_thread_ws_context_t  *context;

    context = &conn->conf->context;

    if (context->runs == 0) {
        return NGX_OK;
    }

    size = answer ? answer->len
                  : ngx_thread_ws_json_escaped_size(record->answer.data,
                                                    record->answer.len);

    size += ngx_thread_ws_json_escaped_size(record->content.data,
                                            record->content.len);

    recent = ngx_alloc(sizeof(ngx_thread_ws_recent_t) + record->request_id.len
                       + record->finish_reason.len + size,
                       conn->connection->log);
    if (recent == NULL) {
        return NGX_ERROR;
    }

    p = (u_char *) (recent + 1);
    p = ngx_thread_ws_string_copy(&recent->request_id, p, &record->request_id);
    p = ngx_thread_ws_string_copy(&recent->finish_reason, p,
                                  &record->finish_reason);
    p = ngx_thread_ws_recent_escape(&recent->content, p, &record->content);

    if (answer) {
        (void) ngx_thread_ws_string_copy(&recent->answer, p, answer);

    } else {
        (void) ngx_thread_ws_recent_escape(&recent->answer, p,
                                           &record->answer);
    }

    recent->size = record->content.len + record->answer.len;
    recent->input_tokens = record->input_tokens;
    recent->output_tokens = record->output_tokens;
    recent->latency = record->latency;

    ngx_queue_insert_tail(&conn->history, &recent->queue);
    conn->nhistory++;
    conn->history_size += recent->size;

    /* the newest run stays, however large: a retry may ask for it */

    while (conn->nhistory > 1
           && (conn->nhistory > context->runs
               || conn->history_size > context->bytes))
    {
        ngx_thread_ws_recent_drop(conn, ngx_queue_head(&conn->history));
    }

    return NGX_OK;
}


ngx_thread_ws_recent_t *
ngx_thread_ws_recent_find(ngx_thread_ws_conn_t *conn, ngx_str_t *request_id)
{
    ngx_queue_t             *q;
    ngx_thread_ws_recent_t  *recent;

    for (q = ngx_queue_last(&conn->history);
         q != ngx_queue_sentinel(&conn->history);
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
ngx_thread_ws_recent_free(ngx_thread_ws_conn_t *conn)
{
    while (!ngx_queue_empty(&conn->history)) {
        ngx_thread_ws_recent_drop(conn, ngx_queue_head(&conn->history));
    }
}


static void
ngx_thread_ws_recent_drop(ngx_thread_ws_conn_t *conn, ngx_queue_t *q)
{
    ngx_thread_ws_recent_t  *recent;

    recent = ngx_queue_data(q, ngx_thread_ws_recent_t, queue);

    ngx_queue_remove(q);
    conn->nhistory--;
    conn->history_size -= recent->size;

    ngx_free(recent);
}


static u_char *
ngx_thread_ws_recent_escape(ngx_str_t *dst, u_char *p, ngx_str_t *src)
{
    dst->data = p;
    dst->len = src->len
               ? ngx_thread_ws_json_escape(p, src->data, src->len) - p : 0;

    return p + dst->len;
}
