/* SPDX-License-Identifier: MIT */
/* The built-in jar: how long it keeps cookies, in which order it sends them, and how it is
 * used by hand and as a port. */
#include <stdio.h>
#include <string.h>

#include "tests/support/cookie_rig.h"
#include "tests/support/test_main.h"

#define DAY_S INT64_C(86400)
#define N_OF(rows) (sizeof(rows) / sizeof(rows)[0])

/* ---- time ---------------------------------------------------------------- */

TEST(a_cookie_is_sent_until_it_expires_and_then_forgotten)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "x=1; Max-Age=10");
    h2t_jar_keep(&rig, "https://a.test/",
                 "y=1; Expires=Mon, 26 Oct 2026 07:33:30 GMT"); /* 10 s ahead */
    h2t_jar_keep(&rig, "https://a.test/", "z=1");
    rig.now_s += 9;
    h2t_jar_expect(&rig, "a.test", "/", "x=1; y=1; z=1");
    rig.now_s += 1;
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 3);
    h2t_jar_expect(&rig, "a.test", "/", "z=1");
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 1);
    h2t_jar_finish(&rig);
}
END_TEST

TEST(the_last_cookie_of_a_site_can_expire)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "x=1; Max-Age=10");
    rig.now_s += 10;
    h2t_jar_expect(&rig, "a.test", "/", "");
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 0);
    h2t_jar_keep(&rig, "https://a.test/", "x=2");
    h2t_jar_expect(&rig, "a.test", "/", "x=2");
    h2t_jar_finish(&rig);
}
END_TEST

TEST(a_cookie_from_the_past_takes_its_like_away)
{
    static const char *const fields[] = {
        "x=; Max-Age=0", "x=2; Max-Age=-5", "x=; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "x=; Expires=Wed, 31 Dec 1969 23:59:59 GMT", "x=; Expires=1 Jan 1601 0:0:0"};

    for (size_t i = 0; i < N_OF(fields); i++) {
        struct h2t_jar rig;
        h2t_jar_init(&rig);
        h2t_jar_keep(&rig, "https://a.test/", "x=1");
        h2t_jar_keep(&rig, "https://a.test/", "x=1; Path=/other");
        h2t_jar_keep(&rig, "https://a.test/", "x=1; Domain=a.test");
        h2t_jar_keep(&rig, "https://a.test/", fields[i]);
        ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 2);
        h2t_jar_expect(&rig, "a.test", "/", "x=1");
        ck_assert(!h2client_cookie_jar_get(rig.jar, 1)->is_host_only);
        h2t_jar_finish(&rig);
    }
}
END_TEST

TEST(no_cookie_lives_longer_than_400_days)
{
    static const char *const fields[] = {"x=1; Max-Age=999999999999999999999",
                                         "x=1; Expires=31 Dec 9999 23:59:59"};

    for (size_t i = 0; i < N_OF(fields); i++) {
        struct h2t_jar rig;
        h2t_jar_init(&rig);
        h2t_jar_keep(&rig, "https://a.test/", fields[i]);
        ck_assert_int_eq(h2client_cookie_jar_get(rig.jar, 0)->expires_s, H2T_NOW_S + 400 * DAY_S);
        h2t_jar_finish(&rig);
    }
}
END_TEST

/* ---- order and succession ------------------------------------------------ */

/* RFC 6265bis 5.8.3 */
TEST(longer_paths_then_older_cookies_are_sent_first)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "a=1; Path=/");
    h2t_jar_keep(&rig, "https://a.test/", "b=1; Path=/x/y");
    h2t_jar_keep(&rig, "https://a.test/", "c=1; Path=/x");
    h2t_jar_keep(&rig, "https://a.test/", "d=1; Path=/x; Domain=a.test");
    h2t_jar_keep(&rig, "https://a.test/", "e=1; Path=/x/y");
    h2t_jar_keep(&rig, "https://a.test/", "f=1; Path=/");
    h2t_jar_expect(&rig, "a.test", "/x/y/z", "b=1; e=1; c=1; d=1; a=1; f=1");
    h2t_jar_finish(&rig);
}
END_TEST

TEST(a_successor_keeps_the_place_of_its_predecessor)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "a=1");
    h2t_jar_keep(&rig, "https://a.test/", "b=1");
    h2t_jar_keep(&rig, "https://a.test/", "c=1");
    h2t_jar_keep(&rig, "https://a.test/", "a=2; Secure; HttpOnly; Max-Age=5");
    h2t_jar_expect(&rig, "a.test", "/", "a=2; b=1; c=1");
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 3);
    ck_assert_str_eq(h2client_cookie_jar_get(rig.jar, 0)->value, "2");
    ck_assert(h2client_cookie_jar_get(rig.jar, 0)->is_http_only);
    h2t_jar_finish(&rig);
}
END_TEST

TEST(cookies_are_told_apart_by_name_domain_and_path)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://b.a.test/", "x=1");
    h2t_jar_keep(&rig, "https://b.a.test/", "X=2");
    h2t_jar_keep(&rig, "https://b.a.test/", "x=3; Domain=b.a.test");
    h2t_jar_keep(&rig, "https://b.a.test/", "x=4; Domain=a.test");
    h2t_jar_keep(&rig, "https://b.a.test/", "x=5; Path=/p");
    h2t_jar_keep(&rig, "https://b.a.test/", "only");
    h2t_jar_expect(&rig, "b.a.test", "/p", "x=5; x=1; X=2; x=3; x=4; only");
    h2t_jar_finish(&rig);
}
END_TEST

TEST(values_stay_as_they_are)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "x=\"a b\"");
    h2t_jar_keep(&rig, "https://a.test/", "y=");
    h2t_jar_keep(&rig, "https://a.test/", "z=\xff%20=,");
    h2t_jar_expect(&rig, "a.test", "/", "x=\"a b\"; y=; z=\xff%20=,");
    h2t_jar_finish(&rig);
}
END_TEST

/* ---- the sink ------------------------------------------------------------ */

TEST(a_full_field_passes_over_what_does_not_fit)
{
    struct h2t_jar rig;
    struct h2t_small_field field = {.room = 10};
    h2client_cookie_request request;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "a=12345");
    h2t_jar_keep(&rig, "https://a.test/", "b=123456789");
    h2t_jar_keep(&rig, "https://a.test/", "c=123");
    request = h2t_jar_request(&rig, "https", "a.test", "/");
    rig.jar->ops->select(rig.jar, &request, h2t_take_if_it_fits, &field);
    ck_assert_uint_eq(field.n_asked, 3);
    ck_assert_uint_eq(field.n_taken, 2);
    ck_assert_uint_eq(field.room, 0);
    h2t_jar_finish(&rig);
}
END_TEST

/* ---- by hand ------------------------------------------------------------- */

TEST(set_tells_what_is_wrong)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    ck_assert_int_eq(h2t_jar_set(&rig, "https://a.test:99999/", "a=1"),
                     H2CLIENT_ERROR_URL_MALFORMED);
    ck_assert_int_eq(h2t_jar_set(&rig, NULL, "a=1"), H2CLIENT_ERROR_URL_MALFORMED);
    ck_assert_int_eq(h2t_jar_set(&rig, "ftp://a.test/", "a=1"), H2CLIENT_ERROR_SCHEME_UNSUPPORTED);
    ck_assert_int_eq(h2t_jar_set(&rig, "https://a.test/", NULL), H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_int_eq(h2t_jar_set(&rig, "https://a.test/", "a=\x01"),
                     H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 0);
    h2t_jar_finish(&rig);
}
END_TEST

TEST(a_cookie_can_be_read)
{
    struct h2t_jar rig;
    const h2client_cookie *cookie;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://b.a.test/",
                 "n=v; Domain=a.test; Path=/p; Max-Age=60; Secure; HttpOnly; SameSite=Lax");
    cookie = h2client_cookie_jar_get(rig.jar, 0);
    ck_assert_uint_eq(cookie->size, sizeof *cookie);
    ck_assert_str_eq(cookie->name, "n");
    ck_assert_str_eq(cookie->value, "v");
    ck_assert_str_eq(cookie->domain, "a.test");
    ck_assert_str_eq(cookie->path, "/p");
    ck_assert_int_eq(cookie->expires_s, H2T_NOW_S + 60);
    ck_assert_int_eq(cookie->same_site, H2CLIENT_SAME_SITE_LAX);
    ck_assert(cookie->is_secure && cookie->is_http_only && !cookie->is_host_only);
    ck_assert_ptr_null(h2client_cookie_jar_get(rig.jar, 1));
    h2t_jar_finish(&rig);
}
END_TEST

TEST(clear_forgets_a_host_and_all_below_it)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "c1=1");
    h2t_jar_keep(&rig, "https://b.test/", "c2=1");
    h2t_jar_keep(&rig, "https://b.a.test/", "c3=1");
    h2t_jar_keep(&rig, "https://b.a.test/", "c4=1; Domain=a.test");
    h2t_jar_keep(&rig, "https://xa.test/", "c5=1");
    ck_assert_uint_eq(h2client_cookie_jar_clear(rig.jar, "b.a.test"), 1);
    ck_assert_uint_eq(h2client_cookie_jar_clear(rig.jar, "A.Test."), 2);
    ck_assert_uint_eq(h2client_cookie_jar_clear(rig.jar, "a.test"), 0);
    ck_assert_uint_eq(h2client_cookie_jar_clear(rig.jar, ""), 0);
    ck_assert_uint_eq(h2client_cookie_jar_clear(rig.jar, "b.test\xff"), 0);
    ck_assert(h2t_jar_has(&rig, "c2") && h2t_jar_has(&rig, "c5"));
    h2t_jar_expect(&rig, "xa.test", "/", "c5=1");
    ck_assert_uint_eq(h2client_cookie_jar_clear(rig.jar, NULL), 2);
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 0);
    h2t_jar_finish(&rig);
}
END_TEST

TEST(clear_session_forgets_what_has_no_end)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "c1=1");
    h2t_jar_keep(&rig, "https://a.test/", "c2=1; Max-Age=60");
    h2t_jar_keep(&rig, "https://b.test/", "c3=1");
    ck_assert_uint_eq(h2client_cookie_jar_clear_session(rig.jar), 2);
    ck_assert(h2t_jar_has(&rig, "c2"));
    h2t_jar_expect(&rig, "b.test", "/", "");
    h2t_jar_finish(&rig);
}
END_TEST

TEST(removal_in_the_middle_leaves_the_order)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    for (int i = 0; i < 20; i++)
        h2t_jar_keep_ith(&rig, "https://a.test/", "c", i, "");
    for (int i = 1; i < 20; i += 2)
        h2t_jar_keep_ith(&rig, "https://a.test/", "c", i, "; Max-Age=0");
    h2t_jar_keep(&rig, "https://a.test/", "c4=2");
    for (size_t i = 0; i < 10; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "c%zu", 2 * i);
        ck_assert_str_eq(h2client_cookie_jar_get(rig.jar, i)->name, name);
    }
    ck_assert_str_eq(h2client_cookie_jar_get(rig.jar, 2)->value, "2");
    h2t_jar_finish(&rig);
}
END_TEST

/* ---- the port ------------------------------------------------------------ */

TEST(a_session_stores_through_the_port)
{
    struct h2t_jar rig;
    h2client_cookie_request request;

    h2t_jar_init(&rig);
    request = h2t_jar_request(&rig, "http", "a.test", "/x/y");
    rig.jar->ops->store(rig.jar, &request, "a=1");
    rig.jar->ops->store(rig.jar, &request, "b=1; Secure");
    rig.jar->ops->store(rig.jar, &request, "c=1; Domain=b.test");
    h2t_jar_expect(&rig, "a.test", "/x/z", "a=1");
    ck_assert_str_eq(h2client_cookie_jar_get(rig.jar, 0)->path, "/x");
    h2t_jar_finish(&rig);
}
END_TEST

TEST(a_jar_lives_until_its_last_reference_goes)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    ck_assert_ptr_eq(h2client_cookie_jar_ref(rig.jar), rig.jar);
    h2t_jar_keep(&rig, "https://a.test/", "a=1");
    h2client_cookie_jar_unref(rig.jar);
    h2t_jar_expect(&rig, "a.test", "/", "a=1");
    ck_assert_uint_gt(rig.alloc.n_live, 0);
    h2t_jar_finish(&rig);
}
END_TEST

TEST(a_jar_needs_the_allocators_struct_no_longer)
{
    struct h2t_alloc alloc;
    h2client_allocator allocator;
    h2client_cookie_jar *jar;

    h2t_alloc_init(&alloc);
    allocator = alloc.allocator;
    jar = h2client_cookie_jar_create(&allocator);
    memset(&allocator, 0, sizeof allocator);
    ck_assert_int_eq(h2client_cookie_jar_set(jar, "https://a.test/", "a=1", H2T_NOW_S),
                     H2CLIENT_OK);
    h2client_cookie_jar_unref(jar);
    h2t_alloc_check(&alloc);
}
END_TEST

TEST(a_jar_can_use_malloc)
{
    h2client_cookie_jar *jar = h2client_cookie_jar_create(NULL);

    ck_assert_int_eq(h2client_cookie_jar_set(jar, "https://a.test/", "a=1", H2T_NOW_S),
                     H2CLIENT_OK);
    ck_assert_uint_eq(h2client_cookie_jar_count(jar), 1);
    h2client_cookie_jar_unref(jar);
}
END_TEST

/* What the functions for the built-in jar make of another one, or of none. */
static void expect_no_effect(h2client_cookie_jar *jar)
{
    ck_assert_int_eq(h2client_cookie_jar_set(jar, "https://a.test/", "a=1", H2T_NOW_S),
                     H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_uint_eq(h2client_cookie_jar_count(jar), 0);
    ck_assert_ptr_null(h2client_cookie_jar_get(jar, 0));
    ck_assert_uint_eq(h2client_cookie_jar_clear(jar, NULL), 0);
    ck_assert_uint_eq(h2client_cookie_jar_clear_session(jar), 0);
}

TEST(the_jar_that_keeps_nothing_keeps_nothing)
{
    struct h2t_jar rig;
    h2client_cookie_jar *none = h2client_cookie_jar_none();
    h2client_cookie_request request;
    struct h2t_small_field field = {.room = 100};

    h2t_jar_init(&rig);
    request = h2t_jar_request(&rig, "https", "a.test", "/");
    ck_assert_ptr_eq(h2client_cookie_jar_ref(none), none);
    none->ops->store(none, &request, "a=1");
    none->ops->select(none, &request, h2t_take_if_it_fits, &field);
    ck_assert_uint_eq(field.n_asked, 0);
    for (int i = 0; i < 3; i++)
        h2client_cookie_jar_unref(none);
    expect_no_effect(none);
    h2t_jar_finish(&rig);
}
END_TEST

TEST(no_jar_is_a_jar_as_well)
{
    ck_assert_ptr_null(h2client_cookie_jar_ref(NULL));
    h2client_cookie_jar_unref(NULL);
    expect_no_effect(NULL);
}
END_TEST

TEST_MAIN("cookie_jar", {T(a_cookie_is_sent_until_it_expires_and_then_forgotten)},
          {T(the_last_cookie_of_a_site_can_expire)},
          {T(a_cookie_from_the_past_takes_its_like_away)},
          {T(no_cookie_lives_longer_than_400_days)},
          {T(longer_paths_then_older_cookies_are_sent_first)},
          {T(a_successor_keeps_the_place_of_its_predecessor)},
          {T(cookies_are_told_apart_by_name_domain_and_path)}, {T(values_stay_as_they_are)},
          {T(a_full_field_passes_over_what_does_not_fit)}, {T(set_tells_what_is_wrong)},
          {T(a_cookie_can_be_read)}, {T(clear_forgets_a_host_and_all_below_it)},
          {T(clear_session_forgets_what_has_no_end)}, {T(removal_in_the_middle_leaves_the_order)},
          {T(a_session_stores_through_the_port)}, {T(a_jar_lives_until_its_last_reference_goes)},
          {T(a_jar_needs_the_allocators_struct_no_longer)}, {T(a_jar_can_use_malloc)},
          {T(the_jar_that_keeps_nothing_keeps_nothing)}, {T(no_jar_is_a_jar_as_well)})
