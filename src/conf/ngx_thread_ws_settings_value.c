
/*
 * Setters of values that may hold variables: a variable that nobody has, and a
 * plain value that no request could be served with, are refused.
 */


#include "conf/ngx_thread_ws_settings.h"
#include "conf/ngx_thread_ws_later.h"
#include "base/ngx_thread_ws_directive.h"
#include "base/ngx_thread_ws_string.h"
#include "wire/ngx_thread_ws_command.h"


static char *ngx_thread_ws_settings_plain(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf, ngx_str_t **plain);


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

    rv = ngx_thread_ws_settings_plain(cf, cmd, conf, &plain);

    if (plain && ngx_thread_ws_thread_id_check(plain) != NGX_OK) {
        return ngx_thread_ws_directive_refuse(cf, "needs 1 to 128 characters "
                               "of \"A-Z a-z 0-9 . _ ~ -\", not \"%V\"", plain);
    }

    return rv;
}


char *
ngx_thread_ws_settings_user(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char       *rv;
    ngx_str_t  *plain;

    rv = ngx_thread_ws_settings_plain(cf, cmd, conf, &plain);

    /* who means to have no users would have one, who is everybody */

    if (plain && (plain->len == 0 || ngx_thread_ws_string_is(plain, "off"))) {
        return ngx_thread_ws_directive_refuse(cf, "takes who a user is, as "
                               "\"$remote_user\", not \"%V\"", plain);
    }

    return rv;
}


/* sets the value, too, if it has no variables, else NULL */

static char *
ngx_thread_ws_settings_plain(ngx_conf_t *cf, ngx_command_t *cmd, void *conf,
    ngx_str_t **plain)
{
    char  *p = conf;

    char                      *rv;
    ngx_http_complex_value_t  *cv;

    *plain = NULL;

    rv = ngx_thread_ws_settings_value(cf, cmd, conf);

    if (rv == NGX_CONF_OK) {
        cv = *(ngx_http_complex_value_t **) (p + cmd->offset);
        *plain = cv->lengths ? NULL : &cv->value;
    }

    return rv;
}
