
/*
 * The headers by which agents say when to come back.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/ngx_thread_ws_string.h"
#include "dialect/ngx_thread_ws_retry.h"


/* numbers from here on are no intervals: seconds and ms since the epoch */

#define NGX_THREAD_WS_RETRY_EPOCH     1000000000.0
#define NGX_THREAD_WS_RETRY_EPOCH_MS  1000000000000.0


/* Digits, with a fraction or without: the position after them, NULL if none. */

static u_char *
ngx_thread_ws_retry_number(u_char *p, u_char *last, double *number)
{
    u_char  *start;
    double   unit;

    start = p;
    *number = 0;

    for ( /* void */ ; p < last && *p >= '0' && *p <= '9'; p++) {
        *number = *number * 10 + (*p - '0');
    }

    if (p == start) {
        return NULL;
    }

    if (p < last && *p == '.') {

        for (p++, unit = 0.1; p < last && *p >= '0' && *p <= '9'; p++) {
            *number += unit * (*p - '0');
            unit /= 10;
        }
    }

    return p;
}


static ngx_msec_t
ngx_thread_ws_retry_cap(double ms)
{
    return (ms <= 0) ? 0 : (ms >= NGX_THREAD_WS_RETRY_MAX)
                           ? NGX_THREAD_WS_RETRY_MAX : (ngx_msec_t) (ms + 0.5);
}


/* "1h2m3.5s", "200ms": NGX_ERROR if it is none */

static ngx_int_t
ngx_thread_ws_retry_interval(u_char *p, u_char *last, double *ms)
{
    double  n;

    *ms = 0;

    while (p < last) {
        p = ngx_thread_ws_retry_number(p, last, &n);

        if (p == NULL || p == last) {
            return NGX_ERROR;
        }

        if (last - p >= 2 && p[0] == 'm' && p[1] == 's') {
            *ms += n;
            p += 2;
            continue;
        }

        switch (*p++) {

        case 'd':
            *ms += n * 86400000;
            break;

        case 'h':
            *ms += n * 3600000;
            break;

        case 'm':
            *ms += n * 60000;
            break;

        case 's':
            *ms += n * 1000;
            break;

        default:
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* days since the epoch, of the calendar that is used today */

static double
ngx_thread_ws_retry_days(ngx_int_t year, ngx_int_t month, ngx_int_t day)
{
    ngx_int_t  era, y;

    /* the year begins in March, so that the odd day is its last */

    y = (month <= 2) ? year - 1 : year;
    era = y / 400;
    y -= era * 400;
    month = (month + 9) % 12;

    return (double) era * 146097 + y * 365 + y / 4 - y / 100
           + (153 * month + 2) / 5 + day - 1 - 719468;
}


/* RFC 3339: "2026-12-01T00:00:00.5Z", or with an offset */

static ngx_int_t
ngx_thread_ws_retry_date(u_char *p, u_char *last, double *at)
{
    ngx_int_t  year, month, day, hour, minute, second, h, m;

    if (last - p < 20 || p[4] != '-' || p[7] != '-'
        || (p[10] != 'T' && p[10] != 't' && p[10] != ' '))
    {
        return NGX_ERROR;
    }

    year = ngx_atoi(p, 4);
    month = ngx_atoi(p + 5, 2);
    day = ngx_atoi(p + 8, 2);
    hour = ngx_atoi(p + 11, 2);
    minute = ngx_atoi(p + 14, 2);
    second = ngx_atoi(p + 17, 2);

    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31
        || hour < 0 || minute < 0 || second < 0)
    {
        return NGX_ERROR;
    }

    /* a fraction of a second is of no interest */

    for (p += 19; p < last && (*p == '.' || (*p >= '0' && *p <= '9')); p++) {
        /* void */
    }

    *at = ngx_thread_ws_retry_days(year, month, day) * 86400 + hour * 3600
          + minute * 60 + second;

    if (last - p == 6 && (*p == '+' || *p == '-')) {
        h = ngx_atoi(p + 1, 2);
        m = ngx_atoi(p + 4, 2);

        if (h == NGX_ERROR || m == NGX_ERROR) {
            return NGX_ERROR;
        }

        *at += (*p == '+' ? -1 : 1) * (double) (h * 3600 + m * 60);
    }

    return NGX_OK;
}


ngx_msec_t
ngx_thread_ws_retry_time(ngx_str_t *value, time_t now)
{
    double   n, ms;
    time_t   at;
    u_char  *p, *last, *end;

    p = value->data;
    last = p + value->len;

    end = ngx_thread_ws_retry_number(p, last, &n);

    if (end == last) {

        if (n >= NGX_THREAD_WS_RETRY_EPOCH_MS) {
            return ngx_thread_ws_retry_cap(n - (double) now * 1000);
        }

        return ngx_thread_ws_retry_cap((n >= NGX_THREAD_WS_RETRY_EPOCH)
                                       ? (n - (double) now) * 1000 : n * 1000);
    }

    if (end && ngx_thread_ws_retry_interval(p, last, &ms) == NGX_OK) {
        return ngx_thread_ws_retry_cap(ms);
    }

    if (ngx_thread_ws_retry_date(p, last, &n) == NGX_OK) {
        return ngx_thread_ws_retry_cap((n - (double) now) * 1000);
    }

    at = ngx_parse_http_time(p, value->len);

    return (at == NGX_ERROR) ? 0
           : ngx_thread_ws_retry_cap(((double) at - (double) now) * 1000);
}


/* the place of a limit, by its name without the word at p: NULL if no more */

static ngx_thread_ws_retry_limit_t *
ngx_thread_ws_retry_limit(ngx_thread_ws_retry_t *retry, ngx_str_t *name,
    u_char *p, size_t len)
{
    u_char      *q;
    uint32_t     hash;
    ngx_uint_t   i;

    hash = 0;

    for (q = name->data; q < name->data + name->len; q++) {

        if (q < p || q >= p + len) {
            hash = (uint32_t) ngx_hash(hash, ngx_tolower(*q));
        }
    }

    for (i = 0; i < retry->nlimits; i++) {

        if (retry->limits[i].name == hash) {
            return &retry->limits[i];
        }
    }

    if (i == NGX_THREAD_WS_RETRY_LIMITS) {
        return NULL;
    }

    retry->nlimits++;
    retry->limits[i].name = hash;

    return &retry->limits[i];
}


static u_char *
ngx_thread_ws_retry_find(ngx_str_t *name, char *word)
{
    return ngx_strlcasestrn(name->data, name->data + name->len,
                            (u_char *) word, ngx_strlen(word) - 1);
}


void
ngx_thread_ws_retry_header(ngx_thread_ws_retry_t *retry, ngx_str_t *name,
    ngx_str_t *value, time_t now)
{
    double                        n;
    u_char                       *p;
    ngx_msec_t                    ms;
    ngx_thread_ws_retry_limit_t  *limit;

    if (ngx_thread_ws_string_is_same(name, "retry-after")) {
        ms = ngx_thread_ws_retry_time(value, now);
        retry->after = ngx_max(retry->after, ms);

    } else if (ngx_thread_ws_string_is_same(name, "retry-after-ms")) {

        if (ngx_thread_ws_retry_number(value->data, value->data + value->len,
                                       &n))
        {
            ms = ngx_thread_ws_retry_cap(n);
            retry->after = ngx_max(retry->after, ms);
        }

    } else if (ngx_thread_ws_string_is_same(name, "x-should-retry")) {
        retry->yes = ngx_thread_ws_string_is_same(value, "true");
        retry->no = ngx_thread_ws_string_is_same(value, "false");

    } else if (ngx_thread_ws_retry_find(name, "ratelimit") == NULL) {
        return;

    } else if ((p = ngx_thread_ws_retry_find(name, "reset")) != NULL) {
        limit = ngx_thread_ws_retry_limit(retry, name, p, 5);

        if (limit) {
            limit->reset = ngx_thread_ws_retry_time(value, now);
        }

    } else if ((p = ngx_thread_ws_retry_find(name, "remaining")) != NULL) {
        limit = ngx_thread_ws_retry_limit(retry, name, p, 9);

        if (limit) {
            limit->used = (ngx_atoi(value->data, value->len) == 0);
        }
    }
}


ngx_msec_t
ngx_thread_ws_retry_after(ngx_thread_ws_retry_t *retry, ngx_uint_t limits)
{
    ngx_uint_t                    i;
    ngx_msec_t                    last, first;
    ngx_thread_ws_retry_limit_t  *limit;

    if (retry->after || !limits) {
        return retry->after;
    }

    last = 0;
    first = 0;

    for (i = 0; i < retry->nlimits; i++) {
        limit = &retry->limits[i];

        if (limit->used) {
            last = ngx_max(last, limit->reset);
        }

        if (limit->reset && (first == 0 || limit->reset < first)) {
            first = limit->reset;
        }
    }

    return last ? last : first;
}
