
/*
 * What streams of agents say, part by part: t/golden/DIALECT/NAME.stream, and
 * NAME.expected beside it, which begins with "tags NAME ..." where the text's
 * tags are looked at, or with "known ID ..." where the thread has such calls.
 * The run's number is 0x1d.  Each is read whole, in pieces and cut at every byte, and
 * with each kind of parts asked for alone.
 *
 * With UPDATE set what is missing is written; look at it.
 */


#include <glob.h>
#include "dialect.h"
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_finding.h"


#define GOLDEN_MAX   65536
#define GOLDEN_TAGS  8
#define GOLDEN_RUN   0x1d


typedef struct {
    ngx_thread_ws_dialect_t  *dialect;
    ngx_str_t                 tags[GOLDEN_TAGS];
    ngx_uint_t                ntags;
    json_t                   *known;
    ngx_uint_t                want;
    ngx_uint_t                shown;     /* parts of these kinds are */
} golden_t;


static void golden_test(const char *path);
static void golden_wanted(golden_t *g, ngx_str_t *stream, const char *name);
static void golden_run(void *ctx, unit_feed_t *feed, unit_text_t *trace);
static void golden_add_reply(golden_t *g, unit_text_t *trace,
    ngx_thread_ws_reply_t *reply);
static void golden_add_end(golden_t *g, unit_text_t *trace,
    ngx_thread_ws_reply_t *reply, ngx_int_t said, unit_text_t *text);
static ngx_uint_t golden_kind(ngx_uint_t kind);
static void golden_options(golden_t *g, ngx_str_t *expected);
static ngx_uint_t golden_read(const char *path, ngx_str_t *text);


int
main(void)
{
    glob_t  files;
    size_t  i;

    if (glob("../golden/*/*.stream", 0, NULL, &files) != 0) {
        unit_ok(0, "there are streams");
        return unit_done();
    }

    for (i = 0; i < files.gl_pathc; i++) {
        golden_test(files.gl_pathv[i]);
    }

    globfree(&files);

    return unit_done();
}


static void
golden_test(const char *path)
{
    char         other[256], *name;
    FILE        *f;
    golden_t     g;
    u_char      *read;
    ngx_str_t    stream, expected, dialect;
    unit_feed_t  feed;
    unit_text_t  trace;

    ngx_memzero(&g, sizeof(golden_t));
    ngx_memzero(&trace, sizeof(unit_text_t));

    name = strrchr(path, '/');
    dialect.data = (u_char *) path + sizeof("../golden/") - 1;
    dialect.len = (size_t) (name - (char *) dialect.data);

    g.dialect = ngx_thread_ws_dialect_find(&dialect);
    g.want = NGX_THREAD_WS_WANT_ALL;
    g.shown = NGX_THREAD_WS_WANT_ALL;

    snprintf(other, sizeof(other), "%.*s.expected",
             (int) (ngx_strlen(path) - sizeof(".stream") + 1), path);

    if (g.dialect == NULL || !golden_read(path, &stream)) {
        unit_ok(0, "%s: cannot be read, or is of no dialect", path);
        return;
    }

    if (!golden_read(other, &expected)) {
        unit_ok(0, "%s is there", other);
        expected.data = calloc(1, 1);
        expected.len = 0;
    }

    read = expected.data;

    golden_options(&g, &expected);

    if (expected.len == 0 && getenv("UPDATE")) {
        unit_feed(&feed, UNIT_WHOLE, 0, stream.data, stream.len);
        golden_run(&g, &feed, &trace);
        unit_feed_done(&feed);

        f = fopen(other, "a");
        fwrite(trace.data, 1, trace.len, f);
        fclose(f);

    } else {
        unit_splits(golden_run, &g, stream.data, stream.len,
                    (char *) expected.data, "%s", path);
        golden_wanted(&g, &stream, path);
    }

    unit_text_free(&trace);
    json_decref(g.known);
    free(stream.data);
    free(read);
}


/* what is not asked for is not there, and changes nothing of the rest */

static void
golden_wanted(golden_t *g, ngx_str_t *stream, const char *name)
{
    ngx_uint_t   bit, wrong;
    unit_feed_t  feed;
    unit_text_t  all, alone;

    wrong = 0;

    for (bit = 0; bit <= NGX_THREAD_WS_WANT_ALL; bit = bit ? 2 * bit : 1) {
        ngx_memzero(&all, sizeof(unit_text_t));
        ngx_memzero(&alone, sizeof(unit_text_t));

        g->shown = bit;
        g->want = NGX_THREAD_WS_WANT_ALL;

        unit_feed(&feed, UNIT_WHOLE, 0, stream->data, stream->len);
        golden_run(g, &feed, &all);
        unit_feed_done(&feed);

        g->want = bit;

        unit_feed(&feed, UNIT_WHOLE, 0, stream->data, stream->len);
        golden_run(g, &feed, &alone);
        unit_feed_done(&feed);

        if (all.len != alone.len
            || (all.len && ngx_memcmp(all.data, alone.data, all.len)))
        {
            wrong |= bit ? bit : 0x100;
            unit_note("all:\n%s\nasked for %02x alone:\n%s",
                      (char *) all.data, (int) bit, (char *) alone.data);
        }

        unit_text_free(&all);
        unit_text_free(&alone);
    }

    unit_ok(wrong == 0, "%s: each kind alone (%x)", name, (int) wrong);
}


static void
golden_run(void *ctx, unit_feed_t *feed, unit_text_t *trace)
{
    size_t                  len;
    u_char                 *p, *last;
    golden_t               *g = ctx;
    ngx_int_t               rc, said;
    unit_text_t             text;
    ngx_thread_ws_sse_t     sse;
    ngx_thread_ws_reply_t   reply;

    ngx_memzero(&sse, sizeof(ngx_thread_ws_sse_t));
    ngx_memzero(&reply, sizeof(ngx_thread_ws_reply_t));
    ngx_memzero(&text, sizeof(unit_text_t));

    if (g->dialect->again) {
        reply.turn = ngx_thread_ws_turn_create(&text.len);
    }

    sse.limit = GOLDEN_MAX;
    reply.want = g->want;
    reply.tags = g->tags;
    reply.ntags = g->ntags;
    reply.number = GOLDEN_RUN;
    reply.known = json_incref(g->known);

    said = NGX_OK;

    while (said == NGX_OK && !reply.done
           && (p = unit_next(feed, &len)) != NULL)
    {
        last = p + len;

        while (said == NGX_OK && !reply.done
               && (rc = ngx_thread_ws_stream_read(g->dialect, &sse, &reply, &p,
                                                  last))
                  != NGX_AGAIN)
        {
            said = rc;

            if (said == NGX_OK) {
                golden_add_reply(g, trace, &reply);
                unit_add_bytes(&text, reply.delta.data, reply.delta.len);
            }
        }
    }

    if (said == NGX_OK && !reply.done) {
        said = ngx_thread_ws_reply_end(&reply);
        golden_add_reply(g, trace, &reply);
        unit_add_bytes(&text, reply.delta.data, reply.delta.len);
    }

    golden_add_end(g, trace, &reply, said, &text);

    unit_text_free(&text);
    ngx_thread_ws_sse_free(&sse);
    ngx_thread_ws_reply_free(&reply);
}


/* the text between the parts, and these */

static void
golden_add_reply(golden_t *g, unit_text_t *trace, ngx_thread_ws_reply_t *reply)
{
    size_t                 from, to;
    ngx_uint_t             i;
    ngx_thread_ws_part_t  *part;

    from = 0;

    for (i = 0; i <= reply->nparts; i++) {
        part = (i < reply->nparts) ? &reply->part[i] : NULL;

        if (part && part->kind != NGX_THREAD_WS_PART_INTERRUPT
            && !(golden_kind(part->kind) & g->shown))
        {

            if (!(golden_kind(part->kind) & g->want)) {
                unit_add(trace, "(not asked for)\n");
            }

            continue;
        }

        to = part ? part->at : reply->delta.len;

        if (to < from || to > reply->delta.len) {
            unit_add(trace, "(out of order)\n");
            continue;
        }

        if (to > from) {
            unit_add(trace, "text \"");
            unit_add_bytes(trace, reply->delta.data + from, to - from);
            unit_add(trace, "\"\n");
        }

        if (part) {
            dialect_add_part(trace, part);
            unit_add(trace, "\n");
        }

        from = to;
    }
}


static void
golden_add_end(golden_t *g, unit_text_t *trace, ngx_thread_ws_reply_t *reply,
    ngx_int_t said, unit_text_t *text)
{
    ngx_thread_ws_finding_t  finding;

    ngx_str_null(&reply->delta);
    reply->nparts = 0;

    unit_add(trace, "end ");
    dialect_add_reply(trace, reply, said);
    unit_add(trace, "\n");

    /* calls alone are an answer where they are asked for */

    if (said == NGX_OK && (g->shown & NGX_THREAD_WS_WANT_TOOLS)) {

        if (ngx_thread_ws_finding_end(&finding, g->dialect, reply,
                                      NGX_THREAD_WS_BODY_WHOLE)
            == NGX_OK)
        {
            unit_add(trace, "an answer\n");

        } else {
            unit_add(trace, "no answer: %s\n",
                     (g->shown == NGX_THREAD_WS_WANT_ALL) ? finding.reason
                                                          : "");
        }

        if (ngx_thread_ws_string_is(&reply->finish_reason, "pause_turn")
            && ngx_thread_ws_turn_pause(reply) == NGX_OK)
        {
            dialect_add_again(trace, g->dialect, reply, text);
        }
    }
}


static ngx_uint_t
golden_kind(ngx_uint_t kind)
{
    switch (kind) {

    case NGX_THREAD_WS_PART_MESSAGE:
        return NGX_THREAD_WS_WANT_MESSAGES;

    case NGX_THREAD_WS_PART_REASONING:
        return NGX_THREAD_WS_WANT_REASONING;

    case NGX_THREAD_WS_PART_SOURCE:
        return NGX_THREAD_WS_WANT_SOURCES;

    case NGX_THREAD_WS_PART_DATA:
        return NGX_THREAD_WS_WANT_DATA;

    case NGX_THREAD_WS_PART_RESET:
        return NGX_THREAD_WS_WANT_RESET;

    default:
        return NGX_THREAD_WS_WANT_TOOLS;
    }
}


/* takes the line of tags away from what is expected */

static void
golden_options(golden_t *g, ngx_str_t *expected)
{
    u_char      *p, *last, *end;
    ngx_uint_t   known;

    p = expected->data;
    known = ngx_strncmp(p, "known ", 6) == 0;

    if (!known && ngx_strncmp(p, "tags ", 5) != 0) {
        return;
    }

    last = (u_char *) strchr((char *) p, '\n');

    for (p += known ? 6 : 5; p < last && g->ntags < GOLDEN_TAGS; p = end + 1) {

        for (end = p; end < last && *end != ' '; end++) { /* void */ }

        if (known) {
            g->known = g->known ? g->known : json_object();
            json_object_setn_new(g->known, (char *) p, (size_t) (end - p),
                                 json_null());
            continue;
        }

        g->tags[g->ntags].data = p;
        g->tags[g->ntags++].len = (size_t) (end - p);
    }

    expected->len -= (size_t) (last + 1 - expected->data);
    expected->data = last + 1;
}


/* the whole file, with a zero behind it, malloc'ed */

static ngx_uint_t
golden_read(const char *path, ngx_str_t *text)
{
    FILE  *f;

    f = fopen(path, "r");

    if (f == NULL) {
        return 0;
    }

    text->data = malloc(GOLDEN_MAX);
    text->len = fread(text->data, 1, GOLDEN_MAX - 1, f);
    text->data[text->len] = '\0';

    fclose(f);

    return 1;
}
