
/*
 * The journal of a run: what one read brings is one entry, readers take it from
 * positions of their own, and the answer is all of its texts.
 */


#include "unit.h"
#include "run/ngx_thread_ws_journal.h"


#define JOURNAL_READS  200


static void journal_test_empty(void);
static void journal_test_entries(void);
static void journal_test_readers(void);
static void journal_test_parts(void);
static void journal_test_freed(void);
static void journal_test_standing(void);
static void journal_say(ngx_thread_ws_journal_t *journal, const char *text);
static void journal_take(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *position, size_t most, unit_text_t *text);


int
main(void)
{
    journal_test_empty();
    journal_test_entries();
    journal_test_readers();
    journal_test_parts();
    journal_test_freed();
    journal_test_standing();

    return unit_done();
}


static void
journal_say(ngx_thread_ws_journal_t *journal, const char *text)
{
    if (ngx_thread_ws_journal_text(journal, (u_char *) text, strlen(text),
                                   strlen(text))
        != NGX_OK)
    {
        unit_ok(0, "memory for \"%s\"", text);
    }
}


/* takes entries, at most so many bytes of one at a time */

static void
journal_take(ngx_thread_ws_journal_t *journal,
    ngx_thread_ws_position_t *position, size_t most, unit_text_t *text)
{
    size_t      len;
    ngx_str_t   bytes;
    ngx_uint_t  kind;

    while (ngx_thread_ws_journal_at(journal, position, &kind, &bytes)
           == NGX_OK)
    {
        len = ngx_min(bytes.len, most);

        unit_add_bytes(text, bytes.data, len);
        ngx_thread_ws_journal_skip(journal, position, len);
    }
}


static void
journal_test_empty(void)
{
    ngx_str_t                  bytes;
    ngx_uint_t                 kind;
    ngx_thread_ws_journal_t    journal;
    ngx_thread_ws_position_t   position;

    ngx_memzero(&journal, sizeof(ngx_thread_ws_journal_t));
    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));

    ngx_thread_ws_journal_seal(&journal);

    unit_int(ngx_thread_ws_journal_at(&journal, &position, &kind, &bytes),
             NGX_DONE, "nothing was said");
    unit_int(ngx_thread_ws_journal_left(&journal, &position), 0,
             "nothing is left of it");

    journal_say(&journal, "");
    ngx_thread_ws_journal_seal(&journal);

    unit_int(ngx_thread_ws_journal_at(&journal, &position, &kind, &bytes),
             NGX_OK, "an empty text is an entry");
    unit_int(bytes.len, 0, "... without bytes");

    ngx_thread_ws_journal_skip(&journal, &position, 0);

    unit_int(ngx_thread_ws_journal_at(&journal, &position, &kind, &bytes),
             NGX_DONE, "... that can be passed over");

    ngx_thread_ws_journal_free(&journal);
}


static void
journal_test_entries(void)
{
    u_char                     answer[64], *p;
    ngx_str_t                  bytes;
    ngx_uint_t                 kind;
    ngx_thread_ws_journal_t    journal;
    ngx_thread_ws_position_t   position;

    ngx_memzero(&journal, sizeof(ngx_thread_ws_journal_t));
    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));

    journal_say(&journal, "Hel");

    unit_int(ngx_thread_ws_journal_at(&journal, &position, &kind, &bytes),
             NGX_DONE, "what grows is not read");
    unit_ok(ngx_thread_ws_journal_left(&journal, &position) > 0,
            "... but left");

    journal_say(&journal, "lo");
    ngx_thread_ws_journal_seal(&journal);

    journal_say(&journal, " there");

    unit_int(ngx_thread_ws_journal_at(&journal, &position, &kind, &bytes),
             NGX_OK, "what was sealed is read");
    unit_int(kind, NGX_THREAD_WS_ENTRY_TEXT, "... as text");
    unit_str(bytes.data, bytes.len, "Hello", "... all of one read");

    ngx_thread_ws_journal_skip(&journal, &position, 2);
    (void) ngx_thread_ws_journal_at(&journal, &position, &kind, &bytes);
    unit_str(bytes.data, bytes.len, "llo", "the rest of an entry");

    ngx_thread_ws_journal_skip(&journal, &position, 3);
    unit_int(ngx_thread_ws_journal_at(&journal, &position, &kind, &bytes),
             NGX_DONE, "the next one grows still");

    ngx_thread_ws_journal_seal(&journal);
    ngx_thread_ws_journal_seal(&journal);

    (void) ngx_thread_ws_journal_at(&journal, &position, &kind, &bytes);
    unit_str(bytes.data, bytes.len, " there", "... until it is sealed");

    unit_int(journal.text, 11, "bytes of all texts");

    p = ngx_thread_ws_journal_answer(&journal, answer);
    unit_str(answer, p - answer, "Hello there", "the answer");

    ngx_thread_ws_journal_free(&journal);
    unit_int(journal.bytes.size, 0, "memory is given back");
}


/* readers of every pace, joining at any time, see the same */

static void
journal_test_readers(void)
{
    size_t                     i, j, most[] = { 1, 2, 3, 7, 100 };
    unit_text_t                said, heard[5];
    ngx_thread_ws_journal_t    journal;
    ngx_thread_ws_position_t   position[5];

    ngx_memzero(&journal, sizeof(ngx_thread_ws_journal_t));
    ngx_memzero(position, sizeof(position));
    ngx_memzero(&said, sizeof(unit_text_t));
    ngx_memzero(heard, sizeof(heard));

    srand(1);

    for (i = 0; i < JOURNAL_READS; i++) {

        for (j = rand() % 6; j; j--) {
            unit_add(&said, "%d.", (int) (i * j));
            journal_say(&journal, (char *) said.data
                                  + journal.text);
        }

        ngx_thread_ws_journal_seal(&journal);

        for (j = 0; j < 5; j++) {
            if (rand() % (j + 1) == 0) {
                journal_take(&journal, &position[j], most[j], &heard[j]);
            }
        }
    }

    for (j = 0; j < 5; j++) {
        journal_take(&journal, &position[j], most[j], &heard[j]);

        unit_bytes(heard[j].data, heard[j].len, said.data, said.len,
                   "a reader of %d bytes at a time", (int) most[j]);
        unit_int(ngx_thread_ws_journal_left(&journal, &position[j]), 0,
                 "... has nothing left");
        unit_text_free(&heard[j]);
    }

    unit_text_free(&said);
    ngx_thread_ws_journal_free(&journal);
}


/* parts stand between the texts, and are no part of the answer */

static void
journal_test_parts(void)
{
    u_char                       answer[16];
    ngx_str_t                    bytes;
    ngx_uint_t                   kind;
    ngx_thread_ws_journal_t      journal;
    ngx_thread_ws_position_t     position;
    ngx_thread_ws_entry_part_t   part, read;

    static u_char  texts[] = "idname{}";

    ngx_memzero(&journal, sizeof(ngx_thread_ws_journal_t));
    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));
    ngx_memzero(&part, sizeof(ngx_thread_ws_entry_part_t));

    part.kind = NGX_THREAD_WS_ENTRY_RESULT;
    part.id.data = texts;
    part.id.len = 2;
    part.name.data = texts + 2;
    part.name.len = 4;
    part.value.data = texts + 6;
    part.value.len = 2;
    part.error = 1;

    journal_say(&journal, "a");
    unit_ok(ngx_thread_ws_journal_part(&journal, &part) == NGX_OK,
            "parts: one is added");
    journal_say(&journal, "b");
    ngx_thread_ws_journal_seal(&journal);

    (void) ngx_thread_ws_journal_at(&journal, &position, &kind, &bytes);
    ngx_thread_ws_journal_skip(&journal, &position, bytes.len);
    (void) ngx_thread_ws_journal_at(&journal, &position, &kind, &bytes);

    unit_int(kind, NGX_THREAD_WS_ENTRY_RESULT, "parts: the kind");
    unit_ok(ngx_thread_ws_journal_part_read(&read, kind, &bytes) == NGX_OK,
            "parts: it is read");
    unit_str(read.id.data, read.id.len, "id", "parts: the id");
    unit_str(read.name.data, read.name.len, "name", "parts: the name");
    unit_str(read.value.data, read.value.len, "{}", "parts: the value");
    unit_int(read.error, 1, "parts: it is an error");

    while (bytes.len) {
        bytes.len--;

        if (bytes.len < 12 + 2 + 4
            && ngx_thread_ws_journal_part_read(&read, kind, &bytes) == NGX_OK)
        {
            break;
        }
    }

    unit_int(bytes.len, 0, "parts: one that is cut is none");

    unit_str(answer, ngx_thread_ws_journal_answer(&journal, answer) - answer,
             "ab", "parts: the answer is without them");

    ngx_thread_ws_journal_free(&journal);
}


/* who had heard the beginning of what is void is at its end */

static void
journal_test_freed(void)
{
    ngx_str_t                 bytes;
    ngx_uint_t                kind;
    ngx_thread_ws_journal_t   journal;
    ngx_thread_ws_position_t  position;

    ngx_memzero(&journal, sizeof(ngx_thread_ws_journal_t));
    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));

    journal_say(&journal, "one");
    ngx_thread_ws_journal_seal(&journal);

    position.entry = journal.bytes.len;

    ngx_thread_ws_journal_free(&journal);

    unit_ok(ngx_thread_ws_journal_at(&journal, &position, &kind, &bytes)
            == NGX_DONE, "freed: there is nothing more");
    unit_ok(ngx_thread_ws_journal_left(&journal, &position) == 0,
            "freed: nothing is left");
}


/* what was begun anew does not stand */

static void
journal_test_standing(void)
{
    u_char                      *p, text[64];
    ngx_thread_ws_journal_t      journal;
    ngx_thread_ws_position_t     position;
    ngx_thread_ws_entry_part_t   part;

    ngx_memzero(&journal, sizeof(ngx_thread_ws_journal_t));
    ngx_memzero(&part, sizeof(ngx_thread_ws_entry_part_t));

    part.kind = NGX_THREAD_WS_ENTRY_RESET;

    journal_say(&journal, "one ");
    ngx_thread_ws_journal_seal(&journal);
    journal_say(&journal, "tw");

    p = ngx_thread_ws_journal_standing(&journal, NULL, text);
    unit_str(text, p - text, "one ", "standing: what is sealed");

    part.from = 4;
    part.to = 7;
    (void) ngx_thread_ws_journal_part(&journal, &part);

    ngx_memzero(&position, sizeof(ngx_thread_ws_position_t));
    position.entry = journal.bytes.len;

    journal_say(&journal, "/two three");
    ngx_thread_ws_journal_seal(&journal);

    p = ngx_thread_ws_journal_standing(&journal, &position, text);
    unit_str(text, p - text, "one ", "standing: until a position");

    p = ngx_thread_ws_journal_standing(&journal, NULL, text);
    unit_str(text, p - text, "one two three", "standing: over two entries");

    part.from = 0;
    part.to = 3;
    (void) ngx_thread_ws_journal_part(&journal, &part);
    part.from = 10;
    part.to = 12;
    (void) ngx_thread_ws_journal_part(&journal, &part);

    p = ngx_thread_ws_journal_standing(&journal, NULL, text);
    unit_str(text, p - text, " twohree", "standing: several are void");

    p = ngx_thread_ws_journal_answer(&journal, text);
    unit_str(text, p - text, "one tw/two three",
             "standing: the answer is all of it");

    ngx_thread_ws_journal_free(&journal);
}
