/* SPDX-License-Identifier: MIT */
/*
 * The TLS factory and a TLS server, joined by a memory pair in the virtual world. The
 * server has a good certificate for "server.test" of an authority the client trusts;
 * a test spoils what it is about before the start.
 */
#ifndef H2T_TLS_RIG_H
#define H2T_TLS_RIG_H

#include "base/reactor.h"
#include "h2client/tls.h"
#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"
#include "tests/support/tls_server.h"
#include "h2client-testing/virtual_world.h"
#include "transport/memory.h"

#define H2T_TLS_HOST "server.test"

/* The factory that is tested: a program is linked with one of them. */
h2client_tls_factory *h2t_tls_factory_create(const h2client_allocator *allocator,
                                             const h2client_tls_options *options,
                                             h2client_fault *fault);
/* OpenSSL says before its own first encrypted word, in the clear, why it refuses: GnuTLS's
 * server takes no such alert. */
extern const bool h2t_tls_alerts_are_heard;
/* In a list of tests: one that only the built-in factory can pass, and why. */
#ifdef H2T_TLS_IS_SECOND
#define T_OURS(claim, why) T(claim), .left_out = why
#else
#define T_OURS(claim, why) T(claim)
#endif

struct h2t_tls_rig {
    struct h2t_alloc alloc;
    struct h2t_world world;
    struct h2client_reactor reactor;
    struct h2t_cert *ca;
    struct h2t_cert *leaf;
    int ca_fd;
    char ca_path[64];
    /* What the parts are made with. */
    h2client_tls_options options;
    h2client_tls_params params;
    struct h2t_tls_server_config config;
    struct h2i_memory_limits limits;
    /* The parts. */
    h2client_tls_factory *factory;
    h2client_fault factory_fault;
    h2client_transport *ends[2];   /* of the pair: the client's, borrowed; the server's */
    struct h2t_tls_server *server; /* owns ends[1]; NULL: the test does */
    h2client_handshake *handshake; /* while it runs */
    h2client_transport *client;    /* once it is up */
    h2client_fault fault;          /* why it is not */
    unsigned n_done;
    unsigned n_ready; /* calls of the client's on_ready, and what it said */
    unsigned ready;
};

void h2t_tls_rig_init(struct h2t_tls_rig *rig);
/* Destroys what is left and checks that nothing else is. */
void h2t_tls_rig_finish(struct h2t_tls_rig *rig);
/* The server gets another certificate. Of the rig's authority, or by itself. */
void h2t_tls_rig_certify(struct h2t_tls_rig *rig, const struct h2t_cert_spec *spec);
void h2t_tls_rig_self_sign(struct h2t_tls_rig *rig, const struct h2t_cert_spec *spec);

/* Begins a handshake with a server; with nobody at the other end. */
void h2t_tls_rig_start(struct h2t_tls_rig *rig);
void h2t_tls_rig_start_alone(struct h2t_tls_rig *rig);
void h2t_tls_rig_turn(struct h2t_tls_rig *rig, int n_turns);
/* Until the handshake has ended, and a little longer. */
void h2t_tls_rig_run(struct h2t_tls_rig *rig);
/* Start, run, and it is up. */
void h2t_tls_rig_connect(struct h2t_tls_rig *rig);
/* Start, run, and it is not, for that reason, whose text holds `words`. */
void h2t_tls_rig_refuse(struct h2t_tls_rig *rig, h2client_error_code code, const char *words);
/* A server with this certificate, of the rig's authority, asked for as `host`; told why not by
 * this alert (-1: it does not matter). */
void h2t_tls_expect_accepted(const struct h2t_cert_spec *spec, const char *host);
void h2t_tls_expect_refused(const struct h2t_cert_spec *spec, const char *host,
                            h2client_error_code code, const char *words, int alert);
/* The server was told by this alert, where it can hear one. */
void h2t_tls_rig_expect_alert(struct h2t_tls_rig *rig, int alert);
/* Destroys client and server, so that another connection can be made. */
void h2t_tls_rig_disconnect(struct h2t_tls_rig *rig);

/* Reads of the client, until one does not give data: what came. */
struct h2t_tls_read {
    char text[256];
    size_t len;
    ptrdiff_t last; /* what the last read gave */
};
struct h2t_tls_read h2t_tls_rig_read(struct h2t_tls_rig *rig);
void h2t_tls_rig_expect_text(struct h2t_tls_rig *rig, const char *text);
/* A read fails with this code, and the text holds `words`. */
void h2t_tls_rig_expect_failure(struct h2t_tls_rig *rig, h2client_error_code code,
                                const char *words);
void h2t_tls_rig_want(struct h2t_tls_rig *rig, unsigned events);
h2client_transport_info h2t_tls_rig_info(struct h2t_tls_rig *rig);

#endif
