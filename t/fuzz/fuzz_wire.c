
/*
 * Whatever a client says in whatever wire: a command or an error.  Whatever an
 * agent says of a run: events that are JSON, within the room that they asked
 * for, and in "ai-sdk" and "ag-ui" ones that their clients take.  Whatever a
 * history has: messages that they take.
 */


#include "fuzz.h"
#include <jansson.h>
#include "base/ngx_thread_ws_string.h"
#include "wire/ngx_thread_ws_wire.h"


typedef struct {
    ngx_thread_ws_wire_t  *wire;
    u_char                *room;
    size_t                 size;
    json_int_t             sequence;    /* of the next chunk */
    json_t                *open;        /* ids of texts and reasonings */
    json_t                *calls;       /* ... of calls: whether whole */
    ngx_uint_t             begun;
    ngx_uint_t             ended;
} fuzz_told_t;


static void fuzz_command(ngx_thread_ws_wire_t *wire, const uint8_t *data,
    size_t size);
static void fuzz_run(ngx_thread_ws_wire_t *wire, const uint8_t *data,
    size_t size);
static void fuzz_say(ngx_thread_ws_said_t *said, ngx_uint_t what,
    ngx_str_t *text);
static void fuzz_text(ngx_thread_ws_said_t *said, ngx_str_t *text);
static void fuzz_chunk(fuzz_told_t *told, json_t *chunk);
static void fuzz_call(fuzz_told_t *told, const char *type, json_t *chunk);
static void fuzz_ag_ui(fuzz_told_t *told, const char *type, json_t *event);
static void fuzz_ag_ui_call(fuzz_told_t *told, const char *type,
    json_t *event);
static void fuzz_history(ngx_thread_ws_wire_t *wire, const uint8_t *data,
    size_t size);
static json_t *fuzz_history_part(uint8_t what, char *id);
static void fuzz_history_message(json_t *message);
static u_char *fuzz_room(void *data, size_t size);
static void fuzz_event(void *data, u_char *event, u_char *last);
static u_char *fuzz_answer(void *data, u_char *dst);


static ngx_thread_ws_wire_out_t  out = { fuzz_room, fuzz_event };


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_uint_t  n;

    for (n = 0; n < NGX_THREAD_WS_NWIRES; n++) {
        fuzz_command(ngx_thread_ws_wires[n], data, size);
        fuzz_run(ngx_thread_ws_wires[n], data, size);

        if (ngx_thread_ws_wires[n]->history) {
            fuzz_history(ngx_thread_ws_wires[n], data, size);
        }
    }

    return 0;
}


static void
fuzz_command(ngx_thread_ws_wire_t *wire, const uint8_t *data, size_t size)
{
    u_char                   *copy;
    ngx_int_t                 rc;
    ngx_str_t                 other;
    ngx_thread_ws_command_t   command;

    ngx_str_set(&other, "another");

    copy = malloc(size ? size : 1);
    ngx_memcpy(copy, data, size);

    rc = wire->command(&command, copy, size);

    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED);

    if (command.request_id.len) {
        fuzz_assert(ngx_thread_ws_request_id_check(&command.request_id)
                    == NGX_OK);
    }

    if (rc == NGX_DECLINED) {
        fuzz_assert(command.code != NGX_THREAD_WS_OK && command.reason);

    } else if (command.type == NGX_THREAD_WS_COMMAND_MESSAGE) {
        fuzz_assert(command.request_id.len);
        fuzz_assert(command.content.len
                    || json_object_get(command.root, "toolResults")
                    || json_object_get(command.root, "answers")
                    || json_object_get(command.root, "content"));
        fuzz_assert(command.content.len == 0
                    || !memchr(command.content.data, '\0',
                               command.content.len));
        fuzz_assert(command.thread_id.data);

        if (command.answers.len
            && !ngx_thread_ws_string_equal(&command.request_id, &other))
        {
            fuzz_assert(ngx_thread_ws_command_replace(&command, &other)
                        == NGX_OK);
            fuzz_assert(strstr((char *) command.extra.data,
                               "\"replaces\":"));
        }
    }

    ngx_thread_ws_command_free(&command);

    free(copy);
}


/* a line of the data is a thing that is said: what, and letters */

static void
fuzz_run(ngx_thread_ws_wire_t *wire, const uint8_t *data, size_t size)
{
    u_char                 letters[64];
    size_t                 i;
    ngx_str_t              text;
    ngx_uint_t             what;
    fuzz_told_t            told;
    ngx_thread_ws_said_t   said;

    static ngx_thread_ws_said_run_t  run = {
        ngx_string("r1"), 0, 0, ngx_string("t1")
    };

    ngx_memzero(&told, sizeof(fuzz_told_t));
    ngx_memzero(&said, sizeof(ngx_thread_ws_said_t));

    told.wire = wire;
    told.open = json_object();
    told.calls = json_object();

    said.wire = wire;
    said.out = &out;
    said.data = &told;
    ngx_str_set(&said.request_id, "q1");
    said.run = &run;

    for (i = 0; i < size && !told.ended; /* void */) {
        what = data[i++];

        text.data = letters;
        text.len = 0;

        while (i < size && data[i] != '\n' && text.len < sizeof(letters)) {
            letters[text.len++] = 'a' + data[i++] % 3;
        }

        i += (i < size && data[i] == '\n');

        fuzz_say(&said, what, &text);
    }

    ngx_thread_ws_wire_forget(&said);

    json_decref(told.open);
    json_decref(told.calls);
    free(told.room);
}


static void
fuzz_say(ngx_thread_ws_said_t *said, ngx_uint_t what, ngx_str_t *text)
{
    fuzz_told_t *told = said->data;

    ngx_int_t                   rc;
    ngx_thread_ws_error_t       error;
    ngx_thread_ws_finish_t      finish;
    ngx_thread_ws_event_part_t  part;

    ngx_memzero(&finish, sizeof(ngx_thread_ws_finish_t));
    ngx_memzero(&part, sizeof(ngx_thread_ws_event_part_t));
    ngx_memzero(&error, sizeof(ngx_thread_ws_error_t));

    switch (what % 16) {

    case 0:
    case 1:
        fuzz_text(said, text);
        return;

    case 2:
        rc = said->wire->message(said, text);
        break;

    case 3:
        rc = said->wire->stands(said, text);
        break;

    case 4:
        rc = said->wire->cancelled(said, text->len & 1);
        told->ended = 1;
        break;

    case 5:
        error.request_id = said->request_id;
        error.message = *text;
        error.code = *text;
        rc = said->wire->error(said, &error);
        told->ended = 1;
        break;

    case 6:
        finish.final.request_id = said->request_id;
        finish.final.finish_reason = *text;
        finish.final.usage = text->len & 1;
        finish.final.answer = text->len;

        if (text->len & 2) {
            ngx_str_set(&finish.final.interrupts,
                        "[{\"interruptId\":\"i\",\"value\":null}]");
        }

        finish.answer = fuzz_answer;
        finish.data = text;

        if (what & 16) {
            ngx_str_set(&finish.final.interrupts,
                        "[{\"interruptId\":\"?\\\"1\",\"value\":[1]},"
                        "{\"interruptId\":\"?2\",\"value\":null}]");
        }

        rc = said->wire->finish(said, &finish);
        told->ended = 1;
        break;

    case 7:
        rc = said->wire->alive ? said->wire->alive(said) : NGX_OK;
        break;

    default:
        part.kind = what % 8;
        part.request_id = said->request_id;
        part.id = *text;
        part.id.len = ngx_min(text->len, 1);
        part.name = *text;
        part.error = (what >> 4) & 1;

        if (part.kind == NGX_THREAD_WS_EVENT_REASONING
            || part.kind == NGX_THREAD_WS_EVENT_TOOL_INPUT)
        {
            part.value = *text;

        } else if (part.kind != NGX_THREAD_WS_EVENT_RESET) {
            ngx_str_set(&part.value, "\"v\"");
        }

        rc = said->wire->part(said, &part);
    }

    fuzz_assert(rc == NGX_OK);
}


static void
fuzz_text(ngx_thread_ws_said_t *said, ngx_str_t *text)
{
    u_char  *p, *event;

    if (said->head.len == 0) {
        fuzz_assert(said->wire->text(said) == NGX_OK);
    }

    event = fuzz_room(said->data, said->head.len + text->len + said->tail.len);

    p = ngx_cpymem(event, said->head.data, said->head.len);
    p = ngx_cpymem(p, text->data, text->len);
    p = ngx_cpymem(p, said->tail.data, said->tail.len);

    if (said->wire->heads) {
        said->head.len = 0;
    }

    fuzz_event(said->data, event, p);
}


/* a line of the data is a message, its bytes are parts of it */

static void
fuzz_history(ngx_thread_ws_wire_t *wire, const uint8_t *data, size_t size)
{
    char        id[2] = "a";
    size_t      i, n;
    json_t     *messages, *message, *document;
    json_t     *parts;
    uint8_t     what;

    static uint8_t  asked[] = { 1, 7, 11, 12, 13, 14, 15 };

    messages = json_array();
    parts = NULL;
    n = 0;

    for (i = 0; i < size; i++) {

        if (parts == NULL || data[i] == '\n') {
            parts = json_array();
            message = json_pack("{s:s, s:s, s:o, s:i}",
                                "role", (n & 1) ? "assistant" : "user",
                                "content", (data[i] & 1) ? "x" : "",
                                "parts", parts, "seq", (int) n / 2 + 1);

            if (data[i] % 3) {
                json_object_set_new(message, "requestId",
                                    json_sprintf("r%d", (int) n / 2));
            }

            json_array_append_new(messages, message);
            n++;
            continue;
        }

        id[0] = 'a' + (data[i] >> 4) % 3;
        what = (n & 1) ? asked[data[i] % sizeof(asked)] : data[i] % 11;

        json_array_append_new(parts, fuzz_history_part(what, id));
    }

    document = wire->history(messages, size & 1);

    fuzz_assert(document);

    messages = (json_decref(messages), json_object_get(document, "messages"));
    fuzz_assert(json_is_array(messages));

    json_array_foreach(messages, i, message) {
        fuzz_history_message(message);
    }

    json_decref(document);
}


static json_t *
fuzz_history_part(uint8_t what, char *id)
{
    switch (what) {

    case 0:
    case 1:
        return json_pack("{s:s, s:s}", "type", what ? "text" : "reasoning",
                         "text", id);
    case 2:
        return json_pack("{s:s, s:s}", "type", "reasoning", "redacted", id);

    case 3:
    case 4:
        return json_pack("{s:s, s:s, s:s, s:o*}", "type", "tool-call",
                         "toolCallId", id, "name", "n",
                         "own", (what == 4) ? json_true() : NULL);
    case 5:
    case 6:
        return json_pack("{s:s, s:s, s:s, s:o*}", "type", "tool-result",
                         "toolCallId", id, "output", id,
                         "error", (what == 6) ? json_true() : NULL);
    case 7:
        return json_pack("{s:s, s:s, s:n, s:s}", "type", "tool-result",
                         "toolCallId", id, "output", "error", id);
    case 8:
    case 9:
        return json_pack("{s:s, s:s}", "type", "source",
                         (what == 8) ? "url" : "title", id);
    case 10:
        return json_pack("{s:s, s:s, s:n}", "type", "interrupt",
                         "interruptId", id, "value");
    case 11:
    case 12:
        return json_pack("{s:s, s:s, s:{s:b, s:s}}", "type", "answer",
                         "interruptId", id, "value", "approved", what == 11,
                         (what == 11) ? "reason" : "other", id);
    case 13:
        return json_pack("{s:s, s:s, s:n}", "type", "answer",
                         "interruptId", id, "value");
    default:
        return json_pack("{s:s, s:s}", "type",
                         (what == 14) ? "image" : "file", "url",
                         (what == 14) ? "data:image/png;base64,QQ=="
                                      : "https://x/");
    }
}


static void
fuzz_history_message(json_t *message)
{
    size_t       i;
    json_t      *part, *state, *parts, *approval;
    const char  *role, *text;

    role = json_string_value(json_object_get(message, "role"));
    parts = json_object_get(message, "parts");

    fuzz_assert(role && json_is_object(json_object_get(message, "metadata")));
    fuzz_assert(json_string_length(json_object_get(message, "id")));

    if (parts == NULL) {
        parts = json_object_get(message, "content");

        fuzz_assert(json_is_string(parts) || json_array_size(parts)
                    || json_array_size(json_object_get(message, "toolCalls")));
        fuzz_assert(strcmp(role, "tool") != 0
                    || (json_is_string(parts)
                        && json_object_get(message, "toolCallId")));
        return;
    }

    fuzz_assert(json_array_size(parts));

    json_array_foreach(parts, i, part) {
        state = json_object_get(part, "state");
        approval = json_object_get(part, "approval");
        text = json_string_value(json_object_get(part, "type"));

        fuzz_assert(text);

        if (json_object_get(part, "toolCallId") == NULL) {
            continue;
        }

        text = json_string_value(state);

        fuzz_assert(text && json_object_get(part, "input"));
        fuzz_assert((strncmp(text, "approval-", 9) == 0) == (approval != NULL));
        fuzz_assert((strcmp(text, "output-available") == 0)
                    == (json_object_get(part, "output") != NULL));
        fuzz_assert((strcmp(text, "output-error") == 0)
                    == (json_is_string(json_object_get(part, "errorText"))));
    }
}


static u_char *
fuzz_room(void *data, size_t size)
{
    fuzz_told_t *told = data;

    free(told->room);

    told->room = malloc(size);
    told->size = size;

    return told->room;
}


static void
fuzz_event(void *data, u_char *event, u_char *last)
{
    fuzz_told_t *told = data;

    json_t      *root, *sequence;
    const char  *type;

    fuzz_assert(event == told->room && (size_t) (last - event) <= told->size);

    root = json_loadb((char *) event, last - event, JSON_REJECT_DUPLICATES,
                      NULL);

    fuzz_assert(json_is_object(root));

    type = json_string_value(json_object_get(root, "type"));

    fuzz_assert(type);

    if (told->wire == &ngx_thread_ws_wire_ai_sdk) {

        fuzz_assert(ngx_strcmp(json_string_value(json_object_get(root,
                                                              "requestId")),
                               "q1")
                    == 0);

        if (ngx_strcmp(type, "chunk") == 0) {
            sequence = json_object_get(root, "sequence");

            fuzz_assert(json_integer_value(sequence) == told->sequence);
            told->sequence++;

            fuzz_chunk(told, json_object_get(root, "chunk"));
        }

    } else if (told->wire == &ngx_thread_ws_wire_ag_ui) {
        fuzz_ag_ui(told, type, root);
    }

    json_decref(root);
}


/* what the client throws for */

static void
fuzz_chunk(fuzz_told_t *told, json_t *chunk)
{
    size_t       len;
    json_t      *id;
    const char  *type, *name;

    type = json_string_value(json_object_get(chunk, "type"));
    id = json_object_get(chunk, "id");
    name = json_string_value(id);

    fuzz_assert(type);
    fuzz_assert((ngx_strcmp(type, "start") == 0) == !told->begun);
    told->begun = 1;

    len = ngx_strlen(type);

    if (ngx_strncmp(type, "tool-", 5) == 0) {
        fuzz_call(told, type, chunk);

    } else if (ngx_strcmp(type, "reset-step") == 0) {
        json_object_clear(told->calls);
        fuzz_assert(json_object_size(told->open) == 0);

    } else if (ngx_strncmp(type, "text-", 5) == 0
               || ngx_strncmp(type, "reasoning-", 10) == 0)
    {
        fuzz_assert(name);

        if (ngx_strcmp(type + len - 6, "-start") == 0) {
            fuzz_assert(json_object_size(told->open) == 0);
            json_object_set_new(told->open, name, json_true());

        } else {
            fuzz_assert(json_object_get(told->open, name));

            if (ngx_strcmp(type + len - 4, "-end") == 0) {
                json_object_del(told->open, name);
            }
        }

    } else {
        fuzz_assert(json_object_size(told->open) == 0);
    }
}


static void
fuzz_call(fuzz_told_t *told, const char *type, json_t *chunk)
{
    json_t      *known;
    const char  *name;

    name = json_string_value(json_object_get(chunk, "toolCallId"));

    fuzz_assert(name);

    known = json_object_get(told->calls, name);

    if (ngx_strcmp(type, "tool-input-start") == 0) {
        fuzz_assert(known == NULL);
        json_object_set_new(told->calls, name, json_false());

    } else if (ngx_strcmp(type, "tool-input-delta") == 0) {
        fuzz_assert(json_is_false(known));

    } else if (ngx_strcmp(type, "tool-input-available") == 0) {
        fuzz_assert((json_is_false(known)
                     || json_is_true(json_object_get(chunk, "dynamic")))
                    && json_object_get(chunk, "input"));
        json_object_set_new(told->calls, name, json_true());

    } else if (ngx_strcmp(type, "tool-approval-request") == 0) {
        fuzz_assert(json_is_true(known));
        fuzz_assert(json_is_string(json_object_get(chunk, "approvalId")));

    } else {
        fuzz_assert(json_is_true(known));
        fuzz_assert(json_object_get(chunk, "output")
                    || json_is_string(json_object_get(chunk, "errorText")));
    }
}


static void
fuzz_ag_ui(fuzz_told_t *told, const char *type, json_t *event)
{
    size_t       len;
    json_t      *call;
    const char  *id, *name;

    len = ngx_strlen(type);
    id = json_string_value(json_object_get(event, "messageId"));

    fuzz_assert((ngx_strcmp(type, "RUN_STARTED") == 0) == !told->begun);
    told->begun = 1;

    if (ngx_strncmp(type, "TOOL_CALL_", 10) == 0) {
        fuzz_ag_ui_call(told, type, event);
        return;
    }

    if (id == NULL) {

        if (ngx_strcmp(type, "RUN_FINISHED") == 0) {
            fuzz_assert(json_object_size(told->open) == 0);

            json_object_foreach(told->calls, name, call) {
                fuzz_assert(json_is_true(call));
            }
        }

        return;
    }

    if (ngx_strcmp(type, "REASONING_START") == 0
        || ngx_strcmp(type, "TEXT_MESSAGE_START") == 0)
    {
        fuzz_assert(json_object_size(told->open) == 0);
        json_object_set_new(told->open, id, json_true());
        return;
    }

    fuzz_assert(json_object_get(told->open, id));

    if (ngx_strcmp(type, "REASONING_END") == 0
        || (ngx_strncmp(type, "TEXT", 4) == 0
            && ngx_strcmp(type + len - 4, "_END") == 0))
    {
        json_object_del(told->open, id);
    }
}


static void
fuzz_ag_ui_call(fuzz_told_t *told, const char *type, json_t *event)
{
    json_t      *known;
    const char  *name;

    name = json_string_value(json_object_get(event, "toolCallId"));

    fuzz_assert(name);

    known = json_object_get(told->calls, name);

    if (ngx_strcmp(type, "TOOL_CALL_START") == 0) {
        fuzz_assert(known == NULL || json_is_true(known));
        json_object_set_new(told->calls, name, json_false());

    } else if (ngx_strcmp(type, "TOOL_CALL_RESULT") == 0) {
        fuzz_assert(json_is_true(known));
        fuzz_assert(json_is_string(json_object_get(event, "content")));

    } else {
        fuzz_assert(json_is_false(known));

        if (ngx_strcmp(type, "TOOL_CALL_END") == 0) {
            json_object_set_new(told->calls, name, json_true());
        }
    }
}


static u_char *
fuzz_answer(void *data, u_char *dst)
{
    ngx_str_t *text = data;

    return ngx_cpymem(dst, text->data, text->len);
}
