/* SPDX-License-Identifier: MIT */
/* The small things: checked sizes, lists, names of errors, faults, addresses. */
#include "tests/support/test_main.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/list.h"
#include "h2client/transport.h"
#include "tests/support/test_alloc.h"

TEST(size_add_tells_overflow)
{
    size_t sum;
    ck_assert(h2i_size_add(SIZE_MAX - 1, 1, &sum));
    ck_assert_uint_eq(sum, SIZE_MAX);
    ck_assert(!h2i_size_add(SIZE_MAX, 1, &sum));
    ck_assert_uint_eq(sum, 0);
}

TEST(size_mul_tells_overflow)
{
    size_t product;
    ck_assert(h2i_size_mul(SIZE_MAX / 2, 2, &product));
    ck_assert_uint_eq(product, SIZE_MAX - 1);
    ck_assert(!h2i_size_mul(SIZE_MAX / 2 + 1, 2, &product));
    ck_assert_uint_eq(product, 0);
}

TEST(array_whose_size_overflows_is_not_allocated)
{
    struct h2t_alloc alloc;
    h2t_alloc_init(&alloc);
    ck_assert_ptr_null(h2i_alloc_array(&alloc.allocator, SIZE_MAX / 8 + 1, 8));
    ck_assert_uint_eq(alloc.n_calls, 0);
}

TEST(nothing_is_allocated_as_one_byte)
{
    struct h2t_alloc alloc;
    h2t_alloc_init(&alloc);
    void *block = h2i_alloc(&alloc.allocator, 0);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq(alloc.live_bytes, 1);
    h2i_free(&alloc.allocator, block);
    h2t_alloc_check(&alloc);
}

TEST(default_allocator_grows_a_block_and_keeps_its_bytes)
{
    const h2client_allocator *allocator = h2i_default_allocator();
    ck_assert_uint_eq(allocator->size, sizeof *allocator);
    char *block = h2i_alloc_zeroed(allocator, 4);
    ck_assert_ptr_nonnull(block);
    memcpy(block, "abc", 4);
    block = h2i_realloc(allocator, block, 4096);
    ck_assert_ptr_nonnull(block);
    ck_assert_str_eq(block, "abc");
    h2i_free(allocator, block);
    h2i_free(allocator, NULL);
}

TEST(copied_text_ends_with_nul)
{
    struct h2t_alloc alloc;
    h2t_alloc_init(&alloc);
    char *copy = h2i_copy_text(&alloc.allocator, "abcdef", 3);
    ck_assert_str_eq(copy, "abc");
    ck_assert_ptr_null(h2i_copy_string(&alloc.allocator, NULL));
    ck_assert_ptr_null(h2i_copy_text(&alloc.allocator, "a", SIZE_MAX));
    h2i_free(&alloc.allocator, copy);
    h2t_alloc_check(&alloc);
}

TEST(text_is_not_copied_without_memory)
{
    struct h2t_alloc alloc;
    h2t_alloc_init(&alloc);
    alloc.fail_at = 1;
    ck_assert_ptr_null(h2i_copy_string(&alloc.allocator, "abc"));
}

struct item {
    int number;
    struct h2i_list node;
};

static int pop_number(struct h2i_list *head)
{
    struct h2i_list *node = h2i_list_pop(head);
    return node ? H2I_CONTAINER_OF(node, struct item, node)->number : -1;
}

TEST(list_gives_back_in_the_order_of_appending)
{
    struct item items[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
    struct h2i_list head;
    h2i_list_init(&head);
    for (int i = 0; i < 3; i++)
        h2i_list_append(&head, &items[i].node);
    ck_assert_int_eq(pop_number(&head), 1);
    ck_assert_int_eq(pop_number(&head), 2);
    ck_assert_int_eq(pop_number(&head), 3);
    ck_assert_int_eq(pop_number(&head), -1);
}

TEST(list_node_is_linked_only_while_on_a_list)
{
    struct item item = {0};
    struct h2i_list head;
    h2i_list_init(&head);
    h2i_list_remove(&item.node);
    h2i_list_append(&head, &item.node);
    ck_assert(h2i_list_is_linked(&item.node));
    h2i_list_remove(&item.node);
    ck_assert(!h2i_list_is_linked(&item.node));
    ck_assert(h2i_list_is_empty(&head));
}

TEST(list_splice_moves_all_to_the_end)
{
    struct item items[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
    struct h2i_list to, from;
    h2i_list_init(&to);
    h2i_list_init(&from);
    h2i_list_splice(&to, &from);
    ck_assert(h2i_list_is_empty(&to));
    h2i_list_append(&to, &items[0].node);
    h2i_list_append(&from, &items[1].node);
    h2i_list_append(&from, &items[2].node);
    h2i_list_splice(&to, &from);
    ck_assert(h2i_list_is_empty(&from));
    for (int i = 1; i <= 3; i++)
        ck_assert_int_eq(pop_number(&to), i);
    ck_assert(h2i_list_is_empty(&to));
}

/* The table once more, as rows. */
static const struct {
    int value;
    int exit_code;
    const char *name;
    const char *text;
} error_rows[] = {
#define ROW(name, value, exit_code, text) {value, exit_code, #name, text},
    H2CLIENT_ERROR_TABLE(ROW)
#undef ROW
};
#define N_ERROR_ROWS (sizeof error_rows / sizeof error_rows[0])

TEST(error_codes_have_their_row_of_the_table)
{
    for (size_t i = 0; i < N_ERROR_ROWS; i++) {
        h2client_error_code code = (h2client_error_code)error_rows[i].value;
        ck_assert_str_eq(h2client_error_name(code), error_rows[i].name);
        ck_assert_str_eq(h2client_error_text(code), error_rows[i].text);
        ck_assert_int_eq(h2client_error_exit_code(code), error_rows[i].exit_code);
    }
    ck_assert_str_eq(h2client_error_name(H2CLIENT_OK), "OK");
    ck_assert_str_eq(h2client_error_text(H2CLIENT_ERROR_TIMEOUT), "timeout");
}

TEST(error_codes_have_a_class_to_switch_on)
{
    static const struct {
        h2client_error_code code;
        h2client_error_class error_class;
    } rows[] = {
        {H2CLIENT_OK, H2CLIENT_ERROR_CLASS_NONE},
        {H2CLIENT_PENDING, H2CLIENT_ERROR_CLASS_NONE},
        {H2CLIENT_ERROR_URL_MALFORMED, H2CLIENT_ERROR_CLASS_USAGE},
        {H2CLIENT_ERROR_NO_MEMORY, H2CLIENT_ERROR_CLASS_RESOURCES},
        {H2CLIENT_ERROR_NO_DESCRIPTORS, H2CLIENT_ERROR_CLASS_RESOURCES},
        {H2CLIENT_ERROR_CANCELLED, H2CLIENT_ERROR_CLASS_CANCELLED},
        {H2CLIENT_ERROR_DNS_NOT_FOUND, H2CLIENT_ERROR_CLASS_DNS},
        {H2CLIENT_ERROR_CONNECT_REFUSED, H2CLIENT_ERROR_CLASS_CONNECT},
        {H2CLIENT_ERROR_TLS_EXPIRED, H2CLIENT_ERROR_CLASS_TLS},
        {H2CLIENT_ERROR_TIMEOUT, H2CLIENT_ERROR_CLASS_TIMEOUT},
        {H2CLIENT_ERROR_TRUNCATED, H2CLIENT_ERROR_CLASS_CONNECTION},
        {H2CLIENT_ERROR_H2_GOAWAY, H2CLIENT_ERROR_CLASS_PROTOCOL},
        {H2CLIENT_ERROR_H1_MALFORMED, H2CLIENT_ERROR_CLASS_PROTOCOL},
        {H2CLIENT_ERROR_CODING_BROKEN, H2CLIENT_ERROR_CLASS_BODY},
        {H2CLIENT_ERROR_JSON_MALFORMED, H2CLIENT_ERROR_CLASS_BODY},
        {H2CLIENT_ERROR_TOO_MANY_REDIRECTS, H2CLIENT_ERROR_CLASS_REDIRECT},
        {H2CLIENT_ERROR_STATUS, H2CLIENT_ERROR_CLASS_STATUS},
        {(h2client_error_code)99999, H2CLIENT_ERROR_CLASS_USAGE},
        {(h2client_error_code)-1, H2CLIENT_ERROR_CLASS_USAGE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(h2client_error_classify(rows[i].code) == rows[i].error_class, "row %zu", i);
    ck_assert_str_eq(h2client_error_class_name(H2CLIENT_ERROR_CLASS_TIMEOUT), "timeout");
    ck_assert_str_eq(h2client_error_class_name((h2client_error_class)99), "unknown");
}

TEST(unknown_error_codes_are_told_as_such)
{
    ck_assert_str_eq(h2client_error_name((h2client_error_code)99), "unknown error");
    ck_assert_str_eq(h2client_error_text((h2client_error_code)99), "unknown error");
    ck_assert_int_ne(h2client_error_exit_code((h2client_error_code)99), 0);
}

TEST(error_codes_stay_in_the_hundred_of_their_group)
{
    for (size_t i = 1; i < N_ERROR_ROWS; i++) {
        int previous = error_rows[i - 1].value;
        int value = error_rows[i].value;
        bool opens_group = value % 100 == 0 && value > previous;
        ck_assert_msg(value == previous + 1 || opens_group, "%d after %d", value, previous);
    }
}

TEST(phases_limits_and_replay_classes_have_names)
{
    ck_assert_str_eq(h2client_phase_name(H2CLIENT_PHASE_RECEIVE), "receive");
    ck_assert_str_eq(h2client_phase_name((h2client_phase)77), "unknown");
    ck_assert_str_eq(h2client_limit_name(H2CLIENT_LIMIT_NONE), "none");
    ck_assert_str_eq(h2client_limit_name(H2CLIENT_LIMIT_READ_IDLE), "read idle");
    ck_assert_str_eq(h2client_limit_name(H2CLIENT_LIMIT_TOTAL), "total");
    ck_assert_str_eq(h2client_limit_name((h2client_limit)11), "unknown");
    ck_assert_str_eq(h2client_replay_class_name(H2CLIENT_REPLAY_NEVER_SENT), "never_sent");
    ck_assert_str_eq(h2client_replay_class_name((h2client_replay_class)4), "unknown");
}

/* RFC 9113 7 */
TEST(http2_codes_have_the_names_of_the_rfc)
{
    ck_assert_str_eq(h2client_http2_code_name(0x00), "NO_ERROR");
    ck_assert_str_eq(h2client_http2_code_name(0x03), "FLOW_CONTROL_ERROR");
    ck_assert_str_eq(h2client_http2_code_name(0x07), "REFUSED_STREAM");
    ck_assert_str_eq(h2client_http2_code_name(0x0b), "ENHANCE_YOUR_CALM");
    ck_assert_str_eq(h2client_http2_code_name(0x0d), "HTTP_1_1_REQUIRED");
    ck_assert_str_eq(h2client_http2_code_name(0x0e), "unknown");
    ck_assert_str_eq(h2client_http2_code_name(-1), "unknown");
    ck_assert_str_eq(h2client_http2_code_name(INT64_C(0x100000000)), "unknown");
}

TEST(fault_holds_code_and_text)
{
    h2client_fault fault = h2i_fault(H2CLIENT_ERROR_TLS_ALPN, "chose \"%s\"", "h3");
    ck_assert_int_eq(fault.code, H2CLIENT_ERROR_TLS_ALPN);
    ck_assert_str_eq(fault.text, "chose \"h3\"");
    ck_assert_int_eq(fault.system_errno, 0);
    ck_assert_int_eq(fault.tls_alert, -1);
    ck_assert_int_eq(fault.dns_status, 0);
    ck_assert_int_eq(fault.limit, H2CLIENT_LIMIT_NONE);
}

TEST(fault_text_is_cut_to_its_room)
{
    h2client_fault fault = h2i_fault(H2CLIENT_ERROR_CONNECT_FAILED, "%0500d", 7);
    ck_assert_uint_eq(strlen(fault.text), sizeof fault.text - 1);
}

TEST(fault_of_errno_knows_the_few_that_have_a_code)
{
    static const struct {
        int system_errno;
        h2client_error_code code;
    } rows[] = {
        {EMFILE, H2CLIENT_ERROR_NO_DESCRIPTORS},
        {ENFILE, H2CLIENT_ERROR_NO_DESCRIPTORS},
        {ENOMEM, H2CLIENT_ERROR_NO_MEMORY},
        {ECONNREFUSED, H2CLIENT_ERROR_CONNECT_REFUSED},
        {ENETUNREACH, H2CLIENT_ERROR_CONNECT_FAILED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        h2client_fault fault =
            h2i_fault_of_errno(rows[i].system_errno, H2CLIENT_ERROR_CONNECT_FAILED, "connect");
        ck_assert_int_eq(fault.code, rows[i].code);
        ck_assert_int_eq(fault.system_errno, rows[i].system_errno);
    }
}

TEST(fault_of_errno_says_what_failed_and_why)
{
    h2client_fault fault = h2i_fault_of_errno(ECONNRESET, H2CLIENT_ERROR_CONNECTION_RESET, "read");
    ck_assert_str_eq(fault.text, "read: Connection reset by peer");
}

TEST(fault_of_timeout_names_its_limit)
{
    h2client_fault fault = h2i_fault_of_timeout(H2CLIENT_LIMIT_FIRST_BYTE, 60000);
    ck_assert_int_eq(fault.code, H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(fault.limit, H2CLIENT_LIMIT_FIRST_BYTE);
    ck_assert_str_eq(fault.text, "first byte timeout after 60000 ms");
}

static void assert_address(const char *literal, uint16_t port, const char *expected)
{
    char buf[H2CLIENT_ADDRESS_TEXT_MAX];
    h2client_address address;
    ck_assert_msg(h2client_address_parse(literal, &address), "%s was refused", literal);
    ck_assert_uint_eq(address.port, 0);
    address.port = port;
    ck_assert_ptr_eq(h2client_address_format(&address, buf, sizeof buf), buf);
    ck_assert_str_eq(buf, expected);
}

TEST(ipv4_addresses_are_read_and_written)
{
    assert_address("192.0.2.1", 443, "192.0.2.1:443");
    assert_address("255.255.255.255", 65535, "255.255.255.255:65535");
    assert_address("0.0.0.0", 0, "0.0.0.0");
}

TEST(ipv4_address_is_in_network_order)
{
    h2client_address address;
    ck_assert(h2client_address_parse("192.0.2.1", &address));
    ck_assert_uint_eq(address.family, 4);
    ck_assert_mem_eq(address.bytes, "\xc0\x00\x02\x01", 4);
}

TEST(ipv6_addresses_are_read_and_written)
{
    assert_address("2001:DB8:0:0::1", 443, "[2001:db8::1]:443");
    assert_address("::1", 0, "::1");
    assert_address("::ffff:192.0.2.1", 80, "[::ffff:192.0.2.1]:80");
    assert_address("64:ff9b::192.0.2.33", 0, "64:ff9b::c000:221");
}

TEST(numeric_zones_are_read_and_written)
{
    assert_address("fe80::1%2", 443, "[fe80::1%2]:443");
    assert_address("fe80::1%4294967295", 0, "fe80::1%4294967295");
}

TEST(longest_address_fits_its_text)
{
    assert_address("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%4294967295", 65535,
                   "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
}

TEST(what_is_no_address_is_refused)
{
    static const char *const literals[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "0x1.2.3.4",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4:80",
        "1.2.3.4%1",
        "[::1]",
        ":::",
        "1::2::3",
        "12345::",
        "::1%",
        "::1%0",
        "::1%eth0",
        "::1%1%2",
        "::1%+1",
        "::1% 1",
        "::1%4294967296",
        "::01.2.3.4",
        "example.org",
        ":1",
        "1:2:3:4:5:6",
        "::1.2.3",
        "1:2:3:4:5:6:7:8:9",
        "::g",
        "%1",
        "00000000000000000000000000000000000000000000000000000000000000000000000000::1",
    };
    static const h2client_address none;
    for (size_t i = 0; i < sizeof literals / sizeof literals[0]; i++) {
        h2client_address address;
        ck_assert_msg(!h2client_address_parse(literals[i], &address), "%s", literals[i]);
        ck_assert_mem_eq(&address, &none, sizeof none);
    }
}

TEST(address_without_family_is_written_as_nothing)
{
    char buf[H2CLIENT_ADDRESS_TEXT_MAX] = "old";
    static const h2client_address none;
    ck_assert_str_eq(h2client_address_format(&none, buf, sizeof buf), "");
}

TEST(address_is_cut_to_the_room_that_there_is)
{
    char buf[8] = "";
    h2client_address address;
    ck_assert(h2client_address_parse("192.0.2.1", &address));
    ck_assert_str_eq(h2client_address_format(&address, buf, sizeof buf), "192.0.2");
}

TEST_MAIN("base", {T(size_add_tells_overflow)}, {T(size_mul_tells_overflow)},
          {T(array_whose_size_overflows_is_not_allocated)}, {T(nothing_is_allocated_as_one_byte)},
          {T(default_allocator_grows_a_block_and_keeps_its_bytes)}, {T(copied_text_ends_with_nul)},
          {T(text_is_not_copied_without_memory)}, {T(list_gives_back_in_the_order_of_appending)},
          {T(list_node_is_linked_only_while_on_a_list)}, {T(list_splice_moves_all_to_the_end)},
          {T(error_codes_have_their_row_of_the_table)}, {T(error_codes_have_a_class_to_switch_on)},
          {T(unknown_error_codes_are_told_as_such)},
          {T(error_codes_stay_in_the_hundred_of_their_group)},
          {T(phases_limits_and_replay_classes_have_names)},
          {T(http2_codes_have_the_names_of_the_rfc)}, {T(fault_holds_code_and_text)},
          {T(fault_text_is_cut_to_its_room)}, {T(fault_of_errno_knows_the_few_that_have_a_code)},
          {T(fault_of_errno_says_what_failed_and_why)}, {T(fault_of_timeout_names_its_limit)},
          {T(ipv4_addresses_are_read_and_written)}, {T(ipv4_address_is_in_network_order)},
          {T(ipv6_addresses_are_read_and_written)}, {T(numeric_zones_are_read_and_written)},
          {T(longest_address_fits_its_text)}, {T(what_is_no_address_is_refused)},
          {T(address_without_family_is_written_as_nothing)},
          {T(address_is_cut_to_the_room_that_there_is)})
