
/*
 * What one parameter may be, as the configuration says it.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "wire/ngx_thread_ws_parameters.h"
#include "base/ngx_thread_ws_string.h"
#include "ws/ngx_thread_ws_utf8.h"


/* bytes of a number */

#define NGX_THREAD_WS_PARAMETER_DIGITS  64


static ngx_uint_t ngx_thread_ws_parameter_name(ngx_str_t *name);
static ngx_int_t ngx_thread_ws_parameter_range(ngx_thread_ws_parameter_t *rule,
    u_char *dots, char **why);
static ngx_int_t ngx_thread_ws_parameter_values(ngx_pool_t *pool,
    ngx_thread_ws_parameter_t *rule, char **why);
static ngx_int_t ngx_thread_ws_parameter_value(
    ngx_thread_ws_parameter_value_t *value, u_char *p, u_char *last,
    char **why);
static ngx_uint_t ngx_thread_ws_parameter_same(
    ngx_thread_ws_parameter_value_t *a, ngx_thread_ws_parameter_value_t *b);
static ngx_int_t ngx_thread_ws_parameter_number(u_char *p, u_char *last,
    double *number);
static u_char *ngx_thread_ws_parameter_digits(u_char *p, u_char *last);


ngx_int_t
ngx_thread_ws_parameter_read(ngx_pool_t *pool,
    ngx_thread_ws_parameter_t *rule, ngx_str_t *text, char **why)
{
    u_char    *p, *last;
    uint32_t   state;

    ngx_memzero(rule, sizeof(ngx_thread_ws_parameter_t));

    last = text->data + text->len;
    p = ngx_strlchr(text->data, last, '=');

    rule->name.data = text->data;
    rule->name.len = (p ? p : last) - text->data;

    if (!ngx_thread_ws_parameter_name(&rule->name)) {
        *why = "needs names of letters, digits, \"_\" and \"-\", with dots "
               "between them, and at most 128 bytes: \"%V\"";
        return NGX_DECLINED;
    }

    if (p == NULL) {
        return NGX_OK;
    }

    rule->takes.data = ++p;
    rule->takes.len = last - p;

    if (p == last) {
        *why = "has no values in \"%V\"";
        return NGX_DECLINED;
    }

    state = NGX_THREAD_WS_UTF8_COMPLETE;

    if (ngx_thread_ws_utf8_check(&state, p, last - p) != NGX_OK
        || state != NGX_THREAD_WS_UTF8_COMPLETE)
    {
        *why = "needs valid UTF-8, which \"%V\" is not";
        return NGX_DECLINED;
    }

    for ( /* void */ ; p < last - 1; p++) {

        if (p[0] == '.' && p[1] == '.') {
            return ngx_thread_ws_parameter_range(rule, p, why);
        }
    }

    return ngx_thread_ws_parameter_values(pool, rule, why);
}


static ngx_uint_t
ngx_thread_ws_parameter_name(ngx_str_t *name)
{
    size_t  i;
    u_char  c, ch, before;

    before = '.';

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];
        c = (u_char) (ch | 0x20);

        if ((ch != '.' || before == '.')
            && (c < 'a' || c > 'z') && (ch < '0' || ch > '9')
            && ch != '_' && ch != '-')
        {
            return 0;
        }

        before = ch;
    }

    return before != '.' && name->len <= NGX_THREAD_WS_PARAMETER_NAME;
}


static ngx_int_t
ngx_thread_ws_parameter_range(ngx_thread_ws_parameter_t *rule, u_char *dots,
    char **why)
{
    u_char  *first, *last;

    first = rule->takes.data;
    last = first + rule->takes.len;

    rule->range = 1;
    rule->from = 0;
    rule->endless = (dots + 2 == last);

    if (rule->takes.len == 2
        || (dots != first
            && ngx_thread_ws_parameter_number(first, dots, &rule->from)
               != NGX_OK)
        || (dots + 2 != last
            && ngx_thread_ws_parameter_number(dots + 2, last, &rule->to)
               != NGX_OK))
    {
        *why = "has a range that is not of numbers in \"%V\"";
        return NGX_DECLINED;
    }

    if (rule->from > rule->to && !rule->endless) {
        *why = "has a range that nothing is in in \"%V\"";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_parameter_values(ngx_pool_t *pool,
    ngx_thread_ws_parameter_t *rule, char **why)
{
    u_char                           *p, *end, *last;
    ngx_uint_t                        i;
    ngx_thread_ws_parameter_value_t  *value, *values;

    p = rule->takes.data;
    last = p + rule->takes.len;

    rule->values = ngx_array_create(pool, 4,
                                    sizeof(ngx_thread_ws_parameter_value_t));
    if (rule->values == NULL) {
        return NGX_ERROR;
    }

    for ( ;; ) {
        end = ngx_strlchr(p, last, '|');

        if (end == NULL) {
            end = last;
        }

        value = ngx_array_push(rule->values);
        if (value == NULL) {
            return NGX_ERROR;
        }

        if (ngx_thread_ws_parameter_value(value, p, end, why) != NGX_OK) {
            return NGX_DECLINED;
        }

        values = rule->values->elts;

        for (i = 0; i < rule->values->nelts - 1; i++) {

            if (ngx_thread_ws_parameter_same(&values[i], value)) {
                *why = "has a value twice in \"%V\"";
                return NGX_DECLINED;
            }
        }

        if (end == last) {
            return NGX_OK;
        }

        p = end + 1;
    }
}


static ngx_int_t
ngx_thread_ws_parameter_value(ngx_thread_ws_parameter_value_t *value,
    u_char *p, u_char *last, char **why)
{
    ngx_memzero(value, sizeof(ngx_thread_ws_parameter_value_t));

    value->word.data = p;
    value->word.len = last - p;

    if (p == last) {
        *why = "has an empty value in \"%V\"";
        return NGX_DECLINED;
    }

    if (ngx_thread_ws_string_is(&value->word, "null")) {
        *why = "cannot have null for a value, as in \"%V\"";
        return NGX_DECLINED;
    }

    if (ngx_thread_ws_string_is(&value->word, "true")) {
        value->kind = NGX_THREAD_WS_PARAMETER_TRUE;
        return NGX_OK;
    }

    if (ngx_thread_ws_string_is(&value->word, "false")) {
        value->kind = NGX_THREAD_WS_PARAMETER_FALSE;
        return NGX_OK;
    }

    if (ngx_thread_ws_parameter_number(p, last, &value->number) == NGX_OK) {
        value->kind = NGX_THREAD_WS_PARAMETER_NUMBER;
        return NGX_OK;
    }

    value->kind = NGX_THREAD_WS_PARAMETER_WORD;

    if (*p != '"') {
        return NGX_OK;
    }

    /* a word that would be something else without */

    if (last - p < 3 || last[-1] != '"'
        || ngx_strlchr(p + 1, last - 1, '"') != NULL)
    {
        *why = "has a quote without another one in \"%V\"";
        return NGX_DECLINED;
    }

    value->word.data++;
    value->word.len -= 2;

    return NGX_OK;
}


static ngx_uint_t
ngx_thread_ws_parameter_same(ngx_thread_ws_parameter_value_t *a,
    ngx_thread_ws_parameter_value_t *b)
{
    if (a->kind != b->kind) {
        return 0;
    }

    switch (a->kind) {

    case NGX_THREAD_WS_PARAMETER_WORD:
        return ngx_thread_ws_string_equal(&a->word, &b->word);

    case NGX_THREAD_WS_PARAMETER_NUMBER:
        return a->number == b->number;

    default:
        return 1;
    }
}


/* a number by JSON's grammar, and not too large for a double */

static ngx_int_t
ngx_thread_ws_parameter_number(u_char *p, u_char *last, double *number)
{
    char     text[NGX_THREAD_WS_PARAMETER_DIGITS];
    u_char  *q;

    if (last - p >= (ssize_t) sizeof(text)) {
        return NGX_DECLINED;
    }

    *ngx_cpymem(text, p, last - p) = '\0';

    q = (p < last && *p == '-') ? p + 1 : p;

    p = ngx_thread_ws_parameter_digits(q, last);

    if (p == NULL || (*q == '0' && p - q > 1)) {
        return NGX_DECLINED;
    }

    if (p < last && *p == '.') {
        p = ngx_thread_ws_parameter_digits(p + 1, last);
    }

    if (p && p < last && (*p | 0x20) == 'e') {
        p++;

        if (p < last && (*p == '+' || *p == '-')) {
            p++;
        }

        p = ngx_thread_ws_parameter_digits(p, last);
    }

    if (p != last) {
        return NGX_DECLINED;
    }

    *number = strtod(text, NULL);

    /* infinity without infinity is no number */

    return (*number - *number == 0) ? NGX_OK : NGX_DECLINED;
}


/* the position after some digits, NULL: there are none */

static u_char *
ngx_thread_ws_parameter_digits(u_char *p, u_char *last)
{
    u_char  *first;

    first = p;

    while (p < last && *p >= '0' && *p <= '9') {
        p++;
    }

    return (p == first) ? NULL : p;
}
