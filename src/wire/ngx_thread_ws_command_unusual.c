
/*
 * Commands as they stand in their text, by JSON's grammar alone: what jansson
 * does not take, and why; and what is given back as it came.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "wire/ngx_thread_ws_command_private.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json.h"
#include "json/ngx_thread_ws_json_walk.h"


/* a command's text by JSON's grammar alone: values as they stand there */

typedef struct {
    ngx_str_t                  type;
    ngx_str_t                  request_id;
    ngx_str_t                  t;
    ngx_str_t                  parameters;
    ngx_str_t                  metadata;
    ngx_str_t                  content;
    ngx_str_t                  results;
    ngx_str_t                  answers;
    ngx_uint_t                 twice;     /* one of the above is */
    ngx_uint_t                 others;    /* members of other names */
} ngx_thread_ws_command_raw_t;


/* which member of a field, which has some, it is that jansson does not take */

typedef struct {
    ngx_thread_ws_command_t  *command;
    char                     *field;
    json_t                   *names;      /* that were seen */
    ngx_uint_t                found;      /* unsigned  found:1 */
} ngx_thread_ws_culprit_t;


static ngx_int_t ngx_thread_ws_command_culprit(
    ngx_thread_ws_command_t *command, char *field, ngx_str_t *value);
static void ngx_thread_ws_culprit_member(void *data, ngx_str_t *name,
    ngx_str_t *value);


static void
ngx_thread_ws_command_raw_member(void *data, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_thread_ws_command_raw_t *raw = data;

    u_char     *last, plain[64];
    ngx_str_t   s, *field;

    /* longer ones are no name of ours: an escape has six bytes at most */

    last = (name->len <= sizeof(plain))
           ? ngx_thread_ws_json_unescape(plain, name->data, name->len) : NULL;

    s.data = plain;
    s.len = last ? (size_t) (last - plain) : 0;

    field = ngx_thread_ws_string_is(&s, "type") ? &raw->type
            : ngx_thread_ws_string_is(&s, "requestId") ? &raw->request_id
            : ngx_thread_ws_string_is(&s, "t") ? &raw->t
            : ngx_thread_ws_string_is(&s, "parameters") ? &raw->parameters
            : ngx_thread_ws_string_is(&s, "metadata") ? &raw->metadata
            : ngx_thread_ws_string_is(&s, "content") ? &raw->content
            : ngx_thread_ws_string_is(&s, "toolResults") ? &raw->results
            : ngx_thread_ws_string_is(&s, "answers") ? &raw->answers
            : NULL;

    if (field == NULL) {
        raw->others++;
        return;
    }

    /* which of two lists is meant matters to nobody: both are refused */

    raw->twice |= (field->len != 0 && field < &raw->content);
    *field = *value;
}


/* a message's, if it has a good one */

static void
ngx_thread_ws_command_raw_id(ngx_thread_ws_command_t *command,
    ngx_thread_ws_command_raw_t *raw)
{
    ngx_str_t  id;

    if (!ngx_thread_ws_string_is(&raw->type, "\"message\"")
        || raw->request_id.len <= 2 || raw->twice)
    {
        return;
    }

    id.data = raw->request_id.data + 1;
    id.len = raw->request_id.len - 2;

    if (*raw->request_id.data == '"'
        && ngx_thread_ws_request_id_check(&id) == NGX_OK)
    {
        command->request_id = id;
    }
}


/* a ping and nothing else */

static ngx_uint_t
ngx_thread_ws_command_raw_ping(ngx_thread_ws_command_raw_t *raw)
{
    return ngx_thread_ws_string_is(&raw->type, "\"ping\"")
           && !raw->twice && !raw->others && raw->request_id.len == 0
           && raw->parameters.len == 0 && raw->metadata.len == 0
           && raw->content.len == 0 && raw->results.len == 0
           && raw->answers.len == 0;
}


/* whether that is for one of these, which are lists: NGX_OK or NGX_DECLINED */

static ngx_int_t
ngx_thread_ws_command_list(ngx_thread_ws_command_t *command,
    ngx_thread_ws_command_raw_t *raw)
{
    json_t      *json;
    ngx_str_t   *list[3];
    ngx_uint_t   i;

    static char  *reasons[] = {
        "content: a number, a text or a name is none that can be kept",
        "toolResults: a number, a text or a name is none that can be kept",
        "answers: a number, a text or a name is none that can be kept"
    };

    list[0] = &raw->content;
    list[1] = &raw->results;
    list[2] = &raw->answers;

    for (i = 0; i < 3; i++) {

        if (list[i]->len == 0 || *list[i]->data != '[') {
            continue;
        }

        json = json_loadb((char *) list[i]->data, list[i]->len,
                          JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL, NULL);

        if (json == NULL) {
            return ngx_thread_ws_command_invalid(command, reasons[i]);
        }

        json_decref(json);
    }

    return NGX_OK;
}


/*
 * What jansson does not take may be JSON all the same, and a ping's t is given
 * back whatever it is: NGX_OK for a ping.
 */

ngx_int_t
ngx_thread_ws_command_unusual(ngx_thread_ws_command_t *command,
    ngx_str_t *text, enum json_error_code code)
{
    ngx_int_t                    rc;
    ngx_thread_ws_command_raw_t  raw;

    ngx_memzero(&raw, sizeof(ngx_thread_ws_command_raw_t));

    rc = ngx_thread_ws_json_walk(text, ngx_thread_ws_command_raw_member, &raw);

    if (rc == NGX_DECLINED) {
        return ngx_thread_ws_command_no_json(command);
    }

    if (rc == NGX_OK && ngx_thread_ws_command_raw_ping(&raw)) {
        command->type = NGX_THREAD_WS_COMMAND_PING;
        command->t = raw.t;
        return NGX_OK;
    }

    ngx_thread_ws_command_raw_id(command, &raw);

    if (rc == NGX_OK && !raw.twice
        && (ngx_thread_ws_command_culprit(command, "parameters",
                                          &raw.parameters)
            != NGX_OK
            || ngx_thread_ws_command_culprit(command, "metadata",
                                             &raw.metadata)
               != NGX_OK
            || ngx_thread_ws_command_list(command, &raw) != NGX_OK))
    {
        return NGX_DECLINED;
    }

    if (raw.twice || code == json_error_duplicate_key) {
        return ngx_thread_ws_command_invalid(command,
                                             "a field is given twice");
    }

    if (rc == NGX_BUSY || code == json_error_stack_overflow) {
        return ngx_thread_ws_command_invalid(command,
                                 "objects and arrays are nested too deeply");
    }

    switch (code) {

    case json_error_numeric_overflow:
        return ngx_thread_ws_command_invalid(command, "a number is too large");

    case json_error_null_byte_in_key:
        return ngx_thread_ws_command_invalid(command,
                                             "a name must not contain U+0000");

    default:
        return ngx_thread_ws_command_invalid(command,
                               "a string has one half of a surrogate pair");
    }
}


/* what comes back is t as it stands, which jansson would write anew */

ngx_int_t
ngx_thread_ws_command_ping(ngx_thread_ws_command_t *command, ngx_str_t *text)
{
    ngx_thread_ws_command_raw_t  raw;

    ngx_memzero(&raw, sizeof(ngx_thread_ws_command_raw_t));

    if (ngx_thread_ws_json_walk(text, ngx_thread_ws_command_raw_member, &raw)
        != NGX_OK)
    {
        return ngx_thread_ws_command_invalid(command,
                                 "objects and arrays are nested too deeply");
    }

    command->t = raw.t;

    return NGX_OK;
}


/*
 * A text that jansson does not take: whether that is for a member of the field
 * of that name, which is value.  NGX_OK: it is not; NGX_DECLINED: the command
 * is refused by the member's name.
 */

static ngx_int_t
ngx_thread_ws_command_culprit(ngx_thread_ws_command_t *command, char *field,
    ngx_str_t *value)
{
    ngx_thread_ws_culprit_t  culprit;

    if (value->len == 0 || *value->data != '{') {
        return NGX_OK;
    }

    culprit.command = command;
    culprit.field = field;
    culprit.names = json_object();
    culprit.found = 0;

    (void) ngx_thread_ws_json_walk(value, ngx_thread_ws_culprit_member,
                                   &culprit);

    json_decref(culprit.names);

    return culprit.found ? NGX_DECLINED : NGX_OK;
}


static void
ngx_thread_ws_culprit_member(void *data, ngx_str_t *name, ngx_str_t *value)
{
    ngx_thread_ws_culprit_t *culprit = data;

    u_char     *last, plain[NGX_THREAD_WS_PARAMETER_NAME + 1];
    json_t     *json;
    ngx_str_t   shown;
    ngx_uint_t  twice;

    if (culprit->found) {
        return;
    }

    /* one that is longer is shown as it stands */

    shown = *name;
    twice = 0;

    last = (name->len < sizeof(plain))
           ? ngx_thread_ws_json_unescape(plain, name->data, name->len) : NULL;

    if (last && memchr(plain, '\0', last - plain) == NULL) {
        shown.data = plain;
        shown.len = last - plain;

        *last = '\0';
        twice = (json_object_get(culprit->names, (char *) plain) != NULL);

        (void) json_object_set_new(culprit->names, (char *) plain, json_null());
    }

    json = json_loadb((char *) value->data, value->len,
                      JSON_REJECT_DUPLICATES|JSON_DECODE_ANY|JSON_ALLOW_NUL,
                      NULL);

    if (json && !twice) {
        json_decref(json);
        return;
    }

    json_decref(json);

    culprit->found = 1;
    culprit->command->code = NGX_THREAD_WS_INVALID_MESSAGE;
    culprit->command->reason = (char *) culprit->command->words;

    ngx_thread_ws_reason(culprit->command->words, culprit->field, &shown,
                         twice ? "is given twice"
                               : "has a value that cannot be read", NULL);
}
