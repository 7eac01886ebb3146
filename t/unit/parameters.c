
/*
 * What clients may set of a request: what a rule says, and what becomes of
 * what a client sets.
 */


#include "unit.h"
#include <jansson.h>
#include "wire/ngx_thread_ws_parameters.h"


typedef struct {
    const char  *name;
    const char  *rules;       /* with spaces between */
    const char  *set;
    const char  *says;
} parameters_case_t;


#define theirs                                                                 \
    "model=small|large temperature=0..1 max_tokens=..4096 n=1|2 "             \
    "reasoning_effort parallel=true|false config.configurable.tone=dry|\"1\" " \
    "thinking.budget=1024.. bias=-1.5e1..-0.5"

#define not_theirs  " is not for clients to set"


static parameters_case_t  parameters_rules[] = {

    { "a name", "model", NULL, "model any" },
    { "values", "model=small|large", NULL, "model words small large" },
    { "a value", "model=gpt-4.1", NULL, "model words gpt-4.1" },
    { "values of all kinds", "a=x|1.50|true|false|\"true\"", NULL,
      "a words x 1.5 true false true" },
    { "a range", "temperature=0..1", NULL, "temperature 0 to 1" },
    { "a range without an end", "a.b-c_d=1e3..", NULL, "a.b-c_d 1000 to inf" },
    { "a range without a beginning", "a=..4096", NULL, "a 0 to 4096" },
    { "a range of fractions", "a=-0.25..0.5", NULL, "a -0.25 to 0.5" },
    { "a range of one", "a=2..2", NULL, "a 2 to 2" },
    { "an equals sign in a value", "a=b=c", NULL, "a words b=c" },

    { "no name", "=1", NULL, "needs names" },
    { "a name with another letter", "m\xc3\xb6=1", NULL, "needs names" },
    { "a name with a quote", "\"a\"=1", NULL, "needs names" },
    { "a dot at its beginning", ".a", NULL, "needs names" },
    { "a dot at its end", "a.", NULL, "needs names" },
    { "two dots", "a..b", NULL, "needs names" },
    { "no values", "a=", NULL, "has no values" },
    { "an empty value", "a=b||c", NULL, "has an empty value" },
    { "an empty value at the end", "a=b|", NULL, "has an empty value" },
    { "a value twice", "a=b|c|b", NULL, "has a value twice" },
    { "a number twice", "a=1|1.0", NULL, "has a value twice" },
    { "true twice", "a=true|true", NULL, "has a value twice" },
    { "null", "a=b|null", NULL, "cannot have null" },
    { "broken UTF-8", "a=\xff", NULL, "needs valid UTF-8" },
    { "cut UTF-8", "a=\xc3", NULL, "needs valid UTF-8" },
    { "one quote", "a=\"b", NULL, "has a quote" },
    { "nothing in quotes", "a=\"\"", NULL, "has a quote" },
    { "a quote within", "a=\"b\"c\"", NULL, "has a quote" },
    { "a range of nothing", "a=..", NULL, "has a range that is not" },
    { "a range of words", "a=x..y", NULL, "has a range that is not" },
    { "a range with a space", "a=0..1x", NULL, "has a range that is not" },
    { "a range of three dots", "a=0...5", NULL, "has a range that is not" },
    { "a range beside a value", "a=0..1|2", NULL, "has a range that is not" },
    { "two ranges", "a=0..1..2", NULL, "has a range that is not" },
    { "a number with a zero before it", "a=00..1", NULL,
      "has a range that is not" },
    { "a number with a plus", "a=+1..2", NULL, "has a range that is not" },
    { "half a number", "a=1...2", NULL, "has a range that is not" },
    { "half an exponent", "a=0..1e", NULL, "has a range that is not" },
    { "a number too large", "a=0..1e999", NULL, "has a range that is not" },
    { "a range upside down", "a=2..1", NULL, "has a range that nothing" },
    { "a range that begins below zero by itself", "a=..-1", NULL,
      "has a range that nothing" }
};


static parameters_case_t  parameters_cases[] = {

    { "nothing", theirs, "{}", "nothing" },
    { "a value", theirs, "{\"model\":\"large\"}", "{\"model\":\"large\"}" },
    { "several", theirs, "{\"temperature\":0.5,\"max_tokens\":4096,\"n\":2,"
      "\"reasoning_effort\":\"low\",\"parallel\":false}",
      "{\"temperature\":0.5,\"max_tokens\":4096,\"n\":2,"
      "\"reasoning_effort\":\"low\",\"parallel\":false}" },
    { "both ends", theirs, "{\"temperature\":0,\"bias\":-15}",
      "{\"temperature\":0,\"bias\":-15}" },
    { "the other ends", theirs, "{\"temperature\":1.0,\"bias\":-0.5}",
      "{\"temperature\":1.0,\"bias\":-0.5}" },
    { "a number by another form", theirs, "{\"n\":1.0}", "{\"n\":1.0}" },
    { "a path", theirs, "{\"config.configurable.tone\":\"dry\"}",
      "{\"config\":{\"configurable\":{\"tone\":\"dry\"}}}" },
    { "objects within", theirs, "{\"config\":{\"configurable\":"
      "{\"tone\":\"1\"}},\"thinking\":{\"budget\":2048}}",
      "{\"config\":{\"configurable\":{\"tone\":\"1\"}},"
      "\"thinking\":{\"budget\":2048}}" },
    { "half a path", theirs, "{\"config\":{\"configurable.tone\":\"dry\"}}",
      "{\"config\":{\"configurable\":{\"tone\":\"dry\"}}}" },

    { "a path twice", theirs, "{\"thinking.budget\":1024,"
      "\"thinking\":{\"budget\":1024}}",
      "parameters: \"thinking.budget\" is given twice" },
    { "another name", theirs, "{\"top_p\":1}",
      "parameters: \"top_p\"" not_theirs },
    { "another case", theirs, "{\"Model\":\"small\"}",
      "parameters: \"Model\"" not_theirs },
    { "no rules", "", "{\"model\":\"small\"}",
      "parameters: \"model\"" not_theirs },
    { "an empty name", theirs, "{\"\":1}", "parameters: \"\"" not_theirs },
    { "half a name", theirs, "{\"config\":1}",
      "parameters: \"config\"" not_theirs },
    { "an empty object", theirs, "{\"config\":{}}",
      "parameters: \"config\"" not_theirs },
    { "another within", theirs, "{\"config\":{\"configurable\":"
      "{\"thread_id\":\"x\"}}}",
      "parameters: \"config.configurable.thread_id\"" not_theirs },
    { "another beside", theirs, "{\"thinking\":{\"budget\":1024,"
      "\"type\":\"enabled\"}}", "parameters: \"thinking.type\"" not_theirs },
    { "a name with a quote", theirs, "{\"a\\\"b\":1}",
      "parameters: \"a\"b\"" not_theirs },
    { "a long name", theirs, "{\"0123456789012345678901234567890123456789"
      "01234567890123456789012\xc3\xa9xyz\":1}",
      "parameters: \"0123456789012345678901234567890123456789"
      "01234567890123456789012...\"" not_theirs },

    { "another value", theirs, "{\"model\":\"huge\"}",
      "parameters: \"model\" takes small|large only" },
    { "half a value", theirs, "{\"model\":\"smal\"}",
      "parameters: \"model\" takes small|large only" },
    { "two values", theirs, "{\"model\":[\"small\"]}",
      "parameters: \"model\" takes small|large only" },
    { "a value and U+0000", theirs, "{\"model\":\"small\\u0000\"}",
      "parameters: \"model\" takes small|large only" },
    { "null", theirs, "{\"model\":null}",
      "parameters: \"model\" takes small|large only" },
    { "an object", theirs, "{\"model\":{\"x\":1}}",
      "parameters: \"model\" takes small|large only" },
    { "a number for a text", theirs, "{\"config.configurable.tone\":1}",
      "parameters: \"config.configurable.tone\" takes dry|\"1\" only" },
    { "a text for a number", theirs, "{\"n\":\"1\"}",
      "parameters: \"n\" takes 1|2 only" },
    { "a number for true", theirs, "{\"parallel\":1}",
      "parameters: \"parallel\" takes true|false only" },
    { "a text for true", theirs, "{\"parallel\":\"true\"}",
      "parameters: \"parallel\" takes true|false only" },
    { "above", theirs, "{\"temperature\":1.0000001}",
      "parameters: \"temperature\" takes 0..1 only" },
    { "below", theirs, "{\"temperature\":-1e-9}",
      "parameters: \"temperature\" takes 0..1 only" },
    { "far above", theirs, "{\"temperature\":1e308}",
      "parameters: \"temperature\" takes 0..1 only" },
    { "below zero", theirs, "{\"max_tokens\":-1}",
      "parameters: \"max_tokens\" takes ..4096 only" },
    { "one above", theirs, "{\"max_tokens\":4097}",
      "parameters: \"max_tokens\" takes ..4096 only" },
    { "a text for a range", theirs, "{\"temperature\":\"0.5\"}",
      "parameters: \"temperature\" takes 0..1 only" },
    { "true for a range", theirs, "{\"temperature\":true}",
      "parameters: \"temperature\" takes 0..1 only" },
    { "a list where anything goes", theirs, "{\"reasoning_effort\":[]}",
      "parameters: \"reasoning_effort\" takes a text of at most 256 bytes, a "
      "number, true or false only" },
    { "null there", theirs, "{\"reasoning_effort\":null}",
      "parameters: \"reasoning_effort\" takes a text of at most 256 bytes, a "
      "number, true or false only" },
    { "U+0000 there", theirs, "{\"reasoning_effort\":\"\\u0000\"}",
      "parameters: \"reasoning_effort\" takes a text of at most 256 bytes, a "
      "number, true or false only" }
};


static void parameters_test_rules(ngx_pool_t *pool);
static void parameters_test_cases(ngx_pool_t *pool);
static void parameters_test_huge(ngx_pool_t *pool);
static ngx_array_t *parameters_read(ngx_pool_t *pool, const char *text,
    char **why);
static void parameters_say(ngx_pool_t *pool, unit_text_t *text,
    const char *names, const char *set);


int
main(void)
{
    ngx_pool_t  *pool;

    ngx_pagesize = 4096;
    pool = ngx_create_pool(4096, ngx_cycle->log);

    parameters_test_rules(pool);
    parameters_test_cases(pool);
    parameters_test_huge(pool);

    ngx_destroy_pool(pool);

    return unit_done();
}


static void
parameters_test_rules(ngx_pool_t *pool)
{
    char                             *why;
    ngx_uint_t                        i, n;
    ngx_array_t                      *list;
    unit_text_t                       text;
    parameters_case_t                *c;
    ngx_thread_ws_parameter_t        *rule;
    ngx_thread_ws_parameter_value_t  *value;

    static const char  *kinds[] = { "", "", "true", "false" };

    for (i = 0; i < sizeof(parameters_rules) / sizeof(parameters_rules[0]);
         i++)
    {
        c = &parameters_rules[i];

        ngx_memzero(&text, sizeof(unit_text_t));

        list = parameters_read(pool, c->rules, &why);

        if (list == NULL) {

            /* as far as the case says */

            unit_add(&text, "%.*s", (int) strlen(c->says), why);
            unit_int(strstr(why, "%V") != NULL, 1, "%s: names the text",
                     c->name);

        } else {
            rule = list->elts;

            unit_add(&text, "%.*s", (int) rule->name.len, rule->name.data);

            if (rule->range) {
                unit_add(&text, " %g to ", rule->from);
                unit_add(&text, rule->endless ? "inf" : "%g", rule->to);

            } else if (rule->values == NULL) {
                unit_add(&text, " any");

            } else {
                unit_add(&text, " words");
                value = rule->values->elts;

                for (n = 0; n < rule->values->nelts; n++) {

                    switch (value[n].kind) {

                    case NGX_THREAD_WS_PARAMETER_WORD:
                        unit_add(&text, " %.*s", (int) value[n].word.len,
                                 value[n].word.data);
                        break;

                    case NGX_THREAD_WS_PARAMETER_NUMBER:
                        unit_add(&text, " %g", value[n].number);
                        break;

                    default:
                        unit_add(&text, " %s", kinds[value[n].kind]);
                    }
                }
            }
        }

        unit_str(text.data, text.len, c->says, "%s", c->name);
        unit_text_free(&text);
    }
}


static void
parameters_test_cases(ngx_pool_t *pool)
{
    ngx_uint_t          i;
    unit_text_t         text;
    parameters_case_t  *c;

    for (i = 0; i < sizeof(parameters_cases) / sizeof(parameters_cases[0]);
         i++)
    {
        c = &parameters_cases[i];

        ngx_memzero(&text, sizeof(unit_text_t));
        parameters_say(pool, &text, c->rules, c->set);
        unit_str(text.data, text.len, c->says, "%s", c->name);
        unit_text_free(&text);
    }
}


/* texts and names at the longest that they may be, and beyond; deep ones */

static void
parameters_test_huge(ngx_pool_t *pool)
{
    char         *set, *p;
    size_t        i;
    unit_text_t   text;

    set = malloc(100000);

    for (i = 256; i <= 257; i++) {
        p = set + sprintf(set, "{\"reasoning_effort\":\"");
        ngx_memset(p, 'x', i);
        strcpy(p + i, "\"}");

        ngx_memzero(&text, sizeof(unit_text_t));
        parameters_say(pool, &text, theirs, set);
        unit_int(text.data[0], i == 256 ? '{' : 'p', "a text of %d bytes",
                 (int) i);
        unit_text_free(&text);
    }

    for (i = 127; i <= 129; i++) {
        p = set + sprintf(set, "{\"");
        ngx_memset(p, 'x', i);
        strcpy(p + i, "\":1}");

        ngx_memzero(&text, sizeof(unit_text_t));
        parameters_say(pool, &text, theirs, set);
        unit_int(text.len, 81 + sizeof(not_theirs) - 1,
                 "a name of %d bytes", (int) i);
        unit_text_free(&text);
    }

    /* far more of it than a path may have, all within one that is known */

    p = set + sprintf(set, "{\"config\":");

    for (i = 0; i < 1000; i++) {
        p += sprintf(p, "{\"configurable\":");
    }

    p += sprintf(p, "1");
    ngx_memset(p, '}', 1001);
    p[1001] = '\0';

    ngx_memzero(&text, sizeof(unit_text_t));
    parameters_say(pool, &text, theirs, set);
    unit_str(text.data, text.len, "parameters: "
             "\"config.configurable.configurable\"" not_theirs,
             "a path that goes on");
    unit_text_free(&text);

    free(set);
}


static ngx_array_t *
parameters_read(ngx_pool_t *pool, const char *text, char **why)
{
    ngx_str_t     rule;
    const char   *end;
    ngx_array_t  *list;

    list = ngx_array_create(pool, 4, sizeof(ngx_thread_ws_parameter_t));

    while (*text) {
        end = strchr(text, ' ');

        if (end == NULL) {
            end = text + strlen(text);
        }

        rule.data = (u_char *) text;
        rule.len = end - text;

        if (ngx_thread_ws_parameter_read(pool, ngx_array_push(list), &rule,
                                         why)
            != NGX_OK)
        {
            return NULL;
        }

        text = *end ? end + 1 : end;
    }

    return list;
}


static void
parameters_say(ngx_pool_t *pool, unit_text_t *text, const char *names,
    const char *set)
{
    char         *why;
    u_char        reason[NGX_THREAD_WS_REASON];
    json_t       *parameters, *put;
    ngx_int_t     rc;
    ngx_array_t  *list;

    list = *names ? parameters_read(pool, names, &why) : NULL;
    parameters = json_loads(set, JSON_ALLOW_NUL, NULL);

    rc = ngx_thread_ws_parameters_check(list, parameters, &put, reason);

    if (rc != NGX_OK) {
        unit_add(text, "%s", rc == NGX_DECLINED ? (char *) reason : "no");

    } else if (put == NULL) {
        unit_add(text, "nothing");

    } else {
        why = json_dumps(put, JSON_COMPACT);
        unit_add(text, "%s", why);
        free(why);
    }

    json_decref(put);
    json_decref(parameters);
}
