
/*
 * Settings that are inherited as a whole, or not.
 */


#include "conf/ngx_thread_ws_settings.h"


void
ngx_thread_ws_settings_merge_deflate(ngx_thread_ws_loc_conf_t *prev,
    ngx_thread_ws_loc_conf_t *conf)
{
    if (conf->deflate.enable == NGX_CONF_UNSET) {
        conf->deflate = prev->deflate;

        if (conf->deflate.enable == NGX_CONF_UNSET) {
            conf->deflate.enable = 0;
        }
    }
}


void
ngx_thread_ws_settings_merge_context(ngx_thread_ws_loc_conf_t *prev,
    ngx_thread_ws_loc_conf_t *conf)
{
    if (conf->context.runs == NGX_CONF_UNSET_UINT) {
        conf->context = prev->context;

        if (conf->context.runs == NGX_CONF_UNSET_UINT) {
            conf->context.runs = 50;
            conf->context.bytes = 256 * 1024;
        }
    }
}
