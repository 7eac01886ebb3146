
/*
 * Parts as they are added.  Their texts lie one after the other in one piece of
 * memory that is kept over events: that of the id, the name and the value, so
 * that whoever takes a part copies it at once.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_parts.h"
#include "dialect/ngx_thread_ws_voices.h"
#include "json/ngx_thread_ws_json_write.h"


/* how many of those that were told last are compared with */

#define NGX_THREAD_WS_PARTS_TOLD  1024

/* lists in lists of reasoning */

#define NGX_THREAD_WS_PARTS_DEPTH  4


static ngx_int_t ngx_thread_ws_parts_thoughts(ngx_thread_ws_reply_t *reply,
    json_t *thought, ngx_uint_t depth);


ngx_int_t
ngx_thread_ws_parts_create(ngx_thread_ws_reply_t *reply)
{
    if (reply->parts) {
        return NGX_OK;
    }

    reply->parts = calloc(1, sizeof(ngx_thread_ws_parts_t));
    if (reply->parts == NULL) {
        return NGX_ERROR;
    }

    reply->parts->block = -1;

    return NGX_OK;
}


void
ngx_thread_ws_parts_next(ngx_thread_ws_parts_t *parts)
{
    parts->n = 0;
    parts->bytes.len = 0;
    parts->speaker = NULL;
}


/* room for one more element of an array that grows: NULL without memory */

static void *
ngx_thread_ws_parts_grow(void *elts, ngx_uint_t n, ngx_uint_t *size,
    size_t elt)
{
    void  *p;

    if (n < *size) {
        return elts;
    }

    p = realloc(elts, (*size ? 2 * *size : 8) * elt);

    if (p) {
        *size = *size ? 2 * *size : 8;
    }

    return p;
}


ngx_thread_ws_part_t *
ngx_thread_ws_parts_add(ngx_thread_ws_reply_t *reply, ngx_uint_t kind,
    ngx_str_t *id, ngx_str_t *name)
{
    void                   *p;
    ngx_thread_ws_part_t   *part;
    ngx_thread_ws_parts_t  *parts;

    parts = reply->parts;

    p = ngx_thread_ws_parts_grow(parts->part, parts->n, &parts->size,
                                 sizeof(ngx_thread_ws_part_t));
    if (p == NULL) {
        return NULL;
    }

    parts->part = p;
    part = &parts->part[parts->n++];

    ngx_memzero(part, sizeof(ngx_thread_ws_part_t));

    part->kind = kind;
    part->at = reply->delta.len;
    part->pos = parts->bytes.len;

    if (id && ngx_thread_ws_json_write_text(&parts->bytes, (char *) id->data,
                                            id->len)
              != NGX_OK)
    {
        return NULL;
    }

    part->id.len = parts->bytes.len - part->pos;

    if (name && ngx_thread_ws_json_write_text(&parts->bytes,
                                              (char *) name->data, name->len)
                != NGX_OK)
    {
        return NULL;
    }

    part->name.len = parts->bytes.len - part->pos - part->id.len;

    return part;
}


void
ngx_thread_ws_parts_value_end(ngx_thread_ws_reply_t *reply)
{
    ngx_thread_ws_part_t  *part;

    part = &reply->parts->part[reply->parts->n - 1];

    part->value.len = reply->parts->bytes.len - part->pos - part->id.len
                      - part->name.len;
}


ngx_int_t
ngx_thread_ws_parts_json(ngx_thread_ws_reply_t *reply, ngx_uint_t kind,
    ngx_str_t *id, json_t *value)
{
    ngx_int_t               rc;
    ngx_thread_ws_bytes_t  *bytes;

    bytes = &reply->parts->bytes;

    if (ngx_thread_ws_parts_add(reply, kind, id, NULL) == NULL) {
        return NGX_ERROR;
    }

    rc = value ? ngx_thread_ws_json_write(bytes, value)
               : ngx_thread_ws_bytes_add(bytes, (u_char *) "null", 4);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_thread_ws_parts_value_end(reply);

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_parts_thought(ngx_thread_ws_reply_t *reply, json_t *thought)
{
    if (!(reply->want & NGX_THREAD_WS_WANT_REASONING)) {
        return NGX_OK;
    }

    return ngx_thread_ws_parts_thoughts(reply, thought, 0);
}


static ngx_int_t
ngx_thread_ws_parts_thinks(ngx_thread_ws_reply_t *reply, json_t *text)
{
    u_char                 *copy, *end;
    size_t                  len;
    ngx_int_t               rc;
    ngx_str_t               speaker;
    ngx_thread_ws_parts_t  *parts;

    parts = reply->parts;
    len = json_string_length(text);

    copy = malloc(len + 4);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    end = ngx_thread_ws_reply_join(&parts->half, copy,
                                   (u_char *) json_string_value(text), len);
    rc = NGX_OK;

    if (end != copy) {
        ngx_thread_ws_parts_string(&speaker, parts->speaker);

        if (ngx_thread_ws_parts_add(reply, NGX_THREAD_WS_PART_REASONING,
                                    &speaker, NULL)
            == NULL
            || ngx_thread_ws_json_write_text(&parts->bytes, (char *) copy,
                                             (size_t) (end - copy))
               != NGX_OK)
        {
            rc = NGX_ERROR;

        } else {
            ngx_thread_ws_parts_value_end(reply);
        }
    }

    free(copy);

    return rc;
}


static ngx_int_t
ngx_thread_ws_parts_thoughts(ngx_thread_ws_reply_t *reply, json_t *thought,
    ngx_uint_t depth)
{
    size_t       i;
    json_t      *value;
    ngx_uint_t   n;

    static const char  *names[] = {
        "thinking", "reasoning", "reasoning_content", "reasoning_text", "text",
        "summary", NULL
    };

    if (json_is_string(thought)) {
        return json_string_length(thought)
               ? ngx_thread_ws_parts_thinks(reply, thought) : NGX_OK;
    }

    if (depth == NGX_THREAD_WS_PARTS_DEPTH) {
        return NGX_OK;
    }

    json_array_foreach(thought, i, value) {

        if (ngx_thread_ws_parts_thoughts(reply, value, depth + 1) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    for (n = 0; names[n]; n++) {
        value = json_object_get(thought, names[n]);

        if (value && !json_is_null(value)) {
            return ngx_thread_ws_parts_thoughts(reply, value, depth + 1);
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_parts_told(ngx_thread_ws_parts_t *parts, uint64_t name,
    uint64_t value)
{
    void        *p;
    ngx_uint_t   i, last;

    last = (parts->ntold > NGX_THREAD_WS_PARTS_TOLD)
           ? parts->ntold - NGX_THREAD_WS_PARTS_TOLD : 0;

    for (i = parts->ntold; i > last; i--) {

        if (parts->told[i - 1].name != name) {
            continue;
        }

        if (parts->told[i - 1].value == value) {
            return 1;
        }

        parts->told[i - 1].value = value;

        return 0;
    }

    p = ngx_thread_ws_parts_grow(parts->told, parts->ntold, &parts->told_size,
                                 sizeof(ngx_thread_ws_told_t));
    if (p == NULL) {
        return NGX_ERROR;
    }

    parts->told = p;
    parts->told[parts->ntold].name = name;
    parts->told[parts->ntold++].value = value;

    return 0;
}


ngx_int_t
ngx_thread_ws_parts_source(ngx_thread_ws_reply_t *reply, json_t *url,
    json_t *title)
{
    uint64_t   hash;
    ngx_int_t  told;
    ngx_str_t  id, name, *key;

    if (!(reply->want & NGX_THREAD_WS_WANT_SOURCES)) {
        return NGX_OK;
    }

    ngx_thread_ws_parts_string(&id, url);
    ngx_thread_ws_parts_string(&name, title);

    key = id.len ? &id : &name;

    if (key->len == 0) {
        return NGX_OK;
    }

    hash = ngx_thread_ws_voices_hash(0, id.len ? "u" : "t", 1);
    hash = ngx_thread_ws_voices_hash(hash, (char *) key->data, key->len);

    told = ngx_thread_ws_parts_told(reply->parts, hash, 0);

    if (told) {
        return (told == NGX_ERROR) ? NGX_ERROR : NGX_OK;
    }

    return ngx_thread_ws_parts_add(reply, NGX_THREAD_WS_PART_SOURCE, &id,
                                   &name)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_thread_ws_parts_data(ngx_thread_ws_reply_t *reply, const char *name,
    json_t *value)
{
    ngx_str_t  text;

    if (!(reply->want & NGX_THREAD_WS_WANT_DATA)) {
        return NGX_OK;
    }

    text.data = (u_char *) name;
    text.len = ngx_strlen(name);

    if (ngx_thread_ws_parts_add(reply, NGX_THREAD_WS_PART_DATA, NULL, &text)
        == NULL
        || ngx_thread_ws_json_write(&reply->parts->bytes, value) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_thread_ws_parts_value_end(reply);

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_parts_news(ngx_thread_ws_reply_t *reply, const char *name,
    json_t *value)
{
    uint64_t                key, hash;
    ngx_int_t               told;
    ngx_thread_ws_part_t   *part;
    ngx_thread_ws_parts_t  *parts;

    if (!(reply->want & NGX_THREAD_WS_WANT_DATA) || json_is_null(value)) {
        return NGX_OK;
    }

    if (ngx_thread_ws_parts_data(reply, name, value) != NGX_OK) {
        return NGX_ERROR;
    }

    parts = reply->parts;
    part = &parts->part[parts->n - 1];

    hash = ngx_thread_ws_voices_hash(0, (char *) parts->bytes.data + part->pos
                                        + part->name.len,
                                     part->value.len);

    key = ngx_thread_ws_voices_hash(0, "d", 1);
    key = ngx_thread_ws_voices_hash(key, name, ngx_strlen(name));

    told = ngx_thread_ws_parts_told(parts, key, hash);

    if (told) {
        parts->bytes.len = part->pos;
        parts->n--;
    }

    return (told == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_thread_ws_parts_message(ngx_thread_ws_reply_t *reply, ngx_str_t *id,
    ngx_str_t *name, ngx_uint_t number)
{
    ngx_thread_ws_part_t  *part;

    if (reply->parts == NULL) {
        return NGX_OK;
    }

    part = ngx_thread_ws_parts_add(reply, NGX_THREAD_WS_PART_MESSAGE, id,
                                   name);
    if (part == NULL) {
        return NGX_ERROR;
    }

    part->from = number;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_parts_reset(ngx_thread_ws_reply_t *reply, ngx_uint_t number)
{
    ngx_thread_ws_part_t  *part;

    if (!(reply->want & NGX_THREAD_WS_WANT_RESET)) {
        return NGX_OK;
    }

    part = ngx_thread_ws_parts_add(reply, NGX_THREAD_WS_PART_RESET, NULL, NULL);
    if (part == NULL) {
        return NGX_ERROR;
    }

    part->from = number;

    return NGX_OK;
}


static void
ngx_thread_ws_parts_reverse(ngx_thread_ws_part_t *part, ngx_uint_t n)
{
    ngx_uint_t            i;
    ngx_thread_ws_part_t  swap;

    for (i = 0; i < n / 2; i++) {
        swap = part[i];
        part[i] = part[n - 1 - i];
        part[n - 1 - i] = swap;
    }
}


void
ngx_thread_ws_parts_delay(ngx_thread_ws_parts_t *parts, ngx_uint_t from,
    ngx_uint_t n, size_t at, size_t max)
{
    ngx_uint_t             i, rest;
    ngx_thread_ws_part_t  *part;

    part = parts->part + from;
    rest = parts->n - from - n;

    if (n == 0) {
        return;
    }

    for (i = 0; i < n; i++) {
        part[i].at = ngx_min(at + part[i].at, max);
    }

    ngx_thread_ws_parts_reverse(part, n);
    ngx_thread_ws_parts_reverse(part + n, rest);
    ngx_thread_ws_parts_reverse(part, n + rest);
}


/* Where in the run's text messages begin, and which of it is void. */

static ngx_int_t
ngx_thread_ws_parts_place(ngx_thread_ws_parts_t *parts,
    ngx_thread_ws_part_t *part)
{
    void        *p;
    ngx_uint_t   n;

    n = part->from;

    if (part->kind == NGX_THREAD_WS_PART_RESET) {
        part->to = (n + 1 < parts->nbegun) ? parts->begun[n + 1] : 0;
        part->from = (n + 1 < parts->nbegun) ? parts->begun[n] : 0;

        return NGX_OK;
    }

    if (n != parts->nbegun) {
        return NGX_OK;
    }

    p = ngx_thread_ws_parts_grow(parts->begun, n, &parts->begun_size,
                                 sizeof(size_t));
    if (p == NULL) {
        return NGX_ERROR;
    }

    parts->begun = p;
    parts->begun[n] = parts->said + part->at;
    parts->nbegun++;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_parts_settle(ngx_thread_ws_reply_t *reply, ngx_uint_t end)
{
    u_char                 *p;
    ngx_uint_t              i, n;
    ngx_thread_ws_part_t   *part;
    ngx_thread_ws_parts_t  *parts;

    parts = reply->parts;

    if (reply->ntags && ngx_thread_ws_tags_split(reply, end) != NGX_OK) {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < parts->n; i++) {
        part = &parts->part[i];

        p = parts->bytes.data ? parts->bytes.data + part->pos : (u_char *) "";

        part->id.data = p;
        part->name.data = p + part->id.len;
        part->value.data = p + part->id.len + part->name.len;

        if ((part->kind == NGX_THREAD_WS_PART_MESSAGE
             || part->kind == NGX_THREAD_WS_PART_RESET)
            && ngx_thread_ws_parts_place(parts, part) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (part->kind == NGX_THREAD_WS_PART_MESSAGE
            && !(reply->want & NGX_THREAD_WS_WANT_MESSAGES))
        {
            continue;
        }

        parts->part[n++] = *part;
    }

    parts->n = n;
    parts->said += reply->delta.len;

    reply->part = parts->part;
    reply->nparts = n;

    return NGX_OK;
}


void
ngx_thread_ws_parts_free(ngx_thread_ws_parts_t *parts)
{
    if (parts == NULL) {
        return;
    }

    ngx_thread_ws_calls_free(&parts->calls);
    ngx_thread_ws_tags_free(&parts->tags);
    ngx_thread_ws_bytes_free(&parts->bytes);
    ngx_thread_ws_bytes_free(&parts->message);

    free(parts->part);
    free(parts->begun);
    free(parts->told);
    free(parts);
}
