
/*
 * Directives' setters.  A refusal names what is wrong; core adds the directive,
 * the file and the line.
 */


#include "conf/ngx_thread_ws_settings.h"
#include "conf/ngx_thread_ws_later.h"
#include "base/ngx_thread_ws_directive.h"
#include "base/ngx_thread_ws_string.h"
#include "conn/ngx_thread_ws_upgrade.h"
#include "twin/ngx_thread_ws_twin.h"
#include "ws/ngx_thread_ws_utf8.h"


#define NGX_THREAD_WS_FILE_MAX  1048576


static char *ngx_thread_ws_settings_file(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text);
static char *ngx_thread_ws_settings_unread(ngx_conf_t *cf, char *what,
    ngx_str_t *path);
static void ngx_thread_ws_settings_decref(void *data);
static char *ngx_thread_ws_settings_location(ngx_conf_t *cf,
    ngx_str_t *location, ngx_thread_ws_later_pt check);
static char *ngx_thread_ws_settings_not_zero(ngx_conf_t *cf, void *post,
    void *data);
static char *ngx_thread_ws_settings_not_now(ngx_conf_t *cf, void *post,
    void *data);


ngx_conf_post_t  ngx_thread_ws_settings_positive = {
    ngx_thread_ws_settings_not_zero
};

ngx_conf_post_t  ngx_thread_ws_settings_positive_time = {
    ngx_thread_ws_settings_not_now
};


char *
ngx_thread_ws_settings_handler(ngx_conf_t *cf, ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t  *clcf;
    ngx_thread_ws_loc_conf_t  *tlcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    tlcf = ngx_http_conf_get_module_loc_conf(cf, ngx_thread_ws_module);

    if (clcf->handler && clcf->handler != handler) {
        return "stands in a location that has another content handler";
    }

    clcf->handler = handler;
    tlcf->handler = handler;

    ngx_thread_ws_later_place(cf, &tlcf->place);

    return NGX_CONF_OK;
}


ngx_int_t
ngx_thread_ws_settings_merge_handler(ngx_conf_t *cf,
    ngx_thread_ws_loc_conf_t *prev, ngx_thread_ws_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    ngx_conf_merge_str_value(conf->replay, prev->replay, "");
    ngx_conf_merge_str_value(conf->threads, prev->threads, "");

    if (conf->handler && clcf->handler != conf->handler) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "location \"%V\" has another content handler beside "
                      "one of thread_ws in %V:%ui", &clcf->name,
                      &conf->place.file, conf->place.line);
        return NGX_ERROR;
    }

    if (!clcf->noname || clcf->handler || prev->handler == NULL) {
        return NGX_OK;
    }

    conf->handler = prev->handler;
    conf->place = prev->place;
    conf->pass = prev->pass;
    conf->history = prev->history;
    conf->demo_delay = prev->demo_delay;

    if (clcf->lmt_excpt) {
        clcf->handler = prev->handler;
    }

    return NGX_OK;
}


char *
ngx_thread_ws_settings_pass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    ngx_str_t                         *value;
    ngx_http_compile_complex_value_t   ccv;

    if (tlcf->pass) {
        return "is duplicate";
    }

    value = cf->args->elts;

    tlcf->pass = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (tlcf->pass == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = tlcf->pass;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (tlcf->pass->lengths == NULL
        && (value[1].len == 0 || value[1].data[0] != '/'))
    {
        return ngx_thread_ws_directive_refuse(cf,
                               "needs the URI of an internal location, which "
                               "begins with \"/\", not \"%V\"", &value[1]);
    }

    if (ngx_thread_ws_later(cf, tlcf->pass->lengths
                                ? ngx_thread_ws_later_unknown
                                : ngx_thread_ws_later_pass, &value[1])
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_thread_ws_settings_handler(cf, ngx_thread_ws_twin_handler);
}


char *
ngx_thread_ws_settings_dialect(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    ngx_str_t  *value;

    if (tlcf->dialect != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    tlcf->dialect = ngx_thread_ws_dialect_find(&value[1]);

    if (tlcf->dialect == NULL) {
        return ngx_thread_ws_directive_refuse(cf, "knows no dialect \"%V\"",
                                              &value[1]);
    }

    return NGX_CONF_OK;
}


char *
ngx_thread_ws_settings_system_prompt(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    char                              *rv;
    uint32_t                           state;
    ngx_str_t                         *value;
    ngx_http_complex_value_t          *cv;
    ngx_http_compile_complex_value_t   ccv;

    if (tlcf->system_prompt != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    cv = ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (cv == NULL) {
        return NGX_CONF_ERROR;
    }

    tlcf->system_prompt = cv;

    if (ngx_strncmp(value[1].data, "file:", 5) == 0) {

        /* a file is taken as it is: a "$" in it is no variable */

        rv = ngx_thread_ws_settings_file(cf, &value[1], &cv->value);
        if (rv != NGX_CONF_OK) {
            return rv;
        }

        state = NGX_THREAD_WS_UTF8_COMPLETE;

        if (ngx_thread_ws_utf8_check(&state, cv->value.data, cv->value.len)
            != NGX_OK
            || state != NGX_THREAD_WS_UTF8_COMPLETE)
        {
            return ngx_thread_ws_directive_refuse(cf, "needs valid UTF-8, "
                                                  "which \"%V\" is not",
                                                  &value[1]);
        }

        return NGX_CONF_OK;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = cv;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_thread_ws_later(cf, ngx_thread_ws_later_unknown, &value[1]);
}


char *
ngx_thread_ws_settings_parameters(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    char                *rv;
    ngx_str_t           *value, text, why;
    json_error_t         error;
    ngx_pool_cleanup_t  *cln;

    if (tlcf->parameters != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    text = value[1];

    if (ngx_strncmp(text.data, "file:", 5) == 0) {

        rv = ngx_thread_ws_settings_file(cf, &value[1], &text);
        if (rv != NGX_CONF_OK) {
            return rv;
        }

    } else if (ngx_thread_ws_later(cf, ngx_thread_ws_later_variables, &text)
               != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    tlcf->parameters = json_loadb((char *) text.data, text.len,
                                  JSON_REJECT_DUPLICATES, &error);

    if (tlcf->parameters == NULL) {
        why.data = (u_char *) error.text;
        why.len = ngx_strlen(error.text);

        return ngx_thread_ws_directive_refuse(cf, "has invalid JSON: %V", &why);
    }

    cln->handler = ngx_thread_ws_settings_decref;
    cln->data = tlcf->parameters;

    if (!json_is_object(tlcf->parameters)) {
        return "must be a JSON object";
    }

    return NGX_CONF_OK;
}


static void
ngx_thread_ws_settings_decref(void *data)
{
    json_decref(data);
}


/* what "file:PATH" names, relative to the configuration file's directory */

static char *
ngx_thread_ws_settings_file(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *text)
{
    char      *rv;
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_str_t  path;

    path.data = name->data + 5;
    path.len = name->len - 5;

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    fd = ngx_open_file(path.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        return ngx_thread_ws_settings_unread(cf, "open", &path);
    }

    rv = NGX_CONF_OK;

    text->data = ngx_palloc(cf->pool, NGX_THREAD_WS_FILE_MAX);

    if (text->data == NULL) {
        rv = NGX_CONF_ERROR;

    } else {
        n = ngx_read_fd(fd, text->data, NGX_THREAD_WS_FILE_MAX);

        if (n == -1) {
            rv = ngx_thread_ws_settings_unread(cf, "read", &path);

        } else if (n == NGX_THREAD_WS_FILE_MAX) {
            rv = ngx_thread_ws_directive_refuse(cf, "takes less than 1 MB: "
                                                "\"%V\" is larger", &path);

        } else {
            text->len = n;
        }
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%s\" failed", path.data);
    }

    return rv;
}


static char *
ngx_thread_ws_settings_unread(ngx_conf_t *cf, char *what, ngx_str_t *path)
{
    ngx_str_t  *directive;

    directive = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                       "\"%V\" directive cannot %s \"%V\"", directive, what,
                       path);

    return NGX_CONF_ERROR;
}


char *
ngx_thread_ws_settings_busy(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (tlcf->busy != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "queue") == 0) {
        tlcf->busy = NGX_THREAD_WS_BUSY_QUEUE;

        if (cf->args->nelts == 3) {
            n = ngx_atoi(value[2].data, value[2].len);

            if (n == NGX_ERROR || n == 0) {
                return ngx_thread_ws_directive_refuse(cf, "takes how many may "
                                       "wait after \"queue\", not \"%V\"",
                                       &value[2]);
            }

            tlcf->queue = n;
        }

        return NGX_CONF_OK;
    }

    if (cf->args->nelts == 3) {
        return ngx_thread_ws_directive_refuse(cf, "takes nothing more but "
                                              "after \"queue\", not \"%V\"",
                                              &value[2]);
    }

    if (ngx_strcmp(value[1].data, "interrupt") == 0) {
        tlcf->busy = NGX_THREAD_WS_BUSY_INTERRUPT;

    } else if (ngx_strcmp(value[1].data, "reject") == 0) {
        tlcf->busy = NGX_THREAD_WS_BUSY_REJECT;

    } else {
        return ngx_thread_ws_directive_refuse(cf, "takes \"interrupt\", "
                                              "\"queue\" or \"reject\", not "
                                              "\"%V\"", &value[1]);
    }

    return NGX_CONF_OK;
}


char *
ngx_thread_ws_settings_replay(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    return ngx_thread_ws_settings_location(cf, &tlcf->replay,
                                           ngx_thread_ws_later_replay);
}


char *
ngx_thread_ws_settings_threads(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    return ngx_thread_ws_settings_location(cf, &tlcf->threads,
                                           ngx_thread_ws_later_threads);
}


static char *
ngx_thread_ws_settings_location(ngx_conf_t *cf, ngx_str_t *location,
    ngx_thread_ws_later_pt check)
{
    ngx_str_t  *value;

    if (location->data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        ngx_str_set(location, "");
        return NGX_CONF_OK;
    }

    if (value[1].len == 0 || value[1].data[0] != '/') {
        return ngx_thread_ws_directive_refuse(cf, "takes \"off\" or the URI of "
                               "an internal location, which begins with "
                               "\"/\", not \"%V\"", &value[1]);
    }

    *location = value[1];

    return ngx_thread_ws_later(cf, check, &value[1]);
}


static char *
ngx_thread_ws_settings_not_zero(ngx_conf_t *cf, void *post, void *data)
{
    size_t  *size = data;

    return (*size == 0) ? "must be greater than 0" : NGX_CONF_OK;
}


static char *
ngx_thread_ws_settings_not_now(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t  *time = data;

    return (*time == 0) ? "must be greater than 0" : NGX_CONF_OK;
}
