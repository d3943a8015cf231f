/* SPDX-License-Identifier: MIT */
/* A query plans its next part before it reports one, so that a callback which cancels
 * leaves nothing behind. */
#include "h2client-testing/fake_resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct h2client_query {
    struct h2t_fake_resolver *fake;
    h2client_reactor *reactor;
    struct h2t_script script;
    size_t next_part;
    h2client_timer timer; /* until the next part */
    h2client_task task;   /* the same without a delay, or without memory for a timer */
    bool is_out_of_memory;
    h2client_addresses_fn on_addresses;
    void *user;
};

struct h2t_fake_resolver {
    h2client_resolver port; /* first: the port is the fake */
    struct h2t_script scripts[H2T_MAX_SCRIPTS];
    size_t n_scripts;
    bool is_dry;
    struct {
        size_t queries;
        size_t cancels;
        size_t flushes;
        size_t live;
    } n;
    char last_host[256];
    uint16_t last_port;
};

static const struct h2t_script usual = {
    .n_parts = 1,
    .parts = {{.addresses = {"127.0.0.1"}, .ttl_s = 60}},
};

static struct h2t_fake_resolver *fake_of(h2client_resolver *resolver)
{
    return (struct h2t_fake_resolver *)(void *)resolver; /* its first member */
}

static struct h2t_script *find(struct h2t_fake_resolver *fake, const char *host)
{
    for (size_t i = 0; i < fake->n_scripts; i++)
        if (strcmp(fake->scripts[i].host, host) == 0)
            return &fake->scripts[i];
    return NULL;
}

static size_t parse_addresses(const struct h2t_answer_part *part, h2client_address *list)
{
    size_t n = 0;

    while (n < H2T_MAX_PART_ADDRESSES && part->addresses[n]) {
        if (!h2client_address_parse(part->addresses[n], &list[n]))
            abort();
        n++;
    }
    return n;
}

static void forget(struct h2client_query *query)
{
    h2client_reactor_timer_stop(query->reactor, &query->timer);
    h2client_reactor_undefer(query->reactor, &query->task);
    query->fake->n.live--;
    free(query);
}

static void plan_next_part(struct h2client_query *query)
{
    int64_t delay_ms = query->script.parts[query->next_part].delay_ms;
    int64_t now_us = h2client_reactor_now_us(query->reactor);

    if (delay_ms > 0 && h2client_reactor_timer_start(query->reactor, &query->timer,
                                                     now_us + delay_ms * 1000) == H2CLIENT_OK)
        return;
    query->is_out_of_memory = delay_ms > 0;
    h2client_reactor_defer(query->reactor, &query->task);
}

static void run_out_of_memory(struct h2client_query *query)
{
    const h2client_fault fault = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};
    const h2client_addresses report = {.size = sizeof report, .fault = &fault};
    h2client_addresses_fn on_addresses = query->on_addresses;
    void *user = query->user;

    forget(query);
    on_addresses(&report, user);
}

static void report_part(struct h2client_query *query)
{
    const struct h2t_answer_part part = query->script.parts[query->next_part++];
    h2client_addresses_fn on_addresses = query->on_addresses;
    void *user = query->user;
    h2client_address list[H2T_MAX_PART_ADDRESSES];
    const h2client_fault fault = {
        .code = part.fault, .dns_status = part.dns_status, .tls_alert = -1};
    const h2client_addresses report = {
        .size = sizeof report,
        .list = list,
        .n = parse_addresses(&part, list),
        .ttl_s = part.ttl_s,
        .fault = part.fault ? &fault : NULL,
        .more = query->next_part < query->script.n_parts,
        .from_cache = query->script.is_from_cache,
    };

    if (report.more)
        plan_next_part(query);
    else
        forget(query);
    on_addresses(&report, user);
}

static void on_time(h2client_timer *timer, void *user)
{
    (void)timer;
    report_part(user);
}

static void run(h2client_task *task, void *user)
{
    struct h2client_query *query = user;

    (void)task;
    if (query->is_out_of_memory)
        run_out_of_memory(query);
    else
        report_part(query);
}

static h2client_query *resolve(h2client_resolver *resolver, h2client_reactor *reactor,
                               const char *host, uint16_t port, h2client_addresses_fn on_addresses,
                               void *user)
{
    struct h2t_fake_resolver *fake = fake_of(resolver);
    const struct h2t_script *script = find(fake, host);
    struct h2client_query *query;

    if (fake->is_dry)
        return NULL;
    query = calloc(1, sizeof *query);
    if (!query)
        abort();
    query->fake = fake;
    query->reactor = reactor;
    query->script = script ? *script : usual;
    query->timer = (h2client_timer){.on_expire = on_time, .user = query};
    query->task = (h2client_task){.run = run, .user = query};
    query->on_addresses = on_addresses;
    query->user = user;
    fake->n.queries++;
    fake->n.live++;
    snprintf(fake->last_host, sizeof fake->last_host, "%s", host);
    fake->last_port = port;
    if (query->script.n_parts > 0)
        plan_next_part(query);
    return query;
}

static void cancel(h2client_resolver *resolver, h2client_query *query)
{
    fake_of(resolver)->n.cancels++;
    forget(query);
}

static void flush(h2client_resolver *resolver)
{
    fake_of(resolver)->n.flushes++;
}

static void destroy(h2client_resolver *resolver)
{
    (void)resolver;
}

static const h2client_resolver_ops resolver_ops = {
    .size = sizeof resolver_ops,
    .resolve = resolve,
    .cancel = cancel,
    .flush = flush,
    .destroy = destroy,
};

struct h2t_fake_resolver *h2t_fake_resolver_create(void)
{
    struct h2t_fake_resolver *fake = calloc(1, sizeof *fake);

    if (!fake)
        abort();
    fake->port.ops = &resolver_ops;
    return fake;
}

void h2t_fake_resolver_destroy(struct h2t_fake_resolver *fake)
{
    if (fake && fake->n.live > 0) {
        fprintf(stderr, "fake resolver: %zu queries are left\n", fake->n.live);
        abort();
    }
    free(fake);
}

h2client_resolver *h2t_fake_resolver_port(struct h2t_fake_resolver *fake)
{
    return &fake->port;
}

void h2t_fake_resolver_script(struct h2t_fake_resolver *fake, const struct h2t_script *script)
{
    struct h2t_script *place = find(fake, script->host);

    if (!place && fake->n_scripts == H2T_MAX_SCRIPTS)
        abort();
    if (!place)
        place = &fake->scripts[fake->n_scripts++];
    *place = *script;
}

void h2t_fake_resolver_run_dry(struct h2t_fake_resolver *fake)
{
    fake->is_dry = true;
}

size_t h2t_fake_resolver_n_queries(const struct h2t_fake_resolver *fake)
{
    return fake->n.queries;
}

size_t h2t_fake_resolver_n_cancels(const struct h2t_fake_resolver *fake)
{
    return fake->n.cancels;
}

size_t h2t_fake_resolver_n_flushes(const struct h2t_fake_resolver *fake)
{
    return fake->n.flushes;
}

size_t h2t_fake_resolver_n_live(const struct h2t_fake_resolver *fake)
{
    return fake->n.live;
}

const char *h2t_fake_resolver_last_host(const struct h2t_fake_resolver *fake)
{
    return fake->last_host;
}

uint16_t h2t_fake_resolver_last_port(const struct h2t_fake_resolver *fake)
{
    return fake->last_port;
}
