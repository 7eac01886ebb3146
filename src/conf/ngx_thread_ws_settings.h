
/*
 * The directives that core's setters cannot read: what they take, and why they
 * refuse the rest.
 */


#ifndef _NGX_THREAD_WS_SETTINGS_H_INCLUDED_
#define _NGX_THREAD_WS_SETTINGS_H_INCLUDED_


#include "ngx_thread_ws.h"


/* setters of ngx_command_t; conf is the location's configuration */

char *ngx_thread_ws_settings_pass(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_value(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_thread_id(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_user(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_dialect(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_system_prompt(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_parameters(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_busy(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_replay(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_threads(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_interval(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_events(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_reasoning_tags(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_client_parameters(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_thread_ws_settings_resume(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_gather(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_origins(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_protocol(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_subprotocols(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_deflate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_store(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_thread_ws_settings_context(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* post handlers: a size or a time that must not be zero */

extern ngx_conf_post_t  ngx_thread_ws_settings_positive;
extern ngx_conf_post_t  ngx_thread_ws_settings_positive_time;

/* a location's configuration, in which nothing is set */

void *ngx_thread_ws_settings_create_loc(ngx_conf_t *cf);

/* what an agent's request is made of */

void ngx_thread_ws_settings_merge_prompt(ngx_thread_ws_loc_conf_t *prev,
    ngx_thread_ws_loc_conf_t *conf);

/* times that are not set are the ones above, or these */

void ngx_thread_ws_settings_merge_times(ngx_thread_ws_loc_conf_t *prev,
    ngx_thread_ws_loc_conf_t *conf);

/* subprotocols are those of the protocols where none are set */

char *ngx_thread_ws_settings_merge_protocol(ngx_conf_t *cf,
    ngx_thread_ws_loc_conf_t *prev, ngx_thread_ws_loc_conf_t *conf);

/* a server's configuration: its names, against which origins are held */

void *ngx_thread_ws_settings_create_srv(ngx_conf_t *cf);
char *ngx_thread_ws_settings_merge_srv(ngx_conf_t *cf, void *parent,
    void *child);

/* what is inherited as a whole, or not */

void ngx_thread_ws_settings_merge_deflate(ngx_thread_ws_loc_conf_t *prev,
    ngx_thread_ws_loc_conf_t *conf);
void ngx_thread_ws_settings_merge_context(ngx_thread_ws_loc_conf_t *prev,
    ngx_thread_ws_loc_conf_t *conf);

/* the content handler of the location, or why it cannot be */

char *ngx_thread_ws_settings_handler(ngx_conf_t *cf,
    ngx_http_handler_pt handler);

/*
 * In an "if" or a "limit_except", which core makes locations without a name,
 * the location's handler serves, and needs what belongs to it.  NGX_OK, or
 * NGX_ERROR, with an emerg line, where another module has taken the location.
 */

ngx_int_t ngx_thread_ws_settings_merge_handler(ngx_conf_t *cf,
    ngx_thread_ws_loc_conf_t *prev, ngx_thread_ws_loc_conf_t *conf);

/*
 * thread_ws_compact: off where a module is loaded that it was not tried with,
 * which is said once, with a warn line.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_thread_ws_settings_merge_compact(ngx_conf_t *cf,
    ngx_thread_ws_loc_conf_t *prev, ngx_thread_ws_loc_conf_t *conf);

/* the directive needs thread_ws_zone: see the check */

void ngx_thread_ws_settings_needs_zone(ngx_conf_t *cf, char *directive);

/* what only the whole configuration shows: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_settings_check(ngx_conf_t *cf);


#endif /* _NGX_THREAD_WS_SETTINGS_H_INCLUDED_ */
