
/*
 * The wire "ai-sdk": frames of its client's as commands, and what a run is told
 * as, frame by frame.
 */


#include "wire.h"


/* a message list of one, and of what it may be in */

#define USER(id, parts)                                                       \
    "{\"id\":\"" id "\",\"role\":\"user\",\"parts\":[" parts "]}"

#define SEND(rest, messages)                                                  \
    "{\"type\":\"send\",\"requestId\":\"q1\",\"id\":\"c1\"," rest             \
    "\"messages\":[" messages "],\"headers\":{},\"body\":{}}"

#define SUBMIT  "\"trigger\":\"submit-message\","

#define TEXT(text)  "{\"type\":\"text\",\"text\":\"" text "\"}"

#define ANSWER(parts)                                                         \
    "{\"id\":\"a1\",\"role\":\"assistant\",\"parts\":[" parts "]}"

#define CALL(id)  "\"toolCallId\":\"" id "\""

#define ASKED(id, output)                                                     \
    "{\"type\":\"dynamic-tool\",\"toolName\":\"interrupt\"," CALL(id) ","     \
    "\"state\":\"output-available\",\"output\":" output "}"

#define RESULT(call, rest)                                                    \
    "{\"type\":\"tool-x\"," call ",\"state\":\"output-available\"," rest "}"

#define CHUNK(n, chunk)                                                       \
    "{\"type\":\"chunk\",\"requestId\":\"q1\",\"sequence\":" #n               \
    ",\"chunk\":" chunk "}\n"

#define BEGUN                                                                 \
    CHUNK(0, "{\"type\":\"start\",\"messageId\":\"run\"}")                    \
    CHUNK(1, "{\"type\":\"start-step\"}")


static void wire_test_commands(void);
static void wire_test_files(void);
static void wire_test_anew(void);
static void wire_test_results(void);
static void wire_test_asks(void);
static void wire_test_refused(void);
static void wire_test_unusual(void);
static void wire_refused(const char *text, const char *id,
    const char *reason);
static void wire_test_text(void);
static void wire_test_tools(void);
static void wire_test_others(void);
static void wire_test_names(void);
static void wire_test_again(void);
static void wire_test_reasons(void);
static void wire_test_beside(void);
static void wire_test_earlier(void);
static void wire_begun(ngx_thread_ws_said_t *said, wire_told_t *told);


int
main(void)
{
    wire_test_commands();
    wire_test_files();
    wire_test_anew();
    wire_test_results();
    wire_test_asks();
    wire_test_refused();
    wire_test_unusual();
    wire_test_text();
    wire_test_tools();
    wire_test_others();
    wire_test_names();
    wire_test_again();
    wire_test_reasons();
    wire_test_beside();
    wire_test_earlier();

    return unit_done();
}


static void
wire_test_commands(void)
{
    char                     *text;
    ngx_thread_ws_command_t   command;

    text = SEND(SUBMIT, USER("m1", TEXT("old")) ","
                "{\"id\":\"a\",\"role\":\"assistant\",\"parts\":[]},"
                USER("m2", TEXT("one") "," TEXT("") "," TEXT("two\\n")));

    unit_int(ngx_thread_ws_wire_ai_sdk.command(&command, (u_char *) text,
                                               strlen(text)),
             NGX_OK, "a question");
    unit_int(command.type, NGX_THREAD_WS_COMMAND_MESSAGE, "is a message");
    unit_str(command.request_id.data, command.request_id.len, "q1", "its name");
    unit_str(command.thread_id.data, command.thread_id.len, "c1", "its chat");
    unit_str(command.content.data, command.content.len, "one\ntwo\n",
             "its last message's texts");
    unit_str(command.extra.data, command.extra.len,
             "{\"metadata\":{\"messageId\":\"m2\"}}", "its message's id");
    unit_ok(command.parameters == NULL, "no parameters");
    ngx_thread_ws_command_free(&command);

    text = "{\"id\":\"c1\",\"messages\":[" USER("m1", TEXT("x")) "],"
           "\"body\":{\"model\":\"small\"},\"trigger\":\"submit-message\","
           "\"messageId\":null,\"requestId\":\"q1\",\"type\":\"send\"}";

    unit_int(ngx_thread_ws_wire_ai_sdk.command(&command, (u_char *) text,
                                               strlen(text)),
             NGX_OK, "in another order");
    unit_int(json_object_size(command.parameters), 1, "with parameters");
    ngx_thread_ws_command_free(&command);

    text = "{\"type\":\"resume\",\"requestId\":\"q2\",\"id\":\"c1\","
           "\"headers\":{},\"body\":{}}";

    unit_int(ngx_thread_ws_wire_ai_sdk.command(&command, (u_char *) text,
                                               strlen(text)),
             NGX_OK, "a resume");
    unit_int(command.type, NGX_THREAD_WS_COMMAND_FOLLOW, "is a follow");
    unit_str(command.request_id.data, command.request_id.len, "q2",
             "by its own name");
    ngx_thread_ws_command_free(&command);

    text = "{\"type\":\"abort\",\"requestId\":\"q2\"}";

    unit_int(ngx_thread_ws_wire_ai_sdk.command(&command, (u_char *) text,
                                               strlen(text)),
             NGX_OK, "an abort");
    unit_int(command.type, NGX_THREAD_WS_COMMAND_CANCEL, "is a cancel");
    ngx_thread_ws_command_free(&command);
}


static void
wire_test_files(void)
{
    char                     *text;
    ngx_thread_ws_command_t   command;

    text = SEND(SUBMIT, USER("m1",
                "{\"type\":\"file\",\"mediaType\":\"image/png\","
                "\"filename\":\"a.png\","
                "\"url\":\"data:image/png;base64,AA==\"},"
                TEXT("") "," TEXT("so") ","
                "{\"type\":\"file\",\"mediaType\":\"application/pdf\","
                "\"filename\":\"\",\"url\":\"https://a/b\"}"));

    unit_int(ngx_thread_ws_wire_ai_sdk.command(&command, (u_char *) text,
                                               strlen(text)),
             NGX_OK, "files");
    unit_str(command.content.data, command.content.len, "so", "with a text");
    unit_str(command.extra.data, command.extra.len,
             "{\"content\":[{\"filename\":\"a.png\","
             "\"mediaType\":\"image/png\",\"type\":\"image\","
             "\"url\":\"data:image/png;base64,AA==\"},"
             "{\"bytes\":2,\"type\":\"text\"},"
             "{\"mediaType\":\"application/pdf\",\"type\":\"file\","
             "\"url\":\"https://a/b\"}],\"metadata\":{\"messageId\":\"m1\"}}",
             "are its parts");
    ngx_thread_ws_command_free(&command);
}


/* a message in the place of another is known by its own id, or its answer's */

static void
wire_test_anew(void)
{
    char                     *text;
    ngx_str_t                 run;
    ngx_thread_ws_command_t   command;

    text = SEND("\"trigger\":\"regenerate-message\",", USER("m1", TEXT("x")));

    unit_int(ngx_thread_ws_wire_ai_sdk.command(&command, (u_char *) text,
                                               strlen(text)),
             NGX_OK, "another answer");
    unit_str(command.answers.data, command.answers.len, "m1",
             "to that message");
    unit_int(command.answered.len, 0, "whose answer is not told");
    ngx_thread_ws_command_free(&command);

    text = SEND("\"trigger\":\"regenerate-message\",\"messageId\":\"a1\",",
                USER("m1", TEXT("x")));

    unit_int(ngx_thread_ws_wire_ai_sdk.command(&command, (u_char *) text,
                                               strlen(text)),
             NGX_OK, "in the place of one");
    unit_str(command.answered.data, command.answered.len, "a1", "that is told");

    ngx_str_set(&run, "r1");

    unit_int(ngx_thread_ws_command_replace(&command, &run), NGX_OK,
             "once its run is known");
    unit_str(command.replaces.data, command.replaces.len, "r1",
             "it is replaced");
    unit_str(command.extra.data, command.extra.len,
             "{\"metadata\":{\"messageId\":\"m1\"},\"replaces\":\"r1\"}",
             "which is kept");
    ngx_thread_ws_command_free(&command);

    text = SEND(SUBMIT "\"messageId\":\"m1\",", USER("m1", TEXT("y")));

    unit_int(ngx_thread_ws_wire_ai_sdk.command(&command, (u_char *) text,
                                               strlen(text)),
             NGX_OK, "an edited message");
    unit_str(command.answers.data, command.answers.len, "m1",
             "is in its own place");
    ngx_thread_ws_command_free(&command);
}


/* what an agent asks is a call, whose result or approval is the answer */

static void
wire_test_asks(void)
{
    char                     *text;
    wire_told_t               told;
    ngx_thread_ws_said_t      said;
    ngx_thread_ws_command_t   command;

    static ngx_thread_ws_said_run_t  run = {
        ngx_string("run"), 1, 0, ngx_null_string
    };

    wire_begun(&said, &told);
    said.run = &run;
    wire_finish(&said, 1, "interrupt");
    wire_is(&said, &told,
        CHUNK(0, "{\"type\":\"start\"}")
        CHUNK(1, "{\"type\":\"start-step\"}")
        CHUNK(2, "{\"type\":\"tool-input-available\",\"toolCallId\":\"i1\","
                 "\"toolName\":\"interrupt\",\"input\":{\"a\":\"\\\"\"},"
                 "\"dynamic\":true}")
        CHUNK(3, "{\"type\":\"tool-approval-request\","
                 "\"approvalId\":\"i1\",\"toolCallId\":\"i1\"}")
        CHUNK(4, "{\"type\":\"finish-step\"}")
        CHUNK(5, "{\"type\":\"finish\",\"finishReason\":\"tool-calls\","
                 "\"messageMetadata\":{\"latencyMs\":7,\"usage\":{"
                 "\"inputTokens\":1,\"outputTokens\":2,\"totalTokens\":3,"
                 "\"reasoningTokens\":4,\"cachedInputTokens\":5}}}")
        "{\"type\":\"end\",\"requestId\":\"q1\"}\n",
        "a question, after results");

    text = SEND(SUBMIT,
                ANSWER("{\"type\":\"dynamic-tool\",\"toolName\":"
                       "\"interrupt\"," CALL("i1") ","
                       "\"state\":\"approval-responded\",\"approval\":{"
                       "\"id\":\"i1\",\"approved\":false}},"
                       "{\"type\":\"dynamic-tool\",\"toolName\":"
                       "\"interrupt\"," CALL("i2") ","
                       "\"state\":\"output-available\",\"output\":[1]}"));

    unit_int(ngx_thread_ws_wire_ai_sdk.command(&command, (u_char *) text,
                                               strlen(text)),
             NGX_OK, "answers");
    unit_str(command.extra.data, command.extra.len,
             "{\"answers\":[{\"interruptId\":\"i1\",\"value\":"
             "{\"approved\":false}},{\"interruptId\":\"i2\",\"value\":[1]}]}",
             "an approval and a result");
    ngx_thread_ws_command_free(&command);

    text = SEND(SUBMIT,
                ANSWER(RESULT(CALL("c1"), "\"output\":0") ","
                       ASKED("i1", "1") ",{\"type\":\"step-start\"},"
                       ASKED("i2", "2") ",{\"type\":\"step-start\"},"
                       TEXT("half")));

    unit_int(ngx_thread_ws_wire_ai_sdk.command(&command, (u_char *) text,
                                               strlen(text)),
             NGX_OK, "an answer that was told already");
    unit_str(command.extra.data, command.extra.len,
             "{\"answers\":[{\"interruptId\":\"i2\",\"value\":2}]}",
             "of the last step that has one, alone");
    ngx_thread_ws_command_free(&command);
}


/* what its tools gave stands in the page's own answer, in whatever step */

static void
wire_test_results(void)
{
    char                     *text;
    ngx_thread_ws_command_t   command;

    text = SEND(SUBMIT "\"messageId\":\"a1\",\"toolResults\":1,",
                USER("m1", TEXT("x")) ","
                ANSWER(RESULT(CALL("c1"), "\"output\":0") ","
                       "{\"type\":\"step-start\"}," TEXT("so") ","
                       RESULT(CALL("c2"), "\"output\":{\"a\":[null]}") ","
                       RESULT(CALL("c3"), "\"output\":1,"
                                          "\"providerExecuted\":true") ","
                       "{\"type\":\"dynamic-tool\"," CALL("c4") ","
                       "\"state\":\"output-error\",\"errorText\":\"no\"},"
                       "{\"type\":\"tool-x\"," CALL("c5") ","
                       "\"state\":\"input-available\"}"));

    unit_int(ngx_thread_ws_wire_ai_sdk.command(&command, (u_char *) text,
                                               strlen(text)),
             NGX_OK, "results of tools");
    unit_int(command.content.len, 0, "without a text");
    unit_str(command.extra.data, command.extra.len,
             "{\"toolResults\":[{\"output\":0,\"toolCallId\":\"c1\"},"
             "{\"output\":{\"a\":[null]},"
             "\"toolCallId\":\"c2\"},{\"error\":\"no\",\"output\":null,"
             "\"toolCallId\":\"c4\"}]}", "of the page's own, in all its steps");
    unit_str(command.shown.data, command.shown.len,
             "{\"toolResults\":[{\"toolCallId\":\"c1\",\"output\":0},"
             "{\"toolCallId\":\"c2\",\"output\":{\"a\":[null]}},"
             "{\"toolCallId\":\"c4\",\"output\":null,\"error\":\"no\"}]}",
             "of which some may be open");
    unit_int(command.answers.len, 0, "in no other's place");
    ngx_thread_ws_command_free(&command);
}


static void
wire_test_refused(void)
{
    wire_refused("{", "", "the message is not valid JSON");
    wire_refused("[]", "", "a frame is a JSON object");
    wire_refused("{\"type\":\"abort\"}", "", "requestId is none");
    wire_refused("{\"type\":\"abort\",\"requestId\":\"\\\"\"}", "",
                 "requestId is none");
    wire_refused("{\"type\":\"resume\",\"requestId\":\"q1\",\"id\":\"a/b\"}",
                 "q1", "the chat's id must be 1 to 128 characters of "
                 "A-Z a-z 0-9 . _ ~ -");
    wire_refused("{\"type\":\"hum\",\"requestId\":\"q1\",\"id\":\"c1\"}", "q1",
                 "type must be \"send\", \"resume\" or \"abort\"");
    wire_refused(SEND(SUBMIT, ""), "q1", "messages has no message");
    wire_refused(SEND(SUBMIT, "{\"role\":\"system\"}"), "q1",
                 "the last message must be the user's or an answer with "
                 "results of tools");
    wire_refused(SEND(SUBMIT, "{\"role\":\"assistant\"}"), "q1",
                 "the answer has no result of a tool");
    wire_refused(SEND(SUBMIT, ANSWER(RESULT("\"id\":1", "\"output\":1"))),
                 "q1", "toolResults: toolCallId must be a non-empty string");
    wire_refused(SEND(SUBMIT, ANSWER(RESULT(CALL("c1"), "\"input\":1"))),
                 "q1", "toolResults: output is missing");
    wire_refused(SEND("\"trigger\":\"hum\",", USER("m1", TEXT("x"))), "q1",
                 "trigger must be submit-message or regenerate-message");
    wire_refused(SEND(SUBMIT, USER("m1", "")), "q1",
                 "the message has no text");
    wire_refused(SEND(SUBMIT, USER("m1", TEXT("x") ",{\"type\":\"file\"}")),
                 "q1", "content: a part has the fields type, url, mediaType "
                 "and filename only, and the first two");
    wire_refused(SEND(SUBMIT, USER("m1", "{\"type\":\"file\","
                                         "\"url\":\"blob:x\"}")),
                 "q1", "content: url must begin with https:// or data:");
    wire_refused(SEND(SUBMIT, USER("m1", TEXT("a\\u0000"))), "q1",
                 "the message must not contain U+0000");
    wire_refused(SEND(SUBMIT, USER("", TEXT("a"))), "q1",
                 "the message's id must be 1 to 133 characters");
}


/* what a page has of an agent comes back with all that it says */

static void
wire_test_unusual(void)
{
    char                    *last;
    size_t                   i;
    ngx_thread_ws_command_t  command;

    static char  text[1024], deep[8192];

    static const char  *earlier[] = {
        "12345678901234567000", "-18446744073709552000", "\"x\\ud83d\"",
        "\"\\ude00\\ud83d\"", "1e400", "{\"a\\udc00\":[1]}"
    };

    for (i = 0; i < sizeof(earlier) / sizeof(earlier[0]); i++) {
        sprintf(text, SEND(SUBMIT, "{\"id\":\"m0\",\"role\":\"assistant\","
                                   "\"input\":%s}," USER("m1", TEXT("x"))),
                earlier[i]);

        unit_int(ngx_thread_ws_wire_ai_sdk.command(&command, (u_char *) text,
                                                   strlen(text)),
                 NGX_OK, "beside %s", earlier[i]);
        unit_str(command.content.data, command.content.len, "x", "its text");

        ngx_thread_ws_command_free(&command);
    }

    wire_refused("{\"requestId\":\"q1\",\"n\":[}", "",
                 "the message is not valid JSON");

    /* ... and what is too deep is answered */

    last = deep + sprintf(deep, "{\"requestId\":\"q1\",\"n\":");
    memset(last, '[', 4000);
    memset(last + 4000, ']', 4000);
    strcpy(last + 8000, "}");

    wire_refused(deep, "q1", "the message is not valid JSON");
}


static void
wire_refused(const char *text, const char *id, const char *reason)
{
    ngx_thread_ws_command_t  command;

    unit_int(ngx_thread_ws_wire_ai_sdk.command(&command, (u_char *) text,
                                               strlen(text)),
             NGX_DECLINED, "refused: %s", reason);
    unit_str(command.request_id.data, command.request_id.len, id,
             "whom to tell: %s", reason);
    unit_str(command.reason, strlen(command.reason), reason, "why: %s", text);

    ngx_thread_ws_command_free(&command);
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
    wire_finish(&said, 1, "stop");
    wire_is(&said, &told, BEGUN
        CHUNK(2, "{\"type\":\"text-start\",\"id\":\"1\"}")
        CHUNK(3, "{\"type\":\"text-delta\",\"id\":\"1\",\"delta\":\"a\\n\"}")
        CHUNK(4, "{\"type\":\"text-delta\",\"id\":\"1\",\"delta\":\"b\"}")
        CHUNK(5, "{\"type\":\"text-end\",\"id\":\"1\"}")
        CHUNK(6, "{\"type\":\"text-start\",\"id\":\"2\"}")
        CHUNK(7, "{\"type\":\"text-delta\",\"id\":\"2\",\"delta\":\"c\"}")
        CHUNK(8, "{\"type\":\"text-end\",\"id\":\"2\"}")
        CHUNK(9, "{\"type\":\"finish-step\"}")
        CHUNK(10, "{\"type\":\"finish\",\"finishReason\":\"stop\","
                  "\"messageMetadata\":{\"latencyMs\":7,\"usage\":{"
                  "\"inputTokens\":1,\"outputTokens\":2,\"totalTokens\":3,"
                  "\"reasoningTokens\":4,\"cachedInputTokens\":5}}}")
        "{\"type\":\"end\",\"requestId\":\"q1\"}\n", "texts");

    wire_begun(&said, &told);
    wire_text(&said, "a");
    unit_int(said.wire->cancelled(&said, 0), NGX_OK, "cancelled");
    wire_is(&said, &told, BEGUN
        CHUNK(2, "{\"type\":\"text-start\",\"id\":\"1\"}")
        CHUNK(3, "{\"type\":\"text-delta\",\"id\":\"1\",\"delta\":\"a\"}")
        CHUNK(4, "{\"type\":\"text-end\",\"id\":\"1\"}")
        CHUNK(5, "{\"type\":\"abort\"}")
        "{\"type\":\"end\",\"requestId\":\"q1\"}\n",
        "a text that is cancelled");
}


static void
wire_test_tools(void)
{
    wire_told_t           told;
    ngx_thread_ws_said_t  said;

    wire_begun(&said, &told);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_CALL, "c1", "f", "", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_CALL, "c2", "g", "", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_INPUT, "c1", "", "{\\\"a\\\"", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_CALL_END, "c1", "",
              "{\"a\":1}", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_CALL_END, "c1", "", "2", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_INPUT, "c1", "", "x", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_RESULT, "c1", "", "[3]", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_RESULT, "c2", "", "\"no\"", 1);
    wire_part(&said, NGX_THREAD_WS_EVENT_TOOL_RESULT, "c3", "", "{}", 1);
    wire_is(&said, &told, BEGUN
        CHUNK(2, "{\"type\":\"tool-input-start\",\"toolCallId\":\"c1\","
                 "\"toolName\":\"f\"}")
        CHUNK(3, "{\"type\":\"tool-input-start\",\"toolCallId\":\"c2\","
                 "\"toolName\":\"g\"}")
        CHUNK(4, "{\"type\":\"tool-input-delta\",\"toolCallId\":\"c1\","
                 "\"inputTextDelta\":\"{\\\"a\\\"\"}")
        CHUNK(5, "{\"type\":\"tool-input-available\",\"toolCallId\":\"c1\","
                 "\"toolName\":\"f\",\"input\":{\"a\":1}}")
        CHUNK(6, "{\"type\":\"tool-output-available\",\"toolCallId\":\"c1\","
                 "\"output\":[3],\"providerExecuted\":true}")
        CHUNK(7, "{\"type\":\"tool-input-available\",\"toolCallId\":\"c2\","
                 "\"toolName\":\"g\",\"input\":{}}")
        CHUNK(8, "{\"type\":\"tool-output-error\",\"toolCallId\":\"c2\","
                 "\"errorText\":\"no\",\"providerExecuted\":true}")
        CHUNK(9, "{\"type\":\"tool-input-start\",\"toolCallId\":\"c3\","
                 "\"toolName\":\"\"}")
        CHUNK(10, "{\"type\":\"tool-input-available\",\"toolCallId\":\"c3\","
                  "\"toolName\":\"\",\"input\":{}}")
        CHUNK(11, "{\"type\":\"tool-output-error\",\"toolCallId\":\"c3\","
                  "\"errorText\":\"the tool failed\","
                  "\"providerExecuted\":true}"),
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
    wire_part(&said, NGX_THREAD_WS_EVENT_SOURCE, "https://b", "", "", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_SOURCE, "", "C", "", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_DATA, "", "n", "{}", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_DATA, "", "n", "", 0);
    wire_is(&said, &told, BEGUN
        CHUNK(2, "{\"type\":\"reasoning-start\",\"id\":\"1\"}")
        CHUNK(3, "{\"type\":\"reasoning-delta\",\"id\":\"1\","
                 "\"delta\":\"hm\"}")
        CHUNK(4, "{\"type\":\"reasoning-delta\",\"id\":\"1\","
                 "\"delta\":\"so\"}")
        CHUNK(5, "{\"type\":\"reasoning-end\",\"id\":\"1\"}")
        CHUNK(6, "{\"type\":\"text-start\",\"id\":\"2\"}")
        CHUNK(7, "{\"type\":\"text-delta\",\"id\":\"2\",\"delta\":\"a\"}")
        CHUNK(8, "{\"type\":\"text-end\",\"id\":\"2\"}")
        CHUNK(9, "{\"type\":\"source-url\",\"sourceId\":\"1\","
                 "\"url\":\"https://a\",\"title\":\"A\"}")
        CHUNK(10, "{\"type\":\"source-url\",\"sourceId\":\"2\","
                  "\"url\":\"https://b\"}")
        CHUNK(11, "{\"type\":\"source-document\",\"sourceId\":\"3\","
                  "\"mediaType\":\"text/plain\",\"title\":\"C\"}")
        CHUNK(12, "{\"type\":\"data-n\",\"data\":{}}")
        CHUNK(13, "{\"type\":\"data-n\",\"data\":null}"),
        "reasoning, sources, data");
}


/* names for which the client would close the socket */

static void
wire_test_names(void)
{
    wire_told_t           told;
    ngx_thread_ws_said_t  said;

    wire_begun(&said, &told);
    wire_part(&said, NGX_THREAD_WS_EVENT_DATA, "", "n",
              "{\"__proto__\":{\"__proto__\" : 1},\"a\":\"__proto__\"}", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_DATA, "", "n",
              "{\"\\u005f_proto_\\u005F\":1,\"_\\u005fproto__\":2}", 0);
    wire_part(&said, NGX_THREAD_WS_EVENT_DATA, "", "n",
              "[{\"constructor\":{}},{\"constructor\":1},\"\\\"__proto__\"]",
              0);
    wire_is(&said, &told, BEGUN
        CHUNK(2, "{\"type\":\"data-n\",\"data\":{\"-_proto__\":"
                 "{\"-_proto__\" : 1},\"a\":\"__proto__\"}}")
        CHUNK(3, "{\"type\":\"data-n\",\"data\":{\"\\u002d_proto_\\u005F\":1,"
                 "\"-\\u005fproto__\":2}}")
        CHUNK(4, "{\"type\":\"data-n\",\"data\":[{\"-onstructor\":{}},"
                 "{\"constructor\":1},\"\\\"__proto__\"]}"),
        "names that are not to be told");
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
        CHUNK(2, "{\"type\":\"tool-input-start\",\"toolCallId\":\"c1\","
                 "\"toolName\":\"f\"}")
        CHUNK(3, "{\"type\":\"text-start\",\"id\":\"1\"}")
        CHUNK(4, "{\"type\":\"text-delta\",\"id\":\"1\",\"delta\":\"abc\"}")
        CHUNK(5, "{\"type\":\"text-end\",\"id\":\"1\"}")
        CHUNK(6, "{\"type\":\"reset-step\"}")
        CHUNK(7, "{\"type\":\"text-start\",\"id\":\"2\"}")
        CHUNK(8, "{\"type\":\"text-delta\",\"id\":\"2\",\"delta\":\"ab\"}")
        CHUNK(9, "{\"type\":\"text-delta\",\"id\":\"2\",\"delta\":\"d\"}")
        CHUNK(10, "{\"type\":\"text-end\",\"id\":\"2\"}")
        CHUNK(11, "{\"type\":\"tool-input-start\",\"toolCallId\":\"c1\","
                  "\"toolName\":\"f\"}"), "begun anew");
}


static void
wire_test_reasons(void)
{
    u_char                *p;
    ngx_uint_t             i;
    wire_told_t            told;
    ngx_thread_ws_said_t   said;

    static struct {
        const char  *reason;
        const char  *told;
    } reasons[] = {
        { "", "{\"type\":\"finish\",\"messageMetadata\"" },
        { "end_turn", "{\"type\":\"finish\",\"finishReason\":\"stop\"," },
        { "max_tokens", "{\"type\":\"finish\",\"finishReason\":\"length\"," },
        { "content_filter",
          "{\"type\":\"finish\",\"finishReason\":\"content-filter\"," },
        { "tool_use", "{\"type\":\"finish\",\"finishReason\":\"tool-calls\"," },
        { "interrupt",
          "{\"type\":\"finish\",\"finishReason\":\"tool-calls\"," },
        { "a\"whim", "{\"type\":\"finish\",\"finishReason\":\"other\"," }
    };

    for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        wire_begun(&said, &told);
        wire_finish(&said, 1, reasons[i].reason);

        told.events[told.len] = '\0';
        p = (u_char *) strstr((char *) told.events, reasons[i].told);
        unit_ok(p != NULL, "finish reason \"%s\"", reasons[i].reason);

        ngx_thread_ws_wire_forget(&said);
    }
}


static void
wire_test_beside(void)
{
    ngx_str_t              id = ngx_string("q2");
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

    unit_int(said.wire->error(&said, &error), NGX_OK, "error");
    unit_int(said.wire->idle(&wire_out, &told, &id), NGX_OK, "idle");
    unit_int(said.wire->asked(&said, &asked), NGX_OK, "asked");

    wire_is(&said, &told,
            "{\"type\":\"error\",\"requestId\":\"q1\","
            "\"errorText\":\"no \\\"way\\\"\"}\n"
            "{\"type\":\"no-active\",\"requestId\":\"q2\"}\n",
            "what is told beside answers");
}


/* who resumes a run that goes on with a message hears that first */

static void
wire_test_earlier(void)
{
    wire_told_t             told;
    ngx_thread_ws_said_t    said;
    ngx_thread_ws_asked_t   asked;

    ngx_memzero(&asked, sizeof(ngx_thread_ws_asked_t));

    wire_begun(&said, &told);
    said.bare = 1;
    said.major = 6;

    ngx_str_set(&asked.earlier, "{\"id\":\"a\\\"1\",\"parts\":[{\"type\":"
                "\"dynamic-tool\",\"toolName\":\"t\",\"toolCallId\":\"c\","
                "\"state\":\"approval-responded\",\"input\":{\"__proto__\":1},"
                "\"approval\":{\"id\":\"p\",\"approved\":true}},{},7,"
                "{\"type\":\"text\",\"text\":\"\"},{\"type\":\"tool-\"}]}");

    unit_int(said.wire->asked(&said, &asked), NGX_OK, "asked");
    unit_int(said.wire->asked(&said, &asked), NGX_OK, "asked twice");

    wire_is(&said, &told,
            "{\"type\":\"start\",\"messageId\":\"a\\\"1\"}\n"
            "{\"type\":\"start-step\"}\n"
            "{\"type\":\"tool-input-available\",\"toolCallId\":\"c\","
            "\"toolName\":\"t\",\"input\":{\"-_proto__\":1},"
            "\"dynamic\":true}\n"
            "{\"type\":\"tool-approval-request\",\"approvalId\":\"p\","
            "\"toolCallId\":\"c\"}\n"
            "{\"type\":\"finish-step\"}\n{\"type\":\"start-step\"}\n",
            "what stands before a run");

    wire_begun(&said, &told);
    ngx_str_set(&asked.earlier, "{");

    unit_int(said.wire->asked(&said, &asked), NGX_ERROR, "half of it");

    wire_is(&said, &told, "", "nothing");
}


static void
wire_begun(ngx_thread_ws_said_t *said, wire_told_t *told)
{
    static ngx_thread_ws_said_run_t  run = {
        ngx_string("run"), 0, 0, ngx_null_string
    };

    wire_begin(said, told, &ngx_thread_ws_wire_ai_sdk, &run, "q1");
}
