
/*
 * Setters of what is kept of threads: the store, and how much of it goes to the
 * agent.
 */


#include "conf/ngx_thread_ws_settings.h"
#include "base/ngx_thread_ws_directive.h"
#include "base/ngx_thread_ws_string.h"
#include "store/ngx_thread_ws_store.h"
#include "store/ngx_thread_ws_store_memory.h"
#include "store/ngx_thread_ws_store_postgres.h"


static char *ngx_thread_ws_settings_pool(ngx_conf_t *cf, ngx_int_t *pool,
    ngx_msec_t *timeout);


/*
 * No refusal here quotes a parameter that is none of these: what stands there
 * may be a part of a password.
 */

char *
ngx_thread_ws_settings_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    char                       *rv;
    ngx_int_t                   pool;
    ngx_str_t                  *value;
    ngx_msec_t                  timeout;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_thread_ws_main_conf_t  *tmcf;

    if (tlcf->store != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    rv = ngx_thread_ws_settings_pool(cf, &pool, &timeout);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        tlcf->store = &ngx_thread_ws_store_off;

    } else if (ngx_strcmp(value[1].data, "connection") == 0) {
        tlcf->store = &ngx_thread_ws_store_connection;

    } else if (ngx_strcmp(value[1].data, "memory") == 0) {
        tlcf->store = &ngx_thread_ws_store_memory;
        ngx_thread_ws_settings_needs_zone(cf, "thread_ws_store memory");

    } else if (ngx_thread_ws_string_begins(&value[1], "postgres://")
               || ngx_thread_ws_string_begins(&value[1], "postgresql://")
               || ngx_strlchr(value[1].data, value[1].data + value[1].len,
                              '='))
    {
        tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_thread_ws_module);
        clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

        tlcf->store = ngx_thread_ws_store_postgres_create(cf, &tmcf->stores,
                                        &value[1], pool, timeout,
                                        &clcf->resolver,
                                        &clcf->resolver_timeout);
        return tlcf->store ? NGX_CONF_OK : NGX_CONF_ERROR;

    } else {
        return "takes \"off\", \"connection\", \"memory\" or a PostgreSQL "
               "connection string";
    }

    if (cf->args->nelts > 2) {
        return "takes \"pool\" and \"timeout\" with PostgreSQL only";
    }

    return NGX_CONF_OK;
}


static char *
ngx_thread_ws_settings_pool(ngx_conf_t *cf, ngx_int_t *pool,
    ngx_msec_t *timeout)
{
    ngx_int_t    n;
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = cf->args->elts;

    *pool = 4;
    *timeout = 5000;

    for (i = 2; i < cf->args->nelts; i++) {

        if (!ngx_thread_ws_string_begins(&value[i], "pool=")
            && !ngx_thread_ws_string_begins(&value[i], "timeout="))
        {
            return "takes \"pool\" and \"timeout\" after the store: a "
                   "connection string with spaces needs quotes around it";
        }

        if (ngx_thread_ws_directive_repeated(value, i)) {
            return ngx_thread_ws_directive_twice(cf, &value[i]);
        }

        if (ngx_thread_ws_directive_number(&value[i], "pool=", 1, 1000, &n)
            == NGX_OK)
        {
            *pool = n;
            continue;
        }

        if (ngx_thread_ws_directive_time(&value[i], "timeout=", timeout)
            == NGX_OK
            && *timeout > 0)
        {
            continue;
        }

        return ngx_thread_ws_directive_invalid(cf, &value[i]);
    }

    return NGX_CONF_OK;
}


char *
ngx_thread_ws_settings_context(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    ngx_int_t                 n;
    ngx_str_t                *value;
    ngx_uint_t                i;
    ngx_thread_ws_context_conf_t  *context;

    context = &tlcf->context;

    if (context->runs != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    context->runs = 50;
    context->bytes = 256 * 1024;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_thread_ws_directive_repeated(value, i)) {
            return ngx_thread_ws_directive_twice(cf, &value[i]);
        }

        if (ngx_thread_ws_directive_number(&value[i], "runs=", 0, 100000, &n)
            == NGX_OK)
        {
            context->runs = n;
            continue;
        }

        if (ngx_thread_ws_directive_size(&value[i], "bytes=", &context->bytes)
            == NGX_OK)
        {
            continue;
        }

        return ngx_thread_ws_directive_refuse(cf, "takes \"runs=\" with a "
                               "number and \"bytes=\" with a size, not \"%V\"",
                               &value[i]);
    }

    return NGX_CONF_OK;
}
