/* SPDX-License-Identifier: MIT */
/* The resolver over c-ares: answers, failures and ends. */
#include <stdio.h>
#include <string.h>

#include "tests/support/ares_rig.h"
#include "tests/support/test_main.h"

static void expect_fault(const struct h2t_dns_answer *answers, h2client_error_code code)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_open(&rig, answers);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, 0);
    ck_assert_msg(lookup.fault.code == code, "%d, not %d: %s", lookup.fault.code, code,
                  lookup.fault.text);
    ck_assert_int_ne(lookup.fault.dns_status, 0);
    ck_assert_ptr_nonnull(strstr(lookup.fault.text, "a.example"));
    h2t_ares_finish(&rig);
}

/* ---- answers ---- */

TEST(a_and_aaaa_make_one_question_each)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_open(&rig, h2t_both);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, 3);
    ck_assert_ptr_nonnull(strstr(lookup.text, "192.0.2.1,192.0.2.2"));
    ck_assert_ptr_nonnull(strstr(lookup.text, "2001:db8::1"));
    ck_assert_uint_eq(lookup.n_reports, 2);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_A), 1);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_AAAA), 1);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(one_family_does_not_wait_for_the_other)
{
    static const struct h2t_dns_answer answers[] = {
        {.type = H2T_DNS_AAAA, .is_silent = true},
        {.type = H2T_DNS_A, .addresses = "192.0.2.1", .ttls = {60}},
        {.name = NULL}};
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup = {0};

    h2t_ares_open(&rig, answers);
    h2t_ares_start(&rig, &lookup, "a.example");
    while (lookup.n_reports == 0)
        h2t_ares_turn(&rig);
    ck_assert_str_eq(lookup.text, "192.0.2.1");
    ck_assert(!lookup.is_done);
    h2t_lookup_cancel(&lookup);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(ttl_is_the_least_of_the_addresses)
{
    static const struct h2t_dns_answer answers[] = {
        {.type = H2T_DNS_A, .addresses = "192.0.2.1 192.0.2.2 192.0.2.3", .ttls = {60, 50, 55}},
        {.is_silent = true},
        {.name = NULL}};
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup = {0};

    h2t_ares_open(&rig, answers);
    h2t_ares_start(&rig, &lookup, "a.example");
    while (lookup.n_reports == 0)
        h2t_ares_turn(&rig);
    ck_assert_int_eq(lookup.ttl_s, 50);
    h2t_lookup_cancel(&lookup);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(ttl_is_the_aliass_where_that_is_less)
{
    static const struct h2t_dns_answer answers[] = {{.type = H2T_DNS_A,
                                                     .alias = "b.example",
                                                     .alias_ttl = 7,
                                                     .addresses = "192.0.2.1",
                                                     .ttls = {60}},
                                                    {.is_silent = true},
                                                    {.name = NULL}};
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup = {0};

    h2t_ares_open(&rig, answers);
    h2t_ares_start(&rig, &lookup, "a.example");
    while (lookup.n_reports == 0)
        h2t_ares_turn(&rig);
    ck_assert_str_eq(lookup.text, "192.0.2.1");
    ck_assert_int_eq(lookup.ttl_s, 7);
    h2t_lookup_cancel(&lookup);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(ttl_of_zero_or_with_the_top_bit_is_zero)
{
    static struct h2t_dns_answer answers[] = {
        {.type = H2T_DNS_A, .addresses = "192.0.2.1 192.0.2.2", .ttls = {60, 0}},
        {.type = H2T_DNS_AAAA, .addresses = "2001:db8::1", .ttls = {0x80000000}}, /* RFC 2181 8 */
        {.name = NULL}};
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup = {0};

    h2t_ares_open(&rig, answers);
    h2t_ares_start(&rig, &lookup, "a.example");
    while (!lookup.is_done) {
        h2t_ares_turn(&rig);
        ck_assert_int_eq(lookup.ttl_s, 0);
    }
    h2t_ares_finish(&rig);
}
END_TEST

TEST(resolver_without_questions_wants_no_time)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_open(&rig, h2t_both);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), INT64_MAX);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(family_nobody_wants_is_not_asked_for)
{
    static const struct {
        h2client_ip_family family;
        const char *text;
        size_t n_a, n_aaaa;
    } rows[] = {{H2CLIENT_IP_V4, "192.0.2.1,192.0.2.2", 1, 0},
                {H2CLIENT_IP_V6, "2001:db8::1", 0, 1}};

    for (size_t i = 0; i < 2; i++) {
        struct h2t_ares_rig rig;
        struct h2t_lookup lookup;
        h2t_ares_init(&rig, h2t_both);
        struct h2i_ares_config config =
            h2t_ares_config(h2t_dns_server_name(rig.server), H2T_LONG_MS);
        config.family = rows[i].family;
        h2t_ares_make_with(&rig, &config);
        h2t_ares_ask(&rig, &lookup, "a.example");
        ck_assert_str_eq(lookup.text, rows[i].text);
        ck_assert_uint_eq(lookup.n_reports, 1);
        ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_A), rows[i].n_a);
        ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_AAAA), rows[i].n_aaaa);
        h2t_ares_ask(&rig, &lookup, "no.such.example");
        ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_NOT_FOUND);
        h2t_ares_finish(&rig);
    }
}
END_TEST

TEST(truncated_answer_is_asked_for_over_tcp)
{
    static const struct h2t_dns_answer answers[] = {
        {.type = H2T_DNS_A, .is_truncated = true, .addresses = "192.0.2.1", .ttls = {60}},
        {.name = "a.example"},
        {.name = NULL}};
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_open(&rig, answers);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "192.0.2.1");
    ck_assert_uint_eq(h2t_dns_server_n_over_tcp(rig.server), 1);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(sixty_four_of_two_hundred_addresses_are_used)
{
    static const struct h2t_dns_answer answers[] = {
        {.type = H2T_DNS_A, .n_more_addresses = 200, .ttls = {0, 0, 0, 60}},
        {.name = "a.example"},
        {.name = NULL}};
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_open(&rig, answers);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, H2CLIENT_MAX_ADDRESSES);
    ck_assert_uint_eq(h2t_dns_server_n_over_tcp(rig.server), 1);
    h2t_ares_finish(&rig);
}
END_TEST

/* ---- failures ---- */

TEST(unknown_name_is_not_found)
{
    static const struct h2t_dns_answer answers[] = {{.name = NULL}};

    expect_fault(answers, H2CLIENT_ERROR_DNS_NOT_FOUND);
}
END_TEST

TEST(name_without_addresses_has_no_data)
{
    static const struct h2t_dns_answer answers[] = {{.name = "a.example"}, {.name = NULL}};

    expect_fault(answers, H2CLIENT_ERROR_DNS_NO_DATA);
}
END_TEST

TEST(failing_or_refusing_server_is_named)
{
    static const struct h2t_dns_answer refusing[] = {{.rcode = H2T_DNS_REFUSED}, {.name = NULL}};

    expect_fault(h2t_failing, H2CLIENT_ERROR_DNS_SERVER_FAILED);
    expect_fault(refusing, H2CLIENT_ERROR_DNS_SERVER_FAILED);
}
END_TEST

TEST(server_failure_says_more_than_no_data)
{
    static const struct h2t_dns_answer answers[] = {
        {.type = H2T_DNS_A, .rcode = H2T_DNS_SERVFAIL}, {.name = "a.example"}, {.name = NULL}};

    expect_fault(answers, H2CLIENT_ERROR_DNS_SERVER_FAILED);
}
END_TEST

TEST(silent_server_is_unreachable)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_init(&rig, h2t_silence);
    h2t_ares_make(&rig, h2t_dns_server_name(rig.server), H2T_SHORT_MS);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_UNREACHABLE);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_A), 2);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(port_where_nobody_listens_is_unreachable_at_once)
{
    char name[32];
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_init(&rig, h2t_both);
    snprintf(name, sizeof name, "%s", h2t_dns_server_name(rig.server));
    h2t_ares_make(&rig, name, H2T_LONG_MS);
    h2t_dns_server_destroy(rig.server);
    rig.server = NULL;
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_UNREACHABLE);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(reason_is_told_behind_the_longest_name)
{
    static const struct h2t_dns_answer answers[] = {{.name = NULL}};
    char name[254];
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 50 == 49 ? '.' : 'x';
    name[253] = 0;
    h2t_ares_open(&rig, answers);
    h2t_ares_ask(&rig, &lookup, name);
    ck_assert_ptr_nonnull(strstr(lookup.fault.text, "host xxx"));
    ck_assert_ptr_nonnull(strstr(lookup.fault.text, "...: Domain name not found"));
    h2t_ares_finish(&rig);
}
END_TEST

TEST(failure_of_one_family_leaves_the_other_a_success)
{
    static const struct h2t_dns_answer answers[] = {
        {.type = H2T_DNS_A, .rcode = H2T_DNS_SERVFAIL},
        {.type = H2T_DNS_AAAA, .addresses = "2001:db8::1", .ttls = {60}},
        {.name = NULL}};
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_open(&rig, answers);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "2001:db8::1");
    h2t_ares_finish(&rig);
}
END_TEST

/* ---- taking back ---- */

TEST(cancel_before_the_answer)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup = {0}, other;
    uint64_t n_live;

    h2t_ares_open(&rig, h2t_both);
    h2t_ares_ask(&rig, &other, "a.example");
    n_live = rig.alloc.n_live;
    h2t_ares_start(&rig, &lookup, "a.example");
    h2t_lookup_cancel(&lookup);
    h2t_ares_ask(&rig, &other, "a.example");
    ck_assert_uint_eq(lookup.n_reports, 0);
    ck_assert_uint_eq(rig.alloc.n_live, n_live);
    h2t_ares_finish(&rig);
}
END_TEST

static void cancel_self(struct h2t_lookup *lookup, const h2client_addresses *addresses)
{
    (void)addresses;
    if (lookup->query)
        h2t_lookup_cancel(lookup);
}

TEST(cancel_between_the_two_families)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup = {.on_report = cancel_self}, other = {0};

    h2t_ares_open(&rig, h2t_both);
    h2t_ares_start(&rig, &lookup, "a.example");
    h2t_ares_start(&rig, &other, "a.example");
    while (!other.is_done)
        h2t_ares_turn(&rig);
    ck_assert_uint_eq(lookup.n_reports, 1);
    h2t_ares_finish(&rig);
}
END_TEST

static void cancel_other(struct h2t_lookup *lookup, const h2client_addresses *addresses)
{
    struct h2t_lookup *other = lookup->user;

    (void)addresses;
    if (other->query)
        h2t_lookup_cancel(other);
}

/* The other one's answer waits to be told, in the same turn. */
TEST(cancel_of_another_between_its_answer_and_its_report)
{
    static const struct h2t_dns_answer answers[] = {
        {.type = H2T_DNS_A, .addresses = "192.0.2.1", .ttls = {60}},
        {.is_silent = true},
        {.name = NULL}};
    struct h2t_ares_rig rig;
    struct h2t_lookup other = {0}, lookup = {.on_report = cancel_other, .user = &other};

    h2t_ares_open(&rig, answers);
    h2t_ares_start(&rig, &other, "a.example");
    while (h2t_dns_server_n_asked(rig.server, H2T_DNS_A) == 0)
        h2t_ares_turn(&rig);
    h2t_ares_start(&rig, &lookup, "a..example"); /* c-ares answers at once */
    while (!lookup.is_done)
        h2t_ares_turn(&rig);
    ck_assert_uint_eq(other.n_reports, 0);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(destroy_with_questions_under_way)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookups[3] = {{0}};

    h2t_ares_open(&rig, h2t_silence);
    for (int i = 0; i < 3; i++)
        h2t_ares_start(&rig, &lookups[i], "a.example");
    h2t_lookup_cancel(&lookups[0]);
    while (h2t_dns_server_n_asked(rig.server, H2T_DNS_AAAA) < 3)
        h2t_ares_turn(&rig);
    h2t_ares_finish(&rig);
    ck_assert_uint_eq(lookups[1].n_reports + lookups[2].n_reports, 0);
}
END_TEST

TEST(destroy_of_old_and_new_channels_leaves_no_task)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup before = {0}, after = {0};

    h2t_ares_open(&rig, h2t_both);
    h2t_ares_start(&rig, &before, "a.example");
    rig.resolver->ops->flush(rig.resolver);
    h2t_ares_start(&rig, &after, "a.example");
    rig.resolver->ops->destroy(rig.resolver);
    rig.resolver = NULL;
    ck_assert_int_eq(h2i_reactor_turn(&rig.reactor, 0), H2CLIENT_OK);
    ck_assert_uint_eq(before.n_reports + after.n_reports, 0);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(destroy_with_answers_not_told)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup = {0};

    h2t_ares_open(&rig, h2t_both);
    h2t_ares_start(&rig, &lookup, "a..example"); /* c-ares answers at once, inside the question */
    ck_assert_uint_eq(lookup.n_reports, 0);
    h2t_ares_finish(&rig);
    ck_assert_uint_eq(lookup.n_reports, 0);
}
END_TEST

/* The first server refused, the second one says nothing. */
static void open_at_second_server(struct h2t_ares_rig *rig, struct h2t_lookup *lookup)
{
    memset(lookup, 0, sizeof *lookup);
    h2t_ares_open_two(rig, h2t_failing, h2t_silence, H2T_LONG_MS);
    h2t_ares_start(rig, lookup, "a.example");
    while (h2t_dns_server_n_asked(rig->server, H2T_DNS_A) == 0)
        h2t_ares_turn(rig);
}

TEST(cancel_while_the_next_server_is_asked)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup, other;

    open_at_second_server(&rig, &lookup);
    h2t_lookup_cancel(&lookup);
    h2t_dns_server_change(rig.first, h2t_both);
    h2t_ares_ask(&rig, &other, "a.example");
    ck_assert_uint_eq(lookup.n_reports, 0);
    ck_assert_uint_eq(other.n_addresses, 3);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(destroy_while_the_next_server_is_asked)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    open_at_second_server(&rig, &lookup);
    h2t_ares_finish(&rig);
    ck_assert_uint_eq(lookup.n_reports, 0);
}
END_TEST

TEST(flush_lets_questions_under_way_end)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup before = {0}, after;

    h2t_ares_open(&rig, h2t_both);
    h2t_ares_start(&rig, &before, "a.example");
    rig.resolver->ops->flush(rig.resolver);
    h2t_ares_ask(&rig, &after, "a.example");
    while (!before.is_done)
        h2t_ares_turn(&rig);
    ck_assert_uint_eq(before.n_addresses + after.n_addresses, 6);
    h2t_ares_finish(&rig);
}
END_TEST

/* ---- without memory ---- */

/* The first server refuses, so that a second channel is made. */
static uint64_t run_without_memory(uint64_t fail_at, bool fail_for_ever)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup = {0};
    char servers[128];
    h2client_fault fault;

    h2t_ares_open_two(&rig, h2t_failing, h2t_both, H2T_SHORT_MS);
    rig.resolver->ops->destroy(rig.resolver);
    snprintf(servers, sizeof servers, "%s,%s", h2t_dns_server_name(rig.first),
             h2t_dns_server_name(rig.server));
    const struct h2i_ares_config config = h2t_ares_config(servers, H2T_SHORT_MS);
    uint64_t before = rig.alloc.n_calls;
    rig.alloc.fail_at = fail_at ? before + fail_at : 0;
    rig.alloc.fail_for_ever = fail_for_ever;
    rig.resolver = h2i_ares_resolver_create(&rig.reactor, &config, &fault);
    if (rig.resolver)
        h2t_lookup_start(&lookup, rig.resolver, &rig.reactor, "a.example", 443);
    while (lookup.query)
        h2t_ares_turn(&rig);
    if (lookup.is_done && lookup.n_addresses == 0)
        ck_assert_int_ne(lookup.fault.code, H2CLIENT_ERROR_DNS_NOT_FOUND);
    ck_assert_int_eq(fault.code, rig.resolver ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY);
    uint64_t n_calls = rig.alloc.n_calls - before;
    h2t_ares_finish(&rig);
    return n_calls;
}

TEST(every_allocation_may_fail)
{
    uint64_t n = run_without_memory(0, false);

    ck_assert_uint_ge(n, 8);
    for (uint64_t i = 1; i <= n; i++) {
        run_without_memory(i, false);
        run_without_memory(i, true);
    }
}
END_TEST

/* Of a question that nobody answers: whatever fails at its start says so, and is not
 * taken for the server's failure. */
TEST(want_of_memory_is_not_taken_for_the_servers_failure)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;
    int n_told = 0;

    for (uint64_t i = 1; i <= 6; i++) {
        h2t_ares_open(&rig, h2t_silence);
        rig.alloc.fail_at = rig.alloc.n_calls + i;
        memset(&lookup, 0, sizeof lookup);
        h2t_lookup_start(&lookup, rig.resolver, &rig.reactor, "a.example", 443);
        for (int j = 0; lookup.query && j < 3; j++)
            ck_assert_int_eq(h2i_reactor_turn(&rig.reactor, 0), H2CLIENT_OK);
        if (lookup.is_done)
            ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_NO_MEMORY);
        n_told += lookup.is_done;
        if (lookup.query)
            h2t_lookup_cancel(&lookup);
        h2t_ares_finish(&rig);
    }
    ck_assert_int_ge(n_told, 2); /* the channel, and the timer */
}
END_TEST

TEST_MAIN("ares_resolver", {T(a_and_aaaa_make_one_question_each)},
          {T(one_family_does_not_wait_for_the_other)}, {T(ttl_is_the_least_of_the_addresses)},
          {T(ttl_is_the_aliass_where_that_is_less)}, {T(ttl_of_zero_or_with_the_top_bit_is_zero)},
          {T(resolver_without_questions_wants_no_time)}, {T(family_nobody_wants_is_not_asked_for)},
          {T(truncated_answer_is_asked_for_over_tcp)},
          {T(sixty_four_of_two_hundred_addresses_are_used)}, {T(unknown_name_is_not_found)},
          {T(name_without_addresses_has_no_data)}, {T(failing_or_refusing_server_is_named)},
          {T(server_failure_says_more_than_no_data)}, {T(silent_server_is_unreachable)},
          {T(port_where_nobody_listens_is_unreachable_at_once)},
          {T(reason_is_told_behind_the_longest_name)},
          {T(failure_of_one_family_leaves_the_other_a_success)}, {T(cancel_before_the_answer)},
          {T(cancel_between_the_two_families)},
          {T(cancel_of_another_between_its_answer_and_its_report)},
          {T(destroy_with_questions_under_way)},
          {T(destroy_of_old_and_new_channels_leaves_no_task)}, {T(destroy_with_answers_not_told)},
          {T(cancel_while_the_next_server_is_asked)}, {T(destroy_while_the_next_server_is_asked)},
          {T(flush_lets_questions_under_way_end)}, {T(every_allocation_may_fail)},
          {T(want_of_memory_is_not_taken_for_the_servers_failure)})
