
/*
 * Spans on their way to a collector: a bounded queue, batches, retries.  One
 * request is under way at a time; what the queue has no room for is dropped
 * and counted.
 */


#ifndef _NGX_THREAD_WS_EXPORTER_H_INCLUDED_
#define _NGX_THREAD_WS_EXPORTER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_thread_ws_exporter_s  ngx_thread_ws_exporter_t;


/* at configuration; NULL with an emerg line */

ngx_thread_ws_exporter_t *ngx_thread_ws_exporter_create(ngx_conf_t *cf,
    ngx_str_t *url);

/* name:value; NGX_OK, NGX_DECLINED: it is none, NGX_ERROR: no memory */

ngx_int_t ngx_thread_ws_exporter_header(ngx_conf_t *cf,
    ngx_thread_ws_exporter_t *exporter, char *header);

/*
 * Puts it into an array of pointers, or finds one there with the same url and
 * headers.  NULL without memory.
 */

ngx_thread_ws_exporter_t *ngx_thread_ws_exporter_share(ngx_array_t *exporters,
    ngx_thread_ws_exporter_t *exporter);

/* after configuration, exporters may be NULL; NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_exporters_lookup(ngx_conf_t *cf,
    ngx_array_t *exporters);

/* at the worker's start; at its exit: sends for a second at most */

ngx_int_t ngx_thread_ws_exporters_init(ngx_cycle_t *cycle,
    ngx_array_t *exporters);
void ngx_thread_ws_exporters_exit(ngx_array_t *exporters);

/*
 * Queues a span's text, of malloc's memory, which it takes; NULL, for a span
 * that there was no memory for, is counted as dropped.
 */

void ngx_thread_ws_exporter_add(ngx_thread_ws_exporter_t *exporter,
    u_char *text, size_t len);


#endif /* _NGX_THREAD_WS_EXPORTER_H_INCLUDED_ */
