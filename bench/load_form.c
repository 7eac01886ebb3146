/*
 * The load generator's languages: what a question is in each, and what a JSON
 * event of the answer says.
 */


#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>

#include "load.h"


/* Of a question: the number of bytes, the run's id, the thread, the text. */

typedef size_t (*load_question_pt)(char *out, const char *id,
    const char *thread, const char *text);

typedef struct {
    const char        *name;
    load_question_pt   question;
    void             (*event)(load_conn_t *c, const char *p, size_t len);
} load_language_t;


static size_t load_question_openai(char *out, const char *id,
    const char *thread, const char *text);
static size_t load_question_thread(char *out, const char *id,
    const char *thread, const char *text);
static size_t load_question_ai(char *out, const char *id, const char *thread,
    const char *text);
static void load_event_openai(load_conn_t *c, const char *p, size_t len);
static void load_event_thread(load_conn_t *c, const char *p, size_t len);
static void load_event_ai(load_conn_t *c, const char *p, size_t len);


static load_language_t  load_languages[] = {
    { "openai", load_question_openai, load_event_openai },
    { "thread-ws", load_question_thread, load_event_thread },
    { "ai-sdk", load_question_ai, load_event_ai }
};

static load_language_t  *load_language;


int
load_form_choose(const char *name)
{
    size_t  i;

    for (i = 0; i < sizeof(load_languages) / sizeof(load_languages[0]); i++) {

        if (strcmp(name, load_languages[i].name) == 0) {
            load_language = &load_languages[i];
            return 1;
        }
    }

    return 0;
}


size_t
load_form_question(char *out, uint64_t run, const char *thread,
    const char *text)
{
    char  id[LOAD_REQUEST_ID + 1];

    load_request_id(id, run);
    id[LOAD_REQUEST_ID] = '\0';

    return load_language->question(out, id, thread, text);
}


void
load_form_event(load_conn_t *c, const char *p, size_t len)
{
    load_language->event(c, p, len);
}


static size_t
load_question_openai(char *out, const char *id, const char *thread,
    const char *text)
{
    (void) id;
    (void) thread;

    return (size_t) sprintf(out, "{\"model\":\"mock\",\"messages\":[{"
                            "\"role\":\"user\",\"content\":\"%s\"}],"
                            "\"stream\":true}", text);
}


static size_t
load_question_thread(char *out, const char *id, const char *thread,
    const char *text)
{
    return (size_t) sprintf(out, "{\"type\":\"message\",\"requestId\":\"%s\","
                            "\"threadId\":\"%s\",\"content\":\"%s\"}",
                            id, thread, text);
}


static size_t
load_question_ai(char *out, const char *id, const char *thread,
    const char *text)
{
    return (size_t) sprintf(out, "{\"type\":\"send\",\"requestId\":\"%s\","
                            "\"id\":\"%s\",\"trigger\":\"submit-message\","
                            "\"messages\":[{\"id\":\"%s\",\"role\":\"user\","
                            "\"parts\":[{\"type\":\"text\",\"text\":\"%s\"}]}"
                            "],\"headers\":{},\"body\":{}}",
                            id, thread, id, text);
}


static int
load_is(load_str_t *s, const char *word)
{
    return s->len == strlen(word) && memcmp(s->data, word, s->len) == 0;
}


/* The string that follows this, from p on; what is after it, or NULL. */

static const char *
load_after(const char *p, const char *end, const char *name, load_str_t *s)
{
    p = memmem(p, (size_t) (end - p), name, strlen(name));

    return p ? load_json_string(p + strlen(name), end, s) : NULL;
}


static void
load_event_openai(load_conn_t *c, const char *p, size_t len)
{
    load_str_t  value;

    if (memmem(p, len, "\"content\":\"", 11) == NULL) {
        return;
    }

    if (load_after(p, p + len, "\"content\":\"", &value) == NULL) {
        load_failed(c, "a broken event", &(load_str_t) { p, len });
        return;
    }

    if (value.len) {
        load_token(c, &value);
    }
}


/* Frames have their chunk within, an event by HTTP is one. */

static void
load_event_ai(load_conn_t *c, const char *p, size_t len)
{
    char         id[LOAD_REQUEST_ID];
    load_str_t   type, run, value, whole;
    const char  *end;

    whole.data = p;
    whole.len = len;
    end = p + len;

    p = load_after(p, end, "{\"type\":\"", &type);

    if (p && (load_is(&type, "chunk") || load_is(&type, "end"))) {

        load_request_id(id, c->run);

        if (load_after(p, end, "\"requestId\":\"", &run) == NULL
            || run.len != LOAD_REQUEST_ID
            || memcmp(run.data, id, LOAD_REQUEST_ID))
        {
            load_failed(c, "an event of another run", &whole);
            return;
        }

        if (load_is(&type, "end")) {
            load_final(c, NULL);
            return;
        }

        p = load_after(p, end, "{\"type\":\"", &type);
    }

    if (p == NULL || load_is(&type, "error")) {
        load_failed(c, "an unexpected event", &whole);

    } else if (load_is(&type, "finish")) {
        c->done = 1;

    } else if (load_is(&type, "text-delta")) {

        if (load_after(p, end, "\"delta\":\"", &value)) {
            load_token(c, &value);

        } else {
            load_failed(c, "a broken event", &whole);
        }
    }
}


static void
load_event_thread(load_conn_t *c, const char *p, size_t len)
{
    char         id[LOAD_REQUEST_ID];
    load_str_t   key, value, type, run, text, whole;
    const char  *end;

    memset(&type, 0, sizeof(load_str_t));
    memset(&run, 0, sizeof(load_str_t));
    memset(&text, 0, sizeof(load_str_t));

    whole.data = p;
    whole.len = len;
    end = p + len;

    for (p++; p && p < end && *p == '"'; p += *p == ',') {

        p = load_json_string(p + 1, end, &key);
        if (p == NULL || p == end || *p != ':') {
            break;
        }

        memset(&value, 0, sizeof(load_str_t));

        p = load_json_value(p + 1, end, &value);
        if (p == NULL || p == end) {
            break;
        }

        if (load_is(&key, "type")) {
            type = value;

        } else if (load_is(&key, "requestId")) {
            run = value;

        } else if (load_is(&key, "value") || load_is(&key, "message")) {
            text = value;
        }
    }

    if (load_is(&type, "idle")) {
        load_follow_idle(c);
        return;
    }

    load_request_id(id, c->run);

    if (run.len != LOAD_REQUEST_ID || memcmp(run.data, id, LOAD_REQUEST_ID)) {
        load_failed(c, "an event of another run", &whole);

    } else if (load_is(&type, "token")) {
        load_token(c, &text);

    } else if (load_is(&type, "final")) {
        load_final(c, &text);

    } else if (load_is(&type, "cancelled")) {
        load_cancelled(c);

    } else if (load_is(&type, "message") || load_is(&type, "following")) {

        /* what is answered, to those who follow */

    } else {
        load_failed(c, "an unexpected event", &whole);
    }
}
