/*
 * The load generator's input: WebSocket frames, or an HTTP response's lines of
 * SSE.  Every event is read in full, since what is not read cannot be found
 * wrong.
 */


#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"


static size_t load_json_decode(char *dst, const char *p, const char *end);
static void load_line(load_conn_t *c, const char *p, size_t len);
static void load_lines(load_conn_t *c, const char *p, size_t len);


void
load_keep(load_bytes_t *bytes, const char *p, size_t len)
{
    if (len > bytes->size) {
        bytes->size = len + 256;
        bytes->data = realloc(bytes->data, bytes->size);
        if (bytes->data == NULL) {
            bench_die("load: realloc");
        }
    }

    if (len) {
        memmove(bytes->data, p, len);
    }

    bytes->len = len;
}


const char *
load_json_string(const char *p, const char *end, load_str_t *s)
{
    int          escaped;
    const char  *start;

    static char  decoded[2][LOAD_BUFFER];
    static int   which;

    escaped = 0;

    for (start = p; p < end && *p != '"'; p++) {
        if (*p == '\\') {
            escaped = 1;
            p++;
        }
    }

    if (p >= end) {
        return NULL;
    }

    s->data = start;
    s->len = (size_t) (p - start);

    if (escaped) {
        which = !which;
        s->len = load_json_decode(decoded[which], start, p);
        s->data = decoded[which];
    }

    return p + 1;
}


static unsigned
load_json_hex(const char *p)
{
    char  digits[5];

    memcpy(digits, p, 4);
    digits[4] = '\0';

    return (unsigned) strtoul(digits, NULL, 16);
}


static size_t
load_json_decode(char *dst, const char *p, const char *end)
{
    char      *start;
    unsigned   code;

    static const char  plain[] = "\"\\/bfnrt";
    static const char  meant[] = "\"\\/\b\f\n\r\t";

    for (start = dst; p < end; p++) {

        if (*p != '\\' || ++p == end) {
            *dst++ = *p;
            continue;
        }

        if (*p != 'u') {
            *dst++ = strchr(plain, *p) ? meant[strchr(plain, *p) - plain] : *p;
            continue;
        }

        if (end - p < 5) {
            break;
        }

        code = load_json_hex(p + 1);
        p += 4;

        if (code >= 0xd800 && code < 0xdc00 && end - p >= 7) {
            code = 0x10000 + ((code - 0xd800) << 10)
                   + (load_json_hex(p + 3) - 0xdc00);
            p += 6;
        }

        if (code < 0x80) {
            *dst++ = (char) code;
            continue;
        }

        if (code < 0x800) {
            *dst++ = (char) (0xc0 | code >> 6);

        } else {
            if (code < 0x10000) {
                *dst++ = (char) (0xe0 | code >> 12);

            } else {
                *dst++ = (char) (0xf0 | code >> 18);
                *dst++ = (char) (0x80 | (code >> 12 & 0x3f));
            }

            *dst++ = (char) (0x80 | (code >> 6 & 0x3f));
        }

        *dst++ = (char) (0x80 | (code & 0x3f));
    }

    return (size_t) (dst - start);
}


const char *
load_json_value(const char *p, const char *end, load_str_t *s)
{
    int         depth;
    load_str_t  skipped;

    if (p < end && *p == '"') {
        return load_json_string(p + 1, end, s);
    }

    for (depth = 0; p && p < end; /* void */) {

        switch (*p) {

        case '{':
        case '[':
            depth++;
            p++;
            break;

        case ',':
            if (depth == 0) {
                return p;
            }

            p++;
            break;

        case '}':
        case ']':
            if (depth-- == 0) {
                return p;
            }

            p++;
            break;

        case '"':
            p = load_json_string(p + 1, end, &skipped);
            break;

        default:
            p++;
        }
    }

    return NULL;
}


void
load_input_ws(load_conn_t *c, const char *p, size_t len)
{
    size_t                size, head;
    const unsigned char  *u;

    while (len >= 2) {

        u = (const unsigned char *) p;
        size = u[1];
        head = 2;

        if (size == 126 && len >= 4) {
            size = (size_t) u[2] << 8 | u[3];
            head = 4;

        } else if (size == 127 && len >= 10) {
            size = (size_t) u[6] << 24 | (size_t) u[7] << 16
                   | (size_t) u[8] << 8 | u[9];
            head = 10;

        } else if (size >= 126) {
            break;
        }

        if (len < head + size) {
            break;
        }

        switch (u[0]) {

        case 0x81:
            load_form_event(c, p + head, size);
            break;

        case 0xc1:
            load_secure_inflate(c, p + head, size);
            break;

        case 0x89:
            load_pong(c, p + head, size);
            break;

        default:
            load_drop(c);
        }

        if (c->fd == -1) {
            return;
        }

        p += head + size;
        len -= head + size;
    }

    load_keep(&c->rest, p, len);
}


static void
load_line(load_conn_t *c, const char *p, size_t len)
{
    if (len < 6 || memcmp(p, "data: ", 6) || c->state < LOAD_BUSY) {
        return;
    }

    if (len == 12 && memcmp(p, "data: [DONE]", 12) == 0) {
        c->done = 1;
        return;
    }

    load_form_event(c, p + 6, len - 6);
}


/* Takes what came in the body, after what is left of the line before. */

static void
load_lines(load_conn_t *c, const char *p, size_t len)
{
    const char  *end, *next;

    static char  joined[LOAD_BUFFER * 2];

    if (c->line.len) {
        memcpy(joined, c->line.data, c->line.len);
        memcpy(joined + c->line.len, p, len);
        p = joined;
        len += c->line.len;
        c->line.len = 0;
    }

    for (end = p + len; p < end; p = next + 1) {

        next = memchr(p, '\n', (size_t) (end - p));
        if (next == NULL) {
            load_keep(&c->line, p, (size_t) (end - p));
            return;
        }

        load_line(c, p, (size_t) (next - p));

        if (c->fd == -1) {
            return;
        }
    }
}


void
load_input_sse(load_conn_t *c, const char *p, size_t len)
{
    char        *number;
    size_t       n;
    const char  *end, *next;

    for (end = p + len; p < end; /* void */) {

        if (!c->head) {
            next = memmem(p, (size_t) (end - p), "\r\n\r\n", 4);
            if (next == NULL) {
                break;
            }

            if (memcmp(p, "HTTP/1.1 200", 12)) {
                load_drop(c);
                return;
            }

            c->head = 1;
            p = next + 4;
            continue;
        }

        if (c->chunk) {
            n = (size_t) (end - p) < c->chunk ? (size_t) (end - p) : c->chunk;
            load_lines(c, p, n);

            if (c->fd == -1) {
                return;
            }

            c->chunk -= n;
            p += n;
            continue;
        }

        next = memchr(p, '\n', (size_t) (end - p));
        if (next == NULL) {
            break;
        }

        if (c->tail && next == p + 1) {

            /* what ends a chunk's data, or the empty line after the last */

            c->tail = 0;
            p = next + 1;

            if (c->last) {
                load_final(c, NULL);
            }

            continue;
        }

        c->chunk = strtoul(p, &number, 16);
        c->tail = 1;
        c->last = (c->chunk == 0);
        p = next + 1;
    }

    load_keep(&c->rest, p, (size_t) (end - p));
}
