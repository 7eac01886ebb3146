
/*
 * A request's strings and variables, moved.
 */


#include "conn/ngx_thread_ws_compact_private.h"


static ngx_int_t ngx_thread_ws_compact_strings(
    ngx_thread_ws_compact_move_t *move, ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_compact_variables(
    ngx_thread_ws_compact_move_t *move, ngx_http_request_t *r);
#if (NGX_PCRE)
static ngx_int_t ngx_thread_ws_compact_captures(
    ngx_thread_ws_compact_move_t *move, ngx_http_request_t *r);
#endif


ngx_int_t
ngx_thread_ws_compact_move(ngx_thread_ws_compact_move_t *move,
    ngx_http_request_t *from, ngx_http_request_t *r)
{
    if (ngx_thread_ws_compact_headers(move, from, r) != NGX_OK
        || ngx_thread_ws_compact_strings(move, r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_compact_variables(move, r);
}


void *
ngx_thread_ws_compact_alloc(ngx_thread_ws_compact_move_t *move, size_t size)
{
    if (move->pool) {
        return ngx_palloc(move->pool, size);
    }

    /* the texts before it may end anywhere */

    move->size = ngx_align(move->size, NGX_ALIGNMENT) + size;

    return NULL;
}


ngx_int_t
ngx_thread_ws_compact_text(ngx_thread_ws_compact_move_t *move, u_char **data,
    size_t len)
{
    u_char  *p;

    if (*data == NULL) {
        return NGX_OK;
    }

    if (len == 0) {
        *data = (u_char *) "";
        return NGX_OK;
    }

    if (*data >= move->line.data
        && *data + len <= move->line.data + move->line.len)
    {
        /* most of the request's strings are parts of its first line */

        if (move->pool) {
            *data = move->moved + (*data - move->line.data);
        }

        return NGX_OK;
    }

    /* core ends a client's headers so, and modules count on it: perl does */

    if (move->pool == NULL) {
        move->size += len + 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(move->pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, *data, len);
    p[len] = '\0';
    *data = p;

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_compact_strings(ngx_thread_ws_compact_move_t *move,
    ngx_http_request_t *r)
{
    ngx_str_t   line, *strings[13];
    ngx_uint_t  i;

    line = r->request_line;

    if (ngx_thread_ws_compact_text(move, &r->request_line.data, line.len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    move->line = line;
    move->moved = r->request_line.data;

    strings[0] = &r->unparsed_uri;
    strings[1] = &r->uri;
    strings[2] = &r->args;
    strings[3] = &r->exten;
    strings[4] = &r->method_name;
    strings[5] = &r->http_protocol;
    strings[6] = &r->schema;
    strings[7] = &r->headers_in.user;
    strings[8] = &r->headers_in.passwd;
    strings[9] = &r->headers_in.server;
    strings[10] = &r->headers_out.content_type;
    strings[11] = &r->headers_out.charset;
    strings[12] = &r->headers_out.status_line;

    for (i = 0; i < 13; i++) {
        if (ngx_thread_ws_compact_text(move, &strings[i]->data,
                                       strings[i]->len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* those that have a value */

static ngx_int_t
ngx_thread_ws_compact_variables(ngx_thread_ws_compact_move_t *move,
    ngx_http_request_t *r)
{
    ngx_uint_t                         i, n;
    ngx_http_variable_value_t          value;
    ngx_http_core_main_conf_t         *cmcf;
    ngx_thread_ws_compact_variable_t  *v;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    n = 0;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        n += (r->variables[i].valid || r->variables[i].not_found);
    }

    v = NULL;

    if (n) {
        v = ngx_thread_ws_compact_alloc(move,
                                n * sizeof(ngx_thread_ws_compact_variable_t));

        if (move->pool && v == NULL) {
            return NGX_ERROR;
        }
    }

    move->saved.variables = v;
    move->saved.nvariables = n;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        value = r->variables[i];

        if (!value.valid && !value.not_found) {
            continue;
        }

        if (value.valid
            && ngx_thread_ws_compact_text(move, &value.data, value.len)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (v) {
            v->index = i;
            v->value = value;
            v++;
        }
    }

#if (NGX_PCRE)
    return ngx_thread_ws_compact_captures(move, r);
#else
    return NGX_OK;
#endif
}


#if (NGX_PCRE)

/* what the last regular expression captured */

static ngx_int_t
ngx_thread_ws_compact_captures(ngx_thread_ws_compact_move_t *move,
    ngx_http_request_t *r)
{
    int                        *captures;
    ngx_int_t                   len;
    ngx_uint_t                  i;
    ngx_http_core_main_conf_t  *cmcf;

    if (r->captures == NULL) {
        return NGX_OK;
    }

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    len = 0;

    for (i = 0; i < r->ncaptures; i++) {
        len = ngx_max(len, r->captures[i]);
    }

    captures = ngx_thread_ws_compact_alloc(move,
                                           cmcf->ncaptures * sizeof(int));

    if (move->pool) {

        if (captures == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(captures, r->captures, r->ncaptures * sizeof(int));
        r->captures = captures;
    }

    return ngx_thread_ws_compact_text(move, &r->captures_data, len);
}

#endif
