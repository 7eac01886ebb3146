
/*
 * A thread of LangGraph's: its id, its state, and what of it is history.
 */


#include "unit.h"
#include "dialect/ngx_thread_ws_dialect.h"


#define state(messages)  "{\"values\":{\"messages\":[" messages "]},\"next\":[]}"

#define waits(messages, tasks)                                                \
    "{\"values\":{\"messages\":[" messages "]},\"tasks\":[" tasks "]}"
#define asks(result, interrupts)                                              \
    "{\"result\":" result ",\"interrupts\":[" interrupts "]}"

#define human(id, content)                                                    \
    "{\"type\":\"human\",\"id\":" id ",\"content\":" content "}"
#define ai(content)                                                           \
    "{\"type\":\"ai\",\"id\":\"x\",\"content\":" content ",\"tool_calls\":[]}"
#define tool  "{\"type\":\"tool\",\"content\":\"half past nine\"}"
#define rule  "{\"type\":\"system\",\"content\":\"Be brief.\"}"


typedef struct {
    const char  *name;
    const char  *body;
    const char  *says;       /* the messages, one a line */
} thread_case_t;


static void thread_test(thread_case_t *c);
static void thread_test_cut(void);
static void thread_read(const char *body, size_t len, unit_text_t *text);


static thread_case_t  thread_cases[] = {

    { "a run", state(human("\"r1\"", "\"hi\"") "," ai("\"ho\"")),
      "user \"hi\" r1 1\nassistant \"ho\" r1 1\n" },

    { "two runs", state(human("\"r1\"", "\"a\"") "," ai("\"b\"") ","
                        human("\"r2\"", "\"c\"") "," ai("\"d\"")),
      "user \"a\" r1 1\nassistant \"b\" r1 1\n"
      "user \"c\" r2 2\nassistant \"d\" r2 2\n" },

    { "a run without an answer, and one after it",
      state(human("\"r1\"", "\"a\"") "," human("\"r2\"", "\"c\"") ","
            ai("\"d\"")),
      "user \"a\" r1 1\nuser \"c\" r2 2\nassistant \"d\" r2 2\n" },

    { "an answer in parts, with a tool between them",
      state(rule "," human("\"r1\"", "\"a\"") "," ai("\"let me see\"") ","
            tool "," ai("\"\"") "," ai("\"half past\"")),
      "user \"a\" r1 1\nassistant \"let me see\\x0a\\x0ahalf past\" r1 1\n" },

    { "nothing but a tool's use",
      state(human("\"r1\"", "\"a\"") "," ai("\"\"") "," tool),
      "user \"a\" r1 1\n" },

    { "what it waits for",
      waits(human("\"r1\"", "\"a\"") "," ai("\"b\""),
            asks("null", "{\"id\":\"i\",\"value\":{\"q\":1}}") ","
            asks("{\"x\":1}", "{\"id\":\"j\",\"value\":2}") ","
            asks("null", "{\"interrupt_id\":\"k\"},{\"value\":3}")),
      "user \"a\" r1 1\nassistant \"b\" r1 1\n"
      "  [{\"type\":\"text\",\"text\":\"b\"},"
      "{\"interruptId\":\"i\",\"value\":{\"q\":1},\"type\":\"interrupt\"},"
      "{\"interruptId\":\"k\",\"value\":null,\"type\":\"interrupt\"}]\n" },

    { "what it waits for, and has said nothing",
      waits(human("\"r1\"", "\"a\""),
            asks("null", "{\"id\":\"i\",\"value\":1}")),
      "user \"a\" r1 1\nassistant \"\" r1 1\n"
      "  [{\"interruptId\":\"i\",\"value\":1,\"type\":\"interrupt\"}]\n" },

    { "what it waits for without anybody's message",
      waits(rule, asks("null", "{\"id\":\"i\",\"value\":1}")), "" },

    { "it waits for nothing",
      waits(human("\"r1\"", "\"a\"") "," ai("\"b\""), "{\"id\":\"t\"}"),
      "user \"a\" r1 1\nassistant \"b\" r1 1\n" },

    { "an answer to nobody", state(ai("\"welcome\"") ","
                                   human("\"r1\"", "\"a\"")),
      "assistant \"welcome\" 0\nuser \"a\" r1 1\n" },

    { "no id", state(human("null", "\"a\"") "," ai("\"b\"")),
      "user \"a\" 1\nassistant \"b\" 1\n" },

    { "contents of parts",
      state(human("\"r1\"", "[{\"type\":\"text\",\"text\":\"a\"},"
                  "{\"type\":\"image_url\",\"image_url\":\"u\"},\"b\"]") ","
            ai("[{\"type\":\"text\",\"text\":\"c\"},{\"type\":\"tool_use\"},"
               "{\"type\":\"text\",\"text\":\"d\"},{\"type\":\"text\"}]")),
      "user \"ab\" r1 1\nassistant \"cd\" r1 1\n" },

    { "contents that are none",
      state(human("\"r1\"", "null") "," ai("1") "," ai("{}") "," ai("[[1]]")),
      "user \"\" r1 1\n" },

    { "UTF-8 and U+0000",
      state(human("\"r1\"", "\"\xc3\xa9\\u00e9\\u0000\"")),
      "user \"\\xc3\\xa9\\xc3\\xa9\\xef\\xbf\\xbd\" r1 1\n" },

    { "messages that are none", state("1,null,[],{},\"a\""), "" },
    { "no messages", state(""), "" },
    { "no values yet", "{\"values\":null,\"next\":[]}", "" },
    { "values that are an empty list", "{\"values\":[]}", "" },
    { "values of another graph", "{\"values\":{\"x\":1}}", "" },

    { "messages of another form", "{\"values\":{\"messages\":{}}}",
      "declined" },
    { "values of another form", "{\"values\":\"x\"}", "declined" },
    { "no object", "[]", "declined" },
    { "no JSON", "Thread not found", "declined" },
    { "nothing", "", "declined" }
};


int
main(void)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(thread_cases) / sizeof(thread_case_t); i++) {
        thread_test(&thread_cases[i]);
    }

    thread_test_cut();

    return unit_done();
}


static void
thread_test(thread_case_t *c)
{
    unit_text_t  text;

    ngx_memzero(&text, sizeof(unit_text_t));

    thread_read(c->body, ngx_strlen(c->body), &text);

    unit_str(text.data, text.len, c->says, "%s", c->name);
    unit_text_free(&text);
}


/* half a state is none */

static void
thread_test_cut(void)
{
    size_t        len, bad;
    const char   *body;
    unit_text_t   text;

    body = thread_cases[3].body;
    bad = 0;

    for (len = 0; len < ngx_strlen(body); len++) {
        ngx_memzero(&text, sizeof(unit_text_t));

        thread_read(body, len, &text);

        if (text.len != 8 || ngx_memcmp(text.data, "declined", 8) != 0) {
            bad++;
        }

        unit_text_free(&text);
    }

    unit_int(bad, 0, "cut anywhere");
}


static void
thread_read(const char *body, size_t len, unit_text_t *text)
{
    char       *parts;
    size_t      i;
    u_char     *copy;
    json_t     *messages, *message, *content, *id;
    ngx_int_t   rc;
    ngx_str_t   str;

    /* of exactly its size, so that a sanitizer sees what reads beyond */

    copy = malloc(len ? len : 1);
    ngx_memcpy(copy, body, len);

    str.data = copy;
    str.len = len;

    unit_add(text, "%s", "");

    rc = ngx_thread_ws_dialect_langgraph.threads->messages(&messages, &str);

    free(copy);

    if (rc != NGX_OK) {
        unit_add(text, "%s", rc == NGX_DECLINED ? "declined" : "error");
        return;
    }

    json_array_foreach(messages, i, message) {
        content = json_object_get(message, "content");
        id = json_object_get(message, "requestId");

        unit_add(text, "%s \"",
                 json_string_value(json_object_get(message, "role")));
        unit_add_escaped(text, json_string_value(content),
                         json_string_length(content));
        unit_add(text, "\"%s%s %d\n", id ? " " : "",
                 id ? json_string_value(id) : "",
                 (int) json_integer_value(json_object_get(message, "seq")));

        parts = json_dumps(json_object_get(message, "parts"), JSON_COMPACT);

        if (parts) {
            unit_add(text, "  %s\n", parts);
        }

        free(parts);
    }

    json_decref(messages);
}
