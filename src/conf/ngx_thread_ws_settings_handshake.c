
/*
 * The directives that say what the opening handshake lets in and agrees on, and
 * what is kept of its request.
 */


#include "conf/ngx_thread_ws_settings.h"
#include "base/ngx_thread_ws_directive.h"
#include "base/ngx_thread_ws_modules.h"
#include "conn/ngx_thread_ws_upgrade.h"
#include "ws/ngx_thread_ws_origin.h"


static char *ngx_thread_ws_settings_origin(ngx_conf_t *cf, ngx_str_t *value,
    ngx_thread_ws_origin_t *origin);
static char *ngx_thread_ws_settings_origin_plain(ngx_conf_t *cf,
    ngx_str_t *value);


char *
ngx_thread_ws_settings_origins(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    char                    *rv;
    ngx_str_t               *value;
    ngx_uint_t               i;
    ngx_thread_ws_origin_t  *origin;

    if (tlcf->origins_mode != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2) {

        if (ngx_strcmp(value[1].data, "same") == 0) {
            tlcf->origins_mode = NGX_THREAD_WS_ORIGINS_SAME;
            return NGX_CONF_OK;
        }

        if (ngx_strcmp(value[1].data, "any") == 0) {
            tlcf->origins_mode = NGX_THREAD_WS_ORIGINS_ANY;
            return NGX_CONF_OK;
        }
    }

    tlcf->origins_mode = NGX_THREAD_WS_ORIGINS_LIST;

    tlcf->origins = ngx_array_create(cf->pool, cf->args->nelts,
                                     sizeof(ngx_thread_ws_origin_t));
    if (tlcf->origins == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        origin = ngx_array_push(tlcf->origins);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }

        rv = ngx_thread_ws_settings_origin(cf, &value[i], origin);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_thread_ws_settings_origin(ngx_conf_t *cf, ngx_str_t *value,
    ngx_thread_ws_origin_t *origin)
{
    ngx_memzero(origin, sizeof(ngx_thread_ws_origin_t));

    origin->pattern = *value;

    if (value->len > 1 && value->data[0] == '~') {
#if (NGX_PCRE)
        u_char               errstr[NGX_MAX_CONF_ERRSTR];
        ngx_regex_compile_t  rc;

        ngx_memzero(&rc, sizeof(ngx_regex_compile_t));

        rc.pattern.data = value->data + 1;
        rc.pattern.len = value->len - 1;
        rc.pool = cf->pool;
        rc.options = NGX_REGEX_CASELESS;
        rc.err.len = NGX_MAX_CONF_ERRSTR;
        rc.err.data = errstr;

        if (ngx_regex_compile(&rc) != NGX_OK) {
            return ngx_thread_ws_directive_refuse(cf, "has a bad regex: %V",
                                                  &rc.err);
        }

        origin->regex = rc.regex;

        return NGX_CONF_OK;
#else
        return "needs the PCRE library for regular expressions";
#endif
    }

    if (ngx_strcmp(value->data, "null") == 0) {
        return NGX_CONF_OK;
    }

    return ngx_thread_ws_settings_origin_plain(cf, value);
}


static char *
ngx_thread_ws_settings_origin_plain(ngx_conf_t *cf, ngx_str_t *value)
{
    u_char      *p, *last, c;
    ngx_str_t    plain, scheme, host;
    ngx_uint_t   port;

    plain.len = value->len;
    plain.data = ngx_pstrdup(cf->pool, value);
    if (plain.data == NULL) {
        return NGX_CONF_ERROR;
    }

    last = plain.data + plain.len;
    p = ngx_strlcasestrn(plain.data, last, (u_char *) "://*.", 5 - 1);

    if (p) {
        p[3] = 'x';

        /* a domain begins so, or no host would match */

        c = (p + 5 < last) ? p[5] : '.';

        if (((c | 0x20) < 'a' || (c | 0x20) > 'z') && (c < '0' || c > '9')) {
            plain.len = 0;
        }
    }

    if (ngx_thread_ws_origin_split(&plain, &scheme, &host, &port)
        != NGX_OK)
    {
        return ngx_thread_ws_directive_refuse(cf, "takes \"same\" or \"any\" "
                               "alone, or origins as \"scheme://host[:port]\", "
                               "\"scheme://*.domain\" or \"~regex\", "
                               "not \"%V\"", value);
    }

    return NGX_CONF_OK;
}


char *
ngx_thread_ws_settings_deflate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    ngx_int_t                      n;
    ngx_str_t                     *value;
    ngx_uint_t                     i;
    ngx_thread_ws_deflate_conf_t  *deflate;

    deflate = &tlcf->deflate;

    if (deflate->enable != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    deflate->level = 1;
    deflate->window = 15;
    deflate->context = 1;
    deflate->min_length = 64;

    if (ngx_strcmp(value[1].data, "on") == 0) {
        deflate->enable = 1;

    } else if (ngx_strcmp(value[1].data, "off") == 0) {
        deflate->enable = 0;

    } else {
        return ngx_thread_ws_directive_invalid(cf, &value[1]);
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_thread_ws_directive_repeated(value, i)) {
            return ngx_thread_ws_directive_twice(cf, &value[i]);
        }

        if (ngx_thread_ws_directive_number(&value[i], "level=", 1, 9, &n)
            == NGX_OK)
        {
            deflate->level = n;
            continue;
        }

        if (ngx_thread_ws_directive_number(&value[i], "window=", 9, 15, &n)
            == NGX_OK)
        {
            deflate->window = n;
            continue;
        }

        if (ngx_strcmp(value[i].data, "context=on") == 0) {
            deflate->context = 1;
            continue;
        }

        if (ngx_strcmp(value[i].data, "context=off") == 0) {
            deflate->context = 0;
            continue;
        }

        if (ngx_thread_ws_directive_size(&value[i], "min_length=",
                                         &deflate->min_length)
            == NGX_OK)
        {
            continue;
        }

        return ngx_thread_ws_directive_invalid(cf, &value[i]);
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_thread_ws_settings_merge_compact(ngx_conf_t *cf,
    ngx_thread_ws_loc_conf_t *prev, ngx_thread_ws_loc_conf_t *conf)
{
    ngx_str_t                   names;
    ngx_thread_ws_main_conf_t  *tmcf;

    if (conf->compact == NGX_CONF_UNSET) {
        conf->compact = (prev->compact == NGX_CONF_UNSET) ? 1 : prev->compact;
    }

    if (!conf->compact || conf->handler == NULL) {
        return NGX_OK;
    }

    if (ngx_thread_ws_modules_unknown(cf, &names) != NGX_OK) {
        return NGX_ERROR;
    }

    if (names.len == 0) {
        return NGX_OK;
    }

    conf->compact = 0;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_thread_ws_module);

    if (conf->pass && !tmcf->compact_told) {
        tmcf->compact_told = 1;

        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"thread_ws_compact\" is off, which costs each "
                      "connection some 6 KB: it was not tried with %V", &names);
    }

    return NGX_OK;
}


void *
ngx_thread_ws_settings_create_srv(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_thread_ws_srv_conf_t));
}


char *
ngx_thread_ws_settings_merge_srv(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_thread_ws_srv_conf_t *conf = child;

    ngx_http_server_name_t    *name;
    ngx_http_core_srv_conf_t  *cscf;

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    conf->names = ngx_array_create(cf->pool, cscf->server_names.nelts + 1,
                                   sizeof(ngx_http_server_name_t));
    if (conf->names == NULL) {
        return NGX_CONF_ERROR;
    }

    name = ngx_array_push_n(conf->names, cscf->server_names.nelts);
    if (name == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(name, cscf->server_names.elts,
               cscf->server_names.nelts * sizeof(ngx_http_server_name_t));

    return NGX_CONF_OK;
}
