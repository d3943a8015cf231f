/* SPDX-License-Identifier: MIT */
/*
 * The TLS factory over GnuTLS: what all connections share, and how one is set up.
 * What the options name is tls_options.c's, the handshake tls_handshake.c's, trust
 * tls_trust.c's, records tls_record.c's.
 */
#include "transport/tls_gnutls.h"

#include "base/fault.h"
#include "base/str.h"
#include "transport/tls_internal.h"

#define MAX_ALPN 8

static struct h2i_tls_factory *of(h2client_tls_factory *base)
{
    return (struct h2i_tls_factory *)(void *)base;
}

const char *h2i_tls_gnutls_version(void)
{
    return gnutls_check_version(NULL);
}

/* ---- a connection ----------------------------------------------------------------- */

void h2i_tls_free(struct h2i_tls *tls)
{
    const h2client_allocator *allocator = tls->factory->allocator;

    h2client_reactor_undefer(tls->reactor, &tls->report);
    h2client_reactor_undefer(tls->reactor, &tls->handshake.failure);
    h2client_reactor_timer_stop(tls->reactor, &tls->handshake.timer);
    if (tls->session)
        gnutls_deinit(tls->session);
    tls->inner->ops->destroy(tls->inner);
    h2i_tls_peer_free(tls);
    h2i_free(allocator, tls->host);
    h2i_free(allocator, tls->buffers);
    h2i_free(allocator, tls->tickets.key);
    h2i_free(allocator, tls);
}

/* A trailing dot would be sent in SNI (RFC 6066 3) and break the match. */
static bool note_host(struct h2i_tls *tls, const char *host)
{
    size_t len = strlen(host);

    if (len > 0 && host[len - 1] == '.')
        len--;
    tls->host = h2i_copy_text(tls->factory->allocator, host, len);
    if (!tls->host)
        return false;
    h2client_address_parse(tls->host, &tls->literal);
    return true;
}

/* MANDATORY refuses an answer that was not offered; one that is missing passes. */
static int offer_alpn(struct h2i_tls *tls, const char *const *alpn)
{
    struct h2i_text offered = h2i_text(tls->alpn_offered, sizeof tls->alpn_offered);
    gnutls_datum_t list[MAX_ALPN];
    size_t n_bytes = 0;
    unsigned n = 0;

    for (; alpn && alpn[n]; n++) {
        size_t len = strlen(alpn[n]);
        n_bytes += len + 1;
        if (n == MAX_ALPN || n_bytes > sizeof tls->alpn_offered)
            return GNUTLS_E_INVALID_REQUEST;
        list[n] = (gnutls_datum_t){(unsigned char *)(uintptr_t)alpn[n], (unsigned)len};
        h2i_text_add(&offered, "%s%s", n ? " " : "", alpn[n]);
    }
    return n ? gnutls_alpn_set_protocols(tls->session, list, n, GNUTLS_ALPN_MANDATORY) : 0;
}

/* RFC 6066 3: an address is no server name. */
static int name_server(struct h2i_tls *tls)
{
    if (tls->literal.family)
        return 0;
    return gnutls_server_name_set(tls->session, GNUTLS_NAME_DNS, tls->host, strlen(tls->host));
}

/* NO_TICKETS: GnuTLS 3.7 heeds it in TLS 1.2; those of TLS 1.3 come and are not kept. */
static int configure(struct h2i_tls *tls, const h2client_tls_params *params)
{
    const struct h2i_tls_factory *factory = tls->factory;
    bool takes_tickets = factory->takes_tickets && params->tickets;
    unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | (takes_tickets ? 0u : GNUTLS_NO_TICKETS);
    int code = gnutls_init(&tls->session, flags);

    if (code < 0) {
        tls->session = NULL;
        return code;
    }
    gnutls_handshake_set_timeout(tls->session, GNUTLS_INDEFINITE_TIMEOUT);
    code = gnutls_priority_set(tls->session, factory->priority);
    if (code >= 0)
        code = gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, factory->credentials);
    if (code >= 0)
        code = name_server(tls);
    if (code >= 0)
        code = offer_alpn(tls, params->alpn);
    return code;
}

static bool start_timer(struct h2i_tls *tls, int64_t timeout_ms)
{
    int64_t deadline_us;

    tls->handshake.timeout_ms = timeout_ms;
    if (timeout_ms == H2CLIENT_NO_LIMIT || __builtin_mul_overflow(timeout_ms, 1000, &deadline_us) ||
        __builtin_add_overflow(deadline_us, h2client_reactor_now_us(tls->reactor), &deadline_us))
        return true;
    return h2client_reactor_timer_start(tls->reactor, &tls->handshake.timer, deadline_us) ==
           H2CLIENT_OK;
}

/* False: no memory. Any other reason why it cannot go on is noted, to be told later. */
static bool set_up(struct h2i_tls *tls, const h2client_tls_params *params)
{
    struct h2i_tls_factory *factory = tls->factory;
    h2client_fault fault = factory->fault;
    int code;

    if (!note_host(tls, params->host))
        return false;
    code = configure(tls, params);
    if (!tls->session || code == GNUTLS_E_MEMORY_ERROR)
        return false;
    if (!fault.code && h2i_tls_judges(factory) && !h2i_tls_load_system_trust(factory) &&
        factory->verifies)
        fault = h2i_fault(H2CLIENT_ERROR_TLS_CA_FILE, "the system's store has no certificate");
    if (!fault.code && code < 0)
        fault = h2i_fault(H2CLIENT_ERROR_TLS_HANDSHAKE, "TLS cannot be set up: %s",
                          gnutls_strerror(code));
    if (fault.code)
        h2i_tls_fail(tls, &fault);
    h2i_tls_handshake_init(tls);
    return h2i_tls_wire_init(tls) && h2i_tls_resume(tls, params) &&
           start_timer(tls, params->timeout_ms);
}

static h2client_handshake *factory_start(h2client_tls_factory *base, h2client_reactor *reactor,
                                         const h2client_tls_params *params,
                                         h2client_transport *inner, h2client_handshake_fn on_done,
                                         void *user)
{
    struct h2i_tls *tls = h2i_alloc_zeroed(of(base)->allocator, sizeof *tls);

    if (!tls) {
        inner->ops->destroy(inner);
        return NULL;
    }
    tls->factory = of(base);
    tls->reactor = reactor;
    tls->inner = inner;
    tls->handshake.on_done = on_done;
    tls->handshake.user = user;
    if (!set_up(tls, params)) {
        h2i_tls_free(tls);
        return NULL;
    }
    if (h2i_tls_has_failed(tls))
        h2client_reactor_defer(reactor, &tls->handshake.failure);
    else
        inner->ops->wants(inner, H2CLIENT_WRITABLE); /* then it begins */
    return (h2client_handshake *)tls;
}

static void factory_cancel(h2client_tls_factory *base, h2client_handshake *handshake)
{
    struct h2i_tls *tls = (struct h2i_tls *)handshake;

    (void)base;
    if (tls->handshake.is_asking)
        tls->handshake.is_cancelled = true;
    else
        h2i_tls_free(tls);
}

/* ---- the factory -------------------------------------------------------------------- */

static void factory_destroy(h2client_tls_factory *base)
{
    struct h2i_tls_factory *factory;

    if (!base)
        return;
    factory = of(base);
    if (factory->credentials)
        gnutls_certificate_free_credentials(factory->credentials);
    if (factory->priority)
        gnutls_priority_deinit(factory->priority);
    h2i_tls_free_revocations(factory);
    h2i_tls_pins_finish(factory);
    h2i_tls_keylog_close(factory);
    h2i_free(factory->allocator, factory);
}

h2client_tls_factory *h2i_tls_gnutls_create(const h2client_allocator *allocator,
                                            const h2client_tls_options *options,
                                            h2client_fault *fault)
{
    static const h2client_tls_factory_ops ops = {
        .size = sizeof ops,
        .start = factory_start,
        .cancel = factory_cancel,
        .destroy = factory_destroy,
    };
    const h2client_tls_options defaults = {.size = sizeof defaults};
    struct h2i_tls_factory *factory = h2i_alloc_zeroed(allocator, sizeof *factory);

    *fault = (h2client_fault){.code = H2CLIENT_OK, .tls_alert = -1};
    if (!factory)
        return NULL;
    factory->base.ops = &ops;
    factory->allocator = allocator;
    factory->keylog_fd = -1;
    if (gnutls_certificate_allocate_credentials(&factory->credentials) < 0) {
        factory_destroy(&factory->base);
        return NULL;
    }
    if (!h2i_tls_take_options(factory, options ? options : &defaults))
        *fault = factory->fault;
    return &factory->base;
}
