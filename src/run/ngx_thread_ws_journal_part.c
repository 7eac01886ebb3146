
/*
 * Entries of parts, and what of a text stands where some of it was begun anew.
 */


#include "run/ngx_thread_ws_journal.h"


/* before the texts of a part */

typedef struct {
    uint32_t                   id;
    uint32_t                   name;
    uint32_t                   error;
} ngx_thread_ws_part_head_t;


ngx_int_t
ngx_thread_ws_journal_part(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_entry_part_t *part)
{
    size_t                     len, place[2], before;
    ngx_thread_ws_bytes_t     *bytes;
    ngx_thread_ws_entry_t      entry;
    ngx_thread_ws_part_head_t  head;

    if (part->kind == NGX_THREAD_WS_ENTRY_RESET) {
        place[0] = part->from;
        place[1] = part->to;

        return ngx_thread_ws_journal_add(journal, part->kind, (u_char *) place,
                                         sizeof(place));
    }

    ngx_thread_ws_journal_seal(journal);

    len = part->id.len + part->name.len + part->value.len;

    entry.kind = part->kind;
    entry.len = sizeof(ngx_thread_ws_part_head_t) + len;

    head.id = part->id.len;
    head.name = part->name.len;
    head.error = part->error;

    bytes = &journal->bytes;
    before = bytes->len;

    if (ngx_thread_ws_bytes_add(bytes, (u_char *) &entry,
                                sizeof(ngx_thread_ws_entry_t))
        != NGX_OK
        || ngx_thread_ws_bytes_add(bytes, (u_char *) &head,
                                   sizeof(ngx_thread_ws_part_head_t))
           != NGX_OK
        || ngx_thread_ws_bytes_add(bytes, part->id.data, len) != NGX_OK)
    {
        bytes->len = before;
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_journal_part_read(ngx_thread_ws_entry_part_t *part,
    ngx_uint_t kind, ngx_str_t *bytes)
{
    size_t                     len, place[2];
    u_char                    *p;
    ngx_thread_ws_part_head_t  head;

    ngx_memzero(part, sizeof(ngx_thread_ws_entry_part_t));
    part->kind = kind;

    if (kind == NGX_THREAD_WS_ENTRY_RESET) {

        if (bytes->len != sizeof(place)) {
            return NGX_ERROR;
        }

        ngx_memcpy(place, bytes->data, sizeof(place));

        part->from = place[0];
        part->to = place[1];

        return NGX_OK;
    }

    if (bytes->len < sizeof(ngx_thread_ws_part_head_t)) {
        return NGX_ERROR;
    }

    ngx_memcpy(&head, bytes->data, sizeof(ngx_thread_ws_part_head_t));

    p = bytes->data + sizeof(ngx_thread_ws_part_head_t);
    len = bytes->len - sizeof(ngx_thread_ws_part_head_t);

    if (head.id > len || head.name > len - head.id) {
        return NGX_ERROR;
    }

    part->id.data = p;
    part->id.len = head.id;
    part->name.data = p + head.id;
    part->name.len = head.name;
    part->value.data = part->name.data + head.name;
    part->value.len = len - head.id - head.name;
    part->error = head.error;

    return NGX_OK;
}


/* the parts that say what is void, at most n of them; how many there are */

static ngx_uint_t
ngx_thread_ws_journal_voids(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *until, ngx_thread_ws_entry_part_t *voids,
    ngx_uint_t n)
{
    ngx_str_t                   bytes;
    ngx_uint_t                  kind, found;
    ngx_thread_ws_position_t    position;
    ngx_thread_ws_entry_part_t  part;

    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));
    found = 0;

    while (ngx_thread_ws_journal_at(journal, &position, &kind, &bytes) == NGX_OK
           && (until == NULL || position.entry < until->entry))
    {
        if (kind == NGX_THREAD_WS_ENTRY_RESET
            && ngx_thread_ws_journal_part_read(&part, kind, &bytes) == NGX_OK)
        {
            if (found < n) {
                voids[found] = part;
            }

            found++;
        }

        ngx_thread_ws_journal_skip(journal, &position, bytes.len);
    }

    return found;
}


/* a piece of the text that begins at that byte of it, but for what is void */

static u_char *
ngx_thread_ws_journal_stands(ngx_thread_ws_entry_part_t *voids, ngx_uint_t n,
    size_t at, ngx_str_t *text, u_char *dst)
{
    size_t      end, last;
    ngx_uint_t  i, voided;

    for (last = at + text->len; at < last; at = end) {
        end = last;
        voided = 0;

        for (i = 0; i < n; i++) {

            if (voids[i].from <= at && at < voids[i].to) {
                voided = 1;
                end = ngx_min(end, voids[i].to);

            } else if (voids[i].from > at) {
                end = ngx_min(end, voids[i].from);
            }
        }

        if (!voided) {
            dst = ngx_cpymem(dst, text->data + text->len - (last - at),
                             end - at);
        }
    }

    return dst;
}


u_char *
ngx_thread_ws_journal_standing(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *until, u_char *dst)
{
    size_t                       at;
    ngx_str_t                    bytes;
    ngx_uint_t                   kind, n;
    ngx_thread_ws_position_t     position;
    ngx_thread_ws_entry_part_t  *voids;

    n = ngx_thread_ws_journal_voids(journal, until, NULL, 0);

    if (n == 0 && until == NULL) {
        return ngx_thread_ws_journal_answer(journal, dst);
    }

    voids = malloc((n + 1) * sizeof(ngx_thread_ws_entry_part_t));
    if (voids == NULL) {
        return NULL;
    }

    (void) ngx_thread_ws_journal_voids(journal, until, voids, n);

    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));
    at = 0;

    while (ngx_thread_ws_journal_at(journal, &position, &kind, &bytes) == NGX_OK
           && (until == NULL || position.entry < until->entry))
    {
        if (kind == NGX_THREAD_WS_ENTRY_TEXT) {
            dst = ngx_thread_ws_journal_stands(voids, n, at, &bytes, dst);
            at += bytes.len;
        }

        ngx_thread_ws_journal_skip(journal, &position, bytes.len);
    }

    free(voids);

    return dst;
}
