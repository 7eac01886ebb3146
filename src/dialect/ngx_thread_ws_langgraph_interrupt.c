
/*
 * Interrupts.  A server tells them among the nodes' updates, by ids of its own;
 * servers before these existed give none, and then they are numbered.  Where a
 * graph was compiled to stop before or after a node, which asks nothing, the
 * list is empty: that is a question, too, by a name of ours.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_langgraph_interrupt.h"
#include "dialect/ngx_thread_ws_parts.h"
#include "dialect/ngx_thread_ws_voices.h"


/* digits of the server's own ids */

#define NGX_THREAD_WS_LANGGRAPH_ID    32

#define NGX_THREAD_WS_LANGGRAPH_STOP  "breakpoint"


static ngx_int_t ngx_thread_ws_langgraph_asks(ngx_thread_ws_reply_t *reply,
    json_t *interrupts);
static ngx_int_t ngx_thread_ws_langgraph_ask(ngx_thread_ws_reply_t *reply,
    ngx_str_t *id, json_t *value);
static json_t *ngx_thread_ws_langgraph_asked(json_t *interrupt);
static ngx_uint_t ngx_thread_ws_langgraph_named(json_t *answers);
static int ngx_thread_ws_langgraph_command(json_t *root, json_t *resume);


ngx_int_t
ngx_thread_ws_langgraph_interrupt(ngx_thread_ws_reply_t *reply,
    ngx_str_t *type, ngx_str_t *data)
{
    size_t       len;
    json_t      *root, *interrupts;
    ngx_int_t    rc;
    const char **mode;

    static const char  *modes[] = { "updates", "values", NULL };

    for (mode = modes; *mode; mode++) {
        len = ngx_strlen(*mode);

        if (ngx_thread_ws_string_begins(type, *mode)
            && (type->len == len || type->data[len] == '|'))
        {
            break;
        }
    }

    /* nearly all of them say nothing of the kind, and may be large */

    if (*mode == NULL || memmem(data->data, data->len, "\"__interrupt__\"", 15)
                         == NULL)
    {
        return NGX_DECLINED;
    }

    rc = ngx_thread_ws_reply_load(&root, data);

    if (rc != NGX_OK) {
        return rc;
    }

    interrupts = json_object_get(root, "__interrupt__");

    rc = json_is_array(interrupts)
         ? ngx_thread_ws_langgraph_asks(reply, interrupts) : NGX_DECLINED;

    json_decref(root);

    return rc;
}


static ngx_int_t
ngx_thread_ws_langgraph_asks(ngx_thread_ws_reply_t *reply, json_t *interrupts)
{
    size_t     i;
    json_t    *interrupt;
    ngx_str_t  id;

    if (ngx_thread_ws_parts_create(reply) != NGX_OK) {
        return NGX_ERROR;
    }

    reply->interrupted = 1;

    if (json_array_size(interrupts) == 0) {
        ngx_str_set(&id, NGX_THREAD_WS_LANGGRAPH_STOP);

        return ngx_thread_ws_langgraph_ask(reply, &id, NULL);
    }

    json_array_foreach(interrupts, i, interrupt) {
        ngx_thread_ws_parts_string(&id,
                                   ngx_thread_ws_langgraph_asked(interrupt));

        if (ngx_thread_ws_langgraph_ask(reply, &id,
                                          json_object_get(interrupt, "value"))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* once each; without an id by a number */

static ngx_int_t
ngx_thread_ws_langgraph_ask(ngx_thread_ws_reply_t *reply, ngx_str_t *id,
    json_t *value)
{
    u_char     buf[sizeof("interrupt-") - 1 + NGX_INT_T_LEN];
    uint64_t   hash;
    ngx_int_t  told;
    ngx_str_t  name;

    name = *id;

    if (id->len == 0) {
        name.data = buf;
        name.len = ngx_sprintf(buf, "interrupt-%ui", ++reply->parts->asked)
                   - buf;
    }

    /* subgraphs say them, too */

    hash = ngx_thread_ws_voices_hash(0, "i", 1);
    hash = ngx_thread_ws_voices_hash(hash, (char *) name.data, name.len);

    told = ngx_thread_ws_parts_told(reply->parts, hash, 0);

    if (told) {
        return (told == NGX_ERROR) ? NGX_ERROR : NGX_OK;
    }

    return ngx_thread_ws_parts_json(reply, NGX_THREAD_WS_PART_INTERRUPT, &name,
                                    value);
}


/* its id, by one of the names that servers have for it */

static json_t *
ngx_thread_ws_langgraph_asked(json_t *interrupt)
{
    json_t  *id;

    id = json_object_get(interrupt, "id");

    return json_string_length(id) ? id
           : json_object_get(interrupt, "interrupt_id");
}


json_t *
ngx_thread_ws_langgraph_interrupts(json_t *state)
{
    size_t   i, n;
    json_t  *open, *task, *interrupt, *id;

    open = json_array();

    json_array_foreach(json_object_get(state, "tasks"), i, task) {

        /* one with a result has its answer, and waits for others */

        if (json_is_object(json_object_get(task, "result"))) {
            continue;
        }

        json_array_foreach(json_object_get(task, "interrupts"), n, interrupt) {
            id = ngx_thread_ws_langgraph_asked(interrupt);

            if (json_string_length(id)
                && json_array_append_new(open,
                           json_pack("{s:O, s:O?}", "interruptId", id, "value",
                                     json_object_get(interrupt, "value"))))
            {
                json_decref(open);
                return NULL;
            }
        }
    }

    return open;
}


/* whether all are answers to what the server itself has named */

static ngx_uint_t
ngx_thread_ws_langgraph_named(json_t *answers)
{
    size_t       i, n;
    json_t      *answer, *id;
    const char  *p;

    json_array_foreach(answers, i, answer) {
        id = json_object_get(answer, "interruptId");

        if (json_string_length(id) != NGX_THREAD_WS_LANGGRAPH_ID) {
            return 0;
        }

        p = json_string_value(id);

        for (n = 0; n < NGX_THREAD_WS_LANGGRAPH_ID; n++) {

            if (!((p[n] >= '0' && p[n] <= '9') || (p[n] >= 'a' && p[n] <= 'f')))
            {
                return 0;
            }
        }
    }

    return 1;
}


/*
 * Answers go by the server's ids.  What has none is answered by the value
 * alone, the first of several: the server asks for the others again.
 */

int
ngx_thread_ws_langgraph_resume(json_t *root, json_t *answers)
{
    size_t       i;
    json_t      *resume, *answer, *value;
    const char  *id;

    if (json_object_set_new(root, "input", json_null())) {
        return -1;
    }

    if (!ngx_thread_ws_langgraph_named(answers)) {
        answer = json_array_get(answers, 0);

        return ngx_thread_ws_json_is(json_object_get(answer, "interruptId"),
                                     NGX_THREAD_WS_LANGGRAPH_STOP)
               ? 0 : ngx_thread_ws_langgraph_command(root,
                            json_incref(json_object_get(answer, "value")));
    }

    resume = json_object();

    json_array_foreach(answers, i, answer) {
        id = json_string_value(json_object_get(answer, "interruptId"));
        value = json_object_get(answer, "value");

        if (json_object_set(resume, id, value)) {
            json_decref(resume);
            return -1;
        }
    }

    return ngx_thread_ws_langgraph_command(root, resume);
}


/* takes the reference */

static int
ngx_thread_ws_langgraph_command(json_t *root, json_t *resume)
{
    return json_object_set_new(root, "command",
                               json_pack("{s:o}", "resume", resume));
}
