/* SPDX-License-Identifier: MIT */
/* What a race without a winner says: every address with its reason, as far as they fit. */
#include "transport/race_fault.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test_main.h"

/* Another address of the race, at port 443, and what became of it. */
static void enter(struct h2i_race *race, const char *literal, int outcome)
{
    struct h2i_entrant *entrant = &race->entrants[race->n++];

    ck_assert(h2client_address_parse(literal, &entrant->address));
    entrant->address.port = 443;
    entrant->outcome = outcome;
}

static void expect(const struct h2i_race *race, enum h2i_race_verb verb, h2client_error_code code,
                   const char *text)
{
    h2client_fault fault = h2i_race_fault(race, verb, "example.org");

    ck_assert_str_eq(fault.text, text);
    ck_assert_int_eq(fault.code, code);
    ck_assert_int_eq(fault.tls_alert, -1);
}

TEST(every_address_is_named_with_its_reason)
{
    struct h2i_race race = {.n = 0};

    enter(&race, "2001:db8::1", ETIMEDOUT);
    enter(&race, "192.0.2.1", ECONNREFUSED);
    enter(&race, "192.0.2.2", H2I_RACE_FILTERED);
    enter(&race, "fe80::1%2", H2I_RACE_WRONG_FAMILY);
    expect(&race, H2I_RACE_LOST, H2CLIENT_ERROR_CONNECT_FAILED,
           "connect to example.org failed: [2001:db8::1]:443: connection timed out, "
           "192.0.2.1:443: connection refused, "
           "192.0.2.2:443: not allowed by the address filter, "
           "[fe80::1%2]:443: IPv6 is not wanted");
}

TEST(limit_tells_who_was_silent_and_who_had_no_turn)
{
    struct h2i_race race = {.config = {.limit_us = 300000}};
    h2client_fault fault;

    enter(&race, "2001:db8::1", H2I_RACE_UNDER_WAY);
    enter(&race, "192.0.2.1", ECONNREFUSED);
    enter(&race, "192.0.2.2", H2I_RACE_NOT_TRIED);
    expect(&race, H2I_RACE_LATE, H2CLIENT_ERROR_TIMEOUT,
           "sock connect timeout after 300 ms: connect to example.org failed: "
           "[2001:db8::1]:443: timed out, 192.0.2.1:443: connection refused, "
           "192.0.2.2:443: not tried");
    fault = h2i_race_fault(&race, H2I_RACE_LATE, "example.org");
    ck_assert_int_eq(fault.limit, H2CLIENT_LIMIT_SOCK_CONNECT);
}

TEST(refused_is_what_all_have_refused)
{
    struct h2i_race race = {.n = 0};

    enter(&race, "192.0.2.1", ECONNREFUSED);
    enter(&race, "192.0.2.2", ECONNREFUSED);
    expect(&race, H2I_RACE_LOST, H2CLIENT_ERROR_CONNECT_REFUSED,
           "connect to example.org failed: 192.0.2.1:443: connection refused, "
           "192.0.2.2:443: connection refused");
    race.entrants[1].outcome = H2I_RACE_FILTERED;
    ck_assert_int_eq(h2i_race_fault(&race, H2I_RACE_LOST, "h").code, H2CLIENT_ERROR_CONNECT_FAILED);
}

TEST(shortage_comes_before_anything_else)
{
    struct h2i_race race = {.n = 0};

    enter(&race, "192.0.2.1", EHOSTUNREACH);
    enter(&race, "192.0.2.2", EMFILE);
    enter(&race, "192.0.2.3", H2I_RACE_NOT_TRIED);
    expect(&race, H2I_RACE_LOST, H2CLIENT_ERROR_NO_DESCRIPTORS,
           "connect to example.org failed: 192.0.2.1:443: no route to host, "
           "192.0.2.2:443: too many open files, 192.0.2.3:443: not tried");
}

TEST(race_without_addresses_says_so)
{
    struct h2i_race race = {.n = 0};

    expect(&race, H2I_RACE_LOST, H2CLIENT_ERROR_CONNECT_FAILED,
           "connect to example.org failed: no address to connect to");
}

/* Whatever the lengths, the text ends with a whole reason or with how many there are more. */
static void expect_count(const struct h2i_race *race, const char *host)
{
    h2client_fault fault = h2i_race_fault(race, H2I_RACE_LOST, host);
    const char *more = strstr(fault.text, ", ... and ");
    int n_told = 0;

    for (const char *at = fault.text; (at = strstr(at, "]:443: no route to host")); at++)
        n_told++;
    ck_assert_msg(more && atoi(more + strlen(", ... and ")) == 64 - n_told, "%s", fault.text);
    ck_assert_str_eq(fault.text + strlen(fault.text) - strlen(" more"), " more");
}

TEST(what_has_no_room_is_counted)
{
    struct h2i_race race = {.n = 0};
    char literal[40];
    char host[256];

    for (int i = 0; i < 64; i++) {
        snprintf(literal, sizeof literal, "2001:db8::%x", i);
        enter(&race, literal, EHOSTUNREACH);
    }
    for (size_t len = 1; len < sizeof host; len++) {
        memset(host, 'a', len);
        host[len] = 0;
        expect_count(&race, host);
    }
}

TEST_MAIN("race_fault", {T(every_address_is_named_with_its_reason)},
          {T(limit_tells_who_was_silent_and_who_had_no_turn)},
          {T(refused_is_what_all_have_refused)}, {T(shortage_comes_before_anything_else)},
          {T(race_without_addresses_says_so)}, {T(what_has_no_room_is_counted)})
