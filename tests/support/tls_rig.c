/* SPDX-License-Identifier: MIT */
#include "tests/support/tls_rig.h"

#include <string.h>
#include <unistd.h>

#define MAX_TURNS 200000 /* a handshake byte by byte takes thousands */

void h2t_tls_rig_init(struct h2t_tls_rig *rig)
{
    static const struct h2t_cert_spec authority = {.common_name = "authority",
                                                   .is_authority = true};
    static const struct h2t_cert_spec server = {.dns = {H2T_TLS_HOST}};

    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    h2t_world_init(&rig->world);
    h2i_reactor_init(&rig->reactor, &rig->alloc.allocator, &rig->world.system, &rig->world.loop);
    rig->ca = h2t_cert_create(&authority, NULL);
    rig->ca_fd = h2t_cert_file_create(rig->ca, rig->ca_path, sizeof rig->ca_path);
    h2t_tls_rig_certify(rig, &server);
    rig->options = (h2client_tls_options){.size = sizeof rig->options, .ca_file = rig->ca_path};
    rig->params = (h2client_tls_params){
        .size = sizeof rig->params, .host = H2T_TLS_HOST, .timeout_ms = H2CLIENT_NO_LIMIT};
}

static void set_leaf(struct h2t_tls_rig *rig, struct h2t_cert *leaf)
{
    h2t_cert_destroy(rig->leaf);
    rig->leaf = leaf;
    rig->config.chain[0] = leaf;
}

void h2t_tls_rig_certify(struct h2t_tls_rig *rig, const struct h2t_cert_spec *spec)
{
    set_leaf(rig, h2t_cert_create(spec, rig->ca));
}

void h2t_tls_rig_self_sign(struct h2t_tls_rig *rig, const struct h2t_cert_spec *spec)
{
    set_leaf(rig, h2t_cert_create(spec, NULL));
}

void h2t_tls_rig_disconnect(struct h2t_tls_rig *rig)
{
    if (rig->handshake)
        rig->factory->ops->cancel(rig->factory, rig->handshake);
    if (rig->client)
        rig->client->ops->destroy(rig->client);
    if (rig->server)
        h2t_tls_server_destroy(rig->server);
    else if (rig->ends[1])
        rig->ends[1]->ops->destroy(rig->ends[1]);
    rig->handshake = NULL;
    rig->client = rig->ends[0] = rig->ends[1] = NULL;
    rig->server = NULL;
    rig->n_done = 0;
}

void h2t_tls_rig_finish(struct h2t_tls_rig *rig)
{
    h2t_tls_rig_disconnect(rig);
    if (rig->factory)
        rig->factory->ops->destroy(rig->factory);
    h2t_cert_destroy(rig->leaf);
    h2t_cert_destroy(rig->ca);
    close(rig->ca_fd);
    h2i_reactor_finish(&rig->reactor);
    h2t_world_finish(&rig->world);
    h2t_alloc_check(&rig->alloc);
}

/* ---- the handshake ---------------------------------------------------------- */

static void on_client_ready(h2client_transport *transport, unsigned ready, void *user)
{
    struct h2t_tls_rig *rig = user;

    ck_assert_ptr_eq(transport, rig->client);
    rig->n_ready++;
    rig->ready = ready;
}

static void on_done(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    struct h2t_tls_rig *rig = user;

    ck_assert_ptr_nonnull(rig->handshake); /* not called inside start */
    ck_assert_msg(!transport == !!fault, "a transport or a fault");
    rig->handshake = NULL;
    rig->n_done++;
    rig->client = transport;
    if (fault) {
        rig->fault = *fault;
        rig->ends[0] = NULL;
        return;
    }
    transport->on_ready = on_client_ready;
    transport->user = rig;
}

/* Without memory there is nothing, and n_done says so. */
static void start(struct h2t_tls_rig *rig, bool has_server)
{
    if (!rig->factory)
        rig->factory =
            h2t_tls_factory_create(&rig->alloc.allocator, &rig->options, &rig->factory_fault);
    if (!rig->factory || !h2i_memory_pair_create(&rig->reactor, &rig->limits, rig->ends)) {
        rig->n_done++;
        rig->fault.code = H2CLIENT_ERROR_NO_MEMORY;
        return;
    }
    if (has_server)
        rig->server = h2t_tls_server_create(&rig->reactor, &rig->config, rig->ends[1]);
    rig->handshake = rig->factory->ops->start(rig->factory, &rig->reactor, &rig->params,
                                              rig->ends[0], on_done, rig);
    ck_assert_uint_eq(rig->n_done, 0);
    if (!rig->handshake) {
        rig->n_done++;
        rig->ends[0] = NULL;
        rig->fault.code = H2CLIENT_ERROR_NO_MEMORY;
    }
}

void h2t_tls_rig_start(struct h2t_tls_rig *rig)
{
    start(rig, true);
}

void h2t_tls_rig_start_alone(struct h2t_tls_rig *rig)
{
    start(rig, false);
}

void h2t_tls_rig_turn(struct h2t_tls_rig *rig, int n_turns)
{
    for (int i = 0; i < n_turns; i++) {
        if (h2i_reactor_turn(&rig->reactor, 0) != H2CLIENT_OK)
            ck_abort_msg("a turn failed");
    }
}

void h2t_tls_rig_run(struct h2t_tls_rig *rig)
{
    for (int i = 0; !rig->n_done && i < MAX_TURNS; i++)
        h2t_tls_rig_turn(rig, 1);
    h2t_tls_rig_turn(rig, 4);
    ck_assert_uint_eq(rig->n_done, 1);
}

void h2t_tls_rig_connect(struct h2t_tls_rig *rig)
{
    h2t_tls_rig_start(rig);
    h2t_tls_rig_run(rig);
    ck_assert_msg(rig->client != NULL, "%s", rig->fault.text);
    for (int i = 0; !rig->server->is_up && i < MAX_TURNS; i++)
        h2t_tls_rig_turn(rig, 1);
}

static void expect_fault(const h2client_fault *fault, h2client_error_code code, const char *words)
{
    ck_assert_msg(fault->code == code, "%s: %s", h2client_error_name(fault->code), fault->text);
    ck_assert_msg(strstr(fault->text, words) != NULL, "\"%s\" is not in \"%s\"", words,
                  fault->text);
}

void h2t_tls_rig_refuse(struct h2t_tls_rig *rig, h2client_error_code code, const char *words)
{
    h2t_tls_rig_start(rig);
    h2t_tls_rig_run(rig);
    ck_assert_ptr_null(rig->client);
    expect_fault(&rig->fault, code, words);
}

void h2t_tls_rig_expect_alert(struct h2t_tls_rig *rig, int alert)
{
    if (h2t_tls_alerts_are_heard)
        ck_assert_int_eq(h2t_tls_server_hear_alert(rig->server), alert);
}

void h2t_tls_expect_accepted(const struct h2t_cert_spec *spec, const char *host)
{
    struct h2t_tls_rig rig;

    h2t_tls_rig_init(&rig);
    h2t_tls_rig_certify(&rig, spec);
    rig.params.host = host;
    h2t_tls_rig_connect(&rig);
    h2t_tls_rig_finish(&rig);
}

void h2t_tls_expect_refused(const struct h2t_cert_spec *spec, const char *host,
                            h2client_error_code code, const char *words, int alert)
{
    struct h2t_tls_rig rig;

    h2t_tls_rig_init(&rig);
    h2t_tls_rig_certify(&rig, spec);
    rig.params.host = host;
    h2t_tls_rig_refuse(&rig, code, words);
    if (alert >= 0)
        h2t_tls_rig_expect_alert(&rig, alert);
    h2t_tls_rig_finish(&rig);
}

/* ---- the client ----------------------------------------------------------------- */

struct h2t_tls_read h2t_tls_rig_read(struct h2t_tls_rig *rig)
{
    struct h2t_tls_read result = {.len = 0};

    do {
        ck_assert_uint_lt(result.len + 1, sizeof result.text);
        result.last = rig->client->ops->read(rig->client, result.text + result.len,
                                             sizeof result.text - 1 - result.len);
        if (result.last > 0)
            result.len += (size_t)result.last;
    } while (result.last > 0);
    result.text[result.len] = 0; /* a read that gives nothing may have written */
    return result;
}

void h2t_tls_rig_expect_text(struct h2t_tls_rig *rig, const char *text)
{
    struct h2t_tls_read result = h2t_tls_rig_read(rig);

    ck_assert_int_eq(result.last, H2CLIENT_IO_AGAIN);
    ck_assert_str_eq(result.text, text);
}

void h2t_tls_rig_expect_failure(struct h2t_tls_rig *rig, h2client_error_code code,
                                const char *words)
{
    struct h2t_tls_read result = h2t_tls_rig_read(rig);
    h2client_transport_info info = h2t_tls_rig_info(rig);

    ck_assert_int_eq(result.last, H2CLIENT_IO_FAILED);
    ck_assert_ptr_nonnull(info.fault);
    expect_fault(info.fault, code, words);
}

void h2t_tls_rig_want(struct h2t_tls_rig *rig, unsigned events)
{
    rig->client->ops->wants(rig->client, events);
}

h2client_transport_info h2t_tls_rig_info(struct h2t_tls_rig *rig)
{
    h2client_transport_info info = {.size = sizeof info};

    rig->client->ops->info(rig->client, &info);
    return info;
}
