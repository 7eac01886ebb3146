
/*
 * The wire "ag-ui": inputs of its client's as commands, and what a run is told
 * as, event by event.
 */


#include "wire.h"


#define INPUT(rest, messages)                                                 \
    "{\"threadId\":\"t1\",\"runId\":\"r1\",\"state\":{}," rest                \
    "\"messages\":[" messages "],\"tools\":[],\"context\":[],"                \
    "\"forwardedProps\":{}}"

#define USER(content)                                                         \
    "{\"id\":\"m1\",\"role\":\"user\",\"content\":" content "}"

#define FILE(type, source)                                                    \
    "{\"type\":\"" type "\",\"source\":{" source "}}"

#define TOOL(id, rest)                                                        \
    "{\"id\":\"x" id "\",\"role\":\"tool\",\"toolCallId\":\"" id "\"," rest "}"

#define BEGUN                                                                 \
    "{\"type\":\"RUN_STARTED\",\"threadId\":\"t1\",\"runId\":\"r1\"}\n"

#define START(id)                                                             \
    "{\"type\":\"TEXT_MESSAGE_START\",\"messageId\":\"" id "\","              \
    "\"role\":\"assistant\"}\n"

#define CONTENT(id, text)                                                     \
    "{\"type\":\"TEXT_MESSAGE_CONTENT\",\"messageId\":\"" id "\","            \
    "\"delta\":\"" text "\"}\n"

#define END(id)                                                               \
    "{\"type\":\"TEXT_MESSAGE_END\",\"messageId\":\"" id "\"}\n"

#define CALL(id, rest)                                                        \
    "{\"type\":\"TOOL_CALL_" rest "}\n"

#define FINISHED(outcome)                                                     \
    "{\"type\":\"RUN_FINISHED\",\"threadId\":\"t1\",\"runId\":\"r1\","        \
    "\"outcome\":{\"type\":" outcome "}\n"


static void wire_test_commands(void);
static void wire_test_results(void);
static void wire_test_refused(void);
static void wire_refused(const char *text, const char *id,
    const char *reason);
static void wire_test_questions(void);
static void wire_test_text(void);
static void wire_test_tools(void);
static void wire_test_others(void);
static void wire_test_again(void);
static void wire_test_beside(void);
static void wire_test_enclosed(void);
static void wire_begun(ngx_thread_ws_said_t *said, wire_told_t *told);


int
main(void)
{
    wire_test_commands();
    wire_test_results();
    wire_test_refused();
    wire_test_questions();
    wire_test_text();
    wire_test_tools();
    wire_test_others();
    wire_test_again();
    wire_test_beside();
    wire_test_enclosed();

    return unit_done();
}


static void
wire_test_commands(void)
{
    char                     *text;
    ngx_thread_ws_command_t   command;

    text = INPUT("", USER("\"old\"") ","
                 "{\"id\":\"a\",\"role\":\"assistant\",\"content\":\"x\"},"
                 "{\"id\":\"m2\",\"role\":\"user\",\"content\":\"one\\n\"}");

    unit_int(ngx_thread_ws_wire_ag_ui.command(&command, (u_char *) text,
                                              strlen(text)),
             NGX_OK, "a question");
    unit_int(command.type, NGX_THREAD_WS_COMMAND_MESSAGE, "is a message");
    unit_str(command.request_id.data, command.request_id.len, "r1", "its run");
    unit_str(command.thread_id.data, command.thread_id.len, "t1", "its thread");
    unit_str(command.content.data, command.content.len, "one\n",
             "its last message's text");
    unit_str(command.extra.data, command.extra.len,
             "{\"metadata\":{\"messageId\":\"m2\"}}", "its message's id");
    unit_ok(command.parameters == NULL, "no parameters");
    ngx_thread_ws_command_free(&command);

    text = "{\"messages\":[" USER("[{\"type\":\"text\",\"text\":\"a\"},"
           "{\"type\":\"text\",\"text\":\"\"},"
           "{\"type\":\"text\",\"text\":\"b\"}]") "],"
           "\"replaces\":\"r0\",\"toolResults\":7,\"metadata\":{\"a\":\"b\"},"
           "\"forwardedProps\":{\"model\":\"small\"},\"runId\":\"r1\","
           "\"threadId\":\"t1\"}";

    unit_int(ngx_thread_ws_wire_ag_ui.command(&command, (u_char *) text,
                                              strlen(text)),
             NGX_OK, "in parts, in another order");
    unit_str(command.content.data, command.content.len, "a\nb",
             "its texts");
    unit_int(json_object_size(command.parameters), 1, "with parameters");
    unit_str(command.extra.data, command.extra.len,
             "{\"metadata\":{\"messageId\":\"m1\"}}",
             "nothing of another protocol's");
    unit_int(command.replaces.len, 0, "replaces nothing");
    ngx_thread_ws_command_free(&command);

    text = INPUT("", USER("[" FILE("image", "\"type\":\"data\","
                                   "\"value\":\"QQ==\","
                                   "\"mimeType\":\"image/png\"") ","
                          "{\"type\":\"text\",\"text\":\"a\"},"
                          FILE("document", "\"type\":\"url\","
                               "\"value\":\"https://x/y\"") "]"));

    unit_int(ngx_thread_ws_wire_ag_ui.command(&command, (u_char *) text,
                                              strlen(text)),
             NGX_OK, "files");
    unit_str(command.extra.data, command.extra.len,
             "{\"content\":[{\"mediaType\":\"image/png\","
             "\"type\":\"image\",\"url\":\"data:image/png;base64,QQ==\"},"
             "{\"bytes\":1,\"type\":\"text\"},"
             "{\"type\":\"file\",\"url\":\"https://x/y\"}],"
             "\"metadata\":{\"messageId\":\"m1\"}}",
             "as our own protocol has them");
    ngx_thread_ws_command_free(&command);

    text = "{\"type\":\"abort\",\"runId\":\"r2\"}";

    unit_int(ngx_thread_ws_wire_ag_ui.command(&command, (u_char *) text,
                                              strlen(text)),
             NGX_OK, "an abort");
    unit_int(command.type, NGX_THREAD_WS_COMMAND_CANCEL, "is a cancel");
    unit_str(command.request_id.data, command.request_id.len, "r2", "of a run");
    ngx_thread_ws_command_free(&command);
}


/* the tools' messages at the end, and no others */

static void
wire_test_results(void)
{
    char                     *text;
    ngx_thread_ws_command_t   command;

    text = INPUT("", TOOL("c0", "\"content\":\"old\"") "," USER("\"x\"") ","
                 TOOL("c1", "\"content\":\"{\\\"a\\\":1}\"") ","
                 TOOL("c2", "\"content\":[{\"type\":\"text\","
                            "\"text\":\"b\"}],\"error\":\"no\""));

    unit_int(ngx_thread_ws_wire_ag_ui.command(&command, (u_char *) text,
                                              strlen(text)),
             NGX_OK, "results");
    unit_int(command.content.len, 0, "without a text");
    unit_str(command.extra.data, command.extra.len,
             "{\"metadata\":{\"messageId\":\"xc2\"},\"toolResults\":["
             "{\"output\":\"{\\\"a\\\":1}\",\"toolCallId\":\"c1\"},"
             "{\"error\":\"no\",\"output\":\"b\",\"toolCallId\":\"c2\"}]}",
             "as our own protocol has them");
    ngx_thread_ws_command_free(&command);

    wire_refused(INPUT("", TOOL("c1", "\"content\":7")), "r1",
                 "a tool's content must be a text");
    wire_refused(INPUT("", TOOL("c1", "\"content\":\"a\"") ","
                           TOOL("c1", "\"content\":\"b\"")), "r1",
                 "toolResults: a toolCallId is given twice");
    wire_refused(INPUT("", "{\"id\":\"m\",\"role\":\"tool\","
                           "\"content\":\"a\"}"), "r1",
                 "toolResults: toolCallId must be a non-empty string");
}


static void
wire_test_refused(void)
{
    wire_refused("{", "", "the input is not valid JSON");
    wire_refused("[]", "", "an input is a JSON object");
    wire_refused("{\"threadId\":\"t1\"}", "",
                 "runId must be 1 to 128 printable ASCII characters without "
                 "quote and backslash");
    wire_refused("{\"runId\":\"r1\",\"threadId\":\"a/b\"}", "r1",
                 "threadId must be 1 to 128 characters of A-Z a-z 0-9 "
                 ". _ ~ -");
    wire_refused("{\"runId\":\"r1\",\"type\":\"ping\"}", "r1",
                 "type may be \"abort\" only");
    wire_refused(INPUT("\"resume\":[{\"interruptId\":\"i\"}],", USER("\"x\"")),
                 "r1",
                 "resume: status must be \"resolved\" or \"cancelled\"");
    wire_refused(INPUT("\"resume\":[{\"status\":\"resolved\"}],",
                       USER("\"x\"")),
                 "r1", "answers: interruptId must be a non-empty string");
    wire_refused(INPUT("", ""), "r1", "messages has no message");
    wire_refused(INPUT("", "{\"id\":\"a\",\"role\":\"assistant\"}"), "r1",
                 "the last message must be a user's or a tool's");
    wire_refused(INPUT("", USER("\"\"")), "r1", "the message has no text");
    wire_refused(INPUT("", USER("[{\"type\":\"image\"}]")), "r1",
                 "content: url must begin with https:// or data:");
    wire_refused(INPUT("", USER("[{\"type\":\"smell\"}]")), "r1",
                 "content: type must be \"text\", \"image\", \"file\" or "
                 "\"audio\"");
    wire_refused(INPUT("", USER("[" FILE("image", "\"type\":\"file\","
                                         "\"value\":\"https://x/\"") "]")),
                 "r1", "content: url must begin with https:// or data:");
    wire_refused(INPUT("", USER("\"a\\u0000\"")), "r1",
                 "the message must not contain U+0000");
    wire_refused(INPUT("", "{\"role\":\"user\",\"content\":\"x\"}"), "r1",
                 "the message's id must be 1 to 133 characters");
}


static void
wire_refused(const char *text, const char *id, const char *reason)
{
    ngx_thread_ws_command_t  command;

    unit_int(ngx_thread_ws_wire_ag_ui.command(&command, (u_char *) text,
                                              strlen(text)),
             NGX_DECLINED, "refused: %s", reason);
    unit_str(command.request_id.data, command.request_id.len, id,
             "whom to tell: %s", reason);
    unit_str(command.reason, strlen(command.reason), reason, "why: %s", text);

    ngx_thread_ws_command_free(&command);
}


/* what is asked, and what is answered */

static void
wire_test_questions(void)
{
    char                     *text;
    wire_told_t               told;
    ngx_thread_ws_said_t      said;
    ngx_thread_ws_finish_t    finish;
    ngx_thread_ws_command_t   command;

    text = INPUT("\"resume\":[{\"interruptId\":\"i1\",\"status\":"
                 "\"resolved\",\"payload\":{\"ok\":true}},"
                 "{\"interruptId\":\"i2\",\"status\":\"cancelled\","
                 "\"payload\":1}],\"content\":\"x\",", USER("\"old\""));

    unit_int(ngx_thread_ws_wire_ag_ui.command(&command, (u_char *) text,
                                              strlen(text)),
             NGX_OK, "answers");
    unit_int(command.content.len, 0, "no question");
    unit_str(command.extra.data, command.extra.len,
             "{\"answers\":[{\"interruptId\":\"i1\",\"value\":"
             "{\"ok\":true}},{\"interruptId\":\"i2\",\"value\":null}]}",
             "as our own protocol has them");
    ngx_thread_ws_command_free(&command);

    wire_begun(&said, &told);

    ngx_memzero(&finish, sizeof(ngx_thread_ws_finish_t));
    ngx_str_set(&finish.final.interrupts,
                "[{\"interruptId\":\"i1\",\"value\":[\"a\"]}]");

    unit_int(said.wire->finish(&said, &finish), NGX_OK, "asked");
    wire_is(&said, &told, BEGUN
        FINISHED("\"interrupt\",\"interrupts\":[{\"id\":\"i1\","
                 "\"metadata\":{\"tanstack:interruptBinding\":{"
                 "\"generation\":0,\"interruptId\":\"i1\","
                 "\"interruptedRunId\":\"r1\",\"kind\":\"generic\","
                 "\"v\":1},\"value\":[\"a\"]},"
                 "\"reason\":\"interrupt\"}]}"), "a question");
}


static void
wire_test_text(void)
{
    ngx_str_t             message = ngx_string("m");
    wire_told_t           told;
    ngx_thread_ws_said_t  said;

    wire_begun(&said, &told);
    wire_text(&said, "a\\n");
    wire_text(&said, "b");
    unit_int(said.wire->message(&said, &message), NGX_OK, "another message");
    wire_text(&said, "c");
    wire_finish(&said, 1, "");
    wire_is(&said, &told, BEGUN
        START("r1") CONTENT("r1", "a\\n") CONTENT("r1", "b") END("r1")
        START("r1:2") CONTENT("r1:2", "c") END("r1:2")
        FINISHED("\"success\"},\"usage\":[{\"inputTokens\":1,"
                 "\"outputTokens\":2,\"reasoningTokens\":4,"
                 "\"cachedInputTokens\":5}]"), "texts");

    wire_begun(&said, &told);
    wire_text(&said, "a");
    unit_int(said.wire->cancelled(&said, 0), NGX_OK, "cancelled");
    wire_is(&said, &told, BEGUN START("r1") CONTENT("r1", "a") END("r1")
        FINISHED("\"cancelled\"}"), "a text that is cancelled");
}


static void
wire_test_tools(void)
{
    wire_told_t           told;
    ngx_thread_ws_said_t  said;

    wire_begun(&said, &told);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_CALL, "c1", "f", "", 0);
    wire_text(&said, "a");
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_CALL, "c2", "g", "", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_INPUT, "c1", "", "{\\\"a\\\"", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_CALL_END, "c1", "",
              "{\"a\":1}", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_CALL_END, "c1", "", "2", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_INPUT, "c1", "", "x", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_RESULT, "c1", "", "[\"3\"]", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_RESULT, "c3", "h", "\"no\"", 1);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_CALL_END, "c4", "i",
              "{\"b\":2}", 0);
    wire_finish(&said, 0, "");
    wire_is(&said, &told, BEGUN
        CALL("c1", "START\",\"toolCallId\":\"c1\",\"toolCallName\":\"f\"")
        START("r1") CONTENT("r1", "a") END("r1")
        CALL("c2", "START\",\"toolCallId\":\"c2\",\"toolCallName\":\"g\","
                   "\"parentMessageId\":\"r1\"")
        CALL("c1", "ARGS\",\"toolCallId\":\"c1\",\"delta\":\"{\\\"a\\\"\"")
        CALL("c1", "END\",\"toolCallId\":\"c1\"")
        CALL("c1", "RESULT\",\"messageId\":\"r1:2\",\"toolCallId\":\"c1\","
                   "\"role\":\"tool\",\"content\":\"[\\\"3\\\"]\"")
        CALL("c3", "START\",\"toolCallId\":\"c3\",\"toolCallName\":\"h\","
                   "\"parentMessageId\":\"r1\"")
        CALL("c3", "END\",\"toolCallId\":\"c3\"")
        CALL("c3", "RESULT\",\"messageId\":\"r1:3\",\"toolCallId\":\"c3\","
                   "\"role\":\"tool\",\"content\":\"no\"")
        CALL("c4", "START\",\"toolCallId\":\"c4\",\"toolCallName\":\"i\","
                   "\"parentMessageId\":\"r1\"")
        CALL("c4", "ARGS\",\"toolCallId\":\"c4\","
                   "\"delta\":\"{\\\"b\\\":2}\"")
        CALL("c4", "END\",\"toolCallId\":\"c4\"")
        CALL("c2", "END\",\"toolCallId\":\"c2\"")
        FINISHED("\"success\",\"pendingToolCallIds\":[\"c2\",\"c4\"]}"),
        "calls and results, also of what was never called");
}


static void
wire_test_others(void)
{
    wire_told_t           told;
    ngx_thread_ws_said_t  said;

    wire_begun(&said, &told);
    wire_part(&said, NGX_THREAD_WS_EVENT_REASONING, "", "", "hm", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_REASONING, "", "", "so", 0);
    wire_text(&said, "a");
    wire_part(&said, NGX_THREAD_WS_EVENT_SOURCE, "https://a", "A", "", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_SOURCE, "", "C", "", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_DATA, "", "n", "{}", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_DATA, "", "n", "", 0);
    wire_is(&said, &told, BEGUN
        "{\"type\":\"REASONING_START\",\"messageId\":\"r1:2\"}\n"
        "{\"type\":\"REASONING_MESSAGE_START\",\"messageId\":\"r1:2\","
        "\"role\":\"reasoning\"}\n"
        "{\"type\":\"REASONING_MESSAGE_CONTENT\",\"messageId\":\"r1:2\","
        "\"delta\":\"hm\"}\n"
        "{\"type\":\"REASONING_MESSAGE_CONTENT\",\"messageId\":\"r1:2\","
        "\"delta\":\"so\"}\n"
        "{\"type\":\"REASONING_MESSAGE_END\",\"messageId\":\"r1:2\"}\n"
        "{\"type\":\"REASONING_END\",\"messageId\":\"r1:2\"}\n"
        START("r1") CONTENT("r1", "a") END("r1")
        "{\"type\":\"CUSTOM\",\"name\":\"source\",\"value\":{"
        "\"url\":\"https://a\",\"title\":\"A\"}}\n"
        "{\"type\":\"CUSTOM\",\"name\":\"source\",\"value\":{"
        "\"title\":\"C\"}}\n"
        "{\"type\":\"CUSTOM\",\"name\":\"n\",\"value\":{}}\n"
        "{\"type\":\"CUSTOM\",\"name\":\"n\",\"value\":null}\n",
        "reasoning, sources, data");
}


/* what was said is void: calls are not known any more, some text stands */

static void
wire_test_again(void)
{
    ngx_str_t             text = ngx_string("ab");
    wire_told_t           told;
    ngx_thread_ws_said_t  said;

    wire_begun(&said, &told);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_CALL, "c1", "f", "", 0);
    wire_text(&said, "abc");
    wire_part(&said, NGX_THREAD_WS_EVENT_RESET, "", "", "", 0);
    unit_int(said.wire->stands(&said, &text), NGX_OK, "stands");
    wire_text(&said, "d");
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_CALL, "c1", "f", "", 0);
    wire_is(&said, &told, BEGUN
        CALL("c1", "START\",\"toolCallId\":\"c1\",\"toolCallName\":\"f\"")
        START("r1") CONTENT("r1", "abc") END("r1")
        CALL("c1", "END\",\"toolCallId\":\"c1\"")
        "{\"type\":\"CUSTOM\",\"name\":\"reset\",\"value\":{}}\n"
        START("r1:2") CONTENT("r1:2", "ab") CONTENT("r1:2", "d") END("r1:2")
        CALL("c1", "START\",\"toolCallId\":\"c1\",\"toolCallName\":\"f\","
                   "\"parentMessageId\":\"r1:2\""), "begun anew");
}


static void
wire_test_beside(void)
{
    ngx_str_t              id = ngx_string("r2");
    wire_told_t            told;
    ngx_thread_ws_said_t   said;
    ngx_thread_ws_asked_t  asked;
    ngx_thread_ws_error_t  error;

    wire_begun(&said, &told);

    ngx_memzero(&asked, sizeof(ngx_thread_ws_asked_t));
    ngx_memzero(&error, sizeof(ngx_thread_ws_error_t));
    ngx_str_set(&error.message, "no \"way\"");
    ngx_str_set(&error.code, "C");

    unit_int(said.wire->refused(&wire_out, &told, &error), NGX_OK, "nobody's");

    error.request_id = said.request_id;
    error.retryable = 1;
    error.retry_after = 7;

    unit_int(said.wire->refused(&wire_out, &told, &error), NGX_OK, "refused");

    wire_text(&said, "a");
    unit_int(said.wire->error(&said, &error), NGX_OK, "error");
    unit_int(said.wire->idle(&wire_out, &told, &id), NGX_OK, "idle");
    unit_int(said.wire->asked(&said, &asked), NGX_OK, "asked");

    wire_is(&said, &told,
            "{\"type\":\"RUN_ERROR\",\"message\":\"no \\\"way\\\"\","
            "\"code\":\"C\",\"rawEvent\":{\"retryable\":true,"
            "\"retryAfterMs\":7}}\n"
            BEGUN START("r1") CONTENT("r1", "a")
            "{\"type\":\"RUN_ERROR\",\"message\":\"no \\\"way\\\"\","
            "\"code\":\"C\",\"rawEvent\":{\"retryable\":true,"
            "\"retryAfterMs\":7}}\n",
            "what is told beside answers, and of one that fails");
}


static void
wire_test_enclosed(void)
{
    u_char                *last;
    wire_told_t            told;
    ngx_thread_ws_said_t   said;

    wire_begun(&said, &told);
    said.enclosed = 1;
    wire_text(&said, "a");

    last = said.wire->position(told.events + told.len - 1, 12);
    unit_int(last - (told.events + told.len - 1)
             <= (ssize_t) NGX_THREAD_WS_EVENT_POSITION, 1, "within its room");
    told.len = last - told.events;

    wire_is(&said, &told,
            BEGUN START("r1")
            "{\"chunk\":{\"type\":\"TEXT_MESSAGE_CONTENT\","
            "\"messageId\":\"r1\",\"delta\":\"a\"},\"id\":\"12\"}",
            "with its place");
}


static void
wire_begun(ngx_thread_ws_said_t *said, wire_told_t *told)
{
    static ngx_thread_ws_said_run_t  run = {
        ngx_string("r1"), 0, 0, ngx_string("t1")
    };

    wire_begin(said, told, &ngx_thread_ws_wire_ag_ui, &run, "r1");
}
