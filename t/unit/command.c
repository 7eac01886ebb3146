
/*
 * What a client's text comes to: a command with its fields, or an error.
 */


#include "unit.h"
#include "wire/ngx_thread_ws_command.h"


#define message(members)  "{\"type\":\"message\"," members "}"
#define ids  "\"requestId\":\"r1\",\"threadId\":\"t1\","
#define hi   "\"content\":\"hi\""

#define bad_fields(kind)  "INVALID_MESSAGE: " kind " only"
#define bad_type                                                              \
    "INVALID_MESSAGE: type must be \"message\", \"cancel\", \"abort\", "      \
    "\"follow\" or \"ping\""
#define bad_id                                                                \
    "INVALID_MESSAGE: requestId must be 1 to 128 printable ASCII characters " \
    "without quotes and backslashes"
#define bad_after                                                             \
    "INVALID_MESSAGE: after must be an event's position"
#define bad_content                                                           \
    "INVALID_MESSAGE: content must be a non-empty string"
#define bad_message                                                           \
    bad_fields("a message has the fields type, requestId, threadId, "          \
               "content, toolResults, answers, parameters, metadata and "      \
               "replaces")
#define asks(members)                                                         \
    message(ids "\"answers\":" members)
#define bad_replaces                                                          \
    "INVALID_MESSAGE: replaces must be the requestId of another run r1 t1"
#define tagged(members)                                                       \
    message(ids hi ",\"metadata\":{" members "}")
#define with(members)                                                         \
    message(ids hi ",\"parameters\":{" members "}")
#define not_json  "INVALID_JSON: the message is not valid JSON"


typedef struct {
    const char  *name;
    const char  *text;
    size_t       len;
    const char  *says;
} command_case_t;


#define command_case(name, text, says)  { name, text, sizeof(text) - 1, says }


static void command_test_cases(void);
static void command_test_lengths(void);
static void command_test_ids(void);
static void command_test_deep(void);
static void command_test_usual(void);
static void command_say(unit_text_t *text, const char *data, size_t len);


/*
 * What a command says: its kind and fields; or the error's code and reason,
 * with the run and the thread that it names.
 */

static command_case_t  command_cases[] = {

    /* message */

    command_case("a message", message(ids hi), "message r1 t1 \"hi\""),
    command_case("fields in any order",
                 "{\"content\":\"hi\",\"threadId\":\"t1\",\"requestId\":\"r1\","
                 "\"type\":\"message\"}", "message r1 t1 \"hi\""),
    command_case("spaces", " \n{ \"type\" : \"message\" ,\r\t" ids hi
                 "} ", "message r1 t1 \"hi\""),
    command_case("escapes", message(ids
                 "\"content\":\"a\\n\\u00e9\\ud83d\\ude00\""),
                 "message r1 t1 \"a\\x0a\\xc3\\xa9\\xf0\\x9f\\x98\\x80\""),
    command_case("UTF-8", message(ids "\"content\":\"\xc3\xa9\""),
                 "message r1 t1 \"\\xc3\\xa9\""),
    command_case("a content of spaces", message(ids "\"content\":\" \""),
                 "message r1 t1 \" \""),
    command_case("ids of all characters", message(
                 "\"requestId\":\" !#~}az09\","
                 "\"threadId\":\"A.z_0~-\"," hi),
                 "message  !#~}az09 A.z_0~- \"hi\""),
    command_case("any thread id", message(
                 "\"requestId\":\"r1\",\"threadId\":\"\"," hi),
                 "message r1 (empty) \"hi\""),
    command_case("an escaped name", message(ids "\"conten\\u0074\":\"hi\""),
                 "message r1 t1 \"hi\""),

    command_case("no content", message("\"requestId\":\"r1\","
                 "\"threadId\":\"t1\""), bad_content " r1 t1"),
    command_case("an empty content", message(ids "\"content\":\"\""),
                 bad_content " r1 t1"),
    command_case("a content that is none", message(ids "\"content\":1"),
                 bad_content " r1 t1"),
    command_case("content null", message(ids "\"content\":null"),
                 bad_content " r1 t1"),
    command_case("a content with U+0000", message(ids
                 "\"content\":\"a\\u0000\""), "INVALID_MESSAGE: content must "
                 "not contain U+0000 r1 t1"),
    command_case("no thread id", message("\"requestId\":\"r1\"," hi),
                 "INVALID_MESSAGE: threadId must be a string r1"),
    command_case("a thread id that is none", message(
                 "\"requestId\":\"r1\",\"threadId\":1," hi),
                 "INVALID_MESSAGE: threadId must be a string r1"),
    command_case("no request id", message("\"threadId\":\"t1\"," hi),
                 bad_id " t1"),
    command_case("a request id that is none", message(
                 "\"requestId\":1,\"threadId\":\"t1\"," hi), bad_id " t1"),
    command_case("an empty request id", message(
                 "\"requestId\":\"\",\"threadId\":\"t1\"," hi),
                 bad_id " t1"),
    command_case("a request id with a quote", message(
                 "\"requestId\":\"a\\\"\",\"threadId\":\"t1\"," hi),
                 bad_id " t1"),
    command_case("a request id with a backslash", message(
                 "\"requestId\":\"a\\\\\",\"threadId\":\"t1\"," hi),
                 bad_id " t1"),
    command_case("a request id with U+0000", message(
                 "\"requestId\":\"a\\u0000\",\"threadId\":\"t1\"," hi),
                 bad_id " t1"),
    command_case("a request id with DEL", message(
                 "\"requestId\":\"a\x7f\",\"threadId\":\"t1\"," hi),
                 bad_id " t1"),
    command_case("a request id beyond ASCII", message(
                 "\"requestId\":\"\xc3\xa9\",\"threadId\":\"t1\"," hi),
                 bad_id " t1"),
    command_case("an unknown field", message(ids hi ",\"x\":1"),
                 bad_message " r1 t1"),
    command_case("an unknown field null", message(ids hi ",\"x\":null"),
                 bad_message " r1 t1"),
    command_case("a misspelt field", message(ids "\"Content\":\"hi\""),
                 bad_message " r1 t1"),
    command_case("a field of another command", message(ids hi ",\"t\":1"),
                 bad_message " r1 t1"),
    command_case("a field twice", message(ids hi "," hi),
                 "INVALID_MESSAGE: a field is given twice r1"),

    /* what it says beside its text */

    command_case("results of tools, and no content",
                 message(ids "\"toolResults\":[{\"toolCallId\":\"a\","
                         "\"output\":{\"b\":1,\"a\":null}}]"),
                 "message r1 t1 {\"toolResults\":[{\"output\":"
                 "{\"a\":null,\"b\":1},\"toolCallId\":\"a\"}]}"),
    command_case("results of tools, one of them an error, and content",
                 message(ids hi ",\"toolResults\":[{\"toolCallId\":\"a\","
                         "\"output\":1},{\"toolCallId\":\"b\",\"output\":"
                         "null,\"error\":\"e\"}]"),
                 "message r1 t1 \"hi\" {\"toolResults\":[{\"output\":1,"
                 "\"toolCallId\":\"a\"},{\"error\":\"e\",\"output\":null,"
                 "\"toolCallId\":\"b\"}]}"),
    command_case("results of tools that are none",
                 message(ids hi ",\"toolResults\":{}"),
                 "INVALID_MESSAGE: toolResults must be a list of results"
                 " r1 t1"),
    command_case("a result without an output",
                 message(ids "\"toolResults\":[{\"toolCallId\":\"a\"}]"),
                 "INVALID_MESSAGE: toolResults: output is missing r1 t1"),
    command_case("a result that is given twice",
                 message(ids "\"toolResults\":[{\"toolCallId\":\"a\","
                         "\"output\":1},{\"toolCallId\":\"a\",\"output\":1}]"),
                 "INVALID_MESSAGE: toolResults: a toolCallId is given twice"
                 " r1 t1"),
    command_case("results, and an empty content",
                 message(ids "\"content\":\"\",\"toolResults\":[{"
                         "\"toolCallId\":\"a\",\"output\":1}]"),
                 bad_content " r1 t1"),

    command_case("parts", message(ids "\"content\":["
                 "{\"type\":\"text\",\"text\":\"h\\u00e9\"},"
                 "{\"type\":\"image\",\"url\":\"https://a/\"},"
                 "{\"type\":\"text\",\"text\":\"o\"}]"),
                 "message r1 t1 \"h\\xc3\\xa9o\" {\"content\":["
                 "{\"bytes\":3,\"type\":\"text\"},"
                 "{\"type\":\"image\",\"url\":\"https://a/\"},"
                 "{\"bytes\":1,\"type\":\"text\"}]}"),
    command_case("parts without a text", message(ids "\"content\":["
                 "{\"type\":\"file\",\"url\":\"data:;base64,aGk=\"}]"),
                 "message r1 t1 {\"content\":["
                 "{\"type\":\"file\",\"url\":\"data:;base64,aGk=\"}]}"),
    command_case("no parts", message(ids "\"content\":[]"),
                 "INVALID_MESSAGE: content has no parts r1 t1"),
    command_case("data: without a comma", message(ids "\"content\":["
                 "{\"type\":\"file\",\"url\":\"data:;base64\"}]"),
                 "INVALID_MESSAGE: content: a data: URL must have base64"
                 " r1 t1"),

    command_case("answers", asks("[{\"value\":{\"b\":1,\"a\":null},"
                 "\"interruptId\":\"i\"},{\"interruptId\":\"j\","
                 "\"value\":null}]"),
                 "message r1 t1 {\"answers\":[{\"interruptId\":\"i\","
                 "\"value\":{\"a\":null,\"b\":1}},{\"interruptId\":\"j\","
                 "\"value\":null}]}"),
    command_case("answers that are none", asks("{}"),
                 "INVALID_MESSAGE: answers must be a list of answers r1 t1"),
    command_case("no answers", asks("[]"),
                 "INVALID_MESSAGE: answers must be a list of answers r1 t1"),
    command_case("an answer that is none", asks("[1]"),
                 "INVALID_MESSAGE: answers must be a list of objects r1 t1"),
    command_case("an answer to nothing", asks("[{\"value\":1}]"),
                 "INVALID_MESSAGE: answers: interruptId must be a non-empty "
                 "string r1 t1"),
    command_case("an answer to U+0000",
                 asks("[{\"interruptId\":\"\\u0000\",\"value\":1}]"),
                 "INVALID_MESSAGE: answers: interruptId must be a non-empty "
                 "string r1 t1"),
    command_case("an answer without a value",
                 asks("[{\"interruptId\":\"i\"}]"),
                 "INVALID_MESSAGE: answers: value is missing r1 t1"),
    command_case("an answer with more",
                 asks("[{\"interruptId\":\"i\",\"value\":1,\"x\":1}]"),
                 "INVALID_MESSAGE: answers have the fields interruptId and "
                 "value only r1 t1"),
    command_case("an answer that is given twice",
                 asks("[{\"interruptId\":\"i\",\"value\":1},"
                 "{\"interruptId\":\"i\",\"value\":1}]"),
                 "INVALID_MESSAGE: answers: an interruptId is given twice"
                 " r1 t1"),
    command_case("answers, and content",
                 asks("[{\"interruptId\":\"i\",\"value\":1}]," hi),
                 "INVALID_MESSAGE: answers stand without content and "
                 "toolResults r1 t1"),
    command_case("answers, and results of tools",
                 asks("[{\"interruptId\":\"i\",\"value\":1}],"
                 "\"toolResults\":[{\"toolCallId\":\"a\",\"output\":1}]"),
                 "INVALID_MESSAGE: answers stand without content and "
                 "toolResults r1 t1"),

    command_case("parameters", with("\"a\":1"),
                 "message r1 t1 \"hi\" {\"a\":1}"),
    command_case("no parameters", with(""), "message r1 t1 \"hi\" {}"),
    command_case("parameters that are none", message(ids hi
                 ",\"parameters\":[]"),
                 "INVALID_MESSAGE: parameters must be an object r1 t1"),
    command_case("parameters null", message(ids hi ",\"parameters\":null"),
                 "INVALID_MESSAGE: parameters must be an object r1 t1"),
    command_case("metadata", tagged("\"b\":\"2\",\"a\":\"\""),
                 "message r1 t1 \"hi\" "
                 "{\"metadata\":{\"a\":\"\",\"b\":\"2\"}}"),
    command_case("no metadata", tagged(""), "message r1 t1 \"hi\""),
    command_case("metadata that is none", message(ids hi ",\"metadata\":1"),
                 "INVALID_MESSAGE: metadata must be an object of at most 16 "
                 "texts r1 t1"),
    command_case("metadata that is no text", tagged("\"a\":\"1\",\"b\":1"),
                 "INVALID_MESSAGE: metadata: \"b\" must be a text of at most "
                 "1024 bytes without U+0000 r1 t1"),
    command_case("metadata with U+0000", tagged("\"a\":\"\\u0000\""),
                 "INVALID_MESSAGE: metadata: \"a\" must be a text of at most "
                 "1024 bytes without U+0000 r1 t1"),
    command_case("metadata without a name", tagged("\"\":\"1\""),
                 "INVALID_MESSAGE: metadata: \"\" is no name of 1 to 64 bytes "
                 "r1 t1"),
    command_case("metadata within metadata", tagged("\"a\":{\"b\":\"c\"}"),
                 "INVALID_MESSAGE: metadata: \"a\" must be a text of at most "
                 "1024 bytes without U+0000 r1 t1"),
    command_case("seventeen of them", tagged(
                 "\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\","
                 "\"e\":\"\",\"f\":\"\",\"g\":\"\",\"h\":\"\","
                 "\"i\":\"\",\"j\":\"\",\"k\":\"\",\"l\":\"\","
                 "\"m\":\"\",\"n\":\"\",\"o\":\"\",\"p\":\"\",\"q\":\"\""),
                 "INVALID_MESSAGE: metadata must be an object of at most 16 "
                 "texts r1 t1"),
    command_case("what it replaces", message(ids hi
                 ",\"replaces\":\"r0\""),
                 "message r1 t1 \"hi\" {\"replaces\":\"r0\"}"),
    command_case("it replaces itself", message(ids hi
                 ",\"replaces\":\"r1\""), bad_replaces),
    command_case("it replaces nothing", message(ids hi
                 ",\"replaces\":\"\""), bad_replaces),
    command_case("it replaces what is no id", message(ids hi
                 ",\"replaces\":null"), bad_replaces),
    command_case("it replaces what is no id either", message(ids hi
                 ",\"replaces\":\"\\u0000\""), bad_replaces),
    command_case("metadata twice", tagged("\"a\":\"1\",\"a\":\"1\""),
                 "INVALID_MESSAGE: metadata: \"a\" is given twice r1"),
    command_case("a parameter beyond a double's", with("\"a\":1,\"b\":1e999"),
                 "INVALID_MESSAGE: parameters: \"b\" has a value that cannot "
                 "be read r1"),
    command_case("one beyond 64 bits, within another",
                 with("\"\\u0061\":{\"b\":123456789012345678901234567890}"),
                 "INVALID_MESSAGE: parameters: \"a\" has a value that cannot "
                 "be read r1"),
    command_case("a parameter with half a pair", with("\"a\":\"\\ud83d\""),
                 "INVALID_MESSAGE: parameters: \"a\" has a value that cannot "
                 "be read r1"),
    command_case("a parameter twice", with("\"a\":1,\"\\u0061\":2"),
                 "INVALID_MESSAGE: parameters: \"a\" is given twice r1"),
    command_case("one twice within another", with("\"a\":{\"b\":1,\"b\":2}"),
                 "INVALID_MESSAGE: parameters: \"a\" has a value that cannot "
                 "be read r1"),
    command_case("good parameters beside a large number",
                 message(ids hi ",\"parameters\":{\"a\":1},\"n\":1e999"),
                 "INVALID_MESSAGE: a number is too large r1"),
    command_case("a ping with a large number and parameters",
                 "{\"type\":\"ping\",\"t\":1e999,\"parameters\":{}}",
                 "INVALID_MESSAGE: a number is too large"),

    /* cancel */

    command_case("a cancel", "{\"type\":\"cancel\",\"requestId\":\"r1\"}",
                 "cancel r1"),
    command_case("an abort", "{\"requestId\":\"r1\",\"type\":\"abort\"}",
                 "cancel r1"),
    command_case("a cancel of nothing", "{\"type\":\"cancel\"}", bad_id),
    command_case("a cancel of something else",
                 "{\"type\":\"cancel\",\"requestId\":\"\\u0000\"}", bad_id),
    command_case("a cancel with more",
                 "{\"type\":\"cancel\",\"requestId\":\"r1\","
                 "\"threadId\":\"t1\"}",
                 bad_fields("a cancel has the fields type and requestId")),
    command_case("an abort with more",
                 "{\"type\":\"abort\",\"requestId\":\"r1\",\"x\":1}",
                 bad_fields("an abort has the fields type and requestId")),

    /* ping */

    command_case("a follow", "{\"type\":\"follow\"}", "follow"),
    command_case("a follow of a run",
                 "{\"type\":\"follow\",\"requestId\":\"r1\",\"after\":7}",
                 "follow r1 after 7"),
    command_case("a follow with more", "{\"type\":\"follow\",\"x\":1}",
                 bad_fields("a follow has the fields type, requestId and "
                            "after")),
    command_case("a follow of a bad id",
                 "{\"type\":\"follow\",\"requestId\":\"\"}", bad_id),
    command_case("a follow after no number",
                 "{\"type\":\"follow\",\"requestId\":\"r1\",\"after\":\"7\"}",
                 bad_after),
    command_case("a follow after less than nothing",
                 "{\"type\":\"follow\",\"after\":-1}", bad_after),
    command_case("a follow after a fraction",
                 "{\"type\":\"follow\",\"after\":1.0}", bad_after),

    command_case("a ping", "{\"type\":\"ping\"}", "ping"),
    command_case("a ping with a number", "{\"type\":\"ping\",\"t\":1.5}",
                 "ping 1.5"),
    command_case("a ping with null", "{\"t\":null,\"type\":\"ping\"}",
                 "ping null"),
    command_case("a ping with an object",
                 "{\"type\":\"ping\",\"t\":{\"a\":[1,\"\\u0000\"]}}",
                 "ping {\"a\":[1,\"\\u0000\"]}"),
    command_case("a ping with more", "{\"type\":\"ping\",\"requestId\":\"r\"}",
                 bad_fields("a ping has the fields type and t")),

    /* none of them */

    command_case("no type", "{}", bad_type),
    command_case("no type, but the rest", "{" ids hi "}", bad_type),
    command_case("another type", "{\"type\":\"Message\"}", bad_type),
    command_case("a type that is none", "{\"type\":1}", bad_type),
    command_case("a longer type", "{\"type\":\"pings\"}", bad_type),
    command_case("a type with U+0000", "{\"type\":\"ping\\u0000\"}", bad_type),
    command_case("an array", "[]", "INVALID_MESSAGE: a command is a JSON "
                 "object"),
    command_case("a string", "\"message\"", "INVALID_MESSAGE: a command is a "
                 "JSON object"),
    command_case("null", "null", "INVALID_MESSAGE: a command is a JSON object"),

    /* no JSON */

    command_case("nothing", "", not_json),
    command_case("a word", "hello", not_json),
    command_case("a cut object", "{\"type\":\"ping\"", not_json),
    command_case("two objects", "{\"type\":\"ping\"}{}", not_json),
    command_case("a comma too many", "{\"type\":\"ping\",}", not_json),
    command_case("single quotes", "{'type':'ping'}", not_json),
    command_case("broken UTF-8", message(ids "\"content\":\"\xff\""),
                 not_json),
    command_case("a NUL", "{\"type\":\"ping\"}\0", not_json),
    command_case("a NUL after it", "{\"type\":\"ping\"}\0\0", not_json),
    command_case("a byte order mark", "\xef\xbb\xbf{\"type\":\"ping\"}",
                 not_json),
    command_case("a cut escape", message(ids "\"content\":\"\\ud8\""),
                 not_json),
    command_case("a large number and no JSON",
                 "{\"type\":\"ping\",\"t\":1e999", not_json),

    /* JSON that jansson does not take */

    command_case("one half of a surrogate pair", message(ids
                 "\"content\":\"\\ud83d\""),
                 "INVALID_MESSAGE: a string has one half of a surrogate pair"
                 " r1"),
    command_case("the other half", message(ids "\"content\":\"\\ude00x\""),
                 "INVALID_MESSAGE: a string has one half of a surrogate pair"
                 " r1"),
    command_case("an integer beyond 64 bits", message(ids hi
                 ",\"n\":123456789012345678901234567890"),
                 "INVALID_MESSAGE: a number is too large r1"),
    command_case("a number beyond a double's", message(ids hi ",\"n\":-1e999"),
                 "INVALID_MESSAGE: a number is too large r1"),
    command_case("U+0000 in a name", message(ids hi ",\"\\u0000\":1"),
                 "INVALID_MESSAGE: a name must not contain U+0000 r1"),
    command_case("an id that is none, beside such a number",
                 message("\"requestId\":\"\\u0041\"," hi ",\"n\":1e999"),
                 "INVALID_MESSAGE: a number is too large"),
    command_case("a cancel beside such a number",
                 "{\"type\":\"cancel\",\"requestId\":\"r1\",\"n\":1e999}",
                 "INVALID_MESSAGE: a number is too large"),
    command_case("twice, and a large number", message(ids ids hi
                 ",\"n\":1e999"),
                 "INVALID_MESSAGE: a field is given twice"),

    /* ... and what is given back as it is */

    command_case("a ping with a number beyond 64 bits",
                 "{\"type\":\"ping\",\"t\":123456789012345678901234567890}",
                 "ping 123456789012345678901234567890"),
    command_case("a ping with a number beyond a double's",
                 "{\"t\":-1.50E+999,\"type\":\"ping\"}", "ping -1.50E+999"),
    command_case("a ping with spaces, escapes and zeros",
                 "{\"type\":\"ping\", \"t\" : [ 1.50 , \"\\u0061\\/\" ] }",
                 "ping [ 1.50 , \"\\u0061\\/\" ]"),
    command_case("a ping with half a pair and a name twice",
                 "{\"type\":\"ping\",\"t\":{\"a\":\"\\udead\",\"a\":-0}}",
                 "ping {\"a\":\"\\udead\",\"a\":-0}"),
    command_case("a ping by escaped names",
                 "{\"\\u0074ype\":\"ping\",\"\\u0074\":1.0}", "ping 1.0"),
    command_case("such a ping with more",
                 "{\"type\":\"ping\",\"t\":1e999,\"x\":1}",
                 "INVALID_MESSAGE: a number is too large"),
    command_case("such a ping with two of them",
                 "{\"type\":\"ping\",\"t\":1e999,\"t\":1}",
                 "INVALID_MESSAGE: a field is given twice")
};


int
main(void)
{
    command_test_cases();
    command_test_lengths();
    command_test_ids();
    command_test_deep();
    command_test_usual();

    return unit_done();
}


static void
command_test_cases(void)
{
    ngx_uint_t       i;
    unit_text_t      text;
    command_case_t  *c;

    for (i = 0; i < sizeof(command_cases) / sizeof(command_cases[0]); i++) {
        c = &command_cases[i];

        ngx_memzero(&text, sizeof(unit_text_t));
        command_say(&text, c->text, c->len);
        unit_str(text.data, text.len, c->says, "%s", c->name);
        unit_text_free(&text);
    }
}


/* ids at the longest that they may be, and beyond */

static void
command_test_lengths(void)
{
    char         id[130], command[512];
    int          len;
    unit_text_t  text;

    ngx_memset(id, 'x', 129);
    id[128] = '\0';

    len = snprintf(command, sizeof(command),
                   "{\"type\":\"cancel\",\"requestId\":\"%s\"}", id);

    ngx_memzero(&text, sizeof(unit_text_t));
    command_say(&text, command, len);
    unit_int(text.len, 7 + 128, "a request id of 128 characters");
    unit_text_free(&text);

    id[128] = 'x';
    id[129] = '\0';

    len = snprintf(command, sizeof(command),
                   "{\"type\":\"cancel\",\"requestId\":\"%s\"}", id);

    command_say(&text, command, len);
    unit_str(text.data, text.len, bad_id, "a request id of 129");
    unit_text_free(&text);
}


/* each byte, by itself, as an id */

static void
command_test_ids(void)
{
    u_char       ch, id[129];
    ngx_str_t    str;
    ngx_uint_t   i, request, thread, expected;

    request = 0;
    thread = 0;

    for (i = 0; i < 256; i++) {
        ch = (u_char) i;
        str.data = &ch;
        str.len = 1;

        expected = (i >= 32 && i < 127 && i != '"' && i != '\\');
        request += (ngx_thread_ws_request_id_check(&str)
                    == (expected ? NGX_OK : NGX_DECLINED));

        expected = i && strchr("abcdefghijklmnopqrstuvwxyz0123456789._~-"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ", (int) i) != NULL;
        expected = expected && i != '.';
        thread += (ngx_thread_ws_thread_id_check(&str)
                   == (expected ? NGX_OK : NGX_DECLINED));
    }

    unit_int(request, 256, "each byte as a request id");
    unit_int(thread, 256, "each byte as a thread id");

    ngx_memset(id, 'a', sizeof(id));
    str.data = id;
    str.len = 128;

    unit_int(ngx_thread_ws_thread_id_check(&str), NGX_OK,
             "a thread id of 128 characters");

    str.len = 129;

    unit_int(ngx_thread_ws_thread_id_check(&str), NGX_DECLINED,
             "a thread id of 129");

    ngx_memset(id, '.', 3);
    str.len = 2;

    unit_int(ngx_thread_ws_thread_id_check(&str), NGX_DECLINED,
             "a thread id that is a step up in a path");

    str.len = 3;

    unit_int(ngx_thread_ws_thread_id_check(&str), NGX_OK,
             "one of three dots");

    str.len = 0;

    unit_int(ngx_thread_ws_thread_id_check(&str), NGX_DECLINED,
             "an empty thread id");
    unit_int(ngx_thread_ws_request_id_check(&str), NGX_DECLINED,
             "an empty request id");

    str.len = 3;
    id[1] = '/';

    unit_int(ngx_thread_ws_thread_id_check(&str), NGX_DECLINED,
             "a thread id with a slash inside");
}


static void
command_test_deep(void)
{
    char         *deep;
    unit_text_t   text;

    deep = malloc(200000);
    ngx_memset(deep, '[', 200000);

    ngx_memzero(&text, sizeof(unit_text_t));
    command_say(&text, deep, 200000);
    unit_str(text.data, text.len,
             "INVALID_MESSAGE: objects and arrays are nested too deeply",
             "too deep");

    unit_text_free(&text);
    free(deep);
}


static void
command_say(unit_text_t *text, const char *data, size_t len)
{
    char                     *json;
    u_char                   *copy;
    ngx_int_t                 rc;
    ngx_thread_ws_command_t   command;

    static const char  *kinds[] = {
        "message", "cancel", "follow", "ping"
    };

    copy = malloc(len ? len : 1);
    ngx_memcpy(copy, data, len);

    rc = ngx_thread_ws_command_parse(&command, copy, len);

    if (rc == NGX_OK) {
        unit_add(text, "%s", kinds[command.type]);

    } else if (rc == NGX_DECLINED) {
        unit_add(text, "%s: %s", ngx_thread_ws_codes[command.code].name.data,
                 command.reason);

    } else {
        unit_add(text, "rc %d", (int) rc);
    }

    if (command.request_id.len) {
        unit_add(text, " ");
        unit_add_escaped(text, command.request_id.data, command.request_id.len);
    }

    if (command.after) {
        unit_add(text, " after %d", (int) command.after);
    }

    if (command.thread_id.data) {
        unit_add(text, " ");
        unit_add_escaped(text, command.thread_id.data, command.thread_id.len);
        unit_add(text, "%s", command.thread_id.len ? "" : "(empty)");
    }

    if (rc == NGX_OK && command.content.len) {
        unit_add(text, " \"");
        unit_add_escaped(text, command.content.data, command.content.len);
        unit_add(text, "\"");
    }

    if (rc == NGX_OK && command.extra.len) {
        unit_add(text, " %.*s", (int) command.extra.len, command.extra.data);
    }

    if (rc == NGX_OK && command.parameters) {
        json = json_dumps(command.parameters, JSON_COMPACT);
        unit_add(text, " %s", json);
        free(json);
    }

    if (command.t.len) {
        unit_add(text, " %.*s", (int) command.t.len, command.t.data);
    }

    ngx_thread_ws_command_free(&command);

    /* a copy of just that size, for what reads beyond it */

    free(copy);
}


/* the message that nearly all are takes no tree */

static void
command_test_usual(void)
{
    char                     *text;
    ngx_uint_t                i;
    ngx_thread_ws_command_t   command;

    static char  *texts[] = {
        message(ids hi),
        message(ids "\"content\":\"a\\n\\u00e9\""),
        " {" hi "," ids "\"type\" : \"message\" }\n"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        text = texts[i];

        unit_ok(ngx_thread_ws_command_parse(&command, (u_char *) text,
                                            strlen(text))
                == NGX_OK && command.root == NULL, "no tree for %s", text);

        ngx_thread_ws_command_free(&command);
    }
}
