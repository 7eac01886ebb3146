
/*
 * A run's journal: what it said, in order, each entry once.  One writer, any
 * number of readers, each with a position of its own.  Texts stand as the
 * inside of JSON strings, as the agent escaped them.
 */


#ifndef _NGX_THREAD_WS_JOURNAL_H_INCLUDED_
#define _NGX_THREAD_WS_JOURNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "base/ngx_thread_ws_bytes.h"


typedef enum {
    NGX_THREAD_WS_ENTRY_TEXT = 1             /* of the answer */
} ngx_thread_ws_entry_e;


typedef struct {
    uint32_t                   kind;         /* ngx_thread_ws_entry_e */
    uint32_t                   len;          /* of the bytes that follow */
} ngx_thread_ws_entry_t;


/* Zero it first. */

typedef struct {
    ngx_thread_ws_bytes_t      bytes;        /* entries */
    size_t                     open;         /* where the entry that grows
                                                begins, with growing set */
    size_t                     text;         /* bytes of all texts */
    size_t                     plain;        /* ... once unescaped */
    unsigned                   growing:1;
} ngx_thread_ws_journal_t;


/* where a reader stands; zero is the beginning */

typedef struct {
    size_t                     entry;        /* of the entry it is at */
    size_t                     offset;       /* what it has taken of that */
} ngx_thread_ws_position_t;


/*
 * Adds text, which grows the last entry until it is sealed; plain is its size
 * once unescaped.  NGX_OK or NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_journal_text(ngx_thread_ws_journal_t *journal,
    u_char *data, size_t len, size_t plain);

/* what was added can be read, and grows no more */

void ngx_thread_ws_journal_seal(ngx_thread_ws_journal_t *journal);

/* bytes that a reader at this position has not taken */

size_t ngx_thread_ws_journal_left(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *position);

/*
 * The bytes at a position, up to the end of their entry, and the kind of it:
 * NGX_OK, or NGX_DONE where all is taken.  They stand until something is added.
 */

ngx_int_t ngx_thread_ws_journal_at(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *position, ngx_uint_t *kind, ngx_str_t *bytes);

/* moves a position over len of the bytes there, at most to their end */

void ngx_thread_ws_journal_skip(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *position, size_t len);

/*
 * Writes all texts one after the other, journal->text bytes; returns the
 * position after them.
 */

u_char *ngx_thread_ws_journal_answer(ngx_thread_ws_journal_t *journal,
    u_char *dst);

void ngx_thread_ws_journal_free(ngx_thread_ws_journal_t *journal);


#endif /* _NGX_THREAD_WS_JOURNAL_H_INCLUDED_ */
