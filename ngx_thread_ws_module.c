
/*
 * ngx_thread_ws_module: one WebSocket for each chat thread, each message of it
 * a run through an agent's location.  Here: directives, configuration, and what
 * nginx calls at start and exit.
 */


#include "ngx_thread_ws.h"
#include "agent/ngx_thread_ws_agent.h"
#include "base/ngx_thread_ws_modules.h"
#include "pages/ngx_thread_ws_demo.h"
#include "pages/ngx_thread_ws_echo.h"
#include "pages/ngx_thread_ws_history.h"
#include "observe/ngx_thread_ws_log.h"
#include "observe/ngx_thread_ws_lost.h"
#include "observe/ngx_thread_ws_metrics.h"
#include "conf/ngx_thread_ws_later.h"
#include "run/ngx_thread_ws_prompt_form.h"
#include "conf/ngx_thread_ws_settings.h"
#include "pages/ngx_thread_ws_status.h"
#include "pages/ngx_thread_ws_threads.h"
#include "store/ngx_thread_ws_store_memory.h"
#include "store/ngx_thread_ws_store_postgres.h"
#include "observe/ngx_thread_ws_trace.h"
#include "conn/ngx_thread_ws_upgrade.h"
#include "conf/ngx_thread_ws_variables.h"
#include "store/ngx_thread_ws_store.h"
#include "zone/ngx_thread_ws_blocks.h"
#include "thread/ngx_thread_ws_thread.h"
#include "twin/ngx_thread_ws_twin.h"
#include "zone/ngx_thread_ws_registry.h"
#include "zone/ngx_thread_ws_wake.h"
#include "zone/ngx_thread_ws_zone.h"


#define NGX_THREAD_WS_CONTEXT                                                 \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)


static ngx_int_t ngx_thread_ws_postconfiguration(ngx_conf_t *cf);
static void *ngx_thread_ws_create_main_conf(ngx_conf_t *cf);
static char *ngx_thread_ws_init_main_conf(ngx_conf_t *cf, void *conf);
static char *ngx_thread_ws_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_thread_ws_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_thread_ws_init_process(ngx_cycle_t *cycle);
static void ngx_thread_ws_exit_process(ngx_cycle_t *cycle);


/* blocks are filled last: they take what the others leave */

static ngx_thread_ws_zone_part_pt  ngx_thread_ws_zone_parts[] = {
    ngx_thread_ws_blocks_init,
    ngx_thread_ws_metrics_init,
    ngx_thread_ws_lost_init,
    ngx_thread_ws_wake_init,
    ngx_thread_ws_registry_init,
    ngx_thread_ws_store_memory_init,
    ngx_thread_ws_blocks_fill,
    NULL
};


static ngx_command_t  ngx_thread_ws_commands[] = {

    { ngx_string("thread_ws_pass"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_thread_ws_settings_pass,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_echo"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_thread_ws_echo_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_demo_agent"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_thread_ws_demo_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_history"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_thread_ws_history_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_threads"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_thread_ws_threads_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_thread_ws_status_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_dialect"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_thread_ws_settings_dialect,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_thread_id"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_thread_ws_settings_thread_id,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, thread_id),
      NULL },

    { ngx_string("thread_ws_user"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_thread_ws_settings_user,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, user),
      NULL },

    { ngx_string("thread_ws_model"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_thread_ws_settings_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, model),
      NULL },

    { ngx_string("thread_ws_system_prompt"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_thread_ws_settings_system_prompt,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_parameters"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_thread_ws_settings_parameters,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_client_parameters"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_1MORE,
      ngx_thread_ws_settings_client_parameters,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_busy"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE12,
      ngx_thread_ws_settings_busy,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_events"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_1MORE,
      ngx_thread_ws_settings_events,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_reasoning_tags"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_1MORE,
      ngx_thread_ws_settings_reasoning_tags,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_replay"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_thread_ws_settings_replay,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_agent_threads"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_thread_ws_settings_threads,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_max_message_size"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, max_message_size),
      &ngx_thread_ws_settings_positive },

    { ngx_string("thread_ws_max_response_size"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, max_response_size),
      &ngx_thread_ws_settings_positive },

    { ngx_string("thread_ws_output_buffer"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, output_buffer),
      &ngx_thread_ws_settings_positive },

    { ngx_string("thread_ws_send_timeout"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, send_timeout),
      &ngx_thread_ws_settings_positive_time },

    { ngx_string("thread_ws_run_timeout"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, run_timeout),
      NULL },

    { ngx_string("thread_ws_resume"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE123,
      ngx_thread_ws_settings_resume,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_http"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, http),
      NULL },

    { ngx_string("thread_ws_reasoning_history"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, reasoning_history),
      NULL },

    { ngx_string("thread_ws_keep_partial"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, keep_partial),
      NULL },

    { ngx_string("thread_ws_gather"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_thread_ws_settings_gather,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, gather),
      NULL },

    { ngx_string("thread_ws_ping_interval"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_thread_ws_settings_interval,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, ping_interval),
      NULL },

    { ngx_string("thread_ws_pong_timeout"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_thread_ws_settings_interval,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, pong_timeout),
      NULL },

    { ngx_string("thread_ws_origins"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_1MORE,
      ngx_thread_ws_settings_origins,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_protocol"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_1MORE,
      ngx_thread_ws_settings_protocol,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_subprotocols"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_1MORE,
      ngx_thread_ws_settings_subprotocols,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_deflate"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_1MORE,
      ngx_thread_ws_settings_deflate,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_compact"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, compact),
      NULL },

    { ngx_string("thread_ws_connections_warn"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, connections_warn),
      NULL },

    { ngx_string("thread_ws_shutdown_spread"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_thread_ws_loc_conf_t, shutdown_spread),
      NULL },

    { ngx_string("thread_ws_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_thread_ws_zone_directive,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      ngx_thread_ws_zone_parts },

    { ngx_string("thread_ws_store"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE123,
      ngx_thread_ws_settings_store,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_context"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE12,
      ngx_thread_ws_settings_context,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_event_log"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_TAKE1,
      ngx_thread_ws_log_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("thread_ws_trace"),
      NGX_THREAD_WS_CONTEXT|NGX_CONF_1MORE,
      ngx_thread_ws_trace_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_thread_ws_module_ctx = {
    ngx_thread_ws_variables_add,           /* preconfiguration */
    ngx_thread_ws_postconfiguration,       /* postconfiguration */

    ngx_thread_ws_create_main_conf,        /* create main configuration */
    ngx_thread_ws_init_main_conf,          /* init main configuration */

    ngx_thread_ws_settings_create_srv,     /* create server configuration */
    ngx_thread_ws_settings_merge_srv,      /* merge server configuration */

    ngx_thread_ws_settings_create_loc,     /* create location configuration */
    ngx_thread_ws_merge_loc_conf           /* merge location configuration */
};


ngx_module_t  ngx_thread_ws_module = {
    NGX_MODULE_V1,
    &ngx_thread_ws_module_ctx,             /* module context */
    ngx_thread_ws_commands,                /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_thread_ws_init_module,             /* init module */
    ngx_thread_ws_init_process,            /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_thread_ws_exit_process,            /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_thread_ws_postconfiguration(ngx_conf_t *cf)
{
    if (ngx_thread_ws_settings_check(cf) != NGX_OK
        || ngx_thread_ws_later_check(cf) != NGX_OK
        || ngx_thread_ws_trace_postconfiguration(cf) != NGX_OK
        || ngx_thread_ws_history_filter_init(cf) != NGX_OK
        || ngx_thread_ws_twin_filter_init(cf) != NGX_OK
        || ngx_thread_ws_caller_postconfiguration(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_agent_init(cf);
}


static void *
ngx_thread_ws_create_main_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_thread_ws_main_conf_t));
}


/* later, filters would be changed already, the running ones with them */

static char *
ngx_thread_ws_init_main_conf(ngx_conf_t *cf, void *conf)
{
    return (ngx_thread_ws_zone_check(cf) == NGX_OK) ? NGX_CONF_OK
                                                    : NGX_CONF_ERROR;
}


static char *
ngx_thread_ws_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_thread_ws_loc_conf_t *prev = parent;
    ngx_thread_ws_loc_conf_t *conf = child;

    if (ngx_thread_ws_settings_merge_handler(cf, prev, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_conf_merge_ptr_value(conf->dialect, prev->dialect,
                             &ngx_thread_ws_dialect_openai);
    ngx_conf_merge_ptr_value(conf->thread_id, prev->thread_id, NULL);
    ngx_conf_merge_ptr_value(conf->user, prev->user, NULL);
    ngx_thread_ws_settings_merge_prompt(prev, conf);

    ngx_conf_merge_uint_value(conf->queue, prev->queue, 16);
    ngx_conf_merge_uint_value(conf->busy, prev->busy,
                              NGX_THREAD_WS_BUSY_INTERRUPT);
    ngx_conf_merge_uint_value(conf->events, prev->events, 0);
    ngx_conf_merge_ptr_value(conf->reasoning_tags, prev->reasoning_tags, NULL);

    ngx_conf_merge_size_value(conf->max_message_size, prev->max_message_size,
                              1024 * 1024);
    ngx_conf_merge_size_value(conf->max_response_size,
                              prev->max_response_size, 4 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->output_buffer, prev->output_buffer,
                              64 * 1024);

    ngx_thread_ws_settings_merge_times(prev, conf);

    ngx_conf_merge_ptr_value(conf->origins, prev->origins, NULL);
    ngx_conf_merge_uint_value(conf->origins_mode, prev->origins_mode,
                              NGX_THREAD_WS_ORIGINS_SAME);

    ngx_thread_ws_settings_merge_deflate(prev, conf);
    ngx_thread_ws_settings_merge_context(prev, conf);

    ngx_conf_merge_value(conf->connections_warn, prev->connections_warn, 0);
    ngx_conf_merge_ptr_value(conf->store, prev->store,
                             &ngx_thread_ws_store_connection);

    ngx_conf_merge_ptr_value(conf->event_log, prev->event_log, NULL);
    ngx_conf_merge_ptr_value(conf->trace, prev->trace, NULL);

    if (ngx_thread_ws_settings_merge_compact(cf, prev, conf) != NGX_OK
        || ngx_thread_ws_history_check(cf, conf) != NGX_OK
        || ngx_thread_ws_threads_check(cf, conf) != NGX_OK
        || ngx_thread_ws_prompt_forms(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_thread_ws_settings_merge_protocol(cf, prev, conf);
}


static ngx_int_t
ngx_thread_ws_init_module(ngx_cycle_t *cycle)
{
    ngx_core_conf_t            *ccf;
    ngx_thread_ws_main_conf_t  *tmcf;

    if (ngx_thread_ws_zone_init_module(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_thread_ws_module);

    if (tmcf) {
        ngx_thread_ws_modules_init(cycle);
        ngx_thread_ws_agent_init_module();
    }

    if (tmcf && tmcf->resume) {
        ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx,
                                               ngx_core_module);

        ngx_thread_ws_wake_init_module(cycle->log, ccf->worker_processes);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_init_process(ngx_cycle_t *cycle)
{
    ngx_thread_ws_main_conf_t  *tmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    if (ngx_thread_ws_agent_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_thread_ws_zone_init_process();
    ngx_thread_ws_caller_init_process(cycle);
    ngx_thread_ws_store_memory_init_process();

    if (ngx_thread_ws_metrics_init_process(cycle) != NGX_OK
        || ngx_thread_ws_log_init_process(cycle) != NGX_OK
        || ngx_thread_ws_trace_init_process(cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_thread_ws_module);

    if (tmcf == NULL) {
        return NGX_OK;
    }

    if (tmcf->resume
        && ngx_thread_ws_thread_init_process(cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_store_postgres_init_process(cycle, &tmcf->stores);
}


static void
ngx_thread_ws_exit_process(ngx_cycle_t *cycle)
{
    ngx_thread_ws_main_conf_t  *tmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return;
    }

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_thread_ws_module);

    if (tmcf) {
        ngx_thread_ws_store_postgres_exit_process(&tmcf->stores);

        if (tmcf->resume) {
            ngx_thread_ws_thread_exit_process(cycle);
        }
    }

    ngx_thread_ws_trace_exit_process(cycle);
    ngx_thread_ws_log_exit_process(cycle);
    ngx_thread_ws_metrics_exit_process(cycle);
    ngx_thread_ws_agent_exit_process();
}
