
/*
 * What a twin says: events of its runs as SSE, through nginx's filters, at the
 * pace of its client.
 */


#include "twin/ngx_thread_ws_twin_private.h"
#include "base/ngx_thread_ws_string.h"
#include "conn/ngx_thread_ws_block.h"
#include "thread/ngx_thread_ws_thread.h"
#include "wire/ngx_thread_ws_post.h"


#define NGX_THREAD_WS_TWIN_HEAD  "data: "
#define NGX_THREAD_WS_TWIN_ID    "id: "
#define NGX_THREAD_WS_TWIN_END   "\n\n"

/* what an event takes beside its text */

#define NGX_THREAD_WS_TWIN_FRAME                                              \
    (sizeof(NGX_THREAD_WS_TWIN_ID "\n" NGX_THREAD_WS_TWIN_HEAD                \
            NGX_THREAD_WS_TWIN_END) - 1 + NGX_THREAD_WS_PLACE_MAX)


static u_char *ngx_thread_ws_twin_room(ngx_thread_ws_twin_t *twin,
    size_t size);
static void ngx_thread_ws_twin_wrote(ngx_thread_ws_twin_t *twin, u_char *last);
static ngx_int_t ngx_thread_ws_twin_send(ngx_thread_ws_twin_t *twin);
static ngx_int_t ngx_thread_ws_twin_wait(ngx_thread_ws_twin_t *twin);
static ngx_int_t ngx_thread_ws_twin_filter(ngx_thread_ws_twin_t *twin);
static void ngx_thread_ws_twin_reap(ngx_thread_ws_twin_t *twin);

static u_char *ngx_thread_ws_twin_on_text(void *data, size_t size);
static void ngx_thread_ws_twin_on_text_end(void *data, u_char *text,
    u_char *last);
static u_char *ngx_thread_ws_twin_id(ngx_thread_ws_twin_t *twin, u_char *event,
    u_char *last);
static void ngx_thread_ws_twin_on_place(void *data, ngx_str_t *request_id,
    size_t position);
static size_t ngx_thread_ws_twin_on_queued(void *data);
static size_t ngx_thread_ws_twin_on_flush(void *data);
static void ngx_thread_ws_twin_on_post(void *data);
static void ngx_thread_ws_twin_on_began(void *data, ngx_thread_ws_run_t *run);
static void ngx_thread_ws_twin_on_ended(void *data, ngx_thread_ws_run_t *run);
static void ngx_thread_ws_twin_on_deleted(void *data);


ngx_thread_ws_follower_handlers_t  ngx_thread_ws_twin_follower = {
    { ngx_thread_ws_twin_on_text, ngx_thread_ws_twin_on_text_end },
    ngx_thread_ws_twin_on_place,
    ngx_thread_ws_twin_on_queued,
    ngx_thread_ws_twin_on_flush,
    ngx_thread_ws_twin_on_post,
    ngx_thread_ws_twin_on_began,
    ngx_thread_ws_twin_on_ended,
    ngx_thread_ws_twin_on_deleted,
    ngx_thread_ws_twin_near
};


/*
 * Room for size bytes after what was written, and for a chunk's own around
 * them; NULL without memory.
 */

static u_char *
ngx_thread_ws_twin_room(ngx_thread_ws_twin_t *twin, size_t size)
{
    ngx_thread_ws_conn_t   *conn;
    ngx_thread_ws_block_t  *block;

    conn = &twin->conn;
    block = conn->out_last;
    size += NGX_THREAD_WS_TWIN_CHUNK_TAIL;

    if (block && (size_t) (block->end - block->last) >= size) {
        return block->last;
    }

    block = ngx_thread_ws_block_add(&conn->out, &conn->out_last,
                                    NGX_THREAD_WS_TWIN_CHUNK_HEAD + size);
    if (block == NULL) {
        conn->error = 1;
        ngx_post_event(conn->connection->write, &ngx_posted_events);
        return NULL;
    }

    block->pos += NGX_THREAD_WS_TWIN_CHUNK_HEAD;
    block->last = block->pos;

    return block->last;
}


static void
ngx_thread_ws_twin_wrote(ngx_thread_ws_twin_t *twin, u_char *last)
{
    ngx_thread_ws_conn_t  *conn;

    conn = &twin->conn;

    conn->out_size += last - conn->out_last->last;
    conn->totals.bytes_out += last - conn->out_last->last;
    conn->out_last->last = last;

    twin->spoke = 1;
}


void
ngx_thread_ws_twin_remark(ngx_thread_ws_twin_t *twin, const char *text)
{
    u_char  *p;
    size_t   len;

    len = ngx_strlen(text);

    p = ngx_thread_ws_twin_room(twin, len);
    if (p) {
        ngx_thread_ws_twin_wrote(twin, ngx_cpymem(p, text, len));
    }
}


size_t
ngx_thread_ws_twin_queued(ngx_thread_ws_twin_t *twin)
{
    size_t        size;
    ngx_chain_t  *cl;

    size = twin->conn.out_size;

    for (cl = twin->busy; cl; cl = cl->next) {
        size += cl->buf->last - cl->buf->pos;
    }

    return size;
}


void
ngx_thread_ws_twin_forget(ngx_thread_ws_twin_t *twin)
{
    ngx_chain_t            *cl;
    ngx_thread_ws_conn_t   *conn;
    ngx_thread_ws_block_t  *block;

    conn = &twin->conn;

    while (conn->out) {
        block = conn->out;
        conn->out = block->next;
        ngx_thread_ws_block_put(block);
    }

    for (cl = twin->busy; cl; cl = cl->next) {
        block = (ngx_thread_ws_block_t *) cl->buf->start;
        cl->buf->pos = cl->buf->last;
        ngx_thread_ws_block_put(block);
    }

    conn->out_last = NULL;
    conn->out_size = 0;
    twin->busy = NULL;
}


void
ngx_thread_ws_twin_post(ngx_thread_ws_twin_t *twin)
{
    if (!twin->conn.error && twin->open) {
        ngx_post_event(twin->conn.connection->write, &ngx_posted_events);
    }
}


ngx_int_t
ngx_thread_ws_twin_flush(ngx_thread_ws_twin_t *twin)
{
    ngx_int_t  rc, left;

    /* a client that takes nothing is to have one block, and not a second */

    if (twin->busy && !twin->deleted) {
        rc = ngx_thread_ws_twin_send(twin);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    for ( ;; ) {
        left = ngx_thread_ws_follower_take(&twin->conn.follower,
                                           twin->deleted);
        if (left == NGX_ERROR) {
            twin->conn.error = 1;
        }

        rc = ngx_thread_ws_twin_send(twin);

        if (rc != NGX_OK || left != NGX_AGAIN) {
            return rc;
        }
    }
}


ngx_int_t
ngx_thread_ws_twin_finish(ngx_thread_ws_twin_t *twin)
{
    ngx_chain_t         *out;
    ngx_http_request_t  *r;

    r = twin->conn.request;
    out = NULL;

    if (twin->conn.error
        || ngx_thread_ws_twin_chain(twin, &out) != NGX_OK
        || (out && ngx_http_output_filter(r, out) == NGX_ERROR))
    {
        return NGX_ERROR;
    }

    return ngx_http_send_special(r, NGX_HTTP_LAST);
}


/*
 * Filters get more only when they have nothing left, so that blocks are filled
 * before there are many of them.
 */

static ngx_int_t
ngx_thread_ws_twin_send(ngx_thread_ws_twin_t *twin)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = twin->conn.connection;
    r = twin->conn.request;

    while (!twin->conn.error) {

        ngx_thread_ws_twin_reap(twin);

        if (r->buffered || c->buffered) {

            if (!c->write->ready) {
                break;
            }

            rc = ngx_thread_ws_twin_filter(twin);

        } else if (twin->conn.out == NULL) {
            break;

        } else {
            rc = ngx_thread_ws_twin_direct(twin);

            if (rc == NGX_DECLINED) {
                rc = ngx_thread_ws_twin_filter(twin);
            }
        }

        if (rc == NGX_ERROR) {
            twin->conn.error = 1;
        }
    }

    return ngx_thread_ws_twin_wait(twin);
}


/* what the filters have, or else what there is: NGX_ERROR or another value */

static ngx_int_t
ngx_thread_ws_twin_filter(ngx_thread_ws_twin_t *twin)
{
    size_t               size;
    ngx_event_t         *wev;
    ngx_chain_t         *out;
    ngx_http_request_t  *r;

    r = twin->conn.request;
    wev = twin->conn.connection->write;
    out = NULL;

    if (!r->buffered && !twin->conn.connection->buffered
        && ngx_thread_ws_twin_chain(twin, &out) != NGX_OK)
    {
        return NGX_ERROR;
    }

    size = wev->timer_set ? ngx_thread_ws_twin_queued(twin) : 0;

    if (ngx_http_output_filter(r, out) == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_thread_ws_twin_reap(twin);

    /* of what OpenSSL has only that it has nothing more can be seen */

    if (wev->timer_set
        && (ngx_thread_ws_twin_queued(twin) < size
            || !(r->buffered || twin->conn.connection->buffered)))
    {
        ngx_del_timer(wev);
    }

    return NGX_OK;
}


/* for the client to take the rest, if there is any */

static ngx_int_t
ngx_thread_ws_twin_wait(ngx_thread_ws_twin_t *twin)
{
    ngx_uint_t         rest;
    ngx_event_t       *wev;
    ngx_connection_t  *c;

    c = twin->conn.connection;
    wev = c->write;
    rest = (twin->conn.request->buffered || c->buffered);

    /* with nothing to write poll() and select() would ask again */

    if (!twin->conn.error
        && (rest || (ngx_event_flags & NGX_USE_LEVEL_EVENT))
        && ngx_handle_write_event(wev, 0) != NGX_OK)
    {
        twin->conn.error = 1;
    }

    if (twin->conn.error) {
        ngx_post_event(wev, &ngx_posted_events);
        return NGX_ERROR;
    }

    if (rest) {

        if (!wev->timer_set) {
            ngx_add_timer(wev, twin->conn.conf->send_timeout);
        }

        return NGX_AGAIN;
    }

    if (wev->timer_set) {
        ngx_del_timer(wev);
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_twin_chain(ngx_thread_ws_twin_t *twin, ngx_chain_t **out)
{
    ngx_buf_t              *b;
    ngx_chain_t            *cl, **last;
    ngx_thread_ws_conn_t   *conn;
    ngx_thread_ws_block_t  *block;

    conn = &twin->conn;

    for (last = &twin->busy; *last; last = &(*last)->next) { /* void */ }

    while (conn->out) {
        block = conn->out;

        cl = ngx_chain_get_free_buf(conn->request->pool, &twin->free);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        conn->out = block->next;

        b = cl->buf;
        ngx_memzero(b, sizeof(ngx_buf_t));

        b->tag = (ngx_buf_tag_t) &ngx_thread_ws_module;
        b->start = (u_char *) block;
        b->end = block->end;
        b->pos = block->pos;
        b->last = block->last;
        b->temporary = 1;
        b->flush = (conn->out == NULL);

        cl->next = NULL;
        *last = cl;
        last = &cl->next;

        if (*out == NULL) {
            *out = cl;
        }
    }

    conn->out_last = NULL;
    conn->out_size = 0;

    return NGX_OK;
}


/* takes back what has been sent */

static void
ngx_thread_ws_twin_reap(ngx_thread_ws_twin_t *twin)
{
    ngx_chain_t  *cl;

    while (twin->busy && ngx_buf_size(twin->busy->buf) == 0) {
        cl = twin->busy;
        twin->busy = cl->next;

        ngx_thread_ws_block_put((ngx_thread_ws_block_t *) cl->buf->start);

        cl->next = twin->free;
        twin->free = cl;
    }
}


/* what its thread asks and tells */


static u_char *
ngx_thread_ws_twin_on_text(void *data, size_t size)
{
    u_char  *p;

    p = ngx_thread_ws_twin_room(data, size + NGX_THREAD_WS_TWIN_FRAME);

    return p ? ngx_cpymem(p, NGX_THREAD_WS_TWIN_HEAD,
                          sizeof(NGX_THREAD_WS_TWIN_HEAD) - 1)
             : NULL;
}


/*
 * A line break within JSON is a space like any other, but would end the line of
 * the event.
 */

static void
ngx_thread_ws_twin_on_text_end(void *data, u_char *text, u_char *last)
{
    ngx_thread_ws_twin_t *twin = data;

    u_char  *p;

    if (!twin->conn.follower.unbroken) {

        for (p = text; (p = memchr(p, LF, last - p)) != NULL; p++) {
            *p = ' ';
        }

        for (p = text; (p = memchr(p, CR, last - p)) != NULL; p++) {
            *p = ' ';
        }
    }

    last = ngx_thread_ws_twin_id(twin, text - sizeof(NGX_THREAD_WS_TWIN_HEAD)
                                       + 1, last);

    last = ngx_cpymem(last, NGX_THREAD_WS_TWIN_END,
                      sizeof(NGX_THREAD_WS_TWIN_END) - 1);

    ngx_thread_ws_twin_wrote(twin, last);
}


/*
 * The place after an event, before its data: TanStack AI's client goes by
 * lines.  It drops an event whose id it has had, so that in protocols where
 * several make up one of ours those that end where the last one did have none:
 * by SSE's own rules they keep that.  Returns the new end.
 */

static u_char *
ngx_thread_ws_twin_id(ngx_thread_ws_twin_t *twin, u_char *event, u_char *last)
{
    size_t      len;
    u_char     *p, id[sizeof(NGX_THREAD_WS_TWIN_ID) + NGX_THREAD_WS_PLACE_MAX];
    ngx_str_t   none, *run;

    run = twin->run;
    twin->run = NULL;

    if (run == NULL
        || (twin->alone && ngx_thread_ws_twin_wire(twin)->chats
            && twin->placed && twin->placed_at == twin->position))
    {
        return last;
    }

    ngx_str_null(&none);

    p = ngx_cpymem(id, NGX_THREAD_WS_TWIN_ID,
                   sizeof(NGX_THREAD_WS_TWIN_ID) - 1);
    p = ngx_thread_ws_place_write(p, twin->position,
                                  twin->alone ? &none : run);
    *p++ = LF;

    len = p - id;

    ngx_memmove(event + len, event, last - event);
    ngx_memcpy(event, id, len);

    twin->placed = 1;
    twin->placed_at = twin->position;

    return last + len;
}


static void
ngx_thread_ws_twin_on_place(void *data, ngx_str_t *request_id, size_t position)
{
    ngx_thread_ws_twin_t *twin = data;

    twin->run = request_id;
    twin->position = position;
}


static size_t
ngx_thread_ws_twin_on_queued(void *data)
{
    return ngx_thread_ws_twin_queued(data);
}


static size_t
ngx_thread_ws_twin_on_flush(void *data)
{
    ngx_thread_ws_twin_t *twin = data;

    if (twin->open && !twin->conn.error) {
        (void) ngx_thread_ws_twin_flush(twin);

        if (twin->alone && ngx_queue_empty(&twin->conn.follower.readers)) {
            ngx_thread_ws_twin_post(twin);
        }
    }

    return ngx_thread_ws_twin_queued(twin);
}


static void
ngx_thread_ws_twin_on_post(void *data)
{
    ngx_thread_ws_twin_post(data);
}


static void
ngx_thread_ws_twin_on_began(void *data, ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_conn_follower.began(data, run);
}


static void
ngx_thread_ws_twin_on_ended(void *data, ngx_thread_ws_run_t *run)
{
    ngx_thread_ws_conn_follower.ended(data, run);
}


/* it may be called from within the thread: it goes later */

static void
ngx_thread_ws_twin_on_deleted(void *data)
{
    ngx_thread_ws_twin_t *twin = data;

    twin->deleted = 1;

    ngx_thread_ws_twin_post(twin);
}
