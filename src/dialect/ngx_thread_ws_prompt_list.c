
/*
 * Messages in the order that the APIs of models want.
 */


#include "dialect/ngx_thread_ws_prompt_calls.h"
#include "dialect/ngx_thread_ws_prompt_list.h"
#include "dialect/ngx_thread_ws_prompt_parts.h"


static int ngx_thread_ws_prompt_runs(json_t *messages,
    ngx_thread_ws_prompt_t *prompt, ngx_thread_ws_prompt_writers_t *writers);


/* the words for results whose calls are gone stand before the content */

static int
ngx_thread_ws_prompt_question(json_t *messages, json_t *open, json_t *asked,
    ngx_str_t *content, ngx_thread_ws_prompt_writers_t *writers)
{
    int         rc;
    json_t     *results, *strays, *said;
    ngx_str_t   before;

    if (json_array_size(open) == 0
        && json_object_get(asked, "toolResults") == NULL
        && json_object_get(asked, "content") == NULL)
    {
        return ngx_thread_ws_prompt_message(messages, "user", content);
    }

    results = ngx_thread_ws_prompt_results(asked);
    strays = ngx_thread_ws_prompt_strays(asked, open);
    said = NULL;

    if (results && strays) {
        before.data = (u_char *) json_string_value(strays);
        before.len = json_string_length(strays);

        said = ngx_thread_ws_prompt_said(writers->part, asked, content,
                                         &before);
    }

    if (said == NULL) {
        rc = -1;

    } else if (json_array_size(open)) {
        rc = writers->question(messages, open, results, said);

    } else {
        rc = json_array_append_new(messages,
                                   json_pack("{s:s, s:O}", "role", "user",
                                             "content", said));
    }

    json_decref(results);
    json_decref(strays);
    json_decref(said);

    return rc;
}


json_t *
ngx_thread_ws_prompt_list(ngx_thread_ws_prompt_t *prompt,
    ngx_thread_ws_prompt_writers_t *writers)
{
    json_t  *messages;

    messages = json_array();

    if ((writers->system && prompt->system_prompt.len
         && ngx_thread_ws_prompt_message(messages, "system",
                                         &prompt->system_prompt))
        || ngx_thread_ws_prompt_runs(messages, prompt, writers))
    {
        json_decref(messages);
        return NULL;
    }

    return messages;
}


static ngx_uint_t
ngx_thread_ws_prompt_thinks(ngx_thread_ws_exchange_t *exchange)
{
    size_t   i;
    json_t  *part;

    json_array_foreach(exchange->parts, i, part) {

        if (ngx_thread_ws_prompt_is(part, "reasoning")) {
            return 1;
        }
    }

    return 0;
}


static int
ngx_thread_ws_prompt_runs(json_t *messages,
    ngx_thread_ws_prompt_t *prompt, ngx_thread_ws_prompt_writers_t *writers)
{
    int                        rc;
    json_t                    *open, *before;
    ngx_uint_t                 i;
    ngx_thread_ws_exchange_t  *e;

    before = NULL;
    rc = 0;

    for (i = 0; i < prompt->nhistory && rc == 0; i++) {
        e = &prompt->history[i];

        open = e->parts ? ngx_thread_ws_prompt_open(e->parts) : NULL;

        if (e->parts && open == NULL) {
            rc = -1;
            break;
        }

        if (json_array_size(open) == 0
            && ngx_thread_ws_prompt_blank(&e->answer))
        {
            json_decref(open);
            continue;
        }

        rc = ngx_thread_ws_prompt_question(messages, before, e->asked,
                                           &e->content, writers);

        if (rc == 0) {
            rc = (json_array_size(open)
                  || (prompt->reasoning && ngx_thread_ws_prompt_thinks(e)))
                 ? writers->answer(messages, prompt, e, open)
                 : ngx_thread_ws_prompt_message(messages, "assistant",
                                                &e->answer);
        }

        json_decref(before);
        before = open;
    }

    if (rc == 0) {
        rc = ngx_thread_ws_prompt_question(messages, before, prompt->asked,
                                           &prompt->content, writers);
    }

    json_decref(before);

    return rc;
}
