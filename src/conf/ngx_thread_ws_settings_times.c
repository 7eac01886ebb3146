
/*
 * Setters of times that may be words, too.
 */


#include "conf/ngx_thread_ws_settings.h"
#include "agent/ngx_thread_ws_agent.h"
#include "base/ngx_thread_ws_directive.h"


/* how long what was said is kept, ms, where nothing is said of it */

#define NGX_THREAD_WS_KEEP  600000


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


char *
ngx_thread_ws_settings_resume(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    ngx_str_t                  *value;
    ngx_uint_t                  i;
    ngx_thread_ws_main_conf_t  *tmcf;

    if (tlcf->resume != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    tlcf->keep = NGX_THREAD_WS_KEEP;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        tlcf->resume = 0;

        return (cf->args->nelts == 2) ? NGX_CONF_OK
               : ngx_thread_ws_directive_invalid(cf, &value[2]);
    }

    tlcf->resume = ngx_parse_time(&value[1], 0);

    if (tlcf->resume == (ngx_msec_t) NGX_ERROR || tlcf->resume == 0) {
        return ngx_thread_ws_directive_refuse(cf, "takes \"off\" or the time "
                            "for which a run goes on without a client, "
                            "not \"%V\"", &value[1]);
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_thread_ws_directive_repeated(value, i)) {
            return ngx_thread_ws_directive_twice(cf, &value[i]);
        }

        if (ngx_strcmp(value[i].data, "http_abort=on") == 0) {
            tlcf->http_abort = 1;
            continue;
        }

        if (ngx_thread_ws_directive_time(&value[i], "keep=", &tlcf->keep)
            != NGX_OK
            || tlcf->keep == 0)
        {
            return ngx_thread_ws_directive_refuse(cf, "takes \"keep=\" with "
                            "the time for which an ended run can be heard, "
                            "and \"http_abort=on\", not \"%V\"", &value[i]);
        }
    }

    ngx_thread_ws_settings_needs_zone(cf, "thread_ws_resume");

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_thread_ws_module);
    tmcf->resume = 1;

    return NGX_CONF_OK;
}


void
ngx_thread_ws_settings_merge_times(ngx_thread_ws_loc_conf_t *prev,
    ngx_thread_ws_loc_conf_t *conf)
{
    ngx_conf_merge_msec_value(conf->send_timeout, prev->send_timeout, 60000);
    ngx_conf_merge_msec_value(conf->run_timeout, prev->run_timeout, 600000);
    ngx_conf_merge_value(conf->keep_partial, prev->keep_partial, 0);
    ngx_conf_merge_value(conf->reasoning_history, prev->reasoning_history, 0);
    ngx_conf_merge_value(conf->http, prev->http, 0);

    if (conf->resume == NGX_CONF_UNSET_MSEC) {
        conf->resume = (prev->resume == NGX_CONF_UNSET_MSEC) ? 0
                                                             : prev->resume;
        conf->keep = prev->keep;
        conf->http_abort = prev->http_abort;
    }

    ngx_conf_merge_msec_value(conf->gather, prev->gather,
                              NGX_THREAD_WS_AGENT_GATHER);
    ngx_conf_merge_msec_value(conf->ping_interval, prev->ping_interval, 30000);
    ngx_conf_merge_msec_value(conf->pong_timeout, prev->pong_timeout, 10000);
    ngx_conf_merge_msec_value(conf->shutdown_spread, prev->shutdown_spread,
                              2000);
}
