/* SPDX-License-Identifier: MIT */
/* Maps: thousands of entries, collisions, removal, failing memory; and the hash. */
#include "tests/support/test_main.h"

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "tests/support/test_alloc.h"

#define N_ENTRIES 5000

struct thing {
    struct h2i_map_entry entry;
    char key[24];
};

struct rig {
    struct h2t_alloc alloc;
    struct h2i_map map;
    struct thing things[N_ENTRIES];
};

static void rig_init(struct rig *rig)
{
    const uint64_t seed[2] = {h2t_seed(), 2};
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    h2i_map_init(&rig->map, &rig->alloc.allocator, seed);
    for (int i = 0; i < N_ENTRIES; i++) {
        struct thing *thing = &rig->things[i];
        thing->entry.key = thing->key;
        thing->entry.key_len = (size_t)snprintf(thing->key, sizeof thing->key, "key%d", i);
    }
}

static void rig_finish(struct rig *rig)
{
    h2i_map_finish(&rig->map);
    h2t_alloc_check(&rig->alloc);
}

static void insert(struct rig *rig, int first, int end)
{
    for (int i = first; i < end; i++)
        ck_assert(h2i_map_insert(&rig->map, &rig->things[i].entry));
}

static bool is_found(struct rig *rig, int i)
{
    struct thing *thing = &rig->things[i];
    struct h2i_map_entry *found = h2i_map_find(&rig->map, thing->key, thing->entry.key_len);
    ck_assert(!found || found == &thing->entry);
    return found != NULL;
}

TEST(map_without_entries_finds_nothing)
{
    static struct rig rig;
    rig_init(&rig);
    ck_assert(!is_found(&rig, 0));
    ck_assert_ptr_null(h2i_map_any(&rig.map));
    ck_assert_uint_eq(rig.alloc.n_calls, 0);
    rig_finish(&rig);
}

TEST(map_finds_each_of_thousands)
{
    static struct rig rig;
    rig_init(&rig);
    insert(&rig, 0, N_ENTRIES - 1);
    for (int i = 0; i < N_ENTRIES - 1; i++)
        ck_assert(is_found(&rig, i));
    ck_assert(!is_found(&rig, N_ENTRIES - 1));
    ck_assert_uint_eq(rig.map.n_entries, N_ENTRIES - 1);
    rig_finish(&rig);
}

TEST(map_has_at_least_a_bucket_an_entry)
{
    static struct rig rig;
    rig_init(&rig);
    insert(&rig, 0, N_ENTRIES);
    ck_assert_uint_ge(rig.map.n_buckets, N_ENTRIES);
    ck_assert_uint_le(rig.alloc.n_calls, 10);
    rig_finish(&rig);
}

TEST(map_forgets_what_was_removed_and_nothing_else)
{
    static struct rig rig;
    rig_init(&rig);
    insert(&rig, 0, N_ENTRIES);
    for (int i = 0; i < N_ENTRIES; i += 3)
        h2i_map_remove(&rig.map, &rig.things[i].entry);
    for (int i = 0; i < N_ENTRIES; i++)
        ck_assert_int_eq(is_found(&rig, i), i % 3 != 0);
    for (int i = 0; i < N_ENTRIES; i += 3)
        insert(&rig, i, i + 1);
    for (int i = 0; i < N_ENTRIES; i++)
        ck_assert(is_found(&rig, i));
    rig_finish(&rig);
}

/* A map that cannot grow has one chain in each of its first buckets. */
TEST(map_works_with_long_chains_when_it_cannot_grow)
{
    static struct rig rig;
    rig_init(&rig);
    insert(&rig, 0, 1);
    rig.alloc.fail_at = rig.alloc.n_calls + 1;
    rig.alloc.fail_for_ever = true;
    insert(&rig, 1, 500);
    ck_assert_uint_eq(rig.map.n_buckets, 16);
    for (int i = 0; i < 500; i += 2)
        h2i_map_remove(&rig.map, &rig.things[i].entry);
    for (int i = 0; i < 500; i++)
        ck_assert_int_eq(is_found(&rig, i), i % 2 != 0);
    rig_finish(&rig);
}

TEST(map_refuses_its_first_entry_without_memory)
{
    static struct rig rig;
    rig_init(&rig);
    rig.alloc.fail_at = 1;
    ck_assert(!h2i_map_insert(&rig.map, &rig.things[0].entry));
    ck_assert(!is_found(&rig, 0));
    insert(&rig, 0, 1);
    ck_assert(is_found(&rig, 0));
    rig_finish(&rig);
}

TEST(map_is_emptied_by_taking_any)
{
    static struct rig rig;
    struct h2i_map_entry *entry;
    int n = 0;
    rig_init(&rig);
    insert(&rig, 0, 100);
    while ((entry = h2i_map_any(&rig.map))) {
        h2i_map_remove(&rig.map, entry);
        n++;
    }
    ck_assert_int_eq(n, 100);
    rig_finish(&rig);
}

TEST(map_keys_are_bytes_of_any_value_and_length)
{
    static struct rig rig;
    rig_init(&rig);
    struct h2i_map_entry empty = {.key = "", .key_len = 0};
    struct h2i_map_entry nul = {.key = "\0", .key_len = 1};
    struct h2i_map_entry nuls = {.key = "\0\0", .key_len = 2};
    ck_assert(h2i_map_insert(&rig.map, &empty));
    ck_assert(h2i_map_insert(&rig.map, &nul));
    ck_assert(h2i_map_insert(&rig.map, &nuls));
    ck_assert_ptr_eq(h2i_map_find(&rig.map, NULL, 0), &empty);
    ck_assert_ptr_eq(h2i_map_find(&rig.map, "\0\0", 1), &nul);
    ck_assert_ptr_eq(h2i_map_find(&rig.map, "\0\0", 2), &nuls);
    rig_finish(&rig);
}

/* The paper's vectors: key 00 01 .. 0f, data 00 01 .. of each length. */
static const uint64_t vector_seed[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

static uint64_t hash_of_count(size_t len)
{
    uint8_t data[64];
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)i;
    return h2i_siphash(vector_seed, data, len);
}

TEST(siphash_agrees_with_the_reference_vectors)
{
    static const uint64_t vectors[] = {
        0x726fdb47dd0e0e31u, 0x74f839c593dc67fdu, 0x0d6c8009d9a94f5au, 0x85676696d7fb7e2du,
        0xcf2794e0277187b7u, 0x18765564cd99a68du, 0xcbc9466e58fee3ceu, 0xab0200f58b01d137u,
        0x93f5f5799a932462u, 0x9e0082df0ba9e4b0u, 0x7a5dbbc594ddb9f3u, 0xf4b32f46226bada7u,
        0x751e8fbc860ee5fbu, 0x14ea5627c0843d90u, 0xf723ca908e7af2eeu, 0xa129ca6149be45e5u,
    };
    for (size_t len = 0; len < sizeof vectors / sizeof vectors[0]; len++)
        ck_assert_uint_eq(hash_of_count(len), vectors[len]);
    ck_assert_uint_eq(hash_of_count(63), 0x958a324ceb064572u);
}

TEST(siphash_depends_on_both_halves_of_the_seed)
{
    uint64_t plain = h2i_siphash((uint64_t[]){1, 2}, "abc", 3);
    ck_assert_uint_ne(plain, h2i_siphash((uint64_t[]){3, 2}, "abc", 3));
    ck_assert_uint_ne(plain, h2i_siphash((uint64_t[]){1, 3}, "abc", 3));
}

TEST_MAIN("map", {T(map_without_entries_finds_nothing)}, {T(map_finds_each_of_thousands)},
          {T(map_has_at_least_a_bucket_an_entry)},
          {T(map_forgets_what_was_removed_and_nothing_else)},
          {T(map_works_with_long_chains_when_it_cannot_grow)},
          {T(map_refuses_its_first_entry_without_memory)}, {T(map_is_emptied_by_taking_any)},
          {T(map_keys_are_bytes_of_any_value_and_length)},
          {T(siphash_agrees_with_the_reference_vectors)},
          {T(siphash_depends_on_both_halves_of_the_seed)})
