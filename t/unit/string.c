
/*
 * Strings that are compared and written.
 */


#include "unit.h"
#include "base/ngx_thread_ws_string.h"


static void string_test_equal(void);
static void string_test_case(void);
static void string_test_ends(void);
static void string_test_copy(void);
static ngx_str_t string_of(const char *data, size_t len);


int
main(void)
{
    string_test_equal();
    string_test_case();
    string_test_ends();
    string_test_copy();

    return unit_done();
}


static void
string_test_equal(void)
{
    ngx_str_t  none, empty, a, b, zero, zeros;

    ngx_str_null(&none);
    empty = string_of(unit_literal(""));
    a = string_of(unit_literal("abc"));
    b = string_of(unit_literal("abd"));
    zero = string_of(unit_literal("a\0b"));
    zeros = string_of(unit_literal("a\0c"));

    unit_ok(ngx_thread_ws_string_equal(&none, &empty), "nothing is empty");
    unit_ok(ngx_thread_ws_string_equal(&none, &none), "... and itself");
    unit_ok(ngx_thread_ws_string_equal(&a, &a), "equal");
    unit_ok(!ngx_thread_ws_string_equal(&a, &b), "another last byte");
    unit_ok(!ngx_thread_ws_string_equal(&a, &none), "not the beginning");
    unit_ok(!ngx_thread_ws_string_equal(&zero, &zeros),
            "different behind a zero byte");

    unit_ok(ngx_thread_ws_string_is(&none, ""), "nothing is an empty text");
    unit_ok(ngx_thread_ws_string_is(&a, "abc"), "is a text");
    unit_ok(!ngx_thread_ws_string_is(&a, "abcd"), "is no longer one");
    unit_ok(!ngx_thread_ws_string_is(&a, "ab"), "is no shorter one");
    unit_ok(!ngx_thread_ws_string_is(&a, "ABC"), "is of the same case");
    unit_ok(!ngx_thread_ws_string_is(&zero, "a"), "goes on after a zero byte");
}


static void
string_test_case(void)
{
    ngx_str_t  none, lower, upper, bracket, brace, zero, zeros;

    ngx_str_null(&none);
    lower = string_of(unit_literal("az-09"));
    upper = string_of(unit_literal("AZ-09"));
    bracket = string_of(unit_literal("[@"));
    brace = string_of(unit_literal("{`"));
    zero = string_of(unit_literal("a\0b"));
    zeros = string_of(unit_literal("A\0c"));

    unit_ok(ngx_thread_ws_string_same(&none, &none), "same: nothing");
    unit_ok(ngx_thread_ws_string_same(&lower, &upper), "same: letters");
    unit_ok(!ngx_thread_ws_string_same(&bracket, &brace),
            "not the same: what lies 32 beside and is no letter");
    unit_ok(!ngx_thread_ws_string_same(&lower, &none), "not the same: length");
    unit_ok(!ngx_thread_ws_string_same(&zero, &zeros),
            "not the same: behind a zero byte");

    unit_ok(ngx_thread_ws_string_is_same(&upper, "az-09"), "same as a text");
    unit_ok(!ngx_thread_ws_string_is_same(&upper, "az-0"),
            "not the same as a shorter one");
}


static void
string_test_ends(void)
{
    ngx_str_t  none, s, end, all, more;

    ngx_str_null(&none);
    s = string_of(unit_literal("name=Value"));
    end = string_of(unit_literal("vALUE"));
    all = string_of(unit_literal("NAME=VALUE"));
    more = string_of(unit_literal("a name=value"));

    unit_ok(ngx_thread_ws_string_begins(&s, "name="), "begins");
    unit_ok(ngx_thread_ws_string_begins(&s, "name=Value"), "begins with all");
    unit_ok(ngx_thread_ws_string_begins(&s, ""), "begins with nothing");
    unit_ok(ngx_thread_ws_string_begins(&none, ""), "nothing does so, too");
    unit_ok(!ngx_thread_ws_string_begins(&s, "Name="), "not in another case");
    unit_ok(!ngx_thread_ws_string_begins(&s, "name=Value "), "not with more");
    unit_ok(!ngx_thread_ws_string_begins(&none, "a"), "nothing begins with a");

    unit_ok(ngx_thread_ws_string_begins_same(&s, "NAME="),
            "begins, whatever the case");
    unit_ok(!ngx_thread_ws_string_begins_same(&s, "NAME:"), "not with another");
    unit_ok(!ngx_thread_ws_string_begins_same(&none, "n"), "nothing does not");

    unit_ok(ngx_thread_ws_string_ends_same(&s, &end), "ends");
    unit_ok(ngx_thread_ws_string_ends_same(&s, &all), "ends with all");
    unit_ok(ngx_thread_ws_string_ends_same(&s, &none), "ends with nothing");
    unit_ok(!ngx_thread_ws_string_ends_same(&s, &more), "not with more");
    unit_ok(!ngx_thread_ws_string_ends_same(&none, &end), "nothing does not");
}


static void
string_test_copy(void)
{
    u_char       buf[16], *p;
    ngx_str_t    none, a, b, dst;
    ngx_pool_t  *pool;

    ngx_str_null(&none);
    a = string_of(unit_literal("ab"));
    b = string_of(unit_literal("cde"));

    p = ngx_thread_ws_string_append(buf, &a);
    p = ngx_thread_ws_string_append(p, &none);
    p = ngx_thread_ws_string_append(p, &b);
    unit_str(buf, p - buf, "abcde", "appended, nothing in between");

    p = ngx_thread_ws_string_copy(&dst, buf + 1, &b);
    unit_ok(p == buf + 4 && dst.data == buf + 1, "copied, and what is behind");
    unit_str(dst.data, dst.len, "cde", "... the copy");

    p = ngx_thread_ws_string_copy(&dst, buf, &none);
    unit_ok(p == buf && dst.len == 0, "nothing copied");

    dst = b;
    (void) ngx_thread_ws_string_copy(&dst, buf, &dst);
    unit_ok(dst.data == buf && dst.len == 3, "a copy of itself");

    pool = ngx_create_pool(1024, NULL);

    unit_int(ngx_thread_ws_string_dup(pool, &dst, &a), NGX_OK, "a pool's copy");
    unit_str(dst.data, dst.len, "ab", "... is equal");
    unit_ok(dst.data != a.data, "... and another");
    unit_int(ngx_thread_ws_string_dup(pool, &dst, &dst), NGX_OK, "of itself");
    unit_str(dst.data, dst.len, "ab", "... is equal");
    unit_int(ngx_thread_ws_string_dup(pool, &dst, &none), NGX_OK, "of nothing");
    unit_ok(dst.data == NULL && dst.len == 0, "... is nothing");

    ngx_destroy_pool(pool);
}


static ngx_str_t
string_of(const char *data, size_t len)
{
    ngx_str_t  s;

    s.data = (u_char *) data;
    s.len = len;

    return s;
}
