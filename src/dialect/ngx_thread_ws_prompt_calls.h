
/*
 * Calls of tools in prompts: what is open of an answer, and what a message says
 * to that.
 */


#ifndef _NGX_THREAD_WS_PROMPT_CALLS_H_INCLUDED_
#define _NGX_THREAD_WS_PROMPT_CALLS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


/* whether a part of an answer is of that type */

ngx_uint_t ngx_thread_ws_prompt_is(json_t *part, const char *type);

/*
 * The calls among an answer's parts that wait for the client's results, in
 * their order: a new array; NULL without memory.
 */

json_t *ngx_thread_ws_prompt_open(json_t *parts);

/*
 * What a message has for open calls: a new object of results by toolCallId;
 * NULL without memory.
 */

json_t *ngx_thread_ws_prompt_results(json_t *asked);

/*
 * Of the results that a client shows the message gets, in the place of its own,
 * those of calls that wait among an answer's parts.  NGX_OK, or NGX_ERROR
 * without memory.
 */

ngx_int_t ngx_thread_ws_prompt_shown(json_t *asked, json_t *shown,
    json_t *parts);

/*
 * The words for a result, from its JSON: a text as it is, anything else as
 * JSON; of one that is an error (*failed) the error and then what there is of
 * it.  NULL is no result, in words.  A new string; NULL without memory.
 */

json_t *ngx_thread_ws_prompt_words(json_t *result, ngx_uint_t *failed);

/*
 * The words for results of calls that are not in the prompt any more; an empty
 * string if all of them are.  NULL without memory.
 */

json_t *ngx_thread_ws_prompt_strays(json_t *asked, json_t *open);


#endif /* _NGX_THREAD_WS_PROMPT_CALLS_H_INCLUDED_ */
