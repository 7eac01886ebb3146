
/*
 * What is looked at when the whole configuration is read.
 */


#include "conf/ngx_thread_ws_later.h"
#include "conf/ngx_thread_ws_location.h"
#include "store/ngx_thread_ws_store_postgres.h"


static ngx_uint_t ngx_thread_ws_later_known(ngx_conf_t *cf, ngx_str_t *name);
static void ngx_thread_ws_later_upstream(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_thread_ws_later_t *later);
static void ngx_thread_ws_later_idle(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_thread_ws_later_t *later,
    char *prefix, char *directive);


ngx_int_t
ngx_thread_ws_later(ngx_conf_t *cf, ngx_thread_ws_later_pt check,
    ngx_str_t *value)
{
    ngx_thread_ws_later_t      *later;
    ngx_thread_ws_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_thread_ws_module);

    if (tmcf->later == NULL) {
        tmcf->later = ngx_array_create(cf->pool, 4,
                                       sizeof(ngx_thread_ws_later_t));
        if (tmcf->later == NULL) {
            return NGX_ERROR;
        }
    }

    later = ngx_array_push(tmcf->later);
    if (later == NULL) {
        return NGX_ERROR;
    }

    later->check = check;
    later->value = *value;
    later->cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    ngx_thread_ws_later_place(cf, &later->place);

    return NGX_OK;
}


void
ngx_thread_ws_later_place(ngx_conf_t *cf, ngx_thread_ws_place_t *place)
{
    place->file = cf->conf_file->file.name;
    place->line = cf->conf_file->line;
}


ngx_int_t
ngx_thread_ws_later_check(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_thread_ws_later_t      *later;
    ngx_thread_ws_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_thread_ws_module);

    for (i = 0; tmcf->later && i < tmcf->later->nelts; i++) {
        later = (ngx_thread_ws_later_t *) tmcf->later->elts + i;

        if (later->check(cf, later) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_thread_ws_store_postgres_check(cf, &tmcf->stores);
}


ngx_int_t
ngx_thread_ws_later_variables(ngx_conf_t *cf, ngx_thread_ws_later_t *later)
{
    u_char     *p, *last, c;
    ngx_str_t   name;

    p = later->value.data;
    last = p + later->value.len;

    for ( ;; ) {
        p = ngx_strlchr(p, last, '$');

        if (p == NULL) {
            return NGX_OK;
        }

        p++;

        if (p < last && *p == '{') {
            p++;
        }

        for (name.data = p; p < last; p++) {
            c = (u_char) (*p | 0x20);

            if (!(c >= 'a' && c <= 'z') && !(*p >= '0' && *p <= '9')
                && *p != '_')
            {
                break;
            }
        }

        name.len = p - name.data;

        if (name.len && ngx_thread_ws_later_known(cf, &name)) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"thread_ws_parameters\" takes no variables: "
                          "\"$%V\" goes to the agent as it stands, in %V:%ui",
                          &name, &later->place.file, later->place.line);
            return NGX_OK;
        }
    }
}


/* what JSON has of the kind, "$ref" and "$schema", is no variable of nginx's */

static ngx_uint_t
ngx_thread_ws_later_known(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t                  i;
    ngx_hash_key_t             *key;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    key = cmcf->variables_keys->keys.elts;

    for (i = 0; i < cmcf->variables_keys->keys.nelts; i++) {

        if (key[i].key.len == name->len
            && ngx_strncasecmp(key[i].key.data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    v = cmcf->prefix_variables.elts;

    for (i = 0; i < cmcf->prefix_variables.nelts; i++) {

        if (name->len > v[i].name.len
            && ngx_strncasecmp(v[i].name.data, name->data, v[i].name.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_thread_ws_later_pass(ngx_conf_t *cf, ngx_thread_ws_later_t *later)
{
    u_char                    *args;
    ngx_str_t                  uri;
    ngx_http_core_loc_conf_t  *clcf, *server;

    uri = later->value;
    args = ngx_strlchr(uri.data, uri.data + uri.len, '?');

    if (args) {
        uri.len = args - uri.data;
    }

    server = later->cscf->ctx->loc_conf[ngx_http_core_module.ctx_index];
    clcf = ngx_thread_ws_location_find(server, &uri);

    if (clcf == server) {
        return NGX_OK;
    }

    /* what the whole server has is meant for others */

    if (clcf->limit_rate && clcf->limit_rate != server->limit_rate) {
        ngx_thread_ws_later_idle(cf, clcf, later, "", "limit_rate");
    }

    ngx_thread_ws_later_upstream(cf, clcf, later);

    return NGX_OK;
}


static void
ngx_thread_ws_later_upstream(ngx_conf_t *cf, ngx_http_core_loc_conf_t *clcf,
    ngx_thread_ws_later_t *later)
{
    ngx_uint_t                  i, k;
    ngx_module_t               *module;
    ngx_http_upstream_conf_t   *conf, *others;

    /* the configurations of these begin with that of their upstream */

    static struct {
        char                   *module;
        char                   *prefix;
    } upstreams[] = {
        { "ngx_http_proxy_module", "proxy_" },
        { "ngx_http_fastcgi_module", "fastcgi_" },
        { "ngx_http_uwsgi_module", "uwsgi_" },
        { "ngx_http_scgi_module", "scgi_" }
    };

    for (i = 0; cf->cycle->modules[i]; i++) {
        module = cf->cycle->modules[i];

        for (k = 0; k < sizeof(upstreams) / sizeof(upstreams[0]); k++) {

            if (ngx_strcmp(module->name, upstreams[k].module) != 0) {
                continue;
            }

            conf = clcf->loc_conf[module->ctx_index];
            others = later->cscf->ctx->loc_conf[module->ctx_index];

#if (NGX_HTTP_CACHE)
            if (conf->cache && !others->cache) {
                ngx_thread_ws_later_idle(cf, clcf, later, upstreams[k].prefix,
                                         "cache");
            }
#endif

            if (conf->limit_rate && conf->limit_rate != others->limit_rate) {
                ngx_thread_ws_later_idle(cf, clcf, later, upstreams[k].prefix,
                                         "limit_rate");
            }
        }
    }
}


static void
ngx_thread_ws_later_idle(ngx_conf_t *cf, ngx_http_core_loc_conf_t *clcf,
    ngx_thread_ws_later_t *later, char *prefix, char *directive)
{
    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "\"%s%s\" in location \"%V\" has no effect on answers of "
                  "the agent, which \"thread_ws_pass\" names in %V:%ui",
                  prefix, directive, &clcf->name, &later->place.file,
                  later->place.line);
}
