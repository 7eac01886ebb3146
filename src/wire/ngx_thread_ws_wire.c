
/*
 * The wires there are, and what they share.
 */


#include "wire/ngx_thread_ws_wire.h"
#include "base/ngx_thread_ws_string.h"


/* in the order of ngx_thread_ws_wire_e */

ngx_thread_ws_wire_t  *ngx_thread_ws_wires[] = {
    &ngx_thread_ws_wire_thread_ws,
    &ngx_thread_ws_wire_ai_sdk,
    &ngx_thread_ws_wire_ag_ui
};


ngx_int_t
ngx_thread_ws_wire_find(ngx_str_t *name)
{
    ngx_int_t  n;

    for (n = 0; n < NGX_THREAD_WS_NWIRES; n++) {

        if (ngx_thread_ws_string_equal(&ngx_thread_ws_wires[n]->name, name)) {
            return n;
        }
    }

    return NGX_ERROR;
}


ngx_int_t
ngx_thread_ws_wire_of(ngx_str_t *subprotocol)
{
    ngx_int_t   n;
    ngx_str_t  *s;

    for (n = 0; n < NGX_THREAD_WS_NWIRES; n++) {

        for (s = ngx_thread_ws_wires[n]->subprotocols; s->len; s++) {

            if (ngx_thread_ws_string_equal(s, subprotocol)) {
                return n;
            }
        }
    }

    return NGX_ERROR;
}


ngx_int_t
ngx_thread_ws_wire_head(ngx_thread_ws_said_t *said, size_t size)
{
    u_char  *p;

    if (size <= said->head_size) {
        return NGX_OK;
    }

    p = realloc(said->head.data, 2 * size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    said->head.data = p;
    said->head_size = 2 * size;

    return NGX_OK;
}


void
ngx_thread_ws_wire_forget(ngx_thread_ws_said_t *said)
{
    if (said->wire && said->wire->forget && said->state) {
        said->wire->forget(said);
    }

    free(said->state);
    free(said->head.data);

    said->state = NULL;
    said->head_size = 0;
    ngx_str_null(&said->head);
}
