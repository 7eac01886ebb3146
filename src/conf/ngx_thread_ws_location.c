
/*
 * Finding a location by its URI, as ngx_http_core_find_location() does it for a
 * request: the longest prefix, then what is nested in it, then the first of the
 * regular expressions.
 */


#include "conf/ngx_thread_ws_location.h"


static ngx_http_core_loc_conf_t *ngx_thread_ws_location_look(
    ngx_http_core_loc_conf_t *clcf, ngx_str_t *uri, ngx_uint_t *sure);
static ngx_http_core_loc_conf_t *ngx_thread_ws_location_prefix(
    ngx_http_location_tree_node_t *node, ngx_str_t *uri, ngx_uint_t *exact);
static ngx_http_core_loc_conf_t *ngx_thread_ws_location_regex(
    ngx_http_core_loc_conf_t *clcf, ngx_str_t *uri);


ngx_http_core_loc_conf_t *
ngx_thread_ws_location_find(ngx_http_core_loc_conf_t *server, ngx_str_t *uri)
{
    ngx_uint_t  sure;

    sure = 0;

    return ngx_thread_ws_location_look(server, uri, &sure);
}


/* sure: it is, whatever regular expressions stand beside those above it */

static ngx_http_core_loc_conf_t *
ngx_thread_ws_location_look(ngx_http_core_loc_conf_t *clcf, ngx_str_t *uri,
    ngx_uint_t *sure)
{
    ngx_uint_t                 noregex, nested;
    ngx_http_core_loc_conf_t  *found, *regex;

    found = ngx_thread_ws_location_prefix(clcf->static_locations, uri, sure);

    if (*sure) {
        return found;
    }

    noregex = 0;

    if (found) {
#if (NGX_PCRE)
        noregex = found->noregex;
#endif

        found = ngx_thread_ws_location_look(found, uri, sure);

        if (*sure) {
            return found;
        }

    } else {
        found = clcf;
    }

    regex = noregex ? NULL : ngx_thread_ws_location_regex(clcf, uri);

    if (regex == NULL) {
        return found;
    }

    *sure = 1;
    nested = 0;

    return ngx_thread_ws_location_look(regex, uri, &nested);
}


static ngx_http_core_loc_conf_t *
ngx_thread_ws_location_prefix(ngx_http_location_tree_node_t *node,
    ngx_str_t *uri, ngx_uint_t *exact)
{
    size_t                     len, n;
    u_char                    *p;
    ngx_int_t                  rc;
    ngx_http_core_loc_conf_t  *found;

    p = uri->data;
    len = uri->len;
    found = NULL;

    while (node) {
        n = ngx_min(len, (size_t) node->len);

        rc = ngx_filename_cmp(p, node->name, n);

        if (rc != 0) {
            node = (rc < 0) ? node->left : node->right;
            continue;
        }

        if (len > (size_t) node->len) {

            if (node->inclusive == NULL) {
                node = node->right;
                continue;
            }

            found = node->inclusive;
            node = node->tree;
            p += n;
            len -= n;
            continue;
        }

        if (len < (size_t) node->len) {
            node = node->left;
            continue;
        }

        if (node->exact) {
            *exact = 1;
            return node->exact;
        }

        return node->inclusive;
    }

    return found;
}


static ngx_http_core_loc_conf_t *
ngx_thread_ws_location_regex(ngx_http_core_loc_conf_t *clcf, ngx_str_t *uri)
{
#if (NGX_PCRE)
    ngx_http_core_loc_conf_t  **regex;

    for (regex = clcf->regex_locations; regex && *regex; regex++) {

        if (ngx_regex_exec((*regex)->regex->regex, uri, NULL, 0) >= 0) {
            return *regex;
        }
    }
#endif

    return NULL;
}
