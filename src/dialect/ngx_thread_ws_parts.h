
/*
 * What an event brings beside text: a list of parts, in the order in which they
 * came.  For the dialects; who reads replies needs but dialect.h.
 */


#ifndef _NGX_THREAD_WS_PARTS_H_INCLUDED_
#define _NGX_THREAD_WS_PARTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "base/ngx_thread_ws_bytes.h"
#include "dialect/ngx_thread_ws_calls.h"
#include "dialect/ngx_thread_ws_dialect.h"
#include "dialect/ngx_thread_ws_tags.h"


/* a message is over, for its tags alone: nobody else sees this one */

#define NGX_THREAD_WS_PART_OVER  0

/* what was told before, so that it is not told again */

typedef struct {
    uint64_t                  name;
    uint64_t                  value;
} ngx_thread_ws_told_t;


struct ngx_thread_ws_parts_s {

    /* the last event's */

    ngx_thread_ws_part_t     *part;
    ngx_uint_t                n;
    ngx_uint_t                size;
    ngx_thread_ws_bytes_t     bytes;      /* their texts */
    json_t                   *speaker;    /* borrowed: the id of the message
                                             that is read; NULL: none */

    /* the run's */

    size_t                    said;       /* bytes of the text before */
    uint32_t                  half;       /* of a surrogate pair at the
                                             reasoning's end */
    size_t                   *begun;      /* where in the text its messages
                                             begin, by their number */
    ngx_uint_t                nbegun;
    ngx_uint_t                begun_size;
    ngx_thread_ws_told_t     *told;
    ngx_uint_t                ntold;
    ngx_uint_t                told_size;
    ngx_thread_ws_calls_t     calls;
    ngx_thread_ws_tags_t      tags;
    ngx_uint_t                asked;      /* interrupts without an id */
    ngx_thread_ws_bytes_t     message;    /* anthropic: its id */
    ngx_int_t                 block;      /* ... the text's, -1: none yet */
};


/* NGX_OK with reply->parts, or NGX_ERROR */

ngx_int_t ngx_thread_ws_parts_create(ngx_thread_ws_reply_t *reply);

/* forgets what the last event brought */

void ngx_thread_ws_parts_next(ngx_thread_ws_parts_t *parts);

/*
 * Adds a part with plain texts, which may have half surrogate pairs; both may
 * be NULL.  NULL without memory.  The part stands until the next one; a value
 * is what is added to parts->bytes until then, by value_end().
 */

ngx_thread_ws_part_t *ngx_thread_ws_parts_add(ngx_thread_ws_reply_t *reply,
    ngx_uint_t kind, ngx_str_t *id, ngx_str_t *name);

void ngx_thread_ws_parts_value_end(ngx_thread_ws_reply_t *reply);

/* The same with a value, NULL being null: NGX_OK or NGX_ERROR. */

ngx_int_t ngx_thread_ws_parts_json(ngx_thread_ws_reply_t *reply,
    ngx_uint_t kind, ngx_str_t *id, json_t *value);

/*
 * What follows does so only where it is asked for: NGX_OK or NGX_ERROR.
 *
 * Reasoning: a text, a list of them, or an object that has one.
 */

ngx_int_t ngx_thread_ws_parts_thought(ngx_thread_ws_reply_t *reply,
    json_t *thought);

/* A source, once each: either may be NULL, or no text. */

ngx_int_t ngx_thread_ws_parts_source(ngx_thread_ws_reply_t *reply,
    json_t *url, json_t *title);

/* Data; the other unless they are null, or what was last told by that name. */

ngx_int_t ngx_thread_ws_parts_data(ngx_thread_ws_reply_t *reply,
    const char *name, json_t *value);
ngx_int_t ngx_thread_ws_parts_news(ngx_thread_ws_reply_t *reply,
    const char *name, json_t *value);

/*
 * Whether that value was the last told by that name, both by their hashes: 1, 0
 * if it is from now on, or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_parts_told(ngx_thread_ws_parts_t *parts, uint64_t name,
    uint64_t value);

/*
 * The text goes on with another message, the number of which counts from 0; or
 * that of the message with that number is void, up to the next one's.
 */

ngx_int_t ngx_thread_ws_parts_message(ngx_thread_ws_reply_t *reply,
    ngx_str_t *id, ngx_str_t *name, ngx_uint_t number);
ngx_int_t ngx_thread_ws_parts_reset(ngx_thread_ws_reply_t *reply,
    ngx_uint_t number);

/*
 * The last n of the parts belong behind those since from, so many bytes later.
 */

void ngx_thread_ws_parts_delay(ngx_thread_ws_parts_t *parts, ngx_uint_t from,
    ngx_uint_t n, size_t at, size_t max);

/* The event is read: reply->part and reply->delta are what it brought. */

ngx_int_t ngx_thread_ws_parts_settle(ngx_thread_ws_reply_t *reply,
    ngx_uint_t end);

void ngx_thread_ws_parts_free(ngx_thread_ws_parts_t *parts);


static ngx_inline void
ngx_thread_ws_parts_string(ngx_str_t *s, json_t *text)
{
    s->data = (u_char *) json_string_value(text);
    s->len = json_string_length(text);
}


#endif /* _NGX_THREAD_WS_PARTS_H_INCLUDED_ */
