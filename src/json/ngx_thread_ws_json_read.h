
/*
 * JSON as agents send it, to jansson's trees.  What jansson itself refuses but
 * harms nobody is taken: numbers beyond any range, NaN, what is no UTF-8, half
 * surrogate pairs, U+0000.
 */


#ifndef _NGX_THREAD_WS_JSON_READ_H_INCLUDED_
#define _NGX_THREAD_WS_JSON_READ_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


/*
 * Reads one value, with the space before it, from *pos on; *pos is then after
 * it.  Whatever its root is, *root is a new tree, whose texts hold no U+0000
 * and nothing that is no UTF-8 (U+FFFD instead).  Of half surrogate pairs that
 * is true unless halves is set: then they are three bytes each, as UTF-8 would
 * have them if they were characters, for whoever joins them.
 *
 * An integer of more than 18 characters is a real, and a real is 1e308 at most;
 * NaN and the infinities are null.  Of members of the same name the last one
 * counts.
 *
 *   NGX_OK        a value
 *   NGX_DECLINED  there is none, or it is malformed, or nested too deeply
 *   NGX_ERROR     no memory
 */

ngx_int_t ngx_thread_ws_json_read(json_t **root, u_char **pos, u_char *last,
    ngx_uint_t halves);

/* a half surrogate pair, high or low, at p, as a tree may have it: its code */

#define ngx_thread_ws_json_half(p, last)                                      \
    (((last) - (p) >= 3 && (p)[0] == 0xed && (p)[1] >= 0xa0)                  \
     ? (uint32_t) (0xd000 | ((p)[1] & 0x3f) << 6 | ((p)[2] & 0x3f)) : 0)

/* makes U+FFFD of those in a text, in place */

void ngx_thread_ws_json_mend(u_char *p, size_t len);


#endif /* _NGX_THREAD_WS_JSON_READ_H_INCLUDED_ */
