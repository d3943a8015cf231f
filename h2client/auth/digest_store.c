/* SPDX-License-Identifier: MIT */
#include "h2client/auth/digest_store.h"

#define MAX_ENTRIES 64
#define ARENA_BLOCK_BYTES 512

struct entry {
    struct h2i_list node;
    struct h2i_arena arena; /* of what follows */
    struct h2i_str key;
    struct h2i_digest_challenge challenge;
    uint32_t nc;
};

static struct entry *entry_of(struct h2i_list *node)
{
    return H2I_CONTAINER_OF(node, struct entry, node);
}

void h2i_digest_store_init(struct h2i_digest_store *store, const h2client_allocator *allocator)
{
    *store = (struct h2i_digest_store){.allocator = allocator};
    h2i_list_init(&store->entries);
}

static void drop(struct h2i_digest_store *store, struct entry *entry)
{
    h2i_list_remove(&entry->node);
    store->n--;
    h2i_arena_finish(&entry->arena);
    h2i_free(store->allocator, entry);
}

void h2i_digest_store_finish(struct h2i_digest_store *store)
{
    while (store->n > 0)
        drop(store, entry_of(h2i_list_first(&store->entries)));
}

static struct entry *find(struct h2i_digest_store *store, struct h2i_str key)
{
    struct h2i_list *node = h2i_list_first(&store->entries);

    while (node && !h2i_str_equals(entry_of(node)->key, key))
        node = h2i_list_after(&store->entries, node);
    return node ? entry_of(node) : NULL;
}

static bool copy_text(struct h2i_arena *arena, const char **text)
{
    if (*text)
        *text = h2i_arena_copy_text(arena, *text, strlen(*text));
    return *text != NULL;
}

static bool fill(struct entry *entry, struct h2i_str key,
                 const struct h2i_digest_challenge *challenge)
{
    const char *key_copy = h2i_arena_copy_text(&entry->arena, key.data, key.len);

    entry->key = h2i_str(key_copy, key.len);
    entry->challenge = *challenge;
    return key_copy && copy_text(&entry->arena, &entry->challenge.realm) &&
           copy_text(&entry->arena, &entry->challenge.nonce) &&
           (!challenge->opaque || copy_text(&entry->arena, &entry->challenge.opaque));
}

void h2i_digest_store_put(struct h2i_digest_store *store, struct h2i_str key,
                          const struct h2i_digest_challenge *challenge)
{
    struct entry *entry = h2i_alloc_zeroed(store->allocator, sizeof *entry);

    h2i_digest_store_forget(store, key);
    if (!entry)
        return;
    h2i_arena_init(&entry->arena, store->allocator, ARENA_BLOCK_BYTES);
    h2i_list_append(&store->entries, &entry->node);
    store->n++;
    if (!fill(entry, key, challenge))
        drop(store, entry);
    else if (store->n > MAX_ENTRIES)
        drop(store, entry_of(h2i_list_first(&store->entries)));
}

const struct h2i_digest_challenge *h2i_digest_store_use(struct h2i_digest_store *store,
                                                        struct h2i_str key, uint32_t *nc)
{
    struct entry *entry = find(store, key);

    if (!entry)
        return NULL;
    h2i_list_remove(&entry->node);
    h2i_list_append(&store->entries, &entry->node);
    *nc = ++entry->nc;
    return &entry->challenge;
}

void h2i_digest_store_forget(struct h2i_digest_store *store, struct h2i_str key)
{
    struct entry *entry = find(store, key);

    if (entry)
        drop(store, entry);
}
