/* SPDX-License-Identifier: MIT */
/*
 * Map: from byte strings to pointers, with a seeded hash (SipHash-2-4) so that a
 * peer cannot choose colliding keys. Intrusive: an entry is embedded in what it
 * maps to; key bytes are the owner's and stay unchanged while it is in the map.
 */
#ifndef H2I_MAP_H
#define H2I_MAP_H

#include "base/alloc.h"

struct h2i_map_entry {
    const void *key;
    size_t key_len;
    uint64_t hash;
    struct h2i_map_entry *next; /* in its bucket */
};

struct h2i_map {
    const h2client_allocator *allocator;
    struct h2i_map_entry **buckets;
    size_t n_buckets; /* a power of two, or 0 */
    size_t n_entries;
    uint64_t seed[2];
};

void h2i_map_init(struct h2i_map *map, const h2client_allocator *allocator, const uint64_t seed[2]);
/* The map must be empty or its entries no longer be used. */
void h2i_map_finish(struct h2i_map *map);
struct h2i_map_entry *h2i_map_find(const struct h2i_map *map, const void *key, size_t key_len);
/* The key (set in the entry) must not be in the map yet. False: no memory. */
H2CLIENT_MUST_USE bool h2i_map_insert(struct h2i_map *map, struct h2i_map_entry *entry);
void h2i_map_remove(struct h2i_map *map, struct h2i_map_entry *entry);
/* Any entry, to empty a map with; NULL when empty. */
struct h2i_map_entry *h2i_map_any(const struct h2i_map *map);

uint64_t h2i_siphash(const uint64_t seed[2], const void *data, size_t len);

#endif
