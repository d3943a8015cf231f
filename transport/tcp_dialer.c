/* SPDX-License-Identifier: MIT */
/*
 * The dialer of tcp.h: does what the race (race.h) says. It opens, watches and closes
 * sockets, keeps the time, and makes a transport of the winner. When and in which order is
 * not its business. What it remembers from dial to dial are the addresses that failed, and
 * how often each name was dialled.
 *
 * on_done is called from the timer, a socket's readiness or a deferred step, never from
 * inside a function of the port.
 */
#include "transport/tcp.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/reactor.h"
#include "base/str.h"
#include "transport/race.h"
#include "transport/race_fault.h"

/* Names that share a counter spread a little less evenly. */
#define N_COUNTERS 64

struct tcp_dialer {
    h2client_dialer dialer;
    const h2client_allocator *allocator;
    struct h2i_tcp_config config;
    struct h2i_failed_addresses failed;
    uint32_t n_dials[N_COUNTERS]; /* by the name's hash */
};

struct attempt {
    h2client_watch watch; /* its fd is the socket; -1 once that is closed or given away */
    h2client_dial *dial;
};

/* The tag is the port's; what is in it is this dialer's own. */
struct h2client_dial {
    struct tcp_dialer *dialer;
    h2client_reactor *reactor;
    h2client_dial_fn on_done;
    void *user;
    h2client_timer timer; /* when the race wants to be asked again */
    h2client_task step;   /* deferred when there is something to ask it at once */
    struct h2i_race race;
    struct attempt attempts[H2CLIENT_MAX_ADDRESSES]; /* of the entrants that have begun */
    size_t n_attempts;                               /* one past the last of these */
    char host[];
};

/* ---- the end of a dial ---- */

static void close_attempt(h2client_dial *dial, struct attempt *attempt)
{
    if (!attempt->dial || attempt->watch.fd < 0)
        return;
    h2client_reactor_watch(dial->reactor, &attempt->watch, 0);
    close(attempt->watch.fd);
    attempt->watch.fd = -1;
}

static void release(h2client_dial *dial)
{
    for (size_t i = 0; i < dial->n_attempts; i++)
        close_attempt(dial, &dial->attempts[i]);
    h2client_reactor_timer_stop(dial->reactor, &dial->timer);
    h2client_reactor_undefer(dial->reactor, &dial->step);
    h2i_free(dial->dialer->allocator, dial);
}

static void finish(h2client_dial *dial, h2client_transport *transport, const h2client_fault *fault)
{
    h2client_dial_fn on_done = dial->on_done;
    void *user = dial->user;

    release(dial);
    on_done(transport, fault, user);
}

static void fail_for_memory(h2client_dial *dial)
{
    h2client_fault fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "no memory for a connection");

    finish(dial, NULL, &fault);
}

static void fail(h2client_dial *dial, enum h2i_race_verb verb)
{
    h2client_fault fault = h2i_race_fault(&dial->race, verb, dial->host);

    finish(dial, NULL, &fault);
}

/* Any other address would meet the same. */
static void fail_to_bind(h2client_dial *dial, enum h2i_tcp_culprit culprit, int system_errno)
{
    const struct h2i_tcp_socket_options *options = &dial->dialer->config.socket;
    char address[H2CLIENT_ADDRESS_TEXT_MAX];
    bool is_interface = culprit == H2I_TCP_INTERFACE;
    char what[sizeof address + 32];
    struct h2i_text text = h2i_text(what, sizeof what);
    h2client_fault fault;

    h2client_address_format(&options->local, address, sizeof address);
    h2i_text_add(&text, "connect.%s \"%s\"", is_interface ? "interface" : "local_address",
                 is_interface ? options->interface : address);
    fault = h2i_fault_of_errno(system_errno, H2CLIENT_ERROR_BIND_FAILED, what);
    finish(dial, NULL, &fault);
}

static const char *name_entrant(const h2client_dial *dial, size_t entrant,
                                char buf[H2CLIENT_ADDRESS_TEXT_MAX])
{
    return h2client_address_format(&dial->race.entrants[entrant].address, buf,
                                   H2CLIENT_ADDRESS_TEXT_MAX);
}

static void succeed(h2client_dial *dial, size_t winner)
{
    char name[H2CLIENT_ADDRESS_TEXT_MAX];
    struct attempt *attempt = &dial->attempts[winner];
    h2client_transport *transport;

    h2i_log(dial->reactor, H2CLIENT_LOG_DEBUG, "tcp", "connected to %s",
            name_entrant(dial, winner, name));
    h2client_reactor_watch(dial->reactor, &attempt->watch, 0);
    transport = h2i_tcp_transport_create(dial->reactor, attempt->watch.fd);
    attempt->watch.fd = -1; /* the transport's */
    if (transport)
        finish(dial, transport, NULL);
    else
        fail_for_memory(dial);
}

/* ---- one attempt ---- */

static void report(h2client_dial *dial, size_t entrant, int outcome)
{
    char name[H2CLIENT_ADDRESS_TEXT_MAX];
    char reason[H2I_RACE_REASON_MAX];

    h2i_race_report(&dial->race, entrant, outcome, h2client_reactor_now_us(dial->reactor));
    if (outcome == H2I_RACE_CONNECTED)
        return;
    close_attempt(dial, &dial->attempts[entrant]);
    h2i_log(dial->reactor, H2CLIENT_LOG_DEBUG, "tcp", "%s: %s", name_entrant(dial, entrant, name),
            h2i_race_reason(&dial->race.entrants[entrant], reason));
}

static void advance(h2client_dial *dial);

static void on_socket(h2client_watch *watch, unsigned ready, void *user)
{
    struct attempt *attempt = user;
    h2client_dial *dial = attempt->dial;

    (void)ready;
    h2i_reactor_note_ready(dial->reactor);
    report(dial, (size_t)(attempt - dial->attempts), h2i_tcp_socket_outcome(watch->fd));
    advance(dial);
}

/* What the application wants of addresses, literals too. */
static int refuse(const h2client_dial *dial, const h2client_address *address)
{
    const struct h2i_tcp_config *config = &dial->dialer->config;

    if (config->family != H2CLIENT_IP_ANY && (int)config->family != address->family)
        return H2I_RACE_WRONG_FAMILY;
    if (config->filter && !config->filter(address, dial->host, config->filter_user))
        return H2I_RACE_FILTERED;
    return 0;
}

/* 0 when it has connected, EINPROGRESS, or why it failed. */
static int connect_to(h2client_dial *dial, struct attempt *attempt, const h2client_address *address,
                      enum h2i_tcp_culprit *culprit)
{
    int outcome = refuse(dial, address);

    *culprit = H2I_TCP_ADDRESS;
    if (outcome)
        return outcome;
    outcome =
        h2i_tcp_socket_connect(address, &dial->dialer->config.socket, &attempt->watch.fd, culprit);
    if (outcome != EINPROGRESS)
        return outcome;
    outcome = h2client_reactor_watch(dial->reactor, &attempt->watch, H2CLIENT_WRITABLE);
    return outcome ? outcome : EINPROGRESS;
}

/* False: it has ended the dial. */
static bool begin(h2client_dial *dial, size_t entrant)
{
    struct attempt *attempt = &dial->attempts[entrant];
    enum h2i_tcp_culprit culprit;
    int outcome;

    attempt->dial = dial;
    attempt->watch = (h2client_watch){.fd = -1, .on_ready = on_socket, .user = attempt};
    if (entrant >= dial->n_attempts)
        dial->n_attempts = entrant + 1;
    outcome = connect_to(dial, attempt, &dial->race.entrants[entrant].address, &culprit);
    if (outcome == EINPROGRESS)
        return true;
    if (culprit != H2I_TCP_ADDRESS) {
        fail_to_bind(dial, culprit, outcome);
        return false;
    }
    report(dial, entrant, outcome);
    return true;
}

/* ---- asking the race ---- */

/* False: no memory, and the dial has ended. */
static bool wait_until(h2client_dial *dial, int64_t until_us)
{
    if (until_us == INT64_MAX)
        h2client_reactor_timer_stop(dial->reactor, &dial->timer);
    else if (h2client_reactor_timer_start(dial->reactor, &dial->timer, until_us) != H2CLIENT_OK)
        return false;
    return true;
}

/* Does what there is to do now. May end the dial. */
static void advance(h2client_dial *dial)
{
    for (;;) {
        struct h2i_race_step step =
            h2i_race_next(&dial->race, h2client_reactor_now_us(dial->reactor));

        if (step.verb == H2I_RACE_START && begin(dial, step.entrant))
            continue;
        if (step.verb == H2I_RACE_WAIT && !wait_until(dial, step.until_us))
            fail_for_memory(dial);
        if (step.verb == H2I_RACE_WON)
            succeed(dial, step.entrant);
        if (step.verb == H2I_RACE_LOST || step.verb == H2I_RACE_LATE)
            fail(dial, step.verb);
        return;
    }
}

static void on_timer(h2client_timer *timer, void *user)
{
    (void)timer;
    advance(user);
}

static void on_step(h2client_task *task, void *user)
{
    (void)task;
    advance(user);
}

/* ---- the port ---- */

static bool wants_addresses(h2client_dialer *dialer, const h2client_target *target)
{
    (void)dialer;
    (void)target;
    return true;
}

/* How often this name was dialled before. */
static uint32_t count_dial(struct tcp_dialer *dialer, const char *host)
{
    static const uint64_t seed[2] = {0, 0}; /* nothing is lost by names that collide */

    return dialer->n_dials[h2i_siphash(seed, host, strlen(host)) % N_COUNTERS]++;
}

static void init_race(h2client_dial *dial, const h2client_target *target)
{
    struct tcp_dialer *dialer = dial->dialer;
    const struct h2i_tcp_config *config = &dialer->config;
    bool has_limit = target->timeout_ms >= 0 && target->timeout_ms <= INT64_MAX / 1000;
    const struct h2i_race_config race = {
        .attempt_delay_us = config->attempt_delay_us,
        .resolution_delay_us = config->family == H2CLIENT_IP_V4 ? 0 : config->resolution_delay_us,
        .limit_us = has_limit ? target->timeout_ms * 1000 : INT64_MAX,
        .rotation = count_dial(dialer, target->host),
    };

    h2i_race_init(&dial->race, &race, &dialer->failed, h2client_reactor_now_us(dial->reactor));
}

static h2client_dial *dial_start(h2client_dialer *port, h2client_reactor *reactor,
                                 const h2client_target *target, h2client_dial_fn on_done,
                                 void *user)
{
    struct tcp_dialer *dialer = (struct tcp_dialer *)(void *)port;
    size_t host_len = strlen(target->host);
    h2client_dial *dial = h2i_alloc_zeroed(dialer->allocator, sizeof *dial + host_len + 1);

    if (!dial)
        return NULL;
    dial->dialer = dialer;
    dial->reactor = reactor;
    dial->on_done = on_done;
    dial->user = user;
    dial->timer = (h2client_timer){.on_expire = on_timer, .user = dial};
    dial->step = (h2client_task){.run = on_step, .user = dial};
    memcpy(dial->host, target->host, host_len);
    init_race(dial, target);
    if (wait_until(dial, dial->race.deadline_us))
        return dial;
    release(dial);
    return NULL;
}

static void add_addresses(h2client_dialer *dialer, h2client_dial *dial,
                          const h2client_address *list, size_t n, bool more)
{
    (void)dialer;
    h2i_race_add(&dial->race, list, n, more, h2client_reactor_now_us(dial->reactor));
    h2client_reactor_defer(dial->reactor, &dial->step);
}

static void cancel(h2client_dialer *dialer, h2client_dial *dial)
{
    (void)dialer;
    if (dial)
        release(dial);
}

static void describe(h2client_dialer *dialer, const h2client_dial *dial, char *buf, size_t cap)
{
    struct h2i_text text = h2i_text(buf, cap);

    (void)dialer;
    if (cap > 0)
        h2i_race_describe(&dial->race, dial->host, &text);
}

static void destroy(h2client_dialer *dialer)
{
    if (dialer)
        h2i_free(((struct tcp_dialer *)(void *)dialer)->allocator, dialer);
}

struct h2i_tcp_config h2i_tcp_config_default(void)
{
    return (struct h2i_tcp_config){
        .attempt_delay_us = 250000,
        .resolution_delay_us = 50000,
        .failed_address_ttl_us = 60000000,
        .socket = {.keep_alive_s = 60},
    };
}

h2client_dialer *h2i_tcp_dialer_create(const h2client_allocator *allocator,
                                       const struct h2i_tcp_config *config)
{
    static const h2client_dialer_ops ops = {
        .size = sizeof ops,
        .wants_addresses = wants_addresses,
        .dial = dial_start,
        .add_addresses = add_addresses,
        .cancel = cancel,
        .destroy = destroy,
        .describe = describe,
    };
    struct tcp_dialer *dialer = h2i_alloc_zeroed(allocator, sizeof *dialer);

    if (!dialer)
        return NULL;
    dialer->dialer.ops = &ops;
    dialer->allocator = allocator;
    dialer->config = *config;
    dialer->failed.ttl_us = config->failed_address_ttl_us;
    return &dialer->dialer;
}
