
/*
 * What of a run its clients hear: thread_ws_events, and the tags around what is
 * no text, thread_ws_reasoning_tags.
 */


#include "conf/ngx_thread_ws_settings.h"
#include "base/ngx_thread_ws_directive.h"
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_dialect.h"


#define NGX_THREAD_WS_SETTINGS_TAGS  8


typedef struct {
    const char  *name;
    ngx_uint_t   want;
} ngx_thread_ws_settings_event_t;


static ngx_thread_ws_settings_event_t  ngx_thread_ws_settings_kinds[] = {
    { "text", 0 },
    { "reasoning", NGX_THREAD_WS_WANT_REASONING },
    { "tools", NGX_THREAD_WS_WANT_TOOLS },
    { "sources", NGX_THREAD_WS_WANT_SOURCES },
    { "data", NGX_THREAD_WS_WANT_DATA },
    { "all", NGX_THREAD_WS_WANT_REASONING|NGX_THREAD_WS_WANT_TOOLS
             |NGX_THREAD_WS_WANT_SOURCES|NGX_THREAD_WS_WANT_DATA },
    { NULL, 0 }
};


char *
ngx_thread_ws_settings_events(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    ngx_str_t                       *value;
    ngx_uint_t                       i, n, given;
    ngx_thread_ws_settings_event_t  *kind;

    if (tlcf->events != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    tlcf->events = 0;
    given = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        for (kind = ngx_thread_ws_settings_kinds, n = 0; kind->name; kind++) {

            if (ngx_thread_ws_string_is(&value[i], kind->name)) {
                break;
            }

            n++;
        }

        if (kind->name == NULL) {
            return ngx_thread_ws_directive_refuse(cf, "takes \"text\", "
                                   "\"reasoning\", \"tools\", \"sources\", "
                                   "\"data\" or \"all\", not \"%V\"",
                                   &value[i]);
        }

        if (given & (1 << n)) {
            return ngx_thread_ws_directive_twice(cf, &value[i]);
        }

        given |= 1 << n;
        tlcf->events |= kind->want;
    }

    if (tlcf->events) {

        /* beside other parts, messages are told apart */

        tlcf->events |= NGX_THREAD_WS_WANT_MESSAGES;
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_thread_ws_settings_tag(ngx_str_t *name)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if ((ch < 'a' || ch > 'z') && (ch < 'A' || ch > 'Z')
            && (ch < '0' || ch > '9') && ch != '-' && ch != '_')
        {
            return 0;
        }
    }

    return name->len > 0 && name->len <= NGX_THREAD_WS_TAG_MAX;
}


char *
ngx_thread_ws_settings_reasoning_tags(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    char        *rv;
    ngx_str_t   *value, *tag;
    ngx_uint_t   i, j;

    if (tlcf->reasoning_tags != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    tlcf->reasoning_tags = NULL;

    if (cf->args->nelts == 2 && ngx_thread_ws_string_is(&value[1], "off")) {
        return NGX_CONF_OK;
    }

    rv = ngx_thread_ws_directive_switch(cf);
    if (rv) {
        return rv;
    }

    if (cf->args->nelts - 1 > NGX_THREAD_WS_SETTINGS_TAGS) {
        return "has too many tags";
    }

    tlcf->reasoning_tags = ngx_array_create(cf->pool, cf->args->nelts,
                                            sizeof(ngx_str_t));
    if (tlcf->reasoning_tags == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (!ngx_thread_ws_settings_tag(&value[i])) {
            return ngx_thread_ws_directive_invalid(cf, &value[i]);
        }

        for (j = 1; j < i; j++) {

            if (ngx_thread_ws_string_equal(&value[i], &value[j])) {
                return ngx_thread_ws_directive_twice(cf, &value[i]);
            }
        }

        tag = ngx_array_push(tlcf->reasoning_tags);
        if (tag == NULL) {
            return NGX_CONF_ERROR;
        }

        *tag = value[i];
    }

    return NGX_CONF_OK;
}
