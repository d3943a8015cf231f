/* SPDX-License-Identifier: MIT */
/*
 * Map: chained buckets, doubled when there are as many entries; and SipHash-2-4
 * (Aumasson and Bernstein, 2012), the hash for keys that a peer can choose.
 */
#include "base/map.h"

#include <assert.h>

#define MIN_BUCKETS 16

struct sip_state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t word, int n)
{
    return word << n | word >> (64 - n);
}

static void sip_round(struct sip_state *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate_left(s->v1, 13) ^ s->v0;
    s->v3 = rotate_left(s->v3, 16) ^ s->v2;
    s->v0 = rotate_left(s->v0, 32) + s->v3;
    s->v2 += s->v1;
    s->v1 = rotate_left(s->v1, 17) ^ s->v2;
    s->v3 = rotate_left(s->v3, 21) ^ s->v0;
    s->v2 = rotate_left(s->v2, 32);
}

static void sip_take_word(struct sip_state *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    sip_round(s);
    s->v0 ^= word;
}

/* At most eight bytes, little-endian on every machine. */
static uint64_t load_word(const uint8_t *bytes, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

uint64_t h2i_siphash(const uint64_t seed[2], const void *data, size_t len)
{
    const uint8_t *bytes = data;
    struct sip_state s = {
        seed[0] ^ 0x736f6d6570736575u,
        seed[1] ^ 0x646f72616e646f6du,
        seed[0] ^ 0x6c7967656e657261u,
        seed[1] ^ 0x7465646279746573u,
    };
    size_t n_whole = len - len % 8;
    for (size_t i = 0; i < n_whole; i += 8)
        sip_take_word(&s, load_word(bytes + i, 8));
    uint64_t tail = len % 8 ? load_word(bytes + n_whole, len % 8) : 0;
    sip_take_word(&s, tail | (uint64_t)len << 56);
    s.v2 ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void h2i_map_init(struct h2i_map *map, const h2client_allocator *allocator, const uint64_t seed[2])
{
    *map = (struct h2i_map){.allocator = allocator, .seed = {seed[0], seed[1]}};
}

void h2i_map_finish(struct h2i_map *map)
{
    if (map->buckets)
        h2i_free(map->allocator, map->buckets);
    map->buckets = NULL;
    map->n_buckets = map->n_entries = 0;
}

static struct h2i_map_entry **bucket_of(const struct h2i_map *map, uint64_t hash)
{
    return &map->buckets[hash & (map->n_buckets - 1)];
}

static bool has_key(const struct h2i_map_entry *entry, uint64_t hash, const void *key,
                    size_t key_len)
{
    return entry->hash == hash && entry->key_len == key_len &&
           (key_len == 0 || memcmp(entry->key, key, key_len) == 0);
}

struct h2i_map_entry *h2i_map_find(const struct h2i_map *map, const void *key, size_t key_len)
{
    if (map->n_entries == 0)
        return NULL;
    uint64_t hash = h2i_siphash(map->seed, key, key_len);
    struct h2i_map_entry *entry = *bucket_of(map, hash);
    while (entry && !has_key(entry, hash, key, key_len))
        entry = entry->next;
    return entry;
}

static void link_entry(struct h2i_map *map, struct h2i_map_entry *entry)
{
    struct h2i_map_entry **bucket = bucket_of(map, entry->hash);
    entry->next = *bucket;
    *bucket = entry;
}

static void relink_all(struct h2i_map *map, struct h2i_map_entry **buckets, size_t n_buckets)
{
    for (size_t i = 0; i < n_buckets; i++) {
        struct h2i_map_entry *entry = buckets[i];
        while (entry) {
            struct h2i_map_entry *next = entry->next;
            link_entry(map, entry);
            entry = next;
        }
    }
}

static bool grow(struct h2i_map *map)
{
    struct h2i_map_entry **old = map->buckets;
    size_t n_old = map->n_buckets;
    size_t n_new = n_old ? n_old * 2 : MIN_BUCKETS;
    struct h2i_map_entry **buckets = h2i_alloc_array(map->allocator, n_new, sizeof *buckets);

    if (!buckets)
        return false;
    memset(buckets, 0, n_new * sizeof *buckets);
    map->buckets = buckets;
    map->n_buckets = n_new;
    relink_all(map, old, n_old);
    h2i_free(map->allocator, old);
    return true;
}

bool h2i_map_insert(struct h2i_map *map, struct h2i_map_entry *entry)
{
    assert(!h2i_map_find(map, entry->key, entry->key_len));
    /* A map that cannot grow still works, only slower; one without buckets not. */
    if (map->n_entries >= map->n_buckets && !grow(map) && !map->buckets)
        return false;
    entry->hash = h2i_siphash(map->seed, entry->key, entry->key_len);
    link_entry(map, entry);
    map->n_entries++;
    return true;
}

void h2i_map_remove(struct h2i_map *map, struct h2i_map_entry *entry)
{
    struct h2i_map_entry **place = bucket_of(map, entry->hash);
    while (*place != entry) {
        assert(*place);
        place = &(*place)->next;
    }
    *place = entry->next;
    entry->next = NULL;
    map->n_entries--;
}

struct h2i_map_entry *h2i_map_any(const struct h2i_map *map)
{
    if (map->n_entries == 0)
        return NULL;
    for (size_t i = 0; i < map->n_buckets; i++) {
        if (map->buckets[i])
            return map->buckets[i];
    }
    return NULL;
}
