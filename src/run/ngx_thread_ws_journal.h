
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
    NGX_THREAD_WS_ENTRY_ASKED = 1,           /* the message; the first entry,
                                                with thread_ws_resume */
    NGX_THREAD_WS_ENTRY_TEXT,                /* of the answer */
    NGX_THREAD_WS_ENTRY_END,                 /* an ending: only in what other
                                                workers read */

    /* parts, in the order of ngx_thread_ws_part_e */

    NGX_THREAD_WS_ENTRY_MESSAGE,
    NGX_THREAD_WS_ENTRY_REASONING,
    NGX_THREAD_WS_ENTRY_CALL,
    NGX_THREAD_WS_ENTRY_INPUT,
    NGX_THREAD_WS_ENTRY_CALL_END,
    NGX_THREAD_WS_ENTRY_RESULT,
    NGX_THREAD_WS_ENTRY_SOURCE,
    NGX_THREAD_WS_ENTRY_DATA,
    NGX_THREAD_WS_ENTRY_RESET,
    NGX_THREAD_WS_ENTRY_INTERRUPT
} ngx_thread_ws_entry_e;


/* A part of an answer beside its text: what is in an entry of such a kind. */

typedef struct {
    ngx_uint_t                 kind;         /* ngx_thread_ws_entry_e */
    ngx_str_t                  id;           /* texts are the inside of JSON */
    ngx_str_t                  name;         /* strings; the name is right */
    ngx_str_t                  value;        /* after the id, the value after
                                                that */
    size_t                     from;         /* with RESET: the bytes of the */
    size_t                     to;           /* text that are void */
    ngx_uint_t                 error;        /* unsigned  error:1; with CALL:
                                                the agent sees to it itself;
                                                REASONING without a value is
                                                what it is signed by, for the
                                                agent alone, or with it stands
                                                for thoughts that are hidden */
} ngx_thread_ws_entry_part_t;


/* The message that a run answers: what is in an entry of that kind, plain. */

typedef struct {
    ngx_str_t                  request_id;
    ngx_str_t                  content;
    ngx_str_t                  extra;        /* its other members: a JSON
                                                object; empty: none */
    ngx_str_t                  earlier;      /* what its client shows the answer
                                                to go on with; empty: nothing
                                                */
    ngx_str_t                  shown;        /* beside a content: as the command
                                                has it */
} ngx_thread_ws_entry_asked_t;


typedef struct {
    uint32_t                   kind;         /* ngx_thread_ws_entry_e */
    uint32_t                   len;          /* of the bytes that follow */
} ngx_thread_ws_entry_t;


/* How a run ended, as its clients are told; the texts are the journal's. */

typedef struct {
    ngx_uint_t                 outcome;      /* ngx_thread_ws_outcome_e */
    ngx_uint_t                 code;         /* failed: ngx_thread_ws_code_e */
    ngx_uint_t                 retryable;    /* unsigned  retryable:1 */
    ngx_uint_t                 kept;         /* cancelled: unsigned  kept:1 */
    ngx_msec_t                 retry_after;  /* ms; 0: not told */
    ngx_msec_t                 latency;      /* ms */
    ngx_int_t                  input_tokens; /* -1: no usage is known */
    ngx_int_t                  output_tokens;
    ngx_int_t                  reasoning_tokens;
    ngx_int_t                  cached_tokens;
    ngx_str_t                  text;         /* of an error, for people */
    ngx_str_t                  finish_reason;
} ngx_thread_ws_ending_t;


/* Who has the journal; data is the journal's. */

typedef struct {

    /* a reader has room again */

    void  (*room)(void *data);

    /* it has one reader more */

    void  (*came)(void *data);

    /* ... less: without any it may be freed */

    void  (*left)(void *data);

} ngx_thread_ws_journal_handlers_t;


/* Zero it first, and set who has it. */

typedef struct {
    ngx_thread_ws_bytes_t      bytes;        /* entries */
    size_t                     open;         /* where the entry that grows
                                                begins, with growing set */
    size_t                     text;         /* bytes of all texts */
    size_t                     plain;        /* ... once unescaped */
    ngx_queue_t                readers;      /* of ngx_thread_ws_reader_t */
    unsigned                   growing:1;
    unsigned                   ended:1;

    ngx_pool_t                *pool;         /* lives as long as the journal */
    ngx_str_t                  request_id;
    ngx_thread_ws_journal_handlers_t  *handlers;
    void                      *data;

    ngx_thread_ws_ending_t     ending;       /* with ended set */
} ngx_thread_ws_journal_t;


/* where a reader stands; zero is the beginning */

typedef struct {
    size_t                     entry;        /* of the entry it is at */
    size_t                     offset;       /* what it has taken of that */
} ngx_thread_ws_position_t;


/* What is read for each follower and token. */


/* bytes that a reader at this position has not taken */

static ngx_inline size_t
ngx_thread_ws_journal_left(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *position)
{
    size_t  taken;

    taken = position->entry + position->offset;

    return (taken < journal->bytes.len) ? journal->bytes.len - taken : 0;
}


/*
 * The bytes at a position, up to the end of their entry, and the kind of it:
 * NGX_OK, or NGX_DONE where all is taken.  They stand until something is added.
 */

static ngx_inline ngx_int_t
ngx_thread_ws_journal_at(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *position, ngx_uint_t *kind, ngx_str_t *bytes)
{
    u_char                 *p;
    ngx_thread_ws_entry_t   entry;

    if (position->entry >= (journal->growing ? journal->open
                                             : journal->bytes.len))
    {
        /* beyond it: a run that ended while it was loaded says nothing more */

        return NGX_DONE;
    }

    /* by a copy: entries stand at any address */

    p = journal->bytes.data + position->entry;
    ngx_memcpy(&entry, p, sizeof(ngx_thread_ws_entry_t));

    *kind = entry.kind;

    bytes->data = p + sizeof(ngx_thread_ws_entry_t) + position->offset;
    bytes->len = entry.len - position->offset;

    return NGX_OK;
}


/* moves a position over len of the bytes there, at most to their end */

static ngx_inline void
ngx_thread_ws_journal_skip(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *position, size_t len)
{
    ngx_thread_ws_entry_t  entry;

    ngx_memcpy(&entry, journal->bytes.data + position->entry,
               sizeof(ngx_thread_ws_entry_t));

    position->offset += len;

    if (position->offset >= entry.len) {
        position->entry += sizeof(ngx_thread_ws_entry_t) + entry.len;
        position->offset = 0;
    }
}


/* an empty journal */

void ngx_thread_ws_journal_init(ngx_thread_ws_journal_t *journal,
    ngx_pool_t *pool, ngx_thread_ws_journal_handlers_t *handlers, void *data);

/* adds an entry that does not grow: NGX_OK or NGX_ERROR without memory */

ngx_int_t ngx_thread_ws_journal_add(ngx_thread_ws_journal_t *journal,
    ngx_uint_t kind, u_char *data, size_t len);

/*
 * Adds text, which grows the last entry until it is sealed; plain is its size
 * once unescaped.  NGX_OK or NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_journal_text(ngx_thread_ws_journal_t *journal,
    u_char *data, size_t len, size_t plain);

/* what was added can be read, and grows no more */

void ngx_thread_ws_journal_seal(ngx_thread_ws_journal_t *journal);

/*
 * A place that a position can be found again by, growing, and the way back,
 * which is NGX_DECLINED for a place where no reader can have stood.
 */

size_t ngx_thread_ws_journal_tell(ngx_thread_ws_position_t *position);
ngx_int_t ngx_thread_ws_journal_seek(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *position, size_t place);

/*
 * Writes all texts one after the other, journal->text bytes; returns the
 * position after them.
 */

u_char *ngx_thread_ws_journal_answer(ngx_thread_ws_journal_t *journal,
    u_char *dst);

/* Adds a part: NGX_OK, or NGX_ERROR without memory. */

ngx_int_t ngx_thread_ws_journal_part(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_entry_part_t *part);

/*
 * Reads the part out of an entry of that kind, whose texts are where its bytes
 * are: NGX_OK, or NGX_ERROR if they are none.
 */

ngx_int_t ngx_thread_ws_journal_part_read(ngx_thread_ws_entry_part_t *part,
    ngx_uint_t kind, ngx_str_t *bytes);

/*
 * Writes all texts before a position that are not void by then, with NULL at
 * all; there is room for all texts.  Returns the position after them, NULL
 * without memory.
 */

u_char *ngx_thread_ws_journal_standing(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *until, u_char *dst);

/*
 * The entry of a message, plain: written first, or read out of the bytes of
 * such an entry, whose texts are where these are.  NGX_OK, or NGX_ERROR without
 * memory, or for bytes that are none.
 */

ngx_int_t ngx_thread_ws_journal_asked(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_entry_asked_t *asked);
ngx_int_t ngx_thread_ws_journal_asked_read(ngx_str_t *bytes,
    ngx_thread_ws_entry_asked_t *asked);

/*
 * An ended journal's ending as an entry, for other workers, added to bytes:
 * NGX_OK or NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_journal_ending(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_bytes_t *bytes);

/*
 * len bytes were written at the end of the bytes of a journal, whole entries of
 * another worker's: takes them in.  NGX_OK, NGX_ERROR without memory, or for
 * bytes that are none.
 */

ngx_int_t ngx_thread_ws_journal_taken(ngx_thread_ws_journal_t *journal,
    size_t len);

/* forgets what was said; who reads it still hears the end */

void ngx_thread_ws_journal_free(ngx_thread_ws_journal_t *journal);


#endif /* _NGX_THREAD_WS_JOURNAL_H_INCLUDED_ */
