
/*
 * What is looked at when the whole configuration is read: a directive that
 * needs another one, or that names what comes after it.
 */


#ifndef _NGX_THREAD_WS_LATER_H_INCLUDED_
#define _NGX_THREAD_WS_LATER_H_INCLUDED_


#include "ngx_thread_ws.h"


typedef struct ngx_thread_ws_later_s  ngx_thread_ws_later_t;

/* NGX_OK, or NGX_ERROR with an emerg line: nginx does not start */

typedef ngx_int_t (*ngx_thread_ws_later_pt)(ngx_conf_t *cf,
    ngx_thread_ws_later_t *later);

struct ngx_thread_ws_later_s {
    ngx_thread_ws_later_pt     check;
    ngx_str_t                  directive;
    ngx_str_t                  value;        /* of the directive */
    ngx_thread_ws_place_t      place;
    ngx_http_core_srv_conf_t  *cscf;         /* where it stands */
};


/*
 * In a directive's setter: has it looked at by check.  What the setter returns:
 * NGX_CONF_OK, or NGX_CONF_ERROR without memory.  The second is where the
 * directive stands.
 */

char *ngx_thread_ws_later(ngx_conf_t *cf, ngx_thread_ws_later_pt check,
    ngx_str_t *value);
void ngx_thread_ws_later_place(ngx_conf_t *cf, ngx_thread_ws_place_t *place);

/*
 * A value with a variable that nobody has: a warn line, which says where; that
 * core refuses it then does not.  A module may bring it later still.
 */

ngx_int_t ngx_thread_ws_later_unknown(ngx_conf_t *cf,
    ngx_thread_ws_later_t *later);

/* a value that takes no variables, but has the name of one: a warn line */

ngx_int_t ngx_thread_ws_later_variables(ngx_conf_t *cf,
    ngx_thread_ws_later_t *later);

/*
 * An agent's location, as its URI finds it: warn lines where there is none, and
 * for what stands there and has no effect on an answer; an emerg line where it
 * is an endpoint itself.
 */

ngx_int_t ngx_thread_ws_later_pass(ngx_conf_t *cf,
    ngx_thread_ws_later_t *later);

/* a location for replays, which has no variables: a warn line as well */

ngx_int_t ngx_thread_ws_later_replay(ngx_conf_t *cf,
    ngx_thread_ws_later_t *later);

/* ... for what an agent's server has below it: the same */

ngx_int_t ngx_thread_ws_later_threads(ngx_conf_t *cf,
    ngx_thread_ws_later_t *later);


/* all of them, in postconfiguration: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_later_check(ngx_conf_t *cf);


#endif /* _NGX_THREAD_WS_LATER_H_INCLUDED_ */
