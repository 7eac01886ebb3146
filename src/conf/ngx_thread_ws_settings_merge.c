
/*
 * Settings that are inherited as a whole, or not.
 */


#include "conf/ngx_thread_ws_settings.h"


void *
ngx_thread_ws_settings_create_loc(ngx_conf_t *cf)
{
    ngx_thread_ws_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_thread_ws_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->handler = NULL;
     *     conf->pass = NULL;
     *     conf->forms = NULL;
     *     conf->context.bytes = 0;
     *     conf->deflate = { 0 };
     */

    conf->dialect = NGX_CONF_UNSET_PTR;
    conf->thread_id = NGX_CONF_UNSET_PTR;
    conf->user = NGX_CONF_UNSET_PTR;
    conf->model = NGX_CONF_UNSET_PTR;
    conf->system_prompt = NGX_CONF_UNSET_PTR;
    conf->parameters = NGX_CONF_UNSET_PTR;
    conf->client_parameters = NGX_CONF_UNSET_PTR;
    conf->busy = NGX_CONF_UNSET_UINT;
    conf->queue = NGX_CONF_UNSET_UINT;
    conf->events = NGX_CONF_UNSET_UINT;
    conf->reasoning_tags = NGX_CONF_UNSET_PTR;
    conf->reasoning_history = NGX_CONF_UNSET;
    conf->max_message_size = NGX_CONF_UNSET_SIZE;
    conf->max_response_size = NGX_CONF_UNSET_SIZE;
    conf->output_buffer = NGX_CONF_UNSET_SIZE;
    conf->send_timeout = NGX_CONF_UNSET_MSEC;
    conf->run_timeout = NGX_CONF_UNSET_MSEC;
    conf->resume = NGX_CONF_UNSET_MSEC;
    conf->http = NGX_CONF_UNSET;
    conf->keep_partial = NGX_CONF_UNSET;
    conf->gather = NGX_CONF_UNSET_MSEC;
    conf->ping_interval = NGX_CONF_UNSET_MSEC;
    conf->pong_timeout = NGX_CONF_UNSET_MSEC;
    conf->origins_mode = NGX_CONF_UNSET_UINT;
    conf->origins = NGX_CONF_UNSET_PTR;
    conf->protocols = NGX_CONF_UNSET_PTR;
    conf->subprotocols = NGX_CONF_UNSET_PTR;
    conf->deflate.enable = NGX_CONF_UNSET;
    conf->compact = NGX_CONF_UNSET;
    conf->connections_warn = NGX_CONF_UNSET;
    conf->shutdown_spread = NGX_CONF_UNSET_MSEC;
    conf->store = NGX_CONF_UNSET_PTR;
    conf->context.runs = NGX_CONF_UNSET_UINT;
    conf->demo_delay = NGX_CONF_UNSET_MSEC;
    conf->event_log = NGX_CONF_UNSET_PTR;
    conf->trace = NGX_CONF_UNSET_PTR;

    return conf;
}


/* what an agent's request is made of */

void
ngx_thread_ws_settings_merge_prompt(ngx_thread_ws_loc_conf_t *prev,
    ngx_thread_ws_loc_conf_t *conf)
{
    ngx_conf_merge_ptr_value(conf->model, prev->model, NULL);
    ngx_conf_merge_ptr_value(conf->system_prompt, prev->system_prompt, NULL);
    ngx_conf_merge_ptr_value(conf->parameters, prev->parameters, NULL);
    ngx_conf_merge_ptr_value(conf->client_parameters, prev->client_parameters,
                             NULL);
}


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
