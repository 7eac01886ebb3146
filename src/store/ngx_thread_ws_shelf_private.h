
/*
 * What the files of the shelf share: kinds of blocks, and the calls between
 * threads and runs.
 */


#ifndef _NGX_THREAD_WS_SHELF_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_SHELF_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/ngx_thread_ws_shelf.h"


#define NGX_THREAD_WS_SHELF_OWNERS      1
#define NGX_THREAD_WS_SHELF_THREADS     2
#define NGX_THREAD_WS_SHELF_RUN         3
#define NGX_THREAD_WS_SHELF_TEXT        4


#define ngx_thread_ws_shelf_block(shelf, i)                                   \
    ngx_thread_ws_block((shelf)->pool, i)

#define ngx_thread_ws_shelf_number(shelf, p)                                  \
    ngx_thread_ws_block_number((shelf)->pool, p)


/* a place in a run's texts */

typedef struct {
    ngx_thread_ws_shelf_t       *shelf;
    ngx_thread_ws_block_head_t  *block;
    size_t                       offset;
} ngx_thread_ws_shelf_place_t;


/* where they begin; writes a text there, or reads len bytes and moves on */

void ngx_thread_ws_shelf_texts(ngx_thread_ws_shelf_place_t *place,
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_run_t *run);
void ngx_thread_ws_shelf_put(ngx_thread_ws_shelf_place_t *place,
    ngx_str_t *text);
u_char *ngx_thread_ws_shelf_get(ngx_thread_ws_shelf_place_t *place, u_char *p,
    size_t len);

uint32_t ngx_thread_ws_shelf_hash(ngx_thread_ws_shelf_t *shelf,
    u_char *digest);
void ngx_thread_ws_shelf_digest(ngx_thread_ws_shelf_t *shelf, u_char *digest,
    u_char *first, size_t len, ngx_str_t *second);

/* threads */

ngx_thread_ws_shelf_owner_t *ngx_thread_ws_shelf_owner(
    ngx_thread_ws_shelf_t *shelf, u_char *digest);
ngx_int_t ngx_thread_ws_shelf_room(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key, ngx_thread_ws_shelf_thread_t *thread,
    uint32_t n, ngx_thread_ws_shelf_gone_t *gone);
ngx_thread_ws_shelf_thread_t *ngx_thread_ws_shelf_make(
    ngx_thread_ws_shelf_t *shelf, ngx_thread_ws_shelf_key_t *key);

void ngx_thread_ws_shelf_link(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread);

/* note, first of all, that a thread is to go for want of room, or is deleted */

void ngx_thread_ws_shelf_evicted(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread);
void ngx_thread_ws_shelf_buried(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_key_t *key);

/* a title goes, or is found again */

void ngx_thread_ws_shelf_untitle(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread);
void ngx_thread_ws_shelf_rebuild_title(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread);

/* runs: all of a thread go, or are found again */

void ngx_thread_ws_shelf_clear(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread);
void ngx_thread_ws_shelf_rebuild_runs(ngx_thread_ws_shelf_t *shelf,
    ngx_thread_ws_shelf_thread_t *thread);


#endif /* _NGX_THREAD_WS_SHELF_PRIVATE_H_INCLUDED_ */
