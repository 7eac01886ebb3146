
/*
 * What an agent speaks: a prompt to a request body, an SSE event to what it
 * means for the run.  One file a dialect, behind this interface.
 */


#ifndef _NGX_THREAD_WS_DIALECT_H_INCLUDED_
#define _NGX_THREAD_WS_DIALECT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


/* One completed run of the history, as it goes into a prompt (plain UTF-8). */

typedef struct {
    ngx_str_t  content;       /* the user's message */
    ngx_str_t  answer;
    json_t    *asked;         /* the message's other members; NULL: none */
    json_t    *parts;         /* of the answer, a list; NULL: text alone */
} ngx_thread_ws_exchange_t;


typedef struct {
    ngx_str_t                  model;          /* empty: left out */
    ngx_str_t                  system_prompt;  /* empty: left out */
    ngx_str_t                  content;        /* the user's new message */
    json_t                    *asked;          /* its other members, borrowed;
                                                  NULL: none */
    ngx_str_t                  request_id;
    ngx_str_t                  busy;           /* the policy's name */
    ngx_thread_ws_exchange_t  *history;        /* oldest first */
    ngx_uint_t                 nhistory;
    json_t                    *parameters;     /* borrowed; NULL: none.  Its
                                                  members win over ours, but
                                                  for the messages and what
                                                  streaming needs */
    json_t                    *chosen;         /* borrowed; NULL: none.  These
                                                  win over the parameters, each
                                                  member within others alone */
    ngx_uint_t                 want;           /* beside text, as in a reply */
    ngx_uint_t                 reasoning;      /* unsigned  reasoning:1, that of
                                                  the history is wanted back */
    ngx_str_t                  tag;            /* ... in such a tag; empty: the
                                                  API's own way */
} ngx_thread_ws_prompt_t;


/*
 * Whom an error blames, which says what the client is told of it.  Only words
 * that blame the request are for people: all others can quote keys, addresses
 * and tracebacks.
 */

typedef enum {
    NGX_THREAD_WS_BLAME_NOBODY = 0,   /* the agent failed */
    NGX_THREAD_WS_BLAME_LOAD,         /* ... cannot be had now */
    NGX_THREAD_WS_BLAME_RATE,         /* too many requests, or no credit */
    NGX_THREAD_WS_BLAME_ACCESS,       /* keys, rights, names: the operator's */
    NGX_THREAD_WS_BLAME_REQUEST,      /* what the user sent, or its length */
    NGX_THREAD_WS_BLAME_REFUSAL,      /* the model does not want to */
    NGX_THREAD_WS_BLAME_THREAD,       /* another run has the thread */
    NGX_THREAD_WS_BLAME_TIME          /* the agent took too long */
} ngx_thread_ws_blame_e;


/* What of a reply is asked for beside its text, bits; nothing else is kept. */

#define NGX_THREAD_WS_WANT_REASONING  0x01
#define NGX_THREAD_WS_WANT_TOOLS      0x02
#define NGX_THREAD_WS_WANT_SOURCES    0x04
#define NGX_THREAD_WS_WANT_DATA       0x08
#define NGX_THREAD_WS_WANT_MESSAGES   0x10
#define NGX_THREAD_WS_WANT_RESET      0x20
#define NGX_THREAD_WS_WANT_ALL        0x3f

/* ... and what the API wants back with thoughts, nobody else */

#define NGX_THREAD_WS_WANT_SIGNATURES 0x40

/* the finish reason of an answer that ends in questions */

#define NGX_THREAD_WS_FINISH_INTERRUPT  "interrupt"

/* bytes of a tag's name */

#define NGX_THREAD_WS_TAG_MAX  32


/*
 * A part of an answer that is no text, or an increment of one.  A call of a
 * tool is CALL, INPUT any number of times, CALL_END with all of the input, and
 * a RESULT where the agent itself has one; calls are told apart by their ids.
 */

typedef enum {
    NGX_THREAD_WS_PART_MESSAGE = 1,   /* text from here on is of the message
                                         id, which is said by name */
    NGX_THREAD_WS_PART_REASONING,     /* value: text; id: its message's, or
                                         empty; or name: what it is signed by,
                                         or with error set stands for it */
    NGX_THREAD_WS_PART_CALL,          /* id, name; the agent itself sees to it
                                         if error is set */
    NGX_THREAD_WS_PART_INPUT,         /* id; value: text */
    NGX_THREAD_WS_PART_CALL_END,      /* id; value: JSON */
    NGX_THREAD_WS_PART_RESULT,        /* id; value: JSON, of an error if that is
                                         set */
    NGX_THREAD_WS_PART_SOURCE,        /* id: its URL; name: its title; one of
                                         them may be empty */
    NGX_THREAD_WS_PART_DATA,          /* name; value: JSON */
    NGX_THREAD_WS_PART_RESET,         /* void: the bytes of the run's text, as
                                         it is escaped, from the one up to the
                                         other */
    NGX_THREAD_WS_PART_INTERRUPT      /* what the agent asks before it goes on,
                                         whatever is asked for; id; value:
                                         JSON */
} ngx_thread_ws_part_e;


typedef struct {
    ngx_uint_t   kind;        /* ngx_thread_ws_part_e */
    size_t       at;          /* bytes of the delta that come before it */
    size_t       pos;         /* private: of the three */
    ngx_str_t    id;          /* texts are the inside of JSON strings */
    ngx_str_t    name;
    ngx_str_t    value;       /* right after the name, that after the id */
    size_t       from;
    size_t       to;
    unsigned     error:1;
} ngx_thread_ws_part_t;


/*
 * What the stream of one run has told so far, and what the last event brought;
 * what each event looks at stands at its beginning.  Zero it before the first
 * event; ngx_thread_ws_reply_free() at the end.
 */

typedef struct ngx_thread_ws_voices_s  ngx_thread_ws_voices_t;
typedef struct ngx_thread_ws_parts_s  ngx_thread_ws_parts_t;
typedef struct ngx_thread_ws_envelope_s  ngx_thread_ws_envelope_t;
typedef struct ngx_thread_ws_turn_s  ngx_thread_ws_turn_t;

typedef struct {

    size_t      limit;        /* in: bytes of an answer, that more need not be
                                 held back; 0: none */
    ngx_uint_t  want;         /* in: NGX_THREAD_WS_WANT_... */

    /* the last event's */

    ngx_str_t   delta;        /* text as the inside of a JSON string: escaped,
                                 valid UTF-8, no half surrogate pair, no
                                 U+0000 (U+FFFD instead); in the event's bytes
                                 or in buf.  Empty: none */
    size_t      delta_size;   /* its bytes once unescaped */
    ngx_str_t   same;         /* a string in the event's bytes: with any other
                                 in its place that would be the text, and the
                                 rest means the same; empty: not known */

    ngx_thread_ws_part_t  *part;    /* what it brought beside the delta, in
                                       order, until the next event */
    ngx_uint_t  nparts;

    unsigned    retryable:1;  /* with NGX_ABORT: if that can help */
    unsigned    quotable:1;   /* ... the words are for people */
    unsigned    idle:1;       /* it said nothing that is understood */

    /* the run's */

    unsigned    done:1;           /* the stream's own end mark was seen */
    unsigned    usage:1;
    unsigned    text:1;           /* there was one, not all blank */
    unsigned    refused:1;        /* it is a refusal in the agent's words */
    unsigned    tools:1;          /* a tool was called */
    unsigned    reasoning:1;      /* thoughts were told, which are no text */
    unsigned    gap:1;            /* anthropic's: a blank line is due */
    unsigned    interrupted:1;    /* it asks something, and goes on when that is
                                     answered */

    ngx_uint_t  events;           /* that said something */

    /* the dialect's */

    u_char     *buf;             /* malloc'ed scratch, kept over events */
    size_t      size;
    ngx_thread_ws_parts_t   *parts;     /* NULL: only text is asked for */
    ngx_thread_ws_envelope_t  *envelope;    /* what stood around the text */
    uint32_t    half;            /* of a surrogate pair: the text's end */

    /* what few events look at: first the last event's */

    ngx_str_t   error;        /* with NGX_ABORT: the agent's words, at most
                                 some hundred bytes, plain UTF-8, in buf */
    ngx_uint_t  blame;        /* ... whom they blame: ngx_thread_ws_blame_e */
    ngx_msec_t  retry_after;  /* ... and when to try again, ms; 0: not told */

    /* the run's */

    ngx_str_t   finish_reason;    /* in finish */
    ngx_str_t   explanation;      /* of the reason, malloc'ed; mostly empty */
    ngx_int_t   input_tokens;     /* with usage set, all that were read */
    ngx_int_t   output_tokens;
    ngx_int_t   cached_tokens;    /* ... of them; 0: none, or not told */
    ngx_int_t   reasoning_tokens;
    u_char      finish[32];

    ngx_str_t  *tags;         /* in: names of tags, each of at most
                                 NGX_THREAD_WS_TAG_MAX bytes, around what is no
                                 text but reasoning */
    ngx_uint_t  ntags;

    uint64_t    number;       /* in: of this run alone, for the ids of calls
                                 that have none */
    json_t     *known;        /* in: an object that has the ids of the thread's
                                 earlier calls; NULL: none.  The reply frees
                                 it */

    ngx_thread_ws_voices_t  *voices;    /* langgraph's: who speaks */
    ngx_thread_ws_turn_t    *turn;      /* in: for answers that may pause; NULL:
                                           none goes on */
} ngx_thread_ws_reply_t;


/*
 * The way back through a thread's states to the one before a user's message:
 * zero it but for the message's id, json_decref() its four values at the end.
 */

typedef struct {
    ngx_str_t    message;      /* in: its id */
    json_t      *checkpoint;   /* out: that state's name */
    json_t      *last;         /* the last state that was read, a string that
                                  is safe in a URI; NULL: none */

    /* private */

    json_t      *branch;       /* the next state of the branch that the thread
                                  stands at ... */
    json_t      *other;        /* ... of another one that has the message */
    ngx_uint_t   users;        /* messages of the user's in the newest state */
    unsigned     begun:1;
    unsigned     met:1;        /* the branch has the message */
    unsigned     open:1;       /* the newest run came to no end */
    unsigned     parted:1;     /* another branch has the message */
} ngx_thread_ws_before_t;


/*
 * Where an agent's server keeps the threads itself: what stands before a
 * thread's id in the path of a thread, and what follows it in that of its
 * state, and of its states until now, or then of those before another state,
 * whose name follows.  Such servers know threads by UUIDs.
 */

typedef struct {
    ngx_str_t   path;
    ngx_str_t   state;
    ngx_str_t   history;
    ngx_str_t   older;

    /*
     * The state's body as a new array of {"role","content","requestId","seq"},
     * oldest first: "user", then "assistant" if there is an answer, the last
     * of which may have "parts".  Seq counts runs from 1; an id is left out
     * where there is none.  NGX_OK; NGX_DECLINED if the body is no state;
     * NGX_ERROR without memory.
     */

    ngx_int_t (*messages)(json_t **messages, ngx_str_t *body);

    /*
     * Reads one more answer of the history, newest states first:
     *
     *   NGX_OK        checkpoint is what was before the message
     *   NGX_AGAIN     it may be before last
     *   NGX_DECLINED  the thread has no such message, or not any more
     *   NGX_ABORT     the body is no history
     *   NGX_ERROR     no memory
     */

    ngx_int_t (*before)(ngx_thread_ws_before_t *before, ngx_str_t *body);

    /*
     * What is sent to the thread's state to have its next run begin from that
     * one: a new reference, NULL without memory.
     */

    json_t   *(*back)(json_t *checkpoint);
} ngx_thread_ws_dialect_threads_t;


/*
 * A part of a user's message as the API has it: a new reference; NULL with *why
 * set, in words for people, if the API does not take it, else without memory.
 */

typedef json_t *(*ngx_thread_ws_prompt_part_pt)(json_t *part, char **why);


typedef struct ngx_thread_ws_dialect_s  ngx_thread_ws_dialect_t;

struct ngx_thread_ws_dialect_s {
    ngx_str_t   name;

    /*
     * A new reference to the request body, NULL without memory.  Texts that
     * are not valid UTF-8 must not get here.
     */

    json_t   *(*request)(ngx_thread_ws_prompt_t *prompt);

    ngx_thread_ws_prompt_part_pt  part;

    /* for ngx_thread_ws_reply_event(): pings and blank data do not get here */

    ngx_int_t (*event)(ngx_thread_ws_reply_t *reply, ngx_str_t *type,
                       ngx_str_t *data);

    /*
     * The named events of the API, ended by NULL; others that are malformed
     * are passed over.
     */

    const char   **events;

    /*
     * An error, of an event or of an error answer's body: more than is known of
     * it by its form alone (ngx_thread_ws_reply_abort()).  NULL: no more.
     */

    void         (*blame)(ngx_thread_ws_reply_t *reply, json_t *error);

    /* what the API wants in each request's header; ended by an empty key */

    ngx_keyval_t  *headers;

    unsigned       end_mark:1;   /* a stream without one was cut; otherwise the
                                    end of the body is the end of the answer */
    unsigned       resets:1;     /* messages may be begun anew */
    unsigned       results:1;    /* calls of tools are the client's, who gives
                                    their results */
    unsigned       answers:1;    /* runs may be interrupted, and go on with the
                                    client's answers */

    /* NULL: the server keeps no threads */

    ngx_thread_ws_dialect_threads_t  *threads;

    /*
     * The request that goes on with an answer that has paused: the body of the
     * first one, and reply->turn; text is the run's until then, as it is
     * escaped.  A new reference, NULL without memory.  NULL: none goes on.
     */

    json_t   *(*again)(ngx_thread_ws_reply_t *reply, ngx_str_t *request,
                       ngx_str_t *text);
};


extern ngx_thread_ws_dialect_t  ngx_thread_ws_dialect_openai;
extern ngx_thread_ws_dialect_t  ngx_thread_ws_dialect_anthropic;
extern ngx_thread_ws_dialect_t  ngx_thread_ws_dialect_langgraph;

/* the table of all, ended by NULL; found by name, NULL if there is none */

extern ngx_thread_ws_dialect_t  *ngx_thread_ws_dialects[];

ngx_thread_ws_dialect_t *ngx_thread_ws_dialect_find(ngx_str_t *name);

/*
 * Reads one SSE event, type and data as the SSE parser gives them.
 *
 *   NGX_OK        read; reply tells what it brought, perhaps nothing
 *   NGX_DECLINED  malformed: not JSON, or not of the dialect's form
 *   NGX_ABORT     the agent reports an error: reply->error and what is with it
 *   NGX_ERROR     no memory
 */

ngx_int_t ngx_thread_ws_reply_event(ngx_thread_ws_dialect_t *dialect,
    ngx_thread_ws_reply_t *reply, ngx_str_t *type, ngx_str_t *data);

/*
 * An event like the last one, but for its text: NGX_OK, reply tells of it, or
 * NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_reply_again(ngx_thread_ws_reply_t *reply,
    ngx_str_t *delta, size_t size);

/*
 * No event follows: reply->delta is what of the text was held back until now,
 * and the parts are those that were still open.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_reply_end(ngx_thread_ws_reply_t *reply);

/*
 * The body of an error answer (any status but 200), JSON, an event of a stream
 * or plain text: NGX_OK with reply->error set to the agent's words, and whom
 * they blame; NGX_DECLINED if there are none in it.
 */

ngx_int_t ngx_thread_ws_reply_error(ngx_thread_ws_dialect_t *dialect,
    ngx_thread_ws_reply_t *reply, ngx_str_t *body);

void ngx_thread_ws_reply_free(ngx_thread_ws_reply_t *reply);


/* What the dialects' files share; nobody else needs it. */

/*
 * The object that becomes the request body: the model, if any, as the member
 * so named, and the parameters, which win over it.
 */

json_t *ngx_thread_ws_prompt_root(ngx_thread_ws_prompt_t *prompt,
    const char *name);

/* Sets a member to a text unless it is there: 0, or -1 without memory. */

int ngx_thread_ws_prompt_default(json_t *root, const char *name,
    const char *text, size_t len);

/* Appends {"role","content"} to an array: 0, or -1 without memory. */

int ngx_thread_ws_prompt_message(json_t *messages, const char *role,
    ngx_str_t *content);

/* Whether a text has nothing but spaces: such an answer is none. */

ngx_uint_t ngx_thread_ws_prompt_blank(ngx_str_t *text);

/* Forgets what the last event brought. */

void ngx_thread_ws_reply_next(ngx_thread_ws_reply_t *reply);

/*
 * NGX_OK with a tree, whatever its root is, NGX_DECLINED if the data is not one
 * JSON value (ngx_thread_ws_json_read()), NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_reply_load(json_t **root, ngx_str_t *data);

/*
 * Reads an event's data, of which each line may be a value of its own, and
 * gives each to the reader until it returns anything but NGX_OK.
 */

typedef ngx_int_t (*ngx_thread_ws_reply_read_pt)(ngx_thread_ws_reply_t *reply,
    json_t *root);

ngx_int_t ngx_thread_ws_reply_each(ngx_thread_ws_reply_t *reply,
    ngx_str_t *data, ngx_thread_ws_reply_read_pt reader);

/*
 * Appends plain text to the delta: NGX_OK or NGX_ERROR.  Half a surrogate pair
 * at its end is held back until the other half comes.
 */

ngx_int_t ngx_thread_ws_reply_text(ngx_thread_ws_reply_t *reply,
    const char *text, size_t len);

/* Appends text that is escaped, of so many plain bytes: the same. */

ngx_int_t ngx_thread_ws_reply_raw(ngx_thread_ws_reply_t *reply, u_char *p,
    size_t len, size_t plain);

/*
 * Joins halves of surrogate pairs in a text, *half being the one before it, and
 * then that at its end: dst has len + 4 bytes; returns the position after what
 * it wrote.
 */

u_char *ngx_thread_ws_reply_join(uint32_t *half, u_char *dst, u_char *p,
    size_t len);

/*
 * Appends the text of a content to the delta: a string, or an array of parts
 * of which those of type text count, and reasoning where it is asked for.
 * NGX_OK, also for null and for nothing; NGX_DECLINED for another form,
 * NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_reply_content(ngx_thread_ws_reply_t *reply,
    json_t *content);

void ngx_thread_ws_reply_finish(ngx_thread_ws_reply_t *reply, u_char *p,
    size_t len);

/* Takes the counts that an object has under these names, if it is one. */

void ngx_thread_ws_reply_usage(ngx_thread_ws_reply_t *reply, json_t *usage,
    const char *input, const char *output);

/* The same of those that are a part of these: cached ones, and thoughts. */

void ngx_thread_ws_reply_detail(ngx_thread_ws_reply_t *reply, json_t *usage,
    const char *input, const char *output);

/* Keeps the words that explain how an answer ended: NGX_OK or NGX_ERROR. */

ngx_int_t ngx_thread_ws_reply_explain(ngx_thread_ws_reply_t *reply,
    json_t *words);

/*
 * Takes the words of an error in whatever form it has, and whom they blame:
 * NGX_ABORT or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_reply_abort(ngx_thread_ws_reply_t *reply,
    json_t *error);

/* The same of an event's data, which need not be JSON. */

ngx_int_t ngx_thread_ws_reply_abort_data(ngx_thread_ws_reply_t *reply,
    ngx_str_t *data);

/*
 * Whether an object that is no part of an answer is an error, of one of the
 * forms that have no name.
 */

ngx_uint_t ngx_thread_ws_reply_failed(json_t *root);

/* the same for files of the dialect room alone: plain words for an error */

ngx_int_t ngx_thread_ws_reply_say(ngx_thread_ws_reply_t *reply, u_char *p,
    size_t len);

ngx_int_t ngx_thread_ws_reply_reserve(ngx_thread_ws_reply_t *reply,
    size_t size);

/* whether the words of an error are for people, once its blame is known */

void ngx_thread_ws_reply_quote(ngx_thread_ws_reply_t *reply);

/* what a status other than 200 means: its blame, and if a retry can help */

void ngx_thread_ws_reply_status(ngx_thread_ws_reply_t *reply,
    ngx_uint_t status);

/* what langgraph's two files share */

extern ngx_thread_ws_dialect_threads_t  ngx_thread_ws_dialect_langgraph_threads;

ngx_int_t ngx_thread_ws_langgraph_before(ngx_thread_ws_before_t *before,
    ngx_str_t *body);
json_t *ngx_thread_ws_langgraph_back(json_t *checkpoint);

ngx_uint_t ngx_thread_ws_json_is(json_t *value, const char *text);


#endif /* _NGX_THREAD_WS_DIALECT_H_INCLUDED_ */
