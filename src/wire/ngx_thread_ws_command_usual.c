
/*
 * The usual message.  jansson's tree of one costs more than the rest of what
 * a client sends, so the four strings that it is made of are taken from where
 * they stand.  Whatever is not as usual is left to jansson, whose reading is
 * the one that counts: both say the same of every message.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "wire/ngx_thread_ws_command_private.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json.h"
#include "json/ngx_thread_ws_json_scan.h"


/* what the fields stand in, and how long the content is once unescaped */

typedef struct {
    ngx_str_t                  type;
    ngx_str_t                  request_id;
    ngx_str_t                  thread_id;
    ngx_str_t                  content;
    size_t                     size;
} ngx_thread_ws_command_usual_t;


static ngx_int_t ngx_thread_ws_command_usual_fields(
    ngx_thread_ws_command_usual_t *usual, ngx_str_t *text);
static ngx_str_t *ngx_thread_ws_command_usual_field(
    ngx_thread_ws_command_usual_t *usual, ngx_str_t *name);


ngx_int_t
ngx_thread_ws_command_usual(ngx_thread_ws_command_t *command, ngx_str_t *text)
{
    ngx_thread_ws_command_usual_t  usual;

    ngx_memzero(&usual, sizeof(ngx_thread_ws_command_usual_t));

    if (ngx_thread_ws_command_usual_fields(&usual, text) != NGX_OK
        || !ngx_thread_ws_string_is(&usual.type, "message")
        || ngx_thread_ws_request_id_check(&usual.request_id) != NGX_OK
        || usual.thread_id.data == NULL || usual.content.len == 0)
    {
        return NGX_DECLINED;
    }

    if (usual.size != usual.content.len) {

        command->plain = malloc(usual.content.len);
        if (command->plain == NULL) {
            return NGX_ERROR;
        }

        (void) ngx_thread_ws_json_unescape(command->plain, usual.content.data,
                                           usual.content.len);

        usual.content.data = command->plain;
        usual.content.len = usual.size;
    }

    command->type = NGX_THREAD_WS_COMMAND_MESSAGE;
    command->request_id = usual.request_id;
    command->thread_id = usual.thread_id;
    command->content = usual.content;

    return NGX_OK;
}


/* an object of these fields alone, each once at most, and each a string */

static ngx_int_t
ngx_thread_ws_command_usual_fields(ngx_thread_ws_command_usual_t *usual,
    ngx_str_t *text)
{
    u_char     *p, *end, *last;
    size_t      size;
    ngx_str_t   name, *field;

    last = text->data + text->len;
    p = ngx_thread_ws_json_space(text->data, last);

    if (p == last || *p != '{') {
        return NGX_DECLINED;
    }

    do {
        p = ngx_thread_ws_json_member(p + 1, last, &name);

        if (p == NULL || *p != '"') {
            return NGX_DECLINED;
        }

        end = ngx_thread_ws_json_string(++p, last, &size);
        field = ngx_thread_ws_command_usual_field(usual, &name);

        if (end == NULL || field == NULL || field->data) {
            return NGX_DECLINED;
        }

        field->data = p;
        field->len = (size_t) (end - p);

        if (field == &usual->content) {
            usual->size = size;

        } else if (size != field->len) {
            return NGX_DECLINED;
        }

        p = ngx_thread_ws_json_space(end + 1, last);

        if (p == last) {
            return NGX_DECLINED;
        }

    } while (*p == ',');

    return (*p == '}' && ngx_thread_ws_json_space(p + 1, last) == last)
           ? NGX_OK : NGX_DECLINED;
}


static ngx_str_t *
ngx_thread_ws_command_usual_field(ngx_thread_ws_command_usual_t *usual,
    ngx_str_t *name)
{
    if (ngx_thread_ws_string_is(name, "content")) {
        return &usual->content;
    }

    if (ngx_thread_ws_string_is(name, "type")) {
        return &usual->type;
    }

    if (ngx_thread_ws_string_is(name, "requestId")) {
        return &usual->request_id;
    }

    return ngx_thread_ws_string_is(name, "threadId") ? &usual->thread_id : NULL;
}
