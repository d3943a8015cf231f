/* SPDX-License-Identifier: MIT */
/*
 * Look-ups over c-ares. Each asks A and AAAA apart, so that one does not wait for the
 * other; c-ares calls back also from inside its own functions, so answers are noted and
 * told from a deferred task. Where resolv.conf has search domains, a name that is not found
 * gives way to the next one, for both families together. A name server that let a question time
 * out, or flooded us, is asked last from then on; one that fails or refuses a name is passed over
 * for that question only (it may be the only one that knows others); and a changed resolv.conf is
 * read again.
 */
#include "resolver/ares_resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "resolver/ares_internal.h"
#include "resolver/search_list.h"

#define LOOK_AT_CONF_EVERY_US INT64_C(1000000)
#define N_FAMILIES 2
#define MAX_QUOTED_LEN 180 /* of a host name: the reason must fit behind it */

struct ares_resolver {
    h2client_resolver base;
    h2client_allocator allocator;
    h2client_reactor *reactor;
    struct h2i_list channels; /* the last one takes new questions; others only end theirs */
    struct h2i_list queries;
    h2client_task clean_up; /* retired channels without questions */
    struct h2i_ares_config config;
    struct h2i_name_servers servers;
    struct h2i_search_list search; /* empty where the servers are the caller's */
    bool follows_system;
    bool is_stale;   /* the servers changed: the next question gets a new channel */
    bool wants_conf; /* which reads resolv.conf */
    struct timespec conf_mtime;
    int64_t conf_looked_at_us;
};

enum part_state {
    PART_LEFT_OUT, /* nobody wants this family */
    PART_ASKED,
    PART_REFUSED, /* by a server; another one is asked next */
    PART_IN,
    PART_TOLD
};

/* One family's answer: the first is of A, the second of AAAA. */
struct ares_part {
    h2client_query *query;
    struct h2i_ares_channel *channel;
    enum part_state state;
    size_t n_refusals; /* servers that failed or refused */
    int refusal;       /* the last one's status */
    size_t n_floods;   /* of the channel, when it was asked */
    h2client_address list[H2CLIENT_MAX_ADDRESSES];
    size_t n;
    int64_t ttl_s;
    h2client_fault fault;
};

struct h2client_query {
    struct h2i_list in_resolver;
    struct ares_resolver *resolver;
    h2client_task go_on;
    h2client_addresses_fn on_addresses; /* NULL: cancelled */
    void *user;
    size_t n_outstanding; /* callbacks of c-ares */
    struct ares_part parts[N_FAMILIES];
    char host[256];
    char name[256]; /* that is asked for */
    size_t i_next_name;
    bool has_next_name;
};

const char *h2i_ares_resolver_version(void)
{
    return ares_version(NULL);
}

/* ---- answers ------------------------------------------------------------------------ */

static h2client_error_code code_of(int status)
{
    switch (status) {
    case ARES_ENOTFOUND:
        return H2CLIENT_ERROR_DNS_NOT_FOUND;
    case ARES_ENODATA:
        return H2CLIENT_ERROR_DNS_NO_DATA;
    case ARES_EBADNAME:
        return H2CLIENT_ERROR_DNS_BAD_NAME;
    case ARES_ETIMEOUT:
    case ARES_ECONNREFUSED:
        return H2CLIENT_ERROR_DNS_UNREACHABLE;
    case ARES_ENOMEM:
    case ARES_ECANCELLED: /* there was none for a timer: h2i_ares_channel_plan */
        return H2CLIENT_ERROR_NO_MEMORY;
    default:
        return H2CLIENT_ERROR_DNS_SERVER_FAILED;
    }
}

static h2client_fault fault_about(const char *host, h2client_error_code code, int status,
                                  const char *reason)
{
    h2client_fault fault = h2i_fault(code, "host %.*s%s: %s", MAX_QUOTED_LEN, host,
                                     strlen(host) > MAX_QUOTED_LEN ? "..." : "", reason);

    fault.dns_status = status;
    return fault;
}

static h2client_fault fault_of(const char *host, int status)
{
    return fault_about(host, code_of(status), status, ares_strerror(status));
}

static h2client_fault fault_of_flood(const char *host, int status)
{
    return fault_about(host, H2CLIENT_ERROR_DNS_SERVER_FAILED, status,
                       "the name server sent much, and no answer");
}

static bool convert(const struct sockaddr *from, h2client_address *to)
{
    *to = (h2client_address){.family = 0};
    if (from->sa_family == AF_INET) {
        to->family = 4;
        memcpy(to->bytes, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        to->family = 6;
        memcpy(to->bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
    }
    return to->family != 0;
}

/* RFC 2181 5.2: the answer lives as long as the shortest of its records. */
static void take_addresses(struct ares_part *part, const struct ares_addrinfo *info)
{
    int ttl = INT32_MAX;

    for (const struct ares_addrinfo_cname *cname = info->cnames; cname; cname = cname->next)
        ttl = cname->ttl < ttl ? cname->ttl : ttl;
    for (const struct ares_addrinfo_node *node = info->nodes; node; node = node->ai_next) {
        ttl = node->ai_ttl < ttl ? node->ai_ttl : ttl;
        if (part->n < H2CLIENT_MAX_ADDRESSES && convert(node->ai_addr, &part->list[part->n]))
            part->n++;
    }
    part->ttl_s = ttl > 0 && part->n ? ttl : 0;
}

/* ---- telling -------------------------------------------------------------------------- */

static void free_query(h2client_query *query)
{
    h2client_reactor_undefer(query->resolver->reactor, &query->go_on);
    h2i_list_remove(&query->in_resolver);
    h2i_free(&query->resolver->allocator, query);
}

/* The reason that says most when there is no address at all. */
static const h2client_fault *telling_fault(const h2client_query *query)
{
    static const h2client_error_code order[] = {
        H2CLIENT_ERROR_DNS_NOT_FOUND,   H2CLIENT_ERROR_DNS_SERVER_FAILED,
        H2CLIENT_ERROR_DNS_UNREACHABLE, H2CLIENT_ERROR_DNS_BAD_NAME,
        H2CLIENT_ERROR_NO_MEMORY,       H2CLIENT_ERROR_DNS_NO_DATA};

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        for (int family = 0; family < N_FAMILIES; family++)
            if (query->parts[family].fault.code == order[i])
                return &query->parts[family].fault;
    return NULL;
}

static struct ares_part *part_in_state(h2client_query *query, enum part_state state)
{
    for (int i = 0; i < N_FAMILIES; i++)
        if (query->parts[i].state == state)
            return &query->parts[i];
    return NULL;
}

static bool is_over(const struct ares_part *part)
{
    return part->state == PART_TOLD || part->state == PART_LEFT_OUT;
}

static void tell(h2client_query *query, struct ares_part *part)
{
    h2client_addresses_fn on_addresses = query->on_addresses;
    void *user = query->user;
    h2client_address list[H2CLIENT_MAX_ADDRESSES];
    h2client_fault fault;
    h2client_addresses addresses = {.size = sizeof addresses, .list = list};

    part->state = PART_TOLD;
    addresses.n = part->n;
    addresses.ttl_s = part->ttl_s;
    addresses.more = !is_over(&query->parts[0]) || !is_over(&query->parts[1]);
    memcpy(list, part->list, part->n * sizeof list[0]);
    if (part->fault.code) {
        fault = addresses.more ? part->fault : *telling_fault(query);
        addresses.fault = &fault;
    }
    if (!addresses.more)
        free_query(query);
    else if (part_in_state(query, PART_IN))
        h2client_reactor_defer(query->resolver->reactor, &query->go_on);
    on_addresses(&addresses, user);
}

/* ---- channels ---------------------------------------------------------------------------- */

static struct h2i_ares_channel *current_channel(struct ares_resolver *resolver)
{
    if (h2i_list_is_empty(&resolver->channels))
        return NULL;
    return H2I_CONTAINER_OF(resolver->channels.prev, struct h2i_ares_channel, in_resolver);
}

static bool conf_has_changed(struct ares_resolver *resolver)
{
    int64_t now_us = h2client_reactor_now_us(resolver->reactor);
    struct stat conf;

    if (!resolver->follows_system || now_us - resolver->conf_looked_at_us < LOOK_AT_CONF_EVERY_US)
        return false;
    resolver->conf_looked_at_us = now_us;
    if (stat(resolver->config.resolv_conf, &conf) != 0 ||
        (conf.st_mtim.tv_sec == resolver->conf_mtime.tv_sec &&
         conf.st_mtim.tv_nsec == resolver->conf_mtime.tv_nsec))
        return false;
    resolver->conf_mtime = conf.st_mtim;
    return true;
}

static bool open_channel(struct ares_resolver *resolver, h2client_fault *fault)
{
    struct h2i_ares_channel *old = current_channel(resolver);
    bool reads_conf = resolver->wants_conf || resolver->servers.n == 0;
    struct h2i_ares_channel *channel =
        h2i_ares_channel_create(&resolver->allocator, resolver->reactor, &resolver->config,
                                reads_conf ? NULL : &resolver->servers, fault);

    if (!channel)
        return false;
    if (reads_conf) {
        h2i_name_servers_read(&resolver->servers, channel->ares);
        h2i_search_list_read(&resolver->search, resolver->config.resolv_conf);
    }
    if (old) {
        old->is_retired = true;
        h2client_reactor_defer(resolver->reactor, &resolver->clean_up);
    }
    h2i_list_append(&resolver->channels, &channel->in_resolver);
    resolver->is_stale = resolver->wants_conf = false;
    return true;
}

/* The channel for a new question; an old one serves as long as no new one can be made. */
static struct h2i_ares_channel *channel_for_question(struct ares_resolver *resolver,
                                                     h2client_fault *fault)
{
    struct h2i_ares_channel *current = current_channel(resolver);

    if (conf_has_changed(resolver))
        resolver->is_stale = resolver->wants_conf = true;
    if (current && !current->is_retired && !resolver->is_stale)
        return current;
    return open_channel(resolver, fault) ? current_channel(resolver) : current;
}

/* For one part, with the servers that did not refuse it first. */
static struct h2i_ares_channel *channel_past_refusals(const struct ares_part *part)
{
    struct ares_resolver *resolver = part->query->resolver;
    struct h2i_name_servers servers = resolver->servers;
    struct h2i_ares_channel *channel;
    h2client_fault fault;

    h2i_name_servers_demote(&servers, part->n_refusals);
    channel = h2i_ares_channel_create(&resolver->allocator, resolver->reactor, &resolver->config,
                                      &servers, &fault);
    if (!channel)
        return NULL;
    channel->is_retired = true;
    h2i_list_append(resolver->channels.next, &channel->in_resolver); /* not the last place */
    return channel;
}

static void clean_up(h2client_task *task, void *user)
{
    struct ares_resolver *resolver = user;
    struct h2i_list *node = resolver->channels.next;

    (void)task;
    while (node != &resolver->channels) {
        struct h2i_ares_channel *channel =
            H2I_CONTAINER_OF(node, struct h2i_ares_channel, in_resolver);
        node = node->next;
        if (channel->is_retired && channel->n_questions == 0)
            h2i_ares_channel_destroy(channel);
    }
}

/* ---- questions --------------------------------------------------------------------------- */

static bool is_refusal(int status)
{
    return status == ARES_ESERVFAIL || status == ARES_EREFUSED || status == ARES_ENOTIMP;
}

static void answer_came(void *arg, int status, int n_timeouts, struct ares_addrinfo *info);

static void ask_part(struct ares_part *part, struct h2i_ares_channel *channel)
{
    bool is_six = part == &part->query->parts[1];
    const struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT,
                                              .ai_family = is_six ? AF_INET6 : AF_INET,
                                              .ai_socktype = SOCK_STREAM};

    part->state = PART_ASKED;
    part->channel = channel;
    part->n_floods = channel->n_floods;
    part->query->n_outstanding++;
    channel->n_questions++;
    ares_getaddrinfo(channel->ares, part->query->name, NULL, &hints, answer_came, part);
}

static size_t n_floods_since(const struct ares_part *part)
{
    return part->channel->n_floods - part->n_floods;
}

/* Of the servers; those of a channel that is retired have been looked at. */
static void note_useless(struct ares_part *part, int n_timeouts)
{
    struct h2i_ares_channel *channel = part->channel;
    size_t n = (size_t)n_timeouts + n_floods_since(part);

    if (!channel->is_retired)
        channel->is_retired = h2i_name_servers_demote(&part->query->resolver->servers, n);
}

static void take_answer(struct ares_part *part, int status, const struct ares_addrinfo *info)
{
    bool was_silence = status == ARES_ETIMEOUT || status == ARES_ECONNREFUSED;

    if (status == ARES_SUCCESS && info)
        take_addresses(part, info);
    if (status == ARES_SUCCESS)
        status = ARES_ENODATA;
    if (was_silence && part->refusal) /* another server had more to say */
        status = part->refusal;
    if (part->n == 0)
        part->fault = was_silence && !part->refusal && n_floods_since(part) > 0
                          ? fault_of_flood(part->query->host, status)
                          : fault_of(part->query->host, status);
    part->state = PART_IN;
}

static void answer_came(void *arg, int status, int n_timeouts, struct ares_addrinfo *info)
{
    struct ares_part *part = arg;
    h2client_query *query = part->query;
    struct ares_resolver *resolver = query->resolver;

    query->n_outstanding--;
    part->channel->n_questions--;
    h2i_ares_sockets_pay(part->channel);
    note_useless(part, n_timeouts);
    if (part->channel->is_retired)
        h2client_reactor_defer(resolver->reactor, &resolver->clean_up);
    if (is_refusal(status)) {
        part->refusal = status;
        part->n_refusals++;
    }
    if (is_refusal(status) && part->n_refusals < resolver->servers.n)
        part->state = PART_REFUSED;
    else
        take_answer(part, status, info);
    if (info)
        ares_freeaddrinfo(info);
    if (query->on_addresses)
        h2client_reactor_defer(resolver->reactor, &query->go_on);
    else if (query->n_outstanding == 0)
        free_query(query);
}

static void ask_again(struct ares_part *part)
{
    struct h2i_ares_channel *channel = channel_past_refusals(part);

    if (channel) {
        ask_part(part, channel);
        h2i_ares_channel_plan(channel);
    } else {
        take_answer(part, part->refusal, NULL);
    }
}

static void choose_name(h2client_query *query)
{
    const struct h2i_search_list *search = &query->resolver->search;
    char following[sizeof query->name];
    size_t i;

    h2i_search_list_next(search, query->host, &query->i_next_name, query->name);
    i = query->i_next_name;
    query->has_next_name = h2i_search_list_next(search, query->host, &i, following);
}

static bool is_wanted(const struct ares_resolver *resolver, int i)
{
    h2client_ip_family family = resolver->config.family;

    return family == H2CLIENT_IP_ANY || (family == H2CLIENT_IP_V6) == (i == 1);
}

static void ask(h2client_query *query)
{
    h2client_fault fault;
    struct h2i_ares_channel *channel = channel_for_question(query->resolver, &fault);

    choose_name(query);
    for (int i = 0; i < N_FAMILIES; i++) {
        bool is_asked = is_wanted(query->resolver, i);
        query->parts[i] =
            (struct ares_part){.query = query, .state = is_asked ? PART_IN : PART_LEFT_OUT};
        if (!channel && is_asked)
            query->parts[i].fault = fault;
    }
    for (int i = 0; channel && i < N_FAMILIES; i++)
        if (query->parts[i].state == PART_IN)
            ask_part(&query->parts[i], channel);
    if (channel)
        h2i_ares_channel_plan(channel);
    else
        h2client_reactor_defer(query->resolver->reactor, &query->go_on);
}

static bool is_not_there(const struct ares_part *part)
{
    return part->state == PART_LEFT_OUT ||
           (part->state == PART_IN && (part->fault.code == H2CLIENT_ERROR_DNS_NOT_FOUND ||
                                       part->fault.code == H2CLIENT_ERROR_DNS_NO_DATA));
}

/* A family without addresses waits for the other one as long as another name may follow. */
static struct ares_part *part_to_tell(h2client_query *query)
{
    for (int i = 0; i < N_FAMILIES; i++) {
        struct ares_part *part = &query->parts[i];
        bool is_first = query->parts[1 - i].state == PART_ASKED;

        if (part->state == PART_IN && !(query->has_next_name && is_first && is_not_there(part)))
            return part;
    }
    return NULL;
}

/* Nothing of this happens inside a callback of c-ares. */
static void go_on(h2client_task *task, void *user)
{
    h2client_query *query = user;
    struct ares_part *part;

    (void)task;
    while ((part = part_in_state(query, PART_REFUSED)))
        ask_again(part);
    if (query->has_next_name && is_not_there(&query->parts[0]) && is_not_there(&query->parts[1])) {
        ask(query);
        return;
    }
    part = part_to_tell(query);
    if (part)
        tell(query, part);
}

/* ---- the port ------------------------------------------------------------------------------ */

static struct ares_resolver *of(h2client_resolver *base)
{
    return (struct ares_resolver *)(void *)base;
}

static h2client_query *resolve(h2client_resolver *base, h2client_reactor *reactor, const char *host,
                               uint16_t port, h2client_addresses_fn on_addresses, void *user)
{
    struct ares_resolver *resolver = of(base);
    h2client_query *query = h2i_alloc_zeroed(&resolver->allocator, sizeof *query);

    (void)reactor, (void)port;
    if (!query)
        return NULL;
    query->resolver = resolver;
    query->go_on = (h2client_task){.run = go_on, .user = query};
    query->on_addresses = on_addresses;
    query->user = user;
    snprintf(query->host, sizeof query->host, "%s", host);
    h2i_list_append(&resolver->queries, &query->in_resolver);
    ask(query);
    return query;
}

/* c-ares cannot take one question back: what still comes for it is dropped. */
static void cancel(h2client_resolver *base, h2client_query *query)
{
    (void)base;
    query->on_addresses = NULL;
    h2client_reactor_undefer(query->resolver->reactor, &query->go_on);
    if (query->n_outstanding == 0)
        free_query(query);
}

/* Name servers may have changed without resolv.conf's date telling. */
static void flush(h2client_resolver *base)
{
    struct ares_resolver *resolver = of(base);

    resolver->is_stale = true;
    resolver->wants_conf = resolver->follows_system;
}

static void destroy(h2client_resolver *base)
{
    struct ares_resolver *resolver = of(base);
    h2client_allocator allocator = resolver->allocator;
    struct h2i_list *node;

    for (node = resolver->queries.next; node != &resolver->queries; node = node->next)
        H2I_CONTAINER_OF(node, h2client_query, in_resolver)->on_addresses = NULL;
    while (!h2i_list_is_empty(&resolver->channels)) /* ends their questions */
        h2i_ares_channel_destroy(current_channel(resolver));
    while ((node = h2i_list_pop(&resolver->queries)))
        free_query(H2I_CONTAINER_OF(node, h2client_query, in_resolver));
    h2client_reactor_undefer(resolver->reactor, &resolver->clean_up);
    h2i_free(&allocator, resolver);
}

static bool set_up(struct ares_resolver *resolver, h2client_fault *fault)
{
    const struct h2i_ares_config *config = &resolver->config;
    struct stat conf;

    resolver->follows_system = config->servers == NULL;
    if (config->servers)
        return h2i_name_servers_parse(&resolver->servers, config->servers, config->port, fault);
    resolver->conf_looked_at_us = h2client_reactor_now_us(resolver->reactor);
    if (stat(config->resolv_conf, &conf) == 0)
        resolver->conf_mtime = conf.st_mtim;
    return true;
}

h2client_resolver *h2i_ares_resolver_create(h2client_reactor *reactor,
                                            const struct h2i_ares_config *config,
                                            h2client_fault *fault)
{
    static const h2client_resolver_ops ops = {.size = sizeof ops,
                                              .resolve = resolve,
                                              .cancel = cancel,
                                              .flush = flush,
                                              .destroy = destroy};
    const h2client_allocator *allocator = h2client_reactor_allocator(reactor);
    struct ares_resolver *resolver = h2i_alloc_zeroed(allocator, sizeof *resolver);

    *fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
    if (!resolver)
        return NULL;
    resolver->base.ops = &ops;
    resolver->allocator = *allocator;
    resolver->reactor = reactor;
    resolver->config = *config;
    resolver->clean_up = (h2client_task){.run = clean_up, .user = resolver};
    h2i_list_init(&resolver->channels);
    h2i_list_init(&resolver->queries);
    if (!set_up(resolver, fault)) {
        h2i_free(allocator, resolver);
        return NULL;
    }
    resolver->config.servers = NULL; /* the caller's; parsed */
    fault->code = H2CLIENT_OK;
    return &resolver->base;
}
