
/*
 * The modules that are known.  What a module keeps with a request (a context, a
 * clean-up, a subrequest, a body) can be seen; what it keeps elsewhere, or does
 * without, can only be known of the module.
 */


#include "base/ngx_thread_ws_modules.h"


static ngx_uint_t ngx_thread_ws_modules_in(char **list, char *name);


/* nginx's own, of all versions that this module is for */

static char  *ngx_thread_ws_modules_own[] = {
    "ngx_http_access_module",
    "ngx_http_addition_filter_module",
    "ngx_http_auth_basic_module",
    "ngx_http_auth_request_module",
    "ngx_http_autoindex_module",
    "ngx_http_browser_module",
    "ngx_http_charset_filter_module",
    "ngx_http_chunked_filter_module",
    "ngx_http_copy_filter_module",
    "ngx_http_core_module",
    "ngx_http_dav_module",
    "ngx_http_degradation_module",
    "ngx_http_empty_gif_module",
    "ngx_http_fastcgi_module",
    "ngx_http_flv_module",
    "ngx_http_geo_module",
    "ngx_http_geoip_module",
    "ngx_http_grpc_module",
    "ngx_http_gunzip_filter_module",
    "ngx_http_gzip_filter_module",
    "ngx_http_gzip_static_module",
    "ngx_http_header_count_module",
    "ngx_http_header_filter_module",
    "ngx_http_headers_filter_module",
    "ngx_http_image_filter_module",
    "ngx_http_index_module",
    "ngx_http_limit_conn_module",
    "ngx_http_limit_req_module",
    "ngx_http_log_module",
    "ngx_http_map_module",
    "ngx_http_memcached_module",
    "ngx_http_mirror_module",
    "ngx_http_mp4_module",
    "ngx_http_not_modified_filter_module",
    "ngx_http_perl_module",
    "ngx_http_postpone_filter_module",
    "ngx_http_proxy_module",
    "ngx_http_proxy_v2_module",
    "ngx_http_random_index_module",
    "ngx_http_range_body_filter_module",
    "ngx_http_range_header_filter_module",
    "ngx_http_realip_module",
    "ngx_http_referer_module",
    "ngx_http_rewrite_module",
    "ngx_http_scgi_module",
    "ngx_http_secure_link_module",
    "ngx_http_slice_filter_module",
    "ngx_http_split_clients_module",
    "ngx_http_ssi_filter_module",
    "ngx_http_ssl_module",
    "ngx_http_static_module",
    "ngx_http_stub_status_module",
    "ngx_http_sub_filter_module",
    "ngx_http_try_files_module",
    "ngx_http_tunnel_module",
    "ngx_http_upstream_module",
    "ngx_http_upstream_hash_module",
    "ngx_http_upstream_ip_hash_module",
    "ngx_http_upstream_keepalive_module",
    "ngx_http_upstream_least_conn_module",
    "ngx_http_upstream_random_module",
    "ngx_http_upstream_sticky_module",
    "ngx_http_upstream_zone_module",
    "ngx_http_userid_filter_module",
    "ngx_http_uwsgi_module",
    "ngx_http_v2_module",
    "ngx_http_v2_filter_module",
    "ngx_http_v3_module",
    "ngx_http_v3_filter_module",
    "ngx_http_write_filter_module",
    "ngx_http_xslt_filter_module",
    NULL
};


/*
 * The filters among them that may change a body above this module's place, each
 * of which has a context where it does.
 */

static char  *ngx_thread_ws_modules_filters[] = {
    "ngx_http_addition_filter_module",
    "ngx_http_charset_filter_module",
    "ngx_http_gunzip_filter_module",
    "ngx_http_image_filter_module",
    "ngx_http_range_body_filter_module",
    "ngx_http_slice_filter_module",
    "ngx_http_ssi_filter_module",
    "ngx_http_sub_filter_module",
    "ngx_http_xslt_filter_module",
    NULL
};

#define NGX_THREAD_WS_MODULES_FILTERS                                         \
    (sizeof(ngx_thread_ws_modules_filters) / sizeof(char *))


/* others that were tried: those of Debian's packages, see t/with_modules.t */

static char  *ngx_thread_ws_modules_tried[] = {
    "ndk_http_module",
    "ngx_http_auth_jwt_module",
    "ngx_http_auth_pam_module",
    "ngx_http_auth_spnego_module",
    "ngx_http_brotli_filter_module",
    "ngx_http_brotli_static_module",
    "ngx_http_cache_purge_module",
    "ngx_http_dav_ext_module",
    "ngx_http_echo_module",
    "ngx_http_eval_module",
    "ngx_http_fancyindex_module",
    "ngx_http_geoip2_module",
    "ngx_http_headers_more_filter_module",
    "ngx_http_hmac_secure_link_module",
    "ngx_http_js_module",
    "ngx_http_lua_module",
    "ngx_http_memc_module",
    "ngx_http_modsecurity_module",
    "ngx_http_push_stream_module",
    "ngx_http_set_misc_module",
    "ngx_http_srcache_filter_module",
    "ngx_http_subs_filter_module",
    "ngx_http_uploadprogress_module",
    "ngx_http_upstream_fair_module",
    "ngx_http_xss_filter_module",
    "ngx_http_zstd_filter_module",
    "ngx_http_zstd_static_module",
    "ngx_nchan_module",
    "ngx_rtmp_control_module",
    "ngx_rtmp_stat_module",
    "ngx_thread_ws_module",
    NULL
};


/* of this configuration: filters, and whether there are modules of others */

static ngx_module_t  *ngx_thread_ws_filters[NGX_THREAD_WS_MODULES_FILTERS];
static ngx_uint_t     ngx_thread_ws_foreign;


ngx_int_t
ngx_thread_ws_modules_unknown(ngx_conf_t *cf, ngx_str_t *names)
{
    size_t          len;
    u_char         *p;
    ngx_uint_t      i;
    ngx_module_t  **modules;

    ngx_str_null(names);

    modules = cf->cycle->modules;
    len = 0;

    for (i = 0; modules[i]; i++) {
        len += ngx_strlen(modules[i]->name) + sizeof(", ") - 1;
    }

    names->data = ngx_pnalloc(cf->pool, len);
    if (names->data == NULL) {
        return NGX_ERROR;
    }

    p = names->data;

    for (i = 0; modules[i]; i++) {

        if (modules[i]->type != NGX_HTTP_MODULE
            || ngx_thread_ws_modules_in(ngx_thread_ws_modules_own,
                                        modules[i]->name)
            || ngx_thread_ws_modules_in(ngx_thread_ws_modules_tried,
                                        modules[i]->name))
        {
            continue;
        }

        p = ngx_sprintf(p, "%s%s", (p == names->data) ? "" : ", ",
                        modules[i]->name);
    }

    names->len = p - names->data;

    return NGX_OK;
}


void
ngx_thread_ws_modules_init(ngx_cycle_t *cycle)
{
    ngx_uint_t     i, n;
    ngx_module_t  *module;

    ngx_thread_ws_foreign = 0;
    n = 0;

    for (i = 0; cycle->modules[i]; i++) {
        module = cycle->modules[i];

        if (module->type != NGX_HTTP_MODULE
            || module == &ngx_thread_ws_module)
        {
            continue;
        }

        if (!ngx_thread_ws_modules_in(ngx_thread_ws_modules_own,
                                      module->name))
        {
            ngx_thread_ws_foreign = 1;
        }

        if (ngx_thread_ws_modules_in(ngx_thread_ws_modules_filters,
                                     module->name))
        {
            ngx_thread_ws_filters[n++] = module;
        }
    }

    ngx_thread_ws_filters[n] = NULL;
}


ngx_uint_t
ngx_thread_ws_modules_pass(ngx_http_request_t *r)
{
    ngx_module_t  **module;

    if (ngx_thread_ws_foreign) {
        return 0;
    }

    for (module = ngx_thread_ws_filters; *module; module++) {

        if (r->ctx[(*module)->ctx_index]) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_thread_ws_modules_in(char **list, char *name)
{
    for ( /* void */ ; *list; list++) {

        if (ngx_strcmp(*list, name) == 0) {
            return 1;
        }
    }

    return 0;
}
