
/*
 * What events of LangGraph's servers come to, and the requests to them.
 */


#include "dialect.h"


#define langgraph  (&ngx_thread_ws_dialect_langgraph)

/* a chunk, as Python's server sends it, and where it comes from */

#define chunk(id, content, ns, step)                                          \
    "[{\"content\":" content ",\"type\":\"AIMessageChunk\",\"id\":" id ","    \
    "\"tool_call_chunks\":[]}," from(ns, step) "]"

/* as JavaScript's does */

#define part(id, content, ns, step)                                           \
    "[{\"content\":" content ",\"type\":\"ai\",\"id\":" id ","                \
    "\"tool_call_chunks\":[]}," from(ns, step) "]"

/* a whole message */

#define whole(type, id, content, ns, step)                                    \
    "[{\"content\":" content ",\"type\":\"" type "\",\"id\":" id "},"         \
    from(ns, step) "]"

#define from(ns, step)                                                        \
    "{\"tags\":[],\"langgraph_checkpoint_ns\":\"" ns "\","                    \
    "\"langgraph_step\":" step "}"


typedef struct {
    const char  *name;
    const char  *type;
    const char  *event;
    const char  *says;
} langgraph_case_t;


static void langgraph_test_repeated(void);
static void langgraph_test_graphs(void);
static void langgraph_test_usage(void);
static void langgraph_test_resumes(ngx_thread_ws_prompt_t *prompt);
static void langgraph_test_requests(void);
static void langgraph_run(const char **events, const char *expected,
    const char *name);


static langgraph_case_t  langgraph_events[] = {

    { "text", "messages", chunk("\"a\"", "\"hi\"", "n:1", "1"), "ok \"hi\"" },
    { "text of JavaScript's", "messages",
      part("\"a\"", "\"hi\"", "n:1", "1"), "ok \"hi\"" },
    { "a whole message", "messages",
      whole("ai", "\"a\"", "\"hi\"", "n:1", "1"), "ok \"hi\"" },
    { "of a subgraph", "messages|n:1", chunk("\"a\"", "\"hi\"", "n:1", "1"),
      "ok \"hi\"" },
    { "escapes and UTF-8", "messages",
      chunk("\"a\"", "\"\\n\\u00e9\xc3\xa9\\u0000\"", "n:1", "1"),
      "ok \"\\x0a\\xc3\\xa9\\xc3\\xa9\\xef\\xbf\\xbd\"" },
    { "a list of parts", "messages",
      chunk("\"a\"", "[{\"type\":\"text\",\"text\":\"a\",\"index\":0},"
            "{\"type\":\"tool_use\",\"input\":{}},\"b\"]", "n:1", "1"),
      "ok \"ab\"" },
    { "no id", "messages", chunk("null", "\"hi\"", "n:1", "1"), "ok \"hi\"" },
    { "no metadata", "messages",
      "[{\"content\":\"hi\",\"type\":\"AIMessageChunk\"}]", "ok \"hi\"" },

    { "an empty text", "messages", chunk("\"a\"", "\"\"", "n:1", "1"), "ok" },
    { "an empty list", "messages", chunk("\"a\"", "[]", "n:1", "1"), "ok" },
    { "a human message", "messages",
      whole("human", "\"a\"", "\"hi\"", "n:1", "1"), "ok" },
    { "a tool's message", "messages",
      whole("tool", "\"a\"", "\"hi\"", "n:1", "1"), "ok" },
    { "a system message", "messages",
      whole("system", "\"a\"", "\"hi\"", "n:1", "1"), "ok" },
    { "a hidden one", "messages",
      "[{\"content\":\"hi\",\"type\":\"AIMessageChunk\"},"
      "{\"tags\":[\"x\",\"nostream\"]}]", "ok" },
    { "a hidden one, as it was called", "messages",
      "[{\"content\":\"hi\",\"type\":\"AIMessageChunk\"},"
      "{\"tags\":[\"langsmith:nostream\"]}]", "ok" },
    { "metadata", "metadata", "{\"run_id\":\"r\"}", "ok" },
    { "values", "values", "{\"messages\":[]}", "ok" },
    { "messages of another mode", "messages/partial", "[{\"content\":\"a\","
      "\"type\":\"ai\"}]", "ok" },
    { "no type", "", "hello", "ok" },
    { "end", "end", "null", "ok done" },

    { "a reason", "messages", "[{\"content\":\"\",\"type\":\"AIMessageChunk\","
      "\"response_metadata\":{\"finish_reason\":\"stop\"}},{}]",
      "ok finish=stop" },
    { "a reason of Anthropic's", "messages",
      "[{\"content\":\"a\",\"type\":\"AIMessageChunk\","
      "\"response_metadata\":{\"stop_reason\":\"end_turn\"}},{}]",
      "ok \"a\" finish=end_turn" },

    { "an error", "error", "{\"error\":\"Error\",\"message\":\"graph no\"}",
      "abort \"graph no\" retryable" },
    { "interrupt", "error", "{\"error\":\"UserInterrupt\",\"message\":"
      "\"interrupt\"}", "abort \"interrupt\" thread retryable" },
    { "rollback", "error", "{\"error\":\"UserRollback\",\"message\":"
      "\"rollback\"}", "abort \"rollback\" thread retryable" },
    { "an error without JSON", "error", "gone", "abort \"gone\" retryable" },
    { "an error that is a string", "error", "\"gone\"",
      "abort \"gone\" retryable" },
    { "an error that meets the same again", "error",
      "{\"error\":\"GraphRecursionError\",\"message\":\"too deep\"}",
      "abort \"too deep\"" },
    { "an error in place of a stream", "", "{\"detail\":\"no\"}",
      "abort \"no\" retryable" },
    { "a thread that is busy", "error", "{\"message\":\"Thread is already "
      "running a task. Wait for it.\"}",
      "abort \"Thread is already running a task. Wait for it.\" thread "
      "retryable" },
    { "an object of LangChain's", "messages", "[{\"lc\":1,\"type\":"
      "\"constructor\",\"id\":[\"langchain\",\"messages\","
      "\"AIMessageChunk\"],\"kwargs\":{\"content\":\"a\"}},{}]",
      "ok \"a\"" },
    { "empty data", "messages", "", "ok" },

    { "no JSON", "messages", "hello", "declined" },
    { "cut", "messages", "[{\"content\":\"hi\",\"type\":\"ai\"}", "declined" },
    { "an object", "messages", "{}", "declined" },
    { "an empty array", "messages", "[]", "declined" },
    { "content that is none", "messages", chunk("\"a\"", "1", "n:1", "1"),
      "declined" }
};


int
main(void)
{
    ngx_uint_t         i;
    const char        *events[2];
    langgraph_case_t  *c;

    events[1] = NULL;

    for (i = 0; i < sizeof(langgraph_events) / sizeof(langgraph_events[0]); i++)
    {
        c = &langgraph_events[i];
        events[0] = c->event;

        dialect_says(langgraph, c->type, events, c->says, c->name);
    }

    langgraph_test_repeated();
    langgraph_test_graphs();
    langgraph_test_usage();
    langgraph_test_requests();

    dialect_sample(langgraph, "langgraph-api-2.0.0.messages-tuple.sse",
                   "w0 w1 caf\\xc3\\xa9 w3 w4 w5 / ok");
    dialect_sample(langgraph, "langgraph-api-2.0.0.cancelled.sse",
                   "w0 w1 caf\\xc3\\xa9 w3 w4 w5 w6 "
                   " / abort \"interrupt\" thread retryable");
    dialect_sample(langgraph, "langgraph-api-2.0.0.error.sse",
                   " / abort \"graph says no\" retryable");

    return unit_done();
}


/* a message that comes again */

static void
langgraph_test_repeated(void)
{
    const char  *repeated[] = {
        chunk("\"a\"", "\"one \"", "n:1", "1"),
        chunk("\"a\"", "\"two\"", "n:1", "1"),
        whole("ai", "\"a\"", "\"one two\"", "n:1", "1"), NULL
    };
    const char  *javascript[] = {
        part("\"a\"", "\"ha\"", "n:1", "1"),
        part("\"a\"", "\"ha\"", "n:1", "1"),
        whole("ai", "\"a\"", "\"haha\"", "n:1", "1"), NULL
    };
    const char  *wrapped[] = {
        chunk("\"a\"", "\"one\"", "n:1", "1"),
        whole("ai", "\"b\"", "\"one\"", "n:1", "1"), NULL
    };
    const char  *passed[] = {
        chunk("\"a\"", "\"one\"", "n:1", "1"),
        whole("ai", "\"a\"", "\"one\"", "m:2", "2"), NULL
    };
    const char  *wholes[] = {
        whole("ai", "\"a\"", "\"one\"", "n:1", "1"),
        whole("ai", "\"a\"", "\"one\"", "n:1", "1"),
        whole("ai", "\"b\"", "\"two\"", "m:2", "2"), NULL
    };

    langgraph_run(repeated, "one two", "run: a whole message after its chunks");
    langgraph_run(javascript, "haha", "run: the same by JavaScript's server");
    langgraph_run(wrapped, "one", "run: a message put together anew");
    langgraph_run(passed, "one", "run: a message passed on by another node");
    langgraph_run(wholes, "one\\x0a\\x0atwo", "run: whole messages");
}


/* which of a graph's messages are heard */

static void
langgraph_test_graphs(void)
{
    const char  *tools[] = {
        whole("human", "\"h\"", "\"q\"", "agent:1", "1"),
        chunk("\"a\"", "\"\"", "agent:1", "1"),
        chunk("\"a\"", "\"Let me \"", "agent:1", "1"),
        chunk("\"a\"", "\"look.\"", "agent:1", "1"),
        whole("tool", "\"t\"", "\"42\"", "tools:2", "2"),
        chunk("\"b\"", "\"\"", "agent:3", "3"),
        chunk("\"b\"", "\"It is \"", "agent:3", "3"),
        chunk("\"b\"", "\"42.\"", "agent:3", "3"), NULL
    };
    const char  *beside[] = {
        chunk("\"a\"", "\"\"", "n:1", "2"),
        chunk("\"b\"", "\"one \"", "m:2", "2"),
        chunk("\"a\"", "\"other\"", "n:1", "2"),
        chunk("\"b\"", "\"two\"", "m:2", "2"),
        chunk("\"c\"", "\"three\"", "last:3", "3"), NULL
    };
    const char  *within[] = {
        chunk("\"a\"", "\"one \"", "n:1", "1"),
        chunk("\"b\"", "\"other\"", "n:1", "1"),
        chunk("\"a\"", "\"two\"", "n:1", "1"), NULL
    };
    const char  *again[] = {
        chunk("\"a\"", "\"one \"", "n:1", "1"),
        chunk("\"b\"", "\"one \"", "n:1", "1"),
        chunk("\"b\"", "\"two\"", "n:1", "1"),
        whole("ai", "\"b\"", "\"one two\"", "n:1", "1"), NULL
    };
    const char  *wholly[] = {
        whole("ai", "\"a\"", "\"one\"", "n:1", "1"),
        whole("ai", "\"b\"", "\"two\"", "n:1", "1"), NULL
    };
    const char  *three[] = {
        chunk("\"a\"", "\"a1\"", "n:1", "1"),
        chunk("\"b\"", "\"b1\"", "n:2", "1"),
        chunk("\"c\"", "\"c1\"", "n:3", "1"),
        chunk("\"c\"", "\"c2\"", "n:3", "1"),
        chunk("\"b\"", "\"b2\"", "n:2", "1"),
        chunk("\"a\"", "\"a2\"", "n:1", "1"),
        chunk("\"d\"", "\"end\"", "m:4", "2"), NULL
    };
    const char  *ended[] = {
        chunk("\"a\"", "\"a1\"", "n:1|x:1", "1"),
        "[{\"content\":\"\",\"type\":\"AIMessageChunk\",\"id\":\"a\","
        "\"response_metadata\":{\"finish_reason\":\"stop\"}},"
        from("n:1|x:1", "1") "]",
        chunk("\"b\"", "\"b1\"", "n:2|x:2", "1"),
        chunk("\"b\"", "\"b2\"", "n:2|x:2", "1"), NULL
    };
    const char  *deep[] = {
        chunk("\"a\"", "\"a1\"", "A:1|x:1", "1"),
        chunk("\"b\"", "\"b1\"", "B:2|x:2", "1"),
        chunk("\"a\"", "\"a2\"", "A:1|x:1", "1"),
        chunk("\"b\"", "\"b2\"", "B:2|x:2", "1"),
        chunk("\"c\"", "\"end\"", "join:3", "2"), NULL
    };
    const char  *inside[] = {
        chunk("\"a\"", "\"a\"", "n:1|x:1", "1"),
        chunk("\"b\"", "\"b\"", "n:1|x:2", "2"),
        chunk("\"c\"", "\"c\"", "n:1", "1"), NULL
    };
    const char  *halves[] = {
        chunk("\"a\"", "\"a\\ud83d\"", "n:1", "1"),
        chunk("\"b\"", "\"b\\ud83d\"", "n:2", "1"),
        chunk("\"a\"", "\"\\ude00\"", "n:1", "1"), NULL
    };
    const char  *subgraphs[] = {
        chunk("\"a\"", "\"one\"", "n:1|x:1", "1"),
        chunk("\"b\"", "\"two\"", "m:2|x:2", "1"), NULL
    };
    const char  *anonymous[] = {
        "[{\"content\":\"a\",\"type\":\"AIMessageChunk\",\"id\":\"1\"},{}]",
        "[{\"content\":\"b\",\"type\":\"AIMessageChunk\",\"id\":\"1\"},{}]",
        "[{\"content\":\"ab\",\"type\":\"ai\",\"id\":\"1\"},{}]",
        "[{\"content\":\"c\",\"type\":\"AIMessageChunk\",\"id\":\"2\"},{}]",
        NULL
    };

    langgraph_run(tools, "Let me look.\\x0a\\x0aIt is 42.",
                  "run: a tool between two messages");
    langgraph_run(beside, "one two\\x0a\\x0aother\\x0a\\x0athree",
                  "run: nodes side by side");
    langgraph_run(within, "one \\x0a\\x0aother\\x0a\\x0atwo",
                  "run: messages of one node, mixed up");
    langgraph_run(again, "one \\x0a\\x0aone two",
                  "run: a model that is asked again");
    langgraph_run(wholly, "one\\x0a\\x0atwo", "run: whole messages of a node");
    langgraph_run(three, "a1a2\\x0a\\x0ab1b2\\x0a\\x0ac1c2\\x0a\\x0aend",
                  "run: three side by side");
    langgraph_run(ended, "a1\\x0a\\x0ab1b2",
                  "run: the next one when a model says that it ended");
    langgraph_run(deep, "a1a2\\x0a\\x0ab1b2\\x0a\\x0aend",
                  "run: subgraphs side by side");
    langgraph_run(inside, "a\\x0a\\x0ab\\x0a\\x0ac",
                  "run: a graph in a node, and the node");
    langgraph_run(halves, "a\\xf0\\x9f\\x98\\x80\\x0a\\x0ab\\xef\\xbf\\xbd",
                  "run: halves of a pair are their speaker's");
    langgraph_run(subgraphs, "one\\x0a\\x0atwo", "run: subgraphs");
    langgraph_run(anonymous, "ab\\x0a\\x0ac", "run: without metadata");
}


static void
langgraph_test_usage(void)
{
    const char  *chunks[] = {
        "[{\"content\":\"\",\"type\":\"AIMessageChunk\",\"id\":\"1\","
        "\"usage_metadata\":{\"input_tokens\":10,\"output_tokens\":1}},{}]",
        "[{\"content\":\"a\",\"type\":\"AIMessageChunk\",\"id\":\"1\","
        "\"usage_metadata\":null},{}]",
        "[{\"content\":\"\",\"type\":\"AIMessageChunk\",\"id\":\"1\","
        "\"usage_metadata\":{\"input_tokens\":0,\"output_tokens\":5,"
        "\"total_tokens\":5}},{}]",
        "[{\"content\":\"a\",\"type\":\"ai\",\"id\":\"1\","
        "\"usage_metadata\":{\"input_tokens\":10,\"output_tokens\":6}},{}]",
        "[{\"content\":\"b\",\"type\":\"AIMessageChunk\",\"id\":\"2\","
        "\"usage_metadata\":{\"input_tokens\":20,\"output_tokens\":2}},{}]",
        NULL
    };
    const char  *many[] = {
        "[{\"content\":\"a\",\"type\":\"AIMessageChunk\",\"usage_metadata\":"
        "{\"input_tokens\":2147483647,\"output_tokens\":1}},{}]",
        "[{\"content\":\"b\",\"type\":\"AIMessageChunk\",\"usage_metadata\":"
        "{\"input_tokens\":2,\"output_tokens\":1}},{}]",
        NULL
    };

    dialect_says(langgraph, "messages", chunks,
                 "ok \"\\x0a\\x0ab\" usage=30/8", "usage: adds up");
    dialect_says(langgraph, "messages", many, "ok \"b\" usage=2147483647/2",
                 "usage: ends somewhere");
}


/* what a graph goes on with */

static void
langgraph_test_resumes(ngx_thread_ws_prompt_t *prompt)
{
    char        name[64];
    ngx_uint_t  i;

    static const char  *cases[][2] = {

        { "[{\"interruptId\":\"0123456789abcdef0123456789abcdef\","
          "\"value\":null}]",
          ",\"command\":{\"resume\":{\"0123456789abcdef0123456789abcdef\":"
          "null}}" },

        { "[{\"interruptId\":\"0123456789abcdef0123456789abcdef\","
          "\"value\":{\"ok\":true}},"
          "{\"interruptId\":\"00000000000000000000000000000000\","
          "\"value\":\"\u00e9\"}]",
          ",\"command\":{\"resume\":{\"0123456789abcdef0123456789abcdef\":"
          "{\"ok\":true},\"00000000000000000000000000000000\":\"\u00e9\"}}" },

        { "[{\"interruptId\":\"interrupt-1\",\"value\":\"yes\"},"
          "{\"interruptId\":\"interrupt-2\",\"value\":\"no\"}]",
          ",\"command\":{\"resume\":\"yes\"}" },

        { "[{\"interruptId\":\"0123456789abcdef0123456789abcdeg\","
          "\"value\":false}]",
          ",\"command\":{\"resume\":false}" },

        { "[{\"interruptId\":\"breakpoint\",\"value\":true}]", "" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char  expected[512];

        prompt->asked = json_pack("{s:o}", "answers",
                                  json_loads(cases[i][0], 0, NULL));

        snprintf(expected, sizeof(expected),
                 "{\"assistant_id\":\"own\",\"input\":null%s,"
                 "\"stream_mode\":[\"messages-tuple\",\"updates\"],"
                 "\"on_disconnect\":\"cancel\","
                 "\"multitask_strategy\":\"reject\","
                 "\"if_not_exists\":\"create\"}", cases[i][1]);

        snprintf(name, sizeof(name), "request: answers %d", (int) i);

        dialect_requests(langgraph, prompt,
                         "{\"assistant_id\":\"own\","
                         "\"input\":{\"lang\":\"en\"}}",
                         expected, name);

        json_decref(prompt->asked);
    }

    prompt->asked = NULL;
}


static void
langgraph_test_requests(void)
{
    ngx_thread_ws_prompt_t    prompt;
    ngx_thread_ws_exchange_t  history[1];

    ngx_memzero(&prompt, sizeof(ngx_thread_ws_prompt_t));
    ngx_memzero(history, sizeof(history));

    ngx_str_set(&prompt.content, "hi");
    ngx_str_set(&prompt.busy, "interrupt");

    dialect_requests(langgraph, &prompt, NULL,
        "{\"assistant_id\":\"agent\",\"input\":{\"messages\":["
        "{\"role\":\"user\",\"content\":\"hi\"}]},"
        "\"stream_mode\":[\"messages-tuple\",\"updates\"],"
        "\"on_disconnect\":\"cancel\","
        "\"multitask_strategy\":\"interrupt\",\"if_not_exists\":\"create\"}",
        "request: the least");

    ngx_str_set(&history[0].content, "q1");
    ngx_str_set(&history[0].answer, "a1");

    prompt.history = history;
    prompt.nhistory = 1;
    ngx_str_set(&prompt.model, "chat");
    ngx_str_set(&prompt.request_id, "r1");
    ngx_str_set(&prompt.system_prompt, "be brief");
    ngx_str_set(&prompt.busy, "queue");

    dialect_requests(langgraph, &prompt, "{\"config\":{\"tags\":[\"x\"]}}",
        "{\"assistant_id\":\"chat\",\"config\":{\"tags\":[\"x\"]},"
        "\"input\":{\"messages\":["
        "{\"role\":\"user\",\"content\":\"hi\",\"id\":\"r1\"}]},"
        "\"stream_mode\":[\"messages-tuple\",\"updates\"],"
        "\"on_disconnect\":\"cancel\","
        "\"multitask_strategy\":\"enqueue\",\"if_not_exists\":\"create\"}",
        "request: the server has the history");

    ngx_str_set(&prompt.busy, "reject");

    dialect_requests(langgraph, &prompt,
        "{\"assistant_id\":\"own\",\"if_not_exists\":\"reject\","
        "\"stream_mode\":\"values\",\"on_disconnect\":\"continue\","
        "\"input\":{\"lang\":\"en\",\"messages\":[]}}",
        "{\"assistant_id\":\"own\",\"if_not_exists\":\"reject\","
        "\"stream_mode\":[\"messages-tuple\",\"updates\"],"
        "\"on_disconnect\":\"continue\","
        "\"input\":{\"lang\":\"en\",\"messages\":["
        "{\"role\":\"user\",\"content\":\"hi\",\"id\":\"r1\"}]},"
        "\"multitask_strategy\":\"reject\"}",
        "request: what parameters win and what not");

    langgraph_test_resumes(&prompt);

    prompt.nhistory = 1;

    dialect_starves_more(langgraph, &prompt,
        "{\"content\":[{\"type\":\"text\",\"text\":\"t\"},"
        "{\"type\":\"image\",\"url\":\"data:image/png;base64,aGk=\"},"
        "{\"type\":\"image\",\"url\":\"https://a/\"},"
        "{\"type\":\"audio\",\"url\":\"data:audio/ogg;base64,aGk=\"},"
        "{\"type\":\"file\",\"url\":\"data:text/plain;base64,aGk=\","
        "\"filename\":\"f\"},"
        "{\"type\":\"file\",\"url\":\"https://b/\",\"filename\":\"f\"}]}",
        NULL);

    dialect_starves_more(langgraph, &prompt,
        "{\"answers\":[{\"interruptId\":\"0123456789abcdef0123456789abcdef\","
        "\"value\":[1]},{\"interruptId\":\"00000000000000000000000000000000\","
        "\"value\":2}]}", NULL);

    dialect_starves(langgraph, &prompt, "messages",
                    "[{\"type\":\"ai\",\"content\":\"a\"},{}]");
}


/* One test: the text of a run's events, ended by NULL. */

static void
langgraph_run(const char **events, const char *expected, const char *name)
{
    u_char                 *held;
    unit_text_t             text;
    ngx_thread_ws_reply_t   reply;

    ngx_memzero(&text, sizeof(unit_text_t));
    ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));
    held = NULL;

    for ( /* void */ ; *events; events++) {

        if (dialect_feed(langgraph, &reply, "messages", *events,
                         ngx_strlen(*events), &held)
            != NGX_OK)
        {
            unit_add(&text, "(not ok)");
        }

        dialect_add_delta(&text, &reply);
    }

    (void) ngx_thread_ws_reply_end(&reply);
    dialect_add_delta(&text, &reply);

    unit_str(text.data, text.len, expected, "%s", name);

    unit_text_free(&text);
    ngx_thread_ws_reply_free(&reply);
    free(held);
}
