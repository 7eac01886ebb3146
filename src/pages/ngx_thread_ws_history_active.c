
/*
 * The message that is being answered, at the end of a history: others' clients
 * resume the answer, and are not told what it answers.
 */


#include "ngx_thread_ws.h"
#include "pages/ngx_thread_ws_history.h"
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_prompt_calls.h"
#include "store/ngx_thread_ws_extra.h"
#include "thread/ngx_thread_ws_thread.h"


static ngx_int_t ngx_thread_ws_history_follows(ngx_array_t *records,
    ngx_str_t *extra);
static ngx_int_t ngx_thread_ws_history_shown(ngx_array_t *records,
    ngx_pool_t *pool, ngx_thread_ws_asked_t *asked);
static ngx_int_t ngx_thread_ws_history_add(ngx_array_t *records,
    ngx_pool_t *pool, ngx_thread_ws_asked_t *asked);


ngx_int_t
ngx_thread_ws_history_active(ngx_http_request_t *r,
    ngx_thread_ws_store_op_t *op)
{
    ngx_int_t                rc;
    ngx_array_t             *records;
    ngx_thread_ws_asked_t    asked;
    ngx_thread_ws_record_t  *record;

    if (ngx_thread_ws_history_wire(r)->history == NULL || op->before
        || op->replaced
        || (op->status != NGX_OK && op->status != NGX_DECLINED))
    {
        return NGX_DECLINED;
    }

    rc = ngx_thread_ws_thread_asked(op->store, &op->owner, &op->thread_id,
                                    r->pool, &asked);
    if (rc != NGX_OK) {
        return rc;
    }

    records = &op->records;

    if (op->status == NGX_DECLINED
        && ngx_array_init(records, r->pool, 1, sizeof(ngx_thread_ws_record_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    record = records->elts;

    if (records->nelts
        && ngx_thread_ws_string_equal(&record[records->nelts - 1].request_id,
                                      &asked.request_id))
    {
        /* it is about to end */

        return NGX_DECLINED;
    }

    return (ngx_thread_ws_history_follows(records, &asked.extra) == NGX_OK
            && ngx_thread_ws_history_shown(records, r->pool, &asked)
               == NGX_OK)
           ? ngx_thread_ws_history_add(records, r->pool, &asked) : NGX_ERROR;
}


/* what gives way to it goes */

static ngx_int_t
ngx_thread_ws_history_follows(ngx_array_t *records, ngx_str_t *extra)
{
    json_t                  *root, *replaces;
    ngx_str_t                id;
    ngx_uint_t               i;
    ngx_thread_ws_record_t  *record;

    root = ngx_thread_ws_extra_read(extra);
    if (root == NULL) {
        return NGX_ERROR;
    }

    replaces = json_object_get(root, "replaces");

    id.data = (u_char *) json_string_value(replaces);
    id.len = json_string_length(replaces);

    record = records->elts;

    for (i = 0; id.len && i < records->nelts; i++) {

        if (ngx_thread_ws_string_equal(&record[i].request_id, &id)) {
            records->nelts = i;
        }
    }

    json_decref(root);

    return NGX_OK;
}


/* results that stand beside a question, of calls that are open: as the run has
   them */

static ngx_int_t
ngx_thread_ws_history_shown(ngx_array_t *records, ngx_pool_t *pool,
    ngx_thread_ws_asked_t *asked)
{
    char                    *text;
    json_t                  *extra, *shown, *parts;
    ngx_str_t                told;
    ngx_thread_ws_record_t  *record;

    if (asked->shown.len == 0 || records->nelts == 0) {
        return NGX_OK;
    }

    record = records->elts;
    record += records->nelts - 1;

    ngx_str_null(&told);

    if (record->extra) {
        told = record->extra->told;
    }

    extra = ngx_thread_ws_extra_read(&asked->extra);
    shown = ngx_thread_ws_extra_read(&asked->shown);
    parts = ngx_thread_ws_extra_parts(&told, &record->answer);

    text = (extra && shown && parts
            && ngx_thread_ws_prompt_shown(extra, shown, parts) == NGX_OK)
           ? json_dumps(extra, JSON_COMPACT) : NULL;

    json_decref(extra);
    json_decref(shown);
    json_decref(parts);

    if (text == NULL) {
        return NGX_ERROR;
    }

    asked->extra.len = ngx_strlen(text);
    asked->extra.data = ngx_pnalloc(pool, asked->extra.len);

    if (asked->extra.data) {
        ngx_memcpy(asked->extra.data, text, asked->extra.len);
    }

    free(text);

    return asked->extra.data ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_thread_ws_history_add(ngx_array_t *records, ngx_pool_t *pool,
    ngx_thread_ws_asked_t *asked)
{
    uint64_t                 seq;
    ngx_time_t              *tp;
    ngx_thread_ws_record_t  *record;

    record = records->elts;
    seq = records->nelts ? record[records->nelts - 1].seq : 0;

    record = ngx_array_push(records);
    if (record == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(record, sizeof(ngx_thread_ws_record_t));

    tp = ngx_timeofday();

    record->seq = seq + 1;
    record->request_id = asked->request_id;
    record->content = asked->content;
    record->created = (uint64_t) tp->sec * 1000 + tp->msec;

    if (asked->extra.len == 0) {
        return NGX_OK;
    }

    record->extra = ngx_pcalloc(pool, sizeof(ngx_thread_ws_extra_t));
    if (record->extra == NULL) {
        return NGX_ERROR;
    }

    record->extra->asked = asked->extra;

    return NGX_OK;
}
