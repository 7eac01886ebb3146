
/*
 * The blocks of an answer that may pause.  One is a tree until it has ended,
 * and then JSON: endless small ones take no more than their bytes.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "base/ngx_thread_ws_bytes.h"
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_turn.h"
#include "json/ngx_thread_ws_json.h"
#include "json/ngx_thread_ws_json_read.h"
#include "json/ngx_thread_ws_json_write.h"


#define NGX_THREAD_WS_TURN_NAME  32


typedef enum {
    NGX_THREAD_WS_TURN_TEXT = 0,
    NGX_THREAD_WS_TURN_JSON,
    NGX_THREAD_WS_TURN_LIST
} ngx_thread_ws_turn_e;


struct ngx_thread_ws_turn_s {
    size_t                  *said;
    size_t                   at;         /* up to there it is in blocks */
    ngx_thread_ws_bytes_t    blocks;     /* JSON, each after a comma */

    json_t                  *block;      /* that goes on; NULL: none */
    ngx_thread_ws_bytes_t    value;      /* what is added to its member */
    char                     member[NGX_THREAD_WS_TURN_NAME];
    ngx_uint_t               kind;       /* ... as ngx_thread_ws_turn_e */
    size_t                   size;       /* bytes that were added to blocks */

    json_t                  *place;
    ngx_uint_t               pauses;

    ngx_int_t                input;      /* tokens before the last pause */
    ngx_int_t                output;
    ngx_int_t                cached;
    ngx_int_t                reasoning;

    unsigned                 over:1;     /* it is too large to be kept */
};


static ngx_int_t ngx_thread_ws_turn_add(ngx_thread_ws_reply_t *reply,
    const char *member, ngx_uint_t kind, json_t *value);
static ngx_int_t ngx_thread_ws_turn_member(ngx_thread_ws_turn_t *turn,
    const char *member, ngx_uint_t kind);
static ngx_int_t ngx_thread_ws_turn_settle(ngx_thread_ws_turn_t *turn);
static json_t *ngx_thread_ws_turn_value(ngx_thread_ws_turn_t *turn);
static ngx_int_t ngx_thread_ws_turn_close(ngx_thread_ws_reply_t *reply);
static void ngx_thread_ws_turn_forget(ngx_thread_ws_turn_t *turn);
static ngx_uint_t ngx_thread_ws_turn_blank(json_t *text);
static json_t *ngx_thread_ws_turn_text(json_t *range, ngx_str_t *text);


ngx_thread_ws_turn_t *
ngx_thread_ws_turn_create(size_t *said)
{
    ngx_thread_ws_turn_t  *turn;

    turn = calloc(1, sizeof(ngx_thread_ws_turn_t));

    if (turn) {
        turn->said = said;
    }

    return turn;
}


void
ngx_thread_ws_turn_free(ngx_thread_ws_turn_t *turn)
{
    if (turn) {
        ngx_thread_ws_turn_forget(turn);
        json_decref(turn->place);
        free(turn);
    }
}


static void
ngx_thread_ws_turn_forget(ngx_thread_ws_turn_t *turn)
{
    ngx_thread_ws_bytes_free(&turn->blocks);
    ngx_thread_ws_bytes_free(&turn->value);

    json_decref(turn->block);
    turn->block = NULL;
}


/* counts bytes that are to be kept: whether they may be */

static ngx_uint_t
ngx_thread_ws_turn_room(ngx_thread_ws_reply_t *reply, size_t len)
{
    ngx_thread_ws_turn_t  *turn;

    turn = reply->turn;

    turn->size += len;

    if (reply->limit && turn->size > reply->limit) {
        turn->over = 1;
        ngx_thread_ws_turn_forget(turn);
    }

    return !turn->over;
}


ngx_int_t
ngx_thread_ws_turn_begins(ngx_thread_ws_reply_t *reply, json_t *block)
{
    ngx_thread_ws_turn_t  *turn;

    turn = reply->turn;

    if (turn->over) {
        return NGX_OK;
    }

    if (ngx_thread_ws_turn_close(reply) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!turn->over && json_is_object(block)) {
        turn->block = json_incref(block);
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_turn_goes(ngx_thread_ws_reply_t *reply, json_t *delta)
{
    json_t      *value;
    ngx_int_t    rc;
    const char  *name;

    if (reply->turn->over || reply->turn->block == NULL) {
        return NGX_OK;
    }

    json_object_foreach(delta, name, value) {

        if (ngx_strcmp(name, "type") == 0) {
            continue;
        }

        if (ngx_strcmp(name, "citation") == 0) {
            rc = ngx_thread_ws_turn_add(reply, "citations",
                                        NGX_THREAD_WS_TURN_LIST, value);

        } else if (!json_is_string(value)) {
            continue;

        } else if (ngx_strcmp(name, "partial_json") == 0) {
            rc = ngx_thread_ws_turn_add(reply, "input",
                                        NGX_THREAD_WS_TURN_JSON, value);

        } else {
            rc = ngx_thread_ws_turn_add(reply, name,
                                        NGX_THREAD_WS_TURN_TEXT, value);
        }

        if (rc != NGX_OK || reply->turn->over) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_turn_add(ngx_thread_ws_reply_t *reply, const char *member,
    ngx_uint_t kind, json_t *value)
{
    size_t                  len;
    ngx_int_t               rc;
    ngx_thread_ws_turn_t   *turn;
    ngx_thread_ws_bytes_t  *bytes;

    turn = reply->turn;
    bytes = &turn->value;

    if (ngx_strlen(member) >= NGX_THREAD_WS_TURN_NAME) {
        return NGX_OK;
    }

    if (ngx_strcmp(member, turn->member) != 0) {

        if (ngx_thread_ws_turn_member(turn, member, kind) != NGX_OK) {
            return NGX_ERROR;
        }

        if (!ngx_thread_ws_turn_room(reply, NGX_THREAD_WS_TURN_NAME)) {
            return NGX_OK;
        }
    }

    len = bytes->len;

    if (kind == NGX_THREAD_WS_TURN_LIST) {
        rc = ngx_thread_ws_bytes_add(bytes, (u_char *) ",", 1);

        if (rc == NGX_OK) {
            rc = ngx_thread_ws_json_write(bytes, value);
        }

    } else {
        rc = ngx_thread_ws_bytes_add(bytes,
                                     (u_char *) json_string_value(value),
                                     json_string_length(value));
    }

    if (rc == NGX_OK) {
        (void) ngx_thread_ws_turn_room(reply, bytes->len - len);
    }

    return rc;
}


/* what follows is added to that member, to what there is of it */

static ngx_int_t
ngx_thread_ws_turn_member(ngx_thread_ws_turn_t *turn, const char *member,
    ngx_uint_t kind)
{
    json_t  *before;

    if (ngx_thread_ws_turn_settle(turn) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(turn->member, member, ngx_strlen(member) + 1);
    turn->kind = kind;

    if (kind != NGX_THREAD_WS_TURN_TEXT) {
        return NGX_OK;
    }

    before = json_object_get(turn->block, member);

    return ngx_thread_ws_bytes_add(&turn->value,
                                   (u_char *) json_string_value(before),
                                   json_string_length(before));
}


/* what was added to a member of the block becomes its value */

static ngx_int_t
ngx_thread_ws_turn_settle(ngx_thread_ws_turn_t *turn)
{
    size_t   i;
    json_t  *value, *before, *item;

    if (turn->value.len == 0 || turn->block == NULL) {
        turn->member[0] = '\0';
        turn->value.len = 0;
        return NGX_OK;
    }

    value = ngx_thread_ws_turn_value(turn);
    before = json_object_get(turn->block, turn->member);

    if (turn->kind == NGX_THREAD_WS_TURN_LIST && json_is_array(before)) {

        json_array_foreach(value, i, item) {

            if (json_array_append(before, item)) {
                json_decref(value);
                return NGX_ERROR;
            }
        }

        json_decref(value);

    } else if (value
               && json_object_set_new_nocheck(turn->block, turn->member,
                                              value))
    {
        return NGX_ERROR;
    }

    turn->member[0] = '\0';
    turn->value.len = 0;

    return NGX_OK;
}


/* NULL: it is none, and the member stays what it was */

static json_t *
ngx_thread_ws_turn_value(ngx_thread_ws_turn_t *turn)
{
    json_t                 *value;
    u_char                 *p;
    ngx_thread_ws_bytes_t  *bytes;

    bytes = &turn->value;

    if (turn->kind == NGX_THREAD_WS_TURN_TEXT) {
        return json_stringn_nocheck((char *) bytes->data, bytes->len);
    }

    if (turn->kind == NGX_THREAD_WS_TURN_LIST) {
        bytes->data[0] = '[';

        if (ngx_thread_ws_bytes_add(bytes, (u_char *) "]", 1) != NGX_OK) {
            return NULL;
        }
    }

    p = bytes->data;

    return (ngx_thread_ws_json_read(&value, &p, p + bytes->len, 0) == NGX_OK)
           ? value : NULL;
}


/*
 * The block has ended, and where there was none but a text, that is one.  A
 * text is where it stands: [from, to].
 */

static ngx_int_t
ngx_thread_ws_turn_close(ngx_thread_ws_reply_t *reply)
{
    size_t                 len, now;
    ngx_int_t              rc;
    ngx_uint_t             text;
    ngx_thread_ws_turn_t  *turn;

    turn = reply->turn;
    now = *turn->said + reply->delta.len;
    len = turn->blocks.len;

    if (ngx_thread_ws_turn_settle(turn) != NGX_OK) {
        return NGX_ERROR;
    }

    if (turn->block == NULL && now > turn->at) {
        turn->block = json_pack("{s:s}", "type", "text");
    }

    text = ngx_thread_ws_json_is(json_object_get(turn->block, "type"), "text");
    rc = NGX_OK;

    if (text && now > turn->at
        && json_object_set_new(turn->block, "text",
                               json_pack("[II]", (json_int_t) turn->at,
                                         (json_int_t) now)))
    {
        rc = NGX_ERROR;
    }

    /* a text that was none is left out */

    if (rc == NGX_OK && turn->block && (!text || now > turn->at)) {
        rc = ngx_thread_ws_bytes_add(&turn->blocks, (u_char *) ",", 1);

        if (rc == NGX_OK) {
            rc = ngx_thread_ws_json_write(&turn->blocks, turn->block);
        }
    }

    json_decref(turn->block);
    turn->block = NULL;
    turn->at = now;

    if (rc == NGX_OK) {
        (void) ngx_thread_ws_turn_room(reply, turn->blocks.len - len);
    }

    return rc;
}


void
ngx_thread_ws_turn_skip(ngx_thread_ws_reply_t *reply, size_t len)
{
    reply->turn->at += len;
}


void
ngx_thread_ws_turn_place(ngx_thread_ws_reply_t *reply, json_t *place)
{
    ngx_thread_ws_turn_t  *turn;

    turn = reply->turn;

    if (json_is_string(place)
        && !json_equal(place, turn->place)
        && ngx_thread_ws_turn_room(reply, json_string_length(place)))
    {
        json_decref(turn->place);
        turn->place = json_incref(place);
    }
}


static ngx_int_t
ngx_thread_ws_turn_sum(ngx_int_t a, ngx_int_t b)
{
    return ngx_min(a, NGX_MAX_INT32_VALUE - b) + b;
}


ngx_int_t
ngx_thread_ws_turn_pause(ngx_thread_ws_reply_t *reply)
{
    ngx_thread_ws_turn_t  *turn;

    turn = reply->turn;

    if (turn == NULL || turn->over
        || turn->pauses == NGX_THREAD_WS_TURN_PAUSES)
    {
        return NGX_DECLINED;
    }

    ngx_str_null(&reply->delta);

    if (ngx_thread_ws_turn_close(reply) != NGX_OK) {
        return NGX_ERROR;
    }

    if (turn->over || turn->blocks.len == 0) {
        return NGX_DECLINED;
    }

    turn->pauses++;

    ngx_thread_ws_turn_total(reply);

    turn->input = reply->input_tokens;
    turn->output = reply->output_tokens;
    turn->cached = reply->cached_tokens;
    turn->reasoning = reply->reasoning_tokens;

    reply->input_tokens = 0;
    reply->output_tokens = 0;
    reply->cached_tokens = 0;
    reply->reasoning_tokens = 0;

    reply->done = 0;
    reply->finish_reason.len = 0;

    return NGX_OK;
}


ngx_uint_t
ngx_thread_ws_turn_paused(ngx_thread_ws_reply_t *reply)
{
    return reply->turn && reply->turn->pauses;
}


void
ngx_thread_ws_turn_total(ngx_thread_ws_reply_t *reply)
{
    ngx_thread_ws_turn_t  *turn;

    turn = reply->turn;

    reply->input_tokens = ngx_thread_ws_turn_sum(reply->input_tokens,
                                                 turn->input);
    reply->output_tokens = ngx_thread_ws_turn_sum(reply->output_tokens,
                                                  turn->output);
    reply->cached_tokens = ngx_thread_ws_turn_sum(reply->cached_tokens,
                                                  turn->cached);
    reply->reasoning_tokens = ngx_thread_ws_turn_sum(reply->reasoning_tokens,
                                                     turn->reasoning);
}


json_t *
ngx_thread_ws_turn_placed(ngx_thread_ws_turn_t *turn)
{
    return turn->place;
}


json_t *
ngx_thread_ws_turn_blocks(ngx_thread_ws_turn_t *turn, ngx_str_t *text)
{
    size_t   i;
    json_t  *blocks, *block, *range;

    /* in the place of the first comma */

    turn->blocks.data[0] = '[';

    if (ngx_thread_ws_bytes_add(&turn->blocks, (u_char *) "]", 1) != NGX_OK) {
        return NULL;
    }

    blocks = json_loadb((char *) turn->blocks.data, turn->blocks.len,
                        JSON_ALLOW_NUL, NULL);

    turn->blocks.len--;

    for (i = json_array_size(blocks); i > 0; i--) {
        block = json_array_get(blocks, i - 1);
        range = json_object_get(block, "text");

        if (!json_is_array(range)) {
            continue;
        }

        if (json_object_set_new(block, "text",
                                ngx_thread_ws_turn_text(range, text)))
        {
            json_decref(blocks);
            return NULL;
        }

        if (ngx_thread_ws_turn_blank(json_object_get(block, "text"))) {
            (void) json_array_remove(blocks, i - 1);
        }
    }

    return blocks;
}


/* the API refuses a block of nothing but spaces */

static ngx_uint_t
ngx_thread_ws_turn_blank(json_t *text)
{
    ngx_str_t  s;

    s.data = (u_char *) json_string_value(text);
    s.len = json_string_length(text);

    return ngx_thread_ws_prompt_blank(&s);
}


static json_t *
ngx_thread_ws_turn_text(json_t *range, ngx_str_t *text)
{
    size_t   from, to;
    u_char  *p, *last;
    json_t  *value;

    from = (size_t) json_integer_value(json_array_get(range, 0));
    to = (size_t) json_integer_value(json_array_get(range, 1));

    from = ngx_min(from, text->len);
    to = ngx_min(to, text->len);

    if (from >= to) {
        return json_string("");
    }

    p = malloc(to - from);
    if (p == NULL) {
        return NULL;
    }

    last = ngx_thread_ws_json_unescape(p, text->data + from, to - from);

    value = last ? json_stringn((char *) p, (size_t) (last - p)) : NULL;

    free(p);

    return value;
}
