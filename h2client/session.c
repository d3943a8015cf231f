/* SPDX-License-Identifier: MIT */
/* A session's making and ending. The one place that knows the real ports: it creates
 * them and hands them down. */
#include "h2client/session.h"

#include "base/fault.h"
#include "h2client/connect_options.h"
#include "h2client/pool_options.h"
#include "h2client/reroute_options.h"
#include "h2client/call_login.h"
#include "h2client/session_internal.h"
#include "resolver/resolver_create.h"
#include "resolver/static_resolver.h"
#include "transport/loops.h"
#include "transport/system_posix.h"
#include "transport/tcp.h"
#include "transport/tls_gnutls.h"

#define ARENA_BLOCK_BYTES 1024

/* ---- errors of the session as a whole ------------------------------------------ */

/* The first one stays: every call ends with it. */
static void fail_session(h2client_session *session, const h2client_fault *fault)
{
    struct h2i_text text;

    if (session->error.code)
        return;
    text = h2i_text(session->error_text, sizeof session->error_text);
    h2i_text_add(&text, "%s", fault->text[0] ? fault->text : h2client_error_text(fault->code));
    session->error.message = session->error_text;
    session->error.code = fault->code;
    session->error.phase = H2CLIENT_PHASE_USAGE;
    session->error.system_errno = fault->system_errno;
    session->error.exit_code = h2client_error_exit_code(fault->code);
}

static void fail_with(h2client_session *session, h2client_error_code code, const char *text)
{
    h2client_fault fault = h2i_fault(code, "%s", text);

    fail_session(session, &fault);
}

const h2client_error *h2client_session_error(const h2client_session *session)
{
    return session ? &session->error : h2client_call_error(NULL);
}

/* ---- options --------------------------------------------------------------------- */

struct session_setup {
    h2client_session_options options;
    h2client_call_options defaults;
    h2client_tls_options tls;
    h2client_dns_options dns;
    h2client_connect_options connect;
};

static h2client_error_code take_setup(struct session_setup *setup,
                                      const h2client_session_options *options, struct h2i_text *why)
{
    h2client_error_code code =
        h2i_options_take(&setup->options, sizeof setup->options, options, "session options", why);

    if (!code)
        code = h2i_options_take(&setup->defaults, sizeof setup->defaults, setup->options.defaults,
                                "defaults", why);
    if (!code)
        code = h2i_options_take(&setup->tls, sizeof setup->tls, setup->options.tls, "tls", why);
    if (!code)
        code = h2i_options_take(&setup->dns, sizeof setup->dns, setup->options.dns, "dns", why);
    if (!code)
        code = h2i_options_take(&setup->connect, sizeof setup->connect, setup->options.connect,
                                "connect", why);
    return code;
}

static h2client_error_code apply_rates(h2client_session *session,
                                       const h2client_session_options *options,
                                       struct h2i_text *why)
{
    int64_t recv_per_s = INT64_MAX, send_per_s = INT64_MAX;
    h2client_error_code code =
        h2i_limit_apply(&recv_per_s, options->max_recv_bytes_per_s, 1, "max_recv_bytes_per_s", why);

    if (!code)
        code = h2i_limit_apply(&send_per_s, options->max_send_bytes_per_s, 1,
                               "max_send_bytes_per_s", why);
    h2i_shared_rates_init(&session->rates, recv_per_s, send_per_s);
    return code;
}

static h2client_error_code apply_options(h2client_session *session,
                                         const struct session_setup *setup,
                                         struct h2i_pool_config *config, struct h2i_text *why)
{
    struct h2i_meant_fields meant = {.n = 0};
    const h2client_header *own;
    h2client_error_code code;

    session->defaults = h2i_settings_default();
    code = h2i_settings_apply(&session->defaults, &session->arena, &setup->defaults, why);
    if (!code)
        code = h2i_login_read_netrc(&session->defaults, &session->arena, session->reactor.system,
                                    setup->defaults.netrc_file, why);
    if (!code)
        code = h2i_settings_apply_proxy(&session->defaults, &session->arena,
                                        session->reactor.system, setup->defaults.proxy, why);
    if (!setup->defaults.decompress && h2i_coding_offer()[0])
        h2i_meant_fields_add(&meant, "accept-encoding", h2i_coding_offer());
    if (!code)
        code = h2i_settings_mean(&setup->defaults, &session->arena, &meant, why);
    if (code)
        return code;
    own = h2i_meant_fields_join(&meant, &session->arena, setup->defaults.headers);
    if (!own)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (!code)
        code = h2i_request_fields_merge(&session->default_fields, &session->arena,
                                        h2i_request_fields_of_library(), own, why);
    if (!code)
        code = apply_rates(session, &setup->options, why);
    if (!code)
        code =
            h2i_reroutes_apply(&config->reroutes, &session->arena, setup->options.connect_to, why);
    return code ? code : h2i_pool_options_apply(config, &setup->options, why);
}

/* ---- ports ------------------------------------------------------------------------ */

static h2client_loop *choose_loop(h2client_session *session,
                                  const h2client_session_options *options)
{
    h2client_fault fault = {.code = H2CLIENT_OK};

    if (options->loop)
        return options->loop;
    session->own.loop = h2i_loop_create(&session->home->allocator, session->reactor.system,
                                        options->loop_kind, &fault);
    if (!session->own.loop)
        fail_session(session, &fault);
    return session->own.loop;
}

static size_t count_overrides(const h2client_dns_override *overrides)
{
    size_t n = 0;

    while (overrides && overrides[n].host)
        n++;
    return n;
}

static bool copy_overrides(h2client_session *session, const h2client_dns_override *overrides,
                           size_t n, struct h2i_static_entry *entries)
{
    for (size_t i = 0; i < n; i++) {
        if (overrides[i].port < 0 || overrides[i].port > 65535) {
            fail_with(session, H2CLIENT_ERROR_INVALID_ARGUMENT,
                      "dns.overrides: a port is not between 0 and 65535");
            return false;
        }
        entries[i] = (struct h2i_static_entry){overrides[i].host, overrides[i].addresses,
                                               (uint16_t)overrides[i].port};
    }
    return true;
}

static h2client_error_code apply_dns_limits(struct h2i_resolver_config *config,
                                            const h2client_dns_options *dns, struct h2i_text *why)
{
    int64_t entries = 1024;
    h2client_error_code code;

    config->cache.min_ttl_s = 1;
    config->cache.max_ttl_s = 300;
    config->cache.negative_ttl_s = 5;
    code = h2i_limit_apply(&config->cache.min_ttl_s, dns->min_ttl_s, 1, "dns.min_ttl_s", why);
    if (!code)
        code = h2i_limit_apply(&config->cache.max_ttl_s, dns->max_ttl_s, 1, "dns.max_ttl_s", why);
    if (!code)
        code = h2i_limit_apply(&config->cache.negative_ttl_s, dns->negative_ttl_s, 1,
                               "dns.negative_ttl_s", why);
    config->cache.max_stale_s = dns->max_stale_s == H2CLIENT_NONE ? 0 : 60;
    if (!code && dns->max_stale_s != H2CLIENT_NONE)
        code = h2i_limit_apply(&config->cache.max_stale_s, dns->max_stale_s, 1, "dns.max_stale_s",
                               why);
    if (!code)
        code = h2i_limit_apply(&entries, dns->max_entries, 1, "dns.max_entries", why);
    config->cache.max_entries = (size_t)entries;
    if (config->cache.max_ttl_s == INT64_MAX)
        config->cache.max_ttl_s = H2CLIENT_NO_LIMIT;
    return code;
}

static h2client_resolver *create_resolver(h2client_session *session,
                                          const h2client_dns_options *dns,
                                          h2client_ip_family family)
{
    size_t n = count_overrides(dns->overrides);
    struct h2i_static_entry *entries = h2i_arena_alloc(&session->arena, (n + 1) * sizeof *entries);
    struct h2i_resolver_config config = {
        .servers = dns->servers, .entries = entries, .n_entries = n, .family = family};
    h2client_fault fault = {.code = H2CLIENT_ERROR_NO_MEMORY};
    struct h2i_text why = h2i_text(fault.text, sizeof fault.text);
    h2client_resolver *resolver = NULL;

    if (entries && !copy_overrides(session, dns->overrides, n, entries))
        return NULL;
    if (entries)
        fault.code = apply_dns_limits(&config, dns, &why);
    if (!fault.code)
        resolver = h2i_resolver_create(&session->reactor, &config, &fault);
    if (!resolver)
        fail_session(session, &fault);
    return resolver;
}

static h2client_tls_factory *create_tls(h2client_session *session, const h2client_tls_options *tls)
{
    h2client_fault fault = {.code = H2CLIENT_OK};
    h2client_tls_factory *factory = h2i_tls_gnutls_create(&session->home->allocator, tls, &fault);

    if (!factory && !fault.code)
        fault.code = H2CLIENT_ERROR_NO_MEMORY;
    if (fault.code)
        fail_session(session, &fault);
    return factory;
}

static h2client_dialer *create_dialer(h2client_session *session,
                                      const h2client_connect_options *connect)
{
    struct h2i_tcp_config config = h2i_tcp_config_default();
    h2client_fault fault = {.tls_alert = -1};
    struct h2i_text why = h2i_text(fault.text, sizeof fault.text);

    fault.code = h2i_connect_options_apply(&config, connect, &why);
    if (!fault.code)
        return h2i_tcp_dialer_create(&session->home->allocator, &config);
    fail_session(session, &fault);
    return NULL;
}

static void choose_ports(h2client_session *session, const struct session_setup *setup,
                         struct h2i_pool_config *config)
{
    const h2client_session_options *options = &setup->options;

    config->dialer = options->dialer;
    config->resolver = options->resolver;
    config->tls_factory = options->tls_factory;
    if (!config->dialer) {
        config->dialer = session->own.dialer = create_dialer(session, &setup->connect);
        config->coalesce.filter = setup->connect.filter;
        config->coalesce.filter_user = setup->connect.filter_user;
    }
    if (!config->resolver)
        config->resolver = session->own.resolver = create_resolver(
            session, &setup->dns, options->dialer ? H2CLIENT_IP_ANY : setup->connect.family);
    if (!config->tls_factory)
        config->tls_factory = session->own.tls_factory = create_tls(session, &setup->tls);
    if (!config->dialer || !config->resolver || !config->tls_factory)
        fail_with(session, H2CLIENT_ERROR_NO_MEMORY, "");
}

/* ---- making ------------------------------------------------------------------------ */

static void listen_to_notices(h2client_session *session, const h2client_session_options *options,
                              struct h2i_pool_config *config)
{
    session->notices.on_log = options->on_log;
    session->notices.on_frame = options->on_frame;
    session->notices.user = options->user;
    if (options->on_log) {
        session->reactor.log.sink = h2i_notices_add_line;
        session->reactor.log.user = &session->notices;
        session->reactor.log.level = options->log_level;
    }
    if (options->on_frame) {
        config->on_frame = h2i_notices_add_frame;
        config->user = &session->notices;
    }
}

static bool create_pool(h2client_session *session, const struct h2i_pool_config *config,
                        const struct h2i_throttle_config *throttle)
{
    h2client_system *system = session->reactor.system;
    uint64_t seed[2];

    if (!system->ops->random_bytes(system, seed, sizeof seed)) {
        fail_with(session, H2CLIENT_ERROR_SYSTEM_FAILED, "the system gives no random bytes");
        return false;
    }
    h2i_throttle_init(&session->throttle, &session->reactor, throttle, seed);
    session->has_pool = h2i_pool_init(&session->pool, config, seed);
    if (!session->has_pool)
        fail_with(session, H2CLIENT_ERROR_NO_MEMORY, "");
    return session->has_pool;
}

static bool choose_jar(h2client_session *session, h2client_cookie_jar *given)
{
    session->cookie_jar = given ? h2client_cookie_jar_ref(given)
                                : h2client_cookie_jar_create(&session->home->allocator);
    if (!session->cookie_jar)
        fail_with(session, H2CLIENT_ERROR_NO_MEMORY, "");
    return session->cookie_jar != NULL;
}

static void set_up(h2client_session *session, const h2client_session_options *options)
{
    struct session_setup setup;
    char buf[200];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    h2client_error_code code = take_setup(&setup, options, &why);
    struct h2i_pool_config config = h2i_pool_default_config();
    struct h2i_throttle_config throttle;

    config.allocator = &session->home->allocator;
    config.reactor = &session->reactor;
    config.logins.store = &session->digests;
    if (!code) {
        h2client_system *system = setup.options.system ? setup.options.system : h2i_system_posix();
        h2i_reactor_init(&session->reactor, &session->home->allocator, system, NULL);
        session->reactor.loop = choose_loop(session, &setup.options);
        session->is_polled = setup.options.loop != NULL;
        config.logins.system = system;
        listen_to_notices(session, &setup.options, &config);
        code = apply_options(session, &setup, &config, &why);
    }
    if (!code)
        code = h2i_throttle_options_apply(&throttle, &setup.options, &why);
    if (code)
        fail_with(session, code, buf);
    if (session->error.code)
        return;
    if (!choose_jar(session, setup.options.cookie_jar))
        return;
    choose_ports(session, &setup, &config);
    if (!session->error.code)
        create_pool(session, &config, &throttle);
}

static h2client_session *allocate_session(const h2client_allocator *allocator)
{
    struct h2i_home *home = h2i_home_create(allocator);
    h2client_session *session = home ? h2i_alloc_zeroed(allocator, sizeof *session) : NULL;

    if (!session) {
        h2i_home_unref(home);
        return NULL;
    }
    session->home = home;
    session->error = *h2client_call_error(NULL);
    session->error.code = H2CLIENT_OK;
    session->error.message = h2client_error_text(H2CLIENT_OK);
    session->error.exit_code = 0;
    h2i_list_init(&session->calls);
    h2i_list_init(&session->ready);
    h2i_list_init(&session->done);
    h2i_list_init(&session->spare);
    h2i_retry_bucket_init(&session->retry_bucket);
    h2i_digest_store_init(&session->digests, &home->allocator);
    h2i_arena_init(&session->arena, &home->allocator, ARENA_BLOCK_BYTES);
    h2i_notices_init(&session->notices, &home->allocator);
    h2i_reactor_init(&session->reactor, &home->allocator, h2i_system_posix(), NULL);
    session->fork_guard = h2i_fork_guard_create();
    return session;
}

static const char *made_at(const h2client_session_options *options)
{
    size_t through = offsetof(h2client_session_options, made_at) + sizeof options->made_at;

    return options && options->size >= through ? options->made_at : NULL;
}

h2client_session *h2client_session_create(const h2client_session_options *options)
{
    const h2client_allocator *allocator = h2i_default_allocator();
    size_t through_allocator =
        offsetof(h2client_session_options, allocator) + sizeof options->allocator;
    h2client_session *session;

    if (options && options->size >= through_allocator && options->allocator)
        allocator = options->allocator;
    session = allocate_session(allocator);
    if (!session)
        return NULL;
    h2i_live_add(&session->live, made_at(options), __builtin_return_address(0));
    set_up(session, options);
    return session;
}

/* ---- the gate ----------------------------------------------------------------------- */

bool h2i_session_enter(h2client_session *session)
{
    return !h2i_fork_guard_has_forked(session->fork_guard);
}

h2client_reactor *h2client_session_reactor(h2client_session *session)
{
    return session ? &session->reactor : NULL;
}

/* ---- ending ------------------------------------------------------------------------- */

static void end_calls(h2client_session *session, h2client_error_code code)
{
    h2client_fault fault = h2i_fault(code, "%s", "");
    struct h2i_list *node;

    while ((node = h2i_list_pop(&session->calls))) {
        h2client_call *call = H2I_CONTAINER_OF(node, h2client_call, in_session);
        h2i_call_report_unasked(call);
        h2i_call_close(call, &fault);
        h2i_call_deliver_end(call);
        h2i_call_detach(call);
        h2i_call_release_if_unused(call);
    }
}

static void free_spare_calls(h2client_session *session)
{
    struct h2i_list *node;

    while ((node = h2i_list_pop(&session->spare)))
        h2i_call_free(H2I_CONTAINER_OF(node, h2client_call, in_session));
}

static void destroy_ports(h2client_session *session)
{
    if (session->own.resolver)
        session->own.resolver->ops->destroy(session->own.resolver);
    if (session->own.dialer)
        session->own.dialer->ops->destroy(session->own.dialer);
    if (session->own.tls_factory)
        session->own.tls_factory->ops->destroy(session->own.tls_factory);
}

static int watch_nothing(h2client_loop *loop, h2client_watch *watch, unsigned events)
{
    (void)loop, (void)watch, (void)events;
    return 0;
}

/* A child shares sockets and epoll's list with its parent: it closes its copies, and
 * neither says goodbye on the wire nor takes a descriptor off the list. */
static void let_go_of_parents_loop(h2client_session *session)
{
    static const h2client_loop_ops ops = {.size = sizeof ops, .watch = watch_nothing};
    static h2client_loop deaf = {&ops};

    session->reactor.loop = &deaf;
}

void h2i_session_finish(h2client_session *session)
{
    struct h2i_home *home = session->home;
    bool is_child = !h2i_session_enter(session);

    if (is_child)
        let_go_of_parents_loop(session);
    session->is_closing = true;
    session->is_driving = true; /* for the callbacks that run from here */
    h2i_reactor_refresh_clock(&session->reactor);
    end_calls(session, is_child ? H2CLIENT_ERROR_FORKED : H2CLIENT_ERROR_SESSION_CLOSED);
    if (session->has_pool || session->pool.scratch)
        h2i_pool_finish(&session->pool, !is_child);
    h2i_throttle_finish(&session->throttle);
    h2client_cookie_jar_unref(session->cookie_jar);
    while (h2i_notices_tell_one(&session->notices)) /* the goodbyes among them */
        ;
    destroy_ports(session);
    free_spare_calls(session);
    h2i_notices_finish(&session->notices);
    h2i_digest_store_finish(&session->digests);
    h2i_reactor_finish(&session->reactor);
    if (session->own.loop)
        session->own.loop->ops->destroy(session->own.loop);
    h2i_arena_finish(&session->arena);
    h2i_fork_guard_destroy(session->fork_guard);
    h2i_live_remove(&session->live);
    h2i_free(&home->allocator, session);
    h2i_home_unref(home);
}

void h2client_session_destroy(h2client_session *session)
{
    if (!session)
        return;
    if (session->is_driving)
        session->is_doomed = true;
    else
        h2i_session_finish(session);
}

/* ---- figures ------------------------------------------------------------------------- */

size_t h2client_session_n_running(const h2client_session *session)
{
    return session ? session->n_running : 0;
}

void h2client_session_get_stats(const h2client_session *session, h2client_session_stats *stats)
{
    h2client_session_stats known = {.size = sizeof known};
    size_t size;

    if (!stats)
        return;
    size = stats->size < sizeof known ? stats->size : sizeof known;
    if (session && session->has_pool)
        known = session->pool.stats;
    if (session) {
        known.n_calls = session->n_calls;
        known.n_calls_failed = session->n_calls_failed;
        known.n_turns = session->n_turns;
    }
    known.size = size;
    memcpy(stats, &known, size);
}
