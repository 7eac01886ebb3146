
/*
 * What the files of the twin share: a request that follows.
 */


#ifndef _NGX_THREAD_WS_TWIN_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_TWIN_PRIVATE_H_INCLUDED_


#include "twin/ngx_thread_ws_twin.h"
#include "base/ngx_thread_ws_bytes.h"
#include "conn/ngx_thread_ws_conn.h"
#include "wire/ngx_thread_ws_code.h"
#include "wire/ngx_thread_ws_command.h"


/*
 * It has what logs and variables look for in a connection: whose it is, its
 * follower, what its runs came to.  Lives in the request's pool.
 */

typedef struct ngx_thread_ws_twin_find_s  ngx_thread_ws_twin_find_t;

typedef struct {
    ngx_thread_ws_conn_t       conn;         /* the first: the request's
                                                context.  Of what goes out the
                                                blocks that filters have not
                                                seen yet */
    ngx_queue_t                queue;        /* of those that are told when the
                                                worker leaves */
    ngx_chain_t               *busy;         /* what filters have, a block for
                                                each */
    ngx_chain_t               *free;
    ngx_thread_ws_bytes_t      body;         /* of a POST */
    ngx_str_t                  request_id;   /* of the run that it asked for */
    ngx_thread_ws_twin_find_t *find;         /* the run in whose place it is,
                                                is looked for; NULL: not so */

    ngx_str_t                 *run;          /* of the next event, and ... */
    size_t                     position;     /* ... where it ends */
    size_t                     placed_at;    /* the last id that was said */

    unsigned                   open:1;       /* the header is sent */
    unsigned                   passes:1;     /* other filters, unchanged */
    unsigned                   chunks:1;     /* of no encoding: its body is */
    unsigned                   alone:1;      /* hears one run, and ends */
    unsigned                   placed:1;     /* an id was said */
    unsigned                   asker:1;      /* has asked for it */
    unsigned                   deleted:1;    /* the thread was */
    unsigned                   leaving:1;    /* the worker is */
    unsigned                   listed:1;     /* ... and it will be told */
    unsigned                   spoke:1;      /* since the last ping */
    unsigned                   done:1;       /* the end was sent */
} ngx_thread_ws_twin_t;


#define ngx_thread_ws_twin_wire(twin)                                         \
    ngx_thread_ws_follower_wire(&(twin)->conn.follower)

/* what a block has room for before and after its bytes: to be a chunk */

#define NGX_THREAD_WS_TWIN_CHUNK_HEAD  (sizeof("ffffffff" CRLF) - 1)
#define NGX_THREAD_WS_TWIN_CHUNK_TAIL  (sizeof(CRLF) - 1)

#define NGX_THREAD_WS_TWIN_UNNAMED  "requestId is missing or malformed"

/* where nobody can have come to */

#define NGX_THREAD_WS_TWIN_NOWHERE                                            \
    "Last-Event-ID is no position of this run"


/*
 * A request that may ask, as far as that shows without its body; NULL: rc is
 * what the content handler returns.  Then it joins its thread: NGX_OK, or
 * NGX_ERROR without memory.
 */

ngx_thread_ws_twin_t *ngx_thread_ws_twin_create(ngx_http_request_t *r,
    ngx_int_t *rc);
ngx_int_t ngx_thread_ws_twin_join(ngx_thread_ws_twin_t *twin);

/*
 * Where it had come to, and of which run, as its Last-Event-ID says: NGX_OK,
 * with 0 and an empty id where it says nothing, or NGX_DECLINED.
 */

ngx_int_t ngx_thread_ws_twin_from(ngx_thread_ws_twin_t *twin,
    ngx_str_t *request_id, size_t *after);

/* a POST's content handler */

ngx_int_t ngx_thread_ws_twin_post_handler(ngx_http_request_t *r);

/* how a twin follows; and the end of what it holds, whatever ends it */

extern ngx_thread_ws_follower_handlers_t  ngx_thread_ws_twin_follower;

void ngx_thread_ws_twin_cleanup(void *data);

/*
 * Begins the response: its header, and what is there to say.  The value is a
 * content handler's; with NGX_DONE the request lives on.
 */

ngx_int_t ngx_thread_ws_twin_open(ngx_thread_ws_twin_t *twin);

/* ... which the request's write event goes on with */

void ngx_thread_ws_twin_writer(ngx_http_request_t *r);

/*
 * What runs have said, as far as the client takes it: NGX_OK, NGX_AGAIN, or
 * NGX_ERROR when the connection is broken.
 */

ngx_int_t ngx_thread_ws_twin_flush(ngx_thread_ws_twin_t *twin);

/* the header was sent: what filters will do with its body is known */

void ngx_thread_ws_twin_pass(ngx_thread_ws_twin_t *twin);

/* a follower's handler */

void ngx_thread_ws_twin_near(void *data, ngx_thread_ws_near_t *near);

/*
 * Writes what there is at once, where no filter has anything to do with it:
 * NGX_DECLINED where one may, else a filter's value.  There is something.
 */

ngx_int_t ngx_thread_ws_twin_direct(ngx_thread_ws_twin_t *twin);

/* all blocks that there are, for a filter: NGX_OK; NGX_ERROR without memory */

ngx_int_t ngx_thread_ws_twin_chain(ngx_thread_ws_twin_t *twin,
    ngx_chain_t **out);

/* all of it at once, and the end of the body: a filter's value */

ngx_int_t ngx_thread_ws_twin_finish(ngx_thread_ws_twin_t *twin);

/* a text among the events, which is no event: a comment, a field */

void ngx_thread_ws_twin_remark(ngx_thread_ws_twin_t *twin, const char *text);

/* bytes that have not left yet; forgets them */

size_t ngx_thread_ws_twin_queued(ngx_thread_ws_twin_t *twin);
void ngx_thread_ws_twin_forget(ngx_thread_ws_twin_t *twin);

/* has it look at what there is to do, at the end of this turn */

void ngx_thread_ws_twin_post(ngx_thread_ws_twin_t *twin);

/*
 * It is told when the worker leaves: NGX_OK or NGX_ERROR; no more.  Then, or
 * if the worker leaves already, it goes at a moment of its own.
 */

ngx_int_t ngx_thread_ws_twin_list(ngx_thread_ws_twin_t *twin);
void ngx_thread_ws_twin_unlist(ngx_thread_ws_twin_t *twin);
void ngx_thread_ws_twin_leave(ngx_thread_ws_twin_t *twin);

/*
 * Reads the body of a POST, which is then answered.  The value is a content
 * handler's.
 */

ngx_int_t ngx_thread_ws_twin_read(ngx_thread_ws_twin_t *twin);

/* the body is whole: the value is for ngx_http_finalize_request() */

ngx_int_t ngx_thread_ws_twin_submit(ngx_thread_ws_twin_t *twin);

/* ... and asks the agent; or looks first for the run in whose place that is */

ngx_int_t ngx_thread_ws_twin_ask(ngx_thread_ws_twin_t *twin,
    ngx_thread_ws_command_t *command);
ngx_int_t ngx_thread_ws_twin_find(ngx_thread_ws_twin_t *twin,
    ngx_thread_ws_command_t *command);
void ngx_thread_ws_twin_find_free(ngx_thread_ws_twin_t *twin);

/*
 * Refuses a request: an error as JSON, or in words alone where pages show what
 * they get; with the text instead of the code's unless that is NULL; for a body
 * that is too large; with the status that goes with the code.  The value is a
 * content handler's.
 */

ngx_int_t ngx_thread_ws_twin_refuse(ngx_http_request_t *r, ngx_uint_t status,
    ngx_uint_t code, char *text);

#define ngx_thread_ws_twin_invalid(r, text)                                   \
    ngx_thread_ws_twin_refuse(r, NGX_HTTP_BAD_REQUEST,                        \
                              NGX_THREAD_WS_INVALID_MESSAGE, text)

ngx_int_t ngx_thread_ws_twin_too_large(ngx_http_request_t *r);
ngx_int_t ngx_thread_ws_twin_refused(ngx_http_request_t *r, ngx_uint_t code);


#endif /* _NGX_THREAD_WS_TWIN_PRIVATE_H_INCLUDED_ */
