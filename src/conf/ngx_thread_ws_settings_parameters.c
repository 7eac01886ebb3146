
/*
 * What of the agent's request a message may set: thread_ws_client_parameters.
 */


#include "conf/ngx_thread_ws_settings.h"
#include "base/ngx_thread_ws_directive.h"
#include "base/ngx_thread_ws_string.h"
#include "wire/ngx_thread_ws_parameters.h"


#define NGX_THREAD_WS_SETTINGS_PARAMETERS  64


/*
 * What the module says itself, whatever the dialect; with it goes all that is
 * within.
 */

static ngx_str_t  ngx_thread_ws_settings_own[] = {
    ngx_string("messages"),
    ngx_string("stream"),
    ngx_string("stream_options"),
    ngx_string("stream_mode"),
    ngx_string("input.messages"),
    ngx_string("command"),
    ngx_string("checkpoint"),
    ngx_string("checkpoint_id"),
    ngx_string("multitask_strategy"),
    ngx_string("on_disconnect"),
    ngx_string("if_not_exists"),
    ngx_null_string
};


/* the beginnings of what decides over a LangGraph server's threads and users */

static char  *ngx_thread_ws_settings_server[] = {
    "config.configurable.thread_id",
    "config.configurable.run_id",
    "config.configurable.checkpoint",
    "config.configurable.langgraph_",
    "config.configurable.__",
    NULL
};


static ngx_uint_t
ngx_thread_ws_settings_reserved(ngx_str_t *name)
{
    char       **beginning;
    ngx_str_t   *own;

    for (own = ngx_thread_ws_settings_own; own->len; own++) {

        if (ngx_thread_ws_parameter_within(name, own)
            || ngx_thread_ws_parameter_within(own, name))
        {
            return 1;
        }
    }

    for (beginning = ngx_thread_ws_settings_server; *beginning; beginning++) {

        if (ngx_thread_ws_string_begins(name, *beginning)) {
            return 1;
        }
    }

    return ngx_thread_ws_string_is(name, "config")
           || ngx_thread_ws_string_is(name, "config.configurable");
}


static char *
ngx_thread_ws_settings_parameter(ngx_conf_t *cf, ngx_array_t *rules,
    ngx_str_t *value)
{
    char                       *why;
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    ngx_thread_ws_parameter_t  *rule, *other;

    rule = ngx_array_push(rules);
    if (rule == NULL) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_thread_ws_parameter_read(cf->pool, rule, value, &why);

    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_CONF_ERROR
               : ngx_thread_ws_directive_refuse(cf, why, value);
    }

    if (ngx_thread_ws_settings_reserved(&rule->name)) {
        return ngx_thread_ws_directive_refuse(cf, "cannot leave \"%V\" to "
                               "clients, which is not theirs", &rule->name);
    }

    other = rules->elts;

    for (i = 0; i < rules->nelts - 1; i++) {

        if (ngx_thread_ws_string_equal(&other[i].name, &rule->name)) {
            return ngx_thread_ws_directive_twice(cf, &rule->name);
        }

        if (ngx_thread_ws_parameter_within(&other[i].name, &rule->name)
            || ngx_thread_ws_parameter_within(&rule->name, &other[i].name))
        {
            return ngx_thread_ws_directive_refuse(cf, "has \"%V\" and "
                               "something within it", &rule->name);
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_thread_ws_settings_client_parameters(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    char        *rv;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (tlcf->client_parameters != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    tlcf->client_parameters = NULL;

    if (cf->args->nelts == 2 && ngx_thread_ws_string_is(&value[1], "off")) {
        return NGX_CONF_OK;
    }

    rv = ngx_thread_ws_directive_switch(cf);
    if (rv) {
        return rv;
    }

    if (cf->args->nelts - 1 > NGX_THREAD_WS_SETTINGS_PARAMETERS) {
        return "has too many parameters";
    }

    tlcf->client_parameters = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                          sizeof(ngx_thread_ws_parameter_t));
    if (tlcf->client_parameters == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        rv = ngx_thread_ws_settings_parameter(cf, tlcf->client_parameters,
                                              &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}
