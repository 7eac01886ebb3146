
/*
 * What directives' setters share: reading parameters, and refusing a directive
 * with words that say why.
 */


#ifndef _NGX_THREAD_WS_DIRECTIVE_H_INCLUDED_
#define _NGX_THREAD_WS_DIRECTIVE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * What a setter returns to refuse its directive: core puts the directive's name
 * before it, the file and the line behind it.  fmt has one %V, for value.  The
 * text is of cf's pool; without memory it is NGX_CONF_ERROR.
 */

char *ngx_thread_ws_directive_refuse(ngx_conf_t *cf, char *fmt,
    ngx_str_t *value);
char *ngx_thread_ws_directive_invalid(ngx_conf_t *cf, ngx_str_t *value);

/*
 * Whether value[i], a "name=..." of a directive's parameters, has the name of
 * one before it; and what the setter returns then.
 */

ngx_uint_t ngx_thread_ws_directive_repeated(ngx_str_t *value, ngx_uint_t i);
char *ngx_thread_ws_directive_twice(ngx_conf_t *cf, ngx_str_t *value);

/*
 * For directives of names: what the setter returns where "on" or "off" is among
 * them, NULL where neither is.
 */

char *ngx_thread_ws_directive_switch(ngx_conf_t *cf);

/*
 * A parameter "name=...", name with its "=": a number within the limits, a size
 * in bytes, a time in ms.  NGX_OK, or NGX_DECLINED if it is another one or what
 * it has is none.
 */

ngx_int_t ngx_thread_ws_directive_number(ngx_str_t *value, char *name,
    ngx_int_t min, ngx_int_t max, ngx_int_t *n);
ngx_int_t ngx_thread_ws_directive_size(ngx_str_t *value, char *name,
    size_t *size);
ngx_int_t ngx_thread_ws_directive_time(ngx_str_t *value, char *name,
    ngx_msec_t *time);


#endif /* _NGX_THREAD_WS_DIRECTIVE_H_INCLUDED_ */
