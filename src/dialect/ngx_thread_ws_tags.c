
/*
 * Tags in a text that is escaped, and may be cut anywhere.  What may be the
 * beginning of a tag is held back until it is one or not.  A text without an
 * angle bracket passes as it is.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "dialect/ngx_thread_ws_parts.h"
#include "dialect/ngx_thread_ws_tags.h"
#include "json/ngx_thread_ws_json_chars.h"


/* whether nothing is to be done with it: the usual */

static ngx_uint_t
ngx_thread_ws_tags_none(ngx_thread_ws_tags_t *tags, ngx_str_t *text)
{
    u_char  *p, *last;

    if (tags->open || tags->trim || tags->len) {
        return 0;
    }

    if (text->len == 0) {
        return 1;
    }

    if (memchr(text->data, '<', text->len)) {
        return 0;
    }

    p = text->data;
    last = p + text->len;

    while ((p = memchr(p, '\\', (size_t) (last - p))) != NULL) {

        if (p[1] == 'u' && ngx_strncasecmp(p + 2, (u_char *) "003c", 4) == 0) {
            return 0;
        }

        p += 2;
    }

    return 1;
}


/* text as it is escaped, or reasoning, of so many bytes once unescaped */

static ngx_int_t
ngx_thread_ws_tags_say(ngx_thread_ws_reply_t *reply, u_char *p, size_t len,
    size_t plain)
{
    ngx_uint_t              n;
    ngx_thread_ws_part_t   *part;
    ngx_thread_ws_tags_t   *tags;
    ngx_thread_ws_parts_t  *parts;

    parts = reply->parts;
    tags = &parts->tags;

    if (!tags->open) {
        tags->plain += plain;

        return ngx_thread_ws_bytes_add(&tags->text, p, len);
    }

    reply->reasoning = 1;

    if (!(reply->want & NGX_THREAD_WS_WANT_REASONING)) {
        return NGX_OK;
    }

    n = parts->n;
    part = n ? &parts->part[n - 1] : NULL;

    if (part == NULL || part->kind != NGX_THREAD_WS_PART_REASONING
        || part->at != tags->text.len
        || part->pos + part->id.len + part->value.len != parts->bytes.len)
    {
        part = ngx_thread_ws_parts_add(reply, NGX_THREAD_WS_PART_REASONING,
                                       NULL, NULL);
        if (part == NULL) {
            return NGX_ERROR;
        }

        part->at = tags->text.len;
    }

    if (ngx_thread_ws_bytes_add(&parts->bytes, p, len) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_thread_ws_parts_value_end(reply);

    return NGX_OK;
}


/* whether what is held, with one character more, begins a tag; or is one */

static ngx_uint_t
ngx_thread_ws_tags_begins(ngx_thread_ws_reply_t *reply, uint32_t ch,
    ngx_uint_t *open)
{
    size_t                 head, n;
    u_char                 tag[NGX_THREAD_WS_TAGS_PLAIN];
    ngx_str_t             *name;
    ngx_uint_t             i;
    ngx_thread_ws_tags_t  *tags;

    tags = &reply->parts->tags;

    if (ch >= 0x80 || tags->size == NGX_THREAD_WS_TAGS_PLAIN) {
        return 0;
    }

    tags->tag[tags->size] = (u_char) ch;
    n = tags->size + 1;

    for (i = 0; i < reply->ntags; i++) {

        if (tags->open && tags->open != i + 1) {
            continue;
        }

        name = &reply->tags[i];
        head = tags->open ? 2 : 1;

        ngx_memcpy(tag, "</", head);
        ngx_memcpy(tag + head, name->data, name->len);
        tag[head + name->len] = '>';

        if (n <= head + name->len + 1 && ngx_memcmp(tags->tag, tag, n) == 0) {

            if (n == head + name->len + 1) {
                *open = tags->open ? 0 : i + 1;
            }

            tags->size = n;

            return 1;
        }
    }

    return 0;
}


/* it was no tag */

static ngx_int_t
ngx_thread_ws_tags_flush(ngx_thread_ws_reply_t *reply)
{
    size_t                 len;
    ngx_thread_ws_tags_t  *tags;

    tags = &reply->parts->tags;
    len = tags->len;

    tags->len = 0;

    if (len == 0) {
        return NGX_OK;
    }

    tags->told |= !tags->open;

    return ngx_thread_ws_tags_say(reply, tags->raw, len, tags->size);
}


/* One character, of which some, escaped, take more than a byte. */

static ngx_int_t
ngx_thread_ws_tags_char(ngx_thread_ws_reply_t *reply, u_char *p, u_char *end,
    uint32_t ch, size_t plain)
{
    ngx_uint_t             open, space;
    ngx_thread_ws_tags_t  *tags;

    tags = &reply->parts->tags;
    open = tags->open;

    if (ch == '<' || tags->len) {

        if (tags->len == 0 || ch == '<') {

            if (ngx_thread_ws_tags_flush(reply) != NGX_OK) {
                return NGX_ERROR;
            }

            tags->size = 0;
        }

        if (ngx_thread_ws_tags_begins(reply, ch, &open)) {
            tags->trim = 0;

            ngx_memcpy(tags->raw + tags->len, p, (size_t) (end - p));
            tags->len += (size_t) (end - p);

            if (open != tags->open) {
                tags->len = 0;
                tags->open = open;
                tags->trim = (open == 0 && !tags->told);
            }

            return NGX_OK;
        }

        if (ngx_thread_ws_tags_flush(reply) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    space = (ch == ' ' || ch == '\t' || ch == LF || ch == CR);

    if (tags->trim && space) {
        return NGX_OK;
    }

    tags->trim = 0;
    tags->told |= (!tags->open && !space);

    return ngx_thread_ws_tags_say(reply, p, (size_t) (end - p), plain);
}


static ngx_int_t
ngx_thread_ws_tags_text(ngx_thread_ws_reply_t *reply, u_char *p, u_char *last)
{
    u_char                *end;
    size_t                 plain;
    uint32_t               ch;
    ngx_thread_ws_tags_t  *tags;

    tags = &reply->parts->tags;

    while (p < last) {

        if (tags->len == 0 && !tags->trim) {

            for (end = p; end < last && *end != '<' && *end != '\\'; end++) {
                tags->told |= (!tags->open && *end != ' ');
            }

            if (end != p) {

                if (ngx_thread_ws_tags_say(reply, p, (size_t) (end - p),
                                           (size_t) (end - p))
                    != NGX_OK)
                {
                    return NGX_ERROR;
                }

                p = end;
                continue;
            }
        }

        end = p + 1;
        ch = *p;
        plain = 1;

        if (ch == '\\') {
            end = ngx_thread_ws_json_escaped(p, last, &ch);

            if (end == NULL) {
                return NGX_ERROR;
            }

            plain = ngx_thread_ws_json_utf8_size(ch);
        }

        if (ngx_thread_ws_tags_char(reply, p, end, ch, plain) != NGX_OK) {
            return NGX_ERROR;
        }

        p = end;
    }

    return NGX_OK;
}


/* another message begins: what was open in the one before is not in this */

static ngx_int_t
ngx_thread_ws_tags_over(ngx_thread_ws_reply_t *reply)
{
    ngx_thread_ws_tags_t  *tags;

    tags = &reply->parts->tags;

    if (ngx_thread_ws_tags_flush(reply) != NGX_OK) {
        return NGX_ERROR;
    }

    tags->open = 0;
    tags->trim = 0;

    return NGX_OK;
}


/* Puts a part back into the list, after the text that came before it. */

static ngx_int_t
ngx_thread_ws_tags_keep(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_part_t *part)
{
    ngx_thread_ws_part_t  *kept;

    if (part->kind == NGX_THREAD_WS_PART_MESSAGE
        || part->kind == NGX_THREAD_WS_PART_OVER)
    {
        if (ngx_thread_ws_tags_over(reply) != NGX_OK) {
            return NGX_ERROR;
        }

        if (part->kind == NGX_THREAD_WS_PART_OVER) {
            return NGX_OK;
        }
    }

    kept = ngx_thread_ws_parts_add(reply, part->kind, NULL, NULL);
    if (kept == NULL) {
        return NGX_ERROR;
    }

    *kept = *part;
    kept->at = reply->parts->tags.text.len;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_tags_list(ngx_thread_ws_reply_t *reply,
    ngx_thread_ws_part_t *part, ngx_uint_t n, ngx_uint_t end)
{
    u_char      *p, *last;
    ngx_uint_t   i;

    p = reply->delta.len ? reply->delta.data : (u_char *) "";

    for (i = 0; i < n; i++) {
        last = reply->delta.len ? reply->delta.data + part[i].at : p;

        if (ngx_thread_ws_tags_text(reply, p, last) != NGX_OK
            || ngx_thread_ws_tags_keep(reply, &part[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }

        p = last;
    }

    last = reply->delta.len ? reply->delta.data + reply->delta.len : p;

    if (ngx_thread_ws_tags_text(reply, p, last) != NGX_OK) {
        return NGX_ERROR;
    }

    return end ? ngx_thread_ws_tags_over(reply) : NGX_OK;
}


ngx_int_t
ngx_thread_ws_tags_split(ngx_thread_ws_reply_t *reply, ngx_uint_t end)
{
    ngx_int_t               rc;
    ngx_uint_t              n;
    ngx_thread_ws_part_t   *part;
    ngx_thread_ws_tags_t   *tags;
    ngx_thread_ws_parts_t  *parts;

    parts = reply->parts;
    tags = &parts->tags;

    if (parts->n == 0 && ngx_thread_ws_tags_none(tags, &reply->delta)) {
        tags->told |= (reply->delta.len != 0);
        return NGX_OK;
    }

    /* the list is made anew; the parts' texts stay where they are */

    part = parts->part;
    n = parts->n;

    parts->part = NULL;
    parts->n = 0;
    parts->size = 0;

    tags->text.len = 0;
    tags->plain = 0;

    rc = ngx_thread_ws_tags_list(reply, part, n, end);

    free(part);

    ngx_str_null(&reply->delta);

    if (tags->text.len) {
        reply->delta.data = tags->text.data;
        reply->delta.len = tags->text.len;
    }

    reply->delta_size = tags->plain;

    return rc;
}


void
ngx_thread_ws_tags_free(ngx_thread_ws_tags_t *tags)
{
    ngx_thread_ws_bytes_free(&tags->text);
}
