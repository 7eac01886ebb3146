
/*
 * What clients speak: thread_ws_protocol, and the subprotocols that choose one
 * where several are there.
 */


#include "conf/ngx_thread_ws_settings.h"
#include "base/ngx_thread_ws_directive.h"
#include "base/ngx_thread_ws_string.h"
#include "wire/ngx_thread_ws_wire.h"
#include "ws/ngx_thread_ws_handshake.h"


static ngx_int_t ngx_thread_ws_settings_protocol_read(
    ngx_thread_ws_protocol_t *protocol, ngx_str_t *value);
static void ngx_thread_ws_settings_unspoken(ngx_conf_t *cf,
    ngx_thread_ws_loc_conf_t *conf);
static ngx_int_t ngx_thread_ws_settings_subprotocols_of(
    ngx_array_t *subprotocols, ngx_uint_t wire);


char *
ngx_thread_ws_settings_protocol(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    ngx_str_t                 *value;
    ngx_uint_t                 i, j;
    ngx_thread_ws_protocol_t  *protocol, read;

    if (tlcf->protocols != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    tlcf->protocols = ngx_array_create(cf->pool, cf->args->nelts,
                                       sizeof(ngx_thread_ws_protocol_t));
    if (tlcf->protocols == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_thread_ws_settings_protocol_read(&read, &value[i]) != NGX_OK) {
            return ngx_thread_ws_directive_refuse(cf,
                                                  "knows no protocol \"%V\"",
                                                  &value[i]);
        }

        protocol = tlcf->protocols->elts;

        for (j = 0; j < tlcf->protocols->nelts; j++) {

            if (protocol[j].wire == read.wire) {
                return ngx_thread_ws_directive_twice(cf, &value[i]);
            }
        }

        protocol = ngx_array_push(tlcf->protocols);
        if (protocol == NULL) {
            return NGX_CONF_ERROR;
        }

        *protocol = read;
    }

    return NGX_CONF_OK;
}


/* a name, and with = the major of its client, where that makes a difference */

static ngx_int_t
ngx_thread_ws_settings_protocol_read(ngx_thread_ws_protocol_t *protocol,
    ngx_str_t *value)
{
    u_char                *p, *last;
    ngx_int_t              wire, major;
    ngx_str_t              name;
    ngx_thread_ws_wire_t  *w;

    name = *value;
    last = name.data + name.len;
    p = ngx_strlchr(name.data, last, '=');

    if (p) {
        name.len = p - name.data;
    }

    wire = ngx_thread_ws_wire_find(&name);
    if (wire == NGX_ERROR) {
        return NGX_ERROR;
    }

    protocol->wire = wire;
    protocol->major = 0;

    if (p == NULL) {
        return NGX_OK;
    }

    w = ngx_thread_ws_wires[wire];
    major = ngx_atoi(p + 1, last - p - 1);

    if (major < 1 || (ngx_uint_t) major < w->oldest
        || (ngx_uint_t) major > w->newest)
    {
        return NGX_ERROR;
    }

    protocol->major = major;

    return NGX_OK;
}


char *
ngx_thread_ws_settings_subprotocols(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_thread_ws_loc_conf_t *tlcf = conf;

    char        *rv;
    ngx_str_t   *value, *name, list, token;
    ngx_uint_t   i, k;

    if (tlcf->subprotocols != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    rv = ngx_thread_ws_directive_switch(cf);
    if (rv) {
        return rv;
    }

    value = cf->args->elts;

    tlcf->subprotocols = ngx_array_create(cf->pool, cf->args->nelts,
                                          sizeof(ngx_str_t));
    if (tlcf->subprotocols == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        list = value[i];

        if (ngx_thread_ws_handshake_next(&list, &token) != NGX_OK
            || token.len != value[i].len)
        {
            return ngx_thread_ws_directive_invalid(cf, &value[i]);
        }

        for (k = 1; k < i; k++) {

            if (ngx_thread_ws_string_equal(&value[k], &value[i])) {
                return ngx_thread_ws_directive_twice(cf, &value[i]);
            }
        }

        name = ngx_array_push(tlcf->subprotocols);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        *name = value[i];
    }

    return NGX_CONF_OK;
}


/* of all protocols, where none are set */

char *
ngx_thread_ws_settings_merge_protocol(ngx_conf_t *cf,
    ngx_thread_ws_loc_conf_t *prev, ngx_thread_ws_loc_conf_t *conf)
{
    ngx_uint_t                 i;
    ngx_thread_ws_protocol_t  *protocol;

    ngx_conf_merge_ptr_value(conf->protocols, prev->protocols, NULL);
    ngx_conf_merge_ptr_value(conf->subprotocols, prev->subprotocols, NULL);

    if (conf->pass && conf->subprotocols) {
        ngx_thread_ws_settings_unspoken(cf, conf);
    }

    if (conf->handler == NULL || conf->subprotocols) {
        return NGX_CONF_OK;
    }

    conf->subprotocols = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
    if (conf->subprotocols == NULL) {
        return NGX_CONF_ERROR;
    }

    if (conf->protocols == NULL) {
        return (ngx_thread_ws_settings_subprotocols_of(conf->subprotocols,
                                              NGX_THREAD_WS_WIRE_THREAD_WS)
                == NGX_OK)
               ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    protocol = conf->protocols->elts;

    for (i = 0; i < conf->protocols->nelts; i++) {

        if (ngx_thread_ws_settings_subprotocols_of(conf->subprotocols,
                                                   protocol[i].wire)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* a client that is given the name of a protocol would speak it */

static void
ngx_thread_ws_settings_unspoken(ngx_conf_t *cf, ngx_thread_ws_loc_conf_t *conf)
{
    ngx_int_t                  wire;
    ngx_str_t                 *name;
    ngx_uint_t                 i, k, spoken;
    ngx_thread_ws_protocol_t  *protocol;

    name = conf->subprotocols->elts;

    for (i = 0; i < conf->subprotocols->nelts; i++) {
        wire = ngx_thread_ws_wire_of(&name[i]);
        spoken = (conf->protocols == NULL
                  && wire == NGX_THREAD_WS_WIRE_THREAD_WS);

        for (k = 0; conf->protocols && k < conf->protocols->nelts; k++) {
            protocol = conf->protocols->elts;
            spoken |= (wire == (ngx_int_t) protocol[k].wire);
        }

        if (wire != NGX_ERROR && !spoken) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"thread_ws_subprotocols\" has \"%V\", which "
                          "\"thread_ws_protocol\" does not speak, for the "
                          "location in %V:%ui", &name[i], &conf->place.file,
                          conf->place.line);
        }
    }
}


static ngx_int_t
ngx_thread_ws_settings_subprotocols_of(ngx_array_t *subprotocols,
    ngx_uint_t wire)
{
    ngx_str_t  *s, *name;

    for (s = ngx_thread_ws_wires[wire]->subprotocols; s->len; s++) {

        name = ngx_array_push(subprotocols);
        if (name == NULL) {
            return NGX_ERROR;
        }

        *name = *s;
    }

    return NGX_OK;
}
