
/*
 * A connection's recent runs.  Each is one piece of malloc's memory, since a
 * connection lives for days and a pool would keep them all.
 */


#include "ngx_thread_ws_recent.h"


static void ngx_thread_ws_recent_drop(ngx_thread_ws_conn_t *conn,
    ngx_queue_t *q);
static size_t ngx_thread_ws_recent_size(ngx_thread_ws_recent_t *recent);
static u_char *ngx_thread_ws_recent_copy(ngx_str_t *dst, u_char *p,
    ngx_str_t *src);


ngx_int_t
ngx_thread_ws_recent_add(ngx_thread_ws_conn_t *conn,
    ngx_thread_ws_record_t *record)
{
    u_char                   *p;
    ngx_thread_ws_recent_t   *recent;
    ngx_thread_ws_context_t  *context;

    context = &conn->conf->context;

    if (context->runs == 0) {
        return NGX_OK;
    }

    recent = ngx_alloc(sizeof(ngx_thread_ws_recent_t)
                       + record->request_id.len + record->content.len
                       + record->answer.len + record->finish_reason.len,
                       conn->connection->log);
    if (recent == NULL) {
        return NGX_ERROR;
    }

    p = (u_char *) (recent + 1);
    p = ngx_thread_ws_recent_copy(&recent->request_id, p, &record->request_id);
    p = ngx_thread_ws_recent_copy(&recent->content, p, &record->content);
    p = ngx_thread_ws_recent_copy(&recent->answer, p, &record->answer);
    (void) ngx_thread_ws_recent_copy(&recent->finish_reason, p,
                                     &record->finish_reason);

    recent->input_tokens = record->input_tokens;
    recent->output_tokens = record->output_tokens;
    recent->latency = record->latency;

    ngx_queue_insert_tail(&conn->history, &recent->queue);
    conn->nhistory++;
    conn->history_size += ngx_thread_ws_recent_size(recent);

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

        if (recent->request_id.len == request_id->len
            && ngx_memcmp(recent->request_id.data, request_id->data,
                          request_id->len)
               == 0)
        {
            return recent;
        }
    }

    return NULL;
}


ngx_int_t
ngx_thread_ws_recent_prompt(ngx_thread_ws_conn_t *conn, ngx_pool_t *pool,
    ngx_thread_ws_prompt_t *prompt)
{
    ngx_queue_t               *q;
    ngx_thread_ws_recent_t    *recent;
    ngx_thread_ws_exchange_t  *e;

    prompt->history = NULL;
    prompt->nhistory = 0;

    if (conn->nhistory == 0
        || conn->history_size > conn->conf->context.bytes)
    {
        return NGX_OK;
    }

    e = ngx_palloc(pool, conn->nhistory * sizeof(ngx_thread_ws_exchange_t));
    if (e == NULL) {
        return NGX_ERROR;
    }

    prompt->history = e;

    for (q = ngx_queue_head(&conn->history);
         q != ngx_queue_sentinel(&conn->history);
         q = ngx_queue_next(q))
    {
        recent = ngx_queue_data(q, ngx_thread_ws_recent_t, queue);

        e->content = recent->content;
        e->answer = recent->answer;
        e++;
    }

    prompt->nhistory = conn->nhistory;

    return NGX_OK;
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
    conn->history_size -= ngx_thread_ws_recent_size(recent);

    ngx_free(recent);
}


/* as thread_ws_context counts */

static size_t
ngx_thread_ws_recent_size(ngx_thread_ws_recent_t *recent)
{
    return recent->content.len + recent->answer.len;
}


static u_char *
ngx_thread_ws_recent_copy(ngx_str_t *dst, u_char *p, ngx_str_t *src)
{
    dst->data = p;
    dst->len = src->len;

    return src->len ? ngx_cpymem(p, src->data, src->len) : p;
}
