
/*
 * The wire "ag-ui": how a run ends, and one that never began.  Who has aborted
 * a run is told no end of it: over a WebSocket its client would take that for
 * the end of whichever run it has begun since.  An end has no place: it would
 * be that of what was said last, which its client would pass over.
 */


#include "wire/ngx_thread_ws_wire_ag_ui.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json.h"


static ngx_int_t ngx_thread_ws_ag_ui_all_ended(ngx_thread_ws_said_t *said);
static u_char *ngx_thread_ws_ag_ui_outcome(ngx_thread_ws_said_t *said,
    u_char *p, char *asks, size_t size);
static char *ngx_thread_ws_ag_ui_interrupts(ngx_thread_ws_said_t *said,
    ngx_str_t *list);
static u_char *ngx_thread_ws_ag_ui_usage(u_char *p,
    ngx_thread_ws_final_t *final);
static size_t ngx_thread_ws_ag_ui_failed_size(ngx_thread_ws_error_t *error);
static u_char *ngx_thread_ws_ag_ui_failed(u_char *p,
    ngx_thread_ws_error_t *error);


static ngx_int_t
ngx_thread_ws_ag_ui_all_ended(ngx_thread_ws_said_t *said)
{
    return (ngx_thread_ws_ag_ui_message(said, NULL) == NGX_OK)
           ? ngx_thread_ws_ag_ui_calls_end(said) : NGX_ERROR;
}


ngx_int_t
ngx_thread_ws_ag_ui_finish(ngx_thread_ws_said_t *said,
    ngx_thread_ws_finish_t *finish)
{
    char                   *asks;
    u_char                 *p, *event;
    size_t                  size;
    ngx_thread_ws_final_t  *final;

    final = &finish->final;

    if (said->run == NULL || said->run->aborted) {
        return NGX_OK;
    }

    if (ngx_thread_ws_ag_ui_all_ended(said) != NGX_OK) {
        return NGX_ERROR;
    }

    asks = NULL;

    if (final->interrupts.len) {
        asks = ngx_thread_ws_ag_ui_interrupts(said, &final->interrupts);

        if (asks == NULL) {
            return NGX_ERROR;
        }
    }

    size = asks ? ngx_strlen(asks)
                : ngx_thread_ws_ag_ui_pending_size(said->state);

    event = ngx_thread_ws_ag_ui_event(said, said->run->thread_id.len
                                            + said->run->id.len + size
                                            + NGX_THREAD_WS_AG_UI_EVENT
                                            + 4 * NGX_INT64_LEN,
                                      "RUN_FINISHED", &p);
    if (event == NULL) {
        free(asks);
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ag_ui_run(said, p);
    p = ngx_thread_ws_ag_ui_outcome(said, p, asks, size);

    free(asks);

    if (final->usage) {
        p = ngx_thread_ws_ag_ui_usage(p, final);
    }

    ngx_thread_ws_ag_ui_event_end(said, event, p, 1);

    return NGX_OK;
}


static u_char *
ngx_thread_ws_ag_ui_outcome(ngx_thread_ws_said_t *said, u_char *p, char *asks,
    size_t size)
{
    if (asks) {
        p = ngx_thread_ws_ag_ui_put(p, ",\"outcome\":{\"type\":\"interrupt\","
                                       "\"interrupts\":");
        p = ngx_cpymem(p, asks, size);

    } else {
        p = ngx_thread_ws_ag_ui_put(p, ",\"outcome\":{\"type\":\"success\"");
    }

    if (asks == NULL && size) {
        p = ngx_thread_ws_ag_ui_put(p, ",\"pendingToolCallIds\":[");
        p = ngx_thread_ws_ag_ui_pending(said->state, p);
        *p++ = ']';
    }

    *p++ = '}';

    return p;
}


/* a list of what is asked, malloc'ed; NULL without memory */

static char *
ngx_thread_ws_ag_ui_interrupts(ngx_thread_ws_said_t *said, ngx_str_t *list)
{
    char    *text;
    json_t  *asked, *asks, *id;

    asked = json_loadb((char *) list->data, list->len, 0, NULL);
    id = json_stringn((char *) said->run->id.data, said->run->id.len);
    asks = asked ? ngx_thread_ws_ag_ui_asks(asked, id) : NULL;

    text = asks ? json_dumps(asks, JSON_COMPACT|JSON_SORT_KEYS) : NULL;

    json_decref(asked);
    json_decref(asks);
    json_decref(id);

    return text;
}


/*
 * One client takes no answer to a question that does not say whose it is, and
 * is stuck.
 */

json_t *
ngx_thread_ws_ag_ui_asks(json_t *asked, json_t *run)
{
    size_t   i;
    json_t  *ask, *id, *asks;

    asks = json_array();

    json_array_foreach(asked, i, ask) {
        id = json_object_get(ask, "interruptId");

        ask = json_pack("{s:O,s:s,s:{s:O,s:{s:i,s:s,s:O,s:O,s:i}}}",
                        "id", id, "reason", "interrupt", "metadata",
                        "value", json_object_get(ask, "value"),
                        "tanstack:interruptBinding", "v", 1,
                        "kind", "generic", "interruptId", id,
                        "interruptedRunId", run, "generation", 0);

        if (json_array_append_new(asks, ask) != 0) {
            json_decref(asks);
            return NULL;
        }
    }

    return asks;
}


static u_char *
ngx_thread_ws_ag_ui_usage(u_char *p, ngx_thread_ws_final_t *final)
{
    p = ngx_sprintf(p, ",\"usage\":[{\"inputTokens\":%i,\"outputTokens\":%i",
                    final->input_tokens, final->output_tokens);

    if (final->reasoning_tokens) {
        p = ngx_sprintf(p, ",\"reasoningTokens\":%i", final->reasoning_tokens);
    }

    if (final->cached_tokens) {
        p = ngx_sprintf(p, ",\"cachedInputTokens\":%i", final->cached_tokens);
    }

    return ngx_thread_ws_ag_ui_put(p, "}]");
}


/* not an error: clients show one, and this was asked for */

ngx_int_t
ngx_thread_ws_ag_ui_cancelled(ngx_thread_ws_said_t *said, ngx_uint_t kept)
{
    u_char  *p, *event;

    if (said->run == NULL || said->run->aborted) {
        return NGX_OK;
    }

    if (ngx_thread_ws_ag_ui_all_ended(said) != NGX_OK) {
        return NGX_ERROR;
    }

    event = ngx_thread_ws_ag_ui_event(said, said->run->thread_id.len
                                            + said->run->id.len,
                                      "RUN_FINISHED", &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ag_ui_run(said, p);
    p = ngx_thread_ws_ag_ui_put(p, ",\"outcome\":{\"type\":\"cancelled\"}");

    ngx_thread_ws_ag_ui_event_end(said, event, p, 1);

    return NGX_OK;
}


/* whatever is open, it ends */

ngx_int_t
ngx_thread_ws_ag_ui_error(ngx_thread_ws_said_t *said,
    ngx_thread_ws_error_t *error)
{
    u_char  *p, *event;

    if (said->run == NULL || said->run->aborted) {
        return NGX_OK;
    }

    if (ngx_thread_ws_ag_ui_begin(said) == NULL) {
        return NGX_ERROR;
    }

    event = ngx_thread_ws_ag_ui_event(said,
                                      ngx_thread_ws_ag_ui_failed_size(error),
                                      "RUN_ERROR", &p);
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ag_ui_failed(p, error);

    ngx_thread_ws_ag_ui_event_end(said, event, p, 1);

    return NGX_OK;
}


static size_t
ngx_thread_ws_ag_ui_failed_size(ngx_thread_ws_error_t *error)
{
    return ngx_thread_ws_json_escaped_size(error->message.data,
                                           error->message.len)
           + error->code.len + NGX_INT64_LEN;
}


static u_char *
ngx_thread_ws_ag_ui_failed(u_char *p, ngx_thread_ws_error_t *error)
{
    p = ngx_thread_ws_ag_ui_put(p, ",\"message\":\"");
    p = ngx_thread_ws_json_escape(p, error->message.data, error->message.len);
    p = ngx_thread_ws_ag_ui_put(p, "\",\"code\":\"");
    p = ngx_thread_ws_string_append(p, &error->code);
    p = ngx_sprintf(p, "\",\"rawEvent\":{\"retryable\":%s",
                    error->retryable ? "true" : "false");

    if (error->retry_after) {
        p = ngx_sprintf(p, ",\"retryAfterMs\":%M", error->retry_after);
    }

    *p++ = '}';

    return p;
}


/* an error has no run's name: one that is nobody's would be another's */

ngx_int_t
ngx_thread_ws_ag_ui_refused(ngx_thread_ws_wire_out_t *out, void *data,
    ngx_thread_ws_error_t *error)
{
    u_char  *p, *event;

    if (error->request_id.len == 0) {
        return NGX_OK;
    }

    event = out->room(data, NGX_THREAD_WS_AG_UI_EVENT
                            + ngx_thread_ws_ag_ui_failed_size(error));
    if (event == NULL) {
        return NGX_ERROR;
    }

    p = ngx_thread_ws_ag_ui_put(event, "{\"type\":\"RUN_ERROR\"");
    p = ngx_thread_ws_ag_ui_failed(p, error);
    *p++ = '}';

    out->event(data, event, p);

    return NGX_OK;
}
