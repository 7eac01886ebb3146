
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
} ngx_thread_ws_exchange_t;


typedef struct {
    ngx_str_t                  model;          /* empty: left out */
    ngx_str_t                  system_prompt;  /* empty: left out */
    ngx_str_t                  content;        /* the user's new message */
    ngx_str_t                  request_id;
    ngx_str_t                  busy;           /* the policy's name */
    ngx_thread_ws_exchange_t  *history;        /* oldest first */
    ngx_uint_t                 nhistory;
    json_t                    *parameters;     /* borrowed; NULL: none.  Its
                                                  members win over ours, but
                                                  for the messages and what
                                                  streaming needs */
} ngx_thread_ws_prompt_t;


/*
 * What the stream of one run has told so far, and what the last event brought.
 * Zero it before the first event; ngx_thread_ws_reply_free() at the end.
 */

typedef struct {

    /* the last event's */

    ngx_str_t   delta;        /* text as the inside of a JSON string: escaped,
                                 valid UTF-8, no half surrogate pair, no
                                 U+0000 (U+FFFD instead); in the event's bytes
                                 or in buf.  Empty: none */
    size_t      delta_size;   /* its bytes once unescaped */

    /* the run's */

    ngx_str_t   finish_reason;   /* in finish */
    ngx_int_t   input_tokens;    /* with usage set */
    ngx_int_t   output_tokens;

    unsigned    done:1;          /* the stream's own end mark was seen */
    unsigned    usage:1;
    unsigned    retryable:1;     /* with NGX_ABORT */

    ngx_str_t   error;           /* with NGX_ABORT: the agent's words, at most
                                    some hundred bytes, plain UTF-8, in buf */

    /* the dialect's */

    u_char      finish[32];
    u_char     *buf;             /* malloc'ed scratch, kept over events */
    size_t      size;
    uint64_t    task;            /* langgraph: who is heard, as hashes */
    uint64_t    parent;
    uint64_t    message;
    ngx_int_t   step;
    unsigned    heard:1;
    unsigned    chunks:1;        /* ... and came in chunks */
    u_char     *envelope;        /* openai: what stood around the last text */
    size_t      envelope_head;
    size_t      envelope_tail;
    ngx_uint_t  envelope_misses;
} ngx_thread_ws_reply_t;


/*
 * Where an agent's server keeps the threads itself: what stands before a
 * thread's id in the path of a thread, and what follows it in that of its
 * state.  Such servers know threads by UUIDs.
 */

typedef struct {
    ngx_str_t   path;
    ngx_str_t   state;

    /*
     * The state's body as a new array of {"role","content","requestId","seq"},
     * oldest first: "user", then "assistant" if there is an answer.  Seq counts
     * runs from 1; an id is left out where there is none.  NGX_OK;
     * NGX_DECLINED if the body is no state; NGX_ERROR without memory.
     */

    ngx_int_t (*messages)(json_t **messages, ngx_str_t *body);
} ngx_thread_ws_dialect_threads_t;


typedef struct ngx_thread_ws_dialect_s  ngx_thread_ws_dialect_t;

struct ngx_thread_ws_dialect_s {
    ngx_str_t   name;

    /*
     * A new reference to the request body, NULL without memory.  Texts that
     * are not valid UTF-8 must not get here.
     */

    json_t   *(*request)(ngx_thread_ws_prompt_t *prompt);

    /*
     * Reads one SSE event (type and data as the SSE parser gives them).
     *
     *   NGX_OK        read; reply tells what it brought, perhaps nothing
     *   NGX_DECLINED  malformed: not JSON, or not of the dialect's form
     *   NGX_ABORT     the agent reports an error: reply->error, retryable
     *   NGX_ERROR     no memory
     */

    ngx_int_t (*event)(ngx_thread_ws_reply_t *reply, ngx_str_t *type,
                       ngx_str_t *data);

    /*
     * The body of an error answer (any status but 200): NGX_OK with
     * reply->error set to the agent's words for people, NGX_DECLINED if there
     * are none in it (HTML, no JSON).
     */

    ngx_int_t (*error)(ngx_thread_ws_reply_t *reply, ngx_str_t *body);

    /* what the API wants in each request's header; ended by an empty key */

    ngx_keyval_t  *headers;

    unsigned       end_mark:1;   /* a stream without one was cut; otherwise the
                                    end of the body is the end of the answer */

    /* NULL: the server keeps no threads */

    ngx_thread_ws_dialect_threads_t  *threads;
};


extern ngx_thread_ws_dialect_t  ngx_thread_ws_dialect_openai;
extern ngx_thread_ws_dialect_t  ngx_thread_ws_dialect_anthropic;
extern ngx_thread_ws_dialect_t  ngx_thread_ws_dialect_langgraph;

/* the table of all, ended by NULL; found by name, NULL if there is none */

extern ngx_thread_ws_dialect_t  *ngx_thread_ws_dialects[];

ngx_thread_ws_dialect_t *ngx_thread_ws_dialect_find(ngx_str_t *name);

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

/* Forgets what the last event brought. */

void ngx_thread_ws_reply_next(ngx_thread_ws_reply_t *reply);

/*
 * NGX_OK with a tree, whatever its root is, NGX_DECLINED if the data is not
 * JSON (duplicate names are allowed: the last one wins), NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_reply_load(json_t **root, ngx_str_t *data);

/* Appends plain text to the delta: NGX_OK or NGX_ERROR. */

ngx_int_t ngx_thread_ws_reply_text(ngx_thread_ws_reply_t *reply,
    const char *text, size_t len);

/*
 * Appends the text of a content to the delta: a string, or an array of parts
 * of which those of type text count.  NGX_OK, also for null and for nothing;
 * NGX_DECLINED for another form, NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_reply_content(ngx_thread_ws_reply_t *reply,
    json_t *content);

void ngx_thread_ws_reply_finish(ngx_thread_ws_reply_t *reply, u_char *p,
    size_t len);

/* Takes the counts that an object has under these names, if it is one. */

void ngx_thread_ws_reply_usage(ngx_thread_ws_reply_t *reply, json_t *usage,
    const char *input, const char *output);

/*
 * Takes the words of an error in whatever form it has, and whether they blame
 * the request: NGX_ABORT or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_reply_abort(ngx_thread_ws_reply_t *reply,
    json_t *error);

/* The same of an event's data, which need not be JSON. */

ngx_int_t ngx_thread_ws_reply_abort_data(ngx_thread_ws_reply_t *reply,
    ngx_str_t *data);

/* what langgraph's two files share: a blank line between an answer's parts */

#define NGX_THREAD_WS_LANGGRAPH_BREAK  "\n\n"

extern ngx_thread_ws_dialect_threads_t  ngx_thread_ws_dialect_langgraph_threads;

/* the error member of all dialects */

ngx_int_t ngx_thread_ws_reply_error(ngx_thread_ws_reply_t *reply,
    ngx_str_t *body);

ngx_uint_t ngx_thread_ws_json_is(json_t *value, const char *text);


#endif /* _NGX_THREAD_WS_DIALECT_H_INCLUDED_ */
