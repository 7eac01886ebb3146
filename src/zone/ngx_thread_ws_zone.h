
/*
 * The shared memory of thread_ws_zone: one root, in which metrics, the
 * registry of active runs and the store "memory" each keep their part.
 */


#ifndef _NGX_THREAD_WS_ZONE_H_INCLUDED_
#define _NGX_THREAD_WS_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * All parts lock shpool->mutex and nothing else: it is the one lock that the
 * master frees when a worker dies.  So a part must stay usable whatever point
 * a holder is killed at, as far as it can (a torn list is worse than a leak).
 * That is why each part takes all its memory when the zone is made: a worker
 * never calls the slab allocator, which a kill could leave torn.
 */

typedef struct {
    struct ngx_thread_ws_blocks_s    *blocks;
    struct ngx_thread_ws_wake_s      *wake;
    struct ngx_thread_ws_registry_s  *registry;
    struct ngx_thread_ws_shelf_s     *memory;
    struct ngx_thread_ws_metrics_s   *metrics;
    struct ngx_thread_ws_lost_s      *lost;

    ngx_uint_t                        cycles;    /* that have had it */
} ngx_thread_ws_zone_sh_t;


typedef struct ngx_thread_ws_zone_s  ngx_thread_ws_zone_t;

/*
 * Makes a part in a fresh zone, once, in the master; a reload keeps what is
 * there.  NGX_OK, or NGX_ERROR: the zone is too small.
 */

typedef ngx_int_t (*ngx_thread_ws_zone_part_pt)(ngx_thread_ws_zone_t *zone);


struct ngx_thread_ws_zone_s {
    ngx_thread_ws_zone_sh_t     *sh;
    ngx_slab_pool_t             *shpool;
    ngx_shm_zone_t              *shm_zone;
    ngx_thread_ws_zone_part_pt  *parts;      /* NULL at the end */

    ngx_str_t                    file;       /* where the directive stands */
    ngx_uint_t                   line;
};


/* a zone of ours is known by this tag */

extern ngx_module_t  ngx_thread_ws_module;


/* the zone of the running configuration, NULL if there is none */

extern ngx_thread_ws_zone_t  *ngx_thread_ws_zone;


/*
 * The handler of thread_ws_zone; conf is not used.  cmd->post has the parts, in
 * the order they are made.
 */

char *ngx_thread_ws_zone_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Sets ngx_thread_ws_zone, from the module's init_module: only there it is
 * certain that the new configuration takes over.
 */

ngx_int_t ngx_thread_ws_zone_init_module(ngx_cycle_t *cycle);

/* in a worker, at its start */

void ngx_thread_ws_zone_init_process(void);

/*
 * In a worker that leaves: whether others have the zone after it, as by a
 * reload.  They do not where nginx quits, is replaced by another binary, or has
 * another zone.
 */

ngx_uint_t ngx_thread_ws_zone_passed_on(void);


/* the zone of a configuration, perhaps one being read; NULL: there is none */

ngx_shm_zone_t *ngx_thread_ws_zone_find(ngx_cycle_t *cycle);

/*
 * With master_process off a reload unmaps a zone that it changes, under the
 * runs of the very process: NGX_ERROR with an emerg line for such a one.
 */

ngx_int_t ngx_thread_ws_zone_check(ngx_conf_t *cf);


#endif /* _NGX_THREAD_WS_ZONE_H_INCLUDED_ */
