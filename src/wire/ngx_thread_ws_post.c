
/*
 * The body of a POST as a command.  What it has goes through the reader of
 * commands unchanged, so that both have one grammar.
 */


#include "wire/ngx_thread_ws_post.h"
#include "base/ngx_thread_ws_string.h"
#include "json/ngx_thread_ws_json.h"
#include "json/ngx_thread_ws_json_walk.h"
#include "wire/ngx_thread_ws_command.h"


#define NGX_THREAD_WS_POST_TYPE    "\"type\":\"message\""
#define NGX_THREAD_WS_POST_THREAD  "\"threadId\":\""


typedef struct {
    ngx_uint_t                 members;
    unsigned                   type:1;
    unsigned                   thread:1;
} ngx_thread_ws_post_t;


static void
ngx_thread_ws_post_member(void *data, ngx_str_t *name, ngx_str_t *value)
{
    ngx_thread_ws_post_t *post = data;

    u_char     *last, plain[64];
    ngx_str_t   s;

    post->members++;

    /* longer ones are no name of ours: an escape has six bytes at most */

    last = (name->len <= sizeof(plain))
           ? ngx_thread_ws_json_unescape(plain, name->data, name->len) : NULL;

    s.data = plain;
    s.len = last ? (size_t) (last - plain) : 0;

    post->type |= ngx_thread_ws_string_is(&s, "type");
    post->thread |= ngx_thread_ws_string_is(&s, "threadId");
}


static ngx_int_t
ngx_thread_ws_post_add(ngx_thread_ws_bytes_t *text, const char *s)
{
    return ngx_thread_ws_bytes_add(text, (u_char *) s, ngx_strlen(s));
}


ngx_int_t
ngx_thread_ws_post_text(ngx_thread_ws_bytes_t *text, ngx_str_t *body,
    ngx_str_t *thread_id)
{
    size_t                n;
    const char           *comma;
    ngx_thread_ws_post_t  post;

    ngx_memzero(&post, sizeof(ngx_thread_ws_post_t));

    /* there is a text, if an empty one */

    if (ngx_thread_ws_bytes_room(text, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    for (n = 0; n < body->len; n++) {
        if (body->data[n] != ' ' && body->data[n] != '\t'
            && body->data[n] != LF && body->data[n] != CR)
        {
            break;
        }
    }

    /* whatever is wrong with it, the reader says */

    if (n == body->len || body->data[n] != '{'
        || ngx_thread_ws_json_walk(body, ngx_thread_ws_post_member, &post)
           != NGX_OK)
    {
        return ngx_thread_ws_bytes_add(text, body->data, body->len);
    }

    comma = post.members ? "," : "";

    if (ngx_thread_ws_post_add(text, "{") != NGX_OK) {
        return NGX_ERROR;
    }

    /* something follows: at least the type */

    if (!post.thread && thread_id->len
        && (ngx_thread_ws_post_add(text, NGX_THREAD_WS_POST_THREAD) != NGX_OK
            || ngx_thread_ws_bytes_add(text, thread_id->data, thread_id->len)
               != NGX_OK
            || ngx_thread_ws_post_add(text, "\",") != NGX_OK))
    {
        return NGX_ERROR;
    }

    if (!post.type
        && (ngx_thread_ws_post_add(text, NGX_THREAD_WS_POST_TYPE) != NGX_OK
            || ngx_thread_ws_post_add(text, comma) != NGX_OK))
    {
        return NGX_ERROR;
    }

    return ngx_thread_ws_bytes_add(text, body->data + n + 1,
                                   body->len - n - 1);
}


ngx_int_t
ngx_thread_ws_place_read(ngx_str_t *value, size_t *position,
    ngx_str_t *request_id)
{
    size_t   n;
    ssize_t  place;

    for (n = 0; n < value->len && value->data[n] != ' '; n++) { /* void */ }

    place = ngx_atosz(value->data, n);

    if (place == NGX_ERROR) {
        return NGX_DECLINED;
    }

    *position = place;

    if (n == value->len) {
        ngx_str_null(request_id);
        return NGX_OK;
    }

    request_id->data = value->data + n + 1;
    request_id->len = value->len - n - 1;

    return ngx_thread_ws_request_id_check(request_id);
}


u_char *
ngx_thread_ws_place_write(u_char *dst, size_t position, ngx_str_t *request_id)
{
    dst = ngx_thread_ws_string_number(dst, position);

    if (request_id->len) {
        *dst++ = ' ';
        dst = ngx_thread_ws_string_append(dst, request_id);
    }

    return dst;
}
