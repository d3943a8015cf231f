/* SPDX-License-Identifier: MIT */
#include "h2client/pool/origin.h"

#include <string.h>

#include "base/fault.h"
#include "h2client/pool/coalesce.h"
#include "h2client/pool/connector.h"
#include "h2client/pool/link.h"

/* How long an answer to ALPN is believed after the last connection. */
#define KNOWN_FOR_US INT64_C(600000000)
/* After a dial that failed while other connections went on. */
#define REST_AFTER_FAILURE_US INT64_C(1000000)
/* Calls of a connection that make another one worth having when it drains. */
#define BUSY_CALLS 10

static int64_t now_us(const struct h2i_origin *origin)
{
    return h2client_reactor_now_us(origin->pool->config.reactor);
}

static struct h2i_link *link_of(struct h2i_list *in_origin)
{
    return H2I_CONTAINER_OF(in_origin, struct h2i_link, in_origin);
}

static struct h2i_ticket *ticket_of(struct h2i_waiter *waiter)
{
    return H2I_CONTAINER_OF(waiter, struct h2i_ticket, waiter);
}

/* ---- life ------------------------------------------------------------------------- */

static void patience_ends(h2client_timer *timer, void *user)
{
    (void)timer;
    h2i_origin_touch(user);
}

static struct h2i_origin *create(struct h2i_pool *pool, const char *host,
                                 const struct h2i_proxy *proxy, const struct h2i_pool_key *key)
{
    size_t host_size = strlen(host) + 1;
    struct h2i_origin *origin =
        h2i_alloc_zeroed(pool->config.allocator, sizeof *origin + key->len + host_size);

    if (!origin)
        return NULL;
    if (proxy && !(origin->proxy = h2i_proxy_copy(pool->config.allocator, proxy))) {
        h2i_free(pool->config.allocator, origin);
        return NULL;
    }
    memcpy(origin->key, key->text, key->len);
    memcpy(origin->key + key->len, host, host_size);
    origin->host = origin->key + key->len;
    origin->entry.key = origin->key;
    origin->entry.key_len = key->len;
    origin->pool = pool;
    origin->episode = 1;
    origin->patience.on_expire = patience_ends;
    origin->patience.user = origin;
    h2i_waiters_init(&origin->waiters);
    h2i_list_init(&origin->links);
    h2i_list_init(&origin->roomy);
    h2i_list_init(&origin->connectors);
    return origin;
}

struct h2i_origin *h2i_origin_create(struct h2i_pool *pool, const struct h2i_url *url,
                                     h2client_http_version version, const struct h2i_proxy *proxy,
                                     const struct h2i_pool_key *key)
{
    struct h2i_origin *origin = create(pool, url->host, proxy, key);

    if (!origin)
        return NULL;
    origin->version = version;
    origin->is_https = url->is_https;
    origin->host_is_literal = url->host_is_literal;
    origin->port = url->port;
    origin->place =
        h2i_reroute(&pool->config.reroutes,
                    &(struct h2i_place){origin->host, origin->port, origin->host_is_literal});
    return origin;
}

struct h2i_origin *h2i_origin_create_carrier(struct h2i_pool *pool, const struct h2i_proxy *proxy,
                                             const struct h2i_pool_key *key)
{
    struct h2i_origin *origin = create(pool, proxy->host, proxy, key);

    if (!origin)
        return NULL;
    origin->version = H2CLIENT_HTTP_AUTO;
    origin->is_https = origin->is_carrier = true;
    origin->host_is_literal = proxy->host_is_literal;
    origin->port = proxy->port;
    return origin;
}

void h2i_origin_destroy(struct h2i_origin *origin)
{
    h2client_reactor_timer_stop(origin->pool->config.reactor, &origin->patience);
    h2i_list_remove(&origin->in_unserved);
    h2i_list_remove(&origin->in_starved);
    h2i_list_remove(&origin->in_hungry);
    h2i_list_remove(&origin->in_resting);
    h2i_coalesce_give_back(origin);
    h2i_free(origin->pool->config.allocator, origin->proxy);
    h2i_free(origin->pool->config.allocator, origin);
}

void h2i_origin_touch(struct h2i_origin *origin)
{
    if (!h2i_list_is_linked(&origin->in_unserved))
        h2i_list_append(&origin->pool->unserved, &origin->in_unserved);
}

bool h2i_origin_is_resting(const struct h2i_origin *origin)
{
    return origin->waiters.n == 0 && origin->n_links == 0 && origin->n_connectors == 0;
}

/* What it knows of the server is being confirmed. */
static bool is_in_use(const struct h2i_origin *origin)
{
    return origin->n_links + origin->n_connectors > 0 || origin->loan.link;
}

/* ---- what it speaks ------------------------------------------------------------------ */

enum h2i_protocol h2i_origin_cleartext_protocol(const struct h2i_origin *origin)
{
    return origin->version == H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE ? H2I_PROTOCOL_H2 : H2I_PROTOCOL_H1;
}

static enum h2i_protocol protocol_of(const struct h2i_origin *origin)
{
    if (!origin->is_https || origin->version != H2CLIENT_HTTP_AUTO)
        return h2i_origin_cleartext_protocol(origin);
    return origin->known.protocol;
}

static void forget(struct h2i_origin *origin)
{
    if (h2i_origin_is_resting(origin) || is_in_use(origin) ||
        now_us(origin) < origin->known.until_us)
        return;
    origin->known.protocol = H2I_PROTOCOL_UNKNOWN;
    origin->known.needs_h1 = false;
    origin->known.max_streams = 0;
}

const char *const *h2i_origin_alpn(const struct h2i_origin *origin)
{
    static const char *const any[] = {"h2", "http/1.1", NULL};
    static const char *const only_h2[] = {"h2", NULL};
    static const char *const only_h1[] = {"http/1.1", NULL};

    if (origin->version == H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE)
        return only_h2;
    return origin->version == H2CLIENT_HTTP_1_1 || origin->known.needs_h1 ? only_h1 : any;
}

void h2i_origin_require_h1(struct h2i_origin *origin)
{
    origin->known.needs_h1 = true;
    origin->known.protocol = H2I_PROTOCOL_H1;
    origin->known.until_us = now_us(origin) + KNOWN_FOR_US;
    for (struct h2i_list *node = h2i_list_first(&origin->links); node;
         node = h2i_list_after(&origin->links, node))
        if (link_of(node)->is_h2)
            link_of(node)->conn->ops->shutdown(link_of(node)->conn);
    h2i_coalesce_give_back(origin);
    h2i_origin_touch(origin);
}

/* ---- tickets --------------------------------------------------------------------------- */

struct h2i_ticket *h2i_origin_first_waiting(const struct h2i_origin *origin)
{
    struct h2i_waiter *waiter = h2i_waiters_first(&origin->waiters);

    return waiter ? ticket_of(waiter) : NULL;
}

void h2i_origin_dismiss(struct h2i_origin *origin, struct h2i_ticket *ticket)
{
    h2i_waiters_remove(&origin->waiters, &ticket->waiter);
    origin->pool->n_waiting -= !origin->is_carrier;
    ticket->origin = NULL;
}

void h2i_origin_admit(struct h2i_origin *origin, struct h2i_ticket *ticket)
{
    h2i_waiters_add(&origin->waiters, &ticket->waiter);
    origin->pool->n_waiting += !origin->is_carrier;
    ticket->origin = origin;
}

bool h2i_origin_has_hope(const struct h2i_origin *origin)
{
    for (struct h2i_list *node = h2i_list_first(&origin->links); node;
         node = h2i_list_after(&origin->links, node))
        if (link_of(node)->conn->accepts_new)
            return true;
    return origin->loan.link && origin->loan.link->conn->accepts_new;
}

static void fail_ticket(struct h2i_ticket *ticket, const h2client_fault *fault)
{
    const struct h2i_outcome outcome = {
        .fault = *fault, .replay_class = H2CLIENT_REPLAY_NEVER_SENT, .http2_code = -1};

    h2i_origin_dismiss(ticket->origin, ticket);
    ticket->events->on_failed(ticket, &outcome);
}

/* ---- what the connectors found ------------------------------------------------------------ */

static void cancel_connectors(struct h2i_origin *origin)
{
    while (!h2i_list_is_empty(&origin->connectors))
        h2i_connector_cancel(h2i_connector_of(origin->connectors.next));
}

void h2i_origin_connected(struct h2i_origin *origin, struct h2i_link *link)
{
    if (link->is_h2) /* those others are from when it spoke HTTP/1.1, a connection a call */
        cancel_connectors(origin);
    origin->known.protocol = link->is_h2 ? H2I_PROTOCOL_H2 : H2I_PROTOCOL_H1;
    origin->not_before_us = 0;
    origin->episode++;
    h2i_origin_touch(origin);
}

void h2i_origin_hand_over(struct h2i_origin *carrier, h2client_transport *transport)
{
    struct h2i_ticket *ticket = h2i_origin_first_waiting(carrier);

    carrier->known.protocol = H2I_PROTOCOL_H1;
    carrier->not_before_us = 0;
    carrier->episode++;
    h2i_origin_touch(carrier);
    if (!ticket) {
        transport->ops->destroy(transport);
        return;
    }
    h2i_origin_dismiss(carrier, ticket);
    ticket->events->on_transport(ticket, transport);
}

static int64_t limit_us(const struct h2i_connect_limits *limits, h2client_limit which)
{
    switch (which) {
    case H2CLIENT_LIMIT_DNS:
        return limits->dns_us;
    case H2CLIENT_LIMIT_SOCK_CONNECT:
        return limits->sock_connect_us;
    case H2CLIENT_LIMIT_TLS:
    case H2CLIENT_LIMIT_PROXY:
        return limits->tls_us;
    default:
        return 0;
    }
}

static bool concerns(const struct h2i_ticket *ticket, const h2client_fault *fault,
                     const struct h2i_connect_limits *limits)
{
    return !limits || fault->code != H2CLIENT_ERROR_TIMEOUT ||
           limit_us(&ticket->limits, fault->limit) <= limit_us(limits, fault->limit);
}

/* Handlers may enter and leave the queue: who comes meanwhile gets a new dial. */
static void fail_waiting(struct h2i_origin *origin, const h2client_fault *fault,
                         const struct h2i_connect_limits *limits)
{
    uint64_t last_order = origin->pool->last_order;
    struct h2i_waiter *next = h2i_waiters_first(&origin->waiters);

    while (next) {
        struct h2i_ticket *ticket = ticket_of(next);
        next = h2i_waiters_after(&origin->waiters, next);
        if (ticket->waiter.order <= last_order && concerns(ticket, fault, limits))
            fail_ticket(ticket, fault);
    }
}

void h2i_origin_connect_failed(struct h2i_origin *origin, const h2client_fault *fault,
                               const struct h2i_connect_limits *limits)
{
    h2i_origin_touch(origin);
    if (origin->n_connectors > 0 || h2i_origin_has_hope(origin))
        origin->not_before_us = now_us(origin) + REST_AFTER_FAILURE_US;
    else
        fail_waiting(origin, fault, limits);
}

/* ---- serving ---------------------------------------------------------------------------- */

/* False: the conn could not take it just now. */
static bool hand_out(struct h2i_origin *origin, struct h2i_ticket *ticket, struct h2i_link *link)
{
    h2client_error_code code;

    h2i_origin_dismiss(origin, ticket);
    code = ticket->events->on_link(ticket, link);
    if (code == H2CLIENT_PENDING) {
        h2i_origin_admit(origin, ticket);
        h2i_pool_note_starved(origin->pool, origin);
        return false;
    }
    if (code == H2CLIENT_OK)
        origin->pool->stats.n_streams++;
    return true;
}

/* Of a roomy one: does it take this ticket? If not, it is roomy no more. An idle one is looked
 * at first. */
static bool takes(struct h2i_link *link, const struct h2i_ticket *ticket)
{
    if (link->conn->n_open > 0)
        return true;
    if (!h2i_pool_owes_slot(link, ticket))
        return h2i_link_is_fit(link);
    h2i_link_shut_down(link);
    return false;
}

/* Its own go first. */
static struct h2i_link *find_room(struct h2i_origin *origin, const struct h2i_ticket *ticket)
{
    struct h2i_list *node;
    struct h2i_link *link;

    while ((node = h2i_list_first(&origin->roomy)))
        if (takes(H2I_CONTAINER_OF(node, struct h2i_link, in_roomy), ticket))
            return H2I_CONTAINER_OF(node, struct h2i_link, in_roomy);
    link = origin->loan.link;
    return link && h2i_list_is_linked(&link->in_roomy) && takes(link, ticket) ? link : NULL;
}

static void give_room(struct h2i_origin *origin)
{
    struct h2i_ticket *ticket;
    struct h2i_link *link;

    while ((ticket = h2i_origin_first_waiting(origin)) && (link = find_room(origin, ticket)))
        if (!hand_out(origin, ticket, link))
            return;
}

static void tell_connecting(struct h2i_origin *origin)
{
    struct h2i_waiter *next = h2i_waiters_first(&origin->waiters);

    while (next) {
        struct h2i_ticket *ticket = ticket_of(next);
        next = h2i_waiters_after(&origin->waiters, next);
        if (ticket->told_episode == origin->episode)
            continue;
        ticket->told_episode = origin->episode;
        ticket->events->on_connecting(ticket);
    }
}

static bool open_connection(struct h2i_origin *origin, struct h2i_ticket *ticket)
{
    static const h2client_fault no_memory = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};

    bool has_slot = !h2i_coalesce_looks_first(origin);

    if (h2i_coalesce_borrow_for_literal(origin))
        return true;
    if (has_slot && !h2i_pool_take_slot(origin->pool, origin))
        return false;
    ticket->made_connect = true;
    if (h2i_connector_start(origin, &ticket->limits, has_slot))
        return true;
    if (has_slot)
        h2i_pool_give_slot(origin);
    h2i_origin_connect_failed(origin, &no_memory, NULL);
    return false;
}

static struct h2i_origin_state state_of(const struct h2i_origin *origin)
{
    const struct h2i_pool_config *config = &origin->pool->config;
    const struct h2i_ticket *first = h2i_origin_first_waiting(origin);

    return (struct h2i_origin_state){
        .protocol = protocol_of(origin),
        .n_waiting = origin->waiters.n,
        .n_open = origin->n_links,
        .n_dialing = origin->n_connectors,
        .has_hope = first && h2i_origin_has_hope(origin),
        .first_since_us = first ? first->entered_us : 0,
        .not_before_us = origin->not_before_us,
        .max_h1 = origin->is_carrier ? SIZE_MAX : config->max.h1_conns_per_host,
        .max_h2 = origin->is_carrier ? SIZE_MAX : config->max.h2_conns_per_host,
    };
}

static void wait_until(struct h2i_origin *origin, int64_t deadline_us)
{
    h2client_reactor *reactor = origin->pool->config.reactor;

    if (deadline_us == INT64_MAX)
        h2client_reactor_timer_stop(reactor, &origin->patience);
    else if (h2client_reactor_timer_start(reactor, &origin->patience, deadline_us))
        h2i_log(reactor, H2CLIENT_LOG_WARNING, "pool",
                "%s:%u: no memory for a timer: no other connection is opened for now", origin->host,
                origin->port);
}

/* The nth connection is opened for the nth of those that wait. False: it is hungry. */
static bool open_connections(struct h2i_origin *origin, size_t n)
{
    struct h2i_waiter *next = h2i_waiters_first(&origin->waiters);
    bool is_hungry = false;

    while (n-- > 0 && next && !is_hungry) {
        struct h2i_ticket *ticket = ticket_of(next);
        next = h2i_waiters_after(&origin->waiters, next);
        is_hungry = !open_connection(origin, ticket);
    }
    if (!is_hungry)
        h2i_list_remove(&origin->in_hungry);
    return !is_hungry;
}

/* Those who came last go: the queue is bounded. */
static void turn_away(struct h2i_origin *origin)
{
    struct h2i_pool *pool = origin->pool;
    h2client_fault fault;

    while (pool->n_waiting > pool->config.max.waiting && origin->waiters.n > 0 &&
           !origin->is_carrier) {
        fault = h2i_fault(H2CLIENT_ERROR_QUEUE_FULL, "%zu calls wait for a connection already",
                          pool->config.max.waiting);
        fail_ticket(ticket_of(h2i_waiters_last(&origin->waiters)), &fault);
    }
}

/* A connection that is in use and takes nothing new: the next call will want another. NULL
 * where one is there, or where too little was asked to expect a next call. */
static const struct h2i_link *find_drained(const struct h2i_origin *origin)
{
    const struct h2i_link *drained = NULL;

    for (struct h2i_list *node = h2i_list_first(&origin->links); node;
         node = h2i_list_after(&origin->links, node)) {
        const struct h2i_conn *conn = link_of(node)->conn;
        if (conn->accepts_new)
            return NULL;
        if (link_of(node)->is_h2 && conn->n_open > 0 && conn->n_opened >= BUSY_CALLS)
            drained = link_of(node);
    }
    return drained;
}

/* Once a connection: whoever comes next finds the other one open. */
static void replace_drained(struct h2i_origin *origin)
{
    const struct h2i_link *drained = origin->waiters.n ? NULL : find_drained(origin);

    if (!drained || origin->n_connectors > 0 || origin->replaced_id == drained->conn->id)
        return;
    origin->replaced_id = drained->conn->id;
    if (!h2i_pool_take_slot(origin->pool, origin))
        h2i_list_remove(&origin->in_hungry); /* it can wait for who needs it */
    else if (!h2i_connector_start(origin, &origin->limits, true))
        h2i_pool_give_slot(origin);
}

/* Nobody waits: what is being opened is not needed; but an HTTP/1.1 connection soon will
 * be, where others are in use. */
static void cancel_unneeded(struct h2i_origin *origin)
{
    if (find_drained(origin))
        return;
    if (origin->waiters.n > 0 || (protocol_of(origin) == H2I_PROTOCOL_H1 && origin->n_links > 0))
        return;
    cancel_connectors(origin);
}

void h2i_origin_note_stillborn(struct h2i_origin *origin, const h2client_fault *fault)
{
    origin->stillborn = *fault;
    h2i_origin_touch(origin);
}

/* Without this a server that is rude at once would be dialled again and again. */
static void bury_stillborn(struct h2i_origin *origin)
{
    h2client_fault fault = origin->stillborn;

    origin->stillborn.code = H2CLIENT_OK;
    if (fault.code)
        h2i_origin_connect_failed(origin, &fault, NULL);
}

void h2i_origin_serve(struct h2i_origin *origin)
{
    struct h2i_origin_state state;
    struct h2i_dial_plan plan;

    bury_stillborn(origin);
    forget(origin);
    give_room(origin);
    turn_away(origin);
    state = state_of(origin);
    plan = h2i_dial_plan(&state, now_us(origin));
    if (!open_connections(origin, plan.n_dials))
        plan.look_again_us = now_us(origin) + H2I_TURN_US; /* others' turns will be over */
    wait_until(origin, plan.look_again_us);
    if (origin->n_connectors > 0 && origin->waiters.n > 0 && !h2i_origin_has_hope(origin))
        tell_connecting(origin);
    replace_drained(origin);
    cancel_unneeded(origin);
    if (origin->loan.link)
        h2i_coalesce_note_served(origin);
    if (is_in_use(origin))
        origin->known.until_us = now_us(origin) + KNOWN_FOR_US;
}
