/* SPDX-License-Identifier: MIT */
/* Text: the rules of RFC 9110 5.5 and 5.6 for each byte, numbers, and the formatter. */
#include "tests/support/test_main.h"

#include <string.h>

#include "base/str.h"

static bool is_token(const char *text)
{
    return h2i_str_is_token(h2i_str_of(text));
}
static bool is_value(const char *text)
{
    return h2i_str_is_field_value(h2i_str_of(text));
}

/* RFC 9110 5.6.2: letters, digits and fifteen others; no delimiters, nothing above. */
TEST(token_characters_are_those_of_the_rfc)
{
    int n = 0;
    for (int c = -128; c < 128; c++)
        n += h2i_is_token_char((char)c);
    ck_assert_int_eq(n, 26 + 26 + 10 + 15);
    for (const char *c = "!#$%&'*+-.^_`|~azAZ09"; *c; c++)
        ck_assert(h2i_is_token_char(*c));
    for (const char *c = "\"(),/:;<=>?@[\\]{} \t\x7f\x80\xff"; *c; c++)
        ck_assert(!h2i_is_token_char(*c));
}

TEST(token_is_not_empty_and_all_of_it_counts)
{
    ck_assert(is_token("content-type"));
    ck_assert(is_token("x"));
    ck_assert(!is_token(""));
    ck_assert(!is_token("a b"));
    ck_assert(!is_token("a:"));
    ck_assert(!h2i_str_is_token(h2i_str("a\0b", 3)));
}

TEST(field_value_may_hold_anything_visible)
{
    ck_assert(is_value(""));
    ck_assert(is_value("a"));
    ck_assert(is_value("text/html; charset=\"utf-8\""));
    ck_assert(is_value("a\tb  c"));
    ck_assert(is_value("\xc3\xa4\xff"));
}

TEST(field_value_holds_no_controls)
{
    for (int c = 0; c < 0x20; c++) {
        const char text[] = {'a', (char)c, 'b'};
        ck_assert_int_eq(h2i_str_is_field_value(h2i_str(text, 3)), c == '\t');
    }
    ck_assert(!is_value("a\x7f"));
}

TEST(field_value_has_no_space_at_its_ends)
{
    ck_assert(!is_value(" a"));
    ck_assert(!is_value("a "));
    ck_assert(!is_value("\ta"));
    ck_assert(!is_value("a\t"));
    ck_assert(!is_value(" "));
}

TEST(equality_counts_every_byte)
{
    ck_assert(h2i_str_equals(h2i_str_of("ab"), h2i_str_of("ab")));
    ck_assert(!h2i_str_equals(h2i_str_of("ab"), h2i_str_of("aB")));
    ck_assert(!h2i_str_equals(h2i_str_of("ab"), h2i_str_of("abc")));
    ck_assert(h2i_str_equals(h2i_str(NULL, 0), h2i_str_of("")));
    ck_assert(!h2i_str_equals(h2i_str("a\0b", 3), h2i_str("a\0c", 3)));
}

/* The pairs that differ in the same bit but are no letters stay different. */
TEST(equality_without_case_folds_ascii_letters_only)
{
    ck_assert(h2i_str_equals_nocase(h2i_str_of("Content-TYPE"), h2i_str_of("cONTENT-type")));
    ck_assert(!h2i_str_equals_nocase(h2i_str_of("@"), h2i_str_of("`")));
    ck_assert(!h2i_str_equals_nocase(h2i_str_of("["), h2i_str_of("{")));
    ck_assert(!h2i_str_equals_nocase(h2i_str_of("\xc4"), h2i_str_of("\xe4")));
    ck_assert(!h2i_str_equals_nocase(h2i_str_of("a"), h2i_str_of("ab")));
}

static void assert_trims_to(const char *text, const char *expected)
{
    ck_assert(h2i_str_equals(h2i_str_trim(h2i_str_of(text)), h2i_str_of(expected)));
}

TEST(trim_takes_blanks_from_both_ends)
{
    assert_trims_to(" \t a b\t ", "a b");
    assert_trims_to("a", "a");
    assert_trims_to(" \t ", "");
    assert_trims_to("", "");
    assert_trims_to("\ra\n", "\ra\n");
}

static bool parse(const char *text, uint64_t max, uint64_t *value)
{
    return h2i_str_parse_uint(h2i_str_of(text), max, value);
}

TEST(numbers_are_read_up_to_their_maximum)
{
    uint64_t value;
    ck_assert(parse("0", 0, &value) && value == 0);
    ck_assert(parse("65535", 65535, &value) && value == 65535);
    ck_assert(!parse("65536", 65535, &value) && value == 0);
    ck_assert(!parse("9", 8, &value));
    ck_assert(parse("000000000000000000000000000000017", 17, &value) && value == 17);
}

TEST(numbers_that_overflow_are_refused)
{
    uint64_t value;
    ck_assert(parse("18446744073709551615", UINT64_MAX, &value) && value == UINT64_MAX);
    ck_assert(!parse("18446744073709551616", UINT64_MAX, &value));
    ck_assert(!parse("18446744073709551620", UINT64_MAX, &value));
    ck_assert(!parse("99999999999999999999999", UINT64_MAX, &value) && value == 0);
    ck_assert(parse("9223372036854775807", INT64_MAX, &value) && value == INT64_MAX);
    ck_assert(!parse("9223372036854775808", INT64_MAX, &value));
}

TEST(numbers_are_digits_and_nothing_else)
{
    static const char *const texts[] = {"", "+1", "-1", " 1", "1 ", "1.0", "0x1", "1a", "1,2"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint64_t value = 9;
        ck_assert_msg(!parse(texts[i], UINT64_MAX, &value), "\"%s\"", texts[i]);
        ck_assert_uint_eq(value, 0);
    }
}

static void assert_splits(const char *text, const char *const *pieces, size_t n_pieces)
{
    struct h2i_str rest = h2i_str_of(text), piece;
    for (size_t i = 0; i < n_pieces; i++) {
        ck_assert(h2i_str_split(&rest, ',', &piece));
        ck_assert(h2i_str_equals(piece, h2i_str_of(pieces[i])));
    }
    ck_assert(!h2i_str_split(&rest, ',', &piece));
}

TEST(split_gives_the_pieces_in_order)
{
    assert_splits("a,bc,d", (const char *const[]){"a", "bc", "d"}, 3);
    assert_splits("a", (const char *const[]){"a"}, 1);
    assert_splits(",,a", (const char *const[]){"", "", "a"}, 3);
    assert_splits("a,", (const char *const[]){"a"}, 1);
    assert_splits("", NULL, 0);
}

TEST(formatter_adds_up_and_terminates)
{
    char buf[16];
    struct h2i_text text = h2i_text(buf, sizeof buf);
    ck_assert_str_eq(buf, "");
    h2i_text_add(&text, "%d-", 12);
    h2i_text_add(&text, "%s", "ab");
    ck_assert_str_eq(buf, "12-ab");
    ck_assert_uint_eq(text.len, 5);
}

TEST(formatter_cuts_what_does_not_fit)
{
    char buf[9];
    memset(buf, '!', sizeof buf);
    struct h2i_text text = h2i_text(buf, 8);
    h2i_text_add(&text, "%s", "12345");
    h2i_text_add(&text, "%s", "67890");
    h2i_text_add(&text, "%s", "x");
    ck_assert_str_eq(buf, "1234567");
    ck_assert_uint_eq(text.len, 7);
    ck_assert_int_eq(buf[8], '!');
}

TEST(formatter_without_room_writes_nothing)
{
    char buf[1] = {'!'};
    struct h2i_text text = h2i_text(buf, 0);
    h2i_text_add(&text, "%s", "abc");
    h2i_text_add_untrusted(&text, "abc", 3);
    ck_assert_int_eq(buf[0], '!');
}

TEST(bytes_of_a_peer_become_printable)
{
    char buf[64];
    struct h2i_text text = h2i_text(buf, sizeof buf);
    h2i_text_add_untrusted(&text, "a%s\n\x1b[\x7f\0\xff~ ", 11);
    ck_assert_str_eq(buf, "a%s\\x0a\\x1b[\\x7f\\x00\\xff~ ");
}

TEST(bytes_of_a_peer_are_cut_to_the_room)
{
    char buf[8];
    struct h2i_text text = h2i_text(buf, sizeof buf);
    h2i_text_add_untrusted(&text, "abcde\n\n", 7);
    ck_assert_uint_eq(strlen(buf), 7);
    ck_assert_mem_eq(buf, "abcde", 5);
}

TEST_MAIN("str", {T(token_characters_are_those_of_the_rfc)},
          {T(token_is_not_empty_and_all_of_it_counts)}, {T(field_value_may_hold_anything_visible)},
          {T(field_value_holds_no_controls)}, {T(field_value_has_no_space_at_its_ends)},
          {T(equality_counts_every_byte)}, {T(equality_without_case_folds_ascii_letters_only)},
          {T(trim_takes_blanks_from_both_ends)}, {T(numbers_are_read_up_to_their_maximum)},
          {T(numbers_that_overflow_are_refused)}, {T(numbers_are_digits_and_nothing_else)},
          {T(split_gives_the_pieces_in_order)}, {T(formatter_adds_up_and_terminates)},
          {T(formatter_cuts_what_does_not_fit)}, {T(formatter_without_room_writes_nothing)},
          {T(bytes_of_a_peer_become_printable)}, {T(bytes_of_a_peer_are_cut_to_the_room)})
