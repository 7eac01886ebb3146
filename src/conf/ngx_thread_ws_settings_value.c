
/*
 * Setters of values that may hold variables: a variable that nobody has, and a
 * plain value that no request could be served with, are refused.
 */


#include "conf/ngx_thread_ws_settings.h"
#include "conf/ngx_thread_ws_later.h"
#include "base/ngx_thread_ws_directive.h"
#include "base/ngx_thread_ws_string.h"
#include "wire/ngx_thread_ws_command.h"


static ngx_str_t *ngx_thread_ws_settings_plain(ngx_command_t *cmd, void *conf);


char *
ngx_thread_ws_settings_value(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char       *rv;
    ngx_str_t  *value;

    rv = ngx_http_set_complex_value_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    value = cf->args->elts;

    return ngx_thread_ws_later(cf, ngx_thread_ws_later_unknown, &value[1]);
}


char *
ngx_thread_ws_settings_thread_id(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char       *rv;
    ngx_str_t  *plain;

    rv = ngx_thread_ws_settings_value(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    plain = ngx_thread_ws_settings_plain(cmd, conf);

    if (plain && ngx_thread_ws_thread_id_check(plain) != NGX_OK) {
        return ngx_thread_ws_directive_refuse(cf, "needs 1 to 128 characters "
                               "of \"A-Z a-z 0-9 . _ ~ -\", not \"%V\"", plain);
    }

    return NGX_CONF_OK;
}


char *
ngx_thread_ws_settings_user(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char       *rv;
    ngx_str_t  *plain;

    rv = ngx_thread_ws_settings_value(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    plain = ngx_thread_ws_settings_plain(cmd, conf);

    /* who means to have no users would have one, who is everybody */

    if (plain && (plain->len == 0 || ngx_thread_ws_string_is(plain, "off"))) {
        return ngx_thread_ws_directive_refuse(cf, "takes who a user is, as "
                               "\"$remote_user\", not \"%V\"", plain);
    }

    return NGX_CONF_OK;
}


/* a value without variables, or NULL */

static ngx_str_t *
ngx_thread_ws_settings_plain(ngx_command_t *cmd, void *conf)
{
    char                      *p = conf;
    ngx_http_complex_value_t  *cv;

    cv = *(ngx_http_complex_value_t **) (p + cmd->offset);

    return cv->lengths ? NULL : &cv->value;
}
