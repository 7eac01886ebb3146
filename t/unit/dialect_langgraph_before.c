
/*
 * The way back through LangGraph's states of a thread, to the one before a
 * user's message.
 */


#include "unit.h"
#include "dialect/ngx_thread_ws_dialect.h"


#define name(id)  "{\"checkpoint_id\":\"" id "\",\"checkpoint_ns\":\"\"}"

#define full(id, parent, next, messages, tasks)                               \
    "{\"checkpoint\":" name(id) ",\"parent_checkpoint\":" parent ","          \
    "\"next\":[" next "],\"values\":{\"messages\":[" messages "]},"           \
    "\"tasks\":[" tasks "]}"

#define state(id, parent, messages)  full(id, name(parent), "", messages, "")
#define first(id, messages)  full(id, "null", "", messages, "")
#define open(id, parent, messages)                                            \
    full(id, name(parent), "\"node\"", messages, "")
#define asks(id, parent, messages)                                            \
    full(id, name(parent), "\"node\"", messages,                              \
         "{\"interrupts\":[{\"id\":\"i\",\"value\":1}]}")

#define user(id)  "{\"type\":\"human\",\"id\":\"" id "\",\"content\":\"x\"}"
#define ai  "{\"type\":\"ai\",\"id\":\"r1\",\"content\":\"x\"}"

/* two runs, newest first: e5 e4 e3 are the second's */

#define second  user("r1") "," ai "," user("r2")
#define two                                                                   \
    state("e5", "e4", second "," ai) "," state("e4", "e3", second) ","        \
    state("e3", "e2", user("r1") "," ai) ","                                  \
    state("e2", "e1", user("r1") "," ai) "," state("e1", "e0", user("r1"))    \
    "," first("e0", "")

/* r2 is replaced by r3, and on a page of its own by more */

#define replaced(newest)  newest "," state("e6", "e3", user("r1") "," ai)

#define ten(id, parent)                                                       \
    state(id "a", id "b", user("r1") "," user("r2")) ","                      \
    state(id "b", id "c", user("r1") "," user("r2")) ","                      \
    state(id "c", id "d", user("r1") "," user("r2")) ","                      \
    state(id "d", id "e", user("r1") "," user("r2")) ","                      \
    state(id "e", id "f", user("r1") "," user("r2")) ","                      \
    state(id "f", id "g", user("r1") "," user("r2")) ","                      \
    state(id "g", id "h", user("r1") "," user("r2")) ","                      \
    state(id "h", id "i", user("r1") "," user("r2")) ","                      \
    state(id "i", id "j", user("r1") "," user("r2")) ","                      \
    state(id "j", parent, user("r1") "," user("r2"))


typedef struct {
    const char  *name;
    const char  *message;
    const char  *pages;      /* each ended by a newline */
    const char  *says;       /* what each page comes to */
} before_case_t;


static void before_test(before_case_t *c);
static void before_test_cut(void);
static ngx_int_t before_read(ngx_thread_ws_before_t *before, const char *page,
    size_t len);
static void before_free(ngx_thread_ws_before_t *before);


static before_case_t  before_cases[] = {

    { "the newest run", "r2", "[" two "]\n", "e3" },
    { "the first run", "r1", "[" two "]\n", "e0" },
    { "no such run", "r3", "[" two "]\n", "declined" },
    { "the id of what is no user's", "r1",
      "[" state("e1", "e0", ai) "," first("e0", "") "]\n", "declined" },
    { "a thread without states", "r1", "[]\n", "declined" },
    { "the first state has it", "r1", "[" first("e0", user("r1")) "]\n",
      "declined" },

    { "what has given way", "r2",
      "[" replaced(state("e7", "e6", user("r1") "," ai "," user("r3") "," ai))
      "," two "]\n", "declined" },
    { "before what has given way", "r1",
      "[" replaced(state("e7", "e6", user("r1") "," ai "," user("r3") "," ai))
      "," two "]\n", "e0" },
    { "what has given way to a run that failed", "r2",
      "[" replaced(open("e7", "e6", user("r1") "," ai "," user("r3")))
      "," two "]\n", "e3" },
    { "what has given way to no run", "r2",
      "[" open("e6", "e3", user("r1") "," ai) "," two "]\n", "e3" },
    { "what has given way to a run that asks", "r2",
      "[" replaced(asks("e7", "e6", user("r1") "," ai "," user("r3")))
      "," two "]\n", "declined" },
    { "what has given way to a run, of which a later one failed", "r2",
      "[" replaced(open("e8", "e7", user("r1") "," ai "," user("r3") "," ai ","
                        user("r4")) ","
                   state("e7", "e6", user("r1") "," ai "," user("r3") "," ai))
      "," two "]\n", "declined" },
    { "the run that failed itself", "r3",
      "[" replaced(open("e7", "e6", user("r1") "," ai "," user("r3")))
      "," two "]\n", "e6" },

    { "what the graph has left out since", "r1",
      "[" state("e6", "e5", user("r2")) "," two "]\n", "e0" },

    { "on the next page", "r2",
      "[" ten("a", "ba") "]\n[" ten("b", "e2") "]\n["
      state("e2", "e1", user("r1")) "," first("e1", "") "]\n",
      "again aj, again bj, e2" },
    { "on no page", "r9",
      "[" ten("a", "ba") "]\n[" ten("b", "e2") "]\n[]\n",
      "again aj, again bj, declined" },

    { "no history", "r1", "{}\n", "abort" },
    { "no JSON", "r1", "no\n", "abort" },
    { "no states", "r1", "[1]\n", "abort" },
    { "a name that is none in a URI", "r1", "[" first("a/b", "") "]\n",
      "abort" },
    { "an empty name", "r1", "[" first("", "") "]\n", "abort" },
    { "a long name", "r1",
      "[" first("0123456789012345678901234567890123456789"
                "0123456789012345678901234", "") "]\n", "abort" },
    { "values of other forms", "r1",
      "[{\"checkpoint\":" name("e1") ",\"values\":[],\"next\":1,"
      "\"parent_checkpoint\":1},{\"checkpoint\":" name("e0") ","
      "\"values\":{\"messages\":{\"id\":\"r1\"}}}]\n", "declined" }
};


int
main(void)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(before_cases) / sizeof(before_case_t); i++) {
        before_test(&before_cases[i]);
    }

    before_test_cut();

    return unit_done();
}


static void
before_test(before_case_t *c)
{
    const char              *p, *last;
    ngx_int_t                rc;
    unit_text_t              text;
    ngx_thread_ws_before_t   before;

    ngx_memzero(&text, sizeof(unit_text_t));
    ngx_memzero(&before, sizeof(ngx_thread_ws_before_t));

    before.message.data = (u_char *) c->message;
    before.message.len = ngx_strlen(c->message);

    rc = NGX_AGAIN;

    for (p = c->pages; *p && rc == NGX_AGAIN; p = last + 1) {

        last = ngx_strchr(p, '\n');
        rc = before_read(&before, p, last - p);

        unit_add(&text, "%s%s", p == c->pages ? "" : ", ",
                 rc == NGX_OK
                 ? json_string_value(json_object_get(before.checkpoint,
                                                     "checkpoint_id"))
                 : rc == NGX_AGAIN ? "again "
                 : rc == NGX_DECLINED ? "declined"
                 : rc == NGX_ABORT ? "abort" : "error");

        if (rc == NGX_AGAIN) {
            unit_add(&text, "%s", json_string_value(before.last));
        }
    }

    unit_str(text.data, text.len, c->says, "%s", c->name);

    unit_text_free(&text);
    before_free(&before);
}


/* half an answer is none */

static void
before_test_cut(void)
{
    size_t                   len, bad;
    const char              *page;
    ngx_thread_ws_before_t   before;

    page = before_cases[0].pages;
    bad = 0;

    for (len = 0; len < ngx_strlen(page) - 1; len++) {
        ngx_memzero(&before, sizeof(ngx_thread_ws_before_t));
        ngx_str_set(&before.message, "r2");

        if (before_read(&before, page, len) != NGX_ABORT) {
            bad++;
        }

        before_free(&before);
    }

    unit_int(bad, 0, "cut anywhere");
}


static ngx_int_t
before_read(ngx_thread_ws_before_t *before, const char *page, size_t len)
{
    u_char     *copy;
    ngx_int_t   rc;
    ngx_str_t   body;

    /* of exactly its size, so that a sanitizer sees what reads beyond */

    copy = malloc(len ? len : 1);
    ngx_memcpy(copy, page, len);

    body.data = copy;
    body.len = len;

    rc = ngx_thread_ws_dialect_langgraph.threads->before(before, &body);

    free(copy);

    return rc;
}


static void
before_free(ngx_thread_ws_before_t *before)
{
    json_decref(before->checkpoint);
    json_decref(before->last);
    json_decref(before->branch);
    json_decref(before->other);
}
