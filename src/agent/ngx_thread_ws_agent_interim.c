
/*
 * Interim responses.  HTTP allows 100, 102 and 103 before any answer, asked for
 * or not, and nginx before 1.29 takes the first of them for the answer: they
 * are taken out of its buffer before it looks.
 */


#include "agent/ngx_thread_ws_agent_private.h"


static ngx_int_t ngx_thread_ws_agent_content(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_agent_reinit(ngx_http_request_t *r);
static ngx_int_t ngx_thread_ws_agent_process(ngx_http_request_t *r);


void
ngx_thread_ws_agent_interim(ngx_http_request_t *r)
{
    ngx_thread_ws_agent_t  *agent;

    agent = ngx_thread_ws_agent_of(r);

    if (r == r->main && r->content_handler
        && r->content_handler != ngx_thread_ws_agent_content)
    {
        agent->content = r->content_handler;
        r->content_handler = ngx_thread_ws_agent_content;
    }
}


/* the handler of the location makes the upstream, and all that it is made of */

static ngx_int_t
ngx_thread_ws_agent_content(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_http_upstream_t    *u;
    ngx_thread_ws_agent_t  *agent;

    agent = ngx_thread_ws_agent_of(r);

    rc = agent->content(r);

    u = r->upstream;

    if (rc == NGX_DONE && u && u->process_header && u->reinit_request
        && u->reinit_request != ngx_thread_ws_agent_reinit)
    {
        agent->reinit = u->reinit_request;
        u->reinit_request = ngx_thread_ws_agent_reinit;

        agent->process = u->process_header;
        u->process_header = ngx_thread_ws_agent_process;
    }

    return rc;
}


/* the next upstream's turn: all begins anew */

static ngx_int_t
ngx_thread_ws_agent_reinit(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_thread_ws_agent_t  *agent;

    agent = ngx_thread_ws_agent_of(r);

    rc = agent->reinit(r);

    agent->process = r->upstream->process_header;
    r->upstream->process_header = ngx_thread_ws_agent_process;

    return rc;
}


/*
 * An interim response at p: NGX_OK and where it ends, NGX_AGAIN if it is not
 * whole yet, NGX_DECLINED if it is none.  101 is an answer.
 */

static ngx_int_t
ngx_thread_ws_agent_skip(u_char *p, u_char *last, u_char **end)
{
    u_char  *q;
    size_t   i, len;

    static u_char  line[] = "HTTP/1.? 1??";

    len = ngx_min((size_t) (last - p), sizeof(line) - 1);

    for (i = 0; i < len; i++) {

        if (line[i] != '?' && p[i] != line[i]) {
            return NGX_DECLINED;
        }
    }

    if (len < sizeof(line) - 1) {
        return NGX_AGAIN;
    }

    if (p[10] == '0' && p[11] == '1') {
        return NGX_DECLINED;
    }

    for (q = p + len; q < last; q++) {

        if (*q != LF) {
            continue;
        }

        if (last - q >= 2 && q[1] == LF) {
            *end = q + 2;
            return NGX_OK;
        }

        if (last - q >= 3 && q[1] == CR && q[2] == LF) {
            *end = q + 3;
            return NGX_OK;
        }
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_thread_ws_agent_process(ngx_http_request_t *r)
{
    u_char                 *end;
    ngx_int_t               rc;
    ngx_http_upstream_t    *u;
    ngx_thread_ws_agent_t  *agent;

    u = r->upstream;
    agent = ngx_thread_ws_agent_of(r);

    do {
        rc = ngx_thread_ws_agent_skip(u->buffer.pos, u->buffer.last, &end);

        if (rc == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (rc == NGX_OK) {
            u->buffer.pos = end;
        }

    } while (rc == NGX_OK);

    u->process_header = agent->process;

    return u->process_header(r);
}
