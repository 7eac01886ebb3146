
/*
 * Setters of times that may be words, too.
 */


#include "conf/ngx_thread_ws_settings.h"
#include "agent/ngx_thread_ws_agent.h"
#include "base/ngx_thread_ws_directive.h"


/* a time, or "off" */

char *
ngx_thread_ws_settings_interval(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    char        *rv;
    ngx_str_t   *value;
    ngx_msec_t  *msp;

    value = cf->args->elts;
    msp = (ngx_msec_t *) (p + cmd->offset);

    if (ngx_strcmp(value[1].data, "off") != 0) {

        rv = ngx_conf_set_msec_slot(cf, cmd, conf);

        return (rv == NGX_CONF_OK && *msp == 0)
               ? "must be greater than 0, or \"off\"" : rv;
    }

    if (*msp != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    *msp = 0;

    return NGX_CONF_OK;
}


char *
ngx_thread_ws_settings_gather(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    ngx_str_t  *value;
    ngx_msec_t  time;

    if (tlcf->gather != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        tlcf->gather = 0;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "auto") == 0) {
        tlcf->gather = NGX_THREAD_WS_AGENT_GATHER;
        return NGX_CONF_OK;
    }

    time = ngx_parse_time(&value[1], 0);

    if (time == (ngx_msec_t) NGX_ERROR || time == 0) {
        return ngx_thread_ws_directive_refuse(cf, "takes \"auto\", \"off\" "
                                              "or a time from 1ms on, "
                                              "not \"%V\"", &value[1]);
    }

    tlcf->gather = time;

    return NGX_CONF_OK;
}
