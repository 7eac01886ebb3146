
/*
 * LangGraph's states of a thread, newest first, back to the one before a
 * user's message.  Each names its parent: that of the newest one, and so on, is
 * the branch that the thread stands at, others have given way.  A copy of an
 * older state makes it the newest one, and so begins a branch.  A run could be
 * told to begin from an older one, too, but then the JavaScript server begins
 * all later runs from there.
 *
 * A run that failed has its message in the thread, and made others give way all
 * the same.  So what the newest run has replaced may be replaced again if that
 * run came to no end.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "dialect/ngx_thread_ws_dialect.h"
#include "dialect/ngx_thread_ws_langgraph_interrupt.h"


/* as many as one answer has where there are more */

#define NGX_THREAD_WS_LANGGRAPH_PAGE  10

/* bytes of a state's name: more than those of a UUID */

#define NGX_THREAD_WS_LANGGRAPH_NAME  64


static ngx_int_t ngx_thread_ws_langgraph_before_state(
    ngx_thread_ws_before_t *before, json_t *state);


/* A state's name, or that of its parent; NULL if it has none that is one. */

static json_t *
ngx_thread_ws_langgraph_name(json_t *state, const char *member)
{
    size_t       i, len;
    json_t      *name;
    const char  *p;

    name = json_object_get(json_object_get(state, member), "checkpoint_id");

    p = json_string_value(name);
    len = json_string_length(name);

    if (len == 0 || len > NGX_THREAD_WS_LANGGRAPH_NAME) {
        return NULL;
    }

    for (i = 0; i < len; i++) {

        if (p[i] != '-' && (p[i] < '0' || p[i] > '9')
            && ((p[i] | 0x20) < 'a' || (p[i] | 0x20) > 'z'))
        {
            return NULL;
        }
    }

    return name;
}


/* Counts the user's messages, and looks whether that one is among them. */

static ngx_uint_t
ngx_thread_ws_langgraph_users(json_t *state, ngx_str_t *id, ngx_uint_t *has)
{
    size_t       i;
    json_t      *messages, *message, *name;
    ngx_uint_t   n;

    n = 0;
    *has = 0;

    messages = json_object_get(json_object_get(state, "values"), "messages");

    json_array_foreach(messages, i, message) {

        if (!ngx_thread_ws_json_is(json_object_get(message, "type"), "human")) {
            continue;
        }

        n++;
        name = json_object_get(message, "id");

        if (json_string_length(name) == id->len
            && ngx_memcmp(json_string_value(name), id->data, id->len) == 0)
        {
            *has = 1;
        }
    }

    return n;
}


/* Whether a run of it failed, or was cancelled: it neither ended nor asks. */

static ngx_int_t
ngx_thread_ws_langgraph_open(json_t *state, ngx_uint_t *open)
{
    json_t  *asked;

    asked = ngx_thread_ws_langgraph_interrupts(state);
    if (asked == NULL) {
        return NGX_ERROR;
    }

    *open = json_array_size(json_object_get(state, "next"))
            && json_array_size(asked) == 0;

    json_decref(asked);

    return NGX_OK;
}


/* Goes on from a state to its parent, of which a reference is kept. */

static void
ngx_thread_ws_langgraph_follow(json_t **branch, json_t *parent)
{
    json_decref(*branch);
    *branch = json_incref(parent);
}


ngx_int_t
ngx_thread_ws_langgraph_before(ngx_thread_ws_before_t *before, ngx_str_t *body)
{
    size_t      i;
    json_t     *root, *state;
    ngx_int_t   rc;

    rc = ngx_thread_ws_reply_load(&root, body);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_ABORT : rc;
    }

    rc = json_is_array(root) ? NGX_AGAIN : NGX_ABORT;

    json_array_foreach(root, i, state) {
        rc = ngx_thread_ws_langgraph_before_state(before, state);

        if (rc != NGX_AGAIN) {
            break;
        }
    }

    if (rc == NGX_AGAIN && i < NGX_THREAD_WS_LANGGRAPH_PAGE) {
        rc = NGX_DECLINED;
    }

    json_decref(root);

    return rc;
}


static ngx_int_t
ngx_thread_ws_langgraph_before_state(ngx_thread_ws_before_t *before,
    json_t *state)
{
    json_t      *name, *parent;
    ngx_uint_t   users, has, open, here, there;

    name = ngx_thread_ws_langgraph_name(state, "checkpoint");
    parent = ngx_thread_ws_langgraph_name(state, "parent_checkpoint");

    if (name == NULL) {
        return NGX_ABORT;
    }

    ngx_thread_ws_langgraph_follow(&before->last, name);

    users = ngx_thread_ws_langgraph_users(state, &before->message, &has);

    if (!before->begun) {

        if (ngx_thread_ws_langgraph_open(state, &open) != NGX_OK) {
            return NGX_ERROR;
        }

        before->begun = 1;
        before->open = open;
        before->users = users;
        ngx_thread_ws_langgraph_follow(&before->branch, name);
    }

    here = json_equal(before->branch, name);
    there = json_equal(before->other, name);

    if (here) {
        ngx_thread_ws_langgraph_follow(&before->branch, parent);
    }

    if (here && has) {
        before->met = 1;

    } else if ((here && before->met) || (there && !has && !before->met)) {

        if (!before->met
            && (!here || !before->open || before->users > users + 1))
        {
            return NGX_DECLINED;
        }

        before->checkpoint = json_incref(json_object_get(state, "checkpoint"));
        return NGX_OK;

    } else if (there || (has && !before->parted)) {
        before->parted = 1;
        ngx_thread_ws_langgraph_follow(&before->other, parent);
    }

    return NGX_AGAIN;
}


json_t *
ngx_thread_ws_langgraph_back(json_t *checkpoint)
{
    return json_pack("{s:n, s:O}", "values", "checkpoint", checkpoint);
}
