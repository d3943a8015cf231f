/* SPDX-License-Identifier: MIT */
/* netrc: what its words say, which entry is meant, and how a call comes by it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "h2client/auth/netrc.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

static void expect(const char *text, const char *host, const char *user, const char *expected)
{
    struct h2i_netrc_login login;
    struct h2i_arena arena;
    char buf[160], found[100] = "none";
    struct h2i_text why = h2i_text(buf, sizeof buf);

    h2i_arena_init(&arena, h2i_default_allocator(), 256);
    ck_assert_int_eq(h2i_netrc_find(&arena, h2i_str_of(text), host, user, true, &login, &why),
                     H2CLIENT_OK);
    if (login.user)
        snprintf(found, sizeof found, "%s:%s", login.user, login.password);
    ck_assert_str_eq(found, expected);
    h2i_arena_finish(&arena);
}

static void expect_refusal(struct h2i_str text, const char *expected)
{
    struct h2i_netrc_login login;
    struct h2i_arena arena;
    char buf[160];
    struct h2i_text why = h2i_text(buf, sizeof buf);

    h2i_arena_init(&arena, h2i_default_allocator(), 256);
    ck_assert_int_eq(h2i_netrc_find(&arena, text, "a", NULL, true, &login, &why),
                     H2CLIENT_ERROR_NETRC);
    ck_assert_str_eq(buf, expected);
    h2i_arena_finish(&arena);
}

TEST(netrc_finds_the_entry_of_exactly_that_host)
{
    static const char text[] = "machine a.test login ann password one\n"
                               "machine b.test\n\tuser bob\n\tpasswd two\n"
                               "machine A.test login amy password three account x\n";

    expect(text, "a.test", NULL, "ann:one");
    expect(text, "b.test", NULL, "bob:two");
    expect(text, "B.TEST", NULL, "bob:two");
    expect(text, "test", NULL, "none");
    expect(text, "x.a.test", NULL, "none");
    expect(text, "a.test", "amy", "amy:three");
    expect(text, "a.test", "bob", "none");
    expect("machine a.test password alone", "a.test", NULL, "none");
    expect("machine a.test login alone", "a.test", NULL, "alone:");
    expect("", "a.test", NULL, "none");
}
END_TEST

TEST(netrc_takes_default_last)
{
    static const char text[] = "default login any password zero machine a login ann password one";

    expect(text, "a", NULL, "ann:one");
    expect(text, "b", NULL, "any:zero");
    expect("machine a login x password y default login any", "a", "any", "any:");
}
END_TEST

TEST(netrc_reads_quotes_comments_and_macros)
{
    expect("# machine a login no password no\nmachine a login \"a b\" password \"c\\\"\\\\\\t#d\"",
           "a", NULL, "a b:c\"\\\t#d");
    expect("machine a login x password y#z", "a", NULL, "x:y#z");
    expect("macdef init\nmachine a login no\npassword no\n\nmachine a login x password y", "a",
           NULL, "x:y");
    expect("machine a login x password y macdef m\ncd /\n\n", "a", NULL, "x:y");
    expect("machine a\r\nlogin x\r\npassword y\r\n", "a", NULL, "x:y");
}
END_TEST

TEST(netrc_that_is_broken_is_told_by_its_line)
{
    expect_refusal(h2i_str_of("machine a\nlogin x\nsecret y\n"),
                   "netrc, line 3: a word that means nothing there");
    expect_refusal(h2i_str_of("\nlogin x"),
                   "netrc, line 2: neither machine nor default stands before it");
    expect_refusal(h2i_str_of("machine b login x password"),
                   "netrc, line 1: a word is missing at the end");
    expect_refusal(h2i_str_of("machine b login x password \"abc\n\""),
                   "netrc, line 1: a quote that is not closed");
    expect_refusal(h2i_str_of("machine a\nlogin x password\n\n# end\n"),
                   "netrc, line 2: a word is missing at the end");
    expect_refusal(h2i_str_of("machine b login x password \"abc\\\n\""),
                   "netrc, line 1: a quote that is not closed");
    expect_refusal(h2i_str_of("machine b login x password \"abc\r\n"),
                   "netrc, line 1: a quote that is not closed");
}
END_TEST

TEST(netrc_with_control_characters_is_broken)
{
    static const char why[] = "netrc, line 2: a control character";

    expect_refusal(h2i_str("\nmachine a\0b", 12), why);
    expect_refusal(h2i_str("machine b\nlogin \"x\0y\"", 21), why);
    expect_refusal(h2i_str_of("machine b\nlogin x\x01 password y"), why);
    expect_refusal(h2i_str_of("machine b\nlogin x password \"y\x7f\""), why);
    expect_refusal(h2i_str_of("machine b\nlogin x password \"y\tz\""), why);
}
END_TEST

/* An entry and then n times that. */
static void expect_of_many(const char *unit, size_t n, size_t password_len)
{
    static const char entry[] = "machine a login x password p";
    size_t len = strlen(unit), at = sizeof entry - 1;
    char *text = malloc(at + n * len + 1), buf[160];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    struct h2i_netrc_login login;
    struct h2i_arena arena;

    memcpy(text, entry, sizeof entry);
    for (; n > 0; n--, at += len)
        memcpy(text + at, unit, len + 1);
    h2i_arena_init(&arena, h2i_default_allocator(), 256);
    ck_assert_int_eq(h2i_netrc_find(&arena, h2i_str_of(text), "a", NULL, true, &login, &why),
                     H2CLIENT_OK);
    ck_assert_uint_eq(strlen(login.password), password_len);
    h2i_arena_finish(&arena);
    free(text);
}

/* Were one of them quadratic, it would take longer than a test may. */
TEST(netrc_is_read_in_linear_time)
{
    size_t n = 100000;

    expect_of_many("p", n, n + 1);
    expect_of_many("\n", n, 1);
    expect_of_many(" #", n, 1);
    expect_of_many(" account \"\\\"\"", n, 1);
    expect_of_many("\nmachine b login x password p", n, 1);
    expect_of_many("\nmacdef m\n\n", n, 1);
}
END_TEST

/* ---- through a session ------------------------------------------------------------ */

#define PATH "/home/me/.netrc"

/* A session whose world has that file, and whose user has that home. */
static void open_with(struct h2t_rig *rig, const char *text, const h2client_call_options *defaults)
{
    h2t_rig_init(rig);
    if (text)
        rig->world.files[0] =
            (struct h2t_file){.path = PATH, .data = (char *)(uintptr_t)text, .len = strlen(text)};
    rig->world.environment[0][0] = "HOME";
    rig->world.environment[0][1] = "/home/me";
    h2t_rig_open(rig, H2CLIENT_SESSION(.defaults = defaults));
}

static const char *sent(const struct h2t_rig *rig)
{
    const char *value =
        h2t_field(h2t_peer_request(h2t_rig_peer(rig, 0), 0)->fields, "authorization");

    return value ? value : "none";
}

#define TEXT                                   \
    "machine server.test login a password b\n" \
    "machine server.test login b password c\n"

static void expect_sent(const h2client_call_options *defaults, const char *url,
                        const h2client_call_options *options, const char *expected)
{
    struct h2t_rig rig;

    open_with(&rig, TEXT, defaults);
    h2client_call *call = h2client_start(rig.session, "GET", url, options);
    ck_assert_msg(h2client_call_await(call) != NULL, "%s", h2client_call_error(call)->message);
    ck_assert_str_eq(sent(&rig), expected);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}

TEST(netrc_is_asked_last_and_only_where_it_is_named)
{
    const char *plain = H2T_ORIGIN "/", *named = "https://b@server.test/";
    const h2client_call_options *netrc = H2CLIENT_CALL(.netrc_file = PATH);

    expect_sent(NULL, plain, NULL, "none");
    expect_sent(NULL, plain, netrc, "Basic YTpi");
    expect_sent(NULL, plain, H2CLIENT_CALL(.netrc_file = "~/.netrc"), "Basic YTpi");
    expect_sent(netrc, plain, NULL, "Basic YTpi");
    expect_sent(netrc, plain, H2CLIENT_CALL(.netrc_file = ""), "none");
    expect_sent(netrc, named, NULL, "Basic Yjpj");
    expect_sent(netrc, "https://x:y@server.test/", NULL, "Basic eDp5");
    expect_sent(netrc, plain, H2CLIENT_CALL(.auth = H2CLIENT_BEARER("call")), "Bearer call");
    expect_sent(netrc, plain, H2CLIENT_CALL(.auth = H2CLIENT_AUTH(.scheme = H2CLIENT_AUTH_NONE)),
                "none");
}
END_TEST

static void expect_error(const char *text, const char *path, const char *part)
{
    struct h2t_rig rig;

    open_with(&rig, text, NULL);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .netrc_file = path);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_NETRC);
    ck_assert_msg(strstr(h2client_call_error(call)->message, part) != NULL, "%s",
                  h2client_call_error(call)->message);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}

TEST(netrc_that_cannot_be_read_is_the_calls_error)
{
    expect_error(NULL, PATH, PATH);
    expect_error("machine a\nbad", PATH, "netrc, line 2");
}
END_TEST

TEST(netrc_at_home_may_be_missing)
{
    struct h2t_rig rig;

    open_with(&rig, NULL, H2CLIENT_CALL(.netrc_file = "~/.netrc"));
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    ck_assert_str_eq(sent(&rig), "none");
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("netrc", {T(netrc_finds_the_entry_of_exactly_that_host)}, {T(netrc_takes_default_last)},
          {T(netrc_reads_quotes_comments_and_macros)},
          {T(netrc_that_is_broken_is_told_by_its_line)},
          {T(netrc_with_control_characters_is_broken)}, {T(netrc_is_read_in_linear_time)},
          {T(netrc_is_asked_last_and_only_where_it_is_named)},
          {T(netrc_that_cannot_be_read_is_the_calls_error)}, {T(netrc_at_home_may_be_missing)})
