
/*
 * What a client says: JSON text to a command, strictly.
 */


#ifndef _NGX_THREAD_WS_COMMAND_H_INCLUDED_
#define _NGX_THREAD_WS_COMMAND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>

#include "wire/ngx_thread_ws_code.h"
#include "wire/ngx_thread_ws_parameters.h"


#define NGX_THREAD_WS_ID_MAX  128


typedef enum {
    NGX_THREAD_WS_COMMAND_MESSAGE = 0,
    NGX_THREAD_WS_COMMAND_CANCEL,       /* "cancel", and "abort" */
    NGX_THREAD_WS_COMMAND_FOLLOW,
    NGX_THREAD_WS_COMMAND_PING
} ngx_thread_ws_command_e;


typedef struct {
    ngx_thread_ws_command_e   type;
    ngx_str_t                 request_id;  /* message, cancel; follow: empty
                                              if absent */
    ngx_str_t                 thread_id;   /* message: any string; whether it
                                              is the connection's is for the
                                              caller to say */
    ngx_str_t                 content;     /* message: its text, all of it */
    ngx_str_t                 extra;       /* message: its members beside
                                              these, by the names that they
                                              have there: a JSON object in one
                                              form, malloc'ed; empty: none */
    json_t                   *parameters;  /* message: an object, root's; NULL:
                                              absent */
    json_t                   *metadata;    /* the same */
    ngx_str_t                 earlier;     /* message: what its client shows
                                              the answer to go on with, for the
                                              wire alone; malloc'ed; empty: none
                                              */
    ngx_str_t                 shown;       /* message: the results of tools that
                                              its client has, a JSON object
                                              with toolResults: of what is open
                                              these are meant, and what the
                                              message has for what is not open
                                              is no error; malloc'ed; empty: it
                                              says what it means */
    ngx_str_t                 replaces;    /* message: a run's request id;
                                              empty: absent */
    ngx_str_t                 answers;     /* message: it stands in the place
                                              of the run whose "messageId" in
                                              its metadata this is, if there is
                                              one; empty: of none */
    ngx_str_t                 answered;    /* ... or whose request id this is;
                                              empty: absent */
    ngx_uint_t                perhaps;     /* unsigned  perhaps:1, ... which its
                                              client may not have meant */
    size_t                    after;       /* follow: a position, 0: from the
                                              beginning */
    ngx_str_t                 t;           /* ping: JSON, as it stands in the
                                              text; its len is 0 if absent */

    ngx_thread_ws_code_e      code;        /* with NGX_DECLINED: the error */
    char                     *reason;      /* ... in words for people; static,
                                              or the words */

    json_t                   *root;        /* owns the strings; NULL: they stand
                                              in the text, or ... */
    u_char                   *plain;       /* ... the content here, malloc'ed */

    u_char                    words[NGX_THREAD_WS_REASON];   /* a reason; not
                                              zeroed */
} ngx_thread_ws_command_t;


/*
 * Reads a text message.  What *command points at lives as long as data does,
 * and until ngx_thread_ws_command_free(), which is due after NGX_OK and
 * NGX_DECLINED.
 *
 *   NGX_OK        a command
 *   NGX_DECLINED  code and reason say why not; request_id is set if the text
 *                 had a valid one in a message (else its len is 0), thread_id
 *                 if the text had a string there
 *   NGX_ERROR     no memory
 */

ngx_int_t ngx_thread_ws_command_parse(ngx_thread_ws_command_t *command,
    u_char *data, size_t len);
void ngx_thread_ws_command_free(ngx_thread_ws_command_t *command);

/*
 * A message is to replace the run of that request id, which it did not name,
 * and which is another's: NGX_OK, or NGX_ERROR without memory.
 */

ngx_int_t ngx_thread_ws_command_replace(ngx_thread_ws_command_t *command,
    ngx_str_t *request_id);

/* The grammars of ids: NGX_OK or NGX_DECLINED. */

ngx_int_t ngx_thread_ws_request_id_check(ngx_str_t *id);
ngx_int_t ngx_thread_ws_thread_id_check(ngx_str_t *id);


#endif /* _NGX_THREAD_WS_COMMAND_H_INCLUDED_ */
