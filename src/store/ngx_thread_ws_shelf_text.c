
/*
 * The texts of a run on the shelf, one after the other in a chain of blocks.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/ngx_thread_ws_shelf.h"
#include "store/ngx_thread_ws_shelf_private.h"


static size_t ngx_thread_ws_shelf_step(ngx_thread_ws_shelf_place_t *place,
    size_t len);


void
ngx_thread_ws_shelf_texts(ngx_thread_ws_shelf_place_t *place,
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_run_t *run)
{
    place->shelf = shelf;
    place->block = &run->head;
    place->offset = sizeof(ngx_thread_ws_shelf_run_t);
}


void
ngx_thread_ws_shelf_put(ngx_thread_ws_shelf_place_t *place, ngx_str_t *text)
{
    size_t   n, len;
    u_char  *p;

    p = text->data;

    for (len = text->len; len; len -= n) {
        n = ngx_thread_ws_shelf_step(place, len);

        ngx_memcpy((u_char *) place->block + place->offset, p, n);

        place->offset += n;
        p += n;
    }
}


u_char *
ngx_thread_ws_shelf_get(ngx_thread_ws_shelf_place_t *place, u_char *p,
    size_t len)
{
    size_t  n;

    for ( /* void */ ; len; len -= n) {
        n = ngx_thread_ws_shelf_step(place, len);

        p = ngx_cpymem(p, (u_char *) place->block + place->offset, n);

        place->offset += n;
    }

    return p;
}


/* how many of len bytes lie in the place's block; at its end, in the next */

static size_t
ngx_thread_ws_shelf_step(ngx_thread_ws_shelf_place_t *place, size_t len)
{
    if (place->offset == NGX_THREAD_WS_BLOCK) {
        place->block = ngx_thread_ws_shelf_block(place->shelf,
                                                 place->block->next);
        place->offset = sizeof(ngx_thread_ws_block_head_t);
    }

    return ngx_min(len, NGX_THREAD_WS_BLOCK - place->offset);
}


size_t
ngx_thread_ws_shelf_beginning(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_run_t *run, u_char *buf, size_t len)
{
    size_t                        n, before;
    ngx_thread_ws_shelf_place_t   place;

    ngx_thread_ws_shelf_texts(&place, shelf, run);

    before = (size_t) run->request_id + run->model + run->finish_reason;

    for ( /* void */ ; before; before -= n) {
        n = ngx_thread_ws_shelf_step(&place, before);
        place.offset += n;
    }

    len = ngx_min(len, run->content);

    return ngx_thread_ws_shelf_get(&place, buf, len) - buf;
}


static u_char *
ngx_thread_ws_shelf_text(ngx_thread_ws_shelf_place_t *place, ngx_str_t *text,
    u_char *p, size_t len)
{
    text->data = p;
    text->len = len;

    return ngx_thread_ws_shelf_get(place, p, len);
}


ngx_int_t
ngx_thread_ws_shelf_read(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_run_t *run, ngx_thread_ws_record_t *record,
    ngx_pool_t *pool)
{
    u_char                       *p;
    size_t                        size;
    ngx_thread_ws_shelf_place_t   place;

    size = (size_t) run->request_id + run->model + run->finish_reason
           + ngx_thread_ws_shelf_size(run);

    p = ngx_pnalloc(pool, size + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    record->extra = NULL;

    if (run->asked || run->told) {
        record->extra = ngx_pcalloc(pool, sizeof(ngx_thread_ws_extra_t));
        if (record->extra == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_thread_ws_shelf_texts(&place, shelf, run);

    p = ngx_thread_ws_shelf_text(&place, &record->request_id, p,
                                 run->request_id);
    p = ngx_thread_ws_shelf_text(&place, &record->model, p, run->model);
    p = ngx_thread_ws_shelf_text(&place, &record->finish_reason, p,
                                 run->finish_reason);
    p = ngx_thread_ws_shelf_text(&place, &record->content, p, run->content);
    p = ngx_thread_ws_shelf_text(&place, &record->answer, p, run->answer);

    if (record->extra) {
        p = ngx_thread_ws_shelf_text(&place, &record->extra->asked, p,
                                     run->asked);
        (void) ngx_thread_ws_shelf_text(&place, &record->extra->told, p,
                                        run->told);
    }

    record->seq = run->seq;
    record->created = run->created;
    record->input_tokens = run->input_tokens;
    record->output_tokens = run->output_tokens;
    record->latency = run->latency;

    return NGX_OK;
}
