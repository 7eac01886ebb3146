
/*
 * What needs shared memory, and is refused without thread_ws_zone.
 */


#include "conf/ngx_thread_ws_settings.h"
#include "zone/ngx_thread_ws_zone.h"


/* the zone may stand behind it: whether there is one is known at the end */

void
ngx_thread_ws_settings_needs_zone(ngx_conf_t *cf, char *directive)
{
    ngx_thread_ws_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_thread_ws_module);

    if (tmcf->zone_for == NULL) {
        tmcf->zone_for = directive;
        tmcf->zone_file = cf->conf_file->file.name;
        tmcf->zone_line = cf->conf_file->line;
    }
}


ngx_int_t
ngx_thread_ws_settings_check(ngx_conf_t *cf)
{
    ngx_thread_ws_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_thread_ws_module);

    if (tmcf->zone_for == NULL || ngx_thread_ws_zone_find(cf->cycle)) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"%s\" needs shared memory: "
                  "set \"thread_ws_zone\" in %V:%ui",
                  tmcf->zone_for, &tmcf->zone_file, tmcf->zone_line);

    return NGX_ERROR;
}
