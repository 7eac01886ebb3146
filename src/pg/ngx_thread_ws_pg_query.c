
/*
 * A query: its parameters, and its end.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "pg/ngx_thread_ws_pg_private.h"


/* the types' numbers, pg_type.dat */

#define NGX_THREAD_WS_PG_INT8  20
#define NGX_THREAD_WS_PG_TEXT  25


/* parameters are binary: a text's bytes are the text's, a number is 8 bytes */

void
ngx_thread_ws_pg_text(ngx_thread_ws_pg_query_t *query, ngx_str_t *text)
{
    int  i;

    i = query->nparams++;

    query->types[i] = NGX_THREAD_WS_PG_TEXT;
    query->values[i] = text->len ? (const char *) text->data : "";
    query->lengths[i] = (int) text->len;
    query->formats[i] = 1;
}


void
ngx_thread_ws_pg_number(ngx_thread_ws_pg_query_t *query, int64_t n)
{
    int        i, k;
    u_char    *p;
    uint64_t   value;

    i = query->nparams++;

    value = (uint64_t) n;
    p = (u_char *) &query->numbers[i];

    for (k = 7; k >= 0; k--) {
        p[k] = (u_char) value;
        value >>= 8;
    }

    query->types[i] = NGX_THREAD_WS_PG_INT8;
    query->values[i] = (const char *) p;
    query->lengths[i] = 8;
    query->formats[i] = 1;
}


void
ngx_thread_ws_pg_null_number(ngx_thread_ws_pg_query_t *query)
{
    query->types[query->nparams] = NGX_THREAD_WS_PG_INT8;
    query->values[query->nparams++] = NULL;
}


void
ngx_thread_ws_pg_query_free(ngx_thread_ws_pg_query_t *query)
{
    if (query->timer.timer_set) {
        ngx_del_timer(&query->timer);
    }

    if (query->res) {
        PQclear(query->res);
    }

    ngx_thread_ws_pg_query_unlink(query);

    ngx_free(query);
}


void
ngx_thread_ws_pg_query_unlink(ngx_thread_ws_pg_query_t *query)
{
    if (query->queue.next) {
        ngx_queue_remove(&query->queue);
        query->queue.next = NULL;
    }
}
