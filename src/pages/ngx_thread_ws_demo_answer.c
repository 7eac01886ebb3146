
/*
 * What the demo agent answers.  Words in the last message choose it: each shows
 * one thing that an agent can do.
 */


#include "pages/ngx_thread_ws_demo_private.h"


#define NGX_THREAD_WS_DEMO_SHOW   0x01
#define NGX_THREAD_WS_DEMO_THINK  0x02
#define NGX_THREAD_WS_DEMO_USE    0x04
#define NGX_THREAD_WS_DEMO_ASK    0x08
#define NGX_THREAD_WS_DEMO_SLOW   0x10

#define NGX_THREAD_WS_DEMO_PACE   10

#define NGX_THREAD_WS_DEMO_QUESTION  "May I restart the server"


static ngx_str_t *ngx_thread_ws_demo_content(ngx_pool_t *pool, json_t *message,
    ngx_uint_t *attached);
static ngx_int_t ngx_thread_ws_demo_decided(ngx_str_t *text);
static ngx_uint_t ngx_thread_ws_demo_wishes(ngx_str_t *text);
static ngx_uint_t ngx_thread_ws_demo_begins(u_char *p, u_char *last,
    const char *word);
static ngx_int_t ngx_thread_ws_demo_asked(json_t *messages, ngx_str_t *text,
    ngx_thread_ws_demo_answer_t *answer);
static ngx_int_t ngx_thread_ws_demo_intro(ngx_pool_t *pool, ngx_str_t *quoted,
    ngx_thread_ws_demo_answer_t *answer);
static void ngx_thread_ws_demo_show(ngx_thread_ws_demo_answer_t *answer,
    ngx_uint_t wishes);
static void ngx_thread_ws_demo_add(ngx_thread_ws_demo_answer_t *answer,
    ngx_thread_ws_demo_kind_e kind, ngx_str_t *text, char *tool);


/* a word that begins so is meant: "think", "thinking" */

static struct {
    const char  *word;
    ngx_uint_t   wish;
} ngx_thread_ws_demo_words[] = {
    { "show", NGX_THREAD_WS_DEMO_SHOW },
    { "sample", NGX_THREAD_WS_DEMO_SHOW },
    { "markdown", NGX_THREAD_WS_DEMO_SHOW },
    { "code", NGX_THREAD_WS_DEMO_SHOW },
    { "table", NGX_THREAD_WS_DEMO_SHOW },
    { "math", NGX_THREAD_WS_DEMO_SHOW },
    { "think", NGX_THREAD_WS_DEMO_THINK },
    { "reason", NGX_THREAD_WS_DEMO_THINK },
    { "tool", NGX_THREAD_WS_DEMO_USE },
    { "ask", NGX_THREAD_WS_DEMO_ASK },
    { "slow", NGX_THREAD_WS_DEMO_SLOW },
    { NULL, 0 }
};


static ngx_str_t  ngx_thread_ws_demo_hint = ngx_string(
    "Say **show**, **think**, **tool**, **ask** or **slow** to see more, or "
    "set `OPENAI_BASE_URL` to talk to a real model.");

static ngx_str_t  ngx_thread_ws_demo_thoughts = ngx_string(
    "I am to think first. There is little that a demo could think about, so I "
    "multiply: 17 times 23 is 17 times 20 and 17 times 3, 340 and 51, which "
    "makes 391. To be sure, 391 divided by 23 is 17. That holds.");

static ngx_str_t  ngx_thread_ws_demo_thought = ngx_string(
    "I thought about it first, apart from this answer: "
    "**17 times 23 is 391**.\n\n");

static ngx_str_t  ngx_thread_ws_demo_weather_arguments = ngx_string(
    "{\"city\": \"Lisbon\", \"unit\": \"celsius\"}");

static ngx_str_t  ngx_thread_ws_demo_weather = ngx_string(
    "I called the tool `weather`: in **Lisbon** it is 21 degrees, and "
    "clear.\n\n");

static ngx_str_t  ngx_thread_ws_demo_approval = ngx_string(
    "{\"action\": \"restart\", \"server\": \"lisbon-2\"}");

static ngx_str_t  ngx_thread_ws_demo_question = ngx_string(
    NGX_THREAD_WS_DEMO_QUESTION " `lisbon-2`? Answer **yes** or **no**.");

static ngx_str_t  ngx_thread_ws_demo_yes = ngx_string(
    "You approved, so `lisbon-2` was restarted. It is only a demo: there is "
    "no such server.");

static ngx_str_t  ngx_thread_ws_demo_no = ngx_string(
    "Then `lisbon-2` stays as it is.");

static ngx_str_t  ngx_thread_ws_demo_story = ngx_string(
    "This takes its time, so that there is something to stop: the button with "
    "the square does it, or the key Esc. The request to the agent is closed "
    "in the same moment, and no word is paid for that nobody reads.\n\n"
    "Meanwhile, a story. There was a server that waited. Requests came and "
    "went, each with a greeting, each with a farewell, and each had to say "
    "anew who it was. One day one stayed. It said little, and said it when "
    "there was something to say; when it was silent, the server did not mind, "
    "since silence costs next to nothing. Days went by. Others came and "
    "stayed, too, ten of them, a thousand, ten thousand, and for each the "
    "server kept a thread, so that no word of one was ever told to "
    "another.\n\n"
    "1. The first asked for a poem, and stopped it at the second line.\n"
    "2. The second asked for nothing at all, for a week.\n"
    "3. The third lost its way in a tunnel, came back, and was told the rest "
    "of the sentence.\n"
    "4. The fourth asked how the story ends.\n\n"
    "It ends as all answers do here: once.");

static ngx_str_t  ngx_thread_ws_demo_sample = ngx_string(
    "## What answers look like\n\n"
    "They are *Markdown*, shown while they come: **bold**, `code`, "
    "[links](https://nginx.org/) and what follows, each from its first "
    "letter on.\n\n"
    "### Code\n\n"
    "```python\n"
    "import json\n"
    "\n"
    "\n"
    "async def ask(socket, thread, text):\n"
    "    \"\"\"Sends one message, prints its answer word by word.\"\"\"\n"
    "    await socket.send(json.dumps({\n"
    "        \"type\": \"message\", \"requestId\": \"r1\",\n"
    "        \"threadId\": thread, \"content\": text,\n"
    "    }))\n"
    "\n"
    "    async for data in socket:\n"
    "        event = json.loads(data)\n"
    "\n"
    "        if event[\"type\"] == \"token\":\n"
    "            print(event[\"value\"], end=\"\", flush=True)\n"
    "        elif event[\"type\"] in (\"final\", \"error\", \"cancelled\"):\n"
    "            return event    # exactly one of them\n"
    "```\n\n"
    "The other end is as short:\n\n"
    "```nginx\n"
    "location = /api/chat/ws {\n"
    "    thread_ws_pass /agent;      # one WebSocket for each thread\n"
    "    thread_ws_store memory;\n"
    "}\n"
    "```\n\n"
    "### A table\n\n"
    "| what happens | a request for each answer | one WebSocket |\n"
    "| :-- | :-- | --: |\n"
    "| ten messages | 10 requests | 1 connection |\n"
    "| the user stops | a request is closed | 1 frame |\n"
    "| a message is sent again | answered twice | answered once |\n\n"
    "### Mathematics\n\n"
    "If each of \\(n\\) hops breaks with a chance of \\(p_i\\), then one of "
    "them does with\n\n"
    "\\[\n"
    "P = 1 - \\prod_{i=1}^{n} (1 - p_i) \\;\\le\\; \\sum_{i=1}^{n} p_i ,\n"
    "\\]\n\n"
    "and whoever prefers the bell curve gets it, too:\n\n"
    "$$\n"
    "\\int_{-\\infty}^{\\infty} e^{-x^2} \\, dx = \\sqrt{\\pi}\n"
    "$$\n\n"
    "### The rest\n\n"
    "> A quotation, for what others have said.\n\n"
    "1. Lists have numbers,\n"
    "   - or none,\n"
    "   - and lie within each other.\n"
    "2. Some are to be ticked:\n\n"
    "- [x] streams\n"
    "- [x] stops\n"
    "- [ ] makes coffee\n\n"
    "Words of other alphabets find their direction by themselves. Code, "
    "answers and your own messages have a button that copies them.");


ngx_int_t
ngx_thread_ws_demo_answer(ngx_pool_t *pool, json_t *root,
    ngx_thread_ws_demo_answer_t *answer)
{
    json_t      *messages, *limit;
    ngx_int_t    rc;
    ngx_str_t   *text;
    ngx_uint_t   wishes;

    messages = json_object_get(root, "messages");
    answer->messages = json_array_size(messages);

    text = ngx_thread_ws_demo_content(pool,
                          json_array_get(messages, answer->messages - 1),
                          &answer->attached);
    if (text == NULL) {
        return NGX_DECLINED;
    }

    limit = json_object_get(root, "max_tokens");

    if (limit == NULL) {
        limit = json_object_get(root, "max_completion_tokens");
    }

    if (json_integer_value(limit) > 0) {
        answer->limit = (ngx_uint_t) json_integer_value(limit);
    }

    answer->pace = 1;

    if (ngx_thread_ws_demo_asked(messages, text, answer) == NGX_OK) {
        return NGX_OK;
    }

    wishes = ngx_thread_ws_demo_wishes(text);

    rc = ngx_thread_ws_demo_intro(pool, wishes ? NULL : text, answer);

    if (rc == NGX_OK) {
        ngx_thread_ws_demo_show(answer, wishes);
    }

    return rc;
}


/*
 * A message's text, or the first one of its parts, which is empty where the
 * others are none; NULL if it has nothing.
 */

static ngx_str_t *
ngx_thread_ws_demo_content(ngx_pool_t *pool, json_t *message,
    ngx_uint_t *attached)
{
    size_t      i;
    json_t     *content, *part, *said;
    ngx_str_t  *text;

    content = json_object_get(message, "content");
    said = json_is_array(content) ? NULL : content;

    json_array_foreach(content, i, part) {

        if (!json_is_string(json_object_get(part, "text"))) {
            (*attached)++;

        } else if (said == NULL) {
            said = json_object_get(part, "text");
        }
    }

    if (!json_is_string(said) && *attached == 0) {
        return NULL;
    }

    text = ngx_pcalloc(pool, sizeof(ngx_str_t));

    if (text && said) {
        text->data = (u_char *) json_string_value(said);
        text->len = json_string_length(said);
    }

    return text;
}


static ngx_uint_t
ngx_thread_ws_demo_wishes(ngx_str_t *text)
{
    u_char      *p, *last;
    ngx_uint_t   i, inside, wishes;

    wishes = 0;
    inside = 0;
    last = text->data + text->len;

    for (p = text->data; p < last; p++) {

        if (!inside) {
            for (i = 0; ngx_thread_ws_demo_words[i].word; i++) {
                if (ngx_thread_ws_demo_begins(p, last,
                                              ngx_thread_ws_demo_words[i].word))
                {
                    wishes |= ngx_thread_ws_demo_words[i].wish;
                }
            }
        }

        inside = ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z') || *p >= 0x80;
    }

    return wishes;
}


static ngx_uint_t
ngx_thread_ws_demo_begins(u_char *p, u_char *last, const char *word)
{
    size_t  len;

    len = ngx_strlen(word);

    return (size_t) (last - p) >= len
           && ngx_strncasecmp(p, (u_char *) word, len) == 0;
}


/* NGX_OK where the message answers the question that was asked last */

static ngx_int_t
ngx_thread_ws_demo_asked(json_t *messages, ngx_str_t *text,
    ngx_thread_ws_demo_answer_t *answer)
{
    json_t      *message;
    ngx_int_t    decided;
    ngx_uint_t   i;
    const char  *role, *question;

    question = NULL;

    /* between them stands the end of a call that was left open */

    for (i = answer->messages - 1; i > 0; i--) {
        message = json_array_get(messages, i - 1);
        role = json_string_value(json_object_get(message, "role"));

        if (role == NULL || ngx_strcmp(role, "tool") != 0) {
            question = json_string_value(json_object_get(message, "content"));
            break;
        }
    }

    if (question == NULL
        || ngx_strstr(question, NGX_THREAD_WS_DEMO_QUESTION) == NULL)
    {
        return NGX_DECLINED;
    }

    decided = ngx_thread_ws_demo_decided(text);

    if (decided != NGX_DECLINED) {
        ngx_thread_ws_demo_add(answer, NGX_THREAD_WS_DEMO_TEXT,
                               decided ? &ngx_thread_ws_demo_yes
                                       : &ngx_thread_ws_demo_no,
                               NULL);
        return NGX_OK;
    }

    return NGX_DECLINED;
}


/* 1 for yes, 0 for no, in words or as what the call of the tool gives */

static ngx_int_t
ngx_thread_ws_demo_decided(ngx_str_t *text)
{
    u_char  *p, *last;

    p = text->data;
    last = p + text->len;

    while (p < last && *p <= ' ') {
        p++;
    }

    if (ngx_thread_ws_demo_begins(p, last, "yes")
        || ngx_thread_ws_demo_begins(p, last, "{\"approved\":true"))
    {
        return 1;
    }

    if (ngx_thread_ws_demo_begins(p, last, "no")
        || ngx_thread_ws_demo_begins(p, last, "{\"approved\":false"))
    {
        return 0;
    }

    return NGX_DECLINED;
}


/*
 * Who this is, and how many messages it was shown, so that one sees what the
 * history does; then what was written, or a line between this and what follows.
 */

static ngx_int_t
ngx_thread_ws_demo_intro(ngx_pool_t *pool, ngx_str_t *quoted,
    ngx_thread_ws_demo_answer_t *answer)
{
    u_char     *p;
    size_t      i, size;
    ngx_str_t   text;

    static char  intro[] = "This is the demo agent inside nginx. It was shown "
                           "%ui %s of this thread.";
    static char  attached[] = " Yours came with %ui %s.";
    static char  wrote[] = " You wrote:\n\n> ";

    size = sizeof(intro) + sizeof(attached) + 2 * NGX_INT_T_LEN
           + sizeof("messages") + sizeof("attachments") + sizeof(wrote);

    if (quoted) {
        size += 3 * quoted->len;
    }

    text.data = ngx_pnalloc(pool, size);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(text.data, intro, answer->messages,
                    (answer->messages == 1) ? "message" : "messages");

    if (answer->attached) {
        p = ngx_sprintf(p, attached, answer->attached,
                        (answer->attached == 1) ? "attachment" : "attachments");
    }

    if (quoted && quoted->len) {
        p = ngx_cpymem(p, wrote, sizeof(wrote) - 1);

        for (i = 0; i < quoted->len; i++) {
            *p++ = quoted->data[i];

            if (quoted->data[i] == LF) {
                *p++ = '>';
                *p++ = ' ';
            }
        }
    }

    *p++ = LF;
    *p++ = LF;

    text.len = p - text.data;

    ngx_thread_ws_demo_add(answer, NGX_THREAD_WS_DEMO_TEXT, &text, NULL);

    if (quoted) {
        ngx_thread_ws_demo_add(answer, NGX_THREAD_WS_DEMO_TEXT,
                               &ngx_thread_ws_demo_hint, NULL);
    }

    return NGX_OK;
}


static void
ngx_thread_ws_demo_show(ngx_thread_ws_demo_answer_t *answer, ngx_uint_t wishes)
{
    if (wishes & NGX_THREAD_WS_DEMO_THINK) {
        ngx_thread_ws_demo_add(answer, NGX_THREAD_WS_DEMO_REASONING,
                               &ngx_thread_ws_demo_thoughts, NULL);
        ngx_thread_ws_demo_add(answer, NGX_THREAD_WS_DEMO_TEXT,
                               &ngx_thread_ws_demo_thought, NULL);
    }

    if (wishes & NGX_THREAD_WS_DEMO_USE) {
        ngx_thread_ws_demo_add(answer, NGX_THREAD_WS_DEMO_TOOL,
                               &ngx_thread_ws_demo_weather_arguments,
                               "weather");
        ngx_thread_ws_demo_add(answer, NGX_THREAD_WS_DEMO_TEXT,
                               &ngx_thread_ws_demo_weather, NULL);
    }

    if (wishes & NGX_THREAD_WS_DEMO_SHOW) {
        ngx_thread_ws_demo_add(answer, NGX_THREAD_WS_DEMO_TEXT,
                               &ngx_thread_ws_demo_sample, NULL);
    }

    if (wishes & NGX_THREAD_WS_DEMO_SLOW) {
        answer->pace = NGX_THREAD_WS_DEMO_PACE;
        ngx_thread_ws_demo_add(answer, NGX_THREAD_WS_DEMO_TEXT,
                               &ngx_thread_ws_demo_story, NULL);
    }

    if (wishes & NGX_THREAD_WS_DEMO_ASK) {
        ngx_thread_ws_demo_add(answer, NGX_THREAD_WS_DEMO_TOOL,
                               &ngx_thread_ws_demo_approval,
                               "request_approval");
        ngx_thread_ws_demo_add(answer, NGX_THREAD_WS_DEMO_TEXT,
                               &ngx_thread_ws_demo_question, NULL);
    }
}


static void
ngx_thread_ws_demo_add(ngx_thread_ws_demo_answer_t *answer,
    ngx_thread_ws_demo_kind_e kind, ngx_str_t *text, char *tool)
{
    ngx_thread_ws_demo_part_t  *part;

    part = &answer->parts[answer->n++];

    part->kind = kind;
    part->text = *text;
    part->tool = tool;
}
