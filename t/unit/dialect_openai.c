
/*
 * What events of OpenAI's API come to, and the requests to it.
 */


#include "dialect.h"


#define openai  (&ngx_thread_ws_dialect_openai)

/* a chunk around a delta */

#define delta(members)                                                        \
    "{\"id\":\"c-1\",\"object\":\"chat.completion.chunk\",\"created\":17,"    \
    "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{" members "},"      \
    "\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}"

#define choices(list)  "{\"id\":\"c-1\",\"choices\":" list "}"


typedef struct {
    const char  *name;
    const char  *event;
    const char  *says;
} openai_case_t;


static void openai_test_events(void);
static void openai_test_scan(void);
static void openai_test_envelope(void);
static void openai_test_cut(void);
static void openai_test_repeated(void);
static ngx_int_t openai_next(ngx_thread_ws_sse_t *sse,
    ngx_thread_ws_reply_t *reply, u_char **p, u_char *last);
static void openai_test_types(void);
static void openai_test_runs(void);
static void openai_test_errors(void);
static void openai_test_requests(void);
static void openai_test_parameters(void);
static ngx_uint_t openai_agree(const char *event, size_t len);
static void openai_read(unit_text_t *text, const char *event, size_t len,
    ngx_uint_t *scanned);


static openai_case_t  openai_events[] = {

    /* text */

    { "text", delta("\"content\":\"hi\""), "ok \"hi\"" },
    { "text after a role", delta("\"role\":\"assistant\",\"content\":\"hi\""),
      "ok \"hi\"" },
    { "escapes", delta("\"content\":\"a\\\"\\\\\\/\\n\\t\\u00e9b\""),
      "ok \"a\"\\x5c/\\x0a\\x09\\xc3\\xa9b\"" },
    { "a surrogate pair", delta("\"content\":\"\\ud83d\\ude00\""),
      "ok \"\\xf0\\x9f\\x98\\x80\"" },
    { "UTF-8", delta("\"content\":\"caf\xc3\xa9 \xe4\xbd\xa0\""),
      "ok \"caf\\xc3\\xa9 \\xe4\\xbd\\xa0\"" },
    { "U+0000", delta("\"content\":\"a\\u0000b\""),
      "ok \"a\\xef\\xbf\\xbdb\"" },
    { "spaces everywhere",
      " { \"choices\" : [ { \"index\" : 0 , \"delta\" : { \"content\" : \"hi\" "
      "} , \"finish_reason\" : null } ] } ", "ok \"hi\"" },
    { "tabs and line feeds",
      "{\n\t\"choices\":\r\n[\n{\"delta\":\n{\"content\":\"hi\"}}\n]\n}",
      "ok \"hi\"" },
    { "a list of parts",
      delta("\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
            "{\"type\":\"thinking\",\"thinking\":[]},"
            "{\"type\":\"text\",\"text\":\"b\"}]"),
      "ok \"ab\" thought" },
    { "a name with an escape", delta("\"cont\\u0065nt\":\"hi\""),
      "ok \"hi\"" },
    { "the last of two", delta("\"content\":\"a\",\"content\":\"b\""),
      "ok \"b\"" },
    { "the last of two deltas",
      choices("[{\"delta\":{\"content\":\"a\"},\"delta\":null}]"), "ok" },

    /* none */

    { "null", delta("\"role\":\"assistant\",\"content\":null"), "ok" },
    { "nothing", delta(""), "ok" },
    { "an empty text", delta("\"content\":\"\""), "ok" },
    { "reasoning", delta("\"reasoning_content\":\"a\",\"reasoning\":\"b\""),
      "ok thought" },
    { "tool calls",
      delta("\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\","
            "\"arguments\":\"{\\\"content\\\":\\\"x\\\"}\"}}]"),
      "ok tools" },
    { "no tool calls", delta("\"content\":\"a\",\"tool_calls\":[]"),
      "ok \"a\"" },
    { "no choices", choices("[]"), "ok" },
    { "choices null", choices("null"), "ok" },
    { "an object without choices", "{\"object\":\"ping\"}", "ok" },
    { "no delta", choices("[{\"index\":0,\"finish_reason\":\"stop\"}]"),
      "ok finish=stop" },
    { "content elsewhere", "{\"content\":\"a\",\"choices\":[]}", "ok" },
    { "content too deep",
      choices("[{\"delta\":{\"x\":{\"content\":\"a\"}}}]"), "ok" },

    /* choices */

    { "choice 1", choices("[{\"index\":1,\"delta\":{\"content\":\"a\"},"
                          "\"finish_reason\":\"stop\"}]"), "ok" },
    { "choice 10", choices("[{\"index\":10,\"delta\":{\"content\":\"a\"}}]"),
      "ok" },
    { "the index behind", choices("[{\"delta\":{\"content\":\"a\"},"
                                  "\"index\":1}]"), "ok" },
    { "choice 0 of two",
      choices("[{\"index\":1,\"delta\":{\"content\":\"a\"}},"
              "{\"index\":0,\"delta\":{\"content\":\"b\"}}]"), "ok \"b\"" },
    { "the first of two without an index",
      choices("[{\"delta\":{\"content\":\"a\"}},"
              "{\"delta\":{\"content\":\"b\"}}]"), "ok \"a\"" },

    /* the end */

    { "a reason", choices("[{\"index\":0,\"delta\":{},"
                          "\"finish_reason\":\"length\"}]"),
      "ok finish=length" },
    { "a reason with text", choices("[{\"delta\":{\"content\":\"a\"},"
                                    "\"finish_reason\":\"stop\"}]"),
      "ok \"a\" finish=stop" },
    { "a reason with an escape",
      choices("[{\"finish_reason\":\"st\\u006fp\"}]"), "ok finish=stop" },
    { "a long reason",
      choices("[{\"finish_reason\":\"0123456789012345678901234567890"
              "\xc3\xa9\"}]"), "ok finish=0123456789012345678901234567890" },
    { "usage", "{\"choices\":[],\"usage\":{\"prompt_tokens\":36,"
      "\"completion_tokens\":12,\"total_tokens\":48}}", "ok usage=36/12" },
    { "usage beside text",
      "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":"
      "{\"prompt_tokens\":3,\"completion_tokens\":1}}", "ok \"a\" usage=3/1" },
    { "usage without choices", "{\"usage\":{\"completion_tokens\":1}}",
      "ok usage=0/1" },
    { "usage that is none", "{\"choices\":[],\"usage\":{\"prompt_tokens\":-1,"
      "\"completion_tokens\":\"2\"}}", "ok" },
    { "usage too large", "{\"choices\":[],\"usage\":{\"prompt_tokens\":"
      "9007199254740993,\"completion_tokens\":0}}", "ok usage=2147483647/0" },
    { "the end mark", "[DONE]", "ok done" },
    { "the end mark among spaces", " [DONE] ", "ok done" },
    { "nothing at all", "", "ok" },
    { "a space", " ", "ok" },

    /* characters, and what nobody reads */

    { "a part without text", delta("\"content\":[{\"type\":\"text\"}]"),
      "ok" },
    { "a lone surrogate", delta("\"content\":\"\\ud83d!\""),
      "ok \"\\xef\\xbf\\xbd!\"" },
    { "half a pair at the end", delta("\"content\":\"a\\ud83d\""),
      "ok \"a\"" },
    { "broken UTF-8", delta("\"content\":\"\xc3(\""),
      "ok \"\\xef\\xbf\\xbd(\"" },
    { "a character cut short", delta("\"content\":\"\xf0\x9f\x98!\""),
      "ok \"\\xef\\xbf\\xbd!\"" },
    { "broken UTF-8 beside it", delta("\"content\":\"a\",\"x\":\"\xff\""),
      "ok \"a\"" },
    { "a number too large", delta("\"content\":\"a\",\"x\":1e999"),
      "ok \"a\"" },
    { "an integer too large", delta("\"content\":\"a\",\"x\":"
      "18446744073709551615"), "ok \"a\"" },
    { "no number", delta("\"content\":\"a\",\"x\":[NaN,-Infinity]"),
      "ok \"a\"" },
    { "half a pair beside it", delta("\"content\":\"a\",\"x\":\"\\ud83d\""),
      "ok \"a\"" },
    { "a control character", delta("\"content\":\"a\tb\""),
      "ok \"a\\x09b\"" },
    { "a tab behind", delta("\"content\":\"a\"") "\t", "ok \"a\"" },
    { "a tab behind the end mark", "[DONE]\t", "ok done" },

    /* other forms */

    { "a refusal", delta("\"refusal\":\"no\",\"content\":null"),
      "ok \"no\" refused" },
    { "a list of parts of other kinds", delta("\"content\":["
      "{\"type\":\"output_text\",\"text\":\"a\"},{\"text\":\"b\"},"
      "{\"type\":\"text\",\"text\":null}]"), "ok \"ab\"" },
    { "two chunks on two lines", delta("\"content\":\"a\"") "\n"
      delta("\"content\":\"b\""), "ok \"ab\"" },
    { "a chunk and the end mark", delta("\"content\":\"a\"") "\n[DONE]",
      "ok \"a\" done" },
    { "a message in place of a delta",
      choices("[{\"message\":{\"content\":\"a\"},"
              "\"finish_reason\":\"stop\"}]"), "ok \"a\" finish=stop" },
    { "a message beside a delta",
      choices("[{\"delta\":{\"content\":\"a\"},"
              "\"message\":{\"content\":\"b\"}}]"), "ok \"a\"" },
    { "a whole completion", "{\"object\":\"chat.completion\",\"choices\":"
      "[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],"
      "\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":1}}",
      "ok \"a\" finish=stop usage=2/1 done" },
    { "usage in a choice", choices("[{\"delta\":{},\"usage\":"
      "{\"prompt_tokens\":5,\"completion_tokens\":2}}]"), "ok usage=5/2" },
    { "usage beside the API's members", "{\"choices\":[],\"x_groq\":"
      "{\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}}",
      "ok usage=5/2" },
    { "usage that is no integer", "{\"choices\":[],\"usage\":"
      "{\"prompt_tokens\":5.0,\"completion_tokens\":2.0}}", "ok usage=5/2" },
    { "usage in detail", "{\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
      "\"completion_tokens\":4,\"prompt_tokens_details\":"
      "{\"cached_tokens\":3},\"completion_tokens_details\":"
      "{\"reasoning_tokens\":2}}}", "ok usage=5/4 cached=3 reasoning=2" },

    /* errors without a name */

    { "a code and a message", "{\"code\":50000,\"message\":\"a\"}",
      "abort \"a\" retryable" },
    { "a code of success", "{\"code\":0,\"message\":\"ok\"}", "ok" },
    { "an error code", "{\"error_code\":336003,\"error_msg\":\"a\"}",
      "abort \"a\" retryable" },
    { "a base response", "{\"base_resp\":{\"status_code\":1008,"
      "\"status_msg\":\"insufficient balance\"},\"choices\":null}",
      "abort \"insufficient balance\" retryable" },
    { "a base response of success", "{\"base_resp\":{\"status_code\":0,"
      "\"status_msg\":\"\"}}", "ok" },
    { "a detail", "{\"detail\":\"a\"}", "abort \"a\" retryable" },
    { "an error in a choice", choices("[{\"delta\":{\"content\":\"\"},"
      "\"error\":{\"code\":502,\"message\":\"a\"}}]"),
      "abort \"a\" retryable" },
    { "an error in a list", "[{\"error\":{\"code\":400,\"message\":\"a\","
      "\"status\":\"INVALID_ARGUMENT\"}}]", "abort \"a\" request quotable" },
    { "a key", "{\"error\":{\"message\":\"Incorrect API key: sk-1\","
      "\"type\":\"invalid_request_error\",\"code\":\"invalid_api_key\"}}",
      "abort \"Incorrect API key: sk-1\" access" },
    { "an address", "{\"error\":{\"message\":\"bad: 10.1.2.3:8000\","
      "\"code\":400}}", "abort \"bad: 10.1.2.3:8000\" request" },
    { "no credit", "{\"error\":{\"message\":\"a\",\"code\":"
      "\"insufficient_quota\"}}", "abort \"a\" rate" },
    { "a filter", "{\"error\":{\"message\":\"a\",\"code\":"
      "\"content_filter\",\"status\":400}}",
      "abort \"a\" refusal quotable" },
    { "a delay", "{\"error\":{\"code\":429,\"message\":\"a\",\"details\":"
      "[{\"@type\":\"x\"},{\"retryDelay\":\"7.5s\"}]}}",
      "abort \"a\" rate retryable after 7500" },

    /* errors */

    { "an error", "{\"error\":{\"code\":500,\"message\":\"it broke\","
      "\"type\":\"server_error\"}}", "abort \"it broke\" retryable" },
    { "an error that blames the request", "{\"error\":{\"code\":400,"
      "\"message\":\"too long\",\"type\":\"exceed_context_size_error\"}}",
      "abort \"too long\" request quotable" },
    { "a code as a string", "{\"error\":{\"code\":\"404\",\"message\":\"a\"}}",
      "abort \"a\" access" },
    { "a type only", "{\"error\":{\"message\":\"a\",\"type\":"
      "\"invalid_request_error\",\"code\":null}}",
      "abort \"a\" request quotable" },
    { "a type of another kind", "{\"object\":\"error\",\"message\":\"a\","
      "\"type\":\"BadRequestError\",\"param\":null}",
      "abort \"a\" request quotable" },
    { "429", "{\"error\":{\"code\":429,\"message\":\"slow\"}}",
      "abort \"slow\" rate retryable" },
    { "an error that is a string", "{\"error\":\"invalid state\"}",
      "abort \"invalid state\" retryable" },
    { "an error without words", "{\"error\":{}}",
      "abort \"the agent reported an error\" retryable" },
    { "an error beside text", "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],"
      "\"error\":{\"message\":\"b\"}}", "abort \"b\" retryable" },
    { "an error of two lines", "{\"error\":{\"message\":\"a\\nb\\u007f\"}}",
      "abort \"a b \" retryable" },
    { "error null", "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],"
      "\"error\":null}", "ok \"a\"" },
    { "error false", "{\"choices\":[],\"error\":false}", "ok" },

    /* malformed */

    { "no JSON", "hello", "declined" },
    { "an array", "[]", "declined" },
    { "a string", "\"hi\"", "declined" },
    { "two values", delta("\"content\":\"hi\"") "{}", "declined" },
    { "choices that are none", choices("{}"), "declined" },
    { "a choice that is none", choices("[1]"), "declined" },
    { "a delta that is none", choices("[{\"delta\":\"hi\"}]"), "declined" },
    { "content that is none", delta("\"content\":1"), "declined" },
    { "a part that is none", delta("\"content\":[1]"), "declined" },
    { "a comma too many", delta("\"content\":\"a\","), "declined" },
    { "a line that ends in a text", delta("\"content\":\"a\nb\""),
      "declined" },
    { "not quite the end mark", "[DONE", "declined" }
};


int
main(void)
{
    openai_test_events();
    openai_test_scan();
    openai_test_envelope();
    openai_test_repeated();
    openai_test_cut();
    openai_test_types();
    openai_test_runs();
    openai_test_errors();
    openai_test_requests();
    openai_test_parameters();

    dialect_sample(openai, "llama-server-0.7.0.sse",
                   " of than number two and it there he get all what if"
                   " / ok finish=length usage=36/12 done");

    return unit_done();
}


static void
openai_test_events(void)
{
    ngx_uint_t      i;
    const char     *events[2];
    openai_case_t  *c;

    events[1] = NULL;

    for (i = 0; i < sizeof(openai_events) / sizeof(openai_events[0]); i++) {
        c = &openai_events[i];
        events[0] = c->event;

        dialect_says(openai, "", events, c->says, c->name);

        unit_ok(openai_agree(c->event, ngx_strlen(c->event)),
                "%s: by jansson, too", c->name);
    }
}


/* what is usual is scanned: the delta lies in the event's bytes */

static void
openai_test_scan(void)
{
    ngx_uint_t   i, scanned;
    unit_text_t  text;

    static const char  *usual[] = {
        delta("\"content\":\"hi\""),
        delta("\"content\":\"\\u00e9\\ud83d\\ude00\\n \xc3\xa9\""),
        delta("\"role\":\"assistant\",\"content\":\"a\",\"refusal\":null"),
        choices("[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]"),
        "{\"id\": \"c\", \"choices\": [{\"index\": 0, \"delta\": {\"content\": "
        "\"a\"}, \"logprobs\": {\"content\": [{\"token\": \"a\", \"logprob\": "
        "-0.25}]}}], \"usage\": null}"
    };

    for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        ngx_memzero(&text, sizeof(unit_text_t));

        openai_read(&text, usual[i], ngx_strlen(usual[i]), &scanned);
        unit_ok(scanned, "scanned: %s", usual[i]);

        unit_text_free(&text);
    }
}


/* a chunk after others like it means what it means alone, in a stream, too */

static void
openai_test_envelope(void)
{
    u_char                 *held, *p;
    ngx_int_t               rc;
    ngx_uint_t              i, scanned;
    unit_text_t             stream, after, alone;
    ngx_thread_ws_sse_t     sse;
    ngx_thread_ws_reply_t   reply;

    static const char  *chunks[] = {
        delta("\"content\":\"b\""),
        delta("\"content\":\"\""),
        delta("\"content\":\"a\\u00e9\\n\""),
        delta("\"content\":\"a\\u0000\""),
        delta("\"content\":\"a\\ud83d\""),
        delta("\"content\":\"a\"b\""),
        delta("\"content\":\"a\\\""),
        delta("\"content\":\"a\x01\""),
        delta("\"content\":\"a\xc3\""),
        delta("\"content\":\"a\",\"content\":\"b\""),
        delta("\"content\":\"a\"},\"x\":{\"y\":\"b\""),
        delta("\"content\":null"),
        delta("\"refusal\":\"a\""),
        choices("[{\"index\":1,\"delta\":{\"content\":\"a\"}}]")
    };

    for (i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {

        ngx_memzero(&stream, sizeof(unit_text_t));
        ngx_memzero(&after, sizeof(unit_text_t));
        ngx_memzero(&alone, sizeof(unit_text_t));
        ngx_memzero(&sse, sizeof(ngx_thread_ws_sse_t));
        ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));

        sse.limit = 4096;

        unit_add(&stream, ":\n\ndata: %s\n\ndata: %s\n\ndata: %s\n\n",
                 delta("\"content\":\"first\""),
                 delta("\"content\":\"\\u0032nd\""), chunks[i]);

        held = malloc(stream.len);
        ngx_memcpy(held, stream.data, stream.len);
        p = held;

        (void) openai_next(&sse, &reply, &p, held + stream.len);
        (void) openai_next(&sse, &reply, &p, held + stream.len);

        unit_ok(reply.envelope && reply.delta.len == 8 && reply.delta_size == 3
                && reply.events == 2,
                "envelope: the second of two chunks");

        rc = openai_next(&sse, &reply, &p, held + stream.len);
        dialect_add_reply(&after, &reply, rc);

        openai_read(&alone, chunks[i], ngx_strlen(chunks[i]), &scanned);

        unit_ok(after.len == alone.len
                && ngx_memcmp(after.data, alone.data, after.len) == 0
                && p == held + stream.len,
                "envelope: chunk %d after another", (int) i);

        ngx_thread_ws_sse_free(&sse);
        ngx_thread_ws_reply_free(&reply);
        unit_text_free(&stream);
        unit_text_free(&after);
        unit_text_free(&alone);
        free(held);
    }
}


static ngx_int_t
openai_next(ngx_thread_ws_sse_t *sse, ngx_thread_ws_reply_t *reply, u_char **p,
    u_char *last)
{
    return ngx_thread_ws_stream_read(openai, sse, reply, p, last);
}


/* what stands around a text is kept, wherever a stream is cut or not */

static void
openai_test_repeated(void)
{
    ngx_str_t  tag = ngx_string("t");

#define line(text)   "data: " choices("[{\"delta\":{\"content\":\"" text       \
                                      "\"}}]") "\n"
#define event(text)  line(text) "\n"

    static const char  stream[] =
        ":\n\n" event("a") event("b") event("\\\"c\\\"")

        "event: x\n" event("d")

        /* a text that is split in two, and the same around another one */

        event("<t>h</t>i") event("<t>j") event("k</t>l") event("m<t>n</t>")
        event("o") event("p<t") event("q")

        "data: [DONE]\n\n";

    /* an object ends an event before the next one, and what is behind that? */

    static const char  lines[] =
        ":\n\n" line("a") line("b") line("c") "event: error\n\n";

    dialect_want = NGX_THREAD_WS_WANT_REASONING;
    dialect_tags = &tag;
    dialect_ntags = 1;

    unit_splits(dialect_run, openai, (u_char *) stream, sizeof(stream) - 1,
                "ab\"c\"direasoning \"h\"reasoning \"j\"lreasoning \"k\"m"
                "reasoning \"n\"op<tq / ok thought done",
                "a stream that repeats itself");

    dialect_want = 0;
    dialect_ntags = 0;

    unit_splits(dialect_run, openai, (u_char *) lines, sizeof(lines) - 1,
                "ab / abort \"the agent reported an error\" retryable",
                "lines that repeat themselves");

#undef event
#undef line
}


/* events that are cut, or that have one byte changed: both must say the same */

static void
openai_test_cut(void)
{
    char        event[256];
    size_t      len, i;
    u_char     *held;
    ngx_uint_t  c, wrong, declined;

    ngx_thread_ws_reply_t  reply;

    static const char  chunk[] =
        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\\u00e9\xc3\xa9\""
        "},\"finish_reason\":\"stop\"}],\"x\":[1,-2.5,{}],\"usage\":null,"
        "\"error\":null}";

    len = sizeof(chunk) - 1;
    declined = 0;
    held = NULL;

    for (i = 1; i < len; i++) {
        ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));

        declined += (dialect_feed(openai, &reply, "", chunk, i, &held)
                     == NGX_DECLINED);

        ngx_thread_ws_reply_free(&reply);
    }

    free(held);

    unit_int(declined, len - 1, "cut anywhere: malformed");

    wrong = 0;

    for (i = 0; i < len; i++) {

        for (c = 1; c < 256; c++) {
            ngx_memcpy(event, chunk, len);
            event[i] = (char) c;

            if (!openai_agree(event, len)) {
                unit_note("byte %d is %d", (int) i, (int) c);
                wrong++;
            }
        }
    }

    unit_int(wrong, 0, "any byte changed: both say the same");
}


static void
openai_test_types(void)
{
    const char  *text[] = { delta("\"content\":\"hi\""), NULL };
    const char  *words[] = { "it broke", NULL };
    const char  *nothing[] = { "\xff", NULL };
    const char  *error[] = { "{\"error\":{\"message\":\"a\",\"code\":400}}",
                             NULL };
    const char  *bare[] = { "{\"message\":\"a\",\"type\":\"overloaded\"}",
                            NULL };

    dialect_says(openai, "message", text, "ok \"hi\"", "type: message");
    dialect_says(openai, "chunk", text, "ok \"hi\"", "type: another");
    dialect_says(openai, "message", words, "declined", "type: no JSON");
    dialect_says(openai, "ping", words, "ok", "type: another, no JSON");
    dialect_says(openai, "error", words, "abort \"it broke\" retryable",
                 "type: error, words");
    dialect_says(openai, "error", error, "abort \"a\" request quotable",
                 "type: error, object");
    dialect_says(openai, "error", bare, "abort \"a\" retryable",
                 "type: error, bare object");
    dialect_says(openai, "error", nothing,
                 "abort \"the agent reported an error\" retryable",
                 "type: error, no words");
}


/* what goes from event to event, and what does not */

static void
openai_test_runs(void)
{
    const char  *two[] = { delta("\"content\":\"a\""), choices("[]"), NULL };
    const char  *after[] = { delta("\"content\":\"a\""), "[DONE]",
                             delta("\"content\":\"b\""), NULL };
    const char  *slow[] = { delta("\"content\":[\"ab\",\"c\"]"),
                            delta("\"content\":[\"de\"]"), NULL };
    const char  *aborted[] = { delta("\"content\":[\"ab\"]"),
                               "{\"error\":\"no\"}", NULL };
    const char  *finished[] = {
        choices("[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]"),
        "{\"choices\":[],\"usage\":{\"prompt_tokens\":1,"
        "\"completion_tokens\":2}}", "[DONE]", NULL
    };

    dialect_says(openai, "", two, "ok", "run: a delta is its event's");
    dialect_says(openai, "", after, "ok done", "run: nothing after the end");
    dialect_says(openai, "", slow, "ok \"de\"", "run: memory used again");
    dialect_says(openai, "", aborted, "abort \"no\" retryable",
                 "run: an error takes the delta's place");
    dialect_says(openai, "", finished, "ok finish=stop usage=1/2 done",
                 "run: the end");
}


static void
openai_test_errors(void)
{
    char                   *p, large[1024];
    ngx_str_t               body;
    ngx_uint_t              i;
    ngx_thread_ws_reply_t   reply;

    static const char  *bodies[][2] = {
        { "{\"error\":{\"message\":\"no model\"}}", "no model" },
        { "{\"error\":\"no model\"}", "no model" },
        { "{\"message\":\"no model\",\"error\":\"x\"}", "no model" },
        { "{\"detail\":\"no model\"}", "no model" },
        { "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"no model\"}]}",
          "no model" },
        { "[{\"error\":{\"code\":400,\"message\":\"no model\"}}]", "no model" },
        { "{\"error\":{\"message\":\"\"}}", NULL },
        { "{\"status\":500}", NULL },
        { "{}", NULL },
        { "[]", NULL },
        { "<html>no model</html>", NULL },
        { "\"no model\"", "no model" },
        { "404", "404" },
        { "no model\n", "no model" },
        { "\x1f\x8b\x08 no model", NULL },
        { "data: {\"error\":{\"message\":\"no model\"}}\n\n", "no model" },
        { "event: error\ndata: {\"message\":\"no model\"}", "no model" },
        { "{\"errors\":[{\"message\":\"no model\"}]}", "no model" },
        { "", NULL }
    };

    ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        body.data = (u_char *) bodies[i][0];
        body.len = ngx_strlen(bodies[i][0]);

        if (bodies[i][1] == NULL) {
            unit_int(ngx_thread_ws_reply_error(openai, &reply, &body),
                     NGX_DECLINED, "error body without words: %s", bodies[i][0]);
            continue;
        }

        unit_ok(ngx_thread_ws_reply_error(openai, &reply, &body) == NGX_OK
                && unit_str(reply.error.data, reply.error.len, bodies[i][1],
                            "error body's words: %s", bodies[i][0]),
                "error body: %s", bodies[i][0]);
    }

    /* a character of two bytes at each end of three hundred bytes */

    p = large + snprintf(large, sizeof(large), "{\"error\":\"a");

    for (i = 0; i < 200; i++) {
        *p++ = '\xc3';
        *p++ = '\xa9';
    }

    p += snprintf(p, 8, "\"}");

    body.data = (u_char *) large;
    body.len = p - large;

    unit_int(ngx_thread_ws_reply_error(openai, &reply, &body), NGX_OK, "error body: a long one");
    unit_int(reply.error.len, 299, "error body: cut between characters");

    ngx_thread_ws_reply_free(&reply);
}


static void
openai_test_requests(void)
{
    ngx_thread_ws_prompt_t    prompt;
    ngx_thread_ws_exchange_t  history[2];

    ngx_memzero(&prompt, sizeof(ngx_thread_ws_prompt_t));
    ngx_memzero(history, sizeof(history));

    ngx_str_set(&prompt.content, "a \"b\"\nc\xc3\xa9");
    ngx_str_set(&prompt.request_id, "r1");
    ngx_str_set(&prompt.busy, "interrupt");

    dialect_requests(openai, &prompt, NULL,
        "{\"messages\":[{\"role\":\"user\","
        "\"content\":\"a \\\"b\\\"\\nc\xc3\xa9\"}],\"stream\":true,"
        "\"stream_options\":{\"include_usage\":true}}",
        "request: the least");

    ngx_str_set(&history[0].content, "q1");
    ngx_str_set(&history[0].answer, "a1");
    ngx_str_set(&history[1].content, "q2");
    ngx_str_null(&history[1].answer);

    prompt.history = history;
    prompt.nhistory = 2;
    ngx_str_set(&prompt.content, "q3");
    ngx_str_set(&prompt.model, "m");
    ngx_str_set(&prompt.system_prompt, "be brief");

    dialect_requests(openai, &prompt, "{\"temperature\":0.5}",
        "{\"model\":\"m\",\"temperature\":0.5,\"messages\":["
        "{\"role\":\"system\",\"content\":\"be brief\"},"
        "{\"role\":\"user\",\"content\":\"q1\"},"
        "{\"role\":\"assistant\",\"content\":\"a1\"},"
        "{\"role\":\"user\",\"content\":\"q3\"}],\"stream\":true,"
        "\"stream_options\":{\"include_usage\":true}}",
        "request: all, without a run that has no answer");

    prompt.reasoning = 1;

    dialect_starves_more(openai, &prompt,
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

    dialect_starves(openai, &prompt, "",
                    "{\"choices\":[{\"delta\":{\"content\":[\"a\"]}}]}");
}


static void
openai_test_parameters(void)
{
    ngx_thread_ws_prompt_t  prompt;

    ngx_memzero(&prompt, sizeof(ngx_thread_ws_prompt_t));

    ngx_str_set(&prompt.content, "q3");
    ngx_str_set(&prompt.model, "m");

    dialect_requests(openai, &prompt,
        "{\"model\":\"n\",\"stream\":false,\"messages\":[],"
        "\"stream_options\":{\"x\":1}}",
        "{\"model\":\"n\",\"stream\":true,\"messages\":["
        "{\"role\":\"user\",\"content\":\"q3\"}],"
        "\"stream_options\":{\"x\":1,\"include_usage\":true}}",
        "request: what parameters win and what not");

    dialect_requests(openai, &prompt,
        "{\"stream_options\":{\"include_usage\":false}}",
        "{\"model\":\"m\",\"stream_options\":{\"include_usage\":false},"
        "\"messages\":[{\"role\":\"user\",\"content\":\"q3\"}],"
        "\"stream\":true}",
        "request: no usage");

    dialect_requests(openai, &prompt, "{\"stream_options\":null}",
        "{\"model\":\"m\",\"messages\":["
        "{\"role\":\"user\",\"content\":\"q3\"}],\"stream\":true}",
        "request: no stream_options");
}


/*
 * Whether an event says the same with its first brace replaced by one and two
 * equal members, which is for jansson.
 */

static ngx_uint_t
openai_agree(const char *event, size_t len)
{
    char         forced[1024];
    size_t       n;
    ngx_uint_t   same, scanned;
    unit_text_t  text, judged;

    static const char  twice[] = "{\"usage\":null,\"usage\":null,";

    if (len < 2 || event[0] != '{' || event[1] == '}') {
        return 1;
    }

    ngx_memzero(&text, sizeof(unit_text_t));
    ngx_memzero(&judged, sizeof(unit_text_t));

    n = sizeof(twice) - 1;
    ngx_memcpy(forced, twice, n);
    ngx_memcpy(forced + n, event + 1, len - 1);

    openai_read(&text, event, len, &scanned);
    openai_read(&judged, forced, n + len - 1, &scanned);

    same = !scanned && text.len == judged.len
           && ngx_memcmp(text.data, judged.data, text.len) == 0;

    unit_text_free(&text);
    unit_text_free(&judged);

    return same;
}


static void
openai_read(unit_text_t *text, const char *event, size_t len,
    ngx_uint_t *scanned)
{
    u_char                 *held;
    ngx_int_t               rc;
    ngx_thread_ws_reply_t   reply;

    ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));
    held = NULL;

    rc = dialect_feed(openai, &reply, "", event, len, &held);
    dialect_add_reply(text, &reply, rc);

    *scanned = reply.delta.len && reply.delta.data != reply.buf;

    ngx_thread_ws_reply_free(&reply);
    free(held);
}
