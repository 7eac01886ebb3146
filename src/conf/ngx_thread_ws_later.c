
/*
 * What is looked at when the whole configuration is read.
 */


#include "conf/ngx_thread_ws_later.h"
#include "conf/ngx_thread_ws_location.h"
#include "store/ngx_thread_ws_store_postgres.h"


static ngx_uint_t ngx_thread_ws_later_next(ngx_str_t *text, ngx_str_t *name);
static ngx_uint_t ngx_thread_ws_later_known(ngx_conf_t *cf, ngx_str_t *name);
static ngx_http_core_loc_conf_t *ngx_thread_ws_later_location(ngx_conf_t *cf,
    ngx_thread_ws_later_t *later, ngx_str_t *value);
static void ngx_thread_ws_later_upstream(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_thread_ws_later_t *later);
static void ngx_thread_ws_later_idle(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_thread_ws_later_t *later,
    char *prefix, char *directive);


char *
ngx_thread_ws_later(ngx_conf_t *cf, ngx_thread_ws_later_pt check,
    ngx_str_t *value)
{
    ngx_str_t                  *directive;
    ngx_thread_ws_later_t      *later;
    ngx_thread_ws_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_thread_ws_module);

    if (tmcf->later == NULL) {
        tmcf->later = ngx_array_create(cf->pool, 4,
                                       sizeof(ngx_thread_ws_later_t));
        if (tmcf->later == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    later = ngx_array_push(tmcf->later);
    if (later == NULL) {
        return NGX_CONF_ERROR;
    }

    directive = cf->args->elts;

    later->check = check;
    later->directive = *directive;
    later->value = *value;
    later->cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    ngx_thread_ws_later_place(cf, &later->place);

    return NGX_CONF_OK;
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
ngx_thread_ws_later_unknown(ngx_conf_t *cf, ngx_thread_ws_later_t *later)
{
    ngx_str_t  text, name;

    text = later->value;

    while (ngx_thread_ws_later_next(&text, &name)) {

        if (ngx_thread_ws_later_known(cf, &name)) {
            continue;
        }

        /* core refuses it when all modules have been asked, without a place */

        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"%V\" has a variable \"$%V\" that is not known so far, "
                      "in %V:%ui", &later->directive, &name,
                      &later->place.file, later->place.line);
    }

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_later_variables(ngx_conf_t *cf, ngx_thread_ws_later_t *later)
{
    ngx_str_t  text, name;

    text = later->value;

    while (ngx_thread_ws_later_next(&text, &name)) {

        if (ngx_thread_ws_later_known(cf, &name)) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"%V\" takes no variables: \"$%V\" is taken as "
                          "it stands, in %V:%ui", &later->directive, &name,
                          &later->place.file, later->place.line);
            return NGX_OK;
        }
    }

    return NGX_OK;
}


/* the next variable's name in a text, which is shortened; captures have none */

static ngx_uint_t
ngx_thread_ws_later_next(ngx_str_t *text, ngx_str_t *name)
{
    u_char  *p, *last, c;

    last = text->data + text->len;

    for ( ;; ) {
        p = ngx_strlchr(text->data, last, '$');

        if (p == NULL) {
            return 0;
        }

        p++;

        if (p < last && *p == '{') {
            p++;
        }

        for (name->data = p; p < last; p++) {
            c = (u_char) (*p | 0x20);

            if (!(c >= 'a' && c <= 'z') && !(*p >= '0' && *p <= '9')
                && *p != '_')
            {
                break;
            }
        }

        name->len = p - name->data;

        text->data = p;
        text->len = last - p;

        if (name->len && !(*name->data >= '0' && *name->data <= '9')) {
            return 1;
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
    ngx_http_core_loc_conf_t  *clcf, *server;
    ngx_thread_ws_loc_conf_t  *tlcf;

    clcf = ngx_thread_ws_later_location(cf, later, &later->value);

    if (clcf == NULL) {
        return NGX_OK;
    }

    tlcf = clcf->loc_conf[ngx_thread_ws_module.ctx_index];

    if (tlcf->pass) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"%V %V\" leads to location \"%V\", which is no "
                      "agent's but has a \"thread_ws_pass\" itself, in %V:%ui",
                      &later->directive, &later->value, &clcf->name,
                      &later->place.file, later->place.line);
        return NGX_ERROR;
    }

    /* what the whole server has is meant for others */

    server = later->cscf->ctx->loc_conf[ngx_http_core_module.ctx_index];

    if (clcf->limit_rate && clcf->limit_rate != server->limit_rate) {
        ngx_thread_ws_later_idle(cf, clcf, later, "", "limit_rate");
    }

    ngx_thread_ws_later_upstream(cf, clcf, later);

    return NGX_OK;
}


ngx_int_t
ngx_thread_ws_later_replay(ngx_conf_t *cf, ngx_thread_ws_later_t *later)
{
    (void) ngx_thread_ws_later_location(cf, later, &later->value);

    return ngx_thread_ws_later_variables(cf, later);
}


ngx_int_t
ngx_thread_ws_later_threads(ngx_conf_t *cf, ngx_thread_ws_later_t *later)
{
    u_char     *p;
    ngx_str_t   below;

    below.len = later->value.len + 1;
    below.data = ngx_pnalloc(cf->pool, below.len);
    if (below.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(below.data, later->value.data, later->value.len);
    *p = '/';

    (void) ngx_thread_ws_later_location(cf, later, &below);

    return ngx_thread_ws_later_variables(cf, later);
}


/* NULL, with a warn line, where the server has none for that URI */

static ngx_http_core_loc_conf_t *
ngx_thread_ws_later_location(ngx_conf_t *cf, ngx_thread_ws_later_t *later,
    ngx_str_t *value)
{
    u_char                    *args;
    ngx_str_t                  uri;
    ngx_http_core_loc_conf_t  *clcf, *server;

    if (later->cscf->ctx == NULL) {

        /* it is all servers' */

        return NULL;
    }

    uri = *value;
    args = ngx_strlchr(uri.data, uri.data + uri.len, '?');

    if (args) {
        uri.len = args - uri.data;
    }

    server = later->cscf->ctx->loc_conf[ngx_http_core_module.ctx_index];
    clcf = ngx_thread_ws_location_find(server, &uri);

    if (clcf != server) {
        return clcf;
    }

    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "\"%V %V\": the server has no location for it, in %V:%ui",
                  &later->directive, &later->value, &later->place.file,
                  later->place.line);

    return NULL;
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
