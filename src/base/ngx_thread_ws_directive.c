
/*
 * Parameters of directives, and refusals.
 */


#include "base/ngx_thread_ws_directive.h"
#include "base/ngx_thread_ws_string.h"


static ngx_int_t ngx_thread_ws_directive_value(ngx_str_t *value, char *name,
    ngx_str_t *s);


char *
ngx_thread_ws_directive_refuse(ngx_conf_t *cf, char *fmt, ngx_str_t *value)
{
    u_char  *p, *last;
    size_t   size;

    size = ngx_strlen(fmt) + value->len + 1;

    p = ngx_pnalloc(cf->pool, size);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    last = ngx_snprintf(p, size - 1, fmt, value);
    *last = '\0';

    return (char *) p;
}


char *
ngx_thread_ws_directive_invalid(ngx_conf_t *cf, ngx_str_t *value)
{
    return ngx_thread_ws_directive_refuse(cf, "has an invalid parameter "
                                          "\"%V\"", value);
}


ngx_uint_t
ngx_thread_ws_directive_repeated(ngx_str_t *value, ngx_uint_t i)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   k;

    p = ngx_strlchr(value[i].data, value[i].data + value[i].len, '=');
    if (p == NULL) {
        return 0;
    }

    len = p + 1 - value[i].data;

    for (k = 1; k < i; k++) {
        if (value[k].len >= len
            && ngx_memcmp(value[k].data, value[i].data, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


char *
ngx_thread_ws_directive_twice(ngx_conf_t *cf, ngx_str_t *value)
{
    return ngx_thread_ws_directive_refuse(cf, "has \"%V\" beside another of "
                                          "that name", value);
}


char *
ngx_thread_ws_directive_switch(ngx_conf_t *cf)
{
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_thread_ws_string_is(&value[i], "on")
            || ngx_thread_ws_string_is(&value[i], "off"))
        {
            return ngx_thread_ws_directive_refuse(cf, "takes names, of which "
                                                  "\"%V\" is none", &value[i]);
        }
    }

    return NULL;
}


ngx_int_t
ngx_thread_ws_directive_number(ngx_str_t *value, char *name, ngx_int_t min,
    ngx_int_t max, ngx_int_t *n)
{
    ngx_str_t  s;

    if (ngx_thread_ws_directive_value(value, name, &s) != NGX_OK) {
        return NGX_DECLINED;
    }

    *n = ngx_atoi(s.data, s.len);

    return (*n == NGX_ERROR || *n < min || *n > max) ? NGX_DECLINED : NGX_OK;
}


ngx_int_t
ngx_thread_ws_directive_size(ngx_str_t *value, char *name, size_t *size)
{
    ssize_t    n;
    ngx_str_t  s;

    if (ngx_thread_ws_directive_value(value, name, &s) != NGX_OK) {
        return NGX_DECLINED;
    }

    n = ngx_parse_size(&s);
    if (n == NGX_ERROR) {
        return NGX_DECLINED;
    }

    *size = n;

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_directive_time(ngx_str_t *value, char *name, ngx_msec_t *time)
{
    ngx_int_t  n;
    ngx_str_t  s;

    if (ngx_thread_ws_directive_value(value, name, &s) != NGX_OK) {
        return NGX_DECLINED;
    }

    n = ngx_parse_time(&s, 0);
    if (n == NGX_ERROR) {
        return NGX_DECLINED;
    }

    *time = n;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_directive_value(ngx_str_t *value, char *name, ngx_str_t *s)
{
    size_t  len;

    if (!ngx_thread_ws_string_begins(value, name)) {
        return NGX_DECLINED;
    }

    len = ngx_strlen(name);

    s->data = value->data + len;
    s->len = value->len - len;

    return NGX_OK;
}
