
/*
 * A scanner that passes over JSON without building anything.  It vouches for
 * what it accepts: valid UTF-8, valid escapes, no half surrogate pair, no
 * U+0000, numbers far from any overflow, little depth.  It returns NULL for
 * everything else, broken or merely unusual, which is then for jansson to
 * judge.
 */


#ifndef _NGX_THREAD_WS_JSON_SCAN_H_INCLUDED_
#define _NGX_THREAD_WS_JSON_SCAN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Passes over a string, p being after its opening quote; returns the position
 * of the closing one.  *size is the text's length once unescaped.
 */

u_char *ngx_thread_ws_json_string(u_char *p, u_char *last, size_t *size);

/* Passes over any value that begins at p; returns the position after it. */

u_char *ngx_thread_ws_json_skip(u_char *p, u_char *last, ngx_uint_t depth);

/*
 * Passes over a member's name, the colon and the spaces around them; returns
 * the position of its value, which is before last.  Names with an escape are
 * unusual.
 */

u_char *ngx_thread_ws_json_member(u_char *p, u_char *last, ngx_str_t *name);


static ngx_inline u_char *
ngx_thread_ws_json_space(u_char *p, u_char *last)
{
    while (p < last && *p <= ' '
           && (*p == ' ' || *p == LF || *p == CR || *p == '\t'))
    {
        p++;
    }

    return p;
}


#endif /* _NGX_THREAD_WS_JSON_SCAN_H_INCLUDED_ */
