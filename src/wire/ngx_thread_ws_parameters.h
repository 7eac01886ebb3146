
/*
 * What of the agent's request a client may set, and whether what it sets is
 * that.  Pure.
 */


#ifndef _NGX_THREAD_WS_PARAMETERS_H_INCLUDED_
#define _NGX_THREAD_WS_PARAMETERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


/* bytes of a parameter's name, and of a text where no values are given */

#define NGX_THREAD_WS_PARAMETER_NAME  128
#define NGX_THREAD_WS_PARAMETER_TEXT  256


typedef enum {
    NGX_THREAD_WS_PARAMETER_WORD = 0,
    NGX_THREAD_WS_PARAMETER_NUMBER,
    NGX_THREAD_WS_PARAMETER_TRUE,
    NGX_THREAD_WS_PARAMETER_FALSE
} ngx_thread_ws_parameter_kind_e;


typedef struct {
    ngx_uint_t    kind;        /* ngx_thread_ws_parameter_kind_e */
    ngx_str_t     word;
    double        number;
} ngx_thread_ws_parameter_value_t;


/* one member of the request, or one within others, by a dotted path */

typedef struct {
    ngx_str_t     name;
    ngx_str_t     takes;       /* its values or its range, as they were given;
                                  empty: any */
    ngx_array_t  *values;      /* of ngx_thread_ws_parameter_value_t */
    double        from;
    double        to;
    unsigned      range:1;
    unsigned      endless:1;
} ngx_thread_ws_parameter_t;


/*
 * Reads "name", "name=one|another" or "name=from..to", of which the texts are
 * kept; either end of a range may be left out, the lower one being 0 then.
 *
 *   NGX_OK
 *   NGX_DECLINED  *why says what is wrong with it, in words with one %V for the
 *                 text
 *   NGX_ERROR     no memory
 */

ngx_int_t ngx_thread_ws_parameter_read(ngx_pool_t *pool,
    ngx_thread_ws_parameter_t *rule, ngx_str_t *text, char **why);

/* whether one is the other, or within it */

ngx_uint_t ngx_thread_ws_parameter_within(ngx_str_t *name, ngx_str_t *other);


/*
 * What a client has set, an object, by the rules (NULL: there are none).
 *
 *   NGX_OK        *set is a new object of the values where they go in the
 *                 request, NULL if there are none
 *   NGX_DECLINED  reason, of NGX_THREAD_WS_REASON bytes, says which one is not
 *                 to be set, or so; ends with a zero byte
 *   NGX_ERROR     no memory
 */

ngx_int_t ngx_thread_ws_parameters_check(ngx_array_t *rules,
    json_t *parameters, json_t **set, u_char *reason);


/*
 * A reason that quotes a name which others chose: what, then the name in
 * quotes, cut where it is long, then words.
 */

#define NGX_THREAD_WS_REASON  512

void ngx_thread_ws_reason(u_char *reason, char *what, ngx_str_t *name,
    char *fmt, ngx_str_t *value);


#endif /* _NGX_THREAD_WS_PARAMETERS_H_INCLUDED_ */
