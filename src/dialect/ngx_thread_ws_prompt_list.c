
/*
 * Messages in the order that the APIs of models want.
 */


#include "dialect/ngx_thread_ws_prompt_calls.h"
#include "dialect/ngx_thread_ws_prompt_list.h"


/* the words for results whose calls are gone stand before the content */

static int
ngx_thread_ws_prompt_question(json_t *messages, json_t *open, json_t *asked,
    ngx_str_t *content, ngx_thread_ws_prompt_writers_t *writers)
{
    int         rc;
    u_char     *p;
    json_t     *results, *strays;
    ngx_str_t   text;

    if (json_array_size(open) == 0
        && json_object_get(asked, "toolResults") == NULL)
    {
        return ngx_thread_ws_prompt_message(messages, "user", content);
    }

    text = *content;
    p = NULL;
    rc = -1;

    results = ngx_thread_ws_prompt_results(asked);
    strays = ngx_thread_ws_prompt_strays(asked, open);

    if (results == NULL || strays == NULL) {
        goto done;
    }

    if (json_string_length(strays)) {
        text.len = json_string_length(strays) + content->len;

        p = malloc(text.len);
        if (p == NULL) {
            goto done;
        }

        text.data = p;

        p = ngx_cpymem(p, json_string_value(strays),
                       json_string_length(strays));

        if (content->len) {
            ngx_memcpy(p, content->data, content->len);
        }

        p = text.data;
    }

    rc = json_array_size(open)
         ? writers->question(messages, open, results, &text)
         : ngx_thread_ws_prompt_message(messages, "user", &text);

done:

    free(p);
    json_decref(results);
    json_decref(strays);

    return rc;
}


int
ngx_thread_ws_prompt_list(json_t *messages, ngx_thread_ws_prompt_t *prompt,
    ngx_thread_ws_prompt_writers_t *writers)
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
            rc = json_array_size(open)
                 ? writers->answer(messages, e, open)
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
