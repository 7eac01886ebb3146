
/*
 * Parameters.  A client names the members that it sets as they stand in the
 * request, within each other, or by a dotted path: both are read as paths, and
 * each has to be one that a rule names.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include "wire/ngx_thread_ws_parameters.h"
#include "base/ngx_thread_ws_string.h"


/* bytes of a name, and of what a rule takes, in a reason */

#define NGX_THREAD_WS_REASON_NAME  64
#define NGX_THREAD_WS_REASON_TAKES  256


typedef struct {
    ngx_array_t  *rules;
    json_t       *set;
    u_char       *reason;
    u_char        path[NGX_THREAD_WS_PARAMETER_NAME + 1];
} ngx_thread_ws_parameters_t;


static ngx_int_t ngx_thread_ws_parameters_walk(
    ngx_thread_ws_parameters_t *parameters, json_t *object, size_t len);
static ngx_int_t ngx_thread_ws_parameters_member(
    ngx_thread_ws_parameters_t *parameters, ngx_str_t *path, json_t *value);
static ngx_thread_ws_parameter_t *ngx_thread_ws_parameters_find(
    ngx_array_t *rules, ngx_str_t *path, ngx_uint_t *within);
static ngx_int_t ngx_thread_ws_parameters_refuse(
    ngx_thread_ws_parameters_t *parameters, ngx_str_t *path, char *words,
    ngx_str_t *value);
static ngx_uint_t ngx_thread_ws_parameter_takes(
    ngx_thread_ws_parameter_t *rule, json_t *value);
static ngx_int_t ngx_thread_ws_parameter_put(json_t *object, ngx_str_t *path,
    json_t *value);


ngx_int_t
ngx_thread_ws_parameters_check(ngx_array_t *rules, json_t *members,
    json_t **set, u_char *reason)
{
    ngx_int_t                   rc;
    ngx_thread_ws_parameters_t  parameters;

    parameters.rules = rules;
    parameters.reason = reason;
    parameters.set = json_object();

    if (parameters.set == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_thread_ws_parameters_walk(&parameters, members, 0);

    if (rc != NGX_OK || json_object_size(parameters.set) == 0) {
        json_decref(parameters.set);
        parameters.set = NULL;
    }

    *set = parameters.set;

    return rc;
}


/* members whose paths begin with the first len bytes of the one that is kept */

static ngx_int_t
ngx_thread_ws_parameters_walk(ngx_thread_ws_parameters_t *parameters,
    json_t *object, size_t len)
{
    u_char      *p;
    json_t      *value;
    ngx_int_t    rc;
    ngx_str_t    path;
    const char  *name;

    json_object_foreach(object, name, value) {

        p = parameters->path + len;

        if (len) {
            *p++ = '.';
        }

        path.data = parameters->path;
        path.len = p - path.data + ngx_strlen(name);

        if (path.len > NGX_THREAD_WS_PARAMETER_NAME) {

            /* no rule has such a name; which it is, its beginning tells */

            p = ngx_cpymem(p, name, path.data + NGX_THREAD_WS_PARAMETER_NAME
                                    - p);
            path.len = p - path.data;

            return ngx_thread_ws_parameters_refuse(parameters, &path,
                                     "is not for clients to set", NULL);
        }

        ngx_memcpy(p, name, ngx_strlen(name));

        rc = ngx_thread_ws_parameters_member(parameters, &path, value);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_thread_ws_parameters_member(ngx_thread_ws_parameters_t *parameters,
    ngx_str_t *path, json_t *value)
{
    ngx_uint_t                  within;
    ngx_thread_ws_parameter_t  *rule;

    rule = ngx_thread_ws_parameters_find(parameters->rules, path, &within);

    if (rule == NULL && within && json_object_size(value)
        && path->len < NGX_THREAD_WS_PARAMETER_NAME)
    {
        return ngx_thread_ws_parameters_walk(parameters, value, path->len);
    }

    if (rule == NULL) {
        return ngx_thread_ws_parameters_refuse(parameters, path,
                                     "is not for clients to set", NULL);
    }

    if (!ngx_thread_ws_parameter_takes(rule, value)) {

        if (rule->takes.len) {
            return ngx_thread_ws_parameters_refuse(parameters, path,
                                     "takes %V only", &rule->takes);
        }

        return ngx_thread_ws_parameters_refuse(parameters, path,
                                     "takes a text of at most 256 bytes, a "
                                     "number, true or false only", NULL);
    }

    switch (ngx_thread_ws_parameter_put(parameters->set, path, value)) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        return ngx_thread_ws_parameters_refuse(parameters, path,
                                               "is given twice", NULL);

    default: /* NGX_ERROR */
        return NGX_ERROR;
    }
}


/* the rule of that name; without one, whether some are within it */

static ngx_thread_ws_parameter_t *
ngx_thread_ws_parameters_find(ngx_array_t *rules, ngx_str_t *path,
    ngx_uint_t *within)
{
    ngx_uint_t                  i;
    ngx_thread_ws_parameter_t  *rule;

    *within = 0;

    if (rules == NULL) {
        return NULL;
    }

    rule = rules->elts;

    for (i = 0; i < rules->nelts; i++) {

        if (ngx_thread_ws_string_equal(&rule[i].name, path)) {
            return &rule[i];
        }

        *within |= ngx_thread_ws_parameter_within(&rule[i].name, path);
    }

    return NULL;
}


ngx_uint_t
ngx_thread_ws_parameter_within(ngx_str_t *name, ngx_str_t *other)
{
    return name->len >= other->len
           && ngx_memcmp(name->data, other->data, other->len) == 0
           && (name->len == other->len || name->data[other->len] == '.');
}


static ngx_int_t
ngx_thread_ws_parameters_refuse(ngx_thread_ws_parameters_t *parameters,
    ngx_str_t *path, char *words, ngx_str_t *value)
{
    ngx_thread_ws_reason(parameters->reason, "parameters", path, words, value);

    return NGX_DECLINED;
}


void
ngx_thread_ws_reason(u_char *reason, char *what, ngx_str_t *name, char *fmt,
    ngx_str_t *value)
{
    u_char     *p, *last;
    size_t      len;
    ngx_str_t   cut;

    len = ngx_min(name->len, NGX_THREAD_WS_REASON_NAME);

    if (len < name->len) {
        while (len && (name->data[len] & 0xc0) == 0x80) {
            len--;
        }
    }

    last = reason + NGX_THREAD_WS_REASON - 1;

    p = ngx_slprintf(reason, last, "%s: \"%*s%s\" ", what, len, name->data,
                     len < name->len ? "..." : "");

    if (value) {
        cut.data = value->data;
        cut.len = ngx_min(value->len, NGX_THREAD_WS_REASON_TAKES);

        while (cut.len < value->len && cut.len
               && (cut.data[cut.len] & 0xc0) == 0x80)
        {
            cut.len--;
        }

        p = ngx_slprintf(p, last, fmt, &cut);

    } else {
        p = ngx_slprintf(p, last, "%s", fmt);
    }

    *p = '\0';
}


static ngx_uint_t
ngx_thread_ws_parameter_takes(ngx_thread_ws_parameter_t *rule, json_t *value)
{
    double                            number;
    size_t                            len;
    ngx_uint_t                        i, found;
    const char                       *text;
    ngx_thread_ws_parameter_value_t  *v;

    number = json_number_value(value);
    text = json_string_value(value);
    len = json_string_length(value);

    if (rule->range) {
        return json_is_number(value) && number >= rule->from
               && (number <= rule->to || rule->endless);
    }

    if (rule->values == NULL) {
        return json_is_number(value) || json_is_boolean(value)
               || (text && len <= NGX_THREAD_WS_PARAMETER_TEXT
                   && memchr(text, '\0', len) == NULL);
    }

    v = rule->values->elts;

    for (i = 0; i < rule->values->nelts; i++) {

        switch (v[i].kind) {

        case NGX_THREAD_WS_PARAMETER_NUMBER:
            found = (json_is_number(value) && number == v[i].number);
            break;

        case NGX_THREAD_WS_PARAMETER_TRUE:
            found = json_is_true(value);
            break;

        case NGX_THREAD_WS_PARAMETER_FALSE:
            found = json_is_false(value);
            break;

        default: /* NGX_THREAD_WS_PARAMETER_WORD */
            found = (text && len == v[i].word.len
                     && ngx_memcmp(text, v[i].word.data, len) == 0);
        }

        if (found) {
            return 1;
        }
    }

    return 0;
}


/* NGX_DECLINED: there is one already; the path is a rule's */

static ngx_int_t
ngx_thread_ws_parameter_put(json_t *object, ngx_str_t *path, json_t *value)
{
    u_char  *p, *end, *last, name[NGX_THREAD_WS_PARAMETER_NAME + 1];
    json_t  *inner;

    p = path->data;
    last = p + path->len;

    for ( ;; ) {
        end = ngx_strlchr(p, last, '.');

        if (end == NULL) {
            end = last;
        }

        *ngx_cpymem(name, p, end - p) = '\0';

        inner = json_object_get(object, (char *) name);

        if (end == last) {

            if (inner) {
                return NGX_DECLINED;
            }

            return json_object_set(object, (char *) name, value) == 0
                   ? NGX_OK : NGX_ERROR;
        }

        if (inner == NULL) {
            inner = json_object();

            if (json_object_set_new(object, (char *) name, inner)) {
                return NGX_ERROR;
            }
        }

        object = inner;
        p = end + 1;
    }
}
