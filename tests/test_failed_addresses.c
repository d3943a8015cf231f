/* SPDX-License-Identifier: MIT */
/* The memory of addresses that failed, by itself; what it is for is in test_race.c. */
#include "transport/failed_addresses.h"

#include "tests/support/test_main.h"

TEST(memory_is_bounded_and_forgets_the_oldest)
{
    static struct h2i_failed_addresses memory = {.ttl_us = INT64_MAX};
    h2client_address address = {.family = 4};

    for (uint16_t port = 1; port <= H2I_MAX_FAILED_ADDRESSES + 2; port++) {
        address.port = port;
        h2i_failed_addresses_note(&memory, &address, port);
    }
    ck_assert_uint_eq(memory.n, H2I_MAX_FAILED_ADDRESSES);
    for (uint16_t port = 1; port <= H2I_MAX_FAILED_ADDRESSES + 2; port++) {
        address.port = port;
        ck_assert_int_eq(h2i_failed_addresses_has(&memory, &address, 1000), port > 2);
    }
}

TEST(memory_tells_ports_and_zones_apart)
{
    static struct h2i_failed_addresses memory = {.ttl_us = 1};
    h2client_address address = {.family = 6, .port = 443, .scope_id = 1};

    h2i_failed_addresses_note(&memory, &address, 0);
    ck_assert(h2i_failed_addresses_has(&memory, &address, 0));
    address.scope_id = 2;
    ck_assert(!h2i_failed_addresses_has(&memory, &address, 0));
    address.scope_id = 1;
    address.port = 444;
    ck_assert(!h2i_failed_addresses_has(&memory, &address, 0));
}

TEST(memory_notes_an_address_again_without_growing)
{
    static struct h2i_failed_addresses memory = {.ttl_us = 10};
    const h2client_address address = {.family = 4, .port = 443};

    h2i_failed_addresses_note(&memory, &address, 0);
    h2i_failed_addresses_note(&memory, &address, 5);
    ck_assert_uint_eq(memory.n, 1);
    ck_assert(h2i_failed_addresses_has(&memory, &address, 14));
    ck_assert(!h2i_failed_addresses_has(&memory, &address, 15));
}

TEST(memory_forgets_what_it_is_told_to_and_nothing_else)
{
    static struct h2i_failed_addresses memory = {.ttl_us = INT64_MAX};
    h2client_address address = {.family = 4};

    for (address.port = 1; address.port <= 3; address.port++)
        h2i_failed_addresses_note(&memory, &address, 0);
    address.port = 2;
    h2i_failed_addresses_forget(&memory, &address);
    h2i_failed_addresses_forget(&memory, &address);
    for (address.port = 1; address.port <= 3; address.port++)
        ck_assert_int_eq(h2i_failed_addresses_has(&memory, &address, 1), address.port != 2);
}

TEST_MAIN("failed_addresses", {T(memory_is_bounded_and_forgets_the_oldest)},
          {T(memory_tells_ports_and_zones_apart)},
          {T(memory_notes_an_address_again_without_growing)},
          {T(memory_forgets_what_it_is_told_to_and_nothing_else)})
