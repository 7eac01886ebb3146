
/*
 * What an agent's request does on its way through nginx's phases.
 */


#include "agent/ngx_thread_ws_agent_private.h"


static ngx_int_t ngx_thread_ws_agent_rewrite(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_agent_preaccess(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_agent_precontent(ngx_http_request_t *r);


/*
 * client_max_body_size is for what clients send, and core looks at it whenever
 * it has found a location: for a run's request, each place that this goes to by
 * a redirect, and its subrequests.  So they tell no length before that, ...
 */

static ngx_int_t
ngx_thread_ws_agent_rewrite(ngx_http_request_t *r)
{
    if (r->connection->recv == ngx_thread_ws_agent_recv) {
        r->headers_in.content_length_n = -1;
    }

    return NGX_DECLINED;
}


/* ... and their body's after it */

static ngx_int_t
ngx_thread_ws_agent_preaccess(ngx_http_request_t *r)
{
    off_t         size;
    ngx_chain_t  *cl;

    if (r->connection->recv != ngx_thread_ws_agent_recv
        || r->request_body == NULL)
    {
        return NGX_DECLINED;
    }

    size = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    r->headers_in.content_length_n = size;

    ngx_thread_ws_agent_interim(r);

    return NGX_DECLINED;
}


/* whoever asks for access alone has it */

static ngx_int_t
ngx_thread_ws_agent_precontent(ngx_http_request_t *r)
{
    if (r->connection->recv != ngx_thread_ws_agent_recv || r != r->main
        || !ngx_thread_ws_agent_of(r)->call.bare)
    {
        return NGX_DECLINED;
    }

    return NGX_HTTP_NO_CONTENT;
}


ngx_int_t
ngx_thread_ws_agent_phases(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    static const struct {
        ngx_uint_t              phase;
        ngx_http_handler_pt     handler;
    } phases[] = {
        { NGX_HTTP_SERVER_REWRITE_PHASE, ngx_thread_ws_agent_rewrite },
        { NGX_HTTP_REWRITE_PHASE, ngx_thread_ws_agent_rewrite },
        { NGX_HTTP_PREACCESS_PHASE, ngx_thread_ws_agent_preaccess },
        { NGX_HTTP_PRECONTENT_PHASE, ngx_thread_ws_agent_precontent }
    };

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    for (i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {

        h = ngx_array_push(&cmcf->phases[phases[i].phase].handlers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = phases[i].handler;
    }

    return NGX_OK;
}
