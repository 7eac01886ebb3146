
/*
 * What the header of an agent's answer says, as all other modules have left it.
 */


#include "agent/ngx_thread_ws_agent_private.h"
#include "base/ngx_thread_ws_headers.h"
#include "base/ngx_thread_ws_string.h"


static ngx_uint_t ngx_thread_ws_agent_own(ngx_http_request_t *r);
static ngx_uint_t ngx_thread_ws_agent_kept(ngx_http_request_t *r);
static ngx_uint_t ngx_thread_ws_agent_stream(ngx_str_t *type);
static ngx_uint_t ngx_thread_ws_agent_encoded(ngx_str_t *encoding);
static void ngx_thread_ws_agent_fields(ngx_http_request_t *r,
    ngx_thread_ws_agent_header_t *header);


void
ngx_thread_ws_agent_describe(ngx_http_request_t *r,
    ngx_thread_ws_agent_header_t *header)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    ngx_memzero(header, sizeof(ngx_thread_ws_agent_header_t));

    header->name = clcf->name;
    header->uri = r->uri;
    header->status = r->headers_out.status;
    header->own = ngx_thread_ws_agent_own(r);
    header->kept = ngx_thread_ws_agent_kept(r);
    header->type = r->headers_out.content_type;

    if (r->headers_out.content_encoding) {
        header->encoding = r->headers_out.content_encoding->value;
    }

    ngx_thread_ws_agent_fields(r, header);

    header->stream = ngx_thread_ws_agent_stream(&header->type);
    header->encoded = ngx_thread_ws_agent_encoded(&header->encoding);
}


/* whether nginx said so: without an agent, or in place of what that said */

static ngx_uint_t
ngx_thread_ws_agent_own(ngx_http_request_t *r)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    return u == NULL || u->headers_in.status_n == 0 || r->filter_finalize
           || u->headers_in.status_n != r->headers_out.status;
}


/* an agent that answers in place of an error, but with that one's status */

static ngx_uint_t
ngx_thread_ws_agent_kept(ngx_http_request_t *r)
{
    return r->err_status && r->upstream && !r->filter_finalize
           && r->headers_out.status == r->err_status
           && r->upstream->headers_in.status_n == NGX_HTTP_OK
           && r->err_status != NGX_HTTP_OK;
}


/* a content type is that of an event stream, with parameters or without */

static ngx_uint_t
ngx_thread_ws_agent_stream(ngx_str_t *type)
{
    size_t  len;

    if (!ngx_thread_ws_string_begins_same(type, "text/event-stream")) {
        return 0;
    }

    len = sizeof("text/event-stream") - 1;

    return type->len == len || type->data[len] == ';'
           || type->data[len] == ' ' || type->data[len] == '\t';
}


/* others, such as "none", are what servers say of what is as it is */

static ngx_uint_t
ngx_thread_ws_agent_encoded(ngx_str_t *encoding)
{
    char  **coding;

    static char  *codings[] = {
        "gzip", "deflate", "compress", "br", "zstd", NULL
    };

    if (encoding->len == 0) {
        return 0;
    }

    for (coding = codings; *coding; coding++) {

        if (ngx_strlcasestrn(encoding->data, encoding->data + encoding->len,
                             (u_char *) *coding, ngx_strlen(*coding) - 1))
        {
            return 1;
        }
    }

    return 0;
}


/* what the agent's own header says beyond what core reads of it */

static void
ngx_thread_ws_agent_fields(ngx_http_request_t *r,
    ngx_thread_ws_agent_header_t *header)
{
    ngx_table_elt_t  *h;

    if (r->upstream == NULL) {
        return;
    }

    header->fields = &r->upstream->headers_in.headers;

    h = ngx_thread_ws_headers_find(header->fields, "Location", NULL);

    if (h) {
        header->location = h->value;
    }
}
