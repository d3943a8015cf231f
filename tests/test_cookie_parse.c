/* SPDX-License-Identifier: MIT */
/* Set-cookie fields read, dates as cookies have them, and the rules of hosts and paths. */
#include <stdlib.h>

#include "h2client/cookies/cookie_date.h"
#include "h2client/cookies/cookie_rules.h"
#include "tests/support/cookie_rig.h"
#include "tests/support/test_main.h"

#define DAY_S INT64_C(86400)
#define N_OF(rows) (sizeof(rows) / sizeof(rows)[0])

static bool equals(struct h2i_str view, const char *text)
{
    return h2i_str_equals(view, h2i_str_of(text));
}

static struct h2i_cookie_draft parse(const char *text)
{
    struct h2i_cookie_draft draft;

    ck_assert_msg(h2i_cookie_parse(h2i_str_of(text), H2T_NOW_S, &draft), "%s", text);
    return draft;
}

static void expect_ignored(const char *text, size_t len)
{
    struct h2i_cookie_draft draft;

    ck_assert_msg(!h2i_cookie_parse(h2i_str(text, len), H2T_NOW_S, &draft), "%s", text);
}

/* ---- the pair ------------------------------------------------------------ */

/* RFC 6265bis 5.6, steps 2 to 5. */
TEST(pairs_are_split_at_the_first_equals_and_trimmed)
{
    static const struct {
        const char *text, *name, *value;
    } rows[] = {
        {"a=b", "a", "b"},
        {"a=b; Secure", "a", "b"},
        {" \t a \t=\t b \t", "a", "b"},
        {"a=b=c", "a", "b=c"},
        {"a==", "a", "="},
        {"a=", "a", ""},
        {"a=;", "a", ""},
        {"a=\"b c\"", "a", "\"b c\""},
        {"a=\" b \"", "a", "\" b \""},
        {"a=\"b;c\"", "a", "\"b"},
        {"a=b,c=d", "a", "b,c=d"},
        {"a b=c d", "a b", "c d"},
        {"a=b\tc", "a", "b\tc"},
        {"\xc3\xa4=\xff", "\xc3\xa4", "\xff"},
        {"alone", "", "alone"},
        {" alone ; Path=/", "", "alone"},
        {"=alone", "", "alone"},
        {" = alone", "", "alone"},
    };

    for (size_t i = 0; i < N_OF(rows); i++) {
        struct h2i_cookie_draft draft = parse(rows[i].text);
        ck_assert_msg(equals(draft.name, rows[i].name), "%s", rows[i].text);
        ck_assert_msg(equals(draft.value, rows[i].value), "%s", rows[i].text);
    }
}
END_TEST

TEST(fields_without_a_pair_are_ignored)
{
    static const char *const texts[] = {"", ";", "=", " = ", "; a=b", " ", "\t;Secure", "=;a=b"};

    for (size_t i = 0; i < N_OF(texts); i++)
        expect_ignored(texts[i], strlen(texts[i]));
}
END_TEST

TEST(a_value_without_a_name_that_looks_like_a_pair_is_ignored)
{
    expect_ignored("=a=b", 4);
    expect_ignored("==b", 3);
}
END_TEST

/* Step 1: wherever they stand, attributes included. TAB alone may. */
TEST(a_control_character_anywhere_makes_the_field_ignored)
{
    char text[] = "na?me=va?lue; Path=/?; Stranger?";

    for (int byte = 0; byte < 256; byte++) {
        bool is_control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
        for (size_t i = 0; i < strlen("na?me=va?lue; Path=/?; Stranger?"); i++) {
            struct h2i_cookie_draft draft;
            char before = text[i];
            if (before != '?')
                continue;
            text[i] = (char)byte;
            if (h2i_cookie_parse(h2i_str(text, sizeof text - 1), H2T_NOW_S, &draft) == is_control)
                ck_abort_msg("byte %d at %zu", byte, i);
            text[i] = before;
        }
    }
}
END_TEST

/* "n=v" of so many bytes of name and value, which may be parsed or not. */
static bool is_taken(size_t name_len, size_t value_len)
{
    char *text = malloc(name_len + value_len + 2);
    struct h2i_cookie_draft draft;
    bool result;

    ck_assert_ptr_nonnull(text);
    memset(text, 'n', name_len + value_len + 1);
    text[name_len] = '=';
    result = h2i_cookie_parse(h2i_str(text, name_len + value_len + 1), H2T_NOW_S, &draft);
    free(text);
    return result;
}

TEST(name_and_value_are_at_most_4096_bytes_together)
{
    ck_assert(is_taken(1, 4095));
    ck_assert(!is_taken(1, 4096));
    ck_assert(is_taken(4096, 0));
    ck_assert(!is_taken(4097, 0));
    ck_assert(is_taken(0, 4096));
    ck_assert(!is_taken(0, 4097));
    ck_assert(!is_taken(5000, 5000));
}
END_TEST

/* ---- attributes ---------------------------------------------------------- */

TEST(attributes_are_known_in_any_case_and_strangers_skipped)
{
    struct h2i_cookie_draft draft =
        parse("a=b;SECURE;  hTTpOnLy ; PaTh = /x ; priority=high;; DOMAIN=a.test;samesite=LAX");

    ck_assert(draft.is_secure && draft.is_http_only);
    ck_assert(equals(draft.path, "/x"));
    ck_assert(equals(draft.domain, "a.test"));
    ck_assert_int_eq(draft.same_site, H2CLIENT_SAME_SITE_LAX);
    ck_assert_int_eq(draft.expires_s, H2I_COOKIE_IS_SESSION);
}
END_TEST

TEST(nothing_is_assumed_without_attributes)
{
    struct h2i_cookie_draft draft = parse("a=b");

    ck_assert(!draft.is_secure && !draft.is_http_only && !draft.is_host_only);
    ck_assert(equals(draft.path, "") && equals(draft.domain, ""));
    ck_assert_int_eq(draft.same_site, H2CLIENT_SAME_SITE_DEFAULT);
    ck_assert_int_eq(draft.expires_s, H2I_COOKIE_IS_SESSION);
}
END_TEST

TEST(switches_are_on_whatever_their_value_says)
{
    struct h2i_cookie_draft draft = parse("a=b; Secure=false; HttpOnly=0");

    ck_assert(draft.is_secure && draft.is_http_only);
}
END_TEST

/* RFC 6265bis 5.6.3 */
TEST(domains_lose_a_leading_dot_and_the_last_one_counts)
{
    static const struct {
        const char *text, *domain;
    } rows[] = {
        {"a=b; Domain=a.test", "a.test"},
        {"a=b; Domain=.a.test", "a.test"},
        {"a=b; Domain=..a.test", ".a.test"},
        {"a=b; Domain=a.test.", "a.test."},
        {"a=b; Domain=A.Test", "A.Test"},
        {"a=b; Domain=a.test; Domain=b.test", "b.test"},
        {"a=b; Domain=a.test; Domain=", ""},
        {"a=b; Domain", ""},
        {"a=b; Domain=.", ""},
    };

    for (size_t i = 0; i < N_OF(rows); i++)
        ck_assert_msg(equals(parse(rows[i].text).domain, rows[i].domain), "%s", rows[i].text);
}
END_TEST

/* RFC 6265bis 5.6.4 */
TEST(paths_begin_with_a_slash_and_the_last_one_counts)
{
    static const struct {
        const char *text, *path;
    } rows[] = {
        {"a=b; Path=/", "/"},
        {"a=b; Path=/x/y z", "/x/y z"},
        {"a=b; Path=x", ""},
        {"a=b; Path=", ""},
        {"a=b; Path", ""},
        {"a=b; Path=\"/x\"", ""},
        {"a=b; Path=/x; Path=y", ""},
        {"a=b; Path=y; Path=/x", "/x"},
        {"a=b; Path=/x=y", "/x=y"},
    };

    for (size_t i = 0; i < N_OF(rows); i++)
        ck_assert_msg(equals(parse(rows[i].text).path, rows[i].path), "%s", rows[i].text);
}
END_TEST

/* RFC 6265bis 5.6.7 */
TEST(same_site_has_three_words)
{
    static const struct {
        const char *text;
        h2client_same_site same_site;
    } rows[] = {
        {"a=b; SameSite=None", H2CLIENT_SAME_SITE_NONE},
        {"a=b; SameSite=lax", H2CLIENT_SAME_SITE_LAX},
        {"a=b; SameSite=STRICT", H2CLIENT_SAME_SITE_STRICT},
        {"a=b; SameSite=", H2CLIENT_SAME_SITE_DEFAULT},
        {"a=b; SameSite", H2CLIENT_SAME_SITE_DEFAULT},
        {"a=b; SameSite=laxer", H2CLIENT_SAME_SITE_DEFAULT},
        {"a=b; SameSite=Strict; SameSite=x", H2CLIENT_SAME_SITE_DEFAULT},
    };

    for (size_t i = 0; i < N_OF(rows); i++)
        ck_assert_msg(parse(rows[i].text).same_site == rows[i].same_site, "%s", rows[i].text);
}
END_TEST

/* RFC 6265bis 5.6.1 and 5.6.2 */
TEST(ends_are_told_by_expires_and_max_age)
{
    static const struct {
        const char *text;
        int64_t expires_s;
    } rows[] = {
        {"a=b; Max-Age=10", H2T_NOW_S + 10},
        {"a=b; Max-Age=0010", H2T_NOW_S + 10},
        {"a=b; Max-Age=0", INT64_MIN},
        {"a=b; Max-Age=-1", INT64_MIN},
        {"a=b; Max-Age=-99999999999999999999999", INT64_MIN},
        {"a=b; Max-Age=99999999999999999999999", H2T_NOW_S + 400 * DAY_S},
        {"a=b; Max-Age=34560001", H2T_NOW_S + 400 * DAY_S},
        {"a=b; Max-Age=34559999", H2T_NOW_S + 400 * DAY_S - 1},
        {"a=b; Max-Age=+5", H2I_COOKIE_IS_SESSION},
        {"a=b; Max-Age=5s", H2I_COOKIE_IS_SESSION},
        {"a=b; Max-Age=1.5", H2I_COOKIE_IS_SESSION},
        {"a=b; Max-Age=--5", H2I_COOKIE_IS_SESSION},
        {"a=b; Max-Age=-", H2I_COOKIE_IS_SESSION},
        {"a=b; Max-Age=", H2I_COOKIE_IS_SESSION},
        {"a=b; Max-Age=\"5\"", H2I_COOKIE_IS_SESSION},
        {"a=b; Max-Age=5; Max-Age=7", H2T_NOW_S + 7},
        {"a=b; Max-Age=5; Max-Age=x", H2T_NOW_S + 5},
        {"a=b; Expires=Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"a=b; Expires=Wed, 31 Dec 1969 23:59:59 GMT", -2},
        {"a=b; Expires=Thu, 31 Dec 2099 12:00:00 GMT", H2T_NOW_S + 400 * DAY_S},
        {"a=b; Expires=never", H2I_COOKIE_IS_SESSION},
        {"a=b; Max-Age=5; Expires=Sun, 06 Nov 1994 08:49:37 GMT", H2T_NOW_S + 5},
        {"a=b; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Max-Age=5", H2T_NOW_S + 5},
        {"a=b; Max-Age=x; Expires=Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
    };

    for (size_t i = 0; i < N_OF(rows); i++)
        ck_assert_msg(parse(rows[i].text).expires_s == rows[i].expires_s, "%s: %lld", rows[i].text,
                      (long long)parse(rows[i].text).expires_s);
}
END_TEST

TEST(times_saturate_when_the_clock_is_at_its_end)
{
    struct h2i_cookie_draft draft;
    struct h2i_str text = h2i_str_of("a=b; Max-Age=100");

    ck_assert(h2i_cookie_parse(text, INT64_MAX - 5, &draft));
    ck_assert_int_eq(draft.expires_s, INT64_MAX);
    ck_assert(h2i_cookie_parse(text, INT64_MIN, &draft));
    ck_assert_int_eq(draft.expires_s, INT64_MIN + 100);
    ck_assert_int_eq(h2i_cookie_clamp_expiry(INT64_MAX, INT64_MAX), INT64_MAX);
}
END_TEST

static bool path_of_so_many_bytes_counts(size_t len)
{
    char text[1200] = "a=b; Path=";
    struct h2i_cookie_draft draft;
    size_t start = strlen(text);

    memset(text + start, '/', len);
    ck_assert(h2i_cookie_parse(h2i_str(text, start + len), H2T_NOW_S, &draft));
    return draft.path.len == len;
}

TEST(attributes_above_1024_bytes_are_ignored_and_the_cookie_is_not)
{
    ck_assert(path_of_so_many_bytes_counts(1024));
    ck_assert(!path_of_so_many_bytes_counts(1025));
}
END_TEST

/* ---- dates --------------------------------------------------------------- */

/* RFC 6265bis 5.1.1: one moment, and what people have written for it. */
TEST(dates_in_every_form)
{
    static const char *const texts[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "6 nov 94 8:49:37",
        "06 November 1994 08:49:37 +0000",
        "1994 Nov 6 08:49:37",
        "08:49:37 1994 6 NOVEMBER",
        "Nov/6/1994/08:49:37",
        "\t;6_Nov@1994 08:49:37Z",
        "xxx 6th Nov 1994AD 08:49:37.123",
        "Sun, 06 Nov 1994 08:49:37 GMT; 07 Dec 1995 01:02:03",
        "06 Nov 1994 08:49:37 PST",
    };
    int64_t date_s;

    for (size_t i = 0; i < N_OF(texts); i++) {
        ck_assert_msg(h2i_cookie_date_parse(h2i_str_of(texts[i]), &date_s), "%s", texts[i]);
        ck_assert_msg(date_s == 784111777, "%s: %lld", texts[i], (long long)date_s);
    }
}
END_TEST

TEST(years_of_two_digits_turn_at_seventy)
{
    static const struct {
        const char *text;
        int64_t date_s;
    } rows[] = {
        {"1 Jan 70 00:00:00", 0},
        {"1 Jan 99 00:00:00", INT64_C(915148800)},
        {"1 Jan 00 00:00:00", INT64_C(946684800)},
        {"1 Jan 69 00:00:00", INT64_C(3124224000)},
        {"1 Jan 1601 00:00:00", INT64_C(-11644473600)},
        {"31 Dec 9999 23:59:59", INT64_C(253402300799)},
    };
    int64_t date_s;

    for (size_t i = 0; i < N_OF(rows); i++) {
        ck_assert_msg(h2i_cookie_date_parse(h2i_str_of(rows[i].text), &date_s), "%s", rows[i].text);
        ck_assert_msg(date_s == rows[i].date_s, "%s: %lld", rows[i].text, (long long)date_s);
    }
}
END_TEST

TEST(what_is_no_cookie_date)
{
    static const char *const texts[] = {
        "",
        "0",
        "06 Nov 1994",
        "06 Nov 08:49:37",
        "Nov 1994 08:49:37",
        "06 1994 08:49:37",
        "06 Nov 1994 08:49",
        "06 Nov 1994 08:49:371",
        "06 Nov 1994 008:49:37",
        "06 Nov 1994 08-49-37",
        "06 Nov 1994 24:00:00",
        "06 Nov 1994 08:60:00",
        "06 Nov 1994 08:49:60",
        "00 Nov 1994 08:49:37",
        "31 Nov 1994 08:49:37",
        "29 Feb 2100 08:49:37",
        "06 Nov 1600 08:49:37",
        "06 Nov 100 08:49:37",
        "06 Nov 19945 08:49:37",
        "006 Nov 1994 08:49:37",
        "06 No 1994 08:49:37",
        "06\377Nov\3771994\37708:49:37",
    };
    int64_t date_s;

    for (size_t i = 0; i < N_OF(texts); i++)
        ck_assert_msg(!h2i_cookie_date_parse(h2i_str_of(texts[i]), &date_s), "%s", texts[i]);
}
END_TEST

TEST(every_cut_of_a_date_before_its_seconds_is_none)
{
    const char *whole = "Sun, 06 Nov 1994 08:49:37";
    int64_t date_s;

    for (size_t len = 0; len < strlen(whole) - 1; len++)
        ck_assert(!h2i_cookie_date_parse(h2i_str(whole, len), &date_s));
    ck_assert(h2i_cookie_date_parse(h2i_str(whole, strlen(whole)), &date_s));
}
END_TEST

/* ---- rules --------------------------------------------------------------- */

/* RFC 6265bis 5.1.3 */
TEST(domains_match_on_the_boundary_of_a_label)
{
    static const struct {
        const char *host, *domain;
        bool is_literal, matches;
    } rows[] = {
        {"a.test", "a.test", false, true},      {"b.a.test", "a.test", false, true},
        {"c.b.a.test", "a.test", false, true},  {"xa.test", "a.test", false, false},
        {"a.test", "b.a.test", false, false},   {"a.test", "test", false, true},
        {"b.test", "a.test", false, false},     {"test", "a.test", false, false},
        {"192.0.2.1", "192.0.2.1", true, true}, {"192.0.2.1", "0.2.1", true, false},
        {"192.0.2.1", "2.1", true, false},      {"2001:db8::1", "2001:db8::1", true, true},
        {"2001:db8::1", "::1", true, false},    {"::ffff:192.0.2.1", "0.2.1", true, false},
    };

    for (size_t i = 0; i < N_OF(rows); i++)
        ck_assert_msg(h2i_cookie_domain_matches(h2i_str_of(rows[i].host), rows[i].is_literal,
                                                h2i_str_of(rows[i].domain)) == rows[i].matches,
                      "%s in %s", rows[i].host, rows[i].domain);
}
END_TEST

/* RFC 6265bis 5.1.4 */
TEST(paths_match_on_the_boundary_of_a_segment)
{
    static const struct {
        const char *request, *cookie;
        bool matches;
    } rows[] = {
        {"/", "/", true},        {"/a", "/", true},      {"/a", "/a", true},
        {"/a/", "/a", true},     {"/a/b", "/a", true},   {"/a/b", "/a/", true},
        {"/ab", "/a", false},    {"/a", "/a/", false},   {"/a", "/b", false},
        {"/", "/a", false},      {"/A", "/a", false},    {"/a/b/c", "/a/b", true},
        {"/a%2fb", "/a", false}, {"/a//b", "/a/", true},
    };

    for (size_t i = 0; i < N_OF(rows); i++)
        ck_assert_msg(h2i_cookie_path_matches(h2i_str_of(rows[i].request),
                                              h2i_str_of(rows[i].cookie)) == rows[i].matches,
                      "%s under %s", rows[i].request, rows[i].cookie);
}
END_TEST

TEST(default_path_ends_before_the_last_slash)
{
    static const struct {
        const char *request, *path;
    } rows[] = {
        {"/", "/"}, {"/a", "/"},  {"/a/", "/a"}, {"/a/b", "/a"},  {"/a/b/", "/a/b"},
        {"", "/"},  {"a/b", "/"}, {"//", "/"},   {"/a//", "/a/"},
    };

    for (size_t i = 0; i < N_OF(rows); i++)
        ck_assert_msg(equals(h2i_cookie_default_path(h2i_str_of(rows[i].request)), rows[i].path),
                      "%s", rows[i].request);
}
END_TEST

TEST(hosts_become_lower_case_without_a_dot_at_the_end)
{
    char host[H2I_COOKIE_HOST_CAP], text[300];

    ck_assert(h2i_cookie_canonical_host(h2i_str_of("WWW.A.Test."), host));
    ck_assert_str_eq(host, "www.a.test");
    ck_assert(!h2i_cookie_canonical_host(h2i_str_of(""), host));
    ck_assert(!h2i_cookie_canonical_host(h2i_str_of("."), host));
    ck_assert(!h2i_cookie_canonical_host(h2i_str_of("b\xc3\xbc"
                                                    "cher.test"),
                                         host));
    ck_assert(!h2i_cookie_canonical_host(h2i_str_of("a b.test"), host));
    memset(text, 'a', sizeof text);
    ck_assert(h2i_cookie_canonical_host(h2i_str(text, 253), host));
    ck_assert(!h2i_cookie_canonical_host(h2i_str(text, 254), host));
}
END_TEST

/* ---- noise --------------------------------------------------------------- */

/* Whatever comes in, what comes out lies inside it and is within its bounds. */
static bool is_sound(struct h2i_str text, const struct h2i_cookie_draft *draft)
{
    const struct h2i_str parts[] = {draft->name, draft->value, draft->domain, draft->path};

    for (size_t i = 0; i < N_OF(parts); i++)
        if (parts[i].len > 0 &&
            (parts[i].data < text.data || parts[i].data + parts[i].len > text.data + text.len ||
             memchr(parts[i].data, ';', parts[i].len)))
            return false;
    return draft->name.len + draft->value.len <= H2I_COOKIE_MAX_PAIR_LEN &&
           draft->expires_s <= H2T_NOW_S + H2I_COOKIE_MAX_LIFE_S;
}

TEST(random_fields_are_read_within_their_bounds)
{
    static const char *const pieces[] = {
        ";",       "=",      " ",         "\t",       "a",
        "Domain=", "Path=/", "Max-Age=",  "Expires=", "12",
        "-",       ".",      "6 Nov 94 ", "8:49:37",  "SameSite=None",
        "Secure",  "\x01",   "\xff",      "__Host-",  "9999999999"};
    uint64_t state = h2t_seed();
    size_t n_taken = 0;

    for (int round = 0; round < 20000; round++) {
        char buf[512];
        struct h2i_text text = h2i_text(buf, sizeof buf);
        struct h2i_cookie_draft draft;
        for (uint64_t n = h2t_draw(&state) % 24; n > 0; n--)
            h2i_text_add(&text, "%s", pieces[h2t_draw(&state) % N_OF(pieces)]);
        if (!h2i_cookie_parse(h2i_str(buf, text.len), H2T_NOW_S, &draft))
            continue;
        n_taken++;
        if (!is_sound(h2i_str(buf, text.len), &draft))
            ck_abort_msg("%s", buf);
    }
    ck_assert_uint_gt(n_taken, 1000);
}
END_TEST

TEST(random_bytes_are_no_danger)
{
    uint64_t state = h2t_seed();

    for (int round = 0; round < 20000; round++) {
        size_t len = h2t_draw(&state) % 64;
        char *text = malloc(len + 1); /* of this very length, so that a reader is caught */
        struct h2i_cookie_draft draft;
        int64_t date_s;
        ck_assert_ptr_nonnull(text);
        for (size_t i = 0; i < len; i++)
            text[i] = (char)(32 + h2t_draw(&state) % 224);
        text = realloc(text, len ? len : 1);
        if (h2i_cookie_parse(h2i_str(text, len), H2T_NOW_S, &draft) &&
            !is_sound(h2i_str(text, len), &draft))
            ck_abort_msg("round %d", round);
        (void)!h2i_cookie_date_parse(h2i_str(text, len), &date_s);
        free(text);
    }
}
END_TEST

TEST_MAIN("cookie_parse", {T(pairs_are_split_at_the_first_equals_and_trimmed)},
          {T(fields_without_a_pair_are_ignored)},
          {T(a_value_without_a_name_that_looks_like_a_pair_is_ignored)},
          {T(a_control_character_anywhere_makes_the_field_ignored)},
          {T(name_and_value_are_at_most_4096_bytes_together)},
          {T(attributes_are_known_in_any_case_and_strangers_skipped)},
          {T(nothing_is_assumed_without_attributes)},
          {T(switches_are_on_whatever_their_value_says)},
          {T(domains_lose_a_leading_dot_and_the_last_one_counts)},
          {T(paths_begin_with_a_slash_and_the_last_one_counts)}, {T(same_site_has_three_words)},
          {T(ends_are_told_by_expires_and_max_age)},
          {T(times_saturate_when_the_clock_is_at_its_end)},
          {T(attributes_above_1024_bytes_are_ignored_and_the_cookie_is_not)},
          {T(dates_in_every_form)}, {T(years_of_two_digits_turn_at_seventy)},
          {T(what_is_no_cookie_date)}, {T(every_cut_of_a_date_before_its_seconds_is_none)},
          {T(domains_match_on_the_boundary_of_a_label)},
          {T(paths_match_on_the_boundary_of_a_segment)},
          {T(default_path_ends_before_the_last_slash)},
          {T(hosts_become_lower_case_without_a_dot_at_the_end)},
          {T(random_fields_are_read_within_their_bounds)}, {T(random_bytes_are_no_danger)})
