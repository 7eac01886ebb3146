
/*
 * Whatever a client says: a command or an error, and it is read as it means.
 */


#include "fuzz.h"
#include <jansson.h>
#include "json/ngx_thread_ws_json_walk.h"
#include "wire/ngx_thread_ws_command.h"


static void fuzz_taken(ngx_thread_ws_command_t *command,
    const uint8_t *data, size_t size);
static void fuzz_extra(ngx_thread_ws_command_t *command, json_t *root);
static void fuzz_parameters(json_t *parameters);
static void fuzz_content(ngx_thread_ws_command_t *command, json_t *content);
static void fuzz_items(ngx_str_t *extra, json_t *root, const char *list,
    const char *id, const char *value);
static void fuzz_same(json_t *root, const char *name, ngx_str_t *field);
static void fuzz_refused(ngx_thread_ws_command_t *command,
    const uint8_t *data, size_t size);
static ngx_int_t fuzz_json(const uint8_t *data, size_t size);
static void fuzz_member(void *data, ngx_str_t *name, ngx_str_t *value);
static ngx_uint_t fuzz_id(ngx_str_t *id);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                   *copy;
    ngx_int_t                 rc;
    ngx_thread_ws_command_t   command;

    copy = malloc(size ? size : 1);
    ngx_memcpy(copy, data, size);

    rc = ngx_thread_ws_command_parse(&command, copy, size);

    if (rc == NGX_OK) {
        fuzz_taken(&command, data, size);

    } else {
        fuzz_assert(rc == NGX_DECLINED);
        fuzz_refused(&command, data, size);
    }

    ngx_thread_ws_command_free(&command);

    free(copy);

    return 0;
}


static void
fuzz_taken(ngx_thread_ws_command_t *command, const uint8_t *data, size_t size)
{
    json_t      *text, *root, *results, *answers;
    ngx_uint_t   fields;

    root = json_loadb((char *) data, size,
                      JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL, NULL);

    fuzz_assert(json_is_object(command->root)
                || (command->type == NGX_THREAD_WS_COMMAND_MESSAGE
                    && json_is_object(root))
                || (command->type == NGX_THREAD_WS_COMMAND_PING
                    && command->t.len));
    fuzz_assert(command->code == NGX_THREAD_WS_OK && command->reason == NULL);

    switch (command->type) {

    case NGX_THREAD_WS_COMMAND_MESSAGE:
        results = json_object_get(root, "toolResults");
        answers = json_object_get(root, "answers");
        fields = 3 + (json_object_get(root, "content") != NULL)
                 + (results != NULL) + (answers != NULL)
                 + (command->parameters != NULL)
                 + (json_object_get(root, "metadata") != NULL)
                 + (json_object_get(root, "replaces") != NULL);

        fuzz_assert(fuzz_id(&command->request_id));
        fuzz_assert(command->thread_id.data != NULL);
        fuzz_assert(command->content.len != 0
                    || json_is_array(json_object_get(root, "content"))
                    || (json_array_size(results) + json_array_size(answers) != 0
                        && json_object_get(root, "content") == NULL));
        fuzz_assert(answers == NULL
                    || (results == NULL && command->content.len == 0));
        fuzz_items(&command->extra, root, "toolResults", "toolCallId",
                   "output");
        fuzz_items(&command->extra, root, "answers", "interruptId", "value");
        fuzz_assert(command->content.len == 0
                    || memchr(command->content.data, '\0',
                              command->content.len)
                       == NULL);

        text = json_stringn(command->content.len
                            ? (char *) command->content.data : "",
                            command->content.len);
        fuzz_assert(text != NULL);
        json_decref(text);

        /* with a tree and without, a message says the same */

        fuzz_assert(strcmp(json_string_value(json_object_get(root, "type")),
                           "message")
                    == 0);
        fuzz_assert(json_object_size(root) == fields);
        fuzz_same(root, "requestId", &command->request_id);
        fuzz_same(root, "threadId", &command->thread_id);

        fuzz_content(command, json_object_get(root, "content"));

        fuzz_assert(json_equal(json_object_get(root, "parameters"),
                               command->parameters)
                    || command->parameters == NULL);

        fuzz_extra(command, root);

        if (command->parameters) {
            fuzz_parameters(command->parameters);
        }

        break;

    case NGX_THREAD_WS_COMMAND_CANCEL:
        fields = 2;

        fuzz_assert(fuzz_id(&command->request_id));
        fuzz_assert(command->content.data == NULL);
        break;

    case NGX_THREAD_WS_COMMAND_FOLLOW:
        fields = 1 + (command->request_id.len != 0)
                 + (json_object_get(root, "after") != NULL);

        fuzz_assert(command->request_id.len == 0
                    || fuzz_id(&command->request_id));
        fuzz_assert(command->content.data == NULL);
        fuzz_assert(command->after <= NGX_MAX_SIZE_T_VALUE >> 1);
        break;

    default:
        fields = command->t.len ? 2 : 1;

        fuzz_assert(command->type == NGX_THREAD_WS_COMMAND_PING);
        fuzz_assert(command->request_id.len == 0);
    }

    fuzz_assert(command->root == NULL
                || json_object_size(command->root) == fields);

    json_decref(root);
}


/* what is kept of a message is what it said, by the same names */

static void
fuzz_extra(ngx_thread_ws_command_t *command, json_t *root)
{
    json_t  *extra, *metadata, *replaces, *results, *answers;

    metadata = json_object_get(root, "metadata");
    replaces = json_object_get(root, "replaces");
    results = json_object_get(root, "toolResults");
    answers = json_object_get(root, "answers");

    if (replaces) {
        fuzz_same(root, "replaces", &command->replaces);
        fuzz_assert(fuzz_id(&command->replaces));
    }

    if (command->extra.len == 0) {
        fuzz_assert(json_object_size(metadata) == 0 && replaces == NULL
                    && results == NULL && answers == NULL
                    && !json_is_array(json_object_get(root, "content")));
        return;
    }

    extra = json_loadb((char *) command->extra.data, command->extra.len,
                       JSON_ALLOW_NUL, NULL);

    fuzz_assert(json_object_size(extra) == (json_object_size(metadata) != 0)
                                           + (replaces != NULL)
                                           + (results != NULL)
                                           + (answers != NULL)
                                           + json_is_array(json_object_get(
                                                         root, "content")));
    fuzz_assert(json_object_size(metadata) <= 16);
    fuzz_assert(json_object_size(metadata) == 0
                || json_equal(json_object_get(extra, "metadata"), metadata));

    json_decref(extra);
}


/* what is taken of them is what they say, and all of it; or one is named */

static void
fuzz_parameters(json_t *parameters)
{
    char             *why;
    u_char            reason[NGX_THREAD_WS_REASON];
    json_t           *set, *again;
    ngx_int_t         rc;
    ngx_uint_t        i;

    static ngx_array_t                rules;
    static ngx_thread_ws_parameter_t  rule[4];

    static ngx_str_t  names[] = {
        ngx_string("a"), ngx_string("b=0..1"), ngx_string("c=..9"),
        ngx_string("d.e.f")
    };

    if (rules.elts == NULL) {
        rules.elts = rule;
        rules.nelts = 4;

        for (i = 0; i < 4; i++) {
            rc = ngx_thread_ws_parameter_read(NULL, &rule[i], &names[i], &why);
            fuzz_assert(rc == NGX_OK);
        }
    }

    rc = ngx_thread_ws_parameters_check(&rules, parameters, &set, reason);

    if (rc != NGX_OK) {
        fuzz_assert(rc == NGX_DECLINED && set == NULL);
        fuzz_assert(strncmp((char *) reason, "parameters: \"", 13) == 0);
        return;
    }

    fuzz_assert(json_object_size(parameters) >= json_object_size(set));

    if (set) {

        /* where they go they are allowed, too, and the same */

        rc = ngx_thread_ws_parameters_check(&rules, set, &again, reason);
        fuzz_assert(rc == NGX_OK && json_equal(set, again));
        json_decref(again);
    }

    json_decref(set);
}


/* the texts of parts are all of its text, and the rest is kept as it is */

static void
fuzz_content(ngx_thread_ws_command_t *command, json_t *content)
{
    size_t   i, len, size;
    json_t  *extra, *kept, *part, *text;

    if (!json_is_array(content)) {

        if (content) {
            fuzz_assert(command->content.len
                        == json_string_length(content)
                        && ngx_memcmp(command->content.data,
                                      json_string_value(content),
                                      command->content.len)
                           == 0);
        }

        return;
    }

    extra = json_loadb((char *) command->extra.data, command->extra.len,
                       JSON_ALLOW_NUL, NULL);
    kept = json_object_get(extra, "content");
    len = 0;

    fuzz_assert(json_array_size(kept) == json_array_size(content));

    json_array_foreach(content, i, part) {
        text = json_object_get(part, "text");

        if (text == NULL) {
            fuzz_assert(json_equal(part, json_array_get(kept, i)));
            continue;
        }

        size = json_integer_value(json_object_get(json_array_get(kept, i),
                                                  "bytes"));

        fuzz_assert(size == json_string_length(text) && size
                    && len + size <= command->content.len
                    && ngx_memcmp(command->content.data + len,
                                  json_string_value(text), size)
                       == 0);
        len += size;
    }

    fuzz_assert(len == command->content.len);

    json_decref(extra);
}


/* what is kept of them is what they are */

static void
fuzz_items(ngx_str_t *extra, json_t *root, const char *list, const char *id,
    const char *value)
{
    size_t   i;
    json_t  *kept, *items, *item;

    items = json_object_get(root, list);

    if (items == NULL) {
        return;
    }

    kept = json_loadb((char *) extra->data, extra->len, JSON_ALLOW_NUL, NULL);

    fuzz_assert(kept != NULL);
    fuzz_assert(json_equal(json_object_get(kept, list), items));

    json_array_foreach(items, i, item) {
        fuzz_assert(json_string_length(json_object_get(item, id)));
        fuzz_assert(json_object_get(item, value) != NULL);
    }

    json_decref(kept);
}


static void
fuzz_same(json_t *root, const char *name, ngx_str_t *field)
{
    json_t  *value;

    value = json_object_get(root, name);

    fuzz_assert(json_is_string(value)
                && json_string_length(value) == field->len
                && ngx_memcmp(json_string_value(value), field->data,
                              field->len)
                   == 0);
}


static void
fuzz_refused(ngx_thread_ws_command_t *command, const uint8_t *data, size_t size)
{
    json_t  *root;

    fuzz_assert(command->reason && command->reason[0]);
    fuzz_assert(command->request_id.len == 0
                || (command->type == NGX_THREAD_WS_COMMAND_MESSAGE
                    && fuzz_id(&command->request_id)));

    root = json_loadb((char *) data, size, JSON_DECODE_ANY|JSON_ALLOW_NUL,
                      NULL);

    if (command->code == NGX_THREAD_WS_INVALID_MESSAGE) {

        fuzz_assert(root != NULL || fuzz_json(data, size) != NGX_DECLINED);

    } else {
        fuzz_assert(command->code == NGX_THREAD_WS_INVALID_JSON);
        fuzz_assert(root == NULL || memchr(data, '\0', size));
        fuzz_assert(fuzz_json(data, size) == NGX_DECLINED);
    }

    /* what jansson takes is JSON, but for zero bytes behind it */

    fuzz_assert(root == NULL || memchr(data, '\0', size)
                || fuzz_json(data, size) != NGX_DECLINED);

    json_decref(root);
}


static ngx_int_t
fuzz_json(const uint8_t *data, size_t size)
{
    ngx_str_t  text;

    text.data = (u_char *) data;
    text.len = size;

    return ngx_thread_ws_json_walk(&text, fuzz_member, &text);
}


/* both lie within the text, in order */

static void
fuzz_member(void *data, ngx_str_t *name, ngx_str_t *value)
{
    ngx_str_t  *text = data;

    fuzz_assert(name->data > text->data && value->len);
    fuzz_assert(name->data + name->len < value->data);
    fuzz_assert(value->data + value->len <= text->data + text->len);
}


static ngx_uint_t
fuzz_id(ngx_str_t *id)
{
    size_t  i;

    for (i = 0; i < id->len; i++) {

        if (id->data[i] < ' ' || id->data[i] > '~' || id->data[i] == '"'
            || id->data[i] == '\\')
        {
            return 0;
        }
    }

    return id->len >= 1 && id->len <= 128;
}
