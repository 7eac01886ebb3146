
/*
 * Buffered files of lines.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "observe/ngx_thread_ws_lines.h"
#include "base/ngx_thread_ws_string.h"
#include "observe/ngx_thread_ws_metrics.h"


#define NGX_THREAD_WS_LINES_BUFFER    65536
#define NGX_THREAD_WS_LINES_FLUSH     1000

/* between two complaints in the error log, seconds */

#define NGX_THREAD_WS_LINES_COMPLAIN  60


/* A file, and what this worker has not written to it yet. */

struct ngx_thread_ws_lines_s {
    ngx_str_t         path;
    ngx_open_file_t  *file;       /* NULL: no regular file */
    ngx_fd_t          fd;         /* where file is NULL */

    u_char           *start;      /* after a spare byte, see torn */
    u_char           *pos;        /* after the last line */
    u_char           *end;

    ngx_event_t       timer;
    time_t            complained;
    ngx_uint_t        dropped;    /* since the last complaint */

    unsigned          blocked:1;  /* the last write failed: the timer is next */
    unsigned          torn:1;     /* the file ends within a line */
};


static ngx_int_t ngx_thread_ws_lines_open(ngx_conf_t *cf,
    ngx_thread_ws_lines_t *lines);
static ngx_int_t ngx_thread_ws_lines_open_special(ngx_conf_t *cf,
    ngx_thread_ws_lines_t *lines, ngx_uint_t fifo);
static void ngx_thread_ws_lines_flush_file(ngx_open_file_t *file,
    ngx_log_t *log);
static void ngx_thread_ws_lines_timer_handler(ngx_event_t *ev);
static void ngx_thread_ws_lines_flush(ngx_thread_ws_lines_t *lines);
static size_t ngx_thread_ws_lines_chunk(ngx_thread_ws_lines_t *lines,
    u_char *pos);
static u_char *ngx_thread_ws_lines_tear(ngx_thread_ws_lines_t *lines,
    u_char *pos);
static void ngx_thread_ws_lines_drop(ngx_thread_ws_lines_t *lines,
    ngx_uint_t n, ngx_err_t err);


ngx_thread_ws_lines_t *
ngx_thread_ws_lines_create(ngx_conf_t *cf, ngx_array_t *files,
    ngx_str_t *path)
{
    ngx_str_t                full;
    ngx_uint_t               i;
    ngx_thread_ws_lines_t   *lines, **p;

    full = *path;

    if (ngx_conf_full_name(cf->cycle, &full, 0) != NGX_OK) {
        return NULL;
    }

    p = files->elts;

    for (i = 0; i < files->nelts; i++) {
        if (ngx_thread_ws_string_equal(&p[i]->path, &full)) {
            return p[i];
        }
    }

    lines = ngx_pcalloc(cf->pool, sizeof(ngx_thread_ws_lines_t));
    if (lines == NULL) {
        return NULL;
    }

    lines->path = full;
    lines->fd = NGX_INVALID_FILE;

    lines->start = ngx_pnalloc(cf->pool, NGX_THREAD_WS_LINES_BUFFER);
    if (lines->start == NULL) {
        return NULL;
    }

    lines->end = lines->start + NGX_THREAD_WS_LINES_BUFFER;
    lines->start++;
    lines->pos = lines->start;

    if (ngx_thread_ws_lines_open(cf, lines) != NGX_OK) {
        return NULL;
    }

    p = ngx_array_push(files);
    if (p == NULL) {
        return NULL;
    }

    *p = lines;

    return lines;
}


/* core would wait for a pipe's reader, and write to it by waiting */

static ngx_int_t
ngx_thread_ws_lines_open(ngx_conf_t *cf, ngx_thread_ws_lines_t *lines)
{
    ngx_fd_t         fd;
    ngx_file_info_t  fi;

    if (ngx_file_info(lines->path.data, &fi) != NGX_FILE_ERROR
        && !ngx_is_file(&fi))
    {
        return ngx_thread_ws_lines_open_special(cf, lines,
                                              S_ISFIFO(fi.st_mode));
    }

    /* core does so when all is read, and does not say where it stands */

    fd = ngx_open_file(lines->path.data, NGX_FILE_APPEND,
                       NGX_FILE_CREATE_OR_OPEN, NGX_FILE_DEFAULT_ACCESS);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"%V\" directive cannot open \"%V\"",
                           cf->args->elts, &lines->path);
        return NGX_ERROR;
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", &lines->path);
    }

    lines->file = ngx_conf_open_file(cf->cycle, &lines->path);
    if (lines->file == NULL) {
        return NGX_ERROR;
    }

    if (lines->file->flush) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\": \"%V\" is the file of a buffered log "
                           "already", cf->args->elts, &lines->path);
        return NGX_ERROR;
    }

    lines->file->flush = ngx_thread_ws_lines_flush_file;
    lines->file->data = lines;

    return NGX_OK;
}


/*
 * A pipe is opened for reading, too: so it needs no reader to be opened, and
 * keeps what was written while there is none.
 */

static ngx_int_t
ngx_thread_ws_lines_open_special(ngx_conf_t *cf, ngx_thread_ws_lines_t *lines,
    ngx_uint_t fifo)
{
    ngx_pool_cleanup_t       *cln;
    ngx_pool_cleanup_file_t  *clnf;

    cln = ngx_pool_cleanup_add(cf->pool, sizeof(ngx_pool_cleanup_file_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    lines->fd = ngx_open_file(lines->path.data,
                            (fifo ? NGX_FILE_RDWR : NGX_FILE_WRONLY)
                            |NGX_FILE_NONBLOCK|NGX_FILE_OPEN, 0, 0);

    if (lines->fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", &lines->path);
        return NGX_ERROR;
    }

    if (fcntl(lines->fd, F_SETFD, FD_CLOEXEC) == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "fcntl(FD_CLOEXEC) \"%V\" failed", &lines->path);
        (void) ngx_close_file(lines->fd);
        return NGX_ERROR;
    }

    cln->handler = ngx_pool_cleanup_file;

    clnf = cln->data;
    clnf->fd = lines->fd;
    clnf->name = lines->path.data;

    /* while it parses, a reload has the old cycle's, which goes before this */

    clnf->log = &cf->cycle->new_log;

    return NGX_OK;
}


void
ngx_thread_ws_lines_init(ngx_thread_ws_lines_t *lines, ngx_log_t *log)
{
    lines->timer.handler = ngx_thread_ws_lines_timer_handler;
    lines->timer.data = lines;
    lines->timer.log = log;
    lines->timer.cancelable = 1;
}


void
ngx_thread_ws_lines_exit(ngx_thread_ws_lines_t *lines)
{
    u_char      *p;
    ngx_uint_t   n;

    ngx_thread_ws_lines_flush(lines);

    n = 0;

    for (p = lines->start; p < lines->pos; p++) {
        n += (*p == LF);
    }

    if (n) {
        ngx_thread_ws_lines_drop(lines, n, 0);
    }
}


u_char *
ngx_thread_ws_lines_begin(ngx_thread_ws_lines_t *lines)
{
    if (lines->end - lines->pos >= NGX_THREAD_WS_LINE) {
        return lines->pos;
    }

    if (!lines->blocked) {
        ngx_thread_ws_lines_flush(lines);
    }

    if (lines->end - lines->pos >= NGX_THREAD_WS_LINE) {
        return lines->pos;
    }

    ngx_thread_ws_lines_drop(lines, 1, 0);

    return NULL;
}


void
ngx_thread_ws_lines_end(ngx_thread_ws_lines_t *lines, u_char *last)
{
    *last++ = LF;

    lines->pos = last;

    if (!lines->timer.timer_set && lines->timer.handler) {
        ngx_add_timer(&lines->timer, NGX_THREAD_WS_LINES_FLUSH);
    }
}


/* called by core before the file is reopened */

static void
ngx_thread_ws_lines_flush_file(ngx_open_file_t *file, ngx_log_t *log)
{
    ngx_thread_ws_lines_flush(file->data);
}


static void
ngx_thread_ws_lines_timer_handler(ngx_event_t *ev)
{
    ngx_thread_ws_lines_t  *lines = ev->data;

    ngx_thread_ws_lines_flush(lines);

    if (lines->pos > lines->start) {
        ngx_add_timer(ev, NGX_THREAD_WS_LINES_FLUSH);
    }
}


/* writes what the file takes; whole lines that it does not take are kept */

static void
ngx_thread_ws_lines_flush(ngx_thread_ws_lines_t *lines)
{
    u_char    *p, *last;
    size_t     size;
    ssize_t    n;
    ngx_err_t  err;

    p = lines->start;
    lines->blocked = 0;

    while (p < lines->pos) {

        size = ngx_thread_ws_lines_chunk(lines, p);
        last = p + size;

        if (lines->torn) {

            /* what is before p was written, or is the spare byte */

            *--p = LF;
            size++;
        }

        n = write(lines->file ? lines->file->fd : lines->fd, p, size);

        if (n <= 0) {

            /* a device that takes nothing at the moment may say so by a 0 */

            err = n ? ngx_errno : NGX_EAGAIN;

            if (lines->torn) {
                p++;
            }

            if (err == NGX_EINTR) {
                continue;
            }

            lines->blocked = 1;

            if (err != NGX_EAGAIN) {
                ngx_thread_ws_lines_drop(lines, 0, err);
            }

            break;
        }

        if ((size_t) n == size) {
            p = last;
            lines->torn = 0;
            continue;
        }

        p = ngx_thread_ws_lines_tear(lines, p + n);
    }

    lines->pos = ngx_movemem(lines->start, p, lines->pos - p);
}


/* bytes to write at once: lines that a pipe takes together, or all there is */

static size_t
ngx_thread_ws_lines_chunk(ngx_thread_ws_lines_t *lines, u_char *pos)
{
    u_char  *p;

    if (lines->file || lines->pos - pos <= NGX_THREAD_WS_LINE - 1) {
        return lines->pos - pos;
    }

    p = pos + NGX_THREAD_WS_LINE - 1;

    while (p[-1] != LF) {
        p--;
    }

    return p - pos;
}


/*
 * A disk that ran full took a part of it, up to pos.  The line that was cut is
 * given up and ended by what is written next, since other workers may write to
 * the file before.
 */

static u_char *
ngx_thread_ws_lines_tear(ngx_thread_ws_lines_t *lines, u_char *pos)
{
    lines->torn = 0;

    if (pos[-1] == LF) {
        return pos;
    }

    lines->torn = 1;
    ngx_thread_ws_lines_drop(lines, 1, 0);

    while (*pos++ != LF) { /* void */ }

    return pos;
}


static void
ngx_thread_ws_lines_drop(ngx_thread_ws_lines_t *lines, ngx_uint_t n,
    ngx_err_t err)
{
    ngx_thread_ws_count(log_dropped, n);
    lines->dropped += n;

    if (lines->complained
        && ngx_time() - lines->complained < NGX_THREAD_WS_LINES_COMPLAIN)
    {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                  "event log \"%V\" takes no more, %ui lines were dropped",
                  &lines->path, lines->dropped);

    lines->complained = ngx_time();
    lines->dropped = 0;
}
