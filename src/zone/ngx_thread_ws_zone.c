
/*
 * The directive thread_ws_zone and the life of its shared memory.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "zone/ngx_thread_ws_zone.h"
#include "base/ngx_thread_ws_string.h"
#include "base/ngx_thread_ws_directive.h"


#define NGX_THREAD_WS_ZONE_MIN_PAGES  16


static ngx_int_t ngx_thread_ws_zone_init(ngx_shm_zone_t *shm_zone, void *data);
static void ngx_thread_ws_zone_given_up(ngx_thread_ws_zone_t *zone);


ngx_thread_ws_zone_t  *ngx_thread_ws_zone;

static ngx_uint_t      ngx_thread_ws_zone_cycle;


char *
ngx_thread_ws_zone_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char                *p;
    ssize_t                size;
    ngx_str_t             *value, name, s;
    ngx_shm_zone_t        *shm_zone;
    ngx_thread_ws_zone_t  *zone;

    if (ngx_thread_ws_zone_find(cf->cycle) != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    name.data = value[1].data;
    p = (u_char *) ngx_strchr(name.data, ':');

    name.len = p ? p - name.data : 0;

    s.data = name.data + name.len + 1;
    s.len = p ? value[1].len - name.len - 1 : 0;

    size = ngx_parse_size(&s);

    if (size == NGX_ERROR || name.len == 0) {
        return ngx_thread_ws_directive_refuse(cf,
                                              "takes \"name:size\", not \"%V\"",
                                              &value[1]);
    }

    if (size < (ssize_t) (NGX_THREAD_WS_ZONE_MIN_PAGES * ngx_pagesize)) {
        return ngx_thread_ws_directive_refuse(cf,
                                              "needs more: \"%V\" is too small",
                                              &value[1]);
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_thread_ws_zone_t));
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    shm_zone = ngx_shared_memory_add(cf, &name, size, &ngx_thread_ws_module);
    if (shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    zone->shm_zone = shm_zone;
    zone->parts = cmd->post;
    zone->file = cf->conf_file->file.name;
    zone->line = cf->conf_file->line;

    shm_zone->init = ngx_thread_ws_zone_init;
    shm_zone->data = zone;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_thread_ws_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    size_t                       len;
    ngx_thread_ws_zone_t        *ozone, *zone;
    ngx_thread_ws_zone_part_pt  *part;

    ozone = data;
    zone = shm_zone->data;

    if (ozone) {
        zone->sh = ozone->sh;
        zone->shpool = ozone->shpool;
        return NGX_OK;
    }

    ngx_thread_ws_zone_given_up(zone);

    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        zone->sh = zone->shpool->data;
        return NGX_OK;
    }

    zone->sh = ngx_slab_calloc(zone->shpool, sizeof(ngx_thread_ws_zone_sh_t));
    if (zone->sh == NULL) {
        return NGX_ERROR;
    }

    zone->shpool->data = zone->sh;

    len = sizeof(" in thread_ws_zone \"\"") + shm_zone->shm.name.len;

    zone->shpool->log_ctx = ngx_slab_alloc(zone->shpool, len);
    if (zone->shpool->log_ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(zone->shpool->log_ctx, " in thread_ws_zone \"%V\"%Z",
                &shm_zone->shm.name);

    /* that there is no memory is said once, with what to do about it */

    zone->shpool->log_nomem = 0;

    for (part = zone->parts; *part; part++) {

        if ((*part)(zone) != NGX_OK) {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "thread_ws_zone \"%V\" is too small in %V:%ui",
                          &shm_zone->shm.name, &zone->file, zone->line);
            return NGX_ERROR;
        }
    }

    zone->shpool->log_nomem = 1;

    return NGX_OK;
}


/* a reload that has another zone begins anew, of which nothing else tells */

static void
ngx_thread_ws_zone_given_up(ngx_thread_ws_zone_t *zone)
{
    if (ngx_thread_ws_zone_find((ngx_cycle_t *) ngx_cycle)) {
        ngx_log_error(NGX_LOG_WARN, zone->shm_zone->shm.log, 0,
                      "\"thread_ws_zone\" has another name or size than "
                      "before in %V:%ui: what it held is given up",
                      &zone->file, zone->line);
    }
}


ngx_int_t
ngx_thread_ws_zone_init_module(ngx_cycle_t *cycle)
{
    ngx_shm_zone_t  *shm_zone;

    shm_zone = ngx_thread_ws_zone_find(cycle);

    ngx_thread_ws_zone = shm_zone ? shm_zone->data : NULL;

    if (ngx_thread_ws_zone) {
        ngx_thread_ws_zone->sh->cycles++;
    }

    return NGX_OK;
}


void
ngx_thread_ws_zone_init_process(void)
{
    if (ngx_thread_ws_zone) {
        ngx_thread_ws_zone_cycle = ngx_thread_ws_zone->sh->cycles;
    }
}


ngx_uint_t
ngx_thread_ws_zone_passed_on(void)
{
    return ngx_thread_ws_zone
           && ngx_thread_ws_zone->sh->cycles != ngx_thread_ws_zone_cycle;
}


ngx_shm_zone_t *
ngx_thread_ws_zone_find(ngx_cycle_t *cycle)
{
    ngx_uint_t        i;
    ngx_shm_zone_t   *shm_zone;
    ngx_list_part_t  *part;

    part = &cycle->shared_memory.part;
    shm_zone = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            shm_zone = part->elts;
            i = 0;
        }

        if (shm_zone[i].tag == &ngx_thread_ws_module) {
            return &shm_zone[i];
        }
    }
}


ngx_int_t
ngx_thread_ws_zone_check(ngx_conf_t *cf)
{
    ngx_shm_zone_t  *before, *now;

    if (ngx_process != NGX_PROCESS_SINGLE) {
        return NGX_OK;
    }

    before = ngx_thread_ws_zone_find((ngx_cycle_t *) ngx_cycle);
    now = ngx_thread_ws_zone_find(cf->cycle);

    if (before == NULL
        || (now && now->shm.size == before->shm.size
            && ngx_thread_ws_string_equal(&now->shm.name, &before->shm.name)))
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"thread_ws_zone\" cannot change by a reload with "
                  "\"master_process off\": it is %s in %V; restart nginx",
                  now ? "another" : "missing", &cf->cycle->conf_file);

    return NGX_ERROR;
}
