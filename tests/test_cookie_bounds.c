/* SPDX-License-Identifier: MIT */
/* The built-in jar: how many cookies it keeps, without memory, and whatever is done to it. */
#include <stdio.h>
#include <string.h>

#include "h2client/cookies/cookie_jar.h"
#include "tests/support/cookie_rig.h"
#include "tests/support/test_main.h"

#define N_OF(rows) (sizeof(rows) / sizeof(rows)[0])

/* ---- bounds -------------------------------------------------------------- */

TEST(a_site_has_180_cookies_whatever_its_hosts_are)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    for (int i = 0; i < 300; i++) {
        char url[64];
        (void)snprintf(url, sizeof url, "https://h%d.a.test/", i);
        h2t_jar_keep_ith(&rig, url, "c", i, "");
    }
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), H2I_COOKIE_MAX_OF_SITE);
    ck_assert(!h2t_jar_has(&rig, "c119"));
    ck_assert(h2t_jar_has(&rig, "c120"));
    h2t_jar_keep(&rig, "https://b.test/", "other=1");
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), H2I_COOKIE_MAX_OF_SITE + 1);
    h2t_jar_finish(&rig);
}
END_TEST

TEST(ten_thousand_cookies_of_a_host_cost_no_more_than_180)
{
    struct h2t_jar rig;
    size_t bytes_of_180;

    h2t_jar_init(&rig);
    for (int i = 0; i < 180; i++)
        h2t_jar_keep_ith(&rig, "https://a.test/", "name", 100000 + i, "");
    bytes_of_180 = rig.alloc.live_bytes;
    for (int i = 180; i < 10000; i++)
        h2t_jar_keep_ith(&rig, "https://a.test/", "name", 100000 + i, "");
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 180);
    ck_assert_uint_eq(rig.alloc.live_bytes, bytes_of_180);
    ck_assert_uint_lt(rig.alloc.peak_bytes, bytes_of_180 + 4096);
    ck_assert(h2t_jar_has(&rig, "name109999"));
    h2t_jar_finish(&rig);
}
END_TEST

TEST(a_jar_has_3000_cookies)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    for (int i = 0; i < 4000; i++) {
        char url[64];
        (void)snprintf(url, sizeof url, "https://h%d.test/", i);
        h2t_jar_keep_ith(&rig, url, "c", i, "");
    }
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), H2I_COOKIE_MAX_IN_ALL);
    ck_assert(!h2t_jar_has(&rig, "c999"));
    ck_assert(h2t_jar_has(&rig, "c1000"));
    h2t_jar_expect(&rig, "h999.test", "/", "");
    h2t_jar_expect(&rig, "h3999.test", "/", "c3999=1");
    h2t_jar_finish(&rig);
}
END_TEST

TEST(what_was_sent_last_stays_longest)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "first=1; Path=/used");
    for (int i = 0; i < 179; i++)
        h2t_jar_keep_ith(&rig, "https://a.test/", "c", i, "; Path=/unused");
    h2t_jar_expect(&rig, "a.test", "/used", "first=1");
    h2t_jar_keep(&rig, "https://a.test/", "more=1");
    ck_assert(h2t_jar_has(&rig, "first"));
    ck_assert(!h2t_jar_has(&rig, "c0"));
    h2t_jar_finish(&rig);
}
END_TEST

TEST(use_counts_for_the_jar_as_a_whole)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    for (int i = 0; i < 3000; i++) {
        char url[64];
        (void)snprintf(url, sizeof url, "https://h%d.test/", i);
        h2t_jar_keep_ith(&rig, url, "c", i, "");
    }
    h2t_jar_expect(&rig, "h0.test", "/", "c0=1");
    h2t_jar_keep(&rig, "https://more.test/", "more=1");
    ck_assert(h2t_jar_has(&rig, "c0"));
    ck_assert(!h2t_jar_has(&rig, "c1"));
    h2t_jar_finish(&rig);
}
END_TEST

TEST(a_refused_pair_was_not_used)
{
    struct h2t_jar rig;
    struct h2t_small_field field = {.room = 0};
    h2client_cookie_request request;

    h2t_jar_init(&rig);
    for (int i = 0; i < 180; i++)
        h2t_jar_keep_ith(&rig, "https://a.test/", "c", i, i ? "; Path=/unused" : "; Path=/used");
    request = h2t_jar_request(&rig, "https", "a.test", "/used");
    rig.jar->ops->select(rig.jar, &request, h2t_take_if_it_fits, &field);
    h2t_jar_keep(&rig, "https://a.test/", "more=1");
    ck_assert(!h2t_jar_has(&rig, "c0"));
    h2t_jar_finish(&rig);
}
END_TEST

TEST(expired_cookies_make_room_before_others)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "old=1");
    for (int i = 0; i < 90; i++)
        h2t_jar_keep_ith(&rig, "https://a.test/", "c", i, "; Max-Age=10");
    for (int i = 90; i < 179; i++)
        h2t_jar_keep_ith(&rig, "https://a.test/", "c", i, "");
    rig.now_s += 10;
    h2t_jar_keep(&rig, "https://a.test/", "more=1");
    ck_assert(h2t_jar_has(&rig, "old"));
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 91);
    h2t_jar_finish(&rig);
}
END_TEST

/* So that a jar that is full does not look at all of it for every cookie that comes. */
TEST(the_next_look_for_expired_cookies_waits_for_the_next_expiry)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "soon=1; Max-Age=10");
    h2t_jar_keep(&rig, "https://a.test/", "later=1; Max-Age=60");
    for (int i = 0; i < 178; i++)
        h2t_jar_keep_ith(&rig, "https://a.test/", "c", i, "");
    rig.now_s += 10;
    h2t_jar_keep(&rig, "https://a.test/", "more=1");
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 180);
    ck_assert_int_eq(h2i_cookie_jar_view(rig.jar)->first_expiry_s, H2T_NOW_S + 60);
    h2t_jar_finish(&rig);
}
END_TEST

/* Or somebody on the way could wash them out with cookies of http. */
TEST(of_a_site_cookies_without_secure_go_first)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "safe=1; Secure");
    for (int i = 0; i < 1000; i++)
        h2t_jar_keep_ith(&rig, "http://a.test/", "c", i, "");
    ck_assert(h2t_jar_has(&rig, "safe"));
    ck_assert(h2t_jar_has(&rig, "c999"));
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 180);
    h2t_jar_finish(&rig);
}
END_TEST

TEST(a_site_full_of_secure_cookies_has_no_room_for_others)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    for (int i = 0; i < 180; i++)
        h2t_jar_keep_ith(&rig, "https://a.test/", "c", i, "; Secure");
    h2t_jar_keep(&rig, "http://a.test/", "more=1");
    ck_assert(!h2t_jar_has(&rig, "more"));
    h2t_jar_keep(&rig, "https://a.test/", "more=1; Secure");
    ck_assert(h2t_jar_has(&rig, "more"));
    ck_assert(!h2t_jar_has(&rig, "c0"));
    h2t_jar_finish(&rig);
}
END_TEST

/* ---- failing memory ------------------------------------------------------ */

/* The nth allocation fails once; what it was for is done again. False: there are not so many. */
static bool survives_failure_at(uint64_t n)
{
    static const char *const fields[] = {"a=1", "b=1; Path=/x", "a=2", "c=1; Domain=a.test",
                                         "a=; Max-Age=0"};
    struct h2t_jar rig;
    bool was_reached;

    h2t_jar_init(&rig);
    rig.alloc.fail_at = rig.alloc.n_calls + n;
    for (size_t i = 0; i < N_OF(fields) * 30; i++) {
        char url[64];
        size_t n_before = h2client_cookie_jar_count(rig.jar);
        (void)snprintf(url, sizeof url, "https://h%zu.a.test/", i % 30);
        if (h2t_jar_set(&rig, url, fields[i / 30]) == H2CLIENT_OK)
            continue;
        ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), n_before);
        h2t_jar_keep(&rig, url, fields[i / 30]);
    }
    h2t_jar_expect(&rig, "h29.a.test", "/x", "b=1; c=1");
    was_reached = rig.alloc.n_calls >= rig.alloc.fail_at;
    h2t_jar_finish(&rig);
    return was_reached;
}

TEST(every_allocation_may_fail)
{
    struct h2t_alloc alloc;
    uint64_t n = 1;

    h2t_alloc_init(&alloc);
    alloc.fail_at = 1;
    ck_assert_ptr_null(h2client_cookie_jar_create(&alloc.allocator));
    h2t_alloc_check(&alloc);
    while (survives_failure_at(n))
        n++;
    ck_assert_uint_gt(n, 150);
}
END_TEST

TEST(set_says_when_there_is_no_memory)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    rig.alloc.fail_at = rig.alloc.n_calls + 1;
    rig.alloc.fail_for_ever = true;
    ck_assert_int_eq(h2t_jar_set(&rig, "https://a.test/", "a=1"), H2CLIENT_ERROR_NO_MEMORY);
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 0);
    h2t_jar_finish(&rig);
}
END_TEST

/* ---- anything in any order ----------------------------------------------- */

static void do_something(struct h2t_jar *rig, uint64_t *state)
{
    static const char *const hosts[] = {"a.test", "b.a.test", "c.b.a.test", "b.test", "192.0.2.1"};
    static const char *const ends[] = {"",
                                       "; Max-Age=0",
                                       "; Max-Age=5",
                                       "; Domain=a.test",
                                       "; Path=/x",
                                       "; Secure",
                                       "; Path=/x/y; Max-Age=50"};
    const char *host = hosts[h2t_draw(state) % N_OF(hosts)];
    const char *scheme = h2t_draw(state) % 2 ? "https" : "http";
    char url[64], field[64];

    rig->now_s += h2t_draw(state) % 16 == 0;
    if (h2t_draw(state) % 500 == 0)
        h2client_cookie_jar_clear(rig->jar, host);
    if (h2t_draw(state) % 4 == 0) {
        (void)h2t_jar_sent(rig, scheme, host, "/x/y");
        return;
    }
    (void)snprintf(url, sizeof url, "%s://%s/", scheme, host);
    (void)snprintf(field, sizeof field, "c%d=1%s", (int)(h2t_draw(state) % 250),
                   ends[h2t_draw(state) % N_OF(ends)]);
    (void)!h2t_jar_set(rig, url, field);
}

/* Nobody is there twice, nor too many; all can be taken away. */
static void check_invariants(struct h2t_jar *rig)
{
    size_t n = h2client_cookie_jar_count(rig->jar), n_cleared;

    if (n > 3 * H2I_COOKIE_MAX_OF_SITE)
        ck_abort_msg("%zu cookies", n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            const h2client_cookie *a = h2client_cookie_jar_get(rig->jar, i);
            const h2client_cookie *b = h2client_cookie_jar_get(rig->jar, k);
            if (strcmp(a->name, b->name) == 0 && strcmp(a->domain, b->domain) == 0 &&
                strcmp(a->path, b->path) == 0 && a->is_host_only == b->is_host_only)
                ck_abort_msg("%s twice", a->name);
        }
    n_cleared = h2client_cookie_jar_clear(rig->jar, "a.test") +
                h2client_cookie_jar_clear(rig->jar, "b.test") +
                h2client_cookie_jar_clear(rig->jar, "192.0.2.1");
    ck_assert_uint_eq(n_cleared, n);
}

TEST(a_jar_stays_sound_whatever_is_done_to_it)
{
    uint64_t state = h2t_seed();

    for (int round = 0; round < 4; round++) {
        struct h2t_jar rig;
        h2t_jar_init(&rig);
        for (int step = 0; step < 4000; step++)
            do_something(&rig, &state);
        check_invariants(&rig);
        h2t_jar_finish(&rig);
    }
}
END_TEST

TEST_MAIN("cookie_bounds", {T(a_site_has_180_cookies_whatever_its_hosts_are)},
          {T(ten_thousand_cookies_of_a_host_cost_no_more_than_180)}, {T(a_jar_has_3000_cookies)},
          {T(what_was_sent_last_stays_longest)}, {T(use_counts_for_the_jar_as_a_whole)},
          {T(a_refused_pair_was_not_used)}, {T(expired_cookies_make_room_before_others)},
          {T(the_next_look_for_expired_cookies_waits_for_the_next_expiry)},
          {T(of_a_site_cookies_without_secure_go_first)},
          {T(a_site_full_of_secure_cookies_has_no_room_for_others)}, {T(every_allocation_may_fail)},
          {T(set_says_when_there_is_no_memory)}, {T(a_jar_stays_sound_whatever_is_done_to_it)})
