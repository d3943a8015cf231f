/* SPDX-License-Identifier: MIT */
/*
 * What is known without asking: overrides, localhost, which names are none, and the hosts
 * file. It answers from a deferred task, like any other resolver, and passes on the rest.
 */
#include "resolver/static_resolver.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "base/str.h"
#include "resolver/hosts_file.h"

#define MAX_NAME_LEN 253
#define MAX_LABEL_LEN 63
#define MAX_QUOTED_LEN 40 /* of a bad name: the reason must fit behind it, escapes and all */

struct entry {
    char *host; /* lower-case */
    uint16_t port;
    h2client_address *list;
    size_t n;
};

struct static_resolver {
    h2client_resolver base;
    h2client_allocator allocator;
    h2client_resolver *next; /* NULL: nobody */
    struct entry *entries;
    size_t n_entries;
    const char *hosts_file; /* NULL: none */
};

/* A query that is answered here. Those that are passed on are the next one's. */
struct h2client_query {
    h2client_task answer;
    struct static_resolver *resolver;
    h2client_reactor *reactor;
    h2client_query *passed; /* the next resolver's; NULL when answered here */
    h2client_addresses_fn on_addresses;
    void *user;
    const h2client_address *list;
    size_t n;
    h2client_address *found; /* the list, where it is of the hosts file */
    h2client_fault fault;
};

static const h2client_address loopback[] = {
    /* IPv4 first: servers for development listen there more often, and a refusal there
     * costs nothing. */
    {.family = 4, .bytes = {127, 0, 0, 1}},
    {.family = 6, .bytes = {[15] = 1}},
};

/* ---- names ------------------------------------------------------------------- */

static bool is_label(struct h2i_str label)
{
    if (label.len == 0 || label.len > MAX_LABEL_LEN || label.data[0] == '-' ||
        label.data[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++) {
        char c = h2i_lower(label.data[i]);
        if (!(c >= 'a' && c <= 'z') && !h2i_is_digit(c) && c != '-' && c != '_')
            return false;
    }
    return true;
}

/* NULL when the name could be one. (Underscores are no host names by RFC 952, but exist.) */
static const char *what_is_wrong(const char *host)
{
    struct h2i_str rest = h2i_str_of(host);
    struct h2i_str label;

    if (rest.len == 0 || rest.len > MAX_NAME_LEN)
        return rest.len ? "is longer than 253 bytes" : "is empty";
    for (size_t i = 0; i < rest.len; i++)
        if ((unsigned char)rest.data[i] >= 0x80)
            return "is not ASCII";
    if (rest.data[rest.len - 1] == '.')
        return "has an empty label";
    while (h2i_str_split(&rest, '.', &label))
        if (!is_label(label))
            return "is not a host name";
    return NULL;
}

static h2client_fault bad_name(const char *host, const char *wrong)
{
    h2client_fault fault = h2i_fault(H2CLIENT_ERROR_DNS_BAD_NAME, "%s", "");
    struct h2i_text text = h2i_text(fault.text, sizeof fault.text);
    size_t len = strlen(host);

    h2i_text_add(&text, "host name \"");
    h2i_text_add_untrusted(&text, host, len < MAX_QUOTED_LEN ? len : MAX_QUOTED_LEN);
    h2i_text_add(&text, "%s\" %s", len > MAX_QUOTED_LEN ? "..." : "", wrong);
    return fault;
}

static bool is_localhost(const char *host)
{
    static const char suffix[] = ".localhost";
    size_t len = strlen(host);

    if (len >= sizeof suffix - 1 && strcmp(host + len - (sizeof suffix - 1), suffix) == 0)
        return true;
    return strcmp(host, "localhost") == 0;
}

static const struct entry *find_entry(const struct static_resolver *resolver, const char *host,
                                      uint16_t port)
{
    for (size_t i = 0; i < resolver->n_entries; i++) {
        const struct entry *entry = &resolver->entries[i];
        if ((entry->port == 0 || entry->port == port) && strcmp(entry->host, host) == 0)
            return entry;
    }
    return NULL;
}

/* ---- queries ------------------------------------------------------------------- */

static void free_query(h2client_query *query)
{
    h2i_free(&query->resolver->allocator, query->found);
    h2i_free(&query->resolver->allocator, query);
}

static void answer(h2client_task *task, void *user)
{
    h2client_query *query = user;
    h2client_addresses_fn on_addresses = query->on_addresses;
    void *its_user = query->user;
    h2client_fault fault = query->fault;
    h2client_address list[H2CLIENT_MAX_ADDRESSES];
    h2client_addresses addresses = {
        .size = sizeof addresses,
        .list = list,
        .n = query->n,
        .fault = fault.code ? &fault : NULL,
        .from_cache = 1,
    };

    (void)task;
    if (query->n)
        memcpy(list, query->list, query->n * sizeof list[0]);
    free_query(query);
    on_addresses(&addresses, its_user);
}

static void pass_on_report(const h2client_addresses *addresses, void *user)
{
    h2client_query *query = user;
    h2client_addresses_fn on_addresses = query->on_addresses;
    void *its_user = query->user;

    if (!addresses->more)
        free_query(query);
    on_addresses(addresses, its_user);
}

/* Fills list or fault; false: the name is not in the hosts file. */
static bool look_into_hosts(h2client_query *query, const char *host)
{
    const struct static_resolver *resolver = query->resolver;
    h2client_address list[H2CLIENT_MAX_ADDRESSES];
    int failure = h2i_hosts_file_find(resolver->hosts_file, host, list, &query->n);

    if (failure)
        query->fault =
            h2i_fault_of_errno(failure, H2CLIENT_ERROR_SYSTEM_FAILED, resolver->hosts_file);
    if (query->n == 0)
        return failure != 0;
    query->found = h2i_alloc_array(&resolver->allocator, query->n, sizeof list[0]);
    if (query->found) {
        memcpy(query->found, list, query->n * sizeof list[0]);
        query->list = query->found;
    } else {
        query->n = 0;
        query->fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
    }
    return true;
}

/* Fills list or fault; false: it has to be asked of the next one. */
static bool decide(h2client_query *query, const char *host, uint16_t port)
{
    const struct entry *entry = find_entry(query->resolver, host, port);
    const char *wrong;

    if (entry) {
        query->list = entry->list;
        query->n = entry->n;
        return true;
    }
    wrong = what_is_wrong(host);
    if (wrong) {
        query->fault = bad_name(host, wrong);
        return true;
    }
    if (is_localhost(host)) {
        query->list = loopback;
        query->n = sizeof loopback / sizeof loopback[0];
        return true;
    }
    if (query->resolver->hosts_file && look_into_hosts(query, host))
        return true;
    if (query->resolver->next)
        return false;
    query->fault = h2i_fault(H2CLIENT_ERROR_DNS_NOT_FOUND, "host %s not found", host);
    return true;
}

static h2client_query *resolve(h2client_resolver *base, h2client_reactor *reactor, const char *host,
                               uint16_t port, h2client_addresses_fn on_addresses, void *user)
{
    struct static_resolver *resolver = (struct static_resolver *)(void *)base;
    h2client_query *query = h2i_alloc_zeroed(&resolver->allocator, sizeof *query);

    if (!query)
        return NULL;
    query->resolver = resolver;
    query->reactor = reactor;
    query->on_addresses = on_addresses;
    query->user = user;
    query->answer = (h2client_task){.run = answer, .user = query};
    if (decide(query, host, port)) {
        h2client_reactor_defer(reactor, &query->answer);
        return query;
    }
    query->passed =
        resolver->next->ops->resolve(resolver->next, reactor, host, port, pass_on_report, query);
    if (query->passed)
        return query;
    free_query(query);
    return NULL;
}

static void cancel(h2client_resolver *base, h2client_query *query)
{
    struct static_resolver *resolver = (struct static_resolver *)(void *)base;

    if (query->passed)
        resolver->next->ops->cancel(resolver->next, query->passed);
    h2client_reactor_undefer(query->reactor, &query->answer);
    free_query(query);
}

static void flush(h2client_resolver *base)
{
    struct static_resolver *resolver = (struct static_resolver *)(void *)base;

    if (resolver->next)
        resolver->next->ops->flush(resolver->next);
}

static void destroy(h2client_resolver *base)
{
    struct static_resolver *resolver = (struct static_resolver *)(void *)base;
    h2client_allocator allocator = resolver->allocator;

    if (resolver->next)
        resolver->next->ops->destroy(resolver->next);
    for (size_t i = 0; resolver->entries && i < resolver->n_entries; i++) {
        h2i_free(&allocator, resolver->entries[i].host);
        h2i_free(&allocator, resolver->entries[i].list);
    }
    h2i_free(&allocator, resolver->entries);
    h2i_free(&allocator, resolver);
}

/* ---- making --------------------------------------------------------------------- */

static bool parse_piece(struct h2i_str piece, h2client_address *address)
{
    char text[H2CLIENT_ADDRESS_TEXT_MAX];

    piece = h2i_str_trim(piece);
    if (piece.len > 1 && piece.data[0] == '[' && piece.data[piece.len - 1] == ']')
        piece = h2i_str(piece.data + 1, piece.len - 2);
    if (piece.len == 0 || piece.len >= sizeof text)
        return false;
    memcpy(text, piece.data, piece.len);
    text[piece.len] = 0;
    return h2client_address_parse(text, address);
}

static bool parse_addresses(struct entry *entry, const struct h2i_static_entry *given,
                            h2client_fault *fault)
{
    struct h2i_str rest = h2i_str_of(given->addresses ? given->addresses : "");
    struct h2i_str piece;

    while (h2i_str_split(&rest, ',', &piece)) {
        if (!parse_piece(piece, &entry->list[entry->n])) {
            *fault = h2i_fault(H2CLIENT_ERROR_INVALID_ARGUMENT,
                               "override for %.64s: \"%.*s\" is not an address", given->host,
                               (int)piece.len, piece.data);
            return false;
        }
        entry->n++;
    }
    if (entry->n == 0)
        *fault = h2i_fault(H2CLIENT_ERROR_INVALID_ARGUMENT, "override for %.64s: no address",
                           given->host);
    return entry->n > 0;
}

static size_t count_pieces(const char *text)
{
    size_t n = 1;

    for (; text && *text; text++)
        n += *text == ',';
    return n;
}

/* The entry is on the table from here on, whatever happens: destroy frees its parts. */
static bool add_entry(struct static_resolver *resolver, const struct h2i_static_entry *given,
                      h2client_fault *fault)
{
    struct entry *entry = &resolver->entries[resolver->n_entries++];
    size_t n_pieces = count_pieces(given->addresses);
    size_t len = strlen(given->host);

    if (n_pieces > H2CLIENT_MAX_ADDRESSES) {
        *fault =
            h2i_fault(H2CLIENT_ERROR_INVALID_ARGUMENT, "override for %.64s: more than %d addresses",
                      given->host, H2CLIENT_MAX_ADDRESSES);
        return false;
    }
    *fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
    if (len > 1 && given->host[len - 1] == '.')
        len--;
    entry->host = h2i_copy_text(&resolver->allocator, given->host, len);
    entry->list = h2i_alloc_array(&resolver->allocator, n_pieces, sizeof *entry->list);
    if (!entry->host || !entry->list)
        return false;
    for (char *c = entry->host; *c; c++)
        *c = h2i_lower(*c);
    entry->port = given->port;
    return parse_addresses(entry, given, fault);
}

h2client_resolver *h2i_static_resolver_create(const h2client_allocator *allocator,
                                              const struct h2i_static_config *config,
                                              h2client_resolver *next, h2client_fault *fault)
{
    static const h2client_resolver_ops ops = {.size = sizeof ops,
                                              .resolve = resolve,
                                              .cancel = cancel,
                                              .flush = flush,
                                              .destroy = destroy};
    struct static_resolver *resolver = h2i_alloc_zeroed(allocator, sizeof *resolver);

    *fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
    if (!resolver) {
        if (next)
            next->ops->destroy(next);
        return NULL;
    }
    resolver->base.ops = &ops;
    resolver->allocator = *allocator;
    resolver->next = next;
    resolver->hosts_file = config->hosts_file;
    resolver->entries = h2i_alloc_array(allocator, config->n_entries, sizeof *resolver->entries);
    if (!resolver->entries)
        goto fail;
    memset(resolver->entries, 0, config->n_entries * sizeof *resolver->entries);
    for (size_t i = 0; i < config->n_entries; i++)
        if (!add_entry(resolver, &config->entries[i], fault))
            goto fail;
    fault->code = H2CLIENT_OK;
    return &resolver->base;
fail:
    destroy(&resolver->base);
    return NULL;
}
