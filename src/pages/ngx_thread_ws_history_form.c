
/*
 * A thread's history as it is sent: in our own protocol's form, or as the
 * messages of another's clients.
 */


#include "ngx_thread_ws.h"
#include "pages/ngx_thread_ws_history.h"
#include "pages/ngx_thread_ws_page.h"


static json_t *ngx_thread_ws_history_document(ngx_http_request_t *r,
    json_t *messages);


ngx_thread_ws_wire_t *
ngx_thread_ws_history_wire(ngx_http_request_t *r)
{
    ngx_int_t  n;
    ngx_str_t  name;

    if (ngx_http_arg(r, (u_char *) "format", sizeof("format") - 1, &name)
        != NGX_OK)
    {
        return ngx_thread_ws_wires[NGX_THREAD_WS_WIRE_THREAD_WS];
    }

    n = ngx_thread_ws_wire_find(&name);

    return (n == NGX_ERROR) ? NULL : ngx_thread_ws_wires[n];
}


ngx_int_t
ngx_thread_ws_history_send(ngx_http_request_t *r, ngx_str_t *thread_id,
    json_t *messages)
{
    json_t  *root, *document;

    document = ngx_thread_ws_history_document(r, messages);
    json_decref(messages);

    root = json_pack("{s:s%}", "threadId", thread_id->data, thread_id->len);

    if (json_object_update(root, document) != 0) {
        json_decref(root);
        root = NULL;
    }

    json_decref(document);

    return ngx_thread_ws_page_json(r, root);
}


/*
 * NULL without memory, and if there are no messages for want of it.  Where the
 * older pages are our own protocol's messages say themselves.
 */

static json_t *
ngx_thread_ws_history_document(ngx_http_request_t *r, json_t *messages)
{
    json_t                *root;
    ngx_str_t              value;
    ngx_uint_t             newest;
    json_int_t             seq;
    ngx_thread_ws_wire_t  *wire;

    if (messages == NULL) {
        return NULL;
    }

    wire = ngx_thread_ws_history_wire(r);

    if (wire->history == NULL) {
        return json_pack("{s:O}", "messages", messages);
    }

    newest = (ngx_http_arg(r, (u_char *) "before", sizeof("before") - 1, &value)
              != NGX_OK);

    root = wire->history(messages, newest);
    seq = json_integer_value(json_object_get(json_array_get(messages, 0),
                                             "seq"));

    if (root && seq > 1
        && json_object_set_new(root, "before", json_integer(seq)) != 0)
    {
        json_decref(root);
        return NULL;
    }

    return root;
}
