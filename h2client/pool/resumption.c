/* SPDX-License-Identifier: MIT */
#include "h2client/pool/resumption.h"

/* A key, then the ticket. */
struct kept_ticket {
    struct h2i_list in_store;
    size_t key_len;
    size_t ticket_len;
    char bytes[];
};

static struct h2i_resumption *of(h2client_ticket_store *store)
{
    return H2I_CONTAINER_OF(store, struct h2i_resumption, store);
}

static struct kept_ticket *ticket_of(struct h2i_list *node)
{
    return H2I_CONTAINER_OF(node, struct kept_ticket, in_store);
}

static size_t size_of(const struct kept_ticket *ticket)
{
    return sizeof *ticket + ticket->key_len + ticket->ticket_len;
}

/* It lets a reader of our memory resume the connection: not left behind. */
static void forget(struct h2i_resumption *resumption, struct kept_ticket *ticket)
{
    size_t size = size_of(ticket);

    h2i_list_remove(&ticket->in_store);
    resumption->n_tickets--;
    resumption->n_bytes -= size;
    explicit_bzero(ticket, size);
    h2i_free(resumption->allocator, ticket);
}

static bool is_of_key(const struct kept_ticket *ticket, const void *key, size_t key_len)
{
    return ticket->key_len == key_len && memcmp(ticket->bytes, key, key_len) == 0;
}

/* Of all; NULL when there is none. */
static struct kept_ticket *oldest(const struct h2i_resumption *resumption)
{
    struct h2i_list *node = h2i_list_first(&resumption->tickets);

    return node ? ticket_of(node) : NULL;
}

static void forget_oldest_of_key(struct h2i_resumption *resumption, const void *key, size_t key_len)
{
    struct kept_ticket *first = NULL;
    size_t n = 0;

    for (struct h2i_list *node = resumption->tickets.next; node != &resumption->tickets;
         node = node->next) {
        if (!is_of_key(ticket_of(node), key, key_len))
            continue;
        if (n++ == 0)
            first = ticket_of(node);
    }
    if (n >= H2I_RESUMPTION_MAX_TICKETS_A_KEY)
        forget(resumption, first);
}

static void make_room(struct h2i_resumption *resumption, size_t size)
{
    while (resumption->n_tickets > 0 && (resumption->n_tickets >= H2I_RESUMPTION_MAX_TICKETS ||
                                         resumption->n_bytes + size > H2I_RESUMPTION_MAX_BYTES))
        forget(resumption, oldest(resumption));
}

/* What cannot be kept is only a ticket. */
static void put(h2client_ticket_store *store, const void *key, size_t key_len, const void *ticket,
                size_t ticket_len)
{
    struct h2i_resumption *resumption = of(store);
    struct kept_ticket *kept;
    size_t size;

    if (ticket_len == 0 || ticket_len > H2I_RESUMPTION_MAX_BYTES / 4)
        return;
    size = sizeof *kept + key_len + ticket_len;
    kept = h2i_alloc(resumption->allocator, size);
    if (!kept)
        return;
    forget_oldest_of_key(resumption, key, key_len);
    make_room(resumption, size);
    kept->in_store = (struct h2i_list){NULL, NULL};
    kept->key_len = key_len;
    kept->ticket_len = ticket_len;
    memcpy(kept->bytes, key, key_len);
    memcpy(kept->bytes + key_len, ticket, ticket_len);
    h2i_list_append(&resumption->tickets, &kept->in_store);
    resumption->n_tickets++;
    resumption->n_bytes += size;
}

/* The newest: servers forget, too. */
static struct kept_ticket *find(const struct h2i_resumption *resumption, const void *key,
                                size_t key_len)
{
    for (struct h2i_list *node = resumption->tickets.prev; node != &resumption->tickets;
         node = node->prev)
        if (is_of_key(ticket_of(node), key, key_len))
            return ticket_of(node);
    return NULL;
}

static size_t take(h2client_ticket_store *store, const void *key, size_t key_len, void **ticket)
{
    struct h2i_resumption *resumption = of(store);
    struct kept_ticket *kept = find(resumption, key, key_len);
    size_t len;

    *ticket = NULL;
    if (!kept)
        return 0;
    len = kept->ticket_len;
    *ticket = h2i_alloc(resumption->allocator, len);
    if (*ticket)
        memcpy(*ticket, kept->bytes + key_len, len);
    forget(resumption, kept);
    return *ticket ? len : 0;
}

void h2i_resumption_init(struct h2i_resumption *resumption, const h2client_allocator *allocator)
{
    *resumption = (struct h2i_resumption){
        .store = {.size = sizeof resumption->store, .put = put, .take = take},
        .allocator = allocator,
    };
    h2i_list_init(&resumption->tickets);
}

void h2i_resumption_finish(struct h2i_resumption *resumption)
{
    struct kept_ticket *ticket;

    while ((ticket = oldest(resumption)))
        forget(resumption, ticket);
}
