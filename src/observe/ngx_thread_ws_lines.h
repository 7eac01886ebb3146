
/*
 * Files of lines that never make a worker wait: buffered, written at least each
 * second, at exit, and before they are reopened.  Lines that a file does not
 * take are kept while there is room; then they are dropped and counted.
 */


#ifndef _NGX_THREAD_WS_LINES_H_INCLUDED_
#define _NGX_THREAD_WS_LINES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the longest line, its end included: pipes take so much as a whole */

#define NGX_THREAD_WS_LINE  4096


typedef struct ngx_thread_ws_lines_s  ngx_thread_ws_lines_t;


/*
 * A file of the configuration, NULL with an emerg line.  files holds pointers
 * to all; equal paths share one.
 */

ngx_thread_ws_lines_t *ngx_thread_ws_lines_create(ngx_conf_t *cf,
    ngx_array_t *files, ngx_str_t *path);

/* at the worker's start; at its exit: writes what is left */

void ngx_thread_ws_lines_init(ngx_thread_ws_lines_t *lines, ngx_log_t *log);
void ngx_thread_ws_lines_exit(ngx_thread_ws_lines_t *lines);

/*
 * Where to write NGX_THREAD_WS_LINE bytes at most; NULL if there is no room:
 * the line is counted as dropped.  The line is there once it is ended.
 */

u_char *ngx_thread_ws_lines_begin(ngx_thread_ws_lines_t *lines);
void ngx_thread_ws_lines_end(ngx_thread_ws_lines_t *lines, u_char *last);


#endif /* _NGX_THREAD_WS_LINES_H_INCLUDED_ */
