
/*
 * What events of Anthropic's API come to, and the requests to it.
 */


#include "dialect.h"
#include "dialect/ngx_thread_ws_stream.h"


#define anthropic  (&ngx_thread_ws_dialect_anthropic)

#define text_delta(text)                                                      \
    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":"                \
    "{\"type\":\"text_delta\",\"text\":" text "}}"

#define failure(type)                                                         \
    "{\"type\":\"error\",\"error\":{\"type\":" type ",\"message\":\"no\"}}"


typedef struct {
    const char  *name;
    const char  *type;
    const char  *event;
    const char  *says;
} anthropic_case_t;


static void anthropic_test_runs(void);
static void anthropic_test_requests(void);
static void anthropic_test_errors(void);
static void anthropic_test_forms(void);
static void anthropic_says(const char **events, ngx_uint_t want,
    const char *space, unit_text_t *text);


static anthropic_case_t  anthropic_events[] = {

    { "text", "content_block_delta", text_delta("\"hi\""), "ok \"hi\"" },
    { "text without an event's type", "", text_delta("\"hi\""), "ok \"hi\"" },
    { "an empty text", "content_block_delta", text_delta("\"\""), "ok" },
    { "escapes", "content_block_delta",
      text_delta("\"a\\n\\\"\\ud83d\\ude00\\u0000\""),
      "ok \"a\\x0a\"\\xf0\\x9f\\x98\\x80\\xef\\xbf\\xbd\"" },
    { "a block that begins with text", "content_block_start",
      "{\"type\":\"content_block_start\",\"content_block\":"
      "{\"type\":\"text\",\"text\":\"a\"}}", "ok \"a\"" },
    { "thinking", "content_block_delta",
      "{\"type\":\"content_block_delta\",\"delta\":"
      "{\"type\":\"thinking_delta\",\"thinking\":\"a\",\"text\":\"b\"}}",
      "ok" },
    { "a delta of another kind", "content_block_delta",
      "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"new_delta\"}}",
      "ok" },
    { "a block of another kind", "content_block_start",
      "{\"type\":\"content_block_start\",\"content_block\":"
      "{\"type\":\"new\",\"text\":1}}", "ok" },
    { "ping", "ping", "{\"type\": \"ping\"}", "ok" },
    { "an event of another kind", "news", "{\"type\":\"news\"}", "ok" },
    { "the start", "message_start", "{\"type\":\"message_start\",\"message\":"
      "{\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}",
      "ok usage=25/1" },
    { "a reason", "message_delta", "{\"type\":\"message_delta\",\"delta\":"
      "{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":15}}",
      "ok finish=end_turn usage=0/15" },
    { "no reason yet", "message_delta", "{\"type\":\"message_delta\",\"delta\":"
      "{\"stop_reason\":null}}", "ok" },
    { "the end mark", "message_stop", "{\"type\":\"message_stop\"}",
      "ok done" },

    { "overloaded", "error", failure("\"overloaded_error\""),
      "abort \"no\" retryable" },
    { "rate limit", "error", failure("\"rate_limit_error\""),
      "abort \"no\" rate retryable" },
    { "api error", "error", failure("\"api_error\""),
      "abort \"no\" retryable" },
    { "timeout", "error", failure("\"timeout_error\""),
      "abort \"no\" retryable" },
    { "invalid request", "error", failure("\"invalid_request_error\""),
      "abort \"no\" request quotable" },
    { "authentication", "error", failure("\"authentication_error\""),
      "abort \"no\" access" },
    { "an error of another kind", "error", failure("\"new_error\""),
      "abort \"no\" retryable" },
    { "an error without a kind", "error", failure("null"),
      "abort \"no\" retryable" },
    { "an error without an object", "error", "{\"type\":\"error\"}",
      "abort \"the agent reported an error\" retryable" },
    { "an error in words", "error", "upstream gone",
      "abort \"upstream gone\" retryable" },
    { "an error of another form", "error", "{\"error\":\"gone\"}",
      "abort \"gone\" retryable" },

    { "no JSON", "content_block_delta", "hello", "declined" },
    { "cut", "content_block_delta", "{\"type\":\"content_block_de",
      "declined" },
    { "an array", "content_block_delta", "[]", "declined" },
    { "no type", "content_block_delta", "{}", "ok" },
    { "no delta", "content_block_delta", "{\"type\":\"content_block_delta\"}",
      "ok" },
    { "a text that is none", "content_block_delta", text_delta("1"),
      "declined" },
    { "a text with a lone surrogate", "content_block_delta",
      text_delta("\"\\udc00a\""), "ok \"\\xef\\xbf\\xbda\"" },

    /* what is not as the API's documentation has it, and means no harm */

    { "a text that is null", "content_block_delta", text_delta("null"), "ok" },
    { "a block without text", "content_block_start",
      "{\"type\":\"content_block_start\",\"content_block\":"
      "{\"type\":\"text\"}}", "ok" },
    { "a block that is null", "content_block_start",
      "{\"type\":\"content_block_start\",\"content_block\":null}", "ok" },
    { "a delta without a type", "content_block_delta",
      "{\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a\"}}",
      "ok \"a\"" },
    { "a ping with text", "ping", "pong", "ok" },
    { "a ping with nothing", "ping", "", "ok" },
    { "empty data", "", "", "ok" },
    { "empty data of a known event", "content_block_stop", " ", "ok" },
    { "an unknown event with text", "status", "all is well", "ok" },
    { "the end mark of another API", "", "[DONE]", "ok" },
    { "an error of another API", "", "{\"error\":{\"message\":\"boom\","
      "\"type\":\"server_error\"}}", "abort \"boom\" retryable" },
    { "two values on two lines", "", text_delta("\"a\"") "\n"
      text_delta("\"b\""), "ok \"ab\"" },
    { "thoughts", "content_block_start",
      "{\"type\":\"content_block_start\",\"content_block\":"
      "{\"type\":\"thinking\",\"thinking\":\"\\ud83d\",\"n\":1e999}}",
      "ok thought" },
    { "tokens of the cache", "message_start",
      "{\"type\":\"message_start\",\"message\":{\"usage\":{"
      "\"input_tokens\":3,\"cache_creation_input_tokens\":20,"
      "\"cache_read_input_tokens\":100,\"output_tokens\":1}}}",
      "ok usage=123/1 cached=100" },
    { "a whole message", "", "{\"type\":\"message\",\"content\":["
      "{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\","
      "\"text\":\"b\"}],\"stop_reason\":\"end_turn\",\"usage\":"
      "{\"input_tokens\":2,\"output_tokens\":1}}",
      "ok \"ab\" finish=end_turn usage=2/1 done" }
};


int
main(void)
{
    ngx_uint_t         i;
    const char        *events[2];
    anthropic_case_t  *c;

    events[1] = NULL;

    for (i = 0; i < sizeof(anthropic_events) / sizeof(anthropic_events[0]); i++)
    {
        c = &anthropic_events[i];
        events[0] = c->event;

        dialect_says(anthropic, c->type, events, c->says, c->name);
    }

    anthropic_test_runs();
    anthropic_test_errors();
    anthropic_test_forms();
    anthropic_test_requests();

    dialect_sample(anthropic, "anthropic-text.sse",
                   "Hello, caf\\xc3\\xa9 \\xf0\\x9f\\x98\\x80!"
                   " / ok finish=end_turn usage=25/15 done");

    dialect_sample(anthropic, "anthropic-thinking-tools.sse",
                   "Let me look it up."
                   " / ok finish=tool_use usage=480/89 tools thought done");

    dialect_sample(anthropic, "anthropic-overloaded.sse",
                   "I th / abort \"Overloaded\" retryable usage=10/1");

    return unit_done();
}


static void
anthropic_test_runs(void)
{
    const char  *after[] = { "{\"type\":\"message_stop\"}",
                             text_delta("\"a\""), NULL };
    const char  *final[] = { failure("\"invalid_request_error\""),
                             failure("\"api_error\""), NULL };
    const char  *late[] = {
        "{\"type\":\"message_start\",\"message\":{\"usage\":"
        "{\"input_tokens\":12,\"cache_read_input_tokens\":5}}}",
        "{\"type\":\"message_delta\",\"delta\":{},\"usage\":"
        "{\"input_tokens\":0,\"output_tokens\":3}}", NULL
    };
    const char  *halves[] = { text_delta("\"a\\ud83d\""),
                              text_delta("\"\\ude00b\""), NULL };
    const char  *apart[] = { text_delta("\"a\\ud83d\""), text_delta("\"b\""),
                             NULL };
    const char  *ending[] = { text_delta("\"a\\ud83d\""),
                              "{\"type\":\"message_stop\"}", NULL };
    const char  *tool[] = {
        text_delta("\"a\""), "{\"type\":\"content_block_start\","
        "\"content_block\":{\"type\":\"server_tool_use\"}}",
        "{\"type\":\"content_block_start\",\"content_block\":"
        "{\"type\":\"web_search_tool_result\",\"content\":[]}}",
        text_delta("\"b\""), NULL
    };
    const char  *next[] = { failure("\"api_error\""),
                            text_delta("\"a\""), NULL };

    dialect_says(anthropic, "", after, "ok done", "run: nothing after the end");
    dialect_says(anthropic, "", late, "ok usage=17/3 cached=5",
                 "run: a late zero does not count");
    dialect_says(anthropic, "", halves, "ok \"\\xf0\\x9f\\x98\\x80b\"",
                 "run: halves of a pair are joined");
    dialect_says(anthropic, "", apart, "ok \"\\xef\\xbf\\xbdb\"",
                 "run: half a pair, then text");
    dialect_says(anthropic, "", ending, "ok \"\\xef\\xbf\\xbd\" done",
                 "run: half a pair at the end");
    dialect_says(anthropic, "", tool, "ok \"\\x0a\\x0ab\"",
                 "run: a blank line where a tool was used");
    dialect_says(anthropic, "", final, "abort \"no\" retryable",
                 "run: whether to retry is the last event's");
    dialect_says(anthropic, "", next, "ok \"a\"",
                 "run: an error is its event's");
}


static void
anthropic_test_errors(void)
{
    ngx_str_t              body;
    ngx_thread_ws_reply_t  reply;

    ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));

    ngx_str_set(&body, failure("\"invalid_request_error\""));
    unit_int(ngx_thread_ws_reply_error(anthropic, &reply, &body), NGX_OK, "error body");
    unit_str(reply.error.data, reply.error.len, "no", "error body: words");

    ngx_str_set(&body, "<html>");
    unit_int(ngx_thread_ws_reply_error(anthropic, &reply, &body), NGX_DECLINED,
             "error body without words");

    unit_str(anthropic->headers[0].key.data, anthropic->headers[0].key.len,
             "anthropic-version", "the API's version is sent");
    unit_int(anthropic->headers[1].key.len, 0, "and nothing else");

    ngx_thread_ws_reply_free(&reply);
}


static void
anthropic_test_requests(void)
{
    ngx_thread_ws_prompt_t    prompt;
    ngx_thread_ws_exchange_t  history[2];

    ngx_memzero(&prompt, sizeof(ngx_thread_ws_prompt_t));
    ngx_memzero(history, sizeof(history));

    ngx_str_set(&prompt.content, "hi");

    dialect_requests(anthropic, &prompt, NULL,
        "{\"max_tokens\":4096,\"messages\":["
        "{\"role\":\"user\",\"content\":\"hi\"}],\"stream\":true}",
        "request: the least");

    ngx_str_set(&history[0].content, "q1");
    ngx_str_set(&history[0].answer, "a1");
    ngx_str_set(&history[1].content, "q2");
    ngx_str_set(&history[1].answer, " \n");

    prompt.history = history;
    prompt.nhistory = 2;
    ngx_str_set(&prompt.model, "m");
    ngx_str_set(&prompt.system_prompt, "be brief");

    dialect_requests(anthropic, &prompt, "{\"temperature\":1}",
        "{\"model\":\"m\",\"temperature\":1,\"system\":\"be brief\","
        "\"max_tokens\":4096,\"messages\":["
        "{\"role\":\"user\",\"content\":\"q1\"},"
        "{\"role\":\"assistant\",\"content\":\"a1\"},"
        "{\"role\":\"user\",\"content\":\"hi\"}],\"stream\":true}",
        "request: all, without a run whose answer is blank");

    prompt.nhistory = 0;

    dialect_requests(anthropic, &prompt,
        "{\"max_tokens\":10,\"system\":\"own\",\"stream\":false,"
        "\"messages\":null}",
        "{\"model\":\"m\",\"max_tokens\":10,\"system\":\"own\","
        "\"stream\":true,\"messages\":["
        "{\"role\":\"user\",\"content\":\"hi\"}]}",
        "request: what parameters win and what not");

    prompt.nhistory = 1;

    prompt.reasoning = 1;

    dialect_starves_more(anthropic, &prompt,
        "{\"toolResults\":[{\"toolCallId\":\"a\",\"output\":{\"x\":1}},"
        "{\"toolCallId\":\"b\",\"output\":1,\"error\":\"e\"},"
        "{\"toolCallId\":\"z\",\"output\":\"stray\"}],"
        "\"content\":[{\"type\":\"text\",\"text\":\"t\"},"
        "{\"type\":\"image\",\"url\":\"data:image/png;base64,aGk=\"},"
        "{\"type\":\"image\",\"url\":\"https://a/\"},"
        "{\"type\":\"audio\",\"url\":\"data:audio/wav;base64,aGk=\"},"
        "{\"type\":\"file\",\"url\":\"data:text/plain;base64,aGk=\","
        "\"filename\":\"f\"},"
        "{\"type\":\"file\",\"url\":\"https://b/\",\"filename\":\"f\"}]}",
        "[{\"type\":\"reasoning\",\"text\":\"h\",\"signature\":\"s\"},"
        "{\"type\":\"reasoning\",\"redacted\":\"r\"},"
        "{\"type\":\"text\",\"text\":\"a1\"},"
        "{\"type\":\"tool-call\",\"toolCallId\":\"a\",\"name\":\"n\","
        "\"input\":{}},{\"type\":\"tool-call\",\"toolCallId\":\"b\","
        "\"name\":\"n\",\"input\":1}]");

    prompt.reasoning = 0;

    dialect_starves(anthropic, &prompt, "",
                    "{\"type\":\"content_block_delta\",\"delta\":"
                    "{\"type\":\"text_delta\",\"text\":\"a\"}}");
}


/*
 * Texts as the API writes them are read without a tree; a space more, and they
 * are not.  That must make no difference.
 */

static void
anthropic_test_forms(void)
{
    ngx_uint_t   i, n, want, wrong;
    unit_text_t  plain, spaced;

#define delta(index, text, pad)                                               \
    "\"type\":\"content_block_delta\",\"index\":" index ",\"delta\":"           \
    "{\"type\":\"text_delta\",\"text\":" text "}" pad "}"
#define tool(index)                                                           \
    "\"type\":\"content_block_start\",\"index\":" index ","                    \
    "\"content_block\":{\"type\":\"server_tool_use\",\"id\":\"t\","             \
    "\"name\":\"n\"}}"

    static const char  *forms[][8] = {
        { delta("0", "\"a\"", ""), delta("0", "\"b\"", "   "),
          delta("0", "\"c\"", ""), delta("0", "\"d\"", "\t"), NULL },
        { delta("0", "\"a\"", ""), delta("1", "\"b\"", ""),
          delta("0", "\"c\"", ""), delta("12", "\"d\"", ""), NULL },
        { delta("0", "\"a\"", ""), delta("0", "\"b\"", ""), tool("1"),
          delta("0", "\"c\"", ""), delta("0", "\"d\"", ""), NULL },
        { delta("0", "\"\\ud83d\"", ""), delta("0", "\"\\ude00\"", ""),
          delta("0", "\"\\ud83d\"", " "), delta("0", "\"x\"", ""),
          delta("0", "\"\\u0000\\n\\u00e9\"", ""), NULL },
        { delta("0", "\"\"", ""), delta("0", "\"a\",\"text\":\"b\"", ""),
          delta("0", "\"c\"", ",\"x\":1"), delta("-1", "\"d\"", ""),
          delta("0", "null", ""), NULL },
        { delta("0", "\"a\"", ""), delta("0", "\"b\"", "}"), NULL },
        { delta("0", "\"a\"", ""), delta("0", "\"b", ""), NULL },
        { delta("0", "\"a\"", ""), delta("0", "1", ""), NULL },
    };

    wrong = 0;
    n = sizeof(forms) / sizeof(forms[0]);

    for (i = 0; i < 2 * n; i++) {
        want = (i < n) ? 0 : NGX_THREAD_WS_WANT_ALL;

        ngx_memzero(&plain, sizeof(unit_text_t));
        ngx_memzero(&spaced, sizeof(unit_text_t));

        anthropic_says(forms[i % n], want, "", &plain);
        anthropic_says(forms[i % n], want, " ", &spaced);

        if (plain.len != spaced.len
            || ngx_memcmp(plain.data, spaced.data, plain.len) != 0)
        {
            wrong++;
            printf("# %lu: %.*s, not %.*s\n", (unsigned long) i,
                   (int) plain.len, plain.data, (int) spaced.len, spaced.data);
        }

        unit_text_free(&plain);
        unit_text_free(&spaced);
    }

    unit_int(wrong, 0, "texts read by either way");
}


static void
anthropic_says(const char **events, ngx_uint_t want, const char *space,
    unit_text_t *text)
{
    u_char                 *pos, *last;
    char                    stream[1024], *p;
    ngx_int_t               rc;
    ngx_uint_t              i;
    ngx_thread_ws_sse_t     sse;
    ngx_thread_ws_reply_t   reply;

    ngx_memzero(&sse, sizeof(ngx_thread_ws_sse_t));
    ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));

    sse.limit = sizeof(stream);
    reply.want = want;
    p = stream;

    for ( /* void */ ; *events; events++) {
        p += snprintf(p, stream + sizeof(stream) - p,
                      "event: content_block_delta\ndata: {%s%s\n\n", space,
                      *events);
    }

    pos = (u_char *) stream;
    last = (u_char *) p;

    do {
        rc = ngx_thread_ws_stream_read(anthropic, &sse, &reply, &pos, last);

        if (rc == NGX_OK) {
            unit_add(text, "\"");
            unit_add_escaped(text, (char *) reply.delta.data, reply.delta.len);
            unit_add(text, "\" %lu", (unsigned long) reply.delta_size);

            for (i = 0; i < reply.nparts; i++) {
                unit_add(text, " part %lu", (unsigned long) reply.part[i].kind);
            }
        }

        unit_add(text, " %ld\n", (long) rc);

    } while (rc == NGX_OK);

    ngx_thread_ws_sse_free(&sse);
    ngx_thread_ws_reply_free(&reply);
}
